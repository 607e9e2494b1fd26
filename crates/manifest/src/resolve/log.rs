//! Where the state log of a slot lies that updates are written to: at the slot's end, or for a slot in external memory in an
//! area of internal flash.

use image_format::log::{self, Strategy};

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::{Area, Placement, Slot, Use};
use crate::rules;

/// What a log is measured by.
#[derive(Clone, Copy)]
pub struct Form {
    /// How images are replaced.
    pub strategy: Strategy,
    /// Starts of an image that nobody confirmed.
    pub tries: u8,
    /// Sectors that one copy programs.
    pub steps: u32,
}

/// A place for a log.
pub struct Log {
    /// Where it starts.
    pub address: u32,
    /// Bytes.
    pub size: u32,
    /// Bytes that it takes from the slot.
    pub taken: u32,
    /// The area that it is in, if it is not in the slot.
    pub area: Option<String>,
}

impl Log {
    /// Notes the place of the log with an image's other places.
    pub fn put(self, placement: &mut Placement) {
        placement.state_address = self.address;
        placement.state_size = self.size;
        placement.state_area = self.area;
    }
}

/// The log of a slot; `None` where there is no place for it, which has been said.
pub fn place(slot: &Slot, areas: &[Area], form: Form, report: &mut Report) -> Option<Log> {
    // A log that cannot be fits nowhere.
    let size = |unit| log::state_space(form.strategy, form.tries, unit, form.steps).unwrap_or(u32::MAX);
    if slot.extent.access == Access::Internal || form.strategy == Strategy::Fixed {
        let size = size(slot.extent.region.unit()?);
        // A log that is longer than the slot leaves no room, which the caller says.
        let address = slot.extent.range.end.saturating_sub(size);
        return Some(Log { address, size, taken: size, area: None });
    }
    let Some(name) = &slot.log else {
        let title = format!("`{}` has no place for its state log", slot.name.value);
        let error = Diagnostic::error(codes::MISSING_KEY, title).at(slot.name.entry, "no `log` here");
        let error = error.see(slot.extent.region_span, "in external memory, where a log is not safe");
        report.push(error.help("log = \"NAME\", and an area of this name with use = \"log\", in internal flash"));
        return None;
    };
    let area = areas.iter().find(|area| area.name.value == name.value)?;
    if area.purpose.value != Use::Log {
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("area `{}` keeps no log", name.value));
        report.push(error.at(name.span, "named here").see(area.purpose.span, "must be \"log\""));
        return None;
    }
    if area.extent.access != Access::Internal {
        // `rules::external` says it.
        return None;
    }
    let Some(unit) = area.extent.region.unit() else {
        report.push(rules::unit::unproven(&area.extent));
        return None;
    };
    let size = size(unit);
    if size > area.extent.size() {
        report.push(rules::capacity::no_room_for_log(slot, area, size));
        return None;
    }
    Some(Log { address: area.extent.range.start, size, taken: 0, area: Some(name.value.clone()) })
}
