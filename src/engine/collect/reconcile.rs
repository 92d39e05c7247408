//! Payments that nobody has answered for: asked about by the same key until something is found, or a
//! person finds out. Where nothing is found the same request may be sent again under the same key, if
//! it may be made in that moment (`collect::again`); nothing found is never a decline.

use crate::domain::actor::Verb;
use crate::domain::ids::{JobId, PaymentId};
use crate::domain::payment::PaymentStatus;
use crate::domain::text::counted;
use crate::engine::collect::settle::Finding;
use crate::engine::collect::settle::{self, Settled};
use crate::engine::collect::till::Till;
use crate::engine::collect::{Verdict, again, look_up, with_token};
use crate::engine::collect::{events, gateway_clock, refund, refund_job};
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::review::picked;
use crate::engine::{Error, Session};
use crate::gateway::{Outcome, Seen};
use crate::store::job::{self, JobKind, JobRow, JobSpec, JobState, Progress, Wanted};
use crate::store::payment::{self, EventKind, EventRow, PaymentRow};
use crate::store::{Db, StoreError, Tx, notice, settings};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};

/// Payments looked up in one slice.
const BATCH: u32 = 200;

/// What a look-up brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    pub payment: PaymentId,
    /// What was recorded of it.
    pub settled: Settled,
    pub words: String,
}

/// Looks these payments up now, whatever their schedule says. Declined ones too: money that came
/// after all is a late success.
pub fn now(
    session: &mut Session,
    ports: &Ports,
    payments: &[PaymentId],
) -> Result<Vec<Looked>, Error> {
    let mut till = Till::open(session)?;
    let rows = session.read(|db| payments.iter().map(|id| payment::get(db, *id)).collect())?;
    ask(session, ports, &mut till, rows, None)
}

/// Looks up what is due by the schedule; gives what was found.
pub fn due(session: &mut Session, ports: &Ports) -> Result<Vec<Looked>, Error> {
    let mut till = Till::open(session)?;
    due_with(session, ports, &mut till)
}

/// The same with a till of the caller's (tests).
pub fn due_with(
    session: &mut Session,
    ports: &Ports,
    till: &mut Till,
) -> Result<Vec<Looked>, Error> {
    let at = session.now()?.at_ms;
    let mut all = Vec::new();
    loop {
        let rows = session.read(|db| payment::due_look_ups(db, at, BATCH))?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(ask(session, ports, till, rows, None)?);
    }
}

fn ask(
    session: &mut Session,
    ports: &Ports,
    till: &mut Till,
    rows: Vec<PaymentRow>,
    job: Option<&JobRow>,
) -> Result<Vec<Looked>, Error> {
    let at = session.now()?.at_ms;
    let rows: Vec<_> = session.read(|db| rows.into_iter().map(|r| with_token(db, r)).collect())?;
    let verdicts = look_up(till, ports, at, &rows);
    let traceless: Vec<_> = rows
        .iter()
        .zip(&verdicts)
        // Whoever wrote one down that is Processing may be calling at this moment.
        .filter(|((row, _), v)| **v == Verdict::Nothing && row.status == PaymentStatus::Unknown)
        .map(|((row, _), _)| row)
        .collect();
    let sent = again::send(till, ports, None, &traceless, at, |permit| {
        session.write(Verb::Reconcile, |tx| {
            guard(tx, job)?;
            Ok(permit(tx)?)
        })
    })?;
    let all = session.write(Verb::Reconcile, |tx| {
        guard(tx, job)?;
        let mut all = Vec::new();
        for ((row, _), verdict) in rows.iter().zip(&verdicts) {
            let row = payment::get(tx, row.id)?;
            let settled = match sent.get(&row.id) {
                Some(outcome) => settle::record(tx, &till.rules, &row, outcome)?,
                None => note_verdict(tx, till, &row, verdict)?,
            };
            let words = payment::get(tx, row.id)?.reply;
            all.push(Looked { payment: row.id, settled, words });
        }
        let found = all.iter().filter(|l| l.settled != Settled::Unknown).count();
        match all.as_slice() {
            [one] => tx.note(one.payment, format!("looked up: {}", settle::words(one.settled))),
            many => tx.note("reconcile", format!("{} looked up, {found} found out", many.len())),
        }
        if let Some(job) = job {
            let done = all.len() as i64;
            job::progress(tx, job.id, &Progress { done, ..Progress::default() })?;
        }
        Ok(all)
    })?;
    gateway_clock::watch(session, till)?;
    Ok(all)
}

