//! The automated month: nobody logged in, the clock advanced step by step, a gateway outage, a
//! kill -9 a day; the books balance and nobody is charged above their bill.

use crate::book::{Ran, daybook};
use chrono::{Duration, NaiveDate, NaiveDateTime, Timelike};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

struct Month {
    _dir: tempfile::TempDir,
    book: PathBuf,
    now: NaiveDateTime,
}

impl Month {
    fn demo(accounts: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_string_lossy().into_owned();
        let ran =
            daybook(Path::new("unused"), &["demo", "--dir", &path, "--accounts", accounts]).ends(0);
        let book = ran.out.split_whitespace().find(|w| w.ends_with("demo.db")).unwrap().into();
        let now = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap().and_hms_opt(8, 0, 0).unwrap();
        Self { _dir: dir, book, now }
    }

    fn run(&self, args: &[&str]) -> Ran {
        daybook(&self.book, args)
    }

    fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).json()
    }

    fn set(&self, key: &str, value: &str) {
        self.run(&["settings", "set", key, value]).ends(0);
    }

    fn advance(&mut self, hours: i64) {
        self.now += Duration::hours(hours);
        let text = self.now.format("%Y-%m-%dT%H:%M").to_string();
        self.run(&["clock", "set", &text]).ends(0);
    }

    fn work(&self) {
        self.run(&["worker", "--once"]).ends(0);
    }

    /// Starts a worker and kills it once it has written something, if it lives that long.
    fn work_and_be_killed(&self) {
        let conn = rusqlite::Connection::open(&self.book).unwrap();
        conn.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        let seen = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        let before = seen("SELECT max(seq) FROM operation");
        let mut child = Command::new(env!("CARGO_BIN_EXE_daybook"))
            .args(["--book", &self.book.to_string_lossy(), "worker", "--once"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() && begun.elapsed().as_secs() < 60 {
            if seen("SELECT max(seq) FROM operation") > before + 2 {
                break;
            }
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
}

/// Runs December 2026 by itself, `step` hours at a time.
fn month(accounts: &str, step: i64) {
    let mut month = Month::demo(accounts);
    for (key, value) in [
        ("automation.auto_post", "true"),
        ("automation.retry", "true"),
        ("automation.guard_failed_accounts", "1000"),
        ("automation.guard_percent", "300"),
        ("automation.stop_flags", ""),
    ] {
        month.set(key, value);
    }
    let bill = month.json(&[
        "schedule",
        "add",
        "bill",
        "--every",
        "monthly 1",
        "--at",
        "02:00",
        "--auto-post",
        "--auto-email",
        "--email",
        "owner@example.com",
    ]);
    let bill = bill["id"].as_str().unwrap().to_owned();
    let pay = month.json(&[
        "schedule", "add", "collect", "--every", "daily", "--at", "11:00", "--after", &bill,
    ]);
    let pay = pay["id"].as_str().unwrap().to_owned();

    // The first cycle of a schedule has nothing to compare with: it stops, and a clerk posts it.
    month.run(&["schedule", "resume", &bill, "--run-now"]).ends(0);
    month.work();
    let runs = month.json(&["run", "list"]);
    let first = &runs.as_array().unwrap()[0];
    assert_eq!(first["status"], "Completed", "{first}");
    assert!(first["note"].as_str().unwrap().contains("no earlier cycle"), "{first}");
    let posted = month.run(&["post", first["run"].as_str().unwrap()]);
    assert!(posted.code <= 1, "{}", posted.err);

    let end = NaiveDate::from_ymd_opt(2027, 1, 2).unwrap().and_hms_opt(0, 0, 0).unwrap();
    while month.now < end {
        month.advance(step);
        let (day, hour) = (month.now.date(), i64::from(month.now.hour()));
        let outage = day == NaiveDate::from_ymd_opt(2026, 12, 10).unwrap();
        if outage && (11..11 + step.max(2)).contains(&hour) {
            month.set("sandbox.outage", "true");
        }
        if (11..11 + step).contains(&hour) {
            month.work_and_be_killed();
        }
        month.work();
        month.set("sandbox.outage", "false");
    }
    month.work();

    // Every slot once: the payment schedule ran on each of the 31 days from December 1 to 31.
    let slots = month.json(&["schedule", "show", &pay]);
    let slots = slots["slots"].as_array().unwrap().clone();
    assert_eq!(slots.len(), 15, "the last fifteen are shown");
    assert!(slots.iter().all(|s| s["state"] == "run"), "{slots:?}");
    let conn = rusqlite::Connection::open(&month.book).unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    assert!(
        count("SELECT count(*) FROM schedule_slot WHERE state = 'run' AND schedule_id = 2") >= 31
    );

    // January billed, posted and mailed itself.
    let runs = month.json(&["run", "list"]);
    let last = &runs.as_array().unwrap()[0];
    assert_eq!(
        (&last["target_date"], &last["status"]),
        (&"2027-01-01".into(), &"Posted".into()),
        "{last}"
    );
    assert!(
        count("SELECT count(*) FROM delivery WHERE status = 'Sent' AND queued_at > 1798750000000")
            > 0
    );

    // Nothing is left unanswered without a person knowing, and everything balances.
    assert!(count("SELECT count(*) FROM payment WHERE status = 'Approved'") > 0);
    assert_eq!(count("SELECT count(*) FROM payment WHERE status = 'Processing'"), 0);
    // The schedule's owner was told by mail that the first cycle needed a person.
    assert!(count("SELECT count(*) FROM notice WHERE mailed_at IS NOT NULL") > 0);
    let check = month.run(&["check"]);
    assert_eq!(check.code, 0, "{}", check.out);
}

#[test]
fn a_month_runs_by_itself() {
    month("150", 3);
}

/// The large scale, by hand: `cargo test --release --test it month -- --ignored`.
#[test]
#[ignore = "30,000 accounts, hour by hour: run by hand"]
fn a_month_of_thirty_thousand_accounts_runs_by_itself() {
    month("30000", 1);
}
