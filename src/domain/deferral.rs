//! Revenue that is earned day by day: how much of a line's amount is earned by the end of a day, which
//! lines are deferred, and in which months the rest will be earned.
//!
//! Of a line's amount is earned, by the end of a day, its share of the service days, both ends counted,
//! rounded half up; a release is that less what was released before, so that all releases of a line sum to its amount.
//! Days before the document's own month are earned with it: nothing is released before a line is booked.

use super::month::Month;
use super::period::Span;
use chrono::NaiveDate;

/// What of an amount (minor units, below zero where it is given back) is earned by the end of a day.
pub fn earned(amount_minor: i64, service: Span, through: NaiveDate) -> i64 {
    let all = i128::from(service.days());
    let served = i128::from((through - service.from).num_days() + 1).clamp(0, all);
    let share = (i128::from(amount_minor.unsigned_abs()) * served * 2 + all) / (2 * all);
    // Never more than the amount: it fits.
    let share = i64::try_from(share).unwrap_or(i64::MAX);
    if amount_minor < 0 { -share } else { share }
}

/// What becomes of the line that a line corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrected {
    /// It corrects none.
    Nothing,
    /// That was revenue at once.
    AtOnce,
    /// That is deferred over these days.
    Over(Span),
}

/// Over which days a line is earned; none = at once, when it is posted. What corrects a line goes its way,
/// over its own days where it has some: else revenue would be given back that was never booked.
pub fn over(by_days: Rule, own: Option<Span>, corrected: Corrected) -> Option<Span> {
    match (corrected, by_days) {
        (Corrected::AtOnce, _) | (Corrected::Nothing, Rule::AtPosting) => None,
        (Corrected::Over(days), _) => Some(own.unwrap_or(days)),
        (Corrected::Nothing, Rule::ServiceDays) => own,
    }
}

text_enum! {
    /// When revenue is earned (`revenue.recognition`).
    Rule {
        /// When the document is posted.
        AtPosting = "at_posting",
        /// Day by day, over the service days of the line.
        ServiceDays = "service_days",
    }
}

/// A deferred line as it stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deferred {
    /// Minor units, below zero where it is given back.
    pub amount_minor: i64,
    pub service: Span,
    /// The date of its document.
    pub booked_on: NaiveDate,
    /// What was released of it, minor units.
    pub released_minor: i64,
    /// Whether all of it was given back: then nothing is left to earn.
    pub is_over: bool,
}

impl Deferred {
    /// What is to be released at the end of a day, minor units; what is all given back is released whole.
    pub fn due(&self, through: NaiveDate) -> i64 {
        if self.booked_on > through {
            return 0;
        }
        let earned = if self.is_over {
            self.amount_minor
        } else {
            earned(self.amount_minor, self.service, through)
        };
        earned - self.released_minor
    }

    /// The months in which what is left at the end of a day will be earned, with how much, minor units:
    /// what should have been released is in the first.
    pub fn ahead(&self, as_of: NaiveDate) -> Vec<(Month, i64)> {
        let mut found = Vec::new();
        let mut line = *self;
        let mut next = Some(Month::of(as_of.max(self.booked_on)));
        while let Some(month) = next.filter(|_| line.released_minor != line.amount_minor) {
            let due = line.due(month.span().to);
            if due != 0 {
                found.push((month, due));
            }
            line.released_minor += due;
            next = month.later(1);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn span(from: &str, to: &str) -> Span {
        Span { from: day(from), to: day(to) }
    }

    fn line(amount_minor: i64, service: Span, booked: &str) -> Deferred {
        let booked_on = day(booked);
        Deferred { amount_minor, service, booked_on, released_minor: 0, is_over: false }
    }

    #[test]
    fn days_served_are_counted_with_both_ends_and_rounded_half_up() {
        let year = span("2026-11-15", "2027-11-14");
        for (amount, service, through, expected) in [
            (120_000, year, "2026-11-14", 0),
            (120_000, year, "2026-11-15", 329),
            (120_000, year, "2026-11-30", 5_260),
            (120_000, year, "2026-12-31", 15_452),
            (120_000, year, "2027-11-14", 120_000),
            (120_000, year, "2030-01-01", 120_000),
            (-120_000, year, "2026-11-30", -5_260),
            // Half a cent goes up, away from zero.
            (1, span("2026-11-01", "2026-11-02"), "2026-11-01", 1),
            (-1, span("2026-11-01", "2026-11-02"), "2026-11-01", -1),
            (3, span("2026-11-01", "2026-11-04"), "2026-11-02", 2),
            (i64::MAX, year, "2030-01-01", i64::MAX),
            // A leap year of yen.
            (100_000, span("2027-03-01", "2028-02-29"), "2027-03-31", 8_470),
        ] {
            assert_eq!(earned(amount, service, day(through)), expected, "{amount} {through}");
        }
    }

    #[test]
    fn what_corrects_a_line_goes_its_way() {
        use Rule::{AtPosting, ServiceDays};
        let (own, theirs) = (span("2026-11-01", "2026-11-30"), span("2026-10-01", "2026-12-31"));
        for (rule, days, corrected, expected) in [
            (AtPosting, Some(own), Corrected::Nothing, None),
            (ServiceDays, Some(own), Corrected::Nothing, Some(own)),
            (ServiceDays, None, Corrected::Nothing, None),
            (ServiceDays, Some(own), Corrected::AtOnce, None),
            (AtPosting, Some(own), Corrected::Over(theirs), Some(own)),
            (AtPosting, None, Corrected::Over(theirs), Some(theirs)),
        ] {
            assert_eq!(over(rule, days, corrected), expected, "{rule} {days:?} {corrected:?}");
        }
    }

    #[test]
    fn what_was_served_before_is_earned_in_the_month_of_the_document() {
        let mut late = line(92_000, span("2026-10-01", "2026-12-31"), "2026-11-20");
        let month = |text| Month::parse(text).unwrap();
        assert_eq!(late.due(day("2026-10-31")), 0);
        assert_eq!(
            late.ahead(day("2026-10-31")),
            [(month("2026-11"), 61_000), (month("2026-12"), 31_000)]
        );
        late.released_minor += late.due(day("2026-11-30"));
        assert_eq!(late.ahead(day("2026-11-30")), [(month("2026-12"), 31_000)]);
        // All given back: nothing waits.
        late.is_over = true;
        assert_eq!(late.due(day("2026-11-30")), 31_000);
    }

    proptest! {
        /// However often and on whatever days it is released, the releases sum to the amount, and what is
        /// ahead is always what is left.
        #[test]
        fn releases_sum_to_the_amount(
            amount in -10_000_000_i64..10_000_000,
            days in 1_u64..900,
            booked in 0_i64..400,
            mut on in proptest::collection::vec(0_i64..1_400, 0..12),
        ) {
            let from = day("2026-01-10");
            let to = from + chrono::Days::new(days - 1);
            let booked_on = day("2025-12-01") + chrono::TimeDelta::days(booked);
            let service = Span { from, to };
            let mut line =
                Deferred { amount_minor: amount, service, booked_on, released_minor: 0, is_over: false };
            on.sort_unstable();
            for by in on {
                let through = day("2025-12-01") + chrono::TimeDelta::days(by);
                line.released_minor += line.due(through);
                prop_assert!(line.released_minor.abs() <= amount.abs());
                let ahead: i64 = line.ahead(through).iter().map(|(_, minor)| minor).sum();
                prop_assert_eq!(ahead, amount - line.released_minor);
            }
            line.released_minor += line.due(to.max(booked_on));
            prop_assert_eq!(line.released_minor, amount);
        }
    }
}
