//! The slices of a payment run: wait, pick, recover, charge, end.

use super::answered::{conclude, record};
use super::begin;
use super::call::{self, Halt, Verdict};
use super::cursor::{Cursor, set_cursor, slice_write};
use super::{again, pick, picking};
use crate::domain::document::BillRunStatus;
use crate::domain::ids::PaymentRunId;
use crate::domain::payment::PaymentRunStatus;
use crate::domain::payment_run::SkipReason;
use crate::engine::collect::gateway_clock;
use crate::engine::collect::settle::{self, Settled};
use crate::engine::collect::till::Till;
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::{Error, Session};
use crate::gateway::Outcome;
use crate::store::job::{self, JobKind, JobRow, JobState, Progress, Wanted};
use crate::store::payment;
use crate::store::payment_run::{self, RunRow};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a waiting run looks at its bill run, ms of the book's time.
const LOOK_AT_BILL_RUN_MS: i64 = 60_000;
/// Most payments in one batch.
const MOST: usize = 400;
/// Payments of an interrupted slice cleared up at once.
const RECOVER: usize = 100;
/// How long a transaction of a run is to hold the write lock: well below the 50 ms that others are
/// promised, for a commit may be slow.
const LOCK: Duration = Duration::from_millis(20);
/// Most batches of one slice.
const BATCHES: u32 = 8;
/// How long a slice goes on, so that a run tells how far it has come and hears of a wish.
const SLICE: Duration = Duration::from_millis(200);

/// The runner of `collect` and `retry` jobs.
pub struct Collect {
    run: PaymentRunId,
    till: Option<Till>,
    halt: Option<Arc<Halt>>,
    batch: usize,
}

impl Collect {
    /// Of a run.
    pub fn new(run: PaymentRunId) -> Self {
        Self { run, till: None, halt: None, batch: 64 }
    }

    /// The same with a till of the caller's (tests).
    pub fn with(run: PaymentRunId, till: Till) -> Self {
        Self { till: Some(till), ..Self::new(run) }
    }
}

impl Runner for Collect {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        ports: &Ports,
    ) -> Result<Slice, Error> {
        let run = session.read(|db| payment_run::get(db, self.run))?;
        if job.wanted != Wanted::Nothing {
            return obey(session, job, &run);
        }
        let mut till = match self.till.take() {
            Some(till) => till,
            None => Till::open(session)?,
        };
        let result = self.step(session, job, &run, &mut till, ports);
        self.till = Some(till);
        result
    }
}

impl Collect {
    fn step(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        run: &RunRow,
        till: &mut Till,
        ports: &Ports,
    ) -> Result<Slice, Error> {
        match run.status {
            PaymentRunStatus::Pending => begin_run(session, job, run),
            PaymentRunStatus::Processing | PaymentRunStatus::Paused => {
                let cursor = Cursor::of(job)?;
                if cursor.pick_after.is_some() {
                    return picking::page(session, job, run, till, cursor);
                }
                if cursor.unguarded {
                    return picking::guard_run(session, job, run, till, cursor);
                }
                let halt = self.halt(session, job)?;
                if recover(session, job, run, till, ports, &halt)? {
                    return Ok(Slice::More);
                }
                self.charge(session, job, run, till, ports, cursor)
            }
            PaymentRunStatus::Completed | PaymentRunStatus::Stopped => Ok(Slice::Done),
        }
    }

    fn halt(&mut self, session: &Session, job: &JobRow) -> Result<Arc<Halt>, Error> {
        let halt = match self.halt.take() {
            Some(halt) => halt,
            None => Arc::new(Halt::new(session, job.id)?),
        };
        self.halt = Some(Arc::clone(&halt));
        Ok(halt)
    }

