//! What is owed on posted documents, and the credits that stand against it.

use super::deed;
use super::face::{Bound, Row};
use super::payment_method;
use super::{Db, StoreError, Topic, Tx, many, payment, word};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::{Currency, total};
use crate::domain::payment_run::apply_credits;
use chrono::NaiveDate;
use std::collections::{BTreeMap, HashSet};

/// A posted document as collecting sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    pub document: DocumentId,
    pub number: String,
    /// Who owes it.
    pub account: AccountId,
    /// The account's number.
    pub account_number: String,
    pub currency: Currency,
    /// When it is due.
    pub due_on: NaiveDate,
    /// What it came to, minor units.
    pub total_minor: i64,
    /// What is owed (of a credit: negative, what is left of it), minor units.
    pub balance_minor: i64,
    /// Payment runs leave it alone.
    pub auto_pay_off: bool,
    /// Why the customer disputes it; empty = not.
    pub disputed: String,
    /// Promised for this day.
    pub promised_on: Option<NaiveDate>,
    /// Next try by the rules, UTC ms.
    pub next_retry_at: Option<i64>,
    /// The rules have given up.
    pub given_up: bool,
}

/// The columns of a [`Debt`] in [`FROM`].
pub(in crate::store) const DEBT: &str = "s.document_id, d.number, s.account_id, a.number, d.currency, s.due_on, d.total_minor, \
    s.balance_minor, s.auto_pay_off, s.disputed, s.promised_on, s.next_retry_at, s.retries_given_up";
/// Where they come from.
pub(in crate::store) const FROM: &str = "document_state s JOIN document d ON d.id = s.document_id JOIN account a ON a.id = s.account_id";

fn row(r: &Row<'_>) -> Result<Debt, StoreError> {
    row_from(r, 0)
}

/// The debt whose columns begin at `at`.
pub(in crate::store) fn row_from(r: &Row<'_>, at: usize) -> Result<Debt, StoreError> {
    Ok(Debt {
        document: DocumentId(r.get(at)?),
        number: r.get(at + 1)?,
        account: AccountId(r.get(at + 2)?),
        account_number: r.get(at + 3)?,
        currency: word(r, at + 4, Currency::parse)?,
        due_on: r.get(at + 5)?,
        total_minor: r.get(at + 6)?,
        balance_minor: r.get(at + 7)?,
        auto_pay_off: r.get(at + 8)?,
        disputed: r.get(at + 9)?,
        promised_on: r.get(at + 10)?,
        next_retry_at: r.get(at + 11)?,
        given_up: r.get(at + 12)?,
    })
}

/// A posted document by id.
pub fn get(db: &Db<'_>, document: DocumentId) -> Result<Debt, StoreError> {
    db.opt(
        &format!("SELECT {DEBT} FROM {FROM} WHERE s.document_id = ?1 AND s.status = 'Posted'"),
        [document.0],
        row,
    )?
    .ok_or_else(|| StoreError::NotFound(format!("posted document {document}")))
}

/// Whether a posted document was reversed or written off.
pub fn is_ended(db: &Db<'_>, document: DocumentId) -> Result<bool, StoreError> {
    db.one(
        "SELECT reversed_by IS NOT NULL OR written_off_by IS NOT NULL FROM document_state
             WHERE document_id = ?1",
        [document.0],
        |r| r.get(0),
    )
}

/// A posted document by its number, or by its id as written (`D-000012`).
pub fn find(db: &Db<'_>, text: &str) -> Result<Debt, StoreError> {
    let id = match DocumentId::parse(text) {
        Some(id) => Some(id.0),
        None => db.opt("SELECT id FROM document WHERE number = ?1", [text], |r| r.get(0))?,
    };
    match id {
        Some(id) => get(db, DocumentId(id)),
        None => Err(StoreError::NotFound(format!("posted document {text}"))),
    }
}

/// Credit memos of an account in a currency with something left, oldest first.
pub fn credits(
    db: &Db<'_>,
    account: AccountId,
    currency: Currency,
) -> Result<Vec<Debt>, StoreError> {
    db.all(
        &format!(
            "SELECT {DEBT} FROM {FROM} WHERE s.account_id = ?1 AND s.status = 'Posted'
             AND s.balance_minor < 0
             AND d.kind = 'credit_memo' AND d.currency = ?2 ORDER BY d.invoice_on, d.id"
        ),
        (account.0, currency.code()),
        row,
    )
}

