//! What a verb may answer instead of its receipt.

use crate::domain::money::MoneyError;
use crate::store::{self, OfBook, StoreError, Trouble};
use std::path::{Path, PathBuf};

/// The word for programs of a day on which nothing is booked any more.
pub const PERIOD_CLOSED: &str = "period_closed";

/// An error of a whole call. One bad item of many is a line of the receipt, not this.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The book.
    #[error(transparent)]
    Store(StoreError),
    /// Wrong usage or a state in which the verb makes no sense; nothing changed.
    #[error("{message}")]
    Usage {
        /// A word for programs.
        code: &'static str,
        /// What is wrong.
        message: String,
        /// What to do; may be empty.
        hint: String,
    },
    /// Bad input from a file; nothing changed.
    #[error("{}{}: {message}", .file.display(), .line.map(|l| format!(":{l}")).unwrap_or_default())]
    Input {
        file: PathBuf,
        /// Line from 1, if one is to blame.
        line: Option<u64>,
        /// Column header, if one is to blame.
        column: Option<String>,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// It would change much: ask, or pass `--yes`.
    #[error("{message}")]
    NeedsYes {
        /// What would happen.
        message: String,
    },
    /// Somebody else is at it; nothing changed.
    #[error("{0}")]
    Busy(String),
    /// It waits for a process that can do it, and none lives; the job stays.
    #[error("{0}")]
    NoWorker(String),
    #[error("{0}")]
    CheckFailed(String),
    /// A file outside the book.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A promise of the code was broken.
    #[error("internal error: {0}")]
    Bug(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Rule(stop) => Self::usage(stop.code(), stop.to_string(), stop.hint()),
            StoreError::Shut(day) => Self::usage(PERIOD_CLOSED, day.to_string(), day.hint()),
            other => Self::Store(other),
        }
    }
}

impl From<MoneyError> for Error {
    fn from(error: MoneyError) -> Self {
        Self::Store(error.into())
    }
}

impl OfBook for Error {
    fn of_book(self, path: &std::path::Path) -> Self {
        match self {
            Self::Store(error) => Self::Store(error.of_book(path)),
            other => other,
        }
    }
}

impl Error {
    /// Whether the machine and not the caller is to blame, so that the same may work later: another
    /// process has the book, or a disk is full, read-only or failing.
    pub fn is_passing(&self) -> bool {
        use StoreError as S;
        match self {
            Self::Busy(_) | Self::NoWorker(_) => true,
            Self::Store(
                S::Busy
                | S::Importing(_)
                | S::InUse(_)
                | S::Replaced { .. }
                | S::Outdated { .. }
                | S::NoRoom { .. },
            ) => true,
            Self::Store(error) => error.trouble().is_some(),
            Self::Io { source, .. } => Trouble::of_io(source).is_some(),
            Self::Usage { .. }
            | Self::Input { .. }
            | Self::NeedsYes { .. }
            | Self::CheckFailed(_)
            | Self::Bug(_) => false,
        }
    }

    /// Wrong usage with a remedy.
    pub fn usage(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { code, message: message.into(), hint: hint.into() }
    }

    /// A file stands where one was to be written.
    pub fn exists(path: &Path) -> Self {
        Self::usage(
            "exists",
            format!("{} exists already and is not written over", path.display()),
            "name another file, or --force to replace it",
        )
    }

    /// A file that could not be written.
    pub fn writing(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::AlreadyExists {
            return Self::exists(path);
        }
        Self::Io { path: path.to_owned(), source }
    }

