//! Questions about many values, and rows, in one statement: a server is asked a few times for a thousand boards, not a thousand
//! times.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::allocate::Claim;
use crate::error::Error;
use crate::event::Event;
use crate::ledger::{Board, event, to_board};
use crate::store::{Store, Value};

/// Values in one statement. The last one is repeated where there are fewer.
const WIDTH: usize = 100;

/// `$2,$3,…`
fn places(first: usize) -> String {
    (first..first + WIDTH).map(|number| format!("${number}")).collect::<Vec<_>>().join(",")
}

fn ask<'a>(
    store: &mut dyn Store,
    sql: &'static str,
    first: Option<&str>,
    values: impl IntoIterator<Item = &'a str>,
    mut row: impl FnMut(&[Value<'_>]) -> Result<(), Error>,
) -> Result<(), Error> {
    let values: Vec<&str> = values.into_iter().collect();
    for chunk in values.chunks(WIDTH) {
        let padding = chunk.last().into_iter().cycle().take(WIDTH - chunk.len());
        let asked: Vec<Value<'_>> =
            first.into_iter().chain(chunk.iter().chain(padding).copied()).map(Value::from).collect();
        store.query(sql, &asked)?.iter().try_for_each(|found| row(found))?;
    }
    Ok(())
}

/// The boards that these requests were allocated, by reference.
pub(crate) fn by_reference<'a>(
    store: &mut dyn Store,
    references: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Board>, Error> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT name, reference, state, event FROM board WHERE reference IN ({})", places(1)));
    let mut found = BTreeMap::new();
    ask(store, &SQL, None, references, |row| {
        let board = to_board(row)?;
        found.insert(board.reference.clone(), board);
        Ok(())
    })?;
    Ok(found)
}

/// The same, with what belongs to the row that allocated it.
pub(crate) fn allocated<'a>(
    store: &mut dyn Store,
    references: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, (Board, String)>, Error> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT board.name, board.reference, board.state, board.event, event.detail \
             FROM board JOIN event ON event.board = board.name AND event.state = 'allocated' \
             WHERE board.reference IN ({})",
            places(1)
        )
    });
    let mut found = BTreeMap::new();
    ask(store, &SQL, None, references, |row| {
        let (board, detail) = (to_board(row)?, row.get(4).and_then(Value::text).unwrap_or_default());
        found.insert(board.reference.clone(), (board, detail.to_owned()));
        Ok(())
    })?;
    Ok(found)
}

/// What belongs to the rows that issued files for these boards. By name.
pub(crate) fn issued<'a>(
    store: &mut dyn Store,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT board, detail FROM event WHERE state = 'issued' AND board IN ({})", places(1))
    });
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    ask(store, &SQL, None, names, |row| {
        if let [Value::Text(board), Value::Text(detail)] = row {
            found.entry(board.to_string()).or_default().push(detail.to_string());
        }
        Ok(())
    })?;
    Ok(found)
}

/// What happened to these boards, in order. By name.
pub(crate) fn histories<'a>(
    store: &mut dyn Store,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Vec<Event>>, Error> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT number, board, state, detail, station, operator, at, digest FROM event WHERE board IN ({}) \
             ORDER BY number",
            places(1)
        )
    });
    let mut found: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    ask(store, &SQL, None, names, |row| {
        let event = event(row)?;
        found.entry(event.board.clone()).or_default().push(event);
        Ok(())
    })?;
    Ok(found)
}

/// The boards of these names.
pub(crate) fn by_name<'a>(
    store: &mut dyn Store,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Board>, Error> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT name, reference, state, event FROM board WHERE name IN ({})", places(1)));
    let mut found = BTreeMap::new();
    ask(store, &SQL, None, names, |row| {
        let board = to_board(row)?;
        found.insert(board.name.clone(), board);
        Ok(())
    })?;
    Ok(found)
}

