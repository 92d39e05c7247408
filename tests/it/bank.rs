//! Money in by file, through the binary: what is refused and changes nothing, what a person says of a line and
//! takes back, processes that are killed and that meet, and the files as other programs read them.

use crate::harness::book::{Book, Ran, daybook};
use crate::harness::crash::{copy, rows};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

mod contradict;
mod readers;
mod together;

/// Invoices of 100.00 for A1 to A`accounts`, each its own account, and the bank account `main`.
fn book(accounts: usize) -> Book {
    let book = Book::without_clock();
    let mut rows = "account_number,name,currency,tax_code,iban\n".to_owned();
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance,tax_code,rate\n"
            .to_owned();
    for n in 1..=accounts {
        writeln!(rows, "ACC-{n:04},Customer {n},EUR,VAT,DE{n:04}").unwrap();
        writeln!(
            items,
            "OLD-{n:06},ACC-{n:04},invoice,2026-11-01,2026-11-30,119.00,19.00,119.00,VAT,19"
        )
        .unwrap();
    }
    let taxes =
        "tax_code,rate_percent,name,kind,reason,valid_from\nVAT,19,VAT,standard,,2026-01-01\n";
    for (name, text) in [("taxes.csv", taxes.to_owned()), ("accounts.csv", rows)] {
        let (code, said) = book.import(name, text, &[]);
        assert_eq!(code, 0, "{said}");
    }
    let items = book.file("open_items.csv", items);
    run(&book, &["import", &items, "--cutover", "2026-11-01"]).ends(0);
    let iban = "DE02120300000000202051";
    run(&book, &["bank", "account", "add", "main", "--currency", "EUR", "--iban", iban]).ends(0);
    book
}

fn run(book: &Book, args: &[&str]) -> Ran {
    book.run(&[args, &["--now", "2026-11-20"]].concat())
}

fn json_of(book: &Book, args: &[&str]) -> Value {
    run(book, &[args, &["--json"]].concat()).ends(0).json()
}

const HEADER: &str =
    "entry_ref,booked_on,amount,currency,text,iban,end_to_end,code,charges,batch\n";

/// Reads rows of payments.csv; gives the lines.
fn read(book: &Book, rows: &str) -> Vec<Value> {
    let file = book.file("payments.csv", format!("{HEADER}{rows}"));
    let done = json_of(book, &["bank", "import", &file, "--account", "main"]);
    done["lines"].as_array().unwrap().clone()
}

/// Reports that tie, and every invariant.
fn sound(book: &Book) {
    for name in ["bank", "gateway", "unidentified", "aging", "rollforward", "tax", "trial-balance"]
    {
        let said = json_of(book, &["report", name, "--as-of", "2026-11-30"]);
        for tie in said["ties"].as_array().unwrap() {
            assert_eq!(tie["ok"], true, "{name}: {tie}");
        }
    }
    book.run(&["check"]).ends(0);
}

fn balances(book: &Book) -> Value {
    let said = json_of(book, &["report", "trial-balance", "--as-of", "2026-11-30"]);
    let closing = said["rows"].as_array().unwrap().iter().filter(|r| r["closing"] != "0.00");
    let named =
        closing.map(|r| (r["ledger_account"].as_str().unwrap().to_owned(), r["closing"].clone()));
    Value::Object(named.collect())
}

fn camt(iban: &str, currency: &str, (opening, closing): (&str, &str), entries: &str) -> String {
    let balance = |code: &str, amount: &str, day: &str| {
        let side = if amount.starts_with('-') { "DBIT" } else { "CRDT" };
        let amount = amount.trim_start_matches('-');
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"{currency}\">{amount}</Amt>\
             <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-10T00:00:00</CreDtTm></GrpHdr><Stmt><Id>S-1</Id>\
         <CreDtTm>2026-11-10T00:00:00</CreDtTm><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", opening, "2026-11-10"),
        balance("CLBD", closing, "2026-11-10"),
    )
}

fn entry(reference: &str, amount: &str, day: &str, text: &str) -> String {
    let side = if amount.starts_with('-') { "DBIT" } else { "CRDT" };
    let amount = amount.trim_start_matches('-');
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>\
         <BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Amt Ccy=\"EUR\">{amount}</Amt>\
         <CdtDbtInd>{side}</CdtDbtInd><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
}

