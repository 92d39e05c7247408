//! Payment runs: their pick list, counts and totals.

use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::ids::{AccountId, BillRunId, DocumentId, PaymentRunId, ScheduleId};
use crate::domain::money::Currency;
use crate::domain::payment::{PaymentRunStatus, PaymentStatus};
use crate::domain::payment_run::{Candidate, SkipReason};
use crate::domain::text_enum;
use chrono::NaiveDate;
use rusqlite::{OptionalExtension, Row};

/// A payment run before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Invoices due on or before this day.
    pub target_on: NaiveDate,
    /// What it picks, JSON.
    pub filter: String,
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
    /// Identity.
    pub id: PaymentRunId,
    /// Where it stands.
    pub status: PaymentRunStatus,
    /// Invoices due on or before this day.
    pub target_on: NaiveDate,
    /// The day it was made, in the book's zone.
    pub run_on: NaiveDate,
    /// What it picks, JSON.
    pub filter: String,
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

fn row(r: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: PaymentRunId(r.get(0)?),
        status: word(r, 1, PaymentRunStatus::parse)?,
        target_on: r.get(2)?,
        run_on: r.get(3)?,
        filter: r.get(4)?,
        consolidate: r.get(5)?,
        bill_run: r.get::<_, Option<i64>>(6)?.map(BillRunId),
        schedule: r.get::<_, Option<i64>>(7)?.map(ScheduleId),
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
    tx.conn().execute(
        "INSERT INTO payment_run (status, target_on, run_on, filter, consolidate, bill_run_id, schedule_id,
            wait_until_at, created_uid, created_name, created_at)
         VALUES ('Pending', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        rusqlite::params![
            new.target_on,
            tx.now().today,
            new.filter,
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
    Ok(PaymentRunId(tx.conn().last_insert_rowid()))
}

/// One run.
pub fn get(db: &Db<'_>, id: PaymentRunId) -> Result<RunRow, StoreError> {
    db.conn()
        .prepare_cached(&format!("SELECT {COLUMNS} FROM payment_run WHERE id = ?1"))?
        .query_row([id.0], row)
        .optional()?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// Runs, newest first, before `before` (exclusive).
pub fn list(
    db: &Db<'_>,
    before: Option<PaymentRunId>,
    limit: u32,
) -> Result<Vec<RunRow>, StoreError> {
    let mut statement = db.conn().prepare_cached(&format!(
        "SELECT {COLUMNS} FROM payment_run WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map((before.map_or(i64::MAX, |b| b.0), limit), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
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
    tx.conn().execute(
        "UPDATE payment_run SET status = ?2, note = CASE WHEN ?3 = '' THEN note ELSE ?3 END,
            started_at = CASE WHEN ?2 = 'Processing' THEN coalesce(started_at, ?4) ELSE started_at END,
            ended_at = CASE WHEN ?5 THEN ?4 ELSE NULL END, version = version + 1
         WHERE id = ?1",
        (id.0, status.as_str(), note, now, ended),
    )?;
    tx.touch(Topic::Runs);
    Ok(())
}

/// Which open documents a run looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PickFilter {
    /// Only those of this bill run.
    pub bill_run: Option<BillRunId>,
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only this currency.
    pub currency: Option<Currency>,
    /// Only accounts of these batches; empty = all.
    pub batches: Vec<String>,
    /// Only accounts with this bill cycle day.
    pub bill_cycle_day: Option<u32>,
}

/// Where a page of candidates ended: due date and document.
pub type Place = (NaiveDate, DocumentId);

/// Open documents due on or before `target`, oldest due first, after a place. `today` chooses the
/// version of the account. Gives the candidates that match, and the last place looked at (none
/// when the end was reached).
pub fn candidates(
    db: &Db<'_>,
    filter: &PickFilter,
    target: NaiveDate,
    today: NaiveDate,
    after: Place,
    limit: u32,
) -> Result<(Vec<Candidate>, Option<Place>), StoreError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT s.document_id, s.account_id, s.due_on FROM document_state s JOIN document d ON d.id = s.document_id
         WHERE s.status = 'Posted' AND s.balance_minor > 0 AND s.due_on <= ?1
           AND (s.due_on > ?2 OR (s.due_on = ?2 AND s.document_id > ?3))
           AND (?4 IS NULL OR d.run_id = ?4) AND (?5 IS NULL OR s.account_id = ?5)
           AND (?6 IS NULL OR d.currency = ?6)
         ORDER BY s.due_on, s.document_id LIMIT ?7",
    )?;
    let found: Vec<(i64, i64, NaiveDate)> = statement
        .query_map(
            rusqlite::params![
                target,
                after.0,
                after.1.0,
                filter.bill_run.map(|b| b.0),
                filter.account.map(|a| a.0),
                filter.currency.map(Currency::code),
                limit,
            ],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )?
        .collect::<Result<_, _>>()?;
    let place = found
        .last()
        .filter(|_| found.len() == limit as usize)
        .map(|(document, _, due)| (*due, DocumentId(*document)));
    let mut picked = Vec::new();
    for (document, account, _) in found {
        let (auto_pay, batch, day) = account_facts(db, AccountId(account), today)?;
        let batch_ok = filter.batches.is_empty() || filter.batches.contains(&batch);
        if batch_ok && filter.bill_cycle_day.is_none_or(|d| d == day) {
            picked.push(candidate(db, DocumentId(document), auto_pay, today)?);
        }
    }
    Ok((picked, place))
}

/// Auto-pay, batch and bill cycle day of an account on a day.
fn account_facts(
    db: &Db<'_>,
    account: AccountId,
    today: NaiveDate,
) -> Result<(bool, String, u32), StoreError> {
    Ok(db
        .conn()
        .prepare_cached(
            "SELECT auto_pay, batch, bill_cycle_day FROM account_version WHERE account_id = ?1
             ORDER BY effective_from_on <= ?2 DESC,
                      CASE WHEN effective_from_on <= ?2 THEN effective_from_on END DESC, seq DESC LIMIT 1",
        )?
        .query_row((account.0, today), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?)
}

/// Auto-pay of an account on a day.
pub fn account_auto_pay(
    db: &Db<'_>,
    account: AccountId,
    today: NaiveDate,
) -> Result<bool, StoreError> {
    Ok(account_facts(db, account, today)?.0)
}

/// What a run must know of one open document.
pub fn candidate(
    db: &Db<'_>,
    document: DocumentId,
    account_auto_pay: bool,
    today: NaiveDate,
) -> Result<Candidate, StoreError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT s.account_id, s.balance_minor, s.auto_pay_off, s.promised_on, s.disputed <> '', s.next_retry_at,
                s.retries_given_up,
                (SELECT p.status FROM allocation l JOIN payment p ON p.id = l.payment_id
                  WHERE l.document_id = s.document_id AND l.state = 'live'),
                (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
                  WHERE l.document_id = s.document_id AND (p.status = 'Declined' OR l.reopened_minor > 0)),
                EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.reopened_minor > 0)
         FROM document_state s WHERE s.document_id = ?1",
    )?;
    Ok(statement.query_row([document.0], |r| {
        let promised: Option<NaiveDate> = r.get(3)?;
        Ok(Candidate {
            document,
            account: AccountId(r.get(0)?),
            balance_minor: r.get(1)?,
            account_auto_pay,
            auto_pay_off: r.get(2)?,
            live: match r.get::<_, Option<String>>(7)? {
                Some(_) => Some(word(r, 7, PaymentStatus::parse)?),
                None => None,
            },
            promised: promised.is_some_and(|on| on >= today),
            disputed: r.get(4)?,
            returned: r.get(9)?,
            next_retry_at_ms: r.get(5)?,
            given_up: r.get(6)?,
            failed_at_ms: r.get(8)?,
        })
    })?)
}

