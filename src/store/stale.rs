//! Drafts whose grounds have shifted: what changed since they were rated.

use super::face::Params;
use super::{Db, StoreError, Topic, Tx};
use crate::domain::ids::{AccountId, ChargeId, DocumentId, SubscriptionId};
use chrono::NaiveDate;

/// Longest list of changes kept on a draft; the audit trail has them all.
const MAX: usize = 1000;

/// Marks a draft stale with what changed. It does not post until it is regenerated or accepted
/// with a reason. Nothing happens to a document that is no draft.
pub fn mark(tx: &Tx<'_>, document: DocumentId, what: &str) -> Result<(), StoreError> {
    let changed = tx.run(
        "UPDATE document_state
             SET stale = substr(CASE stale WHEN '' THEN ?2 ELSE stale || '; ' || ?2 END, 1, ?3)
             WHERE document_id = ?1 AND status = 'Draft' AND instr(stale, ?2) = 0",
        (document.0, what, MAX as i64),
    )?;
    if changed > 0 {
        tx.touch(Topic::Documents);
    }
    Ok(())
}

/// Forgets the staleness of a draft: it was rated again, or accepted with a reason.
pub fn clear(tx: &Tx<'_>, document: DocumentId) -> Result<(), StoreError> {
    tx.run("UPDATE document_state SET stale = '' WHERE document_id = ?1", [document.0])?;
    tx.touch(Topic::Documents);
    Ok(())
}

/// Whether any draft is there at all: without one nothing can become stale.
pub fn any_draft(db: &Db<'_>) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM document_state WHERE status = 'Draft' LIMIT 1", [])
}

fn ids(db: &Db<'_>, sql: &str, params: impl Params) -> Result<Vec<DocumentId>, StoreError> {
    db.all(sql, params, |r| Ok(DocumentId(r.get(0)?)))
}

/// The drafts of an account.
pub fn drafts_of_account(db: &Db<'_>, account: AccountId) -> Result<Vec<DocumentId>, StoreError> {
    ids(
        db,
        "SELECT document_id FROM document_state WHERE status = 'Draft' AND account_id = ?1",
        [account.0],
    )
}

/// The drafts with a line of the charge for days from `since` on.
pub fn drafts_of_charge(
    db: &Db<'_>,
    account: AccountId,
    charge: ChargeId,
    since: NaiveDate,
) -> Result<Vec<DocumentId>, StoreError> {
    ids(
        db,
        "SELECT DISTINCT s.document_id FROM document_state s
         JOIN document_item i ON i.document_id = s.document_id
         WHERE s.status = 'Draft' AND s.account_id = ?1
           AND (i.charge_id = ?2 OR i.target_charge_id = ?2)
           AND coalesce(i.service_to_on, ?3) >= ?3",
        (account.0, charge.0, since),
    )
}

/// The drafts with a line of the subscription.
pub fn drafts_of_subscription(
    db: &Db<'_>,
    account: AccountId,
    subscription: SubscriptionId,
) -> Result<Vec<DocumentId>, StoreError> {
    ids(
        db,
        "SELECT DISTINCT s.document_id FROM document_state s
         JOIN document_item i ON i.document_id = s.document_id
         WHERE s.status = 'Draft' AND s.account_id = ?1 AND i.subscription_id = ?2",
        (account.0, subscription.0),
    )
}

/// The drafts that bill usage of this unit on this day: new usage of that day belongs on them.
pub fn drafts_of_usage(
    db: &Db<'_>,
    account: AccountId,
    uom: &str,
    day: NaiveDate,
) -> Result<Vec<DocumentId>, StoreError> {
    ids(
        db,
        "SELECT DISTINCT s.document_id FROM document_state s
         JOIN claim c ON c.document_id = s.document_id
         JOIN charge_version v ON v.id = c.charge_version_id
         WHERE s.status = 'Draft' AND s.account_id = ?1 AND v.type = 'usage' AND v.uom = ?2
           AND ?3 BETWEEN c.from_on AND c.to_on",
        (account.0, uom, day),
    )
}

/// The drafts taxed with a code.
pub fn drafts_of_tax(db: &Db<'_>, tax_code: &str) -> Result<Vec<DocumentId>, StoreError> {
    ids(
        db,
        "SELECT DISTINCT s.document_id FROM document_state s
         JOIN document_tax t ON t.document_id = s.document_id
         WHERE s.status = 'Draft' AND t.tax_code = ?1",
        [tax_code],
    )
}
