//! The face of the driver: how every file with SQL asks the database and tells it.
//!
//! Statements stay prepared from one call to the next. No other file with SQL names the driver; what
//! opens, copies and brings up a file works on [`Conn::raw`].

use super::StoreError;
use super::functions;
use super::trouble::Trouble;
use chrono::{NaiveDate, NaiveDateTime};
pub(in crate::store) use rusqlite::types::{ToSqlOutput as Bound, Value, ValueRef as Cell};
use rusqlite::{
    CachedStatement, Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior,
};
pub(in crate::store) use rusqlite::{Params, named_params, params, params_from_iter};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One row of an answer; columns count from 0.
pub(in crate::store) struct Row<'r>(&'r rusqlite::Row<'r>);

impl Row<'_> {
    /// The value of a column; another type than the one asked for is damage.
    pub(in crate::store) fn get<T: Held>(&self, column: usize) -> Result<T, StoreError> {
        T::held(self, column)
    }

    /// A column as it lies there.
    pub(in crate::store) fn cell(&self, column: usize) -> Result<Cell<'_>, StoreError> {
        Ok(self.0.get_ref(column)?)
    }

    /// A column of text, without a copy.
    pub(in crate::store) fn text(&self, column: usize) -> Result<&str, StoreError> {
        Ok(self.0.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
    }

    /// How many columns there are.
    pub(in crate::store) fn width(&self) -> usize {
        self.0.as_ref().column_count()
    }
}

/// What a column can hold.
pub(in crate::store) trait Held: Sized {
    fn held(row: &Row<'_>, column: usize) -> Result<Self, StoreError>;
}

/// As the driver reads it.
macro_rules! held {
    ($($kind:ty),*) => { $(
        impl Held for $kind {
            fn held(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
                Ok(row.0.get(column)?)
            }
        }
    )* };
}
held!(bool, i64, i32, u32, u16, f64, String, Vec<u8>, Value, NaiveDateTime);

impl<T: Held> Held for Option<T> {
    fn held(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
        match row.0.get_ref(column)? {
            Cell::Null => Ok(None),
            _ => T::held(row, column).map(Some),
        }
    }
}

/// A day as the book writes each, `2026-01-31`: without the driver's reading of a pattern, which costs
/// more than finding the row.
impl Held for NaiveDate {
    fn held(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
        match row.0.get_ref(column)? {
            Cell::Text(text) => match day(text) {
                Some(day) => Ok(day),
                None => Ok(row.0.get(column)?),
            },
            _ => Ok(row.0.get(column)?),
        }
    }
}

fn day(text: &[u8]) -> Option<NaiveDate> {
    let [y, y1, y2, y3, b'-', m, m1, b'-', d, d1] = *text else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y, y1, y2, y3])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m, m1])?, number(&[d, d1])?)
}

/// A value that cannot be read from this column.
pub(in crate::store) fn unreadable(column: usize, why: String) -> StoreError {
    let kind = rusqlite::types::Type::Text;
    rusqlite::Error::FromSqlConversionFailure(column, kind, why.into()).into()
}

/// Read access inside one transaction (or, within [`super::Tx`], inside the writing one).
pub struct Db<'c> {
    conn: &'c Connection,
    number: u64,
    asked: Option<&'c Asked>,
}

/// The text of every statement that was asked, where that is kept: for tests of how each is answered.
pub type Asked = Arc<Mutex<BTreeSet<String>>>;

/// A state of the book as one connection sees it: while it is the same, nobody else has committed
/// anything. Of two connections no two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    connection: u64,
    /// SQLite's counter of other connections' commits.
    foreign: i64,
}

