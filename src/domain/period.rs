//! Billing periods: a grid of boundaries computed from an anchor day, never from the last
//! (possibly clamped) date, so that the 30th is back after a February on the 29th.
//!
//! The first boundary is the first billing day on or after the aligned date; the grid reaches
//! back and forward from it without gap or overlap.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;

/// A stretch of whole days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

/// A day no service reaches: stands for "no end" in spans.
pub const FAR: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

impl Span {
    /// The span, unless it would be empty.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// How many days.
    pub fn days(self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// The common days.
    pub fn meet(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Whether every day of `other` is in here.
    pub fn holds(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// Whether the day is in here.
    pub fn has(self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }

    /// What is left of this span without the days of `cuts`, in order.
    pub fn without(self, cuts: impl IntoIterator<Item = Span>) -> Vec<Span> {
        let mut left = vec![self];
        for cut in cuts {
            let mut next = Vec::with_capacity(left.len() + 1);
            for span in left {
                if span.meet(cut).is_none() {
                    next.push(span);
                    continue;
                }
                next.extend(before(cut.from).and_then(|to| Span::new(span.from, to)));
                next.extend(after(cut.to).and_then(|from| Span::new(from, span.to)));
            }
            left = next;
        }
        left
    }
}

/// The day before; none at the beginning of the calendar.
pub fn before(day: NaiveDate) -> Option<NaiveDate> {
    day.pred_opt()
}

/// The day after; none at the end of the calendar.
pub fn after(day: NaiveDate) -> Option<NaiveDate> {
    day.succ_opt()
}

/// Months since year 0, for arithmetic.
fn month_number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

/// Days in a month given by its number.
fn month_length(year: i32, month: u32) -> u32 {
    match month {
        2 if year.rem_euclid(4) == 0
            && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) =>
        {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        0 | 1 | 3 | 5 | 7 | 8 | 10 | 12.. => 31,
    }
}

/// The anchor day in a month: the 31st (and 29th, 30th) fall on the last day of shorter months.
fn anchored(month: i64, day: u32) -> Option<NaiveDate> {
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let month = u32::try_from(month.rem_euclid(12)).ok()? + 1;
    NaiveDate::from_ymd_opt(year, month, day.clamp(1, month_length(year, month)))
}

/// Whether the day is the last of its month.
pub fn is_month_end(day: NaiveDate) -> bool {
    day.day() == month_length(day.year(), day.month())
}

/// The day `months` later, on the same day of the month or the last of a shorter one.
pub fn add_months(day: NaiveDate, months: i64) -> Option<NaiveDate> {
    anchored(month_number(day) + months, day.day())
}

/// The given day of the month that lies `months` after the month of `day`, clamped to its end.
pub fn day_in_month(day: NaiveDate, months: i64, day_of_month: u32) -> Option<NaiveDate> {
    anchored(month_number(day) + months, day_of_month)
}

/// The day a period was meant to begin on, as `2023-02-31`: before it is moved to the end of a
/// shorter month, so that periods from the 30th are told from those of the 31st. With the length of
/// the period it gives all its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Anchor {
    month: i64,
    day: u32,
}

impl Anchor {
    /// Reads the form [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, day) = text.rsplit_once('-')?;
        let (year, month) = rest.rsplit_once('-')?;
        let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
        let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
        (1..=12).contains(&month).then_some(Self { month: year * 12 + month - 1, day })
    }

    /// The periods of so many months that lie as the one that began here, which is number 0.
    pub fn months(self, step: u32) -> Grid {
        Grid::Months { first: self.month, day: self.day, step: i64::from(step.max(1)) }
    }

    /// The same in weeks; none where the day is no day of the calendar.
    pub fn weeks(self, weeks: u32) -> Option<Grid> {
        let first = anchored(self.month, self.day).filter(|first| first.day() == self.day)?;
        Some(Grid::Weeks { first, days: i64::from(weeks.max(1)) * 7 })
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.month.div_euclid(12), self.month.rem_euclid(12) + 1);
        write!(f, "{year:04}-{month:02}-{:02}", self.day)
    }
}

impl From<Anchor> for String {
    fn from(anchor: Anchor) -> Self {
        anchor.to_string()
    }
}

impl TryFrom<String> for Anchor {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text} is no first day of a period"))
    }
}

/// The boundaries of a charge's periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Every `step` months on the anchor day.
    Months {
        /// Number of the month of the first boundary.
        first: i64,
        /// Anchor day 1–31.
        day: u32,
        /// Months in a period.
        step: i64,
    },
    /// Every `days` days.
    Weeks {
        /// The first boundary.
        first: NaiveDate,
        /// Days in a period, a multiple of seven.
        days: i64,
    },
}

impl Grid {
    /// Periods of `step` months that begin on `day`, counted from the first such day on or after
    /// `aligned`.
    pub fn months(aligned: NaiveDate, day: u32, step: u32) -> Self {
        let month = month_number(aligned);
        let late = anchored(month, day).is_some_and(|boundary| boundary < aligned);
        Self::Months { first: month + i64::from(late), day, step: i64::from(step.max(1)) }
    }

    /// Periods of `weeks` weeks that begin on `weekday`, counted from the first such day on or
    /// after `aligned`.
    pub fn weeks(aligned: NaiveDate, weekday: Weekday, weeks: u32) -> Self {
        let wait =
            (weekday.num_days_from_monday() + 7 - aligned.weekday().num_days_from_monday()) % 7;
        let first = aligned.checked_add_days(Days::new(u64::from(wait))).unwrap_or(aligned);
        Self::Weeks { first, days: i64::from(weeks.max(1)) * 7 }
    }

