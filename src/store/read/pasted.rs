//! Documents by the payment that a pasted text names: its number, its key, or what the gateway calls it.

use super::ReadError;
use crate::domain::ids::{DocumentId, PaymentId};
use crate::store::{Db, many};

/// Shorter names of gateways are not looked for: every letter that is typed asks.
const SHORTEST: usize = 8;

/// The documents that a payment is for: id, number and payment, and the customer; at most `most`.
pub fn by_payment(
    db: &Db<'_>,
    text: &str,
    most: usize,
) -> Result<Vec<(DocumentId, String, String)>, ReadError> {
    let text = text.trim();
    let payments: Vec<i64> = match PaymentId::parse(text) {
        Some(id) => vec![id.0],
        None if text.len() < SHORTEST || text.contains(char::is_whitespace) => Vec::new(),
        None => db.all(
            "SELECT id FROM payment WHERE idempotency_key = ?1 \
             UNION SELECT id FROM payment WHERE gateway_ref = ?1",
            [text],
            |r| r.get(0),
        )?,
    };
    Ok(db.all(
        "SELECT d.id, d.number || ' (' || printf('P-%06d', l.payment_id) || ')', v.name \
         FROM allocation l JOIN document d ON d.id = l.document_id \
         JOIN account_version v ON v.id = d.account_version_id \
         WHERE l.payment_id IN (SELECT value FROM json_each(?1)) LIMIT ?2",
        (many::keys(payments.into_iter()), most as i64),
        |r| Ok((DocumentId(r.get(0)?), r.get(1)?, r.get(2)?)),
    )?)
}
