//! Which run a command is about.

use crate::domain::ids::{BillRunId, PaymentRunId, RunId};
use serde::{Deserialize, Serialize};

/// A run, storable: see [`RunId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunRef {
    /// A bill run.
    Bill(BillRunId),
    /// A payment run.
    Payment(PaymentRunId),
}

impl From<RunId> for RunRef {
    fn from(id: RunId) -> Self {
        match id {
            RunId::Bill(id) => Self::Bill(id),
            RunId::Payment(id) => Self::Payment(id),
        }
    }
}

impl std::fmt::Display for RunRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bill(id) => id.fmt(f),
            Self::Payment(id) => id.fmt(f),
        }
    }
}
