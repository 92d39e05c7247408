//! What many rows say alike is kept once, and reads as it did when each said it: the same words, the
//! same seals, whichever way a row has it.

use crate::harness::book::Book;
use rusqlite::Connection;
use std::fmt::Write;

/// Accounts with a price that all have and a quantity that none shares.
const ACCOUNTS: usize = 6;
const SHARED: &str = "SELECT count(*) FROM shared_text WHERE text LIKE '{%'";
const BY_NUMBER: &str = "SELECT count(*) FROM document_item WHERE derivation_id IS NOT NULL";
const BY_FORM: &str = "SELECT count(*) FROM document WHERE frozen_id IS NOT NULL";

/// Billed to 2026-02-01, two periods each: D-000001 to 6.
fn billed() -> Book {
    let book = Book::new("2026-02-01");
    let mut files = [
        ("taxes", "tax_code,rate_percent,name\nVAT,20,VAT\n".to_owned()),
        (
            "accounts",
            "account_number,name,currency,bill_cycle_day,payment_term,tax_code\n".to_owned(),
        ),
        ("subscriptions", "subscription_number,account_number,start_date\n".to_owned()),
        (
            "charges",
            "charge_number,subscription_number,name,type,model,price,billing_period,uom,quantity,timing\n"
                .to_owned(),
        ),
        ("usage", "ACCOUNT_ID,UOM,QTY,STARTDATE\n".to_owned()),
    ];
    for n in 1..=ACCOUNTS {
        writeln!(files[1].1, "A{n},Customer {n},EUR,1,Net 14,VAT").unwrap();
        writeln!(files[2].1, "S{n},A{n},2026-01-01").unwrap();
        writeln!(files[3].1, "B{n},S{n},Base,recurring,flat,29.90,month,,1,advance").unwrap();
        writeln!(files[3].1, "C{n},S{n},Data,usage,per_unit,0.20,month,GB,1,arrears").unwrap();
        writeln!(files[4].1, "A{n},GB,{n}.5,2026-01-05").unwrap();
    }
    for (name, text) in files {
        book.import(&format!("{name}.csv"), text, &[]);
    }
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    book
}

/// The same book, in which every row says all itself.
fn told_by_each(book: &Book, schema: usize) -> Book {
    let dir = tempfile::tempdir().unwrap();
    let copy = Book { path: dir.path().join("book.db"), dir };
    book.run(&["backup", copy.path.to_str().unwrap()]).ends(0);
    copy.of_schema(schema);
    copy.run(&["status"]).ends(0);
    assert_eq!(copy.count(BY_FORM), 0);
    copy
}

