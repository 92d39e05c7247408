//! An amount as a clerk types it into a filter: `1000`, `1,000.50` as the screen prints it.

use crate::domain::money::{Currency, parse_decimal};
use rust_decimal::Decimal;

/// What is no amount should be one like these.
const SHOULD: &str = "an amount such as 1000, 1,000.50 or (of one currency) 1000EUR";

/// What is to be compared with, in ten-thousandths of a currency unit; or what it should be.
pub(super) fn typed(text: &str) -> Result<i64, String> {
    let plain = ungrouped(text).ok_or(SHOULD)?;
    if let Some((whole, part)) = plain.split_once('.')
        && plain == text
        && part.len() == 3
        && whole.trim_start_matches('-').len() <= 3
    {
        // Half of the world reads a thousand there.
        return Err(format!("clear: write {whole}{part} or {whole}.{part}0"));
    }
    printed(text)
}

/// An amount that the screen may have printed: of a dinar, `1.000` is one.
pub(super) fn printed(text: &str) -> Result<i64, String> {
    let value = ungrouped(text).and_then(|plain| parse_decimal(&plain)).ok_or(SHOULD)?;
    let units = value.checked_mul(Decimal::from(10_000)).map(|units| units.trunc());
    let units = units.and_then(|units| i64::try_from(units).ok());
    units.ok_or_else(|| "an amount that fits".to_owned())
}

/// An amount pasted from anywhere: with cents behind a comma as well (`1.437,97`).
pub(super) fn pasted(text: &str) -> Result<i64, String> {
    // `00087` is the end of a number, no amount.
    if text.len() > 1 && text.starts_with('0') && !text[1..].starts_with(['.', ',']) {
        return Err(SHOULD.to_owned());
    }
    match text.rsplit_once(',') {
        Some((whole, cents)) if (1..=2).contains(&cents.len()) && !whole.contains(',') => {
            printed(&format!("{}.{cents}", whole.replace('.', ",")))
        }
        _ => printed(text),
    }
}

/// An amount with its currency before or behind it (`500EUR`, `EUR500`, `500_EUR`), apart.
pub(super) fn with_currency(text: &str) -> (&str, Option<Currency>) {
    let code = |code: &str| Currency::parse(&code.to_ascii_uppercase());
    for (at, behind) in [(text.len().checked_sub(3), true), (Some(3), false)] {
        let Some((before, after)) = at.and_then(|at| text.split_at_checked(at)) else { continue };
        let (name, rest) = if behind { (after, before) } else { (before, after) };
        if let Some(currency) = code(name) {
            return (rest.trim_matches('_'), Some(currency));
        }
    }
    (text, None)
}

/// Without the commas between thousands; none if they stand anywhere else.
fn ungrouped(text: &str) -> Option<String> {
    let (whole, part) = text.split_once('.').map_or((text, None), |(w, p)| (w, Some(p)));
    if part.is_some_and(|part| part.contains(',')) {
        return None;
    }
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next().unwrap_or_default();
    let mut grouped = false;
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        grouped = true;
    }
    if grouped && !(1..=3).contains(&first.len()) {
        return None;
    }
    Some(text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::{Currency, pasted, typed, with_currency};

    #[test]
    fn an_amount_is_read_as_the_screen_prints_it_and_never_guessed() {
        for (text, units) in [
            ("1000", 10_000_000),
            ("1,000", 10_000_000),
            ("1,234,567.89", 12_345_678_900),
            ("-1,000.5", -10_005_000),
            ("1,000.500", 10_005_000),
            ("1.0", 10_000),
            ("1.50", 15_000),
            ("1.0000", 10_000),
            ("1234.567", 12_345_670),
            ("0", 0),
        ] {
            assert_eq!(typed(text), Ok(units), "{text}");
        }
        for (text, why) in [
            ("1.000", "clear: write 1000 or 1.0000"),
            ("-12.345", "clear: write -12345 or -12.3450"),
            ("1,00", "an amount"),
            ("1,0,000", "an amount"),
            ("1234,567", "an amount"),
            (",100", "an amount"),
            ("1.000.000", "an amount"),
            ("1.000,50", "an amount"),
            ("lots", "an amount"),
            ("", "an amount"),
            ("79228162514264337593543950335", "an amount that fits"),
            ("922,337,203,685,478", "an amount that fits"),
        ] {
            let said = typed(text).unwrap_err();
            assert!(said.starts_with(why), "{text}: {said}");
        }
    }

    #[test]
    fn an_amount_may_name_its_currency() {
        let eur = Currency::parse("EUR");
        for (text, rest, code) in [
            ("500EUR", "500", eur),
            ("eur1,000.50", "1,000.50", eur),
            ("500_EUR", "500", eur),
            ("500..1000EUR", "500..1000", eur),
            ("500", "500", None),
            ("EUR", "", eur),
            ("500XXQ", "500XXQ", None),
            ("5€", "5€", None),
        ] {
            assert_eq!(with_currency(text), (rest, code), "{text}");
        }
    }

    #[test]
    fn a_pasted_amount_may_have_its_cents_behind_a_comma() {
        for (text, units) in [
            ("437,97", Some(4_379_700)),
            ("-437,9", Some(-4_379_000)),
            ("1.437,97", Some(14_379_700)),
            ("1,437.97", Some(14_379_700)),
            ("1,437", Some(14_370_000)),
            ("1,437,97", None),
            ("1.43,97", None),
            ("A,97", None),
        ] {
            assert_eq!(pasted(text).ok(), units, "{text}");
        }
    }
}
