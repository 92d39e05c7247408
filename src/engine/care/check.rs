//! `check`: every named invariant of the book, in one consistent view, changing nothing. A book too
//! damaged to be asked breaks the invariant that asked.

use crate::domain::payment::PaymentStatus;
use crate::engine::{Error, Session};
use crate::gateway::sandbox::{Charge, Fate, Given, Options, Sandbox};
use crate::store::check::{BESIDE, CHECKS, Check, Found, LISTED};
use crate::store::payment::EventStatus;
use crate::store::{Db, Store, StoreError, payment};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

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

/// Runs all of them, or those whose name begins with `only`.
pub fn check(session: &Session, only: &str) -> Result<Vec<Checked>, Error> {
    check_to(session, only, Depth::Quick)
}

/// The same to a depth.
pub fn check_to(session: &Session, only: &str, depth: Depth) -> Result<Vec<Checked>, Error> {
    let wanted: Vec<&Check> =
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
    // Before the book is read: what is taken meanwhile is in the book first, and the heads kept
    // outside may be behind it and never ahead.
    let moved = if gateway { Some(sandbox(session)?) } else { None };
    let beside = session.store.beside(depth == Depth::Deep)?;
    session.read(|db| {
        let inside = wanted.iter().map(|check| {
            let found = damage(check.run(db, &beside))?;
            let mut violations = found.violations;
            if found.count > LISTED {
                violations.push(format!("and {} more", found.count - LISTED));
            }
            Ok(Checked {
                name: check.name,
                ok: found.count == 0,
                violations,
                older: found.older,
                promise: check.promise,
            })
        });
        let outside =
            moved.iter().map(|(charges, refunds)| match gateway_agrees(db, charges, refunds) {
                Err(error) if is_damage(&error) => Ok(failed(GATEWAY, "", &error)),
                other => other,
            });
        inside.chain(outside).collect()
    })
}

/// The check that looks beside the book.
const GATEWAY: &str = "gateway_agrees";

/// The charges and refunds of the sandbox's own ledger; nothing where there is no ledger.
fn sandbox(session: &Session) -> Result<(Vec<Charge>, Vec<Given>), Error> {
    let path = session.store.side_directory().join("sandbox.jsonl");
    if !path.is_file() {
        return Ok((Vec::new(), Vec::new()));
    }
    let io = |source| Error::Io { path: path.clone(), source };
    Sandbox::read(&path, Options::default())
        .and_then(|sandbox| Ok((sandbox.charges()?, sandbox.refunds()?)))
        .map_err(io)
}

/// Every charge that the sandbox took is a payment of this book with its key and amount, which is not
/// over without the money; every refund that it gave for a payment of ours is one of that payment.
fn gateway_agrees(
    db: &Db<'_>,
    charges: &[Charge],
    refunds: &[Given],
) -> Result<Checked, StoreError> {
    let mut violations = Vec::new();
    let mut count = 0;
    let mut keys = BTreeSet::new();
    // What lies at the bank is not taken yet.
    let here = |c: &&Charge| matches!(c.result, Fate::Approved | Fate::Returning { .. });
    for charge in charges.iter().filter(here) {
        let twice = !keys.insert(&charge.key);
        let Some(why) = disagrees(db, charge, twice)? else { continue };
        count += 1;
        if count <= LISTED {
            violations.push(format!("{} ({}): {why}", charge.reference, charge.key));
        }
    }
    for refund in refunds {
        let twice = !keys.insert(&refund.key);
        let Some(why) = refund_disagrees(db, refund, twice)? else { continue };
        count += 1;
        if count <= LISTED {
            violations.push(format!("{} ({}): {why}", refund.reference, refund.key));
        }
    }
    if count > LISTED {
        violations.push(format!("and {} more", count - LISTED));
    }
    let promise = "what the sandbox took and gave is in the book, with its key and amount";
    Ok(Checked { name: GATEWAY, ok: count == 0, violations, older: 0, promise })
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
        | StoreError::InUse(_)
        | StoreError::Replaced { .. }
        | StoreError::Outdated { .. }
        | StoreError::NoRoom { .. }
        | StoreError::Rule(_)
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
