//! Failed payments: retries by rule and by hand, look-ups, money that goes back.

use crate::harness::book::Book;
use crate::harness::collect::{outcomes, owing, payments, sandbox, sound};
use daybook::store::read::{self, Filter, ListArgs, Seek, Sort};
use serde_json::json;

fn collect(book: &Book, code: i32) {
    book.run(&["collect", "--target", "2026-01-31"]).ends(code);
}

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
}

fn balance(book: &Book) -> i64 {
    book.count("SELECT sum(balance_minor) FROM document_state")
}

#[test]
fn a_soft_decline_is_retried_when_its_time_has_come_with_a_new_key() {
    let book = owing(&["decline:insufficient_funds,decline:insufficient_funds,ok"]);
    collect(&book, 0);
    assert_eq!(payments(&book)[0]["next_retry_at"], "2026-01-06T12:00:00Z");
    book.run(&["retry", "--due"]).ends(0);
    assert_eq!(payments(&book).len(), 1, "too early");
    at(&book, "2026-01-06T12:00");
    let run = book.run(&["retry", "--json"]).ends(0).json();
    assert_eq!((&run["picked"], &run["declined"]), (&json!(1), &json!(1)));
    let second = payments(&book)[1].clone();
    assert_eq!(
        (&second["attempt"], &second["next_retry_at"]),
        (&json!(2), &json!("2026-01-09T12:00:00Z"))
    );
    at(&book, "2026-01-10");
    // An ordinary run takes it too once it is due.
    collect(&book, 0);
    assert_eq!(outcomes(&book)[2].0, "Approved");
    let keys: std::collections::BTreeSet<String> =
        payments(&book).iter().map(|p| p["key"].to_string()).collect();
    assert_eq!(keys.len(), 3);
    let came = book.run(&["payment", "recovery", "--json"]).ends(0).json();
    assert_eq!(
        came["recovered"],
        json!([{ "currency": "EUR", "invoices": 1, "failed": "10.00", "parts": {
            "within_3_days": "0.00", "4_to_7_days": "10.00", "8_to_14_days": "0.00",
            "15_to_30_days": "0.00", "later": "0.00", "credited_or_given_up": "0.00",
            "still_open": "0.00" }, "by": { "by_the_2nd_try": "0.00", "by_the_3rd_try": "10.00",
            "by_a_later_try": "0.00", "by_transfer_or_the_like": "0.00" } }])
    );
    assert_eq!((sandbox(&book), balance(&book)), ((1_000, 1), 0));
    sound(&book);
}

#[test]
fn unapplied_money_is_used_on_what_is_owed_when_a_person_says_so() {
    let book = owing(&["ok"]);
    book.run(&["payment", "record", "--account", "A1", "--amount", "25", "--reference", "w"])
        .ends(0);
    book.run(&["payment", "apply", "A1"]).ends(2);
    let more = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-8,A1,invoice,2025-12-20,2026-01-20,4.00,0.00,4.00\n\
        INV-9,A1,invoice,2025-12-21,2026-01-10,20.00,0.00,20.00\n\
        CM-1,A1,credit_memo,2025-12-22,2025-12-22,-3.00,0.00,-3.00\n";
    let (code, file) = book.import("more.csv", more, &[]);
    assert_eq!(code, 0, "{file}");
    let said = book.run(&["payment", "apply", "A1"]).ends(0).out;
    assert!(said.contains("18.00 on INV-9"), "{said}");
    assert_eq!(balance(&book), 600);
    assert_eq!(book.count("SELECT sum(unapplied_minor) FROM payment"), 0);
    book.run(&["payment", "apply", "A1"]).ends(2);
    book.run(&["payment", "apply", "A1", "--currency", "XX"]).ends(2);
    book.run(&["payment", "apply", "A2"]).ends(2);
    sound(&book);
}

