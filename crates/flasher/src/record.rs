//! What was done to a board, as rows of a [`Record`], which a ledger takes in later.

use image_format::{SoftwareCrypto, sha256};
use ledger::{Record, State, Who};
use provision::Verdict;
use report::json;
use report::text::hex;
use serde_json::{Map, Value};

use crate::burn::Burnt;
use crate::flash::Flashed;
use crate::flash_plan::FlashPlan;
use crate::otp_plan::Target;
use crate::slot_plan::{Content, SlotPlan};
use crate::state::{Holds, SlotState};

/// A row: what the board became, and what belongs to it.
pub type Row = (State, Map<String, Value>);

/// The row that a burning of all data will be, to ask a ledger before.
pub fn intended(target: &Target) -> Row {
    (State::Written, about(target))
}

/// The rows of a burning, or of a locking. None if nothing was sent to the board.
pub fn burnt(done: &Burnt) -> Vec<Row> {
    if !done.is_changed {
        return Vec::new();
    }
    let mut detail = about(done.target());
    if let Some(trouble) = &done.trouble {
        detail.insert("note".to_owned(), json!(trouble.to_string()));
    }
    let (Some(read), Some(rest)) = (done.read_back(), done.rest()) else { return vec![(State::Written, detail)] };
    if !done.target().has_secrets {
        detail.insert("readback".to_owned(), json!(hex(&sha256(&mut SoftwareCrypto, &read.data))));
    }
    if done.is_lock {
        let locked = done.trouble.is_none() && rest.plan().is_done();
        return vec![(if locked { State::Locked } else { State::Verified }, detail)];
    }
    let mut rows = vec![(State::Written, detail.clone())];
    if done.trouble.is_none() && rest.plan().verdict() == Verdict::Same {
        rows.push((State::Verified, detail));
    }
    rows
}

/// What a ledger compares with what it issued. Of a board with secrets nothing that they could be guessed by.
fn about(target: &Target) -> Map<String, Value> {
    let Target { otp, stage, contents, blob, has_secrets, .. } = target;
    let mut detail = Map::new();
    detail.insert("layout".to_owned(), json!(hex(&otp.fingerprint)));
    detail.insert("stage".to_owned(), json!(stage));
    if !has_secrets {
        let data: Vec<u8> = contents.segments.iter().flat_map(|segment| contents.segment(segment).to_vec()).collect();
        detail.insert("data".to_owned(), json!({ "sha256": hex(&sha256(&mut SoftwareCrypto, &data)) }));
        if let Some(blob) = blob {
            detail.insert("blob".to_owned(), json!(hex(blob)));
        }
    }
    detail
}

/// The rows of a flashing. None if nothing was changed. They have no stage: a ledger keeps them, and compares nothing.
pub fn flashed(plan: &FlashPlan, done: &Flashed) -> Vec<Row> {
    if done.state.slots.iter().all(|slot| slot.holds == Holds::Before) {
        return Vec::new();
    }
    let slot = |(plan, state): (&SlotPlan, &SlotState)| match &plan.content {
        Content::Image { name, version, id } => json!({
            "slot": plan.slot, "image": name, "version": version, "image_id": hex(id), "holds": state.holds.name(),
        }),
        Content::BootLoader => json!({ "slot": plan.slot, "sha256": hex(&plan.digest), "holds": state.holds.name() }),
    };
    let mut detail = Map::new();
    detail.insert("flash".to_owned(), plan.slots.iter().zip(&done.state.slots).map(slot).collect());
    if let Some(trouble) = &done.trouble {
        detail.insert("note".to_owned(), json!(trouble.to_string()));
        return vec![(State::Written, detail)];
    }
    vec![(State::Written, detail.clone()), (State::Verified, detail)]
}

/// Adds rows of a board to a record.
///
/// # Errors
/// A row that a record does not take.
pub fn add(record: &mut Record, board: &str, rows: &[Row], who: &Who) -> Result<(), ledger::Error> {
    rows.iter().try_for_each(|(state, detail)| record.add(board, *state, detail, who).map(drop))
}
