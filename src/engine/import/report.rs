//! What an import says it did.

use super::plan::{Change, Defaults};
use super::second::Waiting;
use crate::import::{Kind, Refused};
use serde::Serialize;
use std::path::PathBuf;

/// What became of every file.
#[derive(Debug, Serialize)]
pub struct Report {
    /// In the order in which they were taken.
    pub files: Vec<FileReport>,
}

/// What became of one file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// The path as given.
    pub file: String,
    /// What it holds; none when its header says nothing known.
    pub kind: Option<Kind>,
    /// Rows that were not in the book.
    pub added: usize,
    /// Rows that say something else than the book did.
    pub changed: usize,
    /// Rows that say what the book says.
    pub unchanged: usize,
    /// Rows that did not go in. Without a reject file one of them keeps the whole file out.
    pub refused: Vec<Refused>,
    /// Rows that wait for a second person; they are in the book once somebody else confirms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    /// Of accounts that say nothing of their delivery: how many got which way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_by_default: Option<Defaults>,
    /// What the next bill run bills for accounts that are active again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub back_billing: Vec<String>,
    /// The number that `import --confirm` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<i64>,
    /// What was changed, old and new; at most [`super::plan::SHOWN`].
    pub changes: Vec<Change>,
    /// Whether the file's good rows are in the book.
    pub loaded: bool,
    /// Where the refused rows were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_file: Option<PathBuf>,
}
