//! Burning a board's one-time-programmable memory, and locking it.

use flasher::{BurnPlan as Planned, Burnt, NotConfirmed, Target};
use report::Report;
use report::exit::{Exit, Failure};
use report::otp::{plan::to_json, records, stage};
use wasm_bindgen::prelude::*;

use super::answer::{answer, to_js};
use super::artefact::judged;
use super::board::{Fit, trouble};
use super::files::Files;
use super::otp::Job;
use super::procedure::Procedure;
use super::record::Done;
use crate::argument::Argument;
use crate::object::{bytes, object, with};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("burn.ts");

/// What one board is to hold after one stage. Only {@link otpTarget} and {@link otpTargetOfBlob} make one.
#[wasm_bindgen]
pub struct OtpTarget(Target);

/// What was read of a board's one-time-programmable memory. Only the procedure of {@link readOtp} makes one.
#[wasm_bindgen]
pub struct OtpRead(flasher::OtpRead);

/// What is left to be burnt, and what may be locked. Only {@link planBurn} and a burning make one.
#[wasm_bindgen]
pub struct BurnPlan(Planned);

/// What a board of the records is to hold after a stage.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "otpTarget", unchecked_return_type = "Answer<never> & { target: OtpTarget | null }")]
pub fn otp_target(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RecordFile")] records: JsValue,
    #[wasm_bindgen(unchecked_param_type = "{ board: string; stage?: string }")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let job = Job::of(manifest, records)?;
    let options = Argument::new("options", options);
    let board = options.property("board")?.string()?;
    let wanted = options.optional("stage")?.map(|stage| stage.string()).transpose()?;
    let mut target = None;
    let found = job.with_otp(|plan, otp| {
        let stage = stage(otp, wanted.as_deref())?;
        let boards = job.boards(plan, otp)?.map_err(|findings| records::wrong(&job.name, &findings))?;
        let board = boards.iter().find(|own| own.name == board);
        let board = board.ok_or_else(|| Failure::new(Exit::Refused, format!("{} has no such board", job.name)))?;
        let made = Target::of_board(plan, board, &stage.name);
        target = Some(OtpTarget(made.map_err(|error| Failure::new(Exit::Refused, error.to_string()))?));
        Ok(Report::done(String::new()))
    });
    with(answer("otp", found)?, "target", target.map_or(JsValue::NULL, JsValue::from))
}

/// What a sealed blob says a board is to hold, judged as {@link verifyFile} does with a manifest. With `trust` or `keys` beside the
/// manifest, their signatures count in place of those of the manifest's keys.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "otpTargetOfBlob", unchecked_return_type = "Answer<Verified> & { target: OtpTarget | null }")]
pub fn otp_target_of_blob(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] blob: JsValue,
    #[wasm_bindgen(unchecked_param_type = "VerifyOptions")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let mut target = None;
    let answer = judged("otp", blob, options, |question, blob| match Target::of_blob(question, &blob) {
        Ok((accepted, report)) => {
            target = Some(OtpTarget(accepted));
            Ok(report)
        }
        Err(stopped) => stopped.into_result(),
    })?;
    with(answer, "target", target.map_or(JsValue::NULL, JsValue::from))
}

#[wasm_bindgen]
impl OtpTarget {
    /// The board's name, which has to be typed before anything is burnt.
    #[wasm_bindgen(getter)]
    pub fn board(&self) -> String {
        self.0.board.clone()
    }

    /// The stage of the line.
    #[wasm_bindgen(getter)]
    pub fn stage(&self) -> String {
        self.0.stage.clone()
    }
}

/// Reads all of a board's one-time-programmable memory. Changes nothing. `undefined`: the board was compared for something else, or
/// the manifest describes no such memory.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "readOtp", unchecked_return_type = "Procedure<OtpReading> | undefined")]
pub fn read_otp(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
    fit: &Fit,
) -> Result<Option<Procedure>, JsValue> {
    let files = Files::of(&Argument::new("manifest", manifest))?;
    let Some(plan) = files.loaded().ok().and_then(|loaded| loaded.plan.as_ref()) else { return Ok(None) };
    let reading = flasher::read_otp(plan, fit.inner());
    Ok(reading.map(|procedure| {
        Procedure::new(procedure, |read| match read {
            Ok(read) => {
                let notes: js_sys::Array = read.notes.iter().map(|note| JsValue::from(note.as_str())).collect();
                let locks = read.memory().locks.as_deref().map_or(JsValue::NULL, bytes);
                let data = bytes(&read.memory().data);
                object(&[("notes", notes.into()), ("data", data), ("locks", locks), ("read", OtpRead(read).into())])
            }
            Err(error) => trouble(&error),
        })
    }))
}

/// What is left to burn for a board, byte by byte, and whether it may be locked.
#[wasm_bindgen(js_name = "planBurn")]
pub fn plan_burn(target: &OtpTarget, read: &OtpRead) -> BurnPlan {
    BurnPlan(Planned::new(target.0.clone(), read.0.clone()))
}

#[wasm_bindgen]
impl BurnPlan {
    /// The plan, as {@link otpPlan} has it.
    #[wasm_bindgen(getter, unchecked_return_type = "OtpPlan")]
    pub fn planned(&self) -> Result<JsValue, JsValue> {
        let target = self.0.target();
        to_js(&to_json(target.otp(), target.values(), self.0.plan(), None))
    }

    /// Burns it, if the board's name was typed and nothing stands against it: reads again, compares with what was planned on, burns,
    /// reads back. Locks nothing.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub fn burn(&self, typed: &str) -> Result<JsValue, JsValue> {
        confirmed(self.0.clone().confirm(typed).map(|plan| Procedure::new(plan.burn(), burnt)))
    }

    /// What {@link BurnPlan.lock} would lock, or why it would not.
    #[wasm_bindgen(unchecked_return_type = "Lockable")]
    pub fn lockable(&self) -> Result<JsValue, JsValue> {
        match self.0.locks() {
            Ok(plan) => {
                let blocks: js_sys::Array = plan.blocks.iter().map(|block| JsValue::from(*block)).collect();
                object(&[("blocks", blocks.into())])
            }
            Err(why) => object(&[("why", why.to_string().into())]),
        }
    }

    /// Locks the blocks of the stage for ever, if everything was read back to be there and the board's name was typed again.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub fn lock(&self, typed: &str) -> Result<JsValue, JsValue> {
        let plan = self.0.locks().and_then(|plan| plan.confirm(typed));
        confirmed(plan.map(|plan| Procedure::new(plan.lock(), burnt)))
    }
}

fn confirmed(procedure: Result<Procedure, NotConfirmed>) -> Result<JsValue, JsValue> {
    match procedure {
        Ok(procedure) => object(&[("procedure", procedure.into())]),
        Err(why) => object(&[("why", why.to_string().into())]),
    }
}

fn burnt(done: Burnt) -> Result<JsValue, JsValue> {
    let object = to_js(&flasher::json::burnt(&done))?;
    let object = with(object, "rows", Done(flasher::record::burnt(&done)).into())?;
    with(object, "rest", done.rest().map(BurnPlan).map_or(JsValue::NULL, JsValue::from))
}
