//! The book as a file: copying it while others write, putting a copy in its place, and its health.

use super::face::Access;
use super::whole::{self, Whole, with_suffix};
use super::{Store, StoreError, hold, migrate, open, role, schema};
use crate::clock::Now;
use crate::domain::actor::{Actor, Verb};
use crate::inside::For;
use crate::zone::Zone;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Copies the book to a new file that its owner alone may read, from its first byte on. Until then it
/// is a part of `part_of`, which may be the same path. `sound` is given the copy before it gets its
/// name; what it refuses gets none. Gives the bytes.
pub fn backup<E: From<StoreError>>(
    store: &Store,
    (part_of, target): (&Path, &Path),
    sound: impl FnOnce(Store) -> Result<(), E>,
) -> Result<u64, E> {
    if target.symlink_metadata().is_ok() {
        return Err(StoreError::Exists(target.to_owned()).into());
    }
    let io = |source| StoreError::Io { path: target.to_owned(), source };
    let copy = Whole::begin(part_of, For::Owner)?;
    store.copy_into(copy.part())?;
    sound(Store::connect(copy.part(), Access::Read)?)?;
    copy.put_new_as(target)?;
    Ok(std::fs::metadata(target).map_err(io)?.len())
}

/// A backup that is to be restored, open for reading: one state of it, whoever writes to it.
pub struct Source {
    conn: Connection,
    path: PathBuf,
    /// Device, inode, length and last change.
    facts: (u64, u64, u64, i64, i64),
}

fn facts(path: &Path) -> Result<(u64, u64, u64, i64, i64), StoreError> {
    let m = std::fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => StoreError::Missing(path.to_owned()),
        _ => StoreError::Io { path: path.to_owned(), source },
    })?;
    if !m.is_file() {
        return Err(StoreError::NotABook(path.to_owned()));
    }
    Ok((m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec()))
}

impl Source {
    /// Opens it. A book that is in use will do too: what its log has is part of it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let facts = facts(path)?;
        let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let begun = |name: &Path, flags| -> rusqlite::Result<Connection> {
            let conn = Connection::open_with_flags(name, flags)?;
            conn.busy_timeout(Duration::from_secs(2))?;
            conn.execute_batch("BEGIN")?;
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(conn)
        };
        let conn = begun(path, read).or_else(|error| {
            // Where nothing can be written SQLite cannot make its index of a log; without a log it
            // needs none.
            let log = std::fs::metadata(with_suffix(path, "-wal")).map_or(0, |m| m.len());
            match StoreError::from(error).at(path) {
                StoreError::ReadOnly(_) if log == 0 => {
                    let uri = format!("file:{}?immutable=1", open::escaped(path));
                    begun(Path::new(&uri), read | OpenFlags::SQLITE_OPEN_URI)
                        .map_err(|e| StoreError::from(e).at(path))
                }
                other => Err(other),
            }
        })?;
        Ok(Self { conn, path: path.to_owned(), facts })
    }
}

/// A copy that may become the book at a path.
pub struct Staged {
    whole: Whole,
    book: PathBuf,
    _one_at_a_time: hold::Hold,
}

/// Copies `source` beside `book`, brought up to this program's schema; gives it open for checking.
pub fn stage(
    book: &Path,
    source: &Source,
    say: &mut dyn FnMut(&str),
) -> Result<(Staged, Store), StoreError> {
    let directory = whole::parent(book);
    let one_at_a_time = hold::restoring(book)?;
    let whole = Whole::begin(book, For::All)?;
    migrate::room(book, directory, source.facts.2, source.facts.2)?;
    let part = whole.part();
    let named = |e: rusqlite::Error| speak_of(StoreError::from(e), source);
    {
        let mut to = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|e| StoreError::from(e).at(part))?;
        to.pragma_update(None, "synchronous", "OFF")?;
        let copying = Backup::new(&source.conn, &mut to).map_err(named)?;
        match copying.step(-1).map_err(named)? {
            StepResult::Done => {}
            _ => return Err(StoreError::Busy),
        }
    }
    if facts(&source.path)? != source.facts {
        let words = format!("{} changes while it is read", source.path.display());
        return Err(StoreError::InUse(words));
    }
    let store = Store::private(part).map_err(|e| speak_of(e, source))?;
    let (found, known) = (store.version().map_err(|e| speak_of(e, source))?, schema::known());
    if found > known {
        return Err(StoreError::Newer { path: source.path.clone(), found, known });
    }
    if found < known {
        migrate::lay(&store.conn, schema::MIGRATIONS, say)?;
    }
    Ok((Staged { whole, book: book.to_owned(), _one_at_a_time: one_at_a_time }, store))
}

