//! One document whole, as the screens and `invoice show` need it: lines, tax, flags in words, the
//! last three before it, its history, deliveries and payments.

use super::invoices::{self, InvoiceRow};
use super::{Filter, KeyValue, ListArgs, ReadError, Seek, Sort, currency};
use crate::domain::document::{DocumentTax, Flag, FlagCode, TaxKind};
use crate::domain::ids::{AccountId, DocumentId, ItemId};
use crate::domain::money::Currency;
use crate::store::{Db, decimal, word};
use chrono::NaiveDate;
use rusqlite::OptionalExtension;
use rust_decimal::Decimal;

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
    /// Net, minor units.
    pub subtotal_minor: i64,
    /// Tax, minor units.
    pub tax_minor: i64,
    /// Payment term as written.
    pub payment_term: String,
    /// E-mail addresses.
    pub emails: String,
    /// Delivery preference.
    pub delivery: String,
    /// Lines in print order.
    pub items: Vec<ItemRow>,
    /// Tax by code.
    pub taxes: Vec<DocumentTax>,
    /// Why it deserves a look.
    pub flags: Vec<Flag>,
    /// The invoices before it, newest first, at most three.
    pub before: Vec<PastInvoice>,
    /// Mean total of the last six before it, minor units; none without any.
    pub mean_minor: Option<i64>,
    /// Who did what to it, newest first.
    pub history: Vec<HistoryRow>,
    /// Where its copies are.
    pub deliveries: Vec<CopyRow>,
    /// What was paid or applied.
    pub payments: Vec<PaidRow>,
}

/// A line as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Identity.
    pub id: ItemId,
    /// From 1.
    pub position: u32,
    /// Charge number; empty for lines by hand.
    pub charge: String,
    /// What is printed.
    pub description: String,
    /// First and last day of service.
    pub service: Option<(NaiveDate, NaiveDate)>,
    /// How many.
    pub quantity: Decimal,
    /// Price of one.
    pub unit_price: Decimal,
    /// Net, minor units.
    pub amount_minor: i64,
    /// Tax code.
    pub tax_code: String,
    /// `run`, `edited`, `hand`.
    pub origin: String,
    /// How the amount came about, JSON of [`crate::domain::explain::Derivation`].
    pub derivation: String,
}

/// An earlier invoice of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastInvoice {
    /// Its number.
    pub number: String,
    /// Its date.
    pub invoice_on: NaiveDate,
    /// With tax, minor units.
    pub total_minor: i64,
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
    /// Where it stands.
    pub status: String,
    /// What the other side said last.
    pub last_reply: String,
}

/// Money on the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidRow {
    /// Payment or credit, as a clerk writes it.
    pub what: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Where it stands, in words.
    pub status: String,
    /// When, if it is done.
    pub on: String,
}

