//! What share of a period's price a part of it costs.
//!
//! Zuora: "Prorating - 30 days or actual days", "Total amount calculation with partial month
//! proration", "… with partial period (quarter, semi-annual or annual)". Shares are exact
//! fractions; rounding happens once, on the amount.

use super::billing::{BillingRules, LongPeriods, MonthBasis};
use super::period::{Grid, Span, is_month_end};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// An exact share, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64)", into = "(i64, i64)")]
pub struct Fraction {
    /// Numerator, not negative.
    pub num: i64,
    /// Denominator, positive.
    pub den: i64,
}

impl From<(i64, i64)> for Fraction {
    fn from((num, den): (i64, i64)) -> Self {
        Self::new(num, den)
    }
}

impl From<Fraction> for (i64, i64) {
    fn from(share: Fraction) -> Self {
        (share.num, share.den)
    }
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { num: 0, den: 1 };
    /// The whole.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// `num / den` in lowest terms; a denominator below one counts as one.
    pub fn new(num: i64, den: i64) -> Self {
        let den = den.max(1);
        let divisor = gcd(num.unsigned_abs(), den.unsigned_abs()).max(1);
        let divisor = i64::try_from(divisor).unwrap_or(1);
        Self { num: num / divisor, den: den / divisor }
    }

    /// The sum. Denominators are month lengths and period lengths, so it stays far inside 64 bits.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::new(self.num * other.den + other.num * self.den, self.den * other.den)
    }

    /// Divided by a whole number.
    #[must_use]
    pub fn over(self, by: i64) -> Self {
        Self::new(self.num, self.den * by.max(1))
    }

    /// Never more than the whole.
    #[must_use]
    pub fn capped(self) -> Self {
        if self.num > self.den { Self::ONE } else { self }
    }

    /// Whether it is the whole.
    pub fn is_one(self) -> bool {
        self.num == self.den
    }

    /// [`Self::is_one`] in the form serde asks for.
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde passes references
    pub fn is_whole(&self) -> bool {
        self.is_one()
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The settings `proration.*`, checked against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proration {
    basis: MonthBasis,
    long: LongPeriods,
    part_months: bool,
    part_periods: bool,
}

/// Billing a part month while never prorating has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "proration.prorate = false needs proration.bill_partial_month = false: a part month cannot be billed without prorating"
)]
pub struct ProrationConflict;

impl Proration {
    /// Takes the settings; refuses the one combination that contradicts itself.
    pub fn new(rules: &BillingRules) -> Result<Self, ProrationConflict> {
        if rules.bill_partial_month && !rules.prorate {
            return Err(ProrationConflict);
        }
        Ok(Self {
            basis: rules.month_basis,
            long: rules.long_periods,
            part_months: rules.bill_partial_month,
            part_periods: rules.prorate,
        })
    }

    /// The same settings with part months always billed by days: how fixed discounts prorate
    /// whatever the settings say (Zuora: "Discount - Fixed Amount always prorates").
    #[must_use]
    pub fn always(self) -> Self {
        Self { part_months: true, part_periods: true, ..self }
    }

    /// The share of period `k` that `part` (inside it) costs.
    pub fn share(self, grid: Grid, k: i64, part: Span) -> Fraction {
        let Some(period) = grid.period(k) else { return Fraction::ONE };
        if part == period {
            return Fraction::ONE;
        }
        match grid.step_months() {
            None => Fraction::new(part.days(), period.days()),
            Some(months) if !self.part_months => self.whole_months(grid, k, part, months),
            Some(months) => match self.long {
                LongPeriods::ByDay if months > 1 => self.by_day(period, part, months),
                LongPeriods::ByDay | LongPeriods::ByMonth => grid
                    .cells(k)
                    .filter_map(|cell| Some((cell, cell.meet(part)?)))
                    .map(|(cell, days)| self.part_of_month(cell, days))
                    .fold(Fraction::ZERO, Fraction::plus)
                    .over(months),
            },
        }
    }

