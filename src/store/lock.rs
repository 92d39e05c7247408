//! How long transactions hold the write lock. Work in slices measures its last one to choose the next;
//! a store that was told to (in benches and tests) keeps a line of each write, and what it was asked.

pub use super::book::Lock;
pub use super::face::Asked;
use super::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Steps are counted so many at a time.
const EACH: i32 = 8;

impl Store {
    /// How long the last write had the lock, its commit included and its waiting not.
    pub fn last_held(&self) -> Duration {
        self.steady.unwrap_or(self.held)
    }

    /// Has work in slices believe that every write had the lock for so long, here and on connections
    /// made from here: its slices are then the same on any machine, and so is what they cost.
    pub fn steady(&mut self, held: Duration) {
        self.steady = Some(held);
    }

    /// Keeps the text of every statement from now on, those of connections made from here too.
    pub fn watch_statements(&mut self) -> Asked {
        let asked = Asked::default();
        self.conn.keep_asked(Arc::clone(&asked));
        asked
    }

    /// Whether it lets others go first between two of its writes, as it always does but in benches
    /// that show what that is worth.
    pub fn polite(&mut self, polite: bool) {
        self.turn.polite(polite);
    }

    /// Counts from now on what its statements cost, and those of the connections made from it: steps
    /// of SQLite's machine (`VM_STEP`), the same on any computer.
    pub fn watch_steps(&mut self) -> Result<Arc<AtomicU64>, StoreError> {
        let steps = Arc::new(AtomicU64::new(0));
        self.count_steps(Arc::clone(&steps))?;
        Ok(steps)
    }

    pub(super) fn count_steps(&mut self, steps: Arc<AtomicU64>) -> Result<(), StoreError> {
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(EACH as u64, Ordering::Relaxed);
            false
        };
        self.conn.raw_mut().progress_handler(EACH, Some(count))?;
        self.steps = Some(steps);
        Ok(())
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
