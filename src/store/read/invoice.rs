//! One document whole, as the screens and `invoice show` need it: lines, tax, flags in words, the
//! last three before it line by line, its history, deliveries and payments.

use super::accounts::NOTES;
use super::invoices::{self, InvoiceRow};
use super::{Filter, KeyValue, ListArgs, ReadError, Seek, Sort, agreed};
use crate::domain::account::{AccountTerms, version_on};
use crate::domain::delivery::FirstCopy;
use crate::domain::document::{DocumentTax, Flag, FlagCode};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::line_change::{Compared, compare};
use crate::domain::money::{Currency, Money};
use crate::domain::note::{Note, On, References};
use crate::store::document::{self, ItemRow};
use crate::store::operation::LAST_SLICE;
use crate::store::{Db, StoreError, account, first_copy, note, word};
use chrono::NaiveDate;

/// A document with everything a clerk looks at before saying yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDetail {
    /// The row of the list.
    pub row: InvoiceRow,
    /// Whose it is.
    pub account_id: AccountId,
    /// The run that made it.
    pub run: Option<i64>,
    /// Printed purchase order number.
    pub po_number: String,
    /// Printed note.
    pub note: String,
    /// Notes that are not printed, newest first.
    pub notes: Vec<Note>,
    /// By which it is called beside its number.
    pub references: References,
    /// What took its place, and what is agreed or contested of it, in words: promise, instalments, dispute,
    /// agency.
    pub agreed: Vec<String>,
    /// Net.
    pub subtotal: Money,
    /// Tax.
    pub tax: Money,
    /// Payment term as written.
    pub payment_term: String,
    /// E-mail addresses when it was made.
    pub emails: String,
    /// Those of a posted document's account today, where they are others.
    pub emails_now: Option<String>,
    /// What the account of a posted document is today.
    pub terms_now: Option<AccountTerms>,
    /// Delivery preference.
    pub delivery: String,
    /// Lines in print order.
    pub items: Vec<ItemRow>,
    /// Tax by code.
    pub taxes: Vec<DocumentTax>,
    /// Why it deserves a look.
    pub flags: Vec<Flag>,
    /// The invoices before it that stand, newest first, at most three.
    pub before: Vec<PastInvoice>,
    /// Its lines beside those of the invoices before it.
    pub compared: Compared,
    /// Who did what to it, newest first.
    pub history: Vec<HistoryRow>,
    /// Where its copies are.
    pub deliveries: Vec<CopyRow>,
    /// The copy that left first.
    pub first_copy: FirstCopy,
    /// The layout that draws copies made now.
    pub layout: u32,
    /// What was paid or applied.
    pub payments: Vec<PaidRow>,
}

/// An earlier invoice of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastInvoice {
    pub id: DocumentId,
    pub number: String,
    /// Its date.
    pub invoice_on: NaiveDate,
    /// With tax.
    pub total: Money,
}

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// UTC milliseconds.
    pub at: i64,
    /// Who.
    pub user: String,
    /// What.
    pub verb: String,
    /// In words.
    pub summary: String,
}

/// One copy of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRow {
    /// By which way.
    pub channel: String,
    /// To where.
    pub address: String,
    pub status: String,
    /// What the other side said last.
    pub last_reply: String,
}

/// Money on the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidRow {
    /// Payment or credit, as a clerk writes it.
    pub what: String,
    pub amount: Money,
    /// Where it stands, in words.
    pub status: String,
    /// When, if it is done.
    pub on: String,
}

/// Reads a document; none if there is no such.
pub fn detail(
    db: &Db<'_>,
    id: DocumentId,
    today: NaiveDate,
) -> Result<Option<InvoiceDetail>, ReadError> {
    let Some(row) = row(db, id)? else { return Ok(None) };
    let d = document::get(db, id)?;
    let layout = d.layout()?.number();
    let terms = account::version_terms(db, d.account_version)?;
    let mut flags = document::flags(db, id)?;
    // That it is stale has its own line.
    flags.retain(|f| f.code != FlagCode::Stale);
    flags.sort_by_key(|f| f.code.as_str());
    let terms_now = match d.number {
        Some(_) => terms_now(db, d.account, today)?,
        None => None,
    };
    let said = agreed::of(db, id, d.account, d.currency)?;
    let agreed = agreed::linked(db, &d)?.into_iter().chain(said).collect();
    let items = document::items(db, id)?;
    let before = before(db, d.account, id, d.currency)?;
    let compared = compared(db, &items, &before)?;
    Ok(Some(InvoiceDetail {
        row,
        account_id: d.account,
        run: d.run.map(|run| run.0),
        po_number: d.po_number,
        note: d.note,
        notes: note::of(db, On::Document(id), NOTES)?,
        references: note::references(db, On::Document(id))?,
        agreed,
        subtotal: d.currency.amount(d.subtotal_minor),
        tax: d.currency.amount(d.tax_minor),
        payment_term: terms.payment_term,
        emails_now: terms_now
            .as_ref()
            .filter(|now| now.emails != terms.emails)
            .map(|now| now.emails.join(";")),
        terms_now,
        emails: terms.emails.join(";"),
        delivery: terms.delivery.to_string(),
        items,
        taxes: document::taxes(db, id)?,
        flags,
        before,
        compared,
        history: history(db, &id.to_string())?,
        deliveries: copies(db, id)?,
        first_copy: first_copy::get(db, id)?,
        layout,
        payments: payments(db, id, d.currency)?,
    }))
}

