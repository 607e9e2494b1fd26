//! `waxseal check`: whether manifest and inputs are right.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::report::check::{Input, to_json};
use clap::Args;
use manifest::codes;
use manifest::defaults::{self, Default};
use manifest::diagnostic::{Diagnostic, Severity};
use manifest::notes;
use manifest::plan::{Image, ImageKind, Plan};
use packer::build::check_input;
use packer::signing::same_keys;

use crate::exit::{Exit, Failure};
use crate::inputs::{InputArgs, InputFile, LoaderFile};
use crate::key::read_public;
use crate::load::{Manifest, ProfileArgs, ordered};
use crate::report::{Findings, FindingsFormat, Report};
use crate::{output, render};

/// Check a manifest, and those of its inputs that exist.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal check r1b.toml\n  waxseal check -v r1b.toml --format sarif > findings.sarif"
)]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// Also list the values that nobody wrote, and where they come from.
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    inputs: InputArgs,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: FindingsFormat,
}

/// What is not judged of a fragment: nobody shall take silence for approval.
const FRAGMENT: &str =
    "note: this is a fragment: what depends on the manifest that includes it is judged with that one\n";

impl Command {
    /// Does it. Exit code 1 if there is an error; warnings stop nothing.
    ///
    /// # Errors
    /// A manifest or an input that exists and cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        let mut found = manifest.diagnostics.clone();
        let mut notes = String::new();
        let mut result = None;
        if let Some(plan) = manifest.draft() {
            let inputs = self.inputs.read(&manifest, plan)?;
            found.extend(inputs.iter().flat_map(|input| problems(plan, input)));
            let loader = self.inputs.read_loader(&manifest, plan)?;
            found.extend(loader_problems(plan, loader.as_ref()));
            notes = version_notes(plan)
                + &plan_notes(plan)
                + &input_notes(&inputs)
                + &loader_notes(loader.as_ref())
                + &judge_keys(&manifest, plan, &mut found);
            let judged = |file: &InputFile<'_>| Input {
                image: file.image.name.value.clone(),
                slot: file.placement.slot.value.clone(),
                file: file.name.clone(),
                judged: file.bytes.is_some(),
            };
            result = Some(to_json(&manifest, plan, &inputs.iter().map(judged).collect::<Vec<_>>()));
            if self.verbose {
                notes = list(&defaults::list(plan)) + &notes;
            }
        }
        if manifest.is_fragment {
            notes.push_str(FRAGMENT);
        }
        let found = ordered(found);
        let errors = found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        let exit = if errors { Exit::Refused } else { Exit::Done };
        let text = render::diagnostics(&manifest.sources, &found, output::colours_result())
            + &render::allowed(&manifest.allowed)
            + &notes
            + &render::summary(&manifest.judged(), &found);
        let findings =
            Findings { sources: manifest.sources.clone(), diagnostics: found, allowed: manifest.allowed.clone() };
        Ok(Report { exit, findings, result, ..Report::done(text) })
    }
}

fn problems(plan: &Plan, file: &InputFile<'_>) -> Vec<Diagnostic> {
    let judged = file.input().map(|input| check_input(plan, file.image, file.placement, &input));
    judged.and_then(Result::err).unwrap_or_default()
}

fn loader_problems(plan: &Plan, file: Option<&LoaderFile>) -> Vec<Diagnostic> {
    let judged = file.and_then(|file| file.read(plan));
    judged.and_then(Result::err).unwrap_or_default()
}

/// Whether the boot loader was judged.
fn loader_notes(file: Option<&LoaderFile>) -> String {
    match file {
        Some(LoaderFile { name, bytes: Some(_) }) => format!("note: boot loader read: {name}\n"),
        Some(LoaderFile { name, bytes: None }) => {
            format!("note: {name} is not there yet: the boot loader's size and embedded layout are not judged\n")
        }
        None => String::new(),
    }
}

/// Whether the public keys are keys. Says which ones are not there.
fn judge_keys(manifest: &Manifest, plan: &Plan, found: &mut Vec<Diagnostic>) -> String {
    let mut notes = String::new();
    let mut keys = Vec::new();
    for key in &plan.keys {
        let path = &key.public.value;
        match read_public(&manifest.resolve(path)) {
            Ok(public) => keys.push((key, public)),
            Err(failure) if failure.exit == Exit::Missing => {
                notes.push_str(&format!("note: {path} cannot be read: key {} is not judged\n", key.name.value));
            }
            Err(failure) => {
                let title = format!("`{path}` holds no public key that can be used");
                found.push(Diagnostic::error(codes::WRONG_VALUE, title).at(key.public.span, failure.title));
            }
        }
    }
    found.extend(same_keys(&keys));
    notes
}

/// Versions that the command line says, and what cannot be judged without them.
fn version_notes(plan: &Plan) -> String {
    let mut notes = String::new();
    for image in plan.images.iter().filter(|image| image.version.value.is_none()) {
        let name = &image.name.value;
        let asks = |other: &&Image| other.requires.iter().any(|required| required.image.value == *name);
        let who: Vec<_> = plan.images.iter().filter(asks).map(|other| other.name.value.as_str()).collect();
        let unjudged =
            if who.is_empty() { String::new() } else { format!(": what {} requires is judged then", who.join(", ")) };
        let _ = writeln!(
            notes,
            "note: images.{name}.version comes from the command line, --image-version {name}=X.Y.Z{unjudged}"
        );
    }
    notes
}

/// What is worth knowing though nothing is wrong with it.
fn plan_notes(plan: &Plan) -> String {
    notes::list(plan).into_iter().map(|note| format!("note: {note}\n")).collect()
}

/// Which inputs were judged and which were not: nobody shall take silence for approval.
fn input_notes(inputs: &[InputFile<'_>]) -> String {
    let mut read: Vec<&str> = Vec::new();
    let mut missing: Vec<(&InputFile<'_>, String)> = Vec::new();
    for file in inputs {
        match (&file.name, &file.bytes) {
            (Some(name), Some(_)) if !read.contains(&name.as_str()) => read.push(name),
            (Some(_), Some(_)) => {}
            (Some(name), None) => missing.push((file, format!("{name} is not there yet"))),
            (None, _) => {
                let (slot, image) = (&file.placement.slot.value, &file.image.name.value);
                missing.push((file, format!("nothing says what goes into slot {slot} of {image}")));
            }
        }
    }
    // One file can be for several slots.
    missing.dedup_by(|(_, next), (_, why)| next == why);
    let mut notes = String::new();
    if !read.is_empty() {
        notes.push_str(&format!("note: inputs read: {}\n", read.join(", ")));
    }
    for (file, why) in missing {
        let what = match file.image.kind.value {
            ImageKind::Firmware => "link address, vector table and capacity are not judged",
            ImageKind::Data => "capacity is not judged",
        };
        notes.push_str(&format!("note: {why}: {what}\n"));
    }
    notes
}

fn list(defaults: &[Default]) -> String {
    let width = |column: fn(&Default) -> &str| defaults.iter().map(|row| column(row).len()).max().unwrap_or(0);
    let (keys, values) = (width(|row| &row.key), width(|row| &row.value));
    let row = |row: &Default| format!("  {:<keys$}  {:<values$}  {}\n", row.key, row.value, row.reason);
    defaults.iter().map(row).collect()
}
