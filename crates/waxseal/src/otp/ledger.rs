//! Boards with the ledger on: it gives numbers out, each once, and keeps what was made for each board.
//!
//! First everything about the records is judged, with numbers that are no one's; only then the ledger gives some out. It does so
//! in one transaction, under a name that the same command gives again: after a cut it gets the same numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use ::ledger::{Allocated, Claim, Error, Ledger, Location, Request, SecretKey, State, Take};
use clap::Args;
use image_format::otp::FieldKind;
use image_format::{SoftwareCrypto, sha256};
use manifest::otp::{from_number, show, to_number};
use manifest::plan::Plan;
use manifest::plan::otp::{Allocation, Field, Otp, Source, Stage};
use provision::{Board, Contents, ReadBack, Records};
use serde_json::{Map, Value, json};

use crate::exit::{Exit, Failure};
use crate::ledger::place::{LedgerArgs, WhoArgs, failure, key_file};
use crate::load::Manifest;
use crate::otp::records::RecordArgs;
use crate::text::{hex, thousands};

/// The options that bring boards together with a ledger.
#[derive(Debug, Args)]
pub struct BatchArgs {
    #[command(flatten)]
    place: LedgerArgs,
    /// What the ledger calls these records; their file's name if there is no other. The same batch gets the same numbers again.
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

/// A field whose numbers the records do not bring.
struct Open<'a> {
    field: &'a Field,
    range: &'a Allocation,
}

impl Open<'_> {
    fn take(&self) -> Take {
        let Allocation { first, last, .. } = self.range;
        Take {
            kind: kind(self.field, self.range),
            first: first.value,
            last: last.value,
            count: self.field.count.into(),
        }
    }

    /// A number as the records would have it.
    fn cell(&self, number: u64) -> String {
        from_number(self.field.kind.value, number).map_or(String::new(), |bytes| show(self.field, &bytes))
    }
}

/// What a range's numbers are: addresses are addresses, whichever range they are of.
fn kind(field: &Field, range: &Allocation) -> String {
    match field.kind.value {
        kind @ (FieldKind::Eui48 | FieldKind::Eui64) => kind.word().to_owned(),
        _ => format!("range {}", range.name.value),
    }
}

/// The fields whose numbers the ledger is to give.
fn open<'a>(otp: &'a Otp, records: &Records) -> Vec<Open<'a>> {
    let is_open = |field: &'a Field| match &field.source {
        Source::Range(range) if !records.columns.contains(&field.name.value) => {
            Some(Open { field, range: otp.allocation(range)? })
        }
        _ => None,
    };
    otp.fields.iter().filter_map(is_open).collect()
}

