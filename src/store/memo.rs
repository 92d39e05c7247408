//! What is left of a posted document for memos, and the marks that memos leave on it.

use super::credit;
use super::ledger::{self, Line};
use super::shared_text::said;
use super::{Db, StoreError, Topic, Tx, conversion, debt, decimal, decimal_opt, document};
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::ids::{DocumentId, ItemId};
use crate::domain::memo::InvoiceLine;
use crate::domain::memo_tax::Position;
use crate::domain::money::Rounding;
use chrono::NaiveDate;
use std::collections::HashMap;

/// Corrections of a line that stand: credits of documents that are neither canceled nor reversed,
/// but for one that is being made anew (`?2`).
const CREDITED: &str = "coalesce((SELECT sum(coalesce(x.corrects_minor, x.amount_minor)) FROM document_item x
    JOIN document dx ON dx.id = x.document_id JOIN document_state sx ON sx.document_id = dx.id
    WHERE x.corrects_item_id = i.id AND dx.status <> 'Canceled' AND sx.reversed_by IS NULL AND dx.id <> ?2), 0)";

/// The lines of a document with what is left of each, whatever the draft `except` takes.
pub fn lines(
    db: &Db<'_>,
    document: DocumentId,
    except: Option<DocumentId>,
) -> Result<Vec<InvoiceLine>, StoreError> {
    db.all(
        &format!(
            "SELECT i.id, i.amount_minor, i.amount_minor + {CREDITED}, i.tax_code,
             nullif({}, '') ->> '$.x.r',
                    (SELECT b.id FROM document_item b WHERE b.document_id = i.document_id
                      AND b.charge_id = i.target_charge_id
                       AND b.target_charge_id IS NULL AND b.service_from_on <= i.service_from_on
                       AND b.service_to_on >= i.service_to_on LIMIT 1)
             FROM document_item i WHERE i.document_id = ?1 ORDER BY i.position, i.id",
            said!("i", "derivation")
        ),
        (document.0, except.map_or(0, |d| d.0)),
        |r| {
            Ok(InvoiceLine {
                item: ItemId(r.get(0)?),
                net_minor: r.get(1)?,
                left_minor: r.get(2)?,
                discounts: r.get::<Option<i64>>(5)?.map(ItemId),
                tax_code: r.get(3)?,
                rate_percent: decimal_opt(r, 4)?,
            })
        },
    )
}

/// The tax rows of a document with how far they are credited, whatever the draft `except` takes.
pub fn positions(
    db: &Db<'_>,
    row: &document::DocumentRow,
    lines: &[InvoiceLine],
    except: Option<DocumentId>,
    rounding: Rounding,
) -> Result<Vec<Position>, StoreError> {
    let mut found = Vec::new();
    for tax in document::taxes(db, row.id)? {
        let mine = || {
            lines.iter().filter(|l| {
                l.tax_code == tax.tax_code && l.rate_percent.is_none_or(|r| r == tax.rate_percent)
            })
        };
        let base_minor = mine().map(|l| l.net_minor).sum();
        let mut position = Position { tax, base_minor, left_minor: base_minor, credited_minor: 0 };
        // Replayed in the order they were made: a memo took what it says; of a document that bills
        // something beside its credits, these took what they would have taken alone.
        for credit in credits_of(db, row.id, &position.tax, except)? {
            position.credited_minor += match credit.tax_minor {
                Some(tax) => -tax,
                None => position
                    .for_net(-credit.net_minor, rounding, row.currency)
                    .map_err(|e| StoreError::Corrupt(e.to_string()))?,
            };
            position.left_minor += credit.net_minor;
        }
        found.push(position);
    }
    Ok(found)
}

/// What one document credits of a tax row of another.
struct Credit {
    /// Net, minor units; zero or below.
    net_minor: i64,
    /// Its tax, minor units, where that row of it corrects nothing else.
    tax_minor: Option<i64>,
}

