//! Steering a bill run: pause, resume, cancel (also what is left after a posting).

use crate::domain::actor::Verb;
use crate::domain::document::{BillRunStatus, DocumentStatus};
use crate::domain::ids::{BillRunId, DocumentId, JobId};
use crate::engine::job::Slice;
use crate::engine::{Error, Session};
use crate::store::bill_run::{self, RunDocuments, RunTotal};
use crate::store::document;
use crate::store::job::{self, JobKind, JobRow, JobSpec, JobState, Progress, Wanted};

/// Cursor of a bill job that releases drafts instead of making them.
pub const CANCEL: &str = "cancel";
/// Drafts released in one slice.
const RELEASE: u32 = 200;

fn job_of(tx: &crate::store::Tx<'_>, run: BillRunId) -> Result<JobRow, Error> {
    job::newest(tx, JobKind::Bill, &run.to_string())?
        .ok_or_else(|| Error::Bug(format!("{run} has no job")))
}

/// Halts a run before its next account.
pub fn pause(session: &mut Session, run: BillRunId) -> Result<(), Error> {
    session.write(Verb::Bill, |tx| {
        let row = bill_run::get(tx, run)?;
        if !matches!(row.status, BillRunStatus::Pending | BillRunStatus::Processing) {
            return Err(not_now(run, row.status, "paused"));
        }
        let job = job_of(tx, run)?;
        if job.state == JobState::Running {
            job::want(tx, job.id, Wanted::Pause)?;
        } else {
            if row.status == BillRunStatus::Pending {
                bill_run::set_status(tx, run, BillRunStatus::Processing, "")?;
            }
            bill_run::set_status(tx, run, BillRunStatus::Paused, "")?;
            job::set_state(tx, job.id, JobState::Paused, "")?;
        }
        tx.note(run, "pause asked for");
        Ok(())
    })
}

/// Lets a paused (or orphaned) run go on; gives the job to drive.
pub fn resume(session: &mut Session, run: BillRunId) -> Result<JobId, Error> {
    session.write(Verb::Bill, |tx| {
        let row = bill_run::get(tx, run)?;
        let job = job_of(tx, run)?;
        match row.status {
            BillRunStatus::Paused => {
                bill_run::set_status(tx, run, BillRunStatus::Processing, "")?;
                job::set_state(tx, job.id, JobState::Waiting, "")?;
                tx.note(run, "resumed");
            }
            // Its worker died or it waits: whoever asks drives it.
            BillRunStatus::Pending | BillRunStatus::Processing => {
                job::want(tx, job.id, Wanted::Nothing)?;
                if job.state == JobState::Failed {
                    job::set_state(tx, job.id, JobState::Waiting, "")?;
                }
                tx.note(run, "taken up again");
            }
            BillRunStatus::Completed
            | BillRunStatus::Posting
            | BillRunStatus::Posted
            | BillRunStatus::Canceled
            | BillRunStatus::Error => return Err(not_now(run, row.status, "resumed")),
        }
        Ok(job.id)
    })
}

/// Cancels a run that has posted nothing, or what is left of one that has; gives the job that
/// releases the drafts, and what is thrown away.
pub fn cancel(session: &mut Session, run: BillRunId) -> Result<(JobId, RunDocuments), Error> {
    session.write(Verb::CancelRun, |tx| {
        let row = bill_run::get(tx, run)?;
        let counts = bill_run::documents(tx, run)?;
        let old = job_of(tx, run)?;
        match row.status {
            BillRunStatus::Posting => return Err(not_now(run, row.status, "canceled")),
            BillRunStatus::Canceled | BillRunStatus::Error => {
                return Err(not_now(run, row.status, "canceled"));
            }
            BillRunStatus::Posted if counts.drafts == 0 => {
                return Err(Error::usage(
                    "all_posted",
                    format!("{run} has no drafts left: every document is posted"),
                    "adjust or reverse posted invoices instead",
                ));
            }
            BillRunStatus::Completed if counts.posted > 0 => {}
            BillRunStatus::Posted => {}
            BillRunStatus::Pending
            | BillRunStatus::Processing
            | BillRunStatus::Paused
            | BillRunStatus::Completed => {
                bill_run::set_status(tx, run, BillRunStatus::Canceled, "")?;
            }
        }
        if old.state == JobState::Running {
            job::want(tx, old.id, Wanted::Cancel)?;
        } else if old.state.is_open() {
            job::set_state(tx, old.id, JobState::Canceled, "")?;
        }
        let job = job::insert(tx, &JobSpec::Bill { run }, &run.to_string(), counts.drafts)?;
        job::progress(tx, job, &Progress { cursor: Some(CANCEL), ..Progress::default() })?;
        tx.note(
            run,
            format!(
                "canceled: {} drafts thrown away ({} edited, {} accepted, {} held)",
                counts.drafts, counts.edited, counts.accepted, counts.held
            ),
        );
        Ok((job, counts))
    })
}

/// Releases some drafts of a canceled run, by id. A credit on which another document was billed
/// that is not thrown away with it stays a draft: releasing it would bill those days twice.
pub(in crate::engine) fn release_slice(
    session: &mut Session,
    job: &JobRow,
    run: BillRunId,
) -> Result<Slice, Error> {
    let after: i64 = match job.cursor.strip_prefix(CANCEL) {
        Some("") => 0,
        place => {
            let place = place.and_then(|p| p.strip_prefix(':')?.parse().ok());
            place.ok_or_else(|| job.lost())?
        }
    };
    session.write(Verb::CancelRun, |tx| {
        job::guard(tx, job)?;
        let now = document::drafts_of_run(tx, run, DocumentId(after), RELEASE)?;
        let Some(last) = now.last() else {
            tx.quiet();
            return Ok(Slice::Done);
        };
        let (mut released, mut kept) = (0, 0);
        for draft in &now {
            if kept_by(tx, draft.id, run)? {
                kept += 1;
                continue;
            }
            document::cancel_draft(tx, draft.id)?;
            let less = RunTotal {
                documents: -1,
                subtotal_minor: -draft.subtotal_minor,
                tax_minor: -draft.tax_minor,
                total_minor: -draft.total_minor,
            };
            bill_run::add_total(tx, run, draft.currency, &less)?;
            bill_run::uncount(tx, run, draft.kind)?;
            released += 1;
        }
        let cursor = format!("{CANCEL}:{}", last.id.0);
        let progress =
            Progress { done: released, failed: kept, cursor: Some(&cursor), detail: None };
        job::progress(tx, job.id, &progress)?;
        tx.note(run, format!("{released} drafts released"));
        Ok(Slice::More)
    })
}

/// Whether a document outside what is thrown away was billed on a credit of this draft.
fn kept_by(tx: &crate::store::Tx<'_>, draft: DocumentId, run: BillRunId) -> Result<bool, Error> {
    let Some(other) = document::billed_on_its_credit(tx, draft)? else { return Ok(false) };
    let other = document::get(tx, other)?;
    Ok(other.run != Some(run) || other.status != DocumentStatus::Draft)
}

fn not_now(run: BillRunId, status: BillRunStatus, word: &str) -> Error {
    Error::usage("wrong_state", format!("{run} is {status} and cannot be {word}"), "")
}
