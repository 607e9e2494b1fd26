//! What schema/devices/parts/*.toml say: order codes and their memory, as `cargo xtask devices --import` wrote it.

use crate::family::RegionForm;
use crate::read::tables;
use crate::{Citation, Evidence, Ram};

tables! {
    /// The file of a family.
    pub struct Chips {
        /// Where all of it comes from.
        pub source: String,
        /// The second source's name, which the sector maps are compared with.
        pub second_source: String,
        /// Parts of equal memory.
        pub chips: Vec<Chip>,
    }

    /// Parts of equal memory.
    pub struct Chip {
        /// The die's name.
        pub die: String,
        /// Name and last interrupt of its cores, the first one to start first.
        pub cores: Vec<(String, u32)>,
        /// Order codes.
        pub parts: Vec<String>,
        /// Sector maps.
        pub modes: Vec<ChipMode>,
        /// What the source says of all its flash; absent without flash. Facts about a family decide, not this.
        pub flash: Option<ChipFlash>,
        /// Base and size of one-time-programmable memory as the source has it. Facts about a family decide, not this.
        pub otp: Option<(u32, u32)>,
        /// Name, base and size.
        pub ram: Vec<(String, u32, u32)> = default,
        /// Name, base and size.
        pub eeprom: Vec<(String, u32, u32)> = default,
    }

    /// A sector map.
    pub struct ChipMode {
        /// Flash algorithms of the second source that have the same sectors.
        pub same_as: Vec<String> = default,
        /// Lowest address first; empty without flash.
        pub regions: Vec<RegionForm>,
    }

    /// What the source says of all flash of a chip.
    pub struct ChipFlash {
        /// Its own choice of a write size, which is not always the silicon's.
        pub write: u32,
        /// What an erased byte reads as.
        pub erased: u8,
    }
}

impl Chips {
    /// The citation of what this source alone says.
    pub fn citation(&self) -> Citation {
        Citation { source: self.source.clone(), evidence: Evidence::OneSource, note: None }
    }

    /// The citation of a sector map.
    pub fn map_citation(&self, mode: &ChipMode) -> Citation {
        match mode.same_as.as_slice() {
            [] => self.citation(),
            names => Citation {
                source: format!("{}; {}, {}", self.source, self.second_source, names.join(", ")),
                evidence: Evidence::TwoSources,
                note: None,
            },
        }
    }

    /// Blocks of RAM or EEPROM.
    pub fn blocks(&self, blocks: &[(String, u32, u32)]) -> Vec<Ram> {
        let block = |(name, base, size): &(String, u32, u32)| Ram {
            name: name.clone(),
            base: *base,
            size: *size,
            citation: self.citation(),
        };
        blocks.iter().map(block).collect()
    }
}