text_enum! {
    /// Where a picked invoice stands in its run.
    ItemState {
        /// Waits its turn.
        Open = "open",
        /// A payment (or a credit) was made for it.
        Taken = "taken",
        /// Left out, counted by reason.
        Skipped = "skipped",
    }
}

/// A picked invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Order in the run.
    pub position: i64,
    /// The invoice.
    pub document: DocumentId,
    /// Its account.
    pub account: AccountId,
}

/// Adds invoices to the pick list, in order, after those that are there.
pub fn add_items(
    tx: &Tx<'_>,
    run: PaymentRunId,
    items: &[(DocumentId, AccountId)],
) -> Result<(), StoreError> {
    let first: i64 = tx
        .conn()
        .prepare_cached(
            "SELECT coalesce(max(position), 0) FROM payment_run_item WHERE run_id = ?1",
        )?
        .query_row([run.0], |r| r.get(0))?;
    let mut insert = tx.conn().prepare_cached(
        "INSERT INTO payment_run_item (run_id, position, document_id, account_id, state) VALUES (?1, ?2, ?3, ?4, 'open')",
    )?;
    for (place, (document, account)) in (first + 1..).zip(items) {
        insert.execute((run.0, place, document.0, account.0))?;
    }
    tx.conn()
        .prepare_cached("UPDATE payment_run SET picked = picked + ?2 WHERE id = ?1")?
        .execute((run.0, items.len() as i64))?;
    Ok(())
}

