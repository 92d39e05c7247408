//! The book against its side directory: the heads of its trail, and the kinds of files there.

use super::found::{Beside, Found};
use crate::store::heads::Kept;
use crate::store::{Db, Store, StoreError, filesystem, heads, side_directory};
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Names of the side directory that are plain files, and those that are directories.
const FILES: &[&str] = &["presence.db", "sandbox.jsonl", heads::FILE, filesystem::INSIST];
const DIRECTORIES: &[&str] = &["locks", "mail", "print"];

/// The trail against every head that was kept.
pub fn heads_kept(db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    beside.kept.missing(db)?.into_iter().for_each(|words| found.add(words));
    Ok(())
}

/// Files that are something else than they should be.
pub fn side_files(_db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    for words in &beside.odd {
        found.add(words.clone());
    }
    Ok(())
}

impl Store {
    /// Reads what lies beside the book. To be called before the view that it is held against.
    pub fn beside(&self, deep: bool) -> Result<Beside, StoreError> {
        let side = side_directory(self.path());
        let mut odd = Vec::new();
        // A link, pipe or device there would be written through by whoever works next.
        for entry in std::fs::read_dir(&side).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().ok());
            odd.extend(kind.and_then(|k| oddity(&path, k)));
            let inside = kind.filter(FileType::is_dir).and_then(|_| std::fs::read_dir(&path).ok());
            for entry in inside.into_iter().flatten().flatten() {
                let kind = entry.file_type().ok();
                odd.extend(kind.and_then(|k| oddity(&entry.path(), k)));
            }
        }
        odd.sort();
        Ok(Beside { kept: Kept::read(self.path())?, odd, deep, ..Beside::default() })
    }
}

fn oddity(path: &Path, kind: FileType) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let is = if kind.is_symlink() {
        "a link"
    } else if kind.is_fifo() || kind.is_socket() {
        "a pipe"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else if kind.is_dir() && FILES.contains(&&*name) {
        "a directory"
    } else if kind.is_file() && DIRECTORIES.contains(&&*name) {
        "a file"
    } else {
        return None;
    };
    Some(format!("{} is {is}", path.display()))
}
