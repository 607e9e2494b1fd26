//! Boards: what is connected, and whether a manifest is of it.

use flasher::{Matter, Purpose, Trouble};
use report::Report;
use report::exit::Exit;
use wasm_bindgen::prelude::*;

use super::answer::{answer, to_js};
use super::files::Files;
use super::procedure::Procedure;
use crate::argument::Argument;
use crate::object::{object, with};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("board.ts");

/// A board as it was found. Only the procedure of {@link identifyBoard} makes one.
#[wasm_bindgen]
pub struct Board(flasher::Connected);

/// A board that may be written. Only {@link compareBoard} makes one.
#[wasm_bindgen]
pub struct Fit(flasher::Fit);

impl Fit {
    /// The same for the crates below.
    pub fn inner(&self) -> &flasher::Fit {
        &self.0
    }
}

/// Reads what a board says of itself. Changes nothing.
#[wasm_bindgen(js_name = "identifyBoard", unchecked_return_type = "Procedure<Identified>")]
pub fn identify_board() -> Procedure {
    Procedure::new(flasher::identify(), |found| match found {
        Ok(connected) => {
            let said = to_js(&flasher::json::connected(&connected))?;
            object(&[("connected", said), ("board", Board(connected).into())])
        }
        Err(error) => trouble(&error),
    })
}

/// Compares a board with a manifest, for what is to be done to it. `fit` is there if nothing speaks against it: what is wrong
/// cannot be waived, what is unknown can, in `without`, by whoever knows it better.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "compareBoard", unchecked_return_type = "Answer<Comparison> & { fit: Fit | null }")]
pub fn compare_board(
    board: &Board,
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Purpose")] purpose: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Matter[]")] without: JsValue,
) -> Result<JsValue, JsValue> {
    let files = Files::of(&Argument::new("manifest", manifest))?;
    let purpose = Argument::new("purpose", purpose);
    let purpose = match purpose.text(5).as_deref() {
        Some("flash") => Purpose::Flash,
        Some("otp") => Purpose::Otp,
        _ => return Err(purpose.refuse("is neither \"flash\" nor \"otp\"")),
    };
    let mut waived = Vec::new();
    if !without.is_undefined() {
        for matter in Argument::new("without", without).elements()? {
            let word = matter.string()?;
            let found = Matter::ALL.into_iter().find(|known| known.word() == word);
            waived.push(found.ok_or_else(|| matter.refuse("is no matter of a comparison"))?);
        }
    }
    let mut fit = None;
    let compared = files.loaded().and_then(|loaded| {
        loaded.with_plan(|plan| {
            let found = board.0.compare(plan, purpose);
            fit = found.accept(&waived).ok().map(Fit);
            let exit = if fit.is_some() { Exit::Done } else { Exit::Refused };
            Ok(Report { exit, result: Some(flasher::json::comparison(&found)), ..Report::done(found.text()) })
        })
    });
    with(answer("flash", compared)?, "fit", fit.map_or(JsValue::NULL, JsValue::from))
}

/// Lifts a board's read protection, which **erases all of its flash**, if exactly {@link unprotectPhrase} was typed. Never needed
/// unless {@link compareBoard} says so, and never done by anything else. `undefined`: something else was typed.
#[wasm_bindgen(js_name = "unprotectBoard", unchecked_return_type = "Procedure<Ended> | undefined")]
pub fn unprotect_board(board: &Board, typed: &str) -> Option<Procedure> {
    flasher::ConfirmedUnprotect::typed(&board.0, typed).map(|confirmed| Procedure::new(confirmed.unprotect(), ended))
}

/// What has to be typed for {@link unprotectBoard}.
#[wasm_bindgen(js_name = "unprotectPhrase")]
pub fn unprotect_phrase() -> String {
    flasher::PHRASE.to_owned()
}

/// What a person can do who has no board in sight.
#[wasm_bindgen(js_name = "noBoardAdvice")]
pub fn no_board_advice() -> Vec<String> {
    flasher::no_device()
}

/// What a person can do whose board is there, and cannot be opened.
#[wasm_bindgen(js_name = "closedBoardAdvice")]
pub fn closed_board_advice() -> Vec<String> {
    flasher::closed_device()
}

/// The end of a procedure that has nothing to tell.
pub fn ended(result: Result<(), Trouble>) -> Result<JsValue, JsValue> {
    match result {
        Ok(()) => object(&[("trouble", JsValue::NULL)]),
        Err(error) => trouble(&error),
    }
}

/// An end that is a trouble, and nothing else.
pub fn trouble(trouble: &Trouble) -> Result<JsValue, JsValue> {
    object(&[("trouble", to_js(&flasher::json::trouble(trouble))?)])
}
