//! `daybook bill`: a bill run from the command line.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use super::progress;
use crate::domain::charge::ChargeType;
use crate::domain::document::BillRunStatus;
use crate::domain::ids::BillRunId;
use crate::domain::money::Currency;
use crate::domain::text::counted;
use crate::engine::command::{AccountFilter, BcdFilter, NewBillRun};
use crate::engine::rate::unusual;
use crate::engine::{Error, Session, bill};
use crate::store::bill_run::{self, RunTotal};
use crate::store::job;
use crate::store::read::sample::{self, Sample};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Turn every billable, unbilled charge up to the target date into draft invoices.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Bill everything due up to this day
    #[arg(long, value_name = "DATE")]
    target: NaiveDate,
    /// Printed on the documents (default: today)
    #[arg(long, value_name = "DATE")]
    invoice_date: Option<NaiveDate>,
    #[command(flatten)]
    options: BillOptions,
    /// Show the totals and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Return at once; a worker or a console drives the run
    #[arg(long)]
    detach: bool,
}

/// Options that a schedule takes too.
#[derive(Debug, clap::Args)]
pub struct BillOptions {
    /// Only accounts of this batch (may be given several times)
    #[arg(long, value_name = "B")]
    batch: Vec<String>,
    /// Only this account
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
    /// Only accounts with this bill cycle day (1-31), or run-day
    #[arg(long, value_name = "N|run-day")]
    bcd: Option<String>,
    /// Leave out a charge type: one_time, recurring, usage (at most two)
    #[arg(long, value_name = "TYPE")]
    exclude: Vec<String>,
    /// Post when done (needs the rule automation.auto_post)
    #[arg(long)]
    auto_post: bool,
    /// Then e-mail
    #[arg(long)]
    auto_email: bool,
    /// No e-mail for zero totals
    #[arg(long)]
    skip_zero_email: bool,
    /// Do not renew terms that end
    #[arg(long)]
    no_auto_renew: bool,
    /// Go on where it would ask
    #[arg(long)]
    yes: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let new = asked(args.target, args.invoice_date, &args.options)?;
    if args.dry_run {
        return dry_run(&session, &new, ctx);
    }
    let (run, job) = bill::run::start(&mut session, &new)?;
    if args.detach {
        if ctx.json {
            output::json(&summary(&session, run)?)?;
        } else {
            output::line(&format!("{run} made; a worker or a console drives it"));
        }
        return Ok(Exit::Done);
    }
    progress::follow(&mut session, job, ctx)?;
    finish(&mut session, run, ctx)
}

/// Prints the end of a run; goes on with what it does by itself.
pub fn finish(session: &mut Session, run: BillRunId, ctx: &Ctx) -> Result<Exit, Error> {
    let row = session.read(|db| bill_run::get(db, run))?;
    if ctx.json {
        output::json(&summary(session, run)?)?;
    } else {
        print(session, run)?;
    }
    Ok(Exit::partly_if(row.accounts_failed > 0 || row.status == BillRunStatus::Error))
}

/// The run that was asked for.
pub fn asked(
    target_on: NaiveDate,
    invoice_on: Option<NaiveDate>,
    args: &BillOptions,
) -> Result<NewBillRun, Error> {
    let mut exclude = Vec::new();
    for word in &args.exclude {
        exclude.push(ChargeType::parse(word).ok_or_else(|| {
            Error::usage(
                "bad_charge_type",
                format!("{word:?} is no charge type"),
                ChargeType::words(),
            )
        })?);
    }
    let bcd = match args.bcd.as_deref() {
        None => BcdFilter::All,
        Some("run-day") => BcdFilter::RunDay,
        Some(day) => BcdFilter::Day(day.parse().map_err(|_| {
            Error::usage("bad_bcd", format!("{day:?} is no bill cycle day"), "1 to 31, or run-day")
        })?),
    };
    Ok(NewBillRun {
        target_on,
        invoice_on,
        accounts: AccountFilter {
            batches: args.batch.clone(),
            account: args.account.clone().unwrap_or_default(),
            bcd,
        },
        exclude,
        auto_renew: !args.no_auto_renew,
        auto_post: args.auto_post,
        auto_email: args.auto_email,
        skip_zero_email: args.skip_zero_email,
        confirmed: args.yes,
    })
}

fn dry_run(session: &Session, new: &NewBillRun, ctx: &Ctx) -> Result<Exit, Error> {
    let params = bill::asked::params(session, new)?;
    let found = bill::dry_run::dry_run(session, &params)?;
    let by = &found.progress;
    if ctx.json {
        output::json(&json!({
            "run": Value::Null,
            "status": "Dry run",
            "target_date": params.target_on,
            "invoice_date": params.invoice_on,
            "accounts": { "total": by.done + by.failed, "done": by.done, "failed": by.failed, "already_billed": by.already_billed },
            "documents": { "invoices": by.invoices, "credit_memos": by.credit_memos },
            "totals": totals_json(&by.totals),
            "failures": failures_json(&found.failures),
        }))?;
    } else {
        output::line(&format!(
            "dry run to {}: {} accounts, {} invoices, {} credit memos, {} failed; nothing was written",
            params.target_on,
            by.done + by.failed,
            by.invoices,
            by.credit_memos,
            by.failed
        ));
        print_totals(&by.totals);
        print_failures(&found.failures);
    }
    Ok(Exit::partly_if(by.failed > 0))
}

