//! Files that are not complete yet, and whether somebody is still at work on them. What a killed process left behind, the next one that
//! writes to the folder removes.
//!
//! The names of such files begin with that of a claim: a file beside them on which their process holds a lock. The system ends the lock
//! with the process; the number of a process would mean nothing in another container or on another machine.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

/// How the names of files begin that are not complete yet.
const TEMPORARY: &str = ".waxseal-";
/// How the name of a claim ends.
const CLAIM: &str = ".claim";
/// Claims that a process holds at most, each an open file: a batch has a folder for each board.
const CLAIMS: usize = 8;

/// The folders that a process is at work in.
#[derive(Debug, Default)]
pub struct Claims(Vec<Claim>);

#[derive(Debug)]
struct Claim {
    folder: PathBuf,
    prefix: String,
    // Removed before the lock ends.
    path: TempPath,
    _lock: File,
}

impl Claims {
    /// Claims a folder before the first file is made in it, and removes what dead processes left there. The claim's own file, if it is
    /// new; beyond the most that a process claims there is none, and nobody sweeps.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn claim(&mut self, folder: &Path) -> io::Result<Option<&Path>> {
        if self.find(folder).is_some() || self.0.len() == CLAIMS {
            return Ok(None);
        }
        sweep(folder);
        self.0.push(Claim::on(folder)?);
        Ok(self.0.last().map(|claim| &*claim.path))
    }

    /// How the name of a file in this folder begins that is not complete yet.
    pub fn prefix(&self, folder: &Path) -> &str {
        self.find(folder).map_or(TEMPORARY, |claim| &claim.prefix)
    }

    /// The claims' own files.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.0.iter().map(|claim| claim.path.to_path_buf())
    }

    /// Gives the folders back.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn find(&self, folder: &Path) -> Option<&Claim> {
        self.0.iter().find(|claim| claim.folder == folder)
    }
}

impl Claim {
    fn on(folder: &Path) -> io::Result<Self> {
        loop {
            let (file, path) = Builder::new().prefix(TEMPORARY).suffix(CLAIM).tempfile_in(folder)?.into_parts();
            match file.try_lock() {
                // Who sweeps between the two steps takes it for a dead process's.
                Err(TryLockError::WouldBlock) => continue,
                Ok(()) if !path.exists() => continue,
                // Without locks nobody sweeps either.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let prefix = format!("{}-", name.trim_end_matches(CLAIM));
            return Ok(Self { folder: folder.to_owned(), prefix, path, _lock: file });
        }
    }
}

/// Removes what dead processes left in a folder. What cannot be removed does no harm.
fn sweep(folder: &Path) {
    let names = || {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.starts_with(TEMPORARY))
    };
    for claim in names().filter(|name| name.ends_with(CLAIM)) {
        let path = folder.join(&claim);
        let Ok(file) = File::options().write(true).open(&path) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        let prefix = format!("{}-", claim.trim_end_matches(CLAIM));
        for left in names().filter(|name| name.starts_with(&prefix)) {
            let _ = fs::remove_file(folder.join(left));
        }
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
// A test that cannot prepare its inputs has failed.
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    /// Claims that have this folder.
    fn of(folder: &Path) -> Claims {
        let mut claims = Claims::default();
        claims.claim(folder).unwrap();
        claims
    }

    #[test]
    fn what_a_claim_holds_is_swept_when_it_has_ended_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut alive = Claims::default();
        let claim = alive.claim(folder).unwrap().unwrap().to_owned();
        assert_eq!(alive.claim(folder).unwrap(), None, "it is claimed already");
        fs::write(folder.join(format!("{}1", alive.prefix(folder))), "").unwrap();
        fs::write(folder.join("file"), "").unwrap();
        assert_ne!(of(folder).prefix(folder), alive.prefix(folder));
        assert_eq!(count(folder), 3, "claim, its file, and what is not waxseal's");
        // As a killed process leaves it: the claim's file is there, and nobody holds its lock.
        let away = folder.join("away");
        fs::rename(&claim, &away).unwrap();
        drop(alive);
        fs::rename(away, claim).unwrap();
        drop(of(folder));
        assert_eq!(count(folder), 1);
    }

    #[test]
    fn a_batch_of_folders_does_not_use_up_open_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut claims = Claims::default();
        for number in 0..CLAIMS + 2 {
            let folder = folder.path().join(number.to_string());
            fs::create_dir(&folder).unwrap();
            assert_eq!(claims.claim(&folder).unwrap().is_some(), number < CLAIMS);
            assert_eq!(claims.prefix(&folder) == TEMPORARY, number >= CLAIMS);
        }
    }
}
