//! Statements of account on their way: a row an address. A copy is sent in three steps, like one of a
//! document: [`begin`] (committed before the connection opens), the call, [`settle`]; what a dead process
//! was sending is not known ([`abandon`]).

use super::delivery::Settled;
use super::face::Row;
use super::new_delivery;
use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::ids::{AccountId, JobId, StatementCopyId};
use crate::domain::money::Money;
use crate::domain::payment::DeliveryStatus;
use crate::domain::period::Span;
use chrono::NaiveDate;

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementCopy {
    pub id: StatementCopyId,
    pub account: AccountId,
    pub account_number: String,
    pub span: Span,
    pub address: String,
    pub status: DeliveryStatus,
    pub attempts: i64,
    /// UTC milliseconds, as those that follow.
    pub queued_at: i64,
    pub not_before_at: i64,
    pub first_try_at: Option<i64>,
    pub last_reply: String,
    /// `Message-ID` without brackets.
    pub message_id: String,
}

const COLUMNS: &str = "c.id, c.account_id, a.number, c.from_on, c.to_on, c.address, c.status, c.attempts, \
    c.queued_at, c.not_before_at, c.first_try_at, c.last_reply, c.message_id";
const FROM: &str = "FROM statement_copy c JOIN account a ON a.id = c.account_id";

fn row(r: &Row<'_>) -> Result<StatementCopy, StoreError> {
    Ok(StatementCopy {
        id: StatementCopyId(r.get(0)?),
        account: AccountId(r.get(1)?),
        account_number: r.get(2)?,
        span: Span { from: r.get(3)?, to: r.get(4)? },
        address: r.get(5)?,
        status: word(r, 6, DeliveryStatus::parse)?,
        attempts: r.get(7)?,
        queued_at: r.get(8)?,
        not_before_at: r.get(9)?,
        first_try_at: r.get(10)?,
        last_reply: r.get(11)?,
        message_id: r.get(12)?,
    })
}

/// One by its number.
pub fn get(db: &Db<'_>, id: StatementCopyId) -> Result<StatementCopy, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} {FROM} WHERE c.id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// All, or those in a state or of an account, in the order they were made.
pub fn list(
    db: &Db<'_>,
    status: Option<DeliveryStatus>,
    account: Option<AccountId>,
) -> Result<Vec<StatementCopy>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE (?1 IS NULL OR c.status = ?1)
             AND (?2 IS NULL OR c.account_id = ?2) ORDER BY c.id"
        ),
        (status.map(DeliveryStatus::as_str), account.map(|a| a.0)),
        row,
    )
}

/// The copies of an account over a span.
pub fn known(
    db: &Db<'_>,
    account: AccountId,
    span: Span,
) -> Result<Vec<StatementCopy>, StoreError> {
    db.all(
        &format!("SELECT {COLUMNS} {FROM} WHERE c.account_id = ?1 AND c.from_on = ?2 AND c.to_on = ?3 ORDER BY c.id"),
        (account.0, span.from, span.to),
        row,
    )
}

/// The one that went out under a Message-ID.
pub fn of_name(db: &Db<'_>, name: &str) -> Result<Option<StatementCopy>, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} {FROM} WHERE c.message_id = ?1"), [name], row)
}

/// Queues a copy; none when one of that account and span goes or went to the address. `domain` is what
/// stands behind the `@` of its Message-ID.
pub fn queue(
    tx: &Tx<'_>,
    account: AccountId,
    span: Span,
    (address, domain): (&str, &str),
    not_before_at: i64,
) -> Result<Option<StatementCopyId>, StoreError> {
    let there = "SELECT 1 FROM statement_copy WHERE account_id = ?1 AND from_on = ?2 AND to_on = ?3 AND address = ?4";
    if tx.any(there, (account.0, span.from, span.to, address))? {
        return Ok(None);
    }
    let id = StatementCopyId(tx.insert(
        "INSERT INTO statement_copy (account_id, from_on, to_on, address, status, queued_at, not_before_at)
         VALUES (?1, ?2, ?3, ?4, 'Queued', ?5, ?6)",
        (account.0, span.from, span.to, address, tx.now().at_ms, not_before_at),
    )?);
    let name = format!("{id}.{}@{domain}", new_delivery::book(tx)?);
    tx.run("UPDATE statement_copy SET message_id = ?2 WHERE id = ?1", (id.0, name))?;
    tx.touch(Topic::Deliveries);
    Ok(Some(id))
}

/// Those that may go now, oldest turn first.
pub fn due(db: &Db<'_>, now_ms: i64, limit: i64) -> Result<Vec<StatementCopy>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE c.status IN ('Queued','Deferred') AND c.not_before_at <= ?1
             ORDER BY c.not_before_at, c.id LIMIT ?2"
        ),
        (now_ms, limit),
        row,
    )
}

/// When the next may go; none when nothing waits.
pub fn next_due(db: &Db<'_>) -> Result<Option<i64>, StoreError> {
    db.one(
        "SELECT min(not_before_at) FROM statement_copy WHERE status IN ('Queued','Deferred')",
        [],
        |r| r.get(0),
    )
}

