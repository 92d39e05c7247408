//! `check`: every named invariant of the book, in one consistent view, changing nothing; two cores take
//! turns where two connections see the same. A book too
//! damaged to be asked breaks the invariant that asked.

use crate::domain::payment::PaymentStatus;
use crate::engine::{Error, Session};
use crate::gateway::sandbox::{Charge, Fate, Given, Sandbox};
use crate::store::check::{BESIDE, Beside, CHECKS, Check, Found, LISTED};
use crate::store::payment::EventStatus;
use crate::store::{Db, Moment, Store, StoreError, payment};
use serde::Serialize;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Name of the invariant.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What breaks it, in words.
    pub violations: Vec<String>,
    /// Rows from before the rule, which it does not judge.
    #[serde(skip_serializing_if = "is_zero")]
    pub older: usize,
    /// What must hold, in words.
    #[serde(skip)]
    pub promise: &'static str,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What can be asked every night.
    Quick,
    /// Also every index against its table, which reads the whole file.
    Deep,
}

/// Runs all of them, or those whose name begins with `only`, on this connection alone: a copy in the
/// making is known to nobody else.
pub fn check(session: &Session, only: &str) -> Result<Vec<Checked>, Error> {
    run(session, only, Depth::Quick, None)
}

/// The same of a book, to a depth.
pub fn check_to(session: &Session, only: &str, depth: Depth) -> Result<Vec<Checked>, Error> {
    let other = session.again().ok();
    let second = other.and_then(|other| Some((other.store.moment().ok()?, other)));
    run(session, only, depth, second)
}

/// `second` is another connection, with what it saw before this one begins to read.
fn run(
    session: &Session,
    only: &str,
    depth: Depth,
    second: Option<(Moment, Session)>,
) -> Result<Vec<Checked>, Error> {
    let wanted: Vec<&'static Check> =
        CHECKS.iter().chain(BESIDE).filter(|c| c.name.starts_with(only)).collect();
    let gateway = GATEWAY.starts_with(only);
    if wanted.is_empty() && !gateway {
        let names: Vec<_> = CHECKS.iter().chain(BESIDE).map(|c| c.name).chain([GATEWAY]).collect();
        return Err(Error::usage(
            "unknown_check",
            format!("there is no check {only:?}"),
            format!("checks: {}", names.join(", ")),
        ));
    }
    let mut wanted: Vec<Task> = wanted.into_iter().map(Task::Check).collect();
    if gateway {
        wanted.push(Task::Gateway(sandbox(session)?));
    }
    let beside = session.store.beside(depth == Depth::Deep)?;
    let queue = Queue::new(wanted, beside);
    session.read(|db| {
        let found = std::thread::scope(|threads| {
            let queue = &queue;
            let second = second.map(|(moment, other)| {
                threads.spawn(move || other.read(|db| queue.beside_another(db, moment)))
            });
            let (mut found, error) = queue.take(db);
            if let Some(error) = error {
                return Err(error);
            }
            if let Some(Ok(Ok(theirs))) = second.map(ScopedJoinHandle::join) {
                found.extend(theirs);
            }
            // What the second took and could not end.
            for (at, task) in queue.wanted.iter().enumerate() {
                if let Entry::Vacant(place) = found.entry(at) {
                    place.insert(queue.one(task, db)?);
                }
            }
            Ok::<_, StoreError>(found)
        })?;
        Ok(found.into_values().collect())
    })
}

/// What is run in one piece.
enum Task {
    Check(&'static Check),
    /// The sandbox's own ledger, where there is one, with how many bytes of it are looked at.
    Gateway(Option<(PathBuf, u64)>),
}

/// What takes longest, so that it is begun first and two cores end together.
const LONG: [&str; 4] = ["file_sound", "posted_unchanged", GATEWAY, "ledger_balanced"];

impl Task {
    fn name(&self) -> &'static str {
        match self {
            Self::Check(check) => check.name,
            Self::Gateway(_) => GATEWAY,
        }
    }

