//! The journal read by hledger.

use crate::harness::book::daybook;
use crate::harness::document::tool;
use std::path::Path;

/// Has hledger read the exported journal of a book: it balances, and its receivables are the sums
/// of the open balances in `currencies` (with their digits). False where hledger is missing.
pub fn hledger_agrees(book: &Path, file: &Path, currencies: &[(&str, u32)]) -> bool {
    let path = file.to_str().unwrap();
    daybook(book, &["export", "journal", "--output", path]).ends(0);
    if tool("hledger", &["-f", path, "check", "ordereddates"]).is_none() {
        return false;
    }
    let account = ["-f", path, "balance", "Assets:Receivable"];
    let shape = ["--layout", "bare", "-O", "csv", "--no-total"];
    let text = tool("hledger", &[account.as_slice(), shape.as_slice()].concat()).unwrap();
    let conn = rusqlite::Connection::open(book).unwrap();
    for (currency, digits) in currencies {
        let sql = "SELECT coalesce(sum(s.balance_minor), 0) FROM document_state s
            JOIN document d ON d.id = s.document_id WHERE s.status = 'Posted'
            AND d.kind IN ('invoice','debit_memo') AND d.currency = ?1";
        let minor: i64 = conn.query_row(sql, [currency], |r| r.get(0)).unwrap();
        let line = text.lines().find(|l| l.contains(currency));
        // hledger leaves out what is zero.
        let amount = line.map_or("0", |l| l.rsplit(',').next().unwrap().trim_matches('"'));
        let read: rust_decimal::Decimal = amount.parse().unwrap();
        assert_eq!(read, rust_decimal::Decimal::new(minor, *digits), "{currency} in {text}");
    }
    let total = tool("hledger", &["-f", path, "balance", "--depth", "0"]).unwrap();
    assert!(total.lines().last().is_some_and(|l| l.trim() == "0"), "{total}");
    true
}
