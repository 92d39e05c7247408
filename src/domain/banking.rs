//! Banking days: weekdays on which the euro's settlement system is open.
//!
//! Closing days: Saturdays, Sundays and [`CLOSED`], with Good Friday and Easter Monday; Source: European
//! Central Bank, "TARGET closing days", long-term calendar of 14 December 2000, in force since 2002.

use chrono::{Datelike, NaiveDate, Weekday};

/// Month and day of the closing days that stand in the same place each year.
const CLOSED: [(u32, u32); 4] = [(1, 1), (5, 1), (12, 25), (12, 26)];

/// Easter Sunday of a year of the Gregorian calendar (Butcher's rule, Nature, 20 April 1876).
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let moon = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let place = epact + weekday - 7 * late + 114;
    let (month, day) = (u32::try_from(place / 31).ok()?, u32::try_from(place % 31 + 1).ok()?);
    NaiveDate::from_ymd_opt(year, month, day)
}

/// Whether banks settle on a day.
pub fn is_open(day: NaiveDate) -> bool {
    if matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
        || CLOSED.contains(&(day.month(), day.day()))
    {
        return false;
    }
    // Good Friday is two days before Easter Sunday, Easter Monday the day after.
    easter(day.year()).is_none_or(|sunday| !matches!((day - sunday).num_days(), -2 | 1))
}

/// The `n`-th banking day after a day; of 0 the day itself.
pub fn after(day: NaiveDate, n: u32) -> NaiveDate {
    walk(day, n, |day| day.succ_opt())
}

/// The `n`-th banking day before a day; of 0 the day itself.
pub fn before(day: NaiveDate, n: u32) -> NaiveDate {
    walk(day, n, |day| day.pred_opt())
}

fn walk(mut day: NaiveDate, n: u32, step: impl Fn(NaiveDate) -> Option<NaiveDate>) -> NaiveDate {
    let mut left = n;
    while left > 0 {
        let Some(next) = step(day) else { return day };
        day = next;
        left -= u32::from(is_open(day));
    }
    day
}

/// The last day after which the `n`-th banking day is no later than `through`.
pub fn last_reached(through: NaiveDate, n: u32) -> NaiveDate {
    // Whatever lies between the banking day before and the next one reaches the same day.
    let on = if is_open(through) { through } else { before(through, 1) };
    let first = before(on, n);
    let mut last = first;
    while let Some(next) = last.succ_opt().filter(|next| !is_open(*next)) {
        last = next;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_and_the_closing_days_of_target_are_no_banking_days() {
        for (text, open) in [
            ("2026-01-01", false),
            ("2026-01-02", true),
            ("2026-04-02", true),
            ("2026-04-03", false), // Good Friday
            ("2026-04-04", false),
            ("2026-04-06", false), // Easter Monday
            ("2026-04-07", true),
            ("2027-03-26", false),
            ("2027-03-29", false),
            ("2000-04-24", false),
            ("2038-04-26", false), // the latest Easter, 25 April
            ("2026-05-01", false),
            ("2026-05-14", true), // Ascension: a holiday, and the banks settle
            ("2026-10-03", false),
            ("2026-12-24", true),
            ("2026-12-25", false),
            ("2025-12-26", false),
            ("2026-12-31", true),
        ] {
            assert_eq!(is_open(day(text)), open, "{text}");
        }
    }

    #[test]
    fn two_banking_days_after_a_due_day() {
        for (from, to) in [
            ("2026-03-02", "2026-03-04"), // Monday
            ("2026-03-05", "2026-03-09"), // Thursday
            ("2026-03-06", "2026-03-10"), // Friday
            ("2026-03-07", "2026-03-10"), // Saturday
            ("2026-03-08", "2026-03-10"),
            ("2026-04-01", "2026-04-07"), // the Wednesday before Easter
            ("2026-04-02", "2026-04-08"),
            ("2025-12-24", "2025-12-30"),
            ("2026-12-31", "2027-01-05"),
        ] {
            assert_eq!(after(day(from), 2), day(to), "{from}");
        }
        assert_eq!(before(day("2026-04-07"), 1), day("2026-04-02"));
        assert_eq!(after(day("2026-03-07"), 0), day("2026-03-07"));
    }

    proptest! {
        #[test]
        fn the_last_day_reached_is_the_last(offset in 0u64..20_000, n in 0u32..8) {
            let through = day("2002-01-01").checked_add_days(Days::new(offset)).unwrap();
            let last = last_reached(through, n);
            if n > 0 {
                prop_assert!(after(last, n) <= through);
                prop_assert!(after(last.succ_opt().unwrap(), n) > through);
            }
        }
    }
}
