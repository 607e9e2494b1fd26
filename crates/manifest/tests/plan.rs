//! What a good manifest means, and what no accepted one may be.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use manifest::diagnostic::Severity;
use manifest::map::{Row, What, map};
use manifest::plan::{Commit, CounterStore, ImageKind, Plan, Raise, Use};
use manifest::{Source, check, defaults};

const R1B: &str = include_str!("../../../examples/r1b/r1b.toml");
const RELEASE: &str = include_str!("../../../tests/manifests/good_release.toml");
const MINIMAL: &str = include_str!("../../../tests/manifests/good_minimal.toml");

fn plan(text: &str) -> Plan {
    let checked = check(&Source { name: "r1b.toml".into(), text: text.into() });
    assert_eq!(checked.diagnostics, []);
    checked.plan.unwrap()
}

#[test]
fn addresses_of_r1b() {
    let plan = plan(R1B);
    let image = plan.image("app").unwrap();
    let [a, b] = image.placements.as_slice() else { panic!("two slots") };
    // Sector 5 of bank 1 and sector 17 of bank 2, a header of 1 KiB, 55 state words of 16 bytes at the end:
    // 2 x (OPEN + READY + 4 OKAY + DROP) + 3 x 3 tries + 32 spare ones.
    assert_eq!((a.store_address, a.run_address, a.payload_address), (0x0802_0000, 0x0802_0400, 0x0802_0400));
    assert_eq!((b.store_address, b.run_address, b.payload_address), (0x0812_0000, 0x0812_0400, 0x0812_0400));
    assert_eq!((a.state_address, b.state_address), (0x0810_0000 - 880, 0x0820_0000 - 880));
    assert_eq!((a.capacity, b.capacity), (896 * 1024 - 1024 - 880, 896 * 1024 - 1024 - 880));
    assert_eq!(a.input.as_ref().unwrap().value, "build/app-a.elf");
    assert_eq!(image.version_text(), "1.4.0");
    assert_eq!(image.security_counter.value, 7);
    let store = &image.counter_store.as_ref().unwrap().value;
    assert_eq!(*store, CounterStore::Area("counter".into()));
    assert_eq!(plan.area("counter").unwrap().purpose.value, Use::Counter);
    assert_eq!(plan.update.raise.unwrap().value, Raise::KeepFallback);
    assert_eq!(plan.product.revisions, [*b"B\0\0\0", *b"C\0\0\0"]);
    assert_eq!(plan.slot("boot").unwrap().header, None);
}

#[test]
fn releases() {
    let together = plan(RELEASE);
    assert_eq!(
        (together.release.lead.as_str(), &together.release.members[..]),
        ("app", &["radio".into(), "app".into()][..])
    );
    assert_eq!(together.release_label().unwrap(), "hub-2027.1");
    // Python: (datetime.date(2027, 12, 31) - datetime.date(1970, 1, 1)).days.
    assert_eq!(together.release.expires.unwrap().days(), 21_183);
    assert_eq!(together.update.commit.value, Commit::Together);
    let radio = together.image("radio").unwrap();
    assert_eq!(radio.kind.value, ImageKind::Data);
    assert!(radio.placements.iter().all(|placement| placement.run_address == 0 && placement.input.is_some()));

    let mut each = plan(include_str!("../../../tests/manifests/good_release_of_each.toml"));
    assert_eq!((each.release.lead.as_str(), &each.release.members[..]), ("app", &["radio".into(), "app".into()][..]));
    assert_eq!((each.update.commit.value, each.release_label().unwrap().as_str()), (Commit::Each, "sensor-hub-4.2.0"));
    each.images[0].version.value = None;
    assert_eq!(each.release_label(), None, "the command line has not said it");
}

#[test]
fn revisions_of_an_image() {
    let plan = plan(include_str!("../../../tests/manifests/good_revisions.toml"));
    assert_eq!(plan.image("app").unwrap().revisions, [*b"B\0\0\0"]);
    assert_eq!(plan.image("radio").unwrap().revisions, plan.product.revisions);
}

