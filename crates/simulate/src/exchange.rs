//! What an application asks for where banks are exchanged, again and again.

use boot::{Reason, Refusal};
use flash_model::{Cut, CutPlace, Restart, Torn};
use image_format::Kind;
use image_format::log::{Status, Strategy};

use crate::application::Update;
use crate::banks;
use crate::bench::Bench;
use crate::board::Board;
use crate::devices::benches;

impl Board<'_> {
    /// Begins to stage the new image beside the first slot, and leaves off after so many chunks.
    fn stage_new(&mut self, chunks: usize) -> Result<(), Refusal> {
        let bench = self.bench;
        self.stage_part(&bench.images().new, 0, chunks)
    }

    /// Installs an image beside the running one, whatever it takes. How many starts that took.
    fn install(&mut self, running: usize, sealed: &[u8]) -> u32 {
        let update = Update::new(sealed).expect("an image");
        for starts in 0..4 {
            match self.session(|session| update.stage(session, running, 0)) {
                Ok(()) => return starts,
                Err(Refusal::Reason(Reason::ClearFirst)) => self.session(|s| s.clear(running)).expect("clears"),
                Err(refusal) => panic!("{refusal:?}"),
            }
            assert_eq!(self.start().slot(), running);
        }
        panic!("never empty")
    }
}

/// Devices with banks that are exchanged, large ones left out.
fn each(work: impl Fn(&Bench)) {
    let all = benches(false, 7).expect("benches");
    let mut swapping = all.iter().filter(|bench| bench.strategy() == Strategy::BankSwap).peekable();
    assert!(swapping.peek().is_some());
    swapping.for_each(work);
}

#[test]
fn downloads_that_are_cut_off_end_nothing() {
    each(|bench| {
        let mut board = Board::new(bench);
        board.start();
        let log = board.log(0).next;
        for round in 0..40 {
            board.stage_new(round % 3).expect("stages");
            if round % 2 == 0 {
                let operation = board.chip.operations();
                board.chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn: Torn::ALL[round % 7] } });
                let _ = board.session(|session| session.clear(0));
            }
            board.start();
            for _ in 0..3 {
                board.session(|session| session.clear(0)).expect("clears");
                board.start();
            }
        }
        let grown = board.log(0).next - log;
        assert!(grown <= 8, "{}: the running image's log grew by {grown} places", bench.name);
        assert_eq!(board.install(0, &bench.images().new), 0, "{}", bench.name);
        assert_eq!(board.start().slot(), 1);
        board.session(|session| session.confirm(1)).expect("confirms");
        assert!(!board.start().on_trial());
        assert_eq!(board.chip.offences(), Default::default(), "{}", bench.name);
    });
}

#[test]
fn updates_that_are_rejected_end_nothing() {
    each(|bench| {
        let mut board = Board::new(bench);
        board.start();
        let log = board.log(0).next;
        for round in 0..40 {
            assert_eq!(board.install(0, &bench.images().new), u32::from(round > 0), "{}", bench.name);
            for _ in 0..bench.tries {
                let start = board.start();
                assert_eq!((start.slot(), start.on_trial()), (1, true));
            }
            assert_eq!(board.start().slot(), 0);
            assert_eq!(board.session(|session| session.status(1)).status, Status::Rejected);
        }
        assert!(board.log(0).next - log <= 8, "{}", bench.name);
        board.install(0, &bench.images().new);
        board.start();
        board.session(|session| session.confirm(1)).expect("confirms");
        assert_eq!(board.start().slot(), 1);
    });
}

#[test]
fn an_empty_slot_is_erased_once() {
    each(|bench| {
        let mut board = Board::new(bench);
        board.start();
        assert_eq!(board.session(|session| session.status(1)).status, Status::Open);
        let operations = board.chip.operations();
        board.session(|session| session.clear(0)).expect("nothing to do");
        board.start();
        assert_eq!(board.chip.operations(), operations, "{}", bench.name);
    });
}

