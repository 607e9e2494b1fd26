//! Every sector map against the second source: the flash algorithms of ST's packs, in schema/devices/second-source.toml.
//! Where the two disagree, schema/devices/disagreements.toml says why.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use geometry::{Mode, Part, Run};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct SecondSource {
    algorithms: Vec<Algorithm>,
    users: Vec<Users>,
}

#[derive(Deserialize)]
struct Algorithm {
    name: String,
    base: u32,
    erased: u8,
    runs: Vec<String>,
}

#[derive(Deserialize)]
struct Users {
    algorithms: Vec<String>,
    parts: BTreeSet<String>,
}

/// Modes that the second source has otherwise, or does not have, and why.
#[derive(Deserialize)]
struct Disagreement {
    /// Patterns, as in the families' files.
    parts: Vec<String>,
    /// A mode's title; absent: all modes.
    mode: Option<String>,
    reason: String,
    source: String,
}

#[derive(Deserialize)]
struct Disagreements {
    disagreements: Vec<Disagreement>,
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../../schema/devices/{name}", env!("CARGO_MANIFEST_DIR"));
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn is_match(pattern: &str, part: &str) -> bool {
    pattern.len() <= part.len() && pattern.bytes().zip(part.bytes()).all(|(p, c)| p == b'?' || p == c)
}

impl SecondSource {
    fn algorithms(&self, part: &str) -> impl Iterator<Item = &Algorithm> {
        let users = self.users.iter().filter(|users| users.parts.contains(part));
        let names: BTreeSet<&String> = users.flat_map(|users| &users.algorithms).collect();
        self.algorithms.iter().filter(move |algorithm| names.contains(&algorithm.name))
    }
}

impl Algorithm {
    fn runs(&self) -> impl Iterator<Item = Run> {
        self.runs.iter().map(|run| Run::try_from(run.clone()).unwrap())
    }

    /// Address and size of its sectors.
    fn sectors(&self) -> BTreeSet<(u32, u32)> {
        let mut address = self.base;
        let sizes = self.runs().flat_map(|run| (0..run.count).map(move |_| run.size));
        sizes
            .map(|size| {
                address += size;
                (address - size, size)
            })
            .collect()
    }
}

fn sectors(mode: &Mode) -> BTreeSet<(u32, u32)> {
    let all = mode.regions.iter().flat_map(|region| region.sectors());
    all.map(|sector| (sector.address, sector.size)).collect()
}

fn with_flash() -> Vec<Part> {
    let mut parts = geometry::parts().unwrap();
    parts.retain(|part| part.modes.iter().any(|mode| !mode.regions.is_empty()));
    parts
}

#[test]
fn every_sector_map_is_there_or_its_absence_explained() {
    let second: SecondSource = read("second-source.toml");
    let maps: BTreeMap<&str, BTreeSet<(u32, u32)>> =
        second.algorithms.iter().map(|algorithm| (algorithm.name.as_str(), algorithm.sectors())).collect();
    let Disagreements { disagreements } = read("disagreements.toml");
    let mut used = vec![false; disagreements.len()];
    let mut problems = Vec::new();
    for part in with_flash() {
        for mode in &part.modes {
            let own = sectors(mode);
            let agrees = second.algorithms(&part.name).any(|algorithm| own.is_subset(&maps[algorithm.name.as_str()]));
            let explained = disagreements.iter().position(|known| {
                known.mode.as_ref().is_none_or(|title| *title == mode.title)
                    && known.parts.iter().any(|pattern| is_match(pattern, &part.name))
            });
            match (agrees, explained) {
                (true, None) => {}
                (false, Some(index)) => used[index] = true,
                (true, Some(_)) => problems.push(format!("{} {}: agrees, and is explained", part.name, mode.title)),
                (false, None) => problems.push(format!("{} {}: not explained", part.name, mode.title)),
            }
        }
    }
    for (disagreement, used) in disagreements.iter().zip(used) {
        if !used {
            problems.push(format!("{:?}: explains nothing", disagreement.parts));
        }
        assert!(disagreement.reason.len() > 10 && disagreement.source.len() > 10, "{:?}", disagreement.parts);
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn erased_values_agree() {
    let second: SecondSource = read("second-source.toml");
    for part in with_flash() {
        for region in part.modes.iter().flat_map(|mode| &mode.regions) {
            let Some(erased) = &region.erased else { continue };
            for algorithm in second.algorithms(&part.name).filter(|algorithm| algorithm.base == region.base) {
                assert_eq!(erased.value, algorithm.erased, "{} {}", part.name, algorithm.name);
            }
        }
    }
}

#[test]
fn otp_as_the_packs_have_it() {
    let second: SecondSource = read("second-source.toml");
    let mut compared = 0;
    for part in with_flash() {
        for algorithm in second.algorithms(&part.name).filter(|algorithm| algorithm.name.ends_with("otp")) {
            let otp = part.otp.as_ref().unwrap();
            let locks = otp.lock.map_or(0, |lock| match lock {
                geometry::Lock::Bytes(base) => {
                    assert_eq!(base, otp.range().end, "{}: locks follow the data", part.name);
                    otp.blocks().unwrap()
                }
                _ => 0,
            });
            let size: u32 = algorithm.runs().map(|run| run.count * run.size).sum();
            assert_eq!((otp.base, otp.size + locks), (algorithm.base, size), "{}", part.name);
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared} parts have an OTP algorithm");
}
