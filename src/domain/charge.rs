//! Charges: what is sold, at what price, for which periods, billed when.
//! Column meanings follow Zuora's charge attributes
//! (<https://docs.zuora.com/en/zuora-billing/set-up-zuora-billing/build-product-and-prices>).

use super::money::parse_decimal;
use chrono::{NaiveDate, Weekday};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

text_enum! {
    /// What makes a charge due.
    ChargeType {
        /// Once, on its start date.
        OneTime = "one_time",
        /// Every billing period.
        Recurring = "recurring",
        /// By the usage of a billing period, always in arrears.
        Usage = "usage",
    }
}

text_enum! {
    /// How quantity becomes money.
    Model {
        /// The price, whatever the quantity.
        Flat = "flat",
        /// Price × quantity.
        PerUnit = "per_unit",
        /// Each tier at its own price.
        Tiered = "tiered",
        /// All units at the price of the tier the total falls in.
        Volume = "volume",
        /// Price × started packages.
        Package = "package",
        /// Units beyond the included ones at the overage price.
        Overage = "overage",
        /// Tiers, and beyond the last bound the overage price.
        TieredOverage = "tiered_overage",
        /// `price` percent of the discounted lines.
        DiscountPercent = "discount_percent",
        /// `price` a period off the discounted lines.
        DiscountFixed = "discount_fixed",
    }
}

impl Model {
    /// Whether this is a discount rather than something sold.
    pub fn is_discount(self) -> bool {
        matches!(self, Self::DiscountPercent | Self::DiscountFixed)
    }
}

text_enum! {
    /// When a period is billed.
    Timing {
        /// On its first day.
        Advance = "advance",
        /// On the day after its last.
        Arrears = "arrears",
    }
}

text_enum! {
    /// From which date periods are counted.
    Alignment {
        /// The charge's own start.
        Charge = "charge",
        /// The subscription's start.
        SubscriptionStart = "subscription_start",
        /// The start of the current term.
        TermStart = "term_start",
    }
}

text_enum! {
    /// What the price is for.
    PriceBase {
        /// One billing period.
        Period = "period",
        Month = "month",
        Year = "year",
    }
}

text_enum! {
    /// Which lines a discount reaches.
    DiscountLevel {
        /// The charges of the same subscription, before the wider levels.
        Plan = "plan",
        /// The charges of the same subscription.
        Subscription = "subscription",
        /// All of the account's charges.
        Account = "account",
    }
}

/// Length of a billing period: whole months or whole weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BillingPeriod {
    /// This many months, at least 1.
    Months(u32),
    /// This many weeks, at least 1.
    Weeks(u32),
}

impl BillingPeriod {
    /// Reads `week`, `month`, `quarter`, `half-year`, `year`, `N months`, `N weeks`.
    pub fn parse(text: &str) -> Option<Self> {
        let counted = |n: &str| n.parse::<u32>().ok().filter(|n| (1..=1200).contains(n));
        match text.split_once(' ') {
            Some((n, "months" | "month")) => counted(n).map(Self::Months),
            Some((n, "weeks" | "week")) => counted(n).map(Self::Weeks),
            Some(_) => None,
            None => match text {
                "week" => Some(Self::Weeks(1)),
                "month" => Some(Self::Months(1)),
                "quarter" => Some(Self::Months(3)),
                "half-year" => Some(Self::Months(6)),
                "year" => Some(Self::Months(12)),
                _ => None,
            },
        }
    }
}

impl fmt::Display for BillingPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weeks(1) => f.write_str("week"),
            Self::Weeks(n) => write!(f, "{n} weeks"),
            Self::Months(1) => f.write_str("month"),
            Self::Months(3) => f.write_str("quarter"),
            Self::Months(6) => f.write_str("half-year"),
            Self::Months(12) => f.write_str("year"),
            Self::Months(n) => write!(f, "{n} months"),
        }
    }
}

impl TryFrom<String> for BillingPeriod {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or(text)
    }
}

impl From<BillingPeriod> for String {
    fn from(period: BillingPeriod) -> Self {
        period.to_string()
    }
}

/// On which day a charge's periods begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BillingDay {
    /// The account's bill cycle day (weekly periods: the weekday of the aligned start). The default.
    Account,
    /// This day of the month, 1–31; 31 = month end.
    OfMonth(u32),
    /// This day of the week, for periods of weeks.
    OfWeek(Weekday),
    /// The day of the charge's start.
    ChargeStart,
    /// The day of the subscription's start.
    SubscriptionStart,
    /// The day of the current term's start.
    TermStart,
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
];

impl BillingDay {
    /// Reads the column `billing_day`; empty = the account's.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" => Some(Self::Account),
            "charge_start" => Some(Self::ChargeStart),
            "subscription_start" => Some(Self::SubscriptionStart),
            "term_start" => Some(Self::TermStart),
            _ => WEEKDAYS
                .iter()
                .find(|(name, _)| *name == text)
                .map(|(_, day)| Self::OfWeek(*day))
                .or_else(|| text.parse().ok().filter(|d| (1..=31).contains(d)).map(Self::OfMonth)),
        }
    }
}

impl fmt::Display for BillingDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => Ok(()),
            Self::OfMonth(day) => write!(f, "{day}"),
            Self::OfWeek(day) => f.write_str(
                WEEKDAYS.iter().find(|(_, d)| d == day).map_or("monday", |(name, _)| name),
            ),
            Self::ChargeStart => f.write_str("charge_start"),
            Self::SubscriptionStart => f.write_str("subscription_start"),
            Self::TermStart => f.write_str("term_start"),
        }
    }
}

impl TryFrom<String> for BillingDay {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or(text)
    }
}

