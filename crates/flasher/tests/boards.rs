//! Boards that are flashed and burnt, from blank to done.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::*;
use dfuse::{Board, Fault, Memory as _, Moment};
use flasher::{
    BurnPlan, Effect, Event, FlashPlan, Holds, Matter, NotConfirmed, Outcome, PlanError, Purpose, Setup, Target,
    Transport, Trouble, judge, read_otp,
};
use image_format::log::{Entry, EntryKind};
use manifest::Plan;
use manifest::plan::CounterStore;
use packer::PrivateKey;
use provision::{LockState, Verdict};
use report::verify::Input;
use zerocopy::IntoBytes as _;

const MINIMAL: &str = "tests/manifests/good_minimal.toml";
const R3: &str = "examples/r3/r3.toml";

#[test]
fn a_blank_board_is_flashed() {
    let plan = plan(MINIMAL);
    let file = release(&plan, [4000, 300_000]);
    let verdict = verdict(&plan, &file);
    let mut board = board(F767, &[]);
    let comparison = compare(&mut board, &plan, Purpose::Flash);
    assert!(comparison.is_right(), "{comparison:#?}");
    let flash = FlashPlan::new(&verdict, &comparison.accept(&[]).unwrap(), &[]).unwrap();
    println!("{}", flash.text());
    let pieces: Vec<_> = flash.slots.iter().flat_map(|slot| slot.program.clone()).collect();
    let done = run(flash.flash("").unwrap(), &mut board);
    assert_eq!(done.trouble, None);
    assert!(done.state.slots.iter().all(|slot| slot.holds == Holds::Image), "{done:?}");
    for piece in pieces {
        assert!(board.memory.content(&piece.range()).unwrap() == piece.bytes);
    }
}

#[test]
fn a_blank_board_is_burnt_and_locked() {
    let plan = plan(R3);
    let otp = plan.otp.as_ref().unwrap();
    let mut board = board(F746, &[]);
    let fit = compare(&mut board, &plan, Purpose::Otp).accept(&[]).unwrap();
    let values = records(&plan);
    for stage in ["identity", "security"] {
        let read = run(read_otp(&plan, &fit).unwrap(), &mut board).unwrap();
        let planned = BurnPlan::new(Target::of_board(&plan, &values, stage).unwrap(), read);
        assert_eq!(planned.plan().verdict(), Verdict::Program);
        assert!(planned.locks().is_err(), "nothing is locked before it was read back");
        assert!(planned.clone().confirm("WX2511000102").is_err(), "another board's name");
        let burnt = run(planned.confirm("WX2511000101").unwrap().burn(), &mut board);
        assert_eq!(burnt.trouble, None, "{:?}", burnt.sentences());
        let rest = burnt.rest().unwrap();
        assert_eq!(rest.plan().verdict(), Verdict::Same);
        let locked = run(rest.locks().unwrap().confirm("WX2511000101").unwrap().lock(), &mut board);
        assert_eq!(locked.trouble, None, "{:?}", locked.sentences());
        let rest = locked.rest().unwrap();
        assert!(rest.plan().is_done(), "{:?}", locked.sentences());
        assert!(rest.plan().locks.iter().all(|lock| lock.state == LockState::Locked));
    }
    let locks = board.memory.content(&(0x1FF0_F400..0x1FF0_F410)).unwrap();
    assert_eq!(locks, [&[0, 0][..], &[0xFF; 14]].concat(), "blocks 0 and 1, and no neighbour");
    let unused = board.memory.content(&(0x1FF0_F022..0x1FF0_F03C)).unwrap();
    assert!(unused.iter().all(|byte| *byte == 0xFF), "what no field has stays as it was");
    assert!(otp.fields.iter().all(|field| field.range().end <= otp.memory.size));
}

/// A board that notes where each address is sent to: which memory it means is the alternate setting's, and a ROM may refuse it elsewhere.
struct Addressed<'a> {
    board: &'a mut Board,
    alternate: u8,
    sent: BTreeSet<(u8, u32)>,
}

