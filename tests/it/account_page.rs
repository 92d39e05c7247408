//! One month of an account on one page: its figures tie with the ledger whatever happened, it says what
//! happened, and it prints.

use crate::harness::book::Book;
use crate::harness::day::posted;
use crate::harness::desk::{Desk, demo_book};
use crate::harness::document::tool;
use daybook::domain::actor::Actor;
use daybook::domain::ids::AccountId;
use daybook::domain::month::Month;
use daybook::engine::{Session, account_page};
use daybook::store::read::account_page as read;
use daybook::ui::msg::Effect;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// Of each account and month of a book: opening and events make the closing, which is what the ledger
/// says, which is what is open, and the next opening. Gives how many pages were looked at.
pub fn ties(path: &Path) -> usize {
    let session = Session::open(path, Actor { uid: 1, name: "tie".to_owned() }).unwrap();
    let today = session.now().unwrap().today;
    let sql = Connection::open(path).unwrap();
    let accounts: Vec<i64> = sql
        .prepare("SELECT id FROM account")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let ends: (Option<String>, Option<String>) = sql
        .query_row("SELECT min(entry_on), max(entry_on) FROM ledger_entry", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .unwrap();
    let (Some(first), Some(last)) = ends else { return 0 };
    let month = |day: &str| Month::of(day.parse().unwrap());
    let mut pages = 0;
    for id in accounts {
        let mut before: BTreeMap<String, i64> = BTreeMap::new();
        let mut at = month(&first);
        while at <= month(&last) {
            let page = session.read(|db| read::read(db, AccountId(id), at, today)).unwrap();
            pages += 1;
            for m in &page.movements {
                let (code, what) = (m.currency.to_string(), format!("{id} {at}: {m:?}"));
                let events: i64 = m.events().map(|(_, minor, _)| minor).sum();
                assert_eq!(m.opening + events, m.closing, "{what}");
                assert_eq!(m.opening, before.get(&code).copied().unwrap_or(0), "{what}");
                let ledger: i64 = sql
                    .query_row(
                        "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry
                         WHERE account_id = ?1 AND currency = ?2 AND entry_on <= ?3
                         AND account IN ('receivable','credit')",
                        (id, &code, at.span().to.to_string()),
                        |r| r.get(0),
                    )
                    .unwrap();
                assert_eq!(m.closing, ledger, "{what}");
                let open = page.open.rows.iter().filter(|row| row.open.currency == m.currency);
                assert_eq!(page.open.more, 0);
                assert_eq!(m.closing, open.map(|row| row.open.minor).sum::<i64>(), "{what}");
                let moved: i64 = sql
                    .query_row(
                        "SELECT coalesce(sum(e.credit_minor - e.debit_minor), 0) FROM ledger_entry e
                         WHERE e.account_id = ?1 AND e.currency = ?2 AND e.entry_on BETWEEN ?3 AND ?4
                         AND e.account = 'credit' AND EXISTS (SELECT 1 FROM ledger_entry o
                           WHERE o.txn = e.txn AND o.account_id <> e.account_id
                           AND o.account = 'credit' AND o.payment_id IS NOT NULL)
                         AND e.txn IN (SELECT seq FROM operation WHERE summary LIKE '%moved%'
                           OR verb LIKE '%move%')",
                        (id, &code, at.span().from.to_string(), at.span().to.to_string()),
                        |r| r.get(0),
                    )
                    .unwrap();
                assert_eq!(m.moved, -moved, "money of another account and nothing else: {what}");
                before.insert(code, m.closing);
            }
            at = at.later(1).unwrap();
        }
    }
    pages
}

#[test]
fn every_month_of_every_account_of_the_demo_ties_with_its_ledger() {
    assert!(ties(demo_book()) > 100);
}

/// A1's January and February: a payment with a rest, a memo, a write-off, a promise.
fn lively() -> Book {
    let book = posted();
    book.say("payment record --account A1 --amount 100 --date 2026-02-01 --reference wire --invoice INV-2026-000001").ends(0);
    book.say("payment record --account A1 --amount 7.50 --date 2026-02-01 --reference over")
        .ends(0);
    book.say("adjust INV-2026-000001 --amount 12 --reason 'late start'").ends(0);
    book.say("write-off INV-2026-000002 --reason gone").ends(0);
    book.say("payment record --account A3 --amount 100 --date 2026-02-01 --reference much").ends(0);
    book
}

#[test]
fn the_page_says_what_was_sold_used_billed_paid_and_is_open() {
    let book = lively();
    let out = book.say("account explain A1 --period 2026-02").ends(0).out;
    for words in [
        "Account A1, February 2026",
        "Acme",
        "Net 14 · to be paid automatically, and has no payment method · billed on day 1",
        "so far, on 2026-02-01: the month is not over",
        "owed before 2026-02-01     0.00",
        "invoiced                 369.60",
        "credited                 -12.00",
        "paid                    -107.50",
        "owed on 2026-02-01       250.10",
        "100.00 a month, in advance",
        "5 × 10.00 a month, in advance",
        "0.05 per GB",
        "invoice INV-2026-000001, due 2026-02-15",
        "Traffic, 160 GB × 0.05",
        "VAT 20 % of 308.00",
        "credit memo CM-2026-000001, of INV-2026-000001: late start",
        "paid, wire",
        "CM-2026-000001 (credit memo) used",
    ] {
        assert!(out.contains(words), "{words}:\n{out}");
    }
    let january = book.say("account explain A1 --period 2026-01").ends(0).out;
    for words in [
        "160 GB  2 records  C3 on INV-2026-000001",
        "This is before its first document, which is of 2026-02-01",
        "Nothing was open.",
        "No money moved, and no credit was used.",
    ] {
        assert!(january.contains(words), "{words}:\n{january}");
    }
    let gamma = book.say("account explain A3").ends(0).out;
    for words in [
        "for INV-2026-000003 90.00; 10.00 pays nothing yet",
        "to the good, not used yet",
        "Below zero the customer has it to the good.",
        "10 % off the plan",
    ] {
        assert!(gamma.contains(words), "{words}:\n{gamma}");
    }
    let beta = book.say("account explain A2").ends(0).out;
    assert!(beta.contains("written off") && beta.contains("-74.40"), "{beta}");
    assert!(ties(&book.path) >= 3);
    book.is_sound();
}

#[test]
fn the_same_for_programs() {
    let book = lively();
    let page = book.say("account explain A1 --period 2026-02 --json").ends(0).json();
    let balance = &page["balances"][0];
    let minor =
        |key: &str| -> i64 { balance[key].as_str().unwrap().replace('.', "").parse().unwrap() };
    assert_eq!(
        minor("opening") + minor("invoiced") - minor("credited") - minor("paid")
            + minor("refunded")
            - minor("written_off"),
        minor("closing")
    );
    assert_eq!(balance["closing"], "250.10");
    assert_eq!(page["documents"][0]["items"].as_array().unwrap().len(), 5);
    assert_eq!(page["usage"].as_array().unwrap().len(), 0);
    let page = book.say("account explain A3 --json").ends(0).json();
    let unused = page["open"].as_array().unwrap().iter().find(|o| o["kind"] == "payment").unwrap();
    assert_eq!(
        (&unused["open"], &unused["why"]),
        (&"-10.00".into(), &"to the good, not used yet".into())
    );
    assert_eq!(page["left_out"]["documents"], 0);
}

#[test]
fn what_cannot_be_explained_is_refused_by_name() {
    let book = posted();
    for (line, code, words) in [
        ("account explain A9", "not_found", "near it: A3"),
        ("account explain A2x", "not_found", "near it: A2, A3"),
        ("account explain A1 --period 2026-13", "bad_period", "is no month"),
        ("account explain A1 --period 2026-1", "bad_period", "as in --period 2026-02"),
        ("account explain A1 --period 2026-03", "bad_period", "has not begun"),
        ("account explain A1 --force", "bad_arguments", "required"),
    ] {
        let ran = book.say(&format!("{line} --json")).ends(2);
        let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(error["error"]["code"], code, "{line}");
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    }
    let empty = Book::new("2026-02-01");
    let ran = empty.say("account explain A1").ends(2);
    assert!(ran.err.contains("daybook import accounts.csv"), "{}", ran.err);
}

#[test]
fn the_pdf_is_one_page_has_every_name_and_never_replaces_a_file_unasked() {
    let book = lively();
    let names = "account_number,name\nA1,東京商事 Ćwikła Ελλάς\n";
    book.import("names.csv", names, &["--yes"]);
    let dir = book.path.parent().unwrap().join("out");
    std::fs::create_dir(&dir).unwrap();
    let line = format!("account explain A1 --period 2026-02 --pdf {}", dir.display());
    book.say(&line).ends(0);
    let file = dir.join("account-A1-2026-02.pdf");
    let first = std::fs::read(&file).unwrap();
    let again = book.say(&line).ends(2);
    assert!(again.err.contains("account-A1-2026-02.pdf"), "{}", again.err);
    book.say(&format!("{line} --force")).ends(0);
    assert_eq!(std::fs::read(&file).unwrap(), first, "the same page is the same file");
    let file = file.to_str().unwrap();
    tool("qpdf", &["--check", file]);
    if let Some(text) = tool("pdftotext", &["-layout", file, "-"]) {
        for words in ["Account A1, February 2026", "250.10", "1/1", "late start"] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
    let made = {
        let session = Session::open(&book.path, Actor { uid: 1, name: "x".to_owned() }).unwrap();
        account_page::made(&session, AccountId(1), Month::parse("2026-02").unwrap()).unwrap()
    };
    assert_eq!(made.0, "account-A1-2026-02.pdf");
}

#[test]
fn a_long_page_goes_on_over_pages_and_says_what_it_left_out() {
    let book = posted();
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned();
    for n in 0..130 {
        items.push_str(&format!(
            "OLD-{n:03},A2,invoice,2026-01-{:02},2026-02-15,5.00,0.00,5.00\n",
            n % 28 + 1
        ));
    }
    book.import("items.csv", items, &["--cutover", "2026-01-31"]);
    let out = book.say("account explain A2 --period 2026-01").ends(0).out;
    assert!(out.contains("… and 30 documents more: daybook invoice list --account A2"), "{out}");
    assert!(out.contains("taken over from another system  650.00"), "{out}");
    let file = book.path.parent().unwrap().join("long.pdf");
    book.say(&format!("account explain A2 --period 2026-01 --pdf {}", file.display())).ends(0);
    if let Some(text) = tool("pdftotext", &["-layout", file.to_str().unwrap(), "-"]) {
        assert!(text.contains("OLD-099") && text.contains("5 of "), "{text}");
    }
}

#[test]
fn the_console_shows_it_month_by_month_and_offers_the_file() {
    for (width, height) in [(80, 24), (60, 15), (140, 40)] {
        let book = lively();
        let mut desk = Desk::at(&book.path, width, height);
        desk.press("8X").shows("Account A1, February 2026").shows("owed before 2026-02-01");
        desk.press("]").shows("February 2026");
        desk.press("[").shows("Account A1, January 2026");
        desk.press("G").shows("Nothing was open.").shows("w writes a PDF");
        desk.press("w");
        let month = Month::parse("2026-01").unwrap();
        let account = AccountId(1);
        assert!(desk.asked.contains(&Effect::WritePage { account, month }), "{:?}", desk.asked);
        desk.shows("CUSTOMER");
    }
}
