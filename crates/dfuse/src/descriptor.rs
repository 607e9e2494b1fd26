//! The DFU functional descriptor.

use thiserror::Error;

/// What a device says about its DFU (USB DFU 1.1 section 4.1.3). DfuSe is `version` 0x011A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Functional {
    /// bmAttributes: bit 0 can download, bit 1 can upload.
    pub attributes: u8,
    /// wTransferSize: bytes of a whole block. Usually 2048; never to be assumed.
    pub transfer_size: u16,
    /// bcdDFU.
    pub version: u16,
}

/// A functional descriptor that is none, or not DfuSe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DescriptorError {
    /// There is none among the configuration's descriptors.
    #[error("the device has no DFU functional descriptor: is it in its boot loader?")]
    Missing,
    /// DFU, but not ST's.
    #[error("the device speaks DFU {}.{:02x}, not DfuSe (1.1a)", .0 >> 8, .0 & 0xFF)]
    NotDfuSe(u16),
    /// It cannot be both read and written, or its blocks are empty.
    #[error(
        "the device's DFU cannot both upload and download (attributes {attributes:#04x}, blocks of {transfer_size} bytes)"
    )]
    Unusable {
        /// bmAttributes.
        attributes: u8,
        /// wTransferSize.
        transfer_size: u16,
    },
    /// It names this string, and does not say it.
    #[error("the device does not say its string {0}: what memory it has is not known")]
    String(u8),
}

/// bDescriptorType of the DFU functional descriptor.
const FUNCTIONAL: u8 = 0x21;
/// bcdDFU of DfuSe.
const DFUSE: u16 = 0x011A;

/// An alternate setting of the DFU interface, as the configuration's descriptors have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alternate {
    /// bInterfaceNumber.
    pub interface: u8,
    /// bAlternateSetting.
    pub number: u8,
    /// iInterface: the string that is its layout.
    pub string: u8,
}

/// The alternate settings of the DFU interface (class 0xFE, subclass 1, USB DFU 1.1 section 4.2.3) among a configuration's
/// descriptors.
pub fn alternates(configuration: &[u8]) -> Vec<Alternate> {
    let mut found = Vec::new();
    let mut rest = configuration;
    while let [length @ 1..=u8::MAX, kind, ..] = *rest {
        let Some((descriptor, after)) = rest.split_at_checked(length.into()) else { break };
        if let (4, [_, _, interface, number, _, 0xFE, 1, _, string, ..]) = (kind, descriptor) {
            found.push(Alternate { interface: *interface, number: *number, string: *string });
        }
        rest = after;
    }
    found
}

/// The text of a string descriptor. Units that are no UTF-16 become U+FFFD.
pub fn string(descriptor: &[u8]) -> Option<String> {
    let [length, 3, ..] = *descriptor else { return None };
    let bytes = descriptor.get(2..length.into())?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    Some(String::from_utf16_lossy(&units))
}

impl Functional {
    /// Finds it among a configuration's descriptors, as GET_DESCRIPTOR(CONFIGURATION) returns them.
    ///
    /// # Errors
    /// There is none, or it is not DfuSe's.
    pub fn find(configuration: &[u8]) -> Result<Self, DescriptorError> {
        let mut rest = configuration;
        while let [length, kind, ..] = *rest {
            let Some((descriptor, after)) = rest.split_at_checked(length.into()) else { break };
            if let (FUNCTIONAL, [_, _, attributes, _, _, s0, s1, v0, v1, ..]) = (kind, descriptor) {
                let found = Self {
                    attributes: *attributes,
                    transfer_size: u16::from_le_bytes([*s0, *s1]),
                    version: u16::from_le_bytes([*v0, *v1]),
                };
                return found.usable();
            }
            if length == 0 {
                break;
            }
            rest = after;
        }
        Err(DescriptorError::Missing)
    }

    fn usable(self) -> Result<Self, DescriptorError> {
        let Self { attributes, transfer_size, version } = self;
        if version != DFUSE {
            Err(DescriptorError::NotDfuSe(version))
        } else if attributes & 3 != 3 || transfer_size == 0 {
            Err(DescriptorError::Unusable { attributes, transfer_size })
        } else {
            Ok(self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURATION: [u8; 9] = [9, 2, 36, 0, 1, 1, 0, 0xC0, 50];
    const INTERFACE: [u8; 9] = [9, 4, 0, 0, 0, 0xFE, 1, 2, 4];
    const FUNCTIONAL: [u8; 9] = [9, 0x21, 0x0B, 0xFF, 0, 0, 8, 0x1A, 1];

    fn with(functional: &[u8]) -> Result<Functional, DescriptorError> {
        Functional::find(&[&CONFIGURATION, &INTERFACE, functional].concat())
    }

    #[test]
    fn found_behind_other_descriptors() {
        let found = with(&FUNCTIONAL).expect("a DfuSe device");
        assert_eq!(found, Functional { attributes: 0x0B, transfer_size: 2048, version: 0x011A });
    }

    #[test]
    fn what_is_not_usable_is_refused() {
        let changed = |at: usize, value: u8| {
            let mut descriptor = FUNCTIONAL;
            descriptor[at] = value;
            with(&descriptor).expect_err("refused")
        };
        assert_eq!(changed(7, 0x10), DescriptorError::NotDfuSe(0x0110));
        assert!(matches!(changed(2, 1), DescriptorError::Unusable { attributes: 1, .. }));
        assert!(matches!(changed(6, 0), DescriptorError::Unusable { transfer_size: 0, .. }));
        for length in 0..FUNCTIONAL.len() {
            assert_eq!(with(&FUNCTIONAL[..length]), Err(DescriptorError::Missing), "cut to {length}");
        }
        assert_eq!(with(&[0; 9]), Err(DescriptorError::Missing));
    }
}
