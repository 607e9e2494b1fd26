//! A device on USB, without libusb. Unproven on silicon.

use std::time::Duration;

use dfuse::{Event, IDS, Setup};
use flasher::{Effect, Transport, closed_device, no_device};
use nusb::transfer::{ControlIn, ControlOut, ControlType, Recipient, TransferError};
use nusb::{Interface, MaybeFuture as _};

use crate::exit::{Exit, Failure};

/// How long a control transfer may take. The ROM answers at once and says how long it works, but for a mass erase.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A device whose DFU interface is claimed.
pub struct Usb {
    interface: Interface,
}

/// Opens the only device, or the one with this serial number.
pub fn open(serial: Option<&str>) -> Result<Usb, Failure> {
    let all = nusb::list_devices().wait();
    let all =
        all.map_err(|error| failed(format!("this machine has no USB that could be asked: {error}"), no_device()))?;
    let (vendor, product) = IDS;
    let found: Vec<_> = all.filter(|device| device.vendor_id() == vendor && device.product_id() == product).collect();
    let is_wanted = |device: &&nusb::DeviceInfo| serial.is_none_or(|serial| device.serial_number() == Some(serial));
    let wanted: Vec<_> = found.iter().filter(is_wanted).collect();
    let names =
        || found.iter().map(|device| device.serial_number().unwrap_or("without one")).collect::<Vec<_>>().join(", ");
    let device = match (wanted.as_slice(), found.as_slice()) {
        ([device], _) => device,
        ([], []) => return Err(failed("no STM32 in its boot loader (0483:df11) is connected", no_device())),
        ([], _) => {
            let title = format!("no device with serial number {}", serial.unwrap_or_default());
            return Err(Failure::new(Exit::Failed, title).help(format!("connected: {}", names())));
        }
        (_, _) => {
            let failure = Failure::new(Exit::Failed, "several devices are connected: which one?");
            return Err(failure.help(format!("--serial SERIAL: {}", names())));
        }
    };
    let cannot = |error: nusb::Error| failed(format!("the device cannot be opened: {error}"), closed_device());
    let interface = device.open().wait().map_err(cannot)?.claim_interface(0).wait().map_err(cannot)?;
    Ok(Usb { interface })
}

fn failed(title: impl Into<String>, advice: Vec<String>) -> Failure {
    advice.into_iter().fold(Failure::new(Exit::Failed, title), Failure::help)
}

fn kinds(setup: &Setup) -> (ControlType, Recipient) {
    let kind = if setup.request_type & 0x60 == 0 { ControlType::Standard } else { ControlType::Class };
    let recipient = if setup.request_type & 0x1F == 0 { Recipient::Device } else { Recipient::Interface };
    (kind, recipient)
}

impl super::Port for Usb {}

impl Transport for Usb {
    fn perform(&mut self, effect: &Effect) -> Event {
        match effect {
            Effect::Out { setup, data } => {
                let (control_type, recipient) = kinds(setup);
                let Setup { request, value, index, .. } = *setup;
                let transfer = ControlOut { control_type, recipient, request, value, index, data };
                event(self.interface.control_out(transfer, TIMEOUT).wait().map(|()| Event::Done))
            }
            Effect::In { setup, length } => {
                let (control_type, recipient) = kinds(setup);
                let Setup { request, value, index, .. } = *setup;
                let transfer = ControlIn { control_type, recipient, request, value, index, length: *length };
                event(self.interface.control_in(transfer, TIMEOUT).wait().map(Event::Received))
            }
            // The ROM has one interface, which was claimed when the device was opened.
            Effect::Select { alternate, .. } => match self.interface.set_alt_setting(*alternate).wait() {
                Ok(()) => Event::Done,
                Err(_) => Event::Gone,
            },
            Effect::Wait(milliseconds) => {
                std::thread::sleep(Duration::from_millis((*milliseconds).into()));
                Event::Done
            }
            Effect::Progress(_) => Event::Done,
        }
    }
}

fn event(result: Result<Event, TransferError>) -> Event {
    result.unwrap_or_else(|error| match error {
        TransferError::Stall => Event::Stalled,
        // What does not answer is gone, whatever the system calls it.
        _ => Event::Gone,
    })
}
