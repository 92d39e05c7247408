//! taxes.csv

use super::field::{Cells, Fault, MAX_TEXT, Slot};
use super::header::columns;
use super::row::FromRow;
use crate::domain::document::{TaxKind, TaxRate};
use crate::domain::e_invoice::Category;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::borrow::Cow;

columns! {
    /// Columns of taxes.csv.
    TaxColumns {
        tax_code = "tax_code" Required,
        rate_percent = "rate_percent" Required,
        name = "name" Optional,
        kind = "kind" Optional,
        inclusive = "inclusive" Optional,
        reason = "reason" Optional,
        valid_from = "valid_from" Optional,
        category = "category" Optional,
    }
}

/// First day of a rate that names none: before anything that is billed.
pub const ALWAYS: NaiveDate = match NaiveDate::from_ymd_opt(1900, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

impl FromRow for TaxRate {
    type Columns = TaxColumns;
    const KEY_COLUMN: &'static str = "tax_code";

    fn key_slots(c: &TaxColumns) -> (Slot, Option<Slot>) {
        (c.tax_code, None)
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(format!("{}\u{1f}{}", self.tax_code, self.valid_from)))
    }

    fn read(c: &TaxColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        let rate_percent = cells.not_negative(c.rate_percent)?;
        let fault = |value: String, why: &str| {
            Fault::new(c.rate_percent.name, &value, why, "give 0 to 100")
        };
        let rate_percent =
            rate_percent.ok_or_else(|| fault(String::new(), "is empty and must be there"))?;
        if rate_percent > Decimal::ONE_HUNDRED {
            return Err(fault(rate_percent.to_string(), "is not a percentage"));
        }
        Ok(Self {
            tax_code: cells.key(c.tax_code)?,
            rate_percent,
            name: cells.text(c.name, MAX_TEXT)?,
            kind: cells.word(c.kind, TaxKind::parse, TaxKind::words, Some(TaxKind::Standard))?,
            inclusive: cells.boolean(c.inclusive)?,
            reason: cells.text(c.reason, MAX_TEXT)?,
            valid_from: cells.optional_date(c.valid_from)?.unwrap_or(ALWAYS),
            category: if cells.text(c.category, MAX_TEXT)?.is_empty() {
                None
            } else {
                Some(cells.word(c.category, Category::parse, Category::words, None)?)
            },
        })
    }
}

/// What the rate is after the import: given columns from the row, the others as they were.
pub fn overlay(c: &TaxColumns, old: &TaxRate, row: &TaxRate) -> TaxRate {
    let mut rate = row.clone();
    if !c.name.given() {
        rate.name.clone_from(&old.name);
    }
    if !c.kind.given() {
        rate.kind = old.kind;
    }
    if !c.inclusive.given() {
        rate.inclusive = old.inclusive;
    }
    if !c.reason.given() {
        rate.reason.clone_from(&old.reason);
    }
    if !c.category.given() {
        rate.category = old.category;
    }
    rate
}
