//! An amount in a currency, and what several amounts come to, currency by currency.

use super::{Currency, MoneyError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;

/// An amount in a currency; what is reckoned with it refuses another currency and what no longer
/// fits. As JSON it is `["EUR",120480]`; for people `1,204.80 EUR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(Currency, i64)", into = "(Currency, i64)")]
pub struct Money {
    /// Minor units: cents of EUR, whole JPY.
    pub minor: i64,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// What is left of it without the other.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    /// The same owed the other way round.
    pub fn negated(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// Without its sign.
    pub fn abs(self) -> Result<Self, MoneyError> {
        if self.minor < 0 { self.negated() } else { Ok(self) }
    }

    /// What amounts of one currency come to; of none, zero.
    pub fn sum(
        currency: Currency,
        all: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        all.into_iter().try_fold(currency.amount(0), Self::plus)
    }

    /// The smaller of two.
    pub fn least(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, |one, other| Some(one.min(other)))
    }

    fn with(self, other: Self, how: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::OtherCurrency { one: self.currency, other: other.currency });
        }
        let minor = how(self.minor, other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// Its minor units, for who reckons in one currency; of another it is refused.
    pub fn minor_in(self, currency: Currency) -> Result<i64, MoneyError> {
        Ok(currency.amount(0).plus(self)?.minor)
    }

    /// As a plain decimal string in the currency's digits, without the currency: `-1204.80`.
    pub fn plain(self) -> String {
        self.currency.plain(self.minor)
    }

    /// With thousands separated, without the currency: `1,204.80`.
    pub fn grouped(self) -> String {
        self.currency.grouped(self.minor)
    }
}

impl fmt::Display for Money {
    /// As people read it: `1,204.80 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.grouped(), self.currency))
    }
}

impl From<(Currency, i64)> for Money {
    fn from((currency, minor): (Currency, i64)) -> Self {
        Self { minor, currency }
    }
}

impl From<Money> for (Currency, i64) {
    fn from(money: Money) -> Self {
        (money.currency, money.minor)
    }
}

/// What minor units of one currency come to.
pub fn total(minors: impl IntoIterator<Item = i64>) -> Result<i64, MoneyError> {
    let sum = |sum: i64, minor| sum.checked_add(minor).ok_or(MoneyError::TooLarge);
    minors.into_iter().try_fold(0, sum)
}

/// What amounts come to, each currency once: in the order of the codes as they are added, or in
/// the order of who read them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Purse(Vec<Money>);

impl Purse {
    /// Adds an amount to those of its currency.
    pub fn add(&mut self, money: Money) -> Result<(), MoneyError> {
        if let Some(sum) = self.0.iter_mut().find(|m| m.currency == money.currency) {
            *sum = sum.plus(money)?;
            return Ok(());
        }
        let after = |m: &Money| m.currency.code() > money.currency.code();
        let place = self.0.iter().position(after).unwrap_or(self.0.len());
        self.0.insert(place, money);
        Ok(())
    }

    /// What amounts of any currencies come to.
    pub fn of(all: impl IntoIterator<Item = Money>) -> Result<Self, MoneyError> {
        let mut sums = Self::default();
        all.into_iter().try_for_each(|money| sums.add(money))?;
        Ok(sums)
    }

    /// What it has of one currency, if it has any.
    pub fn get(&self, currency: Currency) -> Option<Money> {
        self.0.iter().copied().find(|m| m.currency == currency)
    }

    /// Without the currencies of which it has nothing.
    #[must_use]
    pub fn without_zeros(mut self) -> Self {
        self.0.retain(|m| m.minor != 0);
        self
    }

    /// The most minor units first, among equals by code.
    #[must_use]
    pub fn largest_first(mut self) -> Self {
        self.0.sort_by_key(|m| (std::cmp::Reverse(m.minor), m.currency.code()));
        self
    }
}

impl From<Vec<Money>> for Purse {
    /// A list that has each currency once.
    fn from(list: Vec<Money>) -> Self {
        Self(list)
    }
}

impl From<Money> for Purse {
    fn from(money: Money) -> Self {
        Self(vec![money])
    }
}

impl Deref for Purse {
    type Target = [Money];

