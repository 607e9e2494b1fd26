//! The records on the disk: they are read twice, and may be larger than memory should be.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::Path;

use provision::{Finding, Reader};

use crate::exit::{Exit, Failure};
use crate::files;

/// A copy of the records that nobody else writes to; it goes away with the process.
pub struct Spool(File);

impl Spool {
    /// Copies the records.
    ///
    /// # Errors
    /// Exit code 3 if they cannot be read, 4 if there is no room for the copy.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let mut copy = tempfile::tempfile().map_err(|error| no_room(&error))?;
        files::read_parts(path, |part| copy.write_all(part).map_err(|error| no_room(&error)))?;
        Ok(Self(copy))
    }

    /// Bytes.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn size(&self) -> Result<u64, Failure> {
        self.0.metadata().map(|data| data.len()).map_err(|error| no_room(&error))
    }

    /// The records from their first row on. One reader at a time.
    ///
    /// # Errors
    /// A table that is none; exit code 4 if the copy cannot be read.
    pub fn rows(&self) -> Result<Result<Reader<BufReader<&File>>, Finding>, Failure> {
        let mut file = &self.0;
        file.rewind().map_err(|error| no_room(&error))?;
        Ok(Reader::new(BufReader::new(file)))
    }
}

fn no_room(error: &io::Error) -> Failure {
    let folder = std::env::temp_dir();
    Failure::new(Exit::Failed, format!("cannot keep the records in {}: {error}", folder.display()))
}

/// Hashes that are looked at together, at 16 bytes each.
const TOGETHER: u64 = 1 << 14;

/// Which lines have a value that another line has too. It keeps a hash of each value, on the disk.
pub struct Seen {
    file: BufWriter<File>,
    count: u64,
}

impl Seen {
    /// Nothing yet.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn new() -> Result<Self, Failure> {
        let file = tempfile::tempfile().map_err(|error| no_room(&error))?;
        Ok(Self { file: BufWriter::new(file), count: 0 })
    }

    /// Adds a value of a line.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn add(&mut self, value: &impl std::hash::Hash, line: u64) -> Result<(), Failure> {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let pair = [hasher.finish().to_le_bytes(), line.to_le_bytes()];
        self.count += 1;
        self.file.write_all(pair.as_flattened()).map_err(|error| no_room(&error))
    }

    /// The lines, that many at most, in order. Two values may have one hash: whoever asks has to compare the values.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn again(self, most: usize) -> Result<Vec<u64>, Failure> {
        self.search(most, TOGETHER).map_err(|error| no_room(&error))
    }

    /// A part of the hashes at a time, parted by their remainders.
    fn search(mut self, most: usize, together: u64) -> io::Result<Vec<u64>> {
        self.file.flush()?;
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let parts = self.count.div_ceil(together);
        let mut lines = Vec::new();
        for part in 0..parts {
            file.rewind()?;
            let mut pairs = Vec::new();
            let mut reader = BufReader::new(&file);
            let mut pair = [[0; 8]; 2];
            for _ in 0..self.count {
                reader.read_exact(pair.as_flattened_mut())?;
                let [hash, line] = pair.map(u64::from_le_bytes);
                if hash % parts == part {
                    pairs.push((hash, line));
                }
            }
            pairs.sort_unstable();
            let same = pairs.chunk_by(|one, other| one.0 == other.0).filter(|same| same.len() > 1);
            lines.extend(same.flatten().map(|(_, line)| *line).take(most));
        }
        lines.sort_unstable();
        lines.dedup();
        lines.truncate(most);
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn what_stands_there_twice_is_found_in_parts_of_any_size() {
        for together in [1, 7, 50, 1000] {
            let mut seen = Seen::new().expect("a file");
            for line in 2..100_u64 {
                seen.add(&("board", line), line).expect("added");
                // 90 and 95 have what 40 and 45 have.
                seen.add(&("mac", if line >= 90 && line % 5 == 0 { line - 50 } else { line }), line).expect("added");
            }
            assert_eq!(seen.search(10, together).expect("searched"), [40, 45, 90, 95], "{together}");
        }
        assert_eq!(Seen::new().expect("a file").again(10).expect("nothing"), [0_u64; 0]);
    }
}
