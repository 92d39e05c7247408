//! What the law wants of an invoice: a table by country of issuer and customer, kind of customer, date and
//! amount (`assets/regimes.csv`). The first row that fits holds; none: a plain invoice will do. A row without a
//! source is told and stops nothing.

use super::e_invoice::{CustomerKind, Form};
use super::money::{Currency, Money, parse_decimal};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::sync::OnceLock;

const TABLE: &str = include_str!("../../assets/regimes.csv");

text_enum! {
    /// What the law says.
    Law {
        /// An electronic invoice, in one of the forms.
        Must = "must",
        /// A form that is not made here: a platform issues the legal invoice.
        Cannot = "cannot",
    }
}

text_enum! {
    /// How the invoice has to go.
    Way {
        Any = "any",
        /// Over a network such as Peppol.
        Network = "network",
        /// Through a platform of the state, or one that it admits.
        Platform = "platform",
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    issuer: String,
    /// `*`: any.
    customer: String,
    /// None: any.
    kind: Option<CustomerKind>,
    /// Invoice dates, both inclusive.
    from: NaiveDate,
    to: Option<NaiveDate>,
    /// Totals above this, with tax.
    above: Option<Money>,
    /// Issuers whose turnover of a year is above this.
    turnover_above: Option<Decimal>,
    pub law: Law,
    pub forms: Vec<Form>,
    pub way: Way,
    /// Empty: none is on record.
    pub source: String,
    pub note: String,
}

/// An invoice, as far as the law asks.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Two letters; empty: nothing is asked.
    pub issuer: &'a str,
    pub customer: &'a str,
    /// None: not known. Who has a tax id counts as a business then.
    pub kind: Option<CustomerKind>,
    pub has_tax_id: bool,
    pub on: NaiveDate,
    pub total: Money,
    /// Of the issuer in a year; none: not said, and as if above every bound.
    pub turnover: Option<Decimal>,
    /// Whether it goes by network.
    pub by_network: bool,
}

/// What is to be said of an invoice and its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In words, with the remedy.
    pub words: String,
    /// Whether it must not be posted so.
    pub stops: bool,
}

/// Every row. A table that does not read is a fault of the build, which a test finds.
pub fn table() -> &'static [Rule] {
    static ROWS: OnceLock<Vec<Rule>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut csv = csv::Reader::from_reader(TABLE.as_bytes());
        csv.records().filter_map(|row| rule(&row.ok()?)).collect()
    })
}

fn rule(row: &csv::StringRecord) -> Option<Rule> {
    let cell = |at: usize| row.get(at).unwrap_or_default();
    let maybe = |at: usize| Some(cell(at)).filter(|text| !text.is_empty());
    let forms = cell(9).split('|').filter(|text| !text.is_empty());
    Some(Rule {
        issuer: cell(0).to_owned(),
        customer: cell(1).to_owned(),
        kind: match cell(2) {
            "*" => None,
            word => Some(CustomerKind::parse(word)?),
        },
        from: cell(3).parse().ok()?,
        to: maybe(4).map(str::parse).transpose().ok()?,
        above: match maybe(5) {
            Some(text) => Some(Currency::parse(cell(6))?.read(text).ok()?),
            None => None,
        },
        turnover_above: match maybe(7) {
            Some(text) => Some(parse_decimal(text)?),
            None => None,
        },
        law: Law::parse(cell(8))?,
        forms: forms.map(Form::parse).collect::<Option<_>>()?,
        way: Way::parse(cell(10))?,
        source: cell(11).to_owned(),
        note: cell(12).to_owned(),
    })
}

impl Rule {
    fn fits(&self, case: &Case<'_>) -> bool {
        let kind = match (self.kind, case.kind) {
            (None, _) => true,
            (Some(wanted), Some(is)) => wanted == is,
            (Some(wanted), None) => wanted == CustomerKind::Business && case.has_tax_id,
        };
        let large = |above: Money| {
            above.currency != case.total.currency || case.total.minor.abs() > above.minor
        };
        self.issuer == case.issuer
            && (self.customer == "*" || self.customer == case.customer)
            && kind
            && self.from <= case.on
            && self.to.is_none_or(|to| case.on <= to)
            && self.above.is_none_or(large)
            && self.turnover_above.is_none_or(|above| case.turnover.is_none_or(|is| is > above))
    }
}

