//! `waxseal plan`: what an update from one image to another costs.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use geometry::{address, bytes};
use manifest::plan::{Image, Placement, Slot};
use packer::update::{CHUNKS, Step, Update, staged_in, update};
use serde_json::{Value, json};

use crate::compare::read_image;
use crate::exit::Failure;
use crate::load::Manifest;
use crate::report::{Format, Report};
use crate::target;
use crate::text::{counted, thousands};

/// Show what an update costs: sectors to erase, bytes to transfer and to program.
///
/// As a whole, and by what changes, for a slot that holds the old image; and what waxseal's own library erases, which is all of the slot that it
/// stages an update in.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal plan --manifest r1b.toml --from old/app.a.bin --to out/app.a.bin")]
pub struct Command {
    /// The manifest of the device.
    #[arg(long)]
    manifest: PathBuf,
    /// The sealed image that the slot holds.
    #[arg(long, value_name = "OLD")]
    from: PathBuf,
    /// The sealed image that is to replace it.
    #[arg(long, value_name = "NEW")]
    to: PathBuf,
    /// The slot; the one of the new image's run address if there is none.
    #[arg(long)]
    slot: Option<String>,
    /// Bytes of a chunk, a power of two from 4K to 1M.
    #[arg(long, value_name = "SIZE", default_value = "4K", value_parser = parse_chunk)]
    chunk: u32,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read; images that are none.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read(&self.manifest)?;
        manifest.with_plan(|plan| {
            let (old, new) = (read_image(&self.from)?, read_image(&self.to)?);
            let (image, placement) = target::find(&manifest.name, plan, self.slot.as_deref(), &new)?;
            let found = update(plan, placement, &old, &new, self.chunk);
            let staged = staged_in(plan, image, placement);
            let result = Some(to_json(image, placement, &found, staged));
            Ok(Report { result, ..Report::done(text(image, placement, &found, staged)) })
        })
    }
}

fn parse_chunk(text: &str) -> Result<u32, String> {
    let (digits, unit) = match (text.strip_suffix('K'), text.strip_suffix('M')) {
        (Some(digits), _) => (digits, 0x400),
        (_, Some(digits)) => (digits, 0x10_0000),
        _ => (text, 1),
    };
    let size = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit));
    let is_right = |size: &u32| size.is_power_of_two() && CHUNKS.contains(size);
    size.filter(is_right).ok_or_else(|| "a power of two from 4K to 1M".to_owned())
}

/// Sectors that must be erased, all or those that change; and their bytes.
fn erased(update: &Update, changes_only: bool) -> (usize, u32) {
    let sectors = update.sectors.iter().filter(|step| !(changes_only && step.is_same && !step.has_state));
    sectors.fold((0, 0), |(count, size), step| (count + 1, size + step.sector.size))
}

/// All sectors of a slot; and their bytes.
fn all(slot: &Slot) -> (usize, u32) {
    let sectors = &slot.extent.sectors;
    (sectors.len(), sectors.iter().map(|sector| sector.size).sum())
}

fn text(image: &Image, placement: &Placement, update: &Update, staged: Option<&Slot>) -> String {
    let mut text = format!("{} in slot {}\n", image.name.value, placement.slot.value);
    for step in &update.sectors {
        let Step { sector, bytes: size, has_state, is_same, .. } = step;
        let what = match (is_same, size) {
            (true, 0) => "holds nothing of either",
            (true, _) => "the same in both",
            (false, 0) => "of the old image only: erase",
            (false, _) => "erase and program",
        };
        let state = if *has_state { "; state words: erase first" } else { "" };
        let size = thousands((*size).into());
        let at = address(sector.address);
        let _ = writeln!(
            text,
            "  sector {:>3}  {at}  {:>5}  {size:>9} bytes  {what}{state}",
            sector.number,
            bytes(sector.size)
        );
    }
    let line = |text: &mut String, name: &str, (count, size): (usize, u32), transfer: u32, chunks: u32| {
        let sectors = counted(count, "sector");
        let transfer = thousands(transfer.into());
        let _ = writeln!(
            text,
            "{name:<8} {sectors}, {} to erase; {transfer} bytes to transfer: what is around the payload, and {chunks} of {} chunks of {}",
            bytes(size),
            update.chunks,
            bytes(update.chunk),
        );
    };
    line(&mut text, "whole", erased(update, false), update.bytes, update.chunks);
    line(&mut text, "changes", erased(update, true), update.around + update.changed_bytes, update.changed_chunks);
    if let Some(slot) = staged {
        let (count, size) = all(slot);
        let _ = writeln!(
            text,
            "staged   {}, {} to erase: waxseal's library empties slot {} for each update, whatever changes",
            counted(count, "sector"),
            bytes(size),
            slot.name.value,
        );
    }
    text
}

fn to_json(image: &Image, placement: &Placement, update: &Update, staged: Option<&Slot>) -> Value {
    let step = |Step { region, sector, bytes, has_state, is_same }: &Step| {
        json!({
            "region": region, "sector": sector.number, "address": sector.address, "size": sector.size, "bytes": bytes,
            "state": has_state, "same": is_same,
        })
    };
    let cost = |changes_only: bool, transfer: u32, chunks: u32| {
        let (sectors, size) = erased(update, changes_only);
        json!({ "sectors": sectors, "erase": size, "transfer": transfer, "chunks": chunks })
    };
    json!({
        "image": image.name.value,
        "slot": placement.slot.value,
        "sectors": update.sectors.iter().map(step).collect::<Vec<_>>(),
        "chunk": update.chunk,
        "whole": cost(false, update.bytes, update.chunks),
        "changes": cost(true, update.around + update.changed_bytes, update.changed_chunks),
        "staged": staged.map(|slot| {
            let (sectors, size) = all(slot);
            json!({ "slot": slot.name.value, "sectors": sectors, "erase": size })
        }),
    })
}
