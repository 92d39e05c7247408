//! What networks said of documents, each receipt once and for good.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::delivery::network::{Effect, Said};
use crate::domain::ids::{DeliveryId, DocumentId};

/// A receipt to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewReceipt<'a> {
    /// SHA-256 of all that it says.
    pub hash: &'a [u8],
    /// Its own name; empty = none.
    pub name: &'a str,
    pub copy: Option<DeliveryId>,
    /// The number of the document, as it says.
    pub document: &'a str,
    pub said: Said,
    pub code: &'a str,
    pub words: &'a str,
    pub said_at: i64,
    pub effect: Effect,
    /// Of what contradicts, or is about nothing here.
    pub why: &'a str,
}

/// A receipt that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    pub id: i64,
    pub name: String,
    pub copy: Option<DeliveryId>,
    pub document: String,
    pub said: Said,
    pub code: String,
    pub words: String,
    pub said_at: i64,
    /// When it was read.
    pub at: i64,
    pub effect: Effect,
    pub why: String,
}

/// What is known of a receipt that says exactly this: its row and what it did.
pub fn known(db: &Db<'_>, hash: &[u8]) -> Result<Option<(i64, Effect)>, StoreError> {
    let sql = "SELECT id, effect FROM network_receipt WHERE hash = ?1";
    db.opt(sql, [hash], |r| Ok((r.get(0)?, word(r, 1, Effect::parse)?)))
}

/// Whether a receipt of this name said something else.
pub fn is_named(db: &Db<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(!name.is_empty() && db.any("SELECT 1 FROM network_receipt WHERE name = ?1", [name])?)
}

/// Keeps a receipt. One that was kept as about nothing here may find its copy later.
pub fn keep(tx: &Tx<'_>, new: &NewReceipt<'_>) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO network_receipt (hash, name, delivery_id, document, said, code, words, said_at,
           at, effect, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (hash) DO UPDATE SET delivery_id = excluded.delivery_id, at = excluded.at,
           effect = excluded.effect, why = excluded.why WHERE effect = 'unknown'",
        (
            new.hash,
            new.name,
            new.copy.map(|copy| copy.0),
            new.document,
            new.said.as_str(),
            new.code,
            new.words,
            new.said_at,
            tx.now().at_ms,
            new.effect.as_str(),
            new.why,
        ),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(())
}

const COLUMNS: &str = "r.id, r.name, r.delivery_id, r.document, r.said, r.code, r.words, r.said_at, r.at, \
    r.effect, r.why";

fn row(r: &Row<'_>) -> Result<ReceiptRow, StoreError> {
    Ok(ReceiptRow {
        id: r.get(0)?,
        name: r.get(1)?,
        copy: r.get::<Option<i64>>(2)?.map(DeliveryId),
        document: r.get(3)?,
        said: word(r, 4, Said::parse)?,
        code: r.get(5)?,
        words: r.get(6)?,
        said_at: r.get(7)?,
        at: r.get(8)?,
        effect: word(r, 9, Effect::parse)?,
        why: r.get(10)?,
    })
}

/// Receipts in the order they were read, after `after`; those for a person alone, or all.
pub fn page(
    db: &Db<'_>,
    odd: Option<Effect>,
    after: i64,
    limit: u32,
) -> Result<Vec<ReceiptRow>, StoreError> {
    let which = if odd.is_some() { "r.effect IN ('odd','unknown') AND" } else { "" };
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM network_receipt r WHERE {which} r.id > ?1 ORDER BY r.id LIMIT ?2"
        ),
        (after, limit),
        row,
    )
}

/// The receipts of a document's copies, in the order they were read.
pub fn of_document(db: &Db<'_>, of: DocumentId) -> Result<Vec<ReceiptRow>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM delivery l JOIN network_receipt r ON r.delivery_id = l.id
             WHERE l.document_id = ?1 ORDER BY r.id"
        ),
        [of.0],
        row,
    )
}
