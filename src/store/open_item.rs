//! Open documents of another system, kept as posted history with their own numbers.

use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::document::DocumentKind;
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rusqlite::OptionalExtension;

/// One open document; amounts in minor units, negative on a credit memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewOpenItem<'a> {
    /// Its own number.
    pub number: &'a str,
    /// Whose.
    pub account: AccountId,
    /// The account's currency.
    pub currency: Currency,
    /// Invoice, credit memo or debit memo.
    pub kind: DocumentKind,
    /// Date of the document.
    pub date: NaiveDate,
    /// Due date.
    pub due_on: NaiveDate,
    /// Gross total.
    pub total_minor: i64,
    /// Tax contained.
    pub tax_minor: i64,
    /// Still open.
    pub balance_minor: i64,
}

/// A document in the book, as the import compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredOpenItem {
    /// Whether it came from another system.
    pub from_other_system: bool,
    /// Whose.
    pub account: AccountId,
    /// Its kind.
    pub kind: DocumentKind,
    /// Date of the document.
    pub date: NaiveDate,
    /// Due date.
    pub due_on: NaiveDate,
    /// Gross total.
    pub total_minor: i64,
    /// Tax contained.
    pub tax_minor: i64,
    /// What was settled before the book took over.
    pub settled_before_minor: i64,
}

/// The document with this number.
pub fn find(db: &Db<'_>, number: &str) -> Result<Option<StoredOpenItem>, StoreError> {
    Ok(db
        .conn()
        .prepare_cached(
            "SELECT source = 'open_item', account_id, kind, invoice_on, due_on, total_minor,
                    tax_minor, settled_before_minor
             FROM document WHERE number = ?1",
        )?
        .query_row([number], |r| {
            Ok(StoredOpenItem {
                from_other_system: r.get(0)?,
                account: AccountId(r.get(1)?),
                kind: word(r, 2, DocumentKind::parse)?,
                date: r.get(3)?,
                due_on: r.get(4)?,
                total_minor: r.get(5)?,
                tax_minor: r.get(6)?,
                settled_before_minor: r.get(7)?,
            })
        })
        .optional()?)
}

/// Stores one as a posted document of one line, with its balance and its opening ledger entries.
pub fn insert(tx: &Tx<'_>, item: &NewOpenItem<'_>) -> Result<DocumentId, StoreError> {
    let net = item.total_minor - item.tax_minor;
    tx.conn()
        .prepare_cached(
            "INSERT INTO document (kind, status, account_id, account_version_id, currency, source,
                invoice_on, due_on, target_on, po_number, subtotal_minor, tax_minor, total_minor,
                settled_before_minor, created_at)
             SELECT ?1, 'Draft', ?2, (SELECT id FROM account_version WHERE account_id = ?2 ORDER BY seq DESC LIMIT 1),
                ?3, 'open_item', ?4, ?5, ?4, '', ?6, ?7, ?8, ?9, ?10",
        )?
        .execute((
            item.kind.as_str(),
            item.account.0,
            item.currency.code(),
            item.date,
            item.due_on,
            net,
            item.tax_minor,
            item.total_minor,
            item.total_minor - item.balance_minor,
            tx.now().at_ms,
        ))?;
    let id = DocumentId(tx.conn().last_insert_rowid());
    tx.touch(Topic::Documents);
    Ok(id)
}
