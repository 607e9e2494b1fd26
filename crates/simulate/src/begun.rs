//! A download that is given up for another one, whose erase is cut off, and then taken up again.

use boot::{Session, Wanted, boot};
use flash_model::{Chip, Cut, CutPlace, Restart, Torn};
use image_format::log::Strategy;

use crate::application::Update;
use crate::banks;
use crate::bench::{Bench, parts};
use crate::counter::AnyCounter;
use crate::device::Device;
use crate::devices::benches;
use crate::memo::Memo;

/// Starts of a device, and what its application does.
#[derive(Clone)]
struct Board<'b> {
    bench: &'b Bench,
    chip: Chip,
    memo: Memo,
}

impl Board<'_> {
    fn session<T>(&mut self, work: impl FnOnce(&mut Session<'_, Device<'_>, Memo>) -> T) -> T {
        let device = Device { chip: &mut self.chip, notes: None, registers: self.bench.registers() };
        let mut session = Session::open(self.bench.config(), device, self.memo.clone()).expect("opens");
        work(&mut session)
    }

    /// A start; the id of the image that runs, and its slot.
    fn start(&mut self) -> (image_format::Digest, usize) {
        self.chip.restart(Restart::PowerUp);
        let config = self.bench.config();
        let action = self.session(|session| boot(session, &mut AnyCounter::of(&config)).action);
        let start = banks::started(self.bench, &action).expect("something starts");
        (*start.image().id(), start.slot())
    }

    /// Begins to stage an image, and leaves off after so many chunks.
    fn stage_part(&mut self, sealed: &[u8], running: usize, chunks: usize) {
        let (image, payload) = parts(sealed).expect("an image");
        let _ = self.session(|session| {
            let mut stage = session.stage(running, image, 0)?;
            for _ in 0..chunks {
                let Wanted::Chunk(number) = stage.wanted() else { break };
                let range = image.chunks.range(number);
                stage.put(&payload[range.start as usize..range.end as usize])?;
            }
            Ok::<(), boot::Refusal>(())
        });
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
        let chip = bench.chip_with(0, &bench.images().old, 1).expect("the old image fits");
        let mut begun = Board { bench, chip, memo: Memo::default() };
        let (_, running) = begun.start();
        begun.session(|session| session.confirm(running)).expect("confirms");
        begun.stage_part(new, running, 1);
        let first = begun.chip.operations();
        'cuts: for operation in first.. {
            for torn in Torn::ALL {
                let name = format!("{}, {} {torn:?}", bench.name, operation - first);
                let mut board = begun.clone();
                board.chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn } });
                board.stage_part(other, running, 0);
                if !board.chip.is_off() {
                    break 'cuts;
                }
                let (_, running) = board.start();
                tried += 1;
                let staged = board.session(|session| update.stage(session, running, 0));
                assert_eq!(staged, Ok(()), "{name}");
                assert_eq!(board.chip.offences(), Default::default(), "{name}");
                let (id, slot) = board.start();
                assert_eq!(id, update.id, "{name}");
                board.session(|session| session.confirm(slot)).expect("confirms");
                for _ in 0..4 {
                    assert_eq!(board.start().0, update.id, "{name}");
                }
            }
        }
    }
    assert!(tried > 100);
}
