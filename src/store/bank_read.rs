//! Through which day the bank is read: as its statements have it, and as people say.

use super::{Db, StoreError, Topic, Tx, bank};
use chrono::NaiveDate;

/// What was said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankRead {
    /// The last day of which all that came is in the book.
    pub through_on: NaiveDate,
    pub said_by: String,
    /// UTC milliseconds.
    pub said_at: i64,
}

/// What was said last; none where nobody ever did.
pub fn last(db: &Db<'_>) -> Result<Option<BankRead>, StoreError> {
    db.opt("SELECT through_on, said_by, said_at FROM bank_read ORDER BY id DESC LIMIT 1", [], |r| {
        Ok(BankRead { through_on: r.get(0)?, said_by: r.get(1)?, said_at: r.get(2)? })
    })
}

/// Until which day all that came is in the book: what the statements that were read reach, or further where a
/// clerk said so; none where nobody read one and nobody said so.
pub fn through(db: &Db<'_>) -> Result<Option<NaiveDate>, StoreError> {
    let said = last(db)?.map(|last| last.through_on);
    Ok(said.max(bank::read_through(db)?))
}

/// Says it.
pub fn say(tx: &Tx<'_>, through: NaiveDate) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO bank_read (through_on, said_by, said_at) VALUES (?1, ?2, ?3)",
        (through, &tx.actor().name, tx.now().at_ms),
    )?;
    tx.touch(Topic::Payments);
    Ok(())
}
