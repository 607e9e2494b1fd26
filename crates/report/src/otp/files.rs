//! The files that program a board in a stage.

use manifest::plan::otp::{Field, Otp, Stage};
use provision::{Board, Contents};
use zeroize::Zeroizing;

use super::sheet::Piece;

/// A file to program.
pub struct File {
    /// Where it goes.
    pub piece: Piece,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// The files of one board in one stage.
pub struct BoardFiles {
    /// What the stage programs.
    pub contents: Contents,
    /// The data, each piece at its address.
    pub data: Vec<File>,
    /// The lock bytes. `None` where locks are not bytes, or nothing is locked.
    pub lock: Option<File>,
    /// Whether a secret is among the data.
    pub has_secret: bool,
}

impl BoardFiles {
    /// Of a board in a stage. Names begin with the board's folder.
    pub fn new(otp: &Otp, stage: &Stage, board: &Board) -> Self {
        let contents = Contents::new(otp, board, &stage.name);
        let name = folder(&board.name);
        let file = |file: &str, address: u32, bytes: Vec<u8>| File {
            piece: Piece { file: format!("{name}/{file}"), address, size: bytes.len() },
            bytes: Zeroizing::new(bytes),
        };
        let is_alone = contents.segments.len() == 1;
        let data = contents.segments.iter().map(|segment| {
            let at = otp.address(segment.start);
            let called = if is_alone { "data.bin".to_owned() } else { format!("data-{at:08X}.bin") };
            file(&called, at, contents.segment(segment).to_vec())
        });
        let data = data.collect();
        let lock = contents.lock_bytes(otp).zip(otp.lock_byte(0)).map(|(bytes, at)| file("lock.bin", at, bytes));
        let is_secret = |field: &Field| board.value(&field.name).is_some_and(|value| value.is_secret);
        let has_secret = otp.of_stage(&stage.name).any(is_secret);
        Self { contents, data, lock, has_secret }
    }
}

/// The name of a board's folder. Colons are no part of file names everywhere.
pub fn folder(board: &str) -> String {
    board.replace(':', "-")
}
