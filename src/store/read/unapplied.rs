//! Money that no invoice has yet: credit memos with something left, and payments.

use super::{
    Ask, Field, Filter, Fit, Group, Key, ListArgs, ListRow, Marked, Order, Page, ReadError,
};
use super::{Sort, Spec, Totals};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Money;
use crate::store::face::Row;
use crate::store::{Db, StoreError, money, word};
use chrono::NaiveDate;

/// A credit memo or payment with something left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnappliedRow {
    /// A memo's document id; a payment's id below zero.
    pub id: i64,
    /// Where it stands in the list.
    pub key: Key,
    /// `credit memo` or `payment`.
    pub what: String,
    /// `CM-2026-000001` or `P-000012`.
    pub number: String,
    /// Whose.
    pub account_id: AccountId,
    /// Account number.
    pub account: String,
    /// Customer name.
    pub customer: String,
    /// What is left of it.
    pub left: Money,
    /// Since when.
    pub since: NaiveDate,
    /// What the account owes in that currency.
    pub owed: Money,
}

impl UnappliedRow {
    /// The memo, if it is one.
    pub fn document(&self) -> Option<DocumentId> {
        (self.id > 0).then_some(DocumentId(self.id))
    }
}

impl ListRow for UnappliedRow {
    fn id(&self) -> i64 {
        self.id
    }
    fn version(&self) -> i64 {
        0
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        Some(self.left)
    }
    fn is_exception(&self) -> bool {
        self.owed.minor > 0
    }
}

pub(super) const SPEC: Spec = Spec {
    columns: "u.what, u.number, a.id, a.number, v.name, u.currency, u.minor, u.since, \
              coalesce((SELECT sum(c.balance_minor) FROM collectible c \
                WHERE c.account_id = a.id AND c.currency = u.currency), 0)",
    from: "(SELECT d.id AS id, 'credit memo' AS what, d.number AS number, d.account_id AS account, \
              d.currency AS currency, -s.balance_minor AS minor, d.invoice_on AS since, \
              d.po_number AS reference \
            FROM document_state s JOIN document d ON d.id = s.document_id \
            WHERE s.status = 'Posted' AND s.balance_minor < 0 AND d.kind = 'credit_memo' \
            UNION ALL \
            SELECT -p.id, 'payment', printf('P-%06d', p.id), p.account_id, p.currency, p.unapplied_minor, \
              coalesce(p.received_on, date(p.created_at / 1000, 'unixepoch')), p.reference \
            FROM payment p WHERE p.unapplied_minor > 0) u \
           JOIN account a ON a.id = u.account JOIN account_version v ON v.account_id = a.id AND v.seq = \
           (SELECT max(w.seq) FROM account_version w WHERE w.account_id = a.id)",
    narrow: "(SELECT d.id AS id, d.account_id AS account, d.currency AS currency, -s.balance_minor AS minor, \
              d.invoice_on AS since, 'credit memo' AS what \
            FROM document_state s JOIN document d ON d.id = s.document_id \
            WHERE s.status = 'Posted' AND s.balance_minor < 0 AND d.kind = 'credit_memo' \
            UNION ALL \
            SELECT -p.id, p.account_id, p.currency, p.unapplied_minor, p.received_on, 'payment' \
            FROM payment p WHERE p.unapplied_minor > 0) u",
    base: "1",
    id: "u.id",
    version: "0",
    money: Some(("u.currency", "u.minor")),
    found: None,
    words: &["a.number", "v.name", "u.number", "v.emails", "u.reference", "u.currency"],
    fields: &[
        (Field::Kind, Ask::Word("u.what", &["credit memo", "payment"])),
        (Field::Account, Ask::Same("a.number")),
        (Field::Balance, Ask::Amount("u.minor", "u.currency")),
        (Field::Currency, Ask::Currency("u.currency")),
    ],
    orders: &[
        Order { sort: Sort::Due, by: "u.since", descending: false },
        Order { sort: Sort::Largest, by: "u.minor", descending: true },
        Order { sort: Sort::Account, by: "a.number", descending: false },
        Order { sort: Sort::Customer, by: "v.name", descending: false },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<UnappliedRow, StoreError> {
    Ok(UnappliedRow {
        id: key.id,
        key,
        what: row.get(2)?,
        number: row.get(3)?,
        account_id: AccountId(row.get(4)?),
        account: row.get(5)?,
        customer: row.get(6)?,
        left: money(row, 7, 8)?,
        since: word(row, 9, |t| t.parse().ok())?,
        owed: money(row, 7, 10)?,
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<UnappliedRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many match, with what is left of them.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    super::totals(db, &SPEC, filter)
}

/// All that match, for marking.
pub fn marks(db: &Db<'_>, filter: &Filter) -> Result<Vec<Marked>, ReadError> {
    super::marks(db, &SPEC, filter)
}

/// Those of some rows that match.
pub fn within(db: &Db<'_>, filter: &Filter, ids: &[i64]) -> Result<Vec<Marked>, ReadError> {
    super::within(db, &SPEC, filter, ids)
}

/// By kind or currency.
pub fn groups(db: &Db<'_>, filter: &Filter, by: Field) -> Result<Vec<Group>, ReadError> {
    let name = match by {
        Field::Kind => "u.what",
        _ => "u.currency",
    };
    super::groups(db, &SPEC, filter, name, by)
}
