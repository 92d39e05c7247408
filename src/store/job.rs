//! Jobs: rows that any process may see, one process drives, and the next takes over.

use super::face::Row;
use super::json::{self, Json, Spot};
use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::ids::{DocumentId, JobId};
pub use crate::domain::job::{JobKind, JobSpec};
use crate::domain::text_enum;
use serde::de::DeserializeOwned;

text_enum! {
    /// Where a job stands.
    JobState {
        /// Nobody drives it yet, or it waits for its time.
        Waiting = "Waiting",
        /// A process drives it (or died doing so: its kernel lock tells).
        Running = "Running",
        /// Halted by a person.
        Paused = "Paused",
        /// Finished.
        Done = "Done",
        /// Ended early by a person.
        Canceled = "Canceled",
        /// The job itself could not work.
        Failed = "Failed",
    }
}

impl JobState {
    /// Whether it may still do something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running | Self::Paused)
    }
}

text_enum! {
    /// What a person asked of a running job; obeyed at the next slice.
    Wanted {
        Nothing = "",
        /// Halt.
        Pause = "pause",
        /// End.
        Cancel = "cancel",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What it is about, as a clerk writes it (`BR-000001`).
    pub subject: String,
    spec: Json<JobSpec>,
    /// Where it stands.
    pub state: JobState,
    /// What a person asked.
    pub wanted: Wanted,
    /// Raised by each claim.
    pub epoch: i64,
    /// Process that drives it, for people.
    pub holder: String,
    /// Where the next slice goes on; the runner's own text.
    pub cursor: String,
    /// Items done.
    pub done: i64,
    /// Items that failed.
    pub failed: i64,
    /// Items in all; 0 = not known yet.
    pub total: i64,
    detail: String,
    /// Why it failed.
    pub error: String,
    /// Not before this moment, UTC milliseconds.
    pub not_before_at: i64,
    /// Who started it.
    pub uid: u32,
    /// Their login name.
    pub user_name: String,
    /// When it was made.
    pub created_at: i64,
    /// First slice.
    pub started_at: Option<i64>,
    /// Last slice.
    pub beat_at: Option<i64>,
    /// End.
    pub ended_at: Option<i64>,
}

impl JobRow {
    /// What it is to do.
    pub fn spec(&self) -> Result<JobSpec, StoreError> {
        let spec = self.spec.read()?;
        if spec.kind() == self.kind {
            Ok(spec)
        } else {
            Err(self.spec.damaged(&format!("a {} job in the row of a {}", spec.kind(), self.kind)))
        }
    }

    /// Where the next slice goes on, of a runner that keeps a value and not a word.
    pub fn place<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        self.at("cursor").read(&self.cursor)
    }

    /// What its runner has kept of what was done; none before it did anything.
    pub fn receipt<T: DeserializeOwned>(&self) -> Result<Option<T>, StoreError> {
        if self.detail.is_empty() {
            return Ok(None);
        }
        self.at("detail").read(&self.detail).map(Some)
    }

    fn at(&self, column: &'static str) -> Spot {
        Spot("job", column, self.id.0)
    }

    /// What to answer when the place to go on from cannot be read: it is never taken for the
    /// beginning, or for a step that was passed.
    pub fn lost(&self) -> StoreError {
        self.at("cursor").damaged(&format!("{:?} is no place to go on from", self.cursor))
    }
}

const COLUMNS: &str = "id, kind, subject, spec, state, wanted, epoch, holder, cursor, done, failed, total, \
    detail, error, not_before_at, uid, user_name, created_at, started_at, beat_at, ended_at";

