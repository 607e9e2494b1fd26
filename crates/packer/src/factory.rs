//! The factory image: what a blank board is programmed with, boot loader and images at their addresses. It is put together here,
//! and taken apart.
//!
//! There is a HEX file of it, a DfuSe file and no BIN: from boot loader to image, a BIN would have to fill counter, settings and state
//! words with bytes, and a tool would program these. On flash with ECC a programmed erased value is not an erased one.

use std::ops::Range;

use manifest::memory::Access;
use manifest::plan::{Image, Placement, Plan};

use crate::carried::{self, CarriedError};
use crate::firmware::Segment;
use crate::loader::Loader;
use crate::placed::{Parts, Run, by_whole_sectors, runs};

/// What a blank board is programmed with.
#[derive(Clone, Debug)]
pub struct Factory<'a> {
    /// The boot loader.
    pub loader: &'a Loader<'a>,
    /// Images with the slot that each is put into: its first one.
    pub images: Vec<(&'a Image, &'a Placement)>,
    /// Images that are not in it: a programming tool needs another loader for their memory.
    pub left_out: Vec<&'a Image>,
    /// All bytes, by ascending address.
    pub runs: Vec<Run<'a>>,
}

/// Puts it together. `file` gives the sealed file of an image in a slot.
pub fn factory<'a>(
    plan: &'a Plan,
    loader: &'a Loader<'a>,
    file: impl Fn(&'a Image, &'a Placement) -> Option<Parts<'a>>,
) -> Factory<'a> {
    let run = |segment: &'a Segment<'a>| Run { address: segment.address, parts: vec![(&*segment.bytes).into()] };
    let mut all: Vec<Run<'a>> = loader.segments.iter().map(run).collect();
    let (mut images, mut left_out) = (Vec::new(), Vec::new());
    for image in &plan.images {
        let first = image.placements.first().filter(|placement| is_internal(plan, placement));
        match first.and_then(|placement| Some((placement, file(image, placement)?))) {
            Some((placement, bytes)) => {
                all.extend(runs(placement, bytes));
                images.push((image, placement));
            }
            None => left_out.push(image),
        }
    }
    all.sort_by_key(|run| run.address);
    Factory { loader, images, left_out, runs: all }
}

impl<'a> Factory<'a> {
    /// The bytes for DfuSe, whose tools erase and program element by element, in the file's order (dfu-util's dfuse.c does): each
    /// sector in one element, the images first, then the boot loader, and its first sector, where the core starts, behind all others.
    /// So what is cut off starts nothing, but for a cut within that sector.
    pub fn for_dfu(&self, plan: &Plan) -> Vec<Run<'a>> {
        let mut all = Vec::new();
        for (_, placement) in &self.images {
            let slot = plan.slot(&placement.slot.value);
            let is_own = |run: &&Run<'a>| slot.is_some_and(|slot| slot.extent.range.contains(&run.address));
            all.extend(by_whole_sectors(plan, placement, self.runs.iter().filter(is_own).cloned().collect()));
        }
        let slot = plan.boot.slot.as_ref().and_then(|slot| plan.slot(&slot.value));
        let erased = slot.and_then(|slot| slot.extent.region.erased.as_ref()).map_or(0xFF, |erased| erased.value);
        let start = self.loader.segments.first().map_or(0, |first| first.address);
        let mut first = self.loader.bytes(erased);
        let sector = slot.and_then(|slot| slot.extent.sectors.iter().find(|sector| sector.range().contains(&start)));
        let end = sector.map_or(u32::MAX, |sector| sector.range().end);
        let rest = first.split_off(first.len().min((end - start) as usize));
        let run = |address, bytes: Vec<u8>| Run { address, parts: vec![bytes.into()] };
        all.extend((!rest.is_empty()).then(|| run(end, rest)));
        all.push(run(start, first));
        all
    }
}

/// A factory image by the layout's slots. Nothing of it is judged.
#[derive(Clone, Debug)]
pub struct Opened<'a, 'p> {
    /// What goes into the boot loader's slot, by ascending address.
    pub loader: Vec<Segment<'a>>,
    /// What goes into each slot of an image.
    pub images: Vec<(&'p Image, &'p Placement, Vec<Segment<'a>>)>,
    /// Addresses of everything else.
    pub strays: Vec<Range<u32>>,
}

/// Takes a factory image apart: a file with addresses (HEX, DfuSe) that brings something into the boot loader's slot and into an
/// image's. `None` for any other file, and where there is no boot loader.
///
/// # Errors
/// A damaged file.
pub fn open<'a, 'p>(plan: &'p Plan, file: &'a [u8]) -> Option<Result<Opened<'a, 'p>, CarriedError>> {
    let slot = plan.slot(&plan.boot.slot.as_ref()?.value)?;
    let segments = match carried::on_part(&plan.device.part, file)? {
        Ok(segments) => segments,
        Err(error) => return Some(Err(error)),
    };
    let (loader, mut rest) = parted(segments, &slot.extent.range);
    let mut images = Vec::new();
    for slot in plan.slots.iter().filter(|slot| slot.extent.access == Access::Internal) {
        let all = plan.images.iter().flat_map(|image| image.placements.iter().map(move |placement| (image, placement)));
        let mut own = all.filter(|(_, placement)| placement.slot.value == slot.name.value);
        let Some((image, placement)) = own.next() else { continue };
        let (inside, outside) = parted(rest, &slot.extent.range);
        rest = outside;
        if !inside.is_empty() {
            images.push((image, placement, inside));
        }
    }
    if loader.is_empty() || images.is_empty() {
        return None;
    }
    let end = |segment: &Segment<'_>| u32::try_from(segment.end()).unwrap_or(u32::MAX);
    let strays = rest.iter().map(|segment| segment.address..end(segment)).collect();
    Some(Ok(Opened { loader, images, strays }))
}

/// What lies in a range, and what does not.
fn parted<'a>(segments: Vec<Segment<'a>>, range: &Range<u32>) -> (Vec<Segment<'a>>, Vec<Segment<'a>>) {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for segment in segments {
        let (start, end) = (u64::from(segment.address), segment.end());
        let cuts = [start, u64::from(range.start).clamp(start, end), u64::from(range.end).clamp(start, end), end];
        for (pair, is_inside) in cuts.windows(2).zip([false, true, false]) {
            let &[from, to] = pair else { continue };
            let bytes = &segment.bytes[(from - start) as usize..(to - start) as usize];
            let Ok(address) = u32::try_from(from) else { continue };
            if !bytes.is_empty() {
                let part = Segment { name: segment.name.clone(), address, bytes: bytes.to_vec().into() };
                if is_inside { inside.push(part) } else { outside.push(part) }
            }
        }
    }
    (inside, outside)
}

fn is_internal(plan: &Plan, placement: &Placement) -> bool {
    plan.slot(&placement.slot.value).is_some_and(|slot| slot.extent.access == Access::Internal)
}
