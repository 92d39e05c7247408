//! Bill runs: parameters, progress, totals and failures.

mod accounts;
mod progress;

pub use accounts::{count_accounts, next_accounts, taken_by};
pub use progress::{
    Busy, RunProgress, RunTotal, add_total, fail, failures, progress, totals, uncount,
};

use super::face::{Row, params};
use super::json::{self, Spot};
use super::{Db, StoreError, Topic, Tx, word, words};
use crate::domain::charge::ChargeType;
use crate::domain::document::{BillRunStatus, FlagCode};
use crate::domain::ids::{BillRunId, ScheduleId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Which accounts a run takes; everything empty = all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFilter {
    /// Any of these batches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<String>,
    /// One account number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Bill cycle days `low..=high`: a day is itself, run-day at a month's end reaches 31.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bcd: Option<(u32, u32)>,
    /// The failed accounts of this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_of: Option<i64>,
}

/// The parameters of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRunParams {
    /// What is billed.
    pub target_on: NaiveDate,
    /// What is printed.
    pub invoice_on: NaiveDate,
    /// Which accounts.
    pub filter: AccountFilter,
    /// Charge types left out.
    pub exclude: Vec<ChargeType>,
    /// Terms renew by themselves.
    pub auto_renew: bool,
    /// Post when done (needs the rule).
    pub auto_post: bool,
    /// E-mail when posted.
    pub auto_email: bool,
    /// No e-mail for zero totals.
    pub skip_zero_email: bool,
    /// The schedule that made it.
    pub schedule: Option<i64>,
    /// The run whose failures it takes.
    pub retry_of: Option<BillRunId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRunRow {
    pub id: BillRunId,
    pub status: BillRunStatus,
    /// Its parameters.
    pub params: BillRunParams,
    /// Today when it was made.
    pub run_on: NaiveDate,
    /// Why it stopped, what a guard said.
    pub note: String,
    /// Who made it.
    pub created_name: String,
    /// When, UTC milliseconds.
    pub created_at: i64,
    /// First slice.
    pub started_at: Option<i64>,
    /// End of rating, or of all.
    pub ended_at: Option<i64>,
    /// Accounts in all.
    pub accounts_total: i64,
    /// Accounts rated, with or without a document.
    pub accounts_done: i64,
    /// Accounts that failed or were busy.
    pub accounts_failed: i64,
    /// Invoices made.
    pub invoices: i64,
    /// Credit memos made.
    pub credit_memos: i64,
    /// Last account done.
    pub cursor: i64,
    /// Accounts for which nothing was due that earlier documents do not hold.
    pub already_billed: i64,
}

const COLUMNS: &str = "id, status, target_on, invoice_on, run_on, filter, exclude, auto_renew, auto_post, auto_email,
    skip_zero_email, schedule_id, retry_of, note, created_name, created_at, started_at, ended_at, accounts_total,
    accounts_done, accounts_failed, invoices, credit_memos, cursor, already_billed";

fn row(r: &Row<'_>) -> Result<BillRunRow, StoreError> {
    let exclude: String = r.get(6)?;
    Ok(BillRunRow {
        id: BillRunId(r.get(0)?),
        status: word(r, 1, BillRunStatus::parse)?,
        params: BillRunParams {
            target_on: r.get(2)?,
            invoice_on: r.get(3)?,
            filter: Spot("bill_run", "filter", r.get(0)?).read(r.text(5)?)?,
            exclude: words(6, &exclude, ',', ChargeType::parse)?,
            auto_renew: r.get(7)?,
            auto_post: r.get(8)?,
            auto_email: r.get(9)?,
            skip_zero_email: r.get(10)?,
            schedule: r.get(11)?,
            retry_of: r.get::<Option<i64>>(12)?.map(BillRunId),
        },
        run_on: r.get(4)?,
        note: r.get(13)?,
        created_name: r.get(14)?,
        created_at: r.get(15)?,
        started_at: r.get(16)?,
        ended_at: r.get(17)?,
        accounts_total: r.get(18)?,
        accounts_done: r.get(19)?,
        accounts_failed: r.get(20)?,
        invoices: r.get(21)?,
        credit_memos: r.get(22)?,
        cursor: r.get(23)?,
        already_billed: r.get(24)?,
    })
}

/// Makes a run in state Pending.
pub fn insert(tx: &Tx<'_>, params: &BillRunParams, total: i64) -> Result<BillRunId, StoreError> {
    let exclude: Vec<&str> = params.exclude.iter().map(|t| t.as_str()).collect();
    let key = tx.insert(
        "INSERT INTO bill_run (status, target_on, invoice_on, run_on, filter, exclude, auto_renew,
                auto_post, auto_email, skip_zero_email, schedule_id, retry_of, created_uid,
                  created_name, created_at, accounts_total)
         VALUES ('Pending',?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
        params![
            params.target_on,
            params.invoice_on,
            tx.now().today,
            json::text(&params.filter)?,
            exclude.join(","),
            params.auto_renew,
            params.auto_post,
            params.auto_email,
            params.skip_zero_email,
            params.schedule,
            params.retry_of.map(|r| r.0),
            tx.actor().uid,
            tx.actor().name,
            tx.now().at_ms,
            total,
        ],
    )?;
    tx.touch(Topic::Runs);
    Ok(BillRunId(key))
}

pub fn get(db: &Db<'_>, id: BillRunId) -> Result<BillRunRow, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM bill_run WHERE id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// The run of a schedule that waits for a person.
pub fn paused_of_schedule(
    db: &Db<'_>,
    schedule: ScheduleId,
) -> Result<Option<BillRunId>, StoreError> {
    let found: Option<i64> = db.one(
        "SELECT max(id) FROM bill_run WHERE status = 'Paused' AND schedule_id = ?1",
        [schedule.0],
        |r| r.get(0),
    )?;
    Ok(found.map(BillRunId))
}

/// Runs, newest first, before `before` (exclusive).
pub fn list(
    db: &Db<'_>,
    before: Option<BillRunId>,
    limit: u32,
) -> Result<Vec<BillRunRow>, StoreError> {
    db.all(
        &format!("SELECT {COLUMNS} FROM bill_run WHERE id < ?1 ORDER BY id DESC LIMIT ?2"),
        (before.map_or(i64::MAX, |b| b.0), limit),
        row,
    )
}

/// Runs whose accounts are still being taken, oldest first.
pub fn unfinished(db: &Db<'_>) -> Result<Vec<BillRunRow>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM bill_run WHERE status IN ('Pending','Processing','Paused')
             ORDER BY id"
        ),
        [],
        row,
    )
}

