//! WX0101: an address that somebody typed. It decides nothing, and it must be right.

use geometry::address;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Device, Extent, OptionValue};
use crate::scalar::Address;
use crate::source::Spanned;

/// Digits of a 32-bit address.
const DIGITS: usize = 8;

/// Compares a typed address with where the slot really starts.
pub fn check(
    device: &Device,
    name: &Spanned<String>,
    extent: &Extent,
    typed: &Spanned<Address>,
    report: &mut Vec<Diagnostic>,
) {
    let start = address(extent.range.start);
    let Address { value, hex_digits } = typed.value;
    let digits = hex_digits.filter(|digits| *digits != DIGITS);
    if value == u64::from(extent.range.start) && digits.is_none() {
        return;
    }
    let shown = u32::try_from(value).map_or_else(|_| format!("{value:#X}"), address);
    let (title, label) = match digits {
        Some(digits) if digits > DIGITS => {
            let there = u32::try_from(value).ok().and_then(|value| device.region_at(device.part.canonical(value)));
            let nowhere = if there.is_none() { ", which is no flash of this device" } else { "" };
            (format!("an address with {digits} hex digits: {shown}{nowhere}"), "a 32-bit address has eight".to_owned())
        }
        Some(digits) if value == u64::from(extent.range.start) => {
            (format!("an address with {digits} hex digits"), "write all eight".to_owned())
        }
        _ => {
            let same = u32::try_from(value).is_ok_and(|value| device.part.canonical(value) == extent.range.start);
            let why = if same { "an alias of where it is programmed: " } else { "" };
            (format!("`{}` is not at {shown}", name.value), format!("{why}it starts at {start}"))
        }
    };
    let mut error = Diagnostic::error(codes::ADDRESS, title).at(typed.span, label);
    // Whoever drops the digit too many would write to the bank that runs.
    if let Some((OptionValue { value: 0, span: Some(span), .. }, meaning)) = device.where_banks_run() {
        error = error.see(*span, meaning);
    }
    report.push(error.see(extent.span, format!("from {} on: {start}", extent.region.name)).edit(
        "`address` only checks what region and sectors already say: correct it or leave it out",
        typed.span,
        start,
    ));
}
