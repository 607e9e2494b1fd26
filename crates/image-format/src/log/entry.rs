//! One entry of the log: 16 bytes that are right as a whole or not at all.

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::{U16, U32};

use crate::crc::crc32;
use crate::{Digest, Structure as _};

structure! {
    /// An entry of the state log. It fills the first 16 bytes of its place; the rest of the place is zero.
    struct EntryBytes: 16 bytes {
        /// What happened.
        0 => kind: u8,
        /// Number of the try for TRY; 1 for an OKAY behind which the security counter was raised; zero otherwise.
        1 => argument: u8,
        /// Number of the step for STEP; zero otherwise.
        2 => step: U16,
        /// Generation of the update: one above the highest that any log of the device had. For COUNT the security counter.
        4 => generation: U32,
        /// The first four bytes of the image's id. Zero for COUNT, and for an OPEN before anybody knows which image comes.
        8 => image: [u8; 4],
        /// CRC-32 (IEEE 802.3, reflected, as in zip) of the 12 bytes before.
        12 => crc: U32,
    }
}

/// Size of an entry in bytes.
pub const ENTRY_SIZE: u32 = EntryBytes::SIZE;
/// Largest place in bytes that a reader takes: the largest program unit or ECC word that it can check.
pub const MAX_PLACE: u32 = 64;

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $number:literal $name:ident, )+) => {
        /// What an entry says. Any two numbers differ in at least four bits, and none is 0x00 or 0xFF.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum EntryKind {
            $( $(#[doc = $doc])+ $name = $number, )+
        }

        impl EntryKind {
            /// All kinds.
            pub const ALL: &'static [EntryKind] = &[$(EntryKind::$name),+];

            /// The number in the entry.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(EntryKind::$name => $number,)+ }
            }

            /// The kind of a number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(EntryKind::$name),)+ _ => None }
            }

            /// The name, as the specification lists it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(EntryKind::$name => stringify!($name),)+ }
            }

            /// The lines of its description.
            #[must_use]
            pub const fn doc(self) -> &'static [&'static str] {
                match self { $(EntryKind::$name => &[$($doc),+],)+ }
            }
        }
    };
}

// Words of weight 4 of the extended Hamming code [8, 4, 4].
kinds! {
    /// An update of this slot has begun: its log area was erased.
    0x1E Open,
    /// The image is in the slot, whole and verified.
    0x2D Ready,
    /// The image is about to be started without having been confirmed.
    0x33 Try,
    /// The image is confirmed.
    0x4B Okay,
    /// The image is rejected: its tries are used up, or another is staged in its place.
    0x55 Drop,
    /// Whoever runs from the other slot asks the boot loader to erase this one.
    0x66 Clear,
    /// The running image is being copied to the backup slot.
    0x78 Backup,
    /// The staged image is being copied to its place.
    0x87 Copy,
    /// The backup is being copied back.
    0x99 Back,
    /// A step of a copy is done.
    0xAA Step,
    /// A copy is done and verified.
    0xB4 Done,
    /// Option bytes are about to be programmed.
    0xCC Opts,
    /// The security counter has at least this value. Only in a counter's area.
    0xE1 Count,
}

/// An entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What happened.
    pub kind: EntryKind,
    /// Number of the try, or whether the counter was raised.
    pub argument: u8,
    /// Number of the step.
    pub step: u16,
    /// Generation of the update, or the security counter.
    pub generation: u32,
    /// The first four bytes of the image's id, or zero.
    pub image: [u8; 4],
}

impl Entry {
    /// An entry about an image, without argument and step.
    #[must_use]
    pub fn new(kind: EntryKind, generation: u32, id: &Digest) -> Self {
        let [a, b, c, d, ..] = *id;
        Entry { kind, argument: 0, step: 0, generation, image: [a, b, c, d] }
    }

    /// The bytes to program.
    #[must_use]
    pub fn encode(&self) -> EntryBytes {
        let mut bytes = EntryBytes {
            kind: self.kind.number(),
            argument: self.argument,
            step: self.step.into(),
            generation: self.generation.into(),
            image: self.image,
            crc: 0.into(),
        };
        bytes.crc = bytes.checksum().into();
        bytes
    }
}

impl EntryBytes {
    fn checksum(&self) -> u32 {
        let bytes = self.as_bytes();
        crc32(bytes.get(..core::mem::offset_of!(EntryBytes, crc)).unwrap_or(bytes))
    }

    /// The entry, if kind and checksum are right.
    #[must_use]
    pub fn decode(&self) -> Option<Entry> {
        let kind = EntryKind::from_number(self.kind)?;
        (self.crc.get() == self.checksum()).then_some(Entry {
            kind,
            argument: self.argument,
            step: self.step.get(),
            generation: self.generation.get(),
            image: self.image,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::EntryKind;

    #[test]
    fn kinds_differ_in_four_bits_and_are_never_blank() {
        for kind in EntryKind::ALL {
            assert!(!matches!(kind.number(), 0x00 | 0xFF), "{kind:?}");
            for other in EntryKind::ALL.iter().filter(|other| *other != kind) {
                assert!((kind.number() ^ other.number()).count_ones() >= 4, "{kind:?} and {other:?}");
            }
        }
    }
}
