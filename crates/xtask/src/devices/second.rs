//! The second source: flash algorithms of ST's packs, as probe-rs restates them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use serde::Deserialize;

use super::{SECOND_SOURCE, hex, name_lines, run_list, sectors};

/// Its data, as it comes.
#[derive(Deserialize)]
pub struct Source {
    /// By series and name.
    algorithms: BTreeMap<String, Algorithm>,
    parts: Vec<Users>,
}

#[derive(Deserialize)]
struct Algorithm {
    /// First address, and the one behind the last.
    range: (u32, u32),
    erased: u8,
    /// Size of sectors from an offset on.
    sectors: Vec<(u32, u32)>,
}

/// Order codes and the algorithms that they name.
#[derive(Deserialize)]
struct Users {
    family: String,
    algorithms: Vec<String>,
    parts: Vec<String>,
}

/// External memories are behind this address; they are not compared.
const EXTERNAL: u32 = 0x6000_0000;

impl Source {
    /// The algorithms of a part that have all these sectors.
    pub fn same_as(&self, part: &str, own: &[(u32, u32)]) -> Vec<String> {
        if own.is_empty() {
            return Vec::new();
        }
        let users = self.parts.iter().filter(|users| users.parts.iter().any(|name| name == part));
        let names: BTreeSet<(&str, &str)> = users
            .flat_map(|users| users.algorithms.iter().map(|name| (users.family.as_str(), name.as_str())))
            .collect();
        let is_same = |algorithm: &Algorithm| {
            let theirs: BTreeSet<(u32, u32)> = sectors(algorithm.range.0, &algorithm.runs()).into_iter().collect();
            own.iter().all(|sector| theirs.contains(sector))
        };
        let found = names
            .into_iter()
            .filter(|(family, name)| self.algorithms.get(&format!("{family}/{name}")).is_some_and(is_same));
        found.map(|(_, name)| name.to_owned()).collect()
    }

    /// What the tests compare with, as text.
    ///
    /// # Errors
    /// None: a string takes all text.
    pub fn file(&self) -> Result<String, fmt::Error> {
        let mut text = format!(
            "# Flash algorithms of ST's packs and the order codes that name them: what tests compare the sector maps with. Not\n\
             # carried by the command. Written by `cargo xtask devices --import`: do not edit.\n\
             #\n\
             # An algorithm may be for a larger part than one that names it. Those of option bytes, EEPROM and external memories\n\
             # are left out.\n\n\
             source = \"{SECOND_SOURCE}, probe-rs/targets\"\n"
        );
        for (name, algorithm) in self.algorithms.iter().filter(|(name, algorithm)| algorithm.is_compared(name)) {
            let Algorithm { range, erased, .. } = algorithm;
            writeln!(text, "\n[[algorithms]]\nname = \"{name}\"\nbase = {}", hex(range.0))?;
            writeln!(text, "erased = 0x{erased:02X}\nruns = {}", run_list(&algorithm.runs()))?;
        }
        for Users { family, algorithms, parts } in &self.parts {
            let names = algorithms.iter().map(|name| format!("{family}/{name}"));
            let kept: Vec<String> =
                names.filter(|name| self.algorithms.get(name).is_some_and(|found| found.is_compared(name))).collect();
            writeln!(text, "\n[[users]]\nalgorithms = [\n{}]", name_lines(&kept)?)?;
            writeln!(text, "parts = [\n{}]", name_lines(parts)?)?;
        }
        Ok(text)
    }
}

impl Algorithm {
    /// Its sectors as counts and sizes.
    fn runs(&self) -> Vec<(u32, u32)> {
        let ends = self.sectors.iter().skip(1).map(|(_, offset)| *offset).chain([self.range.1 - self.range.0]);
        self.sectors.iter().zip(ends).map(|((size, offset), end)| ((end - offset) / size, *size)).collect()
    }

    fn is_compared(&self, name: &str) -> bool {
        self.range.0 < EXTERNAL && !name.ends_with("opt") && !name.ends_with("eeprom")
    }
}
