//! Posted documents that have no delivery yet, and what decides where a document goes.

use super::face::{Row, named_params};
use super::frozen_form::{self, form};
use super::json::Json;
use super::shared_text::said;
use super::{Db, StoreError, account, many, tally, word};
use crate::domain::account::{DeliveryPreference, Ways};
use crate::domain::frozen::Frozen;
use crate::domain::ids::{AccountId, BillRunId, DocumentId};
use crate::domain::text_enum;
use chrono::NaiveDate;
use std::collections::HashSet;

/// A posted document with what decides where it goes.
#[derive(Debug, Clone)]
pub struct Undelivered {
    pub document: DocumentId,
    /// Its number.
    pub number: String,
    pub account: AccountId,
    /// Total, minor units.
    pub total_minor: i64,
    /// What was frozen at posting.
    pub frozen: Option<Json<Frozen>>,
    /// What its run said about zero totals.
    pub skip_zero_email: bool,
    /// The memo that reversed it, by number; empty = not reversed.
    pub reversed_by: String,
    pub kept: Kept,
    /// The ways that the account wants today.
    pub ways: Ways,
    /// Where electronic invoices to it go today; empty = nowhere.
    pub electronic: String,
    /// Its e-mail addresses today.
    pub emails: Vec<String>,
}

text_enum! {
    /// Why a document goes nowhere by itself.
    Kept {
        /// It does.
        Goes = "goes",
        /// It was canceled internally, or cancels so.
        Internal = "internal",
        /// A reminder says it.
        Claimed = "claimed",
    }
}

/// What is delivered at all: posted invoices and memos, not write-offs, not another system's.
const DELIVERABLE: &str =
    "d.status = 'Posted' AND d.kind <> 'write_off' AND d.source <> 'open_item'";

/// Of a document `d` what decides where it goes, with the account's version in force on `:today`.
fn selected() -> String {
    format!(
        "SELECT d.id, d.account_id, d.total_minor, d.frozen, coalesce(r.skip_zero_email, 0),
                coalesce((SELECT m.number FROM document m WHERE m.id = s.reversed_by), ''), v.delivery, v.emails, {},
                coalesce(d.number, ''), v.legal, CASE WHEN d.source = 'dunning' THEN 'claimed'
                  WHEN d.source = 'void' OR EXISTS (SELECT 1 FROM document m
                    WHERE m.id = s.reversed_by AND m.source = 'void') THEN 'internal' ELSE 'goes' END
         FROM document d JOIN document_state s ON s.document_id = d.id
         JOIN account_version v ON v.id = {}
         LEFT JOIN bill_run r ON r.id = d.run_id",
        form!(),
        account::in_force("d.account_id", ":today")
    )
}

fn undelivered(r: &Row<'_>) -> Result<Undelivered, StoreError> {
    let id: i64 = r.get(0)?;
    Ok(Undelivered {
        document: DocumentId(id),
        number: r.get(9)?,
        account: AccountId(r.get(1)?),
        total_minor: r.get(2)?,
        frozen: frozen_form::column(r, (3, 8), id)?,
        skip_zero_email: r.get(4)?,
        reversed_by: r.get(5)?,
        kept: word(r, 11, Kept::parse)?,
        ways: word(r, 6, DeliveryPreference::parse)?.ways(),
        electronic: account::legal(r.text(10)?)?.electronic_address,
        emails: addresses(r.text(7)?),
    })
}

/// Posted documents without a delivery, by id, after `after`.
pub fn list(
    db: &Db<'_>,
    run: Option<BillRunId>,
    after: DocumentId,
    today: NaiveDate,
    limit: u32,
) -> Result<Vec<Undelivered>, StoreError> {
    let scope = if run.is_some() { "d.run_id = :run" } else { ":run IS NULL" };
    db.all(
        &format!(
            "{} WHERE {DELIVERABLE} AND {scope} AND d.id > :after
           AND NOT EXISTS (SELECT 1 FROM delivery l WHERE l.document_id = d.id)
         ORDER BY d.id LIMIT :limit",
            selected()
        ),
        named_params! {
            ":run": run.map(|r| r.0), ":after": after.0, ":today": today, ":limit": limit,
        },
        undelivered,
    )
}

