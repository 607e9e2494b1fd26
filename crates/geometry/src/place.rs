//! What lies at an address of a part, in words.

use crate::{Mode, Part, Ram, address};

/// Peripherals, and the core's own registers (Armv7-M Architecture Reference Manual table B3-1).
const PERIPHERALS: std::ops::Range<u32> = 0x4000_0000..0x6000_0000;
const CORE: std::ops::RangeInclusive<u32> = 0xE000_0000..=0xFFFF_FFFF;
/// User information configuration registers of Nordic's nRF51 to nRF53 (nRF52840 product specification, section UICR): no
/// STM32 has them, and firmware for a Nordic part often does.
const NORDIC: std::ops::Range<u32> = 0x1000_1000..0x1000_2000;

impl Part {
    /// What lies at an address in this mode, as a message names it; `None` if nothing is known to be there.
    pub fn place_at(&self, mode: &Mode, at: u32) -> Option<String> {
        let block =
            |blocks: &[Ram]| blocks.iter().find(|block| block.range().contains(&at)).map(|ram| ram.name.clone());
        let canonical = self.canonical(at);
        if let Some((region, sector)) = mode.sector_at(canonical) {
            let through = if at == canonical { "" } else { ", through its read-only alias" };
            return Some(format!("{}, sector {}{through}", region.name, sector.number));
        }
        if self.otp.as_ref().is_some_and(|otp| otp.range().contains(&at)) {
            return Some("one-time-programmable memory".to_owned());
        }
        if self.otp.as_ref().is_some_and(|otp| otp.lock_range().is_some_and(|range| range.contains(&at))) {
            return Some("lock bytes of the one-time-programmable memory, which are for ever".to_owned());
        }
        if let Some(window) = self.windows.iter().find(|window| at.wrapping_sub(window.base) < window.size) {
            return Some(format!("the window of {}", window.bus));
        }
        block(&self.option_memory).or_else(|| block(&self.ram)).or_else(|| block(&self.eeprom)).or_else(|| {
            let known = [
                (PERIPHERALS.contains(&at), "peripherals"),
                (CORE.contains(&at), "registers of the core"),
                (NORDIC.contains(&at), "nothing on this part; Nordic's have their UICR there"),
            ];
            known.into_iter().find(|(is_there, _)| *is_there).map(|(_, name)| name.to_owned())
        })
    }

    /// An address, and what lies there as far as that is known: `0x1FFF_0000 (option bytes)`.
    pub fn show_address(&self, mode: &Mode, at: u32) -> String {
        self.place_at(mode, at).map_or_else(|| address(at), |place| format!("{} ({place})", address(at)))
    }
}
