//! How the steps of the day grow: each verb as a process of its own, at several sizes, beside
//! another build of the same verbs. An account has a flat, a per-unit and a usage charge, a usage
//! record and (four of five) a payment method; one of ten is declined at first, one of ten gets paper.
//!
//! `cargo bench --bench growth -- --accounts 1000,10000 --beside OTHER/daybook --only bill,post`
//! Without `--accounts`: 10,000 and 100,000. `--binary FILE` measures a build made elsewhere,
//! `--keep DIR` leaves the books there. Printed per step: seconds of wall and of both processors
//! together, the most memory, for how long in all and at a stretch the book was locked for writing
//! (looked at every half millisecond), and what ten times the accounts cost in processor seconds: at
//! most [`MOST`] times as much. Pages and filters of lists are asked in this process, of our book.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails by panic"
)]

use daybook::engine::Session;
use daybook::engine::answer::ask;
use daybook::engine::query::{ListName, Query};
use daybook::store::read::{Filter, ListArgs, Seek, Sort};
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Ten times the accounts may cost so many times as much, up to 100,000 and beyond (SQLite's cache ends
/// there).
const MOST: [f64; 2] = [11.0, 13.0];

/// What a step took.
#[derive(Clone, Copy, Default)]
struct Took {
    /// Seconds by the clock.
    wall: f64,
    /// Seconds of all processors.
    cpu: f64,
    /// Most memory, MB.
    memory: f64,
    /// Seconds in which the book was locked for writing.
    locked: f64,
    /// The longest of them at a stretch.
    stretch: f64,
}

/// A step: its name, its arguments, and what is done before it and not measured.
struct Step {
    name: &'static str,
    line: String,
    before: Option<fn(&str, &Path, &str)>,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|a| a == "--measure") {
        return measured(&args[2..]);
    }
    let after = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let sizes: Vec<usize> = after("--accounts")
        .map_or("10000,100000", String::as_str)
        .split(',')
        .map(|n| n.parse().unwrap())
        .collect();
    let ours = after("--binary").map_or(env!("CARGO_BIN_EXE_daybook"), String::as_str);
    let only: Vec<&str> = after("--only").map_or(Vec::new(), |o| o.split(',').collect());
    let kept = after("--keep").map(PathBuf::from);
    let temp = tempfile::tempdir().unwrap();
    let dir = kept.as_deref().unwrap_or(temp.path());
    let builds: Vec<&str> =
        std::iter::once(ours).chain(after("--beside").map(String::as_str)).collect();
    let mut table: Vec<Vec<Row>> = Vec::new();
    for accounts in &sizes {
        let files = dir.join(format!("files-{accounts}"));
        write_files(&files, *accounts);
        println!("{accounts} accounts");
        let books: Vec<(&str, PathBuf)> = builds
            .iter()
            .enumerate()
            .map(|(n, binary)| (*binary, dir.join(format!("{accounts}-{n}"))))
            .collect();
        table.push(day(&books, &files, *accounts, &only));
    }
    show(&sizes, &table);
}

/// A step and what it took, build by build.
type Row = (String, Vec<Took>);

/// Runs the steps of a day on a new book of each build, step by step in turn: what else the machine
/// does meanwhile is the same for both.
fn day(books: &[(&str, PathBuf)], files: &Path, accounts: usize, only: &[&str]) -> Vec<Row> {
    for (binary, book) in books {
        std::fs::create_dir_all(book).unwrap();
        let file = book.join("book.db");
        run(binary, &file, "init --test");
        run(binary, &file, "settings set issuer.name Growth");
    }
    let lines: Vec<Vec<Step>> =
        books.iter().map(|(_, book)| steps(files, book, accounts)).collect();
    let mut out = Vec::new();
    for (at, Step { name, .. }) in lines[0].iter().enumerate() {
        // What later steps rest on is done all the same, and not shown.
        let one = |((binary, book), steps): (&(&str, PathBuf), &Vec<Step>)| {
            let file = book.join("book.db");
            if let Some(before) = steps[at].before {
                before(binary, &file, &steps[at].line);
            }
            run(binary, &file, &steps[at].line)
        };
        let took: Vec<Took> = books.iter().zip(&lines).map(one).collect();
        tell(&mut out, (*name).to_owned(), took, only);
    }
    let ours = books[0].1.join("book.db");
    tell(&mut out, "raw: receivable by document".to_owned(), vec![raw(&ours)], only);
    for (name, took) in lists(&ours) {
        tell(&mut out, name, vec![took], only);
    }
    out
}

