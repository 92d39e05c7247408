//! What came of a command.

use crate::domain::ids::{DocumentId, JobId};
use crate::domain::job::Pick;
use crate::domain::money::{Money, Purse};
use serde::{Deserialize, Serialize};

/// What came of a command or job. Figures are those of the book after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// One line in words: `accepted 1`, `posted 498, 24,011.20 EUR, INV-2026-000101 to …598`.
    pub summary: String,
    /// How many rows were done.
    pub done: usize,
    /// What was not done, and why.
    pub refused: Vec<Refused>,
    /// Money of what was done, by currency.
    pub totals: Purse,
    /// Whether `u` takes it back.
    pub undoable: bool,
    /// The job that goes on with it.
    pub job: Option<JobId>,
    /// What it made: a run, a document (`BR-000007`, `D-000012`).
    pub made: String,
    /// The drafts that were taken to look at.
    #[serde(default)]
    pub taken: Vec<(Pick, Money)>,
    /// Those that were given back or handed over.
    #[serde(default)]
    pub given: Vec<DocumentId>,
}

/// A row that was left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The row as a clerk writes it.
    pub what: String,
    /// Why, with the remedy.
    pub reason: String,
}