impl Transport for Addressed<'_> {
    fn perform(&mut self, effect: &Effect) -> Event {
        match effect {
            Effect::Select { alternate, .. } => self.alternate = *alternate,
            // DNLOAD with wValue 0: a command, and the address that it is about.
            Effect::Out { setup: Setup { request: 1, value: 0, .. }, data } => {
                if let [_, address @ ..] = data.as_slice() {
                    self.sent.insert((self.alternate, u32::from_le_bytes(address.try_into().unwrap())));
                }
            }
            _ => {}
        }
        Transport::perform(self.board, effect)
    }
}

#[test]
fn each_address_is_sent_to_the_memory_that_has_it() {
    let plan = plan(R3);
    let mut board = board(F746, &[]);
    let fit = compare(&mut board, &plan, Purpose::Otp).accept(&[]).unwrap();
    let mut watched = Addressed { board: &mut board, alternate: u8::MAX, sent: BTreeSet::new() };
    let read = read_otp(&plan, &fit).unwrap().run(&mut watched).unwrap().unwrap();
    let planned = BurnPlan::new(Target::of_board(&plan, &records(&plan), "identity").unwrap(), read);
    let burnt = planned.confirm("WX2511000101").unwrap().burn().run(&mut watched).unwrap();
    burnt.rest().unwrap().locks().unwrap().confirm("WX2511000101").unwrap().lock().run(&mut watched).unwrap();
    let otp = fit.device().alternates.iter().find(|alternate| alternate.name.contains("OTP")).unwrap();
    let sent = watched.sent;
    assert!(sent.iter().any(|(_, address)| *address >= 0x1FF0_F400), "its lock bytes too: {sent:X?}");
    for (alternate, address) in sent {
        assert_eq!(alternate == otp.number, address >= 0x1FF0_F000, "{address:#X}");
    }
}

/// What a board cannot become is not begun, and a lock byte that is neither open nor locked is left alone.
#[test]
fn what_cannot_be_burnt_or_locked_is_not_confirmed() {
    let (plan, name) = (plan(R3), "WX2511000101");
    let values = records(&plan);
    let planned = |board: &mut Board| {
        let fit = compare(board, &plan, Purpose::Otp).accept(&[]).unwrap();
        let read = run(read_otp(&plan, &fit).unwrap(), board).unwrap();
        BurnPlan::new(Target::of_board(&plan, &values, "identity").unwrap(), read)
    };
    for (at, what) in [(0x1FF0_F000, "a zero where the serial number begins"), (0x1FF0_F400, "the lock of its block")] {
        let mut other = board(F746, &[]);
        other.memory.program(at, &[0x00]).unwrap();
        let refused = planned(&mut other).confirm(name).map(drop);
        assert!(matches!(refused, Err(NotConfirmed::Impossible { .. })), "{what}: {refused:?}");
    }
    let mut burnt = board(F746, &[]);
    assert_eq!(run(planned(&mut burnt).confirm(name).unwrap().burn(), &mut burnt).trouble, None);
    assert!(planned(&mut burnt).locks().is_ok());
    burnt.memory.program(0x1FF0_F400, &[0x0F]).unwrap();
    let refused = planned(&mut burnt).locks().map(drop);
    assert!(matches!(refused, Err(NotConfirmed::NotReady { .. })), "{refused:?}");
}

/// What changed between reading and burning is not burnt over, and what changed behind the burning is no success.
#[test]
fn a_reading_holds_for_one_moment() {
    let (plan, name) = (plan(R3), "WX2511000101");
    let values = records(&plan);
    for (reading, trouble) in [(1, "changed"), (2, "not-burnt")] {
        let mut board = board(F746, &[format!("written@0x1FF0F000=0x00,{reading}").parse().unwrap()]);
        let fit = compare(&mut board, &plan, Purpose::Otp).accept(&[]).unwrap();
        let read = run(read_otp(&plan, &fit).unwrap(), &mut board).unwrap();
        let planned = BurnPlan::new(Target::of_board(&plan, &values, "identity").unwrap(), read);
        let done = run(planned.confirm(name).unwrap().burn(), &mut board);
        assert_eq!(done.trouble.as_ref().map(Trouble::name), Some(trouble), "{:?}", done.sentences());
        assert_eq!(done.is_changed, reading == 2);
    }
}

