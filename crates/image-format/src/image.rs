//! The image: firmware or data for one slot.

use zerocopy::little_endian::{U16, U32};

use crate::header::{Body, Envelope, Kind, SignedHeader};
use crate::record::Companions;
use crate::{Authentic, Check, Code, Crypto, Error, Extent, Place, Policy, ReadAt, Verified, Word};

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
    /// The second part of an image's header: for which place, and how new.
    struct ImageBody: 96 bytes {
        /// Fingerprint of the slot group: SHA-256 over its canonical bytes. Names the slots that may hold the image.
        0 => layout: [u8; 32],
        /// Address of the payload's first byte when it runs; 0 for data.
        32 => run_address: U32,
        /// Offset of the payload in the slot: the front area's size, or 0 where the header is at the slot's end.
        36 => payload_offset: U32,
        /// Version.
        40 => version: Version,
        /// Anti-rollback number; a device refuses an image below its own.
        48 => security_counter: U32,
        /// 1 firmware (starts with a vector table), 2 data.
        52 => payload_type: U32,
        /// Zero.
        56 => reserved: [u8; 40],
    }
}

/// An image's header.
pub type ImageHeader = SignedHeader<ImageBody>;

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

impl Body for ImageBody {
    const KIND: Kind = Kind::Image;

    fn judge_form(&self, envelope: &Envelope) -> Result<(), Error> {
        if self.reserved != [0; 40] {
            return Err(Code::Reserved.at(offset!(ImageHeader, body.reserved)));
        }
        if self.payload_type().is_none() {
            return Err(Code::UnknownPayloadType.at(offset!(ImageHeader, body.payload_type)));
        }
        if self.payload_offset != envelope.front_size && self.payload_offset.get() != 0 {
            return Err(Code::PayloadOffset.at(offset!(ImageHeader, body.payload_offset)));
        }
        if self.run_address.get().checked_add(envelope.payload_size.get()).is_none() {
            return Err(Code::RunAddress.at(offset!(ImageHeader, body.run_address)));
        }
        Ok(())
    }
}

impl ImageBody {
    /// What the payload is, if the number is known.
    #[must_use]
    pub fn payload_type(&self) -> Option<PayloadType> {
        PayloadType::from_number(self.payload_type.get())
    }
}

/// Where the core starts: from the hashed stream, not from a second look at the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Initial main stack pointer, the first word of the vector table.
    pub stack: u32,
    /// Reset vector, the second word. Odd: Thumb.
    pub reset: u32,
}

/// An image that the policy accepts. Only [`verify`] and [`Authentic::verify`] make it.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedImage {
    sealed: Verified<ImageBody>,
    entry: Option<Entry>,
    suits: Word,
}

impl VerifiedImage {
    /// Where firmware starts; `None` for data. Signatures, the payload's digest, device, place and security counter are looked at a
    /// second time, and an address that is given out in spite of a no is none.
    #[must_use]
    pub fn entry(&self) -> Option<Entry> {
        let Entry { stack, reset } = self.entry?;
        if !self.still_matches() || !self.suits.is_yes() {
            return None;
        }
        let mask = self.sealed.mask() | self.suits.mask();
        Some(Entry { stack: stack ^ mask, reset: reset ^ mask })
    }
}

impl core::ops::Deref for VerifiedImage {
    type Target = Verified<ImageBody>;

    fn deref(&self) -> &Self::Target {
        &self.sealed
    }
}

/// Judges an image: form, signatures, size, device, place, counter, records, payload, in this order. The first fault found
/// is the answer, so that every consumer gives the same.
///
/// Time is bounded by four signatures and one pass over the artefact; nothing is allocated. The auxiliary area is not
/// read: see [`Verified::auxiliary`].
///
/// # Errors
/// The code of the first rule that is broken, with its offset.
pub fn verify(source: &mut impl ReadAt, policy: &Policy<'_>, crypto: &mut impl Crypto) -> Result<VerifiedImage, Error> {
    // By reference: a header that is moved is on the stack twice.
    match &Authentic::read(source, &policy.trust, crypto) {
        Ok(authentic) => authentic.verify(source, policy, crypto),
        Err(error) => Err(*error),
    }
}

