//! What a document says, as plain values frozen at posting, and its reading before it is set.

use super::error::PrintError;
use super::fonts::Fonts;
use super::lay;
use super::logo::Logo;
use super::own::Rare;
use super::tongue::Tongue;
use crate::config::key;
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::frozen::{AppliedCredit, Corrected, Customer, Fit, Issuer, Layout, Paper};
use crate::domain::fx::HomeRate;
use crate::domain::money::Currency;
use crate::domain::payment_reference::{PayTo, Reference};
use crate::domain::text;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

impl Customer {
    /// The lines in the window of the envelope, name first, empty ones left out. The postcode stands
    /// before the city, or behind city and region where the country writes it so (USA, Canada,
    /// Australia, Great Britain, India; UPU addressing sheets).
    pub fn window(&self) -> Vec<String> {
        let behind = matches!(
            self.country.to_ascii_uppercase().as_str(),
            "US" | "USA"
                | "UNITED STATES"
                | "CA"
                | "CANADA"
                | "AU"
                | "AUSTRALIA"
                | "GB"
                | "UK"
                | "UNITED KINGDOM"
                | "IN"
                | "INDIA"
        );
        let place = if behind {
            [self.city.as_str(), &self.region, &self.postcode]
        } else {
            [self.postcode.as_str(), &self.city, &self.region]
        };
        let place = place.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(" ");
        let country = country_name(&self.country).to_uppercase();
        [&self.name, &self.address1, &self.address2, &place, &country]
            .into_iter()
            .filter(|line| !line.trim().is_empty())
            .cloned()
            .collect()
    }

    /// Whether a letter can be addressed: a name and some place.
    pub fn has_address(&self) -> bool {
        let somewhere = [&self.address1, &self.address2, &self.city];
        !self.name.trim().is_empty() && somewhere.iter().any(|line| !line.trim().is_empty())
    }
}

/// The code of a country given by its code or its English name; anything else as it is.
pub fn country_code(given: &str) -> String {
    let given = given.trim();
    let known = COUNTRIES.iter().find(|(_, name)| name.eq_ignore_ascii_case(given));
    known.map_or_else(|| given.to_uppercase(), |(code, _)| (*code).to_owned())
}

/// The name of a country given by its code (ISO 3166-1 alpha-2), as the post wants it on a letter;
/// anything else as it is.
fn country_name(given: &str) -> &str {
    let code = given.to_ascii_uppercase();
    COUNTRIES.iter().find(|(known, _)| *known == code).map_or(given, |(_, name)| name)
}

