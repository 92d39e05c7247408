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
    #[error("{0:?} is not a field; there are {fields}", fields = Field::words())]
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
}

impl Filter {
    /// Reads a filter as typed. What is not understood whole is refused: a list that left a part of
    /// it out would show, and mark, what nobody asked for.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for token in text.split_whitespace() {
            let Some(at) = token.find([':', '=', '<', '>', '!']).filter(|at| *at > 0) else {
                filter.words.push(token.to_owned());
                continue;
            };
            let (name, rest) = token.split_at(at);
            let field =
                Field::parse(name).ok_or_else(|| FilterError::UnknownField(name.to_owned()))?;
            let (cmp, value) = compare(rest);
            if value.is_empty() {
                return Err(FilterError::Unfinished(field, rest.to_owned(), field.example()));
            }
            filter.terms.push(Term { field, cmp, value: value.to_owned() });
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

fn compare(rest: &str) -> (Cmp, &str) {
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
        if let Some(value) = rest.strip_prefix(sign) {
            return (cmp, value);
        }
    }
    (Cmp::Is, rest)
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
        for unfinished in ["due<", "total>=", "flag:", "status!"] {
            let parsed = Filter::parse(unfinished);
            assert!(matches!(parsed, Err(FilterError::Unfinished(..))), "{unfinished}");
        }
    }
}
