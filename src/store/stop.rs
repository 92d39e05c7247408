//! Stops of accounts: insolvent, deceased. An open one stops runs, retries and reminders of all its account.

use super::face::Row;
use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::ids::AccountId;
use crate::domain::stop::{NewStop, Stop, StopKind};

/// Why the account of `document_state s` is stopped, a word of [`StopKind`] or null, for statements made at
/// compile time.
macro_rules! stop {
    () => {
        "(SELECT t.kind FROM account_stop t WHERE t.account_id = s.account_id AND t.ended_at IS NULL)"
    };
}
pub(super) use stop;

fn map(r: &Row<'_>) -> Result<Stop, StoreError> {
    Ok(Stop {
        kind: word(r, 0, StopKind::parse)?,
        since_on: r.get(1)?,
        reason: r.get(2)?,
        said_by: r.get(3)?,
        said_at: r.get(4)?,
    })
}

/// The open stop of an account.
pub fn open_of(db: &Db<'_>, account: AccountId) -> Result<Option<Stop>, StoreError> {
    db.opt(
        "SELECT kind, since_on, reason, said_by, said_at FROM account_stop
         WHERE account_id = ?1 AND ended_at IS NULL",
        [account.0],
        map,
    )
}

/// Writes one; what stood before is over.
pub fn insert(tx: &Tx<'_>, new: &NewStop) -> Result<(), StoreError> {
    end(tx, new.account, new.kind.as_str())?;
    tx.run(
        "INSERT INTO account_stop (account_id, kind, since_on, reason, said_by, said_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            new.account.0,
            new.kind.as_str(),
            new.since.unwrap_or(tx.now().today),
            &new.reason,
            &tx.actor().name,
            tx.now().at_ms,
        ),
    )?;
    tx.touch(Topic::Payments);
    tx.touch(Topic::Accounts);
    Ok(())
}

/// Ends the open one.
pub fn end(tx: &Tx<'_>, account: AccountId, why: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE account_stop SET ended_by = ?2, ended_at = ?3, ended_why = ?4
         WHERE account_id = ?1 AND ended_at IS NULL",
        (account.0, &tx.actor().name, tx.now().at_ms, why),
    )?;
    tx.touch(Topic::Payments);
    tx.touch(Topic::Accounts);
    Ok(())
}
