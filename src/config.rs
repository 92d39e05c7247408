//! Every setting of a book: key, default, what is allowed, what it does. One table.

mod allowed;
pub mod key;

pub use allowed::{Allowed, flags, rising_days, sums, time};
pub use key::SETTINGS;

use crate::domain::document::DocumentKind;
use crate::domain::money::Currency;
use crate::domain::series::Pattern;
use crate::zone;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The key, `group.name`.
    pub key: &'static str,
    /// The value until it is set.
    pub default: &'static str,
    /// What it takes.
    pub allowed: Allowed,
    /// What it does, one line.
    pub help: &'static str,
}

impl Setting {
    /// The key up to its dot, included.
    pub fn group(&self) -> &'static str {
        self.key.find('.').map_or(self.key, |dot| &self.key[..=dot])
    }
}

/// The key.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)
    }
}

/// The setting that a person names; code names its constant in [`key`].
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().copied().find(|s| s.key == key)
}

/// The series of numbers, each kind of document its own.
pub const SERIES: [&Setting; 6] = [
    key::SERIES_INVOICE,
    key::SERIES_CREDIT_MEMO,
    key::SERIES_DEBIT_MEMO,
    key::SERIES_WRITE_OFF,
    key::SERIES_VOID,
    key::SERIES_DUNNING,
];

/// The settings of a book, read once.
#[derive(Debug, Clone, Default)]
pub struct Config {
    set: BTreeMap<String, String>,
}

impl Config {
    /// From the values that were set.
    pub fn new(set: BTreeMap<String, String>) -> Self {
        Self { set }
    }

    /// The value, set or default.
    pub fn get(&self, of: &Setting) -> &str {
        self.set.get(of.key).map_or(of.default, String::as_str)
    }

    /// Whether somebody set it, be it to the default.
    pub fn is_set(&self, of: &Setting) -> bool {
        self.set.contains_key(of.key)
    }

    /// A whole number.
    pub fn int(&self, of: &Setting) -> i64 {
        self.get(of).parse().unwrap_or_default()
    }

    /// A decimal; none when empty. One beyond what is allowed (an older book may hold it) counts as
    /// the most that is.
    pub fn decimal(&self, of: &Setting) -> Option<Decimal> {
        let value: Decimal = self.get(of).parse().ok()?;
        match of.allowed {
            Allowed::Decimal(most) => {
                Some(value.clamp(Decimal::ZERO, Decimal::from(most)).round_dp(6))
            }
            Allowed::StepOrEmpty => Some(value).filter(|v| allowed::is_step(*v)),
            _ => Some(value),
        }
    }

    /// A key whose stored value is not of its kind at all, and the value. One that is merely beyond
    /// what is allowed by now (an older book may hold it) can be read.
    pub fn unreadable(&self) -> Option<(&str, &str)> {
        let stored = self.set.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        stored
            .filter(|(key, value)| find(key).is_some_and(|s| !s.allowed.reads(value)))
            .min_by_key(|(key, _)| *key)
    }

    /// A yes or no.
    pub fn is(&self, of: &Setting) -> bool {
        self.get(of) == "true"
    }

    /// The number pattern of a kind.
    pub fn pattern(&self, kind: DocumentKind) -> &str {
        self.get(match kind {
            DocumentKind::Invoice => key::SERIES_INVOICE,
            DocumentKind::CreditMemo => key::SERIES_CREDIT_MEMO,
            DocumentKind::DebitMemo => key::SERIES_DEBIT_MEMO,
            DocumentKind::WriteOff => key::SERIES_WRITE_OFF,
        })
    }

    /// The book's time zone.
    pub fn zone(&self) -> zone::Zone {
        self.get(key::BOOK_TIME_ZONE).parse().unwrap_or(zone::Zone::UTC)
    }

    /// What a payment in a currency may be short of what it names, minor units.
    pub fn tolerance(&self, currency: Currency) -> i64 {
        let all = sums(self.get(key::MATCH_TOLERANCE)).unwrap_or_default();
        all.into_iter().find(|(of, _)| *of == currency).map_or(0, |(_, minor)| minor)
    }

    /// The same settings with one changed, for checking a combination before it is stored.
    pub fn with(&self, of: &Setting, value: &str) -> Self {
        let mut set = self.set.clone();
        set.insert(of.key.to_owned(), value.to_owned());
        Self { set }
    }

