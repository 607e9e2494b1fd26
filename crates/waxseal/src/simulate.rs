//! `waxseal simulate`: power cuts at every operation of an update, on a manifest's own geometry.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use image_format::{Device, Header, ImageBody, Memory};
use manifest::plan::{Image, Loader, Plan, Raise, Strategy};
use packer::source::trust_set;
use report::refusal;
use serde_json::{Value, json};
use simulate::{Bench, BenchError, Count, Cuts, Depth, Failure as Found, Images, Memo, Replay, Scenario, Setting};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::progress::Progress;
use crate::report::{Format, Report};
use crate::text::counted;

/// Cut the power at every operation of an update, and see whether the device survives.
///
/// The boot loader is waxseal's own, the flash is a model of the manifest's: its sectors, units and erased value. The update is played
/// once, then again with a cut before and inside each operation, then with several cuts at seeded places. Images are made for it, with
/// payloads of 12 KiB at most, since more of the same operations tell nothing new; `--old` and `--new` take sealed ones, of any size. An
/// image that pins companions is played with them, and once more, as `alone`, with companions that stay as they are; those of sealed ones are
/// played if `--companion` names them all.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal simulate r1b.toml --seed 7\n  waxseal simulate r1b.toml --old 1.4/app.a.bin --new 1.5/app.b.bin"
)]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    /// The sealed image that runs: in the first slot of its group.
    #[arg(long, requires = "new", value_name = "FILE")]
    old: Option<PathBuf>,
    /// The sealed image that comes: for the other slot of two, or for the same one where it is copied.
    #[arg(long, requires = "old", value_name = "FILE")]
    new: Option<PathBuf>,
    /// A sealed image that the old or the new one pins, once for each: they are played with them. Without any, companions count as there.
    #[arg(long, requires = "new", value_name = "FILE")]
    companion: Vec<PathBuf>,
    /// Most power cuts in one run.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    cuts: u32,
    /// What seeded places are chosen by, and what doubtful cells read as.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Plays these cuts and nothing else: what a failure printed.
    #[arg(long, requires = "scenario")]
    replay: Option<Cuts>,
    /// Draws the run of `--replay` into a file, the first image's where there are several: operations, cuts, and which image starts.
    #[arg(long, requires = "replay", value_name = "FILE")]
    svg: Option<PathBuf>,
    /// The one scenario to play.
    #[arg(long, value_parser = scenario())]
    scenario: Option<Scenario>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

fn scenario() -> impl TypedValueParser<Value = Scenario> {
    let find = |name: String| Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
    PossibleValuesParser::new(Scenario::ALL.map(Scenario::name)).try_map(move |name| find(name).ok_or("no scenario"))
}

/// Runs with several cuts.
const WANDERINGS: u64 = 50;
/// Largest payload in bytes: a longer one has more of the same operations.
const PAYLOAD: u32 = 12 * 1024;

/// What one scenario came to.
struct Row {
    image: String,
    /// Images that it pins, which were played with it.
    companions: Vec<String>,
    scenario: Scenario,
    result: Result<Count, Found>,
}

/// An image that was not played.
struct Skipped {
    image: String,
    reason: String,
    /// What to do about it.
    help: &'static str,
}

/// What was played, and what was not.
struct Played {
    rows: Vec<Row>,
    skipped: Vec<Skipped>,
}

