//! Kernel locks beside the book: who has it open, who changes the file as such, who drives a job,
//! who gives numbers. A lock ends with its process, so that death is known and not guessed.
//!
//! | file in `book.db.d/locks` | shared | alone |
//! |---|---|---|
//! | `gate.lock` | a moment, by whoever opens the book | by whoever makes, migrates or replaces it |
//! | `open.lock` | by every connection, for its life | while the file is replaced |
//! | `restore.lock` | | by a restore, from its first byte to its last |
//! | `posting.lock` | | by the one posting that gives numbers |
//! | `closing.lock` | | by the one process that closes a month |
//! | `importing.lock` | | while a long import writes; in it, when it will be done |
//! | `job-N.lock` | | by the process that drives the job |
//! | `waiting.lock` | while somebody waits to write | a moment, to see whether anybody does |
//!
//! The lock of a job goes with the job; what a killed process left of it the next worker sweeps.
//!
//! The gate comes first, so that a stream of short openers cannot keep a restore out for ever.

use super::{StoreError, side_directory};
use crate::domain::ids::JobId;
use crate::inside;
use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::io::{Read, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long an opener waits at the gate before it says who keeps it.
const AT_THE_GATE: Duration = Duration::from_secs(10);
/// How long somebody who wants the book alone waits for the others to close it.
const ALONE: Duration = Duration::from_secs(2);
/// How often a waiter looks.
const LOOK: Duration = Duration::from_millis(5);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Hold {
    _file: File,
    /// The lock file that goes with the lock, where each piece of work has one of its own.
    passing: Option<PathBuf>,
}

impl Drop for Hold {
    /// While the lock is still ours: who opened the file before it went finds it gone when they have
    /// the lock, and begins anew.
    fn drop(&mut self) {
        if let Some(path) = &self.passing {
            // Best effort: a file that stays is taken up, or swept by the next worker.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// What one process at a time does in a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Drives this job.
    Job(JobId),
    /// Gives numbers to documents.
    Posting,
    /// Closes a month.
    Closing,
}

pub(super) fn held(book: &Path, work: Work) -> Result<Option<Hold>, StoreError> {
    let (name, passing) = match work {
        Work::Job(id) => (format!("job-{}.lock", id.0), true),
        Work::Posting => ("posting.lock".to_owned(), false),
        Work::Closing => ("closing.lock".to_owned(), false),
    };
    let path = file(book, &name);
    let mut held = attempt(&path, Way::Alone)?;
    if let Some(held) = held.as_mut().filter(|_| passing) {
        held.passing = Some(path);
    }
    Ok(held)
}

/// Each lock of a job is taken, so that nobody has it, and goes with that. What cannot be removed
/// stays.
pub(super) fn sweep(book: &Path) {
    let entries = std::fs::read_dir(file(book, "")).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let job = name.to_str().and_then(|n| n.strip_prefix("job-")?.strip_suffix(".lock"));
        if let Some(id) = job.and_then(|n| n.parse().ok()) {
            drop(held(book, Work::Job(JobId(id))));
        }
    }
}

/// The book is open for one more connection: waits for whoever changes the file. None where the
/// directory cannot be written and has no lock file: nobody replaces a book there by `restore`.
pub(super) fn open(book: &Path, writable: bool) -> Result<Option<Hold>, StoreError> {
    let (gate, open) = (file(book, "gate.lock"), file(book, "open.lock"));
    let laid = gate.exists() && open.exists();
    if !writable && !laid {
        return Ok(None);
    }
    let _gate = wait(&gate, Way::Shared, AT_THE_GATE)?.ok_or_else(|| kept_by(book, &gate))?;
    wait(&open, Way::Shared, AT_THE_GATE)?.ok_or_else(|| kept_by(book, &gate)).map(Some)
}

/// Keeps the gate shut while the file is made or migrated; `doing` is told to those who wait.
pub(super) fn shut(book: &Path, doing: &str) -> Result<Hold, StoreError> {
    let gate = file(book, "gate.lock");
    let held = wait(&gate, Way::Alone, AT_THE_GATE)?.ok_or_else(|| kept_by(book, &gate))?;
    say(&gate, doing);
    Ok(held)
}

/// The gate shut and nobody inside: no connection of this program has the book open.
#[derive(Debug)]
pub(super) struct Alone {
    _gate: Hold,
    _open: Hold,
}

/// Waits a moment for the others to close the book; says who has it open when they do not.
pub(super) fn alone(book: &Path, doing: &str) -> Result<Alone, StoreError> {
    let gate = shut(book, doing)?;
    let open = file(book, "open.lock");
    let Some(held) = wait(&open, Way::Alone, ALONE)? else {
        let who = holders(&open);
        return Err(StoreError::InUse(format!(
            "{} is open{}; nothing was changed",
            book.display(),
            if who.is_empty() { " in another process".to_owned() } else { format!(": {who}") }
        )));
    };
    Ok(Alone { _gate: gate, _open: held })
}

/// One restore at a time: a second one is told of the first.
pub(super) fn restoring(book: &Path) -> Result<Hold, StoreError> {
    let path = file(book, "restore.lock");
    attempt(&path, Way::Alone)?.ok_or_else(|| {
        StoreError::InUse(format!("another restore of {} is going on", book.display()))
    })
}

/// Says that an import writes for about so long, to those who wait for the lock meanwhile. Best effort:
/// another import, or a directory that cannot be written, and nothing is said.
pub(super) fn import(book: &Path, about: Duration) -> Option<Hold> {
    let path = file(book, "importing.lock");
    let held = attempt(&path, Way::Alone).ok()??;
    let end = since_1970() + about;
    let written = inside::open(&path).and_then(|mut file| {
        file.set_len(0)?;
        file.write_all(end.as_secs().to_string().as_bytes())
    });
    written.is_ok().then_some(held)
}

/// For how long a running import said that it still writes, in seconds, at least one; none when
/// none runs.
pub(super) fn importing(book: &Path) -> Option<u64> {
    let path = file(book, "importing.lock");
    if !path.exists() || attempt(&path, Way::Shared).ok()?.is_some() {
        return None;
    }
    let mut said = String::new();
    File::open(&path).ok()?.take(30).read_to_string(&mut said).ok()?;
    let end: u64 = said.trim().parse().ok()?;
    Some(end.saturating_sub(since_1970().as_secs()).max(1))
}

fn since_1970() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Shared,
    Alone,
}

pub(super) fn file(book: &Path, name: &str) -> PathBuf {
    side_directory(book).join("locks").join(name)
}

fn wait(path: &Path, way: Way, patience: Duration) -> Result<Option<Hold>, StoreError> {
    let begun = Instant::now();
    loop {
        let held = attempt(path, way)?;
        if held.is_some() || begun.elapsed() >= patience {
            return Ok(held);
        }
        std::thread::sleep(LOOK);
    }
}

/// Takes the lock if it is free. A lock on a file that was thrown away meanwhile locks nobody out,
/// so the file must still be the one with the name.
fn attempt(path: &Path, way: Way) -> Result<Option<Hold>, StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), source };
    loop {
        let file = lock_file(path)?;
        let locked = match way {
            Way::Shared => file.try_lock_shared(),
            Way::Alone => file.try_lock(),
        };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let ours = file.metadata().map_err(io)?;
        if std::fs::metadata(path).is_ok_and(|m| (m.dev(), m.ino()) == (ours.dev(), ours.ino())) {
            return Ok(Some(Hold { _file: file, passing: None }));
        }
    }
}

