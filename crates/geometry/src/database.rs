//! The compiled-in device database: how it is stored, and look-up in it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::part::{
    Alias, Mode, OptionByte, OptionKind, Part, Ram, RegisterField, Selects, VectorTable, WriteProtection,
};
use crate::{Citation, Evidence, Region, RegionCitations, Rewrite, Run};

/// One file for each die whose parts share a memory map.
const FILES: [&str; 1] = [include_str!("../../../schema/devices/stm32f76x.toml")];

static PARTS: LazyLock<Result<Vec<Part>, String>> = LazyLock::new(|| {
    let dies: Vec<Vec<Part>> = FILES.iter().map(|text| parse(text)).collect::<Result<_, _>>()?;
    Ok(dies.into_iter().flatten().collect())
});

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
    let parts = PARTS.as_ref().map_err(|message| LookupError::Database(message.clone()))?;
    let code = order_code.to_ascii_uppercase();
    if let Some(part) = parts.iter().find(|part| code.strip_prefix(&part.name).is_some_and(is_suffix)) {
        return Ok(part.clone());
    }
    let mut nearest: Vec<(usize, &Part)> =
        parts.iter().map(|part| (strsim::damerau_levenshtein(&code, &part.name), part)).collect();
    nearest.sort_by(|(a, part_a), (b, part_b)| (a, &part_a.name).cmp(&(b, &part_b.name)));
    Err(LookupError::Unknown { nearest: nearest.iter().take(3).map(|(_, part)| part.name.clone()).collect() })
}

/// What may follow a part's name in an order code: a letter for the package, a digit for the temperature range, then
/// options and packing (ordering information of ST's data sheets): `T6`, `T6TR`, `I6U`.
fn is_suffix(rest: &str) -> bool {
    let mut letters = rest.bytes();
    let package = letters.next().is_none_or(|letter| letter.is_ascii_uppercase());
    let temperature = letters.next().is_none_or(|digit| digit.is_ascii_digit());
    package && temperature && letters.len() <= 3 && letters.all(|letter| letter.is_ascii_alphanumeric())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Die {
    parts: Vec<String>,
    vector_table: RawVectorTable,
    flash: RawFlash,
    modes: Vec<RawMode>,
    options: Vec<RawOption>,
    aliases: Vec<RawAlias>,
    ram: Vec<RawRam>,
}

/// Declares tables that carry their source and its evidence.
macro_rules! cited {
    ($(struct $name:ident { $($field:ident: $type:ty,)* })*) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        struct $name {
            $($field: $type,)*
            source: String,
            evidence: Evidence,
        }

        impl $name {
            fn citation(&self) -> Citation {
                Citation { source: self.source.clone(), evidence: self.evidence }
            }
        }
    )*};
}

