//! Whether the clock of a machine is believed. What runs by the clock alone (schedules, retries,
//! broken promises) would bill ten years on the night a clock jumps ten years ahead; so a clock far
//! from what the book has seen waits for a person.

/// A clock may be this much behind what was seen: zones, a machine that lost a weekend.
pub const SLACK_MS: i64 = 3 * DAY_MS;
/// A slot cannot be used earlier than this before its time: the width of all time zones.
pub const ZONES_MS: i64 = 26 * 3_600_000;
pub const DAY_MS: i64 = 24 * 3_600_000;

/// What the book knows of time, UTC milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// When something was last done by the clock alone; none in a book that never did.
    pub seen: Option<i64>,
    /// The newest operation that is not later than now.
    pub before: Option<i64>,
    /// The one that follows it in the book, which is later than now.
    pub after: Option<i64>,
}

/// What to think of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It goes on where it was.
    Believed,
    /// It was far ahead for a while and is right again: what was noted then is put right.
    WasAhead,
    /// It is far ahead of this moment.
    Ahead(i64),
    /// It is behind this moment.
    Behind(i64),
}

impl Clock {
    /// Whether anything is done by it without a person.
    pub fn is_believed(self) -> bool {
        match self {
            Self::Believed | Self::WasAhead => true,
            Self::Ahead(_) | Self::Behind(_) => false,
        }
    }
}

/// Judges `now` by what was seen; `gap_ms` is how long nothing may have happened.
pub fn judge(now: i64, book: Seen, gap_ms: i64) -> Clock {
    // Work of a short while ago, and the next in the book far later: a clock that jumped and is back.
    let jumped = match (book.before, book.after) {
        (Some(before), Some(after)) => now - before <= gap_ms && after - before > gap_ms,
        (_, _) => false,
    };
    let last = match (book.seen, book.after) {
        (Some(seen), _) => Some(seen),
        (None, Some(after)) => Some(after),
        (None, None) => book.before,
    };
    match last {
        Some(last) if now - last > gap_ms => Clock::Ahead(last),
        Some(last) if last - now > SLACK_MS && jumped => Clock::WasAhead,
        Some(last) if last - now > SLACK_MS => Clock::Behind(last),
        Some(_) | None => Clock::Believed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_believed_while_it_goes_on_from_what_was_seen() {
        const GAP: i64 = 35;
        let far = 3_650;
        let cases = [
            // now, seen, before, after (days); what is thought of it
            (100, None, None, None, Clock::Believed),
            (100, None, Some(100), None, Clock::Believed),
            (100, Some(99), Some(100), None, Clock::Believed),
            (100, Some(65), Some(65), None, Clock::Believed),
            (100, Some(64), Some(100), None, Clock::Ahead(64)),
            (100, None, Some(64), None, Clock::Ahead(64)),
            (far, Some(100), Some(100), None, Clock::Ahead(100)),
            (100, Some(103), Some(103), None, Clock::Believed),
            // Ahead for a while, and back.
            (101, Some(far), Some(100), Some(far), Clock::WasAhead),
            (101, None, Some(100), Some(far), Clock::WasAhead),
            // Behind: the book went on day by day without a jump, or all of it is later.
            (60, Some(100), Some(60), Some(64), Clock::Behind(100)),
            (60, None, Some(60), Some(64), Clock::Behind(64)),
            (1, Some(100), None, Some(90), Clock::Behind(100)),
            (1, None, None, Some(90), Clock::Behind(90)),
            // Ahead, then worked on with the right clock without a word: nobody can tell.
            (101, Some(far), Some(101), None, Clock::Behind(far)),
        ];
        for (now, seen, before, after, expected) in cases {
            let days = |n: Option<i64>| n.map(|n: i64| n * DAY_MS);
            let book = Seen { seen: days(seen), before: days(before), after: days(after) };
            let scaled = match expected {
                Clock::Ahead(at) => Clock::Ahead(at * DAY_MS),
                Clock::Behind(at) => Clock::Behind(at * DAY_MS),
                Clock::Believed | Clock::WasAhead => expected,
            };
            assert_eq!(judge(now * DAY_MS, book, GAP * DAY_MS), scaled, "{now} {book:?}");
        }
    }
}
