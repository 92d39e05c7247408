//! When each gateway was asked what went back of its charges. A gateway has a row from its first
//! payment on.

use super::{Db, StoreError, Tx};

/// How often a gateway is asked, ms: every six hours, as about what the bank has.
pub const EVERY_MS: i64 = 6 * 3_600_000;

/// Where the asking of one gateway stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    pub gateway: String,
    /// Everything before this is known, UTC ms.
    pub through_at: i64,
    /// When it is asked next, UTC ms.
    pub next_at: i64,
}

/// Every gateway that has taken money.
pub fn all(db: &Db<'_>) -> Result<Vec<Poll>, StoreError> {
    db.all("SELECT gateway, through_at, next_at FROM gateway_poll ORDER BY gateway", [], |r| {
        Ok(Poll { gateway: r.get(0)?, through_at: r.get(1)?, next_at: r.get(2)? })
    })
}

/// Notes that a gateway is about to get its first payment, if it is the first.
pub(in crate::store) fn begin(tx: &Tx<'_>, gateway: &str) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO gateway_poll (gateway, through_at, next_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (gateway) DO NOTHING",
        (gateway, tx.now().at_ms, tx.now().at_ms + EVERY_MS),
    )?;
    Ok(())
}

/// Notes how far a gateway was asked; never back.
pub fn put(tx: &Tx<'_>, poll: &Poll) -> Result<(), StoreError> {
    tx.run(
        "UPDATE gateway_poll SET through_at = max(through_at, ?2), next_at = ?3 WHERE gateway = ?1",
        (&poll.gateway, poll.through_at, poll.next_at),
    )?;
    Ok(())
}

/// How far this machine's clock was ahead of each gateway's when it was compared last, ms.
pub fn clocks_off(db: &Db<'_>) -> Result<Vec<(String, Option<i64>)>, StoreError> {
    db.all("SELECT gateway, clock_off_ms FROM gateway_poll ORDER BY gateway", [], |r| {
        Ok((r.get(0)?, r.get(1)?))
    })
}

/// Notes how far it is.
pub fn put_clock_off(tx: &Tx<'_>, gateway: &str, off_ms: i64) -> Result<(), StoreError> {
    tx.run("UPDATE gateway_poll SET clock_off_ms = ?2 WHERE gateway = ?1", (gateway, off_ms))?;
    Ok(())
}
