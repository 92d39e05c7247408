//! After posting: memos by whole, line and amount, their application, write-off and reversal, each
//! with its ledger entries.

use crate::harness::day::{billed, posted};
use serde_json::json;

/// The ledger, summed by account of the books.
fn ledger(book: &crate::harness::book::Book, currency: &str) -> Vec<(String, i64)> {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let mut statement = conn
        .prepare("SELECT account, sum(debit_minor - credit_minor) FROM ledger_entry WHERE currency = ?1 GROUP BY 1 HAVING sum(debit_minor - credit_minor) <> 0 ORDER BY 1")
        .unwrap();
    let rows = statement.query_map([currency], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn any_sequence_of_memos_sums_to_the_invoice_and_its_tax() {
    let book = posted();
    let mut totals = Vec::new();
    for how in ["--line 2 --amount 30", "--amount 100", "--line 5", "--amount 0.01", "--whole"] {
        let memo =
            book.say(&format!("adjust INV-2026-000001 {how} --reason test --json")).ends(0).json();
        assert_eq!(memo["unapplied"], "0.00", "{how}");
        assert_eq!(memo["number"], format!("CM-2026-{:06}", totals.len() + 1));
        totals.push(memo["total"].as_str().unwrap().to_owned());
        book.is_sound();
    }
    assert_eq!(totals, ["-36.00", "-100.00", "-6.72", "-0.01", "-226.87"]);
    assert_eq!(book.document("INV-2026-000001")["balance"], "0.00");
    assert_eq!(book.count("SELECT sum(tax_minor) FROM document WHERE corrects_id = 1"), -6160);
    let ran = book.say("adjust INV-2026-000001 --amount 1 --reason more").ends(2);
    assert!(ran.err.contains("nothing is left"), "{}", ran.err);
    assert_eq!(
        ledger(&book, "EUR"),
        [("receivable", 7440), ("revenue", -6200), ("tax:VAT", -1240)]
            .map(|(a, m)| (a.to_owned(), m))
    );
}

#[test]
fn a_credit_beyond_the_balance_waits_and_can_be_applied() {
    let book = posted();
    // Paid in full by bank transfer, then adjusted: the credit has nothing to go on.
    book.run(&["memo", "list", "--json"]).ends(0);
    let debit = book
        .say("adjust INV-2026-000002 --debit --amount 12 --reason 'one more' --json")
        .ends(0)
        .json();
    assert_eq!(
        (&debit["kind"], &debit["total"], &debit["balance"]),
        (&json!("debit_memo"), &json!("12.00"), &json!("12.00"))
    );
    book.say("adjust INV-2026-000002 --whole --reason wrong").ends(0);
    let credit = book
        .say("invoice new --account A2 --kind credit_memo --add-line '{\"description\":\"Goodwill\",\"unit_price\":\"50\"}' --reason kind --json")
        .json();
    book.say(&format!("post --invoice {}", credit["id"].as_str().unwrap())).ends(0);
    let list = book.say("memo list --account A2 --json").json();
    let memo = list.as_array().unwrap().iter().find(|m| m["total"] == "-60.00").unwrap().clone();
    let number = memo["number"].as_str().unwrap();
    assert_eq!(memo["balance"], "-60.00");
    assert!(
        book.say(&format!("memo apply {number} --to DM-2026-000001 --amount 13"))
            .ends(2)
            .err
            .contains("12.00")
    );
    book.say(&format!("memo apply {number} --to DM-2026-000001 --amount 5")).ends(0);
    book.say(&format!("memo apply {number}")).ends(0);
    assert_eq!(book.document("DM-2026-000001")["balance"], "0.00");
    assert_eq!(book.document(number)["balance"], "-48.00");
    book.is_sound();
    book.say(&format!("memo unapply {number} --reason wrong")).ends(0);
    assert_eq!(book.document(number)["balance"], "-60.00");
    assert_eq!(book.document("DM-2026-000001")["balance"], "12.00");
    book.is_sound();
}

#[test]
fn a_reversal_makes_the_periods_billable_again_and_names_what_blocks_it() {
    let book = posted();
    let memo = book.say("reverse INV-2026-000001 --reason 'wrong customer' --json").ends(0).json();
    assert_eq!((&memo["total"], &memo["applied"]), (&json!("-369.60"), &json!("369.60")));
    book.is_sound();
    let again = book.say("bill --target 2026-02-01 --account A1 --json").ends(0).json();
    assert_eq!(again["totals"]["EUR"], "369.60", "usage and periods alike");
    book.is_sound();
    assert!(book.say("reverse INV-2026-000001 --reason x").ends(2).err.contains("reversed"));
    assert!(book.say("adjust INV-2026-000001 --whole --reason x").ends(2).err.contains("reversed"));
    // A newer draft of the same subscription, and a credit on it, are named together.
    book.say("bill --target 2026-03-01 --account A2").ends(0);
    book.say("adjust INV-2026-000002 --amount 10 --reason x").ends(0);
    let ran = book.say("reverse INV-2026-000002 --reason x").ends(2);
    for word in ["CM-2026-000002", "later", "D-"] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    book.is_sound();
}

#[test]
fn a_draft_that_gives_days_back_is_in_the_way_of_a_reversal() {
    let book = posted();
    let rows =
        "subscription_number,account_number,start_date,end_date\nS2,A2,2026-01-01,2026-01-20\n";
    assert_eq!(book.import("subscriptions.csv", rows, &["--yes"]).0, 0);
    book.say("bill --target 2026-02-01 --account A2").ends(0);
    let refused = book.say("reverse INV-2026-000002 --reason x").ends(2).err;
    assert!(refused.contains("draft D-000004 gives back days of it"), "{refused}");
    book.say("invoice cancel D-000004 --reason x").ends(0);
    book.say("reverse INV-2026-000002 --reason x").ends(0);
    book.is_sound();
}

/// D-000003 has two lines of 50.00, each with a discount of 10 %.
#[test]
fn a_line_goes_back_with_its_discount_and_never_the_discount_alone() {
    let book = posted();
    let refused = book.say("adjust INV-2026-000003 --line 2 --reason x").ends(2).err;
    assert!(refused.contains("the line is a discount"), "{refused}");
    assert!(refused.contains("--debit"), "{refused}");
    let line = book.say("adjust INV-2026-000003 --line 1 --reason x --json").ends(0).json();
    assert_eq!(line["total"], "-45.00", "what was asked for it");
    let more = book.say("adjust INV-2026-000003 --line 3 --amount 45.01 --reason x").ends(2).err;
    assert!(more.contains("45.00"), "{more}");
    let back = book.say("adjust INV-2026-000003 --line 4 --debit --reason x --json").ends(0).json();
    assert_eq!(back["total"], "5.00", "a debit memo takes the discount back");
    book.is_sound();
}

/// A discount made smaller is taken back on the next invoice and asked for there: the first one is
/// credited up to its own total, and so is the other.
#[test]
fn a_discount_taken_back_on_another_invoice_is_credited_there() {
    let book = posted();
    let rows = "charge_number,subscription_number,name,type,model,price,effective_from\n\
                C6,S3,Off,recurring,discount_percent,4,2026-01-01\n";
    assert_eq!(book.import("charges.csv", rows, &["--yes"]).0, 0);
    book.say("bill --target 2026-02-01 --account A3").ends(0);
    let part = book.say("adjust INV-2026-000003 --amount 30 --reason x --json").ends(0).json();
    assert_eq!(part["total"], "-30.00");
    book.say("post --invoice D-000004").ends(0);
    assert_eq!(book.document("INV-2026-000004")["total"], "6.00");
    let whole = book.say("adjust INV-2026-000003 --whole --reason x --json").ends(0).json();
    assert_eq!(whole["total"], "-60.00", "with the 30.00 before, what was asked for");
    let more = book.say("adjust INV-2026-000003 --line 1 --reason x").ends(2).err;
    assert!(more.contains("left"), "{more}");
    let other = book.say("adjust INV-2026-000004 --whole --reason x --json").ends(0).json();
    assert_eq!(other["total"], "-6.00");
    book.is_sound();
}

#[test]
fn a_write_off_has_its_own_series_and_leaves_the_periods_billed() {
    let book = posted();
    book.say("write-off INV-2026-000003 --reason insolvent").ends(0);
    assert_eq!(book.document("WO-2026-000001")["total"], "-90.00");
    let invoice = book.document("INV-2026-000003");
    assert_eq!(
        (&invoice["balance"], &invoice["settlement"]),
        (&json!("0.00"), &json!("written off"))
    );
    assert_eq!(
        invoice["settled_by"],
        json!([{ "by": "WO-2026-000001", "amount": "90.00", "on": "2026-02-01" }])
    );
    let blocked = book.say("reverse INV-2026-000003 --reason x").ends(2).err;
    assert_eq!(blocked.matches("WO-2026-000001").count(), 1, "{blocked}");
    assert_eq!(
        ledger(&book, "USD"),
        [("bad_debt".to_owned(), 9000), ("revenue".to_owned(), -9000)]
    );
    assert!(
        book.say("write-off INV-2026-000003 --reason x").ends(2).err.contains("nothing is owed")
    );
    let again = book.say("bill --target 2026-02-01 --account A3 --json").ends(0).json();
    assert_eq!(again["documents"]["invoices"], 0);
    assert_eq!(book.say("memo list --json").json(), json!([]), "internal: not among the memos");
    book.is_sound();
}

#[test]
fn what_is_not_posted_is_not_adjusted() {
    let book = billed();
    let before = book.dump();
    for line in [
        "adjust D-1 --whole --reason x",
        "write-off D-1 --reason x",
        "reverse D-1 --reason x",
        "memo apply D-1",
        "adjust D-77 --whole --reason x",
        "adjust D-1 --reason x",
        "adjust D-1 --whole --amount 5 --reason x",
    ] {
        book.say(line).ends(2);
    }
    assert_eq!(book.dump(), before);
    book.say("post BR-1").ends(0);
    for (line, word) in [
        ("adjust D-1 --amount 9999 --reason x", "more than the 369.60 EUR"),
        ("adjust D-1 --amount 0 --reason x", "above zero"),
        ("adjust D-1 --amount 1.005 --reason x", "decimal places"),
        ("adjust D-1 --line 9 --reason x", "no line 9"),
        ("adjust D-1 --line 5 --amount 8.01 --reason x", "more than the 8.00 EUR"),
        ("adjust D-1 --whole --reason ''", "needs a reason"),
    ] {
        let ran = book.say(line).ends(2);
        assert!(ran.err.contains(word), "{line}: {}", ran.err);
    }
}

#[test]
fn open_items_of_another_system_are_adjusted_up_to_what_is_open() {
    let book = posted();
    let (code, _) = book.import(
        "open_items.csv",
        "document_number,account_number,kind,date,due_date,total,tax,balance,tax_code,rate\n\
         OLD-7,A2,invoice,2025-12-01,2025-12-31,120.00,20.00,50.00,VAT,20\n",
        &[],
    );
    assert_eq!(code, 0);
    assert!(book.say("adjust OLD-7 --amount 50.01 --reason x").ends(2).err.contains("50.00"));
    book.say("adjust OLD-7 --amount 20 --reason x").ends(0);
    book.say("adjust OLD-7 --whole --reason x").ends(0);
    assert_eq!(book.document("OLD-7")["balance"], "0.00");
    book.is_sound();
}
