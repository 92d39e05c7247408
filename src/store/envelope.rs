//! Copies that have not left and their envelopes: whose account changed since, and how a copy gets
//! another address, or gives way to another copy.

use super::delivery;
use super::face::named_params;
use super::new_delivery::{self, NewDelivery};
use super::{Db, StoreError, Topic, Tx, account, account_text};
use crate::domain::ids::{AccountId, BillRunId, DeliveryId, DocumentId};
use crate::domain::payment::{Channel, DeliveryStatus};
use chrono::NaiveDate;

/// States of copies that may yet follow their account: what waits, and what does not go.
pub const FOLLOWS: [DeliveryStatus; 5] = [
    DeliveryStatus::Queued,
    DeliveryStatus::Held,
    DeliveryStatus::Deferred,
    DeliveryStatus::Suppressed,
    DeliveryStatus::Impossible,
];

/// Copies in one of [`FOLLOWS`] that may not say what their account wants today: every one that does
/// not, and some that do. In the order they were made, after `after`, with their documents.
pub fn doubtful(
    db: &Db<'_>,
    run: Option<BillRunId>,
    (status, after): (DeliveryStatus, DeliveryId),
    today: NaiveDate,
    limit: u32,
) -> Result<Vec<(DeliveryId, DocumentId)>, StoreError> {
    let scope = if run.is_some() {
        "(SELECT d.run_id FROM document d WHERE d.id = l.document_id) = :run"
    } else {
        ":run IS NULL"
    };
    let in_force = account::in_force("l.account_id", ":today");
    db.all(
        &format!(
            "SELECT l.id, l.document_id FROM delivery l
             JOIN account_version v ON v.id = {in_force}
             WHERE l.status = :status AND l.id > :after AND {scope} AND {DOUBTFUL}
             ORDER BY l.id LIMIT :limit"
        ),
        named_params! {
            ":run": run.map(|r| r.0), ":status": status.as_str(), ":after": after.0,
            ":today": today, ":limit": limit,
        },
        |r| Ok((DeliveryId(r.get(0)?), DocumentId(r.get(1)?))),
    )
}

/// Of a copy `l` and the version `v` of its account that is in force. What waits is looked at when
/// anything about the account is newer; what does not go, when its reason may be gone.
const DOUBTFUL: &str =
    "((l.status IN ('Queued','Held','Deferred') AND (v.recorded_at >= l.queued_at
                     OR v.effective_from_on >= date(l.queued_at / 1000, 'unixepoch')))
                 OR (l.channel = 'email' AND l.address <> ''
                   AND (v.delivery NOT IN ('email','both','network+email')
                     OR instr(';' || v.emails || ';', ';' || l.address || ';') = 0))
                 OR (l.channel = 'print' AND v.delivery NOT IN ('print','both'))
                 OR (l.address = '' AND l.status = 'Suppressed' AND v.delivery <> 'none')
                 OR (l.address = '' AND l.status = 'Impossible' AND l.channel = 'email'
                     AND (v.emails <> '' OR v.delivery NOT IN ('email','both','network+email')))
                 OR (l.channel = 'network' AND (v.delivery NOT IN ('network','network+email')
                   OR l.address <> CASE WHEN v.legal = '' THEN ''
                     ELSE coalesce(v.legal ->> 'electronic_address', '') END)))";

/// Whether a document has such a copy.
pub fn in_doubt(db: &Db<'_>, document: DocumentId, today: NaiveDate) -> Result<bool, StoreError> {
    let follows = FOLLOWS.map(|status| format!("'{status}'")).join(",");
    let in_force = account::in_force("l.account_id", ":today");
    let found: Option<i64> = db.opt(
        &format!(
            "SELECT 1 FROM delivery l JOIN account_version v ON v.id = {in_force}
             WHERE l.document_id = :document AND l.status IN ({follows}) AND {DOUBTFUL} LIMIT 1"
        ),
        named_params! { ":document": document.0, ":today": today },
        |r| r.get(0),
    )?;
    Ok(found.is_some())
}

/// E-mails of an account that bounced, and in whose place no other went: they follow nobody until a
/// person sends them again.
pub fn bounced(db: &Db<'_>, of: AccountId) -> Result<i64, StoreError> {
    db.one(
        "SELECT count(*) FROM document d JOIN delivery l ON l.document_id = d.id
         WHERE d.account_id = ?1 AND l.status = 'Bounced' AND l.channel = 'email'
           AND l.replaced_by IS NULL",
        [of.0],
        |r| r.get(0),
    )
}