#[test]
fn a_due_retry_that_would_only_be_skipped_makes_no_run() {
    let book = owing(&["decline:insufficient_funds,ok"]);
    book.run(&["settings", "set", "automation.retry", "true"]).ends(0);
    collect(&book, 0);
    // An ordinary run took it first, by another method: that payment is live, the retry still due.
    let methods = "account_number,token,kind,display,priority\n\
        A1,\"decline:insufficient_funds,ok\",card,visa 1,2\nA1,submitted,sepa,bank,1\n";
    book.import("methods.csv", methods, &[]);
    at(&book, "2026-01-06T12:00");
    collect(&book, 0);
    assert_eq!(payments(&book)[1]["status"], "Submitted");
    let runs = "SELECT count(*) FROM payment_run";
    let before = book.count(runs);
    let actor = daybook::cli::actor();
    let mut session = daybook::engine::Session::open(&book.path, actor).unwrap();
    daybook::engine::clockwork::tick::tick(&mut session).unwrap();
    assert_eq!(book.count(runs), before);
    sound(&book);
}

#[test]
fn a_declined_payment_that_the_bank_has_after_all_is_on_its_way_again() {
    let book = owing(&["submitted", "submitted"]);
    collect(&book, 0);
    // A person was told that nothing was charged, and that was wrong.
    let told = ["--not-charged", "--evidence", "a call"];
    book.run(&[&["payment", "reconcile", "P-1", "P-2"], &told[..]].concat()).ends(0);
    book.run(&["retry", "--payment", "P-2"]).ends(0);
    book.run(&["payment", "reconcile", "P-1", "P-2"]).ends(1);
    let states: Vec<String> = outcomes(&book).into_iter().map(|(status, _)| status).collect();
    // The invoice of the second has another payment on its way by now: a person must know.
    assert_eq!(states, ["Submitted", "Declined", "Submitted"]);
    let open = "SELECT count(*) FROM notice WHERE text LIKE 'P-000002%' AND done_at IS NULL";
    assert_eq!(book.count(open), 1);
    sound(&book);
    at(&book, "2026-01-08");
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["skipped"], json!({ "live_payment": 2 }));
    book.run(&["payment", "reconcile", "P-1", "P-2", "P-3"]).ends(0);
    assert_eq!(
        (balance(&book), book.count("SELECT sum(unapplied_minor) FROM payment")),
        (0, 1_000)
    );
    assert_eq!(book.count(open), 0);
    sound(&book);
}

#[test]
fn retries_end_and_a_person_may_go_on() {
    let book = owing(&["decline:05"]);
    collect(&book, 0);
    for moment in ["2026-01-06T12:00", "2026-01-10", "2026-01-16"] {
        at(&book, moment);
        book.run(&["retry"]).ends(0);
    }
    assert_eq!(payments(&book).len(), 4);
    at(&book, "2026-02-20");
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["skipped"], json!({ "gave_up": 1 }));
    let failed = book.run(&["payment", "failed", "--json"]).ends(0).json();
    assert_eq!(failed["gave_up"][0]["invoice"], "INV-1");
    book.run(&["retry", "--group", "gave_up"]).ends(0);
    assert_eq!(payments(&book).len(), 5);
    sound(&book);
}

#[test]
fn a_hard_decline_needs_another_method_which_counts_at_once() {
    let book = owing(&["decline:stolen_card"]);
    collect(&book, 0);
    at(&book, "2026-02-20");
    let run = book.run(&["retry", "--payment", "P-1", "--json"]).ends(1).json();
    assert!(run["refused"][0]["reason"].as_str().unwrap().contains("another method"), "{run}");
    assert_eq!(
        book.run(&["payment", "failed", "--json"]).json()["new_method"][0]["invoice"],
        "INV-1"
    );
    book.run(&[
        "payment",
        "method",
        "add",
        "A1",
        "--token",
        "ok",
        "--kind",
        "card",
        "--display",
        "visa new",
        "--first",
    ])
    .ends(0);
    collect(&book, 0);
    assert_eq!(outcomes(&book)[1].0, "Approved");
    assert_eq!(sandbox(&book).0, 1_000);
    book.run(&[
        "payment",
        "method",
        "add",
        "A1",
        "--token",
        "4242424242424242",
        "--kind",
        "card",
        "--display",
        "x",
    ])
    .ends(2);
    sound(&book);
}

