//! Whether the file at the book's path is still the book that was opened. A restore never changes
//! that under anybody, but a person with `rm`, `mv` and `cp` may, and a newer program may migrate.

use super::schema::known;
use super::{Db, StoreError};
use std::cell::RefCell;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The last operation of a trail: sequence and hash.
type Head = (i64, Vec<u8>);

/// What was opened.
#[derive(Debug)]
pub(super) struct Identity {
    path: PathBuf,
    /// Device and inode.
    file: (u64, u64),
    /// The book's random id.
    uid: String,
    /// The last operation that a write of ours found.
    seen: RefCell<Head>,
}

/// Which file a path leads to: device and inode; none when it leads nowhere.
pub(super) fn file_at(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
}

impl Identity {
    /// Remembers what `db` reads at `path`, where `file` lay just before.
    pub(super) fn of(
        path: &Path,
        db: &Db<'_>,
        file: Option<(u64, u64)>,
    ) -> Result<Self, StoreError> {
        let uid = db.one("SELECT uid FROM book", [], |r| r.get(0)).map_err(|e| e.at(path))?;
        let file = file.ok_or_else(|| StoreError::Missing(path.to_owned()))?;
        let identity = Self { path: path.to_owned(), file, uid, seen: RefCell::default() };
        identity.still_there()?;
        Ok(identity)
    }

    fn replaced(&self, how: &'static str) -> StoreError {
        StoreError::Replaced { path: self.path.clone(), how }
    }

    /// Whether the path still leads to the file that was opened.
    pub(super) fn still_there(&self) -> Result<(), StoreError> {
        match file_at(&self.path) {
            None => Err(self.replaced("it was removed")),
            Some(file) if file != self.file => Err(self.replaced("another file lies in its place")),
            Some(_) => Ok(()),
        }
    }

    /// Inside a transaction: whether the content is still this book, of our schema.
    pub(super) fn still_ours(&self, db: &Db<'_>) -> Result<(), StoreError> {
        let look = "SELECT user_version, (SELECT uid FROM book) FROM pragma_user_version";
        let (found, uid): (i64, Option<String>) =
            db.one(look, [], |r| Ok((r.get(0)?, r.get(1)?))).map_err(|e| e.at(&self.path))?;
        if uid.as_ref() != Some(&self.uid) {
            return Err(self.replaced("it holds another book"));
        }
        let known = known();
        if found != known {
            return Err(StoreError::Outdated { path: self.path.clone(), found, known });
        }
        Ok(())
    }

    /// Inside a write: whether all that was seen of the audit trail is still in it.
    pub(super) fn still_follows(&self, db: &Db<'_>, head: Head) -> Result<Head, StoreError> {
        let seen = self.seen.borrow().clone();
        if seen.0 > 0 && seen != head {
            let there: Option<Vec<u8>> = db
                .opt("SELECT hash FROM operation WHERE seq = ?1", [seen.0], |r| r.get(0))
                .map_err(|e| e.at(&self.path))?;
            if there.as_ref() != Some(&seen.1) {
                return Err(self.replaced("it was taken back to an earlier state"));
            }
        }
        self.seen.replace(head.clone());
        Ok(head)
    }
}
