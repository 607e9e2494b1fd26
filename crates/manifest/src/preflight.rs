//! A board's option bytes against what a plan assumes, before anything is erased.

mod dump;

use geometry::sort::sort_by;
use geometry::{Mode, OptionKind, Region, Sector, WriteProtection, address, numbered, runs_of};

use crate::plan::{Device, OptionValue, Plan};

pub use dump::{Dump, DumpError};

/// What became of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// Each option byte that the plan says something about.
    pub rows: Vec<Row>,
    /// That the board has another chip, by its device id.
    pub other_chip: Option<String>,
    /// What would happen if the board were written as it is.
    pub consequences: Vec<String>,
    /// What to do, in this order.
    pub steps: Vec<String>,
}

/// An option byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The reference manual's name.
    pub option: String,
    /// What the plan assumes.
    pub expected: u32,
    /// The same for people: `0x0080 (app)`.
    pub expected_text: String,
    /// What the board has. `None`: the dump does not say.
    pub found: Option<u32>,
    /// The same for people.
    pub found_text: String,
    /// What a difference means; empty without one.
    pub meaning: String,
}

impl Row {
    /// Whether the board has what the plan assumes.
    pub fn is_right(&self) -> bool {
        self.found == Some(self.expected)
    }
}

impl Preflight {
    /// Whether the board is as the plan assumes.
    pub fn is_right(&self) -> bool {
        self.other_chip.is_none() && self.rows.iter().all(Row::is_right)
    }
}

/// Compares a board's option bytes with a plan.
pub fn preflight(plan: &Plan, dump: &Dump) -> Preflight {
    let device = &plan.device;
    let found = |name: &str| dump.value(&device.part, name);
    let board = device.part.mode(found);
    let rows: Vec<Row> = expected(plan).iter().map(|option| row(device, option, found(&option.name), board)).collect();
    let mut consequences = Vec::new();
    let other = board.filter(|board| **board != device.mode);
    consequences.extend(other.map(|board| other_sectors(plan, board)));
    consequences.extend(board.and_then(|board| protected(plan, board, &found)));
    let missing: Vec<&str> = rows.iter().filter(|row| row.found.is_none()).map(|row| row.option.as_str()).collect();
    if !missing.is_empty() {
        consequences
            .push(format!("nobody can say what an erase would do: the dump does not have {}", missing.join(", ")));
    }
    let steps = steps(device, &rows, other.is_some());
    Preflight { rows, other_chip: other_chip(device, dump), consequences, steps }
}

/// Dies are named by their device id: DIE451 says 0x451.
fn other_chip(device: &Device, dump: &Dump) -> Option<String> {
    let Device { part, .. } = device;
    let ours = u32::from_str_radix(part.die.strip_prefix("DIE")?, 16).ok()?;
    let theirs = dump.device_id.filter(|id| *id != ours)?;
    Some(format!("the board says device id {theirs:#X}; an {} has {ours:#X}: this is another chip", part.name))
}

/// What the plan says of option bytes, and that nothing is protected where it says nothing.
fn expected(plan: &Plan) -> Vec<OptionValue> {
    let mut options = plan.option_bytes.clone();
    for protection in plan.device.mode.regions.iter().filter_map(|region| region.write_protection.as_ref()) {
        if !options.iter().any(|option| option.name == protection.option) {
            let value = protection.unprotected();
            options.push(OptionValue {
                name: protection.option.clone(),
                value,
                text: "none active".into(),
                span: None,
            });
        }
    }
    options
}

fn row(device: &Device, option: &OptionValue, found: Option<u32>, board: Option<&Mode>) -> Row {
    let kind = device.part.option(&option.name).map(|known| known.kind);
    let text = |value: u32| match kind {
        Some(OptionKind::Bit) => value.to_string(),
        Some(OptionKind::Level) => format!("level {value}"),
        Some(OptionKind::SecureStart) => format!("sector {value}"),
        Some(OptionKind::BootAddress { .. }) => format!("{value:#06X}"),
        _ => format!("{value:#X}"),
    };
    let is_wrong = found != Some(option.value);
    let meaning = match (found, kind) {
        (Some(_), _) if !is_wrong => String::new(),
        (None, _) => "not in the dump".to_owned(),
        (Some(_), Some(OptionKind::Bit)) if device.part.mode_options().contains(&option.name.as_str()) => {
            board.map_or_else(|| "no known sector map".to_owned(), sector_map)
        }
        (Some(value), Some(OptionKind::BootAddress { shift })) => format!("starts at {}", address(value << shift)),
        (Some(0), Some(OptionKind::WriteProtection)) => "all active".to_owned(),
        (Some(value), Some(OptionKind::WriteProtection)) => active(value, option),
        (Some(value), Some(OptionKind::SecureStart)) => format!("from sector {value} on flash is the radio's"),
        (Some(value), _) => device
            .part
            .option(&option.name)
            .and_then(|known| known.meanings.get(usize::try_from(value).ok()?).cloned())
            .unwrap_or_default(),
    };
    Row {
        option: option.name.clone(),
        expected: option.value,
        expected_text: option.text.clone(),
        found,
        found_text: found.map_or_else(|| "?".to_owned(), text),
        meaning,
    }
}

