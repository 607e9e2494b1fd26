//! One-time-programmable memory: the part's, its stages, ranges and fields.

mod content;
mod field;

use geometry::sort::sort_by_key;
use geometry::{Lock, Otp as Memory, Part};
use image_format::otp::{FieldKind, FieldList, OtpHead};
use image_format::{SoftwareCrypto, sha256};
use zerocopy::little_endian::U16;

use super::{Report, declared, refers_to};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::otp::end_of_range;
use crate::plan::otp::{Allocation, Field, Otp, Source, Stage};
use crate::plan::{Device, Product};
use crate::rules;
use crate::source::Spanned;
use crate::spec::{self, Manifest};

/// What the fields are judged with.
struct Context<'a> {
    spec: &'a Manifest,
    otp: &'a spec::Otp,
    /// Bytes that are programmed together.
    unit: u32,
    ranges: &'a [Allocation],
    revisions: &'a [[u8; 4]],
}

/// The memory and its fields; `None` if there is no table, or something in it is wrong.
pub fn resolve(
    spec: &Manifest,
    device: Option<&Device>,
    product: Option<&Product>,
    report: &mut Report,
) -> Option<Otp> {
    let table = spec.otp.as_ref()?;
    let version = version(table, report);
    let stages = stages(table, report);
    let ranges = ranges(table, report);
    let board = (*table.board).clone();
    if let Some(board) = &board {
        refers_to("field", board, board, &declared(&table.fields), report)?;
    }
    let part = &device?.part;
    let (memory, unit) = memory(part, table, report)?;
    let revisions = product.map_or([].as_slice(), |product| &product.revisions);
    let context = Context { spec, otp: table, unit, ranges: &ranges, revisions };
    let named = table.fields.as_ref()?;
    let mut fields: Vec<Field> =
        named.value.iter().filter_map(|(name, field)| field::resolve(name, field, &context, report)).collect();
    let complete = fields.len() == named.value.names().count();
    sort_by_key(&mut fields, |field| (field.at.value, field.at.span));
    let otp = Otp {
        memory,
        unit,
        version: version?,
        board: board?,
        stages: stages?,
        fields,
        ranges,
        layout: Vec::new(),
        fingerprint: [0; 32],
    };
    let mut otp = complete.then_some(otp)?;
    rules::otp::check(&otp, part, table, report);
    otp.layout = layout(&otp)?;
    otp.fingerprint = sha256(&mut SoftwareCrypto, &otp.layout);
    Some(otp)
}

fn version(table: &Spanned<spec::Otp>, report: &mut Report) -> Option<Spanned<u16>> {
    let written = (*table.version)?;
    // 0 and 0xFFFF are what a memory says that nobody wrote.
    let version = u16::try_from(written.value).ok().filter(|version| (1..u16::MAX).contains(version));
    if version.is_none() {
        let error = Diagnostic::error(codes::WRONG_VALUE, "`version` must be from 1 to 65534");
        report.push(error.at(written.span, "out of range"));
    }
    Some(Spanned { value: version?, span: written.span, entry: table.entry })
}

/// The stages in their order. Whether each says what becomes of its blocks is judged when these are known.
fn stages(table: &spec::Otp, report: &mut Report) -> Option<Vec<Stage>> {
    let Some(list) = table.stages.as_ref() else { return (!table.stages.is_written).then(Vec::new) };
    let mut stages: Vec<Stage> = Vec::new();
    for stage in &list.value.0 {
        let Some(name) = (*stage.name).clone() else { continue };
        super::check_name(&name, report);
        if let Some(first) = stages.iter().find(|first| first.name.value == name.value) {
            let error = Diagnostic::error(codes::TWICE, format!("stage `{}` stands there twice", name.value));
            report.push(error.at(name.span, "again here").see(first.name.span, "first here"));
        }
        stages.push(Stage { name, lock: *stage.lock });
    }
    (stages.len() == list.value.0.len()).then_some(stages)
}

