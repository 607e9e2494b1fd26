//! `waxseal otp simulate`: the line's own plan on a model of the memory, with the power cut in it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use manifest::plan::otp::Otp;
use provision::Board;
use serde_json::{Value, json};
use simulate::otp::{Broken, End, Line, Step, Work};

use crate::exit::{Exit, Failure};
use crate::load::{Manifest, ProfileArgs};
use crate::otp::numbers::{Numbers, Tried};
use crate::otp::otp_of;
use crate::otp::records::RecordArgs;
use crate::progress::Progress;
use crate::report::Report;

/// Runs with several cuts, for each number of cuts.
const WANDERINGS: u64 = 100;
/// Ways in which torn cells may waver, of each cut.
const SEEDS: u64 = 3;

/// Provision a board on a model of its memory, and cut the power before, inside and after each program operation.
///
/// After each cut the station starts over with the same plan. What counts is what the line is told: that it went on, that the board is
/// waste, or that a lock byte is half written; and whether the board then reads in the field as it read at the line. Exit code 1 if a
/// value can be read that nobody planned, without a refusal.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal otp simulate r3.toml --records boards.csv --seed 7")]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    records: RecordArgs,
    /// The board. Without it, the first one of the records.
    #[arg(long, value_name = "NAME")]
    board: Option<String>,
    /// Most power cuts in one run.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    cuts: u32,
    /// What seeded places are chosen by, and what torn cells read as.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    profile: ProfileArgs,
}

/// What became of the board in the runs of a row.
#[derive(Debug, Default)]
struct Row {
    title: String,
    operations: usize,
    runs: u64,
    done: u64,
    torn: (u64, Option<String>),
    scrap: (u64, Option<String>),
    weak: (u64, Option<String>),
    unnoticed: (u64, Option<String>),
}

impl Row {
    fn add(&mut self, end: End) {
        self.runs += 1;
        let (kind, why) = match end {
            End::Done => {
                self.done += 1;
                return;
            }
            End::Torn(why) => (&mut self.torn, why),
            End::Scrap(why) => (&mut self.scrap, why),
            End::Weak(why) => (&mut self.weak, why),
            End::Unnoticed(why) => (&mut self.unnoticed, why),
        };
        kind.0 += 1;
        kind.1.get_or_insert(why);
    }

    /// The counts in the order of the titles.
    fn counts(&self) -> [u64; 6] {
        [self.runs, self.done, self.torn.0, self.scrap.0, self.weak.0, self.unnoticed.0]
    }
}

