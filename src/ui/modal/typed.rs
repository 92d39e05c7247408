//! What is typed into a form, read by the labels of its fields: their order means nothing.

use super::form::Field;
use crate::domain::money::{Currency, Money, parse_decimal};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// The field that is wrong, and why.
pub(super) type Refusal = (Label, String);

/// What stands beside a field. Its value is read by it, also in a form kept over sessions: another word
/// is another field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label(&'static str);

impl Label {
    pub const ADDRESS: Self = Self("address");
    pub const ADDRESS_MORE: Self = Self("address, more");
    pub const AGENCY: Self = Self("agency");
    pub const ACCOUNT: Self = Self("account");
    pub const AMOUNT: Self = Self("amount");
    pub const AUTO_RENEW: Self = Self("auto-renew");
    pub const BANK_ACCOUNT: Self = Self("bank account");
    pub const BATCHES: Self = Self("batches");
    pub const BILL_RUN: Self = Self("bill run");
    pub const BILLING_CONTACT: Self = Self("billing contact");
    pub const BUYER_REFERENCE: Self = Self("buyer reference");
    pub const BY: Self = Self("by");
    pub const CHARGE: Self = Self("charge");
    pub const CHARGED_ON: Self = Self("charged on");
    pub const CHECKED_ON: Self = Self("tax id checked on");
    pub const CITY: Self = Self("city");
    pub const COUNTRY: Self = Self("country");
    pub const CUSTOMER_KIND: Self = Self("customer kind");
    pub const CYCLE_DAY: Self = Self("cycle day");
    pub const DESCRIPTION: Self = Self("description");
    pub const DIRECTORY: Self = Self("directory");
    pub const DUE_DATE: Self = Self("due date");
    pub const E_INVOICE: Self = Self("e-invoice");
    pub const ELECTRONIC_ADDRESS: Self = Self("electronic address");
    pub const EMAIL: Self = Self("e-mail");
    pub const EVIDENCE: Self = Self("answer about it");
    pub const EVERY: Self = Self("every");
    pub const FILE: Self = Self("file");
    pub const FIRST: Self = Self("first");
    pub const INSTALMENTS: Self = Self("instalments");
    pub const INVOICES: Self = Self("invoices");
    pub const INVOICE_DATE: Self = Self("invoice date");
    pub const KIND: Self = Self("kind");
    pub const LANGUAGE: Self = Self("language");
    pub const LEAVE_OUT: Self = Self("leave out");
    pub const LINE: Self = Self("line");
    pub const LOOK_AGAIN: Self = Self("look again");
    pub const MEMO: Self = Self("memo");
    pub const NAME: Self = Self("name");
    pub const NOTE: Self = Self("note");
    pub const OUR_REFERENCE: Self = Self("our reference");
    pub const OWNER: Self = Self("owner");
    pub const PAID_OUT_ON: Self = Self("paid out on");
    pub const PAYMENTS: Self = Self("payments");
    pub const PO_NUMBER: Self = Self("PO number");
    pub const POSTCODE: Self = Self("postcode");
    pub const QUANTITY: Self = Self("quantity");
    pub const READ_UNTIL: Self = Self("read until");
    pub const SEEN: Self = Self("seen");
    pub const SINCE: Self = Self("since");
    pub const REASON: Self = Self("reason");
    pub const RECEIVED_ON: Self = Self("received on");
    pub const REFERENCE: Self = Self("reference");
    pub const REGION: Self = Self("region");
    pub const REGISTER_ID: Self = Self("register id");
    pub const TAGS: Self = Self("tags");
    pub const TARGET_DATE: Self = Self("target date");
    pub const TAX_CODE: Self = Self("tax code");
    pub const TAX_ID: Self = Self("tax id");
    pub const THEIR_REFERENCE: Self = Self("their reference");
    pub const TO: Self = Self("to");
    pub const TO_ACCOUNT: Self = Self("to account");
    pub const UNIT_PRICE: Self = Self("unit price");

    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Its place among fields.
    pub(super) fn place(self, fields: &[Field]) -> Option<usize> {
        fields.iter().position(|f| f.label == self.0)
    }
}

/// The values of a form's fields. A field that the form lacks is refused like a wrong value: only a form
/// that another version of the program kept can lack one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed<'a>(pub &'a [Field]);

impl Typed<'_> {
    /// Without blanks around it.
    pub fn text(self, label: Label) -> Result<String, Refusal> {
        let field = label.place(self.0).and_then(|at| self.0.get(at));
        let lacks = || format!("this form has no {:?}: begin it anew (Ctrl-X drops it)", label.0);
        field.map(|f| f.input.value().trim().to_owned()).ok_or_else(|| (label, lacks()))
    }

    /// The same; empty is refused as `what` that is missing.
    pub fn needed(self, label: Label, what: &str) -> Result<String, Refusal> {
        let value = self.text(label)?;
        if value.is_empty() { Err((label, format!("{what} is missing"))) } else { Ok(value) }
    }

    /// The same, by comma.
    pub fn list(self, label: Label) -> Result<Vec<String>, Refusal> {
        let value = self.text(label)?;
        Ok(value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect())
    }

    /// Whether it is another than it was.
    pub fn changed(self, label: Label, was: &str) -> Result<bool, Refusal> {
        Ok(self.text(label)? != was)
    }

    /// A day; empty = none.
    pub fn day(self, label: Label) -> Result<Option<NaiveDate>, Refusal> {
        let value = self.text(label)?;
        if value.is_empty() {
            return Ok(None);
        }
        let wrong = || (label, format!("{value:?} is not a date such as 2026-01-31"));
        value.parse().map(Some).map_err(|_| wrong())
    }

    /// A day; empty is refused as `what` that is missing.
    pub fn needed_day(self, label: Label, what: &str) -> Result<NaiveDate, Refusal> {
        self.day(label)?.ok_or_else(|| (label, format!("{what} is missing")))
    }

    pub fn number(self, label: Label) -> Result<Decimal, Refusal> {
        let value = self.text(label)?;
        let wrong = || (label, format!("{value:?} is not a decimal such as 12.50"));
        parse_decimal(&value).ok_or_else(wrong)
    }

    pub fn amount(self, label: Label, currency: Currency) -> Result<Money, Refusal> {
        currency.read(&self.text(label)?).map_err(|e| (label, e.to_string()))
    }

    /// The same; empty = all.
    pub fn amount_or_all(self, label: Label, c: Currency) -> Result<Option<Money>, Refusal> {
        if self.text(label)?.is_empty() { Ok(None) } else { self.amount(label, c).map(Some) }
    }
}
