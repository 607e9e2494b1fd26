//! One part or memory, with every fact's source, and what is unproven.

use std::fmt::Write as _;

use geometry::{
    BlankRead, Citation, Corrected, Fact, Memory, Mode, OptionByte, OptionKind, Otp, Part, Ram, Region, address, bytes,
};
use serde_json::Value;

use super::{named, selectors, size, span};
use crate::json;

/// Sectors that are listed one by one; more are shown as runs.
const LISTED: u32 = 32;

/// A fact as it is shown: what it is about, its value, and where that comes from. Without a citation it is unproven.
struct Line {
    name: &'static str,
    value: Option<(String, Citation)>,
}

impl Line {
    fn new(name: &'static str, value: Option<(String, Citation)>) -> Self {
        Self { name, value }
    }

    fn of<T>(name: &'static str, fact: Option<&Fact<T>>, show: impl Fn(&T) -> String) -> Self {
        Self::new(name, fact.map(|fact| (show(&fact.value), fact.citation.clone())))
    }

    fn to_json(&self) -> Value {
        match &self.value {
            Some((value, citation)) => json!({
                "name": self.name, "value": value, "source": citation.source,
                "evidence": citation.evidence.to_string(), "note": citation.note,
            }),
            None => json!({ "name": self.name, "value": Value::Null }),
        }
    }
}

/// The lines of facts; what is unproven is gathered in the last.
fn write_lines(text: &mut String, lines: &[Line], indent: &str) {
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
    for Line { name, value } in lines {
        let Some((value, citation)) = value else { continue };
        let _ = writeln!(text, "{indent}{name:<width$}  {value}");
        cite(text, &format!("{indent}    "), citation);
    }
    let unproven: Vec<&str> = lines.iter().filter(|line| line.value.is_none()).map(|line| line.name).collect();
    if !unproven.is_empty() {
        let _ = writeln!(text, "{indent}unproven: {}", unproven.join(", "));
    }
}

fn cite(text: &mut String, margin: &str, citation: &Citation) {
    if let Some(note) = &citation.note {
        let _ = writeln!(text, "{margin}note: {note}");
    }
    let _ = writeln!(text, "{margin}[{}] {}", citation.evidence, citation.source);
}

/// What is known of a part, in these of its modes.
pub fn text(part: &Part, modes: &[&Mode]) -> String {
    let mut text = String::new();
    let table = &part.vector_table;
    let cores = part.cores.join(" and ");
    let _ = writeln!(text, "{}: {}, {cores}", part.name, part.die);
    for mode in modes {
        write_mode(&mut text, mode);
    }
    let _ = writeln!(text, "\nfacts");
    write_lines(&mut text, &part_lines(part), "  ");
    if !part.options.is_empty() {
        let _ = writeln!(text, "\noption bytes");
        for option in &part.options {
            let _ = writeln!(text, "  {:<14} {}", option.name, describe(option));
            cite(&mut text, "      ", &option.citation);
        }
    }
    let _ = writeln!(text, "\nvector table of {} words, aligned to {} bytes", table.entries, table.alignment());
    cite(&mut text, "  ", &table.citation);
    write_blocks(&mut text, "RAM", &part.ram);
    write_blocks(&mut text, "data EEPROM", &part.eeprom);
    write_blocks(&mut text, "stored option bytes", &part.option_memory);
    if !part.windows.is_empty() {
        let _ = writeln!(text, "\nexternal memories appear at");
    }
    for window in &part.windows {
        let _ = writeln!(text, "  {}  {:>5}  {}", address(window.base), bytes(window.size), window.bus);
        cite(&mut text, "    ", &window.citation);
    }
    if !part.corrections.is_empty() {
        let _ = writeln!(text, "\ncorrections of the imported data");
    }
    for correction in &part.corrections {
        let what = corrected(correction.of);
        let _ = writeln!(text, "  {what}: {}, not {}", correction.ours, correction.upstream);
        cite(&mut text, "    ", &correction.citation);
    }
    write_sources(&mut text, &part.sources);
    text
}

