//! Option bytes as tools print them.
//!
//! `STM32_Programmer_CLI -ob displ` prints a line `nDBANK : 0x1 (...)` for each, behind a line `OPTION BYTES BANK: 0`, and
//! write protection bit by bit (`nWRP0`). A list of lines `nDBANK=1` does as well.

use std::collections::BTreeMap;

use geometry::{OptionByte, OptionKind, Part, read_protection_level};

use crate::programmer::Name;

/// A board's option bytes, by the names that the tool gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// The device id, where the tool says it: the number of the die, `0x451`.
    pub device_id: Option<u32>,
    values: BTreeMap<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    number: u32,
    /// Written as `0x..`: of RDP the byte, else the level.
    is_hex: bool,
    line: usize,
}

/// What is wrong with a dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DumpError {
    /// A value that is no number.
    #[error("line {line}: `{text}` is no number: write NAME=0x1F or NAME=31")]
    Number {
        /// From 1 on.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// Two values of one name.
    #[error("lines {first} and {second} give two values for {name}")]
    Twice {
        /// The name.
        name: String,
        /// The first one's line.
        first: usize,
        /// The second one's.
        second: usize,
    },
    /// No line with a name and a value.
    #[error("no option byte in it: give what STM32_Programmer_CLI -ob displ prints, or lines NAME=VALUE")]
    Nothing,
}

impl Dump {
    /// Reads either form.
    ///
    /// # Errors
    /// See [`DumpError`].
    pub fn parse(text: &str) -> Result<Self, DumpError> {
        // What the tool says of probe and device stands before.
        let start = text.lines().position(|line| line.trim_start().starts_with("OPTION BYTES BANK"));
        let device_id = text.lines().find_map(|line| {
            let id = line.trim().strip_prefix("Device ID")?.trim_start().strip_prefix(':')?.trim();
            u32::from_str_radix(id.strip_prefix("0x")?, 16).ok()
        });
        let mut dump = Self { device_id, ..Self::default() };
        for (index, line) in text.lines().enumerate().skip(start.unwrap_or(0)) {
            dump.read_line(index + 1, line.trim())?;
        }
        if dump.values.is_empty() { Err(DumpError::Nothing) } else { Ok(dump) }
    }

    fn read_line(&mut self, line: usize, text: &str) -> Result<(), DumpError> {
        let is_list = !text.contains(':');
        let Some((name, value)) = text.split_once(if is_list { '=' } else { ':' }) else { return Ok(()) };
        let (name, value) = (name.trim(), value.trim());
        let value = value.split([' ', '\t', '(', '#']).next().unwrap_or_default();
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name(name) {
            return Ok(());
        }
        let digits = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"));
        let number = match digits {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => value.parse().ok(),
        };
        let Some(number) = number else {
            // The tool has words for some: they say nothing that could be compared.
            return if is_list { Err(DumpError::Number { line, text: value.to_owned() }) } else { Ok(()) };
        };
        let value = Value { number, is_hex: digits.is_some(), line };
        match self.values.insert(simple(name), value) {
            Some(first) if first.number != number => {
                Err(DumpError::Twice { name: name.to_owned(), first: first.line, second: line })
            }
            _ => Ok(()),
        }
    }

    /// What was read otherwise: names of the reference manual, and values as a manifest has them, of RDP the level.
    pub fn of_values(values: impl IntoIterator<Item = (String, u32)>) -> Self {
        let value = |(name, number): (String, u32)| (simple(&name), Value { number, is_hex: false, line: 0 });
        let mut own = BTreeMap::new();
        own.extend(values.into_iter().map(value));
        Self { device_id: None, values: own }
    }

    /// The value of an option byte of a part, as a manifest has it: of RDP the level.
    pub fn value(&self, part: &Part, name: &str) -> Option<u32> {
        let known = part.option(name);
        let other = match Name::of(&part.name, name) {
            Some(Name::Other(other)) => self.values.get(&simple(other)),
            _ => None,
        };
        if let Some(value) = self.values.get(&simple(name)).or(other) {
            return Some(match known.map(|known| known.kind) {
                Some(OptionKind::Level) if value.is_hex => read_protection_level(value.number),
                _ => value.number,
            });
        }
        known.and_then(|known| self.bits(known)).or_else(|| self.pages(name))
    }

    /// Write protection that is printed bit by bit.
    fn bits(&self, option: &OptionByte) -> Option<u32> {
        if option.kind != OptionKind::WriteProtection {
            return None;
        }
        let bit = |bit: u32| Some(self.values.get(&simple(&format!("{}{bit}", option.name)))?.number << bit);
        (0..option.field.width).map(bit).try_fold(0, |value, bit| Some(value | bit?))
    }

    /// A range of protected pages that is printed as its ends.
    fn pages(&self, name: &str) -> Option<u32> {
        let end = |end: &str| Some(self.values.get(&simple(&format!("{name}_{end}")))?.number);
        Some(end("STRT")? | end("END")? << 16)
    }
}

/// Names differ between tools and manuals in case and underscores: nSWAP_BANK, nSwapBank.
fn simple(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::Dump;

    #[test]
    fn a_name_of_the_tool_s_own_is_known() {
        let part = geometry::part("STM32H743ZI").expect("a part");
        let dump = Dump::parse("OPTION BYTES BANK: 0\n BOOT_CM7_ADD0 : 0x800 (0x8000000)\n").expect("a dump");
        assert_eq!(dump.value(&part, "BOOT_ADD0"), Some(0x800));
        assert_eq!(dump.value(&part, "BOOT_ADD1"), None);
    }
}
