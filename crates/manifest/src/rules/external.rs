//! External memories: what may lie in one, what must be said of one that code runs from or that is written, and who writes it.

use std::ops::Range;

use geometry::{Evidence, ReadWhileWrite};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::{Access, Attribute, Memory, Writer};
use crate::plan::{Area, Boot, Device, Image, ImageKind, Loader, Slot, Strategy, Use, Word as _};
use crate::source::{Span, Spanned};
use crate::spec::{self, Manifest};

/// What a Cortex-M7 makes of external memory by default (Arm DUI0646 table 2.12).
const DEFAULTS: [(Range<u32>, &str); 2] =
    [(0x6000_0000..0x8000_0000, "write-back"), (0x8000_0000..0xA000_0000, "write-through")];

/// WX0409, WX0132 and WX0133, for each external memory.
pub fn check(
    device: &Device,
    boot: Option<&Boot>,
    slots: &[Slot],
    areas: &[Area],
    spec: &Manifest,
    report: &mut Vec<Diagnostic>,
) {
    inside_only(boot, slots, areas, report);
    for memory in &device.memories {
        let used = Used::of(memory, spec);
        if let Some(runs) = used.runs {
            starts(memory, runs, boot, report);
            executes(memory, runs, report);
        }
        if let Some(written) = used.written.filter(|_| memory.access() == Access::Mapped) {
            programs(device, memory, written, report);
        }
        if let (Some(runs), Some(writes)) = (used.runs, used.written_by_application) {
            one_die(memory, runs, writes, report);
        }
    }
}

/// What happens to a memory, and where the file says so.
#[derive(Default)]
struct Used {
    /// The slot that code runs from.
    runs: Option<Span>,
    /// What makes it written, by whomever.
    written: Option<Span>,
    /// What makes it written by an application that runs.
    written_by_application: Option<Span>,
}

impl Used {
    fn of(memory: &Memory, spec: &Manifest) -> Self {
        let mut used = Self::default();
        let slot_in = |name: &str| {
            let (header, slot) =
                spec.slots.iter().flat_map(|all| all.value.iter()).find(|(own, _)| own.value == name)?;
            slot.region.as_ref().filter(|region| region.value == memory.name.value).map(|_| header.entry)
        };
        for (name, image) in spec.images.iter().flat_map(|images| images.value.iter()) {
            let strategy = image.strategy.map(|strategy| strategy.value);
            let firmware = image.r#type.is_none_or(|kind| kind.value == ImageKind::Firmware);
            for (slot, span) in slots_of(name, image) {
                let Some(header) = slot_in(&slot) else { continue };
                used.runs = used.runs.or(firmware.then_some(header));
                match strategy {
                    // The application writes the slot that does not run.
                    Some(Strategy::DirectXip | Strategy::BankSwap) => used.by_application(span),
                    // The boot loader copies into it.
                    Some(Strategy::Overwrite) => used.written = used.written.or(Some(span)),
                    Some(Strategy::Fixed) | None => {}
                }
            }
            if let Some(download) = image.download.as_ref().filter(|download| slot_in(download).is_some()) {
                used.by_application(download.span);
            }
            if let Some(backup) = image.backup.as_ref().filter(|backup| slot_in(backup).is_some()) {
                used.written = used.written.or(Some(backup.span));
            }
        }
        for (_, area) in spec.areas.iter().flat_map(|areas| areas.value.iter()) {
            let here = area.region.as_ref().is_some_and(|region| region.value == memory.name.value);
            if let Some(purpose) = area.r#use.filter(|purpose| here && purpose.value == Use::Application) {
                used.by_application(purpose.span);
            }
        }
        used
    }

    fn by_application(&mut self, span: Span) {
        self.written = self.written.or(Some(span));
        self.written_by_application = self.written_by_application.or(Some(span));
    }
}

/// The slots that an image is used from, and where the file says so.
fn slots_of(name: &Spanned<String>, image: &spec::Image) -> Vec<(String, Span)> {
    match image.slots.as_ref() {
        Some(list) => list.value.0.iter().map(|slot| (slot.value.clone(), slot.span)).collect(),
        None => vec![(name.value.clone(), image.strategy.map_or(name.entry, |strategy| strategy.span))],
    }
}

/// Where a new line of a memory's table can stand.
fn new_line(memory: &Memory) -> Span {
    Span { end: memory.bus.entry.start, ..memory.bus.entry }
}