    /// The first day that is billed of `part`: where part months at the start are not billed,
    /// the first whole month begins later, or not at all.
    pub fn billed_from(self, grid: Grid, k: i64, part: Span) -> Option<NaiveDate> {
        if self.part_months || grid.step_months().is_none() {
            return Some(part.from);
        }
        grid.cells(k).map(|cell| cell.from).find(|first| *first >= part.from && part.has(*first))
    }

    /// Whole months only: one that is cut at its start is not billed, one cut at its end is
    /// billed whole; without proration everything up to the period's end is.
    fn whole_months(self, grid: Grid, k: i64, part: Span, months: i64) -> Fraction {
        Fraction::new(self.counted_months(grid, k, part), months)
    }

    fn counted_months(self, grid: Grid, k: i64, part: Span) -> i64 {
        let counted = grid
            .cells(k)
            .filter(|cell| part.from <= cell.from && (cell.from <= part.to || !self.part_periods))
            .count();
        i64::try_from(counted).unwrap_or(0)
    }

    fn by_day(self, period: Span, part: Span, months: i64) -> Fraction {
        let (days, of) = self.days_in(part, period, months);
        Fraction::new(days, of)
    }

    fn part_of_month(self, cell: Span, days: Span) -> Fraction {
        if cell == days { Fraction::ONE } else { self.by_day(cell, days, 1) }
    }

    /// How the share of a part came about, for words; nothing where it is a whole period.
    pub fn count(self, grid: Grid, k: i64, part: Span) -> Count {
        let Some(period) = grid.period(k).filter(|period| *period != part) else {
            return Count::default();
        };
        let by_day = matches!(self.long, LongPeriods::ByDay);
        let thirty = self.basis != MonthBasis::Actual;
        match grid.step_months() {
            None => Count { days: Some((part.days(), period.days())), ..Count::default() },
            Some(months) if !self.part_months => {
                let whole = self.counted_months(grid, k, part);
                Count { months: Some(Months::whole(whole, months)), ..Count::default() }
            }
            Some(months) if months == 1 || by_day => {
                Count { days: Some(self.days_in(part, period, months)), thirty, months: None }
            }
            Some(months) => {
                let mut count = Months::whole(0, months);
                for (cell, days) in grid.cells(k).filter_map(|c| Some((c, c.meet(part)?))) {
                    if cell == days {
                        count.whole += 1;
                    } else if days.from == cell.from {
                        count.last = Some(self.days_in(days, cell, 1));
                    } else {
                        count.first = Some(self.days_in(days, cell, 1));
                    }
                }
                let thirty = thirty && (count.first.is_some() || count.last.is_some());
                Count { months: Some(count), thirty, days: None }
            }
        }
    }

    /// Days of a part of some months and of the whole it is measured by.
    fn days_in(self, part: Span, whole: Span, months: i64) -> (i64, i64) {
        match self.basis {
            MonthBasis::Actual => (part.days(), whole.days()),
            MonthBasis::Actual360 => (part.days().min(30 * months), 30 * months),
            MonthBasis::Strict30360 => (days_30_360(part).min(30 * months), 30 * months),
        }
    }
}

/// How a part of a period was counted. Written with every prorated line, so names are one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// Days of the part and of the whole, where the share is made of them.
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    pub days: Option<(i64, i64)>,
    /// Months, where the share is made of them.
    #[serde(rename = "z", default, skip_serializing_if = "Option::is_none")]
    pub months: Option<Months>,
    /// Whether every month counts as thirty days.
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    pub thirty: bool,
}

/// Months of a part of a longer period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Months {
    /// Whole months in the part.
    #[serde(rename = "w")]
    pub whole: i64,
    /// Months in a period.
    #[serde(rename = "o")]
    pub of: i64,
    /// Days of a month that begins before the part, and of that month.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub first: Option<(i64, i64)>,
    /// Days of a month that ends after the part, and of that month.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub last: Option<(i64, i64)>,
}

