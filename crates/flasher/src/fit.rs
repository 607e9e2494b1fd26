//! A device against a plan: may this board be written as the manifest says?

use std::fmt::Write as _;
use std::ops::Range;

use geometry::{Mode, OptionKind, Part, Region, Sector, address};
use manifest::Plan;
use manifest::preflight::{Dump, Preflight, preflight, write_protected};

use crate::connected::{Connected, Options};
use crate::trouble::read_protected;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// Whether the device lets itself be read, and so written.
    ReadProtection,
    /// The sectors of the flash.
    Sectors,
    /// How much flash the device names beyond the part's.
    FlashSize,
    /// Option bytes.
    OptionBytes,
    /// One-time-programmable memory.
    Otp,
}

impl Matter {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ReadProtection, Self::Sectors, Self::FlashSize, Self::OptionBytes, Self::Otp];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadProtection => "read-protection",
            Self::Sectors => "sectors",
            Self::FlashSize => "flash-size",
            Self::OptionBytes => "option-bytes",
            Self::Otp => "otp",
        }
    }
}

/// How it compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As the manifest says.
    Right,
    /// Different, and of no matter for what is to be written.
    Note,
    /// It cannot be told. Somebody has to know it better, and say so.
    Unknown,
    /// Different: this board is not written.
    Wrong,
}

impl Outcome {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Note => "note",
            Self::Unknown => "unknown",
            Self::Wrong => "WRONG",
        }
    }
}

/// What was compared, and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub matter: Matter,
    /// How it came out.
    pub outcome: Outcome,
    /// The same in words.
    pub text: String,
    /// What to do about it.
    pub advice: Vec<String>,
}

/// What is to be done to the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Its flash is written.
    Flash,
    /// Its one-time-programmable memory is burnt.
    Otp,
}

/// A device compared with a plan.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Everything that was compared.
    pub findings: Vec<Finding>,
    fit: Fit,
}

/// A device that a plan may be carried out on. Only [`Comparison::accept`] makes one.
#[derive(Clone, Debug)]
pub struct Fit {
    pub(crate) device: Connected,
    pub(crate) purpose: Purpose,
    /// Sectors that the option bytes are known to protect.
    pub(crate) write_protected: Vec<Sector>,
}

impl Fit {
    /// The device.
    pub fn device(&self) -> &Connected {
        &self.device
    }
}

impl Comparison {
    /// Whether nothing speaks against it, not even something that nobody knows.
    pub fn is_right(&self) -> bool {
        self.against(&[]).next().is_none()
    }

    /// What speaks against it, when somebody answers for these matters where they are unknown.
    pub fn against<'a>(&'a self, without: &'a [Matter]) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(|finding| match finding.outcome {
            Outcome::Right | Outcome::Note => false,
            Outcome::Unknown => !without.contains(&finding.matter),
            Outcome::Wrong => true,
        })
    }

    /// In words, line by line.
    pub fn text(&self) -> String {
        let mut text = self.fit.device.text();
        for Finding { matter, outcome, text: what, advice } in &self.findings {
            let _ = writeln!(text, "  {:<15}  {:<7}  {what}", matter.word(), outcome.word());
            for line in advice {
                let _ = writeln!(text, "  = help: {line}");
            }
        }
        text
    }

    /// The device as one that may be written.
    ///
    /// # Errors
    /// What speaks against it. What is wrong cannot be waived, only what is unknown.
    pub fn accept(&self, without: &[Matter]) -> Result<Fit, Vec<Finding>> {
        let against: Vec<Finding> = self.against(without).cloned().collect();
        if against.is_empty() { Ok(self.fit.clone()) } else { Err(against) }
    }
}

impl Connected {
    /// Compares the device with a plan.
    pub fn compare(&self, plan: &Plan, purpose: Purpose) -> Comparison {
        let part = &plan.device.part;
        let value = |name: &str| self.options.value(part, name);
        let mut findings = vec![self.protection()];
        if !self.read_protected {
            findings.extend(self.option_bytes(plan, purpose));
        }
        match purpose {
            Purpose::Flash => {
                findings.extend(self.sectors(plan));
                findings.extend(self.write_protection(part, &plan.device.mode, value).filter(|_| !self.read_protected));
            }
            Purpose::Otp => {
                findings.push(self.otp_memory(plan));
                findings.extend(self.another_part(plan));
            }
        }
        let mode = part.mode(value).unwrap_or(&plan.device.mode);
        let fit = Fit { device: self.clone(), purpose, write_protected: write_protected(mode, &value) };
        Comparison { findings, fit }
    }

