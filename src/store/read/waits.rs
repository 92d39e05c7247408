//! What waits for something before it goes on: runs, jobs, e-mail that is held. Few rows each.

use crate::domain::ids::{BillRunId, PaymentRunId};
use crate::domain::payment::PaymentRunStatus;
use crate::store::{Db, StoreError, word};

/// Rows of a kind at most.
const MOST: i64 = 3;

/// A payment run that has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRun {
    pub id: PaymentRunId,
    /// The bill run that it waits for.
    pub bill_run: Option<BillRunId>,
    /// When it runs all the same, UTC milliseconds.
    pub until_at: Option<i64>,
}

/// Payment runs that wait, oldest first.
pub fn payment_runs(db: &Db<'_>) -> Result<Vec<WaitingRun>, StoreError> {
    db.all(
        "SELECT id, bill_run_id, wait_until_at FROM payment_run WHERE status = 'Pending'
         ORDER BY id LIMIT ?1",
        [MOST],
        |r| {
            let bill_run: Option<i64> = r.get(1)?;
            Ok(WaitingRun {
                id: PaymentRunId(r.get(0)?),
                bill_run: bill_run.map(BillRunId),
                until_at: r.get(2)?,
            })
        },
    )
}

/// Bill runs that are done and have drafts which nobody posted, newest first.
pub fn unposted(db: &Db<'_>) -> Result<Vec<BillRunId>, StoreError> {
    db.all(
        "SELECT r.id FROM bill_run r WHERE r.status = 'Completed' AND EXISTS
           (SELECT 1 FROM document d WHERE d.run_id = r.id AND d.status = 'Draft')
         ORDER BY r.id DESC LIMIT ?1",
        [MOST],
        |r| r.get(0).map(BillRunId),
    )
}

/// The newest payment run made since a moment (UTC milliseconds), and its state.
pub fn payment_run_since(
    db: &Db<'_>,
    since: i64,
) -> Result<Option<(PaymentRunId, PaymentRunStatus)>, StoreError> {
    db.opt(
        "SELECT id, status FROM payment_run WHERE id = (SELECT max(id) FROM payment_run)
         AND created_at >= ?1",
        [since],
        |r| Ok((PaymentRunId(r.get(0)?), word(r, 1, PaymentRunStatus::parse)?)),
    )
}

/// Jobs that a clerk paused: kind and subject.
pub fn paused(db: &Db<'_>) -> Result<Vec<(String, String)>, StoreError> {
    db.all(
        "SELECT kind, subject FROM job WHERE state = 'Paused' ORDER BY id LIMIT ?1",
        [MOST],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
}

/// When the next retry is due, UTC milliseconds.
pub fn next_retry(db: &Db<'_>) -> Result<Option<i64>, StoreError> {
    db.one(
        "SELECT min(next_retry_at) FROM document_state WHERE next_retry_at IS NOT NULL",
        [],
        |r| r.get(0),
    )
}
