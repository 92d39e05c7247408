//! What banks say and what waits for it: the rows of a close, and reminders, go by the statements that were
//! read; where there is no bank account, by a clerk's word.

use crate::harness::book::Book;
use serde_json::Value;
use std::collections::BTreeMap;

/// A1 owes 10.00 since the 2nd of November on INV-1, A2 on INV-2; the clock stands at the 1st of December.
fn owing(banks: &[&str]) -> Book {
    let book = Book::new("2026-10-20");
    let accounts = "account_number,name,currency,email\n\
        A1,One,EUR,one@example.com\nA2,Two,EUR,two@example.com\n";
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-1,A1,invoice,2026-10-15,2026-11-02,10.00,0.00,10.00\n\
        INV-2,A2,invoice,2026-10-15,2026-11-02,10.00,0.00,10.00\n";
    assert_eq!(book.import("accounts.csv", accounts, &[]).0, 0);
    assert_eq!(book.import("items.csv", items, &["--cutover", "2026-10-15"]).0, 0);
    banks.iter().for_each(|name| add_account(&book, name));
    book.run(&["clock", "set", "2026-12-01"]).ends(0);
    book
}

fn add_account(book: &Book, name: &str) {
    let add = ["bank", "account", "add", name, "--currency", "EUR", "--iban", iban(name)];
    book.run(&add).ends(0);
}

fn iban(name: &str) -> &'static str {
    if name == "main" { "DE02120300000000202051" } else { "DE02500105170137075030" }
}

/// A statement of days with one entry on its last.
fn statement(
    book: &Book,
    (name, id): (&str, &str),
    (from, to): (&str, &str),
    (opening, amount, closing): (&str, &str, &str),
    text: &str,
) {
    let balance = |code: &str, amount: &str, day: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        )
    };
    let entry = format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>{to}</Dt></BookgDt><AcctSvcrRef>{id}</AcctSvcrRef><NtryDtls><TxDtls>\
         <Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>{text}</Ustrd></RmtInf>\
         </TxDtls></NtryDtls></Ntry>"
    );
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr>\
         <MsgId>{id}</MsgId><CreDtTm>{to}T20:00:00</CreDtTm></GrpHdr><Stmt><Id>{id}</Id>\
         <CreDtTm>{to}T20:00:00</CreDtTm><Acct><Id><IBAN>{}</IBAN></Id><Ccy>EUR</Ccy></Acct>\
         {}{}{entry}</Stmt></BkToCstmrStmt></Document>",
        iban(name),
        balance("OPBD", opening, from),
        balance("CLBD", closing, to),
    );
    let file = book.file(&format!("{name}-{id}.xml"), xml);
    book.run(&["bank", "import", &file]).ends(0);
}

fn rows(book: &Book) -> BTreeMap<String, Value> {
    let list = book.run(&["period", "close", "2026-11", "--dry-run", "--json"]).ends(0).json();
    let rows = list["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["code"].as_str().unwrap().to_owned(), row.clone())).collect()
}

/// What is left of the rows about banks.
fn left(book: &Book) -> BTreeMap<String, i64> {
    const OF_BANKS: [&str; 6] = [
        "bank_lines_new",
        "statements_missing",
        "bank_unread",
        "unidentified",
        "payouts_in_transit",
        "not_in_bank",
    ];
    let all = rows(book).into_iter().map(|(code, row)| (code, row["count"].as_i64().unwrap()));
    all.filter(|(code, n)| OF_BANKS.contains(&code.as_str()) && *n != 0).collect()
}

fn reminded(book: &Book) -> usize {
    let said = book.run(&["payment", "remind", "--dry-run", "--json"]).ends(0).json();
    said["sent"].as_array().unwrap().len()
}

fn is(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(code, n)| ((*code).to_owned(), *n)).collect()
}