/// Moves a run on; refuses a step that does not exist.
pub fn set_status(
    tx: &Tx<'_>,
    id: BillRunId,
    next: BillRunStatus,
    note: &str,
) -> Result<(), StoreError> {
    let now = get(tx, id)?.status;
    if now == next {
        return Ok(());
    }
    if !now.can_become(next) {
        return Err(StoreError::Conflict(format!("{id} is {now} and cannot become {next}")));
    }
    let ended = matches!(
        next,
        BillRunStatus::Completed
            | BillRunStatus::Posted
            | BillRunStatus::Canceled
            | BillRunStatus::Error
    );
    tx.run(
        "UPDATE bill_run SET status = ?2, note = ?3, version = version + 1,
         ended_at = CASE WHEN ?4 THEN ?5 ELSE ended_at END, started_at = coalesce(started_at, ?5)
         WHERE id = ?1",
        (id.0, next.as_str(), note, ended, tx.now().at_ms),
    )?;
    tx.touch(Topic::Runs);
    Ok(())
}

/// That a clerk edited a document `d` and something of it stands, as SQL: it was neither undone nor
/// thrown away by rating again, which keeps due date, note, order number and lines made by hand.
pub(super) const EDITED: &str = "(d.version > 1 AND EXISTS (SELECT 1 FROM undo u \
    JOIN operation o ON o.seq = u.op_seq \
    WHERE u.document_id = d.id AND u.state = 'done' AND o.verb = 'edit' \
      AND (d.due_by_hand = 1 OR d.note <> '' \
        OR EXISTS (SELECT 1 FROM document_item i WHERE i.document_id = d.id AND i.origin <> 'run') \
        OR u.before ->> '$.draft.po_number' IS NOT u.after ->> '$.draft.po_number' \
        OR NOT EXISTS (SELECT 1 FROM undo r JOIN operation p ON p.seq = r.op_seq \
          WHERE r.document_id = d.id AND r.op_seq > u.op_seq AND r.state = 'done' \
            AND p.verb = 'regenerate'))))";

