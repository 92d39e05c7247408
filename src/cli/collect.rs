//! `daybook collect`: a payment run.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use super::progress;
use crate::domain::ids::{BillRunId, JobId, PaymentRunId};
use crate::domain::money::{Currency, Money, Purse};
use crate::domain::payment::PaymentRunStatus;
use crate::domain::payment_run::SkipReason;
use crate::domain::run_params::RunFilter;
use crate::domain::text::clean;
use crate::engine::collect::{self, DryRun, Summary};
use crate::engine::command::{NewPaymentRun, Refused};
use crate::engine::{Error, Session};
use crate::store::job;
use crate::store::payment_run::Total;
use crate::store::read::results::{self, ResultRow, Results};
use chrono::NaiveDate;
use serde_json::{Map, Value, json};

/// Charge what is due: credits first, then the payment methods.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Invoices due on or before this day
    #[arg(long, value_name = "DATE")]
    target: NaiveDate,
    /// Only the invoices of this bill run; waits until it is posted
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Only this account
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
    /// Only accounts of this batch (may be given several times)
    #[arg(long, value_name = "B")]
    batch: Vec<String>,
    /// Only accounts with this bill cycle day
    #[arg(long, value_name = "N")]
    bcd: Option<u32>,
    /// Only this currency
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Only methods of this gateway
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// One payment per account instead of one per invoice
    #[arg(long)]
    consolidate: bool,
    /// Show what would be charged and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Return at once; a worker or a console drives the run
    #[arg(long)]
    detach: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let new = asked(args)?;
    if args.dry_run {
        return dry_run(&session, &new, ctx);
    }
    let (run, job) = collect::start(&mut session, &new, None)?;
    if args.detach {
        return show(&session, run, ctx);
    }
    drive(&mut session, run, job, ctx)
}

fn asked(args: &Args) -> Result<NewPaymentRun, Error> {
    let bill_run = match &args.run {
        None => None,
        Some(text) => Some(BillRunId::parse(text).ok_or_else(|| {
            Error::usage("bad_run", format!("{text:?} is no bill run"), "write BR-000001")
        })?),
    };
    let currency = match &args.currency {
        None => None,
        Some(code) => Some(Currency::parse(code).ok_or_else(|| {
            Error::usage("bad_currency", format!("{code:?} is no currency"), "write EUR, USD, JPY")
        })?),
    };
    if args.bcd.is_some_and(|day| !(1..=31).contains(&day)) {
        return Err(Error::usage("bad_bcd", "a bill cycle day is 1 to 31", ""));
    }
    if args.gateway.as_deref().is_some_and(|g| !matches!(g, "sandbox" | "stripe")) {
        return Err(Error::usage("bad_gateway", "the gateways are sandbox and stripe", ""));
    }
    Ok(NewPaymentRun {
        target_on: args.target,
        bill_run,
        account: args.account.clone().unwrap_or_default(),
        batches: args.batch.clone(),
        currency,
        bill_cycle_day: args.bcd,
        gateway: args.gateway.clone(),
        consolidate: args.consolidate,
    })
}

/// Drives a payment run to its end and prints what it came to.
pub fn drive(
    session: &mut Session,
    run: PaymentRunId,
    job: JobId,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    drive_with(session, run, job, &[], ctx)
}

/// The same of a run of retries, with what was refused beforehand.
pub fn drive_with(
    session: &mut Session,
    run: PaymentRunId,
    job: JobId,
    refused: &[Refused],
    ctx: &Ctx,
) -> Result<Exit, Error> {
    match progress::follow(session, job, ctx) {
        // It waits: for its bill run, or for a gateway that cannot be reached. The row says so.
        Ok(_) | Err(Error::Busy(_)) => show_with(session, run, refused, ctx),
        Err(error @ Error::NoWorker(_)) => {
            show_with(session, run, refused, ctx)?;
            Err(error)
        }
        Err(other) => Err(other),
    }
}

/// What was not retried, for programs.
pub fn refused_json(refused: &[Refused]) -> Value {
    refused.iter().map(|r| json!({ "id": r.what, "reason": r.reason })).collect()
}

/// What was not retried, for people.
pub fn print_refused(refused: &[Refused]) {
    for one in refused {
        output::line(&format!("  not retried {}: {}", one.what, one.reason));
    }
}

/// Prints a payment run; the exit code says whether something needs a person.
pub fn show(session: &Session, run: PaymentRunId, ctx: &Ctx) -> Result<Exit, Error> {
    show_with(session, run, &[], ctx)
}

fn show_with(
    session: &Session,
    run: PaymentRunId,
    refused: &[Refused],
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let (sum, died) = session
        .read(|db| Ok((collect::summary(db, run)?, job::why_failed(db, &run.to_string())?)))?;
    let results = match sum.run.filter.read()? {
        RunFilter::Retry(_) => Some(session.read(|db| results::of(db, run, usize::MAX))?),
        RunFilter::Due(_) => None,
    };
    if ctx.json {
        let mut value = to_json(&sum);
        if let Some(why) = &died {
            value["job_failed"] = json!(why);
        }
        if !refused.is_empty() {
            value["refused"] = refused_json(refused);
        }
        if let Some(results) = &results {
            value["results"] = results.rows.iter().map(result_json).collect();
        }
        output::json(&value)?;
    } else {
        print(&sum);
        results.iter().for_each(|results| print_results(results, !refused.is_empty()));
        if let Some(why) = &died {
            output::line(&format!("its job died: {why}"));
        }
        print_refused(refused);
    }
    let unfinished = !matches!(
        sum.run.status,
        PaymentRunStatus::Completed | PaymentRunStatus::Pending | PaymentRunStatus::Processing
    );
    let not_asked = sum.skipped.iter().any(|(reason, _)| *reason == SkipReason::Unreachable);
    Ok(Exit::partly_if(sum.run.unknown > 0 || unfinished || not_asked))
}

