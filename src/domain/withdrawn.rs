//! Currencies that are gone: nothing new is charged in them from a day on. What was billed before stays
//! readable, and is corrected, refunded and written off as it was billed.
//!
//! From ISO 4217's list of historic codes and what the issuing central banks say of each (Croatia and
//! Bulgaria: the euro). A crate that knows currencies is no source for this: `iso_currency` 0.7.1 has no
//! ANG, and takes VES, which is current, for superseded.

use super::money::Currency;
use chrono::NaiveDate;

/// A currency that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawn {
    /// Its code.
    pub code: &'static str,
    /// The first day on which nothing new is charged in it.
    pub since: (i32, u32, u32),
    /// What took its place.
    pub successor: &'static str,
}

const TABLE: &[Withdrawn] = &[
    Withdrawn { code: "ANG", since: (2025, 7, 1), successor: "XCG" },
    Withdrawn { code: "BGN", since: (2026, 1, 1), successor: "EUR" },
    Withdrawn { code: "CUC", since: (2021, 7, 1), successor: "CUP" },
    Withdrawn { code: "HRK", since: (2023, 1, 1), successor: "EUR" },
    Withdrawn { code: "SLL", since: (2024, 4, 1), successor: "SLE" },
    Withdrawn { code: "ZWL", since: (2024, 9, 1), successor: "ZWG" },
];

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
            ("SLL", "2024-03-31", false),
            ("SLL", "2024-04-01", true),
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
        }
        let bgn = of_code("BGN").unwrap().to_string();
        assert_eq!(bgn, "BGN is withdrawn since 2026-01-01 (now EUR)");
    }
}
