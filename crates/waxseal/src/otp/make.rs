//! What is made for one board: files, what the ledger keeps of them, and the lines for the station.

use std::fmt::Write as _;

use ::ledger::SecretKey;
use ::report::otp::files::{BoardFiles, File, folder};
use ::report::otp::sheet::{self, Piece};
use geometry::address;
use image_format::sha256;
use manifest::Diagnostic;
use manifest::plan::Plan;
use manifest::plan::otp::{Otp, Stage};
use packer::built::SealedFile;
use packer::crypto::HostCrypto;
use packer::otp::{Blob, finished, seal};
use packer::signing::Signing;
use provision::{Board, Contents, segments};
use serde_json::{Map, Value, json};

use crate::files::Access;
use crate::text::hex;

/// What boards are made with.
pub struct Maker<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its one-time-programmable memory.
    pub otp: &'a Otp,
    /// The stages that files are made for.
    pub stages: Vec<&'a Stage>,
    /// Who seals; nobody, if no key was given.
    pub signing: Option<Signing<'a>>,
    /// The ledger's key, where there are secrets.
    pub secret_key: Option<SecretKey>,
    /// What the sheet calls the files that its check needs.
    pub names: sheet::Names<'a>,
    /// The file of a blob that was signed elsewhere, if it is there: by stage and board's folder.
    pub signed: &'a (dyn Fn(&str, &str) -> Option<Vec<u8>> + Sync),
}

/// A file of a board.
pub struct MadeFile {
    /// Its name: of its folder, and its own.
    pub name: String,
    /// Its content.
    pub bytes: zeroize::Zeroizing<Vec<u8>>,
    /// Who may read it.
    pub access: Access,
}

/// What was made for a board in a stage.
pub struct MadeStage {
    /// The files; or only the blob that waits for signatures.
    pub files: Vec<MadeFile>,
    /// Signatures that the blob still needs.
    pub missing: u8,
    /// The lines for the station.
    pub sheet: String,
    /// The lines of SHA256SUMS.
    pub sums: String,
    /// What the ledger keeps: a JSON object.
    pub detail: String,
    data: Vec<Piece>,
    lock: Option<Piece>,
    blob: Option<String>,
    locks: Vec<u32>,
}

/// What was made for a board.
pub struct Made {
    /// Its name.
    pub board: String,
    /// Whether it has its numbers from now on.
    pub is_new: bool,
    /// In the order of [`Maker::stages`].
    pub stages: Vec<MadeStage>,
}

impl Made {
    /// Whether a blob of it waits for signatures: nothing else of it is handed out.
    pub fn waits(&self) -> bool {
        self.stages.iter().any(|stage| stage.missing > 0)
    }
}

