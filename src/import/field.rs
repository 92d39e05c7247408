//! Cells: one reader per type of value, each with the words for what is wrong and the remedy.

use crate::domain::money::{Currency, parse_decimal};
use crate::domain::text::{self, TextError};
use crate::domain::withdrawn;
use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use std::borrow::Cow;

/// Longest number of an account, subscription, charge, document or usage record.
pub const MAX_KEY: usize = 64;
/// Longest name, address line and other printed text.
pub const MAX_TEXT: usize = 200;
/// Longest description of a usage record, and longest list of addresses or tiers.
pub const MAX_LONG: usize = 2000;

/// One row that did not go in, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// Line in the file, the header being 1.
    pub line: u64,
    /// Column by its name in the header; empty when the whole line is meant.
    pub column: String,
    /// What stands there, made safe to show and cut to a readable length.
    pub value: String,
    /// Why it cannot go in.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Where the row stands in the file, for the reject file: bytes from, to.
    #[serde(skip)]
    pub span: (usize, usize),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        if !self.value.is_empty() {
            write!(f, ", \"{}\"", self.value)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

/// One column of a kind of file: its name, and where this file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Name as in the header.
    pub name: &'static str,
    /// Position in this file; none when the file leaves it out.
    pub index: Option<usize>,
}

impl Slot {
    /// Whether the file has the column. One left out keeps its value in the book.
    pub fn given(self) -> bool {
        self.index.is_some()
    }
}

/// What is wrong with one cell (or header, or row).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Column; empty when the line as a whole is meant.
    pub column: String,
    /// What stands there, safe to show.
    pub value: String,
    /// Why it is refused.
    pub message: String,
    /// The remedy.
    pub hint: String,
}

impl Fault {
    /// A fault; `value` is stripped of what must not be shown and cut to 60 characters.
    pub fn new(
        column: &str,
        value: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let mut shown: String = text::clean(value).chars().take(60).collect();
        if shown.len() < text::clean(value).len() {
            shown.push('…');
        }
        let column = text::clean(column).chars().take(60).collect();
        Self { column, value: shown, message: message.into(), hint: hint.into() }
    }

    /// The fault at its place.
    pub fn at(self, line: u64, span: (usize, usize)) -> Refused {
        let Self { column, value, message, hint } = self;
        Refused { line, column, value, message, hint, span }
    }
}

/// The cells of one row.
pub struct Cells<'r> {
    record: &'r csv::ByteRecord,
}

/// Whether a column may hold what looks like a card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// Identifiers of any length: one in ten long numbers passes the card check by chance.
    Free,
    /// Text, where such a number can only be a card.
    NoCards,
}

impl<'r> Cells<'r> {
    /// The cells of a record.
    pub fn new(record: &'r csv::ByteRecord) -> Self {
        Self { record }
    }

