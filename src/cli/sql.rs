//! `daybook sql --read-only QUERY`: one query on the live book, without another program.

use super::output::{self, Align};
use super::{Ctx, Exit};
use crate::engine::Error;
use serde_json::{Map, Value, json};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only reads; there is no other way, and saying so is required
    #[arg(long, required = true)]
    read_only: bool,
    /// The query
    query: String,
    /// At most so many rows
    #[arg(long, default_value_t = 10_000)]
    limit: usize,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let answer = session.store.query(&args.query, args.limit)?;
    if ctx.json {
        let rows: Vec<Value> = answer
            .rows
            .iter()
            .map(|row| {
                let cells = answer.columns.iter().cloned().zip(row.iter().map(|c| json!(c)));
                Value::Object(cells.collect::<Map<_, _>>())
            })
            .collect();
        output::json(&rows)?;
    } else {
        let headers: Vec<(&str, Align)> =
            answer.columns.iter().map(|c| (c.as_str(), Align::Left)).collect();
        let rows: Vec<Vec<String>> = answer
            .rows
            .iter()
            .map(|row| row.iter().map(|c| c.clone().unwrap_or_default()).collect())
            .collect();
        output::table(&headers, &rows);
    }
    if answer.cut {
        let words = format!("daybook: only the first {} rows; --limit N gives more", args.limit);
        output::aside(&words);
    }
    Ok(Exit::Done)
}
