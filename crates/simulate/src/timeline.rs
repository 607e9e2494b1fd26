//! A picture of one run: operations from left to right, a lane for each slot, its state log and the counter; starts and cuts across them.

use std::fmt::Write as _;

use image_format::layout::{ROLE_BACKUP, ROLE_RUN};

use crate::bench::Bench;
use crate::device::{Before, Operation};
use crate::run::Event;

/// Left of the lanes, height of one, top of the first, and pixels that the operations share.
const LEFT: u64 = 150;
const LANE: u64 = 34;
const TOP: u64 = 84;
const WIDE: u64 = 900;

/// Text on either page has a contrast of 7:1 at least.
const STYLE: &str = "\
  text { font: 13px sans-serif; fill: #1f2328 } .title { font-size: 17px } .page { fill: #ffffff } .lane { fill: #f6f8fa }\n\
  .program { fill: #0969da } .erase { fill: #bc4c00 } .start { stroke: #57606a } .cut { stroke: #cf222e; stroke-width: 2 }\n\
  @media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .page { fill: #0d1117 } .lane { fill: #161b22 }\n\
  .program { fill: #58a6ff } .erase { fill: #f0883e } .start { stroke: #8b949e } .cut { stroke: #ff7b72 } }\n";

/// A range of a memory that something is noted of.
struct Lane {
    name: String,
    memory: usize,
    start: u32,
    end: u32,
}

/// State logs and the counter first: they lie in slots.
fn lanes(bench: &Bench) -> Vec<Lane> {
    let group = bench.group();
    let lane = |name, memory: u8, start: u32, size: u32| Lane { name, memory: memory.into(), start, end: start + size };
    let mut lanes = Vec::new();
    let mut slots = Vec::new();
    for (number, slot) in group.slots().iter().enumerate() {
        let name = match slot.role {
            ROLE_RUN => format!("slot {number}"),
            ROLE_BACKUP => "backup".to_owned(),
            _ => "staging".to_owned(),
        };
        if slot.log_size.get() > 0 {
            lanes.push(lane(format!("{name}: states"), slot.log_region, slot.log_offset.get(), slot.log_size.get()));
        }
        slots.push(lane(name, slot.region, slot.offset.get(), slot.size.get()));
    }
    for area in group.areas() {
        lanes.push(lane("counter".to_owned(), area.region, area.offset.get(), area.size.get()));
    }
    lanes.extend(slots);
    lanes
}

/// The SVG document. `first` is the number of the run's first operation.
pub(crate) fn document(bench: &Bench, title: &str, notes: &[Before], events: &[Event], first: u64) -> String {
    let lanes = lanes(bench);
    let last = events.iter().map(|event| event.operation).chain(notes.iter().map(|note| note.chip.operations())).max();
    let count = last.unwrap_or(first).saturating_sub(first) + 1;
    let x = |operation: u64| LEFT + WIDE * operation.saturating_sub(first) / count;
    let bottom = TOP + LANE * lanes.len() as u64;
    let (width, height) = (LEFT + WIDE + 40, bottom + 56);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"title\">\n<title id=\"title\">{title}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n<text class=\"title\" x=\"20\" y=\"32\">{title}</text>\n"
    );
    for (number, lane) in (0..).zip(&lanes) {
        let y = TOP + LANE * number;
        let (inner, text) = (LANE - 6, y + 18);
        let _ = writeln!(svg, "<rect class=\"lane\" x=\"{LEFT}\" y=\"{y}\" width=\"{WIDE}\" height=\"{inner}\"/>");
        let _ = writeln!(svg, "<text x=\"20\" y=\"{text}\">{}</text>", lane.name);
    }
    let bar = (WIDE / count).clamp(1, 8);
    for note in notes {
        let (memory, offset) = note.operation.place();
        let class = if matches!(note.operation, Operation::Erase { .. }) { "erase" } else { "program" };
        let is_in = |lane: &&Lane| lane.memory == memory && (lane.start..lane.end).contains(&offset);
        // The slots come last: an erase is theirs, whatever else lies in the sector.
        let number = |lane: &Lane| lanes.iter().position(|other| std::ptr::eq(lane, other));
        let found = if class == "erase" { lanes.iter().rev().find(is_in) } else { lanes.iter().find(is_in) };
        let found = found.and_then(number);
        let Some(number) = found else { continue };
        let (x, y, inner) = (x(note.chip.operations()), TOP + LANE * number as u64, LANE - 6);
        let _ = writeln!(svg, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{bar}\" height=\"{inner}\"/>");
    }
    for event in events {
        let (x, top) = (x(event.operation), TOP - 12);
        let (class, label) = match event.what {
            "cut" => ("cut", "cut"),
            "start" => continue,
            what => ("start", what),
        };
        let at = if class == "cut" { bottom + 18 } else { top - 4 };
        let _ = writeln!(svg, "<line class=\"{class}\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\"/>");
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{at}\" text-anchor=\"middle\">{label}</text>");
    }
    let legend = bottom + 42;
    let _ = writeln!(
        svg,
        "<rect class=\"erase\" x=\"{LEFT}\" y=\"{}\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"{legend}\">erase</text>\
         <rect class=\"program\" x=\"{}\" y=\"{}\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"{legend}\">program</text>\
         <text x=\"{}\" y=\"{legend}\">old, new: which image starts; {count} operations from left to right</text>",
        legend - 11,
        LEFT + 18,
        LEFT + 80,
        legend - 11,
        LEFT + 98,
        LEFT + 180
    );
    svg + "</svg>\n"
}
