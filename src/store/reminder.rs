//! Reminders: which invoices are due one, and how far each was reminded.

use super::agency::with_agency;
use super::debt::{DEBT, Debt, FROM, RICH, row_from};
use super::{Db, StoreError, Topic, Tx, account};
use crate::clock::Now;
use crate::domain::ids::DocumentId;
use chrono::NaiveDate;

/// How long a retry that was planned may be late before it is no plan any more: two banking days
/// around a weekend, ms.
const LATE_MS: i64 = 4 * 24 * 3_600_000;

/// No attempt to collect is planned, by `?n` = [`LATE_MS`] before now.
const NO_RETRY: &str = "(s.next_retry_at IS NULL OR s.retries_given_up = 1 OR s.auto_pay_off = 1 OR s.next_retry_at <= ?2)";

/// Invoices whose reminder is due, as a condition on `document_state s`: overdue (and not owed again
/// since) for as long as their next level asks, not disputed, promised or with an agency, with no payment on its way
/// and none planned. `?1`: the first level's day; `?2`: [`LATE_MS`] before now; `?3`: today; `?4`: the
/// day of each level as a list, latest first: who has been due since then or before has reached it.
fn conditions() -> String {
    format!(
        "s.status = 'Posted' AND s.balance_minor > 0 AND s.due_on <= ?1
         AND max(s.due_on, coalesce(s.reopened_on, s.due_on)) <= ?4 ->> s.reminder_level
         AND s.written_off_by IS NULL AND {NO_RETRY}
         AND s.disputed = '' AND (s.promised_on IS NULL OR s.promised_on < ?3) AND NOT {}
         AND NOT EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id
           AND l.state = 'live')",
        with_agency!()
    )
}

fn values(days: &[NaiveDate], now: Now) -> (NaiveDate, i64, NaiveDate, String) {
    let list: Vec<String> = days.iter().map(|day| format!("\"{day}\"")).collect();
    let first = days.first().copied().unwrap_or(NaiveDate::MIN);
    (first, now.at_ms - LATE_MS, now.today, format!("[{}]", list.join(",")))
}

/// Invoices whose reminder is due by the day of each level ([`conditions`]). By account, oldest first,
/// with the level reached so far and the day from which their reminders count.
pub fn due(
    db: &Db<'_>,
    days: &[NaiveDate],
    now: Now,
    of: Whose,
) -> Result<Vec<(Debt, u32, NaiveDate)>, StoreError> {
    // All that is open is collectible, and found by its account there.
    let from = match of {
        Whose::All => FROM.to_owned(),
        Whose::WithCredits => format!(
            "(SELECT c.document_id AS open FROM {RICH} r
               CROSS JOIN collectible c ON c.account_id = r.account_id)
             CROSS JOIN {FROM} AND s.document_id = open"
        ),
    };
    db.all(
        &format!(
            "SELECT {DEBT}, s.reminder_level, max(s.due_on, coalesce(s.reopened_on, s.due_on))
             FROM {from} WHERE {} ORDER BY s.account_id, s.due_on, s.document_id",
            conditions()
        ),
        values(days, now),
        |r| Ok((row_from(r, 0)?, r.get(13)?, r.get(14)?)),
    )
}

/// Accounts to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    All,
    /// Those that may have something to use for what they owe.
    WithCredits,
}

/// Accounts whose reminder is due by the day of each level, with an address and without credits that
/// could settle what they owe.
pub fn count(db: &Db<'_>, days: &[NaiveDate], now: Now) -> Result<i64, StoreError> {
    let in_force = account::in_force("x.account_id", "?3");
    db.one(
        &format!(
            "SELECT count(*) FROM (SELECT DISTINCT s.account_id FROM document_state s
               WHERE {} AND s.account_id NOT IN {RICH}) x
             JOIN account_version v ON v.id = {in_force} WHERE v.emails <> ''",
            conditions()
        ),
        values(days, now),
        |r| r.get(0),
    )
}

/// Whether a reminder may still go, asked again at sending.
pub fn is_due(db: &Db<'_>, document: DocumentId, now: Now) -> Result<bool, StoreError> {
    db.any(
        &format!(
            "SELECT 1 FROM document_state s WHERE s.document_id = ?1 AND s.balance_minor > 0
             AND s.disputed = '' AND NOT {}
             AND s.written_off_by IS NULL AND {NO_RETRY}
             AND (s.promised_on IS NULL OR s.promised_on < ?3)
             AND NOT EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id
             AND l.state = 'live')",
            with_agency!()
        ),
        (document.0, now.at_ms - LATE_MS, now.today),
    )
}

/// Sets the reminder level that was reached.
pub fn set(tx: &Tx<'_>, document: DocumentId, level: u32) -> Result<(), StoreError> {
    tx.run(
        "UPDATE document_state SET reminder_level = ?2, reminded_at = ?3 WHERE document_id = ?1",
        (document.0, level, tx.now().at_ms),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}