/// Those of these values that somebody has, with the reference of whoever has them. By kind and value.
pub(crate) fn owners<'a>(
    store: &mut dyn Store,
    claims: impl IntoIterator<Item = &'a Claim>,
) -> Result<BTreeMap<(String, String), String>, Error> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT value, reference FROM claim WHERE kind = $1 AND value IN ({})", places(2)));
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    claims.into_iter().for_each(|claim| kinds.entry(&claim.kind).or_default().push(&claim.value));
    let mut found = BTreeMap::new();
    for (kind, values) in kinds {
        ask(store, &SQL, Some(kind), values, |row| {
            if let [Value::Text(value), Value::Text(reference)] = row {
                found.insert((kind.to_owned(), value.to_string()), reference.to_string());
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// A statement that writes rows: for one row, and for many.
pub(crate) struct Rows {
    columns: usize,
    one: String,
    many: String,
}

impl Rows {
    /// Before and behind the rows stand these, and in a row these places, `?` for each value.
    fn new(before: &str, row: &str, behind: &str) -> Self {
        let columns = row.matches('?').count();
        let statement = |rows: usize| {
            let (mut text, mut number) = (String::new(), 0);
            for index in 0..rows {
                text.push_str(if index == 0 { "" } else { "," });
                for part in row.split_inclusive('?') {
                    text.push_str(part.trim_end_matches('?'));
                    if part.ends_with('?') {
                        number += 1;
                        text.push_str(&format!("${number}"));
                    }
                }
            }
            format!("{before} {text} {behind}")
        };
        Self { columns, one: statement(1), many: statement(WIDTH) }
    }

    /// Writes rows, whose values stand one behind the other. How many were written.
    pub(crate) fn write(&'static self, store: &mut dyn Store, values: &[Value<'_>]) -> Result<u64, Error> {
        let many = values.chunks_exact(self.columns * WIDTH);
        let rest = many.remainder().chunks_exact(self.columns);
        let many = many.map(|rows| (&*self.many, rows));
        many.chain(rest.map(|row| (&*self.one, row))).map(|(sql, rows)| store.execute(sql, rows)).sum()
    }
}

/// Rows of events: number, board, state, detail, station, operator, time, digest.
pub(crate) static EVENTS: LazyLock<Rows> = LazyLock::new(|| {
    let into = "INSERT INTO event (number, board, state, detail, station, operator, at, digest) VALUES";
    Rows::new(into, "(?,?,?,?,?,?,?,?)", "")
});

/// Boards: name, reference, state, row. One whose name or reference is there already is left out.
pub(crate) static BOARDS: LazyLock<Rows> = LazyLock::new(|| {
    let into = "INSERT INTO board (name, reference, state, event) VALUES";
    Rows::new(into, "(?,?,?,?)", "ON CONFLICT DO NOTHING")
});

/// Claims: kind, value, reference. One that is there already is left out.
pub(crate) static CLAIMS: LazyLock<Rows> = LazyLock::new(|| {
    Rows::new("INSERT INTO claim (kind, value, reference) VALUES", "(?,?,?)", "ON CONFLICT DO NOTHING")
});

/// What boards are from now on: state, row, name; each board once.
pub(crate) static STATES: LazyLock<Rows> = LazyLock::new(|| {
    // A server takes what stands alone for a text.
    let from = "UPDATE board SET state = new.column1, event = new.column2 FROM (VALUES";
    Rows::new(from, "(?,CAST(? AS BIGINT),?)", ") AS new WHERE board.name = new.column3")
});

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn places_are_numbered_through() {
        let rows = Rows::new("X", "(?,CAST(? AS BIGINT),?)", "Y");
        assert_eq!((rows.columns, rows.one.as_str()), (3, "X ($1,CAST($2 AS BIGINT),$3) Y"));
        assert!(rows.many.starts_with("X ($1,CAST($2 AS BIGINT),$3),($4,CAST($5"), "{}", rows.many);
        assert!(rows.many.ends_with("AS BIGINT),$300) Y"), "{}", rows.many);
    }
}
