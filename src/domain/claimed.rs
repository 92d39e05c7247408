//! Who has taken a draft to look at: a clerk's claim. It is advisory and binds on the day it was made, so
//! that what is left of a day is everybody's the next morning. Not the claims of `billing`, which say
//! what is billed.

use serde::{Deserialize, Serialize};

/// A clerk's claim on a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Real user id.
    pub uid: u32,
    /// Login name, for people.
    pub name: String,
    /// The book's day on which it was made.
    pub on: chrono::NaiveDate,
}

impl Claimed {
    /// Whether others leave the draft to its clerk.
    pub fn binds(&self, today: chrono::NaiveDate) -> bool {
        self.on == today
    }

    /// Whether it keeps somebody off.
    pub fn keeps_off(&self, uid: u32, today: chrono::NaiveDate) -> bool {
        self.uid != uid && self.binds(today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_binds_others_on_its_day_alone() {
        let day = |d| chrono::NaiveDate::from_ymd_opt(2026, 11, d).unwrap();
        let claim = Claimed { uid: 7, name: "jon".to_owned(), on: day(30) };
        assert!(claim.binds(day(30)) && claim.keeps_off(8, day(30)));
        assert!(!claim.keeps_off(7, day(30)), "not who made it");
        assert!(!claim.binds(day(29)) && !claim.keeps_off(8, day(29)), "nor on another day");
    }
}
