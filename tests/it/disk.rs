//! A disk that is full, read-only or failing: everything can be read, what would write is refused
//! with the file, the trouble and the remedy, and what was committed stays.

use crate::harness::book::{Book, Ran, binary, daybook};
use crate::harness::crash::{copy, rows, waiting};
use crate::harness::faults::{Disk, has};
use crate::harness::pty::Pty;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Every verb that only reads.
const READS: &[&str] = &[
    "status",
    "check",
    "run list",
    "run show BR-000001",
    "invoice list",
    "invoice list --json",
    "invoice show D-000001",
    "invoice explain D-000001",
    "memo list",
    "payment list",
    "payment exceptions",
    "delivery list",
    "schedule list",
    "role list",
    "usage list",
    "settings get",
    "audit",
    "audit --verify",
    "export journal",
    "sql --read-only SELECT~count(*)~FROM~document",
    "bill --target 2026-04-01 --dry-run",
    "collect --target 2026-04-01 --dry-run",
];

/// Verbs that write, and so are refused.
const WRITES: &[&str] = &[
    "settings set issuer.name Somebody",
    "clock set 2026-03-02",
    "role grant 4711 clerk",
    "invoice hold D-000011 --reason wait",
    "invoice accept D-000011",
    "invoice edit D-000011 --set note=x --reason y",
    "invoice regenerate D-000011",
    "invoice cancel D-000011 --reason z",
    "post --invoice D-000012",
    "adjust D-000001 --whole --reason z",
    "invoice reissue D-000002 --reason z",
    "reverse D-000002 --reason z",
    "write-off D-000003 --reason z",
    "deliver",
    "collect --target 2026-04-01",
    "bill --target 2026-04-01",
    "schedule add bill --every daily --at 06:00",
];

fn words(verb: &str) -> Vec<String> {
    verb.split(' ').map(|w| w.replace('~', " ")).collect()
}

