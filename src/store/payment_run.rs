//! Payment runs: their pick list, counts and totals.

mod item;
mod pick;

pub use item::{
    Item, ItemState, add_items, add_refused, add_skip, clear_skips, leave_out, open_items,
    open_items_of, reopen_items, skip_item, skip_rest, skips, take_items,
};
pub(in crate::store) use pick::open_of;
pub use pick::{Open, Page, PickFilter, Place, account_auto_pay, candidate, candidates, debts};

use super::face::{Row, params};
use super::json::{self, Json, Spot};
use super::{Db, StoreError, Topic, Tx, money, word};
use crate::domain::ids::{BillRunId, DocumentId, PaymentRunId, ScheduleId};
use crate::domain::money::{Currency, Money, Purse};
use crate::domain::payment::{PaymentRunStatus, PaymentStatus};
use crate::domain::payment_run::Parts;
use crate::domain::run_params::RunFilter;
use chrono::NaiveDate;

/// A payment run before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Invoices due on or before this day.
    pub target_on: NaiveDate,
    /// What it picks.
    pub filter: RunFilter,
    /// One payment per account.
    pub consolidate: bool,
    /// Only the invoices of this bill run.
    pub bill_run: Option<BillRunId>,
    /// The schedule that made it.
    pub schedule: Option<ScheduleId>,
    /// How long it waits for its bill run, UTC ms.
    pub wait_until_at: Option<i64>,
}

/// A payment run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    pub id: PaymentRunId,
    pub status: PaymentRunStatus,
    /// Invoices due on or before this day.
    pub target_on: NaiveDate,
    /// The day it was made, in the book's zone.
    pub run_on: NaiveDate,
    /// What it picks.
    pub filter: Json<RunFilter>,
    /// One payment per account.
    pub consolidate: bool,
    /// Only the invoices of this bill run.
    pub bill_run: Option<BillRunId>,
    /// The schedule that made it.
    pub schedule: Option<ScheduleId>,
    /// How long it waits for its bill run, UTC ms.
    pub wait_until_at: Option<i64>,
    /// Why it waits, stopped or left something out.
    pub note: String,
    /// Login name of who made it.
    pub created_name: String,
    /// When it was made, UTC ms.
    pub created_at: i64,
    /// First charge, UTC ms.
    pub started_at: Option<i64>,
    /// End, UTC ms.
    pub ended_at: Option<i64>,
    /// Invoices picked and not left out since.
    pub picked: i64,
    /// Payments approved.
    pub approved: i64,
    /// Payments the bank has and has not answered.
    pub submitted: i64,
    /// Payments declined.
    pub declined: i64,
    /// Payments with an unknown outcome.
    pub unknown: i64,
}

const COLUMNS: &str = "id, status, target_on, run_on, filter, consolidate, bill_run_id, schedule_id, \
    wait_until_at, note, created_name, created_at, started_at, ended_at, picked, approved, submitted, declined, unknown";

fn row(r: &Row<'_>) -> Result<RunRow, StoreError> {
    let id: i64 = r.get(0)?;
    Ok(RunRow {
        id: PaymentRunId(id),
        status: word(r, 1, PaymentRunStatus::parse)?,
        target_on: r.get(2)?,
        run_on: r.get(3)?,
        filter: Json::column(r, 4, Spot("payment_run", "filter", id))?,
        consolidate: r.get(5)?,
        bill_run: r.get::<Option<i64>>(6)?.map(BillRunId),
        schedule: r.get::<Option<i64>>(7)?.map(ScheduleId),
        wait_until_at: r.get(8)?,
        note: r.get(9)?,
        created_name: r.get(10)?,
        created_at: r.get(11)?,
        started_at: r.get(12)?,
        ended_at: r.get(13)?,
        picked: r.get(14)?,
        approved: r.get(15)?,
        submitted: r.get(16)?,
        declined: r.get(17)?,
        unknown: r.get(18)?,
    })
}

/// Makes a run in status Pending.
pub fn insert(tx: &Tx<'_>, new: &NewRun) -> Result<PaymentRunId, StoreError> {
    let key = tx.insert(
        "INSERT INTO payment_run (status, target_on, run_on, filter, consolidate, bill_run_id,
            schedule_id, wait_until_at, created_uid, created_name, created_at)
         VALUES ('Pending', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            new.target_on,
            tx.now().today,
            json::text(&new.filter)?,
            new.consolidate,
            new.bill_run.map(|b| b.0),
            new.schedule.map(|s| s.0),
            new.wait_until_at,
            tx.actor().uid,
            tx.actor().name,
            tx.now().at_ms,
        ],
    )?;
    tx.touch(Topic::Runs);
    Ok(PaymentRunId(key))
}

