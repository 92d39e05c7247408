//! What became of money whose first try failed: how much came in later, and after how many days.

use super::money::Currency;
use chrono::{Days, NaiveDate};

/// Last day of each stretch after the failure, and what it is called; what came later is `later`.
pub const STRETCHES: [(i64, &str); 4] =
    [(3, "within 3 days"), (7, "4 to 7 days"), (14, "8 to 14 days"), (30, "15 to 30 days")];

/// An invoice whose first try failed, and what was paid on it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The currency of both.
    pub currency: Currency,
    /// What was asked for in vain, minor units.
    pub asked_minor: i64,
    /// The day of that try.
    pub failed_on: NaiveDate,
    /// What is still owed on the invoice, minor units.
    pub open_minor: i64,
    /// Money that came since, by day, oldest first, minor units.
    pub paid: Vec<(NaiveDate, i64)>,
}

/// The failures of one currency, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    pub currency: Currency,
    /// Invoices whose first try failed.
    pub invoices: i64,
    /// What was asked for in vain, minor units.
    pub failed_minor: i64,
    /// What came in, by stretch of [`STRETCHES`] and then later, minor units.
    pub came_minor: [i64; STRETCHES.len() + 1],
    /// What is still open, minor units.
    pub open_minor: i64,
    /// What was settled otherwise: credited, written off, reversed; minor units.
    pub otherwise_minor: i64,
}

impl Recovery {
    fn new(currency: Currency) -> Self {
        Self {
            currency,
            invoices: 0,
            failed_minor: 0,
            came_minor: [0; STRETCHES.len() + 1],
            open_minor: 0,
            otherwise_minor: 0,
        }
    }

    /// Every part with its name, in order of time; together they are what failed.
    pub fn parts(&self) -> Vec<(&'static str, i64)> {
        let names = STRETCHES.iter().map(|(_, name)| *name).chain(["later"]);
        let mut parts: Vec<(&'static str, i64)> = names.zip(self.came_minor).collect();
        parts.push(("credited or given up", self.otherwise_minor));
        parts.push(("still open", self.open_minor));
        parts
    }
}

/// Sums failures by currency. Of an invoice no more counts than was asked for in vain.
pub fn tally(failures: impl IntoIterator<Item = Failure>) -> Vec<Recovery> {
    let mut list: Vec<Recovery> = Vec::new();
    for failure in failures {
        let at = list.iter().position(|r| r.currency == failure.currency).unwrap_or_else(|| {
            list.push(Recovery::new(failure.currency));
            list.len() - 1
        });
        let Some(sum) = list.get_mut(at) else { continue };
        sum.invoices += 1;
        sum.failed_minor += failure.asked_minor;
        let mut left = failure.asked_minor;
        for (day, minor) in failure.paid {
            let days = (day - failure.failed_on).num_days();
            let stretch = STRETCHES.iter().position(|(last, _)| days <= *last);
            let part = minor.min(left);
            if let Some(came) = sum.came_minor.get_mut(stretch.unwrap_or(STRETCHES.len())) {
                *came += part;
            }
            left -= part;
        }
        let open = failure.open_minor.clamp(0, left);
        sum.open_minor += open;
        sum.otherwise_minor += left - open;
    }
    list.sort_by_key(|r| r.currency.code());
    list
}

/// Where the console begins to look: half a year back.
pub fn usual_since(today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(180)).unwrap_or(today)
}

/// Width of a full bar.
const BAR: i64 = 24;

/// The chart, a line a part.
pub fn chart(sums: &[Recovery], since: NaiveDate) -> Vec<String> {
    if sums.is_empty() {
        return vec![format!("Nothing failed at the first try since {since}.")];
    }
    let mut lines = vec![format!("Of what failed at the first try since {since}, there came in")];
    for sum in sums {
        let of = sum.currency;
        let failed = of.grouped(sum.failed_minor);
        lines.push(String::new());
        lines.push(format!("  {:<21} {failed:>14} {of}  ({} invoices)", "failed", sum.invoices));
        for (name, minor) in sum.parts() {
            let part = |of: i64| (minor * of + sum.failed_minor / 2) / sum.failed_minor.max(1);
            let bar = "█".repeat(usize::try_from(part(BAR)).unwrap_or(0));
            let amount = of.grouped(minor);
            lines.push(
                format!("  {name:<21} {amount:>14} {:>3} %  {bar}", part(100))
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn failure(code: &str, open_minor: i64, paid: &[(&str, i64)]) -> Failure {
        Failure {
            currency: Currency::parse(code).unwrap(),
            asked_minor: 1_000,
            failed_on: day("2026-03-01"),
            open_minor,
            paid: paid.iter().map(|(on, minor)| (day(on), *minor)).collect(),
        }
    }

    #[test]
    fn money_counts_in_the_stretch_it_came_in() {
        let sums = tally([
            failure("EUR", 0, &[("2026-03-04", 400), ("2026-03-05", 600)]),
            failure("EUR", 250, &[("2026-03-31", 500), ("2026-04-01", 250)]),
            failure("USD", 1_000, &[]),
            failure("EUR", 0, &[("2026-03-09", 100)]),
            failure("EUR", 0, &[("2026-03-02", 5_000)]),
        ]);
        let [eur, usd] = sums.as_slice() else { panic!("{sums:?}") };
        assert_eq!((eur.invoices, eur.failed_minor), (4, 4_000));
        assert_eq!(eur.came_minor, [1_400, 600, 100, 500, 250]);
        assert_eq!((eur.open_minor, eur.otherwise_minor), (250, 900));
        assert_eq!((usd.invoices, usd.open_minor), (1, 1_000));
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_what_failed(
            open in 0_i64..2_000, paid in prop::collection::vec((0_u64..90, 1_i64..900), 0..5),
        ) {
            let mut one = failure("EUR", open, &[]);
            one.paid = paid.iter().map(|(d, m)| (one.failed_on + chrono::Days::new(*d), *m)).collect();
            let sums = tally([one]);
            let sum: i64 = sums[0].parts().iter().map(|(_, minor)| minor).sum();
            prop_assert_eq!(sum, 1_000);
            prop_assert!(sums[0].parts().iter().all(|(_, minor)| *minor >= 0));
        }
    }
}
