//! Copies in the making, and their Message-IDs.

use super::face::{Bound, Value};
use super::{Db, StoreError, Topic, Tx, account_text, many};
use crate::domain::ids::{AccountId, DeliveryId, DocumentId};
use crate::domain::payment::{Channel, DeliveryStatus};

/// A copy to be made.
#[derive(Debug, Clone)]
pub struct NewDelivery<'a> {
    pub document: DocumentId,
    pub account: AccountId,
    /// By which way.
    pub channel: Channel,
    /// To where.
    pub address: &'a str,
    /// Where it begins.
    pub status: DeliveryStatus,
    /// Why it does not go; empty when it does.
    pub reason: &'a str,
    /// End of the hold, UTC milliseconds.
    pub not_before_at: i64,
    /// What stands behind the `@` of the Message-ID.
    pub domain: &'a str,
}

/// Makes a copy: the first to its address, or one more. Corrections known by now are not asked
/// about again.
pub fn insert(tx: &Tx<'_>, new: &NewDelivery<'_>) -> Result<DeliveryId, StoreError> {
    insert_all(tx, std::slice::from_ref(new))
}

/// The same of several, no two of one document to one address by one channel. Gives the last of them.
pub fn insert_all(tx: &Tx<'_>, all: &[NewDelivery<'_>]) -> Result<DeliveryId, StoreError> {
    let now = tx.now().at_ms;
    let before: i64 = tx.one("SELECT coalesce(max(id), 0) FROM delivery", [], |r| r.get(0))?;
    if all.is_empty() {
        return Ok(DeliveryId(before));
    }
    let book = book(tx)?;
    let rows = (before + 1..).zip(all).map(|(id, new)| -> [Bound<'_>; 11] {
        let ended = (!new.status.is_open()).then_some(now);
        let message_id =
            (new.channel == Channel::Email).then(|| message_id(DeliveryId(id), &book, new.domain));
        [
            id.into(),
            new.document.0.into(),
            new.account.0.into(),
            new.channel.as_str().into(),
            new.address.into(),
            new.status.as_str().into(),
            now.into(),
            new.not_before_at.into(),
            Bound::Owned(ended.map_or(Value::Null, Value::Integer)),
            new.reason.into(),
            Bound::Owned(message_id.map_or(Value::Null, Value::Text)),
        ]
    });
    many::change(
        tx,
        "INSERT INTO delivery (id, document_id, account_id, channel, address, status, queued_at,
           not_before_at, ended_at, last_reply, message_id, asked_about, copy)
         SELECT v.column1, v.column2, v.column3, v.column4, v.column5, v.column6, v.column7,
           v.column8, v.column9, v.column10, v.column11,
           (SELECT coalesce(max(id), 0) FROM document WHERE corrects_id = v.column2
             AND status = 'Posted'),
           1 + (SELECT coalesce(max(copy), 0) FROM delivery
             WHERE document_id = v.column2 AND channel = v.column4 AND address = v.column5)
         FROM (",
        ") v",
        rows,
    )?;
    // Those of e-mails are the account's own.
    for new in all.iter().filter(|new| new.channel != Channel::Email) {
        account_text::more(tx, (new.account, Some(new.document)), new.address)?;
    }
    tx.touch(Topic::Deliveries);
    Ok(DeliveryId(before + all.len() as i64))
}

/// Gives an e-mail its Message-ID for good, unless it has one.
pub(super) fn name(tx: &Tx<'_>, id: DeliveryId, domain: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE delivery SET message_id = ?2 WHERE id = ?1 AND message_id IS NULL",
        (id.0, message_id(id, &book(tx)?, domain)),
    )?;
    Ok(())
}

/// The book's id keeps names apart between books, the row's between deliveries.
fn message_id(id: DeliveryId, book: &str, domain: &str) -> String {
    format!("{id}.{book}@{domain}")
}

pub(super) fn book(db: &Db<'_>) -> Result<String, StoreError> {
    db.one("SELECT substr(uid, 1, 12) FROM book", [], |r| r.get(0))
}
