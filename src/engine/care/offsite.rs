//! Where the copies of the book go next: each that passed its checks is given to a command.
//!
//! The command is the one line of the file `offsite` of the worker's own ([`site_command`]). A copy is on its
//! way until that program has ended well; a killed worker, or a failure, is tried again.

use crate::domain::actor::Verb;
use crate::domain::text;
use crate::engine::care::copies;
use crate::engine::site_command::{self, command, judge};
use crate::engine::{Error, Session};
use crate::outside;
use crate::store::{Db, StoreError, notice, operation};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

/// What a copy that left is called in the audit trail.
const SUBJECT: &str = "off-site copy";
/// The notice of one that did not.
pub const FAILED: &str = "backup off-site";
/// When it is tried again, ms.
const AGAIN_MS: i64 = 15 * 60_000;
/// How long the command may take.
const LONGEST: Duration = Duration::from_hours(6);

/// Where the command is written.
pub fn file() -> PathBuf {
    site_command::file("offsite")
}

/// Whether the last copy has not left yet: made, and no command has taken it since.
pub fn is_waiting(db: &Db<'_>) -> Result<bool, StoreError> {
    let made = operation::last_about(db, copies::SUBJECT)?;
    Ok(made.is_some_and(|made| {
        operation::last_about(db, SUBJECT).is_ok_and(|sent| sent.is_none_or(|sent| sent < made))
    }))
}

/// Whether a copy is to be sent now: one waits, a file names a command, and the last failure is some
/// time ago.
pub fn is_due(session: &Session) -> Result<bool, Error> {
    let now = session.now()?;
    let due = session.read(|db| {
        let failed = notice::open_since(db, FAILED)?;
        let resting = failed.is_some_and(|at| (0..AGAIN_MS).contains(&(now.at_ms - at)));
        Ok(!resting && is_waiting(db)?)
    })?;
    Ok(due && file().symlink_metadata().is_ok() && copies::are_ours(session)?)
}

/// Gives the newest copy to the command, and waits for it. None: no file names one. What goes wrong
/// is a notice as well as an error; the copy itself stays where it is.
pub fn send(session: &mut Session) -> Result<Option<PathBuf>, Error> {
    let path = file();
    let sent = command(&path).and_then(|words| {
        let Some(words) = words else { return Ok(None) };
        if outside::is_lent() {
            return Err("it is not run with a lent group".to_owned());
        }
        let copy = copies::newest(session).map_err(|e| e.to_string())?;
        let copy = copy.ok_or_else(|| "the last copy is gone".to_owned())?;
        let ended = site_command::run(&words, &copy, LONGEST);
        ended.well().map(|()| Some((copy, words[0].clone())))
    });
    match sent {
        Ok(None) => Ok(None),
        Ok(Some((copy, program))) => {
            session.write(Verb::Housekeeping, |tx| {
                notice::done(tx, FAILED)?;
                tx.note(SUBJECT, format!("{} was taken by {program}", copy.display()));
                Ok(())
            })?;
            Ok(Some(copy))
        }
        Err(why) => {
            let words = format!("the copy did not leave this machine: {}", text::said(&why, 400));
            session.write(Verb::Housekeeping, |tx| {
                tx.quiet();
                Ok(notice::again(tx, FAILED, copies::SUBJECT, &words)?)
            })?;
            let hint = "the copy itself is kept; mend it, and it is tried again";
            Err(Error::usage("off_site", words, hint))
        }
    }
}

/// How it stands, for `doctor`: whether it is as it should be, how it is, and what to do.
pub fn standing(session: &Session) -> Result<(bool, String, &'static str), Error> {
    const AGAIN: &str = "mend it; daybook backup, as who runs the worker, tries again at once";
    let path = file();
    let name = path.display();
    let facts = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let found = format!("none: no {name} names a command, copies stay on this machine");
            return Ok((true, found, ""));
        }
        Err(error) => return Ok((true, format!("{name}: {error}"), "")),
        Ok(facts) => facts,
    };
    let owner = copies::owner(session)?;
    if let Err(why) = judge(&path, &facts, owner) {
        return Ok((false, why, AGAIN));
    }
    let (failed, waits) = session.read(|db| Ok((notice::text_of(db, FAILED)?, is_waiting(db)?)))?;
    if let Some(why) = failed {
        return Ok((false, why, AGAIN));
    }
    let found = if waits { "the last copy is on its way" } else { "the last copy has left" };
    Ok((true, format!("{found} ({name})"), ""))
}