pub fn get(db: &Db<'_>, id: PaymentRunId) -> Result<RunRow, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM payment_run WHERE id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// The run of a schedule that waits for a person.
pub fn paused_of_schedule(
    db: &Db<'_>,
    schedule: ScheduleId,
) -> Result<Option<PaymentRunId>, StoreError> {
    let found: Option<i64> = db.one(
        "SELECT max(id) FROM payment_run WHERE status = 'Paused' AND schedule_id = ?1",
        [schedule.0],
        |r| r.get(0),
    )?;
    Ok(found.map(PaymentRunId))
}

/// Has a run take what is due by a later day; `filter` is its own with that day.
pub fn widen(
    tx: &Tx<'_>,
    id: PaymentRunId,
    target_on: NaiveDate,
    filter: &RunFilter,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_run SET target_on = ?2, filter = ?3, version = version + 1 WHERE id = ?1",
        (id.0, target_on, json::text(filter)?),
    )?;
    tx.touch(Topic::Runs);
    Ok(())
}

/// Runs, newest first, before `before` (exclusive).
pub fn list(
    db: &Db<'_>,
    before: Option<PaymentRunId>,
    limit: u32,
) -> Result<Vec<RunRow>, StoreError> {
    db.all(
        &format!("SELECT {COLUMNS} FROM payment_run WHERE id < ?1 ORDER BY id DESC LIMIT ?2"),
        (before.map_or(i64::MAX, |b| b.0), limit),
        row,
    )
}

/// Moves a run to another status; `note` replaces what is there unless empty.
pub fn set_status(
    tx: &Tx<'_>,
    id: PaymentRunId,
    status: PaymentRunStatus,
    note: &str,
) -> Result<(), StoreError> {
    let now = tx.now().at_ms;
    let ended = matches!(status, PaymentRunStatus::Completed | PaymentRunStatus::Stopped);
    tx.run(
        "UPDATE payment_run SET status = ?2, note = CASE WHEN ?3 = '' THEN note ELSE ?3 END,
            started_at = CASE WHEN ?2 = 'Processing' THEN coalesce(started_at, ?4)
              ELSE started_at END,
            ended_at = CASE WHEN ?5 THEN ?4 ELSE NULL END, version = version + 1
         WHERE id = ?1",
        (id.0, status.as_str(), note, now, ended),
    )?;
    tx.touch(Topic::Runs);
    Ok(())
}

/// Money of a run in one currency, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    pub currency: Currency,
    /// Approved.
    pub collected_minor: i64,
    /// At the bank, unanswered.
    pub submitted_minor: i64,
    /// Declined.
    pub failed_minor: i64,
    /// Outcome not known.
    pub unknown_minor: i64,
    /// Credits and unapplied payments used instead.
    pub credits_minor: i64,
}

/// The totals of a run by currency.
pub fn totals(db: &Db<'_>, run: PaymentRunId) -> Result<Vec<Total>, StoreError> {
    db.all(
        "SELECT currency, collected_minor, submitted_minor, failed_minor, unknown_minor,
         credits_minor
         FROM payment_run_total WHERE run_id = ?1 ORDER BY currency",
        [run.0],
        |r| {
            Ok(Total {
                currency: word(r, 0, Currency::parse)?,
                collected_minor: r.get(1)?,
                submitted_minor: r.get(2)?,
                failed_minor: r.get(3)?,
                unknown_minor: r.get(4)?,
                credits_minor: r.get(5)?,
            })
        },
    )
}

/// Counts payments under their status, with what they come to: both above zero when they enter it,
/// below when they leave it.
pub fn count(
    tx: &Tx<'_>,
    run: PaymentRunId,
    status: PaymentStatus,
    money: Money,
    payments: i64,
) -> Result<(), StoreError> {
    let (column, sum) = match status {
        PaymentStatus::Approved => ("approved", "collected_minor"),
        PaymentStatus::Submitted => ("submitted", "submitted_minor"),
        PaymentStatus::Declined => ("declined", "failed_minor"),
        PaymentStatus::Unknown => ("unknown", "unknown_minor"),
        PaymentStatus::Processing | PaymentStatus::Canceled => return Ok(()),
    };
    let sql = format!("UPDATE payment_run SET {column} = {column} + ?2 WHERE id = ?1");
    tx.run(&sql, (run.0, payments))?;
    add_money(tx, run, money.currency, sum, money.minor)
}

