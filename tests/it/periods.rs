//! Months that are closed: nobody books in them by any way, only the last one opens again, and what a bank
//! dates there counts on the first open day.

use crate::harness::book::{Book, Ran};
use daybook::domain::actor::{Actor, Role};
use daybook::domain::month::Month;
use daybook::engine::closing;
use daybook::engine::guard::roles;
use daybook::engine::{Error, Session};

/// A test book with an account, an invoice of October that is half paid, and October closed.
fn october() -> Book {
    let book = Book::without_clock();
    book.import("accounts.csv", "account_number,name,currency\nA1,One,EUR\n", &[]);
    book.import("taxes.csv", "tax_code,rate_percent\nVAT,19\n", &[]);
    invoice(&book, "2026-10-05").ends(0);
    book.say("payment record --account A1 --amount 60 --date 2026-10-20 --reference a --invoice INV-2026-000001 --now 2026-10-20").ends(0);
    book.say("period close 2026-10 --yes --now 2026-11-01").ends(0);
    book
}

fn invoice(book: &Book, on: &str) -> Ran {
    let line =
        "{\"description\":\"x\",\"quantity\":\"1\",\"unit_price\":\"100\",\"tax_code\":\"VAT\"}";
    let args = ["invoice", "new", "--account", "A1", "--invoice-date", on, "--add-line", line];
    let more = ["--reason", "x", "--json", "--now", on];
    let made = book.run(&[&args[..], &more].concat());
    if made.code != 0 {
        return made;
    }
    let draft = made.json()["id"].as_str().unwrap().to_owned();
    book.run(&["post", "--invoice", &draft, "--now", on])
}

#[track_caller]
fn shut(book: &Book, line: &str) {
    let before = book.dump();
    let ran = book.say(&format!("{line} --json")).ends(2);
    assert!(ran.err.contains("\"period_closed\""), "{line}: {}", ran.err);
    assert!(ran.err.contains("first open day is 2026-11-01"), "{line}: {}", ran.err);
    assert_eq!(before, book.dump(), "{line}");
}

#[test]
fn no_day_that_a_person_gives_lies_in_a_closed_month() {
    let book = october();
    let inv = "INV-2026-000001";
    for line in [
        "invoice new --account A1 --invoice-date 2026-10-31 --reason x --now 2026-11-03",
        "payment record --account A1 --amount 5 --date 2026-10-30 --reference b --now 2026-11-03",
        "payment return P-000001 --date 2026-10-30 --now 2026-11-03",
        "payment chargeback P-000001 --date 2026-10-30 --now 2026-11-03",
        "payment refund P-000001 --amount 5 --date 2026-10-30 --reason x --now 2026-11-03",
        // On a test book the day itself may lie there.
        &format!("write-off {inv} --reason x --yes --now 2026-10-30"),
        &format!("adjust {inv} --amount 5 --reason x --yes --now 2026-10-30"),
        &format!("reverse {inv} --reason x --yes --now 2026-10-30"),
        &format!("payment unapply P-000001 --from {inv} --reason x --now 2026-10-30"),
        "bill --target 2026-11-01 --invoice-date 2026-10-31 --now 2026-11-03",
        "bill --target 2026-11-01 --invoice-date 2026-10-31 --dry-run --now 2026-11-03",
    ] {
        shut(&book, line);
    }
    let line = "{\"description\":\"x\",\"quantity\":\"1\",\"unit_price\":\"5\"}";
    let args = ["invoice", "new", "--account", "A1", "--add-line", line, "--reason", "x"];
    let ran = book.run(&[&args[..], &["--json", "--now", "2026-11-03"]].concat()).ends(0);
    let draft = ran.json()["id"].as_str().unwrap().to_owned();
    shut(&book, &format!("post --invoice {draft} --invoice-date 2026-10-31 --now 2026-11-03"));
    shut(&book, &format!("invoice edit {draft} --invoice-date 2026-10-31 --now 2026-11-03"));
    let rows = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
                X-1,A1,invoice,2026-09-01,2026-09-30,10.00,0.00,10.00\n";
    let file = book.file("open_items.csv", rows);
    shut(&book, &format!("import {file} --cutover 2026-10-31 --now 2026-11-03"));
    book.say(&format!("import {file} --cutover 2026-11-01 --now 2026-11-03")).ends(0);
    book.is_sound();
}

