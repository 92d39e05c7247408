//! From quantity to money, before proration and rounding: one function a model.
//!
//! Zuora: "Charge models" (flat fee, per unit, tiered, volume, overage, tiered with overage);
//! Lago: graduated, volume and package charges with flat fees, decimal tiers that touch.

use super::charge::{ChargeTerms, Model, Tier};
use rust_decimal::Decimal;

/// Why a charge cannot be rated: its terms lack something, or the numbers are too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// A tiered or volume model without tiers.
    #[error("the model needs tiers")]
    NoTiers,
    /// A package model without a package size above zero.
    #[error("the package model needs a package_size above zero")]
    NoPackageSize,
    /// An overage model without its price.
    #[error("the overage models need an overage_price")]
    NoOveragePrice,
    /// Beyond what a 96-bit decimal or 64-bit minor units can hold.
    #[error("the amount is too large")]
    TooLarge,
    /// A discount is not rated by quantity.
    #[error("a discount has no amount of its own")]
    Discount,
}

/// What rating needs of a charge, borrowed from its terms or from a stored derivation.
#[derive(Debug, Clone, Copy)]
pub struct Price<'a> {
    /// The model.
    pub model: Model,
    /// Price of a unit, a package or the whole.
    pub price: Decimal,
    pub tiers: &'a [Tier],
    /// Units in a package.
    pub package_size: Option<Decimal>,
    /// Units that come off first.
    pub included_units: Option<Decimal>,
    /// Price beyond.
    pub overage_price: Option<Decimal>,
}

impl<'a> Price<'a> {
    /// The price part of a charge's terms.
    pub fn of(terms: &'a ChargeTerms) -> Self {
        Self {
            model: terms.model,
            price: terms.price,
            tiers: &terms.tiers,
            package_size: terms.package_size,
            included_units: terms.included_units,
            overage_price: terms.overage_price,
        }
    }

    /// What `quantity` costs, exactly.
    pub fn rate(&self, quantity: Decimal) -> Result<Decimal, RatingError> {
        match self.model {
            Model::Flat => Ok(self.price),
            Model::PerUnit => times(self.price, quantity),
            Model::Tiered | Model::TieredOverage => Ok(sum(&self.steps(quantity)?)),
            Model::Volume => self.volume(quantity),
            Model::Package => times(self.price, self.packages(quantity)?),
            Model::Overage => {
                let price = self.overage_price.ok_or(RatingError::NoOveragePrice)?;
                times(price, self.beyond_included(quantity)?)
            }
            Model::DiscountPercent | Model::DiscountFixed => Err(RatingError::Discount),
        }
    }

    /// Units beyond the included ones, never below zero.
    pub fn beyond_included(&self, quantity: Decimal) -> Result<Decimal, RatingError> {
        let beyond = quantity
            .checked_sub(self.included_units.unwrap_or_default())
            .ok_or(RatingError::TooLarge)?;
        Ok(beyond.max(Decimal::ZERO))
    }

    /// Started packages beyond the included units.
    pub fn packages(&self, quantity: Decimal) -> Result<Decimal, RatingError> {
        let size =
            self.package_size.filter(|s| *s > Decimal::ZERO).ok_or(RatingError::NoPackageSize)?;
        let units = self.beyond_included(quantity)?;
        Ok(units.checked_div(size).ok_or(RatingError::TooLarge)?.ceil())
    }

    /// The tier that a total falls in: its upper bound is its own, and a quantity between two
    /// bounds belongs to the upper tier. Beyond the last bound the last tier goes on.
    pub fn volume_tier(&self, quantity: Decimal) -> Result<&'a Tier, RatingError> {
        self.tiers
            .iter()
            .find(|tier| tier.to.is_none_or(|to| quantity <= to))
            .or(self.tiers.last())
            .ok_or(RatingError::NoTiers)
    }

    fn volume(&self, quantity: Decimal) -> Result<Decimal, RatingError> {
        let tier = self.volume_tier(quantity)?;
        times(tier.unit_price, quantity)?.checked_add(tier.flat_fee).ok_or(RatingError::TooLarge)
    }

    /// Units, price and fee by tier. Units in a tier count from the bound of the tier before it;
    /// the first is always reached, so that its fee is due without usage too.
    pub fn steps(&self, quantity: Decimal) -> Result<Vec<Step>, RatingError> {
        let last = self.tiers.last().ok_or(RatingError::NoTiers)?;
        let overage = match self.model {
            Model::TieredOverage => self.overage_price.ok_or(RatingError::NoOveragePrice)?,
            Model::Flat
            | Model::PerUnit
            | Model::Tiered
            | Model::Volume
            | Model::Package
            | Model::Overage
            | Model::DiscountPercent
            | Model::DiscountFixed => last.unit_price,
        };
        let mut steps = Vec::with_capacity(self.tiers.len() + 1);
        let mut bound = Decimal::ZERO;
        for (i, tier) in self.tiers.iter().enumerate() {
            if i > 0 && quantity <= bound {
                break;
            }
            let upto = tier.to.map_or(quantity, |to| quantity.min(to));
            steps.push(Step::new(upto - bound, tier.unit_price, tier.flat_fee)?);
            bound = tier.to.unwrap_or(quantity).max(bound);
        }
        if let Some(to) = last.to.filter(|to| quantity > *to) {
            steps.push(Step::new(quantity - to, overage, Decimal::ZERO)?);
        }
        Ok(steps)
    }
}