    /// Where the settings contradict one another.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.is(key::PRORATION_BILL_PARTIAL_MONTH) && !self.is(key::PRORATION_PRORATE) {
            found.push(
                "proration.bill_partial_month = true needs proration.prorate = true; set \
                 bill_partial_month to false first"
                    .to_owned(),
            );
        }
        for (i, one) in SERIES.iter().enumerate() {
            for other in SERIES.iter().skip(i + 1) {
                let both = (Pattern::parse(self.get(one)), Pattern::parse(self.get(other)));
                if let (Some(a), Some(b)) = both
                    && a.meets(&b)
                {
                    found.push(format!(
                        "{one} = {} and {other} = {} can give the same number; give each its own \
                         letters",
                        self.get(one),
                        self.get(other)
                    ));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_allowed_and_keys_are_unique() {
        for (i, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(setting.allowed.check(setting.default), Ok(()), "{}", setting.key);
            assert!(SETTINGS.iter().skip(i + 1).all(|o| o.key != setting.key), "{}", setting.key);
            if let Allowed::Words(words) = setting.allowed {
                assert_eq!(words.first(), Some(&setting.default), "{}", setting.key);
            }
        }
        assert_eq!(Config::default().contradictions(), Vec::<String>::new());
        let odd = Config::default().with(key::PRORATION_PRORATE, "false");
        assert_eq!(odd.contradictions().len(), 1);
        let same = Config::default().with(key::SERIES_CREDIT_MEMO, "inv-{year}-{seq:5}");
        assert_eq!(same.contradictions().len(), 1, "{:?}", same.contradictions());
    }

    #[test]
    fn bad_values_are_refused() {
        for (key, bad) in [
            ("series.invoice", "INV"),
            ("series.invoice", "{seq:0}"),
            ("series.invoice", "../{seq:6}"),
            ("rounding.increment", "-1"),
            ("rounding.increment", "1e3"),
            ("book.time_zone", "Mars"),
            ("day.bank_by", "9:30"),
            ("day.bank_by", "24:00"),
            ("day.bank_by", "noon"),
            ("proration.prorate", "yes"),
            ("smtp.port", "0"),
            ("smtp.port", "+25"),
            ("smtp.host", "a b"),
            ("smtp.from", "nobody"),
            ("smtp.from", "a@b c"),
            ("stripe.base_url", "http://api.stripe.com"),
            ("stripe.base_url", "https://"),
            ("stripe.base_url", "https://user@host"),
            ("stripe.base_url", "https://host:99999"),
            ("stripe.base_url", "file:///etc/passwd"),
            ("rounding.increment", "0.015"),
            ("rounding.increment", "1.5"),
            ("flags.total_high", "79228162514264337593543950335"),
            ("flags.total_high", "1e3"),
            ("flags.total_high", "0.0000001"),
            ("four_eyes.above", "79228162514264337593543950335"),
            ("retry.soft", "soon"),
            ("retry.soft", "24h;72h"),
            ("reminder.levels", "21,7"),
            ("reminder.levels", "99999"),
            ("automation.stop_flags", "duplicates"),
            ("issuer.name", "Acme\nGmbH"),
            ("issuer.name", "Acme 4242 4242 4242 4242"),
            ("issuer.name", "   "),
            ("issuer.tax_id", "\u{a0}"),
            ("issuer.address", " ; ;"),
            ("backup.to", " "),
        ] {
            assert!(find(key).unwrap().allowed.check(bad).is_err(), "{key} {bad}");
        }
        // What is too long is told the limit of its own.
        for (key, most) in [("issuer.name", 200), ("issuer.footer", 300), ("retry.soft", 200)] {
            let said = find(key).unwrap().allowed.check(&"x".repeat(501)).unwrap_err();
            assert_eq!(said, format!("is longer than {most} characters"), "{key}");
        }
        let lines = find("issuer.address").unwrap().allowed.words();
        assert!(lines.contains("separated by ;"), "{lines}");
        for (key, good) in [
            ("issuer.name", ""),
            ("issuer.footer", ";"),
            ("issuer.address", "Main St 1; 10115 Berlin"),
            ("smtp.host", "mail.example.org"),
            ("smtp.host", "::1"),
            ("smtp.from", "billing@example.org"),
            ("stripe.base_url", "http://127.0.0.1:8420"),
            ("stripe.base_url", "http://[::1]:8420"),
            ("stripe.base_url", "https://proxy.example/stripe"),
            ("rounding.increment", "0.05"),
            ("rounding.increment", "0.5"),
            ("rounding.increment", "0.001"),
            ("retry.soft", ""),
            ("retry.soft", "24h, 3d@09"),
            ("reminder.levels", ""),
            ("automation.stop_flags", "duplicate, stale"),
        ] {
            assert_eq!(find(key).unwrap().allowed.check(good), Ok(()), "{key} {good}");
        }
    }
}