/// What every report as of a day rests on, as one plain statement: what each document owes.
fn raw(book: &Path) -> Took {
    let conn = rusqlite::Connection::open(book).unwrap();
    let sql = "SELECT count(*), sum(owed) FROM (SELECT sum(debit_minor - credit_minor) AS owed
        FROM ledger_entry WHERE account = 'receivable' AND entry_on <= '2026-02-04' GROUP BY document_id)";
    let (begun, before) = (Instant::now(), used(UsageWho::RUSAGE_SELF));
    let all: (i64, i64) = conn.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    assert!(all.0 > 0);
    let cpu = used(UsageWho::RUSAGE_SELF) - before;
    Took { wall: begun.elapsed().as_secs_f64(), cpu, ..Took::default() }
}

/// Prints a step and keeps it, where it is wanted.
fn tell(out: &mut Vec<Row>, name: String, took: Vec<Took>, only: &[&str]) {
    if !only.is_empty() && !only.contains(&name.as_str()) {
        return;
    }
    for t in &took {
        println!(
            "  {name:<34} {:>8.3} s {:>8.3} cpu {:>6.0} MB {:>8.3} s locked, {:>6.3} at a stretch",
            t.wall, t.cpu, t.memory, t.locked, t.stretch
        );
    }
    out.push((name, took));
}

