//! `waxseal unprotect`: lifts a board's read protection, which erases its flash.

use clap::Args;
use flasher::{ConfirmedUnprotect, PHRASE, json as render};
use serde_json::json;

use crate::confirm::{Ask, typed};
use crate::device::{Device, DeviceArgs};
use crate::exit::{Exit, Failure};
use crate::report::{Format, Report};

/// What it costs, before anybody is asked.
const COST: &str = "\
the flash is read-protected (RDP level 1). Lifting that erases ALL of it, and nobody can bring it back:
  the boot loader, every slot, settings, and a security counter that is kept in flash: older images start again
  one-time-programmable memory stays as it is
";

/// Lift the read protection of a board in its boot loader, over USB (DfuSe): this ERASES ALL OF ITS FLASH, for ever.
///
/// What it costs is shown, and has to be typed. No other command does this. A board that is not read-protected is left alone.
/// Unproven on silicon.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal unprotect\n  waxseal unprotect --device simulated:STM32F746VG,RDP=1@board.bin --dry-run"
)]
pub struct Command {
    #[command(flatten)]
    device: DeviceArgs,
    /// Show what it would do, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking: what is in the flash is not needed any more.
    #[arg(long)]
    yes: bool,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// No device; nobody can be asked.
    pub fn run(&self) -> Result<Report, Failure> {
        let mut device = self.device.open()?;
        let result = self.on(&mut device);
        device.finish(result)
    }

    fn on(&self, device: &mut Device) -> Result<Report, Failure> {
        let connected = device.identify()?;
        let mut text = connected.text();
        let mut result = json!({ "device": render::connected(&connected), "lifted": false });
        let ended = |exit, text: String, result| Ok(Report { exit, result: Some(result), ..Report::done(text) });
        if !connected.read_protected {
            text += "not read-protected: there is nothing to lift, and nothing was done\n";
            return ended(Exit::Done, text, result);
        }
        text += COST;
        if self.dry_run {
            text += "nothing was done: --dry-run\n";
            return ended(Exit::Done, text, result);
        }
        let ask = Ask {
            wanted: "whether all flash may be erased",
            prompt: &format!("This is for ever. Type: {PHRASE}"),
            option: "--yes",
        };
        let given = self.yes.then_some(PHRASE);
        let shown = if self.yes { String::new() } else { std::mem::take(&mut text) };
        let Some(confirmed) = ConfirmedUnprotect::typed(&connected, &typed(&shown, &ask, given)?) else {
            text += &format!("refused: `{PHRASE}` was not typed; nothing was done\n");
            return ended(Exit::Refused, text, result);
        };
        device.run(confirmed.unprotect())?.map_err(|trouble| device.failure(&trouble))?;
        text += "the device took the command and has reset; whether its flash is erased and open, it says when it is looked at again\n";
        text += "  = help: bring it into its boot loader again (hold the boot pin, and reset), then flash it\n";
        result["lifted"] = json!(true);
        ended(Exit::Done, text, result)
    }
}
