//! The filter a clerk types behind `/`: words, and terms such as `total>500 flag:any status:held`.

use crate::domain::text_enum;

text_enum! {
    /// What a term may ask about; each list knows some of them.
    Field {
        /// An amount in currency units.
        Total = "total",
        /// What is still owed, in currency units.
        Balance = "balance",
        /// A flag's code, or `any`, or `none`.
        Flag = "flag",
        /// The status word of the list.
        Status = "status",
        /// `none`, `accepted`, `held`.
        Review = "review",
        /// A run (`BR-000007`).
        Run = "run",
        /// Three letters.
        Currency = "currency",
        /// An account number, exactly.
        Account = "account",
        Batch = "batch",
        /// What the row is.
        Kind = "kind",
        /// A due date.
        Due = "due",
        /// `email`, `print`.
        Channel = "channel",
        /// Part of the last error.
        Error = "error",
        /// Who did it.
        User = "user",
        /// What was done.
        Verb = "verb",
        /// What it was about (`D-000012`).
        Subject = "subject",
        /// What to do next.
        Group = "group",
        /// Drawn for the spot-check: of a run, or `open` for runs that are not posted yet.
        Sample = "sample",
        /// Part of the name of a charge on it.
        Charge = "charge",
        /// The model of a charge on it (`tiered`).
        Model = "model",
    }
}

impl Field {
    /// What could stand behind it.
    fn example(self) -> &'static str {
        match self {
            Self::Total | Self::Balance => "500",
            Self::Flag => "any",
            Self::Status => "posted",
            Self::Review => "held",
            Self::Run => "BR-000007",
            Self::Currency => "EUR",
            Self::Account => "A-00139",
            Self::Due => "2026-01-31",
            Self::Channel => "email",
            Self::Subject => "D-000012",
            Self::Sample => "open",
            Self::Model => "tiered",
            Self::Verb => "post",
            Self::Group => "retry_later",
            Self::Batch | Self::Kind | Self::Error | Self::User | Self::Charge => "…",
        }
    }
}

text_enum! {
    /// How a term compares.
    Cmp {
        /// Equal, or contained for text.
        Is = ":",
        /// Not so.
        Not = "!",
        AtLeast = ">=",
        AtMost = "<=",
        More = ">",
        Less = "<",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What is asked about.
    pub field: Field,
    /// How it compares.
    pub cmp: Cmp,
    /// With what, as typed.
    pub value: String,
}

/// A filter: every word and every term must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Parts of a number or name, any case.
    pub words: Vec<String>,
    pub terms: Vec<Term>,
}

impl Filter {
    /// Its terms, if it is made of nothing else and none says what is not so.
    pub fn plain(&self) -> Option<Vec<(Field, Cmp, &str)>> {
        let terms = self.terms.iter().map(|t| (t.field, t.cmp, t.value.as_str()));
        self.words.is_empty().then(|| terms.collect())
    }
}

/// Why a filter makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No list knows the field.
    #[error("{0:?} is not a field; a text with such a sign goes in quotes (\"A > B\"); fields are {fields}", fields = Field::words())]
    UnknownField(String),
    /// This list does not know the field.
    #[error("this list has no {0}; it has {1}")]
    NotHere(Field, String),
    /// The value is not of the field's kind.
    #[error("{0}: {1:?} is not {2}")]
    BadValue(Field, String, String),
    /// The book has nothing of this name; what reads like it.
    #[error("no {0} {1}{hint}", hint = .2.as_ref().map(|t| format!("; did you mean {t}?")).unwrap_or_default())]
    Unknown(Field, String, Option<String>),
    /// Nothing to compare with.
    #[error("{0}{1} needs a value behind it, such as {0}{1}{2}")]
    Unfinished(Field, String, &'static str),
    /// A text in quotes that does not end.
    #[error("{0} begins a text in quotes that does not end: a \" behind it ends it")]
    Open(String),
}

impl Filter {
    /// Reads a filter as typed. What is not understood whole is refused: a list that left a part of
    /// it out would show, and mark, what nobody asked for. Blanks around a sign do not matter; what is
    /// in double quotes is one text as it stands.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if let Some((word, behind)) = quoted(rest) {
                filter.words.push(word.to_owned());
                rest = behind;
                continue;
            }
            open(rest)?;
            let ends = |c: char| c.is_whitespace() || SIGNS.contains(&c);
            let (name, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
            let behind = behind.trim_start();
            if !behind.starts_with(SIGNS) {
                filter.words.push(name.to_owned());
                rest = behind;
                continue;
            }
            let field =
                Field::parse(name).ok_or_else(|| FilterError::UnknownField(name.to_owned()))?;
            let (cmp, sign, behind) = compare(behind);
            open(behind.trim_start())?;
            let (value, behind) = value(behind);
            if value.is_empty() {
                return Err(FilterError::Unfinished(field, sign.to_owned(), field.example()));
            }
            filter.terms.push(Term { field, cmp, value: value.to_owned() });
            rest = behind;
        }
        Ok(filter)
    }

    /// Both filters at once.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.words.extend(other.words.iter().cloned());
        self.terms.extend(other.terms.iter().cloned());
        self
    }
}

