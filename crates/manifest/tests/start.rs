//! The manifest to start from, for every part and mode.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use geometry::{Mode, Part};
use manifest::{Source, check, notes, start};

/// Of a part with a second core: the upper half of flash is that one's.
fn half(part: &Part, mode: &Mode) -> Option<u32> {
    part.secure_start().map(|_| mode.regions[0].numbers().end().div_ceil(2))
}

fn told(text: String) -> Vec<String> {
    let checked = check(&Source { name: "m.toml".into(), text });
    checked.diagnostics.iter().map(|told| format!("{}: {}", told.code, told.title)).collect()
}

#[test]
fn it_checks_clean_but_for_what_only_the_user_knows() {
    let part = geometry::part("STM32F767ZI").unwrap();
    for mode in &part.modes {
        let told_of = |vendor, class| told(start::manifest(&part, mode, None, vendor, class).unwrap());
        assert_eq!(told_of("acme.example", "gateway"), [""; 0], "{}", mode.title);
        assert_eq!(told_of("", "").len(), 2);
    }
}

/// What is generated is right for every part, but for flash of which nobody knows how it is programmed.
#[test]
fn it_checks_clean_for_every_part_that_is_proven() {
    let mut seen = BTreeSet::new();
    let mut clean = 0;
    for part in geometry::parts().unwrap() {
        for mode in &part.modes {
            let Some(text) = start::manifest(&part, mode, half(&part, mode), "acme.example", "gateway") else {
                continue;
            };
            // Parts of one die differ in what the text says, or not at all.
            if !seen.insert((part.die.clone(), text.replace(&part.name, ""))) {
                continue;
            }
            let found = told(text);
            clean += u32::from(found.is_empty());
            assert!(found.iter().all(|line| line.contains("it is unproven how")), "{}: {found:?}", part.name);
        }
    }
    assert!(clean >= 100, "only {clean}");
}

#[test]
fn what_a_core_without_vtor_asks_of_an_image_is_noted() {
    for (name, expected) in [("STM32F091RC", true), ("STM32L072RZ", false), ("STM32F407VG", false)] {
        let part = geometry::part(name).unwrap();
        let text = start::manifest(&part, &part.modes[0], None, "acme.example", "gateway").unwrap();
        let plan = check(&Source { name: "m.toml".into(), text }).plan.unwrap();
        assert_eq!(notes::list(&plan).iter().any(|note| note.contains("VTOR")), expected, "{name}");
    }
}
