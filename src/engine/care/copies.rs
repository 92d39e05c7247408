//! Copies of the book on a schedule (`backup.every`, `backup.keep`, `backup.to`), made by `daybook
//! worker` with nobody logged in.
//!
//! Each copy is checked whole, by every named check, before it counts; older ones go only after
//! that, and only as many as are too many. What went wrong, and a copy that is overdue, is a notice.
//! No setting is ever a command: what takes the copies elsewhere is `offsite`.

use crate::clock::Now;
use crate::config::{Config, key};
use crate::domain::actor::Verb;
use crate::engine::care::backup::{self, Copied};
use crate::engine::{Error, Session};
use crate::inside;
use crate::store::{Db, StoreError, notice, operation, settings};
use chrono::DateTime;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What the copies are called in the audit trail.
pub(in crate::engine) const SUBJECT: &str = "backup";
/// The notice of a copy that failed.
const FAILED: &str = "backup failed";
/// The notice of a copy that is overdue.
const OVERDUE: &str = "backup overdue";
/// When a copy that failed is tried again, ms.
const AGAIN_MS: i64 = 15 * 60_000;
/// An hour, ms.
const HOUR: i64 = 3_600_000;

/// How often a copy is made, ms; none when never.
fn every(config: &Config) -> Option<i64> {
    match config.get(key::BACKUP_EVERY) {
        "hourly" => Some(HOUR),
        "daily" => Some(24 * HOUR),
        "weekly" => Some(7 * 24 * HOUR),
        _ => None,
    }
}

/// How the copies stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// None is to be made.
    Off,
    /// The last one is young enough; its age, ms.
    Young(i64),
    /// One is to be made: the age of the last, ms, if there is one.
    Due(Option<i64>),
    /// One should have been made long ago: the age of the last, ms, if there is one.
    Overdue(Option<i64>),
}

impl Standing {
    /// In words; empty when nothing is to be said.
    pub fn words(self) -> String {
        match self {
            Self::Off => String::new(),
            Self::Young(age) | Self::Due(Some(age)) => format!("last backup {} ago", span(age)),
            Self::Due(None) => "no backup yet".to_owned(),
            Self::Overdue(Some(age)) => format!("backup overdue: the last is {} old", span(age)),
            Self::Overdue(None) => "backup overdue: there is none".to_owned(),
        }
    }
}

fn span(ms: i64) -> String {
    match ms / HOUR {
        0 => format!("{} min", ms / 60_000),
        hours if hours < 48 => format!("{hours} h"),
        hours => format!("{} days", hours / 24),
    }
}

/// How the copies of a book stand.
pub fn standing(db: &Db<'_>, now: Now) -> Result<Standing, StoreError> {
    let Some(every) = every(&settings::load(db)?) else { return Ok(Standing::Off) };
    let last = operation::last_about(db, SUBJECT)?;
    // A copy from the future was made by a clock that was wrong: it says nothing.
    let age = last.map(|at| now.at_ms - at).filter(|age| *age >= 0);
    // Until the first, the time runs from when copies were asked for.
    let begun = operation::last_about(db, key::BACKUP_EVERY.key)?.unwrap_or(now.at_ms);
    Ok(match age.unwrap_or((now.at_ms - begun).max(0)) {
        waited if waited >= 2 * every => Standing::Overdue(age),
        waited if waited >= every || age.is_none() => Standing::Due(age),
        waited => Standing::Young(waited),
    })
}

/// Tells people of a copy that is overdue; asked by whoever works.
pub fn watch(session: &mut Session) -> Result<(), Error> {
    let now = session.now()?;
    let (standing, told) =
        session.read(|db| Ok((standing(db, now)?, notice::is_open(db, OVERDUE)?)))?;
    if !matches!(standing, Standing::Overdue(_)) || told {
        return Ok(());
    }
    let text = format!("{}; daybook worker makes it (backup.every)", standing.words());
    session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        Ok(notice::again(tx, OVERDUE, SUBJECT, &text)?)
    })
}

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Where its audit trail ends, to be kept on paper.
    pub head: String,
    /// How many checks held on it.
    pub checks: usize,
    /// Older copies that were removed.
    pub removed: usize,
}

/// Whether a copy is to be made now.
pub fn is_due(session: &Session) -> Result<bool, Error> {
    if !are_ours(session)? {
        return Ok(false);
    }
    let now = session.now()?;
    session.read(|db| {
        let failed = notice::open_since(db, FAILED)?;
        let resting = failed.is_some_and(|at| (0..AGAIN_MS).contains(&(now.at_ms - at)));
        Ok(matches!(standing(db, now)?, Standing::Due(_) | Standing::Overdue(_)) && !resting)
    })
}

/// Whether this process may be the one that makes the copies: not under a lent group, whose user
/// would own them, nor where they are another user's.
pub(in crate::engine) fn are_ours(session: &Session) -> Result<bool, Error> {
    let lent = nix::unistd::getgid() != nix::unistd::getegid();
    Ok(!lent && owner(session)? == nix::unistd::geteuid().as_raw())
}

/// Whose the copies are: the owner of their directory, or who asks while there is none.
pub(in crate::engine) fn owner(session: &Session) -> Result<u32, Error> {
    let owner = std::fs::metadata(directory(session)?).map(|facts| facts.uid());
    Ok(owner.unwrap_or_else(|_| nix::unistd::geteuid().as_raw()))
}

