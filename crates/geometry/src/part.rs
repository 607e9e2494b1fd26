//! Parts, and the modes that option bytes put them in.

use std::ops::{Range, RangeInclusive};

use serde::Deserialize;

use crate::{Citation, Region};

/// A chip by its order code without package, temperature and packing: STM32F767ZI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Order code, in capitals.
    pub name: String,
    /// The vector table of its core.
    pub vector_table: VectorTable,
    /// Memory that a stack may lie in, and other RAM, lowest address first.
    pub ram: Vec<Ram>,
    /// Second addresses of the flash, where it can be fetched from and not programmed.
    pub aliases: Vec<Alias>,
    /// The option bytes that are known of it.
    pub options: Vec<OptionByte>,
    /// What its option bytes can make of the flash. Never empty; a part with one sector map has one mode.
    pub modes: Vec<Mode>,
}

/// One sector map of a part, and the option values that select it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mode {
    /// The name that its geometry goes by: `single bank`.
    pub title: String,
    /// Option bytes and the values that they must have. Empty for a part with one sector map.
    pub selectors: Vec<(String, u32)>,
    /// Lowest address first.
    pub regions: Vec<Region>,
    /// What a write-protection bit covers in this mode. `None`: without evidence.
    pub write_protection: Option<WriteProtection>,
    /// Where the sector map comes from.
    pub citation: Citation,
}

/// Write protection by bits that each cover a group of neighbouring sectors and protect when 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteProtection {
    /// The option byte that holds the bits.
    pub option: String,
    /// How many bits there are.
    pub bits: u32,
    /// Bit i covers the sectors from `i * sectors_per_bit`.
    pub sectors_per_bit: u32,
    /// The same in words.
    pub rule: String,
    /// Where this comes from.
    pub citation: Citation,
}

/// A range of RAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ram {
    /// The reference manual's name.
    pub name: String,
    /// Address of its first byte.
    pub base: u32,
    /// Bytes.
    pub size: u32,
    /// Where this comes from.
    pub citation: Citation,
}

/// A second address of flash, for reading and fetching only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// `itcm`.
    pub name: String,
    /// Where the alias starts.
    pub base: u32,
    /// What is seen there: the address that can be programmed.
    pub target: u32,
    /// Bytes.
    pub size: u32,
    /// Where this comes from.
    pub citation: Citation,
}

/// An option byte, or a field of one, by the reference manual's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionByte {
    /// The reference manual's name: nDBANK.
    pub name: String,
    /// How its value is to be read.
    pub kind: OptionKind,
    /// What else depends on it.
    pub selects: Option<Selects>,
    /// Where a running program finds it.
    pub field: RegisterField,
    /// What its values mean, from 0 on, in words; empty if that is not recorded.
    pub meanings: Vec<String>,
    /// What it holds on a part as the factory ships it; `None` if that is not recorded.
    pub shipped: Option<u32>,
    /// Where this comes from.
    pub citation: Citation,
}

/// What depends on an option byte, so that a manifest must state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selects {
    /// The sector map.
    Geometry,
    /// The address at which a slot runs.
    RunAddress,
}

/// Neighbouring bits of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterField {
    /// The register's name.
    pub register: String,
    /// Address of the 32-bit register.
    pub address: u32,
    /// Its lowest bit.
    pub shift: u32,
    /// How many bits.
    pub width: u32,
}

/// How the value of an option byte is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// One bit, 0 or 1.
    Bit,
    /// A read protection level: 0, 1 or 2. Level 2 cannot be undone.
    Level,
    /// Where the core starts: bits of the address above `shift`, so that `value = address >> shift`.
    BootAddress {
        /// Bits that the value lacks; the address is a multiple of `1 << shift`.
        shift: u32,
    },
    /// Write protection, a bit for a group of sectors: see [`WriteProtection`].
    WriteProtection,
}

