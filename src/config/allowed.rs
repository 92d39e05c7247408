//! What a setting takes, in words and as a judgement.

use crate::domain::damages::own_rates;
use crate::domain::document::FlagCode;
use crate::domain::e_invoice;
use crate::domain::money::{Currency, parse_decimal};
use crate::domain::retry::parse_waits;
use crate::domain::series::Pattern;
use crate::domain::speech::Tag;
use crate::domain::text;
use crate::zone;
use chrono::NaiveTime;
use rust_decimal::Decimal;

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// One of these words; the first is the default.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number from–to.
    Int(i64, i64),
    /// A decimal from 0 to this, with at most six decimal places.
    Decimal(u32),
    /// An amount above zero, or empty.
    AmountOrEmpty,
    /// A step of amounts that every currency can be billed in, or empty.
    StepOrEmpty,
    /// A line of text up to so many characters.
    Text(usize),
    /// A code with a rule of its own, or empty.
    Coded(Code),
    /// Lines of print separated by `;`, up to so many characters in all.
    Lines(usize),
    /// One e-mail address, or empty.
    Address,
    /// The name or address of a host, or empty.
    Host,
    /// Where a service answers, `https://…`.
    Url,
    /// Waits before the next try: `24h,3d,5d@09`.
    Waits,
    /// Rising days: `7,21,45`.
    Days,
    /// Base rates of half-years: `DE 2026-07-01 1.27; ECB 2026-07-01 2.15`.
    BaseRates,
    /// Flags of a draft, separated by commas.
    Flags,
    /// A time of the day such as `10:30`, or empty.
    TimeOrEmpty,
    /// An IANA time zone such as `Europe/Berlin`.
    Zone,
    /// An amount of several currencies: `EUR 0.50, JPY 50`.
    Sums,
    /// A number pattern holding `{seq:N}` and, to begin anew each year, `{year}`.
    Series,
}

/// Codes that a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// ISO 3166-1, two capitals.
    Country,
    /// ISO 13616, by its check digits.
    Iban,
    /// ISO 9362.
    Bic,
    /// Who debits by SEPA (EPC262-08), by its check digits.
    CreditorId,
    /// Of documents.
    Language,
    /// ISO 4217, three capitals.
    Currency,
}

impl Code {
    fn words(self) -> String {
        let words = match self {
            Self::Country => "two capital letters of ISO 3166-1 such as DE, or empty",
            Self::Iban => "an IBAN whose check digits are right, or empty",
            Self::Bic => "a BIC of 8 or 11 characters, or empty",
            Self::CreditorId => "a creditor id of SEPA whose check digits are right, or empty",
            Self::Currency => "three capital letters of ISO 4217 such as EUR, or empty",
            Self::Language => return format!("{}; empty: en", Tag::allowed()),
        };
        words.to_owned()
    }

    fn is(self, value: &str) -> bool {
        match self {
            Self::Country => e_invoice::is_country(value),
            Self::Iban => e_invoice::is_iban(value),
            Self::Bic => {
                let (bank, rest) = value.split_at_checked(6).unwrap_or((value, ""));
                matches!(value.len(), 8 | 11)
                    && bank.bytes().all(|b| b.is_ascii_uppercase())
                    && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            }
            Self::CreditorId => e_invoice::is_creditor_id(value),
            Self::Language => Tag::parse(value).is_some(),
            Self::Currency => Currency::parse(value).is_some_and(|c| c.code() == value),
        }
    }
}

use Allowed::{
    Address, AmountOrEmpty, BaseRates, Bool, Coded, Days, Decimal as Dec, Flags, Host, Int, Lines,
    Series, StepOrEmpty, Sums, Text, TimeOrEmpty, Url, Waits, Words, Zone,
};

/// The largest factor or percentage: beyond it nothing is told apart.
pub const MOST: u32 = 1_000_000;
/// The largest amount of a setting, in currency units.
const MOST_AMOUNT: i64 = 1_000_000_000_000;
/// The longest list of waits, days or flags.
const LONGEST_LIST: usize = 200;

