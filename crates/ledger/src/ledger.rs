//! A ledger: opening it, and what a station asks of it.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;

use crate::event::{Event, State, Who};
use crate::store::{PostgreSql, Sqlite, Store, Value};
use crate::{Error, allocate, chain, issued, locked, many, ranges, sum};

/// Where a ledger is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, as `postgres://user@host/database`. TLS is not spoken: loopback or a socket.
    Url(String),
}

impl FromStr for Location {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        Ok(if is_url { Self::Url(text.to_owned()) } else { Self::File(text.into()) })
    }
}

/// Without the password, wherever it stands in the URL.
impl Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::File(path) => return path.display().fmt(f),
            Self::Url(url) => url,
        };
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        if rest.contains("password") {
            // A parameter may be cut anywhere by what stands in it.
            return write!(f, "{scheme}://...");
        }
        let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, host) = (user.split(':').next().unwrap_or_default(), host.split('?').next().unwrap_or_default());
        if user.is_empty() { write!(f, "{scheme}://{host}") } else { write!(f, "{scheme}://{user}@{host}") }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// A board, as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name.
    pub name: String,
    /// The request that it was allocated by.
    pub reference: String,
    /// What it is now.
    pub state: State,
    /// The row that says so.
    pub event: i64,
}

/// An open ledger.
pub struct Ledger {
    pub(crate) store: Box<dyn Store>,
}

/// The steps from an empty database to what this program expects.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/1.sql")];
const KNOWN: i64 = MIGRATIONS.len() as i64;

impl Ledger {
    /// Makes a ledger where there is none.
    ///
    /// # Errors
    /// There is one, or the database cannot be reached.
    pub fn create(location: &Location) -> Result<Self, Error> {
        let mut ledger = Self::connect(location, true)?;
        if ledger.store.has_tables()? {
            return Err(Error::Exists(location.to_string()));
        }
        ledger.migrate(0)?;
        Ok(ledger)
    }

    /// Opens a ledger, and brings one of an earlier version up to date.
    ///
    /// # Errors
    /// There is none, it is a later version's, or the database cannot be reached.
    pub fn open(location: &Location) -> Result<Self, Error> {
        if let Location::File(path) = location
            && !path.is_file()
        {
            return Err(Error::Missing(location.to_string()));
        }
        let mut ledger = Self::connect(location, false)?;
        if !ledger.store.has_tables()? {
            return Err(Error::Missing(location.to_string()));
        }
        let version = ledger.version()?;
        if version > KNOWN {
            return Err(Error::Version { found: version, known: KNOWN });
        }
        if version < KNOWN {
            ledger.migrate(version)?;
        }
        Ok(ledger)
    }

    fn connect(location: &Location, create: bool) -> Result<Self, Error> {
        let store: Box<dyn Store> = match location {
            Location::File(path) => Box::new(Sqlite::open(path, create)?),
            Location::Url(url) => Box::new(PostgreSql::open(url)?),
        };
        Ok(Self { store })
    }

    fn version(&mut self) -> Result<i64, Error> {
        let rows = self.store.query("SELECT version FROM ledger", &[])?;
        rows.first().and_then(|row| row.first()?.integer()).ok_or_else(|| Error::Database("no version".to_owned()))
    }

