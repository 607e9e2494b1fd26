//! The digests of a build. Hashing is most of what it does: passes over the bytes run side by side, and what two ask for is hashed once.

use image_format::{Digest, sha256};

use crate::crypto::HostCrypto;
use crate::{chunks, parallel};

/// What is hashed of a payload before it is sealed.
#[derive(Debug)]
pub struct Hashes {
    /// Of the payload.
    pub payload: Digest,
    /// The auxiliary area, with those of its chunks.
    pub auxiliary: Vec<u8>,
    /// The size of the chunks in the auxiliary area, as a power of two.
    pub log2: Option<u8>,
    /// Of the release's chunks; none if there is no release.
    pub chunks: Vec<Digest>,
}

/// The digests of the inputs, and of payloads with the room that each leaves in its slot; with those of chunks of this size, if there is
/// a release.
pub fn hash(inputs: &[&[u8]], payloads: &[(&[u8], u32)], release: Option<u8>) -> (Vec<Digest>, Vec<Hashes>) {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let whole = |bytes| Pass { bytes, log2: None };
    let mut passes: Vec<Pass<'_>> = inputs.iter().map(|bytes| whole(bytes)).collect();
    for (bytes, room) in payloads {
        passes.push(whole(bytes));
        let sizes = [chunks::of_image(size(bytes), *room), release];
        passes.extend(sizes.into_iter().flatten().map(|log2| Pass { bytes, log2: Some(log2) }));
    }
    let mut digests = digests(&passes).into_iter();
    let mut next = || digests.next().unwrap_or_default();
    let inputs = inputs.iter().map(|_| next()[0]).collect();
    let hashes = payloads.iter().map(|(bytes, room)| {
        let payload = next()[0];
        let log2 = chunks::of_image(size(bytes), *room);
        let auxiliary = log2.map_or_else(Vec::new, |log2| chunks::auxiliary(log2, &next()));
        Hashes { payload, auxiliary, log2, chunks: release.map_or_else(Vec::new, |_| next()) }
    });
    (inputs, hashes.collect())
}

/// Something to hash: as a whole, or chunk by chunk.
#[derive(Clone, Copy, Debug)]
struct Pass<'a> {
    bytes: &'a [u8],
    /// Size of a chunk as a power of two. `None`: all is one.
    log2: Option<u8>,
}

impl Pass<'_> {
    fn digests(&self) -> Vec<Digest> {
        let sha256 = |bytes| sha256(&mut HostCrypto, bytes);
        match self.log2 {
            Some(log2) => self.bytes.chunks(1 << log2).map(sha256).collect(),
            None => vec![sha256(self.bytes)],
        }
    }
}

/// The digests of each pass, in the order of the passes. One that is asked for twice runs once.
fn digests(passes: &[Pass<'_>]) -> Vec<Vec<Digest>> {
    let same = |one: &Pass<'_>, other: &Pass<'_>| std::ptr::eq(one.bytes, other.bytes) && one.log2 == other.log2;
    let mut different: Vec<Pass<'_>> = Vec::new();
    let places: Vec<usize> = passes
        .iter()
        .map(|pass| {
            let known = different.iter().position(|earlier| same(earlier, pass));
            known.unwrap_or_else(|| {
                different.push(*pass);
                different.len() - 1
            })
        })
        .collect();
    let digests = parallel::map(&different, Pass::digests);
    places.into_iter().map(|place| digests[place].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_has_its_digests_also_when_it_runs_once_for_two() {
        let (one, other) = (vec![7; 10_000], vec![8; 10_000]);
        let pass = |bytes, log2| Pass { bytes, log2 };
        let whole = pass(&one[..], None);
        let found = digests(&[whole, pass(&one, Some(12)), pass(&other, None), whole, pass(&one[1..], None)]);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 3, 1, 1, 1]);
        assert_eq!(found[0], found[3]);
        assert_eq!(found[0], [sha256(&mut HostCrypto, &one)]);
        assert_eq!(found[1][2], sha256(&mut HostCrypto, &one[8192..]));
        assert!(found[0] != found[2] && found[0] != found[4]);
    }
}
