//! What posting freezes of the world around a document, so that its copy never changes: the JSON of
//! column `document.frozen`.

use super::e_invoice::{Category, Form};
use super::fx::HomeRate;
use super::payment_reference::PayTo;
use super::speech::Speech;
use chrono::NaiveDate;
use rust_decimal::Decimal;
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
    /// How it is drawn, for good.
    #[serde(skip_serializing_if = "Layout::is_first")]
    pub layout: Layout,
    /// The invoice a memo corrects.
    pub corrects: Option<Corrected>,
    /// Credits applied in the act of posting.
    pub credits: Vec<AppliedCredit>,
    /// What payment runs will collect it from (`visa ··4242`); empty = the customer pays.
    pub collected_from: String,
    /// Where the customer pays; none where it is collected, or no account was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay: Option<PayTo>,
    /// Hash of the logo; empty = none.
    pub logo: String,
    /// What its electronic form says besides; none where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal: Option<Legal>,
    /// How it speaks; none: in plain English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech: Option<Speech>,
    /// The rate by which it is told in the issuer's own currency; none where it is in that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<HomeRate>,
}

/// What an electronic invoice says beside what is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legal {
    pub form: Form,
    pub seller: Seller,
    /// The category of each tax code that says one.
    pub categories: Vec<(String, Category)>,
    /// The codes of units that the book has its own for.
    pub units: Vec<(String, String)>,
    /// The rate of each line, percent; empty where its tax code says it.
    pub rates: Vec<Option<Decimal>>,
    pub paying: Paying,
    /// Of a debit: the mandate.
    pub mandate: String,
    /// Of a debit the account, of a card what is shown of it.
    pub debited: String,
    /// As of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<HomeRate>,
}

/// How a document says that it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Paying {
    #[default]
    Unsaid,
    /// The customer transfers it.
    Transfer,
    /// It is debited by SEPA.
    Debit,
    /// A card is charged.
    Card,
}

/// The issuer as an electronic invoice names it: the settings `issuer.*`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Seller {
    pub tax_id: String,
    pub tax_number: String,
    pub register_id: String,
    pub electronic_address: String,
    pub street: String,
    pub postcode: String,
    pub city: String,
    pub country: String,
    pub contact: String,
    pub phone: String,
    pub email: String,
    pub iban: String,
    pub bic: String,
    pub creditor_id: String,
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

/// How a document is drawn: as on the day it was posted, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Layout {
    /// As everything was drawn before it was frozen.
    #[default]
    First,
    /// The columns of the table make room for long descriptions, sums are carried from page to page, and
    /// a tax name that says its rate is not followed by it.
    Second,
}

impl Layout {
    /// In their order.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];
    /// What documents are drawn by from now on.
    pub const NEWEST: Self = Self::Second;

    /// From 1.
    pub fn number(self) -> u32 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    fn is_first(&self) -> bool {
        *self == Self::First
    }
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
    /// See `domain::account::LegalTerms`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub register_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub electronic_address: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub buyer_reference: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub billing_contact: String,
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
