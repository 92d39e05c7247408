//! Crash or cut at every point of a charge: at most one success per key, never more than is owed,
//! every unknown outcome resolved or listed.
//!
//! The points, before and after the gateway commits: (1) before the payment is written down, (2)
//! after that and before the call, (3) the request is lost, (4) the gateway fails before it
//! commits, (5) the answer is lost after it committed, (6) the caller dies with the answer on its
//! way, (7) the caller dies before it records the answer, (8) right after. `DAYBOOK_FAULTS` sets
//! how many seeds are tried (default 100).

use crate::collect::{owing, sandbox_at};
use crate::crash::{copy, rows};
use daybook::clock::Now;
use daybook::config::Config;
use daybook::domain::actor::Verb;
use daybook::domain::ids::JobId;
use daybook::engine::collect::{self, Collect};
use daybook::engine::command::NewPaymentRun;
use daybook::engine::job::{Pool, Ports, Runner, Slice};
use daybook::engine::till::Till;
use daybook::engine::{Session, reconcile, retry};
use daybook::gateway::{
    self, Capabilities, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest,
};
use daybook::store::job as jobs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Runs tasks one after the other in this thread, so that a seed always does the same.
struct Inline;

impl Pool for Inline {
    fn run(&self, _limit: usize, tasks: Vec<Box<dyn FnOnce() + Send>>) {
        for task in tasks {
            task();
        }
    }
}

/// A small generator (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>): a seed is a story.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// What a dying process says.
#[derive(Debug)]
struct Died;

/// A gateway whose line, or whose caller, fails as the dice say.
struct Faulty {
    inner: Arc<dyn Gateway>,
    dice: Arc<Mutex<Dice>>,
    /// A known-bad caller: sends again when it does not know.
    resend: bool,
}

impl Gateway for Faulty {
    fn events(
        &self,
        since_ms: i64,
        at_ms: i64,
    ) -> Result<Vec<daybook::gateway::ChargeEvent>, String> {
        self.inner.events(since_ms, at_ms)
    }

    fn charge(&self, request: &ChargeRequest) -> Outcome {
        let point = self.dice.lock().unwrap().roll(14);
        match point {
            0 => std::panic::panic_any(Died),
            1 => Outcome::Unknown { why: "the request was lost".into() },
            2 => Outcome::Unknown { why: "HTTP 503".into() },
            3 => Outcome::Unreachable { why: "refused".into() },
            4 => {
                let _ = self.inner.charge(request);
                if self.resend {
                    let again =
                        ChargeRequest { key: format!("{}-again", request.key), ..request.clone() };
                    return self.inner.charge(&again);
                }
                Outcome::Unknown { why: "the answer was lost".into() }
            }
            5 => {
                let _ = self.inner.charge(request);
                std::panic::panic_any(Died)
            }
            _ => self.inner.charge(request),
        }
    }

    fn look_up(&self, query: &LookUp) -> Found {
        let point = self.dice.lock().unwrap().roll(6);
        match point {
            0 => Found::Failed { why: "no answer".into() },
            1 => std::panic::panic_any(Died),
            _ => self.inner.look_up(query),
        }
    }