/// WX0409: the boot loader, its counter and its logs lie in internal flash.
fn inside_only(boot: Option<&Boot>, slots: &[Slot], areas: &[Area], report: &mut Vec<Diagnostic>) {
    let external = |access: Access| access != Access::Internal;
    for slot in slots.iter().filter(|slot| external(slot.extent.access)) {
        if boot.is_some_and(|boot| boot.is_slot(&slot.name.value)) {
            let error = Diagnostic::error(codes::EXTERNAL, "the boot loader in external memory");
            report.push(error.at(slot.extent.region_span, "whoever can reach the chip can replace what judges"));
        }
    }
    for area in areas.iter().filter(|area| external(area.extent.access)) {
        let (title, why) = match area.purpose.value {
            Use::Application => continue,
            Use::Counter => {
                ("a security counter in external memory", "a copy of the chip would bring an old value back")
            }
            Use::Log => ("a state log in external memory", "the boot loader notes there what it does to such memory"),
        };
        let error = Diagnostic::error(codes::EXTERNAL, title).at(area.extent.region_span, why);
        report.push(error.see(area.purpose.span, "in internal flash only"));
    }
}

/// WX0409: somebody starts what lies in a memory that reset does not know how to read.
fn starts(memory: &Memory, slot: Span, boot: Option<&Boot>, report: &mut Vec<Diagnostic>) {
    let Some(boot) = boot.filter(|boot| boot.loader.value == Loader::None) else { return };
    let title = format!("nothing starts code in `{}`", memory.name.value);
    let error = Diagnostic::error(codes::EXTERNAL, title).at(slot, "reset starts internal flash");
    let error = error.see(boot.loader.span, "no boot loader");
    report.push(error.help("a boot loader in internal flash sets the memory controller up, and judges the image"));
}

/// WX0409 and WX0133: what must be said of a memory that code runs from.
fn executes(memory: &Memory, slot: Span, report: &mut Vec<Diagnostic>) {
    let name = &memory.name.value;
    if memory.access() == Access::Commands {
        let title = format!("code cannot run from `{name}`");
        let error = Diagnostic::error(codes::EXTERNAL, title).at(memory.bus.span, "no address: it is read by commands");
        let error = error.see(slot, "would run from here");
        let help = "run it from internal flash: strategy = \"overwrite\", with `download` in this memory";
        report.push(error.help(help));
        return;
    }
    if memory.xip.is_none() {
        let title = format!("code runs from `{name}`, and nothing says that this is accepted");
        let error =
            Diagnostic::error(codes::EXTERNAL, title).at(memory.name.entry, "`xip` is missing, and has no default");
        let error = error.see(slot, "checked once, then fetched again and again");
        let error =
            error.edit("if the board is out of reach for an attacker", new_line(memory), "xip = \"accept-physical\"\n");
        report.push(error.help("else run it from internal flash: strategy = \"overwrite\""));
    }
    let right = "\"write-through\"";
    match memory.execute_as {
        None => {
            let title = format!("`execute-as` is required: code runs from `{name}`");
            let error = Diagnostic::error(codes::MISSING_KEY, title).at(memory.name.entry, "no `execute-as` here");
            let error = error.see(slot, "runs from this memory");
            report.push(error.edit(
                "fast, and no store stays in the cache",
                new_line(memory),
                format!("execute-as = {right}\n"),
            ));
        }
        Some(wanted) if wanted.value == Attribute::Device => {
            let error =
                Diagnostic::error(codes::CACHED_WRITES, format!("nothing is fetched from `{name}` as device memory"));
            let error = error.at(wanted.span, "device memory is execute-never").see(slot, "runs from this memory");
            report.push(error.edit("fast, and no store stays in the cache", wanted.span, right));
        }
        Some(wanted) if wanted.value == Attribute::WriteBack => {
            let error =
                Diagnostic::error(codes::CACHED_WRITES, format!("a store to `{name}` would stay in the data cache"));
            let error = error.at(wanted.span, "and reach the chip some time later, as a command");
            report.push(error.edit("fast, and no store stays in the cache", wanted.span, right));
        }
        Some(_) => {}
    }
}

