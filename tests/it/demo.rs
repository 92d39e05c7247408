//! The demo book through the binary: what it holds, and that two of one size are the same.

use crate::harness::book::{Ran, daybook};
use daybook::domain::document::FlagCode;
use serde_json::Value;
use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Stdio};

fn demo(directory: &Path, accounts: &str) -> Ran {
    let directory = directory.to_str().unwrap();
    daybook(Path::new("unused.db"), &["demo", "--dir", directory, "--accounts", accounts])
}

#[test]
fn a_demo_book_is_whole_and_waits_for_the_clerk() {
    let dir = tempfile::tempdir().unwrap();
    let ran = demo(dir.path(), "60").ends(0);
    let book = dir.path().join("demo.db");
    assert_eq!(ran.out.trim(), book.to_str().unwrap());
    assert!(ran.err.contains("throw it away"), "{}", ran.err);
    daybook(&book, &["check"]).ends(0);
    let list = |args: &[&str]| -> Vec<Value> {
        serde_json::from_str(&daybook(&book, args).ends(0).out).unwrap()
    };
    let posted = list(&["invoice", "list", "--status", "posted", "--json"]);
    assert!(posted.len() >= 110, "{}", posted.len());
    let currencies: std::collections::BTreeSet<&str> =
        posted.iter().map(|i| i["currency"].as_str().unwrap()).collect();
    assert_eq!(currencies.into_iter().collect::<Vec<_>>(), ["EUR", "JPY", "USD"]);
    let drafts = list(&["invoice", "list", "--status", "draft", "--json"]);
    let stale = drafts.iter().filter(|d| flags(d).contains(&"stale".to_owned())).count();
    assert_eq!(stale, 1, "the pilot draft whose price changed");
    // The month waits: a run makes a draft for nearly everybody, one account fails by design.
    let run = daybook(&book, &["bill", "--target", "2026-12-01", "--json"]).ends(1).json();
    assert!(run["documents"]["invoices"].as_i64().unwrap() >= 50, "{run}");
    assert_eq!(run["failures"][0]["account_number"], "A-00026", "{run}");
    let waiting = list(&["invoice", "list", "--status", "draft", "--json"]);
    let found: std::collections::BTreeSet<String> = waiting.iter().flat_map(flags).collect();
    // Everybody in a demo book can be printed: who cannot would have no history.
    // What could not be printed or billed electronically is no part of the demo, nor is a law.
    let printed = |code: &&FlagCode| {
        !matches!(**code, FlagCode::Unprintable | FlagCode::EInvoice | FlagCode::Law)
    };
    for code in FlagCode::ALL.iter().filter(printed) {
        assert!(found.contains(code.as_str()), "no draft is flagged {code}: {found:?}");
    }
    let pending = daybook(&book, &["usage", "list", "--json"]).ends(0).out;
    assert!(pending.contains("no charge with that unit"), "{pending}");
    daybook(&book, &["check"]).ends(0);
    // A second demo there would destroy the first.
    demo(dir.path(), "60").ends(2);
}

#[test]
fn two_demo_books_of_one_size_are_the_same() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let lists = dirs.each_ref().map(|dir| {
        demo(dir.path(), "50").ends(0);
        let book = dir.path().join("demo.db");
        ["invoice", "payment", "delivery"].map(|noun| {
            let mut list = daybook(&book, &[noun, "list", "--json"]).ends(0).json();
            // Keys and message ids carry the book's own random id.
            for row in list.as_array_mut().unwrap() {
                for own in ["key", "gateway_reference", "message_id", "last_reply"] {
                    row.as_object_mut().unwrap().remove(own);
                }
            }
            list
        })
    });
    assert!(lists[0] == lists[1], "two books of one seed differ");
}

#[test]
fn a_killed_demo_leaves_nothing_that_looks_like_a_book_and_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().to_str().unwrap();
    let args = ["demo", "--dir", directory, "--accounts", "50"];
    let book = dir.path().join("demo.db");
    // At each thing it says that it does.
    for stage in 1..=4 {
        let mut child = Command::new(crate::harness::book::binary())
            .args(["--book", "unused.db"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = std::io::BufReader::new(child.stderr.take().unwrap());
        assert_eq!(said.lines().take(stage).map(Result::unwrap).count(), stage);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!book.exists(), "half a book after stage {stage}");
    }
    // Between what lies beside it and the book: the one has its name, the other not yet.
    demo(dir.path(), "50").ends(0);
    std::fs::create_dir(dir.path().join(".demo.part")).unwrap();
    std::fs::rename(&book, dir.path().join(".demo.part/demo.db")).unwrap();
    demo(dir.path(), "50").ends(0);
    let left: Vec<_> = dir.path().read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    daybook(&book, &["check"]).ends(0);
    assert!(book.with_file_name("demo.db.d").join("sandbox.jsonl").exists());
    // A link in the hidden place is not followed, and nothing in it emptied.
    let (other, precious) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(precious.path().join("mine"), "mine").unwrap();
    std::os::unix::fs::symlink(precious.path(), other.path().join(".demo.part")).unwrap();
    demo(other.path(), "50").ends(2);
    assert!(precious.path().join("mine").exists());
}

fn flags(draft: &Value) -> Vec<String> {
    let codes = draft["flags"].as_array().unwrap().iter();
    codes.map(|f| f["code"].as_str().unwrap().to_owned()).collect()
}
