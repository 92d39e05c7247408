//! What is written off and comes after all: a loss and its recoveries, each with its tax.

use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::explain::{Derivation, LineTax, proportion};
use crate::domain::ids::{DocumentId, ItemId};
use crate::domain::money::{Money, allocate};
use crate::engine::Error;
use crate::engine::post::posting;
use crate::engine::rate::rules;
use crate::store::Json;
use crate::store::credit::Application;
use crate::store::document::{self, DocumentRow, Origin, Source};
use crate::store::draft::{self, LineImage};
use crate::store::memo::Mark;
use crate::store::new_draft::NewDraft;
use crate::store::payment::{self, PaymentRow};
use crate::store::{StoreError, Tx, credit, debt, memo, settings};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// What a document owes of this much by a receipt of `on`: where it is written off,
/// just so much of the loss is recovered first; the rest stays written off. Gives with it the first
/// day on which that is owed.
pub fn owed(
    tx: &Tx<'_>,
    document: DocumentId,
    amount: Money,
    on: NaiveDate,
    why: &str,
) -> Result<(Money, NaiveDate), Error> {
    let debt = debt::get(tx, document)?;
    let owed = debt.currency.amount(debt.balance_minor.max(0));
    let (recovered, from) = recover(tx, document, amount.minus(owed)?.minor, on, why)?;
    Ok((owed.plus(debt.currency.amount(recovered))?, from))
}

/// Takes at most this much of the standing write-offs back, on the day of the money, not before they
/// were made. Gives how much, and from which day money may pay it.
fn recover(
    tx: &Tx<'_>,
    document: DocumentId,
    amount_minor: i64,
    on: NaiveDate,
    why: &str,
) -> Result<(i64, NaiveDate), Error> {
    let (mut left, mut from) = (amount_minor.max(0), on);
    let standing = if left > 0 { credit::write_offs(tx, document)? } else { Vec::new() };
    for write_off in standing {
        let part = left.min(write_off.amount_minor);
        if part > 0 {
            from = from.max(take_back(tx, &write_off, part, on, why)?);
            left -= part;
        }
    }
    Ok((amount_minor.max(0) - left, from))
}

/// Takes so much of a write-off back with its tax, on a day or the first after it on which it may be:
/// gives that day.
pub(in crate::engine) fn take_back(
    tx: &Tx<'_>,
    write_off: &Application,
    minor: i64,
    on: NaiveDate,
    why: &str,
) -> Result<NaiveDate, Error> {
    let row = document::get(tx, write_off.document)?;
    let on = on.max(write_off.applied_on).max(row.invoice_on);
    let taxes = share(tx, &row, write_off, minor)?;
    credit::unapply_part(tx, write_off.id, Some(minor), on)?;
    let (counter, _) = make(tx, &row, &Loss { minor, taxes, on, why })?;
    memo::set_off(tx, write_off.credit, counter, minor, on)?;
    if credit::write_offs(tx, row.id)?.is_empty() {
        memo::mark(tx, row.id, Mark::Revived)?;
    }
    Ok(on)
}

/// Before money of a payment that had gone back comes again: what was written off in the meantime of
/// the documents it paid is recovered.
pub fn comes_again(tx: &Tx<'_>, payment: &PaymentRow, amount_minor: i64) -> Result<(), StoreError> {
    let mut left = amount_minor;
    for allocation in payment::allocations(tx, payment.id)? {
        let part = left.min(allocation.reopened_minor - allocation.unapplied_minor);
        if part > 0 {
            let today = tx.now().today;
            let (money, why) = (payment.currency.amount(part), "the money came again");
            let (there, _) = owed(tx, allocation.document, money, today, why).map_err(stored)?;
            left -= part.min(there.minor);
        }
    }
    Ok(())
}

/// What recovering failed by, where a payment's answer is recorded.
pub fn stored(error: Error) -> StoreError {
    match error {
        Error::Store(error) => error,
        other => StoreError::Conflict(other.to_string()),
    }
}

