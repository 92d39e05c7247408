//! The disk of a book in trouble: full, read-only or failing. SQLite says only that it could not
//! read or write; the file system knows more.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No space, no files or no quota left.
    Full,
    /// Mounted read-only.
    ReadOnly,
    /// Reading or writing failed, in the system's words.
    Failing(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => out.write_str("is full"),
            Self::ReadOnly => out.write_str("is mounted read-only"),
            Self::Failing(words) => write!(out, "failed ({words})"),
        }
    }
}

/// Less than this is as good as nothing: opening the log of a book takes more.
const NOTHING: u64 = 256 * 1024;

impl Trouble {
    /// Tells from the file system why SQLite could not use `path`.
    pub(super) fn of(path: &Path, words: &str) -> Self {
        if read_only(path) {
            Self::ReadOnly
        } else if full(path) {
            Self::Full
        } else {
            Self::Failing(words.to_owned())
        }
    }

    /// What an error of the operating system says of the disk, if it does.
    pub fn of_io(error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(Self::Full),
            io::ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnly),
            _ if error.raw_os_error() == Some(nix::errno::Errno::EIO as i32) => {
                Some(Self::Failing(error.to_string()))
            }
            _ => None,
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Full => {
                "free some space, then repeat it; what was committed stays, and everything can still \
                 be read"
            }
            Self::ReadOnly => {
                "mount it writable again (after a fault the system does not: see its log), then \
                 repeat it; what was committed stays, and everything can still be read"
            }
            Self::Failing(_) => {
                "see the system's log for the disk, then repeat it; what was committed stays: \
                 daybook backup copies the book to another disk, daybook check looks at it"
            }
        }
    }
}

/// Of a database and what SQLite keeps beside it the file that may not be read, if there is one.
pub(super) fn shut(path: &Path) -> Option<PathBuf> {
    let file = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm"].iter().map(|s| file(s)).find(|file| {
        File::open(file).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    })
}

/// Whether the disk under a path is mounted read-only.
pub(super) fn read_only(path: &Path) -> bool {
    nix::sys::statvfs::statvfs(path)
        .is_ok_and(|s| s.flags().contains(nix::sys::statvfs::FsFlags::ST_RDONLY))
}

/// Some file systems count no files (0 of 0 left), which is not full.
fn full(path: &Path) -> bool {
    nix::sys::statvfs::statvfs(path).is_ok_and(|s| {
        s.blocks_available() * s.fragment_size() <= NOTHING
            || (s.files() > 0 && s.files_available() == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn the_systems_errors_are_told_apart() {
        let of =
            |errno: nix::errno::Errno| Trouble::of_io(&io::Error::from_raw_os_error(errno as i32));
        assert_eq!(of(nix::errno::Errno::ENOSPC), Some(Trouble::Full));
        assert_eq!(of(nix::errno::Errno::EDQUOT), Some(Trouble::Full));
        assert_eq!(of(nix::errno::Errno::EROFS), Some(Trouble::ReadOnly));
        assert!(matches!(of(nix::errno::Errno::EIO), Some(Trouble::Failing(_))));
        assert_eq!(of(nix::errno::Errno::ENOENT), None);
        let nowhere = Trouble::of(Path::new("/nowhere/book.db"), "disk I/O error");
        assert_eq!(nowhere, Trouble::Failing("disk I/O error".to_owned()));
    }

    /// SQLite takes the transaction back when the disk fails; a batch verb that counts failures and
    /// goes on would then commit line by line, past the trail.
    #[test]
    fn what_follows_a_failed_write_is_not_committed() {
        use crate::clock::Now;
        use crate::domain::actor::{Actor, Verb};
        use crate::store::{BookKind, CreateBook, Op, Store};
        let dir = tempfile::tempdir().unwrap();
        let actor = Actor { uid: 1, name: "mia".to_owned() };
        let now = Now::system(crate::zone::Zone::UTC);
        let book = CreateBook { kind: BookKind::Test, actor: &actor, now };
        let mut store = Store::create(&dir.path().join("book.db"), &book).unwrap();
        let pages: i64 =
            store.conn.raw().pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
        store.conn.raw().pragma_query_value(None, "max_page_count", |_| Ok(())).unwrap();
        store
            .conn
            .db()
            .one(&format!("PRAGMA max_page_count = {}", pages + 1), [], |_| Ok(()))
            .unwrap();
        let insert = |tx: &crate::store::Tx<'_>, key: &str, length: i64| {
            tx.run("INSERT INTO setting VALUES (?1, hex(zeroblob(?2)))", (key, length))
        };
        let mut followed = None;
        let ended = store.write(&Op::new(&actor, Verb::Settings, now), |tx| {
            let failed = tx.attempt(|| insert(tx, "large", 500_000));
            assert!(matches!(failed, Err(StoreError::Disk { .. })), "{failed:?}");
            followed = Some(insert(tx, "small", 1));
            Ok::<_, StoreError>(())
        });
        assert!(matches!(ended, Err(StoreError::Disk { .. })), "{ended:?}");
        assert!(matches!(followed, Some(Err(_))), "{followed:?}");
        let left: i64 =
            store.conn.db().one("SELECT count(*) FROM setting", [], |r| r.get(0)).unwrap();
        assert_eq!(left, 0);
        // The store itself goes on.
        let op = Op::new(&actor, Verb::Settings, now);
        store.write(&op, |tx| insert(tx, "small", 1)).unwrap();
    }
}
