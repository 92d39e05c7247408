//! `daybook post`: numbers and locks drafts.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use super::progress;
use crate::domain::document::DocumentStatus;
use crate::domain::ids::RunId;
use crate::domain::money::Money;
use crate::engine::answer;
use crate::engine::command::Pick;
use crate::engine::post;
use crate::engine::post::posting::{Posted, What};
use crate::engine::query::{Answer, Query};
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow};
use crate::store::job::JobRow;
use crate::store::read::post_preview::PostPreview;
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Post a run, or drafts: numbered without gaps, immutable from then on.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The bill run
    #[arg(required_unless_present = "invoice", conflicts_with = "invoice")]
    run: Option<String>,
    /// Drafts
    #[arg(long, value_name = "ID", num_args = 1..)]
    invoice: Vec<String>,
    /// A new invoice date; due dates follow the term
    #[arg(long, value_name = "DATE")]
    invoice_date: Option<NaiveDate>,
    /// Say what would be posted and what would stay behind; write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let what = match &args.run {
        Some(run) => match super::ids::run(run)? {
            RunId::Bill(id) => What::Run(id),
            RunId::Payment(id) => {
                return Err(Error::usage(
                    "not_a_bill_run",
                    format!("{id} is a payment run"),
                    "name a bill run",
                ));
            }
        },
        None => {
            let picks = session.read(|db| {
                args.invoice
                    .iter()
                    .map(|id| document::find(db, id).map(Pick::whichever))
                    .collect::<Result<Vec<_>, _>>()
            })?;
            What::Drafts(picks)
        }
    };
    if let Some(numbers) = already(&session, &what, args)? {
        if ctx.json {
            output::json(&json!({ "posted": 0, "refused": [], "already": numbers }))?;
        } else {
            output::line(&format!("posted already: {}", numbers.join(", ")));
        }
        return Ok(Exit::Done);
    }
    let preview = preview(&session, &what, args.invoice_date)?;
    if args.dry_run {
        return foretell(&preview, ctx);
    }
    let doubts = preview.doubts;
    for doubt in doubts.iter().filter(|_| !ctx.json) {
        output::line(&format!("check the date: {doubt}"));
    }
    let job = post::posting::start(&mut session, &what, args.invoice_date)?;
    let ended = progress::follow(&mut session, job, ctx)?;
    report(ended.job(), &doubts, &session.head()?, ctx)
}

/// The numbers of what is to be posted, where all of it is: asked for again nothing is done, and that is well.
fn already(session: &Session, what: &What, args: &Args) -> Result<Option<Vec<String>>, Error> {
    let What::Drafts(picks) = what else { return Ok(None) };
    if args.invoice_date.is_some() {
        return Ok(None);
    }
    let rows = session.read(|db| {
        picks.iter().map(|pick| document::get(db, pick.id)).collect::<Result<Vec<_>, _>>()
    })?;
    let posted =
        |row: &DocumentRow| (row.status == DocumentStatus::Posted).then_some(row.number.clone());
    Ok(rows.iter().map(|row| posted(row).flatten()).collect())
}

/// What posting would do; the console asks the same.
fn preview(
    session: &Session,
    what: &What,
    invoice_on: Option<NaiveDate>,
) -> Result<PostPreview, Error> {
    let query = match what {
        What::Run(run) => Query::PostRun(*run, invoice_on),
        What::Drafts(picks) => Query::PostMarked(picks.clone(), invoice_on),
    };
    match answer::ask(session, &query.into())? {
        Answer::Post(preview) => Ok(preview),
        other => Err(Error::Bug(format!("a posting was answered by {other:?}"))),
    }
}

fn foretell(preview: &PostPreview, ctx: &Ctx) -> Result<Exit, Error> {
    let money: Vec<Money> = preview.money.iter().map(|(total, _)| *total).collect();
    let left: i64 = preview.left_out.iter().map(|(_, n)| n).sum();
    if ctx.json {
        let behind: Vec<Value> = preview
            .left_out
            .iter()
            .map(|(reason, count)| json!({ "reason": reason, "count": count }))
            .collect();
        let claimed: Vec<Value> =
            preview.claimed.iter().map(|(by, n)| json!({ "by": by, "count": n })).collect();
        output::json(&json!({
            "would_post": preview.count,
            "totals": output::by_currency(&money),
            "numbers": preview.numbers,
            "stays_behind": behind,
            "claimed_by_others": claimed,
            "warnings": preview.doubts,
        }))?;
    } else {
        output::line(&format!("would post {}: {}", preview.count, output::listed(&money)));
        for range in &preview.numbers {
            output::line(&format!("numbers {range}"));
        }
        for (reason, count) in &preview.left_out {
            output::line(&format!("stays behind: {count} {reason}"));
        }
        for (who, count) in &preview.claimed {
            output::line(&format!("claimed by {who}: {count}"));
        }
        for doubt in &preview.doubts {
            output::line(&format!("check the date: {doubt}"));
        }
    }
    Ok(Exit::partly_if(left > 0))
}

fn report(job: &JobRow, doubts: &[String], head: &str, ctx: &Ctx) -> Result<Exit, Error> {
    let done: Posted = job.receipt()?.unwrap_or_default();
    if ctx.json {
        let refused: Vec<Value> =
            done.refused.iter().map(|r| json!({ "id": r.what, "reason": r.reason })).collect();
        let kept: Vec<Value> = done
            .due_kept
            .iter()
            .map(|(number, due)| json!({ "number": number, "due_date": due }))
            .collect();
        output::json(&json!({
            "posted": done.posted,
            "refused": refused,
            "refused_count": done.refused_count,
            "totals": output::by_currency(&done.totals),
            "due_kept": kept,
            "warnings": doubts,
            "first_number": done.first_number,
            "last_number": done.last_number,
            "head": head,
        }))?;
    } else {
        let totals = output::listed(&done.totals);
        let range = match (&done.first_number, &done.last_number) {
            (Some(a), Some(b)) if a != b => format!(", {a} to {b}"),
            (Some(a), _) => format!(", {a}"),
            (None, _) => String::new(),
        };
        if done.posted == 0 {
            output::line("posted nothing");
        } else {
            let kept = done.kept_words();
            output::line(&format!("posted {}, {}{range}{kept}", done.posted, totals));
            output::line(&format!("audit head {head}"));
        }
        if done.refused_count > 0 {
            let rows: Vec<Vec<String>> =
                done.refused.iter().map(|r| vec![r.what.clone(), r.reason.clone()]).collect();
            output::line(&format!("{} stay behind:", done.refused_count));
            output::table(&[("DRAFT", Align::Left), ("WHY", Align::Left)], &rows);
        }
    }
    Ok(Exit::partly_if(done.refused_count > 0))
}
