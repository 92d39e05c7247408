//! What reminders wait for: the bank, a payment that is on its way or planned, a debit that may come back; and
//! one level comes after the other.

use crate::harness::book::Book;
use crate::harness::collect::{owing, sound};
use chrono::{Days, NaiveDate};
use daybook::domain::reminder::Bank;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
}

/// Customers without a method, each with an address and an invoice of 10.00 due on a day: A1 owes INV-1.
fn due_on(days: &[&str]) -> Book {
    let book = Book::new("2026-01-05");
    let mut accounts = "account_number,name,currency,email\n".to_owned();
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned();
    for (n, day) in (1..).zip(days) {
        accounts.push_str(&format!("A{n},Customer {n},EUR,c{n}@example.com\n"));
        items.push_str(&format!("INV-{n},A{n},invoice,2025-12-15,{day},10.00,0.00,10.00\n"));
    }
    let files = [book.file("accounts.csv", accounts), book.file("open_items.csv", items)];
    book.run(&["import", &files[0], &files[1], "--cutover", "2025-12-15"]).ends(0);
    book
}

fn remind(book: &Book, dry: bool) -> Value {
    let dry = if dry { &["--dry-run"][..] } else { &[] };
    book.run(&[&["payment", "remind", "--json"], dry].concat()).ends(0).json()
}

fn accounts(said: &Value) -> Vec<String> {
    let all = said["sent"].as_array().unwrap().iter();
    all.map(|s| s["account_number"].as_str().unwrap().to_owned()).collect()
}

fn read_until(book: &Book, day: &str) {
    book.run(&["bank", "read-until", day]).ends(0);
}

fn overdue_words(book: &Book) -> String {
    let today = book.run(&["status", "--json"]).json();
    let steps = today["steps"].as_array().unwrap();
    steps.iter().find(|s| s["step"] == "overdue").unwrap()["state"].as_str().unwrap().to_owned()
}

#[test]
fn nobody_is_reminded_before_the_bank_is_read_two_banking_days_after_the_due_day() {
    // Monday, Friday, Saturday, the Wednesday before Easter: all seven days overdue by then.
    let dues = ["2026-03-02", "2026-03-06", "2026-03-07", "2026-04-01"];
    let needed = ["2026-03-04", "2026-03-10", "2026-03-10", "2026-04-07"];
    let book = due_on(&dues);
    at(&book, "2026-04-10");
    // A book that never heard of a bank reminds, and says so.
    let said = remind(&book, true);
    assert_eq!(accounts(&said), ["A1", "A2", "A3", "A4"]);
    assert!(said["bank"].as_str().unwrap().contains("nobody said until when the bank is read"));
    assert!(overdue_words(&book).contains("bank unread?"));
    // A cut-off asks for it: all wait.
    book.run(&["settings", "set", "day.bank_by", "10:00"]).ends(0);
    assert_eq!(
        (accounts(&remind(&book, true)).len(), remind(&book, true)["bank"].clone()),
        (0, Value::Null)
    );
    for (day, ready) in [
        ("2026-03-03", 0),
        ("2026-03-04", 1),
        ("2026-03-09", 1),
        ("2026-03-10", 3),
        ("2026-04-02", 3),
        ("2026-04-06", 3),
        ("2026-04-07", 4),
    ] {
        read_until(&book, day);
        let said = remind(&book, true);
        assert_eq!(accounts(&said).len(), ready, "{day}: {said}");
        let waiting = said["waiting"].as_array().unwrap();
        assert_eq!(waiting.len(), 4 - ready, "{said}");
        for one in waiting {
            let n: usize = one["number"].as_str().unwrap()[4..].parse().unwrap();
            assert_eq!(one["until"], needed[n - 1], "{one}");
            assert_eq!(one["account"], format!("A{n}"));
            let why = one["why"].as_str().unwrap();
            assert!(why.contains(day) && why.contains("daybook bank read-until"), "{why}");
        }
        let words = overdue_words(&book);
        assert_eq!(words.contains("the bank is to be read for"), ready < 4, "{words}");
    }
    let plain = book.run(&["payment", "remind"]).ends(0).out;
    assert!(plain.contains("4 accounts reminded"), "{plain}");
    // Reminded again only when the bank is read two banking days after that.
    at(&book, "2026-04-27");
    let said = remind(&book, true);
    assert_eq!(
        (accounts(&said).len(), said["waiting"][0]["until"].clone()),
        (0, json!("2026-04-14"))
    );
    read_until(&book, "2026-04-14");
    assert_eq!(remind(&book, true)["sent"][0]["invoices"][0]["level"], 2);
    sound(&book);
}

