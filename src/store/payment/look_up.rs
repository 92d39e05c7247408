//! Payments that nobody has answered for: when they are asked about, and when they are a person's.

use super::{PaymentRow, event, rows};
use crate::domain::ids::PaymentId;
use crate::domain::payment_run::UNKNOWN_BEFORE_A_PERSON_MS;
use crate::store::{Db, StoreError, Topic, Tx};

/// Unanswered payments whose look-up is due, oldest first; calls that their maker may still be
/// recording (Processing) are left to the run that made them.
pub fn due_look_ups(db: &Db<'_>, now_ms: i64, limit: u32) -> Result<Vec<PaymentRow>, StoreError> {
    rows(
        db,
        "WHERE next_look_up_at <= ?1 AND status IN ('Submitted','Unknown') ORDER BY next_look_up_at, id LIMIT ?2",
        (now_ms, limit),
    )
}

/// Unanswered payments that a person must clear up: not looked up any more, or unknown for too long.
pub fn exceptions(db: &Db<'_>, now_ms: i64) -> Result<Vec<PaymentRow>, StoreError> {
    rows(
        db,
        "WHERE status IN ('Submitted','Unknown')
           AND (next_look_up_at IS NULL OR (status = 'Unknown' AND created_at <= ?1)) ORDER BY id",
        [now_ms - UNKNOWN_BEFORE_A_PERSON_MS],
    )
}

/// Makes unanswered payments due for a look-up now (all of them when none is named); gives how many.
pub fn ask_now(tx: &Tx<'_>, ids: &[PaymentId]) -> Result<usize, StoreError> {
    let now = tx.now().at_ms;
    tx.touch(Topic::Payments);
    if ids.is_empty() {
        return Ok(tx.run(
            "UPDATE payment SET next_look_up_at = ?1 WHERE status IN ('Submitted','Unknown')",
            [now],
        )? + event::ask_now(tx)?);
    }
    let sql = "UPDATE payment SET next_look_up_at = ?1 WHERE id = ?2
        AND status IN ('Submitted','Unknown')";
    let mut asked = 0;
    for id in ids {
        asked += tx.run(sql, (now, id.0))?;
    }
    Ok(asked)
}

/// Notes a look-up that was answered: the bank still has it.
pub fn still_submitted(tx: &Tx<'_>, id: PaymentId, next_at: i64) -> Result<(), StoreError> {
    tx.run("UPDATE payment SET look_ups = 0, next_look_up_at = ?2, version = version + 1 WHERE id = ?1", (id.0, next_at))?;
    tx.touch(Topic::Payments);
    Ok(())
}

/// Notes one more look-up that found nothing out.
pub fn looked_up(
    tx: &Tx<'_>,
    id: PaymentId,
    next_at: Option<i64>,
    reply: &str,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE payment SET look_ups = look_ups + 1, next_look_up_at = ?2, reply = ?3, version =
         version + 1 WHERE id = ?1",
        (id.0, next_at, reply),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}
