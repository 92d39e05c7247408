//! Files that say something else than what was read before: named, and nothing of them is booked.

use super::{HEADER, MAIN, book, camt, entry, json_of, read, run, sound};
use crate::harness::book::Book;
use serde_json::{Value, json};

/// Reads a file that is refused with this code.
fn refused(book: &Book, text: &str, code: &str) -> String {
    let before = book.count("SELECT count(*) FROM ledger_entry");
    let file = book.file("bad.txt", text);
    let ran = run(book, &["bank", "import", &file, "--account", "main", "--json"]);
    assert_eq!(ran.code, 2, "{} {}", ran.out, ran.err);
    assert!(ran.err.contains(&format!("\"{code}\"")), "{}", ran.err);
    assert_eq!(book.count("SELECT count(*) FROM ledger_entry"), before);
    ran.err
}

fn load(book: &Book, text: &str) -> Value {
    let file = book.file("good.txt", text);
    json_of(book, &["bank", "import", &file, "--account", "main"])
}

#[test]
fn a_day_is_read_from_statements_or_from_payments_csv() {
    let book = book(3);
    read(&book, "Z1,2026-11-10,119.00,EUR,OLD-000001,,,,,\n");
    let same = entry("R1", "119.00", "2026-11-10", "OLD-000001");
    let said = refused(&book, &camt(MAIN, "EUR", ("0.00", "119.00"), &same), "contradicts");
    assert!(said.contains("2026-11-10 was read from payments.csv"), "{said}");
    // From the next day on by statements, and no row of their days beside them.
    let next = entry("R2", "119.00", "2026-11-12", "OLD-000002");
    let done = load(&book, &camt(MAIN, "EUR", ("119.00", "238.00"), &next));
    assert_eq!(done["statements"][0]["added"], 1, "{done}");
    let row = format!("{HEADER}Z2,2026-11-12,119.00,EUR,OLD-000002,,,,,\n");
    let said = refused(&book, &row, "contradicts");
    assert!(said.contains("2026-11-12 was read from a statement"), "{said}");
    read(&book, "Z3,2026-11-13,119.00,EUR,OLD-000003,,,,,\n");
    // What is known stays known.
    let again = load(&book, &format!("{HEADER}Z1,2026-11-10,119.00,EUR,OLD-000001,,,,,\n"));
    assert_eq!(again["statements"][0]["known"], 1, "{again}");
    assert_eq!(book.count("SELECT count(*) FROM payment"), 3);
    sound(&book);
}

#[test]
fn a_statement_that_shares_entries_begins_where_they_lead() {
    let book = book(3);
    let first = entry("R1", "119.00", "2026-11-10", "OLD-000001");
    let second = entry("R2", "5.00", "2026-11-11", "who");
    let both = format!("{first}{second}");
    load(&book, &camt(MAIN, "EUR", ("200.00", "324.00"), &both));
    let third = entry("R3", "7.00", "2026-11-12", "what");
    let tail = |opening: &str, closing: &str| {
        camt(MAIN, "EUR", (opening, closing), &format!("{second}{third}"))
    };
    let said = refused(&book, &tail("100.00", "112.00"), "contradicts");
    assert!(said.contains("its opening balance is not the one"), "{said}");
    let done = load(&book, &tail("319.00", "331.00"));
    let one = &done["statements"][0];
    assert_eq!((&one["added"], &one["known"]), (&json!(1), &json!(1)), "{done}");
    sound(&book);
}

#[test]
fn a_row_stands_once_in_its_file_and_charges_have_no_sign() {
    let book = book(1);
    let twice = format!("{HEADER}R1,2026-11-10,5.00,EUR,a,,,,,\nR1,2026-11-10,6.00,EUR,b,,,,,\n");
    let said = refused(&book, &twice, "contradicts");
    assert!(said.contains("entry R1 stands twice in the file"), "{said}");
    refused(&book, &format!("{HEADER}R1,2026-11-10,5.00,EUR,a,,,,-2.00,\n"), "bad_amount");
    // Parts of one entry share its reference.
    let parts = format!("{HEADER}R1,2026-11-10,5.00,EUR,a,,,,,B\nR1,2026-11-10,6.00,EUR,b,,,,,B\n");
    assert_eq!(load(&book, &parts)["lines"].as_array().unwrap().len(), 2);
    sound(&book);
}

#[test]
fn what_was_paid_out_is_told_where_it_is_paid_out_again() {
    let book = book(1);
    let record = ["payment", "record", "--account", "ACC-0001", "--amount", "34.51"];
    let more = ["--date", "2026-11-05", "--reference", "x", "--gateway", "stripe", "--yes"];
    run(&book, &[&record[..], &more].concat()).ends(0);
    let import = |id: &str, gross: &str| {
        let rows = format!(
            "payout_id,payout_date,currency,type,reference,gross,fee,net\n\
             {id},2026-11-10,EUR,charge,P-000001,{gross},0.00,{gross}\n"
        );
        let file = book.file("payouts.csv", rows);
        json_of(&book, &["gateway", "import", &file])["payouts"][0]["wrong_amount"].clone()
    };
    assert_eq!(import("po_1", "34.51"), json!([]));
    assert_eq!(import("po_2", "34.51"), json!(["P-000001"]));
    assert_eq!(import("po_3", "1.00"), json!(["P-000001"]));
    sound(&book);
}
