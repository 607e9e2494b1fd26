//! Whatever a device answers: every procedure ends, says a state that is true, and never writes outside its plan.
#![allow(clippy::unwrap_used)]

mod common;

use std::ops::Range;

use common::*;
use dfuse::{Board, Event, Fault, Moment, Operation};
use flasher::{
    BurnPlan, ConfirmedUnprotect, Effect, FlashPlan, Holds, Next, PHRASE, Procedure, Purpose, Target, Transport,
    identify, read_otp,
};

const MINIMAL: &str = "tests/manifests/good_minimal.toml";
const R3: &str = "examples/r3/r3.toml";
/// More effects than any procedure here may take.
const MOST: usize = 200_000;

/// A board whose answers are now and then somebody else's.
struct Liar {
    board: Board,
    seed: u64,
    /// One answer of so many is a lie.
    one_of: u64,
}

impl Liar {
    fn random(&mut self) -> u64 {
        // SplitMix64.
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Transport for Liar {
    fn perform(&mut self, effect: &Effect) -> Event {
        let truth = Transport::perform(&mut self.board, effect);
        if !self.random().is_multiple_of(self.one_of) {
            return truth;
        }
        match self.random() % 8 {
            0 => Event::Gone,
            1 => Event::Stalled,
            2 => Event::Done,
            3 => Event::Received(Vec::new()),
            4 => Event::Cancel,
            5 => Event::Start,
            // A status, or whatever it is taken for.
            6 => Event::Received(vec![(self.random() % 16) as u8, 5, 0, 0, (self.random() % 12) as u8, 0]),
            _ => {
                let size = self.random() % 300;
                Event::Received((0..size).map(|_| self.random() as u8).collect())
            }
        }
    }
}

/// Runs a procedure, which must end.
fn ends<T>(mut procedure: Procedure<T>, transport: &mut impl Transport) -> T {
    let mut event = Event::Start;
    for _ in 0..MOST {
        match procedure.next(event) {
            Next::Do(effect) => event = transport.perform(&effect),
            Next::End(end) => {
                assert!(matches!(procedure.next(Event::Done), Next::Over), "there is no next");
                return end;
            }
            Next::Over => panic!("it is over before its end"),
        }
    }
    panic!("it does not end");
}

fn inside(range: &Range<u32>, allowed: &[Range<u32>]) -> bool {
    allowed.iter().any(|allowed| allowed.start <= range.start && range.end <= allowed.end)
}

#[test]
fn any_answers_to_a_flashing() {
    let plan = plan(MINIMAL);
    let verdict = verdict(&plan, &release(&plan, [4000, 5000]));
    let mut first = board(F767, &[]);
    let fit = compare(&mut first, &plan, Purpose::Flash).accept(&[]).unwrap();
    let mut ended_well = 0;
    for seed in 0..200 {
        let planned = FlashPlan::new(&verdict, &fit, &[]).unwrap();
        let erase: Vec<_> = planned.slots.iter().flat_map(|slot| &slot.erase).map(|sector| sector.range()).collect();
        let program: Vec<_> = planned.slots.iter().flat_map(|slot| &slot.program).map(flasher::Piece::range).collect();
        let slots = planned.slots.clone();
        let mut liar = Liar { board: first.clone(), seed, one_of: [5, 50, 150, 400][seed as usize % 4] };
        let _ = ends(identify(), &mut liar);
        let done = ends(planned.flash("").unwrap(), &mut liar);
        for operation in &liar.board.memory.log {
            match operation {
                Operation::Erased(range) => assert!(inside(range, &erase), "{seed}: {operation}"),
                Operation::Programmed(range) => assert!(inside(range, &program), "{seed}: {operation}"),
                other => panic!("{seed}: {other}"),
            }
        }
        for (slot, state) in slots.iter().zip(&done.state.slots) {
            let is_there =
                slot.program.iter().all(|piece| liar.board.memory.content(&piece.range()).unwrap() == piece.bytes);
            // A device that lies about what it holds is believed; it cannot be known better.
            if done.trouble.is_none() && state.holds == Holds::Image {
                ended_well += usize::from(is_there);
            }
        }
        assert!(done.trouble.is_none() || !done.state.advice.is_empty(), "{seed}: nobody says what to do");
    }
    assert!(ended_well > 25, "only {ended_well}: it lies too much to show anything");
}

/// The cable is pulled before each transfer, and within each operation: what is said of a slot is true, and the same again, resumed,
/// finishes the work.
#[test]
fn unplugged_anywhere() {
    let plan = plan(MINIMAL);
    let verdict = verdict(&plan, &release(&plan, [4000, 140_000]));
    let mut first = board(F767, &[]);
    let fit = compare(&mut first, &plan, Purpose::Flash).accept(&[]).unwrap();
    let planned = || FlashPlan::new(&verdict, &fit, &[]).unwrap();
    let mut whole = first.clone();
    let before = whole.transfers();
    assert_eq!(run(planned().flash("").unwrap(), &mut whole).trouble, None);
    let transfers = whole.transfers() - before;
    let erases = whole.memory.log.iter().filter(|operation| matches!(operation, Operation::Erased(_))).count() as u32;
    let programs = whole.memory.log.len() as u32 - erases;
    let transfers = (0..transfers).step_by(7).map(|at| Moment::Transfer(before + at));
    let changes = (0..erases).map(Moment::Erase).chain((0..programs).map(Moment::Program));
    for fault in transfers.chain(changes).map(Fault::Unplugged) {
        let mut board = first.clone();
        board.set_faults(vec![fault]);
        let done = run(planned().flash("").unwrap(), &mut board);
        assert_eq!(done.trouble.as_ref().map(flasher::Trouble::name), Some("gone"), "{fault:?}");
        let is_image = |state: &flasher::SlotState| state.holds == Holds::Image;
        assert!(!done.state.slots.iter().all(is_image), "{fault:?}: not all was read back");
        for (slot, state) in planned().slots.iter().zip(&done.state.slots) {
            let right = |piece: &flasher::Piece| board.memory.content(&piece.range()).unwrap() == piece.bytes;
            let starts = board.memory.content(&slot.start).unwrap().iter().any(|byte| *byte != 0xFF);
            match state.holds {
                Holds::Before => assert!(!starts, "{fault:?}: it was blank before"),
                Holds::Nothing => assert!(!starts, "{fault:?}: something could start from {}", slot.slot),
                Holds::Image | Holds::Unverified => assert!(slot.program.iter().all(right), "{fault:?}"),
                Holds::Doubtful => {}
            }
        }
        let mut board = board.reconnect();
        let read = run(planned().read(), &mut board).unwrap();
        let resumed = planned().resumed(&read);
        assert_eq!(run(resumed.flash("").unwrap(), &mut board).trouble, None, "{fault:?}");
        assert!(
            planned()
                .slots
                .iter()
                .flat_map(|slot| &slot.program)
                .all(|piece| { board.memory.content(&piece.range()).unwrap() == piece.bytes })
        );
    }
}

#[test]
fn any_answers_to_a_burning() {
    let plan = plan(R3);
    let values = records(&plan);
    let mut first = board(F746, &[]);
    let fit = compare(&mut first, &plan, Purpose::Otp).accept(&[]).unwrap();
    let read = run(read_otp(&plan, &fit).unwrap(), &mut first).unwrap();
    let mut burnt = first.clone();
    let planned = || BurnPlan::new(Target::of_board(&plan, &values, "identity").unwrap(), read.clone());
    let name = "WX2511000101";
    let rest = run(planned().confirm(name).unwrap().burn(), &mut burnt).rest().unwrap();
    burnt.memory.log.clear();
    let mut ended_well = 0;
    for seed in 0..200 {
        let one_of = [5, 30, 80, 200][seed as usize % 4];
        let mut liar = Liar { board: first.clone(), seed, one_of };
        let done = ends(planned().confirm(name).unwrap().burn(), &mut liar);
        let own = 0x1FF0_F000..0x1FF0_F040;
        for operation in &liar.board.memory.log {
            assert!(
                matches!(operation, Operation::Programmed(range) if inside(range, std::slice::from_ref(&own))),
                "{seed}: {operation}"
            );
        }
        ended_well += usize::from(done.trouble.is_none());
        assert!(!done.sentences().is_empty());
        // Locks: only the lock block, and of it only what is locked.
        let mut liar = Liar { board: burnt.clone(), seed, one_of };
        let _ = ends(rest.locks().unwrap().confirm(name).unwrap().lock(), &mut liar);
        let own = 0x1FF0_F400..0x1FF0_F410;
        for operation in &liar.board.memory.log {
            assert!(
                matches!(operation, Operation::Programmed(range) if inside(range, std::slice::from_ref(&own))),
                "{seed}: {operation}"
            );
        }
        let locks = liar.board.memory.content(&own).unwrap();
        assert!(locks[1..].iter().all(|lock| *lock == 0xFF), "{seed}: a neighbour is locked");
    }
    assert!(ended_well > 25, "only {ended_well}");
}

/// Another board is plugged in between the look and the deed.
#[test]
fn another_board_is_not_written() {
    let plan = plan(MINIMAL);
    let verdict = verdict(&plan, &release(&plan, [4000, 5000]));
    let fit = compare(&mut board(F767, &[]), &plan, Purpose::Flash).accept(&[]).unwrap();
    // By its serial number, and where that is constant by its memory.
    for mut other in [board(F767, &[]).with_serial("another"), board(&F767.replace("nDBANK=0", "nDBANK=1"), &[])] {
        let done = run(FlashPlan::new(&verdict, &fit, &[]).unwrap().flash("").unwrap(), &mut other);
        assert_eq!(done.trouble.map(|trouble| trouble.name()), Some("other-device"));
        assert_eq!(done.state.sentences, ["nothing was changed: the board is as it was"]);
        assert!(other.memory.log.is_empty());
    }
}

/// A device that names a string and does not say it is not taken for one without that memory.
#[test]
fn a_memory_that_is_not_said_is_not_passed_over() {
    let strings = connect(&mut board(F767, &[])).alternates.len() as u32;
    // Behind the descriptors of the device and, twice, of its configuration.
    for at in 3..3 + strings {
        let found = run(identify(), &mut board(F767, &[Fault::Stalled(Moment::Transfer(at))]));
        assert_eq!(found.map_err(|trouble| trouble.name()).err(), Some("descriptors"), "{at}");
    }
}

/// Read protection is lifted only by who types what it costs; one-time-programmable memory outlives it.
#[test]
fn read_protection_is_lifted_by_its_own_phrase() {
    let plan = plan(MINIMAL);
    let mut protected = board(&F767.replace("RDP=0", "RDP=1"), &[]);
    protected.memory.put(0x0800_0000, &[1, 2, 3]);
    let device = connect(&mut protected);
    assert!(device.read_protected);
    assert!(device.compare(&plan, Purpose::Flash).accept(&flasher::Matter::ALL).is_err(), "it cannot be waived");
    assert!(ConfirmedUnprotect::typed(&device, "yes").is_none());
    let confirmed = || ConfirmedUnprotect::typed(&device, PHRASE).unwrap();
    let mut other = protected.clone().with_serial("another");
    assert_eq!(run(confirmed().unprotect(), &mut other).unwrap_err().name(), "other-device");
    assert!(other.memory.log.is_empty());
    assert_eq!(run(confirmed().unprotect(), &mut protected), Ok(()));
    assert_eq!(protected.memory.log, [Operation::Unprotected]);
    let mut open = protected.reconnect();
    assert!(!connect(&mut open).read_protected);
    assert_eq!(open.memory.content(&(0x0800_0000..0x0800_0003)).unwrap(), [0xFF; 3]);
}

/// A device that names more flash than the part has is another part, or a ROM that says so of all: somebody has to know.
#[test]
fn more_flash_than_the_part_has_must_be_answered_for() {
    let mut small = plan(R3);
    small.device.part = geometry::part("STM32F746VE").unwrap();
    small.device.mode = small.device.part.modes[0].clone();
    let found = compare(&mut board(F746, &[]), &small, Purpose::Flash);
    assert!(found.accept(&[]).is_err());
    assert!(found.accept(&[flasher::Matter::FlashSize]).is_ok(), "{found:#?}");
}
