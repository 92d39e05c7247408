//! A file that appears whole or not at all: made under another name in the same directory, flushed,
//! then put in its place in one step. What a killed try left is taken up by the next one.

use super::StoreError;
use crate::inside::{self, For};
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file in the making.
#[derive(Debug)]
pub struct Whole {
    file: File,
    part: PathBuf,
    target: PathBuf,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| match source.kind() {
        ErrorKind::AlreadyExists => StoreError::Exists(path),
        ErrorKind::PermissionDenied => StoreError::ReadOnly(path),
        _ => StoreError::Io { path, source },
    }
}

/// `name` with a suffix: `book.db` and `-wal`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The directory of a path, `.` for a bare name.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Flushes a directory, so that a rename in it outlives a power cut.
pub(super) fn flush_directory(of: &Path) -> Result<(), StoreError> {
    let directory = parent(of);
    match File::open(directory).and_then(|d| d.sync_all()) {
        // Who may write in a directory that they may not list cannot flush it either.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        other => other.map_err(io(directory)),
    }
}

/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

impl Whole {
    /// Begins `target` as an empty file for `whose` eyes, with that mode from its first byte. Another process
    /// that makes the same file has it first; what a dead one left is emptied.
    pub fn begin(target: &Path, whose: For) -> Result<Self, StoreError> {
        let part = with_suffix(target, ".part");
        loop {
            let file = inside::open_for(&part, whose).map_err(io(&part))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let words = format!("{} is being made by another process", target.display());
                    return Err(StoreError::InUse(words));
                }
                Err(TryLockError::Error(source)) => return Err(io(&part)(source)),
            }
            let ours = file.metadata().map_err(io(&part))?;
            let same = |m: std::fs::Metadata| (m.dev(), m.ino()) == (ours.dev(), ours.ino());
            if !std::fs::metadata(&part).is_ok_and(same) {
                continue;
            }
            if !ours.is_file() {
                return Err(StoreError::Exists(part));
            }
            // Whoever made the file decides who may read it, and a second name is another file.
            if ours.uid() != nix::unistd::geteuid().as_raw() || ours.nlink() != 1 {
                std::fs::remove_file(&part).map_err(io(&part))?;
                continue;
            }
            let made = Self { file, part, target: target.to_owned() };
            made.sweep();
            made.file.set_len(0).map_err(io(&made.part))?;
            inside::give(&made.file, &made.part, whose).map_err(io(&made.part))?;
            return Ok(made);
        }
    }

    /// Its name until it is whole.
    pub fn part(&self) -> &Path {
        &self.part
    }

    fn sweep(&self) {
        for suffix in BESIDE {
            let _ = std::fs::remove_file(with_suffix(&self.part, suffix));
        }
    }

    /// Everything written so far is on the disk.
    fn flush(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(io(&self.part))
    }

    /// Puts it in its place; whatever has that name by now stays, and is the error.
    pub fn put_new(self) -> Result<(), StoreError> {
        let target = self.target.clone();
        self.put_new_as(&target)
    }

    /// The same under another name in the same directory.
    pub(super) fn put_new_as(self, target: &Path) -> Result<(), StoreError> {
        self.flush()?;
        rename_new(&self.part, target)?;
        flush_directory(target)
    }

    /// Puts it in its place, over what is there.
    pub(super) fn put_over(self) -> Result<(), StoreError> {
        self.flush()?;
        std::fs::rename(&self.part, &self.target).map_err(io(&self.target))?;
        flush_directory(&self.target)
    }

    /// Puts it in its place and what was there under `kept`, in one step: at every moment a whole
    /// file has the name.
    pub(super) fn swap(self, kept: &Path) -> Result<(), StoreError> {
        self.flush()?;
        // Under its later name before the exchange: whatever `kept` holds afterwards is no part that
        // the next try would empty.
        rename_new(&self.part, kept)?;
        flush_directory(kept)?;
        match renameat2(AT_FDCWD, kept, AT_FDCWD, &self.target, RenameFlags::RENAME_EXCHANGE) {
            Ok(()) => flush_directory(&self.target),
            Err(nix::Error::EINVAL | nix::Error::ENOSYS | nix::Error::EOPNOTSUPP) => {
                self.swap_by_copy(kept)
            }
            Err(errno) => {
                let _ = std::fs::remove_file(kept);
                Err(io(&self.target)(errno.into()))
            }
        }
    }

    /// Where the file system cannot exchange two names: a copy of the old file is kept.
    fn swap_by_copy(self, kept: &Path) -> Result<(), StoreError> {
        std::fs::rename(kept, &self.part).map_err(io(kept))?;
        let old = Self::begin(kept, For::All)?;
        let mut from = File::open(&self.target).map_err(io(&self.target))?;
        std::io::copy(&mut from, &mut &old.file).map_err(io(&old.part))?;
        old.put_new()?;
        self.put_over()
    }
}

