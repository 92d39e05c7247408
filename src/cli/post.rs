//! `daybook post`: numbers and locks drafts.

use super::output::{self, Align};
use super::{Ctx, Exit, progress};
use crate::domain::ids::RunId;
use crate::engine::command::Pick;
use crate::engine::post::{self, Posted, What};
use crate::engine::query::{self, Answer, Query};
use crate::engine::{Error, Session};
use crate::store::document;
use crate::store::job::JobRow;
use chrono::NaiveDate;
use serde_json::{Map, Value, json};

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
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let what = match &args.run {
        Some(run) => match super::run::parse(run)? {
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
                    .map(|id| document::find(db, id).map(|id| Pick { id, version: 0 }))
                    .collect::<Result<Vec<_>, _>>()
            })?;
            What::Drafts(picks)
        }
    };
    let doubts = doubts(&session, &what, args.invoice_date)?;
    for doubt in doubts.iter().filter(|_| !ctx.json) {
        output::line(&format!("check the date: {doubt}"));
    }
    let job = post::start(&mut session, &what, args.invoice_date)?;
    let ended = progress::follow(&mut session, job, ctx)?;
    report(ended.job(), &doubts, &session.head()?, ctx)
}

/// What is odd about the dates that will be printed; the console asks the same.
fn doubts(
    session: &Session,
    what: &What,
    invoice_on: Option<NaiveDate>,
) -> Result<Vec<String>, Error> {
    let query = match what {
        What::Run(run) => Query::PostRun(RunId::Bill(*run), invoice_on),
        What::Drafts(picks) => Query::PostMarked(picks.clone(), invoice_on),
    };
    match query::ask(session, &query)? {
        Answer::Post(preview) => Ok(preview.doubts),
        other => Err(Error::Bug(format!("a posting was answered by {other:?}"))),
    }
}

fn report(job: &JobRow, doubts: &[String], head: &str, ctx: &Ctx) -> Result<Exit, Error> {
    let done: Posted = if job.detail.is_empty() {
        Posted::default()
    } else {
        serde_json::from_str(&job.detail).map_err(|e| Error::Bug(e.to_string()))?
    };
    if ctx.json {
        let totals: Map<String, Value> =
            done.totals.iter().map(|(c, m)| (c.code().to_owned(), json!(c.plain(*m)))).collect();
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
            "totals": totals,
            "due_kept": kept,
            "warnings": doubts,
            "first_number": done.first_number,
            "last_number": done.last_number,
            "head": head,
        }))?;
    } else {
        let totals: Vec<String> =
            done.totals.iter().map(|(c, m)| format!("{} {c}", c.grouped(*m))).collect();
        let range = match (&done.first_number, &done.last_number) {
            (Some(a), Some(b)) if a != b => format!(", {a} to {b}"),
            (Some(a), _) => format!(", {a}"),
            (None, _) => String::new(),
        };
        if done.posted == 0 {
            output::line("posted nothing");
        } else {
            let kept = done.kept_words();
            output::line(&format!("posted {}, {}{range}{kept}", done.posted, totals.join(", ")));
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
