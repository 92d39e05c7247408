//! The payments of an account or of a document, newest first, each with what can still be done to it.

use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::Currency;
use crate::domain::payment::PaymentStatus;
use crate::engine::collect::refund;
use crate::store::payment::{self, AllocationState, PaymentFilter, PaymentRow};
use crate::store::{Db, StoreError, account, debt, document, method_state};
use chrono::NaiveDate;

/// Whose payments are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An account's.
    Account(AccountId),
    /// Those that paid, or were to pay, a document.
    Document(DocumentId),
    /// This one.
    Payment(PaymentId),
}

/// Payments that are shown at most.
const SHOWN: usize = 100;

/// Payments of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payments {
    /// The account's number.
    pub account: String,
    /// The customer's name.
    pub customer: String,
    /// Newest first.
    pub rows: Vec<Paid>,
    /// How many older ones are not in `rows`.
    pub older: usize,
    /// What the account owes, oldest due first.
    pub owed: Vec<Owed>,
}

/// A payment and what of it can go where. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    pub id: PaymentId,
    pub currency: Currency,
    /// What was asked for or came.
    pub amount_minor: i64,
    /// What became of it.
    pub status: PaymentStatus,
    /// The day it came; none = it did not, yet.
    pub came_on: Option<NaiveDate>,
    /// How it came: `visa ··4242`, or the reference of what came outside.
    pub by: String,
    /// What of it may go back.
    pub left_minor: i64,
    /// What of it is unapplied and not on its way back.
    pub free_minor: i64,
    /// What of it pays which document: id, number, how much.
    pub pays: Vec<(DocumentId, String, i64)>,
    /// Whether it came outside the gateways: a person pays it back.
    pub outside: bool,
}

/// An open document of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub id: DocumentId,
    pub number: String,
    /// When it is due.
    pub due_on: NaiveDate,
    pub currency: Currency,
    /// Still owed, minor units.
    pub balance_minor: i64,
}

/// Reads them.
pub fn read(db: &Db<'_>, whose: Whose) -> Result<Payments, StoreError> {
    let (of, filter) = match whose {
        Whose::Account(id) => (id, PaymentFilter { account: Some(id), ..Default::default() }),
        Whose::Document(id) => (
            document::get(db, id)?.account,
            PaymentFilter { document: Some(id), ..Default::default() },
        ),
        Whose::Payment(id) => (payment::get(db, id)?.account, PaymentFilter::default()),
    };
    let mut found = match whose {
        Whose::Payment(id) => vec![payment::get(db, id)?],
        Whose::Account(_) | Whose::Document(_) => {
            payment::list(db, &filter, PaymentId(0), u32::MAX)?
        }
    };
    found.reverse();
    let older = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let rows = found.iter().map(|row| paid(db, row)).collect::<Result<Vec<_>, _>>()?;
    let (number, currency, _) = account::owes(db, of)?;
    let mut currencies = vec![currency];
    for row in &rows {
        if !currencies.contains(&row.currency) {
            currencies.push(row.currency);
        }
    }
    let mut owed = Vec::new();
    for currency in currencies {
        for open in debt::open_of_account(db, of, currency)? {
            owed.push(Owed {
                id: open.document,
                number: open.number,
                due_on: open.due_on,
                currency,
                balance_minor: open.balance_minor,
            });
        }
    }
    let customer = account::versions(db, of)?.pop().map(|v| v.terms.name).unwrap_or_default();
    Ok(Payments { account: number, customer, rows, older, owed })
}

fn paid(db: &Db<'_>, row: &PaymentRow) -> Result<Paid, StoreError> {
    let approved = row.status == PaymentStatus::Approved;
    let left_minor = if approved { refund::left(db, row)?.max(0) } else { 0 };
    let mut pays: Vec<(DocumentId, String, i64)> = Vec::new();
    for one in payment::allocations(db, row.id)? {
        let minor = match one.state {
            AllocationState::Applied => one.amount_minor - one.reopened_minor,
            AllocationState::Live => one.amount_minor,
            AllocationState::Void => 0,
        };
        if minor <= 0 {
            continue;
        }
        match pays.iter_mut().find(|(id, ..)| *id == one.document) {
            Some(same) => same.2 += minor,
            None => pays.push((one.document, one.number, minor)),
        }
    }
    let by = match row.method {
        Some(method) => method_state::get(db, method)?.display,
        None => format!("outside: {}", row.reference),
    };
    Ok(Paid {
        id: row.id,
        currency: row.currency,
        amount_minor: row.amount_minor,
        status: row.status,
        came_on: row.received_on,
        by,
        left_minor,
        free_minor: row.unapplied_minor.min(left_minor),
        pays,
        outside: row.method.is_none(),
    })
}