    /// The text of a cell without blanks around it, and without the apostrophe that keeps a
    /// spreadsheet from running it; empty when the column is left out.
    pub fn raw(&self, slot: Slot) -> Result<Cow<'r, str>, Fault> {
        let Some(bytes) = slot.index.and_then(|i| self.record.get(i)) else { return Ok("".into()) };
        match std::str::from_utf8(bytes) {
            // Nearly all: nothing around it, and no apostrophe to be taken away.
            Ok(text) if bare(bytes) => Ok(text.into()),
            Ok(text) => Ok(match text::uncell(text.trim_matches(' ')) {
                Cow::Borrowed(text) => text.into(),
                Cow::Owned(text) => text.trim_matches(' ').to_owned().into(),
            }),
            Err(_) => Err(Fault::new(
                slot.name,
                &String::from_utf8_lossy(bytes),
                "is not UTF-8 text",
                "save the file as UTF-8",
            )),
        }
    }

    fn checked(&self, slot: Slot, max: usize, digits: Digits) -> Result<Cow<'r, str>, Fault> {
        let text = self.raw(slot)?;
        let plain = text.len() <= max && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !plain {
            text::check(&text, max).map_err(|error| text_fault(slot, &text, &error))?;
        }
        if digits == Digits::NoCards && text.len() >= 13 {
            text::refuse_card_number(&text)
                .map_err(|error| Fault::new(slot.name, "", error.to_string(), "remove it"))?;
        }
        Ok(text)
    }

    /// Printed text of at most `max` characters, may be empty.
    pub fn text(&self, slot: Slot, max: usize) -> Result<String, Fault> {
        self.checked(slot, max, Digits::NoCards).map(Cow::into_owned)
    }

    /// Printed text that must be there.
    pub fn required(&self, slot: Slot, max: usize) -> Result<String, Fault> {
        let text = self.checked(slot, max, Digits::NoCards)?;
        if text.is_empty() { Err(missing(slot)) } else { Ok(text.into_owned()) }
    }

    /// Printed text that must be there if the file has the column.
    pub fn required_if_given(&self, slot: Slot, max: usize) -> Result<String, Fault> {
        if slot.given() { self.required(slot, max) } else { Ok(String::new()) }
    }

    /// The number of something, must be there.
    pub fn key(&self, slot: Slot) -> Result<String, Fault> {
        let text = self.optional_key(slot)?;
        if text.is_empty() { Err(missing(slot)) } else { Ok(text) }
    }

    /// The number of something, may be empty.
    pub fn optional_key(&self, slot: Slot) -> Result<String, Fault> {
        self.checked(slot, MAX_KEY, Digits::Free).map(Cow::into_owned)
    }

    /// A civil date `YYYY-MM-DD` that must be there.
    pub fn date(&self, slot: Slot) -> Result<NaiveDate, Fault> {
        self.optional_date(slot)?.ok_or_else(|| missing(slot))
    }

    /// A civil date, may be empty.
    pub fn optional_date(&self, slot: Slot) -> Result<Option<NaiveDate>, Fault> {
        let text = self.raw(slot)?;
        if text.is_empty() {
            return Ok(None);
        }
        parse_date(&text).map(Some).ok_or_else(|| {
            Fault::new(
                slot.name,
                &text,
                "is not a date of the calendar",
                "write dates as YYYY-MM-DD (2026-11-30), from 1900 to 2199",
            )
        })
    }

    /// A decimal that must be there.
    pub fn decimal(&self, slot: Slot) -> Result<Decimal, Fault> {
        self.optional_decimal(slot)?.ok_or_else(|| missing(slot))
    }

    /// A decimal, may be empty. Kept exactly or refused, never rounded.
    pub fn optional_decimal(&self, slot: Slot) -> Result<Option<Decimal>, Fault> {
        let text = self.raw(slot)?;
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(value) = plain_decimal(&text) {
            return Ok(Some(value));
        }
        if parse_decimal(&text).is_none() {
            let hint = if text.contains(',') {
                "write decimals with a point and no separators (1234.5)"
            } else {
                "write plain digits with at most one point (1234.5)"
            };
            return Err(Fault::new(slot.name, &text, "is not a decimal number", hint));
        }
        exact_decimal(&text).map(Some).ok_or_else(|| {
            let message = "has more digits than can be kept exactly";
            Fault::new(slot.name, &text, message, "use at most 28 digits")
        })
    }

    /// A decimal that may not be negative, may be empty.
    pub fn not_negative(&self, slot: Slot) -> Result<Option<Decimal>, Fault> {
        let value = self.optional_decimal(slot)?;
        if value.is_some_and(|v| v.is_sign_negative() && !v.is_zero()) {
            let text = self.raw(slot)?;
            return Err(Fault::new(slot.name, &text, "is negative", "give 0 or more"));
        }
        Ok(value)
    }

    /// A whole number within bounds, may be empty.
    pub fn whole(&self, slot: Slot, from: u32, to: u32) -> Result<Option<u32>, Fault> {
        let text = self.raw(slot)?;
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|n| digits && (from..=to).contains(n)).map(Some).ok_or_else(
            || {
                let message = format!("is not a whole number from {from} to {to}");
                Fault::new(slot.name, &text, message, format!("give {from} to {to}"))
            },
        )
    }

    /// `true` or `false`, in any case; empty = false.
    pub fn boolean(&self, slot: Slot) -> Result<bool, Fault> {
        let text = self.raw(slot)?;
        if text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text.is_empty() || text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(Fault::new(slot.name, &text, "is neither true nor false", "write true or false"))
        }
    }

    /// A word of a closed set; empty = `default`, which is none for a required column.
    pub fn word<T>(
        &self,
        slot: Slot,
        parse: fn(&str) -> Option<T>,
        words: fn() -> String,
        default: Option<T>,
    ) -> Result<T, Fault> {
        let text = self.raw(slot)?;
        match default {
            Some(value) if text.is_empty() => Ok(value),
            None if text.is_empty() => Err(missing(slot)),
            Some(_) | None => parse(&text).ok_or_else(|| {
                let hint = format!("use {}", words());
                Fault::new(slot.name, &text, "is not a word of this column", hint)
            }),
        }
    }

    /// An ISO 4217 currency.
    pub fn currency(&self, slot: Slot) -> Result<Currency, Fault> {
        let text = self.raw(slot)?;
        if text.is_empty() {
            return Err(missing(slot));
        }
        Currency::parse(&text).ok_or_else(|| {
            let gone = withdrawn::of_code(&text);
            let hint = gone.map_or_else(
                || "use the three letters of ISO 4217 (EUR, USD, JPY)".to_owned(),
                |gone| format!("use {}: {gone}", gone.successor),
            );
            Fault::new(slot.name, &text, "is not a currency that can be billed in", hint)
        })
    }

    /// E-mail addresses separated by `;`.
    pub fn emails(&self, slot: Slot) -> Result<Vec<String>, Fault> {
        let text = self.checked(slot, MAX_LONG, Digits::NoCards)?;
        let mut found = Vec::new();
        for one in text.split(';').map(str::trim).filter(|one| !one.is_empty()) {
            if !text::is_address(one) {
                let hint = "write name@domain, several separated by ;";
                return Err(Fault::new(slot.name, one, "is not an e-mail address", hint));
            }
            found.push(one.to_owned());
        }
        Ok(found)
    }
}