/// Another blank board in place of the one that was read.
#[test]
fn another_board_is_not_burnt() {
    let plan = plan(R3);
    let mut first = board(F746, &[]);
    let fit = compare(&mut first, &plan, Purpose::Otp).accept(&[]).unwrap();
    let read = run(read_otp(&plan, &fit).unwrap(), &mut first).unwrap();
    let planned = BurnPlan::new(Target::of_board(&plan, &records(&plan), "identity").unwrap(), read);
    let mut other = board(F746, &[]).with_serial("another");
    let done = run(planned.confirm("WX2511000101").unwrap().burn(), &mut other);
    assert_eq!(done.trouble.as_ref().map(Trouble::name), Some("other-device"));
    assert!(other.memory.log.is_empty());
}

/// Another key, a changed byte, and a device that nobody judged: no verdict, and so no plan.
#[test]
fn what_is_refused_has_no_verdict() {
    let plan = plan(MINIMAL);
    let file = release(&plan, [4000, 4000]);
    let own = key().public();
    assert!(judge(&question(&plan, own), &file).is_ok());
    assert!(judge(&question(&plan, PrivateKey::from_seed(&[8; 32]).public()), &file).is_err());
    let mut changed = file.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(judge(&question(&plan, own), &changed).is_err());
    for input in [Input::Device, Input::Layout] {
        let mut question = question(&plan, own);
        question.without = vec![input];
        assert!(judge(&question, &file).is_err(), "{}", input.word());
    }
}

/// A block that two stages fill is locked by the second one, on a board that had the first.
#[test]
fn a_block_that_another_stage_fills_is_not_locked() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(R3)).unwrap();
    let of_second = |text: String, field: &str| {
        let (before, after) = text.split_once(&format!("[otp.fields.{field}]")).unwrap();
        format!("{before}[otp.fields.{field}]{}", after.replacen("stage = \"identity\"", "stage = \"security\"", 1))
    };
    let text =
        text.replacen("lock = \"permanent\"", "lock = \"never\"", 1).replace(", \"made\", \"format\"]", ", \"made\"]");
    let plan = checked(of_second(text, "format"));
    let (name, values) = ("WX2511000101", records(&plan));
    let mut board = board(F746, &[]);
    let fit = compare(&mut board, &plan, Purpose::Otp).accept(&[]).unwrap();
    let planned = |board: &mut Board, stage: &str| {
        let read = run(read_otp(&plan, &fit).unwrap(), board).unwrap();
        BurnPlan::new(Target::of_board(&plan, &values, stage).unwrap(), read)
    };
    for (stage, is_ready) in [("security", false), ("identity", true)] {
        let burnt = run(planned(&mut board, stage).confirm(name).unwrap().burn(), &mut board);
        assert_eq!(burnt.trouble, None);
        let locks = planned(&mut board, "security").locks().map(|locks| locks.blocks);
        assert_eq!(locks.as_deref().ok(), is_ready.then_some(&[0, 1][..]), "{stage}");
    }
}

/// Overwriting keeps its state log in the slot where updates are staged: it is erased with the slot that it is about, and no other
/// sector of the staging slot.
#[test]
fn a_state_log_elsewhere_is_erased_with_its_slot() {
    let plan = plan("tests/manifests/good_overwrite_with_backup.toml");
    let placement = &plan.images[0].placements[0];
    let verdict = verdict(&plan, &release(&plan, [3000]));
    let options: Vec<String> =
        plan.device.mode.selectors.iter().map(|(name, value)| format!(",{name}={value}")).collect();
    let mut board = board(&format!("{}{}", plan.device.part.name, options.concat()), &[]);
    let fit = compare(&mut board, &plan, Purpose::Flash).accept(&[]).unwrap();
    let flash = FlashPlan::new(&verdict, &fit, &[]).unwrap();
    let slot = &plan.slot(&placement.slot.value).unwrap().extent.range;
    let outside: Vec<_> = flash.slots[0].erase.iter().filter(|sector| !slot.contains(&sector.address)).collect();
    let state = placement.state_address..placement.state_address + placement.state_size;
    assert!(
        !outside.is_empty()
            && outside.iter().all(|sector| sector.range().start < state.end && state.start < sector.range().end)
    );
    assert!(flash.notes.iter().any(|note| note.contains("lies outside of it")), "{:?}", flash.notes);
    assert_eq!(run(flash.flash("").unwrap(), &mut board).trouble, None);
}

