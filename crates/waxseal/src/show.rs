//! `waxseal show`: every value of a manifest, and who chose it.

use std::path::PathBuf;

use clap::Args;
use manifest::plan::Plan;
use manifest::{defaults, written};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::inputs::InputArgs;
use crate::load::{Manifest, ProfileArgs};
use crate::report::{Format, Report};
use crate::version::VersionArgs;

/// Show every value with the line that it stands in, or why it is what it is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal show r1b.toml")]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    versions: VersionArgs,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A value and who chose it.
struct Row {
    key: String,
    /// As TOML.
    value: String,
    origin: Origin,
}

enum Origin {
    /// The line of a file: `r1b.toml:9`.
    File(String),
    CommandLine,
    /// Nobody; why it is what it is.
    Default(String),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest or an input that exists and cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            let rows = self.rows(&manifest, &self.versions.apply(&manifest, plan)?)?;
            let result = Some(json!({ "values": rows.iter().map(to_json).collect::<Vec<_>>() }));
            Ok(Report { result, ..Report::done(text(&rows)) })
        })
    }

    /// What the files say in their order, what the command line says, and what nobody says.
    fn rows(&self, manifest: &Manifest, plan: &Plan) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for (file, source) in manifest.sources.iter().enumerate() {
            let row = |written: written::Written| {
                let (line, _) = source.line_column(written.span.start);
                let origin = Origin::File(format!("{}:{line}", source.name));
                Row { key: written.key, value: written.value, origin }
            };
            rows.extend(written::list(file, source).into_iter().map(row));
        }
        if let Some(profile) = &manifest.profile {
            rows.push(Row {
                key: "profile".to_owned(),
                value: json!(profile).to_string(),
                origin: Origin::CommandLine,
            });
        }
        for (image, version) in self.versions.given() {
            let (key, value) = (format!("images.{image}.version"), format!("\"{version}\""));
            rows.push(Row { key, value, origin: Origin::CommandLine });
        }
        for input in self.inputs.read(manifest, plan)? {
            let Some(name) = input.name.filter(|_| input.placement.input.is_none()) else { continue };
            let key = format!("images.{}.inputs.{}", input.image.name.value, input.placement.slot.value);
            rows.push(Row { key, value: json!(name).to_string(), origin: Origin::CommandLine });
        }
        rows.extend(defaults::list(plan).into_iter().map(|default| Row {
            key: default.key,
            value: default.value,
            origin: Origin::Default(default.reason),
        }));
        Ok(rows)
    }
}

impl Origin {
    fn show(&self) -> String {
        match self {
            Self::File(place) => place.clone(),
            Self::CommandLine => "command line".to_owned(),
            Self::Default(reason) if reason.starts_with("default") => reason.clone(),
            Self::Default(reason) => format!("default: {reason}"),
        }
    }
}

fn text(rows: &[Row]) -> String {
    let width = |column: fn(&Row) -> &str| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
    let (keys, values) = (width(|row| &row.key), width(|row| &row.value));
    let line = |row: &Row| format!("{:<keys$}  {:<values$}  {}\n", row.key, row.value, row.origin.show());
    rows.iter().map(line).collect()
}

fn to_json(row: &Row) -> Value {
    let (origin, place, reason) = match &row.origin {
        Origin::File(place) => ("file", Some(place), None),
        Origin::CommandLine => ("command line", None, None),
        Origin::Default(reason) => ("default", None, Some(reason)),
    };
    json!({ "key": row.key, "value": row.value, "origin": origin, "place": place, "reason": reason })
}
