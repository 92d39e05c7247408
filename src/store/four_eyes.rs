//! Requests that wait for a second person: who asked for what, and what it was then.

use super::face::Row;
use super::{Db, StoreError, Tx, word};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::Currency;
use crate::domain::month::Month;
use crate::domain::text_enum;
use std::fmt;

text_enum! {
    /// Where a request stands.
    RequestState {
        /// It waits for a second person.
        Open = "open",
        /// A second person confirmed it, and it happened.
        Confirmed = "confirmed",
        /// What it was about changed, or nobody confirmed it in time.
        Expired = "expired",
    }
}

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A posted document.
    Document(DocumentId),
    Payment(PaymentId),
    /// An account's payment methods.
    Methods(AccountId),
    /// The settings that say where everybody's money goes and what a second person is for.
    Settings,
    /// A month of the book.
    Period(Month),
}

/// As requests have it, of older builds too: who confirms one is told by the same words.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(id) => write!(f, "Document(DocumentId({}))", id.0),
            Self::Payment(id) => write!(f, "Payment(PaymentId({}))", id.0),
            Self::Methods(id) => write!(f, "Methods(AccountId({}))", id.0),
            Self::Settings => f.write_str("Settings"),
            Self::Period(month) => write!(f, "Period({month})"),
        }
    }
}

impl Object {
    fn parts(self) -> (&'static str, i64) {
        match self {
            Self::Document(id) => ("document", id.0),
            Self::Payment(id) => ("payment", id.0),
            Self::Methods(id) => ("account", id.0),
            // The issuer's own: accounts begin at 1.
            Self::Settings => ("account", 0),
            // A month as a number, and below those: -202611.
            Self::Period(month) => ("account", -month.number()),
        }
    }

    /// What of the object a second person must find as the first one saw it: what is open and what
    /// hangs on it; of an account its methods in their order.
    pub fn state(self, db: &Db<'_>) -> Result<String, StoreError> {
        let sql = match self {
            Self::Document(_) => {
                "SELECT s.balance_minor || '/' || (SELECT count(*) FROM document c
                    WHERE c.corrects_id = s.document_id) || '/' || (SELECT count(*)
                    FROM document_item x JOIN document_item i ON i.id = x.corrects_item_id
                    WHERE i.document_id = s.document_id)
                 FROM document_state s WHERE s.document_id = ?1"
            }
            Self::Payment(_) => {
                "SELECT p.status || '/' || p.returned_minor || '/' || (SELECT count(*)
                    FROM payment_event e WHERE e.payment_id = p.id)
                 FROM payment p WHERE p.id = ?1"
            }
            Self::Methods(_) => {
                "SELECT a.open_minor || '/' || coalesce((SELECT group_concat(m.id || ':'
                    || m.priority || ':' || m.status || ':' || m.changed_at, ',' ORDER BY m.id)
                    FROM payment_method m WHERE m.account_id = a.id), '')
                 FROM account a WHERE a.id = ?1"
            }
            Self::Settings => {
                "SELECT coalesce(group_concat(key || '=' || value, char(10) ORDER BY key), '') FROM setting
                 WHERE ?1 = 0 AND (key LIKE 'issuer.%' OR key LIKE 'stripe.%' OR key LIKE 'four_eyes.%'
                    OR key LIKE 'separation.%')"
            }
            Self::Period(_) => {
                "SELECT coalesce((SELECT status || '/' || seal FROM book_period
                    WHERE month = printf('%04d-%02d', -?1 / 100, -?1 % 100)), 'Open')"
            }
        };
        let (_, id) = self.parts();
        db.one(sql, [id], |r| r.get(0))
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// Verb, object and parameters: a second person who asks for the same confirms it.
    pub deed: String,
    /// What it is about.
    pub object: Object,
    /// The object as it was seen.
    pub object_state: String,
    /// How much, minor units, never below zero.
    pub amount_minor: i64,
    pub currency: Currency,
    /// What would be done, for people.
    pub words: String,
    pub reason: String,
}

/// A request as the book has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    pub id: i64,
    /// What was asked for.
    pub asked: NewRequest,
    /// Who asked.
    pub uid: u32,
    /// Their name.
    pub user_name: String,
    /// When, UTC ms.
    pub asked_at: i64,
    /// The operation that recorded it.
    pub asked_seq: i64,
}

const COLUMNS: &str = "id, deed, object, object_id, object_state, amount_minor, currency, words, \
    reason, uid, user_name, asked_at, asked_seq";

fn row(r: &Row<'_>) -> Result<RequestRow, StoreError> {
    let id: i64 = r.get(3)?;
    let object = word(r, 2, |kind| match kind {
        "document" => Some(Object::Document(DocumentId(id))),
        "payment" => Some(Object::Payment(PaymentId(id))),
        "account" if id == 0 => Some(Object::Settings),
        "account" if id < 0 => Month::of_number(-id).map(Object::Period),
        "account" => Some(Object::Methods(AccountId(id))),
        _ => None,
    })?;
    Ok(RequestRow {
        id: r.get(0)?,
        asked: NewRequest {
            deed: r.get(1)?,
            object,
            object_state: r.get(4)?,
            amount_minor: r.get(5)?,
            currency: word(r, 6, Currency::parse)?,
            words: r.get(7)?,
            reason: r.get(8)?,
        },
        uid: r.get(9)?,
        user_name: r.get(10)?,
        asked_at: r.get(11)?,
        asked_seq: r.get(12)?,
    })
}

/// The open request for this very deed.
pub fn open_for(db: &Db<'_>, deed: &str) -> Result<Option<RequestRow>, StoreError> {
    db.opt(
        &format!("SELECT {COLUMNS} FROM four_eyes WHERE deed = ?1 AND state = 'open'"),
        [deed],
        row,
    )
}

/// Every open request, oldest first.
pub fn open(db: &Db<'_>) -> Result<Vec<RequestRow>, StoreError> {
    db.all(&format!("SELECT {COLUMNS} FROM four_eyes WHERE state = 'open' ORDER BY id"), [], row)
}

/// Records a request of whoever acts; gives its id.
pub fn insert(tx: &Tx<'_>, new: &NewRequest) -> Result<i64, StoreError> {
    let (object, object_id) = new.object.parts();
    let key = tx.insert(
        "INSERT INTO four_eyes (deed, object, object_id, object_state, amount_minor, currency,
                words, reason, uid, user_name, asked_at, asked_seq, state)
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,'open')",
        (
            &new.deed,
            object,
            object_id,
            &new.object_state,
            new.amount_minor,
            new.currency.code(),
            &new.words,
            &new.reason,
            tx.actor().uid,
            &tx.actor().name,
            tx.now().at_ms,
            tx.seq(),
        ),
    )?;
    Ok(key)
}

/// Ends a request: confirmed, or expired.
pub fn end(tx: &Tx<'_>, id: i64, state: RequestState) -> Result<(), StoreError> {
    tx.run(
        "UPDATE four_eyes SET state = ?2, ended_seq = ?3 WHERE id = ?1",
        (id, state.as_str(), tx.seq()),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_as_in_the_books_of_older_builds() {
        for (object, words) in [
            (Object::Document(DocumentId(12)), "Document(DocumentId(12))"),
            (Object::Payment(PaymentId(3)), "Payment(PaymentId(3))"),
            (Object::Methods(AccountId(7)), "Methods(AccountId(7))"),
            (Object::Settings, "Settings"),
            (Object::Period(Month::parse("2026-11").unwrap()), "Period(2026-11)"),
        ] {
            assert_eq!(object.to_string(), words);
        }
    }
}
