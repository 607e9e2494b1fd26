//! A sealed image as a programming tool writes it: which bytes go to which addresses.

use std::borrow::Cow;

use geometry::sort::sort_by_key;
use manifest::plan::{Placement, Plan};

/// Bytes, and the address of the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Where the first byte is programmed: never an alias.
    pub address: u32,
    /// The bytes; never empty.
    pub bytes: Cow<'a, [u8]>,
}

impl Piece<'_> {
    /// One past the address of the last byte.
    pub fn end(&self) -> u32 {
        self.address.saturating_add(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }
}

/// Bytes at neighbouring addresses, in the parts in which they lie in memory: header, payload and auxiliary area are not copied
/// only to lie side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run<'a> {
    /// Where the first byte is programmed: never an alias.
    pub address: u32,
    /// The bytes; never empty.
    pub parts: Vec<Cow<'a, [u8]>>,
}

impl Run<'_> {
    /// How many bytes it has.
    pub fn size(&self) -> u32 {
        let size = self.parts.iter().map(|part| part.len()).sum::<usize>();
        u32::try_from(size).unwrap_or(u32::MAX)
    }

    /// One past the address of the last byte.
    pub fn end(&self) -> u32 {
        self.address.saturating_add(self.size())
    }
}

impl<'a> From<Run<'a>> for Piece<'a> {
    fn from(run: Run<'a>) -> Self {
        let mut parts = run.parts;
        let bytes = if parts.len() == 1 { parts.swap_remove(0) } else { Cow::Owned(parts.concat()) };
        Self { address: run.address, bytes }
    }
}

/// A sealed image's file: front area, payload and auxiliary area. What was read from a file may be the first of them as a whole.
pub type Parts<'a> = [&'a [u8]; 3];

/// A sealed image's file in one of its slots, lowest address first: one piece where header and payload follow one another, else
/// two.
pub fn pieces<'a>(placement: &Placement, file: &'a [u8]) -> Vec<Piece<'a>> {
    runs(placement, [file, &[], &[]]).into_iter().map(Piece::from).collect()
}

/// The same, of a file in parts.
pub fn runs<'a>(placement: &Placement, file: Parts<'a>) -> Vec<Run<'a>> {
    let run = |address, parts: Vec<&'a [u8]>| {
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(Cow::Borrowed).collect();
        (!parts.is_empty()).then_some(Run { address, parts })
    };
    let [first, payload, auxiliary] = file;
    if placement.front_address.checked_add(placement.front_size) == Some(placement.payload_address) {
        return run(placement.front_address, file.to_vec()).into_iter().collect();
    }
    let (front, rest) = first.split_at(first.len().min(placement.front_size as usize));
    let behind = run(placement.payload_address, vec![rest, payload, auxiliary]);
    let mut runs: Vec<_> = behind.into_iter().chain(run(placement.front_address, vec![front])).collect();
    sort_by_key(&mut runs, |run| run.address);
    runs
}

/// The same where no two runs share a sector of the slot: a tool that erases for each one would erase the first one again.
/// The gap between such runs holds the erased value. Only a header at the slot's end stands apart, where there is no state log:
/// nothing is to be programmed into the gap before the next erase, which on flash with ECC would fail.
pub fn by_whole_sectors<'a>(plan: &Plan, placement: &Placement, runs: Vec<Run<'a>>) -> Vec<Run<'a>> {
    let Some(slot) = plan.slot(&placement.slot.value) else { return runs };
    let erased = slot.extent.region.erased.as_ref().map_or(0xFF, |erased| erased.value);
    let sector = |address: u32| slot.extent.sectors.iter().position(|sector| sector.range().contains(&address));
    let mut joined: Vec<Run<'a>> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last) if sector(last.end() - 1) == sector(run.address) => {
                let gap = run.address.saturating_sub(last.end());
                last.parts.push(Cow::Owned(vec![erased; gap as usize]));
                last.parts.extend(run.parts);
            }
            _ => joined.push(run),
        }
    }
    joined
}
