//! Deliveries and print batches: one row a copy of one document to one address by one channel.
//!
//! A copy is sent in three steps: [`begin`] (committed before the connection opens), the call, and
//! [`settle`]. A row that is still Sending when its job is taken over is not known to have arrived:
//! [`abandon`] says so.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, first_copy, tally, word};
use crate::domain::delivery::{Balance, Imprint};
use crate::domain::ids::{AccountId, BillRunId, DeliveryId, DocumentId, JobId};
use crate::domain::payment::{Channel, DeliveryStatus};

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub document: DocumentId,
    pub number: String,
    pub account: AccountId,
    pub account_number: String,
    /// By which way.
    pub channel: Channel,
    /// To where.
    pub address: String,
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: i64,
    /// UTC milliseconds.
    pub queued_at: i64,
    /// End of the hold, or the next try.
    pub not_before_at: i64,
    pub first_try_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// What the other side said last, or why it does not go.
    pub last_reply: String,
    /// `Message-ID` without brackets; e-mail only.
    pub message_id: Option<String>,
    /// SHA-256 of the message, once made.
    pub message_hash: String,
    /// Sender address, fixed at the first try.
    pub sender: String,
    /// The print batch.
    pub batch: Option<i64>,
    /// Place in it, from 1.
    pub batch_position: Option<i64>,
    /// Which copy, from 1.
    pub copy: i64,
    /// Whether a person chose its way, against the account's preference.
    pub by_hand: bool,
    /// Whether an earlier try may have arrived.
    pub maybe_out: bool,
    /// The copy that took its place.
    pub replaced_by: Option<DeliveryId>,
    /// Layout and bytes of its last try; none before, and of what an older daybook made.
    pub imprint: Option<Imprint>,
}

impl Delivery {
    /// The state it comes to when it is to become `next`: what may have arrived was not recalled.
    pub fn ends(&self, next: DeliveryStatus) -> DeliveryStatus {
        if self.maybe_out && next == DeliveryStatus::Recalled {
            DeliveryStatus::Unconfirmed
        } else {
            next
        }
    }
}

pub(super) const COLUMNS: &str = "l.id, l.document_id, coalesce(d.number, ''), l.account_id, a.number, l.channel, l.address, \
    l.status, l.attempts, l.queued_at, l.not_before_at, l.first_try_at, l.ended_at, l.last_reply, l.message_id, \
    l.message_hash, l.sender, l.batch_id, l.batch_position, l.copy, \
    l.by_hand, l.maybe_out, l.replaced_by, l.layout, l.pdf_hash";

pub(super) const FROM: &str =
    "FROM delivery l JOIN document d ON d.id = l.document_id JOIN account a ON a.id = l.account_id";

pub(super) fn row(r: &Row<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(r.get(0)?),
        document: DocumentId(r.get(1)?),
        number: r.get(2)?,
        account: AccountId(r.get(3)?),
        account_number: r.get(4)?,
        channel: word(r, 5, Channel::parse)?,
        address: r.get(6)?,
        status: word(r, 7, DeliveryStatus::parse)?,
        attempts: r.get(8)?,
        queued_at: r.get(9)?,
        not_before_at: r.get(10)?,
        first_try_at: r.get(11)?,
        ended_at: r.get(12)?,
        last_reply: r.get(13)?,
        message_id: r.get(14)?,
        message_hash: r.get(15)?,
        sender: r.get(16)?,
        batch: r.get(17)?,
        batch_position: r.get(18)?,
        copy: r.get(19)?,
        by_hand: r.get(20)?,
        maybe_out: r.get(21)?,
        replaced_by: r.get::<Option<i64>>(22)?.map(DeliveryId),
        imprint: match r.get(23)? {
            Some(layout) => Some(Imprint { layout, pdf_hash: r.get(24)? }),
            None => None,
        },
    })
}

pub fn get(db: &Db<'_>, id: DeliveryId) -> Result<Delivery, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} {FROM} WHERE l.id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// Which deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this run's documents.
    pub run: Option<BillRunId>,
    pub document: Option<DocumentId>,
    /// In this state.
    pub status: Option<DeliveryStatus>,
    pub channel: Option<Channel>,
    /// In this print batch.
    pub batch: Option<i64>,
}