impl Drop for Whole {
    /// What was not put in place is thrown away; after that the name is somebody else's.
    fn drop(&mut self) {
        let ours = self.file.metadata().map(|m| (m.dev(), m.ino())).ok();
        if std::fs::metadata(&self.part).map(|m| (m.dev(), m.ino())).ok() == ours && ours.is_some()
        {
            self.sweep();
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// Renames without ever replacing.
pub fn rename_new(from: &Path, to: &Path) -> Result<(), StoreError> {
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        Ok(()) => Ok(()),
        Err(nix::Error::EINVAL | nix::Error::ENOSYS | nix::Error::EOPNOTSUPP) => {
            std::fs::hard_link(from, to).map_err(io(to))?;
            std::fs::remove_file(from).map_err(io(from))
        }
        Err(errno) => Err(io(to)(errno.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn begun(target: &Path, text: &str) -> Whole {
        let mut whole = Whole::begin(target, For::Owner).unwrap();
        whole.file.write_all(text.as_bytes()).unwrap();
        whole
    }

    #[test]
    fn it_appears_whole_or_not_at_all_and_never_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("copy");
        drop(begun(&target, "thrown away"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let one = begun(&target, "one");
        assert!(matches!(Whole::begin(&target, For::Owner), Err(StoreError::InUse(_))));
        assert_eq!(one.file.metadata().unwrap().mode() & 0o777, 0o600);
        one.put_new().unwrap();
        let two = begun(&target, "two");
        assert!(matches!(two.put_new(), Err(StoreError::Exists(_))));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "one");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no part is left");
    }

    #[test]
    fn a_swap_keeps_what_was_there_also_where_names_cannot_be_exchanged() {
        type Swap = fn(Whole, &Path) -> Result<(), StoreError>;
        let by_copy: Swap = |whole, kept| {
            rename_new(&whole.part, kept)?;
            whole.swap_by_copy(kept)
        };
        for swap in [Whole::swap as Swap, by_copy] {
            let dir = tempfile::tempdir().unwrap();
            let (target, kept) = (dir.path().join("book"), dir.path().join("kept"));
            std::fs::write(&target, "old").unwrap();
            swap(begun(&target, "new"), &kept).unwrap();
            assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), "old");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "no part is left");
        }
    }

    #[test]
    fn what_a_killed_try_left_is_taken_up_and_a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("book");
        std::fs::write(dir.path().join("book.part"), "half a book").unwrap();
        std::fs::write(dir.path().join("book.part-wal"), "and its log").unwrap();
        begun(&target, "whole").put_new().unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        std::fs::write(dir.path().join("precious"), "mine").unwrap();
        std::os::unix::fs::symlink(dir.path().join("precious"), dir.path().join("x.part")).unwrap();
        assert!(Whole::begin(&dir.path().join("x"), For::Owner).is_err());
        assert_eq!(std::fs::read_to_string(dir.path().join("precious")).unwrap(), "mine");
    }
}
