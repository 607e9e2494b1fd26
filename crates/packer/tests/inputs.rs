//! Firmware files as they come: right ones, odd ones, wrong ones.

use manifest::{Diagnostic, Plan, Source};
use packer::build::{Wanted, check_input};
use packer::{Artefact, Format, Input, PrivateKey, build};
use waxseal_tests::elf::{Elf, Segment};
use waxseal_tests::hex;

const MANIFEST: &str = include_str!("../../../examples/r1b/r1b.toml");
const A: u32 = 0x0802_0400;
const B: u32 = 0x0812_0400;

fn plan() -> Plan {
    let checked = manifest::check(&Source { name: "r1b.toml".into(), text: MANIFEST.into() });
    checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

/// Firmware of two words and some code.
fn firmware(base: u32) -> Elf {
    Elf::default().segment(base, vectors(0x2008_0000, base + 0x41, 0x100))
}

fn with(base: u32, bytes: Vec<u8>) -> Elf {
    Elf::default().segment(base, bytes)
}

fn vectors(stack: u32, reset: u32, size: usize) -> Vec<u8> {
    let mut bytes = [stack.to_le_bytes(), reset.to_le_bytes()].concat();
    bytes.resize(size, 0xA5);
    bytes
}

/// What is wrong with a file for slot `a`: codes, and titles with labels.
fn problems(file: &[u8]) -> Vec<(String, String)> {
    let plan = plan();
    let image = &plan.images[0];
    let input = Input { image: "app", slot: "a", name: "app.elf", bytes: file };
    match check_input(&plan, image, &image.placements[0], &input) {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(|found| (found.code.to_owned(), told(found))).collect(),
    }
}

fn told(found: &Diagnostic) -> String {
    let labels: Vec<&str> = found.labels.iter().map(|label| label.text.as_str()).collect();
    format!("{}: {}", found.title, labels.join("; "))
}

fn assert_problem(file: &[u8], code: &str, text: &str) {
    let found = problems(file);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, code, "{found:?}");
    assert!(found[0].1.contains(text), "{found:?}");
}

fn sealed(a: &[u8], b: &[u8]) -> Result<Vec<Artefact<'static>>, Vec<Diagnostic>> {
    // An artefact borrows from its input.
    let [a, b] = [a, b].map(|file| &*file.to_vec().leak());
    let key = PrivateKey::from_seed(&[1; 32]);
    let inputs = [
        Input { image: "app", slot: "a", name: "a.elf", bytes: a },
        Input { image: "app", slot: "b", name: "b.elf", bytes: b },
    ];
    build(&plan(), &inputs, &[key.public()], &[key], Wanted::ALL).map(|built| built.images)
}

#[test]
fn firmware_for_both_slots_is_sealed_the_same_every_time() {
    let (a, b) = (firmware(A).file(), firmware(B).file());
    let first = sealed(&a, &b).expect("builds");
    let again = sealed(&a, &b).expect("builds");
    assert_eq!(first.iter().map(|one| one.file_name.as_str()).collect::<Vec<_>>(), ["app.a.bin", "app.b.bin"]);
    for (one, other) in first.iter().zip(&again) {
        assert_eq!(one.parts(), other.parts());
        assert_eq!(one.payload_size, 0x100);
    }
    assert_ne!(first[0].id, first[1].id);
}

#[test]
fn segments_out_of_order_with_a_gap_are_joined_with_the_erased_value() {
    let elf = with(A + 0x200, vec![1, 2, 3]).segment(A, vectors(0x2008_0000, A + 0x41, 0x100));
    let built = sealed(&elf.file(), &firmware(B).file()).expect("builds");
    let payload = &built[0].payload;
    assert_eq!(payload.len(), 0x203);
    assert!(payload[0x100..0x200].iter().all(|byte| *byte == 0xFF));
    assert_eq!(payload[0x200..], [1, 2, 3]);
    assert_eq!(built[0].filled, 0x100);
}

#[test]
fn data_is_taken_at_its_load_address_and_what_is_not_loaded_is_left_out() {
    let mut elf = firmware(A);
    // .data: runs in RAM, loaded behind the code; .bss and a NOLOAD section at a flash-like address have no bytes.
    elf.segments.push(Segment { address: A + 0x100, runs_at: 0x2000_0000, bytes: vec![7; 16], size: 32 });
    for address in [0x2000_0020, 0x0800_0000] {
        elf.segments.push(Segment { address, runs_at: address, bytes: Vec::new(), size: 4096 });
    }
    let built = sealed(&elf.file(), &firmware(B).file()).expect("builds");
    assert_eq!(built[0].payload_size, 0x110);
}

