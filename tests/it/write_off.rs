//! What is given up, with its tax where `write_off.tax` says so: recovered by just what comes, taken
//! back whole by its own verb.

use crate::harness::book::Book;
use crate::harness::day::posted;
use crate::harness::desk::Desk;
use serde_json::json;

/// A book whose write-offs give tax back: INV-2026-000001 is 308.00 and 61.60 of tax.
fn giving_tax_back() -> Book {
    let book = posted();
    book.say("settings set write_off.tax now").ends(0);
    book
}

/// What a ledger account has on a day, minor units of EUR, debits positive.
fn on(book: &Book, day: &str) -> [i64; 4] {
    ["bad_debt", "tax:VAT", "receivable", "credit"].map(|account| {
        book.count(&format!(
            "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry
             WHERE currency = 'EUR' AND account = '{account}' AND entry_on <= '{day}'"
        ))
    })
}

fn record(book: &Book, amount: &str, day: &str) {
    book.say(&format!(
        "payment record --account A1 --amount {amount} --date {day} --reference {amount}-{day} --invoice INV-2026-000001"
    ))
    .ends(0);
}

const INVOICE: &str = "INV-2026-000001";

#[test]
fn a_write_off_gives_the_tax_back_and_each_recovery_takes_its_share() {
    let book = giving_tax_back();
    let before = on(&book, "2026-02-28");
    book.say("clock set 2026-02-10").ends(0);
    let made = book.say(&format!("write-off {INVOICE} --reason insolvent --json")).ends(0).json();
    assert_eq!(
        (&made["subtotal"], &made["tax"], &made["total"]),
        (&json!("-308.00"), &json!("-61.60"), &json!("-369.60"))
    );
    assert_eq!(made["taxes"][0]["tax_code"], "VAT");
    assert_eq!(on(&book, "2026-02-09"), before, "its own day");
    let lost = [30_800, before[1] + 6_160, before[2] - 36_960, 0];
    assert_eq!(on(&book, "2026-02-28"), lost);
    // Money comes bit by bit, recorded in another order than it came.
    book.say("clock set 2026-03-10").ends(0);
    let mut came = 0;
    for (amount, day, tax_left) in [
        ("0.01", "2026-03-05", 6_160),
        ("100.00", "2026-03-01", 4_493),
        ("269.59", "2026-03-09", 0),
    ] {
        record(&book, amount, day);
        came += amount.replace('.', "").parse::<i64>().unwrap();
        let now = on(&book, "2026-12-31");
        assert_eq!(now, [36_960 - came - tax_left, before[1] + tax_left, lost[2], 0], "{amount}");
        let invoice = book.document(INVOICE);
        assert_eq!(invoice["balance"], "0.00", "{amount}");
        let word = if tax_left > 0 { "written off" } else { "paid" };
        assert_eq!(invoice["settlement"], word, "{amount}");
        book.is_sound();
    }
    assert_eq!(on(&book, "2026-03-01")[0], 30_800 - 8_333, "each on the day of its money");
    assert_eq!(on(&book, "2026-02-28"), lost);
}

#[test]
fn what_is_written_off_of_a_part_paid_invoice_bears_its_part_of_the_tax() {
    let book = giving_tax_back();
    record(&book, "100.00", "2026-02-01");
    book.say(&format!("write-off {INVOICE} --reason gone")).ends(0);
    // 269.60 of 369.60: 44.93 of 61.60.
    assert_eq!(book.document("WO-2026-000001")["tax"], "-44.93");
    book.is_sound();
}

#[test]
fn undoing_a_write_off_whole_is_its_own_verb() {
    for tax in ["none", "now"] {
        let book = posted();
        book.say(&format!("settings set write_off.tax {tax}")).ends(0);
        let before = on(&book, "2026-12-31");
        book.say(&format!("undo-write-off {INVOICE} --reason x")).ends(2);
        book.say(&format!("write-off {INVOICE} --reason gone")).ends(0);
        record(&book, "69.60", "2026-02-01");
        assert!(book.say(&format!("undo-write-off {INVOICE}")).ends(2).err.contains("--reason"));
        book.say("clock set 2026-02-20").ends(0);
        let again = format!("undo-write-off {INVOICE} --reason mistaken --json");
        let shown = book.say(&again).ends(0).json();
        assert_eq!(
            (&shown["number"], &shown["balance"], &shown["settlement"]),
            (&json!(INVOICE), &json!("300.00"), &json!("partly paid"))
        );
        assert!(book.say(&again).ends(2).err.contains("not_written_off"));
        assert!(book.say("undo").ends(2).err.contains("write it off again"));
        let after = on(&book, "2026-12-31");
        assert_eq!(after, [0, before[1], before[2] - 6_960, 0], "{tax}");
        assert_eq!(on(&book, "2026-02-19")[2], before[2] - 36_960, "{tax}: on the day of the deed");
        book.is_sound();
    }
}

