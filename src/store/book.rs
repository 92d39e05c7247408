//! The open book: consistent views to read by, and the one way to change anything.

use super::face::{Conn, Interrupter, Moment};
use super::side_directory;
use super::tx::Stirred;
use super::{
    Db, OfBook, Op, StoreError, Trouble, Tx, carry, collectible, heads, hold, identity, operation,
    role, turn, whole,
};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

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

/// Work that is done at most once, with what came of it: what is the same for every transaction is
/// compiled once and not once a closure.
struct Once<F, R> {
    work: Option<F>,
    result: Option<R>,
}

impl<F, T, E: From<StoreError>> Once<F, Result<T, E>> {
    fn new(work: F) -> Self {
        Self { work: Some(work), result: None }
    }

    /// Does it; whether it went well.
    fn run<A>(&mut self, with: &A) -> bool
    where
        F: FnOnce(&A) -> Result<T, E>,
    {
        self.result = self.work.take().map(|work| work(with));
        matches!(self.result, Some(Ok(_)))
    }

    /// What came of it, unless the transaction around it failed.
    fn outcome(self, around: Result<(), StoreError>) -> Result<T, E> {
        around?;
        self.result.unwrap_or_else(|| {
            Err(StoreError::NotFound("what a transaction did".to_owned()).into())
        })
    }
}

/// A book, open for this process: one connection, used by one thread at a time.
pub struct Store {
    pub(super) conn: Conn,
    pub(super) path: PathBuf,
    pub(super) writable: bool,
    pub(super) held: Duration,
    /// Instead of `held`, for what chooses slices by it.
    pub(super) steady: Option<Duration>,
    pub(super) locks: Option<Vec<Lock>>,
    /// What its statements cost, where that is counted.
    pub(super) steps: Option<Arc<AtomicU64>>,
    /// What it must still be; none for a file that only this process knows.
    pub(super) identity: Option<identity::Identity>,
    /// Dropped last: the connection is closed when others may replace the file.
    pub(super) open: Option<hold::Hold>,
    pub(super) turn: turn::Turn,
    /// The disk gave no room to open the book as usual: each view opens it alone.
    pub(super) bare: bool,
    /// Whether it was seen to that the book keeps a write-ahead log. See [`Self::keep_log`].
    pub(super) logged: bool,
    /// Whether a commit is ours; every other one is turned back. See [`Self::write`].
    pub(super) may_commit: Arc<AtomicBool>,
    pub(super) keeper: heads::Keeper,
}

impl Store {
    /// Where the book is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory beside the book for locks, mail, logs, backups and spool.
    pub fn side_directory(&self) -> PathBuf {
        side_directory(&self.path)
    }

    /// Gives everything beside the book that is ours the mode it should have: what an older program
    /// left.
    pub fn mend(&self) {
        crate::inside::mend_all(&self.path);
    }

