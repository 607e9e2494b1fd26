//! What a memory is, as far as its model needs to know.

use geometry::{Ecc, Region, Rewrite};

/// The geometry and the rules of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Size of each sector in bytes, lowest first.
    pub sectors: Vec<u32>,
    /// Bytes that are programmed together: a program unit, or the ECC word.
    pub unit: u32,
    /// Whether a unit has an error correction code: reading a torn one may fault.
    pub has_ecc: bool,
    /// What an erased byte reads as.
    pub erased: u8,
    /// What may be programmed over a unit that is not erased.
    pub rewrite: Rewrite,
    /// Whether it is a chip of its own, which a reset of the microcontroller does not stop.
    pub is_external: bool,
}

impl Shape {
    /// The shape of a region. `None`: the device database has no evidence for its program unit, its ECC or its erased value. What may be
    /// programmed over a programmed unit counts as nothing where that is unproven.
    pub fn of(region: &Region) -> Option<Self> {
        let rewrite = region.rewrite.as_ref().map_or(Rewrite::Never, |rewrite| rewrite.value);
        Some(Self {
            sectors: region.sectors().map(|sector| sector.size).collect(),
            unit: region.unit()?,
            has_ecc: matches!(region.ecc.as_ref()?.value, Ecc::Word(_)),
            erased: region.erased.as_ref()?.value,
            rewrite,
            is_external: false,
        })
    }

    /// The shape of an external memory, on which nothing states an ECC: see schema/devices/memories.toml.
    pub fn external(memory: &geometry::Memory) -> Option<Self> {
        let region = &memory.region;
        Some(Self {
            sectors: region.sectors().map(|sector| sector.size).collect(),
            unit: region.program_unit.as_ref()?.value,
            has_ecc: matches!(region.ecc.as_ref().map(|ecc| ecc.value), Some(Ecc::Word(_))),
            erased: region.erased.as_ref()?.value,
            rewrite: region.rewrite.as_ref().map_or(Rewrite::Never, |rewrite| rewrite.value),
            is_external: true,
        })
    }

    /// Bytes of all sectors.
    pub fn size(&self) -> u32 {
        self.sectors.iter().sum()
    }
}