    fn migrate(&mut self, from: i64) -> Result<(), Error> {
        self.transaction(|store| {
            for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or_default()) {
                store.batch(migration)?;
            }
            store.execute("UPDATE ledger SET version = $1", &[KNOWN.into()])?;
            Ok(())
        })
    }

    /// What happens in `work` happens as a whole or not at all, and no other station writes meanwhile.
    pub(crate) fn transaction<T>(&mut self, work: impl FnOnce(&mut dyn Store) -> Result<T, Error>) -> Result<T, Error> {
        self.store.begin()?;
        self.end(work)
    }

    /// `work` sees the ledger as it is now, whatever other stations write meanwhile.
    pub(crate) fn snapshot<T>(&mut self, work: impl FnOnce(&mut dyn Store) -> Result<T, Error>) -> Result<T, Error> {
        self.store.look()?;
        self.end(work)
    }

    fn end<T>(&mut self, work: impl FnOnce(&mut dyn Store) -> Result<T, Error>) -> Result<T, Error> {
        let result = work(&mut *self.store);
        // An error of the work says more than one of undoing it.
        let ended = self.store.end(result.is_ok());
        let value = result?;
        ended?;
        Ok(value)
    }

    /// Gives each request its board and its numbers: new ones, or those that it got before. All or none. `name` says what a
    /// board is called, from the request's place in the list and the first number of each of its takes.
    ///
    /// # Errors
    /// A value that another board has, a range that is used up, a request that was made before with other values.
    pub fn allocate(
        &mut self,
        requests: &[allocate::Request],
        who: &Who,
        name: &dyn Fn(usize, &[u64]) -> String,
    ) -> Result<Vec<allocate::Allocated>, Error> {
        self.transaction(|store| allocate::allocate(store, requests, who, name))
    }

    /// What requests got before, and what their boards are now, without giving anything out: in the requests' order.
    ///
    /// # Errors
    /// A request that was made before with other values.
    pub fn allocated(
        &mut self,
        requests: &[allocate::Request],
    ) -> Result<Vec<Option<(allocate::Allocated, Board)>>, Error> {
        let references = requests.iter().map(|request| request.reference.as_str());
        let known = many::allocated(&mut *self.store, references)?;
        let before = |request: &allocate::Request| {
            let Some((board, detail)) = known.get(&request.reference) else { return Ok(None) };
            Ok(Some((allocate::made_before(request, board, detail)?, board.clone())))
        };
        requests.iter().map(before).collect()
    }

    /// What belongs to the rows that issued files for these boards. By name.
    ///
    /// # Errors
    /// The database's.
    pub fn issued<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, Vec<String>>, Error> {
        many::issued(&mut *self.store, names)
    }

    /// Finds what [`Self::allocate`] would refuse, without giving anything out; but for ranges that are used up. Another station
    /// may take a value between the two.
    ///
    /// # Errors
    /// A value that another board has, a request that was made before with other values.
    pub fn judge(&mut self, requests: &[allocate::Named<'_>]) -> Result<allocate::Judged, Error> {
        allocate::judge(&mut *self.store, requests)
    }

    /// How many numbers of a range nobody has.
    ///
    /// # Errors
    /// The database's.
    pub fn left(&mut self, range: &allocate::Take) -> Result<u64, Error> {
        ranges::left(&mut *self.store, range, range.first)
    }

    /// Writes down what happened to boards: all of it, or nothing. What belongs to it is a JSON object, as a value or as its text.
    ///
    /// # Errors
    /// A board that is not known, a state that does not follow, what is locked written again; a row of a stage that was never
    /// issued, or that says other bytes than were; other bytes issued for a stage that was programmed.
    pub fn record<D: Display>(&mut self, changes: &[(String, State, D)], who: &Who) -> Result<Vec<Event>, Error> {
        self.transaction(|store| record(store, changes, who))
    }

    /// Whether [`Self::record`] would take this: what is asked before something is done that nobody can take back.
    ///
    /// # Errors
    /// Those of [`Self::record`].
    pub fn may_record<D: Display>(&mut self, changes: &[(String, State, D)], who: &Who) -> Result<(), Error> {
        self.store.begin()?;
        let judged = record(&mut *self.store, changes, who).map(drop);
        self.store.end(false)?;
        judged
    }

    /// [`Self::record`] and [`Self::allocate`] at once: all of both, or nothing. What is written down of some boards while others are
    /// given their numbers needs one transaction instead of two, and its end waits for the disk.
    ///
    /// # Errors
    /// Those of both.
    pub fn record_and_allocate<D: Display>(
        &mut self,
        changes: &[(String, State, D)],
        requests: &[allocate::Request],
        who: &Who,
        name: &dyn Fn(usize, &[u64]) -> String,
    ) -> Result<(Vec<Event>, Vec<allocate::Allocated>), Error> {
        self.transaction(|store| Ok((record(store, changes, who)?, allocate::allocate(store, requests, who, name)?)))
    }

    /// A board by its name.
    ///
    /// # Errors
    /// The database's.
    pub fn board(&mut self, name: &str) -> Result<Option<Board>, Error> {
        board(&mut *self.store, name)
    }

    /// All boards, in the order of what happened to them last.
    ///
    /// # Errors
    /// The database's, and those of `each`.
    pub fn boards(&mut self, each: &mut dyn FnMut(Board) -> Result<(), Error>) -> Result<(), Error> {
        sum::each_board(&mut *self.store, each)
    }

    /// The boards in a state, by the row that says so.
    ///
    /// # Errors
    /// The database's.
    pub fn in_state(&mut self, state: State) -> Result<Vec<Board>, Error> {
        let sql = "SELECT name, reference, state, event FROM board WHERE state = $1 ORDER BY event";
        self.store.query(sql, &[state.name().into()])?.iter().map(|row| to_board(row)).collect()
    }

    /// What happened to a board, in order.
    ///
    /// # Errors
    /// The database's.
    pub fn history(&mut self, name: &str) -> Result<Vec<Event>, Error> {
        history(&mut *self.store, name)
    }

    /// The last row: what to note, to find later that rows were cut off.
    ///
    /// # Errors
    /// The database's.
    pub fn head(&mut self) -> Result<chain::Head, Error> {
        sum::head(&mut *self.store)
    }

    /// Reads every row, and compares what they add up to with what the ledger says. Other stations may write meanwhile.
    ///
    /// # Errors
    /// Where it was changed, damaged or cut off.
    pub fn verify(&mut self, noted: Option<&chain::Head>) -> Result<sum::Summary, Error> {
        self.snapshot(|store| sum::verify(store, noted))
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger")
    }
}