    /// Whether this process may write to it.
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// One consistent view of the book.
    pub fn read<T, E: OfBook>(&self, work: impl FnOnce(&Db<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut work = Once::new(work);
        let viewed = self.view_once(&mut |db| work.run(db));
        work.outcome(viewed).map_err(|e| e.of_book(&self.path))
    }

    /// [`Self::read`] for any `work`, compiled once.
    fn view_once(&self, work: &mut dyn FnMut(&Db<'_>) -> bool) -> Result<(), StoreError> {
        self.still_there()?;
        let view = self.view()?;
        let begun = view.begin_read().map_err(|e| self.named(e))?;
        if let Some(identity) = &self.identity {
            identity.still_ours(&begun.db())?;
        }
        work(&begun.db());
        // A disk that failed took the transaction back: what is to be told is in the outcome.
        if !begun.db().is_over() {
            begun.finish().map_err(|e| self.named(e))?;
        }
        Ok(())
    }

    /// One transaction that changes the book: authorizes, works, audits, bumps topics, commits.
    /// An error of `work` rolls everything back.
    ///
    /// A full or failing disk makes SQLite take the transaction back in the midst of `work`. What
    /// `work` writes after that would be a commit of its own, without authority or trail: those are
    /// turned back by a hook, and the whole is told as what it was.
    pub fn write<T, E: OfBook>(
        &mut self,
        op: &Op,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.firm()?;
        let mut work = Once::new(work);
        let written = self.write_firm(op, &mut |tx| work.run(tx));
        work.outcome(written).map_err(|e| e.of_book(&self.path))
    }

    /// Refuses where nothing can be written; a disk that had no room may have some by now.
    fn firm(&mut self) -> Result<(), StoreError> {
        if self.bare {
            *self = self.again()?;
        }
        match (self.bare, self.writable) {
            (true, _) => Err(self.in_trouble("it could not be opened for writing")),
            (false, false) => Err(StoreError::ReadOnly(self.path.clone())),
            (false, true) => Ok(()),
        }
    }

    /// [`Self::write`] for any `work` (whether it went well), compiled once.
    fn write_firm(
        &mut self,
        op: &Op,
        work: &mut dyn FnMut(&Tx<'_>) -> bool,
    ) -> Result<(), StoreError> {
        let path = self.path.clone();
        let named = |e: StoreError| e.at(&path);
        self.keep_log();
        self.turn.give_way();
        let asked = Instant::now();
        self.still_there()?;
        let waiting = self.turn.wait();
        let begun = self.conn.begin_write().map_err(|error| match error {
            StoreError::Busy => hold::importing(&path).map_or(error, StoreError::Importing),
            error => named(error),
        })?;
        drop(waiting);
        let had = Instant::now();
        let db = begun.db();
        let (seq, prev_hash) = match &self.identity {
            Some(identity) => {
                identity.still_ours(&db)?;
                identity.still_follows(&db, operation::head(&db)?)?
            }
            None => operation::head(&db)?,
        };
        let role = role::authorize(&db, &op.actor, op.verb)?;
        operation::refuse_repeat(&db, &op.id)?;
        let handle = Tx {
            db,
            now: op.now,
            actor: &op.actor,
            role,
            verb: op.verb,
            second: RefCell::default(),
            note: RefCell::default(),
            topics: RefCell::default(),
            quiet: Cell::new(false),
            named: Cell::new(false),
            stirred: Stirred::default(),
            rules: RefCell::default(),
            shut: Cell::default(),
            seq: seq + 1,
        };
        let went_well = work(&handle);
        if handle.is_over() {
            let words = "a write failed and was taken back";
            let trouble = Trouble::of(&path, words);
            return Err(StoreError::Disk { path, trouble });
        }
        if !went_well {
            return Ok(());
        }
        carry::what_fell_open(&handle)?;
        collectible::settle(&handle)?;
        for topic in handle.topics.borrow().iter() {
            operation::bump_topic(&handle, *topic)?;
        }
        let hash = if handle.is_quiet() {
            None
        } else {
            Some(operation::append(&handle, op, &prev_hash)?)
        };
        let what = handle.note.take().summary;
        drop(handle);
        let committing = Instant::now();
        self.may_commit.store(true, Ordering::Relaxed);
        let committed = begun.commit();
        self.may_commit.store(false, Ordering::Relaxed);
        committed.map_err(named)?;
        self.held = had.elapsed();
        self.turn.had(self.held);
        // A file in the making has nothing beside it.
        if let (Some(hash), Some(_)) = (hash, &self.identity) {
            self.keep(heads::Head { seq: seq + 1, hash: heads::hex(&hash) });
        }
        if let Some(locks) = &mut self.locks {
            let (held, commit) = (self.held, committing.elapsed());
            locks.push(Lock { what, waited: had - asked, held, commit });
        }
        Ok(())
    }

    /// Before the first write: a copy that is opened as a book (a backup keeps no log) becomes one.
    /// Without the log every reader holds up the writer and a commit costs many times as much. Where
    /// somebody else is in the way it stays as it is until the next process; `doctor` tells.
    fn keep_log(&mut self) {
        if self.logged || self.identity.is_none() {
            return;
        }
        self.logged = true;
        let raw = self.conn.raw();
        let mode = raw.pragma_query_value(None, "journal_mode", |r| r.get::<_, String>(0));
        if mode.is_ok_and(|mode| mode != "wal") {
            self.may_commit.store(true, Ordering::Relaxed);
            let _ = raw.pragma_update(None, "journal_mode", "WAL");
            self.may_commit.store(false, Ordering::Relaxed);
            crate::inside::mend_logs(&self.path);
        }
    }

    /// Whether the path still leads to the book that was opened; every transaction asks.
    pub fn still_there(&self) -> Result<(), StoreError> {
        self.identity.as_ref().map_or(Ok(()), identity::Identity::still_there)
    }

    /// Another connection to the same book: an error if the path leads elsewhere by now.
    pub fn again(&self) -> Result<Self, StoreError> {
        self.still_there()?;
        let mut other = Self::open(&self.path)?;
        self.still_there()?;
        if let Some(steps) = &self.steps {
            other.count_steps(Arc::clone(steps))?;
        }
        if let Some(asked) = self.conn.asked() {
            other.conn.keep_asked(Arc::clone(asked));
        }
        other.steady = self.steady;
        Ok(other)
    }

    /// Keeps a few pages in memory from now on, for a connection that reads screens.
    pub fn keep_little(&self) -> Result<(), StoreError> {
        self.conn.raw().pragma_update(None, "cache_size", -1_000)?;
        Ok(())
    }

    /// Ends what this connection is asking, from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.conn.interrupter()
    }

    /// SQLite's own counter of other connections' commits: cheap to ask, tells that something moved.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        if self.bare {
            return Ok(self.stamp());
        }
        self.conn.pragma("data_version")
    }

    /// What this connection has seen of others' commits; [`Db::moment`] is the same while nobody
    /// else wrote.
    pub fn moment(&self) -> Result<Moment, StoreError> {
        self.conn.db().moment()
    }

    /// A number that changes when the files of the book do.
    fn stamp(&self) -> i64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        for file in [self.path.clone(), whole::with_suffix(&self.path, "-wal")] {
            let facts = std::fs::metadata(&file).ok();
            facts.map(|m| (m.len(), m.modified().ok())).hash(&mut hasher);
        }
        hasher.finish() as i64
    }

    pub(super) fn in_trouble(&self, words: &str) -> StoreError {
        StoreError::Disk { path: self.path.clone(), trouble: Trouble::of(&self.path, words) }
    }

    pub(super) fn named(&self, error: impl Into<StoreError>) -> StoreError {
        error.into().at(&self.path)
    }
}

impl Store {
    /// Takes `work` for this process, for the life of what is given back; none while another live
    /// process has it.
    pub fn hold(&self, work: hold::Work) -> Result<Option<hold::Hold>, StoreError> {
        hold::held(self.path(), work)
    }

    /// Tells those who wait to write that an import does, for about so long, for the life of what
    /// is given back.
    pub fn announce_import(&self, about: Duration) -> Option<hold::Hold> {
        hold::import(self.path(), about)
    }

    /// Removes the locks of jobs whose process died.
    pub fn sweep_locks(&self) {
        hold::sweep(self.path());
    }
}