/// Countries by code; one that is not here is printed as given.
const COUNTRIES: &[(&str, &str)] = &[
    ("AE", "United Arab Emirates"),
    ("AR", "Argentina"),
    ("AT", "Austria"),
    ("AU", "Australia"),
    ("BE", "Belgium"),
    ("BG", "Bulgaria"),
    ("BR", "Brazil"),
    ("BY", "Belarus"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CL", "Chile"),
    ("CN", "China"),
    ("CO", "Colombia"),
    ("CY", "Cyprus"),
    ("CZ", "Czech Republic"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("EE", "Estonia"),
    ("EG", "Egypt"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB", "United Kingdom"),
    ("GE", "Georgia"),
    ("GR", "Greece"),
    ("HK", "Hong Kong"),
    ("HR", "Croatia"),
    ("HU", "Hungary"),
    ("ID", "Indonesia"),
    ("IE", "Ireland"),
    ("IL", "Israel"),
    ("IN", "India"),
    ("IS", "Iceland"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("KE", "Kenya"),
    ("KR", "South Korea"),
    ("KZ", "Kazakhstan"),
    ("LI", "Liechtenstein"),
    ("LT", "Lithuania"),
    ("LU", "Luxembourg"),
    ("LV", "Latvia"),
    ("MA", "Morocco"),
    ("MC", "Monaco"),
    ("MD", "Moldova"),
    ("ME", "Montenegro"),
    ("MK", "North Macedonia"),
    ("MT", "Malta"),
    ("MX", "Mexico"),
    ("MY", "Malaysia"),
    ("NG", "Nigeria"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("NZ", "New Zealand"),
    ("PE", "Peru"),
    ("PH", "Philippines"),
    ("PK", "Pakistan"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("QA", "Qatar"),
    ("RO", "Romania"),
    ("RS", "Serbia"),
    ("RU", "Russia"),
    ("SA", "Saudi Arabia"),
    ("SE", "Sweden"),
    ("SG", "Singapore"),
    ("SI", "Slovenia"),
    ("SK", "Slovakia"),
    ("TH", "Thailand"),
    ("TN", "Tunisia"),
    ("TR", "Türkiye"),
    ("TW", "Taiwan"),
    ("UA", "Ukraine"),
    ("US", "United States"),
    ("UY", "Uruguay"),
    ("VN", "Vietnam"),
    ("ZA", "South Africa"),
];

/// One line of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was sold.
    pub description: String,
    /// A few words in small print under it (`17 of 31 days`); empty = none.
    pub detail: String,
    /// First and last day served, both inclusive.
    pub service: Option<(NaiveDate, NaiveDate)>,
    /// Quantity, if the line has one.
    pub quantity: Option<Decimal>,
    /// Unit of measure behind the quantity; empty = none.
    pub uom: String,
    /// Price of one unit, if the line has one.
    pub unit_price: Option<Decimal>,
    /// Net amount, minor units; negative on a credit memo.
    pub amount_minor: i64,
}

/// One document as it is printed: everything frozen at posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printable {
    /// Invoice or memo.
    pub kind: DocumentKind,
    pub number: String,
    /// The customer's account number.
    pub account_number: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// Date on the document.
    pub invoice_date: NaiveDate,
    /// When it is to be paid; none on a credit memo.
    pub due_date: Option<NaiveDate>,
    /// The payment term in words (`Net 30`); empty = none.
    pub term: String,
    /// The customer's order number; empty = none.
    pub po_number: String,
    /// Who sends it.
    pub issuer: Issuer,
    /// Who gets it.
    pub customer: Customer,
    /// The invoice a memo corrects.
    pub corrects: Option<Corrected>,
    /// The lines, in order.
    pub lines: Vec<Line>,
    /// Tax by code.
    pub taxes: Vec<DocumentTax>,
    /// Sum of the lines, minor units.
    pub subtotal_minor: i64,
    /// Subtotal and tax, minor units.
    pub total_minor: i64,
    /// Credits applied, as they stood at posting.
    pub credits: Vec<AppliedCredit>,
    /// What will be collected without the customer's doing (`visa ··4242`); empty = the customer pays.
    pub collected_from: String,
    /// Where the customer pays; none where it is collected, or only [`Issuer::bank`] says it.
    pub pay: Option<PayTo>,
    /// What who pays it quotes, where that was given; empty = made of its number.
    pub reference: String,
    /// By which its tax is told in the issuer's own currency; none where it is in that.
    pub home: Option<HomeRate>,
    /// Free text under the totals; empty = none.
    pub note: String,
    /// What it is printed on.
    pub paper: Paper,
    /// What becomes of text longer than its place.
    pub fit: Fit,
    /// How it is drawn.
    pub layout: Layout,
    /// The issuer's logo.
    pub logo: Option<Arc<Logo>>,
    /// In which words it says all this.
    pub tongue: Tongue,
}

impl Printable {
    /// An invoice that says nothing: what is to be looked at is put into it.
    pub fn blank(currency: Currency) -> Self {
        Self {
            kind: DocumentKind::Invoice,
            number: String::new(),
            account_number: String::new(),
            currency,
            invoice_date: NaiveDate::MIN,
            due_date: None,
            term: String::new(),
            po_number: String::new(),
            issuer: Issuer::default(),
            customer: Customer::default(),
            corrects: None,
            lines: Vec::new(),
            taxes: Vec::new(),
            subtotal_minor: 0,
            total_minor: 0,
            credits: Vec::new(),
            collected_from: String::new(),
            pay: None,
            reference: String::new(),
            home: None,
            note: String::new(),
            paper: Paper::A4,
            fit: Fit::Whole,
            layout: Layout::NEWEST,
            logo: None,
            tongue: Tongue::default(),
        }
    }

    /// What the customer still owes at posting: the total less the credits applied, minor units.
    pub fn due_minor(&self) -> i64 {
        let credits: i64 = self.credits.iter().map(|c| c.amount_minor).sum();
        self.total_minor - credits
    }

    /// What who pays it quotes: its reference, else its number.
    pub fn quoted(&self) -> String {
        if !self.reference.is_empty() {
            return self.reference.clone();
        }
        let kind = self.pay.as_ref().map_or(Reference::Number, |pay| pay.reference);
        kind.of(&self.number)
    }

    /// Every text with its place, for reading and mending in one walk.
    fn texts(&mut self) -> Vec<(String, &mut String)> {
        let mut out: Vec<(String, &mut String)> = vec![
            ("the document number".into(), &mut self.number),
            ("the account number".into(), &mut self.account_number),
            ("the payment term".into(), &mut self.term),
            ("the PO number".into(), &mut self.po_number),
            ("the note".into(), &mut self.note),
            ("the payment method".into(), &mut self.collected_from),
            ("the customer name".into(), &mut self.customer.name),
            ("the customer address, line 1".into(), &mut self.customer.address1),
            ("the customer address, line 2".into(), &mut self.customer.address2),
            ("the customer postcode".into(), &mut self.customer.postcode),
            ("the customer city".into(), &mut self.customer.city),
            ("the customer region".into(), &mut self.customer.region),
            ("the customer country".into(), &mut self.customer.country),
            ("the customer tax id".into(), &mut self.customer.tax_id),
            (key::ISSUER_NAME.key.into(), &mut self.issuer.name),
            (key::ISSUER_TAX_ID.key.into(), &mut self.issuer.tax_id),
        ];
        for (place, lines) in [
            (key::ISSUER_ADDRESS, &mut self.issuer.address),
            (key::ISSUER_BANK, &mut self.issuer.bank),
            (key::ISSUER_FOOTER, &mut self.issuer.footer),
        ] {
            out.extend(lines.iter_mut().map(|line| (place.key.to_owned(), line)));
        }
        if let Some(corrected) = &mut self.corrects {
            out.push(("the corrected invoice's number".into(), &mut corrected.number));
        }
        for (i, line) in self.lines.iter_mut().enumerate() {
            out.push((format!("the description of line {}", i + 1), &mut line.description));
            out.push((format!("the unit of line {}", i + 1), &mut line.uom));
            out.push((format!("the detail of line {}", i + 1), &mut line.detail));
        }
        for tax in &mut self.taxes {
            out.push((format!("the name of tax {}", tax.tax_code), &mut tax.name));
            out.push((format!("the reason of tax {}", tax.tax_code), &mut tax.reason));
        }
        for credit in &mut self.credits {
            out.push(("the number of an applied credit".into(), &mut credit.number));
        }
        out
    }

    /// The same document with composed, control-free text, and what of it the main font does not have;
    /// refused when a character has no font at all.
    pub(super) fn read(&self, fonts: &Fonts) -> Result<(Self, Rare), PrintError> {
        let mut clean = self.clone();
        let rare = read_texts(clean.texts(), fonts)?;
        // It stands in a sentence with its rate.
        clean.taxes.iter_mut().for_each(|tax| lay::isolate(&mut tax.name));
        Ok((clean, rare))
    }
}

/// Composes texts and takes control characters out of them; tells what of them the main font does not
/// have. Refused by the place of a character that has no font at all.
pub(super) fn read_texts(
    texts: Vec<(String, &mut String)>,
    fonts: &Fonts,
) -> Result<Rare, PrintError> {
    let (mut han, mut others) = (Vec::new(), false);
    for (place, value) in texts {
        if !value.is_ascii() || value.chars().any(text::is_unsafe) {
            let lines: Vec<String> =
                value.split('\n').map(|line| text::clean(line).nfc().collect()).collect();
            *value = lines.join("\n");
        }
        for c in value.chars().filter(|c| *c != '\n') {
            if fonts.has_basic(c) {
                continue;
            }
            if fonts.has_han(c) {
                han.push(c);
                continue;
            }
            // What is still unsafe joins or parts others, where their script wants it.
            if !text::is_unsafe(c) && fonts.scripts.of(c.encode_utf8(&mut [0; 4])).is_none() {
                let shown = format!("‘{c}’");
                return Err(PrintError::NoGlyph { code: u32::from(c), shown, place });
            }
            others = true;
        }
    }
    han.sort_unstable();
    han.dedup();
    Ok(match (others, han.is_empty()) {
        (true, _) => Rare::Scripts,
        (false, true) => Rare::Nothing,
        (false, false) => Rare::Han(han),
    })
}
