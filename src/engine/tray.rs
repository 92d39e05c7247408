//! Where print batches are laid: beside the book, or in a directory that a user named.

use super::{Error, Session};
use crate::inside;
use crate::outside::{self, Standing, as_caller};
use crate::store::print_batch::PrintBatch;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Where a batch goes: beside the book as the program, elsewhere as whoever runs it.
pub(super) struct Tray<'a> {
    pub(super) directory: &'a Path,
    pub(super) beside: bool,
}

impl<'a> Tray<'a> {
    pub(super) fn of(session: &Session, directory: &'a Path) -> Self {
        Self { directory, beside: directory == default_directory(session) }
    }

    /// What the book remembers of it: nothing where it is beside the book, which may be moved.
    pub(super) fn place(&self) -> String {
        if self.beside { String::new() } else { self.directory.display().to_string() }
    }

    pub(super) fn at<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.beside { work() } else { as_caller(work) }
    }

    /// Makes the directory.
    pub(super) fn open(&self) -> std::io::Result<()> {
        if self.beside {
            inside::directory(self.directory)
        } else {
            outside::directory(self.directory)
        }
    }

    /// A file under a hidden name in it.
    pub(super) fn hidden(&self) -> std::io::Result<NamedTempFile> {
        if self.beside { inside::staged(self.directory) } else { outside::staged(self.directory) }
    }
}

/// Whether this process may write a batch into a directory, as far as it exists.
pub(super) fn may_write(session: &Session, directory: &Path) -> bool {
    let there = directory.ancestors().find(|place| place.exists());
    Tray::of(session, directory).at(|| there.is_some_and(crate::outside::may_write))
}

/// Where the files of a batch are, as far as the book knows.
pub fn place_of(session: &Session, batch: &PrintBatch) -> PathBuf {
    match batch.directory.as_str() {
        "" => default_directory(session),
        elsewhere => PathBuf::from(elsewhere),
    }
}

/// Writes one file into a directory; empty = where print files lie beside the book, where the same name
/// again takes its place. Elsewhere nothing is written over.
pub fn lay(session: &Session, directory: &str, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
    let directory = match directory {
        "" => default_directory(session),
        named => PathBuf::from(named),
    };
    let path = directory.join(name);
    let tray = Tray::of(session, &directory);
    let written = if tray.beside {
        tray.open().and_then(|()| {
            let mut file = tray.hidden()?;
            file.write_all(bytes)?;
            file.persist(&path).map(drop).map_err(|e| e.error)
        })
    } else {
        outside::write(&path, bytes, Standing::Keep)
    };
    written.map_err(|source| Error::writing(&path, source))?;
    Ok(path)
}

/// A name that nothing beside the book has: the name, or that with `-2`, `-3` before its ending. In a
/// directory that somebody names it is the name itself.
pub fn free(session: &Session, directory: &str, name: &str) -> String {
    if !directory.is_empty() {
        return name.to_owned();
    }
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let beside = default_directory(session);
    let numbered = (2..1000).map(|n| format!("{stem}-{n}.{ending}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !beside.join(name).exists()).unwrap_or_else(|| name.to_owned())
}

/// Where batches go when no directory is named.
pub fn default_directory(session: &Session) -> PathBuf {
    session.store.side_directory().join("print")
}
