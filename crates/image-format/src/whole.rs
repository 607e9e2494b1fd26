//! The whole of an artefact, as hosts judge it: what the boot loader judges, then the auxiliary area and what a kind's
//! payload says. Packer, page and test vectors call this, so that they give one answer.

use crate::auxiliary::Auxiliary;
use crate::header::{Body, Header, Kind};
use crate::image::ImageBody;
use crate::layout::{LayoutBody, groups};
use crate::otp::{OtpBlob, OtpBody};
use crate::policy::Policy;
use crate::release::{Directory, Member, ReleaseBody};
use crate::structure::index;
use crate::{Code, Crypto, Error, Extent, Fault, ReadAt, Verified, sha256, verify, verify_sealed};

/// Judges an artefact that must be of this kind. `scratch` has room for its payload; where it has not, that is a [`Code::ReadFault`].
///
/// # Errors
/// The code of the first rule that is broken, with its offset.
pub fn judge(
    kind: Kind,
    source: &mut impl ReadAt,
    policy: &Policy<'_>,
    scratch: &mut [u8],
    crypto: &mut impl Crypto,
) -> Result<(), Error> {
    match kind {
        Kind::Image => {
            let image = verify(source, policy, crypto)?;
            auxiliary(&image, source, scratch, crypto)
        }
        Kind::Layout => {
            let layout = sealed::<LayoutBody>(source, policy, scratch, crypto)?;
            let payload = read_payload(&layout, source, scratch, crypto)?;
            groups(layout.header(), payload).map(|_| ())
        }
        Kind::OtpBlob => {
            let blob = sealed::<OtpBody>(source, policy, scratch, crypto)?;
            let payload = read_payload(&blob, source, scratch, crypto)?;
            OtpBlob::parse(blob.header(), payload).map(|_| ())
        }
        Kind::Release => {
            let release = sealed::<ReleaseBody>(source, policy, scratch, crypto)?;
            let size = index(release.header().envelope.payload_size.get());
            let (payload, chunk) = scratch.split_at_mut_checked(size).ok_or(no_room(&release))?;
            let payload = read_payload(&release, source, payload, crypto)?;
            let directory = Directory::parse(release.header(), payload)?;
            directory
                .members()
                .try_for_each(|(offset, member)| judge_member(&directory, offset, member, source, chunk, crypto))
        }
        // Reserved: no reader knows what it says.
        Kind::Trust => Err(Code::WrongKind.at(0)),
    }
}

fn sealed<B: Body>(
    source: &mut impl ReadAt,
    policy: &Policy<'_>,
    scratch: &mut [u8],
    crypto: &mut impl Crypto,
) -> Result<Verified<B>, Error> {
    let verified = verify_sealed::<B>(source, &policy.trust, policy.device, crypto)?;
    auxiliary(&verified, source, scratch, crypto)?;
    Ok(verified)
}

/// Judges digest and form of a verified artefact's auxiliary area, for which `scratch` has room.
///
/// # Errors
/// [`Code::AuxiliaryDigest`], [`Code::AuxiliaryForm`], [`Code::ReadFault`].
pub fn auxiliary<B: Body>(
    verified: &Verified<B>,
    source: &mut impl ReadAt,
    scratch: &mut [u8],
    crypto: &mut impl Crypto,
) -> Result<(), Error> {
    verified.auxiliary(source, crypto)?;
    let header = verified.header();
    let start = header.auxiliary_start();
    let area = read(source, start, header.envelope.auxiliary_size.get(), scratch)?;
    // What is parsed is what was hashed: the copy, should a second reading differ.
    if sha256(crypto, area) != header.envelope.auxiliary_digest {
        return Err(Code::AuxiliaryDigest.at(start));
    }
    Auxiliary::parse(area, header.envelope.payload_size.get(), start).map(|_| ())
}

fn no_room<B: Body>(verified: &Verified<B>) -> Error {
    Code::ReadFault.at(verified.header().payload_start())
}

fn read_payload<'a, B: Body>(
    verified: &Verified<B>,
    source: &mut impl ReadAt,
    scratch: &'a mut [u8],
    crypto: &mut impl Crypto,
) -> Result<&'a [u8], Error> {
    let header = verified.header();
    let payload = read(source, header.payload_start(), header.envelope.payload_size.get(), scratch)?;
    // The same for the payload.
    if sha256(crypto, payload) != header.envelope.payload_digest {
        return Err(Code::PayloadDigest.at(header.payload_start()));
    }
    Ok(payload)
}

fn read<'a>(source: &mut impl ReadAt, start: u32, size: u32, scratch: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let fault = Code::ReadFault.at(start);
    let part = scratch.get_mut(..index(size)).ok_or(fault)?;
    source.read_at(start, part).map_err(|_| fault)?;
    Ok(part)
}

/// Judges that a member is the one that the directory names, and its payload chunk by chunk. Whether it may run somewhere is
/// for [`verify`] to say, with the policy of its slot.
fn judge_member(
    directory: &Directory<'_>,
    offset: u32,
    member: &Member,
    source: &mut impl ReadAt,
    scratch: &mut [u8],
    crypto: &mut impl Crypto,
) -> Result<(), Error> {
    let in_file = |error: Error| Error { offset: error.offset.saturating_add(offset), ..error };
    let mut part = Part { source: &mut *source, offset, size: member.size.get() };
    let header = Header::<ImageBody>::read(&mut part).map_err(in_file)?;
    directory.judge_member(member, &header, crypto).map_err(in_file)?;
    let payload = header.unauthenticated().payload_start();
    let chunks = directory.chunks(member);
    for number in (0u32..).take(chunks.digests().len()) {
        let done = number.saturating_mul(chunks.size());
        let size = member.payload_size.get().saturating_sub(done).min(chunks.size());
        let start = payload.saturating_add(done);
        let bytes = read(&mut part, start, size, scratch).map_err(in_file)?;
        chunks.judge(number, bytes, crypto).map_err(|error| in_file(Error { offset: start, ..error }))?;
    }
    Ok(())
}

/// A member as a file of its own.
struct Part<'a, R> {
    source: &'a mut R,
    offset: u32,
    size: u32,
}

impl<R: ReadAt> ReadAt for Part<'_, R> {
    fn extent(&self) -> Extent {
        Extent::File(self.size)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let end = u32::try_from(buffer.len()).ok().and_then(|size| offset.checked_add(size)).ok_or(Fault)?;
        if end > self.size {
            return Err(Fault);
        }
        self.source.read_at(self.offset.checked_add(offset).ok_or(Fault)?, buffer)
    }
}
