//! `daybook export journal`: the ledger for other bookkeeping programs.

use super::ctx::Ctx;
use super::exit::Exit;
use super::listing;
use super::output;
use crate::domain::journal::JournalFormat;
use crate::domain::month::Month;
use crate::domain::period::Span;
use crate::engine::care::bookkeeping::{self, Made};
use crate::engine::care::export;
use crate::engine::{Error, Session};
use crate::outside::Standing;
use chrono::{Months, NaiveDate};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Write the book's records for other programs.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every ledger entry
    Journal {
        /// hledger, beancount or csv
        #[arg(long, value_name = "F", default_value = "hledger")]
        format: String,
        /// From this day on
        #[arg(long, value_name = "DATE")]
        from: Option<NaiveDate>,
        /// Up to this day
        #[arg(long, value_name = "DATE")]
        to: Option<NaiveDate>,
        /// Into this file, which must not be there yet (default: standard output)
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// A month for DATEV (EXTF, Buchungsstapel)
    Datev(Books),
    /// A month or a fiscal year as fichier des écritures comptables (FEC)
    Fec(Books),
}

#[derive(Debug, clap::Args)]
struct Books {
    /// The month, 2026-11; of a FEC also the fiscal year that begins in a year, 2026
    #[arg(long, value_name = "YYYY-MM")]
    period: String,
    /// Into this file (a directory: under its usual name; - is standard output)
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if it is there already
    #[arg(long)]
    force: bool,
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let (format, from, to, output) = match &args.what {
        What::Datev(books) => return handed_over(books, bookkeeping::datev, ctx),
        What::Fec(books) => return handed_over(books, bookkeeping::fec, ctx),
        What::Journal { format, from, to, output } => (format, from, to, output),
    };
    let format = JournalFormat::parse(format).ok_or_else(|| {
        Error::usage("bad_format", format!("{format:?} is no format"), JournalFormat::words())
    })?;
    let session = ctx.open()?;
    let Some(path) = output else {
        if ctx.json {
            return Err(Error::usage(
                "no_output",
                "with --json the journal needs a file",
                "name one with --output FILE",
            ));
        }
        let mut out = std::io::stdout().lock();
        let printed = export::journal(&session, format, *from, *to, &mut out);
        listing::quietly(printed.map(|_| ()))?;
        return Ok(Exit::Done);
    };
    let io = |source| Error::Io { path: path.clone(), source };
    let file = crate::outside::create_new(path).map_err(|source| Error::writing(path, source))?;
    let mut out = std::io::BufWriter::new(file);
    let entries = export::journal(&session, format, *from, *to, &mut out)?;
    out.flush().map_err(io)?;
    if ctx.json {
        output::json(&json!({ "file": path, "format": format, "entries": entries }))?;
    } else {
        output::line(&format!("{entries} entries written to {}", path.display()));
    }
    Ok(Exit::Done)
}

/// The span that is meant: a month, or (of a FEC) the fiscal year that begins in a year.
fn span(books: &Books, session: &Session) -> Result<Span, Error> {
    if let Some(month) = Month::parse(&books.period) {
        return Ok(month.span());
    }
    let wrong = || {
        let why = format!("{:?} is no month", books.period);
        Error::usage("bad_period", why, "such as 2026-11; of a FEC also a year, 2026")
    };
    let is_year = books.period.len() == 4;
    let in_it = Month::parse(&format!("{}-12", books.period)).filter(|_| is_year);
    let from = bookkeeping::year_of(&session.config()?, in_it.ok_or_else(wrong)?.span().to);
    let next = from.checked_add_months(Months::new(12)).and_then(|day| day.pred_opt());
    Ok(Span { from, to: next.ok_or_else(wrong)? })
}

fn handed_over(
    books: &Books,
    make: fn(&Session, Span) -> Result<Made, Error>,
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let session = ctx.open()?;
    let span = span(books, &session)?;
    let made = make(&session, span)?;
    let standing = if books.force { Standing::Replace } else { Standing::Keep };
    if !made.defaults.is_empty() && !ctx.json {
        let all: Vec<String> =
            made.defaults.iter().map(|(ledger, number)| format!("{ledger} = {number}")).collect();
        output::aside(&format!("daybook: accounts by default: {}", all.join("; ")));
        output::aside("  daybook settings set datev.accounts (or fec.accounts) says others");
    }
    let Some(written) = output::file(&books.file, &made.name, &made.bytes, standing)? else {
        return Ok(Exit::Done);
    };
    let written = written.display().to_string();
    if ctx.json {
        output::json(&json!({
            "file": written, "from": span.from, "to": span.to, "events": made.events,
            "closed": made.closed, "default_accounts": made.defaults,
        }))?;
    } else {
        let state = if made.closed { "closed" } else { "still open" };
        output::line(&format!("{} events of {state} months: {written}", made.events));
    }
    Ok(Exit::Done)
}
