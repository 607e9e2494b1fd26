//! The compiled-in device database: unpacking it, and look-up in it.
//!
//! schema/devices is packed by build/main.rs, each family on its own. Whoever asks for a part has its family unpacked and
//! parsed once, and no other; only a listing and a name that does not exist cost all of them.

use std::fmt;
use std::sync::OnceLock;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::chips::Chips;
use crate::family::Family;
use crate::memory::{Memories, Memory};
use crate::read::{Read, whole};
use crate::sort::sort_by;
use crate::{Part, assemble};

/// What the names of a family's parts begin with, and what its file of facts and its file of parts say.
struct Packed {
    name: &'static str,
    deflated: Deflated,
    /// What it is unpacked, once somebody asked.
    unpacked: OnceLock<Result<(Family, Chips), String>>,
}

/// Bytes that were deflated behind others.
struct Deflated {
    /// Its size before that, in bytes.
    size: usize,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/packed.rs"));

/// How many names a miss suggests.
const SUGGESTIONS: usize = 3;

/// Why there is no part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// No part goes by this order code. The names of those that come nearest, best first.
    Unknown {
        /// Order codes.
        nearest: Vec<String>,
    },
    /// The compiled-in database is broken: a defect of this build, which its own tests would have found.
    Database(String),
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { nearest } => write!(f, "not in the device database; nearest: {}", nearest.join(", ")),
            Self::Database(message) => write!(f, "this build's device database is broken: {message}"),
        }
    }
}

impl std::error::Error for LookupError {}

/// The part of an order code, with or without package, temperature and packing suffix, in either case of letters.
///
/// # Errors
/// [`LookupError::Unknown`] with the nearest names if there is no such part.
pub fn part(order_code: &str) -> Result<Part, LookupError> {
    let code = order_code.to_ascii_uppercase();
    let families = FAMILIES.iter().filter(|packed| code.starts_with(packed.name));
    for packed in families {
        let (family, chips) = packed.unpack()?;
        let names = chips.chips.iter().flat_map(|chip| chip.parts.iter().map(move |name| (name, chip)));
        let found = names.filter(|(name, _)| is_of(&code, name)).max_by_key(|(name, _)| name.len());
        if let Some((name, chip)) = found {
            return assemble::part(name, chip, chips, packed.name, family).map_err(LookupError::Database);
        }
    }
    Err(LookupError::Unknown { nearest: nearest(&code, names()?) })
}

/// All parts, by name.
///
/// # Errors
/// [`LookupError::Database`].
pub fn parts() -> Result<Vec<Part>, LookupError> {
    let mut parts = Vec::new();
    for packed in &FAMILIES {
        let (family, chips) = packed.unpack()?;
        for chip in &chips.chips {
            for name in &chip.parts {
                parts.push(assemble::part(name, chip, chips, packed.name, family).map_err(LookupError::Database)?);
            }
        }
    }
    sort_by(&mut parts, |a, b| a.name.cmp(&b.name));
    Ok(parts)
}

/// The external memory of this name, in either case of letters, with or without a suffix.
///
/// # Errors
/// [`LookupError::Unknown`] with the nearest names if there is no such memory.
pub fn memory(name: &str) -> Result<Memory, LookupError> {
    let code = name.to_ascii_uppercase();
    let memories = unpacked_memories()?;
    let found =
        memories.iter().filter(|memory| is_of_memory(&code, &memory.name)).max_by_key(|memory| memory.name.len());
    match found {
        Some(memory) => Ok(memory.clone()),
        None => Err(LookupError::Unknown {
            nearest: nearest(&code, memories.iter().map(|memory| memory.name.clone()).collect()),
        }),
    }
}

/// All external memories, by name.
///
/// # Errors
/// [`LookupError::Database`].
pub fn memories() -> Result<Vec<Memory>, LookupError> {
    unpacked_memories().map(<[Memory]>::to_vec)
}

