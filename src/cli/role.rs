//! `daybook role`: who may do what.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::actor::{Role, Standing, Verb, permitted};
use crate::domain::text::counted;
use crate::engine::guard::roles::{self, Change, Step};
use crate::engine::{Error, Session};
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
    /// Who has which role, and what each person and each role may do
    List,
    /// Give a user a role: viewer, clerk, biller, cashier, controller, admin
    Grant(Which),
    /// Take it away
    Revoke(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Login name or uid
    user: String,
    /// The role
    role: String,
    /// Say what it would do, change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let (step, which) = match &args.action {
        Action::List => return list(&session, ctx),
        Action::Grant(which) => (Step::Grant, which),
        Action::Revoke(which) => (Step::Revoke, which),
    };
    let (uid, role) = (uid(&which.user)?, word(&which.role)?);
    let change = match step {
        _ if which.dry_run => roles::preview(&session, step, uid, role)?,
        Step::Grant => roles::grant(&mut session, uid, role)?,
        Step::Revoke => roles::revoke(&mut session, uid, role)?,
    };
    if ctx.json && which.dry_run {
        output::json(&json!({
            "creator": name(change.creator),
            "creator_loses": change.lost,
            "creator_regains": change.regained,
            "creator_keeps": change.kept,
            "open_jobs": change.waiting.0,
            "schedules": change.waiting.1,
        }))?;
        return Ok(Exit::Done);
    }
    if !ctx.json {
        for line in words(&change, uid) {
            output::line(&line);
        }
        if which.dry_run {
            output::line("nothing was changed");
            return Ok(Exit::Done);
        }
        output::line("");
    }
    list(&session, ctx)
}

/// What a change of roles does to whoever made the book.
fn words(change: &Change, uid: u32) -> Vec<String> {
    let creator = name(change.creator);
    let mut lines = Vec::new();
    if change.first {
        lines.push(format!(
            "the first role: {creator} made the book, is admin, and keeps every right that nobody else holds"
        ));
    }
    let own = uid == change.creator;
    if !change.lost.is_empty() {
        let lost = verbs(&change.lost);
        lines.push(if own {
            format!("{creator} no longer may: {lost}")
        } else {
            format!("{} now may, and {creator} no longer: {lost}", name(uid))
        });
        let (jobs, schedules) = change.waiting;
        if jobs + schedules > 0 {
            lines.push(format!(
                "  {creator} has {} and {} that need this and will be refused",
                counted(jobs, "open job", "open jobs"),
                counted(schedules, "schedule", "schedules"),
            ));
        }
        lines.push(format!("  to keep it: daybook role grant {creator} ROLE"));
    }
    if !change.regained.is_empty() {
        let regained = verbs(&change.regained);
        lines.push(if own {
            format!("{creator} now may: {regained}")
        } else {
            format!("nobody else may any more, so {creator} does: {regained}")
        });
    }
    lines
}

fn verbs(verbs: &[Verb]) -> String {
    verbs.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", ")
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

/// Everybody with a role, and whoever made the book: roles, and rights as they are in effect.
fn people(session: &Session) -> Result<Vec<(u32, bool, Standing)>, Error> {
    let (creator, given) = session.read(|db| Ok((role::creator(db)?, role::list(db)?)))?;
    let mut uids: Vec<u32> = given.iter().map(|(uid, _)| *uid).chain([creator]).collect();
    uids.sort_unstable();
    uids.dedup();
    let standing = |uid| (uid, uid == creator, Standing::of(uid, creator, &given));
    Ok(uids.into_iter().map(standing).collect())
}

fn list(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let people = people(session)?;
    if ctx.json {
        let mut all = Vec::new();
        for (uid, creator, standing) in &people {
            let (user, rights) = (name(*uid), standing.rights());
            let by_default = if *creator { &[Role::Everything][..] } else { &[] };
            for role in standing.own.iter().chain(by_default) {
                all.push(json!({ "uid": uid, "user": user, "role": role, "rights": rights }));
            }
        }
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = people
        .iter()
        .map(|(uid, creator, standing)| {
            let own: Vec<&str> = standing.own.iter().map(|r| r.as_str()).collect();
            let made = creator.then_some("made the book");
            let roles = own.into_iter().chain(made).collect::<Vec<_>>().join(", ");
            vec![name(*uid), roles, may(&standing.rights())]
        })
        .collect();
    output::table(&[("USER", Align::Left), ("ROLES", Align::Left), ("MAY", Align::Left)], &rows);
    output::line("whoever made the book may do what nobody else may; users not listed only look");
    output::line("");
    let given = |role: &Role| -> Vec<Verb> {
        let all = Verb::ALL.iter().copied().filter(|v| *v != Verb::Housekeeping);
        all.filter(|v| permitted(*role, *v)).collect()
    };
    let rows: Vec<Vec<String>> = Role::ALL
        .iter()
        .filter(|r| **r != Role::Everything)
        .map(|r| vec![r.to_string(), may(&given(r))])
        .collect();
    output::table(&[("ROLE", Align::Left), ("MAY", Align::Left)], &rows);
    Ok(Exit::Done)
}

/// Rights in words.
fn may(rights: &[Verb]) -> String {
    let every = Verb::ALL.len() - 1;
    match rights.len() {
        0 => "look, explain, export".to_owned(),
        n if n == every => "everything".to_owned(),
        _ => verbs(rights),
    }
}
