//! Money on its day: what is owed by document on every day, whatever is recorded when.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use serde_json::json;

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

fn pay(book: &Book, words: &str, code: i32) -> crate::harness::book::Ran {
    let args: Vec<&str> = words.split(' ').collect();
    book.run(&[&["payment"], &args[..], &["--json"]].concat()).ends(code)
}

#[test]
fn money_that_goes_back_is_of_a_day_on_which_it_was_there() {
    let book = owing(&[""]);
    for day in ["1999-01-01", "2062-01-01"] {
        let mut args = vec!["payment", "record", "--account", "A1", "--amount", "1.00"];
        args.extend(["--date", day, "--reference", "x", "--json"]);
        let ran = book.run(&args).ends(2);
        assert!(ran.err.contains("bad_date"), "{day}: {}", ran.err);
    }
    record(&book, "12.00", "2026-01-02");
    for verb in ["refund", "return", "chargeback"] {
        for day in ["2016-01-01", "2026-01-01", "2026-01-06"] {
            let ran = pay(&book, &format!("{verb} P-1 --amount 1.00 --date {day} --reason x"), 2);
            assert!(ran.err.contains("bad_date"), "{verb} {day}: {}", ran.err);
        }
    }
    pay(&book, "refund P-1 --amount 3.00 --date 2026-01-04 --reason x", 0);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-03"), 0);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-04"), 100);
    // What is unapplied since today was not there to leave before.
    pay(&book, "unapply P-1 --from INV-1 --amount 5.00 --reason wrong", 0);
    let ran = pay(&book, "return P-1 --amount 5.00 --date 2026-01-03", 2);
    assert!(ran.err.contains("bad_date"), "{}", ran.err);
    pay(&book, "return P-1 --amount 5.00 --value-on 2026-01-05 --fee 0.30", 0);
    let fee = "SELECT debit_minor FROM ledger_entry WHERE account = 'bank_fee'";
    assert_eq!(book.count(fee), 30);
    book.is_sound();
}

#[test]
fn a_chargeback_after_a_refund_is_a_loss_and_a_task_and_comes_again() {
    let book = owing(&["ok"]);
    let lost = |book: &Book| ledger(book, "bad_debt", "", "2026-12-31");
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    pay(&book, "refund P-1 --amount 4.00 --reason sorry", 0);
    let ran = pay(&book, "chargeback P-1 --amount 10.01", 2);
    assert!(ran.err.contains("too_much"), "{}", ran.err);
    pay(&book, "chargeback P-1 --amount 10.00 --code 10.4", 0);
    assert_eq!(lost(&book), 400);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-12-31"), 1_000);
    assert_eq!(ledger(&book, "cash:sandbox", "", "2026-12-31"), -400);
    assert_eq!(
        book.count("SELECT count(*) FROM notice WHERE text LIKE '%4.00 EUR of it had gone back%'"),
        1
    );
    book.run(&["check"]).ends(0);
    pay(&book, "chargeback-won P-1", 0);
    assert_eq!(lost(&book), 0);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-12-31"), 400);
    book.run(&["check"]).ends(0);
}

#[test]
fn money_that_came_again_was_not_there_in_between() {
    let book = owing(&["", ""]);
    record(&book, "10.00", "2025-12-20");
    pay(&book, "chargeback P-1 --date 2025-12-28", 0);
    book.run(&["clock", "set", "2026-01-09"]).ends(0);
    pay(&book, "chargeback-won P-1", 0);
    let ran = pay(&book, "chargeback P-1 --amount 7.00 --date 2025-12-24", 2);
    assert!(ran.err.contains("bad_date") && ran.err.contains("2026-01-09"), "{}", ran.err);
    pay(&book, "chargeback P-1 --amount 7.00 --date 2026-01-09", 0);
    // Nor is what was moved there before it was.
    record(&book, "4.00", "2026-01-02");
    book.run(&["clock", "set", "2026-01-12"]).ends(0);
    pay(&book, "unapply P-2 --from INV-1 --reason typo", 0);
    pay(&book, "move P-2 --to A2 --reason typo", 0);
    pay(&book, "apply P-3 --to INV-2", 0);
    let ran = pay(&book, "return P-3 --date 2026-01-05", 2);
    assert!(ran.err.contains("bad_date"), "{}", ran.err);
    pay(&book, "return P-3 --date 2026-01-12", 0);
    book.is_sound();
}

#[test]
fn money_keyed_on_the_wrong_customer_goes_to_the_right_one() {
    let book = owing(&["", ""]);
    record(&book, "10.00", "2026-01-02");
    for (words, code) in [
        ("move P-1 --to A2 --reason typo", "nothing_unapplied"),
        ("unapply P-1 --from INV-2 --reason typo", "not_applied"),
        ("apply P-1 --to INV-2", "nothing_unapplied"),
        ("unapply P-1 --from INV-1 --amount 10.01 --reason typo", "not_applied"),
    ] {
        let ran = pay(&book, words, 2);
        assert!(ran.err.contains(code), "{words}: {}", ran.err);
    }
    pay(&book, "unapply P-1 --from INV-1 --reason typo", 0);
    let ran = pay(&book, "apply P-1 --to INV-2", 2);
    assert!(ran.err.contains("other_account"), "{}", ran.err);
    pay(&book, "move P-1 --to A2 --amount 6.00 --reason typo", 0);
    pay(&book, "apply P-2 --to INV-2", 0);
    pay(&book, "apply P-1 --to INV-1 --amount 1.50", 0);
    assert_eq!(ledger(&book, "receivable", "INV-2", "2026-01-04"), 1_000);
    assert_eq!(ledger(&book, "receivable", "INV-2", "2026-01-05"), 400);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-05"), 850);
    assert_eq!(ledger(&book, "credit", "", "2026-01-05"), -250);
    let ran = pay(&book, "refund P-1 --amount 4.01 --reason x", 2);
    assert!(ran.err.contains("moved to another account"), "{}", ran.err);
    pay(&book, "refund P-2 --reason x", 0);
    assert_eq!(ledger(&book, "receivable", "INV-2", "2026-01-05"), 1_000);
    let shown = book.run(&["payment", "show", "P-2", "--json"]).json();
    assert_eq!((&shown["moved_from"], &shown["returned"]), (&"P-000001".into(), &"6.00".into()));
    book.is_sound();
}

