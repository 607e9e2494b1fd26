//! Good manifests, and what one value more or less makes of them.

#![allow(clippy::unwrap_used)]

use manifest::{Plan, Source, check};

const MINIMAL: &str = include_str!("../../../tests/manifests/good_minimal.toml");
const BANK_SWAP: &str = include_str!("../../../tests/manifests/good_bank_swap_measured.toml");
const BACKUP: &str = include_str!("../../../tests/manifests/good_overwrite_with_backup.toml");
const OTP: &str = include_str!("../../../examples/r3/r3.toml");

/// A text with other values.
#[track_caller]
fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// The codes that a manifest is told, in their order.
fn told(text: &str) -> Vec<String> {
    let checked = check(&Source { name: "edge.toml".into(), text: text.into() });
    let mut codes: Vec<_> = checked.diagnostics.iter().map(|found| found.code.to_owned()).collect();
    codes.sort();
    codes
}

fn plan(text: &str) -> Plan {
    let checked = check(&Source { name: "edge.toml".into(), text: text.into() });
    checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

#[test]
fn slots_of_an_exchange_lie_alike() {
    for (a, b, codes) in [
        ("4-11", "16-23", &[][..]),
        // Of one size, at other offsets; at one offset, of other sizes.
        ("5-10", "18-23", &["WX0109"]),
        ("5-11", "17-22", &["WX0109"]),
    ] {
        assert_eq!(
            told(&edited(BANK_SWAP, &[("\"0-11\"", &format!("\"{a}\"")), ("\"12-23\"", &format!("\"{b}\""))])),
            codes,
            "{a} {b}"
        );
    }
}

#[test]
fn two_protected_slots_share_an_option_byte() {
    let slot =
        |name: &str, place: &str| format!("[slots.{name}]\nregion = \"bank1\"\n{place}\nwrite-protect = true\n\n");
    let first = edited(MINIMAL, &[("sectors = \"0-1\"", "sectors = \"0-1\"\nwrite-protect = true")]);
    let both = edited(&first, &[("[images.", &(slot("config", "sectors = \"2-3\"") + "[images."))]);
    assert_eq!(plan(&both).option_bytes.last().unwrap().to_string(), "nWRP=0xFFC");
}

/// WRP1A and WRP1B are all that bank 1 of an STM32L476 has.
#[test]
fn ranges_of_pages_end() {
    let slot = |name: &str, offset: &str| {
        format!("[slots.{name}]\nregion = \"bank1\"\noffset = \"{offset}\"\nsize = \"2K\"\nwrite-protect = true\n")
    };
    let text = |slots: &[&str]| {
        let slots: String = slots.iter().map(|offset| slot(&format!("at-{}", offset.to_lowercase()), offset)).collect();
        format!(
            "[product]\nvendor = \"acme.example\"\nclass = \"rack\"\n[device]\npart = \"STM32L476RG\"\n[boot]\n\
             loader = \"waxseal\"\nslot = \"at-0k\"\n{slots}[slots.app]\nregion = \"bank2\"\noffset = 0\nsize = \"64K\"\n\
             [images.app]\nversion = \"1.0.0\"\n[keys.release]\npublic = \"release.pub.pem\"\n"
        )
    };
    assert_eq!(told(&text(&["0K", "2K"])), [""; 0]);
    assert_eq!(told(&text(&["0K", "2K", "4K"])), ["WX0115"]);
}

/// One run names every mistake: that one image does not fit keeps no other from being judged.
#[test]
fn each_image_is_judged() {
    let image = |number: u32| {
        format!(
            "[slots.i{number}]\nregion = \"bank2\"\noffset = \"{}K\"\nsize = \"2K\"\nheader = \"2K\"\n\
             [images.i{number}]\nversion = \"1.0.0\"\n",
            2 * number
        )
    };
    let text = format!(
        "[product]\nvendor = \"acme.example\"\nclass = \"rack\"\n[device]\npart = \"STM32L476RG\"\n[boot]\n\
         loader = \"waxseal\"\nslot = \"boot\"\n[slots.boot]\nregion = \"bank1\"\noffset = 0\nsize = \"64K\"\n\
         {}{}[keys.release]\npublic = \"release.pub.pem\"\n",
        image(0),
        image(1)
    );
    assert_eq!(told(&text), ["WX0125", "WX0125"]);
}

/// The boot loader in bank 1 erases whatever it copies to or from: only what lies in the other bank does not stop it.
#[test]
fn a_backup_in_the_boot_loaders_bank_stops_it() {
    let text = |backup: &str| {
        let slots = format!(
            "[slots.app]\nregion = \"bank2\"\nsectors = \"17-18\"\n[slots.download]\nregion = \"bank2\"\nsectors = \"19-21\"\n\
             [slots.backup]\n{backup}\n[images.app]\nstrategy = \"overwrite\"\ndownload = \"download\"\nbackup = \"backup\"\n\
             version = \"1.4.0\"\n\n[keys"
        );
        let (head, rest) = MINIMAL.split_once("[slots.a]").unwrap();
        head.to_owned() + &slots + rest.split_once("[keys").unwrap().1
    };
    assert_eq!(told(&text("region = \"bank2\"\nsectors = \"22-23\"")), [""; 0]);
    assert_eq!(told(&text("region = \"bank1\"\nsectors = \"5-6\"")), ["WX0136"]);
}

#[test]
fn an_address_has_eight_digits() {
    let with =
        |address: &str| edited(MINIMAL, &[("sectors = \"5-11\"", &format!("sectors = \"5-11\"\naddress = {address}"))]);
    assert_eq!(told(&with("0x0802_0000")), [""; 0]);
    assert_eq!(told(&with("0x0_0802_0000")), ["WX0101"]);
}

#[test]
fn fields_end_with_the_memory_and_where_others_begin() {
    let last = |at: &str| {
        let field =
            format!("[otp.fields.last]\nat = {at}\ntype = \"u8\"\nstage = \"identity\"\nvalue = \"1\"\n\n[otp.ranges");
        told(&edited(OTP, &[("[otp.ranges", &field)]))
    };
    let without = told(OTP);
    assert_eq!(last("0x3FF"), without);
    assert_eq!((last("0x400"), without), (vec!["WX0128".to_owned(), "WX0129".to_owned()], vec!["WX0129".to_owned()]));
    let shared = told(&edited(OTP, &[("at     = 0x0C", "at     = 0x0B")]));
    assert_eq!(shared, ["WX0129", "WX0302"]);
}

#[test]
fn what_is_copied_has_room_where_it_is_staged() {
    let plan = plan(&edited(BACKUP, &[("\"88K\"\nsize   = \"32K\"", "\"88K\"\nsize   = \"28K\"")]));
    let image = &plan.images[0];
    let place = &image.placements[0];
    let staging = plan.slot(&image.copies.download.as_ref().unwrap().value).unwrap();
    assert!(place.state_area.is_none() && staging.extent.range.contains(&place.state_address));
    assert_eq!(place.capacity, staging.extent.size() - place.front_size - place.state_size);
}
