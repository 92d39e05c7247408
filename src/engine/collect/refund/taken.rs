//! Money that the bank or the cardholder takes back, and what comes again of it. What goes back twice (a
//! refund and a chargeback of the same) is a loss, and a person's task. A refund that nobody has answered
//! for has not gone: it is lost once it is known to be made.

use crate::domain::actor::Verb;
use crate::domain::ids::PaymentId;
use crate::domain::money::{Money, total};
use crate::domain::payment::PaymentStatus;
use crate::engine::collect::refund::wanted::{approved, between, earliest, pending, within};
use crate::engine::collect::settle;
use crate::engine::post::loss;
use crate::engine::{Error, Session};
use crate::store::applied::{self, Back};
use crate::store::payment::{self, EventKind, EventRow, PaymentRow};
use crate::store::{Db, StoreError, Tx, book_period, ledger, method_state, notice};
use chrono::NaiveDate;

/// What a person says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack<'a> {
    /// Return or chargeback.
    pub kind: EventKind,
    /// Reason code of the bank or network; empty = not known.
    pub code: &'a str,
    /// None = all that is left.
    pub amount: Option<Money>,
    /// The day it counts; none = the bank's, or today.
    pub on: Option<NaiveDate>,
    /// The day that the bank names.
    pub value_on: Option<NaiveDate>,
    /// What the bank took for it; none = nothing.
    pub fee: Option<Money>,
    /// What else is known; empty = nothing.
    pub reason: &'a str,
}

/// The bank or the cardholder took money of an approved payment back on a day. Gives how much.
pub fn taken_back(
    session: &mut Session,
    id: PaymentId,
    back: &TakenBack<'_>,
) -> Result<i64, Error> {
    session.write(Verb::Reconcile, |tx| {
        let payment = payment::get(tx, id)?;
        approved(&payment)?;
        let here = payment.here_minor();
        let most = takeable(tx, &payment)?;
        let minor = |money: Money| money.minor_in(payment.currency);
        let all = if here > 0 { here } else { most };
        let amount = back.amount.map_or(Ok(all), minor)?;
        within(&payment, amount, most, "taken back")?;
        let loss_minor = (amount - here).max(0);
        let today = tx.now().today;
        let first = earliest(tx, &payment, amount - loss_minor, today)?;
        // What the bank dates counts on the first open day, if its own is closed.
        let of_bank = || back.value_on.map(|named| book_period::bookable(tx, named)).transpose();
        let event_on = back.on.map_or_else(of_bank, |on| Ok(Some(on)))?.unwrap_or(today);
        between(&payment, back.kind.as_str(), event_on, first, today)?;
        let meaning = crate::domain::decline::meaning(back.code);
        let words = [meaning.words.as_str(), back.reason].map(str::trim);
        let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
        let event = EventRow {
            event_on,
            value_on: back.value_on,
            fee_minor: back.fee.map_or(Ok(0), minor)?,
            loss_minor,
            reference: back.code.to_owned(),
            reply: words.join("; "),
            ..settle::event(&payment, back.kind, amount, tx)
        };
        take_back(tx, &payment, &event)?;
        Ok(amount)
    })
}

/// What can be taken back of a payment: what came, less what was taken back and what was moved. It
/// may be more than is left: a refund does not keep the bank from taking the money too.
pub(in crate::engine) fn takeable(db: &Db<'_>, payment: &PaymentRow) -> Result<i64, StoreError> {
    Ok(payment.amount_minor - payment.moved_minor - open_chargeback(db, payment)?)
}

/// Books an event by which money went back: the balance reopens on its day, a person is told. A
/// method whose payment was taken back is charged no more.
pub(in crate::engine) fn take_back(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    event: &EventRow,
) -> Result<(), StoreError> {
    take_back_by(tx, payment, event, &ledger::cash(&payment.gateway))
}