fn guard(tx: &Tx<'_>, job: Option<&JobRow>) -> Result<(), StoreError> {
    job.map_or(Ok(()), |job| job::guard(tx, job).map(|_| ()))
}

/// Records what a look-up says of one payment.
fn note_verdict(
    tx: &Tx<'_>,
    till: &Till,
    row: &PaymentRow,
    verdict: &Verdict,
) -> Result<Settled, StoreError> {
    match verdict {
        Verdict::Is(Outcome::Submitted { .. }) if row.status == PaymentStatus::Submitted => {
            settle::still_at_the_bank(tx, row)
        }
        Verdict::Is(outcome) => settle::record(tx, &till.rules, row, outcome),
        Verdict::Nothing | Verdict::Open { .. } if !row.status.is_live() => Ok(Settled::Already),
        // Its run clears it up.
        Verdict::Nothing | Verdict::Open { .. } if row.status == PaymentStatus::Processing => {
            Ok(Settled::Unknown)
        }
        Verdict::Nothing => settle::unanswered(tx, row, "the gateway shows nothing of it"),
        Verdict::Open { why } => settle::unanswered(tx, row, why),
    }
}

/// Records what a person found out, with the evidence, on an unanswered payment.
pub fn by_hand(
    session: &mut Session,
    id: PaymentId,
    finding: &Finding,
    evidence: &str,
) -> Result<Settled, Error> {
    picked::short("the evidence", evidence, 500)?;
    if let Finding::Approved { reference, .. } = &finding {
        picked::short("the reference", reference, 200)?;
    }
    if evidence.trim().is_empty() {
        return Err(Error::usage(
            "no_evidence",
            "a finding needs its evidence",
            "say where it was seen: a statement, a ticket of the gateway",
        ));
    }
    let till = Till::open(session)?;
    session.write(Verb::Reconcile, |tx| {
        let row = payment::get(tx, id)?;
        if let Some(settled) = refund::by_hand(tx, &row, finding, evidence)? {
            return Ok(settled);
        }
        if !matches!(row.status, PaymentStatus::Unknown | PaymentStatus::Submitted) {
            return Err(Error::usage(
                "wrong_state",
                format!("{id} is {}, not unanswered", row.status),
                "",
            ));
        }
        let outcome = match finding {
            // What the person saw is this payment.
            Finding::Approved { reference, on } => Outcome::Approved {
                seen: Seen {
                    reference: reference.clone(),
                    key: row.key.clone(),
                    amount_minor: row.amount_minor,
                    currency: row.currency,
                    made_at: on.map(|on| charged_at(tx, &row, on)).transpose()?,
                },
            },
            Finding::NotCharged => Outcome::declined("not_found_at_gateway"),
        };
        let settled = settle::record(tx, &till.rules, &row, &outcome)?;
        let event = EventRow {
            reference: evidence.to_owned(),
            ..settle::event(&row, EventKind::Evidence, row.amount_minor, tx)
        };
        payment::insert_event(tx, &event)?;
        notice::done(tx, &settle::exception_key(id))?;
        tx.note(id, format!("{} by hand: {evidence}", settle::words(settled)));
        Ok(settled)
    })
}

