//! The pick list of a run: its progress, and what it left out and why.

use crate::domain::ids::{AccountId, DocumentId, PaymentRunId};
use crate::domain::payment_run::SkipReason;
use crate::domain::text_enum;
use crate::store::face::{Bound, Row};
use crate::store::{Db, StoreError, Tx, many, word};
use std::collections::HashSet;

text_enum! {
    /// Where a picked invoice stands in its run.
    ItemState {
        /// Waits its turn.
        Open = "open",
        /// A payment (or a credit) was made for it.
        Taken = "taken",
        /// Left out, counted by reason.
        Skipped = "skipped",
    }
}

/// A picked invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Order in the run.
    pub position: i64,
    /// The invoice.
    pub document: DocumentId,
    pub account: AccountId,
}

/// Adds invoices to the pick list, in order, after those that are there; one that is on it already is
/// not added, one that was left out is open again. Gives how many are picked by it.
pub fn add_items(
    tx: &Tx<'_>,
    run: PaymentRunId,
    items: &[(DocumentId, AccountId)],
) -> Result<i64, StoreError> {
    let first: i64 = tx.one(
        "SELECT coalesce(max(position), 0) FROM payment_run_item WHERE run_id = ?1",
        [run.0],
        |r| r.get(0),
    )?;
    let mut there: HashSet<i64> = tx.gather(
        "SELECT document_id FROM payment_run_item INDEXED BY payment_run_item_document
         WHERE run_id = ?1 AND document_id IN (SELECT value FROM json_each(?2))",
        (run.0, many::keys(items.iter().map(|(document, _)| document.0))),
        |r| r.get(0),
    )?;
    let reopen = "UPDATE payment_run_item SET state = 'open'
         WHERE run_id = ?1 AND document_id = ?2 AND state = 'skipped'";
    let (mut new, mut added) = (Vec::new(), 0);
    for (document, account) in items {
        if there.insert(document.0) {
            new.push((document.0, account.0));
        } else {
            added += tx.run(reopen, (run.0, document.0))? as i64;
        }
    }
    added += new.len() as i64;
    many::insert(
        tx,
        "payment_run_item (run_id, position, document_id, account_id, state)",
        (first + 1..).zip(new).map(|(position, (document, account))| -> [Bound<'_>; 5] {
            [run.0.into(), position.into(), document.into(), account.into(), "open".into()]
        }),
    )?;
    tx.run("UPDATE payment_run SET picked = picked + ?2 WHERE id = ?1", (run.0, added))?;
    Ok(added)
}

/// Keeps what a run of retries was asked for and left out at once: what, and why.
pub fn add_refused(
    tx: &Tx<'_>,
    run: PaymentRunId,
    refused: &[(&str, &str)],
) -> Result<(), StoreError> {
    many::insert(
        tx,
        "payment_run_refused (run_id, position, what, reason)",
        (1_i64..).zip(refused).map(|(position, (what, reason))| -> [Bound<'_>; 4] {
            [run.0.into(), position.into(), (*what).into(), (*reason).into()]
        }),
    )?;
    Ok(())
}

/// The next open invoices of a run in order.
pub fn open_items(db: &Db<'_>, run: PaymentRunId, limit: u32) -> Result<Vec<Item>, StoreError> {
    db.all(
        "SELECT position, document_id, account_id
         FROM payment_run_item INDEXED BY payment_run_item_open
         WHERE run_id = ?1 AND state = 'open' ORDER BY position LIMIT ?2",
        (run.0, limit),
        item,
    )
}

/// The open invoices of one account in a run, in order.
pub fn open_items_of(
    db: &Db<'_>,
    run: PaymentRunId,
    account: AccountId,
) -> Result<Vec<Item>, StoreError> {
    db.all(
        "SELECT position, document_id, account_id
         FROM payment_run_item INDEXED BY payment_run_item_account
         WHERE run_id = ?1 AND account_id = ?2 AND state = 'open' ORDER BY position",
        (run.0, account.0),
        item,
    )
}

fn item(r: &Row<'_>) -> Result<Item, StoreError> {
    Ok(Item { position: r.get(0)?, document: DocumentId(r.get(1)?), account: AccountId(r.get(2)?) })
}

