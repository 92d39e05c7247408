//! Days as a clerk types them into a filter: `2026-01-31`, a month, a year, `today`, `-30`, `+14`, and
//! from one to another (`2026-01..2026-03`, `-7..`).

use super::filter::{Cmp, Field, Filter, Term, What};
use crate::clock::Now;
use crate::store::{Db, StoreError, settings};
use chrono::{Days, Months, NaiveDate, NaiveTime};

/// What is no day should be one like these.
pub(super) const SHOULD: &str = "a date such as 2026-01-31, 2026-01, today or -30, or from an earlier to a later one (-7..today)";

/// Days that are often asked for.
pub(super) const WORDS: [&str; 5] = ["today", "yesterday", "-7..today", "-30..today", "today..+7"];

/// First and last day; none where it has no end on that side.
pub(super) type Between = (Option<NaiveDate>, Option<NaiveDate>);

/// The days that a text names. Without `today` only what does not move with it.
pub(super) fn between(text: &str, today: Option<NaiveDate>) -> Option<Between> {
    match text.split_once("..") {
        None => one(text, today).map(|(first, last)| (Some(first), Some(last))),
        Some(("", "")) => None,
        Some((from, "")) => one(from, today).map(|(first, _)| (Some(first), None)),
        Some(("", to)) => one(to, today).map(|(_, last)| (None, Some(last))),
        Some((from, to)) => {
            let (first, last) = (one(from, today)?.0, one(to, today)?.1);
            (first <= last).then_some((Some(first), Some(last)))
        }
    }
}

/// A day, a month or a year: its first and last day.
fn one(text: &str, today: Option<NaiveDate>) -> Option<(NaiveDate, NaiveDate)> {
    let months = |first: NaiveDate, n| {
        let last = first.checked_add_months(Months::new(n))?.pred_opt()?;
        Some((first, last))
    };
    let digits = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match text.len() {
        4 | 7 if text.starts_with('-') || !all_digits(text) => {}
        4 => return months(NaiveDate::from_ymd_opt(digits(0, 4)? as i32, 1, 1)?, 12),
        7 if text.as_bytes()[4] == b'-' => {
            return months(NaiveDate::from_ymd_opt(digits(0, 4)? as i32, digits(5, 7)?, 1)?, 1);
        }
        _ => {}
    }
    let day = text.parse::<NaiveDate>().ok().or_else(|| moving(text, today?))?;
    Some((day, day))
}

/// A day that moves with today.
fn moving(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let days = match text.to_ascii_lowercase().as_str() {
        "today" => 0,
        "yesterday" => -1,
        "tomorrow" => 1,
        other => {
            let number = other.strip_suffix('d').unwrap_or(other);
            let signed = number.starts_with(['-', '+']) && number.len() <= 6;
            signed.then(|| number.parse::<i64>().ok()).flatten()?
        }
    };
    let by = Days::new(days.unsigned_abs());
    if days < 0 { today.checked_sub_days(by) } else { today.checked_add_days(by) }
}

/// A filter as it is now and for who asks: days that move with today, and drafts of theirs.
pub fn settled(db: &Db<'_>, filter: &Filter, now: Now, uid: u32) -> Result<Filter, StoreError> {
    if filter.each_term().next().is_none() {
        return Ok(filter.clone());
    }
    let zone = settings::load(db)?.zone();
    let begins = |day: NaiveDate| zone.moment(day.and_time(NaiveTime::MIN)).timestamp_millis();
    Ok(filter.on(now.today, begins).asked_by(uid, now.today))
}

impl Filter {
    /// The same with days that move with today, and days of moments, as they are now. `begins` says when
    /// a day begins in the book's zone, UTC ms. What names no day is left for the list to refuse.
    #[must_use]
    pub fn on(&self, today: NaiveDate, begins: impl Fn(NaiveDate) -> i64) -> Self {
        let mut filter = self.clone();
        let within = filter.any.iter_mut().flatten().filter_map(|part| match &mut part.what {
            What::Term(term) => Some(term),
            What::Word(_) => None,
        });
        for term in filter.terms.iter_mut().chain(within) {
            settle(term, today, &begins);
        }
        filter
    }
}

