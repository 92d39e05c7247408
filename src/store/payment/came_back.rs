//! Bank debits that came back after they were approved: why, and how often.

use crate::domain::ids::{DocumentId, MethodId, PaymentId};
use crate::domain::payment::{DeclineClass, NextAction};
use crate::store::{Db, StoreError, Topic, Tx};

/// What came back of an approved payment, by the code it came back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameBack<'a> {
    pub code: &'a str,
    pub class: DeclineClass,
    /// What it asks for.
    pub action: NextAction,
    /// When it is presented again by rule, UTC ms.
    pub next_retry_at: Option<i64>,
}

/// Notes on an approved payment why it came back.
pub fn came_back(tx: &Tx<'_>, id: PaymentId, why: &CameBack<'_>) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment SET decline_code = ?2, decline_class = ?3, next_action = ?4, next_retry_at
         = ?5, version = version + 1 WHERE id = ?1",
        (id.0, why.code, why.class.as_str(), why.action.as_str(), why.next_retry_at),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// How many payments of a document by a method came back for a reason that may pass.
pub fn came_back_softly(
    db: &Db<'_>,
    document: DocumentId,
    method: MethodId,
) -> Result<u32, StoreError> {
    db.one(
        "SELECT count(DISTINCT p.id) FROM allocation a JOIN payment p ON p.id = a.payment_id
             WHERE a.document_id = ?1 AND p.method_id = ?2 AND p.status = 'Approved'
               AND p.returned_minor > 0 AND p.decline_class = 'soft'",
        (document.0, method.0),
        |r| r.get(0),
    )
}
