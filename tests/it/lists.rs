//! Lists longer than a page: printed as they are read, each row once, in the bytes of one document;
//! and a reader that goes away.

use crate::harness::book::{Book, binary};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Read;
use std::process::{Command, Stdio};

/// More than a page.
const ACCOUNTS: usize = 620;

/// Accounts with an invoice each, delivered, and charged: three of four have a card, and every second
/// card has no money.
fn book() -> Book {
    let book = Book::new("2026-04-01");
    let mut files = [
        "account_number,name,currency,auto_pay,delivery,email\n".to_owned(),
        "subscription_number,account_number,start_date\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,billing_period,uom\n".to_owned(),
        "account_number,token,kind,display\n".to_owned(),
        "ACCOUNT_ID,UOM,QTY,STARTDATE\n".to_owned(),
    ];
    for n in 1..=ACCOUNTS {
        let name = "é".repeat(n % 40 + 1);
        writeln!(files[0], "A{n:05},{name},EUR,true,email,c{n}@example.com").unwrap();
        writeln!(files[1], "S{n:05},A{n:05},2026-02-01").unwrap();
        writeln!(files[2], "F{n:05},S{n:05},Base,recurring,flat,1{n},month,").unwrap();
        writeln!(files[2], "G{n:05},S{n:05},Data,usage,per_unit,0.10,month,GB").unwrap();
        if n % 4 != 0 {
            let token = if n % 2 == 0 { "ok" } else { "decline:insufficient_funds" };
            writeln!(files[3], "A{n:05},{token},card,visa ··4242").unwrap();
        }
        writeln!(files[4], "A{n:05},GB,{n}.50,2026-03-{:02}", n % 28 + 1).unwrap();
    }
    let names = ["accounts", "subscriptions", "charges", "payment_methods", "usage"];
    for (name, text) in names.iter().zip(files) {
        let file = book.file(&format!("{name}.csv"), text);
        book.run(&["import", &file]).ends(0);
    }
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.run(&["deliver", "--run", "BR-000001", "--detach"]).ends(0);
    assert!(book.run(&["collect", "--target", "2026-04-01"]).code <= 1);
    book
}

/// The elements of a list, which is one document as it would be in one piece.
fn elements(book: &Book, line: &str, within: &str) -> Vec<Value> {
    let args: Vec<&str> = line.split(' ').chain(["--json"]).collect();
    let ran = book.run(&args).ends(0);
    let value = ran.json();
    assert_eq!(ran.out, serde_json::to_string_pretty(&value).unwrap() + "\n", "{line}");
    let list = if within.is_empty() { &value } else { &value[within] };
    list.as_array().unwrap().clone()
}

fn texts(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter().map(|row| row[field].to_string().trim_matches('"').to_owned()).collect()
}

/// A table says of each row what the array says of it, in its order, under its headers.
fn told_the_same(book: &Book, line: &str, ids: &[String]) {
    let args: Vec<&str> = line.split(' ').collect();
    let ran = book.run(&args).ends(0);
    let (head, rows) = ran.out.split_once('\n').unwrap();
    let at = |row: &str, n: usize| row.split_whitespace().nth(n).map(str::to_owned);
    let firsts: Vec<String> = rows.lines().filter_map(|row| at(row, 0)).collect();
    assert_eq!(firsts, ids, "{line}");
    // The second column begins under its header in every row.
    let second = head.find(&at(head, 1).unwrap()).unwrap();
    for row in rows.lines() {
        assert_eq!(row.chars().nth(second - 1), Some(' '), "{row}");
        assert_ne!(row.chars().nth(second), Some(' '), "{row}");
    }
}

#[test]
fn a_list_of_more_than_a_page_is_one_document_with_each_row_once() {
    let book = book();
    for (line, table, field) in [
        ("invoice list", "document", "id"),
        ("invoice list --run BR-000001", "document", "id"),
        ("delivery list", "delivery", "id"),
        ("payment list", "payment", "id"),
    ] {
        let ids = texts(&elements(&book, line, ""), field);
        assert_eq!(ids.len() as i64, book.count(&format!("SELECT count(*) FROM {table}")));
        assert!(ids.len() > 400, "{}", ids.len());
        assert!(ids.windows(2).all(|w| w[0] < w[1]), "{line}: in order, each once");
        told_the_same(&book, line, &ids);
    }
    let failed = book.run(&["payment", "failed", "--json"]).ends(0);
    let groups = failed.json();
    assert_eq!(failed.out, serde_json::to_string_pretty(&groups).unwrap() + "\n");
    let later = groups["retry_later"].as_array().unwrap();
    assert_eq!(
        later.len() as i64,
        book.count("SELECT count(*) FROM payment WHERE status = 'Declined'")
    );
    let usage = elements(&book, "usage list --pending --target 2026-02-01", "pending");
    assert_eq!(usage.len(), ACCOUNTS);
    assert_eq!(texts(&usage, "account_number")[499..501], ["A00500", "A00501"]);
    let said = book.run(&["usage", "list", "--pending", "--target", "2026-02-01"]).ends(0).out;
    assert!(said.contains(&format!("leaves {ACCOUNTS}\n")), "{said}");
    assert!(said.ends_with(&format!("… and {} more; --json lists all\n", ACCOUNTS - 50)), "{said}");
    let sql = elements(&book, "sql --read-only SELECT/**/id/**/FROM/**/document", "");
    assert_eq!(sql.len(), ACCOUNTS);
}

#[test]
fn the_trail_goes_on_from_page_to_page_as_far_as_it_was_asked_for() {
    let book = Book::new("2026-04-01");
    for _ in 0..3 {
        book.run(&["settings", "set", "issuer.name", "A"]).ends(0);
        book.run(&["settings", "set", "issuer.name", "B"]).ends(0);
    }
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch(
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1300)
         INSERT INTO operation (at, uid, user_name, role, verb, subject, summary, detail, op_id, prev_hash, hash)
           SELECT 0, 0, 'mia', 'admin', 'settings', 'x', 'row ' || i, '', 'op ' || i, x'', x'' FROM n",
    )
    .unwrap();
    drop(conn);
    let newest = book.count("SELECT max(seq) FROM operation");
    for limit in [0, 1, 499, 500, 501, 1000, 1200] {
        let rows = elements(&book, &format!("audit --limit {limit}"), "");
        let expected: Vec<i64> = (0..limit).map(|n| newest - n).collect();
        let seqs: Vec<i64> = rows.iter().map(|row| row["seq"].as_i64().unwrap()).collect();
        assert_eq!(seqs, expected);
    }
    let all = elements(&book, "audit --limit 4000000000", "");
    assert_eq!(all.len() as i64, book.count("SELECT count(*) FROM operation"));
    let of_x = elements(&book, "audit --subject x --limit 1250", "");
    assert_eq!(of_x.len(), 1250);
}

#[test]
fn a_reader_that_goes_away_ends_any_list_quietly() {
    let book = book();
    for line in [
        "invoice list --json",
        "invoice list",
        "payment list --json",
        "delivery list",
        "payment failed --json",
        "usage list --pending --target 2026-02-01 --json",
        "audit --limit 1000",
        "export journal",
        "export journal --format csv",
        "sql --read-only SELECT/**/*/**/FROM/**/document_item --json",
    ] {
        let mut daybook = Command::new(binary())
            .arg("--book")
            .arg(&book.path)
            .args(line.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = daybook.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        drop(out);
        let mut said = String::new();
        daybook.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "", "{line}");
        assert_eq!(daybook.wait().unwrap().code(), Some(0), "{line}");
    }
}
