//! What a payment run came to.

use crate::domain::ids::PaymentRunId;
use crate::domain::payment_run::{Parts, SkipReason};
use crate::store::payment_run::{self, RunRow, Total};
use crate::store::{Db, StoreError};

/// A run with its counts and money, as the book has them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub run: RunRow,
    /// What became of the invoices it picked.
    pub parts: Parts,
    /// Invoices left out, by reason.
    pub skipped: Vec<(SkipReason, i64)>,
    /// Money by currency.
    pub totals: Vec<Total>,
}

/// Reads it.
pub fn summary(db: &Db<'_>, run: PaymentRunId) -> Result<Summary, StoreError> {
    let row = payment_run::get(db, run)?;
    Ok(Summary {
        parts: payment_run::parts(db, &row)?,
        run: row,
        skipped: payment_run::skips(db, run)?,
        totals: payment_run::totals(db, run)?,
    })
}
