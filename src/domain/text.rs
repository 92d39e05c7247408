//! Text from outside: what may be stored, and what may be shown.
//!
//! Control, escape and bidirectional characters can redraw a terminal or turn a line around
//! (CVE-2021-42574), so they are refused at intake and stripped wherever text leaves.

/// What is wrong with a text from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A control, bidirectional or zero-width character.
    #[error("contains the control character U+{0:04X}")]
    Control(u32),
    /// Longer than allowed.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// Looks like a card number.
    #[error("looks like a card number; store the gateway's token, never the number")]
    CardNumber,
}

/// Whether a character must not be stored or shown: C0, C1, bidirectional controls, zero-width
/// and other invisible format characters, variation selectors, tags.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Accepts a text for storage: no unsafe character, at most `max` characters.
pub fn check(text: &str, max: usize) -> Result<(), TextError> {
    if let Some(bad) = text.chars().find(|c| is_unsafe(*c)) {
        return Err(TextError::Control(u32::from(bad)));
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    Ok(())
}

/// A count with its noun: `1 copy`, `2 copies`.
pub fn counted(n: impl TryInto<i64>, one: &str, many: &str) -> String {
    match n.try_into().unwrap_or(i64::MAX) {
        1 => format!("1 {one}"),
        n => format!("{} {many}", grouped(n)),
    }
}

/// A whole number with thousands separated.
pub fn grouped(n: impl TryInto<i64>) -> String {
    let n = n.try_into().unwrap_or(i64::MAX);
    let digits = n.unsigned_abs().to_string();
    let mut out = if n < 0 { String::from("-") } else { String::new() };
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Strips what must not be drawn, printed, mailed or exported.
pub fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        text.chars().filter(|c| !is_unsafe(*c)).collect::<String>().into()
    } else {
        text.into()
    }
}

/// Refuses a field that holds a run of 13–19 digits with a right Luhn sum
/// (ISO/IEC 7812-1 annex B), blanks and dashes between them allowed.
pub fn refuse_card_number(text: &str) -> Result<(), TextError> {
    let mut digits: Vec<u32> = Vec::new();
    for c in text.chars().chain(std::iter::once('x')) {
        if let Some(d) = c.to_digit(10) {
            digits.push(d);
        } else if c != ' ' && c != '-' {
            if (13..=19).contains(&digits.len()) && luhn(&digits) {
                return Err(TextError::CardNumber);
            }
            digits.clear();
        }
    }
    Ok(())
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| match (i % 2, d * 2) {
            (0, _) => *d,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_card_numbers_are_caught() {
        assert_eq!(check("a\u{1b}[2J", 10), Err(TextError::Control(0x1b)));
        assert_eq!(check("a\u{202e}b", 10), Err(TextError::Control(0x202e)));
        assert_eq!(check("Müller & Søn 東京", 200), Ok(()));
        assert_eq!(clean("a\u{9b}b\u{200d}c"), "abc");
        assert!(refuse_card_number("visa 4242 4242 4242 4242").is_err());
        assert!(refuse_card_number("visa ··4242").is_ok());
        assert!(refuse_card_number("tok_4242424242424241").is_ok());
    }
}