#[test]
fn what_a_factory_programmed_is_left_alone_until_somebody_asks() {
    each(|bench| {
        let mut board = Board::new(bench);
        let slot = bench.group().slots()[1];
        bench.load(&mut board.chip, slot.region, slot.offset.get(), &bench.images().new).expect("fits");
        board.start();
        let operations = board.chip.operations();
        board.start();
        assert_eq!(board.chip.operations(), operations, "{}", bench.name);
        assert_eq!(board.stage_new(0), Err(Reason::ClearFirst.into()));
        board.session(|session| session.clear(0)).expect("clears");
        let operations = board.chip.operations();
        board.session(|session| session.clear(0)).expect("was asked for");
        assert_eq!(board.chip.operations(), operations, "{}", bench.name);
        board.start();
        assert_eq!(board.stage_new(0), Ok(()), "{}", bench.name);
    });
}

/// A tool writes slots and leaves logs as they are.
#[test]
fn what_a_tool_programmed_into_an_empty_slot_is_not_programmed_over() {
    each(|bench| {
        let mut board = Board::new(bench);
        board.start();
        let slot = bench.group().slots()[1];
        bench.load(&mut board.chip, slot.region, slot.offset.get(), &bench.images().new).expect("fits");
        board.start();
        assert_eq!(board.stage_new(0), Err(Reason::ClearFirst.into()));
        assert_eq!(board.install(0, &bench.images().new), 1);
        assert_eq!(board.start().slot(), 1);
    });
}

/// Where some cells of a sector read as before, and others as erased: a log that reads as free must not belong to a slot with a header.
#[test]
fn what_a_cut_in_the_erase_leaves_says_nothing() {
    each(|bench| {
        let mut asked = Board::new(bench);
        asked.start();
        asked.install(0, &bench.images().new);
        asked.start();
        asked.session(|session| session.confirm(1)).expect("confirms");
        asked.start();
        asked.session(|session| session.clear(1)).expect("clears");
        let slot = bench.group().slots()[0];
        let (before, first) = (banks::erases(bench, &asked.chip), asked.chip.operations());
        let mut erases = 0;
        for operation in first.. {
            let mut board = asked.clone();
            let place = CutPlace::Inside { unit: 0, torn: Torn::AsBefore };
            board.chip.cut_at(Cut { operation, place });
            board.start();
            if !board.chip.is_off() {
                break;
            }
            board.chip.restart(Restart::PowerUp);
            if banks::erases(bench, &board.chip) > before {
                erases += 1;
                let log = board.log(0);
                assert!(log.status != Status::Confirmed && !log.clear, "{}: {log:?}", bench.name);
                let mut head = [0; 8];
                board.chip.read(slot.region.into(), slot.offset.get(), &mut head).expect("reads");
                assert_ne!(head, Kind::Image.magic(), "{}, operation {operation}", bench.name);
            }
        }
        assert!(erases > 0, "{}", bench.name);
    });
}

#[test]
fn a_log_without_room_asks_by_itself() {
    each(|bench| {
        let mut board = Board::new(bench);
        board.start();
        board.stage_new(1).expect("stages");
        let (next, form) = (board.log(1).next, board.form(1));
        board.fill(1, next..form.places(), &vec![form.spent(); form.place_size() as usize]);
        assert_eq!(board.stage_new(0), Err(Reason::ClearFirst.into()));
        board.session(|session| session.clear(0)).expect("clears");
        board.start();
        assert_eq!(board.stage_new(0), Ok(()), "{}", bench.name);
    });
}

/// The image that was asked to be erased is all that is left, and confirms itself.
#[test]
fn an_image_that_runs_after_all_stays() {
    each(|bench| {
        let mut board = Board::new(bench);
        board.start();
        board.install(0, &bench.images().new);
        board.start();
        board.session(|session| session.confirm(1)).expect("confirms");
        board.start();
        board.session(|session| session.clear(1)).expect("clears");
        assert!(board.log(0).clear);
        let second = bench.group().slots()[1];
        board.chip.program(second.region.into(), second.offset.get(), &[0; 256]).expect("programs");
        assert_eq!(board.start().slot(), 0);
        board.session(|session| session.confirm(0)).expect("confirms");
        assert!(!board.log(0).clear);
        assert_eq!(board.start().slot(), 0, "{}", bench.name);
    });
}
