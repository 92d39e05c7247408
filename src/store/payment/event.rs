//! What happened to a payment after its answer: refunds, returns, chargebacks, evidence.

use crate::domain::ids::PaymentId;
use crate::domain::payment::PaymentStatus;
use crate::domain::payment_run::UNKNOWN_BEFORE_A_PERSON_MS;
use crate::domain::text_enum;
use crate::store::deed::{self, DeedKind, NewDeed};
use crate::store::face::{Params, Row};
use crate::store::{Db, StoreError, Topic, Tx, word};
use chrono::NaiveDate;

text_enum! {
    /// What happened to a payment after its answer.
    EventKind {
        /// The gateway paid it out.
        Settlement = "settlement",
        /// We gave it back.
        Refund = "refund",
        /// The bank took it back.
        Return = "return",
        /// The cardholder had it taken back.
        Chargeback = "chargeback",
        /// A chargeback was decided for us.
        ChargebackWon = "chargeback_won",
        /// Money came after a decline was recorded.
        LateSuccess = "late_success",
        /// A person wrote down what they found out.
        Evidence = "evidence",
    }
}

text_enum! {
    /// Where an event stands.
    EventStatus {
        /// Written before the gateway is called.
        Processing = "Processing",
        /// It happened.
        Done = "Done",
        /// It did not.
        Failed = "Failed",
        /// Nobody knows; looked up.
        Unknown = "Unknown",
    }
}

/// An event of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    pub id: i64,
    pub payment: PaymentId,
    /// What happened.
    pub kind: EventKind,
    pub status: EventStatus,
    pub amount_minor: i64,
    /// The day it counts.
    pub event_on: NaiveDate,
    /// When it was recorded, UTC ms.
    pub at: i64,
    /// Idempotency key of a refund of ours, or the gateway and its name for what it told us.
    pub key: Option<String>,
    /// The gateway's name for it, or the clerk's evidence.
    pub reference: String,
    /// What was heard, in words.
    pub reply: String,
    /// Of a refund: the gateway's own clock shortly before the call, UTC ms, if it could be told.
    pub gateway_at: Option<i64>,
    /// Of an unanswered refund: the next look-up; none = on the exception list.
    pub next_look_up_at: Option<i64>,
    /// Look-ups so far.
    pub look_ups: u32,
    /// The day that the bank or gateway names, where it is told.
    pub value_on: Option<NaiveDate>,
    /// What the bank took for it beside the amount, minor units.
    pub fee_minor: i64,
    /// Of the amount: what had gone back already, so that it is lost, minor units.
    pub loss_minor: i64,
}

const EVENT: &str = "id, payment_id, kind, status, amount_minor, event_on, at, key, reference, reply, gateway_at, \
     next_look_up_at, look_ups, value_on, fee_minor, loss_minor";

fn event_row(r: &Row<'_>) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        id: r.get(0)?,
        payment: PaymentId(r.get(1)?),
        kind: word(r, 2, EventKind::parse)?,
        status: word(r, 3, EventStatus::parse)?,
        amount_minor: r.get(4)?,
        event_on: r.get(5)?,
        at: r.get(6)?,
        key: r.get(7)?,
        reference: r.get(8)?,
        reply: r.get(9)?,
        gateway_at: r.get(10)?,
        next_look_up_at: r.get(11)?,
        look_ups: r.get(12)?,
        value_on: r.get(13)?,
        fee_minor: r.get(14)?,
        loss_minor: r.get(15)?,
    })
}

/// Writes an event; `id` and `at` of the row are given by the book.
pub fn insert_event(tx: &Tx<'_>, event: &EventRow) -> Result<i64, StoreError> {
    let key = tx.insert(
        "INSERT INTO payment_event (payment_id, kind, status, amount_minor, event_on, at, key,
            reference, reply, gateway_at, next_look_up_at, value_on, fee_minor, loss_minor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        (
            event.payment.0,
            event.kind.as_str(),
            event.status.as_str(),
            event.amount_minor,
            event.event_on,
            tx.now().at_ms,
            &event.key,
            &event.reference,
            &event.reply,
            event.gateway_at,
            event.next_look_up_at,
            event.value_on,
            event.fee_minor,
            event.loss_minor,
        ),
    )?;
    tx.touch(Topic::Payments);
    let id = key;
    let payment = super::get(tx, event.payment)?;
    if let Some(kind) = deed_of(event, payment.status) {
        let deed = NewDeed::new(payment.account, kind, event.amount_minor, payment.currency);
        deed::enter(tx, &NewDeed { payment: Some(payment.id), event: Some(id), ..deed })?;
    }
    Ok(id)
}

