//! What a payment run would make of each open document, kept in the transaction that moves it, with its
//! sums: see `migrations/0026_collectible.sql`. Triggers note which documents a transaction stirs; at
//! its end those are worked out anew.

use super::debt::RICH;
use super::face::Row;
use super::payment_run::{Open, open_of};
use super::tally::Tally;
use super::{Db, StoreError, Tx, money};
use crate::clock::Now;
use chrono::NaiveDate;

/// At the end of every transaction: works out anew what it stirred.
pub(super) fn settle(tx: &Tx<'_>) -> Result<(), StoreError> {
    if !is_stirred(tx)? {
        return Ok(());
    }
    for step in [
        "DELETE FROM collectible WHERE document_id IN (SELECT document_id FROM collectible_stirred)",
        "INSERT INTO collectible SELECT n.* FROM collectible_stirred t
         CROSS JOIN collectible_now n ON n.document_id = t.document_id",
        "DELETE FROM collectible_stirred",
    ] {
        tx.run(step, [])?;
    }
    Ok(())
}

/// Whether this transaction moved something that is not worked out yet.
fn is_stirred(db: &Db<'_>) -> Result<bool, StoreError> {
    db.any("SELECT 1 FROM collectible_stirred", [])
}

fn sums(db: &Db<'_>, sql: &str, day: &str) -> Result<Tally, StoreError> {
    let mut all = Tally::default();
    db.each(sql, [day], |r: &Row<'_>| {
        all.count += r.get::<i64>(1)?;
        all.money.add(money(r, 0, 2)?)?;
        Ok(())
    })?;
    Ok(all)
}

/// What the screen Failed lists as failed; none while a transaction has moved some of it.
pub fn failed(db: &Db<'_>) -> Result<Option<Tally>, StoreError> {
    if is_stirred(db)? {
        return Ok(None);
    }
    let all = "SELECT currency, count, sum_minor FROM collectible_sum
        WHERE name = 'failed' AND from_on = ?1 AND count <> 0";
    Ok(Some(sums(db, all, "")?))
}

/// What a payment run of all that is due on `today` takes for certain: (all of it, that part of it whose
/// accounts may have credits). None while a transaction has moved some of it.
pub fn certain(db: &Db<'_>, today: NaiveDate) -> Result<Option<(Tally, Tally)>, StoreError> {
    if is_stirred(db)? {
        return Ok(None);
    }
    let all = "SELECT currency, sum(count), sum(sum_minor) FROM collectible_sum
        WHERE name = 'charge' AND from_on <= ?1 GROUP BY 1";
    let rich = format!(
        "SELECT c.currency, count(*), sum(c.balance_minor) FROM {RICH} r
         CROSS JOIN collectible c ON c.account_id = r.account_id
         WHERE c.verdict = 'charge' AND c.due_on <= ?1 AND c.until_on >= ?1 GROUP BY 1"
    );
    let today = today.to_string();
    Ok(Some((sums(db, all, &today)?, sums(db, &rich, &today)?)))
}

/// Hands over what is due now and has to be judged one by one, oldest due first: what is not
/// certain, and all of accounts that may have credits.
pub fn doubtful(
    db: &Db<'_>,
    now: Now,
    take: impl FnMut(Open) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let which = format!(
        "(SELECT document_id FROM collectible INDEXED BY collectible_ask
            WHERE verdict = 'ask' AND ask_at <= {}
          UNION SELECT document_id FROM collectible INDEXED BY collectible_until
            WHERE verdict = 'charge' AND until_on < '9999-12-31' AND until_on < ?1
          UNION SELECT c.document_id FROM {RICH} r
            CROSS JOIN collectible c ON c.account_id = r.account_id)",
        now.at_ms
    );
    open_of(db, &which, now.today, take)
}
