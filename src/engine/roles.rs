//! Who may do what in a book: granting and revoking roles.

use super::{Error, Session};
use crate::domain::actor::{Role, Verb};
use crate::store::role;

/// Gives a user a role. The first role that is set ends the creator's "everything": the creator
/// stays admin unless given another.
pub fn grant(session: &mut Session, uid: u32, given: Role) -> Result<(), Error> {
    if given == Role::Everything {
        return Err(Error::usage(
            "no_such_role",
            "nobody is given everything: it is the creator's until roles are set",
            "give several roles instead",
        ));
    }
    session.write(Verb::Roles, |tx| {
        // Whoever sets the first role must still be able to set the next.
        if role::list(tx)?.is_empty() {
            role::grant(tx, tx.actor().uid, Role::Admin)?;
        }
        role::grant(tx, uid, given)?;
        tx.note("roles", format!("uid {uid} is {given}"));
        Ok(())
    })
}

/// Takes a role away; the last admin stays.
pub fn revoke(session: &mut Session, uid: u32, taken: Role) -> Result<(), Error> {
    session.write(Verb::Roles, |tx| {
        let all = role::list(tx)?;
        if !all.contains(&(uid, taken)) {
            return Err(Error::usage(
                "not_granted",
                format!("uid {uid} is not {taken}"),
                "daybook role list",
            ));
        }
        let admins = all.iter().filter(|(_, r)| *r == Role::Admin).count();
        if taken == Role::Admin && admins == 1 {
            return Err(Error::usage(
                "last_admin",
                "a book keeps at least one admin",
                "make another admin first",
            ));
        }
        role::revoke(tx, uid, taken)?;
        tx.note("roles", format!("uid {uid} is no longer {taken}"));
        Ok(())
    })
}