impl Authentic<ImageBody> {
    /// Judges everything but the signatures.
    ///
    /// # Errors
    /// The codes of the stages extent, device, record and payload, and [`Code::ReadFault`].
    #[inline(never)] // As `Authentic::read`.
    pub fn verify(
        &self,
        source: &mut impl ReadAt,
        policy: &Policy<'_>,
        crypto: &mut impl Crypto,
    ) -> Result<VerifiedImage, Error> {
        let companions = self.front(source, policy, crypto)?;
        let (digest, first) = self.judge_payload(source, crypto)?;
        let entry = match self.header().body.payload_type() {
            Some(PayloadType::Firmware) => Some(self.entry(first)?),
            _ => None,
        };
        let suits = core::hint::black_box(self).suits(source.extent(), core::hint::black_box(policy));
        let sealed = self.verified(companions, digest, crypto);
        Ok(VerifiedImage { sealed, entry, suits: Word::of(suits.is_ok()) })
    }

    /// Judges everything that the front area alone says: what a device looks at before it erases anything for an update. The
    /// source need not have the payload yet.
    ///
    /// # Errors
    /// The codes of the stages extent, device and record, and [`Code::ReadFault`].
    pub fn judge_front(
        &self,
        source: &mut impl ReadAt,
        policy: &Policy<'_>,
        crypto: &mut impl Crypto,
    ) -> Result<(), Error> {
        self.front(source, policy, crypto).map(|_| ())
    }

    fn front(
        &self,
        source: &mut impl ReadAt,
        policy: &Policy<'_>,
        crypto: &mut impl Crypto,
    ) -> Result<Companions, Error> {
        self.suits(source.extent(), policy)?;
        self.judge_records(policy.revision, source, crypto)
    }

    /// Whether what the header says suits the device: its size, device, place and counter.
    fn suits(&self, extent: Extent, policy: &Policy<'_>) -> Result<(), Error> {
        self.is_for(extent, policy.device)?;
        let body = &self.header().body;
        body.is_for_place(policy.place)?;
        if let Check::Require(lowest) = policy.counter
            && body.security_counter.get() < lowest
        {
            return Err(Code::CounterTooLow.at(offset!(ImageHeader, body.security_counter)));
        }
        Ok(())
    }

    /// The entry that firmware's first eight bytes say.
    fn entry(&self, first: [u8; 8]) -> Result<Entry, Error> {
        let (start, size) = (self.header().payload_start(), self.header().envelope.payload_size.get());
        if size < 8 {
            return Err(Code::EntryMissing.at(start));
        }
        let [a, b, c, d, e, f, g, h] = first;
        let entry = Entry { stack: u32::from_le_bytes([a, b, c, d]), reset: u32::from_le_bytes([e, f, g, h]) };
        let within = (entry.reset & !1).wrapping_sub(self.header().body.run_address.get());
        if entry.reset & 1 == 0 || within < 8 || within >= size {
            return Err(Code::EntryOutside.at(start));
        }
        Ok(entry)
    }
}

impl ImageBody {
    fn is_for_place(&self, place: Check<Place>) -> Result<(), Error> {
        let Check::Require(place) = place else { return Ok(()) };
        if self.layout != place.layout {
            return Err(Code::OtherLayout.at(offset!(ImageHeader, body.layout)));
        }
        if self.run_address.get() != place.run_address {
            return Err(Code::OtherRunAddress.at(offset!(ImageHeader, body.run_address)));
        }
        if self.payload_offset.get() != place.payload_offset {
            return Err(Code::OtherPayloadOffset.at(offset!(ImageHeader, body.payload_offset)));
        }
        Ok(())
    }
}