/// Accounts that may have something in [`credits`] or unapplied payments: by index, for passes over
/// many of whom few have.
pub fn accounts_in_credit(db: &Db<'_>) -> Result<HashSet<AccountId>, StoreError> {
    db.gather(
        "SELECT account_id FROM document_state WHERE status = 'Posted' AND balance_minor < 0
         UNION SELECT account_id FROM payment WHERE unapplied_minor > 0",
        [],
        |r| Ok(AccountId(r.get(0)?)),
    )
}

/// The same among these accounts.
pub fn in_credit(
    db: &Db<'_>,
    accounts: impl Iterator<Item = AccountId>,
) -> Result<HashSet<AccountId>, StoreError> {
    db.gather(
        "SELECT account_id FROM document_state WHERE status = 'Posted' AND balance_minor < 0
           AND account_id IN (SELECT value FROM json_each(?1))
         UNION SELECT account_id FROM payment WHERE unapplied_minor > 0
           AND account_id IN (SELECT value FROM json_each(?1))",
        [many::keys(accounts.map(|id| id.0))],
        |r| Ok(AccountId(r.get(0)?)),
    )
}

/// What an account has in a currency to use before it is charged, minor units.
pub fn credit_left(db: &Db<'_>, account: AccountId, currency: Currency) -> Result<i64, StoreError> {
    let memos = credits(db, account, currency)?;
    let money = payment::unapplied(db, account, currency)?;
    let memos = memos.iter().map(|c| -c.balance_minor);
    Ok(total(memos.chain(money.iter().map(|p| p.unapplied_minor)))?)
}

/// What an account owes in a currency, oldest due first.
pub fn open_of_account(
    db: &Db<'_>,
    account: AccountId,
    currency: Currency,
) -> Result<Vec<Debt>, StoreError> {
    let mut open = open_of(db, account)?;
    open.retain(|debt| debt.currency == currency);
    Ok(open)
}

/// What an account owes in any currency, oldest due first.
pub fn open_of(db: &Db<'_>, account: AccountId) -> Result<Vec<Debt>, StoreError> {
    // By the account's documents: the index of what is open is by due date, over all accounts.
    db.all(
        &format!(
            "SELECT {DEBT} FROM document d CROSS JOIN document_state s ON s.document_id = d.id
           JOIN account a ON a.id = s.account_id
         WHERE d.account_id = ?1 AND s.status = 'Posted' AND s.balance_minor > 0
           ORDER BY s.due_on, s.document_id"
        ),
        [account.0],
        row,
    )
}

