//! The billing day on a demo book, by keys alone at 80×24: run, check a flagged draft, edit, hold,
//! post, deliver, collect, retry. What the screen says is checked by a second process.

use crate::harness::book::daybook;
use crate::harness::pty::Pty;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn demo(dir: &Path) -> PathBuf {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_daybook"))
        .args(["demo", "--accounts", "60", "--dir"])
        .arg(dir)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    dir.join("demo.db")
}

struct Day {
    book: PathBuf,
    pty: Pty,
}

impl Day {
    fn json(&self, args: &[&str]) -> Value {
        daybook(&self.book, &[args, &["--json"]].concat()).ends(0).json()
    }

    /// Types, then waits for words.
    #[track_caller]
    fn keys(&mut self, keys: &str, words: &str) -> String {
        self.pty.send(keys);
        self.pty.shows(words)
    }

    /// Waits for a line with all these words.
    #[track_caller]
    fn line(&self, words: &[&str]) -> String {
        let has = |line: &str| words.iter().all(|w| line.contains(w));
        let text = self.pty.until(&words.join(" … "), |text| text.lines().any(has));
        text.lines().find(|l| has(l)).unwrap().to_owned()
    }

    /// Waits until a job is over.
    #[track_caller]
    fn job_done(&mut self, kind: &str, subject: &str) {
        self.keys("6", "6 Jobs");
        self.line(&[kind, subject, "Done"]);
    }
}

fn number_after(text: &str, word: &str) -> String {
    let rest = text.split(word).nth(1).unwrap_or_else(|| panic!("no {word} in {text}"));
    rest.trim_start().chars().take_while(char::is_ascii_digit).collect()
}

/// A customer whose card is declined once and works the next time.
fn unlucky(book: &Path, dir: &Path) {
    let rows = [
        (
            "accounts.csv",
            "account_number,name,currency,email,payment_term,auto_pay\n\
             A-99001,Unlucky Once Ltd,EUR,pay@unlucky.example,Due Upon Receipt,true\n",
        ),
        (
            "subscriptions.csv",
            "subscription_number,account_number,start_date\nS-99001,A-99001,2026-11-01\n",
        ),
        (
            "charges.csv",
            "charge_number,subscription_number,name,type,model,price,billing_period,timing\n\
             C-99001,S-99001,Hosting,recurring,flat,75,month,arrears\n",
        ),
        (
            "payment_methods.csv",
            "account_number,token,kind,display\n\
             A-99001,\"decline:insufficient_funds,ok\",card,visa ··9901\n",
        ),
    ];
    for (name, text) in rows {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        daybook(book, &["import", &path.to_string_lossy()]).ends(0);
    }
}

const SAVE: &str = "\x13";
const ESC: &str = "\x1b";

