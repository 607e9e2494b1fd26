//! A simulated board, which may be kept in a file.

use std::path::{Path, PathBuf};

use dfuse::{Board, Event, Fault};
use flasher::{Effect, Transport};

use super::Port;
use crate::exit::{Exit, Failure};
use crate::files::{self, FileSet};
use crate::output;

/// A board, and where it is kept.
struct Simulated {
    board: Board,
    file: Option<PathBuf>,
}

/// `simulated:STM32F746VG@board.bin`.
pub fn open(text: &str, faults: &[Fault]) -> Result<Box<dyn Port>, Failure> {
    let Some(text) = text.strip_prefix("simulated:") else {
        return Err(Failure::usage(format!("--device {text}: there are simulated boards, and the device on USB"))
            .help("--device simulated:STM32F746VG; without --device it is the one on USB"));
    };
    let (what, file) = text.split_once('@').map_or((text, None), |(what, file)| (what, Some(PathBuf::from(file))));
    let wrong = |error: dfuse::BoardError| Failure::usage(format!("--device simulated:{text}: {error}"));
    let blank: Board = what.parse().map_err(wrong)?;
    let mut board = match &file {
        Some(path) if path.exists() => load(path, &blank)?,
        _ => blank,
    };
    board.set_faults(faults.to_vec());
    Ok(Box::new(Simulated { board, file }))
}

fn load(path: &Path, wanted: &Board) -> Result<Board, Failure> {
    let board = Board::load(&files::read(path)?)
        .map_err(|error| Failure::new(Exit::Refused, format!("{}: {error}", path.display())))?;
    if board.memory.part.name == wanted.memory.part.name {
        return Ok(board);
    }
    let title = format!("{} is a board with an {}", path.display(), board.memory.part.name);
    Err(Failure::new(Exit::Refused, title).help("another file makes another board"))
}

impl Transport for Simulated {
    fn perform(&mut self, effect: &Effect) -> Event {
        Transport::perform(&mut self.board, effect)
    }
}

impl Port for Simulated {
    fn unreached(&self) -> Vec<Fault> {
        self.board.unreached().copied().collect()
    }
}

/// The board is kept however the run ends.
impl Drop for Simulated {
    fn drop(&mut self) {
        let Some(path) = &self.file else { return };
        let mut files = FileSet::new();
        if let Err(failure) = files.add(path, &self.board.save()).and_then(|()| files.commit()) {
            output::remark(&failure.to_string());
        }
    }
}