/// The newest copy in the directory, if there is one.
pub(in crate::engine) fn newest(session: &Session) -> Result<Option<PathBuf>, Error> {
    let directory = directory(session)?;
    let last = found(&directory, &stem(session))?.pop();
    Ok(last.map(|name| directory.join(name)))
}

/// What the names of the copies begin with.
fn stem(session: &Session) -> String {
    session.store.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes a copy now; what goes wrong is a notice as well as an error.
pub fn make(session: &mut Session) -> Result<Made, Error> {
    match copy(session) {
        Ok(made) => {
            let text = format!(
                "{} ({} bytes), {} checks hold on it, {} older removed",
                made.file.display(),
                made.bytes,
                made.checks,
                made.removed
            );
            session.write(Verb::Housekeeping, |tx| {
                notice::done(tx, FAILED)?;
                notice::done(tx, OVERDUE)?;
                tx.note(SUBJECT, text);
                Ok(())
            })?;
            Ok(made)
        }
        Err(error) => {
            let text = format!("the backup failed: {error}; older ones are kept");
            session.write(Verb::Housekeeping, |tx| {
                tx.quiet();
                Ok(notice::again(tx, FAILED, SUBJECT, &text)?)
            })?;
            Err(error)
        }
    }
}

/// The directory of the copies: `backup.to`, else beside the book.
pub fn directory(session: &Session) -> Result<PathBuf, Error> {
    let config = session.config()?;
    Ok(match config.get(key::BACKUP_TO) {
        "" => session.store.side_directory().join("backups"),
        named => PathBuf::from(named),
    })
}

fn copy(session: &mut Session) -> Result<Made, Error> {
    let config = session.config()?;
    let directory = directory(session)?;
    own(&directory)?;
    let stem = stem(session);
    let at = DateTime::from_timestamp_millis(session.now()?.at_ms).unwrap_or_default();
    let file = directory.join(format!("{stem}-{}.db", at.format("%Y%m%dT%H%M%SZ")));
    if file.exists() {
        let hint = "wait a second, or take that one";
        return Err(Error::usage("exists", format!("{} exists", file.display()), hint));
    }
    // Under one name until it is whole and checked: what a killed try left is taken up by the next.
    let part_of = directory.join(format!("{stem}.db"));
    let Copied { bytes, head, checks } = backup::copy_out(session, (&part_of, &file), "")?;
    let keep = usize::try_from(config.int(key::BACKUP_KEEP)).unwrap_or(1).max(1);
    let removed = thin_out(&directory, &stem, &file, keep)?;
    Ok(Made { file, bytes, head, checks, removed })
}

/// Makes the directory for its maker alone, or refuses one in which others could change copies: it
/// holds whole books.
fn own(directory: &Path) -> Result<(), Error> {
    let io = |source| Error::Io { path: directory.to_owned(), source };
    if !directory.is_absolute() {
        let why = format!("backup.to {:?} is no full path", directory.display());
        return Err(Error::usage("bad_value", why, "write it from /"));
    }
    match inside::own_directory(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(io(error)),
        Ok(()) | Err(_) => {}
    }
    let facts = std::fs::metadata(directory).map_err(io)?;
    let me = nix::unistd::geteuid().as_raw();
    if facts.is_dir() && facts.uid() == me && facts.mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    Err(Error::usage(
        "backup_directory",
        format!("{} must be a directory of who runs the worker, mode 700", directory.display()),
        "chown and chmod it, or name another in backup.to",
    ))
}

/// Removes the oldest copies of a book beyond `keep`, never the one just made.
fn thin_out(directory: &Path, stem: &str, made: &Path, keep: usize) -> Result<usize, Error> {
    let copies = found(directory, stem)?;
    let older: Vec<PathBuf> =
        copies.iter().map(|name| directory.join(name)).filter(|path| path != made).collect();
    let many = (older.len() + 1).saturating_sub(keep);
    for path in older.iter().take(many) {
        std::fs::remove_file(path).map_err(|source| Error::Io { path: path.clone(), source })?;
    }
    Ok(many)
}

/// The copies of a book, oldest first: their names are their times.
fn found(directory: &Path, stem: &str) -> Result<Vec<String>, Error> {
    let io = |source| Error::Io { path: directory.to_owned(), source };
    let mut copies = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().map_err(io)?.is_file() && is_copy(&name, stem) {
            copies.push(name);
        }
    }
    copies.sort();
    Ok(copies)
}

/// Whether a file is named as a copy of this book, and nothing else.
fn is_copy(name: &str, stem: &str) -> bool {
    let time = name.strip_prefix(stem).and_then(|n| n.strip_prefix('-')?.strip_suffix("Z.db"));
    time.and_then(|t| t.split_once('T')).is_some_and(|(day, time)| {
        let digits = |text: &str, n| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
        digits(day, 8) && digits(time, 6)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_copies_of_this_book_are_ever_counted_or_removed() {
        assert!(is_copy("book-20261128T021500Z.db", "book"));
        for other in [
            "book.db",
            "book-20261128T021500Z.db-wal",
            "book-2-20261128T021500Z.db",
            "book-20261128T02150Z.db",
            "book-20261128021500Z.db",
            "other-20261128T021500Z.db",
            "book-payroll20T261128Z.db",
        ] {
            assert!(!is_copy(other, "book"), "{other}");
        }
    }
}
