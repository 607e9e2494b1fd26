//! Keys, and who may sign images.

use image_format::{MAX_KEYS, SIGNATURE_PLACES};

use super::{Report, declared, refers_to};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Key, Role, Signer};
use crate::source::{Origin, Resolved, Spanned};
use crate::spec::{self, Manifest};

/// All keys.
pub fn keys(spec: &Manifest, report: &mut Report) -> Option<Vec<Key>> {
    let table = spec.keys.as_ref()?;
    if table.names().next().is_none() {
        let error = Diagnostic::error(codes::MISSING_KEY, "a manifest needs a key");
        report.push(error.at(table.entry, "no key here"));
    }
    let mut keys: Vec<Key> = Vec::new();
    for (name, key) in table.iter() {
        let Some(public) = key.public.as_ref().map(Spanned::text) else { continue };
        if let Some(first) = keys.iter().find(|first| first.public.value == public.value) {
            let error =
                Diagnostic::error(codes::TWICE, format!("`{}` and `{}` are one key", first.name.value, name.value));
            report.push(error.at(public.span, "the same file").see(first.public.span, "first here"));
        }
        keys.push(Key { name: name.clone(), public, signer: Resolved::new(*key.signer, Signer::File, "default") });
    }
    Some(keys)
}

/// Whose signatures an image needs: the role, or the only key there is.
pub fn image_role(spec: &Manifest, report: &mut Report) -> Option<Role> {
    let keys = spec.keys.as_ref()?;
    if let Some(role) = spec.roles.as_ref().and_then(|roles| roles.image.as_ref()) {
        return written_role(role, spec, report);
    }
    let names: Vec<_> = keys.names().collect();
    let [only] = names.as_slice() else {
        if let [_, second, ..] = names.as_slice() {
            let error = Diagnostic::error(codes::MISSING_KEY, "with several keys, `roles.image` says who signs images");
            report.push(error.at(second.entry, "not the only key"));
        }
        return None;
    };
    Some(Role {
        keys: Resolved { value: vec![only.value.clone()], origin: Origin::Default("the only key") },
        threshold: Resolved { value: 1, origin: Origin::Default("the only key") },
    })
}

fn written_role(role: &Spanned<spec::Role>, spec: &Manifest, report: &mut Report) -> Option<Role> {
    let list = role.keys.as_ref()?;
    let keys = &list.value.0;
    for (index, key) in keys.iter().enumerate() {
        refers_to("key", key, &key.value, &declared(&spec.keys), report);
        if let Some(first) = keys.iter().take(index).find(|first| first.value == key.value) {
            let error = Diagnostic::error(codes::TWICE, format!("key `{}` is listed twice in a role", key.value));
            report.push(error.at(key.span, "it counts once").see(first.span, "first here"));
        }
    }
    if keys.is_empty() || keys.len() > MAX_KEYS {
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("a role has 1 to {MAX_KEYS} keys"));
        report.push(error.at(list.span, format!("these are {}", keys.len())));
        return None;
    }
    let names = keys.iter().map(|key| key.value.clone()).collect();
    Some(Role {
        keys: Resolved { value: names, origin: Origin::File(list.span) },
        threshold: threshold(role, keys.len(), report)?,
    })
}

/// How many of so many keys must sign.
fn threshold(role: &Spanned<spec::Role>, keys: usize, report: &mut Report) -> Option<Resolved<u8>> {
    let Some(threshold) = *role.threshold else {
        if role.threshold.is_written {
            return None;
        }
        if keys == 1 {
            return Some(Resolved { value: 1, origin: Origin::Default("one key") });
        }
        let error = Diagnostic::error(codes::MISSING_KEY, "`threshold` is required with several keys");
        report.push(error.at(role.entry, format!("how many of the {keys} must sign?")));
        return None;
    };
    let most = keys.min(SIGNATURE_PLACES);
    let fits = u8::try_from(threshold.value).ok().filter(|value| (1..=most).contains(&usize::from(*value)));
    if fits.is_none() {
        let title = format!("`threshold` must be from 1 to {most}");
        let error = Diagnostic::error(codes::WRONG_VALUE, title);
        report
            .push(error.at(threshold.span, format!("keys in the role: {keys}; signature places: {SIGNATURE_PLACES}")));
    }
    fits.map(|value| Resolved { value, origin: Origin::File(threshold.span) })
}
