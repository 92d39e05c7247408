//! Text from outside: what may be stored, and what may be shown.
//!
//! Control, escape and bidirectional characters can redraw a terminal or turn a line around
//! (CVE-2021-42574), invisible ones make two names look alike. They are told by their Unicode
//! general category, refused at intake and stripped wherever text leaves.

mod card;
mod cell;
mod fold;
mod key;

pub use card::refuse_card_number;
pub use cell::{cell, uncell};
pub use fold::{folded, holds, searchable, spellings};
pub use key::{canonical, tidy};

use std::borrow::Cow;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_joining_type::{JoiningType, get_joining_type};
use unicode_normalization::char::canonical_combining_class;
use unicode_segmentation::UnicodeSegmentation;

/// What is wrong with a text from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A line break or tab.
    #[error("has a line break or tab; write it on one line")]
    Break,
    /// A control, bidirectional, invisible or unassigned character.
    #[error("contains the control or invisible character U+{0:04X}")]
    Control(u32),
    /// What a reader of text puts where it could not read a character.
    #[error("contains U+FFFD, which stands for a character that was lost; write the right one")]
    Lost,
    /// More marks on one letter than any script writes.
    #[error("has a letter with more than {MOST_MARKS} marks")]
    Marks,
    /// Longer than allowed.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// Looks like a card number.
    #[error("looks like a card number; store the gateway's token, never the number")]
    CardNumber,
}

/// Marks on one letter: Unicode's own limit for text in streams is 30 (UAX 15), which is far more
/// than a line of a screen can bear; living scripts stay below 10.
const MOST_MARKS: usize = 10;

/// Whether a character must not be stored or shown wherever it stands: general category C (control,
/// format, surrogate, private, unassigned), Zl, Zp, and what draws nothing though it counts as a
/// letter or mark (property `Default_Ignorable_Code_Point`, with it every variation selector).
pub fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    match get_general_category(c) {
        GeneralCategory::Control
        | GeneralCategory::Format
        | GeneralCategory::Surrogate
        | GeneralCategory::PrivateUse
        | GeneralCategory::Unassigned
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator => true,
        _ => draws_nothing(c),
    }
}

/// `Default_Ignorable_Code_Point` outside category C (Unicode 16, DerivedCoreProperties.txt). The
/// property is closed but for reserved code points, which are unassigned.
fn draws_nothing(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

/// Whether a joiner stands where a script needs it: after a virama (Indic names), and the
/// non-joiner between two letters that would join (Persian ones). RFC 5892, appendix A.1 and A.2.
fn joins(before: &str, joiner: char, after: &str) -> bool {
    let Some(last) = before.chars().next_back() else { return false };
    if canonical_combining_class(last) == 9 {
        return true;
    }
    let seen = |c: &char| get_joining_type(*c) != JoiningType::Transparent;
    let left = before.chars().rev().find(seen).map(get_joining_type);
    let right = after.chars().find(seen).map(get_joining_type);
    joiner == NON_JOINER
        && matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// The characters of a text that must not be shown, with where they begin.
fn unsafe_in(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(move |(at, c)| {
        is_unsafe(*c)
            && !(matches!(*c, NON_JOINER | JOINER)
                && joins(
                    text.get(..*at).unwrap_or_default(),
                    *c,
                    text.get(at + c.len_utf8()..).unwrap_or_default(),
                ))
    })
}

/// Accepts a text for storage: no unsafe character, at most `max` graphemes, no card number.
pub fn accept(text: &str, max: usize) -> Result<(), TextError> {
    check(text, max)?;
    refuse_card_number(text)
}

/// Accepts a text for storage that may hold long numbers: no unsafe character, at most `max`
/// graphemes.
pub fn check(text: &str, max: usize) -> Result<(), TextError> {
    refuse_unsafe(text)?;
    if text.contains('\u{fffd}') {
        return Err(TextError::Lost);
    }
    if text.len() <= max && text.is_ascii() {
        return Ok(());
    }
    let mut seen = 0;
    for grapheme in text.graphemes(true) {
        seen += 1;
        if seen > max {
            return Err(TextError::TooLong(max));
        }
        if grapheme.chars().count() > MOST_MARKS + 1 {
            return Err(TextError::Marks);
        }
    }
    Ok(())
}

/// One word of a shell.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Bytes as hexadecimal digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
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

/// Refuses a text of any length with a character that must not be shown.
pub fn refuse_unsafe(text: &str) -> Result<(), TextError> {
    match unsafe_in(text).next() {
        Some((_, '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}')) => Err(TextError::Break),
        Some((_, bad)) => Err(TextError::Control(u32::from(bad))),
        None => Ok(()),
    }
}

/// Strips what must not be drawn, printed, mailed or exported.
pub fn clean(text: &str) -> Cow<'_, str> {
    let bad: Vec<usize> = unsafe_in(text).map(|(at, _)| at).collect();
    if bad.is_empty() {
        return text.into();
    }
    let kept = text.char_indices().filter(|(at, _)| bad.binary_search(at).is_err());
    kept.map(|(_, c)| c).collect::<String>().into()
}

/// The same with U+FFFD in the place of what must not be shown, so that it is seen.
pub fn marked(text: &str) -> Cow<'_, str> {
    let bad: Vec<usize> = unsafe_in(text).map(|(at, _)| at).collect();
    if bad.is_empty() {
        return text.into();
    }
    let mark = |(at, c)| if bad.binary_search(&at).is_ok() { '\u{fffd}' } else { c };
    text.char_indices().map(mark).collect::<String>().into()
}

/// What somebody else's program said (a gateway, a mail server, the system), for one line of a
/// screen or of the book: breaks become blanks, unsafe characters go, a card number is not
/// repeated, and it ends after `max` graphemes.
pub fn said(text: &str, max: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let words = clean(&spaced).split_whitespace().collect::<Vec<_>>().join(" ");
    if refuse_card_number(&words).is_err() {
        return "(words with a card number, not kept)".to_owned();
    }
    words.graphemes(true).take(max).collect()
}

/// The name of a file as it may be shown; what is no text in it is told by `?`.
pub fn path(name: &std::path::Path) -> String {
    clean(&name.to_string_lossy().replace('\u{fffd}', "?")).into_owned()
}

/// Whether a text has the form of one e-mail address: a name, one `@`, a domain, nothing that could
/// split a header or an envelope.
pub fn is_address(text: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || is_unsafe(c) || "<>()[]\\,;:\"".contains(c);
    let plain = |b: u8| b.is_ascii_graphic() && !b"<>()[]\\,;:\"".contains(&b);
    let clear = text.bytes().all(plain) || !text.contains(forbidden);
    clear
        && (text.len() <= 254 || text.chars().count() <= 254)
        && text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !domain.contains("..")
        })
}

#[cfg(test)]
mod tests;
