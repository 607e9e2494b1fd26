//! The rows of a database, and whether what they add up to is what the ledger says.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::chain::{Head, LEDGER, Walk};
use crate::error::{Broken, Error};
use crate::event::{Event, State, Who};
use crate::ledger::{Board, event, to_board};
use crate::many;
use crate::ranges;
use crate::store::{Store, Value};

/// What a whole ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its last row.
    pub head: Head,
    /// How many boards are in each state.
    pub boards: BTreeMap<State, u64>,
    /// Values that boards have for their own.
    pub claims: u64,
}

pub(crate) fn head(store: &mut dyn Store) -> Result<Head, Error> {
    let rows = store.query("SELECT number, digest FROM event ORDER BY number DESC LIMIT 1", &[])?;
    Ok(match rows.first().map(Vec::as_slice) {
        Some([Value::Integer(number), Value::Text(digest)]) => Head { number: *number, digest: digest.to_string() },
        _ => Head::beginning(LEDGER),
    })
}

/// Appends rows, in a transaction. They are there when [`Writer::flush`] was called.
pub(crate) struct Writer {
    head: Head,
    rows: Vec<Event>,
    /// By name, what boards became: state and row.
    boards: BTreeMap<String, (State, i64)>,
}

impl Writer {
    pub(crate) fn new(store: &mut dyn Store) -> Result<Self, Error> {
        Ok(Self { head: head(store)?, rows: Vec::new(), boards: BTreeMap::new() })
    }

    pub(crate) fn append(&mut self, board: &str, state: State, detail: String, who: &Who) -> &Event {
        let place = self.rows.len();
        self.rows.push(self.head.next(board, state, detail, who));
        &self.rows[place]
    }

    /// Appends what became of a board that is known.
    pub(crate) fn change(&mut self, board: &str, state: State, detail: String, who: &Who) -> &Event {
        self.boards.insert(board.to_owned(), (state, self.head.number + 1));
        self.append(board, state, detail, who)
    }

    /// Writes what was appended, and hands it out.
    pub(crate) fn flush(&mut self, store: &mut dyn Store) -> Result<Vec<Event>, Error> {
        let mut rows: Vec<Value<'_>> = Vec::with_capacity(8 * self.rows.len());
        for Event { number, board, state, detail, who: Who { station, operator, at }, digest } in &self.rows {
            rows.push((*number).into());
            rows.extend([board, state.name(), detail, station, operator, at, digest].map(Value::from));
        }
        many::EVENTS.write(store, &rows)?;
        let mut boards: Vec<Value<'_>> = Vec::with_capacity(3 * self.boards.len());
        for (name, (state, event)) in &self.boards {
            boards.extend([state.name().into(), (*event).into(), name.as_str().into()]);
        }
        many::STATES.write(store, &boards)?;
        self.boards.clear();
        Ok(std::mem::take(&mut self.rows))
    }
}

/// How many rows are read at once.
const PAGE: i64 = 1000;

/// Goes through all rows in order.
pub(crate) fn each(store: &mut dyn Store, mut row: impl FnMut(Event) -> Result<(), Error>) -> Result<(), Error> {
    let sql = "SELECT number, board, state, detail, station, operator, at, digest FROM event \
               WHERE number > $1 ORDER BY number LIMIT $2";
    // No row has such a number, unless somebody put it in.
    let mut last = i64::MIN;
    loop {
        let rows = store.query(sql, &[last.into(), PAGE.into()])?;
        if rows.is_empty() {
            return Ok(());
        }
        for values in &rows {
            let event = event(values)?;
            last = event.number;
            row(event)?;
        }
    }
}

/// What the rows add up to.
#[derive(Default)]
struct Sum {
    /// By name: reference, state, last row.
    boards: BTreeMap<String, (String, State, i64)>,
    /// By kind and value: the reference.
    claims: BTreeMap<(String, String), String>,
}

impl Sum {
    fn add(&mut self, event: &Event) -> Result<(), Error> {
        let contradiction = || Error::Broken(Broken::Contradiction(event.board.clone()));
        match self.boards.get_mut(&event.board) {
            None if event.state == State::Allocated => {
                let detail: Json = serde_json::from_str(&event.detail).map_err(|_| contradiction())?;
                let reference = detail["reference"].as_str().ok_or_else(contradiction)?.to_owned();
                for claim in detail["claims"].as_array().ok_or_else(contradiction)? {
                    let text = |index: usize| claim[index].as_str().map(ToOwned::to_owned).ok_or_else(contradiction);
                    if self.claims.insert((text(0)?, text(1)?), reference.clone()).is_some() {
                        return Err(contradiction());
                    }
                }
                self.boards.insert(event.board.clone(), (reference, event.state, event.number));
            }
            Some(board) if board.1.may_become(event.state) => (board.1, board.2) = (event.state, event.number),
            _ => return Err(contradiction()),
        }
        Ok(())
    }
}

