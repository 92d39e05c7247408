//! The drafts that a bill run or a clerk makes: head, state, flags, lines, taxes, and the claims that
//! hold what they bill.

use super::face::{Bound, Value};
use super::{StoreError, Tx, json, many};
use crate::domain::billing::{DraftDocument, DraftItem};
use crate::domain::document::{DocumentTax, Flag};
use crate::domain::ids::{AccountId, BillRunId, DocumentId, UsageId};
use crate::domain::money::Currency;
use chrono::NaiveDate;

/// What a new draft belongs to.
#[derive(Debug, Clone, Copy)]
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
    insert_drafts(tx, &[(*new, draft)])?.pop().ok_or_else(|| StoreError::NotFound("draft".into()))
}

/// Writes drafts, table by table; gives their ids in the same order.
pub fn insert_drafts(
    tx: &Tx<'_>,
    drafts: &[(NewDraft<'_>, &DraftDocument)],
) -> Result<Vec<DocumentId>, StoreError> {
    let first = next_id(tx, "document")?;
    let ids = (first..).take(drafts.len()).map(DocumentId).collect::<Vec<_>>();
    let each = || ids.iter().copied().zip(drafts).map(|(id, (new, draft))| (id, new, *draft));
    let at = tx.now().at_ms;
    many::insert(tx, HEAD, each().map(|(id, new, draft)| head(id, new, draft, at)))?;
    // Before the state, which is counted with them.
    insert_flags_of(tx, each().map(|(id, new, _)| (id, new.flags)))?;
    many::insert(
        tx,
        "document_state (document_id, status, account_id, due_on, risk)",
        each().map(|(id, new, draft)| {
            let due_on = day(draft.due_on);
            [id.0.into(), "Draft".into(), new.account.0.into(), due_on, new.risk.into()]
        }),
    )?;
    let mut item_id = next_id(tx, "document_item")?;
    let (mut items, mut claims, mut usages) = (Vec::new(), Vec::new(), Vec::new());
    for (id, new, draft) in each() {
        for (position, item) in (1..).zip(&draft.items) {
            items.push(item_row(item_id, id, position, item)?);
            claims.push(claim_row(item_id, id, new.account, item));
            let usage = |usage: &UsageId| -> [Bound<'_>; 4] {
                [usage.0.into(), item_id.into(), id.0.into(), item.charge.0.into()]
            };
            usages.extend(item.usage.iter().map(usage));
            item_id += 1;
        }
    }
    many::change(tx, ITEM, ITEM_FROM, items)?;
    many::insert(tx, CLAIM, claims)?;
    many::insert(tx, "usage_claim (usage_id, item_id, document_id, charge_id)", usages)?;
    insert_taxes_of(tx, each().map(|(id, _, draft)| (id, draft.taxes.as_slice())))?;
    Ok(ids)
}

/// The key that SQLite would give the next row of a table.
fn next_id(tx: &Tx<'_>, table: &str) -> Result<i64, StoreError> {
    tx.one(&format!("SELECT coalesce(max(id), 0) + 1 FROM {table}"), [], |r| r.get(0))
}

fn day<'a>(day: NaiveDate) -> Bound<'a> {
    day.to_string().into()
}

/// NULL where there is none.
fn maybe<'a, T: Into<Value>>(value: Option<T>) -> Bound<'a> {
    Bound::Owned(value.map_or(Value::Null, Into::into))
}

const HEAD: &str = "document (id, kind, status, account_id, account_version_id, currency, run_id,
    source, invoice_on, due_on, target_on, po_number, subtotal_minor, tax_minor, total_minor,
    created_at)";

/// The columns of [`HEAD`].
fn head<'a>(
    id: DocumentId,
    new: &NewDraft<'a>,
    draft: &'a DraftDocument,
    at_ms: i64,
) -> [Bound<'a>; 16] {
    [
        id.0.into(),
        draft.kind.as_str().into(),
        "Draft".into(),
        new.account.0.into(),
        new.account_version.into(),
        new.currency.code().into(),
        maybe(new.run.map(|r| r.0)),
        if new.run.is_some() { "run" } else { "hand" }.into(),
        day(draft.invoice_on),
        day(draft.due_on),
        day(new.target),
        draft.po_number.as_str().into(),
        draft.subtotal_minor.into(),
        draft.tax_minor.into(),
        draft.total_minor.into(),
        at_ms.into(),
    ]
}

