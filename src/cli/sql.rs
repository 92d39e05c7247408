//! `daybook sql --read-only QUERY`: one query on the live book, without another program.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::engine::{Error, query_by_hand};
use crate::store::{Bounds, Cut};
use serde_json::{Map, Value, json};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only reads; there is no other way, and saying so is required
    #[arg(long, required = true)]
    read_only: bool,
    /// The query
    query: String,
    /// At most so many rows (default and most: the setting sql.rows)
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Ends after so many seconds (default and most: the setting sql.seconds)
    #[arg(long, value_name = "N")]
    seconds: Option<u32>,
}

/// Runs it. An answer that a bound of the book cut ends with 1; one cut by `--limit` is what was
/// asked for.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let bounds = query_by_hand::bounds(&session, args.limit, args.seconds)?;
    let answer = session.store.query(&args.query, bounds)?;
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
    if let Some(cut) = answer.cut {
        output::aside(&format!("daybook: not the whole answer: {}", words(cut, bounds)));
    }
    let asked = answer.cut == Some(Cut::Rows) && args.limit.is_some();
    Ok(Exit::partly_if(answer.cut.is_some() && !asked))
}

fn words(cut: Cut, bounds: Bounds) -> String {
    match cut {
        Cut::Rows => format!("only the first {} rows; --limit N gives more", bounds.rows),
        Cut::Time => format!(
            "it ran for {} s and was ended, so that it does not hold the log; --seconds N gives \
             more, daybook backup a copy to ask at leisure",
            bounds.time.as_secs()
        ),
        Cut::Size => "it is larger than 64 MB; ask for fewer columns or rows".to_owned(),
    }
}