fn rows(book: &Book, sql: &str) -> Vec<String> {
    let conn = Connection::open(&book.path).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_lines_say_alike_is_kept_once_and_what_differs_stays_with_its_line() {
    let book = billed();
    let lines = (ACCOUNTS * 3) as i64;
    assert_eq!(book.count("SELECT count(*) FROM document_item"), lines);
    assert_eq!(book.count(SHARED), 1, "the flat price");
    let own =
        "SELECT count(*) FROM document_item WHERE derivation_id IS NULL AND derivation LIKE '%.5%'";
    assert_eq!(book.count(own), ACCOUNTS as i64, "a quantity of its own");
    assert_eq!(book.count(BY_NUMBER), lines * 2 / 3);
    // What is billed later says it by the same number.
    book.run(&["bill", "--target", "2026-03-01", "--account", "A1"]).ends(0);
    assert_eq!(book.count(SHARED), 1);
    let later =
        "SELECT count(*) FROM document_item WHERE document_id = 7 AND derivation_id IS NOT NULL";
    assert!(book.count(later) > 0);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_text_reads_and_seals_alike_whichever_way_a_row_has_it() {
    let new = billed();
    let old = told_by_each(&new, 30);
    assert_eq!(old.count(BY_NUMBER) + old.count(SHARED), 0);
    let both = |line: &str, code: i32| {
        let [new, old] = [&new, &old].map(|book| {
            let out = book.say(line).ends(code).out;
            // The trails of two books are two chains.
            out.lines().filter(|l| !l.starts_with("audit head")).collect::<Vec<_>>().join("\n")
        });
        assert_eq!(new, old, "{line}");
        new
    };
    for draft in 1..=ACCOUNTS {
        both(&format!("invoice show D-{draft} --json"), 0);
        let told = both(&format!("invoice explain D-{draft}"), 0);
        assert!(told.contains("29.90"), "{told}");
    }
    both("invoice edit D-2 --line 1 --set quantity=2 --reason more", 0);
    both("invoice explain D-2", 0);
    both("undo", 0);
    both("invoice explain D-2", 0);
    both("post BR-000001", 0);
    let seals = "SELECT number || ' ' || hex(content_hash) FROM document ORDER BY id";
    assert_eq!(rows(&new, seals), rows(&old, seals));
    both("invoice adjust INV-2026-000003 --whole --reason x", 2);
    both("adjust INV-2026-000003 --whole --reason x", 0);
    assert_eq!(rows(&new, seals).len(), ACCOUNTS + 1);
    assert_eq!(rows(&new, seals), rows(&old, seals));
    for book in [&new, &old] {
        book.say("bill --target 2026-03-01").ends(0);
        book.is_sound();
    }
    // Rows of both kinds side by side: the next run of the old book gave numbers.
    assert!(old.count(BY_NUMBER) > 0);
    both("invoice explain D-9", 0);
    // An undone edit of a line that said it by number says it so again.
    let line =
        "SELECT count(*) FROM document_item WHERE document_id = 2 AND derivation_id IS NOT NULL";
    assert!(new.count(line) > 0 && old.count(line) == 0);
}

#[test]
fn what_posting_froze_is_a_form_with_words_and_prints_as_it_was_sealed() {
    let new = billed();
    new.run(&["post", "BR-000001"]).ends(0);
    new.say("adjust INV-2026-000003 --whole --reason x").ends(0);
    assert_eq!(new.count(BY_FORM), ACCOUNTS as i64, "a memo has a form that no other has");
    let forms = "SELECT count(DISTINCT frozen_id) FROM document";
    assert_eq!(new.count(forms), 1);
    let old = told_by_each(&new, 31);
    for text in rows(&old, "SELECT frozen FROM document") {
        assert!(text.starts_with("{\"issuer\":{") && text.ends_with("\"logo\":\"\"}"), "{text}");
    }
    for text in rows(&new, "SELECT frozen FROM document WHERE frozen_id IS NOT NULL") {
        assert!(text.starts_with("[\"Customer ") && text.len() < 50, "{text}");
    }
    let printed = |book: &Book, number: usize| {
        let file = book.dir.path().join("one.pdf");
        let number = format!("INV-2026-{number:06}");
        book.run(&["invoice", "pdf", &number, file.to_str().unwrap()]).ends(0);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        bytes
    };
    for number in 1..=ACCOUNTS {
        assert!(printed(&new, number) == printed(&old, number), "{number}");
    }
    for book in [&new, &old] {
        book.is_sound();
        book.run(&["deliver"]);
        book.say("bill --target 2026-03-01").ends(0);
        book.run(&["post", "BR-000002"]).ends(0);
        book.is_sound();
    }
    // One alone has its form by now.
    new.say("bill --target 2026-04-01 --account A1").ends(0);
    new.run(&["post", "BR-000003"]).ends(0);
    assert_eq!(new.count(BY_FORM), 2 * ACCOUNTS as i64 + 1);
    assert_eq!((new.count(forms), old.count(forms)), (1, 1));
    let conn = Connection::open(&new.path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; DROP TRIGGER shared_text_delete").unwrap();
    conn.execute_batch("DELETE FROM shared_text WHERE text LIKE '{\"issuer%'").unwrap();
    let found = new.run(&["check", "texts_there", "--json"]).ends(4).json();
    let first = found["checks"][0]["violations"][0].as_str().unwrap().to_owned();
    assert!(first.contains("D-000001 was printed by form"), "{first}");
    new.run(&["check", "posted_unchanged"]).ends(4);
    let ran = new.run(&["invoice", "pdf", "INV-2026-000001", "x.pdf"]);
    assert!(ran.code > 1 && ran.code != 70, "{}: {}", ran.code, ran.out);
    assert!(ran.err.contains("document.frozen of row 1 cannot be read"), "{}", ran.err);
}

#[test]
fn a_shared_text_never_changes_and_one_that_is_gone_is_named() {
    let book = billed();
    book.run(&["post", "BR-000001"]).ends(0);
    let conn = Connection::open(&book.path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON").unwrap();
    for sql in [
        "UPDATE shared_text SET text = 'x' WHERE id = 1",
        "UPDATE shared_text SET id = 777 WHERE id = 1",
        "DELETE FROM shared_text",
        "INSERT OR REPLACE INTO shared_text SELECT * FROM shared_text WHERE id = 1",
        "INSERT OR REPLACE INTO shared_text (text) SELECT text FROM shared_text WHERE id = 1",
    ] {
        let error = conn.execute_batch(sql).expect_err(sql).to_string();
        assert!(error.contains("guard"), "{sql}: {error}");
    }
    let number = "UPDATE document_item SET derivation_id = 777 WHERE document_id = 7";
    book.run(&["bill", "--target", "2026-03-01", "--account", "A1"]).ends(0);
    assert!(conn.execute_batch(number).is_err(), "a line names a text that is there");
    let both = "UPDATE document_item SET derivation = 'x' WHERE derivation_id IS NOT NULL AND document_id = 7";
    assert!(conn.execute_batch(both).is_err(), "a line says it in one way");
    book.is_sound();
    conn.execute_batch("PRAGMA foreign_keys = OFF; DROP TRIGGER shared_text_delete").unwrap();
    conn.execute_batch("DELETE FROM shared_text WHERE id = 1").unwrap();
    let found = book.run(&["check", "texts_there", "--json"]).ends(4).json();
    let first = found["checks"][0]["violations"][0].as_str().unwrap().to_owned();
    assert!(first.contains("D-000001 line"), "{first}");
    book.run(&["check", "posted_unchanged"]).ends(4);
    let told = book.run(&["invoice", "explain", "D-1"]);
    assert!(told.code > 1 && told.code != 70, "{}: {}", told.code, told.out);
    assert!(told.err.contains("document_item.derivation of row"), "{}", told.err);
}
