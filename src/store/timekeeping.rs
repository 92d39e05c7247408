//! What the book has seen of time, and what in it lies so far ahead that only a wrong clock can have
//! put it there.

use super::face::params_from_iter;
use super::{Db, Store, StoreError, Topic, Tx, settings};
use crate::clock::Now;
use crate::domain::ids::ScheduleId;
use crate::domain::text::counted;
use crate::domain::timekeeping::{SLACK_MS, Seen, ZONES_MS};
use chrono::{Duration, NaiveDateTime};

impl Store {
    /// The book's moment: its stored clock where it has one, else the system's, in its zone.
    pub fn now(&self) -> Result<Now, StoreError> {
        self.read(|db| {
            // Who mends a zone needs a moment; no day is counted by a zone that cannot be read.
            let zone = settings::as_stored(db)?.zone();
            let Some(at_ms) = settings::facts(db)?.clock_at else { return Ok(Now::system(zone)) };
            let moment = chrono::DateTime::from_timestamp_millis(at_ms);
            let moment = moment.ok_or_else(|| {
                StoreError::Corrupt(format!("the book's clock ({at_ms}) cannot be read"))
            })?;
            Ok(Now::at(moment, zone))
        })
    }
}

/// What the book knows about the moment `now_ms`.
pub fn seen(db: &Db<'_>, now_ms: i64) -> Result<Seen, StoreError> {
    let seen = db.one("SELECT seen_at FROM book", [], |r| r.get(0))?;
    let sql = "SELECT seq, at FROM operation WHERE at <= ?1 ORDER BY seq DESC LIMIT 1";
    let newest: Option<(i64, i64)> =
        db.opt(sql, [now_ms + SLACK_MS], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let sql = "SELECT at FROM operation WHERE seq > ?1 ORDER BY seq LIMIT 1";
    let after = db.opt(sql, [newest.map_or(0, |n| n.0)], |r| r.get(0))?;
    Ok(Seen { seen, before: newest.map(|n| n.1), after })
}

/// Notes that something was done by the clock alone at this moment.
pub fn note_seen(tx: &Tx<'_>, at_ms: i64) -> Result<(), StoreError> {
    tx.run("UPDATE book SET seen_at = ?1", [at_ms])?;
    Ok(())
}

/// The farthest that anything may lie ahead of now.
#[derive(Debug, Clone, Copy)]
pub struct Horizon {
    /// Now, UTC ms.
    pub now_ms: i64,
    /// No slot later than this civil time can have been used.
    pub slot: NaiveDateTime,
    /// How long e-mail is held, ms.
    pub hold_ms: i64,
    /// How long a payment run waits for its bill run, ms.
    pub wait_ms: i64,
    /// The longest wait of the retry rules, ms.
    pub retry_ms: i64,
    /// From how far back a gateway is asked again what went back, ms.
    pub poll_ms: i64,
}

impl Horizon {
    /// Beyond this no e-mail and no job can wait.
    fn work(&self) -> i64 {
        self.now_ms + self.hold_ms + self.wait_ms + SLACK_MS
    }
}

/// Whether anything lies ahead of what the rules can have put there; read by index.
pub fn is_ahead(db: &Db<'_>, horizon: &Horizon) -> Result<bool, StoreError> {
    db.one(
        "SELECT EXISTS (SELECT 1 FROM schedule s JOIN schedule_slot t ON t.schedule_id = s.id
         AND t.slot > ?1)
         OR EXISTS (SELECT 1 FROM schedule WHERE armed_at > ?2)
         OR EXISTS (SELECT 1 FROM delivery INDEXED BY delivery_queue WHERE channel = 'email'
            AND status IN ('Queued','Deferred') AND not_before_at > ?2)
         OR EXISTS (SELECT 1 FROM job INDEXED BY job_open
         WHERE state IN ('Waiting','Running','Paused')
            AND not_before_at > ?2)
         OR EXISTS (SELECT 1 FROM payment_run WHERE status = 'Pending' AND wait_until_at > ?2)
         OR EXISTS (SELECT 1 FROM payment INDEXED BY payment_look_up WHERE next_look_up_at > ?2)
         OR EXISTS (SELECT 1 FROM payment_event WHERE kind = 'refund'
         AND status IN ('Processing','Unknown')
            AND next_look_up_at > ?2)
         OR EXISTS (SELECT 1 FROM document_state INDEXED BY document_state_retry
         WHERE next_retry_at > ?3)
         OR EXISTS (SELECT 1 FROM gateway_poll WHERE next_at > ?2)
         OR EXISTS (SELECT 1 FROM four_eyes WHERE state = 'open' AND asked_at > ?2)",
        (horizon.slot, horizon.work(), horizon.now_ms + horizon.retry_ms + SLACK_MS),
        |r| r.get(0),
    )
}

