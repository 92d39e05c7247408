//! The text of a bank's line, searched for numbers. It is cut into tokens at anything but letters and digits,
//! in capitals; a number is found where whole neighbouring tokens joined are the number without what parts it,
//! so that `inv-2026 000002` and `INV2026000002` are one, and `R1` is not in `R12`. Banks break lines within
//! words, and leave the blank out where they join them: a text is read with its line breaks as blanks, and
//! with nothing in their place.

use std::collections::BTreeMap;

/// The most tokens that one number is cut into, and the most characters of it.
const MOST_TOKENS: usize = 8;
const LONGEST: usize = 40;
/// Shorter numbers say too little by themselves.
pub const SHORT: usize = 6;

/// Where a number may stand: the first character and the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub from: usize,
    pub to: usize,
}

impl Place {
    fn meets(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// A number as texts are searched for it: capitals, without what parts it.
pub fn key(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// Whether a number says something by itself: it has a letter and is not short.
pub fn is_telling(key: &str) -> bool {
    key.chars().any(char::is_alphabetic) && key.chars().count() >= SHORT
}

/// Tokens with their places.
fn tokens(text: &str, joined: bool) -> Vec<(Place, String)> {
    let mut all: Vec<(Place, String)> = Vec::new();
    let mut open = false;
    for (at, c) in text.chars().enumerate() {
        if c.is_alphanumeric() {
            if !open {
                all.push((Place { from: at, to: at }, String::new()));
            }
            if let Some((place, token)) = all.last_mut() {
                token.extend(c.to_uppercase());
                place.to = at + 1;
            }
            open = true;
        } else if !(joined && matches!(c, '\n' | '\r')) {
            open = false;
        }
    }
    all
}

/// Everything in a text that may be a number with a digit in it, and where.
pub fn candidates(text: &str) -> BTreeMap<String, Vec<Place>> {
    let mut found: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    let broken = text.contains(['\n', '\r']);
    for joined in if broken { &[false, true][..] } else { &[false][..] } {
        let all = tokens(text, *joined);
        for (at, (first, _)) in all.iter().enumerate() {
            let mut key = String::new();
            for (place, token) in all.iter().skip(at).take(MOST_TOKENS) {
                key.push_str(token);
                if key.len() > LONGEST {
                    break;
                }
                if key.bytes().any(|b| b.is_ascii_digit()) {
                    let place = Place { from: first.from, to: place.to };
                    let places = found.entry(key.clone()).or_default();
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
    }
    found
}

/// Whether a text holds a number.
pub fn holds(text: &str, number: &str) -> bool {
    let key = key(number);
    if key.bytes().any(|b| b.is_ascii_digit()) {
        return candidates(text).contains_key(&key);
    }
    !key.is_empty() && [false, true].iter().any(|j| tokens(text, *j).iter().any(|t| t.1 == key))
}

/// Of what was found the longest first, each taking its characters from the others; then in the order in
/// which they stand, each once.
pub fn longest<T: Clone + PartialEq>(mut found: Vec<(Place, T)>) -> Vec<T> {
    found.sort_by_key(|(place, _)| (std::cmp::Reverse(place.to - place.from), place.from));
    let mut kept: Vec<(Place, T)> = Vec::new();
    for (place, what) in found {
        if !kept.iter().any(|(other, _)| other.meets(place)) {
            kept.push((place, what));
        }
    }
    kept.sort_by_key(|(place, _)| *place);
    let mut once: Vec<T> = Vec::new();
    for (_, what) in kept {
        if !once.contains(&what) {
            once.push(what);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_whole_tokens_joined() {
        for (text, number, there) in [
            ("Rechnung inv-2026 000002 danke", "INV-2026-000002", true),
            ("INV2026000002", "INV-2026-000002", true),
            ("inv/2026.000002,x", "INV-2026-000002", true),
            ("R12", "R1", false),
            ("R1 2", "R1", true),
            ("AR1", "R1", false),
            ("INV-2026-0000021", "INV-2026-000002", false),
            ("INV-2026-0000\n02", "INV-2026-000002", true),
            ("EREF+77\nINV-2026-000002", "INV-2026-000002", true),
            ("SVWZ+INV-2026-000002\nvielen Dank", "INV-2026-000002", true),
            ("ft 7781 INV-2026-000001", "FT-7781", true),
            ("STRIPE PO_1", "po_1", true),
            ("straße 12", "STRASSE-12", true),
            ("", "A1", false),
            ("november", "november", true),
        ] {
            assert_eq!(holds(text, number), there, "{number} in {text:?}");
        }
    }

    #[test]
    fn the_longest_takes_its_characters_and_the_order_is_that_of_the_text() {
        let of = |places: &[(usize, usize, &'static str)]| {
            longest(
                places.iter().map(|(from, to, w)| (Place { from: *from, to: *to }, *w)).collect(),
            )
        };
        assert_eq!(of(&[(0, 4, "a"), (0, 9, "b"), (10, 12, "c")]), ["b", "c"]);
        assert_eq!(of(&[(10, 12, "c"), (0, 3, "a"), (20, 22, "a")]), ["a", "c"]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn what_is_short_or_has_no_letter_says_too_little() {
        for (key, telling) in
            [("INV2026000001", true), ("4711", false), ("20260000001", false), ("A001", false)]
        {
            assert_eq!(is_telling(key), telling, "{key}");
        }
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in ["\u{202e}INV-1", "😀 1 2 3 4 5 6 7 8 9 10 11", "\n\n", "1\r\n2"] {
            candidates(text);
        }
    }
}
