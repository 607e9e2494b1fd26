//! The sealed blob: what one board's one-time-programmable memory is to hold, signed by whoever has the role otp.

use std::ops::Range;

use image_format::otp::OtpBody;
use image_format::{HEADER_SIZE, Kind, MIN_FRONT, Memory};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::plan::Plan;
use manifest::plan::otp::Otp;

use crate::artefact::{Contents, DraftError};
use crate::build::{Signed, sign_kind};
use crate::built::SealedFile;
use crate::hashed::Hashed;
use crate::known::Claim;
use crate::signing::Signing;
use crate::{Draft, Judge};

/// Bytes of a board's name in a blob.
const BOARD: usize = 32;

/// What one board is to hold.
#[derive(Clone, Debug)]
pub struct Blob<'a> {
    /// The board's name.
    pub board: &'a str,
    /// The whole memory.
    pub data: &'a [u8],
    /// Which of its bits count.
    pub mask: &'a [u8],
    /// The offsets that the blob is about: what counts lies between them.
    pub range: Range<usize>,
    /// Lock bytes; empty if it locks nothing.
    pub locks: &'a [u8],
}

/// Seals boards' blobs, and judges each. Several at a time take less time: see [`Signing::for_many`].
///
/// # Errors
/// What cannot be sealed, or what a reader would refuse: of the first board of which there is any.
pub fn seal(
    plan: &Plan,
    otp: &Otp,
    blobs: &[Blob<'_>],
    signing: &Signing<'_>,
) -> Result<Vec<SealedFile>, Vec<Diagnostic>> {
    let sign = |blob: &Blob<'_>| {
        let file_name = format!("{}.otp", blob.board);
        sign_kind(plan, &file_name, draft(plan, otp, blob), signing).map_err(|problems| of_board(problems, blob))
    };
    let signed: Vec<Signed<OtpBody>> = blobs.iter().map(sign).collect::<Result<_, _>>()?;
    let claims: Vec<Claim<'_>> =
        signed.iter().flat_map(|signed| signing.claims(signed.draft.to_sign(), &signed.places)).collect();
    let verdicts = signing.known().judge(&claims);
    let judged: Vec<(Claim<'_>, bool)> = claims.into_iter().zip(verdicts).collect();
    let mut of_blobs = judged.chunks(signing.places().max(1));
    for (signed, blob) in signed.iter().zip(blobs) {
        let Signed { draft, file, judgement, .. } = signed;
        let envelope = &draft.header.envelope;
        // In the order in which a file is read.
        let pieces = [
            (draft.to_sign(), file.id),
            (&draft.records[..], envelope.records_digest),
            (&draft.payload[..], envelope.payload_digest),
        ];
        let known = Hashed::and_judged(&pieces, of_blobs.next().unwrap_or_default());
        judgement.pronounce(vec![&file.bytes], &mut &known).map_err(|problems| of_board(problems, blob))?;
    }
    Ok(signed.into_iter().map(|signed| signed.file).collect())
}

fn of_board(mut problems: Vec<Diagnostic>, blob: &Blob<'_>) -> Vec<Diagnostic> {
    for problem in problems.iter_mut().filter(|problem| problem.code == codes::UNSEALABLE.id) {
        problem.notes.push(format!("board {}", blob.board));
    }
    problems
}

/// Whether a file is this blob with all the signatures that it needs.
pub fn finished(plan: &Plan, blob: &SealedFile, signing: &Signing<'_>, file: &[u8]) -> bool {
    let header = HEADER_SIZE as usize;
    let is_this = file.len() == blob.bytes.len() && file.get(..header) == blob.bytes.get(..header);
    let judge = Judge::of_role(plan, &signing.role, signing.threshold);
    is_this && judge.judge_whole(Kind::OtpBlob, &mut Memory::file(file)).is_ok()
}

fn draft(plan: &Plan, otp: &Otp, blob: &Blob<'_>) -> Result<Draft<OtpBody>, DraftError> {
    let mut board = [0; BOARD];
    board.iter_mut().zip(blob.board.bytes()).for_each(|(to, from)| *to = from);
    let mask = blob.mask.get(blob.range.clone()).unwrap_or_default();
    let data = blob.data.get(blob.range.clone()).unwrap_or_default();
    let data: Vec<u8> = data.iter().zip(mask).map(|(data, mask)| data & mask).collect();
    let size = |count: usize| u32::try_from(count).map_err(|_| DraftError::Size);
    let lock_address = otp.lock_byte(0).filter(|_| !blob.locks.is_empty()).unwrap_or(0);
    Draft::new(Contents {
        device: plan.product.device(),
        front_size: MIN_FRONT,
        body: OtpBody {
            layout: otp.fingerprint,
            board,
            data_address: otp.address(size(blob.range.start)?).into(),
            data_size: size(data.len())?.into(),
            lock_address: lock_address.into(),
            lock_size: size(blob.locks.len())?.into(),
            reserved: [0; 16],
        },
        records: &[],
        payload: [data.as_slice(), mask, blob.locks].concat(),
        auxiliary: Vec::new(),
    })
}
