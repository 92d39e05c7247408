//! Payment runs through the binary: who is charged, credits first, what is left out and why.

use crate::harness::book::daybook;
use crate::harness::collect::{outcomes, owing, payments, sandbox, sound};
use crate::harness::crash::storm;
use serde_json::json;
use std::process::{Command, Stdio};

#[test]
fn every_outcome_is_recorded_with_its_words_and_counted() {
    let book = owing(&[
        "ok",
        "decline:insufficient_funds",
        "decline:stolen_card",
        "timeout_before",
        "timeout_after",
        "submitted",
        "decline:processing_error",
        "decline:Q9",
        "",
        "a token nobody knows",
    ]);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(1).json();
    assert_eq!(run["status"], "Completed");
    assert_eq!(run["picked"], 9);
    assert_eq!(run["skipped"], json!({ "no_method": 1 }));
    let counts = ["approved", "submitted", "declined", "unknown"].map(|k| run[k].as_i64().unwrap());
    assert_eq!(counts, [1, 1, 5, 2]);
    assert_eq!(run["totals"], json!({ "EUR": "10.00" }));
    let outcomes = outcomes(&book);
    let expected = [
        ("Approved", ""),
        ("Declined", "insufficient_funds"),
        ("Declined", "stolen_card"),
        ("Unknown", ""),
        ("Unknown", ""),
        ("Submitted", ""),
        ("Declined", "processing_error"),
        ("Declined", "Q9"),
        ("Declined", "payment_method_not_available"),
    ]
    .map(|(status, code)| (status.to_owned(), code.to_owned()));
    assert_eq!(outcomes, expected);
    let classes: Vec<_> = payments(&book).iter().map(|p| p["decline_class"].clone()).collect();
    assert_eq!(classes[1..3], [json!("soft"), json!("hard")]);
    assert_eq!(classes[6..8], [json!("system"), json!("unknown")]);
    assert_eq!(sandbox(&book), (2_000, 1));
    // Nothing is charged a second time, whatever its state.
    let again = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(again["picked"], 0);
    assert_eq!(
        again["skipped"],
        json!({ "hard_decline": 2, "live_payment": 1, "no_method": 1, "retry_later": 3, "unknown_outcome": 2 })
    );
    sound(&book);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let book = owing(&["ok", "", "decline:05"]);
    let before = book.dump();
    let dry =
        book.run(&["collect", "--target", "2026-01-31", "--dry-run", "--json"]).ends(0).json();
    assert_eq!((&dry["picked"], &dry["totals"]), (&json!(2), &json!({ "EUR": "20.00" })));
    assert_eq!(dry["skipped"], json!({ "no_method": 1 }));
    assert_eq!(book.dump(), before);
    let early =
        book.run(&["collect", "--target", "2025-12-31", "--dry-run", "--json"]).ends(0).json();
    assert_eq!(early["picked"], 0);
}

#[test]
fn credits_then_unapplied_money_are_used_before_the_gateway() {
    let book = owing(&["ok"]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        CM-1,A1,credit_memo,2025-12-20,2025-12-20,-2.50,0.00,-2.50\n\
        INV-99,A1,invoice,2025-12-16,2026-01-02,4.00,0.00,4.00\n";
    let (code, _) = book.import("more.csv", items, &[]);
    assert_eq!(code, 0);
    // More than INV-99 owes: 3.00 stay unapplied.
    book.run(&[
        "payment",
        "record",
        "--account",
        "A1",
        "--amount",
        "7",
        "--reference",
        "wire",
        "--invoice",
        "INV-99",
    ])
    .ends(0);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["credits_applied"], json!({ "EUR": "5.50" }));
    assert_eq!(run["totals"], json!({ "EUR": "4.50" }));
    assert_eq!(sandbox(&book), (450, 1));
    assert_eq!(book.count("SELECT sum(balance_minor) FROM document_state"), 0);
    sound(&book);
}

