//! Stripe over a real socket, through the binary: bank debits that are answered days later, and what
//! happens to approved payments there (`stripe_fake.rs`); the sandbox's own returns go the same way.

use crate::harness::book::Book;
use crate::harness::collect::{owing, payments, sound};
use crate::harness::stripe_fake::{Fake, Fate, Lists, NOON, book};
use daybook::gateway::Gateway;
use serde_json::{Value, json};

fn collected(fake: &Fake, kinds: &[&str]) -> Book {
    let book = book(fake, kinds);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    book
}

fn poll(book: &Book) -> Value {
    book.run(&["payment", "reconcile", "--events", "--json"]).ends(0).json()
}

/// Booked, known, waiting, tasks.
fn figures(polled: &Value) -> [i64; 4] {
    ["booked", "known", "waiting", "tasks"].map(|field| polled[field].as_i64().unwrap())
}

fn balance(book: &Book, invoice: &str) -> i64 {
    book.count(&format!(
        "SELECT s.balance_minor FROM document_state s JOIN document d ON d.id = s.document_id
         WHERE d.number = '{invoice}'"
    ))
}

fn status(book: &Book, n: usize) -> (String, String) {
    let all = payments(book);
    let text = |field: &str| all[n][field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("decline_code"))
}

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
}

fn events_of(book: &Book, kind: &str) -> i64 {
    book.count(&format!("SELECT count(*) FROM payment_event WHERE kind = '{kind}'"))
}

/// How many tasks say so.
fn told(book: &Book, words: &str) -> i64 {
    book.count(&format!(
        "SELECT count(*) FROM notice WHERE level = 'task' AND done_at IS NULL AND text LIKE '%{words}%'"
    ))
}

#[test]
fn a_bank_debit_is_asked_about_every_six_hours_until_the_bank_has_answered() {
    let fake = Fake::new();
    fake.with(|t| t.status = "processing");
    let book = collected(&fake, &["sepa", "ach"]);
    assert_eq!(status(&book, 0).0, "Submitted");
    assert_eq!(balance(&book, "INV-1"), 1_000);
    let asked = |fake: &Fake| {
        fake.with(|t| t.asked.iter().filter(|a| a.starts_with("GET /v1/payment_intents?")).count())
    };
    at(&book, "2026-01-05T17:59");
    assert_eq!(asked(&fake), 0);
    at(&book, "2026-01-05T18:00");
    assert_eq!((asked(&fake), status(&book, 0).0.as_str()), (2, "Submitted"));
    fake.with(|t| {
        t.intents[0]["status"] = json!("succeeded");
        t.intents[1]["status"] = json!("requires_payment_method");
        t.intents[1]["last_payment_error"] = json!({ "code": "debit_not_authorized" });
    });
    at(&book, "2026-01-05T23:59");
    assert_eq!(asked(&fake), 2);
    at(&book, "2026-01-06T00:00");
    assert_eq!(asked(&fake), 4);
    assert_eq!(status(&book, 0), ("Approved".to_owned(), String::new()));
    assert_eq!(status(&book, 1), ("Declined".to_owned(), "debit_not_authorized".to_owned()));
    assert_eq!((balance(&book, "INV-1"), balance(&book, "INV-2")), (0, 1_000));
    let failed = book.run(&["payment", "failed"]).ends(0).out;
    assert!(failed.contains("INV-2") && !failed.contains("INV-1"), "{failed}");
    at(&book, "2026-01-08T00:00");
    assert_eq!(asked(&fake), 4, "nobody is asked about what is answered");
    sound(&book);
}