fn row(r: &Row<'_>) -> Result<JobRow, StoreError> {
    let id: i64 = r.get(0)?;
    Ok(JobRow {
        id: JobId(id),
        kind: word(r, 1, JobKind::parse)?,
        subject: r.get(2)?,
        spec: Json::column(r, 3, Spot("job", "spec", id))?,
        state: word(r, 4, JobState::parse)?,
        wanted: word(r, 5, Wanted::parse)?,
        epoch: r.get(6)?,
        holder: r.get(7)?,
        cursor: r.get(8)?,
        done: r.get(9)?,
        failed: r.get(10)?,
        total: r.get(11)?,
        detail: r.get(12)?,
        error: r.get(13)?,
        not_before_at: r.get(14)?,
        uid: r.get(15)?,
        user_name: r.get(16)?,
        created_at: r.get(17)?,
        started_at: r.get(18)?,
        beat_at: r.get(19)?,
        ended_at: r.get(20)?,
    })
}

/// Makes a job in state Waiting, acting for the transaction's actor.
pub fn insert(tx: &Tx<'_>, spec: &JobSpec, subject: &str, total: i64) -> Result<JobId, StoreError> {
    let key = tx.insert(
        "INSERT INTO job (kind, subject, spec, state, total, uid, user_name, created_at)
         VALUES (?1, ?2, ?3, 'Waiting', ?4, ?5, ?6, ?7)",
        (
            spec.kind().as_str(),
            subject,
            json::text(spec)?,
            total,
            tx.actor().uid,
            &tx.actor().name,
            tx.now().at_ms,
        ),
    )?;
    tx.touch(Topic::Jobs);
    Ok(JobId(key))
}

pub fn get(db: &Db<'_>, id: JobId) -> Result<JobRow, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM job WHERE id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// The newest job of a kind about a subject.
pub fn newest(db: &Db<'_>, kind: JobKind, subject: &str) -> Result<Option<JobRow>, StoreError> {
    db.opt(
        &format!(
            "SELECT {COLUMNS} FROM job WHERE subject = ?1 AND kind = ?2 ORDER BY id DESC LIMIT 1"
        ),
        (subject, kind.as_str()),
        row,
    )
}

/// How long a job that died of itself keeps the clock from making another like it: what cannot work
/// would be made anew at every look, without end.
const REST_MS: i64 = 15 * 60_000;

/// Whether the newest job of a kind died so lately that the clock should not make another yet. A
/// person may.
pub fn rests(db: &Db<'_>, kind: JobKind, now_ms: i64) -> Result<bool, StoreError> {
    Ok(db
        .opt(
            "SELECT state = 'Failed' AND ended_at > ?2 FROM job WHERE kind = ?1
         ORDER BY id DESC LIMIT 1",
            (kind.as_str(), now_ms - REST_MS),
            |r| r.get(0),
        )?
        .unwrap_or(false))
}

/// The subject of the jobs that send queued e-mail.
pub const MAIL: &str = "mail";
/// The subject of the jobs that hand copies to the network.
pub const NETWORK: &str = "network";

/// Whether queued e-mail goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// A job sends it, or will.
    Goes,
    /// The job is paused, or is asked to pause.
    Paused,
    /// Its last job was canceled, or is asked to end: it stands still until a person starts it.
    Canceled(JobId),
    /// No job is there; the next copy that is queued brings one.
    Nobody,
}

