//! A database behind as little as the ledger needs. Statements are written so that both take them: parameters `$1`, `$2`
//! appear in this order, integers are BIGINT, all else is TEXT.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use postgres::types::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::Error;

/// A column's value. What is written is borrowed, what was read is owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Integer(i64),
    Text(Cow<'a, str>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl Value<'_> {
    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(value) = self { Some(value) } else { None }
    }
}

/// A connection to a database.
pub(crate) trait Store {
    /// Begins a transaction that no other writer overlaps.
    fn begin(&mut self) -> Result<(), Error>;
    /// Begins a transaction that only reads, and sees nothing of what others write from now on.
    fn look(&mut self) -> Result<(), Error>;
    /// Ends either: it has happened, or it has not. `false` undoes it.
    fn end(&mut self, commit: bool) -> Result<(), Error>;
    /// Runs statements without parameters.
    fn batch(&mut self, sql: &str) -> Result<(), Error>;
    /// Runs a statement, and counts the rows that it changed.
    fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Error>;
    /// All rows of a question.
    fn query(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Vec<Value<'static>>>, Error>;
    /// Whether the ledger's tables are there.
    fn has_tables(&mut self) -> Result<bool, Error>;
}

/// How long a station waits for another one to end its transaction.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Sqlite(rusqlite::Connection);

impl Sqlite {
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self, Error> {
        use rusqlite::OpenFlags;
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        // What was committed survives a loss of power: boards may have been written since.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self(connection))
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

impl Store for Sqlite {
    fn begin(&mut self) -> Result<(), Error> {
        self.batch("BEGIN IMMEDIATE")
    }

    fn look(&mut self) -> Result<(), Error> {
        self.batch("BEGIN DEFERRED")
    }

    fn end(&mut self, commit: bool) -> Result<(), Error> {
        self.batch(if commit { "COMMIT" } else { "ROLLBACK" })
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Error> {
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.execute(rusqlite::params_from_iter(values))? as u64)
    }

    fn query(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Vec<Value<'static>>>, Error> {
        let mut statement = self.0.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let column = |column| match row.get_ref(column)? {
                ValueRef::Integer(value) => Ok(Value::Integer(value)),
                ValueRef::Text(text) => Ok(Value::Text(Cow::Owned(String::from_utf8_lossy(text).into_owned()))),
                other => Err(Error::Database(format!("a column holds {}", other.data_type()))),
            };
            found.push((0..columns).map(column).collect::<Result<_, Error>>()?);
        }
        Ok(found)
    }

    fn has_tables(&mut self) -> Result<bool, Error> {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'ledger'";
        Ok(!self.query(sql, &[])?.is_empty())
    }
}

pub(crate) struct PostgreSql {
    client: postgres::Client,
    statements: HashMap<&'static str, postgres::Statement>,
}

impl PostgreSql {
    pub(crate) fn open(url: &str) -> Result<Self, Error> {
        Ok(Self { client: postgres::Client::connect(url, postgres::NoTls)?, statements: HashMap::new() })
    }

    fn prepared(&mut self, sql: &'static str) -> Result<postgres::Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

fn to_postgres<'a>(values: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| match value {
            Value::Integer(value) => value as &(dyn ToSql + Sync),
            Value::Text(value) => value,
        })
        .collect()
}

impl Store for PostgreSql {
    fn begin(&mut self) -> Result<(), Error> {
        self.batch("BEGIN")?;
        // The lock is asked for, not taken: a station that waits too long is told so.
        let patience = PATIENCE.as_secs();
        self.batch(&format!("SET LOCAL lock_timeout = '{patience}s'"))?;
        // Before the first migration there is no table to lock; two who create a ledger at once are told apart by its key.
        if self.has_tables()? { self.batch("LOCK TABLE ledger IN EXCLUSIVE MODE") } else { Ok(()) }
    }

    fn look(&mut self) -> Result<(), Error> {
        self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    fn end(&mut self, commit: bool) -> Result<(), Error> {
        self.batch(if commit { "COMMIT" } else { "ROLLBACK" })
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        Ok(self.client.batch_execute(sql)?)
    }

    fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Error> {
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, &to_postgres(values))?)
    }

    fn query(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Vec<Value<'static>>>, Error> {
        let statement = self.prepared(sql)?;
        let mut found = Vec::new();
        for row in self.client.query(&statement, &to_postgres(values))? {
            let column = |(index, column): (usize, &postgres::Column)| match column.type_().name() {
                "int8" => Ok(Value::Integer(row.try_get(index)?)),
                "text" => Ok(Value::Text(Cow::Owned(row.try_get(index)?))),
                other => Err(Error::Database(format!("column `{}` holds {other}", column.name()))),
            };
            found.push(row.columns().iter().enumerate().map(column).collect::<Result<_, Error>>()?);
        }
        Ok(found)
    }

    fn has_tables(&mut self) -> Result<bool, Error> {
        let sql = "SELECT table_name::TEXT FROM information_schema.tables \
                   WHERE table_schema = current_schema() AND table_name = 'ledger'";
        Ok(!self.query(sql, &[])?.is_empty())
    }
}
