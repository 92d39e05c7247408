//! Applying credit memos and write-offs to what is owed, and taking that back: the one place.
//!
//! Posting a credit memo books revenue and tax against `credit`; applying it books `credit` against
//! `receivable` and moves both balances toward zero by the same amount. A write-off is a credit
//! against bad debt and is applied in the same way.

use super::debt::move_balance;
use super::deed::{self, DeedKind, NewDeed};
use super::face::Row;
use super::ledger::About;
use super::{Db, StoreError, Tx, applied, word};
use crate::domain::actor::Verb;
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Currency;
use chrono::NaiveDate;

/// A credit used up on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub id: i64,
    /// The credit memo or write-off.
    pub credit: DocumentId,
    /// The invoice or debit memo.
    pub document: DocumentId,
    /// Minor units, above zero.
    pub amount_minor: i64,
    /// The day it counts.
    pub applied_on: NaiveDate,
    /// When it was taken back, UTC ms.
    pub undone_at: Option<i64>,
}

fn row(r: &Row<'_>) -> Result<Application, StoreError> {
    Ok(Application {
        id: r.get(0)?,
        credit: DocumentId(r.get(1)?),
        document: DocumentId(r.get(2)?),
        amount_minor: r.get(3)?,
        applied_on: r.get(4)?,
        undone_at: r.get(5)?,
    })
}

/// Account, currency and balance of a posted document.
fn side(db: &Db<'_>, document: DocumentId) -> Result<(AccountId, Currency, i64), StoreError> {
    db.opt(
        "SELECT s.account_id, d.currency, s.balance_minor FROM document_state s
         JOIN document d ON d.id = s.document_id
         WHERE s.document_id = ?1 AND s.status = 'Posted'",
        [document.0],
        |r| Ok((AccountId(r.get(0)?), word(r, 1, Currency::parse)?, r.get(2)?)),
    )?
    .ok_or_else(|| StoreError::NotFound(format!("posted document {document}")))
}

/// Uses `amount_minor` (above zero) of a posted credit up on a posted document, from a day or the
/// first one after it on which both are there. Refused
/// when it is more than either has left, or when account or currency differ.
pub fn apply(
    tx: &Tx<'_>,
    credit: DocumentId,
    document: DocumentId,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<i64, StoreError> {
    let (from, to) = (side(tx, credit)?, side(tx, document)?);
    if (from.0, from.1) != (to.0, to.1) {
        return Err(StoreError::Conflict(
            "a credit is used only for its own account and currency".to_owned(),
        ));
    }
    if amount_minor <= 0 || amount_minor > -from.2 || amount_minor > to.2 {
        return Err(StoreError::Conflict(format!(
            "{} of {} left cannot be used on {} owed",
            to.1.plain(amount_minor),
            to.1.plain(-from.2),
            to.1.plain(to.2)
        )));
    }
    let about = About { account: to.0, document: Some(document), payment: None, currency: to.1 };
    let on = applied::use_credit(tx, credit, &about, amount_minor, on)?;
    let id = tx.insert(
        "INSERT INTO credit_application (credit_id, document_id, amount_minor, applied_on,
         applied_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (credit.0, document.0, amount_minor, on, tx.now().at_ms),
    )?;
    by_hand(tx, to.0, to.1, credit)?;
    move_balance(tx, credit, amount_minor)?;
    move_balance(tx, document, -amount_minor)?;
    Ok(id)
}

/// Which debt a credit settles is a person's deed, unless all are used in their order.
fn by_hand(
    tx: &Tx<'_>,
    account: AccountId,
    currency: Currency,
    credit: DocumentId,
) -> Result<(), StoreError> {
    if !matches!(tx.verb(), Verb::Adjust) {
        return Ok(());
    }
    let deed = NewDeed::new(account, DeedKind::CreditApplied, 0, currency);
    deed::enter(tx, &NewDeed { document: Some(credit), ..deed })
}

/// Takes an application back on a day, not before the day it counts from; the row stays.
pub fn unapply(tx: &Tx<'_>, id: i64, on: NaiveDate) -> Result<(), StoreError> {
    unapply_part(tx, id, None, on)
}

/// The same of so much of it (minor units); the rest stays applied since the day it is.
pub fn unapply_part(
    tx: &Tx<'_>,
    id: i64,
    amount_minor: Option<i64>,
    on: NaiveDate,
) -> Result<(), StoreError> {
    let application = tx
        .opt(
            "SELECT id, credit_id, document_id, amount_minor, applied_on, undone_at
         FROM credit_application WHERE id = ?1",
            [id],
            row,
        )?
        .filter(|a| a.undone_at.is_none())
        .ok_or_else(|| StoreError::NotFound("application of a credit".to_owned()))?;
    let (account, currency, _) = side(tx, application.document)?;
    by_hand(tx, account, currency, application.credit)?;
    tx.run("UPDATE credit_application SET undone_at = ?2 WHERE id = ?1", (id, tx.now().at_ms))?;
    let (credit, amount) = (application.credit, amount_minor.unwrap_or(application.amount_minor));
    if amount < application.amount_minor {
        tx.run(
            "INSERT INTO credit_application (credit_id, document_id, amount_minor, applied_on,
             applied_at)
             SELECT credit_id, document_id, amount_minor - ?2, applied_on, applied_at
             FROM credit_application WHERE id = ?1",
            (id, amount),
        )?;
    }
    move_balance(tx, credit, -amount)?;
    move_balance(tx, application.document, amount)?;
    let about = About { account, document: Some(application.document), payment: None, currency };
    applied::book_credit(tx, credit, &about, -amount, on.max(application.applied_on))
}

/// What stands of the write-offs of a document, oldest first.
pub fn write_offs(db: &Db<'_>, document: DocumentId) -> Result<Vec<Application>, StoreError> {
    db.all(
        "SELECT x.id, x.credit_id, x.document_id, x.amount_minor, x.applied_on, x.undone_at
         FROM credit_application x JOIN document c ON c.id = x.credit_id
         WHERE x.document_id = ?1 AND x.undone_at IS NULL AND c.kind = 'write_off' ORDER BY x.id",
        [document.0],
        row,
    )
}

/// The applications that touch a document from either side and stand, oldest first.
pub fn standing(db: &Db<'_>, document: DocumentId) -> Result<Vec<Application>, StoreError> {
    db.all(
        "SELECT id, credit_id, document_id, amount_minor, applied_on, undone_at
         FROM credit_application
         WHERE (document_id = ?1 OR credit_id = ?1) AND undone_at IS NULL ORDER BY id",
        [document.0],
        row,
    )
}
