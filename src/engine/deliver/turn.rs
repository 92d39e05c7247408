//! What every job that delivers does between its slices: it obeys, and it rests where nothing is due.

use crate::domain::actor::Verb;
use crate::engine::job::Slice;
use crate::engine::{Error, Session};
use crate::store::job::{self, JobKind, JobRow, JobState, Wanted};
use crate::store::{Db, StoreError};

/// Pauses or ends the job if somebody asked. `what` is what is noted of: `mail`, and what it does: `sending`.
pub(super) fn obeys(
    session: &mut Session,
    row: &JobRow,
    (subject, does): (&str, &str),
) -> Result<bool, Error> {
    let state = match row.wanted {
        Wanted::Nothing => return Ok(false),
        Wanted::Pause => JobState::Paused,
        Wanted::Cancel => JobState::Canceled,
    };
    session.write(Verb::Deliver, |tx| {
        job::guard(tx, row)?;
        tx.note(subject, format!("{does} {state}"));
        job::set_state(tx, row.id, state, "")?;
        Ok(true)
    })
}

/// Nothing is due: waits for the next turn, or leaves it to another job of its subject that waits already.
pub(super) fn rest(
    session: &mut Session,
    row: &JobRow,
    subject: &str,
    next_due: impl FnOnce(&Db<'_>) -> Result<Option<i64>, StoreError>,
) -> Result<Slice, Error> {
    let Some(until_ms) = session.read(next_due)? else { return Ok(Slice::Done) };
    let other = session.write(Verb::Deliver, |tx| {
        tx.quiet();
        job::guard(tx, row)?;
        Ok(job::wake(tx, JobKind::Deliver, subject, until_ms)?)
    })?;
    Ok(if other.is_some() { Slice::Done } else { Slice::Wait { until_ms } })
}
