//! What reminders claim for late payment, and the documents that it is booked by.

use super::{Db, StoreError, Tx, reminder_sent};
use crate::domain::damages::{Claim, Interest};
use crate::domain::ids::{DocumentId, ReminderId};
use crate::domain::money::Currency;
use chrono::NaiveDate;

/// A claim that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What is paid late.
    pub document: DocumentId,
    pub claim: Claim,
}

/// Writes down what a reminder claims.
pub fn insert(tx: &Tx<'_>, id: ReminderId, of: &Claimed) -> Result<(), StoreError> {
    let interest = of.claim.interest.as_ref();
    tx.run(
        "INSERT INTO reminder_fee (reminder_id, document_id, flat_minor, interest_minor, interest_from_on,
           interest_to_on, law) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            id.0,
            of.document.0,
            of.claim.flat.map_or(0, |money| money.minor),
            interest.map_or(0, |interest| interest.money.minor),
            interest.map(|interest| interest.from),
            interest.map(|interest| interest.to),
            &of.claim.source,
        ),
    )?;
    Ok(())
}

/// Whether the flat sum of a document was claimed, and until which day interest was. What never left claims
/// nothing.
pub fn so_far(db: &Db<'_>, document: DocumentId) -> Result<(bool, Option<NaiveDate>), StoreError> {
    db.one(
        "SELECT coalesce(max(f.flat_minor), 0) > 0, max(f.interest_to_on) FROM reminder_fee f
         JOIN reminder r ON r.id = f.reminder_id
         WHERE f.document_id = ?1 AND (f.fee_id IS NOT NULL OR r.state = 'sending')",
        [document.0],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
}

/// What of a reminder is not booked.
pub fn unbooked(db: &Db<'_>, id: ReminderId) -> Result<Vec<Claimed>, StoreError> {
    db.all(
        "SELECT f.document_id, d.currency, f.flat_minor, f.interest_minor, f.interest_from_on,
           f.interest_to_on, f.law
         FROM reminder_fee f JOIN document d ON d.id = f.document_id
         WHERE f.reminder_id = ?1 AND +f.fee_id IS NULL ORDER BY f.document_id",
        [id.0],
        |r| {
            let currency: Currency = super::word(r, 1, Currency::parse)?;
            let (flat, interest): (i64, i64) = (r.get(2)?, r.get(3)?);
            let days: (Option<NaiveDate>, Option<NaiveDate>) = (r.get(4)?, r.get(5)?);
            let interest = match days {
                (Some(from), Some(to)) => {
                    Some(Interest { money: currency.amount(interest), from, to })
                }
                (None, _) | (_, None) => None,
            };
            Ok(Claimed {
                document: DocumentId(r.get(0)?),
                claim: Claim {
                    flat: (flat > 0).then(|| currency.amount(flat)),
                    interest,
                    source: r.get(6)?,
                    doubts: Vec::new(),
                },
            })
        },
    )
}

/// Keeps which document books a claim: nothing charges it, and it is reminded of with its account alone.
pub fn booked(
    tx: &Tx<'_>,
    id: ReminderId,
    (document, fee): (DocumentId, DocumentId),
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE reminder_fee SET fee_id = ?3 WHERE reminder_id = ?1 AND document_id = ?2",
        (id.0, document.0, fee.0),
    )?;
    tx.run("UPDATE document_state SET auto_pay_off = 1 WHERE document_id = ?1", [fee.0])?;
    Ok(())
}

/// Reminders that were written down before a moment (UTC ms) and of which nobody said what became: whoever
/// sent them died.
pub fn left_over(db: &Db<'_>, before_ms: i64) -> Result<Vec<ReminderId>, StoreError> {
    db.all(
        "SELECT id FROM reminder INDEXED BY reminder_sending WHERE state = 'sending' AND made_at < ?1",
        [before_ms],
        |r| Ok(ReminderId(r.get(0)?)),
    )
}

/// What is open of earlier claims on an account: number, day and what is owed, with its currency.
pub fn open_of(
    db: &Db<'_>,
    account: crate::domain::ids::AccountId,
) -> Result<Vec<super::debt::Debt>, StoreError> {
    let mut open = super::debt::open_of(db, account)?;
    let fees: Vec<i64> = db.all(
        "SELECT f.fee_id FROM reminder_fee f JOIN reminder r ON r.id = f.reminder_id
         WHERE r.account_id = ?1 AND f.fee_id IS NOT NULL",
        [account.0],
        |r| r.get(0),
    )?;
    open.retain(|debt| fees.contains(&debt.document.0));
    Ok(open)
}

/// Says of every address of a reminder that it may have gone there: nobody knows.
pub fn perhaps(tx: &Tx<'_>, id: ReminderId) -> Result<(), StoreError> {
    use crate::domain::reminder::ReminderCopyState as S;
    let Some(sent) = reminder_sent::get(tx, id)? else { return Ok(()) };
    for copy in sent.copies.iter().filter(|copy| copy.state == S::Sending) {
        let words = "whoever sent it died";
        reminder_sent::answer(tx, id, (copy.seq, S::Unconfirmed, words))?;
    }
    reminder_sent::sum_up(tx, id)?;
    Ok(())
}