impl Allowed {
    /// In words, for messages and `settings get`.
    pub fn words(self) -> String {
        match self {
            Words(words) => words.join(", "),
            Bool => "true, false".to_owned(),
            Int(low, high) => format!("a whole number from {low} to {high}"),
            Dec(most) => format!("a decimal from 0 to {most}, at most 6 decimal places"),
            AmountOrEmpty => format!("an amount above 0, at most {MOST_AMOUNT}, or empty"),
            StepOrEmpty => {
                "a step that every currency can be paid in, such as 0.05, 0.5 or 10, or empty"
                    .to_owned()
            }
            Coded(code) => code.words(),
            Text(max) => format!("one line of text up to {max} characters, or empty"),
            Lines(max) => {
                format!("lines separated by ; up to {max} characters in all, or empty")
            }
            Address => "one e-mail address, or empty".to_owned(),
            Host => "the name or address of a host, or empty".to_owned(),
            Url => "https://host, or http://host of this machine".to_owned(),
            Waits => "waits Nh, Nd or Nd@HH separated by commas, such as 24h,3d@09".to_owned(),
            Days => "rising days separated by commas, such as 7,21,45".to_owned(),
            BaseRates => {
                "a base (DE, ECB, GB), the first day of its half-year and percent, parted \
                          by ;, such as DE 2026-07-01 1.27; ECB 2026-07-01 2.15"
                    .to_owned()
            }
            Flags => {
                let words: Vec<&str> = FlagCode::ALL.iter().map(|f| f.as_str()).collect();
                format!("flags separated by commas: {}", words.join(", "))
            }
            TimeOrEmpty => "a time of the day such as 10:30, or empty".to_owned(),
            Sums => "amounts by currency such as EUR 0.50, JPY 50, or empty".to_owned(),
            Zone => "an IANA time zone such as Europe/Berlin".to_owned(),
            Series => {
                "letters, digits, - and _ around one {seq:1} to {seq:12}, and {year} to begin anew \
                 each year; at most 40 characters"
                    .to_owned()
            }
        }
    }

    /// Whether `value` is of this kind at all, so that what is made of it is what was meant.
    pub fn reads(self, value: &str) -> bool {
        match self {
            Words(words) => words.contains(&value),
            Bool => matches!(value, "true" | "false"),
            Int(..) => value.parse::<i64>().is_ok(),
            Dec(_) => value.parse::<Decimal>().is_ok(),
            AmountOrEmpty | StepOrEmpty => value.is_empty() || value.parse::<Decimal>().is_ok(),
            Zone => value.parse::<zone::Zone>().is_ok(),
            TimeOrEmpty => value.is_empty() || time(value).is_some(),
            Flags => flags(value).is_some(),
            Sums => sums(value).is_some(),
            Series => Pattern::parse(value).is_some(),
            // Text is what it is; who reads waits and days says what is wrong with them.
            Text(_) | Lines(_) | Coded(_) | Address | Host | Url | Waits | Days | BaseRates => true,
        }
    }

    /// Whether `;` begins a line.
    fn parts_lines(self) -> bool {
        matches!(self, Lines(_))
    }

    /// Whether `value` is allowed; the error says what is wrong with it.
    pub fn check(self, value: &str) -> Result<(), String> {
        let text = |max| text::accept(value, max).map_err(|why| why.to_string());
        text(match self {
            Text(most) | Lines(most) => most,
            Waits | Days | Flags | Sums => LONGEST_LIST,
            _ => 500,
        })?;
        let fine = match self {
            Words(words) => words.contains(&value),
            Bool => matches!(value, "true" | "false"),
            Int(low, high) => {
                let digits = value.strip_prefix('-').unwrap_or(value);
                digits.bytes().all(|b| b.is_ascii_digit())
                    && value.parse().is_ok_and(|n: i64| (low..=high).contains(&n))
            }
            Dec(most) => decimal(value)
                .is_some_and(|d| !below_zero(d) && d <= Decimal::from(most) && d.scale() <= 6),
            AmountOrEmpty => value.is_empty() || decimal(value).is_some_and(is_amount),
            StepOrEmpty => value.is_empty() || decimal(value).is_some_and(is_step),
            // Blanks are neither a text nor none.
            Text(_) | Lines(_) => {
                let says = |c: char| !(c.is_whitespace() || self.parts_lines() && c == ';');
                return if value.is_empty() || value.contains(says) {
                    Ok(())
                } else {
                    Err("cannot be blank".to_owned())
                };
            }
            Coded(code) => value.is_empty() || code.is(value),
            Address => value.is_empty() || text::is_address(value),
            Host => value.is_empty() || is_host(value),
            Url => is_url(value),
            Waits => {
                return parse_waits(value).map(|_| ()).map_err(|why| why.to_string());
            }
            Days => rising_days(value).is_some(),
            BaseRates => own_rates(value).is_some(),
            Flags => flags(value).is_some(),
            Sums => sums(value).is_some(),
            Zone => value.parse::<zone::Zone>().is_ok(),
            TimeOrEmpty => value.is_empty() || time(value).is_some(),
            Series => Pattern::parse(value).is_some(),
        };
        if fine { Ok(()) } else { Err(format!("cannot be {value:?}")) }
    }
}

