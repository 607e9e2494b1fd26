//! The vectors as a table in memory, and the judgement over it: the same on the host and on a Cortex-M7 under QEMU.
#![no_std]

use image_format::{
    Check, Crypto, Device, Error, Kind, Memory, Place, Policy, Revision, Trust, VerifiedImage, verify, whole,
};

#[cfg(feature = "qemu")]
pub mod any;
#[cfg(feature = "qemu")]
pub mod device;
pub mod fields;
#[cfg(feature = "qemu")]
pub mod machine;
pub mod mutation;
pub mod otp;

include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// The code of a refusal and the offset that it names. (0, 0) is acceptance.
pub type Verdict = (u16, u32);

/// Bytes as they lie in a slot, which starts with a sector: `include_bytes!` alone would put them at odd addresses, where
/// copying takes longer.
#[repr(C, align(4))]
struct Aligned<T>(T);

/// Room for a vector's payload, or for the directory of a release and one of its chunks, in bytes.
pub const SCRATCH: usize = 6 * 1024;

/// One vector: an artefact, the reader's side of the judgement, and what it must come to.
pub struct Case {
    /// Its name in the index.
    pub name: &'static str,
    /// What it is judged as.
    pub kind: Kind,
    /// The artefact's bytes.
    pub image: &'static [u8],
    /// The room in bytes of the slot that holds them; `None`: they are a file.
    pub slot: Option<u32>,
    /// A read that touches this offset fails.
    pub fault: Option<u32>,
    /// The trusted Ed25519 keys.
    pub keys: &'static [[u8; 32]],
    /// How many of them must have signed.
    pub threshold: u8,
    /// What the device is.
    pub device: Check<Device>,
    /// The board's hardware revision.
    pub revision: Check<Revision>,
    /// Where the image is to run.
    pub place: Check<Place>,
    /// The lowest security counter that is accepted.
    pub counter: Check<u32>,
    /// What judging it must give.
    pub verdict: Verdict,
}

impl Case {
    /// A fresh reader of the artefact.
    pub fn source(&self) -> Memory<'static> {
        let memory = self.slot.map_or_else(|| Memory::file(self.image), |room| Memory::slot(self.image, room));
        self.fault.map_or(memory, |offset| memory.unreadable_at(offset))
    }

    /// The boot loader's decision about an image.
    ///
    /// # Errors
    /// The first rule that the image breaks.
    pub fn boot(&self, crypto: &mut impl Crypto) -> Result<VerifiedImage, Error> {
        verify(&mut self.source(), &self.policy(crypto)?, crypto)
    }

    /// The host's decision: the boot loader's, then what hosts read besides.
    pub fn judge(&self, crypto: &mut impl Crypto) -> Verdict {
        let mut scratch = [0; SCRATCH];
        let whole = self.policy(crypto);
        let whole = whole.and_then(|policy| whole::judge(self.kind, &mut self.source(), &policy, &mut scratch, crypto));
        whole.map_or_else(|error| (error.code.number(), error.offset), |()| (0, 0))
    }

    fn policy(&self, crypto: &mut impl Crypto) -> Result<Policy<'static>, Error> {
        let trust = Trust::new(self.keys, self.threshold, crypto)?;
        Ok(Policy { trust, device: self.device, revision: self.revision, place: self.place, counter: self.counter })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use image_format::{Code, SoftwareCrypto};

    use super::CASES;

    #[test]
    fn each_vector_is_judged_as_the_index_says() {
        let judged = CASES.iter().map(|case| (case.name, case.judge(&mut SoftwareCrypto))).collect::<Vec<_>>();
        let index = CASES.iter().map(|case| (case.name, case.verdict)).collect::<Vec<_>>();
        assert_eq!(judged, index);
    }

    #[test]
    fn each_code_has_a_vector() {
        let without = Code::ALL.iter().filter(|code| CASES.iter().all(|case| case.verdict.0 != code.number()));
        let names = without.map(|code| code.name()).collect::<Vec<_>>();
        assert!(names.is_empty(), "no vector gives {names:?}");
    }
}
