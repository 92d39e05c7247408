//! Copies that a network refused: each goes again as a transmission of its own, under the number it has.

use crate::domain::actor::Verb;
use crate::domain::delivery::network::NetworkState;
use crate::domain::ids::{DeliveryId, DocumentId};
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::engine::command::{Receipt, Refused};
use crate::engine::deliver::copies::{Begin, When, ensure_job, open_press};
use crate::engine::deliver::envelope::{self, Again, Post};
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::delivery::{Delivery, Filter};
use crate::store::new_delivery::NewDelivery;
use crate::store::{self, Db, Tx};

/// Whether a copy was handed over and refused, and nothing went in its place.
pub(super) fn was_refused(db: &Db<'_>, row: &Delivery) -> Result<bool, Error> {
    if row.channel != Channel::Network
        || !matches!(row.status, DeliveryStatus::Bounced | DeliveryStatus::Recalled)
        || row.replaced_by.is_some()
    {
        return Ok(false);
    }
    Ok(store::network::get(db, row.id)?.is_some_and(|copy| copy.state == NetworkState::Refused))
}

/// The copy of a document that a network has, or will have.
pub(super) fn on_its_way(db: &Db<'_>, of: DocumentId) -> Result<Option<DeliveryId>, Error> {
    let filter =
        Filter { document: Some(of), channel: Some(Channel::Network), ..Filter::default() };
    let rows = store::delivery::list(db, &filter)?;
    let goes = |row: &&Delivery| row.status.is_open() || !row.status.never_sent();
    Ok(rows.iter().filter(|row| row.status != DeliveryStatus::Suppressed).find(goes).map(|r| r.id))
}

/// Makes the copy that goes in the place of a refused one, to the same address. What the network says of the
/// one is never taken for the other.
pub(super) fn once_more(
    tx: &Tx<'_>,
    row: &Delivery,
    at_ms: i64,
    domain: &str,
) -> Result<DeliveryId, Error> {
    let new = NewDelivery {
        document: row.document,
        account: row.account,
        channel: Channel::Network,
        address: &row.address,
        status: DeliveryStatus::Queued,
        reason: "",
        not_before_at: at_ms,
        domain,
    };
    let why = format!("sent again; {}", row.last_reply);
    Ok(store::envelope::replace(tx, row.id, (DeliveryStatus::Recalled, &why), &new)?)
}

/// Why a copy is none that goes again after a refusal.
fn why_not(db: &Db<'_>, row: &Delivery) -> Result<Option<String>, Error> {
    Ok(match (was_refused(db, row)?, row.replaced_by) {
        (true, _) => None,
        (false, Some(other)) => Some(format!("{other} went in its place")),
        (false, None) => Some(format!("it is {} by {}, not refused", row.status, row.channel)),
    })
}

/// Those of some copies that no network has refused, or in whose place others went, each with why.
pub fn not_refused(session: &Session, ids: &[DeliveryId]) -> Result<Vec<Refused>, Error> {
    session.store.read(|db| {
        let mut found = Vec::new();
        for id in ids {
            let why = why_not(db, &store::delivery::get(db, *id)?)?;
            found.extend(why.map(|reason| Refused { what: id.to_string(), reason }));
        }
        Ok(found)
    })
}

/// Sends refused copies again, to the electronic address that their account has now.
pub fn resend(session: &mut Session, ids: &[DeliveryId], why: &str) -> Result<Receipt, Error> {
    let why = reason(why)?;
    let press = open_press()?;
    let post = Post::of(&session.config()?, When::Now);
    let mut receipt = session.write(Verb::Deliver, |tx| {
        let (mut receipt, mut said) = (Receipt::default(), Vec::new());
        for id in ids {
            let row = store::delivery::get(tx, *id)?;
            let again = match why_not(tx, &row)? {
                None => envelope::again(tx, press, &row, tx.now().today)?,
                Some(why) => Again::Not(why),
            };
            match again {
                Again::Here => {
                    let made = once_more(tx, &row, tx.now().at_ms, &post.domain)?;
                    said.push(format!("{} as {made} to {}", row.number, row.address));
                }
                Again::Elsewhere(to) => {
                    envelope::send_elsewhere(tx, &row, &to, &post)?;
                    said.push(format!(
                        "{} to {}, it was {}",
                        row.number, to.copy.address, row.address
                    ));
                }
                Again::Not(reason) => {
                    receipt.refused.push(Refused { what: id.to_string(), reason });
                    continue;
                }
            }
            receipt.done += 1;
        }
        if receipt.done == 0 {
            tx.quiet();
        }
        receipt.summary = match &said[..] {
            [] => "nothing is sent again".to_owned(),
            said => format!("sent again: {}", said.join("; ")),
        };
        let subject = ids.first().map(ToString::to_string).unwrap_or_default();
        tx.note(subject, format!("deliveries: {} ({why})", receipt.summary));
        Ok::<_, Error>(receipt)
    })?;
    if receipt.done > 0 {
        let sends = ensure_job(session, Begin::Anew)?;
        receipt.job = sends.network.or(sends.job);
    }
    Ok(receipt)
}