    fn promise(&self) -> &'static str {
        match self {
            Self::Check(check) => check.promise,
            Self::Gateway(_) => {
                "what the sandbox took and gave is in the book, with its key and amount"
            }
        }
    }
}

/// The checks that are still to be run, for two cores.
struct Queue {
    wanted: Vec<Task>,
    /// Their places, in the order in which they are begun.
    order: Vec<usize>,
    beside: Beside,
    next: AtomicUsize,
}

/// Checks that were run, by their place.
type Ran = BTreeMap<usize, Checked>;

impl Queue {
    fn new(wanted: Vec<Task>, beside: Beside) -> Self {
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|at| !LONG.contains(&wanted[*at].name()));
        Self { wanted, order, beside, next: AtomicUsize::new(0) }
    }

    fn one(&self, task: &Task, db: &Db<'_>) -> Result<Checked, StoreError> {
        let found = damage(match task {
            Task::Check(check) => check.run(db, &self.beside),
            Task::Gateway(ledger) => gateway_agrees(db, ledger.as_ref()),
        })?;
        let mut violations = found.violations;
        if found.count > LISTED {
            violations.push(format!("and {} more", found.count - LISTED));
        }
        let (name, promise) = (task.name(), task.promise());
        Ok(Checked { name, ok: found.count == 0, violations, older: found.older, promise })
    }

    /// Runs what is left of it, until the end or an error.
    fn take(&self, db: &Db<'_>) -> (Ran, Option<StoreError>) {
        let mut ran = Ran::new();
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(at) = self.order.get(turn) else { return (ran, None) };
            match self.one(&self.wanted[*at], db) {
                Ok(checked) => ran.insert(*at, checked),
                Err(error) => return (ran, Some(error)),
            };
        }
    }

    /// The same on a second connection, which helps only if it sees the same book as the first:
    /// `moment` is what it saw before the first began to read.
    fn beside_another(&self, db: &Db<'_>, moment: Moment) -> Result<Ran, StoreError> {
        if db.moment()? != moment {
            return Ok(Ran::new());
        }
        Ok(self.take(db).0)
    }
}

/// The check that looks beside the book.
const GATEWAY: &str = "gateway_agrees";

/// The sandbox's own ledger, where there is one, and how long it is. Before the book is read: what is
/// taken meanwhile is in the book first, and the heads kept outside may be behind it and never ahead.
fn sandbox(session: &Session) -> Result<Option<(PathBuf, u64)>, Error> {
    let path = session.store.side_directory().join("sandbox.jsonl");
    if !path.is_file() {
        return Ok(None);
    }
    match std::fs::metadata(&path) {
        Ok(facts) => Ok(Some((path, facts.len()))),
        Err(source) => Err(Error::Io { path, source }),
    }
}

/// Every charge that the sandbox took is a payment of this book with its key and amount, which is not
/// over without the money; every refund that it gave for a payment of ours is one of that payment.
fn gateway_agrees(db: &Db<'_>, ledger: Option<&(PathBuf, u64)>) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let Some((path, most)) = ledger else { return Ok(found) };
    let (charges, refunds) = Sandbox::read(path, *most)
        .and_then(|sandbox| Ok((sandbox.charges()?, sandbox.refunds()?)))
        .map_err(|source| StoreError::Io { path: path.clone(), source })?;
    let mut keys = BTreeSet::new();
    // What lies at the bank is not taken yet.
    let here = |c: &&Charge| matches!(c.result, Fate::Approved | Fate::Returning { .. });
    for charge in charges.iter().filter(here) {
        let twice = !keys.insert(&charge.key);
        if let Some(why) = disagrees(db, charge, twice)? {
            found.add(format!("{} ({}): {why}", charge.reference, charge.key));
        }
    }
    for refund in &refunds {
        let twice = !keys.insert(&refund.key);
        if let Some(why) = refund_disagrees(db, refund, twice)? {
            found.add(format!("{} ({}): {why}", refund.reference, refund.key));
        }
    }
    Ok(found)
}

