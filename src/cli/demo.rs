//! `daybook demo`: a book with data, then the console.

use super::{Ctx, Exit, actor, output};
use crate::clock::Now;
use crate::engine::{Error, Session, demo};
use crate::outside;
use crate::store::{BookKind, CreateBook, Store};
use crate::worker;
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Make a book with data, two cycles billed and a month that waits, then open the console on it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directory to make it in (default: a new one among the temporary files)
    #[arg(long, value_name = "D")]
    dir: Option<PathBuf>,
    /// Customers
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    accounts: u64,
    /// At least this many posted invoices
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=5_000_000))]
    invoices: u64,
}

/// Makes the book; gives its path for the console to open.
pub fn run(args: &Args, ctx: &Ctx) -> Result<(PathBuf, Exit), Error> {
    let directory = match &args.dir {
        Some(directory) => directory.clone(),
        None => outside::temporary_directory("daybook-demo-")
            .map_err(|source| Error::Io { path: std::env::temp_dir(), source })?,
    };
    outside::directory(&directory)
        .map_err(|source| Error::Io { path: directory.clone(), source })?;
    let path = directory.join("demo.db");
    let begun = Instant::now();
    let actor = actor();
    let now = Now::system(chrono_tz::Tz::UTC);
    let store = Store::create(&path, &CreateBook { kind: BookKind::Demo, actor: &actor, now })?;
    let mut session = Session::on(store, actor);
    let size = demo::Size { accounts: args.accounts, invoices: args.invoices };
    let ports = worker::ports()?;
    let stop = AtomicBool::new(false);
    let mut drive = |session: &mut Session| {
        while worker::work(session, &ports, &stop)? > 0 {}
        Ok(())
    };
    let quiet = ctx.json;
    let mut say = |words: &str| {
        if !quiet {
            output::aside(&format!("  {words}"));
        }
    };
    demo::fill(&mut session, size, &mut drive, &mut say)?;
    if ctx.json {
        output::json(&json!({ "book": path, "seconds": begun.elapsed().as_secs_f64() }))?;
    } else {
        output::line(&path.display().to_string());
        output::aside(&format!(
            "made in {:.1} s; its clock stands at 2026-12-01 08:00",
            begun.elapsed().as_secs_f64()
        ));
        output::aside(&format!("open it again:  daybook --book {}", path.display()));
        output::aside(&format!("throw it away:  rm -r {}", directory.display()));
    }
    Ok((path, Exit::Done))
}
