//! What stops all collecting of an account beside a collection agency: it is insolvent, or the customer has
//! died. Nothing of it is charged, retried or reminded, and no fee is claimed, until somebody says it is over.

use super::ids::AccountId;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

text_enum! {
    /// Why.
    StopKind {
        /// Claims go to the administrator, not to the customer.
        Insolvent = "insolvent",
        /// Claims go to the estate.
        Deceased = "deceased",
    }
}

impl StopKind {
    /// Of an account, in words: `it is insolvent`.
    pub fn said(self) -> &'static str {
        match self {
            Self::Insolvent => "it is insolvent",
            Self::Deceased => "the customer has died",
        }
    }
}

/// A stop as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewStop {
    pub account: AccountId,
    /// The account's number.
    pub number: String,
    pub kind: StopKind,
    /// None: since today.
    pub since: Option<NaiveDate>,
    pub reason: String,
}

/// A stop as the book has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub kind: StopKind,
    pub since_on: NaiveDate,
    pub reason: String,
    pub said_by: String,
    /// UTC milliseconds.
    pub said_at: i64,
}

impl Stop {
    /// In words: `insolvent since 2026-11-02 (court letter), says ada: nothing is collected`.
    pub fn said(&self) -> String {
        format!(
            "{} since {} ({}), says {}: nothing is collected",
            self.kind, self.since_on, self.reason, self.said_by
        )
    }
}
