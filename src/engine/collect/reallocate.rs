//! A payment that was keyed wrong is put right: taken off a document, moved to whom it belongs, applied
//! to another document. No money moves at the bank; a keying error is never a return.

use crate::domain::actor::Verb;
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::{Money, MoneyError};
use crate::engine::collect::{self, refund};
use crate::engine::command::Receipt;
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::loss;
use crate::engine::review::picked::reason as short;
use crate::engine::{Error, Session};
use crate::store::payment::{self, PaymentRow};
use crate::store::{Db, Tx, account, applied, debt, notice};

/// Takes a payment's money off a document, all of it or this much; it is unapplied then.
pub fn unapply(
    session: &mut Session,
    id: PaymentId,
    from: DocumentId,
    amount: Option<Money>,
    reason: &str,
) -> Result<Receipt, Error> {
    let why = short(reason)?;
    session.write(Verb::OutsidePayment, |tx| {
        let payment = payment::get(tx, id)?;
        let on = tx.now().today;
        let asked = asked(&payment, amount)?;
        let taken = applied::unapply(tx, &payment, from, asked, on)?;
        let number = debt::get(tx, from)?.number;
        if taken == 0 || asked.is_some_and(|asked| asked != taken) {
            let money = payment.currency.plain(taken);
            let message = format!("{money} {} of {id} are applied to {number}", payment.currency);
            return Err(Error::usage("not_applied", message, format!("daybook payment show {id}")));
        }
        let words = format!("{id}: {} no longer applied to {number}", said(&payment, taken));
        Ok(receipt(tx, &payment, words, taken, why))
    })
}

/// Applies unapplied money of a payment to a document of its account, as far as both go or this
/// much. For what was written off so much of the loss is recovered first.
pub fn apply(
    session: &mut Session,
    id: PaymentId,
    to: DocumentId,
    amount: Option<Money>,
    sure: Sure,
) -> Result<Receipt, Error> {
    session.write(Verb::OutsidePayment, |tx| {
        let payment = payment::get(tx, id)?;
        let free = unapplied(tx, &payment)?;
        let target = debt::get(tx, to)?;
        if (target.account, target.currency) != (payment.account, payment.currency) {
            return Err(Error::usage(
                "other_account",
                format!("{} belongs to another account or currency", target.number),
                format!("daybook payment move {id} --to ACCOUNT --reason T"),
            ));
        }
        on_its_way::ask(tx, &[to], on_its_way::EXCESS, sure)?;
        let asked = asked(&payment, amount)?;
        let wanted = asked.unwrap_or(free).min(free);
        let why = format!("paid by {id}");
        let (owed, _) = loss::owed(tx, to, said(&payment, wanted), tx.now().today, &why)?;
        let part = wanted.min(owed.minor);
        if part <= 0 || asked.is_some_and(|asked| asked != part) {
            return Err(Error::usage(
                "too_much",
                format!(
                    "{} of {id} are unapplied, and {} are owed on {}",
                    said(&payment, free),
                    owed.plain(),
                    target.number
                ),
                "",
            ));
        }
        collect::apply_unapplied(tx, &payment, &debt::get(tx, to)?, part)?;
        let words = format!("{id}: {} applied to {}", said(&payment, part), target.number);
        Ok(receipt(tx, &payment, words, part, ""))
    })
}

/// Moves unapplied money of a payment, all of it or this much, to another account of its currency; gives
/// the payment that it is there.
pub fn move_to(
    session: &mut Session,
    id: PaymentId,
    to: AccountId,
    amount: Option<Money>,
    reason: &str,
) -> Result<(PaymentId, Receipt), Error> {
    let why = short(reason)?;
    session.write(Verb::OutsidePayment, |tx| {
        let payment = payment::get(tx, id)?;
        let part = movable(tx, &payment, to, amount)?;
        let number = account::number(tx, to)?;
        let made = applied::move_money(tx, &payment, to, part, tx.now().today)?;
        if part == payment.unapplied_minor {
            notice::done(tx, &crate::engine::collect::settle::excess_key(id))?;
        }
        let words = format!("{id}: {} moved to {number} as {made}", said(&payment, part));
        tx.note(made, format!("moved here from {id}: {why}"));
        let receipt = receipt(tx, &payment, words, part, why);
        Ok((made, Receipt { made: made.to_string(), ..receipt }))
    })
}

/// How much of a payment would move to an account, or why nothing can.
pub(in crate::engine) fn movable(
    db: &Db<'_>,
    payment: &PaymentRow,
    to: AccountId,
    amount: Option<Money>,
) -> Result<i64, Error> {
    let id = payment.id;
    let free = unapplied(db, payment)?;
    let (number, currency, _) = account::owes(db, to)?;
    if to == payment.account {
        return Err(Error::usage("same_account", format!("{id} is {number}'s already"), ""));
    }
    if currency != payment.currency {
        return Err(Error::usage(
            "other_currency",
            format!("{id} is in {}, {number} in {currency}", payment.currency),
            "refund it instead: daybook payment refund",
        ));
    }
    let part = asked(payment, amount)?.unwrap_or(free);
    if part <= 0 || part > free {
        let words = format!("{} of {id} are unapplied", said(payment, free));
        return Err(Error::usage("too_much", words, ""));
    }
    Ok(part)
}

/// What of a payment may be used: unapplied and not on its way back.
pub(in crate::engine) fn unapplied(db: &Db<'_>, payment: &PaymentRow) -> Result<i64, Error> {
    let free = payment.unapplied_minor.min(refund::left(db, payment)?);
    if free > 0 {
        return Ok(free);
    }
    Err(Error::usage(
        "nothing_unapplied",
        format!("nothing of {} is unapplied", payment.id),
        format!("daybook payment unapply {} --from INVOICE --reason T", payment.id),
    ))
}

/// What is asked for, in minor units of the payment's currency.
fn asked(payment: &PaymentRow, amount: Option<Money>) -> Result<Option<i64>, MoneyError> {
    amount.map(|amount| amount.minor_in(payment.currency)).transpose()
}

fn said(payment: &PaymentRow, minor: i64) -> Money {
    payment.currency.amount(minor)
}

fn receipt(tx: &Tx<'_>, payment: &PaymentRow, words: String, minor: i64, why: &str) -> Receipt {
    let because = if why.is_empty() { String::new() } else { format!(": {why}") };
    tx.note(payment.id, format!("{words}{because}"));
    Receipt {
        summary: words,
        done: 1,
        totals: said(payment, minor).into(),
        made: payment.id.to_string(),
        ..Receipt::default()
    }
}