/// The same, unpacked once.
fn unpacked_memories() -> Result<&'static [Memory], LookupError> {
    static UNPACKED: OnceLock<Result<Vec<Memory>, String>> = OnceLock::new();
    let unpacked = UNPACKED.get_or_init(|| MEMORIES.unpack::<Memories>("memories")?.list());
    match unpacked {
        Ok(memories) => Ok(memories),
        Err(message) => Err(LookupError::Database(message.clone())),
    }
}

impl Packed {
    const fn new(name: &'static str, deflated: Deflated) -> Self {
        Self { name, deflated, unpacked: OnceLock::new() }
    }

    fn unpack(&self) -> Result<&(Family, Chips), LookupError> {
        let unpacked = self.unpacked.get_or_init(|| self.deflated.unpack(self.name));
        unpacked.as_ref().map_err(|message| LookupError::Database(message.clone()))
    }
}

impl Deflated {
    /// What the build packed, behind the first family's.
    fn unpack<T: Read>(&self, name: &str) -> Result<T, String> {
        static BEHIND: OnceLock<Option<Vec<u8>>> = OnceLock::new();
        let behind = BEHIND.get_or_init(|| FIRST.inflate(&[]));
        let bytes = behind.as_ref().and_then(|behind| self.inflate(behind));
        bytes.and_then(|bytes| whole(&bytes)).ok_or_else(|| format!("{name}: damaged"))
    }

    /// `None`: the bytes are not what the build wrote.
    fn inflate(&self, behind: &[u8]) -> Option<Vec<u8>> {
        let start = behind.len();
        let mut bytes = behind.to_vec();
        bytes.resize(start + self.size, 0);
        let mut inflater = Box::<DecompressorOxide>::default();
        // What lies before the place that is written to, is what may be referred to.
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, _, written) = decompress(&mut inflater, self.bytes, &mut bytes, start, flags);
        (status == TINFLStatus::Done && written == self.size).then(|| bytes.split_off(start))
    }
}

fn names() -> Result<Vec<String>, LookupError> {
    let mut names = Vec::new();
    for packed in &FAMILIES {
        let (_, chips) = packed.unpack()?;
        names.extend(chips.chips.iter().flat_map(|chip| chip.parts.iter().cloned()));
    }
    Ok(names)
}

/// The names that are most like a code: letters that a package would add do not count.
fn nearest(code: &str, names: Vec<String>) -> Vec<String> {
    let distance = |name: &String| {
        let end = name.len().min(code.len());
        let stem = code.get(..end).unwrap_or(code);
        (strsim::damerau_levenshtein(stem, name), strsim::damerau_levenshtein(code, name))
    };
    let mut ranked: Vec<((usize, usize), String)> = names.into_iter().map(|name| (distance(&name), name)).collect();
    sort_by(&mut ranked, Ord::cmp);
    ranked.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
}

/// Whether an order code is of this part. `STM32L151CB-A` is ordered as `STM32L151CBT6A`: its letter comes behind package
/// and temperature.
fn is_of(code: &str, name: &str) -> bool {
    if code == name {
        return true;
    }
    let (stem, version) = name.split_once('-').unwrap_or((name, ""));
    let Some(rest) = code.strip_prefix(stem) else { return false };
    if version.is_empty() {
        return is_suffix(rest);
    }
    let (package, behind) = rest.split_at_checked(2).unwrap_or((rest, ""));
    behind.strip_prefix(version).is_some_and(|packing| is_suffix(&format!("{package}{packing}")))
}

/// Whether a code is of this memory. The number at a name's end is its size: a digit behind it makes that another one.
fn is_of_memory(code: &str, name: &str) -> bool {
    let both_digits = |rest: &str| {
        name.ends_with(|letter: char| letter.is_ascii_digit())
            && rest.starts_with(|letter: char| letter.is_ascii_digit())
    };
    code.strip_prefix(name).is_some_and(|rest| !both_digits(rest))
}