/// What is played: a manifest with its public keys.
struct Made<'a> {
    manifest: &'a Manifest,
    plan: &'a Plan,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest or an image that cannot be read, an image that the device would refuse, or nothing to play what was asked for on.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            let played = self.played(&Made { manifest: &manifest, plan })?;
            let failed = played.rows.iter().any(|row| row.result.is_err());
            let result = Some(json!({
                "seed": self.seed,
                "simulated": !played.rows.is_empty(),
                "scenarios": played.rows.iter().map(to_json).collect::<Vec<_>>(),
                "not_simulated": played.skipped.iter().map(skipped_to_json).collect::<Vec<_>>(),
            }));
            let report = Report { result, ..Report::done(self.text(&played)) };
            Ok(if failed { Report { exit: Exit::Refused, ..report } } else { report })
        })
    }

    fn played(&self, made: &Made<'_>) -> Result<Played, Failure> {
        let refused = |text: String| Failure::new(Exit::Refused, text);
        let images = match (&self.old, &self.new) {
            (Some(old), Some(new)) => Some(Images { old: sealed(old)?, new: sealed(new)? }),
            _ => None,
        };
        if images.as_ref().is_some_and(|images| images.old == images.new) {
            return Err(refused("the new image is the old one: there is nothing to install".to_owned()));
        }
        let companions = self.companion.iter().map(|path| sealed(path)).collect::<Result<Vec<_>, _>>()?;
        let plan = made.plan;
        let mut played = Played { rows: Vec::new(), skipped: Vec::new() };
        for image in &plan.images {
            let name = &image.name.value;
            if let Some((reason, help)) = reason_to_skip(plan, image) {
                played.skipped.push(Skipped { image: name.clone(), reason, help });
                continue;
            }
            let bench = match &images {
                Some(images) if !is_of(image, &images.old) => {
                    let reason = "the old image is of another slot group".to_owned();
                    let help = "it was built for another image, or from a manifest with another layout";
                    played.skipped.push(Skipped { image: name.clone(), reason, help });
                    continue;
                }
                Some(images) => {
                    let trust = trust_set(plan, &made.manifest.public_keys(plan)?)
                        .map_err(|error| refused(error.to_string()))?;
                    let device = Device { vendor_id: plan.product.vendor_id, class_id: plan.product.class_id };
                    let tries = plan.update.tries.value;
                    let lead = Bench::with_images(name, &image.group, tries, device, trust, images.clone());
                    if companions.is_empty() { lead } else { with_companions(plan, image, lead, &companions) }
                }
                None => together(plan, image, self.seed),
            };
            let mut bench = bench.map_err(|problem| refused(format!("`{name}`: {problem}")))?;
            if plan.update.raise.as_ref().is_some_and(|raise| raise.value == Raise::Strict) {
                bench.raise = simulate::Raise::Strict;
            }
            self.play_image(image, &bench, &mut played)?;
        }
        if played.rows.is_empty() && (images.is_some() || self.scenario.is_some()) {
            let reasons = played.skipped.iter().map(|Skipped { image, reason, .. }| format!("`{image}`: {reason}"));
            let reasons: Vec<String> = reasons.collect();
            return Err(refused(format!("there is nothing to simulate: {}", reasons.join("; "))));
        }
        Ok(played)
    }

    /// Plays one image's scenarios.
    fn play_image(&self, image: &Image, bench: &Bench, played: &mut Played) -> Result<(), Failure> {
        let name = &image.name.value;
        let chosen = Scenario::ALL.into_iter().filter(|scenario| self.scenario.is_none_or(|only| only == *scenario));
        for scenario in chosen {
            // Only images made for it can be made older than they are, and pin what they do not.
            let is_made = self.old.is_none();
            let is_for_any = matches!(scenario, Scenario::Install | Scenario::Revert);
            let Some(bench) = scenario.bench(bench).filter(|_| is_made || is_for_any) else {
                if self.scenario.is_some() {
                    played.skipped.push(not_for(name, scenario, is_made));
                }
                continue;
            };
            let result = match &self.replay {
                None => self.play(&bench, scenario),
                Some(cuts) => {
                    let memo = Memo::default();
                    let (replay, picture) = simulate::draw(&Setting::new(&bench, scenario, self.seed, &memo), cuts);
                    let Replay { result, operations, starts, unreached, .. } = replay;
                    if result.is_ok() && unreached > 0 {
                        let reason = format!(
                            "not all of the cuts {cuts} are reached: with them, {} has operations 0 to {}",
                            scenario.name(),
                            operations.saturating_sub(1)
                        );
                        played.skipped.push(Skipped { image: name.clone(), reason, help: "cut one of these" });
                        continue;
                    }
                    if let (Some(file), true) = (&self.svg, played.rows.is_empty()) {
                        files::write(file, picture.as_bytes())?;
                    }
                    result.map(|_| Count { operations, runs: 1, cuts: cuts.0.len() as u64, starts })
                }
            };
            let are_played = self.old.is_none() || !self.companion.is_empty();
            let companions = if are_played { &image.companions[..] } else { &[] };
            let companions = companions.iter().map(|companion| companion.value.clone()).collect();
            played.rows.push(Row { image: name.clone(), companions, scenario, result });
        }
        Ok(())
    }

    fn play(&self, bench: &Bench, scenario: Scenario) -> Result<Count, Found> {
        let memo = Memo::default();
        let setting = Setting::new(bench, scenario, self.seed, &memo);
        let shown = |cuts: u32| {
            let what = format!("% of {}, {}, {cuts} power cuts", bench.name, scenario.name());
            let bar = Progress::new(100);
            bar.step(what);
            move |done: u64, of: u64| bar.reach(100 * done / of.max(1))
        };
        let mut count = simulate::explore(&Setting { progress: &shown(1), ..setting }, 1, Depth::One)?;
        for cuts in 2..=self.cuts {
            let found = simulate::wander(&Setting { progress: &shown(cuts), ..setting }, cuts, WANDERINGS)?;
            count += Count { operations: 0, ..found };
        }
        Ok(count)
    }

    fn text(&self, played: &Played) -> String {
        let mut text = String::new();
        let count = |count: u64, noun| counted(usize::try_from(count).unwrap_or(usize::MAX), noun);
        for row in &played.rows {
            let (image, scenario) = (row.title(), row.scenario.name());
            let _ = match &row.result {
                Ok(Count { operations: 0, .. }) => writeln!(
                    text,
                    "{image}  {scenario:<9}  refused before anything is written: there is no operation to cut"
                ),
                Ok(Count { operations, runs, cuts, starts }) => writeln!(
                    text,
                    "{image}  {scenario:<9}  {}, {}, {}, {}: survived",
                    count(*operations, "operation"),
                    count(*runs, "run"),
                    count(*cuts, "power cut"),
                    count(*starts, "start")
                ),
                Err(found) => writeln!(
                    text,
                    "{image}  {scenario:<9}  failed: {}\n  again: waxseal simulate {}{} --scenario {scenario} --seed {} --replay {}",
                    found.violation,
                    self.manifest.display(),
                    self.files(),
                    self.seed,
                    found.cuts
                ),
            };
        }
        for Skipped { image, reason, help } in &played.skipped {
            let _ = writeln!(text, "{image}  not simulated: {reason}\n  = help: {help}");
        }
        if played.rows.is_empty() {
            let none = if played.skipped.is_empty() { "the manifest has no images\n" } else { "" };
            let _ = writeln!(text, "{none}nothing was simulated: no power cut was tried, and nothing is known of any");
        } else {
            let _ = writeln!(text, "seed {}; a model of flash, not silicon", self.seed);
        }
        text
    }

    /// The images, as they were typed.
    fn files(&self) -> String {
        let named = [("old", &self.old), ("new", &self.new)]
            .into_iter()
            .filter_map(|(name, file)| Some((name, file.as_ref()?)));
        let companions = self.companion.iter().map(|file| ("companion", file));
        named.chain(companions).map(|(name, file)| format!(" --{name} {}", file.display())).collect()
    }
}