/// A board that has counted higher than the release, in an area or in one-time-programmable memory: refused before a sector is erased.
#[test]
fn a_release_that_the_boards_counter_refuses_is_not_written() {
    for manifest in ["examples/r1b/r1b.toml", "tests/manifests/good_otp_counter.toml"] {
        let plan = plan(manifest);
        let file = release(&plan, [4000, 4000]);
        let mut question = question(&plan, key().public());
        question.revision = Some(*b"B\0\0\0");
        let image = &plan.images[0];
        let count = |board: &mut Board, value: u32| match &image.counter_store.as_ref().unwrap().value {
            CounterStore::Area(name) => {
                let area = plan.area(name).unwrap().extent.range.clone();
                board.memory.put(area.start, Entry::new(EntryKind::Count, value, &[0; 32]).encode().as_bytes());
            }
            CounterStore::Otp(name) => {
                let otp = plan.otp.as_ref().unwrap();
                let field = otp.field(name).unwrap().range();
                let spent = vec![0; usize::try_from(value * otp.unit).unwrap()];
                board.memory.program(otp.address(field.start), &spent).unwrap();
            }
        };
        let counter = image.security_counter.value;
        for (counted, waived, refused) in
            [(counter, false, false), (counter + 1, false, true), (counter + 1, true, false)]
        {
            question.without = if waived { vec![Input::Counter] } else { Vec::new() };
            let verdict = judge(&question, &file).unwrap();
            let mut board = board(F767, &[]);
            count(&mut board, counted);
            let before = board.memory.log.len();
            let fit = compare(&mut board, &plan, Purpose::Flash).accept(&[]).unwrap();
            let planned = FlashPlan::new(&verdict, &fit, &[]).unwrap();
            let note = if waived { "the board's is not read" } else { "the board's is read first" };
            assert!(planned.text().contains(note), "{}", planned.text());
            let done = run(planned.flash("").unwrap(), &mut board);
            if refused {
                let trouble = done.trouble.unwrap();
                assert!(
                    matches!(trouble, Trouble::Counter { lowest, .. } if lowest == counted),
                    "{manifest}: {trouble}"
                );
                assert_eq!(done.state.sentences, ["nothing was changed: the board is as it was"]);
                assert_eq!(board.memory.log.len(), before);
            } else {
                assert_eq!(done.trouble, None, "{manifest}");
            }
        }
    }
}

/// What a run that was cut off had written is left alone, but for the last sector that reads right, and for what starts the image.
#[test]
fn a_resumed_plan_leaves_out_what_reads_right() {
    let plan = plan("examples/r1b/r1b.toml");
    let mut question = question(&plan, key().public());
    question.revision = Some(*b"B\0\0\0");
    let verdict = judge(&question, &release(&plan, [500_000, 4000])).unwrap();
    // 430 KB of 500, in sectors 5 to 8 of 128 KiB.
    let mut cut_off = board(F767, &[Fault::Unplugged(Moment::Program(215))]);
    let fit = compare(&mut cut_off, &plan, Purpose::Flash).accept(&[]).unwrap();
    let planned = || FlashPlan::new(&verdict, &fit, &["a".to_owned()]).unwrap();
    let slot = &planned().slots[0];
    assert!(slot.erase[0].range().contains(&slot.start.start), "what starts the image is erased first");
    assert_eq!(slot.program.last().unwrap().range(), slot.start, "and programmed last");
    assert_eq!(run(planned().flash("").unwrap(), &mut cut_off).trouble.unwrap().name(), "gone");
    let mut board = cut_off.reconnect();
    let resumed = |board: &mut Board| planned().resumed(&run(planned().read(), board).unwrap());
    let kept = |plan: &FlashPlan| plan.slots[0].kept.iter().map(|sector| sector.number).collect::<Vec<_>>();
    assert_eq!(kept(&resumed(&mut board)), [6]);
    let byte = board.memory.content(&(0x0804_1000..0x0804_1001)).unwrap()[0];
    board.memory.put(0x0804_1000, &[!byte]);
    let again = resumed(&mut board);
    assert!(kept(&again).is_empty());
    assert_eq!(run(again.flash("").unwrap(), &mut board).trouble, None);
    for piece in planned().slots.iter().flat_map(|slot| &slot.program) {
        assert!(board.memory.content(&piece.range()).unwrap() == piece.bytes);
    }
}

