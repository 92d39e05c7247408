//! What a clerk does with drafts to look at: takes them, gives them back, hands them over.

use crate::domain::ids::DocumentId;
use crate::domain::job::Pick;
use crate::store::read::Sorted;
use serde::{Deserialize, Serialize};

/// The next drafts of a list that nobody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextDrafts {
    /// How many, from 1.
    pub count: usize,
    /// The filter as typed, in parts that must hold together.
    pub filter: Vec<String>,
    /// In this order.
    pub sort: Sorted,
    /// From this draft on; none = from the first.
    pub from: Option<DocumentId>,
}

/// A deed on claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimDeed {
    /// These are mine, as seen; one that somebody else has is taken over, after a question.
    Drafts(Vec<Pick>),
    Next(NextDrafts),
    /// These of mine are nobody's again.
    Release(Vec<Pick>),
    /// So is all that I have.
    ReleaseAll,
    /// All that I have is somebody else's.
    HandOver {
        /// Login name.
        to: String,
        /// What they should know; may be empty.
        note: String,
    },
}