impl Months {
    fn whole(whole: i64, of: i64) -> Self {
        Self { whole, of, first: None, last: None }
    }
}

/// Days of a span when every month has thirty: both ends count, and the last day of any month is
/// its 30th (so February 27–28 is four days).
fn days_30_360(span: Span) -> i64 {
    let thirty = |day: NaiveDate| if is_month_end(day) { 30 } else { i64::from(day.day()) };
    let months = i64::from(span.to.year() - span.from.year()) * 12 + i64::from(span.to.month())
        - i64::from(span.from.month());
    30 * months + thirty(span.to) - thirty(span.from) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Weekday;

    fn span(from: &str, to: &str) -> Span {
        Span { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    fn with(basis: MonthBasis, long: LongPeriods) -> Proration {
        Proration { basis, long, part_months: true, part_periods: true }
    }

    /// The table of Zuora's "Prorating - 30 days or actual days".
    #[test]
    fn months_are_measured_as_the_manual_says() {
        let by = |basis, part: Span| {
            let grid = Grid::months(part.from, 1, 1);
            let share =
                with(basis, LongPeriods::ByMonth).share(grid, grid.index_of(part.from), part);
            (share.num, share.den)
        };
        for (from, to, actual, by_360, strict) in [
            ("2021-01-27", "2021-01-31", (5, 31), (1, 6), (2, 15)),
            ("2021-02-27", "2021-02-28", (1, 14), (1, 15), (2, 15)),
            ("2020-02-01", "2020-02-29", (1, 1), (1, 1), (1, 1)),
            ("2021-04-21", "2021-04-29", (3, 10), (3, 10), (3, 10)),
        ] {
            let part = span(from, to);
            assert_eq!(by(MonthBasis::Actual, part), actual, "{from}");
            assert_eq!(by(MonthBasis::Actual360, part), by_360, "{from}");
            assert_eq!(by(MonthBasis::Strict30360, part), strict, "{from}");
        }
    }

    #[test]
    fn long_periods_by_month_or_by_day() {
        let grid = Grid::months("2018-01-01".parse().unwrap(), 1, 12);
        let part = span("2018-07-14", "2018-12-31");
        for (basis, long, share) in [
            (MonthBasis::Actual360, LongPeriods::ByMonth, (7, 15)),
            (MonthBasis::Actual360, LongPeriods::ByDay, (19, 40)),
            (MonthBasis::Strict30360, LongPeriods::ByDay, (167, 360)),
            (MonthBasis::Actual, LongPeriods::ByDay, (171, 365)),
        ] {
            let got = with(basis, long).share(grid, 0, part);
            assert_eq!((got.num, got.den), share, "{basis} {long}");
            assert_eq!(
                with(basis, long).count(grid, 0, part).days.is_some(),
                long == LongPeriods::ByDay
            );
        }
    }

    #[test]
    fn the_count_says_what_the_share_is_made_of() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let quarter = Grid::months(day("2018-01-01"), 1, 3);
        let month = Grid::months(day("2018-01-01"), 1, 1);
        let week = Grid::weeks(day("2018-01-01"), Weekday::Mon, 1);
        let of = |basis, grid: Grid, from: &str, to: &str| {
            let part = span(from, to);
            let by = with(basis, LongPeriods::ByMonth);
            let count = by.count(grid, grid.index_of(part.from), part);
            let months = count.months.map(|m| (m.whole, m.first, m.last));
            (count.days, months, count.thirty)
        };
        let actual = |grid, from, to| of(MonthBasis::Actual, grid, from, to);
        let thirty = |grid, from, to| of(MonthBasis::Actual360, grid, from, to);
        assert_eq!(actual(week, "2018-01-01", "2018-01-03"), (Some((3, 7)), None, false));
        assert_eq!(actual(month, "2018-01-22", "2018-01-31"), (Some((10, 31)), None, false));
        assert_eq!(thirty(month, "2018-01-22", "2018-01-31"), (Some((10, 30)), None, true));
        // Of a quarter: its first month from the 22nd, its second, its third up to the 14th.
        for (from, to, whole, first, last) in [
            ("2018-01-22", "2018-03-31", 2, Some(10), None),
            ("2018-01-01", "2018-03-14", 2, None, Some(14)),
            ("2018-01-22", "2018-03-14", 1, Some(10), Some(14)),
            ("2018-02-01", "2018-03-31", 2, None, None),
        ] {
            let months = |of: i64| (whole, first.map(|d| (d, of)), last.map(|d| (d, of)));
            assert_eq!(actual(quarter, from, to), (None, Some(months(31)), false), "{from} {to}");
            let odd = first.is_some() || last.is_some();
            assert_eq!(thirty(quarter, from, to), (None, Some(months(30)), odd), "{from} {to}");
        }
        let never = Proration {
            part_months: false,
            part_periods: false,
            ..with(MonthBasis::Actual, LongPeriods::ByDay)
        };
        assert!(never.always().part_months && never.always().part_periods);
    }

    /// What is told gives the share: the days and months of the words sum to the fraction.
    #[test]
    fn the_count_gives_the_share_again() {
        let day = |n: u64| NaiveDate::from_ymd_opt(2023, 11, 20).unwrap() + chrono::Days::new(n);
        let part = |(days, of): (i64, i64)| Fraction::new(days, of);
        for basis in MonthBasis::ALL {
            for (long, step) in LongPeriods::ALL.iter().flat_map(|l| [(l, 1), (l, 3)]) {
                let (by, grid) = (with(*basis, *long), Grid::months(day(0), 17, step));
                let period = grid.period(0).unwrap();
                for (from, to) in (0..99).flat_map(|a| (a..99).map(move |b| (day(a), day(b)))) {
                    let Some(span) = period.meet(Span { from, to }) else { continue };
                    let count = by.count(grid, 0, span);
                    let told = match (count.days, count.months) {
                        (Some(days), None) => part(days),
                        (None, Some(m)) => [m.first, m.last]
                            .into_iter()
                            .flatten()
                            .map(part)
                            .fold(Fraction::new(m.whole, 1), Fraction::plus)
                            .over(m.of),
                        (None, None) => Fraction::ONE,
                        (Some(_), Some(_)) => panic!("counted twice"),
                    };
                    assert_eq!(told, by.share(grid, 0, span), "{basis} {long} {span:?}");
                }
            }
        }
    }

    #[test]
    fn whole_months_only() {
        let grid = Grid::months("2024-01-01".parse().unwrap(), 1, 3);
        let months =
            Proration { part_months: false, ..with(MonthBasis::Actual, LongPeriods::ByDay) };
        let whole = Proration { part_periods: false, ..months };
        for (from, to, by_month, by_period) in [
            ("2024-01-16", "2024-03-31", (2, 3), (2, 3)),
            ("2024-01-01", "2024-02-10", (2, 3), (1, 1)),
            ("2024-01-10", "2024-01-20", (0, 1), (2, 3)),
        ] {
            let part = span(from, to);
            let shares = [months.share(grid, 0, part), whole.share(grid, 0, part)];
            assert_eq!(shares.map(|s| (s.num, s.den)), [by_month, by_period], "{from} {to}");
            let count = months.count(grid, 0, part).months.unwrap();
            assert_eq!(Fraction::new(count.whole, count.of), shares[0]);
        }
        let first = |p: Proration, part| p.billed_from(grid, 0, part).map(|d| d.to_string());
        assert_eq!(first(months, span("2024-01-16", "2024-03-31")).unwrap(), "2024-02-01");
        assert_eq!(first(months, span("2024-01-16", "2024-01-20")), None);
        assert_eq!(first(months.always(), span("2024-01-16", "2024-01-20")).unwrap(), "2024-01-16");
    }

    #[test]
    fn the_contradiction_is_refused() {
        let text = ProrationConflict.to_string();
        assert!(text.contains("bill_partial_month"), "{text}");
    }
}