/// What became of the invoices that a run picked: the parts sum to what was picked.
pub fn parts(db: &Db<'_>, run: &RunRow) -> Result<Parts, StoreError> {
    if !run.consolidate {
        // One payment each.
        let asked = run.approved + run.submitted + run.declined + run.unknown;
        return Ok(Parts {
            paid: run.approved,
            at_the_bank: run.submitted,
            declined: run.declined,
            unknown: run.unknown,
            to_go: run.picked - asked,
        });
    }
    let mut parts = Parts { to_go: run.picked, ..Parts::default() };
    db.each(
        "SELECT (SELECT p.status FROM allocation l JOIN payment p ON p.id = l.payment_id
                  WHERE l.document_id = i.document_id AND p.run_id = i.run_id
                    ORDER BY p.id DESC LIMIT 1), count(*)
         FROM payment_run_item i WHERE i.run_id = ?1 AND i.state = 'taken' GROUP BY 1",
        [run.id.0],
        |r| {
            let part = match word(r, 0, PaymentStatus::parse)? {
                PaymentStatus::Approved => &mut parts.paid,
                PaymentStatus::Submitted => &mut parts.at_the_bank,
                PaymentStatus::Declined => &mut parts.declined,
                PaymentStatus::Unknown => &mut parts.unknown,
                PaymentStatus::Processing | PaymentStatus::Canceled => return Ok(()),
            };
            let count: i64 = r.get(1)?;
            *part += count;
            parts.to_go -= count;
            Ok(())
        },
    )?;
    Ok(parts)
}

/// Adds credits that a run used.
pub fn add_credits(
    tx: &Tx<'_>,
    run: PaymentRunId,
    currency: Currency,
    amount_minor: i64,
) -> Result<(), StoreError> {
    add_money(tx, run, currency, "credits_minor", amount_minor)
}

fn add_money(
    tx: &Tx<'_>,
    run: PaymentRunId,
    currency: Currency,
    column: &str,
    amount_minor: i64,
) -> Result<(), StoreError> {
    tx.run(
        &format!(
            "INSERT INTO payment_run_total (run_id, currency, {column}) VALUES (?1, ?2, ?3)
             ON CONFLICT (run_id, currency) DO UPDATE SET {column} = {column} + ?3"
        ),
        (run.0, currency.code(), amount_minor),
    )?;
    tx.touch(Topic::Runs);
    Ok(())
}

/// What the open invoices of a run come to, by currency, minor units.
pub fn open_money(db: &Db<'_>, run: PaymentRunId) -> Result<Purse, StoreError> {
    let sums = db.all(
        "SELECT d.currency, sum(s.balance_minor) FROM payment_run_item i
         JOIN document_state s ON s.document_id = i.document_id
         JOIN document d ON d.id = i.document_id
         WHERE i.run_id = ?1 AND i.state = 'open' GROUP BY 1 ORDER BY 1",
        [run.0],
        |r| money(r, 0, 1),
    )?;
    Ok(sums.into())
}

/// The most that a completed run of a schedule has asked for in a currency since a moment (UTC
/// ms); none when there was no such run with money.
pub fn most_of_schedule(
    db: &Db<'_>,
    schedule: ScheduleId,
    since_ms: i64,
    currency: Currency,
) -> Result<Option<i64>, StoreError> {
    Ok(db
        .one(
            "SELECT max(t.collected_minor + t.submitted_minor + t.failed_minor + t.unknown_minor +
         t.credits_minor)
         FROM payment_run r JOIN payment_run_total t ON t.run_id = r.id
         WHERE r.schedule_id = ?1 AND r.status = 'Completed' AND r.created_at >= ?2
         AND t.currency = ?3",
            (schedule.0, since_ms, currency.code()),
            |r| r.get::<Option<i64>>(0),
        )?
        .filter(|most| *most > 0))
}

/// Whether a schedule ever completed a run that asked for money: without one a new run has nothing
/// to be compared with.
pub fn schedule_has_charged(db: &Db<'_>, schedule: ScheduleId) -> Result<bool, StoreError> {
    db.any(
        "SELECT 1 FROM payment_run r JOIN payment_run_total t ON t.run_id = r.id
         WHERE r.schedule_id = ?1 AND r.status = 'Completed'
           AND t.collected_minor + t.submitted_minor + t.failed_minor + t.unknown_minor +
             t.credits_minor > 0
         LIMIT 1",
        [schedule.0],
    )
}

/// How often a document was sent to nobody in a run (the gateway could not be reached).
pub fn canceled_tries(
    db: &Db<'_>,
    run: PaymentRunId,
    document: DocumentId,
) -> Result<i64, StoreError> {
    db.one(
        "SELECT count(*) FROM allocation a JOIN payment p ON p.id = a.payment_id
             WHERE a.document_id = ?1 AND p.run_id = ?2 AND p.status = 'Canceled'",
        (document.0, run.0),
        |r| r.get(0),
    )
}

/// Status of the bill run that a payment run waits for, as stored.
pub fn bill_run_status(
    db: &Db<'_>,
    run: BillRunId,
) -> Result<crate::domain::document::BillRunStatus, StoreError> {
    db.opt("SELECT status FROM bill_run WHERE id = ?1", [run.0], |r| {
        word(r, 0, crate::domain::document::BillRunStatus::parse)
    })?
    .ok_or_else(|| StoreError::NotFound(run.to_string()))
}
