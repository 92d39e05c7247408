//! Reminders: when each level is due, what they wait for, and what became of one.

use super::banking;
use chrono::{Days, NaiveDate};

/// Banking days after a due day within which money that was sent in time is on a statement.
const ON_STATEMENT: u32 = 2;

text_enum! {
    /// What became of a reminder.
    ReminderState {
        /// Written down; whether it left is not known yet.
        Sending = "sending",
        /// It left to an address at least.
        Sent = "sent",
        /// It certainly did not leave.
        NotSent = "not_sent",
        /// It came back from every address it went to: as if it had never gone.
        CameBack = "came_back",
    }
}

text_enum! {
    /// What became of it at one address.
    ReminderCopyState {
        Sending = "sending",
        Sent = "sent",
        /// The line broke after the message: it may have arrived.
        Unconfirmed = "unconfirmed",
        /// The server did not take it.
        Refused = "refused",
        CameBack = "came_back",
    }
}

text_enum! {
    /// Why a reminder that is due by its days does not go yet.
    Wait {
        /// A payment is on its way.
        Payment = "payment",
        /// It is tried again.
        Retry = "retry",
        /// A debit of it may still be sent back by the bank.
        Window = "window",
        /// The next payment run charges it.
        Run = "run",
        /// What came by transfer may be on a statement that is not read.
        Bank = "bank",
    }
}

/// The levels: days overdue of each, rising (`reminder.levels`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels(pub Vec<u64>);

impl Levels {
    /// The day since when, or before, an invoice must have been due to reach each level.
    pub fn due_by(&self, today: NaiveDate) -> Vec<NaiveDate> {
        self.0.iter().map(|days| back(today, *days)).collect()
    }

    /// The day on which, or before, the level before each must have been sent: as long ago as the two
    /// lie apart. No day is too late for the first.
    pub fn sent_by(&self, today: NaiveDate) -> Vec<NaiveDate> {
        let apart = self.0.windows(2).map(|two| back(today, two[1].saturating_sub(two[0])));
        std::iter::once(Bank::ALWAYS).chain(apart).collect()
    }
}

fn back(today: NaiveDate, days: u64) -> NaiveDate {
    today.checked_sub_days(Days::new(days)).unwrap_or(Bank::NEVER)
}

/// How far the bank is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bank {
    /// The book reads no bank: nobody ever said so, and no cut-off asks for it.
    Nobody,
    /// It is to be read, and nobody has.
    Unread,
    /// All that came until this day is in the book.
    Through(NaiveDate),
}

impl Bank {
    /// Four-digit years, as days are compared in the book as text.
    const ALWAYS: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 30).unwrap();
    const NEVER: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();

    /// The last due day of which all that was paid in time is in the book.
    pub fn settled(self) -> NaiveDate {
        match self {
            Self::Nobody => Self::ALWAYS,
            Self::Unread => Self::NEVER,
            Self::Through(day) => banking::last_reached(day, ON_STATEMENT),
        }
    }

    /// Until which day the bank has to be read before somebody who was to pay by `due` is asked.
    pub fn needed(due: NaiveDate) -> NaiveDate {
        banking::after(due, ON_STATEMENT)
    }

    /// What was agreed for a day before this one and did not come was not kept.
    pub fn broken_before(self, today: NaiveDate) -> NaiveDate {
        today.min(self.settled().succ_opt().unwrap_or(Self::ALWAYS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn each_level_waits_for_its_days_and_for_the_level_before() {
        let levels = Levels(vec![7, 21, 45]);
        let today = day("2026-03-01");
        let days = |texts: [&str; 3]| texts.map(day).to_vec();
        assert_eq!(levels.due_by(today), days(["2026-02-22", "2026-02-08", "2026-01-15"]));
        assert_eq!(levels.sent_by(today), days(["9999-12-30", "2026-02-15", "2026-02-05"]));
        assert_eq!(Levels(vec![u64::MAX]).due_by(today), [Bank::NEVER]);
    }

    #[test]
    fn the_bank_is_read_far_enough_two_banking_days_after() {
        for (through, settled) in [
            ("2026-03-04", "2026-03-02"),
            ("2026-03-06", "2026-03-04"),
            ("2026-03-08", "2026-03-04"),
            ("2026-03-09", "2026-03-05"),
            ("2026-03-10", "2026-03-08"),
            ("2026-04-07", "2026-04-01"),
        ] {
            let bank = Bank::Through(day(through));
            assert_eq!(bank.settled(), day(settled), "{through}");
            assert!(Bank::needed(bank.settled()) <= day(through));
        }
        let today = day("2026-03-20");
        assert_eq!(Bank::Nobody.broken_before(today), today);
        assert_eq!(Bank::Through(today).broken_before(today), day("2026-03-19"));
        assert!(Bank::Unread.broken_before(today) < day("2000-01-01"));
    }
}
