//! Time from the future: a clock that jumps is not believed, and what one left behind is put right.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use chrono::Duration;
use daybook::clock::Now;
use daybook::domain::schedule::Every;
use daybook::engine::Session;
use daybook::engine::clockwork::schedule::{self, Spec};
use daybook::engine::clockwork::tick;
use daybook::engine::command::NewPaymentRun;

const RUNS: &str = "SELECT count(*) FROM payment_run";
const TOLD: &str = "SELECT count(*) FROM notice WHERE key = 'clock' AND done_at IS NULL";

/// A book that owes money and has a schedule every day at 11:00; its clock stands at 2026-01-05.
fn scheduled() -> Book {
    let book = owing(&[""]);
    book.run(&["schedule", "add", "collect", "--every", "daily", "--at", "11:00"]).ends(0);
    book
}

fn worker(book: &Book, now: &str, more: &[&str]) -> serde_json::Value {
    book.run(&[&["--now", now, "--json", "worker", "--once"], more].concat()).ends(0).json()
}

fn next(book: &Book, now: &str) -> (String, String) {
    let shown = book.run(&["--now", now, "--json", "schedule", "show", "S-000001"]).ends(0).json();
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    (text(&shown["next"][0]), text(&shown["waits"]))
}

#[test]
fn a_worker_ten_years_ahead_does_nothing_until_a_person_says_so() {
    let book = scheduled();
    worker(&book, "2026-01-06T12:00", &[]);
    assert_eq!((book.count(RUNS), book.count(TOLD)), (1, 0));
    let said = worker(&book, "2036-01-06T12:00", &[]);
    assert!(said["clock_doubt"].as_str().unwrap().contains("3652 days after"), "{said}");
    assert_eq!((book.count(RUNS), book.count(TOLD)), (1, 1));
    assert!(next(&book, "2036-01-06T12:00").1.contains("nothing runs by itself"));
    let doctor = book.run(&["--now", "2036-01-06T12:00", "--json", "doctor"]).json();
    let clock = |all: &serde_json::Value| {
        let all = all.as_array().or_else(|| all["findings"].as_array()).unwrap().clone();
        all.into_iter().find(|f| f["name"] == "clock").unwrap()["ok"].as_bool().unwrap()
    };
    assert!(!clock(&doctor));
    // The clock is right again: it goes on as if nothing had been.
    worker(&book, "2026-01-07T12:00", &[]);
    assert_eq!((book.count(RUNS), book.count(TOLD)), (2, 0));
    assert!(clock(&book.run(&["--now", "2026-01-07T12:00", "--json", "doctor"]).json()));
    assert_eq!(next(&book, "2026-01-07T12:00"), ("2026-01-08T11:00".to_owned(), String::new()));
    // A person who insists gets it.
    worker(&book, "2036-01-06T12:00", &["--yes"]);
    assert_eq!((book.count(RUNS), book.count(TOLD)), (3, 0));
    book.run(&["check"]).ends(0);
}

#[test]
fn what_a_clock_that_was_ahead_left_behind_is_put_right_at_the_next_sane_start() {
    for old in [false, true] {
        let book = scheduled();
        worker(&book, "2026-01-06T12:00", &[]);
        worker(&book, "2036-01-06T12:00", &["--yes"]);
        assert_eq!(book.count(RUNS), 2);
        if old {
            // A build that did not look at the clock left the same, without a word of what it saw.
            let conn = rusqlite::Connection::open(&book.path).unwrap();
            conn.execute_batch("UPDATE book SET seen_at = NULL").unwrap();
        }
        // Told as it is: nothing runs before the slots that are used up.
        assert_eq!(next(&book, "2026-01-07T12:00").0, "2036-01-07T11:00");
        worker(&book, "2026-01-07T12:00", &[]);
        assert_eq!(book.count(RUNS), 3, "old: {old}");
        assert_eq!(next(&book, "2026-01-07T12:00").0, "2026-01-08T11:00");
        let right = "SELECT count(*) FROM notice WHERE done_at IS NULL AND level = 'task'
            AND text LIKE '%401 slots of schedules%PR-000002 (S-000001, 2036-01-06 11:00)%'";
        assert_eq!(book.count(right), 1);
        worker(&book, "2026-01-07T13:00", &[]);
        assert_eq!(book.count(right), 1);
        book.run(&["check"]).ends(0);
    }
}

