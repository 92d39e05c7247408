//! What became of money whose first try failed: how much came in later, after how many days, and by which
//! try.

use super::money::{Currency, Money, MoneyError};
use chrono::{Days, NaiveDate};

/// Last day of each stretch after the failure, and what it is called; what came later is `later`.
pub const STRETCHES: [(i64, &str); 4] =
    [(3, "within 3 days"), (7, "4 to 7 days"), (14, "8 to 14 days"), (30, "15 to 30 days")];

/// By which try money came: what it is called. A try counts by invoice, whatever its method.
pub const TRIES: [&str; 4] =
    ["by the 2nd try", "by the 3rd try", "by a later try", "by transfer or the like"];

/// How money came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    pub on: NaiveDate,
    pub money: Money,
    /// The number of the try that brought it, the one that failed first being 1; none: outside the gateways.
    pub attempt: Option<i64>,
}

impl Came {
    /// Its place in [`TRIES`].
    fn by(&self) -> usize {
        match self.attempt {
            Some(..=2) => 0,
            Some(3) => 1,
            Some(_) => 2,
            None => 3,
        }
    }
}

/// An invoice whose first try failed, and what was paid on it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was asked for in vain.
    pub asked: Money,
    /// The day of that try.
    pub failed_on: NaiveDate,
    /// What is still owed on the invoice.
    pub open: Money,
    /// Money that came since, by day, oldest first.
    pub paid: Vec<Came>,
}

/// The failures of one currency, summed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Invoices whose first try failed.
    pub invoices: i64,
    /// What was asked for in vain.
    pub failed: Money,
    /// What came in, by stretch of [`STRETCHES`] and then later.
    pub came: [Money; STRETCHES.len() + 1],
    /// The same money by what brought it, as [`TRIES`].
    pub by: [Money; TRIES.len()],
    /// What is still open.
    pub open: Money,
    /// What was settled otherwise: credited, written off, reversed.
    pub otherwise: Money,
}

impl Recovery {
    fn new(currency: Currency) -> Self {
        let zero = currency.amount(0);
        let came = [zero; STRETCHES.len() + 1];
        let by = [zero; TRIES.len()];
        Self { invoices: 0, failed: zero, came, by, open: zero, otherwise: zero }
    }

    /// What came in, by what brought it.
    pub fn tries(&self) -> Vec<(&'static str, Money)> {
        TRIES.into_iter().zip(self.by).collect()
    }

    /// Every part with its name, in order of time; together they are what failed.
    pub fn parts(&self) -> Vec<(&'static str, Money)> {
        let names = STRETCHES.iter().map(|(_, name)| *name).chain(["later"]);
        let mut parts: Vec<(&'static str, Money)> = names.zip(self.came).collect();
        parts.push(("credited or given up", self.otherwise));
        parts.push(("still open", self.open));
        parts
    }
}

/// Sums failures by currency. Of an invoice no more counts than was asked for in vain.
pub fn tally(failures: impl IntoIterator<Item = Failure>) -> Result<Vec<Recovery>, MoneyError> {
    let mut list: Vec<Recovery> = Vec::new();
    for failure in failures {
        let currency = failure.asked.currency;
        let at = list.iter().position(|r| r.failed.currency == currency).unwrap_or_else(|| {
            list.push(Recovery::new(currency));
            list.len() - 1
        });
        let Some(sum) = list.get_mut(at) else { continue };
        sum.invoices += 1;
        sum.failed = sum.failed.plus(failure.asked)?;
        let mut left = failure.asked;
        for paid in failure.paid {
            let days = (paid.on - failure.failed_on).num_days();
            let stretch = STRETCHES.iter().position(|(last, _)| days <= *last);
            let part = paid.money.least(left)?;
            let by = paid.by();
            sum.by[by] = sum.by[by].plus(part)?;
            if let Some(came) = sum.came.get_mut(stretch.unwrap_or(STRETCHES.len())) {
                *came = came.plus(part)?;
            }
            left = left.minus(part)?;
        }
        let owed = currency.amount(failure.open.minor.max(0));
        let open = owed.least(left)?;
        sum.open = sum.open.plus(open)?;
        sum.otherwise = sum.otherwise.plus(left.minus(open)?)?;
    }
    list.sort_by_key(|r| r.failed.currency.code());
    Ok(list)
}

/// Where the console begins to look: half a year back.
pub fn usual_since(today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(180)).unwrap_or(today)
}

