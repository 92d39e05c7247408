//! How a language writes dates, numbers and money: dates, numbers and plural forms by ICU4X (CLDR), money by
//! `assets/text/money.toml`, since ICU4X has no settled format of it and a country may group money otherwise
//! than numbers (Austria: 1.234,50 and 1 234,50).

use crate::domain::money::Currency;
use crate::domain::speech::{Language, Tag};
use chrono::{Datelike, NaiveDate};
use icu_calendar::{Date, Gregorian};
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::YMD;
use icu_decimal::DecimalFormatter;
use icu_decimal::options::DecimalFormatterOptions;
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const MONEY: &str = include_str!("../../assets/text/money.toml");

/// A row of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoneyRow {
    /// CLDR: `#,##0.00 ¤`; behind a `;` that of what is below zero.
    pattern: String,
    decimal: String,
    group: String,
    /// How many digits have to stand before the first group.
    least: usize,
}

/// Every row. A file that does not read is a fault of the build, which a test finds.
pub(super) fn money_rows() -> &'static BTreeMap<String, MoneyRow> {
    static ROWS: OnceLock<BTreeMap<String, MoneyRow>> = OnceLock::new();
    ROWS.get_or_init(|| toml::from_str(MONEY).unwrap_or_default())
}

impl MoneyRow {
    fn of(tag: &Tag) -> Option<&'static Self> {
        let rows = money_rows();
        rows.get(&tag.to_string()).or_else(|| rows.get(tag.language.as_str()))
    }

    /// The digits of a plain decimal number without its sign.
    fn digits(&self, plain: &str) -> String {
        let (whole, fraction) = plain.split_once('.').map_or((plain, ""), |(w, f)| (w, f));
        let groups = whole.len() >= 3 + self.least;
        let mut out = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if groups && at > 0 && (whole.len() - at).is_multiple_of(3) {
                out.push_str(&self.group);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push_str(&self.decimal);
            out.push_str(fraction);
        }
        out
    }

    /// A plain decimal number.
    fn number(&self, plain: &str) -> String {
        match plain.strip_prefix('-') {
            Some(rest) => format!("-{}", self.digits(rest)),
            None => self.digits(plain),
        }
    }

    /// The same with its currency.
    fn sum(&self, plain: &str, code: &str) -> String {
        let (above, below) = match self.pattern.split_once(';') {
            Some((above, below)) => (above, below.to_owned()),
            None => (self.pattern.as_str(), format!("-{}", self.pattern)),
        };
        let (pattern, digits) = match plain.strip_prefix('-') {
            Some(rest) => (below.as_str(), rest),
            None => (above, plain),
        };
        pattern.replace("#,##0.00", &self.digits(digits)).replace('¤', code)
    }
}

/// The formats of a language and country; English has its own (`super::words`).
pub(super) struct Formats {
    dates: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    numbers: DecimalFormatter,
    plurals: PluralRules,
    money: &'static MoneyRow,
}

impl Formats {
    /// Those of a tag; none of English.
    pub(super) fn of(tag: &Tag) -> Option<Arc<Self>> {
        static KNOWN: Mutex<BTreeMap<Tag, Arc<Formats>>> = Mutex::new(BTreeMap::new());
        if tag.language == Language::English {
            return None;
        }
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known.get(tag) {
            return Some(made.clone());
        }
        let made = Arc::new(Self::make(tag)?);
        known.insert(tag.clone(), made.clone());
        Some(made)
    }

    fn make(tag: &Tag) -> Option<Self> {
        let locale: Locale = tag.to_string().parse().ok()?;
        Some(Self {
            dates: FixedCalendarDateTimeFormatter::try_new((&locale).into(), YMD::medium()).ok()?,
            numbers: DecimalFormatter::try_new(
                (&locale).into(),
                DecimalFormatterOptions::default(),
            )
            .ok()?,
            plurals: PluralRules::try_new_cardinal((&locale).into()).ok()?,
            money: MoneyRow::of(tag)?,
        })
    }

    /// `30.11.2026`, `30 nov. 2026`; none of a day beyond the calendar.
    pub(super) fn date(&self, day: NaiveDate) -> Option<String> {
        let (month, in_month) = (u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?);
        let day = Date::try_new_gregorian(day.year(), month, in_month).ok()?;
        Some(self.dates.format(&day).to_string())
    }

    /// A number with every digit it has.
    pub(super) fn number(&self, value: Decimal) -> String {
        let plain = value.to_string();
        let read = plain.parse::<fixed_decimal::Decimal>();
        read.map_or(plain, |value| self.numbers.format(&value).to_string())
    }

    /// An amount without its currency, as it stands in a column.
    pub(super) fn figure(&self, currency: Currency, minor: i64) -> String {
        self.money.number(&currency.plain(minor))
    }

    /// A price with every digit it has.
    pub(super) fn price(&self, value: Decimal) -> String {
        self.money.number(&value.to_string())
    }

    /// An amount with the code of its currency.
    pub(super) fn sum(&self, currency: Currency, minor: i64) -> String {
        self.money.sum(&currency.plain(minor), currency.code())
    }

