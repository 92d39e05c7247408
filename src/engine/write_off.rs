//! Giving up a balance: right bill, no money. Internal, own series, never sent; the service periods
//! stay billed. With `write_off.tax` = `now` it gives back the tax of what is lost, on its day.
//!
//! Money (or a credit) that comes later recovers just its amount, with the tax that went with it: a
//! counter-document, dated like the money; the rest stays written off. Only [`undo`] takes the whole
//! back.

use super::adjust::{corrected, draft_of};
use super::command::Receipt;
use super::four_eyes::{self, Deed};
use super::on_its_way::{self, Sure};
use super::picked::reason;
use super::separation::refuse_both_hands;
use super::{Error, Session, post, rules};
use crate::domain::actor::Verb;
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::explain::{Derivation, LineTax, proportion};
use crate::domain::ids::{DocumentId, ItemId};
use crate::domain::memo::{MemoPart, MemoSide};
use crate::domain::money::allocate;
use crate::store::credit::Application;
use crate::store::document::{self, DocumentRow, Origin, Source};
use crate::store::draft::{self, LineImage};
use crate::store::four_eyes::Object;
use crate::store::memo::Mark;
use crate::store::new_draft::NewDraft;
use crate::store::payment::{self, PaymentRow};
use crate::store::{StoreError, Tx, credit, debt, memo, settings};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Writes the whole balance off; asks where a payment of it is on its way.
pub fn write_off(
    session: &mut Session,
    document: DocumentId,
    why: &str,
    sure: Sure,
) -> Result<Receipt, Error> {
    let why = reason(why)?;
    four_eyes::write(session, Verb::WriteOff, |tx, eyes| {
        let row = corrected(tx, document)?;
        refuse_both_hands(tx, row.account)?;
        let number = row.number.as_deref().unwrap_or_default();
        if row.balance_minor <= 0 {
            return Err(Error::usage("nothing_owed", format!("nothing is owed on {number}"), ""));
        }
        on_its_way::ask(tx, &[document], on_its_way::REVIVED, sure)?;
        let minor = row.balance_minor;
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(row.id),
                subject: number,
                what: "write-off",
                with: "",
                minor,
                currency: row.currency,
                reason: why,
            },
        )?;
        let lost = Loss { minor: -minor, taxes: taxes(tx, &row, minor)?, on: tx.now().today, why };
        let (id, given) = make(tx, &row, &lost)?;
        credit::apply(tx, id, document, minor, tx.now().today.max(row.invoice_on))?;
        memo::mark(tx, document, Mark::WrittenOff(id))?;
        let money = format!("{} {}", row.currency.grouped(minor), row.currency);
        let summary = format!("{given}: {money} of {number} written off");
        tx.note(&given, format!("{summary} ({why}){second}"));
        Ok(Receipt {
            summary,
            done: 1,
            totals: vec![(row.currency, -minor)],
            made: id.to_string(),
            ..Receipt::default()
        })
    })
}

/// What a document owes of this much (minor units) by a receipt of `on`: where it is written off,
/// just so much of the loss is recovered first; the rest stays written off. Gives with it the first
/// day on which that is owed.
pub fn owed(
    tx: &Tx<'_>,
    document: DocumentId,
    amount_minor: i64,
    on: NaiveDate,
    why: &str,
) -> Result<(i64, NaiveDate), Error> {
    let owed = debt::get(tx, document)?.balance_minor.max(0);
    let (recovered, from) = recover(tx, document, amount_minor - owed, on, why)?;
    Ok((owed + recovered, from))
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
fn take_back(
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

/// Takes what stands of a write-off back whole: the invoice is owed again, and collected.
pub fn undo(session: &mut Session, document: DocumentId, why: &str) -> Result<Receipt, Error> {
    let why = reason(why)?;
    session.write(Verb::WriteOff, |tx| {
        let row = corrected(tx, document)?;
        let number = row.number.as_deref().unwrap_or_default();
        let mut minor = 0;
        let mut taken = Vec::new();
        for write_off in credit::write_offs(tx, document)? {
            minor += write_off.amount_minor;
            taken.push(document::get(tx, write_off.credit)?.number.unwrap_or_default());
            take_back(tx, &write_off, write_off.amount_minor, tx.now().today, why)?;
        }
        if taken.is_empty() {
            let words = format!("nothing of {number} is written off");
            return Err(Error::usage("not_written_off", words, ""));
        }
        debt::set_retry(tx, document, None, false)?;
        let (taken, money) = (taken.join(", "), row.currency.grouped(minor));
        let summary = format!("{taken} taken back: {money} {} of {number} are owed", row.currency);
        tx.note(number, format!("{summary} ({why})"));
        Ok(Receipt {
            summary,
            done: 1,
            totals: vec![(row.currency, minor)],
            made: row.id.to_string(),
            ..Receipt::default()
        })
    })
}

/// Before money of a payment that had gone back comes again: what was written off in the meantime of
/// the documents it paid is recovered.
pub fn comes_again(tx: &Tx<'_>, payment: &PaymentRow, amount_minor: i64) -> Result<(), StoreError> {
    let mut left = amount_minor;
    for allocation in payment::allocations(tx, payment.id)? {
        let part = left.min(allocation.reopened_minor - allocation.unapplied_minor);
        if part > 0 {
            let today = tx.now().today;
            let (there, _) = owed(tx, allocation.document, part, today, "the money came again")
                .map_err(stored)?;
            left -= part.min(there);
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

/// The tax in this much (minor units) of what a document owes, as a credit gives it back; none
/// unless a write-off does.
fn taxes(tx: &Tx<'_>, row: &DocumentRow, minor: i64) -> Result<Vec<DocumentTax>, Error> {
    let part = minor.min(memo::room(tx, row)?);
    if settings::load(tx)?.get("write_off.tax") != "now" || part <= 0 {
        return Ok(Vec::new());
    }
    let items = document::items(tx, row.id)?;
    Ok(draft_of(tx, row, &items, &MemoPart::Amount(part), MemoSide::Credit)?.taxes)
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
struct Loss<'a> {
    /// Tax included, minor units.
    minor: i64,
    /// The tax in it, of the same sign.
    taxes: Vec<DocumentTax>,
    /// Its day.
    on: NaiveDate,
    /// Why.
    why: &'a str,
}

/// Makes it and posts it: a line for each tax, one for what bears none.
fn make(tx: &Tx<'_>, row: &DocumentRow, loss: &Loss<'_>) -> Result<(DocumentId, String), Error> {
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
    Ok((id, post::post_now(tx, id)?))
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
        derivation: serde_json::to_string(&how).map_err(|e| Error::Bug(e.to_string()))?,
        claims: Vec::new(),
        usage: Vec::new(),
    })
}