    fn protection(&self) -> Finding {
        let matter = Matter::ReadProtection;
        if self.read_protected {
            let [text, advice] = <[String; 2]>::try_from(read_protected()).unwrap_or_default();
            return Finding { matter, outcome: Outcome::Wrong, text, advice: vec![advice] };
        }
        let text = "the device lets itself be read".to_owned();
        Finding { matter, outcome: Outcome::Right, text, advice: Vec::new() }
    }

    /// That nobody can tell which sectors are protected from being written: over USB that gives no error.
    fn write_protection(&self, part: &Part, mode: &Mode, value: impl Fn(&str) -> Option<u32>) -> Option<Finding> {
        let unknown = mode.regions.iter().find_map(|region| match &region.write_protection {
            Some(protection) if value(&protection.option).is_some() => None,
            protection => Some(protection.as_ref().map(|protection| protection.option.as_str())),
        })?;
        let why = match unknown {
            Some(option) => self.unread(part, option),
            None => "which bits protect which sectors of this part is unproven".to_owned(),
        };
        let text = format!("write protection is not compared: {why}");
        let advice = vec![
            "a protected sector is neither erased nor programmed, and the device gives no error: the read-back finds it"
                .to_owned(),
        ];
        Some(Finding { matter: Matter::OptionBytes, outcome: Outcome::Note, text, advice })
    }

    /// The device's sectors against those of the part in the plan's mode.
    fn sectors(&self, plan: &Plan) -> Vec<Finding> {
        let (part, mode) = (&plan.device.part, &plan.device.mode);
        let said: Vec<&str> = self.flash().map(|(alternate, _)| alternate.name.trim_end_matches('\0')).collect();
        let Some(first) = self.other_sector(mode) else {
            let text = format!("an {}'s sectors in {}: {}", part.name, mode.phrase(), mode.summary());
            let right = Finding { matter: Matter::Sectors, outcome: Outcome::Right, text, advice: Vec::new() };
            return std::iter::once(right).chain(self.larger(plan)).collect();
        };
        let mut text = match said.as_slice() {
            [] => "the device names no flash".to_owned(),
            said => format!("the device has other sectors at {}: it says {}", address(first), said.join("; ")),
        };
        let mut advice = vec![format!("the manifest is for an {} in {}: {}", part.name, mode.phrase(), mode.summary())];
        let other = part.modes.iter().filter(|other| *other != mode).find(|other| self.other_sector(other).is_none());
        if let Some(other) = other {
            text = format!("this board is in {}, and the manifest is for {}", other.phrase(), mode.phrase());
            let set: Vec<String> = mode.selectors.iter().map(|(name, value)| format!("{name}={value}")).collect();
            advice.push(format!("set {} with a debugger, and then erase all flash", set.join(" ")));
        }
        vec![Finding { matter: Matter::Sectors, outcome: Outcome::Wrong, text, advice }]
    }

    /// What the flash tells of the part where only its one-time-programmable memory is burnt, which many parts have at the same address: sectors of
    /// none of the part's modes, or more of them than it has.
    fn another_part(&self, plan: &Plan) -> Option<Finding> {
        let part = &plan.device.part;
        self.flash().next()?;
        if part.modes.iter().all(|mode| self.other_sector(mode).is_some()) {
            let text = format!("the device's sectors are none of an {}'s, for which the manifest is", part.name);
            let advice = vec!["read what is printed on the chip".to_owned()];
            return Some(Finding { matter: Matter::Sectors, outcome: Outcome::Wrong, text, advice });
        }
        self.larger(plan).map(|found| Finding { outcome: Outcome::Note, ..found })
    }

    /// The first address of a mode whose sector the device does not have just so.
    fn other_sector(&self, mode: &Mode) -> Option<u32> {
        let is_same = |sector: &Sector| {
            let range = u64::from(sector.address)..u64::from(sector.address) + u64::from(sector.size);
            let can = |map: &dfuse::MemoryMap| {
                map.sector(sector.address)
                    .is_some_and(|(found, can)| found == range && can.read && can.erase && can.write)
            };
            self.flash().any(|(_, map)| can(map))
        };
        mode.regions.iter().flat_map(Region::sectors).find(|sector| !is_same(sector)).map(|sector| sector.address)
    }

