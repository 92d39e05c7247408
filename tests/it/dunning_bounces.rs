//! Reminders that come back: one message to all addresses, each report booked once, the level put back and a
//! person told.

use crate::bounces::report;
use crate::harness::book::Book;
use crate::harness::collect::{owing, sound};
use serde_json::{Value, json};

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
}

fn remind(book: &Book) -> Value {
    book.run(&["payment", "remind", "--json"]).json()
}

fn text(book: &Book, sql: &str) -> String {
    let rows = book.run(&["sql", "--read-only", sql, "--json"]).ends(0).json();
    let row = rows[0].as_object().unwrap_or_else(|| panic!("{sql}: {rows}"));
    let value = row.values().next().unwrap();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The Message-ID of a reminder.
fn name(book: &Book, id: u32) -> String {
    text(book, &format!("SELECT message_id FROM reminder_copy WHERE reminder_id = {id} LIMIT 1"))
}

fn booked(book: &Book, what: &str, of: &str, to: &str, action: &str) -> Value {
    let file = book.file(&format!("{what}.eml"), report(of, to, action, what));
    book.run(&["delivery", "bounces", &file, "--json"]).ends(0).json()
}

fn level(book: &Book) -> i64 {
    book.count("SELECT reminder_level FROM document_state")
}

fn tasks(book: &Book) -> i64 {
    book.count("SELECT count(*) FROM notice WHERE level = 'task' AND done_at IS NULL")
}

/// A1 owes INV-1 since the first of January and has these addresses.
fn owes(addresses: &str) -> Book {
    let book = owing(&[""]);
    let mails = format!("account_number,name,currency,email\nA1,Customer 1,EUR,{addresses}\n");
    assert_eq!(book.import("mails.csv", mails, &[]).0, 0);
    at(&book, "2026-01-10");
    book
}

#[test]
fn one_message_goes_to_all_addresses_and_the_level_stays_while_one_has_it() {
    let book = owes("ap@one.example;cfo@one.example");
    let sent = remind(&book)["sent"][0].clone();
    assert_eq!(
        (&sent["id"], &sent["to"]),
        (&json!("RM-000001"), &json!(["ap@one.example", "cfo@one.example"]))
    );
    let mail = book.path.with_file_name("book.db.d").join("mail");
    let files: Vec<_> = std::fs::read_dir(&mail).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "one message");
    let message = std::fs::read_to_string(&files[0]).unwrap();
    assert!(message.contains("To: \"Customer 1\" <ap@one.example>"), "{message}");
    assert!(message.contains("Cc: cfo@one.example"), "{message}");
    let of = name(&book, 1);
    let told = booked(&book, "r1", &of, "CFO@one.example", "failed");
    let back = &told["bounced"][0];
    assert_eq!(
        (&back["id"], &back["document"], &back["account_number"]),
        (&json!("RM-000001"), &json!("INV-1"), &json!("A1"))
    );
    assert_eq!((level(&book), tasks(&book)), (1, 1));
    // Again, from another server, and as a delay: nothing more.
    assert_eq!(booked(&book, "r2", &of, "cfo@one.example", "failed")["seen"], 1);
    assert_eq!(booked(&book, "r3", &of, "cfo@one.example", "delayed")["seen"], 1);
    // The other too: as if it had never gone.
    booked(&book, "r4", &of, "ap@one.example", "failed");
    assert_eq!((level(&book), tasks(&book)), (0, 2));
    assert_eq!(text(&book, "SELECT state FROM reminder"), "came_back");
    sound(&book);
}

#[test]
fn a_reminder_that_came_back_does_not_count_and_waits_for_a_person() {
    let book = owes("ap@one.example");
    assert_eq!(remind(&book)["sent"][0]["invoices"][0]["level"], 1);
    at(&book, "2026-01-24");
    assert_eq!(remind(&book)["sent"][0]["invoices"][0]["level"], 2);
    let (first, second) = (name(&book, 1), name(&book, 2));
    let before = text(&book, "SELECT made_at FROM reminder WHERE id = 1");
    at(&book, "2026-01-26");
    booked(&book, "r1", &second, "ap@one.example", "failed");
    assert_eq!(level(&book), 1, "the last that was sent and did not come back");
    assert_eq!(text(&book, "SELECT reminded_at FROM document_state"), before);
    // Due again at once, but nobody would get it: a person is asked, and Today counts none.
    let said = remind(&book);
    assert_eq!((&said["sent"], &said["refused"][0]["account_number"]), (&json!([]), &json!("A1")));
    assert!(
        said["refused"][0]["reason"].as_str().unwrap().contains("came back from ap@one.example")
    );
    let today = book.run(&["status", "--json"]).json();
    let steps = today["steps"].as_array().unwrap();
    let state = &steps.iter().find(|s| s["step"] == "overdue").unwrap()["state"];
    assert!(!state.as_str().unwrap().contains("reminder"), "{state}");
    let history = book.run(&["audit", "--json"]).ends(0).out;
    assert!(history.contains("RM-000002 to ap@one.example came back"), "{history}");
    // The first came back long ago as well: nothing was reached.
    booked(&book, "r2", &first, "ap@one.example", "failed");
    assert_eq!(level(&book), 0);
    sound(&book);
    // A corrected address is written to at once, from the first level on.
    let mails = "account_number,name,currency,email\nA1,Customer 1,EUR,new@one.example\n";
    assert_eq!(book.import("new.csv", mails, &["--yes"]).0, 0);
    let sent = remind(&book)["sent"][0].clone();
    assert_eq!(
        (&sent["to"][0], &sent["invoices"][0]["level"]),
        (&json!("new@one.example"), &json!(1))
    );
    // A late second report of an older one books nothing.
    assert_eq!(booked(&book, "r3", &second, "ap@one.example", "failed")["seen"], 1);
    assert_eq!(level(&book), 1);
    sound(&book);
}

#[test]
fn a_report_of_an_older_reminder_does_not_take_the_newer_one_back() {
    let book = owes("ap@one.example");
    remind(&book);
    at(&book, "2026-01-24");
    remind(&book);
    booked(&book, "r1", &name(&book, 1), "ap@one.example", "failed");
    assert_eq!(level(&book), 2);
    // Reports of no reminder of this book, and of a debt that was paid meanwhile.
    let told = booked(&book, "r2", "RM-000009.000000000000@example.org", "x@x.example", "failed");
    assert_eq!(told["unknown"], 1);
    let record = ["payment", "record", "--account", "A1", "--amount", "10", "--reference", "w"];
    book.run(&record).ends(0);
    booked(&book, "r3", &name(&book, 2), "ap@one.example", "failed");
    assert_eq!(level(&book), 0, "neither reached anybody");
    sound(&book);
}
