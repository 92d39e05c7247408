//! Schedules: when a run begins by itself, and which dates it is given.
//!
//! Everything is civil time in the book's zone; `clock::Now::civil` turns a slot into a moment, so
//! a slot inside the hour that daylight saving skips begins at the first minute after it, and one
//! in the repeated hour begins once, at its first passing.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use std::fmt;

text_enum! {
    /// What a schedule makes.
    ScheduleKind {
        /// A bill run.
        Bill = "bill",
        /// A payment run.
        Collect = "collect",
    }
}

/// How often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Every {
    /// On one day only.
    Once(NaiveDate),
    /// Every day.
    Daily,
    /// On these days of the week, at least one.
    Weekly(Vec<Weekday>),
    /// On this day of the month; 29–31 fall on the last day of shorter months, 31 is month end.
    Monthly(u32),
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

impl Every {
    /// Reads `daily`, `weekly mon,thu`, `monthly 31`, `once 2026-12-01`.
    pub fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        match (word, rest.trim()) {
            ("daily", "") => Some(Self::Daily),
            ("weekly", days) => {
                let mut found = Vec::new();
                for day in days.split(',').map(str::trim) {
                    let (_, weekday) = DAYS.iter().find(|(name, _)| *name == day)?;
                    if !found.contains(weekday) {
                        found.push(*weekday);
                    }
                }
                found.sort_by_key(Weekday::num_days_from_monday);
                Some(Self::Weekly(found))
            }
            ("monthly", "end") => Some(Self::Monthly(31)),
            ("monthly", day) => {
                day.parse().ok().filter(|d| (1..=31).contains(d)).map(Self::Monthly)
            }
            ("once", day) => day.parse().ok().map(Self::Once),
            (_, _) => None,
        }
    }

    /// The first day on or after `day`; none when it is over.
    fn on_or_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Once(only) => (*only >= day).then_some(*only),
            Self::Daily => Some(day),
            Self::Weekly(days) => (0..7)
                .filter_map(|n| day.checked_add_days(Days::new(n)))
                .find(|d| days.contains(&d.weekday())),
            Self::Monthly(anchor) => {
                let this = in_month(day, 0, *anchor)?;
                if this >= day { Some(this) } else { in_month(day, 1, *anchor) }
            }
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(day) => write!(f, "once {day}"),
            Self::Daily => f.write_str("daily"),
            Self::Weekly(days) => {
                let names: Vec<&str> = DAYS
                    .iter()
                    .filter(|(_, day)| days.contains(day))
                    .map(|(name, _)| *name)
                    .collect();
                write!(f, "weekly {}", names.join(","))
            }
            Self::Monthly(day) => write!(f, "monthly {day}"),
        }
    }
}

/// A day of the month so many months from `day`'s month, at most its last.
fn in_month(day: NaiveDate, months: i32, anchor: u32) -> Option<NaiveDate> {
    let first = day.with_day(1)?;
    let first = if months >= 0 {
        first.checked_add_months(Months::new(months.unsigned_abs()))?
    } else {
        first.checked_sub_months(Months::new(months.unsigned_abs()))?
    };
    let next = first.checked_add_months(Months::new(1))?;
    let last = next.pred_opt()?.day();
    first.with_day(anchor.min(last))
}

/// The next `count` slots strictly after `after`.
pub fn next_slots(
    every: &Every,
    at: NaiveTime,
    after: NaiveDateTime,
    count: usize,
) -> Vec<NaiveDateTime> {
    let mut slots = Vec::with_capacity(count);
    let mut day = Some(after.date());
    while slots.len() < count {
        let Some(found) = day.and_then(|d| every.on_or_after(d)) else { break };
        let slot = found.and_time(at);
        if slot > after {
            slots.push(slot);
        }
        day = found.checked_add_days(Days::new(1));
    }
    slots
}

/// Which date a run is given, from the day of its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRule {
    /// So many days later (earlier, if negative).
    Days(i32),
    /// A day of the month so many months away; 31 = month end.
    Month {
        /// Months from the slot's.
        offset: i32,
        /// Day of the month.
        day: u32,
    },
}

impl DateRule {
    /// Reads `+0d`, `-1d`, `+0m:31`, `-1m:1`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(days) = text.strip_suffix('d') {
            return days.parse().ok().filter(|n| (-3660..=3660).contains(n)).map(Self::Days);
        }
        let (months, day) = text.split_once("m:")?;
        let offset = months.parse().ok().filter(|n| (-120..=120).contains(n))?;
        let day = day.parse().ok().filter(|d| (1..=31).contains(d))?;
        Some(Self::Month { offset, day })
    }

    /// The date; none beyond the calendar.
    pub fn apply(self, slot: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(days) if days >= 0 => {
                slot.checked_add_days(Days::new(u64::from(days.unsigned_abs())))
            }
            Self::Days(days) => slot.checked_sub_days(Days::new(u64::from(days.unsigned_abs()))),
            Self::Month { offset, day } => in_month(slot, offset, day),
        }
    }
}

impl fmt::Display for DateRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days:+}d"),
            Self::Month { offset, day } => write!(f, "{offset:+}m:{day}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn slots_follow_their_rule() {
        let cases: [(&str, &str, &[&str]); 6] = [
            ("daily", "2026-02-27", &["2026-02-28", "2026-03-01", "2026-03-02"]),
            ("weekly mon,thu", "2026-11-23", &["2026-11-26", "2026-11-30", "2026-12-03"]),
            ("monthly 31", "2026-01-31", &["2026-02-28", "2026-03-31", "2026-04-30"]),
            ("monthly 30", "2024-01-30", &["2024-02-29", "2024-03-30", "2024-04-30"]),
            ("monthly 1", "2026-12-01", &["2027-01-01", "2027-02-01", "2027-03-01"]),
            ("once 2026-12-05", "2026-12-01", &["2026-12-05"]),
        ];
        for (text, after, expected) in cases {
            let every = Every::parse(text).unwrap();
            assert_eq!(every.to_string(), text);
            let at = NaiveTime::from_hms_opt(2, 0, 0).unwrap();
            let slots = next_slots(&every, at, day(after).and_time(at), 3);
            let days: Vec<String> = slots.iter().map(|s| s.date().to_string()).collect();
            assert_eq!(days, expected, "{text}");
        }
        let at = NaiveTime::from_hms_opt(11, 0, 0).unwrap();
        let early = day("2026-11-23").and_hms_opt(8, 0, 0).unwrap();
        assert_eq!(next_slots(&Every::Daily, at, early, 1), [day("2026-11-23").and_time(at)]);
        for bad in
            ["", "hourly", "weekly", "weekly xyz", "monthly 0", "monthly 32", "once", "daily 3"]
        {
            assert_eq!(Every::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_offsets_or_days_of_a_month() {
        for (rule, slot, date) in [
            ("+0d", "2026-11-30", "2026-11-30"),
            ("-1d", "2026-12-01", "2026-11-30"),
            ("+0m:31", "2026-02-10", "2026-02-28"),
            ("+1m:1", "2026-12-15", "2027-01-01"),
            ("-1m:31", "2026-03-31", "2026-02-28"),
        ] {
            let parsed = DateRule::parse(rule).unwrap();
            assert_eq!(parsed.to_string(), rule);
            assert_eq!(parsed.apply(day(slot)), Some(day(date)), "{rule}");
        }
        for bad in ["", "0", "1m", "1m:32", "xd", "+1m:0"] {
            assert_eq!(DateRule::parse(bad), None, "{bad}");
        }
    }
}