/// One invoice of a retry for programs.
fn result_json(row: &ResultRow) -> Value {
    json!({
        "outcome": row.outcome,
        "invoice": row.document.map(|_| &row.number),
        "named": row.number,
        "account_number": (!row.account.is_empty()).then_some(&row.account),
        "amount": row.amount.map(Money::plain),
        "currency": row.amount.map(|amount| amount.currency),
        "payment": row.payment.map(|id| id.to_string()),
        "why": row.why,
    })
}

/// The invoices of a retry by outcome; those that were left out at once only where nothing else says them.
fn print_results(results: &Results, refused_are_said: bool) {
    let said = |row: &&ResultRow| !(refused_are_said && row.account.is_empty());
    for row in results.rows.iter().filter(said) {
        let amount = row.amount.map(|amount| format!(" {amount}")).unwrap_or_default();
        let why = if row.why.is_empty() { String::new() } else { format!(": {}", row.why) };
        let text = format!("  {} {}{amount} {}", row.outcome, row.number, row.account);
        output::line(&clean(&format!("{}{why}", text.trim_end())));
    }
}

fn money(totals: &[Total], part: impl Fn(&Total) -> i64) -> Value {
    let of: Purse = totals.iter().map(|t| t.currency.amount(part(t))).collect::<Vec<_>>().into();
    output::by_currency(&of.without_zeros())
}

/// A run as `collect --json` and `run show --json` print it.
pub fn to_json(sum: &Summary) -> Value {
    let skipped: Map<String, Value> =
        sum.skipped.iter().map(|(reason, n)| (reason.as_str().to_owned(), json!(n))).collect();
    json!({
        "run": sum.run.id.to_string(),
        "status": sum.run.status,
        "target_date": sum.run.target_on,
        "picked": sum.run.picked,
        "skipped": skipped,
        "approved": sum.run.approved,
        "submitted": sum.run.submitted,
        "declined": sum.run.declined,
        "unknown": sum.run.unknown,
        "invoices": { "paid": sum.parts.paid, "at_the_bank": sum.parts.at_the_bank, "declined": sum.parts.declined, "unknown": sum.parts.unknown, "to_go": sum.parts.to_go },
        "credits_applied": money(&sum.totals, |t| t.credits_minor),
        "totals": money(&sum.totals, |t| t.collected_minor),
        "submitted_totals": money(&sum.totals, |t| t.submitted_minor),
        "failed_totals": money(&sum.totals, |t| t.failed_minor),
        "unknown_totals": money(&sum.totals, |t| t.unknown_minor),
        "note": sum.run.note,
    })
}

/// Prints a run for a person.
pub fn print(sum: &Summary) {
    let run = &sum.run;
    let parts = sum.parts.words();
    output::line(&format!("{} {}: {} invoices picked: {parts}", run.id, run.status, run.picked));
    if !run.note.is_empty() {
        output::line(&format!("  {}", run.note));
    }
    let rows: Vec<Vec<String>> = sum
        .totals
        .iter()
        .map(|t| {
            let show = |minor| t.currency.grouped(minor);
            vec![
                t.currency.to_string(),
                show(t.collected_minor),
                show(t.submitted_minor),
                show(t.failed_minor),
                show(t.unknown_minor),
                show(t.credits_minor),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let headers = [
            ("CURRENCY", Align::Left),
            ("COLLECTED", Align::Right),
            ("AT THE BANK", Align::Right),
            ("FAILED", Align::Right),
            ("UNKNOWN", Align::Right),
            ("CREDITS USED", Align::Right),
        ];
        output::table(&headers, &rows);
    }
    for (reason, count) in &sum.skipped {
        output::line(&format!("  left out {count}: {}", reason.as_str().replace('_', " ")));
    }
    if run.unknown > 0 {
        output::line("  unknown outcomes are looked up: daybook payment reconcile");
    }
}

fn dry_run(session: &Session, new: &NewPaymentRun, ctx: &Ctx) -> Result<Exit, Error> {
    let DryRun { picked, skipped, totals, credits } = collect::dry_run(session, new)?;
    if ctx.json {
        let skipped: Map<String, Value> =
            skipped.iter().map(|(reason, n)| (reason.as_str().to_owned(), json!(n))).collect();
        output::json(&json!({
            "run": Value::Null,
            "status": "Dry run",
            "target_date": new.target_on,
            "picked": picked,
            "skipped": skipped,
            "approved": 0,
            "declined": 0,
            "unknown": 0,
            "credits_applied": output::by_currency(&credits),
            "totals": output::by_currency(&totals),
        }))?;
        return Ok(Exit::Done);
    }
    output::line(&format!("dry run to {}: {picked} invoices; nothing was written", new.target_on));
    for money in &totals {
        output::line(&format!("  to charge {money}"));
    }
    for money in &credits {
        output::line(&format!("  credits to use {money}"));
    }
    for (reason, count) in &skipped {
        output::line(&format!("  left out {count}: {}", reason.as_str().replace('_', " ")));
    }
    Ok(Exit::Done)
}
