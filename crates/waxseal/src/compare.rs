//! `waxseal compare`: what was read back of a board against the image that was written.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use geometry::address;
use manifest::plan::{Image, Placement};
use packer::compare::{self, Compared, Comparison, Holds, How};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::load::Manifest;
use crate::report::{Format, Report};
use crate::text::{counted, hex, thousands};
use crate::{files, target};

/// Compare what was read back of a board with the image that was written.
///
/// Says of each sector where and how it differs: never programmed, programmed elsewhere, another image, bits that are stuck.
/// State words are not compared: boot loader and application write them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal compare out/app.a.bin readback.hex --manifest r1b.toml")]
pub struct Command {
    /// The sealed image.
    image: PathBuf,
    /// What was read back: Intel HEX, DfuSe, or the bytes from the slot's start on; `-` is standard input.
    readback: PathBuf,
    /// The manifest of the device.
    #[arg(long)]
    manifest: PathBuf,
    /// The slot; the one of the image's run address if there is none.
    #[arg(long)]
    slot: Option<String>,
    /// Where the bytes of the read-back start, if not with the slot: 0x08000000.
    #[arg(long, value_parser = parse_address)]
    address: Option<u32>,
    /// The sealed image that was in the slot before.
    #[arg(long, value_name = "IMAGE")]
    old: Option<PathBuf>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it. Exit code 1 if something differs.
    ///
    /// # Errors
    /// Files that cannot be read; an image that is none.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read(&self.manifest)?;
        manifest.with_plan(|plan| {
            let file = read_image(&self.image)?;
            let old = self.old.as_deref().map(read_image).transpose()?;
            let read = files::read(&self.readback)?;
            let (image, placement) = target::find(&manifest.name, plan, self.slot.as_deref(), &file)?;
            let base = self.address.unwrap_or(placement.store_address);
            let name = self.readback.display();
            let read = compare::read_back(plan, &read, base)
                .map_err(|error| Failure::new(Exit::Refused, format!("{name} cannot be compared: {error}")))?;
            let found = compare::compare(plan, placement, &file, old.as_deref(), &read);
            let exit = if found.is_same() { Exit::Done } else { Exit::Refused };
            let result = Some(to_json(image, placement, &found));
            let regions = |at: u32| plan.device.mode.region_at(at).map(|region| region.name.clone());
            Ok(Report { exit, result, ..Report::done(text(image, placement, &found, regions)) })
        })
    }
}

/// A sealed image's file.
///
/// # Errors
/// A file that cannot be read, or is none.
pub fn read_image(path: &Path) -> Result<Vec<u8>, Failure> {
    let file = files::read(path)?;
    match compare::is_image(&file) {
        Ok(()) => Ok(file),
        Err(code) => Err(Failure::new(Exit::Refused, format!("{} is no sealed image: {code:?}", path.display()))
            .help("give what `waxseal build` wrote, the .bin")),
    }
}

fn parse_address(text: &str) -> Result<u32, String> {
    let digits = text.replace('_', "");
    let number = match digits.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    };
    number.ok_or_else(|| "an address: 0x08020000".to_owned())
}

fn text(image: &Image, placement: &Placement, found: &Comparison, region: impl Fn(u32) -> Option<String>) -> String {
    let mut text = format!("{} in slot {}\n", image.name.value, placement.slot.value);
    for compared in &found.sectors {
        let Compared { sector, bytes, .. } = compared;
        let _ = writeln!(
            text,
            "  sector {:>3}  {}  {:>9} bytes  {}",
            sector.number,
            address(sector.address),
            thousands((*bytes).into()),
            describe(compared, &region),
        );
    }
    if let Some(Holds { id, version, counter, is_whole }) = &found.holds {
        let whole = if *is_whole { "whole" } else { "and its payload is not whole" };
        let _ = writeln!(
            text,
            "the slot holds another image: version {version}, counter {counter}, id {}, {whole}",
            hex(id)
        );
    }
    let wrong = found.sectors.iter().filter(|sector| sector.how != How::Same).count();
    let _ = match wrong {
        0 => writeln!(text, "all of the image was read back as it is"),
        1 => writeln!(text, "1 of {} differs", counted(found.sectors.len(), "sector")),
        _ => writeln!(text, "{} of {} differ", wrong, counted(found.sectors.len(), "sector")),
    };
    text
}

fn describe(compared: &Compared, region: &impl Fn(u32) -> Option<String>) -> String {
    let Compared { sector, bytes, differing, first, how, .. } = compared;
    let from = first.map_or(String::new(), |first| format!(", the first at {}", address(first)));
    let differ = format!("{} of {} bytes differ{from}", thousands((*differing).into()), thousands((*bytes).into()));
    match how {
        How::Same => "same".to_owned(),
        How::NotRead => {
            format!("not all was read back: {} bytes differ or are missing{from}", thousands((*differing).into()))
        }
        How::Erased => "erased: never programmed, or erased again".to_owned(),
        How::Old => "as in the old image: neither erased nor programmed".to_owned(),
        How::PartlyProgrammed => format!("partly programmed: {differ}, and all of these are erased"),
        How::Moved(by) => {
            let there = u32::try_from(i64::from(sector.address) + by).ok();
            let place = there.and_then(|at| Some((at, region(at)?)));
            match place.filter(|(_, name)| *name != compared.region) {
                Some((at, name)) => format!("its bytes are in {name}, at {}: the wrong bank", address(at)),
                None => format!(
                    "its bytes are {} bytes {}",
                    by.unsigned_abs(),
                    if *by > 0 { "further on" } else { "before it" }
                ),
            }
        }
        How::Bits { ones, zeros: 0 } => {
            format!("{differ}: zeros that read as ones, in bits {}", bits(*ones))
        }
        How::Bits { ones: 0, zeros } => {
            format!("{differ}: ones that read as zeros, in bits {}; programmed without an erase?", bits(*zeros))
        }
        How::Bits { .. } => format!("{differ}: another content"),
    }
}

fn bits(mask: u8) -> String {
    let bits: Vec<String> = (0..8).filter(|bit| mask >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
    bits.join(", ")
}

fn to_json(image: &Image, placement: &Placement, found: &Comparison) -> Value {
    let sector = |compared: &Compared| {
        let Compared { region, sector, bytes, differing, first, how } = compared;
        let (word, moved, ones, zeros) = match how {
            How::Same => ("same", None, None, None),
            How::NotRead => ("not-read", None, None, None),
            How::Erased => ("erased", None, None, None),
            How::Old => ("old", None, None, None),
            How::PartlyProgrammed => ("partly-programmed", None, None, None),
            How::Moved(by) => ("moved", Some(*by), None, None),
            How::Bits { ones, zeros } => ("bits", None, Some(*ones), Some(*zeros)),
        };
        json!({
            "region": region, "sector": sector.number, "address": sector.address, "bytes": bytes,
            "differing": differing, "first": first, "how": word, "moved": moved, "ones": ones, "zeros": zeros,
        })
    };
    let holds = |Holds { id, version, counter, is_whole }: &Holds| json!({ "image_id": hex(id), "version": version, "counter": counter, "whole": is_whole });
    json!({
        "image": image.name.value,
        "slot": placement.slot.value,
        "same": found.is_same(),
        "sectors": found.sectors.iter().map(sector).collect::<Vec<_>>(),
        "holds": found.holds.as_ref().map(holds),
    })
}
