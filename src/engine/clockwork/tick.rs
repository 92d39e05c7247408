//! What is due by the clock alone, while it is believed: schedules, look-ups, retries by rule, broken
//! promises. Called by whoever works (a console's threads, `daybook worker`); safe to call from many
//! at once.

use crate::config::key;
use crate::engine::care::{copies, timekeeping, zones};
use crate::engine::clockwork::{alarm, schedule};
use crate::engine::collect::retry::Which;
use crate::engine::collect::{follow_up, instalments, reconcile, retry};
use crate::engine::deliver::{bounces, receipts};
use crate::engine::guard::four_eyes;
use crate::engine::{Error, Session, trouble};
use crate::store::StoreError;
use crate::store::job::{self, JobKind};

/// What is due by the clock: its name for people, and the step, which gives how many runs or jobs it
/// made.
type Step = (&'static str, fn(&mut Session) -> Result<usize, Error>);

/// What a clock that is not believed does not begin.
const BY_THE_CLOCK: &[Step] = &[
    ("schedules", schedule::fire_due),
    ("promises", |session| follow_up::end_promises(session).map(|_| 0)),
    ("instalments", |session| instalments::end_over(session).map(|_| 0)),
    ("requests for a second person", |session| four_eyes::end_stale(session).map(|_| 0)),
    ("unanswered payments", |session| {
        Ok(usize::from(allowed(reconcile::queue(session))?.is_some()))
    }),
    ("retries", retries),
];

/// What harms nobody at any hour.
const ANYWAY: &[Step] = &[
    ("time zone data", |session| zones::watch(session).map(|()| 0)),
    ("mail of alarms", |session| alarm::mail(session).map(|_| 0)),
    ("mail that came back", |session| allowed(bounces::watch(session))),
    ("receipts of the network", |session| allowed(receipts::watch(session))),
    ("copies of the book", |session| copies::watch(session).map(|()| 0)),
];

/// Makes the runs and jobs that are due; gives how many. A step that cannot is told of, keeps the
/// others from nothing, and gives its error at the end.
pub fn tick(session: &mut Session) -> Result<usize, Error> {
    session.by_itself(due)
}

fn due(session: &mut Session) -> Result<usize, Error> {
    let (mut made, mut wrong) = (0, None);
    let mut done = |name: &str, result: Result<usize, Error>, session: &mut Session| match result {
        Ok(n) => made += n,
        Err(error) => {
            trouble::tell(session, name, &error);
            wrong.get_or_insert(error);
        }
    };
    let mut believed = false;
    let looked = trouble::fenced(|| timekeeping::look(session)).map(|yes| {
        believed = yes;
        0
    });
    done("the clock", looked, session);
    for (name, step) in BY_THE_CLOCK.iter().filter(|_| believed).chain(ANYWAY) {
        let result = trouble::fenced(|| step(session));
        done(name, result, session);
    }
    wrong.map_or(Ok(made), Err)
}

fn retries(session: &mut Session) -> Result<usize, Error> {
    if !session.config()?.is(key::AUTOMATION_RETRY) || retry_open(session)? {
        return Ok(0);
    }
    Ok(usize::from(allowed(retry::start(session, &Which::Due))?.run.is_some()))
}

/// Whether retries are on their way (two workers must not both begin them), or the last could not work.
fn retry_open(session: &Session) -> Result<bool, Error> {
    let at = session.now()?.at_ms;
    session.read(|db| {
        Ok(job::rests(db, JobKind::Retry, at)?
            || job::open(db)?.iter().any(|j| j.kind == JobKind::Retry))
    })
}

/// A worker run by somebody who may not do this leaves it to others.
fn allowed<T: Default>(result: Result<T, Error>) -> Result<T, Error> {
    match result {
        Err(Error::Store(StoreError::Forbidden { .. })) => Ok(T::default()),
        other => other,
    }
}
