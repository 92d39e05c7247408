//! Giving up a balance: right bill, no money. Internal, own series, never sent; the service periods
//! stay billed. With `write_off.tax` = `now` it gives back the tax of what is lost, on its day.
//!
//! Money (or a credit) that comes later recovers just its amount, with the tax that went with it: a
//! counter-document, dated like the money; the rest stays written off. Only [`undo`] takes the whole
//! back.

use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::document::DocumentTax;
use crate::domain::ids::DocumentId;
use crate::domain::memo::{MemoPart, MemoSide};
use crate::engine::command::Receipt;
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::adjust::{corrected, draft_of};
use crate::engine::post::loss::{Loss, make, take_back};
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow};
use crate::store::four_eyes::Object;
use crate::store::memo::Mark;
use crate::store::{Tx, credit, debt, memo, settings};

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
        let (minor, money) = (row.balance_minor, row.currency.amount(row.balance_minor));
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(row.id),
                subject: number,
                what: "write-off",
                with: "",
                money,
                reason: why,
            },
        )?;
        let lost = Loss { minor: -minor, taxes: taxes(tx, &row, minor)?, on: tx.now().today, why };
        let (id, given) = make(tx, &row, &lost)?;
        credit::apply(tx, id, document, minor, tx.now().today.max(row.invoice_on))?;
        memo::mark(tx, document, Mark::WrittenOff(id))?;
        let summary = format!("{given}: {money} of {number} written off");
        tx.note(&given, format!("{summary} ({why}){second}"));
        Ok(Receipt {
            summary,
            done: 1,
            totals: money.negated()?.into(),
            made: id.to_string(),
            ..Receipt::default()
        })
    })
}

/// Takes what stands of a write-off back whole: the invoice is owed again, and collected.
pub fn undo(session: &mut Session, document: DocumentId, why: &str) -> Result<Receipt, Error> {
    let why = reason(why)?;
    session.write(Verb::WriteOff, |tx| {
        let row = corrected(tx, document)?;
        let number = row.number.as_deref().unwrap_or_default();
        let mut money = row.currency.amount(0);
        let mut taken = Vec::new();
        for write_off in credit::write_offs(tx, document)? {
            money = money.plus(row.currency.amount(write_off.amount_minor))?;
            taken.push(document::get(tx, write_off.credit)?.number.unwrap_or_default());
            take_back(tx, &write_off, write_off.amount_minor, tx.now().today, why)?;
        }
        if taken.is_empty() {
            let words = format!("nothing of {number} is written off");
            return Err(Error::usage("not_written_off", words, ""));
        }
        debt::set_retry(tx, document, None, false)?;
        let taken = taken.join(", ");
        let summary = format!("{taken} taken back: {money} of {number} are owed");
        tx.note(number, format!("{summary} ({why})"));
        Ok(Receipt {
            summary,
            done: 1,
            totals: money.into(),
            made: row.id.to_string(),
            ..Receipt::default()
        })
    })
}

/// The tax in this much (minor units) of what a document owes, as a credit gives it back; none
/// unless a write-off does.
fn taxes(tx: &Tx<'_>, row: &DocumentRow, minor: i64) -> Result<Vec<DocumentTax>, Error> {
    let part = minor.min(memo::room(tx, row)?);
    if settings::load(tx)?.get(key::WRITE_OFF_TAX) != "now" || part <= 0 {
        return Ok(Vec::new());
    }
    let items = document::items(tx, row.id)?;
    Ok(draft_of(tx, row, &items, &MemoPart::Amount(part), MemoSide::Credit)?.taxes)
}
