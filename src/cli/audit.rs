//! `daybook audit`: the trail of what everybody did, and whether it is unbroken.

use super::output::{self, Align};
use super::{Ctx, Exit};
use crate::engine::Error;
use crate::store::operation;
use chrono::DateTime;
use serde_json::json;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Walk the hash chain and print its head for safekeeping
    #[arg(long)]
    verify: bool,
    /// Only what concerns one thing (D-000012, BR-000001, a setting)
    #[arg(long)]
    subject: Option<String>,
    /// How many rows
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    if args.verify {
        return verify(&session, ctx);
    }
    let rows = session.read(|db| operation::list(db, args.subject.as_deref(), None, args.limit))?;
    let zone = session.config()?.zone();
    let time = |ms: i64| {
        DateTime::from_timestamp_millis(ms)
            .unwrap_or_default()
            .with_timezone(&zone)
            .format("%Y-%m-%d %H:%M")
            .to_string()
    };
    if ctx.json {
        let all: Vec<_> = rows
            .iter()
            .map(|r| json!({ "seq": r.seq, "at": time(r.at), "uid": r.uid, "user": r.user_name, "role": r.role, "verb": r.verb, "subject": r.subject, "summary": r.summary, "detail": r.detail }))
            .collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            vec![
                r.seq.to_string(),
                time(r.at),
                r.user_name.clone(),
                r.verb.clone(),
                r.subject.clone(),
                r.summary.clone(),
            ]
        })
        .collect();
    let headers = [
        ("SEQ", Align::Right),
        ("AT", Align::Left),
        ("WHO", Align::Left),
        ("VERB", Align::Left),
        ("SUBJECT", Align::Left),
        ("WHAT", Align::Left),
    ];
    output::table(&headers, &cells);
    Ok(Exit::Done)
}

fn verify(session: &crate::engine::Session, ctx: &Ctx) -> Result<Exit, Error> {
    let (broken, last, head) = session.read(operation::verify)?;
    let head: String = head.iter().map(|b| format!("{b:02x}")).collect();
    if ctx.json {
        output::json(
            &json!({ "ok": broken.is_empty(), "broken": broken, "operations": last, "head": head }),
        )?;
    } else if broken.is_empty() {
        output::line(&format!("unbroken: {last} operations, head {head}"));
    } else {
        output::line(&format!("BROKEN at operations {broken:?}; head {head}"));
    }
    Ok(if broken.is_empty() { Exit::Done } else { Exit::CheckFailed })
}
