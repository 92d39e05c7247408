//! What an import is asked for, and what is known of a file and its rows before they are compared.

use crate::domain::text;
use crate::import::{Kind, Refused, Rows};
use crate::store::deed::NewDeed;
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// How an import is to go.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Load the good rows and write the bad ones here.
    pub reject_file: Option<PathBuf>,
    /// The clerk has said yes to changing many billed charges.
    pub yes: bool,
    /// Keyless usage equal to rows of an earlier file is loaded too.
    pub allow_repeats: bool,
    /// A reject file that is there already is replaced.
    pub replace: bool,
    /// The day from which open items of another system count here; none = the day of the import.
    pub cutover: Option<NaiveDate>,
}

/// One file, read and parsed.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) parsed: Result<Rows, Refused>,
    /// Its rows are those of a request that is being confirmed: its number and its file's hash.
    pub(super) confirms: Option<(i64, String)>,
    /// Of open items: the day from which they count.
    pub(super) cutover: Option<NaiveDate>,
}

impl Source {
    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| text::path(Path::new(name)))
    }

    pub(super) fn new(path: PathBuf, bytes: Vec<u8>) -> Self {
        let parsed = crate::import::parse(&bytes);
        Self { path, bytes, parsed, confirms: None, cutover: None }
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.parsed.as_ref().ok().map(Rows::kind)
    }

    /// By which a request knows its file.
    pub(super) fn hash(&self) -> String {
        match &self.confirms {
            Some((_, sha256)) => sha256.clone(),
            None => text::hex(&Sha256::digest(&self.bytes)),
        }
    }
}

/// What the book remembers of a file.
pub(super) struct FileFacts {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) hash: String,
    pub(super) rows: usize,
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
