//! Option bytes, by the reference manual's names.

use serde::Deserialize;

use crate::Citation;

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
