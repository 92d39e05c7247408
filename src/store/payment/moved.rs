//! What of an approved payment is used, goes back, or moves to another account.

use super::{NewPayment, PaymentRow, insert};
use crate::domain::ids::{AccountId, PaymentId};
use crate::domain::payment::PaymentStatus;
use crate::store::{StoreError, Topic, Tx};
use chrono::NaiveDate;

/// Uses up a part of a payment's unapplied money.
pub fn use_unapplied(tx: &Tx<'_>, id: PaymentId, amount_minor: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment SET unapplied_minor = unapplied_minor - ?2, version = version + 1
         WHERE id = ?1",
        (id.0, amount_minor),
    )?;
    tx.stir_payment(id);
    Ok(())
}

/// Money of a payment that went back.
pub fn add_returned(
    tx: &Tx<'_>,
    id: PaymentId,
    amount_minor: i64,
    from_unapplied: i64,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment SET returned_minor = returned_minor + ?2, unapplied_minor = unapplied_minor
         - ?3, version = version + 1 WHERE id = ?1",
        (id.0, amount_minor, from_unapplied),
    )?;
    tx.stir_payment(id);
    tx.touch(Topic::Payments);
    Ok(())
}

/// A part of a payment's money becomes a payment of another account on a day, unapplied there. What is
/// known of it at the gateway stays known: it is refunded there.
pub fn move_to(
    tx: &Tx<'_>,
    from: &PaymentRow,
    to: AccountId,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<PaymentId, StoreError> {
    let moved: i64 =
        tx.one("SELECT count(*) FROM payment WHERE moved_from = ?1", [from.id.0], |r| r.get(0))?;
    let id = insert(
        tx,
        &NewPayment {
            account: to,
            run: None,
            method: from.method,
            gateway: from.gateway.clone(),
            amount_minor,
            currency: from.currency,
            status: PaymentStatus::Approved,
            key: format!("{}-m{}", from.key, moved + 1),
            body_hash: String::new(),
            attempt: 1,
            received_on: Some(on),
            reference: from.reference.clone(),
            unapplied_minor: amount_minor,
            gateway_at: None,
            moved_from: Some(from.id),
        },
    )?;
    tx.run("UPDATE payment SET gateway_ref = ?2 WHERE id = ?1", (id.0, &from.gateway_ref))?;
    add_moved(tx, from.id, amount_minor)?;
    Ok(id)
}

/// Money of a payment that was moved to another account, or carried over into another currency.
pub(in crate::store) fn add_moved(
    tx: &Tx<'_>,
    id: PaymentId,
    amount_minor: i64,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment SET moved_minor = moved_minor + ?2, unapplied_minor = unapplied_minor - ?2,
         version = version + 1 WHERE id = ?1",
        (id.0, amount_minor),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}
