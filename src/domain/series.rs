//! Series of document numbers: the pattern, the number it gives, and whether two patterns could ever
//! give the same one.

use std::collections::HashSet;

/// A number from its pattern: `INV-{year}-{seq:6}`, 2026, 12 → `INV-2026-000012`.
pub fn number_from(pattern: &str, year: i32, seq: i64) -> String {
    let pattern = series_from(pattern, year);
    match pattern
        .split_once("{seq:")
        .and_then(|(a, rest)| rest.split_once('}').map(|(w, b)| (a, w, b)))
    {
        Some((before, width, after)) => {
            let width = width.parse().unwrap_or(1);
            format!("{before}{seq:0width$}{after}")
        }
        None => format!("{pattern}{seq}"),
    }
}

/// The name of the series a number belongs to: its pattern with the year filled in, so that a
/// pattern with `{year}` begins anew each year and one without goes on for ever.
pub fn series_from(pattern: &str, year: i32) -> String {
    pattern.replace("{year}", &year.to_string())
}

/// A pattern read: what may stand at each place of its numbers, whatever the year and the sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Place>);

/// One place of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// This character, in any case: a person reads `inv-1` and `INV-1` as one number.
    Is(char),
    Digit,
    /// Any number of digits.
    Digits,
}

impl Pattern {
    /// Letters, digits, `-` and `_` around one `{seq:N}` of width 1 to 12, with at most one `{year}`
    /// on each side; at most 40 characters.
    pub fn parse(pattern: &str) -> Option<Self> {
        let (before, rest) = pattern.split_once("{seq:")?;
        let (width, after) = rest.split_once('}')?;
        let digits = width.bytes().all(|b| b.is_ascii_digit());
        let width = width.parse().ok().filter(|w: &usize| digits && (1..=12).contains(w))?;
        if pattern.len() > 40 {
            return None;
        }
        let mut places = fixed(before)?;
        places.extend(std::iter::repeat_n(Place::Digit, width));
        // A sequence that outgrows its width goes on.
        places.push(Place::Digits);
        places.extend(fixed(after)?);
        Some(Self(places))
    }

    /// A number as it stands, as the pattern of itself.
    pub fn number(number: &str) -> Self {
        Self(number.chars().map(|c| Place::Is(c.to_ascii_lowercase())).collect())
    }

    /// Whether any number could be both patterns': every pair of places that a number could be at
    /// in both is walked, and there are few.
    pub fn meets(&self, other: &Self) -> bool {
        let (mut seen, mut open) = (HashSet::new(), vec![(0, 0)]);
        while let Some((i, j)) = open.pop() {
            if !seen.insert((i, j)) {
                continue;
            }
            let (a, b) = (self.0.get(i), other.0.get(j));
            match (a, b) {
                (None, None) => return true,
                (Some(Place::Digits), _) => {
                    open.push((i + 1, j));
                    if b.is_some_and(|b| b.may_be_digit()) {
                        open.push((i, j + 1));
                    }
                }
                (_, Some(Place::Digits)) => {
                    open.push((i, j + 1));
                    if a.is_some_and(|a| a.may_be_digit()) {
                        open.push((i + 1, j));
                    }
                }
                (Some(a), Some(b)) if a.agrees(*b) => open.push((i + 1, j + 1)),
                (Some(_) | None, Some(_)) | (Some(_), None) => {}
            }
        }
        false
    }
}

impl Place {
    fn may_be_digit(self) -> bool {
        match self {
            Self::Is(c) => c.is_ascii_digit(),
            Self::Digit | Self::Digits => true,
        }
    }

    fn agrees(self, other: Self) -> bool {
        match (self, other) {
            (Self::Is(a), Self::Is(b)) => a == b,
            (a, b) => a.may_be_digit() && b.may_be_digit(),
        }
    }
}