/// The abbreviations that the text above uses.
fn write_sources(text: &mut String, sources: &[(String, String)]) {
    let used: Vec<_> = sources.iter().filter(|(name, _)| text.contains(name.as_str())).collect();
    let width = used.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    if !used.is_empty() {
        text.push_str("\nsources\n");
    }
    for (name, meaning) in used {
        let _ = writeln!(text, "  {name:<width$}  {meaning}");
    }
}

fn write_mode(text: &mut String, mode: &Mode) {
    let with = match selectors(mode) {
        options if options.is_empty() => String::new(),
        options => format!(", with {options}"),
    };
    if mode.regions.is_empty() {
        let _ = writeln!(text, "\n{}", mode.title);
        return;
    }
    let _ = writeln!(text, "\n{}{with}: {} in {}", mode.title, bytes(size(mode)), mode.summary());
    cite(text, "  ", &mode.citation);
    for hole in mode.holes() {
        let _ = writeln!(text, "  no flash from {}", span(&hole));
    }
    for region in &mode.regions {
        write_region(text, region);
    }
    let lines: Vec<Line> = mode.regions.iter().take(1).flat_map(mode_lines).collect();
    write_lines(text, &lines, "  ");
}

fn write_region(text: &mut String, region: &Region) {
    let _ = writeln!(text, "  {}: {}, {}", region.name, span(&region.range()), bytes(region.size()));
    if region.numbers.is_none() {
        let _ = writeln!(text, "    the manual's sector numbers are unproven: counted from 0 here");
    }
    let count: u32 = region.runs.iter().map(|run| run.count).sum();
    let mut sectors = region.sectors();
    if count <= LISTED {
        for sector in sectors {
            let _ = writeln!(text, "    {:>9}  {}  {:>5}", sector.number, address(sector.address), bytes(sector.size));
        }
    } else {
        for run in &region.runs {
            let Some(first) = sectors.next() else { break };
            let last = sectors.by_ref().take(run.count as usize - 1).last().unwrap_or(first);
            let numbers = format!("{}-{}", first.number, last.number);
            let _ = writeln!(text, "    {numbers:>9}  {}  {run}", address(first.address));
        }
    }
    if let Some(protection) = &region.write_protection {
        let _ = writeln!(text, "    write protection: {}", protection.rule);
        cite(text, "      ", &protection.citation);
    } else if let Some(pages) = &region.page_protection {
        let _ = writeln!(text, "    write protection: {}", pages.rule);
        cite(text, "      ", &pages.citation);
    } else {
        let _ = writeln!(text, "    unproven: what write protection covers");
    }
}

/// What depends on the mode, besides the sectors.
fn mode_lines(region: &Region) -> Vec<Line> {
    vec![
        Line::of("while it writes", region.read_while_write.as_ref(), ToString::to_string),
        Line::new("sector numbers", region.numbers.clone().map(|from| ("the manual's".to_owned(), from))),
    ]
}

/// How a region is programmed.
fn rules(region: &Region) -> Vec<Line> {
    vec![
        Line::of("program unit", region.program_unit.as_ref(), |unit| format!("{unit} bytes")),
        Line::of("ECC", region.ecc.as_ref(), ToString::to_string),
        Line::of("erased", region.erased.as_ref(), |erased| format!("0x{erased:02X}")),
        Line::of("over a used unit", region.rewrite.as_ref(), ToString::to_string),
    ]
}

/// What does not depend on the mode.
fn part_lines(part: &Part) -> Vec<Line> {
    let region = part.modes.iter().find_map(|mode| mode.regions.first());
    let mut lines: Vec<Line> = region.map(rules).unwrap_or_default();
    if region.is_some() {
        lines.push(Line::new("OTP", part.otp.as_ref().map(|otp| (otp_text(otp), otp.citation.clone()))));
    }
    if part.modes.iter().any(|mode| mode.regions.len() > 1) {
        lines.push(Line::of("bank swap", part.swap.as_ref(), |swap| swap.rule.clone()));
        lines.push(Line::of("erase by number after a swap", part.erase_selector.as_ref(), ToString::to_string));
    }
    for alias in &part.aliases {
        let range = alias.base..alias.base.saturating_add(alias.size);
        let text = format!("{} {} is {}", alias.name, span(&range), address(alias.target));
        lines.push(Line::new("alias", Some((text, alias.citation.clone()))));
    }
    lines
}

