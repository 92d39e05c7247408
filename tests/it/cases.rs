//! The worked examples of `tests/cases/`, through the rules alone. `DAYBOOK_CASES=FILE` names
//! another file of the same form to play instead; it lists what does not hold.

use crate::harness::memory::{Memory, Row, rules_of, text_of};
use crate::harness::rules::explained;
use daybook::domain::billing::{BillDates, DraftDocument};
use daybook::domain::charge::ChargeType;
use daybook::domain::money::Currency;
use serde_json::Value;
use std::path::PathBuf;

/// Every scenario of every file.
pub fn scenarios() -> Vec<(String, Row)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = match std::env::var_os("DAYBOOK_CASES") {
        Some(file) => vec![file.into()],
        None => std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect(),
    };
    files.sort();
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files
        .iter()
        .flat_map(|file| {
            let all: Vec<Row> =
                serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            all.into_iter().map(|row| (text_of(&row["id"]), row)).collect::<Vec<_>>()
        })
        .collect()
}

/// The dates and filters of a bill step.
pub fn dates_of(step: &Row) -> BillDates {
    let day = |key: &str| step.get(key).map(|v| text_of(v).parse().unwrap());
    let target = day("target").unwrap();
    let exclude = step.get("exclude").and_then(Value::as_array).cloned().unwrap_or_default();
    BillDates {
        target,
        invoice_date: day("invoice_date").unwrap_or(target),
        exclude: exclude.iter().map(|t| ChargeType::parse(&text_of(t)).unwrap()).collect(),
        auto_renew: step.get("auto_renew").is_none_or(|v| *v == Value::Bool(true)),
    }
}

/// A document as a scenario writes it.
fn written(book: &Memory, draft: &DraftDocument, currency: Currency) -> Row {
    let money = |minor: i64| Value::String(currency.plain(minor));
    let items: Vec<Value> = draft
        .items
        .iter()
        .map(|item| {
            serde_json::json!({
                "charge": book.charge_number(item.charge),
                "from": item.service_from.to_string(),
                "to": item.service_to.to_string(),
                "amount": currency.plain(item.amount_minor),
            })
        })
        .collect();
    let mut row = Row::new();
    row.insert("kind".into(), Value::String(draft.kind.to_string()));
    row.insert("item_count".into(), Value::from(items.len()));
    row.insert("items".into(), Value::Array(items));
    row.insert("subtotal".into(), money(draft.subtotal_minor));
    row.insert("tax".into(), money(draft.tax_minor));
    row.insert("total".into(), money(draft.total_minor));
    row.insert("invoice_date".into(), Value::String(draft.invoice_on.to_string()));
    row.insert("due_date".into(), Value::String(draft.due_on.to_string()));
    row
}

/// Whether `got` says everything that `want` says; lists in any order, each taken once.
pub fn says(got: &Value, want: &Value) -> bool {
    match (got, want) {
        (Value::Object(got), Value::Object(want)) => {
            want.iter().all(|(k, v)| got.get(k).is_some_and(|g| says(g, v)))
        }
        (Value::Array(got), Value::Array(want)) => {
            got.len() == want.len() && {
                let mut left: Vec<&Value> = got.iter().collect();
                want.iter().all(|w| {
                    left.iter().position(|g| says(g, w)).map(|at| left.remove(at)).is_some()
                })
            }
        }
        (got, want) => text_of(got) == text_of(want),
    }
}

/// Plays one scenario, showing the book after each run; an error says where it went wrong.
pub fn play(scenario: &Row, billed: &mut dyn FnMut(&Memory)) -> Result<(), String> {
    let empty = Row::new();
    let settings = scenario.get("settings").and_then(Value::as_object).unwrap_or(&empty);
    let mut book = Memory::new(rules_of(settings));
    book.import(scenario);
    for (n, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
        let step = step.as_object().unwrap();
        for (verb, with) in step {
            match verb.as_str() {
                "bill" => {
                    let dates = dates_of(with.as_object().unwrap());
                    book.bill_dates(&dates).map_err(|e| format!("step {n}: {e}"))?;
                    billed(&book);
                }
                "import" => book.import(with.as_object().unwrap()),
                "post" => book.post(),
                "cancel_run" => book.cancel(),
                "expect" => expect(&book, with).map_err(|e| format!("step {n}: {e}"))?,
                other => return Err(format!("step {n}: unknown verb {other}")),
            }
        }
    }
    Ok(())
}

fn expect(book: &Memory, with: &Value) -> Result<(), String> {
    let number = text_of(&with["account"]);
    let currency = book.accounts.iter().find(|a| a.number == number).unwrap().currency;
    let got: Vec<Value> = book
        .last
        .get(&number)
        .into_iter()
        .flatten()
        .map(|(_, d)| Value::Object(written(book, d, currency)))
        .collect();
    let got = Value::Array(got);
    if says(&got, &with["documents"]) {
        Ok(())
    } else {
        Err(format!("wanted {}\n      got {got}", with["documents"]))
    }
}

#[test]
fn every_case_holds_through_the_rules() {
    let mut wrong = Vec::new();
    for (id, scenario) in scenarios() {
        if let Err(why) = play(&scenario, &mut |book| explained(book)) {
            wrong.push(format!("{id} ({}): {why}", text_of(&scenario["says"])));
        }
    }
    assert!(wrong.is_empty(), "{} cases fail:\n{}", wrong.len(), wrong.join("\n"));
}
