//! `cargo xtask devices`: order codes and memory maps out of other projects' data, in this project's own form.
//!
//! Two sources: stm32-data-generated has every order code and its memory; probe-rs has the flash algorithms of ST's packs,
//! an independent list of sectors. A sector map that both have is marked with the algorithm's name.

mod chips;
mod second;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::de::DeserializeOwned;

use crate::generated::Files;
use crate::process::{Failure, Outcome, root};

/// The data to import, each as one JSON file.
#[derive(Args)]
pub struct Sources {
    /// Chips of stm32-data-generated: die, order codes, cores and memory regions, grouped by equal content.
    #[arg(long, value_name = "FILE")]
    import: PathBuf,
    /// Flash algorithms of probe-rs' targets and the order codes that name them.
    #[arg(long, value_name = "FILE")]
    second_source: PathBuf,
    /// Fails if a file is not as it would be written, and writes nothing.
    #[arg(long)]
    check: bool,
}

/// Commits of the sources; both are MIT OR Apache-2.0.
const CHIPS_SOURCE: &str = "embassy-rs/stm32-data-generated at f115ed4f";
const SECOND_SOURCE: &str = "ST's pack by way of probe-rs at 67993c4b";

/// Writes schema/devices/parts/*.toml and schema/devices/second-source.toml.
///
/// # Errors
/// A source that cannot be read or has what this form cannot say; with `check` a file that differs.
pub fn import(sources: &Sources) -> Outcome {
    let second: second::Source = read(&sources.second_source)?;
    let groups: Vec<chips::Group> = read(&sources.import)?;
    let mut families: BTreeMap<String, Vec<chips::Chip>> = BTreeMap::new();
    for group in &groups {
        let chips = group.chips(&second).map_err(Failure::new)?;
        families.entry(group.family_file()).or_default().extend(chips);
    }
    let devices = root()?.join("schema/devices");
    let mut files = Files::new(devices.join("parts"));
    for (name, mut chips) in families {
        chips.sort_by(|a, b| a.parts.cmp(&b.parts));
        files.add(&format!("{name}.toml"), chips::file(&name, &chips).map_err(formatting)?.into_bytes());
    }
    files.finish(sources.check)?;
    let mut files = Files::new(devices);
    files.add("second-source.toml", second.file().map_err(formatting)?.into_bytes());
    files.finish(sources.check)
}

fn read<T: DeserializeOwned>(path: &Path) -> Outcome<T> {
    let text = fs::read_to_string(path).map_err(Failure::at(path))?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn formatting(error: std::fmt::Error) -> Failure {
    Failure::new(error.to_string())
}

/// Quoted names, comma by comma, in lines of moderate length that are indented by four.
fn name_lines(names: &[String]) -> Result<String, std::fmt::Error> {
    const WIDTH: usize = 116;
    let mut text = String::new();
    let mut line = String::new();
    for name in names {
        if line.len() + name.len() + 4 > WIDTH {
            writeln!(text, "    {}", line.trim_end())?;
            line.clear();
        }
        write!(line, "\"{name}\", ")?;
    }
    writeln!(text, "    {}", line.trim_end())?;
    Ok(text)
}

/// `["4x32K", "128K"]`.
fn run_list(runs: &[(u32, u32)]) -> String {
    let run = |(count, size): &(u32, u32)| {
        let size = if size.is_multiple_of(1024) { format!("{}K", size / 1024) } else { size.to_string() };
        if *count == 1 { format!("\"{size}\"") } else { format!("\"{count}x{size}\"") }
    };
    format!("[{}]", runs.iter().map(run).collect::<Vec<_>>().join(", "))
}

/// `0x0800_0000`.
fn hex(value: u32) -> String {
    format!("0x{:04X}_{:04X}", value >> 16, value & 0xFFFF)
}

/// Address and size of each sector.
fn sectors(base: u32, runs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut address = base;
    let sizes = runs.iter().flat_map(|(count, size)| (0..*count).map(|_| *size));
    sizes
        .map(|size| {
            let sector = (address, size);
            address += size;
            sector
        })
        .collect()
}
