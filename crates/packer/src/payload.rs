//! Firmware's segments as one payload for one slot, and whether the core can start it there.

use std::ops::Range;

use geometry::address;
use image_format::Entry;
use manifest::codes::{self, Code};
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Image, Placement, Plan};
use manifest::rules;
use manifest::source::Span;

use crate::elf::Segment;

/// One image's bytes from its run address on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The bytes; gaps hold the erased value.
    pub bytes: Vec<u8>,
    /// Gaps between segments that were filled: offsets in the payload.
    pub gaps: Vec<Range<u32>>,
}

/// What is being packed: everything a diagnostic about it needs.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The image.
    pub image: &'a Image,
    /// The slot that it is for.
    pub placement: &'a Placement,
    /// What the user called the input.
    pub input: &'a str,
}

impl Subject<'_> {
    /// Where the manifest names the input; where it names the slot if the command line brought the input.
    pub fn span(&self) -> Span {
        self.placement.input.as_ref().unwrap_or(&self.placement.slot).span
    }

    fn error(&self, code: Code, title: String, label: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, title).at(self.span(), label)
    }

    fn erased(&self) -> u8 {
        self.plan
            .slot(&self.placement.slot.value)
            .and_then(|slot| Some(slot.extent.region.erased.as_ref()?.value))
            .unwrap_or(0xFF)
    }
}

/// Data as the payload of its slot: all of the file, whatever it is.
///
/// # Errors
/// A file that is empty, or that does not fit.
pub fn as_it_is(subject: &Subject<'_>, bytes: &[u8]) -> Result<Payload, Vec<Diagnostic>> {
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    if size == 0 {
        return Err(vec![subject.error(codes::INPUT, format!("`{}` is empty", subject.input), "0 bytes")]);
    }
    if size > subject.placement.capacity {
        return Err(vec![rules::payload_too_large(subject.plan, subject.placement, subject.input, size)]);
    }
    Ok(Payload { bytes: bytes.to_vec(), gaps: Vec::new() })
}

/// Lays the segments of firmware out as the payload of its slot.
///
/// # Errors
/// Segments at another place than the slot's, that overlap, or that do not fit; a vector table that cannot start.
pub fn lay_out(subject: &Subject<'_>, segments: &[Segment<'_>]) -> Result<Payload, Vec<Diagnostic>> {
    let start = subject.placement.run_address;
    let end = start.saturating_add(subject.placement.capacity);
    let segments = &to_run_addresses(subject, segments);
    if !segments.iter().any(|segment| segment.address == start) {
        let Subject { plan, image, placement, input } = *subject;
        let mode = &plan.device.mode;
        let in_flash = |segment: &&Segment<'_>| mode.region_at(plan.device.part.canonical(segment.address)).is_some();
        return Err(vec![match segments.iter().find(in_flash) {
            Some(first) => rules::link_address(plan, image, placement, input, first.address),
            None => stray(subject, segments.first(), start..end),
        }]);
    }
    let problems = misplaced(subject, segments, start..end);
    if !problems.is_empty() {
        return Err(problems);
    }
    let payload = join(segments, start, subject.erased());
    let problems = entry_problems(subject, &payload.bytes);
    if problems.is_empty() { Ok(payload) } else { Err(problems) }
}

/// The segments at the addresses that they run at: of a slot that runs at an alias, what loads to the real addresses is the
/// same flash.
fn to_run_addresses<'a>(subject: &Subject<'_>, segments: &[Segment<'a>]) -> Vec<Segment<'a>> {
    let Subject { plan, placement, .. } = *subject;
    let alias = plan.slot(&placement.slot.value).is_some_and(|slot| slot.run_alias.is_some());
    let stored = placement.payload_address..placement.payload_address.saturating_add(placement.capacity);
    let moved = |segment: &Segment<'a>| {
        let mut segment = segment.clone();
        if alias && stored.contains(&segment.address) {
            segment.address = segment.address - stored.start + placement.run_address;
        }
        segment
    };
    segments.iter().map(moved).collect()
}

/// Segments outside the slot, too long for it, or over one another.
fn misplaced(subject: &Subject<'_>, segments: &[Segment<'_>], slot: Range<u32>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut reached = slot.start;
    let mut previous = "";
    for segment in segments {
        let size = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
        let end = segment.address.saturating_add(size);
        if !slot.contains(&segment.address) {
            problems.push(stray(subject, Some(segment), slot.clone()));
        } else if end > slot.end {
            let needed = (segment.address - slot.start).saturating_add(size);
            problems.push(rules::payload_too_large(subject.plan, subject.placement, subject.input, needed));
        } else if segment.address < reached {
            let title = format!("two segments of `{}` load to {}", subject.input, address(segment.address));
            problems.push(
                subject
                    .error(codes::OVERLAP, title, format!("{} and {previous}", describe(segment)))
                    .help("the linker script gives two sections the same load address: give each a range of its own"),
            );
        }
        reached = reached.max(end);
        previous = &segment.name;
    }
    problems
}

