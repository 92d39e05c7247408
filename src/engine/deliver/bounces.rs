//! Mail that came back: reports of mail servers are read from a folder and booked, each once. Other mail is
//! counted and left alone.

use super::bounced_reminders;
pub use super::told::{Booked, Told};
use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::ids::DeliveryId;
use crate::domain::payment::DeliveryStatus;
use crate::domain::text::hex;
use crate::engine::deliver::statements;
use crate::engine::{Error, Session};
use crate::mail::bounce::{self, Became, Recipient};
use crate::mail::folder;
use crate::store::delivery::Delivery;
use crate::store::{Tx, bounce_report, delivery, notice};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

/// Reads the reports in folders (a maildir, a directory, an mbox or one message) and books them. Nothing there
/// is changed.
pub fn read(session: &mut Session, paths: &[PathBuf]) -> Result<Told, Error> {
    let mut told = Told::default();
    for path in paths {
        let files = folder::files(path).map_err(|source| unread(path, source))?;
        for file in files {
            take(session, &file, &mut told)?;
        }
    }
    Ok(told)
}

fn unread(path: &Path, source: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

/// A fault of reading, or of booking.
enum Fault {
    Io(std::io::Error),
    Book(Error),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

fn take(session: &mut Session, file: &Path, told: &mut Told) -> Result<(), Error> {
    let done = folder::each(file, &mut |bytes| one(session, bytes, told).map_err(Fault::Book));
    match done {
        Ok(large) => {
            told.messages += large;
            told.other += large;
            Ok(())
        }
        Err(Fault::Book(error)) => Err(error),
        Err(Fault::Io(source)) => Err(unread(file, source)),
    }
}

fn one(session: &mut Session, bytes: &[u8], told: &mut Told) -> Result<(), Error> {
    told.messages += 1;
    let Some(report) = bounce::read(bytes) else {
        told.other += 1;
        return Ok(());
    };
    if report.recipients.is_empty() {
        told.other += 1;
        return Ok(());
    }
    let copies = session.read(|db| {
        for name in &report.of {
            let copies = bounce_report::copies_of(db, name)?;
            if !copies.is_empty() {
                return Ok(copies);
            }
        }
        Ok(Vec::new())
    })?;
    if copies.is_empty() {
        if statement(session, (&report, bytes), told)? {
            return Ok(());
        }
        return bounced_reminders::book(session, &report, told);
    }
    let name = if report.id.is_empty() {
        Sha256::digest(bytes).to_vec()
    } else {
        report.id.clone().into_bytes()
    };
    for to in &report.recipients {
        let mut hash = Sha256::new();
        hash.update(&name);
        hash.update([0, u8::from(to.became == Became::Failed)]);
        hash.update(to.address.as_bytes());
        let hash = hash.finalize();
        book(session, (&about(&copies, to), &hash), to, told)?;
    }
    Ok(())
}

/// A report of a statement of account: whether it is about one.
fn statement(
    session: &mut Session,
    (report, bytes): (&bounce::Report, &[u8]),
    told: &mut Told,
) -> Result<bool, Error> {
    let Some(failed) = report.recipients.iter().find(|to| to.became == Became::Failed) else {
        return Ok(false);
    };
    let hash = hex(&Sha256::digest(bytes));
    for name in &report.of {
        let Some((copy, moved)) = statements::came_back(session, name, (&hash, &failed.reason))?
        else {
            continue;
        };
        if moved {
            told.bounced.push(Booked {
                id: copy.id.to_string(),
                document: String::new(),
                account_number: copy.account_number,
                address: copy.address,
                reason: failed.reason.clone(),
            });
        } else {
            told.seen += 1;
        }
        return Ok(true);
    }
    Ok(false)
}

/// The copies that a report may be about: the one to its address; else, the message having gone on to
/// another, any that is out.
fn about(copies: &[Delivery], to: &Recipient) -> Vec<DeliveryId> {
    use DeliveryStatus as S;
    let at = |address: &str| copies.iter().find(|c| c.address.eq_ignore_ascii_case(address));
    if let Some(copy) = at(&to.address).or_else(|| at(&to.first_address)) {
        return vec![copy.id];
    }
    let out: Vec<&Delivery> = copies
        .iter()
        .filter(|c| matches!(c.status, S::Sent | S::Unconfirmed | S::Sending))
        .collect();
    let any = if out.is_empty() { copies.iter().take(1).collect() } else { out };
    any.iter().map(|copy| copy.id).collect()
}

/// What booking a report came to.
enum Outcome {
    Done,
    Seen,
    Later,
    TooLate,
}

fn book(
    session: &mut Session,
    (ids, hash): (&[DeliveryId], &[u8]),
    to: &Recipient,
    told: &mut Told,
) -> Result<(), Error> {
    let outcome = session.write(Verb::Deliver, |tx| {
        for id in ids {
            // A server next door answers before we have written down that it took the message.
            if delivery::get(tx, *id)?.status == DeliveryStatus::Sending {
                tx.quiet();
                return Ok::<_, Error>(Outcome::Later);
            }
        }
        if !bounce_report::keep(tx, hash, ids[0])? {
            tx.quiet();
            return Ok(Outcome::Seen);
        }
        match ids {
            [one] => came_back(tx, *one, to),
            several => one_of(tx, several, to),
        }
    })?;
    match outcome {
        Outcome::Seen => told.seen += 1,
        Outcome::Later => told.later += 1,
        Outcome::TooLate => told.too_late += 1,
        Outcome::Done => {
            let of = |id: &DeliveryId| {
                let copy = session.read(|db| delivery::get(db, *id))?;
                Ok::<_, Error>(Booked {
                    id: id.to_string(),
                    document: copy.number,
                    account_number: copy.account_number,
                    address: copy.address,
                    reason: to.reason.clone(),
                })
            };
            let booked: Vec<Booked> = ids.iter().map(of).collect::<Result<_, _>>()?;
            match (to.became, ids.len()) {
                (Became::Delayed, _) => told.delayed.extend(booked),
                (Became::Failed, 1) => told.bounced.extend(booked),
                (Became::Failed, _) => told.unclear.extend(booked),
            }
        }
    }
    Ok(())
}

/// A report of a message to several addresses that names none of them: their states stay, and a
/// person is told.
fn one_of(tx: &Tx<'_>, ids: &[DeliveryId], to: &Recipient) -> Result<Outcome, Error> {
    let what = match to.became {
        Became::Failed => "came back",
        Became::Delayed => "is delayed",
    };
    let words = format!(
        "the copy of one of {} addresses {what} ({}): {}",
        ids.len(),
        to.address,
        to.reason
    );
    for id in ids {
        bounce_report::say(tx, *id, &words)?;
    }
    let copy = delivery::get(tx, ids[0])?;
    if to.became == Became::Failed {
        let key = format!("came back {} {}", ids[0], to.address);
        let text = format!("{}: {words}; daybook delivery bounced ID says which", copy.number);
        notice::task(tx, &key, &copy.number, &text)?;
    }
    tx.note(ids[0], format!("{}: {words}", copy.number));
    Ok(Outcome::Done)
}

fn came_back(tx: &Tx<'_>, id: DeliveryId, to: &Recipient) -> Result<Outcome, Error> {
    let copy = delivery::get(tx, id)?;
    let other = if to.address.eq_ignore_ascii_case(&copy.address) || to.address.is_empty() {
        String::new()
    } else {
        format!(" ({})", to.address)
    };
    match to.became {
        Became::Failed => {
            let reason = format!("came back{other}: {}", to.reason);
            if delivery::step(tx, id, DeliveryStatus::Bounced, &reason, None)?.is_err() {
                tx.note(id, format!("{} of {} came back, too late", id, copy.number));
                return Ok(Outcome::TooLate);
            }
            tx.note(id, format!("{} to {} {reason}", copy.number, copy.address));
        }
        Became::Delayed if copy.status == DeliveryStatus::Sent => {
            bounce_report::say(tx, id, &format!("delayed{other}: {}", to.reason))?;
            tx.note(id, format!("{} to {} is delayed: {}", copy.number, copy.address, to.reason));
        }
        Became::Delayed => {
            tx.quiet();
            return Ok(Outcome::TooLate);
        }
    }
    Ok(Outcome::Done)
}

/// How often the folder of the settings is looked at.
const EVERY: Duration = Duration::from_secs(60);

/// What this process has read of the folder, and when it looked last.
struct Watched {
    at: Option<Instant>,
    files: HashSet<PathBuf>,
}

static WATCHED: Mutex<Option<Watched>> = Mutex::new(None);

/// Reads what is new in the folder that bounces come to (`mail.bounces`), once a minute.
pub fn watch(session: &mut Session) -> Result<usize, Error> {
    let folder = session.config()?.get(key::MAIL_BOUNCES).to_owned();
    if folder.is_empty() {
        return Ok(0);
    }
    // Another worker of this process is at it.
    let mut watched = match WATCHED.try_lock() {
        Ok(watched) => watched,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return Ok(0),
    };
    let watched = watched.get_or_insert_with(|| Watched { at: None, files: HashSet::new() });
    if watched.at.is_some_and(|at| at.elapsed() < EVERY) {
        return Ok(0);
    }
    watched.at = Some(Instant::now());
    let path = PathBuf::from(folder);
    let mut told = Told::default();
    for file in folder::files(&path).map_err(|source| unread(&path, source))? {
        if watched.files.contains(&file) {
            continue;
        }
        let later = told.later;
        take(session, &file, &mut told)?;
        if told.later == later {
            watched.files.insert(file);
        }
    }
    Ok(0)
}
