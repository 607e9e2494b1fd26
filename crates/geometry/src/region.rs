//! Regions and their sectors.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use crate::read::{texts, words};
use crate::{Citation, Fact, PageProtection, WriteProtection};

/// A contiguous range of one memory with one set of rules: the whole flash, one of its banks, or an external memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// `flash` on a part with one bank, `bank1` or `bank2` otherwise; of an external memory its part name.
    pub name: String,
    /// Address of its first byte, as the bus sees it when it is programmed; 0 for an external memory, whose bus decides.
    pub base: u32,
    /// The number of its first sector: see `numbers`.
    pub first_sector: u32,
    /// Neighbouring sectors of one size, lowest address first.
    pub runs: Vec<Run>,
    /// Where base and sizes of the sectors come from.
    pub sectors_from: Citation,
    /// Where the sectors' numbers come from, which are then the reference manual's: banks need not start at zero each.
    /// `None`: unproven, and the sectors are counted from 0 in this region.
    pub numbers: Option<Citation>,
    /// The range, in bytes, that one program operation fills; what is programmed is a multiple of it and aligned to it.
    pub program_unit: Option<Fact<u32>>,
    /// Bytes that share one error correction code.
    pub ecc: Option<Fact<Ecc>>,
    /// What an erased byte reads as.
    pub erased: Option<Fact<u8>>,
    /// What may be programmed over a unit that is not erased.
    pub rewrite: Option<Fact<Rewrite>>,
    /// What can be read while it is programmed or erased.
    pub read_while_write: Option<Fact<ReadWhileWrite>>,
    /// Which bits protect which of its sectors from being written.
    pub write_protection: Option<WriteProtection>,
    /// Which option bytes protect ranges of its pages, on parts that do it so.
    pub page_protection: Option<PageProtection>,
}

texts! {
    /// Neighbouring sectors of one size. As text `4x32K`, or `128K` for a single one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Run {
        /// How many.
        pub count: u32,
        /// Bytes of each.
        pub size: u32,
    }
}

impl TryFrom<String> for Run {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (count, size) = text.split_once('x').unwrap_or(("1", &text));
        let (digits, unit) = match (size.strip_suffix('K'), size.strip_suffix('M')) {
            (Some(digits), _) => (digits, 1024),
            (_, Some(digits)) => (digits, 1024 * 1024),
            _ => (size, 1),
        };
        let size = digits.parse().ok().and_then(|size: u32| size.checked_mul(unit));
        match (count.parse(), size) {
            (Ok(count), Some(size)) => Ok(Self { count, size }),
            _ => Err(format!("`{text}` is no run of sectors: `4x32K`, or `128K` for one")),
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => f.write_str(&bytes(self.size)),
            count => write!(f, "{count}x{}", bytes(self.size)),
        }
    }
}

/// The smallest range that can be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sector {
    /// The reference manual's number.
    pub number: u32,
    /// Address of its first byte.
    pub address: u32,
    /// Bytes.
    pub size: u32,
}

/// Error correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecc {
    /// There is none.
    None,
    /// So many bytes share one code, and are programmed together.
    Word(u32),
}

words! {
    /// What may be programmed over a unit that is not erased.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Rewrite {
        /// Any value that only clears bits.
        ClearBits,
        /// All zeros, and nothing else.
        OnlyZero,
        /// Nothing: a unit is programmed once per erase.
        Never,
    }
}

words! {
    /// What can be read while a sector is programmed or erased.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ReadWhileWrite {
        /// The other bank. Reading the same one waits.
        OtherBank,
        /// Nothing until the operation ends: there is one bank.
        Nothing,
        /// Nothing, unless the operation is suspended.
        Suspended,
    }
}

impl fmt::Display for Ecc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Word(word) => write!(f, "{word} bytes share a code"),
        }
    }
}

impl fmt::Display for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClearBits => "what only clears bits",
            Self::OnlyZero => "only all zeros",
            Self::Never => "nothing: once per erase",
        })
    }
}

