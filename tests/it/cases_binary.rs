//! The worked examples of `tests/cases/`, through the binary: imported as CSV, billed, posted, listed.

use crate::cases::{says, scenarios};
use crate::harness::book::Book;
use crate::harness::memory::{Row, text_of};
use serde_json::Value;

/// The rows of one kind as a CSV file: every key that some row has is a column.
pub fn csv_of(rows: &[Value]) -> Vec<u8> {
    let mut columns: Vec<String> = Vec::new();
    for row in rows {
        for key in row.as_object().unwrap().keys() {
            if !columns.contains(key) {
                columns.push(key.clone());
            }
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns).unwrap();
    for row in rows {
        writer
            .write_record(columns.iter().map(|c| row.get(c).map(text_of).unwrap_or_default()))
            .unwrap();
    }
    writer.into_inner().unwrap()
}

/// Imports every kind of rows found in `rows` with one command.
fn import_files(book: &Book, rows: &Row) -> Result<(), String> {
    let kinds =
        ["taxes", "accounts", "subscriptions", "charges", "usage", "payment_methods", "open_items"];
    let files: Vec<String> = kinds
        .iter()
        .filter_map(|kind| {
            let list = rows.get(*kind).and_then(Value::as_array).filter(|l| !l.is_empty())?;
            Some(book.file(&format!("{kind}.csv"), csv_of(list)))
        })
        .collect();
    let mut args = vec!["import"];
    args.extend(files.iter().map(String::as_str));
    args.extend(["--yes", "--allow-repeats", "--json"]);
    let ran = book.run(&args);
    if ran.code == 0 { Ok(()) } else { Err(format!("import: {} {}", ran.out, ran.err)) }
}

/// What the last run made for an account, as a scenario writes it.
fn listed(book: &Book, run: &str, account: &str) -> Value {
    let mut all = Vec::new();
    for list in ["invoice", "memo"] {
        let ran = book.run(&[list, "list", "--run", run, "--account", account, "--json"]).ends(0);
        for document in ran.json().as_array().unwrap() {
            let mut row = document.as_object().unwrap().clone();
            let items: Vec<Value> = row["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| {
                    serde_json::json!({
                        "charge": item["charge_number"],
                        "from": item["service_from"],
                        "to": item["service_to"],
                        "amount": item["amount"],
                    })
                })
                .collect();
            row.insert("item_count".into(), Value::from(items.len()));
            row.insert("items".into(), Value::Array(items));
            let known = all.iter().any(|other: &Value| other["id"] == row["id"]);
            if !known {
                all.push(Value::Object(row));
            }
        }
    }
    Value::Array(all)
}

/// Plays one scenario through the binary.
fn play_binary(scenario: &Row) -> Result<(), String> {
    let book = Book::new("2025-06-01");
    if let Some(settings) = scenario.get("settings").and_then(Value::as_object) {
        // `prorate` may only be off once `bill_partial_month` is.
        let mut keys: Vec<_> = settings.iter().collect();
        keys.sort_by_key(|(key, _)| *key);
        for (key, value) in keys {
            book.run(&["settings", "set", key, &text_of(value)]).ends(0);
        }
    }
    import_files(&book, scenario)?;
    let mut run = String::new();
    for (n, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
        for (verb, with) in step.as_object().unwrap() {
            let at = |e: String| format!("step {n}: {e}");
            match verb.as_str() {
                "bill" => run = bill_binary(&book, with).map_err(at)?,
                "import" => import_files(&book, with.as_object().unwrap()).map_err(at)?,
                "post" => {
                    book.run(&["post", &run, "--json"]).ends(0);
                }
                "cancel_run" => {
                    book.run(&["run", "cancel", &run]).ends(0);
                }
                "expect" => {
                    let got = listed(&book, &run, &text_of(&with["account"]));
                    if !says(&got, &with["documents"]) {
                        return Err(at(format!("wanted {}\n      got {got}", with["documents"])));
                    }
                }
                other => return Err(at(format!("unknown verb {other}"))),
            }
        }
    }
    let check = book.run(&["check", "--json"]);
    if check.code == 0 { Ok(()) } else { Err(format!("check: {}", check.out)) }
}

fn bill_binary(book: &Book, step: &Value) -> Result<String, String> {
    let mut args = vec!["bill".to_owned(), "--json".into(), "--yes".into()];
    for (key, value) in step.as_object().unwrap() {
        match key.as_str() {
            "target" => args.extend(["--target".into(), text_of(value)]),
            "invoice_date" => args.extend(["--invoice-date".into(), text_of(value)]),
            "auto_renew" if *value == Value::Bool(false) => args.push("--no-auto-renew".into()),
            "auto_renew" => {}
            "exclude" => {
                for kind in value.as_array().unwrap() {
                    args.extend(["--exclude".into(), text_of(kind)]);
                }
            }
            other => return Err(format!("unknown bill option {other}")),
        }
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = book.run(&args);
    if ran.code != 0 {
        return Err(format!("bill: exit {} {} {}", ran.code, ran.out, ran.err));
    }
    Ok(text_of(&ran.json()["run"]))
}

#[test]
fn every_case_holds_through_the_binary() {
    // Each scenario is a book of its own: a few at a time.
    let all = scenarios();
    let wrong = std::sync::Mutex::new(Vec::new());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((id, scenario)) = all.get(at) else { return };
                    if let Err(why) = play_binary(scenario) {
                        let says = text_of(&scenario["says"]);
                        wrong.lock().unwrap().push(format!("{id} ({says}): {why}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} cases fail:\n{}", wrong.len(), wrong.join("\n"));
}
