//! Lifting the read protection: never by itself, and only when somebody typed what it costs.

use dfuse::Task;

use crate::connected::{Connected, recheck};
use crate::effect::Stage;
use crate::procedure::Procedure;
use crate::trouble::Trouble;

/// What must be typed.
pub const PHRASE: &str = "erase everything";

/// A typed confirmation. Only [`ConfirmedUnprotect::typed`] makes one.
#[derive(Clone, Debug)]
pub struct ConfirmedUnprotect(Connected);

impl ConfirmedUnprotect {
    /// Confirms it for this device, if exactly [`PHRASE`] was typed. `None`: something else was.
    pub fn typed(device: &Connected, text: &str) -> Option<Self> {
        (text.trim() == PHRASE).then(|| Self(device.clone()))
    }

    /// Lifts the read protection. All flash is erased, and the device resets: it has to be brought into its boot loader again.
    /// One-time-programmable memory stays as it is.
    pub fn unprotect(self) -> Procedure<Result<(), Trouble>> {
        let device = self.0;
        Procedure::new(|link| async move {
            recheck(&link, &device).await?;
            let (alternate, map) =
                device.flash().next().ok_or_else(|| Trouble::OtherDevice("it names no flash".to_owned()))?;
            let setting = device.setting(alternate, map);
            link.task(&setting, Task::Unprotect, [Stage::Erase; 2]).await.map(drop).map_err(|stopped| stopped.trouble)
        })
    }
}