#[test]
fn no_promise_and_no_instalment_is_broken_before_the_bank_is_read() {
    let book = due_on(&["2026-01-01", "2026-01-01", "2026-01-01"]);
    let promise = |n: u32| format!("INV-{n}");
    for n in [1, 2] {
        book.run(&["payment", "promise", &promise(n), "--on", "2026-01-09"]).ends(0);
    }
    let plan = ["instalments", "new", "A3", "--count", "2", "--first", "2026-01-09"];
    book.run(&plan).ends(0);
    let states =
        |state: &str| book.count(&format!("SELECT count(*) FROM promise WHERE state = '{state}'"));
    let missed = || book.count("SELECT count(*) FROM instalment_plan WHERE state = 'missed'");
    let look = |day: &str, through: &str| {
        at(&book, day);
        read_until(&book, through);
        book.run(&["worker", "--once"]);
        (states("kept"), states("broken"), missed())
    };
    // Friday, so that Tuesday's statement has what was sent on it.
    assert_eq!(look("2026-01-10", "2026-01-09"), (0, 0, 0));
    assert_eq!(look("2026-01-13", "2026-01-12"), (0, 0, 0));
    assert!(accounts(&remind(&book, true)).is_empty(), "nobody is asked for a promise that stands");
    let record = ["payment", "record", "--account", "A1", "--reference", "w", "--amount", "10"];
    book.run(&record).ends(0);
    assert_eq!(look("2026-01-14", "2026-01-12"), (1, 0, 0), "one came");
    assert_eq!(look("2026-01-14", "2026-01-13"), (1, 1, 1));
    sound(&book);
}

#[test]
fn nobody_is_reminded_of_what_is_charged_next_or_may_still_come_back() {
    let book = owing(&["ok", "decline:do_not_honor", "submitted", "ok", ""]);
    let mut mails = "account_number,name,currency,email,auto_pay\n".to_owned();
    for n in 1..=5 {
        let auto = n != 4;
        mails.push_str(&format!("A{n},Customer {n},EUR,c{n}@example.com,{auto}\n"));
    }
    assert_eq!(book.import("mails.csv", mails, &[]).0, 0);
    at(&book, "2026-01-12");
    let why = |said: &Value| -> BTreeMap<String, String> {
        let all = said["waiting"].as_array().unwrap().iter();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        all.map(|w| (text(&w["account"]), text(&w["why"]))).collect()
    };
    // Nothing was tried: the run comes first, but where it does not charge.
    let said = remind(&book, true);
    assert_eq!(accounts(&said), ["A4", "A5"], "{said}");
    let waits = why(&said);
    assert_eq!(waits.keys().collect::<Vec<_>>(), ["A1", "A2", "A3"]);
    assert!(waits["A1"].contains("daybook collect --target 2026-01-12 --account A1"), "{waits:?}");
    // Auto-pay off for the invoice: no run charges it, so a person is asked.
    book.run(&["payment", "auto-pay", "INV-1", "off"]).ends(0);
    assert_eq!(accounts(&remind(&book, true)), ["A1", "A4", "A5"]);
    book.run(&["payment", "auto-pay", "INV-1", "on"]).ends(0);
    book.run(&["collect", "--target", "2026-01-12"]);
    let said = remind(&book, true);
    assert_eq!(accounts(&said), ["A4", "A5"], "{said}");
    let waits = why(&said);
    assert!(waits["A3"].contains("on its way"), "{waits:?}");
    assert!(waits["A2"].contains("tried again"), "{waits:?}");
    sound(&book);
}

