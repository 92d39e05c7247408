//! Numbers that name a thing (of an account, a subscription, a charge, a document): when two of them
//! are one to a reader.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The form in which numbers are compared: without what a spreadsheet wraps around them (`="A-1"`),
/// in letters of one case and width (NFKC), with one kind of dash and of blank.
pub fn canonical(key: &str) -> Cow<'_, str> {
    let tidy = tidy(key);
    if tidy.is_ascii() && tidy.bytes().any(|b| b.is_ascii_uppercase()) {
        return tidy.to_ascii_lowercase().into();
    }
    if tidy.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return tidy;
    }
    let folded: String = tidy.nfkc().map(|c| if is_dash(c) { '-' } else { c }).collect();
    folded.to_lowercase().into()
}

/// The number as it should have been written: no wrapping, no blanks around it, single ones inside.
pub fn tidy(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|b| b.is_ascii_graphic()) && !key.starts_with("=\"") {
        return key.into();
    }
    let bare = key.trim();
    let bare = bare.strip_prefix("=\"").and_then(|k| k.strip_suffix('"')).unwrap_or(bare);
    let mut blanks = bare.chars().zip(bare.chars().skip(1));
    let odd = |c: char| c.is_whitespace() && c != ' ';
    let plain = bare.trim() == bare && !bare.chars().any(odd) && !blanks.any(|p| p == (' ', ' '));
    if plain {
        return bare.into();
    }
    bare.split_whitespace().collect::<Vec<_>>().join(" ").into()
}

/// Hyphens, dashes and the minus, in any width.
fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_alike_is_one_number() {
        for twin in [
            "A-1",
            "A-1\u{a0}",
            "\u{a0}A-1",
            "=\"A-1\"",
            "a-1",
            "A\u{2013}1",
            "A\u{2212}1",
            "Ａ－１",
            " A-1\t",
            "\u{2003}A-1",
            "=\"A-1 \"",
        ] {
            assert_eq!(canonical(twin), "a-1", "{twin:?}");
        }
        for other in ["A1", "A-10", "A - 1", "A-I", "A-01", "'A-1", "\"A-1\"", "=A-1"] {
            assert_ne!(canonical(other), "a-1", "{other:?}");
        }
        assert_eq!(canonical("A\u{a0} 1"), canonical("A 1"));
        assert_eq!(canonical("M\u{fc}ller-1"), canonical("Mu\u{308}ller-1"));
    }

    #[test]
    fn a_tidy_number_is_left_as_it_is() {
        for (key, expected) in [
            ("A-1", "A-1"),
            ("Konto 7", "Konto 7"),
            ("A\u{a0}1", "A 1"),
            ("=\"007\"", "007"),
            ("\u{a0}", ""),
            ("", ""),
        ] {
            assert_eq!(tidy(key), expected, "{key:?}");
        }
    }
}