    pub(super) fn plural(&self, count: usize) -> PluralCategory {
        self.plurals.category_for(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::e_invoice::is_country;

    fn formats(tag: &str) -> Arc<Formats> {
        Formats::of(&Tag::parse(tag).unwrap()).unwrap()
    }

    /// A blank that does not break, narrow or not, is seen as `~`.
    fn seen(text: &str) -> String {
        text.replace(['\u{a0}', '\u{202f}'], "~")
    }

    /// What CLDR 48.2 has for each: read from its JSON, not from our file.
    const TOLD: &[(&str, &str, &str, &str, &str, &str)] = &[
        ("de", "03.11.2026", "1.234,50~EUR", "-1.234,50~EUR", "-1.234.567,00~EUR", "1.234,5"),
        ("de-AT", "03.11.2026", "EUR~1.234,50", "-EUR~1.234,50", "-EUR~1.234.567,00", "1~234,5"),
        ("de-CH", "03.11.2026", "EUR~1'234.50", "EUR-1'234.50", "EUR-1'234'567.00", "1'234.5"),
        ("de-DE", "03.11.2026", "1.234,50~EUR", "-1.234,50~EUR", "-1.234.567,00~EUR", "1.234,5"),
        ("fr", "3 nov. 2026", "1~234,50~EUR", "-1~234,50~EUR", "-1~234~567,00~EUR", "1~234,5"),
        ("fr-BE", "3 nov. 2026", "1~234,50~EUR", "-1~234,50~EUR", "-1~234~567,00~EUR", "1~234,5"),
        ("fr-CH", "3 nov. 2026", "1'234.50~EUR", "-1'234.50~EUR", "-1'234'567.00~EUR", "1'234,5"),
        ("fr-LU", "3 nov. 2026", "1.234,50~EUR", "-1.234,50~EUR", "-1.234.567,00~EUR", "1.234,5"),
        ("nl", "3 nov 2026", "EUR~1.234,50", "EUR~-1.234,50", "EUR~-1.234.567,00", "1.234,5"),
        ("it", "3 nov 2026", "1234,50~EUR", "-1234,50~EUR", "-1.234.567,00~EUR", "1234,5"),
        ("es", "3 nov 2026", "1234,50~EUR", "-1234,50~EUR", "-1.234.567,00~EUR", "1234,5"),
        ("es-MX", "3 nov 2026", "EUR~1,234.50", "-EUR~1,234.50", "-EUR~1,234,567.00", "1,234.5"),
        ("pl", "3 lis 2026", "1234,50~EUR", "-1234,50~EUR", "-1~234~567,00~EUR", "1234,5"),
    ];

    #[test]
    fn dates_money_and_numbers_are_those_of_cldr() {
        let euro = Currency::parse("EUR").unwrap();
        let day = "2026-11-03".parse().unwrap();
        for (tag, date, sum, below, millions, number) in TOLD {
            let formats = formats(tag);
            let of = |minor| seen(&formats.sum(euro, minor));
            assert_eq!(
                (
                    formats.date(day).unwrap().as_str(),
                    of(123_450).as_str(),
                    of(-123_450).as_str(),
                    of(-123_456_700).as_str(),
                    seen(&formats.number("1234.5".parse().unwrap())).as_str()
                ),
                (*date, *sum, *below, *millions, *number),
                "{tag}"
            );
        }
    }

    #[test]
    fn figures_keep_every_digit_and_the_digits_of_the_currency() {
        let german = formats("de");
        for (code, minor, figure) in [
            ("EUR", -5, "-0,05"),
            ("JPY", 1_234_567, "1.234.567"),
            ("BHD", 1_005, "1,005"),
            ("EUR", i64::MIN, "-92.233.720.368.547.758,08"),
        ] {
            assert_eq!(german.figure(Currency::parse(code).unwrap(), minor), figure);
        }
        assert_eq!(german.price("0.000125".parse().unwrap()), "0,000125");
        assert_eq!(german.price("-1234.5678".parse().unwrap()), "-1.234,5678");
        let long = "-79228162514264337593543950335".parse().unwrap();
        assert_eq!(german.number(long), "-79.228.162.514.264.337.593.543.950.335");
        assert_eq!(german.date(NaiveDate::MIN), None);
    }

    #[test]
    fn each_language_has_its_money_and_each_row_a_country() {
        for language in Language::ALL.iter().filter(|l| **l != Language::English) {
            assert!(money_rows().contains_key(language.as_str()), "{language}");
        }
        for (tag, row) in money_rows() {
            assert_eq!(Tag::parse(tag).unwrap().to_string(), *tag);
            for pattern in row.pattern.split(';') {
                let rest = pattern.replacen("#,##0.00", "", 1).replacen('¤', "", 1);
                assert!(matches!(seen(&rest).as_str(), "~" | "~-" | "-"), "{tag}: {pattern:?}");
            }
            assert!((1..=2).contains(&row.least) && row.decimal.len() == 1, "{tag}");
            assert!(matches!(seen(&row.group).as_str(), "." | "," | "'" | "~"), "{tag}");
        }
    }

    #[test]
    fn every_country_of_every_language_has_formats() {
        let letters = || 'A'..='Z';
        let codes = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
        for code in codes.filter(|code| is_country(code)) {
            for language in ["de", "fr", "nl", "it", "es", "pl"] {
                let tag = Tag::parse(&format!("{language}-{code}")).unwrap();
                assert!(Formats::make(&tag).is_some(), "{tag}");
            }
        }
    }

    proptest::proptest! {
        /// Whatever stands between digits, they are those of the amount, in order, and the sign is told.
        #[test]
        fn no_language_loses_a_digit(minor: i64, at in 0..money_rows().len()) {
            let tag = money_rows().keys().nth(at).unwrap();
            let euro = Currency::parse("EUR").unwrap();
            for said in [formats(tag).sum(euro, minor), formats(tag).figure(euro, minor)] {
                let digits: String = said.chars().filter(char::is_ascii_digit).collect();
                let plain = euro.plain(minor);
                let wanted: String = plain.chars().filter(char::is_ascii_digit).collect();
                proptest::prop_assert_eq!(digits, wanted);
                proptest::prop_assert_eq!(said.contains('-'), minor < 0);
            }
        }
    }
}
