//! Firmware files as they come: right ones, odd ones, wrong ones.

use manifest::{Diagnostic, Plan, Source};
use packer::build::check_input;
use packer::{Artefact, Input, PrivateKey, build};

const MANIFEST: &str = include_str!("../../../examples/r1b/r1b.toml");
const A: u32 = 0x0802_0400;
const B: u32 = 0x0812_0400;

fn plan() -> Plan {
    let checked = manifest::check(&Source { name: "r1b.toml".into(), text: MANIFEST.into() });
    checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

/// An ELF file, for the fields that matter here.
struct Elf {
    class: u8,
    machine: u16,
    kind: u16,
    /// Load address, virtual address, bytes, size in memory.
    segments: Vec<(u32, u32, Vec<u8>, u32)>,
}

impl Elf {
    /// Firmware of two words and some code.
    fn firmware(base: u32) -> Self {
        Self::with(base, vectors(0x2008_0000, base + 0x41, 0x100))
    }

    fn with(base: u32, bytes: Vec<u8>) -> Self {
        Elf { class: 1, machine: 40, kind: 2, segments: Vec::new() }.segment(base, bytes)
    }

    fn segment(mut self, address: u32, bytes: Vec<u8>) -> Self {
        let size = bytes.len() as u32;
        self.segments.push((address, address, bytes, size));
        self
    }

    fn file(&self) -> Vec<u8> {
        let count = self.segments.len() as u32;
        let mut file = vec![0x7F, b'E', b'L', b'F', self.class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        file.extend(self.kind.to_le_bytes());
        file.extend(self.machine.to_le_bytes());
        for word in [1, 0, 52, 0, 0] {
            file.extend(u32::to_le_bytes(word));
        }
        for half in [52, 32, count as u16, 40, 0, 0] {
            file.extend(u16::to_le_bytes(half));
        }
        let mut offset = 52 + 32 * count;
        for (load, address, bytes, memory) in &self.segments {
            for word in [1, offset, *address, *load, bytes.len() as u32, *memory, 5, 4] {
                file.extend(u32::to_le_bytes(word));
            }
            offset += bytes.len() as u32;
        }
        self.segments.iter().for_each(|(_, _, bytes, _)| file.extend(bytes));
        file
    }
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

fn sealed(a: &[u8], b: &[u8]) -> Result<Vec<Artefact>, Vec<Diagnostic>> {
    let key = PrivateKey::from_seed(&[1; 32]);
    let inputs = [
        Input { image: "app", slot: "a", name: "a.elf", bytes: a },
        Input { image: "app", slot: "b", name: "b.elf", bytes: b },
    ];
    build(&plan(), &inputs, &[key.public()], &[key])
}

#[test]
fn firmware_for_both_slots_is_sealed_the_same_every_time() {
    let (a, b) = (Elf::firmware(A).file(), Elf::firmware(B).file());
    let first = sealed(&a, &b).expect("builds");
    let again = sealed(&a, &b).expect("builds");
    assert_eq!(first.iter().map(|one| one.file_name.as_str()).collect::<Vec<_>>(), ["app.a.bin", "app.b.bin"]);
    for (one, other) in first.iter().zip(&again) {
        assert_eq!(one.bytes, other.bytes);
        assert_eq!(one.payload_size, 0x100);
    }
    assert_ne!(first[0].id, first[1].id);
}

#[test]
fn segments_out_of_order_with_a_gap_are_joined_with_the_erased_value() {
    let elf = Elf::with(A + 0x200, vec![1, 2, 3]).segment(A, vectors(0x2008_0000, A + 0x41, 0x100));
    let built = sealed(&elf.file(), &Elf::firmware(B).file()).expect("builds");
    let payload = &built[0].bytes[1024..];
    assert_eq!(payload.len(), 0x203);
    assert!(payload[0x100..0x200].iter().all(|byte| *byte == 0xFF));
    assert_eq!(payload[0x200..], [1, 2, 3]);
    assert_eq!(built[0].filled, 0x100);
}

#[test]
fn data_is_taken_at_its_load_address_and_what_is_not_loaded_is_left_out() {
    let mut elf = Elf::firmware(A);
    // .data: runs in RAM, loaded behind the code; .bss and a NOLOAD section at a flash-like address have no bytes.
    elf.segments.push((A + 0x100, 0x2000_0000, vec![7; 16], 32));
    elf.segments.push((0x2000_0020, 0x2000_0020, Vec::new(), 4096));
    elf.segments.push((0x0800_0000, 0x0800_0000, Vec::new(), 4096));
    let built = sealed(&elf.file(), &Elf::firmware(B).file()).expect("builds");
    assert_eq!(built[0].payload_size, 0x110);
}

#[test]
fn err_files_that_are_no_firmware() {
    let change = |change: fn(&mut Elf)| {
        let mut elf = Elf::firmware(A);
        change(&mut elf);
        elf.file()
    };
    assert_problem(b"", "WX0501", "empty");
    assert_problem(b":020000040800F2\n", "WX0501", "Intel HEX");
    assert_problem(&[0xFF; 4096], "WX0501", "not an ELF file");
    let image = sealed(&Elf::firmware(A).file(), &Elf::firmware(B).file()).expect("builds").remove(0).bytes;
    assert_problem(&image, "WX0501", "sealed already");
    assert_problem(&change(|elf| elf.machine = 243), "WX0501", "e_machine 243");
    assert_problem(&change(|elf| elf.kind = 1), "WX0501", "object file");
    assert_problem(&change(|elf| elf.kind = 3), "WX0501", "position-independent");
    assert_problem(&change(|elf| elf.class = 2), "WX0501", "32-bit");
    assert_problem(&change(|elf| elf.segments.clear()), "WX0501", "no segment");
}

#[test]
fn err_files_cut_off_at_any_length() {
    let file = Elf::firmware(A).file();
    for length in 0..file.len() {
        assert_eq!(problems(&file[..length])[0].0, "WX0501", "{length} bytes");
    }
}

#[test]
fn err_linked_for_the_other_slot() {
    assert_problem(&Elf::firmware(B).file(), "WX0108", "linked at 0x0812_0400");
    assert_problem(&Elf::firmware(A - 0x400).file(), "WX0108", "linked at 0x0802_0000");
}

#[test]
fn err_bytes_outside_the_slot() {
    let with = |address, bytes| Elf::firmware(A).segment(address, bytes).file();
    assert_problem(&with(0x1FFF_0000, vec![0xAA; 8]), "WX0502", "8 bytes at 0x1FFF_0000");
    assert_problem(&with(0x2000_0000, vec![0; 4]), "WX0502", "4 bytes at 0x2000_0000");
    assert_problem(&with(B, vec![0; 4]), "WX0502", "4 bytes at 0x0812_0400");
    assert_problem(&Elf::with(0x2000_0000, vec![0; 64]).file(), "WX0502", "64 bytes at 0x2000_0000");
    // 100 MiB away, and at the end of the address space: named, not filled up to.
    assert_problem(&with(A + 0x0640_0000, vec![0; 4]), "WX0502", "4 bytes at 0x0E42_0400");
    assert_problem(&with(0xFFFF_FFFE, vec![0; 4]), "WX0502", "4 bytes at 0xFFFF_FFFE");
}

#[test]
fn err_segments_over_one_another() {
    assert_problem(&Elf::firmware(A).segment(A + 0xFC, vec![0; 8]).file(), "WX0106", "0x0802_04FC");
}

#[test]
fn err_larger_than_the_slot() {
    let room = plan().images[0].placements[0].capacity as usize;
    let exactly = Elf::with(A, vectors(0x2008_0000, A + 0x41, room)).file();
    assert_eq!(problems(&exactly), []);
    assert_problem(&Elf::with(A, vectors(0x2008_0000, A + 0x41, room + 1)).file(), "WX0125", "1 bytes too many");
}

#[test]
fn err_vector_tables_that_cannot_start() {
    let table = |stack, reset| Elf::with(A, vectors(stack, reset, 0x100)).file();
    assert_problem(&table(0, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2000_0000, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2008_0004, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2007_FFFE, A + 0x41), "WX0503", "stack pointer");
    assert_problem(&table(0x2008_0000, A + 0x40), "WX0503", "even");
    assert_problem(&table(0x2008_0000, B + 0x41), "WX0503", "points outside");
    assert_problem(&table(0x2008_0000, A + 0x101), "WX0503", "points outside");
    assert_problem(&table(0x2008_0000, A + 1), "WX0503", "points outside");
    assert_problem(&Elf::with(A, vec![0; 7]).file(), "WX0503", "too short");
    assert_eq!(problems(&table(0x2008_0000, A + 0xFF)), []);
}

#[test]
fn err_signers() {
    let (ours, other) = (PrivateKey::from_seed(&[1; 32]), PrivateKey::from_seed(&[2; 32]));
    let public = ours.public();
    let file = Elf::firmware(A).file();
    let input = Input { image: "app", slot: "a", name: "a.elf", bytes: &file };
    let codes = |signers: &[PrivateKey]| {
        let found = build(&plan(), &[input], &[public], signers).expect_err("one slot has no input");
        found.iter().map(|found| (found.code, found.title.clone())).collect::<Vec<_>>()
    };
    let missing = ("WX0504", "1 of 1 signatures missing".to_owned());
    let no_input = ("WX0003", "no input for `app` in slot `b`".to_owned());
    assert_eq!(codes(&[]), [missing.clone(), no_input.clone()]);
    let foreign = ("WX0504", format!("key {} is none of the image role's", other.public()));
    assert_eq!(codes(&[other]), [foreign, missing, no_input.clone()]);
    assert_eq!(codes(&[ours]), [no_input]);
}

/// A fuzz body: whatever the file, an answer and no panic.
fn any_file_is_answered(file: &[u8]) {
    let found = problems(file);
    assert!(found.iter().all(|(code, _)| code.starts_with("WX")));
}

#[test]
fn damaged_files_are_answered() {
    let file = Elf::firmware(A).segment(A + 0x200, vec![1; 32]).file();
    let mut seed = 0x9E37_79B9_u32;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize
    };
    for _ in 0..2000 {
        let mut damaged = file.clone();
        for _ in 0..=random() % 4 {
            let at = random() % 160.min(damaged.len());
            damaged[at] = [0, 1, 0x7F, 0x80, 0xFF, random() as u8][random() % 6];
        }
        any_file_is_answered(&damaged);
    }
}
