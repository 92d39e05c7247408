//! Disputes: who contests what of a posted document, and how it ended. The reason of an open one stands in
//! `document_state.disputed` too, where runs, retries and reminders look.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, money, word};
use crate::domain::dispute::{Dispute, DisputeCode, DisputeState, GivenDispute, reason};
use crate::domain::ids::DocumentId;

const COLUMNS: &str = "p.document_id, coalesce(d.number, ''), a.number, p.code, p.words, d.currency, \
    p.amount_minor, p.owner, p.opened_by, p.opened_at, p.state, p.ended_by, p.outcome \
    FROM dispute p JOIN document d ON d.id = p.document_id JOIN account a ON a.id = d.account_id";

fn map(r: &Row<'_>) -> Result<Dispute, StoreError> {
    Ok(Dispute {
        document: DocumentId(r.get(0)?),
        number: r.get(1)?,
        account: r.get(2)?,
        code: word(r, 3, DisputeCode::parse)?,
        words: r.get(4)?,
        amount: money(r, 5, 6)?,
        owner: r.get(7)?,
        opened_by: r.get(8)?,
        opened_at_ms: r.get(9)?,
        state: word(r, 10, DisputeState::parse)?,
        ended_by: r.get(11)?,
        outcome: r.get(12)?,
    })
}

/// All of a document, newest first.
pub fn of(db: &Db<'_>, document: DocumentId) -> Result<Vec<Dispute>, StoreError> {
    let sql = format!("SELECT {COLUMNS} WHERE p.document_id = ?1 ORDER BY p.id DESC");
    db.all(&sql, [document.0], map)
}

/// Those that are open (or all, at most so many), oldest first.
pub fn all(db: &Db<'_>, ended_too: bool, most: u32) -> Result<Vec<Dispute>, StoreError> {
    let which = if ended_too { "" } else { "WHERE p.state = 'open'" };
    db.all(&format!("SELECT {COLUMNS} {which} ORDER BY p.id LIMIT ?1"), [most], map)
}

/// Opens one, or changes the one that is open; whether it was open.
pub fn open(
    tx: &Tx<'_>,
    document: DocumentId,
    given: &GivenDispute,
    amount_minor: i64,
) -> Result<bool, StoreError> {
    let clerk = &tx.actor().name;
    let owner = if given.owner.is_empty() { clerk } else { &given.owner };
    let changed = tx.run(
        "UPDATE dispute SET code = ?2, words = ?3, amount_minor = ?4, owner = ?5
         WHERE document_id = ?1 AND state = 'open'",
        (document.0, given.code.as_str(), &given.words, amount_minor, owner),
    )? > 0;
    if !changed {
        tx.run(
            "INSERT INTO dispute (document_id, code, words, amount_minor, owner, opened_by,
             opened_at, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open')",
            (
                document.0,
                given.code.as_str(),
                &given.words,
                amount_minor,
                owner,
                clerk,
                tx.now().at_ms,
            ),
        )?;
    }
    mark(tx, document, &reason(given.code, &given.words))?;
    Ok(changed)
}

fn mark(tx: &Tx<'_>, document: DocumentId, why: &str) -> Result<(), StoreError> {
    tx.run("UPDATE document_state SET disputed = ?2 WHERE document_id = ?1", (document.0, why))?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// Ends the one that is open; whether there was one.
pub fn end(
    tx: &Tx<'_>,
    document: DocumentId,
    state: DisputeState,
    words: &str,
) -> Result<bool, StoreError> {
    let ended = tx.run(
        "UPDATE dispute SET state = ?2, ended_by = ?3, ended_at = ?4, outcome = ?5
         WHERE document_id = ?1 AND state = 'open'",
        (document.0, state.as_str(), &tx.actor().name, tx.now().at_ms, words),
    )? > 0;
    mark(tx, document, "")?;
    Ok(ended)
}

/// Disputes of what nobody owes any more.
const IDLE: &str = "FROM dispute p JOIN document_state s ON s.document_id = p.document_id
    WHERE p.state = 'open' AND s.balance_minor <= 0";

/// Whether [`end_idle`] has anything to do.
pub fn idle(db: &Db<'_>) -> Result<bool, StoreError> {
    db.any(&format!("SELECT 1 {IDLE}"), [])
}

/// Ends disputes of what nobody owes any more.
pub fn end_idle(tx: &Tx<'_>) -> Result<(), StoreError> {
    let idle: Vec<i64> = tx.all(&format!("SELECT p.document_id {IDLE}"), [], |r| r.get(0))?;
    for document in idle {
        end(tx, DocumentId(document), DisputeState::Settled, "nothing is owed any more")?;
    }
    Ok(())
}

/// An open one goes over to what its document became in another currency.
pub(super) fn carry(
    tx: &Tx<'_>,
    old: DocumentId,
    new: DocumentId,
    amount_minor: i64,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE dispute SET document_id = ?2, amount_minor = ?3
         WHERE document_id = ?1 AND state = 'open'",
        (old.0, new.0, amount_minor),
    )?;
    mark(tx, old, "")
}