#[test]
fn the_next_method_by_priority_takes_over_after_a_hard_decline() {
    let book = owing(&["decline:expired_card"]);
    book.run(&["settings", "set", "retry.fallback", "true"]).ends(0);
    let more = "account_number,token,kind,display,priority\nA1,ok,card,mc 2,2\n";
    book.import("more.csv", more, &[]);
    collect(&book, 0);
    assert_eq!(payments(&book)[0]["next_retry_at"], "2026-01-05T13:00:00Z");
    at(&book, "2026-01-05T13:00");
    book.run(&["retry"]).ends(0);
    assert_eq!(payments(&book)[1]["method"], "mc 2");
    assert_eq!(balance(&book), 0);
    sound(&book);
}

#[test]
fn a_new_invoice_goes_to_the_first_method_or_to_none_unless_fallback_is_on() {
    let book = owing(&["decline:expired_card"]);
    book.import("more.csv", "account_number,token,kind,display,priority\nA1,ok,card,mc 2,2\n", &[]);
    collect(&book, 0);
    let item = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-9,A1,invoice,2025-12-15,2026-01-02,7.00,0.00,7.00\n";
    book.import("item.csv", item, &["--cutover", "2025-12-15"]);
    let dry = |more: &[&str]| {
        let args = ["collect", "--target", "2026-01-31", "--dry-run", "--json"];
        book.run(&[&args[..], more].concat()).ends(0).json()
    };
    assert_eq!(dry(&[])["skipped"], json!({ "hard_decline": 2 }));
    collect(&book, 0);
    assert_eq!((payments(&book).len(), sandbox(&book).0), (1, 0), "the second card is not charged");
    let asked = book.run(&["retry", "--payment", "P-1", "--json"]).ends(1).json();
    assert!(asked["refused"][0]["reason"].as_str().unwrap().contains("another method"), "{asked}");
    let store = daybook::store::Store::open(&book.path).unwrap();
    let args =
        ListArgs { filter: Filter::default(), sort: Sort::Due.into(), seek: Seek::First, limit: 9 };
    let rows = store.read(|db| read::failed::page(db, &args)).unwrap().rows;
    let barred: Vec<_> = rows.iter().map(|r| (r.number.as_str(), r.barred.as_str())).collect();
    assert_eq!(barred, [("INV-1", "visa 1"), ("INV-9", "visa 1")], "the row says why");
    assert_eq!(dry(&["--gateway", "sandbox"])["picked"], 0);
    // A book that wants it, or a person who puts the other card first.
    book.run(&["settings", "set", "retry.fallback", "true"]).ends(0);
    assert_eq!(dry(&["--gateway", "sandbox"])["picked"], 1);
    book.run(&["settings", "set", "retry.fallback", "false"]).ends(0);
    at(&book, "2026-01-06");
    book.run(&["payment", "method", "first", "M-2"]).ends(0);
    collect(&book, 0);
    assert_eq!(balance(&book), 0);
    sound(&book);
}