/// Puts it right; gives what, in words, and the runs that were made for slots to come.
pub fn set_right(tx: &Tx<'_>, horizon: &Horizon) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let (slots, runs) = free_slots(tx, horizon.slot)?;
    let (now, work) = (horizon.now_ms, horizon.work());
    let retry = now + horizon.retry_ms + SLACK_MS;
    let set = |sql: &str, values: &[i64]| -> Result<i64, StoreError> {
        Ok(tx.run(sql, params_from_iter(values))? as i64)
    };
    let mails = set(
        "UPDATE delivery SET not_before_at = CASE WHEN status = 'Queued' THEN ?1 + ?3 ELSE ?1 END,
                first_try_at = min(first_try_at, ?1)
         WHERE channel = 'email' AND status IN ('Queued','Deferred') AND not_before_at > ?2",
        &[now, work, horizon.hold_ms],
    )?;
    let looked =
        set("UPDATE payment SET next_look_up_at = ?1 WHERE next_look_up_at > ?2", &[now, work])?;
    let asked = set(
        "UPDATE payment_event SET next_look_up_at = ?1 WHERE next_look_up_at > ?2",
        &[now, work],
    )?;
    // As long as its rule made it wait, but from now.
    let retries = set(
        "UPDATE document_state SET next_retry_at = ?1 + min(?3, max(0, next_retry_at - coalesce(
                (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
                 WHERE l.document_id = document_state.document_id), next_retry_at - ?3)))
         WHERE next_retry_at > ?2",
        &[now, retry, horizon.retry_ms],
    )?;
    let jobs = set(
        "UPDATE job SET not_before_at = ?1 WHERE state IN ('Waiting','Running','Paused') AND not_before_at > ?2",
        &[now, work],
    )?;
    set(
        "UPDATE payment_run SET wait_until_at = ?1 + ?3 WHERE status = 'Pending' AND wait_until_at > ?2",
        &[now, work, horizon.wait_ms],
    )?;
    set("UPDATE schedule SET armed_at = ?1 WHERE armed_at > ?2", &[now, work])?;
    let polls = "UPDATE gateway_poll SET next_at = ?1, through_at = min(through_at, ?1 - ?3)
        WHERE next_at > ?2";
    set(polls, &[now, work, horizon.poll_ms])?;
    set("UPDATE four_eyes SET asked_at = ?1 WHERE state = 'open' AND asked_at > ?2", &[now, work])?;
    set("UPDATE document_state SET reminded_at = ?1 WHERE reminded_at > ?2", &[now, work])?;
    // Reminders count from that day.
    let today = horizon.slot - Duration::milliseconds(ZONES_MS);
    tx.run(
        "UPDATE document_state SET reopened_on = ?1 WHERE reopened_on > ?2",
        (today.date(), horizon.slot.date()),
    )?;
    for topic in [Topic::Jobs, Topic::Deliveries, Topic::Payments, Topic::Runs] {
        tx.touch(topic);
    }
    let all = [
        (slots, "slot of a schedule", "slots of schedules"),
        (mails, "e-mail", "e-mails"),
        (looked + asked, "look-up", "look-ups"),
        (retries, "retry", "retries"),
        (jobs, "job", "jobs"),
    ];
    let words = all.iter().filter(|w| w.0 > 0).map(|(n, one, many)| counted(*n, one, many));
    Ok((words.collect(), runs))
}

/// Frees the slots that were used before their time; gives how many, and the runs made for them.
fn free_slots(tx: &Tx<'_>, after: NaiveDateTime) -> Result<(i64, Vec<String>), StoreError> {
    let freed: Vec<_> = tx.all(
        "DELETE FROM schedule_slot WHERE slot > ?1 RETURNING schedule_id, slot, subject",
        [after],
        |r| {
            let (id, slot, run): (i64, NaiveDateTime, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
            Ok((ScheduleId(id), slot, run))
        },
    )?;
    let runs = freed.iter().filter(|f| !f.2.is_empty());
    let runs =
        runs.map(|(id, slot, run)| format!("{run} ({id}, {})", slot.format("%Y-%m-%d %H:%M")));
    Ok((freed.len() as i64, runs.collect()))
}
