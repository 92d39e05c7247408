//! Accounts: who is billed, when, and how the bill reaches and is paid by them.

use super::e_invoice::{CustomerKind, Form};
use super::money::Currency;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One version of something that changes over time (account, subscription, charge).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<T> {
    /// Row identity of the version.
    pub id: i64,
    /// Order in which versions were recorded, from 1; the highest is the newest knowledge.
    pub seq: i64,
    /// First day on which these terms hold. The first version holds from the beginning of time.
    pub effective_from: NaiveDate,
    /// The content.
    pub terms: T,
}

/// The version in force on `day`: the latest `effective_from` not after it, the later recorded
/// among equals. The first recorded one holds from the beginning of time.
pub fn version_on<T>(versions: &[Version<T>], day: NaiveDate) -> Option<&Version<T>> {
    if let [only] = versions {
        return Some(only);
    }
    let first = versions.iter().map(|v| v.seq).min()?;
    // The first recorded version holds from the beginning of time, whatever date it carries.
    let from = |v: &Version<T>| if v.seq == first { NaiveDate::MIN } else { v.effective_from };
    versions.iter().filter(|v| from(v) <= day).max_by_key(|v| (from(v), v.seq))
}

/// The version recorded last: explicit start, end and suspension dates are taken from it.
pub fn newest<T>(versions: &[Version<T>]) -> Option<&Version<T>> {
    versions.iter().max_by_key(|v| v.seq)
}

text_enum! {
    /// Whether an account is billed.
    AccountStatus {
        /// Billed.
        Active = "active",
        /// Not billed until active again.
        Suspended = "suspended",
        /// Never billed again.
        Canceled = "canceled",
    }
}

text_enum! {
    /// How documents reach the customer.
    DeliveryPreference {
        /// One e-mail to each address.
        Email = "email",
        /// One printed copy.
        Print = "print",
        Both = "both",
        /// Neither.
        None = "none",
        /// The electronic invoice, by a network or platform.
        Network = "network",
        /// The same, and an e-mail to each address beside it.
        NetworkEmail = "network+email",
    }
}

/// The ways that copies of a document go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    pub email: bool,
    pub print: bool,
    pub network: bool,
}

impl DeliveryPreference {
    /// What an account gets that says nothing: the way by which it can be reached.
    pub fn by_default(terms: &AccountTerms) -> Self {
        if !terms.emails.is_empty() {
            Self::Email
        } else if terms.has_address() {
            Self::Print
        } else {
            Self::None
        }
    }

    /// The ways it names.
    pub fn ways(self) -> Ways {
        let none = Ways::default();
        match self {
            Self::Email => Ways { email: true, ..none },
            Self::Print => Ways { print: true, ..none },
            Self::Both => Ways { email: true, print: true, ..none },
            Self::None => none,
            Self::Network => Ways { network: true, ..none },
            Self::NetworkEmail => Ways { email: true, network: true, ..none },
        }
    }
}

/// What an account is at one time: the columns of accounts.csv.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTerms {
    /// Customer name as printed.
    pub name: String,
    /// The one currency the account is billed in.
    pub currency: Currency,
    /// E-mail addresses, in order.
    pub emails: Vec<String>,
    /// Batch for selecting accounts in runs; empty = none.
    pub batch: String,
    /// Bill cycle day 1–31; 31 = month end always.
    pub bill_cycle_day: u32,
    /// Payment term as written (`Net 30`); parsed by `domain::term`.
    pub payment_term: String,
    /// Collected by payment runs.
    pub auto_pay: bool,
    /// Delivery preference.
    pub delivery: DeliveryPreference,
    /// Tax code of charges that name none; empty = no tax.
    pub tax_code: String,
    /// The customer's tax id; needed for reverse charge.
    pub tax_id: String,
    /// Address lines as printed.
    pub address1: String,
    /// Second address line.
    pub address2: String,
    pub postcode: String,
    pub city: String,
    /// Region or state.
    pub region: String,
    /// ISO 3166 country code or name, as given.
    pub country: String,
    /// Language of documents, mails and reminders ([`super::speech::Tag`]); empty: that of the book.
    pub language: String,
    /// Purchase order number printed on documents.
    pub po_number: String,
    /// Whether it is billed.
    pub status: AccountStatus,
    #[serde(default, skip_serializing_if = "LegalTerms::is_nothing")]
    pub legal: LegalTerms,
}

/// What the law of invoices asks about a customer; what is empty is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LegalTerms {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<CustomerKind>,
    /// SIREN, KvK, NIP …; with its scheme (ISO 6523) before a colon.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub register_id: String,
    /// Where electronic invoices go, with its scheme (CEF EAS) before a colon.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub electronic_address: String,
    /// What the customer wants to find on the invoice; of German public bodies the Leitweg-ID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub buyer_reference: String,
    /// Whom the invoice is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub billing_contact: String,
    /// The form of its electronic invoices; none: as the book says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_invoice: Option<Form>,
    /// When somebody last looked whether the tax id is valid, and what was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id_checked_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tax_id_evidence: String,
    /// The account that the customer pays from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub iban: String,
}

impl LegalTerms {
    /// Whether nothing is known.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl AccountTerms {
    /// Whether a letter can be addressed: some place.
    pub fn has_address(&self) -> bool {
        [&self.address1, &self.address2, &self.city].iter().any(|line| !line.trim().is_empty())
    }
}