/// The tax that so much of a write-off takes again: its share of what is left of it, the last part
/// the rest.
fn share(
    tx: &Tx<'_>,
    row: &DocumentRow,
    write_off: &Application,
    minor: i64,
) -> Result<Vec<DocumentTax>, Error> {
    let rounding = rules::billing(&settings::load(tx)?)?.rounding;
    let left = memo::write_off_taxes(tx, write_off.credit)?;
    let gross: Vec<i64> = left.iter().map(|t| -t.base_minor - t.tax_minor).collect();
    let untaxed = write_off.amount_minor - gross.iter().sum::<i64>();
    let weights: Vec<u64> =
        gross.iter().chain([&untaxed]).map(|g| u64::try_from(*g).unwrap_or(0)).collect();
    let mut shares = Vec::with_capacity(left.len());
    for ((tax, gross), part) in left.into_iter().zip(gross).zip(allocate(minor, &weights)) {
        let tax_minor = if minor == write_off.amount_minor {
            -tax.tax_minor
        } else {
            proportion(-tax.tax_minor, part, gross, &rounding, row.currency)
                .map_err(|e| Error::usage("too_large", e.to_string(), ""))?
        };
        let base_minor =
            if minor == write_off.amount_minor { -tax.base_minor } else { part - tax_minor };
        shares.push(DocumentTax { base_minor, tax_minor, ..tax });
    }
    shares.retain(|t| t.base_minor != 0 || t.tax_minor != 0);
    Ok(shares)
}

/// A write-off (below zero), or the counter-document of one.
pub(in crate::engine) struct Loss<'a> {
    /// Tax included, minor units.
    pub(in crate::engine) minor: i64,
    /// The tax in it, of the same sign.
    pub(in crate::engine) taxes: Vec<DocumentTax>,
    /// Its day.
    pub(in crate::engine) on: NaiveDate,
    pub(in crate::engine) why: &'a str,
}

/// Makes it and posts it: a line for each tax, one for what bears none.
pub(in crate::engine) fn make(
    tx: &Tx<'_>,
    row: &DocumentRow,
    loss: &Loss<'_>,
) -> Result<(DocumentId, String), Error> {
    let (kind, source) = (DocumentKind::WriteOff, Source::WriteOff);
    let blank = NewDraft {
        account: row.account,
        account_version: row.account_version,
        currency: row.currency,
        run: None,
        target: tx.now().today,
        flags: &[],
        risk: 0,
    };
    let on = row.invoice_on.max(loss.on);
    let id = draft::insert_empty(tx, &blank, kind, Some(row.id), source, on)?;
    draft::set_reason(tx, id, loss.why)?;
    let fresh = document::get(tx, id)?;
    let mut content = draft::load(tx, &fresh)?;
    let taxed: i64 = loss.taxes.iter().map(|t| t.base_minor + t.tax_minor).sum();
    let mut lines = Vec::new();
    for tax in &loss.taxes {
        lines.push(line(row, loss, tax.base_minor, Some(tax))?);
    }
    if taxed != loss.minor || lines.is_empty() {
        lines.push(line(row, loss, loss.minor - taxed, None)?);
    }
    content.lines = lines;
    content.taxes.clone_from(&loss.taxes);
    content.tax_minor = loss.taxes.iter().map(|t| t.tax_minor).sum();
    content.subtotal_minor = loss.minor - content.tax_minor;
    content.total_minor = loss.minor;
    draft::save(tx, &fresh, &content)?;
    Ok((id, posting::post_now(tx, id)?))
}

fn line(
    row: &DocumentRow,
    loss: &Loss<'_>,
    net: i64,
    tax: Option<&DocumentTax>,
) -> Result<LineImage, Error> {
    let how = Derivation {
        tax: tax.filter(|t| !t.tax_code.is_empty()).map(|t| LineTax {
            tax_code: t.tax_code.clone(),
            rate_percent: t.rate_percent,
            name: t.name.clone(),
            kind: t.kind,
            inside_minor: None,
        }),
        ..Derivation::default()
    };
    let word = if loss.minor < 0 { "Written off" } else { "Write-off undone" };
    Ok(LineImage {
        id: ItemId(0),
        charge: None,
        version: None,
        subscription: None,
        target: None,
        corrects: None,
        description: format!("{word}: {}", row.number.as_deref().unwrap_or_default()),
        service_from: None,
        service_to: None,
        quantity: Decimal::ONE,
        unit_price: row.currency.to_decimal(net),
        amount_minor: net,
        gross_minor: None,
        tax_code: tax.map(|t| t.tax_code.clone()).unwrap_or_default(),
        revenue_account: String::new(),
        origin: Origin::Hand,
        derivation: Json::of(&how)?,
        claims: Vec::new(),
        usage: Vec::new(),
    })
}