/// Deliveries in the order they were made.
pub fn list(db: &Db<'_>, filter: &Filter) -> Result<Vec<Delivery>, StoreError> {
    page(db, filter, DeliveryId(0), u32::MAX)
}

/// Those of them that fit: what is held of each is its number.
pub fn fitting(
    db: &Db<'_>,
    filter: &Filter,
    fits: impl Fn(&Delivery) -> bool,
) -> Result<Vec<DeliveryId>, StoreError> {
    const PAGE: u32 = 500;
    let (mut all, mut after) = (Vec::new(), DeliveryId(0));
    loop {
        let rows = page(db, filter, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = last.id;
        all.extend(rows.iter().filter(|row| fits(row)).map(|row| row.id));
    }
}

/// The next deliveries in the order they were made, after `after`.
pub fn page(
    db: &Db<'_>,
    filter: &Filter,
    after: DeliveryId,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let by = match (filter.document, filter.run, filter.status) {
        (Some(_), _, _) => "l.document_id = ?2 AND (?1 IS NULL OR d.run_id = ?1)",
        // In the order of the copies: found by the run, each page would sort all of them anew.
        (None, Some(_), _) => "?2 IS NULL AND +d.run_id = ?1",
        (None, None, _) => "?1 IS NULL AND ?2 IS NULL",
    };
    db.all(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE {by} AND (?3 IS NULL OR l.status = ?3)
           AND (?4 IS NULL OR l.channel = ?4) AND (?5 IS NULL OR l.batch_id = ?5) AND l.id > ?6
         ORDER BY l.id LIMIT ?7"
        ),
        (
            filter.run.map(|r| r.0),
            filter.document.map(|d| d.0),
            filter.status.map(DeliveryStatus::as_str),
            filter.channel.map(Channel::as_str),
            filter.batch,
            after.0,
            limit,
        ),
        row,
    )
}

/// E-mail that may go now, oldest turn first.
pub fn due(db: &Db<'_>, now_ms: i64, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    db.all(
        &format!(
        "SELECT {COLUMNS} {FROM} WHERE l.channel = 'email' AND l.status IN ('Queued','Deferred')
           AND l.not_before_at <= ?1 ORDER BY l.not_before_at, l.id LIMIT ?2"
    ),
        (now_ms, i64::try_from(limit).unwrap_or(i64::MAX)),
        row,
    )
}

/// When the next e-mail may go; none when nothing waits.
pub fn next_due(db: &Db<'_>) -> Result<Option<i64>, StoreError> {
    db.one(
        "SELECT min(not_before_at) FROM delivery WHERE channel = 'email'
         AND status IN ('Queued','Deferred')",
        [],
        |r| r.get(0),
    )
}

/// Whether the document of a row of `delivery` was corrected since anybody was asked.
pub(super) const CORRECTED: &str = "EXISTS (
           SELECT 1 FROM document m WHERE m.corrects_id = delivery.document_id
             AND m.status = 'Posted'
           AND m.kind <> 'write_off' AND m.id > delivery.asked_about)";

/// Holds a copy whose document was corrected since anybody was asked. True if it was held.
pub fn hold_if_corrected(tx: &Tx<'_>, id: DeliveryId) -> Result<bool, StoreError> {
    let held = tx.run(
        &format!(
            "UPDATE delivery SET status = 'Held', last_reply = 'corrected by ' ||
                (SELECT m.number FROM document m WHERE m.corrects_id = delivery.document_id
                  AND m.status = 'Posted'
                 AND m.kind <> 'write_off' ORDER BY m.id DESC LIMIT 1)
         WHERE id = ?1 AND status IN ('Queued','Deferred') AND {CORRECTED}"
        ),
        [id.0],
    )?;
    if held > 0 {
        tx.touch(Topic::Deliveries);
    }
    Ok(held > 0)
}

/// Holds every copy of a document that has not left: it was adjusted or reversed, and a person must
/// say whether it still goes. Gives how many.
pub fn hold(tx: &Tx<'_>, document: DocumentId, why: &str) -> Result<usize, StoreError> {
    let held = tx.run(
        "UPDATE delivery SET status = 'Held', last_reply = ?2
             WHERE document_id = ?1 AND status IN ('Queued','Deferred')",
        (document.0, why),
    )?;
    if held > 0 {
        tx.touch(Topic::Deliveries);
    }
    Ok(held)
}

