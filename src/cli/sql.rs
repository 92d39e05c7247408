//! `daybook sql --read-only QUERY`: one query on the live book, without another program.

use super::ctx::Ctx;
use super::exit::Exit;
use super::listing::{self, Out, Stdout};
use super::output::{self, Align, Columns};
use crate::engine::{Error, query_by_hand};
use crate::store::{Answer, Bounds, Cut};
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
    listing::quietly(if ctx.json { array(&answer) } else { table(&answer) })?;
    if let Some(cut) = answer.cut {
        output::aside(&format!("daybook: not the whole answer: {}", words(cut, bounds)));
    }
    let asked = answer.cut == Some(Cut::Rows) && args.limit.is_some();
    Ok(Exit::partly_if(answer.cut.is_some() && !asked))
}

fn array(answer: &Answer) -> Result<(), Error> {
    let mut paper = Stdout;
    let mut out = Out::new(&mut paper);
    for (n, row) in answer.rows.iter().enumerate() {
        let cells = answer.columns.iter().cloned().zip(row.iter().map(|c| json!(c)));
        let row = Value::Object(cells.collect::<Map<_, _>>());
        out.element(if n == 0 { '[' } else { ',' }, "\n  ", &row)?;
        out.ebb()?;
    }
    out.push(if answer.rows.is_empty() { "[]\n" } else { "\n]\n" });
    out.flush()
}

fn texts(row: &[Option<String>]) -> Vec<&str> {
    row.iter().map(|cell| cell.as_deref().unwrap_or_default()).collect()
}

fn table(answer: &Answer) -> Result<(), Error> {
    let headers: Vec<(&str, Align)> =
        answer.columns.iter().map(|c| (c.as_str(), Align::Left)).collect();
    let mut columns = Columns::new(&headers);
    for row in &answer.rows {
        columns.widen(&texts(row));
    }
    let mut paper = Stdout;
    let mut out = Out::new(&mut paper);
    out.push(&columns.head());
    for row in &answer.rows {
        out.push(&columns.row(&texts(row)));
        out.ebb()?;
    }
    out.flush()
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
