//! Open items of another system: their tax, and the day from which they count.

use crate::harness::book::Book;
use serde_json::json;

/// A book with one open item, and what an adjustment of it gives.
fn brought(rows: &str, flags: &[&str]) -> Book {
    let book = Book::new("2026-11-01");
    book.import("accounts.csv", "account_number,name,currency\nA-1,Acme Ltd,EUR\n", &[]);
    let head =
        "document_number,account_number,kind,date,due_date,total,tax,balance,tax_code,rate\n";
    let (code, file) = book.import("open_items.csv", format!("{head}{rows}"), flags);
    assert_eq!(code, 0, "{file}");
    book
}

fn figures(book: &Book, line: &str) -> [String; 3] {
    let memo = book.say(&format!("{line} --reason x --json")).ends(0).json();
    ["subtotal", "tax", "total"].map(|key| memo[key].as_str().unwrap().to_owned())
}

fn moved(book: &Book, account: &str, day: &str) -> i64 {
    book.count(&format!(
        "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry
         WHERE account = '{account}' AND entry_on <= '{day}'"
    ))
}

#[test]
fn memos_of_an_open_item_carry_their_share_of_its_tax() {
    let row = "OLD-1,A-1,invoice,2026-10-15,2026-10-29,415.31,66.31,415.31,VAT19,19\n";
    let book = brought(row, &[]);
    assert_eq!(figures(&book, "adjust OLD-1 --amount 119"), ["-100.00", "-19.00", "-119.00"]);
    assert_eq!(figures(&book, "adjust OLD-1 --whole"), ["-249.00", "-47.31", "-296.31"]);
    assert_eq!(moved(&book, "tax:VAT19", "2026-11-01"), 6_631);
    assert!(book.say("adjust OLD-1 --whole --reason x").ends(2).err.contains("nothing is left"));
    book.is_sound();
    // Of one that was part paid before, what is open.
    let row = "OLD-2,A-1,invoice,2026-10-15,2026-10-29,119.00,19.00,59.50,VAT19,19\n";
    let book = brought(row, &[]);
    assert!(book.say("adjust OLD-2 --amount 59.51 --reason x").ends(2).err.contains("59.50"));
    assert_eq!(figures(&book, "adjust OLD-2 --whole"), ["-50.00", "-9.50", "-59.50"]);
    assert_eq!(book.document("OLD-2")["balance"], "0.00");
    book.is_sound();
}

#[test]
fn without_its_code_an_open_item_gives_its_tax_back_whole_or_not_at_all() {
    let row = "OLD-1,A-1,invoice,2026-10-15,2026-10-29,415.31,66.31,415.31,,\n";
    let book = brought(row, &[]);
    for line in ["--amount 100", "--line 1 --amount 100", "--debit --amount 5"] {
        let ran = book.say(&format!("adjust OLD-1 {line} --reason x --json")).ends(2);
        assert!(ran.err.contains("tax_unknown") && ran.err.contains("tax_code"), "{}", ran.err);
    }
    assert_eq!(figures(&book, "adjust OLD-1 --whole"), ["-349.00", "-66.31", "-415.31"]);
    assert_eq!(moved(&book, "tax", "2026-11-01"), 6_631);
    assert_eq!(moved(&book, "revenue", "2026-11-01"), 34_900);
    book.say("adjust OLD-1 --whole --reason x").ends(2);
    book.is_sound();
    // What was part paid before is a part.
    let row = "OLD-2,A-1,invoice,2026-10-15,2026-10-29,119.00,19.00,59.50,,\n";
    let book = brought(row, &[]);
    assert!(book.say("adjust OLD-2 --whole --reason x --json").ends(2).err.contains("tax_unknown"));
    // Without tax any part goes.
    let row = "OLD-3,A-1,invoice,2026-10-15,2026-10-29,100.00,0,60.00,,\n";
    let book = brought(row, &[]);
    assert_eq!(figures(&book, "adjust OLD-3 --amount 10"), ["-10.00", "0.00", "-10.00"]);
    assert_eq!(figures(&book, "adjust OLD-3 --whole"), ["-50.00", "0.00", "-50.00"]);
    book.is_sound();
}

#[test]
fn an_open_item_that_is_written_off_gives_its_tax_back_too() {
    let row = "OLD-1,A-1,invoice,2026-10-15,2026-10-29,415.31,66.31,415.31,VAT19,19\n";
    let book = brought(row, &[]);
    book.say("settings set write_off.tax now").ends(0);
    assert_eq!(figures(&book, "write-off OLD-1"), ["-349.00", "-66.31", "-415.31"]);
    assert_eq!(moved(&book, "bad_debt", "2026-11-01"), 34_900);
    book.is_sound();
}

#[test]
fn open_items_count_from_the_cutover_and_are_aged_from_their_due_date() {
    let rows = "OLD-1,A-1,invoice,2026-07-01,2026-07-31,119.00,0,119.00,,\n\
                OLD-2,A-1,credit_memo,2026-09-01,2026-09-01,-19.00,0,-19.00,,\n";
    let book = brought(rows, &["--cutover", "2026-10-01"]);
    for (day, owed, credit) in [("2026-09-30", 0, 0), ("2026-10-01", 11_900, -1_900)] {
        assert_eq!(moved(&book, "receivable", day), owed, "{day}");
        assert_eq!(moved(&book, "credit", day), credit, "{day}");
    }
    assert_eq!(book.document("OLD-1")["due_date"], "2026-07-31");
    book.is_sound();
    let book = brought(rows, &[]);
    assert_eq!(moved(&book, "receivable", "2026-10-31"), 0, "without it, from the day of import");
    assert_eq!(moved(&book, "receivable", "2026-11-01"), 11_900);
    // The same file again is the same, whatever the day.
    let file = book.dir.path().join("open_items.csv").to_string_lossy().into_owned();
    book.run(&["import", &file, "--cutover", "2026-10-01"]).ends(0);
    assert_eq!(moved(&book, "receivable", "2026-11-01"), 11_900);
    for (flag, word) in [("2026-11-02", "bad_date"), ("2026-10-01", "no_open_items")] {
        let path = if word == "bad_date" { &file } else { &file.replace("open_items", "accounts") };
        let ran = book.run(&["import", path, "--cutover", flag, "--json"]).ends(2);
        assert!(ran.err.contains(word), "{}", ran.err);
    }
}

#[test]
fn a_code_without_its_rate_or_with_another_tax_is_refused() {
    let book = Book::new("2026-11-01");
    book.import("accounts.csv", "account_number,name,currency\nA-1,Acme Ltd,EUR\n", &[]);
    let head =
        "document_number,account_number,kind,date,due_date,total,tax,balance,tax_code,rate\n";
    for (cells, column) in [
        ("19.00,119.00,VAT19,", "rate"),
        ("19.00,119.00,,19", "tax_code"),
        ("12.00,119.00,VAT19,19", "tax"),
        ("19.00,119.00,VAT19,-19", "rate"),
    ] {
        let row = format!("{head}OLD-1,A-1,invoice,2026-10-15,2026-10-29,119.00,{cells}\n");
        let (code, file) = book.import("open_items.csv", row, &[]);
        assert_eq!((code, &file["refused"][0]["column"]), (2, &json!(column)), "{cells}: {file}");
    }
}
