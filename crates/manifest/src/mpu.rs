//! Regions of the core's memory protection unit, Armv7-M: a power of two in size, aligned to it, in eight parts of which each
//! can be left out (Armv7-M Architecture Reference Manual, MPU_RASR: SIZE and SRD).

use std::ops::Range;

/// Parts of a region.
const PARTS: u64 = 8;
/// The smallest region that has parts, in bytes.
const SMALLEST: u64 = 256;

/// A region that covers a range and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its first address.
    pub base: u32,
    /// Bytes, a power of two; 4 GiB is more than any range here needs.
    pub size: u32,
    /// A bit for each eighth that is left out, lowest first: the field SRD.
    pub left_out: u8,
}

/// Cores whose regions are powers of two; newer ones have regions of any whole 32 bytes.
const ARMV7M: [&str; 4] = ["cm7", "cm4", "cm3", "cm0p"];

/// Whether this is how a core's regions are. A Cortex-M0+ has the same ones (Armv6-M).
pub fn is_armv7m(core: &str) -> bool {
    ARMV7M.contains(&core)
}

/// The region that covers a range and nothing else; `None` if one is not enough.
pub fn region(range: &Range<u32>) -> Option<Region> {
    let (base, size) = around(range);
    let part = size / PARTS;
    let (start, end) = (u64::from(range.start), u64::from(range.end));
    if !start.is_multiple_of(part) || !end.is_multiple_of(part) {
        return None;
    }
    let inside = |index: &u64| (start..end).contains(&(base + index * part));
    let left_out = (0..PARTS).filter(|index| !inside(index)).fold(0, |bits, index| bits | 1 << index);
    Some(Region { base: base.try_into().ok()?, size: size.try_into().ok()?, left_out })
}

/// The smallest range around one that a region covers.
pub fn enlarged(range: &Range<u32>) -> Option<Range<u32>> {
    let part = around(range).1 / PARTS;
    let start = u64::from(range.start) / part * part;
    let end = u64::from(range.end).next_multiple_of(part);
    Some(start.try_into().ok()?..end.try_into().ok()?)
}

/// Base and size of the smallest aligned power of two that a range lies in.
fn around(range: &Range<u32>) -> (u64, u64) {
    let (start, last) = (u64::from(range.start), u64::from(range.end.saturating_sub(1)));
    let mut size = SMALLEST;
    while start / size != last / size {
        size *= 2;
    }
    (start / size * size, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: u32 = 1024 * 1024;

    #[test]
    fn powers_of_two_and_eighths() {
        let nor = 0x6000_0000;
        assert_eq!(region(&(nor..nor + 4 * M)), Some(Region { base: nor, size: 4 * M, left_out: 0 }));
        // The lower three of four megabytes.
        assert_eq!(region(&(nor..nor + 3 * M)), Some(Region { base: nor, size: 4 * M, left_out: 0b1100_0000 }));
        // 1M to 4M of 4M: the two lowest eighths are left out.
        assert_eq!(region(&(nor + M..nor + 4 * M)), Some(Region { base: nor, size: 4 * M, left_out: 0b0000_0011 }));
        // 6M to 11M lie in 16M, whose eighths have 2M.
        assert_eq!(region(&(nor + 6 * M..nor + 11 * M)), None);
        assert_eq!(enlarged(&(nor + 6 * M..nor + 11 * M)), Some(nor + 6 * M..nor + 12 * M));
    }

    /// Every range of whole 64ths of 4K, against a search of all regions.
    #[test]
    fn no_region_is_missed() {
        let part = 64;
        let fits = |range: &Range<u32>, size: u32| {
            let base = range.start / size * size;
            range.end <= base + size && range.start.is_multiple_of(size / 8) && range.end.is_multiple_of(size / 8)
        };
        for start in 0..64_u32 {
            for end in start + 1..=64 {
                let range = start * part..end * part;
                let any = (8..=12).any(|power| fits(&range, 1 << power));
                assert_eq!(region(&range).is_some(), any, "{range:?}");
            }
        }
    }
}
