//! The only room with SQL: one SQLite file, the book, and short transactions on it.
//!
//! [`Store::read`] gives a consistent view; [`Store::write`] is the one way to change anything: one
//! `BEGIN IMMEDIATE` transaction that authorizes the actor, does the work, writes the audit row and
//! bumps the topics. One file per aggregate holds its SQL as free functions over [`Db`] (reading)
//! and [`Tx`] (writing); what leaves this room are domain types and plain row structs.

pub mod account;
pub mod applied;
pub mod bill_run;
pub mod billing;
mod carry;
pub mod charge;
pub mod check;
pub mod conversion;
pub mod copy;
pub mod credit;
pub mod debt;
pub mod deed;
pub mod delivery;
pub mod desk;
pub mod document;
pub mod draft;
pub mod envelope;
mod error;
pub mod filesystem;
pub mod four_eyes;
pub mod gateway_poll;
pub mod heads;
pub mod hold;
mod identity;
pub mod import_request;
pub mod job;
pub mod ledger;
pub mod lock;
pub mod logo;
pub mod memo;
pub mod method_state;
mod migrate;
pub mod notice;
mod open;
pub mod open_item;
pub mod operation;
pub mod payment;
pub mod payment_method;
pub mod payment_run;
pub mod posting;
pub mod presence;
pub mod print_batch;
pub mod read;
pub mod retry;
pub mod role;
pub mod sample;
pub mod schedule;
pub mod settings;
mod sql;
pub mod stale;
pub mod subscription;
pub mod tax;
pub mod timekeeping;
pub mod trouble;
mod turn;
pub mod undelivered;
pub mod undo;
pub mod usage;
mod view;
mod whole;
pub mod zone_seen;

pub use crate::inside::side_directory;
pub use error::StoreError;
pub use open::{BookKind, CreateBook};
pub use operation::{Op, OpRow};
pub use sql::{Answer, Bounds, Cut};
pub use trouble::{OfBook, Trouble};
pub use whole::rename_new;

use crate::clock::Now;
use crate::domain::actor::{Actor, Role, Verb};
use crate::domain::text_enum;
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

text_enum! {
    /// What a screen shows and a write may change: a screen reloads only when its topics moved.
    Topic {
        /// Accounts, subscriptions, charges, methods, notes.
        Accounts = "accounts",
        /// Usage records.
        Usage = "usage",
        /// Bill and payment runs and their failures.
        Runs = "runs",
        /// Documents and their state.
        Documents = "documents",
        /// Payments, allocations, promises.
        Payments = "payments",
        /// Deliveries and print batches.
        Deliveries = "deliveries",
        /// Jobs and schedules.
        Jobs = "jobs",
        /// Settings, roles, saved filters.
        Settings = "settings",
        /// Notices.
        Notices = "notices",
    }
}

/// A book, open for this process: one connection, used by one thread at a time.
pub struct Store {
    conn: Connection,
    path: PathBuf,
    writable: bool,
    held: Duration,
    locks: Option<Vec<lock::Lock>>,
    /// What it must still be; none for a file that only this process knows.
    identity: Option<identity::Identity>,
    /// Dropped last: the connection is closed when others may replace the file.
    open: Option<hold::Hold>,
    turn: turn::Turn,
    /// The disk gave no room to open the book as usual: each view opens it alone.
    bare: bool,
    /// Whether a commit is ours; every other one is turned back. See [`Self::write`].
    may_commit: Arc<AtomicBool>,
    keeper: heads::Keeper,
}

/// Read access inside one transaction (or, within [`Tx`], inside the writing one).
pub struct Db<'c> {
    conn: &'c Connection,
}

impl Db<'_> {
    pub(in crate::store) fn conn(&self) -> &Connection {
        self.conn
    }
}

/// Write access inside one transaction.
pub struct Tx<'c> {
    db: Db<'c>,
    now: Now,
    actor: &'c Actor,
    role: Role,
    verb: Verb,
    second: RefCell<Option<deed::Second>>,
    note: RefCell<operation::Note>,
    topics: RefCell<BTreeSet<Topic>>,
    quiet: Cell<bool>,
    stirred: carry::Stirred,
    seq: i64,
}

impl<'c> std::ops::Deref for Tx<'c> {
    type Target = Db<'c>;
    fn deref(&self) -> &Db<'c> {
        &self.db
    }
}

impl Tx<'_> {
    /// The moment of this operation.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        self.actor
    }

    /// The role the actor was let in with.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What is done, as the audit trail names it.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Says who else stands for what is done from here on; none = nobody.
    pub fn seconded_by(&self, second: Option<deed::Second>) {
        self.second.replace(second);
    }

    /// The sequence number this operation gets in the audit trail; also the ledger's `txn`.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// Says for the audit trail what this is about: the subject as a clerk writes it
    /// (`D-000012`, `BR-000007`) and one line in words. The last call counts.
    pub fn note(&self, subject: impl ToString, summary: impl Into<String>) {
        let mut note = self.note.borrow_mut();
        note.subject = subject.to_string();
        note.summary = summary.into();
    }

    /// Adds detail to the audit row: JSON, with before and after for a clerk's edit.
    pub fn detail(&self, detail: &serde_json::Value) {
        self.note.borrow_mut().detail = detail.to_string();
    }

    /// Says that screens showing this topic are out of date.
    pub fn touch(&self, topic: Topic) {
        self.topics.borrow_mut().insert(topic);
    }

    /// Writes no audit row if so, see [`Tx::quiet`].
    pub fn quiet_if(&self, quiet: bool) {
        self.quiet.set(quiet);
    }

    /// Writes no audit row: nothing happened, or only bookkeeping of jobs.
    pub fn quiet(&self) {
        self.quiet.set(true);
    }
}

