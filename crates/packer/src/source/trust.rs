//! The reader's trust set: whose signatures a boot loader takes, out of keys, roles and thresholds.

use image_format::trust::{RoleHead, TrustHead, TrustSet};
use manifest::plan::{Plan, Role, RoleName};
use zerocopy::IntoBytes as _;

use super::{Section, Source, SourceError, Value};
use crate::PublicKey;
use crate::crypto::HostCrypto;

/// The bytes of the trust set (`schema/image-format.md`, "Trust sets"). `public` are the plan's keys in its order.
///
/// # Errors
/// A set that a reader would refuse, such as a key under two names.
pub fn trust_set(plan: &Plan, public: &[PublicKey]) -> Result<Vec<u8>, SourceError> {
    let mut roles: Vec<&Role> = plan.roles.iter().collect();
    roles.sort_by_key(|role| role.name.number());
    let role_count = u8::try_from(roles.len()).ok().filter(|count| *count > 0).ok_or(SourceError::NoRoles)?;
    let head = TrustHead { format: 1.into(), role_count, reserved: 0, epoch: plan.epoch().into() };
    let mut bytes = head.as_bytes().to_vec();
    for role in &roles {
        let keys = keys(plan, public, role);
        let key_count = u8::try_from(keys.len()).unwrap_or(u8::MAX);
        let head = RoleHead { role: role.name.number(), threshold: role.threshold.value, key_count, reserved: 0 };
        bytes.extend(head.as_bytes());
        keys.iter().for_each(|key| bytes.extend(key));
    }
    let set = TrustSet::parse(&bytes).map_err(SourceError::Trust)?;
    for role in roles {
        set.role(role.name, &mut HostCrypto).map_err(SourceError::Trust)?;
    }
    Ok(bytes)
}

/// The keys of a role, in the order that the encoding wants.
fn keys(plan: &Plan, public: &[PublicKey], role: &Role) -> Vec<[u8; 32]> {
    let of_role = plan.keys.iter().zip(public).filter(|(key, _)| role.keys.contains(&key.name.value));
    let mut keys: Vec<[u8; 32]> = of_role.map(|(_, public)| *public.bytes()).collect();
    keys.sort_unstable();
    keys
}

/// The trust set as constants. `command` is what was typed, for the comment.
///
/// # Errors
/// As [`trust_set`].
pub fn trust(plan: &Plan, public: &[PublicKey], command: &str) -> Result<Source, SourceError> {
    let bytes = trust_set(plan, public)?;
    let named = |key: &String| plan.keys.iter().zip(public).find(|(own, _)| own.name.value == *key);
    let mut about =
        vec![format!("Whose signatures a board takes. Made by `{command}`: change the manifest, not this file.")];
    for role in &plan.roles {
        let keys = role.keys.iter().filter_map(named).map(|(key, public)| format!("{} {public}", key.name.value));
        let keys = keys.collect::<Vec<_>>().join(", ");
        about.push(format!("{}: {} of {keys}", role.name.name(), role.threshold.value));
    }
    let mut section = Section::new("Trust set.");
    let hash = TrustSet::parse(&bytes).and_then(|set| set.key_hash(RoleName::Image, &mut HostCrypto));
    section.add("TRUST_SET", "As image-format reads it.", Value::Bytes(bytes));
    // A set for hosts alone has no role image.
    if let Ok(hash) = hash {
        let doc = "Key hash of its role image: what one-time-programmable memory holds in a field of type key-hash.";
        section.add("TRUST_KEY_HASH", doc, Value::Bytes(hash.to_vec()));
    }
    Ok(Source { subject: "trust", about, sections: vec![section], code: String::new() })
}
