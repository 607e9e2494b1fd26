//! What is free in one-time-programmable memory, and where a field would fit.

use std::ops::Range;

use crate::plan::otp::{Field, Otp};

/// The offsets that a further field could have, lowest first: in no program unit that a field spends.
pub fn free(otp: &Otp) -> Vec<Range<u32>> {
    let mut free = Vec::new();
    let mut end = 0;
    for field in &otp.fields {
        let units = units(otp, field);
        if units.start > end {
            free.push(end..units.start);
        }
        end = end.max(units.end);
    }
    if end < otp.memory.size {
        free.push(end..otp.memory.size);
    }
    free
}

/// The offsets that no field has, and that are spent all the same: each range with the field whose program unit it lies in.
pub fn spent(otp: &Otp) -> Vec<(Range<u32>, &Field)> {
    let mut spent = Vec::new();
    let mut end = 0;
    for (index, field) in otp.fields.iter().enumerate() {
        let (own, units) = (field.range(), units(otp, field));
        let next = otp.fields.get(index + 1).map_or(otp.memory.size, |next| next.range().start);
        spent.extend([end.max(units.start)..own.start, own.end..units.end.min(next)].map(|range| (range, field)));
        end = units.end;
    }
    spent.retain(|(range, _)| !range.is_empty());
    spent
}

/// The program units that a field touches.
fn units(otp: &Otp, field: &Field) -> Range<u32> {
    let (own, unit) = (field.range(), otp.unit.max(1));
    own.start / unit * unit..own.end.div_ceil(unit).saturating_mul(unit)
}

/// The lowest offset at which a field of `size` bytes could stand without asking anything of its neighbours: free, on a
/// multiple of `align` and of the program unit, in blocks and units that nobody but `stage` programs; the stage `None` is
/// the device, which needs blocks that no stage fills. The field `except` counts as not there.
pub fn place(otp: &Otp, stage: Option<&str>, size: u32, align: u32, except: Option<&str>) -> Option<u32> {
    let step = align.max(otp.unit).max(1);
    let others: Vec<&Field> = otp.fields.iter().filter(|field| Some(field.name.value.as_str()) != except).collect();
    let last = otp.memory.size.checked_sub(size)?;
    let mut at = 0;
    while at <= last {
        match others.iter().filter_map(|other| beyond(otp, other, at..at.checked_add(size)?, stage)).max() {
            None => return Some(at),
            Some(next) => at = next.max(at.checked_add(1)?).checked_next_multiple_of(step)?,
        }
    }
    None
}

/// If another field is in the way of this range: the offset where it no longer is.
fn beyond(otp: &Otp, other: &Field, range: Range<u32>, stage: Option<&str>) -> Option<u32> {
    let taken = other.range();
    let own = other.stage.as_ref().map(|own| own.value.as_str()) == stage;
    // What another one programs keeps its units, and the blocks that a stage may lock.
    let grain = if own { 1 } else { otp.memory.block.unwrap_or(otp.unit).max(1) };
    let start = taken.start / grain * grain;
    let end = taken.end.checked_next_multiple_of(grain)?;
    (start < range.end && range.start < end).then_some(end)
}