fn otp_text(otp: &Otp) -> String {
    if otp.size == 0 {
        return "none".to_owned();
    }
    let mut text = format!("{} bytes at {}", otp.size, address(otp.base));
    if let (Some(block), Some(blocks)) = (otp.block, otp.blocks()) {
        let _ = write!(text, ", {blocks} blocks of {block}");
    }
    let unproven = |what: Option<String>| what.unwrap_or_else(|| "unproven".to_owned());
    let unit = otp.unit.map(|unit| if unit == 1 { "byte".to_owned() } else { format!("{unit} bytes") });
    let _ = write!(text, "; unit: {}; lock: {}", unproven(unit), unproven(otp.lock.map(|lock| lock.to_string())));
    if let Some(id) = otp.unique_id {
        let _ = write!(text, "; unique id at {}", address(id));
    }
    if let Some(BlankRead::Nmi) = otp.blank_read {
        text.push_str("; reading a blank unit raises an NMI");
    }
    text
}

fn describe(option: &OptionByte) -> String {
    let field = &option.field;
    let last = field.shift + field.width - 1;
    let bits = if last == field.shift { last.to_string() } else { format!("{last}:{}", field.shift) };
    let mut text = format!("{}[{bits}] at {}", field.register, address(field.address));
    if let OptionKind::BootAddress { shift } = option.kind {
        let _ = write!(text, ": address >> {shift}");
    }
    if option.kind == OptionKind::SecureStart {
        text.push_str(": the first sector that a second core has for itself");
    }
    for (value, meaning) in option.meanings.iter().enumerate() {
        let _ = write!(text, "{} {value}: {meaning}", if value == 0 { ";" } else { "," });
    }
    if let Some(shipped) = option.shipped {
        let _ = write!(text, "; shipped: {shipped}");
    }
    text
}

fn write_blocks(text: &mut String, title: &str, blocks: &[Ram]) {
    if blocks.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    let mut shown: Option<&Citation> = None;
    for block in blocks {
        let _ = writeln!(text, "  {}  {:>5}  {}", address(block.base), bytes(block.size), block.name);
        if shown != Some(&block.citation) {
            cite(text, "    ", &block.citation);
        }
        shown = Some(&block.citation);
    }
}

fn corrected(of: Corrected) -> &'static str {
    match of {
        Corrected::Otp => "OTP",
        Corrected::ProgramUnit => "program unit",
        Corrected::Erased => "erased value",
        Corrected::Regions => "sector map",
        Corrected::Modes => "modes",
    }
}

/// What is known of an external memory.
pub fn memory_text(memory: &Memory) -> String {
    let region = &memory.region;
    let sizes: Vec<String> = memory.erase_sizes.iter().map(|size| bytes(*size)).collect();
    let mut text = format!(
        "{}: {}, {}\n  sectors 0-{}, {} each; erases: {}; program page {} bytes\n",
        memory.name,
        memory.interface,
        bytes(region.size()),
        region.numbers().end(),
        region.summary(),
        sizes.join(", "),
        memory.page,
    );
    if !memory.command_offsets.is_empty() {
        let offsets: Vec<String> = memory.command_offsets.iter().map(|offset| format!("0x{offset:04X}")).collect();
        let _ = writeln!(text, "  commands are written to its base + {}", offsets.join(" and "));
    }
    cite(&mut text, "  ", &memory.citation);
    let _ = writeln!(text, "\nfacts");
    write_lines(&mut text, &memory_lines(memory), "  ");
    write_sources(&mut text, &memory.sources);
    text
}

fn memory_lines(memory: &Memory) -> Vec<Line> {
    let mut lines = rules(&memory.region);
    lines.push(Line::of("while it writes", memory.region.read_while_write.as_ref(), ToString::to_string));
    lines
}

