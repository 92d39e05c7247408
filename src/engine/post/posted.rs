//! What a posting has done so far: the receipt of its job.

use crate::domain::document::DocumentKind;
use crate::domain::money::Purse;
use crate::engine::command::Refused;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a posting has done so far; stored with its job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Documents posted.
    pub posted: i64,
    /// Documents left behind.
    pub refused_count: i64,
    /// Which, and why.
    pub refused: Vec<Refused>,
    /// Totals by currency, minor units.
    pub totals: Purse,
    /// First number given: of the invoices, or of the memos if there are only memos.
    pub first_number: Option<String>,
    /// Last number given, of the same kind.
    pub last_number: Option<String>,
    /// Documents that got a new invoice date and kept their due date, since it was set by hand.
    #[serde(default)]
    pub due_kept_count: i64,
    /// Their numbers and due dates.
    #[serde(default)]
    pub due_kept: Vec<(String, NaiveDate)>,
    /// The kind whose range the numbers are.
    #[serde(default)]
    range_of: Option<DocumentKind>,
}

impl Posted {
    /// Which due dates stayed, in words; empty if none did.
    pub fn kept_words(&self) -> String {
        let Some((number, due)) = self.due_kept.first() else { return String::new() };
        let more = match self.due_kept_count {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        format!("; due dates set by hand stayed: {number} {due}{more}")
    }

    /// Takes a number into the range; an invoice's drives out a memo's, since series never mix.
    pub(super) fn number(&mut self, kind: DocumentKind, number: &str) {
        if self.range_of != Some(kind) {
            if self.range_of.is_some() && kind != DocumentKind::Invoice {
                return;
            }
            self.range_of = Some(kind);
            self.first_number = Some(number.to_owned());
        }
        self.last_number = Some(number.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_shown_is_of_one_series() {
        use DocumentKind::{CreditMemo, Invoice};
        for (posted, first, last) in [
            (
                &[
                    (CreditMemo, "CM-1"),
                    (Invoice, "INV-1"),
                    (CreditMemo, "CM-2"),
                    (Invoice, "INV-2"),
                ][..],
                "INV-1",
                "INV-2",
            ),
            (&[(Invoice, "INV-1"), (CreditMemo, "CM-1")], "INV-1", "INV-1"),
            (&[(CreditMemo, "CM-1"), (CreditMemo, "CM-2")], "CM-1", "CM-2"),
        ] {
            let mut all = Posted::default();
            for (kind, number) in posted {
                all.number(*kind, number);
            }
            assert_eq!(
                (all.first_number.as_deref(), all.last_number.as_deref()),
                (Some(first), Some(last))
            );
        }
    }
}
