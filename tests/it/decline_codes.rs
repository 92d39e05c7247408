//! Every decline code of the table, through the binary: refused at once, and returned by the bank
//! days later.

use crate::harness::book::Book;
use crate::harness::collect::{owing, payments, sandbox, sound};
use daybook::domain::decline::{DeclineRow, rows};
use daybook::domain::payment::DeclineClass;
use serde_json::Value;

/// One account for each code; `INV-n` is of the n-th row, counted from 1.
fn declined(word: &str) -> (Book, Vec<&'static DeclineRow>) {
    let rows: Vec<_> = rows().collect();
    let tokens: Vec<String> = rows.iter().map(|row| format!("{word}:{}", row.code)).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    (owing(&tokens), rows)
}

/// What differs from the table, by code.
fn wrong(book: &Book, rows: &[&DeclineRow]) -> Vec<String> {
    let payments = payments(book);
    assert_eq!(payments.len(), rows.len());
    let failed = book.run(&["payment", "failed", "--json"]).ends(0).json();
    let mut wrong = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let invoice = format!("INV-{}", n + 1);
        let found = payments.iter().find(|p| p["invoices"][0] == invoice.as_str()).unwrap();
        let said = ["status", "decline_code", "decline_class", "reply"]
            .map(|name| found[name].as_str().unwrap_or_default());
        let expected = ["Declined", row.code, row.class.as_str(), row.words];
        let group = failed[row.action.as_str()].as_array();
        let listed = group.is_some_and(|g| g.iter().any(|f| f["invoice"] == invoice.as_str()));
        // A soft decline has its next try, a hard one waits for a person.
        let again = found["next_retry_at"] != Value::Null;
        if said != expected || !listed || again == (row.class == DeclineClass::Hard) {
            wrong.push(format!("{}: {found}, in {}: {listed}", row.code, row.action));
        }
    }
    wrong
}

#[test]
fn every_code_is_shown_with_its_class_words_and_next_step() {
    let (book, rows) = declined("decline");
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    assert_eq!(wrong(&book, &rows), Vec::<String>::new());
    assert_eq!(sandbox(&book), (0, 0));
    sound(&book);
}

#[test]
fn every_code_may_come_days_later_from_the_bank() {
    let (book, rows) = declined("submitted");
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    assert_eq!(
        book.count("SELECT count(*) FROM payment WHERE status = 'Submitted'"),
        rows.len() as i64
    );
    book.run(&["clock", "set", "2026-01-08"]).ends(0);
    book.run(&["payment", "reconcile"]).ends(0);
    assert_eq!(wrong(&book, &rows), Vec::<String>::new());
    sound(&book);
}