/// What an account is today.
fn terms_now(
    db: &Db<'_>,
    account: AccountId,
    today: NaiveDate,
) -> Result<Option<AccountTerms>, ReadError> {
    let versions = account::versions(db, account)?;
    Ok(version_on(&versions, today).map(|v| v.terms.clone()))
}

/// One row of the list, by id.
pub fn row(db: &Db<'_>, id: DocumentId) -> Result<Option<InvoiceRow>, ReadError> {
    let key = super::Key { value: KeyValue::Int(id.0), id: id.0 };
    let args = ListArgs {
        filter: Filter::default(),
        sort: Sort::Newest.into(),
        seek: Seek::From(key),
        limit: 1,
    };
    let page = invoices::page(db, &args)?;
    Ok(page.rows.into_iter().find(|r| r.id == id))
}

fn before(
    db: &Db<'_>,
    account: AccountId,
    id: DocumentId,
    currency: Currency,
) -> Result<Vec<PastInvoice>, StoreError> {
    db.all(
        "SELECT d.id, d.number, d.invoice_on, d.total_minor FROM document d \
         JOIN document_state s ON s.document_id = d.id WHERE d.account_id = ?1 AND d.id < ?2 \
         AND +d.status = 'Posted' AND d.kind = 'invoice' AND d.currency = ?3 \
         AND s.reversed_by IS NULL ORDER BY d.id DESC LIMIT 3",
        (account.0, id.0, currency.code()),
        |r| {
            Ok(PastInvoice {
                id: DocumentId(r.get(0)?),
                number: r.get(1)?,
                invoice_on: word(r, 2, |t| t.parse().ok())?,
                total: currency.amount(r.get(3)?),
            })
        },
    )
}

fn compared(
    db: &Db<'_>,
    items: &[ItemRow],
    before: &[PastInvoice],
) -> Result<Compared, StoreError> {
    let lines = |items: &[ItemRow]| items.iter().map(ItemRow::compared).collect::<Vec<_>>();
    let past = before
        .iter()
        .map(|past| Ok(lines(&document::items(db, past.id)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(compare(&lines(items), &past))
}

/// The newest lines of the audit trail about a subject.
pub fn history(db: &Db<'_>, subject: &str) -> Result<Vec<HistoryRow>, ReadError> {
    Ok(db.all(
        &format!(
            "SELECT o.at, o.user_name, o.verb, o.summary FROM operation o \
             WHERE o.subject = ?1 AND {LAST_SLICE} ORDER BY o.seq DESC LIMIT 20"
        ),
        [subject],
        |r| Ok(HistoryRow { at: r.get(0)?, user: r.get(1)?, verb: r.get(2)?, summary: r.get(3)? }),
    )?)
}

fn copies(db: &Db<'_>, id: DocumentId) -> Result<Vec<CopyRow>, StoreError> {
    db.all(
        "SELECT channel, address, status, last_reply FROM delivery WHERE document_id = ?1 \
         ORDER BY id DESC LIMIT 20",
        [id.0],
        |r| {
            Ok(CopyRow {
                channel: r.get(0)?,
                address: r.get(1)?,
                status: r.get(2)?,
                last_reply: r.get(3)?,
            })
        },
    )
}

fn payments(db: &Db<'_>, id: DocumentId, of: Currency) -> Result<Vec<PaidRow>, StoreError> {
    db.all(
        "SELECT 'P-' || printf('%06d', p.id), l.amount_minor, p.status || \
           CASE WHEN p.decline_code <> '' THEN ' (' || p.decline_code || ')' ELSE '' END || \
           CASE l.unapplied_minor WHEN 0 THEN '' WHEN l.amount_minor THEN ', taken off ' \
             ELSE ', taken off in part ' END || coalesce(l.unapplied_on, ''), \
           coalesce(p.received_on, '') \
         FROM allocation l JOIN payment p ON p.id = l.payment_id WHERE l.document_id = ?1 \
         UNION ALL \
         SELECT coalesce(c.number, ''), ca.amount_minor, \
           CASE WHEN ca.undone_at IS NULL THEN 'applied' ELSE 'taken back' END, ca.applied_on \
         FROM credit_application ca JOIN document c ON c.id = ca.credit_id \
         WHERE ca.document_id = ?1 \
         UNION ALL \
         SELECT d.number, abs(x.from_minor), 'carried over, ' || d.currency, x.carried_on \
         FROM carried x JOIN document d ON d.id = x.to_document_id WHERE x.document_id = ?1",
        [id.0],
        |r| {
            Ok(PaidRow {
                what: r.get(0)?,
                amount: of.amount(r.get(1)?),
                status: r.get(2)?,
                on: r.get(3)?,
            })
        },
    )
}
