//! Option bytes, by the reference manual's names.

use crate::read::words;
use crate::{Citation, Part};

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

words! {
    /// What depends on an option byte, so that a manifest must state it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Selects {
        /// The sector map.
        Geometry,
        /// The address at which a slot runs.
        RunAddress,
    }
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
    /// Write protection, a bit for a group of sectors: see [`crate::WriteProtection`].
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

/// A stored word of option bytes, read as memory: its lower half is 16 bits of a register, its upper half their complement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOptions {
    /// Address of the word.
    pub address: u32,
    /// Address of the register.
    pub register: u32,
    /// The lowest of the register's bits.
    pub shift: u32,
    /// Where this comes from.
    pub citation: Citation,
}

impl StoredOptions {
    /// Where a field lies in the lower half: its lowest bit. `None`: not there.
    fn place(&self, field: &RegisterField) -> Option<u32> {
        let shift = field.shift.checked_sub(self.shift)?;
        (self.register == field.address && shift + field.width <= 16).then_some(shift)
    }
}

/// The read protection level of a byte: HAL-F7 stm32f7xx_hal_flash_ex.h:164-166, and alike in all families that the database
/// has RDP of.
pub fn read_protection_level(byte: u32) -> u32 {
    match byte {
        0xAA => 0,
        0xCC => 2,
        _ => 1,
    }
}

/// A byte of a read protection level: for 1 the one that ST's HAL writes.
pub fn read_protection_byte(level: u32) -> u32 {
    match level {
        0 => 0xAA,
        2 => 0xCC,
        _ => 0x55,
    }
}

impl Part {
    /// The value of an option byte out of the stored words, which `word` reads; of a level the level. `None`: where it is
    /// stored is not known, it was not read, or a word and its complement disagree.
    pub fn stored_option(&self, name: &str, word: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        let option = self.option(name)?;
        let (stored, shift) = self.stored_options.iter().find_map(|half| Some((half, half.place(&option.field)?)))?;
        let word = word(stored.address)?;
        let (value, complement) = (word & 0xFFFF, word >> 16);
        if value ^ complement != 0xFFFF {
            return None;
        }
        let value = value >> shift & (u32::MAX >> (32 - option.field.width));
        Some(if option.kind == OptionKind::Level { read_protection_level(value) } else { value })
    }

    /// The stored words with these values of option bytes, and ones in all other bits: addresses and words.
    pub fn store_options(&self, value: impl Fn(&str) -> Option<u32>) -> Vec<(u32, u32)> {
        let word = |half: &StoredOptions| {
            let mut bits = 0xFFFF;
            for option in &self.options {
                let (Some(shift), Some(value)) = (half.place(&option.field), value(&option.name)) else { continue };
                let value = if option.kind == OptionKind::Level { read_protection_byte(value) } else { value };
                let mask = u32::MAX >> (32 - option.field.width);
                bits = bits & !(mask << shift) | (value & mask) << shift;
            }
            (half.address, bits | !bits << 16)
        };
        self.stored_options.iter().map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    /// What a Nucleo-F767ZI with the factory's boot addresses was seen to store: 0xFF7F_0080 and 0xFFBF_0040.
    #[test]
    fn stored_words_are_read_and_made() {
        let part = crate::part("STM32F767ZI").expect("a part");
        let options = [("nDBANK", 0), ("BOOT_ADD0", 0x0080), ("BOOT_ADD1", 0x0040), ("RDP", 0), ("nWRP", 0xFFE)];
        let words =
            part.store_options(|name| options.iter().find(|(known, _)| *known == name).map(|(_, value)| *value));
        assert!(
            words.contains(&(0x1FFF_0010, 0xFF7F_0080)) && words.contains(&(0x1FFF_0018, 0xFFBF_0040)),
            "{words:X?}"
        );
        let read = |name: &str, broken: u32| {
            let word = |at: u32| words.iter().find(|(address, _)| *address == at).map(|(_, word)| *word ^ broken);
            part.stored_option(name, word)
        };
        for (name, value) in options {
            assert_eq!(read(name, 0), Some(value), "{name}");
            assert_eq!(read(name, 1), None, "{name}: the complement disagrees");
        }
        assert_eq!(read("nDBOOT", 0), Some(1), "ones where nothing is said");
        assert_eq!(part.stored_option("RDP", |_| None), None);
    }
}
