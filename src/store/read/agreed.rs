//! What is agreed or contested of a document, in words: a screen, the page of an account and JSON say the same.

use crate::domain::dispute::{DisputeState, reason};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Currency;
use crate::store::document::DocumentRow;
use crate::store::{Db, StoreError, agency, dispute, instalment, reissue, stop};

/// What is agreed or contested of a document that is owed, in words.
pub fn of(
    db: &Db<'_>,
    id: DocumentId,
    account: AccountId,
    currency: Currency,
) -> Result<Vec<String>, StoreError> {
    let mut said = Vec::new();
    if !db
        .any("SELECT 1 FROM document_state WHERE document_id = ?1 AND balance_minor > 0", [id.0])?
    {
        return Ok(said);
    }
    said.extend(stop::open_of(db, account)?.map(|stop| stop.said()));
    said.extend(agency::open_of(db, account)?.map(|case| case.said_of(id)));
    for dispute in dispute::of(db, id)?.iter().filter(|d| d.state == DisputeState::Open) {
        let why = reason(dispute.code, &dispute.words);
        let owner = match dispute.owner.as_str() {
            "" => String::new(),
            owner => format!(", {owner} sees to it"),
        };
        said.push(format!("{} disputed: {why}{owner}", dispute.amount));
    }
    if let Some(plan) = instalment::open_of(db, id)? {
        said.push(format!("{}: {}", plan.id, plan.said()));
    }
    let promise = "SELECT promised_on, amount_minor FROM promise
        WHERE document_id = ?1 AND state = 'open'";
    said.extend(db.opt(promise, [id.0], |r| {
        let (on, amount): (String, i64) = (r.get(0)?, r.get(1)?);
        Ok(format!("{} promised for {on}", currency.amount(amount)))
    })?);
    Ok(said)
}

/// Which invoice took whose place, in words.
pub fn linked(db: &Db<'_>, row: &DocumentRow) -> Result<Vec<String>, StoreError> {
    let (replaces, by) = reissue::links(db, row)?;
    let replaces = replaces.map(|of| format!("takes the place of {of}"));
    let by = by.map(|by| format!("{by} took its place"));
    Ok(replaces.into_iter().chain(by).collect())
}
