//! `daybook audit`: the trail of what everybody did, and whether it is unbroken.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::domain::text;
use crate::engine::Error;
use crate::engine::care::check;
use crate::store::heads::{Head, Kept};
use crate::store::operation;
use chrono::DateTime;
use serde_json::json;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Walk the hash chain and print its head for safekeeping
    #[arg(long)]
    verify: bool,
    /// With --verify: a head on paper (12:9f86d081884c7d65…) that the trail must hold
    #[arg(long, value_name = "HEAD", requires = "verify")]
    since: Option<String>,
    /// Only what concerns one thing (D-000012, BR-000001, a setting)
    #[arg(long)]
    subject: Option<String>,
    /// How many rows
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    if args.verify {
        let verified = ctx.open().and_then(|s| verify(&s, args.since.as_deref(), ctx));
        // A book too damaged to be asked does not hold what it should.
        return verified.map_err(|error| match check::unopened(&ctx.book, &error) {
            Some(found) => Error::CheckFailed(found.violations.join("; ")),
            None => error,
        });
    }
    let session = ctx.open()?;
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

fn verify(session: &crate::engine::Session, since: Option<&str>, ctx: &Ctx) -> Result<Exit, Error> {
    let since = since.map(|text| Head::parse(text).ok_or_else(|| no_head(text))).transpose()?;
    let kept = Kept::read(session.store.path())?;
    let found = session.read(|db| {
        let (broken, last, hash) = operation::verify(db)?;
        let mut missing = kept.missing(db)?;
        if let Some(head) = &since
            && !head.is_held(db)?
        {
            missing.push(format!("the trail does not hold {head}: it was cut or made anew"));
        }
        Ok((broken, last, hash, missing))
    });
    let (broken, last, hash, missing) = found?;
    let hash = text::hex(&hash);
    let head = Head { seq: last, hash };
    let ok = broken.is_empty() && missing.is_empty();
    if ctx.json {
        output::json(
            &json!({ "ok": ok, "broken": broken, "missing": missing, "operations": last, "head": head.to_string(), "kept": kept.extent().0 }),
        )?;
    } else {
        if broken.is_empty() {
            output::line(&format!("unbroken: {last} operations, head {head}"));
        } else {
            output::line(&format!("BROKEN at operations {broken:?}; head {head}"));
        }
        for words in &missing {
            output::line(&format!("MISSING: {words}"));
        }
        if missing.is_empty() {
            output::line(&format!("{} heads kept outside the book agree", kept.extent().0));
        }
    }
    Ok(if ok { Exit::Done } else { Exit::CheckFailed })
}

fn no_head(text: &str) -> Error {
    let hint = "a head is a position and a hash, as audit --verify prints it: 12:9f86d081884c7d65…";
    Error::usage("bad_head", format!("{text:?} is no head"), hint)
}
