//! A folder with everything that the example r1b needs: manifest, key pair, one build for each slot.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{Run, elf};

/// Address of the code in slot a of r1b: sector 5 of bank 1, and 1 KiB of header.
pub const CODE_A: u32 = 0x0802_0400;
/// Address of the code in slot b of r1b: sector 17 of bank 2, and 1 KiB of header.
pub const CODE_B: u32 = 0x0812_0400;

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The examples' manifests: in each folder, the one that is called like it.
pub fn examples() -> Vec<PathBuf> {
    let folders = fs::read_dir(repository().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut manifests: Vec<_> =
        folders.map(|folder| folder.join(folder.file_name().unwrap()).with_extension("toml")).collect();
    manifests.retain(|manifest| manifest.is_file());
    manifests.sort();
    manifests
}

/// A project in a folder of its own, which goes away with it.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
    binary: PathBuf,
}

impl Project {
    /// An empty folder, and the command to run in it.
    pub fn empty(binary: &str) -> Self {
        Self { folder: TempDir::new().unwrap(), binary: binary.into() }
    }

    /// Example r1b, with a new key pair and firmware.
    pub fn r1b(binary: &str) -> Self {
        let project = Self::empty(binary);
        project.write("r1b.toml", fs::read(repository().join("examples/r1b/r1b.toml")).unwrap());
        project.write("build/app-a.elf", elf::firmware(CODE_A, 4000));
        project.write("build/app-b.elf", elf::firmware(CODE_B, 5000));
        fs::create_dir(project.path("keys")).unwrap();
        project.run(["key", "new", "keys/release"]).exits(0);
        project
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders it needs.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The content of a file.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Changes a text file: the first place of a text becomes another.
    #[track_caller]
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, text.replacen(from, to, 1));
    }

    /// Names of everything in a sub-folder, sorted; none if it does not exist.
    pub fn list(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(name)).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command with arguments, in the folder, and with nothing in the environment that it looks at.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.folder.path()).args(arguments);
        for name in ["WAXSEAL_KEY", "WAXSEAL_LEDGER", "WAXSEAL_PASSPHRASE", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the command.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs the command with words that are parted by blanks.
    pub fn waxseal(&self, line: &str) -> Run {
        self.run(line.split_whitespace())
    }

    /// Builds the project into `out`.
    #[track_caller]
    pub fn build(&self) -> Run {
        self.waxseal("build r1b.toml --key keys/release.pem --out out").exits(0)
    }
}