fn stray(subject: &Subject<'_>, segment: Option<&Segment<'_>>, slot: Range<u32>) -> Diagnostic {
    let what = segment.map_or_else(|| "nothing".to_owned(), describe);
    let title = format!("`{}` loads bytes outside slot `{}`", subject.input, subject.placement.slot.value);
    let label = format!("{what}; the slot takes {} to {}", address(slot.start), address(slot.end - 1));
    subject.error(codes::STRAY, title, label).help(
        "an image holds what is in its slot and nothing else: leave option bytes, OTP and other memories out of the ELF, \
         or give RAM data a load address in FLASH (`AT> FLASH`)",
    )
}

fn describe(segment: &Segment<'_>) -> String {
    let name = if segment.name.is_empty() { "a segment without section names" } else { &segment.name };
    format!("{name}: {} bytes at {}", segment.bytes.len(), address(segment.address))
}

/// Bytes from `start` to the end of the last segment. The segments are in order and inside the slot.
fn join(segments: &[Segment<'_>], start: u32, erased: u8) -> Payload {
    let mut bytes = Vec::new();
    let mut gaps = Vec::new();
    for segment in segments {
        let offset = segment.address - start;
        let filled = bytes.len() as u32;
        if filled < offset {
            gaps.push(filled..offset);
            bytes.resize(offset as usize, erased);
        }
        bytes.extend_from_slice(segment.bytes);
    }
    Payload { bytes, gaps }
}

/// The first two words of a vector table, if there are as many.
pub fn entry(payload: &[u8]) -> Option<Entry> {
    let (stack, rest) = payload.split_first_chunk()?;
    let (reset, _) = rest.split_first_chunk()?;
    Some(Entry { stack: u32::from_le_bytes(*stack), reset: u32::from_le_bytes(*reset) })
}

/// What keeps the core from starting this payload at its run address. The verifier on the target judges the reset vector
/// too; it does not know the part's RAM and its number of interrupts.
fn entry_problems(subject: &Subject<'_>, payload: &[u8]) -> Vec<Diagnostic> {
    let part = &subject.plan.device.part;
    let start = subject.placement.run_address;
    let Some(Entry { stack, reset }) = entry(payload) else {
        let title = format!("`{}` is too short for a vector table", subject.input);
        return vec![subject.error(codes::VECTORS, title, format!("{} bytes", payload.len()))];
    };
    let mut problems = Vec::new();
    let mut problem = |title: String, label: String, help: &str| {
        problems.push(subject.error(codes::VECTORS, title, label).help(help));
    };
    let alignment = part.vector_table.alignment();
    if !start.is_multiple_of(alignment) {
        problem(
            format!("the vector table of `{}` is not aligned to {alignment} bytes", subject.input),
            format!("it lies at {}; the {} has {} vectors", address(start), part.name, part.vector_table.entries),
            "give the slot a `header` that is a multiple of the alignment",
        );
    }
    if part.stack_at(stack).is_none() || !stack.is_multiple_of(4) {
        let ram: Vec<String> = part.ram.iter().map(|ram| range(&ram.range())).collect();
        problem(
            format!("the stack pointer of `{}` is not in RAM", subject.input),
            format!("word 0 of the vector table is {}; RAM is {}", address(stack), ram.join(", ")),
            "the vector table must come first in the slot, and _stack_start must point into RAM",
        );
    }
    let end = start.saturating_add(u32::try_from(payload.len()).unwrap_or(u32::MAX));
    if reset & 1 == 0 {
        problem(
            format!("the reset vector of `{}` is even", subject.input),
            format!("word 1 of the vector table is {}; a Cortex-M runs Thumb code, bit 0 must be 1", address(reset)),
            "is the vector table first, and is the reset handler declared as a function (`.type Reset_Handler, %function`)?",
        );
    } else if !(start.saturating_add(8)..end).contains(&(reset & !1)) {
        problem(
            format!("the reset vector of `{}` points outside the image", subject.input),
            format!("word 1 of the vector table is {}; the image is {}", address(reset), range(&(start..end))),
            "is the vector table another build's? The reset handler must be in this image, at its run address",
        );
    }
    problems
}

fn range(range: &Range<u32>) -> String {
    format!("{} to {}", address(range.start), address(range.end.saturating_sub(1)))
}
