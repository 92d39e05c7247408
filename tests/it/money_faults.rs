//! Crash or cut at every point of a charge or a refund: at most one success per key, never more than is
//! owed, every unknown outcome resolved or listed for a person.
//!
//! The points, before and after the gateway commits: (1) before the payment is written down, (2)
//! after that and before the call, (3) the request is lost, (4) the gateway fails before it
//! commits, (5) the answer is lost after it committed, (6) the caller dies with the answer on its
//! way, (7) the caller dies before it records the answers, (8) right after, (9) the answer is about
//! another key, amount or currency, or names nothing. They hit first tries and retries, requests sent
//! again, one payment for several invoices, fallback methods, look-ups, refunds, and what the bank
//! answers days later. The stories differ in what the gateway is: one that tells the truth, one that
//! denies charges that it made (late visibility), one whose look-ups show nothing at all, one that
//! forgets keys after an hour; and in the book's clock, which is two hours off either way in two of
//! five. Whatever stays unknown is on the exception list, where a person who looked into the gateway's
//! own ledger records it. `DAYBOOK_FAULTS` sets how many seeds are tried (default 20).

use crate::harness::book::Book;
use crate::harness::collect::{owing, sandbox_at, taken_by_account};
use crate::harness::crash::{copy, rows};
use crate::harness::faulty::{Faulty, Fortune, Inline, Plot, Script, Throw, alive, quiet};
use daybook::clock::Now;
use daybook::config::Config;
use daybook::domain::actor::Verb;
use daybook::domain::ids::{JobId, PaymentId};
use daybook::domain::job::JobSpec;
use daybook::engine::Session;
use daybook::engine::collect::refund::{self, Wanted};
use daybook::engine::collect::settle::Finding;
use daybook::engine::collect::till::Till;
use daybook::engine::collect::{self, Collect};
use daybook::engine::collect::{reconcile, retry};
use daybook::engine::command::NewPaymentRun;
use daybook::engine::job::{Ports, Runner, Slice};
use daybook::gateway::Gateway;
use daybook::gateway::sandbox::{Options, Sandbox};
use daybook::store::job as jobs;
use daybook::store::payment;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Story {
    /// Its own copy of the book, gone when dropped.
    _dir: tempfile::TempDir,
    path: PathBuf,
    fortune: Fortune,
    plot: Plot,
    now: Now,
    /// How far the book's clock is ahead of the world's, ms.
    skew_ms: i64,
    /// The session of a process that has not died; opening one is the most expensive part.
    kept: Option<Session>,
    /// A connection of the test's own.
    watch: rusqlite::Connection,
}

impl Story {
    fn session(&mut self) -> Session {
        let open = || Session::open(&self.path, daybook::cli::actor()).unwrap();
        let mut session = self.kept.take().unwrap_or_else(open);
        session.fixed_now = Some(moment(self.now.at_ms + self.skew_ms));
        session
    }

    fn till(&self, session: &Session) -> Till {
        let (fortune, plot) = (self.fortune.clone(), self.plot);
        let options = Options {
            // Its clock is the world's.
            clock_off_ms: -self.skew_ms,
            key_life_ms: if plot.short_life { 3_600_000 } else { 24 * 3_600_000 },
            ..Options::default()
        };
        let connect = move |_: &str, _: &Config, directory: &Path| {
            let inner = Arc::new(Sandbox::open(&directory.join("sandbox.jsonl"), options).unwrap());
            Arc::new(Faulty { inner, fortune: fortune.clone(), plot }) as Arc<dyn Gateway>
        };
        Till::with(session, Arc::new(connect)).unwrap()
    }

    fn pass(&mut self, minutes: i64) {
        self.until(self.now.at_ms + minutes * 60_000);
    }

    fn until(&mut self, at_ms: i64) {
        self.now = moment(at_ms);
    }

