//! The boot loader: verify, choose, jump.
#![no_std]
#![no_main]

use boot::{Action, AreaCounter, Session, boot};
use boot_example::{config, device::Device, jump};
use cortex_m_rt::entry;
use image_format::{Entry, SoftwareCrypto};
use semihosting::{println, process};

#[entry]
fn main() -> ! {
    #[allow(unsafe_code, reason = "the one device")]
    // SAFETY: nothing else in this program takes it.
    let mut device = unsafe { Device::take() };
    if device.load().is_err() {
        println!("loader: no device.bin");
        process::exit(2);
    }
    let chosen = choose(&mut device);
    // The application finds the memories as they are now.
    match chosen {
        Some(entry) => jump(entry),
        None => {
            let _ = device.save();
            process::exit(1)
        }
    }
}

fn choose(device: &mut Device) -> Option<Entry> {
    let config = config();
    let mut counter = AreaCounter::of(&config)?;
    let mut session = match Session::open(config, device, SoftwareCrypto) {
        Ok(session) => session,
        Err(reason) => {
            println!("loader: reason {}", reason.number());
            return None;
        }
    };
    let decision = boot(&mut session, &mut counter);
    for (slot, refusal) in decision.refused.iter().enumerate() {
        if let Some(refusal) = refusal {
            println!("loader: slot {slot} refused, code {}", refusal.number());
        }
    }
    if let Some(raised) = decision.raised {
        println!("loader: security counter {raised}");
    }
    match decision.action {
        Action::Boot(start) => {
            println!("loader: slot {}{}", start.slot(), if start.on_trial() { ", on trial" } else { "" });
            start.entry()
        }
        // This layout exchanges no banks, and QEMU's machine has none.
        Action::Exchange(_) => None,
        Action::Recover(reason) => {
            println!("loader: nothing boots, reason {}", reason.number());
            None
        }
    }
}
