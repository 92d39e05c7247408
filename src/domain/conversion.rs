//! From a withdrawn currency into the one that took its place, at the rate the law fixed.
//!
//! An amount is divided by the whole rate and rounded once, half up, to the minor unit of the new
//! currency (Council Regulation (EC) No 1103/97, articles 4 and 5: a rate is neither rounded nor cut,
//! and what is to be paid is rounded to the nearest cent). So is a price that is an amount by itself.
//! A price of a unit is multiplied before it is paid, and keeps [`UNIT_DIGITS`] digits.

use super::charge::{ChargeTerms, Model, Tier};
use super::money::{Currency, MoneyError, parse_decimal};
use rust_decimal::{Decimal, RoundingStrategy};

/// Digits after the point that a converted price of a unit keeps at least.
pub const UNIT_DIGITS: u32 = 6;

/// Digits that a rate may have, as it is written.
const MOST_DIGITS: usize = 12;

/// How many of one currency are one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The withdrawn currency.
    pub from: Currency,
    /// What took its place.
    pub to: Currency,
    /// How many of `from` are one of `to`.
    pub per_one: Decimal,
    /// Minor units of `from` …
    units: i64,
    /// … that are this many of `to`; without a common divisor.
    scale: i64,
}

/// Why something is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not digits with at most one point.
    #[error("{0:?} is no rate: digits with at most one point")]
    NotANumber(String),
    /// Zero or less.
    #[error("{0} is no rate: it must be above zero")]
    NotPositive(Decimal),
    /// More digits than any rate has.
    #[error("{0} is no rate: more than {MOST_DIGITS} digits")]
    TooFine(String),
}

impl Rate {
    /// Reads a rate as it is written: `1.95583` of `from` for one of `to`.
    pub fn parse(text: &str, from: Currency, to: Currency) -> Result<Self, RateError> {
        let per_one = parse_decimal(text).ok_or_else(|| RateError::NotANumber(text.to_owned()))?;
        if per_one <= Decimal::ZERO {
            return Err(RateError::NotPositive(per_one));
        }
        let too_fine = || RateError::TooFine(text.to_owned());
        if text.bytes().filter(u8::is_ascii_digit).count() > MOST_DIGITS {
            return Err(too_fine());
        }
        let per_one = per_one.normalize();
        let power = |digits: u32| 10_i64.checked_pow(digits).ok_or_else(too_fine);
        let mantissa = i64::try_from(per_one.mantissa()).map_err(|_| too_fine())?;
        let units = mantissa.checked_mul(power(from.digits())?).ok_or_else(too_fine)?;
        let scale = power(per_one.scale() + to.digits())?;
        let common = divisor(units, scale);
        Ok(Self { from, to, per_one, units: units / common, scale: scale / common })
    }

    /// Minor units of `from` that are [`Self::scale`] minor units of `to`.
    pub fn units(&self) -> i64 {
        self.units
    }

    /// See [`Self::units`].
    pub fn scale(&self) -> i64 {
        self.scale
    }

    /// An amount of `from` in minor units of `to`, rounded half up.
    pub fn convert(&self, minor: i64) -> Result<i64, MoneyError> {
        share(minor, self.scale, self.units)
    }

    /// An amount of `to` in minor units of `from`, rounded half up.
    pub fn back(&self, minor: i64) -> Result<i64, MoneyError> {
        share(minor, self.units, self.scale)
    }

    /// A price in `to`, rounded half up to its digits.
    fn price(&self, price: Decimal, digits: u32) -> Result<Decimal, MoneyError> {
        let exact = price.checked_div(self.per_one).ok_or(MoneyError::TooLarge)?;
        Ok(exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero).normalize())
    }

    /// A price that is paid as it stands. One finer than the old minor unit stays that much finer.
    fn amount(&self, price: Decimal) -> Result<Decimal, MoneyError> {
        let finer = price.normalize().scale().saturating_sub(self.from.digits());
        self.price(price, self.to.digits() + finer)
    }

    /// A price that is multiplied by a quantity.
    fn unit(&self, price: Decimal) -> Result<Decimal, MoneyError> {
        self.price(price, UNIT_DIGITS.max(price.normalize().scale() + 4))
    }

    /// What a charge costs in `to`: every amount of it, and nothing else.
    pub fn terms(&self, terms: &ChargeTerms) -> Result<ChargeTerms, MoneyError> {
        let price = match terms.model {
            Model::DiscountPercent => terms.price,
            Model::Flat
            | Model::DiscountFixed
            | Model::Tiered
            | Model::Volume
            | Model::Overage
            | Model::TieredOverage => self.amount(terms.price)?,
            Model::PerUnit | Model::Package => self.unit(terms.price)?,
        };
        let tier = |tier: &Tier| -> Result<Tier, MoneyError> {
            Ok(Tier {
                from: tier.from,
                to: tier.to,
                unit_price: self.unit(tier.unit_price)?,
                flat_fee: self.amount(tier.flat_fee)?,
            })
        };
        // Each term is named: a new one is money or is not, and none is forgotten.
        Ok(ChargeTerms {
            price,
            overage_price: terms.overage_price.map(|p| self.unit(p)).transpose()?,
            tiers: terms.tiers.iter().map(tier).collect::<Result<_, _>>()?,
            name: terms.name.clone(),
            plan: terms.plan.clone(),
            charge_type: terms.charge_type,
            model: terms.model,
            quantity: terms.quantity,
            uom: terms.uom.clone(),
            billing_period: terms.billing_period,
            timing: terms.timing,
            billing_day: terms.billing_day,
            alignment: terms.alignment,
            price_base: terms.price_base,
            start_on: terms.start_on,
            end_on: terms.end_on,
            billed_through: terms.billed_through,
            package_size: terms.package_size,
            included_units: terms.included_units,
            discount_level: terms.discount_level,
            stacked: terms.stacked,
            tax_code: terms.tax_code.clone(),
            revenue_account: terms.revenue_account.clone(),
        })
    }
}

