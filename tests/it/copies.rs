//! Copies of the book on a schedule: made by the worker, checked whole before an older one goes, and
//! told of when they fail or are overdue.

use crate::harness::book::{Book, Ran, daybook};
use crate::harness::collect::owing;
use crate::harness::crash::copy;
use crate::restore::{kills, sound};
use daybook::engine::Session;
use daybook::worker;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
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

/// Runs the binary as the worker's user would, with a configuration directory of its own.
fn configured(book: &Path, directory: &Path, args: &[&str]) -> Ran {
    let out = std::process::Command::new(crate::harness::book::binary())
        .arg("--book")
        .arg(book)
        .args(args)
        .env("CONFIGURATION_DIRECTORY", directory)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: out.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&out.stdout).into_owned(),
        err: String::from_utf8_lossy(&out.stderr).into_owned(),
    }
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

#[test]
fn a_killed_copy_leaves_only_whole_ones_and_the_next_one_works() {
    let book = owing(&["ok", "ok"]);
    book.run(&["settings", "set", "backup.every", "daily"]).ends(0);
    kills(&|_| vec!["backup".to_owned()], &|dir| copy(&book.path, dir), &|path, when| {
        let place = PathBuf::from(format!("{}.d/backups", path.display()));
        let listed = || {
            let all = std::fs::read_dir(&place).into_iter().flatten().map(|e| e.unwrap().path());
            let (whole, other): (Vec<_>, Vec<_>) =
                all.partition(|p| p.extension().is_some_and(|e| e == "db"));
            (whole, other)
        };
        for file in listed().0.iter().chain(&listed().1) {
            let mode = std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{when}: {}", file.display());
        }
        let before = listed().0.len();
        daybook(path, &["clock", "set", "2026-01-09T13:00"]).ends(0);
        daybook(path, &["backup"]).ends(0);
        let (whole, other) = listed();
        assert_eq!(whole.len(), before + 1, "{when}: {whole:?}");
        assert!(other.is_empty(), "{when}: {other:?} is left");
        for (n, file) in whole.iter().enumerate() {
            let again = path.with_file_name(format!("again{n}.db"));
            daybook(&again, &["restore", file.to_str().unwrap()]).ends(0);
            sound(&again, when);
        }
        sound(path, when);
    });
}

#[test]
fn each_checked_copy_is_given_to_the_command_of_the_worker_alone() {
    let book = daily("5");
    let site = tempfile::tempdir().unwrap();
    let (file, out) = (site.path().join("offsite"), site.path().join("out"));
    std::fs::create_dir(&out).unwrap();
    let put = |text: &str, mode: u32| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let taken = || std::fs::read_dir(&out).unwrap().count();
    let run = |at: &str, args: &[&str]| {
        book.run(&["clock", "set", at]).ends(0);
        configured(&book.path, site.path(), args)
    };
    let command = format!("/bin/cp -n -t {}\n", out.display());
    let failed = "backup off-site";
    // Nobody names a command: copies stay here, and nothing is wrong.
    run("2026-01-05T13:00", &["worker", "--once"]).ends(0);
    assert_eq!((names(&book).len(), taken(), open_notices(&book, failed)), (1, 0, 0));
    // A file others could have written is refused with the remedy; the copy is kept.
    put(&command, 0o644);
    let told = run("2026-01-06T13:00", &["doctor"]).ends(4).out;
    assert!(told.contains("off-site copies") && told.contains("chmod 600"), "{told}");
    run("2026-01-06T13:01", &["worker", "--once"]).ends(0);
    assert_eq!((names(&book).len(), taken(), open_notices(&book, failed)), (2, 0, 1));
    // Put right, the copy that waits leaves after a quarter of an hour, once, and the notice ends.
    put(&command, 0o600);
    run("2026-01-06T13:05", &["worker", "--once"]).ends(0);
    assert_eq!(taken(), 0);
    for at in ["2026-01-06T13:20", "2026-01-06T14:00"] {
        run(at, &["worker", "--once"]).ends(0);
        assert_eq!((names(&book).len(), taken(), open_notices(&book, failed)), (2, 1, 0));
    }
    let told = run("2026-01-06T14:01", &["doctor"]).ends(0).out;
    assert!(told.contains("the last copy has left"), "{told}");
    // What was taken is a whole book.
    let there = std::fs::read_dir(&out).unwrap().next().unwrap().unwrap().path();
    let whole = site.path().join("whole.db");
    daybook(&whole, &["restore", there.to_str().unwrap()]).ends(0);
    daybook(&whole, &["check"]).ends(0);
    // A command that fails is told with its own words, on Today and by doctor; nothing is lost.
    put("/bin/cp -t /nowhere/at/all\n", 0o600);
    let ran = run("2026-01-07T14:02", &["backup", "--json"]).ends(1).json();
    assert_eq!((ran["sent"].as_bool(), names(&book).len()), (Some(false), 3));
    assert!(ran["not_sent"].as_str().unwrap().contains("/nowhere/at/all"), "{ran}");
    assert_eq!(open_notices(&book, failed), 1);
    let told = run("2026-01-07T14:03", &["doctor"]).ends(4).out;
    assert!(told.contains("did not leave this machine"), "{told}");
    // A worker killed on the way has said nothing: the copy still waits, and leaves next time.
    put(&command, 0o600);
    run("2026-01-07T14:30", &["worker", "--once"]).ends(0);
    assert_eq!((taken(), open_notices(&book, failed)), (2, 0));
    // No setting names a command.
    assert!(daybook::config::SETTINGS.iter().all(|s| !s.key.contains("command")));
    book.run(&["check"]).ends(0);
}

#[test]
fn a_backup_that_is_worked_in_keeps_a_log_and_one_that_is_only_read_stays_as_it_is() {
    let book = owing(&["ok", "ok"]);
    let copy = book.dir.path().join("practice.db");
    book.run(&["backup", copy.to_str().unwrap()]).ends(0);
    let before = std::fs::read(&copy).unwrap();
    // The format's own word: 1 is a rollback journal, 2 a write-ahead log.
    assert_eq!(before[18..20], [1, 1]);
    for reading in [&["check"][..], &["status"], &["invoice", "list"]] {
        daybook(&copy, reading).ends(0);
    }
    assert!(std::fs::read(&copy).unwrap() == before, "who reads changes nothing");
    daybook(&copy, &["clock", "set", "2026-01-06"]).ends(0);
    assert_eq!(std::fs::read(&copy).unwrap()[18..20], [2, 2]);
    daybook(&copy, &["check"]).ends(0);
}