impl From<BillingDay> for String {
    fn from(day: BillingDay) -> Self {
        day.to_string()
    }
}

/// One price tier: units from `from` to `to` (both included; none = no upper bound) at
/// `unit_price`, plus `flat_fee` once the tier is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Lower bound as written.
    pub from: Decimal,
    /// Upper bound, included; none on the last.
    pub to: Option<Decimal>,
    /// Price of one unit.
    pub unit_price: Decimal,
    /// Fee due once the tier is reached.
    pub flat_fee: Decimal,
}

/// Why a `tiers` text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// One tier is not `from-to@price+fee`.
    #[error("tier {0:?} is not from-to@price+fee (as in 0-10@10+2;11-20@5;21-@5)")]
    Shape(String),
    /// Bounds do not rise, or a tier follows an open one.
    #[error("tier {0:?} does not begin at or above the end of the one before it")]
    Order(String),
}

/// Reads `0-10@10+2;11-20@5+3;21-@5+3`.
pub fn parse_tiers(text: &str) -> Result<Vec<Tier>, TierError> {
    let mut tiers: Vec<Tier> = Vec::new();
    for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
        let tier = parse_tier(part).ok_or_else(|| TierError::Shape(part.to_owned()))?;
        let rises = match tiers.last() {
            None => true,
            Some(Tier { to: Some(bound), .. }) => tier.from >= *bound,
            Some(_) => false,
        };
        if !rises || tier.to.is_some_and(|to| to < tier.from) {
            return Err(TierError::Order(part.to_owned()));
        }
        tiers.push(tier);
    }
    Ok(tiers)
}

fn parse_tier(part: &str) -> Option<Tier> {
    let (range, money) = part.split_once('@')?;
    let (from, to) = range.split_once('-')?;
    let (price, fee) = money.split_once('+').map_or((money, "0"), |(p, f)| (p, f));
    Some(Tier {
        from: parse_decimal(from)?,
        to: if to.is_empty() { None } else { Some(parse_decimal(to)?) },
        unit_price: parse_decimal(price)?,
        flat_fee: parse_decimal(fee)?,
    })
}

/// Writes tiers the way [`parse_tiers`] reads them.
pub fn write_tiers(tiers: &[Tier]) -> String {
    let one = |t: &Tier| {
        let to = t.to.map(|d| d.to_string()).unwrap_or_default();
        let fee = if t.flat_fee.is_zero() { String::new() } else { format!("+{}", t.flat_fee) };
        format!("{}-{to}@{}{fee}", t.from, t.unit_price)
    };
    tiers.iter().map(one).collect::<Vec<_>>().join(";")
}

/// What a charge is at one time: the columns of charges.csv.
///
/// Start, end and `billed_through` are absolute (the newest recorded version rules); everything
/// that makes the price holds from the version's `effective_from`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeTerms {
    /// Name as printed.
    pub name: String,
    /// The plan it was sold in; empty = none.
    pub plan: String,
    /// One-time, recurring or usage.
    pub charge_type: ChargeType,
    /// How quantity becomes money.
    pub model: Model,
    /// Price in currency units, or percent for a percentage discount. Never rounded.
    pub price: Decimal,
    /// Quantity of one-time and recurring charges.
    pub quantity: Decimal,
    /// Unit of measure of usage; empty otherwise.
    pub uom: String,
    /// Length of a period; none only for one-time charges.
    pub billing_period: Option<BillingPeriod>,
    /// Advance or arrears.
    pub timing: Timing,
    /// Day on which periods begin.
    pub billing_day: BillingDay,
    /// Date from which periods are counted.
    pub alignment: Alignment,
    /// What the price is for.
    pub price_base: PriceBase,
    /// First day of service; none = the subscription's.
    pub start_on: Option<NaiveDate>,
    /// Last day served; none = open.
    pub end_on: Option<NaiveDate>,
    /// Last day another system has billed.
    pub billed_through: Option<NaiveDate>,
    /// Tiers of tiered and volume models.
    pub tiers: Vec<Tier>,
    /// Units in a package.
    pub package_size: Option<Decimal>,
    /// Units included before packages or overage count.
    pub included_units: Option<Decimal>,
    /// Price of a unit beyond the included ones.
    pub overage_price: Option<Decimal>,
    /// Which lines a discount reaches.
    pub discount_level: DiscountLevel,
    /// Whether a percentage adds to other stacked ones instead of compounding.
    pub stacked: bool,
    /// Tax code; empty = the account's.
    pub tax_code: String,
    /// Revenue account for the ledger; empty = the default.
    pub revenue_account: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_read_back_what_they_write() {
        for text in ["0-10@10+2;11-20@5+3;21-@5+3", "0-0.1@10;0.1-1@5;1-@2", ""] {
            assert_eq!(write_tiers(&parse_tiers(text).unwrap()), text);
        }
        assert!(matches!(parse_tiers("0-10"), Err(TierError::Shape(_))));
        assert!(matches!(parse_tiers("0-10@1;5-20@1"), Err(TierError::Order(_))));
        assert!(matches!(parse_tiers("0-@1;5-20@1"), Err(TierError::Order(_))));
    }

    #[test]
    fn periods_and_days_read_back_what_they_write() {
        for text in ["week", "month", "quarter", "half-year", "year", "5 months", "2 weeks"] {
            assert_eq!(BillingPeriod::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "1", "31", "friday", "charge_start", "subscription_start", "term_start"] {
            assert_eq!(BillingDay::parse(text).unwrap().to_string(), text);
        }
        assert!(BillingPeriod::parse("0 months").is_none() && BillingDay::parse("32").is_none());
    }
}