impl Maker<'_> {
    /// Makes what boards need, and whether each has its numbers from now on. Several at a time take less time.
    ///
    /// # Errors
    /// A blob that cannot be sealed.
    pub fn make(&self, boards: &[(Board, bool)]) -> Result<Vec<Made>, Vec<Diagnostic>> {
        let made =
            |(board, is_new): &(Board, bool)| Made { board: board.name.clone(), is_new: *is_new, stages: vec![] };
        let mut made: Vec<Made> = boards.iter().map(made).collect();
        for stage in &self.stages {
            let files = boards.iter().map(|(board, _)| BoardFiles::new(self.otp, stage, board));
            let files: Vec<BoardFiles> = files.collect();
            let sealed = self.seal(stage, boards, &files)?;
            for (((made, (board, _)), files), sealed) in made.iter_mut().zip(boards).zip(files).zip(sealed) {
                made.stages.push(self.stage(stage, board, files, sealed));
            }
        }
        Ok(made)
    }

    fn stage(&self, stage: &Stage, board: &Board, files: BoardFiles, sealed: Option<Sealed>) -> MadeStage {
        let otp = self.otp;
        let BoardFiles { contents, data, lock, has_secret } = files;
        let access = if has_secret { Access::Private } else { Access::Usual };
        let name = folder(&board.name);
        let mut files = Vec::new();
        let mut made = |File { piece, bytes }: File, access| {
            files.push(MadeFile { name: piece.file.clone(), bytes, access });
            piece
        };
        let data: Vec<Piece> = data.into_iter().map(|file| made(file, access)).collect();
        let lock = lock.map(|file| made(file, Access::Usual));
        let detail = self.detail(stage, board, &contents, sealed.as_ref().filter(|_| !has_secret));
        let names = &self.names;
        let sheet = sheet::board(names, otp, stage, &board.name, (&data, lock.as_ref()), &contents);
        let mut missing = 0;
        let mut blob = None;
        if let Some(Sealed { bytes, missing: open, .. }) = sealed {
            missing = open;
            let file = format!("{name}/board.otp");
            if missing > 0 {
                // Nothing of it is handed out before somebody has signed.
                files.clear();
                files.push(MadeFile { name: format!("{name}.{}.otp", stage.name.value), bytes: bytes.into(), access });
            } else {
                files.push(MadeFile { name: file.clone(), bytes: bytes.into(), access });
                blob = Some(file);
            }
        }
        let mut sums = String::new();
        for MadeFile { name, bytes, .. } in &files {
            let _ = writeln!(sums, "{}  {name}", hex(&sha256(&mut HostCrypto, bytes)));
        }
        MadeStage { files, missing, sheet, sums, detail, data, lock, blob, locks: contents.locks }
    }

    /// The blobs of boards in a stage; none where nobody seals, or nothing is programmed.
    fn seal(
        &self,
        stage: &Stage,
        boards: &[(Board, bool)],
        files: &[BoardFiles],
    ) -> Result<Vec<Option<Sealed>>, Vec<Diagnostic>> {
        let pieces = segments(self.otp, &stage.name.value);
        let (Some(signing), Some(first), Some(last)) = (&self.signing, pieces.first(), pieces.last()) else {
            return Ok(boards.iter().map(|_| None).collect());
        };
        let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let mut blobs = Vec::with_capacity(boards.len());
        for ((board, _), BoardFiles { contents, lock, .. }) in boards.iter().zip(files) {
            blobs.push(Blob {
                board: &board.name,
                data: &contents.data,
                mask: &contents.mask,
                range: index(first.start)..index(last.end),
                locks: lock.as_ref().map_or(&[], |file| &file.bytes),
            });
        }
        let sealed = seal(self.plan, self.otp, &blobs, signing)?;
        let finish = |((board, _), sealed): (&(Board, bool), SealedFile)| {
            let missing = sealed.signatures.missing;
            if missing > 0
                && let Some(found) = (self.signed)(&stage.name.value, &folder(&board.name))
                && finished(self.plan, &sealed, signing, &found)
            {
                return Some(Sealed { bytes: found, missing: 0, id: sealed.id });
            }
            Some(Sealed { bytes: sealed.bytes, missing, id: sealed.id })
        };
        Ok(boards.iter().zip(sealed).map(finish).collect())
    }

    /// What the ledger keeps of a board's files in a stage. Digests of what holds a secret are made under the ledger's key: a
    /// plain one would let everybody try short secrets.
    fn detail(&self, stage: &Stage, board: &Board, contents: &Contents, blob: Option<&Sealed>) -> String {
        let key = self.secret_key.as_ref();
        let mut data = zeroize::Zeroizing::new(Vec::new());
        contents.segments.iter().for_each(|segment| data.extend_from_slice(contents.segment(segment)));
        let of_stage = || self.otp.of_stage(&stage.name.value).filter_map(|field| board.value(&field.name));
        let mut secrets = Map::new();
        for value in of_stage().filter(|value| value.is_secret) {
            secrets.insert(value.field.clone(), json!(key.map(|key| key.digest(&value.bytes))));
        }
        let digest = match key.filter(|_| !secrets.is_empty()) {
            Some(key) => json!({ "hmac": key.digest(&data) }),
            None => json!({ "sha256": hex(&sha256(&mut HostCrypto, &data)) }),
        };
        let mut detail = json!({
            "stage": stage.name.value, "layout": hex(&self.otp.fingerprint), "data": digest, "locks": contents.locks,
            "pieces": contents.segments.iter().map(|piece| [piece.start, piece.end - piece.start]).collect::<Vec<_>>(),
            "secrets": secrets,
        });
        if self.otp.lock_bytes() > 0 {
            detail["lock_bytes"] = json!(self.otp.memory.size);
        }
        if let Some(blob) = blob {
            detail["blob"] = json!(hex(&blob.id));
        }
        detail.to_string()
    }
}

/// A blob, and the signatures that it still needs.
struct Sealed {
    bytes: Vec<u8>,
    missing: u8,
    id: [u8; 32],
}

impl MadeStage {
    /// What was made, for people.
    pub fn text(&self, folder: &str) -> String {
        let mut text = String::new();
        for piece in &self.data {
            let _ = writeln!(text, "{folder}{}  {} at {}", piece.file, piece.size, address(piece.address));
        }
        if let Some(piece) = &self.lock {
            let blocks: Vec<String> = self.locks.iter().map(u32::to_string).collect();
            let _ = writeln!(
                text,
                "{folder}{}  {} at {}: locks block {} for ever; second, after the read-back",
                piece.file,
                piece.size,
                address(piece.address),
                blocks.join(", ")
            );
        }
        if let Some(blob) = &self.blob {
            let _ = writeln!(text, "{folder}{blob}  sealed");
        }
        text
    }

    /// What was made, for programs.
    pub fn to_json(&self, board: &str, stage: &Stage) -> Value {
        let stage = &stage.name.value;
        let piece = |piece: &Piece| json!({ "file": format!("{stage}/{}", piece.file), "address": piece.address, "size": piece.size });
        json!({
            "board": board,
            "stage": stage,
            "data": self.data.iter().map(piece).collect::<Vec<_>>(),
            "lock": self.lock.as_ref().map(piece),
            "locks": self.locks,
            "blob": self.blob.as_ref().map(|file| format!("{stage}/{file}")),
        })
    }
}
