//! What posting freezes of the world around a document, so that its copy never changes: the JSON of
//! column `document.frozen`.

use super::printable::{AppliedCredit, Corrected, Customer, Fit, Issuer, Paper};
use crate::config::{Config, Setting, key};
use crate::domain::account::AccountTerms;
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

impl Customer {
    /// As the account says.
    pub fn of(terms: &AccountTerms) -> Self {
        Self {
            name: terms.name.clone(),
            address1: terms.address1.clone(),
            address2: terms.address2.clone(),
            postcode: terms.postcode.clone(),
            city: terms.city.clone(),
            region: terms.region.clone(),
            country: terms.country.clone(),
            tax_id: terms.tax_id.clone(),
        }
    }
}

impl Frozen {
    /// What the settings and the account say now; the caller adds position and method.
    pub fn of(config: &Config, terms: &AccountTerms) -> Self {
        Self {
            issuer: issuer(config),
            customer: Customer::of(terms),
            term: terms.payment_term.clone(),
            paper: paper(config.get(key::ISSUER_ADDRESS)),
            fit: Fit::Whole,
            ..Self::default()
        }
    }

    /// As stored.
    pub fn to_json(&self) -> String {
        // Plain strings and numbers always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Letter for an issuer in North America, A4 elsewhere (ISO 216): told by the last address line.
fn paper(address: &str) -> Paper {
    let country = address.rsplit(';').next().unwrap_or_default().trim().to_ascii_uppercase();
    match country.as_str() {
        "US" | "USA" | "UNITED STATES" | "CA" | "CANADA" | "MX" | "MEXICO" => Paper::Letter,
        _ => Paper::A4,
    }
}

/// The settings `issuer.*`.
pub fn issuer(config: &Config) -> Issuer {
    let lines = |key: &Setting| {
        let text = config.get(key).split(';').map(str::trim);
        text.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    Issuer {
        name: config.get(key::ISSUER_NAME).to_owned(),
        address: lines(key::ISSUER_ADDRESS),
        tax_id: config.get(key::ISSUER_TAX_ID).to_owned(),
        bank: lines(key::ISSUER_BANK),
        footer: lines(key::ISSUER_FOOTER),
    }
}
