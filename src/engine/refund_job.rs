//! A refund that the person who decided it cannot ask the gateway for, because their process cannot
//! read its secret: a job by which a worker asks, under the rights of that person.

use super::command::JobSpec;
use super::job::{Slice, spec};
use super::till::Till;
use super::{Error, Session, refund};
use crate::domain::actor::Verb;
use crate::domain::ids::JobId;
use crate::store::job::{self, JobKind, JobRow, Progress};
use crate::store::notice::{self, NoticeLevel};
use crate::store::payment::{self, EventStatus, PaymentRow};
use crate::store::{Db, StoreError, Tx};

/// What is noted before the gateway is asked: whoever finds it knows that it may have been.
const ASKED: &str = "asked";

/// Makes the job of a refund that was begun.
pub(super) fn insert(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    amount_minor: i64,
    event: i64,
) -> Result<JobId, Error> {
    let spec =
        serde_json::to_string(&JobSpec::Refund { event }).map_err(|e| Error::Bug(e.to_string()))?;
    Ok(job::insert(tx, JobKind::Reconcile, &subject(payment, amount_minor), &spec, 1)?)
}

/// How its job is called: `refund of 60.00 EUR of P-000012`.
fn subject(payment: &PaymentRow, amount_minor: i64) -> String {
    let currency = payment.currency;
    format!("refund of {} {currency} of {}", currency.grouped(amount_minor), payment.id)
}

/// The refund a job asks for, if it does.
pub(super) fn event_of(row: &JobRow) -> Option<i64> {
    match (row.kind, spec(row)) {
        (JobKind::Reconcile, Ok(JobSpec::Refund { event })) => Some(event),
        _ => None,
    }
}

/// Refunds that no gateway was asked for yet.
pub(super) fn queued(db: &Db<'_>) -> Result<Vec<i64>, StoreError> {
    let open = job::open(db)?;
    Ok(open.iter().filter(|row| row.cursor.is_empty()).filter_map(event_of).collect())
}

/// The one slice of the job. Where an earlier process got as far as asking, what became of it is
/// found out by asking about it, never by asking again from here.
pub(super) fn slice(session: &mut Session, row: &JobRow, event: i64) -> Result<Slice, Error> {
    let (event, payment) = session.read(|db| {
        let event = payment::event(db, event)?;
        let payment = payment::get(db, event.payment)?;
        Ok((event, payment))
    })?;
    if event.status != EventStatus::Processing || !row.cursor.is_empty() {
        return Ok(Slice::Done);
    }
    let mut till = Till::open(session)?;
    if let Some(shut) = till.gateway(&payment.gateway).shut() {
        session.reach.leave(row.id, shut.why());
        return Ok(Slice::Leave);
    }
    let gone = session.write(Verb::Refund, |tx| {
        job::guard(tx, row)?;
        if refund::end_if_gone(tx, &event)? {
            job::progress(tx, row.id, &Progress { failed: 1, ..Progress::default() })?;
            return Ok(true);
        }
        tx.quiet();
        job::progress(tx, row.id, &Progress { cursor: Some(ASKED), ..Progress::default() })?;
        Ok(false)
    })?;
    if gone {
        return Ok(Slice::Done);
    }
    let done = refund::ask(session, &mut till, &payment, &event)?;
    session.write(Verb::Refund, |tx| {
        tx.quiet();
        job::guard(tx, row)?;
        let failed = i64::from(done.status != EventStatus::Done);
        if failed > 0 {
            let what = subject(&payment, done.amount_minor);
            let status = done.status.as_str().to_lowercase();
            let (id, words) = (payment.id.to_string(), format!("{what}: {status}: {}", done.words));
            notice::add(tx, NoticeLevel::Warning, &id, &words, &format!("refund {}", event.id))?;
        }
        let progress = Progress { done: 1 - failed, failed, ..Progress::default() };
        Ok(job::progress(tx, row.id, &progress)?)
    })?;
    Ok(Slice::Done)
}

/// Somebody cancels the job: what was never asked for is over.
pub(super) fn canceled(tx: &Tx<'_>, row: &JobRow) -> Result<(), StoreError> {
    let Some(event) = event_of(row).filter(|_| row.cursor.is_empty()) else { return Ok(()) };
    let words = "canceled before the gateway was asked";
    payment::end_event(tx, event, EventStatus::Failed, "", words)?;
    tx.note(payment::event(tx, event)?.payment, format!("refund {words}"));
    Ok(())
}