/// Payments are made for these invoices, by their places in the run.
pub fn take_items(tx: &Tx<'_>, run: PaymentRunId, positions: &[i64]) -> Result<(), StoreError> {
    many::change(
        tx,
        "UPDATE payment_run_item SET state = 'taken' FROM (",
        ") v WHERE run_id = v.column1 AND position = v.column2",
        positions.iter().map(|at| -> [Bound<'_>; 2] { [run.0.into(), (*at).into()] }),
    )?;
    Ok(())
}

/// Says what became of a picked invoice.
fn mark_item(
    tx: &Tx<'_>,
    run: PaymentRunId,
    position: i64,
    state: ItemState,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_run_item SET state = ?3 WHERE run_id = ?1 AND position = ?2",
        (run.0, position, state.as_str()),
    )?;
    Ok(())
}

/// Puts the invoices of a payment that was never sent back on the list.
pub fn reopen_items(
    tx: &Tx<'_>,
    run: PaymentRunId,
    documents: &[DocumentId],
) -> Result<(), StoreError> {
    let sql = "UPDATE payment_run_item INDEXED BY payment_run_item_document SET state = 'open'
        WHERE run_id = ?1 AND document_id = ?2 AND state = 'taken'";
    for document in documents {
        tx.run(sql, (run.0, document.0))?;
    }
    Ok(())
}

/// Picked invoices that the run left out after all: they count as left out, not as picked.
fn unpick(tx: &Tx<'_>, run: PaymentRunId, count: i64) -> Result<(), StoreError> {
    tx.run("UPDATE payment_run SET picked = picked - ?2 WHERE id = ?1", (run.0, count))?;
    Ok(())
}

/// Leaves a picked invoice out, by its place in the run.
pub fn skip_item(
    tx: &Tx<'_>,
    run: PaymentRunId,
    position: i64,
    reason: SkipReason,
) -> Result<(), StoreError> {
    mark_item(tx, run, position, ItemState::Skipped)?;
    unpick(tx, run, 1)?;
    add_skip(tx, run, reason, 1)
}

/// Leaves one open invoice of a run out.
pub fn leave_out(
    tx: &Tx<'_>,
    run: PaymentRunId,
    document: DocumentId,
    reason: SkipReason,
) -> Result<(), StoreError> {
    let count = tx.run(
        "UPDATE payment_run_item INDEXED BY payment_run_item_document SET state = 'skipped'
         WHERE run_id = ?1 AND document_id = ?2 AND state = 'open'",
        (run.0, document.0),
    )?;
    if count == 0 {
        return Ok(());
    }
    unpick(tx, run, count as i64)?;
    add_skip(tx, run, reason, count as i64)
}

/// Leaves every open invoice of a run out; gives how many.
pub fn skip_rest(tx: &Tx<'_>, run: PaymentRunId, reason: SkipReason) -> Result<i64, StoreError> {
    let count = tx.run(
        "UPDATE payment_run_item SET state = 'skipped' WHERE run_id = ?1 AND state = 'open'",
        [run.0],
    )? as i64;
    if count > 0 {
        unpick(tx, run, count)?;
        add_skip(tx, run, reason, count)?;
    }
    Ok(count)
}

/// Counts invoices that were left out.
pub fn add_skip(
    tx: &Tx<'_>,
    run: PaymentRunId,
    reason: SkipReason,
    count: i64,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO payment_run_skip (run_id, reason, count) VALUES (?1, ?2, ?3)
             ON CONFLICT (run_id, reason) DO UPDATE SET count = count + ?3",
        (run.0, reason.as_str(), count),
    )?;
    Ok(())
}

/// Forgets how many invoices were left out, before all of them are looked at again.
pub fn clear_skips(tx: &Tx<'_>, run: PaymentRunId) -> Result<(), StoreError> {
    tx.run("DELETE FROM payment_run_skip WHERE run_id = ?1", [run.0])?;
    Ok(())
}

/// How many invoices were left out, by reason.
pub fn skips(db: &Db<'_>, run: PaymentRunId) -> Result<Vec<(SkipReason, i64)>, StoreError> {
    db.all(
        "SELECT reason, count FROM payment_run_skip WHERE run_id = ?1 ORDER BY reason",
        [run.0],
        |r| Ok((word(r, 0, SkipReason::parse)?, r.get(1)?)),
    )
}
