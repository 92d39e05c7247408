//! Reading a book that cannot be opened as usual, because its disk is full or read-only.
//!
//! SQLite wants 32 KB beside the book for the index of its log, which such a disk does not give. With
//! the book to itself it keeps that index in memory instead. So each view opens the book alone, for
//! the moment it takes: readers wait for each other, and nobody is kept out for longer.

use super::face::{Access, Conn};
use super::open::Company;
use super::schema::{self, APPLICATION_ID};
use super::trouble::{self, Trouble};
use super::{Store, StoreError, hold, identity, open, turn, whole};
use std::fs::{File, TryLockError};
use std::ops::Deref;
use std::path::Path;
use std::time::Instant;

/// A connection to read by: the store's own, or one for this view alone.
pub(super) enum View<'s> {
    Own(&'s Conn),
    Opened(Alone),
}

/// The book, opened for one view. The turn is given on once the connection is closed.
pub(super) struct Alone {
    pub(super) conn: Conn,
    _turn: Option<File>,
}

impl Deref for View<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        match self {
            Self::Own(conn) => conn,
            Self::Opened(alone) => &alone.conn,
        }
    }
}

impl Store {
    /// Opens a book for reading alone, view by view. Its schema must be ours: nothing can be brought
    /// up on such a disk.
    pub(super) fn open_bare(path: &Path) -> Result<Self, StoreError> {
        // Stands for the connection that could not be had; nothing asks it.
        let mut store = Self::around(Conn::in_memory()?, path);
        store.writable = false;
        store.bare = true;
        let held = match hold::open(path, false) {
            // No lock file can be made: whoever restores the book meanwhile is noticed all the same.
            Err(error) if error.trouble().is_some() => None,
            held => held?,
        };
        let file = identity::file_at(path);
        let view = store.view()?;
        let pragma = |name: &str| -> Result<i64, StoreError> {
            view.pragma(name).map_err(|e| store.named(e))
        };
        if pragma("application_id")? != APPLICATION_ID {
            return Err(StoreError::NotABook(path.to_owned()));
        }
        let (found, known) = (pragma("user_version")?, schema::known());
        if found > known {
            return Err(StoreError::Newer { path: path.to_owned(), found, known });
        }
        if found < known {
            let words = format!("it has no room to bring the book from schema {found} to {known}");
            let trouble = Trouble::of(path, &words);
            return Err(StoreError::Disk { path: path.to_owned(), trouble });
        }
        let identity = identity::Identity::of(path, &view.db(), file)?;
        drop(view);
        store.identity = Some(identity);
        store.open = held;
        Ok(store)
    }

    /// Whether the disk gives no room to open the book as usual.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// A connection for one view.
    pub(super) fn view(&self) -> Result<View<'_>, StoreError> {
        if self.bare { open_alone(&self.path).map(View::Opened) } else { Ok(View::Own(&self.conn)) }
    }
}

/// Opens the book for one view, in turn with all others that must have it alone: SQLite does not wait
/// for a lock there. The turn is a kernel lock on a directory, which takes no room. (Never on the book:
/// closing it would let go of the locks that SQLite has on it.)
pub(super) fn open_alone(path: &Path) -> Result<Alone, StoreError> {
    let side = super::side_directory(path);
    let place = if side.is_dir() { side.as_path() } else { whole::parent(path) };
    // Where nobody writes, nobody needs it alone.
    let turn = if trouble::read_only(path) { None } else { File::open(place).ok() };
    let begun = Instant::now();
    let mine = |turn: &File| !matches!(turn.try_lock(), Err(TryLockError::WouldBlock));
    loop {
        let opened = match &turn {
            Some(turn) if !mine(turn) => Err(StoreError::Busy),
            Some(_) | None => try_alone(path),
        };
        match opened {
            Err(StoreError::Busy) if begun.elapsed() < open::BUSY => std::thread::sleep(turn::LOOK),
            Ok(conn) => return Ok(Alone { conn, _turn: turn }),
            Err(error) => return Err(error),
        }
    }
}

/// Opens it as usual if the disk has room again, else alone.
fn try_alone(path: &Path) -> Result<Conn, StoreError> {
    if trouble::read_only(path) {
        // Nobody writes on such a disk, so no lock is needed; none could be had either.
        if let Some(conn) = without_log(path) {
            return conn;
        }
        let uri = format!("file:{}?vfs=unix-none", open::escaped(path));
        let store = Store::connect_as(path, Path::new(&uri), Access::ReadUri, Company::Alone)?;
        return looked(store, path);
    }
    let usual = Store::connect(path, Access::Write).and_then(|store| looked(store, path));
    if !matches!(usual, Err(StoreError::Disk { .. })) {
        return usual;
    }
    let alone = Store::connect_as(path, path, Access::Write, Company::Alone)
        .and_then(|store| looked(store, path));
    match alone {
        // Not even an empty log can be made, so nobody else can have one.
        Err(StoreError::Disk { .. }) => without_log(path).unwrap_or(alone),
        other => other,
    }
}

/// Opens a book that is whole without its log, which must not be there or be empty.
fn without_log(path: &Path) -> Option<Result<Conn, StoreError>> {
    let log = whole::with_suffix(path, "-wal");
    if std::fs::metadata(&log).is_ok_and(|m| m.len() > 0) {
        return None;
    }
    let uri = format!("file:{}?immutable=1", open::escaped(path));
    let store = Store::connect_as(path, Path::new(&uri), Access::ReadUri, Company::Shared);
    Some(store.and_then(|store| looked(store, path)))
}

/// The connection, once the book was looked at by it: opening alone touches nothing.
fn looked(store: Store, path: &Path) -> Result<Conn, StoreError> {
    let look = "SELECT count(*) FROM sqlite_schema";
    store.conn.db().one(look, [], |_| Ok(())).map_err(|e| e.at(path))?;
    Ok(store.conn)
}
