//! Reminders: who owes nothing is left alone, a debt that is owed again is asked for again, and the
//! mail goes where the customer is today.

use crate::harness::book::Book;
use crate::harness::collect::{owing, payments, sound};
use serde_json::Value;

/// A customer who owes the invoices 10.00 each, with an address, overdue at all levels.
fn overdue(tokens: &[&str]) -> Book {
    let book = owing(tokens);
    let mut mails = "account_number,name,currency,email\n".to_owned();
    for n in 1..=tokens.len() {
        mails.push_str(&format!("A{n},Customer {n},EUR,c{n}@example.com\n"));
    }
    assert_eq!(book.import("mails.csv", mails, &[]).0, 0);
    book
}

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
}

/// Sends reminders; Today counts as many as go out.
fn remind(book: &Book) -> Vec<Value> {
    let dry = book.run(&["payment", "remind", "--dry-run", "--json"]).ends(0).json();
    let ahead = dry["sent"].as_array().unwrap().len();
    let today = book.run(&["status", "--json"]).json();
    let steps = today["steps"].as_array().unwrap();
    let state = steps.iter().find(|s| s["step"] == "overdue").unwrap()["state"].as_str().unwrap();
    let told = state.split(' ').next().unwrap().parse().unwrap_or(0);
    assert_eq!(told, ahead, "{state:?} {dry}");
    let said = book.run(&["payment", "remind", "--json"]).ends(0).json();
    said["sent"].as_array().unwrap().clone()
}

fn balance(book: &Book, number: &str) -> i64 {
    book.count(&format!(
        "SELECT balance_minor FROM document_state s JOIN document d ON d.id = s.document_id
         WHERE d.number = '{number}'"
    ))
}

fn credit(book: &Book, number: &str, amount: &str) {
    let rows = format!(
        "document_number,account_number,kind,date,due_date,total,tax,balance\n\
         {number},A1,credit_memo,2026-01-02,2026-01-02,-{amount},0.00,-{amount}\n"
    );
    assert_eq!(book.import("credit.csv", rows, &[]).0, 0);
}

#[test]
fn what_credits_cover_is_not_asked_for() {
    let cases = [
        // credit memo, a payment when 10.00 are owed, what is asked for of 10.00 more
        ("", "10.00", Some("10.00")),
        ("4.00", "10.00", Some("6.00")),
        ("", "17.50", Some("2.50")),
        ("4.00", "15.99", Some("0.01")),
        ("10.00", "10.00", None),
        ("4.00", "16.00", None),
        ("30.00", "10.00", None),
    ];
    for (memo, money, asked) in cases {
        let book = overdue(&[""]);
        if !memo.is_empty() {
            credit(&book, "CM-9", memo);
        }
        // What of a payment is more than is owed stays unapplied.
        let account = ["payment", "record", "--account", "A1", "--reference", "w", "--yes"];
        book.run(&[&account[..], &["--amount", money]].concat()).ends(0);
        let later = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
            INV-9,A1,invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n";
        assert_eq!(book.import("later.csv", later, &[]).0, 0);
        at(&book, "2026-03-01");
        let dry = book.run(&["payment", "remind", "--dry-run", "--json"]).ends(0).json();
        let sent = remind(&book);
        let of = |sent: &Value| sent[0]["invoices"].clone();
        assert_eq!(of(&dry["sent"]), of(&Value::from(sent.clone())), "{memo} {money}");
        let said = sent.first().map(|s| s["invoices"][0]["balance"].as_str().unwrap().to_owned());
        assert_eq!(said.as_deref(), asked, "{memo} {money}");
        sound(&book);
    }
}

#[test]
fn a_memo_that_is_refunded_leaves_nothing_open() {
    let book = overdue(&["ok"]);
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    credit(&book, "CM-9", "10.00");
    book.run(&["payment", "refund", "P-1", "--reason", "credited"]).ends(0);
    assert_eq!((balance(&book, "INV-1"), balance(&book, "CM-9")), (0, 0));
    at(&book, "2026-06-01");
    assert!(remind(&book).is_empty());
    sound(&book);
}

#[test]
fn credits_are_used_on_an_invoice_whose_money_went_back() {
    let book = overdue(&["ok"]);
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    book.run(&["payment", "return", "P-1", "--code", "bounced"]).ends(0);
    credit(&book, "CM-9", "10.00");
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["skipped"]["settled_meanwhile"], 1, "{run}");
    assert_eq!((balance(&book, "INV-1"), balance(&book, "CM-9")), (0, 0));
    assert_eq!(payments(&book).len(), 1, "nobody was charged");
    sound(&book);
}

