//! Separation of duties: who records payments may not write off, refund or make memos on the same
//! account. Asked inside the transaction that does it.

use super::Error;
use crate::domain::actor::Role;
use crate::domain::ids::AccountId;
use crate::store::{Tx, memo};

/// Refuses a memo, write-off or refund by somebody who recorded a payment on the account. The
/// creator of a book without roles is everything, and not bound.
pub fn refuse_both_hands(tx: &Tx<'_>, account: AccountId) -> Result<(), Error> {
    if tx.role() != Role::Everything && memo::recorded_payments(tx, account, tx.actor().uid)? {
        return Err(Error::usage(
            "separation_of_duties",
            format!("{} recorded a payment on this account", tx.actor().name),
            "somebody else must write off, refund or make memos there",
        ));
    }
    Ok(())
}
