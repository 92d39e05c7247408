//! Instalment plans. The day of the last instalment of an open one stands in `document_state.promised_on`
//! of its documents, where runs, retries and reminders look: rather nothing is charged a day too long than
//! once too early.

use super::debt::Debt;
use super::face::Row;
use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::ids::{AccountId, DocumentId, PlanId};
use crate::domain::instalment::{Instalment, Plan, PlanState};
use crate::domain::money::Currency;
use chrono::NaiveDate;

const COLUMNS: &str =
    "p.id, p.account_id, a.number, p.currency, p.state, p.made_by, p.made_at, p.words
    FROM instalment_plan p JOIN account a ON a.id = p.account_id";

fn map(r: &Row<'_>) -> Result<Plan, StoreError> {
    Ok(Plan {
        id: PlanId(r.get(0)?),
        account: AccountId(r.get(1)?),
        account_number: r.get(2)?,
        currency: word(r, 3, Currency::parse)?,
        state: word(r, 4, PlanState::parse)?,
        made_by: r.get(5)?,
        made_at_ms: r.get(6)?,
        words: r.get(7)?,
        instalments: Vec::new(),
        documents: Vec::new(),
    })
}

fn filled(db: &Db<'_>, mut plan: Plan) -> Result<Plan, StoreError> {
    plan.instalments = db.all(
        "SELECT due_on, amount_minor FROM instalment WHERE plan_id = ?1 ORDER BY seq",
        [plan.id.0],
        |r| Ok(Instalment { due_on: r.get(0)?, amount_minor: r.get(1)? }),
    )?;
    plan.documents = db.all(
        "SELECT i.document_id, coalesce(d.number, ''), i.owed_minor, s.balance_minor
         FROM instalment_document i JOIN document d ON d.id = i.document_id
         JOIN document_state s ON s.document_id = i.document_id
         WHERE i.plan_id = ?1 ORDER BY i.document_id",
        [plan.id.0],
        |r| Ok((DocumentId(r.get(0)?), r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    Ok(plan)
}

/// A plan by its id.
pub fn get(db: &Db<'_>, id: PlanId) -> Result<Plan, StoreError> {
    let plan = db.opt(&format!("SELECT {COLUMNS} WHERE p.id = ?1"), [id.0], map)?;
    filled(db, plan.ok_or_else(|| StoreError::NotFound(format!("instalment plan {id}")))?)
}

/// The open plan that a document is in.
pub fn open_of(db: &Db<'_>, document: DocumentId) -> Result<Option<Plan>, StoreError> {
    let sql = "SELECT plan_id FROM instalment_document WHERE document_id = ?1 AND open = 1";
    match db.opt(sql, [document.0], |r| r.get(0))? {
        Some(id) => get(db, PlanId(id)).map(Some),
        None => Ok(None),
    }
}

/// The plans of an account, newest first.
pub fn of_account(db: &Db<'_>, account: AccountId) -> Result<Vec<Plan>, StoreError> {
    let sql = format!("SELECT {COLUMNS} WHERE p.account_id = ?1 ORDER BY p.id DESC");
    db.all(&sql, [account.0], map)?.into_iter().map(|plan| filled(db, plan)).collect()
}

/// Those that are open (or all, at most so many), oldest first.
pub fn all(db: &Db<'_>, ended_too: bool, most: u32) -> Result<Vec<Plan>, StoreError> {
    let which = if ended_too { "" } else { "WHERE p.state = 'open'" };
    let sql = format!("SELECT {COLUMNS} {which} ORDER BY p.id LIMIT ?1");
    db.all(&sql, [most], map)?.into_iter().map(|plan| filled(db, plan)).collect()
}

/// Open plans that are paid, or of which an instalment was due before `today` and did not come
/// ([`Plan::missed`] says which).
pub fn over(db: &Db<'_>, today: NaiveDate) -> Result<Vec<PlanId>, StoreError> {
    db.all(
        "SELECT p.id FROM instalment_plan p WHERE p.state = 'open' AND (
           SELECT sum(s.balance_minor) <= 0 OR sum(i.owed_minor - s.balance_minor) < coalesce(
             (SELECT sum(n.amount_minor) FROM instalment n WHERE n.plan_id = p.id AND n.due_on < ?1), 0)
           FROM instalment_document i JOIN document_state s ON s.document_id = i.document_id
           WHERE i.plan_id = p.id) ORDER BY p.id",
        [today],
        |r| Ok(PlanId(r.get(0)?)),
    )
}

/// Writes a plan for what is owed on these, in the order of its days.
pub fn insert(
    tx: &Tx<'_>,
    account: AccountId,
    debts: &[Debt],
    instalments: &[Instalment],
) -> Result<PlanId, StoreError> {
    let (Some(first), Some(last)) = (debts.first(), instalments.last()) else {
        return Err(StoreError::Corrupt("an instalment plan of nothing".to_owned()));
    };
    tx.run(
        "INSERT INTO instalment_plan (account_id, currency, state, made_by, made_at)
         VALUES (?1, ?2, 'open', ?3, ?4)",
        (account.0, first.currency.code(), &tx.actor().name, tx.now().at_ms),
    )?;
    let plan = PlanId(tx.last_key());
    for (seq, one) in instalments.iter().enumerate() {
        tx.run(
            "INSERT INTO instalment (plan_id, seq, due_on, amount_minor) VALUES (?1, ?2, ?3, ?4)",
            (plan.0, seq as i64, one.due_on, one.amount_minor),
        )?;
    }
    for debt in debts {
        tx.run(
            "INSERT INTO instalment_document (plan_id, document_id, owed_minor, open)
             VALUES (?1, ?2, ?3, 1)",
            (plan.0, debt.document.0, debt.balance_minor),
        )?;
        tx.run(
            "UPDATE document_state SET promised_on = ?2 WHERE document_id = ?1",
            (debt.document.0, last.due_on),
        )?;
    }
    tx.touch(Topic::Payments);
    Ok(plan)
}

/// Ends an open plan: its documents are collected again.
pub fn end(tx: &Tx<'_>, id: PlanId, state: PlanState, words: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE instalment_plan SET state = ?2, words = ?3, ended_at = ?4
         WHERE id = ?1 AND state = 'open'",
        (id.0, state.as_str(), words, tx.now().at_ms),
    )?;
    tx.run(
        "UPDATE document_state SET promised_on = NULL WHERE document_id IN
         (SELECT document_id FROM instalment_document WHERE plan_id = ?1 AND open = 1)",
        [id.0],
    )?;
    tx.run("UPDATE instalment_document SET open = 0 WHERE plan_id = ?1", [id.0])?;
    tx.touch(Topic::Payments);
    Ok(())
}
