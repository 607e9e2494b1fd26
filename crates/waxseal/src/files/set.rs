//! Sets of files that are complete or absent.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use packer::parallel;
use tempfile::{NamedTempFile, TempPath};

use super::BUFFER;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::leftovers::Claims;

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// As the process's umask says.
    Usual,
    /// Nobody but the owner.
    Private,
}

/// Who may read a file that is there: what was its owner's alone stays so.
pub fn access_of(path: &Path) -> Access {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 == 0) {
            return Access::Private;
        }
    }
    let _ = path;
    Access::Usual
}

/// Files that are waited for at a time.
const SYNCED: usize = 16;

/// Files that are written beside their places and moved there together. Dropped before that, nothing is left of them.
#[derive(Debug, Default)]
pub struct FileSet {
    /// Places, and the files beside them.
    files: Vec<(PathBuf, TempPath)>,
    /// Folders that did not exist before, outermost first.
    made: Vec<PathBuf>,
    claims: Claims,
    committed: bool,
}

impl FileSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty set of files below one folder, in however many folders.
    pub fn within(root: &Path) -> Self {
        let mut set = Self::new();
        set.claims = Claims::within(root);
        set
    }

    /// Writes a file beside its place, in a folder that is made if it does not exist.
    ///
    /// # Errors
    /// Exit code 4 if it cannot be written, or if a folder stands in its place.
    pub fn add(&mut self, place: &Path, bytes: &[u8]) -> Result<(), Failure> {
        self.add_all(&[bytes], |_| place.to_owned(), Access::Usual, |bytes, file| file.write_all(bytes))
    }

    /// The same for each item, several at a time, and who may read it. What an item's file holds is made while it is written.
    ///
    /// # Errors
    /// As [`FileSet::add`], for the first item that has one.
    pub fn add_all<T: Sync>(
        &mut self,
        items: &[T],
        place: impl Fn(&T) -> PathBuf,
        access: Access,
        write: impl Fn(&T, &mut dyn Write) -> io::Result<()> + Sync,
    ) -> Result<(), Failure> {
        let first = self.files.len();
        for place in items.iter().map(place) {
            // Closed again, for a batch of boards has more files than a process may have open.
            drop(self.open(&place, access)?);
        }
        let begun: Vec<_> = items.iter().zip(&self.files[first..]).collect();
        let written = parallel::map(&begun, |(item, (place, path))| {
            let file = fs::OpenOptions::new().write(true).open(path);
            let written = file.map(|file| BufWriter::with_capacity(BUFFER, file)).and_then(|mut buffer| {
                write(item, &mut buffer)?;
                buffer.flush()
            });
            written.map_err(|error| cannot_write(place, &error))
        });
        written.into_iter().collect()
    }

    /// Begins a file that is written bit by bit, before the set takes its places.
    ///
    /// # Errors
    /// Those of [`FileSet::add`].
    pub fn open(&mut self, place: &Path, access: Access) -> Result<File, Failure> {
        if place.is_dir() || place.file_name().is_none() {
            return Err(Failure::new(Exit::Failed, format!("cannot write {}: it is a folder", place.display())));
        }
        let (file, path) = self.begin(place, access).map_err(|error| cannot_write(place, &error))?.into_parts();
        self.files.push((place.to_owned(), path));
        Ok(file)
    }

    /// Waits until all files are on the disk; some file systems tell only then that it is full. Many at a time: waiting is most
    /// of what a build does.
    fn sync(&self) -> Result<(), Failure> {
        let sync = |path: &Path| fs::OpenOptions::new().write(true).open(path)?.sync_all();
        let synced = parallel::map_on(SYNCED, &self.files, |(place, file)| {
            sync(file).map_err(|error| cannot_write(place, &error))
        });
        synced.into_iter().collect()
    }

    /// The file beside its place, of which an interrupt leaves nothing.
    fn begin(&mut self, place: &Path, access: Access) -> io::Result<NamedTempFile> {
        let mut leftovers = interrupt::hold();
        let folder = folder_of(place);
        let missing = missing_folders(folder);
        leftovers.extend(missing.iter().rev().cloned());
        self.made.extend(missing);
        make_folders(folder)?;
        if let Some(claim) = self.claims.claim(folder)? {
            leftovers.insert(0, claim.to_owned());
        }
        let file = temporary(folder, self.claims.prefix(folder), access)?;
        leftovers.insert(0, file.path().to_owned());
        Ok(file)
    }

    /// Moves all files to their places. If one cannot be moved, each place gets back what was there before, or nothing.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn commit(mut self) -> Result<(), Failure> {
        self.sync()?;
        let mut leftovers = interrupt::hold();
        let own = self.files.iter().map(|(_, file)| file.to_path_buf());
        let own: HashSet<PathBuf> = own.chain(self.made.iter().cloned()).chain(self.claims.paths()).collect();
        let mut placed = Vec::new();
        for (place, file) in std::mem::take(&mut self.files) {
            let moved = Placed::put(place.clone(), file, &self.claims).map_err(|error| cannot_write(&place, &error));
            match moved {
                Ok(moved) => placed.push(moved),
                Err(failure) => {
                    placed.into_iter().rev().for_each(Placed::undo);
                    return Err(failure);
                }
            }
        }
        // The file system frees their bytes, which takes longer than all the moves.
        let before: Vec<_> = placed.iter().filter_map(|placed| placed.before.as_ref()).collect();
        parallel::map(&before, |path| drop(fs::remove_file(path)));
        self.claims.clear();
        // Another set may not be complete yet.
        leftovers.retain(|path| !own.contains(path));
        self.committed = true;
        Ok(())
    }
}

