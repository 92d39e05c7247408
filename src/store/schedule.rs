//! Schedules and the slots they have used: unique, so that a slot never runs twice.

use super::face::Row;
use super::json::{self, Json, Spot};
use super::{Db, StoreError, Topic, Tx, damaged, word};
use crate::domain::ids::ScheduleId;
use crate::domain::run_params::Spec;
use crate::domain::schedule::Every;
pub use crate::domain::schedule::ScheduleKind;
use crate::domain::text_enum;
use chrono::{NaiveDateTime, NaiveTime};

text_enum! {
    /// Whether it makes anything.
    ScheduleState {
        /// It does.
        Active = "Active",
        /// Not until resumed.
        Paused = "Paused",
        /// Never again.
        Ended = "Ended",
    }
}

text_enum! {
    /// What became of a slot.
    SlotState {
        /// A run was made.
        Run = "run",
        /// A clerk had it left out.
        Skipped = "skipped",
        /// Its time passed with no worker, and a later slot ran instead.
        Missed = "missed",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    pub id: ScheduleId,
    /// What clerks call it.
    pub name: String,
    /// What it makes.
    pub kind: ScheduleKind,
    /// How often.
    pub every: Every,
    /// At this civil time.
    pub at: NaiveTime,
    spec: Json<Spec>,
    /// Whether it makes anything.
    pub state: ScheduleState,
    /// The slot to leave out.
    pub skip_slot: Option<NaiveDateTime>,
    /// Slots at or before this moment (UTC milliseconds) do not count.
    pub armed_at: i64,
    /// Who made it; its runs act for them.
    pub owner_uid: u32,
    /// Their login name.
    pub owner_name: String,
    /// Where to mail when it fails; may be empty.
    pub owner_email: String,
}

impl ScheduleRow {
    /// What its runs are made with.
    pub fn spec(&self) -> Result<Spec, StoreError> {
        let spec = self.spec.read()?;
        if spec.kind() == self.kind {
            Ok(spec)
        } else {
            Err(self.spec.damaged(&format!("it makes {}, its row {}", spec.kind(), self.kind)))
        }
    }
}

const COLUMNS: &str = "id, name, kind, every, at_minute, spec, state, skip_slot, armed_at, owner_uid, owner_name, owner_email";

fn row(r: &Row<'_>) -> Result<ScheduleRow, StoreError> {
    let (id, minute): (i64, u32) = (r.get(0)?, r.get(4)?);
    Ok(ScheduleRow {
        id: ScheduleId(id),
        name: r.get(1)?,
        kind: word(r, 2, ScheduleKind::parse)?,
        every: word(r, 3, Every::parse)?,
        at: NaiveTime::from_hms_opt(minute / 60, minute % 60, 0)
            .ok_or_else(|| damaged(4, &minute.to_string()))?,
        spec: Json::column(r, 5, Spot("schedule", "spec", id))?,
        state: word(r, 6, ScheduleState::parse)?,
        skip_slot: r.get(7)?,
        armed_at: r.get(8)?,
        owner_uid: r.get(9)?,
        owner_name: r.get(10)?,
        owner_email: r.get(11)?,
    })
}

/// What a new schedule is.
pub struct NewSchedule<'a> {
    /// What clerks call it.
    pub name: &'a str,
    /// How often.
    pub every: &'a Every,
    /// Minute of the day, 0–1439.
    pub at_minute: u32,
    /// What it makes.
    pub spec: &'a Spec,
    /// Where to mail when it fails.
    pub owner_email: &'a str,
}

/// Makes a schedule, owned by the actor, armed from now.
pub fn insert(tx: &Tx<'_>, new: &NewSchedule<'_>) -> Result<ScheduleId, StoreError> {
    let key = tx.insert(
        "INSERT INTO schedule (name, kind, every, at_minute, spec, state, armed_at, owner_uid,
         owner_name, owner_email, created_at)
         VALUES (?1,?2,?3,?4,?5,'Active',?6,?7,?8,?9,?6)",
        (
            new.name,
            new.spec.kind().as_str(),
            new.every.to_string(),
            new.at_minute,
            json::text(new.spec)?,
            tx.now().at_ms,
            tx.actor().uid,
            &tx.actor().name,
            new.owner_email,
        ),
    )?;
    tx.touch(Topic::Jobs);
    Ok(ScheduleId(key))
}

pub fn get(db: &Db<'_>, id: ScheduleId) -> Result<ScheduleRow, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM schedule WHERE id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// Every schedule, the ended ones last.
pub fn list(db: &Db<'_>) -> Result<Vec<ScheduleRow>, StoreError> {
    db.all(&format!("SELECT {COLUMNS} FROM schedule ORDER BY state = 'Ended', id"), [], row)
}

/// Changes the state; resuming arms it from now, so that slots of the pause are not made up for.
pub fn set_state(tx: &Tx<'_>, id: ScheduleId, state: ScheduleState) -> Result<(), StoreError> {
    let armed = (state == ScheduleState::Active).then_some(tx.now().at_ms);
    tx.run(
        "UPDATE schedule SET state = ?2, armed_at = coalesce(?3, armed_at), version = version + 1
         WHERE id = ?1",
        (id.0, state.as_str(), armed),
    )?;
    tx.touch(Topic::Jobs);
    Ok(())
}

/// Has a slot left out.
pub fn set_skip(tx: &Tx<'_>, id: ScheduleId, slot: NaiveDateTime) -> Result<(), StoreError> {
    tx.run("UPDATE schedule SET skip_slot = ?2 WHERE id = ?1", (id.0, slot))?;
    tx.touch(Topic::Jobs);
    Ok(())
}

/// A used slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    /// Civil time in the book's zone.
    pub slot: NaiveDateTime,
    /// What became of it.
    pub state: SlotState,
    /// The run it made.
    pub subject: String,
    /// How late it began.
    pub late_minutes: i64,
}

/// Uses a slot up; false if somebody did already.
pub fn use_slot(
    tx: &Tx<'_>,
    id: ScheduleId,
    slot: NaiveDateTime,
    state: SlotState,
    subject: &str,
    late_minutes: i64,
) -> Result<bool, StoreError> {
    let made = tx.run(
        "INSERT INTO schedule_slot (schedule_id, slot, state, subject, late_minutes, at)
         VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT DO NOTHING",
        (id.0, slot, state.as_str(), subject, late_minutes, tx.now().at_ms),
    )?;
    tx.touch(Topic::Jobs);
    Ok(made == 1)
}

/// Notes which run a slot made.
pub fn set_slot_subject(
    tx: &Tx<'_>,
    id: ScheduleId,
    slot: NaiveDateTime,
    subject: &str,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE schedule_slot SET subject = ?3 WHERE schedule_id = ?1 AND slot = ?2",
        (id.0, slot, subject),
    )?;
    Ok(())
}

/// The slots a schedule has used, newest first.
pub fn slots(db: &Db<'_>, id: ScheduleId, limit: u32) -> Result<Vec<SlotRow>, StoreError> {
    db.all(
        "SELECT slot, state, subject, late_minutes FROM schedule_slot WHERE schedule_id = ?1
         ORDER BY slot DESC LIMIT ?2",
        (id.0, limit),
        |r| {
            Ok(SlotRow {
                slot: r.get(0)?,
                state: word(r, 1, SlotState::parse)?,
                subject: r.get(2)?,
                late_minutes: r.get(3)?,
            })
        },
    )
}