/// What is sent of a copy.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// `Message-ID` without brackets: its own, or that of the copy it goes with.
    pub name: &'a str,
    pub sender: &'a str,
    /// SHA-256 of the message.
    pub hash: &'a str,
    /// The PDF in it.
    pub imprint: &'a Imprint,
}

/// Marks a copy as being sent by a job, as the message and the PDF in it that are sent; false when it
/// is no longer due.
pub fn begin(
    tx: &Tx<'_>,
    copy: &Delivery,
    job: JobId,
    sent: &Sent<'_>,
) -> Result<bool, StoreError> {
    let now = tx.now().at_ms;
    let begun = tx.run(
        "UPDATE delivery SET status = 'Sending', attempts = attempts + 1, job_id = ?2, sender = ?3,
                message_hash = ?4, first_try_at = coalesce(first_try_at, ?5), layout = ?8, pdf_hash = ?9,
                message_id = ?10
         WHERE id = ?1 AND status IN ('Queued','Deferred') AND not_before_at <= ?5
         AND attempts = ?6
           AND address = ?7",
        (
            copy.id.0,
            job.0,
            sent.sender,
            sent.hash,
            now,
            copy.attempts,
            &copy.address,
            sent.imprint.layout,
            &sent.imprint.pdf_hash,
            sent.name,
        ),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(begun == 1)
}

/// Sets when a queued copy goes.
pub fn set_not_before(tx: &Tx<'_>, id: DeliveryId, at_ms: i64) -> Result<(), StoreError> {
    tx.run("UPDATE delivery SET not_before_at = ?2 WHERE id = ?1", (id.0, at_ms))?;
    tx.touch(Topic::Deliveries);
    Ok(())
}

/// What became of a try.
#[derive(Debug, Clone)]
pub struct Settled<'a> {
    /// The new state.
    pub status: DeliveryStatus,
    /// What was said.
    pub reply: &'a str,
    /// Of Deferred and Queued: when it goes again.
    pub not_before_at: Option<i64>,
    /// Whether the try counts; a transport that was down is none.
    pub counts: bool,
    /// Whether it may have arrived all the same.
    pub maybe_out: bool,
}