#[test]
fn what_was_refunded_and_disputed_there_is_booked_once() {
    let fake = Fake::new();
    let book = collected(&fake, &["card", "card", "sepa", "card", "card"]);
    book.run(&["payment", "refund", "P-000005", "--amount", "1.00", "--reason", "sorry"]).ends(0);
    fake.refund("re_1", fake.intent(0), 400);
    fake.dispute("dp_1", fake.intent(1), 1_000, &[-1_150]);
    fake.dispute("dp_2", fake.intent(2), 1_000, &[-1_000]);
    fake.dispute("dp_inquiry", fake.intent(3), 1_000, &[]);
    let foreign = json!({ "id": "pi_shop", "metadata": {} });
    fake.refund("re_shop", foreign, 700);
    let lost = json!({ "id": "pi_old", "metadata": { "daybook_key": "of another book" } });
    fake.refund("re_old", lost, 300);
    book.run(&["clock", "set", "2026-01-07"]).ends(0);
    // Our own refund is known, the shop's is none of ours, the third is a task.
    assert_eq!(figures(&poll(&book)), [3, 1, 0, 1]);
    assert_eq!(
        ["INV-1", "INV-2", "INV-3", "INV-4", "INV-5"].map(|i| balance(&book, i)),
        [400, 1_000, 1_000, 0, 100]
    );
    assert_eq!(events_of(&book, "chargeback"), 1);
    assert_eq!(events_of(&book, "return"), 1, "a bank debit comes back as a return");
    let day =
        "SELECT count(*) FROM payment_event e JOIN ledger_entry l ON l.payment_id = e.payment_id
        AND l.entry_on = e.event_on WHERE e.kind = 'chargeback' AND e.event_on = '2026-01-06'";
    assert!(book.count(day) > 0, "on its own day");
    // Back in the panel, and never again by rule.
    let failed = book.run(&["payment", "failed"]).ends(0).out;
    assert!(failed.contains("INV-2") && failed.contains("INV-3"), "{failed}");
    at(&book, "2026-01-20");
    book.run(&["collect", "--target", "2026-01-20"]).ends(0);
    assert_eq!(payments(&book).len(), 5);
    let pages = fake.with(|t| t.asked.iter().filter(|a| a.contains("starting_after=")).count());
    assert!(pages > 0, "the lists have more than one page");
    assert_eq!((told(&book, "re_old"), told(&book, "re_shop")), (1, 0));
    // Told again: nothing changes, not even the trail.
    let trail = book.count("SELECT count(*) FROM operation");
    assert_eq!(figures(&poll(&book)), [0, 5, 0, 0]);
    assert_eq!(book.count("SELECT count(*) FROM operation"), trail);
    sound(&book);
    // One dispute is won, the refund does not arrive, and of ours neither.
    fake.with(|t| {
        let moves = json!([{ "amount": -1_150, "created": NOON }, { "amount": 1_150, "created": NOON + 90_000 }]);
        let won = t.disputes.iter_mut().find(|d| d["id"] == "dp_1").unwrap();
        won["balance_transactions"] = moves;
        for refund in &mut t.refunds {
            refund["status"] = json!("failed");
            refund["failure_reason"] = json!("lost_or_stolen_card");
        }
    });
    assert_eq!(figures(&poll(&book))[0], 3);
    assert_eq!(["INV-1", "INV-2", "INV-3", "INV-5"].map(|i| balance(&book, i)), [0, 0, 1_000, 0]);
    assert_eq!(figures(&poll(&book))[0], 0);
    sound(&book);
}

#[test]
fn a_list_that_breaks_off_books_nothing_and_is_asked_for_again() {
    let fake = Fake::new();
    let book = collected(&fake, &["card", "card", "card"]);
    for n in 0..3 {
        fake.refund(&format!("re_{n}"), fake.intent(n), 100);
    }
    // The first page comes, the second does not.
    fake.with(|t| t.pages = Some(1));
    let polled = book.run(&["payment", "reconcile", "--events", "--json"]).ends(1).json();
    assert_eq!(figures(&polled), [0, 0, 0, 0]);
    assert_eq!(polled["failed"][0]["gateway"], "stripe");
    assert!(book.run(&["status"]).ends(0).out.contains("could not be asked what went back"));
    fake.with(|t| t.pages = None);
    // An hour later, without anybody asking.
    at(&book, "2026-01-05T12:59");
    assert_eq!(events_of(&book, "refund"), 0);
    at(&book, "2026-01-05T13:00");
    assert_eq!(events_of(&book, "refund"), 3);
    sound(&book);
}