/// Sets when a document is tried again, or that the rules have given up.
pub fn set_retry(
    tx: &Tx<'_>,
    document: DocumentId,
    next_at: Option<i64>,
    given_up: bool,
) -> Result<(), StoreError> {
    tx.run("UPDATE document_state SET next_retry_at = ?2, retries_given_up = ?3 WHERE document_id = ?1", (document.0, next_at, given_up))?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// Switches auto-pay of one document.
pub fn set_auto_pay_off(tx: &Tx<'_>, debt: &Debt, off: bool) -> Result<(), StoreError> {
    if debt.auto_pay_off && !off {
        deed::enter(tx, &payment_method::exposure(tx, debt.account)?)?;
    }
    tx.run(
        "UPDATE document_state SET auto_pay_off = ?2 WHERE document_id = ?1",
        (debt.document.0, off),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// Accounts that may have something to use before they are charged or reminded, as a table.
pub(super) const RICH: &str = "(SELECT account_id FROM document_state
      WHERE status = 'Posted' AND balance_minor < 0
    UNION SELECT account_id FROM payment WHERE unapplied_minor > 0)";

/// What an account would still owe in a currency, by document, once its credit memos and unapplied
/// payments were used as [`open_of_account`] orders: what is settled is left out. A document whose
/// payment is on its way takes no credit.
pub fn owed_after_credits(
    db: &Db<'_>,
    account: AccountId,
    currency: Currency,
) -> Result<Vec<(DocumentId, i64)>, StoreError> {
    let mut owed = Vec::new();
    for debt in open_of_account(db, account, currency)? {
        if !payment::on_its_way(db, debt.document)? {
            owed.push((debt.document, debt.balance_minor));
        }
    }
    let mut have: Vec<i64> =
        credits(db, account, currency)?.iter().map(|c| -c.balance_minor).collect();
    have.extend(payment::unapplied(db, account, currency)?.iter().map(|p| p.unapplied_minor));
    let open: Vec<i64> = owed.iter().map(|(_, minor)| *minor).collect();
    for (_, debt, amount) in apply_credits(&have, &open) {
        owed[debt].1 -= amount;
    }
    owed.retain(|(_, minor)| *minor > 0);
    Ok(owed)
}

/// Changes an open document's balance by `by_minor` and the account's with it. What is owed again
/// was asked for before it was settled: its reminders begin anew on that day.
pub fn move_balance(tx: &Tx<'_>, id: DocumentId, by_minor: i64) -> Result<(), StoreError> {
    if by_minor > 0 {
        tx.run(
            "UPDATE document_state SET reminder_level = 0, reopened_on = ?2
                 WHERE document_id = ?1 AND balance_minor >= 0",
            (id.0, tx.now().today),
        )?;
    }
    enter_balance(tx, id, by_minor)
}

/// Gives a document that is posted now its balance, and the account what it owes more.
pub fn enter_balance(tx: &Tx<'_>, id: DocumentId, by_minor: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE document_state SET balance_minor = balance_minor + ?2 WHERE document_id = ?1",
        (id.0, by_minor),
    )?;
    tx.run(
        "UPDATE account SET open_minor = open_minor + ?2
             WHERE id = (SELECT account_id FROM document_state WHERE document_id = ?1)",
        (id.0, by_minor),
    )?;
    tx.stir_document(id);
    tx.touch(Topic::Documents);
    Ok(())
}

/// What a document owes that is being posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDebt {
    pub document: DocumentId,
    pub account: AccountId,
    pub due_on: NaiveDate,
    /// Minor units; of a credit negative.
    pub total_minor: i64,
}