    /// A word for programs.
    pub fn code(&self) -> &'static str {
        use StoreError as S;
        match self {
            Self::Usage { code, .. } => code,
            Self::Input { .. } => "bad_input",
            Self::NeedsYes { .. } => "needs_yes",
            Self::Busy(_) | Self::Store(S::Busy | S::Importing(_) | S::InUse(_)) => "busy",
            Self::Store(S::Replaced { .. }) => "book_replaced",
            Self::Store(S::Outdated { .. }) => "other_schema",
            Self::Store(S::NoRoom { .. }) => "no_room",
            Self::NoWorker(_) => "no_worker",
            Self::CheckFailed(_) => "check_failed",
            Self::Io { .. } | Self::Store(S::Io { .. }) => "io",
            Self::Bug(_) | Self::Store(S::Sqlite(_)) => "bug",
            Self::Store(S::Stale { .. }) => "stale",
            Self::Store(S::NotFound(_)) => "not_found",
            Self::Store(S::Forbidden { .. }) => "forbidden",
            Self::Store(S::Rule(stop)) => stop.code(),
            Self::Store(S::Shut(_)) => PERIOD_CLOSED,
            Self::Store(S::AlreadyDone(_)) => "already_done",
            Self::Store(S::Missing(_)) => "no_book",
            Self::Store(S::Exists(_)) => "exists",
            Self::Store(S::NotABook(_)) => "not_a_book",
            Self::Store(S::Newer { .. }) => "newer_book",
            Self::Store(S::ForeignFilesystem { .. }) => "network_filesystem",
            Self::Store(S::ReadOnly(_)) => "read_only",
            Self::Store(S::Disk { trouble: Trouble::Full, .. }) => "disk_full",
            Self::Store(S::Disk { trouble: Trouble::ReadOnly, .. }) => "disk_read_only",
            Self::Store(S::Disk { trouble: Trouble::Failing(_), .. }) => "disk_failing",
            Self::Store(S::Guard(_)) => "guard",
            Self::Store(S::Conflict(_) | S::Money(_)) => "conflict",
            Self::Store(S::Corrupt(_)) => "corrupt",
        }
    }

    /// What to do about it; may be empty.
    pub fn hint(&self) -> String {
        use StoreError as S;
        match self {
            Self::Usage { hint, .. } | Self::Input { hint, .. } => hint.clone(),
            Self::NeedsYes { .. } => "pass --yes to go on".to_owned(),
            Self::Busy(_) | Self::Store(S::Busy) => "try again in a moment".to_owned(),
            Self::Store(S::InUse(_) | S::Importing(_)) => "try again when they are done".to_owned(),
            Self::Store(S::Replaced { .. }) => {
                "leave, look at what lies there, and open it again".to_owned()
            }
            Self::Store(S::Outdated { found, known, .. }) => if found > known {
                "a newer daybook brought it up meanwhile: leave, and start that one"
            } else {
                "somebody who may write there opens it once: that brings it up"
            }
            .to_owned(),
            Self::Store(S::NoRoom { .. }) => {
                "free some space and repeat; nothing was changed".to_owned()
            }
            Self::NoWorker(_) => {
                "nothing was put off: start daybook worker as the user who can, and it is done"
                    .to_owned()
            }
            Self::Store(S::Missing(_)) => {
                "make one with daybook init, or try daybook demo; --book FILE names another"
                    .to_owned()
            }
            Self::Store(S::Exists(_)) => "name another file".to_owned(),
            Self::Store(S::NotABook(path)) if store::side_directory(path).is_dir() => {
                "the directory of a book lies beside it: if this was one its first page is damaged; \
                 restore a backup (daybook restore FILE)"
                    .to_owned()
            }
            Self::Store(S::NotABook(_)) => "name a book with --book FILE".to_owned(),
            Self::Store(S::Newer { .. }) => "use the newer daybook for this book".to_owned(),
            Self::Store(S::ForeignFilesystem { kind, insist, unheeded, .. }) => {
                let insist = insist.display();
                let unheeded = match unheeded.as_str() {
                    "" => String::new(),
                    why => format!(" ({insist} is not heeded: {why})"),
                };
                format!(
                    "keep the book on a local disk (ext4, xfs, btrfs, zfs); if its locks are known \
                     to hold, an admin writes the word {kind} into {insist}{unheeded}"
                )
            }
            Self::Store(S::ReadOnly(_)) => {
                "check the file's and its directory's permissions".to_owned()
            }
            Self::Store(S::Disk { trouble, .. }) => trouble.remedy().to_owned(),
            Self::Store(S::Io { source, .. })
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                "this user may not read or write it: check its permissions and its directory's"
                    .to_owned()
            }
            Self::Io { source, .. } | Self::Store(S::Io { source, .. }) => {
                Trouble::of_io(source).map_or("", |t| t.remedy()).to_owned()
            }
            Self::Store(S::Rule(stop)) => stop.hint(),
            Self::Store(S::Shut(day)) => day.hint(),
            Self::Store(S::Stale { .. }) => "look at it again, then repeat".to_owned(),
            Self::Store(
                S::NotFound(_)
                | S::Forbidden { .. }
                | S::AlreadyDone(_)
                | S::Guard(_)
                | S::Conflict(_)
                | S::Money(_)
                | S::Corrupt(_)
                | S::Sqlite(_),
            )
            | Self::CheckFailed(_)
            | Self::Bug(_) => String::new(),
        }
    }
}
