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
use crate::store::{Tx, credit, document, memo};

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
        let (id, given) = make_write_off(tx, &row, -minor, why)?;
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

/// Undoes the write-off of a document, if one stands: money came after all. The balance is owed
/// again; a counter-document takes the loss back out of bad debt. Gives its number.
pub fn revive(tx: &Tx<'_>, document: DocumentId, why: &str) -> Result<Option<String>, Error> {
    let Some((write_off, application, minor)) = memo::write_off_of(tx, document)? else {
        return Ok(None);
    };
    let row = document::get(tx, document)?;
    credit::unapply(tx, application, tx.now().today.max(row.invoice_on))?;
    let (counter, number) = make_write_off(tx, &row, minor, why)?;
    memo::set_off(tx, write_off, counter, minor)?;
    memo::mark(tx, document, Mark::Revived)?;
    Ok(Some(number))
}
