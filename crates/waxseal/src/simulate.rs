//! `waxseal simulate`: power cuts at every operation of an update, on a manifest's own geometry.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use manifest::plan::{Image, Loader, Plan, Strategy};
use serde_json::{Value, json};
use simulate::{Bench, Count, Cuts, Depth, Failure as Found, Memo, Scenario, Setting};

use crate::exit::{Exit, Failure};
use crate::load::{Manifest, ProfileArgs};
use crate::report::{Format, Report};

/// Cut the power at every operation of an update, and see whether the device survives.
///
/// The boot loader is waxseal's own, the flash is a model of the manifest's: its sectors, units and erased value. The update is played
/// once, then again with a cut before and inside each operation, then with several cuts at seeded places.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal simulate r1b.toml --seed 7")]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Most power cuts in one run.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    cuts: u32,
    /// What seeded places are chosen by, and what doubtful cells read as.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Plays these cuts and nothing else: what a failure printed.
    #[arg(long, requires = "scenario")]
    replay: Option<Cuts>,
    /// The scenario to play: install, revert, downgrade.
    #[arg(long, value_parser = scenario)]
    scenario: Option<Scenario>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

fn scenario(text: &str) -> Result<Scenario, String> {
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == text);
    found.ok_or_else(|| "install, revert or downgrade".to_owned())
}

/// Runs with several cuts.
const WANDERINGS: u64 = 50;
/// Largest payload in bytes: a longer one has more of the same operations.
const PAYLOAD: u32 = 12 * 1024;

/// What one scenario came to.
struct Row {
    image: String,
    scenario: Scenario,
    result: Result<Count, Found>,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest that cannot be read, or without an image that waxseal's boot loader updates.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            let rows = self.rows(plan)?;
            let failed = rows.iter().any(|row| row.result.is_err());
            let result = Some(json!({ "seed": self.seed, "scenarios": rows.iter().map(to_json).collect::<Vec<_>>() }));
            let report = Report { result, ..Report::done(self.text(&rows)) };
            Ok(if failed { Report { exit: Exit::Refused, ..report } } else { report })
        })
    }

    fn rows(&self, plan: &Plan) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for image in plan.images.iter().filter(|image| image.strategy.value != Strategy::Fixed) {
            if plan.boot.loader.value != Loader::Waxseal {
                continue;
            }
            let bench = bench(plan, image, self.seed)
                .map_err(|problem| Failure::new(Exit::Refused, format!("`{}`: {problem}", image.name.value)))?;
            let chosen =
                Scenario::ALL.into_iter().filter(|scenario| self.scenario.is_none_or(|only| only == *scenario));
            for scenario in chosen.filter(|scenario| *scenario != Scenario::Downgrade || bench.has_counter()) {
                let bench = if scenario == Scenario::Downgrade { bench.with_downgrade() } else { bench.clone() };
                rows.push(Row { image: image.name.value.clone(), scenario, result: self.play(&bench, scenario) });
            }
        }
        if rows.is_empty() {
            let text = "there is nothing to simulate: no image that waxseal's boot loader updates";
            return Err(Failure::new(Exit::Refused, text.to_owned()));
        }
        Ok(rows)
    }

    fn play(&self, bench: &Bench, scenario: Scenario) -> Result<Count, Found> {
        let memo = Memo::default();
        let setting = Setting::new(bench, scenario, self.seed, &memo);
        if let Some(cuts) = &self.replay {
            return match simulate::replay(&setting, cuts) {
                (Ok(_), _) => Ok(Count { runs: 1, cuts: cuts.0.len() as u64, ..Count::default() }),
                (Err(failure), _) => Err(failure),
            };
        }
        let mut count = simulate::explore(&setting, 1, Depth::One)?;
        for cuts in 2..=self.cuts {
            let found = simulate::wander(&setting, cuts, WANDERINGS)?;
            count += Count { operations: 0, ..found };
        }
        Ok(count)
    }

    fn text(&self, rows: &[Row]) -> String {
        let mut text = String::new();
        for row in rows {
            let (image, scenario) = (&row.image, row.scenario.name());
            let _ = match &row.result {
                Ok(Count { operations, runs, cuts, starts }) => writeln!(
                    text,
                    "{image}  {scenario:<9}  {operations} operations, {runs} runs, {cuts} power cuts, {starts} starts: survived"
                ),
                Err(found) => writeln!(
                    text,
                    "{image}  {scenario:<9}  failed: {}\n  again: waxseal simulate {} --scenario {scenario} --seed {} --replay {}",
                    found.violation,
                    self.manifest.display(),
                    self.seed,
                    found.cuts
                ),
            };
        }
        let _ = writeln!(text, "seed {}; a model of flash, not silicon", self.seed);
        text
    }
}

fn to_json(row: &Row) -> Value {
    let mut value = json!({ "image": row.image, "scenario": row.scenario.name(), "survived": row.result.is_ok() });
    match &row.result {
        Ok(Count { operations, runs, cuts, starts }) => {
            value["operations"] = json!(operations);
            value["runs"] = json!(runs);
            value["cuts"] = json!(cuts);
            value["starts"] = json!(starts);
        }
        Err(found) => {
            value["violation"] = json!(found.violation.to_string());
            value["replay"] = json!(found.cuts.to_string());
        }
    }
    value
}

/// The image's slot group with images made for it: payloads as large as the slots allow, up to a bound.
fn bench(plan: &Plan, image: &Image, seed: u64) -> Result<Bench, String> {
    let capacity = image.placements.iter().map(|placement| placement.capacity).min().unwrap_or_default();
    let chunks = capacity.div_ceil(4096);
    let payload = capacity.saturating_sub(12 + 32 * chunks).min(PAYLOAD);
    Bench::new(&image.name.value, &image.group, plan.update.tries.value, payload, seed)
        .map_err(|error| error.to_string())
}