#[test]
fn an_invoice_that_credits_settle_needs_no_payment() {
    let book = owing(&["ok"]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        CM-1,A1,credit_memo,2025-12-20,2025-12-20,-12.00,0.00,-12.00\n";
    book.import("more.csv", items, &[]);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["skipped"], json!({ "settled_meanwhile": 1 }));
    assert_eq!(run["credits_applied"], json!({ "EUR": "10.00" }));
    assert_eq!(sandbox(&book), (0, 0));
    sound(&book);
}

#[test]
fn a_consolidated_payment_pays_all_of_an_account_and_counts_once_against_its_method() {
    let book = owing(&["decline:insufficient_funds,ok"]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-7,A1,invoice,2025-12-16,2026-01-02,4.00,0.00,4.00\n";
    book.import("more.csv", items, &[]);
    let args = ["collect", "--target", "2026-01-31", "--consolidate", "--json"];
    let run = book.run(&args).ends(0).json();
    assert_eq!((&run["picked"], &run["declined"]), (&json!(2), &json!(1)));
    assert_eq!(book.count("SELECT failures FROM payment_method"), 1);
    let declined = &payments(&book)[0];
    assert_eq!(declined["amount"], "14.00");
    assert_eq!(declined["invoices"], json!(["INV-1", "INV-7"]));
    book.run(&["retry", "--payment", "P-1"]).ends(0);
    assert_eq!(sandbox(&book), (1_400, 1));
    assert_eq!(book.count("SELECT failures FROM payment_method"), 0);
    sound(&book);
}

#[test]
fn one_account_is_never_charged_twice_at_the_same_time() {
    let book = owing(&["decline:stolen_card"]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-7,A1,invoice,2025-12-16,2026-01-02,4.00,0.00,4.00\n\
        INV-8,A1,invoice,2025-12-16,2026-01-03,5.00,0.00,5.00\n";
    book.import("more.csv", items, &[]);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    // The hard decline of the first spares the card the other two.
    assert_eq!((&run["picked"], &run["declined"]), (&json!(1), &json!(1)));
    assert_eq!(run["skipped"], json!({ "hard_decline": 2 }));
    sound(&book);
}

#[test]
fn filters_take_only_what_they_say() {
    let book = owing(&["ok", "ok", "ok"]);
    let collect = |more: &[&str]| {
        let args = [&["collect", "--target", "2026-01-31", "--dry-run", "--json"], more].concat();
        book.run(&args).ends(0).json()["picked"].clone()
    };
    assert_eq!(collect(&[]), 3);
    assert_eq!(collect(&["--account", "A2"]), 1);
    assert_eq!(collect(&["--batch", "none"]), 0);
    assert_eq!(collect(&["--bcd", "1"]), 3);
    assert_eq!(collect(&["--bcd", "2"]), 0);
    assert_eq!(collect(&["--currency", "USD"]), 0);
    assert_eq!(collect(&["--gateway", "stripe"]), 0);
    for bad in [
        ["--account", "nobody"],
        ["--bcd", "32"],
        ["--currency", "eur"],
        ["--gateway", "x"],
        ["--run", "BR-9"],
        ["--run", "PR-1"],
    ] {
        let args = [&["collect", "--target", "2026-01-31"], &bad[..]].concat();
        book.run(&args).ends(2);
    }
    assert_eq!(book.count("SELECT count(*) FROM payment_run"), 0);
}

#[test]
fn our_own_bad_set_up_stops_the_run_after_three() {
    let book = owing(&["setup"; 8]);
    book.run(&["settings", "set", "payment.concurrency", "1"]).ends(0);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(1).json();
    assert_eq!(run["status"], "Stopped");
    assert!(run["note"].as_str().unwrap().contains("set-up three times"), "{run}");
    // Nothing counts against the customers' methods.
    assert_eq!(book.count("SELECT sum(failures) FROM payment_method"), 0);
    sound(&book);
}

#[test]
fn an_outage_is_waited_out_and_no_attempt_is_lost() {
    let book = owing(&["ok", "ok"]);
    book.run(&["settings", "set", "sandbox.outage", "true"]).ends(0);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["status"], "Processing");
    assert!(run["note"].as_str().unwrap().contains("cannot be reached"));
    book.run(&["settings", "set", "sandbox.outage", "false"]).ends(0);
    book.run(&["clock", "set", "2026-01-05T12:10"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    let run = book.run(&["run", "show", "PR-1", "--json"]).ends(0).json();
    assert_eq!((&run["status"], &run["approved"]), (&json!("Completed"), &json!(2)));
    assert_eq!(sandbox(&book), (2_000, 1));
    sound(&book);
}

#[test]
fn a_long_outage_stops_the_run_and_says_so() {
    let book = owing(&["ok"]);
    book.run(&["settings", "set", "sandbox.outage", "true"]).ends(0);
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    for hour in ["13:00", "15:00", "16:30"] {
        book.run(&["clock", "set", &format!("2026-01-05T{hour}")]).ends(0);
        book.run(&["worker", "--once"]).ends(0);
    }
    let run = book.run(&["run", "show", "PR-1", "--json"]).json();
    assert_eq!(run["status"], "Stopped", "{run}");
    sound(&book);
}

#[test]
fn a_paused_run_goes_on_and_a_stopped_one_leaves_the_rest() {
    let book = owing(&["ok", "ok"]);
    book.run(&["collect", "--target", "2026-01-31", "--detach"]).ends(0);
    book.run(&["run", "pause", "PR-1"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(payments(&book).len(), 0);
    let run = book.run(&["run", "resume", "PR-1", "--json"]).ends(0).json();
    assert_eq!((&run["status"], &run["approved"]), (&json!("Completed"), &json!(2)));
    book.run(&["run", "pause", "PR-1"]).ends(2);

    let other = owing(&["ok", "ok"]);
    other.run(&["collect", "--target", "2026-01-31", "--detach"]).ends(0);
    other.run(&["run", "cancel", "PR-1"]).ends(0);
    other.run(&["worker", "--once"]).ends(0);
    assert_eq!(other.run(&["run", "show", "PR-1", "--json"]).json()["status"], "Stopped");
    assert_eq!(payments(&other).len(), 0);
    sound(&other);
}

#[test]
fn a_payment_run_waits_for_its_bill_run_until_its_time_is_up() {
    let book = crate::harness::crash::waiting(3);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    let waits = ["collect", "--target", "2027-01-01", "--run", "BR-1", "--json"];
    let run = book.run(&waits).ends(0).json();
    assert_eq!(run["status"], "Pending");
    assert!(run["note"].as_str().unwrap().contains("BR-000001"), "{run}");
    book.run(&["post", "BR-1"]).ends(0);
    let later = |minutes: i64| {
        let shown =
            book.run(&["clock", "show", "--json"]).json()["now"].as_str().unwrap().to_owned();
        let now = chrono::NaiveDateTime::parse_from_str(&shown, "%Y-%m-%dT%H:%M").unwrap();
        let then = now + chrono::Duration::minutes(minutes);
        book.run(&["clock", "set", &then.format("%Y-%m-%dT%H:%M").to_string()]).ends(0);
    };
    later(2);
    book.run(&["worker", "--once"]).ends(0);
    let run = book.run(&["run", "show", "PR-1", "--json"]).json();
    assert_eq!((&run["status"], &run["picked"]), (&json!("Completed"), &json!(3)));

    book.run(&["bill", "--target", "2026-04-01"]).ends(0);
    assert_eq!(
        book.run(&["collect", "--target", "2027-01-01", "--run", "BR-2", "--json"]).json()["status"],
        "Pending"
    );
    later(4 * 60 + 1);
    book.run(&["worker", "--once"]).ends(0);
    let run = book.run(&["run", "show", "PR-2", "--json"]).json();
    assert_eq!((&run["status"], &run["picked"]), (&json!("Completed"), &json!(0)));
    assert!(run["note"].as_str().unwrap().contains("not posted in time"), "{run}");
}

#[test]
fn two_processes_on_one_run_and_two_runs_at_once_charge_each_invoice_once() {
    let book = owing(&["ok"; 60]);
    book.run(&["settings", "set", "sandbox.latency_ms", "5"]).ends(0);
    book.run(&["collect", "--target", "2026-01-31", "--detach"]).ends(0);
    let start = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_daybook"))
            .arg("--book")
            .arg(&book.path)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut all = [
        start(&["worker", "--once"]),
        start(&["worker", "--once"]),
        start(&["run", "resume", "PR-1"]),
        start(&["collect", "--target", "2026-01-31"]),
    ];
    for child in &mut all {
        assert!(child.wait().unwrap().code().is_some_and(|c| c < 4));
    }
    daybook(&book.path, &["worker", "--once"]).ends(0);
    assert_eq!(sandbox(&book), (60 * 1_000, 1));
    assert_eq!(book.count("SELECT count(*) FROM payment WHERE status = 'Approved'"), 60);
    sound(&book);
}

/// Keys, amounts and allocations; ids and times may differ.
const PAYMENTS: &str = "SELECT p.idempotency_key, p.status, p.amount_minor, p.decline_code, p.attempt, d.number,
    l.amount_minor, l.state, s.balance_minor FROM payment p JOIN allocation l ON l.payment_id = p.id
    JOIN document d ON d.id = l.document_id JOIN document_state s ON s.document_id = d.id ORDER BY 1, 6";

#[test]
fn a_killed_payment_run_goes_on_as_if_nothing_had_happened() {
    let mut tokens = vec!["ok"; 600];
    for (place, token) in [
        (7, "decline:insufficient_funds"),
        (90, "timeout_after"),
        (200, "timeout_before"),
        (333, "submitted"),
    ] {
        tokens[place] = token;
    }
    let book = owing(&tokens);
    book.run(&["settings", "set", "sandbox.latency_ms", "2"]).ends(0);
    storm(&book.path, &["collect", "--target", "2026-01-31"], 600, PAYMENTS);
}

#[test]
fn a_scheduled_run_that_asks_for_far_more_than_its_schedule_ever_did_waits_for_a_person() {
    let book = owing(&["ok", "ok", "ok", "ok"]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-50,A1,invoice,2025-12-16,2026-01-07,500.00,0.00,500.00\n";
    book.import("more.csv", items, &[]);
    book.run(&[
        "schedule",
        "add",
        "collect",
        "--every",
        "daily",
        "--at",
        "13:00",
        "--email",
        "o@example.com",
    ])
    .ends(0);
    for day in ["2026-01-05T13:01", "2026-01-06T13:01", "2026-01-07T13:01"] {
        book.run(&["clock", "set", day]).ends(0);
        book.run(&["worker", "--once"]).ends(0);
        if day.starts_with("2026-01-05") {
            // The first has nothing to be compared with: a person looks, and is told by mail.
            let first = book.run(&["run", "show", "PR-000001", "--json"]).json();
            assert_eq!(first["status"], "Paused", "{first}");
            assert_eq!(sandbox(&book).0, 0);
            book.run(&["worker", "--once"]).ends(0);
            let mailed = "SELECT count(*) FROM notice WHERE mailed_at IS NOT NULL AND text LIKE '%PR-000001%'";
            assert_eq!(book.count(mailed), 1);
            book.run(&["run", "resume", "PR-000001"]).ends(0);
        }
    }
    let runs = book.run(&["run", "list", "--json"]).json();
    let last = &runs[0];
    assert_eq!(last["status"], "Paused", "{runs}");
    assert!(last["note"].as_str().unwrap().contains("500.00 EUR"), "{last}");
    assert_eq!(sandbox(&book).0, 4_000);
    book.run(&["run", "resume", last["run"].as_str().unwrap()]).ends(0);
    assert_eq!(sandbox(&book).0, 54_000);
    sound(&book);
}