fn credits_of(
    db: &Db<'_>,
    document: DocumentId,
    tax: &DocumentTax,
    except: Option<DocumentId>,
) -> Result<Vec<Credit>, StoreError> {
    let sql = "SELECT d.id FROM document d JOIN document_state s ON s.document_id = d.id
         WHERE d.status <> 'Canceled' AND s.reversed_by IS NULL AND d.id <> ?2 AND (
             (d.corrects_id = ?1 AND d.kind = 'credit_memo') OR d.id IN (
                 SELECT x.document_id FROM document_item x
                 JOIN document_item i ON i.id = x.corrects_item_id WHERE i.document_id = ?1))
         ORDER BY d.id";
    let ids: Vec<i64> = db.all(sql, (document.0, except.map_or(0, |d| d.0)), |r| r.get(0))?;
    let mut found = Vec::new();
    for id in ids {
        found.push(credit_of(db, id, document, tax)?);
    }
    Ok(found)
}

fn credit_of(
    db: &Db<'_>,
    by: i64,
    document: DocumentId,
    tax: &DocumentTax,
) -> Result<Credit, StoreError> {
    let mut credit = Credit { net_minor: 0, tax_minor: Some(0) };
    db.each(
        concat!(
            "SELECT coalesce(x.corrects_minor, x.amount_minor), i.document_id, nullif(",
            said!("x", "derivation"),
            ", '') ->> '$.x.r' FROM document_item x
             LEFT JOIN document_item i ON i.id = x.corrects_item_id
             WHERE x.document_id = ?1 AND x.tax_code = ?2"
        ),
        (by, &tax.tax_code),
        |r| {
            if decimal_opt(r, 2)?.is_some_and(|rate| rate != tax.rate_percent) {
                return Ok(());
            }
            if r.get::<Option<i64>>(1)? == Some(document.0) {
                credit.net_minor += r.get::<i64>(0)?;
            } else {
                credit.tax_minor = None;
            }
            Ok(())
        },
    )?;
    let Some(sum) = &mut credit.tax_minor else { return Ok(credit) };
    db.each(
        "SELECT rate_percent, tax_minor FROM document_tax WHERE document_id = ?1 AND tax_code = ?2",
        (by, &tax.tax_code),
        |r| {
            if decimal(r, 0)? == tax.rate_percent {
                *sum += conversion::in_currency_of(db, document, DocumentId(by), r.get(1)?)?;
            }
            Ok(())
        },
    )?;
    Ok(credit)
}

/// The posted documents that these items belong to.
pub fn documents_of(
    db: &Db<'_>,
    items: impl Iterator<Item = ItemId>,
) -> Result<HashMap<ItemId, DocumentId>, StoreError> {
    let sql = "SELECT document_id FROM document_item WHERE id = ?1";
    items.map(|item| Ok((item, DocumentId(db.one(sql, [item.0], |r| r.get(0))?)))).collect()
}

/// What keeps a posted invoice from being reversed, in words: money or credits on it, and newer
/// documents of its subscriptions.
pub fn blockers(db: &Db<'_>, document: DocumentId) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for sql in [
        "SELECT 'payment ' || printf('P-%06d', p.id) || ' is applied to it'
         FROM allocation a JOIN payment p ON p.id = a.payment_id
         WHERE a.document_id = ?1 AND a.state = 'applied' AND a.amount_minor > a.reopened_minor
         ORDER BY p.id",
        "SELECT replace(d.kind, '_', ' ') || ' ' || d.number || ' is applied to it' FROM credit_application x
         JOIN document d ON d.id = x.credit_id WHERE x.document_id = ?1 AND x.undone_at IS NULL AND d.kind <> 'write_off' ORDER BY x.id",
        "SELECT 'it was written off (' || d.number || ')' FROM document_state s JOIN document d ON d.id = s.written_off_by
         WHERE s.document_id = ?1",
        "SELECT CASE d.status WHEN 'Draft' THEN 'draft ' || printf('D-%06d', d.id) ELSE 'invoice ' || d.number END
                || ' bills the same subscription later'
         FROM document d JOIN document_state s ON s.document_id = d.id
         WHERE d.id > ?1 AND d.kind = 'invoice' AND d.status <> 'Canceled' AND s.reversed_by IS NULL
           AND d.account_id = (SELECT account_id FROM document WHERE id = ?1)
           AND EXISTS (SELECT 1 FROM document_item i WHERE i.document_id = d.id AND i.subscription_id IN
               (SELECT subscription_id FROM document_item WHERE document_id = ?1 AND subscription_id IS NOT NULL))
         ORDER BY d.id",
        "SELECT DISTINCT 'draft ' || printf('D-%06d', d.id) || ' gives back days of it' FROM document_item i
         JOIN document_item c ON c.corrects_item_id = i.id JOIN document d ON d.id = c.document_id
         WHERE i.document_id = ?1 AND d.status = 'Draft' AND d.kind = 'credit_memo' ORDER BY d.id",
    ] {
        found.extend(db.all(sql, [document.0], |r| r.get::<String>(0))?);
    }
    Ok(found)
}

