//! Money and credits of an account in a month: what came, what did not, what went back, what was used.

use super::few::{Few, Of};
use crate::domain::document::DocumentKind;
use crate::domain::ids::PaymentId;
use crate::domain::money::Money;
use crate::store::face::Row;
use crate::store::{Db, StoreError, money, word};
use chrono::NaiveDate;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Money came.
    Came {
        /// Where it lies still, unapplied.
        left: Money,
    },
    /// It did not come: status and the gateway's code; the next try, as a day of the book.
    Not { status: String, code: String, next_on: Option<NaiveDate> },
    /// It went back: refund, return, chargeback; or it came again.
    Back { kind: String },
    /// A credit memo was paid out.
    PaidOut,
    /// Money that came in an earlier month is used.
    UsedLater { came_on: Option<NaiveDate> },
    /// A credit memo or a write-off is used.
    Credit { of: DocumentKind },
}

/// Where money is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The document's number.
    pub on: String,
    pub amount: Money,
    /// What of it is owed again.
    pub reopened: Money,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyRow {
    pub on: NaiveDate,
    /// `P-000012`, or the number of a credit.
    pub by: String,
    pub what: What,
    /// The method as shown, the reference, or the reason.
    pub how: String,
    pub amount: Money,
    pub uses: Vec<Use>,
}

pub(super) fn read(db: &Db<'_>, of: Of) -> Result<Few<MoneyRow>, StoreError> {
    let mut all = Few::default();
    came(db, of, &mut all)?;
    not(db, of, &mut all)?;
    back(db, of, &mut all)?;
    used(db, of, &mut all)?;
    all.rows.sort_by_key(|row| row.on);
    Ok(all)
}

/// By which way: the method, else the reference, else the gateway.
fn how(r: &Row<'_>, at: usize) -> Result<String, StoreError> {
    for column in at..at + 3 {
        let text: Option<String> = r.get(column)?;
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            return Ok(text);
        }
    }
    Ok(String::new())
}

const WAYS: &str = "(SELECT m.display FROM payment_method m WHERE m.id = p.method_id), \
                    p.reference, p.gateway";

fn came(db: &Db<'_>, of: Of, all: &mut Few<MoneyRow>) -> Result<(), StoreError> {
    let rows = db.all(
        &format!(
            "SELECT p.id, p.received_on, p.currency, p.amount_minor, p.unapplied_minor, {WAYS},
               p.moved_from
             FROM payment p WHERE p.account_id = ?1 AND p.status = 'Approved'
             AND p.received_on BETWEEN ?2 AND ?3 ORDER BY p.id"
        ),
        (of.account.0, of.span.from, of.span.to),
        |r| {
            let id = PaymentId(r.get(0)?);
            let moved: Option<i64> = r.get(8)?;
            let how = match moved {
                Some(from) => format!("moved here from {}", PaymentId(from)),
                None => how(r, 5)?,
            };
            let what = What::Came { left: money(r, 2, 4)? };
            let amount = money(r, 2, 3)?;
            let by = id.to_string();
            Ok((id, MoneyRow { on: r.get(1)?, by, what, how, amount, uses: Vec::new() }))
        },
    )?;
    for (id, mut row) in rows {
        if all.rows.len() < super::few::MOST {
            row.uses = uses(db, id)?;
        }
        all.push(row);
    }
    Ok(())
}

fn uses(db: &Db<'_>, id: PaymentId) -> Result<Vec<Use>, StoreError> {
    db.all(
        "SELECT d.number, d.currency, l.amount_minor, l.reopened_minor
         FROM allocation l JOIN document d ON d.id = l.document_id
         WHERE l.payment_id = ?1 AND l.state = 'applied' LIMIT 20",
        [id.0],
        |r| {
            let number: Option<String> = r.get(0)?;
            let on = number.unwrap_or_default();
            Ok(Use { on, amount: money(r, 1, 2)?, reopened: money(r, 1, 3)? })
        },
    )
}