/// The same out of this ledger account: the bank's own line has it.
pub(in crate::engine) fn take_back_by(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    event: &EventRow,
    cash: &str,
) -> Result<(), StoreError> {
    let event_id = payment::insert_event(tx, event)?;
    let back = Back {
        amount_minor: event.amount_minor,
        loss_minor: event.loss_minor,
        fee_minor: event.fee_minor,
        on: event.event_on,
    };
    applied::give_back_by(tx, payment, &back, cash)?;
    match (event.kind, payment.method) {
        (EventKind::Refund, _) => {
            super::settle_from_credits(tx, payment.id)?;
        }
        (EventKind::Return, Some(method)) => {
            settle::came_back(tx, payment, method, &event.reference)?;
        }
        (
            EventKind::Chargeback
            | EventKind::ChargebackWon
            | EventKind::Settlement
            | EventKind::LateSuccess
            | EventKind::Evidence,
            Some(method),
        ) => method_state::failed(tx, method, true)?,
        (_, None) => {}
    }
    let (kind, id, reply) = (event.kind, payment.id, &event.reply);
    let words = payment.currency.plain(event.amount_minor);
    let mut told = format!("{kind} of {words} {} on {id}: {reply}", payment.currency);
    if event.loss_minor > 0 {
        let lost = payment.currency.grouped(event.loss_minor);
        told.push_str(&format!(
            "; {lost} {} of it had gone back before and are booked as a loss: contest it, or ask the \
             customer for it",
            payment.currency
        ));
    }
    let (open, here) = (pending(tx, id)?, payment::get(tx, id)?.here_minor());
    if open > here {
        let twice = payment.currency.grouped(open - here);
        told.push_str(&format!(
            "; a refund of {} {} is not answered for: once it is made, {twice} of it went back twice",
            payment.currency.grouped(open),
            payment.currency
        ));
    }
    notice::task(tx, &format!("{kind} {id} {event_id}"), &id.to_string(), &told)?;
    tx.note(id, &told);
    Ok(())
}

/// A chargeback was decided for us: the money is back, the invoices are paid again.
pub fn chargeback_won(session: &mut Session, id: PaymentId) -> Result<i64, Error> {
    session.write(Verb::Reconcile, |tx| {
        let payment = payment::get(tx, id)?;
        let amount = open_chargeback(tx, &payment)?;
        if amount <= 0 {
            return Err(Error::usage("wrong_state", format!("{id} has no open chargeback"), ""));
        }
        win(tx, &payment, &settle::event(&payment, EventKind::ChargebackWon, amount, tx))?;
        Ok(amount)
    })
}

/// What of a payment was taken back and has not come again.
pub(in crate::engine) fn open_chargeback(
    db: &Db<'_>,
    payment: &PaymentRow,
) -> Result<i64, StoreError> {
    let events = payment::events(db, payment.id)?;
    Ok(total(events.iter().map(|e| match e.kind {
        EventKind::Chargeback | EventKind::Return => e.amount_minor,
        EventKind::ChargebackWon => -e.amount_minor,
        EventKind::Settlement
        | EventKind::Refund
        | EventKind::LateSuccess
        | EventKind::Evidence => 0,
    }))?)
}

/// Books an event by which money that was taken back came again: what was lost of it first.
pub(in crate::engine) fn win(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    event: &EventRow,
) -> Result<(), StoreError> {
    win_by(tx, payment, event, &ledger::cash(&payment.gateway))
}

/// The same into this ledger account.
pub(in crate::engine) fn win_by(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    event: &EventRow,
    cash: &str,
) -> Result<(), StoreError> {
    let loss_minor = comes_again_by(tx, payment, event.amount_minor, cash)?;
    payment::insert_event(tx, &EventRow { loss_minor, ..event.clone() })?;
    tx.note(payment.id, "chargeback decided for us");
    Ok(())
}

/// Money of a payment that had gone comes again: what was lost of it first. Gives how much that was, minor
/// units.
pub(in crate::engine) fn comes_again(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    amount_minor: i64,
) -> Result<i64, StoreError> {
    comes_again_by(tx, payment, amount_minor, &ledger::cash(&payment.gateway))
}

fn comes_again_by(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    amount_minor: i64,
    cash: &str,
) -> Result<i64, StoreError> {
    let loss_minor = applied::lost(tx, payment.id)?.clamp(0, amount_minor);
    loss::comes_again(tx, payment, amount_minor - loss_minor)?;
    applied::take_again(tx, payment, amount_minor, loss_minor, cash)?;
    Ok(loss_minor)
}

/// The gateway paid a payment out: noted, nothing else moves.
pub fn settled(session: &mut Session, id: PaymentId, reference: &str) -> Result<(), Error> {
    session.write(Verb::Reconcile, |tx| {
        let payment = payment::get(tx, id)?;
        if payment.status != PaymentStatus::Approved {
            return Err(Error::usage("wrong_state", format!("{id} is {}", payment.status), ""));
        }
        let event = EventRow {
            reference: reference.to_owned(),
            ..settle::event(&payment, EventKind::Settlement, payment.amount_minor, tx)
        };
        payment::insert_event(tx, &event)?;
        tx.note(id, format!("paid out by the gateway: {reference}"));
        Ok(())
    })
}
