//! Of each document the copy that left first: its layout and the hash of its bytes, for good. The XML that a
//! network got is no such copy: it is kept itself.

use super::{Db, StoreError, Tx, word};
use crate::domain::delivery::{FirstCopy, Imprint, Out};
use crate::domain::ids::{DeliveryId, DocumentId};
use crate::domain::payment::{Channel, DeliveryStatus};

/// Notes that a copy leaves now, or may have left. To be called before its row says so: what was out
/// by then, by this copy or another, is what left first, whether it was kept or not.
pub(super) fn leaves(tx: &Tx<'_>, id: DeliveryId) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO first_copy (document_id, delivery_id, layout, pdf_hash, out_at)
         SELECT l.document_id, l.id, l.layout, l.pdf_hash, ?2 FROM delivery l
         WHERE l.id = ?1 AND l.layout IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM first_copy f WHERE f.document_id = l.document_id)
           AND NOT EXISTS (
           SELECT 1 FROM delivery o WHERE o.document_id = l.document_id
             AND o.channel <> 'network' AND (o.status IN ('Sent','Printed','Unconfirmed') OR o.maybe_out))",
        (id.0, tx.now().at_ms),
    )?;
    Ok(())
}

/// What is known of the copy of a document that left first.
pub fn get(db: &Db<'_>, document: DocumentId) -> Result<FirstCopy, StoreError> {
    let kept = db.opt(
        "SELECT f.layout, f.pdf_hash, l.channel, l.status, f.out_at FROM first_copy f
         JOIN delivery l ON l.id = f.delivery_id WHERE f.document_id = ?1",
        [document.0],
        |r| {
            Ok(Out {
                imprint: Imprint { layout: r.get(0)?, pdf_hash: r.get(1)? },
                channel: word(r, 2, Channel::parse)?,
                status: word(r, 3, DeliveryStatus::parse)?,
                out_at: r.get(4)?,
            })
        },
    )?;
    if let Some(out) = kept {
        return Ok(FirstCopy::Kept(out));
    }
    let out: bool = db.one(
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE document_id = ?1 AND channel <> 'network'
           AND (status IN ('Sent','Printed','Unconfirmed') OR maybe_out))",
        [document.0],
        |r| r.get(0),
    )?;
    Ok(if out { FirstCopy::NotKept } else { FirstCopy::NotOut })
}
