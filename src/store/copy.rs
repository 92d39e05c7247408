//! The book as a file: copying it while others write, putting a copy in its place, and its health.

use super::{Store, StoreError, open};
use rusqlite::{Connection, OpenFlags};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { path, source }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Puts `copy` where `book` is, when nobody has the book open; the book that was there is kept
/// under another name, which is given back. `copy` must be a sound book of this version.
pub fn replace(book: &Path, copy: &Path, kept: &Path) -> Result<(), StoreError> {
    if book.exists() {
        refuse_while_open(book)?;
        std::fs::rename(book, kept).map_err(io(book))?;
    }
    for suffix in ["-wal", "-shm"] {
        let left = with_suffix(book, suffix);
        if left.exists() {
            std::fs::remove_file(&left).map_err(io(&left))?;
        }
    }
    std::fs::set_permissions(copy, std::fs::Permissions::from_mode(0o660)).map_err(io(copy))?;
    std::fs::rename(copy, book).map_err(io(book))?;
    let conn = Connection::open_with_flags(book, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    Ok(())
}

/// Another connection, in any process, keeps a shared lock on a WAL book: exclusive locking fails
/// then. The last one to close has written the WAL back.
fn refuse_while_open(book: &Path) -> Result<(), StoreError> {
    let conn = Connection::open_with_flags(book, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(std::time::Duration::from_millis(200))?;
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    conn.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
    conn.pragma_update(None, "wal_checkpoint", "TRUNCATE").or_else(|e| match e {
        rusqlite::Error::ExecuteReturnedResults => Ok(()),
        other => Err(other),
    })?;
    Ok(())
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
        let number = |name: &str| -> Result<i64, StoreError> {
            Ok(self.conn.pragma_query_value(None, name, |r| r.get(0))?)
        };
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
        let mode =
            |path: &Path| std::fs::metadata(path).map_or(0, |m| m.permissions().mode() & 0o7777);
        let parent = self.path().parent().filter(|p| !p.as_os_str().is_empty());
        Ok(Health {
            sqlite: rusqlite::version().to_owned(),
            schema: (number("user_version")?, open::MIGRATIONS.len() as i64),
            journal_mode: self.conn.pragma_query_value(None, "journal_mode", |r| r.get(0))?,
            synchronous: number("synchronous")?,
            bytes: size(self.path()),
            wal_bytes: size(&with_suffix(self.path(), "-wal")),
            free_bytes: number("freelist_count")? * number("page_size")?,
            modes: (mode(self.path()), mode(parent.unwrap_or(Path::new(".")))),
        })
    }
}
