//! The sealed blob: what one board's one-time-programmable memory is to hold, signed by whoever has the role otp.

use std::ops::Range;

use image_format::otp::OtpBody;
use image_format::{HEADER_SIZE, Kind, MIN_FRONT, Memory};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::plan::Plan;
use manifest::plan::otp::Otp;

use crate::artefact::{Contents, DraftError};
use crate::build::seal_kind;
use crate::built::SealedFile;
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

/// Seals a board's blob, and judges it.
///
/// # Errors
/// What cannot be sealed, or what a reader would refuse.
pub fn seal(plan: &Plan, otp: &Otp, blob: &Blob<'_>, signing: &Signing<'_>) -> Result<SealedFile, Vec<Diagnostic>> {
    let file_name = format!("{}.otp", blob.board);
    seal_kind(plan, &file_name, draft(plan, otp, blob), signing).map_err(|mut problems| {
        for problem in problems.iter_mut().filter(|problem| problem.code == codes::UNSEALABLE.id) {
            problem.notes.push(format!("board {}", blob.board));
        }
        problems
    })
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
