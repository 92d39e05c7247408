//! What can go wrong with the book, as data.

use super::trouble::{self, Trouble};
use crate::domain::actor::{Role, Verb};
use crate::domain::book_period::ShutDay;
use std::io;
use std::path::PathBuf;

/// An error of the store. Batch verbs collect refusals themselves; this is for the whole call.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the write lock for longer than the busy time-out.
    #[error("the book is busy: another process is writing")]
    Busy,
    /// The same, and it is told what they write: a long import, and how long it still takes, about.
    #[error("the book is busy: an import is running, about {0} s")]
    Importing(u64),
    /// Somebody has it, or changes the file as such: who, in words.
    #[error("{0}")]
    InUse(String),
    /// The file at the book's path is not the one that was opened: removed, replaced, or taken back.
    #[error("{} is not the book that was opened: {how}; nothing is written to it", .path.display())]
    Replaced {
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
    /// Nothing is booked on that day any more.
    #[error("{0}")]
    Shut(ShutDay),
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
    /// Lies on a file system that is not known to be local, so that locks may not hold there.
    #[error("{} lies on a file system of type {kind}, which is no known local one: locks may not hold there", .path.display())]
    ForeignFilesystem {
        /// The file or directory.
        path: PathBuf,
        /// The type, as `mount` names it.
        kind: String,
        /// The file by which an admin insists.
        insist: PathBuf,
        /// Why that file was not heeded; empty if it is not there or does not name the type.
        unheeded: String,
    },
    /// The file or its directory cannot be written.
    #[error("{} is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The disk of the book is full, read-only or failing: what was committed stays.
    #[error("the disk of {} {trouble}", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        trouble: Trouble,
    },
    /// A guard in the database refused.
    #[error("{0}")]
    Guard(String),
    /// A unique promise would be broken (a charge period billed twice, a second live payment).
    #[error("refused by the book: {0}")]
    Conflict(String),
    /// Amounts that cannot be reckoned up: of two currencies, or too large.
    #[error(transparent)]
    Money(#[from] crate::domain::money::MoneyError),
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

impl StoreError {
    /// What is wrong with the disk, if that is what this is.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Disk { trouble, .. } => Some(trouble.clone()),
            Self::Io { source, .. } => Trouble::of_io(source),
            Self::Busy
            | Self::Importing(_)
            | Self::InUse(_)
            | Self::Replaced { .. }
            | Self::Outdated { .. }
            | Self::NoRoom { .. }
            | Self::Stale { .. }
            | Self::NotFound(_)
            | Self::Forbidden { .. }
            | Self::Rule(_)
            | Self::Shut(_)
            | Self::AlreadyDone(_)
            | Self::Missing(_)
            | Self::Exists(_)
            | Self::NotABook(_)
            | Self::Newer { .. }
            | Self::ForeignFilesystem { .. }
            | Self::ReadOnly(_)
            | Self::Guard(_)
            | Self::Conflict(_)
            | Self::Money(_)
            | Self::Corrupt(_)
            | Self::Sqlite(_) => None,
        }
    }

    /// Puts the file's name where SQLite only knew "the book".
    pub(super) fn at(self, path: &std::path::Path) -> Self {
        match self {
            // SQLite cannot open what is not there, and says no more than that.
            Self::ReadOnly(_) if !path.exists() => Self::Missing(path.to_owned()),
            // A file that cannot be made says no more than that: is it the disk, or a right?
            Self::ReadOnly(_) => match Trouble::of(path, "") {
                Trouble::Failing(_) => match trouble::shut(path) {
                    Some(file) => {
                        Self::Io { path: file, source: io::ErrorKind::PermissionDenied.into() }
                    }
                    None => Self::ReadOnly(path.to_owned()),
                },
                trouble => Self::Disk { path: path.to_owned(), trouble },
            },
            Self::Disk { trouble: Trouble::Failing(words), .. } => {
                Self::Disk { path: path.to_owned(), trouble: Trouble::of(path, &words) }
            }
            Self::Disk { trouble, .. } => Self::Disk { path: path.to_owned(), trouble },
            Self::NotABook(_) => Self::NotABook(path.to_owned()),
            other => other,
        }
    }
}

/// An error that can be told whose book it is about. Deep in a query only "the book" is known.
pub trait OfBook: From<StoreError> {
    /// The same error with the file's name, and what is wrong with its disk.
    #[must_use]
    fn of_book(self, path: &std::path::Path) -> Self;
}

impl OfBook for StoreError {
    fn of_book(self, path: &std::path::Path) -> Self {
        self.at(path)
    }
}
