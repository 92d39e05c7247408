//! What happens to approved payments at the gateway and nobody here did: returns, chargebacks, their
//! end, refunds made there. Each gateway that has taken money is asked for the list every six hours
//! (one call or two a poll, however many payments), by whoever works.
//!
//! Every event is booked once, under the gateway's name for it, in a transaction of its own: asking
//! again after a crash is harmless. What a person has recorded already is recognised by kind and
//! amount. An event of a payment that is still unanswered here waits for its answer; one that fits
//! no payment, or more money than is left of it, becomes a task for a person.

use crate::domain::actor::Verb;
use crate::domain::payment::{MethodKind, PaymentStatus};
use crate::engine::collect::refund;
use crate::engine::collect::settle;
use crate::engine::collect::till::Till;
use crate::engine::{Error, Session};
use crate::gateway::{ChargeEvent, Moved};
use crate::store::gateway_poll::{self, EVERY_MS, Poll};
use crate::store::notice::{self, NoticeLevel};
use crate::store::payment::{self, EventKind, EventRow, EventStatus, PaymentRow};
use crate::store::{Db, StoreError, Topic, Tx, book_period, method_state, settings};
use chrono::{DateTime, NaiveDate};

/// When a gateway that did not answer is asked again, ms.
const AGAIN_MS: i64 = 3_600_000;

/// What asking brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Polled {
    /// Booked now.
    pub booked: usize,
    /// In the book already.
    pub known: usize,
    /// Of payments whose own answer is still to come.
    pub waiting: usize,
    /// A person must look at them; each has a notice.
    pub tasks: usize,
    /// Gateways that did not answer, and why.
    pub failed: Vec<(String, String)>,
}

/// What became of one event.
enum Fate {
    Booked,
    Known,
    Waiting,
    Task,
}

/// Whether a gateway is to be asked.
pub fn is_due(db: &Db<'_>, at_ms: i64) -> Result<bool, StoreError> {
    Ok(gateway_poll::all(db)?.iter().any(|p| p.next_at <= at_ms))
}

/// Asks the gateways whose time it is.
pub fn due(session: &mut Session, till: &mut Till) -> Result<Polled, Error> {
    let at = session.now()?.at_ms;
    ask(session, till, |poll| poll.next_at <= at)
}

/// Asks every gateway that has taken money, now.
pub fn now(session: &mut Session, till: &mut Till) -> Result<Polled, Error> {
    ask(session, till, |_| true)
}

/// Brings the next asking of every gateway forward to now, for a job to do.
pub fn soon(session: &mut Session) -> Result<(), Error> {
    let at = session.now()?.at_ms;
    session.write(Verb::Reconcile, |tx| {
        for poll in gateway_poll::all(tx)? {
            gateway_poll::put(tx, &Poll { next_at: poll.next_at.min(at), ..poll })?;
        }
        tx.note("reconcile", "the gateways are asked what went back");
        Ok(())
    })
}

fn ask(
    session: &mut Session,
    till: &mut Till,
    wanted: impl Fn(&Poll) -> bool,
) -> Result<Polled, Error> {
    let mut all = Polled::default();
    for poll in session.read(gateway_poll::all)?.into_iter().filter(wanted) {
        let at = session.now()?.at_ms;
        let name = poll.gateway.clone();
        match till.gateway(&name).events(poll.through_at, at) {
            Ok(events) => {
                // A waiting event must be told again: the next list begins there.
                let through = book_all(session, &name, &events, &mut all)?.unwrap_or(at).min(at);
                let next = Poll { gateway: name, through_at: through, next_at: at + EVERY_MS };
                session.write(Verb::Reconcile, |tx| {
                    tx.quiet();
                    Ok(gateway_poll::put(tx, &next)?)
                })?;
            }
            Err(why) => {
                let next = Poll { next_at: at + AGAIN_MS, ..poll };
                session.write(Verb::Reconcile, |tx| {
                    let words =
                        format!("{name} could not be asked what went back of its payments: {why}");
                    let key = format!("events {name} {}", tx.now().today);
                    notice::add(tx, NoticeLevel::Warning, "reconcile", &words, &key)?;
                    tx.note("reconcile", words);
                    Ok(gateway_poll::put(tx, &next)?)
                })?;
                all.failed.push((name, why));
            }
        }
    }
    Ok(all)
}

/// Books what is new; gives when the oldest event that waits happened.
fn book_all(
    session: &mut Session,
    gateway: &str,
    events: &[ChargeEvent],
    all: &mut Polled,
) -> Result<Option<i64>, Error> {
    let mut waits: Option<i64> = None;
    for event in events {
        let fate = if session.read(|db| is_known(db, gateway, event))? {
            Fate::Known
        } else {
            session.write(Verb::Reconcile, |tx| Ok(book(tx, gateway, event)?))?
        };
        match fate {
            Fate::Booked => all.booked += 1,
            Fate::Known => all.known += 1,
            Fate::Task => all.tasks += 1,
            Fate::Waiting => {
                all.waiting += 1;
                waits = Some(waits.map_or(event.at_ms, |w| w.min(event.at_ms)));
            }
        }
    }
    Ok(waits)
}

