//! Parts, and the modes that option bytes put them in.

use std::fmt;
use std::ops::Range;

use crate::read::words;
use crate::{Citation, Fact, OptionByte, OptionKind, Otp, Region, RegisterField, Sector, Selects, StoredOptions};

/// A chip by its order code without package, temperature and packing: STM32F767ZI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Order code, in capitals.
    pub name: String,
    /// Its family, with which its order code begins: `STM32F7`.
    pub family: String,
    /// The die it is made of, by its device id: `DIE451`. Parts of a die share their rules, not always their memory.
    pub die: String,
    /// Its cores as `cm7`, the one that starts first.
    pub cores: Vec<String>,
    /// The vector table of its first core.
    pub vector_table: VectorTable,
    /// Memory that a stack may lie in, and other RAM, lowest address first.
    pub ram: Vec<Ram>,
    /// Blocks of its RAM, by name, that a second core has a share of: where that begins is an option byte's business. `None`: no
    /// evidence of any.
    pub shared_ram: Option<Fact<Vec<String>>>,
    /// Data EEPROM, lowest address first.
    pub eeprom: Vec<Ram>,
    /// One-time-programmable memory. `None`: no evidence of any.
    pub otp: Option<Otp>,
    /// Where its option bytes are stored, where they can be read as memory. Empty: no evidence of it.
    pub option_memory: Vec<Ram>,
    /// How the stored option bytes are read. Empty: no evidence of it.
    pub stored_options: Vec<StoredOptions>,
    /// How its banks can be exchanged.
    pub swap: Option<Fact<Swap>>,
    /// Which bank an erase by number means once banks are exchanged.
    pub erase_selector: Option<Fact<EraseSelector>>,
    /// Where external memories appear, by the bus that they are on.
    pub windows: Vec<Window>,
    /// Second addresses of the flash, where it can be fetched from and not programmed.
    pub aliases: Vec<Alias>,
    /// The option bytes that are known of it.
    pub options: Vec<OptionByte>,
    /// Where the database that its memory map comes from is wrong about it, or silent.
    pub corrections: Vec<Correction>,
    /// What that database says of its flash, and facts about the family may contradict.
    pub upstream: Upstream,
    /// What abbreviations in the citations' sources stand for.
    pub sources: Vec<(String, String)>,
    /// What its option bytes can make of the flash. Never empty; a part with one sector map has one mode.
    pub modes: Vec<Mode>,
}

/// A value of the imported data that is wrong or missing, and why this database has another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// What it is about.
    pub of: Corrected,
    /// What the imported data says.
    pub upstream: String,
    /// What is right.
    pub ours: String,
    /// The evidence.
    pub citation: Citation,
}

words! {
    /// What a correction is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Corrected {
        /// Base or size of the one-time-programmable memory, or that there is any.
        Otp,
        /// The program unit.
        ProgramUnit,
        /// The erased value.
        Erased,
        /// Where a bank is.
        Regions,
        /// A mode that is missing.
        Modes,
    }
}

/// What the imported data says and is not relied on, to compare with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// Its own choice of a write size, in bytes.
    pub write: Option<u32>,
    /// What an erased byte reads as.
    pub erased: Option<u8>,
    /// Base and size of one-time-programmable memory.
    pub otp: Option<(u32, u32)>,
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
    /// Where the sector map comes from.
    pub citation: Citation,
}

/// A range of RAM, of data EEPROM, or of stored option bytes.
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

/// A second address of flash, at which it is not programmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// `itcm`, `secure`.
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

/// Addresses at which an external memory can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The bus, with its chip select where it has several: `FMC_NE1`, `QUADSPI`.
    pub bus: String,
    /// Where it starts.
    pub base: u32,
    /// Bytes; a larger memory cannot be seen as a whole.
    pub size: u32,
    /// Where this comes from.
    pub citation: Citation,
}

/// How the banks of a part can be exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// In a sentence.
    pub rule: String,
    /// The bit of a register that exchanges them until the next reset. `None`: option bytes do, or nothing else is proven.
    pub bit: Option<SwapBit>,
}

/// A bit that exchanges banks while it is 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapBit {
    /// The reference manual's name: `SWP_FB`.
    pub name: String,
    /// Where it is.
    pub field: RegisterField,
}

impl fmt::Display for SwapBit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.field.register, self.name)
    }
}

words! {
    /// Which bank an erase by number means while the banks are exchanged.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum EraseSelector {
        /// The one that is seen at the address: selector and address agree.
        Mapped,
        /// The one that is there in silicon: the selector does not follow the exchange.
        Physical,
    }
}

impl fmt::Display for EraseSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mapped => "the bank seen at the address",
            Self::Physical => "the bank in silicon, whatever is exchanged",
        })
    }
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

    /// The option byte that says from where banks run, if there is one.
    pub fn run_option(&self) -> Option<&OptionByte> {
        self.options.iter().find(|option| option.selects == Some(Selects::RunAddress))
    }

    /// The option byte that says from which sector on flash belongs to a second core, if there is one.
    pub fn secure_start(&self) -> Option<&OptionByte> {
        self.options.iter().find(|option| option.kind == OptionKind::SecureStart)
    }

    /// Its RAM that no other core has a share of.
    pub fn own_ram(&self) -> impl Iterator<Item = &Ram> {
        let is_shared = |ram: &Ram| self.shared_ram.as_ref().is_some_and(|shared| shared.value.contains(&ram.name));
        self.ram.iter().filter(move |ram| !is_shared(ram))
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

    /// Addresses between two regions: no flash is there.
    pub fn holes(&self) -> Vec<Range<u32>> {
        let pairs = self.regions.iter().zip(self.regions.iter().skip(1));
        let gap = |(below, above): (&Region, &Region)| below.range().end..above.base;
        pairs.map(gap).filter(|gap| !gap.is_empty()).collect()
    }

    /// The sector that holds this address, and its region.
    pub fn sector_at(&self, address: u32) -> Option<(&Region, Sector)> {
        let region = self.region_at(address)?;
        Some((region, region.sector_at(address)?))
    }

    /// The region that holds this address.
    pub fn region_at(&self, address: u32) -> Option<&Region> {
        self.regions.iter().find(|region| region.range().contains(&address))
    }
}
