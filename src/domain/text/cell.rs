//! Cells of a CSV file that no spreadsheet runs (OWASP, CSV injection).

use super::clean;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// A cell as it may leave: unsafe characters gone, and an apostrophe before what a spreadsheet
/// would take for a formula. A number stays a number (`-12.50`, `-1,204.80`, `-5 EUR`). A semicolon
/// parts cells in half of Europe, so what follows one is looked at as well.
pub fn cell(text: &str) -> Cow<'_, str> {
    let text = clean(text);
    if !text.split(';').any(|part| formula(part.trim_start_matches('\''))) {
        return text;
    }
    let part = |part: &str| {
        let quote = if formula(part.trim_start_matches('\'')) { "'" } else { "" };
        format!("{quote}{part}")
    };
    text.split(';').map(part).collect::<Vec<_>>().join(";").into()
}

/// A cell as it comes in: takes away the one apostrophe that [`cell`] put there.
pub fn uncell(text: &str) -> Cow<'_, str> {
    let quoted = |part: &str| part.starts_with('\'') && formula(part.trim_start_matches('\''));
    if !text.contains('\'') || !text.split(';').any(quoted) {
        return text.into();
    }
    let part = |part| if quoted(part) { part.get(1..).unwrap_or_default() } else { part };
    text.split(';').map(part).collect::<Vec<_>>().join(";").into()
}

/// Whether a spreadsheet might run a cell: `=`, `+`, `-`, `@`, in any width, first on the line.
fn formula(text: &str) -> bool {
    let first = text.trim_start().nfkc().next();
    matches!(first, Some('=' | '+' | '-' | '@' | '\u{2212}')) && !number(text)
}

/// Digits with at most one point and commas between thousands, a minus before and a currency after.
/// No amount is written with a plus: that is a telephone number, which would lose it.
fn number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let text = match text.rsplit_once(' ') {
        Some((amount, code)) if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) => {
            amount
        }
        Some(_) | None => text,
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let mut thousands = whole.split(',');
    let first = thousands.next().unwrap_or_default();
    let grouped = whole.contains(',');
    digits(first)
        && digits(part)
        && (!grouped || first.len() <= 3)
        && thousands.all(|t| t.len() == 3 && digits(t))
}
