//! Months of the book that are closed: which may be closed, reopened and locked, and what is said of a
//! day that lies in one.

use super::month::Month;
use super::period::after;
use chrono::NaiveDate;

text_enum! {
    /// Where a month of the book stands.
    PeriodStatus {
        /// It is booked in.
        Open = "Open",
        /// Nothing is booked in it; the last one can be reopened.
        Closed = "Closed",
        /// Filed: never reopened.
        Locked = "Locked",
    }
}

text_enum! {
    /// What is done to a month.
    PeriodStep {
        Close = "close",
        Reopen = "reopen",
        Lock = "lock",
    }
}

/// A day on which nothing is booked any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShutDay {
    pub on: NaiveDate,
    /// The last day of the last closed month.
    pub through: NaiveDate,
}

impl ShutDay {
    /// The first day on which something can be booked.
    pub fn first_open(&self) -> NaiveDate {
        after(self.through).unwrap_or(NaiveDate::MAX)
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        format!(
            "date it {} or later, or a controller reopens the month: daybook period reopen {}",
            self.first_open(),
            Month::of(self.through)
        )
    }
}

impl std::fmt::Display for ShutDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { on, .. } = self;
        write!(f, "{on} lies in a closed period; the first open day is {}", self.first_open())
    }
}

/// Why a step is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A word for programs.
    pub code: &'static str,
    pub message: String,
    pub hint: String,
}

fn refused<T>(code: &'static str, message: String, hint: String) -> Result<T, Refusal> {
    Err(Refusal { code, message, hint })
}

/// Whether a month can be closed: it is the one after the last closed one (any, where none is), and its
/// last day is over.
pub fn closable(
    month: Month,
    last: Option<(Month, PeriodStatus)>,
    today: NaiveDate,
) -> Result<(), Refusal> {
    if let Some((last, status)) = last {
        let next = last.later(1);
        if month <= last {
            let at = status.as_str().to_lowercase();
            let words = if month == last {
                format!("{month} is {at}")
            } else {
                format!("{month} is closed")
            };
            let hint = next.map_or_else(String::new, |next| format!("the next to close is {next}"));
            return refused("not_next", format!("{words} already"), hint);
        }
        if let Some(next) = next.filter(|next| *next != month) {
            let words = format!("{month} is not the next to close: {next} is still open");
            return refused("not_next", words, format!("daybook period close {next}"));
        }
    }
    let end = month.span().to;
    if today <= end {
        let words = format!("{month} is not over: its last day is {end}, today is {today}");
        return refused("not_over", words, "close it on a later day".to_owned());
    }
    Ok(())
}

/// Whether a month can be reopened: it is the last closed one, and not locked.
pub fn reopenable(month: Month, last: Option<(Month, PeriodStatus)>) -> Result<(), Refusal> {
    let Some((last, status)) = last.filter(|(last, _)| *last >= month) else {
        let words = format!("{month} is not closed");
        return refused("not_last", words, "daybook period list".to_owned());
    };
    if month < last {
        let words = format!("{month} is not the last closed period: that is {last}");
        return refused("not_last", words, format!("daybook period reopen {last}"));
    }
    match status {
        PeriodStatus::Closed => Ok(()),
        PeriodStatus::Locked => {
            let hint = "book what is missing on an open day".to_owned();
            refused("locked", format!("{month} is locked: it was filed"), hint)
        }
        PeriodStatus::Open => {
            refused("not_last", format!("{month} is open"), "daybook period list".to_owned())
        }
    }
}

/// Whether a month can be locked: it is closed.
pub fn lockable(month: Month, status: PeriodStatus) -> Result<(), Refusal> {
    match status {
        PeriodStatus::Closed => Ok(()),
        PeriodStatus::Locked => {
            refused("locked", format!("{month} is locked already"), String::new())
        }
        PeriodStatus::Open => refused(
            "not_closed",
            format!("{month} is not closed"),
            format!("daybook period close {month}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    fn code(step: Result<(), Refusal>) -> &'static str {
        step.err().map_or("", |r| r.code)
    }

    #[test]
    fn only_the_next_month_closes_and_only_the_last_reopens() {
        use PeriodStatus::{Closed, Locked};
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let october = Some((month("2026-10"), Closed));
        for (asked, last, today, expected) in [
            ("2026-11", None, "2026-12-01", ""),
            ("2026-11", None, "2026-11-30", "not_over"),
            ("2026-11", october, "2026-12-01", ""),
            ("2026-12", october, "2027-02-01", "not_next"),
            ("2026-12", october, "2026-11-03", "not_next"),
            ("2026-10", october, "2026-12-01", "not_next"),
            ("2026-03", october, "2026-12-01", "not_next"),
        ] {
            assert_eq!(code(closable(month(asked), last, day(today))), expected, "{asked}");
        }
        for (asked, last, expected) in [
            ("2026-10", october, ""),
            ("2026-09", october, "not_last"),
            ("2026-11", october, "not_last"),
            ("2026-11", None, "not_last"),
            ("2026-10", Some((month("2026-10"), Locked)), "locked"),
        ] {
            assert_eq!(code(reopenable(month(asked), last)), expected, "{asked}");
        }
        let shut = ShutDay { on: day("2026-10-05"), through: day("2026-10-31") };
        assert_eq!(
            shut.to_string(),
            "2026-10-05 lies in a closed period; the first open day is 2026-11-01"
        );
    }
}