/// A board that was compared for its flash is not burnt, and one that was compared for its other memory not flashed.
#[test]
fn a_board_is_written_for_what_it_was_compared() {
    let (minimal, r3) = (plan(MINIMAL), plan(R3));
    let verdict = verdict(&minimal, &release(&minimal, [4000, 4000]));
    let fit = compare(&mut board(F746, &[]), &r3, Purpose::Otp).accept(&[]).unwrap();
    assert!(matches!(FlashPlan::new(&verdict, &fit, &[]), Err(PlanError::Purpose)));
    let fit = compare(&mut board(F746, &[]), &r3, Purpose::Flash).accept(&[]).unwrap();
    assert!(read_otp(&r3, &fit).is_none());
}

/// A manifest for a part with two banks of its own sectors.
fn of_part(part: &str, options: &str, slots: [(&str, &str); 3]) -> Plan {
    let mut text =
        format!("[product]\nvendor = \"acme.example\"\nclass = \"probe\"\n[device]\npart = \"{part}\"\n{options}\n");
    for (name, (region, sectors)) in ["boot", "a", "b"].into_iter().zip(slots) {
        text += &format!("[slots.{name}]\nregion = \"{region}\"\nsectors = \"{sectors}\"\n");
    }
    text += "[boot]\nloader = \"waxseal\"\nslot = \"boot\"\n[images.app]\nslots = [\"a\", \"b\"]\nstrategy = \"direct-xip\"\n\
             version = \"1.0.0\"\n[keys.release]\npublic = \"release.pub.pem\"\n";
    checked(text)
}

fn h743(options: &str) -> Plan {
    of_part(
        "STM32H743ZI",
        &format!("options.BOOT_ADD0 = \"boot\"\n{options}"),
        [("bank1", "0"), ("bank1", "1"), ("bank2", "1")],
    )
}

