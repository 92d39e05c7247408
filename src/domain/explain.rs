//! How an amount came about, stored with its item, and the same in plain words.
//!
//! A derivation holds the inputs, not a text: [`Derivation::recompute`] gives the amount again and
//! [`Derivation::words`] tells the steps. It is written for every line, so names are one letter
//! and what is usual is left out.

mod kept;
mod words;
pub use words::Told;

use super::charge::{Model, Tier, parse_tiers, write_tiers};
use super::document::TaxKind;
use super::money::{Currency, MoneyError, Rounding, RoundingMode};
use super::proration::{Count, Fraction};
use super::rating::{Price, RatingError};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The steps from quantity to amount. Written compactly to the book as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "kept::Kept")]
pub struct Derivation {
    /// What kind of line it is, with its inputs.
    #[serde(flatten)]
    pub how: How,
    /// Rounding mode, where it is not half up.
    #[serde(rename = "r", default, skip_serializing_if = "is_half_up")]
    pub mode: RoundingMode,
    /// Rounding increment, where one is set.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub increment: Option<Decimal>,
    /// The tax of the line.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<LineTax>,
}

/// The kinds of lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum How {
    /// Written by hand: there is nothing to derive.
    #[default]
    #[serde(rename = "h")]
    ByHand,
    /// Quantity at a price, for a share of a period.
    #[serde(rename = "p")]
    Rated(Box<Rated>),
    /// Given back of a line billed before.
    #[serde(rename = "c")]
    Credit(Box<Credit>),
    /// A percentage of another line.
    #[serde(rename = "d")]
    Percent(Percent),
    /// A fixed sum off another line.
    #[serde(rename = "f")]
    Fixed(Fixed),
}

/// Inputs of a rated line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "kept::KeptRated")]
pub struct Rated {
    /// The model.
    #[serde(rename = "m")]
    pub model: Model,
    #[serde(rename = "p", default, skip_serializing_if = "Decimal::is_zero")]
    pub price: Decimal,
    /// Quantities rated apart, each with how often it occurs.
    #[serde(rename = "q")]
    pub groups: Vec<(Decimal, u32)>,
    /// Of usage: how many records.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u32>,
    /// Unit of measure of usage.
    #[serde(rename = "w", default, skip_serializing_if = "String::is_empty")]
    pub uom: String,
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty", with = "tier_text")]
    pub tiers: Vec<Tier>,
    /// Units in a package.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub package_size: Option<Decimal>,
    /// Units that come off first.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub included_units: Option<Decimal>,
    /// Price beyond.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub overage_price: Option<Decimal>,
    /// Of usage: the price changed within the period, and this line is of the days at one of them.
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    pub part_of_prices: bool,
    /// Share of the period.
    #[serde(flatten)]
    pub share: Share,
    /// What stands of the same whole already, minor units: this line is the rest.
    #[serde(rename = "e", default, skip_serializing_if = "is_zero")]
    pub earlier_minor: i64,
}

/// How much of what the price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Price bases in a period (3 for a quarter at a price a month).
    #[serde(rename = "b", default = "one", skip_serializing_if = "Fraction::is_whole")]
    pub bases: Fraction,
    /// Share of the period.
    #[serde(rename = "f", default = "one", skip_serializing_if = "Fraction::is_whole")]
    pub of_period: Fraction,
    /// How a part of the period was counted.
    #[serde(flatten)]
    pub count: Count,
    /// Of a yearly price billed in shorter periods: the number of the period since the first, so
    /// that the periods of a year sum to its price.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub in_year: Option<i64>,
}

impl Default for Share {
    fn default() -> Self {
        Self {
            bases: Fraction::ONE,
            of_period: Fraction::ONE,
            count: Count::default(),
            in_year: None,
        }
    }
}

/// Inputs of a credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// What stood of the corrected line as rated, minor units.
    #[serde(rename = "b")]
    pub stood_minor: i64,
    /// First and last day of the corrected line.
    #[serde(rename = "w")]
    pub whole: (NaiveDate, NaiveDate),
    /// The days that stay, each run with what it costs, minor units.
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<(NaiveDate, NaiveDate, i64)>,
    /// Where the corrected line had been edited: its amount and what rating gave, minor units.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<(i64, i64)>,
    /// What was left to credit, minor units, where that was less.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub left_minor: Option<i64>,
}

