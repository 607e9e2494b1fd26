//! Procedures on a board, for whoever moves the bytes.

use flasher::{Event, Next};
use js_sys::Error;
use wasm_bindgen::prelude::*;

use crate::argument::Argument;
use crate::effect;
use crate::object::object;

/// What ends a procedure, as the caller gets it.
type End = Result<JsValue, JsValue>;
/// A procedure without the type of its end.
type Steps = Box<dyn FnMut(Event) -> Next<End>>;

/// A procedure under way: `Procedure<End>` in the declarations.
#[wasm_bindgen(skip_typescript)]
pub struct Procedure(Steps);

impl Procedure {
    /// A procedure, and what the caller gets of its end.
    pub fn new<T: 'static>(mut work: flasher::Procedure<T>, end: impl Fn(T) -> End + 'static) -> Self {
        Self(Box::new(move |event| match work.next(event) {
            Next::Do(effect) => Next::Do(effect),
            Next::End(result) => Next::End(end(result)),
            Next::Over => Next::Over,
        }))
    }
}

#[wasm_bindgen]
impl Procedure {
    /// What to do next, now that the last effect came to this.
    #[wasm_bindgen(skip_typescript)]
    pub fn next(&mut self, event: JsValue) -> Result<JsValue, JsValue> {
        let (name, value) = match (self.0)(effect::read_event(&Argument::new("event", event))?) {
            Next::Do(effect) => ("do", effect::write(&effect)?),
            Next::End(end) => ("end", end?),
            Next::Over => return Err(Error::new("the procedure has ended: there is no next").into()),
        };
        object(&[(name, value)])
    }
}
