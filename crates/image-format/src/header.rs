//! The signed header: form only. Nothing in it is believed before its signatures were judged.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::signature::FRONT_HEAD_SIZE;
use crate::structure::index;
use crate::{Code, Digest, Error, Extent, Field, ReadAt, Structure};

/// The format version of this crate.
pub const FORMAT: u16 = 1;
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

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Image => "image",
            Kind::Layout => "layout",
            Kind::Release => "release",
            Kind::OtpBlob => "OTP blob",
            Kind::Trust => "trust set",
        }
    }

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
    /// The first part of the header, the same for every kind of sealed artefact.
    struct Envelope: 160 bytes {
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
        /// UUIDv5 of the vendor's domain name in the DNS namespace (RFC 9124).
        128 => vendor_id: [u8; 16],
        /// UUIDv5 of the device class in the vendor's namespace (RFC 9124).
        144 => class_id: [u8; 16],
    }
}

/// The second part of the header: what one kind of artefact says.
pub trait Body: Structure + FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned + Copy {
    /// The kind whose magic goes with it.
    const KIND: Kind;

    /// Judges the form of its fields, once that of the envelope was found right. Believes none of them.
    ///
    /// # Errors
    /// The codes of [`crate::Stage::Header`].
    fn judge_form(&self, envelope: &Envelope) -> Result<(), Error>;

    /// Bytes that follow the artefact in its file and are not part of it.
    fn following(&self) -> u32 {
        0
    }
}

/// A header: exactly the 256 bytes that are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct SignedHeader<B> {
    /// What all kinds share.
    pub envelope: Envelope,
    /// What this kind says.
    pub body: B,
}

/// Size of every kind's header in bytes.
pub const HEADER_SIZE: u32 = 256;

impl<B: Body> Structure for SignedHeader<B> {
    const NAME: &'static str = "Header";
    const SIZE: u32 = HEADER_SIZE;
    const DOC: &'static [&'static str] = &["Exactly the 256 bytes that are signed."];
    const FIELDS: &'static [Field] = &[
        Field {
            name: "envelope",
            offset: 0,
            size: Envelope::SIZE,
            type_name: Envelope::NAME,
            doc: &["What all kinds share."],
        },
        Field {
            name: "body",
            offset: Envelope::SIZE,
            size: B::SIZE,
            type_name: B::NAME,
            doc: &["What this kind says."],
        },
    ];
}

/// A header of right form. Whoever wrote it is unknown, so nothing in it is public yet, except to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<B> {
    raw: SignedHeader<B>,
}

impl<B: Body> Header<B> {
    /// Reads a header and judges its form.
    ///
    /// # Errors
    /// [`Code::Truncated`] for a file too short for header and signatures, [`Code::ReadFault`], and the codes of
    /// [`crate::Stage::Header`].
    pub fn read(source: &mut impl ReadAt) -> Result<Self, Error> {
        let mut header = Header::zeroed();
        header.fill(source)?;
        Ok(header)
    }

    /// A header that is none yet.
    pub(crate) fn zeroed() -> Self {
        Header { raw: SignedHeader::new_zeroed() }
    }

    /// Reads it where it is: on the stack once.
    pub(crate) fn fill(&mut self, source: &mut impl ReadAt) -> Result<(), Error> {
        if let Extent::File(size) = source.extent()
            && size < FRONT_HEAD_SIZE
        {
            // Say "not sealed" of a short file that is something else altogether.
            let mut magic = [0; MAGIC.len()];
            if source.read_at(0, &mut magic).is_ok() && magic != MAGIC {
                return Err(Code::NotSealed.at(0));
            }
            return Err(Code::Truncated.at(size));
        }
        source.read_at(0, self.raw.as_mut_bytes()).map_err(|_| Code::ReadFault.at(0))?;
        self.raw.judge_form()
    }

    /// Judges the form of a header whose bytes were already read.
    ///
    /// # Errors
    /// The codes of [`crate::Stage::Header`].
    pub fn parse(raw: SignedHeader<B>) -> Result<Self, Error> {
        raw.judge_form()?;
        Ok(Header { raw })
    }

    /// The fields, for showing them to a person. **Not authentic**: decide nothing by them.
    #[must_use]
    pub fn unauthenticated(&self) -> &SignedHeader<B> {
        &self.raw
    }
}

impl Envelope {
    fn judge_form(&self, kind: Kind) -> Result<(), Error> {
        if !self.magic.starts_with(&MAGIC) {
            return Err(Code::NotSealed.at(offset!(Envelope, magic)));
        }
        if self.magic != kind.magic() {
            return Err(Code::WrongKind.at(offset!(Envelope, magic)));
        }
        if self.format.get() != FORMAT {
            return Err(Code::UnknownFormat.at(offset!(Envelope, format)));
        }
        let front = self.front_size.get();
        if !(MIN_FRONT..=MAX_FRONT).contains(&front) || !front.is_multiple_of(FRONT_STEP) {
            return Err(Code::FrontSize.at(offset!(Envelope, front_size)));
        }
        let size = front.checked_add(self.payload_size.get());
        let size = size.and_then(|size| size.checked_add(self.auxiliary_size.get()));
        if size.is_none() || self.payload_size.get() == 0 {
            return Err(Code::Sizes.at(offset!(Envelope, payload_size)));
        }
        if self.reserved != [0; 2] {
            return Err(Code::Reserved.at(offset!(Envelope, reserved)));
        }
        if self.reserved_2 != [0; 8] {
            return Err(Code::Reserved.at(offset!(Envelope, reserved_2)));
        }
        Ok(())
    }
}

impl<B: Body> SignedHeader<B> {
    fn judge_form(&self) -> Result<(), Error> {
        const { assert!(size_of::<SignedHeader<B>>() == index(HEADER_SIZE)) };
        self.envelope.judge_form(B::KIND)?;
        self.body.judge_form(&self.envelope)?;
        if self.artefact_size().checked_add(self.body.following()).is_none() {
            return Err(Code::Sizes.at(offset!(Envelope, payload_size)));
        }
        Ok(())
    }
}

/// Areas and sizes of a header whose form was judged.
impl<B: Body> SignedHeader<B> {
    /// Offset of the payload in the artefact.
    #[must_use]
    pub fn payload_start(&self) -> u32 {
        self.envelope.front_size.get()
    }

    /// Offset of the auxiliary area in the artefact.
    #[must_use]
    pub fn auxiliary_start(&self) -> u32 {
        self.payload_start().saturating_add(self.envelope.payload_size.get())
    }

    /// Size of the artefact in bytes. [`Header::parse`] has seen that it is below 4 GiB.
    #[must_use]
    pub fn artefact_size(&self) -> u32 {
        self.auxiliary_start().saturating_add(self.envelope.auxiliary_size.get())
    }

    /// Size of the records' area in bytes.
    pub(crate) fn records_size(&self) -> u32 {
        self.envelope.front_size.get().saturating_sub(FRONT_HEAD_SIZE)
    }

    /// The artefact's id: SHA-256 of the signed header. An image's id is this.
    pub fn id(&self, crypto: &mut impl crate::Crypto) -> Digest {
        crate::sha256(crypto, self.as_bytes())
    }
}
