//! `daybook report`: what is refused, what a spreadsheet gets, and a report of a damaged book.

use crate::harness::day::posted;

#[test]
fn a_report_that_is_not_there_or_not_of_a_day_is_refused_by_name() {
    let book = posted();
    for (line, word) in [
        ("report nothing", "aging, rollforward"),
        ("report statement", "--account A"),
        ("report aging --account A77", "no account A77"),
        ("report aging --currency XYZ", "no currency"),
        ("report tax --period 2026-13", "no month"),
        ("report tax --from 2026-02-01 --to 2026-01-01", "is after"),
        ("report trial-balance --account A1", "of all accounts"),
        ("report aging --by moon", "account, document"),
        ("report revenue --by user", "account"),
        ("report aging --by account --rows", "either"),
        ("report aging --pdf x.pdf", "report statement --account A"),
    ] {
        let ran = book.say(line).ends(2);
        assert!(ran.err.contains(word), "{line}: {}", ran.err);
    }
    let empty = book.say("report aging --as-of 2020-01-01").ends(0).out;
    assert!(empty.starts_with("nothing"), "{empty}");
}

#[test]
fn a_spreadsheet_gets_numbers_and_no_formula() {
    let book = posted();
    book.say("account edit A1 --set 'name=-1+1 Ltd'").ends(0);
    let out = book.say("report aging --as-of 2026-04-30 --rows --csv -").ends(0).out;
    let mut lines = out.lines();
    assert!(lines.next().unwrap().starts_with("as_of,currency,account_number,account_name"));
    let row = lines.next().unwrap();
    assert!(row.contains("A1,'-1+1 Ltd,") && row.contains(",369.60,369.60,"), "{row}");
    assert_eq!(out.lines().count(), 4, "a header, three documents, no row of totals");
    let file = book.path.with_file_name("tax.csv");
    let to = file.to_str().unwrap();
    book.run(&["report", "tax", "--period", "2026-02", "--csv", to]).ends(0);
    book.run(&["report", "tax", "--period", "2026-02", "--csv", to]).ends(2);
    book.run(&["report", "tax", "--period", "2026-02", "--csv", to, "--force"]).ends(0);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("2026-02-01,2026-02-28,EUR,VAT,20,standard,,370.00,74.00,2"), "{text}");
}

#[test]
fn a_report_that_does_not_tie_is_printed_and_exits_4() {
    let book = posted();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch(
        "UPDATE document_state SET balance_minor = balance_minor - 1 WHERE document_id = 1",
    )
    .unwrap();
    drop(conn);
    let ran = book.say("report aging").ends(4);
    assert!(ran.out.contains("DOES NOT TIE"), "{}", ran.out);
    assert!(ran.err.contains("444.00 and 443.99 EUR"), "{}", ran.err);
    let json = book.say("report aging --json").ends(4);
    assert!(json.out.contains("\"ok\":false"), "{}", json.out);
}

#[test]
fn a_return_and_a_refund_of_one_amount_are_told_apart() {
    let book = posted();
    book.say("payment record --account A1 --amount 100 --date 2026-02-01 --reference w --invoice INV-2026-000001").ends(0);
    book.say("payment return P-000001 --amount 20 --fee 5 --reason r").ends(0);
    book.say("payment refund P-000001 --amount 25 --reason r").ends(0);
    let said = book.say("report rollforward --period 2026-02 --currency EUR --json").ends(0).json();
    let line = |name: &str| {
        let rows = said["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["view"] == "net" && row["line"] == name).unwrap();
        (row["amount"].clone(), row["count"].clone())
    };
    assert_eq!(line("returns"), ("20.00".into(), 1.into()));
    assert_eq!(line("refunds"), ("25.00".into(), 1.into()));
    assert_eq!(line("invoices"), ("444.00".into(), 2.into()));
}
