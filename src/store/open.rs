//! Creating, opening and migrating a book, and what is refused while doing so.

use super::face::{Access, Conn};
use super::functions;
use super::identity::{self, Identity};
use super::schema::{APPLICATION_ID, known};
use super::settings::BookKind;
use super::turn::{LOOK, Turn};
use super::whole::{self, Whole};
use super::{Op, Store, StoreError, filesystem, hold, migrate, side_directory, trouble};
use crate::clock::Now;
use crate::domain::actor::{Actor, Verb};
use crate::inside::{self, For};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Older SQLite can lose commits when two connections checkpoint the WAL at once.
const MIN_SQLITE: i32 = 3_051_003;

/// How long a write waits for another process before it says busy.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Waits a moment for the write lock; false once [`BUSY`] has passed.
fn wait_for_lock(looks: i32) -> bool {
    std::thread::sleep(LOOK);
    u32::try_from(looks).is_ok_and(|n| LOOK.saturating_mul(n) < BUSY)
}

/// What a new book needs to know.
pub struct CreateBook<'a> {
    /// Real, test or demo.
    pub kind: BookKind,
    /// Its creator: everything, until roles are set.
    pub actor: &'a Actor,
    /// The moment.
    pub now: Now,
}

/// Whether others may have the book open at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// As always.
    Shared,
    /// Nobody; and the log stays as it is. See [`super::view`].
    Alone,
}

impl Store {
    /// Makes a book at `path`; refuses to touch a file that exists. It appears with its first line
    /// in the audit trail or not at all, and what a killed try left is no hindrance to the next.
    pub fn create(path: &Path, book: &CreateBook<'_>) -> Result<Self, StoreError> {
        if path.symlink_metadata().is_ok() {
            return Err(StoreError::Exists(path.to_owned()));
        }
        filesystem::refuse_foreign(path)?;
        let gate = hold::shut(path, "being made")?;
        if path.symlink_metadata().is_ok() {
            return Err(StoreError::Exists(path.to_owned()));
        }
        // SQLite alone would take the umask, and the second clerk could not write.
        let made = Whole::begin(path, For::All)?;
        Self::fill(made.part(), book)?;
        made.put_new()?;
        drop(gate);
        let store = Self::open(path)?;
        store.note_restored()?;
        Ok(store)
    }

    fn fill(part: &Path, book: &CreateBook<'_>) -> Result<(), StoreError> {
        let mut store = Self::private(part)?;
        let raw = store.conn.raw();
        raw.pragma_update(None, "application_id", APPLICATION_ID).map_err(|e| store.named(e))?;
        migrate::lay_new(&store.conn).map_err(|e| store.named(e))?;
        let one = "INSERT INTO book (one, uid, kind, creator_uid, created_at)
            VALUES (1, lower(hex(randomblob(16))), ?1, ?2, ?3)";
        let values = (book.kind.as_str(), book.actor.uid, book.now.at_ms);
        store.conn.db().change(one, values).map_err(|e| store.named(e))?;
        let op = Op::new(book.actor, Verb::Init, book.now);
        store.write(&op, |tx| -> Result<(), StoreError> {
            tx.note("book", format!("a {} book made", book.kind));
            Ok(())
        })?;
        store.settle()
    }

