//! Order codes and memory maps: stm32-data-generated's form in, ours out.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Deserialize;

use super::second::Source;
use super::{CHIPS_SOURCE, SECOND_SOURCE, hex, name_lines, run_list, sectors};

/// Chips of equal content, as the source has them.
#[derive(Deserialize)]
pub struct Group {
    die: String,
    family: String,
    cores_and_last_interrupt: Vec<(String, u32)>,
    parts: Vec<String>,
    modes: Vec<Vec<Memory>>,
}

#[derive(Deserialize)]
struct Memory {
    kind: Kind,
    name: String,
    address: u32,
    size: u32,
    erase: Option<u32>,
    write: Option<u32>,
    erased: Option<u8>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Flash,
    Ram,
    Eeprom,
}

type Block = (String, u32, u32);

/// Chips of equal content and equal agreement with the second source, in our form.
pub struct Chip {
    die: String,
    cores: Vec<(String, u32)>,
    /// Order codes, sorted.
    pub parts: Vec<String>,
    modes: Vec<Mode>,
    flash: Option<(u32, u8)>,
    otp: Option<(u32, u32)>,
    ram: Vec<Block>,
    eeprom: Vec<Block>,
}

#[derive(Clone)]
struct Mode {
    same_as: Vec<String>,
    regions: Vec<Region>,
}

#[derive(Clone)]
struct Region {
    base: u32,
    runs: Vec<(u32, u32)>,
}

impl Group {
    /// The file that its family is described in: L4 and L4+ share one, as their order codes begin alike.
    pub fn family_file(&self) -> String {
        self.family.trim_end_matches('+').to_ascii_lowercase()
    }

    /// Its chips, parted by what the second source says of each.
    ///
    /// # Errors
    /// What our form cannot say.
    pub fn chips(&self, second: &Source) -> Result<Vec<Chip>, String> {
        let modes = self.modes.iter().map(|memories| regions(memories)).collect::<Result<Vec<_>, _>>()?;
        let mut by_agreement: BTreeMap<Vec<Vec<String>>, Vec<String>> = BTreeMap::new();
        for part in &self.parts {
            let same = |regions: &Vec<Region>| {
                let own: Vec<(u32, u32)> =
                    regions.iter().flat_map(|region| sectors(region.base, &region.runs)).collect();
                second.same_as(part, &own)
            };
            by_agreement.entry(modes.iter().map(same).collect()).or_default().push(part.clone());
        }
        let all = || self.modes.iter().flatten();
        let otp = all().find(|memory| is_otp(memory)).map(|memory| (memory.address, memory.size));
        let chip = |(agreement, mut parts): (Vec<Vec<String>>, Vec<String>)| {
            parts.sort();
            let mode = |(same_as, regions): (Vec<String>, &Vec<Region>)| Mode { same_as, regions: regions.clone() };
            Ok(Chip {
                die: self.die.clone(),
                cores: self.cores_and_last_interrupt.clone(),
                parts,
                modes: agreement.into_iter().zip(&modes).map(mode).collect(),
                flash: self.flash()?,
                otp,
                ram: self.blocks(Kind::Ram)?,
                eeprom: self.blocks(Kind::Eeprom)?,
            })
        };
        by_agreement.into_iter().map(chip).collect()
    }

    /// Write size and erased value, which must be one for all flash.
    fn flash(&self) -> Result<Option<(u32, u8)>, String> {
        let mut all = self.modes.iter().flatten().filter_map(|memory| Some((memory.write?, memory.erased?)));
        let first = all.next();
        match all.find(|other| Some(*other) != first) {
            Some(_) => Err(format!("{:?}: flash of two kinds", self.parts)),
            None => Ok(first),
        }
    }

    /// RAM or EEPROM, which must not depend on the mode. Windows of external memory, which the source also lists as RAM
    /// (FMC, OCTOSPI, SDRAM: one of them at 0x7FFF_FFFF), are no RAM of the part.
    fn blocks(&self, kind: Kind) -> Result<Vec<Block>, String> {
        let is_window = |name: &str| ["FMC_", "OCTOSPI_", "SDRAM_"].iter().any(|bus| name.starts_with(bus));
        let of = |memories: &Vec<Memory>| -> Vec<Block> {
            let wanted = memories.iter().filter(|memory| memory.kind == kind && !is_window(&memory.name));
            let mut blocks: Vec<Block> =
                wanted.map(|memory| (memory.name.clone(), memory.address, memory.size)).collect();
            blocks.sort_by_key(|(_, base, _)| *base);
            blocks
        };
        let mut all = self.modes.iter().map(of);
        let first = all.next().unwrap_or_default();
        if all.any(|other| other != first) {
            return Err(format!("{:?}: RAM or EEPROM that depends on the mode", self.parts));
        }
        Ok(first)
    }
}