#[test]
fn what_is_taken_back_while_its_refund_is_not_answered_for_has_gone_once() {
    for (fate, made) in [(Fate::Unheard, true), (Fate::Lost, false)] {
        for told_there in [false, true] {
            let fake = Fake::new();
            let book = collected(&fake, &["card"]);
            fake.fates("/v1/refunds", "A1", std::slice::from_ref(&fate));
            let refund = ["payment", "refund", "P-1", "--amount", "6.00", "--reason", "sorry"];
            book.run(&refund).ends(1);
            if told_there {
                fake.dispute("dp_1", fake.intent(0), 1_000, &[-1_000]);
                fake.with(|t| t.lists = Lists::Told);
                poll(&book);
                fake.with(|t| t.lists = Lists::Right);
            } else {
                book.run(&["payment", "chargeback", "P-1", "--code", "10.4"]).ends(0);
            }
            let net = |account: &str| {
                book.count(&format!(
                    "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry
                     WHERE account = '{account}'"
                ))
            };
            assert_eq!(
                (balance(&book, "INV-1"), net("cash:stripe"), net("bad_debt")),
                (1_000, 0, 0),
                "{made} {told_there}: gone once, and nothing lost yet"
            );
            assert_eq!(told(&book, "6.00 of it went back twice"), 1, "{made} {told_there}");
            // No second refund while nobody knows of the first.
            let again = ["payment", "refund", "P-1", "--amount", "1.00", "--reason", "x", "--json"];
            assert!(book.run(&again).ends(2).err.contains("too_much"));
            for moment in ["2026-01-05T12:10", "2026-01-05T18:10", "2026-01-08T12:00"] {
                at(&book, moment);
            }
            let there = fake.with(|t| t.refunds.len());
            assert_eq!(there, usize::from(made), "it is not sent again");
            let lost = if made { 600 } else { 0 };
            assert_eq!((net("cash:stripe"), net("bad_debt")), (-lost, lost), "{made} {told_there}");
            assert_eq!(told(&book, "they went back twice"), i64::from(made));
            assert_eq!(balance(&book, "INV-1"), 1_000);
            sound(&book);
            // Won: what was lost comes first, the rest pays the invoice.
            book.run(&["payment", "chargeback-won", "P-1"]).ends(0);
            assert_eq!(
                (net("bad_debt"), balance(&book, "INV-1")),
                (0, lost),
                "{made} {told_there}"
            );
            sound(&book);
        }
    }
}

#[test]
fn who_dies_between_two_bookings_is_gone_on_from_there() {
    let fake = Fake::new();
    let book = collected(&fake, &["card", "card"]);
    fake.refund("re_1", fake.intent(0), 100);
    fake.dispute("dp_1", fake.intent(1), 1_000, &[-1_000]);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch(
        "CREATE TRIGGER dies BEFORE INSERT ON payment_event WHEN NEW.key = 'stripe dp_1'
         BEGIN SELECT RAISE(ABORT, 'died here'); END",
    )
    .unwrap();
    assert_ne!(book.run(&["payment", "reconcile", "--events"]).code, 0);
    assert_eq!((events_of(&book, "refund"), events_of(&book, "chargeback")), (1, 0));
    assert_eq!((balance(&book, "INV-1"), balance(&book, "INV-2")), (100, 0));
    conn.execute_batch("DROP TRIGGER dies").unwrap();
    assert_eq!(figures(&poll(&book)), [1, 1, 0, 0]);
    assert_eq!((balance(&book, "INV-1"), balance(&book, "INV-2")), (100, 1_000));
    sound(&book);
}

#[test]
fn what_a_person_recorded_is_not_booked_again() {
    let fake = Fake::new();
    let book = collected(&fake, &["card", "sepa"]);
    book.run(&["payment", "chargeback", "P-000001", "--amount", "4.00"]).ends(0);
    book.run(&["payment", "return", "P-000002", "--code", "MD06"]).ends(0);
    fake.dispute("dp_1", fake.intent(0), 400, &[-400]);
    fake.dispute("dp_2", fake.intent(1), 1_000, &[-1_000]);
    assert_eq!(figures(&poll(&book)), [0, 2, 0, 0]);
    assert_eq!((balance(&book, "INV-1"), balance(&book, "INV-2")), (400, 1_000));
    sound(&book);
}

