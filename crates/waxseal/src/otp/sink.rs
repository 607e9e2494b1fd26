//! Where boards' files go: a folder, or one tar stream. In both, what a stage has is STAGE/BOARD/FILE, then STAGE/sheet.txt, and
//! last STAGE/SHA256SUMS, as `sha256sum -c` takes it: a stage without it is not whole.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, Write};
use std::path::{Path, PathBuf};

use image_format::{Crypto, Sha256 as _};
use manifest::plan::otp::Stage;
use packer::crypto::HostCrypto;

use super::make::{Made, MadeFile};
use crate::exit::{Exit, Failure};
use crate::files::{Access, FileSet, STANDARD, cannot_write};
use crate::text::hex;

/// The folder of blobs that wait for signatures.
pub const PENDING: &str = "pending";
const SHEET: &str = "sheet.txt";
const SUMS: &str = "SHA256SUMS";

/// Where files go.
pub struct Sink<'a> {
    stages: &'a [&'a Stage],
    place: Place,
    ends: Vec<End>,
    /// Files that were written.
    pub count: usize,
    /// Boards whose blobs wait for signatures.
    pub waiting: usize,
}

/// The sheet of a stage and its sums, so far.
struct End {
    sheet: BufWriter<File>,
    digest: <HostCrypto as Crypto>::Sha256,
    sums: BufWriter<File>,
}

impl End {
    fn new(sheet: File, sums: File) -> Self {
        Self { sheet: BufWriter::new(sheet), digest: HostCrypto.sha256(), sums: BufWriter::new(sums) }
    }

    fn sheet(&mut self, text: &str) -> Result<(), Failure> {
        self.digest.update(text.as_bytes());
        self.sheet.write_all(text.as_bytes()).map_err(|error| cannot_write(Path::new(SHEET), &error))
    }

    fn sums(&mut self, lines: &str) -> Result<(), Failure> {
        self.sums.write_all(lines.as_bytes()).map_err(|error| cannot_write(Path::new(SUMS), &error))
    }
}

enum Place {
    /// Each batch of boards takes its places together; sheets and sums follow when all boards have.
    Folder { out: PathBuf, ends: FileSet },
    /// The whole file takes its place at the end; standard output has its end.
    Tar { tar: Box<tar::Builder<BufWriter<File>>>, file: Option<FileSet>, name: PathBuf },
}

