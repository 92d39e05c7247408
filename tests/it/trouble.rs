//! What goes wrong while nobody looks is told: on the job's row, on Today, in the log beside the book
//! and on the standard error of a worker; and it keeps the other work from nothing.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use crate::harness::day::billed;

fn log(book: &Book) -> String {
    let path = daybook::store::side_directory(&book.path).join("daybook.log");
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_job_that_dies_tells_why_and_the_next_one_goes_on() {
    let book = billed();
    book.run(&["post", "BR-000001"]).ends(0);
    for account in ["A1", "A2"] {
        book.run(&["bill", "--target", "2026-03-01", "--account", account, "--detach"]).ends(0);
    }
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    // A job that is older than the others and cannot be read.
    let broken = "UPDATE job SET spec = '{' WHERE subject = 'BR-000002'";
    assert_eq!(conn.execute(broken, []).unwrap(), 1);
    drop(conn);
    let ran = book.run(&["worker", "--once"]).ends(0);
    assert!(ran.err.contains("job failed"), "standard error of a worker: {}", ran.err);
    assert_eq!(book.count("SELECT count(*) FROM job WHERE state = 'Failed' AND error <> ''"), 1);
    let next = book.run(&["run", "show", "BR-000003", "--json"]).ends(0).json();
    assert_eq!(next["status"], "Completed");
    let died = book.run(&["run", "show", "BR-000002", "--json"]).ends(0).json();
    assert!(
        died["job_failed"].as_str().is_some_and(|w| w.contains("job.spec of row 3 cannot be read")),
        "{died}"
    );
    let told = book.count("SELECT count(*) FROM notice WHERE subject = 'BR-000002'");
    assert_eq!(told, 1, "a notice on Today");
    assert!(log(&book).contains("job failed"), "{}", log(&book));
}

#[test]
fn a_schedule_that_cannot_keeps_jobs_and_other_schedules_from_nothing() {
    let book = billed();
    book.run(&["post", "BR-000001"]).ends(0);
    for name in ["broken", "fine"] {
        let words = ["schedule", "add", "bill", "--every", "monthly 1", "--at", "06:00"];
        book.run(&[&words[..], &["--name", name]].concat()).ends(0);
    }
    book.run(&["bill", "--target", "2026-02-01", "--account", "A3", "--detach"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("UPDATE schedule SET spec = '{' WHERE name = 'broken'", []).unwrap();
    drop(conn);
    book.run(&["clock", "set", "2026-03-01T07:00"]).ends(0);
    let ran = book.run(&["worker", "--once"]);
    assert!(ran.code != 0, "it says that something stands still");
    assert_eq!(book.count("SELECT count(*) FROM job WHERE state = 'Waiting'"), 0, "{}", ran.err);
    assert_eq!(book.count("SELECT count(*) FROM bill_run"), 3, "the other schedule's slot");
    assert_eq!(book.count("SELECT count(*) FROM notice WHERE subject LIKE 'SC%'"), 1);
    let before = log(&book).lines().count();
    book.run(&["worker", "--once"]);
    assert_eq!(book.count("SELECT count(*) FROM notice WHERE subject LIKE 'SC%'"), 1, "once a day");
    assert!(log(&book).lines().count() > before && log(&book).contains("stands still"));
}

/// Look-ups are due until an answer is found, so a job for them that cannot work would be made again
/// at every look, each with its lines in the trail.
#[test]
fn what_cannot_work_is_not_made_again_at_every_look() {
    let book = owing(&["timeout_before"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(1);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    // The payment's method is gone: asking about it fails, whoever asks.
    assert_eq!(conn.execute("UPDATE payment SET method_id = 999", []).unwrap(), 1);
    let failed = "SELECT count(*) FROM job WHERE kind = 'reconcile' AND state = 'Failed'";
    for (moment, jobs) in
        [("2026-01-05T12:10", 1), ("2026-01-05T12:20", 1), ("2026-01-05T12:30", 2)]
    {
        book.run(&["clock", "set", moment]).ends(0);
        book.run(&["worker", "--once"]).ends(0);
        assert_eq!(book.count(failed), jobs, "{moment}");
    }
    // Put right, the next look asks.
    assert_eq!(conn.execute("UPDATE payment SET method_id = 1", []).unwrap(), 1);
    drop(conn);
    book.run(&["clock", "set", "2026-01-05T13:00"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(book.count(failed), 2);
    assert_eq!(
        book.count("SELECT count(*) FROM job WHERE kind = 'reconcile' AND state = 'Done'"),
        1
    );
}