/// Where a copy that was never tried is to go instead.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// By which way.
    pub channel: Channel,
    /// To where; empty = nowhere.
    pub address: &'a str,
    /// Where it stands then.
    pub status: DeliveryStatus,
    /// Why it does not go; empty when it does, or keeps its words.
    pub reason: &'a str,
    /// End of the hold, UTC milliseconds; none = as it was.
    pub not_before_at: Option<i64>,
    /// What stands behind the `@` of a Message-ID that it has not.
    pub domain: &'a str,
}

/// Gives a copy that was never tried another envelope. Its bytes never left, so its Message-ID stays.
pub fn readdress(tx: &Tx<'_>, id: DeliveryId, to: &Envelope<'_>) -> Result<(), StoreError> {
    let before = delivery::get(tx, id)?;
    let ended = (!to.status.is_open()).then_some(tx.now().at_ms);
    // What begins anew is dated anew: it may have lain here for months.
    let queued = if before.status.is_open() { before.queued_at } else { tx.now().at_ms };
    tx.run(
        "UPDATE delivery SET channel = ?2, address = ?3, status = ?4,
                last_reply = CASE WHEN ?5 <> '' OR ?4 = 'Queued' THEN ?5 ELSE last_reply END,
                not_before_at = coalesce(?6, not_before_at), ended_at = ?7, queued_at = ?8,
                message_id = CASE WHEN ?2 = 'email' THEN message_id END,
                message_hash = '', sender = '', first_try_at = NULL, layout = NULL, pdf_hash = '',
                copy = 1 + (SELECT coalesce(max(o.copy), 0) FROM delivery o
                  WHERE o.document_id = delivery.document_id
                            AND o.channel = ?2 AND o.address = ?3 AND o.id <> delivery.id)
         WHERE id = ?1",
        (
            id.0,
            to.channel.as_str(),
            to.address,
            to.status.as_str(),
            to.reason,
            to.not_before_at,
            ended,
            queued,
        ),
    )?;
    // What a network was only going to get is none of its own any more.
    tx.run("DELETE FROM network_copy WHERE delivery_id = ?1", [id.0])?;
    if to.channel == Channel::Email {
        new_delivery::name(tx, id, to.domain)?;
    }
    let account: i64 =
        tx.one("SELECT account_id FROM delivery WHERE id = ?1", [id.0], |r| r.get(0))?;
    account_text::more(tx, (AccountId(account), Some(before.document)), to.address)?;
    tx.touch(Topic::Deliveries);
    Ok(())
}

/// Ends a copy and makes another in its place. What a person was asked, or said, of corrections holds
/// for the new one too.
pub fn replace(
    tx: &Tx<'_>,
    id: DeliveryId,
    (ends, why): (DeliveryStatus, &str),
    new: &NewDelivery<'_>,
) -> Result<DeliveryId, StoreError> {
    let made = once_more(tx, id, new)?;
    tx.run(
        "UPDATE delivery SET status = ?2, last_reply = ?3, ended_at = coalesce(ended_at, ?4)
         WHERE id = ?1",
        (id.0, ends.as_str(), why, tx.now().at_ms),
    )?;
    tx.run(
        "UPDATE delivery SET asked_about = (SELECT o.asked_about FROM delivery o WHERE o.id = ?2)
         WHERE id = ?1",
        (made.0, id.0),
    )?;
    tx.touch(Topic::Deliveries);
    Ok(made)
}

/// Makes another copy of one that is out: of the two it is the one that follows the account, by the
/// way that a person chose for the first.
pub fn once_more(
    tx: &Tx<'_>,
    id: DeliveryId,
    new: &NewDelivery<'_>,
) -> Result<DeliveryId, StoreError> {
    let made = new_delivery::insert(tx, new)?;
    tx.run("UPDATE delivery SET replaced_by = ?2 WHERE id = ?1", (id.0, made.0))?;
    tx.run(
        "UPDATE delivery SET by_hand = (SELECT o.by_hand FROM delivery o WHERE o.id = ?2)
         WHERE id = ?1",
        (made.0, id.0),
    )?;
    Ok(made)
}

/// Notes that a person chose the way of a copy: its document does not follow the preference.
pub fn chosen(tx: &Tx<'_>, id: DeliveryId) -> Result<(), StoreError> {
    tx.run("UPDATE delivery SET by_hand = 1 WHERE id = ?1", [id.0])?;
    Ok(())
}
