//! Which field lies where: the types of fields, and the canonical bytes that the OTP layout's fingerprint is taken over.

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::{U16, U32};

use crate::{Crypto, Digest, Sha256 as _};

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $number:literal $name:ident $word:literal $size:expr, )+) => {
        /// What a field holds. Numbers are wider than a byte in little-endian order; the list is extend-only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum FieldKind {
            $( $(#[doc = $doc])+ $name = $number, )+
        }

        impl FieldKind {
            /// All types by ascending number.
            pub const ALL: &'static [FieldKind] = &[$(FieldKind::$name),+];

            /// The number in [`OtpField::kind`].
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(FieldKind::$name => $number,)+ }
            }

            /// The type of a number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(FieldKind::$name),)+ _ => None }
            }

            /// What manifests call it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(FieldKind::$name => $word,)+ }
            }

            /// Bytes of one value. `None`: it depends on the field.
            #[must_use]
            pub const fn size(self) -> Option<u32> {
                match self { $(FieldKind::$name => $size,)+ }
            }

            /// The lines of its description.
            #[must_use]
            pub const fn doc(self) -> &'static [&'static str] {
                match self { $(FieldKind::$name => &[$($doc),+],)+ }
            }
        }
    };
}

kinds! {
    /// A number.
    1 U8 "u8" Some(1),
    /// A number.
    2 U16 "u16" Some(2),
    /// A number.
    3 U32 "u32" Some(4),
    /// A number.
    4 U64 "u64" Some(8),
    /// Printable ASCII (0x20 to 0x7E), then zeros.
    5 Ascii "ascii" None,
    /// Bytes without a meaning here.
    6 Bytes "bytes" None,
    /// A MAC address, in the order that it is sent.
    7 Eui48 "eui48" Some(6),
    /// A 64-bit address, in the order that it is sent.
    8 Eui64 "eui64" Some(8),
    /// A UUID, in the order that it is written.
    9 Uuid "uuid" Some(16),
    /// A SHA-256 digest.
    10 Sha256 "sha256" Some(32),
    /// SHA-256 of a trust set (see there) that has this one role and epoch 0.
    11 KeyHash "key-hash" Some(32),
    /// A day: year (16 bits), month (1 to 12), day of the month (1 to 31).
    12 Date "date" Some(4),
    /// A number that stands for a word of the manifest.
    13 Enum "enum" Some(1),
    /// A hardware revision, as the record of an image's revisions has it.
    14 Revision "revision" Some(4),
    /// A number that only rises: the program units of the field that are spent, counted from its start to the first that is
    /// not. A unit is spent if more than half of its bits are zero.
    15 Counter "counter" None,
    /// CRC-32 (IEEE 802.3, reflected, as in zip) over the values of other fields, without their copies and complements.
    16 Crc32 "crc32" Some(4),
    /// Version of the field list.
    17 OtpVersion "otp-version" Some(2),
}

/// The bit of [`OtpField::flags`] that says that the values are followed by their complement.
pub const COMPLEMENT: u8 = 1;

structure! {
    /// Starts the canonical bytes of an OTP layout. The fields follow, by ascending offset.
    struct OtpHead: 20 bytes {
        /// Version of this encoding, 1.
        0 => format: U16,
        /// Version of the field list.
        2 => version: U16,
        /// Address of the first byte of the memory.
        4 => base: U32,
        /// Bytes of data, without locks.
        8 => size: U32,
        /// Bytes that are programmed together, once; 1 where any bit can be cleared later.
        12 => unit: U16,
        /// Bytes that are locked together; 0 where nothing is locked but what was programmed.
        14 => block: U16,
        /// Number of fields.
        16 => field_count: U16,
        /// Zero.
        18 => reserved: [u8; 2],
    }
}

structure! {
    /// A field. The indices of the fields that a CRC covers follow, 16 bits each, in the order in which it covers them.
    struct OtpField: 16 bytes {
        /// What it holds.
        0 => kind: u8,
        /// Bit 0: the values are followed by their complement. Other bits are zero.
        1 => flags: u8,
        /// How often the values stand there one behind the other, 1 or 3.
        2 => copies: u8,
        /// Zero.
        3 => reserved: u8,
        /// Offset of its first byte from the memory's.
        4 => at: U32,
        /// Bytes of one value; of a counter all of its units.
        8 => length: U32,
        /// Number of values, one behind the other.
        12 => count: U16,
        /// Number of fields that a CRC covers; 0 otherwise.
        14 => covered_count: U16,
    }
}

impl OtpField {
    /// Bytes of its values, without copies and complement.
    #[must_use]
    pub fn value_size(&self) -> u32 {
        self.length.get().saturating_mul(self.count.get().into())
    }

    /// Bytes of all of it.
    #[must_use]
    pub fn size(&self) -> u32 {
        let complement = if self.flags & COMPLEMENT == 0 { 1 } else { 2 };
        self.value_size().saturating_mul(self.copies.into()).saturating_mul(complement)
    }
}

/// An OTP layout's parts.
#[derive(Clone, Copy, Debug)]
pub struct FieldList<'a> {
    /// The memory. The number of fields is filled in from the list.
    pub head: OtpHead,
    /// By ascending offset: each field, and which fields it covers. The number of these is filled in.
    pub fields: &'a [(OtpField, &'a [U16])],
}

impl FieldList<'_> {
    /// Hands out the canonical bytes piece by piece. `None`: more fields than a number of 16 bits can count.
    pub fn emit(&self, mut out: impl FnMut(&[u8])) -> Option<()> {
        let count = |length: usize| u16::try_from(length).ok().map(U16::new);
        out(OtpHead { field_count: count(self.fields.len())?, ..self.head }.as_bytes());
        for (field, covered) in self.fields {
            out(OtpField { covered_count: count(covered.len())?, ..*field }.as_bytes());
            out(covered.as_bytes());
        }
        Some(())
    }

    /// SHA-256 over the canonical bytes.
    pub fn fingerprint(&self, crypto: &mut impl Crypto) -> Option<Digest> {
        let mut hash = crypto.sha256();
        self.emit(|bytes| hash.update(bytes))?;
        Some(hash.finish())
    }
}
