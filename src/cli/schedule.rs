//! `daybook schedule`: runs that begin by themselves.

use super::bill::{BillOptions, asked};
use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::ids::{BillRunId, ScheduleId};
use crate::domain::schedule::Every;
use crate::engine::care::timekeeping;
use crate::engine::clockwork::schedule::{self, SHOWN, Spec};
use crate::engine::command::{NewPaymentRun, ScheduleStep};
use crate::engine::{Error, Session};
use crate::store::schedule as rows;
use crate::store::schedule::ScheduleRow;
use chrono::NaiveDate;
use clap::Subcommand;
use serde_json::{Value, json};

/// Schedules of bill runs and payment runs.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All schedules
    List,
    /// One schedule: its next 15 slots and what became of the last ones
    Show {
        /// S-000001
        id: String,
    },
    /// No slots until resumed
    Pause {
        /// The schedule
        id: String,
    },
    /// Go on with the next slot
    Resume {
        /// The schedule
        id: String,
        /// And run once now
        #[arg(long)]
        run_now: bool,
    },
    /// Leave out the next slot
    Skip {
        /// The schedule
        id: String,
    },
    /// No more slots
    End {
        /// The schedule
        id: String,
    },
    /// Make a schedule
    Add {
        #[command(subcommand)]
        kind: Add,
    },
}

#[derive(Debug, Subcommand)]
enum Add {
    /// Of bill runs
    Bill {
        #[command(flatten)]
        when: When,
        /// Target date from the slot's day: +0d, -1d, +0m:31 (31 = month end)
        #[arg(long, value_name = "RULE", default_value = "+0d", allow_hyphen_values = true)]
        target: String,
        /// Invoice date from the slot's day
        #[arg(long, value_name = "RULE", default_value = "+0d", allow_hyphen_values = true)]
        invoice_date: String,
        #[command(flatten)]
        options: BillOptions,
    },
    /// Of payment runs
    Collect {
        #[command(flatten)]
        when: When,
        /// Due on or before, from the slot's day
        #[arg(long, value_name = "RULE", default_value = "+0d", allow_hyphen_values = true)]
        target: String,
        /// Wait for the bill run that this schedule makes on the same day
        #[arg(long, value_name = "SCHEDULE")]
        after: Option<String>,
        /// Only accounts of this batch
        #[arg(long, value_name = "B")]
        batch: Vec<String>,
        /// One payment per account instead of one per invoice
        #[arg(long)]
        consolidate: bool,
    },
}

#[derive(Debug, clap::Args)]
struct When {
    /// daily, "weekly mon,thu", "monthly 31" (31 = month end), "once 2026-12-01"
    #[arg(long)]
    every: String,
    /// Time of day in the book's zone
    #[arg(long, value_name = "HH:MM")]
    at: String,
    /// What clerks call it
    #[arg(long, default_value = "")]
    name: String,
    /// Where to mail when it does not run
    #[arg(long, default_value = "")]
    email: String,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let (id, step) = match &args.action {
        Action::List => return list(&session, ctx),
        Action::Show { id } => return show(&session, parse(id)?, ctx),
        Action::Add { kind } => return add(&mut session, kind, ctx),
        Action::Pause { id } => (id, ScheduleStep::Pause),
        Action::Resume { id, run_now: false } => (id, ScheduleStep::Resume),
        Action::Resume { id, run_now: true } => (id, ScheduleStep::ResumeAndRun),
        Action::Skip { id } => (id, ScheduleStep::SkipNext),
        Action::End { id } => (id, ScheduleStep::End),
    };
    let id = parse(id)?;
    let words = schedule::steer(&mut session, id, step)?;
    if ctx.json {
        output::json(&json!({ "schedule": id.to_string(), "done": words }))?;
    } else {
        output::line(&format!("{id}: {words}"));
    }
    Ok(Exit::Done)
}

fn parse(text: &str) -> Result<ScheduleId, Error> {
    ScheduleId::parse(text).ok_or_else(|| {
        Error::usage(
            "bad_schedule",
            format!("{text:?} is no schedule"),
            "write S-000001; daybook schedule list shows them",
        )
    })
}

fn add(session: &mut Session, kind: &Add, ctx: &Ctx) -> Result<Exit, Error> {
    let (when, spec, what) = match kind {
        Add::Bill { when, target, invoice_date, options } => {
            let new = asked(NaiveDate::MIN, None, options)?;
            (when, schedule::spec_of(&new, target, invoice_date), "bill runs")
        }
        Add::Collect { when, target, after, batch, consolidate } => {
            let run = NewPaymentRun {
                target_on: NaiveDate::MIN,
                bill_run: None::<BillRunId>,
                account: String::new(),
                batches: batch.clone(),
                currency: None,
                bill_cycle_day: None,
                gateway: None,
                consolidate: *consolidate,
            };
            let after = after.as_deref().map(parse).transpose()?;
            (when, Spec::Collect { target: target.clone(), run, after }, "payment runs")
        }
    };
    let every = Every::parse(&when.every).ok_or_else(|| {
        Error::usage(
            "bad_every",
            format!("{:?} is no rhythm", when.every),
            "daily, \"weekly mon,thu\", \"monthly 31\" or \"once 2026-12-01\"",
        )
    })?;
    let minute = minute_of(&when.at)?;
    let name = if when.name.is_empty() { what } else { &when.name };
    let id = schedule::add(session, name, &every, minute, &spec, &when.email)?;
    show(session, id, ctx)
}

