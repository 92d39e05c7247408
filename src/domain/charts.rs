//! Small charts of the desk: what is open by age, what failed by class and week, what runs came to. A
//! line each, with the figure beside the bar, so that they say the same without it.

use super::money::{Money, MoneyError};
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;

/// Ages of what is open: its name, and the days over from which it is older.
pub const AGES: [&str; 5] =
    ["not due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "over 90 days"];

/// Weeks of a chart.
pub const WEEKS: usize = 8;

/// Width of a full bar.
const BAR: i128 = 24;

/// What is open in one currency by age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ageing {
    /// In the order of [`AGES`].
    pub parts: [Money; AGES.len()],
    /// Documents in each.
    pub counts: [i64; AGES.len()],
    /// All of it.
    pub open: Money,
}

/// What is open by the day it is due, on a day; by currency. A document is due on its day and a day over
/// on the next.
pub fn ageing(
    open: impl IntoIterator<Item = (NaiveDate, i64, Money)>,
    today: NaiveDate,
) -> Result<Vec<Ageing>, MoneyError> {
    let mut all: BTreeMap<&'static str, Ageing> = BTreeMap::new();
    for (due, count, money) in open {
        let zero = money.currency.amount(0);
        let one = all.entry(money.currency.code()).or_insert_with(|| Ageing {
            parts: [zero; AGES.len()],
            counts: [0; AGES.len()],
            open: zero,
        });
        let at = match (today - due).num_days() {
            ..=0 => 0,
            1..=30 => 1,
            31..=60 => 2,
            61..=90 => 3,
            _ => 4,
        };
        one.parts[at] = one.parts[at].plus(money)?;
        one.counts[at] += count;
        one.open = one.open.plus(money)?;
    }
    Ok(all.into_values().filter(|one| one.open.minor != 0 || one.counts != [0; 5]).collect())
}

/// Failed tries of one class by week, the oldest week first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    pub class: String,
    pub weeks: [i64; WEEKS],
}

/// The first day of the weeks of a chart: Monday seven weeks before that of `today`.
pub fn first_week(today: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    let back = u64::from(today.weekday().num_days_from_monday()) + 7 * (WEEKS as u64 - 1);
    today.checked_sub_days(Days::new(back)).unwrap_or(today)
}

/// Failed tries by class and day, from [`first_week`] on.
pub fn failures(
    tries: impl IntoIterator<Item = (String, NaiveDate, i64)>,
    from: NaiveDate,
) -> Vec<Failures> {
    let mut all: BTreeMap<String, [i64; WEEKS]> = BTreeMap::new();
    for (class, day, count) in tries {
        let week = usize::try_from((day - from).num_days().div_euclid(7)).unwrap_or(WEEKS);
        if let Some(sum) = all.entry(class).or_default().get_mut(week) {
            *sum += count;
        }
    }
    all.into_iter()
        .map(|(class, weeks)| Failures { class, weeks })
        .filter(|one| one.weeks.iter().any(|n| *n > 0))
        .collect()
}

/// What a bill run came to in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// `BR-000007`.
    pub run: String,
    pub target_on: NaiveDate,
    pub total: Money,
}

/// All that the charts are drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charts {
    pub today: NaiveDate,
    pub ageing: Vec<Ageing>,
    pub failures: Vec<Failures>,
    /// By currency, the oldest run first.
    pub cycles: Vec<Cycle>,
}

fn bar(part: i64, whole: i64) -> String {
    let part = i128::from(part.max(0));
    let cells = (part * BAR).checked_div(i128::from(whole.max(1))).unwrap_or(0);
    // What there is has a mark, however small.
    let cells = if part > 0 { cells.max(1) } else { 0 };
    "█".repeat(usize::try_from(cells.min(BAR)).unwrap_or(0))
}

fn trimmed(line: String) -> String {
    line.trim_end().to_owned()
}

