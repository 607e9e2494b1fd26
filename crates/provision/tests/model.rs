//! Plans against a model of the memory: what is applied is what was wanted, twice is once, and nothing is locked before it was
//! read back.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use manifest::plan::Plan;
use manifest::plan::otp::Otp;
use manifest::{Source, check};
use provision::{
    Board, Contents, Inputs, LockState, OtpPlan, ReadBack, Records, Secrets, Verdict, boards, plan, segments,
};
use zeroize::Zeroizing;

/// One-time-programmable memory as it is: bits are cleared and never set, units are programmed once, locked blocks not at all.
#[derive(Clone)]
struct Model {
    bytes: Vec<u8>,
    locks: Vec<u8>,
    unit: usize,
    block: usize,
    /// Units that were programmed, whatever with.
    spent: Vec<bool>,
}

impl Model {
    fn blank(otp: &Otp) -> Self {
        let (size, unit) = (otp.memory.size as usize, otp.unit as usize);
        let blocks = otp.memory.blocks().unwrap_or(0) as usize;
        let block = otp.memory.block.unwrap_or(0) as usize;
        Self { bytes: vec![0xFF; size], locks: vec![0xFF; blocks], unit, block, spent: vec![false; size / unit] }
    }

    /// Programs a segment as a programming tool does: every unit of it.
    fn program(&mut self, start: usize, bytes: &[u8]) {
        assert!(start.is_multiple_of(self.unit) && bytes.len().is_multiple_of(self.unit), "half a unit");
        for (index, chunk) in bytes.chunks(self.unit).enumerate() {
            let at = start + index * self.unit;
            if self.block > 0 && self.locks[at / self.block] != 0xFF {
                continue;
            }
            if self.unit == 1 {
                self.bytes[at] &= chunk[0];
                continue;
            }
            assert!(!self.spent[at / self.unit], "unit at {at:#X} is programmed twice");
            self.spent[at / self.unit] = true;
            self.bytes[at..at + self.unit].copy_from_slice(chunk);
        }
    }

    fn lock(&mut self, block: u32) {
        self.locks[block as usize] = 0x00;
    }

    fn read_back(&self) -> ReadBack {
        let has_lock_bytes = !self.locks.is_empty();
        ReadBack { data: self.bytes.clone(), locks: has_lock_bytes.then(|| self.locks.clone()) }
    }

    /// Does what a plan says, up to a number of segments: then the power fails.
    fn apply(&mut self, plan: &OtpPlan, wanted: &Contents, most: usize) {
        for segment in plan.program.iter().take(most) {
            self.program(segment.start as usize, wanted.segment(segment));
        }
    }
}

struct Fixed;

impl Secrets for Fixed {
    fn read(&self, board: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let mut bytes = format!("{board}/{name}").into_bytes();
        bytes.resize(16, 7);
        Ok(Zeroizing::new(bytes))
    }
}

fn corpus(name: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/manifests").join(name);
    let source = Source { name: name.into(), text: fs::read_to_string(path).unwrap() };
    check(&source).plan.unwrap()
}

/// Keys that are no points of the curve: only their digest is taken here.
fn made(plan: &Plan, records: &str) -> Result<Vec<Board>, Vec<String>> {
    let keys: Vec<[u8; 32]> = (0..plan.keys.len()).map(|index| [index as u8 + 1; 32]).collect();
    let inputs = Inputs::new(plan, plan.otp.as_ref().unwrap(), &keys, &Fixed, &[]);
    let records = Records::parse(records.as_bytes()).map_err(|found| vec![found[0].to_string()])?;
    boards(&inputs, &records).map_err(|findings| findings.iter().map(ToString::to_string).collect())
}

const R3: &str = "serial,revision,made,mac\n\
    WX2511000101,C,2026-11-19,00:00:5E:00:53:00\n\
    WX2511000102,C1,2026-11-20,00:00:5E:00:53:02\n";
const UNITS: &str = "serial,color,address\nA1,red,00:00:5E:00:53:00:00:00\nA2,green,00:00:5E:00:53:00:00:01\n";