/// The minimal manifest with another part, its boot loader's slot protected. Each place is region, sectors or offset and size.
fn protected(part: &str, boot: &str, a: &str, b: &str) -> String {
    let device = "part              = \"STM32F767ZI\"\noptions.nDBANK    = 0\noptions.nDBOOT    = 1\noptions.BOOT_ADD0 = \"boot\"";
    let place = |region: &str, sectors: &str| format!("region  = \"{region}\"\nsectors = \"{sectors}\"");
    let edits = [
        (device.to_owned(), format!("part = \"{part}\"")),
        (place("bank1", "0-1"), format!("region = \"bank1\"\n{boot}\nwrite-protect = true")),
        (place("bank1", "5-11"), format!("region = \"bank1\"\n{a}")),
        (place("bank2", "17-23"), format!("region = \"bank2\"\n{b}")),
    ];
    edits.into_iter().fold(MINIMAL.to_owned(), |text, (from, to)| {
        assert!(text.contains(&from), "{from}");
        text.replace(&from, &to)
    })
}

#[test]
fn protection_bits_of_each_bank() {
    // HAL-H7 stm32h7xx_hal_flash_ex.h:462: bit i of a bank's register, sector i of that bank. Sector 0 of bank 2 is another.
    let text = protected("STM32H753ZI", "sectors = \"0\"", "sectors = \"1-4\"", "sectors = \"0-3\"");
    let shown: Vec<String> = plan(&text).option_bytes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["WRPSn1=0xFE"]);
}

#[test]
fn protection_by_ranges_of_pages() {
    // HAL-L4 stm32l4xx_hal_flash_ex.c:668: first page, and the last from bit 16 on. 64K are pages 0 to 31.
    let slot = "offset = \"64K\"\nsize = \"448K\"";
    let plan = plan(&protected("STM32L476RG", "offset = 0\nsize = \"64K\"", slot, slot));
    let option = plan.option_bytes.last().unwrap();
    assert_eq!((option.to_string().as_str(), option.value), ("WRP1A=pages 0-31", 31 << 16));
    let shown = defaults::list(&plan);
    assert!(shown.iter().any(|default| default.value == "WRP1A = pages 0-31"));
}

/// Python: uuid.uuid5(uuid.NAMESPACE_DNS, "acme.example").
const VENDOR_ID: u128 = 0x0637_E301_E05D_505B_8267_486F_5677_DE9B;
/// Python: uuid.uuid5(of the vendor, "gateway").
const CLASS_ID: u128 = 0x8350_0590_5532_5036_869C_E49C_FFAC_5B8C;

#[test]
fn ids_of_r1b() {
    let product = plan(R1B).product;
    assert_eq!(u128::from_be_bytes(product.vendor_id), VENDOR_ID);
    assert_eq!(u128::from_be_bytes(product.class_id), CLASS_ID);
}

#[test]
fn option_bytes_of_r1b() {
    let shown: Vec<String> = plan(R1B).option_bytes.iter().map(ToString::to_string).collect();
    assert_eq!(shown.join(" "), "nDBANK=0 nDBOOT=1 BOOT_ADD0=0x2000 RDP=level 1 nWRP=0xFFE");
    let unprotected = plan(MINIMAL).option_bytes;
    assert!(unprotected.iter().all(|option| option.name != "nWRP"), "nobody asked for protection");
}

