//! The signed header: form only. Nothing in it is believed before its signatures were judged.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromZeros as _, IntoBytes as _};

use crate::signature::FrontHead;
use crate::{Code, Digest, Error, Extent, ReadAt, Structure as _};

/// The format version of this crate.
pub const FORMAT: u16 = 1;
/// Size of the part of the header that all kinds share, in bytes.
pub const ENVELOPE_SIZE: u32 = Envelope::SIZE;
/// Smallest front area, in bytes. The default: header, signatures and 480 bytes of records.
pub const MIN_FRONT: u32 = 1024;
/// Largest front area, in bytes: what a reader on the target copies to RAM stays bounded.
pub const MAX_FRONT: u32 = 2048;
/// A front area is a multiple of this, in bytes: a multiple of every ECC word and of the coarsest vector alignment that
/// fits between the limits.
pub const FRONT_STEP: u32 = 256;

/// The first seven bytes of every sealed artefact. The first one is no text in any encoding; the eighth byte is the kind.
const MAGIC: [u8; 7] = *b"\x89WXSEAL";

/// What was sealed. The kind is part of the signed magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Firmware or data for one slot.
    Image,
    /// All regions and slots of one device in one mode.
    Layout,
    /// A set of images that go together.
    Release,
    /// One board's one-time-programmable memory.
    OtpBlob,
    /// A reader's keys, roles and thresholds. Reserved: nothing makes or reads it yet.
    Trust,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 5] = [Kind::Image, Kind::Layout, Kind::Release, Kind::OtpBlob, Kind::Trust];

    /// The eight bytes that an artefact of this kind starts with.
    #[must_use]
    pub const fn magic(self) -> [u8; 8] {
        let letter = match self {
            Kind::Image => b'I',
            Kind::Layout => b'L',
            Kind::Release => b'R',
            Kind::OtpBlob => b'O',
            Kind::Trust => b'T',
        };
        let [a, b, c, d, e, f, g] = MAGIC;
        [a, b, c, d, e, f, g, letter]
    }
}

structure! {
    /// The first half of the header, the same for every kind of sealed artefact.
    struct Envelope: 128 bytes {
        /// `89 57 58 53 45 41 4C`, then the kind's letter: `I` image, `L` layout, `R` release, `O` OTP blob, `T` trust.
        0 => magic: [u8; 8],
        /// Format version, 1.
        8 => format: U16,
        /// Zero.
        10 => reserved: [u8; 2],
        /// Size of the front area in bytes: 1024 to 2048, a multiple of 256. The payload follows at this offset.
        12 => front_size: U32,
        /// Size of the payload in bytes, 1 at least. The auxiliary area follows directly.
        16 => payload_size: U32,
        /// Size of the auxiliary area in bytes, 0 if there is none. The artefact ends behind it.
        20 => auxiliary_size: U32,
        /// Zero.
        24 => reserved_2: [u8; 8],
        /// SHA-256 of the records' area: from behind the signature places to the front area's end.
        32 => records_digest: [u8; 32],
        /// SHA-256 of the payload.
        64 => payload_digest: [u8; 32],
        /// SHA-256 of the auxiliary area; of nothing if it is empty.
        96 => auxiliary_digest: [u8; 32],
    }
}

structure! {
    /// A version by Semantic Versioning 2.0, without pre-release and build parts. For people and hosts: what a boot
    /// loader starts follows from generations and the security counter.
    struct Version: 8 bytes {
        /// Major.
        0 => major: U16,
        /// Minor.
        2 => minor: U16,
        /// Patch.
        4 => patch: U32,
    }
}

structure! {
    /// The second half of an image's header: for whom, for which place, and how new.
    struct ImageBody: 128 bytes {
        /// UUIDv5 of the vendor's domain name in the DNS namespace (RFC 9124).
        0 => vendor_id: [u8; 16],
        /// UUIDv5 of the device class in the vendor's namespace (RFC 9124).
        16 => class_id: [u8; 16],
        /// Fingerprint of the slot group: SHA-256 over its canonical bytes. Names the slots that may hold the image.
        32 => layout: [u8; 32],
        /// Address of the payload's first byte when it runs; 0 for data.
        64 => run_address: U32,
        /// Offset of the payload in the slot: the front area's size, or 0 where the header is at the slot's end.
        68 => payload_offset: U32,
        /// Version.
        72 => version: Version,
        /// Anti-rollback number; a device refuses an image below its own.
        80 => security_counter: U32,
        /// 1 firmware (starts with a vector table), 2 data.
        84 => payload_type: U32,
        /// Zero.
        88 => reserved: [u8; 40],
    }
}

structure! {
    /// An image's header: exactly the bytes that are signed.
    struct ImageHeader: 256 bytes {
        /// See Envelope.
        0 => envelope: Envelope,
        /// See ImageBody.
        128 => image: ImageBody,
    }
}

/// What the payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadType {
    /// Starts with a vector table: stack pointer, reset vector.
    Firmware,
    /// Anything else.
    Data,
}

