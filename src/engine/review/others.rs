//! Drafts that another clerk has taken to look at: one is asked about, of many they are left out.

use crate::domain::ids::DocumentId;
use crate::engine::Error;
use crate::engine::on_its_way::Sure;
use crate::store::document::DocumentRow;
use crate::store::{StoreError, Tx, clerk_claim};

/// Asks whether one draft that another clerk has is meant.
pub fn ask(tx: &Tx<'_>, row: &DocumentRow, sure: Sure) -> Result<(), Error> {
    match theirs(tx, row.id)?.filter(|_| sure == Sure::Ask) {
        Some(who) => Err(Error::NeedsYes {
            message: format!(
                "{who} has claimed {} ({}, {}): C takes a draft over, invoice claim",
                row.id,
                row.account_name,
                row.currency.amount(row.total_minor)
            ),
        }),
        None => Ok(()),
    }
}

/// Who else has a draft, by name.
pub fn theirs(tx: &Tx<'_>, id: DocumentId) -> Result<Option<String>, StoreError> {
    let claim = clerk_claim::of(tx, id)?;
    Ok(claim.filter(|c| c.keeps_off(tx.actor().uid, tx.now().today)).map(|c| c.name))
}

/// That a draft of many is left to another clerk, in words.
pub fn left_to(who: &str) -> String {
    format!("claimed by {who}: alone it is asked about, C takes it over")
}
