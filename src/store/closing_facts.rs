//! What an auditor asks of a month beside its figures: who did what, what was changed by hand, and the place
//! in the audit trail that it all ends at.

use super::{Db, StoreError};
use chrono::NaiveDate;

/// How often somebody did a verb.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Did {
    pub uid: u32,
    pub user_name: String,
    pub verb: String,
    pub count: i64,
}

/// Who did what from one moment (UTC milliseconds) up to before another.
pub fn did(db: &Db<'_>, from_ms: i64, to_ms: i64) -> Result<Vec<Did>, StoreError> {
    db.all(
        "SELECT uid, max(user_name), verb, count(*) FROM operation WHERE at >= ?1 AND at < ?2
         GROUP BY uid, verb ORDER BY uid, verb",
        (from_ms, to_ms),
        |r| Ok(Did { uid: r.get(0)?, user_name: r.get(1)?, verb: r.get(2)?, count: r.get(3)? }),
    )
}

/// A change that a person made by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub seq: i64,
    /// UTC milliseconds.
    pub at_ms: i64,
    pub uid: u32,
    pub user_name: String,
    pub verb: String,
    pub subject: String,
    pub summary: String,
}

/// Changes of these verbs by people, in order.
pub fn changes(
    db: &Db<'_>,
    (from_ms, to_ms): (i64, i64),
    verbs: &[&str],
    take: &mut dyn FnMut(Change) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    db.each(
        "SELECT seq, at, uid, user_name, verb, subject, summary FROM operation
         WHERE at >= ?1 AND at < ?2 AND by_itself = 0
           AND verb IN (SELECT value FROM json_each(?3)) ORDER BY seq",
        (from_ms, to_ms, serde_json::json!(verbs).to_string()),
        |r| {
            take(Change {
                seq: r.get(0)?,
                at_ms: r.get(1)?,
                uid: r.get(2)?,
                user_name: r.get(3)?,
                verb: r.get(4)?,
                subject: r.get(5)?,
                summary: r.get(6)?,
            })
        },
    )
}

/// The hash of the last operation that booked anything up to a day, hexadecimal: what the figures of that day
/// end at. Closing and reopening a month do not move it. Empty where nothing is booked.
pub fn head_of_bookings(db: &Db<'_>, to: NaiveDate) -> Result<String, StoreError> {
    let hash: Option<Vec<u8>> = db.opt(
        "SELECT hash FROM operation WHERE seq = (SELECT max(txn) FROM ledger_entry
           INDEXED BY ledger_entry_day WHERE entry_on <= ?1)",
        [to],
        |r| r.get(0),
    )?;
    Ok(hash.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect())
}
