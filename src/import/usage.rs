//! usage.csv, with Zuora's own headers.

use super::field::{Cells, Fault, MAX_LONG, MAX_TEXT, Slot};
use super::header::columns;
use super::row::FromRow;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::borrow::Cow;

columns! {
    /// Columns of usage.csv.
    UsageColumns {
        account_id = "ACCOUNT_ID" Required,
        uom = "UOM" Required,
        quantity = "QTY" Required,
        start_date = "STARTDATE" Required,
        end_date = "ENDDATE" Optional,
        subscription_id = "SUBSCRIPTION_ID" Optional,
        charge_id = "CHARGE_ID" Optional,
        description = "DESCRIPTION" Optional,
        unique_key = "UNIQUE_KEY" Optional,
    }
}

/// One usage record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// Number of the account.
    pub account_number: String,
    /// Unit of measure.
    pub uom: String,
    /// How much.
    pub quantity: Decimal,
    /// The day that decides the period.
    pub start_on: NaiveDate,
    /// Last day, for information.
    pub end_on: Option<NaiveDate>,
    /// Only this subscription may bill it; empty = any.
    pub subscription_number: String,
    /// Only this charge may bill it; empty = any.
    pub charge_number: String,
    /// For the clerk.
    pub description: String,
    /// The sender's own key; empty = none, and equal rows both count.
    pub unique_key: String,
}

impl FromRow for UsageRow {
    type Columns = UsageColumns;
    const KEY_COLUMN: &'static str = "UNIQUE_KEY";

    fn key_slots(c: &UsageColumns) -> (Slot, Option<Slot>) {
        (c.unique_key, None)
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        if self.unique_key.is_empty() { None } else { Some(Cow::Borrowed(&self.unique_key)) }
    }

    fn read(c: &UsageColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        let row = Self {
            account_number: cells.key(c.account_id)?,
            uom: cells.required(c.uom, MAX_TEXT)?,
            quantity: cells.decimal(c.quantity)?,
            start_on: cells.date(c.start_date)?,
            end_on: cells.optional_date(c.end_date)?,
            subscription_number: cells.optional_key(c.subscription_id)?,
            charge_number: cells.optional_key(c.charge_id)?,
            description: cells.text(c.description, MAX_LONG)?,
            unique_key: cells.optional_key(c.unique_key)?,
        };
        match row.end_on {
            Some(end) if end < row.start_on => {
                let message = format!("the end is before the start ({})", row.start_on);
                let hint = "give a day on or after STARTDATE, or leave it empty";
                Err(Fault::new(c.end_date.name, &end.to_string(), message, hint))
            }
            Some(_) | None => Ok(row),
        }
    }
}
