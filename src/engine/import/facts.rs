//! What an import is asked for, and what is known of a file and its rows.

use crate::import::Kind;
use crate::store::deed::NewDeed;
use chrono::NaiveDate;
use std::path::PathBuf;

/// How an import is to go.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Load the good rows and write the bad ones here.
    pub reject_file: Option<PathBuf>,
    /// The clerk has said yes to changing many billed charges.
    pub yes: bool,
    /// Keyless usage equal to rows of an earlier file is loaded too.
    pub allow_repeats: bool,
    /// Hears what takes long before it is begun.
    pub say: Option<fn(&str)>,
    /// A reject file that is there already is replaced.
    pub replace: bool,
    /// The day from which open items of another system count here; none = the day of the import.
    pub cutover: Option<NaiveDate>,
}

/// What the book remembers of a file.
pub(super) struct FileFacts {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) hash: String,
}

/// What a row would do that one person may not be let do alone.
#[derive(Debug, Clone)]
pub struct RowDeed {
    /// Line in the file.
    pub line: u64,
    /// Bytes of the row.
    pub span: (usize, usize),
    /// Whether it is not in the book yet.
    pub new: bool,
    /// What it is.
    pub deed: NewDeed,
    /// What it would do, in words: the same words are the same deed.
    pub what: String,
}
