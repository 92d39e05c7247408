//! `daybook deliver`: makes the deliveries of posted documents and sends or prints them.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids::bill_run;
use super::output::{self, Align};
use super::print_batch::batch_json;
use super::progress;
use crate::config::key;
use crate::domain::delivery::Down;
use crate::domain::ids::BillRunId;
use crate::domain::payment::DeliveryStatus;
use crate::engine::deliver;
use crate::engine::deliver::copies::When;
use crate::engine::deliver::make::Made;
use crate::engine::deliver::pause;
use crate::engine::deliver::print::{self, Written};
use crate::engine::deliver::steer as clerk;
use crate::engine::deliver::steer::Resend;
use crate::engine::{Error, Session};
use crate::store::delivery::{self, Filter};
use crate::store::job::JobRow;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Deliver posted documents: by e-mail after a hold in which they can be recalled, and by print
/// batch. Safe to repeat: what was sent is not sent again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the documents of this bill run
    #[arg(long)]
    run: Option<String>,
    /// Write the queued print copies into DIR: merged PDF, index, zip of single PDFs
    #[arg(long, value_name = "DIR")]
    print: Option<PathBuf>,
    /// No waiting: e-mail that is held for recall or was deferred leaves at once
    #[arg(long)]
    send_now: bool,
    /// Send again what was never sent (bounced, recalled), or with "all" everything
    #[arg(long, value_name = "all", num_args = 0..=1, default_missing_value = "unsent")]
    resend: Option<ResendWord>,
    /// Show what would go where, change nothing
    #[arg(long, conflicts_with_all = ["print", "send_now", "resend"])]
    dry_run: bool,
    /// Queue only; a worker or console sends
    #[arg(long)]
    detach: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ResendWord {
    Unsent,
    All,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let run = args.run.as_deref().map(|text| bill_run(&session, text)).transpose()?;
    if session.config()?.get(key::ISSUER_NAME).is_empty() {
        // Frozen at posting, so it cannot be mended for what is posted already.
        output::aside("daybook: issuer.name is not set: what is posted now names no sender");
        output::aside("  daybook settings set issuer.name NAME, before posting");
    }
    if args.dry_run {
        return preview(&session, run, ctx);
    }
    let when = if args.send_now { When::Now } else { When::AfterHold };
    let mut made = deliver::make::make(&mut session, run, when)?;
    let mut again = Again::default();
    if let Some(word) = args.resend {
        let what = if word == ResendWord::All { Resend::All } else { Resend::NeverSent };
        let ids = clerk::resendable(&session, run, what)?;
        let receipt = clerk::resend(&mut session, &ids, what, when)?;
        again = Again { done: receipt.done, relaid: deliver::first::relaid(&session, &ids)? };
        made.job = receipt.job.or(made.job);
    }
    if args.send_now {
        let now = session.now()?.at_ms;
        let waits = |r: &delivery::Delivery| {
            matches!(r.status, DeliveryStatus::Queued | DeliveryStatus::Deferred)
                && r.channel.leaves()
                && r.not_before_at > now
        };
        let of = Filter { run, ..Filter::default() };
        let ids = session.read(|db| delivery::fitting(db, &of, waits))?;
        if !ids.is_empty() {
            made.job = clerk::send_now(&mut session, &ids)?.job.or(made.job);
        }
    }
    // Each is followed by itself.
    let network = session.read(|db| crate::store::job::waiting(db, crate::store::job::NETWORK))?;
    // A waiting job is taken up again and again: what counts is what this call adds.
    let (mut job, mut counts, mut nobody) = (None, (0, 0), None);
    if let Some(id) = made.job.filter(|id| !args.detach && network != Some(*id)) {
        let before = session.read(|db| crate::store::job::get(db, id))?;
        let after = match progress::drive(&mut session, id, ctx) {
            Ok(ended) => ended.job().clone(),
            // The mail waits; what is to be printed does not wait for it.
            Err(error @ Error::NoWorker(_)) => {
                nobody = Some(error);
                session.read(|db| crate::store::job::get(db, id))?
            }
            Err(other) => return Err(other),
        };
        counts = (after.done - before.done, after.failed - before.failed);
        job = Some(after);
    }
    let mut handed = (0, 0);
    if let Some(id) = network.filter(|_| !args.detach) {
        let before = session.read(|db| crate::store::job::get(db, id))?;
        match progress::drive(&mut session, id, ctx) {
            Ok(_) => {}
            Err(error @ Error::NoWorker(_)) => nobody = nobody.or(Some(error)),
            Err(other) => return Err(other),
        }
        let after = session.read(|db| crate::store::job::get(db, id))?;
        handed = (after.done - before.done, after.failed - before.failed);
    }
    let batch =
        args.print.as_deref().map(|dir| print::write(&mut session, run, dir)).transpose()?;
    let outcome = Outcome { made, again, job, counts, handed, batch };
    let exit = report(&session, run, &outcome, ctx)?;
    nobody.map_or(Ok(exit), Err)
}

/// What was queued again.
#[derive(Default)]
struct Again {
    done: usize,
    /// Documents that another layout delivered first.
    relaid: Vec<String>,
}

