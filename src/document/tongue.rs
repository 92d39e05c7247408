//! A language as documents speak it: the words of [`super::texts`] with dates and figures as it writes them.

use super::formats::Formats;
use super::texts::{self, Key, OwnTexts};
use super::words;
use crate::domain::document::{DocumentKind, DocumentTax, TaxKind};
use crate::domain::e_invoice::{Category, is_country};
use crate::domain::frozen::{Corrected, Layout};
use crate::domain::money::Currency;
use crate::domain::speech::{Language, LateTerms, Speech};
use crate::domain::term::PaymentTerm;
use chrono::{Datelike, NaiveDate};
use icu_plurals::PluralCategory;
use rust_decimal::Decimal;
use std::fmt;
use std::sync::Arc;

/// The words and figures of a document; by default plain English.
#[derive(Clone, Default)]
pub struct Tongue {
    speech: Speech,
    own: Option<Arc<OwnTexts>>,
    /// None: English.
    formats: Option<Arc<Formats>>,
}

impl PartialEq for Tongue {
    fn eq(&self, other: &Self) -> bool {
        self.speech == other.speech && self.own == other.own
    }
}

impl Eq for Tongue {}

impl fmt::Debug for Tongue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.speech.fmt(f)
    }
}

/// Whether a tax id is one of VAT: two letters of a country, then digits, or a letter that a country puts there.
fn is_vat_id(id: &str) -> bool {
    let plain: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let (country, rest) = plain.split_at_checked(2).unwrap_or((&plain, ""));
    let first = rest.bytes().next().unwrap_or_default();
    let begins = first.is_ascii_digit()
        || matches!((country, first), ("AT", b'U') | ("FR", _) | ("ES" | "CY", b'A'..=b'Z'));
    begins && is_country(country) && rest.bytes().any(|b| b.is_ascii_digit())
}

/// Whether an issuer wrote before its number what it is (`USt-IdNr. DE…`).
fn names_itself(id: &str) -> bool {
    let word = |part: &str| part.len() > 2 && !part.contains(|c: char| c.is_ascii_digit());
    id.split([' ', ':', '\u{a0}']).next().is_some_and(word)
}

impl Tongue {
    /// Of a document that speaks so; `own` are the texts that it names.
    pub fn of(speech: Speech, own: Option<Arc<OwnTexts>>) -> Self {
        let formats = Formats::of(&speech.tag);
        Self { speech, own, formats }
    }

    /// The language, for who reads it aloud.
    pub fn language(&self) -> Language {
        self.speech.tag.language
    }

    /// A text with its holes filled, in the order of its key.
    pub fn fill(&self, key: Key, values: &[&str]) -> String {
        debug_assert_eq!(values.len(), key.spec().holes.len(), "{}", key.spec().name);
        let found = texts::template(&self.speech, self.own.as_deref(), key);
        found.map(|template| template.fill(values)).unwrap_or_default()
    }

    /// The same of a text of several lines: a line that only has holes, all of them empty, falls out.
    pub fn fill_lines(&self, key: Key, values: &[&str]) -> String {
        debug_assert_eq!(values.len(), key.spec().holes.len(), "{}", key.spec().name);
        let found = texts::template(&self.speech, self.own.as_deref(), key);
        found.map(|template| template.fill_lines(values)).unwrap_or_default()
    }

    /// A text without holes.
    pub fn say(&self, key: Key) -> String {
        self.fill(key, &[])
    }

    /// The text for so many of something: of one, of a few (Polish), of others.
    pub fn many(&self, count: usize, [one, few, other]: [Key; 3]) -> String {
        let key = match self.formats.as_deref().map(|formats| formats.plural(count)) {
            None if count == 1 => one,
            None => other,
            Some(PluralCategory::One) => one,
            Some(PluralCategory::Two | PluralCategory::Few) => few,
            Some(PluralCategory::Zero | PluralCategory::Many | PluralCategory::Other) => other,
        };
        self.fill(key, &[&self.number(Decimal::from(count))])
    }

    /// What the document calls itself.
    pub fn title(&self, kind: DocumentKind) -> String {
        self.say(match kind {
            DocumentKind::Invoice => Key::Invoice,
            DocumentKind::CreditMemo => Key::CreditMemo,
            DocumentKind::DebitMemo => Key::DebitMemo,
            DocumentKind::WriteOff => Key::WriteOff,
        })
    }

    /// What a document does to the invoice that it names.
    pub fn of_other(&self, kind: DocumentKind, other: &Corrected) -> String {
        let key = match kind {
            DocumentKind::Invoice => Key::Replaces,
            DocumentKind::CreditMemo | DocumentKind::DebitMemo | DocumentKind::WriteOff => {
                Key::Corrects
            }
        };
        self.fill(key, &[&other.number, &self.date(other.date)])
    }

