//! Firmware's segments as one payload for one slot, and whether the core can start it there.

use std::borrow::Cow;
use std::ops::Range;

use geometry::address;
use image_format::Entry;
use manifest::codes::{self, Code};
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Image, Placement, Plan};
use manifest::rules;
use manifest::source::Span;

use crate::firmware::{Firmware, Format, Segment};

/// One image's bytes from its run address on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The bytes; gaps hold the erased value. The input's own, where it has them side by side.
    pub bytes: Cow<'a, [u8]>,
    /// Gaps between segments that were filled: offsets in the payload.
    pub gaps: Vec<Range<u32>>,
    /// How it came.
    pub format: Format,
    /// Erased bytes at the end of a BIN, which may be padding: an ELF or a HEX would not have them, and so make another
    /// image. 0 for these.
    pub padding: u32,
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
pub fn as_it_is<'a>(subject: &Subject<'_>, bytes: &'a [u8]) -> Result<Payload<'a>, Vec<Diagnostic>> {
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    if size == 0 {
        return Err(vec![subject.error(codes::INPUT, format!("`{}` is empty", subject.input), "0 bytes")]);
    }
    if size > subject.placement.capacity {
        return Err(vec![rules::payload_too_large(subject.plan, subject.placement, subject.input, size)]);
    }
    Ok(Payload { bytes: Cow::Borrowed(bytes), gaps: Vec::new(), format: Format::Bin, padding: 0 })
}

/// Lays firmware out as the payload of its slot.
///
/// # Errors
/// Segments at another place than the slot's, that overlap, or that do not fit; a vector table that cannot start.
pub fn lay_out<'a>(subject: &Subject<'_>, firmware: Firmware<'a>) -> Result<Payload<'a>, Vec<Diagnostic>> {
    let start = subject.placement.run_address;
    let end = start.saturating_add(subject.placement.capacity);
    let format = firmware.format;
    let segments = to_run_addresses(subject, firmware.segments);
    if !segments.iter().any(|segment| segment.address == start) {
        let Subject { plan, image, placement, input } = *subject;
        let device = &plan.device;
        let in_flash = |segment: &&Segment<'_>| device.region_at(device.part.canonical(segment.address)).is_some();
        return Err(match segments.iter().find(in_flash) {
            Some(first) => vec![rules::link_address(plan, image, placement, input, first.address)],
            None => strays(subject, &segments, start..end),
        });
    }
    let problems = misplaced(subject, &segments, start..end);
    if !problems.is_empty() {
        return Err(problems);
    }
    let payload = join(segments, format, start, subject.erased());
    let mut problems = entry_problems(subject, &payload.bytes);
    if payload.format == Format::Bin {
        let note = "the file is neither ELF nor HEX, and was read as a BIN that begins at the payload address";
        problems.iter_mut().for_each(|problem| problem.notes.push(note.to_owned()));
    }
    if problems.is_empty() { Ok(payload) } else { Err(problems) }
}

/// The segments at the addresses that they run at: of a slot that runs at an alias, what loads to the real addresses is the
/// same flash.
fn to_run_addresses<'a>(subject: &Subject<'_>, mut segments: Vec<Segment<'a>>) -> Vec<Segment<'a>> {
    let Subject { plan, placement, .. } = *subject;
    let start = plan.device.part.canonical(placement.run_address);
    let real = start..start.saturating_add(placement.capacity);
    for segment in segments.iter_mut().filter(|segment| real.contains(&segment.address)) {
        segment.address = segment.address - start + placement.run_address;
    }
    segments.sort_by_key(|segment| segment.address);
    segments
}

/// Segments outside the slot, too long for it, or over one another.
fn misplaced(subject: &Subject<'_>, segments: &[Segment<'_>], slot: Range<u32>) -> Vec<Diagnostic> {
    let (inside, outside): (Vec<&Segment<'_>>, Vec<&Segment<'_>>) =
        segments.iter().partition(|segment| slot.contains(&segment.address));
    let mut problems = strays(subject, outside, slot.clone());
    if let Some(last) = inside.iter().max_by_key(|segment| segment.end()).filter(|last| last.end() > slot.end.into()) {
        let needed = u32::try_from(last.end() - u64::from(slot.start)).unwrap_or(u32::MAX);
        let problem = rules::payload_too_large(subject.plan, subject.placement, subject.input, needed);
        problems.push(match padding(last, slot.end) {
            Some(text) => problem.help(text),
            None => problem,
        });
    }
    let mut below: Option<&Segment<'_>> = None;
    for segment in inside {
        if let Some(below) = below.filter(|below| below.end() > segment.address.into()) {
            problems.push(overlap(subject, below, segment));
            break;
        }
        below = Some(segment);
    }
    problems
}

