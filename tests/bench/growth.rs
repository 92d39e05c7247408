//! How the steps of the day grow: each verb as a process of its own, at several sizes, beside
//! another build of the same verbs. An account has a flat, a per-unit and a usage charge, a usage
//! record and (four of five) a payment method.
//!
//! `cargo bench --bench growth -- --accounts 1000,10000 --beside OTHER/daybook --only bill,post`
//! Without `--accounts`: 10,000 and 100,000. `--binary FILE` measures a build made elsewhere,
//! `--keep DIR` leaves the books there. Printed per step: seconds of wall and of both processors
//! together, the most memory, and what ten times the accounts cost in processor seconds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails by panic"
)]

use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a step took.
#[derive(Clone, Copy)]
struct Took {
    /// Seconds by the clock.
    wall: f64,
    /// Seconds of all processors.
    cpu: f64,
    /// Most memory, MB.
    memory: f64,
}

/// A step: its name and its arguments.
type Step = (&'static str, String);

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
type Row = (&'static str, Vec<Took>);

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
    for (at, (name, _)) in lines[0].iter().enumerate() {
        // What later steps rest on is done all the same, and not shown.
        let one = |((binary, book), steps): (&(&str, PathBuf), &Vec<Step>)| {
            run(binary, &book.join("book.db"), &steps[at].1)
        };
        let took: Vec<Took> = books.iter().zip(&lines).map(one).collect();
        if only.is_empty() || only.contains(name) {
            for t in &took {
                println!("  {name:<22} {:>8.2} s {:>8.2} cpu {:>7.0} MB", t.wall, t.cpu, t.memory);
            }
            out.push((*name, took));
        }
    }
    out
}

/// The day, in order. One line is one command; `{all}` in it is every draft of the run.
fn steps(files: &Path, book: &Path, accounts: usize) -> Vec<Step> {
    let (january, february) = ("--now 2026-01-05T06:00", "--now 2026-02-04T11:00");
    let files = files.display();
    let out = |name: &str| book.join(name).display().to_string();
    // Arguments have a limit: at most so many drafts are named.
    let all: Vec<String> = (1..=accounts.min(100_000)).map(|n| format!("D-{n:06}")).collect();
    let (one, half) = (format!("D-{:06}", accounts / 2), all.len() / 2);
    vec![
        ("import", format!("{january} import {files}")),
        ("import again", format!("{january} import {files}")),
        ("bill", format!("{january} bill --target 2026-01-01 --json")),
        ("status", format!("{january} status")),
        ("invoice list --json", format!("{january} invoice list --json")),
        ("edit one", format!("{january} invoice edit {one} --set po_number=4711 --reason growth")),
        ("accept all", format!("{january} invoice accept {}", all.join(" "))),
        ("undo all", format!("{january} undo")),
        ("hold half", format!("{january} invoice hold --reason growth {}", all[..half].join(" "))),
        ("release half", format!("{january} invoice release {}", all[..half].join(" "))),
        ("post", format!("{january} post BR-000001 --json")),
        ("plan deliveries", format!("{january} deliver --run BR-000001 --detach --json")),
        ("mail to a folder", format!("{january} deliver --run BR-000001 --send-now --json")),
        ("bill next month", format!("{february} bill --target 2026-02-01 --json")),
        ("cancel the run", format!("{february} run cancel BR-000002")),
        ("collect", format!("{february} collect --target 2026-02-04 --json")),
        ("memo", format!("{february} adjust {one} --whole --reason growth")),
        ("check", format!("{february} check")),
        ("audit --verify", format!("{february} audit --verify")),
        ("export journal", format!("{february} export journal --output {}", out("journal"))),
        ("backup", format!("{february} backup {}", out("copy.db"))),
        ("status at the end", format!("{february} status")),
    ]
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
    Took { wall: next(), cpu: next(), memory: next() }
}

/// The process that measures: starts the verb, waits, and prints what it used. Exit 1 (done, some
/// refused) counts as done.
fn measured(args: &[String]) {
    let begun = Instant::now();
    let status = Command::new(&args[0])
        .args(&args[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let wall = begun.elapsed().as_secs_f64();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    let cpu = seconds(used.user_time()) + seconds(used.system_time());
    println!("{wall} {cpu} {}", used.max_rss() as f64 / 1024.0);
    let code = status.code().unwrap_or(99);
    std::process::exit(if code == 1 { 0 } else { code });
}

/// The table: our figures at each size, what the last step in size cost, and the other build's
/// figures at the largest size over ours.
fn show(sizes: &[usize], table: &[Vec<Row>]) {
    let last = table.len() - 1;
    let mut head = format!("\n{:<22}", "step");
    for size in sizes {
        let _ = write!(head, " {:>26}", format!("{size}: s, cpu s, MB"));
    }
    println!("{head}   cpu/size  other/ours: wall, cpu, MB");
    for (row, (name, took)) in table[last].iter().enumerate() {
        let mut line = format!("{name:<22}");
        for at in table {
            let took = at[row].1[0];
            let _ = write!(line, " {:>9.2} {:>8.2} {:>7.0}", took.wall, took.cpu, took.memory);
        }
        let ours = took[0];
        if last > 0 {
            let times = sizes[last] as f64 / sizes[last - 1] as f64;
            let grown = ours.cpu / table[last - 1][row].1[0].cpu;
            let _ = write!(line, "   {grown:>5.1}/{times:.0}");
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
        "account_number,name,currency,email,bill_cycle_day,payment_term,delivery,tax_code,auto_pay",
    );
    let mut methods = file("payment_methods.csv", "account_number,token,kind,display");
    let mut subscriptions =
        file("subscriptions.csv", "subscription_number,account_number,start_date");
    let mut charges = file(
        "charges.csv",
        "charge_number,subscription_number,name,type,model,price,quantity,uom,billing_period,timing",
    );
    let mut usage = file("usage.csv", "ACCOUNT_ID,UOM,QTY,STARTDATE");
    for n in 0..accounts {
        let pays = n % 5 != 0;
        writeln!(people, "A{n:07},Customer {n},EUR,a{n}@example.com,1,Net 30,email,VAT,{pays}")
            .unwrap();
        if pays {
            writeln!(methods, "A{n:07},ok,card,visa {n}").unwrap();
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
