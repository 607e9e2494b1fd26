//! Files that are written from one definition, and the check that they are as they would be written.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::process::{Failure, Outcome};

/// A folder's generated files.
pub struct Files {
    folder: PathBuf,
    files: Vec<(String, Vec<u8>)>,
}

impl Files {
    /// Files of this folder; it may have others.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, files: Vec::new() }
    }

    /// Adds a file.
    pub fn add(&mut self, name: &str, content: Vec<u8>) {
        self.files.push((name.to_owned(), content));
    }

    /// Writes all files and removes `.bin` files that nothing made, or checks that there is nothing to do.
    ///
    /// # Errors
    /// A file that cannot be written; with `check` each one that differs, is missing or should not be there.
    pub fn finish(self, check: bool) -> Outcome {
        let stale = self.stale();
        let different: Vec<_> = self
            .files
            .iter()
            .filter(|(name, content)| fs::read(self.folder.join(name)).ok().as_ref() != Some(content))
            .collect();
        if check {
            let names: Vec<&str> = different.iter().map(|(name, _)| name).chain(&stale).map(String::as_str).collect();
            if names.is_empty() {
                return Ok(());
            }
            let folder = self.folder.display();
            return Err(Failure::new(format!("{folder}: not as generated: {}", names.join(", "))));
        }
        fs::create_dir_all(&self.folder).map_err(Failure::at(&self.folder))?;
        for (name, content) in different {
            let path = self.folder.join(name);
            fs::write(&path, content).map_err(Failure::at(&path))?;
        }
        for name in stale {
            let path = self.folder.join(name);
            fs::remove_file(&path).map_err(Failure::at(&path))?;
        }
        Ok(())
    }

    /// Files of the folder that look generated and are not.
    fn stale(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut stale: Vec<String> =
            names.filter(|name| name.ends_with(".bin") && !self.files.iter().any(|(made, _)| made == name)).collect();
        stale.sort();
        stale
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
