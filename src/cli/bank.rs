//! `daybook bank read-until`: through which day the bank is read.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output;
use super::receipt::report;
use crate::engine::Error;
use crate::engine::collect::bank;
use crate::store::bank_read;
use chrono::NaiveDate;
use serde_json::json;

/// Say until which day the bank is read.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// All that came up to a day is in the book: payment runs and the day's plan go by it
    ReadUntil {
        /// The day; none: what was said last
        date: Option<NaiveDate>,
    },
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match args.action {
        Action::ReadUntil { date: Some(day) } => report(&bank::read_until(&mut session, day)?, ctx),
        Action::ReadUntil { date: None } => {
            let last = session.read(bank_read::last)?;
            if ctx.json {
                let (day, by) = last.map(|l| (l.through_on, l.said_by)).unzip();
                output::json(&json!({ "read_until": day, "said_by": by }))?;
            } else {
                output::line(&match last {
                    Some(last) => format!("read until {}, says {}", last.through_on, last.said_by),
                    None => "nobody said until when it is read: add the day".to_owned(),
                });
            }
            Ok(Exit::Done)
        }
    }
}
