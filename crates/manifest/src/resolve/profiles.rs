//! Profiles: each fills in what the manifest leaves open, and overrides nothing.

use geometry::OptionKind;

use super::{Report, device, roles};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Device, OptionValue, Profile, RoleName};
use crate::scalar::Setting;
use crate::source::Spanned;
use crate::spec::{self, Manifest};

/// All profiles, in the file's order.
pub fn resolve(
    spec: &Manifest,
    device: Option<&Device>,
    all: &[roles::Written<'_>],
    report: &mut Report,
) -> Vec<Profile> {
    for name in RoleName::ALL {
        check_role(spec, name, all, report);
    }
    let mut profiles = Vec::new();
    for (name, profile) in spec.profiles.iter().flat_map(|profiles| profiles.value.iter()) {
        let own = all.iter().filter(|role| role.profile.is_some_and(|profile| profile.value == name.value));
        let roles = own.filter_map(|role| roles::resolve(role, all, spec, report)).collect();
        let written = profile.options.iter().flat_map(|options| options.value.iter());
        let options = written.filter_map(|(name, value)| option(spec, device?, name, value, report)).collect();
        profiles.push(Profile { name: name.clone(), roles, options });
    }
    profiles
}

/// A role stands at the top or in every profile.
fn check_role(spec: &Manifest, name: RoleName, all: &[roles::Written<'_>], report: &mut Report) {
    let mut of_profiles = all.iter().filter(|role| role.name == name && role.profile.is_some());
    let top = all.iter().find(|role| role.name == name && role.profile.is_none());
    if let Some(top) = top {
        for role in of_profiles {
            let error = Diagnostic::error(codes::TWICE, format!("`{}` stands at the top too", role.path()));
            let error = error.at(role.table.entry, "a profile overrides nothing").see(top.table.entry, "decided here");
            report.push(error.help(format!("take `{}` away, and give it to every profile", top.path())));
        }
        return;
    }
    let Some(first) = of_profiles.next() else { return };
    for (profile, table) in spec.profiles.iter().flat_map(|profiles| profiles.value.iter()) {
        let is_there =
            |roles: &Spanned<spec::Roles>| roles.each().iter().any(|(n, field)| *n == name && field.is_written);
        let roles = &table.roles;
        if roles.is_written && roles.is_none() || roles.as_ref().is_some_and(is_there) || roles::is_at_top(spec, name) {
            continue;
        }
        let role = name.name();
        let title = format!("profile `{}` does not say whose signatures `roles.{role}` needs", profile.value);
        let error = Diagnostic::error(codes::MISSING_KEY, title).at(profile.entry, format!("no `roles.{role}` here"));
        let error = error.see(first.table.entry, "what one profile decides, every profile decides");
        report.push(
            error.help(format!("[profiles.{}.roles.{role}]; or one [roles.{role}] for all profiles", profile.value)),
        );
    }
}

/// An option byte that a profile may decide: no address depends on it.
fn option(
    spec: &Manifest,
    device: &Device,
    name: &Spanned<String>,
    value: &Spanned<u32>,
    report: &mut Report,
) -> Option<OptionValue> {
    let refused = match device.part.option(name) {
        Some(option) if matches!(option.kind, OptionKind::BootAddress { .. }) => {
            Some((codes::BOOT_ADDRESS, "what reset starts is the same in every profile"))
        }
        Some(option) if option.selects.is_some() || option.kind == OptionKind::SecureStart => {
            Some((codes::MODE, "addresses would depend on the profile"))
        }
        _ => None,
    };
    if let Some((code, why)) = refused {
        let error = Diagnostic::error(code, format!("`{}` is not a profile's to decide", name.value));
        report.push(error.at(name.entry, why).help(format!("decide it once, in device.options.{}", name.value)));
        return None;
    }
    let at_top = spec.device.iter().filter_map(|device| device.options.as_ref());
    if let Some(first) = at_top.flat_map(|options| options.value.names()).find(|known| known.value == name.value) {
        let error = Diagnostic::error(codes::TWICE, format!("`{}` stands in `device.options` too", name.value));
        report.push(error.at(name.entry, "a profile overrides nothing").see(first.entry, "decided here"));
        return None;
    }
    device::option(&device.part, name, &value.with(Setting::Number(value.value)), report)
}