fn ranges(table: &spec::Otp, report: &mut Report) -> Vec<Allocation> {
    let mut ranges = Vec::new();
    for (name, range) in table.ranges.iter().flat_map(|ranges| ranges.value.iter()) {
        super::check_name(name, report);
        let mut end = |end: Option<&Spanned<String>>| {
            let end = end?;
            let number = end_of_range(end);
            if number.is_none() {
                let title = format!("`{}` is neither a number nor an address", end.value);
                let error = Diagnostic::error(codes::WRONG_VALUE, title);
                report.push(error.at(end.span, "such as \"1000\" or \"00:00:5E:00:53:00\""));
            }
            number.map(|(number, form)| (end.with(number), form))
        };
        let (first, last) = (end(range.first.as_ref()), end(range.last.as_ref()));
        let (Some((first, form)), Some((last, last_form))) = (first, last) else { continue };
        if form != last_form || first.value > last.value {
            let error = Diagnostic::error(codes::WRONG_VALUE, format!("range `{}` ends before it starts", name.value));
            report.push(error.at(last.span, "the last one, itself included").see(first.span, "the first one"));
            continue;
        }
        ranges.push(Allocation { name: name.clone(), first, last, form });
    }
    ranges
}

/// The part's memory and its program unit.
fn memory(part: &Part, table: &Spanned<spec::Otp>, report: &mut Report) -> Option<(Memory, u32)> {
    let none = |why: &str| Diagnostic::error(codes::OTP_DATA, why.to_owned());
    let Some(memory) = &part.otp else {
        let title = format!("it is unproven that {} has one-time-programmable memory", part.name);
        report.push(none(&title).at(table.entry, "the device database has no evidence of any"));
        return None;
    };
    let citation = &memory.citation;
    if memory.size == 0 {
        let error = none(&format!("{} has no one-time-programmable memory", part.name));
        let error = error.at(table.entry, "there is nothing that these fields could lie in");
        report.push(error.fact("no user OTP", &citation.source, citation.evidence));
        return None;
    }
    let (Some(unit), Some(_), true) =
        (memory.unit, memory.lock, memory.block.is_some() || memory.lock == Some(Lock::Unit))
    else {
        let error = none(&format!("it is unproven how the OTP of {} is programmed and locked", part.name));
        let error = error.at(table.entry, "what is written there cannot be taken back: nothing is guessed");
        report.push(error.fact("its address and size, and nothing else", &citation.source, citation.evidence));
        return None;
    };
    Some((memory.clone(), unit))
}

/// The layout's canonical bytes. `None` if a number is too large for them, which no part's is.
fn layout(otp: &Otp) -> Option<Vec<u8>> {
    let index = |name: &str| otp.fields.iter().position(|field| field.name.value == name).map(u16::try_from)?.ok();
    let covered: Vec<Vec<U16>> = otp
        .fields
        .iter()
        .map(|field| match &field.source {
            Source::Over(names) => names.iter().map(|name| index(name).map(U16::new)).collect(),
            _ => Some(Vec::new()),
        })
        .collect::<Option<_>>()?;
    let fields: Vec<_> =
        otp.fields.iter().zip(&covered).map(|(field, covered)| (field.encode(), covered.as_slice())).collect();
    let head = OtpHead {
        format: 1.into(),
        version: otp.version.value.into(),
        base: otp.memory.base.into(),
        size: otp.memory.size.into(),
        unit: u16::try_from(otp.unit).ok()?.into(),
        block: u16::try_from(otp.memory.block.unwrap_or(0)).ok()?.into(),
        field_count: 0.into(),
        reserved: [0; 2],
    };
    let mut bytes = Vec::new();
    FieldList { head, fields: &fields }.emit(|piece| bytes.extend_from_slice(piece))?;
    Some(bytes)
}

/// Whether fields of this type can be allocated, or name a board.
fn counts_up(kind: FieldKind) -> bool {
    use FieldKind::{Eui48, Eui64, U8, U16, U32, U64};
    matches!(kind, U8 | U16 | U32 | U64 | Eui48 | Eui64)
}
