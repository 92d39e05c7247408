//! What nothing inside the book remembers: trails that were cut, emptied or made anew, logs that were
//! taken away or put there, and damaged files. Each is seen, by the heads beside the book or on paper.

use crate::harness::book::{Book, binary};
use crate::harness::crash::copy;
use crate::harness::day::posted;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn open(path: &Path) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    conn
}

/// Writes past the trail's guards, which are put back.
fn forge(path: &Path, work: impl FnOnce(&rusqlite::Connection)) {
    let conn = open(path);
    let mut statement = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'operation_%'")
        .unwrap();
    let guards: Vec<(String, String)> = statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(statement);
    guards.iter().for_each(|(n, _)| conn.execute_batch(&format!("DROP TRIGGER {n}")).unwrap());
    work(&conn);
    guards.iter().for_each(|(_, sql)| conn.execute_batch(sql).unwrap());
}

/// Makes the chain anew from `seq` on, as somebody would who knows the rule.
fn rechain(conn: &rusqlite::Connection, seq: i64) {
    let mut prev: Vec<u8> = conn
        .query_row("SELECT hash FROM operation WHERE seq = ?1 - 1", [seq], |r| r.get(0))
        .unwrap();
    let last: i64 = conn.query_row("SELECT max(seq) FROM operation", [], |r| r.get(0)).unwrap();
    for at in seq..=last {
        let mut hasher = Sha256::new();
        hasher.update(&prev);
        let sql = "SELECT CAST(seq AS TEXT), op_id, CAST(at AS TEXT), CAST(uid AS TEXT), user_name, role, verb,
                   subject, summary, detail FROM operation WHERE seq = ?1";
        let fields: Vec<String> =
            conn.query_row(sql, [at], |r| (0..10).map(|i| r.get(i)).collect()).unwrap();
        for field in fields {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field.as_bytes());
        }
        let hash = hasher.finalize().to_vec();
        conn.execute(
            "UPDATE operation SET prev_hash = ?1, hash = ?2 WHERE seq = ?3",
            (&prev, &hash, at),
        )
        .unwrap();
        prev = hash;
    }
}

fn beside(book: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", book.display()))
}

