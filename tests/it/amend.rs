//! Amendments through the binary that once went wrong.

use crate::harness::book::Book;

fn subscription(end: &str) -> String {
    format!("subscription_number,account_number,start_date,end_date\nS1,A1,2026-01-01,{end}\n")
}

/// A year billed in advance and posted, its subscription ended in June, and the credit a draft.
fn credited() -> Book {
    let book = Book::new("2026-01-01");
    book.import("accounts.csv", "account_number,name,currency\nA1,Acme,EUR\n", &[]);
    book.import("s.csv", subscription(""), &[]);
    let charges = "charge_number,subscription_number,name,type,model,price,billing_period\n\
        C1,S1,Licence,recurring,flat,1200,year\n";
    book.import("charges.csv", charges, &[]);
    book.run(&["bill", "--target", "2026-01-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.import("s.csv", subscription("2026-06-30"), &["--yes"]);
    let run = book.run(&["bill", "--target", "2026-07-31", "--json"]).ends(0).json();
    assert_eq!(run["totals"]["EUR"], "-600.00");
    book
}

#[test]
fn days_under_a_draft_credit_are_not_billed_beside_it() {
    let book = credited();
    book.import("s.csv", subscription(""), &["--yes"]);
    let run = book.run(&["bill", "--target", "2026-07-31", "--json"]).ends(0).json();
    assert_eq!(run["documents"]["invoices"], 0, "{run}");
    book.run(&["invoice", "cancel", "D-000002", "--reason", "taken back"]).ends(0);
    book.run(&["check"]).ends(0);
    let again = book.run(&["bill", "--target", "2026-07-31", "--json"]).ends(0).json();
    assert_eq!(again["documents"]["invoices"], 0, "{again}");
    assert_eq!(again["accounts"]["already_billed"], 1, "{again}");
}

#[test]
fn a_posted_credit_frees_its_days_for_the_next_run() {
    let book = credited();
    book.run(&["post", "BR-000002"]).ends(0);
    book.import("s.csv", subscription(""), &["--yes"]);
    let run = book.run(&["bill", "--target", "2026-07-31", "--json"]).ends(0).json();
    assert_eq!(run["totals"]["EUR"], "600.00", "{run}");
    book.run(&["check"]).ends(0);
    book.run(&["post", "BR-000003"]).ends(0);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_run_without_documents_is_posted_when_asked() {
    let book = credited();
    book.run(&["bill", "--target", "2026-07-31"]).ends(0);
    book.run(&["post", "BR-000003"]).ends(0);
    let run = book.run(&["run", "show", "BR-000003", "--json"]).ends(0).json();
    assert_eq!(run["status"], "Posted");
}