/// Documents of a run by status and what a clerk said of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunDocuments {
    /// Still drafts.
    pub drafts: i64,
    /// Of these: held.
    pub held: i64,
    /// Of these: accepted.
    pub accepted: i64,
    /// Of these: changed by a clerk.
    pub edited: i64,
    /// Of these: out of date.
    pub stale: i64,
    /// Of these: flagged, or out of date, and not accepted.
    pub flagged: i64,
    pub posted: i64,
    pub canceled: i64,
}

/// Counts them.
pub fn documents(db: &Db<'_>, id: BillRunId) -> Result<RunDocuments, StoreError> {
    db.one(
        &format!(
            "SELECT sum(s.status = 'Draft'), sum(s.status = 'Draft' AND s.review = 'held'),
                sum(s.status = 'Draft' AND s.review = 'accepted'), sum(s.status = 'Draft'
                  AND {EDITED}),
                sum(s.status = 'Draft' AND s.stale <> ''),
                sum(s.status = 'Draft' AND (s.risk > 0 OR s.stale <> '') AND s.review <> 'accepted'),
                sum(s.status = 'Posted'), sum(s.status = 'Canceled')
         FROM document d JOIN document_state s ON s.document_id = d.id WHERE d.run_id = ?1"
        ),
        [id.0],
        |r| {
            let n = |i: usize| r.get::<Option<i64>>(i).map(Option::unwrap_or_default);
            Ok(RunDocuments {
                drafts: n(0)?,
                held: n(1)?,
                accepted: n(2)?,
                edited: n(3)?,
                stale: n(4)?,
                flagged: n(5)?,
                posted: n(6)?,
                canceled: n(7)?,
            })
        },
    )
}

/// Says something of a run.
pub fn set_note(tx: &Tx<'_>, id: BillRunId, note: &str) -> Result<(), StoreError> {
    tx.run("UPDATE bill_run SET note = ?2 WHERE id = ?1", (id.0, note))?;
    tx.touch(Topic::Runs);
    Ok(())
}

/// How many of a run's drafts carry a flag.
pub fn flagged_with(db: &Db<'_>, id: BillRunId, code: FlagCode) -> Result<i64, StoreError> {
    db.one(
        "SELECT count(*) FROM document d JOIN document_state s ON s.document_id = d.id
         WHERE d.run_id = ?1 AND d.status = 'Draft' AND (EXISTS (SELECT 1 FROM flag f
           WHERE f.document_id = d.id AND f.code = ?2) OR (?2 = 'stale' AND s.stale <> ''))",
        (id.0, code.as_str()),
        |r| r.get(0),
    )
}

/// How many documents of a run come to zero.
pub fn zero_totals(db: &Db<'_>, id: BillRunId) -> Result<i64, StoreError> {
    db.one(
        "SELECT count(*) FROM document WHERE run_id = ?1 AND total_minor = 0
         AND status <> 'Canceled'",
        [id.0],
        |r| r.get(0),
    )
}

/// The last cycle: the newest posted run before this one of the same schedule, or, without a
/// schedule, of the same accounts.
pub fn last_like(db: &Db<'_>, run: &BillRunRow) -> Result<Option<BillRunId>, StoreError> {
    db.opt(
        "SELECT b.id FROM bill_run b JOIN bill_run me ON me.id = ?1
         WHERE b.id < me.id AND b.status = 'Posted' AND b.retry_of IS NULL
         AND b.schedule_id IS me.schedule_id
           AND (me.schedule_id IS NOT NULL OR b.filter = me.filter)
         ORDER BY b.id DESC LIMIT 1",
        [run.id.0],
        |r| r.get(0).map(BillRunId),
    )
}
