//! Tax rates by code and day.

use super::{Db, StoreError, Topic, Tx, decimal, word};
use crate::domain::document::{TaxKind, TaxRate};

/// Every rate, by code and day.
pub fn all(db: &Db<'_>) -> Result<Vec<TaxRate>, StoreError> {
    db.all(
        "SELECT tax_code, valid_from_on, rate_percent, name, kind, inclusive, reason
         FROM tax_rate ORDER BY tax_code, valid_from_on",
        [],
        |r| {
            Ok(TaxRate {
                tax_code: r.get(0)?,
                valid_from: r.get(1)?,
                rate_percent: decimal(r, 2)?,
                name: r.get(3)?,
                kind: word(r, 4, TaxKind::parse)?,
                inclusive: r.get(5)?,
                reason: r.get(6)?,
            })
        },
    )
}

/// Stores a rate; one of the same code and day is replaced.
pub fn put(tx: &Tx<'_>, rate: &TaxRate) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    tx.run(
        "INSERT INTO tax_rate (tax_code, valid_from_on, rate_percent, name, kind, inclusive,
         reason)
         VALUES (?1,?2,?3,?4,?5,?6,?7)
         ON CONFLICT (tax_code, valid_from_on) DO UPDATE SET rate_percent = ?3, name = ?4,
            kind = ?5, inclusive = ?6, reason = ?7",
        (
            &rate.tax_code,
            rate.valid_from,
            rate.rate_percent.to_string(),
            &rate.name,
            rate.kind.as_str(),
            rate.inclusive,
            &rate.reason,
        ),
    )?;
    Ok(())
}