/// Inputs of a percentage discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percent {
    /// The percentage.
    #[serde(rename = "p")]
    pub percent: Decimal,
    /// What it is taken of, minor units.
    #[serde(rename = "b")]
    pub base_minor: i64,
    /// Stacked percentages before this one, with what they gave, minor units.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub stacked: Option<(Decimal, i64)>,
    /// Where the line is the rest of a whole: what stands of the whole on earlier lines, and what
    /// was given on them, minor units. The discount of the whole is rounded once.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<(i64, i64)>,
    /// What was left of the line, minor units, where that was less.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub left_minor: Option<i64>,
}

/// Inputs of a fixed discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// The discount a period.
    #[serde(rename = "p")]
    pub price: Decimal,
    /// Share of each discount period, with what was left of that period's sum, minor units.
    #[serde(rename = "f")]
    pub parts: Vec<(Fraction, i64)>,
    /// Where the line is the rest of a whole, whose share stands in `parts`: what was given on the
    /// earlier lines of it, minor units.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub earlier_minor: Option<i64>,
    /// What was left of the line, minor units.
    #[serde(rename = "l")]
    pub left_minor: i64,
}

/// The tax of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    #[serde(rename = "c")]
    pub tax_code: String,
    #[serde(rename = "r")]
    pub rate_percent: Decimal,
    /// Name as printed.
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How it works.
    #[serde(rename = "k")]
    pub kind: TaxKind,
    /// Of an inclusive rate: the tax inside this line, minor units.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub inside_minor: Option<i64>,
}