impl Tx<'_> {
    /// Tries one item of a batch: its error takes back what it wrote, and only that.
    pub fn attempt<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let run = |sql: &str| self.conn().execute_batch(sql).map_err(StoreError::from);
        run("SAVEPOINT attempt")?;
        match work() {
            Ok(value) => {
                run("RELEASE attempt")?;
                Ok(value)
            }
            // A full or failing disk takes the whole transaction back, the savepoint with it.
            Err(error) if self.conn().is_autocommit() => Err(error),
            Err(error) => {
                run("ROLLBACK TO attempt; RELEASE attempt")?;
                Err(error)
            }
        }
    }
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
        self.still_there()?;
        let view = self.view()?;
        let tx = view.unchecked_transaction().map_err(|e| self.named(e))?;
        if let Some(identity) = &self.identity {
            identity.still_ours(&tx)?;
        }
        let result = work(&Db { conn: &tx });
        // A disk that failed took the transaction back: what is to be told is in `result`.
        if !tx.is_autocommit() {
            tx.finish().map_err(|e| self.named(e))?;
        }
        result.map_err(|e| e.of_book(&self.path))
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
        let path = self.path.clone();
        self.firm()?;
        self.write_firm(op, work).map_err(|e| e.of_book(&path))
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

    fn write_firm<T, E: OfBook>(
        &mut self,
        op: &Op,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.path.clone();
        let named = |e: rusqlite::Error| StoreError::from(e).at(&path);
        self.turn.give_way();
        let asked = Instant::now();
        self.still_there()?;
        let waiting = self.turn.wait();
        let tx = self
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(named)?;
        drop(waiting);
        let had = Instant::now();
        let db = Db { conn: &tx };
        let (seq, prev_hash) = match &self.identity {
            Some(identity) => {
                identity.still_ours(&tx)?;
                identity.still_follows(&tx, operation::head(&db)?)?
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
            stirred: carry::Stirred::default(),
            seq: seq + 1,
        };
        let result = work(&handle);
        if handle.conn().is_autocommit() {
            let words = "a write failed and was taken back";
            let trouble = Trouble::of(&path, words);
            return Err(StoreError::Disk { path, trouble }.into());
        }
        let result = result?;
        carry::what_fell_open(&handle)?;
        for topic in handle.topics.borrow().iter() {
            operation::bump_topic(&handle, *topic)?;
        }
        let hash = if handle.quiet.get() {
            None
        } else {
            Some(operation::append(&handle, op, &prev_hash)?)
        };
        let what = handle.note.take().summary;
        drop(handle);
        let committing = Instant::now();
        self.may_commit.store(true, Ordering::Relaxed);
        let committed = tx.commit();
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
            locks.push(lock::Lock { what, waited: had - asked, held, commit });
        }
        Ok(result)
    }

    /// Whether the path still leads to the book that was opened; every transaction asks.
    pub fn still_there(&self) -> Result<(), StoreError> {
        self.identity.as_ref().map_or(Ok(()), identity::Identity::still_there)
    }

    /// Another connection to the same book: an error if the path leads elsewhere by now.
    pub fn again(&self) -> Result<Self, StoreError> {
        self.still_there()?;
        let other = Self::open(&self.path)?;
        self.still_there()?;
        Ok(other)
    }

    /// SQLite's own counter of other connections' commits: cheap to ask, tells that something moved.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        if self.bare {
            return Ok(self.stamp());
        }
        Ok(self.conn.pragma_query_value(None, "data_version", |r| r.get(0))?)
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

    fn in_trouble(&self, words: &str) -> StoreError {
        StoreError::Disk { path: self.path.clone(), trouble: Trouble::of(&self.path, words) }
    }

    fn named(&self, error: rusqlite::Error) -> StoreError {
        StoreError::from(error).at(&self.path)
    }
}

/// Reads a decimal column.
pub(in crate::store) fn decimal(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<rust_decimal::Decimal> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|_| damaged(column, text))
}

/// Reads a decimal column that may be NULL.
pub(in crate::store) fn decimal_opt(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<rust_decimal::Decimal>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => decimal(row, column).map(Some),
    }
}

/// Reads a word column with the enum's `parse`.
pub(in crate::store) fn word<T>(
    row: &rusqlite::Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    parse(text).ok_or_else(|| damaged(column, text))
}

/// Reads a word column that may be NULL.
pub(in crate::store) fn word_opt<T>(
    row: &rusqlite::Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => word(row, column, parse).map(Some),
    }
}

/// Reads the words of a list, each with the enum's `parse`; one that is not known is never left out.
pub(in crate::store) fn words<T>(
    column: usize,
    list: &str,
    between: char,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<Vec<T>> {
    let each = list.split(between).filter(|one| !one.is_empty());
    each.map(|one| parse(one).ok_or_else(|| damaged(column, one))).collect()
}

/// A value that the schema's checks should have kept out.
pub(in crate::store) fn damaged(column: usize, text: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        rusqlite::types::Type::Text,
        format!("unexpected value {text:?}").into(),
    )
}
