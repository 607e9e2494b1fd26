//! The boot loader's file: what of it goes into a factory image, and which layout it embeds.
//!
//! A boot loader embeds the sealed layout, the file `layout.bin` that a build writes, byte for byte, anywhere in what is
//! loaded: as `include_bytes!` or `.incbin` put it there. It is found by the eight bytes that a layout starts with, and counts
//! if its header has a layout's form and the digest of its payload is right. Signatures are for hosts, and not judged here:
//! what a boot loader embeds it trusts.

use std::ops::Range;

use geometry::sort::sort_by_key;
use geometry::{address, bytes};
use image_format::layout::{LayoutBody, groups};
use image_format::{Digest, Header, Kind, Memory, sha256};
use manifest::codes::{self, Code};
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Extent, Plan, Slot};
use manifest::source::Span;

use crate::crypto::HostCrypto;
use crate::firmware::{self, Segment};
use crate::payload::entry;

/// A boot loader that may go into a factory image of a plan.
#[derive(Clone, Debug)]
pub struct Loader<'a> {
    /// What is programmed, by ascending address, where it can be programmed: never an alias.
    pub segments: Vec<Segment<'a>>,
    /// Fingerprints of the slot groups that it embeds.
    pub groups: Vec<Digest>,
}

impl Loader<'_> {
    /// Bytes from the first to the last one.
    pub fn size(&self) -> u64 {
        let start = self.segments.first().map_or(0, |first| u64::from(first.address));
        self.segments.iter().map(Segment::end).max().unwrap_or(start) - start
    }

    /// Its bytes from the first to the last one, with what is between segments filled: what `objcopy -O binary --gap-fill` writes.
    pub fn bytes(&self, fill: u8) -> Vec<u8> {
        let start = self.segments.first().map_or(0, |first| first.address);
        let mut bytes = Vec::new();
        for segment in &self.segments {
            bytes.resize((segment.address - start) as usize, fill);
            bytes.extend_from_slice(&segment.bytes);
        }
        bytes
    }
}

/// Reads and judges the file that `boot.input` names; `None` if the plan names none.
///
/// # Errors
/// A file that is no firmware, that does not keep to its slot, that cannot start, or that embeds another layout than the
/// plan's.
pub fn read<'a>(plan: &Plan, name: &str, file: &'a [u8]) -> Option<Result<Loader<'a>, Vec<Diagnostic>>> {
    let span = plan.boot.input.as_ref()?.span;
    let slot = plan.slot(&plan.boot.slot.as_ref()?.value)?;
    Some(Subject { plan, slot, span, name }.read(file))
}

/// Judges a boot loader that came with images, at its addresses, which are no aliases; `None` if the plan has none.
///
/// # Errors
/// As [`read`].
pub fn of_segments<'a>(
    plan: &Plan,
    name: &str,
    segments: Vec<Segment<'a>>,
) -> Option<Result<Loader<'a>, Vec<Diagnostic>>> {
    let named = plan.boot.slot.as_ref()?;
    let slot = plan.slot(&named.value)?;
    Some(Subject { plan, slot, span: named.span, name }.judge(segments))
}

struct Subject<'a> {
    plan: &'a Plan,
    slot: &'a Slot,
    span: Span,
    name: &'a str,
}

