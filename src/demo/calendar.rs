//! Days of the demo: its cycles, and the boundaries of its customers' periods.

use crate::domain::period::{add_months, day_in_month};
use chrono::NaiveDate;

/// The demo's today: a first of the month, with everything of the month still to do.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 1).unwrap_or_default()
}

/// The day `months` before or after, on the same day of the month.
pub fn months_from(day: NaiveDate, months: i64) -> NaiveDate {
    add_months(day, months).unwrap_or(day)
}

/// The last bill cycle day on or before a day (31 = month end).
pub fn boundary(day: NaiveDate, cycle_day: u32) -> NaiveDate {
    let this = months_on(day, 0, cycle_day);
    if this <= day { this } else { months_on(day, -1, cycle_day) }
}

/// The bill cycle day in the month that lies `months` after that of `day`.
pub fn months_on(day: NaiveDate, months: i64, cycle_day: u32) -> NaiveDate {
    day_in_month(day, months, cycle_day).unwrap_or(day)
}
