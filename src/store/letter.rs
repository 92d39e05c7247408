//! Letters: copies of one document that go out in one message, under one Message-ID.
//!
//! Until its first try a copy has a Message-ID of its own. The try fixes which copies go together: all
//! have the Message-ID of the first of them from then on, and what the message says is known by its
//! hash. Who is in a letter, in which order, from whom and of when are then columns that no longer
//! change.

use super::delivery::{COLUMNS, Delivery, FROM, row};
use super::job::{self, JobKind, JobState, MAIL};
use super::{Db, StoreError, Tx, many};
use crate::domain::delivery::Down;
use crate::domain::ids::{DeliveryId, DocumentId};

/// Every e-mail of these documents that may go now, in the order they were made.
pub fn due_of(
    db: &Db<'_>,
    documents: impl Iterator<Item = DocumentId>,
    now_ms: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let mut all = db.all(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE l.document_id IN (SELECT value FROM json_each(?1))
               AND l.channel = 'email' AND l.status IN ('Queued','Deferred')
               AND l.not_before_at <= ?2"
        ),
        (many::keys(documents.map(|id| id.0)), now_ms),
        row,
    )?;
    all.sort_by_key(|copy| copy.id);
    Ok(all)
}

/// The copies of a document that a message of this name is, or was, to; the first gave it the name.
pub fn of_message(
    db: &Db<'_>,
    document: DocumentId,
    message_id: &str,
) -> Result<Vec<Delivery>, StoreError> {
    let mut all = db.all(
        &format!("SELECT {COLUMNS} {FROM} WHERE l.document_id = ?1 AND l.message_id = ?2"),
        (document.0, message_id),
        row,
    )?;
    all.sort_by_key(|copy| copy.id);
    Ok(all)
}

/// Whether a copy is as it was read, and may go now.
pub fn stands(tx: &Tx<'_>, copy: &Delivery) -> Result<bool, StoreError> {
    let found: Option<i64> = tx.opt(
        "SELECT 1 FROM delivery WHERE id = ?1 AND status IN ('Queued','Deferred')
           AND not_before_at <= ?2 AND attempts = ?3 AND address = ?4 AND message_hash = ?5",
        (copy.id.0, tx.now().at_ms, copy.attempts, &copy.address, &copy.message_hash),
        |r| r.get(0),
    )?;
    Ok(found.is_some())
}

/// Takes a first try back of which nothing left: the copy has its own Message-ID again, and goes
/// with whom it then goes with.
pub fn unfix(tx: &Tx<'_>, copy: &Delivery) -> Result<(), StoreError> {
    let name = copy.message_id.as_deref().unwrap_or_default();
    tx.run(
        "UPDATE delivery SET message_id = ?2, message_hash = '', sender = '', first_try_at = NULL,
                layout = NULL, pdf_hash = ''
         WHERE id = ?1 AND status = 'Queued' AND attempts = 0 AND NOT maybe_out",
        (copy.id.0, own_name(copy.id, name)),
    )?;
    Ok(())
}

/// The Message-ID that a copy has until it goes with others, from one of the same book.
fn own_name(id: DeliveryId, name: &str) -> String {
    let behind = name.find('.').map_or("", |at| &name[at..]);
    format!("{id}{behind}")
}

/// That mail is paused because the server refuses us, while the job that sends waits for that.
pub fn down(db: &Db<'_>) -> Result<Option<Down>, StoreError> {
    for job in job::open(db)? {
        let waits = job.kind == JobKind::Deliver && job.state == JobState::Waiting;
        if waits
            && job.subject == MAIL
            && let Some(down) = job.receipt::<Down>()?
        {
            return Ok(Some(down));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_goes_alone_again_has_its_own_name_again() {
        let of = |name| own_name(DeliveryId(8), name);
        assert_eq!(of("DL-000007.abc@example.org"), "DL-000008.abc@example.org");
        assert_eq!(of("DL-000008.abc@example.org"), "DL-000008.abc@example.org");
    }
}
