//! Payments, their allocations to documents, and what happened to them afterwards.

mod allocation;
mod came_back;
mod event;
mod look_up;
mod moved;
mod together;

pub use allocation::{
    Allocation, AllocationState, allocate, allocations, on_its_way, reopen_allocation,
    set_allocation, unapply_allocation,
};
pub use came_back::{CameBack, came_back, came_back_softly};
pub use event::{
    EventKind, EventRow, EventStatus, adopt_event, end_event, event, event_of_key, events,
    insert_event, next_refund_look_up, refund_exceptions, refunds_due, set_loss,
};
pub use look_up::{ask_now, due_look_ups, exceptions, looked_up, still_submitted};
pub(in crate::store) use moved::add_moved;
pub use moved::{add_returned, move_to, use_unapplied};
pub use together::{
    Beginning, Past, Settling, Sole, begin_all, get_all, past_of, settle_all, sole_of,
};

use super::deed::{self, DeedKind, NewDeed};
use super::face::{Params, Row, params};
use super::{Db, StoreError, Topic, Tx, gateway_poll, word};
use crate::domain::ids::{AccountId, DocumentId, MethodId, PaymentId, PaymentRunId};
use crate::domain::money::Currency;
use crate::domain::payment::{DeclineClass, NextAction, PaymentStatus};
use chrono::NaiveDate;

/// A payment before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayment {
    /// Who pays.
    pub account: AccountId,
    /// The run that made it, if one.
    pub run: Option<PaymentRunId>,
    /// The method; none = received outside.
    pub method: Option<MethodId>,
    /// Gateway, or `outside`.
    pub gateway: String,
    /// Minor units, above zero.
    pub amount_minor: i64,
    pub currency: Currency,
    /// Where it begins.
    pub status: PaymentStatus,
    /// Idempotency key.
    pub key: String,
    /// Hash of the request.
    pub body_hash: String,
    /// Tries in a row on this method, from 1.
    pub attempt: u32,
    /// The day money came, if it has.
    pub received_on: Option<NaiveDate>,
    /// Of the bank or the clerk.
    pub reference: String,
    /// What is not applied to a document.
    pub unapplied_minor: i64,
    /// The gateway's own clock shortly before the call, UTC ms; none = it could not be told.
    pub gateway_at: Option<i64>,
    /// The payment of another account that it was moved from.
    pub moved_from: Option<PaymentId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    pub id: PaymentId,
    /// Who pays.
    pub account: AccountId,
    /// The run that made it, if one.
    pub run: Option<PaymentRunId>,
    /// The method; none = received outside.
    pub method: Option<MethodId>,
    /// Gateway, or `outside`.
    pub gateway: String,
    pub amount_minor: i64,
    pub currency: Currency,
    pub status: PaymentStatus,
    /// Idempotency key.
    pub key: String,
    /// Hash of the request.
    pub body_hash: String,
    /// The gateway's name for it.
    pub gateway_ref: String,
    /// Tries in a row on this method, from 1.
    pub attempt: u32,
    /// Code of a decline, empty otherwise.
    pub decline_code: String,
    /// Class of a decline.
    pub decline_class: Option<DeclineClass>,
    /// What was heard last, in words.
    pub reply: String,
    /// The day money came, if it has.
    pub received_on: Option<NaiveDate>,
    /// When it was made, UTC ms.
    pub created_at: i64,
    /// When the answer was recorded, UTC ms.
    pub settled_at: Option<i64>,
    /// Of a decline: the next try by the rules.
    pub next_retry_at: Option<i64>,
    /// Of an unanswered one: the next look-up; none = on the exception list.
    pub next_look_up_at: Option<i64>,
    /// Look-ups in a row that nobody answered.
    pub look_ups: u32,
    /// Not applied to any document, minor units.
    pub unapplied_minor: i64,
    /// Went back: refunds, returns, chargebacks, minor units.
    pub returned_minor: i64,
    /// Of the bank or the clerk.
    pub reference: String,
    /// Raised by each change.
    pub version: i64,
    /// The gateway's own clock shortly before the call, UTC ms; none = it could not be told.
    pub gateway_at: Option<i64>,
    /// The day that the gateway or bank names for it, where an answer was found later.
    pub value_on: Option<NaiveDate>,
    /// The payment of another account that it was moved from, on `received_on`.
    pub moved_from: Option<PaymentId>,
    /// Moved to other accounts, minor units.
    pub moved_minor: i64,
}

impl PaymentRow {
    /// What is still here of it: neither gone back nor moved away, minor units.
    pub fn here_minor(&self) -> i64 {
        self.amount_minor - self.returned_minor - self.moved_minor
    }
}

const COLUMNS: &str = "id, account_id, run_id, method_id, gateway, amount_minor, currency, status, \
    idempotency_key, body_hash, gateway_ref, attempt, decline_code, decline_class, reply, received_on, \
    created_at, settled_at, next_retry_at, next_look_up_at, look_ups, unapplied_minor, returned_minor, \
    reference, version, gateway_at, value_on, moved_from, moved_minor";

