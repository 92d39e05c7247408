//! What a customer disputes, and how it ended. An open one keeps runs, retries and reminders off.

use super::follow_up::done;
use crate::domain::actor::Verb;
use crate::domain::dispute::{DisputeState, GivenDispute, reason};
use crate::domain::ids::DocumentId;
use crate::engine::command::Receipt;
use crate::engine::review::picked::short;
use crate::engine::{Error, Session};
use crate::store::{debt, dispute};

/// The customer disputes an invoice; said again while it is open, it is changed.
pub fn open(
    session: &mut Session,
    document: DocumentId,
    given: &GivenDispute,
) -> Result<Receipt, Error> {
    short("what the customer says", &given.words, 500)?;
    short("the owner", &given.owner, 60)?;
    session.write(Verb::FollowUp, |tx| {
        let debt = debt::get(tx, document)?;
        let owed = debt.balance_minor;
        let amount = match given.amount {
            Some(amount) => amount.minor_in(debt.currency)?,
            None => owed,
        };
        if amount <= 0 || amount > owed {
            let message = format!("{} owes {}", debt.number, debt.currency.amount(owed.max(0)));
            return Err(Error::usage("bad_amount", message, "dispute that much at most"));
        }
        let changed = dispute::open(tx, document, given, amount)?;
        let part = if amount == owed {
            String::new()
        } else {
            format!("{} of it ", debt.currency.amount(amount))
        };
        let why = reason(given.code, &given.words);
        let word = if changed { "dispute changed" } else { "disputed" };
        let words = format!("{part}{word}: {why}");
        tx.note(&debt.number, &words);
        Ok(done(format!("{}: {words}", debt.number)))
    })
}

/// A dispute is over: its invoice is collected again.
pub fn end(
    session: &mut Session,
    document: DocumentId,
    outcome: DisputeState,
    words: &str,
) -> Result<Receipt, Error> {
    short("the outcome", words, 500)?;
    session.write(Verb::FollowUp, |tx| {
        let debt = debt::get(tx, document)?;
        if !dispute::end(tx, document, outcome, words)? {
            let message = format!("nothing of {} is disputed", debt.number);
            return Err(Error::usage(
                "not_disputed",
                message,
                "daybook payment disputes lists them",
            ));
        }
        let said = if words.is_empty() { String::new() } else { format!(": {words}") };
        let words = format!("dispute ended, {outcome}{said}");
        tx.note(&debt.number, &words);
        let next = match outcome {
            DisputeState::Upheld => "; adjust it or write it off next, else it is collected",
            _ => "; it is collected again",
        };
        Ok(done(format!("{}: {words}{next}", debt.number)))
    })
}
