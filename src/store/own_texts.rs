//! Texts of the issuer's own that were ever chosen, by their hash: a posted document keeps those of its day.

use super::{Db, StoreError, Tx};

/// Keeps a file and makes it the one that posting freezes; none = daybook's own texts from now on.
pub fn choose(tx: &Tx<'_>, texts: Option<(&str, &str)>) -> Result<(), StoreError> {
    tx.run("UPDATE own_texts SET chosen = 0 WHERE chosen = 1", [])?;
    if let Some((hash, file)) = texts {
        tx.run(
            "INSERT INTO own_texts (hash, file, chosen, added_at) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT (hash) DO UPDATE SET chosen = 1",
            (hash, file, tx.now().at_ms),
        )?;
    }
    Ok(())
}

/// The hash of the texts that hold now; empty = none.
pub fn chosen(db: &Db<'_>) -> Result<String, StoreError> {
    let hash = db.opt("SELECT hash FROM own_texts WHERE chosen = 1", [], |r| r.get(0))?;
    Ok(hash.unwrap_or_default())
}

/// The file of a hash.
pub fn file(db: &Db<'_>, hash: &str) -> Result<String, StoreError> {
    db.opt("SELECT file FROM own_texts WHERE hash = ?1", [hash], |r| r.get(0))?
        .ok_or_else(|| StoreError::NotFound(format!("texts {hash}")))
}
