//! What a manifest is told once an input was read: the rules that the packer calls.

#![allow(clippy::unwrap_used)]

use manifest::diagnostic::Label;
use manifest::{Plan, Source, check, rules, start};

const BROKEN: &str = include_str!("../../../tests/manifests/err_r1b.toml");

fn source() -> Source {
    Source { name: "r1b.broken.toml".into(), text: BROKEN.into() }
}

/// What a manifest means, also where a rule refuses it.
fn draft(source: &Source) -> Option<Plan> {
    let checked = check(source);
    checked.plan.or(checked.draft)
}

/// What a label marks, and its text.
fn shown(label: &Label) -> (&'static str, &str, bool) {
    (&BROKEN[label.span.clone()], label.text.as_str(), label.primary)
}

#[test]
fn a_build_linked_for_the_other_slot() {
    // A rule refuses this manifest, and its inputs are judged in the same run all the same.
    let plan = draft(&source()).unwrap();
    let image = plan.image("app").unwrap();
    let b = image.placements.iter().find(|placement| placement.slot.value == "b").unwrap();
    let error = rules::link_address(&plan, image, b, "build/app-a.elf", 0x0802_0400);
    assert_eq!(error.code, "WX0108");
    assert_eq!(error.title, "`build/app-a.elf` is linked at 0x0802_0400 and slot `b` runs at 0x0812_0400");
    let labels: Vec<_> = error.labels.iter().map(shown).collect();
    let expected = [
        ("1", "banks are not exchanged: each slot runs where it is stored", false),
        ("\"17-23\"", "starts at 0x0812_0000; code follows the header of 1K", false),
        ("\"build/app-a.elf\"", "the same file, right here", false),
        ("\"build/app-a.elf\"", "this build cannot run in `b`: vector table and reset vector point into `a`", true),
    ];
    assert_eq!(labels, expected);
    let help: Vec<&str> = error.help.iter().map(|help| help.text.as_str()).collect();
    let linker = "`waxseal gen linker r1b.broken.toml --slot b` writes memory.x with FLASH at 0x0812_0400";
    assert_eq!(help[0], format!("link it a second time: {linker}"));
    assert!(help[1].starts_with("or one build for both: strategy = \"bank-swap\""));
    assert_eq!(error.facts[0].source, "CubeF7");
}

#[test]
fn a_build_linked_for_no_slot_at_all() {
    let plan = draft(&source()).unwrap();
    let image = plan.image("app").unwrap();
    let error = rules::link_address(&plan, image, &image.placements[0], "app.elf", 0x0800_0000);
    let text = "this build cannot run in `a`: vector table and reset vector point into 0x0800_0000";
    assert_eq!(error.position().unwrap().text, text);
    assert_eq!(error.labels.len(), 3, "no other file is the right one");
}

/// The alias of the field report, in a slot that does not say that its image runs there.
#[test]
fn a_build_linked_for_the_alias() {
    let text = include_str!("../../../examples/r5/r5.toml").replace("run-alias = \"itcm\"", "#");
    let plan = draft(&Source { name: "r5.toml".into(), text }).unwrap();
    let image = &plan.images[0];
    let told = |linked_at| {
        let error = rules::link_address(&plan, image, &image.placements[0], "build/inverter.hex", linked_at);
        error.help.last().unwrap().text.clone()
    };
    let right = "or run-alias = \"itcm\" in [slots.app]: it runs at 0x0020_0000, and is programmed at 0x0800_0000";
    assert_eq!(told(0x0020_0000), right);
    assert!(!told(0x0020_8000).contains("run-alias"), "linked for somewhere else in it");
}

#[test]
fn an_exchange_of_banks_is_proposed_only_where_there_is_one() {
    let part = geometry::part("STM32F407VG").unwrap();
    let text = start::manifest(&part, &part.modes[0], None, "example.com", "device").unwrap();
    let plan = draft(&Source { name: "f407.toml".into(), text }).unwrap();
    let image = &plan.images[0];
    let error = rules::link_address(&plan, image, &image.placements[0], "app.elf", image.placements[1].run_address);
    let help: Vec<&str> = error.help.iter().map(|help| help.text.as_str()).collect();
    assert!(help[0].starts_with("link it a second time"));
    // `a` and `b` may have been mixed up: both files stand in the manifest.
    assert_eq!(help[1..], ["or the two files stand in each other's place"]);
    let edits: Vec<&str> = error.help[1].edits.iter().map(|edit| edit.replacement.as_str()).collect();
    assert_eq!(edits, ["\"build/app-b.elf\"", "\"build/app-a.elf\""]);
}

#[test]
fn a_build_larger_than_its_slot() {
    let plan = draft(&source()).unwrap();
    let placement = &plan.images[0].placements[0];
    let error = rules::payload_too_large(&plan, placement, "build/app-a.elf", placement.capacity + 12);
    assert_eq!(error.code, "WX0125");
    assert_eq!(error.title, "`build/app-a.elf` does not fit into slot `a`: 12 bytes too many");
    let labels: Vec<_> = error.labels.iter().map(shown).collect();
    let room = format!("{} bytes fit at most", placement.capacity);
    let size = format!("{} bytes", placement.capacity + 12);
    assert_eq!(labels, [("\"build/app-a.elf\"", size.as_str(), true), ("\"5-11\"", room.as_str(), false)]);
    assert_eq!(help(&error), "no slot that starts at sector 5 is large enough: `bank1` ends before");
}

#[test]
fn sectors_that_would_hold_it_are_named() {
    let text = include_str!("../../../tests/manifests/good_release.toml");
    let plan = draft(&Source { name: "hub.toml".into(), text: text.into() }).unwrap();
    let too_many = |image: &str, more: u32| {
        let placement = plan.image(image).unwrap().placements.first().unwrap();
        help(&rules::payload_too_large(&plan, placement, "file", placement.capacity + more)).to_owned()
    };
    assert_eq!(too_many("radio", 1), "sectors 9-11 (384K) would hold it, and they are free");
    assert_eq!(too_many("radio", 128 * 1024), "sectors 9-11 (384K) would hold it, and they are free");
    let end = "no slot that starts at sector 9 is large enough: `bank1` ends before";
    assert_eq!(too_many("radio", 128 * 1024 + 1), end);
    assert_eq!(too_many("app", 1), "sectors 5-9 (640K) would hold it, but `radio-a` lies there now");
    assert_eq!(too_many("app", u32::MAX / 2), "no slot that starts at sector 5 is large enough: `bank1` ends before");
}

fn help(error: &manifest::Diagnostic) -> &str {
    &error.help[0].text
}
