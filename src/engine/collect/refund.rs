//! Money that goes back: refunds (a sandwich with a key of their own, looked up as payments are until
//! something is found), and what the bank or the cardholder takes back. The balance reopens on its own day; it is never retried by rule.

mod clear_up;
mod taken;
mod wanted;

pub use clear_up::clear_up;
pub(in crate::engine) use clear_up::{by_hand, due};
pub use taken::{TakenBack, chargeback_won, settled, taken_back};
pub(in crate::engine) use taken::{
    comes_again, open_chargeback, take_back, take_back_by, takeable, win, win_by,
};
pub use wanted::{Correction, Wanted};
pub(in crate::engine) use wanted::{earliest, left};

use crate::domain::actor::Verb;
use crate::domain::ids::{JobId, PaymentId};
use crate::domain::money::Money;
use crate::domain::payment_run::next_look_up;
use crate::engine::collect::settle;
use crate::engine::collect::till::Till;
use crate::engine::collect::window::window_words;
use crate::engine::collect::{self, refund_job};
use crate::engine::guard::four_eyes;
use crate::engine::guard::separation;
use crate::engine::{Error, Session};
use crate::gateway::{Outcome, RefundRequest, Shut};
use crate::store::applied::{self, Back};
use crate::store::payment::{self, EventKind, EventRow, EventStatus, PaymentRow};
use crate::store::{StoreError, Tx, debt, notice};

/// What became of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    pub status: EventStatus,
    pub amount: Money,
    /// What was heard, in words.
    pub words: String,
    /// The job by which a worker asks for it, where this process cannot.
    pub job: Option<JobId>,
    /// The event of the payment.
    pub event: i64,
}

/// Gives a part of an approved payment (all that is left if no amount is named) back, today.
pub fn refund(
    session: &mut Session,
    id: PaymentId,
    amount_minor: Option<i64>,
    reason: &str,
) -> Result<Refunded, Error> {
    let mut till = Till::open(session)?;
    let currency = session.read(|db| payment::get(db, id))?.currency;
    let amount = amount_minor.map(|minor| currency.amount(minor));
    refund_with(session, &mut till, id, &Wanted::of(amount, reason))
}

/// Who asks the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// This process, where it can.
    Here,
    /// A worker, by a job.
    Worker,
}

/// Gives money of an approved payment back as it is wanted, by a till of the caller's.
pub fn refund_with(
    session: &mut Session,
    till: &mut Till,
    id: PaymentId,
    wanted: &Wanted<'_>,
) -> Result<Refunded, Error> {
    give(session, till, id, wanted, Asker::Here)
}

/// The same, begun here: a worker asks the gateway, so that nobody waits for it.
pub fn by_a_worker(
    session: &mut Session,
    till: &mut Till,
    id: PaymentId,
    wanted: &Wanted<'_>,
) -> Result<Refunded, Error> {
    give(session, till, id, wanted, Asker::Worker)
}