/// Writes the flags of a draft.
pub fn insert_flags(tx: &Tx<'_>, id: DocumentId, flags: &[Flag]) -> Result<(), StoreError> {
    insert_flags_of(tx, [(id, flags)].into_iter())
}

/// A flag that a document has stays as it is.
fn insert_flags_of<'a>(
    tx: &Tx<'_>,
    flags: impl Iterator<Item = (DocumentId, &'a [Flag])>,
) -> Result<(), StoreError> {
    let rows = flags.flat_map(|(id, flags)| {
        flags
            .iter()
            .map(move |flag| [id.0.into(), flag.code.as_str().into(), flag.reason.as_str().into()])
    });
    let into = "INSERT OR IGNORE INTO flag (document_id, code, reason) ";
    many::change(tx, into, "", rows).map(|_| ())
}

/// Writes the tax of a draft by code.
pub fn insert_taxes(tx: &Tx<'_>, id: DocumentId, taxes: &[DocumentTax]) -> Result<(), StoreError> {
    insert_taxes_of(tx, [(id, taxes)].into_iter())
}

fn insert_taxes_of<'a>(
    tx: &Tx<'_>,
    taxes: impl Iterator<Item = (DocumentId, &'a [DocumentTax])>,
) -> Result<(), StoreError> {
    many::insert(
        tx,
        "document_tax (document_id, tax_code, rate_percent, name, kind, inclusive, reason,
             base_minor, tax_minor, rounding)",
        taxes.flat_map(|(id, taxes)| taxes.iter().map(move |tax| tax_row(id, tax))),
    )
}

fn tax_row(id: DocumentId, tax: &DocumentTax) -> [Bound<'_>; 10] {
    [
        id.0.into(),
        tax.tax_code.as_str().into(),
        tax.rate_percent.to_string().into(),
        tax.name.as_str().into(),
        tax.kind.as_str().into(),
        tax.inclusive.into(),
        tax.reason.as_str().into(),
        tax.base_minor.into(),
        tax.tax_minor.into(),
        maybe(tax.rounding.map(|r| r.to_string())),
    ]
}

const ITEM: &str = "INSERT INTO document_item (id, document_id, position, charge_id,
    charge_version_id, subscription_id, target_charge_id, corrects_item_id, description,
    service_from_on, service_to_on, quantity, unit_price, amount_minor, gross_minor, tax_code,
    derivation, revenue_account, origin)
    SELECT v.*, (SELECT revenue_account FROM charge_version WHERE id = v.column5), 'run' FROM (";
const ITEM_FROM: &str = ") v";

/// The columns of [`ITEM`] up to the derivation.
fn item_row(
    key: i64,
    id: DocumentId,
    position: i64,
    item: &DraftItem,
) -> Result<[Bound<'_>; 17], StoreError> {
    Ok([
        key.into(),
        id.0.into(),
        position.into(),
        item.charge.0.into(),
        item.version.0.into(),
        item.subscription.0.into(),
        maybe(item.target.map(|t| t.0)),
        maybe(item.corrects.map(|i| i.0)),
        item.description.as_str().into(),
        day(item.service_from),
        day(item.service_to),
        item.quantity.to_string().into(),
        item.unit_price.to_string().into(),
        item.amount_minor.into(),
        maybe(item.gross_minor),
        item.tax_code.as_str().into(),
        json::text(&item.derivation)?.into(),
    ])
}

const CLAIM: &str = "claim (charge_id, target_charge_id, from_on, segment, to_on, role, account_id,
    document_id, item_id, charge_version_id, rated_minor, period)";

/// The columns of [`CLAIM`].
fn claim_row<'a>(
    key: i64,
    id: DocumentId,
    account: AccountId,
    item: &DraftItem,
) -> [Bound<'a>; 12] {
    [
        item.charge.0.into(),
        item.target.map_or(0, |t| t.0).into(),
        day(item.claim.from),
        item.claim.segment.into(),
        day(item.claim.to),
        item.claim.role.as_str().into(),
        account.0.into(),
        id.0.into(),
        key.into(),
        item.version.0.into(),
        item.claim.rated_minor.into(),
        maybe(item.claim.period.map(|p| p.to_string())),
    ]
}

/// Releases everything a draft holds: its claims and its usage.
pub fn release(tx: &Tx<'_>, id: DocumentId) -> Result<(), StoreError> {
    tx.run("DELETE FROM claim WHERE document_id = ?1", [id.0])?;
    tx.run("DELETE FROM usage_claim WHERE document_id = ?1", [id.0])?;
    Ok(())
}
