//! Open documents of another system, kept as posted history with their own numbers.

use super::deed::{self, DeedKind, NewDeed};
use super::json;
use super::{
    Db, StoreError, Topic, Tx, account_text, debt, decimal_opt, ledger, new_draft, posting, tax,
    word,
};
use crate::domain::document::{DocumentKind, DocumentTax, TaxKind};
use crate::domain::frozen::Frozen;
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::ledger as entries;
use crate::domain::money::Currency;
use chrono::NaiveDate;
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
    pub kind: DocumentKind,
    /// Date of the document.
    pub date: NaiveDate,
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
    db.opt(
        "SELECT d.source = 'open_item', d.account_id, d.kind, d.invoice_on, d.due_on,
                d.total_minor, d.tax_minor, d.settled_before_minor, t.tax_code, t.rate_percent
         FROM document d LEFT JOIN document_tax t ON t.document_id = d.id
         WHERE d.number = ?1 ORDER BY t.tax_code LIMIT 1",
        [number],
        |r| {
            Ok(StoredOpenItem {
                from_other_system: r.get(0)?,
                account: AccountId(r.get(1)?),
                kind: word(r, 2, DocumentKind::parse)?,
                date: r.get(3)?,
                due_on: r.get(4)?,
                total_minor: r.get(5)?,
                tax_minor: r.get(6)?,
                settled_before_minor: r.get(7)?,
                tax: r.get::<Option<String>>(8)?.zip(decimal_opt(r, 9)?),
            })
        },
    )
}

/// Hands over the number of every document that has one.
pub fn each_number(db: &Db<'_>, take: &mut dyn FnMut(&str)) -> Result<(), StoreError> {
    db.each("SELECT number FROM document WHERE number IS NOT NULL", [], |r| {
        take(r.text(0)?);
        Ok(())
    })
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
    frozen: &Frozen,
    booked_on: NaiveDate,
) -> Result<DocumentId, StoreError> {
    let net = item.total_minor - item.tax_minor;
    let line =
        Line { text: "Brought forward", net_minor: net, tax_code: item.tax.map_or("", |t| t.0) };
    let taxes = match item.tax {
        Some(tax) => vec![tax_row(tx, item, tax)?],
        None => Vec::new(),
    };
    let id = put(tx, item, &[line], &taxes, (account_version, &json::text(frozen)?))?;
    deed::enter(tx, &NewDeed { document: Some(id), ..item.deed() })?;
    let lines: Vec<ledger::Line> = entries::open_item(item.balance_minor)
        .into_iter()
        .map(|entry| ledger::Line {
            ledger: entry.account.to_string(),
            account: item.account,
            document: Some(id),
            payment: None,
            amount: item.currency.amount(entry.minor),
        })
        .collect();
    ledger::post(tx, booked_on.max(item.date), &lines)?;
    tx.touch(Topic::Documents);
    Ok(id)
}

/// One line of a document that is brought into the book as posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What is printed.
    pub text: &'a str,
    /// Net, minor units.
    pub net_minor: i64,
    /// Tax code; empty = none.
    pub tax_code: &'a str,
}

/// Writes a document that is posted from the start, with its lines, taxes, state and balance; its
/// ledger entries are the caller's.
pub(in crate::store) fn put(
    tx: &Tx<'_>,
    item: &NewOpenItem<'_>,
    lines: &[Line<'_>],
    taxes: &[DocumentTax],
    (account_version, frozen): (i64, &str),
) -> Result<DocumentId, StoreError> {
    let id = DocumentId(tx.insert(
        "INSERT INTO document (kind, status, account_id, account_version_id, currency, source,
                invoice_on, due_on, target_on, po_number, subtotal_minor, tax_minor, total_minor,
                settled_before_minor, created_at)
             VALUES (?1, 'Draft', ?2, ?11, ?3, 'open_item', ?4, ?5, ?4, '', ?6, ?7, ?8, ?9, ?10)",
        (
            item.kind.as_str(),
            item.account.0,
            item.currency.code(),
            item.date,
            item.due_on,
            item.total_minor - item.tax_minor,
            item.tax_minor,
            item.total_minor,
            item.total_minor - item.balance_minor,
            tx.now().at_ms,
            account_version,
        ),
    )?);
    for (at, line) in lines.iter().enumerate() {
        tx.run(
            "INSERT INTO document_item (document_id, position, description, quantity, unit_price,
             amount_minor, tax_code, origin, derivation)
             VALUES (?1, ?2, ?3, '1', ?4, ?5, ?6, 'hand', '')",
            (
                id.0,
                at as i64 + 1,
                line.text,
                item.currency.plain(line.net_minor),
                line.net_minor,
                line.tax_code,
            ),
        )?;
    }
    new_draft::insert_taxes(tx, id, taxes)?;
    account_text::more(tx, (item.account, Some(id)), item.number)?;
    // Its own number and no series: the counters of this book are not touched.
    let hash = posting::content_hash(tx, id, item.number, frozen)?;
    tx.run(
        "UPDATE document SET status = 'Posted', number = ?2, posted_at = ?3, frozen = ?4,
                content_hash = ?5 WHERE id = ?1",
        (id.0, item.number, tx.now().at_ms, frozen, hash),
    )?;
    tx.run(
        "INSERT INTO document_state (document_id, status, account_id, due_on)
         VALUES (?1, 'Posted', ?2, ?3)",
        (id.0, item.account.0, item.due_on),
    )?;
    debt::enter_balance(tx, id, item.balance_minor)?;
    Ok(id)
}

/// Its tax row, named as the book names the code on the day of the document.
fn tax_row(
    db: &Db<'_>,
    item: &NewOpenItem<'_>,
    (code, rate_percent): (&str, Decimal),
) -> Result<DocumentTax, StoreError> {
    let known = tax::all(db)?.into_iter().rfind(|t| {
        t.tax_code == code && t.rate_percent == rate_percent && t.valid_from <= item.date
    });
    let (name, kind, reason) = match known {
        Some(t) if t.kind == TaxKind::Standard || item.tax_minor == 0 => (t.name, t.kind, t.reason),
        Some(_) | None => (code.to_owned(), TaxKind::Standard, String::new()),
    };
    Ok(DocumentTax {
        tax_code: code.to_owned(),
        rate_percent: rate_percent.normalize(),
        name,
        kind,
        inclusive: false,
        reason,
        base_minor: item.total_minor - item.tax_minor,
        tax_minor: item.tax_minor,
        rounding: None,
    })
}
