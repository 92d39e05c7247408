//! What is handed to a collection agency: an account with what it owed. While a case is open nothing of
//! the account is charged, retried or reminded, whatever it is billed for later.

use super::ids::{AccountId, CaseId, DocumentId};
use super::instalment::Which;
use super::money::Money;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

text_enum! {
    /// How a case stands.
    CaseState {
        /// The agency has it.
        Open = "open",
        /// We took it back: it is collected here again.
        Recalled = "recalled",
        /// The agency got what there was to get.
        Collected = "collected",
        /// The agency gave up.
        Uncollectible = "uncollectible",
    }
}

impl CaseState {
    /// How a person can end one.
    pub const ENDS: [Self; 3] = [Self::Recalled, Self::Collected, Self::Uncollectible];
}

/// A hand-over as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCase {
    pub account: AccountId,
    pub of: Which,
    /// The agency's name.
    pub agency: String,
    /// How the agency calls the case; may be empty.
    pub reference: String,
}

/// A claim as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub document: DocumentId,
    pub number: String,
    pub invoice_on: NaiveDate,
    pub due_on: NaiveDate,
    pub total: Money,
    /// What was owed when it was handed over.
    pub handed: Money,
    /// What is owed now.
    pub open: Money,
    /// Reminder levels that had gone out.
    pub reminded: u32,
}

/// A case as the book has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub id: CaseId,
    pub account: AccountId,
    /// The account's number.
    pub account_number: String,
    pub agency: String,
    pub reference: String,
    pub state: CaseState,
    pub handed_by: String,
    /// The book's day.
    pub handed_on: NaiveDate,
    pub ended_by: String,
    pub ended_on: Option<NaiveDate>,
    /// Why it ended.
    pub words: String,
    pub claims: Vec<Claim>,
}

impl Case {
    /// Who has it since when: `with Example Collect since 2026-12-01 (AC-000001, their K-9)`.
    pub fn said(&self) -> String {
        let theirs = match self.reference.as_str() {
            "" => String::new(),
            reference => format!(", their {reference}"),
        };
        format!("with {} since {} ({}{theirs})", self.agency, self.handed_on, self.id)
    }

    /// The same of one document of the account: it may not be among what was handed over.
    pub fn said_of(&self, document: DocumentId) -> String {
        if self.claims.iter().any(|claim| claim.document == document) {
            return self.said();
        }
        format!(
            "not handed over; nothing is collected while {} has the account ({})",
            self.agency, self.id
        )
    }
}
