//! What firmware must know of the layout: addresses, sizes, fingerprints, option bytes.

use geometry::SwapBit;
use image_format::layout::{GroupRegion, GroupView, MEMORY_OTP};
use manifest::map::{Exchanged, exchanged};
use manifest::memory::Access;
use manifest::plan::{AreaLog, Extent, Placement, Plan, Raise, Slot};

use super::{Section, Source, Value};
use crate::linker::mode;

/// The constants of a plan. `command` is what was typed, for the comment.
pub fn layout(plan: &Plan, command: &str) -> Source {
    let part = &plan.device.part.name;
    let mut sections = vec![device(plan), regions(plan)];
    for slot in &plan.slots {
        sections.push(self::slot(plan, slot));
    }
    for area in &plan.areas {
        let name = &area.name.value;
        let mut section = Section::new(format!("Area `{name}`."));
        extent(&mut section, &format!("AREA_{name}"), &area.extent);
        if let Some(log) = &area.log {
            state_log(&mut section, &format!("AREA_{name}_LOG"), log);
        }
        sections.push(section);
    }
    for image in &plan.images {
        let name = &image.name.value;
        let mut section = Section::new(format!("Image `{name}`."));
        let fingerprint = Value::Bytes(image.fingerprint.to_vec());
        section.add(format!("IMAGE_{name}_LAYOUT"), "Fingerprint of its slot group (SHA-256).", fingerprint);
        let group = Value::Bytes(image.group.clone());
        section.add(format!("IMAGE_{name}_GROUP"), "Its slot group, as a boot loader embeds it.", group);
        for (number, region) in (0..).zip(group_regions(plan, &image.group)) {
            if let Some(region) = region {
                let doc = "Number of this region in the slot group: what a flash driver is called with.";
                section.add(format!("IMAGE_{name}_REGION_{region}"), doc, Value::Number(number));
            }
        }
        if let Some(exchanged) = exchanged(plan, image) {
            exchange(&mut section, &format!("IMAGE_{name}"), &exchanged);
        }
        sections.push(section);
    }
    sections.push(update(plan));
    sections.push(options(plan));
    sections.retain(|section| !section.constants.is_empty());
    let mut about = vec![
        format!("Layout of {part}, {}. Made by `{command}`: change the manifest, not this file.", mode(plan)),
        "Addresses and sizes are in bytes; sectors carry the reference manual's numbers.".to_owned(),
    ];
    for exchanged in plan.images.iter().filter_map(|image| exchanged(plan, image)) {
        about.push(format!("Addresses are as after a reset (RUN: where both slots run); {exchanged}."));
        about.push(
            "A flash driver adds that: a region's number and an offset mean the same cells either way.".to_owned(),
        );
    }
    Source { subject: "layout", about, sections, code: String::new() }
}

/// The regions of a slot group by their names, in the group's order; `None` for one whose base several have.
fn group_regions<'a>(plan: &'a Plan, group: &[u8]) -> Vec<Option<&'a str>> {
    let named = |region: GroupRegion| {
        if region.memory == MEMORY_OTP {
            return Some("otp");
        }
        let mut found = plan.device.regions().filter(|(candidate, _)| candidate.base == region.base.get());
        found.next().filter(|_| found.next().is_none()).map(|(region, _)| region.name.as_str())
    };
    let group = GroupView::parse(group).map(|(group, _)| group);
    group.iter().flat_map(|group| group.regions()).map(|found| named(found.region)).collect()
}

/// What a boot loader exchanges banks with.
fn exchange(section: &mut Section, name: &str, exchanged: &Exchanged) {
    let SwapBit { name: bit, field } = &exchanged.bit;
    let doc = format!("Address of {}, whose {bit} exchanges the banks until the next reset.", field.register);
    section.add(format!("{name}_EXCHANGE_REGISTER"), doc, Value::Hex(field.address));
    let doc = format!(
        "{bit} in it. The code that sets it, and jumps then, lies in RAM; its peripheral has a clock; caches of flash are dropped."
    );
    section.add(format!("{name}_EXCHANGE_MASK"), doc, Value::Hex(field.mask()));
}

fn device(plan: &Plan) -> Section {
    let mut section = Section::new("Device.");
    let product = &plan.product;
    section.add("PART", "Order code.", Value::Text(plan.device.part.name.clone()));
    section.add("VENDOR_ID", "UUID of the vendor (RFC 9124).", Value::Bytes(product.vendor_id.to_vec()));
    section.add("CLASS_ID", "UUID of the product class (RFC 9124).", Value::Bytes(product.class_id.to_vec()));
    section
}

/// The regions that slots and areas lie in.
fn regions(plan: &Plan) -> Section {
    let mut section = Section::new("Regions.");
    let extents = plan.slots.iter().map(|slot| &slot.extent).chain(plan.areas.iter().map(|area| &area.extent));
    let used: Vec<&str> = extents.map(|extent| extent.region.name.as_str()).collect();
    for (region, access) in plan.device.regions().filter(|(region, _)| used.contains(&region.name.as_str())) {
        let name = format!("REGION_{}", region.name);
        // A memory that is read by commands has no address.
        if access != Access::Commands {
            section.add(format!("{name}_START"), "Address of its first byte.", Value::Hex(region.base));
        }
        section.add(format!("{name}_SIZE"), "Bytes.", Value::Hex(region.size()));
        if let Some(unit) = region.unit() {
            let doc = "Bytes that are programmed at once, at most once per erase where there is ECC.";
            section.add(format!("{name}_PROGRAM_UNIT"), doc, Value::Number(unit));
        }
    }
    section
}

