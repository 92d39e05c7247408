//! Money: integer minor units with a currency; the one place that rounds and the one that splits.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

mod amount;
pub use amount::{Money, Purse, total};

/// An ISO 4217 currency (<https://www.iso.org/iso-4217-currency-codes.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(iso_currency::Currency);

impl Ord for Currency {
    /// By code.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Currency {
    /// Some currency, where a value is needed before the right one is known; never stored.
    pub const PLACEHOLDER: Self = Self(iso_currency::Currency::EUR);

    /// Reads a code such as `EUR`, exactly three upper-case letters.
    pub fn parse(code: &str) -> Option<Self> {
        let found = iso_currency::Currency::from_code(code).map(Self)?;
        // Precious metals and the test code have no minor unit and are never billed in.
        found.0.exponent().map(|_| found)
    }

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the point: 2 for EUR, 0 for JPY, 3 for BHD.
    pub fn digits(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(2))
    }

    /// So many minor units of it.
    pub fn amount(self, minor: i64) -> Money {
        Money { minor, currency: self }
    }

    /// The decimal value of an amount in minor units.
    pub fn to_decimal(self, minor: i64) -> Decimal {
        Decimal::new(minor, self.digits())
    }

    /// An amount in minor units as a plain decimal string in the currency's digits: `-1204.80`.
    pub fn plain(self, minor: i64) -> String {
        self.to_decimal(minor).to_string()
    }

    /// An amount with thousands separated, for people: `1,204.80`.
    pub fn grouped(self, minor: i64) -> String {
        let plain = self.plain(minor);
        let (sign, rest) = plain.strip_prefix('-').map_or(("", plain.as_str()), |r| ("-", r));
        let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
        let mut out = String::from(sign);
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        if let Some(fraction) = fraction {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }

    /// Reads a plain decimal amount exactly; more digits than the currency has are refused.
    pub fn parse_minor(self, text: &str) -> Result<i64, MoneyError> {
        let value = parse_decimal(text).ok_or_else(|| MoneyError::NotANumber(text.to_owned()))?;
        self.exact_minor(value)
    }

    /// Reads an amount of it as [`Self::parse_minor`] does.
    pub fn read(self, text: &str) -> Result<Money, MoneyError> {
        self.parse_minor(text).map(|minor| self.amount(minor))
    }

    /// A decimal that already has no more digits than the currency, in minor units.
    pub fn exact_minor(self, value: Decimal) -> Result<i64, MoneyError> {
        let scaled = value
            .checked_mul(Decimal::from(10_i64.pow(self.digits())))
            .ok_or(MoneyError::TooLarge)?;
        if scaled.fract().is_zero() {
            scaled.trunc().try_into().map_err(|_| MoneyError::TooLarge)
        } else {
            Err(MoneyError::TooFine { digits: self.digits() })
        }
    }

    /// The most minor units that are not above a decimal: a limit, for comparing.
    pub fn whole_minor(self, limit: Decimal) -> i64 {
        limit
            .checked_mul(Decimal::from(10_i64.pow(self.digits())))
            .and_then(|scaled| scaled.floor().try_into().ok())
            .unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What can be wrong with an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number with a point.
    #[error("{0:?} is not a decimal number (digits with at most one point)")]
    NotANumber(String),
    /// Beyond what 64-bit minor units or a 96-bit decimal can hold.
    #[error("the amount is too large")]
    TooLarge,
    /// Amounts of two currencies have no sum and no difference.
    #[error("amounts in {one} and {other} cannot be added up")]
    OtherCurrency { one: Currency, other: Currency },
    /// More decimal places than the currency has.
    #[error("the currency has {digits} decimal places")]
    TooFine {
        /// Digits the currency has.
        digits: u32,
    },
}

/// Reads a decimal: an optional sign, digits, at most one point. No exponent, no commas, no blanks.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let ok = digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1;
    if ok { Decimal::from_str(text).ok() } else { None }
}

super::text_enum! {
    /// How a tie or a remainder is rounded (`rounding.mode`).
    #[derive(Default)]
    RoundingMode {
        /// Ties away from zero.
        #[default]
        HalfUp = "half_up",
        /// Ties to the even neighbour.
        HalfEven = "half_even",
        /// Away from zero.
        Up = "up",
        /// Toward zero.
        Down = "down",
    }
}

/// The rounding rule of a book: mode and increment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Rounding {
    /// How ties and remainders go.
    pub mode: RoundingMode,
    /// Smallest step in currency units (`0.05`); none = the currency's minor unit.
    pub increment: Option<Decimal>,
}

impl fmt::Display for Rounding {
    /// As it is kept: `half_up`, `half_up 0.05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.increment {
            Some(step) => write!(f, "{} {step}", self.mode),
            None => write!(f, "{}", self.mode),
        }
    }
}