impl Row {
    fn title(&self) -> String {
        self.companions.iter().fold(self.image.clone(), |title, companion| format!("{title} + {companion}"))
    }
}

/// An image that the one scenario which was asked for is not played on.
fn not_for(image: &str, scenario: Scenario, is_made: bool) -> Skipped {
    let (why, help) = match scenario {
        _ if !is_made => {
            ("sealed images are what they are", "it is played on images made for it, without --old and --new")
        }
        Scenario::Downgrade => {
            ("it has no security counter, so no image is too old", "`counter-store` names what keeps one")
        }
        _ => ("it pins no companions", "`companions` names the images that must be there with it"),
    };
    Skipped { image: image.to_owned(), reason: format!("{}: {why}", scenario.name()), help }
}

fn skipped_to_json(Skipped { image, reason, help }: &Skipped) -> Value {
    json!({ "image": image, "reason": reason, "help": help })
}

fn to_json(row: &Row) -> Value {
    let mut value = json!({
        "image": row.image,
        "companions": row.companions,
        "scenario": row.scenario.name(),
        "survived": row.result.is_ok(),
    });
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

/// Why nothing can be said of an image, and what to do about it.
fn reason_to_skip(plan: &Plan, image: &Image) -> Option<(String, &'static str)> {
    let name = &image.name.value;
    if plan.boot.loader.value != Loader::Waxseal {
        let reason = "no boot loader of waxseal starts it; whoever replaces it must survive power cuts on their own";
        return Some((reason.to_owned(), "with loader = \"waxseal\" in [boot], waxseal's starts and updates it"));
    }
    let is_pinned = |lead: &&Image| lead.companions.iter().any(|companion| companion.value == *name);
    if let Some(lead) = plan.images.iter().find(is_pinned) {
        let reason = format!("by itself: `{}` pins it, and nothing starts it alone", lead.name.value);
        return Some((reason, "what updates do to it is played with its lead"));
    }
    let fixed = "it is fixed: no update replaces it";
    let help = "strategy = \"direct-xip\" with two slots, or \"overwrite\" with a download slot, makes it one that updates replace";
    (image.strategy.value == Strategy::Fixed).then(|| (fixed.to_owned(), help))
}

/// A sealed image's bytes.
fn sealed(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(path)?;
    match Header::<ImageBody>::read(&mut Memory::file(&bytes)) {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let text =
                format!("`{}` is no sealed image: {}", path.display(), refusal::describe(&error, &bytes).trim_end());
            Err(Failure::new(Exit::Refused, text))
        }
    }
}