/// The row that holds for an invoice.
pub fn rule_of(case: &Case<'_>) -> Option<&'static Rule> {
    table().iter().find(|rule| !case.issuer.is_empty() && rule.fits(case))
}

/// What is to be said of an invoice that goes in a form; none where it will do.
pub fn verdict(case: &Case<'_>, form: Form) -> Option<Verdict> {
    let rule = rule_of(case)?;
    let source = if rule.source.is_empty() {
        "no source is on record".to_owned()
    } else {
        rule.source.clone()
    };
    let since = format!("{} since {} ({source})", case.issuer, rule.from);
    match rule.law {
        Law::Cannot => Some(Verdict {
            words: format!(
                "{since} wants what is not made here ({}): hand it over to a platform",
                rule.note
            ),
            stops: false,
        }),
        Law::Must if rule.forms.contains(&form) => match rule.way {
            Way::Any => None,
            Way::Network | Way::Platform if case.by_network => None,
            Way::Network => Some(Verdict {
                words: format!(
                    "{since} wants it over its network: an e-mail is no delivery there; delivery network of the \
                     account, with its electronic_address (accounts.csv)"
                ),
                stops: !rule.source.is_empty(),
            }),
            Way::Platform => Some(Verdict {
                words: format!(
                    "{since} wants it through a platform: an e-mail is no delivery there; hand the XML over \
                     (delivery network of the account, or invoice xml)"
                ),
                stops: false,
            }),
        },
        Law::Must => {
            let forms: Vec<&str> = rule.forms.iter().map(|form| form.as_str()).collect();
            let way = match rule.way {
                Way::Any => "",
                Way::Network => ", over its network",
                Way::Platform => ", through a platform",
            };
            let words = format!(
                "{since} wants an e-invoice{way}: e_invoice {} of the account (accounts.csv)",
                forms.join(" or ")
            );
            Some(Verdict { words, stops: !rule.source.is_empty() })
        }
    }
}

/// What the law of a country wants between two businesses of it on a day, in words, and whether daybook can
/// make it; none where a plain invoice will do.
pub fn at_home(issuer: &str, on: NaiveDate, turnover: Option<Decimal>) -> Option<(bool, String)> {
    let currency = Currency::parse("EUR")?;
    let case = Case {
        issuer,
        customer: issuer,
        kind: Some(CustomerKind::Business),
        has_tax_id: true,
        on,
        // Above the bound of small invoices anywhere.
        total: currency.amount(100_000_000),
        turnover,
        by_network: false,
    };
    let law = rule_of(&case)?.law;
    verdict(&case, Form::None).map(|verdict| (law == Law::Must, verdict.words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(issuer: &'static str, customer: &'static str, on: &str, minor: i64) -> Case<'static> {
        Case {
            issuer,
            customer,
            kind: Some(CustomerKind::Business),
            has_tax_id: true,
            on: on.parse().unwrap(),
            total: Currency::parse("EUR").unwrap().amount(minor),
            turnover: None,
            by_network: false,
        }
    }

    #[test]
    fn every_row_of_the_table_reads() {
        assert_eq!(table().len(), TABLE.lines().count() - 1);
        for rule in table() {
            let makes = rule.law == Law::Must;
            assert_eq!(makes, !rule.forms.is_empty(), "{rule:?}");
            assert!(!rule.forms.contains(&Form::None), "{rule:?}");
        }
    }

    #[test]
    fn a_german_business_invoice_of_2027_above_250_wants_a_form() {
        let stops = |case: &Case<'_>, form| verdict(case, form).is_some_and(|v| v.stops);
        let new = case("DE", "DE", "2027-01-04", 25_001);
        assert!(stops(&new, Form::None));
        assert!(!stops(&new, Form::FacturX) && verdict(&new, Form::FacturX).is_none());
        assert!(!stops(&case("DE", "DE", "2026-12-31", 25_001), Form::None));
        assert!(!stops(&case("DE", "DE", "2027-01-04", 25_000), Form::None));
        assert!(!stops(&case("DE", "FR", "2027-01-04", 25_001), Form::None));
        let small = Case { turnover: Some(Decimal::from(800_000)), ..new };
        assert!(!stops(&small, Form::None));
        assert!(stops(&Case { on: "2028-01-01".parse().unwrap(), ..small }, Form::None));
        let private = Case { kind: Some(CustomerKind::Consumer), ..new };
        assert!(!stops(&private, Form::None));
        // Of whom nothing is said, who has a tax id is a business.
        assert!(stops(&Case { kind: None, ..new }, Form::None));
        assert!(!stops(&Case { kind: None, has_tax_id: false, ..new }, Form::None));
    }

    #[test]
    fn where_a_network_is_the_law_an_e_mail_stops_and_a_platform_is_told() {
        let belgium = case("BE", "BE", "2026-11-30", 100);
        for (case, form, stops, words) in [
            (belgium, Form::None, true, "over its network: e_invoice peppol"),
            (belgium, Form::Peppol, true, "delivery network of the account"),
            (Case { by_network: true, ..belgium }, Form::None, true, "e_invoice peppol"),
            // No source is on record: nothing is stopped.
            (case("LU", "LU", "2026-11-30", 100), Form::None, false, ""),
            (
                Case { kind: Some(CustomerKind::Public), ..case("LU", "LU", "2026-11-30", 100) },
                Form::Peppol,
                false,
                "delivery network of the account",
            ),
            (case("FR", "FR", "2027-09-01", 100), Form::Cii, false, "through a platform"),
        ] {
            let verdict = verdict(&case, form);
            assert_eq!(verdict.as_ref().is_some_and(|v| v.stops), stops, "{verdict:?}");
            let said = verdict.map(|v| v.words).unwrap_or_default();
            assert!(said.contains(words), "{said}");
        }
        for country in ["BE", "FR"] {
            let goes = Case { by_network: true, ..case(country, country, "2027-09-01", 100) };
            let form = if country == "BE" { Form::Peppol } else { Form::Ubl };
            assert_eq!(verdict(&goes, form), None, "{country}");
        }
    }

    #[test]
    fn what_daybook_cannot_issue_is_said_and_what_has_no_source_stops_nothing() {
        let italy = verdict(&case("IT", "IT", "2026-11-30", 100), Form::Ubl).unwrap();
        assert!(italy.words.contains("hand it over to a platform") && !italy.stops, "{italy:?}");
        let public = Case { kind: Some(CustomerKind::Public), ..case("SE", "SE", "2026-11-30", 1) };
        let sweden = verdict(&public, Form::None).unwrap();
        assert!(sweden.words.contains("no source is on record") && !sweden.stops, "{sweden:?}");
        assert_eq!(verdict(&case("", "DE", "2027-01-04", 25_001), Form::None), None);
    }
}
