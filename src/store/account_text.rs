//! The index of texts that customers are found by. See [`read::narrowed`](super::read) for its use.
//!
//! A row more is never wrong, only a row too few: what the index gives is looked at again. One row a
//! statement: SQLite would write the index out before every statement that it may have to take back.

use super::{Db, StoreError, Tx};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::text::searchable;

/// The greatest number of a version of an account.
pub(super) fn last_version(db: &Db<'_>) -> Result<i64, StoreError> {
    db.one("SELECT coalesce(max(id), 0) FROM account_version", [], |r| r.get(0))
}

fn enter(tx: &Tx<'_>, row: i64, text: &str) -> Result<(), StoreError> {
    tx.run("INSERT INTO account_text (rowid, text) VALUES (?1, ?2)", (row, searchable(text)))?;
    Ok(())
}

/// A version of an account: its number, name, e-mail addresses and order number.
pub(super) fn of_version(tx: &Tx<'_>, version: i64, texts: [&str; 4]) -> Result<(), StoreError> {
    enter(tx, 2 * version, &texts.join(" "))
}

/// What else an account, or a document of it, is found by; an empty text is none.
pub(super) fn more(
    tx: &Tx<'_>,
    (account, document): (AccountId, Option<DocumentId>),
    text: &str,
) -> Result<(), StoreError> {
    if text.is_empty() {
        return Ok(());
    }
    let id = tx.insert(
        "INSERT INTO text_more (account_id, document_id) VALUES (?1, ?2)",
        (account.0, document.map(|d| d.0)),
    )?;
    enter(tx, 2 * id + 1, text)
}