/// Hands over every text that is printed on these documents beside what was frozen, with its document;
/// how a line came about as it is kept.
pub fn texts(
    db: &Db<'_>,
    documents: impl Iterator<Item = DocumentId>,
    mut take: impl FnMut(DocumentId, &str),
) -> Result<(), StoreError> {
    let keys = many::keys(documents.map(|id| id.0));
    for sql in [
        "SELECT d.id, d.number, d.po_number, d.note, a.number FROM document d
         JOIN account a ON a.id = d.account_id WHERE d.id IN (SELECT value FROM json_each(?1))",
        concat!(
            "SELECT i.document_id, i.description, ",
            said!("i", "derivation"),
            " FROM document_item i WHERE i.document_id IN (SELECT value FROM json_each(?1))"
        ),
        "SELECT document_id, tax_code, name, reason FROM document_tax
         WHERE document_id IN (SELECT value FROM json_each(?1))",
    ] {
        db.each(sql, [&keys], |r| {
            let id = DocumentId(r.get(0)?);
            for column in 1..r.width() {
                take(id, r.text(column)?);
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Which of these documents have copies.
pub fn with_copies(
    db: &Db<'_>,
    documents: impl Iterator<Item = DocumentId>,
) -> Result<HashSet<DocumentId>, StoreError> {
    db.gather(
        "SELECT document_id FROM delivery WHERE document_id IN (SELECT value FROM json_each(?1))",
        [many::keys(documents.map(|id| id.0))],
        |r| Ok(DocumentId(r.get(0)?)),
    )
}

/// What decides today where one posted document goes, whether or not it has deliveries.
pub fn of(db: &Db<'_>, id: DocumentId, today: NaiveDate) -> Result<Undelivered, StoreError> {
    db.opt(
        &format!("{} WHERE d.id = :id", selected()),
        named_params! { ":id": id.0, ":today": today },
        undelivered,
    )?
    .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

fn addresses(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|a| !a.is_empty()).map(str::to_owned).collect()
}

/// The e-mail addresses an account has today.
pub fn emails_today(
    db: &Db<'_>,
    of: AccountId,
    today: NaiveDate,
) -> Result<Vec<String>, StoreError> {
    let text: Option<String> = db.opt(
        &format!("SELECT emails FROM account_version WHERE id = {}", account::in_force("?1", "?2")),
        (of.0, today),
        |r| r.get(0),
    )?;
    Ok(text.map(|t| addresses(&t)).unwrap_or_default())
}

/// Where electronic invoices to an account go today; empty = nowhere.
pub fn electronic_today(
    db: &Db<'_>,
    of: AccountId,
    today: NaiveDate,
) -> Result<String, StoreError> {
    let sql =
        format!("SELECT legal FROM account_version WHERE id = {}", account::in_force("?1", "?2"));
    let text: Option<String> = db.opt(&sql, (of.0, today), |r| r.get(0))?;
    Ok(account::legal(&text.unwrap_or_default())?.electronic_address)
}

/// Posted documents nobody has made deliveries for yet.
pub fn count(db: &Db<'_>, run: Option<BillRunId>) -> Result<i64, StoreError> {
    let Some(run) = run else { return Ok(tally::undelivered(db)?.count) };
    db.one(
        &format!(
            "SELECT count(*) FROM document d WHERE {DELIVERABLE} AND d.run_id = ?1
             AND NOT EXISTS (SELECT 1 FROM delivery l WHERE l.document_id = d.id)"
        ),
        [run.0],
        |r| r.get(0),
    )
}