    fn refund(&self, request: &RefundRequest) -> Outcome {
        self.inner.refund(request)
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

/// Runs `work`; none when the process died in it.
fn alive<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(payload) if payload.is::<Died>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

struct Story {
    /// Its own copy of the book, gone when dropped.
    _dir: tempfile::TempDir,
    path: PathBuf,
    dice: Arc<Mutex<Dice>>,
    resend: bool,
    now: Now,
}

impl Story {
    fn session(&self) -> Session {
        let mut session = Session::open(&self.path, daybook::cli::actor()).unwrap();
        session.fixed_now = Some(self.now);
        session
    }

    fn till(&self, session: &Session) -> Till {
        let (dice, resend) = (Arc::clone(&self.dice), self.resend);
        let connect = move |name: &str, config: &Config, directory: &Path| {
            let inner = gateway::connect(name, config, directory);
            Arc::new(Faulty { inner, dice: Arc::clone(&dice), resend }) as Arc<dyn Gateway>
        };
        Till::with(session, Arc::new(connect)).unwrap()
    }

    fn pass(&mut self, minutes: i64) {
        let at_ms = self.now.at_ms + minutes * 60_000;
        let moment = chrono::DateTime::from_timestamp_millis(at_ms).unwrap();
        self.now = Now::at(moment, chrono_tz::Tz::UTC);
    }

    /// Drives a job through as many deaths as it takes.
    fn drive(&mut self, job: JobId) {
        let ports = Ports { pool: Arc::new(Inline) };
        for _ in 0..2000 {
            let mut session = self.session();
            let claimed = session
                .write(Verb::Housekeeping, |tx| {
                    tx.quiet();
                    Ok(jobs::claim(tx, job, "test")?)
                })
                .unwrap();
            let Some(mut row) = claimed else {
                if !session.read(|db| jobs::get(db, job)).unwrap().state.is_open() {
                    return;
                }
                self.pass(6);
                continue;
            };
            let mut runner = Collect::with(self.till(&session));
            loop {
                // Dies between the slices, too.
                if self.dice.lock().unwrap().roll(20) == 0 {
                    break;
                }
                let Some(slice) = alive(|| runner.slice(&mut session, &row, &ports).unwrap())
                else {
                    break;
                };
                let (state, until) = match slice {
                    Slice::More => {
                        row = session.read(|db| jobs::get(db, job)).unwrap();
                        continue;
                    }
                    Slice::Halted => return,
                    Slice::Done => (Some(jobs::JobState::Done), 0),
                    Slice::Wait { until_ms } => (None, until_ms),
                };
                session
                    .write(Verb::Housekeeping, |tx| {
                        tx.quiet();
                        match state {
                            Some(state) => jobs::set_state(tx, job, state, "")?,
                            None => jobs::wait_until(tx, job, until)?,
                        }
                        Ok(())
                    })
                    .unwrap();
                break;
            }
        }
        panic!("the job does not end");
    }

    /// Days of look-ups and retries, until nothing is open any more.
    fn aftermath(&mut self) {
        for _ in 0..60 {
            self.pass(61);
            let mut session = self.session();
            let mut till = self.till(&session);
            let ports = Ports { pool: Arc::new(Inline) };
            alive(|| reconcile::due_with(&mut session, &ports, &mut till).unwrap());
            drop(session);
            let mut session = self.session();
            if let Some((_, job)) = retry::start(&mut session, &retry::Which::Due).unwrap().run {
                drop(session);
                self.drive(job);
            }
            let waiting = "SELECT (SELECT count(*) FROM payment WHERE next_look_up_at IS NOT NULL)
                + (SELECT count(*) FROM document_state WHERE next_retry_at IS NOT NULL AND balance_minor > 0)";
            if rows(&self.path, waiting) == ["Integer(0)"] {
                return;
            }
        }
    }
}

const TOKENS: [&str; 12] = [
    "ok",
    "ok",
    "decline:05,ok",
    "timeout_after",
    "ok",
    "timeout_before,ok",
    "submitted",
    "ok",
    "decline:stolen_card",
    "error,ok",
    "ok",
    "ok",
];

fn story(template: &Path, seed: u64, resend: bool) -> Story {
    // In memory where that is possible: thousands of commits, and no power to be lost.
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let dir = dir.unwrap();
    let path = copy(template, dir.path());
    let moment = "2026-01-05T12:00:00Z".parse().unwrap();
    let now = Now::at(moment, chrono_tz::Tz::UTC);
    let mut story = Story { _dir: dir, path, dice: Arc::new(Mutex::new(Dice(seed))), resend, now };
    let new =
        NewPaymentRun { target_on: "2026-01-31".parse().unwrap(), ..NewPaymentRun::default() };
    let (_, job) = collect::start(&mut story.session(), &new, None).unwrap();
    story.drive(job);
    story.aftermath();
    story
}

/// What is wrong after a story; empty = all promises held.
fn broken(story: &Story) -> Vec<String> {
    let mut wrong = Vec::new();
    let (taken, per_key) = sandbox_at(&story.path);
    if per_key > 1 {
        wrong.push(format!("a key succeeded {per_key} times"));
    }
    let conn = rusqlite::Connection::open(&story.path).unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    let approved =
        count("SELECT coalesce(sum(amount_minor), 0) FROM payment WHERE status = 'Approved'");
    let open = count(
        "SELECT coalesce(sum(amount_minor), 0) FROM payment WHERE status IN ('Unknown','Submitted')",
    );
    if taken > approved + open {
        wrong.push(format!("the gateway took {taken}, the book knows of {approved} and {open}"));
    }
    let forgotten = count("SELECT count(*) FROM payment WHERE status = 'Processing'");
    if forgotten > 0 {
        wrong.push(format!("{forgotten} payments are neither resolved nor looked up"));
    }
    let over = count(
        "SELECT count(*) FROM (SELECT l.document_id, sum(l.amount_minor) AS paid, d.total_minor FROM allocation l
           JOIN document d ON d.id = l.document_id WHERE l.state = 'applied' GROUP BY 1 HAVING paid > d.total_minor)",
    );
    if over > 0 {
        wrong.push(format!("{over} invoices were paid above their total"));
    }
    for check in daybook::engine::check::check(&story.session(), "").unwrap() {
        if !check.ok {
            wrong.push(format!("{}: {:?}", check.name, check.violations));
        }
    }
    wrong
}

#[test]
fn crash_or_cut_at_any_point_never_charges_twice() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Died>() {
            default(info);
        }
    }));
    let seeds = std::env::var("DAYBOOK_FAULTS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let template = owing(&TOKENS);
    for seed in 0..seeds {
        let story = story(&template.path, seed, false);
        let wrong = broken(&story);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
    }
    // The harness counts only because it catches a caller that sends again with a new key.
    let caught =
        (0..10).filter(|seed| !broken(&story(&template.path, *seed, true)).is_empty()).count();
    assert!(caught > 0, "a caller that sends again was not caught");
}
