//! Linker scripts: where a program must lie to run from a slot.

use std::ops::Range;

use geometry::{Ram, numbered};
use manifest::plan::{ImageKind, Plan, Slot};

/// Why there is no linker script for a slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkerError {
    /// The manifest has no such slot.
    #[error("no slot `{slot}`; the slots are {}", known.join(", "))]
    UnknownSlot {
        /// What was asked for.
        slot: String,
        /// The manifest's slots.
        known: Vec<String>,
    },
    /// No image runs in it, and it is not the boot loader's.
    #[error("nothing runs in slot `{0}`: no image names it")]
    NothingRuns(String),
    /// Data lies in it.
    #[error("nothing runs in slot `{0}`: its image is data")]
    Data(String),
    /// The device database has no RAM for the part.
    #[error("the device database knows no RAM of {0}")]
    NoRam(String),
}

/// The `memory.x` of a slot, as cortex-m-rt's `link.x` includes it: FLASH is what the program may fill, RAM the largest
/// contiguous RAM of the part that no second core has a share of. `manifest` is the manifest's file name, for the comment.
///
/// # Errors
/// See [`LinkerError`].
pub fn memory_x(plan: &Plan, slot: &str, manifest: &str) -> Result<String, LinkerError> {
    let Some(place) = plan.slot(slot) else {
        let known = plan.slots.iter().map(|slot| slot.name.value.clone()).collect();
        return Err(LinkerError::UnknownSlot { slot: slot.to_owned(), known });
    };
    let code = code(plan, place)?;
    let part = &plan.device.part;
    let ram = largest_ram(part.own_ram()).ok_or_else(|| LinkerError::NoRam(part.name.clone()))?;
    let extent = &place.extent;
    let ram_names: Vec<&str> =
        part.own_ram().filter(|block| ram.contains(&block.base)).map(|block| block.name.as_str()).collect();
    Ok(format!(
        "/* Memory of slot `{slot}`, for cortex-m-rt. Made by `waxseal gen linker {manifest} --slot {slot}`:\n   \
         change the manifest, not this file.\n\n   \
         {part}, {mode}. Slot `{slot}`: {region}, {sectors}, 0x{start:08X} to 0x{end:08X}.\n   \
         FLASH: {flash}.\n   \
         RAM: {ram_names}. */\n\
         MEMORY\n{{\n  \
         FLASH : ORIGIN = 0x{origin:08X}, LENGTH = {length}\n  \
         RAM   : ORIGIN = 0x{ram_origin:08X}, LENGTH = {ram_length}\n}}\n",
        part = part.name,
        mode = mode(plan),
        region = extent.region.name,
        sectors = numbered("sector", extent.sectors.iter().map(|sector| sector.number)),
        start = extent.range.start,
        end = extent.range.end - 1,
        flash = code.why,
        ram_names = ram_names.join(", "),
        origin = code.range.start,
        length = code.range.end - code.range.start,
        ram_origin = ram.start,
        ram_length = ram.end - ram.start,
    ))
}

/// The addresses that a program may fill, and how they come about.
struct Code {
    range: Range<u32>,
    why: String,
}

fn code(plan: &Plan, slot: &Slot) -> Result<Code, LinkerError> {
    let name = &slot.name.value;
    if plan.boot.is_slot(name) {
        return Ok(Code { range: slot.extent.range.clone(), why: "the whole slot, which has no header".to_owned() });
    }
    let placements =
        plan.images.iter().flat_map(|image| image.placements.iter().map(move |placement| (image, placement)));
    let found = placements.into_iter().find(|(_, placement)| placement.slot.value == *name);
    let (image, placement) = found.ok_or_else(|| LinkerError::NothingRuns(name.clone()))?;
    if image.kind.value == ImageKind::Data {
        return Err(LinkerError::Data(name.clone()));
    }
    let header = placement.front_size;
    let why = if placement.front_address > placement.payload_address {
        format!("the slot without its header of {header} bytes at the end")
    } else {
        let state = slot.extent.range.end.saturating_sub(placement.payload_address + placement.capacity);
        format!("the slot without its header of {header} bytes in front and {state} bytes of state words at the end")
    };
    Ok(Code { range: placement.run_address..placement.run_address.saturating_add(placement.capacity), why })
}

/// `nDBANK=0 nDBOOT=1`: the options that select sector map and run addresses, as the manifest gives them.
pub fn mode(plan: &Plan) -> String {
    let device = &plan.device;
    let selects = |name: &str| device.part.option(name).is_some_and(|option| option.selects.is_some());
    let options = device.options.iter().filter(|option| selects(&option.name));
    let texts: Vec<String> = options.map(ToString::to_string).collect();
    if texts.is_empty() { device.mode.title.clone() } else { texts.join(" ") }
}

/// Neighbouring blocks taken together; the largest of those, the lowest of equals.
fn largest_ram<'a>(blocks: impl Iterator<Item = &'a Ram>) -> Option<Range<u32>> {
    let mut joined: Vec<Range<u32>> = Vec::new();
    for block in blocks {
        match joined.last_mut() {
            Some(last) if last.end == block.base => last.end = block.range().end,
            _ => joined.push(block.range()),
        }
    }
    joined.into_iter().rev().max_by_key(|range| range.end - range.start)
}
