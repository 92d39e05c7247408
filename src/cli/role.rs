//! `daybook role`: who may do what.

use super::output::{self, Align};
use super::{Ctx, Exit};
use crate::domain::actor::{Role, Verb, permitted};
use crate::engine::{Error, roles};
use crate::store::role;
use serde_json::json;

/// Roles by OS user.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Who has which role, and what each role may do
    List,
    /// Give a user a role: viewer, clerk, biller, cashier, controller, admin
    Grant {
        /// Login name or uid
        user: String,
        /// The role
        role: String,
    },
    /// Take it away
    Revoke {
        /// Login name or uid
        user: String,
        /// The role
        role: String,
    },
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::List => return list(&session, ctx),
        Action::Grant { user, role } => roles::grant(&mut session, uid(user)?, word(role)?)?,
        Action::Revoke { user, role } => roles::revoke(&mut session, uid(user)?, word(role)?)?,
    }
    list(&session, ctx)
}

fn word(text: &str) -> Result<Role, Error> {
    Role::parse(text)
        .ok_or_else(|| Error::usage("no_such_role", format!("{text:?} is no role"), Role::words()))
}

fn uid(text: &str) -> Result<u32, Error> {
    if let Ok(uid) = text.parse() {
        return Ok(uid);
    }
    let found = nix::unistd::User::from_name(text).ok().flatten();
    found.map(|u| u.uid.as_raw()).ok_or_else(|| {
        Error::usage(
            "no_such_user",
            format!("this machine has no user {text:?}"),
            "name a login or a uid",
        )
    })
}

fn name(uid: u32) -> String {
    let found = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    found.map_or_else(|| format!("uid {uid}"), |u| u.name)
}

fn list(session: &crate::engine::Session, ctx: &Ctx) -> Result<Exit, Error> {
    let set = session.read(role::list)?;
    if ctx.json {
        let all: Vec<_> = set
            .iter()
            .map(|(uid, role)| json!({ "uid": uid, "user": name(*uid), "role": role }))
            .collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if set.is_empty() {
        output::line("no roles are set: the book's creator may do everything, others only look");
    } else {
        let rows: Vec<Vec<String>> =
            set.iter().map(|(uid, role)| vec![name(*uid), role.to_string()]).collect();
        output::table(&[("USER", Align::Left), ("ROLE", Align::Left)], &rows);
    }
    output::line("");
    let given = |role: &Role| -> String {
        let verbs: Vec<&str> = Verb::ALL
            .iter()
            .filter(|v| **v != Verb::Housekeeping && permitted(*role, **v))
            .map(|v| v.as_str())
            .collect();
        if verbs.is_empty() { "look, explain, export".to_owned() } else { verbs.join(", ") }
    };
    let rows: Vec<Vec<String>> = Role::ALL
        .iter()
        .filter(|r| **r != Role::Everything)
        .map(|r| vec![r.to_string(), given(r)])
        .collect();
    output::table(&[("ROLE", Align::Left), ("MAY", Align::Left)], &rows);
    Ok(Exit::Done)
}
