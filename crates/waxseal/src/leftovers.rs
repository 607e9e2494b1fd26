//! Files that are not complete yet, and whether somebody is still at work on them. What a killed process left behind, the next one that
//! writes to the folder removes.
//!
//! The names of such files say which claim they belong to, and how many folders up it is: a file on which their process holds a lock. The
//! system ends the lock with the process; the number of a process would mean nothing in another container or on another machine. A claim
//! is there before the first of its files and until after the last.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

/// How the names of files begin that are not complete yet: `.waxseal-CLAIM-UP-...`.
const TEMPORARY: &str = ".waxseal-";
/// How the name of a claim ends.
const CLAIM: &str = ".claim";

/// The folders that a process is at work in.
#[derive(Debug, Default)]
pub struct Claims {
    /// The folder whose claim is that of all folders below: a batch has one for each board, and a claim is an open file.
    root: Option<PathBuf>,
    claims: Vec<Claim>,
    /// How names begin, by folder.
    prefixes: HashMap<PathBuf, String>,
}

#[derive(Debug)]
struct Claim {
    folder: PathBuf,
    name: String,
    // Removed before the lock ends.
    path: TempPath,
    _lock: File,
}

impl Claims {
    /// Claims of a process that is at work below one folder.
    pub fn within(root: &Path) -> Self {
        let here = root.as_os_str().is_empty();
        Self { root: Some(if here { Path::new(".") } else { root }.to_owned()), ..Self::default() }
    }

    /// Claims a folder before the first file is made in it, and removes what dead processes left there. The claim's own file, if it is
    /// new.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn claim(&mut self, folder: &Path) -> io::Result<Option<&Path>> {
        if self.prefixes.contains_key(folder) {
            return Ok(None);
        }
        let canonical = folder.canonicalize()?;
        sweep(&canonical);
        let root = self.root.as_ref().and_then(|root| root.canonicalize().ok());
        let home = root.filter(|root| canonical.starts_with(root)).unwrap_or_else(|| canonical.clone());
        let found = self.claims.iter().position(|claim| claim.folder == home);
        let index = match found {
            Some(index) => index,
            None => {
                self.claims.push(Claim::on(home)?);
                self.claims.len() - 1
            }
        };
        let claim = &self.claims[index];
        let up = canonical.components().count() - claim.folder.components().count();
        self.prefixes.insert(folder.to_owned(), format!("{TEMPORARY}{}-{up}-", claim.name));
        Ok(found.is_none().then_some(&*claim.path))
    }

    /// How the name of a file in this folder begins that is not complete yet.
    pub fn prefix(&self, folder: &Path) -> &str {
        self.prefixes.get(folder).map_or(TEMPORARY, String::as_str)
    }

    /// The claims' own files.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.claims.iter().map(|claim| claim.path.to_path_buf())
    }

    /// Gives the folders back.
    pub fn clear(&mut self) {
        self.prefixes.clear();
        self.claims.clear();
    }
}

impl Claim {
    fn on(folder: PathBuf) -> io::Result<Self> {
        loop {
            let (file, path) = Builder::new().prefix(TEMPORARY).suffix(CLAIM).tempfile_in(&folder)?.into_parts();
            match file.try_lock() {
                // Who sweeps between the two steps takes it for a dead process's.
                Err(TryLockError::WouldBlock) => continue,
                Ok(()) if !path.exists() => continue,
                // Without locks nobody sweeps either.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.trim_start_matches(TEMPORARY).trim_end_matches(CLAIM).to_owned();
            return Ok(Self { folder, name, path, _lock: file });
        }
    }
}

/// Removes what dead processes left in a folder, given by its canonical path. What cannot be removed does no harm.
fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut claims = Vec::new();
    for name in names.filter(|name| name.starts_with(TEMPORARY)) {
        if name.ends_with(CLAIM) {
            claims.push(folder.join(name));
        } else if claim_of(folder, &name).is_some_and(|claim| is_dead(&claim)) {
            let _ = fs::remove_file(folder.join(name));
        }
    }
    for claim in claims.iter().filter(|claim| is_dead(claim)) {
        let _ = fs::remove_file(claim);
    }
}

/// The claim that a file belongs to, by its name.
fn claim_of(folder: &Path, name: &str) -> Option<PathBuf> {
    let (claim, rest) = name.strip_prefix(TEMPORARY)?.split_once('-')?;
    let (up, _) = rest.split_once('-')?;
    Some(folder.ancestors().nth(up.parse().ok()?)?.join(format!("{TEMPORARY}{claim}{CLAIM}")))
}

/// Whether the process that made a claim has ended.
fn is_dead(claim: &Path) -> bool {
    match File::options().write(true).open(claim) {
        // Closing the file would end the lock only when a process that another thread is just starting has closed its copy too: until then
        // the claim would look alive to the next who asks.
        Ok(file) => file.try_lock().is_ok_and(|()| file.unlock().is_ok()),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
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

    /// Ends claims as a killed process does: the claim's file is there, and nobody holds its lock.
    fn kill(claims: Claims) {
        for claim in claims.claims {
            // A process that another test is just starting has the file too, until it runs: see `is_dead`.
            claim._lock.unlock().unwrap();
            claim.path.keep().unwrap();
        }
    }

    #[test]
    fn what_a_claim_holds_is_swept_when_it_has_ended_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut alive = Claims::default();
        alive.claim(folder).unwrap().unwrap();
        assert_eq!(alive.claim(folder).unwrap(), None, "it is claimed already");
        fs::write(folder.join(format!("{}1", alive.prefix(folder))), "").unwrap();
        fs::write(folder.join("file"), "").unwrap();
        assert_ne!(of(folder).prefix(folder), alive.prefix(folder));
        assert_eq!(count(folder), 3, "claim, its file, and what is not waxseal's");
        kill(alive);
        drop(of(folder));
        assert_eq!(count(folder), 1);
    }

    #[test]
    fn a_batch_of_folders_has_one_claim_and_all_of_them_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let boards: Vec<_> = (0..20).map(|number| root.path().join(format!("stage/{number}"))).collect();
        let mut killed = Claims::within(root.path());
        for (number, board) in boards.iter().enumerate() {
            fs::create_dir_all(board).unwrap();
            assert_eq!(killed.claim(board).unwrap().is_some(), number == 0);
            fs::write(board.join(format!("{}1", killed.prefix(board))), "").unwrap();
        }
        let sweep_all = || boards.iter().for_each(|board| drop(of(board)));
        sweep_all();
        assert!(boards.iter().all(|board| count(board) == 1), "its process is alive");
        kill(killed);
        // The claim may be gone before the files that belong to it are found.
        drop(of(root.path()));
        sweep_all();
        assert!(boards.iter().all(|board| count(board) == 0));
        assert_eq!(count(root.path()), 1);
    }
}
