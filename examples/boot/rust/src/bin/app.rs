//! The application: says its version, and does what the first argument asks for: `confirm` itself, or `stage` update.bin.
#![no_std]
#![no_main]

use boot::{AreaCounter, Counter as _, Image, Refusal, Session, Wanted};
use boot_example::layout::SLOT_A_FRONT_SIZE;
use boot_example::{config, device::Device, running_slot};
use cortex_m_rt::entry;
use image_format::auxiliary::Auxiliary;
use image_format::log::Status;
use image_format::{Header, ImageBody, ImageHeader, Memory, SoftwareCrypto};
use semihosting::experimental::env;
use semihosting::fs::File;
use semihosting::io::{Read as _, Seek as _, SeekFrom};
use semihosting::{println, process};

type Running<'a> = Session<'a, &'a mut Device, SoftwareCrypto>;

#[entry]
fn main() -> ! {
    #[allow(unsafe_code, reason = "the one device")]
    // SAFETY: the boot loader's was its own, and nothing else in this program takes it.
    let mut device = unsafe { Device::take() };
    let result = run(&mut device);
    let saved = device.save().is_ok();
    process::exit(i32::from(result.is_none() || !saved))
}

fn run(device: &mut Device) -> Option<()> {
    let config = config();
    let slot = running_slot();
    let mut session = Session::open(config, device, SoftwareCrypto).ok()?;
    let lowest = AreaCounter::of(&config)?.read(session.flash()).ok()?;
    let header = *session.judge(slot, slot, lowest).ok()?.header();
    let version = header.body.version;
    let state = match session.status(slot).status {
        Status::Confirmed => "confirmed",
        Status::Trial => "on trial",
        // It starts for the last time, unless it is confirmed now.
        Status::Rejected => "tries used up",
        Status::Blank | Status::Open => "without a state",
    };
    println!("app {}.{}.{} in slot {slot}, {state}", version.major, version.minor, version.patch);
    match argument() {
        Some(b'c') => {
            session.confirm(slot).ok()?;
            println!("app: confirmed");
        }
        Some(b's') => match stage(&mut session, slot, lowest) {
            Ok(()) => println!("app: staged"),
            Err(refusal) => println!("app: not staged, code {}", refusal.map_or(0, |refusal| refusal.number())),
        },
        _ => {}
    }
    Some(())
}

/// The first letter of the first argument.
fn argument() -> Option<u8> {
    let arguments = env::args::<128>().ok()?;
    let argument = (&arguments).nth(1)?.ok()?;
    argument.bytes().next()
}

/// Stages update.bin for the other slot, piece by piece. `None`: the file cannot be read.
fn stage(session: &mut Running<'_>, slot: usize, lowest: u32) -> Result<(), Option<Refusal>> {
    let mut file = File::open(c"update.bin").map_err(|_| None)?;
    let mut front = [0; SLOT_A_FRONT_SIZE as usize];
    let mut auxiliary = [0; 8192];
    file.read_exact(&mut front).map_err(|_| None)?;
    let header = header(&front)?;
    let size = header.envelope.auxiliary_size.get() as usize;
    let auxiliary = auxiliary.get_mut(..size).ok_or(None)?;
    file.seek(SeekFrom::Start(header.auxiliary_start().into())).map_err(|_| None)?;
    file.read_exact(auxiliary).map_err(|_| None)?;
    let payload_size = header.envelope.payload_size.get();
    let parsed = Auxiliary::parse(auxiliary, payload_size, header.auxiliary_start()).map_err(Refusal::from)?;
    let chunks = parsed.chunks.ok_or(None)?;
    let mut stage = session.stage(slot, Image { front: &front, auxiliary, chunks }, lowest)?;
    let mut chunk = [0; 4096];
    while let Wanted::Chunk(number) = stage.wanted() {
        let range = chunks.range(number);
        // Images that nearly fill their slot have larger chunks.
        let bytes = chunk.get_mut(..range.len()).ok_or(None)?;
        file.seek(SeekFrom::Start((header.payload_start() + range.start).into())).map_err(|_| None)?;
        file.read_exact(bytes).map_err(|_| None)?;
        stage.put(bytes)?;
    }
    stage.request(lowest)?;
    Ok(())
}

fn header(front: &[u8]) -> Result<ImageHeader, Refusal> {
    let header = Header::<ImageBody>::read(&mut Memory::slot(front, u32::MAX))?;
    Ok(*header.unauthenticated())
}
