//! Devices with images that somebody sealed.

use image_format::trust::{Role, TrustSet};
use image_format::{
    Check, Device, Digest, Header, ImageBody, Memory, Place, Policy, SoftwareCrypto, VerifiedImage, sha256, verify,
};

use crate::bench::{Bench, BenchError, Images, parts};
use crate::run::id;

impl Bench {
    /// A device with images that somebody sealed, and the trust set that they are judged by. Companions that they name count as there: see
    /// [`Bench::with_sealed_companions`].
    ///
    /// # Errors
    /// What the group does not allow; an image that its boot loader would refuse: the old one in the first slot, the new one, if it is another, where
    /// the update goes.
    pub fn with_images(
        name: &str,
        layout: &[u8],
        tries: u8,
        device: Device,
        trust: Vec<u8>,
        images: Images,
    ) -> Result<Self, BenchError> {
        let mut bench = Self::empty(name, layout, tries)?;
        (bench.device, bench.trust) = (device, trust);
        let (first, second) = bench.run_addresses();
        let old = bench.judge("old", &images.old, first, Check::Waived)?;
        bench.counter = old.header().body.security_counter.get();
        bench.present = old.companions().to_vec();
        if images.new != images.old {
            let new = bench.judge("new", &images.new, second, Check::Require(bench.counter))?;
            bench.present.extend(new.companions());
        }
        if parts(&images.new).is_none() {
            return Err(BenchError::Refused("new", "it has no digests of its payload's chunks".to_owned()));
        }
        bench.images = images;
        Ok(bench)
    }

    /// The same device with the companions that its sealed images pin, each out of one of these files and in a slot group of its own: `groups` has
    /// their names and canonical bytes.
    ///
    /// # Errors
    /// [`BenchError::NoCompanion`], [`BenchError::Unpinned`], and those of [`Bench::with_companions`] and [`Bench::with_images`].
    pub fn with_sealed_companions(mut self, groups: &[(&str, &[u8])], files: &[Vec<u8>]) -> Result<Self, BenchError> {
        let (first, second) = self.run_addresses();
        let pins = |which, sealed: &[u8], address| -> Result<Vec<Digest>, BenchError> {
            Ok(self.judge(which, sealed, address, Check::Waived)?.companions().to_vec())
        };
        let (old, new) = (pins("old", &self.images.old, first)?, pins("new", &self.images.new, second)?);
        let is_pinned = |file: &[u8], pins: &[Digest]| id(file).is_some_and(|id| pins.contains(&id));
        if let Some(number) = files.iter().position(|file| !is_pinned(file, &old) && !is_pinned(file, &new)) {
            return Err(BenchError::Unpinned(number));
        }
        let mut companions = Vec::new();
        for (name, group) in groups {
            let fingerprint = sha256(&mut SoftwareCrypto, group);
            let find = |which, pins: &[Digest]| {
                let mut own = files.iter().filter(|file| is_for(file, &fingerprint));
                let found = own.find(|file| is_pinned(file, pins)).cloned();
                found.ok_or_else(|| BenchError::NoCompanion(which, (*name).to_owned()))
            };
            let images = Images { old: find("old", &old)?, new: find("new", &new)? };
            let bench = Self::with_images(name, group, self.tries, self.device, self.trust.clone(), images);
            companions.push(bench.map_err(|error| match error {
                BenchError::Refused(which, why) => BenchError::Refused(which, format!("its companion `{name}`: {why}")),
                error => error,
            })?);
        }
        self.present.clear();
        self.join(companions)?;
        Ok(self)
    }

    fn judge(
        &self,
        which: &'static str,
        sealed: &[u8],
        run_address: u32,
        counter: Check<u32>,
    ) -> Result<VerifiedImage, BenchError> {
        let group = self.group();
        let refused = |error: image_format::Error| {
            let (name, number) = (error.code.name(), error.code.number());
            let (high, low) = (run_address >> 16, run_address & 0xFFFF);
            BenchError::Refused(which, format!("{name} ({number}), where an image runs at 0x{high:04X}_{low:04X}"))
        };
        let trust = TrustSet::parse(&self.trust).and_then(|set| set.role(Role::Image, &mut SoftwareCrypto));
        let payload_offset = group.head().payload_offset.get();
        let place = Place { layout: group.fingerprint(&mut SoftwareCrypto), run_address, payload_offset };
        let policy = Policy {
            trust: trust.map_err(refused)?,
            device: Check::Require(self.device),
            revision: Check::Waived,
            place: Check::Require(place),
            counter,
        };
        let room = payload_offset + group.head().capacity.get();
        if sealed.len() > room as usize {
            return Err(BenchError::Payload(sealed.len() as u32, room));
        }
        verify(&mut Memory::file(sealed), &policy, &mut SoftwareCrypto).map_err(refused)
    }
}

/// Whether a file says that it is an image of a slot group.
fn is_for(file: &[u8], fingerprint: &Digest) -> bool {
    Header::<ImageBody>::read(&mut Memory::file(file))
        .is_ok_and(|header| header.unauthenticated().body.layout == *fingerprint)
}