impl<'a> Sink<'a> {
    /// A folder.
    ///
    /// # Errors
    /// Exit code 4 if it cannot be written to.
    pub fn folder(out: &Path, stages: &'a [&'a Stage]) -> Result<Self, Failure> {
        let mut set = FileSet::new();
        let mut ends = Vec::new();
        for stage in stages {
            let mut begin = |name| set.open(&out.join(&stage.name.value).join(name), Access::Usual);
            ends.push(End::new(begin(SHEET)?, begin(SUMS)?));
        }
        let place = Place::Folder { out: out.to_owned(), ends: set };
        Ok(Self { stages, place, ends, count: 0, waiting: 0 })
    }

    /// A tar file (POSIX ustar), or standard output for `-`. It has no clock and no users: the same boards give the same bytes.
    ///
    /// # Errors
    /// Exit code 4 if it cannot be written.
    pub fn tar(name: &Path, stages: &'a [&'a Stage], access: Access) -> Result<Self, Failure> {
        let (file, out) = if name.as_os_str() == STANDARD {
            (None, standard_output().map_err(|error| cannot_write(name, &error))?)
        } else {
            let mut set = FileSet::new();
            let out = set.open(name, access)?;
            (Some(set), out)
        };
        let tar = Box::new(tar::Builder::new(BufWriter::with_capacity(1 << 18, out)));
        let place = Place::Tar { tar, file, name: name.to_owned() };
        let begin = |_: &&Stage| Ok(End::new(tempfile::tempfile()?, tempfile::tempfile()?));
        let ends: io::Result<Vec<_>> = stages.iter().map(begin).collect();
        Ok(Self { stages, place, ends: ends.map_err(|error| cannot_write(name, &error))?, count: 0, waiting: 0 })
    }

    /// What stands at a stage's sheet's top.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn heading(&mut self, stage: usize, text: &str) -> Result<(), Failure> {
        self.ends.get_mut(stage).map_or(Ok(()), |end| end.sheet(text))
    }

    /// Writes what was made for some boards.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn put(&mut self, boards: &[Made]) -> Result<(), Failure> {
        for made in boards {
            let waits = made.waits();
            self.waiting += usize::from(waits);
            for (stage, end) in made.stages.iter().zip(&mut self.ends).filter(|_| !waits) {
                end.sheet(&stage.sheet)?;
                end.sums(&stage.sums)?;
            }
        }
        let mut files: Vec<(&Stage, bool, &MadeFile)> = Vec::new();
        for made in boards {
            for (made_stage, stage) in made.stages.iter().zip(self.stages) {
                let waits = made_stage.missing > 0;
                // A board of which one stage waits has no files in another.
                if waits || !made.waits() {
                    files.extend(made_stage.files.iter().map(|file| (*stage, waits, file)));
                }
            }
        }
        self.count += files.len();
        match &mut self.place {
            Place::Folder { out, .. } => {
                let mut set = FileSet::within(out);
                let place = |(stage, waits, file): &(&Stage, bool, &MadeFile)| {
                    let folder = if *waits { PENDING } else { &stage.name.value };
                    out.join(folder).join(&file.name)
                };
                for access in [Access::Usual, Access::Private] {
                    // What is there already, of an earlier run that was cut, stays.
                    let is_new = |item: &&(&Stage, bool, &MadeFile)| {
                        item.2.access == access
                            && (access == Access::Private
                                || std::fs::read(place(item)).ok().as_deref() != Some(item.2.bytes.as_slice()))
                    };
                    let items: Vec<_> = files.iter().filter(is_new).copied().collect();
                    set.add_all(&items, place, access, |item, out| out.write_all(&item.2.bytes))?;
                }
                set.commit()
            }
            Place::Tar { tar, name, .. } => {
                for (stage, _, file) in files {
                    let size = file.bytes.len() as u64;
                    let path = format!("{}/{}", stage.name.value, file.name);
                    append(tar, &path, size, file.access, &file.bytes[..])
                        .map_err(|error| cannot_write(name, &error))?;
                }
                Ok(())
            }
        }
    }

    /// Writes sheets and sums, and lets what waited for them take its places.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn finish(self) -> Result<usize, Failure> {
        let Self { stages, place, ends, mut count, waiting, .. } = self;
        let name = match &place {
            Place::Folder { out, .. } => out.clone(),
            Place::Tar { name, .. } => name.clone(),
        };
        let failed = |error: io::Error| cannot_write(&name, &error);
        let mut closed = Vec::new();
        for End { sheet, digest, mut sums } in ends {
            writeln!(sums, "{}  {SHEET}", hex(&digest.finish())).map_err(failed)?;
            let file = |end: BufWriter<File>| end.into_inner().map_err(|error| failed(error.into_error()));
            closed.push([file(sheet)?, file(sums)?]);
        }
        match place {
            // A stage some of whose boards wait is not whole.
            Place::Folder { ends, .. } if waiting > 0 => drop(ends),
            Place::Folder { ends, .. } => {
                count += 2 * closed.len();
                ends.commit()?;
            }
            Place::Tar { mut tar, file, .. } => {
                for (stage, files) in stages.iter().zip(closed) {
                    for (name, mut file) in [SHEET, SUMS].into_iter().zip(files) {
                        let path = format!("{}/{name}", stage.name.value);
                        let size = file.metadata().map_err(failed)?.len();
                        file.rewind().map_err(failed)?;
                        append(&mut tar, &path, size, Access::Usual, file).map_err(failed)?;
                        count += 1;
                    }
                }
                // The two empty blocks at a tar file's end.
                let out = tar.into_inner().map_err(failed)?;
                let out = out.into_inner().map_err(|error| failed(error.into_error()))?;
                drop(out);
                file.map_or(Ok(()), FileSet::commit)?;
            }
        }
        Ok(count)
    }
}

fn append(
    tar: &mut tar::Builder<BufWriter<File>>,
    path: &str,
    size: u64,
    access: Access,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_path(path)?;
    header.set_size(size);
    header.set_mode(if access == Access::Private { 0o600 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    tar.append(&header, content)
}

/// Standard output as a file: what goes into a pipe is not gathered line by line.
fn standard_output() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
    }
    #[cfg(not(unix))]
    {
        Err(io::Error::other("a tar stream on standard output: only on Unix; name a file"))
    }
}

/// What is wrong with a place for files that wait for signatures.
pub fn needs_folder() -> Failure {
    Failure::new(Exit::Usage, "a signer is external, and a tar stream cannot wait for signatures").help(
        "--out DIR: what is to be signed goes to DIR/pending, and the same command makes the rest once it was signed",
    )
}
