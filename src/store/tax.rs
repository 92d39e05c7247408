//! Tax rates by code and day.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, decimal, word};
use crate::domain::document::{TaxKind, TaxRate};
use crate::domain::e_invoice::Category;

/// The columns of a rate but its day, of the table of rates as of a document's.
pub(in crate::store) const COLUMNS: &str =
    "t.tax_code, t.rate_percent, t.name, t.kind, t.inclusive, t.reason";

/// Every rate, by code and day.
pub fn all(db: &Db<'_>) -> Result<Vec<TaxRate>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, t.valid_from_on, t.category FROM tax_rate t
         ORDER BY t.tax_code, t.valid_from_on"
    );
    db.all(&sql, [], |r| {
        let category = r.text(7)?;
        let category = if category.is_empty() { None } else { Some(word(r, 7, Category::parse)?) };
        Ok(TaxRate { category, ..rate_from(r, 0)? })
    })
}

/// Reads [`COLUMNS`] and the day after them, beginning at column `at`.
pub(in crate::store) fn rate_from(r: &Row<'_>, at: usize) -> Result<TaxRate, StoreError> {
    Ok(TaxRate {
        tax_code: r.get(at)?,
        rate_percent: decimal(r, at + 1)?,
        name: r.get(at + 2)?,
        kind: word(r, at + 3, TaxKind::parse)?,
        inclusive: r.get(at + 4)?,
        reason: r.get(at + 5)?,
        valid_from: r.get(at + 6)?,
        category: None,
    })
}

/// Stores a rate; one of the same code and day is replaced.
pub fn put(tx: &Tx<'_>, rate: &TaxRate) -> Result<(), StoreError> {
    tx.touch(Topic::Accounts);
    tx.run(
        "INSERT INTO tax_rate (tax_code, valid_from_on, rate_percent, name, kind, inclusive,
         reason, category)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8)
         ON CONFLICT (tax_code, valid_from_on) DO UPDATE SET rate_percent = ?3, name = ?4,
            kind = ?5, inclusive = ?6, reason = ?7, category = ?8",
        (
            &rate.tax_code,
            rate.valid_from,
            rate.rate_percent.to_string(),
            &rate.name,
            rate.kind.as_str(),
            rate.inclusive,
            &rate.reason,
            rate.category.map_or("", Category::as_str),
        ),
    )?;
    Ok(())
}
