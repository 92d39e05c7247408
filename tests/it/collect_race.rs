//! Several processes collect at once, one of them dies: no invoice is charged twice.
//!
//! Two payment runs of the same target, a run that two processes drive, a worker, retries and
//! look-ups start together on one book; in most rounds one process is killed (`kill -9`) at a point
//! of progress, and a worker goes on. What every invoice comes to is known beforehand, so that the
//! book and the sandbox's own ledger are both held against it. `DAYBOOK_RACES` sets how many rounds
//! are run (default 5).

use crate::harness::book::{Book, binary, daybook};
use crate::harness::collect::{owing, sandbox_at, taken_by_account};
use crate::harness::crash::{copy, rows};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Token, how many invoices have it, and every payment that each of them has in the end.
type Fate = (&'static str, usize, &'static [&'static str]);

/// Invoices that nobody has tried before (accounts `A…`).
const FRESH: [Fate; 6] = [
    ("ok", 110, &["Approved"]),
    ("decline:insufficient_funds", 20, &["Declined insufficient_funds"]),
    ("decline:stolen_card", 10, &["Declined stolen_card"]),
    ("timeout_before", 20, &["Unknown"]),
    ("timeout_after", 20, &["Approved"]),
    ("submitted", 20, &["Submitted"]),
];

/// Invoices tried the day before (accounts `B…`): retries and look-ups are due.
const TRIED: [Fate; 5] = [
    ("decline:insufficient_funds,ok", 30, &["Declined insufficient_funds", "Approved"]),
    ("decline:05", 10, &["Declined 05", "Declined 05"]),
    ("decline:stolen_card,ok", 5, &["Declined stolen_card"]),
    ("timeout_after,ok", 15, &["Approved"]),
    // A day old: the gateway may have forgotten the key, so nothing is sent again.
    ("timeout_before,ok", 15, &["Unknown"]),
];

const COLLECT: [&str; 3] = ["collect", "--target", "2026-01-31"];

/// Token by account number, of one set.
fn accounts(prefix: &str, fates: &[Fate]) -> Vec<(String, Fate)> {
    let each = fates.iter().flat_map(|fate| std::iter::repeat_n(*fate, fate.1));
    let mut all: Vec<_> =
        each.enumerate().map(|(n, f)| (format!("{prefix}{}", n + 1), f)).collect();
    // The outcomes lie side by side in a run, as they do in life.
    all.sort_by_key(|(number, _)| number[1..].bytes().rev().collect::<Vec<_>>());
    all
}

/// The book before the race: a day has gone by since the first invoices were tried.
fn before() -> Book {
    let fresh: Vec<&str> = FRESH.iter().flat_map(|f| std::iter::repeat_n(f.0, f.1)).collect();
    let book = owing(&fresh);
    let mut files = [
        "account_number,name,currency,auto_pay\n".to_owned(),
        "account_number,token,kind,display\n".to_owned(),
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned(),
    ];
    for (number, (token, ..)) in accounts("B", &TRIED) {
        writeln!(files[0], "{number},Customer {number},EUR,true").unwrap();
        writeln!(files[1], "{number},\"{token}\",card,visa").unwrap();
        writeln!(files[2], "OLD-{number},{number},invoice,2025-11-15,2025-12-01,25.00,0.00,25.00")
            .unwrap();
    }
    let paths = [
        book.file("more_accounts.csv", &files[0]),
        book.file("more_methods.csv", &files[1]),
        book.file("more_items.csv", &files[2]),
    ];
    book.run(&["import", &paths[0], &paths[1], &paths[2]]).ends(0);
    book.run(&["collect", "--target", "2025-12-31"]).ends(1);
    book.run(&["clock", "set", "2026-01-06T12:00"]).ends(0);
    // The worker makes runs of retries as well.
    book.run(&["settings", "set", "automation.retry", "true"]).ends(0);
    book.run(&["settings", "set", "sandbox.latency_ms", "2"]).ends(0);
    book
}

/// Processes that stand at the line; killed if the test leaves early.
struct Racers(Vec<Child>);

impl Racers {
    /// Starts every process up to the line: a shell that waits for a word and then becomes the
    /// binary, under the same process id.
    fn line_up(book: &Path, all: &[Vec<&str>]) -> Self {
        let start = |args: &Vec<&str>| {
            Command::new("sh")
                .args(["-c", "read go; exec \"$@\" </dev/null", "sh"])
                .arg(binary())
                .arg("--book")
                .arg(book)
                .args(args)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        Self(all.iter().map(start).collect())
    }

    fn go(&mut self) {
        for child in &mut self.0 {
            child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        }
    }

    /// Waits for all; kills `victim` as soon as `reached` says so. Whether it was alive then.
    fn run(&mut self, victim: Option<usize>, reached: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        let mut killed = false;
        loop {
            if let Some(victim) = victim
                && !killed
                && reached()
                && self.0[victim].try_wait().unwrap().is_none()
            {
                self.0[victim].kill().unwrap();
                killed = true;
            }
            if self.0.iter_mut().all(|child| child.try_wait().unwrap().is_some()) {
                return killed;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "the race does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Racers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where one of them is killed.
#[derive(Debug, Clone, Copy)]
enum Mark {
    /// So many payments are written down, by anybody.
    Written(usize),
    /// So many requests have come to the gateway, from anybody.
    Heard(usize),
    /// So many of its own payments are through at the gateway and not recorded yet.
    Unanswered(usize),
}

impl Mark {
    /// Of a round, past what lies there already. Retries and look-ups end sooner than runs.
    fn of(round: usize, victim: usize, conn: &rusqlite::Connection, book: &Path) -> Self {
        let far = 1 + round * 37 % if victim > 3 { 20 } else { 160 };
        match round % 3 {
            0 => Self::Unanswered(1 + round % 8),
            1 => Self::Heard(heard(book).len() + far),
            _ => Self::Written(written(conn) + far),
        }
    }

    fn reached(self, conn: &rusqlite::Connection, book: &Path, process: u32) -> bool {
        match self {
            Self::Written(point) => written(conn) >= point,
            Self::Heard(point) => heard(book).len() >= point,
            Self::Unanswered(point) => {
                let own = "SELECT p.idempotency_key FROM payment p
                    JOIN job j ON j.subject = printf('PR-%06d', p.run_id)
                    WHERE p.status = 'Processing' AND j.state = 'Running' AND j.holder = 'pid ' || ?1";
                let mut own = conn.prepare_cached(own).unwrap();
                let own = own.query_map([process], |r| r.get::<_, String>(0)).unwrap();
                let own: Vec<_> = own.map(Result::unwrap).collect();
                !own.is_empty() && {
                    let heard = heard(book);
                    own.iter().filter(|key| heard.iter().any(|l| l.contains(*key))).count() >= point
                }
            }
        }
    }
}

fn written(conn: &rusqlite::Connection) -> usize {
    let count = conn.query_row("SELECT count(*) FROM payment", [], |r| r.get::<_, i64>(0));
    count.unwrap() as usize
}

/// What the gateway wrote into its ledger.
fn heard(book: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(ledger(book)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn ledger(book: &Path) -> PathBuf {
    book.with_file_name("book.db.d").join("sandbox.jsonl")
}

/// One race on a copy of the book; whether somebody was killed in it.
fn race(template: &Path, round: usize) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let book = copy(template, dir.path());
    let earlier = rows(&book, "SELECT id FROM payment_run").len();
    // One run that is there already and driven by whoever comes first.
    daybook(&book, &[&COLLECT[..], &["--detach"]].concat()).ends(0);
    let shared = format!("PR-{}", earlier + 1);
    let all = [
        COLLECT.to_vec(),
        COLLECT.to_vec(),
        vec!["run", "resume", &shared],
        vec!["worker", "--once"],
        vec!["retry", "--due"],
        vec!["payment", "reconcile"],
    ];
    let conn = rusqlite::Connection::open(&book).unwrap();
    conn.busy_timeout(Duration::from_secs(5)).unwrap();
    let victim = Some(round % (all.len() + 1)).filter(|v| *v < all.len());
    let mark = victim.map(|v| Mark::of(round, v, &conn, &book));
    let mut racers = Racers::line_up(&book, &all);
    let process = victim.map(|v| racers.0[v].id());
    racers.go();
    let killed = racers.run(victim, || {
        let (Some(mark), Some(process)) = (mark, process) else { return false };
        mark.reached(&conn, &book, process)
    });
    for (place, child) in racers.0.iter_mut().enumerate() {
        let code = child.wait().unwrap().code();
        if killed && victim == Some(place) {
            continue;
        }
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        // 0 and 1: done, the rest was left out with its reason; 3: busy, nothing was changed.
        assert!(
            matches!(code, Some(0 | 1 | 3)),
            "round {round}: {:?}: {code:?} {said}",
            all[place]
        );
    }
    drop((racers, conn));
    daybook(&book, &["worker", "--once"]).ends(0);
    daybook(&book, &["payment", "reconcile"]).ends(1);
    let wrong = broken(&book, earlier);
    assert!(wrong.is_empty(), "round {round} ({mark:?}, killed: {killed}): {wrong:#?}");
    killed
}

/// What is wrong after a race; empty = every invoice was charged as often as it should be.
fn broken(book: &Path, earlier: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let (_, per_key) = sandbox_at(book);
    if per_key > 1 {
        wrong.push(format!("a key succeeded {per_key} times at the gateway"));
    }
    let taken = taken_by_account(book);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let payments = "SELECT a.number, trim(p.status || ' ' || p.decline_code) FROM payment p
        JOIN account a ON a.id = p.account_id ORDER BY p.id";
    for row in pairs(book, payments) {
        found.entry(row.0).or_default().push(row.1);
    }
    let both = [("A", &FRESH[..], 1_000), ("B", &TRIED[..], 2_500)];
    for (prefix, fates, total) in both {
        for (account, (token, _, payments)) in accounts(prefix, fates) {
            let got = found.remove(&account).unwrap_or_default();
            if got != payments {
                wrong.push(format!("{account} ({token}) has {got:?}, not {payments:?}"));
            }
            let last = payments.last().copied().unwrap_or_default();
            let due = if matches!(last, "Approved" | "Submitted") { total } else { 0 };
            let net = taken.get(&account).copied().unwrap_or(0);
            if net != due {
                wrong.push(format!("the gateway took {net} of {account} ({token}), not {due}"));
            }
        }
    }
    wrong.extend(found.keys().map(|account| format!("{account} is nobody's")));
    wrong.extend(one_run_each(book, earlier));
    let check = daybook(book, &["check", "--json"]);
    if check.code != 0 {
        wrong.push(check.out);
    }
    // Whoever comes now finds nothing left to charge.
    let late = daybook(book, &[&COLLECT[..], &["--dry-run", "--json"]].concat()).json();
    if late["picked"] != 0 {
        wrong.push(format!("a later run would charge {late}"));
    }
    wrong
}

/// Each invoice was taken by one run of the race at most, the others left it out and say why.
fn one_run_each(book: &Path, earlier: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let twice = format!(
        "SELECT d.number, count(*) || ' runs' FROM payment_run_item i JOIN document d ON d.id = i.document_id
         WHERE i.run_id > {earlier} AND i.state = 'taken' GROUP BY 1 HAVING count(*) > 1"
    );
    wrong.extend(pairs(book, &twice).iter().map(|(n, runs)| format!("{n} was taken by {runs}")));
    let mut taken = 0;
    let runs = rows(book, "SELECT id FROM payment_run").len();
    for run in earlier + 1..=runs {
        let shown = daybook(book, &["run", "show", &format!("PR-{run}"), "--json"]).json();
        let one = |sql: &str| rows(book, &sql.replace("RUN", &run.to_string()))[0].clone();
        let items =
            one("SELECT count(*) FROM payment_run_item WHERE run_id = RUN AND state = 'taken'");
        let payments = one("SELECT count(*) FROM payment WHERE run_id = RUN");
        let open =
            one("SELECT count(*) FROM payment_run_item WHERE run_id = RUN AND state = 'open'");
        let left_out =
            one("SELECT count(*) FROM payment_run_item WHERE run_id = RUN AND state = 'skipped'");
        let number =
            |text: &str| text.trim_matches(|c: char| !c.is_ascii_digit()).parse::<i64>().unwrap();
        taken += number(&items);
        let counted: i64 = ["approved", "submitted", "declined", "unknown"]
            .iter()
            .map(|name| shown[name].as_i64().unwrap())
            .sum();
        let reasons = shown["skipped"].as_object().unwrap();
        let said: i64 = reasons.values().map(|n| n.as_i64().unwrap()).sum();
        if shown["status"] != "Completed"
            || number(&open) != 0
            || number(&items) != number(&payments)
            || number(&items) != counted
            || shown["picked"] != number(&items)
            || said < number(&left_out)
        {
            wrong.push(format!("{items} taken, {payments} payments, {left_out} left out: {shown}"));
        }
    }
    let due: usize = FRESH.iter().map(|f| f.1).sum::<usize>() + TRIED[0].1 + TRIED[1].1;
    if taken != due as i64 {
        wrong.push(format!("{taken} invoices were taken, {due} were due"));
    }
    wrong
}

/// The two columns of a query as plain text.
fn pairs(book: &Path, sql: &str) -> Vec<(String, String)> {
    let conn = rusqlite::Connection::open(book).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn processes_that_collect_at_once_charge_each_invoice_as_often_as_one_alone() {
    let rounds = std::env::var("DAYBOOK_RACES").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let book = before();
    let killed = (0..rounds).filter(|round| race(&book.path, *round)).count();
    eprintln!("{rounds} races, in {killed} of them a process was killed");
    assert!(killed > 0 || rounds == 0, "nobody was alive to be killed");
}
