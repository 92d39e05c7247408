//! What a clerk says of a line of a bank: what it is, whose it is, that it is our own, that it was not so; and
//! a file of a bank is read.

use crate::domain::actor::Verb;
use crate::domain::ids::{AccountId, DocumentId, LineId, PaymentId};
use crate::domain::money::Money;
use serde::{Deserialize, Serialize};

/// What a person matches a line to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Documents of one account, paid in this order; none: the account has it unapplied.
    Account(AccountId, Vec<DocumentId>),
    /// Documents of one account, paid in this order.
    Documents(Vec<DocumentId>),
    /// A receipt that was recorded before; of money out: one of ours that went back.
    Payment(PaymentId),
    /// A payout of a gateway, by its name there.
    Payout(String),
}

/// What of our own money a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Own {
    /// What a bank takes for its work.
    Fee,
    /// To or from another account of ours.
    Transfer,
}

/// One deed with a line. An amount is above zero, also of money out; it is what was seen: where the line has
/// less by then, the deed is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BankDeed {
    /// It is this.
    Match { line: LineId, to: Target, amount: Money },
    /// It is this account's.
    Identify {
        line: LineId,
        /// Its number; empty = that of the documents.
        account: String,
        /// What it pays, by number, in this order; none = it stays unapplied.
        documents: Vec<String>,
        amount: Money,
    },
    /// All of it is our own.
    Own { line: LineId, kind: Own, amount: Money },
    /// What it was matched to is taken back.
    Unmatch { line: LineId, reason: String },
    /// Statements are read from a file.
    Load {
        file: String,
        /// The bank account, by name; empty = as each statement says.
        account: String,
    },
}

impl BankDeed {
    /// The verb that is authorized and audited.
    pub fn verb(&self) -> Verb {
        Verb::OutsidePayment
    }

    /// The line it is about.
    pub fn line(&self) -> Option<LineId> {
        match self {
            Self::Match { line, .. }
            | Self::Identify { line, .. }
            | Self::Own { line, .. }
            | Self::Unmatch { line, .. } => Some(*line),
            Self::Load { .. } => None,
        }
    }
}
