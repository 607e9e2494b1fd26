//! Option bytes, by the reference manual's names.

use std::collections::BTreeMap;

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
    /// A sector's number: from it to its end, flash belongs to a second core, and the first one can neither read nor write it.
    SecureStart,
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
        let field = &option.field;
        let (word, shift) = match self.stored_half(field) {
            Some((half, shift)) => {
                let word = word(half.address)?;
                let (value, complement) = (word & 0xFFFF, word >> 16);
                (Some(value).filter(|value| value ^ complement == 0xFFFF)?, shift)
            }
            None if self.is_option_memory(field.address) => (word(field.address)?, field.shift),
            None => return None,
        };
        let value = word >> shift & (u32::MAX >> (32 - field.width));
        Some(if option.kind == OptionKind::Level { read_protection_level(value) } else { value })
    }

    /// Whether it is known where a field is stored, and how.
    pub fn is_stored(&self, field: &RegisterField) -> bool {
        self.stored_half(field).is_some() || self.is_option_memory(field.address)
    }

    /// The half word that holds a field, and the field's lowest bit in it.
    fn stored_half(&self, field: &RegisterField) -> Option<(&StoredOptions, u32)> {
        self.stored_options.iter().find_map(|half| Some((half, half.place(field)?)))
    }

    /// Whether this is an address of the option memory: of a register, that the memory is the registers themselves.
    fn is_option_memory(&self, address: u32) -> bool {
        self.option_memory.iter().any(|memory| memory.range().contains(&address))
    }

    /// The stored words with these values of option bytes, addresses and words. All other bits are ones in a half word, and zeros in
    /// a register.
    pub fn store_options(&self, value: impl Fn(&str) -> Option<u32>) -> BTreeMap<u32, u32> {
        let mut words: BTreeMap<u32, u32> = self.stored_options.iter().map(|half| (half.address, 0xFFFF)).collect();
        for OptionByte { name, kind, field, .. } in &self.options {
            let place = self.stored_half(field).map(|(half, shift)| (half.address, shift));
            let place = place.or_else(|| self.is_option_memory(field.address).then_some((field.address, field.shift)));
            let Some((address, shift)) = place else { continue };
            let word = words.entry(address).or_default();
            let Some(value) = value(name) else { continue };
            let value = if *kind == OptionKind::Level { read_protection_byte(value) } else { value };
            let mask = u32::MAX >> (32 - field.width);
            *word = *word & !(mask << shift) | (value & mask) << shift;
        }
        for half in &self.stored_options {
            words.entry(half.address).and_modify(|word| *word |= !*word << 16);
        }
        words
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
        assert_eq!(
            (words.get(&0x1FFF_0010), words.get(&0x1FFF_0018)),
            (Some(&0xFF7F_0080), Some(&0xFFBF_0040)),
            "{words:X?}"
        );
        let read = |name: &str, broken: u32| part.stored_option(name, |at| words.get(&at).map(|word| word ^ broken));
        for (name, value) in options {
            assert_eq!(read(name, 0), Some(value), "{name}");
            assert_eq!(read(name, 1), None, "{name}: the complement disagrees");
        }
        assert_eq!(read("nDBOOT", 0), Some(1), "ones where nothing is said");
        assert_eq!(part.stored_option("RDP", |_| None), None);
    }

    /// An H7's ROM gives the registers themselves, which have no complements.
    #[test]
    fn registers_are_read_as_they_are() {
        let part = crate::part("STM32H743ZI").expect("a part");
        let options = [("RDP", 1), ("SWAP_BANK_OPT", 0), ("BOOT_ADD0", 0x0800), ("WRPSn1", 0xFE)];
        let words =
            part.store_options(|name| options.iter().find(|(known, _)| *known == name).map(|(_, value)| *value));
        assert_eq!((words.get(&0x5200_201C), words.get(&0x5200_2038)), (Some(&0x5500), Some(&0xFE)), "{words:X?}");
        let read = |name: &str| part.stored_option(name, |at| words.get(&at).copied());
        for (name, value) in options {
            assert_eq!(read(name), Some(value), "{name}");
        }
        assert_eq!(read("WRPSn2"), None, "it lies behind what the ROM gives");
    }

    /// Where nothing proves how an option byte is stored, nothing is read out of whatever is there.
    #[test]
    fn what_is_unproven_is_not_read() {
        for (name, option) in [("STM32F407VG", "RDP"), ("STM32L476RG", "RDP"), ("STM32G474RE", "DBANK")] {
            let part = crate::part(name).expect("a part");
            assert!(part.option(option).is_some_and(|option| !part.is_stored(&option.field)), "{name}");
            assert_eq!(part.stored_option(option, |_| Some(0xFF55_00AA)), None, "{name}");
        }
    }
}