/// Whether what is queued goes by itself: e-mail ([`MAIL`]), or copies by network ([`NETWORK`]).
pub fn sending(db: &Db<'_>, subject: &str) -> Result<Sending, StoreError> {
    let (going, paused): (bool, bool) = db.one(
        "SELECT coalesce(max(state <> 'Paused' AND wanted = ''), 0),
                coalesce(max(state = 'Paused' OR wanted = 'pause'), 0)
         FROM job INDEXED BY job_open
         WHERE subject = ?1 AND state IN ('Waiting','Running','Paused')",
        [subject],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    if going || paused {
        return Ok(if going { Sending::Goes } else { Sending::Paused });
    }
    let canceled = |job: &JobRow| job.state == JobState::Canceled || job.wanted == Wanted::Cancel;
    Ok(match newest(db, JobKind::Deliver, subject)?.filter(canceled) {
        Some(job) => Sending::Canceled(job.id),
        None => Sending::Nobody,
    })
}

/// Why the newest job about a subject died, if it did.
pub fn why_failed(db: &Db<'_>, subject: &str) -> Result<Option<String>, StoreError> {
    let newest: Option<(String, String)> = db.opt(
        "SELECT state, error FROM job WHERE subject = ?1 ORDER BY id DESC LIMIT 1",
        [subject],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    Ok(newest.filter(|(state, _)| state == JobState::Failed.as_str()).map(|(_, error)| error))
}

/// Every job that may still do something, oldest first.
pub fn open(db: &Db<'_>) -> Result<Vec<JobRow>, StoreError> {
    db.all(
        &format!(
            "SELECT {COLUMNS} FROM job WHERE state IN ('Waiting','Running','Paused') ORDER BY id"
        ),
        [],
        row,
    )
}

/// Jobs, newest first, before `before` (exclusive).
pub fn list(db: &Db<'_>, before: Option<JobId>, limit: u32) -> Result<Vec<JobRow>, StoreError> {
    db.all(
        &format!("SELECT {COLUMNS} FROM job WHERE id < ?1 ORDER BY id DESC LIMIT ?2"),
        (before.map_or(i64::MAX, |b| b.0), limit),
        row,
    )
}

/// Takes a job that this process holds the kernel lock of: Waiting or Running (its driver died)
/// becomes Running under the next epoch. None when it is paused, ended, or not due yet.
pub fn claim(tx: &Tx<'_>, id: JobId, holder: &str) -> Result<Option<JobRow>, StoreError> {
    let taken = tx.run(
        "UPDATE job SET state = 'Running', epoch = epoch + 1, holder = ?2, beat_at = ?3,
                started_at = coalesce(started_at, ?3)
         WHERE id = ?1 AND state IN ('Waiting','Running') AND not_before_at <= ?3",
        (id.0, holder, tx.now().at_ms),
    )?;
    if taken == 0 {
        return Ok(None);
    }
    tx.touch(Topic::Jobs);
    get(tx, id).map(Some)
}

/// Reads a job within a slice's transaction and refuses the slice if somebody else took it over.
pub fn guard(tx: &Tx<'_>, job: &JobRow) -> Result<JobRow, StoreError> {
    let now = get(tx, job.id)?;
    if now.epoch == job.epoch {
        Ok(now)
    } else {
        Err(StoreError::Stale { what: job.id.to_string(), by: now.holder })
    }
}

/// What a slice did, to be stored in its transaction.
#[derive(Debug, Clone, Default)]
pub struct Progress<'a> {
    /// Items done in this slice.
    pub done: i64,
    /// Items failed in this slice.
    pub failed: i64,
    /// Where the next slice goes on; none = unchanged.
    pub cursor: Option<&'a str>,
    /// Receipt so far; none = unchanged.
    pub detail: Option<&'a str>,
}

/// Adds a slice's progress.
pub fn progress(tx: &Tx<'_>, id: JobId, progress: &Progress<'_>) -> Result<(), StoreError> {
    tx.run(
        "UPDATE job SET done = done + ?2, failed = failed + ?3, cursor = coalesce(?4, cursor),
                    detail = coalesce(?5, detail), beat_at = ?6 WHERE id = ?1",
        (id.0, progress.done, progress.failed, progress.cursor, progress.detail, tx.now().at_ms),
    )?;
    tx.touch(Topic::Jobs);
    Ok(())
}

/// Sets how many items there are in all.
pub fn set_total(tx: &Tx<'_>, id: JobId, total: i64) -> Result<(), StoreError> {
    tx.run("UPDATE job SET total = ?2 WHERE id = ?1", (id.0, total))?;
    Ok(())
}

/// Moves a job to another state; ended states get their time, Paused and Waiting lose the wish.
pub fn set_state(tx: &Tx<'_>, id: JobId, state: JobState, error: &str) -> Result<(), StoreError> {
    let ended = (!state.is_open()).then_some(tx.now().at_ms);
    tx.run(
        "UPDATE job SET state = ?2, error = ?3, ended_at = ?4, wanted = '', holder = CASE
         WHEN ?2 = 'Running' THEN holder ELSE '' END
         WHERE id = ?1",
        (id.0, state.as_str(), error, ended),
    )?;
    tx.touch(Topic::Jobs);
    Ok(())
}

/// Puts a job back to wait until a moment.
pub fn wait_until(tx: &Tx<'_>, id: JobId, at_ms: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE job SET state = 'Waiting', not_before_at = ?2, holder = '' WHERE id = ?1
         AND state = 'Running'",
        (id.0, at_ms),
    )?;
    tx.touch(Topic::Jobs);
    Ok(())
}

