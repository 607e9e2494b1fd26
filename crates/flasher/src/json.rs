//! What is found and done, for programs: the command's results and the page's are the same.

use geometry::Sector;
use report::json;
use report::text::hex;
use serde_json::Value;

use crate::burn::Burnt;
use crate::connected::{Connected, Options};
use crate::effect::Progress;
use crate::fit::Comparison;
use crate::flash::Flashed;
use crate::flash_plan::FlashPlan;
use crate::slot_plan::{Content, Piece, SlotPlan};
use crate::state::SlotState;
use crate::trouble::Trouble;

/// A device.
pub fn connected(device: &Connected) -> Value {
    let alternates: Vec<Value> = device
        .alternates
        .iter()
        .map(
            |one| json!({ "number": one.number, "name": one.name.trim_end_matches('\0'), "layout": one.map.is_some() }),
        )
        .collect();
    let options = match &device.options {
        Options::Absent => Value::Null,
        Options::Unread(why) => json!({ "unread": why.to_string() }),
        Options::Read { address, bytes } => json!({ "address": address, "bytes": hex(bytes) }),
    };
    json!({
        "vendor": device.vendor, "product": device.product, "serial": device.serial,
        "transfer_size": device.transfer_size, "alternates": alternates, "option_bytes": options,
        "read_protected": device.read_protected,
    })
}

/// A device against a plan.
pub fn comparison(found: &Comparison) -> Value {
    let findings = found.findings.iter().map(|finding| {
        json!({
            "matter": finding.matter.word(), "outcome": finding.outcome.word().to_ascii_lowercase(), "text": finding.text,
            "advice": finding.advice,
        })
    });
    json!({ "right": found.is_right(), "findings": findings.collect::<Vec<_>>() })
}

/// What is to be done to the flash.
pub fn flash_plan(plan: &FlashPlan) -> Value {
    let sector = |sector: &Sector| json!({ "sector": sector.number, "address": sector.address, "size": sector.size });
    let slot = |slot: &SlotPlan| {
        let piece = |piece: &Piece| json!({ "address": piece.address, "size": piece.bytes.len() });
        let (image, version, id) = match &slot.content {
            Content::Image { name, version, id } => (Some(name), Some(version), Some(hex(id))),
            Content::BootLoader => (None, None, None),
        };
        json!({
            "slot": slot.slot, "image": image, "version": version, "sha256": hex(&slot.digest), "image_id": id,
            "erase": slot.erase.iter().map(sector).collect::<Vec<_>>(),
            "program": slot.program.iter().map(piece).collect::<Vec<_>>(),
            "kept": slot.kept.iter().map(sector).collect::<Vec<_>>(),
        })
    };
    json!({
        "slots": plan.slots.iter().map(slot).collect::<Vec<_>>(), "left_out": plan.left_out, "notes": plan.notes,
        "untouched": plan.untouched, "boot_loader": plan.boot_loader(),
    })
}

/// What came of flashing.
pub fn flashed(done: &Flashed) -> Value {
    let slot = |slot: &SlotState| {
        json!({
            "slot": slot.slot, "holds": slot.holds.name(), "erased": slot.erased, "doubtful": slot.doubtful,
            "programmed": slot.programmed, "planned": slot.planned,
        })
    };
    json!({
        "done": done.trouble.is_none(), "slots": done.state.slots.iter().map(slot).collect::<Vec<_>>(),
        "state": done.state.sentences, "advice": done.state.advice, "trouble": done.trouble.as_ref().map(trouble),
    })
}

/// What came of burning, or of locking.
pub fn burnt(done: &Burnt) -> Value {
    json!({
        "board": done.target().board, "stage": done.target().stage, "lock": done.is_lock,
        "done": done.trouble.is_none(), "changed": done.is_changed, "state": done.sentences(), "notes": done.notes,
        "trouble": done.trouble.as_ref().map(trouble),
    })
}

/// Why something ended early.
pub fn trouble(trouble: &Trouble) -> Value {
    json!({ "name": trouble.name(), "text": trouble.to_string(), "advice": trouble.advice() })
}

/// How far something is.
pub fn progress(progress: &Progress) -> Value {
    let Progress { stage, done, total, range } = progress;
    json!({
        "stage": stage.words(), "changes": stage.changes(), "done": done, "total": total, "address": range.start,
        "size": range.len(),
    })
}