    /// Drives a job through as many deaths as it takes.
    fn drive(&mut self, job: JobId) {
        let ports = self.ports();
        for _ in 0..2000 {
            let mut session = self.session();
            let claimed = session
                .write(Verb::Housekeeping, |tx| {
                    tx.quiet();
                    Ok(jobs::claim(tx, job, "test")?)
                })
                .unwrap();
            let Some(mut row) = claimed else {
                let open = session.read(|db| jobs::get(db, job)).unwrap().state.is_open();
                self.kept = Some(session);
                if !open {
                    return;
                }
                self.pass(6);
                continue;
            };
            let (JobSpec::Collect { run } | JobSpec::Retry { run }) = row.spec().unwrap() else {
                panic!("{job} charges nobody")
            };
            let mut runner = Collect::with(run, self.till(&session));
            loop {
                // Dies between the slices, too.
                if self.fortune.roll(Throw::Slice, 20) == 0 {
                    self.fortune.hit("1, 8: died between two slices");
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
                    Slice::Halted | Slice::Leave => return,
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
                self.kept = Some(session);
                break;
            }
        }
        panic!("the job does not end");
    }

    fn ports(&self) -> Ports {
        Ports { pool: Arc::new(Inline(self.fortune.clone())) }
    }

    /// Look-ups and retries whenever they are due, until nothing is open any more.
    fn aftermath(&mut self) {
        for _ in 0..600 {
            let Some(next) = self.next_due() else { return };
            self.until((next - self.skew_ms).max(self.now.at_ms + 60_000));
            let mut session = self.session();
            let mut till = self.till(&session);
            let ports = self.ports();
            let looked = alive(|| reconcile::due_with(&mut session, &ports, &mut till).unwrap());
            self.kept = looked.map(|_| session);
            let mut session = self.session();
            let retries = retry::start(&mut session, &retry::Which::Due).unwrap().run;
            self.kept = Some(session);
            if let Some((_, job)) = retries {
                self.drive(job);
            }
        }
        panic!("look-ups and retries do not end");
    }

    /// When something is to be done next, UTC ms.
    fn next_due(&self) -> Option<i64> {
        let next = "SELECT min(at) FROM (SELECT next_look_up_at AS at FROM payment
            UNION ALL SELECT next_retry_at FROM document_state s WHERE balance_minor > 0
            AND NOT EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.state = 'live'))";
        self.watch.query_row(next, [], |r| r.get(0)).unwrap()
    }

    /// Gives a part of every other payment back, and asks about refunds until nothing is due.
    fn refunds(&mut self) {
        let approved = "SELECT id, '' FROM payment WHERE status = 'Approved' AND id % 2 = 0";
        for (id, _) in pairs(&self.path, approved) {
            let mut session = self.session();
            let mut till = self.till(&session);
            let id = PaymentId(id);
            alive(|| {
                let part =
                    daybook::domain::money::Currency::parse("EUR").map(|euro| euro.amount(250));
                let wanted = Wanted::of(part, "sorry");
                refund::refund_with(&mut session, &mut till, id, &wanted).unwrap()
            });
        }
        for _ in 0..600 {
            let next = "SELECT min(next_look_up_at) FROM payment_event";
            let next: Option<i64> = self.watch.query_row(next, [], |r| r.get(0)).unwrap();
            let Some(next) = next else { return };
            self.until((next - self.skew_ms).max(self.now.at_ms + 60_000));
            let mut session = self.session();
            let mut till = self.till(&session);
            alive(|| refund::clear_up(&mut session, &mut till).unwrap());
        }
        panic!("look-ups of refunds do not end");
    }

    /// A person looks at what is listed for one, and finds it in the gateway's own ledger or not.
    fn a_person_finds_out(&mut self) -> usize {
        let side = self.path.with_file_name("book.db.d").join("sandbox.jsonl");
        let ledger = std::fs::read_to_string(side).unwrap();
        let mut session = self.session();
        let at = session.now().unwrap().at_ms;
        let (payments, refunds) = session
            .read(|db| Ok((payment::exceptions(db, at)?, payment::refund_exceptions(db, at)?)))
            .unwrap();
        let keys = payments.iter().map(|p| (p.id, p.key.clone()));
        let given = refunds.iter().map(|e| (e.payment, e.key.clone().unwrap()));
        let all: Vec<_> = keys.chain(given).collect();
        for (id, key) in &all {
            let took =
                ledger.lines().filter(|l| l.contains(&format!("\"key\":\"{key}\""))).any(|l| {
                    l.contains("\"event\":\"refund\"")
                        || l.contains("\"approved\"")
                        || l.contains("\"submitted\"")
                });
            let finding = if took {
                Finding::Approved { reference: format!("seen {key}"), on: None }
            } else {
                Finding::NotCharged
            };
            reconcile::by_hand(&mut session, *id, &finding, "the gateway's ledger").unwrap();
        }
        all.len()
    }

    /// A person asks about everything that was declined, and the gateway tells the truth.
    fn ask_about_declines(&mut self) {
        let mut session = self.session();
        let declined: Vec<PaymentId> =
            pairs(&self.path, "SELECT id, '' FROM payment WHERE status = 'Declined'")
                .into_iter()
                .map(|(id, _)| PaymentId(id))
                .collect();
        reconcile::now(&mut session, &daybook::worker::ports().unwrap(), &declined).unwrap();
    }
}