/// What posted memos (and what another system settled before) leave of a document's total, minor
/// units. It is less than its lines leave where another invoice has taken a discount of it back, which
/// is asked for there.
pub fn room(db: &Db<'_>, row: &document::DocumentRow) -> Result<i64, StoreError> {
    db.one(
        "SELECT total_minor - settled_before_minor + coalesce((SELECT sum(m.total_minor)
         FROM document m
             WHERE m.corrects_id = d.id AND m.kind = 'credit_memo' AND m.status = 'Posted'), 0)
         FROM document d WHERE d.id = ?1",
        [row.id.0],
        |r| r.get(0),
    )
}

/// What ended a posted document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Reversed by this memo.
    Reversed(DocumentId),
    /// Written off by this document.
    WrittenOff(DocumentId),
    /// The write-off was undone.
    Revived,
}

/// Notes on a posted document what ended it.
pub fn mark(tx: &Tx<'_>, document: DocumentId, mark: Mark) -> Result<(), StoreError> {
    let (sql, by) = match mark {
        Mark::Reversed(by) => {
            ("UPDATE document_state SET reversed_by = ?2 WHERE document_id = ?1", Some(by.0))
        }
        Mark::WrittenOff(by) => {
            ("UPDATE document_state SET written_off_by = ?2 WHERE document_id = ?1", Some(by.0))
        }
        Mark::Revived => {
            ("UPDATE document_state SET written_off_by = ?2 WHERE document_id = ?1", None)
        }
    };
    tx.run(sql, (document.0, by))?;
    tx.touch(Topic::Documents);
    Ok(())
}

/// Sets two documents off that both stand in `credit`, a write-off and its undoing, on a day.
pub fn set_off(
    tx: &Tx<'_>,
    credit: DocumentId,
    against: DocumentId,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO credit_application (credit_id, document_id, amount_minor, applied_on,
         applied_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (credit.0, against.0, amount_minor, on, tx.now().at_ms),
    )?;
    debt::move_balance(tx, credit, amount_minor)?;
    debt::move_balance(tx, against, -amount_minor)?;
    let row = document::get(tx, against)?;
    let line = |document, amount_minor| Line {
        ledger: ledger::CREDIT.to_owned(),
        account: row.account,
        document: Some(document),
        payment: None,
        amount: row.currency.amount(amount_minor),
    };
    ledger::post(tx, on, &[line(credit, amount_minor), line(against, -amount_minor)])
}

/// The tax that a write-off gave back and no recovery has taken again, by code and rate; amounts are
/// zero or below.
pub fn write_off_taxes(db: &Db<'_>, write_off: DocumentId) -> Result<Vec<DocumentTax>, StoreError> {
    let mut left = document::taxes(db, write_off)?;
    for counter in credit::standing(db, write_off)? {
        if counter.credit != write_off
            || document::get(db, counter.document)?.kind != DocumentKind::WriteOff
        {
            continue;
        }
        for taken in document::taxes(db, counter.document)? {
            let mine = left
                .iter_mut()
                .find(|t| t.tax_code == taken.tax_code && t.rate_percent == taken.rate_percent);
            if let Some(tax) = mine {
                tax.base_minor += taken.base_minor;
                tax.tax_minor += taken.tax_minor;
            }
        }
    }
    Ok(left)
}
