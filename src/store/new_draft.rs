//! The drafts that a bill run or a clerk makes: head, state, flags, lines, taxes, and the claims that
//! hold what they bill.

use super::bill_run::RunTotal;
use super::face::{Bound, Value};
use super::shared_text::{self, Numbers, Said};
use super::{Db, StoreError, Tx, json, many};
use crate::domain::billing::{DraftDocument, DraftItem};
use crate::domain::document::{DocumentKind, DocumentTax, Flag};
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

/// A row whose keys are given when it is written.
type Cells<const N: usize> = [Bound<'static>; N];

/// A draft as rows: made where nobody waits for it, so that the transaction that writes them has only
/// to give them keys.
pub struct Ready {
    /// Invoice or credit memo.
    pub kind: DocumentKind,
    /// Of all its amounts.
    pub currency: Currency,
    /// What it adds to the totals of its run.
    pub total: RunTotal,
    /// Whether something was found that deserves a look.
    pub flagged: bool,
    head: Cells<16>,
    state: Cells<5>,
    flags: Vec<Cells<3>>,
    lines: Vec<Line>,
    taxes: Vec<Cells<10>>,
}

struct Line {
    item: Cells<20>,
    /// How its amount came about.
    derivation: Said,
    claim: Cells<12>,
    usage: Vec<Cells<4>>,
}

impl Ready {
    /// The rows of a draft with lines, taxes, claims, flags and state.
    pub fn of(new: &NewDraft<'_>, draft: &DraftDocument) -> Result<Self, StoreError> {
        let line = |(position, item): (i64, &DraftItem)| -> Result<Line, StoreError> {
            let usage = |usage: &UsageId| [usage.0.into(), KEY, KEY, item.charge.0.into()];
            Ok(Line {
                item: item_row(position, item),
                derivation: Said::Here(json::text(&item.derivation)?),
                claim: claim_row(new.account, item),
                usage: item.usage.iter().map(usage).collect(),
            })
        };
        Ok(Self {
            kind: draft.kind,
            currency: new.currency,
            total: RunTotal::of(draft),
            flagged: !new.flags.is_empty(),
            head: head(new, draft),
            state: {
                let due_on = day(draft.due_on);
                [KEY, "Draft".into(), new.account.0.into(), due_on, new.risk.into()]
            },
            flags: new.flags.iter().map(flag_row).collect(),
            lines: (1..).zip(&draft.items).map(line).collect::<Result<_, _>>()?,
            taxes: draft.taxes.iter().map(tax_row).collect(),
        })
    }
}

/// Keeps once what lines of drafts that are written together say alike. Good in any later transaction.
pub fn share<'r>(
    db: &Db<'_>,
    drafts: impl Iterator<Item = &'r mut Ready>,
) -> Result<(), StoreError> {
    let lines = drafts.flat_map(|draft| &mut draft.lines);
    shared_text::share(db, lines.map(|line| &mut line.derivation))
}

/// Writes drafts, table by table; gives their ids in the same order.
pub fn insert_drafts(tx: &Tx<'_>, drafts: Vec<Ready>) -> Result<Vec<DocumentId>, StoreError> {
    let first = next_id(tx, "document")?;
    let ids = (first..).take(drafts.len()).map(DocumentId).collect::<Vec<_>>();
    let mut item_key = next_id(tx, "document_item")?;
    let at: Bound<'_> = tx.now().at_ms.into();
    let (mut heads, mut states) = (Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len()));
    let (mut flags, mut taxes) = (Vec::new(), Vec::new());
    let (mut items, mut claims, mut usages) = (Vec::new(), Vec::new(), Vec::new());
    let mut numbers = Numbers::default();
    for (id, mut draft) in ids.iter().zip(drafts) {
        let key: Bound<'_> = id.0.into();
        [draft.head[0], draft.head[15]] = [key.clone(), at.clone()];
        heads.push(draft.head);
        draft.state[0] = key.clone();
        states.push(draft.state);
        for mut line in draft.lines {
            let item: Bound<'_> = item_key.into();
            [line.item[0], line.item[1]] = [item.clone(), key.clone()];
            [line.item[16], line.item[17]] = numbers.cells(tx, line.derivation)?;
            items.push(line.item);
            [line.claim[7], line.claim[8]] = [key.clone(), item.clone()];
            claims.push(line.claim);
            for mut usage in line.usage {
                [usage[1], usage[2]] = [item.clone(), key.clone()];
                usages.push(usage);
            }
            item_key += 1;
        }
        flags.extend(draft.flags.into_iter().map(|row| keyed(row, &key)));
        taxes.extend(draft.taxes.into_iter().map(|row| keyed(row, &key)));
    }
    many::insert(tx, HEAD, heads)?;
    // Before the state, which is counted with them.
    insert_flag_rows(tx, flags)?;
    many::insert(tx, "document_state (document_id, status, account_id, due_on, risk)", states)?;
    many::insert(tx, ITEM, items)?;
    many::insert(tx, CLAIM, claims)?;
    many::insert(tx, "usage_claim (usage_id, item_id, document_id, charge_id)", usages)?;
    many::insert(tx, TAX, taxes)?;
    Ok(ids)
}

