//! What posting freezes of the world around a document, so that its copy never changes: the JSON of
//! column `document.frozen`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Issuer, customer, term and position on the day of posting. Every field has a default, so that
/// what an older daybook froze stays readable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Frozen {
    /// Who sent it.
    pub issuer: Issuer,
    /// Who got it.
    pub customer: Customer,
    /// Payment term in words.
    pub term: String,
    /// What it was printed on.
    pub paper: Paper,
    /// What becomes of text longer than its place.
    pub fit: Fit,
    /// The invoice a memo corrects.
    pub corrects: Option<Corrected>,
    /// Credits applied in the act of posting.
    pub credits: Vec<AppliedCredit>,
    /// What payment runs will collect it from (`visa ··4242`); empty = the customer pays.
    pub collected_from: String,
    /// Hash of the logo; empty = none.
    pub logo: String,
}

/// The sheet a document is printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

/// What becomes of a text that is longer than its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Fit {
    /// Cut: as an older daybook printed it, and prints it for ever.
    #[default]
    Cut,
    /// Set smaller until it fits.
    Whole,
}

/// Who sends the document: the settings `issuer.*`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Issuer {
    /// Name in the letterhead.
    pub name: String,
    /// Address lines, country last.
    pub address: Vec<String>,
    /// Tax id as printed.
    pub tax_id: String,
    /// Bank lines of the payment instructions (bank, IBAN, BIC).
    pub bank: Vec<String>,
    /// Lines at the foot of each page.
    pub footer: Vec<String>,
}

/// Who receives it, with the name and address of the day it was posted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// Name, the first line in the window.
    pub name: String,
    /// First address line.
    pub address1: String,
    /// Second address line.
    pub address2: String,
    /// Postcode.
    pub postcode: String,
    /// City.
    pub city: String,
    /// Region or state.
    pub region: String,
    /// Country as given.
    pub country: String,
    /// The customer's tax id.
    pub tax_id: String,
}

/// The invoice a memo corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// Its number.
    pub number: String,
    /// Its date.
    pub date: NaiveDate,
}

/// A credit that was already applied when the document was posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedCredit {
    /// Number of the credit memo, or words such as `payment on account`.
    pub number: String,
    /// How much it took off, positive, minor units.
    pub amount_minor: i64,
}
