//! Roles by OS user, and the check that every write passes inside its transaction.

use super::{Db, StoreError, Topic, Tx, word};
use crate::domain::actor::{Actor, Role, Standing, Verb};

/// The role with which `actor` may do `verb`, or who may not.
pub fn authorize(db: &Db<'_>, actor: &Actor, verb: Verb) -> Result<Role, StoreError> {
    let standing = standing(db, actor.uid)?;
    standing.may(verb).ok_or_else(|| StoreError::Forbidden {
        user: actor.name.clone(),
        role: standing.own.first().copied().unwrap_or(Role::Viewer),
        verb,
    })
}

/// Where a user stands.
pub fn standing(db: &Db<'_>, uid: u32) -> Result<Standing, StoreError> {
    Ok(Standing::of(uid, creator(db)?, &list(db)?))
}

/// Who made the book.
pub fn creator(db: &Db<'_>) -> Result<u32, StoreError> {
    db.one("SELECT creator_uid FROM book WHERE one = 1", [], |r| r.get(0))
}

/// Every role that was set.
pub fn list(db: &Db<'_>) -> Result<Vec<(u32, Role)>, StoreError> {
    db.all("SELECT uid, role FROM role ORDER BY uid, role", [], |r| {
        Ok((r.get(0)?, word(r, 1, Role::parse)?))
    })
}

/// Gives a user a role (a user may have several).
pub fn grant(tx: &Tx<'_>, uid: u32, role: Role) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO role (uid, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        (uid, role.as_str()),
    )?;
    tx.touch(Topic::Settings);
    Ok(())
}

/// Takes a role away.
pub fn revoke(tx: &Tx<'_>, uid: u32, role: Role) -> Result<(), StoreError> {
    tx.run("DELETE FROM role WHERE uid = ?1 AND role = ?2", (uid, role.as_str()))?;
    tx.touch(Topic::Settings);
    Ok(())
}
