//! How far a payment run has come, kept in its job.

use crate::domain::actor::Verb;
use crate::engine::{Error, Session};
use crate::store::job::{self, JobKind, JobRow, Progress};
use crate::store::{StoreError, Tx, json};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Where a run goes on: the cursor of its job. Every field is written, and must be there
/// where what is missing would say "picked, and looked at".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// Due date and document after which picking goes on; none = picking is over.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) pick_after: Option<(NaiveDate, i64)>,
    /// The list is whole, and nobody has looked yet whether it may be charged.
    pub(super) unguarded: bool,
    /// A person has looked at the list: what joins it is not guarded again.
    #[serde(default)]
    pub(super) looked: bool,
    /// Refusals of our set-up in a row.
    pub(super) refusals: u32,
    /// When the gateway could first not be reached, UTC ms.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) outage_since: Option<i64>,
}

impl Cursor {
    /// Reads it; a run whose place cannot be read charges nobody.
    pub(super) fn of(job: &JobRow) -> Result<Self, StoreError> {
        job.place()
    }
}

/// Notes where a run goes on, with its progress.
pub(super) fn set_cursor(
    tx: &Tx<'_>,
    job: &JobRow,
    cursor: &Cursor,
    progress: &Progress<'_>,
) -> Result<(), StoreError> {
    let text = json::text(cursor)?;
    job::progress(tx, job.id, &Progress { cursor: Some(&text), ..progress.clone() })
}

/// A transaction of a slice, refused if somebody else took the job over.
pub(super) fn slice_write<T>(
    session: &mut Session,
    job: &JobRow,
    work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, Error> {
    let verb = if job.kind == JobKind::Retry { Verb::Retry } else { Verb::Collect };
    session.write(verb, |tx| {
        job::guard(tx, job)?;
        Ok(work(tx)?)
    })
}