#[test]
fn unknown_outcomes_are_looked_up_and_never_retried() {
    let book = owing(&["timeout_after", "timeout_before,ok"]);
    collect(&book, 1);
    let refused = book.run(&["retry", "--payment", "P-1", "--json"]).ends(1).json();
    assert!(refused["refused"][0]["reason"].as_str().unwrap().contains("reconcile"));
    // Thirty seconds later the worker asks.
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(outcomes(&book)[0].0, "Unknown", "too early");
    at(&book, "2026-01-05T12:01");
    book.run(&["worker", "--once"]).ends(0);
    let after = outcomes(&book);
    assert_eq!(after[0].0, "Approved");
    // Nothing of it was there: the same request went out again, under its key.
    assert_eq!(after[1].0, "Approved");
    at(&book, "2026-01-05T13:01");
    book.run(&["retry"]).ends(0);
    assert_eq!(outcomes(&book).len(), 2, "no other key");
    assert_eq!((sandbox(&book), balance(&book)), ((2_000, 1), 0));
    let run = book.run(&["run", "show", "PR-1", "--json"]).ends(0).json();
    assert_eq!(
        (&run["approved"], &run["declined"], &run["unknown"]),
        (&json!(2), &json!(0), &json!(0))
    );
    sound(&book);
}

#[test]
fn a_gateway_that_never_answers_leads_to_the_exception_list_and_a_finding_by_hand() {
    let book = owing(&["timeout_after", "timeout_after"]);
    collect(&book, 1);
    book.run(&["settings", "set", "sandbox.outage", "true"]).ends(0);
    for hour in 0..40 {
        let (day, hour) = (6 + hour / 24, hour % 24);
        at(&book, &format!("2026-01-{day:02}T{hour:02}:30"));
        book.run(&["worker", "--once"]).ends(0);
    }
    let listed = book.run(&["payment", "exceptions", "--json"]).ends(1).json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(book.count("SELECT count(*) FROM notice WHERE level = 'task'"), 2);
    book.run(&["payment", "reconcile", "P-1", "--approved", "sb_1"]).ends(2);
    book.run(&[
        "payment",
        "reconcile",
        "P-1",
        "--approved",
        "sb_1",
        "--evidence",
        "statement of 6 January",
    ])
    .ends(0);
    book.run(&["payment", "reconcile", "P-2", "--not-charged", "--evidence", "ticket 12"]).ends(0);
    let now: Vec<String> = outcomes(&book).into_iter().map(|o| o.0).collect();
    assert_eq!(now, ["Approved", "Declined"]);
    // The second finding was wrong: asked again, the gateway says so. A late success.
    book.run(&["settings", "set", "sandbox.outage", "false"]).ends(0);
    book.run(&["payment", "reconcile", "P-2"]).ends(0);
    assert_eq!(outcomes(&book)[1].0, "Approved");
    assert_eq!(book.count("SELECT count(*) FROM payment_event WHERE kind = 'late_success'"), 1);
    assert_eq!((balance(&book), sandbox(&book)), (0, (2_000, 1)));
    sound(&book);
}

#[test]
fn a_late_success_of_a_paid_invoice_becomes_credit() {
    let book = owing(&["timeout_after"]);
    collect(&book, 1);
    book.run(&["payment", "reconcile", "P-1", "--not-charged", "--evidence", "a guess"]).ends(0);
    book.run(&["payment", "record", "--account", "A1", "--amount", "10", "--reference", "wire"])
        .ends(0);
    book.run(&["payment", "reconcile", "P-1"]).ends(0);
    let late = &payments(&book)[0];
    assert_eq!((&late["status"], &late["unapplied"]), (&json!("Approved"), &json!("10.00")));
    sound(&book);
}

#[test]
fn what_the_bank_has_is_approved_or_returned_later() {
    let book = owing(&["submitted", "submitted:R01"]);
    collect(&book, 0);
    at(&book, "2026-01-05T23:00");
    book.run(&["worker", "--once"]).ends(0);
    assert!(outcomes(&book).iter().all(|o| o.0 == "Submitted"));
    at(&book, "2026-01-08");
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(outcomes(&book)[0].0, "Approved");
    assert_eq!(outcomes(&book)[1], ("Declined".to_owned(), "R01".to_owned()));
    assert_eq!(balance(&book), 1_000);
    sound(&book);
}

