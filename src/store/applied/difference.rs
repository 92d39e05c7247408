//! What was paid short by no more than the tolerance is let off, with its share of the tax; and money of a
//! line of a bank is taken away again, to be nobody's.

use super::{Side, first_day, line_of};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::{MoneyError, allocate, total};
use crate::store::ledger::{self, Line};
use crate::store::payment::{self, PaymentRow};
use crate::store::{StoreError, Tx, debt};
use chrono::NaiveDate;

/// A share of a tax of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxShare {
    pub tax_code: String,
    /// Percent, as the document has it.
    pub rate: String,
    /// As the document has it: `standard`, `exempt`, …
    pub kind: String,
    pub base_minor: i64,
    pub tax_minor: i64,
}

/// What is let off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whose money was short.
    pub payment: PaymentId,
    pub document: DocumentId,
    /// Minor units, above zero, with its tax.
    pub amount_minor: i64,
    pub on: NaiveDate,
    pub taxes: Vec<TaxShare>,
}

/// The share of each tax of a document in so much of its total, minor units: in proportion, what is left of
/// rounding with the last.
pub fn tax_shares(
    tx: &Tx<'_>,
    document: DocumentId,
    amount_minor: i64,
) -> Result<Vec<TaxShare>, StoreError> {
    let total_minor: i64 =
        tx.one("SELECT total_minor FROM document WHERE id = ?1", [document.0], |r| r.get(0))?;
    let mut rows: Vec<(TaxShare, i64)> = tx.all(
        "SELECT tax_code, rate_percent, kind, base_minor, tax_minor FROM document_tax
         WHERE document_id = ?1 ORDER BY tax_code",
        [document.0],
        |r| {
            let (base, tax): (i64, i64) = (r.get(3)?, r.get(4)?);
            let share = TaxShare {
                tax_code: r.get(0)?,
                rate: r.get(1)?,
                kind: r.get(2)?,
                base_minor: base,
                tax_minor: tax,
            };
            Ok((share, total([base, tax])?))
        },
    )?;
    let weight = |minor: i64| u64::try_from(minor).unwrap_or(0);
    let of_rows = total(rows.iter().map(|(_, gross)| *gross))?;
    let mut weights: Vec<u64> = rows.iter().map(|(_, gross)| weight(*gross)).collect();
    weights.push(weight(total_minor - of_rows));
    let parts = allocate(amount_minor, &weights);
    for ((share, gross), part) in rows.iter_mut().zip(parts) {
        let (part, tax, gross) =
            (i128::from(part), i128::from(share.tax_minor), i128::from(*gross));
        // Half up; a tax is never more than what bears it.
        let tax = if gross > 0 { (2 * part * tax + gross) / (2 * gross) } else { 0 };
        let minor = |n: i128| i64::try_from(n).map_err(|_| MoneyError::TooLarge);
        (share.tax_minor, share.base_minor) = (minor(tax)?, minor(part - tax)?);
    }
    rows.retain(|(share, _)| share.base_minor != 0 || share.tax_minor != 0);
    Ok(rows.into_iter().map(|(share, _)| share).collect())
}

/// Lets a difference off: the document owes it no more.
pub fn let_off(tx: &Tx<'_>, of: &PaymentRow, what: &Difference) -> Result<(), StoreError> {
    let on = first_day(tx, Side::Owed(what.document), what.amount_minor, what.on)?;
    let id = tx.insert(
        "INSERT INTO payment_difference (payment_id, document_id, amount_minor, booked_on)
         VALUES (?1, ?2, ?3, ?4)",
        (what.payment.0, what.document.0, what.amount_minor, on),
    )?;
    for tax in &what.taxes {
        tx.run(
            "INSERT INTO payment_difference_tax (difference_id, tax_code, rate_percent, kind,
             base_minor, tax_minor) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (id, &tax.tax_code, &tax.rate, &tax.kind, tax.base_minor, tax.tax_minor),
        )?;
    }
    debt::move_balance(tx, what.document, -what.amount_minor)?;
    debt::set_retry(tx, what.document, None, false)?;
    let taxes: Vec<(String, i64)> =
        what.taxes.iter().map(|t| (t.tax_code.clone(), t.tax_minor)).collect();
    ledger::post(tx, on, &lines(of, what.document, what.amount_minor, &taxes)?)
}

/// The bookings of a difference; below zero: of one that is taken back.
fn lines(
    of: &PaymentRow,
    document: DocumentId,
    amount_minor: i64,
    taxes: &[(String, i64)],
) -> Result<Vec<Line>, StoreError> {
    let tax = total(taxes.iter().map(|(_, minor)| *minor))?;
    let owed = Line {
        ledger: ledger::RECEIVABLE.to_owned(),
        account: of.account,
        document: Some(document),
        payment: None,
        amount: of.currency.amount(-amount_minor),
    };
    let rest = line_of(of, ledger::PAYMENT_DIFFERENCE, None, amount_minor - tax);
    let mut all = vec![owed, rest];
    all.extend(taxes.iter().map(|(code, minor)| line_of(of, &format!("tax:{code}"), None, *minor)));
    Ok(all)
}

/// Takes back what was let off by a payment: it is owed again, from a day, not before it was let off.
pub fn undo_differences(tx: &Tx<'_>, of: &PaymentRow, on: NaiveDate) -> Result<i64, StoreError> {
    let all: Vec<(i64, i64, i64, NaiveDate)> = tx.all(
        "SELECT id, document_id, amount_minor, booked_on FROM payment_difference
         WHERE payment_id = ?1 AND undone_on IS NULL ORDER BY id",
        [of.id.0],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    let mut sum = 0;
    for (id, document, amount_minor, booked_on) in all {
        let (on, document) = (on.max(booked_on), DocumentId(document));
        let taxes = tx.all(
            "SELECT tax_code, -tax_minor FROM payment_difference_tax WHERE difference_id = ?1",
            [id],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        tx.run("UPDATE payment_difference SET undone_on = ?2 WHERE id = ?1", (id, on))?;
        debt::move_balance(tx, document, amount_minor)?;
        debt::set_retry(tx, document, None, false)?;
        ledger::post(tx, on, &lines(of, document, -amount_minor, &taxes)?)?;
        sum += amount_minor;
    }
    Ok(sum)
}

/// All of a payment that a line of a bank made is nobody's again: taken off its documents, what was let off
/// with it is owed again, the rest is unidentified. From a day, not before it was there: gives that day.
pub fn unmatch(tx: &Tx<'_>, id: PaymentId, on: NaiveDate) -> Result<NaiveDate, StoreError> {
    let payment = payment::get(tx, id)?;
    undo_differences(tx, &payment, on)?;
    let mut documents: Vec<DocumentId> =
        payment::allocations(tx, id)?.iter().map(|a| a.document).collect();
    documents.dedup();
    for document in documents {
        super::unapply(tx, &payment, document, None, on)?;
    }
    let payment = payment::get(tx, id)?;
    let minor = payment.unapplied_minor;
    if minor != payment.amount_minor {
        return Err(StoreError::Conflict(format!("{id} is not all here any more")));
    }
    let day = first_day(tx, Side::Money(id), minor, on)?;
    payment::add_moved(tx, id, minor)?;
    tx.stir_payment(id);
    let line = |ledger: &str, account: AccountId, minor| Line {
        account,
        ..line_of(&payment, ledger, None, minor)
    };
    let lines = [
        line(ledger::CREDIT, payment.account, minor),
        line(ledger::UNIDENTIFIED, payment.account, -minor),
    ];
    ledger::post(tx, day, &lines)?;
    Ok(day)
}
