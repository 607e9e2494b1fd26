//! Digests of chunks: in an image's auxiliary area, for whoever fetches or compares it in pieces, and in a release's directory.

use image_format::auxiliary::{AuxiliaryHead, CHUNKS};
use image_format::{Digest, chunk_count};
use zerocopy::IntoBytes as _;

/// Chunk sizes that the format knows, as powers of two: 4 KiB to 1 MiB.
const SIZES: std::ops::RangeInclusive<u8> = 12..=20;
/// Most digests of a release's directory while a larger chunk is to be had: 8 KiB, which a device can hold in RAM while the
/// release arrives.
const DIRECTORY: u32 = 256;

/// The size of the chunks whose digests fit into an auxiliary area of `room` bytes, as a power of two: the smallest. `None` where not
/// even the largest fit: an image that fits its slot is never refused for what boot does not read.
pub fn of_image(payload_size: u32, room: u32) -> Option<u8> {
    SIZES.into_iter().find(|log2| item_size(payload_size, *log2) <= room.into())
}

/// The auxiliary area with the digests of chunks of this size.
pub fn auxiliary(log2: u8, digests: &[Digest]) -> Vec<u8> {
    let value = [u32::from(log2).to_le_bytes().as_slice(), digests.as_bytes()].concat();
    let head = AuxiliaryHead { kind: CHUNKS.into(), reserved: [0; 2], size: (value.len() as u32).into() };
    [head.as_bytes(), &value].concat()
}

fn item_size(payload: u32, log2: u8) -> u64 {
    let head = size_of::<AuxiliaryHead>() + size_of::<u32>();
    head as u64 + u64::from(chunk_count(payload, log2)) * size_of::<Digest>() as u64
}

/// The size of a release's chunks as a power of two: the smallest for which its directory stays short.
pub fn of_release(payloads: impl Iterator<Item = u32> + Clone) -> u8 {
    let count = |log2: u8| payloads.clone().map(|size| chunk_count(size, log2)).fold(0, u32::saturating_add);
    SIZES.into_iter().find(|log2| count(*log2) <= DIRECTORY).unwrap_or(*SIZES.end())
}

#[cfg(test)]
// A test that cannot prepare its inputs has failed.
#[allow(clippy::unwrap_used)]
mod tests {
    use image_format::auxiliary::Auxiliary;

    use super::*;

    #[test]
    fn chunks_are_as_small_as_the_room_allows() {
        let payload = vec![7; 10_000];
        // Head, size and three digests; the same with one digest; none.
        for (room, size, log2) in [(108, 108, Some(12)), (107, 76, Some(13)), (75, 44, Some(14)), (43, 0, None)] {
            assert_eq!(of_image(10_000, room), log2, "room for {room}");
            let Some(log2) = log2 else { continue };
            let digests = vec![[0; 32]; payload.len().div_ceil(1 << log2)];
            let area = auxiliary(log2, &digests);
            assert_eq!(area.len(), size, "room for {room}");
            assert_eq!(Auxiliary::parse(&area, 10_000, 0).unwrap().chunks.unwrap().size(), 1 << log2);
        }
    }

    #[test]
    fn a_directory_stays_short_as_long_as_it_can() {
        let megabyte = 1 << 20;
        for (sizes, log2) in [(vec![1], 12), (vec![megabyte], 12), (vec![megabyte, 1], 13), (vec![u32::MAX], 20)] {
            assert_eq!(of_release(sizes.iter().copied()), log2, "{sizes:?}");
        }
    }
}