/// Why a derivation gives no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecomputeError {
    /// Written by hand.
    #[error("the line was written by hand")]
    ByHand,
    /// Rating refused.
    #[error(transparent)]
    Rating(#[from] RatingError),
    /// The sums do not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Serde's `default` and `skip_serializing_if` take functions.
fn one() -> Fraction {
    Fraction::ONE
}
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes references
fn is_zero(n: &i64) -> bool {
    *n == 0
}
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes references
fn is_half_up(mode: &RoundingMode) -> bool {
    *mode == RoundingMode::HalfUp
}

/// Tiers as the text of charges.csv.
mod tier_text {
    use super::{Tier, parse_tiers, write_tiers};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(tiers: &[Tier], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&write_tiers(tiers))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Tier>, D::Error> {
        parse_tiers(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// What quantities cost for a share of a period, rounded once. The one formula of rated lines.
pub fn rated_minor(
    price: &Price<'_>,
    groups: &[(Decimal, u32)],
    share: &Share,
    rounding: &Rounding,
    currency: Currency,
) -> Result<i64, RecomputeError> {
    let too_large = RecomputeError::Money(MoneyError::TooLarge);
    let mut whole = match groups {
        [] => price.rate(Decimal::ZERO)?,
        [(quantity, 1)] => price.rate(*quantity)?,
        _ if price.model == Model::Flat => price.price,
        _ => groups.iter().try_fold(Decimal::ZERO, |sum, (quantity, times)| {
            let cost = price.rate(*quantity)?.checked_mul(Decimal::from(*times));
            cost.and_then(|cost| sum.checked_add(cost)).ok_or(RatingError::TooLarge)
        })?,
    };
    if let (Some(k), true) = (share.in_year, share.of_period.is_one()) {
        // Difference of two cumulative roundings: the periods of a year sum to the year.
        let upto = |periods: i64| {
            let times = Fraction::new(share.bases.num * periods, share.bases.den);
            rounding.to_minor(scaled(whole, times)?, currency)
        };
        return Ok(upto(k + 1)? - upto(k)?);
    }
    let times = Fraction::new(
        share.bases.num * share.of_period.num,
        share.bases.den.checked_mul(share.of_period.den).ok_or(too_large)?,
    );
    if !times.is_one() {
        whole = scaled(whole, times)?;
    }
    Ok(rounding.to_minor(whole, currency)?)
}

/// `value × num / den`, multiplied first so that the division is the only inexact step.
fn scaled(value: Decimal, times: Fraction) -> Result<Decimal, MoneyError> {
    value
        .checked_mul(Decimal::from(times.num))
        .and_then(|product| product.checked_div(Decimal::from(times.den)))
        .ok_or(MoneyError::TooLarge)
}

/// A part of an amount in minor units, by exact proportion, rounded like every amount.
pub fn proportion(
    amount: i64,
    num: i64,
    den: i64,
    rounding: &Rounding,
    currency: Currency,
) -> Result<i64, MoneyError> {
    if den == 0 {
        return Ok(0);
    }
    let exact = currency
        .to_decimal(amount)
        .checked_mul(Decimal::from(num))
        .and_then(|product| product.checked_div(Decimal::from(den)))
        .ok_or(MoneyError::TooLarge)?;
    rounding.to_minor(exact, currency)
}

impl Rated {
    /// The price part.
    pub fn price(&self) -> Price<'_> {
        Price {
            model: self.model,
            price: self.price,
            tiers: &self.tiers,
            package_size: self.package_size,
            included_units: self.included_units,
            overage_price: self.overage_price,
        }
    }

    /// The total of the quantities.
    pub fn quantity(&self) -> Decimal {
        self.groups.iter().map(|(quantity, times)| *quantity * Decimal::from(*times)).sum()
    }
}

impl Credit {
    /// What the days that stay cost, minor units.
    pub fn kept_minor(&self) -> i64 {
        self.kept.iter().map(|(_, _, cost)| cost).sum()
    }

    /// The credit on the scale of what was rated, before edits and limits.
    pub fn rated_minor(&self) -> i64 {
        self.kept_minor() - self.stood_minor
    }

    fn minor(&self, rounding: &Rounding, currency: Currency) -> Result<i64, MoneyError> {
        let rated = self.rated_minor();
        let credit = match self.edited {
            Some((amount, of)) => proportion(rated, amount, of, rounding, currency)?,
            None => rated,
        };
        Ok(self.left_minor.map_or(credit, |left| -left))
    }
}

impl Percent {
    /// The discount, negative.
    pub fn minor(&self, rounding: &Rounding, currency: Currency) -> Result<i64, MoneyError> {
        let (before, given) = self.stacked.unwrap_or_default();
        let (earlier, given_earlier) = self.earlier.unwrap_or_default();
        let exact = currency
            .to_decimal(self.base_minor + earlier)
            .checked_mul(before + self.percent)
            .ok_or(MoneyError::TooLarge)?
            / Decimal::ONE_HUNDRED;
        let off = rounding.to_minor(exact, currency)? - given - given_earlier;
        Ok(-self.left_minor.map_or(off, |left| off.min(left)))
    }
}

impl Fixed {
    /// The discount, negative.
    pub fn minor(&self, rounding: &Rounding, currency: Currency) -> Result<i64, MoneyError> {
        let mut off = 0;
        for (share, left) in &self.parts {
            off += rounding.to_minor(scaled(self.price, *share)?, currency)?.min(*left);
        }
        off -= self.earlier_minor.unwrap_or(0);
        Ok(-off.min(self.left_minor))
    }
}

impl Derivation {
    /// The rounding it was made with.
    pub fn rounding(&self) -> Rounding {
        Rounding { mode: self.mode, increment: self.increment }
    }

    /// The line's amount again: net, minor units.
    pub fn recompute(&self, currency: Currency) -> Result<i64, RecomputeError> {
        let said = self.said_minor(currency)?;
        Ok(said - self.tax.as_ref().and_then(|tax| tax.inside_minor).unwrap_or(0))
    }

    /// What the line says before an inclusive tax is taken out.
    fn said_minor(&self, currency: Currency) -> Result<i64, RecomputeError> {
        let rounding = self.rounding();
        match &self.how {
            How::ByHand => Err(RecomputeError::ByHand),
            How::Rated(rated) => {
                let price = rated.price();
                let whole = rated_minor(&price, &rated.groups, &rated.share, &rounding, currency)?;
                Ok(whole - rated.earlier_minor)
            }
            How::Credit(credit) => Ok(credit.minor(&rounding, currency)?),
            How::Percent(percent) => Ok(percent.minor(&rounding, currency)?),
            How::Fixed(fixed) => Ok(fixed.minor(&rounding, currency)?),
        }
    }
}
