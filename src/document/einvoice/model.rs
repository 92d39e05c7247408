//! An invoice by EN 16931-1. Amounts are as the customer reads them: of a credit note what is given back
//! is positive, whatever the book has.

use crate::domain::e_invoice::{Category, Form};
use crate::domain::frozen::Corrected;
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    pub form: Form,
    /// BT-1.
    pub number: String,
    /// BT-2.
    pub issued_on: NaiveDate,
    /// BT-3: a credit note (381), else an invoice (380).
    pub credit: bool,
    /// BT-5.
    pub currency: Currency,
    /// BT-6 and BT-111.
    pub home: Option<Home>,
    /// BT-9.
    pub due_on: Option<NaiveDate>,
    /// BT-10; empty = none.
    pub buyer_reference: String,
    /// BT-13; empty = none.
    pub order: String,
    /// BT-20; empty = none.
    pub terms: String,
    /// BT-22; empty = none.
    pub note: String,
    /// BT-25 and BT-26.
    pub corrects: Option<Corrected>,
    /// BG-4.
    pub seller: Party,
    /// BG-7.
    pub buyer: Party,
    /// BT-72: the last day served.
    pub delivered_on: NaiveDate,
    /// BT-80, where goods go to another country.
    pub deliver_to: Option<String>,
    /// BG-14: first and last day served; both inclusive.
    pub period: Option<(NaiveDate, NaiveDate)>,
    /// BG-16.
    pub means: Option<Means>,
    /// BT-83: what the payer is to write; empty = none.
    pub remittance: String,
    /// BG-23, a row a category and rate.
    pub taxes: Vec<TaxGroup>,
    /// BG-25, in order.
    pub lines: Vec<Row>,
    /// BT-106 and BT-109.
    pub net_minor: i64,
    /// BT-110.
    pub tax_minor: i64,
    /// BT-112.
    pub total_minor: i64,
    /// BT-113: what was applied already.
    pub paid_minor: i64,
}

impl Bill {
    /// BT-115.
    pub fn due_minor(&self) -> i64 {
        self.total_minor.saturating_sub(self.paid_minor)
    }
}

/// The tax in the issuer's own currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    pub currency: Currency,
    pub tax_minor: i64,
}

/// A code with its scheme; both empty = none, the scheme alone empty = none is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coded {
    pub scheme: String,
    pub id: String,
}

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    pub name: String,
    pub phone: String,
    pub email: String,
}

/// Seller or buyer. What is empty is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    pub name: String,
    /// VAT id with the letters of its country.
    pub tax_id: String,
    /// Of a seller: the number at the tax office (BT-32).
    pub tax_number: String,
    /// Registration (BT-30, BT-47).
    pub register: Coded,
    /// Electronic address (BT-34, BT-49).
    pub address: Coded,
    pub street: String,
    /// A second line of the address.
    pub more: String,
    pub city: String,
    pub postcode: String,
    pub region: String,
    /// ISO 3166-1, two letters.
    pub country: String,
    pub contact: Contact,
    /// Of a seller who debits accounts: the creditor id (BT-90).
    pub creditor: String,
}

/// How it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// SEPA credit transfer (58).
    Transfer { iban: String, bic: String, holder: String },
    /// SEPA direct debit (59).
    Debit { mandate: String, iban: String },
    /// A card that is charged (48): the last digits, and of which network.
    Card { digits: String, network: String },
    /// Not agreed (1): of a credit note, where a form wants something to be said.
    Open,
}

impl Means {
    /// UNTDID 4461.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Transfer { .. } => "58",
            Self::Debit { .. } => "59",
            Self::Card { .. } => "48",
            Self::Open => "1",
        }
    }
}

/// The tax of one category and rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxGroup {
    pub category: Category,
    /// Percent.
    pub rate: Decimal,
    pub base_minor: i64,
    pub tax_minor: i64,
    /// BT-120; empty where the category has none.
    pub reason: String,
    /// Whether the prices held the tax: it was taken out of them.
    pub inclusive: bool,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// BT-126, from 1.
    pub id: u32,
    /// BT-153.
    pub name: String,
    /// BT-154; empty = none.
    pub detail: String,
    /// BT-129; negative where the line takes something off.
    pub quantity: Decimal,
    /// BT-130; empty where its unit has no code.
    pub unit: String,
    /// The unit as the book has it.
    pub uom: String,
    /// BT-146: net, never negative.
    pub price: Decimal,
    /// BT-149: the price is for so many.
    pub per: Option<Decimal>,
    /// BT-131.
    pub net_minor: i64,
    /// BG-26; both inclusive.
    pub period: Option<(NaiveDate, NaiveDate)>,
    pub category: Category,
    /// Percent.
    pub rate: Decimal,
}