impl fmt::Display for ReadWhileWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherBank => "the other bank can be read",
            Self::Nothing => "nothing can be read",
            Self::Suspended => "nothing can be read unless it is suspended",
        })
    }
}

/// A size as people write it: `1M`, `896K`, `100` for one that is no multiple of 1024.
pub fn bytes(size: u32) -> String {
    const K: u32 = 1024;
    const M: u32 = 1024 * K;
    match size {
        0 => "0".into(),
        size if size.is_multiple_of(M) => format!("{}M", size / M),
        size if size.is_multiple_of(K) => format!("{}K", size / K),
        size => size.to_string(),
    }
}

/// An address as people write it: `0x0800_0000`.
pub fn address(address: u32) -> String {
    format!("0x{:04X}_{:04X}", address >> 16, address & 0xFFFF)
}

/// Numbers from one to another as people write them: `5-11`; of one alone `4`.
pub fn numbers(first: u32, last: u32) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Ascending numbers as people write them: `0-7` and `12-17`.
pub fn runs_of(ascending: impl IntoIterator<Item = u32>) -> Vec<String> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in ascending {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs.into_iter().map(|(first, last)| numbers(first, last)).collect()
}

/// Ascending numbers with their noun: `sector 4`, `sectors 0-7 and 12-17`.
pub fn numbered(noun: &str, ascending: impl IntoIterator<Item = u32>) -> String {
    let mut count = 0;
    let runs = runs_of(ascending.into_iter().inspect(|_| count += 1));
    let plural = if count == 1 { "" } else { "s" };
    match runs.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{noun}{plural} {} and {last}", rest.join(", ")),
        _ => format!("{noun}{plural} {}", runs.concat()),
    }
}

impl Sector {
    /// The addresses it covers.
    pub fn range(&self) -> Range<u32> {
        self.address..self.address.saturating_add(self.size)
    }
}

impl Region {
    /// Its sectors, lowest address first.
    pub fn sectors(&self) -> impl Iterator<Item = Sector> + '_ {
        let mut next = Sector { number: self.first_sector, address: self.base, size: 0 };
        self.runs.iter().flat_map(|run| (0..run.count).map(|_| run.size)).map(move |size| {
            let sector = Sector { size, ..next };
            next = Sector { number: sector.number + 1, address: sector.address.saturating_add(size), size };
            sector
        })
    }

    /// The bytes that are programmed together and no more than once per erase, as far as that is the memory's own rule:
    /// an ECC word, or else a program unit. `None`: unproven.
    pub fn unit(&self) -> Option<u32> {
        let program_unit = self.program_unit.as_ref()?.value;
        match self.ecc.as_ref()?.value {
            Ecc::None => Some(program_unit),
            Ecc::Word(word) => Some(word.max(program_unit)),
        }
    }

    /// Bytes of all its sectors.
    pub fn size(&self) -> u32 {
        self.runs.iter().map(|run| run.count.saturating_mul(run.size)).sum()
    }

    /// The addresses it covers.
    pub fn range(&self) -> Range<u32> {
        self.base..self.base.saturating_add(self.size())
    }

    /// The sector of this number, if it is one of this region.
    pub fn sector(&self, number: u32) -> Option<Sector> {
        self.sectors().find(|sector| sector.number == number)
    }

    /// The sector that holds this address, if one does.
    pub fn sector_at(&self, address: u32) -> Option<Sector> {
        self.sectors().find(|sector| sector.range().contains(&address))
    }

    /// The sector map in words: `4x32K, 128K, 7x256K`.
    pub fn summary(&self) -> String {
        self.runs.iter().map(Run::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The first and the last sector number.
    pub fn numbers(&self) -> RangeInclusive<u32> {
        let count: u32 = self.runs.iter().map(|run| run.count).sum();
        self.first_sector..=(self.first_sector + count).saturating_sub(1)
    }
}
