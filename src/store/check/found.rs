//! What a check is given and what it found.

use super::ledger::Ledger;
use crate::store::heads::Kept;
use crate::store::{Db, StoreError};
use std::sync::OnceLock;

/// What lies beside the book, read before the view of the book begins.
#[derive(Debug, Default)]
pub struct Beside {
    /// The heads of its trail.
    pub kept: Kept,
    /// Files of the side directory that are not what they should be, in words.
    pub odd: Vec<String>,
    /// Every index against its table, which reads the whole book.
    pub deep: bool,
    /// The ledger, once a rule has read it.
    pub(super) ledger: OnceLock<Ledger>,
}

/// What a check found: the first violations in words, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The first [`LISTED`].
    pub violations: Vec<String>,
    /// All of them.
    pub count: usize,
    /// Rows that would be violations and are older than the rule.
    pub older: usize,
}

/// Violations told in full; beyond it they are only counted.
pub const LISTED: usize = 50;

impl Found {
    /// Adds one, in words.
    pub fn add(&mut self, violation: String) {
        self.count += 1;
        if self.violations.len() < LISTED {
            self.violations.push(violation);
        }
    }

    /// Adds one that the rule judges; else it is only counted as older.
    pub fn judge(&mut self, judged: bool, violation: impl FnOnce() -> String) {
        if judged {
            self.add(violation());
        } else {
            self.older += 1;
        }
    }
}

/// The last row of a table when the book was brought up to a schema: a rule that came with it judges
/// those after it.
pub fn judged_after(db: &Db<'_>, schema: i64, table: &str) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(last), 0) FROM schema_mark WHERE version = ?1 AND name = ?2";
    db.one(sql, (schema, table), |r| r.get(0))
}