/// Asks a running job for something; a job nobody has begun or that is paused obeys at once
/// where the verb does it itself.
pub fn want(tx: &Tx<'_>, id: JobId, wanted: Wanted) -> Result<(), StoreError> {
    tx.run("UPDATE job SET wanted = ?2 WHERE id = ?1", (id.0, wanted.as_str()))?;
    tx.touch(Topic::Jobs);
    Ok(())
}

/// Brings the next turn of a waiting job of a kind about a subject forward; none when no such job
/// waits.
pub fn wake(
    tx: &Tx<'_>,
    kind: JobKind,
    subject: &str,
    at_ms: i64,
) -> Result<Option<JobId>, StoreError> {
    let waiting: Option<i64> = tx.one(
        "SELECT min(id) FROM job WHERE state IN ('Waiting','Running','Paused')
               AND state = 'Waiting' AND kind = ?1 AND subject = ?2",
        (kind.as_str(), subject),
        |r| r.get(0),
    )?;
    if let Some(id) = waiting {
        tx.run("UPDATE job SET not_before_at = min(not_before_at, ?2) WHERE id = ?1", (id, at_ms))?;
        tx.touch(Topic::Jobs);
    }
    Ok(waiting.map(JobId))
}

/// The job about a subject that waits, or is at work.
pub fn waiting(db: &Db<'_>, subject: &str) -> Result<Option<JobId>, StoreError> {
    db.one(
        "SELECT min(id) FROM job WHERE state IN ('Waiting','Running','Paused')
               AND state <> 'Paused' AND subject = ?1",
        [subject],
        |r| Ok(r.get::<Option<i64>>(0)?.map(JobId)),
    )
}

/// Sets when a job that was just made is due.
pub fn set_not_before(tx: &Tx<'_>, id: JobId, at_ms: i64) -> Result<(), StoreError> {
    tx.run("UPDATE job SET not_before_at = ?2 WHERE id = ?1", (id.0, at_ms))?;
    Ok(())
}

/// Keeps which drafts a posting takes, in this order, with the versions that were seen.
pub fn add_picks(
    tx: &Tx<'_>,
    id: JobId,
    picks: impl Iterator<Item = (DocumentId, i64)>,
) -> Result<(), StoreError> {
    let insert =
        "INSERT INTO job_pick (job_id, position, document_id, version) VALUES (?1, ?2, ?3, ?4)";
    for (position, (document, version)) in (1_i64..).zip(picks) {
        tx.run(insert, (id.0, position, document.0, version))?;
    }
    Ok(())
}

/// The next drafts of a posting after a position, with the versions that were seen.
pub fn next_picks(
    db: &Db<'_>,
    id: JobId,
    after: i64,
    limit: u32,
) -> Result<Vec<(DocumentId, i64)>, StoreError> {
    let sql = "SELECT document_id, version FROM job_pick WHERE job_id = ?1 AND position > ?2
         ORDER BY position LIMIT ?3";
    db.all(sql, (id.0, after, limit), |r| Ok((DocumentId(r.get(0)?), r.get(1)?)))
}