impl Subject<'_> {
    fn error(&self, code: Code, title: String, label: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, title).at(self.span, label)
    }

    fn read<'a>(&self, file: &'a [u8]) -> Result<Loader<'a>, Vec<Diagnostic>> {
        let firmware = firmware::read(file, self.slot.extent.range.start).map_err(|error| {
            let title = format!("`{}` is no boot loader that can be packed", self.name);
            vec![self.error(codes::INPUT, title, error.to_string())]
        })?;
        let part = &self.plan.device.part;
        let mut segments = firmware.segments;
        for segment in &mut segments {
            segment.address = part.canonical(segment.address);
        }
        sort_by_key(&mut segments, |segment| segment.address);
        self.judge(segments)
    }

    fn judge<'a>(&self, segments: Vec<Segment<'a>>) -> Result<Loader<'a>, Vec<Diagnostic>> {
        let Extent { range, .. } = &self.slot.extent;
        let mut problems = self.misplaced(&segments, range);
        if problems.is_empty() {
            problems = self.cannot_start(&segments, range);
        }
        let groups = match embedded(&segments) {
            found if self.is_layout(&found) => found.concat(),
            found => {
                problems.push(self.other_layout(&found));
                Vec::new()
            }
        };
        if problems.is_empty() { Ok(Loader { segments, groups }) } else { Err(problems) }
    }

    /// Segments that leave the slot, or lie over one another.
    fn misplaced(&self, segments: &[Segment<'_>], slot: &Range<u32>) -> Vec<Diagnostic> {
        let device = &self.plan.device;
        let name = &self.slot.name.value;
        let mut problems = Vec::new();
        let mut below: Option<&Segment<'_>> = None;
        for segment in segments {
            let shown = |segment: &Segment<'_>| {
                let size = segment.bytes.len();
                format!("{}: {size} bytes at {}", segment.name, device.part.show_address(&device.mode, segment.address))
            };
            if !slot.contains(&segment.address) {
                let title = format!("`{}` loads bytes outside slot `{name}`", self.name);
                let owner = self.owner(segment.address).map_or(String::new(), |owner| format!(", in {owner}"));
                let error = self.error(codes::STRAY, title, format!("{}{owner}", shown(segment)));
                problems.push(error.see(self.slot.extent.span, format!("the boot loader's slot is {}", show(slot))));
            } else if segment.end() > slot.end.into() {
                let over = segment.end() - u64::from(slot.end);
                let title = format!("`{}` does not fit into slot `{name}`: {over} bytes too many", self.name);
                let into = self.owner(slot.end).map_or(String::new(), |owner| format!(", and runs into {owner}"));
                let error = self.error(codes::CAPACITY, title, format!("{}{into}", shown(segment)));
                let room = format!("room for {}", bytes(slot.end - slot.start));
                problems.push(error.see(self.slot.extent.span, room));
            } else if let Some(below) = below.filter(|below| below.end() > segment.address.into()) {
                let title = format!("`{}` loads two things to {}", self.name, address(segment.address));
                problems.push(self.error(codes::OVERLAP, title, format!("{}; {}", shown(below), shown(segment))));
            }
            below = Some(segment);
        }
        // One reason is enough to look into the file.
        problems.truncate(4);
        problems
    }

    /// The slot or area that an address belongs to.
    fn owner(&self, at: u32) -> Option<String> {
        let slot = self.plan.slots.iter().find(|slot| slot.extent.range.contains(&at));
        let area = || self.plan.areas.iter().find(|area| area.extent.range.contains(&at));
        slot.map(|slot| format!("slot `{}`", slot.name.value))
            .or_else(|| area().map(|area| format!("area `{}`", area.name.value)))
    }

    /// Whether reset would start it: vector table first in the slot, stack in RAM, reset vector odd and in what is loaded.
    fn cannot_start(&self, segments: &[Segment<'_>], slot: &Range<u32>) -> Vec<Diagnostic> {
        let part = &self.plan.device.part;
        let title = format!("`{}` cannot start", self.name);
        let Some(first) = segments.first().filter(|first| first.address == slot.start) else {
            let label = format!("nothing is loaded to {}, where the slot starts", address(slot.start));
            return vec![self.error(codes::VECTORS, title, label)];
        };
        let problem = match entry(&first.bytes) {
            None => "too short for a vector table".to_owned(),
            Some(entry) => {
                let target = part.canonical(entry.reset & !1);
                let is_inside = segments.iter().any(|one| target >= one.address && u64::from(target) < one.end());
                if part.stack_at(entry.stack).is_none() || !entry.stack.is_multiple_of(4) {
                    format!("word 0 of the vector table is {}, which is no RAM for a stack", address(entry.stack))
                } else if entry.reset & 1 == 0 || !is_inside {
                    let why =
                        if is_inside { "even, and a Cortex-M runs Thumb code" } else { "outside of what is loaded" };
                    format!("word 1 of the vector table, the reset vector, is {}: {why}", address(entry.reset))
                } else {
                    return Vec::new();
                }
            }
        };
        vec![self.error(codes::VECTORS, title, problem).help("the vector table must come first in the slot")]
    }

    /// Whether all that is embedded is this plan's layout: one layout, that has the slot group of every image.
    fn is_layout(&self, found: &[Vec<Digest>]) -> bool {
        let has_all = |groups: &Vec<Digest>| self.plan.images.iter().all(|image| groups.contains(&image.fingerprint));
        !found.is_empty() && found.iter().all(has_all)
    }

    fn other_layout(&self, found: &[Vec<Digest>]) -> Diagnostic {
        let embed = "embed the layout.bin that `waxseal build --no-factory` writes, byte for byte, as a constant: \
                     include_bytes!, .incbin";
        if found.is_empty() {
            let title = format!("`{}` embeds no layout", self.name);
            let label = "a boot loader must know the layout that its images are made for";
            return self.error(codes::LOADER_LAYOUT, title, label).help(embed);
        }
        let title = format!("`{}` embeds another layout than this manifest's", self.name);
        let theirs: Vec<String> = found.iter().flatten().map(short).collect();
        let mut error = self.error(codes::LOADER_LAYOUT, title, format!("embeds layout {}", theirs.join(", ")));
        let missing = |digest: &Digest| !found.iter().all(|groups| groups.contains(digest));
        for image in self.plan.images.iter().filter(|image| missing(&image.fingerprint)) {
            let label = format!("`{}` is made for layout {}", image.name.value, short(&image.fingerprint));
            error = error.see(image.name.span, label);
        }
        error
            .help("it would refuse every image that this build makes. Was the manifest changed since it was built?")
            .help(embed)
    }
}

