//! From an authentic header to a verified image: for this device, at this place, recent enough, and whole.

use zerocopy::FromBytes as _;
use zerocopy::little_endian::U32;

use crate::policy::{Check, Policy, Revision};
use crate::record::{MAX_RECORDS, Record, Records};
use crate::signature::FrontHead;
use crate::structure::index;
use crate::{
    Authentic, Code, Crypto, Digest, Error, Extent, Header, ImageHeader, PayloadType, ReadAt, Sha256 as _,
    Structure as _,
};

/// Bytes that are read at a time while an area is hashed.
const BUFFER: u32 = 512;

/// Where the core starts: from the hashed stream, not from a second look at the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Initial main stack pointer, the first word of the vector table.
    pub stack: u32,
    /// Reset vector, the second word. Odd: Thumb.
    pub reset: u32,
}

/// An image that the policy accepts, read whole in this judgement. Only [`verify`] and [`Authentic::verify`] make it.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    header: ImageHeader,
    id: Digest,
    entry: Option<Entry>,
}

impl Verified {
    /// The signed fields.
    #[must_use]
    pub fn header(&self) -> &ImageHeader {
        &self.header
    }

    /// The image's id: SHA-256 of the signed header.
    #[must_use]
    pub fn id(&self) -> &Digest {
        &self.id
    }

    /// Where firmware starts; `None` for data.
    #[must_use]
    pub fn entry(&self) -> Option<Entry> {
        self.entry
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
pub fn verify(source: &mut impl ReadAt, policy: &Policy<'_>, crypto: &mut impl Crypto) -> Result<Verified, Error> {
    Header::read(source)?.authenticate(source, &policy.trust, crypto)?.verify(source, policy, crypto)
}

impl Authentic {
    /// Judges everything but the signatures.
    ///
    /// # Errors
    /// The codes of the stages extent, device, record and payload, and [`Code::ReadFault`].
    pub fn verify(
        &self,
        source: &mut impl ReadAt,
        policy: &Policy<'_>,
        crypto: &mut impl Crypto,
    ) -> Result<Verified, Error> {
        let header = *self.header();
        fits(&header, source.extent())?;
        is_for(&header, policy)?;
        judge_records(&header, policy.revision, source, crypto)?;
        let entry = judge_payload(&header, source, crypto)?;
        Ok(Verified { header, id: header.id(crypto), entry })
    }
}

impl Verified {
    /// Judges the auxiliary area too: what hosts do before they show what is in it.
    ///
    /// # Errors
    /// [`Code::AuxiliaryDigest`], [`Code::ReadFault`].
    pub fn auxiliary(&self, source: &mut impl ReadAt, crypto: &mut impl Crypto) -> Result<(), Error> {
        let start = self.header.auxiliary_start();
        let (digest, _) = hash(source, start, self.header.envelope.auxiliary_size.get(), crypto)?;
        if digest == self.header.envelope.auxiliary_digest { Ok(()) } else { Err(Code::AuxiliaryDigest.at(start)) }
    }
}

fn fits(header: &ImageHeader, extent: Extent) -> Result<(), Error> {
    let size = header.artefact_size();
    match extent {
        Extent::File(length) if length < size => Err(Code::Truncated.at(length)),
        Extent::File(length) if length > size => Err(Code::TrailingBytes.at(size)),
        Extent::Slot(capacity) if capacity < size => Err(Code::ExceedsSlot.at(capacity)),
        Extent::File(_) | Extent::Slot(_) => Ok(()),
    }
}

fn is_for(header: &ImageHeader, policy: &Policy<'_>) -> Result<(), Error> {
    let image = &header.image;
    if let Check::Require(device) = policy.device {
        if image.vendor_id != device.vendor_id {
            return Err(Code::OtherVendor.at(offset!(ImageHeader, image.vendor_id)));
        }
        if image.class_id != device.class_id {
            return Err(Code::OtherClass.at(offset!(ImageHeader, image.class_id)));
        }
    }
    if let Check::Require(place) = policy.place {
        if image.layout != place.layout {
            return Err(Code::OtherLayout.at(offset!(ImageHeader, image.layout)));
        }
        if image.run_address.get() != place.run_address {
            return Err(Code::OtherRunAddress.at(offset!(ImageHeader, image.run_address)));
        }
        if image.payload_offset.get() != place.payload_offset {
            return Err(Code::OtherPayloadOffset.at(offset!(ImageHeader, image.payload_offset)));
        }
    }
    if let Check::Require(lowest) = policy.counter
        && image.security_counter.get() < lowest
    {
        return Err(Code::CounterTooLow.at(offset!(ImageHeader, image.security_counter)));
    }
    Ok(())
}

/// Copies the records to RAM, judges the copy's digest, and reads the copy: what is hashed is what is used.
fn judge_records(
    header: &ImageHeader,
    revision: Check<Revision>,
    source: &mut impl ReadAt,
    crypto: &mut impl Crypto,
) -> Result<(), Error> {
    let start = FrontHead::SIZE;
    let mut area = [0; MAX_RECORDS];
    // The header's form bounds the size, so the area is always long enough.
    let area = area.get_mut(..index(header.records_size())).ok_or(Code::FrontSize.at(start))?;
    source.read_at(start, area).map_err(|_| Code::ReadFault.at(start))?;
    if crate::sha256(crypto, area) != header.envelope.records_digest {
        return Err(Code::RecordDigest.at(start));
    }
    for record in Records::new(area, start) {
        let Record::Revisions(list) = record?;
        if let Check::Require(board) = revision
            && !list.contains(&board)
        {
            return Err(Code::OtherRevision.at(start));
        }
    }
    Ok(())
}

fn judge_payload(
    header: &ImageHeader,
    source: &mut impl ReadAt,
    crypto: &mut impl Crypto,
) -> Result<Option<Entry>, Error> {
    let start = header.payload_start();
    let size = header.envelope.payload_size.get();
    let (digest, first) = hash(source, start, size, crypto)?;
    if digest != header.envelope.payload_digest {
        return Err(Code::PayloadDigest.at(start));
    }
    if header.payload_type() != Some(PayloadType::Firmware) {
        return Ok(None);
    }
    let Ok(([stack, reset], _)) = <[U32; 2]>::read_from_prefix(&first) else {
        return Err(Code::EntryMissing.at(start));
    };
    if size < 8 {
        return Err(Code::EntryMissing.at(start));
    }
    let entry = Entry { stack: stack.get(), reset: reset.get() };
    let within = (entry.reset & !1).wrapping_sub(header.image.run_address.get());
    if entry.reset & 1 == 0 || within < 8 || within >= size {
        return Err(Code::EntryOutside.at(start));
    }
    Ok(Some(entry))
}

/// The digest of an area, and its first eight bytes out of the same stream (zeros where it is shorter).
fn hash(source: &mut impl ReadAt, start: u32, size: u32, crypto: &mut impl Crypto) -> Result<(Digest, [u8; 8]), Error> {
    let mut first = [0; 8];
    let mut hash = crypto.sha256();
    let mut buffer = [0; index(BUFFER)];
    let mut done = 0;
    while done < size {
        let at = start.saturating_add(done);
        let step = size.saturating_sub(done).min(BUFFER);
        let part = buffer.get_mut(..index(step)).ok_or(Code::ReadFault.at(at))?;
        source.read_at(at, part).map_err(|_| Code::ReadFault.at(at))?;
        if done == 0 {
            for (to, from) in first.iter_mut().zip(part.iter()) {
                *to = *from;
            }
        }
        hash.update(part);
        done = done.saturating_add(step);
    }
    Ok((hash.finish(), first))
}
