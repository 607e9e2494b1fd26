//! What a build makes, before it is written.

use std::borrow::Cow;

use image_format::{Digest, Entry};
use manifest::plan::{Image, Placement};

use crate::Format;
use crate::placed::Parts;
use crate::signing::Signatures;

/// A sealed image for one slot, judged as the boot loader will; but for signatures that are still missing.
#[derive(Clone, Debug)]
pub struct Artefact<'a> {
    /// The image.
    pub image: String,
    /// The slot.
    pub slot: String,
    /// What the user called its input.
    pub input: String,
    /// Name of its file: `app.a.bin`.
    pub file_name: String,
    /// The file's front area. Payload and auxiliary area follow it.
    pub front: Vec<u8>,
    /// The payload: the input's own bytes, where it has them side by side.
    pub payload: Cow<'a, [u8]>,
    /// The auxiliary area.
    pub auxiliary: Vec<u8>,
    /// Its id: SHA-256 of the signed header.
    pub id: Digest,
    /// SHA-256 of the payload.
    pub payload_digest: Digest,
    /// Size of the payload in bytes.
    pub payload_size: u32,
    /// Size of a chunk whose digests the auxiliary area has; `None`: the slot had no room for them.
    pub chunk_size: Option<u32>,
    /// Where the payload is stored.
    pub payload_address: u32,
    /// How the input came.
    pub format: Format,
    /// Where the payload runs.
    pub run_address: u32,
    /// Bytes that filled gaps between segments.
    pub filled: u32,
    /// Erased bytes at the end of a BIN: see [`Payload::padding`](crate::payload::Payload::padding).
    pub padding: u32,
    /// Where the core starts. `None`: it does not start data.
    pub entry: Option<Entry>,
    /// Ids of the images that it pins, in the order of `companions`.
    pub companions: Vec<Digest>,
    /// Who signed, and who is to.
    pub signatures: Signatures,
}

impl Artefact<'_> {
    /// The file.
    pub fn parts(&self) -> Parts<'_> {
        [&self.front, &self.payload, &self.auxiliary]
    }

    /// Bytes of the file.
    pub fn size(&self) -> usize {
        self.parts().iter().map(|part| part.len()).sum()
    }
}

/// A sealed layout or release.
#[derive(Clone, Debug)]
pub struct SealedFile {
    /// Name of its file.
    pub file_name: String,
    /// The file; of a release, what its members follow: see [`Built::release_parts`].
    pub bytes: Vec<u8>,
    /// SHA-256 of the signed header.
    pub id: Digest,
    /// Who signed, and who is to.
    pub signatures: Signatures,
}

/// Everything that is sealed of a plan.
#[derive(Clone, Debug)]
pub struct Built<'a> {
    /// The images, in the plan's order.
    pub images: Vec<Artefact<'a>>,
    /// The slot groups. `None`: nothing says who signs layouts.
    pub layout: Option<SealedFile>,
    /// The images that go together, in one file. `None`: nothing says who signs releases.
    pub release: Option<SealedFile>,
    /// The images in the release, in its order, by their place in `images`.
    pub members: Vec<usize>,
    /// SHA-256 of each input, in the order in which they were given.
    pub inputs: Vec<Digest>,
}

impl<'a> Built<'a> {
    /// Who signed what, and who is to.
    pub fn signatures(&self) -> impl Iterator<Item = &Signatures> {
        let images = self.images.iter().map(|artefact| &artefact.signatures);
        images.chain([&self.layout, &self.release].into_iter().flatten().map(|file| &file.signatures))
    }

    /// Whether signatures are still missing: until then no board accepts it.
    pub fn is_waiting(&self) -> bool {
        self.signatures().any(|signatures| signatures.missing > 0)
    }

    /// The release's file, if there is one: the signed directory, then the images.
    pub fn release_parts(&self) -> Vec<&[u8]> {
        let Some(release) = &self.release else { return Vec::new() };
        let members = self.members.iter().filter_map(|index| self.images.get(*index));
        [&release.bytes[..]].into_iter().chain(members.flat_map(Artefact::parts)).collect()
    }

    /// The artefact for a slot. What runs at one address wherever it is stored is one artefact for all of its slots.
    pub fn image(&self, image: &Image, placement: &Placement) -> Option<&Artefact<'a>> {
        let (name, slot) = (&image.name.value, &placement.slot.value);
        let of_image = || self.images.iter().filter(|artefact| artefact.image == *name);
        let same_address = || of_image().find(|artefact| artefact.run_address == placement.run_address);
        of_image().find(|artefact| artefact.slot == *slot).or_else(same_address)
    }
}