/// An attack on a copy of the book, whose log holds the last operations; the heads lie beside it.
type Attack = (&'static str, fn(&Path));

const ATTACKS: &[Attack] = &[
    ("the tail is cut", |book| {
        forge(book, |c| c.execute_batch("DELETE FROM operation WHERE seq > 5").unwrap());
    }),
    ("the last operation is cut", |book| {
        let sql = "DELETE FROM operation WHERE seq = (SELECT max(seq) FROM operation)";
        forge(book, |c| c.execute_batch(sql).unwrap());
    }),
    ("all rows are deleted", |book| {
        forge(book, |c| c.execute_batch("DELETE FROM operation").unwrap());
    }),
    ("the chain is made anew", |book| {
        forge(book, |c| {
            c.execute_batch("UPDATE operation SET summary = 'nothing' WHERE seq = 4").unwrap();
            rechain(c, 4);
        });
    }),
    ("the tail is cut and the book goes on", |book| {
        forge(book, |c| c.execute_batch("DELETE FROM operation WHERE seq > 5").unwrap());
        for n in 0..30 {
            crate::harness::book::daybook(
                book,
                &["settings", "set", "issuer.name", &format!("N{n}")],
            )
            .ends(0);
        }
    }),
    ("the log is deleted", |book| {
        std::fs::remove_file(beside(book, "-wal")).unwrap();
        let _ = std::fs::remove_file(beside(book, "-shm"));
    }),
    ("the log of another book is put there", |book| {
        let other = Book::new("2026-03-01");
        let held = open(&other.path);
        let _: i64 = held.query_row("SELECT count(*) FROM book", [], |r| r.get(0)).unwrap();
        other.run(&["settings", "set", "issuer.name", "Other"]).ends(0);
        std::fs::copy(beside(&other.path, "-wal"), beside(book, "-wal")).unwrap();
        let _ = std::fs::remove_file(beside(book, "-shm"));
    }),
];

/// A posted day whose last operations are in the log alone, and the head of its trail.
fn day() -> (Book, rusqlite::Connection, String) {
    let book = posted();
    let held = open(&book.path);
    let _: i64 = held.query_row("SELECT count(*) FROM document", [], |r| r.get(0)).unwrap();
    book.run(&["settings", "set", "issuer.name", "Example"]).ends(0);
    let saved = book.dir.path().join("saved.db").to_string_lossy().into_owned();
    let head =
        book.run(&["backup", &saved, "--json"]).ends(0).json()["head"].as_str().unwrap().to_owned();
    (book, held, head)
}

#[test]
fn each_attack_on_the_trail_is_seen_beside_the_book_and_by_a_head_on_paper() {
    let (day, _held, head) = day();
    day.run(&["check"]).ends(0);
    day.run(&["audit", "--verify", "--since", &head]).ends(0);
    let told = day.run(&["audit", "--verify", "--json"]).ends(0).json();
    day.run(&["audit", "--verify", "--since", told["head"].as_str().unwrap()]).ends(0);
    // What is on paper may be short; what is not a head is said to be none.
    day.run(&["audit", "--verify", "--since", &head[..head.find(':').unwrap() + 17]]).ends(0);
    day.run(&["audit", "--verify", "--since", "12:nonsense"]).ends(2);
    for (name, attack) in ATTACKS {
        let dir = tempfile::tempdir().unwrap();
        let book = copy(&day.path, dir.path());
        let run = |args: &[&str]| crate::harness::book::daybook(&book, args);
        run(&["check"]).ends(0);
        // That check wrote the log back; the attack wants it as it was.
        let book = copy(&day.path, dir.path());
        attack(&book);
        for args in [&["check"][..], &["audit", "--verify"]] {
            let ran = run(args);
            assert_eq!(ran.code, 4, "{name}: {args:?}: {}{}", ran.out, ran.err);
        }
        // Without what lies beside it, a head on paper is enough.
        std::fs::remove_file(beside(&book, ".d").join("heads")).unwrap();
        let ran = run(&["audit", "--verify", "--since", &head]);
        assert_eq!(ran.code, 4, "{name}, on paper: {}{}", ran.out, ran.err);
    }
}

#[test]
fn a_restore_is_no_attack() {
    let (day, held, _) = day();
    let saved = day.dir.path().join("saved.db").to_string_lossy().into_owned();
    drop(held);
    day.run(&["settings", "set", "issuer.name", "Later"]).ends(0);
    day.run(&["restore", &saved]).ends(0);
    day.run(&["check"]).ends(0);
    day.run(&["settings", "set", "issuer.name", "Anew"]).ends(0);
    day.run(&["check"]).ends(0);
    day.run(&["audit", "--verify"]).ends(0);
}

#[test]
fn a_link_or_a_pipe_beside_the_book_is_seen() {
    let (day, _held, _) = day();
    let side = beside(&day.path, ".d");
    for (name, make) in [
        ("mail", (|p| std::os::unix::fs::symlink("/tmp", p).unwrap()) as fn(&Path)),
        ("sandbox.jsonl", |p| {
            nix::unistd::mkfifo(p, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        }),
        ("print", |p| std::fs::write(p, "x").unwrap()),
    ] {
        let path = side.join(name);
        let _ = std::fs::remove_dir_all(&path);
        make(&path);
        let ran = day.run(&["check", "side_files"]).ends(4);
        assert!(ran.out.contains(name), "{}", ran.out);
        std::fs::remove_file(&path).unwrap();
    }
    day.run(&["check", "side_files"]).ends(0);
}

#[test]
fn a_damaged_book_fails_its_check_and_nothing_crashes() {
    let (day, held, _) = day();
    drop(held);
    day.run(&["check", "--deep"]).ends(0);
    let whole = std::fs::read(&day.path).unwrap();
    let tries = std::env::var("DAYBOOK_DAMAGE").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let (mut caught, mut state) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    for n in 0..tries {
        let dir = tempfile::tempdir().unwrap();
        let book = copy(&day.path, dir.path());
        let mut bytes = whole.clone();
        // A run of bytes anywhere, the first page more often; or a file cut short.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let range = if n % 5 == 0 { 4096 } else { bytes.len() };
        let at = (state >> 16) as usize % range;
        if n % 7 == 6 {
            bytes.truncate(at.max(1));
        } else {
            let end = bytes.len().min(at + 64);
            bytes[at..end].iter_mut().for_each(|b| *b ^= 0x5a);
        }
        std::fs::write(&book, &bytes).unwrap();
        for args in [&["check"][..], &["check", "--deep"], &["audit", "--verify"], &["status"]] {
            let ran = crate::harness::book::daybook(&book, args);
            let what = format!("{n}: byte {at}, {args:?}: exit {}\n{}", ran.code, ran.err);
            assert!(!ran.err.contains("panicked"), "{what}");
            if args[0] == "check" {
                assert!([0, 4].contains(&ran.code), "{what}");
                caught += u32::from(ran.code == 4);
            } else {
                assert!([0, 2, 4].contains(&ran.code), "{what}");
            }
        }
    }
    println!("{tries} damaged books, {caught} of {} checks failed", tries * 2);
    assert!(caught >= tries / 4, "only {caught} of {}", tries * 2);
    // A file that was never a book is not a damaged one.
    let other = day.file("other.db", "not a book at all");
    let ran = std::process::Command::new(binary()).args(["--book", &other, "check"]).status();
    assert_eq!(ran.unwrap().code(), Some(2));
}
