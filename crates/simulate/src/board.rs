//! A device in a test's hands: started, and asked for what an application asks.

use boot::{Fault, Flash, Refusal, Session, Start, Wanted, boot};
use flash_model::{Chip, Restart};
use image_format::log::{LogForm, SlotLog, scan};
use image_format::{Extent, ReadAt};

use crate::banks;
use crate::bench::{Bench, parts};
use crate::counter::AnyCounter;
use crate::device::Device;
use crate::memo::Memo;

/// Memories that read as somebody wants, and may take nothing.
pub(crate) struct Faulty<'c, R> {
    pub device: Device<'c>,
    /// Changes what was read, by region and offset.
    pub reads: R,
    pub takes_nothing: bool,
}

impl<R: FnMut(u8, u32, &mut [u8])> Flash for Faulty<'_, R> {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        self.device.settle(region)
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.device.read(region, offset, buffer)?;
        (self.reads)(region, offset, buffer);
        Ok(())
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        if self.takes_nothing { Err(Fault) } else { self.device.program(region, offset, bytes) }
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        self.device.erase(region, offset)
    }

    fn register(&mut self, address: u32) -> u32 {
        self.device.register(address)
    }
}

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

    /// What the log of a slot says.
    pub fn log(&mut self, number: usize) -> SlotLog {
        let slot = self.bench.group().slots()[number];
        let form = self.form(number);
        scan(&mut LogArea(&mut self.chip, slot.log_region.into(), slot.log_offset.get()), &form, self.bench.tries)
    }

    /// The form of a slot's log.
    pub fn form(&self, slot: usize) -> LogForm {
        let slot = self.bench.group().slots()[slot];
        let shape = &self.bench.shapes()[usize::from(slot.log_region)];
        LogForm::new(slot.log_size.get(), shape.unit, shape.erased).expect("a log")
    }

    /// Programs places of a slot's log from a place on, each with the same.
    pub fn fill(&mut self, slot: usize, places: std::ops::Range<u32>, bytes: &[u8]) {
        let (form, slot) = (self.form(slot), self.bench.group().slots()[slot]);
        for number in places {
            let offset = slot.log_offset.get() + form.offset(number).expect("a place");
            self.chip.program(slot.log_region.into(), offset, bytes).expect("programs");
        }
    }
}

/// A slot's log as a source of bytes.
struct LogArea<'c>(&'c mut Chip, usize, u32);

impl ReadAt for LogArea<'_> {
    fn extent(&self) -> Extent {
        Extent::Slot(u32::MAX)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.0.read(self.1, self.2 + offset, buffer).map_err(|_| Fault)
    }
}
