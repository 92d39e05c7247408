//! Money on its day: what is owed by document on every day, whatever is recorded when.

use crate::book::Book;
use crate::collect::owing;

/// What the ledger says on a day, minor units; entries of no document as document ''.
fn ledger(book: &Book, account: &str, document: &str, day: &str) -> i64 {
    book.count(&format!(
        "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry e
         LEFT JOIN document d ON d.id = e.document_id
         WHERE e.account = '{account}' AND coalesce(d.number, '') = '{document}' AND e.entry_on <= '{day}'"
    ))
}

fn record(book: &Book, amount: &str, on: &str) {
    let mut args = vec!["payment", "record", "--account", "A1", "--amount", amount];
    args.extend(["--date", on, "--reference", on, "--invoice", "INV-1"]);
    book.run(&args).ends(0);
}

#[test]
fn money_is_credit_until_its_invoice_has_a_date() {
    let book = owing(&[""]);
    record(&book, "10.00", "2025-12-01");
    assert_eq!(ledger(&book, "credit", "", "2025-12-14"), -1_000);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2025-12-14"), 0);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2025-12-15"), 0);
    assert_eq!(ledger(&book, "credit", "", "2025-12-15"), 0);
    // It goes back on a day on which it paid nothing yet: then the invoice never was paid.
    book.run(&["payment", "return", "P-000001", "--code", "AC04", "--date", "2025-12-05"]).ends(0);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2025-12-15"), 1_000);
    assert_eq!(ledger(&book, "cash:outside", "", "2025-12-05"), 0);
    book.is_sound();
}

#[test]
fn what_goes_back_names_its_invoice_on_a_day_between_the_payment_and_today() {
    let book = owing(&[""]);
    record(&book, "10.00", "2026-01-02");
    for day in ["2016-03-01", "2026-01-01", "2062-01-01"] {
        let args = ["payment", "return", "P-000001", "--code", "MD06", "--date", day, "--json"];
        let ran = book.run(&args).ends(2);
        assert!(ran.err.contains("bad_date"), "{}", ran.err);
    }
    book.run(&["payment", "return", "P-000001", "--code", "MD06", "--date", "2026-01-03"]).ends(0);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-02"), 0);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-03"), 1_000);
    assert_eq!(ledger(&book, "receivable", "", "2026-12-31"), 0, "every entry names its document");
    book.is_sound();
}

#[test]
fn money_for_a_written_off_invoice_recovers_just_that_much() {
    let book = owing(&[""]);
    book.run(&["write-off", "INV-1", "--reason", "gone"]).ends(0);
    record(&book, "0.01", "2026-01-02");
    assert_eq!(ledger(&book, "credit", "", "2026-01-04"), -1, "credit until the write-off");
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-05"), 0);
    assert_eq!(
        book.count(
            "SELECT sum(debit_minor - credit_minor) FROM ledger_entry WHERE account = 'bad_debt'"
        ),
        999
    );
    assert_eq!(
        book.count("SELECT count(written_off_by) FROM document_state WHERE document_id = 1"),
        1
    );
    record(&book, "10.00", "2026-01-05");
    assert_eq!(ledger(&book, "credit", "", "2026-01-05"), -1);
    assert_eq!(
        book.count(
            "SELECT sum(debit_minor - credit_minor) FROM ledger_entry WHERE account = 'bad_debt'"
        ),
        0
    );
    book.is_sound();
}
#[test]
fn the_exported_journal_runs_by_day_whenever_it_was_booked() {
    let book = owing(&["", ""]);
    record(&book, "3.00", "2026-01-04");
    record(&book, "2.00", "2025-12-01");
    let text = book.run(&["export", "journal", "--format", "csv"]).ends(0).out;
    let days: Vec<&str> = text.lines().skip(1).filter_map(|l| l.split(',').nth(1)).collect();
    assert!(days.len() >= 8 && days.is_sorted(), "{days:?}");
}