fn row(r: &Row<'_>) -> Result<PaymentRow, StoreError> {
    Ok(PaymentRow {
        id: PaymentId(r.get(0)?),
        account: AccountId(r.get(1)?),
        run: r.get::<Option<i64>>(2)?.map(PaymentRunId),
        method: r.get::<Option<i64>>(3)?.map(MethodId),
        gateway: r.get(4)?,
        amount_minor: r.get(5)?,
        currency: word(r, 6, Currency::parse)?,
        status: word(r, 7, PaymentStatus::parse)?,
        key: r.get(8)?,
        body_hash: r.get(9)?,
        gateway_ref: r.get(10)?,
        attempt: r.get(11)?,
        decline_code: r.get(12)?,
        decline_class: match r.text(13)? {
            "" => None,
            _ => Some(word(r, 13, DeclineClass::parse)?),
        },
        reply: r.get(14)?,
        received_on: r.get(15)?,
        created_at: r.get(16)?,
        settled_at: r.get(17)?,
        next_retry_at: r.get(18)?,
        next_look_up_at: r.get(19)?,
        look_ups: r.get(20)?,
        unapplied_minor: r.get(21)?,
        returned_minor: r.get(22)?,
        reference: r.get(23)?,
        version: r.get(24)?,
        gateway_at: r.get(25)?,
        value_on: r.get(26)?,
        moved_from: r.get::<Option<i64>>(27)?.map(PaymentId),
        moved_minor: r.get(28)?,
    })
}

/// Writes a payment.
pub fn insert(tx: &Tx<'_>, new: &NewPayment) -> Result<PaymentId, StoreError> {
    let id = put(tx, new)?;
    if new.method.is_none() || new.moved_from.is_some() {
        // A person says that it came.
        let deed = NewDeed::new(new.account, DeedKind::Money, new.amount_minor, new.currency);
        deed::enter(tx, &NewDeed { payment: Some(id), ..deed })?;
    }
    Ok(id)
}

/// The same of money that is in the book already.
pub(in crate::store) fn put(tx: &Tx<'_>, new: &NewPayment) -> Result<PaymentId, StoreError> {
    let settled = (!new.status.is_live()).then_some(tx.now().at_ms);
    if new.method.is_some() && new.moved_from.is_none() {
        gateway_poll::begin(tx, &new.gateway)?;
    }
    let key = tx.insert(
        "INSERT INTO payment (account_id, run_id, method_id, gateway, amount_minor, currency,
            status, idempotency_key, body_hash, attempt, received_on, created_at, settled_at,
              unapplied_minor, reference, gateway_at, moved_from)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        params![
            new.account.0,
            new.run.map(|r| r.0),
            new.method.map(|m| m.0),
            new.gateway,
            new.amount_minor,
            new.currency.code(),
            new.status.as_str(),
            new.key,
            new.body_hash,
            new.attempt,
            new.received_on,
            tx.now().at_ms,
            settled,
            new.unapplied_minor,
            new.reference,
            new.gateway_at,
            new.moved_from.map(|p| p.0),
        ],
    )?;
    tx.touch(Topic::Payments);
    let id = PaymentId(key);
    tx.stir_payment(id);
    Ok(id)
}

pub fn get(db: &Db<'_>, id: PaymentId) -> Result<PaymentRow, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM payment WHERE id = ?1"), [id.0], row)?
        .ok_or_else(|| StoreError::NotFound(id.to_string()))
}

/// The payment with this idempotency key.
pub fn of_key(db: &Db<'_>, key: &str) -> Result<Option<PaymentRow>, StoreError> {
    db.opt(&format!("SELECT {COLUMNS} FROM payment WHERE idempotency_key = ?1"), [key], row)
}

fn rows<P: Params>(db: &Db<'_>, tail: &str, params: P) -> Result<Vec<PaymentRow>, StoreError> {
    db.all(&format!("SELECT {COLUMNS} FROM payment {tail}"), params, row)
}

/// Payments of a run whose call was begun and not recorded.
pub fn begun_in_run(db: &Db<'_>, run: PaymentRunId) -> Result<Vec<PaymentRow>, StoreError> {
    // The first term names the partial index.
    rows(
        db,
        "WHERE status IN ('Processing','Submitted','Unknown') AND status = 'Processing' AND run_id = ?1 ORDER BY id",
        [run.0],
    )
}

/// Unapplied payments of an account in a currency, oldest first.
pub fn unapplied(
    db: &Db<'_>,
    account: AccountId,
    currency: Currency,
) -> Result<Vec<PaymentRow>, StoreError> {
    rows(
        db,
        "WHERE account_id = ?1 AND unapplied_minor > 0 AND currency = ?2 ORDER BY received_on, id",
        (account.0, currency.code()),
    )
}