#[test]
fn err_files_that_are_no_firmware() {
    let change = |change: fn(&mut Elf)| {
        let mut elf = firmware(A);
        change(&mut elf);
        elf.file()
    };
    assert_problem(b"", "WX0501", "empty");
    let image = sealed(&firmware(A).file(), &firmware(B).file()).expect("builds").remove(0).parts().concat();
    assert_problem(&image, "WX0501", "sealed already (an image)");
    let release = include_bytes!("../../../tests/vectors/release.bin");
    assert_problem(release, "WX0501", "sealed already (a release)");
    assert_problem(&change(|elf| elf.machine = 243), "WX0501", "e_machine 243");
    assert_problem(&change(|elf| elf.kind = 1), "WX0501", "object file");
    assert_problem(&change(|elf| elf.kind = 3), "WX0501", "position-independent");
    assert_problem(&change(|elf| elf.class = 2), "WX0501", "32-bit");
    assert_problem(&change(|elf| elf.order = 2), "WX0501", "little-endian");
    assert_problem(&change(|elf| elf.segments.clear()), "WX0501", "no segment");
}

#[test]
fn one_firmware_in_three_formats_is_one_image() {
    // Vector table, an alignment gap that belongs to no section, code, and data that is loaded behind it.
    let mut bytes = vectors(0x2008_0000, A + 0x101, 0x200);
    bytes[0xF0..0x100].fill(0);
    let elf = with(A, bytes.clone())
        .section(".vector_table", 0, 0, 0xF0)
        .section(".text", 0, 0x100, 0x100)
        .load(Segment { address: A + 0x210, runs_at: 0x2000_0000, bytes: vec![7; 16], size: 16 })
        .section(".data", 1, 0, 16);
    bytes[0xF0..0x100].fill(0xFF);
    let hex = hex::data(A + 0x210, &[7; 16]) + &hex::data(A + 0x100, &bytes[0x100..]) + &hex::file(A, &bytes[..0xF0]);
    bytes.resize(0x210, 0xFF);
    bytes.extend([7; 16]);

    let built = |file: &[u8]| sealed(file, &firmware(B).file()).expect("builds").remove(0);
    let (from_elf, from_hex, from_bin) = (built(&elf.file()), built(hex.as_bytes()), built(&bytes));
    assert_eq!([&from_elf, &from_hex, &from_bin].map(|one| one.format), [Format::Elf, Format::Hex, Format::Bin]);
    assert!(from_elf.parts() == from_hex.parts() && from_hex.parts() == from_bin.parts());
    assert_eq!([&from_elf, &from_hex, &from_bin].map(|one| one.filled), [0x20, 0x20, 0]);

    // Padded to a page, a BIN is another image, and says so.
    bytes.resize(0x400, 0xFF);
    let padded = built(&bytes);
    assert_eq!((padded.payload_size, padded.padding), (0x400, 0x400 - 0x220));
    assert_ne!(padded.payload_digest, from_bin.payload_digest);
}

#[test]
fn what_a_segment_holds_outside_its_sections_is_left_out() {
    // GNU ld puts the file's own headers in front of the first section where the page has room for them.
    let mut page = vec![0x7F; 0x400];
    page.extend(vectors(0x2008_0000, A + 0x41, 0x100));
    let elf = with(A - 0x400, page).section(".text", 0, 0x400, 0x100);
    assert_eq!(problems(&elf.file()), []);
    assert_eq!(sealed(&elf.file(), &firmware(B).file()).expect("builds")[0].payload_size, 0x100);
}

