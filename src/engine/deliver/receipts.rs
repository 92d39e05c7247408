//! What networks say of invoices: receipts are read from files and booked, each once. What contradicts, or is
//! about nothing in this book, is kept for a person; money is moved by none.

use crate::config::key;
use crate::domain::actor::Verb;
use crate::domain::delivery::network::{Effect, Judged, NetworkState, Said, judge};
use crate::domain::ids::DeliveryId;
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::domain::text::{self, counted};
use crate::engine::{Error, Session};
use crate::import::network_receipt::{self, BadLine, NetworkReceipt};
use crate::mail::folder;
use crate::outside;
use crate::store::delivery::{self, Delivery};
use crate::store::network::{self, NetworkCopy};
use crate::store::network_receipt::{NewReceipt, is_named, keep, known};
use crate::store::{Db, StoreError, Tx, bounce_report, document, notice};
use serde::Serialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant, SystemTime};

/// The largest file that is read, bytes.
const LARGEST: u64 = 32 << 20;
/// The notice of what a person has to look at.
const ODD: &str = "network receipts";
/// The notice of lines that cannot be read.
const UNREAD: &str = "network receipts unread";

/// What a receipt did to a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booked {
    /// `DL-000001`.
    pub id: String,
    /// The document's number.
    pub document: String,
    pub account_number: String,
    /// To whom it was handed over.
    pub address: String,
    pub code: String,
    pub text: String,
}

/// A receipt for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Odd {
    /// What it is about, as it says.
    pub document: String,
    /// The copy, if there is one.
    pub id: Option<String>,
    pub state: Said,
    pub code: String,
    pub text: String,
    pub why: String,
}

/// A line that is no receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bad {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub field: String,
    pub message: String,
    pub hint: String,
}

/// What was found in files of receipts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Told {
    pub receipts: usize,
    pub accepted: Vec<Booked>,
    pub delivered: Vec<Booked>,
    pub refused: Vec<Booked>,
    pub paid: Vec<Booked>,
    /// Receipts that were booked before.
    pub seen: usize,
    /// Receipts that say less than is known.
    pub noted: usize,
    /// Receipts of a copy that is being handed over at this moment, or that are being written: to be read
    /// again.
    pub later: usize,
    /// Receipts that contradict what is known.
    pub odd: Vec<Odd>,
    /// Receipts of no document of this book that went by network.
    pub unknown: Vec<Odd>,
    pub bad: Vec<Bad>,
}

impl Told {
    /// On one line.
    pub fn words(&self) -> String {
        let mut words = vec![counted(self.receipts, "receipt", "receipts")];
        for (count, what) in [
            (self.accepted.len(), "accepted"),
            (self.delivered.len(), "delivered"),
            (self.refused.len(), "refused"),
            (self.paid.len(), "paid"),
            (self.seen, "booked before"),
            (self.noted, "no news"),
            (self.later, "to be read again: being handed over, or being written"),
            (self.odd.len(), "contradict what is known"),
            (self.unknown.len(), "of nothing that went by network here"),
            (self.bad.len(), "cannot be read"),
        ] {
            if count > 0 {
                words.push(format!("{count} {what}"));
            }
        }
        words.join(", ")
    }

    /// Whether something is left for a person.
    pub fn asks(&self) -> bool {
        !(self.odd.is_empty() && self.unknown.is_empty() && self.bad.is_empty())
    }
}

/// Reads the receipts in files or folders and books them. Nothing there is changed.
pub fn read(session: &mut Session, paths: &[PathBuf]) -> Result<Told, Error> {
    let mut told = Told::default();
    for path in paths {
        for file in folder::files(path).map_err(|source| unread(path, source))? {
            take(session, &file, &mut told)?;
        }
    }
    tell(session, &told)?;
    Ok(told)
}

