//! `daybook invoice claim|unclaim|hand-over`.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids::{find, picks};
use super::receipt::report;
use crate::engine::command::{ClaimDeed, NextDrafts};
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, review};
use crate::store::read::{Sort, Sorted};

/// Take drafts to look at.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["ids", "next"])))]
pub struct Claim {
    /// Drafts (D-000012)
    ids: Vec<String>,
    /// The next N drafts that nobody has
    #[arg(long, value_name = "N")]
    next: Option<usize>,
    /// Of these, as typed behind / in the console: 'flag:any total>500'
    #[arg(long, value_name = "TEXT", requires = "next", allow_hyphen_values = true)]
    filter: Option<String>,
    /// In this order: risk, newest, account, customer, largest, smallest, due
    #[arg(long, value_name = "ORDER", requires = "next", default_value = "risk")]
    sort: String,
    /// From this draft on
    #[arg(long, value_name = "ID", requires = "next")]
    from: Option<String>,
    /// Take one over that another clerk has
    #[arg(long, conflicts_with = "next")]
    yes: bool,
}

/// Give claimed drafts back.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["ids", "all"])))]
pub struct Unclaim {
    /// Drafts (D-000012)
    ids: Vec<String>,
    /// All that you have claimed
    #[arg(long)]
    all: bool,
}

/// Hand claimed drafts over.
#[derive(Debug, clap::Args)]
pub struct HandOver {
    /// To whom: a login name
    #[arg(long, value_name = "LOGIN")]
    to: String,
    /// What they should know
    #[arg(long, default_value = "")]
    note: String,
}

/// Takes drafts.
pub fn claim(args: &Claim, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    session.sure = Sure::of(args.yes);
    let deed = match args.next {
        None => ClaimDeed::Drafts(picks(&session, &args.ids, None)?),
        Some(count) => {
            let sort = Sorted::parse(&args.sort).ok_or_else(|| {
                let message = format!("{:?} is no order", args.sort);
                Error::usage("bad_order", message, Sort::words())
            })?;
            let from = args.from.as_ref().map(|id| find(&session, id)).transpose()?;
            let filter = args.filter.clone().into_iter().collect();
            ClaimDeed::Next(NextDrafts { count, filter, sort, from })
        }
    };
    report(&review::claim::perform(&mut session, deed)?, ctx)
}

/// Gives drafts back.
pub fn unclaim(args: &Unclaim, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let deed = if args.all {
        ClaimDeed::ReleaseAll
    } else {
        ClaimDeed::Release(picks(&session, &args.ids, None)?)
    };
    report(&review::claim::perform(&mut session, deed)?, ctx)
}

/// Hands all over.
pub fn hand_over(args: &HandOver, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let deed = ClaimDeed::HandOver { to: args.to.clone(), note: args.note.clone() };
    report(&review::claim::perform(&mut session, deed)?, ctx)
}