/// Speaks of the file that was given, not of our copy of it.
fn speak_of(error: StoreError, source: &Source) -> StoreError {
    match error {
        StoreError::NotABook(_) => StoreError::NotABook(source.path.clone()),
        other => other,
    }
}

/// Whether somebody may replace what lies at `book`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing lies there.
    Nothing,
    /// A book, and its roles allow it.
    Allowed,
    /// No book that can be read: it names nobody who may.
    Unreadable,
}

/// Asks the roles of the book that is to be replaced, whatever its schema; changes nothing.
pub fn may_replace(book: &Path, actor: &Actor) -> Result<Standing, StoreError> {
    if book.symlink_metadata().is_err() {
        return Ok(Standing::Nothing);
    }
    let asked = Store::connect(book, Access::Read).and_then(|old| {
        old.version()?;
        old.read(|db| role::authorize(db, actor, Verb::Settings))
    });
    match asked {
        Ok(_) => Ok(Standing::Allowed),
        Err(error @ (StoreError::Forbidden { .. } | StoreError::Busy)) => Err(error),
        Err(_) => Ok(Standing::Unreadable),
    }
}

impl Staged {
    /// Puts the copy in the book's place, when nobody has the book open; gives under which name what
    /// was there is kept. `store` is the copy, checked; `authorize` is asked once nobody can change
    /// the answer any more.
    pub fn put<E: From<StoreError>>(
        self,
        store: Store,
        authorize: impl FnOnce() -> Result<(), E>,
    ) -> Result<Option<PathBuf>, E> {
        store.settle()?;
        let _alone = hold::alone(&self.book, "being restored")?;
        authorize()?;
        if self.book.symlink_metadata().is_err() {
            self.whole.put_new()?;
            return Ok(None);
        }
        let stamp = Now::system(Zone::UTC).local(Zone::UTC).format("%Y%m%dT%H%M%S");
        let mut kept = with_suffix(&self.book, &format!(".before-restore-{stamp}"));
        let mut n = 1;
        while kept.symlink_metadata().is_ok() {
            n += 1;
            kept = with_suffix(&self.book, &format!(".before-restore-{stamp}-{n}"));
        }
        fold_log(&self.book, &kept)?;
        self.whole.swap(&kept)?;
        Ok(Some(kept))
    }
}

/// Writes a book's log back into it, so that the file is all there is of it. The log of a file that
/// SQLite cannot read is moved to the file's later name.
fn fold_log(book: &Path, kept: &Path) -> Result<(), StoreError> {
    let folded = Store::connect(book, Access::Write).and_then(|old| {
        old.alone()?;
        match old.conn.raw().pragma_update(None, "wal_checkpoint", "TRUNCATE") {
            Ok(()) | Err(rusqlite::Error::ExecuteReturnedResults) => Ok(()),
            Err(error) => Err(error.into()),
        }
    });
    match folded {
        Ok(()) => {}
        Err(StoreError::NotABook(_) | StoreError::Corrupt(_)) => {
            let log = with_suffix(book, "-wal");
            if log.exists() {
                let io = |source| StoreError::Io { path: log.clone(), source };
                std::fs::rename(&log, with_suffix(kept, "-wal")).map_err(io)?;
            }
        }
        Err(other) => return Err(other),
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let left = with_suffix(book, suffix);
        if left.exists() {
            let io = |source| StoreError::Io { path: left.clone(), source };
            std::fs::remove_file(&left).map_err(io)?;
        }
    }
    whole::flush_directory(book)
}

/// Facts about the file for `doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// SQLite's version.
    pub sqlite: String,
    /// How many migrations the book has, and how many this program knows.
    pub schema: (i64, i64),
    /// `wal` is as it should be.
    pub journal_mode: String,
    /// `2` (FULL) is as it should be.
    pub synchronous: i64,
    /// Bytes of the book.
    pub bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// Bytes inside the file that hold nothing.
    pub free_bytes: i64,
    /// Permission bits of the file and its directory.
    pub modes: (u32, u32),
}

impl Store {
    /// Reads them.
    pub fn health(&self) -> Result<Health, StoreError> {
        let view = self.view()?;
        let number = |name: &str| view.pragma(name);
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
        let mode = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.mode() & 0o7777);
        let parent = self.path().parent().filter(|p| !p.as_os_str().is_empty());
        Ok(Health {
            sqlite: rusqlite::version().to_owned(),
            schema: (number("user_version")?, schema::MIGRATIONS.len() as i64),
            journal_mode: view.raw().pragma_query_value(None, "journal_mode", |r| r.get(0))?,
            synchronous: number("synchronous")?,
            bytes: size(self.path()),
            wal_bytes: size(&with_suffix(self.path(), "-wal")),
            free_bytes: number("freelist_count")? * number("page_size")?,
            modes: (mode(self.path()), mode(parent.unwrap_or(Path::new(".")))),
        })
    }
}