#[test]
fn a_refund_with_a_memo_leaves_the_invoice_paid_and_a_memo_can_be_paid_out() {
    let book = owing(&["ok"]);
    let owed = |book: &Book| ledger(book, "receivable", "INV-1", "2026-12-31");
    let credit = "SELECT coalesce(sum(credit_minor - debit_minor), 0) FROM ledger_entry WHERE account = 'credit'";
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    pay(&book, "refund P-1 --amount 4.00 --with-memo --reason sorry", 0);
    assert_eq!((owed(&book), book.count(credit)), (0, 0));
    assert_eq!(ledger(&book, "cash:sandbox", "", "2026-12-31"), 600);
    // A memo of a paid invoice is the customer's credit until it is paid out.
    book.run(&["adjust", "INV-1", "--amount", "3.00", "--reason", "late"]).ends(0);
    assert_eq!(book.count(credit), 300);
    let memo = "CM-2026-000002";
    let ran = book.run(&["memo", "refund", memo, "--amount", "3.01", "--reason", "x"]).ends(2);
    assert!(ran.err.contains("left"), "{}", ran.err);
    book.run(&["memo", "refund", memo, "--amount", "1.00", "--reason", "asked"]).ends(0);
    assert_eq!(
        (ledger(&book, "cash:outside", memo, "2026-12-31"), book.count(credit)),
        (-100, 200)
    );
    book.run(&["check"]).ends(0);
    let args = ["memo", "refund", memo, "--method", "P-1", "--reason", "asked", "--json"];
    assert_eq!(book.run(&args).ends(0).json()["amount"], "2.00");
    assert_eq!((owed(&book), book.count(credit)), (0, 0));
    assert_eq!(ledger(&book, "cash:sandbox", "", "2026-12-31"), 400);
    book.run(&["check"]).ends(0);
}

#[test]
fn an_answer_found_later_counts_from_the_day_of_the_charge() {
    let book = owing(&["timeout_after"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(1);
    book.run(&["clock", "set", "2026-01-09"]).ends(0);
    book.run(&["payment", "reconcile", "P-1"]).ends(0);
    let shown = book.run(&["payment", "show", "P-1", "--json"]).json();
    assert_eq!(shown["received_on"], "2026-01-05");
    assert_eq!(shown["value_on"], "2026-01-05");
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-04"), 1_000);
    assert_eq!(ledger(&book, "receivable", "INV-1", "2026-01-05"), 0);
    book.run(&["check"]).ends(0);
}

#[test]
fn hledger_finds_the_days_of_a_back_dated_journal_in_order() {
    let book = owing(&["", ""]);
    for (amount, on) in [("3.00", "2026-01-04"), ("2.00", "2025-12-01"), ("1.00", "2025-12-20")] {
        record(&book, amount, on);
    }
    let file = book.path.with_file_name("dates.journal");
    crate::harness::export::hledger_agrees(&book.path, &file, &[("EUR", 2)]);
}

#[test]
fn a_refund_says_until_when_the_bank_can_take_the_money_back() {
    let book = Book::new("2026-01-05");
    book.import("accounts.csv", "account_number,name,currency,auto_pay\nA1,Acme,EUR,true\nA2,Beta,USD,true\nA3,Card,EUR,true\n", &[]);
    let methods = "account_number,token,kind,display\nA1,ok,sepa,SEPA 1\nA2,ok,ach,ACH 2\nA3,ok,card,visa 3\n";
    book.import("payment_methods.csv", methods, &[]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        X-1,A1,invoice,2025-12-15,2026-01-01,10.00,0,10.00\n\
        X-2,A2,invoice,2025-12-15,2026-01-01,10.00,0,10.00\n\
        X-3,A3,invoice,2025-12-15,2026-01-01,10.00,0,10.00\n";
    book.import("open_items.csv", items, &[]);
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    // Debited on 5 January: 8 weeks are 2 March, 60 days are 6 March.
    for (payment, until) in
        [("P-000001", Some("2026-03-02")), ("P-000002", Some("2026-03-06")), ("P-000003", None)]
    {
        let line = ["payment", "refund", payment, "--amount", "1", "--reason", "x"];
        let said = book.run(&line).ends(0).out;
        assert_eq!(said.contains("the bank can still take"), until.is_some(), "{said}");
        assert!(said.contains(until.unwrap_or_default()), "{said}");
        let told = book.run(&[&line[..], &["--json"]].concat()).ends(0).json();
        assert_eq!(told["bank_may_take_back_until"], json!(until));
        let shown = book.run(&["payment", "show", payment, "--json"]).ends(0).json();
        assert_eq!(shown["bank_may_take_back_until"], json!(until));
    }
    for (day, until) in [("2026-03-02", json!("2026-03-02")), ("2026-03-03", json!(null))] {
        book.run(&["clock", "set", day]).ends(0);
        let told = book.run(&["payment", "show", "P-000001", "--json"]).ends(0).json();
        assert_eq!(told["bank_may_take_back_until"], until, "{day}");
    }
    book.is_sound();
}