impl Drop for FileSet {
    fn drop(&mut self) {
        if !self.committed {
            let _whole = interrupt::hold();
            self.files.clear();
            self.claims.clear();
            for folder in self.made.iter().rev() {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// A file that has taken its place, and what was there before.
#[derive(Debug)]
struct Placed {
    place: PathBuf,
    /// Removed when all is well.
    before: Option<TempPath>,
}

impl Placed {
    fn put(place: PathBuf, file: TempPath, claims: &Claims) -> io::Result<Self> {
        let before = if place.exists() { Some(second_name(&place, claims)?) } else { None };
        file.persist(&place).map_err(|error| error.error)?;
        Ok(Self { place, before })
    }

    fn undo(self) {
        let _ = match self.before {
            Some(before) => before.persist(&self.place).map_err(|error| error.error),
            None => fs::remove_file(&self.place),
        };
    }
}

/// Gives a file a second name beside it, so that its place is never empty while another file takes it; a copy where the file
/// system has no hard links.
fn second_name(place: &Path, claims: &Claims) -> io::Result<TempPath> {
    let folder = folder_of(place);
    let prefix = claims.prefix(folder);
    let linked = tempfile::Builder::new().prefix(prefix).make_in(folder, |path| fs::hard_link(place, path));
    if let Ok(linked) = linked {
        return Ok(linked.into_temp_path());
    }
    let copy = temporary(folder, prefix, Access::Private)?;
    fs::copy(place, copy.path())?;
    Ok(copy.into_temp_path())
}

fn folder_of(place: &Path) -> &Path {
    place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes one file, complete or absent.
///
/// # Errors
/// Exit code 4.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut set = FileSet::new();
    set.add(path, bytes)?;
    set.commit()
}

/// Writes a file that must not exist yet, and the folders that it needs.
///
/// # Errors
/// Exit code 4; the file that exists is as it was.
pub fn write_new(path: &Path, bytes: &[u8], access: Access) -> Result<(), Failure> {
    let folder = folder_of(path);
    // A key is small: nothing is gained by letting an interrupt in.
    let _whole = interrupt::hold();
    let made = missing_folders(folder);
    let mut claims = Claims::default();
    let result = make_folders(folder).and_then(|()| {
        claims.claim(folder)?;
        let mut file = temporary(folder, claims.prefix(folder), access)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)
    });
    claims.clear();
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

fn temporary(folder: &Path, prefix: &str, access: Access) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
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

/// Makes a folder and those above it.
fn make_folders(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder).map_err(|error| {
        // A file, or a link that leads nowhere: the system only says that it exists.
        let in_the_way = |path: &&Path| path.symlink_metadata().is_ok() && !path.is_dir();
        match folder.ancestors().find(in_the_way) {
            Some(path) => io::Error::new(error.kind(), format!("{} is no folder", path.display())),
            None => error,
        }
    })
}

/// What is said of a file that cannot be written.
pub fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let why = error.to_string();
    // tempfile adds the name of its file, which tells a user nothing.
    let why = why.split_once(" at path ").map_or(why.as_str(), |(why, _)| why);
    Failure::new(Exit::Failed, format!("cannot write {}: {why}", path.display()))
}

#[cfg(test)]
// A test that cannot prepare its inputs has failed.
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_move_that_fails_midway_gives_each_place_back_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::write(place("old"), "before").unwrap();
        let mut set = FileSet::new();
        for name in ["old", "new", "blocked", "never"] {
            set.add(&place(name), b"after").unwrap();
        }
        // Whoever else works in the folder: this place can no longer be taken.
        fs::create_dir(place("blocked")).unwrap();
        assert!(set.commit().unwrap_err().title.contains("blocked"));
        assert_eq!(names(folder.path()), ["blocked", "old"]);
        assert_eq!(fs::read(place("old")).unwrap(), b"before");
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let failure = FileSet::new().add(&file.join("out/app.bin"), b"").unwrap_err();
        assert_eq!(
            failure.title,
            format!("cannot write {}: {} is no folder", file.join("out/app.bin").display(), file.display())
        );
    }

