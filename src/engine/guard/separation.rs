//! Separation of duties, asked early: who records payments on an account gives nothing up there, and
//! the other way round, within `separation.window`. The row itself asks again (`store::deed`).

use crate::domain::ids::AccountId;
use crate::engine::Error;
use crate::store::deed::{self, Side};
use crate::store::{StoreError, Tx};

/// Refuses a memo, write-off or refund by somebody who recorded a payment on the account. The
/// creator of a book without roles is everything, and not bound.
pub fn refuse_both_hands(tx: &Tx<'_>, account: AccountId) -> Result<(), Error> {
    match deed::other_side(tx, tx.actor().uid, account, Side::Credit)? {
        None => Ok(()),
        Some(stop) => Err(StoreError::Rule(Box::new(stop)).into()),
    }
}
