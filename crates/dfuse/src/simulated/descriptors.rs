//! The descriptors that a simulated device answers with: those of an STM32's ROM.

use crate::usb::DescriptorKind;

/// idVendor and idProduct of ST's ROM in DFU mode.
pub const IDS: (u16, u16) = (0x0483, 0xDF11);

/// Strings before those of the alternate settings: language, manufacturer, product, serial number.
const FIRST_ALTERNATE: u8 = 4;

/// What the descriptors say.
#[derive(Clone, Debug)]
pub struct Descriptors {
    /// The serial number's string.
    pub serial: String,
    /// The names of the alternate settings: layout strings.
    pub alternates: Vec<String>,
    /// wTransferSize.
    pub transfer_size: u16,
}

impl Descriptors {
    /// The descriptor of a kind and index; `None` if there is none.
    pub fn get(&self, kind: u8, index: u8) -> Option<Vec<u8>> {
        const DEVICE: u8 = DescriptorKind::Device as u8;
        const CONFIGURATION: u8 = DescriptorKind::Configuration as u8;
        const STRING: u8 = DescriptorKind::String as u8;
        match (kind, index) {
            (DEVICE, 0) => Some(device()),
            (CONFIGURATION, 0) => Some(self.configuration()),
            (STRING, index) => self.string(index),
            _ => None,
        }
    }

    fn configuration(&self) -> Vec<u8> {
        let mut interfaces = Vec::new();
        for alternate in 0..u8::try_from(self.alternates.len()).unwrap_or(u8::MAX) {
            interfaces.extend([9, 4, 0, alternate, 0, 0xFE, 1, 2, FIRST_ALTERNATE.saturating_add(alternate)]);
        }
        let [s0, s1] = self.transfer_size.to_le_bytes();
        interfaces.extend([9, 0x21, 0x0B, 0xFF, 0, s0, s1, 0x1A, 1]);
        let [t0, t1] = u16::try_from(9 + interfaces.len()).unwrap_or(u16::MAX).to_le_bytes();
        [&[9, 2, t0, t1, 1, 1, 0, 0xC0, 50], interfaces.as_slice()].concat()
    }

    fn string(&self, index: u8) -> Option<Vec<u8>> {
        let text = match index {
            // English, of the United States.
            0 => return Some(vec![4, 3, 9, 4]),
            1 => "STMicroelectronics",
            2 => "STM32  BOOTLOADER",
            3 => &self.serial,
            other => self.alternates.get(usize::from(other - FIRST_ALTERNATE))?,
        };
        let units: Vec<u8> = text.encode_utf16().take(126).flat_map(u16::to_le_bytes).collect();
        Some([&[u8::try_from(units.len()).ok()? + 2, 3], units.as_slice()].concat())
    }
}

fn device() -> Vec<u8> {
    let ([v0, v1], [p0, p1]) = (IDS.0.to_le_bytes(), IDS.1.to_le_bytes());
    vec![18, 1, 0, 1, 0, 0, 0, 64, v0, v1, p0, p1, 0, 0x22, 1, 2, 3, 1]
}
