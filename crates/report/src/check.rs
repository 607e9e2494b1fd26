//! What is known of a manifest that was checked.

use manifest::Plan;
use manifest::defaults::{self, Default};
use manifest::notes;
use serde_json::Value;

use crate::json;
use crate::loaded::Loaded;

/// The file for an image in a slot.
#[derive(Clone, Debug)]
pub struct Input {
    /// The image.
    pub image: String,
    /// The slot.
    pub slot: String,
    /// The file; `None` if nothing names one.
    pub file: Option<String>,
    /// Whether it was there, and so judged.
    pub judged: bool,
}

/// For programs.
pub fn to_json(manifest: &Loaded, plan: &Plan, inputs: &[Input]) -> Value {
    let input = |Input { image, slot, file, judged }: &Input| json!({ "image": image, "slot": slot, "file": file, "judged": judged });
    let default = |default: &Default| json!({ "key": default.key, "value": default.value, "reason": default.reason });
    json!({
        "notes": notes::list(plan),
        "inputs": inputs.iter().map(input).collect::<Vec<_>>(),
        "defaults": defaults::list(plan).iter().map(default).collect::<Vec<_>>(),
        "profile": manifest.profile,
        "profiles": manifest.profiles,
        "allowed": json::allowed(&manifest.sources, &manifest.allowed),
    })
}
