//! Dates and figures of English documents, as daybook has written them from the first: not those of a
//! country that writes English.

use crate::domain::money::Currency;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// `30 Nov 2026`: day, month in letters, year, so that no reader takes the day for the month.
pub(super) fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// A service period, as short as it can be said: `30 Nov 2026`, `1 – 30 Nov 2026`,
/// `1 Nov – 31 Dec 2026`, `15 Dec 2026 – 14 Jan 2027`.
pub(super) fn period(from: NaiveDate, to: NaiveDate) -> String {
    use chrono::Datelike;
    if from == to {
        return date(to);
    }
    let start = if from.year() != to.year() {
        "%-d %b %Y"
    } else if from.month() != to.month() {
        "%-d %b"
    } else {
        "%-d"
    };
    format!("{} – {}", from.format(start), date(to))
}

/// A quantity without trailing zeros and with thousands apart.
pub(super) fn quantity(value: Decimal) -> String {
    grouped(&value.normalize().to_string())
}

/// A unit price with at least the digits of the currency and no fewer than it has.
pub(super) fn unit_price(value: Decimal, currency: Currency) -> String {
    let mut value = value.normalize();
    if value.scale() < currency.digits() {
        value.rescale(currency.digits());
    }
    grouped(&value.to_string())
}

fn grouped(plain: &str) -> String {
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain), |r| ("-", r));
    let (whole, fraction) = rest.split_once('.').map_or((rest, ""), |(w, f)| (w, f));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn periods_say_no_more_than_needed() {
        for (from, to, said) in [
            ("2026-11-30", "2026-11-30", "30 Nov 2026"),
            ("2026-11-01", "2026-11-30", "1 – 30 Nov 2026"),
            ("2026-11-01", "2026-12-31", "1 Nov – 31 Dec 2026"),
            ("2026-12-15", "2027-01-14", "15 Dec 2026 – 14 Jan 2027"),
        ] {
            assert_eq!(period(day(from), day(to)), said);
        }
    }

    #[test]
    fn figures_keep_every_digit() {
        let eur = Currency::parse("EUR").unwrap();
        for (value, shown) in [
            ("10", "10.00"),
            ("0.00012500", "0.000125"),
            ("-1234.5", "-1,234.50"),
            ("1234567.891", "1,234,567.891"),
        ] {
            assert_eq!(unit_price(value.parse().unwrap(), eur), shown);
        }
        assert_eq!(quantity("12000.500".parse().unwrap()), "12,000.5");
        assert_eq!(quantity("100".parse().unwrap()), "100");
    }
}
