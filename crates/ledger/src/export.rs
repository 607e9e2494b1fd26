//! A ledger's rows, for other programs.

use std::io::{Read, Write};

use crate::chain::{Head, LEDGER, Walk};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::rows::{self, Format, Writer};
use crate::sum;

/// Reads rows that were exported, in either form, and returns the last one's number and digest: without the ledger, it is
/// known that they are what the head stands for.
///
/// # Errors
/// A text that is no export; where the rows do not continue one another, or do not come to the head that was noted.
pub fn verify_export(rows: impl Read, noted: Option<&Head>) -> Result<Head, Error> {
    let mut walk = Walk::new(LEDGER, noted);
    rows::read(rows, |event| Ok(walk.row(event)?))?;
    Ok(walk.end()?)
}

impl Ledger {
    /// Judges all rows, writes them, and returns the last one's number and digest: whoever signs these has signed all rows. What
    /// stations add meanwhile is not among them.
    ///
    /// # Errors
    /// Those of [`Ledger::verify`], and the writer's.
    pub fn export(&mut self, format: Format, out: &mut dyn Write) -> Result<Head, Error> {
        self.snapshot(|store| {
            let head = sum::verify(store, None)?.head;
            let mut writer = Writer::new(format, out)?;
            sum::each(store, |event| writer.row(&event))?;
            Ok(head)
        })
    }
}