#[test]
fn the_billing_day_by_keys_alone() {
    let dir = tempfile::tempdir().unwrap();
    let book = demo(dir.path());
    unlucky(&book, dir.path());
    let pty = Pty::console(&book, 80, 24);
    let mut day = Day { book, pty };
    day.pty.shows("usage loaded");
    let runs = day.json(&["run", "list"]);
    let before = runs.as_array().unwrap().len();

    // Run: everything due today becomes drafts.
    day.keys("c", "bill run…");
    day.keys("b", "target date");
    day.keys(SAVE, "[Cancel]");
    day.keys("y", "2 Runs");
    let line = day.line(&[">", "BR-", "Completed"]);
    let run = line.split_whitespace().find(|w| w.starts_with("BR-")).unwrap().to_owned();
    assert_eq!(day.json(&["run", "list"]).as_array().unwrap().len(), before + 1);

    // Check: the worst draft first, with the reason in words.
    day.keys("3", "[to check]");
    day.line(&[">", "A-0"]);
    day.keys("x", "explained");
    day.pty.shows("! ");
    day.pty.send(ESC);
    day.pty.until("the box to close", |t| !t.contains("explained"));

    // Edit it: a purchase order number, with a reason.
    day.keys("e", "dates, PO number, note…");
    let edited = day.keys("d", "invoice date");
    let draft = edited.split("Edit ").nth(1).unwrap()[..8].to_owned();
    day.pty.send("\t\tPO-4711\t\tthe customer asked");
    day.pty.shows("the customer asked");
    day.keys(SAVE, "PO number: PO-4711");
    let shown = day.json(&["invoice", "show", &draft]);
    assert_eq!(shown["po_number"], "PO-4711", "{shown}");

    // Hold the next one: two keys.
    day.keys("j", "2 of ");
    day.keys("v", "the amount looks wrong");
    day.keys("1", "held: the amount looks wrong");
    let held = day.json(&["invoice", "list", "--run", &run, "--status", "Draft"]);
    let held: Vec<&Value> =
        held.as_array().unwrap().iter().filter(|i| i["review"] == "held").collect();
    assert_eq!(held.len(), 1);

    // Accept the first: one key.
    day.keys("g", "1 of ");
    day.keys("a", "accepted");

    // Post the run: the question shows its figures and wants the count.
    day.keys("P", "every postable draft");
    let asked = day.keys("r", "Enter alone cancels");
    let count = number_after(&asked, "Type");
    day.pty.send(&count);
    day.keys("\r", "posting");
    day.job_done("post", &run);
    let posted = day.json(&["invoice", "list", "--run", &run, "--status", "Posted"]);
    assert_eq!(posted.as_array().unwrap().len().to_string(), count);

    // Deliver: queue what has no copy, and send without waiting.
    day.keys("4", "4 Delivery");
    day.keys("c", "y does it");
    day.pty.send("y");
    day.pty.until("the receipt", |t| {
        t.contains("impossible") || t.contains("by e-mail") && !t.contains("y does it")
    });
    if day.pty.screen().contains("Not everything was done") {
        day.pty.send(ESC);
        day.pty.until("the box to close", |t| !t.contains("Not everything was done"));
    }
    day.keys("f", "[to send]");
    day.line(&[">", "email", "Queued"]);
    day.keys("T", "marked all");
    let asked = day.keys("S", "Enter alone cancels");
    let count = number_after(&asked, "Type");
    day.pty.send(&count);
    day.pty.send("\r");
    day.pty.shows("nothing here");
    let sent = day.json(&["delivery", "list"]);
    let sent = sent.as_array().unwrap().iter().filter(|d| d["status"] == "Sent").count();
    assert!(sent > 0);

    // Collect: one question, then every due invoice is charged.
    day.keys("2", "2 Runs");
    day.keys("c", "payment run…");
    day.keys("p", "target date");
    let asked = day.keys(SAVE, "to charge:");
    assert!(asked.contains("left out:") && asked.contains("EUR"), "{asked}");
    let count = number_after(&asked, "Type");
    day.pty.send(&count);
    day.pty.send("\r");
    // A quick run is over before its beginning is seen.
    day.pty.until("the payment run", |t| {
        t.contains("payment run started") || t.contains("collect PR-")
    });
    let line = day.line(&[">", "PR-", "Completed"]);
    let collected = line.split_whitespace().find(|w| w.starts_with("PR-")).unwrap().to_owned();
    let payments = day.json(&["payment", "list"]);
    assert!(!payments.as_array().unwrap().is_empty(), "{collected}");

    // Retry the one that failed: it works the second time, and is no longer here.
    day.keys("5", "5 Failed");
    day.keys("/A-99001\r", "A-99001");
    day.line(&[">", "A-99001", "retry later"]);
    day.keys("r", "Retry");
    day.keys("1", "Each is a new payment with a new key");
    day.pty.send("y");
    day.pty.shows("nothing here");
    let tries = day.json(&["payment", "list", "--account", "A-99001"]);
    let mut ends: Vec<&str> =
        tries.as_array().unwrap().iter().filter_map(|p| p["status"].as_str()).collect();
    ends.sort_unstable();
    assert_eq!(ends, ["Approved", "Declined"], "{tries}");

    day.pty.send("\x03");
    assert_eq!(day.pty.end().0, 0);
    day.pty.is_clean();
    daybook(&day.book, &["check"]).ends(0);
}
