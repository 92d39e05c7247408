//! Backup and restore: a copy that is consistent while others write, checked before it is trusted.

use crate::domain::actor::{Actor, Verb};
use crate::engine::care::check::{Checked, check};
use crate::engine::{Error, Session, place};
use crate::outside::{self, as_caller, is_lent};
use crate::store::copy::{self, Source, Standing};
use crate::store::{Store, StoreError, heads, role};
use std::path::{Path, PathBuf};

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Its size.
    pub bytes: u64,
    /// Where its audit trail ends, to be kept outside the book.
    pub head: String,
    /// How many checks held on it.
    pub checks: usize,
}

/// Copies the book to a new file, readable by its owner only; what `check` has by names that begin
/// with `only` must hold on the copy before it gets its name. The copy is nobody else's, so that it
/// may lie on any file system. It is made with the rights of whoever asks; in a directory that only
/// the lent group opens, for an admin.
pub fn backup(session: &Session, target: &Path, only: &str) -> Result<Copied, Error> {
    place::refuse_a_books_name(target)?;
    if let Some(real) = outside::in_the_groups_directory(target) {
        session.read(|db| role::authorize(db, &session.actor, Verb::Settings))?;
        return copy_out(session, (&real, &real), only);
    }
    if let Some(above) = target.parent().filter(|p| !p.as_os_str().is_empty()) {
        outside::directory(above).map_err(|source| Error::Io { path: above.to_owned(), source })?;
    }
    as_caller(|| copy_out(session, (target, target), only))
}

/// Copies the book to a file of our own, wherever it lies: the scheduled copies lie beside the book,
/// where no person may name one. It is a part of the first path until `only` (every check when
/// empty) holds on it.
pub(in crate::engine) fn copy_out(
    session: &Session,
    (part_of, target): (&Path, &Path),
    only: &str,
) -> Result<Copied, Error> {
    let (mut head, mut checks) = (String::new(), 0);
    let bytes = copy::backup(&session.store, (part_of, target), |copy| {
        let copy = in_hand(copy, &session.actor);
        let all = check(&copy, only)?;
        (head, checks) = (copy.head()?, all.len());
        let broken: Vec<Checked> = all.into_iter().filter(|c| !c.ok).collect();
        if broken.is_empty() {
            return Ok(());
        }
        let words = words(&broken);
        Err(Error::CheckFailed(format!(
            "the copy does not pass its checks, none was kept: {words}"
        )))
    })?;
    Ok(Copied { bytes, head, checks })
}

/// A session on a copy that nobody else knows of.
fn in_hand(store: Store, actor: &Actor) -> Session {
    Session::on(store, actor.clone())
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the replaced book is kept, if there was one.
    pub kept: Option<PathBuf>,
    /// How many checks the copy passed.
    pub checks: usize,
}

/// Puts a backup in the book's place: an older one is brought up, every check must hold on it first,
/// nobody may have the book open, and the replaced book is kept beside it. Killed at any point it
/// leaves the old book or the new one. `say` hears of what takes long.
pub fn restore(
    book: &Path,
    backup: &Path,
    actor: &Actor,
    say: &mut dyn FnMut(&str),
) -> Result<Restored, Error> {
    // A link to the book is not to be replaced by a book: the directory beside the file counts.
    let book = &book.canonicalize().unwrap_or_else(|_| book.to_owned());
    authorize(book, actor)?;
    // An admin, as just seen, may also take a copy that lies in the group's directory.
    let source = match outside::in_the_groups_directory(backup) {
        Some(real) => Source::open(&real),
        None => as_caller(|| Source::open(backup)),
    };
    let source = source.map_err(|e| no_backup(e, backup))?;
    if book.canonicalize().is_ok_and(|b| backup.canonicalize().is_ok_and(|f| f == b)) {
        let words = format!("{} is the book itself", backup.display());
        return Err(Error::usage("same_file", words, "name a file that daybook backup made"));
    }
    if let Some(above) = book.parent().filter(|p| !p.as_os_str().is_empty()) {
        outside::directory(above).map_err(|source| Error::Io { path: above.to_owned(), source })?;
    }
    let (staged, store) = copy::stage(book, &source, say)?;
    say("checking the copy");
    let copy = in_hand(store, actor);
    let all = check(&copy, "")?;
    let broken: Vec<Checked> = all.iter().filter(|c| !c.ok).cloned().collect();
    if !broken.is_empty() {
        return Err(Error::CheckFailed(format!(
            "the backup does not pass its checks, nothing was replaced: {}",
            words(&broken)
        )));
    }
    let mark = copy.store.mark()?;
    let kept = staged.put(copy.store, || {
        authorize(book, actor)?;
        Ok::<_, Error>(heads::note_restoring(book, &mark)?)
    })?;
    // What came after the backup is not missed from now on.
    Store::open(book)?.note_restored()?;
    Ok(Restored { kept, checks: all.len() })
}

/// Whoever may not change this book's settings may not replace it. A file that names nobody is left
/// to the rights of files, and those are the caller's own only without a lent group.
fn authorize(book: &Path, actor: &Actor) -> Result<(), Error> {
    match copy::may_replace(book, actor)? {
        Standing::Nothing => place::may_make(book, actor),
        Standing::Allowed => Ok(()),
        Standing::Unreadable if is_lent() && actor.uid != 0 => Err(Error::usage(
            "unreadable_book",
            format!("{} cannot be read, so nobody is known who may replace it", book.display()),
            "root may",
        )),
        Standing::Unreadable => Ok(()),
    }
}

fn no_backup(error: StoreError, backup: &Path) -> Error {
    match error {
        StoreError::Missing(_) => Error::usage(
            "no_backup",
            format!("there is no file {}", backup.display()),
            "name a file that daybook backup made",
        ),
        StoreError::NotABook(_) if !backup.is_file() => Error::usage(
            "no_file",
            format!("{} is not a file", backup.display()),
            "name a file that daybook backup made",
        ),
        other => other.into(),
    }
}

fn words(broken: &[Checked]) -> String {
    let told: Vec<String> = broken
        .iter()
        .map(|c| format!("{} ({})", c.name, c.violations.first().map_or("", String::as_str)))
        .collect();
    told.join("; ")
}
