//! Background work and schedules.

use super::{
    Ask, Field, Filter, Fit, Key, ListArgs, ListRow, Order, Page, ReadError, Sort, Spec, Totals,
};
use crate::domain::ids::{JobId, ScheduleId};
use crate::domain::money::Money;
use crate::store::face::Row;
use crate::store::job::{JobKind, JobState};
use crate::store::{Db, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub id: JobId,
    /// Where it stands in the list.
    pub key: Key,
    /// `bill`, `post`, `collect`, `retry`, `reconcile`, `deliver`, `print`.
    pub kind: String,
    /// What it works on (`BR-000007`).
    pub subject: String,
    /// `Waiting`, `Running`, `Paused`, `Done`, `Canceled`, `Failed`.
    pub state: String,
    /// `pause`, `cancel` or nothing: asked for, not yet followed.
    pub wanted: String,
    /// Who drives it.
    pub holder: String,
    /// Pieces done.
    pub done: i64,
    /// Of these, failed.
    pub failed: i64,
    /// Pieces altogether.
    pub total: i64,
    /// What went wrong.
    pub error: String,
    /// For whom it waits, if the process that shows it cannot do it; filled by `engine::query`.
    pub waits: String,
    /// Who started it.
    pub user: String,
    /// UTC milliseconds.
    pub created_at: i64,
    /// UTC milliseconds.
    pub started_at: Option<i64>,
    /// UTC milliseconds.
    pub ended_at: Option<i64>,
    /// What a posting left behind or a bill run could not rate, and why: the first of them.
    pub refused: Vec<(String, String)>,
}

impl JobRow {
    /// How much there is to do, where the job knows; what was counted and is passed is none.
    pub fn whole(&self) -> Option<i64> {
        (self.total >= self.done.max(1)).then_some(self.total)
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "Waiting" | "Running" | "Paused")
    }
}

impl ListRow for JobRow {
    fn id(&self) -> i64 {
        self.id.0
    }
    fn version(&self) -> i64 {
        0
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        None
    }
    fn is_exception(&self) -> bool {
        self.failed > 0 || !self.error.is_empty()
    }
}

/// What every reading of a job takes.
macro_rules! head {
    () => {
        "j.kind, j.subject, j.state, j.wanted, j.holder, j.done, j.failed, j.total, j.error, \
         j.user_name, j.created_at, j.started_at, j.ended_at"
    };
}

pub(super) const SPEC: Spec = Spec {
    columns: concat!(
        head!(),
        ", CASE WHEN j.failed = 0 THEN '[]' \
         WHEN j.kind = 'post' AND j.detail <> '' THEN (SELECT json_group_array(json_array( \
           r.value ->> 'what', r.value ->> 'reason')) \
           FROM (SELECT value FROM json_each(j.detail, '$.refused') LIMIT 50) r) \
         WHEN j.kind = 'bill' THEN (SELECT json_group_array(json_array(r.number, r.reason)) \
           FROM (SELECT a.number, f.reason FROM bill_run_failure f JOIN account a \
             ON a.id = f.account_id WHERE f.run_id = CAST(substr(j.subject, 4) AS INTEGER) \
             LIMIT 50) r) \
         ELSE '[]' END"
    ),
    from: "job j",
    narrow: "job j",
    base: "1",
    id: "j.id",
    version: "0",
    money: None,
    found: None,
    words: &["j.subject", "j.kind", "j.user_name", "j.error"],
    fields: &[
        (Field::Status, Ask::Word("j.state", JobState::WORDS)),
        (Field::Kind, Ask::Word("j.kind", JobKind::WORDS)),
        (Field::User, Ask::Same("j.user_name")),
        (Field::Subject, Ask::Same("j.subject")),
    ],
    orders: &[
        Order { sort: Sort::Newest, by: "j.id", descending: true },
        Order { sort: Sort::Oldest, by: "j.id", descending: false },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        id: JobId(key.id),
        key,
        kind: row.get(2)?,
        subject: row.get(3)?,
        state: row.get(4)?,
        wanted: row.get(5)?,
        holder: row.get(6)?,
        done: row.get(7)?,
        failed: row.get(8)?,
        total: row.get(9)?,
        error: row.get(10)?,
        waits: String::new(),
        user: row.get(11)?,
        created_at: row.get(12)?,
        started_at: row.get(13)?,
        ended_at: row.get(14)?,
        refused: serde_json::from_str(row.text(15)?)
            .map_err(|e| StoreError::Corrupt(format!("job.detail: {e}")))?,
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<JobRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many match.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    super::totals(db, &SPEC, filter)
}

/// Jobs that are not over, newest first, at most ten: the strip on every screen.
pub fn open(db: &Db<'_>) -> Result<Vec<JobRow>, ReadError> {
    let sql = format!(
        "SELECT j.id, j.id, {}, '[]' FROM job j WHERE j.state IN ('Waiting','Running','Paused') \
         ORDER BY j.id DESC LIMIT 10",
        head!()
    );
    Ok(db.all(&sql, [], |r| {
        let id = r.get(0)?;
        map(r, Key { value: super::KeyValue::Int(id), id })
    })?)
}

/// The jobs that ended last, newest first, at most five.
pub fn ended(db: &Db<'_>) -> Result<Vec<JobRow>, ReadError> {
    let sql = format!(
        "SELECT j.id, j.id, {}, '[]' FROM job j WHERE j.state IN ('Done','Canceled','Failed') \
         ORDER BY j.id DESC LIMIT 5",
        head!()
    );
    Ok(db.all(&sql, [], |r| {
        let id = r.get(0)?;
        map(r, Key { value: super::KeyValue::Int(id), id })
    })?)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    pub id: ScheduleId,
    pub name: String,
    /// `bill` or `collect`.
    pub kind: String,
    /// `daily`, `weekly mon,thu`, `monthly 31`.
    pub every: String,
    /// Minute of the day in the book's zone.
    pub at_minute: i64,
    /// `Active`, `Paused`, `Ended`.
    pub state: String,
    /// Who is told.
    pub owner: String,
}

/// Every schedule that has not ended.
pub fn schedules(db: &Db<'_>) -> Result<Vec<ScheduleRow>, ReadError> {
    Ok(db.all(
        "SELECT id, name, kind, every, at_minute, state, owner_name FROM schedule \
         WHERE state <> 'Ended' ORDER BY id LIMIT 100",
        [],
        |r| {
            Ok(ScheduleRow {
                id: ScheduleId(r.get(0)?),
                name: r.get(1)?,
                kind: r.get(2)?,
                every: r.get(3)?,
                at_minute: r.get(4)?,
                state: r.get(5)?,
                owner: r.get(6)?,
            })
        },
    )?)
}