/// `two banks: 0-7 at 0x0800_0000, 12-19 at 0x0808_0000`.
fn sector_map(mode: &Mode) -> String {
    let region = |region: &Region| {
        let numbers = region.numbers();
        format!("{}-{} at {}", numbers.start(), numbers.end(), address(region.base))
    };
    let regions: Vec<String> = mode.regions.iter().map(region).collect();
    format!("{}: sectors {}", mode.title, regions.join(", "))
}

fn active(value: u32, option: &OptionValue) -> String {
    let bit = |value: u32, at: u32| value >> at & 1;
    let which = |is: u32, should: u32| {
        (0..32).filter(|at| bit(value, *at) == is && bit(option.value, *at) == should).collect::<Vec<u32>>()
    };
    let (bits, open) = (which(0, 1), which(1, 0));
    let mut text = Vec::new();
    if !bits.is_empty() {
        text.push(format!("protects too much: {}", numbered("bit", bits)));
    }
    if !open.is_empty() {
        text.push(format!("does not protect: {}", numbered("bit", open)));
    }
    text.join("; ")
}

/// What the plan's slots would take of another sector map.
fn other_sectors(plan: &Plan, board: &Mode) -> String {
    let overlaps = |sector: &Sector| {
        plan.slots.iter().any(|slot| {
            let (slot, sector) = (&slot.extent.range, sector.range());
            sector.start < slot.end && slot.start < sector.end
        })
    };
    let numbers = numbers(board.regions.iter().flat_map(Region::sectors).filter(overlaps));
    let exists = |number: &u32| board.regions.iter().any(|region| region.numbers().contains(number));
    let (first, last) = (numbers.first().copied().unwrap_or(0), numbers.last().copied().unwrap_or(0));
    let missing = runs_of((first..=last).filter(|number| !exists(number))).join(", ");
    let mut text =
        format!("in this board's {} the slots take {}", board.phrase(), numbered("sector", numbers.iter().copied()));
    if !missing.is_empty() {
        // PM0059 (the same flash in the F2): an erase with an invalid sector number sets WRPERR.
        text += &format!(
            "; a tool that counts from {first} to {last} also asks for {missing}, which do not exist, and their erase fails as if they \
             were write-protected"
        );
    }
    text
}

/// The numbers of sectors, ascending, each once.
fn numbers(sectors: impl Iterator<Item = Sector>) -> Vec<u32> {
    let mut numbers: Vec<u32> = sectors.map(|sector| sector.number).collect();
    sort_by(&mut numbers, Ord::cmp);
    numbers.dedup();
    numbers
}

/// What must be erased and is write-protected on the board, by its own sector map.
fn protected(plan: &Plan, board: &Mode, found: &impl Fn(&str) -> Option<u32>) -> Option<String> {
    let must_erase = |sector: &Sector| {
        let hits = |range: &std::ops::Range<u32>| sector.address < range.end && range.start < sector.range().end;
        plan.slots.iter().any(|slot| !slot.write_protect.value && hits(&slot.extent.range))
            || plan.areas.iter().any(|area| hits(&area.extent.range))
    };
    let hit = numbers(write_protected(board, found).into_iter().filter(must_erase));
    if hit.is_empty() {
        return None;
    }
    let (are, their) = if hit.len() == 1 { ("is", "its") } else { ("are", "their") };
    let mut text = format!("{} {are} write-protected: {their} erase fails", numbered("sector", hit));
    let unproven: Vec<&str> = board
        .regions
        .iter()
        .filter(|region| region.write_protection.is_none())
        .map(|region| region.name.as_str())
        .collect();
    if !unproven.is_empty() {
        text += &format!("; which bits protect {} is unproven", unproven.join(", "));
    }
    Some(text)
}

/// The sectors that a board's option bytes protect from being written, as far as it is proven which bits do.
pub fn write_protected(board: &Mode, found: &impl Fn(&str) -> Option<u32>) -> Vec<Sector> {
    let of_region = |region: &Region| {
        let protection = region.write_protection.as_ref();
        let value = protection.and_then(|protection| Some((protection, found(&protection.option)?)));
        let is_protected =
            |sector: &Sector| value.is_some_and(|(protection, value)| bit(protection, sector) & !value != 0);
        region.sectors().filter(is_protected).collect::<Vec<_>>()
    };
    board.regions.iter().flat_map(of_region).collect()
}