/// First pages of every list, and how many match a filter.
fn lists(book: &Path) -> Vec<(String, Took)> {
    use ListName::{Accounts, BankLines, Deliveries, Failed, Invoices, Jobs, Log, Runs, Unapplied};
    let asked = [
        (Runs, Sort::Newest, "runs", &[""][..]),
        (
            Invoices,
            Sort::Newest,
            "invoices",
            &[
                "",
                "status:draft",
                "status:posted",
                "review:held",
                "kind:invoice",
                "run:BR-000001",
                "currency:EUR",
                "account:A0000005",
                "total>100",
                "balance>0",
                "due<2026-02-01",
                "Seats",
                "charge:Seats",
                "\"Customer 77\"",
            ],
        ),
        (Deliveries, Sort::Newest, "deliveries", &["", "status:sent", "channel:print"]),
        (
            Failed,
            Sort::Due,
            "failed",
            &["", "status:failed", "group:retry_later", "due<2026-03-01"],
        ),
        (Unapplied, Sort::Oldest, "unapplied", &[""]),
        (BankLines, Sort::Oldest, "bank lines", &["status:new,part,unidentified,unapplied"]),
        (Jobs, Sort::Newest, "jobs", &[""]),
        (Log, Sort::Newest, "log", &["", "post"]),
        (Accounts, Sort::Account, "accounts", &["", "Customer 77", "status:active"]),
    ];
    let session = Session::open(book, daybook::cli::actor()).unwrap();
    let mut took = Vec::new();
    let mut one = |name: String, query: Query| {
        let (begun, before) = (Instant::now(), used(UsageWho::RUSAGE_THREAD));
        ask(&session, &query.into()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (wall, cpu) = (begun.elapsed().as_secs_f64(), used(UsageWho::RUSAGE_THREAD) - before);
        took.push((name, Took { wall, cpu, ..Took::default() }));
    };
    for (list, sort, name, filters) in asked {
        for text in filters {
            let filter = Filter::parse(text).unwrap();
            let args = ListArgs {
                filter: filter.clone(),
                sort: sort.into(),
                seek: Seek::First,
                limit: 50,
            };
            one(format!("{name} {text}: page"), Query::List(list, args));
            one(format!("{name} {text}: count"), Query::Totals(list, filter));
        }
    }
    took
}

/// Begins a payment run in another process and kills that once the list of the run is made.
fn begin_and_kill(binary: &str, book: &Path, _line: &str) {
    let mut child = Command::new(binary)
        .arg("--book")
        .arg(book)
        .args("--now 2026-02-04T11:00 collect --target 2026-02-04".split(' '))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let conn = rusqlite::Connection::open(book).unwrap();
    let picked = "SELECT count(*) FROM job WHERE kind = 'collect' AND total > 0
        AND cursor LIKE '%\"pick_after\":null%'";
    let is_picked = || conn.query_row(picked, [], |r| r.get::<_, i64>(0)).unwrap() > 0;
    while !is_picked() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The day, in order. One line is one command; `{all}` in it is every draft of the run.
fn steps(files: &Path, book: &Path, accounts: usize) -> Vec<Step> {
    let (january, february) = ("--now 2026-01-05T06:00", "--now 2026-02-04T11:00");
    let later = "--now 2026-02-04T16:00";
    let files = files.display();
    let out = |name: &str| book.join(name).display().to_string();
    // Arguments have a limit: at most so many drafts are named.
    let all: Vec<String> = (1..=accounts.min(100_000)).map(|n| format!("D-{n:06}")).collect();
    let (one, half) = (format!("D-{:06}", accounts / 2), all.len() / 2);
    let all_named = all.join(" ");
    let lines = [
        ("import", format!("{january} import {files}")),
        ("import again", format!("{january} import {files}")),
        ("bill", format!("{january} bill --target 2026-01-01 --json")),
        ("status", format!("{january} status")),
        ("invoice list --json", format!("{january} invoice list --json")),
        ("edit one", format!("{january} invoice edit {one} --set po_number=4711 --reason growth")),
        ("accept all", format!("{january} invoice accept {all_named}")),
        ("undo all", format!("{january} undo")),
        ("hold half", format!("{january} invoice hold --reason growth {}", all[..half].join(" "))),
        ("release half", format!("{january} invoice release {}", all[..half].join(" "))),
        ("post", format!("{january} post BR-000001 --json")),
        ("plan deliveries", format!("{january} deliver --run BR-000001 --detach --json")),
        ("mail to a folder", format!("{january} deliver --run BR-000001 --send-now --json")),
        ("print batch", format!("{january} deliver --print {} --json", out("paper"))),
        ("bill next month", format!("{february} bill --target 2026-02-01 --json")),
        ("cancel the run", format!("{february} run cancel BR-000002")),
        ("status when all is due", format!("{february} status")),
        ("stop a payment run", format!("{february} run cancel PR-000001")),
        ("collect", format!("{february} collect --target 2026-02-04 --json")),
        ("retry a group", format!("{later} retry --group retry_later --json")),
        ("memo", format!("{later} adjust {one} --whole --reason growth")),
        ("check", format!("{later} check")),
        ("audit --verify", format!("{later} audit --verify")),
        ("export journal", format!("{later} export journal --output {}", out("journal"))),
        ("backup", format!("{later} backup {}", out("copy.db"))),
        ("report aging", format!("{later} report aging --as-of 2026-02-04 --json")),
        ("report rollforward", format!("{later} report rollforward --period 2026-02 --json")),
        ("report trial-balance", format!("{later} report trial-balance --period 2026-02 --json")),
        ("report tax", format!("{later} report tax --period 2026-01 --json")),
        ("add a bank account", format!("{later} bank account add main --currency EUR")),
        ("bank import", format!("{later} bank import {files}-bank.csv --account main")),
        ("worker --once", format!("{later} worker --once")),
        ("close with its pack", format!("{later} period close 2026-01 --yes")),
        ("status at the end", format!("{later} status")),
    ];
    let step = |(name, line)| {
        let before =
            (name == "stop a payment run").then_some(begin_and_kill as fn(&str, &Path, &str));
        Step { name, line, before }
    };
    lines.into_iter().map(step).collect()
}

/// Runs one verb through a process that only measures it.
fn run(binary: &str, book: &Path, line: &str) -> Took {
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--measure", binary, "--book"])
        .arg(book)
        .args(line.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    let shown: String = line.chars().take(60).collect();
    assert!(done.status.success(), "{shown}: {said}{}", String::from_utf8_lossy(&done.stderr));
    let mut numbers = said.split_whitespace().map(|n| n.parse::<f64>().unwrap());
    let mut next = || numbers.next().unwrap();
    Took { wall: next(), cpu: next(), memory: next(), locked: next(), stretch: next() }
}

/// Seconds of processor that somebody used so far.
fn used(who: UsageWho) -> f64 {
    let all: Usage = getrusage(who).unwrap();
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    seconds(all.user_time()) + seconds(all.system_time())
}

/// For how long a book is locked for writing until `over`: in all and at a stretch, seconds. SQLite's
/// writer has byte 120 of the log's index.
fn locked(book: &Path, over: &AtomicBool) -> (f64, f64) {
    let (mut all, mut stretch, mut now) = (0.0_f64, 0.0_f64, 0.0);
    let mut last = Instant::now();
    let mut index = None;
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_micros(500));
        let since = last.elapsed().as_secs_f64();
        last = Instant::now();
        let name = format!("{}-shm", book.display());
        index = index.or_else(|| std::fs::File::options().read(true).write(true).open(name).ok());
        let Some(file) = &index else { continue };
        let mut lock = nix::libc::flock {
            l_type: nix::libc::F_WRLCK as i16,
            l_whence: nix::libc::SEEK_SET as i16,
            l_start: 120,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(file, FcntlArg::F_GETLK(&mut lock)).unwrap();
        let held = lock.l_type != nix::libc::F_UNLCK as i16;
        now = if held { now + since } else { 0.0 };
        all += if held { since } else { 0.0 };
        stretch = stretch.max(now);
    }
    (all, stretch)
}

/// The process that measures: starts the verb, waits, and prints what it used. Exit 1 (done, some
/// refused) counts as done.
fn measured(args: &[String]) {
    let begun = Instant::now();
    let mut child = Command::new(&args[0])
        .args(&args[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (over, book) = (AtomicBool::new(false), Path::new(&args[2]));
    let (status, wall, (all, stretch)) = std::thread::scope(|scope| {
        let looks = scope.spawn(|| locked(book, &over));
        let status = child.wait().unwrap();
        let wall = begun.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        (status, wall, looks.join().unwrap())
    });
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as f64 / 1024.0;
    println!("{wall} {} {memory} {all} {stretch}", used(UsageWho::RUSAGE_CHILDREN));
    let code = status.code().unwrap_or(99);
    std::process::exit(if code == 1 { 0 } else { code });
}

/// The table: our figures at each size, what the last step in size cost, and the other build's
/// figures at the largest size over ours.
fn show(sizes: &[usize], table: &[Vec<Row>]) {
    let last = table.len() - 1;
    let mut head = format!("\n{:<34}", "step");
    for size in sizes {
        let _ = write!(head, " {:>26}", format!("{size}: s, cpu s, MB"));
    }
    println!("{head}   cpu/size  other/ours: wall, cpu, MB");
    for (row, (name, took)) in table[last].iter().enumerate() {
        let mut line = format!("{name:<34}");
        for at in table {
            let took = at[row].1[0];
            let _ = write!(line, " {:>9.3} {:>8.3} {:>7.0}", took.wall, took.cpu, took.memory);
        }
        let ours = took[0];
        if last > 0 {
            let times = sizes[last] as f64 / sizes[last - 1] as f64;
            // A process costs some milliseconds whatever it does.
            let grown = ours.cpu / table[last - 1][row].1[0].cpu.max(0.01);
            let most = MOST[usize::from(sizes[last] > 100_000)] * times / 10.0;
            let over = if grown > most { " over" } else { "" };
            let _ = write!(line, "   {grown:>5.1}/{times:.0}{over}");
        }
        if let Some(other) = took.get(1) {
            let (wall, cpu) = (other.wall / ours.wall, other.cpu / ours.cpu);
            let _ = write!(line, "   {wall:.2} {cpu:.2} {:.2}", other.memory / ours.memory);
        }
        println!("{line}");
    }
}

/// The files of a book of so many accounts.
fn write_files(dir: &Path, accounts: usize) {
    std::fs::create_dir_all(dir).unwrap();
    let file = |name: &str, head: &str| {
        let mut out = BufWriter::new(std::fs::File::create(dir.join(name)).unwrap());
        writeln!(out, "{head}").unwrap();
        out
    };
    writeln!(file("taxes.csv", "tax_code,rate_percent,name"), "VAT,19,VAT").unwrap();
    let mut people = file(
        "accounts.csv",
        "account_number,name,currency,email,bill_cycle_day,payment_term,delivery,tax_code,auto_pay,\
         address1,postcode,city,country",
    );
    let mut methods = file("payment_methods.csv", "account_number,token,kind,display");
    let mut subscriptions =
        file("subscriptions.csv", "subscription_number,account_number,start_date");
    let mut charges = file(
        "charges.csv",
        "charge_number,subscription_number,name,type,model,price,quantity,uom,billing_period,timing",
    );
    let mut usage = file("usage.csv", "ACCOUNT_ID,UOM,QTY,STARTDATE");
    // Beside the others: it is no file of theirs. Half of it names what it pays.
    let bank = std::fs::File::create(format!("{}-bank.csv", dir.display())).unwrap();
    let mut bank = BufWriter::new(bank);
    writeln!(bank, "entry_ref,booked_on,amount,currency,text").unwrap();
    for n in 0..accounts {
        let text =
            if n % 2 == 0 { format!("INV-2026-{:06}", n + 1) } else { format!("thanks {n}") };
        writeln!(bank, "R{n},2026-02-03,1.00,EUR,{text}").unwrap();
        let pays = n % 5 != 0;
        let way = if n % 10 == 3 { "print" } else { "email" };
        writeln!(
            people,
            "A{n:07},Customer {n},EUR,a{n}@example.com,1,Net 30,{way},VAT,{pays},Street {n},12345,Town,DE"
        )
        .unwrap();
        if pays {
            let token = if n % 10 == 1 { "\"decline:insufficient_funds,ok\"" } else { "ok" };
            writeln!(methods, "A{n:07},{token},card,visa {n}").unwrap();
        }
        writeln!(subscriptions, "S{n:07},A{n:07},2025-12-01").unwrap();
        let seats = n % 40 + 1;
        writeln!(charges, "B{n:07},S{n:07},Base,recurring,flat,29.90,1,,month,advance").unwrap();
        writeln!(charges, "C{n:07},S{n:07},Seats,recurring,per_unit,9.99,{seats},,month,advance")
            .unwrap();
        writeln!(charges, "D{n:07},S{n:07},Data,usage,per_unit,0.20,1,GB,month,arrears").unwrap();
        writeln!(usage, "A{n:07},GB,{}.5,2025-12-{:02}", n % 97, n % 28 + 1).unwrap();
    }
}
