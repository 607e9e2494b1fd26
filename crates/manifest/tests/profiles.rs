//! What profiles fill in, and whose signatures what needs.

#![allow(clippy::unwrap_used)]

use manifest::plan::{Plan, Role, RoleName};
use manifest::{Source, check, defaults};

const PROFILES: &str = include_str!("../../../tests/manifests/good_profiles.toml");
const MINIMAL: &str = include_str!("../../../tests/manifests/good_minimal.toml");

fn plan(text: &str) -> Plan {
    let checked = check(&Source { name: "m.toml".into(), text: text.into() });
    assert_eq!(checked.diagnostics, []);
    checked.plan.unwrap()
}

/// Role, keys and threshold.
fn shown(role: &Role) -> (&'static str, Vec<&str>, u8) {
    (role.name.name(), role.keys.iter().map(String::as_str).collect(), role.threshold.value)
}

#[test]
fn a_profile_fills_in_roles_and_option_bytes() {
    let open = plan(PROFILES);
    assert_eq!(open.roles.iter().map(shown).collect::<Vec<_>>(), [("otp", vec!["hsm"], 1)]);
    let options = |plan: &Plan| plan.option_bytes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(options(&open), "nDBANK=0 nDBOOT=1 BOOT_ADD0=0x2000");
    let bench = open.clone().choose("bench").unwrap();
    assert_eq!(
        bench.roles.iter().map(shown).collect::<Vec<_>>(),
        [("image", vec!["bench"], 1), ("otp", vec!["hsm"], 1)]
    );
    assert_eq!(options(&bench), "nDBANK=0 nDBOOT=1 BOOT_ADD0=0x2000 RDP=level 0");
    let production = open.clone().choose("production").unwrap();
    assert_eq!(shown(production.role(RoleName::Image).unwrap()), ("image", vec!["ci", "hsm"], 2));
    assert_eq!(options(&production), "nDBANK=0 nDBOOT=1 BOOT_ADD0=0x2000 RDP=level 1");
    assert_eq!((bench.epoch(), production.epoch()), (0, 1));
    assert!(open.choose("prod").is_none());
    // Nothing that is stored on a device depends on the profile.
    assert_eq!(bench.images, production.images);
    let written = defaults::list(&bench).into_iter().map(|default| default.key);
    assert!(written.into_iter().any(|key| key == "profiles.bench.roles.image.threshold"));
}

#[test]
fn an_open_role_is_told_which_profiles_there_are() {
    let open = plan(PROFILES);
    let told = open.required_role(RoleName::Image).unwrap_err();
    assert_eq!(told.code, "WX0011");
    let marked: Vec<&str> = told.labels.iter().map(|label| &PROFILES[label.span.clone()]).collect();
    assert_eq!(marked, ["[profiles.bench.roles.image]", "image         = { keys = [\"ci\", \"hsm\"], threshold = 2 }"]);
    assert_eq!(told.help[0].text, "--profile bench, or --profile production");
    let told = open.clone().choose("bench").unwrap().required_role(RoleName::Release).unwrap_err();
    assert_eq!((told.code, told.title.as_str()), ("WX0003", "nothing says whose signatures `roles.release` needs"));
    assert!(told.position().is_some());
}

#[test]
fn the_only_key_signs_everything_but_trust_sets() {
    let plan = plan(MINIMAL);
    let roles: Vec<_> = plan.roles.iter().map(shown).collect();
    assert_eq!(roles, ["image", "release", "layout", "otp"].map(|name| (name, vec!["release"], 1)));
    assert_eq!(plan.required_role(RoleName::Root).unwrap_err().code, "WX0003");
}

/// The names in the manifest are the format's.
#[test]
fn every_role_of_the_format_is_a_table() {
    for name in RoleName::ALL {
        let role = format!("\n[roles.{}]\nkeys = [\"release\"]\n", name.name());
        let plan = plan(&format!("{MINIMAL}{role}"));
        assert!(plan.role(name).unwrap().span.is_some(), "{}", name.name());
    }
}