    fn deref(&self) -> &[Money] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Purse {
    type Item = &'a Money;
    type IntoIter = std::slice::Iter<'a, Money>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Purse {
    /// As people read it: `20,584.80 EUR + 1,200 JPY`; nothing for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, money) in self.0.iter().enumerate() {
            let plus = if i > 0 { " + " } else { "" };
            write!(f, "{plus}{money}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str, minor: i64) -> Money {
        Currency::parse(code).unwrap().amount(minor)
    }

    #[test]
    fn money_reads_as_people_and_programs_read_it() {
        for (code, minor, shown, plain, json) in [
            ("EUR", 120_480, "1,204.80 EUR", "1204.80", r#"["EUR",120480]"#),
            ("EUR", -5, "-0.05 EUR", "-0.05", r#"["EUR",-5]"#),
            ("JPY", 1_234_567, "1,234,567 JPY", "1234567", r#"["JPY",1234567]"#),
            ("BHD", -1_234_005, "-1,234.005 BHD", "-1234.005", r#"["BHD",-1234005]"#),
            ("USD", 0, "0.00 USD", "0.00", r#"["USD",0]"#),
        ] {
            let money = of(code, minor);
            assert_eq!(money.to_string(), shown);
            assert_eq!(money.plain(), plain);
            assert_eq!(serde_json::to_string(&money).unwrap(), json);
            assert_eq!(serde_json::from_str::<Money>(json).unwrap(), money);
        }
    }

    #[test]
    fn other_currencies_and_what_does_not_fit_are_refused() {
        type Reckon = fn(Money, Money) -> Result<Money, MoneyError>;
        const PLUS: Reckon = Money::plus;
        const MINUS: Reckon = Money::minus;
        const LEAST: Reckon = Money::least;
        const NEGATED: Reckon = |one, _| one.negated();
        const ABS: Reckon = |one, _| one.abs();
        let (e, y) = ("EUR", "JPY");
        let mixed = || {
            let (one, other) = (of(e, 0).currency, of(y, 0).currency);
            Err(MoneyError::OtherCurrency { one, other })
        };
        for (n, (how, one, other, what)) in [
            (PLUS, of(e, 2), of(e, -5), Ok(of(e, -3))),
            (PLUS, of(e, 0), of(y, 0), mixed()),
            (PLUS, of(e, i64::MAX), of(e, 1), Err(MoneyError::TooLarge)),
            (PLUS, of(e, i64::MIN), of(e, -1), Err(MoneyError::TooLarge)),
            (MINUS, of(e, 2), of(e, -5), Ok(of(e, 7))),
            (MINUS, of(e, 2), of(y, 2), mixed()),
            (MINUS, of(e, i64::MIN), of(e, 1), Err(MoneyError::TooLarge)),
            (LEAST, of(e, 2), of(e, -5), Ok(of(e, -5))),
            (LEAST, of(e, 2), of(y, 5), mixed()),
            (NEGATED, of(e, -7), of(e, 0), Ok(of(e, 7))),
            (NEGATED, of(e, i64::MIN), of(e, 0), Err(MoneyError::TooLarge)),
            (ABS, of(e, -7), of(e, 0), Ok(of(e, 7))),
            (ABS, of(e, i64::MIN), of(e, 0), Err(MoneyError::TooLarge)),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(how(one, other), what, "row {n}");
        }
        assert_eq!(of(e, -7).minor_in(of(e, 0).currency), Ok(-7));
        assert!(of(e, 0).minor_in(of(y, 0).currency).is_err());
        let sum = |list: &[Money]| Money::sum(of(e, 0).currency, list.iter().copied());
        assert_eq!(sum(&[]), Ok(of(e, 0)));
        assert_eq!(sum(&[of(e, 3), of(e, -1)]), Ok(of(e, 2)));
        assert_eq!(sum(&[of(e, 3), of(y, 1)]), mixed());
        assert_eq!(sum(&[of(e, i64::MAX), of(e, 1), of(e, -1)]), Err(MoneyError::TooLarge));
        assert_eq!((total([3, -1]), total([])), (Ok(2), Ok(0)));
        assert_eq!(total([i64::MAX, 1]), Err(MoneyError::TooLarge));
        assert_eq!(mixed().unwrap_err().to_string(), "amounts in EUR and JPY cannot be added up");
    }

    #[test]
    fn a_purse_has_each_currency_once_in_the_order_of_the_codes() {
        let all = [of("USD", 3), of("EUR", 5), of("JPY", 1), of("USD", -4), of("CHF", 0)];
        let purse = Purse::of(all).unwrap();
        assert_eq!(purse.to_string(), "0.00 CHF + 0.05 EUR + 1 JPY + -0.01 USD");
        assert_eq!(purse.clone().without_zeros().to_string(), "0.05 EUR + 1 JPY + -0.01 USD");
        assert_eq!(purse.get(of("JPY", 0).currency), Some(of("JPY", 1)));
        assert_eq!(purse.get(of("GBP", 0).currency), None);
        let json = r#"[["CHF",0],["EUR",5],["JPY",1],["USD",-1]]"#;
        assert_eq!(serde_json::to_string(&purse).unwrap(), json);
        assert_eq!(serde_json::from_str::<Purse>(json).unwrap(), purse);
        let largest: Vec<&str> = purse.largest_first().iter().map(|m| m.currency.code()).collect();
        assert_eq!(largest, ["EUR", "JPY", "CHF", "USD"]);
        let full = Purse::of([of("EUR", i64::MAX), of("EUR", 1)]);
        assert_eq!(full, Err(MoneyError::TooLarge));
        assert_eq!(Purse::default().to_string(), "");
    }
}
