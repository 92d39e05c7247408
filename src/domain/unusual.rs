//! What is unusual about the drafts of a run, in words: by flag, the worst first, with what to type to
//! see them.

use super::document::FlagCode;
use super::flags::{Thresholds, weight};
use super::money::Purse;
use super::text::counted;

/// Why drafts are unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They have this flag.
    Flag(FlagCode),
    /// Their total is below zero.
    Negative,
}

/// Drafts that are unusual for the same reason. A draft with two reasons is in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusual {
    pub why: Why,
    pub drafts: i64,
    /// Their totals.
    pub money: Purse,
}

impl Why {
    /// The worse, the higher: as the review queue weighs it.
    fn weight(self) -> i64 {
        match self {
            Self::Flag(code) => weight(code),
            // Money that goes back is looked at before what is merely higher than it was.
            Self::Negative => 75,
        }
    }

    /// What shows just these drafts behind `/`.
    pub fn term(self) -> String {
        match self {
            Self::Flag(code) => format!("flag:{code}"),
            Self::Negative => "total<0".to_owned(),
        }
    }

    /// The word of programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Flag(code) => code.as_str(),
            Self::Negative => "negative_total",
        }
    }

    /// What is unusual, behind a count.
    fn words(self, limits: &Thresholds) -> String {
        let code = match self {
            Self::Negative => return "below zero: money that goes back".to_owned(),
            Self::Flag(code) => code,
        };
        match code {
            FlagCode::Unprintable => "cannot be printed".to_owned(),
            FlagCode::EInvoice => "cannot go as an e-invoice".to_owned(),
            FlagCode::Law => "want another form by law".to_owned(),
            FlagCode::NoTaxId => "must not be posted without a tax id".to_owned(),
            FlagCode::Duplicate => "bill the same twice".to_owned(),
            FlagCode::TotalHigh => {
                format!("above {} times what was billed last", limits.total_high.normalize())
            }
            FlagCode::TotalLow => {
                format!("below {} times what was billed last", limits.total_low.normalize())
            }
            FlagCode::BackBilling => {
                format!("bill more than {} past periods of a charge", limits.back_billing)
            }
            FlagCode::Stale => "rated from what has changed since".to_owned(),
            FlagCode::ChargeMissing => "without a charge they had the last time".to_owned(),
            FlagCode::RecurringChanged => format!(
                "with recurring charges changed by more than {} %",
                limits.recurring_changed.normalize()
            ),
            FlagCode::UsageChanged => {
                format!("with usage changed by more than {} %", limits.usage_changed.normalize())
            }
            FlagCode::NoMethod => "to be paid automatically, without a payment method".to_owned(),
            FlagCode::NoEmail => "to be e-mailed, without an address".to_owned(),
            FlagCode::UsageLate => "with usage that came after it was billed".to_owned(),
            FlagCode::ZeroTotal => "of zero".to_owned(),
            FlagCode::ChargeNew => "with a charge billed for the first time".to_owned(),
            FlagCode::UsageNone => "without usage that their charges wait for".to_owned(),
            FlagCode::FirstInvoice => "first bills".to_owned(),
        }
    }
}

impl Unusual {
    /// `12 drafts above 2.5 times what was billed last, 41,200.00 EUR`.
    pub fn words(&self, limits: &Thresholds) -> String {
        let what = self.why.words(limits);
        let count = match self.why {
            Why::Flag(FlagCode::FirstInvoice) if self.drafts == 1 => "1 first bill".to_owned(),
            Why::Flag(FlagCode::FirstInvoice) => counted(self.drafts, "", what.as_str()),
            _ if self.drafts == 1 => {
                let one = what.replacen("bill ", "bills ", 1).replace("they had", "it had");
                format!("1 draft {}", one.replace("their charges wait", "its charges wait"))
            }
            _ => format!("{} {what}", counted(self.drafts, "draft", "drafts")),
        };
        if self.money.is_empty() { count } else { format!("{count}, {}", self.money) }
    }
}

/// The worst first; of equal weight the most drafts first.
pub fn ordered(mut all: Vec<Unusual>) -> Vec<Unusual> {
    all.retain(|one| one.drafts > 0);
    all.sort_by_key(|one| (-one.why.weight(), -one.drafts, one.why.code()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn one(why: Why, drafts: i64, minor: i64) -> Unusual {
        let money = Purse::from(Currency::parse("EUR").unwrap().amount(minor));
        Unusual { why, drafts, money }
    }

    #[test]
    fn the_worst_comes_first_in_words_with_counts_and_money() {
        let limits = Thresholds::default();
        let all = ordered(vec![
            one(Why::Flag(FlagCode::FirstInvoice), 2, 9_000),
            one(Why::Flag(FlagCode::UsageNone), 1, 1_000),
            one(Why::Negative, 1, -500),
            one(Why::Flag(FlagCode::ZeroTotal), 0, 0),
            one(Why::Flag(FlagCode::TotalHigh), 12, 4_120_000),
            one(Why::Flag(FlagCode::Duplicate), 1, 100),
            one(Why::Flag(FlagCode::ChargeMissing), 1, 100),
        ]);
        let said: Vec<String> = all.iter().map(|u| u.words(&limits)).collect();
        assert_eq!(
            said,
            [
                "1 draft bills the same twice, 1.00 EUR",
                "12 drafts above 2.5 times what was billed last, 41,200.00 EUR",
                "1 draft below zero: money that goes back, -5.00 EUR",
                "1 draft without a charge it had the last time, 1.00 EUR",
                "1 draft without usage that its charges wait for, 10.00 EUR",
                "2 first bills, 90.00 EUR",
            ]
        );
        let terms: Vec<String> = all.iter().map(|u| u.why.term()).collect();
        assert_eq!(terms[..3], ["flag:duplicate", "flag:total_high", "total<0"]);
    }

    #[test]
    fn every_flag_has_words() {
        let limits = Thresholds::default();
        for code in FlagCode::ALL {
            for drafts in [1, 3] {
                let words = one(Why::Flag(*code), drafts, 1).words(&limits);
                assert!(words.starts_with(&drafts.to_string()) && words.len() > 12, "{words}");
            }
        }
    }
}
