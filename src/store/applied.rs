//! Money meets a document: the one place that allocates, moves the balance, resets the retry and
//! books.
//!
//! An application counts from the latest of the day of the act (a receipt: its received day), the
//! document's date and the memo's or payment's date, so that on no day less than nothing is owed on a
//! document, nor less than nothing left of what is applied. Money that came before is `credit` until
//! then: one deed may book on two days, each of which balances.

mod back;

mod difference;

pub use back::{
    Back, give_back, give_back_by, goes_back_from, move_money, pay_out, take_again, unapply,
};
pub use difference::{Difference, TaxShare, let_off, tax_shares, undo_differences, unmatch};

use super::ledger::{self, About, Line};
use super::payment::{self, AllocationState, PaymentRow};
use super::{Db, StoreError, Tx, debt};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::Money;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// What the entries of one side come to, by day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is owed on an invoice or debit memo.
    Owed(DocumentId),
    /// What is left of a credit memo or write-off.
    Memo(DocumentId),
    /// What is left of a payment.
    Money(PaymentId),
}

impl Side {
    fn sql(self) -> (&'static str, i64) {
        match self {
            Self::Owed(id) => (
                "SELECT entry_on, sum(debit_minor - credit_minor) FROM ledger_entry
                 WHERE document_id = ?1 AND account = 'receivable' GROUP BY 1 ORDER BY 1",
                id.0,
            ),
            Self::Memo(id) => (
                "SELECT entry_on, sum(credit_minor - debit_minor) FROM ledger_entry
                 WHERE document_id = ?1 AND payment_id IS NULL AND account = 'credit' GROUP BY 1 ORDER BY 1",
                id.0,
            ),
            Self::Money(id) => (
                "SELECT entry_on, sum(credit_minor - debit_minor) FROM ledger_entry
                 WHERE payment_id = ?1 AND account = 'credit' GROUP BY 1 ORDER BY 1",
                id.0,
            ),
        }
    }
}

/// What each day adds to a side, minor units.
fn days(db: &Db<'_>, side: Side) -> Result<BTreeMap<NaiveDate, i64>, StoreError> {
    let (sql, key) = side.sql();
    Ok(db.all(sql, [key], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
}

/// The first day, `on` or later, from which this much is there for good.
fn first_of(days: &BTreeMap<NaiveDate, i64>, amount_minor: i64, on: NaiveDate) -> NaiveDate {
    let (mut first, mut there) = (on, 0);
    for (day, minor) in days {
        if there < amount_minor {
            first = first.max(*day);
        }
        there += minor;
    }
    first
}

/// The first day, `on` or later, from which this much (minor units) of a side is there for good.
/// Where the entries never come to it (they were booked before entries named their document), the
/// last day that has one.
pub fn first_day(
    db: &Db<'_>,
    side: Side,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<NaiveDate, StoreError> {
    Ok(first_of(&days(db, side)?, amount_minor, on))
}

/// The day on which a payment's money last came: its receipt's, or that of what had been taken back and
/// came again; where it was moved here, that day. None for what was booked before entries named it.
pub fn last_came(db: &Db<'_>, payment: PaymentId) -> Result<Option<NaiveDate>, StoreError> {
    db.one(
        "SELECT max(came_on) FROM (
                SELECT max(entry_on) AS came_on FROM ledger_entry
                 WHERE payment_id = ?1 AND account LIKE 'cash:%' AND debit_minor > 0
                UNION ALL SELECT min(entry_on) FROM ledger_entry
                 WHERE payment_id = ?1 AND account = 'credit' AND credit_minor > 0)",
        [payment.0],
        |r| r.get(0),
    )
}

/// What of a payment went back twice and is a loss, minor units: booked by [`give_back`], less what
/// [`take_again`] took of it.
pub fn lost(db: &Db<'_>, payment: PaymentId) -> Result<i64, StoreError> {
    db.one(
        "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry
             WHERE payment_id = ?1 AND account = ?2",
        (payment.0, ledger::BAD_DEBT),
        |r| r.get(0),
    )
}

/// Money that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt<'a> {
    pub payment: PaymentId,
    /// Who paid.
    pub account: AccountId,
    /// The ledger account that it comes in by: cash, or what was unidentified until now.
    pub ledger: &'a str,
    pub amount: Money,
    /// The day it came.
    pub on: NaiveDate,
}

/// What of it pays a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub document: DocumentId,
    /// Above zero.
    pub amount: Money,
    /// Not before this day.
    pub from: NaiveDate,
    /// The allocation that was made when the payment was begun.
    pub allocation: Option<i64>,
}

