//! What is stored and cannot be read is never taken for the beginning, for a step that was passed,
//! for nothing or for a default: the work stands still and says why.

use crate::harness::book::{Book, Ran};
use crate::harness::day::{billed, posted};
use daybook::domain::ids::{BillRunId, DocumentId};
use daybook::engine::command::Pick;
use daybook::engine::{Session, bill, post};

/// Damages a row behind the program's back.
fn damage(book: &Book, sql: &str) {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    assert!(conn.execute(sql, []).unwrap() >= 1, "{sql}");
}

/// The same to a row that the schema keeps from being changed.
fn damage_sealed(book: &Book, sql: &str) {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let trigger = "SELECT sql FROM sqlite_master WHERE name = 'document_posted_update'";
    let seal: String = conn.query_row(trigger, [], |r| r.get(0)).unwrap();
    conn.execute("DROP TRIGGER document_posted_update", []).unwrap();
    damage(book, sql);
    conn.execute(&seal, []).unwrap();
}

#[track_caller]
fn refused(ran: &Ran, words: &str) {
    assert!(ran.code > 1 && ran.code != 70, "{}: {}{}", ran.code, ran.out, ran.err);
    assert!(ran.err.contains(words), "{}", ran.err);
}

const NUMBERED: &str = "SELECT count(*) FROM document WHERE number IS NOT NULL";
const DRAFTS: &str = "SELECT count(*) FROM document_state WHERE status = 'Draft'";

/// What makes a job that nobody drives yet.
type Start = fn(&mut Session);

fn post_run(session: &mut Session) {
    post::posting::start(session, &post::posting::What::Run(BillRunId(1)), None).unwrap();
}

fn post_marked(session: &mut Session) {
    let pick = |id| Pick { id: DocumentId(id), version: 1 };
    post::posting::start(session, &post::posting::What::Drafts(vec![pick(1), pick(2)]), None)
        .unwrap();
}

fn cancel(session: &mut Session) {
    bill::steer::cancel(session, BillRunId(1)).unwrap();
}

#[test]
fn a_job_whose_place_cannot_be_read_does_nothing_and_is_told() {
    let posting = [(post_run as Start, "1:x"), (post_run, "2"), (post_run, ":")];
    let marked = [(post_marked as Start, "half"), (post_marked, "-1"), (post_marked, "1:2")];
    let canceling = [(cancel as Start, "cancel:"), (cancel, "cancel:x"), (cancel, "cancel2")];
    for (start, place) in posting.into_iter().chain(marked).chain(canceling) {
        let book = billed();
        start(&mut Session::open(&book.path, daybook::cli::actor()).unwrap());
        let last = "WHERE id = (SELECT max(id) FROM job)";
        damage(&book, &format!("UPDATE job SET cursor = '{place}' {last}"));
        book.run(&["worker", "--once"]);
        let left = (book.count(NUMBERED), book.count(DRAFTS));
        assert_eq!(left, (0, 3), "{place}");
        let died =
            "SELECT count(*) FROM job WHERE state = 'Failed' AND error LIKE '%cannot be read%'";
        assert_eq!(book.count(died), 1, "{place}");
        assert!(book.count("SELECT count(*) FROM notice WHERE done_at IS NULL") > 0, "{place}");
        // Put back where it was, it does its work.
        let begin = if place.starts_with("cancel") { "cancel" } else { "" };
        let again = "state = 'Waiting', ended_at = NULL, error = ''";
        damage(&book, &format!("UPDATE job SET cursor = '{begin}', {again} {last}"));
        book.run(&["worker", "--once"]).ends(0);
        assert!((book.count(NUMBERED), book.count(DRAFTS)) != left, "{place}");
        book.run(&["check"]).ends(0);
    }
}

/// A column of JSON that a command reads: how it is damaged, the command, and how it is named.
const READ: &[(&str, &str, &str)] = &[
    (
        "UPDATE document_item SET derivation = '{'",
        "invoice explain D-1",
        "document_item.derivation of row 1",
    ),
    (
        "UPDATE document_item SET derivation = '[]'",
        "invoice edit D-1 --line 1 --set quantity=2 --reason x",
        "document_item.derivation of row 1",
    ),
    (
        "UPDATE document_item SET derivation = 'x'",
        "invoice edit D-1 --set invoice_date=2026-02-03 --reason x",
        "document_item.derivation of row 1",
    ),
    ("UPDATE bill_run SET filter = '[]'", "run show BR-1", "bill_run.filter of row 1"),
    ("UPDATE bill_run SET filter = ''", "run cancel BR-1", "bill_run.filter of row 1"),
    ("UPDATE undo SET before = '{}'", "undo", "undo.before of row"),
    ("UPDATE undo SET after = ''", "undo", "undo.after of row"),
    ("UPDATE schedule SET spec = ''", "schedule show S-1 --json", "schedule.spec of row 1"),
    (
        "UPDATE schedule SET spec = replace(spec, 'Bill', 'Collect')",
        "schedule show S-1",
        "schedule.spec of row 1",
    ),
    ("UPDATE schedule SET kind = 'collect'", "schedule show S-1", "schedule.spec of row 1"),
];

#[test]
fn a_column_of_json_that_cannot_be_read_is_named_and_nothing_is_done() {
    for (sql, line, column) in READ {
        let book = billed();
        book.say("schedule add bill --every daily --at 06:00").ends(0);
        book.say("invoice hold D-2 --reason 'to look at'").ends(0);
        damage(&book, sql);
        let before = book.dump();
        let ran = book.say(line);
        refused(&ran, &format!("the book is damaged: {column}"));
        assert!(ran.err.contains("cannot be read"), "{}", ran.err);
        assert_eq!(book.dump(), before, "{line} after {sql}");
    }
}

