//! Money leaves a document: it goes back, is taken off, moves to another account, is paid out.

use super::{Side, days, first_day, first_of, line_of, paid};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::total;
use crate::store::ledger::{self, Line};
use crate::store::payment::{self, Allocation, AllocationState, PaymentRow};
use crate::store::{Db, StoreError, Topic, Tx, debt, document};
use chrono::NaiveDate;

/// What of a payment leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// All that the bank took, minor units.
    pub amount_minor: i64,
    /// Of that: what had gone back before, and is lost, minor units.
    pub loss_minor: i64,
    /// What the bank took beside it, minor units.
    pub fee_minor: i64,
    /// The day it left.
    pub on: NaiveDate,
}

impl Back {
    /// Just the money, on a day.
    pub fn of(amount_minor: i64, on: NaiveDate) -> Self {
        Self { amount_minor, loss_minor: 0, fee_minor: 0, on }
    }
}

/// Money of a payment leaves on a day: first what is unapplied, then the documents, the last one
/// first. What was applied only later is owed again from then, never before it was paid.
pub fn give_back(tx: &Tx<'_>, payment: &PaymentRow, back: &Back) -> Result<(), StoreError> {
    give_back_by(tx, payment, back, &ledger::cash(&payment.gateway))
}

/// The same out of this ledger account: the bank's own line has it.
pub fn give_back_by(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    back: &Back,
    cash: &str,
) -> Result<(), StoreError> {
    let amount_minor = back.amount_minor - back.loss_minor;
    let from_credit = amount_minor.min(payment.unapplied_minor);
    let on = goes_back_from(tx, payment, amount_minor, back.on)?;
    let (mut left, mut credit) = (amount_minor - from_credit, from_credit);
    let mut lines = vec![
        line_of(payment, cash, None, -total([back.amount_minor, back.fee_minor])?),
        line_of(payment, ledger::BAD_DEBT, None, back.loss_minor),
        line_of(payment, ledger::BANK_FEE, None, back.fee_minor),
    ];
    let mut later = Vec::new();
    for allocation in payment::allocations(tx, payment.id)?.into_iter().rev() {
        let part = left.min(standing(&allocation));
        if part <= 0 {
            continue;
        }
        let document = allocation.document;
        payment::reopen_allocation(tx, allocation.id, part)?;
        debt::move_balance(tx, document, part)?;
        debt::set_retry(tx, document, None, true)?;
        left -= part;
        let day = allocation.applied_on.map_or(on, |applied| applied.max(on));
        if day == on {
            lines.push(line_of(payment, ledger::RECEIVABLE, Some(document), part));
        } else {
            credit += part;
            later.push((day, document, part));
        }
    }
    if left != 0 {
        return Err(StoreError::Conflict(format!("{} has less applied than that", payment.id)));
    }
    payment::add_returned(tx, payment.id, amount_minor, from_credit)?;
    lines.push(line_of(payment, ledger::CREDIT, None, credit));
    ledger::post(tx, on, &lines)?;
    for (day, document, part) in later {
        let opens = [
            line_of(payment, ledger::RECEIVABLE, Some(document), part),
            line_of(payment, ledger::CREDIT, None, -part),
        ];
        ledger::post(tx, day, &opens)?;
    }
    Ok(())
}