#[test]
fn one_cent_that_goes_back_again_reopens_no_more_and_is_not_dunned() {
    let book = giving_tax_back();
    book.say("clock set 2026-06-01").ends(0);
    // Accounts without an address are left out, so the exit code says 1.
    let reminded = || book.say("payment remind --dry-run --json").out.contains(INVOICE);
    assert!(reminded(), "it is overdue");
    book.say(&format!("write-off {INVOICE} --reason gone")).ends(0);
    record(&book, "0.01", "2026-06-01");
    book.say("payment return P-000001 --code MD06").ends(0);
    assert_eq!(book.document(INVOICE)["balance"], "0.01");
    assert!(!reminded());
    let method = "account_number,token,kind,display\nA1,ok,card,visa 1\n";
    assert_eq!(book.import("payment_methods.csv", method, &[]).0, 0);
    let run = book.say("collect --target 2026-06-01 --account A1 --json").json();
    assert_eq!(run["picked"], 0, "{run}");
    // Given up again, and everything comes after all: both write-offs are recovered.
    book.say(&format!("write-off {INVOICE} --reason 'gone again'")).ends(0);
    record(&book, "369.60", "2026-05-01");
    assert_eq!(book.document(INVOICE)["settlement"], "paid");
    assert_eq!(on(&book, "2026-12-31")[0], 0);
    book.is_sound();
}

#[test]
fn a_credit_of_a_written_off_invoice_recovers_what_it_credits() {
    let book = giving_tax_back();
    let before = on(&book, "2026-12-31");
    book.say(&format!("write-off {INVOICE} --reason gone")).ends(0);
    let memo = book.say(&format!("adjust {INVOICE} --amount 50 --reason x --json")).ends(0).json();
    assert_eq!((&memo["applied"], &memo["unapplied"]), (&json!("50.00"), &json!("0.00")));
    book.say(&format!("adjust {INVOICE} --whole --reason x")).ends(0);
    // The tax is given back once.
    assert_eq!(on(&book, "2026-12-31"), [0, before[1] + 6_160, before[2] - 36_960, 0]);
    book.is_sound();
}

#[test]
fn a_chargeback_won_after_the_write_off_recovers_it() {
    let book = giving_tax_back();
    record(&book, "369.60", "2026-02-01");
    book.say("payment chargeback P-000001 --code 10.4").ends(0);
    book.say(&format!("write-off {INVOICE} --reason gone")).ends(0);
    book.say("payment chargeback-won P-000001").ends(0);
    assert_eq!(on(&book, "2026-12-31")[0], 0);
    assert_eq!(book.document(INVOICE)["settlement"], "paid");
    book.is_sound();
}

#[test]
fn the_console_undoes_a_write_off() {
    let mut desk = Desk::open(100, 30);
    let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
    let invoice: String = conn
        .query_row(
            "SELECT d.number FROM document d JOIN document_state s ON s.document_id = d.id
             WHERE d.status = 'Posted' AND d.kind = 'invoice' AND s.balance_minor = d.total_minor AND d.total_minor > 0
               AND NOT EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = d.id) LIMIT 1",
            [],
            |r| r.get(0),
        )
        .unwrap();
    let written_off = || -> i64 {
        conn.query_row("SELECT count(written_off_by) FROM document_state", [], |r| r.get(0))
            .unwrap()
    };
    desk.press(&format!("3ffffff/{invoice}<Enter>m"));
    assert!(!desk.picture().contains("undo its write-off"), "{}", desk.picture());
    desk.press("wgone<C-s>y");
    assert_eq!(written_off(), 1, "{}", desk.picture());
    desk.press("<Esc>").press(&format!("3/{invoice}<Enter>mu"));
    desk.press("was a mistake<C-s>").shows("Undo the write-off of");
    desk.press("y");
    assert_eq!(written_off(), 0, "{}", desk.picture());
}