#[test]
fn what_a_posted_document_froze_is_read_or_it_goes_nowhere() {
    for text in ["{", "", "[]"] {
        let book = posted();
        damage_sealed(&book, &format!("UPDATE document SET frozen = '{text}' WHERE id = 1"));
        let before = book.dump();
        let column = "the book is damaged: document.frozen of row 1 cannot be read";
        refused(&book.run(&["invoice", "pdf", "INV-2026-000001", "x.pdf"]), column);
        refused(&book.run(&["deliver"]), column);
        assert_eq!(book.dump(), before, "{text}");
    }
}

/// A column of a job, damaged before anybody drives it.
const OF_JOBS: &[(Start, &str, &str)] = &[
    (post_run, "spec = '{'", "job.spec"),
    (post_run, "spec = '\"Post\"'", "job.spec"),
    // Another job's.
    (post_run, "spec = '{\"Bill\":{\"run\":1}}'", "job.spec"),
    (post_run, "spec = '\"Deliver\"'", "job.spec"),
    (post_marked, "spec = ''", "job.spec"),
    (post_run, "detail = '{'", "job.detail"),
    (post_marked, "detail = '[]'", "job.detail"),
    (post_run, "cursor = 'x'", "job.cursor"),
    // Not taken for a look at unanswered payments: it gives money of a payment back.
    (post_run, "kind = 'reconcile', spec = '{\"Refund\":{}}'", "job.spec"),
    (post_run, "kind = 'print', spec = '{\"Print\":1}'", "job.spec"),
    (post_run, "kind = 'deliver', spec = '\"Reminder\"'", "job.spec"),
    (post_run, "kind = 'collect', spec = '{\"Retry\":{\"run\":1}}'", "job.spec"),
];

#[test]
fn a_job_that_cannot_be_read_dies_by_the_name_of_its_column_and_keeps_nobody() {
    for (start, set, column) in OF_JOBS {
        let book = billed();
        start(&mut Session::open(&book.path, daybook::cli::actor()).unwrap());
        let last = "WHERE id = (SELECT max(id) FROM job)";
        damage(&book, &format!("UPDATE job SET {set} {last}"));
        // One behind it, in order.
        book.run(&["deliver", "--print", "out", "--detach"]);
        book.run(&["worker", "--once"]);
        assert_eq!((book.count(NUMBERED), book.count(DRAFTS)), (0, 3), "{set}");
        let died = format!(
            "SELECT count(*) FROM job WHERE state = 'Failed' AND error LIKE '%{column} of row%cannot be read%'"
        );
        assert_eq!(book.count(&died), 1, "{set}");
        let open = "SELECT count(*) FROM job WHERE state NOT IN ('Done', 'Failed')";
        assert_eq!(book.count(open), 0, "{set}");
    }
}

#[test]
fn a_limit_that_cannot_be_read_is_not_switched_off() {
    for (key, value) in [
        ("four_eyes.above", "1e2x"),
        ("separation.window", "ninety"),
        ("payment.guard_percent", "50 %"),
        ("automation.stop_flags", "nonsense"),
        ("book.time_zone", "Mars/Olympus"),
        ("proration.prorate", "yes"),
        ("post.require_review", "some"),
    ] {
        let book = billed();
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        let sql = "INSERT OR REPLACE INTO setting (key, value) VALUES (?1, ?2)";
        conn.execute(sql, [key, value]).unwrap();
        drop(conn);
        let ran = book.run(&["post", "BR-000001"]);
        refused(&ran, &format!("daybook settings set {key}"));
        book.run(&["bill", "--target", "2026-03-01"]);
        book.run(&["worker", "--once"]);
        assert_eq!(book.count(NUMBERED), 0, "{key}");
        assert_eq!(book.count("SELECT count(*) FROM document"), 3, "{key}");
        // It is shown, and mended by the one verb that is named.
        assert!(book.run(&["settings", "get", key]).ends(0).out.contains(value));
        let usual = daybook::config::find(key).unwrap().default;
        book.run(&["settings", "set", key, usual]).ends(0);
        book.run(&["post", "BR-000001"]).ends(0);
        book.run(&["check"]).ends(0);
    }
}

#[test]
fn what_a_document_or_a_schedule_says_is_shown_whole_or_not_at_all() {
    let book = billed();
    damage(&book, "UPDATE document_item SET derivation = '{' WHERE document_id = 1");
    book.run(&["post", "BR-000001"]);
    if book.count(NUMBERED) == 3 {
        let file = book.dir.path().join("one.pdf");
        let ran = book.run(&["invoice", "pdf", "INV-2026-000001", file.to_str().unwrap()]);
        refused(&ran, "cannot be read");
        assert!(!file.exists());
    }
    let book = posted();
    book.run(&["schedule", "add", "bill", "--every", "daily", "--at", "06:00"]).ends(0);
    damage(&book, "UPDATE schedule SET spec = '{'");
    refused(&book.run(&["schedule", "show", "S-000001", "--json"]), "cannot be read");
    damage(&book, "UPDATE bill_run SET exclude = 'nonsense'");
    refused(&book.run(&["run", "show", "BR-000001"]), "unexpected value");
}
