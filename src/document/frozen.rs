//! Filling in what posting freezes of the world around a document.

use crate::config::{Config, Setting, key};
use crate::domain::account::AccountTerms;
use crate::domain::frozen::{Customer, Fit, Frozen, Issuer, Layout, Paper};
use chrono::NaiveDate;

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
            register_id: terms.legal.register_id.clone(),
            electronic_address: terms.legal.electronic_address.clone(),
            buyer_reference: terms.legal.buyer_reference.clone(),
            billing_contact: terms.legal.billing_contact.clone(),
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
            layout: Layout::NEWEST,
            ..Self::default()
        }
    }
}

/// What a page that is no document says of its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    /// The issuer's name.
    pub name: String,
    pub paper: Paper,
    /// The day it is of; that of the file, too.
    pub date: NaiveDate,
}

impl Letterhead {
    /// As the settings say.
    pub fn of(config: &Config, date: NaiveDate) -> Self {
        let paper = paper(config.get(key::ISSUER_ADDRESS));
        Self { name: config.get(key::ISSUER_NAME).to_owned(), paper, date }
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