/// A payment received outside with exactly this amount, day and reference.
pub fn outside(
    db: &Db<'_>,
    account: AccountId,
    currency: Currency,
    amount_minor: i64,
    received_on: NaiveDate,
    reference: &str,
) -> Result<Option<PaymentId>, StoreError> {
    db.opt(
        "SELECT id FROM payment WHERE account_id = ?1 AND method_id IS NULL AND currency = ?2
               AND amount_minor = ?3 AND received_on = ?4 AND reference = ?5 LIMIT 1",
        (account.0, currency.code(), amount_minor, received_on, reference),
        |r| Ok(PaymentId(r.get(0)?)),
    )
}

/// Which payments to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentFilter {
    /// Only this run's.
    pub run: Option<PaymentRunId>,
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only in this status.
    pub status: Option<PaymentStatus>,
    /// Only those allocated to this document.
    pub document: Option<DocumentId>,
}

/// Payments after `after` (exclusive), oldest first.
pub fn list(
    db: &Db<'_>,
    filter: &PaymentFilter,
    after: PaymentId,
    limit: u32,
) -> Result<Vec<PaymentRow>, StoreError> {
    // Found by what is few; the first that is named leads.
    let by = match (filter.document, filter.account, filter.run) {
        (Some(_), _, _) => {
            "id IN (SELECT payment_id FROM allocation WHERE document_id = ?5)
             AND (?2 IS NULL OR run_id = ?2) AND (?3 IS NULL OR account_id = ?3)"
        }
        (None, Some(_), _) => "account_id = ?3 AND (?2 IS NULL OR run_id = ?2) AND ?5 IS NULL",
        (None, None, Some(_)) => "run_id = ?2 AND ?3 IS NULL AND ?5 IS NULL",
        (None, None, None) => "?2 IS NULL AND ?3 IS NULL AND ?5 IS NULL",
    };
    rows(
        db,
        &format!("WHERE {by} AND (?4 IS NULL OR status = ?4) AND id > ?1 ORDER BY id LIMIT ?6"),
        (
            after.0,
            filter.run.map(|r| r.0),
            filter.account.map(|a| a.0),
            filter.status.map(PaymentStatus::as_str),
            filter.document.map(|d| d.0),
            limit,
        ),
    )
}

/// The payment of a document that is on its way, if one is.
pub fn live_of_document(
    db: &Db<'_>,
    document: DocumentId,
) -> Result<Option<PaymentRow>, StoreError> {
    let found = rows(
        db,
        "WHERE id IN (SELECT payment_id FROM allocation WHERE document_id = ?1 AND state = 'live')",
        [document.0],
    )?;
    Ok(found.into_iter().next())
}

/// The last payment of a document, whatever became of it.
pub fn last_of_document(
    db: &Db<'_>,
    document: DocumentId,
) -> Result<Option<PaymentRow>, StoreError> {
    let found = rows(
        db,
        "WHERE id = (SELECT max(payment_id) FROM allocation WHERE document_id = ?1)",
        [document.0],
    )?;
    Ok(found.into_iter().next())
}

/// What is recorded of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it stands now.
    pub status: PaymentStatus,
    /// The gateway's name for it; empty keeps what is there.
    pub gateway_ref: String,
    /// Code of a decline.
    pub decline_code: String,
    /// Class of a decline.
    pub decline_class: Option<DeclineClass>,
    /// What its code asks for.
    pub decline_action: Option<NextAction>,
    /// In words.
    pub reply: String,
    /// The day money came.
    pub received_on: Option<NaiveDate>,
    /// The day that the gateway names for it, where it was found out later.
    pub value_on: Option<NaiveDate>,
    /// Next try by the rules.
    pub next_retry_at: Option<i64>,
    pub next_look_up_at: Option<i64>,
    /// Look-ups so far.
    pub look_ups: u32,
    /// What is not applied, minor units.
    pub unapplied_minor: i64,
}

/// Records an answer; the caller has checked that the step is allowed.
pub fn record(tx: &Tx<'_>, id: PaymentId, answer: &Answer) -> Result<(), StoreError> {
    let settled = (!answer.status.is_live()).then_some(tx.now().at_ms);
    tx.run(
        "UPDATE payment SET status = ?2, gateway_ref = CASE WHEN ?3 = '' THEN gateway_ref
         ELSE ?3 END,
            decline_code = ?4, decline_class = ?5, reply = ?6, received_on = ?7, settled_at = ?8,
            next_retry_at = ?9, next_look_up_at = ?10, look_ups = ?11, unapplied_minor = ?12,
            next_action = ?13, value_on = ?14, version = version + 1
         WHERE id = ?1",
        params![
            id.0,
            answer.status.as_str(),
            answer.gateway_ref,
            answer.decline_code,
            answer.decline_class.map_or("", DeclineClass::as_str),
            answer.reply,
            answer.received_on,
            settled,
            answer.next_retry_at,
            answer.next_look_up_at,
            answer.look_ups,
            answer.unapplied_minor,
            answer.decline_action.map_or("", NextAction::as_str),
            answer.value_on,
        ],
    )?;
    tx.stir_payment(id);
    tx.touch(Topic::Payments);
    Ok(())
}
