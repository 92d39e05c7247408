//! Rates between currencies, and what an amount is in the issuer's own: for tax, which is owed in the
//! currency of the country (Council Directive 2006/112/EC, articles 91 and 230), and for books that are kept
//! in it. A rate is stored as it was quoted, either way round, and never divided before it is used.

use super::money::{Currency, MoneyError};
use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// How old a rate may be, days: tax offices publish rates of months, central banks of banking days.
pub const OLDEST: i64 = 31;

/// A rate of a day: one `from` is `rate` of `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FxRate {
    pub on: NaiveDate,
    pub from: Currency,
    pub to: Currency,
    pub rate: Decimal,
    /// Who says so.
    pub source: String,
}

/// Which way a rate was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quoted {
    /// So many of the own currency are one of the other.
    Own,
    /// So many of the other are one of the own.
    Other,
}

/// The rate by which a document is told in the issuer's own currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeRate {
    /// The issuer's own currency.
    pub currency: Currency,
    pub rate: Decimal,
    pub quoted: Quoted,
    /// Its day.
    pub on: NaiveDate,
    pub source: String,
}

impl HomeRate {
    /// Of a rate that has the own currency on either side.
    pub fn of(rate: FxRate, own: Currency) -> Self {
        let quoted = if rate.to == own { Quoted::Own } else { Quoted::Other };
        Self {
            currency: own,
            rate: rate.rate.normalize(),
            quoted,
            on: rate.on,
            source: rate.source,
        }
    }

    /// Minor units of the own currency, rounded half up (away from zero, so that a memo mirrors its invoice).
    pub fn convert(&self, from: Currency, minor: i64) -> Result<i64, MoneyError> {
        let amount = from.to_decimal(minor);
        let exact = match self.quoted {
            Quoted::Own => amount.checked_mul(self.rate),
            Quoted::Other => amount.checked_div(self.rate),
        };
        let exact = exact.ok_or(MoneyError::TooLarge)?;
        let mut rounded = exact
            .round_dp_with_strategy(self.currency.digits(), RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(self.currency.digits());
        i64::try_from(rounded.mantissa()).map_err(|_| MoneyError::TooLarge)
    }
}

/// Countries whose businesses keep books in euro (Council Decisions on the adoption of the euro, Bulgaria from
/// 2026; Monaco, San Marino, Vatican City and Andorra by agreement; Kosovo and Montenegro by themselves).
const EURO: &[&str] = &[
    "AD", "AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU",
    "LV", "MC", "ME", "MT", "NL", "PT", "SI", "SK", "SM", "VA", "XK",
];

/// Others, by ISO 3166-1 and ISO 4217.
const OTHERS: &[(&str, &str)] = &[
    ("AE", "AED"),
    ("AU", "AUD"),
    ("BR", "BRL"),
    ("CA", "CAD"),
    ("CH", "CHF"),
    ("CN", "CNY"),
    ("CZ", "CZK"),
    ("DK", "DKK"),
    ("GB", "GBP"),
    ("HK", "HKD"),
    ("HU", "HUF"),
    ("IL", "ILS"),
    ("IN", "INR"),
    ("IS", "ISK"),
    ("JP", "JPY"),
    ("KR", "KRW"),
    ("LI", "CHF"),
    ("MX", "MXN"),
    ("NO", "NOK"),
    ("NZ", "NZD"),
    ("PL", "PLN"),
    ("RO", "RON"),
    ("SE", "SEK"),
    ("SG", "SGD"),
    ("TR", "TRY"),
    ("UA", "UAH"),
    ("US", "USD"),
    ("ZA", "ZAR"),
];

/// The currency of a country, by two letters; none where this table has none.
pub fn currency_of(country: &str) -> Option<Currency> {
    if EURO.contains(&country) {
        return Currency::parse("EUR");
    }
    let found = OTHERS.iter().find(|(code, _)| *code == country);
    found.and_then(|(_, currency)| Currency::parse(currency))
}

/// Whether tax of an issuer there must be told in the own currency on the invoice: in the Union and where the
/// same rule stands (United Kingdom: VAT Regulations 1995, 14 and 2; Switzerland: MWSTV, article 45).
pub fn is_wanted_in(country: &str) -> bool {
    super::e_invoice::is_of_union(country) || matches!(country, "GB" | "CH" | "LI" | "NO")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn a_rate_is_used_as_it_was_quoted_and_rounded_once() {
        let rate = |from: &str, to: &str, rate: &str, own: &str| {
            let (from, to) = (currency(from), currency(to));
            let on = "2026-11-30".parse().unwrap();
            let rate = FxRate { on, from, to, rate: rate.parse().unwrap(), source: String::new() };
            HomeRate::of(rate, currency(own))
        };
        for (rate, of, minor, home) in [
            (rate("GBP", "EUR", "1.15", "EUR"), "GBP", 1_000, 1_150),
            (rate("EUR", "GBP", "0.8696", "EUR"), "GBP", 1_000, 1_150),
            (rate("EUR", "USD", "3", "EUR"), "USD", 100, 33),
            (rate("EUR", "USD", "2", "EUR"), "USD", 1, 1),
            (rate("EUR", "USD", "2", "EUR"), "USD", -1, -1),
            (rate("JPY", "EUR", "0.0061", "EUR"), "JPY", 1_000, 610),
            (rate("EUR", "JPY", "164.5", "JPY"), "EUR", 1_001, 1_647),
        ] {
            assert_eq!(rate.convert(currency(of), minor).unwrap(), home, "{rate:?} {minor}");
        }
        let huge = rate("EUR", "USD", "0.0000001", "EUR");
        assert!(huge.convert(currency("USD"), i64::MAX).is_err());
    }

    #[test]
    fn each_currency_of_the_table_is_one() {
        for (country, code) in OTHERS {
            assert_eq!(currency_of(country).unwrap().code(), *code);
        }
        assert_eq!(currency_of("DE"), Currency::parse("EUR"));
        assert_eq!(currency_of("QQ"), None);
    }
}