/// The part of a quantity that one tier prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Units in the tier.
    pub units: Decimal,
    pub unit_price: Decimal,
    /// Fee for reaching it.
    pub flat_fee: Decimal,
    /// Units × price + fee.
    pub amount: Decimal,
}

impl Step {
    fn new(units: Decimal, unit_price: Decimal, flat_fee: Decimal) -> Result<Self, RatingError> {
        let amount =
            times(unit_price, units)?.checked_add(flat_fee).ok_or(RatingError::TooLarge)?;
        Ok(Self { units, unit_price, flat_fee, amount })
    }
}

fn sum(steps: &[Step]) -> Decimal {
    steps.iter().map(|step| step.amount).sum()
}

fn times(price: Decimal, quantity: Decimal) -> Result<Decimal, RatingError> {
    price.checked_mul(quantity).ok_or(RatingError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::charge::parse_tiers;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn cost(model: Model, tiers: &str, quantity: &str) -> Decimal {
        let tiers = parse_tiers(tiers).unwrap();
        let price = Price {
            model,
            price: dec("7"),
            tiers: &tiers,
            package_size: Some(dec("10")),
            included_units: Some(dec("5")),
            overage_price: Some(dec("3")),
        };
        price.rate(dec(quantity)).unwrap().normalize()
    }

    #[test]
    fn tiers_count_from_the_bound_before_and_fees_are_due_once_reached() {
        let fees = "0-10@10+2;11-20@5+3;21-@5+3";
        for (quantity, amount) in [
            ("0", "2"),
            ("1", "12"),
            ("10", "102"),
            ("10.5", "107.5"),
            ("11", "110"),
            ("20", "155"),
            ("21", "163"),
        ] {
            assert_eq!(cost(Model::Tiered, fees, quantity), dec(amount), "{quantity}");
        }
        let touching = "0-0.1@10;0.1-1@5;1-@2";
        for (quantity, amount) in [("0.05", "0.5"), ("0.1", "1"), ("1", "5.5"), ("2", "7.5")] {
            assert_eq!(cost(Model::Tiered, touching, quantity), dec(amount), "{quantity}");
        }
        assert_eq!(cost(Model::Tiered, "0-10@2", "15"), dec("30"), "the last price goes on");
        assert_eq!(cost(Model::TieredOverage, "0-10@2", "15"), dec("35"));
        assert_eq!(cost(Model::TieredOverage, "0-10@2;11-@1", "15"), dec("25"));
        assert_eq!(cost(Model::Tiered, "0-10@2;11-@1", "-3"), dec("-6"));
    }

    #[test]
    fn volume_prices_all_units_by_one_tier() {
        let fees = "0-100@2+10;101-200@1;201-@0.5+50";
        for (quantity, amount) in
            [("0", "10"), ("1", "12"), ("100", "210"), ("100.5", "100.5"), ("300", "200")]
        {
            assert_eq!(cost(Model::Volume, fees, quantity), dec(amount), "{quantity}");
        }
        assert_eq!(cost(Model::Volume, "0-10@2", "15"), dec("30"));
    }

    #[test]
    fn packages_and_overage_come_after_the_included_units() {
        for (quantity, packages) in [("0", 0), ("5", 0), ("5.1", 1), ("15", 1), ("16", 2)] {
            assert_eq!(cost(Model::Package, "", quantity), Decimal::from(packages * 7));
        }
        assert_eq!(cost(Model::Overage, "", "4"), Decimal::ZERO);
        assert_eq!(cost(Model::Overage, "", "7"), dec("6"));
        assert_eq!(cost(Model::Flat, "", "9"), dec("7"));
        assert_eq!(cost(Model::PerUnit, "", "9"), dec("63"));
    }

    #[test]
    fn what_is_missing_or_too_large_is_named() {
        let bare = Price {
            model: Model::Tiered,
            price: Decimal::MAX,
            tiers: &[],
            package_size: None,
            included_units: None,
            overage_price: None,
        };
        let with = |model| Price { model, ..bare }.rate(Decimal::TWO);
        assert_eq!(with(Model::Tiered), Err(RatingError::NoTiers));
        assert_eq!(with(Model::Volume), Err(RatingError::NoTiers));
        assert_eq!(with(Model::Package), Err(RatingError::NoPackageSize));
        assert_eq!(with(Model::Overage), Err(RatingError::NoOveragePrice));
        assert_eq!(with(Model::PerUnit), Err(RatingError::TooLarge));
        assert_eq!(with(Model::DiscountFixed), Err(RatingError::Discount));
        assert_eq!(with(Model::DiscountPercent), Err(RatingError::Discount));
    }
}