fn is_otp(memory: &Memory) -> bool {
    memory.kind == Kind::Flash && memory.name == "OTP"
}

/// The banks of one mode: `BANK_1`, or `BANK_1_REGION_1` and so on for runs of sectors of one size.
fn regions(memories: &[Memory]) -> Result<Vec<Region>, String> {
    let mut flash: Vec<&Memory> =
        memories.iter().filter(|memory| memory.kind == Kind::Flash && !is_otp(memory)).collect();
    flash.sort_by_key(|memory| memory.address);
    let mut banks: BTreeMap<&str, Region> = BTreeMap::new();
    for memory in flash {
        let size = memory.erase.filter(|size| *size > 0 && memory.size.is_multiple_of(*size));
        let Some(size) = size else { return Err(format!("{}: no whole number of sectors", memory.name)) };
        let bank = memory.name.split_once("_REGION").map_or(memory.name.as_str(), |(bank, _)| bank);
        let region = banks.entry(bank).or_insert(Region { base: memory.address, runs: Vec::new() });
        let end = region.base + region.runs.iter().map(|(count, size)| count * size).sum::<u32>();
        if end != memory.address {
            return Err(format!("{}: a hole in a bank", memory.name));
        }
        region.runs.push((memory.size / size, size));
    }
    Ok(banks.into_values().collect())
}

/// The file of a family.
///
/// # Errors
/// None: a string takes all text.
pub fn file(name: &str, chips: &[Chip]) -> Result<String, fmt::Error> {
    let mut text = format!(
        "# Order codes and memory of the {}. Written by `cargo xtask devices --import`: do not edit. Where it is wrong,\n\
         # ../{name}.toml says so and why.\n\
         #\n\
         # flash: the source's own write size, which is no fact about the silicon, and the erased value.\n\
         # otp, ram, eeprom: base and size. cores: with the number of the last interrupt. modes: base and sectors of each bank;\n\
         # same_as: flash algorithms of the second source with the same sectors.\n\n\
         source = \"{CHIPS_SOURCE}, data/chips\"\n\
         second_source = \"{SECOND_SOURCE}\"\n",
        name.to_ascii_uppercase()
    );
    for chip in chips {
        chip.write(&mut text)?;
    }
    Ok(text)
}

impl Chip {
    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "\n[[chips]]\ndie = \"{}\"", self.die)?;
        let cores: Vec<String> = self.cores.iter().map(|(core, last)| format!("[\"{core}\", {last}]")).collect();
        writeln!(text, "cores = [{}]", cores.join(", "))?;
        writeln!(text, "parts = [\n{}]", name_lines(&self.parts)?)?;
        if let Some((write, erased)) = self.flash {
            writeln!(text, "flash = {{ write = {write}, erased = 0x{erased:02X} }}")?;
        }
        if let Some((base, size)) = self.otp {
            writeln!(text, "otp = [{}, {size}]", hex(base))?;
        }
        for (name, blocks) in [("ram", &self.ram), ("eeprom", &self.eeprom)] {
            if !blocks.is_empty() {
                let block = |(name, base, size): &Block| format!("[\"{name}\", {}, {}]", hex(*base), hex(*size));
                writeln!(text, "{name} = [{}]", blocks.iter().map(block).collect::<Vec<_>>().join(", "))?;
            }
        }
        for mode in &self.modes {
            writeln!(text, "\n[[chips.modes]]")?;
            if !mode.same_as.is_empty() {
                writeln!(text, "same_as = {:?}", mode.same_as)?;
            }
            writeln!(text, "regions = [")?;
            for Region { base, runs } in &mode.regions {
                writeln!(text, "    {{ base = {}, runs = {} }},", hex(*base), run_list(runs))?;
            }
            writeln!(text, "]")?;
        }
        Ok(())
    }
}
