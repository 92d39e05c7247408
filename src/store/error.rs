//! What can go wrong with the book, as data.

use crate::domain::actor::{Role, Verb};
use std::path::PathBuf;

/// An error of the store. Batch verbs collect refusals themselves; this is for the whole call.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the write lock for longer than the busy time-out.
    #[error("the book is busy: another process is writing")]
    Busy,
    /// Somebody has it, or changes the file as such: who, in words.
    #[error("{0}")]
    InUse(String),
    /// The file at the book's path is not the one that was opened: removed, replaced, or taken back.
    #[error("{} is not the book that was opened: {how}; nothing is written to it", .path.display())]
    Replaced {
        /// The path.
        path: PathBuf,
        /// What became of it.
        how: &'static str,
    },
    /// Its schema is not this program's, found while the book was open or cannot be changed.
    #[error("{} has schema {found}, this daybook works with {known}; nothing is written to it", .path.display())]
    Outdated {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Too little free space for what would be written; nothing was begun.
    #[error("{} needs {needed} bytes free on its disk, {free} are", .path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// Bytes wanted.
        needed: u64,
        /// Bytes there.
        free: u64,
    },
    /// The row changed since it was read.
    #[error("{what} was changed by {by} meanwhile")]
    Stale {
        /// What changed, as a clerk writes it (`D-000012`).
        what: String,
        /// Who changed it, and when (`jon at 07:40`).
        by: String,
    },
    /// No such thing in this book.
    #[error("there is no {0} in this book")]
    NotFound(String),
    /// The role does not allow the verb.
    #[error("{verb}: not allowed for {user} ({role}); ask an admin of this book for another role")]
    Forbidden {
        /// Who asked.
        user: String,
        /// The role that was found.
        role: Role,
        /// What was asked.
        verb: Verb,
    },
    /// A rule over what one person may do to an account alone, or on both of its sides.
    #[error("{0}")]
    Rule(Box<super::deed::Stop>),
    /// The operation id is in the audit trail already: the work was done by an earlier call.
    #[error("operation {0} was done already")]
    AlreadyDone(String),
    /// The file does not exist.
    #[error("there is no book at {}", .0.display())]
    Missing(PathBuf),
    /// The file exists already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The file is something else.
    #[error("{} is not a daybook book", .0.display())]
    NotABook(PathBuf),
    /// Written by a newer daybook.
    #[error("{} was written by a newer daybook (schema {found}, this one knows {known})", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Lies on a network filesystem, where SQLite's locks do not hold.
    #[error("{} lies on a network filesystem ({kind}), where locks do not hold", .path.display())]
    NetworkFilesystem {
        /// The file.
        path: PathBuf,
        /// The filesystem.
        kind: &'static str,
    },
    /// The file or its directory cannot be written.
    #[error("{} is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// No space left.
    #[error("the disk of {} is full", .0.display())]
    DiskFull(PathBuf),
    /// A guard in the database refused.
    #[error("{0}")]
    Guard(String),
    /// A unique promise would be broken (a charge period billed twice, a second live payment).
    #[error("refused by the book: {0}")]
    Conflict(String),
    /// Damaged content.
    #[error("the book is damaged: {0}; restore a backup (daybook restore FILE)")]
    Corrupt(String),
    /// Operating system.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else SQLite said.
    #[error("the book could not be used: {0}")]
    Sqlite(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return match error {
                rusqlite::Error::QueryReturnedNoRows => Self::NotFound("such row".to_owned()),
                other => Self::Corrupt(other.to_string()),
            };
        };
        let text = message.clone().unwrap_or_else(|| error.to_string());
        match failure.code {
            Code::DatabaseBusy | Code::DatabaseLocked => Self::Busy,
            Code::ReadOnly | Code::CannotOpen => Self::ReadOnly(PathBuf::from("the book")),
            Code::DiskFull => Self::DiskFull(PathBuf::from("the book")),
            Code::NotADatabase => Self::NotABook(PathBuf::from("the file")),
            Code::DatabaseCorrupt => Self::Corrupt(text),
            Code::ConstraintViolation => match text.strip_prefix("guard: ") {
                Some(guard) => Self::Guard(guard.to_owned()),
                None => Self::Conflict(text),
            },
            _ => Self::Sqlite(text),
        }
    }
}

impl StoreError {
    /// Puts the file's name where SQLite only knew "the book".
    pub(super) fn at(self, path: &std::path::Path) -> Self {
        match self {
            // SQLite cannot open what is not there, and says no more than that.
            Self::ReadOnly(_) if !path.exists() => Self::Missing(path.to_owned()),
            Self::ReadOnly(_) => Self::ReadOnly(path.to_owned()),
            Self::DiskFull(_) => Self::DiskFull(path.to_owned()),
            Self::NotABook(_) => Self::NotABook(path.to_owned()),
            other => other,
        }
    }
}
