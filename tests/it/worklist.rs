//! The reports `missing`, `debits` and `worklist`: what should have been billed, what will be debited, who must
//! be seen to.

use crate::harness::book::Book;
use crate::harness::day::posted;
use crate::harness::desk::Desk;
use serde_json::Value;

fn rows(book: &Book, line: &str) -> Vec<Value> {
    let said = book.say(line).ends(0).json();
    assert!(said["ties"].as_array().unwrap().iter().all(|tie| tie["ok"] == true), "{said}");
    said["rows"].as_array().unwrap().clone()
}

fn cell(row: &Value, name: &str) -> String {
    row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned)
}

#[test]
fn what_should_have_been_billed_and_was_not_is_listed_with_the_reason() {
    let book = posted();
    let subscriptions = "subscription_number,account_number,start_date,end_date,suspended_from\n\
        S4,A1,2026-01-01,,\nS5,A2,2026-01-01,2026-01-20,\nS6,A2,2026-01-01,,2026-01-10\n";
    let charges = "charge_number,subscription_number,name,type,model,price,billing_period\n\
        C7,S5,Gone,recurring,flat,10,month\nC8,S6,Sleeps,recurring,flat,10,month\n\
        C9,S2,Set-up,one_time,flat,99,\n";
    assert_eq!(book.import("subs.csv", subscriptions, &[]).0, 0);
    assert_eq!(book.import("charges.csv", charges, &[]).0, 0);
    let found = rows(&book, "report missing --as-of 2026-04-15 --json");
    let said: Vec<(String, String, String)> = found
        .iter()
        .map(|row| (cell(row, "subscription"), cell(row, "charge"), cell(row, "why")))
        .collect();
    let why = |subscription: &str, charge: &str| -> &str {
        let is = |row: &&(String, String, String)| row.0 == subscription && row.1 == charge;
        said.iter().find(is).map_or("", |row| row.2.as_str())
    };
    assert_eq!(why("S4", ""), "it has no charge", "{said:?}");
    assert_eq!(why("S5", "C7"), "ended on 2026-01-20, and never was billed");
    assert!(why("S6", "").starts_with("suspended since 2026-01-10, 95 days"), "{said:?}");
    assert_eq!(why("S6", "C8"), "", "it sleeps");
    assert_eq!(why("S2", "C9"), "to be billed on 2026-01-01, and never was");
    // Billed to the end of February, and two cycles have passed since.
    assert_eq!(why("S1", "C1"), "no bill in the last cycle: billed to 2026-02-28");
    // In February all that is billed by the month is billed.
    let before = rows(&book, "report missing --as-of 2026-02-28 --account A3 --json");
    assert!(before.is_empty(), "{before:?}");
}

#[test]
fn debits_are_announced_by_day_with_what_came_back_before() {
    let book = posted();
    let methods = "account_number,token,kind,display\nA1,ok,sepa,DE··3000\n";
    assert_eq!(book.import("methods.csv", methods, &[]).0, 0);
    let found = rows(&book, "report debits --json");
    assert_eq!(found.len(), 1, "{found:?}");
    let row = &found[0];
    for (name, value) in [
        ("day", "2026-02-15"),
        ("gateway", "sandbox"),
        ("method", "sepa"),
        ("currency", "EUR"),
        ("count", "1"),
        ("amount", "369.60"),
        ("expected_soft", "0.00"),
        ("cut_off", "2026-02-13"),
    ] {
        assert_eq!(cell(row, name), value, "{name}: {row}");
    }
    // Of 369.60 that was collected a fifth came back for lack of funds: so much is expected again.
    book.say("clock set 2026-02-15").ends(0);
    book.say("collect --target 2026-02-15").ends(0);
    book.say("payment return P-000001 --amount 73.92 --code AM04 --reason r").ends(0);
    book.say("bill --target 2026-03-01 --invoice-date 2026-02-15").ends(0);
    book.say("post BR-000002").ends(0);
    let found = rows(&book, "report debits --json");
    let row = found.iter().find(|row| cell(row, "currency") == "EUR").unwrap();
    let amount: f64 = cell(row, "amount").parse().unwrap();
    let expected: f64 = cell(row, "expected_soft").parse().unwrap();
    assert!((expected - amount / 5.0).abs() < 0.011, "{row}");
}

#[test]
fn the_worklist_has_who_must_be_seen_to_first() {
    let book = posted();
    book.say(
        "payment dispute INV-2026-000002 --code amount_wrong --owner anna --reason 'too much'",
    )
    .ends(0);
    book.say("payment promise INV-2026-000001 --on 2026-03-10").ends(0);
    book.say("note add A1 'called, pays in March'").ends(0);
    let found = rows(&book, "report worklist --as-of 2026-04-30 --json");
    let of = |number: &str| found.iter().find(|row| row["account_number"] == number).unwrap();
    assert_eq!(found[0]["account_number"], "A1", "who owes most overdue, first: {found:?}");
    assert_eq!(
        (cell(of("A1"), "overdue"), cell(of("A1"), "oldest_days")),
        ("369.60".into(), "74".into())
    );
    assert_eq!(
        (cell(of("A1"), "next_action_on"), cell(of("A1"), "last_contact")),
        ("2026-03-10".into(), "2026-02-01".into())
    );
    assert_eq!((cell(of("A2"), "disputes"), cell(of("A2"), "owner")), ("1".into(), "anna".into()));
    assert_eq!(cell(of("A3"), "currency"), "USD");
    // Not due yet and undisputed: nobody must be seen to.
    let early = rows(&book, "report worklist --as-of 2026-02-10 --json");
    assert_eq!(early.len(), 1, "{early:?}");
    assert_eq!(early[0]["account_number"], "A2");
    let csv = book.say("report worklist --as-of 2026-04-30 --csv -").ends(0).out;
    assert_eq!(
        csv.lines().next().unwrap(),
        "account_number,name,currency,overdue,oldest_days,broken_promises,disputes,last_contact,next_action_on,owner"
    );
    assert!(csv.contains(",369.60,74,"), "{csv}");
}

#[test]
fn a_row_of_the_worklist_leads_to_its_account_a_note_and_what_it_owes() {
    let book = posted();
    book.say("clock set 2026-04-30").ends(0);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("9G<Enter>").shows("worklist").shows("369.60");
    desk.press("m").shows("Note on A1");
    desk.press("calls back on Monday<C-s>").shows("A1");
    assert_eq!(book.count("SELECT count(*) FROM note WHERE text LIKE 'calls back%'"), 1);
    desk.press("p").shows("5 Failed › all open").shows("account:A1");
    desk.press("p").shows("promises to pay by a day");
    desk.press("<Esc>");
    desk.press("9<Enter>").shows("8 Accounts").shows("account:A1");
}
