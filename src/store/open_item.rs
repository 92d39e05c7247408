//! Open documents of another system, kept as posted history with their own numbers.

use super::deed::{self, DeedKind, NewDeed};
use super::{Db, StoreError, Topic, Tx, debt, decimal_opt, ledger, posting, tax, word};
use crate::domain::document::{DocumentKind, TaxKind};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::ledger as entries;
use crate::domain::money::Currency;
use chrono::NaiveDate;
use rusqlite::OptionalExtension;
use rust_decimal::Decimal;

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
    /// The code of its tax and the rate in percent, where they are known.
    pub tax: Option<(&'a str, Decimal)>,
}

/// A document in the book, as the import compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The code of its tax and the rate in percent, where they are known.
    pub tax: Option<(String, Decimal)>,
}

/// The document with this number.
pub fn find(db: &Db<'_>, number: &str) -> Result<Option<StoredOpenItem>, StoreError> {
    Ok(db
        .conn()
        .prepare_cached(
            "SELECT d.source = 'open_item', d.account_id, d.kind, d.invoice_on, d.due_on, d.total_minor,
                    d.tax_minor, d.settled_before_minor, t.tax_code, t.rate_percent
             FROM document d LEFT JOIN document_tax t ON t.document_id = d.id
             WHERE d.number = ?1 ORDER BY t.tax_code LIMIT 1",
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
                tax: r.get::<_, Option<String>>(8)?.zip(decimal_opt(r, 9)?),
            })
        })
        .optional()?)
}

/// The number of every document that has one.
pub fn numbers(db: &Db<'_>) -> Result<Vec<String>, StoreError> {
    let mut statement =
        db.conn().prepare_cached("SELECT number FROM document WHERE number IS NOT NULL")?;
    let rows = statement.query_map([], |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl NewOpenItem<'_> {
    /// What loading it is: a credit comes to exist, or something that may be collected.
    pub fn deed(&self) -> NewDeed {
        let kind = match self.kind {
            DocumentKind::CreditMemo | DocumentKind::WriteOff => DeedKind::Credit,
            DocumentKind::Invoice | DocumentKind::DebitMemo => DeedKind::Posting,
        };
        NewDeed::new(self.account, kind, self.balance_minor, self.currency)
    }
}

/// Stores one as a posted document of one line, with its tax, its balance and its opening ledger
/// entries: on the day from which this book counts it (`booked_on`), not before the document's own.
/// `account_version` and `frozen` are what is known of its customer, as on every posted document.
pub fn insert(
    tx: &Tx<'_>,
    item: &NewOpenItem<'_>,
    account_version: i64,
    frozen: &str,
    booked_on: NaiveDate,
) -> Result<DocumentId, StoreError> {
    let net = item.total_minor - item.tax_minor;
    tx.conn()
        .prepare_cached(
            "INSERT INTO document (kind, status, account_id, account_version_id, currency, source,
                invoice_on, due_on, target_on, po_number, subtotal_minor, tax_minor, total_minor,
                settled_before_minor, created_at)
             VALUES (?1, 'Draft', ?2, ?11, ?3, 'open_item', ?4, ?5, ?4, '', ?6, ?7, ?8, ?9, ?10)",
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
            account_version,
        ))?;
    let id = DocumentId(tx.conn().last_insert_rowid());
    deed::enter(tx, &NewDeed { document: Some(id), ..item.deed() })?;
    tx.conn()
        .prepare_cached(
            "INSERT INTO document_item (document_id, position, description, quantity, unit_price, amount_minor,
                tax_code, origin, derivation) VALUES (?1, 1, 'Brought forward', '1', ?2, ?3, ?4, 'hand', '')",
        )?
        .execute((id.0, item.currency.plain(net), net, item.tax.map_or("", |t| t.0)))?;
    if let Some(tax) = item.tax {
        put_tax(tx, id, item, tax)?;
    }
    // Its own number and no series: the counters of this book are not touched.
    let hash = posting::content_hash(tx, id, item.number, frozen)?;
    tx.conn()
        .prepare_cached(
            "UPDATE document SET status = 'Posted', number = ?2, posted_at = ?3, frozen = ?4,
                content_hash = ?5 WHERE id = ?1",
        )?
        .execute((id.0, item.number, tx.now().at_ms, frozen, hash))?;
    tx.conn()
        .prepare_cached(
            "INSERT INTO document_state (document_id, status, account_id, due_on) VALUES (?1, 'Posted', ?2, ?3)",
        )?
        .execute((id.0, item.account.0, item.due_on))?;
    debt::enter_balance(tx, id, item.balance_minor)?;
    let lines: Vec<ledger::Line> = entries::open_item(item.balance_minor)
        .into_iter()
        .map(|entry| ledger::Line {
            ledger: entry.account.to_string(),
            account: item.account,
            document: Some(id),
            payment: None,
            currency: item.currency,
            amount_minor: entry.minor,
        })
        .collect();
    ledger::post(tx, booked_on.max(item.date), &lines)?;
    tx.touch(Topic::Documents);
    Ok(id)
}

/// Its tax row, named as the book names the code on the day of the document.
fn put_tax(
    tx: &Tx<'_>,
    id: DocumentId,
    item: &NewOpenItem<'_>,
    (code, rate): (&str, Decimal),
) -> Result<(), StoreError> {
    let known = tax::all(tx)?
        .into_iter()
        .rfind(|t| t.tax_code == code && t.rate_percent == rate && t.valid_from <= item.date);
    let (name, kind, reason) = match known {
        Some(t) if t.kind == TaxKind::Standard || item.tax_minor == 0 => (t.name, t.kind, t.reason),
        Some(_) | None => (code.to_owned(), TaxKind::Standard, String::new()),
    };
    tx.conn()
        .prepare_cached(
            "INSERT INTO document_tax (document_id, tax_code, rate_percent, name, kind, inclusive, reason,
                base_minor, tax_minor) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)",
        )?
        .execute((
            id.0,
            code,
            rate.normalize().to_string(),
            name,
            kind.as_str(),
            reason,
            item.total_minor - item.tax_minor,
            item.tax_minor,
        ))?;
    Ok(())
}
