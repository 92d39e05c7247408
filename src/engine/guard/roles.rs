//! Who may do what in a book: granting and revoking roles, and what that does to the creator, who
//! holds every right until somebody else does.

use crate::domain::actor::{Role, Standing, Verb};
use crate::engine::{Error, Session};
use crate::store::job::{self, JobKind};
use crate::store::schedule::{self, ScheduleKind, ScheduleState};
use crate::store::{Db, StoreError, role};

/// A grant or a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Giving a role.
    Grant,
    /// Taking it.
    Revoke,
}

/// What a grant or a revocation does, beyond the role itself, to whoever made the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who made the book.
    pub creator: u32,
    /// What the creator may no longer do, because somebody else now may.
    pub lost: Vec<Verb>,
    /// What the creator may do again, because nobody else may any more.
    pub regained: Vec<Verb>,
    /// What the creator may do afterwards.
    pub kept: Vec<Verb>,
    /// Whether these are the first roles of the book: whoever sets them is written down as admin.
    pub first: bool,
    /// Open jobs and schedules of the creator that need a right which is lost.
    pub waiting: (usize, usize),
}

/// Gives a user a role; gives what that changes. Whoever sets the first role becomes admin by it, so
/// that they can set the next.
pub fn grant(session: &mut Session, uid: u32, given: Role) -> Result<Change, Error> {
    let change = preview(session, Step::Grant, uid, given)?;
    session.write(Verb::Roles, |tx| {
        if role::list(tx)?.is_empty() {
            role::grant(tx, tx.actor().uid, Role::Admin)?;
        }
        role::grant(tx, uid, given)?;
        tx.note("roles", format!("uid {uid} is {given}"));
        Ok(())
    })?;
    Ok(change)
}

/// Takes a role away; the last admin stays. Gives what that changes.
pub fn revoke(session: &mut Session, uid: u32, taken: Role) -> Result<Change, Error> {
    let change = preview(session, Step::Revoke, uid, taken)?;
    session.write(Verb::Roles, |tx| {
        refuse_last_admin(&role::list(tx)?, uid, taken)?;
        role::revoke(tx, uid, taken)?;
        tx.note("roles", format!("uid {uid} is no longer {taken}"));
        Ok(())
    })?;
    Ok(change)
}

fn refuse_last_admin(all: &[(u32, Role)], uid: u32, taken: Role) -> Result<(), Error> {
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
    Ok(())
}

/// What a grant or a revocation would do; changes nothing.
pub fn preview(session: &Session, step: Step, uid: u32, changed: Role) -> Result<Change, Error> {
    if step == Step::Grant && changed == Role::Everything {
        return Err(Error::usage(
            "no_such_role",
            "nobody is given everything: it is the creator's, right by right",
            "give several roles instead",
        ));
    }
    let (creator, given) = session.read(|db| Ok((role::creator(db)?, role::list(db)?)))?;
    let mut then = given.clone();
    match step {
        Step::Grant => {
            if given.is_empty() {
                then.push((session.actor.uid, Role::Admin));
            }
            then.push((uid, changed));
        }
        Step::Revoke => {
            refuse_last_admin(&given, uid, changed)?;
            then.retain(|one| *one != (uid, changed));
        }
    }
    let rights = |given: &[(u32, Role)]| Standing::of(creator, creator, given).rights();
    let (before, kept) = (rights(&given), rights(&then));
    let only = |a: &[Verb], b: &[Verb]| -> Vec<Verb> {
        a.iter().copied().filter(|verb| !b.contains(verb)).collect()
    };
    let lost = only(&before, &kept);
    let waiting = session.read(|db| waiting(db, creator, &lost))?;
    let regained = only(&kept, &before);
    Ok(Change { creator, lost, regained, kept, first: given.is_empty(), waiting })
}

/// Open jobs and schedules of a user that need one of these rights.
fn waiting(db: &Db<'_>, uid: u32, rights: &[Verb]) -> Result<(usize, usize), StoreError> {
    if rights.is_empty() {
        return Ok((0, 0));
    }
    let of_job = |kind| match kind {
        JobKind::Bill => Verb::Bill,
        JobKind::Post => Verb::Post,
        JobKind::Collect => Verb::Collect,
        JobKind::Retry => Verb::Retry,
        JobKind::Reconcile => Verb::Reconcile,
        JobKind::Deliver | JobKind::Print => Verb::Deliver,
    };
    let of_schedule = |kind| match kind {
        ScheduleKind::Bill => Verb::Bill,
        ScheduleKind::Collect => Verb::Collect,
    };
    let jobs = job::open(db)?;
    let jobs = jobs.iter().filter(|j| j.uid == uid && rights.contains(&of_job(j.kind)));
    let schedules = schedule::list(db)?;
    let schedules = schedules.iter().filter(|s| {
        s.owner_uid == uid
            && s.state != ScheduleState::Ended
            && rights.contains(&of_schedule(s.kind))
    });
    Ok((jobs.count(), schedules.count()))
}
