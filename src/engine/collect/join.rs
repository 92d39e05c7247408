//! A slot of a schedule whose last run still waits for a person: it makes no second run over the same
//! invoices. The waiting one takes what has become due as well when it is resumed.

use super::cursor::{Cursor, set_cursor};
use super::pick;
use crate::domain::ids::{PaymentRunId, ScheduleId};
use crate::domain::run_params::RunFilter;
use crate::engine::Error;
use crate::store::job::{self, JobKind, Progress};
use crate::store::{StoreError, Tx, payment_run};
use chrono::NaiveDate;

/// The run of a schedule that is paused, and takes what is due by `target_on` too from now on; none
/// where nothing waits.
pub fn join(
    tx: &Tx<'_>,
    schedule: ScheduleId,
    target_on: NaiveDate,
) -> Result<Option<PaymentRunId>, Error> {
    let Some(run) = payment_run::paused_of_schedule(tx, schedule)? else { return Ok(None) };
    let row = payment_run::get(tx, run)?;
    let RunFilter::Due(mut new) = row.filter.read()? else {
        return Err(
            StoreError::Corrupt(format!("{run} of {schedule} picks without a filter")).into()
        );
    };
    new.target_on = row.target_on.max(target_on);
    let day = new.target_on;
    payment_run::widen(tx, run, day, &RunFilter::Due(new))?;
    let job = job::newest(tx, JobKind::Collect, &run.to_string())?.filter(|j| j.state.is_open());
    // One that never began to pick does so with the new day.
    if let Some(job) = job.filter(|_| row.started_at.is_some()) {
        let cursor = Cursor::of(&job)?;
        let listed = cursor.pick_after.is_none() && !cursor.unguarded;
        let again = Cursor {
            pick_after: Some((pick::beginning().0, 0)),
            looked: cursor.looked || listed,
            ..cursor
        };
        set_cursor(tx, &job, &again, &Progress::default())?;
    }
    Ok(Some(run))
}