impl PayloadType {
    /// The number in the header.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            PayloadType::Firmware => 1,
            PayloadType::Data => 2,
        }
    }

    /// The type of a number in a header.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(PayloadType::Firmware),
            2 => Some(PayloadType::Data),
            _ => None,
        }
    }
}

/// A header of right form. Whoever wrote it is unknown, so nothing in it is public yet, except to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    raw: ImageHeader,
}

impl Header {
    /// Reads an image's header and judges its form.
    ///
    /// # Errors
    /// [`Code::Truncated`] for a file too short for header and signatures, [`Code::ReadFault`], and the codes of
    /// [`crate::Stage::Header`].
    pub fn read(source: &mut impl ReadAt) -> Result<Header, Error> {
        if let Extent::File(size) = source.extent()
            && size < FrontHead::SIZE
        {
            // Say "not sealed" of a short file that is something else altogether.
            let mut magic = [0; MAGIC.len()];
            if source.read_at(0, &mut magic).is_ok() && magic != MAGIC {
                return Err(Code::NotSealed.at(0));
            }
            return Err(Code::Truncated.at(size));
        }
        let mut raw = ImageHeader::new_zeroed();
        source.read_at(0, raw.as_mut_bytes()).map_err(|_| Code::ReadFault.at(0))?;
        Header::parse(raw)
    }

    /// Judges the form of a header whose bytes were already read.
    ///
    /// # Errors
    /// The codes of [`crate::Stage::Header`].
    pub fn parse(raw: ImageHeader) -> Result<Header, Error> {
        let Envelope { magic, format, reserved, front_size, payload_size, auxiliary_size, reserved_2, .. } =
            raw.envelope;
        if !magic.starts_with(&MAGIC) {
            return Err(Code::NotSealed.at(offset!(Envelope, magic)));
        }
        if magic != Kind::Image.magic() {
            return Err(Code::WrongKind.at(offset!(Envelope, magic)));
        }
        if format.get() != FORMAT {
            return Err(Code::UnknownFormat.at(offset!(Envelope, format)));
        }
        let front = front_size.get();
        if !(MIN_FRONT..=MAX_FRONT).contains(&front) || !front.is_multiple_of(FRONT_STEP) {
            return Err(Code::FrontSize.at(offset!(Envelope, front_size)));
        }
        let total = front.checked_add(payload_size.get()).and_then(|size| size.checked_add(auxiliary_size.get()));
        if total.is_none() || payload_size.get() == 0 {
            return Err(Code::Sizes.at(offset!(Envelope, payload_size)));
        }
        if reserved != [0; 2] {
            return Err(Code::Reserved.at(offset!(Envelope, reserved)));
        }
        if reserved_2 != [0; 8] {
            return Err(Code::Reserved.at(offset!(Envelope, reserved_2)));
        }
        let image = &raw.image;
        if image.reserved != [0; 40] {
            return Err(Code::Reserved.at(offset!(ImageHeader, image.reserved)));
        }
        if PayloadType::from_number(image.payload_type.get()).is_none() {
            return Err(Code::UnknownPayloadType.at(offset!(ImageHeader, image.payload_type)));
        }
        if image.payload_offset.get() != front && image.payload_offset.get() != 0 {
            return Err(Code::PayloadOffset.at(offset!(ImageHeader, image.payload_offset)));
        }
        if image.run_address.get().checked_add(payload_size.get()).is_none() {
            return Err(Code::RunAddress.at(offset!(ImageHeader, image.run_address)));
        }
        Ok(Header { raw })
    }

    /// The fields, for showing them to a person. **Not authentic**: decide nothing by them.
    #[must_use]
    pub fn unauthenticated(&self) -> &ImageHeader {
        &self.raw
    }
}

/// Areas and sizes of a header whose form was judged.
impl ImageHeader {
    /// Offset of the payload in the artefact.
    pub(crate) fn payload_start(&self) -> u32 {
        self.envelope.front_size.get()
    }

    /// Offset of the auxiliary area in the artefact.
    pub(crate) fn auxiliary_start(&self) -> u32 {
        self.payload_start().saturating_add(self.envelope.payload_size.get())
    }

    /// Size of the artefact in bytes. [`Header::parse`] has seen that it is below 4 GiB.
    #[must_use]
    pub fn artefact_size(&self) -> u32 {
        self.auxiliary_start().saturating_add(self.envelope.auxiliary_size.get())
    }

    /// Size of the records' area in bytes.
    pub(crate) fn records_size(&self) -> u32 {
        self.envelope.front_size.get().saturating_sub(FrontHead::SIZE)
    }

    /// What the payload is, if the number is known.
    #[must_use]
    pub fn payload_type(&self) -> Option<PayloadType> {
        PayloadType::from_number(self.image.payload_type.get())
    }

    /// The image's id: SHA-256 of the signed header.
    pub fn id(&self, crypto: &mut impl crate::Crypto) -> Digest {
        crate::sha256(crypto, self.as_bytes())
    }
}
