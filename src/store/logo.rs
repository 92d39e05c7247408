//! Logos that were ever printed, by their hash: a posted document keeps the one of its day.

use super::{Db, StoreError, Tx};

/// Keeps a logo and makes it the one that posting freezes; none = no logo from now on.
pub fn choose(tx: &Tx<'_>, logo: Option<(&str, &[u8])>) -> Result<(), StoreError> {
    tx.run("UPDATE logo SET chosen = 0 WHERE chosen = 1", [])?;
    if let Some((hash, png)) = logo {
        tx.run(
            "INSERT INTO logo (hash, png, chosen, added_at) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT (hash) DO UPDATE SET chosen = 1",
            (hash, png, tx.now().at_ms),
        )?;
    }
    Ok(())
}

/// The hash of the logo that is printed now; empty = none.
pub fn chosen(db: &Db<'_>) -> Result<String, StoreError> {
    let hash = db.opt("SELECT hash FROM logo WHERE chosen = 1", [], |r| r.get(0))?;
    Ok(hash.unwrap_or_default())
}

/// The file of a hash.
pub fn png(db: &Db<'_>, hash: &str) -> Result<Vec<u8>, StoreError> {
    db.opt("SELECT png FROM logo WHERE hash = ?1", [hash], |r| r.get(0))?
        .ok_or_else(|| StoreError::NotFound(format!("logo {hash}")))
}