/// Records what became of a copy this job was sending. Settling twice is a no-op. What is refused at
/// last, but may have arrived before, is not known: it is for a person, and never sent again blindly.
pub fn settle(
    tx: &Tx<'_>,
    id: DeliveryId,
    job: JobId,
    settled: &Settled<'_>,
) -> Result<bool, StoreError> {
    let ended = (!settled.status.is_open()).then_some(tx.now().at_ms);
    let mine = "SELECT 1 FROM delivery WHERE id = ?1 AND status = 'Sending' AND job_id = ?2";
    let leaves = settled.maybe_out || settled.status == DeliveryStatus::Sent;
    if leaves && tx.opt(mine, (id.0, job.0), |r| r.get::<i64>(0))?.is_some() {
        first_copy::leaves(tx, id)?;
    }
    let done = tx.run(
        "UPDATE delivery SET status = CASE WHEN ?3 = 'Bounced' AND maybe_out THEN 'Unconfirmed'
         ELSE ?3 END,
                last_reply = ?4, not_before_at = coalesce(?5, not_before_at),
                ended_at = ?6, job_id = NULL, attempts = attempts - (CASE WHEN ?7 THEN 0
                  ELSE 1 END),
                maybe_out = max(maybe_out, ?8)
         WHERE id = ?1 AND status = 'Sending' AND job_id = ?2",
        (
            id.0,
            job.0,
            settled.status.as_str(),
            settled.reply,
            settled.not_before_at,
            ended,
            settled.counts,
            settled.maybe_out,
        ),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(done == 1)
}

/// What a dead process was sending for this job, or any for a job that is over: it is not known
/// whether it arrived.
pub fn abandon(tx: &Tx<'_>, job: JobId) -> Result<Vec<DeliveryId>, StoreError> {
    let left: Vec<DeliveryId> = tx.all(
        "SELECT id FROM delivery WHERE status = 'Sending' AND channel = 'email'
           AND (job_id = ?1 OR job_id IS NULL
           OR job_id NOT IN (SELECT id FROM job WHERE state IN ('Waiting','Running','Paused')))
         ORDER BY id",
        [job.0],
        |r| r.get(0).map(DeliveryId),
    )?;
    for id in &left {
        first_copy::leaves(tx, *id)?;
        tx.run(
            "UPDATE delivery SET status = 'Unconfirmed', job_id = NULL, ended_at = ?2,
                    last_reply = 'daybook was interrupted while sending' WHERE id = ?1",
            (id.0, tx.now().at_ms),
        )?;
    }
    if !left.is_empty() {
        tx.touch(Topic::Deliveries);
    }
    Ok(left)
}

/// Tells a person that mail is paused; one open notice at a time.
pub fn transport_down(tx: &Tx<'_>, words: &str) -> Result<(), StoreError> {
    tx.touch(Topic::Deliveries);
    super::notice::again(tx, "mail_down", "mail", words)
}

/// Moves a copy from one of some states to another; the state it is in when it was in none of them.
/// One of which a try may have arrived is never called Recalled: it ends Unconfirmed.
pub fn step(
    tx: &Tx<'_>,
    id: DeliveryId,
    next: DeliveryStatus,
    reason: &str,
    not_before_at: Option<i64>,
) -> Result<Result<Delivery, DeliveryStatus>, StoreError> {
    let before = get(tx, id)?;
    if !before.status.can_become(next) {
        return Ok(Err(before.status));
    }
    let next = before.ends(next);
    if matches!(next, DeliveryStatus::Sent | DeliveryStatus::Printed) {
        first_copy::leaves(tx, id)?;
    }
    let ended = (!next.is_open()).then_some(tx.now().at_ms);
    // Going into the queue settles what was asked about corrections so far.
    tx.run(
        "UPDATE delivery SET status = ?2, last_reply = CASE WHEN ?3 = '' THEN last_reply
         ELSE ?3 END,
                not_before_at = coalesce(?4, not_before_at), ended_at = ?5,
                asked_about = CASE WHEN ?2 = 'Queued'
                  THEN (SELECT coalesce(max(m.id), 0) FROM document m
                  WHERE m.corrects_id = delivery.document_id AND m.status = 'Posted')
                    ELSE asked_about END,
                batch_id = CASE WHEN ?2 = 'Queued' THEN NULL ELSE batch_id END,
                batch_position = CASE WHEN ?2 = 'Queued' THEN NULL ELSE batch_position END,
                first_try_at = CASE WHEN ?2 = 'Queued' THEN NULL ELSE first_try_at END,
                maybe_out = CASE WHEN status = 'Unconfirmed' THEN 1 ELSE maybe_out END
         WHERE id = ?1",
        (id.0, next.as_str(), reason, not_before_at, ended),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(Ok(before))
}

/// How the deliveries stand, of all documents or of a run's. The last copy to an address counts.
pub fn balance(db: &Db<'_>, run: Option<BillRunId>) -> Result<Balance, StoreError> {
    let Some(run) = run else { return tally::balance(db) };
    let mut balance = Balance::default();
    let scope = "l.document_id IN (SELECT id FROM document WHERE run_id = ?1)";
    db.each(
        &format!(
            "SELECT l.status, count(*) FROM delivery l WHERE {scope} AND NOT EXISTS (
           SELECT 1 FROM delivery n WHERE n.document_id = l.document_id AND n.channel = l.channel
           AND n.address = l.address AND n.copy > l.copy) GROUP BY l.status"
        ),
        [run.0],
        |r| {
            balance.add(word(r, 0, DeliveryStatus::parse)?, r.get(1)?);
            Ok(())
        },
    )?;
    balance.due = db.one(
        &format!(
            "SELECT count(*) FROM (SELECT DISTINCT l.document_id, l.channel, l.address
             FROM delivery l WHERE {scope})"
        ),
        [run.0],
        |r| r.get(0),
    )?;
    Ok(balance)
}
