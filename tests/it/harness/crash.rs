//! A book to be billed, copies of it, and kills at twenty points of progress.

use crate::harness::book::{Book, daybook};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const POINTS: usize = 20;

/// A book with accounts waiting to be billed: a flat, a per-unit and a usage charge each.
pub fn waiting(accounts: usize) -> Book {
    let book = Book::new("2026-03-01");
    let mut files = [
        "account_number,name,currency,tax_code,auto_pay,delivery,email\n".to_owned(),
        "subscription_number,account_number,start_date\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,quantity,billing_period,uom\n"
            .to_owned(),
        "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\n".to_owned(),
        "tax_code,rate_percent,name\nVAT,19,VAT\n".to_owned(),
        "account_number,token,kind,display\n".to_owned(),
    ];
    for n in 1..=accounts {
        writeln!(files[0], "A{n:05},Customer {n},EUR,VAT,true,email,c{n}@example.com").unwrap();
        writeln!(files[1], "S{n:05},A{n:05},2026-02-01").unwrap();
        writeln!(files[2], "F{n:05},S{n:05},Base,recurring,flat,10.05,1,month,").unwrap();
        writeln!(files[2], "P{n:05},S{n:05},Seats,recurring,per_unit,3.33,{},month,", n % 7)
            .unwrap();
        writeln!(files[2], "U{n:05},S{n:05},Traffic,usage,per_unit,0.017,1,month,GB").unwrap();
        writeln!(files[3], "A{n:05},GB,{}.5,2026-02-{:02},K{n}", n % 900, n % 28 + 1).unwrap();
        let token = match n % 10 {
            0 => "decline:insufficient_funds",
            1 => "decline:stolen_card",
            _ => "ok",
        };
        writeln!(files[5], "A{n:05},{token},card,visa ··4242").unwrap();
    }
    let names = ["accounts", "subscriptions", "charges", "usage", "taxes", "payment_methods"];
    let paths: Vec<String> =
        names.iter().zip(&files).map(|(n, text)| book.file(&format!("{n}.csv"), text)).collect();
    let args: Vec<&str> = ["import"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    book
}

/// A copy of a book, with what lies beside it.
pub fn copy(book: &Path, into: &Path) -> PathBuf {
    let target = into.join("book.db");
    for suffix in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{suffix}", book.display()));
        if from.exists() {
            std::fs::copy(&from, format!("{}{suffix}", target.display())).unwrap();
        }
    }
    let side = PathBuf::from(format!("{}.d", book.display()));
    copy_directory(&side, &PathBuf::from(format!("{}.d", target.display())));
    target
}

fn copy_directory(from: &Path, to: &Path) {
    let Ok(entries) = std::fs::read_dir(from) else { return };
    std::fs::create_dir_all(to).unwrap();
    for entry in entries.map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn rows(book: &Path, sql: &str) -> Vec<String> {
    let conn = rusqlite::Connection::open(book).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement
        .query_map([], |r| {
            Ok((0..width)
                .map(|i| format!("{:?}", r.get_ref(i).unwrap()))
                .collect::<Vec<_>>()
                .join("|"))
        })
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// Numbers, items and amounts; ids, times and audit may differ.
pub const DOCUMENTS: &str = "SELECT a.number, d.kind, d.status, d.number, d.invoice_on, d.due_on, d.subtotal_minor,
    d.tax_minor, d.total_minor, i.position, i.description, i.service_from_on, i.service_to_on, i.quantity,
    i.amount_minor FROM document d JOIN account a ON a.id = d.account_id
    JOIN document_item i ON i.document_id = d.id ORDER BY 1, 2, 4, i.position";

/// Starts the binary, waits until the newest job has done `point` items, kills it. Whether it was
/// killed before it ended.
fn kill_at(book: &Path, args: &[&str], point: i64) -> bool {
    let conn = rusqlite::Connection::open(book).unwrap();
    conn.busy_timeout(Duration::from_secs(5)).unwrap();
    let jobs: i64 = conn.query_row("SELECT count(*) FROM job", [], |r| r.get(0)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_daybook"))
        .arg("--book")
        .arg(book)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let done: Option<i64> = conn
            .query_row(
                "SELECT done + failed FROM job WHERE id > ?1 ORDER BY id DESC LIMIT 1",
                [jobs],
                |r| r.get(0),
            )
            .ok();
        if done.is_some_and(|d| d >= point) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "no progress to {point}");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

/// Kills `args` at every point on a copy of `book`, lets a worker go on, asks the gateway about what
/// nobody answered (whoever died in the middle of a call asks at once, the others later), and compares
/// `sql` with an undisturbed run.
pub fn storm(book: &Path, args: &[&str], total: usize, sql: &str) {
    let undisturbed = tempfile::tempdir().unwrap();
    let whole = copy(book, undisturbed.path());
    let code = daybook(&whole, args).code;
    assert!(code == 0 || code == 1, "undisturbed run ends with {code}");
    let go_on = |book: &Path| {
        daybook(book, &["worker", "--once"]).ends(0);
        daybook(book, &["payment", "reconcile"]);
    };
    go_on(&whole);
    let expected = rows(&whole, sql);
    assert!(!expected.is_empty());
    let mut killed = 0;
    for point in 0..POINTS {
        let dir = tempfile::tempdir().unwrap();
        let copy = copy(book, dir.path());
        if kill_at(&copy, args, (total * point / POINTS) as i64) {
            killed += 1;
        }
        go_on(&copy);
        let got = rows(&copy, sql);
        assert_eq!(got.len(), expected.len(), "killed at {point}/{POINTS}");
        let differs = got.iter().zip(&expected).find(|(got, expected)| got != expected);
        assert!(differs.is_none(), "killed at {point}/{POINTS}: {differs:?}");
        let check = daybook(&copy, &["check"]);
        assert_eq!(check.code, 0, "killed at {point}/{POINTS}: {}{}", check.out, check.err);
    }
    assert!(killed >= POINTS / 2, "only {killed} of {POINTS} runs were alive to be killed");
}