cited! {
    struct RawVectorTable { entries: u32, }
    struct RawFlash { program_unit: u32, erased: RawErased, ecc: RawEcc, rewrite: RawRewrite, }
    struct RawErased { value: u8, }
    struct RawEcc { word: u32, }
    struct RawRewrite { rule: Rewrite, }
    struct RawMode {
        title: String,
        selectors: BTreeMap<String, u32>,
        regions: Vec<RawRegion>,
        write_protection: Option<RawProtection>,
    }
    struct RawProtection { option: String, bits: u32, sectors_per_bit: u32, rule: String, }
    struct RawOption {
        name: String,
        kind: RawKind,
        selects: Option<Selects>,
        register: RawRegister,
        shift: u32,
        width: u32,
        address_shift: Option<u32>,
        meanings: Option<Vec<String>>,
        shipped: Option<u32>,
    }
    struct RawAlias { name: String, base: u32, target: u32, size: u32, }
    struct RawRam { name: String, base: u32, size: u32, }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRegion {
    name: String,
    base: u32,
    first_sector: u32,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRegister {
    name: String,
    address: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawKind {
    Bit,
    Level,
    BootAddress,
    WriteProtection,
}

/// The parts of one file.
fn parse(text: &str) -> Result<Vec<Part>, String> {
    let die: Die = toml::from_str(text).map_err(|error| error.to_string())?;
    let options = die.options.iter().map(option).collect::<Result<Vec<_>, _>>()?;
    let modes: Vec<Mode> = die.modes.iter().map(|raw| mode(raw, &die.flash)).collect();
    let part = |name: &String| Part {
        name: name.clone(),
        vector_table: VectorTable { entries: die.vector_table.entries, citation: die.vector_table.citation() },
        ram: die.ram.iter().map(ram).collect(),
        aliases: die.aliases.iter().map(alias).collect(),
        options: options.clone(),
        modes: modes.clone(),
    };
    Ok(die.parts.iter().map(part).collect())
}

fn mode(raw: &RawMode, flash: &RawFlash) -> Mode {
    let region = |region: &RawRegion| Region {
        name: region.name.clone(),
        base: region.base,
        first_sector: region.first_sector,
        runs: region.runs.clone(),
        program_unit: flash.program_unit,
        ecc_word: (flash.ecc.word != 0).then_some(flash.ecc.word),
        erased: flash.erased.value,
        rewrite: flash.rewrite.rule,
        citations: RegionCitations {
            sectors: raw.citation(),
            program_unit: flash.citation(),
            ecc_word: flash.ecc.citation(),
            erased: flash.erased.citation(),
            rewrite: flash.rewrite.citation(),
        },
    };
    let protection = |raw: &RawProtection| WriteProtection {
        option: raw.option.clone(),
        bits: raw.bits,
        sectors_per_bit: raw.sectors_per_bit,
        rule: raw.rule.clone(),
        citation: raw.citation(),
    };
    Mode {
        title: raw.title.clone(),
        selectors: raw.selectors.clone().into_iter().collect(),
        regions: raw.regions.iter().map(region).collect(),
        write_protection: raw.write_protection.as_ref().map(protection),
        citation: raw.citation(),
    }
}

fn option(raw: &RawOption) -> Result<OptionByte, String> {
    let kind = match (&raw.kind, raw.address_shift) {
        (RawKind::Bit, None) => OptionKind::Bit,
        (RawKind::Level, None) => OptionKind::Level,
        (RawKind::WriteProtection, None) => OptionKind::WriteProtection,
        (RawKind::BootAddress, Some(shift)) => OptionKind::BootAddress { shift },
        _ => return Err(format!("option {}: a boot address, and nothing else, has an address-shift", raw.name)),
    };
    Ok(OptionByte {
        name: raw.name.clone(),
        kind,
        selects: raw.selects,
        field: RegisterField {
            register: raw.register.name.clone(),
            address: raw.register.address,
            shift: raw.shift,
            width: raw.width,
        },
        meanings: raw.meanings.clone().unwrap_or_default(),
        shipped: raw.shipped,
        citation: raw.citation(),
    })
}

fn alias(raw: &RawAlias) -> Alias {
    Alias { name: raw.name.clone(), base: raw.base, target: raw.target, size: raw.size, citation: raw.citation() }
}

fn ram(raw: &RawRam) -> Ram {
    Ram { name: raw.name.clone(), base: raw.base, size: raw.size, citation: raw.citation() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_parses_and_names_its_sources() {
        for text in FILES {
            let parts = parse(text).unwrap();
            assert!(!parts.is_empty());
            for line in text.lines().filter(|line| line.starts_with("source")) {
                assert!(line.len() > "source = \"\"".len() + 10, "{line}");
            }
        }
    }

    #[test]
    fn a_value_without_source_is_refused() {
        let without = FILES[0].replacen("source   = ", "# ", 1);
        assert!(parse(&without).unwrap_err().contains("missing field `source`"));
    }

    #[test]
    fn order_codes_with_and_without_suffix() {
        for code in ["STM32F767ZI", "STM32F767ZIT", "STM32F767ZIT6", "STM32F767ZIT6TR", "stm32f767zit6"] {
            assert_eq!(part(code).unwrap().name, "STM32F767ZI", "{code}");
        }
        for code in ["STM32F767Z", "STM32F767ZI6", "STM32F767ZITT", "STM32F767ZIT6TRXX", "STM32F767ZI-T6", ""] {
            assert_eq!(part(code), Err(LookupError::Unknown { nearest: vec!["STM32F767ZI".into()] }), "{code}");
        }
    }
}