#[test]
fn waits_until_the_future_end_now() {
    let book = crate::harness::crash::waiting(3);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.run(&["collect", "--target", "2026-03-01"]).ends(0);
    book.run(&["schedule", "add", "collect", "--every", "daily", "--at", "11:00"]).ends(0);
    book.run(&["deliver"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let ahead = 2_090_000_000_000_i64;
    conn.execute_batch(&format!(
        "UPDATE delivery SET status = 'Deferred', not_before_at = {ahead}, first_try_at = {ahead};
         UPDATE job SET not_before_at = {ahead} WHERE state = 'Waiting';
         UPDATE document_state SET next_retry_at = {ahead}, reopened_on = '2036-03-01'
           WHERE status = 'Posted';
         UPDATE schedule SET armed_at = {ahead};
         UPDATE gateway_poll SET next_at = {ahead}, through_at = {ahead}"
    ))
    .unwrap();
    assert!(book.count("SELECT count(*) FROM delivery WHERE channel = 'email'") > 0);
    worker(&book, "2026-03-02T10:00", &[]);
    for sql in [
        "SELECT count(*) FROM delivery WHERE channel = 'email' AND status <> 'Sent'",
        "SELECT count(*) FROM job WHERE not_before_at > 2000000000000",
        "SELECT count(*) FROM schedule WHERE armed_at > 2000000000000",
        "SELECT count(*) FROM gateway_poll WHERE next_at > 2000000000000 OR through_at > 2000000000000",
        "SELECT count(*) FROM document_state WHERE next_retry_at > 1800000000000",
        "SELECT count(*) FROM document_state WHERE reopened_on > '2026-03-02'",
    ] {
        assert_eq!(book.count(sql), 0, "{sql}");
    }
    let right = "SELECT count(*) FROM notice WHERE text LIKE '%put right%e-mail%retr%'";
    assert_eq!(book.count(right), 1);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_clock_that_is_behind_puts_nothing_right_by_itself() {
    let book = scheduled();
    for day in 0..40 {
        let at = chrono::NaiveDate::from_ymd_opt(2026, 1, 6).unwrap() + Duration::days(day);
        worker(&book, &format!("{at}T12:00"), &[]);
    }
    assert_eq!(book.count(RUNS), 40);
    let slots = book.dump();
    let said = worker(&book, "2026-01-20T12:00", &[]);
    assert!(said["clock_doubt"].as_str().unwrap().contains("25 days before"), "{said}");
    assert_eq!((book.count(RUNS), book.count(TOLD)), (40, 1));
    assert_eq!(book.count("SELECT count(*) FROM schedule_slot"), 40);
    // A person knows better: what lies ahead is taken back, and the schedule goes on.
    book.run(&["--now", "2026-01-20T12:00", "clock", "confirm"]).ends(0);
    assert_eq!(book.count("SELECT count(*) FROM schedule_slot"), 16);
    worker(&book, "2026-01-22T12:00", &[]);
    assert_eq!((book.count(RUNS), book.count(TOLD)), (41, 0));
    assert_ne!(slots, book.dump());
    book.run(&["check"]).ends(0);
}

#[test]
fn an_idle_book_that_is_looked_at_is_never_in_doubt() {
    let book = Book::new("2026-01-05");
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let spec =
        Spec::Collect { target: "+0d".to_owned(), run: NewPaymentRun::default(), after: None };
    let once = Every::parse("once 2026-06-01").unwrap();
    schedule::add(&mut session, "once", &once, 0, &spec, "").unwrap();
    for day in 0..150 {
        let at = chrono::NaiveDate::from_ymd_opt(2026, 1, 6).unwrap() + Duration::days(day);
        let at = at.and_hms_opt(12, 0, 0).unwrap().and_utc();
        session.fixed_now = Some(Now::at(at, daybook::zone::Zone::UTC));
        tick::tick(&mut session).unwrap();
    }
    assert_eq!((book.count(RUNS), book.count(TOLD)), (1, 0));
}