/// The records with the numbers of each row in them.
fn filled(records: &Records, open: &[Open<'_>], numbers: &[Vec<u64>]) -> Records {
    let mut records = records.clone();
    for (index, open) in open.iter().enumerate() {
        let cell = |numbers: &Vec<u64>| numbers.get(index).map_or(String::new(), |number| open.cell(*number));
        records.add_column(&open.field.name.value, numbers.iter().map(cell));
    }
    records
}

/// Numbers to judge the records with before any is given out: as if the ranges were new.
fn tried(records: &Records, open: &[Open<'_>]) -> Result<Vec<Vec<u64>>, Failure> {
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    let mut number = |open: &Open<'_>| {
        let Allocation { name, first, last, .. } = open.range;
        let next = next.entry(name.value.clone()).or_insert(first.value);
        let number = *next;
        let end = number.checked_add(u64::from(open.field.count)).filter(|end| end - 1 <= last.value);
        *next = end.ok_or_else(|| {
            Failure::new(
                Exit::Refused,
                format!("range `{}` has not that many numbers: nothing was given out", name.value),
            )
            .help("fewer rows, or a longer range")
        })?;
        Ok(number)
    };
    records.rows.iter().map(|_| open.iter().map(&mut number).collect()).collect()
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

    /// All boards, with the numbers that they have: new ones if `is_new`, else only those that were given out before. And what
    /// is to be said of the ranges.
    ///
    /// # Errors
    /// What is wrong with the records; values that another board has; a range that is used up.
    pub fn boards(
        &mut self,
        context: &Context<'_>,
        give_out: Option<&IssueArgs>,
    ) -> Result<(Vec<Board>, String), Failure> {
        let Context { records: args, manifest, plan, otp } = context;
        let records = args.read()?;
        let open = open(otp, &records);
        let names = open.iter().position(|open| open.field.name.value == *otp.board);
        let judged = args.judge(manifest, plan, otp, &filled(&records, &open, &tried(&records, &open)?))?;
        let batch = match (&self.named, names) {
            (Some(named), _) => named.clone(),
            (None, None) => args.name(),
            (None, Some(_)) => {
                return Err(Failure::usage("which batch? --batch NAME: nothing in the records names a board")
                    .help("the same name gets the same boards again, another name gets others"));
            }
        };
        let request = |board: &Board| Request {
            reference: match names {
                Some(_) => format!("{batch}/{}", board.line),
                None => format!("{batch}/{}", board.name),
            },
            claims: claims(otp, &open, board, names.is_none()),
            takes: open.iter().map(Open::take).collect(),
        };
        let requests: Vec<Request> = judged.iter().map(request).collect();
        let before: Vec<u64> = self.left(&open)?;
        let given = match give_out {
            Some(issue) => {
                let name = |place: usize, numbers: &[u64]| match names
                    .and_then(|index| Some((&open[index], *numbers.get(index)?)))
                {
                    Some((open, number)) => open.cell(number),
                    None => judged.get(place).map_or(String::new(), |board: &Board| board.name.clone()),
                };
                self.ledger.allocate(&requests, &issue.who.who(), &name).map_err(|error| self.failed(&error))?
            }
            None => self.look_up(&requests, &judged)?,
        };
        self.scrapped(&given)?;
        let after = self.left(&open)?;
        let told = open.iter().enumerate().zip(before.into_iter().zip(after));
        let text = told.map(|((index, open), left)| taken(index, open, &given, left)).collect();
        let numbers: Vec<Vec<u64>> = given.into_iter().map(|one| one.numbers).collect();
        Ok((args.judge(manifest, plan, otp, &filled(&records, &open, &numbers))?, text))
    }

    fn left(&mut self, open: &[Open<'_>]) -> Result<Vec<u64>, Failure> {
        let left = open.iter().map(|open| self.ledger.left(&open.take())).collect::<Result<_, _>>();
        left.map_err(|error| self.failed(&error))
    }

    fn look_up(&mut self, requests: &[Request], boards: &[Board]) -> Result<Vec<Allocated>, Failure> {
        let mut found = Vec::new();
        for (request, board) in requests.iter().zip(boards) {
            let one = self.ledger.allocated(request).map_err(|error| self.failed(&error))?;
            found.push(one.ok_or_else(|| {
                let title = format!("{}: line {} of the records is not in it", self.location, board.line);
                Failure::new(Exit::Refused, title).help("`waxseal otp build --ledger` gives its boards their numbers")
            })?);
        }
        Ok(found)
    }

    /// Refuses boards that are waste: nothing is made for them any more.
    fn scrapped(&mut self, given: &[Allocated]) -> Result<(), Failure> {
        for one in given.iter().filter(|one| !one.is_new) {
            let board = self.ledger.board(&one.board).map_err(|error| self.failed(&error))?;
            if let Some(board) = board.filter(|board| board.state == State::Scrapped) {
                let title = format!("{} is scrapped (row {} of {})", board.name, board.event, self.location);
                return Err(Failure::new(Exit::Refused, title).help("take its row out of the records"));
            }
        }
        Ok(())
    }

    /// Writes down that the files of these boards were made, unless the ledger says so already. Which rows it got.
    ///
    /// # Errors
    /// The ledger's; a key for digests of secrets that is not there.
    pub fn issued(
        &mut self,
        otp: &Otp,
        stages: &[&Stage],
        boards: &[Board],
        issue: &IssueArgs,
    ) -> Result<String, Failure> {
        let has_secrets = boards.iter().flat_map(|board| &board.values).any(|value| value.is_secret);
        let key = if has_secrets { Some(self.secret_key(issue)?) } else { None };
        let mut changes = Vec::new();
        for board in boards {
            let known = self.ledger.history(&board.name).map_err(|error| self.failed(&error))?;
            for stage in stages {
                let detail = detail(otp, stage, board, key.as_ref());
                let text = detail.to_string();
                if !known.iter().any(|event| event.state == State::Issued && event.detail == text) {
                    changes.push((board.name.clone(), State::Issued, detail));
                }
            }
        }
        let events = self.ledger.record(&changes, &issue.who.who()).map_err(|error| self.failed(&error))?;
        Ok(match (events.first(), events.last()) {
            (Some(first), Some(last)) => format!("ledger {} rows {} to {}", self.location, first.number, last.number),
            _ => format!("ledger {} knew it all", self.location),
        })
    }

    /// The ledger's own key.
    ///
    /// # Errors
    /// Exit code 3 if it is not there.
    pub fn secret_key(&self, issue: &IssueArgs) -> Result<SecretKey, Failure> {
        let path = key_file(&self.location, issue.ledger_key.as_ref())
            .ok_or_else(|| Failure::usage("a board has a secret: --ledger-key FILE, for its digest in the ledger"))?;
        SecretKey::read(&path).map_err(|error| {
            Failure::new(Exit::Missing, error.to_string())
                .help("`waxseal ledger init` makes it; without it no secret is told from another")
        })
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

/// The values that no two boards may share, as far as the records bring them: its name, addresses, numbers of ranges.
fn claims(otp: &Otp, open: &[Open<'_>], board: &Board, is_named: bool) -> Vec<Claim> {
    let mut claims = Vec::new();
    if is_named {
        claims.push(Claim { kind: "board".to_owned(), value: board.name.clone() });
    }
    for field in &otp.fields {
        let is_open = open.iter().any(|open| open.field.name.value == field.name.value);
        let Some(value) = board.value(&field.name).filter(|_| !is_open) else { continue };
        let word = field.kind.value.word().to_owned();
        let kind = match (&field.source, field.kind.value) {
            (Source::Range(range), _) => otp.allocation(range).map_or(word, |range| kind(field, range)),
            (Source::Column(_), FieldKind::Eui48 | FieldKind::Eui64) => word,
            (Source::Column(_), FieldKind::Uuid) => {
                claims.push(Claim { kind: word, value: show(field, &value.bytes) });
                continue;
            }
            _ => continue,
        };
        let length = usize::try_from(field.length).unwrap_or(usize::MAX).max(1);
        let numbers = value.bytes.chunks(length).map(|one| to_number(field.kind.value, one));
        claims.extend(numbers.map(|number| Claim::number(&kind, number)));
    }
    claims
}

/// `mac: 200 of 256 left, 00:00:5E:00:53:38 to 00:00:5E:00:53:FF taken now, 0 left`.
fn taken(index: usize, open: &Open<'_>, given: &[Allocated], (before, after): (u64, u64)) -> String {
    let Allocation { name, first, last, .. } = open.range;
    let size = last.value.checked_sub(first.value).map_or(0, |size| size.saturating_add(1));
    let mut text = format!("{}: {} of {} left", name.value, thousands(before), thousands(size));
    let new = || given.iter().filter(|one| one.is_new).filter_map(|one| one.numbers.get(index).copied());
    match (new().min(), new().max()) {
        (Some(first), Some(last)) => {
            let last = last.saturating_add(u64::from(open.field.count).saturating_sub(1));
            let _ = write!(text, ", {} to {} taken now, {} left", open.cell(first), open.cell(last), thousands(after));
        }
        _ => text.push_str(", none taken now: these boards have theirs"),
    }
    text + "\n"
}

/// What the ledger keeps of a board's files in a stage. Digests of what holds a secret are made under the ledger's key: a
/// plain one would let everybody try short secrets.
fn detail(otp: &Otp, stage: &Stage, board: &Board, key: Option<&SecretKey>) -> Value {
    let contents = Contents::new(otp, board, &stage.name.value);
    let data: Vec<u8> = contents.segments.iter().flat_map(|segment| contents.segment(segment)).copied().collect();
    let data = zeroize::Zeroizing::new(data);
    let of_stage = || otp.of_stage(&stage.name.value).filter_map(|field| board.value(&field.name));
    let mut secrets = Map::new();
    for value in of_stage().filter(|value| value.is_secret) {
        secrets.insert(value.field.clone(), json!(key.map(|key| key.digest(&value.bytes))));
    }
    let digest = match key.filter(|_| !secrets.is_empty()) {
        Some(key) => json!({ "hmac": key.digest(&data) }),
        None => json!({ "sha256": hex(&sha256(&mut SoftwareCrypto, &data)) }),
    };
    json!({
        "stage": stage.name.value, "layout": hex(&otp.fingerprint), "data": digest, "locks": contents.locks,
        "secrets": secrets,
    })
}
