//! `waxseal map`: what lies where in the device's flash.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use geometry::{address, bytes};
use manifest::map::{RegionMap, Row, What};
use manifest::plan::{Plan, Use};
use packer::build::check_input;
use packer::linker::mode;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::inputs::{InputArgs, InputFile};
use crate::load::Manifest;
use crate::report::{Format, Report};
use crate::text::{hex, thousands};

/// Characters of a bar.
const BAR: u32 = 20;

/// Show what lies where in flash.
///
/// Slots, areas and what is free, how full the slots are, and the option bytes that belong to it.
#[derive(Debug, Args)]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    inputs: InputArgs,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest or an input that exists and cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read(&self.manifest)?;
        manifest.with_plan(|plan| {
            let inputs = self.inputs.read(&manifest, plan)?;
            let map = Map::new(plan, &inputs);
            let result = Some(map.to_json());
            Ok(Report { result, ..Report::done(map.text()) })
        })
    }
}

struct Map<'a> {
    plan: &'a Plan,
    regions: Vec<RegionMap>,
    /// Bytes of payload by slot, of the inputs that exist and are right.
    used: BTreeMap<&'a str, u32>,
}

impl<'a> Map<'a> {
    fn new(plan: &'a Plan, inputs: &[InputFile<'a>]) -> Self {
        let used = |file: &InputFile<'a>| {
            let payload = check_input(plan, file.image, file.placement, &file.input()?).ok()?;
            Some((file.placement.slot.value.as_str(), u32::try_from(payload.bytes.len()).ok()?))
        };
        Self { plan, regions: manifest::map::map(plan), used: inputs.iter().filter_map(used).collect() }
    }

    fn text(&self) -> String {
        let mut text = self.title();
        text.push_str("  address       size  sectors  name\n");
        let rows = || self.regions.iter().flat_map(|region| &region.rows);
        let names = rows().map(|row| name(row).len()).max().unwrap_or(0);
        let whats = rows().map(|row| self.what(row).len()).max().unwrap_or(0);
        for region in &self.regions {
            let _ = writeln!(text, "{}", region.name);
            for row in &region.rows {
                let line = format!(
                    "  {}  {:>6}  {:<7}  {:<names$}  {:<whats$}  {}",
                    address(row.address),
                    bytes(row.size),
                    numbers(row),
                    name(row),
                    self.what(row),
                    self.fill(row),
                );
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
        text + &self.notes()
    }

    fn what(&self, row: &Row) -> String {
        match &row.what {
            What::Free => "free".to_owned(),
            What::BootLoader => "boot loader".to_owned(),
            What::Image { name, .. } => {
                let version = self.plan.image(name).map(|image| image.version_text());
                format!("{name} {}", version.unwrap_or_default())
            }
            What::Unused => "no image".to_owned(),
            What::Area(Use::Counter) => "security counter".to_owned(),
            What::Area(Use::Application) => "of the application".to_owned(),
        }
    }

    /// Bytes used, if they are known.
    fn used(&self, row: &Row) -> Option<u32> {
        self.used.get(row.name.as_deref()?).copied()
    }

    /// `412,180 of   916,416   44%  ########............`; a dash for what is not known.
    fn fill(&self, row: &Row) -> String {
        let What::Image { capacity, .. } = row.what else { return String::new() };
        let total = thousands(capacity.into());
        let Some(used) = self.used(row) else { return format!("{:>11} of {total:>11}", "-") };
        let share = |whole: u32| u64::from(used) * u64::from(whole) / u64::from(capacity.max(1));
        let full = share(BAR).min(BAR.into()) as usize;
        let bar = "#".repeat(full) + &".".repeat(BAR as usize - full);
        format!("{:>11} of {total:>11}  {:>3}%  {bar}", thousands(used.into()), share(100))
    }

    /// Part, what its addresses depend on, and the fingerprints of the slot groups.
    fn title(&self) -> String {
        let layouts: Vec<String> = self.plan.images.iter().map(|image| hex(&image.fingerprint[..8])).collect();
        format!("{}, {}, layout {}\n", self.plan.device.part.name, mode(self.plan), layouts.join(", "))
    }

    /// Where things are inside the slots, and the option bytes.
    fn notes(&self) -> String {
        let mut text = String::new();
        for placement in self.plan.images.iter().flat_map(|image| &image.placements) {
            let runs = match placement.run_address {
                run if run == placement.payload_address => String::new(),
                run => format!("runs at {}, ", address(run)),
            };
            let _ = writeln!(
                text,
                "  {}: header {}, code {}, {runs}state words {}",
                placement.slot.value,
                address(placement.store_address),
                address(placement.payload_address),
                address(placement.state_address),
            );
        }
        let options: Vec<String> = self.plan.option_bytes.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  option bytes as shipped: {}", options.join(" "));
        text
    }

    fn to_json(&self) -> Value {
        let row = |row: &Row| {
            let capacity = if let What::Image { capacity, .. } = row.what { Some(capacity) } else { None };
            json!({
                "address": row.address,
                "size": row.size,
                "first_sector": row.sectors.0,
                "last_sector": row.sectors.1,
                "name": row.name,
                "what": self.what(row),
                "used": self.used(row),
                "capacity": capacity,
            })
        };
        let region = |region: &RegionMap| json!({ "name": region.name, "rows": region.rows.iter().map(row).collect::<Vec<_>>() });
        let layouts = self.plan.images.iter().map(|image| (image.name.value.clone(), json!(hex(&image.fingerprint))));
        let options = self.plan.option_bytes.iter().map(|option| (option.name.clone(), json!(option.value)));
        json!({
            "part": self.plan.device.part.name,
            "layouts": layouts.collect::<serde_json::Map<_, _>>(),
            "option_bytes": options.collect::<serde_json::Map<_, _>>(),
            "regions": self.regions.iter().map(region).collect::<Vec<_>>(),
        })
    }
}

fn name(row: &Row) -> &str {
    row.name.as_deref().unwrap_or("-")
}

/// `5-11`, or `4`.
fn numbers(row: &Row) -> String {
    let (first, last) = row.sectors;
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}