fn minute_of(text: &str) -> Result<u32, Error> {
    text.split_once(':')
        .and_then(|(h, m)| Some((h.parse::<u32>().ok()?, m.parse::<u32>().ok()?)))
        .filter(|(h, m)| *h < 24 && *m < 60)
        .map(|(h, m)| h * 60 + m)
        .ok_or_else(|| {
            Error::usage("bad_time", format!("{text:?} is no time of day"), "write 02:00")
        })
}

fn to_json(session: &Session, row: &ScheduleRow) -> Result<Value, Error> {
    let zone = session.config()?.zone();
    let last = session.read(|db| schedule::last_used(db, row.id))?;
    let next: Vec<String> = schedule::upcoming(row, last, session.now()?, zone, SHOWN)
        .iter()
        .map(|s| s.format("%Y-%m-%dT%H:%M").to_string())
        .collect();
    let used = session.read(|db| rows::slots(db, row.id, 15))?;
    let spec = row.spec()?;
    Ok(json!({
        "id": row.id.to_string(),
        "name": row.name,
        "kind": row.kind,
        "every": row.every.to_string(),
        "at": row.at.format("%H:%M").to_string(),
        "state": row.state,
        "owner": row.owner_name,
        "next": next,
        "waits": timekeeping::doubt(session)?,
        "skip": row.skip_slot.map(|s| s.format("%Y-%m-%dT%H:%M").to_string()),
        "slots": used.iter().map(|s| json!({
            "slot": s.slot.format("%Y-%m-%dT%H:%M").to_string(),
            "state": s.state,
            "run": s.subject,
            "late_minutes": s.late_minutes,
        })).collect::<Vec<_>>(),
        "spec": spec,
    }))
}

fn list(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let all = session.read(rows::list)?;
    if ctx.json {
        let all = all.iter().map(|r| to_json(session, r)).collect::<Result<Vec<_>, _>>()?;
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        output::line("no schedules: daybook schedule add bill --every daily --at 02:00 makes one");
        return Ok(Exit::Done);
    }
    let (now, zone) = (session.now()?, session.config()?.zone());
    let doubt = timekeeping::doubt(session)?;
    let cells = all
        .iter()
        .map(|r| {
            let last = session.read(|db| schedule::last_used(db, r.id))?;
            let next = schedule::upcoming(r, last, now, zone, 1);
            let next = next.first().map(|s| s.format("%Y-%m-%d %H:%M").to_string());
            let next = if doubt.is_empty() { next } else { Some("clock in doubt".to_owned()) };
            Ok(vec![
                r.id.to_string(),
                r.name.clone(),
                r.kind.to_string(),
                format!("{} at {}", r.every, r.at.format("%H:%M")),
                r.state.to_string(),
                next.unwrap_or_default(),
                r.owner_name.clone(),
            ])
        })
        .collect::<Result<Vec<Vec<String>>, Error>>()?;
    let headers = [
        ("SCHEDULE", Align::Left),
        ("NAME", Align::Left),
        ("MAKES", Align::Left),
        ("EVERY", Align::Left),
        ("STATE", Align::Left),
        ("NEXT", Align::Left),
        ("OWNER", Align::Left),
    ];
    output::table(&headers, &cells);
    if !doubt.is_empty() {
        output::line(&doubt);
    }
    Ok(Exit::Done)
}

fn show(session: &Session, id: ScheduleId, ctx: &Ctx) -> Result<Exit, Error> {
    let row = session.read(|db| rows::get(db, id))?;
    let value = to_json(session, &row)?;
    if ctx.json {
        output::json(&value)?;
        return Ok(Exit::Done);
    }
    output::line(&format!(
        "{id} {} ({}), {} at {}, {}",
        row.name,
        row.kind,
        row.every,
        row.at.format("%H:%M"),
        row.state
    ));
    if let Some(doubt) = value["waits"].as_str().filter(|d| !d.is_empty()) {
        output::line(&format!("  waits: {doubt}"));
    }
    for slot in value["next"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        output::line(&format!("  next  {}", slot.replace('T', " ")));
    }
    for slot in session.read(|db| rows::slots(db, id, 15))? {
        let late = if slot.late_minutes > 0 {
            format!("  {} min late", slot.late_minutes)
        } else {
            String::new()
        };
        output::line(&format!(
            "  {}  {} {}{late}",
            slot.state,
            slot.slot.format("%Y-%m-%d %H:%M"),
            slot.subject
        ));
    }
    Ok(Exit::Done)
}
