//! What is left of a credit memo is paid out: by transfer, or by the payment that paid its invoice.

use super::command::Receipt;
use super::four_eyes::{self, Deed};
use super::picked::reason as short;
use super::separation::refuse_both_hands;
use super::{Error, Session, memo};
use crate::domain::actor::Verb;
use crate::domain::ids::DocumentId;
use crate::store::applied::{self, Side};
use crate::store::deed::{self, DeedKind, NewDeed};
use crate::store::four_eyes::Object;
use chrono::NaiveDate;

/// Pays it out by transfer on a day (none = today), all that is left or this much (minor units): a
/// person makes the transfer, the book records it.
pub fn by_transfer(
    session: &mut Session,
    id: DocumentId,
    amount_minor: Option<i64>,
    on: Option<NaiveDate>,
    reason: &str,
) -> Result<Receipt, Error> {
    let why = short(reason)?;
    four_eyes::write(session, Verb::Refund, |tx, eyes| {
        let row = memo::credit_memo(tx, id)?;
        refuse_both_hands(tx, row.account)?;
        let (number, left) = (row.number.clone().unwrap_or_default(), -row.balance_minor);
        let amount = amount_minor.unwrap_or(left);
        let money = |minor: i64| format!("{} {}", row.currency.grouped(minor), row.currency);
        if amount <= 0 || amount > left {
            let words = format!("{} are left of {number}", money(left));
            return Err(Error::usage("too_much", words, "daybook memo show"));
        }
        let today = tx.now().today;
        let on = on.unwrap_or(today);
        let first = applied::first_day(tx, Side::Memo(id), amount, row.invoice_on)?;
        if on < first || on > today {
            return Err(Error::usage(
                "bad_date",
                format!("{number} has that from {first}, and today is {today}"),
                "a day between",
            ));
        }
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(id),
                subject: &number,
                what: "refund",
                with: &format!("refund {amount}"),
                minor: amount,
                currency: row.currency,
                reason: why,
            },
        )?;
        applied::pay_out(tx, id, amount, on, why)?;
        let deed = NewDeed::new(row.account, DeedKind::Refund, amount, row.currency);
        deed::enter(tx, &NewDeed { document: Some(id), ..deed })?;
        let summary = format!("{number}: {} paid out on {on}", money(amount));
        tx.note(&number, format!("{summary}: {why}{second}"));
        Ok(Receipt {
            summary,
            done: 1,
            totals: vec![(row.currency, amount)],
            made: id.to_string(),
            ..Receipt::default()
        })
    })
}