#[test]
fn odd_hex_files_are_read() {
    let bytes = vectors(0x2008_0000, A + 0x41, 0x100);
    let expected = sealed(&firmware(A).file(), &firmware(B).file()).expect("builds").remove(0).parts().concat();
    let plain = hex::file(A, &bytes);
    let every: String =
        (A..).step_by(16).zip(bytes.chunks(16)).map(|(at, line)| hex::data(at, line)).collect::<String>() + hex::END;
    let backwards: String = every
        .lines()
        .rev()
        .skip(1)
        .collect::<Vec<_>>()
        .chunks(2)
        .fold(String::new(), |text, pair| text + pair[1] + "\n" + pair[0] + "\n")
        + hex::END;
    let ragged = hex::upper(A) + &hex::record(0, 0x0400, &bytes[..7]) + &hex::record(0, 0x0407, &bytes[7..]) + hex::END;
    let by_paragraphs = |base: u32| hex::record(2, 0, &((base >> 4) as u16).to_be_bytes());
    for (what, text) in [
        ("plain", plain.clone()),
        ("lower-case digits", plain.to_lowercase()),
        ("CRLF, blanks and empty lines", plain.replace('\n', " \t\r\n\r\n")),
        ("type 04 before every record", every),
        ("backwards", backwards),
        ("odd lengths", ragged),
        ("no line end at the end", plain.trim_end().to_owned()),
        ("Ctrl-Z at the end", plain.clone() + "\x1a\n"),
        ("start addresses", hex::record(5, 0, &A.to_be_bytes()) + &hex::record(3, 0, &[0, 0, 1, 0]) + &plain),
        ("an empty data record", hex::record(0, 0, &[]) + &plain),
        ("two files, one behind the other", hex::file(A + 0x80, &bytes[0x80..]) + &hex::file(A, &bytes[..0x80])),
        ("a paragraph, then an address", by_paragraphs(0x400) + &plain),
        ("leading blanks", plain.replace(':', "  :")),
    ] {
        let built = sealed(text.as_bytes(), &firmware(B).file()).unwrap_or_else(|found| panic!("{what}: {found:?}"));
        assert!(built[0].parts().concat() == expected, "{what}");
    }
}

#[test]
fn err_hex_files() {
    let plain = hex::file(A, &vectors(0x2008_0000, A + 0x41, 0x100));
    let changed = |line: usize, from: &str, to: &str| {
        let lines = plain
            .lines()
            .enumerate()
            .map(|(index, text)| if index + 1 == line { text.replacen(from, to, 1) } else { text.to_owned() });
        lines.collect::<Vec<_>>().join("\r\n")
    };
    let damaged = changed(3, "A5", "A4");
    assert_problem(damaged.as_bytes(), "WX0501", "line 3: bad checksum: 0x");
    assert_problem(changed(4, "A5", "").as_bytes(), "WX0501", "line 4: bad checksum");
    assert_problem(changed(4, "A5", "A").as_bytes(), "WX0501", "line 4: the record is cut off");
    assert_problem(changed(5, ":", "").as_bytes(), "WX0501", "line 5: not a HEX record");
    assert_problem(changed(6, "A5", "G5").as_bytes(), "WX0501", "line 6: not a HEX record");
    assert_problem((plain.clone() + &hex::record(6, 0, &[])).as_bytes(), "WX0501", "line 19: record type 06");
    assert_problem(
        plain.replace(hex::END, "").as_bytes(),
        "WX0501",
        "line 17: the file ends here without an end record",
    );
    assert_problem(hex::END.as_bytes(), "WX0501", "line 1: the file ends here and has no data");
    let beyond = hex::record(4, 0, &[0xFF, 0xFF]) + &hex::record(0, 0xFFF8, &[0; 16]) + hex::END;
    assert_problem(beyond.as_bytes(), "WX0501", "line 2: the record's bytes go beyond");
    let wrapped = hex::record(2, 0, &[0x10, 0]) + &hex::record(0, 0xFFF8, &[0; 16]) + hex::END;
    assert_problem(wrapped.as_bytes(), "WX0501", "line 2: the record's bytes go beyond");
    let overlapping = hex::data(A + 0xF0, &[1; 32]) + &plain;
    assert_problem(overlapping.as_bytes(), "WX0106", "lines 5 to 20: 256 bytes at 0x0802_0400; lines 2 to 3: 32 bytes");
    let options = hex::data(0x1FFF_0000, &[0xAA; 16]) + &plain;
    assert_problem(options.as_bytes(), "WX0502", "line 2: 16 bytes at 0x1FFF_0000: option bytes");
    let uicr = plain.clone() + &hex::file(0x1000_1010, &[0xAA; 16]);
    assert_problem(uicr.as_bytes(), "WX0502", "UICR");
    assert_problem(hex::file(B, &vectors(0x2008_0000, B + 0x41, 0x100)).as_bytes(), "WX0108", "linked at 0x0812_0400");
}