/// The first day, `on` or later, from which so much (minor units) of a payment can leave: what is unapplied only
/// later cannot leave before, what is applied only later can.
pub fn goes_back_from(
    db: &Db<'_>,
    payment: &PaymentRow,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<NaiveDate, StoreError> {
    let from_credit = amount_minor.min(payment.unapplied_minor);
    let mut left = amount_minor - from_credit;
    let mut applied = Vec::new();
    for allocation in payment::allocations(db, payment.id)?.into_iter().rev() {
        let part = left.min(standing(&allocation));
        if let (1.., Some(day)) = (part, allocation.applied_on) {
            applied.push((day, part));
        }
        left -= part.max(0);
    }
    let days = days(db, Side::Money(payment.id))?;
    let mut first = on;
    loop {
        let mut days = days.clone();
        let mut needed = from_credit;
        for (day, part) in applied.iter().filter(|(day, _)| *day > first) {
            needed += part;
            *days.entry(*day).or_default() += part;
        }
        let found = first_of(&days, needed, first);
        if found == first {
            return Ok(first);
        }
        first = found;
    }
}

/// What of an allocation pays its document, minor units.
fn standing(allocation: &Allocation) -> i64 {
    match allocation.state {
        AllocationState::Applied => allocation.amount_minor - allocation.reopened_minor,
        AllocationState::Live | AllocationState::Void => 0,
    }
}

/// Money that had been taken back comes again today, in by this ledger account: what was a loss is none, the rest pays the
/// documents as far as they still owe it.
pub fn take_again(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    amount_minor: i64,
    loss_minor: i64,
    cash: &str,
) -> Result<(), StoreError> {
    let on = payment.received_on.map_or(tx.now().today, |came| came.max(tx.now().today));
    let mut left = amount_minor - loss_minor;
    let mut parts = Vec::new();
    for allocation in payment::allocations(tx, payment.id)? {
        let owed = debt::get(tx, allocation.document)?.balance_minor.max(0);
        let part = left.min(allocation.reopened_minor - allocation.unapplied_minor).min(owed);
        if part > 0 {
            payment::reopen_allocation(tx, allocation.id, -part)?;
            let day = first_day(tx, Side::Owed(allocation.document), part, on)?;
            paid(tx, allocation.document, payment.currency.amount(part))?;
            parts.push((day, allocation.document, part));
            left -= part;
        }
    }
    let back_minor = amount_minor - loss_minor;
    payment::add_returned(tx, payment.id, -back_minor, -left)?;
    let lines = [
        line_of(payment, cash, None, amount_minor),
        line_of(payment, ledger::BAD_DEBT, None, -loss_minor),
        line_of(payment, ledger::CREDIT, None, -back_minor),
    ];
    ledger::post(tx, on, &lines)?;
    for (day, document, part) in parts {
        let pays = [
            line_of(payment, ledger::CREDIT, None, part),
            line_of(payment, ledger::RECEIVABLE, Some(document), -part),
        ];
        ledger::post(tx, day, &pays)?;
    }
    Ok(())
}

/// Takes a payment's money off a document, all of it or this much (minor units), from a day, not
/// before it was applied: the document is owed again, the money unapplied. Gives how much.
pub fn unapply(
    tx: &Tx<'_>,
    payment: &PaymentRow,
    document: DocumentId,
    amount_minor: Option<i64>,
    on: NaiveDate,
) -> Result<i64, StoreError> {
    let most = amount_minor.unwrap_or(i64::MAX);
    let mut taken = 0;
    for allocation in payment::allocations(tx, payment.id)?.into_iter().rev() {
        let part = standing(&allocation).min(most - taken);
        if allocation.document != document || part <= 0 {
            continue;
        }
        let day = allocation.applied_on.map_or(on, |applied| applied.max(on));
        payment::unapply_allocation(tx, allocation.id, part, day)?;
        let opens = [
            line_of(payment, ledger::RECEIVABLE, Some(document), part),
            line_of(payment, ledger::CREDIT, None, -part),
        ];
        ledger::post(tx, day, &opens)?;
        taken += part;
    }
    if taken > 0 {
        debt::move_balance(tx, document, taken)?;
        debt::set_retry(tx, document, None, false)?;
        payment::use_unapplied(tx, payment.id, -taken)?;
    }
    Ok(taken)
}

/// Moves unapplied money to another account, on a day on which it is there; gives the payment that it
/// is there.
pub fn move_money(
    tx: &Tx<'_>,
    from: &PaymentRow,
    to: AccountId,
    amount_minor: i64,
    on: NaiveDate,
) -> Result<PaymentId, StoreError> {
    let day = first_day(tx, Side::Money(from.id), amount_minor, on)?;
    let id = payment::move_to(tx, from, to, amount_minor, day)?;
    let moved = payment::get(tx, id)?;
    let lines = [
        line_of(from, ledger::CREDIT, None, amount_minor),
        line_of(&moved, ledger::CREDIT, None, -amount_minor),
    ];
    ledger::post(tx, day, &lines)?;
    Ok(id)
}

/// Pays what is left of a credit memo, or a part of it (minor units), out to the customer on a day.
pub fn pay_out(
    tx: &Tx<'_>,
    memo: DocumentId,
    amount_minor: i64,
    on: NaiveDate,
    reason: &str,
) -> Result<(), StoreError> {
    let row = document::get(tx, memo)?;
    tx.run(
        "INSERT INTO memo_refund (document_id, amount_minor, refunded_on, at, reason)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (memo.0, amount_minor, on, tx.now().at_ms, reason),
    )?;
    debt::move_balance(tx, memo, amount_minor)?;
    let line = |ledger: &str, document, amount_minor| Line {
        ledger: ledger.to_owned(),
        account: row.account,
        document,
        payment: None,
        amount: row.currency.amount(amount_minor),
    };
    let lines = [
        line(ledger::CREDIT, Some(memo), amount_minor),
        line(&ledger::cash("outside"), Some(memo), -amount_minor),
    ];
    tx.touch(Topic::Payments);
    ledger::post(tx, on, &lines)
}
