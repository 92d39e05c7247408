//! Pausing, resuming and stopping a payment run: always before the next charge.

use super::cursor::Cursor;
use crate::domain::actor::Verb;
use crate::domain::ids::{JobId, PaymentRunId};
use crate::domain::payment::PaymentRunStatus;
use crate::domain::payment_run::SkipReason;
use crate::engine::collect::settle;
use crate::engine::{Error, Session};
use crate::store::job::{self, JobKind, JobRow, JobState, Wanted};
use crate::store::payment_run::{self, RunRow};
use crate::store::{Db, StoreError, Tx, payment};

/// Asks a run to halt before its next charge; one that nobody drives halts at once.
pub fn pause(session: &mut Session, run: PaymentRunId) -> Result<(), Error> {
    session.write(Verb::Collect, |tx| {
        let job = open_job(tx, run)?;
        match job.state {
            JobState::Running => job::want(tx, job.id, Wanted::Pause)?,
            JobState::Waiting => {
                payment_run::set_status(tx, run, PaymentRunStatus::Paused, "")?;
                job::set_state(tx, job.id, JobState::Paused, "")?;
            }
            JobState::Paused => return Err(already(run, "paused already")),
            JobState::Done | JobState::Canceled | JobState::Failed => {
                return Err(already(run, "over"));
            }
        }
        tx.note(run, "pause asked");
        Ok(())
    })
}

/// Lets a paused (or waiting) run go on; gives the job to drive.
pub fn resume(session: &mut Session, run: PaymentRunId) -> Result<JobId, Error> {
    session.write(Verb::Collect, |tx| {
        let job = open_job(tx, run)?;
        if job.state != JobState::Paused {
            // Its worker died, or it waits for a moment: whoever asks drives it.
            job::want(tx, job.id, Wanted::Nothing)?;
            tx.note(run, "taken up again");
            return Ok(job.id);
        }
        let started = payment_run::get(tx, run)?.started_at.is_some();
        let status = if started { PaymentRunStatus::Processing } else { PaymentRunStatus::Pending };
        payment_run::set_status(tx, run, status, "")?;
        job::set_state(tx, job.id, JobState::Waiting, "")?;
        let more = joined(&payment_run::get(tx, run)?, &job)?;
        tx.note(run, format!("resumed{more}"));
        Ok(job.id)
    })
}

/// What a paused run takes beside its list when it is resumed, as words; empty where nothing.
pub fn takes_too(db: &Db<'_>, run: PaymentRunId) -> Result<String, Error> {
    let job = open_job(db, run)?;
    joined(&payment_run::get(db, run)?, &job)
}

fn joined(run: &RunRow, job: &JobRow) -> Result<String, Error> {
    let paused = run.started_at.is_some() && job.kind == JobKind::Collect;
    if !paused || !Cursor::of(job)?.looked {
        return Ok(String::new());
    }
    Ok(format!("; takes also what has become due by {}", run.target_on))
}

/// Ends a run before its next charge; what was not charged is counted as stopped.
pub fn stop(session: &mut Session, run: PaymentRunId) -> Result<(), Error> {
    session.write(Verb::Collect, |tx| {
        let job = open_job(tx, run)?;
        match job.state {
            JobState::Running => {
                tx.note(run, "stop asked");
                job::want(tx, job.id, Wanted::Cancel)?;
            }
            JobState::Waiting | JobState::Paused => {
                end(tx, run, "stopped by a clerk")?;
                job::set_state(tx, job.id, JobState::Canceled, "")?;
            }
            JobState::Done | JobState::Canceled | JobState::Failed => {
                return Err(already(run, "over"));
            }
        }
        Ok(())
    })
}

/// Ends a run early: the rest of its list is left out. What a dead maker left without an answer is
/// looked up from now on.
pub fn end(tx: &Tx<'_>, run: PaymentRunId, why: &str) -> Result<(), StoreError> {
    for begun in payment::begun_in_run(tx, run)? {
        settle::unanswered(tx, &begun, "its run was stopped before an answer was recorded")?;
    }
    let left = payment_run::skip_rest(tx, run, SkipReason::Stopped)?;
    payment_run::set_status(tx, run, PaymentRunStatus::Stopped, why)?;
    tx.note(run, format!("{why}; {left} invoices were not tried"));
    Ok(())
}

/// The job of a run that may still do something.
fn open_job(db: &Db<'_>, run: PaymentRunId) -> Result<JobRow, Error> {
    payment_run::get(db, run)?;
    let subject = run.to_string();
    for kind in [JobKind::Collect, JobKind::Retry] {
        if let Some(job) = job::newest(db, kind, &subject)?.filter(|j| j.state.is_open()) {
            return Ok(job);
        }
    }
    Err(already(run, "over"))
}

fn already(run: PaymentRunId, what: &str) -> Error {
    Error::usage("wrong_state", format!("{run} is {what}"), "")
}
