//! How long transactions hold the write lock. Work in slices measures its last one to choose the next;
//! a store that was told to (in benches) keeps a line of each write.

use super::Store;
use std::time::Duration;

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What it said of itself in the audit trail; empty if it wrote no row there.
    pub what: String,
    /// How long it waited for the lock.
    pub waited: Duration,
    /// How long it had it, the commit included.
    pub held: Duration,
    /// How long the commit took.
    pub commit: Duration,
}

impl Store {
    /// How long the last write had the lock, its commit included and its waiting not.
    pub fn last_held(&self) -> Duration {
        self.held
    }

    /// Keeps a line of every write from now on.
    pub fn watch_locks(&mut self) {
        self.locks.get_or_insert_default();
    }

    /// The lines kept since.
    pub fn locks(&self) -> &[Lock] {
        self.locks.as_deref().unwrap_or_default()
    }
}
