//! Settings and the book's own facts: kind, id, clock.

use super::{Db, StoreError, Topic, Tx, word};
use crate::config::{Config, Setting};
use crate::domain::text_enum;

text_enum! {
    /// What a book is for. Only test and demo books have a clock of their own.
    BookKind {
        /// Real money.
        Real = "real",
        /// For trying things.
        Test = "test",
        /// Made by `daybook demo`.
        Demo = "demo",
    }
}

/// The settings. A stored value that cannot be read stops whoever asks: it is never taken for a
/// default, for zero or for "never", which would switch a limit off.
pub fn load(db: &Db<'_>) -> Result<Config, StoreError> {
    as_stored(db).and_then(readable)
}

fn readable(config: Config) -> Result<Config, StoreError> {
    match config.unreadable() {
        None => Ok(config),
        Some((key, value)) => Err(StoreError::Corrupt(format!(
            "the setting {key} = {value:?} cannot be read: daybook settings set {key} VALUE mends it"
        ))),
    }
}

/// The settings whether they can be read or not, to show and to mend them.
pub fn as_stored(db: &Db<'_>) -> Result<Config, StoreError> {
    Ok(Config::new(
        db.gather("SELECT key, value FROM setting", [], |r| Ok((r.get(0)?, r.get(1)?)))?,
    ))
}

/// Those of the groups of these settings, for rules that are asked for every row.
pub fn group(db: &Db<'_>, members: &[&Setting]) -> Result<Config, StoreError> {
    let mut found = std::collections::BTreeMap::new();
    for member in members {
        db.each(
            "SELECT key, value FROM setting WHERE key >= ?1 AND key < ?1 || x'7f'",
            [member.group()],
            |row| {
                found.insert(row.get(0)?, row.get(1)?);
                Ok(())
            },
        )?;
    }
    readable(Config::new(found))
}

/// Stores one value; the caller has checked it.
pub fn set(tx: &Tx<'_>, of: &Setting, value: &str) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE
         SET value = ?2",
        (of.key, value),
    )?;
    tx.rules.take();
    tx.touch(Topic::Settings);
    Ok(())
}

/// What a book says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookFacts {
    /// Random id, printed with the audit head.
    pub uid: String,
    /// Real, test or demo.
    pub kind: BookKind,
    /// Stored clock of a test or demo book, UTC milliseconds.
    pub clock_at: Option<i64>,
}

/// Reads them.
pub fn facts(db: &Db<'_>) -> Result<BookFacts, StoreError> {
    db.opt("SELECT uid, kind, clock_at FROM book WHERE one = 1", [], |r| {
        Ok(BookFacts { uid: r.get(0)?, kind: word(r, 1, BookKind::parse)?, clock_at: r.get(2)? })
    })?
    .ok_or_else(|| StoreError::Corrupt("the book does not say what it is".to_owned()))
}

/// Stores the clock of a test or demo book; the caller has checked that it goes forward.
pub fn set_clock(tx: &Tx<'_>, at_ms: i64) -> Result<(), StoreError> {
    tx.run("UPDATE book SET clock_at = ?1 WHERE one = 1", [at_ms])?;
    tx.touch(Topic::Settings);
    Ok(())
}