#[test]
fn more_than_is_left_and_other_currencies_are_for_a_person() {
    let fake = Fake::new();
    let book = collected(&fake, &["card", "card"]);
    fake.refund("re_1", fake.intent(0), 600);
    fake.dispute("dp_1", fake.intent(0), 1_000, &[-1_000]);
    fake.dispute("dp_2", fake.intent(1), 1_000, &[-1_000]);
    fake.with(|t| t.disputes[0]["currency"] = json!("usd"));
    // Of the dispute four euros were left, six had been refunded: they are lost, and a person's task.
    assert_eq!(figures(&poll(&book)), [2, 0, 0, 1]);
    assert_eq!((balance(&book, "INV-1"), balance(&book, "INV-2")), (1_000, 0));
    assert_eq!((told(&book, "6.00 EUR of it had gone back before"), told(&book, "dp_2")), (1, 1));
    assert_eq!(figures(&poll(&book)), [0, 3, 0, 0]);
    sound(&book);
}

#[test]
fn an_event_waits_for_the_answer_of_its_payment() {
    let fake = Fake::new();
    let book = book(&fake, &["card"]);
    fake.fates("/v1/payment_intents", "A1", &[Fate::Unheard]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(1);
    assert_eq!(status(&book, 0).0, "Unknown");
    fake.refund("re_1", fake.intent(0), 400);
    book.run(&["clock", "set", "2026-01-05T12:05"]).ends(0);
    assert_eq!(figures(&poll(&book)), [0, 0, 1, 0]);
    assert_eq!(balance(&book, "INV-1"), 1_000);
    // Asked about at once, and then there is something to book.
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!((status(&book, 0).0.as_str(), balance(&book, "INV-1")), ("Approved", 0));
    at(&book, "2026-01-05T18:10");
    assert_eq!(balance(&book, "INV-1"), 400);
    sound(&book);
}

#[test]
fn the_sandbox_tells_of_returns_and_refunds_the_same_way() {
    let book = owing(&["returned:R01", "returned:R10,ok", "ok"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    assert_eq!(["INV-1", "INV-2", "INV-3"].map(|i| balance(&book, i)), [0, 0, 0]);
    // Made at the gateway by somebody: a key this book does not have.
    let side = book.path.with_file_name("book.db.d").join("sandbox.jsonl");
    let there = daybook::gateway::sandbox::Sandbox::open(
        &side,
        daybook::gateway::sandbox::Options::default(),
    )
    .unwrap();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let sql = "SELECT gateway_ref FROM payment WHERE id = 3";
    let reference: String = conn.query_row(sql, [], |r| r.get(0)).unwrap();
    there.refund(&daybook::gateway::RefundRequest {
        key: "dashboard".to_owned(),
        reference,
        amount_minor: 250,
        currency: daybook::domain::money::Currency::parse("EUR").unwrap(),
        at_ms: NOON * 1000,
    });
    at(&book, "2026-01-07T11:00");
    assert_eq!(["INV-1", "INV-2", "INV-3"].map(|i| balance(&book, i)), [0, 0, 250]);
    at(&book, "2026-01-07T18:00");
    assert_eq!(["INV-1", "INV-2", "INV-3"].map(|i| balance(&book, i)), [1_000, 1_000, 250]);
    let days =
        "SELECT count(*) FROM payment_event WHERE kind = 'chargeback' AND event_on = '2026-01-07'
        AND reference IN ('R01', 'R10')";
    assert_eq!(book.count(days), 2);
    at(&book, "2026-02-07T18:00");
    assert_eq!(
        (events_of(&book, "chargeback"), payments(&book).len()),
        (2, 3),
        "and never by rule"
    );
    sound(&book);
}
