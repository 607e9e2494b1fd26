//! WX0122, WX0123, WX0125: logs of states that the application keeps in an area.

use geometry::{Ecc, Fact, Region, Rewrite, bytes};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{AreaLog, Encoding, Extent};
use crate::resolve::check_name;
use crate::source::Spanned;
use crate::spec::StateLog;

/// Whether a log can be kept in this flash, and has room.
pub fn check(
    name: &Spanned<String>,
    extent: &Extent,
    log: &Spanned<StateLog>,
    report: &mut Vec<Diagnostic>,
) -> Option<AreaLog> {
    let region = &extent.region;
    let (states, entries) = (log.states.as_ref()?, (*log.entries)?);
    let in_place = log.encoding.filter(|encoding| encoding.value == Encoding::InPlace);
    let Some(unit) = region.unit() else {
        report.push(super::unit::unproven(extent));
        return None;
    };
    check_names(&states.value.0, report);
    let found = AreaLog {
        states: states.value.0.iter().map(|state| state.value.clone()).collect(),
        entries: entries.value,
        unit,
        values: in_place.and_then(|_| Some(log.values.as_ref()?.value.0.iter().map(|value| value.value).collect())),
    };
    // A program unit for each state.
    let apart = AreaLog { values: None, ..found.clone() };
    let fix = format!(
        "leave `encoding` and `values` out: each state then has a program unit of its own, {}",
        apart.sizes(extent.size())
    );
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
            report.push(error.help(fix));
            return None;
        }
        check_order(region, &found, log, encoding, &fix, report);
    } else if let Some(values) = log.values.as_ref() {
        let error = Diagnostic::error(codes::TWICE, "`values` belong to encoding = \"in-place\"");
        report.push(error.at(values.entry, "each state has a program unit of its own"));
    }
    if found.size() > u64::from(extent.size()) {
        let title = format!("the log of `{}` does not fit: {} bytes", name.value, found.size());
        let text = format!("{} entries of {} bytes each", entries.value, found.entry_size());
        let error = Diagnostic::error(codes::CAPACITY, title).at(entries.span, text);
        let most = found.most(extent.size());
        let error = error.see(extent.span, bytes(extent.size()));
        report.push(match most {
            0 => error.help("not one entry fits: give the area more sectors"),
            _ => error.edit("as many as fit", entries.span, most.to_string()),
        });
    }
    Some(found)
}

/// States become identifiers in generated code, and each is one state.
fn check_names(states: &[Spanned<String>], report: &mut Vec<Diagnostic>) {
    for (index, state) in states.iter().enumerate() {
        check_name(state, report);
        if let Some(first) = states.iter().take(index).find(|first| first.value == state.value) {
            let error = Diagnostic::error(codes::TWICE, format!("`{}` is a state twice", state.value));
            report.push(error.at(state.span, "again here").see(first.span, "first here"));
        }
    }
}

/// Whether values that are written over one another can be.
fn check_order(
    region: &Region,
    found: &AreaLog,
    log: &StateLog,
    encoding: Spanned<Encoding>,
    fix: &str,
    report: &mut Vec<Diagnostic>,
) {
    let (unit, states) = (found.unit, found.states.len());
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
        let error = |why: &str| Diagnostic::error(codes::STATE_ORDER, title).at(value.span, why).help(fix);
        let rewrite = region.rewrite.as_ref().filter(|_| before != blank);
        if value.value == blank {
            let error = Diagnostic::error(codes::STATE_ORDER, format!("{:#010X} is no state", value.value));
            report.push(error.at(value.span, "erased flash reads so: nothing was written").help(fix));
        } else if value.value == before {
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