/// Manifest and records: example r3, units of 8 bytes, and golden parts with blocks of 32 bytes, words of 16 bits, units of 16 bytes.
fn cases() -> Vec<(Plan, Vec<Board>)> {
    let golden = |part: &str| {
        let records = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/otp/{part}/boards.csv"));
        (format!("../otp/{part}/{part}.toml"), fs::read_to_string(records).unwrap())
    };
    let named = [("../../examples/r3/r3.toml", R3), ("good_otp_of_units.toml", UNITS)];
    let named = named.map(|(manifest, records)| (manifest.to_owned(), records.to_owned()));
    let cases = named.into_iter().chain(["f722", "h7a3", "u575"].map(golden));
    let made = |(manifest, records): (String, String)| {
        let plan = corpus(&manifest);
        let boards = made(&plan, &records).unwrap();
        (plan, boards)
    };
    cases.map(made).collect()
}

#[test]
fn a_blank_board_becomes_what_is_wanted_and_stays_it() {
    for (manifest, boards) in cases() {
        let otp = manifest.otp.as_ref().unwrap();
        for board in &boards {
            let mut model = Model::blank(otp);
            for stage in &otp.stages {
                let wanted = Contents::new(otp, board, &stage.name);
                let first = plan(otp, &stage.name, &wanted, &model.read_back());
                assert_eq!(first.verdict(), Verdict::Program);
                assert!(first.locks.iter().all(|lock| lock.state == LockState::HeldBack), "nothing is there yet");
                model.apply(&first, &wanted, usize::MAX);
                let read = model.read_back();
                let reached = read.data.iter().zip(wanted.data.iter()).zip(&wanted.mask);
                assert!(reached.clone().all(|((found, wanted), mask)| (found ^ wanted) & mask == 0));
                // The second time there is nothing to program, and what may be locked is.
                let second = plan(otp, &stage.name, &wanted, &read);
                assert_eq!((second.verdict(), second.program.len()), (Verdict::Same, 0));
                for lock in &second.locks {
                    assert_eq!(lock.state, LockState::Ready);
                    model.lock(lock.block);
                }
                assert!(plan(otp, &stage.name, &wanted, &model.read_back()).is_done());
            }
        }
    }
}

/// After a power cut between any two segments the same plan goes on.
#[test]
fn a_cut_is_resumed() {
    for (manifest, boards) in cases() {
        let otp = manifest.otp.as_ref().unwrap();
        for stage in &otp.stages {
            let wanted = Contents::new(otp, &boards[0], &stage.name);
            for cut in 0..=wanted.segments.len() {
                let mut model = Model::blank(otp);
                model.apply(&plan(otp, &stage.name, &wanted, &model.read_back()), &wanted, cut);
                model.apply(&plan(otp, &stage.name, &wanted, &model.read_back()), &wanted, usize::MAX);
                assert_eq!(plan(otp, &stage.name, &wanted, &model.read_back()).verdict(), Verdict::Same, "cut {cut}");
            }
        }
    }
}

/// Any single byte of a board with any value: the plan reaches what is wanted, or says that it cannot and does nothing.
#[test]
fn the_plan_keeps_its_word_whatever_is_there() {
    for (manifest, boards) in cases() {
        let otp = manifest.otp.as_ref().unwrap();
        let stage = &otp.stages[0].name;
        let wanted = Contents::new(otp, &boards[0], stage);
        let interesting = wanted.segments.iter().flat_map(Clone::clone);
        for offset in interesting {
            for value in [0x00, 0x01, 0x55, 0x7F, 0xAA, 0xFE] {
                let mut model = Model::blank(otp);
                model.bytes[offset as usize] = value;
                model.spent[offset as usize / model.unit] = true;
                let before = model.clone();
                let planned = plan(otp, stage, &wanted, &model.read_back());
                model.apply(&planned, &wanted, usize::MAX);
                let after = plan(otp, stage, &wanted, &model.read_back());
                match planned.verdict() {
                    Verdict::Impossible => {
                        assert_eq!(model.bytes, before.bytes, "{offset:#X}");
                        assert!(planned.locks.iter().all(|lock| lock.state == LockState::HeldBack));
                    }
                    _ => assert_eq!(after.verdict(), Verdict::Same, "{offset:#X} {value:#04X}"),
                }
            }
        }
    }
}