    /// The first day of period `k` (0 begins at the first boundary); none beyond the calendar.
    pub fn boundary(self, k: i64) -> Option<NaiveDate> {
        match self {
            Self::Months { first, day, step } => anchored(first + k * step, day),
            Self::Weeks { first, days } => {
                first.checked_add_signed(chrono::TimeDelta::try_days(k.checked_mul(days)?)?)
            }
        }
    }

    /// What tells period `k` from one that lies otherwise; none beyond the calendar.
    pub fn anchor(self, k: i64) -> Option<Anchor> {
        let on = self.boundary(k)?;
        Some(match self {
            Self::Months { first, day, step } => Anchor { month: first + k * step, day },
            Self::Weeks { .. } => Anchor { month: month_number(on), day: on.day() },
        })
    }

    /// The period that a day lies in.
    pub fn index_of(self, on: NaiveDate) -> i64 {
        match self {
            Self::Months { first, day, step } => {
                let month = month_number(on);
                let early = anchored(month, day).is_some_and(|boundary| on < boundary);
                (month - i64::from(early) - first).div_euclid(step)
            }
            Self::Weeks { first, days } => (on - first).num_days().div_euclid(days),
        }
    }

    /// The days of period `k`; none beyond the calendar.
    pub fn period(self, k: i64) -> Option<Span> {
        Span::new(self.boundary(k)?, before(self.boundary(k + 1)?)?)
    }

    /// The month cells of period `k`, from billing day to billing day; weeks have none.
    pub fn cells(self, k: i64) -> impl Iterator<Item = Span> {
        let (range, day) = match self {
            Self::Months { first, day, step } => {
                let start = first + k * step;
                (start..=start + step - 1, day)
            }
            Self::Weeks { .. } => (RangeInclusive::new(1, 0), 1),
        };
        range.filter_map(move |m| Span::new(anchored(m, day)?, before(anchored(m + 1, day)?)?))
    }

    /// Months in a period; none for weeks.
    pub fn step_months(self) -> Option<i64> {
        match self {
            Self::Months { step, .. } => Some(step),
            Self::Weeks { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_anchor_day_comes_back_after_a_short_month() {
        let grid = Grid::months(day("2024-01-30"), 30, 1);
        let firsts: Vec<_> = (0..4).map(|k| grid.boundary(k).unwrap().to_string()).collect();
        assert_eq!(firsts, ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30"]);
        let end = Grid::months(day("2023-01-31"), 31, 1);
        assert_eq!(end.boundary(1), Some(day("2023-02-28")));
        assert_eq!(end.boundary(2), Some(day("2023-03-31")));
    }

    #[test]
    fn the_first_boundary_is_on_or_after_the_aligned_date() {
        assert_eq!(Grid::months(day("2023-10-20"), 1, 3).boundary(0), Some(day("2023-11-01")));
        assert_eq!(Grid::months(day("2023-10-20"), 20, 3).boundary(0), Some(day("2023-10-20")));
        assert_eq!(Grid::months(day("2023-02-28"), 31, 1).boundary(0), Some(day("2023-02-28")));
        let friday = Grid::weeks(day("2024-01-01"), Weekday::Fri, 2);
        assert_eq!(friday.boundary(0), Some(day("2024-01-05")));
        assert_eq!(friday.period(-1).unwrap().from, day("2023-12-22"));
    }

    #[test]
    fn cutting_days_out_of_a_span_leaves_the_rest() {
        let span = |a: &str, b: &str| Span { from: day(a), to: day(b) };
        let left = span("2024-01-01", "2024-01-31")
            .without([span("2024-01-10", "2024-01-12"), span("2024-01-20", "2024-02-05")]);
        assert_eq!(left, [span("2024-01-01", "2024-01-09"), span("2024-01-13", "2024-01-19")]);
        assert_eq!(
            span("2024-01-01", "2024-01-02").without([span("2023-01-01", "2025-01-01")]),
            []
        );
    }

    proptest! {
        #[test]
        fn forty_years_of_periods_tile(
            start in 0_u64..20_000, anchor in 1_u32..=31, step in 1_u32..=30, weekly: bool,
        ) {
            let aligned = day("1990-01-01") + Days::new(start);
            let grid = if weekly {
                Grid::weeks(aligned, Weekday::try_from((anchor % 7) as u8).unwrap(), step)
            } else {
                Grid::months(aligned, anchor, step)
            };
            prop_assert!(grid.boundary(0).unwrap() >= aligned);
            let until = aligned + Days::new(366 * 40);
            let (mut k, mut expected) = (-3, grid.boundary(-3).unwrap());
            while expected < until {
                let period = grid.period(k).unwrap();
                prop_assert_eq!(period.from, expected);
                let anchor = Anchor::parse(&grid.anchor(k).unwrap().to_string()).unwrap();
                let again = if weekly { anchor.weeks(step).unwrap() } else { anchor.months(step) };
                prop_assert_eq!(again.period(0), Some(period));
                prop_assert!(again.cells(0).eq(grid.cells(k)));
                prop_assert_eq!(grid.index_of(period.from), k);
                prop_assert_eq!(grid.index_of(period.to), k);
                if !weekly {
                    let mut next = period.from;
                    for cell in grid.cells(k) {
                        prop_assert_eq!(cell.from, next);
                        next = after(cell.to).unwrap();
                    }
                    prop_assert_eq!(before(next), Some(period.to));
                }
                expected = after(period.to).unwrap();
                k += 1;
            }
        }
    }
}
