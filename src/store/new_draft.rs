//! The drafts that a bill run or a clerk makes: head, state, flags, lines, taxes, and the claims that
//! hold what they bill.

use super::face::params;
use super::json;
use super::{StoreError, Tx};
use crate::domain::billing::{DraftDocument, DraftItem};
use crate::domain::document::{DocumentTax, Flag};
use crate::domain::ids::{AccountId, BillRunId, DocumentId, ItemId};
use crate::domain::money::Currency;
use chrono::NaiveDate;

/// What a new draft belongs to.
pub struct NewDraft<'a> {
    pub account: AccountId,
    /// The version of the account it was rated from.
    pub account_version: i64,
    pub currency: Currency,
    /// The run; none for drafts made by hand.
    pub run: Option<BillRunId>,
    /// What was billed up to.
    pub target: NaiveDate,
    /// Why it deserves a look.
    pub flags: &'a [Flag],
    /// For the review order, worst highest.
    pub risk: i64,
}

/// Writes a draft with lines, taxes, claims, flags and state.
pub fn insert_draft(
    tx: &Tx<'_>,
    new: &NewDraft<'_>,
    draft: &DraftDocument,
) -> Result<DocumentId, StoreError> {
    let source = if new.run.is_some() { "run" } else { "hand" };
    let id = DocumentId(tx.insert(
        "INSERT INTO document (kind, status, account_id, account_version_id, currency, run_id,
                source, invoice_on, due_on, target_on, po_number, subtotal_minor, tax_minor,
                  total_minor, created_at)
         VALUES (?1,'Draft',?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
        (
            draft.kind.as_str(),
            new.account.0,
            new.account_version,
            new.currency.code(),
            new.run.map(|r| r.0),
            source,
            draft.invoice_on,
            draft.due_on,
            new.target,
            &draft.po_number,
            draft.subtotal_minor,
            draft.tax_minor,
            draft.total_minor,
            tx.now().at_ms,
        ),
    )?);
    insert_state(tx, id, new, draft.due_on)?;
    insert_lines(tx, id, new.account, draft)?;
    insert_flags(tx, id, new.flags)?;
    Ok(id)
}

fn insert_state(
    tx: &Tx<'_>,
    id: DocumentId,
    new: &NewDraft<'_>,
    due_on: NaiveDate,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO document_state (document_id, status, account_id, due_on, risk)
         VALUES (?1,'Draft',?2,?3,?4)",
        (id.0, new.account.0, due_on, new.risk),
    )?;
    Ok(())
}

/// Writes the flags of a draft.
pub fn insert_flags(tx: &Tx<'_>, id: DocumentId, flags: &[Flag]) -> Result<(), StoreError> {
    for flag in flags {
        tx.run(
            "INSERT OR IGNORE INTO flag (document_id, code, reason) VALUES (?1,?2,?3)",
            (id.0, flag.code.as_str(), &flag.reason),
        )?;
    }
    Ok(())
}

/// Writes the lines, taxes and claims of a draft (also when it is rated again).
pub fn insert_lines(
    tx: &Tx<'_>,
    id: DocumentId,
    account: AccountId,
    draft: &DraftDocument,
) -> Result<(), StoreError> {
    for (position, item) in draft.items.iter().enumerate() {
        let item_id = insert_item(tx, id, position as i64 + 1, item)?;
        insert_claim(tx, id, account, item_id, item)?;
    }
    insert_taxes(tx, id, &draft.taxes)
}

/// Writes the tax of a draft by code.
pub fn insert_taxes(tx: &Tx<'_>, id: DocumentId, taxes: &[DocumentTax]) -> Result<(), StoreError> {
    for tax in taxes {
        tx.run(
            "INSERT INTO document_tax (document_id, tax_code, rate_percent, name, kind, inclusive,
             reason, base_minor, tax_minor, rounding)
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
            (
                id.0,
                &tax.tax_code,
                tax.rate_percent.to_string(),
                &tax.name,
                tax.kind.as_str(),
                tax.inclusive,
                &tax.reason,
                tax.base_minor,
                tax.tax_minor,
                tax.rounding.map(|r| r.to_string()),
            ),
        )?;
    }
    Ok(())
}

fn insert_item(
    tx: &Tx<'_>,
    id: DocumentId,
    position: i64,
    item: &DraftItem,
) -> Result<ItemId, StoreError> {
    let derivation = json::text(&item.derivation)?;
    let key = tx.insert(
        "INSERT INTO document_item (document_id, position, charge_id, charge_version_id,
                subscription_id, target_charge_id, corrects_item_id, description, service_from_on,
                service_to_on, quantity, unit_price, amount_minor, gross_minor, tax_code,
                  revenue_account, origin, derivation)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,
                 (SELECT revenue_account FROM charge_version WHERE id = ?4),'run',?16)",
        params![
            id.0,
            position,
            item.charge.0,
            item.version.0,
            item.subscription.0,
            item.target.map(|t| t.0),
            item.corrects.map(|i| i.0),
            item.description,
            item.service_from,
            item.service_to,
            item.quantity.to_string(),
            item.unit_price.to_string(),
            item.amount_minor,
            item.gross_minor,
            item.tax_code,
            derivation,
        ],
    )?;
    Ok(ItemId(key))
}

fn insert_claim(
    tx: &Tx<'_>,
    id: DocumentId,
    account: AccountId,
    item_id: ItemId,
    item: &DraftItem,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO claim (charge_id, target_charge_id, from_on, segment, to_on, role, account_id,
                document_id, item_id, charge_version_id, rated_minor, period)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
        (
            item.charge.0,
            item.target.map_or(0, |t| t.0),
            item.claim.from,
            item.claim.segment,
            item.claim.to,
            item.claim.role.as_str(),
            account.0,
            id.0,
            item_id.0,
            item.version.0,
            item.claim.rated_minor,
            item.claim.period.map(|p| p.to_string()),
        ),
    )?;
    for usage in &item.usage {
        tx.run(
            "INSERT INTO usage_claim (usage_id, item_id, document_id, charge_id)
             VALUES (?1,?2,?3,?4)",
            (usage.0, item_id.0, id.0, item.charge.0),
        )?;
    }
    Ok(())
}

/// Releases everything a draft holds: its claims and its usage.
pub fn release(tx: &Tx<'_>, id: DocumentId) -> Result<(), StoreError> {
    tx.run("DELETE FROM claim WHERE document_id = ?1", [id.0])?;
    tx.run("DELETE FROM usage_claim WHERE document_id = ?1", [id.0])?;
    Ok(())
}
