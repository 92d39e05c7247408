//! Refunds that nobody has answered for: asked about by their own keys until something is found, or a
//! person finds out.

use crate::domain::actor::Verb;
use crate::domain::payment::PaymentStatus;
use crate::engine::collect::again::key_is_good;
use crate::engine::collect::refund::{end_done, exception_key, left, record, request};
use crate::engine::collect::refund_job;
use crate::engine::collect::settle::{self, Finding, Settled};
use crate::engine::collect::till::Till;
use crate::engine::{Error, Session};
use crate::gateway::{Found, LookUp, Outcome};
use crate::store::payment::{self, EventKind, EventRow, EventStatus, PaymentRow};
use crate::store::{Db, StoreError, Tx, notice};

/// Unanswered refunds whose look-up is due: what no gateway was asked for yet is nothing to ask about.
pub(in crate::engine) fn due(db: &Db<'_>, now_ms: i64) -> Result<Vec<EventRow>, StoreError> {
    let mut due = payment::refunds_due(db, now_ms)?;
    if !due.is_empty() {
        let queued = refund_job::queued(db)?;
        due.retain(|event| !queued.contains(&event.id));
    }
    Ok(due)
}

/// Asks about refunds whose outcome was never recorded, by their own keys. Where nothing is found the
/// same refund may be asked for again under its key, if it may be made in that moment.
pub fn clear_up(session: &mut Session, till: &mut Till) -> Result<usize, Error> {
    let now_ms = session.now()?.at_ms;
    let open = session.read(|db| due(db, now_ms))?;
    let mut cleared = 0;
    for event in open {
        let payment = session.read(|db| payment::get(db, event.payment))?;
        let gateway = till.gateway(&payment.gateway);
        let query = LookUp {
            key: event.key.clone().unwrap_or_default(),
            refund_of: Some(payment.gateway_ref.clone()),
            token: String::new(),
            at_ms: now_ms,
        };
        let outcome = match gateway.look_up(&query) {
            Found::Is(outcome) => outcome.of_second_time(),
            Found::Failed { why } => Outcome::Unknown { why },
            Found::Nothing => {
                let clock = (gateway.clock(now_ms), gateway.capabilities().key_life_ms);
                let again = session.write(Verb::Reconcile, |tx| Ok(permit(tx, &event, clock)?))?;
                match again {
                    Ok(()) => gateway.refund(&request(&event, &payment, now_ms)).of_second_time(),
                    Err(why) => {
                        Outcome::Unknown { why: format!("nothing found; not sent again: {why}") }
                    }
                }
            }
        };
        let done = session.write(Verb::Reconcile, |tx| Ok(record(tx, &event, &outcome)?))?;
        cleared += usize::from(done.status != EventStatus::Unknown);
    }
    Ok(cleared)
}

/// Why a refund must not be asked for again in this moment; writes down that it is.
fn permit(
    tx: &Tx<'_>,
    event: &EventRow,
    clock: (Option<i64>, i64),
) -> Result<Result<(), String>, StoreError> {
    let event = payment::event(tx, event.id)?;
    let payment = payment::get(tx, event.payment)?;
    let refused = |why: &str| {
        tx.quiet();
        Ok(Err(why.to_owned()))
    };
    if !matches!(event.status, EventStatus::Processing | EventStatus::Unknown) {
        return refused("somebody else was at it");
    }
    if let Err(why) = key_is_good(event.gateway_at, Some(clock)) {
        return refused(&why);
    }
    // This one counts as on its way.
    if payment.status != PaymentStatus::Approved || left(tx, &payment)? < 0 {
        return refused("that much of the payment is no longer here");
    }
    tx.note(payment.id, "refund sent again under its key: nothing of it was found");
    Ok(Ok(()))
}

/// A person found out what became of an unanswered refund of this payment; none when there is none.
pub(in crate::engine) fn by_hand(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    finding: &Finding,
    evidence: &str,
) -> Result<Option<Settled>, StoreError> {
    let events = payment::events(tx, payment.id)?;
    let open =
        events.iter().find(|e| e.kind == EventKind::Refund && e.status == EventStatus::Unknown);
    let Some(event) = open.filter(|_| payment.status == PaymentStatus::Approved) else {
        return Ok(None);
    };
    let settled = match finding {
        Finding::Approved { reference, .. } => {
            end_done(tx, event, reference, evidence)?;
            Settled::Approved
        }
        Finding::NotCharged => {
            payment::end_event(tx, event.id, EventStatus::Failed, "", evidence)?;
            notice::done(tx, &exception_key(event))?;
            Settled::Declined
        }
    };
    tx.note(payment.id, format!("refund {} by hand: {evidence}", settle::words(settled)));
    Ok(Some(settled))
}
