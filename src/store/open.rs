//! Creating, opening and migrating a book, and what is refused while doing so.

use super::{Store, StoreError, side_directory};
use crate::clock::Now;
use crate::domain::actor::Actor;
use crate::domain::text_enum;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// "dayb": tells a book from any other SQLite file (`PRAGMA application_id`).
const APPLICATION_ID: i64 = 0x6461_7962;

/// The migrations, in order; `PRAGMA user_version` counts how many a book has.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_book.sql"),
    include_str!("migrations/0002_sample.sql"),
    include_str!("migrations/0003_four_eyes.sql"),
    include_str!("migrations/0004_gateway_poll.sql"),
];

/// Older SQLite can lose commits when two connections checkpoint the WAL at once.
const MIN_SQLITE: i32 = 3_051_003;

/// How long a write waits for another process before it says busy.
const BUSY: Duration = Duration::from_secs(10);

/// How often it looks. SQLite's own handler sleeps up to 100 ms between two looks and so misses the
/// gaps between the slices of a job; a clerk would wait for seconds.
const LOOK: Duration = Duration::from_millis(2);

/// Waits a moment for the write lock; false once [`BUSY`] has passed.
fn wait_for_lock(looks: i32) -> bool {
    std::thread::sleep(LOOK);
    u32::try_from(looks).is_ok_and(|n| LOOK.saturating_mul(n) < BUSY)
}

