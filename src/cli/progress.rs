//! Following a job from the command line: a progress line on a terminal's standard error, a clean
//! way out on TERM, HUP and INT.

use super::ctx::Ctx;
use super::output;
use crate::domain::ids::JobId;
use crate::domain::text::clean;
use crate::engine::job::Ports;
use crate::engine::{Error, Session};
use crate::store::job::{JobRow, JobState};
use crate::worker::{self, Ended, Follow};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Shows progress at most twice a second, and leaves when a signal says so.
struct Line {
    stop: Arc<AtomicBool>,
    shown: Option<Instant>,
    begun: Instant,
    on: bool,
    told_paused: bool,
    told_waits: String,
}

impl Follow for Line {
    fn progress(&mut self, job: &JobRow) {
        if job.state == JobState::Paused && !self.told_paused {
            self.told_paused = true;
            output::aside(&format!(
                "{} is paused; waiting (daybook run resume {0} goes on)",
                job.subject
            ));
        }
        if job.state != JobState::Paused {
            self.told_paused = false;
        }
        let soon = self.shown.is_some_and(|s| s.elapsed() < Duration::from_millis(500));
        if !self.on || (soon && job.state.is_open()) {
            return;
        }
        self.shown = Some(Instant::now());
        eprint!("\r{}\u{1b}[K", clean(&words(job, self.begun.elapsed())));
        if !job.state.is_open() {
            eprintln!();
        }
        let _ = std::io::stderr().flush();
    }

    fn waits(&mut self, job: &JobRow, words: &str) {
        if self.told_waits != words {
            words.clone_into(&mut self.told_waits);
            let what = if job.subject.is_empty() { job.kind.as_str() } else { &job.subject };
            eprintln!("{what} {words}");
        }
    }

    fn leave(&mut self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn words(job: &JobRow, took: Duration) -> String {
    let seen = job.done + job.failed;
    let rate = seen as f64 / took.as_secs_f64().max(0.001);
    let left = if seen > 0 && job.total > seen {
        format!("  {:.0} s left", (job.total - seen) as f64 / rate.max(0.001))
    } else {
        String::new()
    };
    let failed = if job.failed > 0 { format!("  {} failed", job.failed) } else { String::new() };
    // What does not know how much there is to do has no total, or one that is passed.
    let far = if job.total < seen.max(1) {
        format!("{seen} done")
    } else {
        format!("{} % {seen}/{}", seen * 100 / job.total, job.total)
    };
    format!("{} {} {far}{failed}{left}", job.kind, job.subject)
}

/// Drives a job to its end, or follows the process that does. Left by a signal, the job stays for
/// the next worker.
pub fn follow(session: &mut Session, job: JobId, ctx: &Ctx) -> Result<Ended, Error> {
    let ended = drive(session, job, ctx)?;
    if let Ended::Left(row) = &ended {
        return Err(Error::Busy(format!(
            "{} {} goes on later: daybook worker --once, or any console, takes it up",
            row.kind, row.subject
        )));
    }
    Ok(ended)
}

/// The same for work that may wait for its time: leaving it is no error.
pub fn drive(session: &mut Session, job: JobId, ctx: &Ctx) -> Result<Ended, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in
        [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP, signal_hook::consts::SIGINT]
    {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|e| Error::Bug(format!("cannot listen for signals: {e}")))?;
    }
    let ports: Ports = worker::ports()?;
    let on = !ctx.json && std::io::stderr().is_terminal();
    let mut line = Line {
        stop,
        shown: None,
        begun: Instant::now(),
        on,
        told_paused: false,
        told_waits: String::new(),
    };
    let ended = worker::drive(session, job, &ports, &mut line)?;
    let row = ended.job();
    if row.state == JobState::Failed {
        return Err(Error::Bug(row.error.clone()));
    }
    Ok(ended)
}
