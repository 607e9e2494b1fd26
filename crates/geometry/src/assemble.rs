//! A part, out of its memory map and the facts about its family.

use crate::chips::{Chip, Chips};
use crate::family::{
    self, AliasForm, BitForm, Block, Family, Kind, LockWord, ModeRule, OptionForm, OtpForm, RegionForm, RegisterForm,
    Statement, all, fact, one,
};
use crate::sort::sort_by_key;
use crate::{
    Alias, Citation, Correction, Ecc, Lock, Mode, OptionByte, OptionKind, Otp, PageProtection, Part, Ram, Region,
    RegisterField, StoredOptions, Swap, SwapBit, Upstream, VectorTable, Window, WriteProtection,
};

/// The part of this name.
///
/// # Errors
/// Statements that contradict one another, or options that do not tell modes apart.
pub fn part(name: &str, chip: &Chip, chips: &Chips, family_name: &str, family: &Family) -> Result<Part, String> {
    let builder = Builder { name, chip, chips, family };
    let modes = builder.modes()?;
    let end = modes.iter().flat_map(|mode| &mode.regions).map(|region| region.range().end).max().unwrap_or_default();
    let ram = blocks(&family.ram, name);
    let swap = one(family.swap.iter(), name, "bank swap")?;
    let selector = one(family.erase_selector.iter(), name, "the erase selector")?;
    Ok(Part {
        name: name.to_owned(),
        family: family_name.to_owned(),
        die: chip.die.clone(),
        cores: chip.cores.iter().map(|(core, _)| core.clone()).collect(),
        vector_table: builder.vector_table(),
        ram: if ram.is_empty() { chips.blocks(&chip.ram) } else { ram },
        shared_ram: fact(one(family.shared_ram.iter(), name, "shared RAM")?, |shared| shared.blocks.clone()),
        eeprom: chips.blocks(&chip.eeprom),
        otp: one(family.otp.iter(), name, "OTP")?.map(otp).transpose()?,
        option_memory: blocks(&family.option_memory, name),
        stored_options: all(&family.stored_options, name)
            .map(|form| StoredOptions {
                address: form.address,
                register: form.register.address,
                shift: form.shift,
                citation: form.citation(),
            })
            .collect(),
        swap: fact(swap, |form| Swap { rule: form.rule.clone(), bit: form.bit.as_ref().map(swap_bit) }),
        erase_selector: fact(selector, |selector| selector.means),
        windows: all(&family.windows, name)
            .map(|form| Window { bus: form.name.clone(), base: form.base, size: form.size, citation: form.citation() })
            .collect(),
        aliases: all(&family.aliases, name).map(|form| alias(form, end)).collect(),
        corrections: all(&family.corrections, name).map(correction).collect(),
        upstream: Upstream {
            write: chip.flash.as_ref().map(|flash| flash.write),
            erased: chip.flash.as_ref().map(|flash| flash.erased),
            otp: chip.otp,
        },
        options: all(&family.options, name).map(option).collect::<Result<_, _>>()?,
        sources: family.sources.clone(),
        modes,
    })
}

struct Builder<'a> {
    name: &'a str,
    chip: &'a Chip,
    chips: &'a Chips,
    family: &'a Family,
}