impl std::fmt::Display for Rate {
    /// `1.95583 BGN for 1 EUR`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} for 1 {}", self.per_one, self.from, self.to)
    }
}

/// `minor × over ÷ under`, half away from zero; `over` and `under` above zero.
pub fn share(minor: i64, over: i64, under: i64) -> Result<i64, MoneyError> {
    let (over, under) = (i128::from(over), i128::from(under));
    let twice = i128::from(minor).abs() * over * 2 + under;
    let rounded = i64::try_from(twice / (under * 2)).map_err(|_| MoneyError::TooLarge)?;
    Ok(if minor < 0 { -rounded } else { rounded })
}

fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::charge::{parse_tiers, write_tiers};

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    fn rate(text: &str, from: &str, to: &str) -> Rate {
        Rate::parse(text, currency(from), currency(to)).unwrap()
    }

    #[test]
    fn amounts_are_divided_by_the_whole_rate_and_rounded_once() {
        for (text, from, to, minor, converted) in [
            ("1.95583", "BGN", "EUR", 10_000, 5113),
            ("1.95583", "BGN", "EUR", 19_558, 10_000),
            ("1.95583", "BGN", "EUR", -19_558, -10_000),
            ("1.95583", "BGN", "EUR", 1, 1),
            ("7.5345", "HRK", "EUR", 1000, 133),
            ("1000", "SLL", "SLE", 499, 0),
            ("1000", "SLL", "SLE", 500, 1),
            // Minor units of other sizes.
            ("0.5", "JPY", "EUR", 3, 600),
            ("200", "EUR", "JPY", 100_000, 5),
            ("2", "BHD", "EUR", 1005, 50),
        ] {
            assert_eq!(rate(text, from, to).convert(minor), Ok(converted), "{minor} {from}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        let (from, to) = (currency("BGN"), currency("EUR"));
        for bad in
            ["0", "-1.95583", "1,95583", "", "NaN", "1e3", "1.9558300000001", "0.0000000000001"]
        {
            assert!(Rate::parse(bad, from, to).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_amount_of_a_price_is_converted_and_nothing_else() {
        let lev = rate("1.95583", "BGN", "EUR");
        let price = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(lev.amount(price("195.58")), Ok(price("100")));
        assert_eq!(lev.amount(price("0.005")), Ok(price("0.003")));
        assert_eq!(lev.unit(price("0.05")), Ok(price("0.025565")));
        assert_eq!(lev.unit(price("0.0012")), Ok(price("0.00061355")));
        let tiers = parse_tiers("0-10@10+2;11-@0.5").unwrap();
        let of = |t: &Tier| Tier {
            unit_price: lev.unit(t.unit_price).unwrap(),
            flat_fee: lev.amount(t.flat_fee).unwrap(),
            ..*t
        };
        let text = write_tiers(&tiers.iter().map(of).collect::<Vec<_>>());
        assert_eq!(text, "0-10@5.112919+1.02;11-@0.255646");
    }

    proptest::proptest! {
        #[test]
        fn there_and_back_is_off_by_less_than_one_new_minor_unit(minor in -1_000_000_000_i64..1_000_000_000) {
            let lev = rate("1.95583", "BGN", "EUR");
            let back = lev.back(lev.convert(minor).unwrap()).unwrap();
            proptest::prop_assert!((back - minor).abs() <= 1, "{minor} {back}");
            proptest::prop_assert_eq!(lev.convert(-minor), lev.convert(minor).map(|m| -m));
        }
    }
}
