//! The machine fails: killed at a system call, a full disk, a disk that turns read-only; and
//! several processes that want the same thing at once.

use crate::harness::book::{Book, binary, daybook};
use crate::harness::crash::{DOCUMENTS, copy, rows, waiting};
use crate::harness::faults::{Disk, has};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const POST: [&str; 2] = ["post", "BR-000001"];

fn billed(accounts: usize) -> Book {
    let book = waiting(accounts);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book
}

/// What the book holds after an undisturbed posting.
fn undisturbed(book: &Path) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let whole = copy(book, dir.path());
    daybook(&whole, &POST).ends(0);
    rows(&whole, DOCUMENTS)
}

#[test]
fn a_posting_killed_at_any_system_call_goes_on_as_if_nothing_had_happened() {
    if !has("strace", &["-o", "/dev/null", "true"]) {
        return;
    }
    let book = billed(3);
    let expected = undisturbed(&book.path);
    let mut killed = 0;
    for call in ["pwrite64", "fdatasync"] {
        for k in 1..=400 {
            let dir = tempfile::tempdir().unwrap();
            let copy = copy(&book.path, dir.path());
            let ran = Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"])
                .arg(format!("inject={call}:signal=SIGKILL:when={k}"))
                .arg(binary())
                .arg("--book")
                .arg(&copy)
                .args(POST)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            if ran.success() {
                break;
            }
            killed += 1;
            // A kill before the posting was begun leaves nothing for a worker: ask again.
            daybook(&copy, &["worker", "--once"]).ends(0);
            if rows(&copy, "SELECT 1 FROM bill_run WHERE status = 'Posted'").is_empty() {
                daybook(&copy, &POST).ends(0);
            }
            assert!(rows(&copy, DOCUMENTS) == expected, "{call} {k}: the content differs");
            let check = daybook(&copy, &["check"]);
            assert_eq!(check.code, 0, "{call} {k}: {}", check.out);
        }
    }
    println!("{killed} kills");
    assert!(killed >= 20, "only {killed} kills");
}

#[test]
fn a_full_or_read_only_disk_loses_nothing_and_says_which_file() {
    let book = billed(400);
    let expected = undisturbed(&book.path);
    let size = |path: &Path| path.metadata().map_or(0, |m| m.len());
    // Room for the book and a little of the work.
    let room = size(&book.path) + 500_000;
    let Some(disk) = Disk::mount(&room.to_string()) else { return };
    let copy: PathBuf = copy(&book.path, disk.path());
    let full = daybook(&copy, &POST);
    assert_eq!(full.code, 3, "{}{}", full.out, full.err);
    assert!(full.err.contains("book.db"), "{}", full.err);
    daybook(&copy, &["status"]).ends(0);
    daybook(&copy, &["check"]).ends(0);
    disk.remount("size=64m");
    daybook(&copy, &["worker", "--once"]).ends(0);
    if rows(&copy, "SELECT 1 FROM bill_run WHERE status = 'Posted'").is_empty() {
        daybook(&copy, &POST).ends(0);
    }
    assert!(rows(&copy, DOCUMENTS) == expected, "the content differs");
    daybook(&copy, &["check"]).ends(0);

    disk.remount("ro");
    let refused = daybook(&copy, &["settings", "set", "issuer.name", "Somebody"]);
    assert!(refused.code != 0 && refused.err.contains("book.db"), "{}", refused.err);
    // It can still be read.
    daybook(&copy, &["status"]).ends(0);
    daybook(&copy, &["check"]).ends(0);
    disk.remount("rw");
    daybook(&copy, &["check"]).ends(0);
}

#[test]
fn many_processes_that_post_one_run_post_it_once() {
    let book = billed(40);
    let expected = undisturbed(&book.path);
    for round in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let copy = copy(&book.path, dir.path());
        let all: Vec<_> = (0..6)
            .map(|_| {
                let mut one = Command::new(binary());
                one.arg("--book").arg(&copy).args(POST);
                one.stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let mut won = 0;
        for one in all {
            let out = one.wait_with_output().unwrap();
            won += usize::from(out.status.code() == Some(0));
            assert!(
                matches!(out.status.code(), Some(0..=3)),
                "{}",
                String::from_utf8_lossy(&out.stderr)
            );
        }
        assert!(won >= 1, "round {round}: nobody posted");
        assert!(rows(&copy, DOCUMENTS) == expected, "round {round}: the content differs");
        daybook(&copy, &["check"]).ends(0);
    }
}