    pub fn date(&self, day: NaiveDate) -> String {
        let said = self.formats.as_deref().and_then(|formats| formats.date(day));
        said.unwrap_or_else(|| words::date(day))
    }

    /// A service period, its first day as short as can be: `1 – 30 nov 2026`.
    pub fn period(&self, from: NaiveDate, to: NaiveDate) -> String {
        if self.formats.is_none() {
            return words::period(from, to);
        }
        if from == to {
            return self.date(to);
        }
        let first = if (from.year(), from.month()) == (to.year(), to.month()) {
            self.fill(Key::FirstDay, &[&from.day().to_string()])
        } else {
            self.date(from)
        };
        format!("{first} – {}", self.date(to))
    }

    /// A number as it is, with thousands apart where the language does that; in English never, as it was
    /// from the first.
    pub fn number(&self, value: Decimal) -> String {
        match &self.formats {
            Some(formats) => formats.number(value.normalize()),
            None => value.normalize().to_string(),
        }
    }

    /// A quantity without trailing zeros and with thousands apart.
    pub fn quantity(&self, value: Decimal) -> String {
        match &self.formats {
            Some(formats) => formats.number(value.normalize()),
            None => words::quantity(value),
        }
    }

    /// A unit price with at least the digits of the currency and no fewer than it has.
    pub fn unit_price(&self, value: Decimal, currency: Currency) -> String {
        let Some(formats) = &self.formats else { return words::unit_price(value, currency) };
        let mut value = value.normalize();
        if value.scale() < currency.digits() {
            value.rescale(currency.digits());
        }
        formats.price(value)
    }

    /// An amount without its currency, as it stands in a column.
    pub fn figure(&self, currency: Currency, minor: i64) -> String {
        match &self.formats {
            Some(formats) => formats.figure(currency, minor),
            None => currency.grouped(minor),
        }
    }

    /// An amount with its currency.
    pub fn sum(&self, currency: Currency, minor: i64) -> String {
        match &self.formats {
            Some(formats) => formats.sum(currency, minor),
            None => format!("{} {currency}", currency.grouped(minor)),
        }
    }

    /// A payment term; one that is rules and dates stays as it is written.
    pub fn term(&self, term: &str) -> String {
        if self.formats.is_none() || term.trim().is_empty() {
            return term.to_owned();
        }
        match PaymentTerm::parse(term) {
            Ok(PaymentTerm::OnReceipt) => self.say(Key::TermReceipt),
            Ok(PaymentTerm::Net(days)) if days > 1 => self.fill(Key::TermNet, &[&days.to_string()]),
            Ok(PaymentTerm::Net(_) | PaymentTerm::Prox { .. }) | Err(_) => term.to_owned(),
        }
    }

    /// The issuer's tax id with what it is.
    pub fn tax_id(&self, id: &str) -> String {
        if self.formats.is_some() && names_itself(id) {
            return id.to_owned();
        }
        self.fill(if is_vat_id(id) { Key::VatId } else { Key::TaxNumber }, &[id])
    }

    /// What the customer's tax id is.
    pub fn your_tax_id(&self, id: &str) -> Key {
        if is_vat_id(id) { Key::YourVatId } else { Key::YourTaxNumber }
    }

    /// The row of one tax: `VAT 19 % on 1,000.00`, `VAT exempt`, `VAT reverse charge`.
    pub fn tax_row(&self, tax: &DocumentTax, currency: Currency, layout: Layout) -> String {
        let name = if tax.name.is_empty() { &tax.tax_code } else { &tax.name };
        let name = match &self.formats {
            Some(_) if name == "VAT" => self.say(Key::Vat),
            Some(_) | None => name.clone(),
        };
        let on = self.figure(currency, tax.base_minor);
        match tax.kind {
            // Of a document of another system, whose rates are not known.
            TaxKind::Standard if tax.tax_code.is_empty() => name,
            TaxKind::Standard if layout > Layout::First && tax.says_rate() => {
                self.fill(Key::TaxTitled, &[&name, &on])
            }
            TaxKind::Standard => {
                self.fill(Key::TaxStandard, &[&name, &self.quantity(tax.rate_percent), &on])
            }
            TaxKind::Exempt => self.fill(Key::TaxExempt, &[&name, &on]),
            TaxKind::ReverseCharge => self.fill(Key::TaxReverse, &[&name, &on]),
        }
    }

