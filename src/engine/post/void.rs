//! Canceling an invoice that a network refused: nobody ever had it. A full memo of a series of its own, which
//! is never sent, settles it in the books; its service periods are billable again.

use crate::domain::actor::Verb;
use crate::domain::delivery::network::NetworkState;
use crate::domain::document::DocumentKind;
use crate::domain::ids::{DeliveryId, DocumentId};
use crate::domain::payment::DeliveryStatus;
use crate::engine::command::Receipt;
use crate::engine::deliver::make;
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::adjust::{correctable, receipt};
use crate::engine::post::credited::{make_reversal, reversal};
use crate::engine::post::reverse::blockers;
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::delivery::{self, Filter};
use crate::store::document::{DocumentRow, Source};
use crate::store::four_eyes::Object;
use crate::store::memo::{self, Mark};
use crate::store::{Db, Topic, Tx, network, new_draft};

/// What the copies of an invoice say against canceling it so, and the refused ones that end with it.
fn refused_copies(db: &Db<'_>, row: &DocumentRow) -> Result<(Vec<String>, Vec<DeliveryId>), Error> {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for copy in delivery::list(db, &Filter { document: Some(row.id), ..Filter::default() })? {
        let there = network::get(db, copy.id)?;
        let was_refused = there.is_some_and(|there| there.state == NetworkState::Refused);
        let (id, status) = (copy.id, copy.status);
        if was_refused && status == DeliveryStatus::Bounced {
            refused.push(id);
        } else if copy.maybe_out || !(status.never_sent() || status == DeliveryStatus::Suppressed) {
            found.push(format!("{id} is {status} by {}", copy.channel));
        }
    }
    if refused.is_empty() && found.is_empty() {
        found.push("no network has refused it".to_owned());
    }
    Ok((found, refused))
}

/// The refused copies of an invoice that nobody got; none where somebody did, or may have.
pub(in crate::engine) fn nobody_got(
    db: &Db<'_>,
    row: &DocumentRow,
) -> Result<Option<Vec<DeliveryId>>, Error> {
    let (found, refused) = refused_copies(db, row)?;
    Ok(found.is_empty().then_some(refused))
}

/// Ends the refused copies of an invoice that a memo cancels internally.
pub(in crate::engine) fn end(tx: &Tx<'_>, refused: &[DeliveryId], memo: &str) -> Result<(), Error> {
    for id in refused {
        let ends = format!("canceled by {memo}");
        let _ = delivery::step(tx, *id, DeliveryStatus::Recalled, &ends, None)?;
    }
    Ok(())
}

/// Cancels an invoice that a network refused, or is refused with the whole list of what is in the way.
pub fn void(session: &mut Session, document: DocumentId, why: &str) -> Result<Receipt, Error> {
    let why = reason(why)?;
    let press = make::press()?;
    four_eyes::write(session, Verb::Reverse, |tx, eyes| {
        let row = correctable(tx, document)?;
        let number = row.number.clone().unwrap_or_default();
        if row.kind != DocumentKind::Invoice {
            let message = format!("{number} is no invoice");
            return Err(Error::usage("not_voidable", message, "adjust it instead"));
        }
        refuse_both_hands(tx, row.account)?;
        let (mut found, refused) = refused_copies(tx, &row)?;
        if row.balance_minor != row.total_minor {
            found.push("something is applied to it".to_owned());
        }
        found.extend(blockers(tx, document)?);
        if !found.is_empty() {
            let message = format!("{number} cannot be canceled internally: {}", found.join("; "));
            let hint = "only what a network refused and nobody got is; reverse it, so that the customer gets a memo";
            return Err(Error::usage("not_voidable", message, hint));
        }
        on_its_way::ask(tx, &[document], on_its_way::EXCESS, Sure::Ask)?;
        let planned = reversal(tx, &row)?;
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(row.id),
                subject: &number,
                what: "reversal",
                with: "void",
                money: row.currency.amount(row.total_minor),
                reason: why,
            },
        )?;
        let made = make_reversal(tx, &row, &planned, (Source::Void, why))?;
        memo::mark(tx, document, Mark::Reversed(made.id))?;
        new_draft::release(tx, document)?;
        end(tx, &refused, &made.number)?;
        make::queue(tx, press, &[made.id])?;
        tx.touch(Topic::Usage);
        let mut receipt = receipt(tx, &row, &made, "cancels")?;
        receipt.summary.push_str(", internally; its periods are billable again");
        tx.note(&made.number, format!("{} ({why}){second}", receipt.summary));
        Ok(receipt)
    })
}