const TITLES: [&str; 7] = ["operations", "runs", "done", "by hand", "waste", "weak", "unnoticed"];

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read, records that are wrong, a board that they do not have.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            let otp = otp_of(&manifest, plan)?;
            // What a ledger would give out is the beginning of its range here.
            let records = self.records.read()?;
            let numbers = Numbers::of_ledger(otp, &records.columns, self.records.name(), Some(&"simulate".to_owned()))?;
            let tried = Tried::default().numbers(&numbers, records.rows.len())?;
            let boards = self.records.judge(&manifest, plan, otp, &numbers.filled(records, &tried))?;
            let chosen = |board: &&Board| self.board.as_ref().is_none_or(|name| board.name == *name);
            let board = boards.iter().find(chosen).ok_or_else(|| {
                let name = self.board.as_deref().unwrap_or_default();
                Failure::new(Exit::Refused, format!("{} has no board {name}", self.records.name()))
            })?;
            let rows = match self.rows(otp, board) {
                Ok(rows) => rows,
                Err(broken) => {
                    let failure = Failure::new(Exit::Refused, format!("{}: {broken}", board.name));
                    return Err(failure.help("this is a mistake in waxseal: please report it, with the manifest"));
                }
            };
            let unnoticed = rows.iter().any(|row| row.unnoticed.0 > 0);
            let text = text(&plan.device.part.name, otp, board, &rows, self.seed);
            let result = json!({
                "board": board.name, "seed": self.seed, "rows": rows.iter().map(to_json).collect::<Vec<_>>(),
            });
            let exit = if unnoticed { Exit::Refused } else { Exit::Done };
            Ok(Report { exit, result: Some(result), ..Report::done(text) })
        })
    }

    fn rows(&self, otp: &Otp, board: &Board) -> Result<Vec<Row>, Broken> {
        let line = Line::new(otp, board, self.seed);
        let steps = line.steps()?;
        let progress = Progress::new(steps.len() + self.cuts as usize);
        let mut rows: Vec<(Step, Row)> = Vec::new();
        for (operation, step) in (0..).zip(&steps) {
            let stage = otp.stages.get(step.stage).map_or("", |stage| stage.name.value.as_str());
            let title = format!("{stage}, {}", if step.work == Work::Data { "data" } else { "lock" });
            progress.step(title.clone());
            if rows.last().is_none_or(|(last, _)| last != step) {
                rows.push((step.clone(), Row { title, ..Row::default() }));
            }
            let Some((_, row)) = rows.last_mut() else { continue };
            row.operations += 1;
            for cut in Line::cuts(operation) {
                for seed in self.seed..self.seed.saturating_add(SEEDS) {
                    row.add(line.run(&[cut], seed)?);
                }
            }
        }
        let mut rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        for count in 2..=self.cuts {
            let title = format!("{count} cuts anywhere");
            progress.step(title.clone());
            let mut row = Row { title, operations: steps.len(), ..Row::default() };
            for run in 0..WANDERINGS {
                let cuts = line.wander(count, run, steps.len() as u64);
                row.add(line.run(&cuts, self.seed.wrapping_add(run))?);
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

fn text(part: &str, otp: &Otp, board: &Board, rows: &[Row], seed: u64) -> String {
    let mut text = format!("{} on {part}, the power cut before, inside and after each program operation\n", board.name);
    let width = rows.iter().map(|row| row.title.len()).max().unwrap_or(0);
    let _ = writeln!(text, "  {:<width$}  {}", "", TITLES.join("  "));
    for row in rows {
        let _ = write!(text, "  {:<width$}", row.title);
        let counts = [row.operations as u64].into_iter().chain(row.counts());
        for (title, count) in TITLES.iter().zip(counts) {
            let _ = write!(text, "  {count:>size$}", size = title.len());
        }
        text.push('\n');
    }
    let first = |of: fn(&Row) -> &(u64, Option<String>)| rows.iter().find_map(|row| of(row).1.as_deref());
    if let Some(why) = first(|row| &row.torn) {
        let _ = writeln!(
            text,
            "by hand: the data is there and a lock byte is half written ({why}). The plan stops; the same lock file again clears the rest"
        );
    }
    if let Some(why) = first(|row| &row.scrap) {
        let _ = writeln!(text, "waste: the plan refuses the board ({why}); nothing of it was locked after that");
    }
    if let Some(why) = first(|row| &row.weak) {
        let advice = match otp.unit {
            1 => "After a power loss program the same data once more, even if it reads right",
            _ => "A board that lost power while it was programmed is waste, even if it reads right",
        };
        let _ = writeln!(text, "weak: read back as planned, and refused by firmware one day ({why}). {advice}");
    }
    if let Some(field) = first(|row| &row.unnoticed) {
        let _ = writeln!(
            text,
            "unnoticed: read back as planned, and one day read as something else without a refusal: `{field}`\n\
             \x20 help: complement = true, copies = 3, or a sum over it"
        );
    }
    let _ = writeln!(text, "seed {seed}; a model of memory, not silicon");
    text
}

fn to_json(row: &Row) -> Value {
    let kind = |(count, example): &(u64, Option<String>)| json!({ "runs": count, "example": example });
    json!({
        "title": row.title,
        "operations": row.operations,
        "runs": row.runs,
        "done": row.done,
        "by_hand": kind(&row.torn),
        "waste": kind(&row.scrap),
        "weak": kind(&row.weak),
        "unnoticed": kind(&row.unnoticed),
    })
}