text_enum! {
    /// What a book is for. Only test and demo books have a clock of their own.
    BookKind {
        /// Real money.
        Real = "real",
        /// For trying things.
        Test = "test",
        /// Made by `daybook demo`.
        Demo = "demo",
    }
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

impl Store {
    /// Makes a book at `path`; refuses to touch a file that exists.
    pub fn create(path: &Path, book: &CreateBook<'_>) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|source| io(parent, source))?;
        }
        let side = side_directory(path);
        // Made by us with 0660: SQLite alone would take the umask, and the second clerk could not write.
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o660)
            .open(path)
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists => StoreError::Exists(path.to_owned()),
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    StoreError::ReadOnly(path.to_owned())
                }
                std::io::ErrorKind::StorageFull => StoreError::DiskFull(path.to_owned()),
                _ => io(path, source),
            })?;
        file.set_permissions(std::fs::Permissions::from_mode(0o660))
            .map_err(|source| io(path, source))?;
        drop(file);
        let made = Self::fill(path, &side, book);
        if made.is_err() {
            // Nothing half made is left behind.
            for suffix in ["", "-wal", "-shm"] {
                let mut name = path.as_os_str().to_owned();
                name.push(suffix);
                let _ = std::fs::remove_file(name);
            }
        }
        made
    }

    fn fill(path: &Path, side: &Path, book: &CreateBook<'_>) -> Result<Self, StoreError> {
        std::fs::create_dir_all(side).map_err(|source| io(side, source))?;
        let mut store = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        store.conn.pragma_update(None, "journal_mode", "WAL").map_err(|e| store.named(e))?;
        let tx = store
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)
            .map_err(|e| StoreError::from(e).at(path))?;
        let work = || -> rusqlite::Result<()> {
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
            for sql in MIGRATIONS {
                tx.execute_batch(sql)?;
            }
            tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
            let uid: String =
                tx.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?;
            tx.execute(
                "INSERT INTO book (one, uid, kind, creator_uid, created_at) VALUES (1, ?1, ?2, ?3, ?4)",
                (uid, book.kind.as_str(), book.actor.uid, book.now.at_ms),
            )?;
            Ok(())
        };
        work().map_err(|e| StoreError::from(e).at(path))?;
        tx.commit().map_err(|e| StoreError::from(e).at(path))?;
        Ok(store)
    }

    /// Opens a book for reading and writing; a file that cannot be written opens read-only.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let meta = std::fs::metadata(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => StoreError::Missing(path.to_owned()),
            _ => io(path, source),
        })?;
        if !meta.is_file() || meta.len() == 0 {
            return Err(StoreError::NotABook(path.to_owned()));
        }
        refuse_network_filesystem(path)?;
        let writable = may_write(path)
            && path.parent().is_none_or(|p| {
                may_write(if p.as_os_str().is_empty() { Path::new(".") } else { p })
            });
        let flags = if writable {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        } else {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        };
        // On a read-only disk SQLite cannot make its index of the log; it needs none, for nobody can
        // write there, unless a log was left behind.
        let mut store = if !writable && frozen(path) {
            let uri = format!("file:{}?immutable=1", escaped(path));
            Self::connect(Path::new(&uri), flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            Self::connect(path, flags)?
        };
        path.clone_into(&mut store.path);
        store.writable = writable;
        store.check_version()?;
        Ok(store)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        if rusqlite::version_number() < MIN_SQLITE {
            return Err(StoreError::Sqlite(format!("SQLite {} is too old", rusqlite::version())));
        }
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn =
            Connection::open_with_flags(path, flags).map_err(|e| StoreError::from(e).at(path))?;
        let mut store =
            Self { conn, path: path.to_owned(), writable: true, held: Duration::ZERO, locks: None };
        let mut set = || -> rusqlite::Result<()> {
            store.conn.busy_handler(Some(wait_for_lock))?;
            store.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            // Plans do not depend on bound values. Without this, SQLite prepares a cached
            // statement anew at every use, which is half the time of a posting.
            store.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            store.conn.set_prepared_statement_cache_capacity(256);
            store.conn.pragma_update(None, "foreign_keys", true)?;
            store.conn.pragma_update(None, "recursive_triggers", true)?;
            store.conn.pragma_update(None, "synchronous", "FULL")?;
            store.conn.pragma_update(None, "cache_size", -16_000)?;
            store.conn.pragma_update(None, "temp_store", "MEMORY")
        };
        set().map_err(|e| store.named(e))?;
        Ok(store)
    }

    fn check_version(&mut self) -> Result<(), StoreError> {
        let pragma = |name: &str| -> Result<i64, StoreError> {
            self.conn.pragma_query_value(None, name, |r| r.get(0)).map_err(|e| self.named(e))
        };
        if pragma("application_id")? != APPLICATION_ID {
            return Err(StoreError::NotABook(self.path.clone()));
        }
        let (found, known) = (pragma("user_version")?, MIGRATIONS.len() as i64);
        if found > known {
            return Err(StoreError::Newer { path: self.path.clone(), found, known });
        }
        if found < known {
            self.migrate()?;
        }
        Ok(())
    }

    /// Brings an older book up: a backup first, then every missing file in one transaction.
    fn migrate(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let named = |e: rusqlite::Error| StoreError::from(e).at(&path);
        let from: i64 =
            self.conn.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(named)?;
        self.backup_to(&side_directory(&self.path).join(format!("before-schema-{from}.db")))?;
        let tx = self
            .conn
            .transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)
            .map_err(named)?;
        // Another process may have migrated while we waited.
        let from: i64 = tx.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(named)?;
        for sql in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
            tx.execute_batch(sql).map_err(named)?;
        }
        tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64).map_err(named)?;
        tx.commit().map_err(named)
    }

    /// Copies the book, consistent while others write; an existing target is refused.
    pub fn backup_to(&self, target: &Path) -> Result<(), StoreError> {
        if target.exists() {
            return Err(StoreError::Exists(target.to_owned()));
        }
        if let Some(parent) = target.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|source| io(parent, source))?;
        }
        let text = target.to_string_lossy().into_owned();
        self.conn.execute("VACUUM INTO ?1", [text]).map_err(|e| StoreError::from(e).at(target))?;
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

/// Whether the disk of a book is mounted read-only and the book is whole without its log.
fn frozen(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let empty = std::fs::metadata(&log).map_or(true, |m| m.len() == 0);
    let read_only = nix::sys::statvfs::statvfs(path)
        .is_ok_and(|s| s.flags().contains(nix::sys::statvfs::FsFlags::ST_RDONLY));
    empty && read_only
}

/// A path as SQLite's file names with options take it.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

fn refuse_network_filesystem(path: &Path) -> Result<(), StoreError> {
    use nix::sys::statfs::{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, statfs};
    // CIFS and SMB2 have magic numbers of their own that nix does not name.
    const CIFS: i64 = 0xff53_4d42;
    const SMB2: i64 = 0xfe53_4d42;
    let Ok(found) = statfs(path) else { return Ok(()) };
    let magic = found.filesystem_type();
    let kind = if magic == NFS_SUPER_MAGIC {
        "NFS"
    } else if magic == SMB_SUPER_MAGIC || [CIFS, SMB2].contains(&magic.0) {
        "SMB"
    } else {
        return Ok(());
    };
    Err(StoreError::NetworkFilesystem { path: path.to_owned(), kind })
}