fn moment(at_ms: i64) -> Now {
    Now::at(chrono::DateTime::from_timestamp_millis(at_ms).unwrap(), daybook::zone::Zone::UTC)
}

/// A number and a text of each row.
fn pairs(book: &Path, sql: &str) -> Vec<(i64, String)> {
    let conn = rusqlite::Connection::open(book).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

const TOKENS: [&str; 13] = [
    "ok",
    "ok",
    "decline:05,ok",
    "timeout_after",
    "ok",
    "timeout_before,ok",
    "submitted",
    "submitted:AM04,ok",
    "submitted:AC04",
    "decline:stolen_card",
    "error,ok",
    "ok",
    "ok",
];

/// What is owed before a story: an invoice of 10.00 for each token; accounts with two invoices, paid
/// together in every other story; and accounts with a second method.
fn template() -> Book {
    let book = owing(&TOKENS);
    let accounts = "account_number,name,currency,auto_pay\nC1,C,EUR,true\nC2,C,EUR,true\nF1,F,EUR,true\nF2,F,EUR,true\n";
    let methods = "account_number,token,kind,display,priority\n\
        C1,ok,card,visa,1\nC2,\"decline:insufficient_funds,timeout_after\",card,visa,1\n\
        F1,decline:stolen_card,card,visa,1\nF1,ok,card,other,2\n\
        F2,decline:lost_card,card,visa,1\nF2,\"timeout_before,ok\",sepa,bank,2\n";
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned();
    for (account, number) in [("C1", 1), ("C1", 2), ("C2", 1), ("C2", 2), ("F1", 1), ("F2", 1)] {
        items.push_str(&format!(
            "{account}-{number},{account},invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n"
        ));
    }
    let files = [
        book.file("more_accounts.csv", accounts),
        book.file("more_methods.csv", methods),
        book.file("more_items.csv", items),
    ];
    book.run(&["import", &files[0], &files[1], &files[2]]).ends(0);
    book
}

fn story(template: &Path, seed: u64, plot: Plot) -> Story {
    tell(template, Fortune::new(seed), plot, seed % 2 == 1)
}

/// The story's book, before anything happens.
fn begin(template: &Path, fortune: Fortune, plot: Plot) -> Story {
    // In memory where that is possible: thousands of commits, and no power to be lost.
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let dir = dir.unwrap();
    let path = copy(template, dir.path());
    let moment = "2026-01-05T12:00:00Z".parse().unwrap();
    let now = Now::at(moment, daybook::zone::Zone::UTC);
    let watch = rusqlite::Connection::open(&path).unwrap();
    let skew_ms = plot.skew_ms;
    Story { _dir: dir, path, fortune, plot, now, skew_ms, kept: None, watch }
}

fn tell(template: &Path, fortune: Fortune, plot: Plot, consolidate: bool) -> Story {
    let mut story = begin(template, fortune, plot);
    let new = NewPaymentRun {
        target_on: "2026-01-31".parse().unwrap(),
        consolidate,
        ..NewPaymentRun::default()
    };
    let (_, job) = collect::start(&mut story.session(), &new, None).unwrap();
    story.drive(job);
    story.skew_ms = -plot.skew_ms;
    story.aftermath();
    story.refunds();
    if plot.late {
        // By then the bank has answered what was at the bank.
        story.pass(4 * 24 * 60);
        story.ask_about_declines();
    }
    story
}

/// What is wrong after a story; empty = all promises held.
fn broken(story: &mut Story) -> Vec<String> {
    let mut wrong = Vec::new();
    let (_, per_key) = sandbox_at(&story.path);
    if per_key > 1 {
        wrong.push(format!("a key succeeded {per_key} times"));
    }
    let text = |sql: &str| pairs(&story.path, sql);
    let owed: BTreeMap<String, i64> = text(
        "SELECT sum(d.total_minor), a.number FROM document d JOIN account a ON a.id = d.account_id GROUP BY 2",
    )
    .into_iter()
    .map(|(total, account)| (account, total))
    .collect();
    let mut taken = taken_by_account(&story.path);
    for (account, total) in &owed {
        let net = taken.get(account).copied().unwrap_or(0);
        if net > *total {
            wrong.push(format!("the gateway took {net} of {account}, who owed {total}"));
        }
    }
    let known =
        "SELECT sum(p.amount_minor - p.returned_minor), a.number FROM payment p JOIN account a ON a.id = p.account_id
        WHERE p.status = 'Approved' GROUP BY 2";
    for (approved, account) in text(known) {
        let net = taken.remove(&account).unwrap_or(0);
        if net != approved {
            wrong
                .push(format!("the gateway took {net} of {account}, the book knows of {approved}"));
        }
    }
    taken.retain(|_, net| *net != 0);
    if !taken.is_empty() {
        wrong.push(format!("the book does not know of {taken:?}"));
    }
    for (count, status) in text("SELECT count(*), status FROM payment GROUP BY 2") {
        if !matches!(status.as_str(), "Approved" | "Declined" | "Canceled") {
            wrong.push(format!("{count} payments stay {status}"));
        }
    }
    // What came beyond the invoices is the customer's: applied and unapplied make the whole.
    let split = "SELECT p.amount_minor - p.unapplied_minor - p.returned_minor
            - coalesce(sum(l.amount_minor - l.reopened_minor), 0), 'P-' || p.id
        FROM payment p LEFT JOIN allocation l ON l.payment_id = p.id AND l.state = 'applied'
        WHERE p.status = 'Approved' GROUP BY p.id HAVING 1 <> 0";
    for (missing, payment) in text(split).into_iter().filter(|(missing, _)| *missing != 0) {
        wrong.push(format!("{missing} of {payment} are neither applied nor unapplied"));
    }
    let over = "SELECT paid, number FROM (SELECT sum(l.amount_minor - l.reopened_minor) AS paid, d.number AS number, d.total_minor AS total
        FROM allocation l JOIN document d ON d.id = l.document_id WHERE l.state = 'applied' GROUP BY d.id)
        WHERE paid > total";
    wrong.extend(text(over).iter().map(|(paid, number)| format!("{number} was paid {paid}")));
    for check in daybook::engine::care::check::check(&story.session(), "").unwrap() {
        if !check.ok {
            wrong.push(format!("{}: {:?}", check.name, check.violations));
        }
    }
    wrong
}

