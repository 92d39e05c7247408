//! Currencies that are gone: nothing new is charged in them from a day on. What was billed before stays
//! readable, and is corrected, refunded and written off as it was billed.
//!
//! The last days are those of Unicode CLDR 48.2.0 (`cldr-core`, `supplemental/currencyData.json`, the
//! `_to` of each), but where a law names the day from which nothing may be priced in a currency while
//! its notes still pass from hand to hand: that day is meant here. The table says for each which it is.
//! A crate that knows currencies is no source for this: `iso_currency` 0.7.1 has no ANG, and takes VES,
//! which is current, for superseded; of all it calls current CLDR ends none but these (and SVC, which
//! ISO 4217 keeps).

use super::money::Currency;
use chrono::NaiveDate;

/// A currency that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawn {
    pub code: &'static str,
    /// The first day on which nothing new is charged in it.
    pub since: (i32, u32, u32),
    /// What took its place.
    pub successor: &'static str,
    /// How many of it are one of its successor, for good.
    pub rate: &'static str,
}

const TABLE: &[Withdrawn] = &[
    // CLDR: to 2025-06-30 (CW, SX). Par: Centrale Bank van Curaçao en Sint Maarten.
    row("ANG", (2025, 7, 1), "XCG", "1"),
    // The Council's decisions of 2025-07-08. CLDR: to 2026-01-31, the end of dual circulation.
    row("BGN", (2026, 1, 1), "EUR", "1.95583"),
    // Decreto-Ley 17/2020: 180 days from 2021-01-01. CLDR: to 2021-06-01, the month of ISO 4217.
    row("CUC", (2021, 7, 1), "CUP", "24"),
    // The Council's decisions of 2022-07-12. CLDR: to 2023-01-14, the end of dual circulation.
    row("HRK", (2023, 1, 1), "EUR", "7.53450"),
    // CLDR: to 2023-12-31.
    row("SLL", (2024, 1, 1), "SLE", "1000"),
    // CLDR: to 2024-08-31. Reserve Bank of Zimbabwe, 2024-04-05: the rate.
    row("ZWL", (2024, 9, 1), "ZWG", "2498.7242"),
];

const fn row(
    code: &'static str,
    since: (i32, u32, u32),
    successor: &'static str,
    rate: &'static str,
) -> Withdrawn {
    Withdrawn { code, since, successor, rate }
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Withdrawn> {
    TABLE.iter()
}

/// That a currency is gone on a day.
pub fn on(currency: Currency, day: NaiveDate) -> Option<&'static Withdrawn> {
    of_code(currency.code()).filter(|gone| gone.since().is_some_and(|since| since <= day))
}

/// The row of a code.
pub fn of_code(code: &str) -> Option<&'static Withdrawn> {
    TABLE.iter().find(|gone| gone.code == code)
}

impl Withdrawn {
    /// See the field.
    pub fn since(&self) -> Option<NaiveDate> {
        let (year, month, day) = self.since;
        NaiveDate::from_ymd_opt(year, month, day)
    }
}

impl std::fmt::Display for Withdrawn {
    /// `BGN is withdrawn since 2026-01-01 (now EUR)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.since;
        let Self { code, successor, .. } = self;
        write!(f, "{code} is withdrawn since {year}-{month:02}-{day:02} (now {successor})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_gone_from_its_day_on() {
        for (code, day, gone) in [
            ("BGN", "2025-12-31", false),
            ("BGN", "2026-01-01", true),
            ("HRK", "2023-01-01", true),
            ("SLL", "2023-12-31", false),
            ("SLL", "2024-01-01", true),
            ("CUC", "2026-01-01", true),
            ("VES", "2026-11-01", false),
            ("SLE", "2026-11-01", false),
            ("XCG", "2026-11-01", false),
            ("EUR", "2026-11-01", false),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(on(currency, day.parse().unwrap()).is_some(), gone, "{code} on {day}");
        }
        for gone in all() {
            assert!(gone.since().is_some(), "{gone}");
            assert!(Currency::parse(gone.successor).is_some(), "{gone}");
            assert!(of_code(gone.successor).is_none(), "{gone}");
            assert!(super::super::money::parse_decimal(gone.rate).is_some(), "{gone}");
        }
        let bgn = of_code("BGN").unwrap().to_string();
        assert_eq!(bgn, "BGN is withdrawn since 2026-01-01 (now EUR)");
    }
}