/// Marks a copy as being sent by a job; false when it is no longer due, or no longer as it was read.
pub fn begin(
    tx: &Tx<'_>,
    copy: &StatementCopy,
    job: JobId,
    pdf_hash: &str,
) -> Result<bool, StoreError> {
    let now = tx.now().at_ms;
    let begun = tx.run(
        "UPDATE statement_copy SET status = 'Sending', attempts = attempts + 1, job_id = ?2, pdf_hash = ?3,
                first_try_at = coalesce(first_try_at, ?4)
         WHERE id = ?1 AND status IN ('Queued','Deferred') AND not_before_at <= ?4 AND attempts = ?5",
        (copy.id.0, job.0, pdf_hash, now, copy.attempts),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(begun == 1)
}

/// Records what became of a copy this job was sending. Settling twice is a no-op.
pub fn settle(
    tx: &Tx<'_>,
    id: StatementCopyId,
    job: JobId,
    settled: &Settled<'_>,
) -> Result<bool, StoreError> {
    let ended = (!settled.status.is_open()).then_some(tx.now().at_ms);
    let done = tx.run(
        "UPDATE statement_copy SET status = ?3, last_reply = ?4, not_before_at = coalesce(?5, not_before_at),
                ended_at = ?6, job_id = NULL, attempts = attempts - (CASE WHEN ?7 THEN 0 ELSE 1 END)
         WHERE id = ?1 AND status = 'Sending' AND job_id = ?2",
        (
            id.0,
            job.0,
            settled.status.as_str(),
            settled.reply,
            settled.not_before_at,
            ended,
            settled.counts,
        ),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(done == 1)
}

/// Says of what a dead process was sending that it is not known whether it arrived; gives how many.
pub fn abandon(tx: &Tx<'_>, job: JobId) -> Result<usize, StoreError> {
    let left = tx.run(
        "UPDATE statement_copy SET status = 'Unconfirmed', job_id = NULL, ended_at = ?2,
                last_reply = 'daybook was interrupted while sending'
         WHERE status = 'Sending' AND (job_id = ?1
           OR job_id NOT IN (SELECT id FROM job WHERE state IN ('Waiting','Running','Paused')))",
        (job.0, tx.now().at_ms),
    )?;
    if left > 0 {
        tx.touch(Topic::Deliveries);
    }
    Ok(left)
}

/// Moves a copy, with what was said of it; the state it is in when that has no such step. What is being sent
/// is moved by its job alone.
pub fn step(
    tx: &Tx<'_>,
    id: StatementCopyId,
    (next, reply): (DeliveryStatus, &str),
    not_before_at: Option<i64>,
) -> Result<Result<StatementCopy, DeliveryStatus>, StoreError> {
    let before = get(tx, id)?;
    if before.status == DeliveryStatus::Sending || !before.status.can_become(next) {
        return Ok(Err(before.status));
    }
    let ended = (!next.is_open()).then_some(tx.now().at_ms);
    tx.run(
        "UPDATE statement_copy SET status = ?2, not_before_at = coalesce(?3, not_before_at), ended_at = ?4,
                first_try_at = CASE WHEN ?2 = 'Queued' THEN NULL ELSE first_try_at END,
                last_reply = CASE WHEN ?5 = '' THEN last_reply ELSE ?5 END
         WHERE id = ?1",
        (id.0, next.as_str(), not_before_at, ended, reply),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(Ok(before))
}

/// Keeps that a report was read; false where it was before.
pub fn keep_report(tx: &Tx<'_>, id: StatementCopyId, hash: &str) -> Result<bool, StoreError> {
    let kept = tx.run(
        "UPDATE statement_copy SET reports = reports || ' ' || ?2 WHERE id = ?1 AND instr(reports, ?2) = 0",
        (id.0, hash),
    )?;
    Ok(kept == 1)
}

/// Accounts of a batch, or all of them.
pub fn accounts(
    db: &Db<'_>,
    batch: Option<&str>,
    today: NaiveDate,
) -> Result<Vec<(AccountId, String)>, StoreError> {
    db.all(
        &format!(
            "SELECT a.id, a.number FROM account a JOIN account_version v ON v.id = {}
             WHERE ?1 IS NULL OR v.batch = ?1 ORDER BY a.number",
            super::account::in_force("a.id", "?2")
        ),
        (batch, today),
        |r| Ok((AccountId(r.get(0)?), r.get(1)?)),
    )
}

/// Accounts that owe more than this, past due since a day or before.
pub fn owing(
    db: &Db<'_>,
    more_than: Money,
    since: NaiveDate,
) -> Result<Vec<(AccountId, String)>, StoreError> {
    db.all(
        "SELECT s.account_id, a.number FROM document_state s JOIN account a ON a.id = s.account_id
         JOIN document d ON d.id = s.document_id
         WHERE s.status = 'Posted' AND s.balance_minor > 0 AND s.due_on <= ?1 AND d.currency = ?2
         GROUP BY s.account_id HAVING sum(s.balance_minor) > ?3 ORDER BY a.number",
        (since, more_than.currency.code(), more_than.minor),
        |r| Ok((AccountId(r.get(0)?), r.get(1)?)),
    )
}
