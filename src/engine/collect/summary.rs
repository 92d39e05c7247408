//! What a payment run came to.

use crate::domain::ids::PaymentRunId;
use crate::domain::payment_run::SkipReason;
use crate::store::payment_run::{self, RunRow, Total};
use crate::store::{Db, StoreError};

/// A run with its counts and money, as the book has them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The run.
    pub run: RunRow,
    /// Invoices left out, by reason.
    pub skipped: Vec<(SkipReason, i64)>,
    /// Money by currency.
    pub totals: Vec<Total>,
}

/// Reads it.
pub fn summary(db: &Db<'_>, run: PaymentRunId) -> Result<Summary, StoreError> {
    Ok(Summary {
        run: payment_run::get(db, run)?,
        skipped: payment_run::skips(db, run)?,
        totals: payment_run::totals(db, run)?,
    })
}
