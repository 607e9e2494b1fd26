//! The factory image: what a blank board is programmed with, boot loader and images at their addresses.
//!
//! There is a HEX file of it and no BIN: from boot loader to image, a BIN would have to fill counter, settings and state words
//! with bytes, and a tool would program these. On flash with ECC a programmed erased value is not an erased one.

use manifest::memory::Access;
use manifest::plan::{Image, Placement, Plan};

use crate::loader::Loader;
use crate::placed::{Parts, Run, runs};

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
    let run = |segment: &'a crate::Segment<'a>| Run { address: segment.address, parts: vec![(&*segment.bytes).into()] };
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

fn is_internal(plan: &Plan, placement: &Placement) -> bool {
    plan.slot(&placement.slot.value).is_some_and(|slot| slot.extent.access == Access::Internal)
}
