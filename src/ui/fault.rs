//! Errors in the console's words: what happened, and what to do.

use crate::engine::Error;
use crate::store::StoreError;
use crate::store::read::ReadError;

/// What kind of answer an error asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Somebody changed the row meanwhile: show theirs, keep mine.
    Stale,
    /// Done already by an earlier try.
    AlreadyDone,
    /// Try again.
    Busy,
    /// It would be done if a person says so.
    NeedsYes,
    /// The list cannot be shown by this filter.
    Filter,
    /// Say it.
    Other,
}

/// An error, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// Its word for programs.
    pub code: &'static str,
    /// In words.
    pub text: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl Fault {
    pub fn line(&self) -> String {
        if self.hint.is_empty() {
            self.text.clone()
        } else {
            format!("{}: {}", self.text, self.hint)
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Store(StoreError::Stale { .. }) => FaultKind::Stale,
            Error::Store(StoreError::AlreadyDone(_)) => FaultKind::AlreadyDone,
            Error::Busy(_)
            | Error::Store(StoreError::Busy | StoreError::Importing(_) | StoreError::InUse(_)) => {
                FaultKind::Busy
            }
            Error::NeedsYes { .. } => FaultKind::NeedsYes,
            Error::Usage { code, .. } if *code == "bad_filter" => FaultKind::Filter,
            Error::Store(_)
            | Error::Usage { .. }
            | Error::Input { .. }
            | Error::NoWorker(_)
            | Error::CheckFailed(_)
            | Error::Io { .. }
            | Error::Bug(_) => FaultKind::Other,
        };
        Self { kind, code: error.code(), text: error.to_string(), hint: error.hint() }
    }
}

impl Fault {
    /// Nobody has the time to answer.
    pub fn too_much() -> Self {
        let text = "too much is being read; try again".to_owned();
        Self { kind: FaultKind::Busy, code: "busy", text, hint: String::new() }
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Error::Store(error).into(),
            ReadError::Filter(error) => {
                let (text, hint) = (error.to_string(), String::new());
                Self { kind: FaultKind::Filter, code: "bad_filter", text, hint }
            }
        }
    }
}
