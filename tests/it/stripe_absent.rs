//! Lost answers at Stripe, through the binary, while its lists show nothing, or nothing of ours, or show
//! it late; its stored errors come again; its keys are forgotten; and this machine's clock is off. Money
//! is taken and given back at most once, and what nobody can know is a person's.

use crate::harness::book::Book;
use crate::harness::collect::{payments, sound};
use crate::harness::desk::Desk;
use crate::harness::stripe_fake::{CHARGES, Clock, Fake, Fate, Lists, NOON, REFUNDS, book};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

/// What becomes of the first request of each account.
const FATES: [Fate; 5] =
    [Fate::Answered, Fate::Unheard, Fate::Lost, Fate::FailedAfter, Fate::FailedBefore];

/// A journey: what lists show until the end, how far this machine's clock is ahead of Stripe's, when
/// somebody works again, and who is on the exception list then (A1 is account 1).
struct Journey {
    lists: Lists,
    ahead_min: i64,
    from_hour: u32,
    listed: &'static [i64],
}

/// From the first hour keys are good: the same request again settles what was lost or not heard, and a
/// stored error stays one. After a day nothing may be sent again.
const JOURNEYS: [Journey; 8] = [
    Journey { lists: Lists::Empty, ahead_min: 120, from_hour: 1, listed: &[4, 5] },
    Journey { lists: Lists::Empty, ahead_min: -120, from_hour: 30, listed: &[2, 3, 4, 5] },
    Journey { lists: Lists::Empty, ahead_min: 120, from_hour: 24, listed: &[2, 3, 4, 5] },
    Journey { lists: Lists::Foreign, ahead_min: 0, from_hour: 1, listed: &[4, 5] },
    Journey { lists: Lists::Foreign, ahead_min: 120, from_hour: 30, listed: &[2, 3, 4, 5] },
    Journey { lists: Lists::Right, ahead_min: 120, from_hour: 1, listed: &[5] },
    Journey { lists: Lists::Right, ahead_min: -120, from_hour: 30, listed: &[3, 5] },
    Journey { lists: Lists::Told, ahead_min: 120, from_hour: 30, listed: &[3, 5] },
];

/// Moves both clocks, each its own, and lets a worker do what is due.
fn at(book: &Book, fake: &Fake, hours: u32, ahead_min: i64) {
    let moment = NOON + i64::from(hours) * 3_600;
    fake.with(|t| t.clock = Clock::At(moment - ahead_min * 60));
    // Without a process of its own: there are hundreds of these.
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("UPDATE book SET clock_at = ?1", [moment * 1_000]).unwrap();
    book.run(&["worker", "--once"]).ends(0);
}

/// Hours after somebody works again at which a worker looks: beside the ends of a key's life too.
const HOURS: [u32; 14] = [0, 1, 2, 4, 12, 17, 18, 19, 20, 22, 23, 24, 25, 30];

/// Looks until nothing is looked up any more; gives the last hour.
fn until_a_persons(book: &Book, fake: &Fake, journey: &Journey) -> u32 {
    let due = "SELECT (SELECT count(*) FROM payment WHERE next_look_up_at IS NOT NULL)
        + (SELECT count(*) FROM payment_event WHERE next_look_up_at IS NOT NULL)";
    for (n, hour) in HOURS.iter().enumerate() {
        if n + 2 == HOURS.len() {
            // The hours between, at which nothing else happens.
            let conn = rusqlite::Connection::open(&book.path).unwrap();
            let all = "UPDATE payment SET look_ups = 26 WHERE next_look_up_at IS NOT NULL;
                UPDATE payment_event SET look_ups = 26 WHERE next_look_up_at IS NOT NULL";
            conn.execute_batch(all).unwrap();
        }
        at(book, fake, journey.from_hour + hour, journey.ahead_min);
    }
    assert_eq!(book.count(due), 0, "look-ups do not end");
    journey.from_hour + 30
}

/// Every other one, or all of them (`DAYBOOK_JOURNEYS=all`).
fn journeys() -> impl Iterator<Item = &'static Journey> {
    let step = if std::env::var_os("DAYBOOK_JOURNEYS").is_some() { 1 } else { 2 };
    JOURNEYS.iter().step_by(step)
}

fn exceptions(book: &Book) -> BTreeSet<i64> {
    let ran = book.run(&["payment", "exceptions", "--json"]);
    let all = ran.json();
    let id = |p: &Value| p["id"].as_str().or(p["payment"].as_str()).unwrap()[2..].parse().unwrap();
    all.as_array().unwrap().iter().map(id).collect()
}

