//! Why an artefact is refused: numbers that never change their meaning.

/// Where in the judgement a [`Code`] arises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading the artefact's bytes.
    Read,
    /// The header's form, before anything in it is believed.
    Header,
    /// The trust set and the signatures.
    Signature,
    /// Exact size against the file or the slot.
    Extent,
    /// Whether it is meant for this device, this place, and is not too old.
    Device,
    /// The critical records.
    Record,
    /// The payload and its entry.
    Payload,
}

macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $number:literal $stage:ident $name:ident, )+) => {
        /// Why an artefact is refused. The list is extend-only: a number is never reused and never changes its meaning.
        /// 0 is no error. Each code has a test vector that produces it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Code {
            $( $(#[doc = $doc])+ $name = $number, )+
        }

        impl Code {
            /// All codes by ascending number.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// The number that crosses every boundary: C, JavaScript, exit records, logs.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Code::$name => $number,)+ }
            }

            /// The code's name, as the specification lists it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Code::$name => stringify!($name),)+ }
            }

            /// Where in the judgement it arises.
            #[must_use]
            pub const fn stage(self) -> Stage {
                match self { $(Code::$name => Stage::$stage,)+ }
            }

            /// The lines of its description.
            #[must_use]
            pub const fn doc(self) -> &'static [&'static str] {
                match self { $(Code::$name => &[$($doc),+],)+ }
            }
        }
    };
}

codes! {
    /// The bytes at this offset could not be read: an ECC fault, a bus error, or past the end of the source.
    101 Read ReadFault,

    /// The file does not start with the magic of a sealed artefact.
    201 Header NotSealed,
    /// Sealed, but as another kind: a signature over one kind says nothing about another.
    202 Header WrongKind,
    /// The format version is not one that this reader knows.
    203 Header UnknownFormat,
    /// The size of the front area is out of range or not a multiple of its step.
    204 Header FrontSize,
    /// The sizes of front area, payload and auxiliary area add up to 4 GiB or more, or the payload is empty.
    205 Header Sizes,
    /// A reserved byte is not zero.
    206 Header Reserved,
    /// The payload type is not one that this reader knows.
    207 Header UnknownPayloadType,
    /// The payload offset is neither the front area's size (header in front) nor zero (header at the slot's end).
    208 Header PayloadOffset,
    /// The payload would run beyond the end of the address space.
    209 Header RunAddress,

    /// The reader's own trust set is unusable: no key, too many, a key or an id twice, or a threshold of zero or above
    /// the number of keys.
    301 Signature TrustSet,
    /// The used signature places are not in strictly ascending order of key ids.
    302 Signature SignatureOrder,
    /// A signature place is half used (an id without a signature, or a signature without an id), or a used one stands behind
    /// an unused one.
    303 Signature SignaturePlace,
    /// A signature under the id of a trusted key does not verify.
    304 Signature BadSignature,
    /// Fewer trusted keys have signed than the reader's threshold asks for.
    305 Signature TooFewSignatures,

    /// The file ends before the artefact does.
    401 Extent Truncated,
    /// The file goes on after the artefact has ended.
    402 Extent TrailingBytes,
    /// The artefact is larger than the slot's room for it.
    403 Extent ExceedsSlot,

    /// Made for devices of another vendor.
    501 Device OtherVendor,
    /// Made for another device class of this vendor.
    502 Device OtherClass,
    /// Not made for this hardware revision.
    503 Device OtherRevision,
    /// Made for another flash layout: the fingerprint of the slot group differs.
    504 Device OtherLayout,
    /// Linked to run at another address than this slot's.
    505 Device OtherRunAddress,
    /// The payload lies at another offset than in this slot.
    506 Device OtherPayloadOffset,
    /// The security counter is below the lowest that the device accepts.
    507 Device CounterTooLow,

    /// The critical records do not match the digest in the header.
    601 Record RecordDigest,
    /// A record goes beyond the records' area.
    602 Record RecordSize,
    /// A record's padding, or a byte behind the last record, is not zero.
    603 Record RecordPadding,
    /// The records' types are not in strictly ascending order.
    604 Record RecordOrder,
    /// A critical record of a type that this reader does not know.
    605 Record UnknownRecord,
    /// A record's value is not of its type's form.
    606 Record RecordValue,

    /// The payload does not match the digest in the header.
    701 Payload PayloadDigest,
    /// Firmware too short for a stack pointer and a reset vector.
    702 Payload EntryMissing,
    /// The reset vector is not a Thumb address inside the payload at its run address.
    703 Payload EntryOutside,
    /// The auxiliary area does not match the digest in the header. Only hosts look at it: boot never reads that area.
    704 Payload AuxiliaryDigest,
    /// The payload of a layout, a release or an OTP blob is not of its kind's form.
    705 Payload PayloadForm,
    /// The auxiliary area is not of its form.
    706 Payload AuxiliaryForm,
    /// A chunk does not match its digest.
    707 Payload ChunkDigest,
    /// An image in a release is not the one that the release names.
    708 Payload OtherMember,
}

/// A refusal: why, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Why.
    pub code: Code,
    /// Offset in the artefact, in bytes, of the field, record or area that the code is about; for [`Code::ReadFault`] of
    /// the read that failed; for [`Code::TrustSet`] zero.
    pub offset: u32,
}

impl Code {
    /// This code, found at an offset.
    pub(crate) const fn at(self, offset: u32) -> Error {
        Error { code: self, offset }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({}) at offset {}", self.code.name(), self.code.number(), self.offset)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn numbers_ascend_and_none_is_zero() {
        let mut last = 0;
        for code in Code::ALL {
            assert!(code.number() > last, "{}", code.name());
            last = code.number();
        }
    }
}
