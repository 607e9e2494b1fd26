//! From an authentic header to a verified artefact: for this device, and whole.

use crate::header::{Body, SignedHeader};
use crate::policy::{Check, Device, Trust};
use crate::record::{Companions, MAX_RECORDS, Record, Records};
use crate::signature::FRONT_HEAD_SIZE;
use crate::structure::index;
use crate::{Authentic, Code, Crypto, Digest, Error, Extent, ReadAt, Revision, Sha256 as _, Word};

/// Bytes that are read at a time while an area is hashed.
pub const READ_SIZE: u32 = 512;

/// An artefact that the reader accepts, read whole in this judgement.
#[derive(Clone, Copy, Debug)]
pub struct Verified<B> {
    header: SignedHeader<B>,
    id: Digest,
    companions: Companions,
    payload: Digest,
    signed: Word,
}

impl<B: Body> Verified<B> {
    /// The signed fields.
    #[must_use]
    pub fn header(&self) -> &SignedHeader<B> {
        &self.header
    }

    /// Its id: SHA-256 of the signed header.
    #[must_use]
    pub fn id(&self) -> &Digest {
        &self.id
    }

    /// Ids of the images that must be there with it.
    #[must_use]
    pub fn companions(&self) -> &[Digest] {
        self.companions.ids()
    }

    /// Whether it is signed and the payload has the signed digest: looked at a second time, so that whoever skips the first
    /// refusal by a fault has to hit another one.
    #[must_use]
    pub fn still_matches(&self) -> bool {
        core::hint::black_box(self.payload) == self.header.envelope.payload_digest && self.signed.is_yes()
    }

    /// Zero if it is signed.
    pub(crate) fn mask(&self) -> u32 {
        self.signed.mask()
    }

    /// Judges the auxiliary area too: what hosts do before they show what is in it. Boot never reads it.
    ///
    /// # Errors
    /// [`Code::AuxiliaryDigest`], [`Code::ReadFault`].
    pub fn auxiliary(&self, source: &mut impl ReadAt, crypto: &mut impl Crypto) -> Result<(), Error> {
        let start = self.header.auxiliary_start();
        let (digest, _) = hash(source, start, self.header.envelope.auxiliary_size.get(), crypto)?;
        if digest == self.header.envelope.auxiliary_digest { Ok(()) } else { Err(Code::AuxiliaryDigest.at(start)) }
    }
}

/// Judges an artefact of any kind: form, signatures, size, device, records, payload, in this order. Of an image this is not
/// enough to start it: see [`crate::verify`].
///
/// # Errors
/// The code of the first rule that is broken, with its offset.
pub fn verify_sealed<B: Body>(
    source: &mut impl ReadAt,
    trust: &Trust<'_>,
    device: Check<Device>,
    crypto: &mut impl Crypto,
) -> Result<Verified<B>, Error> {
    let authentic = Authentic::<B>::read(source, trust, crypto)?;
    authentic.is_for(source.extent(), device)?;
    let companions = authentic.judge_records(Check::Waived, source, crypto)?;
    let (digest, _) = authentic.judge_payload(source, crypto)?;
    Ok(authentic.verified(companions, digest, crypto))
}

impl<B: Body> Authentic<B> {
    /// The step that only a whole judgement may take.
    pub(crate) fn verified(&self, companions: Companions, payload: Digest, crypto: &mut impl Crypto) -> Verified<B> {
        let header = *self.header();
        Verified { header, id: header.id(crypto), companions, payload, signed: self.signed() }
    }

    /// Judges size and device.
    pub(crate) fn is_for(&self, extent: Extent, device: Check<Device>) -> Result<(), Error> {
        let header = self.header();
        // The form was judged: the sum is below 4 GiB.
        let size = header.artefact_size().saturating_add(header.body.following());
        match extent {
            Extent::File(length) if length < size => return Err(Code::Truncated.at(length)),
            Extent::File(length) if length > size => return Err(Code::TrailingBytes.at(size)),
            Extent::Slot(capacity) if capacity < size => return Err(Code::ExceedsSlot.at(capacity)),
            Extent::File(_) | Extent::Slot(_) => {}
        }
        if let Check::Require(device) = device {
            if header.envelope.vendor_id != device.vendor_id {
                return Err(Code::OtherVendor.at(offset!(crate::Envelope, vendor_id)));
            }
            if header.envelope.class_id != device.class_id {
                return Err(Code::OtherClass.at(offset!(crate::Envelope, class_id)));
            }
        }
        Ok(())
    }

    /// Copies the records to RAM, judges the copy's digest, and reads the copy: what is hashed is what is used.
    pub(crate) fn judge_records(
        &self,
        revision: Check<Revision>,
        source: &mut impl ReadAt,
        crypto: &mut impl Crypto,
    ) -> Result<Companions, Error> {
        let start = FRONT_HEAD_SIZE;
        let mut area = [0; MAX_RECORDS];
        // The header's form bounds the size, so the area is always long enough.
        let area = area.get_mut(..index(self.header().records_size())).ok_or(Code::FrontSize.at(start))?;
        source.read_at(start, area).map_err(|_| Code::ReadFault.at(start))?;
        if crate::sha256(crypto, area) != self.header().envelope.records_digest {
            return Err(Code::RecordDigest.at(start));
        }
        let mut companions = Companions::NONE;
        let mut other_revision = false;
        for record in Records::new(area, start) {
            match record? {
                Record::Revisions(list) => {
                    other_revision = matches!(revision, Check::Require(board) if !list.contains(&board));
                }
                Record::Companions(list) => companions = Companions::of(list),
            }
        }
        if other_revision { Err(Code::OtherRevision.at(start)) } else { Ok(companions) }
    }

    /// Judges the payload's digest, and gives it out with the payload's first eight bytes.
    pub(crate) fn judge_payload(
        &self,
        source: &mut impl ReadAt,
        crypto: &mut impl Crypto,
    ) -> Result<(Digest, [u8; 8]), Error> {
        let start = self.header().payload_start();
        let found = hash(source, start, self.header().envelope.payload_size.get(), crypto)?;
        if found.0 == self.header().envelope.payload_digest { Ok(found) } else { Err(Code::PayloadDigest.at(start)) }
    }
}

/// The digest of an area, and its first eight bytes out of the same stream (zeros where it is shorter).
pub(crate) fn hash(
    source: &mut impl ReadAt,
    start: u32,
    size: u32,
    crypto: &mut impl Crypto,
) -> Result<(Digest, [u8; 8]), Error> {
    let mut first = [0; 8];
    let mut hash = crypto.sha256();
    let mut buffer = [0; index(READ_SIZE)];
    let mut done = 0;
    while done < size {
        let at = start.saturating_add(done);
        let step = size.saturating_sub(done).min(READ_SIZE);
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
    // A loop that a fault ended early has not read everything.
    if core::hint::black_box(done) != size {
        return Err(Code::ReadFault.at(start));
    }
    Ok((hash.finish(), first))
}