/// A refund under a key that is none of ours was asked for by somebody else: its event tells of it.
fn refund_disagrees(
    db: &Db<'_>,
    refund: &Given,
    twice: bool,
) -> Result<Option<String>, StoreError> {
    let gave = format!("the sandbox gave {} minor units back", refund.amount_minor);
    let Some(event) = payment::event_of_key(db, &refund.key)? else {
        let of = refund.key.rsplit_once("-r").map(|(of, _)| of);
        let ours = of.map(|of| payment::of_key(db, of)).transpose()?.flatten();
        return Ok(ours.map(|row| format!("{gave}, no refund of {} has its key", row.id)));
    };
    if event.amount_minor != refund.amount_minor {
        let id = event.payment;
        return Ok(Some(format!("{gave}, the refund of {id} is of {}", event.amount_minor)));
    }
    if twice {
        return Ok(Some(format!("{gave}, and its key was used before ({})", event.payment)));
    }
    Ok(match event.status {
        EventStatus::Failed => Some(format!("{gave}, the refund of {} is Failed", event.payment)),
        EventStatus::Done | EventStatus::Processing | EventStatus::Unknown => None,
    })
}

fn disagrees(db: &Db<'_>, charge: &Charge, twice: bool) -> Result<Option<String>, StoreError> {
    let took =
        format!("the sandbox took {} minor units of {}", charge.amount_minor, charge.currency);
    let Some(row) = payment::of_key(db, &charge.key)? else {
        return Ok(Some(format!("{took}, no payment of this book has its key")));
    };
    if (row.amount_minor, row.currency.code()) != (charge.amount_minor, charge.currency.as_str()) {
        return Ok(Some(format!("{took}, {} is of {}", row.id, row.amount_minor)));
    }
    if twice {
        return Ok(Some(format!("{took}, and its key was charged before ({})", row.id)));
    }
    Ok(match row.status {
        PaymentStatus::Declined | PaymentStatus::Canceled => {
            Some(format!("{took}, {} is {}", row.id, row.status))
        }
        PaymentStatus::Approved
        | PaymentStatus::Processing
        | PaymentStatus::Submitted
        | PaymentStatus::Unknown => None,
    })
}

/// Damage that kept a check from ending is what it found.
fn damage(found: Result<Found, StoreError>) -> Result<Found, StoreError> {
    match found {
        Err(error) if is_damage(&error) => {
            Ok(Found { violations: vec![error.to_string()], count: 1, older: 0 })
        }
        other => other,
    }
}

fn is_damage(error: &StoreError) -> bool {
    match error {
        StoreError::Corrupt(_)
        | StoreError::NotABook(_)
        | StoreError::NotFound(_)
        | StoreError::Guard(_)
        | StoreError::Conflict(_)
        | StoreError::Money(_)
        | StoreError::Sqlite(_) => true,
        StoreError::Busy
        | StoreError::Importing(_)
        | StoreError::InUse(_)
        | StoreError::Replaced { .. }
        | StoreError::Outdated { .. }
        | StoreError::NoRoom { .. }
        | StoreError::Rule(_)
        | StoreError::Shut(_)
        | StoreError::Stale { .. }
        | StoreError::Forbidden { .. }
        | StoreError::AlreadyDone(_)
        | StoreError::Missing(_)
        | StoreError::Exists(_)
        | StoreError::Newer { .. }
        | StoreError::ForeignFilesystem { .. }
        | StoreError::ReadOnly(_)
        | StoreError::Disk { .. }
        | StoreError::Io { .. } => false,
    }
}

/// What a book that cannot even be opened fails: the first check. None if it is not damage: a file
/// that was never a book has nothing kept beside it.
pub fn unopened(book: &Path, error: &Error) -> Option<Checked> {
    let Error::Store(cause) = error else { return None };
    let never = matches!(cause, StoreError::NotABook(_)) && !Store::has_heads(book);
    (is_damage(cause) && !never).then(|| failed(CHECKS[0].name, CHECKS[0].promise, cause))
}

fn failed(name: &'static str, promise: &'static str, error: &StoreError) -> Checked {
    Checked { name, ok: false, violations: vec![error.to_string()], older: 0, promise }
}