/// Enters what posted documents owe, and what their accounts owe with them.
pub fn enter_posted<'a>(
    tx: &Tx<'_>,
    debts: impl Iterator<Item = &'a NewDebt> + Clone,
) -> Result<(), StoreError> {
    many::change(
        tx,
        "UPDATE document_state SET status = 'Posted', due_on = v.column2,
         balance_minor = balance_minor + v.column3 FROM (",
        ") v WHERE document_id = v.column1",
        debts.clone().map(|d| -> [Bound<'_>; 3] {
            [d.document.0.into(), d.due_on.to_string().into(), d.total_minor.into()]
        }),
    )?;
    let mut open = BTreeMap::<AccountId, i64>::new();
    for debt in debts {
        let sum = open.entry(debt.account).or_default();
        *sum = total([*sum, debt.total_minor])?;
        tx.stir_document(debt.document);
    }
    owe_more(tx, open)?;
    tx.touch(Topic::Documents);
    Ok(())
}

/// Adds to what accounts owe, minor units.
fn owe_more(tx: &Tx<'_>, open: BTreeMap<AccountId, i64>) -> Result<(), StoreError> {
    many::change(
        tx,
        "UPDATE account SET open_minor = open_minor + v.column2 FROM (",
        ") v WHERE id = v.column1",
        open.into_iter()
            .map(|(account, minor)| -> [Bound<'_>; 2] { [account.0.into(), minor.into()] }),
    )?;
    Ok(())
}

/// Takes what was paid (document, who owes it, minor units) off documents, and off what their accounts
/// owe: no try is planned for them any more.
pub fn pay_all(
    tx: &Tx<'_>,
    paid: impl Iterator<Item = (DocumentId, AccountId, i64)> + Clone,
) -> Result<(), StoreError> {
    many::change(
        tx,
        "UPDATE document_state SET balance_minor = balance_minor - v.column2, next_retry_at = NULL,
         retries_given_up = 0 FROM (",
        ") v WHERE document_id = v.column1",
        paid.clone().map(|(id, _, minor)| -> [Bound<'_>; 2] { [id.0.into(), minor.into()] }),
    )?;
    let mut open = BTreeMap::<AccountId, i64>::new();
    for (document, account, minor) in paid {
        let sum = open.entry(account).or_default();
        *sum = total([*sum, -minor])?;
        tx.stir_document(document);
    }
    owe_more(tx, open)?;
    tx.touch(Topic::Documents);
    tx.touch(Topic::Payments);
    Ok(())
}

/// Writes a promise and marks its document.
pub fn promise(
    tx: &Tx<'_>,
    debt: &Debt,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<(), StoreError> {
    withdraw_promise(tx, debt.document)?;
    tx.run(
        "INSERT INTO promise (account_id, document_id, amount_minor, owed_minor, promised_on, made_by,
         made_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open')",
        (
            debt.account.0,
            debt.document.0,
            amount_minor,
            debt.balance_minor,
            on,
            &tx.actor().name,
            tx.now().at_ms,
        ),
    )?;
    tx.run(
        "UPDATE document_state SET promised_on = ?2 WHERE document_id = ?1",
        (debt.document.0, on),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// The open promise of a document: amount in minor units, and its day.
pub fn promised(db: &Db<'_>, document: DocumentId) -> Result<Option<(i64, NaiveDate)>, StoreError> {
    db.opt(
        "SELECT amount_minor, promised_on FROM promise WHERE document_id = ?1 AND state = 'open'",
        [document.0],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
}

/// Takes an open promise back.
pub fn withdraw_promise(tx: &Tx<'_>, document: DocumentId) -> Result<(), StoreError> {
    tx.run(
        "UPDATE promise SET state = 'withdrawn' WHERE document_id = ?1 AND state = 'open'",
        [document.0],
    )?;
    tx.run("UPDATE document_state SET promised_on = NULL WHERE document_id = ?1", [document.0])?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// Whether [`end_promises`] has anything to do.
pub fn promises_to_end(
    db: &Db<'_>,
    today: NaiveDate,
    broken_before: NaiveDate,
) -> Result<bool, StoreError> {
    db.any(
        &format!(
            "SELECT 1 FROM promise p JOIN document_state s ON s.document_id = p.document_id
             WHERE {PROMISE_OVER}"
        ),
        (today, broken_before),
    )
}

/// What was promised came.
const CAME: &str = "s.balance_minor <= max(p.owed_minor - p.amount_minor, 0)";
/// A promise that came, or whose day (`?1`, `?2` if nothing came) is over.
const PROMISE_OVER: &str = "p.state = 'open' AND (s.balance_minor <= 0 OR p.promised_on < ?2
    OR (p.promised_on < ?1 AND s.balance_minor <= max(p.owed_minor - p.amount_minor, 0)))";

/// Ends the promises whose day has gone by: kept when what was promised came, else broken; neither keeps
/// anything back any more. One is broken only of a day before `broken_before`. Gives the broken ones as
/// (document number, document, amount, day).
pub fn end_promises(
    tx: &Tx<'_>,
    today: NaiveDate,
    broken_before: NaiveDate,
) -> Result<Vec<(String, DocumentId, i64, NaiveDate)>, StoreError> {
    let ended: Vec<(i64, String, i64, i64, NaiveDate, bool)> = tx.all(
        &format!(
            "SELECT p.id, d.number, p.document_id, p.amount_minor, p.promised_on, {CAME}
             FROM promise p JOIN document d ON d.id = p.document_id
             JOIN document_state s ON s.document_id = p.document_id WHERE {PROMISE_OVER}"
        ),
        (today, broken_before),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)),
    )?;
    let mut broken = Vec::new();
    for (id, number, document, amount, on, came) in ended {
        let state = if came { "kept" } else { "broken" };
        tx.run("UPDATE promise SET state = ?2 WHERE id = ?1", (id, state))?;
        tx.run("UPDATE document_state SET promised_on = NULL WHERE document_id = ?1", [document])?;
        if !came {
            broken.push((number, DocumentId(document), amount, on));
        }
        tx.touch(Topic::Payments);
    }
    Ok(broken)
}