/// The moment (UTC ms) of a charge of which only the day is known, between when it was asked for and today.
fn charged_at(tx: &Tx<'_>, row: &PaymentRow, on: NaiveDate) -> Result<i64, Error> {
    let zone = settings::load(tx)?.zone();
    let asked = DateTime::from_timestamp_millis(row.created_at);
    let asked = asked.map_or(on, |at| at.with_timezone(&zone).date_naive());
    let today = tx.now().today;
    if on < asked || on > today {
        let words = format!("{} was asked for on {asked}, and today is {today}", row.id);
        return Err(Error::usage("bad_date", words, "a day from the first to the second"));
    }
    let noon = zone.moment(on.and_time(NaiveTime::MIN) + TimeDelta::hours(12));
    Ok(noon.timestamp_millis())
}

/// Makes a job that looks these payments up now (every unanswered one when none is named); gives it
/// and how many payments it will ask about.
pub fn start(session: &mut Session, payments: &[PaymentId]) -> Result<(JobId, usize), Error> {
    session.write(Verb::Reconcile, |tx| {
        let asked = payment::ask_now(tx, payments)?;
        tx.note("reconcile", format!("{} looked up", counted(asked, "payment is", "payments are")));
        Ok((insert_job(tx)?, asked))
    })
}

fn insert_job(tx: &Tx<'_>) -> Result<JobId, Error> {
    if let Some(job) = open_job(tx)? {
        return Ok(job);
    }
    Ok(job::insert(tx, &JobSpec::Reconcile, "reconcile", 0)?)
}

/// Whether something is due to be looked up, or a gateway to be asked what went back.
pub fn is_due(db: &Db<'_>, at_ms: i64) -> Result<bool, StoreError> {
    Ok(!payment::due_look_ups(db, at_ms, 1)?.is_empty()
        || !refund::due(db, at_ms)?.is_empty()
        || events::is_due(db, at_ms)?)
}

/// Makes a reconcile job if something is due and none is open; gives it.
pub fn queue(session: &mut Session) -> Result<Option<JobId>, Error> {
    let at = session.now()?.at_ms;
    let rests = session.read(|db| job::rests(db, JobKind::Reconcile, at))?;
    if rests || !session.read(|db| is_due(db, at))? || session.read(open_job)?.is_some() {
        return Ok(None);
    }
    session.write(Verb::Reconcile, |tx| {
        tx.note("reconcile", "the gateways are asked about payments");
        Ok(Some(insert_job(tx)?))
    })
}

fn open_job(db: &Db<'_>) -> Result<Option<JobId>, StoreError> {
    Ok(job::newest(db, JobKind::Reconcile, "reconcile")?
        .filter(|j| j.state.is_open())
        .map(|j| j.id))
}

/// Ends a job that somebody wants no more.
pub(super) fn halt(session: &mut Session, job: &JobRow) -> Result<Slice, Error> {
    session.write(Verb::Reconcile, |tx| {
        job::guard(tx, job)?;
        refund_job::canceled(tx, job)?;
        tx.note("reconcile", "halted");
        Ok(job::set_state(tx, job.id, JobState::Canceled, "")?)
    })?;
    Ok(Slice::Halted)
}

/// The runner of `reconcile` jobs: what is due now, then done.
#[derive(Default)]
pub struct Reconcile {
    till: Option<Till>,
    after: bool,
}

impl Runner for Reconcile {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        ports: &Ports,
    ) -> Result<Slice, Error> {
        if job.wanted != Wanted::Nothing {
            return halt(session, job);
        }
        let mut till = match self.till.take() {
            Some(till) => till,
            None => Till::open(session)?,
        };
        let at = session.now()?.at_ms;
        let rows = session.read(|db| payment::due_look_ups(db, at, BATCH))?;
        let more = !rows.is_empty();
        if more {
            ask(session, ports, &mut till, rows, Some(job))?;
        } else if !self.after {
            self.after = true;
            refund::clear_up(session, &mut till)?;
            events::due(session, &mut till)?;
        }
        self.till = Some(till);
        Ok(if more { Slice::More } else { Slice::Done })
    }
}