fn overlap(subject: &Subject<'_>, below: &Segment<'_>, above: &Segment<'_>) -> Diagnostic {
    let title = format!("`{}` loads two things to {}", subject.input, address(above.address));
    subject.error(codes::OVERLAP, title, format!("{}; {}", describe(below), describe(above))).help(
        "each byte has one place: the linker script gives two sections one load address, or two files were joined that \
         do not go together",
    )
}

/// How many strays are named one by one.
const STRAYS: usize = 4;

/// What lies outside the slot, each with what is there on this part.
fn strays<'a>(
    subject: &Subject<'_>,
    segments: impl IntoIterator<Item = &'a Segment<'a>>,
    slot: Range<u32>,
) -> Vec<Diagnostic> {
    let segments: Vec<&Segment<'_>> = segments.into_iter().collect();
    let Some((first, rest)) = segments.split_first() else { return Vec::new() };
    let Subject { plan, placement, input, .. } = *subject;
    let device = &plan.device;
    let place = |segment: &Segment<'_>| {
        let there = device.part.place_at(&device.mode, segment.address);
        let there = there.unwrap_or_else(|| format!("nothing that is known of an {}", device.part.name));
        format!("{}: {there}", describe(segment))
    };
    let name = &placement.slot.value;
    let title = format!("`{input}` loads bytes outside slot `{name}`, to {}", address(first.address));
    let label = format!("{}; the slot takes {}", place(first), range(&slot));
    let mut error = subject.error(codes::STRAY, title, label);
    for segment in rest.iter().take(STRAYS - 1) {
        error = error.note(format!("also {}", place(segment)));
    }
    if segments.len() > STRAYS {
        error = error.note(format!("and {} more", segments.len() - STRAYS));
    }
    let help = "an image holds what is in its slot and nothing else: leave option bytes, OTP and other memories out of the \
                file, or give RAM data a load address in FLASH (`AT> FLASH`)";
    vec![error.help(help)]
}

fn describe(segment: &Segment<'_>) -> String {
    let name = if segment.name.is_empty() { "a segment without section names" } else { &segment.name };
    format!("{name}: {} bytes at {}", segment.bytes.len(), address(segment.address))
}

/// That a segment would end within the slot but for what fills it up, as a BIN that was padded to the slot's end.
fn padding(last: &Segment<'_>, end: u32) -> Option<String> {
    let filling = *last.bytes.last().filter(|byte| [0x00, 0xFF].contains(*byte))?;
    let count = last.bytes.iter().rev().take_while(|byte| **byte == filling).count();
    let rest = last.bytes.len() - count;
    (u64::from(last.address) + rest as u64 <= end.into()).then(|| {
        format!(
            "its last {count} bytes are all 0x{filling:02X}: if that is padding (objcopy --pad-to, a fill in the linker script), make it without: \
             header and state words need the room"
        )
    })
}

/// Bytes from `start` to the end of the last segment. The segments are in order and inside the slot.
fn join<'a>(segments: Vec<Segment<'a>>, format: Format, start: u32, erased: u8) -> Payload<'a> {
    let mut bytes: Cow<'a, [u8]> = Cow::Borrowed(&[]);
    let mut gaps = Vec::new();
    for segment in segments {
        // One segment that starts the slot, as of a BIN, is the payload as it is.
        if bytes.is_empty() && segment.address == start {
            bytes = segment.bytes;
            continue;
        }
        let bytes = bytes.to_mut();
        let offset = segment.address - start;
        let filled = bytes.len() as u32;
        if filled < offset {
            gaps.push(filled..offset);
            bytes.resize(offset as usize, erased);
        }
        bytes.extend_from_slice(&segment.bytes);
    }
    let erased_end = bytes.iter().rev().take_while(|byte| **byte == erased).count();
    let padding = if format == Format::Bin { erased_end as u32 } else { 0 };
    Payload { bytes, gaps, format, padding }
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
            if (start..end).contains(&part.canonical(reset & !1)) {
                "it runs from a read-only alias of this slot: give the slot its `run-alias`, or link it for this address"
            } else {
                "is the vector table another build's? The reset handler must be in this image, at its run address"
            },
        );
    }
    problems
}

fn range(range: &Range<u32>) -> String {
    format!("{} to {}", address(range.start), address(range.end.saturating_sub(1)))
}
