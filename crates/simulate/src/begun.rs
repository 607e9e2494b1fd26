//! Downloads that are begun and cut off: given up for another one and taken up again, or cut off where they end.

use flash_model::{Cut, CutPlace, Restart, Torn};
use image_format::log::Strategy;

use crate::application::Update;
use crate::board::Board;
use crate::devices::benches;

/// The power fails in each READY, and each of them takes places of the log. One that is nearly full is not gone on with: nothing would end there.
#[test]
fn a_download_whose_ready_is_torn_again_and_again_comes_to_its_end() {
    let all = benches(false, 7).expect("benches");
    for bench in all.iter().filter(|bench| bench.strategy() != Strategy::BankSwap) {
        let update = Update::new(&bench.images().new).expect("an image");
        let mut board = Board::new(bench);
        for round in 0..40 {
            let mut whole = board.clone();
            let staged = whole.session(|session| update.stage(session, 0, 0));
            assert_eq!(staged, Ok(()), "{}, after {round} cuts", bench.name);
            // READY, twice.
            let operation = whole.chip.operations() - 2;
            board.chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn: Torn::AsBefore } });
            assert!(board.session(|session| update.stage(session, 0, 0)).is_err() && board.chip.is_off());
            assert_eq!(board.start_after(Restart::PowerUp).slot(), 0, "{}", bench.name);
        }
        board.session(|session| update.stage(session, 0, 0)).expect("stages");
        assert_eq!(*board.start_after(Restart::PowerUp).image().id(), update.id, "{}", bench.name);
        assert_eq!(board.chip.offences(), Default::default(), "{}", bench.name);
    }
}

#[test]
fn a_log_half_erased_for_another_image_is_not_gone_on_with() {
    let all = benches(false, 7).expect("benches");
    let mut tried = 0;
    for bench in all.iter().filter(|bench| !matches!(bench.strategy(), Strategy::Fixed | Strategy::BankSwap)) {
        let other = bench.with_other();
        let (new, other) = (&bench.images().new, other.newer().expect("another image"));
        let update = Update::new(new).expect("an image");
        let mut begun = Board::new(bench);
        begun.stage_part(new, 0, 1).expect("stages");
        let first = begun.chip.operations();
        'cuts: for operation in first.. {
            for torn in Torn::ALL {
                let name = format!("{}, {} {torn:?}", bench.name, operation - first);
                let mut board = begun.clone();
                board.chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn } });
                let _ = board.stage_part(other, 0, 0);
                if !board.chip.is_off() {
                    break 'cuts;
                }
                let running = board.start_after(Restart::PowerUp).slot();
                tried += 1;
                let staged = board.session(|session| update.stage(session, running, 0));
                assert_eq!(staged, Ok(()), "{name}");
                assert_eq!(board.chip.offences(), Default::default(), "{name}");
                let start = board.start_after(Restart::PowerUp);
                assert_eq!(*start.image().id(), update.id, "{name}");
                board.session(|session| session.confirm(start.slot())).expect("confirms");
                for _ in 0..4 {
                    assert_eq!(*board.start_after(Restart::PowerUp).image().id(), update.id, "{name}");
                }
            }
        }
    }
    assert!(tried > 100);
}