/// The board of the field report's line: written as another one, not locked.
#[test]
fn another_boards_content_is_named_bit_by_bit() {
    let (manifest, boards) = cases().remove(0);
    let otp = manifest.otp.as_ref().unwrap();
    let mut model = Model::blank(otp);
    let other = Contents::new(otp, &boards[0], "identity");
    model.apply(&plan(otp, "identity", &other, &model.read_back()), &other, usize::MAX);
    let wanted = Contents::new(otp, &boards[1], "identity");
    let planned = plan(otp, "identity", &wanted, &model.read_back());
    assert_eq!(planned.verdict(), Verdict::Impossible);
    let serial = &planned.fields[0];
    let stuck: Vec<_> = serial.bytes.iter().filter(|byte| byte.verdict == Verdict::Impossible).collect();
    assert_eq!((serial.field.as_str(), stuck.len()), ("serial", 1));
    // '1' (0x31) is there and '2' (0x32) is wanted.
    assert_eq!((stuck[0].offset, stuck[0].old, stuck[0].new, stuck[0].stuck()), (0x0B, 0x31, 0x32, 0x02));
    assert!(planned.program.is_empty());
}

#[test]
fn a_locked_block_is_told_apart() {
    let (manifest, boards) = cases().remove(0);
    let otp = manifest.otp.as_ref().unwrap();
    let wanted = Contents::new(otp, &boards[0], "identity");
    let mut model = Model::blank(otp);
    model.lock(0);
    let planned = plan(otp, "identity", &wanted, &model.read_back());
    assert_eq!((planned.verdict(), planned.program.len()), (Verdict::Locked, 0));
    assert!(!planned.is_done());
    model.locks[0] = 0x7F;
    let planned = plan(otp, "identity", &wanted, &model.read_back());
    assert_eq!(planned.locks[0].state, LockState::Damaged(0x7F));
    let without = ReadBack { data: model.bytes.clone(), locks: None };
    assert_eq!(plan(otp, "identity", &wanted, &without).locks[0].state, LockState::Unknown);
}

#[test]
fn pieces_are_whole_units_and_nobody_elses() {
    for (manifest, _) in cases() {
        let otp = manifest.otp.as_ref().unwrap();
        for stage in &otp.stages {
            for piece in segments(otp, &stage.name) {
                assert!(piece.start.is_multiple_of(otp.unit) && piece.end.is_multiple_of(otp.unit));
                let others = otp.fields.iter().filter(|field| field.stage.as_ref() != Some(&stage.name));
                let others: Vec<_> =
                    others.filter(|field| field.stage.as_ref().map(|s| &s.value) != Some(&stage.name.value)).collect();
                assert!(
                    others.iter().all(|field| field.range().end <= piece.start || piece.end <= field.range().start)
                );
            }
        }
    }
    let otp = corpus("../../examples/r3/r3.toml").otp.unwrap();
    let one =
        |found: Vec<std::ops::Range<u32>>| found.into_iter().map(|piece| (piece.start, piece.end)).collect::<Vec<_>>();
    assert_eq!(one(segments(&otp, "identity")), [(0, 0x40)]);
    assert_eq!(one(segments(&otp, "security")), [(0x40, 0x80)]);
    let otp = corpus("good_otp_of_units.toml").otp.unwrap();
    assert_eq!(one(segments(&otp, "line")), [(0, 0x48)]);
}

/// A byte is a field's, or free, or spent with a field's unit; and in a free unit no stage programs anything.
#[test]
fn what_is_free_can_still_be_programmed() {
    let mut has_spent = 0;
    for (plan, _) in cases() {
        let otp = plan.otp.as_ref().unwrap();
        let (free, spent) = (manifest::otp::free(otp), manifest::otp::spent(otp));
        has_spent += usize::from(!spent.is_empty());
        let programmed: Vec<_> = otp.stages.iter().flat_map(|stage| segments(otp, &stage.name)).collect();
        for offset in 0..otp.memory.size {
            let owners = otp.fields.iter().filter(|field| field.range().contains(&offset)).count();
            let is_free = free.iter().any(|range| range.contains(&offset));
            let is_spent = spent.iter().filter(|(range, _)| range.contains(&offset)).count();
            assert_eq!(owners + usize::from(is_free) + is_spent, 1, "{offset:#X}");
            let unit = offset / otp.unit;
            let is_touched =
                programmed.iter().any(|range| (range.start / otp.unit..range.end.div_ceil(otp.unit)).contains(&unit));
            assert!(otp.unit == 1 || !(is_free && is_touched), "{offset:#X}");
            assert!(is_spent == 0 || spent.iter().any(|(_, field)| field.range().any(|own| own / otp.unit == unit)));
        }
    }
    assert!(has_spent > 0);
}

