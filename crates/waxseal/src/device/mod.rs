//! A device in its boot loader: on USB, or simulated.

mod simulated;
mod usb;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use dfuse::{Event, Fault};
use flasher::{Comparison, Connected, Effect, Matter, Procedure, Transport, Trouble, identify};

use crate::exit::{Exit, Failure};
use crate::progress::Bar;
use crate::report::Report;

/// The options that name a device.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    /// A simulated board: simulated:PART, then option bytes and serial number as in simulated:STM32F767ZI,nDBANK=0,serial=A1. With
    /// @FILE behind it the board is kept in that file from one run to the next. Without this option the device is the one on USB.
    #[arg(long, value_name = "simulated:PART[@FILE]", conflicts_with = "serial")]
    device: Option<String>,
    /// The serial number of the device on USB, where several are connected.
    #[arg(long)]
    serial: Option<String>,
    /// What goes wrong on the simulated board: unplug@WHEN, stall@WHEN, mute@WHEN (GETSTATUS is stalled from then on), busy, busy@WHEN,
    /// status@WHEN=CODE, status-stalls@N, deaf, slow@N, short-reads, no-locks, written@ADDRESS=BYTE,N (before its Nth reading). WHEN is
    /// erase:N or program:N, a sector or block counted from 0; for the first two also read:N, or N of a control transfer.
    #[arg(long = "fault", value_name = "FAULT", requires = "device")]
    faults: Vec<Fault>,
}

/// What performs effects on a device.
trait Port: Transport {
    /// What was to go wrong and did not.
    fn unreached(&self) -> Vec<Fault> {
        Vec::new()
    }
}

/// A device that is open.
pub struct Device {
    transport: Box<dyn Port>,
    stop: Arc<AtomicBool>,
    what: String,
}

/// Performs effects, and shows how far it is.
struct Watched<'a> {
    transport: &'a mut dyn Port,
    stop: &'a AtomicBool,
    bar: Bar,
}

impl Transport for Watched<'_> {
    fn perform(&mut self, effect: &Effect) -> Event {
        let Effect::Progress(progress) = effect else { return self.transport.perform(effect) };
        self.bar.show(progress.stage.words(), progress.done, progress.total);
        if self.stop.load(Ordering::Relaxed) { Event::Cancel } else { Event::Done }
    }
}

impl DeviceArgs {
    /// Opens the device.
    ///
    /// # Errors
    /// Exit code 4: no USB, no device, several of them, one that cannot be opened. Exit code 2: no such simulated board.
    pub fn open(&self) -> Result<Device, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        watch(&stop);
        if let Some(text) = &self.device {
            let transport = simulated::open(text, &self.faults)?;
            return Ok(Device { transport, stop, what: "the simulated board".to_owned() });
        }
        let transport = usb::open(self.serial.as_deref())?;
        Ok(Device { transport: Box::new(transport), stop, what: "the device".to_owned() })
    }
}

impl Device {
    /// Runs a procedure to its end. An interrupt stops it at the next safe point.
    ///
    /// # Errors
    /// None but a procedure that never starts.
    pub fn run<T>(&mut self, procedure: Procedure<T>) -> Result<T, Failure> {
        let mut watched = Watched { transport: &mut *self.transport, stop: &self.stop, bar: Bar::new() };
        procedure.run(&mut watched).ok_or_else(|| Failure::new(Exit::Failed, "a procedure ended before it began"))
    }

    /// Reads what it says of itself.
    ///
    /// # Errors
    /// Exit code 4.
    pub fn identify(&mut self) -> Result<Connected, Failure> {
        self.run(identify())?.map_err(|trouble| self.failure(&trouble))
    }

    /// Ends the run, however it went. A fault that was asked for and that nobody came to is said, and no success: whoever tries a bad
    /// day has not seen it.
    pub fn finish(self, result: Result<Report, Failure>) -> Result<Report, Failure> {
        let unreached = self.transport.unreached();
        if unreached.is_empty() {
            return result;
        }
        let names: Vec<String> = unreached.iter().map(Fault::to_string).collect();
        let told = format!("--fault {}: it did not come that far", names.join(", "));
        result.map_err(|failure| failure.help(told.clone())).map(|mut report| {
            report.remarks += &format!("{told}\n");
            if report.exit == Exit::Done {
                report.exit = Exit::Failed;
            }
            report
        })
    }

    /// Why something ended early that changed nothing.
    pub fn failure(&self, trouble: &Trouble) -> Failure {
        let failure = Failure::new(exit(trouble), format!("{}: {trouble}", self.what));
        trouble.advice().into_iter().fold(failure, Failure::help)
    }
}

/// What speaks against a device is a refusal; what the device does not do is a failure.
pub fn exit(trouble: &Trouble) -> Exit {
    match trouble.name() {
        "read-protected" | "task" | "other-device" | "counter" | "changed" | "read-back" | "not-burnt" => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// What is said where a device is refused.
pub fn against(found: &Comparison, without: &[Matter]) -> String {
    let mut text = String::from("refused: nothing was written to this board\n");
    let unknown: Vec<&str> = found
        .against(without)
        .filter(|finding| finding.outcome == flasher::Outcome::Unknown)
        .map(|finding| finding.matter.word())
        .collect();
    if !unknown.is_empty() {
        text += &format!("  = help: who knows it better says so: --without {}\n", unknown.join(","));
    }
    if found.against(without).any(|finding| finding.matter == Matter::ReadProtection) {
        text += "  = help: `waxseal unprotect` lifts it, if the flash is not needed any more\n";
    }
    text
}

/// An interrupt stops at the next safe point; a second one ends the process.
#[cfg(unix)]
fn watch(stop: &Arc<AtomicBool>) {
    use signal_hook::consts::SIGINT;
    let _ = signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(stop));
    let _ = signal_hook::flag::register(SIGINT, Arc::clone(stop));
}

#[cfg(not(unix))]
fn watch(_: &Arc<AtomicBool>) {}