#[test]
fn a_close_wants_statements_of_every_account_through_the_last_banking_day() {
    let book = owing(&["main", "other"]);
    assert_eq!(left(&book), is(&[("bank_unread", 2)]));
    statement(&book, ("main", "S1"), ("2026-11-02", "2026-11-12"), ("0.00", "4.00", "4.00"), "x");
    statement(&book, ("main", "S3"), ("2026-11-20", "2026-11-30"), ("9.00", "1.00", "10.00"), "y");
    statement(&book, ("other", "T1"), ("2026-11-02", "2026-11-30"), ("0.00", "2.00", "2.00"), "z");
    // One is missing in between: what is read behind it does not count.
    let all = [("bank_unread", 1), ("statements_missing", 1), ("unidentified", 3)];
    assert_eq!(left(&book), is(&all));
    let unread = &rows(&book)["bank_unread"];
    assert!(unread["named"][0].as_str().unwrap().contains("main is read until 2026-11-12"));
    assert_eq!((&unread["weight"], &unread["opens"]), (&"blocks".into(), &"bank import".into()));
    let refused = book.run(&["period", "close", "2026-11", "--yes"]).ends(2);
    assert!(refused.err.contains("main before S3"), "{}", refused.err);
    statement(&book, ("main", "S2"), ("2026-11-13", "2026-11-19"), ("4.00", "5.00", "9.00"), "w");
    assert_eq!(left(&book), is(&[("unidentified", 4)]), "it warns");
    // What a clerk recorded and no statement shows.
    let record = |on: &str| {
        let args = ["payment", "record", "--account", "A1", "--amount", "10", "--reference", "r"];
        book.run(&[&args[..], &["--date", on]].concat()).ends(0);
    };
    record("2026-11-17");
    assert_eq!(left(&book), is(&[("not_in_bank", 1), ("unidentified", 4)]));
    let payouts = "payout_id,payout_date,currency,type,reference,gross,fee,net\n\
        po_1,2026-11-18,EUR,adjustment,x,50.00,0.00,50.00\n";
    let file = book.file("payouts.csv", payouts);
    book.run(&["gateway", "import", &file]);
    assert_eq!(left(&book)["payouts_in_transit"], 1);
    book.run(&["period", "close", "2026-11", "--yes"]);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_clerks_word_stands_for_a_quiet_account_and_where_there_is_none() {
    let book = owing(&[]);
    assert_eq!(left(&book), is(&[]), "no bank is read here");
    book.run(&["bank", "read-until", "2026-11-26"]).ends(0);
    assert_eq!(left(&book), is(&[("bank_unread", 2)]), "Friday and Monday");
    // An account that was added after the month is none of it.
    add_account(&book, "main");
    assert_eq!(left(&book), is(&[]));
    statement(&book, ("main", "S1"), ("2026-11-02", "2026-11-12"), ("0.00", "4.00", "4.00"), "x");
    assert_eq!(left(&book)["bank_unread"], 1);
    book.run(&["bank", "read-until", "2026-11-30"]).ends(0);
    assert_eq!(left(&book), is(&[("unidentified", 1)]));
}

#[test]
fn reminders_wait_for_the_statements_of_every_account_in_use() {
    let book = owing(&[]);
    assert_eq!(reminded(&book), 2, "nobody reads a bank here");
    add_account(&book, "main");
    assert_eq!(reminded(&book), 0, "there is one, and it is not read");
    statement(&book, ("main", "S1"), ("2026-11-02", "2026-11-30"), ("0.00", "4.00", "4.00"), "x");
    assert_eq!(reminded(&book), 2);
    // Another account is read to the day on which both were due: both may have paid there.
    add_account(&book, "other");
    assert_eq!(reminded(&book), 2, "what has no statement is not in use");
    statement(&book, ("other", "T1"), ("2026-11-02", "2026-11-02"), ("0.00", "2.00", "2.00"), "z");
    assert_eq!(reminded(&book), 0);
    // A statement behind one that is missing says nothing of the days before it.
    statement(&book, ("other", "T3"), ("2026-11-20", "2026-11-30"), ("7.00", "1.00", "8.00"), "y");
    assert_eq!(reminded(&book), 0);
    book.run(&["bank", "read-until", "2026-11-05"]).ends(0);
    assert_eq!(reminded(&book), 2, "unless a clerk says that it is read");
    let said = book.run(&["status", "--json"]).json();
    let steps = said["steps"].as_array().unwrap();
    let bank = steps.iter().find(|step| step["step"] == "bank").unwrap();
    assert_eq!(bank["count"], 3, "{bank}");
}