#[test]
fn money_that_goes_back_reopens_the_invoice_and_is_not_collected_again_by_rule() {
    let book = owing(&["ok", "ok", "ok"]);
    collect(&book, 0);
    let refund = book
        .run(&["payment", "refund", "P-1", "--amount", "4", "--reason", "goodwill", "--json"])
        .ends(0)
        .json();
    assert_eq!((&refund["status"], &refund["amount"]), (&json!("Done"), &json!("4.00")));
    book.run(&["payment", "refund", "P-1", "--amount", "6.01", "--reason", "x"]).ends(2);
    at(&book, "2026-01-20");
    book.run(&["payment", "return", "P-2", "--code", "MD06", "--date", "2026-01-18"]).ends(0);
    book.run(&["payment", "chargeback", "P-3", "--code", "83"]).ends(0);
    assert_eq!(balance(&book), 400 + 1_000 + 1_000);
    assert_eq!(
        book.count("SELECT count(*) FROM ledger_entry WHERE entry_on = '2026-01-18' AND account = 'receivable' AND debit_minor = 1000"),
        1
    );
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!((&run["picked"], &run["approved"]), (&json!(0), &json!(0)), "{run}");
    book.run(&["payment", "chargeback-won", "P-3"]).ends(0);
    book.run(&["payment", "chargeback-won", "P-3"]).ends(2);
    assert_eq!(balance(&book), 1_400);
    sound(&book);
}

/// A bank debit that comes back says by its code whether it is presented again, exactly as a decline
/// does: lack of funds by the rules, what lacks authority or has wrong data never.
#[test]
fn a_return_has_the_class_of_its_code() {
    let codes = [
        ("AM04", "retry_later"),
        ("R01", "retry_later"),
        ("R09", "retry_later"),
        ("MD01", "ask_mandate"),
        ("MD06", "ask_mandate"),
        ("MS02", "ask_mandate"),
        ("AC04", "new_method"),
        ("AC06", "new_method"),
        ("R02", "new_method"),
        ("R03", "new_method"),
        ("R04", "new_method"),
        ("R05", "ask_mandate"),
        ("R07", "ask_mandate"),
        ("R08", "ask_mandate"),
        ("R10", "ask_mandate"),
        ("R29", "ask_mandate"),
        // No reason told: a person presents it again, no rule does.
        ("MS03", "gave_up"),
        ("AM05", "gave_up"),
        ("Q7", "gave_up"),
    ];
    let book = owing(&codes.map(|_| "ok"));
    collect(&book, 0);
    at(&book, "2026-01-08");
    for (n, (code, _)) in codes.iter().enumerate() {
        let payment = format!("P-{}", n + 1);
        book.run(&["payment", "return", &payment, "--code", code]).ends(0);
    }
    let failed = book.run(&["payment", "failed", "--json"]).ends(0).json();
    for (n, (code, group)) in codes.iter().enumerate() {
        let invoice = format!("INV-{}", n + 1);
        let listed =
            failed[group].as_array().is_some_and(|g| g.iter().any(|f| f["invoice"] == invoice));
        assert!(listed, "{code} is not in {group}: {failed}");
    }
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["picked"], 0, "before their time: {run}");
    at(&book, "2026-01-10");
    let run = book.run(&["retry", "--due", "--json"]).ends(0).json();
    assert_eq!((&run["picked"], &run["approved"]), (&json!(3), &json!(3)), "{run}");
    at(&book, "2026-03-30");
    let run = book.run(&["collect", "--target", "2026-03-30", "--json"]).ends(0).json();
    assert_eq!(run["picked"], 0, "{run}");
    assert_eq!(payments(&book).len(), codes.len() + 3);
    assert_eq!(balance(&book), 16_000);
    sound(&book);
}