/// The next open invoices of a run in order.
pub fn open_items(db: &Db<'_>, run: PaymentRunId, limit: u32) -> Result<Vec<Item>, StoreError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT position, document_id, account_id FROM payment_run_item INDEXED BY payment_run_item_open
         WHERE run_id = ?1 AND state = 'open' ORDER BY position LIMIT ?2",
    )?;
    let rows = statement.query_map((run.0, limit), item)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The open invoices of one account in a run, in order.
pub fn open_items_of(
    db: &Db<'_>,
    run: PaymentRunId,
    account: AccountId,
) -> Result<Vec<Item>, StoreError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT position, document_id, account_id FROM payment_run_item INDEXED BY payment_run_item_account
         WHERE run_id = ?1 AND account_id = ?2 AND state = 'open' ORDER BY position",
    )?;
    let rows = statement.query_map((run.0, account.0), item)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn item(r: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item { position: r.get(0)?, document: DocumentId(r.get(1)?), account: AccountId(r.get(2)?) })
}

/// Says what became of a picked invoice.
pub fn mark_item(
    tx: &Tx<'_>,
    run: PaymentRunId,
    position: i64,
    state: ItemState,
) -> Result<(), StoreError> {
    tx.conn()
        .prepare_cached(
            "UPDATE payment_run_item SET state = ?3 WHERE run_id = ?1 AND position = ?2",
        )?
        .execute((run.0, position, state.as_str()))?;
    Ok(())
}

/// Puts the invoices of a payment that was never sent back on the list.
pub fn reopen_items(
    tx: &Tx<'_>,
    run: PaymentRunId,
    documents: &[DocumentId],
) -> Result<(), StoreError> {
    let mut statement = tx.conn().prepare_cached(
        "UPDATE payment_run_item INDEXED BY payment_run_item_document SET state = 'open' WHERE run_id = ?1 AND document_id = ?2 AND state = 'taken'",
    )?;
    for document in documents {
        statement.execute((run.0, document.0))?;
    }
    Ok(())
}

/// Picked invoices that the run left out after all: they count as left out, not as picked.
fn unpick(tx: &Tx<'_>, run: PaymentRunId, count: i64) -> Result<(), StoreError> {
    tx.conn()
        .prepare_cached("UPDATE payment_run SET picked = picked - ?2 WHERE id = ?1")?
        .execute((run.0, count))?;
    Ok(())
}

/// Leaves a picked invoice out, by its place in the run.
pub fn skip_item(
    tx: &Tx<'_>,
    run: PaymentRunId,
    position: i64,
    reason: SkipReason,
) -> Result<(), StoreError> {
    mark_item(tx, run, position, ItemState::Skipped)?;
    unpick(tx, run, 1)?;
    add_skip(tx, run, reason, 1)
}

/// Leaves one open invoice of a run out.
pub fn leave_out(
    tx: &Tx<'_>,
    run: PaymentRunId,
    document: DocumentId,
    reason: SkipReason,
) -> Result<(), StoreError> {
    let count = tx.conn().execute(
        "UPDATE payment_run_item INDEXED BY payment_run_item_document SET state = 'skipped' WHERE run_id = ?1 AND document_id = ?2 AND state = 'open'",
        (run.0, document.0),
    )?;
    if count == 0 {
        return Ok(());
    }
    unpick(tx, run, count as i64)?;
    add_skip(tx, run, reason, count as i64)
}

/// Leaves every open invoice of a run out; gives how many.
pub fn skip_rest(tx: &Tx<'_>, run: PaymentRunId, reason: SkipReason) -> Result<i64, StoreError> {
    let count = tx.conn().execute(
        "UPDATE payment_run_item SET state = 'skipped' WHERE run_id = ?1 AND state = 'open'",
        [run.0],
    )? as i64;
    if count > 0 {
        unpick(tx, run, count)?;
        add_skip(tx, run, reason, count)?;
    }
    Ok(count)
}

/// Counts invoices that were left out.
pub fn add_skip(
    tx: &Tx<'_>,
    run: PaymentRunId,
    reason: SkipReason,
    count: i64,
) -> Result<(), StoreError> {
    tx.conn()
        .prepare_cached(
            "INSERT INTO payment_run_skip (run_id, reason, count) VALUES (?1, ?2, ?3)
             ON CONFLICT (run_id, reason) DO UPDATE SET count = count + ?3",
        )?
        .execute((run.0, reason.as_str(), count))?;
    Ok(())
}