    /// Why a tax is nil: what the tax table says, its usual English reasons in the language, and of reverse
    /// charge in any case the words that the law wants (Council Directive 2006/112/EC, article 226 (11a)).
    pub fn reasons(&self, tax: &DocumentTax) -> Vec<String> {
        let mut said: Vec<String> =
            Some(tax.reason.clone()).filter(|reason| !reason.is_empty()).into_iter().collect();
        if self.formats.is_none() {
            return said;
        }
        for reason in &mut said {
            if let Some(key) = usual(reason) {
                *reason = self.say(key);
            }
        }
        let wanted = self.say(Key::ReasonReverse);
        let has = |reason: &String| reason.to_lowercase().contains(&wanted.to_lowercase());
        if tax.kind == TaxKind::ReverseCharge && !said.iter().any(has) {
            said.push(wanted);
        }
        said
    }

    /// What the law of the issuer's country has the document say of who pays late.
    pub fn late_terms(&self) -> Option<String> {
        self.speech.late.map(|late| match late {
            LateTerms::France => self.say(Key::LateFrance),
        })
    }
}

/// The text of a reason that daybook itself gives where the tax table has none.
fn usual(reason: &str) -> Option<Key> {
    let known = [
        (Category::ReverseCharge, Key::ReasonReverse),
        (Category::IntraCommunity, Key::ReasonIntra),
        (Category::Export, Key::ReasonExport),
        (Category::Outside, Key::ReasonOutside),
    ];
    let is = |(category, _): &&(Category, Key)| {
        category.usual_reason().eq_ignore_ascii_case(reason.trim().trim_end_matches('.'))
    };
    known.iter().find(is).map(|(_, key)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::speech::Tag;

    fn tongue(tag: &str) -> Tongue {
        Tongue::of(Speech { tag: Tag::parse(tag).unwrap(), ..Speech::default() }, None)
    }

    #[test]
    fn a_tax_id_is_called_what_it_is() {
        for (id, said) in [
            ("DE 811 234 567", "USt-IdNr. DE 811 234 567"),
            ("ATU12345675", "USt-IdNr. ATU12345675"),
            ("FRXX999999999", "USt-IdNr. FRXX999999999"),
            ("ESA12345678", "USt-IdNr. ESA12345678"),
            ("12/345/67890", "Steuernummer 12/345/67890"),
            ("USt-IdNr. DE811234567", "USt-IdNr. DE811234567"),
            ("", "Steuernummer "),
        ] {
            assert_eq!(tongue("de").tax_id(id), said);
            assert_eq!(Tongue::default().tax_id(id), format!("Tax ID {id}"));
        }
    }

    #[test]
    fn terms_are_told_where_they_can_be() {
        for (term, german, polish) in [
            ("Net 30", "30 Tage netto", "30 dni netto"),
            ("Due Upon Receipt", "sofort fällig", "płatne przy odbiorze"),
            ("Net 1", "Net 1", "Net 1"),
            ("Prox 15/1/EOM", "Prox 15/1/EOM", "Prox 15/1/EOM"),
            ("", "", ""),
        ] {
            assert_eq!(tongue("de").term(term), german);
            assert_eq!(tongue("pl").term(term), polish);
            assert_eq!(Tongue::default().term(term), term);
        }
    }

    #[test]
    fn so_many_of_something_has_the_form_of_the_language() {
        let keys = [Key::ReminderSubjectOne, Key::ReminderSubjectFew, Key::ReminderSubjectOther];
        for (tag, count, said) in [
            ("en", 1, "Reminder: 1 invoice overdue"),
            ("en", 2, "Reminder: 2 invoices overdue"),
            ("de", 1, "Zahlungserinnerung: 1 Rechnung überfällig"),
            ("de", 1000, "Zahlungserinnerung: 1.000 Rechnungen überfällig"),
            ("fr", 1, "Relance : 1 facture échue"),
            ("fr", 2, "Relance : 2 factures échues"),
            ("pl", 1, "Przypomnienie o płatności: 1 faktura po terminie"),
            ("pl", 3, "Przypomnienie o płatności: 3 faktury po terminie"),
            ("pl", 5, "Przypomnienie o płatności: 5 faktur po terminie"),
            ("pl", 22, "Przypomnienie o płatności: 22 faktury po terminie"),
        ] {
            assert_eq!(tongue(tag).many(count, keys), said);
        }
    }

    #[test]
    fn a_period_says_no_more_than_needed() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (tag, from, to, said) in [
            ("de", "2026-11-30", "2026-11-30", "30.11.2026"),
            ("de", "2026-11-01", "2026-11-30", "1. – 30.11.2026"),
            ("de", "2026-12-15", "2027-01-14", "15.12.2026 – 14.01.2027"),
            ("fr", "2026-11-01", "2026-11-30", "1 – 30 nov. 2026"),
            ("es", "2025-11-01", "2026-11-30", "1 nov 2025 – 30 nov 2026"),
            ("en", "2026-11-01", "2026-11-30", "1 – 30 Nov 2026"),
        ] {
            assert_eq!(tongue(tag).period(day(from), day(to)), said);
        }
    }
}
