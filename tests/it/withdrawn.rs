//! A currency that is withdrawn: nothing new is charged in it from its day on, and what was billed in it
//! before is read, corrected and written off as it was billed.

use crate::harness::book::Book;
use serde_json::json;

/// An account in levs, billed for the last month in which they were money, and one in bolívars.
fn levs() -> Book {
    let book = Book::new("2025-12-31");
    let files = [
        ("accounts.csv", "account_number,name,currency\nA1,Acme,BGN\nA2,Beta,VES\n"),
        (
            "subscriptions.csv",
            "subscription_number,account_number,start_date\nS1,A1,2025-12-01\nS2,A2,2025-12-01\n",
        ),
        (
            "charges.csv",
            "charge_number,subscription_number,name,type,model,price,billing_period\n\
             C1,S1,Licence,recurring,flat,195.58,month\nC2,S2,Licence,recurring,flat,10,month\n",
        ),
    ];
    let files = files.map(|(name, text)| book.file(name, text));
    let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    book.run(&["bill", "--target", "2025-12-31"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book
}

#[test]
fn nothing_new_is_charged_in_a_withdrawn_currency() {
    let book = levs();
    // Made while it was money, posted under a date on which it is not.
    book.run(&[
        "invoice",
        "new",
        "--account",
        "A1",
        "--invoice-date",
        "2025-12-31",
        "--add-line",
        r#"{"description":"Help","quantity":"1","unit_price":"5"}"#,
        "--reason",
        "t",
    ])
    .ends(0);
    let late = book
        .run(&["post", "--invoice", "D-000003", "--invoice-date", "2026-01-01", "--json"])
        .ends(1)
        .json();
    let why = late["refused"][0]["reason"].as_str().unwrap();
    assert_eq!(why, "BGN is withdrawn since 2026-01-01 (now EUR): nothing new is charged in it");
    book.run(&["clock", "set", "2026-01-02"]).ends(0);
    let run = book.run(&["bill", "--target", "2026-01-31", "--invoice-date", "2026-01-01"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(
        run.out.contains("BGN is withdrawn since 2026-01-01")
            || run.err.contains("BGN is withdrawn since 2026-01-01"),
        "{}{}",
        run.out,
        run.err
    );
    let made = "SELECT count(*) FROM document d JOIN account a ON a.id = d.account_id WHERE d.run_id = 2 AND a.number = ";
    assert_eq!(book.count(&format!("{made}'A1'")), 0);
    assert_eq!(book.count(&format!("{made}'A2'")), 1, "bolivars are money");
    let by_hand = book
        .run(&[
            "invoice",
            "new",
            "--account",
            "A1",
            "--invoice-date",
            "2026-01-02",
            "--add-line",
            r#"{"description":"Help","quantity":"1","unit_price":"5"}"#,
            "--reason",
            "t",
        ])
        .ends(2);
    assert!(by_hand.err.contains("BGN is withdrawn"), "{}", by_hand.err);
    let more = "charge_number,subscription_number,name,type,model,price,billing_period,start_date\n\
        C9,S1,More,recurring,flat,5,month,2026-01-01\n";
    let (code, file) = book.import("more.csv", more, &[]);
    assert_eq!(code, 2, "{file}");
    let (code, file) =
        book.import("guilders.csv", "account_number,name,currency\nA9,Zeta,ANG\n", &[]);
    assert_eq!(code, 2, "{file}");
    book.is_sound();
}

#[test]
fn what_was_billed_in_it_is_corrected_as_it_was_billed() {
    let book = levs();
    book.run(&["clock", "set", "2026-02-10"]).ends(0);
    book.run(&["adjust", "INV-2025-000001", "--amount", "95.58", "--reason", "t"]).ends(0);
    book.run(&["write-off", "INV-2025-000001", "--reason", "bankrupt"]).ends(0);
    let list = book.run(&["memo", "list", "--account", "A1", "--json"]).ends(0).json();
    assert_eq!((&list[0]["currency"], &list[0]["total"]), (&json!("BGN"), &json!("-95.58")));
    assert_eq!(book.count("SELECT open_minor FROM account WHERE number = 'A1'"), 0);
    book.is_sound();
}