fn record<D: Display>(store: &mut dyn Store, changes: &[(String, State, D)], who: &Who) -> Result<Vec<Event>, Error> {
    let mut chain = sum::Writer::new(store)?;
    let mut boards = many::by_name(store, changes.iter().map(|(name, ..)| name.as_str()))?;
    // Of boards that were only allocated there is nothing to contradict: a new batch's are not asked for.
    let known = boards.values().filter(|board| board.state != State::Allocated).map(|board| board.name.as_str());
    let mut before = many::histories(store, known)?;
    let is_programmed = changes.iter().any(|(_, state, _)| *state != State::Issued);
    for (name, state, detail) in changes {
        let board = boards.get_mut(name).ok_or_else(|| Error::Unknown(name.clone()))?;
        if !board.state.may_become(*state) {
            return Err(Error::Order { board: name.clone(), from: board.state, to: *state });
        }
        let detail = detail.to_string();
        let rows = before.get(name).map_or(&[][..], Vec::as_slice);
        issued::refuse(rows, name, *state, &detail)?;
        locked::refuse(rows, name, *state, &detail)?;
        if *state != State::Issued {
            issued::compare(rows, name, *state, &detail)?;
        }
        board.state = *state;
        let event = chain.change(name, *state, detail, who);
        // Whoever only issues asks only for what was programmed before.
        if is_programmed {
            before.entry(name.clone()).or_default().push(event.clone());
        }
    }
    chain.flush(store)
}

pub(crate) fn board(store: &mut dyn Store, name: &str) -> Result<Option<Board>, Error> {
    let sql = "SELECT name, reference, state, event FROM board WHERE name = $1";
    store.query(sql, &[name.into()])?.first().map(|row| to_board(row)).transpose()
}

pub(crate) fn history(store: &mut dyn Store, name: &str) -> Result<Vec<Event>, Error> {
    Ok(many::histories(store, [name])?.remove(name).unwrap_or_default())
}

pub(crate) fn to_board(row: &[Value<'_>]) -> Result<Board, Error> {
    let text = |index: usize| row.get(index).and_then(Value::text);
    let found = (|| {
        Some(Board {
            name: text(0)?.to_owned(),
            reference: text(1)?.to_owned(),
            state: text(2)?.parse().ok()?,
            event: row.get(3)?.integer()?,
        })
    })();
    found.ok_or_else(|| Error::Database("a board's row cannot be read".to_owned()))
}

/// A row in the order of the table's columns.
pub(crate) fn event(row: &[Value<'_>]) -> Result<Event, Error> {
    let text = |index: usize| row.get(index).and_then(Value::text).map(ToOwned::to_owned);
    let found = (|| {
        Some(Event {
            number: row.first()?.integer()?,
            board: text(1)?,
            state: text(2)?.parse().ok()?,
            detail: text(3)?,
            who: Who { station: text(4)?, operator: text(5)?, at: text(6)? },
            digest: text(7)?,
        })
    })();
    found.ok_or_else(|| {
        let number = row.first().and_then(Value::integer).unwrap_or_default();
        Error::Broken(crate::Broken::Changed(number))
    })
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            ("postgres://kim:se?c/r@et@h:1/d?x=1", "postgres://kim@h:1/d"),
            ("postgres://:secret@h/d", "postgres://h/d"),
            ("postgresql://h/d?user=kim&password=sec@ret", "postgresql://..."),
            ("postgres://kim@h/d", "postgres://kim@h/d"),
            ("postgres://h/d", "postgres://h/d"),
        ] {
            let location = Location::Url(url.to_owned());
            assert_eq!((location.to_string(), format!("{location:?}")), (shown.to_owned(), shown.to_owned()));
        }
    }
}
