//! `daybook period`: months of the book, and closing them.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::closing::{Row, Weight, left};
use crate::domain::money::Purse;
use crate::domain::month::Month;
use crate::engine::closing::{self, Period};
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, Session};
use chrono::DateTime;
use serde_json::{Value, json};

/// Months of the book: list, show, close, reopen, lock them.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Months from the first closed one on: open, closed or locked
    List,
    /// One month: who closed it, when, and what it came to
    Show {
        /// The month, such as 2026-11
        month: String,
    },
    /// Close a month that is over: nothing is booked in it from then on
    Close(Close),
    /// Open the last closed month again; a second person confirms it
    Reopen {
        /// The month, such as 2026-11
        month: String,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Go on without being asked
        #[arg(long)]
        yes: bool,
    },
    /// Lock a closed month for good: it was filed
    Lock {
        /// The month, such as 2026-11
        month: String,
        /// Do it: it cannot be undone
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Close {
    /// The month, such as 2026-11
    month: String,
    /// Show what blocks and what warns, with the list that opens each; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Close it over what warns
    #[arg(long)]
    yes: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::List => list(&session, ctx),
        Action::Show { month } => show(&session, named(month)?, ctx),
        Action::Close(close) => {
            let month = named(&close.month)?;
            if close.dry_run {
                return listed(&session, month, ctx);
            }
            let done = closing::close(&mut session, month, Sure::of(close.yes))?;
            if !ctx.json {
                if done.released.count > 0 {
                    output::line(&format!("released: {}", done.released.totals));
                }
                if done.accrued != Purse::default() {
                    output::line(&format!("delivered and not billed: {}", done.accrued));
                }
                output::line(&format!("closing pack: {}", done.pack.display()));
            }
            show(&session, month, ctx)
        }
        Action::Reopen { month, reason, yes: _ } => {
            let month = named(month)?;
            closing::reopen(&mut session, month, reason)?;
            show(&session, month, ctx)
        }
        Action::Lock { month, yes } => {
            let month = named(month)?;
            closing::lock(&mut session, month, Sure::of(*yes))?;
            show(&session, month, ctx)
        }
    }
}

fn named(text: &str) -> Result<Month, Error> {
    Month::parse(text).ok_or_else(|| {
        Error::usage("bad_period", format!("{text:?} is no month"), "such as 2026-11")
    })
}

/// When something was done, in the zone of the book.
fn at(session: &Session, ms: i64) -> Result<String, Error> {
    let zone = session.config()?.zone();
    let at = DateTime::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&zone);
    Ok(at.format("%Y-%m-%d %H:%M").to_string())
}

fn value(session: &Session, period: &Period) -> Result<Value, Error> {
    let span = period.month.span();
    let mut steps = Vec::new();
    for step in &period.steps {
        steps.push(json!({
            "step": step.step, "at": at(session, step.at_ms)?, "user": step.user_name,
            "second": step.second_name, "reason": step.reason,
        }));
    }
    let mut reports = Vec::new();
    for report in &period.reports {
        let totals: Value = match report.totals.as_str() {
            "" => json!({}),
            text => serde_json::from_str(text).map_err(|e| Error::Bug(e.to_string()))?,
        };
        reports.push(json!({
            "file": report.file, "rows": report.rows, "sha256": report.sha256, "totals": totals,
        }));
    }
    Ok(json!({
        "period": period.month.to_string(), "from": span.from, "to": span.to,
        "status": period.status, "entries": period.row.as_ref().map(|row| row.entries),
        "seal": period.row.as_ref().map(|row| row.seal.as_str()), "steps": steps,
        "reports": reports,
        "pack": (!reports.is_empty()).then(|| closing::pack::place(session, period.month)),
    }))
}

/// What stands between a month and its close.
fn listed(session: &Session, month: Month, ctx: &Ctx) -> Result<Exit, Error> {
    let found = closing::checklist(session, month)?;
    let refusal = closing::refusal(session, month)?;
    let weight = |row: &Row| match row.weight {
        Weight::Blocks => "blocks",
        Weight::Warns => "warns",
    };
    if ctx.json {
        let rows: Vec<Value> = found
            .iter()
            .map(|row| {
                json!({ "code": row.code, "weight": weight(row), "what": row.what,
                    "count": row.count, "named": row.named, "opens": row.opens })
            })
            .collect();
        let closes = refusal.is_none() && left(&found, Weight::Blocks).next().is_none();
        let why = refusal.map(|why| why.message);
        let said =
            json!({ "period": month.to_string(), "closes": closes, "why": why, "rows": rows });
        output::json(&said)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|row| {
            let mark = if row.is_done() { "done" } else { weight(row) };
            let opens = format!("daybook {}", row.opens);
            vec![mark.to_owned(), row.count.to_string(), row.what.to_owned(), opens]
        })
        .collect();
    let headers =
        [("", Align::Left), ("COUNT", Align::Right), ("WHAT", Align::Left), ("OPENS", Align::Left)];
    output::table(&headers, &rows);
    if let Some(why) = refusal {
        output::line(&format!("{}; {}", why.message, why.hint));
    }
    output::line("nothing was changed");
    Ok(Exit::Done)
}

fn list(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let all = closing::list(session)?;
    if ctx.json {
        let rows: Result<Vec<Value>, Error> = all.iter().map(|p| value(session, p)).collect();
        output::json(&rows?)?;
        return Ok(Exit::Done);
    }
    let mut rows = Vec::new();
    for period in &all {
        let last = match period.steps.last() {
            Some(step) => {
                format!("{} by {}, {}", step.step, step.user_name, at(session, step.at_ms)?)
            }
            None => String::new(),
        };
        rows.push(vec![period.month.to_string(), period.status.to_string(), last]);
    }
    output::table(
        &[("PERIOD", Align::Left), ("STATUS", Align::Left), ("LAST STEP", Align::Left)],
        &rows,
    );
    Ok(Exit::Done)
}

fn show(session: &Session, month: Month, ctx: &Ctx) -> Result<Exit, Error> {
    let period = closing::show(session, month)?;
    if ctx.json {
        let mut shown = value(session, &period)?;
        shown["pack_changed"] = json!(closing::pack::changed(session, month, &period.reports)?);
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    output::line(&format!("{month}: {}", period.status));
    if let Some(row) = &period.row {
        output::line(&format!("sealed: {} entries, SHA-256 {}", row.entries, row.seal));
    }
    for step in &period.steps {
        let second = match step.second_name.as_str() {
            "" => String::new(),
            name => format!(" with {name}"),
        };
        let why = if step.reason.is_empty() { String::new() } else { format!(": {}", step.reason) };
        let when = at(session, step.at_ms)?;
        output::line(&format!("{when} {} by {}{second}{why}", step.step, step.user_name));
    }
    let changed = closing::pack::changed(session, month, &period.reports)?;
    if !changed.is_empty() {
        let words = format!("the pack of {month} is not as it was sealed: {}", changed.join("; "));
        return Err(Error::CheckFailed(words));
    }
    if !period.reports.is_empty() {
        output::line("its pack is as it was sealed");
    }
    Ok(Exit::Done)
}
