//! `daybook worker`: jobs, schedules and queues with no one logged in.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output;
use crate::engine::care::timekeeping;
use crate::engine::{Error, trouble};
use crate::store::StoreError;
use crate::worker::{self, log};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do what is due now, then end
    #[arg(long)]
    once: bool,
    /// Work by this clock, though it is far from the last work in the book (as clock confirm)
    #[arg(long)]
    yes: bool,
    /// Begin when standard input ends: with the end of the console that started it
    #[arg(long, hide = true)]
    heir: bool,
}

/// Whether a worker goes on after an error: the rest of the work may still be done, and a full disk
/// has room again some day. It leaves a book that is no longer one it can read.
fn stays(error: &Error) -> bool {
    use StoreError as S;
    match error {
        Error::Store(
            S::Missing(_)
            | S::NotABook(_)
            | S::Newer { .. }
            | S::ForeignFilesystem { .. }
            | S::Replaced { .. }
            | S::Outdated { .. }
            | S::Corrupt(_),
        ) => false,
        Error::Store(_)
        | Error::Usage { .. }
        | Error::Input { .. }
        | Error::NeedsYes { .. }
        | Error::Busy(_)
        | Error::NoWorker(_)
        | Error::CheckFailed(_)
        | Error::Io { .. }
        | Error::Bug(_) => true,
    }
}

/// Works until told to stop (TERM, HUP, INT), finishing the open slice first.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in
        [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP, signal_hook::consts::SIGINT]
    {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|e| Error::Bug(format!("cannot listen for signals: {e}")))?;
    }
    if args.heir {
        // However it ends, the console that held it is gone.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    }
    let side = crate::store::side_directory(&ctx.book);
    log::begin(&side, log::Aloud::Yes);
    let mut session = ctx.open()?;
    if args.yes && !timekeeping::clock(&session)?.is_believed() {
        timekeeping::confirm(&mut session)?;
    }
    session.store.mend();
    session.store.sweep_locks();
    let ports = worker::ports()?;
    let mut driven = 0;
    let mut copies = worker::Copies::default();
    loop {
        // Other work goes on without copies, and people are told.
        if let Err(error) = copies.look(&session) {
            trouble::tell(&mut session, "copies of the book", &error);
        }
        let now = match worker::work(&mut session, &ports, &stop) {
            Err(error) if args.once || !stays(&error) => return Err(error),
            Err(error) => {
                if !trouble::passes(&error) {
                    tracing::error!(%error, "this round of work");
                }
                0
            }
            Ok(now) => now,
        };
        driven += now;
        if stop.load(Ordering::Relaxed) || (args.once && now == 0) {
            break;
        }
        if now == 0 {
            std::thread::sleep(Duration::from_millis(500));
        }
    }
    // Who is told to stop leaves: what a copy left half done the next worker takes up.
    if !stop.load(Ordering::Relaxed) {
        copies.wait();
    }
    let doubt = timekeeping::doubt(&session)?;
    if ctx.json {
        output::json(&json!({ "jobs": driven, "clock_doubt": doubt }))?;
    } else {
        output::line(&format!("{driven} jobs driven"));
        if !doubt.is_empty() {
            output::line(&doubt);
        }
    }
    Ok(Exit::Done)
}