fn fixed(text: &str) -> Option<Vec<Place>> {
    let mut places = Vec::new();
    let mut parts = text.splitn(2, "{year}");
    let plain = |part: &str, places: &mut Vec<Place>| {
        places.extend(part.chars().map(|c| Place::Is(c.to_ascii_lowercase())));
        part.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    let fine = plain(parts.next()?, &mut places);
    if let Some(rest) = parts.next() {
        // Civil years have four digits.
        places.extend([Place::Digit; 4]);
        if !plain(rest, &mut places) {
            return None;
        }
    }
    fine.then_some(places)
}

/// Whether a pattern goes on counting a series that was counted before: the same text, with any
/// year in the place of `{year}`.
pub fn continues(pattern: &str, series: &str) -> bool {
    let Some((before, after)) = pattern.split_once("{year}") else { return pattern == series };
    let Some(rest) = series.strip_prefix(before) else { return false };
    let Some(year) = rest.get(..4).and_then(|y| y.parse().ok()) else { return false };
    rest.get(4..) == Some(&series_from(after, year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_follow_their_pattern() {
        assert_eq!(number_from("INV-{year}-{seq:6}", 2026, 12), "INV-2026-000012");
        assert_eq!(number_from("R{seq:3}-A", 2026, 1234), "R1234-A");
        assert_eq!(series_from("INV-{year}-{seq:6}", 2026), "INV-2026-{seq:6}");
        assert!(continues("INV-{year}-{seq:6}", "INV-2026-{seq:6}"));
        assert!(continues("R{seq:3}-{year}", "R{seq:3}-2026"));
        assert!(!continues("INV-{year}-{seq:6}", "INV-2026-{seq:7}"));
        assert!(continues("A{seq:1}", "A{seq:1}") && !continues("A{seq:1}", "B{seq:1}"));
    }

    #[test]
    fn patterns_that_could_meet_are_known() {
        for (one, other, meet) in [
            ("INV-{year}-{seq:6}", "CM-{year}-{seq:6}", false),
            ("INV-{year}-{seq:6}", "INV-{year}-{seq:6}", true),
            ("INV-{year}-{seq:6}", "inv-{year}-{seq:6}", true),
            ("INV-{year}-{seq:6}", "INV-{year}-{seq:7}", true),
            ("INV-{year}-{seq:6}", "INV-2026-{seq:6}", true),
            ("INV-{year}-{seq:6}", "INV-{seq:6}", false),
            ("INV{year}{seq:1}", "INV{seq:5}", true),
            ("INV{year}{seq:6}", "INV{seq:1}", true),
            ("INV{year}{seq:6}", "INV{seq:1}-A", false),
            ("1{seq:6}", "2{seq:6}", false),
            ("1{seq:6}", "{seq:6}1", true),
            ("{seq:1}1", "{seq:1}2", false),
            ("A{seq:12}", "A{seq:1}", true),
            ("A-{seq:6}", "A_{seq:6}", false),
            ("{year}{seq:6}", "2026{seq:6}", true),
            ("R{seq:2}{year}", "R{year}{seq:2}", true),
        ] {
            let (a, b) = (Pattern::parse(one).unwrap(), Pattern::parse(other).unwrap());
            assert_eq!((a.meets(&b), b.meets(&a)), (meet, meet), "{one} {other}");
        }
        assert!(Pattern::parse("INV-{seq:6}").unwrap().meets(&Pattern::number("inv-000007")));
        assert!(!Pattern::parse("INV-{seq:6}").unwrap().meets(&Pattern::number("INV-7")));
        for bad in
            ["INV", "{seq:0}", "{seq:13}", "{seq:+6}", "../{seq:6}", "{year}{year}{seq:1}", ""]
        {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        ("[aA1_-]{0,3}", "(\\{year\\})?", 1..4_usize, "[aA12-]{0,2}")
            .prop_map(|(a, y, n, b)| format!("{a}{y}{{seq:{n}}}{b}"))
    }

    proptest! {
        // Whatever two patterns give, the same number is only given where they were said to meet.
        #[test]
        fn numbers_meet_only_where_patterns_do(
            one in pattern(), other in pattern(),
            years in prop::array::uniform2(2020..2030_i32), seqs in prop::array::uniform2(1..3000_i64),
        ) {
            let (a, b) = (Pattern::parse(&one).unwrap(), Pattern::parse(&other).unwrap());
            let first = number_from(&one, years[0], seqs[0]);
            let second = number_from(&other, years[1], seqs[1]);
            prop_assert!(a.meets(&Pattern::number(&first)), "{} {}", one, first);
            if first.eq_ignore_ascii_case(&second) {
                prop_assert!(a.meets(&b), "{} {} {}", one, other, first);
            }
        }
    }
}
