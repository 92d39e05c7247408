//! `daybook usage list --pending`: what the next run will not bill, and why.

use super::ctx::Ctx;
use super::exit::Exit;
use super::listing::{self, Out, Stdout};
use super::output::{self, Align};
use crate::engine::bill::usage;
use crate::engine::{Error, Session};
use chrono::NaiveDate;
use serde_json::json;
use std::cell::RefCell;

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
    let scope = usage::Scope { target, account: list.account.as_deref() };
    if ctx.json {
        listing::quietly(array(&session, scope))?;
        return Ok(Exit::Done);
    }
    let found = usage::pending(&session, scope, usage::Kept::First(SHOWN))?;
    print(&found, target);
    Ok(Exit::Done)
}

/// The sums, then every record as it is read.
fn array(session: &Session, scope: usage::Scope<'_>) -> Result<(), Error> {
    let mut paper = Stdout;
    let out = RefCell::new(Out::new(&mut paper));
    let mut lead = '[';
    let begin = |sums: &usage::Pending| {
        let (target, billable) = (json!(scope.target), sums.billable);
        let head = format!("{{\n  \"target_date\": {target},\n  \"billable\": {billable},");
        out.borrow_mut().push(&format!("{head}\n  \"pending\": "));
        Ok(())
    };
    usage::each(session, scope, begin, |r| {
        let record = json!({
            "account_number": r.account, "uom": r.uom, "quantity": r.quantity,
            "start_date": r.start_on, "unique_key": r.label.unique_key,
            "file": r.label.file, "reason": r.reason,
        });
        let mut out = out.borrow_mut();
        out.element(std::mem::replace(&mut lead, ','), "\n    ", &record)?;
        out.ebb()
    })?;
    let mut out = out.into_inner();
    out.push(if lead == '[' { "[]\n}\n" } else { "\n  ]\n}\n" });
    out.flush()
}

fn print(found: &usage::Pending, target: NaiveDate) {
    output::line(&format!(
        "a run up to {target} bills {} records of usage and leaves {}",
        found.billable, found.left
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
    if found.left > SHOWN {
        output::line(&format!("… and {} more; --json lists all", found.left - SHOWN));
    }
}
