//! Questions about many values in one statement: a server is asked a few times for a thousand boards, not a thousand times.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::allocate::Claim;
use crate::error::Error;
use crate::ledger::{Board, to_board};
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
    mut row: impl FnMut(&[Value]) -> Result<(), Error>,
) -> Result<(), Error> {
    let values: Vec<&str> = values.into_iter().collect();
    for chunk in values.chunks(WIDTH) {
        let padding = chunk.last().into_iter().cycle().take(WIDTH - chunk.len());
        let asked: Vec<Value> =
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
                found.insert((kind.to_owned(), value.clone()), reference.clone());
            }
            Ok(())
        })?;
    }
    Ok(found)
}