#[test]
fn err_bin_files() {
    let found = problems(&[0xFF; 4096]);
    assert!(found.len() == 2 && found.iter().all(|(code, _)| code == "WX0503"), "{found:?}");
    for text in ["[product]\nvendor = \"acme.example\"\n", "\u{FEFF}:00000001FF\n"] {
        assert_problem(text.as_bytes(), "WX0501", "it is a text that does not begin as Intel HEX does");
    }
    assert_problem(&vectors(0x2008_0000, B + 0x41, 0x100), "WX0503", "points outside");
    let room = plan().images[0].placements[0].capacity as usize;
    assert_problem(&vectors(0x2008_0000, A + 0x41, room + 1), "WX0125", "1 byte too many");
}

#[test]
fn err_files_of_other_formats() {
    for (file, name) in [
        (&b"DfuSe\x01"[..], "DfuSe"),
        (b"UF2\nWQ]\x9e", "UF2"),
        (b"S00F000068656C6C6F", "S-record"),
        (b"!<arch>\nlibapp.a", "library"),
        (b"\x1f\x8b\x08\0", "gzip"),
    ] {
        assert_problem(file, "WX0501", name);
    }
}

#[test]
fn err_files_cut_off_at_any_length() {
    let file = firmware(A).section(".text", 0, 0, 0x100).file();
    for length in 0..file.len() {
        let found = &problems(&file[..length])[0];
        // Three bytes of an ELF file are a BIN, too short for anything.
        assert_eq!(found.0, if (1..4).contains(&length) { "WX0503" } else { "WX0501" }, "{length} bytes");
    }
}

#[test]
fn err_linked_for_the_other_slot() {
    assert_problem(&firmware(B).file(), "WX0108", "linked at 0x0812_0400");
    assert_problem(&firmware(A - 0x400).file(), "WX0108", "linked at 0x0802_0000");
}

#[test]
fn err_bytes_outside_the_slot() {
    let with = |address, bytes| firmware(A).segment(address, bytes).file();
    assert_problem(&with(0x1FFF_0000, vec![0xAA; 8]), "WX0502", "8 bytes at 0x1FFF_0000: option bytes");
    assert_problem(&with(0x1FF0_F000, vec![0xAA; 8]), "WX0502", "8 bytes at 0x1FF0_F000: one-time-programmable memory");
    assert_problem(&with(0x1FF0_F400, vec![0; 1]), "WX0502", "1 bytes at 0x1FF0_F400: lock bytes");
    assert_problem(&with(0x1000_1014, vec![0; 4]), "WX0502", "Nordic's have their UICR");
    assert_problem(&with(0x2000_0000, vec![0; 4]), "WX0502", "4 bytes at 0x2000_0000: DTCM");
    assert_problem(&with(0x4002_3C14, vec![0; 4]), "WX0502", "4 bytes at 0x4002_3C14: peripherals");
    assert_problem(&with(B, vec![0; 4]), "WX0502", "4 bytes at 0x0812_0400: bank2, sector 17");
    assert_problem(&with(0x0032_0400, vec![0; 4]), "WX0502", "bank2, sector 17, through its read-only alias");
    assert_problem(&Elf::default().segment(0x2000_0000, vec![0; 64]).file(), "WX0502", "64 bytes at 0x2000_0000");
    // 100 MiB away, and at the end of the address space: named, not filled up to.
    assert_problem(&with(A + 0x0640_0000, vec![0; 4]), "WX0502", "nothing that is known of an STM32F767ZI");
    assert_problem(&with(0xFFFF_FFFE, vec![0; 4]), "WX0502", "4 bytes at 0xFFFF_FFFE");
}

#[test]
fn err_many_strays_are_one_message() {
    let mut elf = firmware(A);
    for index in 0..100 {
        elf = elf.segment(0x1FFF_0000 + index * 8, vec![0; 4]);
    }
    assert_problem(&elf.file(), "WX0502", "0x1FFF_0000");
}

#[test]
fn err_larger_than_the_slot() {
    let room = plan().images[0].placements[0].capacity as usize;
    let exactly = with(A, vectors(0x2008_0000, A + 0x41, room)).file();
    assert_eq!(problems(&exactly), []);
    assert_problem(&with(A, vectors(0x2008_0000, A + 0x41, room + 1)).file(), "WX0125", "1 byte too many");
}