/// Width of a full bar.
const BAR: i128 = 24;

/// The chart, a line a part.
pub fn chart(sums: &[Recovery], since: NaiveDate) -> Vec<String> {
    if sums.is_empty() {
        return vec![format!("Nothing failed at the first try since {since}.")];
    }
    let mut lines = vec![format!("Of what failed at the first try since {since}, there came in")];
    for sum in sums {
        let (of, failed) = (sum.failed.currency, sum.failed.grouped());
        lines.push(String::new());
        lines.push(format!("  {:<23} {failed:>12} {of}  ({} invoices)", "failed", sum.invoices));
        lines.extend(sum.parts().into_iter().map(|part| bar(part, sum.failed)));
        if sum.by.iter().any(|money| money.minor > 0) {
            lines.push("  what came in, by what brought it:".to_owned());
            lines.extend(sum.tries().into_iter().map(|part| bar(part, sum.failed)));
        }
    }
    lines
}

/// A part of what failed, with its share and a bar.
fn bar((name, money): (&str, Money), of: Money) -> String {
    let whole = i128::from(of.minor);
    let part = |full| (i128::from(money.minor) * full + whole / 2) / whole.max(1);
    let bar = "█".repeat(usize::try_from(part(BAR)).unwrap_or(0));
    let amount = money.grouped();
    format!("  {name:<23} {amount:>12} {:>3} %  {bar}", part(100)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn of(code: &str, minor: i64) -> Money {
        Currency::parse(code).unwrap().amount(minor)
    }

    /// Paid by day and amount, each by a try more than the one before.
    fn failure(code: &str, open_minor: i64, paid: &[(&str, i64)]) -> Failure {
        let came = |(at, (on, minor)): (usize, &(&str, i64))| Came {
            on: day(on),
            money: of(code, *minor),
            attempt: Some(2 + at as i64),
        };
        Failure {
            asked: of(code, 1_000),
            failed_on: day("2026-03-01"),
            open: of(code, open_minor),
            paid: paid.iter().enumerate().map(came).collect(),
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
        ])
        .unwrap();
        let [eur, usd] = sums.as_slice() else { panic!("{sums:?}") };
        assert_eq!((eur.invoices, eur.failed), (4, of("EUR", 4_000)));
        assert_eq!(eur.came.map(|m| m.minor), [1_400, 600, 100, 500, 250]);
        assert_eq!(eur.by.map(|m| m.minor), [2_000, 850, 0, 0]);
        assert_eq!((eur.open.minor, eur.otherwise.minor), (250, 900));
        assert_eq!((usd.invoices, usd.open), (1, of("USD", 1_000)));
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_what_failed(
            open in 0_i64..2_000,
            paid in prop::collection::vec((0_u64..90, 1_i64..900, prop::option::of(2_i64..9)), 0..5),
        ) {
            let mut one = failure("EUR", open, &[]);
            one.paid = paid
                .iter()
                .map(|(days, minor, attempt)| Came {
                    on: one.failed_on + chrono::Days::new(*days),
                    money: of("EUR", *minor),
                    attempt: *attempt,
                })
                .collect();
            let sums = tally([one]).unwrap();
            let sum: i64 = sums[0].parts().iter().map(|(_, part)| part.minor).sum();
            prop_assert_eq!(sum, 1_000);
            let came = |all: &[Money]| all.iter().map(|m| m.minor).sum::<i64>();
            prop_assert_eq!(came(&sums[0].by), came(&sums[0].came));
            prop_assert!(sums[0].parts().iter().all(|(_, part)| part.minor >= 0));
        }
    }
}
