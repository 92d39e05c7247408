//! `daybook deferred`: what was billed and is not earned yet.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output;
use crate::engine::Error;
use crate::engine::closing;
use chrono::NaiveDate;
use serde_json::json;

/// Deferred revenue.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Release what is earned by the end of a day, month by month, as closing a month does
    Release {
        /// The last day
        #[arg(long, value_name = "DATE")]
        through: NaiveDate,
    },
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let Action::Release { through } = args.action;
    let mut session = ctx.open()?;
    let done = closing::release(&mut session, through)?;
    if ctx.json {
        let released = output::by_currency(&done.totals);
        output::json(&json!({ "through": through, "count": done.count, "released": released }))?;
    } else if done.count == 0 {
        output::line(&format!("nothing more is earned by {through}"));
    } else {
        output::line(&format!("released through {through}: {}", done.totals));
    }
    Ok(Exit::Done)
}