/// An amount as nearly all are written, digits with at most one point among them; none for any other,
/// which [`exact_decimal`] may still read.
fn plain_decimal(text: &str) -> Option<Decimal> {
    if text.len() > 18 {
        return None;
    }
    let (mut number, mut scale, mut point) = (0_i64, 0_u32, false);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + i64::from(byte - b'0');
                scale += u32::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    let ends = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_digit());
    if !ends(text.bytes().next()) || !ends(text.bytes().last()) {
        return None;
    }
    Decimal::try_new(number, scale).ok()
}

/// A decimal kept to its last digit, zeros at the end of a long fraction aside; none when it has
/// more digits than 96 bits hold.
fn exact_decimal(text: &str) -> Option<Decimal> {
    let text = text.strip_prefix('+').unwrap_or(text);
    Decimal::from_str_exact(text)
        .or_else(|_| {
            let short = if text.contains('.') { text.trim_end_matches('0') } else { text };
            Decimal::from_str_exact(short.trim_end_matches('.'))
        })
        .ok()
}

/// Whether a cell has no blank around it, and no apostrophe in it.
fn bare(bytes: &[u8]) -> bool {
    bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ') && !bytes.contains(&b'\'')
}

fn missing(slot: Slot) -> Fault {
    Fault::new(slot.name, "", "is empty and must be there", "fill it in")
}

fn text_fault(slot: Slot, text: &str, error: &TextError) -> Fault {
    let hint = match error {
        TextError::Control(_) => "remove it: it could redraw a terminal or hide text",
        TextError::Break => "a cell is one line of text",
        TextError::Lost => "save the file as UTF-8 where it was made, or write the letter anew",
        TextError::Marks | TextError::CardNumber => "remove it",
        TextError::TooLong(_) => "shorten it",
    };
    Fault::new(slot.name, text, error.to_string(), hint)
}

/// Reads `YYYY-MM-DD` strictly; years 1900 to 2199, so that a slipped digit is caught.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        bytes
            .get(range)?
            .iter()
            .try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
    };
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let year = i32::try_from(number(0..4)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(5..7)?, number(8..10)?)
        .filter(|day| (1900..2200).contains(&day.year()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_decimal_is_read_whole_or_left_to_the_general_reading() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1.2.3", "1,5", "1e3", "1_000", " 1", "٣"] {
            assert_eq!(plain_decimal(text), None, "{text}");
        }
        for text in ["0", "007", "0.0", "29.90", "999999999999999999", "0.0000000000000001"] {
            assert!(plain_decimal(text).is_some(), "{text}");
        }
    }

    proptest! {
        /// Scale included: 1.50 stays 1.50.
        #[test]
        fn a_plain_decimal_is_the_exact_one(text in "[0-9.+-]{0,20}") {
            if let Some(plain) = plain_decimal(&text) {
                prop_assert!(parse_decimal(&text).is_some());
                let exact = exact_decimal(&text).map(|d| d.to_string());
                prop_assert_eq!(Some(plain.to_string()), exact);
            }
        }

        /// What nothing stands around is its text as it is.
        #[test]
        fn a_bare_cell_is_taken_as_it_stands(text in "[ -~]{0,8}") {
            if bare(text.as_bytes()) {
                prop_assert_eq!(text::uncell(text.trim_matches(' ')), &*text);
            }
        }
    }
}