/// The key that SQLite would give the next row of a table.
pub(in crate::store) fn next_id(tx: &Tx<'_>, table: &str) -> Result<i64, StoreError> {
    tx.one(&format!("SELECT coalesce(max(id), 0) + 1 FROM {table}"), [], |r| r.get(0))
}

/// Where a key comes once it is known.
const KEY: Bound<'static> = Bound::Owned(Value::Null);

/// A row with the key of its document, which is its first column.
fn keyed<const N: usize>(mut row: Cells<N>, key: &Bound<'static>) -> Cells<N> {
    row[0] = key.clone();
    row
}

fn day(day: NaiveDate) -> Bound<'static> {
    day.to_string().into()
}

/// NULL where there is none.
fn maybe<T: Into<Value>>(value: Option<T>) -> Bound<'static> {
    Bound::Owned(value.map_or(Value::Null, Into::into))
}

const HEAD: &str = "document (id, kind, status, account_id, account_version_id, currency, run_id,
    source, invoice_on, due_on, target_on, po_number, subtotal_minor, tax_minor, total_minor,
    created_at)";

/// The columns of [`HEAD`].
fn head(new: &NewDraft<'_>, draft: &DraftDocument) -> Cells<16> {
    [
        KEY,
        draft.kind.as_str().into(),
        "Draft".into(),
        new.account.0.into(),
        new.account_version.into(),
        new.currency.code().to_owned().into(),
        maybe(new.run.map(|r| r.0)),
        if new.run.is_some() { "run" } else { "hand" }.into(),
        day(draft.invoice_on),
        day(draft.due_on),
        day(new.target),
        draft.po_number.clone().into(),
        draft.subtotal_minor.into(),
        draft.tax_minor.into(),
        draft.total_minor.into(),
        KEY,
    ]
}

/// Writes the flags of a draft; one that it has stays as it is.
pub fn insert_flags(tx: &Tx<'_>, id: DocumentId, flags: &[Flag]) -> Result<(), StoreError> {
    insert_flag_rows(tx, flags.iter().map(|flag| keyed(flag_row(flag), &id.0.into())))
}

fn insert_flag_rows(
    tx: &Tx<'_>,
    rows: impl IntoIterator<Item = Cells<3>>,
) -> Result<(), StoreError> {
    let into = "INSERT OR IGNORE INTO flag (document_id, code, reason) ";
    many::change(tx, into, "", rows).map(|_| ())
}

fn flag_row(flag: &Flag) -> Cells<3> {
    [KEY, flag.code.as_str().to_owned().into(), flag.reason.clone().into()]
}

/// Writes the tax of a draft by code.
pub fn insert_taxes(tx: &Tx<'_>, id: DocumentId, taxes: &[DocumentTax]) -> Result<(), StoreError> {
    many::insert(tx, TAX, taxes.iter().map(|tax| keyed(tax_row(tax), &id.0.into())))
}

const TAX: &str =
    "document_tax (document_id, tax_code, rate_percent, name, kind, inclusive, reason,
    base_minor, tax_minor, rounding)";

/// The columns of [`TAX`].
fn tax_row(tax: &DocumentTax) -> Cells<10> {
    [
        KEY,
        tax.tax_code.clone().into(),
        tax.rate_percent.to_string().into(),
        tax.name.clone().into(),
        tax.kind.as_str().into(),
        tax.inclusive.into(),
        tax.reason.clone().into(),
        tax.base_minor.into(),
        tax.tax_minor.into(),
        maybe(tax.rounding.map(|r| r.to_string())),
    ]
}

const ITEM: &str = "document_item (id, document_id, position, charge_id, charge_version_id,
    subscription_id, target_charge_id, corrects_item_id, description, service_from_on,
    service_to_on, quantity, unit_price, amount_minor, gross_minor, tax_code, derivation,
    derivation_id, revenue_account, origin)";

/// The columns of [`ITEM`].
fn item_row(position: i64, item: &DraftItem) -> Cells<20> {
    [
        KEY,
        KEY,
        position.into(),
        item.charge.0.into(),
        item.version.0.into(),
        item.subscription.0.into(),
        maybe(item.target.map(|t| t.0)),
        maybe(item.corrects.map(|i| i.0)),
        item.description.clone().into(),
        day(item.service_from),
        day(item.service_to),
        item.quantity.to_string().into(),
        item.unit_price.to_string().into(),
        item.amount_minor.into(),
        maybe(item.gross_minor),
        item.tax_code.clone().into(),
        KEY,
        KEY,
        item.revenue_account.clone().into(),
        "run".into(),
    ]
}

const CLAIM: &str = "claim (charge_id, target_charge_id, from_on, segment, to_on, role, account_id,
    document_id, item_id, charge_version_id, rated_minor, period)";

/// The columns of [`CLAIM`].
fn claim_row(account: AccountId, item: &DraftItem) -> Cells<12> {
    [
        item.charge.0.into(),
        item.target.map_or(0, |t| t.0).into(),
        day(item.claim.from),
        item.claim.segment.into(),
        day(item.claim.to),
        item.claim.role.as_str().into(),
        account.0.into(),
        KEY,
        KEY,
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
