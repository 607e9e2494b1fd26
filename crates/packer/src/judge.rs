//! The boot decision's inputs out of a plan, so that the host judges by what the boot loader has.

use image_format::{
    Check, Crypto, Device, Error, Extent, Fault, Kind, Memory, Place, Policy, ReadAt, Revision, Trust, VerifiedImage,
};
use manifest::plan::{Image, Placement, Plan};

use crate::PublicKey;
use crate::crypto::HostCrypto;

/// Everything that a boot loader knows when it judges an image, and what was waived by name.
#[derive(Clone, Debug)]
pub struct Judge {
    /// Whose signatures count.
    pub keys: Vec<[u8; 32]>,
    /// How many of them must have signed.
    pub threshold: u8,
    /// What the device is.
    pub device: Check<Device>,
    /// Which hardware revision the board has.
    pub revision: Check<Revision>,
    /// Where the image is to run.
    pub place: Check<Place>,
    /// The lowest security counter that is accepted.
    pub counter: Check<u32>,
}

impl Judge {
    /// The judge who asks for so many signatures of these keys, and for nothing else.
    pub fn of_signers(keys: &[PublicKey], threshold: u8) -> Self {
        Self {
            keys: keys.iter().map(|key| *key.bytes()).collect(),
            threshold,
            device: Check::Waived,
            revision: Check::Waived,
            place: Check::Waived,
            counter: Check::Waived,
        }
    }

    /// The judge of one image in one slot of a plan, by so many of these keys. The hardware revision is a board's, not a
    /// plan's: waived here.
    pub fn of(plan: &Plan, image: &Image, placement: &Placement, keys: &[PublicKey], threshold: u8) -> Self {
        let place = Place {
            layout: image.fingerprint,
            run_address: placement.run_address,
            payload_offset: placement.payload_offset(),
        };
        let counter = Check::Require(image.security_counter.value);
        Self { place: Check::Require(place), counter, ..Self::of_role(plan, keys, threshold) }
    }

    /// The judge of what is made for all of a plan's devices, layouts and releases, by so many of these keys.
    pub fn of_role(plan: &Plan, keys: &[PublicKey], threshold: u8) -> Self {
        Self { device: Check::Require(plan.product.device()), ..Self::of_signers(keys, threshold) }
    }

    /// Judges a file: the function that the boot loader calls, then the auxiliary area, which only hosts read.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn judge(&self, file: &[u8]) -> Result<VerifiedImage, Error> {
        self.judge_source(&mut Memory::file(file))
    }

    /// Judges any source.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn judge_source(&self, source: &mut impl ReadAt) -> Result<VerifiedImage, Error> {
        self.judge_source_by(source, &mut HostCrypto)
    }

    /// The same by other cryptography.
    pub(crate) fn judge_source_by(
        &self,
        source: &mut impl ReadAt,
        crypto: &mut impl Crypto,
    ) -> Result<VerifiedImage, Error> {
        let verified = image_format::verify(source, &self.policy()?, crypto)?;
        let mut scratch = vec![0; verified.header().envelope.auxiliary_size.get() as usize];
        image_format::whole::auxiliary(&verified, source, &mut scratch, crypto)?;
        Ok(verified)
    }

    /// Judges the whole of a file or slot that must be of this kind, with what its payload and auxiliary area say.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn judge_whole(&self, kind: Kind, source: &mut impl ReadAt) -> Result<(), Error> {
        self.judge_whole_by(kind, source, &mut HostCrypto)
    }

    /// The same by other cryptography.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn judge_whole_by(&self, kind: Kind, source: &mut impl ReadAt, crypto: &mut impl Crypto) -> Result<(), Error> {
        let (Extent::File(size) | Extent::Slot(size)) = source.extent();
        let policy = self.policy()?;
        // A file's size is what was read already; a slot's room is the layout's.
        image_format::whole::judge(kind, source, &policy, &mut vec![0; size as usize], crypto)
    }

    fn policy(&self) -> Result<Policy<'_>, Error> {
        Ok(Policy {
            trust: Trust::new(&self.keys, self.threshold, &mut HostCrypto)?,
            device: self.device,
            revision: self.revision,
            place: self.place,
            counter: self.counter,
        })
    }
}

/// A file that lies in memory in parts.
#[derive(Clone, Copy, Debug)]
pub struct Scattered<'a>(pub &'a [&'a [u8]]);

impl ReadAt for Scattered<'_> {
    fn extent(&self) -> Extent {
        let size: usize = self.0.iter().map(|part| part.len()).sum();
        Extent::File(u32::try_from(size).unwrap_or(u32::MAX))
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let mut skip = offset as usize;
        let mut rest = buffer;
        for part in self.0 {
            let (skipped, part) = part.split_at(part.len().min(skip));
            skip -= skipped.len();
            let (to, after) = rest.split_at_mut(part.len().min(rest.len()));
            to.copy_from_slice(&part[..to.len()]);
            rest = after;
        }
        if rest.is_empty() && skip == 0 { Ok(()) } else { Err(Fault) }
    }
}

#[cfg(test)]
mod tests {
    use image_format::{Memory, ReadAt as _};

    use super::Scattered;

    #[test]
    fn a_file_in_parts_reads_like_a_file() {
        let bytes: Vec<u8> = (0..=20).collect();
        let parts = [&bytes[..1], &bytes[1..1], &bytes[1..8], &bytes[8..], &[]];
        let (mut whole, mut parts) = (Memory::file(&bytes), Scattered(&parts));
        assert_eq!(whole.extent(), parts.extent());
        for offset in 0..24 {
            for size in 0..24 {
                let (mut one, mut other) = (vec![0; size], vec![0; size]);
                let read = whole.read_at(offset, &mut one);
                assert_eq!(parts.read_at(offset, &mut other), read, "{size} at {offset}");
                assert!(read.is_err() || one == other, "{size} at {offset}");
            }
        }
    }
}