    #[cfg(unix)]
    #[test]
    fn reasons_do_not_name_files_that_a_user_never_saw() {
        let folder = tempfile::tempdir().unwrap();
        // A name of 255 bytes leaves no room for another beside it: the system's reason, and no more.
        let error = temporary(folder.path(), &"x".repeat(255), Access::Usual).unwrap_err();
        let title = cannot_write(Path::new("app.bin"), &error).title;
        assert!(title.starts_with("cannot write app.bin: ") && !title.contains("xxx"), "{title}");
    }

    #[test]
    fn a_set_takes_its_places_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::write(place("old"), "before").unwrap();
        let mut set = FileSet::new();
        for name in ["old", "deep/er/new"] {
            set.add(&place(name), b"after").unwrap();
        }
        set.commit().unwrap();
        assert_eq!(names(folder.path()), ["deep", "old"]);
        assert_eq!(fs::read(place("old")).unwrap(), b"after");
        assert_eq!(fs::read(place("deep/er/new")).unwrap(), b"after");
    }

    /// The folder that the process to be interrupted writes to.
    const FOLDER: &str = "WAXSEAL_TEST_FOLDER";

    /// Not a test of its own: the process that the next one interrupts.
    #[test]
    #[ignore = "waits for a signal"]
    fn waits_with_files_that_have_no_place_yet() {
        let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
        let mut set = FileSet::new();
        set.add(&folder.join("old"), b"after").unwrap();
        set.add(&folder.join("made/new"), b"after").unwrap();
        println!("\nready");
        loop {
            std::thread::park();
        }
    }

    /// That process, once its files are there.
    fn waiting(folder: &Path) -> Child {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "files::set::tests::waits_with_files_that_have_no_place_yet", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "ready"));
        child
    }

    #[cfg(unix)]
    fn end(mut child: Child, signal: &str) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt as _;

        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap().signal()
    }

    #[cfg(unix)]
    #[test]
    fn an_interrupted_process_leaves_nothing() {
        for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("old"), "before").unwrap();
            let child = waiting(folder.path());
            assert_eq!(names(folder.path()).len(), 4, "a claim, two files and a folder");
            assert_eq!(end(child, signal), Some(number));
            assert_eq!(names(folder.path()), ["old"]);
            assert_eq!(fs::read(folder.path().join("old")).unwrap(), b"before");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_process_left_is_removed_and_what_a_live_one_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let (killed, alive) = (waiting(folder.path()), waiting(folder.path()));
        assert_eq!(end(killed, "-KILL"), Some(9));
        assert_eq!(
            (names(folder.path()).len(), names(&made).len()),
            (5, 4),
            "two claims and two files in each, a folder"
        );
        let mut set = FileSet::new();
        set.add(&folder.path().join("own"), b"after").unwrap();
        set.add(&made.join("own"), b"after").unwrap();
        set.commit().unwrap();
        assert_eq!((names(folder.path()).len(), names(&made).len()), (4, 3), "those of one, and what was written");
        assert_eq!(end(alive, "-INT"), Some(2));
        assert_eq!((names(folder.path()), names(&made)), (vec!["made".into(), "own".into()], vec!["own".into()]));
    }
}
