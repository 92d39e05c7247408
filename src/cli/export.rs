//! `daybook export journal`: the ledger for other bookkeeping programs.

use super::ctx::Ctx;
use super::exit::Exit;
use super::listing;
use super::output;
use crate::domain::journal::JournalFormat;
use crate::engine::Error;
use crate::engine::care::export;
use chrono::NaiveDate;
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
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let What::Journal { format, from, to, output } = &args.what;
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
