//! Boards that are flashed and burnt, from blank to done.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use dfuse::Memory as _;
use flasher::{BurnPlan, FlashPlan, Holds, Purpose, Target, Trouble, judge, read_otp};
use image_format::log::{Entry, EntryKind};
use manifest::plan::CounterStore;
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
    assert!(otp.fields.iter().all(|field| field.range().end <= otp.memory.size));
}

/// Overwriting keeps its state log in the slot where updates are staged: it is erased with the slot that it is about, and no other
/// sector of the staging slot.
#[test]
fn a_state_log_elsewhere_is_erased_with_its_slot() {
    let plan = plan("tests/manifests/good_overwrite_with_backup.toml");
    let (image, placement) = (&plan.images[0], &plan.images[0].placements[0]);
    let mut code = waxseal_tests::elf::code(placement.run_address, 3000);
    code[..4].copy_from_slice(&plan.device.part.ram[0].range().end.to_le_bytes());
    let firmware = waxseal_tests::elf::Elf::default().segment(placement.run_address, code).file();
    let input = packer::build::Input {
        image: &image.name.value,
        slot: &placement.slot.value,
        name: "app.elf",
        bytes: &firmware,
    };
    let built = packer::build::build(&plan, &[input], &[key().public()], &[key()], packer::build::Wanted::ALL).unwrap();
    let verdict = verdict(&plan, &built.release_parts().concat());
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
        let count = |board: &mut dfuse::Board, value: u32| match &image.counter_store.as_ref().unwrap().value {
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
