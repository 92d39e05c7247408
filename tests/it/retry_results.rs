//! What became of a retry is listed where it was asked for, on the command line and on screen.

use crate::harness::book::Book;
use crate::harness::collect::{owing, sound};
use crate::harness::desk::Desk;
use serde_json::{Value, json};

/// Four failed invoices: the second try takes the first, declines the second, loses the third; the card
/// of the fourth was stolen.
fn failed() -> Book {
    let book = owing(&[
        "decline:insufficient_funds,ok",
        "decline:insufficient_funds,decline:insufficient_funds",
        "decline:insufficient_funds,timeout_after",
        "decline:stolen_card",
    ]);
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    book
}

fn outcomes(shown: &Value) -> Vec<[String; 3]> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let rows = shown["results"].as_array().unwrap_or_else(|| panic!("no results: {shown}"));
    rows.iter().map(|r| [text(&r["outcome"]), text(&r["named"]), text(&r["why"])]).collect()
}

#[test]
fn each_payment_of_a_retry_says_what_became_of_it() {
    let book = failed();
    let named =
        ["retry", "--payment", "P-1", "--payment", "P-2", "--payment", "P-3", "--payment", "P-4"];
    let mut args = named.to_vec();
    args.push("--json");
    let shown = book.run(&args).ends(1).json();
    let rows = outcomes(&shown);
    let of = |what: &str| rows.iter().find(|r| r[1] == what).unwrap_or_else(|| panic!("{rows:?}"));
    assert_eq!(of("INV-1")[0], "approved");
    assert_eq!(of("INV-2")[0], "declined");
    assert!(of("INV-2")[2].starts_with("insufficient funds"), "{rows:?}");
    assert_eq!(of("INV-3")[0], "unknown");
    assert_eq!(of("INV-4")[0], "not tried");
    assert!(of("INV-4")[2].contains("declined its method for good"), "{rows:?}");
    assert_eq!(rows.len(), 4);
    let paid = shown["results"].as_array().unwrap().iter().find(|r| r["named"] == "INV-1").unwrap();
    assert_eq!((&paid["amount"], &paid["account_number"]), (&json!("10.00"), &json!("A1")));
    assert_eq!(paid["payment"], "P-000005");
    // Found again later, also what was left out at once.
    let run = shown["run"].as_str().unwrap();
    let again = book.run(&["run", "show", run, "--json"]).json();
    assert_eq!(outcomes(&again), rows);
    let text = book.run(&["run", "show", run]).out;
    assert!(text.contains("declined INV-2 10.00 EUR A2: insufficient funds"), "{text}");
    assert!(text.contains("not tried INV-4: the bank declined"), "{text}");
    // A payment run that was no retry has none.
    assert!(book.run(&["run", "show", "PR-000001", "--json"]).json()["results"].is_null());
    sound(&book);
}

#[test]
fn what_went_through_is_not_tried_and_says_so_and_said_once() {
    let book = failed();
    book.run(&["retry", "--payment", "P-1"]).ends(0);
    let out = book.run(&["retry", "--payment", "P-5", "--payment", "P-2"]).ends(1).out;
    assert_eq!(out.matches("it went through").count(), 1, "{out}");
    let run = book.run(&["run", "show", "PR-000003", "--json"]).json();
    let rows = outcomes(&run);
    assert!(rows.iter().any(|r| r[0] == "not tried" && r[1] == "P-000005"), "{rows:?}");
    // Nothing is left to try: no run, so nothing to list.
    let none = book.run(&["retry", "--payment", "P-5", "--json"]).ends(1).json();
    assert!(none["run"].is_null(), "{none}");
}

#[test]
fn the_results_are_listed_where_the_retry_was_asked_for() {
    for (width, height) in [(80, 24), (60, 15), (140, 40)] {
        let book = failed();
        let mut desk = Desk::at(&book.path, width, height);
        desk.press("5R").shows("no retry was begun here");
        desk.press("Tr1y").shows("PR-000002 done: 3 of 3");
        desk.press("<Esc>R")
            .shows("What became of PR-000002")
            .shows("declined: 1 invoice · 10.00 EUR");
        desk.shows("INV-2 10.00 EUR A2").shows("unknown: 1 invoice · 10.00 EUR");
        desk.press("G").shows("approved: 1 invoice · 10.00 EUR");
        // Enter opens the invoice under the cursor, the failed ones first.
        desk.press("g<Enter>").shows("3 Invoices › INV-2");
        // In Jobs it is found again.
        desk.press("<Esc>6<Enter>").shows("What became of PR-000002").shows("declined: 1 invoice");
    }
}

#[test]
fn a_retry_of_one_and_of_a_group_has_results_too() {
    let book = failed();
    let mut desk = Desk::at(&book.path, 140, 40);
    desk.press("5f").shows("[retry later]");
    desk.press("r1y").shows("R on 5 Failed");
    desk.press("R").shows("approved: 1 invoice").shows("INV-1 10.00 EUR A1");
    desk.press("<Esc>rgy").press("R").shows("declined: 1 invoice").shows("unknown: 1 invoice");
}
