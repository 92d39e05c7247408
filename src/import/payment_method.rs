//! payment_methods.csv: tokens and what is shown of them, never a card number.

use super::field::{Cells, Fault, MAX_TEXT, Slot};
use super::header::columns;
use super::row::FromRow;
use crate::domain::payment::{MethodKind, MethodStatus};
use crate::domain::{text, text_enum};
use chrono::NaiveDate;
use std::borrow::Cow;

columns! {
    /// Columns of payment_methods.csv.
    MethodColumns {
        account_number = "account_number" Required,
        token = "token" Required,
        kind = "kind" Required,
        display = "display" Required,
        gateway = "gateway" Optional,
        priority = "priority" Optional,
        expires_on = "expires_on" Optional,
        status = "status" Optional,
        mandate = "mandate" Optional,
        iban = "iban" Optional,
    }
}

text_enum! {
    /// Gateways that a method may belong to.
    GatewayName {
        /// The built-in one that charges nobody.
        Sandbox = "sandbox",
        /// Stripe over HTTP.
        Stripe = "stripe",
    }
}

/// One row of payment_methods.csv; the natural key is account and token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodRow {
    /// Number of the account.
    pub account_number: String,
    /// The gateway's token.
    pub token: String,
    /// Card or bank account.
    pub kind: MethodKind,
    /// What is shown: `visa ··4242`.
    pub display: String,
    /// The gateway that knows the token.
    pub gateway: GatewayName,
    /// Order of use, 1 first.
    pub priority: u32,
    /// Last day of validity; none = does not expire.
    pub expires_on: Option<NaiveDate>,
    /// Whether it may be charged.
    pub status: MethodStatus,
    /// Of a bank account: the mandate it is debited by, and its IBAN; empty = not known.
    pub mandate: String,
    pub iban: String,
}

impl FromRow for MethodRow {
    type Columns = MethodColumns;
    const KEY_COLUMN: &'static str = "token";

    fn key_slots(c: &MethodColumns) -> (Slot, Option<Slot>) {
        (c.account_number, Some(c.token))
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(format!("{}\u{1f}{}", self.account_number, self.token)))
    }

    fn read(c: &MethodColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        let token = cells.required(c.token, MAX_TEXT)?;
        let spaced = if token.contains(['_', '.', ':', '/']) {
            Cow::Owned(token.replace(['_', '.', ':', '/'], " "))
        } else {
            Cow::Borrowed(&*token)
        };
        text::refuse_card_number(&spaced).map_err(|error| {
            Fault::new(c.token.name, "", error.to_string(), "store the gateway's token instead")
        })?;
        Ok(Self {
            account_number: cells.key(c.account_number)?,
            token,
            kind: cells.word(c.kind, MethodKind::parse, MethodKind::words, None)?,
            display: cells.required(c.display, 40)?,
            gateway: cells.word(
                c.gateway,
                GatewayName::parse,
                GatewayName::words,
                Some(GatewayName::Sandbox),
            )?,
            priority: cells.whole(c.priority, 1, 1000)?.unwrap_or(1),
            expires_on: cells.optional_date(c.expires_on)?,
            status: cells.word(
                c.status,
                MethodStatus::parse,
                MethodStatus::words,
                Some(MethodStatus::Active),
            )?,
            mandate: cells.optional_key(c.mandate)?,
            iban: cells.optional_key(c.iban)?,
        })
    }
}

/// What the method is after the import: given columns from the row, the others as they were.
pub fn overlay(c: &MethodColumns, old: &MethodRow, row: &MethodRow) -> MethodRow {
    let mut method = row.clone();
    if !c.gateway.given() {
        method.gateway = old.gateway;
    }
    if !c.priority.given() {
        method.priority = old.priority;
    }
    if !c.expires_on.given() {
        method.expires_on = old.expires_on;
    }
    if !c.status.given() {
        method.status = old.status;
    }
    if !c.mandate.given() {
        method.mandate.clone_from(&old.mandate);
    }
    if !c.iban.given() {
        method.iban.clone_from(&old.iban);
    }
    method
}