pub(crate) fn verify(store: &mut dyn Store, noted: Option<&Head>) -> Result<Summary, Error> {
    let mut walk = Walk::new(LEDGER, noted);
    let mut sum = Sum::default();
    each(store, |event| {
        walk.row(&event)?;
        sum.add(&event)
    })?;
    let head = walk.end()?;
    let claims = sum.claims.len() as u64;
    let mut boards = BTreeMap::new();
    sum.boards.values().for_each(|(_, state, _)| *boards.entry(*state).or_default() += 1);
    compare_boards(store, sum.boards)?;
    compare_allotments(store, &sum.claims)?;
    compare_claims(store, sum.claims)?;
    Ok(Summary { head, boards, claims })
}

/// Goes through all boards, by the row that says what they are.
pub(crate) fn each_board(
    store: &mut dyn Store,
    board: &mut dyn FnMut(Board) -> Result<(), Error>,
) -> Result<(), Error> {
    let sql = "SELECT name, reference, state, event FROM board WHERE event > $1 ORDER BY event LIMIT $2";
    let mut last = -1;
    loop {
        let rows = store.query(sql, &[last.into(), PAGE.into()])?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            let found = to_board(row)?;
            last = found.event;
            board(found)?;
        }
    }
}

/// Refuses rows that no page had: each begins behind the one before, and the first behind what no row of a ledger has.
fn compare_count(store: &mut dyn Store, sql: &'static str, seen: usize, what: &str) -> Result<(), Error> {
    let count = store.query(sql, &[])?.first().and_then(|row| row.first()?.integer());
    if count.and_then(|count| usize::try_from(count).ok()) == Some(seen) {
        return Ok(());
    }
    Err(Broken::Contradiction(what.to_owned()).into())
}

fn compare_boards(store: &mut dyn Store, mut expected: BTreeMap<String, (String, State, i64)>) -> Result<(), Error> {
    let count = expected.len();
    each_board(store, &mut |board| {
        if expected.remove(&board.name) != Some((board.reference, board.state, board.event)) {
            return Err(Broken::Contradiction(board.name).into());
        }
        Ok(())
    })?;
    match expected.into_keys().next() {
        Some(name) => Err(Broken::Contradiction(name).into()),
        None => compare_count(store, "SELECT COUNT(*) FROM board", count, "its boards"),
    }
}

/// Where the next number of a range is looked for: behind one that somebody has. Farther on, numbers would be left out that nobody has.
fn compare_allotments(store: &mut dyn Store, claims: &BTreeMap<(String, String), String>) -> Result<(), Error> {
    for row in store.query("SELECT kind, first, next FROM allotment", &[])? {
        let [Value::Text(kind), Value::Text(first), Value::Text(next)] = row.as_slice() else {
            return Err(Error::Database("a range's row cannot be read".to_owned()));
        };
        let is_taken = |number: u64| claims.contains_key(&(kind.to_string(), ranges::digits(number)));
        // Behind the very last number there is none: then it stands there itself.
        let is_right = ranges::number(next)
            .is_some_and(|next| next.checked_sub(1).is_some_and(is_taken) || next == u64::MAX && is_taken(next));
        if !is_right {
            return Err(Broken::Contradiction(format!("the range of {kind} from {first} on")).into());
        }
    }
    Ok(())
}

fn compare_claims(store: &mut dyn Store, mut expected: BTreeMap<(String, String), String>) -> Result<(), Error> {
    let sql = "SELECT kind, value, reference FROM claim WHERE kind = $1 AND value > $2 ORDER BY value LIMIT $3";
    let count = expected.len();
    let kinds = store.query("SELECT DISTINCT kind FROM claim", &[])?;
    for kind in kinds.iter().filter_map(|row| row.first()?.text()) {
        let mut last = String::new();
        loop {
            let rows = store.query(sql, &[kind.into(), last.as_str().into(), PAGE.into()])?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let [Value::Text(kind), Value::Text(value), Value::Text(reference)] = row.as_slice() else {
                    return Err(Error::Database("a claim's row cannot be read".to_owned()));
                };
                last = value.to_string();
                let owner = expected.remove(&(kind.to_string(), last.clone()));
                if owner.as_deref() != Some(reference) {
                    return Err(Broken::Contradiction(format!("{kind} {value}")).into());
                }
            }
        }
    }
    match expected.into_keys().next() {
        Some((kind, value)) => Err(Broken::Contradiction(format!("{kind} {value}")).into()),
        None => compare_count(store, "SELECT COUNT(*) FROM claim", count, "its values"),
    }
}