impl Db<'_> {
    fn prepared(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        if let Some(asked) = self.asked {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            if !asked.contains(sql) {
                asked.insert(sql.to_owned());
            }
        }
        Ok(self.conn.prepare_cached(sql)?)
    }

    /// The only row, or the first; none is [`StoreError::NotFound`].
    pub(in crate::store) fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        map: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.opt(sql, values, map)?.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
    }

    /// The first row, if there is one.
    pub(in crate::store) fn opt<T>(
        &self,
        sql: &str,
        values: impl Params,
        map: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.prepared(sql)?;
        let mut rows = statement.query(values)?;
        rows.next()?.map(|row| map(&Row(row))).transpose()
    }

    /// Every row.
    pub(in crate::store) fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.each(sql, values, |row| {
            found.push(map(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Every row, in a collection of the caller's kind.
    pub(in crate::store) fn gather<T, C: FromIterator<T>>(
        &self,
        sql: &str,
        values: impl Params,
        map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<C, StoreError> {
        Ok(self.all(sql, values, map)?.into_iter().collect())
    }

    /// Hands over every row in turn.
    pub(in crate::store) fn each(
        &self,
        sql: &str,
        values: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.find(sql, values, |row| take(row).map(|()| None::<()>)).map(|_| ())
    }

    /// What `look` gives for the first row that it gives anything for; later rows are not read.
    pub(in crate::store) fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        mut look: impl FnMut(&Row<'_>) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.prepared(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            if let Some(found) = look(&Row(row))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether there is any row.
    pub(in crate::store) fn any(&self, sql: &str, values: impl Params) -> Result<bool, StoreError> {
        Ok(self.prepared(sql)?.exists(values)?)
    }

    /// Changes rows; gives how many.
    pub(super) fn change(&self, sql: &str, values: impl Params) -> Result<usize, StoreError> {
        Ok(self.prepared(sql)?.execute(values)?)
    }

    /// The key of the row that was inserted last.
    pub(super) fn last_key(&self) -> i64 {
        self.conn.last_insert_rowid()
    }

    /// Statements without values, one after the other.
    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.conn.execute_batch(sql)?)
    }

    /// Which commits of other connections this one has seen.
    pub fn moment(&self) -> Result<Moment, StoreError> {
        let foreign = self.conn.pragma_query_value(None, "data_version", |r| r.get(0))?;
        Ok(Moment { connection: self.number, foreign })
    }

    /// Whether the transaction is over: a disk that failed took it back.
    pub(super) fn is_over(&self) -> bool {
        self.conn.is_autocommit()
    }
}

/// What a connection may do to an existing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Read and write.
    Write,
    /// Read only.
    Read,
    /// Read only, under a file name with options (`file:…?immutable=1`).
    ReadUri,
}

/// An open database.
pub(super) struct Conn {
    driver: Connection,
    /// Of all that this process opened.
    number: u64,
    /// What it was asked, where that is kept.
    asked: Option<Asked>,
}

/// A transaction; dropped, it is taken back.
pub(super) struct Begun<'c> {
    transaction: Transaction<'c>,
    number: u64,
    asked: Option<&'c Asked>,
}

/// How many connections this process has opened.
static OPENED: AtomicU64 = AtomicU64::new(0);

impl Conn {
    pub(super) fn of(conn: Connection) -> Self {
        Self { driver: conn, number: OPENED.fetch_add(1, Ordering::Relaxed), asked: None }
    }

    /// Keeps the text of every statement from now on.
    pub(super) fn keep_asked(&mut self, asked: Asked) {
        self.asked = Some(asked);
    }

    /// What is kept of its statements, if so.
    pub(super) fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// A database of its own, in memory and empty.
    pub(super) fn in_memory() -> Result<Self, StoreError> {
        let conn = Connection::open_in_memory()?;
        // Migrations fold texts.
        functions::offer(&conn)?;
        Ok(Self::of(conn))
    }

    /// An existing file that is no book, to read and write; waits so long for others.
    pub(super) fn beside(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        conn.busy_timeout(patience)?;
        Ok(Self::of(conn))
    }

    /// For what only the driver can do.
    pub(super) fn raw(&self) -> &Connection {
        &self.driver
    }

    /// The same, to set what it calls back.
    pub(super) fn raw_mut(&mut self) -> &mut Connection {
        &mut self.driver
    }

    /// Ends what is asked of it, from another thread.
    pub(super) fn interrupter(&self) -> Interrupter {
        Interrupter(self.driver.get_interrupt_handle())
    }

    /// Outside any transaction: each statement is one.
    pub(super) fn db(&self) -> Db<'_> {
        Db { conn: &self.driver, number: self.number, asked: self.asked() }
    }

    /// A number that SQLite knows of this database or connection.
    pub(super) fn pragma(&self, name: &str) -> Result<i64, StoreError> {
        Ok(self.driver.pragma_query_value(None, name, |r| r.get(0))?)
    }

    /// Begins to read: one view until it is over.
    pub(super) fn begin_read(&self) -> Result<Begun<'_>, StoreError> {
        self.begin(TransactionBehavior::Deferred)
    }

    /// Begins to write: waits for the lock.
    pub(super) fn begin_write(&self) -> Result<Begun<'_>, StoreError> {
        self.begin(TransactionBehavior::Immediate)
    }

    pub(super) fn begin(&self, how: TransactionBehavior) -> Result<Begun<'_>, StoreError> {
        let transaction = Transaction::new_unchecked(&self.driver, how)?;
        Ok(Begun { transaction, number: self.number, asked: self.asked() })
    }
}