fn not(db: &Db<'_>, of: Of, all: &mut Few<MoneyRow>) -> Result<(), StoreError> {
    let day = |ms: i64| {
        chrono::DateTime::from_timestamp_millis(ms)
            .map(|at| at.with_timezone(&of.zone).date_naive())
            .unwrap_or_default()
    };
    db.each(
        &format!(
            "SELECT p.id, p.created_at, p.currency, p.amount_minor, p.status, {WAYS},
               p.decline_code, p.next_retry_at
             FROM payment p WHERE p.account_id = ?1 AND p.status <> 'Approved'
             AND p.created_at >= ?2 AND p.created_at < ?3 ORDER BY p.id"
        ),
        (of.account.0, of.moments.0, of.moments.1),
        |r| {
            let next: Option<i64> = r.get(9)?;
            let what = What::Not { status: r.get(4)?, code: r.get(8)?, next_on: next.map(day) };
            all.push(MoneyRow {
                on: day(r.get(1)?),
                by: PaymentId(r.get(0)?).to_string(),
                what,
                how: how(r, 5)?,
                amount: money(r, 2, 3)?,
                uses: Vec::new(),
            });
            Ok(())
        },
    )
}

fn back(db: &Db<'_>, of: Of, all: &mut Few<MoneyRow>) -> Result<(), StoreError> {
    db.each(
        &format!(
            "SELECT p.id, e.event_on, p.currency, e.amount_minor, e.kind, {WAYS}
             FROM payment p JOIN payment_event e ON e.payment_id = p.id
             WHERE p.account_id = ?1 AND e.status = 'Done' AND e.event_on BETWEEN ?2 AND ?3
             AND e.kind IN ('refund','return','chargeback','chargeback_won')"
        ),
        (of.account.0, of.span.from, of.span.to),
        |r| {
            all.push(MoneyRow {
                on: r.get(1)?,
                by: PaymentId(r.get(0)?).to_string(),
                what: What::Back { kind: r.get::<String>(4)?.replace('_', " ") },
                how: how(r, 5)?,
                amount: money(r, 2, 3)?,
                uses: Vec::new(),
            });
            Ok(())
        },
    )?;
    db.each(
        "SELECT d.number, x.refunded_on, d.currency, x.amount_minor, x.reason
         FROM document d JOIN memo_refund x ON x.document_id = d.id
         WHERE d.account_id = ?1 AND x.refunded_on BETWEEN ?2 AND ?3",
        (of.account.0, of.span.from, of.span.to),
        |r| {
            all.push(MoneyRow {
                on: r.get(1)?,
                by: r.get::<Option<String>>(0)?.unwrap_or_default(),
                what: What::PaidOut,
                how: r.get(4)?,
                amount: money(r, 2, 3)?,
                uses: Vec::new(),
            });
            Ok(())
        },
    )
}

fn used(db: &Db<'_>, of: Of, all: &mut Few<MoneyRow>) -> Result<(), StoreError> {
    let on = |r: &Row<'_>, amount: Money| -> Result<Vec<Use>, StoreError> {
        let on = r.get::<Option<String>>(4)?.unwrap_or_default();
        Ok(vec![Use { on, amount, reopened: amount.currency.amount(0) }])
    };
    db.each(
        "SELECT c.number, x.applied_on, c.currency, x.amount_minor, d.number, c.kind
         FROM document c JOIN credit_application x ON x.credit_id = c.id
         JOIN document d ON d.id = x.document_id
         WHERE c.account_id = ?1 AND x.undone_at IS NULL AND x.applied_on BETWEEN ?2 AND ?3",
        (of.account.0, of.span.from, of.span.to),
        |r| {
            let amount = money(r, 2, 3)?;
            all.push(MoneyRow {
                on: r.get(1)?,
                by: r.get::<Option<String>>(0)?.unwrap_or_default(),
                what: What::Credit { of: word(r, 5, DocumentKind::parse)? },
                how: String::new(),
                amount,
                uses: on(r, amount)?,
            });
            Ok(())
        },
    )?;
    db.each(
        "SELECT p.id, l.applied_on, p.currency, l.amount_minor, d.number, p.received_on
         FROM payment p JOIN allocation l ON l.payment_id = p.id
         JOIN document d ON d.id = l.document_id
         WHERE p.account_id = ?1 AND l.state = 'applied' AND l.applied_on BETWEEN ?2 AND ?3
         AND p.received_on < ?2",
        (of.account.0, of.span.from, of.span.to),
        |r| {
            let amount = money(r, 2, 3)?;
            all.push(MoneyRow {
                on: r.get(1)?,
                by: PaymentId(r.get(0)?).to_string(),
                what: What::UsedLater { came_on: r.get(5)? },
                how: String::new(),
                amount,
                uses: on(r, amount)?,
            });
            Ok(())
        },
    )
}
