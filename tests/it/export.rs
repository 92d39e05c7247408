//! The journal read by other people's programs: it balances, and says what the screens say.

use crate::harness::book::Book;
use crate::harness::collect::{owing, sound};
use crate::harness::document::tool;
use crate::harness::export::hledger_agrees;

/// A book with money events of every kind, in three currencies' digits.
fn busy() -> Book {
    let book = owing(&["ok", "ok", "decline:05", "timeout_after", "ok", "submitted"]);
    let accounts = "account_number,name,currency\nJ1,日本,JPY\nB1,Bahrain,BHD\n";
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-J,J1,invoice,2025-12-16,2026-01-02,1500,0,1500\n\
        INV-B,B1,invoice,2025-12-16,2026-01-02,1.505,0,1.505\n\
        CM-1,A1,credit_memo,2025-12-20,2025-12-20,-2.50,0.00,-2.50\n";
    book.import("more_accounts.csv", accounts, &[]);
    book.import("more_items.csv", items, &[]);
    book.run(&["payment", "record", "--account", "J1", "--amount", "2000", "--reference", "wire"])
        .ends(0);
    book.run(&["payment", "record", "--account", "B1", "--amount", "1.005", "--reference", "wire"])
        .ends(0);
    book.run(&["collect", "--target", "2026-01-31"]).ends(1);
    book.run(&["payment", "refund", "P-3", "--amount", "1.50", "--reason", "goodwill"]).ends(0);
    book.run(&["clock", "set", "2026-02-01"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    book.run(&["payment", "chargeback", "P-4"]).ends(0);
    sound(&book);
    book
}

#[test]
fn hledger_reads_the_journal_and_its_receivables_are_the_books() {
    let book = busy();
    let file = book.dir.path().join("book.journal");
    hledger_agrees(&book.path, &file, &[("EUR", 2), ("JPY", 0), ("BHD", 3)]);
    // A file that is there is never written over.
    book.run(&["export", "journal", "--output", file.to_str().unwrap()]).ends(2);
}

#[test]
fn beancount_reads_the_journal() {
    let book = busy();
    let file = book.dir.path().join("book.beancount");
    let path = file.to_str().unwrap();
    book.run(&["export", "journal", "--format", "beancount", "--output", path]).ends(0);
    let program = std::env::var("DAYBOOK_BEAN_CHECK").unwrap_or_else(|_| "bean-check".to_owned());
    tool(&program, &[path]);
}

#[test]
fn the_csv_has_every_entry_and_formats_nobody_knows_are_refused() {
    let book = busy();
    let csv = book.run(&["export", "journal", "--format", "csv"]).ends(0).out;
    let entries = book.count("SELECT count(*) FROM ledger_entry");
    assert_eq!(csv.lines().count() as i64, entries + 1);
    let mut sums = std::collections::BTreeMap::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let amount = |at: usize| match cells[at] {
            "" => rust_decimal::Decimal::ZERO,
            text => text.parse().unwrap_or_else(|e| panic!("{text} in {line}: {e}")),
        };
        *sums.entry(cells[6].to_owned()).or_insert(rust_decimal::Decimal::ZERO) +=
            amount(7) - amount(8);
    }
    assert_eq!(sums.len(), 3, "a currency is missing: {sums:?}");
    assert!(sums.values().all(rust_decimal::Decimal::is_zero), "{sums:?}");
    book.run(&["export", "journal", "--format", "pdf"]).ends(2);
    book.run(&["export", "journal", "--json"]).ends(2);
}
