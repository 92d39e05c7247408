//! Copies of the book on a schedule: made by the worker, checked whole before an older one goes, and
//! told of when they fail or are overdue.

use crate::book::{Book, Ran, daybook};
use crate::collect::owing;
use daybook::engine::Session;
use daybook::worker;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

fn directory(book: &Book) -> PathBuf {
    PathBuf::from(format!("{}.d/backups", book.path.display()))
}

fn names(book: &Book) -> Vec<String> {
    let Ok(all) = std::fs::read_dir(directory(book)) else { return Vec::new() };
    let mut names: Vec<String> =
        all.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn day(book: &Book, day: &str) -> Ran {
    book.run(&["clock", "set", day]).ends(0);
    book.run(&["worker", "--once"]).ends(0)
}

fn open_notices(book: &Book, key: &str) -> i64 {
    book.count(&format!("SELECT count(*) FROM notice WHERE key = '{key}' AND done_at IS NULL"))
}

fn daily(keep: &str) -> Book {
    let book = owing(&["ok", "ok"]);
    day(&book, "2026-01-05T13:00");
    assert!(names(&book).is_empty(), "nobody asked for copies");
    book.run(&["settings", "set", "backup.keep", keep]).ends(0);
    book.run(&["settings", "set", "backup.every", "daily"]).ends(0);
    book.run(&["settings", "set", "issuer.name", "Ann"]).ends(0);
    book
}

#[test]
fn the_worker_copies_the_book_every_day_and_keeps_so_many_sound_ones() {
    let book = daily("2");
    for _ in 0..3 {
        book.run(&["worker", "--once"]).ends(0);
    }
    assert_eq!(names(&book), ["book-20260105T130000Z.db"]);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(directory(&book)), 0o700);
    let copy = directory(&book).join("book-20260105T130000Z.db");
    assert_eq!(mode(copy.clone()), 0o600);
    // What is not a copy of this book is nobody's to remove.
    std::fs::write(directory(&book).join("other-20200101T000000Z.db"), "mine").unwrap();
    for at in ["2026-01-06T12:59", "2026-01-06T13:00", "2026-01-07T14:00", "2026-01-08T14:00"] {
        day(&book, at);
    }
    let kept =
        ["book-20260107T140000Z.db", "book-20260108T140000Z.db", "other-20200101T000000Z.db"];
    assert_eq!(names(&book), kept);
    assert_eq!(book.count("SELECT count(*) FROM operation WHERE subject = 'backup'"), 4);
    let seen = book.run(&["doctor"]).ends(0).out;
    assert!(seen.contains("last backup 0 min ago"), "{seen}");
    assert_eq!(book.run(&["status", "--json"]).json()["backup"], "last backup 0 min ago");
    // One by hand, where the others are; and it is a whole book.
    book.run(&["clock", "set", "2026-01-08T15:00"]).ends(0);
    let made = book.run(&["backup", "--json"]).ends(0).json();
    assert!(made["checks"].as_u64().unwrap() > 20, "{made}");
    let elsewhere = tempfile::tempdir().unwrap();
    let whole = elsewhere.path().join("whole.db");
    daybook(&whole, &["restore", made["backup"].as_str().unwrap()]).ends(0);
    daybook(&whole, &["check"]).ends(0);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_copy_that_is_not_sound_costs_no_older_one_and_is_told() {
    let book = daily("1");
    book.run(&["worker", "--once"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let broken =
        "UPDATE document_state SET balance_minor = balance_minor + 1 WHERE document_id = 1";
    assert_eq!(conn.execute(broken, []).unwrap(), 1);
    day(&book, "2026-01-06T13:00");
    assert_eq!(names(&book), ["book-20260105T130000Z.db"]);
    assert_eq!(open_notices(&book, "backup failed"), 1);
    let said = book.count(
        "SELECT count(*) FROM notice WHERE key = 'backup failed' AND text LIKE '%does not pass%'",
    );
    assert_eq!(said, 1);
    // Mended, the next is made a quarter of an hour later, and the notice ends.
    let mended =
        "UPDATE document_state SET balance_minor = balance_minor - 1 WHERE document_id = 1";
    conn.execute(mended, []).unwrap();
    day(&book, "2026-01-06T13:05");
    assert_eq!(names(&book), ["book-20260105T130000Z.db"]);
    day(&book, "2026-01-06T13:16");
    assert_eq!(names(&book), ["book-20260106T131600Z.db"]);
    assert_eq!(open_notices(&book, "backup failed"), 0);
}

#[test]
fn copies_lie_where_nobody_else_reads_them_and_one_that_is_overdue_is_told() {
    let book = daily("3");
    for bad in ["backups", "../x"] {
        book.run(&["settings", "set", "backup.to", bad]).ends(2);
    }
    std::fs::create_dir_all(directory(&book)).unwrap();
    std::fs::set_permissions(directory(&book), std::fs::Permissions::from_mode(0o755)).unwrap();
    book.run(&["worker", "--once"]).ends(0);
    assert!(names(&book).is_empty() && open_notices(&book, "backup failed") == 1);
    book.run(&["backup"]).ends(2);
    // A console is all there is: it makes none, and says so.
    book.run(&["clock", "set", "2026-01-08T13:00"]).ends(0);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let ports = worker::ports().unwrap();
    for _ in 0..2 {
        worker::work(&mut session, &ports, &AtomicBool::new(false)).unwrap();
    }
    assert!(names(&book).is_empty() && open_notices(&book, "backup overdue") == 1);
    let seen = book.run(&["doctor"]).ends(4).out;
    assert!(seen.contains("backup overdue: there is none"), "{seen}");
    std::fs::set_permissions(directory(&book), std::fs::Permissions::from_mode(0o700)).unwrap();
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(names(&book).len(), 1);
    assert_eq!(open_notices(&book, "backup overdue") + open_notices(&book, "backup failed"), 0);
}
