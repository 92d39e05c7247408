//! Notices: what happened while nobody looked, and what needs a person.

use super::{StoreError, Topic, Tx};

/// Asks a person for something. One key makes one notice, however often it is asked for.
pub fn task(tx: &Tx<'_>, key: &str, subject: &str, text: &str) -> Result<(), StoreError> {
    tx.conn().execute(
        "INSERT INTO notice (at, level, text, subject, key) VALUES (?1, 'task', ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING",
        (tx.now().at_ms, text, subject, key),
    )?;
    tx.touch(Topic::Notices);
    Ok(())
}

/// The task of a key is done.
pub fn done(tx: &Tx<'_>, key: &str) -> Result<(), StoreError> {
    tx.conn().execute(
        "UPDATE notice SET done_at = ?2 WHERE key = ?1 AND done_at IS NULL",
        (key, tx.now().at_ms),
    )?;
    tx.touch(Topic::Notices);
    Ok(())
}
