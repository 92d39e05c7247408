//! Trying failed payments again: new payments with new keys, through the same slices as a payment
//! run. What is unknown is never retried, only looked up.

use crate::clock::Now;
use crate::domain::ids::{DocumentId, JobId, PaymentId, PaymentRunId};
use crate::domain::payment::{NextAction, PaymentStatus};
use crate::domain::retry::{RetryRules, WhatIf, what_if};
use crate::engine::collect;
use crate::engine::collect::till;
use crate::engine::command::Refused;
use crate::engine::{Error, Session};
use crate::store::{Db, StoreError, payment, retry};
use std::collections::BTreeSet;

/// What is retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// These payments.
    Payments(Vec<PaymentId>),
    /// Everything that needs the same next step; `look_up` is for [`crate::engine::collect::reconcile`].
    Group(NextAction),
    /// What is due by the rules.
    Due,
}

/// A run of retries that was made, or that nothing was to be retried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Started {
    /// The run and its job.
    pub run: Option<(PaymentRunId, JobId)>,
    /// Payments that are not retried, and why.
    pub refused: Vec<Refused>,
}

/// Makes the run of retries.
pub fn start(session: &mut Session, which: &Which) -> Result<Started, Error> {
    let (documents, by_hand, together, refused) = match which {
        Which::Payments(ids) => named(session, ids)?,
        Which::Group(NextAction::LookUp) => {
            return Err(Error::usage(
                "unknown_outcome",
                "payments with an unknown outcome are looked up, never retried",
                "daybook payment reconcile",
            ));
        }
        Which::Group(group) => {
            let all = session.read(retry::failed)?;
            let group = all.iter().filter(|f| f.action == *group).map(|f| f.document).collect();
            (group, true, false, Vec::new())
        }
        Which::Due => {
            let now = session.now()?.at_ms;
            (session.read(|db| retry::due(db, now))?, false, false, Vec::new())
        }
    };
    let mut refused = refused;
    let mode = collect::Mode { retry: true, by_hand };
    let (rules, now) = (till::rules(&session.config()?)?, session.now()?);
    let (documents, skipped) = session.read(|db| chargeable(db, &rules, documents, mode, now))?;
    if by_hand {
        refused.extend(skipped);
    }
    if documents.is_empty() {
        return Ok(Started { run: None, refused });
    }
    let run = collect::start_retry(session, &documents, by_hand, together, &refused)?;
    Ok(Started { run: Some(run), refused })
}

/// Those that would be charged now, and the others with the reason, so that nobody is told of a
/// retry that does nothing. What the rules would only skip again (a live payment, a promise) is left
/// alone: a run that charges nobody would leave it due, and the next look would make another run,
/// without end.
fn chargeable(
    db: &Db<'_>,
    rules: &RetryRules,
    documents: Vec<DocumentId>,
    mode: collect::Mode,
    now: Now,
) -> Result<(Vec<DocumentId>, Vec<Refused>), StoreError> {
    let (mut may, mut refused) = (Vec::new(), Vec::new());
    let judged = collect::refusals(db, rules, mode, &documents, now)?;
    for (document, (what, refusal)) in documents.into_iter().zip(judged) {
        match refusal {
            None => may.push(document),
            Some(reason) => refused.push(Refused { what, reason: reason.remedy().to_owned() }),
        }
    }
    Ok((may, refused))
}

/// How many invoices a retry of what is due would charge now.
pub fn due(db: &Db<'_>, rules: &RetryRules, now: Now) -> Result<usize, StoreError> {
    let mode = collect::Mode { retry: true, by_hand: false };
    Ok(chargeable(db, rules, retry::due(db, now.at_ms)?, mode, now)?.0.len())
}

type Named = (Vec<DocumentId>, bool, bool, Vec<Refused>);

/// The open invoices of named payments; what must not be retried is refused by name.
fn named(session: &Session, ids: &[PaymentId]) -> Result<Named, Error> {
    session.read(|db| {
        let (mut documents, mut refused, mut together) = (BTreeSet::new(), Vec::new(), false);
        for id in ids {
            let row = payment::get(db, *id)?;
            let reason = match row.status {
                PaymentStatus::Declined | PaymentStatus::Canceled => None,
                PaymentStatus::Approved if row.returned_minor > 0 => None,
                PaymentStatus::Approved => Some("it went through"),
                PaymentStatus::Unknown => {
                    Some("its outcome is unknown: daybook payment reconcile asks the gateway")
                }
                PaymentStatus::Processing | PaymentStatus::Submitted => {
                    Some("it is on its way: wait for its answer")
                }
            };
            if let Some(reason) = reason {
                refused.push(Refused { what: id.to_string(), reason: reason.to_owned() });
                continue;
            }
            let allocations = payment::allocations(db, *id)?;
            together |= allocations.len() > 1;
            documents.extend(allocations.iter().map(|a| a.document));
        }
        Ok((documents.into_iter().collect(), true, together, refused))
    })
}

/// What the book's rules and other ones would have done with its past failures.
pub fn compare(session: &Session, other: &RetryRules) -> Result<(WhatIf, WhatIf), Error> {
    let now = session.now()?.at_ms;
    let chains = session.read(retry::chains)?;
    let own = till::rules(&session.config()?)?;
    Ok((what_if(&own, &chains, now), what_if(other, &chains, now)))
}