#[test]
fn a_debit_that_is_planned_again_is_not_reminded_before_it_is_answered() {
    // Lack of funds is presented again; an account that was closed never.
    for (code, again) in [("AM04", true), ("AC04", false)] {
        let book = overdue(&["ok"]);
        let methods = "account_number,token,kind,display\nA1,ok,sepa,DE02\n";
        book.import("methods.csv", methods, &["--yes"]);
        at(&book, "2026-03-01");
        book.run(&["collect", "--target", "2026-03-01"]).ends(0);
        book.run(&["payment", "return", "P-1", "--code", code]).ends(0);
        let planned = "SELECT coalesce(max(next_retry_at), 0) FROM document_state";
        assert_eq!(book.count(planned) > 0, again, "{code}");
        // Planned further off than the first level of reminders.
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        let on = |day: &str| format!("unixepoch('{day}') * 1000");
        let far = format!(
            "UPDATE document_state SET next_retry_at = {} WHERE next_retry_at IS NOT NULL",
            on("2026-03-14 12:00")
        );
        conn.execute(&far, []).unwrap();
        at(&book, "2026-03-08");
        let dry = book.run(&["payment", "remind", "--dry-run", "--json"]).ends(0).json();
        assert_eq!(dry["sent"].as_array().unwrap().len(), usize::from(!again), "{code}");
        assert_eq!(remind(&book).len(), usize::from(!again), "{code}");
        // Over the weekend on which it is due; nobody presented it, and it is no plan any more.
        at(&book, "2026-03-16");
        assert_eq!(remind(&book).len(), 0, "{code}");
        at(&book, "2026-03-19");
        assert_eq!(remind(&book).len(), usize::from(again), "{code}");
        sound(&book);
    }
}

#[test]
fn an_invoice_that_is_not_collected_any_more_has_no_plan_that_reminders_wait_for() {
    let book = overdue(&["ok"]);
    at(&book, "2026-03-01");
    book.run(&["collect", "--target", "2026-03-01"]).ends(0);
    book.run(&["payment", "return", "P-1", "--code", "AM04"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let off = "UPDATE document_state SET auto_pay_off = 1, next_retry_at = unixepoch('2026-12-01') * 1000";
    conn.execute(off, []).unwrap();
    at(&book, "2026-03-08");
    assert_eq!(remind(&book).len(), 1);
}

#[test]
fn a_debt_owed_again_is_reminded_again_from_its_first_level() {
    let book = overdue(&["", ""]);
    at(&book, "2026-03-01");
    assert_eq!(remind(&book).len(), 2);
    book.run(&["payment", "record", "--account", "A1", "--amount", "10", "--reference", "w"])
        .ends(0);
    book.run(&["payment", "return", "P-1", "--code", "bounced"]).ends(0);
    assert!(remind(&book).is_empty(), "on the day itself");
    let mut levels = Vec::new();
    for day in ["2026-03-07", "2026-03-08", "2026-03-22", "2026-04-15", "2026-12-01"] {
        at(&book, day);
        let all = remind(&book);
        // The other goes on from its first.
        for sent in all.iter().filter(|sent| sent["account_number"] == "A1") {
            levels.push((day, sent["invoices"][0]["level"].as_u64().unwrap()));
        }
    }
    assert_eq!(levels, [("2026-03-08", 1), ("2026-03-22", 2), ("2026-04-15", 3)]);
    sound(&book);
}

#[test]
fn a_debt_reopened_before_the_book_knew_is_reminded_again() {
    let book = overdue(&[""]);
    at(&book, "2026-03-01");
    assert_eq!(remind(&book).len(), 1);
    at(&book, "2026-03-02");
    book.run(&["payment", "record", "--account", "A1", "--amount", "10", "--reference", "w"])
        .ends(0);
    book.run(&["payment", "return", "P-1", "--code", "bounced"]).ends(0);
    book.of_schema(11);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("UPDATE document_state SET reminder_level = 3", []).unwrap();
    drop(conn);
    at(&book, "2026-03-09");
    assert_eq!(remind(&book).len(), 1);
    sound(&book);
}

#[test]
fn a_reminder_goes_to_the_address_of_today() {
    let book = overdue(&[""]);
    let later = "account_number,name,currency,email,effective_from\n\
                 A1,Customer 1,EUR,june@example.com,2026-06-01\n";
    assert_eq!(book.import("later.csv", later, &[]).0, 0);
    at(&book, "2026-01-10");
    assert_eq!(remind(&book)[0]["to"][0], "c1@example.com");
    at(&book, "2026-06-02");
    assert_eq!(remind(&book)[0]["to"][0], "june@example.com");
}
