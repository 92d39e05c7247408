//! What who pays a document quotes, where that is not made of its number.

use super::{Db, StoreError, Topic, Tx};
use crate::domain::ids::DocumentId;

/// Gives a document a reference: letters and digits alone.
pub fn give(tx: &Tx<'_>, document: DocumentId, reference: &str) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO payment_reference (document_id, reference) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET reference = excluded.reference",
        (document.0, reference),
    )?;
    tx.touch(Topic::Documents);
    Ok(())
}

/// That of a document; none where it is made of its number.
pub fn of(db: &Db<'_>, document: DocumentId) -> Result<Option<String>, StoreError> {
    db.opt("SELECT reference FROM payment_reference WHERE document_id = ?1", [document.0], |r| {
        r.get(0)
    })
}
