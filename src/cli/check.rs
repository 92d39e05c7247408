//! `daybook check`: whether every named invariant of the book holds; exit 0 or 4.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output;
use crate::engine::Error;
use crate::engine::care::check::{self, Depth};
use serde_json::json;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the checks whose name begins so
    only: Option<String>,
    /// Also every index against its table: reads the whole book
    #[arg(long)]
    deep: bool,
}

/// Runs them; changes nothing.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let depth = if args.deep { Depth::Deep } else { Depth::Quick };
    let checked = ctx
        .open()
        .and_then(|session| check::check_to(&session, args.only.as_deref().unwrap_or(""), depth));
    let all = match checked {
        Ok(all) => all,
        Err(error) => vec![check::unopened(&ctx.book, &error).ok_or(error)?],
    };
    let violated = all.iter().filter(|c| !c.ok).count();
    if ctx.json {
        output::json(&json!({ "checks": all }))?;
    } else {
        for one in &all {
            let mark = if one.ok { "ok  " } else { "FAIL" };
            output::line(&format!("{mark}  {:<22} {}", one.name, one.promise));
            if one.older > 0 {
                output::line(&format!("        {} rows are older than this rule", one.older));
            }
            for violation in &one.violations {
                output::line(&format!("        {}", crate::domain::text::clean(violation)));
            }
        }
        output::line(&format!("{} checks, {violated} violated", all.len()));
    }
    Ok(if violated == 0 { Exit::Done } else { Exit::CheckFailed })
}
