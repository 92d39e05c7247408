//! Until when a bank can take a payment back by itself.

use crate::store::payment::PaymentRow;
use crate::store::{Db, StoreError, method_state};
use chrono::NaiveDate;

/// The last day on which the bank can still take a payment's money back by itself, if that is to
/// come: what is refunded until then may go back twice.
pub fn bank_may_take_back(
    db: &Db<'_>,
    payment: &PaymentRow,
    today: NaiveDate,
) -> Result<Option<NaiveDate>, StoreError> {
    let (Some(method), Some(came)) = (payment.method, payment.received_on) else {
        return Ok(None);
    };
    let until = method_state::get(db, method)?.kind.taken_back_until(came);
    Ok(until.filter(|day| *day >= today))
}

/// [`bank_may_take_back`] in words, from a semicolon on; empty = nothing to say.
pub fn window_words(
    db: &Db<'_>,
    payment: &PaymentRow,
    today: NaiveDate,
) -> Result<String, StoreError> {
    Ok(match bank_may_take_back(db, payment, today)? {
        Some(day) => format!(
            "; the bank can still take {} back until {day}: refunded before, the money may go back twice",
            payment.id
        ),
        None => String::new(),
    })
}
