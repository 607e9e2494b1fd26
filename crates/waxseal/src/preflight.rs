//! `waxseal preflight`: a board's option bytes against what the manifest assumes.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use manifest::Plan;
use manifest::preflight::{Dump, Preflight, Row, preflight};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs, refused};
use crate::report::{Format, Report};

/// Compare a board's option bytes with the manifest, before anything is erased.
///
/// Sector sizes and numbers, run addresses and write protection depend on option bytes. Where a board differs, this says what
/// an erase would do, and what to do first.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  STM32_Programmer_CLI -c port=swd -ob displ > board.txt\n  waxseal preflight r1b.toml --option-bytes board.txt"
)]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// What `STM32_Programmer_CLI -c port=swd -ob displ` printed, or lines NAME=VALUE (RDP as level 0 to 2, or as byte 0xAA);
    /// `-` is standard input.
    #[arg(long, value_name = "DUMP")]
    option_bytes: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it. Exit code 1 if the board differs, or if the dump does not say whether it does.
    ///
    /// # Errors
    /// Files that cannot be read; a dump that is none.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            if let Some(open) = plan.open_options() {
                return Ok(refused(vec![open]));
            }
            let name = self.option_bytes.display();
            let dump = Dump::parse(&files::read_text(&self.option_bytes)?)
                .map_err(|error| Failure::new(Exit::Refused, format!("{name} is no dump of option bytes: {error}")))?;
            let found = preflight(plan, &dump);
            let exit = if found.is_right() { Exit::Done } else { Exit::Refused };
            let result = Some(to_json(plan, &found));
            Ok(Report { exit, result, ..Report::done(text(plan, &found)) })
        })
    }
}

fn text(plan: &Plan, found: &Preflight) -> String {
    let part = &plan.device.part.name;
    let width = |heading: &str, column: fn(&Row) -> &str| {
        found.rows.iter().map(|row| column(row).len()).chain([heading.len()]).max()
    };
    let names = width(part, |row| &row.option).unwrap_or(0);
    let expected = width("manifest", |row| &row.expected_text).unwrap_or(0);
    let boards = width("board", |row| &row.found_text).unwrap_or(0);
    let mut text = format!("  {part:<names$}  {:<expected$}  board\n", "manifest");
    for row in &found.rows {
        let Row { option, expected_text, found_text, meaning, .. } = row;
        let verdict = if row.is_right() { String::new() } else { format!("WRONG  {meaning}") };
        let line = format!("  {option:<names$}  {expected_text:<expected$}  {found_text:<boards$}  {verdict}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if found.is_right() {
        text.push_str("the board is as the manifest assumes\n");
        return text;
    }
    text.push_str("refused: do not erase\n");
    for line in found.other_chip.iter().chain(&found.consequences) {
        let _ = writeln!(text, "  {line}");
    }
    for step in &found.steps {
        let _ = writeln!(text, "  = help: {step}");
    }
    text
}

fn to_json(plan: &Plan, found: &Preflight) -> Value {
    let row = |row: &Row| {
        json!({
            "option": row.option,
            "expected": row.expected,
            "found": row.found,
            "right": row.is_right(),
            "meaning": row.meaning,
        })
    };
    json!({
        "part": plan.device.part.name,
        "right": found.is_right(),
        "options": found.rows.iter().map(row).collect::<Vec<_>>(),
        "other_chip": found.other_chip,
        "consequences": found.consequences,
        "steps": found.steps,
    })
}
