//! Backup and restore: a copy that is consistent while others write, checked before it is trusted.

use super::check::{Checked, check};
use super::{Error, Session};
use crate::domain::actor::{Actor, Verb};
use crate::outside::as_caller;
use crate::store::{Store, StoreError, copy, role};
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Copies the book to a new file, readable by its owner only, and reads the copy back.
pub fn backup(session: &Session, target: &Path) -> Result<u64, Error> {
    as_caller(|| copy_out(session, target))
}

fn copy_out(session: &Session, target: &Path) -> Result<u64, Error> {
    session.store.backup_to(target)?;
    let io = |source| Error::Io { path: target.to_owned(), source };
    std::fs::set_permissions(target, std::fs::Permissions::from_mode(0o600)).map_err(io)?;
    let copy = Session::open(target, session.actor.clone())?;
    let broken: Vec<Checked> = check(&copy, "file_sound")?.into_iter().filter(|c| !c.ok).collect();
    if !broken.is_empty() {
        return Err(Error::CheckFailed(format!(
            "the copy {} is not sound: {}",
            target.display(),
            words(&broken)
        )));
    }
    Ok(std::fs::metadata(target).map_err(io)?.len())
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the replaced book is kept, if there was one.
    pub kept: Option<PathBuf>,
    /// How many checks the copy passed.
    pub checks: usize,
}

/// Puts a backup in the book's place: every check must hold on it first, nobody may have the book
/// open, and the replaced book is kept beside it.
pub fn restore(book: &Path, backup: &Path, actor: &Actor) -> Result<Restored, Error> {
    let Some(mut from) = as_caller(|| File::open(backup).ok().filter(|_| backup.is_file())) else {
        return Err(StoreError::Missing(backup.to_owned()).into());
    };
    if book.exists() {
        // Whoever may not change this book's settings may not replace it.
        let old = Store::open(book)?;
        old.read(|db| role::authorize(db, actor, Verb::Settings))?;
    }
    let mut name = book.as_os_str().to_owned();
    name.push(".restoring");
    let staged = PathBuf::from(name);
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    if let Some(parent) = book.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(io(parent))?;
    }
    let copied = File::create(&staged).and_then(|mut to| std::io::copy(&mut from, &mut to));
    copied.map_err(io(&staged))?;
    let result = put(book, &staged, backup, actor);
    if result.is_err() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut left = staged.as_os_str().to_owned();
            left.push(suffix);
            let _ = std::fs::remove_file(left);
        }
    }
    result
}

/// Speaks of the file that was given, not of our copy of it.
fn named(error: Error, backup: &Path) -> Error {
    match error {
        Error::Store(StoreError::NotABook(_)) => StoreError::NotABook(backup.to_owned()).into(),
        Error::Store(StoreError::Newer { found, known, .. }) => {
            StoreError::Newer { path: backup.to_owned(), found, known }.into()
        }
        other => other,
    }
}

fn put(book: &Path, staged: &Path, backup: &Path, actor: &Actor) -> Result<Restored, Error> {
    std::fs::set_permissions(staged, std::fs::Permissions::from_mode(0o660))
        .map_err(|source| Error::Io { path: staged.to_owned(), source })?;
    let checks = {
        let copy = Session::open(staged, actor.clone()).map_err(|e| named(e, backup))?;
        let all = check(&copy, "")?;
        let broken: Vec<Checked> = all.iter().filter(|c| !c.ok).cloned().collect();
        if !broken.is_empty() {
            return Err(Error::CheckFailed(format!(
                "the backup does not pass its checks, nothing was replaced: {}",
                words(&broken)
            )));
        }
        all.len()
    };
    let mut kept = None;
    if book.exists() {
        let mut name = book.as_os_str().to_owned();
        name.push(format!(".before-restore-{}", std::process::id()));
        kept = Some(PathBuf::from(name));
    }
    copy::replace(book, staged, kept.as_deref().unwrap_or(book)).map_err(|e| match e {
        StoreError::Busy => {
            Error::Busy("somebody has the book open; nothing was replaced".to_owned())
        }
        other => other.into(),
    })?;
    Ok(Restored { kept, checks })
}

fn words(broken: &[Checked]) -> String {
    let told: Vec<String> = broken
        .iter()
        .map(|c| format!("{} ({})", c.name, c.violations.first().map_or("", String::as_str)))
        .collect();
    told.join("; ")
}