/// A run as `bill --json` and `run show --json` give it.
pub fn summary(session: &Session, run: BillRunId) -> Result<Value, Error> {
    let (row, totals, failures) = session.read(|db| {
        Ok((bill_run::get(db, run)?, bill_run::totals(db, run)?, bill_run::failures(db, run)?))
    })?;
    let mut value = json!({
        "run": run.to_string(),
        "status": row.status,
        "target_date": row.params.target_on,
        "invoice_date": row.params.invoice_on,
        "accounts": { "total": row.accounts_total, "done": row.accounts_done, "failed": row.accounts_failed, "already_billed": row.already_billed },
        "documents": { "invoices": row.invoices, "credit_memos": row.credit_memos },
        "totals": totals_json(&totals),
        "failures": failures_json(&failures),
    });
    if !row.note.is_empty() {
        value["note"] = json!(row.note);
    }
    if let Some(why) = session.read(|db| job::why_failed(db, &run.to_string()))? {
        value["job_failed"] = json!(why);
    }
    Ok(value)
}

/// A run as `run show --json` gives it: with its sample.
pub fn shown(session: &Session, run: BillRunId) -> Result<Value, Error> {
    let mut value = summary(session, run)?;
    let sample = sample_of(session, run)?;
    let standing = sample.standing;
    let drafts: Vec<Value> = sample
        .drafts
        .iter()
        .map(|(id, found)| json!({ "id": id.to_string(), "found": found }))
        .collect();
    let unusual = session.read(|db| unusual::of_run(db, run))?;
    let each = unusual.iter().map(|one| {
        json!({
            "code": one.of.why.code(), "drafts": one.of.drafts,
            "totals": output::by_currency(&one.of.money), "says": one.words, "filter": one.filter,
        })
    });
    value["unusual"] = each.collect();
    value["sample"] = json!({
        "unflagged": standing.total, "drawn": standing.drawn, "seen": standing.seen,
        "wrong": standing.wrong, "says": standing.words(), "drafts": drafts,
        "charges": sample.charges, "models": sample.models,
    });
    Ok(value)
}

fn sample_of(session: &Session, run: BillRunId) -> Result<Sample, Error> {
    session.read(|db| sample::of(db, run))
}

/// A run for people.
pub fn print(session: &Session, run: BillRunId) -> Result<(), Error> {
    let (row, totals, failures, documents) = session.read(|db| {
        Ok((
            bill_run::get(db, run)?,
            bill_run::totals(db, run)?,
            bill_run::failures(db, run)?,
            bill_run::documents(db, run)?,
        ))
    })?;
    output::line(&format!(
        "{run} {}: target {}, invoice date {}",
        row.status, row.params.target_on, row.params.invoice_on
    ));
    if let Some(why) = session.read(|db| job::why_failed(db, &run.to_string()))? {
        output::line(&format!("its job died: {why}"));
    }
    output::line(&format!(
        "{} of {} accounts, {} failed; {} invoices, {} credit memos",
        row.accounts_done, row.accounts_total, row.accounts_failed, row.invoices, row.credit_memos
    ));
    print_totals(&totals);
    if row.already_billed > 0 {
        output::line(&format!(
            "{}: already billed up to the target date",
            counted(row.already_billed, "account", "accounts")
        ));
    }
    if row.invoices + row.credit_memos == 0 && row.status == BillRunStatus::Completed {
        output::line("no documents: nothing is due that is not billed already");
    } else {
        output::line(&format!(
            "drafts {} ({} flagged, {} held, {} stale), posted {}, canceled {}",
            documents.drafts,
            documents.flagged,
            documents.held,
            documents.stale,
            documents.posted,
            documents.canceled
        ));
    }
    let unusual = session.read(|db| unusual::of_run(db, run))?;
    if !unusual.is_empty() {
        output::line("unusual first:");
        unusual.iter().for_each(|one| output::line(&format!("  {}", one.words)));
    }
    if row.invoices + row.credit_memos > 0 {
        let sample = sample_of(session, run)?;
        output::line(&format!("sample: {}", sample.standing.words()));
        if !sample.charges.is_empty() {
            output::line(&format!(
                "charges on what is wrong: {} ({})",
                sample.charges.join(", "),
                sample.models.join(", ")
            ));
        }
    }
    if !row.note.is_empty() {
        output::line(&row.note);
    }
    print_failures(&failures);
    Ok(())
}

/// Totals by currency as decimal strings.
pub fn totals_json(totals: &[(Currency, RunTotal)]) -> Value {
    let made = totals.iter().filter(|(_, t)| t.documents != 0 || t.total_minor != 0);
    output::by_currency(&made.map(|(c, t)| c.amount(t.total_minor)).collect::<Vec<_>>())
}

fn failures_json(failures: &[(String, String)]) -> Value {
    failures.iter().map(|(a, r)| json!({ "account_number": a, "reason": r })).collect()
}

fn print_totals(totals: &[(Currency, RunTotal)]) {
    for (currency, total) in totals {
        output::line(&format!(
            "{currency}  {} net + {} tax = {}  ({} documents)",
            currency.grouped(total.subtotal_minor),
            currency.grouped(total.tax_minor),
            currency.grouped(total.total_minor),
            total.documents
        ));
    }
}

fn print_failures(failures: &[(String, String)]) {
    if failures.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> =
        failures.iter().map(|(account, reason)| vec![account.clone(), reason.clone()]).collect();
    output::table(&[("FAILED ACCOUNT", Align::Left), ("REASON", Align::Left)], &rows);
}