fn unread(path: &Path, source: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

fn take(session: &mut Session, file: &Path, told: &mut Told) -> Result<(), Error> {
    let bytes = outside::read(file, LARGEST).map_err(|source| unread(file, source))?;
    let found = network_receipt::read(&bytes);
    let name = text::path(file);
    told.bad.extend(found.bad.into_iter().map(|BadLine { line, field, message, hint }| Bad {
        file: name.clone(),
        line,
        field: field.to_owned(),
        message,
        hint: hint.to_owned(),
    }));
    told.later += usize::from(found.cut);
    for (_, receipt) in found.good {
        told.receipts += 1;
        one(session, &receipt, told)?;
    }
    Ok(())
}

/// What booking a receipt came to.
enum Outcome {
    Seen,
    Later,
    Noted,
    Moved(DeliveryId),
    Odd(Option<DeliveryId>, String),
    Unknown(String),
}

fn one(session: &mut Session, receipt: &NetworkReceipt, told: &mut Told) -> Result<(), Error> {
    let outcome = session.write(Verb::Deliver, |tx| book(tx, receipt))?;
    let odd = |copy: Option<DeliveryId>, why: String| Odd {
        document: match (&receipt.document, receipt.transmission) {
            (number, Some(id)) if number.is_empty() => id.to_string(),
            (number, _) => number.clone(),
        },
        id: copy.map(|id| id.to_string()),
        state: receipt.said,
        code: receipt.code.clone(),
        text: receipt.words.clone(),
        why,
    };
    match outcome {
        Outcome::Seen => told.seen += 1,
        Outcome::Later => told.later += 1,
        Outcome::Noted => told.noted += 1,
        Outcome::Odd(copy, why) => told.odd.push(odd(copy, why)),
        Outcome::Unknown(why) => told.unknown.push(odd(None, why)),
        Outcome::Moved(id) => {
            let copy = session.read(|db| delivery::get(db, id))?;
            let booked = Booked {
                id: id.to_string(),
                document: copy.number,
                account_number: copy.account_number,
                address: copy.address,
                code: receipt.code.clone(),
                text: receipt.words.clone(),
            };
            match receipt.said {
                Said::Accepted => told.accepted.push(booked),
                Said::Delivered => told.delivered.push(booked),
                Said::Refused => told.refused.push(booked),
                Said::Paid => told.paid.push(booked),
            }
        }
    }
    Ok(())
}

/// What a receipt is about.
enum About {
    Copy(Box<Delivery>),
    /// A copy, and why it cannot be the one.
    NotThis(DeliveryId, String),
    Nothing(String),
}

fn about(db: &Db<'_>, receipt: &NetworkReceipt) -> Result<About, Error> {
    if let Some(id) = receipt.transmission {
        let copy = match delivery::get(db, id) {
            Ok(copy) => copy,
            Err(StoreError::NotFound(_)) => return Ok(About::Nothing(format!("there is no {id}"))),
            Err(other) => return Err(other.into()),
        };
        if copy.channel != Channel::Network {
            return Ok(About::Nothing(format!("{id} goes by {}", copy.channel)));
        }
        if !receipt.document.is_empty() && receipt.document != copy.number {
            let why = format!("{id} is of {}, not of {}", copy.number, receipt.document);
            return Ok(About::NotThis(id, why));
        }
        return Ok(About::Copy(Box::new(copy)));
    }
    let number = &receipt.document;
    let of = match document::find(db, number) {
        Ok(of) => of,
        Err(StoreError::NotFound(_)) => {
            return Ok(About::Nothing(format!("there is no document {number}")));
        }
        Err(other) => return Err(other.into()),
    };
    Ok(match network::newest(db, of)? {
        Some(id) => About::Copy(Box::new(delivery::get(db, id)?)),
        None => About::Nothing(format!("{number} goes by no network")),
    })
}

fn book(tx: &Tx<'_>, receipt: &NetworkReceipt) -> Result<Outcome, Error> {
    let hash = receipt.hash();
    if known(tx, &hash)?.is_some_and(|(_, effect)| effect != Effect::Unknown) {
        tx.quiet();
        return Ok(Outcome::Seen);
    }
    let renamed = known(tx, &hash)?.is_none() && is_named(tx, &receipt.name)?;
    let (copy, outcome) = match about(tx, receipt)? {
        About::Nothing(why) => (None, Outcome::Unknown(why)),
        About::NotThis(id, why) => (Some(id), Outcome::Odd(Some(id), why)),
        // The network answers before we have written down that it took it.
        About::Copy(copy) if copy.status == DeliveryStatus::Sending => {
            tx.quiet();
            return Ok(Outcome::Later);
        }
        About::Copy(copy) if renamed => {
            let why = format!("a receipt {} said something else", receipt.name);
            (Some(copy.id), Outcome::Odd(Some(copy.id), why))
        }
        About::Copy(copy) => (Some(copy.id), apply(tx, &copy, receipt)?),
    };
    let (effect, why) = match &outcome {
        Outcome::Moved(_) => (Effect::Moved, ""),
        Outcome::Odd(_, why) => (Effect::Odd, why.as_str()),
        Outcome::Unknown(why) => (Effect::Unknown, why.as_str()),
        Outcome::Noted | Outcome::Seen | Outcome::Later => (Effect::Noted, ""),
    };
    if effect == Effect::Unknown && known(tx, &hash)?.is_some() {
        tx.quiet();
        return Ok(Outcome::Seen);
    }
    keep(
        tx,
        &NewReceipt {
            hash: &hash,
            name: &receipt.name,
            copy,
            document: &receipt.document,
            said: receipt.said,
            code: &receipt.code,
            words: &receipt.words,
            said_at: receipt.at_ms.unwrap_or(tx.now().at_ms),
            effect,
            why,
        },
    )?;
    let subject = copy.map_or_else(|| receipt.document.clone(), |id| id.to_string());
    let reason = receipt.reason();
    let mut words = format!("the network says {}", receipt.said);
    for more in [reason.as_str(), why].iter().filter(|more| !more.is_empty()) {
        words.push_str(&format!(": {more}"));
    }
    tx.note(subject, words);
    Ok(outcome)
}

/// How a copy stands for a receipt: what was tried and may have arrived has arrived, or nobody could say
/// anything of it.
fn standing(copy: &Delivery, there: Option<&NetworkCopy>) -> Option<(NetworkState, i64)> {
    use DeliveryStatus as S;
    let there = there?;
    match copy.status {
        S::Queued | S::Held | S::Deferred | S::Unconfirmed
            if there.state == NetworkState::Begun =>
        {
            Some((NetworkState::HandedOver, 0))
        }
        S::Queued | S::Held | S::Deferred | S::Sending => None,
        S::Sent
        | S::Bounced
        | S::Unconfirmed
        | S::Recalled
        | S::Written
        | S::Printed
        | S::Suppressed
        | S::Impossible => Some((there.state, there.since_at)),
    }
}

fn apply(tx: &Tx<'_>, copy: &Delivery, receipt: &NetworkReceipt) -> Result<Outcome, Error> {
    let id = copy.id;
    let at = receipt.at_ms.unwrap_or(tx.now().at_ms);
    let there = network::get(tx, id)?;
    let Some((state, since)) = standing(copy, there.as_ref()) else {
        return Ok(Outcome::Odd(
            Some(id),
            format!("{id} was not handed over: it is {}", copy.status),
        ));
    };
    let to = match judge(state, since, receipt.said, at) {
        Judged::Known => return Ok(Outcome::Noted),
        Judged::Against(why) => return Ok(Outcome::Odd(Some(id), format!("{id}: {why}"))),
        Judged::Moves(to) => match copy.replaced_by {
            None => to,
            Some(_) if receipt.said == Said::Refused => return Ok(Outcome::Noted),
            Some(other) => {
                let why = format!("{id}: {other} went in its place, and it has arrived too");
                return Ok(Outcome::Odd(Some(id), why));
            }
        },
    };
    let reason = receipt.reason();
    let words = match reason.as_str() {
        "" => format!("{} by the network", to.said()),
        reason => format!("{} by the network: {reason}", to.said()),
    };
    let ends = match receipt.said {
        Said::Refused => DeliveryStatus::Bounced,
        Said::Accepted | Said::Delivered | Said::Paid => DeliveryStatus::Sent,
    };
    if matches!(
        copy.status,
        DeliveryStatus::Queued | DeliveryStatus::Held | DeliveryStatus::Deferred
    ) {
        let _ = delivery::step(tx, id, DeliveryStatus::Unconfirmed, "", None)?;
    }
    if delivery::get(tx, id)?.status == ends {
        bounce_report::say(tx, id, &words)?;
    } else if let Err(is) = delivery::step(tx, id, ends, &words, None)? {
        return Ok(Outcome::Odd(Some(id), format!("{id} is {is}")));
    }
    network::moves(tx, id, (to, &receipt.code), at)?;
    Ok(Outcome::Moved(id))
}

/// Tells a person what does not fit; it is listed for good.
fn tell(session: &mut Session, told: &Told) -> Result<(), Error> {
    let n = told.odd.len() + told.unknown.len();
    let Some(first) = told.odd.iter().chain(&told.unknown).next() else { return Ok(()) };
    let (fit, document) = (if n == 1 { "does" } else { "do" }, &first.document);
    let words = format!(
        "{} of the network {fit} not fit ({document} {}: {}): daybook delivery receipts --odd",
        counted(n, "receipt", "receipts"),
        first.state,
        first.why
    );
    session.write(Verb::Deliver, |tx| {
        tx.quiet();
        Ok(notice::again(tx, ODD, "network", &text::said(&words, 300))?)
    })
}

/// How often the folder of the settings is looked at.
const EVERY: Duration = Duration::from_secs(60);

/// What this process has read of the folder, each file as it was then, and when it looked last.
#[derive(Default)]
struct Watched {
    at: Option<Instant>,
    files: HashMap<PathBuf, (u64, Option<SystemTime>)>,
}

static WATCHED: Mutex<Option<Watched>> = Mutex::new(None);

/// Reads what is new in the folder that receipts come to (`network.receipts`), once a minute.
pub fn watch(session: &mut Session) -> Result<usize, Error> {
    let folder = session.config()?.get(key::NETWORK_RECEIPTS).to_owned();
    if folder.is_empty() {
        return Ok(0);
    }
    // Another worker of this process is at it.
    let mut watched = match WATCHED.try_lock() {
        Ok(watched) => watched,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return Ok(0),
    };
    let watched = watched.get_or_insert_with(Watched::default);
    if watched.at.is_some_and(|at| at.elapsed() < EVERY) {
        return Ok(0);
    }
    watched.at = Some(Instant::now());
    let path = PathBuf::from(folder);
    let mut told = Told::default();
    for file in folder::files(&path).map_err(|source| unread(&path, source))? {
        let facts = outside::as_caller(|| std::fs::metadata(&file));
        let facts = facts.map_err(|source| unread(&file, source))?;
        let as_is = (facts.len(), facts.modified().ok());
        if watched.files.get(&file) == Some(&as_is) {
            continue;
        }
        let later = told.later;
        take(session, &file, &mut told)?;
        if told.later == later {
            watched.files.insert(file, as_is);
        }
    }
    tell(session, &told)?;
    if let Some(bad) = told.bad.first() {
        let field = if bad.field.is_empty() { String::new() } else { format!(", {}", bad.field) };
        let words = format!(
            "{} of receipts cannot be read: {} line {}{field} {}",
            counted(told.bad.len(), "line", "lines"),
            bad.file,
            bad.line,
            bad.message
        );
        session.write(Verb::Deliver, |tx| {
            tx.quiet();
            Ok(notice::again(tx, UNREAD, "network", &text::said(&words, 300))?)
        })?;
    }
    Ok(0)
}
