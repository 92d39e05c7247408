//! The audit trail: one row per writing transaction, chained by hash, and the topics it moved.

use super::face::{Row, params};
use super::{Db, StoreError, Topic, Tx};
use crate::clock::Now;
use crate::domain::actor::{Actor, Verb};
use sha2::{Digest, Sha256};

/// A writing call: who, what, when, and the id by which a repeat is recognised.
#[derive(Debug, Clone)]
pub struct Op {
    /// Unique; a second write with it is refused as [`StoreError::AlreadyDone`].
    pub id: String,
    /// Who acts.
    pub actor: Actor,
    /// What is done; authorized against the actor's role.
    pub verb: Verb,
    /// When.
    pub now: Now,
    /// Whether a person did it.
    pub hand: Hand,
}

/// Whose doing an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hand {
    /// A person's own deed: what undo may be asked about.
    #[default]
    Person,
    /// A slice of a job, or what came due by the clock.
    ByItself,
}

impl Op {
    /// A new operation with an id of its own.
    pub fn new(actor: &Actor, verb: Verb, now: Now) -> Self {
        Self { id: fresh_id(), actor: actor.clone(), verb, now, hand: Hand::Person }
    }
}

/// The id of the operation that goes on with the deed of the one at `seq`: a deed that is written in
/// slices is a chain of them, and its last says what came of all.
pub fn going_on(seq: i64) -> String {
    format!("~{seq}")
}

/// The operation whose deed the one of this id goes on with, if it is not the first of its deed.
pub(super) fn gone_on_from(id: &str) -> Option<i64> {
    id.strip_prefix('~')?.parse().ok()
}

/// That no later slice goes on with the deed of the operation `o`: what a person is shown of it.
pub(in crate::store) const LAST_SLICE: &str =
    "NOT EXISTS (SELECT 1 FROM operation n WHERE n.op_id = '~' || o.seq)";

/// Operations that a later slice of the same deed goes on with.
pub(in crate::store) fn gone_on(db: &Db<'_>) -> Result<i64, StoreError> {
    db.one("SELECT count(*) FROM operation WHERE op_id >= '~'", [], |r| r.get(0))
}

/// A new unique id: process, a counter and the system clock, hashed so that ids do not collide
/// between machines that share a book's backups.
pub fn fresh_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    let text = format!("{}/{}/{nanos}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpRow {
    /// Position in the trail.
    pub seq: i64,
    /// UTC milliseconds.
    pub at: i64,
    /// Real user id.
    pub uid: u32,
    /// Login name.
    pub user_name: String,
    /// Role it was done with.
    pub role: String,
    pub verb: String,
    /// What it was about.
    pub subject: String,
    /// One line in words.
    pub summary: String,
    /// JSON or empty.
    pub detail: String,
}

/// Whether the trail has an operation id.
pub fn is_done(db: &Db<'_>, id: &str) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM operation WHERE op_id = ?1", [id])
}

/// Refuses an operation id that the trail has.
pub(super) fn refuse_repeat(db: &Db<'_>, id: &str) -> Result<(), StoreError> {
    if is_done(db, id)? { Err(StoreError::AlreadyDone(id.to_owned())) } else { Ok(()) }
}

/// The last sequence number and hash; zero bytes before the first.
pub fn head(db: &Db<'_>) -> Result<(i64, Vec<u8>), StoreError> {
    let last = db.opt("SELECT seq, hash FROM operation ORDER BY seq DESC LIMIT 1", [], |r| {
        Ok((r.get(0)?, r.get(1)?))
    })?;
    Ok(last.unwrap_or((0, vec![0; 32])))
}

/// When something was last done about a subject, UTC ms.
pub fn last_about(db: &Db<'_>, subject: &str) -> Result<Option<i64>, StoreError> {
    db.opt(
        "SELECT at FROM operation WHERE subject = ?1 ORDER BY seq DESC LIMIT 1",
        [subject],
        |r| r.get(0),
    )
}

/// The hash of one operation; none if the trail does not have it.
pub(super) fn hash_at(db: &Db<'_>, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let found = db.opt("SELECT hash FROM operation WHERE seq = ?1", [seq], |r| r.get(0))?;
    Ok(found)
}

/// Every position with its hash, in order.
pub(super) fn each_hash(db: &Db<'_>, mut look: impl FnMut(i64, &[u8])) -> Result<(), StoreError> {
    db.each("SELECT seq, hash FROM operation ORDER BY seq", [], |row| {
        let hash: Vec<u8> = row.get(1)?;
        look(row.get(0)?, &hash);
        Ok(())
    })?;
    Ok(())
}

