//! `daybook run`: list, show and steer bill runs and payment runs.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids;
use super::output::{self, Align};
use super::{bill, collect, progress};
use crate::domain::ids::{BillRunId, RunId};
use crate::domain::money::Money;
use crate::engine::bill::{run as bill_runs, steer};
use crate::engine::{Error, Session, collect as engine_collect};
use crate::store::bill_run;
use serde_json::json;

/// List, show and steer runs.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Bill runs and payment runs, newest first
    List {
        /// How many of each
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// One run with its failures
    Show {
        /// BR-000001 or PR-000001
        run: String,
    },
    /// Halt it before its next account or charge
    Pause {
        /// The run
        run: String,
    },
    /// Go on, here or (--detach) in a worker
    Resume {
        /// The run
        run: String,
        /// Return at once
        #[arg(long)]
        detach: bool,
    },
    /// Throw its drafts away (of a posted run: the remaining ones); a payment run stops
    Cancel {
        /// The run
        run: String,
    },
    /// A new run of just the accounts that failed
    RetryFailed {
        /// The run that had failures
        run: String,
    },
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    match &args.action {
        Action::List { limit } => list(&session, *limit, ctx),
        Action::Show { run } => show(&session, ids::run(run)?, ctx),
        Action::Pause { run } => {
            match ids::run(run)? {
                RunId::Bill(id) => steer::pause(&mut session, id)?,
                RunId::Payment(id) => engine_collect::pause(&mut session, id)?,
            }
            said(&session, run, "pause asked for", ctx)
        }
        Action::Resume { run, detach } => match ids::run(run)? {
            RunId::Bill(id) => {
                let job = steer::resume(&mut session, id)?;
                if *detach {
                    return said(&session, run, "goes on in a worker", ctx);
                }
                progress::follow(&mut session, job, ctx)?;
                bill::finish(&mut session, id, ctx)
            }
            RunId::Payment(id) => {
                let too = session.store.read(|db| engine_collect::takes_too(db, id))?;
                let job = engine_collect::resume(&mut session, id)?;
                if *detach {
                    return said(&session, run, &format!("goes on in a worker{too}"), ctx);
                }
                if !too.is_empty() && !ctx.json {
                    output::line(&format!("{run} goes on{too}"));
                }
                collect::drive(&mut session, id, job, ctx)
            }
        },
        Action::Cancel { run } => match ids::run(run)? {
            RunId::Bill(id) => cancel(&mut session, id, ctx),
            RunId::Payment(id) => {
                engine_collect::stop(&mut session, id)?;
                said(&session, run, "stopped before its next charge", ctx)
            }
        },
        Action::RetryFailed { run } => {
            let RunId::Bill(id) = ids::run(run)? else {
                return Err(Error::usage(
                    "not_a_bill_run",
                    format!("{run} is a payment run"),
                    "daybook retry retries failed payments",
                ));
            };
            let (run, job) = bill_runs::retry_failed(&mut session, id)?;
            progress::follow(&mut session, job, ctx)?;
            bill::finish(&mut session, run, ctx)
        }
    }
}

fn list(session: &Session, limit: u32, ctx: &Ctx) -> Result<Exit, Error> {
    let runs = session.read(|db| bill_run::list(db, None, limit))?;
    let mut all = Vec::new();
    let mut rows = Vec::new();
    for run in &runs {
        all.push(bill::summary(session, run.id)?);
        let totals = session.read(|db| bill_run::totals(db, run.id))?;
        let totals: Vec<Money> = totals.iter().map(|(c, t)| c.amount(t.total_minor)).collect();
        rows.push(vec![
            run.id.to_string(),
            run.status.to_string(),
            run.params.target_on.to_string(),
            format!("{}/{}", run.accounts_done, run.accounts_total),
            run.accounts_failed.to_string(),
            (run.invoices + run.credit_memos).to_string(),
            output::listed(&totals),
            run.created_name.clone(),
        ]);
    }
    for run in session.read(|db| crate::store::payment_run::list(db, None, limit))? {
        let sum = session.read(|db| engine_collect::summary(db, run.id))?;
        all.push(collect::to_json(&sum));
        let totals: Vec<Money> =
            sum.totals.iter().map(|t| t.currency.amount(t.collected_minor)).collect();
        rows.push(vec![
            run.id.to_string(),
            run.status.to_string(),
            run.target_on.to_string(),
            String::new(),
            run.declined.to_string(),
            run.picked.to_string(),
            output::listed(&totals),
            run.created_name.clone(),
        ]);
    }
    if ctx.json {
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        output::line("no runs yet: daybook bill --target DATE makes one");
    } else {
        let headers = [
            ("RUN", Align::Left),
            ("STATUS", Align::Left),
            ("TARGET", Align::Left),
            ("ACCOUNTS", Align::Right),
            ("FAILED", Align::Right),
            ("DOCUMENTS", Align::Right),
            ("TOTALS", Align::Right),
            ("BY", Align::Left),
        ];
        output::table(&headers, &rows);
    }
    Ok(Exit::Done)
}

fn show(session: &Session, run: RunId, ctx: &Ctx) -> Result<Exit, Error> {
    match run {
        RunId::Bill(id) if ctx.json => output::json(&bill::shown(session, id)?)?,
        RunId::Bill(id) => bill::print(session, id)?,
        RunId::Payment(id) => {
            collect::show(session, id, ctx)?;
        }
    }
    Ok(Exit::Done)
}

fn cancel(session: &mut Session, id: BillRunId, ctx: &Ctx) -> Result<Exit, Error> {
    let (job, thrown) = steer::cancel(session, id)?;
    progress::follow(session, job, ctx)?;
    if ctx.json {
        let mut value = bill::summary(session, id)?;
        value["canceled"] = json!({ "drafts": thrown.drafts, "edited": thrown.edited, "accepted": thrown.accepted, "held": thrown.held });
        output::json(&value)?;
    } else {
        output::line(&format!(
            "{id}: {} drafts thrown away ({} edited, {} accepted, {} held); their charges and usage are billable again",
            thrown.drafts, thrown.edited, thrown.accepted, thrown.held
        ));
    }
    Ok(Exit::Done)
}

fn said(session: &Session, run: &str, what: &str, ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        let value = match ids::run(run)? {
            RunId::Bill(id) => bill::summary(session, id)?,
            RunId::Payment(id) => {
                collect::to_json(&session.read(|db| engine_collect::summary(db, id))?)
            }
        };
        output::json(&value)?;
    } else {
        output::line(&format!("{run}: {what}"));
    }
    Ok(Exit::Done)
}
