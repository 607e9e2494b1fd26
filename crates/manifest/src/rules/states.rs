//! WX0122, WX0123, WX0125: logs of states that the application keeps in an area.

use geometry::{Ecc, Fact, Region, Rewrite, bytes};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Encoding, Extent};
use crate::source::Spanned;
use crate::spec::StateLog;

/// Whether a log can be kept in this flash, and has room.
pub fn check(name: &Spanned<String>, extent: &Extent, log: &Spanned<StateLog>, report: &mut Vec<Diagnostic>) {
    let region = &extent.region;
    let (Some(states), Some(entries)) = (&*log.states, *log.entries) else { return };
    let in_place = log.encoding.filter(|encoding| encoding.value == Encoding::InPlace);
    let Some(unit) = region.unit() else {
        report.push(super::unit::unproven(extent));
        return;
    };
    if let Some(encoding) = in_place {
        if let Some(Ecc::Word(word)) = region.ecc.as_ref().map(|ecc| ecc.value) {
            let error =
                Diagnostic::error(codes::IN_PLACE, "states that are written over one another, on flash with ECC");
            let error = error.at(encoding.span, "only for memory without ECC");
            let error = error
                .see(log.entry, format!("{} words, each written up to {} times", entries.value, states.value.0.len()));
            let mut error = error.see(extent.region_span, format!("{word} bytes share hidden check bits"));
            for fact in region.ecc.iter() {
                error = error.fact(fact.value.to_string(), &fact.citation.source, fact.citation.evidence);
            }
            report.push(error.help("leave `encoding` and `values` out: each state then has a program unit of its own"));
            return;
        }
        check_order(region, unit, states.value.0.len(), log, encoding, report);
    } else if let Some(values) = log.values.as_ref() {
        let error = Diagnostic::error(codes::TWICE, "`values` belong to encoding = \"in-place\"");
        report.push(error.at(values.entry, "each state has a program unit of its own"));
    }
    let words = if in_place.is_some() { 1 } else { u64::try_from(states.value.0.len()).unwrap_or(u64::MAX) };
    let needed = words.saturating_mul(u64::from(unit)).saturating_mul(u64::from(entries.value));
    if needed > u64::from(extent.size()) {
        let title = format!("the log of `{}` does not fit: {needed} bytes", name.value);
        let text = format!("{} entries of {words} units of {unit} bytes", entries.value);
        let error = Diagnostic::error(codes::CAPACITY, title).at(entries.span, text);
        let most = u64::from(extent.size()) / words.saturating_mul(u64::from(unit)).max(1);
        report.push(error.see(extent.span, bytes(extent.size())).help(format!("{most} entries fit")));
    }
}

/// Whether values that are written over one another can be.
fn check_order(
    region: &Region,
    unit: u32,
    states: usize,
    log: &StateLog,
    encoding: Spanned<Encoding>,
    report: &mut Vec<Diagnostic>,
) {
    let Some(values) = log.values.as_ref() else {
        if !log.values.is_written {
            let error = Diagnostic::error(codes::MISSING_KEY, "`values` are required with encoding = \"in-place\"");
            report.push(error.at(encoding.span, "a word for each state"));
        }
        return;
    };
    if values.value.0.len() != states {
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("{states} states, {} values", values.value.0.len()));
        report.push(error.at(values.span, "one for each state"));
    }
    let ones = u32::MAX.checked_shr(32_u32.saturating_sub(unit.saturating_mul(8))).unwrap_or(u32::MAX);
    let blank = if region.erased.as_ref().is_some_and(|erased| erased.value == 0) { 0 } else { ones };
    let mut before = blank;
    for value in &values.value.0 {
        if value.value > ones {
            let error = Diagnostic::error(codes::WRONG_VALUE, format!("{:#X} does not fit", value.value));
            report.push(error.at(value.span, format!("a program unit has {unit} bytes")));
            return;
        }
        // Bits that go back to what they are when erased.
        let back = if blank == 0 { before & !value.value } else { !before & value.value };
        let title = format!("{:#010X} cannot be written over {before:#010X}", value.value);
        let error = |why: &str| Diagnostic::error(codes::STATE_ORDER, title).at(value.span, why);
        let rewrite = region.rewrite.as_ref().filter(|_| before != blank);
        if value.value == before {
            report.push(error("it is the same"));
        } else if back != 0 {
            report.push(error(&format!("bits {back:#X} would have to be erased")));
        } else if let Some(Fact { value: rule @ (Rewrite::Never | Rewrite::OnlyZero), citation }) = rewrite
            && (*rule == Rewrite::Never || value.value != 0)
        {
            let fact = format!("over a used unit: {rule}");
            report.push(error("it is programmed already").fact(fact, &citation.source, citation.evidence));
        }
        before = value.value;
    }
}