/// The lines of the charts.
pub fn lines(of: &Charts) -> Vec<String> {
    let mut out = vec![format!("Open by age on {}", of.today)];
    if of.ageing.is_empty() {
        out.push("  Nothing is open.".to_owned());
    }
    for one in &of.ageing {
        let top = one.parts.iter().map(|p| p.minor).max().unwrap_or(0);
        for ((name, money), count) in AGES.iter().zip(&one.parts).zip(&one.counts) {
            let amount = money.grouped();
            out.push(trimmed(format!(
                "  {name:<14} {amount:>16} {count:>7}  {}",
                bar(money.minor, top)
            )));
        }
        let all: i64 = one.counts.iter().sum();
        let (open, currency) = (one.open.grouped(), one.open.currency);
        out.push(format!("  {:<14} {open:>16} {all:>7}  {currency}", "open"));
    }
    out.push(String::new());
    out.push(format!("Failed tries by class, a week each since {}", first_week(of.today)));
    if of.failures.is_empty() {
        out.push("  None failed.".to_owned());
    }
    let top = of.failures.iter().flat_map(|f| f.weeks).max().unwrap_or(0);
    for one in &of.failures {
        let weeks: Vec<String> = one.weeks.iter().map(|n| format!("{n:>5}")).collect();
        let sum: i64 = one.weeks.iter().sum();
        out.push(format!(
            "  {:<8}{} {sum:>7}  {}",
            one.class,
            weeks.concat(),
            heights(&one.weeks, top)
        ));
    }
    out.push(String::new());
    out.push("What bill runs came to, by cycle".to_owned());
    if of.cycles.is_empty() {
        out.push("  No run has made a document.".to_owned());
    }
    for one in &of.cycles {
        // Amounts are compared within a currency.
        let same = of.cycles.iter().filter(|c| c.total.currency == one.total.currency);
        let top = same.map(|c| c.total.minor).max().unwrap_or(0);
        let amount = one.total.grouped();
        out.push(trimmed(format!(
            "  {} {} {amount:>16} {}  {}",
            one.target_on,
            one.run,
            one.total.currency,
            bar(one.total.minor, top)
        )));
    }
    out
}

/// A height for each count; zero has the lowest.
fn heights(counts: &[i64], top: i64) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let height = |n: &i64| {
        let at = i128::from((*n).max(0)) * 7 / i128::from(top.max(1));
        BARS[usize::try_from(at).unwrap_or(0).min(7)]
    };
    counts.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn eur(minor: i64) -> Money {
        Currency::parse("EUR").unwrap().amount(minor)
    }

    #[test]
    fn what_is_open_is_in_one_age_each_and_sums_to_all() {
        let today = day("2026-11-30");
        let rows = [
            ("2026-12-24", 100),
            ("2026-11-30", 10),
            ("2026-11-29", 20),
            ("2026-10-31", 30),
            ("2026-10-30", 40),
            ("2026-10-01", 50),
            ("2026-09-30", 60),
            ("2026-09-01", 70),
            ("2026-08-31", 80),
            ("2020-01-01", 90),
        ];
        let all = ageing(rows.map(|(d, m)| (day(d), 1, eur(m))), today).unwrap();
        let [one] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(one.parts.map(|p| p.minor), [110, 50, 90, 130, 170]);
        assert_eq!(one.counts, [2, 2, 2, 2, 2]);
        assert_eq!(one.open, eur(550));
        assert!(ageing([], today).unwrap().is_empty());
    }

    #[test]
    fn tries_fall_into_weeks_that_begin_on_monday() {
        let from = first_week(day("2026-11-30"));
        assert_eq!(from, day("2026-10-12"));
        assert_eq!(first_week(day("2026-12-06")), from, "the week ends on Sunday");
        let all = failures(
            [
                ("soft".to_owned(), from, 2),
                ("soft".to_owned(), day("2026-12-06"), 3),
                ("hard".to_owned(), day("2026-10-18"), 1),
                ("hard".to_owned(), day("2026-10-19"), 4),
                ("old".to_owned(), day("2026-10-11"), 9),
            ],
            from,
        );
        let [hard, soft] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((hard.weeks[0], hard.weeks[1]), (1, 4));
        assert_eq!((soft.weeks[0], soft.weeks[7]), (2, 3));
    }

    #[test]
    fn the_lines_have_the_figures_beside_the_bars_and_fit_a_narrow_screen() {
        let today = day("2026-11-30");
        let cycle = |target: &str, minor| Cycle {
            run: "BR-000001".to_owned(),
            target_on: day(target),
            total: eur(minor),
        };
        let charts = Charts {
            today,
            ageing: ageing([(today, 1_234_567, eur(999_999_999_999))], today).unwrap(),
            failures: failures([("unknown".to_owned(), today, 12_345)], first_week(today)),
            cycles: vec![
                cycle("2026-10-31", 100),
                cycle("2026-11-30", 9_999_999),
                Cycle {
                    total: Currency::parse("JPY").unwrap().amount(7),
                    ..cycle("2026-10-31", 0)
                },
            ],
        };
        let all = lines(&charts);
        // Of one currency the largest bar is the longest, however small beside another.
        assert!(all.iter().any(|l| l.contains("7 JPY  ████████████████████████")), "{all:#?}");
        assert!(all.iter().all(|l| l.chars().count() <= 76), "{all:#?}");
        let text = all.join("\n");
        for words in ["9,999,999,999.99", "12345", "1.00 EUR", "99,999.99 EUR", "█"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let none = Charts { today, ageing: vec![], failures: vec![], cycles: vec![] };
        let text = lines(&none).join("\n");
        assert!(text.contains("Nothing is open.") && text.contains("None failed."), "{text}");
    }
}
