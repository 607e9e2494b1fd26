//! What a trust set says. It is not sealed: whoever embeds it, or compares its hash, has judged it.

use std::fmt::Write as _;

use image_format::trust::{Role, TrustSet};
use image_format::{KeyId, SoftwareCrypto};
use packer::PublicKey;
use serde_json::Value;

use crate::exit::Exit;
use crate::findings::Report;
use crate::inspect::name_of;
use crate::text::{hex, thousands};
use crate::{json, refusal};

/// The report on a trust set; `None` for any other file.
pub fn report(name: &str, file: &[u8], names: &[(KeyId, String)]) -> Option<Report> {
    let set = TrustSet::parse(file).ok()?;
    let size = thousands(file.len() as u64);
    let mut text = format!("{name}: {size} bytes; a trust set of epoch {}, which nobody signs\n", set.epoch());
    let (mut roles, mut problems) = (Vec::new(), Vec::new());
    for role in Role::ALL {
        // That the set has no such role is no problem.
        let Ok(hash) = set.key_hash(role, &mut SoftwareCrypto) else { continue };
        match set.role(role, &mut SoftwareCrypto) {
            Ok(trust) => {
                let (threshold, count) = (trust.threshold(), trust.keys().len());
                let _ = writeln!(text, "role {}, {threshold} of {count}, key hash {}", role.name(), hex(&hash));
                let mut keys = Vec::new();
                for key in trust.keys() {
                    let id = PublicKey::from_bytes(*key).id();
                    let known = name_of(&id, names);
                    let _ = writeln!(text, "  {}  {}", hex(&id), known.unwrap_or("(no name known)"));
                    keys.push(json!({ "key_id": hex(&id), "name": known }));
                }
                roles
                    .push(json!({ "role": role.name(), "threshold": threshold, "key_hash": hex(&hash), "keys": keys }));
            }
            Err(error) => {
                let _ = write!(text, "wrong: role {}: {}", role.name(), refusal::describe(&error, file));
                problems.push(refusal::to_json(&error, file));
            }
        }
    }
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Refused };
    let nothing: [Value; 0] = [];
    let result = json!({
        "authenticated": false,
        "size": file.len(),
        "header": json!({}),
        "kind": "trust set",
        "id": Value::Null,
        "image_id": Value::Null,
        "contents": json!({ "epoch": set.epoch(), "roles": roles }),
        "signatures": nothing,
        "revisions": Value::Null,
        "companions": nothing,
        "areas": nothing,
        "problems": problems,
    });
    Some(Report { exit, result: Some(result), ..Report::done(text) })
}
