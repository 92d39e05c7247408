//! Cases of a collection agency. An open one stops runs, retries and reminders of all its account.

use super::debt::Debt;
use super::face::Row;
use super::{Db, StoreError, Topic, Tx, money, word};
use crate::domain::agency::{Case, CaseState, Claim, NewCase};
use crate::domain::ids::{AccountId, CaseId, DocumentId};

/// Whether the account of `document_state s` is with an agency, for statements made at compile time.
macro_rules! with_agency {
    () => {
        "EXISTS (SELECT 1 FROM agency_case g WHERE g.account_id = s.account_id AND g.state = 'open')"
    };
}
pub(super) use with_agency;

const COLUMNS: &str = "c.id, c.account_id, a.number, c.agency, c.reference, c.state, c.handed_by, \
    c.handed_on, c.ended_by, c.ended_on, c.words \
    FROM agency_case c JOIN account a ON a.id = c.account_id";

fn map(r: &Row<'_>) -> Result<Case, StoreError> {
    Ok(Case {
        id: CaseId(r.get(0)?),
        account: AccountId(r.get(1)?),
        account_number: r.get(2)?,
        agency: r.get(3)?,
        reference: r.get(4)?,
        state: word(r, 5, CaseState::parse)?,
        handed_by: r.get(6)?,
        handed_on: r.get(7)?,
        ended_by: r.get(8)?,
        ended_on: r.get(9)?,
        words: r.get(10)?,
        claims: Vec::new(),
    })
}

fn filled(db: &Db<'_>, mut case: Case) -> Result<Case, StoreError> {
    case.claims = db.all(
        "SELECT d.id, coalesce(d.number, ''), d.invoice_on, s.due_on, d.currency, d.total_minor,
           c.handed_minor, s.balance_minor, s.reminder_level
         FROM agency_claim c JOIN document d ON d.id = c.document_id
         JOIN document_state s ON s.document_id = d.id WHERE c.case_id = ?1 ORDER BY c.document_id",
        [case.id.0],
        |r| {
            Ok(Claim {
                document: DocumentId(r.get(0)?),
                number: r.get(1)?,
                invoice_on: r.get(2)?,
                due_on: r.get(3)?,
                total: money(r, 4, 5)?,
                handed: money(r, 4, 6)?,
                open: money(r, 4, 7)?,
                reminded: r.get(8)?,
            })
        },
    )?;
    Ok(case)
}

/// A case by its id.
pub fn get(db: &Db<'_>, id: CaseId) -> Result<Case, StoreError> {
    let case = db.opt(&format!("SELECT {COLUMNS} WHERE c.id = ?1"), [id.0], map)?;
    filled(db, case.ok_or_else(|| StoreError::NotFound(format!("agency case {id}")))?)
}

/// The open case of an account.
pub fn open_of(db: &Db<'_>, account: AccountId) -> Result<Option<Case>, StoreError> {
    let sql = format!("SELECT {COLUMNS} WHERE c.account_id = ?1 AND c.state = 'open'");
    db.opt(&sql, [account.0], map)?.map(|case| filled(db, case)).transpose()
}

/// Those that are open (or all, at most so many), oldest first.
pub fn all(db: &Db<'_>, ended_too: bool, most: u32) -> Result<Vec<Case>, StoreError> {
    let which = if ended_too { "" } else { "WHERE c.state = 'open'" };
    let sql = format!("SELECT {COLUMNS} {which} ORDER BY c.id LIMIT ?1");
    db.all(&sql, [most], map)?.into_iter().map(|case| filled(db, case)).collect()
}

/// Writes a case with what is owed on these.
pub fn insert(tx: &Tx<'_>, new: &NewCase, debts: &[Debt]) -> Result<CaseId, StoreError> {
    tx.run(
        "INSERT INTO agency_case (account_id, agency, reference, state, handed_by, handed_on)
         VALUES (?1, ?2, ?3, 'open', ?4, ?5)",
        (new.account.0, &new.agency, &new.reference, &tx.actor().name, tx.now().today),
    )?;
    let case = CaseId(tx.last_key());
    for debt in debts {
        tx.run(
            "INSERT INTO agency_claim (case_id, document_id, handed_minor) VALUES (?1, ?2, ?3)",
            (case.0, debt.document.0, debt.balance_minor),
        )?;
    }
    tx.touch(Topic::Payments);
    tx.touch(Topic::Accounts);
    Ok(case)
}

/// Ends an open case: the account is collected here again.
pub fn end(tx: &Tx<'_>, id: CaseId, state: CaseState, words: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE agency_case SET state = ?2, words = ?3, ended_by = ?4, ended_on = ?5
         WHERE id = ?1 AND state = 'open'",
        (id.0, state.as_str(), words, &tx.actor().name, tx.now().today),
    )?;
    tx.touch(Topic::Payments);
    tx.touch(Topic::Accounts);
    Ok(())
}