fn slot(plan: &Plan, slot: &Slot) -> Section {
    let name = &slot.name.value;
    let mut section = Section::new(format!("Slot `{name}`."));
    extent(&mut section, &format!("SLOT_{name}"), &slot.extent);
    let placements = plan.images.iter().flat_map(|image| &image.placements);
    if let Some(placement) = placements.into_iter().find(|placement| placement.slot.value == *name) {
        self::placement(&mut section, &format!("SLOT_{name}"), slot.extent.access, placement);
    }
    section
}

fn extent(section: &mut Section, name: &str, extent: &Extent) {
    let (first, last) = extent.numbers();
    let (word, doc) = match extent.access {
        Access::Commands => ("OFFSET", "Offset of its first byte in the memory."),
        Access::Internal | Access::Mapped => ("START", "Address of its first byte."),
    };
    section.add(format!("{name}_{word}"), doc, Value::Hex(extent.range.start));
    section.add(format!("{name}_SIZE"), "Bytes.", Value::Hex(extent.size()));
    section.add(format!("{name}_FIRST_SECTOR"), "Number of its first sector.", Value::Number(first));
    section.add(format!("{name}_LAST_SECTOR"), "Number of its last sector.", Value::Number(last));
}

fn placement(section: &mut Section, name: &str, access: Access, placement: &Placement) {
    let (word, what) = match access {
        Access::Commands => ("_OFFSET", "Offset"),
        Access::Internal | Access::Mapped => ("", "Address"),
    };
    let front = format!("{what} of header, signatures and records.");
    section.add(format!("{name}_FRONT{word}"), front, Value::Hex(placement.front_address));
    section.add(format!("{name}_FRONT_SIZE"), "Bytes of these.", Value::Hex(placement.front_size));
    let payload = format!("{what} of the payload as it is stored.");
    section.add(format!("{name}_PAYLOAD{word}"), payload, Value::Hex(placement.payload_address));
    let capacity = "Bytes that payload and auxiliary area may take.";
    section.add(format!("{name}_CAPACITY"), capacity, Value::Hex(placement.capacity));
    if placement.run_address != 0 {
        section.add(format!("{name}_RUN"), "Address of the payload as it runs.", Value::Hex(placement.run_address));
    }
    if placement.state_size > 0 {
        section.add(format!("{name}_STATE"), "Address of the state words.", Value::Hex(placement.state_address));
        section.add(format!("{name}_STATE_SIZE"), "Bytes of these.", Value::Hex(placement.state_size));
    }
}

/// A log of states, which begins with the area.
fn state_log(section: &mut Section, name: &str, log: &AreaLog) {
    let size = u32::try_from(log.entry_size()).unwrap_or(u32::MAX);
    section.add(format!("{name}_ENTRIES"), "Entries of its log, one behind the other.", Value::Number(log.entries));
    section.add(format!("{name}_ENTRY_SIZE"), "Bytes of an entry.", Value::Number(size));
    for (number, state) in (0..).zip(&log.states) {
        let (doc, value) = match log.values.as_ref().map(|values| values.get(number as usize)) {
            None => {
                let doc =
                    format!("Offset in an entry of the program unit that is not erased once `{state}` is reached.");
                (doc, Value::Number(log.unit.saturating_mul(number)))
            }
            Some(word) => {
                (format!("An entry's word in state `{state}`."), Value::Hex(word.copied().unwrap_or_default()))
            }
        };
        section.add(format!("{name}_STATE_{state}"), doc, value);
    }
}

/// The boot loader's policy.
fn update(plan: &Plan) -> Section {
    let mut section = Section::new("Updates.");
    let update = &plan.update;
    section.add("UPDATE_TRIES", "Starts of an image that nobody confirmed.", Value::Number(update.tries.value.into()));
    let step = "By how much the security counter is raised at most, per confirmation.";
    section.add("UPDATE_LARGEST_COUNTER_STEP", step, Value::Number(update.largest_counter_step.value));
    // Where the manifest need not say, nothing can be shut out; a boot loader wants one of the two all the same.
    let is_strict = update.raise.as_ref().is_some_and(|raise| raise.value == Raise::Strict);
    let doc = "How far the security counter follows: 1 strict, 2 keep-fallback.";
    section.add("UPDATE_RAISE", doc, Value::Number(if is_strict { 1 } else { 2 }));
    section
}

fn options(plan: &Plan) -> Section {
    let mut section = Section::new("Option bytes of a board as it is shipped.");
    for option in &plan.option_bytes {
        section.add(format!("OPTION_{}", option.name), format!("{option}."), Value::Hex(option.value));
    }
    section
}