/// What may follow a part's name in an order code: a letter for the package, a digit for the temperature range, then
/// options and packing (ordering information of ST's data sheets): `T6`, `T6TR`, `I6U`.
fn is_suffix(rest: &str) -> bool {
    let mut letters = rest.bytes();
    let package = letters.next().is_none_or(|letter| letter.is_ascii_uppercase());
    let temperature = letters.next().is_none_or(|digit| digit.is_ascii_digit());
    package && temperature && letters.len() <= 3 && letters.all(|letter| letter.is_ascii_alphanumeric())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::family::{Statement, is_match};

    /// What the command may carry.
    const BUDGET: usize = 32 * 1024;

    #[test]
    fn the_compact_form_keeps_its_budget() {
        let families = FAMILIES.iter().map(|packed| packed.deflated.bytes.len()).sum::<usize>();
        let total = FIRST.bytes.len() + families + MEMORIES.bytes.len();
        assert!(total <= BUDGET, "{total} bytes of {BUDGET}");
    }

    #[test]
    fn order_codes_with_and_without_suffix() {
        for code in ["STM32F767ZI", "STM32F767ZIT", "STM32F767ZIT6", "STM32F767ZIT6TR", "stm32f767zit6"] {
            assert_eq!(part(code).unwrap().name, "STM32F767ZI", "{code}");
        }
        let versions = [
            ("STM32L151CB", "STM32L151CB"),
            ("STM32L151CBT6", "STM32L151CB"),
            ("STM32L151CBT6TR", "STM32L151CB"),
            ("STM32L151CBT6A", "STM32L151CB-A"),
            ("STM32L151CBT6ATR", "STM32L151CB-A"),
            ("STM32L151CB-A", "STM32L151CB-A"),
            ("STM32L151VDT6X", "STM32L151VD-X"),
        ];
        for (code, name) in versions {
            assert_eq!(part(code).unwrap().name, name, "{code}");
        }
    }

    #[test]
    fn unknown_codes_name_the_nearest() {
        for code in ["STM32F767Z", "STM32F767ZI6", "STM32F767ZITT", "STM32F767ZIT6TRXX", "STM32F767ZI-T6"] {
            let Err(LookupError::Unknown { nearest }) = part(code) else { panic!("{code} is known") };
            assert!(nearest.contains(&"STM32F767ZI".to_owned()), "{code}: {nearest:?}");
        }
        assert!(matches!(part(""), Err(LookupError::Unknown { nearest }) if nearest.len() == SUGGESTIONS));
    }

    fn patterns<T: Statement>(statements: &[T]) -> impl Iterator<Item = &String> {
        statements.iter().flat_map(Statement::parts)
    }

    #[test]
    fn every_pattern_is_about_a_part() {
        for packed in &FAMILIES {
            let (family, chips) = packed.unpack().unwrap();
            let names: Vec<&String> = chips.chips.iter().flat_map(|chip| &chip.parts).collect();
            let all = patterns(&family.program_unit)
                .chain(patterns(&family.ecc_word))
                .chain(patterns(&family.erased))
                .chain(patterns(&family.rewrite))
                .chain(patterns(&family.read_while_write))
                .chain(patterns(&family.modes))
                .chain(patterns(&family.numbers))
                .chain(patterns(&family.write_protection))
                .chain(patterns(&family.page_protection))
                .chain(patterns(&family.options))
                .chain(patterns(&family.aliases))
                .chain(patterns(&family.ram))
                .chain(patterns(&family.otp))
                .chain(patterns(&family.swap))
                .chain(patterns(&family.erase_selector))
                .chain(patterns(&family.windows))
                .chain(patterns(&family.corrections));
            let stale: BTreeSet<&String> =
                all.filter(|pattern| !names.iter().any(|name| is_match(pattern, name))).collect();
            assert!(stale.is_empty(), "{}: {stale:?}", packed.name);
        }
    }
}