/// The key under which an event is booked. A refund that failed ends the event of the refund.
fn key(gateway: &str, event: &ChargeEvent) -> String {
    format!("{gateway} {}", event.id)
}

fn task_key(gateway: &str, event: &ChargeEvent) -> String {
    format!("event {} {gateway} {}", event.kind.key(), event.id)
}

/// The event of the book that is this refund: told by the gateway, or asked for by us.
fn refund_of(
    db: &Db<'_>,
    gateway: &str,
    event: &ChargeEvent,
) -> Result<Option<EventRow>, StoreError> {
    let ours = match &event.refund_key {
        Some(key) => payment::event_of_key(db, key)?,
        None => None,
    };
    match ours {
        Some(row) => Ok(Some(row)),
        None => payment::event_of_key(db, &key(gateway, event)),
    }
}

/// Whether nothing is left to do for an event.
fn is_known(db: &Db<'_>, gateway: &str, event: &ChargeEvent) -> Result<bool, StoreError> {
    if notice::told(db, &task_key(gateway, event))? {
        return Ok(true);
    }
    Ok(match event.kind {
        Moved::Refunded => {
            refund_of(db, gateway, event)?.is_some_and(|row| row.status == EventStatus::Done)
        }
        // A refund that nobody booked took nothing; one still unanswered is looked up by its key.
        Moved::RefundFailed => {
            refund_of(db, gateway, event)?.is_none_or(|row| row.status != EventStatus::Done)
        }
        Moved::TakenBack | Moved::GivenAgain => {
            payment::event_of_key(db, &key(gateway, event))?.is_some()
        }
    })
}

fn book(tx: &Tx<'_>, gateway: &str, event: &ChargeEvent) -> Result<Fate, StoreError> {
    if is_known(tx, gateway, event)? {
        tx.quiet();
        return Ok(Fate::Known);
    }
    if event.kind == Moved::Refunded
        && let Some(ours) = refund_of(tx, gateway, event)?
    {
        return our_refund(tx, gateway, event, &ours);
    }
    let Some(row) = payment::of_key(tx, &event.charge_key)? else {
        let why = format!("no payment of this book has the key {}", event.charge_key);
        return task(tx, gateway, event, "reconcile", &why);
    };
    match row.status {
        PaymentStatus::Approved if row.currency == event.currency => {}
        PaymentStatus::Approved => {
            let why = format!("the payment is in {}", row.currency);
            return task(tx, gateway, event, &row.id.to_string(), &why);
        }
        PaymentStatus::Processing | PaymentStatus::Submitted | PaymentStatus::Unknown => {
            payment::ask_now(tx, &[row.id])?;
            tx.quiet();
            return Ok(Fate::Waiting);
        }
        PaymentStatus::Declined | PaymentStatus::Canceled => {
            let why = format!("here the payment is {}: ask the gateway about it", row.status);
            return task(tx, gateway, event, &row.id.to_string(), &why);
        }
    }
    match event.kind {
        Moved::Refunded => gone(tx, gateway, event, &row, EventKind::Refund),
        Moved::TakenBack => gone(tx, gateway, event, &row, taken(tx, &row)?),
        Moved::GivenAgain => here_again(tx, gateway, event, &row),
        Moved::RefundFailed => refund_failed(tx, gateway, event, &row),
    }
}

/// The gateway tells of a refund that we asked for and that nobody has answered, or that was recorded
/// as failed: it was made.
fn our_refund(
    tx: &Tx<'_>,
    gateway: &str,
    event: &ChargeEvent,
    ours: &EventRow,
) -> Result<Fate, StoreError> {
    let row = payment::get(tx, ours.payment)?;
    let subject = row.id.to_string();
    if (event.amount_minor, event.currency) != (ours.amount_minor, row.currency) {
        let why = "another amount was asked for under its key";
        return task(tx, gateway, event, &subject, why);
    }
    let pending = matches!(ours.status, EventStatus::Processing | EventStatus::Unknown);
    if !pending && refund::left(tx, &row)? < ours.amount_minor {
        let why = "it was recorded as failed, and less is left of the payment";
        return task(tx, gateway, event, &subject, why);
    }
    refund::end_done(tx, ours, &event.id, &event.words)?;
    tx.note(row.id, format!("its refund is {} at {gateway}", event.id));
    Ok(Fate::Booked)
}

/// What a bank takes back is a return, what a cardholder does a chargeback.
fn taken(tx: &Tx<'_>, row: &PaymentRow) -> Result<EventKind, StoreError> {
    let kind = match row.method {
        Some(method) => method_state::get(tx, method)?.kind,
        None => MethodKind::Card,
    };
    Ok(match kind {
        MethodKind::Card => EventKind::Chargeback,
        MethodKind::Ach | MethodKind::Sepa => EventKind::Return,
    })
}