fn bit(protection: &WriteProtection, sector: &Sector) -> u32 {
    let bit = *protection.bits_for(sector.number..=sector.number).start();
    1_u32.checked_shl(bit).unwrap_or(0)
}

/// What to do about it.
fn steps(device: &Device, rows: &[Row], other_mode: bool) -> Vec<String> {
    let kind = |row: &&Row| device.part.option(&row.option).map(|known| known.kind);
    let is_level = |row: &&Row| kind(row) == Some(OptionKind::Level);
    let is_protection = |row: &&Row| kind(row) == Some(OptionKind::WriteProtection);
    let is_radio = |row: &&Row| kind(row) == Some(OptionKind::SecureStart);
    let is_wrong = |row: &&Row| row.found.is_some() && !row.is_right();
    let mut steps = Vec::new();
    if rows.iter().any(|row| row.found.is_none()) {
        steps.push("read all option bytes: STM32_Programmer_CLI -c port=swd -ob displ".to_owned());
    }
    let level = rows.iter().find(is_level);
    match level.map(|row| (row.found, row)) {
        Some((Some(2), row)) if row.expected != 2 => {
            steps.push("this board is at read protection level 2, which is for ever: set it aside".to_owned());
        }
        Some((Some(found), row)) if found > row.expected => {
            steps.push(format!("{} from {found} to {}: this erases all flash", row.option, row.expected));
        }
        Some((Some(found @ 1), row)) if other_mode => {
            steps.push(format!(
                "{} from {found} to 0: behind it nobody erases flash; this erases all of it",
                row.option
            ));
        }
        _ => {}
    }
    if let Some(row) = rows.iter().filter(is_radio).find(is_wrong) {
        steps.push(format!(
            "{} is written by the installer of the radio's firmware (FUS), not by hand: install the one that the manifest counts with, or \
             count with this one",
            row.option
        ));
    }
    // PM0059 (the same flash in the F2): a mass erase while a sector is write-protected sets WRPERR, and erases nothing. So what
    // protects too much comes off with the mode, and what is to be protected is so afterwards.
    let value = |row: &Row| match (other_mode, is_protection(&row)) {
        (true, true) => Row { expected: unprotected(device, &row.option), ..row.clone() },
        _ => row.clone(),
    };
    let before: Vec<Row> =
        rows.iter().filter(|row| !is_level(row) && !is_radio(row)).map(value).filter(|row| is_wrong(&row)).collect();
    steps.extend(command(device, before));
    if other_mode {
        steps.push("then a mass erase: what was written in the other mode means nothing in this one".to_owned());
        let after = |row: &Row| Row { found: Some(unprotected(device, &row.option)), ..row.clone() };
        steps.extend(command(
            device,
            rows.iter().filter(is_protection).map(after).filter(|row| !row.is_right()).collect(),
        ));
    }
    if rows.iter().any(|row| is_wrong(&row)) {
        steps.push("then preflight again".to_owned());
    }
    if let Some(row) =
        level.filter(|row| row.expected > 0 && (other_mode || row.found.is_some_and(|found| found < row.expected)))
    {
        steps
            .push(format!("{} to {} comes last, after everything was written and read back", row.option, row.expected));
    }
    steps
}

/// The value of a write protection option that protects nothing.
fn unprotected(device: &Device, option: &str) -> u32 {
    let protections = device.mode.regions.iter().filter_map(|region| region.write_protection.as_ref());
    protections.into_iter().find(|known| known.option == option).map_or(0, WriteProtection::unprotected)
}

/// The line that sets options to what is expected of them.
fn command(device: &Device, rows: Vec<Row>) -> Option<String> {
    let values: Vec<String> = rows.iter().map(|row| assignment(device, row)).collect();
    (!values.is_empty()).then(|| format!("STM32_Programmer_CLI -c port=swd -ob {}", values.join(" ")))
}

/// As STM32_Programmer_CLI takes it: write protection bit by bit.
fn assignment(device: &Device, row: &Row) -> String {
    let known = device.part.option(&row.option);
    match known.map(|known| (known.kind, known.field.width)) {
        Some((OptionKind::WriteProtection, width)) => {
            let differs = |bit: &u32| row.found.is_some_and(|found| (found ^ row.expected) >> bit & 1 == 1);
            let bit = |bit: u32| format!("{}{bit}={}", row.option, row.expected >> bit & 1);
            (0..width).filter(differs).map(bit).collect::<Vec<_>>().join(" ")
        }
        Some((OptionKind::Bit, _)) => format!("{}={}", row.option, row.expected),
        _ => format!("{}={:#X}", row.option, row.expected),
    }
}
