//! What of a payment pays which document.

use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::text_enum;
use crate::store::{Db, StoreError, Tx, word};
use chrono::NaiveDate;

text_enum! {
    /// What an allocation does to its document.
    AllocationState {
        /// Its payment is on its way; at most one such per document.
        Live = "live",
        /// It lowers the balance.
        Applied = "applied",
        /// It came to nothing.
        Void = "void",
    }
}

/// Money of one payment for one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    pub id: i64,
    pub payment: PaymentId,
    pub document: DocumentId,
    pub number: String,
    pub amount_minor: i64,
    /// What it does.
    pub state: AllocationState,
    /// Went back later, minor units.
    pub reopened_minor: i64,
    /// Of that: taken off the document, and still the customer's, minor units.
    pub unapplied_minor: i64,
    /// The day it counts from; none = not applied.
    pub applied_on: Option<NaiveDate>,
}

/// Writes an allocation; a second live one for a document is refused by the book.
pub fn allocate(
    tx: &Tx<'_>,
    payment: PaymentId,
    document: DocumentId,
    amount_minor: i64,
    state: AllocationState,
    applied_on: Option<NaiveDate>,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO allocation (payment_id, document_id, amount_minor, state, applied_on)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (payment.0, document.0, amount_minor, state.as_str(), applied_on),
    )?;
    Ok(())
}

/// The allocations of a payment, in the order in which they were made.
pub fn allocations(db: &Db<'_>, payment: PaymentId) -> Result<Vec<Allocation>, StoreError> {
    db.all(
        "SELECT a.id, a.payment_id, a.document_id, coalesce(d.number, ''), a.amount_minor, a.state,
         a.reopened_minor, a.applied_on, a.unapplied_minor
         FROM allocation a JOIN document d ON d.id = a.document_id WHERE a.payment_id = ?1
         ORDER BY a.id",
        [payment.0],
        |r| {
            Ok(Allocation {
                id: r.get(0)?,
                payment: PaymentId(r.get(1)?),
                document: DocumentId(r.get(2)?),
                number: r.get(3)?,
                amount_minor: r.get(4)?,
                state: word(r, 5, AllocationState::parse)?,
                reopened_minor: r.get(6)?,
                applied_on: r.get(7)?,
                unapplied_minor: r.get(8)?,
            })
        },
    )
}

/// Whether a payment of a document is on its way.
pub fn on_its_way(db: &Db<'_>, document: DocumentId) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM allocation WHERE document_id = ?1 AND state = 'live'", [document.0])
}

/// Ends a live allocation (or revives a void one after a late success).
pub fn set_allocation(
    tx: &Tx<'_>,
    id: i64,
    state: AllocationState,
    amount_minor: i64,
    applied_on: Option<NaiveDate>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE allocation SET state = ?2, amount_minor = ?3, applied_on = ?4 WHERE id = ?1",
        (id, state.as_str(), amount_minor, applied_on),
    )?;
    Ok(())
}

/// A part of an allocation goes back: its document is owed again.
pub fn reopen_allocation(tx: &Tx<'_>, id: i64, amount_minor: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE allocation SET reopened_minor = reopened_minor + ?2 WHERE id = ?1",
        (id, amount_minor),
    )?;
    Ok(())
}

/// A part of an allocation is taken off its document on a day, and stays the customer's money.
pub fn unapply_allocation(
    tx: &Tx<'_>,
    id: i64,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE allocation SET reopened_minor = reopened_minor + ?2, unapplied_minor =
         unapplied_minor + ?2, unapplied_on = ?3 WHERE id = ?1",
        (id, amount_minor, on),
    )?;
    Ok(())
}
