//! A device in a test's hands: started, and asked for what an application asks.

use boot::{Refusal, Session, Start, Wanted, boot};
use flash_model::{Chip, Restart};

use crate::banks;
use crate::bench::{Bench, parts};
use crate::counter::AnyCounter;
use crate::device::Device;
use crate::memo::Memo;

/// A device, and the memories that it has.
#[derive(Clone)]
pub(crate) struct Board<'b> {
    pub bench: &'b Bench,
    pub chip: Chip,
    memo: Memo,
}

impl<'b> Board<'b> {
    /// One with the old image in the first slot, which was confirmed.
    pub fn new(bench: &'b Bench) -> Self {
        let chip = bench.chip_with(0, &bench.images().old, 1).expect("the old image fits");
        let mut board = Board { bench, chip, memo: Memo::default() };
        board.start();
        board.session(|session| session.confirm(0)).expect("confirms");
        board
    }

    /// A reset, and the boot loader.
    pub fn start(&mut self) -> Start {
        self.start_after(Restart::Reset)
    }

    /// A reset or the power, and the boot loader.
    pub fn start_after(&mut self, restart: Restart) -> Start {
        self.chip.restart(restart);
        let config = self.bench.config();
        let device = Device { chip: &mut self.chip, notes: None, registers: self.bench.registers() };
        let mut session = Session::open(config, device, self.memo.clone()).expect("opens");
        let action = boot(&mut session, &mut AnyCounter::of(&config)).action;
        banks::started(self.bench, &action).expect("something starts")
    }

    /// What the application does.
    pub fn session<T>(&mut self, work: impl FnOnce(&mut Session<'_, Device<'_>, Memo>) -> T) -> T {
        let device = Device { chip: &mut self.chip, notes: None, registers: self.bench.registers() };
        let mut session = Session::open(self.bench.config(), device, self.memo.clone()).expect("opens");
        let erases = banks::erases(self.bench, session.flash().chip);
        let done = work(&mut session);
        assert_eq!(banks::erases(self.bench, session.flash().chip), erases, "the application erases");
        done
    }

    /// Begins to stage an image, and leaves off after so many chunks.
    pub fn stage_part(&mut self, sealed: &[u8], running: usize, chunks: usize) -> Result<(), Refusal> {
        let (image, payload) = parts(sealed).expect("an image");
        self.session(|session| {
            let mut stage = session.stage(running, image, 0)?;
            for _ in 0..chunks {
                let Wanted::Chunk(number) = stage.wanted() else { break };
                let range = image.chunks.range(number);
                stage.put(&payload[range.start as usize..range.end as usize])?;
            }
            Ok(())
        })
    }
}
