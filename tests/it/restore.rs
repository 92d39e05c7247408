//! The book as a file: made, backed up, restored and brought up beside other processes, with a kill
//! at every system call, and replaced under whoever has it open.

use crate::harness::book::{Book, binary, daybook};
use crate::harness::crash::copy;
use crate::harness::faults::has;
use crate::harness::pty::Pty;
use daybook::clock::Now;
use daybook::domain::actor::{Actor, Verb};
use daybook::store::{Op, Store, StoreError};
use rusqlite::Connection;
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

const NOW: &str = "2026-03-01";

/// By hand: so many rounds of racing restores, so many kills of each verb at each system call.
fn by_hand(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn named(book: &Path, issuer: &str) {
    daybook(book, &["settings", "set", "issuer.name", issuer]).ends(0);
}

/// One column of a query, as text.
fn words(book: &Path, sql: &str) -> Vec<String> {
    let conn = Connection::open(book).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    let found = statement.query_map([], |r| r.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

fn issuer(book: &Path) -> String {
    let all = words(book, "SELECT value FROM setting WHERE key = 'issuer.name'");
    all.first().cloned().unwrap_or_default()
}

fn schema(book: &Path) -> i64 {
    let conn = Connection::open(book).unwrap();
    conn.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap()
}

pub fn sound(book: &Path, when: &str) {
    let check = daybook(book, &["check"]);
    assert_eq!(check.code, 0, "{when}: {}{}", check.out, check.err);
}

/// Files beside the book whose name begins like the book's, without its directory.
pub fn beside(book: &Path, word: &str) -> Vec<PathBuf> {
    let name = book.file_name().unwrap().to_str().unwrap();
    std::fs::read_dir(book.parent().unwrap())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| {
            let other = p.file_name().unwrap().to_str().unwrap();
            other.starts_with(name) && other.contains(word)
        })
        .collect()
}

const SUMMARIES: &str = "SELECT summary FROM operation";

#[test]
fn a_restore_beside_eight_writers_loses_no_acknowledged_write() {
    let book = Book::new(NOW);
    let backup = book.dir.path().join("backup.db");
    book.run(&["backup", text(&backup)]).ends(0);
    let (rounds, stop) = (by_hand("DAYBOOK_RESTORES", 6), AtomicBool::new(false));
    let (acknowledged, restored) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let start = Barrier::new(11);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (path, start, stop, acknowledged) = (&book.path, &start, &stop, &acknowledged);
            scope.spawn(move || {
                start.wait();
                for n in 0.. {
                    let value = format!("w{writer}n{n}");
                    let ran = daybook(path, &["settings", "set", "issuer.footer", &value]);
                    assert!([0, 3].contains(&ran.code), "{}", ran.err);
                    if ran.code == 0 {
                        acknowledged.lock().unwrap().push(value);
                    }
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        let restorers: Vec<_> = (0..2)
            .map(|_| {
                let (path, backup, start, restored) = (&book.path, &backup, &start, &restored);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..rounds {
                        let ran = daybook(path, &["restore", text(backup)]);
                        assert!([0, 3].contains(&ran.code), "{}", ran.err);
                        restored.fetch_add(usize::from(ran.code == 0), Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let (path, start, ended) = (&book.path, &start, &stop);
        scope.spawn(move || {
            start.wait();
            while !ended.load(Ordering::SeqCst) {
                let head = std::fs::read(path).expect("there is always a book at the path");
                assert!(head.starts_with(b"SQLite format 3"), "and always a book");
            }
        });
        for restorer in restorers {
            restorer.join().unwrap();
        }
        stop.store(true, Ordering::SeqCst);
    });
    let mut kept: HashSet<String> = words(&book.path, SUMMARIES).into_iter().collect();
    for file in beside(&book.path, ".before-restore-") {
        let elsewhere = tempfile::tempdir().unwrap();
        let whole = elsewhere.path().join("whole.db");
        daybook(&whole, &["restore", file.to_str().unwrap()]).ends(0);
        sound(&whole, "a kept book");
        kept.extend(words(&file, SUMMARIES));
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    let lost = acknowledged
        .iter()
        .filter(|value| !kept.iter().any(|s| s.ends_with(&format!("→ \"{value}\""))))
        .count();
    let restored = restored.into_inner();
    println!("{} acknowledged writes, {restored} restores, {lost} lost", acknowledged.len());
    assert_eq!(lost, 0, "of {} acknowledged writes", acknowledged.len());
    assert!(restored > 0 && acknowledged.len() > 8, "nothing was tried");
    sound(&book.path, "after the restores");
}

#[test]
fn of_two_restores_at_once_each_ends_or_is_told() {
    let book = Book::new(NOW);
    let backup = book.dir.path().join("backup.db");
    book.run(&["backup", text(&backup)]).ends(0);
    for _ in 0..by_hand("DAYBOOK_RESTORES", 6) {
        let start = Barrier::new(2);
        let codes: Vec<i32> = std::thread::scope(|scope| {
            let race = || {
                start.wait();
                let ran = daybook(&book.path, &["restore", text(&backup)]);
                assert!(ran.code == 0 || ran.err.contains("restore"), "{}", ran.err);
                ran.code
            };
            let both = [scope.spawn(race), scope.spawn(race)];
            both.map(|b| b.join().unwrap()).to_vec()
        });
        assert!(codes.contains(&0) && codes.iter().all(|c| [0, 3].contains(c)), "{codes:?}");
        sound(&book.path, "two restores");
    }
}

/// The system calls that make, fill, flush and name files.
const CALLS: &[&str] =
    &["openat", "pwrite64", "fsync", "fdatasync", "renameat2", "rename", "unlink", "ftruncate"];

/// Runs a verb under strace; `inject` kills it. Gives how often each call was made.
fn traced(book: &Path, args: &[&str], inject: Option<(&str, usize)>) -> Vec<usize> {
    let log = book.with_extension("strace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", text(&log), "-e"]);
    command.arg(format!("trace={}", CALLS.join(",")));
    if let Some((call, k)) = inject {
        command.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={k}"));
    }
    command.arg(binary()).arg("--book").arg(book).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    CALLS.iter().map(|call| said.matches(&format!(" {call}(")).count()).collect()
}

/// Kills `args` at many calls of every kind, each on a copy of its own that `lay` makes in an empty
/// directory, and hears `judge` of what is left.
pub fn kills(
    args: &dyn Fn(&Path) -> Vec<String>,
    lay: &dyn Fn(&Path) -> PathBuf,
    judge: &dyn Fn(&Path, &str),
) {
    if !has("strace", &["-o", "/dev/null", "true"]) {
        return;
    }
    let run = |inject: Option<(&str, usize)>| {
        let dir = tempfile::tempdir().unwrap();
        let book = lay(dir.path());
        let args = args(dir.path());
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let counts = traced(&book, &args, inject);
        if let Some((call, k)) = inject {
            judge(&book, &format!("killed at {call} {k}"));
        }
        counts
    };
    let (counts, most) = (run(None), by_hand("DAYBOOK_KILLS", 3));
    let mut killed = 0;
    for (call, count) in CALLS.iter().zip(counts) {
        // The first ones are the program's own start; the verb's work is at the end.
        let from = if *call == "openat" { count / 3 } else { 0 };
        let step = (count - from).div_ceil(most).max(1);
        for k in (from + 1..=count).rev().step_by(step) {
            run(Some((call, k)));
            killed += 1;
        }
    }
    println!("{killed} kills");
    assert!(killed >= 10, "only {killed} kills");
}

#[test]
fn a_killed_init_leaves_no_book_or_a_whole_one_and_is_begun_again() {
    kills(
        &|_| vec!["init".to_owned(), "--test".to_owned()],
        &|dir| dir.join("book.db"),
        &|book, when| {
            let whole = book.exists();
            let again = daybook(book, &["init", "--test"]);
            assert_eq!(again.code, if whole { 2 } else { 0 }, "{when}: {}", again.err);
            sound(book, when);
            assert_eq!(words(book, "SELECT verb FROM operation").len(), 1, "{when}");
            assert!(whole || beside(book, ".part").is_empty(), "{when}: something is left");
        },
    );
}

#[test]
fn a_killed_backup_leaves_none_or_a_sound_one_for_its_owner_alone() {
    let book = Book::new(NOW);
    named(&book.path, "A");
    kills(
        &|dir| vec!["backup".to_owned(), dir.join("out/copy.db").to_str().unwrap().to_owned()],
        &|dir| {
            std::fs::create_dir(dir.join("out")).unwrap();
            copy(&book.path, dir)
        },
        &|path, when| {
            let out = path.parent().unwrap().join("out");
            let target = out.join("copy.db");
            for entry in std::fs::read_dir(&out).unwrap().map(Result::unwrap) {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{when}: {}", entry.path().display());
            }
            let whole = target.exists();
            let again = daybook(path, &["backup", text(&target)]);
            assert_eq!(again.code, if whole { 2 } else { 0 }, "{when}: {}", again.err);
            if !whole {
                assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "{when}: a part is left");
            }
            assert!(issuer(&target).contains('A'), "{when}");
            sound(&target, when);
        },
    );
}

#[test]
fn a_killed_restore_leaves_the_old_book_or_the_new_one_and_is_begun_again() {
    let book = Book::new(NOW);
    named(&book.path, "A");
    let backup = book.dir.path().join("backup.db");
    book.run(&["backup", text(&backup)]).ends(0);
    named(&book.path, "B");
    kills(
        &|_| vec!["restore".to_owned(), backup.to_str().unwrap().to_owned()],
        &|dir| copy(&book.path, dir),
        &|path, when| {
            sound(path, when);
            let now = issuer(path);
            assert!(now.contains('A') || now.contains('B'), "{when}: {now}");
            let kept = |books: Vec<PathBuf>| books.iter().any(|k| issuer(k).contains('B'));
            assert!(
                now.contains('B') || kept(beside(path, ".before-restore-")),
                "{when}: what was written is in no file"
            );
            daybook(path, &["restore", text(&backup)]).ends(0);
            assert!(issuer(path).contains('A'), "{when}");
            assert!(kept(beside(path, ".before-restore-")), "{when}: lost by the second try");
            assert!(beside(path, ".part").is_empty(), "{when}: something is left");
            sound(path, when);
        },
    );
}

#[test]
fn a_killed_migration_leaves_the_old_book_or_the_new_one_and_is_begun_again() {
    let book = Book::new(NOW);
    named(&book.path, "A");
    book.of_schema(4);
    let known = schema(&Book::new(NOW).path);
    kills(&|_| vec!["status".to_owned()], &|dir| copy(&book.path, dir), &|path, when| {
        let found = schema(path);
        assert!(found == known || found == 4, "{when}: {found}");
        daybook(path, &["status"]).ends(0);
        assert_eq!(schema(path), known, "{when}");
        sound(path, when);
        let copies = beside(path, ".d")[0].read_dir().unwrap();
        let copies: Vec<PathBuf> = copies
            .map(|e| e.unwrap().path())
            .filter(|p| p.is_file() && !p.ends_with("heads"))
            .collect();
        assert_eq!(copies.len(), 1, "{when}: {copies:?}");
        assert!(copies[0].ends_with("before-schema-4.db"), "{when}: {copies:?}");
        assert_eq!(schema(&copies[0]), 4, "{when}");
        assert!(issuer(&copies[0]).contains('A'), "{when}");
    });
}

#[test]
fn of_many_that_open_an_old_book_at_once_one_brings_it_up() {
    for _ in 0..by_hand("DAYBOOK_RESTORES", 3) {
        let book = Book::new(NOW);
        book.of_schema(4);
        let start = Barrier::new(6);
        std::thread::scope(|scope| {
            for n in 0..6 {
                let (path, start) = (&book.path, &start);
                scope.spawn(move || {
                    start.wait();
                    let value = format!("w{n}");
                    daybook(path, &["settings", "set", "issuer.footer", &value]).ends(0);
                });
            }
        });
        assert_eq!(book.count("SELECT count(*) FROM operation WHERE subject = 'issuer.footer'"), 6);
        sound(&book.path, "opened by six");
        let copies: Vec<_> = beside(&book.path, ".d")[0].read_dir().unwrap().collect();
        assert_eq!(copies.len(), 3, "the locks, the heads and one copy: {copies:?}");
    }
}

#[test]
fn an_old_program_that_has_the_book_open_holds_a_migration_up() {
    let book = Book::new(NOW);
    book.of_schema(4);
    // Like any program from before: it has the book open and knows no lock but SQLite's.
    let old = Connection::open(&book.path).unwrap();
    let _: i64 = old.query_row("SELECT count(*) FROM setting", [], |r| r.get(0)).unwrap();
    let ran = book.run(&["status"]).ends(3);
    assert!(ran.err.contains("open in another program"), "{}", ran.err);
    drop(old);
    book.run(&["status"]).ends(0);
}

/// An open store and a write on it.
fn write(store: &mut Store) -> Result<(), StoreError> {
    let actor = Actor { uid: nix::unistd::getuid().as_raw(), name: "mia".to_owned() };
    let op = Op::new(&actor, Verb::Settings, Now::system(daybook::zone::Zone::UTC));
    store.write(&op, |tx| {
        tx.note("x", "x");
        Ok(())
    })
}

#[test]
fn no_program_writes_into_a_book_of_another_schema() {
    let book = Book::new(NOW);
    let mut store = Store::open(&book.path).unwrap();
    write(&mut store).unwrap();
    let newer = Connection::open(&book.path).unwrap();
    let version: i64 = newer.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
    newer.pragma_update(None, "user_version", version + 1).unwrap();
    let error = write(&mut store).unwrap_err();
    assert!(matches!(&error, StoreError::Outdated { .. }), "{error}");
    assert!(store.read(|_| Ok::<_, StoreError>(())).is_err(), "nor reads what it may misread");
    assert_eq!(daybook::cli::exit::of(&error.into()).code(), 3);
    newer.pragma_update(None, "user_version", version).unwrap();
    write(&mut store).unwrap();
}

#[test]
fn a_book_replaced_or_removed_is_not_written_to() {
    let (book, other) = (Book::new(NOW), Book::new(NOW));
    let aside = book.dir.path().join("aside.db");
    let mut store = Store::open(&book.path).unwrap();
    write(&mut store).unwrap();
    let refused = |store: &mut Store, how: &str| {
        let error = write(store).unwrap_err().to_string();
        assert!(error.contains(how), "{error}");
        assert!(store.again().is_err(), "nor opened once more as if it were the same");
    };
    std::fs::rename(&book.path, &aside).unwrap();
    refused(&mut store, "it was removed");
    std::fs::copy(&other.path, &book.path).unwrap();
    refused(&mut store, "another file lies in its place");
    std::fs::rename(&aside, &book.path).unwrap();
    write(&mut store).unwrap();
    drop(store);

    // The same file filled with an older state, and with another book.
    let older = book.dir.path().join("older.db");
    book.run(&["backup", text(&older)]).ends(0);
    let mut store = Store::open(&book.path).unwrap();
    write(&mut store).unwrap();
    write(&mut store).unwrap();
    let fill = |from: &Path| {
        let from = Connection::open(from).unwrap();
        let mut to = Connection::open(&book.path).unwrap();
        rusqlite::backup::Backup::new(&from, &mut to).unwrap().step(-1).unwrap();
    };
    fill(&older);
    let error = write(&mut store).unwrap_err().to_string();
    assert!(error.contains("taken back to an earlier state"), "{error}");
    fill(&other.path);
    let error = write(&mut store).unwrap_err().to_string();
    assert!(error.contains("it holds another book"), "{error}");
}

/// Starts a worker and waits until it has the book open and is at work: only then it says what it
/// can do, by a lock that it keeps.
fn worker(book: &Path) -> std::process::Child {
    let mut child = Command::new(binary())
        .arg("--book")
        .arg(book)
        .arg("worker")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let said = daybook::store::side_directory(book).join("locks/able-mail.lock");
    let open = |file: PathBuf| std::fs::read_link(file).is_ok_and(|to| to == said);
    let files = PathBuf::from(format!("/proc/{}/fd", child.id()));
    while !files.read_dir().unwrap().any(|e| e.is_ok_and(|e| open(e.path()))) {
        assert!(begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    child
}

#[test]
fn a_worker_says_that_its_book_is_gone_and_ends() {
    for how in ["removed", "another file", "schema"] {
        let book = Book::new(NOW);
        let other = Book::new(NOW);
        let child = worker(&book.path);
        // Each in one step: in between, the worker would see something else, and rightly say so.
        match how {
            "schema" => {
                let newer = Connection::open(&book.path).unwrap();
                let known: i64 =
                    newer.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
                newer.pragma_update(None, "user_version", known + 1).unwrap();
            }
            "removed" => std::fs::rename(&book.path, book.dir.path().join("aside.db")).unwrap(),
            _ => std::fs::rename(&other.path, &book.path).unwrap(),
        }
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(3), "{how}: {said}");
        assert!(said.contains(how), "{how}: {said}");
    }
}

#[test]
fn a_console_says_that_its_book_is_gone() {
    let book = Book::new(NOW);
    let mut console = Pty::console(&book.path, 100, 30);
    console.shows("Today");
    std::fs::rename(&book.path, book.dir.path().join("aside.db")).unwrap();
    console.shows("it was removed");
    std::fs::rename(book.dir.path().join("aside.db"), &book.path).unwrap();
    console.send("q");
    assert_eq!(console.end().0, 0);
}

#[test]
fn a_restore_waits_for_nobody_and_says_who_has_the_book() {
    let book = Book::new(NOW);
    let backup = book.dir.path().join("backup.db");
    book.run(&["backup", text(&backup)]).ends(0);
    let mut child = worker(&book.path);
    let ran = book.run(&["restore", text(&backup)]).ends(3);
    assert!(ran.err.contains(&format!("pid {}", child.id())), "{}", ran.err);
    assert!(beside(&book.path, ".part").is_empty() && beside(&book.path, ".before").is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    book.run(&["restore", text(&backup)]).ends(0);
}

#[test]
fn a_restore_takes_what_is_whole_and_nothing_else() {
    let book = Book::new(NOW);
    named(&book.path, "A");
    let at = |name: &str| book.dir.path().join(name);
    let refused = |from: &Path, code: i32, words: &str| {
        let ran = book.run(&["restore", text(from)]).ends(code);
        assert!(ran.err.contains(words), "{}", ran.err);
        assert!(issuer(&book.path).contains('A'));
    };
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::fs::write(at("junk"), "no book at all, but long enough to be read as a page".repeat(20))
        .unwrap();
    refused(&at("fifo"), 2, "is not a file");
    refused(book.dir.path(), 2, "is not a file");
    refused(&at("absent"), 2, "there is no file");
    refused(&at("junk"), 2, "is not a daybook book");
    // What has the directory of a book beside it may be one whose first page is damaged.
    refused(&at("junk"), 2, "name a book with --book FILE");
    std::fs::create_dir(at("junk.d")).unwrap();
    refused(&at("junk"), 2, "its first page is damaged");
    refused(&book.path, 2, "is the book itself");
    book.run(&["backup", text(&at("half.db"))]).ends(0);
    let whole = std::fs::read(at("half.db")).unwrap();
    std::fs::write(at("half.db"), &whole[..whole.len() / 2]).unwrap();
    assert_ne!(book.run(&["restore", text(&at("half.db"))]).code, 0);
    assert!(issuer(&book.path).contains('A'));

    // Another book that is in use: what only its log has is restored with it.
    let other = Book::new(NOW);
    let open = Connection::open(&other.path).unwrap();
    let _: i64 = open.query_row("SELECT count(*) FROM setting", [], |r| r.get(0)).unwrap();
    named(&other.path, "Logged");
    assert!(std::fs::metadata(format!("{}-wal", other.path.display())).unwrap().len() > 0);
    book.run(&["restore", text(&other.path)]).ends(0);
    assert!(issuer(&book.path).contains("Logged"));
    drop(open);

    // An older one is brought up on the way in.
    named(&other.path, "Older");
    other.of_schema(4);
    book.run(&["restore", text(&other.path)]).ends(0);
    assert!(issuer(&book.path).contains("Older"));
    sound(&book.path, "an older backup");
    assert_eq!(schema(&other.path), 4, "the backup stays as it was");

    // Neither a lost directory beside the book nor a ruined book is in the way.
    std::fs::remove_dir_all(at("book.db.d")).unwrap();
    book.run(&["restore", text(&other.path)]).ends(0);
    std::fs::write(&book.path, "ruined").unwrap();
    book.run(&["status"]).ends(2);
    let ran = book.run(&["restore", text(&other.path), "--json"]).ends(0).json();
    assert_eq!(std::fs::read(ran["kept"].as_str().unwrap()).unwrap(), b"ruined");
    std::fs::remove_file(&book.path).unwrap();
    book.run(&["restore", text(&other.path)]).ends(0);
    named(&book.path, "A");
    sound(&book.path, "after all of it");
}

#[test]
fn nothing_is_laid_beside_a_file_that_is_no_book() {
    let dir = tempfile::tempdir().unwrap();
    let junk = dir.path().join("junk");
    std::fs::write(&junk, "no book").unwrap();
    daybook(&junk, &["status"]).ends(2);
    daybook(&junk, &["init"]).ends(2);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn two_names_of_one_book_are_one_book() {
    let book = Book::new(NOW);
    let link = book.dir.path().join("link.db");
    std::os::unix::fs::symlink(&book.path, &link).unwrap();
    daybook(&link, &["status"]).ends(0);
    assert!(!book.dir.path().join("link.db.d").exists());
    let backup = book.dir.path().join("backup.db");
    book.run(&["backup", text(&backup)]).ends(0);
    let mut child = worker(&book.path);
    daybook(&link, &["restore", text(&backup)]).ends(3);
    child.kill().unwrap();
    child.wait().unwrap();
    daybook(&link, &["restore", text(&backup)]).ends(0);
    assert!(link.symlink_metadata().unwrap().is_symlink());
}
