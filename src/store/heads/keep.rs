//! A store keeps the head of its trail after each commit, and reads what was kept.

use super::{FILE, Head, note};
use crate::store::{Store, StoreError, settings, side_directory};
use std::path::Path;

impl Store {
    /// Whether a trail was kept beside a path: a book is, or was, there.
    pub fn has_heads(book: &Path) -> bool {
        side_directory(book).join(FILE).exists()
    }

    /// Writes down where the trail stands after a commit.
    pub(in crate::store) fn keep(&mut self, head: Head) {
        let mut keeper = std::mem::take(&mut self.keeper);
        let uid = || self.read(settings::facts).ok().map(|facts| facts.uid);
        keeper.keep(&self.path, uid, &head);
        self.keeper = keeper;
    }

    /// Notes that this book was put here on purpose (restored or made) as it is now: heads of what
    /// came after it are not missed from now on.
    pub fn note_restored(&self) -> Result<(), StoreError> {
        let (uid, head) = self.mark()?;
        note(self.path(), "restored", &uid, &head)
    }

    /// The book's id and the head of its trail: what a restore notes of a copy.
    pub fn mark(&self) -> Result<(String, Head), StoreError> {
        self.read(|db| Ok((settings::facts(db)?.uid, Head::of(db)?)))
    }
}