#[test]
fn lock_bytes_are_whole_words_of_00_and_ff() {
    let (manifest, boards) = cases().remove(0);
    let otp = manifest.otp.as_ref().unwrap();
    let locks = Contents::new(otp, &boards[0], "security").lock_bytes(otp).unwrap();
    let expected: Vec<u8> = (0..16).map(|block| if block == 1 { 0 } else { 0xFF }).collect();
    assert_eq!(locks, expected);
}

#[test]
fn dumps_of_the_right_length() {
    let otp = corpus("../../examples/r3/r3.toml").otp.unwrap();
    for length in 0..1100 {
        let parsed = ReadBack::parse(&otp, &vec![0xFF; length]);
        match length {
            1024 => assert_eq!(parsed.unwrap().locks, None),
            1040 => assert_eq!(parsed.unwrap().locks.unwrap().len(), 16),
            _ => assert!(parsed.is_err(), "{length}"),
        }
    }
}

#[test]
fn findings_name_line_and_column() {
    let plan = corpus("../../examples/r3/r3.toml");
    let told = |records: &str| made(&plan, records).unwrap_err();
    let row = |serial: &str, revision: &str, made: &str, mac: &str| {
        format!("serial,revision,made,mac\n{serial},{revision},{made},{mac}\n")
    };
    let mac = "00:00:5E:00:53:00";
    for (records, expected) in [
        (
            row("", "C", "2026-11-19", mac),
            "2: column `serial`: printable ASCII characters only, and one at least; the cell is",
        ),
        (
            row("1.23457E+11", "C", "2026-11-19", mac),
            "2: column `serial`: a spreadsheet has rounded it: make its column text",
        ),
        (row("1E+11", "C", "2026-11-19", mac), "2: column `serial`: a spreadsheet has rounded it"),
        (
            row("1,2E+9", "C", "2026-11-19", mac).replace("1,2E+9", "\"1,2E+9\""),
            "2: column `serial`: a spreadsheet has",
        ),
        (row("WX1", "C", "2026-11-19", "2.56E+12"), "2: column `mac`: a spreadsheet has rounded it"),
        (row("A/../B", "C", "2026-11-19", mac), "2: column `serial`: a board's name is"),
        (row("WX1", "D", "2026-11-19", mac), "2: column `revision`: product.revisions has `B`, `C` and `C1`"),
        (
            row("WX1", "C", "19.11.2026", mac),
            "2: column `made`: no day: a day is written 2026-11-19; the cell says `19.11.2026`",
        ),
        (row("WX1", "C", "2026-11-19", "00:00:5E:00:52:FF"), "2: column `mac`: it, or what follows it, is outside"),
        (
            row("WX1", "C", "2026-11-19", "00:00:5E:00:53:FF"),
            "2: column `mac`: it, or what follows it, is outside the range `mac`, 00:00:5E:00:53:00 to 00:00:5E:00:53:FF",
        ),
        ("serial,made,mac\nWX1,2026-11-19,x\n".into(), "1: column `revision`: no such title"),
    ] {
        let found = told(&records);
        assert!(found.iter().any(|finding| finding.starts_with(expected)), "{records}: {found:?}");
    }
    // Values that only look like it.
    for serial in ["1E11", "E+9", "1.E+9", "A1E+9"] {
        let found = told(&row(serial, "C", "none", mac));
        assert!(!found.iter().any(|finding| finding.contains("rounded")), "{found:?}");
    }
    let twice = format!("{R3}WX2511000101,C,2026-11-19,00:00:5E:00:53:03\n");
    let found = told(&twice);
    assert_eq!(found[0], "4: column `serial`: board WX2511000101 stands in line 2 already");
    assert!(found[1].starts_with("4: column `mac`: line 3 has it already"), "{found:?}");
}

