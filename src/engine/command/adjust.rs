//! What of a posted document a memo adjusts.

use serde::{Deserialize, Serialize};

/// Which part of a posted document an adjustment covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdjustPart {
    /// All that is left.
    Whole,
    /// One line, by position from 1; none = all that is left of it, else minor units net.
    Line(u32, Option<i64>),
    /// An amount, minor units, tax included.
    Amount(i64),
}

/// Credit or debit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdjustKind {
    /// Gives money back.
    Credit,
    /// Asks for more.
    Debit,
}

impl AdjustPart {
    /// As requests for a second person have it, of older builds too.
    pub(in crate::engine) fn key(self) -> String {
        match self {
            Self::Whole => "Whole".to_owned(),
            Self::Line(at, None) => format!("Line({at}, None)"),
            Self::Line(at, Some(minor)) => format!("Line({at}, Some({minor}))"),
            Self::Amount(minor) => format!("Amount({minor})"),
        }
    }
}

impl AdjustKind {
    /// The same.
    pub(in crate::engine) fn key(self) -> &'static str {
        match self {
            Self::Credit => "Credit",
            Self::Debit => "Debit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjustments_are_named_as_in_the_books_of_older_builds() {
        let parts = [
            (AdjustPart::Whole, "Whole"),
            (AdjustPart::Line(2, None), "Line(2, None)"),
            (AdjustPart::Line(2, Some(-500)), "Line(2, Some(-500))"),
            (AdjustPart::Amount(1204), "Amount(1204)"),
        ];
        for (part, words) in parts {
            assert_eq!(part.key(), words);
        }
        assert_eq!((AdjustKind::Credit.key(), AdjustKind::Debit.key()), ("Credit", "Debit"));
    }
}