fn settle(term: &mut Term, today: NaiveDate, begins: &impl Fn(NaiveDate) -> i64) {
    let is_moment = match term.field {
        Field::Due | Field::Invoiced | Field::Day => false,
        Field::Posted => true,
        _ => return,
    };
    let Some((first, last)) = between(&term.value, Some(today)) else { return };
    let said = |first: Option<String>, last: Option<String>| {
        format!("{}..{}", first.unwrap_or_default(), last.unwrap_or_default())
    };
    term.value = if is_moment {
        let end = last.and_then(|day| day.succ_opt()).map(|day| begins(day).to_string());
        said(first.map(|day| begins(day).to_string()), end)
    } else if first == last {
        first.map(|day| day.to_string()).unwrap_or_default()
    } else {
        said(first.map(|day| day.to_string()), last.map(|day| day.to_string()))
    };
}

/// The moments of a term that [`Filter::on`] has settled: from the first on, before the second, UTC ms.
pub(super) fn moments(value: &str) -> Option<(Option<i64>, Option<i64>)> {
    let (from, to) = value.split_once("..")?;
    let ms = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    Some((ms(from)?, ms(to)?))
}

/// What of a stretch a comparison asks for, as signs before its two ends: `>=` the first and `<=` the
/// last for "in it". `after` and `until` are the signs for what is beyond and up to the last.
pub(super) fn signs(
    cmp: Cmp,
    (after, until): (&'static str, &'static str),
) -> (Option<&'static str>, Option<&'static str>) {
    match cmp {
        Cmp::Is | Cmp::Not => (Some(">="), Some(until)),
        Cmp::AtLeast => (Some(">="), None),
        Cmp::Less => (Some("<"), None),
        Cmp::AtMost => (None, Some(until)),
        Cmp::More => (None, Some(after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_read_as_clerks_write_them() {
        let today = Some(day("2026-03-31"));
        for (text, first, last) in [
            ("2026-01-31", "2026-01-31", "2026-01-31"),
            ("today", "2026-03-31", "2026-03-31"),
            ("Yesterday", "2026-03-30", "2026-03-30"),
            ("tomorrow", "2026-04-01", "2026-04-01"),
            ("-30", "2026-03-01", "2026-03-01"),
            ("+14d", "2026-04-14", "2026-04-14"),
            ("2026-02", "2026-02-01", "2026-02-28"),
            ("2026", "2026-01-01", "2026-12-31"),
            ("2026-01..2026-02-03", "2026-01-01", "2026-02-03"),
            ("-7..today", "2026-03-24", "2026-03-31"),
            ("2025-12..", "2025-12-01", ""),
            ("..yesterday", "", "2026-03-30"),
        ] {
            let of = |text: &str| (!text.is_empty()).then(|| day(text));
            assert_eq!(between(text, today), Some((of(first), of(last))), "{text}");
        }
        for text in ["", "..", "soon", "7", "2026-13", "2026-02-30", "tomorrow..today", "+1234567"]
        {
            assert_eq!(between(text, today), None, "{text}");
        }
        assert_eq!(between("today", None), None);
        assert_eq!(between("-30", None), None);
    }

    #[test]
    fn what_moves_with_today_is_settled_wherever_it_stands() {
        let begins = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
        let filter = Filter::parse("due<-30 x OR posted:2026-03 invoiced:-7.. due:soon").unwrap();
        let settled = filter.on(day("2026-03-31"), begins);
        let values: Vec<&str> = settled.each_term().map(|t| t.value.as_str()).collect();
        assert_eq!(values, ["2026-03-01", "2026-03-24..", "soon", "1772323200..1775001600"]);
        assert_eq!(
            moments("1772323200..1775001600"),
            Some((Some(1_772_323_200), Some(1_775_001_600)))
        );
        assert_eq!(settled.on(day("2027-01-01"), begins), settled, "settled for good");
    }
}