/// NACHA lets an entry be presented twice more, whatever the book's rules would do.
#[test]
fn a_returned_entry_is_presented_twice_more_at_most() {
    let book = owing(&["ok"]);
    collect(&book, 0);
    for (payment, day, later) in
        [("P-1", "2026-01-08", "2026-01-20"), ("P-2", "2026-02-01", "2026-02-20")]
    {
        at(&book, day);
        book.run(&["payment", "return", payment, "--code", "R01"]).ends(0);
        at(&book, later);
        book.run(&["retry", "--due"]).ends(0);
    }
    assert_eq!(payments(&book).len(), 3);
    at(&book, "2026-03-01");
    book.run(&["payment", "return", "P-3", "--code", "R01"]).ends(0);
    let failed = book.run(&["payment", "failed", "--json"]).ends(0).json();
    assert_eq!(failed["gave_up"][0]["invoice"], "INV-1");
    at(&book, "2026-05-01");
    book.run(&["retry", "--due"]).ends(0);
    collect(&book, 0);
    assert_eq!((payments(&book).len(), balance(&book)), (3, 1_000));
    sound(&book);
}

/// What the customer must confirm is this payment: no mandate is missing, and the card stays good.
#[test]
fn a_payment_to_confirm_is_asked_of_the_customer_and_bars_no_card() {
    let book = owing(&["decline:authentication_required,ok"]);
    let more = "account_number,token,kind,display,priority\nA1,ok,card,mc 2,2\n";
    book.import("more.csv", more, &[]);
    collect(&book, 0);
    let failed = book.run(&["payment", "failed", "--json"]).ends(0).json();
    assert_eq!(failed["ask_customer"][0]["invoice"], "INV-1", "{failed}");
    assert_eq!(payments(&book)[0]["next_retry_at"], json!(null), "no other card by itself");
    at(&book, "2026-01-20");
    collect(&book, 0);
    assert_eq!(payments(&book).len(), 1);
    book.run(&["retry", "--payment", "P-1"]).ends(0);
    assert_eq!(payments(&book)[1]["method"], "visa 1");
    assert_eq!(balance(&book), 0);
    sound(&book);
}

/// A card that is known by its token keeps its place, gateway and what is not given, whatever of it
/// is entered anew; a later expiry makes a card that had expired good again.
#[test]
fn new_details_of_a_known_card_keep_its_place() {
    let book = owing(&["decline:expired_card,ok"]);
    let more = "account_number,token,kind,display,priority,expires_on\n\
        A1,\"decline:expired_card,ok\",card,visa 1,1,2026-01-31\nA1,ok,card,mc 2,2,\n";
    book.import("more.csv", more, &[]);
    collect(&book, 0);
    let add = |extra: &[&str]| {
        let card = ["payment", "method", "add", "A1", "--token", "decline:expired_card,ok"];
        let shown = ["--kind", "card", "--display", "visa 1"];
        book.run(&[&card[..], &shown[..], extra].concat()).ends(0).out
    };
    book.run(&["settings", "set", "payment.gateway", "stripe"]).ends(0);
    at(&book, "2026-01-06");
    assert!(add(&["--expires", "2030-11-30"]).contains("changed"));
    add(&[]);
    let list = book.run(&["payment", "method", "list", "A1", "--json"]).ends(0).json();
    let first = &list[0];
    assert_eq!(
        (&first["display"], &first["priority"], &first["expires_on"], &first["gateway"]),
        (&json!("visa 1"), &json!(1), &json!("2030-11-30"), &json!("sandbox"))
    );
    at(&book, "2026-02-20");
    collect(&book, 0);
    assert_eq!(payments(&book)[1]["method"], "visa 1");
    assert_eq!(balance(&book), 0);
    sound(&book);
}

#[test]
fn promises_disputes_and_auto_pay_off_keep_runs_away() {
    let book = owing(&["ok", "ok", "ok"]);
    book.run(&["payment", "promise", "INV-1", "--on", "2026-01-20"]).ends(0);
    book.run(&["payment", "promise", "INV-1", "--on", "2026-01-01"]).ends(2);
    book.run(&["payment", "promise", "INV-1", "--on", "2026-01-20", "--amount", "11"]).ends(2);
    book.run(&["payment", "dispute", "INV-2", "--reason", "wrong price"]).ends(0);
    book.run(&["payment", "auto-pay", "INV-3", "off"]).ends(0);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["skipped"], json!({ "promised": 1, "disputed": 1, "auto_pay_off_invoice": 1 }));
    at(&book, "2026-01-21");
    book.run(&["payment", "dispute", "INV-2", "--end"]).ends(0);
    book.run(&["payment", "auto-pay", "INV-3", "on"]).ends(0);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["approved"], 3);
    sound(&book);
}

