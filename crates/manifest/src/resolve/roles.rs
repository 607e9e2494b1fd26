//! Whose signatures what needs.

use geometry::sort::sort_by_key;
use image_format::{MAX_KEYS, SIGNATURE_PLACES};

use super::{Report, declared, refers_to};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Role, RoleName};
use crate::source::{Origin, Resolved, Spanned};
use crate::spec::{self, Manifest};

/// A role as it stands in the file.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    /// The profile that it is of; `None`: it stands at the top.
    pub profile: Option<&'a Spanned<String>>,
    /// What is signed.
    pub name: RoleName,
    /// Its table.
    pub table: &'a Spanned<spec::Role>,
}

impl Written<'_> {
    /// `profiles.bench.roles.image`.
    pub fn path(&self) -> String {
        let profile = self.profile.map_or(String::new(), |profile| format!("profiles.{}.", profile.value));
        format!("{profile}roles.{}", self.name.name())
    }
}

/// All roles of the file, those at the top first.
pub fn written(spec: &Manifest) -> Vec<Written<'_>> {
    let mut tables = Vec::new();
    tables.extend(spec.roles.as_ref().map(|roles| (None, &roles.value)));
    for (name, profile) in spec.profiles.iter().flat_map(|profiles| profiles.value.iter()) {
        tables.extend(profile.roles.as_ref().map(|roles| (Some(name), &roles.value)));
    }
    let mut written = Vec::new();
    for (profile, roles) in tables {
        let each = roles.each().into_iter().filter_map(|(name, field)| Some((name, field.as_ref()?)));
        written.extend(each.map(|(name, table)| Written { profile, name, table }));
    }
    written
}

/// The roles at the top; and those that nobody writes where there is one key, which then has them all.
pub fn top(spec: &Manifest, all: &[Written<'_>], report: &mut Report) -> Vec<Role> {
    let of_top = all.iter().filter(|role| role.profile.is_none());
    let mut roles: Vec<Role> = of_top.filter_map(|role| resolve(role, all, spec, report)).collect();
    let keys = declared(&spec.keys);
    let is_written = |name: RoleName| is_at_top(spec, name) || all.iter().any(|role| role.name == name);
    let open = RoleName::ALL.into_iter().filter(|name| !is_written(*name));
    match keys.as_slice() {
        // Whoever signs trust sets decides who signs everything else: that is written.
        [only] => roles.extend(open.filter(|name| *name != RoleName::Root).map(|name| Role {
            name,
            keys: Resolved { value: vec![only.value.clone()], origin: Origin::Default("the only key") },
            threshold: Resolved { value: 1, origin: Origin::Default("the only key") },
            span: None,
        })),
        [_, second, ..] if !is_written(RoleName::Image) && !spec.is_otp_alone() => {
            let error = Diagnostic::error(codes::MISSING_KEY, "with several keys, `roles.image` says who signs images");
            let names: Vec<String> = keys.iter().map(|key| format!("\"{}\"", key.value)).collect();
            let error = error.at(second.entry, "not the only key");
            let error = error
                .help(format!("[roles.image] with keys = [{}] or some of them, and `threshold`", names.join(", ")));
            report.push(error.help(
                "likewise [roles.release] and [roles.layout]: without them there is no release and no layout.bin",
            ));
        }
        _ => {}
    }
    sort_by_key(&mut roles, |role| role.name);
    roles
}

/// Whether a role stands at the top, be it right or wrong.
pub fn is_at_top(spec: &Manifest, name: RoleName) -> bool {
    spec.roles.iter().flat_map(|roles| roles.each()).any(|(known, field)| known == name && field.is_written)
}

/// What a role means.
pub fn resolve(role: &Written<'_>, all: &[Written<'_>], spec: &Manifest, report: &mut Report) -> Option<Role> {
    let list = role.table.keys.as_ref()?;
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
    Some(Role {
        name: role.name,
        keys: Resolved { value: names(role.table), origin: Origin::File(list.span) },
        threshold: threshold(role, all, keys.len(), report)?,
        span: Some(role.table.entry),
    })
}

fn names(role: &spec::Role) -> Vec<String> {
    role.keys.iter().flat_map(|keys| &keys.value.0).map(|key| key.value.clone()).collect()
}

/// How many of so many keys must sign.
fn threshold(role: &Written<'_>, all: &[Written<'_>], keys: usize, report: &mut Report) -> Option<Resolved<u8>> {
    let table = role.table;
    let Some(threshold) = *table.threshold else {
        if table.threshold.is_written {
            return None;
        }
        if keys == 1 {
            return Some(Resolved { value: 1, origin: Origin::Default("one key") });
        }
        report.push(undecided(role, all, keys));
        return None;
    };
    let most = keys.min(SIGNATURE_PLACES);
    let fits = u8::try_from(threshold.value).ok().filter(|value| (1..=most).contains(&usize::from(*value)));
    if fits.is_none() {
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("`threshold` must be from 1 to {most}"));
        let text = format!("keys in the role: {keys}; signature places: {SIGNATURE_PLACES}");
        report.push(error.at(threshold.span, text));
    }
    fits.map(|value| Resolved { value, origin: Origin::File(threshold.span) })
}

/// Several keys, and nothing says how many of them.
fn undecided(role: &Written<'_>, all: &[Written<'_>], keys: usize) -> Diagnostic {
    let (count, question, alone) = match keys {
        2 => ("two".to_owned(), "one of two, or both?".to_owned(), "either"),
        _ => (keys.to_string(), format!("how many of the {keys}?"), "each of them"),
    };
    let error = Diagnostic::error(codes::MISSING_KEY, format!("{count} keys and no `threshold`"));
    let mut error = error.at(role.table.entry, format!("{question} It has no default"));
    if let Some(list) = role.table.keys.as_ref() {
        error = error.see(list.span, format!("with 1, {alone} could sign without the other{}", plural(keys)));
    }
    let same = all.iter().find(|other| names(other.table) == names(role.table) && other.table.threshold.is_some());
    match same.and_then(|other| Some((other.path(), (*other.table.threshold)?.value))) {
        Some((path, value)) => error.help(format!("threshold = {value}, as {path} has")),
        None => error.help(format!("threshold = {}: all must sign; or fewer", keys.min(SIGNATURE_PLACES))),
    }
}

fn plural(keys: usize) -> &'static str {
    if keys == 2 { "" } else { "s" }
}
