//! Reports of mail that came back, each booked once.

use super::{Db, StoreError, Tx, delivery, letter};
use crate::domain::ids::DeliveryId;
use crate::store::delivery::Delivery;

/// Keeps that a report of a copy was booked; false when it was before.
pub fn keep(tx: &Tx<'_>, hash: &[u8], copy: DeliveryId) -> Result<bool, StoreError> {
    let kept = tx.run(
        "INSERT INTO bounce_report (hash, delivery_id, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (hash) DO NOTHING",
        (hash, copy.0, tx.now().at_ms),
    )?;
    Ok(kept == 1)
}

/// The copies that a message of this name went to; none where it is of another book, or of none.
pub fn copies_of(db: &Db<'_>, message_id: &str) -> Result<Vec<Delivery>, StoreError> {
    let name = message_id.split('.').next().unwrap_or_default();
    let Some(id) = DeliveryId::parse(name) else { return Ok(Vec::new()) };
    match delivery::get(db, id) {
        Ok(first) => letter::of_message(db, first.document, message_id),
        Err(StoreError::NotFound(_)) => Ok(Vec::new()),
        Err(other) => Err(other),
    }
}

/// Says beside a copy that is out what is known of it by now; its state stays.
pub fn say(tx: &Tx<'_>, id: DeliveryId, words: &str) -> Result<(), StoreError> {
    tx.run("UPDATE delivery SET last_reply = ?2 WHERE id = ?1", (id.0, words))?;
    tx.touch(super::Topic::Deliveries);
    Ok(())
}
