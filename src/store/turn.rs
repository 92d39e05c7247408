//! Whose turn it is to write. SQLite's lock knows no queue: work in slices takes it again before
//! anybody who waits has looked. So who waits says so by a shared lock on a file beside the book, and
//! who had the lock for long lets them go first for as long as it had it. The kernel drops the lock
//! of a process that dies; a directory that cannot be written costs the courtesy and nothing else.

use super::hold;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a waiting writer looks. SQLite's own handler sleeps up to 100 ms between two looks and
/// so misses the gaps between the slices of a job; a clerk would wait for seconds.
pub(super) const LOOK: Duration = Duration::from_millis(2);

/// Who had the lock for less need not step back: nobody waits long behind it.
const SHORT: Duration = Duration::from_millis(10);

/// The place of one connection among those that write.
pub(super) struct Turn {
    path: PathBuf,
    file: Option<File>,
    /// When the last write ended, and how long it had the lock.
    last: Option<(Instant, Duration)>,
    polite: bool,
}

/// Says that somebody waits, until it is dropped.
pub(super) struct Waiting<'t>(&'t File);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Only a lost descriptor could refuse, and that holds no lock.
        let _ = self.0.unlock();
    }
}

impl Turn {
    pub(super) fn of(book: &Path) -> Self {
        Self { path: hold::file(book, "waiting.lock"), file: None, last: None, polite: true }
    }

    pub(super) fn polite(&mut self, polite: bool) {
        self.polite = polite;
    }

    /// Notes a write that has ended now.
    pub(super) fn had(&mut self, held: Duration) {
        self.last = Some((Instant::now(), held));
    }

    /// Lets others go first who wait, for as long as the last write had the lock.
    pub(super) fn give_way(&mut self) {
        let Some((ended, held)) = self.last.take_if(|(_, held)| *held >= SHORT) else { return };
        while self.polite && ended.elapsed() < held && self.somebody_waits() {
            std::thread::sleep(LOOK);
        }
    }

    /// Says that this connection waits. Never blocks: a lock that cannot be had says nothing.
    pub(super) fn wait(&mut self) -> Option<Waiting<'_>> {
        let file = self.file()?;
        file.try_lock_shared().ok()?;
        Some(Waiting(file))
    }

    fn somebody_waits(&mut self) -> bool {
        let Some(file) = self.file() else { return false };
        let alone = file.try_lock().is_ok();
        if alone {
            let _ = file.unlock();
        }
        !alone
    }

    fn file(&mut self) -> Option<&File> {
        // A copy that is being made has nothing beside it, and nobody else writes to it.
        if self.file.is_none() && self.path.parent().is_some_and(Path::is_dir) {
            self.file = hold::lock_file(&self.path).ok();
        }
        self.file.as_ref()
    }
}
