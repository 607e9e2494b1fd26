//! Flashing. What may follow what, the types of the flasher say: a plan is made from a verdict and a board that fits, and from
//! nothing else.

use report::Report;
use report::exit::{Exit, Failure};
use wasm_bindgen::prelude::*;

use super::answer::{answer, to_js};
use super::artefact::judged;
use super::board::{Fit, ended, trouble};
use super::procedure::Procedure;
use super::record::Done;
use crate::argument::Argument;
use crate::object::{object, with};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("flash.ts");

/// A release or image that was accepted for a device. Only {@link judgeForFlash} makes one.
#[wasm_bindgen]
pub struct FlashVerdict(flasher::Verdict);

/// What is to be done to a board's flash. Only {@link planFlash} and {@link FlashPlan.resume} make one.
#[wasm_bindgen]
pub struct FlashPlan(flasher::FlashPlan);

/// Judges a release, an image or a factory image, as {@link verifyFile} does with a manifest, and says for which slots it may be flashed. With
/// `trust` or `keys` beside the manifest, their signatures count in place of those of the manifest's keys.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(
    js_name = "judgeForFlash",
    unchecked_return_type = "Answer<Verified> & { verdict: FlashVerdict | null }"
)]
pub fn judge_for_flash(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] file: JsValue,
    #[wasm_bindgen(unchecked_param_type = "VerifyOptions")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let mut verdict = None;
    let answer = judged("flash", file, options, |question, file| match flasher::judge(question, &file) {
        Ok(found) => {
            let report = found.report().clone();
            verdict = Some(FlashVerdict(found));
            Ok(report)
        }
        Err(stopped) => stopped.into_result(),
    })?;
    with(answer, "verdict", verdict.map_or(JsValue::NULL, JsValue::from))
}

#[wasm_bindgen]
impl FlashVerdict {
    /// The slots that something was accepted for.
    #[wasm_bindgen(unchecked_return_type = "{ slot: string; image: string; version: string }[]")]
    pub fn slots(&self) -> Result<JsValue, JsValue> {
        let list = js_sys::Array::new();
        for (slot, image, version) in self.0.slots() {
            list.push(&object(&[("slot", slot.into()), ("image", image.into()), ("version", version.into())])?);
        }
        Ok(list.into())
    }
}

/// What it takes to bring what was accepted into these slots; into all that it runs from, where none is named.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "planFlash", unchecked_return_type = "Answer<FlashPlanned> & { plan: FlashPlan | null }")]
pub fn plan_flash(
    verdict: &FlashVerdict,
    fit: &Fit,
    #[wasm_bindgen(unchecked_optional_param_type = "string[]")] slots: JsValue,
) -> Result<JsValue, JsValue> {
    let named = if slots.is_undefined() { Vec::new() } else { Argument::new("slots", slots).strings()? };
    let planned = flasher::FlashPlan::new(&verdict.0, fit.inner(), &named);
    let made = planned.as_ref().map(planned_report).map_err(|error| Failure::new(Exit::Refused, error.to_string()));
    let handle = planned.ok().map(FlashPlan);
    with(answer("flash", made)?, "plan", handle.map_or(JsValue::NULL, JsValue::from))
}

fn planned_report(plan: &flasher::FlashPlan) -> Report {
    Report { result: Some(flasher::json::flash_plan(plan)), ..Report::done(plan.text()) }
}

#[wasm_bindgen]
impl FlashPlan {
    /// Reads what is on the board already, and leaves it out of the plan: after an interruption. Changes nothing.
    #[wasm_bindgen(unchecked_return_type = "Procedure<Resumed>")]
    pub fn resume(&self) -> Procedure {
        let plan = self.0.clone();
        Procedure::new(self.0.read(), move |read| match read {
            Ok(pieces) => {
                let plan = plan.clone().resumed(&pieces);
                let object = answer("flash", Ok(planned_report(&plan)))?;
                with(object, "plan", FlashPlan(plan).into())
            }
            Err(error) => trouble(&error),
        })
    }

    /// Carries the plan out: erases, programs, reads back and compares, slot by slot. Where the boot loader of a factory image is
    /// written, which nobody signed, `bootLoader` says which one is meant: its SHA-256, or the first 8 digits of it or more.
    ///
    /// @throws Error if it does not.
    #[wasm_bindgen(unchecked_return_type = "Procedure<Flashed>")]
    pub fn flash(
        &self,
        #[wasm_bindgen(js_name = "bootLoader")] boot_loader: Option<String>,
    ) -> Result<Procedure, JsValue> {
        let plan = self.0.clone();
        let flash = plan.clone().flash(&boot_loader.unwrap_or_default());
        let procedure = flash.map_err(|error| js_sys::Error::new(&error.to_string()))?;
        Ok(Procedure::new(procedure, move |done| {
            let object = to_js(&flasher::json::flashed(&done))?;
            with(object, "rows", Done(flasher::record::flashed(&plan, &done)).into())
        }))
    }

    /// Starts what is on the board, which ends DFU.
    #[wasm_bindgen(unchecked_return_type = "Procedure<Ended>")]
    pub fn leave(&self) -> Procedure {
        Procedure::new(self.0.leave(), ended)
    }
}
