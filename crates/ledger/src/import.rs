//! Taking in what was done where no ledger was at hand.

use serde_json::{Value as Json, json};

use crate::error::Error;
use crate::event::{Event, Who};
use crate::issued;
use crate::ledger::{Ledger, board, history};
use crate::locked;
use crate::record::{ORIGIN, Record};
use crate::sum;

/// What became of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The rows that the ledger got for it.
    pub rows: Vec<Event>,
    /// Rows that it had before: the record was taken in already, or its beginning was.
    pub known: usize,
    /// How many of `rows` say what was programmed, and it is what was issued. Of the others it is not known.
    pub compared: usize,
}

impl Ledger {
    /// Takes in a record: all of it, or nothing. Rows that are there already stay as they are. Each row keeps its own station,
    /// operator and time; its detail also says which row of which record it is, and who took it in.
    ///
    /// # Errors
    /// [`Error::Row`]: a board that is not known, a state that does not follow, what is locked written again, something else than
    /// what was issued.
    pub fn import(&mut self, record: &Record, who: &Who) -> Result<Imported, Error> {
        self.transaction(|store| {
            let mut chain = sum::Writer::new(store)?;
            let mut imported = Imported::default();
            for row in record.rows() {
                let failed = |error: Error| Error::Row { row: row.number, error: error.into() };
                let before = history(store, &row.board)?;
                if before.iter().any(|event| origin(event).as_deref() == Some(&row.digest)) {
                    imported.known += 1;
                    continue;
                }
                let known = board(store, &row.board)?.ok_or_else(|| failed(Error::Unknown(row.board.clone())))?;
                if !known.state.may_become(row.state) {
                    let (from, to) = (known.state, row.state);
                    return Err(failed(Error::Order { board: row.board.clone(), from, to }));
                }
                locked::refuse(&before, &row.board, row.state, &row.detail).map_err(failed)?;
                let is_issued = issued::compare(&before, &row.board, row.state, &row.detail).map_err(failed)?;
                imported.compared += usize::from(is_issued);
                take(&mut chain, row, who);
                // The next row may be about the same board.
                imported.rows.extend(chain.flush(store)?);
            }
            Ok(imported)
        })
    }
}

fn take(chain: &mut sum::Writer, row: &Event, who: &Who) {
    let mut detail: Json = serde_json::from_str(&row.detail).unwrap_or_default();
    let Who { station, operator, at } = who;
    detail[ORIGIN] = json!({
        "row": row.number, "digest": row.digest, "station": station, "operator": operator, "at": at,
    });
    chain.change(&row.board, row.state, detail.to_string(), &row.who);
}

/// The digest that a row had in the record that it came from.
fn origin(event: &Event) -> Option<String> {
    let detail: Json = serde_json::from_str(&event.detail).ok()?;
    detail[ORIGIN]["digest"].as_str().map(ToOwned::to_owned)
}
