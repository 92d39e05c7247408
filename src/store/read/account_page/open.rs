//! What was open on the last day of a month, by the ledger, with what is known of it now.

use super::few::{Few, Of};
use crate::domain::document::DocumentKind;
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::money::Money;
use crate::store::read::agreed;
use crate::store::{Db, StoreError, money, word};
use chrono::NaiveDate;

/// An open document, or money that pays none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRow {
    /// The number of the document, or of the payment.
    pub by: String,
    /// None: a payment.
    pub kind: Option<DocumentKind>,
    pub on: NaiveDate,
    /// Open on that day; below zero the customer has it to the good.
    pub open: Money,
    /// Open now.
    pub now: Money,
    /// How a document stands.
    pub state: State,
}

/// How a document stands now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// When it is due; none for a credit.
    pub due_on: Option<NaiveDate>,
    pub promised_on: Option<NaiveDate>,
    /// Why; empty = it is not.
    pub disputed: String,
    /// What is agreed or contested of it, in words.
    pub agreed: Vec<String>,
    pub auto_pay_off: bool,
    pub gave_up: bool,
    /// The day of the next try.
    pub next_on: Option<NaiveDate>,
    /// Status and code of the last payment of it.
    pub last: Option<(String, String)>,
}

pub(super) fn read(db: &Db<'_>, of: Of) -> Result<Few<OpenRow>, StoreError> {
    let mut out = Few::default();
    let mut found = Few::default();
    db.each(
        "SELECT d.id, sum(e.debit_minor - e.credit_minor) FROM document d
         JOIN ledger_entry e ON e.document_id = d.id
         WHERE d.account_id = ?1 AND e.entry_on <= ?2
         AND (e.account = 'receivable' OR e.account = 'credit' AND e.payment_id IS NULL)
         GROUP BY d.id HAVING sum(e.debit_minor - e.credit_minor) <> 0 ORDER BY d.id",
        (of.account.0, of.span.to),
        |r| {
            found.push((DocumentId(r.get(0)?), r.get::<i64>(1)?));
            Ok(())
        },
    )?;
    out.more = found.more;
    for (id, minor) in found.rows {
        out.push(document(db, id, minor, of)?);
    }
    db.each(
        "SELECT p.id, p.currency, p.received_on, p.unapplied_minor,
           sum(e.debit_minor - e.credit_minor)
         FROM payment p JOIN ledger_entry e ON e.payment_id = p.id
         WHERE p.account_id = ?1 AND e.entry_on <= ?2 AND e.account = 'credit'
         GROUP BY p.id HAVING sum(e.debit_minor - e.credit_minor) <> 0 ORDER BY p.id",
        (of.account.0, of.span.to),
        |r| {
            let open = money(r, 1, 4)?;
            out.push(OpenRow {
                by: PaymentId(r.get(0)?).to_string(),
                kind: None,
                on: r.get::<Option<NaiveDate>>(2)?.unwrap_or(of.span.to),
                open,
                now: money(r, 1, 3)?.negated()?,
                state: State::default(),
            });
            Ok(())
        },
    )?;
    Ok(out)
}

fn document(db: &Db<'_>, id: DocumentId, minor: i64, of: Of) -> Result<OpenRow, StoreError> {
    let day = |ms: i64| {
        let at = chrono::DateTime::from_timestamp_millis(ms)?;
        Some(at.with_timezone(&of.zone).date_naive())
    };
    let last = db.opt(
        "SELECT status, decline_code FROM payment WHERE id =
         (SELECT max(payment_id) FROM allocation WHERE document_id = ?1)",
        [id.0],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    let mut row = db.one(
        "SELECT d.number, d.kind, d.invoice_on, d.currency, s.balance_minor, s.due_on,
           s.promised_on, s.disputed, s.auto_pay_off, s.retries_given_up, s.next_retry_at
         FROM document d JOIN document_state s ON s.document_id = d.id WHERE d.id = ?1",
        [id.0],
        |r| {
            let kind = word(r, 1, DocumentKind::parse)?;
            let due: NaiveDate = r.get(5)?;
            let next: Option<i64> = r.get(10)?;
            let now = money(r, 3, 4)?;
            Ok(OpenRow {
                by: r.get::<Option<String>>(0)?.unwrap_or_default(),
                kind: Some(kind),
                on: r.get(2)?,
                open: now.currency.amount(minor),
                now,
                state: State {
                    due_on: kind.is_receivable().then_some(due),
                    promised_on: r.get(6)?,
                    disputed: r.get(7)?,
                    agreed: Vec::new(),
                    auto_pay_off: r.get(8)?,
                    gave_up: r.get(9)?,
                    next_on: next.and_then(day),
                    last,
                },
            })
        },
    )?;
    row.state.agreed = agreed::of(db, id, of.account, row.now.currency)?;
    Ok(row)
}