/// What came of a call.
struct Outcome {
    made: Made,
    again: Again,
    job: Option<JobRow>,
    /// E-mails sent, and failed or unconfirmed.
    counts: (i64, i64),
    /// E-invoices handed to the network, and failed or unconfirmed.
    handed: (i64, i64),
    batch: Option<Written>,
}

fn plan_json(made: &Made) -> Value {
    let kept: Vec<Value> = made
        .kept
        .iter()
        .map(|c| {
            json!({ "document": c.number, "channel": c.channel, "to": c.address, "status": c.status, "reason": c.reason })
        })
        .collect();
    json!({
        "email": made.queued[0],
        "print": made.queued[1],
        "network": made.queued[2],
        "corrected": made.corrected,
        "suppressed": made.kept_in(DeliveryStatus::Suppressed),
        "held": made.kept_in(DeliveryStatus::Held),
        "impossible": made.kept_in(DeliveryStatus::Impossible),
        "kept": kept,
    })
}

fn kept_table(made: &Made) {
    if made.kept.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = made
        .kept
        .iter()
        .map(|c| {
            vec![
                c.number.clone(),
                c.channel.to_string(),
                c.address.clone(),
                c.status.to_string(),
                c.reason.clone(),
            ]
        })
        .collect();
    let headers = [
        ("DOCUMENT", Align::Left),
        ("BY", Align::Left),
        ("TO", Align::Left),
        ("STATUS", Align::Left),
        ("WHY", Align::Left),
    ];
    output::table(&headers, &rows);
}

fn preview(session: &Session, run: Option<BillRunId>, ctx: &Ctx) -> Result<Exit, Error> {
    let made = deliver::make::preview(session, run)?;
    if ctx.json {
        output::json(&json!({ "dry_run": true, "plan": plan_json(&made) }))?;
    } else {
        output::line(&format!("would make: {}", made.receipt().summary));
        kept_table(&made);
    }
    Ok(Exit::partly_if(made.kept_in(DeliveryStatus::Impossible) > 0))
}

/// That mail is paused, and why, if it is.
fn paused(job: Option<&JobRow>) -> Result<Option<Down>, Error> {
    // A job that waits is still down; one that ended has got through since.
    let Some(job) = job.filter(|j| j.state.is_open()) else { return Ok(None) };
    Ok(job.receipt::<Down>()?)
}

fn report(
    session: &Session,
    run: Option<BillRunId>,
    outcome: &Outcome,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let (balance, not_made) = deliver::make::balance(session, run)?;
    let next = session.read(delivery::next_due)?;
    let zone = session.config()?.zone();
    let next = next.map(|ms| output::moment(ms, zone));
    let ((sent, failed), (handed, not_handed)) = (outcome.counts, outcome.handed);
    let states = deliver::make::at_network(session, run)?;
    let down = paused(outcome.job.as_ref())?;
    if ctx.json {
        output::json(&json!({
            "run": run.map(|r| r.to_string()),
            "plan": plan_json(&outcome.made),
            "resent": outcome.again.done,
            "other_layout": outcome.again.relaid,
            "sent": sent,
            "failed": failed,
            "handed_over": handed,
            "not_handed_over": not_handed,
            "network": states,
            "transport_down": down.as_ref().map(|down| &down.transport),
            "next_try_at": down.as_ref().map(|down| output::moment(down.until_ms, zone)),
            "next_at": next,
            "batch": outcome.batch.as_ref().map(batch_json),
            "balance": balance,
            "balances": balance.balances(),
            "not_made": not_made,
        }))?;
    } else {
        let now = session.now()?;
        let down = down.as_ref().map(|down| pause::words(down, now, zone));
        words(outcome, (sent, failed), down.as_deref(), next.as_deref());
        output::line(&super::delivery::balance_line(&balance));
        super::network::states_line(&states).iter().for_each(|line| output::line(line));
    }
    let refused = outcome.batch.as_ref().is_some_and(|b| !b.refused.is_empty());
    let kept = outcome.made.kept.iter().any(|c| c.status != DeliveryStatus::Suppressed);
    Ok(Exit::partly_if(refused || kept || failed + not_handed > 0 || down.is_some()))
}

fn words(outcome: &Outcome, (sent, failed): (i64, i64), down: Option<&str>, next: Option<&str>) {
    output::line(&format!("made: {}", outcome.made.receipt().summary));
    kept_table(&outcome.made);
    if outcome.again.done > 0 {
        output::line(&format!("queued again: {}", outcome.again.done));
        if let Some(words) = deliver::first::relaid_words(&outcome.again.relaid) {
            output::line(&words);
        }
    }
    if outcome.job.is_some() {
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        output::line(&format!("sent {sent}{failed}"));
    }
    if outcome.handed != (0, 0) {
        let (handed, failed) = outcome.handed;
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        output::line(&format!("handed to the network {handed}{failed}"));
    }
    if let Some(words) = down {
        output::line(&format!("{words}; {}", pause::AT_ONCE));
    } else if !outcome.made.still.is_empty() {
        output::line(&format!("{} (daybook deliver --send-now)", outcome.made.still));
    } else if let Some(next) = next {
        output::line(&format!("the next e-mail goes at {next}; until then it can be recalled"));
    }
    if let Some(batch) = &outcome.batch {
        super::print_batch::written(batch);
    }
}