fn decimal(value: &str) -> Option<Decimal> {
    // Its digits are kept as written, so that what is stored is what was meant.
    parse_decimal(value).filter(|_| value.len() <= 30)
}

fn below_zero(value: Decimal) -> bool {
    value.is_sign_negative() && !value.is_zero()
}

fn is_amount(value: Decimal) -> bool {
    value > Decimal::ZERO && value <= Decimal::from(MOST_AMOUNT) && value.scale() <= 6
}

/// A step counts where it is larger than the minor unit; there it must be whole minor units, or no
/// rounded amount could be paid. Currencies have 0, 2, 3 or 4 decimal places (ISO 4217).
pub fn is_step(value: Decimal) -> bool {
    let fits = |digits| {
        let unit = Decimal::new(1, digits);
        value <= unit || (value % unit).is_zero()
    };
    is_amount(value) && value <= Decimal::from(10_000) && [0, 2, 3, 4].into_iter().all(fits)
}

fn is_host(value: &str) -> bool {
    value.len() <= 253
        && !value.starts_with(['-', '.'])
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:_".contains(&b))
}

/// The key of the gateway goes there: in the clear only within this machine.
fn is_url(value: &str) -> bool {
    let (secure, rest) = match (value.strip_prefix("https://"), value.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return false,
    };
    let place = rest.split('/').next().unwrap_or_default();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port),
        Some(_) | None => (place, "443"),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let here = matches!(host, "localhost" | "::1") || host.starts_with("127.");
    value.len() <= 200
        && rest.bytes().all(|b| b.is_ascii_graphic() && !b"@?#\\\"'<>".contains(&b))
        && !host.is_empty()
        && is_host(host)
        && port.parse::<u16>().is_ok_and(|p| p > 0)
        && (secure || here)
}

/// Reads `7,21,45`: whole days, each later than the one before, at most ten years.
pub fn rising_days(value: &str) -> Option<Vec<u64>> {
    let words = value.split(',').map(str::trim).filter(|w| !w.is_empty());
    let days: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    let fine = days.windows(2).all(|w| w[0] < w[1]) && days.iter().all(|d| *d <= 3650);
    fine.then_some(days)
}

/// Reads `09:30`.
pub fn time(value: &str) -> Option<NaiveTime> {
    let plain = value.len() == 5 && value.bytes().all(|b| b.is_ascii_digit() || b == b':');
    NaiveTime::parse_from_str(value, "%H:%M").ok().filter(|_| plain)
}

/// Reads `EUR 0.50, JPY 50`, also with `=` or `:` between, `;` for the comma, or as a JSON object; each amount
/// as minor units of its currency.
pub fn sums(value: &str) -> Option<Vec<(Currency, i64)>> {
    let plain: String = value.chars().filter(|c| !"{}\"".contains(*c)).collect();
    let mut all: Vec<(Currency, i64)> = Vec::new();
    for one in plain.split([',', ';']).map(str::trim).filter(|one| !one.is_empty()) {
        let (code, amount) = one.split_at_checked(3)?;
        let currency = Currency::parse(&code.to_uppercase())?;
        let amount = amount.trim_start_matches([' ', '=', ':']).trim();
        let minor = currency.parse_minor(amount).ok().filter(|minor| *minor >= 0)?;
        if all.iter().any(|(other, _)| *other == currency) {
            return None;
        }
        all.push((currency, minor));
    }
    Some(all)
}

/// Reads `duplicate,back_billing`.
pub fn flags(value: &str) -> Option<Vec<FlagCode>> {
    let words = value.split(',').map(str::trim).filter(|w| !w.is_empty());
    words.map(FlagCode::parse).collect()
}