    /// Some sandwiches: while the gateways are asked for one batch, the answers to the one before it
    /// are recorded and the one after it is written down, in one transaction. Nothing is on its way
    /// when it returns.
    fn charge(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        run: &RunRow,
        till: &mut Till,
        ports: &Ports,
        mut cursor: Cursor,
    ) -> Result<Slice, Error> {
        if let Some(why) = till.look(session)? {
            session.reach.leave(job.id, &why);
            return Ok(Slice::Leave);
        }
        let halt = self.halt(session, job)?;
        till.read_clocks(session)?;
        let begun = slice_write(session, job, |tx| {
            let begun = begin::batch(tx, till, run, self.limit(), &[])?;
            match &begun {
                None => tx.quiet(),
                Some(begun) => tx.note(run.id, format!("{} payments begun", begun.len())),
            }
            Ok(begun)
        })?;
        let Some(mut asked) = begun else { return complete(session, job, run, till) };
        let (mut answered, mut refused) = (Vec::new(), None);
        let (started, mut batches) = (Instant::now(), 0);
        while !asked.is_empty() {
            batches += 1;
            till.read_clocks(session)?;
            let goes_on = batches < BATCHES && started.elapsed() < SLICE;
            let (calls, limit) = (call::prepare(till, Some(&halt), &asked), self.limit());
            let mut next = Ok(Vec::new());
            let called = Instant::now();
            let outcomes = calls.make(ports, till.concurrency(), &mut || {
                if !goes_on && answered.is_empty() {
                    return;
                }
                next = slice_write(session, job, |tx| {
                    let report = record(tx, job, run, till, &answered, &mut cursor)?;
                    let begun = if goes_on && report.is_plain() {
                        begin::batch(tx, till, run, limit, &asked)?
                    } else {
                        None
                    };
                    set_cursor(tx, job, &cursor, &report.progress())?;
                    tx.note(run.id, report.words(begun.as_ref().map_or(0, Vec::len)));
                    tx.quiet_if(answered.is_empty() && begun.is_none());
                    refused = refused.take().or(report.refused);
                    Ok(begun.unwrap_or_default())
                });
            });
            let next = next?;
            let held = session.store.last_held();
            self.batch = next_batch(self.batch, held, called.elapsed(), till.concurrency());
            answered = asked.into_iter().zip(outcomes).collect();
            asked = next;
        }
        if answered.is_empty() {
            return Ok(Slice::More);
        }
        let slice = conclude(session, job, run, till, &answered, (cursor, refused))?;
        gateway_clock::watch(session, till)?;
        Ok(slice)
    }

    fn limit(&self) -> u32 {
        u32::try_from(self.batch).unwrap_or(u32::MAX)
    }
}

/// The size of the next batch: the lock held about [`LOCK`], and the gateway kept busy for a second
/// where it is slow. In proportion to the last one, so that it settles instead of swinging.
fn next_batch(batch: usize, held: Duration, called: Duration, concurrency: usize) -> usize {
    let by_lock = (LOCK.as_secs_f64() / held.as_secs_f64().max(0.001)).clamp(0.3, 2.0);
    let by_gateway = if called > Duration::from_secs(2) {
        0.5
    } else if called > Duration::from_secs(1) {
        1.0
    } else {
        2.0
    };
    let wanted = (batch as f64 * by_lock.min(by_gateway)) as usize;
    let next = wanted.clamp(concurrency.clamp(1, 16), MOST.max(concurrency));
    // Whole rounds: a last one that is not full leaves most of the gateway idle.
    if next > concurrency { next - next % concurrency.max(1) } else { next }
}

/// Pause or stop, before the next charge.
fn obey(session: &mut Session, job: &JobRow, run: &RunRow) -> Result<Slice, Error> {
    slice_write(session, job, |tx| match job::guard(tx, job)?.wanted {
        Wanted::Nothing => {
            tx.quiet();
            Ok(Slice::More)
        }
        Wanted::Pause => {
            tx.note(run.id, "paused");
            payment_run::set_status(tx, run.id, PaymentRunStatus::Paused, "")?;
            job::set_state(tx, job.id, JobState::Paused, "")?;
            Ok(Slice::Halted)
        }
        Wanted::Cancel => {
            super::steer::end(tx, run.id, "stopped by a clerk")?;
            job::set_state(tx, job.id, JobState::Canceled, "")?;
            Ok(Slice::Halted)
        }
    })
}

/// Waits for the bill run, then begins to pick.
fn begin_run(session: &mut Session, job: &JobRow, run: &RunRow) -> Result<Slice, Error> {
    slice_write(session, job, |tx| {
        let now = tx.now().at_ms;
        let mut note = String::new();
        if let Some(bill_run) = run.bill_run
            && waits_for(payment_run::bill_run_status(tx, bill_run)?)
        {
            let until = run.wait_until_at.unwrap_or(now);
            if now < until {
                tx.quiet();
                let note = format!("waits for {bill_run} to be posted");
                if run.note != note {
                    payment_run::set_status(tx, run.id, PaymentRunStatus::Pending, &note)?;
                }
                return Ok(Slice::Wait { until_ms: (now + LOOK_AT_BILL_RUN_MS).min(until) });
            }
            note = format!("{bill_run} was not posted in time: ran without its drafts");
        }
        tx.note(run.id, "picking what is due");
        payment_run::set_status(tx, run.id, PaymentRunStatus::Processing, &note)?;
        // A run of retries was made with its list.
        let cursor = Cursor {
            pick_after: (job.kind != JobKind::Retry).then(|| (pick::beginning().0, 0)),
            ..Cursor::default()
        };
        set_cursor(tx, job, &cursor, &Progress::default())?;
        Ok(Slice::More)
    })
}

