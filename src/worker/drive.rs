//! Claiming a job, looping over its slices, following one that another process drives.

use crate::domain::actor::{Actor, Verb};
use crate::domain::ids::JobId;
use crate::domain::text;
use crate::engine::clockwork::tick::tick;
use crate::engine::job::{Ports, Slice};
use crate::engine::runners::runner;
use crate::engine::{Error, Session, reach, trouble};
use crate::store::StoreError;
use crate::store::hold::Work;
use crate::store::job::{self, JobRow, JobState};
use crate::store::notice::{self, NoticeLevel};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a process looks at a job that another one drives.
const LOOK: Duration = Duration::from_millis(100);

/// What a caller does while a job goes on.
pub trait Follow {
    /// Called after each slice, or each look at somebody else's job.
    fn progress(&mut self, job: &JobRow);
    /// Called while the job waits for a process that can do it, with who that is and why.
    fn waits(&mut self, job: &JobRow, words: &str) {
        let _ = (job, words);
    }
    /// Whether the caller wants to leave; the job stays as it is.
    fn leave(&mut self) -> bool;
}

impl Follow for &AtomicBool {
    fn progress(&mut self, _job: &JobRow) {}
    fn leave(&mut self) -> bool {
        self.load(Ordering::Relaxed)
    }
}

/// How driving ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The job is over: Done, Canceled or Failed.
    Over(JobRow),
    /// The caller left, or the job waits for a later moment.
    Left(JobRow),
}

impl Ended {
    /// The row as last seen.
    pub fn job(&self) -> &JobRow {
        match self {
            Self::Over(job) | Self::Left(job) => job,
        }
    }
}

/// Drives a job to its end: claims it, or follows whoever holds it and takes over if they die.
/// A paused job is waited for, unless the caller leaves. One that this process cannot do is left to
/// who can; where nobody lives who could, that is said after a while.
pub fn drive(
    session: &mut Session,
    id: JobId,
    ports: &Ports,
    follow: &mut dyn Follow,
) -> Result<Ended, Error> {
    let patience = reach::patience(session)?;
    let mut alone: Option<Instant> = None;
    let mut beat = None;
    loop {
        let row = session.read(|db| job::get(db, id))?;
        follow.progress(&row);
        if !row.state.is_open() {
            return Ok(Ended::Over(row));
        }
        if follow.leave() {
            return Ok(Ended::Left(row));
        }
        let not_due = row.not_before_at > session.now()?.at_ms;
        if row.state == JobState::Waiting && not_due {
            return Ok(Ended::Left(row));
        }
        if row.state != JobState::Paused
            && let Some(waits) = reach::hindered(session, &row)?
        {
            follow.waits(&row, &waits.words());
            let moves = std::mem::replace(&mut beat, row.beat_at) != row.beat_at;
            if moves || !waits.who.is_empty() {
                alone = None;
            } else if alone.get_or_insert_with(Instant::now).elapsed() >= patience {
                let what = format!("{} {}", row.kind, row.subject);
                return Err(Error::NoWorker(format!("{what} {}", waits.words())));
            }
            std::thread::sleep(LOOK);
            continue;
        }
        if row.state != JobState::Paused
            && let Some(lock) = session.store.hold(Work::Job(id))?
        {
            hold(session, id, ports, follow)?;
            drop(lock);
        } else {
            std::thread::sleep(LOOK);
        }
    }
}

/// Makes what is due by the clock, then drives every job that is due and free, once each; gives
/// how many things were done. What another live process holds is left to it.
pub fn work(session: &mut Session, ports: &Ports, stop: &AtomicBool) -> Result<usize, Error> {
    // What one of them cannot do keeps the others from nothing; it is told, and given at the end.
    let mut wrong = reach::announce(session).err();
    let mut driven = match tick(session) {
        Ok(made) => made,
        Err(error) => {
            wrong.get_or_insert(error);
            0
        }
    };
    for row in session.read(job::open)? {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let due = row.not_before_at <= session.now()?.at_ms;
        if row.state == JobState::Paused || !due {
            continue;
        }
        if let Some(waits) = reach::hindered(session, &row)? {
            reach::tell(session, &waits)?;
            continue;
        }
        let lock = match session.store.hold(Work::Job(row.id)) {
            Ok(Some(lock)) => lock,
            Ok(None) => continue,
            Err(error) => {
                let error = Error::from(error);
                trouble::tell(session, "jobs", &error);
                wrong.get_or_insert(error);
                continue;
            }
        };
        let mut follow: &AtomicBool = stop;
        match hold(session, row.id, ports, &mut follow) {
            Ok(true) => driven += 1,
            Ok(false) => {}
            // The reason is on the job row, in the log and on Today.
            Err(error) if trouble::passes(&error) => {}
            Err(error) if error.is_passing() => {
                tracing::error!(job = %row.id, %error, "the book cannot be used now");
                wrong.get_or_insert(error);
            }
            Err(error) => tracing::error!(job = %row.id, %error, "job failed"),
        }
        drop(lock);
    }
    wrong.map_or(Ok(driven), Err)
}