/// Nobody was charged, or given back, more than once.
fn nothing_twice(fake: &Fake, most: (i64, i64)) {
    for (account, (taken, given)) in fake.moved() {
        assert!(taken <= most.0 && given <= most.1, "{account}: {taken} {given}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn lost_answers_are_charged_once_whatever_lists_show_and_clocks_say() {
    for journey in journeys() {
        let told = format!("{:?} {} {}", journey.lists, journey.ahead_min, journey.from_hour);
        let fake = Fake::new();
        let book = book(&fake, &["card"; 5]);
        for (n, fate) in FATES.iter().enumerate() {
            fake.fates(CHARGES, &format!("A{}", n + 1), std::slice::from_ref(fate));
        }
        fake.with(|t| {
            t.clock = Clock::At(NOON - journey.ahead_min * 60);
            t.lists = journey.lists;
        });
        book.run(&["collect", "--target", "2026-01-05"]).ends(1);
        let hour = until_a_persons(&book, &fake, journey);
        nothing_twice(&fake, (1_000, 0));
        let listed: BTreeSet<i64> = journey.listed.iter().copied().collect();
        assert_eq!(exceptions(&book), listed, "{told}");
        for payment in payments(&book) {
            let account: i64 = text(&payment["account_number"])[1..].parse().unwrap();
            let expected = if listed.contains(&account) { "Unknown" } else { "Approved" };
            assert_eq!(payment["status"], expected, "{told}: {payment}");
        }
        // What nobody knows is charged by no later run.
        book.run(&["collect", "--target", "2026-02-28"]);
        assert_eq!(payments(&book).len(), 5, "{told}");
        nothing_twice(&fake, (1_000, 0));
        sound(&book);
        // Late, but there: it is found, and nothing is sent.
        fake.with(|t| t.lists = Lists::Right);
        at(&book, &fake, hour + 1, journey.ahead_min);
        book.run(&["payment", "reconcile"]);
        let taken: BTreeSet<i64> = fake.moved().keys().map(|a| a[1..].parse().unwrap()).collect();
        let left: BTreeSet<i64> = listed.difference(&taken).copied().collect();
        assert_eq!(exceptions(&book), left, "{told}");
        nothing_twice(&fake, (1_000, 0));
        sound(&book);
    }
}

#[test]
fn lost_refunds_are_given_back_once_whatever_lists_show() {
    for journey in journeys() {
        // Refunds have one list, and no events of their own are asked.
        let told = format!("{:?} {} {}", journey.lists, journey.ahead_min, journey.from_hour);
        let listed: &[i64] = match (journey.lists, journey.from_hour) {
            (Lists::Told, 24..) => &[2, 3, 4, 5],
            _ => journey.listed,
        };
        let fake = Fake::new();
        let book = book(&fake, &["card"; 5]);
        fake.with(|t| t.clock = Clock::At(NOON - journey.ahead_min * 60));
        book.run(&["collect", "--target", "2026-01-05"]).ends(0);
        for (n, fate) in FATES.iter().enumerate() {
            fake.fates(REFUNDS, &format!("A{}", n + 1), std::slice::from_ref(fate));
        }
        fake.with(|t| t.lists = journey.lists);
        for payment in payments(&book) {
            let id = text(&payment["id"]);
            let code = i32::from(payment["account_number"] != "A1");
            book.run(&["payment", "refund", id, "--amount", "4.00", "--reason", "x"]).ends(code);
            // While nobody knows, it counts as gone.
            book.run(&["payment", "refund", id, "--amount", "7.00", "--reason", "x"]).ends(2);
        }
        let hour = until_a_persons(&book, &fake, journey);
        nothing_twice(&fake, (1_000, 400));
        let listed: BTreeSet<i64> = listed.iter().copied().collect();
        let of: BTreeSet<i64> = exceptions(&book)
            .iter()
            .map(|p| book.count(&format!("SELECT account_id FROM payment WHERE id = {p}")))
            .collect();
        assert_eq!(of, listed, "{told}");
        sound(&book);
        fake.with(|t| t.lists = Lists::Right);
        at(&book, &fake, hour + 12, journey.ahead_min);
        book.run(&["payment", "reconcile"]);
        book.run(&["payment", "reconcile", "--events"]);
        nothing_twice(&fake, (1_000, 400));
        // What went back is in the book, once.
        let given: i64 = fake.moved().values().map(|(_, given)| given).sum();
        assert_eq!(book.count("SELECT sum(returned_minor) FROM payment"), given, "{told}");
        sound(&book);
    }
}

#[test]
fn nothing_is_sent_again_of_a_run_that_was_stopped_or_paused() {
    // Three refusals of our set-up stop a run by themselves.
    let fake = Fake::new();
    let stopped = book(&fake, &["card"; 4]);
    fake.with(|t| t.clock = Clock::At(NOON));
    fake.fates(CHARGES, "A1", &[Fate::Lost]);
    for account in ["A2", "A3", "A4"] {
        fake.fates(CHARGES, account, &[Fate::Refused]);
    }
    let run = stopped.run(&["collect", "--target", "2026-01-05", "--json"]).ends(1).json();
    assert_eq!(run["status"], "Stopped", "{run}");
    not_sent_again(&stopped, &fake, "its payment run is Stopped");
    // Another person pauses one while its first charge is on the line.
    let fake = Fake::new();
    let paused = book(&fake, &["card"; 2]);
    fake.with(|t| t.clock = Clock::At(NOON));
    let meeting = Arc::new(Barrier::new(2));
    fake.fates(CHARGES, "A1", &[Fate::Held(Arc::clone(&meeting))]);
    std::thread::scope(|scope| {
        let charging =
            scope.spawn(|| paused.run(&["collect", "--target", "2026-01-05", "--detach"]));
        charging.join().unwrap().ends(0);
        let working = scope.spawn(|| paused.run(&["worker", "--once"]));
        meeting.wait();
        paused.run(&["run", "pause", "PR-1"]);
        meeting.wait();
        working.join().unwrap().ends(0);
    });
    not_sent_again(&paused, &fake, "its payment run is Paused");
    paused.run(&["run", "resume", "PR-1"]).ends(1);
    at(&paused, &fake, 2, 0);
    assert_eq!(payments(&paused)[0]["status"], "Approved", "going on, it may be");
    nothing_twice(&fake, (1_000, 0));
    sound(&paused);
}

/// P-000001 never arrived, and whoever looks sends nothing.
fn not_sent_again(book: &Book, fake: &Fake, why: &str) {
    at(book, fake, 1, 0);
    let payment = &payments(book)[0];
    assert_eq!(payment["status"], "Unknown", "{payment}");
    assert!(text(&payment["reply"]).contains(why), "{payment}");
    assert_eq!(fake.moved().get("A1"), None);
    sound(book);
}

/// A book whose clock is the machine's, with what is owed by some accounts.
fn real(fake: &Fake, accounts: usize) -> Book {
    let book = book(fake, &vec!["card"; accounts]);
    rusqlite::Connection::open(&book.path)
        .unwrap()
        .execute_batch("UPDATE book SET clock_at = NULL")
        .unwrap();
    book.run(&["clock", "confirm"]).ends(0);
    book
}

#[test]
fn a_clock_that_is_two_hours_off_is_told_and_charges_nobody_twice() {
    for (off, words) in [(-7_200, "2 h ahead of stripe"), (7_200, "behind stripe")] {
        let fake = Fake::new();
        let book = real(&fake, 5);
        fake.with(|t| {
            t.clock = Clock::Off(off);
            t.lists = Lists::Empty;
        });
        for n in 1..=5 {
            fake.fates(CHARGES, &format!("A{n}"), &[Fate::Unheard]);
        }
        book.run(&["collect", "--target", "2026-01-05"]).ends(1);
        let told = book.run(&["doctor"]).out;
        assert!(told.contains(words), "{told}");
        let status = book.run(&["status"]).ends(0).out;
        assert!(status.contains(words), "{status}");
        let mut today = Desk::at(&book.path, 140, 40);
        today.press("1").shows(words);
        drop(today);
        book.run(&["payment", "reconcile"]);
        nothing_twice(&fake, (1_000, 0));
        assert_eq!(fake.with(|t| t.intents.len()), 5);
        // Put right, it is told no more.
        fake.with(|t| t.clock = Clock::Off(0));
        book.run(&["payment", "reconcile", "P-1"]).ends(0);
        assert!(!book.run(&["doctor"]).out.contains(words));
        sound(&book);
    }
}

#[test]
fn an_answer_of_another_amount_or_without_a_name_is_no_approval() {
    let spoilt: [fn(&mut Value); 4] = [
        |i| i["amount"] = json!(999),
        |i| i["currency"] = json!("usd"),
        |i| i["id"] = json!(""),
        |i| i["metadata"] = json!({ "daybook_key": "of another" }),
    ];
    for spoil in spoilt {
        let fake = Fake::new();
        let book = book(&fake, &["card"]);
        fake.fates(CHARGES, "A1", &[Fate::Unheard]);
        book.run(&["collect", "--target", "2026-01-05"]).ends(1);
        fake.with(|t| spoil(&mut t.intents[0]));
        at(&book, &fake, 40, 0);
        assert_eq!(payments(&book)[0]["status"], "Unknown");
        assert_eq!(fake.with(|t| t.intents.len()), 1);
        sound(&book);
    }
}
