//! `daybook usage list --pending`: what the next run will not bill, and why.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::engine::Error;
use crate::engine::bill::usage;
use chrono::NaiveDate;
use serde_json::json;

/// Usage that is loaded and not billed.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// What a run would leave alone, with the reason: was all usage loaded, will all be billed?
    List(List),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only what stays pending (the default, and the only list there is)
    #[arg(long)]
    pending: bool,
    /// As of a run up to this day (default: today)
    #[arg(long, value_name = "DATE")]
    target: Option<NaiveDate>,
    /// Only this account
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
}

/// How many records are shown to a person.
const SHOWN: usize = 50;

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let Action::List(list) = &args.action;
    let session = ctx.open()?;
    let target = match list.target {
        Some(day) => day,
        None => session.now()?.today,
    };
    let found = usage::pending(&session, target, list.account.as_deref())?;
    if ctx.json {
        let records: Vec<_> = found
            .records
            .iter()
            .map(|r| {
                json!({
                    "account_number": r.account, "uom": r.uom, "quantity": r.quantity,
                    "start_date": r.start_on, "unique_key": r.label.unique_key,
                    "file": r.label.file, "reason": r.reason,
                })
            })
            .collect();
        output::json(
            &json!({ "target_date": target, "billable": found.billable, "pending": records }),
        )?;
        return Ok(Exit::Done);
    }
    print(&found, target);
    Ok(Exit::Done)
}

fn print(found: &usage::Pending, target: NaiveDate) {
    output::line(&format!(
        "a run up to {target} bills {} records of usage and leaves {}",
        found.billable,
        found.records.len()
    ));
    if found.records.is_empty() {
        return;
    }
    let sums: Vec<Vec<String>> = found
        .sums
        .iter()
        .map(|((why, uom), (n, quantity))| {
            vec![why.clone(), n.to_string(), quantity.normalize().to_string(), uom.clone()]
        })
        .collect();
    let headers = [
        ("WHY", Align::Left),
        ("RECORDS", Align::Right),
        ("QTY", Align::Right),
        ("UNIT", Align::Left),
    ];
    output::table(&headers, &sums);
    output::line("");
    let rows: Vec<Vec<String>> = found
        .records
        .iter()
        .take(SHOWN)
        .map(|r| {
            vec![
                r.account.clone(),
                r.start_on.to_string(),
                r.quantity.to_string(),
                r.uom.clone(),
                r.label.unique_key.clone(),
                r.label.file.clone(),
                r.reason.clone(),
            ]
        })
        .collect();
    let headers = [
        ("ACCOUNT", Align::Left),
        ("START", Align::Left),
        ("QTY", Align::Right),
        ("UNIT", Align::Left),
        ("KEY", Align::Left),
        ("FILE", Align::Left),
        ("WHY", Align::Left),
    ];
    output::table(&headers, &rows);
    if found.records.len() > SHOWN {
        output::line(&format!("… and {} more; --json lists all", found.records.len() - SHOWN));
    }
}
