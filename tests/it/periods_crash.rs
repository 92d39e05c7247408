//! Closing a month is killed at many points, done by two at once, and while somebody books in it: each line is
//! released once, and what is closed stays as it is.

use crate::harness::book::{Book, binary, daybook};
use crate::harness::crash::{copy, rows, waiting};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 400;
const CLOSE: [&str; 6] = ["period", "close", "2026-03", "--yes", "--now", "2026-04-02"];

/// A book whose invoices of March are earned day by day.
fn deferred() -> Book {
    let book = waiting(ACCOUNTS);
    book.run(&["settings", "set", "revenue.recognition", "service_days"]).ends(0);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book
}

fn spawn(book: &Path, args: &[&str]) -> Child {
    Command::new(binary())
        .arg("--book")
        .arg(book)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What was released of each line, and what the ledger came to.
const RELEASED: &str =
    "SELECT item_id, released_on, sum(amount_minor), count(*) FROM deferred_release
    GROUP BY 1, 2 ORDER BY 1, 2";
const LEDGER: &str = "SELECT entry_on, account, account_id, sum(debit_minor - credit_minor)
    FROM ledger_entry GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
const STEPS: &str = "SELECT month, step FROM book_period_step ORDER BY id";

fn released(book: &Path) -> i64 {
    let conn = rusqlite::Connection::open(book).unwrap();
    conn.busy_timeout(Duration::from_secs(5)).unwrap();
    conn.query_row("SELECT count(*) FROM deferred_release", [], |r| r.get(0)).unwrap_or(0)
}

/// Kills a close once so many lines are released and a moment has passed; whether it was alive.
fn kill_at(book: &Path, point: i64, moment: Duration) -> bool {
    let mut child = spawn(book, &CLOSE);
    let begun = Instant::now();
    while released(book) < point {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "no progress to {point}");
        std::thread::yield_now();
    }
    let there = Instant::now();
    while there.elapsed() < moment {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn a_killed_close_releases_each_line_once() {
    let book = deferred();
    let undisturbed = tempfile::tempdir().unwrap();
    let whole = copy(&book.path, undisturbed.path());
    daybook(&whole, &CLOSE).ends(0);
    let expected = (rows(&whole, RELEASED), rows(&whole, LEDGER), rows(&whole, STEPS));
    let all = released(&whole);
    assert!(all > ACCOUNTS as i64, "{all}");
    let mut killed = 0;
    let points = [
        (0, 1),
        (1, 0),
        (all / 4, 0),
        (all / 2, 0),
        (all - 1, 0),
        (all, 0),
        (all, 100),
        (all, 400),
    ];
    for (point, ms) in points {
        let dir = tempfile::tempdir().unwrap();
        let copy = copy(&book.path, dir.path());
        killed += usize::from(kill_at(&copy, point, Duration::from_millis(ms)));
        let again = daybook(&copy, &CLOSE);
        // It was closed already where nothing was left to kill.
        assert!(again.code == 0 || again.err.contains("closed already"), "{}", again.err);
        let got = (rows(&copy, RELEASED), rows(&copy, LEDGER), rows(&copy, STEPS));
        assert!(got == expected, "killed at {point} of {all}");
        let check = daybook(&copy, &["check"]);
        assert_eq!(check.code, 0, "killed at {point} of {all}: {}{}", check.out, check.err);
        for file in ["deferred.csv", "trial-balance.csv", "revenue.csv", "aging.csv"] {
            let file = Path::new("closing/2026-03").join(file);
            let read =
                |book: &Path| std::fs::read(daybook::store::side_directory(book).join(&file));
            assert_eq!(read(&copy).unwrap(), read(&whole).unwrap(), "{file:?} at {point}");
        }
    }
    assert!(killed >= 4, "only {killed} were alive to be killed");
}

#[test]
fn two_who_close_a_month_close_it_once_and_nothing_is_booked_in_it_afterwards() {
    let book = deferred();
    let mut closers = [spawn(&book.path, &CLOSE), spawn(&book.path, &CLOSE)];
    // A cashier goes on meanwhile, until the month is closed.
    let pay = ["payment", "record", "--account", "A00001", "--amount", "1", "--date", "2026-03-20"];
    let mut booked = 0;
    let shut = loop {
        let reference = format!("r{booked}");
        let more = ["--reference", reference.as_str(), "--json", "--now", "2026-04-02"];
        let ran = book.run(&[&pay[..], &more].concat());
        match ran.code {
            0 => booked += 1,
            _ if ran.err.contains("\"busy\"") => {}
            _ => break ran,
        }
        let over = closers.iter_mut().all(|c| c.try_wait().unwrap().is_some());
        assert!(!over || booked < 10_000);
        if over && rows(&book.path, STEPS).is_empty() {
            // Both gave way to the cashier: once they are gone it closes.
            book.run(&CLOSE).ends(0);
        }
    };
    assert!(shut.err.contains("\"period_closed\""), "{}", shut.err);
    for closer in &mut closers {
        closer.wait().unwrap();
    }
    assert_eq!(rows(&book.path, STEPS).len(), 1);
    let twice =
        "SELECT item_id FROM deferred_release GROUP BY item_id, released_on HAVING count(*) > 1";
    assert!(rows(&book.path, twice).is_empty());
    book.is_sound();
}
