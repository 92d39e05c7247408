//! What a customer disputes of a posted document. While it is open nothing collects or reminds.

use super::ids::DocumentId;
use super::money::Money;
use serde::{Deserialize, Serialize};

text_enum! {
    /// Why customers dispute.
    DisputeCode {
        AmountWrong = "amount_wrong",
        NotOrdered = "not_ordered",
        NotDelivered = "not_delivered",
        PaidAlready = "paid_already",
        WrongCustomer = "wrong_customer",
        /// As the words beside it say.
        Other = "other",
    }
}

impl DisputeCode {
    /// In a sentence.
    pub fn said(self) -> &'static str {
        match self {
            Self::AmountWrong => "the amount is wrong",
            Self::NotOrdered => "it was not ordered",
            Self::NotDelivered => "it was not delivered",
            Self::PaidAlready => "it is paid already",
            Self::WrongCustomer => "it went to the wrong customer",
            Self::Other => "another reason",
        }
    }
}

text_enum! {
    /// How a dispute stands.
    DisputeState {
        Open = "open",
        /// The customer is right.
        Upheld = "upheld",
        /// We are right: it is collected again.
        Rejected = "rejected",
        /// The customer took it back.
        Withdrawn = "withdrawn",
        /// Nothing is owed any more.
        Settled = "settled",
    }
}

impl DisputeState {
    /// How a person can end one.
    pub const OUTCOMES: [Self; 3] = [Self::Upheld, Self::Rejected, Self::Withdrawn];
}

/// What is said when a dispute is opened, or changed while it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenDispute {
    pub code: DisputeCode,
    /// How much of it; none: all that is owed.
    pub amount: Option<Money>,
    /// Who sees to it; empty: whoever writes it down.
    pub owner: String,
    /// What the customer says.
    pub words: String,
}

impl GivenDispute {
    /// All that is owed, for a reason in the customer's own words.
    pub fn because(words: &str) -> Self {
        Self {
            code: DisputeCode::Other,
            amount: None,
            owner: String::new(),
            words: words.to_owned(),
        }
    }
}

/// A dispute as the book has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    pub document: DocumentId,
    /// The document's number.
    pub number: String,
    /// The account's number.
    pub account: String,
    pub code: DisputeCode,
    pub words: String,
    /// How much of the document.
    pub amount: Money,
    /// Who sees to it.
    pub owner: String,
    pub opened_by: String,
    /// UTC ms; 0: before this was kept.
    pub opened_at_ms: i64,
    pub state: DisputeState,
    /// Who ended it; empty while it is open.
    pub ended_by: String,
    /// What was said then.
    pub outcome: String,
}

/// Why in one line, as lists and the trail say it: `the amount is wrong: twice the seats`.
pub fn reason(code: DisputeCode, words: &str) -> String {
    match (code, words) {
        (code, "") => code.said().to_owned(),
        (DisputeCode::Other, words) => words.to_owned(),
        (code, words) => format!("{}: {words}", code.said()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_what_the_customer_said() {
        assert_eq!(reason(DisputeCode::PaidAlready, ""), "it is paid already");
        assert_eq!(reason(DisputeCode::PaidAlready, "on 3 May"), "it is paid already: on 3 May");
        assert_eq!(reason(DisputeCode::Other, "no idea"), "no idea");
        assert_eq!(reason(DisputeCode::Other, ""), "another reason");
    }
}
