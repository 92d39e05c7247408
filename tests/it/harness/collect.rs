//! Books in which accounts owe, and what the sandbox took of them.

use crate::harness::book::Book;
use daybook::clock::Now;
use daybook::domain::money::Purse;
use daybook::domain::payment_run::SkipReason;
use daybook::engine::Session;
use daybook::engine::collect::{self, till};
use daybook::store::read::{Filter, ReadError, failed};
use daybook::store::{Db, StoreError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A book in which each account owes one invoice of 10.00 EUR (`INV-n`), due on 2026-01-01, and
/// has a method with this token. Empty = no method.
pub fn owing(tokens: &[&str]) -> Book {
    let book = Book::new("2026-01-05");
    let mut accounts = "account_number,name,currency,auto_pay\n".to_owned();
    let mut methods = "account_number,token,kind,display\n".to_owned();
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned();
    for (n, token) in tokens.iter().enumerate() {
        let n = n + 1;
        writeln!(accounts, "A{n},Customer {n},EUR,true").unwrap();
        writeln!(items, "INV-{n},A{n},invoice,2025-12-15,2026-01-01,10.00,0.00,10.00").unwrap();
        if !token.is_empty() {
            writeln!(methods, "A{n},\"{token}\",card,visa {n}").unwrap();
        }
    }
    let files = [
        book.file("accounts.csv", accounts),
        book.file("payment_methods.csv", methods),
        book.file("open_items.csv", items),
    ];
    book.run(&["import", &files[0], &files[1], &files[2], "--cutover", "2025-12-15"]).ends(0);
    book
}

/// The payments of a book, newest last.
pub fn payments(book: &Book) -> Vec<Value> {
    book.run(&["payment", "list", "--json"]).ends(0).json().as_array().unwrap().clone()
}

/// Status and decline code of every payment.
pub fn outcomes(book: &Book) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    payments(book).iter().map(|p| (text(&p["status"]), text(&p["decline_code"]))).collect()
}

/// What the sandbox took in EUR, minor units, and how often each key succeeded at most.
pub fn sandbox(book: &Book) -> (i64, usize) {
    sandbox_at(&book.path)
}

/// The same of the book at a path.
pub fn sandbox_at(book: &std::path::Path) -> (i64, usize) {
    let path = book.with_file_name("book.db.d").join("sandbox.jsonl");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut taken = 0;
    let mut keys = BTreeMap::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["event"] == "charge" && event["result"] == "approved" {
            taken += event["amount_minor"].as_i64().unwrap();
            *keys.entry(event["key"].to_string()).or_insert(0) += 1;
        }
    }
    (taken, keys.values().copied().max().unwrap_or(0))
}

/// What the sandbox took of each account and did not give back, minor units: read from its own
/// ledger, with what lies at the bank.
pub fn taken_by_account(book: &std::path::Path) -> BTreeMap<String, i64> {
    let path = book.with_file_name("book.db.d").join("sandbox.jsonl");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut charges = BTreeMap::new();
    let mut taken = BTreeMap::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let of = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let amount = event["amount_minor"].as_i64().unwrap_or_default();
        let (account, change) = match of("event").as_str() {
            "charge" => {
                let here =
                    event["result"] == "approved" || event["result"]["submitted"].is_object();
                charges.insert(of("reference"), (of("customer"), amount));
                (of("customer"), if here { amount } else { 0 })
            }
            "refund" => (charges[&of("of")].0.clone(), -amount),
            // The bank's later word: no code approves what was counted already.
            _ if of("code").is_empty() => continue,
            _ => (charges[&of("of")].0.clone(), -charges[&of("of")].1),
        };
        *taken.entry(account).or_insert(0) += change;
    }
    taken
}

#[track_caller]
pub fn sound(book: &Book) {
    book.run(&["check"]).ends(0);
    kept_figures_agree(book);
}

/// What is kept for the figures of a payment run and of what failed is what judging every open document
/// gives, today and on later days.
#[track_caller]
pub fn kept_figures_agree(book: &Book) {
    let session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let (rules, now) = (till::rules(&session.config().unwrap()).unwrap(), session.now().unwrap());
    let sums = |run: collect::DryRun| {
        (run.picked, run.totals.without_zeros(), run.skipped.get(&SkipReason::Settled).copied())
    };
    let agree = |db: &Db<'_>| -> Result<(), ReadError> {
        for days in [0, 1, 3, 8, 31, 200] {
            let at_ms = now.at_ms + days * 24 * 3_600_000;
            let today = now.today + chrono::Days::new(days as u64);
            let day = Now { at_ms, today };
            let kept = collect::of_today(db, &rules, day)?;
            let judged = collect::one_by_one(db, &rules, day)?;
            assert_eq!(sums(kept), sums(judged), "on {today}");
        }
        let filter = Filter::parse("status:failed").unwrap();
        let (kept, rows) = (failed::totals(db, &filter)?, failed::marks(db, &filter)?);
        let money = Purse::of(rows.iter().filter_map(|r| r.money)).unwrap();
        assert_eq!((kept.count, kept.money), (rows.len() as i64, money));
        Ok(())
    };
    session.read(|db| agree(db).map_err(|e| StoreError::Corrupt(e.to_string()))).unwrap();
}