    /// More flash than the part has: another part of the die, or a ROM that names the largest one's.
    fn larger(&self, plan: &Plan) -> Option<Finding> {
        let ours = |at: u64| u32::try_from(at).is_ok_and(|at| plan.device.mode.region_at(at).is_some());
        let runs = self.flash().flat_map(|(_, map)| &map.runs);
        let beyond = runs.filter(|run| !ours(run.range().end - 1)).map(|run| run.range().end).max()?;
        let text = format!("the device names flash up to 0x{:08X}, which no {} has", beyond - 1, plan.device.part.name);
        let advice = vec![
            "it is another part, or its ROM names the largest part's flash: read what is printed on the chip"
                .to_owned(),
        ];
        Some(Finding { matter: Matter::FlashSize, outcome: Outcome::Unknown, text, advice })
    }

    fn option_bytes(&self, plan: &Plan, purpose: Purpose) -> Vec<Finding> {
        let part = &plan.device.part;
        let names: Vec<&str> = part.options.iter().map(|option| option.name.as_str()).collect();
        let values = names.iter().filter_map(|name| Some(((*name).to_owned(), self.options.value(part, name)?)));
        let dump = Dump::of_values(values);
        let Preflight { rows, consequences, .. } = preflight(plan, &dump);
        let modes = part.mode_options();
        let mut findings = Vec::new();
        for row in rows.iter().filter(|row| !row.is_right()) {
            let kind = part.option(&row.option).map(|option| option.kind);
            let selects = modes.contains(&row.option.as_str());
            let (name, expected, found) = (&row.option, &row.expected_text, &row.found_text);
            let (outcome, text) = match (row.found, kind) {
                (None, _) if selects && purpose == Purpose::Flash => {
                    (Outcome::Unknown, format!("{}; it chooses the sector map", self.unread(part, name)))
                }
                // See `write_protection`.
                (None, Some(OptionKind::WriteProtection)) => continue,
                (None, _) => (Outcome::Note, self.unread(part, name)),
                (Some(_), _) if selects && purpose == Purpose::Flash => {
                    (Outcome::Wrong, format!("{name} is {found} ({}); the manifest says {expected}", row.meaning))
                }
                (Some(_), Some(OptionKind::Level)) => {
                    (Outcome::Note, format!("{name} is {found}; {expected} comes last, when everything is written"))
                }
                (Some(_), _) => {
                    let meaning = if row.meaning.is_empty() { String::new() } else { format!(" ({})", row.meaning) };
                    (Outcome::Note, format!("{name} is {found}{meaning}; shipped boards have {expected}"))
                }
            };
            let advice = if outcome == Outcome::Wrong { consequences.clone() } else { Vec::new() };
            findings.push(Finding { matter: Matter::OptionBytes, outcome, text, advice });
        }
        if findings.is_empty() && !rows.is_empty() {
            let text = "option bytes as the manifest has them".to_owned();
            findings.push(Finding { matter: Matter::OptionBytes, outcome: Outcome::Right, text, advice: Vec::new() });
        }
        findings
    }

    /// Why an option byte's value is not known.
    fn unread(&self, part: &Part, option: &str) -> String {
        let is_stored = part.option(option).is_some_and(|option| part.is_stored(&option.field));
        match &self.options {
            Options::Absent => format!("{option} is not known: the device does not show its option bytes"),
            Options::Unread(trouble) => format!("{option} is not known: the option bytes could not be read: {trouble}"),
            Options::Read { .. } if is_stored => {
                format!("{option} is not known: its bytes are missing, or contradict their complement")
            }
            Options::Read { .. } => {
                format!("{option} is not decoded: where the ROM of an {} gives it is unproven", part.name)
            }
        }
    }

    fn otp_memory(&self, plan: &Plan) -> Finding {
        let matter = Matter::Otp;
        let wrong = |text: String| Finding { matter, outcome: Outcome::Wrong, text, advice: Vec::new() };
        let Some(otp) = &plan.otp else {
            return wrong("the manifest describes no one-time-programmable memory".to_owned());
        };
        let Some((alternate, map)) = self.otp() else {
            return wrong(
                "the device names no one-time-programmable memory: its ROM does not give it to DFU".to_owned(),
            );
        };
        let range: Range<u32> = otp.memory.range();
        if !map.allows(&range, |access| access.read && access.write) {
            let said = alternate.name.trim_end_matches('\0');
            let (first, last) = (address(range.start), address(range.end.saturating_sub(1)));
            return wrong(format!("the manifest's memory is {first} to {last}; the device says {said}"));
        }
        let text = format!("{} bytes at {}", otp.memory.size, address(otp.memory.base));
        Finding { matter, outcome: Outcome::Right, text, advice: Vec::new() }
    }
}