fn give(
    session: &mut Session,
    till: &mut Till,
    id: PaymentId,
    wanted: &Wanted<'_>,
    asker: Asker,
) -> Result<Refunded, Error> {
    let payment = session.read(|db| payment::get(db, id))?;
    // Received outside: a person pays it back the way it came; the book only records it.
    let outside = payment.method.is_none();
    let shut = if outside { None } else { till.gateway(&payment.gateway).shut() };
    if let Some(Shut::Everywhere(why)) = &shut {
        let hint = "nothing was begun; daybook doctor says how it is set up";
        let words = format!("{} cannot be asked: {why}", payment.gateway);
        return Err(Error::usage("gateway_not_set_up", words, hint));
    }
    let at_ms = session.now()?.at_ms;
    let gateway_at = if outside { None } else { till.gateway(&payment.gateway).clock(at_ms) };
    let (event, job) = four_eyes::write(session, Verb::Refund, |tx, eyes| {
        let payment = payment::get(tx, id)?;
        separation::refuse_both_hands(tx, payment.account)?;
        let (amount, event_on) = wanted.check(tx, &payment, tx.now().today)?;
        let (subject, with) = (id.to_string(), wanted.with(amount));
        let second = eyes.on(tx, &wanted.deed(&payment, amount, (&subject, &with)))?;
        let corrected = wanted.correct(tx, &payment, amount, event_on)?;
        let reason = wanted.reason;
        let count = payment::events(tx, id)?.len();
        let event = EventRow {
            status: EventStatus::Processing,
            key: Some(format!("{}-r{}", payment.key, count + 1)),
            reply: reason.to_owned(),
            event_on,
            gateway_at,
            next_look_up_at: Some(tx.now().at_ms + CALL_MS),
            ..settle::event(&payment, EventKind::Refund, amount, tx)
        };
        let event_id = payment::insert_event(tx, &event)?;
        if payment.method.is_none() {
            // Received outside: a person pays it back the way it came; the book only records it.
            end_done(tx, &payment::event(tx, event_id)?, reason, reason)?;
        }
        let words = payment.currency.plain(amount);
        let window = window_words(tx, &payment, tx.now().today)?;
        tx.note(
            id,
            format!(
                "refund of {words} {} begun: {reason}{corrected}{second}{window}",
                payment.currency
            ),
        );
        let job = match (&shut, asker) {
            (None, Asker::Here) => None,
            (None, Asker::Worker) if outside => None,
            (Some(_), _) | (None, Asker::Worker) => {
                Some(refund_job::insert(tx, id, payment.currency.amount(amount), event_id)?)
            }
        };
        Ok((payment::event(tx, event_id)?, job))
    })?;
    if job.is_some() || outside {
        return Ok(Refunded { job, ..state(session, event.id)? });
    }
    ask(session, till, &payment, &event)
}

/// Asks the gateway for a refund that was begun, and records the answer.
pub(in crate::engine) fn ask(
    session: &mut Session,
    till: &mut Till,
    payment: &PaymentRow,
    event: &EventRow,
) -> Result<Refunded, Error> {
    let request = request(event, payment, event.at);
    let outcome = till.gateway(&payment.gateway).refund(&request);
    end(session, event, &outcome)
}

/// How long whoever began a refund may still be calling, ms.
const CALL_MS: i64 = 2 * 60_000;

fn request(event: &EventRow, payment: &PaymentRow, at_ms: i64) -> RefundRequest {
    RefundRequest {
        key: event.key.clone().unwrap_or_default(),
        reference: payment.gateway_ref.clone(),
        amount_minor: event.amount_minor,
        currency: payment.currency,
        at_ms,
    }
}

/// Where a refund stands.
pub fn state(session: &Session, event: i64) -> Result<Refunded, Error> {
    let row = session.read(|db| payment::event(db, event))?;
    let currency = session.read(|db| payment::get(db, row.payment))?.currency;
    Ok(Refunded {
        status: row.status,
        amount: currency.amount(row.amount_minor),
        words: row.reply,
        job: None,
        event,
    })
}

/// Records what became of a refund; recording twice is a no-op.
fn end(session: &mut Session, event: &EventRow, outcome: &Outcome) -> Result<Refunded, Error> {
    session.write(Verb::Refund, |tx| Ok(record(tx, event, outcome)?))
}

fn record(tx: &Tx<'_>, event: &EventRow, outcome: &Outcome) -> Result<Refunded, StoreError> {
    let now = payment::event(tx, event.id)?;
    let payment = payment::get(tx, event.payment)?;
    let key = now.key.clone().unwrap_or_default();
    let outcome = outcome.clone().held_against(&key, now.amount_minor, payment.currency);
    let (status, reference, words) = match outcome {
        // The gateway has taken it on; banks take days, and failures are rare and come as events.
        Outcome::Approved { seen } | Outcome::Submitted { seen } => {
            (EventStatus::Done, seen.reference, event.reply.clone())
        }
        Outcome::Declined { words, .. } | Outcome::SetUp { words, .. } => {
            (EventStatus::Failed, String::new(), words)
        }
        Outcome::Unreachable { why } => (EventStatus::Failed, String::new(), why),
        Outcome::Unknown { why } => (EventStatus::Unknown, String::new(), why),
    };
    let result = Refunded {
        status,
        amount: payment.currency.amount(event.amount_minor),
        words: words.clone(),
        job: None,
        event: event.id,
    };
    if matches!(now.status, EventStatus::Done | EventStatus::Failed) {
        tx.quiet();
        return Ok(result);
    }
    match status {
        EventStatus::Done => end_done(tx, &now, &reference, &words)?,
        EventStatus::Unknown => unanswered(tx, &now, &words)?,
        EventStatus::Failed | EventStatus::Processing => {
            payment::end_event(tx, event.id, status, &reference, &words)?;
            notice::done(tx, &exception_key(&now))?;
        }
    }
    tx.note(event.payment, format!("refund {}: {words}", status.as_str().to_lowercase()));
    Ok(result)
}

