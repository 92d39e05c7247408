//! What an auditor asks of a month beside its figures: who did what, what was changed by hand, and the place
//! in the audit trail that it all ends at.

use super::{Db, StoreError};
use crate::domain::period::Span;
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

/// Changes of these verbs by people, in order: what was done from one moment up to before another, and what was
/// done whenever and counts on a day of the span.
pub fn changes(
    db: &Db<'_>,
    ((from_ms, to_ms), span): ((i64, i64), Span),
    verbs: &[&str],
    take: &mut dyn FnMut(Change) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    db.each(
        "SELECT seq, at, uid, user_name, verb, subject, summary FROM operation
         WHERE by_itself = 0 AND verb IN (SELECT value FROM json_each(?3))
           AND (at >= ?1 AND at < ?2 OR seq IN (SELECT txn FROM ledger_entry INDEXED BY ledger_entry_day
             WHERE entry_on BETWEEN ?4 AND ?5)) ORDER BY seq",
        (from_ms, to_ms, serde_json::json!(verbs).to_string(), span.from, span.to),
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

/// The last operation that booked anything up to a day, as `SEQ:HASH` (hexadecimal), which `audit --verify --since`
/// takes: what the figures of that day end at. Closing and reopening a month do not move it. Empty where nothing is booked.
pub fn head_of_bookings(db: &Db<'_>, to: NaiveDate) -> Result<String, StoreError> {
    let head: Option<(i64, Vec<u8>)> = db.opt(
        "SELECT seq, hash FROM operation WHERE seq = (SELECT max(txn) FROM ledger_entry
           INDEXED BY ledger_entry_day WHERE entry_on <= ?1)",
        [to],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    Ok(head.map_or_else(String::new, |(seq, hash)| {
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{seq}:{hash}")
    }))
}
