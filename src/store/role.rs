//! Roles by OS user, and the check that every write passes inside its transaction.

use super::{Db, StoreError, Tx, word};
use crate::domain::actor::{Actor, Role, Verb, permitted};
use rusqlite::OptionalExtension;

/// The role with which `actor` may do `verb`, or who may not.
///
/// Until roles are set the book's creator is everything; an unknown user is a viewer.
pub fn authorize(db: &Db<'_>, actor: &Actor, verb: Verb) -> Result<Role, StoreError> {
    let roles = roles_of(db, actor)?;
    if let Some(role) = roles.iter().find(|r| permitted(**r, verb)) {
        return Ok(*role);
    }
    Err(StoreError::Forbidden {
        user: actor.name.clone(),
        role: roles.first().copied().unwrap_or(Role::Viewer),
        verb,
    })
}

/// The roles of a user; never empty.
pub fn roles_of(db: &Db<'_>, actor: &Actor) -> Result<Vec<Role>, StoreError> {
    let mut statement = db.conn().prepare_cached("SELECT role FROM role WHERE uid = ?1")?;
    let mut roles: Vec<Role> =
        statement.query_map([actor.uid], |r| word(r, 0, Role::parse))?.collect::<Result<_, _>>()?;
    if roles.is_empty() {
        let creator: Option<u32> = db
            .conn()
            .prepare_cached("SELECT creator_uid FROM book WHERE one = 1")?
            .query_row([], |r| r.get(0))
            .optional()?;
        let any = db.conn().prepare_cached("SELECT 1 FROM role LIMIT 1")?.exists([])?;
        roles.push(match (creator == Some(actor.uid), any) {
            (true, false) => Role::Everything,
            (true, true) => Role::Admin,
            (false, _) => Role::Viewer,
        });
    }
    Ok(roles)
}

/// Every role that was set.
pub fn list(db: &Db<'_>) -> Result<Vec<(u32, Role)>, StoreError> {
    let mut statement =
        db.conn().prepare_cached("SELECT uid, role FROM role ORDER BY uid, role")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, word(r, 1, Role::parse)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Gives a user a role (a user may have several).
pub fn grant(tx: &Tx<'_>, uid: u32, role: Role) -> Result<(), StoreError> {
    tx.conn().execute(
        "INSERT INTO role (uid, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        (uid, role.as_str()),
    )?;
    Ok(())
}

/// Takes a role away.
pub fn revoke(tx: &Tx<'_>, uid: u32, role: Role) -> Result<(), StoreError> {
    tx.conn().execute("DELETE FROM role WHERE uid = ?1 AND role = ?2", (uid, role.as_str()))?;
    Ok(())
}
