//! All of `boot`, with cryptography and a flash driver that do next to nothing: what is linked here besides is the crate's own and
//! image-format's. `cargo xtask test` looks for panics in it.
#![no_std]
#![no_main]

use core::hint::black_box;

use boot::{
    Action, AreaCounter, Config, Counter, Fault, Flash, Image, NoCounter, Raise, Reason, Session, Storage, Wanted,
};
use cortex_m_rt::entry;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use image_format::{Check, Device, auxiliary::Auxiliary};
use semihosting::process;
use vectors::any::Any;

/// Where every byte comes from: the compiler must not know one of them.
static BYTES: [u8; 2048] = [0; 2048];

/// A driver of which nothing is known.
struct Driver;

impl Flash for Driver {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        black_box(region);
        black_box(Ok(()))
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        black_box((region, offset, buffer));
        black_box(Ok(()))
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        black_box((region, offset, bytes));
        black_box(Ok(()))
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        black_box((region, offset));
        black_box(Ok(()))
    }

    fn register(&mut self, address: u32) -> u32 {
        black_box(address)
    }
}

impl ErrorType for Driver {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Driver {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        black_box((offset, bytes));
        black_box(Ok(()))
    }

    fn capacity(&self) -> usize {
        black_box(0)
    }
}

impl NorFlash for Driver {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 2048;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        black_box((from, to));
        black_box(Ok(()))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        black_box((offset, bytes));
        black_box(Ok(()))
    }
}

/// A counter of which nothing is known.
struct Elsewhere;

impl<F> Counter<F> for Elsewhere {
    fn read(&mut self, _: &mut F) -> Result<u32, Fault> {
        black_box(Ok(0))
    }

    fn raise(&mut self, _: &mut F, value: u32) -> Result<(), Fault> {
        black_box(value);
        black_box(Ok(()))
    }
}

#[entry]
fn main() -> ! {
    let bytes = black_box(&BYTES[..]);
    let storage = Storage { driver: Driver, origin: black_box(0), register: |address: u32| black_box(address) };
    black_box((decide(bytes, &mut Driver).is_ok(), decide(bytes, storage).is_ok()));
    black_box((run_application(bytes, Driver).is_ok(), stage_update(bytes, Driver).is_ok(), name_reasons()));
    process::exit(0)
}

fn config(bytes: &[u8]) -> Config<'_> {
    Config {
        layout: black_box(bytes),
        trust: black_box(bytes),
        trust_digest: black_box(Check::Require([0; 32])),
        device: black_box(Device { vendor_id: [0; 16], class_id: [0; 16] }),
        revision: black_box(Check::Require([0; 4])),
        present: black_box(&[[0; 32]; 2]),
        tries: black_box(3),
        raise: black_box(Raise::KeepFallback),
        largest_step: black_box(1),
    }
}

/// The boot loader's side, with each kind of counter.
#[inline(never)]
fn decide(bytes: &[u8], flash: impl Flash) -> Result<bool, Reason> {
    let config = config(bytes);
    let mut session = Session::open(config, flash, Any)?;
    let decision = match (AreaCounter::of(&config), black_box(1)) {
        (Some(mut area), _) => boot::boot(&mut session, &mut area),
        (None, 0) => boot::boot(&mut session, &mut NoCounter),
        (None, _) => boot::boot(&mut session, &mut Elsewhere),
    };
    black_box((decision.raised, session.present(black_box(0), black_box(0)).is_ok()));
    for refusal in decision.refused.iter().flatten() {
        black_box(refusal.number());
    }
    match decision.action {
        Action::Boot(start) | Action::Exchange(start) => {
            black_box((start.image().id(), start.slot(), start.on_trial()));
            Ok(black_box(start.entry()).is_some())
        }
        Action::Recover(reason) => Err(black_box(reason)),
    }
}

/// The application's side but for staging.
#[inline(never)]
fn run_application(bytes: &[u8], flash: impl Flash) -> Result<bool, Reason> {
    let config = config(bytes);
    let mut session = Session::open(config, flash, Any)?;
    let [running, holder] = black_box([0; 2]);
    if let Some(mut area) = AreaCounter::of(session.config()) {
        black_box(area.read(session.flash()).is_ok());
    }
    black_box(session.status(running));
    black_box(session.judge(holder, running, black_box(0)).is_ok());
    session.confirm(running)?;
    session.clear(running)?;
    Ok(true)
}

#[inline(never)]
fn stage_update(bytes: &[u8], flash: impl Flash) -> Result<(), u16> {
    let mut session = Session::open(config(bytes), flash, Any).map_err(Reason::number)?;
    let area = Auxiliary::parse(bytes, black_box(0), black_box(0)).map_err(|error| error.code.number())?;
    let chunks = area.chunks.ok_or(0u16)?;
    let image = Image { front: black_box(bytes), auxiliary: black_box(bytes), chunks };
    let mut stage = session.stage(black_box(0), image, black_box(0)).map_err(|refusal| refusal.number())?;
    while let Wanted::Chunk(number) = stage.wanted() {
        let bytes = bytes.get(..black_box(number) as usize).unwrap_or_default();
        stage.put(bytes).map_err(|refusal| refusal.number())?;
    }
    stage.request(black_box(0)).map_err(|refusal| refusal.number())
}

#[inline(never)]
fn name_reasons() -> usize {
    Reason::ALL.iter().map(|reason| black_box(reason.name()).len() + black_box(reason.doc()).len()).sum()
}
