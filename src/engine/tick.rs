//! What is due by the clock alone: schedules, look-ups, retries by rule, broken promises. Called by
//! whoever works (a console's threads, `daybook worker`); safe to call from many at once.

use super::retry::Which;
use super::{Error, Session, alarm, copies, follow_up, four_eyes, reconcile, retry, schedule};
use crate::store::StoreError;
use crate::store::job::{self, JobKind};

/// Makes the runs and jobs that are due; gives how many.
pub fn tick(session: &mut Session) -> Result<usize, Error> {
    let mut made = schedule::fire_due(session)?;
    alarm::mail(session)?;
    copies::watch(session)?;
    follow_up::end_promises(session)?;
    four_eyes::end_stale(session)?;
    made += usize::from(allowed(reconcile::queue(session))?.is_some());
    if session.config()?.is("automation.retry") && !retry_open(session)? {
        made += usize::from(allowed(retry::start(session, &Which::Due))?.run.is_some());
    }
    Ok(made)
}

/// Whether retries are on their way: two workers must not both begin them.
fn retry_open(session: &Session) -> Result<bool, Error> {
    session.read(|db| Ok(job::open(db)?.iter().any(|j| j.kind == JobKind::Retry)))
}

/// A worker run by somebody who may not do this leaves it to others.
fn allowed<T: Default>(result: Result<T, Error>) -> Result<T, Error> {
    match result {
        Err(Error::Store(StoreError::Forbidden { .. })) => Ok(T::default()),
        other => other,
    }
}