impl Rounding {
    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (mode, step) = text.split_once(' ').map_or((text, None), |(m, s)| (m, Some(s)));
        let increment = match step {
            Some(step) => Some(parse_decimal(step)?),
            None => None,
        };
        Some(Self { mode: RoundingMode::parse(mode)?, increment })
    }

    /// Rounds an exact amount in currency units to minor units. The one place that rounds money.
    pub fn to_minor(&self, value: Decimal, currency: Currency) -> Result<i64, MoneyError> {
        let unit = Decimal::new(1, currency.digits());
        let step = self.increment.filter(|i| *i > unit).unwrap_or(unit);
        let strategy = match self.mode {
            RoundingMode::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            RoundingMode::HalfEven => RoundingStrategy::MidpointNearestEven,
            RoundingMode::Up => RoundingStrategy::AwayFromZero,
            RoundingMode::Down => RoundingStrategy::ToZero,
        };
        let steps = value
            .checked_div(step)
            .ok_or(MoneyError::TooLarge)?
            .round_dp_with_strategy(0, strategy);
        let rounded = steps.checked_mul(step).ok_or(MoneyError::TooLarge)?;
        currency.exact_minor(rounded)
    }
}

/// Splits `total` in proportion to `weights` so that the parts sum to it exactly: each part is the
/// difference of two cumulative shares (rounded toward zero), so no part is off by more than one
/// unit and equal splits are reproducible. Weights that sum to zero put everything on the last.
pub fn allocate(total: i64, weights: &[u64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    let mut parts = Vec::with_capacity(weights.len());
    let (mut seen, mut given) = (0_i128, 0_i64);
    for (i, weight) in weights.iter().enumerate() {
        seen += i128::from(*weight);
        let upto = if i + 1 == weights.len() {
            total
        } else if sum == 0 {
            0
        } else {
            i64::try_from(i128::from(total) * seen / sum).unwrap_or(total)
        };
        parts.push(upto - given);
        given = upto;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn amounts_print_in_the_digits_of_their_currency() {
        for (code, minor, plain, grouped) in [
            ("EUR", 120_480, "1204.80", "1,204.80"),
            ("EUR", -5, "-0.05", "-0.05"),
            ("JPY", 1_234_567, "1234567", "1,234,567"),
            ("BHD", 1_005, "1.005", "1.005"),
            ("USD", 0, "0.00", "0.00"),
        ] {
            assert_eq!(currency(code).plain(minor), plain);
            assert_eq!(currency(code).grouped(minor), grouped);
            assert_eq!(currency(code).parse_minor(plain), Ok(minor));
        }
    }

    #[test]
    fn what_is_not_a_decimal_is_refused() {
        for bad in ["1,5", "NaN", "1e400", "", ".", "1 000", "0x10", "--1", "1_000", "inf"] {
            assert_eq!(parse_decimal(bad), None, "{bad}");
        }
        assert!(Currency::parse("XYZ").is_none() && Currency::parse("eur").is_none());
        assert!(currency("EUR").parse_minor("1.005").is_err());
    }

    #[test]
    fn weights_that_sum_to_zero_put_everything_on_the_last() {
        assert_eq!(allocate(5, &[0, 0]), [0, 5]);
        assert_eq!(allocate(-5, &[0, 0, 0]), [0, 0, -5]);
        assert_eq!(allocate(100, &[1, 1, 1]), [33, 33, 34]);
        assert_eq!(allocate(-100, &[1, 1, 1]), [-33, -33, -34]);
        assert_eq!(allocate(7, &[0, 3, 0]), [0, 7, 0]);
        assert!(allocate(7, &[]).is_empty());
    }

    #[test]
    fn a_limit_counts_the_whole_minor_units_below_it() {
        for (code, limit, minor) in [
            ("EUR", "10.019", 1001),
            ("EUR", "10", 1000),
            ("EUR", "-0.001", -1),
            ("JPY", "99.9", 99),
            ("KWD", "0.0019", 1),
            ("EUR", "99999999999999999999", i64::MAX),
        ] {
            let limit = limit.parse().unwrap();
            assert_eq!(currency(code).whole_minor(limit), minor, "{limit} {code}");
        }
    }

    #[test]
    fn a_rule_of_rounding_is_read_as_it_was_kept() {
        for text in ["half_up", "half_up 0.05", "half_even", "down 1", "up 0.01"] {
            assert_eq!(Rounding::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "sideways", "half_up x", "half_up  0.05"] {
            assert_eq!(Rounding::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_mode_rounds_negatives_as_its_mirror() {
        use RoundingMode::{Down, HalfEven, HalfUp, Up};
        let eur = currency("EUR");
        for (mode, value, minor) in [
            (HalfUp, "0.125", 13),
            (HalfUp, "-0.125", -13),
            (HalfEven, "0.125", 12),
            (HalfEven, "0.135", 14),
            (Up, "0.121", 13),
            (Up, "-0.121", -13),
            (Down, "0.129", 12),
            (Down, "-0.129", -12),
        ] {
            let rule = Rounding { mode, increment: None };
            assert_eq!(rule.to_minor(value.parse().unwrap(), eur), Ok(minor), "{mode:?} {value}");
        }
        let francs = Rounding { mode: HalfUp, increment: Some("0.05".parse().unwrap()) };
        assert_eq!(francs.to_minor("1.975".parse().unwrap(), currency("CHF")), Ok(200));
        assert_eq!(francs.to_minor("1.97".parse().unwrap(), currency("CHF")), Ok(195));
    }

    proptest::proptest! {
        #[test]
        fn parts_sum_to_the_whole(total in -10_000_000_i64..10_000_000, weights in proptest::collection::vec(0_u64..1000, 1..20)) {
            let parts = allocate(total, &weights);
            proptest::prop_assert_eq!(parts.iter().sum::<i64>(), total);
            proptest::prop_assert!(parts.iter().all(|p| p.signum() * total.signum() >= 0));
        }
    }
}