    /// Opens a book for reading and writing; a file that cannot be written opens read-only.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_saying(path, &mut |_| {})
    }

    /// The same; `say` hears what is done to an older book while it is brought up.
    pub fn open_saying(path: &Path, say: &mut dyn FnMut(&str)) -> Result<Self, StoreError> {
        // One book has one directory beside it, whatever link led here.
        let real = path.canonicalize().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => StoreError::Missing(path.to_owned()),
            _ => io(path, source),
        })?;
        let path = real.as_path();
        let meta = std::fs::metadata(path).map_err(|source| io(path, source))?;
        if !meta.is_file() || meta.len() == 0 {
            return Err(StoreError::NotABook(path.to_owned()));
        }
        filesystem::refuse_foreign(path)?;
        inside::mend(path);
        let writable = may_write(path) && may_write(whole::parent(path));
        if trouble::read_only(path) {
            return Self::open_bare(path);
        }
        match Self::open_firm(path, writable, say) {
            // What it takes to write is not to be had; reading needs less.
            Err(error) if error.trouble().is_some() => Self::open_bare(path),
            // Nothing was written yet: what SQLite keeps beside a book could not be made.
            Err(StoreError::ReadOnly(_)) => {
                let words = "this user may not write here, and even reading keeps a log beside a \
                             book that nobody has open";
                let source = std::io::Error::new(std::io::ErrorKind::PermissionDenied, words);
                Err(io(whole::parent(path), source))
            }
            other => other,
        }
    }

    fn open_firm(
        path: &Path,
        writable: bool,
        say: &mut dyn FnMut(&str),
    ) -> Result<Self, StoreError> {
        if !side_directory(path).exists() {
            // Nothing is laid beside a file that is no book.
            Self::connect(path, Access::Read)?.version()?;
        }
        let access = if writable { Access::Write } else { Access::Read };
        let known = known();
        loop {
            let held = hold::open(path, writable)?;
            let file = identity::file_at(path);
            let mut store = Self::connect(path, access)?;
            store.writable = writable;
            let found = store.version()?;
            if found > known {
                return Err(StoreError::Newer { path: path.to_owned(), found, known });
            }
            if found == known {
                store.open = held;
                inside::mend_logs(path);
                store.identity = Some(Identity::of(path, &store.conn.db(), file)?);
                store.guard_commits()?;
                return Ok(store);
            }
            if !writable {
                return Err(StoreError::Outdated { path: path.to_owned(), found, known });
            }
            drop((store, held));
            migrate::bring_up(path, say)?;
        }
    }

    /// Opens a database that nobody else knows of: one in the making. It keeps nothing beside itself
    /// that a crash would leave, and is flushed by whoever puts it in place.
    pub(super) fn private(part: &Path) -> Result<Self, StoreError> {
        let store = Self::connect(part, Access::Write)?;
        let set = || -> rusqlite::Result<()> {
            let conn = store.conn.raw();
            conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            conn.pragma_update(None, "journal_mode", "MEMORY")?;
            conn.pragma_update(None, "synchronous", "OFF")
        };
        set().map_err(|e| store.named(e))?;
        Ok(store)
    }

    /// Makes a finished database a book that others may open: its log is kept from now on.
    pub(super) fn settle(self) -> Result<(), StoreError> {
        self.conn.raw().pragma_update(None, "journal_mode", "WAL").map_err(|e| self.named(e))
    }

    /// From now on nothing is committed but by [`Store::write`].
    fn guard_commits(&mut self) -> Result<(), StoreError> {
        let may = Arc::clone(&self.may_commit);
        Ok(self.conn.raw_mut().commit_hook(Some(move || !may.load(Ordering::Relaxed)))?)
    }

    /// Opens a book to ask who may do what; of an older schema too, and nothing is changed.
    pub fn look(path: &Path) -> Result<Self, StoreError> {
        if !std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && m.len() > 0) {
            return Err(StoreError::NotABook(path.to_owned()));
        }
        let store = Self::connect(path, Access::Read)?;
        store.version()?;
        Ok(store)
    }

    /// A store around an open connection.
    pub(super) fn around(conn: Conn, path: &Path) -> Self {
        Self {
            conn,
            path: path.to_owned(),
            writable: true,
            held: Duration::ZERO,
            steady: None,
            locks: None,
            steps: None,
            bare: false,
            logged: false,
            may_commit: Arc::default(),
            keeper: super::heads::Keeper::default(),
            identity: None,
            open: None,
            turn: Turn::of(path),
        }
    }

    pub(super) fn connect(path: &Path, access: Access) -> Result<Self, StoreError> {
        Self::connect_as(path, path, access, Company::Shared)
    }

    /// Connects to `path` under the name that SQLite shall open it by.
    pub(super) fn connect_as(
        path: &Path,
        name: &Path,
        access: Access,
        company: Company,
    ) -> Result<Self, StoreError> {
        if rusqlite::version_number() < MIN_SQLITE {
            return Err(StoreError::Sqlite(format!("SQLite {} is too old", rusqlite::version())));
        }
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
            | match access {
                Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
                Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
                Access::ReadUri => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            };
        let conn =
            Connection::open_with_flags(name, flags).map_err(|e| StoreError::from(e).at(path))?;
        let mut store = Self::around(Conn::of(conn), path);
        let conn = store.conn.raw_mut();
        let mut set = || -> rusqlite::Result<()> {
            conn.busy_handler(Some(wait_for_lock))?;
            if company == Company::Alone {
                // Before anything looks at the log: its index is in memory then.
                conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
                conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            }
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            // Plans do not depend on bound values. Without this, SQLite prepares a cached
            // statement anew at every use, which is half the time of a posting.
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            conn.set_prepared_statement_cache_capacity(256);
            conn.pragma_update(None, "foreign_keys", true)?;
            conn.pragma_update(None, "recursive_triggers", true)?;
            conn.pragma_update(None, "synchronous", "FULL")?;
            conn.pragma_update(None, "cache_size", -16_000)?;
            conn.pragma_update(None, "temp_store", "MEMORY")?;
            functions::offer(conn)
        };
        set().map_err(|e| store.named(e))?;
        Ok(store)
    }

    /// Its schema; an error if it is no book.
    pub(super) fn version(&self) -> Result<i64, StoreError> {
        let pragma = |name: &str| -> Result<i64, StoreError> {
            self.conn.pragma(name).map_err(|e| self.named(e))
        };
        if pragma("application_id")? != APPLICATION_ID {
            return Err(StoreError::NotABook(self.path.clone()));
        }
        pragma("user_version")
    }

    /// Copies the book, consistent while others write; an existing target is refused.
    pub fn backup_to(&self, target: &Path) -> Result<(), StoreError> {
        if target.exists() {
            return Err(StoreError::Exists(target.to_owned()));
        }
        let copy = Whole::begin(target, For::Owner)?;
        self.copy_into(copy.part())?;
        copy.put_new()
    }

    /// Copies the book into an empty file.
    pub(super) fn copy_into(&self, part: &Path) -> Result<(), StoreError> {
        let text = part.to_string_lossy().into_owned();
        let view = self.view()?;
        view.db().change("VACUUM INTO ?1", [text]).map_err(|e| e.at(part))?;
        Ok(())
    }
}

fn io(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), source }
}

/// Asks with the rights the program has, a lent group included; `access` asks for the user alone.
fn may_write(path: &Path) -> bool {
    use nix::fcntl::{AT_FDCWD, AtFlags};
    let flags = nix::unistd::AccessFlags::W_OK;
    nix::unistd::faccessat(AT_FDCWD, path, flags, AtFlags::AT_EACCESS).is_ok()
}

/// A path as SQLite's file names with options take it.
pub(super) fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
