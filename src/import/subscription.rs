//! subscriptions.csv

use super::field::{Cells, Fault, MAX_TEXT, Slot};
use super::header::columns;
use super::row::FromRow;
use super::tax::ALWAYS;
use crate::domain::subscription::SubscriptionTerms;
use chrono::NaiveDate;
use std::borrow::Cow;

columns! {
    /// Columns of subscriptions.csv.
    SubscriptionColumns {
        subscription_number = "subscription_number" Required,
        account_number = "account_number" New,
        start_date = "start_date" New,
        term_months = "term_months" Optional,
        auto_renew = "auto_renew" Optional,
        end_date = "end_date" Optional,
        suspended_from = "suspended_from" Optional,
        resumed_from = "resumed_from" Optional,
        po_number = "po_number" Optional,
        effective_from = "effective_from" Optional,
    }
}

/// One row of subscriptions.csv; columns left out have their defaults here (see [`overlay`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// The natural key.
    pub subscription_number: String,
    /// The account it belongs to; may not change. Empty when the file leaves it out.
    pub account_number: String,
    /// Everything else.
    pub terms: SubscriptionTerms,
    /// First day of these terms, when given.
    pub effective_from: Option<NaiveDate>,
}

impl FromRow for SubscriptionRow {
    type Columns = SubscriptionColumns;
    const KEY_COLUMN: &'static str = "subscription_number";

    fn key_slots(c: &SubscriptionColumns) -> (Slot, Option<Slot>) {
        (c.subscription_number, None)
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.subscription_number))
    }

    fn read(c: &SubscriptionColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        Ok(Self {
            subscription_number: cells.key(c.subscription_number)?,
            account_number: if c.account_number.given() {
                cells.key(c.account_number)?
            } else {
                String::new()
            },
            terms: SubscriptionTerms {
                start_on: if c.start_date.given() { cells.date(c.start_date)? } else { ALWAYS },
                term_months: cells.whole(c.term_months, 1, 1200)?,
                auto_renew: cells.boolean(c.auto_renew)?,
                end_on: cells.optional_date(c.end_date)?,
                suspended_from: cells.optional_date(c.suspended_from)?,
                resumed_from: cells.optional_date(c.resumed_from)?,
                po_number: cells.text(c.po_number, MAX_TEXT)?,
            },
            effective_from: cells.optional_date(c.effective_from)?,
        })
    }
}

/// What the subscription is after the import: given columns from the row, the others as they were.
pub fn overlay(
    c: &SubscriptionColumns,
    old: &SubscriptionTerms,
    row: &SubscriptionTerms,
) -> SubscriptionTerms {
    let mut terms = old.clone();
    if c.start_date.given() {
        terms.start_on = row.start_on;
    }
    if c.term_months.given() {
        terms.term_months = row.term_months;
    }
    if c.auto_renew.given() {
        terms.auto_renew = row.auto_renew;
    }
    if c.end_date.given() {
        terms.end_on = row.end_on;
    }
    if c.suspended_from.given() {
        terms.suspended_from = row.suspended_from;
    }
    if c.resumed_from.given() {
        terms.resumed_from = row.resumed_from;
    }
    if c.po_number.given() {
        terms.po_number.clone_from(&row.po_number);
    }
    terms
}

/// Whether the dates of a subscription make sense together. One that the book has already may end
/// before its first day: it is withdrawn, and nothing of it is served.
pub fn check(terms: &SubscriptionTerms, known: bool) -> Result<(), Fault> {
    let after_start = "give a day on or after start_date, or leave it empty";
    let early = |day: Option<NaiveDate>| day.filter(|d| *d < terms.start_on);
    if let Some(end) = early(terms.end_on).filter(|_| !known) {
        let message = format!("the end is before the start ({})", terms.start_on);
        return Err(Fault::new("end_date", &end.to_string(), message, after_start));
    }
    if let Some(day) = early(terms.suspended_from) {
        let message = format!("is before the start ({})", terms.start_on);
        return Err(Fault::new("suspended_from", &day.to_string(), message, after_start));
    }
    match (terms.suspended_from, terms.resumed_from) {
        (None, Some(day)) => Err(Fault::new(
            "resumed_from",
            &day.to_string(),
            "nothing was suspended",
            "give suspended_from too",
        )),
        (Some(from), Some(day)) if day <= from => Err(Fault::new(
            "resumed_from",
            &day.to_string(),
            format!("is not after suspended_from ({from})"),
            "give the first day served again",
        )),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// Every column with its text, for saying what an import changes.
pub fn fields(terms: &SubscriptionTerms) -> Vec<(&'static str, String)> {
    let day = |d: Option<NaiveDate>| d.map(|d| d.to_string()).unwrap_or_default();
    vec![
        ("start_date", terms.start_on.to_string()),
        ("term_months", terms.term_months.map(|m| m.to_string()).unwrap_or_default()),
        ("auto_renew", terms.auto_renew.to_string()),
        ("end_date", day(terms.end_on)),
        ("suspended_from", day(terms.suspended_from)),
        ("resumed_from", day(terms.resumed_from)),
        ("po_number", terms.po_number.clone()),
    ]
}
