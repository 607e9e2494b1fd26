//! The record of what was done to boards, chained as a ledger's rows are, which a ledger takes in later.

use js_sys::Error;
use ledger::{Format, Record, Who};
use wasm_bindgen::prelude::*;

use crate::argument::Argument;

/// What a flashing or burning adds to a record: `rows` of its end.
#[wasm_bindgen]
pub struct Done(pub(super) Vec<flasher::record::Row>);

/// What was done to boards, in order. `waxseal ledger import` takes it in.
#[wasm_bindgen]
pub struct BoardRecord(Record);

#[wasm_bindgen]
impl BoardRecord {
    /// An empty record, or one to be continued.
    ///
    /// @throws Error if the text is no record, or was changed.
    #[wasm_bindgen(constructor)]
    pub fn new(text: Option<String>) -> Result<BoardRecord, JsValue> {
        text.map_or(Ok(Record::new()), |text| Record::read(&text)).map(Self).map_err(thrown)
    }

    /// Adds what was done to a board. Who did it, where and when, nobody but the caller knows.
    ///
    /// @throws TypeError if an argument is not of its declared type; Error if a row is none of a record.
    pub fn add(
        &mut self,
        board: &str,
        done: &Done,
        #[wasm_bindgen(unchecked_param_type = "{ station: string; operator: string; at: string }")] who: JsValue,
    ) -> Result<(), JsValue> {
        let who = Argument::new("who", who);
        let who = Who {
            station: who.property("station")?.string()?,
            operator: who.property("operator")?.string()?,
            at: who.property("at")?.string()?,
        };
        flasher::record::add(&mut self.0, board, &done.0, &who).map_err(thrown)
    }

    /// The number of rows.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.0.rows().len()
    }

    /// Number and digest of the last row: who notes it elsewhere, finds later that rows were cut off.
    #[wasm_bindgen(getter)]
    pub fn head(&self) -> String {
        self.0.head().to_string()
    }

    /// As CSV with a line of titles.
    pub fn csv(&self) -> Result<String, JsValue> {
        self.0.write(Format::Csv).map_err(thrown)
    }

    /// As JSON, an object on each line.
    pub fn json(&self) -> Result<String, JsValue> {
        self.0.write(Format::Json).map_err(thrown)
    }
}

fn thrown(error: ledger::Error) -> JsValue {
    Error::new(&error.to_string()).into()
}
