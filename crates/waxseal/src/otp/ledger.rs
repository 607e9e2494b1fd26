//! Boards with the ledger on: it gives numbers out, each once, and keeps what was made for each board.
//!
//! Everything about the records is judged before anything is given out, with numbers that are no one's. Numbers are given out
//! under a name that the same command gives again: after a cut it gets the same ones.

use std::path::PathBuf;

use ::ledger::{Allocated, Error, Event, IssuedData, Ledger, Location, Request, SecretKey, State, Take, Who};
use clap::Args;
use flasher::{Target, record};
use image_format::sha256;
use manifest::otp::show;
use manifest::plan::Plan;
use manifest::plan::otp::Otp;
use packer::crypto::HostCrypto;
use provision::{Board, Contents, ReadBack};

use super::make::Made;
use super::numbers::{Numbers, Open, Tried};
use crate::exit::{Exit, Failure};
use crate::ledger::place::{LedgerArgs, WhoArgs, failure, secret_key};
use crate::load::Manifest;
use crate::otp::records::RecordArgs;
use crate::text::{hex, word};

/// The options that bring boards together with a ledger.
#[derive(Debug, Args)]
pub struct BatchArgs {
    #[command(flatten)]
    place: LedgerArgs,
    /// What the ledger calls these records; their file's name if there is no other, and standard input has none. The same batch
    /// gets the same numbers again.
    #[arg(long, value_name = "NAME")]
    batch: Option<String>,
}

/// The options of whoever has boards made.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// The file of the ledger's own key, under which it keeps digests of secrets; FILE.key beside a SQLite file if none is
    /// named.
    #[arg(long, value_name = "FILE")]
    ledger_key: Option<PathBuf>,
    #[command(flatten)]
    who: WhoArgs,
}

/// An open ledger, and the records' name in it.
pub struct Batch {
    location: Location,
    ledger: Ledger,
    named: Option<String>,
}

impl BatchArgs {
    /// The batch's name again, behind a blank, for a command line that is proposed; nothing if it was not given.
    pub fn words(&self) -> String {
        self.batch.as_ref().map_or(String::new(), |batch| format!(" --batch {}", word(batch)))
    }

    /// The ledger, if one is named.
    ///
    /// # Errors
    /// What is wrong with its place.
    pub fn open(&self) -> Result<Option<Batch>, Failure> {
        if self.place.location()?.is_none() {
            return Ok(None);
        }
        let (location, ledger) = self.place.open()?;
        Ok(Some(Batch { location, ledger, named: self.batch.clone() }))
    }
}

/// The first and the last row that the ledger got.
pub type Added = (i64, i64);

/// What records are judged with.
pub struct Context<'a> {
    /// The options that name the records.
    pub records: &'a RecordArgs,
    /// The manifest.
    pub manifest: &'a Manifest,
    /// Its plan.
    pub plan: &'a Plan,
    /// Its one-time-programmable memory.
    pub otp: &'a Otp,
}