/// How many invoices were left out, by reason.
pub fn skips(db: &Db<'_>, run: PaymentRunId) -> Result<Vec<(SkipReason, i64)>, StoreError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT reason, count FROM payment_run_skip WHERE run_id = ?1 ORDER BY reason",
    )?;
    let rows = statement.query_map([run.0], |r| Ok((word(r, 0, SkipReason::parse)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Money of a run in one currency, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Currency.
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
    let mut statement = db.conn().prepare_cached(
        "SELECT currency, collected_minor, submitted_minor, failed_minor, unknown_minor, credits_minor
         FROM payment_run_total WHERE run_id = ?1 ORDER BY currency",
    )?;
    let rows = statement.query_map([run.0], |r| {
        Ok(Total {
            currency: word(r, 0, Currency::parse)?,
            collected_minor: r.get(1)?,
            submitted_minor: r.get(2)?,
            failed_minor: r.get(3)?,
            unknown_minor: r.get(4)?,
            credits_minor: r.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Counts a payment under its status: `by` is 1 when it enters, −1 when it leaves it.
pub fn count(
    tx: &Tx<'_>,
    run: PaymentRunId,
    status: PaymentStatus,
    currency: Currency,
    amount_minor: i64,
    by: i64,
) -> Result<(), StoreError> {
    let (column, money) = match status {
        PaymentStatus::Approved => ("approved", "collected_minor"),
        PaymentStatus::Submitted => ("submitted", "submitted_minor"),
        PaymentStatus::Declined => ("declined", "failed_minor"),
        PaymentStatus::Unknown => ("unknown", "unknown_minor"),
        PaymentStatus::Processing | PaymentStatus::Canceled => return Ok(()),
    };
    tx.conn()
        .prepare_cached(&format!("UPDATE payment_run SET {column} = {column} + ?2 WHERE id = ?1"))?
        .execute((run.0, by))?;
    add_money(tx, run, currency, money, amount_minor * by)
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
    tx.conn()
        .prepare_cached(&format!(
            "INSERT INTO payment_run_total (run_id, currency, {column}) VALUES (?1, ?2, ?3)
             ON CONFLICT (run_id, currency) DO UPDATE SET {column} = {column} + ?3"
        ))?
        .execute((run.0, currency.code(), amount_minor))?;
    tx.touch(Topic::Runs);
    Ok(())
}

/// What the open invoices of a run come to, by currency, minor units.
pub fn open_money(db: &Db<'_>, run: PaymentRunId) -> Result<Vec<(Currency, i64)>, StoreError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT d.currency, sum(s.balance_minor) FROM payment_run_item i
         JOIN document_state s ON s.document_id = i.document_id JOIN document d ON d.id = i.document_id
         WHERE i.run_id = ?1 AND i.state = 'open' GROUP BY 1 ORDER BY 1",
    )?;
    let rows = statement.query_map([run.0], |r| Ok((word(r, 0, Currency::parse)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
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
        .conn()
        .prepare_cached(
            "SELECT max(t.collected_minor + t.submitted_minor + t.failed_minor + t.unknown_minor + t.credits_minor)
             FROM payment_run r JOIN payment_run_total t ON t.run_id = r.id
             WHERE r.schedule_id = ?1 AND r.status = 'Completed' AND r.created_at >= ?2 AND t.currency = ?3",
        )?
        .query_row((schedule.0, since_ms, currency.code()), |r| r.get::<_, Option<i64>>(0))?
        .filter(|most| *most > 0))
}

/// How often a document was sent to nobody in a run (the gateway could not be reached).
pub fn canceled_tries(
    db: &Db<'_>,
    run: PaymentRunId,
    document: DocumentId,
) -> Result<i64, StoreError> {
    Ok(db
        .conn()
        .prepare_cached(
            "SELECT count(*) FROM allocation a JOIN payment p ON p.id = a.payment_id
             WHERE a.document_id = ?1 AND p.run_id = ?2 AND p.status = 'Canceled'",
        )?
        .query_row((document.0, run.0), |r| r.get(0))?)
}

/// Status of the bill run that a payment run waits for, as stored.
pub fn bill_run_status(
    db: &Db<'_>,
    run: BillRunId,
) -> Result<crate::domain::document::BillRunStatus, StoreError> {
    db.conn()
        .prepare_cached("SELECT status FROM bill_run WHERE id = ?1")?
        .query_row([run.0], |r| word(r, 0, crate::domain::document::BillRunStatus::parse))
        .optional()?
        .ok_or_else(|| StoreError::NotFound(run.to_string()))
}
