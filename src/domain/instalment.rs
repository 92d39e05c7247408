//! Instalment plans: what an account owes, agreed to be paid on several days. While one is open nothing
//! collects or reminds; an instalment that was not paid by its day ends it.

use super::ids::{AccountId, DocumentId, PlanId};
use super::money::{Currency, Money, total};
use super::period::add_months;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// The most instalments of a plan: five years of months.
pub const MOST: usize = 60;

text_enum! {
    /// How a plan stands.
    PlanState {
        Open = "open",
        /// All of it is paid.
        Kept = "kept",
        /// An instalment was not paid by its day.
        Missed = "missed",
        /// A person ended it.
        Ended = "ended",
    }
}

/// How far instalments are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Every {
    Months(u32),
    Days(u32),
}

impl Every {
    /// Reads `month`, `week`, `3 months`, `2 weeks`, `10 days`, `14` (days).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let count: u32 = if count.is_empty() { 1 } else { count.parse().ok()? };
        if !(1..=366).contains(&count) {
            return None;
        }
        match unit.trim().strip_suffix('s').unwrap_or(unit.trim()) {
            "month" => Some(Self::Months(count)),
            "week" => count.checked_mul(7).map(Self::Days),
            "day" => Some(Self::Days(count)),
            "" if digits > 0 => Some(Self::Days(count)),
            _ => None,
        }
    }

    /// The day of the instalment with this place, from 0; none beyond the calendar. Months count from the
    /// first: of the 31st, the last day of a shorter one.
    pub fn day(self, first: NaiveDate, place: usize) -> Option<NaiveDate> {
        let place = u32::try_from(place).ok()?;
        match self {
            Self::Months(n) => add_months(first, i64::from(n.checked_mul(place)?)),
            Self::Days(n) => first.checked_add_days(Days::new(u64::from(n.checked_mul(place)?))),
        }
    }
}

/// How much each instalment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Parts {
    /// So many, equal; the last carries the rest.
    Equal(usize),
    /// These; they must come to what is owed.
    Each(Vec<Money>),
}

impl Parts {
    /// The amounts, minor units, or what they come to if that is not `owed`.
    pub fn of(&self, owed_minor: i64) -> Result<Vec<i64>, i64> {
        let parts: Vec<i64> = match self {
            Self::Equal(count) => {
                let each = owed_minor / i64::try_from(*count).unwrap_or(i64::MAX).max(1);
                let mut parts = vec![each; count.saturating_sub(1)];
                parts.push(owed_minor - parts.iter().sum::<i64>());
                parts
            }
            Self::Each(amounts) => amounts.iter().map(|a| a.minor).collect(),
        };
        match total(parts.iter().copied()) {
            Ok(sum) if sum == owed_minor && parts.iter().all(|part| *part > 0) => Ok(parts),
            sum => Err(sum.unwrap_or(i64::MAX)),
        }
    }
}

/// Which of an account's documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// All that are overdue.
    Overdue,
    /// All that are open.
    Open,
    These(Vec<DocumentId>),
}

/// A plan as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlan {
    pub account: AccountId,
    pub currency: Currency,
    pub of: Which,
    pub first: NaiveDate,
    pub every: Every,
    pub parts: Parts,
}

/// One instalment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instalment {
    pub due_on: NaiveDate,
    pub amount_minor: i64,
}

/// A plan as the book has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub id: PlanId,
    pub account: AccountId,
    /// The account's number.
    pub account_number: String,
    pub currency: Currency,
    pub state: PlanState,
    pub made_by: String,
    /// UTC ms.
    pub made_at_ms: i64,
    /// Why it ended; empty while it is open.
    pub words: String,
    /// By day.
    pub instalments: Vec<Instalment>,
    /// Its documents: number, what was owed when it was made, what is owed now, minor units.
    pub documents: Vec<(DocumentId, String, i64, i64)>,
}

impl Plan {
    /// What came since it was made, minor units: credits count like money.
    pub fn paid_minor(&self) -> i64 {
        self.documents.iter().map(|(_, _, owed, now)| owed - now).sum()
    }

    /// What is owed of it now, minor units.
    pub fn open_minor(&self) -> i64 {
        self.documents.iter().map(|(_, _, _, now)| now).sum()
    }

    /// The place from 0 of the instalment that is paid next; none when all are.
    pub fn next(&self) -> Option<usize> {
        let paid = self.paid_minor();
        let mut asked = 0;
        self.instalments.iter().position(|one| {
            asked += one.amount_minor;
            asked > paid
        })
    }

