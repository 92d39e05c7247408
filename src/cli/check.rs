//! `daybook check`: whether every named invariant of the book holds; exit 0 or 4.

use super::{Ctx, Exit, output};
use crate::engine::{Error, check};
use serde_json::json;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the checks whose name begins so
    only: Option<String>,
}

/// Runs them; changes nothing.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let all = check::check(&session, args.only.as_deref().unwrap_or(""))?;
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
