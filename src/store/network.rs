//! Copies by network: what is to be handed over, where it was handed, and how each stands there.

use super::delivery::{self, COLUMNS, Delivery, FROM};
use super::face::Row;
use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::delivery::network::NetworkState;
use crate::domain::ids::{BillRunId, DeliveryId, DocumentId, JobId};
use std::collections::BTreeMap;

/// A copy as far as the network goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkCopy {
    pub state: NetworkState,
    /// Of a refusal, the network's; empty = none.
    pub code: String,
    /// By the clock of who said it, UTC milliseconds; 0 = nobody did.
    pub since_at: i64,
    /// The outbox, or the program that took it.
    pub place: String,
    /// Its name there.
    pub file: String,
}

/// Copies that may be handed over now, oldest turn first.
pub fn due(db: &Db<'_>, now_ms: i64, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE l.channel = 'network'
               AND l.status IN ('Queued','Deferred') AND l.not_before_at <= ?1
             ORDER BY l.not_before_at, l.id LIMIT ?2"
        ),
        (now_ms, i64::try_from(limit).unwrap_or(i64::MAX)),
        delivery::row,
    )
}

/// When the next copy may be handed over; none when nothing waits.
pub fn next_due(db: &Db<'_>) -> Result<Option<i64>, StoreError> {
    db.one(
        "SELECT min(not_before_at) FROM delivery WHERE channel = 'network'
         AND status IN ('Queued','Deferred')",
        [],
        |r| r.get(0),
    )
}

/// What is about to be handed over.
#[derive(Debug, Clone, Copy)]
pub struct Handing<'a> {
    pub place: &'a str,
    pub file: &'a str,
    /// SHA-256 of the XML, hexadecimal.
    pub hash: &'a str,
}

/// Marks a copy as being handed over by a job; false when it is no longer due.
pub fn begin(
    tx: &Tx<'_>,
    copy: &Delivery,
    job: JobId,
    of: Handing<'_>,
) -> Result<bool, StoreError> {
    let now = tx.now().at_ms;
    let begun = tx.run(
        "UPDATE delivery SET status = 'Sending', attempts = attempts + 1, job_id = ?2, sender = ?3,
                message_hash = ?4, first_try_at = coalesce(first_try_at, ?5)
         WHERE id = ?1 AND channel = 'network' AND status IN ('Queued','Deferred')
           AND not_before_at <= ?5 AND attempts = ?6 AND address = ?7",
        (copy.id.0, job.0, of.place, of.hash, now, copy.attempts, &copy.address),
    )?;
    if begun == 1 {
        tx.run(
            "INSERT INTO network_copy (delivery_id, state, place, file) VALUES (?1, 'begun', ?2, ?3)
             ON CONFLICT (delivery_id) DO UPDATE SET place = excluded.place",
            (copy.id.0, of.place, of.file),
        )?;
    }
    tx.touch(Topic::Deliveries);
    Ok(begun == 1)
}

/// A copy that a dead process was handing over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    pub id: DeliveryId,
    pub place: String,
    pub file: String,
    /// SHA-256 of the XML, hexadecimal.
    pub hash: String,
}

/// What a dead process was handing over for this job, or any for a job that is over.
pub fn interrupted(db: &Db<'_>, job: JobId) -> Result<Vec<Interrupted>, StoreError> {
    db.all(
        "SELECT l.id, n.place, n.file, l.message_hash FROM delivery l
         JOIN network_copy n ON n.delivery_id = l.id
         WHERE l.status = 'Sending' AND l.channel = 'network'
           AND (l.job_id = ?1 OR l.job_id IS NULL
             OR l.job_id NOT IN (SELECT id FROM job WHERE state IN ('Waiting','Running','Paused')))
         ORDER BY l.id",
        [job.0],
        |r| {
            Ok(Interrupted {
                id: DeliveryId(r.get(0)?),
                place: r.get(1)?,
                file: r.get(2)?,
                hash: r.get(3)?,
            })
        },
    )
}

/// How a copy stands there; none before it was handed over for the first time.
pub fn get(db: &Db<'_>, id: DeliveryId) -> Result<Option<NetworkCopy>, StoreError> {
    let sql = "SELECT state, code, since_at, place, file FROM network_copy WHERE delivery_id = ?1";
    db.opt(sql, [id.0], |r| {
        Ok(NetworkCopy {
            state: word(r, 0, NetworkState::parse)?,
            code: r.get(1)?,
            since_at: r.get(2)?,
            place: r.get(3)?,
            file: r.get(4)?,
        })
    })
}

/// Notes what a receipt says of a copy.
pub fn moves(
    tx: &Tx<'_>,
    id: DeliveryId,
    (state, code): (NetworkState, &str),
    since_ms: i64,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE network_copy SET state = ?2, code = ?3, since_at = ?4 WHERE delivery_id = ?1",
        (id.0, state.as_str(), code, since_ms),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(())
}

/// The copy of a document that was handed over last, or is to be; none where it goes by no network.
pub fn newest(db: &Db<'_>, of: DocumentId) -> Result<Option<DeliveryId>, StoreError> {
    db.opt(
        "SELECT l.id FROM delivery l LEFT JOIN network_copy n ON n.delivery_id = l.id
         WHERE l.document_id = ?1 AND l.channel = 'network'
         ORDER BY (n.delivery_id IS NULL), l.id DESC LIMIT 1",
        [of.0],
        |r| r.get(0).map(DeliveryId),
    )
}

/// How many copies stand how at the network, of all documents or of a run's: of those handed over that no
/// other took the place of.
pub fn states(
    db: &Db<'_>,
    run: Option<BillRunId>,
) -> Result<BTreeMap<NetworkState, i64>, StoreError> {
    let state = |r: &Row<'_>| Ok((word(r, 0, NetworkState::parse)?, r.get(1)?));
    let counted =
        "SELECT n.state, count(*) FROM network_copy n JOIN delivery l ON l.id = n.delivery_id";
    let stands = "l.replaced_by IS NULL AND l.status IN ('Sent','Bounced')";
    match run {
        None => db.gather(&format!("{counted} WHERE {stands} GROUP BY 1"), [], state),
        Some(run) => db.gather(
            &format!(
                "{counted} WHERE {stands} AND l.document_id IN (
                   SELECT id FROM document WHERE run_id = ?1) GROUP BY 1"
            ),
            [run.0],
            state,
        ),
    }
}

/// Copies that the network refused and nobody has seen to.
pub fn refused(db: &Db<'_>) -> Result<i64, StoreError> {
    db.one(
        "SELECT count(*) FROM network_copy n JOIN delivery l ON l.id = n.delivery_id
         WHERE n.state = 'refused' AND l.status = 'Bounced' AND l.replaced_by IS NULL",
        [],
        |r| r.get(0),
    )
}

/// Whether a copy waits to be handed over.
pub fn waits(db: &Db<'_>) -> Result<bool, StoreError> {
    Ok(next_due(db)?.is_some())
}