impl Builder<'_> {
    fn vector_table(&self) -> VectorTable {
        // Exceptions of the core take 16 words, then comes interrupt 0.
        let last = self.chip.cores.first().map_or(0, |(_, last)| *last);
        VectorTable { entries: 16 + last + 1, citation: self.chips.citation() }
    }

    /// The imported modes, as the family's rules name and correct them, and those that only a rule has.
    fn modes(&self) -> Result<Vec<Mode>, String> {
        let mut modes = Vec::new();
        for imported in &self.chip.modes {
            let rule = self.rule(imported.regions.len())?;
            let from = self.chips.map_citation(imported);
            modes.push(match rule.and_then(|rule| rule.regions.as_ref()) {
                Some(regions) => self.mode(rule, regions, rule.map_or(from, Statement::citation))?,
                None => self.mode(rule, &imported.regions, from)?,
            });
        }
        for rule in all(&self.family.modes, self.name) {
            let is_new = self.chip.modes.iter().all(|imported| imported.regions.len() != rule.banks);
            if let Some(regions) = rule.regions.as_ref().filter(|_| is_new) {
                modes.push(self.mode(Some(rule), regions, rule.citation())?);
            }
        }
        let selectors = modes.iter().map(|mode| &mode.selectors);
        if modes.len() > 1
            && selectors.clone().any(|own| own.is_empty() || selectors.clone().filter(|s| *s == own).count() > 1)
        {
            return Err(format!("no option tells the modes of {} apart", self.name));
        }
        sort_by_key(&mut modes, |mode| mode.regions.len());
        Ok(modes)
    }

    fn rule(&self, banks: usize) -> Result<Option<&ModeRule>, String> {
        let rules = self.family.modes.iter().filter(|rule| rule.banks == banks);
        one(rules, self.name, &format!("the mode of {banks} banks"))
    }

    fn mode(&self, rule: Option<&ModeRule>, regions: &[RegionForm], from: Citation) -> Result<Mode, String> {
        let banks = regions.len();
        let title = rule.map(|rule| rule.title.clone());
        let region = |(index, form)| self.region(banks, index, form, &from);
        Ok(Mode {
            title: title.unwrap_or_else(|| default_title(banks).to_owned()),
            selectors: rule.map(|rule| rule.selectors.clone()).unwrap_or_default(),
            regions: regions.iter().enumerate().map(region).collect::<Result<_, _>>()?,
            citation: rule.map_or(from.clone(), Statement::citation),
        })
    }

    fn region(&self, banks: usize, index: usize, form: &RegionForm, from: &Citation) -> Result<Region, String> {
        let Family {
            program_unit,
            ecc_word,
            erased,
            rewrite,
            read_while_write,
            numbers,
            write_protection,
            page_protection,
            ..
        } = self.family;
        let numbers = one(numbers.iter().filter(|numbers| numbers.banks == banks), self.name, "sector numbers")?;
        // A statement about fewer banks than there are leaves the others unproven.
        let first = numbers.and_then(|numbers| numbers.first.get(index).copied());
        let protections =
            write_protection.iter().filter(|p| p.banks == banks && p.bank.is_none_or(|bank| bank == index + 1));
        let protection = one(protections, self.name, "write protection")?;
        let pages = page_protection.iter().filter(|pages| pages.banks == banks && pages.bank == index + 1);
        let pages = one(pages, self.name, "protection of pages")?;
        let program_unit = one(program_unit.iter(), self.name, "the program unit")?;
        let ecc = one(ecc_word.iter(), self.name, "the ECC word")?;
        let erased = one(erased.iter(), self.name, "the erased value")?;
        let rewrite = one(rewrite.iter(), self.name, "rewriting")?;
        let read_while_write =
            one(read_while_write.iter().filter(|rule| rule.banks == banks), self.name, "reading while writing")?;
        Ok(Region {
            name: if banks == 1 { "flash".to_owned() } else { format!("bank{}", index + 1) },
            base: form.base,
            first_sector: first.unwrap_or(0),
            runs: form.runs.clone(),
            sectors_from: from.clone(),
            numbers: numbers.filter(|_| first.is_some()).map(Statement::citation),
            program_unit: fact(program_unit, |unit| unit.bytes),
            ecc: fact(ecc, |ecc| if ecc.bytes == 0 { Ecc::None } else { Ecc::Word(ecc.bytes) }),
            erased: fact(erased, |erased| erased.value),
            rewrite: fact(rewrite, |rewrite| rewrite.rule),
            read_while_write: fact(read_while_write, |read| read.rule),
            write_protection: protection.map(|form| WriteProtection {
                option: form.option.clone(),
                bits: form.bits,
                sectors_per_bit: form.sectors_per_bit,
                first_sector: form.first_sector,
                rule: form.rule.clone(),
                citation: form.citation(),
            }),
            page_protection: pages.map(|form| PageProtection {
                options: form.options.clone(),
                rule: form.rule.clone(),
                citation: form.citation(),
            }),
        })
    }
}

fn blocks(forms: &[Block], part: &str) -> Vec<Ram> {
    let block =
        |form: &Block| Ram { name: form.name.clone(), base: form.base, size: form.size, citation: form.citation() };
    all(forms, part).map(block).collect()
}

fn default_title(banks: usize) -> &'static str {
    match banks {
        0 => "no internal flash",
        1 => "single bank",
        _ => "dual bank",
    }
}

fn lock(form: &OtpForm) -> Result<Option<Lock>, String> {
    match (form.lock, form.lock_bytes) {
        (Some(_), Some(_)) => Err("two statements about what locks the OTP".to_owned()),
        (None, bytes) => Ok(bytes.map(Lock::Bytes)),
        (Some(LockWord::Register), None) => Ok(Some(Lock::Register)),
        (Some(LockWord::Unit), None) => Ok(Some(Lock::Unit)),
    }
}

fn swap_bit(form: &BitForm) -> SwapBit {
    let RegisterForm { name, address } = &form.register;
    let field = RegisterField { register: name.clone(), address: *address, shift: form.shift, width: 1 };
    SwapBit { name: form.name.clone(), field }
}

fn otp(form: &OtpForm) -> Result<Otp, String> {
    Ok(Otp {
        base: form.base,
        size: form.size,
        block: form.block,
        unit: form.unit,
        lock: lock(form)?,
        unique_id: form.unique_id,
        blank_read: form.blank_read,
        citation: form.citation(),
    })
}

/// An alias of all flash from its target up to `end`.
fn alias(form: &AliasForm, end: u32) -> Alias {
    Alias {
        name: form.name.clone(),
        base: form.base,
        target: form.target,
        size: end.saturating_sub(form.target),
        citation: form.citation(),
    }
}

fn correction(form: &family::Correction) -> Correction {
    Correction { of: form.of, upstream: form.upstream.clone(), ours: form.ours.clone(), citation: form.citation() }
}

fn option(form: &OptionForm) -> Result<OptionByte, String> {
    let kind = match (form.kind, form.address_shift) {
        (Kind::Bit, None) => OptionKind::Bit,
        (Kind::Level, None) => OptionKind::Level,
        (Kind::WriteProtection, None) => OptionKind::WriteProtection,
        (Kind::SecureStart, None) => OptionKind::SecureStart,
        (Kind::BootAddress, Some(shift)) => OptionKind::BootAddress { shift },
        _ => return Err(format!("option {}: a boot address, and nothing else, has an address-shift", form.name)),
    };
    Ok(OptionByte {
        name: form.name.clone(),
        kind,
        selects: form.selects,
        field: RegisterField {
            register: form.register.name.clone(),
            address: form.register.address,
            shift: form.shift,
            width: form.width,
        },
        meanings: form.meanings.clone(),
        shipped: form.shipped,
        citation: form.citation(),
    })
}