#[test]
fn values_that_nobody_wrote() {
    let mut shown = String::new();
    for default in defaults::list(&plan(R1B)) {
        writeln!(shown, "{} | {} | {}", default.key, default.value, default.reason).unwrap();
    }
    let expected = "\
images.app.type | \"firmware\" | default
roles.image.keys | [\"release\"] | the only key
roles.image.threshold | 1 | the only key
roles.release.keys | [\"release\"] | the only key
roles.release.threshold | 1 | the only key
roles.layout.keys | [\"release\"] | the only key
roles.layout.threshold | 1 | the only key
roles.otp.keys | [\"release\"] | the only key
roles.otp.threshold | 1 | the only key
keys.release.epoch | 0 | default
keys.release.signer | \"file\" | default
update.revert | \"automatic\" | default: the loader can, with two slots
update.largest-counter-step | 16 | default
release.label | \"gateway-1.4.0\" | class and version of the lead
slots.a.header | 1K | default
slots.b.header | 1K | default
write protection | nWRP[0] = 0, nWRP[11:1] = 1 | from slots.boot, nDBANK = 0
";
    assert_eq!(shown, expected);
}

#[test]
fn map_of_r1b() {
    let regions = map(&plan(R1B));
    let row = |row: &Row| (row.address, row.size / 1024, row.sectors, row.name.clone().unwrap_or_default());
    let rows: Vec<_> = regions.iter().flat_map(|region| &region.rows).map(row).collect();
    let expected = [
        (0x0800_0000, 32, (0, 1), "boot"),
        (0x0800_8000, 32, (2, 3), "counter"),
        (0x0801_0000, 64, (4, 4), ""),
        (0x0802_0000, 896, (5, 11), "a"),
        (0x0810_0000, 64, (12, 15), "settings"),
        (0x0811_0000, 64, (16, 16), ""),
        (0x0812_0000, 896, (17, 23), "b"),
    ];
    assert_eq!(rows, expected.map(|(address, size, sectors, name)| (address, size, sectors, name.to_owned())));
    assert_eq!(regions[0].rows[0].what, What::BootLoader);
    assert_eq!(regions[0].rows[1].what, What::Area(Use::Counter));
    assert_eq!(regions[0].rows[2].what, What::Free);
    assert_eq!(regions[1].rows[2].what, What::Image { name: "app".into(), capacity: 915_600 });
}

#[test]
fn fingerprint_follows_the_group_and_nothing_else() {
    let fingerprint = |text: &str| plan(text).images[0].fingerprint;
    let original = fingerprint(MINIMAL);
    let same = [
        ("class  = \"gateway\"", "class  = \"other\""),
        ("sectors = \"0-1\"", "sectors = \"0-3\""),
        ("1.4.0", "1.5.0"),
        ("STM32F767ZI", "STM32F767ZIT6"),
    ];
    for (old, new) in same {
        assert_eq!(fingerprint(&MINIMAL.replacen(old, new, 1)), original, "{new}");
    }
    let other = [
        ("sectors = \"5-11\"", "sectors = \"6-11\""),
        ("sectors = \"17-23\"", "sectors = \"17-22\""),
        ("[keys.release]", "[update]\ntries = 4\n\n[keys.release]"),
        ("sectors = \"5-11\"", "sectors = \"5-11\"\nheader = \"2K\""),
    ];
    for (old, new) in other {
        let text = MINIMAL.replacen(old, new, 1);
        let text =
            if new.contains("header") { text.replacen("\"17-23\"", "\"17-23\"\nheader = \"2K\"", 1) } else { text };
        assert_ne!(fingerprint(&text), original, "{new}");
    }
}

/// A text without each of its lines, and with each of its values an array.
fn mutations(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let without = |skip: usize| {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != skip);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let unlike = |key: usize| {
        let changed = |(index, line): (usize, &&str)| match line.split_once('=') {
            Some((name, _)) if index == key => format!("{name}= []\n"),
            _ => format!("{line}\n"),
        };
        lines.iter().enumerate().map(changed).collect::<String>()
    };
    (0..lines.len()).flat_map(|line| [without(line), unlike(line)]).collect()
}

#[test]
fn whatever_the_text_something_is_said_or_there_is_a_plan() {
    let prefixes = R1B.char_indices().map(|(end, _)| R1B[..end].to_owned());
    for text in prefixes.chain(mutations(R1B)).chain(mutations(RELEASE)) {
        let source = Source { name: "r1b.toml".into(), text };
        let checked = check(&source);
        let refused = checked.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        assert_eq!(checked.plan.is_none(), refused, "{:?}\n{}", checked.diagnostics, source.text);
    }
}
