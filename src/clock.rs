//! Now and today as values. The only place that reads the system clock.
//!
//! A test or demo book may set its own clock (`daybook clock set`, `--now`); everything below
//! the edge takes [`Now`] as an argument, so a billing day can be replayed.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

/// One moment, with the civil date it has in the book's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// UTC milliseconds since 1970.
    pub at_ms: i64,
    /// The civil date in the book's time zone: what a clerk calls today.
    pub today: NaiveDate,
}

impl Now {
    /// The system's moment, seen in `zone`.
    pub fn system(zone: Tz) -> Self {
        Self::at(Utc::now(), zone)
    }

    /// A given moment, seen in `zone`.
    pub fn at(moment: DateTime<Utc>, zone: Tz) -> Self {
        Self { at_ms: moment.timestamp_millis(), today: moment.with_timezone(&zone).date_naive() }
    }

    /// A civil time in `zone`; a time skipped by daylight saving moves to the next that exists.
    pub fn civil(local: NaiveDateTime, zone: Tz) -> Self {
        let mut probe = local;
        // Up to a whole day: Samoa left one out in 2011.
        for _ in 0..50 {
            if let Some(found) = probe.and_local_timezone(zone).earliest() {
                return Self::at(found.with_timezone(&Utc), zone);
            }
            probe += chrono::Duration::minutes(30);
        }
        Self::at(local.and_utc(), zone)
    }

    /// The civil date and time in `zone`.
    pub fn local(&self, zone: Tz) -> NaiveDateTime {
        DateTime::<Utc>::from_timestamp_millis(self.at_ms)
            .unwrap_or_default()
            .with_timezone(&zone)
            .naive_local()
    }
}

/// Milliseconds on a clock that never goes back, for leases and latency; its zero is arbitrary.
pub fn monotonic_ms() -> i64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    i64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
}
