//! WX0412: the size of the area in front of the payload.

use geometry::{Part, bytes};
use image_format::{FRONT_STEP, MAX_FRONT, MIN_FRONT};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::Slot;
use crate::source::Spanned;

/// Whether a header size that the file gives can be.
pub fn check(
    part: &Part,
    name: &Spanned<String>,
    is_boot: bool,
    header: &Spanned<u32>,
    report: &mut Vec<Diagnostic>,
) -> bool {
    if is_boot {
        let title = format!("`{}` has no header", name.value);
        let error = Diagnostic::error(codes::PAYLOAD_OFFSET, title);
        report.push(error.at(header.entry, "the boot loader is not an image: nothing judges it"));
        return false;
    }
    let step = part.vector_table.alignment().max(FRONT_STEP);
    let fits = |size: u32| (MIN_FRONT..=MAX_FRONT).contains(&size) && size.is_multiple_of(step);
    if fits(header.value) {
        return true;
    }
    let sizes: Vec<String> =
        (MIN_FRONT..=MAX_FRONT).step_by(FRONT_STEP as usize).filter(|size| fits(*size)).map(bytes).collect();
    let title = format!("`header` cannot be {}", bytes(header.value));
    let error = Diagnostic::error(codes::PAYLOAD_OFFSET, title);
    let list = names::list(sizes.iter().map(String::as_str), "or");
    let table = &part.vector_table;
    let fact = format!("the vector table has {} words, so it is aligned to {} bytes", table.entries, table.alignment());
    report.push(error.at(header.span, list).fact(fact, &table.citation.source, table.citation.evidence));
    false
}

/// All slots of an image have one payload offset.
pub fn check_equal(slots: &[(&Spanned<String>, &Slot)], report: &mut Vec<Diagnostic>) {
    let headers: Vec<_> = slots.iter().filter_map(|(name, slot)| Some((name, slot.header?))).collect();
    let Some((first_name, first)) = headers.first() else { return };
    for (name, header) in headers.iter().filter(|(_, header)| header.value != first.value) {
        let title = format!("`{}` and `{}` have headers of different size", first_name.value, name.value);
        let text = format!("{} here, {} there", bytes(header.value), bytes(first.value));
        let error = Diagnostic::error(codes::PAYLOAD_OFFSET, title);
        let error = error.at(header.span().unwrap_or(name.span), text);
        report.push(error.see(first.span().unwrap_or(first_name.span), bytes(first.value)));
    }
}