#[test]
fn a_debit_of_a_part_keeps_reminders_back_while_the_bank_may_return_it() {
    for (kind, until) in [("sepa", Some("2026-01-19")), ("ach", Some("2026-01-14")), ("card", None)]
    {
        let book = owing(&["ok"]);
        let methods = format!("account_number,token,kind,display\nA1,ok,{kind},DE02\n");
        book.import("methods.csv", &methods, &["--yes"]);
        let mails = "account_number,name,currency,email\nA1,Customer 1,EUR,c1@example.com\n";
        assert_eq!(book.import("mails.csv", mails, &[]).0, 0);
        at(&book, "2026-01-12");
        book.run(&["collect", "--target", "2026-01-12"]).ends(0);
        // A part of it was taken back by a clerk, and is open again.
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        let open = "UPDATE document_state SET balance_minor = 400, auto_pay_off = 1";
        conn.execute(open, []).unwrap();
        drop(conn);
        let said = remind(&book, true);
        let waits = said["waiting"][0]["until"].as_str();
        assert_eq!(
            (waits, accounts(&said).len()),
            (until, usize::from(until.is_none())),
            "{kind}: {said}"
        );
        if let Some(until) = until {
            at(&book, until);
            assert_eq!(accounts(&remind(&book, true)).len(), 1, "{kind}: over on {until}");
        }
    }
}

#[test]
fn one_level_comes_after_the_other_however_late_somebody_looks() {
    // Days on which somebody looks; the levels that went on them.
    let levels = [
        (vec!["2026-01-07", "2026-01-08", "2026-01-21", "2026-01-22", "2026-02-15"], "01023"),
        (
            vec![
                "2026-03-01",
                "2026-03-02",
                "2026-03-14",
                "2026-03-15",
                "2026-04-07",
                "2026-04-08",
            ],
            "100203",
        ),
        (
            vec![
                "2026-01-20",
                "2026-01-22",
                "2026-02-02",
                "2026-02-03",
                "2026-02-26",
                "2026-02-27",
            ],
            "100203",
        ),
    ];
    for (days, wanted) in levels {
        let book = due_on(&["2026-01-01"]);
        let mut went = String::new();
        for day in &days {
            at(&book, day);
            let said = remind(&book, false);
            let level = said["sent"][0]["invoices"][0]["level"].as_u64().unwrap_or(0);
            went.push_str(&level.to_string());
        }
        assert_eq!(went, wanted, "{days:?}");
        sound(&book);
    }
}

/// A clerk who reads the bank on some mornings only: whoever paid by two banking days after the due day, or
/// after the last reminder, is never reminded, whatever day the money came and whenever it was read.
#[test]
fn nobody_is_reminded_whose_money_is_on_a_statement_not_yet_read() {
    let start: NaiveDate = "2026-03-26".parse().unwrap();
    let day = |n: u64| start.checked_add_days(Days::new(n)).unwrap();
    // Due before Easter; paid in time, a day late, two banking days late.
    let dues: Vec<String> = (0..6).map(|n| day(n).to_string()).collect();
    let dues: Vec<&str> = dues.iter().map(String::as_str).collect();
    let paid = |n: usize| Bank::needed(day(n as u64));
    let book = due_on(&dues);
    let mut read = None;
    let mut seed = 7_u64;
    for n in 0..24 {
        let today = day(n);
        at(&book, &today.to_string());
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Yesterday's statement is there; not every morning is it read.
        if n == 0 || (seed >> 60) < 5 {
            let through = today.pred_opt().unwrap();
            for one in 0..dues.len() {
                if paid(one) <= through && read.is_some_and(|r| paid(one) > r) {
                    let (account, on) = (format!("A{}", one + 1), paid(one).to_string());
                    let record = ["payment", "record", "--account", &account, "--reference", "w"];
                    book.run(&[&record[..], &["--amount", "10", "--date", &on]].concat()).ends(0);
                }
            }
            read_until(&book, &through.to_string());
            read = Some(through);
        }
        let said = remind(&book, false);
        assert_eq!(accounts(&said), Vec::<String>::new(), "on {today}, read until {read:?}");
    }
    // The last of them was due to be reminded long ago.
    assert!(read.is_some_and(|r| r > paid(dues.len() - 1)));
    assert_eq!(book.count("SELECT count(*) FROM reminder"), 0);
    sound(&book);
}