const MAIN: &str = "DE02120300000000202051";

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    let book = book(3);
    let good = entry("R1", "119.00", "2026-11-10", "OLD-000001");
    let fine = camt(MAIN, "EUR", ("0.00", "119.00"), &good);
    let file = book.file("good.xml", &fine);
    run(&book, &["bank", "import", &file]).ends(0);
    let before = (balances(&book), rows(&book.path, "SELECT id, state, rule FROM bank_line"));
    let twice = entry("R1", "120.00", "2026-11-10", "OLD-000001");
    let turned = entry("R1", "-119.00", "2026-11-10", "OLD-000001");
    let later = entry("R2", "5.00", "2026-12-24", "x");
    let other = entry("R2", "119.00", "2026-11-10", "OLD-000002");
    for (name, text, more, code) in [
        ("truncated", fine[..fine.len() - 60].to_owned(), &[][..], "bad_input"),
        ("half a row", format!("{HEADER}R2,2026-11-12"), &[], "bad_input"),
        ("sum", camt(MAIN, "EUR", ("119.00", "119.00"), &other), &[], "statement_does_not_add_up"),
        (
            "control total",
            format!("{HEADER}R2,2026-11-12,5.00,EUR,,,,,,\n"),
            &["--control-total", "6.00"],
            "statement_does_not_add_up",
        ),
        (
            "control count",
            format!("{HEADER}R2,2026-11-12,5.00,EUR,,,,,,\n"),
            &["--control-count", "2"],
            "statement_does_not_add_up",
        ),
        ("currency", camt(MAIN, "USD", ("0.00", "0.00"), ""), &[], "other_currency"),
        (
            "currency of a row",
            format!("{HEADER}R2,2026-11-12,5.00,USD,,,,,,\n"),
            &[],
            "other_currency",
        ),
        ("wrong book", camt("DE99", "EUR", ("0.00", "0.00"), ""), &[], "other_bank_account"),
        ("contradiction", camt(MAIN, "EUR", ("0.00", "120.00"), &twice), &[], "contradicts"),
        ("wrong sign", camt(MAIN, "EUR", ("119.00", "0.00"), &turned), &[], "contradicts"),
        (
            "other entries of the same days",
            camt(MAIN, "EUR", ("0.00", "119.00"), &other),
            &[],
            "contradicts",
        ),
        ("a day to come", camt(MAIN, "EUR", ("119.00", "124.00"), &later), &[], "bad_date"),
        (
            "backwards",
            fine.replace(
                "<Dt>2026-11-10</Dt></Dt></Bal><Ntry>",
                "<Dt>2026-11-09</Dt></Dt></Bal><Ntry>",
            ),
            &[],
            "goes_backwards",
        ),
        ("too fine", format!("{HEADER}R2,2026-11-12,5.001,EUR,,,,,,\n"), &[], "bad_input"),
        ("nothing", format!("{HEADER}R2,2026-11-12,0.00,EUR,,,,,,\n"), &[], "bad_amount"),
        (
            "a document type",
            fine.replace("<Document", "<!DOCTYPE x [<!ENTITY e 'y'>]><Document"),
            &[],
            "bad_input",
        ),
        ("an entity", fine.replace("OLD-000001", "&e;"), &[], "bad_input"),
    ] {
        let file = book.file("bad.txt", text);
        let args = ["bank", "import", &file, "--account", "main", "--json"];
        let ran = run(&book, &[&args[..], more].concat());
        assert_eq!(ran.code, 2, "{name}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains(&format!("\"{code}\"")), "{name}: {}", ran.err);
        let after = (balances(&book), rows(&book.path, "SELECT id, state, rule FROM bank_line"));
        assert_eq!(after, before, "{name}");
    }
    let file = book.file("unknown.xml", camt("DE99", "EUR", ("0.00", "0.00"), ""));
    let ran = run(&book, &["bank", "import", &file, "--json"]);
    assert!(ran.code == 2 && ran.err.contains("unknown_bank_account"), "{}", ran.err);
    // The same under another name, and read with blanks between.
    let file = book.file("again.xml", fine.replace("<Ntry>", "\n  <Ntry>"));
    let done = json_of(&book, &["bank", "import", &file]);
    assert_eq!(
        (&done["statements"][0]["added"], &done["statements"][0]["known"]),
        (&json!(0), &json!(1))
    );
    sound(&book);
}