/// Books money that came: cash on its day, each part on the day from which it counts, the rest to
/// the customer's credit.
pub fn receive(tx: &Tx<'_>, receipt: &Receipt<'_>, parts: &[Part]) -> Result<(), StoreError> {
    let line = |ledger: &str, document, amount| Line {
        ledger: ledger.to_owned(),
        account: receipt.account,
        document,
        payment: Some(receipt.payment),
        amount,
    };
    let mut lines = vec![line(receipt.ledger, None, receipt.amount)];
    let (mut credit, mut later) = (receipt.amount, Vec::new());
    for part in parts {
        let (document, amount) = (part.document, part.amount);
        let day = first_day(tx, Side::Owed(document), amount.minor, receipt.on.max(part.from))?;
        let applied = AllocationState::Applied;
        match part.allocation {
            Some(id) => payment::set_allocation(tx, id, applied, amount.minor, Some(day))?,
            None => {
                payment::allocate(tx, receipt.payment, document, amount.minor, applied, Some(day))?;
            }
        }
        paid(tx, document, amount)?;
        if day == receipt.on {
            lines.push(line(ledger::RECEIVABLE, Some(document), amount.negated()?));
            credit = credit.minus(amount)?;
        } else {
            later.push((day, document, amount));
        }
    }
    lines.push(line(ledger::CREDIT, None, credit.negated()?));
    ledger::post(tx, receipt.on, &lines)?;
    for (day, document, amount) in later {
        let uses = [
            line(ledger::CREDIT, None, amount),
            line(ledger::RECEIVABLE, Some(document), amount.negated()?),
        ];
        ledger::post(tx, day, &uses)?;
    }
    Ok(())
}

fn paid(tx: &Tx<'_>, document: DocumentId, amount: Money) -> Result<(), StoreError> {
    debt::move_balance(tx, document, amount.negated()?.minor)?;
    debt::set_retry(tx, document, None, false)
}

fn line_of(payment: &PaymentRow, ledger: &str, document: Option<DocumentId>, minor: i64) -> Line {
    Line {
        ledger: ledger.to_owned(),
        account: payment.account,
        document,
        payment: Some(payment.id),
        amount: payment.currency.amount(minor),
    }
}

/// Uses money that came earlier and is unapplied on a document.
pub fn use_money(
    tx: &Tx<'_>,
    from: &PaymentRow,
    document: DocumentId,
    amount_minor: i64,
) -> Result<(), StoreError> {
    let today = tx.now().today;
    let day = first_day(tx, Side::Owed(document), amount_minor, today)?;
    let day = first_day(tx, Side::Money(from.id), amount_minor, day)?;
    payment::use_unapplied(tx, from.id, amount_minor)?;
    let applied = AllocationState::Applied;
    payment::allocate(tx, from.id, document, amount_minor, applied, Some(day))?;
    paid(tx, document, from.currency.amount(amount_minor))?;
    let lines = [
        line_of(from, ledger::CREDIT, None, amount_minor),
        line_of(from, ledger::RECEIVABLE, Some(document), -amount_minor),
    ];
    ledger::post(tx, day, &lines)
}

/// Uses a credit on a document, both of one account and currency: gives the day it counts from.
pub fn use_credit(
    tx: &Tx<'_>,
    credit: DocumentId,
    about: &About,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<NaiveDate, StoreError> {
    let Some(document) = about.document else {
        return Err(StoreError::Guard("a credit is used on a document".to_owned()));
    };
    let day = first_day(tx, Side::Owed(document), amount_minor, on)?;
    let day = first_day(tx, Side::Memo(credit), amount_minor, day)?;
    book_credit(tx, credit, about, amount_minor, day)?;
    Ok(day)
}

/// Moves this much of a credit onto a document on a day; below zero: back to the credit.
pub fn book_credit(
    tx: &Tx<'_>,
    credit: DocumentId,
    about: &About,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<(), StoreError> {
    let line = |ledger: &str, document, amount_minor| Line {
        ledger: ledger.to_owned(),
        account: about.account,
        document,
        payment: None,
        amount: about.currency.amount(amount_minor),
    };
    let lines = [
        line(ledger::CREDIT, Some(credit), amount_minor),
        line(ledger::RECEIVABLE, about.document, -amount_minor),
    ];
    ledger::post(tx, on, &lines)
}