/// Money left: the balance reopens on that day.
fn gone(
    tx: &Tx<'_>,
    gateway: &str,
    event: &ChargeEvent,
    row: &PaymentRow,
    kind: EventKind,
) -> Result<Fate, StoreError> {
    let key = key(gateway, event);
    let words = format!("{} {}", row.currency.plain(event.amount_minor), row.currency);
    if payment::adopt_event(tx, row.id, kind, event.amount_minor, &key)? {
        tx.note(row.id, format!("{kind} of {words} known here is {} at {gateway}", event.id));
        return Ok(Fate::Known);
    }
    let left = refund::left(tx, row)?;
    let most = if kind == EventKind::Refund { left } else { refund::takeable(tx, row)? };
    let amount = event.amount_minor.min(most);
    if amount < event.amount_minor {
        let more = row.currency.plain(event.amount_minor - amount);
        let why = format!("that is {more} {} more than is left of the payment", row.currency);
        task(tx, gateway, event, &row.id.to_string(), &why)?;
        if amount <= 0 {
            return Ok(Fate::Task);
        }
    }
    // A refund that is not answered for has not gone.
    let loss_minor = (amount - row.here_minor()).max(0);
    let (named, today) = (day(tx, event)?, tx.now().today);
    let booked = EventRow {
        event_on: book_period::bookable(tx, named.min(today))?.max(refund::earliest(
            tx,
            row,
            amount - loss_minor,
            today,
        )?),
        value_on: Some(named),
        loss_minor,
        key: Some(key),
        reference: if event.code.is_empty() { event.id.clone() } else { event.code.clone() },
        reply: event.words.clone(),
        ..settle::event(row, kind, amount, tx)
    };
    refund::take_back(tx, row, &booked)?;
    Ok(Fate::Booked)
}

/// The civil day of an event as the gateway names it. It is booked not before the money was there, not
/// after today.
fn day(tx: &Tx<'_>, event: &ChargeEvent) -> Result<NaiveDate, StoreError> {
    let zone = settings::load(tx)?.zone();
    Ok(DateTime::from_timestamp_millis(event.at_ms)
        .map_or(tx.now().today, |at| at.with_timezone(&zone).date_naive()))
}

/// What was taken back came again.
fn here_again(
    tx: &Tx<'_>,
    gateway: &str,
    event: &ChargeEvent,
    row: &PaymentRow,
) -> Result<Fate, StoreError> {
    let key = key(gateway, event);
    if payment::adopt_event(tx, row.id, EventKind::ChargebackWon, event.amount_minor, &key)? {
        tx.note(row.id, format!("what came again is {} at {gateway}", event.id));
        return Ok(Fate::Known);
    }
    let amount = event.amount_minor.min(refund::open_chargeback(tx, row)?);
    if amount < event.amount_minor {
        let why = "less than that was taken back of the payment here";
        task(tx, gateway, event, &row.id.to_string(), why)?;
        if amount <= 0 {
            return Ok(Fate::Task);
        }
    }
    let won = EventRow {
        key: Some(key),
        reference: event.id.clone(),
        reply: event.words.clone(),
        ..settle::event(row, EventKind::ChargebackWon, amount, tx)
    };
    refund::win(tx, row, &won)?;
    Ok(Fate::Booked)
}

/// A refund did not arrive: its money is here again, and what it reopened is paid as far as it is
/// still owed.
fn refund_failed(
    tx: &Tx<'_>,
    gateway: &str,
    event: &ChargeEvent,
    row: &PaymentRow,
) -> Result<Fate, StoreError> {
    let Some(booked) = refund_of(tx, gateway, event)? else { return Ok(Fate::Known) };
    payment::end_event(tx, booked.id, EventStatus::Failed, &event.id, &event.words)?;
    refund::comes_again(tx, row, booked.amount_minor)?;
    let words = row.currency.grouped(booked.amount_minor);
    let words = format!("a refund of {words} {} did not arrive: {}", row.currency, event.words);
    notice::task(
        tx,
        &task_key(gateway, event),
        &row.id.to_string(),
        &format!("{}: {words}", row.id),
    )?;
    tx.note(row.id, words);
    Ok(Fate::Booked)
}

/// Tells a person what cannot be booked, once.
fn task(
    tx: &Tx<'_>,
    gateway: &str,
    event: &ChargeEvent,
    subject: &str,
    why: &str,
) -> Result<Fate, StoreError> {
    let what = match event.kind {
        Moved::Refunded => "refund",
        Moved::RefundFailed => "failed refund",
        Moved::TakenBack => "return or chargeback",
        Moved::GivenAgain => "won dispute",
    };
    let money = format!("{} {}", event.currency.grouped(event.amount_minor), event.currency);
    let words = format!("{gateway} tells of a {what} of {money} ({}): {why}", event.id);
    notice::task(tx, &task_key(gateway, event), subject, &words)?;
    tx.touch(Topic::Payments);
    tx.note(subject, words);
    Ok(Fate::Task)
}
