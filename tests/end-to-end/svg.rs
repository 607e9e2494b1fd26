//! `waxseal map --svg`.

use std::fs;

use crate::{empty, r1b};

#[test]
fn the_picture_has_what_the_map_has() {
    let project = r1b();
    let picture = project.waxseal("map r1b.toml --svg -").exits(0).stdout;
    let map = project.waxseal("map r1b.toml --format json").exits(0).json();
    for region in map["result"]["regions"].as_array().unwrap() {
        assert!(picture.contains(&format!(">{}</text>", region["name"].as_str().unwrap())));
        for row in region["rows"].as_array().unwrap() {
            let number = row["address"].as_u64().unwrap();
            let address = format!("0x{:04X}_{:04X}", number >> 16, number & 0xFFFF);
            assert!(picture.contains(&format!(">{address}</text>")), "{address}");
            if let Some(name) = row["name"].as_str() {
                assert!(picture.contains(&format!(">{name}</text>")), "{name}");
            }
        }
    }
    for text in [
        ">boot loader, write-protected<",
        ">sectors 5-11<",
        ">4,000 of 915,600 bytes, 0%<",
        ">code 0x0802_0400, state words 0x080F_FC90<",
        ">0x081F_FFFF<",
        "option bytes as shipped: nDBANK=0",
        "prefers-color-scheme: dark",
    ] {
        assert!(picture.contains(text), "{text}");
    }
}

/// Height above which a strip is drawn, from the texts that it stands between.
#[test]
fn header_and_state_words_are_where_they_are() {
    let order = |example: &str, marks: &[&str]| {
        let manifest = waxseal_tests::repository().join(format!("examples/{example}/{example}.toml"));
        let picture =
            empty().run(["map".as_ref(), manifest.as_os_str(), "--svg".as_ref(), "-".as_ref()]).exits(0).stdout;
        let mut rest = &picture[picture.find("class=\"name\"").unwrap()..];
        for mark in marks {
            let at = rest.find(mark).unwrap_or_else(|| panic!("{example}: {mark} is not next: {picture}"));
            rest = &rest[at + mark.len()..];
        }
        picture
    };
    let (head, log) = ("<rect class=\"head\"", "<rect class=\"log\"");
    // Staged updates have the log, and not the image that runs.
    let r4 = order("r4", &[">app</text>", head, ">download</text>", log, ">chunks</text>"]);
    assert_eq!(r4.matches(log).count(), 2, "one, and the legend's: {r4}");
    // The ROM wants the vector table first, and nobody keeps a state.
    let e2 = order("e2", &[">app</text>", head]);
    assert!(!e2.contains(log), "{e2}");
}

#[test]
fn the_picture_stands_alone_and_is_the_same_every_time() {
    let project = r1b();
    assert_eq!(project.waxseal("map r1b.toml --svg out/map.svg").exits(0).stdout, "");
    let picture = String::from_utf8(project.read("out/map.svg")).unwrap();
    assert_eq!(picture, project.waxseal("map r1b.toml --svg -").exits(0).stdout);
    for foreign in ["href", "url(", "@import", "<script"] {
        assert!(!picture.contains(foreign), "{foreign}");
    }
    assert_eq!(picture.matches("://").count(), 1, "the name space alone");
    // Every element is closed where it is opened, or by the end of its line.
    let open = |name: &str| picture.matches(&format!("<{name}")).count();
    for name in ["svg", "style", "text"] {
        assert_eq!(open(name), picture.matches(&format!("</{name}>")).count(), "{name}");
    }
    assert!(picture.lines().filter(|line| line.starts_with("<rect")).all(|line| line.ends_with("/>")));
}

#[test]
fn there_is_no_picture_of_a_wrong_manifest() {
    let project = empty();
    project.write("m.toml", "[product]\n");
    project.waxseal("map m.toml --svg m.svg").exits(1);
    assert!(!project.path("m.svg").exists());
    project.write("file", "");
    fs::copy(waxseal_tests::repository().join("examples/r1b/r1b.toml"), project.path("r1b.toml")).unwrap();
    project.waxseal("map r1b.toml --svg file/m.svg").exits(4).says(&["cannot write"]);
}