/// A BIN that was padded to the slot's end has no room left for header and state words: it is its padding that does not fit.
#[test]
fn err_padded_to_the_end_of_the_slot() {
    let plan = plan();
    let image = &plan.images[0];
    let place = &image.placements[0];
    let help = |size: usize, bytes: Vec<u8>| {
        let mut bytes = bytes;
        bytes.resize(size, 0xFF);
        let input = Input { image: "app", slot: "a", name: "app.bin", bytes: &bytes };
        let found = check_input(&plan, image, place, &input).err().unwrap_or_default();
        found.iter().flat_map(|found| &found.help).map(|help| help.text.clone()).collect::<Vec<_>>()
    };
    let full = place.capacity as usize + 880;
    let told = help(full, vectors(0x2008_0000, A + 0x41, 400));
    let padding = format!("its last {} bytes are all 0xFF: if that is padding", full - 400);
    assert!(told.iter().any(|text| text.starts_with(&padding)), "{told:?}");
    // What is too large without its filling too is too large.
    let told = help(full, vectors(0x2008_0000, A + 0x41, full - 10));
    assert!(!told.iter().any(|text| text.contains("padding")), "{told:?}");
}

#[test]
fn err_vector_tables_that_cannot_start() {
    let table = |stack, reset| with(A, vectors(stack, reset, 0x100)).file();
    assert_problem(&table(0, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2000_0000, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2008_0004, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2007_FFFE, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2008_0000, A + 0x40), "WX0503", "even");
    assert_problem(&table(0x2008_0000, B + 0x41), "WX0503", "points outside");
    assert_problem(&table(0x2008_0000, A + 0x101), "WX0503", "points outside");
    assert_problem(&table(0x2008_0000, A + 1), "WX0503", "points outside");
    assert_problem(&with(A, vec![0; 7]).file(), "WX0503", "too short");
    assert_eq!(problems(&table(0x2008_0000, A + 0xFF)), []);
}

#[test]
fn err_signers() {
    let (ours, other) = (PrivateKey::from_seed(&[1; 32]), PrivateKey::from_seed(&[2; 32]));
    let public = ours.public();
    let file = firmware(A).file();
    let input = Input { image: "app", slot: "a", name: "a.elf", bytes: &file };
    let codes = |signers: &[PrivateKey]| {
        let found = build(&plan(), &[input], &[public], signers, Wanted::ALL).expect_err("one slot has no input");
        found.iter().map(|found| (found.code, found.title.clone())).collect::<Vec<_>>()
    };
    let missing = ("WX0504", "1 of 1 signatures missing".to_owned());
    let no_input = ("WX0003", "no input for `app` in slot `b`".to_owned());
    assert_eq!(codes(&[]), [missing.clone(), no_input.clone()]);
    let foreign = ("WX0504", format!("key {} has no role here", other.public()));
    assert_eq!(codes(&[other]), [foreign, no_input.clone()]);
    assert_eq!(
        codes(&[PrivateKey::from_seed(&[2; 32]), PrivateKey::from_seed(&[3; 32])])[2..],
        [missing, no_input.clone()]
    );
    assert_eq!(codes(&[ours]), [no_input]);
}

/// A fuzz body: whatever the file, an answer and no panic.
fn any_file_is_answered(file: &[u8]) {
    let found = problems(file);
    assert!(found.iter().all(|(code, _)| code.starts_with("WX")));
}

#[test]
fn damaged_files_are_answered() {
    let elf = firmware(A).segment(A + 0x200, vec![1; 32]).section(".text", 0, 0, 0x100).file();
    let hex = hex::file(A, &vectors(0x2008_0000, A + 0x41, 0x100)).into_bytes();
    let mut seed = 0x9E37_79B9_u32;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize
    };
    for file in [elf, hex] {
        for _ in 0..1000 {
            let mut damaged = file.clone();
            for _ in 0..=random() % 4 {
                // Headers are where the damage is; section headers stand at the end.
                let (at, length) = (random() % 160, damaged.len());
                let at = if random() % 4 == 0 { length - 1 - at.min(length - 1) } else { at.min(length - 1) };
                damaged[at] = [0, 1, b'0', b':', b'\n', 0x7F, 0x80, 0xFF, random() as u8][random() % 9];
            }
            any_file_is_answered(&damaged);
        }
    }
}