/// Option bytes of four families, stored in three ways: what is decoded is compared, and what is not is said to be no check.
#[test]
fn option_bytes_are_compared_as_far_as_it_is_proven_where_they_are() {
    let u575 = |options| of_part("STM32U575ZI", options, [("bank1", "0-15"), ("bank1", "16-31"), ("bank2", "0-15")]);
    let l476 = |options| of_part("STM32L476RG", options, [("bank1", "0-15"), ("bank1", "16-31"), ("bank2", "0-15")]);
    let f407 = |options| of_part("STM32F407VG", options, [("flash", "0-3"), ("flash", "5"), ("flash", "6")]);
    let (swap, level) = ("options.SWAP_BANK_OPT = 0", "options.RDP = 0");
    let undecoded =
        |name: &str, part: &str| format!("{name} is not decoded: where the ROM of an {part} gives it is unproven");
    let l151 = plan("tests/manifests/good_overwrite_with_backup.toml");
    for (plan, board_text, outcome, says) in [
        // Words with their complement.
        (plan(MINIMAL), F767, Outcome::Right, "option bytes as the manifest has them".to_owned()),
        (plan(MINIMAL), &F767.replace("0x2000", "0x0080"), Outcome::Note, "BOOT_ADD0 is 0x0080".to_owned()),
        // The registers themselves.
        (
            h743(level),
            "STM32H743ZI,BOOT_ADD0=0x0800",
            Outcome::Right,
            "option bytes as the manifest has them".to_owned(),
        ),
        (h743(swap), "STM32H743ZI,SWAP_BANK_OPT=1", Outcome::Note, "SWAP_BANK_OPT is 1".to_owned()),
        (h743(""), "STM32H743ZI", Outcome::Note, "write protection is not compared: WRPSn2 is not decoded".to_owned()),
        (u575("options.SWAP_BANK = 0"), "STM32U575ZI,SWAP_BANK=1", Outcome::Note, "SWAP_BANK is 1".to_owned()),
        (u575("options.SWAP_BANK = 0"), "STM32U575ZI,SWAP_BANK=0", Outcome::Right, "option bytes as".to_owned()),
        (l151, "STM32L151CB", Outcome::Note, "write protection is not compared".to_owned()),
        // Nothing proves where these are.
        (l476(level), "STM32L476RG", Outcome::Note, undecoded("RDP", "STM32L476RG")),
        (f407(level), "STM32F407VG", Outcome::Note, undecoded("RDP", "STM32F407VG")),
        (f407(level), "STM32F407VG", Outcome::Note, undecoded("nWRP", "STM32F407VG")),
    ] {
        let found = compare(&mut board(board_text, &[]), &plan, Purpose::Flash);
        let is_said = found.findings.iter().any(|finding| {
            finding.matter == Matter::OptionBytes && finding.outcome == outcome && finding.text.contains(&says)
        });
        assert!(is_said, "{board_text}: {says}\n{}", found.text());
        assert!(found.is_right(), "{board_text}: {}", found.text());
    }
}

/// Whether a board lets itself be read it says by letting itself be read: that needs no option bytes.
#[test]
fn read_protection_is_seen_on_every_part() {
    for text in ["STM32F767ZI", "STM32H743ZI", "STM32U575ZI", "STM32L476RG", "STM32F407VG", "STM32L151CB"] {
        assert!(connect(&mut board(&format!("{text},RDP=1"), &[])).read_protected, "{text}");
        assert!(!connect(&mut board(text, &[])).read_protected, "{text}");
    }
}

/// Other sectors are another part, whoever says that they know better.
#[test]
fn a_board_with_other_sectors_is_not_written() {
    for other in ["STM32F407VG", &F767.replace("nDBANK=0", "nDBANK=1")] {
        let found = compare(&mut board(other, &[]), &plan(MINIMAL), Purpose::Flash);
        let refused = found.accept(&Matter::ALL).map(drop).unwrap_err();
        assert!(refused.iter().any(|finding| finding.matter == Matter::Sectors), "{other}: {refused:?}");
    }
}

/// A sector that an H7's registers protect is not planned to be erased.
#[test]
fn write_protection_of_registers_keeps_a_plan_from_being_made() {
    let plan = h743("");
    let verdict = verdict(&plan, &release(&plan, [4000, 4000]));
    for (board_text, is_planned) in [("STM32H743ZI,WRPSn1=0xFF", true), ("STM32H743ZI,WRPSn1=0xFD", false)] {
        let fit = compare(&mut board(board_text, &[]), &plan, Purpose::Flash).accept(&[]).unwrap();
        let planned = FlashPlan::new(&verdict, &fit, &["a".to_owned()]);
        assert_eq!(planned.is_ok(), is_planned, "{board_text}: {planned:?}");
    }
}

/// Where it is unproven how a part stores its option bytes, nothing is said to be unprotected: that it is not compared is said.
#[test]
fn write_protection_that_cannot_be_read_is_no_check() {
    let note = |manifest: &str, text: &str| {
        let found = compare(&mut board(text, &[]), &plan(manifest), Purpose::Flash).text();
        found.contains("write protection is not compared")
    };
    assert!(!note("examples/r1b/r1b.toml", F767));
    assert!(note("tests/manifests/good_overwrite_with_backup.toml", "STM32L151CB"));
}
