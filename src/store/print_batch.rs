//! Print batches: which copies were written to paper together, and who confirmed them.

use super::delivery::{self, COLUMNS, CORRECTED, Delivery, FROM, row};
use super::face::Row;
use super::{Db, StoreError, Topic, Tx, money};
use crate::domain::delivery::Imprint;
use crate::domain::ids::{AccountId, BillRunId, DeliveryId};
use crate::domain::money::Money;

/// Printed copies waiting for a batch, of a run's documents or all.
pub fn queued(db: &Db<'_>, run: Option<BillRunId>) -> Result<Vec<Delivery>, StoreError> {
    let scope = if run.is_some() { "d.run_id = ?1" } else { "?1 IS NULL" };
    db.all(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE l.channel = 'print' AND l.status = 'Queued' AND {scope}
             ORDER BY l.id"
        ),
        [run.map(|r| r.0)],
        row,
    )
}

/// A printed copy that waits for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub id: DeliveryId,
    pub account: AccountId,
    /// The total of its document.
    pub money: Money,
    /// Whether the document was corrected since anybody was asked: it is held then.
    pub corrected: bool,
}

/// Looks at each printed copy that waits for a batch.
pub fn waiting(
    db: &Db<'_>,
    mut look: impl FnMut(Waiting) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT delivery.id, delivery.account_id, d.currency, d.total_minor, {CORRECTED}
         FROM delivery JOIN document d ON d.id = delivery.document_id
         WHERE delivery.status = 'Queued' AND delivery.channel = 'print'"
    );
    db.each(&sql, [], |r| {
        look(Waiting {
            id: DeliveryId(r.get(0)?),
            account: AccountId(r.get(1)?),
            money: money(r, 2, 3)?,
            corrected: r.get(4)?,
        })
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintBatch {
    pub id: i64,
    /// Where its files are; empty: beside the book.
    pub directory: String,
    pub documents: i64,
    /// Sheets of paper.
    pub sheets: i64,
    pub envelopes: i64,
    /// UTC milliseconds.
    pub written_at: i64,
    /// When a person said it is on paper.
    pub printed_at: Option<i64>,
    /// Who said so.
    pub printed_by: String,
}

/// Makes a batch of copies in order, as the files that are written; each becomes Written. Fails when one is no longer queued.
pub fn insert(
    tx: &Tx<'_>,
    directory: &str,
    (sheets, envelopes): (usize, usize),
    copies: &[(DeliveryId, &Imprint)],
) -> Result<i64, StoreError> {
    let batch = tx.insert(
        "INSERT INTO print_batch (directory, documents, sheets, envelopes, written_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (directory, copies.len() as i64, sheets as i64, envelopes as i64, tx.now().at_ms),
    )?;
    let sql = "UPDATE delivery SET status = 'Written', batch_id = ?2, batch_position = ?3, attempts
        = attempts + 1, layout = ?4, pdf_hash = ?5
        WHERE id = ?1 AND status = 'Queued' AND channel = 'print'";
    for (position, (id, imprint)) in (1_i64..).zip(copies) {
        let row = (id.0, batch, position, imprint.layout, &imprint.pdf_hash);
        if tx.run(sql, row)? != 1 {
            let now = delivery::get(tx, *id)?;
            return Err(StoreError::Stale { what: id.to_string(), by: now.status.to_string() });
        }
    }
    tx.touch(Topic::Deliveries);
    Ok(batch)
}

fn batch_row(r: &Row<'_>) -> Result<PrintBatch, StoreError> {
    Ok(PrintBatch {
        id: r.get(0)?,
        directory: r.get(1)?,
        documents: r.get(2)?,
        sheets: r.get(3)?,
        envelopes: r.get(4)?,
        written_at: r.get(5)?,
        printed_at: r.get(6)?,
        printed_by: r.get(7)?,
    })
}

const BATCH: &str = "SELECT id, directory, documents, sheets, envelopes, written_at, printed_at, printed_by FROM print_batch";

pub fn get(db: &Db<'_>, id: i64) -> Result<PrintBatch, StoreError> {
    db.opt(&format!("{BATCH} WHERE id = ?1"), [id], batch_row)?
        .ok_or_else(|| StoreError::NotFound(format!("print batch {id}")))
}

/// Every print batch, newest first.
pub fn list(db: &Db<'_>) -> Result<Vec<PrintBatch>, StoreError> {
    db.all(&format!("{BATCH} ORDER BY id DESC"), [], batch_row)
}

/// The number the next batch will get.
pub fn next_id(db: &Db<'_>) -> Result<i64, StoreError> {
    db.one("SELECT coalesce(max(id), 0) + 1 FROM print_batch", [], |r| r.get(0))
}

/// Notes who confirmed a batch, once none of its copies is merely written.
pub fn close(tx: &Tx<'_>, batch: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE print_batch SET printed_at = ?2, printed_by = ?3 WHERE id = ?1
         AND printed_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM delivery WHERE batch_id = ?1 AND status = 'Written')",
        (batch, tx.now().at_ms, &tx.actor().name),
    )?;
    Ok(())
}
