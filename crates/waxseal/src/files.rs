//! Reading files, and writing sets of files that are complete or absent.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::NamedTempFile;

use crate::exit::{Exit, Failure};

/// The name that stands for standard input, or for standard output.
pub const STANDARD: &str = "-";

/// What messages call standard input.
pub const STANDARD_INPUT: &str = "<stdin>";

/// Largest file that is read, in bytes: no input of a 32-bit device comes near it, and a device file does not end.
const LARGEST: u64 = 1 << 30;

/// Whether standard input was read: there is nothing behind it.
static STANDARD_INPUT_READ: AtomicBool = AtomicBool::new(false);

/// Reads a whole file, or standard input for `-`.
///
/// # Errors
/// Exit code 3, naming the file; exit code 2 if standard input is to be read a second time.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = if path.as_os_str() == STANDARD {
        if STANDARD_INPUT_READ.swap(true, Ordering::Relaxed) {
            return Err(Failure::usage("`-` stands for two files, and standard input is only one")
                .help("name a file for one of them"));
        }
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    let unreadable = |why: String| Failure::new(Exit::Missing, format!("cannot read {}: {why}", path.display()));
    result.map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable("it is larger than 1 GiB".to_owned()));
    }
    Ok(bytes)
}

/// Reads a text.
///
/// # Errors
/// Exit code 3, naming the file; exit code 1 if it is no UTF-8.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::new(Exit::Refused, format!("{} is not UTF-8 text", path.display()))
            .at(Some(format!("{}:{line}", path.display())))
    })
}

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// As the process's umask says.
    Usual,
    /// Nobody but the owner.
    Private,
}

/// Files of one folder, written beside their places and moved there together. Dropped before that, nothing is left of
/// them.
#[derive(Debug)]
pub struct FileSet {
    folder: PathBuf,
    files: Vec<(PathBuf, NamedTempFile)>,
    /// Folders that did not exist before, outermost first.
    made: Vec<PathBuf>,
    committed: bool,
}

impl FileSet {
    /// An empty set; makes the folder.
    ///
    /// # Errors
    /// Exit code 4 if the folder cannot be made.
    pub fn new(folder: &Path) -> Result<Self, Failure> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let made = missing_folders(folder);
        let set = Self { folder: folder.to_owned(), files: Vec::new(), made, committed: false };
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        Ok(set)
    }

    /// Writes a file of this name beside its place.
    ///
    /// # Errors
    /// Exit code 4 if it cannot be written, or if a folder stands in its place.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let place = self.folder.join(name);
        if place.is_dir() {
            return Err(Failure::new(Exit::Failed, format!("cannot write {}: it is a folder", place.display())));
        }
        let mut file = temporary(&self.folder, Access::Usual).map_err(|error| cannot_write(&place, &error))?;
        // Some file systems tell only at this point that the disk is full.
        let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
        written.map_err(|error| cannot_write(&place, &error))?;
        self.files.push((place, file));
        Ok(())
    }

    /// Moves all files to their places. If one cannot be moved, those that were are removed again.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn commit(mut self) -> Result<(), Failure> {
        let mut placed: Vec<PathBuf> = Vec::new();
        for (place, file) in std::mem::take(&mut self.files) {
            if let Err(error) = file.persist(&place) {
                for path in placed {
                    let _ = fs::remove_file(path);
                }
                return Err(cannot_write(&place, &error.error));
            }
            placed.push(place);
        }
        self.committed = true;
        Ok(())
    }
}

impl Drop for FileSet {
    fn drop(&mut self) {
        if !self.committed {
            self.files.clear();
            for folder in self.made.iter().rev() {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Writes one file, complete or absent.
///
/// # Errors
/// Exit code 4.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Failure::new(Exit::Failed, format!("cannot write {}: it is a folder", path.display())));
    };
    let mut set = FileSet::new(folder)?;
    set.add(&name.to_string_lossy(), bytes)?;
    set.commit()
}

/// Writes a file that must not exist yet, and the folders that it needs.
///
/// # Errors
/// Exit code 4; the file that exists is as it was.
pub fn write_new(path: &Path, bytes: &[u8], access: Access) -> Result<(), Failure> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = missing_folders(folder);
    let result = fs::create_dir_all(folder).and_then(|()| temporary(folder, access)).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)
    });
    if result.is_err() {
        for folder in made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(cannot_write(path, &error)),
    }
}

/// What is said of a file that must not exist yet, and does.
pub fn exists(path: &Path) -> Failure {
    Failure::new(Exit::Failed, format!("{} exists already, and is left as it is", path.display()))
        .help("choose another name, or move it away first")
}

fn temporary(folder: &Path, access: Access) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".waxseal-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if access == Access::Private { 0o600 } else { 0o666 };
        builder.permissions(Permissions::from_mode(mode)).tempfile_in(folder)
    }
    #[cfg(not(unix))]
    {
        let _ = access;
        builder.tempfile_in(folder)
    }
}

/// The folders of this path that do not exist, outermost first.
fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .map(PathBuf::from)
        .collect();
    missing.reverse();
    missing
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    // tempfile adds the name of its file, which tells a user nothing.
    let inner = error.get_ref().and_then(|inner| inner.source());
    let why = inner.map_or_else(|| error.to_string(), ToString::to_string);
    Failure::new(Exit::Failed, format!("cannot write {}: {why}", path.display()))
}