impl Begun<'_> {
    pub(super) fn db(&self) -> Db<'_> {
        Db { conn: &self.transaction, number: self.number, asked: self.asked }
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.execute_batch("COMMIT")?)
    }

    /// Ends a transaction that only read.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        self.take_back()
    }

    /// An interrupt that was meant for what is asked may strike just this: left open, the transaction
    /// would keep the connection from ever beginning another.
    fn take_back(&self) -> Result<(), StoreError> {
        while !self.transaction.is_autocommit() {
            match self.transaction.execute_batch("ROLLBACK") {
                Err(e) if e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {}
                ended => return Ok(ended?),
            }
        }
        Ok(())
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        // What is to be told of it was told.
        let _ = self.take_back();
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode as Code;
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return match error {
                rusqlite::Error::QueryReturnedNoRows => Self::NotFound("such row".to_owned()),
                other => Self::Corrupt(other.to_string()),
            };
        };
        let text = message.clone().unwrap_or_else(|| error.to_string());
        match failure.code {
            Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::FileLockingProtocolFailed
            | Code::SchemaChanged => Self::Busy,
            Code::ReadOnly | Code::CannotOpen => Self::ReadOnly(PathBuf::from("the book")),
            Code::DiskFull => {
                Self::Disk { path: PathBuf::from("the book"), trouble: Trouble::Full }
            }
            Code::SystemIoFailure => {
                Self::Disk { path: PathBuf::from("the book"), trouble: Trouble::Failing(text) }
            }
            Code::NotADatabase => Self::NotABook(PathBuf::from("the file")),
            Code::DatabaseCorrupt => Self::Corrupt(text),
            Code::ConstraintViolation => match text.strip_prefix("guard: ") {
                Some(guard) => Self::Guard(guard.to_owned()),
                None => Self::Conflict(text),
            },
            // Numbers that no book of ours holds.
            _ if text == "integer overflow" || text == "malformed JSON" => Self::Corrupt(text),
            _ => Self::Sqlite(text),
        }
    }
}

/// Ends a statement of a connection that runs on another thread.
pub struct Interrupter(rusqlite::InterruptHandle);

impl Interrupter {
    /// Now; nothing where none runs.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

#[cfg(test)]
mod tests {
    use super::Conn;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn an_interrupt_leaves_no_transaction_open_whatever_it_strikes() {
        let conn = Conn::in_memory().unwrap();
        let (interrupter, over) = (conn.interrupter(), AtomicBool::new(false));
        let stuck = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    interrupter.interrupt();
                }
            });
            let stuck = (0..50_000).find(|nth| {
                if let Ok(begun) = conn.begin_read()
                    && nth % 2 == 0
                {
                    let _ = begun.finish();
                }
                !conn.raw().is_autocommit()
            });
            over.store(true, Ordering::Relaxed);
            stuck
        });
        assert_eq!(stuck, None);
        conn.begin_read().unwrap();
    }
}