/// Whether a bill run is between its beginning and its posting.
fn waits_for(status: BillRunStatus) -> bool {
    match status {
        BillRunStatus::Pending
        | BillRunStatus::Processing
        | BillRunStatus::Paused
        | BillRunStatus::Completed
        | BillRunStatus::Posting => true,
        BillRunStatus::Posted | BillRunStatus::Canceled | BillRunStatus::Error => false,
    }
}

/// Clears up payments whose maker died between writing them down and recording the answer: the
/// gateway is asked by the same key. Where it shows nothing, the request is sent again under that key
/// if it may still be made, so that the run ends as if nobody had died; else it stays unknown. Gives
/// whether there were any.
fn recover(
    session: &mut Session,
    job: &JobRow,
    run: &RunRow,
    till: &mut Till,
    ports: &Ports,
    halt: &Arc<Halt>,
) -> Result<bool, Error> {
    let begun: Vec<_> = session.read(|db| {
        let rows = payment::begun_in_run(db, run.id)?;
        rows.into_iter().take(RECOVER).map(|row| call::with_token(db, row)).collect()
    })?;
    if begun.is_empty() {
        return Ok(false);
    }
    let now_ms = session.now()?.at_ms;
    let verdicts = call::look_up(till, ports, now_ms, &begun);
    let traceless: Vec<_> = begun
        .iter()
        .zip(&verdicts)
        .filter(|(_, verdict)| **verdict == Verdict::Nothing)
        .map(|((row, _), _)| row)
        .collect();
    let mut sent = again::send(till, ports, Some(halt), &traceless, now_ms, |permit| {
        slice_write(session, job, permit)
    })?;
    slice_write(session, job, |tx| {
        let mut done = 0;
        for ((row, _), verdict) in begun.iter().zip(verdicts) {
            let outcome = match verdict {
                Verdict::Is(outcome) => outcome,
                Verdict::Open { why } => Outcome::Unknown { why },
                Verdict::Nothing => sent.remove(&row.id).unwrap_or_else(call::unanswered),
            };
            let now = payment::get(tx, row.id)?;
            if settle::record(tx, &till.rules, &now, &outcome)? != Settled::Already {
                done += 1;
            }
        }
        job::progress(tx, job.id, &Progress { done, ..Progress::default() })?;
        tx.note(run.id, format!("{} payments of an interrupted slice cleared up", begun.len()));
        Ok(())
    })?;
    Ok(true)
}

fn complete(
    session: &mut Session,
    job: &JobRow,
    run: &RunRow,
    till: &Till,
) -> Result<Slice, Error> {
    slice_write(session, job, |tx| {
        let now = payment_run::get(tx, run.id)?;
        // What was left out on the way, and what is paid together, is done as well.
        let seen = job::guard(tx, job)?;
        let rest = seen.total - seen.done - seen.failed;
        job::progress(tx, job.id, &Progress { done: rest.max(0), ..Progress::default() })?;
        let skips = payment_run::skips(tx, run.id)?;
        let shut = skips.iter().any(|(reason, _)| *reason == SkipReason::Unreachable);
        let note = match till.shut_words() {
            words if shut && !words.is_empty() => words,
            _ if now.note.starts_with("waits") => "went on after waiting".to_owned(),
            _ => String::new(),
        };
        payment_run::set_status(tx, run.id, PaymentRunStatus::Completed, &note)?;
        let skipped: i64 = skips
            .iter()
            .filter(|(reason, _)| *reason != SkipReason::AccountNotAuto)
            .map(|(_, n)| n)
            .sum();
        tx.note(
            run.id,
            format!(
                "completed: {} picked, {} approved, {} at the bank, {} declined, {} unknown, {skipped} left out",
                now.picked, now.approved, now.submitted, now.declined, now.unknown
            ),
        );
        Ok(Slice::Done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_settles_where_the_lock_is_short_and_the_gateway_busy() {
        let settle = |concurrency: usize, lock_us: u64, call: fn(usize) -> Duration| {
            (0..20).fold(64, |batch, _| {
                let held = Duration::from_micros(lock_us * batch as u64);
                next_batch(batch, held, call(batch), concurrency)
            })
        };
        let quick = |_| Duration::from_millis(10);
        // 0.15 ms a payment under the lock: 20 ms are 133, in rounds of 16.
        assert_eq!(settle(16, 150, quick), 128);
        // A slow book gets small batches, a quick one never more than the most.
        assert_eq!(settle(16, 5_000, quick), 16);
        assert_eq!(settle(16, 1, quick), MOST);
        // 64 calls at once of 200 ms: a second of them, whatever the lock would allow.
        let slow = |batch: usize| Duration::from_millis(200 * (batch as u64).div_ceil(64));
        assert_eq!(settle(64, 10, slow), 384);
    }
}