#[test]
fn a_second_request_that_finds_no_line_says_nothing_of_the_first() {
    quiet();
    let book = owing(&["ok"]);
    // Dies with the answer on its way; whoever takes over is denied the charge, and its own
    // request under the same key finds no line.
    let script = Script::from([
        (Throw::Charge, VecDeque::from([5, 3])),
        (Throw::LookUp, VecDeque::from([4])),
    ]);
    let plot = Plot { late: true, ..Plot::default() };
    let mut story = tell(&book.path, Fortune::scripted(script), plot, false);
    assert_eq!(story.fortune.hits.lock().unwrap().len(), 3);
    assert_eq!(story.a_person_finds_out(), 0);
    assert_eq!(taken_by_account(&story.path)["A1"], 1_000);
    assert_eq!(broken(&mut story), Vec::<String>::new());
}

/// What kind of story a seed tells.
fn plot_of(seed: u64) -> Plot {
    Plot {
        late: seed % 4 == 1,
        empty: seed % 4 == 2,
        short_life: seed % 8 >= 4,
        skew_ms: [0, 7_200_000, 0, -7_200_000, 0][(seed % 5) as usize],
        ..Plot::default()
    }
}

#[test]
fn what_a_dead_maker_left_in_a_stopped_run_is_looked_up_and_not_sent() {
    quiet();
    let book = owing(&["ok"]);
    let script = Script::from([(Throw::Charge, VecDeque::from([0]))]);
    let mut story = begin(&book.path, Fortune::scripted(script), Plot::default());
    let new =
        NewPaymentRun { target_on: "2026-01-31".parse().unwrap(), ..NewPaymentRun::default() };
    let (run, job) = collect::start(&mut story.session(), &new, None).unwrap();
    let mut session = story.session();
    let claimed = session.write(Verb::Housekeeping, |tx| Ok(jobs::claim(tx, job, "test")?));
    let mut row = claimed.unwrap().unwrap();
    let mut runner = Collect::with(run, story.till(&session));
    let ports = story.ports();
    // Waits, picks, begins, and dies with nothing sent.
    while alive(|| runner.slice(&mut session, &row, &ports).unwrap()).is_some() {
        row = session.read(|db| jobs::get(db, job)).unwrap();
    }
    drop((runner, session));
    collect::stop(&mut story.session(), run).unwrap();
    story.drive(job);
    let status = |story: &Story| pairs(&story.path, "SELECT look_ups, status FROM payment");
    assert_eq!(status(&story), [(0, "Unknown".to_owned())]);
    story.aftermath();
    assert_eq!(status(&story), [(28, "Unknown".to_owned())]);
    assert_eq!(taken_by_account(&story.path), BTreeMap::new());
    assert_eq!(story.a_person_finds_out(), 1);
    assert_eq!(status(&story)[0].1, "Declined");
}

