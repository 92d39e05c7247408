//! Giving up a balance: right bill, no money. Internal, own series, never sent; the service periods
//! stay billed. Money that arrives later undoes it first.

use super::adjust::{corrected, make_write_off};
use super::command::Receipt;
use super::four_eyes::{self, Deed};
use super::on_its_way::{self, Sure};
use super::picked::reason;
use super::separation::refuse_both_hands;
use super::{Error, Session};
use crate::domain::actor::Verb;
use crate::domain::ids::DocumentId;
use crate::store::four_eyes::Object;
use crate::store::memo::Mark;
use crate::store::{Tx, credit, debt, document, memo};
use chrono::NaiveDate;

/// Writes the whole balance off; asks where a payment of it is on its way.
pub fn write_off(
    session: &mut Session,
    document: DocumentId,
    why: &str,
    sure: Sure,
) -> Result<Receipt, Error> {
    let why = reason(why)?;
    four_eyes::write(session, Verb::WriteOff, |tx, eyes| {
        let row = corrected(tx, document)?;
        refuse_both_hands(tx, row.account)?;
        let number = row.number.as_deref().unwrap_or_default();
        if row.balance_minor <= 0 {
            return Err(Error::usage("nothing_owed", format!("nothing is owed on {number}"), ""));
        }
        on_its_way::ask(tx, &[document], on_its_way::REVIVED, sure)?;
        let minor = row.balance_minor;
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(row.id),
                subject: number,
                what: "write-off",
                with: "",
                minor,
                currency: row.currency,
                reason: why,
            },
        )?;
        let (id, given) = make_write_off(tx, &row, -minor, why, tx.now().today)?;
        credit::apply(tx, id, document, minor, tx.now().today.max(row.invoice_on))?;
        memo::mark(tx, document, Mark::WrittenOff(id))?;
        let money = format!("{} {}", row.currency.grouped(minor), row.currency);
        let summary = format!("{given}: {money} of {number} written off");
        tx.note(&given, format!("{summary} ({why}){second}"));
        Ok(Receipt {
            summary,
            done: 1,
            totals: vec![(row.currency, -minor)],
            made: id.to_string(),
            ..Receipt::default()
        })
    })
}

/// What a document owes of this much (minor units) by a receipt of `on`: where it is written off,
/// just so much of the loss is recovered first; the rest stays written off. Gives with it the first
/// day on which that is owed.
pub fn owed(
    tx: &Tx<'_>,
    document: DocumentId,
    amount_minor: i64,
    on: NaiveDate,
    why: &str,
) -> Result<(i64, NaiveDate), Error> {
    let owed = debt::get(tx, document)?.balance_minor.max(0);
    let (recovered, from) = recover(tx, document, amount_minor - owed, on, why)?;
    Ok((owed + recovered, from))
}

/// Takes at most this much of a standing write-off back, on the day of the money, not before the
/// write-off: a counter-document takes the loss back out of bad debt. Gives how
/// much, and from which day money may pay it.
fn recover(
    tx: &Tx<'_>,
    document: DocumentId,
    amount_minor: i64,
    on: NaiveDate,
    why: &str,
) -> Result<(i64, NaiveDate), Error> {
    let Some(standing) = memo::write_off_of(tx, document)?.filter(|_| amount_minor > 0) else {
        return Ok((0, on));
    };
    let row = document::get(tx, document)?;
    let (write_off, lost) = (standing.credit, standing.amount_minor);
    let part = amount_minor.min(lost);
    let on = on.max(standing.applied_on).max(row.invoice_on);
    credit::unapply(tx, standing.id, on)?;
    if part < lost {
        credit::apply(tx, write_off, document, lost - part, on)?;
    }
    let (counter, _) = make_write_off(tx, &row, part, why, on)?;
    memo::set_off(tx, write_off, counter, part, on)?;
    if part == lost {
        memo::mark(tx, document, Mark::Revived)?;
    }
    Ok((part, on))
}
