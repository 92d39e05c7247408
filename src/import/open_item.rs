//! open_items.csv: what customers still owe, or are owed, from before the change of system.

use super::field::{Cells, Fault, Slot};
use super::header::columns;
use super::row::FromRow;
use crate::domain::document::DocumentKind;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::borrow::Cow;

columns! {
    /// Columns of open_items.csv.
    OpenItemColumns {
        document_number = "document_number" Required,
        account_number = "account_number" Required,
        kind = "kind" Required,
        date = "date" Required,
        due_date = "due_date" Required,
        total = "total" Required,
        tax = "tax" Required,
        balance = "balance" Required,
        tax_code = "tax_code" Optional,
        rate = "rate" Optional,
    }
}

/// One open document of another system. Amounts are in currency units, negative on a credit memo
/// whichever sign the file gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItemRow {
    /// Its own number, kept.
    pub document_number: String,
    /// Number of the account.
    pub account_number: String,
    /// Invoice, credit memo or debit memo.
    pub kind: DocumentKind,
    /// Date of the document.
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    /// Gross total.
    pub total: Decimal,
    /// Tax contained.
    pub tax: Decimal,
    /// What is still open of it.
    pub balance: Decimal,
    /// The code of its tax; empty = it is not known how the tax comes about.
    pub tax_code: String,
    /// The rate of that code, percent.
    pub rate: Option<Decimal>,
}

fn parse_kind(text: &str) -> Option<DocumentKind> {
    DocumentKind::parse(text).filter(|kind| *kind != DocumentKind::WriteOff)
}

/// Whether one is above zero and the other below.
fn differ(a: Decimal, b: Decimal) -> bool {
    !a.is_zero() && !b.is_zero() && a.is_sign_negative() != b.is_sign_negative()
}

impl FromRow for OpenItemRow {
    type Columns = OpenItemColumns;
    const KEY_COLUMN: &'static str = "document_number";

    fn key_slots(c: &OpenItemColumns) -> (Slot, Option<Slot>) {
        (c.document_number, None)
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.document_number))
    }

    fn read(c: &OpenItemColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        let words = || "invoice, credit_memo, debit_memo".to_owned();
        let kind = cells.word(c.kind, parse_kind, words, None)?;
        let credit = kind == DocumentKind::CreditMemo;
        let signed = |value: Decimal| if credit { -value.abs() } else { value };
        let row = Self {
            document_number: cells.key(c.document_number)?,
            account_number: cells.key(c.account_number)?,
            kind,
            date: cells.date(c.date)?,
            due_date: cells.date(c.due_date)?,
            total: signed(cells.decimal(c.total)?),
            tax: signed(cells.decimal(c.tax)?),
            balance: signed(cells.decimal(c.balance)?),
            tax_code: cells.optional_key(c.tax_code)?,
            rate: cells.not_negative(c.rate)?,
        };
        if let Some(rate) = row.rate.filter(|rate| *rate > Decimal::ONE_HUNDRED) {
            let value = rate.to_string();
            return Err(Fault::new(c.rate.name, &value, "is not a percentage", "give 0 to 100"));
        }
        if row.tax_code.is_empty() != row.rate.is_none() {
            let (slot, value) = match row.rate {
                Some(rate) => (c.tax_code, rate.to_string()),
                None => (c.rate, row.tax_code.clone()),
            };
            let hint = "give the tax_code and its rate in percent, or neither of them";
            return Err(Fault::new(slot.name, &value, "one goes with the other", hint));
        }
        if row.due_date < row.date {
            let message = format!("is before the date of the document ({})", row.date);
            let value = row.due_date.to_string();
            return Err(Fault::new(c.due_date.name, &value, message, "correct one of the dates"));
        }
        let fault = |slot: super::field::Slot, value: Decimal, hint: &str| {
            let message = format!("does not fit the total ({})", row.total);
            Err(Fault::new(slot.name, &value.to_string(), message, hint))
        };
        if !credit && row.total.is_sign_negative() && !row.total.is_zero() {
            let total = row.total.to_string();
            let hint = "give it as a credit_memo";
            return Err(Fault::new(c.total.name, &total, "is negative", hint));
        }
        if row.tax.abs() > row.total.abs() || differ(row.tax, row.total) {
            return fault(c.tax, row.tax, "tax is the part of the total that is tax");
        }
        if row.balance.abs() > row.total.abs() || differ(row.balance, row.total) {
            return fault(c.balance, row.balance, "the balance is between 0 and the total");
        }
        Ok(row)
    }
}
