//! Reversing a posted invoice: wrong bill. A full memo with tax settles it, and its service periods
//! and usage are billable again.

use crate::domain::actor::Verb;
use crate::domain::document::DocumentKind;
use crate::domain::ids::DocumentId;
use crate::engine::command::Receipt;
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::adjust::{correctable, receipt, with_successors};
use crate::engine::post::credited::{make_reversal, reversal};
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::document::Source;
use crate::store::four_eyes::Object;
use crate::store::memo::Mark;
use crate::store::new_draft;
use crate::store::{Db, Topic, memo};

/// What keeps an invoice from being reversed, in words; empty = it can be.
pub fn blockers(db: &Db<'_>, document: DocumentId) -> Result<Vec<String>, Error> {
    Ok(memo::blockers(db, document)?)
}

/// Reverses it, or is refused with the whole list of what is in the way; asks where a payment of it is
/// on its way.
pub fn reverse(
    session: &mut Session,
    document: DocumentId,
    why: &str,
    sure: Sure,
) -> Result<Receipt, Error> {
    let why = reason(why)?;
    four_eyes::write(session, Verb::Reverse, |tx, eyes| {
        let row = correctable(tx, document)?;
        if row.kind != DocumentKind::Invoice {
            return Err(Error::usage(
                "not_reversible",
                format!("{} is no invoice", row.number.as_deref().unwrap_or("")),
                "adjust it instead",
            ));
        }
        refuse_both_hands(tx, row.account)?;
        let blockers = blockers(tx, document)?;
        if !blockers.is_empty() {
            return Err(Error::usage(
                "blocked",
                format!(
                    "{} cannot be reversed: {}",
                    row.number.as_deref().unwrap_or(""),
                    blockers.join("; ")
                ),
                "take these back first (unapply, refund, cancel or reverse the newer one), or adjust it",
            ));
        }
        on_its_way::ask(tx, &with_successors(tx, document)?, on_its_way::EXCESS, sure)?;
        let planned = reversal(tx, &row)?;
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(row.id),
                subject: row.number.as_deref().unwrap_or_default(),
                what: "reversal",
                with: "",
                money: row.currency.amount(row.total_minor),
                reason: why,
            },
        )?;
        let made = make_reversal(tx, &row, &planned, (Source::Reverse, why))?;
        memo::mark(tx, document, Mark::Reversed(made.id))?;
        new_draft::release(tx, document)?;
        tx.touch(Topic::Usage);
        let mut receipt = receipt(tx, &row, &made, "reverses")?;
        receipt.summary.push_str("; its periods are billable again");
        tx.note(&made.number, format!("{} ({why}){second}", receipt.summary));
        Ok(receipt)
    })
}
