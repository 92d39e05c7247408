//! `daybook worker`: jobs, schedules and queues with no one logged in.

use super::{Ctx, Exit, output};
use crate::engine::Error;
use crate::store::StoreError;
use crate::worker;
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
    /// Begin when standard input ends: with the end of the console that started it
    #[arg(long, hide = true)]
    heir: bool,
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
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    }
    let mut session = ctx.open()?;
    let ports = worker::ports()?;
    let mut driven = 0;
    let mut copies = worker::Copies::default();
    loop {
        match copies.look(&session) {
            Err(Error::Store(StoreError::Busy)) => {}
            other => other?,
        }
        let now = match worker::work(&mut session, &ports, &stop) {
            // Somebody else's long write is no reason to leave.
            Err(Error::Store(StoreError::Busy)) if !args.once => 0,
            other => other?,
        };
        driven += now;
        if stop.load(Ordering::Relaxed) || (args.once && now == 0) {
            break;
        }
        if now == 0 {
            std::thread::sleep(Duration::from_millis(500));
        }
    }
    copies.wait();
    if ctx.json {
        output::json(&json!({ "jobs": driven }))?;
    } else {
        output::line(&format!("{driven} jobs driven"));
    }
    Ok(Exit::Done)
}
