//! Numbers that the records do not bring: which fields they are for, and records with them filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ::ledger::{Allocated, Claim, Request, Take};
use manifest::otp::{from_number, show};
use manifest::plan::otp::{Allocation, Field, Otp, Source};
use provision::{BOARD, Board, Own, Records, claims, kind_of};

use crate::exit::{Exit, Failure};
use crate::files::STANDARD;
use crate::text::thousands;

/// A field whose numbers the records do not bring.
pub struct Open<'a> {
    field: &'a Field,
    range: &'a Allocation,
}

impl Open<'_> {
    /// What the ledger is asked for, for one board.
    pub fn take(&self) -> Take {
        let Allocation { first, last, .. } = self.range;
        let kind = kind_of(self.field, self.range);
        Take { kind, first: first.value, last: last.value, count: self.field.count.into() }
    }

    /// A number as the records would have it.
    fn cell(&self, number: u64) -> String {
        from_number(self.field.kind.value, number).map_or(String::new(), |bytes| show(self.field, &bytes))
    }
}

/// How rows become boards: with numbers of their own, or out of the ledger.
pub struct Numbers<'a> {
    otp: &'a Otp,
    /// The fields that the ledger fills.
    pub open: Vec<Open<'a>>,
    /// Which of them names the boards, if one does.
    names: Option<usize>,
    batch: String,
}

impl<'a> Numbers<'a> {
    /// Without a ledger: the records bring all.
    pub fn of_records(otp: &'a Otp) -> Self {
        Self { otp, open: Vec::new(), names: None, batch: String::new() }
    }

    /// With a ledger: it gives what has no column. A batch is called like its records, unless it is named.
    ///
    /// # Errors
    /// Exit code 2: records from standard input, or boards that get their names from the ledger, in a batch that nobody named.
    pub fn of_ledger(otp: &'a Otp, columns: &[String], file: String, named: Option<&String>) -> Result<Self, Failure> {
        let is_open = |field: &'a Field| match &field.source {
            Source::Range(range) if !columns.contains(&field.name.value) => {
                Some(Open { field, range: otp.allocation(range)? })
            }
            _ => None,
        };
        let open: Vec<_> = otp.fields.iter().filter_map(is_open).collect();
        let names = open.iter().position(|open| open.field.name.value == *otp.board);
        let unnamed = |why| {
            Failure::usage(format!("which batch? --batch NAME: {why}"))
                .help("the same name gets the same boards again, another name gets others")
        };
        let batch = match (named, names) {
            (Some(named), _) => named.clone(),
            (None, Some(_)) => return Err(unnamed("nothing in the records names a board")),
            (None, None) if file == STANDARD => return Err(unnamed("standard input has no name")),
            (None, None) => file,
        };
        Ok(Self { otp, open, names, batch })
    }

    /// What a board is to have for its own, under a name that the same command gives again.
    pub fn request(&self, board: &Board) -> Request {
        Request {
            reference: match self.names {
                Some(_) => format!("{}/{}", self.batch, board.line),
                None => format!("{}/{}", self.batch, board.name),
            },
            claims: self.claims(board),
            takes: self.open.iter().map(Open::take).collect(),
        }
    }

    /// The values that no two boards may share, as far as the records bring them.
    fn claims(&self, board: &Board) -> Vec<Claim> {
        let is_open = |field: &Field| self.open.iter().any(|open| open.field.name.value == field.name.value);
        let brought = claims(self.otp, board).into_iter().filter(|claim| match claim.kind.as_str() {
            BOARD => self.names.is_none(),
            _ => !is_open(claim.field),
        });
        let to_claim = |claim: provision::Claim<'_>| match claim.value {
            Own::Number(number) => Claim::number(&claim.kind, number),
            Own::Text(value) => Claim { kind: claim.kind, value },
        };
        brought.map(to_claim).collect()
    }

    /// What a board is called: by its records, or by its numbers.
    pub fn name(&self, board: Option<&Board>, numbers: &[u64]) -> String {
        let given = self.names.and_then(|index| Some((self.open.get(index)?, *numbers.get(index)?)));
        match given {
            Some((open, number)) => open.cell(number),
            None => board.map_or(String::new(), |board| board.name.clone()),
        }
    }

    /// The board's name before it has numbers, if the records say it.
    pub fn known_name<'b>(&self, board: &'b Board) -> Option<&'b str> {
        self.names.is_none().then_some(board.name.as_str())
    }

    /// The records with the numbers of each row in them.
    pub fn filled(&self, mut records: Records, numbers: &[Vec<u64>]) -> Records {
        for (index, open) in self.open.iter().enumerate() {
            let cell = |numbers: &Vec<u64>| numbers.get(index).map_or(String::new(), |number| open.cell(*number));
            records.add_column(&open.field.name.value, numbers.iter().map(cell));
        }
        records
    }

    /// `mac: 200 of 256 left, 00:00:5E:00:53:38 to 00:00:5E:00:53:FF taken now, 0 left`, for each range.
    pub fn told(&self, taken: &[Taken], before: &[u64], after: &[u64]) -> String {
        let mut text = String::new();
        for (open, ((taken, before), after)) in self.open.iter().zip(taken.iter().zip(before).zip(after)) {
            let Allocation { name, first, last, .. } = open.range;
            let size = last.value.checked_sub(first.value).map_or(0, |size| size.saturating_add(1));
            let _ = write!(text, "{}: {} of {} left", name.value, thousands(*before), thousands(size));
            match taken.0 {
                Some((first, last)) => {
                    let last = last.saturating_add(u64::from(open.field.count).saturating_sub(1));
                    let (first, last) = (open.cell(first), open.cell(last));
                    let _ = writeln!(text, ", {first} to {last} taken now, {} left", thousands(*after));
                }
                None => text.push_str(", none taken now: these boards have theirs\n"),
            }
        }
        text
    }
}

/// The lowest and the highest first number of a range that was taken now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken(Option<(u64, u64)>);

impl Taken {
    /// Counts what boards were given, for the field of this place.
    pub fn count(&mut self, index: usize, given: &[Allocated]) {
        for number in given.iter().filter(|one| one.is_new).filter_map(|one| one.numbers.get(index).copied()) {
            let (first, last) = self.0.unwrap_or((number, number));
            self.0 = Some((first.min(number), last.max(number)));
        }
    }
}

/// Numbers to judge records with before any is given out: as if the ranges were new.
#[derive(Default)]
pub struct Tried(BTreeMap<String, u64>);

impl Tried {
    /// For that many further rows.
    ///
    /// # Errors
    /// Exit code 1: a range that has not that many numbers.
    pub fn numbers(&mut self, numbers: &Numbers<'_>, rows: usize) -> Result<Vec<Vec<u64>>, Failure> {
        (0..rows).map(|_| numbers.open.iter().map(|open| self.next(open)).collect()).collect()
    }

    fn next(&mut self, open: &Open<'_>) -> Result<u64, Failure> {
        let Allocation { name, first, last, .. } = open.range;
        let next = self.0.entry(name.value.clone()).or_insert(first.value);
        let number = *next;
        let end = number.checked_add(u64::from(open.field.count)).filter(|end| end - 1 <= last.value);
        *next = end.ok_or_else(|| {
            let title = format!("range `{}` has not that many numbers: nothing was given out", name.value);
            Failure::new(Exit::Refused, title).help("fewer rows, or a longer range")
        })?;
        Ok(number)
    }
}