#[test]
fn what_a_bank_dates_in_a_closed_month_counts_on_the_first_open_day() {
    let book = october();
    book.say("payment return P-000001 --value-on 2026-10-30 --now 2026-11-03").ends(0);
    let shown = book.say("payment show P-000001 --json").ends(0).json();
    let event = &shown["events"][0];
    assert_eq!((&event["date"], &event["value_on"]), (&"2026-11-01".into(), &"2026-10-30".into()));
    let aging = book.say("report aging --as-of 2026-10-31 --json").ends(0).json();
    assert_eq!(aging["totals"]["EUR"]["receivable"], "59.00");
    let aging = book.say("report aging --as-of 2026-11-01 --json").ends(0).json();
    assert_eq!(aging["totals"]["EUR"]["receivable"], "119.00");
    book.is_sound();
}

#[test]
fn months_close_in_their_order_and_the_last_alone_opens_again() {
    let book = october();
    let refused = |line: &str, code: &str| {
        let ran = book.say(&format!("{line} --json")).ends(2);
        assert!(ran.err.contains(&format!("\"{code}\"")), "{line}: {}", ran.err);
    };
    refused("period close 2026-12 --yes --now 2027-02-01", "not_next");
    refused("period close 2026-10 --yes --now 2027-02-01", "not_next");
    refused("period close 2026-09 --yes --now 2027-02-01", "not_next");
    refused("period close 2026-11 --yes --now 2026-11-30", "not_over");
    book.say("period close 2026-11 --yes --now 2026-12-01").ends(0);
    refused("period reopen 2026-10 --reason x --now 2026-12-02", "not_last");
    refused("period reopen 2026-12 --reason x --now 2026-12-02", "not_last");
    refused("period reopen 2026-11 --now 2026-12-02", "no_reason");
    book.say("period reopen 2026-11 --reason 'a bill is missing' --now 2026-12-02").ends(0);
    invoice(&book, "2026-11-30").ends(0);
    book.say("period close 2026-11 --yes --now 2026-12-03").ends(0);
    refused("period lock 2026-11 --now 2026-12-03", "needs_yes");
    book.say("period lock 2026-11 --yes --now 2026-12-03").ends(0);
    refused("period reopen 2026-11 --reason x --now 2026-12-03", "locked");
    let shown = book.say("period show 2026-11 --json").ends(0).json();
    assert_eq!((&shown["status"], &shown["entries"]), (&"Locked".into(), &3.into()));
    let steps: Vec<&str> =
        shown["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["close", "reopen", "close", "lock"]);
    assert_eq!(shown["steps"][1]["reason"], "a bill is missing");
    let list = book.say("period list --json --now 2026-12-03").ends(0).json();
    let list: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|p| format!("{} {}", p["period"].as_str().unwrap(), p["status"].as_str().unwrap()))
        .collect();
    assert_eq!(list, ["2026-12 Open", "2026-11 Locked", "2026-10 Closed"]);
    // What was before the first closed month is closed with it.
    shut_before(&book);
    book.is_sound();
}

fn shut_before(book: &Book) {
    let line =
        "invoice new --account A1 --invoice-date 2026-03-31 --reason x --now 2026-12-03 --json";
    assert!(book.say(line).ends(2).err.contains("\"period_closed\""));
}

fn session(book: &Book, uid: u32) -> Session {
    let actor =
        if uid == 0 { daybook::cli::actor() } else { Actor { uid, name: format!("user{uid}") } };
    let mut session = Session::open(&book.path, actor).unwrap();
    session.fixed_now = session
        .now()
        .ok()
        .map(|now| daybook::clock::Now { today: "2026-12-02".parse().unwrap(), ..now });
    session
}

fn four_eyes<T: std::fmt::Debug>(done: Result<T, Error>) {
    let error = done.unwrap_err();
    assert_eq!(error.code(), "four_eyes", "{error}");
}

/// A month is opened again by two; closed by two where more was billed in it than one may post alone.
#[test]
fn a_second_person_confirms_what_opens_a_month_again_and_what_closes_much() {
    let book = october();
    let october = Month::parse("2026-10").unwrap();
    let november = Month::parse("2026-11").unwrap();
    let mut admin = session(&book, 0);
    for uid in [71, 72] {
        roles::grant(&mut admin, uid, Role::Controller).unwrap();
    }
    let (mut mia, mut jon) = (session(&book, 71), session(&book, 72));
    four_eyes(closing::reopen(&mut mia, october, "a bill is missing"));
    four_eyes(closing::reopen(&mut mia, october, "a bill is missing"));
    closing::reopen(&mut jon, october, "so it is").unwrap();
    let steps = closing::show(&jon, october).unwrap().steps;
    let last = steps.last().unwrap();
    assert_eq!((last.user_name.as_str(), last.second_name.as_str()), ("user72", "user71"));
    book.say("settings set four_eyes.above 100").ends(0);
    four_eyes(closing::close(&mut mia, october));
    closing::close(&mut jon, october).unwrap();
    // Nothing was billed in November.
    closing::close(&mut mia, november).unwrap();
    book.is_sound();
}
