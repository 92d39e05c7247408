//! What a check is given and what it found.

use crate::store::heads::Kept;

/// What lies beside the book, read before the view of the book begins.
#[derive(Debug, Default)]
pub struct Beside {
    /// The heads of its trail.
    pub kept: Kept,
    /// Files of the side directory that are not what they should be, in words.
    pub odd: Vec<String>,
    /// Every index against its table, which reads the whole book.
    pub deep: bool,
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
}
