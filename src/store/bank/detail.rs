//! What a camt.054 said of entries that are to come.

use crate::domain::bank::statement::Detail;
use crate::store::json::Spot;
use crate::store::{Db, StoreError, Tx};

/// Keeps the parts of an entry, by the bank's reference of it.
pub fn keep(
    tx: &Tx<'_>,
    bank_account: i64,
    (reference, minor): (&str, i64),
    details: &[Detail],
) -> Result<(), StoreError> {
    let text = serde_json::to_string(details).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    tx.run(
        "INSERT INTO bank_detail (bank_account_id, entry_ref, entry_minor, details)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET entry_minor = excluded.entry_minor,
           details = excluded.details",
        (bank_account, reference, minor, text),
    )?;
    Ok(())
}

/// Those of an entry of just this amount; empty = none were told.
pub fn of(
    db: &Db<'_>,
    bank_account: i64,
    reference: &str,
    minor: i64,
) -> Result<Vec<Detail>, StoreError> {
    let text: Option<String> = db.opt(
        "SELECT details FROM bank_detail
         WHERE bank_account_id = ?1 AND entry_ref = ?2 AND entry_minor = ?3",
        (bank_account, reference, minor),
        |r| r.get(0),
    )?;
    match text {
        Some(text) => Spot("bank_detail", "details", bank_account).list(&text),
        None => Ok(Vec::new()),
    }
}
