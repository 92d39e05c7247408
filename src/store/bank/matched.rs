//! What parts of lines were matched to, and which IBAN pays for which account.

use crate::domain::bank::MatchKind;
use crate::domain::ids::{AccountId, LineId, PaymentId};
use crate::store::face::Row;
use crate::store::payment::{NewPayment, put};
use crate::store::{Db, StoreError, Topic, Tx, word};
use chrono::NaiveDate;

/// A part of a line and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMatch {
    pub line: LineId,
    pub kind: MatchKind,
    /// Minor units in the sign of the line.
    pub amount_minor: i64,
    pub on: NaiveDate,
    pub payment: Option<PaymentId>,
    pub payout: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRow {
    pub id: i64,
    pub line: LineId,
    pub kind: MatchKind,
    pub amount_minor: i64,
    pub on: NaiveDate,
    pub payment: Option<PaymentId>,
    pub payout: Option<i64>,
    /// Who said so, or read the statement.
    pub user: String,
}

fn row(r: &Row<'_>) -> Result<MatchRow, StoreError> {
    Ok(MatchRow {
        id: r.get(0)?,
        line: LineId(r.get(1)?),
        kind: word(r, 2, MatchKind::parse)?,
        amount_minor: r.get(3)?,
        on: r.get(4)?,
        payment: r.get::<Option<i64>>(5)?.map(PaymentId),
        payout: r.get(6)?,
        user: r.get(7)?,
    })
}

pub fn insert(tx: &Tx<'_>, new: &NewMatch) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO bank_match (line_id, kind, amount_minor, matched_on, payment_id, payout_id,
           user_name, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            new.line.0,
            new.kind.as_str(),
            new.amount_minor,
            new.on,
            new.payment.map(|p| p.0),
            new.payout,
            &tx.actor().name,
            tx.now().at_ms,
        ),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// What of a line stands, in the order in which it was matched.
pub fn of_line(db: &Db<'_>, line: LineId) -> Result<Vec<MatchRow>, StoreError> {
    db.all(
        "SELECT id, line_id, kind, amount_minor, matched_on, payment_id, payout_id,
           user_name FROM bank_match
         WHERE line_id = ?1 AND undone_on IS NULL ORDER BY id",
        [line.0],
        row,
    )
}

/// The line that a payment came by, or was found on, if one.
pub fn of_payment(db: &Db<'_>, payment: PaymentId) -> Result<Option<MatchRow>, StoreError> {
    db.opt(
        "SELECT id, line_id, kind, amount_minor, matched_on, payment_id, payout_id,
           user_name FROM bank_match
         WHERE payment_id = ?1 AND undone_on IS NULL AND kind IN ('payment','recorded') LIMIT 1",
        [payment.0],
        row,
    )
}

/// Returns of a payment that no line of a bank has, of just this amount.
pub fn returned_by_hand(db: &Db<'_>, payment: PaymentId, minor: i64) -> Result<bool, StoreError> {
    db.one(
        "SELECT (SELECT count(*) FROM payment_event WHERE payment_id = ?1 AND status = 'Done'
                  AND kind IN ('return','refund','chargeback') AND amount_minor = ?2)
              > (SELECT count(*) FROM bank_match WHERE payment_id = ?1 AND undone_on IS NULL
                  AND amount_minor = -?2 AND kind IN ('return','recorded'))",
        (payment.0, minor),
        |r| r.get(0),
    )
}

pub fn undo(tx: &Tx<'_>, id: i64, on: NaiveDate) -> Result<(), StoreError> {
    tx.run("UPDATE bank_match SET undone_on = max(?2, matched_on) WHERE id = ?1", (id, on))?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// A payment that a line of a bank is: nobody's word, and so no deed of a person.
pub fn payment(tx: &Tx<'_>, new: &NewPayment) -> Result<PaymentId, StoreError> {
    put(tx, new)
}

/// How many parts a line had, undone ones too.
pub fn count(db: &Db<'_>, line: LineId) -> Result<i64, StoreError> {
    db.one("SELECT count(*) FROM bank_match WHERE line_id = ?1", [line.0], |r| r.get(0))
}

/// An IBAN paid for an account.
pub fn learn(tx: &Tx<'_>, iban: &str, account: AccountId) -> Result<(), StoreError> {
    if iban.is_empty() {
        return Ok(());
    }
    tx.run(
        "INSERT INTO bank_payer (iban, account_id, told, times) VALUES (?1, ?2, 0, 1)
         ON CONFLICT DO UPDATE SET times = times + 1",
        (iban, account.0),
    )?;
    Ok(())
}

/// It did not after all.
pub fn unlearn(tx: &Tx<'_>, iban: &str, account: AccountId) -> Result<(), StoreError> {
    tx.run(
        "UPDATE bank_payer SET times = max(0, times - 1) WHERE iban = ?1 AND account_id = ?2",
        (iban, account.0),
    )?;
    tx.run(
        "DELETE FROM bank_payer WHERE iban = ?1 AND account_id = ?2 AND told = 0 AND times = 0",
        (iban, account.0),
    )?;
    Ok(())
}
