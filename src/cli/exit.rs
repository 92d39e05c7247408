//! Exit codes, and the one translation of errors to words on standard error.

use super::output;
use crate::domain::text;
use crate::engine::Error;
use crate::store::StoreError;
use serde_json::json;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: done, some items refused or failed (listed).
    Partly,
    /// 2: wrong usage or bad input, nothing changed.
    Usage,
    /// 3: the book cannot be used now (busy, locked, disk): what was committed stays.
    Busy,
    /// 4: a check failed.
    CheckFailed,
    /// 70: a bug.
    Bug,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => 1,
            Self::Usage => 2,
            Self::Busy => 3,
            Self::CheckFailed => 4,
            Self::Bug => 70,
        }
    }

    /// Done, or Partly when something was refused.
    pub fn partly_if(some_refused: bool) -> Self {
        if some_refused { Self::Partly } else { Self::Done }
    }
}

/// The exit code of an error.
pub fn of(error: &Error) -> Exit {
    match error {
        error if error.is_passing() => Exit::Busy,
        Error::CheckFailed(_) => Exit::CheckFailed,
        Error::Bug(_) | Error::Store(StoreError::Sqlite(_)) => Exit::Bug,
        Error::Busy(_)
        | Error::NoWorker(_)
        | Error::Store(_)
        | Error::Usage { .. }
        | Error::Input { .. }
        | Error::NeedsYes { .. }
        | Error::Io { .. } => Exit::Usage,
    }
}

/// Says an error on standard error: a line and a remedy, or JSON.
pub fn report(error: &Error, as_json: bool) {
    let (message, hint) = (error.to_string(), error.hint());
    if as_json {
        let mut body = json!({ "code": error.code(), "message": message });
        if let Error::Input { file, line, column, .. } = error {
            body["file"] = json!(text::path(file));
            if let Some(line) = line {
                body["line"] = json!(line);
            }
            if let Some(column) = column {
                body["column"] = json!(column);
            }
        }
        if !hint.is_empty() {
            body["hint"] = json!(hint);
        }
        let text = json!({ "error": body }).to_string();
        output::aside(&output::escaped(&text));
    } else {
        output::aside(&format!("daybook: {message}"));
        if !hint.is_empty() {
            output::aside(&format!("  {hint}"));
        }
    }
}
