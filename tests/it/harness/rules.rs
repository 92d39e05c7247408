//! Small books in memory, and what must hold of what was billed in them.

use crate::harness::memory::{Memory, Row};
use chrono::NaiveDate;
use daybook::domain::billing::{BillingRules, ClaimRole};
use daybook::domain::explain::Told;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A book with one account, one subscription from 2023-01-10 and the given charges.
pub fn book(rules: BillingRules, charges: &[Value]) -> Memory {
    let mut book = Memory::new(rules);
    book.import(&row(json!({
        "accounts": [{"account_number": "A1", "name": "Acme", "currency": "EUR", "bill_cycle_day": 1}],
        "subscriptions": [{"subscription_number": "S1", "account_number": "A1", "start_date": "2023-01-10"}],
        "charges": charges,
    })));
    book
}

pub fn charge(number: &str, with: Value) -> Value {
    let mut all = row(json!({
        "charge_number": number, "subscription_number": "S1", "name": number,
        "type": "recurring", "model": "flat", "price": "31", "billing_period": "month",
    }));
    all.extend(row(with));
    Value::Object(all)
}

/// Every line of the run recomputes to its amount from its stored derivation, through JSON.
pub fn explained(book: &Memory) {
    for (_, draft) in book.last.values().flatten() {
        for item in &draft.items {
            let json = serde_json::to_string(&item.derivation).unwrap();
            let back: daybook::domain::explain::Derivation = serde_json::from_str(&json).unwrap();
            assert_eq!(back, item.derivation);
            let currency = book.accounts[0].currency;
            assert_eq!(back.recompute(currency), Ok(item.amount_minor), "{item:?}");
            let told = Told {
                currency,
                description: &item.description,
                discounted: "",
                from: item.service_from,
                to: item.service_to,
                amount_minor: item.amount_minor,
            };
            let ends = format!("is {} {currency}.", currency.grouped(item.amount_minor));
            let words = back.words(&told);
            assert!(words.len() >= 2 && words.iter().all(|w| w.ends_with('.')), "{words:?}");
            assert!(words.last().unwrap().ends_with(&ends), "{words:?}");
            let by_hand = |words: &[String]| words.iter().any(|w| w.contains("by hand to"));
            // A credit may tell of the line it corrects that it had been changed.
            let corrected = words.iter().any(|w| w.starts_with("That line had been changed"));
            assert!(corrected || !by_hand(&words), "{words:?}");
            let edited = Told { amount_minor: item.amount_minor - 7, ..told };
            assert!(by_hand(&back.words(&edited)), "{words:?}");
        }
        let net: i64 = draft.items.iter().map(|i| i.amount_minor).sum();
        assert_eq!(net, draft.subtotal_minor);
        assert_eq!(draft.taxes.iter().map(|t| t.tax_minor).sum::<i64>(), draft.tax_minor);
    }
}

/// The lines of the last run in short, and every claim, for a failing test.
pub fn told(book: &Memory) -> String {
    let mut out = String::new();
    for item in book.last.values().flatten().flat_map(|(_, d)| &d.items) {
        let (from, to) = (item.service_from, item.service_to);
        out += &format!(
            "\n{} {from} {to} {} {:?}",
            item.description, item.amount_minor, item.derivation.how
        );
    }
    for c in book.accounts.iter().flat_map(|a| &a.claims) {
        let target = c.target.map_or(0, |t| t.0);
        out += &format!(
            "\n  claim {}/{target} {} {} seg {} {} v{} {} item {:?} corrects {:?} doc {}",
            c.charge.0,
            c.from,
            c.to,
            c.segment,
            c.role,
            c.version.0,
            c.amount_minor,
            c.item.map(|i| i.0),
            c.corrects.map(|i| i.0),
            c.document.0
        );
    }
    out
}

pub fn settle(book: &mut Memory, target: &str) {
    book.post();
    for _ in 0..3 {
        book.bill(target, target).unwrap();
        explained(book);
        book.post();
    }
    book.bill(target, target).unwrap();
    assert!(book.last.is_empty(), "a further run adds: {}", told(book));
}

/// No day of a charge is billed by two standing lines.
pub fn billed_once(book: &Memory) {
    for account in &book.accounts {
        let mut claims: Vec<_> = account.claims.iter().collect();
        claims.sort_by_key(|c| c.segment);
        let mut days: BTreeMap<(i64, i64, NaiveDate), i32> = BTreeMap::new();
        for claim in claims {
            let step = match claim.role {
                ClaimRole::Billed | ClaimRole::Waived => 1,
                ClaimRole::Credited => -1,
                ClaimRole::Late => 0,
            };
            for on in claim.from.iter_days().take_while(|d| *d <= claim.to) {
                let key = (claim.charge.0, claim.target.map_or(0, |t| t.0), on);
                *days.entry(key).or_default() += step;
            }
        }
        for (key, count) in days {
            assert!((0..=1).contains(&count), "{key:?} held {count} times");
        }
    }
}