/// Whether a sealed image says that it belongs to an image's slot group.
fn is_of(image: &Image, sealed: &[u8]) -> bool {
    Header::<ImageBody>::read(&mut Memory::file(sealed))
        .is_ok_and(|header| header.unauthenticated().body.layout == image.fingerprint)
}

/// The image's slot group with images made for it, and those of the images that it pins.
fn together(plan: &Plan, image: &Image, seed: u64) -> Result<Bench, BenchError> {
    let lead = made(plan, image, seed)?;
    let pinned = image.companions.iter().filter_map(|companion| plan.image(&companion.value));
    let companions: Vec<Bench> = pinned.map(|companion| made(plan, companion, seed)).collect::<Result<_, _>>()?;
    if companions.is_empty() { Ok(lead) } else { lead.with_companions(companions, seed) }
}

/// Sealed images with those that they pin.
fn with_companions(
    plan: &Plan,
    image: &Image,
    lead: Result<Bench, BenchError>,
    files: &[Vec<u8>],
) -> Result<Bench, BenchError> {
    let pinned = image.companions.iter().filter_map(|companion| plan.image(&companion.value));
    let groups: Vec<(&str, &[u8])> = pinned.map(|found| (found.name.value.as_str(), found.group.as_slice())).collect();
    lead?.with_sealed_companions(&groups, files)
}

/// A slot group with images made for it: payloads as large as the slots allow, up to a bound.
fn made(plan: &Plan, image: &Image, seed: u64) -> Result<Bench, BenchError> {
    let capacity = image.placements.iter().map(|placement| placement.capacity).min().unwrap_or_default();
    let chunks = capacity.div_ceil(4096);
    let payload = capacity.saturating_sub(12 + 32 * chunks).min(PAYLOAD);
    Bench::new(&image.name.value, &image.group, plan.update.tries.value, payload, seed)
}