/// The same for programs.
pub fn memory_to_json(memory: &Memory) -> Value {
    json!({
        "memory": memory.name,
        "interface": memory.interface.to_string(),
        "erase_sizes": memory.erase_sizes,
        "page": memory.page,
        "command_offsets": memory.command_offsets,
        "source": cited(&memory.citation),
        "region": region_to_json(&memory.region),
        "facts": memory_lines(memory).iter().map(Line::to_json).collect::<Vec<_>>(),
        "sources": named(&memory.sources),
    })
}

/// The same for programs.
pub fn to_json(part: &Part, modes: &[&Mode]) -> Value {
    let mode = |mode: &&Mode| {
        let lines = mode.regions.iter().take(1).flat_map(mode_lines);
        json!({
            "title": mode.title,
            "options": named(&mode.selectors),
            "source": cited(&mode.citation),
            "regions": mode.regions.iter().map(region_to_json).collect::<Vec<_>>(),
            "facts": lines.map(|line| line.to_json()).collect::<Vec<_>>(),
        })
    };
    let ram =
        |ram: &Ram| json!({ "name": ram.name, "base": ram.base, "size": ram.size, "source": cited(&ram.citation) });
    let option = |option: &OptionByte| {
        let field = &option.field;
        json!({
            "name": option.name, "register": field.register, "address": field.address, "shift": field.shift,
            "width": field.width, "meanings": option.meanings, "shipped": option.shipped,
            "source": cited(&option.citation),
        })
    };
    let otp = part.otp.as_ref().filter(|otp| otp.size > 0).map(|otp| {
        let lock = otp.lock.map(|lock| lock.to_string());
        let blank_read = otp.blank_read.map(|BlankRead::Nmi| "nmi");
        json!({
            "base": otp.base, "size": otp.size, "block": otp.block, "unit": otp.unit, "lock": lock,
            "unique_id": otp.unique_id, "blank_read": blank_read,
        })
    });
    let windows = part.windows.iter().map(|window| {
        json!({ "bus": window.bus, "base": window.base, "size": window.size, "source": cited(&window.citation) })
    });
    let corrections = part.corrections.iter().map(|correction| {
        json!({
            "of": corrected(correction.of), "upstream": correction.upstream, "ours": correction.ours,
            "source": cited(&correction.citation),
        })
    });
    json!({
        "part": part.name,
        "family": part.family,
        "die": part.die,
        "cores": part.cores,
        "vector_table": json!({
            "entries": part.vector_table.entries, "alignment": part.vector_table.alignment(),
            "source": cited(&part.vector_table.citation),
        }),
        "modes": modes.iter().map(mode).collect::<Vec<_>>(),
        "facts": part_lines(part).iter().map(Line::to_json).collect::<Vec<_>>(),
        "otp": otp,
        "options": part.options.iter().map(option).collect::<Vec<_>>(),
        "ram": part.ram.iter().map(ram).collect::<Vec<_>>(),
        "option_memory": part.option_memory.iter().map(ram).collect::<Vec<_>>(),
        "eeprom": part.eeprom.iter().map(ram).collect::<Vec<_>>(),
        "windows": windows.collect::<Vec<_>>(),
        "corrections": corrections.collect::<Vec<_>>(),
        "sources": named(&part.sources),
    })
}

fn cited(citation: &Citation) -> Value {
    json!({ "text": citation.source, "evidence": citation.evidence.to_string(), "note": citation.note })
}

fn region_to_json(region: &Region) -> Value {
    let sector =
        |sector: geometry::Sector| json!({ "number": sector.number, "address": sector.address, "size": sector.size });
    let bits = region.write_protection.as_ref().map(|protection| {
        json!({ "options": [&protection.option], "rule": protection.rule, "source": cited(&protection.citation) })
    });
    let pages = region
        .page_protection
        .as_ref()
        .map(|pages| json!({ "options": pages.options, "rule": pages.rule, "source": cited(&pages.citation) }));
    json!({
        "name": region.name,
        "base": region.base,
        "size": region.size(),
        "sector_numbers_proven": region.numbers.is_some(),
        "sectors": region.sectors().map(sector).collect::<Vec<_>>(),
        "write_protection": bits.or(pages),
        "source": cited(&region.sectors_from),
    })
}
