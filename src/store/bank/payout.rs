//! Payouts of gateways: what each says, and whether the bank has it.

use crate::domain::bank::PayoutState;
use crate::domain::ids::PaymentId;
use crate::domain::money::{Currency, total};
use crate::store::face::{Row, params};
use crate::store::payment::{EventKind, EventStatus};
use crate::store::{Db, StoreError, Topic, Tx, payment, word};
use chrono::NaiveDate;

/// A payout as it is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayout {
    pub gateway: String,
    /// The gateway's name for it.
    pub name: String,
    /// The gateway's day.
    pub value_on: NaiveDate,
    /// The day on which it counts here.
    pub booked_on: NaiveDate,
    pub currency: Currency,
    /// Minor units.
    pub gross_minor: i64,
    pub fee_minor: i64,
    /// SHA-256 of all that it says.
    pub hash: Vec<u8>,
    pub rows: Vec<NewPayoutRow>,
}

/// One row of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayoutRow {
    pub kind: String,
    pub reference: String,
    pub payment: Option<PaymentId>,
    /// Minor units.
    pub gross_minor: i64,
    pub fee_minor: i64,
    /// What is booked here of it; none = not known.
    pub expected_minor: Option<i64>,
}

/// A payout as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRow {
    pub id: i64,
    pub gateway: String,
    pub name: String,
    pub state: PayoutState,
    pub booked_on: NaiveDate,
    pub currency: Currency,
    pub net_minor: i64,
    pub hash: Vec<u8>,
}

fn row(r: &Row<'_>) -> Result<PayoutRow, StoreError> {
    Ok(PayoutRow {
        id: r.get(0)?,
        gateway: r.get(1)?,
        name: r.get(2)?,
        state: word(r, 3, PayoutState::parse)?,
        booked_on: r.get(4)?,
        currency: word(r, 5, Currency::parse)?,
        net_minor: r.get(6)?,
        hash: r.get(7)?,
    })
}

const COLUMNS: &str = "id, gateway, name, state, booked_on, currency, net_minor, hash";

pub fn get(db: &Db<'_>, id: i64) -> Result<PayoutRow, StoreError> {
    db.one(&format!("SELECT {COLUMNS} FROM payout WHERE id = ?1"), [id], row)
}

/// Payouts of this name, of whichever gateway.
pub fn named(db: &Db<'_>, name: &str) -> Result<Vec<PayoutRow>, StoreError> {
    db.all(&format!("SELECT {COLUMNS} FROM payout WHERE name = ?1 ORDER BY id"), [name], row)
}

/// Those on their way to the bank.
pub fn on_the_way(db: &Db<'_>) -> Result<Vec<PayoutRow>, StoreError> {
    db.all(
        &format!("SELECT {COLUMNS} FROM payout WHERE state = 'Booked' ORDER BY booked_on, id"),
        [],
        row,
    )
}

pub fn insert(tx: &Tx<'_>, new: &NewPayout) -> Result<i64, StoreError> {
    let id = tx.insert(
        "INSERT INTO payout (gateway, name, state, value_on, booked_on, currency, gross_minor, fee_minor,
           net_minor, hash) VALUES (?1, ?2, 'Booked', ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            new.gateway,
            new.name,
            new.value_on,
            new.booked_on,
            new.currency.code(),
            new.gross_minor,
            new.fee_minor,
            new.gross_minor - new.fee_minor,
            new.hash
        ],
    )?;
    for one in &new.rows {
        tx.run(
            "INSERT INTO payout_row (payout_id, kind, reference, payment_id, gross_minor, fee_minor,
               expected_minor) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                one.kind,
                one.reference,
                one.payment.map(|p| p.0),
                one.gross_minor,
                one.fee_minor,
                one.expected_minor
            ],
        )?;
    }
    tx.touch(Topic::Payments);
    Ok(id)
}

pub fn stand(tx: &Tx<'_>, id: i64, state: PayoutState) -> Result<(), StoreError> {
    tx.run("UPDATE payout SET state = ?2 WHERE id = ?1", (id, state.as_str()))?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// The payment that a reference of a gateway names, and its gateway.
pub fn payment_of(
    db: &Db<'_>,
    reference: &str,
    currency: Currency,
) -> Result<Option<(PaymentId, String)>, StoreError> {
    let by = |what: &str, value: &str| {
        let sql = format!(
            "SELECT id, gateway FROM payment WHERE {what} AND status = 'Approved' AND currency = ?2
             AND moved_from IS NULL ORDER BY id LIMIT 1"
        );
        db.opt(&sql, (value, currency.code()), |r| Ok((PaymentId(r.get(0)?), r.get(1)?)))
    };
    if let Some(id) = PaymentId::parse(reference)
        && let Some(found) = by("id = ?1", &id.0.to_string())?
    {
        return Ok(Some(found));
    }
    match by("gateway_ref = ?1 AND gateway_ref <> ''", reference)? {
        Some(found) => Ok(Some(found)),
        None => by("idempotency_key = ?1", reference),
    }
}

/// What is booked here of a payment and was not paid out before: what came, or what went back of it (below
/// zero), minor units.
pub fn expected(db: &Db<'_>, id: PaymentId, gross_minor: i64) -> Result<i64, StoreError> {
    if gross_minor > 0 {
        // What was paid out before is not paid out again.
        let before: i64 = db.one(
            "SELECT coalesce(sum(gross_minor), 0) FROM payout_row WHERE payment_id = ?1 AND gross_minor > 0",
            [id.0],
            |r| r.get(0),
        )?;
        return Ok(payment::get(db, id)?.amount_minor - before);
    }
    let events = payment::events(db, id)?;
    let back = |e: &&payment::EventRow| match e.kind {
        EventKind::Refund | EventKind::Return | EventKind::Chargeback => {
            e.status == EventStatus::Done
        }
        EventKind::Settlement
        | EventKind::ChargebackWon
        | EventKind::LateSuccess
        | EventKind::Evidence => false,
    };
    let same = events.iter().filter(back).any(|e| e.amount_minor == -gross_minor);
    if same {
        return Ok(gross_minor);
    }
    Ok(-total(events.iter().filter(back).map(|e| e.amount_minor))?)
}