    /// The place of the instalment whose day has gone by unpaid.
    pub fn missed(&self, today: NaiveDate) -> Option<usize> {
        self.next().filter(|at| self.instalments[*at].due_on < today)
    }

    /// How it stands in words: `instalment 2 of 4, 30.00 EUR by 2027-01-15`.
    pub fn said(&self) -> String {
        let count = self.instalments.len();
        match (self.state, self.next()) {
            (PlanState::Open, Some(at)) => {
                let one = &self.instalments[at];
                let before: i64 = self.instalments[..=at].iter().map(|i| i.amount_minor).sum();
                let left = self.currency.amount(before - self.paid_minor());
                format!("instalment {} of {count}, {left} by {}", at + 1, one.due_on)
            }
            (PlanState::Open, None) => "all instalments are paid".to_owned(),
            (PlanState::Kept, _) => format!("{count} instalments, kept"),
            (PlanState::Missed | PlanState::Ended, _) => {
                format!("{count} instalments, {}: {}", self.state, self.words)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn plan(paid: i64, state: PlanState) -> Plan {
        let due = ["2026-12-31", "2027-01-31", "2027-02-28"];
        Plan {
            id: PlanId(1),
            account: AccountId(1),
            account_number: "A1".to_owned(),
            currency: Currency::parse("EUR").unwrap(),
            state,
            made_by: "mia".to_owned(),
            made_at_ms: 0,
            words: String::new(),
            instalments: due
                .iter()
                .zip([3_333, 3_333, 3_334])
                .map(|(on, amount_minor)| Instalment { due_on: day(on), amount_minor })
                .collect(),
            documents: vec![(DocumentId(1), "INV-1".to_owned(), 10_000, 10_000 - paid)],
        }
    }

    #[test]
    fn how_far_apart() {
        for (text, every) in [
            ("month", Some(Every::Months(1))),
            ("3 months", Some(Every::Months(3))),
            ("Week", Some(Every::Days(7))),
            ("2weeks", Some(Every::Days(14))),
            ("14", Some(Every::Days(14))),
            ("10 days", Some(Every::Days(10))),
            ("0 days", None),
            ("", None),
            ("year", None),
            ("month 3", None),
        ] {
            assert_eq!(Every::parse(text), every, "{text:?}");
        }
        let days: Vec<_> = (0..3).map(|n| Every::Months(1).day(day("2026-12-31"), n)).collect();
        let want = ["2026-12-31", "2027-01-31", "2027-02-28"];
        assert_eq!(days, want.map(|d| Some(day(d))));
    }

    /// Paid so far, the instalment that is next, and whether it is missed on these days.
    #[test]
    fn the_instalment_that_is_next_and_the_one_that_was_missed() {
        for (paid, next, on, missed) in [
            (0, Some(0), "2026-12-31", None),
            (0, Some(0), "2027-01-01", Some(0)),
            (3_332, Some(0), "2027-01-01", Some(0)),
            (3_333, Some(1), "2027-01-31", None),
            (3_333, Some(1), "2027-02-01", Some(1)),
            (9_999, Some(2), "2027-02-28", None),
            (9_999, Some(2), "2027-03-01", Some(2)),
            (10_000, None, "2027-03-01", None),
            (-500, Some(0), "2027-01-01", Some(0)),
        ] {
            let plan = plan(paid, PlanState::Open);
            assert_eq!((plan.next(), plan.missed(day(on))), (next, missed), "{paid} on {on}");
        }
        assert_eq!(
            plan(4_000, PlanState::Open).said(),
            "instalment 2 of 3, 26.66 EUR by 2027-01-31"
        );
    }

    proptest! {
        #[test]
        fn equal_parts_come_to_the_whole(owed in 1i64..10_000_000, count in 1usize..=MOST) {
            match Parts::Equal(count).of(owed) {
                Ok(parts) => {
                    prop_assert_eq!(parts.len(), count);
                    prop_assert_eq!(parts.iter().sum::<i64>(), owed);
                    let (first, last) = (parts[0], parts[count - 1]);
                    prop_assert!(parts[..count - 1].iter().all(|p| *p == first));
                    prop_assert!(last >= first && last - first < count as i64);
                }
                Err(_) => prop_assert!(owed < count as i64, "a part of nothing is refused"),
            }
        }
    }
}