/// Loops over the slices while this process holds the kernel lock. False if the job was not to be
/// had after all.
fn hold(
    session: &mut Session,
    id: JobId,
    ports: &Ports,
    follow: &mut dyn Follow,
) -> Result<bool, Error> {
    let holder = format!("pid {}", std::process::id());
    let row = session.read(|db| job::get(db, id))?;
    let told = reach::answered(session, &row)?;
    let claimed = session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        let claimed = job::claim(tx, id, &holder)?;
        for key in told.iter().filter(|_| claimed.is_some()) {
            if notice::is_open(tx, key)? {
                notice::done(tx, key)?;
            }
        }
        Ok(claimed)
    })?;
    let Some(mut row) = claimed else { return Ok(false) };
    // A job acts for who started it, whoever's process runs it.
    let caller =
        std::mem::replace(&mut session.actor, Actor { uid: row.uid, name: row.user_name.clone() });
    let result =
        trouble::fenced(|| session.by_itself(|session| slices(session, &mut row, ports, follow)));
    let result = match result {
        Err(error) => fail(session, &row, error),
        Ok(()) => Ok(()),
    };
    session.actor = caller;
    result.map(|()| true)
}

fn slices(
    session: &mut Session,
    row: &mut JobRow,
    ports: &Ports,
    follow: &mut dyn Follow,
) -> Result<(), Error> {
    let mut runner = runner(row.spec()?);
    loop {
        if follow.leave() {
            return set(session, row, JobState::Waiting);
        }
        let slice = match runner.slice(session, row, ports) {
            // Another clerk's long write: not our failure, try again.
            Err(Error::Store(StoreError::Busy | StoreError::Importing(_))) => Slice::More,
            other => other?,
        };
        let id = row.id;
        let seen = session.read(|db| job::get(db, id))?;
        if seen.epoch != row.epoch {
            return Ok(());
        }
        *row = seen;
        follow.progress(row);
        match slice {
            Slice::More => {}
            Slice::Leave => return set(session, row, JobState::Waiting),
            Slice::Done => return set(session, row, JobState::Done),
            Slice::Halted => return Ok(()),
            Slice::Wait { until_ms } => {
                return session.write(Verb::Housekeeping, |tx| {
                    tx.quiet();
                    job::guard(tx, row)?;
                    Ok(job::wait_until(tx, id, until_ms)?)
                });
            }
        }
    }
}

fn set(session: &mut Session, row: &JobRow, state: JobState) -> Result<(), Error> {
    session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        job::guard(tx, row)?;
        Ok(job::set_state(tx, row.id, state, "")?)
    })
}

/// Records why a job could not go on. Taken over by another process is no failure of the job.
fn fail(session: &mut Session, row: &JobRow, error: Error) -> Result<(), Error> {
    if matches!(error, Error::Store(StoreError::Stale { .. })) {
        return Ok(());
    }
    // The machine's failure is not the job's: it goes on where it stopped, like a dead process's.
    if error.is_passing() {
        return Err(error);
    }
    let text = text::said(&error.to_string(), 500);
    let told = session.write(Verb::Housekeeping, |tx| {
        let words = format!("{} job {} failed: {text}", row.kind, row.id);
        tx.note(&row.subject, &words);
        job::guard(tx, row)?;
        let key = format!("failed {} {}", row.id, row.epoch);
        notice::add(tx, NoticeLevel::Warning, &row.subject, &words, &key)?;
        Ok(job::set_state(tx, row.id, JobState::Failed, &text)?)
    });
    if let Err(second) = told {
        tracing::error!(job = %row.id, error = %second, "a failure could not be recorded");
    }
    Err(error)
}