fn run(book: &Path, verb: &str) -> Ran {
    let words = words(verb);
    daybook(book, &words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Twenty drafts, ten posted, some paid and some declined, one held: something for every verb.
fn busy_day() -> Book {
    let book = waiting(20);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    let ids: Vec<String> = (1..=10).map(|n| format!("D-{n:06}")).collect();
    let post: Vec<&str> =
        ["post", "--invoice"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    book.run(&post).ends(0);
    for verb in READS {
        run(&book.path, verb).ends(0);
    }
    book
}

/// A connection that keeps the log from being written back.
fn holding(book: &Path) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(book).unwrap();
    let _: i64 = conn.query_row("SELECT count(*) FROM document", [], |r| r.get(0)).unwrap();
    conn
}

/// Fills a disk to its last byte.
fn fill(disk: &Path) -> PathBuf {
    use std::io::Write;
    let path = disk.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    for size in [65_536, 4_096, 512, 1] {
        while file.write_all(&vec![7_u8; size]).is_ok() {}
    }
    path
}

const EVERYTHING: &str = "SELECT seq, hash FROM operation ORDER BY seq";

/// The exit code of what was refused, and that it names the file, the trouble and the remedy.
#[track_caller]
fn refused(ran: &Ran, verb: &str, trouble: &str, remedy: &str) {
    let said = &ran.err;
    assert_eq!(ran.code, 3, "{verb}: {}{said}", ran.out);
    assert!(said.contains("book.db"), "{verb}: {said}");
    assert!(said.contains(trouble) && said.contains(remedy), "{verb}: {said}");
}

fn judge(book: &Path, trouble: &str, remedy: &str) {
    for verb in READS {
        let ran = run(book, verb);
        assert_eq!(ran.code, 0, "{verb} ({trouble}): {}{}", ran.out, ran.err);
    }
    for verb in WRITES {
        refused(&run(book, verb), verb, trouble, remedy);
    }
    let doctor = run(book, "doctor");
    assert_eq!(doctor.code, 4, "{}{}", doctor.out, doctor.err);
    assert!(doctor.out.contains("MEND"), "{}", doctor.out);
}

#[test]
fn on_a_full_disk_every_verb_reads_or_says_what_to_do() {
    let day = busy_day();
    let Some(disk) = Disk::mount("8m") else { return };
    let book = copy(&day.path, disk.path());
    let before = rows(&book, EVERYTHING);

    // Nobody has the book open: not even the index of the log can be made.
    let filler = fill(disk.path());
    judge(&book, "is full", "free some space");
    std::fs::remove_file(&filler).unwrap();
    daybook(&book, &["check"]).ends(0);
    assert_eq!(rows(&book, EVERYTHING), before);

    // Somebody has it open, and a log that was not written back lies beside it.
    let held = holding(&book);
    daybook(&book, &["settings", "set", "issuer.name", "Before"]).ends(0);
    let before = rows(&book, EVERYTHING);
    let filler = fill(disk.path());
    judge(&book, "is full", "free some space");

    // A killed process left its log: what it committed is in the log alone.
    let log = std::fs::read(format!("{}-wal", book.display())).unwrap();
    assert!(log.len() > 32, "an empty log shows nothing");
    let elsewhere = tempfile::tempdir().unwrap();
    let left = copy(&book, elsewhere.path());
    std::fs::remove_file(&filler).unwrap();
    drop(held);
    for suffix in ["", "-wal"] {
        let (from, to) =
            (format!("{}{suffix}", left.display()), format!("{}{suffix}", book.display()));
        std::fs::copy(from, to).unwrap();
    }
    let _ = std::fs::remove_file(format!("{}-shm", book.display()));
    let filler = fill(disk.path());
    judge(&book, "is full", "free some space");
    let seen = run(&book, "settings get issuer.name --json").ends(0);
    assert!(seen.out.contains("Before"), "{}", seen.out);

    // It can be saved to another disk, and the day goes on where it stood.
    let saved = elsewhere.path().join("saved.db");
    daybook(&book, &["backup", &saved.to_string_lossy()]).ends(0);
    assert_eq!(rows(&saved, EVERYTHING), before);
    std::fs::remove_file(&filler).unwrap();
    daybook(&book, &["post", "BR-000001"]).ends(0);
    daybook(&book, &["check"]).ends(0);
}

#[test]
fn on_a_read_only_disk_every_verb_reads_or_says_what_to_do() {
    let day = busy_day();
    let Some(disk) = Disk::mount("8m") else { return };
    let book = copy(&day.path, disk.path());
    disk.remount("ro");
    judge(&book, "is mounted read-only", "mount it writable");
    let elsewhere = tempfile::tempdir().unwrap();
    let saved = elsewhere.path().join("saved.db");
    daybook(&book, &["backup", &saved.to_string_lossy()]).ends(0);

    // The same with a log that was not written back.
    disk.remount("rw");
    let held = holding(&book);
    daybook(&book, &["settings", "set", "issuer.name", "Before"]).ends(0);
    let left = copy(&book, elsewhere.path());
    drop(held);
    for suffix in ["", "-wal"] {
        let (from, to) =
            (format!("{}{suffix}", left.display()), format!("{}{suffix}", book.display()));
        std::fs::copy(from, to).unwrap();
    }
    disk.remount("ro");
    judge(&book, "is mounted read-only", "mount it writable");
    let seen = run(&book, "settings get issuer.name --json").ends(0);
    assert!(seen.out.contains("Before"), "{}", seen.out);
    disk.remount("rw");
    daybook(&book, &["check"]).ends(0);
}

#[test]
fn the_console_stays_readable_on_a_full_disk_and_goes_on_when_there_is_room() {
    let day = busy_day();
    let Some(disk) = Disk::mount("8m") else { return };
    let book = copy(&day.path, disk.path());
    let filler = fill(disk.path());
    let mut console = Pty::console(&book, 100, 30);
    console.shows("Today");
    console.send("3");
    console.shows("D-0000");
    console.send("a");
    // Today says "is full" from the start: only the answer to the key tells that it was handled.
    let said = console.shows("was not done");
    assert!(said.contains("is full"), "{said}");
    std::fs::remove_file(&filler).unwrap();
    console.send("\x1b");
    console.send("a");
    console.shows("accepted");
    console.send("q");
    assert_eq!(console.end().0, 0);
    assert_eq!(
        rows(&book, "SELECT count(*) FROM document_state WHERE review = 'accepted'"),
        ["Integer(1)"]
    );
    daybook(&book, &["check"]).ends(0);
}

/// Runs a verb with one system call failing from its k-th time on, or only then.
fn injected(book: &Path, verb: &str, call: &str, errno: &str, when: &str) -> Ran {
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"])
        .arg(format!("inject={call}:error={errno}:when={when}"))
        .arg(binary())
        .arg("--book")
        .arg(book)
        .args(words(verb))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// System calls and how they fail.
const FAILURES: &[(&str, &str)] = &[
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("pread64", "EIO"),
    ("fdatasync", "EIO"),
    ("ftruncate", "ENOSPC"),
    ("fallocate,ftruncate,pwrite64", "EROFS"),
];

#[test]
fn a_disk_that_fails_at_any_call_is_told_as_that_and_leaves_the_book_sound() {
    if !has("strace", &["-o", "/dev/null", "true"]) {
        return;
    }
    let day = busy_day();
    let deep = std::env::var("DAYBOOK_DISK").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let (mut tried, mut told) = (0, 0);
    for verb in ["status", "post BR-000001", "invoice hold D-000011 --reason wait"] {
        for (call, errno) in FAILURES {
            for k in 0..deep {
                let at = 1 + k * k * 4;
                for when in [format!("{at}"), format!("{at}+")] {
                    let dir = tempfile::tempdir().unwrap();
                    let book = copy(&day.path, dir.path());
                    let before = rows(&book, EVERYTHING);
                    let ran = injected(&book, verb, call, errno, &when);
                    let what = format!("{verb}, {call} {errno} {when}: {}{}", ran.out, ran.err);
                    // The program itself could not be read.
                    if ran.code == 127 {
                        continue;
                    }
                    // Nothing of it may be our bug, a panic, or a damaged book.
                    assert!([0, 1, 3].contains(&ran.code), "exit {}: {what}", ran.code);
                    if ran.code == 3 {
                        told += 1;
                        let words = ["disk", "os error", "busy"];
                        assert!(words.iter().any(|w| ran.err.contains(w)), "{what}");
                    }
                    tried += 1;
                    let check = daybook(&book, &["check"]);
                    assert_eq!(check.code, 0, "{what}\n{}{}", check.out, check.err);
                    let after = rows(&book, EVERYTHING);
                    assert!(after.starts_with(&before), "{what}: what was committed is gone");
                }
            }
        }
    }
    println!("{tried} failures injected, {told} told");
    assert!(told >= 12, "only {told} of {tried}");
}

#[test]
fn what_is_printed_onto_a_full_disk_is_no_success() {
    let day = busy_day();
    for verb in ["status", "check --json", "invoice list", "export journal"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = Command::new(binary())
            .arg("--book")
            .arg(&day.path)
            .args(words(verb))
            .stdout(full)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(3), "{verb}: {said}");
        assert!(said.contains("output"), "{verb}: {said}");
    }
    // Where not even the error can be said, the code still is.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran =
        Command::new(binary()).args(["--book", "/nowhere/book.db", "status"]).stderr(full).status();
    assert_eq!(ran.unwrap().code(), Some(2));
}

#[test]
fn a_type_of_disk_that_is_not_known_needs_an_admin_who_insists() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_string_lossy().into_owned();
    if !has("mount", &["-t", "ramfs", "ramfs", &path]) {
        return;
    }
    let _mounted = Disk::adopt(dir);
    let book = Path::new(&path).join("book.db");
    let ran = run(&book, "init --test").ends(2);
    assert!(ran.err.contains("ramfs") && ran.err.contains("allow-filesystem"), "{}", ran.err);
    assert!(!book.exists(), "nothing is made before it is refused");
    let side = Path::new(&path).join("book.db.d");
    std::fs::create_dir(&side).unwrap();
    std::fs::write(side.join("allow-filesystem"), "ramfs\n").unwrap();
    run(&book, "init --test").ends(0);
    let doctor = run(&book, "doctor");
    assert!(doctor.out.contains("ramfs (neither known nor local"), "{}", doctor.out);
    std::fs::remove_file(side.join("allow-filesystem")).unwrap();
    for verb in ["status", "check", "settings set issuer.name X"] {
        let ran = run(&book, verb).ends(2);
        assert!(ran.err.contains("ramfs"), "{verb}: {}", ran.err);
    }
}

#[test]
fn a_query_by_hand_ends_and_lets_go_of_the_log() {
    let day = busy_day();
    let endless = "sql --read-only --seconds 1 \
        SELECT~count(*)~FROM~document_item~a,document_item~b,document_item~c,document_item~d,document_item~e,document_item~f";
    let mut child = Command::new(binary())
        .arg("--book")
        .arg(&day.path)
        .args(words(endless))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Others write while it runs; then the log can be written back whole and begins anew.
    let mut writes = 0;
    while child.try_wait().unwrap().is_none() {
        writes += 1;
        run(&day.path, &format!("settings set issuer.name N{writes}")).ends(0);
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("1 s") && said.contains("--seconds"), "{said}");
    assert!(writes > 0);
    let conn = rusqlite::Connection::open(&day.path).unwrap();
    let (busy, left): (i64, i64) = conn
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap();
    assert_eq!((busy, left), (0, 0), "the log is still held");

    // By rows: the book's bound is told and ends with 1, one's own is what was asked for.
    day.run(&["settings", "set", "sql.rows", "3"]).ends(0);
    let all = "sql --read-only SELECT~id~FROM~document";
    let ran = run(&day.path, all).ends(1);
    assert!(ran.err.contains("only the first 3 rows"), "{}", ran.err);
    run(&day.path, &format!("{all} --limit 2")).ends(0);
    let ran = run(&day.path, &format!("{all} --limit 4")).ends(2);
    assert!(ran.err.contains("allows 3"), "{}", ran.err);
    // By size and by memory.
    let ran = run(&day.path, "sql --read-only SELECT~hex(zeroblob(40000000))").ends(1);
    assert!(ran.err.contains("64 MB"), "{}", ran.err);
    run(&day.path, "sql --read-only SELECT~length(hex(zeroblob(400000000)))").ends(2);
    for bad in [
        "DELETE~FROM~document",
        "SELECT~nothing",
        "PRAGMA~user_version=3",
        "WITH~x~AS~(SELECT~1)~DELETE~FROM~role",
    ] {
        run(&day.path, &format!("sql --read-only {bad}")).ends(2);
    }
}