#[test]
fn crash_or_cut_at_any_point_never_charges_twice() {
    quiet();
    let seeds = std::env::var("DAYBOOK_FAULTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let template = template();
    let mut hits: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut again, mut listed) = (0, 0);
    for seed in 0..seeds {
        let mut story = story(&template.path, seed, plot_of(seed));
        listed += story.a_person_finds_out();
        let wrong = broken(&mut story);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
        for (point, count) in story.fortune.hits.lock().unwrap().iter() {
            *hits.entry(point).or_default() += count;
        }
        again +=
            rows(&story.path, "SELECT seq FROM operation WHERE summary LIKE '%sent again under%'")
                .len();
    }
    eprintln!("{seeds} stories, {again} times sent again, {listed} for a person, {hits:#?}");
    let all = hits.len() == 17 && again > 0 && listed > 0;
    assert!(seeds < 40 || all, "not every point was hit: {hits:?}");
    // The harness counts only because it catches a caller that sends again with a new key.
    let bad = Plot { resend: true, ..Plot::default() };
    let wrong = |seed| {
        let mut story = story(&template.path, seed, bad);
        story.a_person_finds_out();
        !broken(&mut story).is_empty()
    };
    let caught = (0..10).filter(|seed| wrong(*seed)).count();
    assert!(caught > 0, "a caller that sends again was not caught");
}