#[test]
fn one_bad_line_refuses_its_statement_not_the_others() {
    let book = book(3);
    let good =
        camt(MAIN, "EUR", ("0.00", "119.00"), &entry("R1", "119.00", "2026-11-10", "OLD-000001"));
    let bad =
        camt(MAIN, "EUR", ("119.00", "119.00"), &entry("R2", "119.00", "2026-11-10", "OLD-000002"));
    let inner = |text: &str| {
        let from = text.find("<Stmt>").unwrap();
        text[from..text.find("</BkToCstmrStmt>").unwrap()].to_owned()
    };
    let both = good.replace("</BkToCstmrStmt>", &format!("{}</BkToCstmrStmt>", inner(&bad)));
    let file = book.file("both.xml", both);
    let ran = run(&book, &["bank", "import", &file, "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let done = ran.json();
    assert_eq!(done["statements"][0]["added"], 1);
    assert_eq!(done["statements"][1]["refused"], "statement_does_not_add_up");
    assert_eq!(balances(&book)["cash:main"], "119.00");
    // Of several files one that cannot be read keeps no other out.
    let (half, whole) = (
        book.file("half.xml", &good[..300]),
        book.file("next.csv", format!("{HEADER}N1,2026-11-11,7.00,EUR,,,,,,\n")),
    );
    let ran = run(&book, &["bank", "import", &half, &whole, "--account", "main", "--json"]);
    assert_eq!((ran.code, ran.json()["statements"][0]["refused"].clone()), (1, json!("bad_input")));
    assert_eq!(balances(&book)["unidentified"], "-7.00");
    sound(&book);
}

#[test]
fn a_person_says_what_a_line_is_and_takes_it_back() {
    let book = book(3);
    let open = balances(&book);
    let lines = read(
        &book,
        "R1,2026-11-10,119.00,EUR,OLD-000001,,,,,\nR2,2026-11-10,300.00,EUR,who,XX1,,,,\n\
         R3,2026-11-11,-4.50,EUR,fee,,,,,\nR4,2026-11-11,-50.00,EUR,to savings,,,,,\n",
    );
    let id = |n: usize| lines[n]["line"].as_str().unwrap().to_owned();
    assert_eq!(lines[0]["rule"], "number");
    let first = id(0);
    json_of(&book, &["bank", "unmatch", &first, "--reason", "of another"]);
    sound(&book);
    let done = json_of(
        &book,
        &["bank", "identify", &first, "--account", "ACC-0001", "--for", "OLD-000001"],
    );
    assert_eq!(
        (&done["state"], &done["applied"]["OLD-000001"]),
        (&json!("Matched"), &json!("119.00"))
    );
    sound(&book);
    // Split: two customers, and a rest that pays nothing yet.
    let second = id(1);
    let part =
        json_of(&book, &["bank", "match", &second, "--to", "OLD-000002", "--amount", "119.00"]);
    assert_eq!((&part["state"], &part["unidentified"]), (&json!("Part"), &json!("181.00")));
    let rest = json_of(&book, &["bank", "identify", &second, "--account", "ACC-0003"]);
    assert_eq!((&rest["state"], &rest["unapplied"]), (&json!("Unapplied"), &json!("181.00")));
    let ran = run(&book, &["bank", "identify", &second, "--account", "ACC-0003", "--json"]);
    assert!(ran.code == 2 && ran.err.contains("nothing_unidentified"), "{}", ran.err);
    let used = json_of(&book, &["bank", "match", &second, "--to", "OLD-000003"]);
    assert_eq!(used["unapplied"], "62.00");
    sound(&book);
    assert_eq!(json_of(&book, &["bank", "own", &id(2)])["state"], "Own");
    json_of(&book, &["bank", "own", &id(3), "--as", "transfer"]);
    let there = balances(&book);
    assert_eq!(
        (&there["bank_fee"], &there["transit"], &there["credit"]),
        (&json!("4.50"), &json!("50.00"), &json!("-62.00"))
    );
    sound(&book);
    // An IBAN that paid for two accounts is nobody's rule.
    let again = read(&book, "R5,2026-11-12,10.00,EUR,who,XX1,,,,\n");
    assert_eq!(again[0]["rule"], "none");
    for n in 0..4 {
        json_of(&book, &["bank", "unmatch", &id(n), "--reason", "all wrong"]);
        sound(&book);
    }
    let there = balances(&book);
    assert_eq!(
        (&there["receivable"], &there["unidentified"]),
        (&open["receivable"], &json!("-374.50"))
    );
    assert_eq!((&there["credit"], &there["bank_fee"]), (&Value::Null, &Value::Null));
    let listed = json_of(&book, &["bank", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 5);
}

#[test]
fn what_is_learned_pays_the_next_time_until_it_is_taken_back() {
    let book = book(2);
    let rule = |of: &str, amount: &str| {
        let rows = format!("{of},2026-11-10,{amount},EUR,thanks,GB99X,,,,\n");
        read(&book, &rows).remove(0)
    };
    let first = rule("R1", "19.00");
    assert_eq!(first["rule"], "none");
    json_of(&book, &["bank", "identify", first["line"].as_str().unwrap(), "--account", "ACC-0001"]);
    let second = rule("R2", "119.00");
    assert_eq!((&second["rule"], &second["account"]), (&json!("payer_exact"), &json!("ACC-0001")));
    for line in [&first, &second] {
        json_of(&book, &["bank", "unmatch", line["line"].as_str().unwrap(), "--reason", "wrong"]);
    }
    assert_eq!(rule("R3", "119.00")["rule"], "none");
    sound(&book);
}

#[test]
fn a_difference_carries_its_share_of_tax() {
    let book = book(2);
    run(&book, &["settings", "set", "match.tolerance", "EUR 1.19"]).ends(0);
    let lines = read(
        &book,
        "R1,2026-11-10,117.81,EUR,OLD-000001,,,,,\nR2,2026-11-10,117.80,EUR,OLD-000002,,,,,\n",
    );
    assert_eq!(
        (&lines[0]["difference"], &lines[1]["difference"]),
        (&json!("1.19"), &json!("0.00"))
    );
    let there = balances(&book);
    assert_eq!((&there["payment_difference"], &there["tax:VAT"]), (&json!("1.00"), &json!("0.19")));
    sound(&book);
    let said = json_of(&book, &["report", "tax", "--period", "2026-11"]);
    let row = said["rows"].as_array().unwrap().iter().find(|r| r["tax_code"] == "VAT").unwrap();
    assert_eq!((&row["base"], &row["tax"]), (&json!("-1.00"), &json!("-0.19")));
    json_of(&book, &["bank", "unmatch", lines[0]["line"].as_str().unwrap(), "--reason", "wrong"]);
    assert_eq!(balances(&book)["payment_difference"], Value::Null);
    sound(&book);
}

#[test]
fn a_return_comes_once_and_never_above_its_payment() {
    let book = book(2);
    let paid = read(&book, "R1,2026-11-10,119.00,EUR,OLD-000001,,,,,\n");
    let payment = paid[0]["payment"].as_str().unwrap();
    let back = |of: &str, amount: &str| {
        let rows = format!("{HEADER}{of},2026-11-12,{amount},EUR,,,{payment},AM04,3.00,\n");
        let file = book.file("back.csv", rows);
        run(&book, &["bank", "import", &file, "--account", "main", "--json"])
    };
    let above = back("R2", "-119.01");
    assert!(above.code == 2 && above.err.contains("return_above_payment"), "{}", above.err);
    let once = back("R2", "-119.00").ends(0).json();
    assert_eq!(once["lines"][0]["rule"], "own_return");
    let there = balances(&book);
    assert_eq!((&there["bank_fee"], &there["cash:main"]), (&json!("3.00"), &json!("-3.00")));
    let twice = back("R3", "-119.00");
    assert!(twice.code == 2 && twice.err.contains("return_above_payment"), "{}", twice.err);
    sound(&book);
    json_of(
        &book,
        &["bank", "unmatch", once["lines"][0]["line"].as_str().unwrap(), "--reason", "not ours"],
    );
    assert_eq!(balances(&book)["unidentified"], "119.00");
    sound(&book);
}

#[test]
fn a_preview_books_nothing_and_details_explain_an_entry() {
    let book = book(3);
    let plain = entry("R1", "238.00", "2026-11-10", "batch");
    let statement = camt(MAIN, "EUR", ("0.00", "238.00"), &plain);
    let preview = statement
        .replace("camt.053", "camt.052")
        .replace("BkToCstmrStmt", "BkToCstmrAcctRpt")
        .replace("Stmt>", "Rpt>");
    let file = book.file("preview.xml", preview);
    let done = json_of(&book, &["bank", "import", &file]);
    assert_eq!(
        (&done["statements"][0]["added"], &done["statements"][0]["not_booked"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(balances(&book)["cash:main"], Value::Null);
    let file = book.file("statement.xml", &statement);
    run(&book, &["bank", "import", &file]).ends(0);
    assert_eq!(balances(&book)["unidentified"], "-238.00");
    sound(&book);
    let notice = |of: &str| {
        let part = |text: &str| {
            format!(
                "<TxDtls><Amt Ccy=\"EUR\">119.00</Amt><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
            )
        };
        let told = entry(of, "238.00", "2026-11-10", "batch");
        let from = told.find("<TxDtls>").unwrap();
        let parts = format!("{}{}</NtryDtls></Ntry>", part("OLD-000001"), part("OLD-000002"));
        let told = camt(MAIN, "EUR", ("0.00", "0.00"), &format!("{}{parts}", &told[..from]));
        let text =
            told.replace("camt.053", "camt.054").replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn");
        book.file("notice.xml", text.replace("Stmt>", "Ntfctn>"))
    };
    // After its entry, and before another one.
    let done = json_of(&book, &["bank", "import", &notice("R1")]);
    assert_eq!(done["lines"][1]["applied"]["OLD-000002"], "119.00");
    assert_eq!(balances(&book)["unidentified"], Value::Null);
    sound(&book);
    json_of(&book, &["bank", "import", &notice("R2")]);
    let next =
        camt(MAIN, "EUR", ("238.00", "476.00"), &entry("R2", "238.00", "2026-11-10", "batch"));
    let done = json_of(&book, &["bank", "import", &book.file("next.xml", &next)]);
    assert_eq!(done["lines"].as_array().unwrap().len(), 2);
    assert_eq!(balances(&book)["credit"], "-238.00");
    let again = json_of(
        &book,
        &["bank", "import", &book.file("again.xml", next.replace("<Ntry>", "<Ntry> "))],
    );
    assert_eq!(
        (&again["statements"][0]["added"], &again["statements"][0]["known"]),
        (&json!(0), &json!(2))
    );
    sound(&book);
}

#[test]
fn payouts_are_held_against_what_is_known() {
    let book = book(2);
    let head = "payout_id,payout_date,currency,type,reference,gross,fee,net\n";
    let import = |rows: &str| {
        let file = book.file("payouts.csv", format!("{head}{rows}"));
        run(&book, &["gateway", "import", &file, "--gateway", "stripe", "--json"])
    };
    let wrong = import("po_1,2026-11-10,EUR,charge,ch_1,10.00,1.00,9.01\n");
    assert!(wrong.code == 2 && wrong.err.contains("payout_does_not_add_up"), "{}", wrong.err);
    let done = import("po_1,2026-11-10,EUR,charge,ch_1,10.00,1.00,9.00\n").ends(0).json();
    assert_eq!(done["payouts"][0]["unknown"], json!(["ch_1"]));
    assert_eq!(
        import("po_1,2026-11-10,EUR,charge,ch_1,10.00,1.00,9.00\n").ends(0).json()["payouts"][0]["known"],
        true
    );
    let other = import("po_1,2026-11-10,EUR,charge,ch_1,11.00,1.00,10.00\n");
    assert!(other.code == 2 && other.err.contains("contradicts"), "{}", other.err);
    // The bank's line may come before the gateway's file.
    let early = read(&book, "R1,2026-11-11,20.00,EUR,STRIPE PO_2,,,,,\n");
    assert_eq!(early[0]["rule"], "none");
    import("po_2,2026-11-10,EUR,charge,ch_2,21.00,1.00,20.00\n").ends(0);
    let there = balances(&book);
    assert_eq!((&there["transit"], &there["unidentified"]), (&json!("9.00"), &Value::Null));
    sound(&book);
}

#[test]
fn what_a_bank_dates_in_a_closed_month_counts_from_the_first_open_day() {
    let book = book(1);
    run(&book, &["period", "close", "2026-10", "--yes"]).ends(0);
    let lines =
        read(&book, "R1,2026-10-15,119.00,EUR,OLD-000001,,,,,\nR2,2026-10-16,5.00,EUR,who,,,,,\n");
    assert_eq!(lines[0]["applied"]["OLD-000001"], "119.00");
    let listed = json_of(&book, &["bank", "list", "--state", "Matched"]);
    assert_eq!(
        (&listed[0]["value_on"], &listed[0]["booked_on"]),
        (&json!("2026-10-15"), &json!("2026-11-01"))
    );
    for day in ["2026-10-15", "2026-10-31", "2026-11-01"] {
        for name in ["bank", "unidentified"] {
            let said = json_of(&book, &["report", name, "--as-of", day]);
            assert!(
                said["ties"].as_array().unwrap().iter().all(|tie| tie["ok"] == true),
                "{day} {said}"
            );
        }
    }
    sound(&book);
}

const STANDS: &str =
    "SELECT l.key, l.state, l.rule, l.amount_minor, l.unidentified_minor, a.number FROM bank_line l
    LEFT JOIN account a ON a.id = l.account_id ORDER BY 1";

fn many(lines: usize) -> String {
    let mut text = format!("bank_account,{HEADER}");
    for n in 1..=lines {
        match n % 4 {
            0 => writeln!(text, "main,,2026-11-{:02},5.00,EUR,the same,,,,,", n % 9 + 1),
            1 => writeln!(text, "main,T{n},2026-11-10,119.00,EUR,OLD-{n:06},,,,,"),
            2 => writeln!(text, "main,T{n},2026-11-10,119.00,EUR,thanks,DE{n:04},,,,"),
            _ => writeln!(text, "main,T{n},2026-11-10,-1.00,EUR,fee,,,,,"),
        }
        .unwrap();
    }
    text
}

#[test]
fn a_killed_import_goes_on_and_each_line_is_there_once() {
    let book = book(600);
    let file = book.file("many.csv", many(600));
    let go = |path: &Path| {
        daybook(path, &["bank", "import", &file, "--now", "2026-11-20"]).ends(0);
    };
    let dir = tempfile::tempdir().unwrap();
    let whole = copy(&book.path, dir.path());
    go(&whole);
    let wanted = rows(&whole, STANDS);
    assert_eq!(wanted.len(), 600);
    let mut killed = 0;
    for point in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let copy = copy(&book.path, dir.path());
        let mut child = Command::new(env!("CARGO_BIN_EXE_daybook"))
            .args([
                "--book",
                copy.to_str().unwrap(),
                "bank",
                "import",
                &file,
                "--now",
                "2026-11-20",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let conn = rusqlite::Connection::open(&copy).unwrap();
        conn.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        loop {
            let there: i64 =
                conn.query_row("SELECT count(*) FROM bank_line", [], |r| r.get(0)).unwrap();
            if there >= point * 30 {
                break;
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::yield_now();
        }
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        drop(conn);
        daybook(&copy, &["check"]).ends(0);
        go(&copy);
        assert_eq!(rows(&copy, STANDS), wanted, "killed at {point}");
        daybook(&copy, &["check"]).ends(0);
    }
    assert!(killed >= 10, "only {killed} were alive to be killed");
}

#[test]
fn processes_that_read_one_file_together_book_each_line_once() {
    let book = book(400);
    let file = book.file("many.csv", many(400));
    let one = || {
        Command::new(env!("CARGO_BIN_EXE_daybook"))
            .args([
                "--book",
                book.path.to_str().unwrap(),
                "bank",
                "import",
                &file,
                "--now",
                "2026-11-20",
                "--json",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let all: Vec<_> = (0..4).map(|_| one()).collect();
    let mut added = 0;
    for child in all {
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let done: Value = serde_json::from_slice(&out.stdout).unwrap();
        added += done["statements"][0]["added"].as_u64().unwrap();
    }
    assert_eq!(added, 400);
    assert_eq!(rows(&book.path, STANDS).len(), 400);
    sound(&book);
}
