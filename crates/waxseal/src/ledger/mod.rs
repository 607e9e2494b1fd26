//! `waxseal ledger`: what each board of a line was given, and what was done to it.

mod export;
mod import;
pub mod place;
mod record;

use std::fmt::Write as _;
use std::path::PathBuf;

use ::ledger::{Error, Event, Ledger, Location, SecretKey, State};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::place::{LedgerArgs, failure, key_file};
use crate::exit::Failure;
use crate::files::{Access, write_new};
use crate::report::{Format, Report};

/// Keep the production line's ledger: which numbers each board has, and what was done to it.
///
/// A SQLite file, or a PostgreSQL database that several stations share (loopback or a socket; TLS is not spoken). Rows are only
/// ever added, and each one's digest covers the row before it. Times are the system clock's.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    waxseal ledger init --ledger line.db\n  \
    waxseal ledger record WX2511000101 --state verified --readback board.bin --station S1 --operator kim --ledger line.db\n  \
    waxseal ledger import bench.record.csv --ledger line.db\n  \
    waxseal ledger board WX2511000101 --ledger line.db\n  \
    waxseal ledger head --ledger line.db > monday.head\n  \
    waxseal ledger verify --head monday.head --ledger line.db\n  \
    waxseal ledger export --out line.csv --key line.pem --ledger line.db")]
pub struct Command {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    place: LedgerArgs,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a ledger, and its own key, under which it keeps the digests of secrets.
    #[command(after_help = "Example:\n  waxseal ledger init --ledger line.db")]
    Init {
        /// The key's file; FILE.key beside a SQLite file if none is named.
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
    Verify(export::Verify),
    /// Print the last row's number and digest: what to keep elsewhere, to find later that rows were cut off.
    #[command(after_help = "Example:\n  waxseal ledger head --ledger line.db")]
    Head,
    Export(export::Export),
    /// Show a board: its values, and what was done to it.
    #[command(after_help = "Example:\n  waxseal ledger board WX2511000101 --ledger line.db")]
    Board {
        /// Its name.
        name: String,
    },
    /// List boards and what they are: what a batch still lacks.
    #[command(after_help = "Example:\n  waxseal ledger boards --state issued --ledger line.db")]
    Boards {
        /// Only those in this state: allocated, issued, written, verified, locked, scrapped.
        #[arg(long, value_name = "STATE", value_parser = parse_state)]
        state: Option<State>,
    },
    Record(record::Command),
    Import(import::Command),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A ledger that is not there or not whole; what it refuses.
    pub fn run(&self) -> Result<Report, Failure> {
        match &self.action {
            Action::Init { ledger_key } => init(&self.place.required()?, ledger_key.as_ref()),
            Action::Verify(command) => command.run(&self.place),
            Action::Head => head(&self.place),
            Action::Export(command) => command.run(&self.place),
            Action::Board { name } => board(&self.place, name),
            Action::Boards { state } => boards(&self.place, *state),
            Action::Record(command) => command.run(&self.place),
            Action::Import(command) => command.run(&self.place),
        }
    }
}

fn init(location: &Location, named: Option<&PathBuf>) -> Result<Report, Failure> {
    if let Location::File(path) = location
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
    {
        return Err(Failure::new(crate::exit::Exit::Missing, format!("there is no folder {}", folder.display())));
    }
    let failed = |error: Error| failure(location, &error);
    Ledger::create(location).map_err(failed)?;
    let key = key_file(location, named);
    let mut text = format!("{location}  a new ledger\n");
    if let Some(path) = &key {
        // One that is there already is kept: digests of secrets can be compared only under one key.
        let made = match path.exists() {
            true => SecretKey::read(path).map(drop).map_err(failed),
            false => SecretKey::generate()
                .map_err(failed)
                .and_then(|key| write_new(path, key.to_text().as_bytes(), Access::Private)),
        };
        made.map_err(|failure| {
            failure.help("the ledger was made, its key was not: secrets need one, --ledger-key names it")
        })?;
        let _ = writeln!(text, "{}  its key: keep it secret, and keep a copy", path.display());
    }
    let result = json!({ "ledger": location.to_string(), "key": key.map(|path| path.display().to_string()) });
    Ok(Report { result: Some(result), ..Report::done(text) })
}

fn head(place: &LedgerArgs) -> Result<Report, Failure> {
    let (location, mut ledger) = place.open()?;
    let head = ledger.head().map_err(|error| failure(&location, &error))?;
    let result = json!({ "head": head.to_string(), "number": head.number, "digest": head.digest });
    Ok(Report { result: Some(result), ..Report::done(format!("{head}\n")) })
}

fn board(place: &LedgerArgs, name: &str) -> Result<Report, Failure> {
    let (location, mut ledger) = place.open()?;
    let failed = |error| failure(&location, &error);
    let board = ledger.board(name).map_err(failed)?.ok_or_else(|| failed(Error::Unknown(name.to_owned())))?;
    let history = ledger.history(name).map_err(failed)?;
    let mut text = format!("{name}: {}, allocated by {}\n", board.state, board.reference);
    history.iter().for_each(|event| text.push_str(&shown(event)));
    let result = json!({
        "board": name, "reference": board.reference, "state": board.state.name(),
        "rows": history.iter().map(event_to_json).collect::<Vec<_>>(),
    });
    Ok(Report { result: Some(result), ..Report::done(text) })
}

fn parse_state(text: &str) -> Result<State, String> {
    text.parse()
}

fn boards(place: &LedgerArgs, state: Option<State>) -> Result<Report, Failure> {
    let (location, mut ledger) = place.open()?;
    let (mut text, mut found) = (String::new(), Vec::new());
    let add = &mut |board: ::ledger::Board| {
        if state.is_none_or(|state| state == board.state) {
            let _ = writeln!(text, "{}  {}  row {}", board.name, board.state, board.event);
            found.push(json!({ "board": board.name, "state": board.state.name(), "row": board.event }));
        }
        Ok(())
    };
    ledger.boards(add).map_err(|error| failure(&location, &error))?;
    let result = json!({ "boards": found });
    Ok(Report { result: Some(result), ..Report::done(text) })
}

/// A row for people.
fn shown(event: &Event) -> String {
    let who = [&event.who.station, &event.who.operator].map(|name| if name.is_empty() { "-" } else { name });
    let detail = if event.detail == "{}" { "" } else { &event.detail };
    let (number, board, state, at) = (event.number, &event.board, event.state.name(), &event.who.at);
    format!("{}\n", format!("  {number:>6}  {board}  {state:<9}  {at}  {}  {}  {detail}", who[0], who[1]).trim_end())
}

/// A row for programs.
fn event_to_json(event: &Event) -> Value {
    json!({
        "number": event.number, "board": event.board, "state": event.state.name(),
        "detail": serde_json::from_str::<Value>(&event.detail).unwrap_or_default(),
        "station": event.who.station, "operator": event.who.operator, "at": event.who.at, "digest": event.digest,
    })
}