/// Largest layout that is looked for, in bytes.
const LARGEST_LAYOUT: usize = 0x1_0000;

/// The slot groups of each layout that lies in these bytes.
fn embedded(segments: &[Segment<'_>]) -> Vec<Vec<Digest>> {
    let magic = Kind::Layout.magic();
    let mut found = Vec::new();
    for run in runs(segments) {
        let mut rest = run.as_slice();
        while let Some(start) = rest.windows(magic.len()).position(|window| window == magic) {
            rest = rest.get(start..).unwrap_or_default();
            found.extend(layout(rest));
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    found
}

/// The slot groups of the layout that starts here, if one does: code that judges layouts has the magic number too.
fn layout(bytes: &[u8]) -> Option<Vec<Digest>> {
    let header = Header::<LayoutBody>::read(&mut Memory::file(bytes)).ok()?;
    let header = header.unauthenticated();
    let start = usize::try_from(header.payload_start()).ok()?;
    let size = usize::try_from(header.envelope.payload_size.get()).ok()?;
    // A group takes some hundred bytes; and a hostile file cannot have us hash it again and again.
    let payload = bytes.get(start..start.checked_add(size)?).filter(|payload| payload.len() <= LARGEST_LAYOUT)?;
    if sha256(&mut HostCrypto, payload) != header.envelope.payload_digest {
        return None;
    }
    let groups = groups(header, payload).ok()?;
    Some(groups.map(|group| group.fingerprint(&mut HostCrypto)).collect())
}

/// Neighbouring segments as one: a layout may lie across records that were written apart.
fn runs(segments: &[Segment<'_>]) -> Vec<Vec<u8>> {
    let mut runs: Vec<Vec<u8>> = Vec::new();
    let mut end = None;
    for segment in segments {
        match runs.last_mut().filter(|_| end == Some(u64::from(segment.address))) {
            Some(run) => run.extend_from_slice(&segment.bytes),
            None => runs.push(segment.bytes.to_vec()),
        }
        end = Some(segment.end());
    }
    runs
}

/// A fingerprint as far as `waxseal map` shows it.
fn short(digest: &Digest) -> String {
    ::hex::encode(&digest[..8])
}

fn show(range: &Range<u32>) -> String {
    format!("{} to {}", address(range.start), address(range.end - 1))
}