/// A kernel lock needs no right to write, so that whoever may only read can hold one too.
pub(super) fn lock_file(path: &Path) -> Result<File, StoreError> {
    inside::open_to_lock(path).map_err(|source| StoreError::Io { path: path.to_owned(), source })
}

/// Leaves word for those who wait. Best effort: the lock is what counts.
fn say(path: &Path, doing: &str) {
    let words = format!("{doing} (pid {})\n", std::process::id());
    let _ = inside::open(path).and_then(|mut file| {
        file.set_len(0)?;
        file.write_all(words.as_bytes())
    });
}

fn kept_by(book: &Path, gate: &Path) -> StoreError {
    let mut said = String::new();
    if let Ok(file) = File::open(gate) {
        // At most a line: the file is ours, but a word is all that is wanted of it.
        let _ = file.take(200).read_to_string(&mut said);
    }
    let said = said.lines().next().unwrap_or_default().trim();
    let doing = if said.is_empty() { "being changed as a file by another process" } else { said };
    StoreError::InUse(format!("{} is {doing}", book.display()))
}

/// Who holds a lock, as the kernel tells it: `pid 123 (mia), pid 130 (jon)`; empty when it does not.
fn holders(path: &Path) -> String {
    let Ok(meta) = std::fs::metadata(path) else { return String::new() };
    let table = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let mut pids: Vec<u32> = table
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().filter(|f| *f != "->").collect();
            let inode = fields.get(5)?.rsplit(':').next()?.parse::<u64>().ok()?;
            let pid = fields.get(4)?.parse().ok().filter(|p| *p != std::process::id())?;
            (fields.get(1) == Some(&"FLOCK") && inode == meta.ino()).then_some(pid)
        })
        .collect();
    pids.sort_unstable();
    pids.dedup();
    let mut told = String::new();
    for pid in pids {
        let uid = std::fs::metadata(format!("/proc/{pid}")).map(|m| m.uid()).ok();
        let name = uid.and_then(|u| {
            nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(u)).ok().flatten()
        });
        let comma = if told.is_empty() { "" } else { ", " };
        let _ = write!(told, "{comma}pid {pid}");
        if let Some(user) = name {
            let _ = write!(told, " ({})", user.name);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn whoever_wants_it_alone_waits_for_the_rest_and_the_rest_are_told_who() {
        let dir = tempfile::tempdir().unwrap();
        let book = dir.path().join("book.db");
        let (one, two) = (open(&book, true).unwrap(), open(&book, true).unwrap());
        assert!(one.is_some() && two.is_some());
        assert!(matches!(alone(&book, "being tried"), Err(StoreError::InUse(_))));
        drop((one, two));
        let held = alone(&book, "being restored").unwrap();
        let told = kept_by(&book, &file(&book, "gate.lock")).to_string();
        assert!(told.contains("being restored (pid"), "{told}");
        assert!(attempt(&file(&book, "gate.lock"), Way::Shared).unwrap().is_none());
        drop(held);
        assert!(open(&book, true).unwrap().is_some());
    }

    #[test]
    fn the_lock_of_a_thrown_away_file_locks_nobody_out_and_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let book = dir.path().join("book.db");
        let path = file(&book, "posting.lock");
        let first = attempt(&path, Way::Alone).unwrap().unwrap();
        assert!(attempt(&path, Way::Alone).unwrap().is_none());
        std::fs::remove_file(&path).unwrap();
        let second = attempt(&path, Way::Alone).unwrap();
        assert!(second.is_some(), "a new file, a new lock");
        drop((first, second));
    }

    #[test]
    fn the_lock_of_a_job_is_had_by_one_at_a_time_and_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let book = dir.path().join("book.db");
        let (inside, had) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (book, inside, had, start) = (&book, &inside, &had, &start);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..300 {
                        if n == 0 {
                            sweep(book);
                            continue;
                        }
                        let Some(lock) = held(book, Work::Job(JobId(7))).unwrap() else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        had.fetch_add(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(had.into_inner() > 0);
        let left = || std::fs::read_dir(file(&book, "")).unwrap().count();
        assert_eq!(left(), 0);
        // What a dead process left goes, what a live one has stays.
        drop(lock_file(&file(&book, "job-8.lock")).unwrap());
        let live = held(&book, Work::Job(JobId(9))).unwrap();
        sweep(&book);
        assert_eq!(left(), 1);
        drop(live);
        assert_eq!(left(), 0);
    }

    #[test]
    fn who_waits_for_an_import_hears_how_long_while_it_runs() {
        let dir = tempfile::tempdir().unwrap();
        let book = dir.path().join("book.db");
        assert_eq!(importing(&book), None);
        let held = import(&book, Duration::from_secs(40)).unwrap();
        assert!(matches!(importing(&book), Some(30..=40)));
        assert!(import(&book, Duration::from_secs(9)).is_none(), "the first one counts");
        drop(held);
        assert_eq!(importing(&book), None);
        let late = import(&book, Duration::ZERO).unwrap();
        assert_eq!(importing(&book), Some(1));
        drop(late);
    }

    #[test]
    fn a_reader_where_nothing_can_be_written_needs_no_lock_file() {
        let dir = tempfile::tempdir().unwrap();
        let book = dir.path().join("book.db");
        assert!(open(&book, false).unwrap().is_none());
        assert!(!side_directory(&book).exists(), "nothing was made");
        drop(open(&book, true).unwrap());
        assert!(open(&book, false).unwrap().is_some(), "it shares what is there");
    }
}
