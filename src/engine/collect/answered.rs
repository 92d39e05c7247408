//! The second half of the sandwich: the answers to a batch are recorded, and say how the run goes on.

use super::begin::Begun;
use super::cursor::{Cursor, set_cursor, slice_write};
use super::plain;
use super::settle::Settled;
use crate::config::key;
use crate::domain::payment::PaymentRunStatus;
use crate::domain::payment_run::SkipReason;
use crate::engine::collect::till::Till;
use crate::engine::job::Slice;
use crate::engine::{Error, Session, reach};
use crate::gateway::Outcome;
use crate::store::job::{self, JobRow, Progress, Wanted};
use crate::store::payment_run::{self, RunRow};
use crate::store::{StoreError, Tx, payment};

/// How long a run waits for a gateway that cannot be reached before it tries again, ms.
const OUTAGE_PAUSE_MS: i64 = 5 * 60_000;
/// Refusals of our own set-up in a row that stop a run.
const SET_UP_REFUSALS: u32 = 3;
/// How often one run tries an invoice whose gateway cannot be reached while others can.
const UNREACHABLE_TRIES: i64 = 3;

/// What the answers to a batch came to.
#[derive(Debug, Default)]
pub(super) struct Report {
    done: i64,
    failed: i64,
    not_sent: usize,
    /// Somebody asked for a halt.
    halted: bool,
    /// Our set-up was refused so often in a row that the run ends.
    pub(super) refused: Option<Outcome>,
}

impl Report {
    /// Whether the run simply goes on.
    pub(super) fn is_plain(&self) -> bool {
        self.refused.is_none() && self.not_sent == 0 && !self.halted
    }

    pub(super) fn progress(&self) -> Progress<'static> {
        Progress { done: self.done, failed: self.failed, ..Progress::default() }
    }

    /// For the audit trail.
    pub(super) fn words(&self, begun: usize) -> String {
        let Self { done, failed, not_sent, .. } = self;
        let begun = if begun > 0 { format!(", {begun} begun") } else { String::new() };
        format!("{done} payments taken, {failed} failed, {not_sent} not sent{begun}")
    }
}

/// Records the answers to a batch. Where some were not sent and others were, what was not for the third
/// time is left out.
pub(super) fn record(
    tx: &Tx<'_>,
    job: &JobRow,
    run: &RunRow,
    till: &Till,
    answered: &[(Begun, Outcome)],
    cursor: &mut Cursor,
) -> Result<Report, StoreError> {
    let halted = job::guard(tx, job)?.wanted != Wanted::Nothing;
    let mut report = Report { halted, ..Report::default() };
    let answers: Vec<_> = answered.iter().map(|(one, outcome)| (one.payment, outcome)).collect();
    for ((_, outcome), settled) in answers.iter().zip(plain::record_all(tx, &till.rules, &answers)?)
    {
        match settled {
            Settled::NotSent => report.not_sent += 1,
            Settled::Declined | Settled::SetUp => report.failed += 1,
            Settled::Approved | Settled::Submitted | Settled::Unknown | Settled::Already => {}
        }
        if settled != Settled::NotSent {
            report.done += 1;
        }
        cursor.refusals = if settled == Settled::SetUp { cursor.refusals + 1 } else { 0 };
        if cursor.refusals >= SET_UP_REFUSALS {
            report.refused = Some((*outcome).clone());
        }
    }
    if report.not_sent < answered.len() {
        cursor.outage_since = None;
        if !halted {
            leave_unreachable(tx, run, answered)?;
        }
    }
    Ok(report)
}

/// Records the last answers of a slice and says how the run goes on; `refused` is what an earlier
/// batch of it ends the run for.
pub(super) fn conclude(
    session: &mut Session,
    job: &JobRow,
    run: &RunRow,
    till: &Till,
    answered: &[(Begun, Outcome)],
    (mut cursor, refused): (Cursor, Option<Outcome>),
) -> Result<Slice, Error> {
    let unreachable = |outcome: &Outcome| matches!(outcome, Outcome::Unreachable { .. });
    // A line that we have not, a worker may have: then the run does not wait, but is left to it.
    let elsewhere = answered
        .iter()
        .all(|(one, outcome)| unreachable(outcome) && reach::elsewhere(session, &one.gateway));
    let slice = slice_write(session, job, |tx| {
        let report = record(tx, job, run, till, answered, &mut cursor)?;
        let (now, halted) = (tx.now().at_ms, report.halted);
        if report.not_sent == answered.len() && !halted && !elsewhere {
            cursor.outage_since.get_or_insert(now);
        } else {
            cursor.outage_since = None;
        }
        set_cursor(tx, job, &cursor, &report.progress())?;
        tx.note(run.id, report.words(0));
        if let Some(Outcome::SetUp { code, words }) = refused.or(report.refused) {
            let why =
                format!("stopped: the gateway refused our set-up three times ({code}: {words})");
            super::steer::end(tx, run.id, &why)?;
            return Ok(Slice::Done);
        }
        if let Some(since) = cursor.outage_since {
            let limit = till.config.int(key::PAYMENT_WAIT_HOURS) * 3_600_000;
            if now - since >= limit {
                super::steer::end(tx, run.id, "stopped: the gateway could not be reached")?;
                return Ok(Slice::Done);
            }
            let note = "waits: the gateway cannot be reached";
            payment_run::set_status(tx, run.id, PaymentRunStatus::Processing, note)?;
            return Ok(Slice::Wait { until_ms: now + OUTAGE_PAUSE_MS });
        }
        Ok(if elsewhere && !halted { Slice::Leave } else { Slice::More })
    })?;
    if let (Slice::Leave, Some((_, Outcome::Unreachable { why }))) = (slice, answered.first()) {
        session.reach.leave(job.id, why);
    }
    Ok(slice)
}

/// While others get through, an invoice whose gateway could not be reached several times is left
/// out, so that the run ends.
fn leave_unreachable(
    tx: &Tx<'_>,
    run: &RunRow,
    answered: &[(Begun, Outcome)],
) -> Result<(), StoreError> {
    for (one, outcome) in answered {
        if !matches!(outcome, Outcome::Unreachable { .. }) {
            continue;
        }
        for allocation in payment::allocations(tx, one.payment)? {
            let document = allocation.document;
            if payment_run::canceled_tries(tx, run.id, document)? >= UNREACHABLE_TRIES {
                payment_run::leave_out(tx, run.id, document, SkipReason::Unreachable)?;
            }
        }
    }
    Ok(())
}