/// Writes the audit row of a transaction; gives its hash.
pub(super) fn append(tx: &Tx<'_>, op: &Op, prev: &[u8]) -> Result<Vec<u8>, StoreError> {
    let note = tx.note.borrow();
    let row = OpRow {
        seq: tx.seq,
        at: op.now.at_ms,
        uid: op.actor.uid,
        user_name: op.actor.name.clone(),
        role: tx.role.to_string(),
        verb: op.verb.to_string(),
        subject: note.subject.clone(),
        summary: note.summary.clone(),
        detail: note.detail.clone(),
    };
    let hash = chain(prev, &op.id, &row);
    tx.run(
        "INSERT INTO operation (seq, op_id, at, uid, user_name, role, verb, subject, summary,
         detail, prev_hash, hash, by_itself)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
        params![
            row.seq,
            &op.id,
            row.at,
            row.uid,
            &row.user_name,
            &row.role,
            &row.verb,
            &row.subject,
            &row.summary,
            &row.detail,
            prev,
            &hash,
            op.hand == Hand::ByItself,
        ],
    )?;
    Ok(hash)
}

/// The hash of one row over the one before it: SHA-256 of length-prefixed fields, so that no two
/// different rows can read the same.
fn chain(prev: &[u8], op_id: &str, row: &OpRow) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(prev);
    for field in [
        &row.seq.to_string(),
        op_id,
        &row.at.to_string(),
        &row.uid.to_string(),
        &row.user_name,
        &row.role,
        &row.verb,
        &row.subject,
        &row.summary,
        &row.detail,
    ] {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().to_vec()
}

/// Walks the chain; gives the sequence numbers whose hash does not follow, and the head.
pub fn verify(db: &Db<'_>) -> Result<(Vec<i64>, i64, Vec<u8>), StoreError> {
    let (mut expected_seq, mut prev, mut broken) = (1_i64, vec![0_u8; 32], Vec::new());
    db.each(
        "SELECT seq, at, uid, user_name, role, verb, subject, summary, detail, op_id, prev_hash,
         hash
         FROM operation ORDER BY seq",
        [],
        |r| {
            let row = op_row(r)?;
            let (op_id, stored_prev, hash): (String, Vec<u8>, Vec<u8>) =
                (r.get(9)?, r.get(10)?, r.get(11)?);
            if row.seq != expected_seq
                || stored_prev != prev
                || chain(&stored_prev, &op_id, &row) != hash
            {
                broken.push(row.seq);
            }
            expected_seq = row.seq + 1;
            prev = hash;
            Ok(())
        },
    )?;
    Ok((broken, expected_seq - 1, prev))
}

/// Reads the columns `seq, at, uid, user_name, role, verb, subject, summary, detail`.
pub(in crate::store) fn op_row(r: &Row<'_>) -> Result<OpRow, StoreError> {
    Ok(OpRow {
        seq: r.get(0)?,
        at: r.get(1)?,
        uid: r.get(2)?,
        user_name: r.get(3)?,
        role: r.get(4)?,
        verb: r.get(5)?,
        subject: r.get(6)?,
        summary: r.get(7)?,
        detail: r.get(8)?,
    })
}

/// A page of the trail, newest first: before `before` (exclusive), of one subject if given.
pub fn list(
    db: &Db<'_>,
    subject: Option<&str>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<OpRow>, StoreError> {
    let of = if subject.is_some() { "subject = ?2" } else { "?2 IS NULL" };
    db.all(
        &format!(
            "SELECT seq, at, uid, user_name, role, verb, subject, summary, detail FROM operation
             WHERE seq < ?1 AND {of} ORDER BY seq DESC LIMIT ?3"
        ),
        (before.unwrap_or(i64::MAX), subject, limit),
        op_row,
    )
}

/// Moves a topic on by one.
pub(super) fn bump_topic(tx: &Tx<'_>, topic: Topic) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO topic (name, seq) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE
         SET seq = seq + 1",
        [topic.as_str()],
    )?;
    Ok(())
}

/// How far each topic has moved.
pub fn topics(db: &Db<'_>) -> Result<Vec<(Topic, i64)>, StoreError> {
    db.all("SELECT name, seq FROM topic", [], |r| Ok((super::word(r, 0, Topic::parse)?, r.get(1)?)))
}