/// What a comparison begins with.
const SIGNS: [char; 5] = [':', '=', '<', '>', '!'];

/// The comparison that a text begins with, as typed, and what is behind it.
fn compare(text: &str) -> (Cmp, &str, &str) {
    for (sign, cmp) in [
        (">=", Cmp::AtLeast),
        ("<=", Cmp::AtMost),
        ("!=", Cmp::Not),
        (">", Cmp::More),
        ("<", Cmp::Less),
        ("!", Cmp::Not),
        (":", Cmp::Is),
        ("=", Cmp::Is),
    ] {
        if let Some(behind) = text.strip_prefix(sign) {
            return (cmp, &text[..sign.len()], behind);
        }
    }
    (Cmp::Is, "", text)
}

/// The value behind a comparison, and what is behind that. Another term behind a blank is none.
fn value(text: &str) -> (&str, &str) {
    let begun = text.trim_start();
    if let Some(found) = quoted(begun) {
        return found;
    }
    let (value, behind) = begun.split_at(begun.find(char::is_whitespace).unwrap_or(begun.len()));
    let name = begun.split(|c: char| c.is_whitespace() || SIGNS.contains(&c)).next();
    let signed = |name: &str| begun[name.len()..].trim_start().starts_with(SIGNS);
    let term = name.is_some_and(|name| Field::parse(name).is_some() && signed(name));
    if begun.len() < text.len() && term {
        return ("", text);
    }
    (value, behind.trim_start())
}

/// A text in double quotes at the beginning, if it ends with a blank or the line; what is behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let closes = |(at, _): &(usize, &str)| {
        let behind = &inner[at + 1..];
        *at > 0 && (behind.is_empty() || behind.starts_with(char::is_whitespace))
    };
    let (at, _) = inner.match_indices('"').find(closes)?;
    Some((&inner[..at], inner[at + 1..].trim_start()))
}

/// Refuses a text that begins with the only double quote there is.
fn open(text: &str) -> Result<(), FilterError> {
    match text.strip_prefix('"') {
        Some(inner) if !inner.contains('"') => Err(FilterError::Open(text.to_owned())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_terms_are_told_apart() {
        let filter = Filter::parse("müller total>=500 flag:any status!posted").unwrap();
        assert_eq!(filter.words, ["müller"]);
        let terms: Vec<_> =
            filter.terms.iter().map(|t| (t.field, t.cmp, t.value.as_str())).collect();
        assert_eq!(
            terms,
            [
                (Field::Total, Cmp::AtLeast, "500"),
                (Field::Flag, Cmp::Is, "any"),
                (Field::Status, Cmp::Not, "posted")
            ]
        );
        assert!(matches!(Filter::parse("size:3"), Err(FilterError::UnknownField(_))));
        for unfinished in [
            "due<",
            "total>=",
            "flag:",
            "status!",
            "kind :",
            "total > ",
            "user: verb:post",
            "due < total >5",
        ] {
            let parsed = Filter::parse(unfinished);
            assert!(matches!(parsed, Err(FilterError::Unfinished(..))), "{unfinished}");
        }
    }

    #[test]
    fn blanks_around_a_sign_do_not_make_words_of_a_term() {
        for typed in
            ["total > 1000", "total >1000", "total> 1000", "total\t>\u{a0}1000", "  total>1000 "]
        {
            assert_eq!(Filter::parse(typed), Filter::parse("total>1000"), "{typed}");
        }
        let filter = Filter::parse("müller kind : invoice due >= 2026-01-31 & söhne").unwrap();
        assert_eq!(filter, Filter::parse("müller & söhne kind:invoice due>=2026-01-31").unwrap());
        for typed in ["> 1000", ">1000", "!held", "totl > 1000", "A > B", "size : 3"] {
            let parsed = Filter::parse(typed);
            assert!(matches!(parsed, Err(FilterError::UnknownField(_))), "{typed}");
        }
    }

    #[test]
    fn what_is_in_quotes_is_one_text() {
        let words = |typed: &str| Filter::parse(typed).unwrap().words;
        assert_eq!(words("\"A > B\" gmbh"), ["A > B", "gmbh"]);
        assert_eq!(words("\"total > 5\""), ["total > 5"]);
        // A quote that is part of a name is one.
        assert_eq!(words("12\" pipe-works the\""), ["12\"", "pipe-works", "the\""]);
        for typed in ["\"A > B gmbh", "gmbh \"A", "charge:\"Base fee", "\""] {
            let parsed = Filter::parse(typed);
            assert!(matches!(parsed, Err(FilterError::Open(_))), "{typed}");
        }
        assert_eq!(words("\"\" x"), ["\"\"", "x"]);
        let term = &Filter::parse("charge: \"Base fee\" gmbh").unwrap().terms[0];
        assert_eq!((term.field, term.value.as_str()), (Field::Charge, "Base fee"));
        assert_eq!(Filter::parse("error:\"no\"_route").unwrap().terms[0].value, "\"no\"_route");
    }
}
