//! What a command changes of a draft, and a draft made by hand.

use crate::domain::document::DocumentKind;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One change to a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DraftChange {
    /// The invoice date; the due date follows unless set by hand.
    InvoiceDate(NaiveDate),
    /// The due date, by hand.
    DueDate(NaiveDate),
    /// Purchase order number.
    PoNumber(String),
    /// Note printed on the document.
    Note(String),
    /// A line made by hand.
    AddLine(NewLine),
    /// A line's quantity, price or description; none keeps it.
    SetLine {
        /// Position on the document, from 1.
        line: u32,
        /// How many.
        quantity: Option<Decimal>,
        /// Price of one.
        unit_price: Option<Decimal>,
        /// What is printed.
        description: Option<String>,
    },
    /// Takes a line out.
    RemoveLine {
        /// Position on the document, from 1.
        line: u32,
        /// What becomes of its service period.
        then: Removed,
    },
}

/// One change to many drafts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BulkChange {
    /// The same in each; of a draft as a whole.
    Same(DraftChange),
    /// Of each line of a charge; a draft without one is left alone.
    Charge {
        /// Its number, or what its lines say, in any case.
        charge: String,
        /// How many; none keeps it.
        quantity: Option<Decimal>,
        /// Price of one; none keeps it.
        unit_price: Option<Decimal>,
    },
}

/// A line made by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLine {
    /// What is printed.
    pub description: String,
    /// How many.
    pub quantity: Decimal,
    /// Price of one.
    pub unit_price: Decimal,
    /// Tax code; empty = the account's.
    pub tax_code: String,
    /// First day of service, if any.
    pub service_from: Option<NaiveDate>,
    /// Last day of service, included, if any.
    pub service_to: Option<NaiveDate>,
}

/// A draft made by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandMade {
    /// Account number.
    pub account: String,
    /// Invoice, debit or credit memo; the lines of a memo are given as positive amounts.
    pub kind: DocumentKind,
    /// Invoice date; none = today.
    pub invoice_on: Option<NaiveDate>,
    /// Due date; none = by the account's term.
    pub due_on: Option<NaiveDate>,
    /// What who pays it quotes; empty = made of its number.
    #[serde(default)]
    pub payment_reference: String,
    /// The lines.
    pub lines: Vec<NewLine>,
    /// Why.
    pub reason: String,
}

/// What becomes of a removed line's service period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removed {
    /// Billable again in the next run.
    Later,
    /// Counts as billed at zero.
    Waive,
}