/// What a person does by an event; what the gateway tells is nobody's deed.
fn deed_of(event: &EventRow, payment: PaymentStatus) -> Option<DeedKind> {
    match (event.kind, event.status, event.key.is_some()) {
        (EventKind::Refund, EventStatus::Processing, _) => Some(DeedKind::Refund),
        (EventKind::Evidence, ..) if payment == PaymentStatus::Approved => Some(DeedKind::Money),
        (EventKind::ChargebackWon, _, false) => Some(DeedKind::Money),
        (
            EventKind::Refund
            | EventKind::Evidence
            | EventKind::ChargebackWon
            | EventKind::Settlement
            | EventKind::Return
            | EventKind::Chargeback
            | EventKind::LateSuccess,
            ..,
        ) => None,
    }
}

pub fn event(db: &Db<'_>, id: i64) -> Result<EventRow, StoreError> {
    db.one(&format!("SELECT {EVENT} FROM payment_event WHERE id = ?1"), [id], event_row)
}

/// The event with this key.
pub fn event_of_key(db: &Db<'_>, key: &str) -> Result<Option<EventRow>, StoreError> {
    db.opt(&format!("SELECT {EVENT} FROM payment_event WHERE key = ?1"), [key], event_row)
}

/// Gives an event that a person recorded the gateway's key, if there is one of this kind and amount
/// without a key; whether there was.
pub fn adopt_event(
    tx: &Tx<'_>,
    payment: PaymentId,
    kind: EventKind,
    amount_minor: i64,
    key: &str,
) -> Result<bool, StoreError> {
    let changed = tx.run(
        "UPDATE payment_event SET key = ?4 WHERE id = (SELECT min(id) FROM payment_event
         WHERE payment_id = ?1 AND kind = ?2 AND amount_minor = ?3 AND +key IS NULL
         AND status = 'Done')",
        (payment.0, kind.as_str(), amount_minor, key),
    )?;
    Ok(changed > 0)
}

/// The events of a payment, oldest first.
pub fn events(db: &Db<'_>, payment: PaymentId) -> Result<Vec<EventRow>, StoreError> {
    db.all(
        &format!("SELECT {EVENT} FROM payment_event WHERE payment_id = ?1 ORDER BY id"),
        [payment.0],
        event_row,
    )
}

const OPEN: &str = "kind = 'refund' AND status IN ('Processing','Unknown')";

/// Unanswered refunds whose look-up is due.
pub fn refunds_due(db: &Db<'_>, now_ms: i64) -> Result<Vec<EventRow>, StoreError> {
    open(db, "next_look_up_at <= ?1", [now_ms])
}

/// Unanswered refunds that a person must clear up: not looked up any more, or unknown for too long.
pub fn refund_exceptions(db: &Db<'_>, now_ms: i64) -> Result<Vec<EventRow>, StoreError> {
    let long_ago = now_ms - UNKNOWN_BEFORE_A_PERSON_MS;
    open(db, "(next_look_up_at IS NULL OR (status = 'Unknown' AND at <= ?1))", [long_ago])
}

fn open<P: Params>(db: &Db<'_>, tail: &str, params: P) -> Result<Vec<EventRow>, StoreError> {
    db.all(
        &format!("SELECT {EVENT} FROM payment_event WHERE {OPEN} AND {tail} ORDER BY id"),
        params,
        event_row,
    )
}

/// Notes when an unanswered refund is looked up next (none = a person's), how often it was, and what
/// was heard.
pub fn next_refund_look_up(
    tx: &Tx<'_>,
    id: i64,
    next_at: Option<i64>,
    look_ups: u32,
    reply: &str,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_event SET next_look_up_at = ?2, look_ups = ?3, reply = ?4 WHERE id = ?1",
        (id, next_at, look_ups, reply),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// Makes every unanswered refund due for a look-up now.
pub(super) fn ask_now(tx: &Tx<'_>) -> Result<usize, StoreError> {
    let sql = format!("UPDATE payment_event SET next_look_up_at = ?1 WHERE {OPEN}");
    tx.run(&sql, [tx.now().at_ms])
}

/// Notes what of a refund is a loss: it had been taken back before, minor units.
pub fn set_loss(tx: &Tx<'_>, id: i64, loss_minor: i64) -> Result<(), StoreError> {
    let sql = "UPDATE payment_event SET loss_minor = ?2 WHERE id = ?1";
    tx.run(sql, (id, loss_minor))?;
    Ok(())
}

/// Records what became of a refund.
pub fn end_event(
    tx: &Tx<'_>,
    id: i64,
    status: EventStatus,
    reference: &str,
    reply: &str,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment_event SET status = ?2, reference = ?3, reply = ?4, next_look_up_at = NULL
         WHERE id = ?1",
        (id, status.as_str(), reference, reply),
    )?;
    // What it was to take is free again where it failed.
    let payment: i64 =
        tx.one("SELECT payment_id FROM payment_event WHERE id = ?1", [id], |r| r.get(0))?;
    tx.stir_payment(PaymentId(payment));
    tx.touch(Topic::Payments);
    Ok(())
}