/// Reads a document; none if there is no such.
pub fn detail(db: &Db<'_>, id: DocumentId) -> Result<Option<InvoiceDetail>, ReadError> {
    let Some(row) = row(db, id)? else { return Ok(None) };
    let head = db
        .conn()
        .prepare_cached(
            "SELECT d.account_id, d.run_id, d.po_number, d.note, d.subtotal_minor, d.tax_minor, \
             v.payment_term, v.emails, v.delivery FROM document d \
             JOIN account_version v ON v.id = d.account_version_id WHERE d.id = ?1",
        )?
        .query_row([id.0], |r| {
            Ok(InvoiceDetail {
                row: row.clone(),
                account_id: AccountId(r.get(0)?),
                run: r.get(1)?,
                po_number: r.get(2)?,
                note: r.get(3)?,
                subtotal_minor: r.get(4)?,
                tax_minor: r.get(5)?,
                payment_term: r.get(6)?,
                emails: r.get(7)?,
                delivery: r.get(8)?,
                items: Vec::new(),
                taxes: Vec::new(),
                flags: Vec::new(),
                before: Vec::new(),
                mean_minor: None,
                history: Vec::new(),
                deliveries: Vec::new(),
                payments: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut detail) = head else { return Ok(None) };
    detail.items = items(db, id)?;
    detail.taxes = taxes(db, id)?;
    detail.flags = flags(db, id)?;
    (detail.before, detail.mean_minor) = before(db, detail.account_id, id, row.currency)?;
    detail.history = history(db, &id.to_string())?;
    detail.deliveries = copies(db, id)?;
    detail.payments = payments(db, id)?;
    Ok(Some(detail))
}

/// One row of the list, by id.
pub fn row(db: &Db<'_>, id: DocumentId) -> Result<Option<InvoiceRow>, ReadError> {
    let key = super::Key { value: KeyValue::Int(id.0), id: id.0 };
    let args =
        ListArgs { filter: Filter::default(), sort: Sort::Newest, seek: Seek::From(key), limit: 1 };
    let page = invoices::page(db, &args)?;
    Ok(page.rows.into_iter().find(|r| r.id == id))
}

fn items(db: &Db<'_>, id: DocumentId) -> Result<Vec<ItemRow>, ReadError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT i.id, i.position, c.number, i.description, i.service_from_on, i.service_to_on, \
         i.quantity, i.unit_price, i.amount_minor, i.tax_code, i.origin, i.derivation \
         FROM document_item i LEFT JOIN charge c ON c.id = i.charge_id \
         WHERE i.document_id = ?1 ORDER BY i.position",
    )?;
    let rows = statement.query_map([id.0], |r| {
        let day = |c| -> rusqlite::Result<Option<NaiveDate>> {
            Ok(r.get::<_, Option<String>>(c)?.and_then(|t| t.parse().ok()))
        };
        Ok(ItemRow {
            id: ItemId(r.get(0)?),
            position: r.get(1)?,
            charge: r.get::<_, Option<String>>(2)?.unwrap_or_default(),
            description: r.get(3)?,
            service: day(4)?.zip(day(5)?),
            quantity: decimal(r, 6)?,
            unit_price: decimal(r, 7)?,
            amount_minor: r.get(8)?,
            tax_code: r.get(9)?,
            origin: r.get(10)?,
            derivation: r.get(11)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn taxes(db: &Db<'_>, id: DocumentId) -> Result<Vec<DocumentTax>, ReadError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT tax_code, rate_percent, name, kind, inclusive, reason, base_minor, tax_minor \
         FROM document_tax WHERE document_id = ?1 ORDER BY tax_code, rate_percent",
    )?;
    let rows = statement.query_map([id.0], |r| {
        Ok(DocumentTax {
            tax_code: r.get(0)?,
            rate_percent: decimal(r, 1)?,
            name: r.get(2)?,
            kind: word(r, 3, TaxKind::parse)?,
            inclusive: r.get(4)?,
            reason: r.get(5)?,
            base_minor: r.get(6)?,
            tax_minor: r.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn flags(db: &Db<'_>, id: DocumentId) -> Result<Vec<Flag>, ReadError> {
    let mut statement = db
        .conn()
        .prepare_cached("SELECT code, reason FROM flag WHERE document_id = ?1 ORDER BY code")?;
    let rows = statement.query_map([id.0], |r| {
        Ok(Flag { code: word(r, 0, FlagCode::parse)?, reason: r.get(1)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn before(
    db: &Db<'_>,
    account: AccountId,
    id: DocumentId,
    money: Currency,
) -> Result<(Vec<PastInvoice>, Option<i64>), ReadError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT number, invoice_on, total_minor FROM document WHERE account_id = ?1 AND id < ?2 \
         AND status = 'Posted' AND kind = 'invoice' AND currency = ?3 ORDER BY id DESC LIMIT 6",
    )?;
    let rows = statement.query_map((account.0, id.0, money.code()), |r| {
        Ok(PastInvoice {
            number: r.get(0)?,
            invoice_on: word(r, 1, |t| t.parse().ok())?,
            total_minor: r.get(2)?,
        })
    })?;
    let mut past: Vec<PastInvoice> = rows.collect::<Result<_, _>>()?;
    let sum: i64 = past.iter().map(|p| p.total_minor).sum();
    let mean = i64::try_from(past.len()).ok().filter(|n| *n > 0).map(|n| sum / n);
    past.truncate(3);
    Ok((past, mean))
}

/// The newest lines of the audit trail about a subject.
pub fn history(db: &Db<'_>, subject: &str) -> Result<Vec<HistoryRow>, ReadError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT at, user_name, verb, summary FROM operation WHERE subject = ?1 \
         ORDER BY seq DESC LIMIT 20",
    )?;
    let rows = statement.query_map([subject], |r| {
        Ok(HistoryRow { at: r.get(0)?, user: r.get(1)?, verb: r.get(2)?, summary: r.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn copies(db: &Db<'_>, id: DocumentId) -> Result<Vec<CopyRow>, ReadError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT channel, address, status, last_reply FROM delivery WHERE document_id = ?1 \
         ORDER BY id DESC LIMIT 20",
    )?;
    let rows = statement.query_map([id.0], |r| {
        Ok(CopyRow {
            channel: r.get(0)?,
            address: r.get(1)?,
            status: r.get(2)?,
            last_reply: r.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn payments(db: &Db<'_>, id: DocumentId) -> Result<Vec<PaidRow>, ReadError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT 'P-' || printf('%06d', p.id), l.amount_minor, p.status || \
           CASE WHEN p.decline_code <> '' THEN ' (' || p.decline_code || ')' ELSE '' END, \
           coalesce(p.received_on, '') \
         FROM allocation l JOIN payment p ON p.id = l.payment_id WHERE l.document_id = ?1 \
         UNION ALL \
         SELECT coalesce(c.number, ''), ca.amount_minor, \
           CASE WHEN ca.undone_at IS NULL THEN 'applied' ELSE 'taken back' END, ca.applied_on \
         FROM credit_application ca JOIN document c ON c.id = ca.credit_id \
         WHERE ca.document_id = ?1",
    )?;
    let rows = statement.query_map([id.0], |r| {
        Ok(PaidRow { what: r.get(0)?, amount_minor: r.get(1)?, status: r.get(2)?, on: r.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What posting would do, read at one moment: the figures of the confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostPreview {
    /// Drafts that would be posted.
    pub count: i64,
    /// Their total and tax by currency.
    pub money: Vec<(Option<Currency>, i64, i64)>,
    /// First and last number by series, as far as it can be foretold.
    pub numbers: Vec<String>,
    /// What stays behind and why.
    pub left_out: Vec<(String, i64)>,
    /// Flagged drafts nobody accepted, by currency.
    pub unseen: Vec<(Option<Currency>, i64, i64)>,
    /// The largest drafts: account, customer, currency, total.
    pub largest: Vec<(String, String, Option<Currency>, i64)>,
    /// Rows that changed since they were marked.
    pub changed: i64,
}

/// Reads the figures for posting a run.
pub fn post_run_preview(db: &Db<'_>, run: i64) -> Result<PostPreview, ReadError> {
    preview(db, "d.run_id = ?1 AND d.status = 'Draft'", &[run])
}

/// Reads the figures for posting marked drafts; each is (id, version as marked).
pub fn post_marked_preview(db: &Db<'_>, picks: &[(i64, i64)]) -> Result<PostPreview, ReadError> {
    let list: Vec<String> = picks.iter().map(|(id, _)| id.to_string()).collect();
    let mut out = preview(db, &format!("d.id IN ({})", list.join(",")), &[])?;
    let mut statement = db.conn().prepare_cached("SELECT version FROM document WHERE id = ?1")?;
    for (id, version) in picks {
        let now: Option<i64> = statement.query_row([id], |r| r.get(0)).optional()?;
        out.changed += i64::from(now != Some(*version));
    }
    Ok(out)
}

/// Currency, total, tax, count.
type Sums = (Option<Currency>, i64, i64, i64);

/// What `engine::post::blocked` would let through, as SQL, so that the figures of a run of any size
/// are there at once. A test holds the two together.
fn postable(db: &Db<'_>) -> Result<(String, String), ReadError> {
    let config = crate::store::settings::load(db)?;
    let unseen = match config.get("post.require_review") {
        "all" => "s.review = 'none'",
        "flagged" => {
            "(s.review = 'none' AND EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id))"
        }
        _ => "0",
    };
    let no_tax_id = "EXISTS (SELECT 1 FROM document_tax x JOIN account_version w \
        ON w.id = d.account_version_id WHERE x.document_id = d.id \
        AND x.kind = 'reverse_charge' AND trim(w.tax_id) = '')";
    let reason = format!(
        "CASE WHEN d.status <> 'Draft' THEN 'no longer drafts' WHEN s.review = 'held' THEN 'held' \
         WHEN s.stale <> '' THEN 'stale: regenerate them, or accept them with a reason' \
         WHEN {unseen} THEN 'not accepted yet (post.require_review)' \
         WHEN {no_tax_id} THEN 'reverse charge without a tax id of the customer' ELSE '' END"
    );
    Ok((format!("({reason}) = ''"), reason))
}

fn preview(db: &Db<'_>, which: &str, values: &[i64]) -> Result<PostPreview, ReadError> {
    let from = "document d JOIN document_state s ON s.document_id = d.id";
    let (postable, reason) = postable(db)?;
    let sums = |extra: &str| -> Result<Vec<Sums>, ReadError> {
        let sql = format!(
            "SELECT d.currency, sum(d.total_minor), sum(d.tax_minor), count(*) FROM {from} \
             WHERE {which} AND {postable} {extra} GROUP BY 1"
        );
        let mut statement = db.conn().prepare(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), |r| {
            Ok((Some(currency(r, 0)?), r.get(1)?, r.get(2)?, r.get(3)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let all = sums("")?;
    let mut out = PostPreview {
        count: all.iter().map(|(_, _, _, n)| n).sum(),
        money: all.iter().map(|(c, total, tax, _)| (*c, *total, *tax)).collect(),
        ..PostPreview::default()
    };
    let unseen = "AND s.review = 'none' AND s.risk > 0";
    out.unseen = sums(unseen)?.into_iter().map(|(c, total, _, n)| (c, total, n)).collect();
    let sql = format!(
        "SELECT {reason}, count(*) FROM {from} WHERE {which} AND NOT ({postable}) GROUP BY 1"
    );
    let mut statement = db.conn().prepare(&sql)?;
    let rows =
        statement.query_map(rusqlite::params_from_iter(values), |r| Ok((r.get(0)?, r.get(1)?)))?;
    out.left_out = rows.collect::<Result<_, _>>()?;
    // The largest of each currency: amounts of different currencies are not compared.
    let sql = format!(
        "SELECT a.number, v.name, d.currency, max(d.total_minor) FROM {from} \
         JOIN account a ON a.id = d.account_id JOIN account_version v ON v.id = d.account_version_id \
         WHERE {which} AND {postable} GROUP BY d.currency ORDER BY count(*) DESC LIMIT 3"
    );
    let mut statement = db.conn().prepare(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), |r| {
        Ok((r.get(0)?, r.get(1)?, Some(currency(r, 2)?), r.get(3)?))
    })?;
    out.largest = rows.collect::<Result<_, _>>()?;
    out.numbers = numbers(db, which, values, &postable)?;
    Ok(out)
}

/// The range each series would give: kind, year, next number and how many.
fn numbers(
    db: &Db<'_>,
    which: &str,
    values: &[i64],
    postable: &str,
) -> Result<Vec<String>, ReadError> {
    let sql = format!(
        "SELECT d.kind, substr(d.invoice_on, 1, 4), count(*), \
         coalesce((SELECT r.last FROM series r WHERE r.kind = d.kind \
           AND r.year = CAST(substr(d.invoice_on, 1, 4) AS INTEGER)), 0) \
         FROM document d JOIN document_state s ON s.document_id = d.id \
         WHERE {which} AND {postable} GROUP BY 1, 2"
    );
    let config = crate::store::settings::load(db)?;
    let mut statement = db.conn().prepare(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), |r| {
        Ok((
            r.get::<_, String>(0)?,
            r.get::<_, String>(1)?,
            r.get::<_, i64>(2)?,
            r.get::<_, i64>(3)?,
        ))
    })?;
    let mut out = Vec::new();
    for row in rows {
        let (kind, year, count, last) = row?;
        let pattern = config.get(&format!("series.{kind}")).to_owned();
        let number = |n: i64| render(&pattern, &year, n);
        out.push(format!("{} to {}", number(last + 1), number(last + count)));
    }
    Ok(out)
}

fn render(pattern: &str, year: &str, n: i64) -> String {
    let text = pattern.replace("{year}", year);
    let Some((before, rest)) = text.split_once("{seq:") else { return n.to_string() };
    let Some((width, after)) = rest.split_once('}') else { return n.to_string() };
    let width: usize = width.parse().unwrap_or(6);
    format!("{before}{n:0width$}{after}")
}
