//! The values of a plan that nobody wrote, and where they come from.

use geometry::{Region, bytes};

use crate::plan::{Loader, OptionValue, Plan, Strategy, Word};
use crate::source::{Origin, Resolved};

/// A value that nobody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Default {
    /// Its path in the manifest: `images.app.type`.
    pub key: String,
    /// The value, as the manifest would have it.
    pub value: String,
    /// Where it comes from.
    pub reason: String,
}

/// All values that nobody wrote: images, roles, update, slots, option bytes.
pub fn list(plan: &Plan) -> Vec<Default> {
    let mut defaults = Vec::new();
    if plan.product.revisions.is_empty() {
        let reason = "no `revisions`: the board's revision is not compared";
        defaults.push(Default { key: "product.revisions".into(), value: "any".into(), reason: reason.into() });
    }
    for image in &plan.images {
        let key = |name: &str| format!("images.{}.{name}", image.name.value);
        add(&mut defaults, key("type"), &image.kind, |kind| word(*kind));
        add(&mut defaults, key("strategy"), &image.strategy, |strategy| word(*strategy));
        add(&mut defaults, key("security-counter"), &image.security_counter, u32::to_string);
    }
    for role in &plan.roles {
        let profile = plan.profile.as_ref().filter(|_| plan.is_of_profile(role.name));
        let profile = profile.map_or(String::new(), |profile| format!("profiles.{profile}."));
        let path = |key: &str| format!("{profile}roles.{}.{key}", role.name.name());
        add(&mut defaults, path("keys"), &role.keys, |keys| format!("{keys:?}"));
        add(&mut defaults, path("threshold"), &role.threshold, u8::to_string);
    }
    for key in &plan.keys {
        add(&mut defaults, format!("keys.{}.epoch", key.name.value), &key.epoch, u32::to_string);
        add(&mut defaults, format!("keys.{}.signer", key.name.value), &key.signer, |signer| word(*signer));
    }
    if plan.boot.loader.value != Loader::None && plan.images.iter().any(|image| image.strategy.value != Strategy::Fixed)
    {
        add(&mut defaults, "update.tries".into(), &plan.update.tries, u8::to_string);
        add(&mut defaults, "update.revert".into(), &plan.update.revert, |revert| word(*revert));
        add(&mut defaults, "update.largest-counter-step".into(), &plan.update.largest_counter_step, u32::to_string);
    }
    if plan.images.len() > 1 {
        add(&mut defaults, "update.commit".into(), &plan.update.commit, |commit| word(*commit));
    }
    if let (None, Some(label)) = (&plan.release.label, plan.release_label()) {
        let reason = "class and version of the lead".to_owned();
        defaults.push(Default { key: "release.label".into(), value: format!("\"{label}\""), reason });
    }
    for slot in &plan.slots {
        let key = |name: &str| format!("slots.{}.{name}", slot.name.value);
        if let Some(header) = &slot.header {
            let end = if plan.boot.loader.value == Loader::None { ", at the slot's end" } else { "" };
            add(&mut defaults, key("header"), header, |header| bytes(*header) + end);
        }
    }
    defaults
        .extend(plan.option_bytes.iter().filter(|option| option.span.is_none()).map(|option| protection(plan, option)));
    defaults
}

fn add<T>(defaults: &mut Vec<Default>, key: String, value: &Resolved<T>, show: impl Fn(&T) -> String) {
    if let Origin::Default(reason) = value.origin {
        defaults.push(Default { key, value: show(&value.value), reason: reason.into() });
    }
}

fn word(choice: impl Word) -> String {
    format!("\"{}\"", choice.word())
}

/// Write protection: which bits are 0, and who asked for it.
fn protection(plan: &Plan, option: &OptionValue) -> Default {
    let protected = plan.slots.iter().filter(|slot| slot.write_protect.value);
    let is_its = |region: &Region| {
        region.write_protection.as_ref().is_some_and(|found| found.option == option.name)
            || region.page_protection.as_ref().is_some_and(|found| found.options.contains(&option.name))
    };
    let slots: Vec<String> =
        protected.filter(|slot| is_its(&slot.extent.region)).map(|slot| format!("slots.{}", slot.name.value)).collect();
    let mode = plan.device.mode.selectors.iter().map(|(name, value)| format!(", {name} = {value}"));
    let reason = format!("from {}{}", slots.join(", "), mode.collect::<String>());
    let mut protections = plan.device.mode.regions.iter().filter_map(|region| region.write_protection.as_ref());
    let value = match protections.find(|protection| protection.option == option.name) {
        Some(protection) => runs(option, protection.bits),
        None => format!("{} = {}", option.name, option.text),
    };
    Default { key: "write protection".into(), value, reason }
}

/// A field's bits in runs of equal value, lowest first: `nWRP[0] = 0, nWRP[11:1] = 1`.
fn runs(option: &OptionValue, width: u32) -> String {
    let bit = |index: u32| option.value >> index & 1;
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for index in 0..width {
        match runs.last_mut() {
            Some((first, last)) if bit(*first) == bit(index) => *last = index,
            _ => runs.push((index, index)),
        }
    }
    let show = |(first, last): (u32, u32)| {
        let bits = if first == last { first.to_string() } else { format!("{last}:{first}") };
        format!("{}[{bits}] = {}", option.name, bit(first))
    };
    runs.into_iter().map(show).collect::<Vec<_>>().join(", ")
}