#[test]
fn other_rules_are_tried_on_the_past_without_changing_anything() {
    let book = owing(&["decline:05,decline:05,ok", "decline:05"]);
    collect(&book, 0);
    at(&book, "2026-01-06T12:00");
    book.run(&["retry"]).ends(0);
    at(&book, "2026-01-10");
    book.run(&["retry"]).ends(0);
    at(&book, "2026-03-01");
    let before = book.dump();
    let what = book.run(&["retry", "--what-if", "12h,12h,12h", "--json"]).ends(0).json();
    assert_eq!(what["now"]["failed_invoices"], 2);
    assert_eq!(what["now"]["recovered_by_rule"], 1);
    assert_eq!(what["what_if"]["recovered_by_rule"], 0, "{what}");
    book.run(&["retry", "--what-if", "soon"]).ends(2);
    assert_eq!(book.dump(), before);
}

#[test]
fn money_from_outside_needs_a_reference_and_pays_the_oldest_first() {
    let book = owing(&["ok"]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-7,A1,invoice,2025-12-16,2026-01-02,4.00,0.00,4.00\n";
    book.import("more.csv", items, &[]);
    for bad in [
        ["--amount", "12", "--reference", " "],
        ["--amount", "0", "--reference", "wire"],
        ["--amount", "1.005", "--reference", "wire"],
    ] {
        book.run(&[&["payment", "record", "--account", "A1"], &bad[..]].concat()).ends(2);
    }
    book.run(&["payment", "record", "--account", "A1", "--amount", "12", "--reference", "wire 1"])
        .ends(0);
    assert_eq!(
        book.count("SELECT balance_minor FROM document_state ORDER BY document_id LIMIT 1"),
        0
    );
    assert_eq!(balance(&book), 200);
    let again = ["payment", "record", "--account", "A1", "--amount", "12", "--reference", "wire 1"];
    book.run(&again).ends(2);
    book.run(&[&again[..], &["--yes"]].concat()).ends(0);
    assert_eq!(payments(&book).len(), 2);
    sound(&book);
}

#[test]
fn money_for_what_was_written_off_takes_the_loss_back_first() {
    let book = crate::harness::crash::waiting(2);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book.run(&["post", "BR-1"]).ends(0);
    let invoice = book.run(&["invoice", "list", "--json"]).json()[0].clone();
    let (number, account, total) = ["number", "account_number", "total"]
        .map(|k| invoice[k].as_str().unwrap().to_owned())
        .into();
    book.run(&["write-off", &number, "--reason", "bankrupt"]).ends(0);
    let record = ["payment", "record", "--account", &account, "--amount", &total];
    let paid = book
        .run(&[&record[..], &["--reference", "estate", "--invoice", &number, "--json"]].concat())
        .ends(0)
        .json();
    assert_eq!((&paid["invoices"], &paid["unapplied"]), (&json!([number]), &json!("0.00")));
    assert_eq!(
        book.count(
            "SELECT sum(debit_minor - credit_minor) FROM ledger_entry WHERE account = 'bad_debt'"
        ),
        0
    );
    sound(&book);
}

#[test]
fn the_panel_and_the_command_line_group_alike() {
    let book = owing(&[
        "ok",
        "decline:05",
        "decline:stolen_card",
        "decline:MD01",
        "timeout_after",
        "submitted",
        "decline:expired_card",
        "decline:processing_error",
    ]);
    book.run(&["settings", "set", "retry.fallback", "true"]).ends(0);
    let second = "account_number,token,kind,display,priority\nA7,ok,card,mc 2,2\n";
    book.import("more.csv", second, &[]);
    book.run(&["settings", "set", "retry.system", ""]).ends(0);
    collect(&book, 1);
    let store = daybook::store::Store::open(&book.path).unwrap();
    let by_rule: Vec<(i64, String)> = store
        .read(daybook::store::retry::failed)
        .unwrap()
        .iter()
        .map(|f| (f.document.0, f.action.to_string()))
        .collect();
    let by_panel: Vec<(i64, String)> = store
        .read(|db| {
            let args = ListArgs {
                filter: Filter::default(),
                sort: Sort::Due.into(),
                seek: Seek::First,
                limit: 100,
            };
            read::failed::page(db, &args)
        })
        .unwrap()
        .rows
        .into_iter()
        .filter(|row| row.group != "none")
        .map(|row| (row.id.0, row.group))
        .collect();
    assert_eq!(by_panel, by_rule);
    // The day's step counts what its list shows: a disputed invoice waits in a tab of its own.
    book.run(&["payment", "dispute", "INV-2", "--reason", "wrong"]).ends(0);
    let list = store
        .read(|db| read::failed::totals(db, &Filter::parse("status:failed").unwrap()))
        .unwrap();
    let day = book.run(&["status", "--json"]).json();
    let step = day["steps"].as_array().unwrap().iter().find(|s| s["step"] == "failed").unwrap();
    assert_eq!(step["count"], list.count, "{step}");
    let mut words: Vec<&str> = by_rule.iter().map(|(_, word)| word.as_str()).collect();
    words.sort_unstable();
    assert_eq!(
        words,
        ["ask_mandate", "gave_up", "look_up", "new_method", "retry_later", "retry_later"]
    );
}

#[test]
fn reminders_go_by_level_and_never_for_what_is_promised_disputed_or_on_its_way() {
    let book = owing(&["", "", "", "timeout_after", ""]);
    let mails = "account_number,name,currency,email\nA1,Customer 1,EUR,one@example.com\n\
        A2,Customer 2,EUR,two@example.com\nA3,Customer 3,EUR,three@example.com\n\
        A4,Customer 4,EUR,four@example.com\n";
    book.import("mails.csv", mails, &[]);
    collect(&book, 1);
    book.run(&["payment", "promise", "INV-2", "--on", "2026-02-01"]).ends(0);
    book.run(&["payment", "dispute", "INV-3", "--reason", "wrong"]).ends(0);
    let remind = |code: i32| book.run(&["payment", "remind", "--json"]).ends(code).json();
    assert_eq!(remind(0)["sent"], json!([]), "four days overdue");
    at(&book, "2026-01-08");
    let dry = book.run(&["payment", "remind", "--dry-run", "--json"]).ends(1).json();
    assert_eq!(dry["sent"].as_array().unwrap().len(), 1);
    let first = remind(1);
    assert_eq!(first["sent"][0]["invoices"][0]["level"], 1);
    assert_eq!(first["sent"][0]["account_number"], "A1");
    assert_eq!(first["refused"][0]["account_number"], "A5");
    assert_eq!(remind(1)["sent"], json!([]), "once a level");
    let mail = book.path.with_file_name("book.db.d").join("mail");
    let files: Vec<_> = std::fs::read_dir(&mail).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(
        text.contains("INV-1") && text.contains("To: \"Customer 1\" <one@example.com>"),
        "{text}"
    );
    at(&book, "2026-02-20");
    let later = remind(1);
    let reminded: Vec<_> =
        later["sent"].as_array().unwrap().iter().map(|s| s["account_number"].clone()).collect();
    assert_eq!(reminded, ["A1", "A2"], "the promise was broken, the dispute stands");
    assert_eq!(later["sent"][0]["invoices"][0]["level"], 2, "one level after the other");
    book.run(&["settings", "set", "reminder.levels", "21,7"]).ends(2);
    sound(&book);
}