/// The vector table of a part's core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorTable {
    /// Words in it: 16 of the core, then one for each interrupt.
    pub entries: u32,
    /// Where this comes from.
    pub citation: Citation,
}

impl VectorTable {
    /// What its address must be a multiple of, in bytes: its size, rounded up to a power of two, and at least 128
    /// (Armv7-M Architecture Reference Manual B1.5.3 and B3.2.5).
    pub fn alignment(&self) -> u32 {
        (self.entries * 4).next_power_of_two().max(128)
    }
}

impl Part {
    /// The names of the option bytes that select a mode: empty if there is one mode.
    pub fn mode_options(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.modes.iter().flat_map(|mode| &mode.selectors) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The option byte of this name.
    pub fn option(&self, name: &str) -> Option<&OptionByte> {
        self.options.iter().find(|option| option.name == name)
    }

    /// The mode that these option values select; `value` gives the value of an option byte, if it is known.
    pub fn mode(&self, value: impl Fn(&str) -> Option<u32>) -> Option<&Mode> {
        self.modes.iter().find(|mode| mode.selectors.iter().all(|(name, wanted)| value(name) == Some(*wanted)))
    }

    /// The RAM that an initial stack pointer of this value would grow into: it points into the block or, since a stack is
    /// full and descending, to the byte behind it.
    pub fn stack_at(&self, address: u32) -> Option<&Ram> {
        self.ram.iter().find(|ram| address > ram.base && address <= ram.range().end)
    }

    /// The address that can be programmed for one that is seen through an alias; any other address as it is.
    pub fn canonical(&self, address: u32) -> u32 {
        let alias = self.aliases.iter().find(|alias| (alias.base..alias.base + alias.size).contains(&address));
        alias.map_or(address, |alias| address - alias.base + alias.target)
    }
}

impl RegisterField {
    /// Its bits, in place.
    pub fn mask(&self) -> u32 {
        let bits = u32::MAX.checked_shr(32 - self.width).unwrap_or(0);
        bits << self.shift
    }

    /// A value of the field, in place; bits that do not fit are cut off.
    pub fn place(&self, value: u32) -> u32 {
        (value << self.shift) & self.mask()
    }
}

impl Ram {
    /// The addresses it covers.
    pub fn range(&self) -> Range<u32> {
        self.base..self.base.saturating_add(self.size)
    }
}

impl Mode {
    /// The mode as a sentence has it: `dual-bank mode`.
    pub fn phrase(&self) -> String {
        format!("{} mode", self.title.replace(' ', "-"))
    }

    /// The sector map in words: `4x32K, 128K, 7x256K`, or `2 x (4x16K, 64K, 7x128K)` where the regions are alike.
    pub fn summary(&self) -> String {
        let maps: Vec<String> = self.regions.iter().map(Region::summary).collect();
        match maps.as_slice() {
            [only] => only.clone(),
            [first, rest @ ..] if rest.iter().all(|map| map == first) => format!("{} x ({first})", maps.len()),
            _ => maps.join("; "),
        }
    }

    /// The region of this name.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// The region that holds this address.
    pub fn region_at(&self, address: u32) -> Option<&Region> {
        self.regions.iter().find(|region| region.range().contains(&address))
    }
}

impl WriteProtection {
    /// The bits that must be 0 to protect these sectors.
    pub fn bits_for(&self, sectors: RangeInclusive<u32>) -> RangeInclusive<u32> {
        sectors.start() / self.sectors_per_bit..=sectors.end() / self.sectors_per_bit
    }

    /// All sectors that these bits cover.
    pub fn sectors_of(&self, bits: RangeInclusive<u32>) -> RangeInclusive<u32> {
        bits.start() * self.sectors_per_bit..=(bits.end() + 1) * self.sectors_per_bit - 1
    }

    /// The value of the option byte when nothing is protected: all ones.
    pub fn unprotected(&self) -> u32 {
        (1 << self.bits) - 1
    }
}
