//! What a user names on the command line: documents, runs, payments, drafts.

use crate::domain::ids::{AccountId, BillRunId, DocumentId, PaymentId, RunId};
use crate::domain::instalment::Which;
use crate::engine::command::Pick;
use crate::engine::{Error, Session};
use crate::store::{account, document};

/// A document by number or id.
pub fn find(session: &Session, text: &str) -> Result<DocumentId, Error> {
    session.read(|db| document::find(db, text))
}

/// Reads `BR-000001` or `PR-000001`.
pub fn run(text: &str) -> Result<RunId, Error> {
    RunId::parse(text).ok_or_else(|| {
        Error::usage(
            "bad_run",
            format!("{text:?} is no run"),
            "write BR-000001 or PR-000001; daybook run list shows them",
        )
    })
}

/// The bill run a word names; it must exist.
pub fn bill_run(session: &Session, text: &str) -> Result<BillRunId, Error> {
    let RunId::Bill(id) = run(text)? else {
        let message = format!("{text} is a payment run; documents come from bill runs");
        return Err(Error::usage("not_a_bill_run", message, "name a bill run"));
    };
    session.read(|db| crate::store::bill_run::get(db, id))?;
    Ok(id)
}

/// An account by its number.
pub fn account(session: &Session, number: &str) -> Result<AccountId, Error> {
    let found = session.read(|db| account::find(db, number))?;
    found
        .map(|a| a.id)
        .ok_or_else(|| Error::usage("unknown_account", format!("there is no account {number}"), ""))
}

/// The invoices that an agreement is about: those named, all that are open, or all that are overdue.
pub fn open_of(session: &Session, named: &[String], open: bool) -> Result<Which, Error> {
    if named.is_empty() {
        return Ok(if open { Which::Open } else { Which::Overdue });
    }
    named.iter().map(|text| find(session, text)).collect::<Result<_, _>>().map(Which::These)
}

/// The documents that were named, in the version that was given or as they are now.
pub fn picks(session: &Session, ids: &[String], version: Option<i64>) -> Result<Vec<Pick>, Error> {
    session.read(|db| {
        ids.iter()
            .map(|id| {
                document::find(db, id)
                    .map(|id| Pick { id, version: version.unwrap_or(Pick::WHICHEVER) })
            })
            .collect()
    })
}

/// Reads payment ids.
pub fn payments(texts: &[String]) -> Result<Vec<PaymentId>, Error> {
    texts.iter().map(|text| payment(text)).collect()
}

/// Reads one payment id.
pub fn payment(text: &str) -> Result<PaymentId, Error> {
    PaymentId::parse(text).ok_or_else(|| {
        Error::usage(
            "bad_payment",
            format!("{text:?} is no payment"),
            "write P-000001; daybook payment list shows them",
        )
    })
}
