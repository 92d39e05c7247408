//! `daybook invoice history|restore`.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids::picks;
use super::output;
use super::receipt::report;
use crate::domain::money::Money;
use crate::domain::text::clean;
use crate::engine::Error;
use crate::engine::on_its_way::Sure;
use crate::engine::query::{Answer, Query};
use crate::engine::{answer, review};
use crate::store::document;
use chrono::DateTime;
use serde_json::{Value, json};

/// Show the history of a document.
#[derive(Debug, clap::Args)]
pub struct Of {
    /// D-000012 or a number
    id: String,
}

/// Put a draft back.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The draft (D-000012)
    id: String,
    /// The deed, by its place in the trail: the draft is as it was before it
    #[arg(long, value_name = "SEQ")]
    before: i64,
    /// The version that was looked at: another one is refused
    #[arg(long)]
    version: Option<i64>,
    /// Also one that another clerk has claimed
    #[arg(long)]
    yes: bool,
}

/// Lists the deeds, newest first.
pub fn history(args: &Of, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let id = session.read(|db| document::find(db, &args.id))?;
    let Answer::Past(history) = answer::ask(&session, &Query::Past(id).into())? else {
        return Err(Error::Bug("a history was asked for".to_owned()));
    };
    let zone = session.config()?.zone();
    let when = |ms| {
        let at = DateTime::from_timestamp_millis(ms).unwrap_or_default().with_timezone(&zone);
        at.format("%Y-%m-%d %H:%M").to_string()
    };
    if ctx.json {
        let all: Vec<Value> = history
            .deeds
            .iter()
            .map(|deed| {
                let turned: Vec<Value> = deed
                    .turned
                    .iter()
                    .map(|t| json!({ "field": t.field, "before": t.before, "after": t.after }))
                    .collect();
                json!({
                    "seq": deed.seq,
                    "at": when(deed.at_ms),
                    "user": deed.user,
                    "verb": deed.verb,
                    "summary": deed.summary,
                    "changes": turned,
                    "undone": deed.undone,
                    "restores": deed.restores.is_some(),
                    "total_before": deed.restores.map(Money::plain),
                })
            })
            .collect();
        output::json(&all)?;
        return Ok(Exit::Done);
    }
    for deed in &history.deeds {
        let by = if deed.user.is_empty() { String::new() } else { format!("{} ", deed.user) };
        let undone = if deed.undone { " (undone since)" } else { "" };
        let seq = if deed.seq == 0 { String::new() } else { format!("#{} ", deed.seq) };
        let at = when(deed.at_ms);
        output::line(&clean(&format!("{at} {seq}{by}{}: {}{undone}", deed.verb, deed.summary)));
        for turned in &deed.turned {
            let text = format!("    {}: {:?} to {:?}", turned.field, turned.before, turned.after);
            output::line(&clean(&text));
        }
    }
    if history.more {
        output::line(&format!("older ones: daybook audit --subject {}", history.pick.id));
    }
    Ok(Exit::Done)
}

/// Puts a draft back.
pub fn restore(args: &Restore, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    session.sure = Sure::of(args.yes);
    let picked = picks(&session, std::slice::from_ref(&args.id), args.version)?;
    let Some(pick) = picked.first() else {
        return Err(Error::Bug("one id gave no draft".to_owned()));
    };
    report(&review::past::restore(&mut session, pick, args.before)?, ctx)
}