/// WX0133: what must be said of a memory that is mapped and written.
fn programs(device: &Device, memory: &Memory, written: Span, report: &mut Vec<Diagnostic>) {
    let name = &memory.name.value;
    let help = "the whole chip while it is written, since commands go to its base, not to the slot";
    let Some(wanted) = memory.program_as else {
        let title = format!("`program-as` is required: `{name}` is written");
        let error = Diagnostic::error(codes::MISSING_KEY, title).at(memory.name.entry, "no `program-as` here");
        report.push(error.see(written, "written").edit(help, new_line(memory), "program-as = \"device\"\n"));
        return;
    };
    let why = match wanted.value {
        Attribute::Device | Attribute::NonCacheable => return,
        Attribute::WriteBack => "stores end in the cache; the chip never sees them, the debugger does",
        Attribute::WriteThrough => "reads come out of the cache: the chip's status would never change",
    };
    let title = match wanted.value {
        Attribute::WriteBack => format!("data written to `{name}` would stay in the data cache"),
        _ => format!("`{name}` is written through the data cache"),
    };
    let mut error = Diagnostic::error(codes::CACHED_WRITES, title).at(wanted.span, why);
    let commands: Vec<String> = memory.command_addresses().into_iter().rev().map(geometry::address).collect();
    if !commands.is_empty() {
        let text = format!("the chip's base: every command goes to {}", commands.join(" and "));
        error = error.see(memory.bus.span, text);
    }
    error = error.edit(help, wanted.span, "\"device\"");
    let default = DEFAULTS.iter().find(|(range, _)| range.contains(&memory.region.base));
    if let Some((range, what)) = default.filter(|_| device.part.cores.first().is_some_and(|core| core == "cm7")) {
        let fact = format!("{} is {what} by default on a Cortex-M7", Access::Mapped.span(range));
        error = error.fact(fact, "Arm DUI0646 table 2.12", Evidence::VendorSource);
    }
    report.push(error);
}

/// WX0132 and WX0409: who writes a die that code runs from.
fn one_die(memory: &Memory, runs: Span, writes: Span, report: &mut Vec<Diagnostic>) {
    let name = &memory.name.value;
    let reading = memory.region.read_while_write.as_ref();
    if memory.access() != Access::Mapped || reading.is_some_and(|fact| fact.value == ReadWhileWrite::OtherBank) {
        return;
    }
    let with_fact = |error: Diagnostic| match reading {
        Some(fact) => {
            let text = format!("{}: while it is programmed or erased, {}", memory.part, fact.value);
            error.fact(text, &fact.citation.source, fact.citation.evidence)
        }
        None => error.note(format!("nobody says what {} can be read for while it is programmed", memory.part)),
    };
    let Some(writer) = memory.writer else {
        let error = Diagnostic::error(
            codes::ONE_DIE,
            format!("`{name}` is one die, and code runs from it while it is written"),
        );
        let missing = "`writer` is missing, and has no default: only you know where your driver is linked";
        let error = error.at(memory.name.entry, missing).see(runs, "runs in place from this die");
        let error = error.see(writes, "written by the running application");
        let help = "if the routine and all interrupts that it allows are in RAM";
        let error = error.edit(help, new_line(memory), "writer = \"ram\"\n");
        let error = if memory.bus.value.is_parallel() {
            error.help("or writer = \"suspend\": it suspends the operation before anything is fetched")
        } else {
            error
        };
        report.push(with_fact(error));
        return;
    };
    if writer.value == Writer::Suspend && !memory.bus.value.is_parallel() {
        let title = format!("the routine that writes `{name}` must be in RAM");
        let error = Diagnostic::error(codes::EXTERNAL, title);
        let text = format!("suspended or not, {} leaves memory-mapped mode for commands", memory.bus.value.word());
        let error = error.at(writer.span, text).see(runs, "runs in place from this memory");
        report.push(with_fact(error.edit("with all interrupts that it allows", writer.span, "\"ram\"")));
    }
}

/// The logs that slots name: each in an area of its own, and none for nothing.
pub fn check_logs(boot: Option<&Boot>, slots: &[Slot], areas: &[Area], images: &[Image], report: &mut Vec<Diagnostic>) {
    if boot.is_none() {
        return;
    }
    let placements = || images.iter().flat_map(|image| &image.placements);
    let is_used = |log: &str| placements().any(|placement| placement.state_area.as_deref() == Some(log));
    let mut named: Vec<&Spanned<String>> = Vec::new();
    for (slot, log) in slots.iter().filter_map(|slot| Some((slot, slot.log.as_ref()?))) {
        if let Some(first) = named.iter().find(|first| first.value == log.value) {
            let error = Diagnostic::error(codes::TWICE, format!("`{}` would keep two logs", log.value));
            let error = error.at(log.span, "again here").see(first.span, "first here");
            report.push(error.help("an area for each: a log is erased as the first step of an update of its slot"));
        }
        named.push(log);
        if !is_used(&log.value) {
            let title = format!("`{}` needs no area for a log", slot.name.value);
            let error = Diagnostic::error(codes::WRONG_VALUE, title);
            report.push(error.at(log.entry, "for a slot in external memory that updates are written to"));
        }
    }
    for area in areas.iter().filter(|area| area.purpose.value == Use::Log) {
        if !named.iter().any(|log| log.value == area.name.value) {
            let error = Diagnostic::error(codes::NOTHING, format!("no slot keeps its log in `{}`", area.name.value));
            let help = format!("log = \"{}\" in a slot in external memory", area.name.value);
            report.push(error.at(area.name.entry, "for nothing").help(help));
        }
    }
}
