//! A calendar month, as a clerk names a period: `2026-11`.

use super::period::{Span, add_months, before};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    /// Its first day.
    first: NaiveDate,
}

impl Month {
    /// The month of a day.
    pub fn of(day: NaiveDate) -> Self {
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    /// Reads `2026-11`, years 1900 to 2199.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let year = year.parse().ok().filter(|y| (1900..2200).contains(y))?;
        NaiveDate::from_ymd_opt(year, month.parse().ok()?, 1).map(|first| Self { first })
    }

    /// As a number that orders as months do: `202611`.
    pub fn number(self) -> i64 {
        i64::from(self.first.year()) * 100 + i64::from(self.first.month())
    }

    /// The month of such a number.
    pub fn of_number(number: i64) -> Option<Self> {
        Self::parse(&format!("{:04}-{:02}", number / 100, number % 100))
    }

    /// Its days.
    pub fn span(self) -> Span {
        let last = add_months(self.first, 1).and_then(before).unwrap_or(self.first);
        Span { from: self.first, to: last }
    }

    /// So many months later, or earlier; none beyond the calendar.
    pub fn later(self, months: i64) -> Option<Self> {
        add_months(self.first, months).map(|first| Self { first })
    }

    /// `November 2026`.
    pub fn name(self) -> String {
        self.first.format("%B %Y").to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no month"))
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.first.format("%Y-%m").to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_strictly_and_has_its_days() {
        for (text, days) in [("2026-11", "2026-11-30"), ("2028-02", "2028-02-29")] {
            let month = Month::parse(text).unwrap();
            assert_eq!(
                (month.to_string(), month.span().to.to_string()),
                (text.into(), days.into())
            );
        }
        for bad in ["2026-13", "2026-1", "26-11", "2026", "2026-11-01", "2026-+1", "1899-12", ""] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
        let november = Month::parse("2026-11").unwrap();
        assert_eq!(november.later(2).unwrap().to_string(), "2027-01");
        assert_eq!(november.later(-11).unwrap().name(), "December 2025");
        assert_eq!(Month::of("2026-11-30".parse().unwrap()), november);
    }
}