/// The money left: the balance reopens on the day of the refund. What was taken back meanwhile has gone
/// twice: a loss, and a person's task.
pub(in crate::engine) fn end_done(
    tx: &Tx<'_>,
    event: &EventRow,
    reference: &str,
    words: &str,
) -> Result<(), StoreError> {
    payment::end_event(tx, event.id, EventStatus::Done, reference, words)?;
    notice::done(tx, &exception_key(event))?;
    let payment = payment::get(tx, event.payment)?;
    let loss_minor = (event.amount_minor - payment.here_minor()).max(0);
    let back = Back { loss_minor, ..Back::of(event.amount_minor, event.event_on) };
    applied::give_back(tx, &payment, &back)?;
    if loss_minor > 0 {
        payment::set_loss(tx, event.id, loss_minor)?;
        let (id, money) = (payment.id, payment.currency.grouped(loss_minor));
        let words = format!(
            "{id}: its refund was made, and {money} {} of the same money were taken back before: they \
             went back twice and are booked as a loss: contest it with the refund, or ask the customer for it",
            payment.currency
        );
        notice::task(tx, &format!("twice {id} refund {}", event.id), &id.to_string(), &words)?;
        tx.note(id, &words);
    }
    settle_from_credits(tx, event.payment)?;
    if payment::get(tx, event.payment)?.unapplied_minor == 0 {
        notice::done(tx, &settle::excess_key(event.payment))?;
    }
    Ok(())
}

/// Ends a refund that no gateway was asked for yet where its money is gone: a bank took it back
/// meanwhile. Whether it did.
pub(in crate::engine) fn end_if_gone(tx: &Tx<'_>, event: &EventRow) -> Result<bool, StoreError> {
    let payment = payment::get(tx, event.payment)?;
    if left(tx, &payment)? >= 0 {
        return Ok(false);
    }
    let words = "the money was taken back meanwhile; the gateway was not asked";
    payment::end_event(tx, event.id, EventStatus::Failed, "", words)?;
    tx.note(event.payment, format!("refund failed: {words}"));
    Ok(true)
}

/// The task about a refund of which nothing is found.
fn exception_key(event: &EventRow) -> String {
    format!("exception {} refund {}", event.payment, event.id)
}

/// Nobody knows what became of a refund: it is looked up on its schedule, then it is a person's.
fn unanswered(tx: &Tx<'_>, event: &EventRow, why: &str) -> Result<(), StoreError> {
    let now = tx.now().at_ms;
    let look_ups = event.look_ups + u32::from(event.status == EventStatus::Unknown);
    let next = next_look_up(event.at, look_ups, now);
    payment::end_event(tx, event.id, EventStatus::Unknown, "", why)?;
    payment::next_refund_look_up(tx, event.id, next, look_ups, why)?;
    if next.is_none() {
        let id = event.payment.to_string();
        let currency = payment::get(tx, event.payment)?.currency;
        let words = format!(
            "{id}: the gateway does not say what became of its refund of {} {currency}; find out and \
             record it by hand",
            currency.grouped(event.amount_minor)
        );
        notice::task(tx, &exception_key(event), &id, &words)?;
    }
    Ok(())
}

/// What a refund reopened is paid from the account's credits: a memo that was refunded is used up,
/// and the customer owes nothing on its invoice.
fn settle_from_credits(tx: &Tx<'_>, refunded: PaymentId) -> Result<(), StoreError> {
    for allocation in payment::allocations(tx, refunded)? {
        let document = allocation.document;
        if allocation.reopened_minor > allocation.unapplied_minor
            && debt::get(tx, document)?.balance_minor > 0
            && !payment::on_its_way(tx, document)?
        {
            collect::use_credits(tx, document)?;
        }
    }
    Ok(())
}
