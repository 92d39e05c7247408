//! Now and today as values. The only place that reads the system clock.
//!
//! A test or demo book may set its own clock (`daybook clock set`, `--now`); everything below
//! the edge takes [`Now`] as an argument, so a billing day can be replayed.

use crate::zone::Zone;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

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
    pub fn system(zone: Zone) -> Self {
        Self::at(Utc::now(), zone)
    }

    /// A given moment, seen in `zone`.
    pub fn at(moment: DateTime<Utc>, zone: Zone) -> Self {
        Self { at_ms: moment.timestamp_millis(), today: moment.with_timezone(&zone).date_naive() }
    }

    /// A civil time in `zone`; one that daylight saving skips is the first moment after it, one that
    /// comes twice its first passing.
    pub fn civil(local: NaiveDateTime, zone: Zone) -> Self {
        Self::at(zone.moment(local), zone)
    }

    /// The civil date and time in `zone`.
    pub fn local(&self, zone: Zone) -> NaiveDateTime {
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
