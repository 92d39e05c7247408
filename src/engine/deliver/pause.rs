//! Mail that is paused because the server refuses us: in words, for people.

use crate::clock::Now;
use crate::domain::delivery::Down;
use crate::zone::Zone;
use chrono::DateTime;

/// What starts it at once.
pub const AT_ONCE: &str = "daybook deliver --send-now tries at once";

/// `10:42`, with the day where it is another.
pub fn next_try(down: &Down, now: Now, zone: Zone) -> String {
    let at = DateTime::from_timestamp_millis(down.until_ms).unwrap_or_default();
    let at = at.with_timezone(&zone).naive_local();
    let today = at.date() == now.today;
    at.format(if today { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

/// `mail is paused: the server refused us: 554 …, next try 10:42`.
pub fn words(down: &Down, now: Now, zone: Zone) -> String {
    format!("mail is paused: {}, next try {}", down.transport, next_try(down, now, zone))
}

/// The same where there is little room.
pub fn short(down: &Down, now: Now, zone: Zone) -> String {
    format!("mail refused, next try {}", next_try(down, now, zone))
}
