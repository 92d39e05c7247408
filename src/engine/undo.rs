//! Undo and redo: a clerk's own last operation on documents, one step whatever its size, until
//! posting. What cannot be taken back offers its counter-action.

use super::command::{Receipt, Refused};
use super::picked::{self, add};
use super::{Error, Session};
use crate::domain::actor::Verb;
use crate::domain::document::{DocumentStatus, Review};
use crate::store::document::{self, DocumentRow};
use crate::store::draft::{self, Image, ReviewImage};
use crate::store::undo::{self as steps, State, Step};
use crate::store::{StoreError, Tx, check, stale};

/// Takes my last operation back.
pub fn undo(session: &mut Session) -> Result<Receipt, Error> {
    let uid = session.actor.uid;
    let step = session.read(|db| steps::newest(db, uid))?;
    let Some(step) = step else {
        return Err(Error::usage("nothing_to_undo", "there is nothing of yours to undo", ""));
    };
    turn(session, &step, State::Undone)
}

/// Does again what I undid last.
pub fn redo(session: &mut Session) -> Result<Receipt, Error> {
    let uid = session.actor.uid;
    let step = session.read(|db| steps::undone(db, uid))?;
    let Some(step) = step else {
        return Err(Error::usage("nothing_to_redo", "there is nothing of yours to redo", ""));
    };
    turn(session, &step, State::Done)
}

/// What to do instead of undoing a verb that has no images.
fn counter_action(step: &Step) -> &'static str {
    match step.verb {
        Verb::Post => "a posted document is final: adjust or reverse it instead",
        Verb::Adjust => "a posted memo is final: make the opposite memo (--debit, or a credit)",
        Verb::Reverse => "a reversal is final: its service periods are billable again, bill them",
        Verb::WriteOff => {
            "undo-write-off takes a write-off back whole; money that comes recovers its amount"
        }
        Verb::CancelDraft => "a canceled draft is gone: bill its account again",
        Verb::Init
        | Verb::Import
        | Verb::ImportMethods
        | Verb::ImportOpenItems
        | Verb::Bill
        | Verb::CancelRun
        | Verb::Accept
        | Verb::Hold
        | Verb::Edit
        | Verb::Regenerate
        | Verb::Undo
        | Verb::Deliver
        | Verb::Collect
        | Verb::Retry
        | Verb::Reconcile
        | Verb::Refund
        | Verb::OutsidePayment
        | Verb::FollowUp
        | Verb::Remind
        | Verb::Schedule
        | Verb::Settings
        | Verb::Roles
        | Verb::Housekeeping => "it cannot be taken back",
    }
}

fn turn(session: &mut Session, step: &Step, to: State) -> Result<Receipt, Error> {
    session.write(Verb::Undo, |tx| {
        let changes = steps::changes(tx, step.seq)?;
        if changes.is_empty() {
            return Err(Error::usage(
                "not_undoable",
                format!("{} {}: {}", step.verb, step.subject, step.summary),
                counter_action(step),
            ));
        }
        let mut receipt = Receipt { undoable: true, ..Receipt::default() };
        for change in &changes {
            let (from, wanted) = match to {
                State::Undone => (&change.after, &change.before),
                State::Done => (&change.before, &change.after),
            };
            let row = document::get(tx, change.document)?;
            match tx.attempt(|| restore(tx, &row, from, wanted)) {
                Ok(()) => {
                    steps::set_state(tx, step.seq, change.document, to)?;
                    receipt.done += 1;
                    add(&mut receipt.totals, row.currency, row.total_minor);
                }
                Err(Error::Store(StoreError::Conflict(_))) => receipt.refused.push(Refused {
                    what: change.document.to_string(),
                    reason: "what it billed is billed elsewhere meanwhile".to_owned(),
                }),
                Err(Error::Usage { message, .. }) => receipt
                    .refused
                    .push(Refused { what: change.document.to_string(), reason: message }),
                Err(other) => return Err(other),
            }
        }
        let word = match to {
            State::Undone => "undone",
            State::Done => "done again",
        };
        if receipt.done == 0 {
            let why = receipt.refused.first().map(|r| format!("{}: {}", r.what, r.reason));
            return Err(Error::usage(
                "not_undoable",
                format!("{} cannot be {word}: {}", step.summary, why.unwrap_or_default()),
                "",
            ));
        }
        receipt.summary = format!("{word}: {}", step.summary);
        tx.note(&step.subject, &receipt.summary);
        Ok(receipt)
    })
}

/// Puts a draft back to `wanted`, if it still stands as the operation (or its undoing) left it.
fn restore(tx: &Tx<'_>, row: &DocumentRow, from: &Image, wanted: &Image) -> Result<(), Error> {
    match row.status {
        DocumentStatus::Draft => {}
        DocumentStatus::Posted => {
            return Err(refused("it is posted meanwhile: adjust it instead"));
        }
        DocumentStatus::Canceled => return Err(refused("it is canceled meanwhile")),
    }
    let now = draft::review(tx, row)?;
    let mut version = row.version;
    let mut unchanged = same_word(&now, &from.review);
    if let (Some(expected), true) = (&from.draft, unchanged) {
        unchanged = draft::load(tx, row)?.same(expected);
    }
    if !unchanged {
        let by = picked::changed_by(tx, row)?;
        return Err(refused(&format!("it was changed by {by} since")));
    }
    if let Some(content) = &wanted.draft {
        version = draft::save(tx, row, content)?;
        for claim in content.lines.iter().flat_map(|l| &l.claims) {
            if check::double_billing(tx, claim.charge, claim.target)?.is_some() {
                return Err(refused("what it billed is billed elsewhere meanwhile"));
            }
        }
    }
    let mut review = wanted.review.clone();
    if review.review == Review::Accepted && wanted.draft.is_some() {
        // The same content under a new version: what was accepted is what stands.
        review.version = Some(version);
    }
    draft::set_review(tx, row.id, &review)?;
    restore_staleness(tx, row, &now, &from.review, &wanted.review)?;
    Ok(())
}

/// Whether both say the same of a draft; the version and what changed under it do not count.
fn same_word(a: &ReviewImage, b: &ReviewImage) -> bool {
    a.review == b.review
        && a.by == b.by
        && a.hold_reason == b.hold_reason
        && a.hold_owner == b.hold_owner
        && a.hold_until == b.hold_until
}

/// Staleness goes back only as far as the operation moved it; what changed since stays said.
fn restore_staleness(
    tx: &Tx<'_>,
    row: &DocumentRow,
    now: &ReviewImage,
    from: &ReviewImage,
    wanted: &ReviewImage,
) -> Result<(), Error> {
    if from.stale == wanted.stale {
        return Ok(());
    }
    if now.stale == from.stale {
        stale::clear(tx, row.id)?;
    }
    if !wanted.stale.is_empty() {
        stale::mark(tx, row.id, &wanted.stale)?;
    }
    Ok(())
}

fn refused(why: &str) -> Error {
    Error::usage("not_undoable", why, "")
}