/// Values by hand, from the encodings that the specification states.
#[test]
fn the_bytes_of_a_board() {
    let (manifest, boards) = cases().remove(0);
    let otp = manifest.otp.as_ref().unwrap();
    let contents = Contents::new(otp, &boards[0], "identity");
    assert_eq!(contents.data[..0x0C], *b"WX2511000101");
    assert_eq!(contents.data[0x0C..0x10], *b"C\0\0\0");
    assert_eq!(contents.data[0x10..0x1C], [0, 0, 0x5E, 0, 0x53, 0, 0, 0, 0x5E, 0, 0x53, 1]);
    assert_eq!(contents.data[0x1C..0x20], [0xEA, 0x07, 11, 19]);
    assert_eq!(contents.data[0x20..0x22], [1, 0]);
    let sum = image_format::crc::crc32(&contents.data[..0x22]);
    assert_eq!(contents.data[0x3C..0x40], sum.to_le_bytes());
    let security = Contents::new(otp, &boards[0], "security");
    let complement: Vec<u8> = security.data[0x40..0x60].iter().map(|byte| !byte).collect();
    assert_eq!(security.data[0x60..0x80], complement);
}

/// What firmware reads of a board is what was planned for it, by the layout's own reader.
#[test]
fn firmware_reads_what_was_planned() {
    use image_format::Memory;
    use image_format::otp::OtpLayout;
    for (manifest, boards) in cases() {
        let otp = manifest.otp.as_ref().unwrap();
        let layout = OtpLayout::parse(&otp.layout).unwrap();
        for board in &boards {
            let mut model = Model::blank(otp);
            for stage in &otp.stages {
                let wanted = Contents::new(otp, board, &stage.name);
                model.apply(&plan(otp, &stage.name, &wanted, &model.read_back()), &wanted, usize::MAX);
            }
            for (index, field) in otp.fields.iter().enumerate() {
                let Some(value) = board.value(&field.name) else { continue };
                let mut buffer = vec![0; value.bytes.len()];
                layout.read(index, &mut Memory::file(&model.bytes), &mut buffer).unwrap();
                assert_eq!(buffer, *value.bytes, "{}", field.name.value);
                if field.kind.value == image_format::otp::FieldKind::Crc32 {
                    assert_eq!(layout.check_sum(index, &mut Memory::file(&model.bytes)), Ok(()));
                }
            }
        }
    }
}

/// A secret shows its digest and nothing else.
#[test]
fn a_secret_is_not_shown() {
    let (manifest, boards) = cases().remove(1);
    let otp = manifest.otp.as_ref().unwrap();
    let token = boards[0].value("token").unwrap();
    assert!(token.show(otp.field("token").unwrap()).starts_with("secret, sha256 "));
    let bytes = format!("{:?}", token.bytes.as_slice());
    assert!(!format!("{:?}", boards[0]).contains(bytes.trim_matches(['[', ']'])));
}

/// A block that two stages fill is locked by the second one, and not while the first one's fields are missing.
#[test]
fn a_lock_waits_for_the_fields_of_other_stages() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/r3/r3.toml");
    let text = fs::read_to_string(path).unwrap().replacen("lock = \"permanent\"", "lock = \"never\"", 1)
        + "\n[otp.fields.limit]\nat = 0x30\ntype = \"u32\"\nstage = \"security\"\nvalue = \"5\"\n";
    let manifest = check(&Source { name: "r3.toml".into(), text }).plan.unwrap();
    let otp = manifest.otp.as_ref().unwrap();
    let board = &made(&manifest, R3).unwrap()[0];
    let (identity, security) = (Contents::new(otp, board, "identity"), Contents::new(otp, board, "security"));
    assert_eq!(security.locks, [0, 1]);
    let mut model = Model::blank(otp);
    model.apply(&plan(otp, "security", &security, &model.read_back()), &security, usize::MAX);
    let states = |model: &Model| -> Vec<LockState> {
        plan(otp, "security", &security, &model.read_back()).locks.iter().map(|lock| lock.state).collect()
    };
    assert_eq!(states(&model), [LockState::HeldBack, LockState::Ready]);
    model.apply(&plan(otp, "identity", &identity, &model.read_back()), &identity, usize::MAX);
    assert_eq!(states(&model), [LockState::Ready, LockState::Ready]);
}