impl Batch {
    /// Where the ledger is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    fn failed(&self, error: &Error) -> Failure {
        let failure = failure(&self.location, error);
        match error {
            Error::Allocated { .. } => failure
                .help("the ledger knows this board, or this row, with other values; --batch NAME if only the file has another name"),
            _ => failure,
        }
    }

    /// How rows under these titles become boards.
    ///
    /// # Errors
    /// Those of [`Numbers::of_ledger`].
    pub fn numbers<'a>(&self, otp: &'a Otp, columns: &[String], file: String) -> Result<Numbers<'a>, Failure> {
        Numbers::of_ledger(otp, columns, file, self.named.as_ref())
    }

    /// All boards of the records, with the numbers that they were given before.
    ///
    /// # Errors
    /// What is wrong with the records; a board that has no numbers yet, or is waste.
    pub fn boards(&mut self, context: &Context<'_>) -> Result<Vec<Board>, Failure> {
        let Context { records: args, manifest, plan, otp } = context;
        let records = args.read()?;
        let numbers = self.numbers(otp, &records.columns, args.name())?;
        let tried = Tried::default().numbers(&numbers, records.rows.len())?;
        let judged = args.judge(manifest, plan, otp, &numbers.filled(records.clone(), &tried))?;
        let requests: Vec<Request> = judged.iter().map(|board| numbers.request(board)).collect();
        let known = self.ledger.allocated(&requests).map_err(|error| self.failed(&error))?;
        let mut given = Vec::new();
        for (board, known) in judged.iter().zip(known) {
            let (one, known) = known.ok_or_else(|| {
                let title = format!("{}: line {} of the records is not in it", self.location, board.line);
                Failure::new(Exit::Refused, title).help("`waxseal otp build --ledger` gives its boards their numbers")
            })?;
            self.refuse_scrapped(Some(&known))?;
            given.push(one.numbers);
        }
        args.judge(manifest, plan, otp, &numbers.filled(records, &given))
    }

    /// Refuses a board that is waste: nothing is made for it any more.
    fn refuse_scrapped(&self, board: Option<&::ledger::Board>) -> Result<(), Failure> {
        match board.filter(|board| board.state == State::Scrapped) {
            Some(board) => {
                let title = format!("{} is scrapped (row {} of {})", board.name, board.event, self.location);
                Err(Failure::new(Exit::Refused, title).help("take its row out of the records"))
            }
            None => Ok(()),
        }
    }

    /// Refuses what the ledger would refuse when it gives numbers out; of how many boards it has the numbers already.
    ///
    /// # Errors
    /// Values that another board has; a request that was made before with other values; a board that is waste.
    pub fn judge(&mut self, numbers: &Numbers<'_>, boards: &[Board]) -> Result<usize, Failure> {
        let requests: Vec<Request> = boards.iter().map(|board| numbers.request(board)).collect();
        let names = boards.iter().map(|board| numbers.known_name(board));
        let named: Vec<_> = requests.iter().zip(names).collect();
        let judged = self.ledger.judge(&named).map_err(|error| self.failed(&error))?;
        self.refuse_scrapped(judged.scrapped.as_ref())?;
        Ok(judged.known)
    }

    /// Refuses that many further boards if a range has not enough numbers for them.
    ///
    /// # Errors
    /// A range that would be used up.
    pub fn room(&mut self, numbers: &Numbers<'_>, boards: u64) -> Result<(), Failure> {
        for open in &numbers.open {
            let Take { kind, count, .. } = open.take();
            let left = self.ledger.left(&open.take()).map_err(|error| self.failed(&error))?;
            let wanted = boards.saturating_mul(count.into());
            if left < wanted {
                return Err(self.failed(&Error::Exhausted { kind, left, wanted }));
            }
        }
        Ok(())
    }

    /// Writes down what was made for boards, unless the ledger says so already, and gives others their numbers: new ones, or those
    /// that they got before. Both in one transaction, since each waits for the disk. The first and the last row of what was made.
    ///
    /// # Errors
    /// What another station took since [`Self::judge`].
    pub fn part(
        &mut self,
        made: &[Made],
        numbers: &Numbers<'_>,
        boards: &[Board],
        issue: &IssueArgs,
    ) -> Result<(Option<Added>, Vec<Allocated>), Failure> {
        let made = || made.iter().filter(|made| !made.waits());
        // Of a board that has its numbers from now on the ledger knows nothing else.
        let known = self.ledger.issued(made().filter(|made| !made.is_new).map(|made| made.board.as_str()));
        let known = known.map_err(|error| self.failed(&error))?;
        let mut changes: Vec<(String, State, &str)> = Vec::new();
        for made in made() {
            let is_known =
                |text: &&str| known.get(&made.board).is_some_and(|known| known.iter().any(|one| one == text));
            let new = made.stages.iter().map(|stage| stage.detail.as_str()).filter(|text| !is_known(text));
            changes.extend(new.map(|text| (made.board.clone(), State::Issued, text)));
        }
        let requests: Vec<Request> = boards.iter().map(|board| numbers.request(board)).collect();
        if changes.is_empty() && requests.is_empty() {
            return Ok((None, Vec::new()));
        }
        let name = |place: usize, given: &[u64]| numbers.name(boards.get(place), given);
        let done = self.ledger.record_and_allocate(&changes, &requests, &issue.who.who(), &name);
        let (events, given) = done.map_err(|error| self.failed(&error))?;
        Ok((events.first().zip(events.last()).map(|(first, last)| (first.number, last.number)), given))
    }

    /// How many numbers are left, for each field that the ledger fills.
    ///
    /// # Errors
    /// The ledger's.
    pub fn left(&mut self, open: &[Open<'_>]) -> Result<Vec<u64>, Failure> {
        let left = open.iter().map(|open| self.ledger.left(&open.take())).collect::<Result<_, _>>();
        left.map_err(|error| self.failed(&error))
    }

    /// Refuses what records make of a board now, if it is not what was issued for it. Of boards with secrets nothing is compared.
    ///
    /// # Errors
    /// Other bytes, or other places.
    pub fn compare(&mut self, board: &str, stage: &str, contents: &Contents) -> Result<(), Failure> {
        let history = self.ledger.history(board).map_err(|error| self.failed(&error))?;
        let mut issued = IssuedData::of(&history);
        issued.retain(|issued| issued.stage == stage && !issued.is_keyed);
        let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let pieces: Vec<_> =
            contents.segments.iter().map(|piece| (index(piece.start), index(piece.end - piece.start))).collect();
        let is_same = |issued: &IssuedData| {
            let data = issued.read(&contents.data).filter(|_| issued.pieces == pieces);
            data.is_some_and(|data| hex(&sha256(&mut HostCrypto, &data)) == issued.digest)
        };
        if issued.is_empty() || issued.iter().any(is_same) {
            return Ok(());
        }
        let title = format!("{board}: these are not the bytes that were issued for it in stage {stage}");
        let help = "records, manifest or keys were changed since: `otp build` issues what is to be programmed";
        Err(Failure::new(Exit::Refused, title).help(help))
    }

    /// Refuses to burn a board that the ledger does not know, or that is waste.
    ///
    /// # Errors
    /// Such a board.
    pub fn knows(&mut self, board: &str) -> Result<(), Failure> {
        let known = self.ledger.board(board).map_err(|error| self.failed(&error))?;
        match &known {
            Some(_) => self.refuse_scrapped(known.as_ref()),
            None => Err(self.failed(&Error::Unknown(board.to_owned()))),
        }
    }

    /// Refuses to burn what the ledger would not take: other bytes than were issued, a stage that was not. And data into a board that
    /// lacks it, where the ledger has it as verified: that is a second board of one name.
    ///
    /// # Errors
    /// Such a board.
    pub fn may_burn(&mut self, target: &Target, who: &Who) -> Result<(), Failure> {
        let history = self.ledger.history(&target.board).map_err(|error| self.failed(&error))?;
        let is_of_stage = |event: &&Event| {
            let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap_or_default();
            matches!(event.state, State::Verified | State::Locked) && detail["stage"] == target.stage
        };
        if let Some(event) = history.iter().find(is_of_stage) {
            let title = format!(
                "{}: row {} of {} has stage {} as {}, and this board lacks it: it is another board",
                target.board, event.number, self.location, target.stage, event.state
            );
            let help = "nothing was burnt: a board that takes another one's place has a name and a row of its own";
            return Err(Failure::new(Exit::Refused, title).help(help));
        }
        let (state, detail) = record::intended(target);
        let change = (target.board.clone(), state, serde_json::Value::from(detail));
        let judged = self.ledger.may_record(&[change], who);
        judged.map_err(|error| self.failed(&error).help("nothing was burnt"))
    }

    /// Writes down what was done to a board: the numbers of the rows.
    ///
    /// # Errors
    /// The ledger's.
    pub fn burnt(&mut self, board: &str, rows: Vec<record::Row>, who: &Who) -> Result<Vec<i64>, Failure> {
        let changes: Vec<_> = rows
            .into_iter()
            .map(|(state, detail)| (board.to_owned(), state, serde_json::Value::from(detail)))
            .collect();
        let events = self.ledger.record(&changes, who).map_err(|error| self.failed(&error))?;
        Ok(events.iter().map(|event| event.number).collect())
    }

    /// Boards that are waste.
    ///
    /// # Errors
    /// The ledger's.
    pub fn scrapped(&mut self) -> Result<Vec<::ledger::Board>, Failure> {
        self.ledger.in_state(State::Scrapped).map_err(|error| self.failed(&error))
    }

    /// The ledger's own key.
    ///
    /// # Errors
    /// Exit code 3 if it is not there.
    pub fn secret_key(&self, issue: &IssueArgs) -> Result<SecretKey, Failure> {
        secret_key(&self.location, issue.ledger_key.as_ref())
    }

    /// Whose a dump is by the field that names boards, and what the ledger says of that one.
    ///
    /// # Errors
    /// The ledger's.
    pub fn owner(&mut self, otp: &Otp, found: &ReadBack) -> Result<Option<::ledger::Board>, Failure> {
        let Some(field) = otp.field(&otp.board) else { return Ok(None) };
        let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let start = index(field.at.value);
        let Some(bytes) = found.data.get(start..start.saturating_add(index(field.value_size()))) else {
            return Ok(None);
        };
        self.ledger.board(&show(field, bytes)).map_err(|error| self.failed(&error))
    }
}
