//! What is unusual about the drafts of a run, first: each count is what its filter shows.

use crate::harness::day::{billed, posted};
use crate::harness::desk::{Desk, demo_book};
use daybook::domain::actor::Actor;
use daybook::domain::ids::BillRunId;
use daybook::engine::query::{ListName, Query};
use daybook::engine::rate::unusual;
use daybook::engine::{Session, answer};

#[test]
fn every_count_is_what_its_filter_shows_with_the_same_money() {
    let session = Session::open(demo_book(), Actor { uid: 1, name: "x".to_owned() }).unwrap();
    let mut reasons = 0;
    for run in 1..=3 {
        let said = session.read(|db| unusual::of_run(db, BillRunId(run))).unwrap();
        for one in said {
            let filter = answer::understood(&session, ListName::Invoices, &one.filter).unwrap();
            let found = answer::ask(&session, &Query::Totals(ListName::Invoices, filter).into());
            let daybook::engine::query::Answer::Totals(totals) = found.unwrap() else { panic!() };
            assert_eq!(totals.count, one.of.drafts, "{}", one.filter);
            assert_eq!(
                totals.money.without_zeros(),
                one.of.money.clone().without_zeros(),
                "{}",
                one.filter
            );
            assert!(one.words.starts_with(&one.of.drafts.to_string()), "{}", one.words);
            reasons += 1;
        }
    }
    assert!(reasons > 0, "the demo has unusual drafts");
}

#[test]
fn a_run_says_it_first_and_programs_get_it() {
    let book = billed();
    let out = book.say("run show BR-000001").ends(0).out;
    assert!(
        out.contains("unusual first:\n  1 draft to be e-mailed")
            || out.contains("unusual first:\n"),
        "{out}"
    );
    assert!(out.contains("3 first bills, 444.00 EUR + 90.00 USD"), "{out}");
    let json = book.say("run show BR-000001 --json").ends(0).json();
    let unusual = json["unusual"].as_array().unwrap();
    let first = unusual.iter().find(|u| u["code"] == "first_invoice").unwrap();
    assert_eq!((&first["drafts"], &first["totals"]["EUR"]), (&3.into(), &"444.00".into()));
    assert_eq!(first["filter"], "run:BR-000001 status:draft flag:first_invoice");
    // What is changed since stands among it, and what is posted no more.
    book.import("u.csv", "ACCOUNT_ID,UOM,QTY,STARTDATE\nA1,GB,10,2026-01-07\n", &[]);
    let out = book.say("run show BR-000001").ends(0).out;
    assert!(out.contains("unusual first:\n"), "{out}");
    assert!(out.contains("1 draft rated from what has changed since, 369.60 EUR"), "{out}");
    let done = posted();
    let json = done.say("run show BR-000001 --json").ends(0).json();
    assert_eq!(json["unusual"].as_array().unwrap().len(), 0);
}

#[test]
fn the_console_lists_it_the_worst_first_and_enter_shows_these_drafts() {
    let book = billed();
    for (width, height) in [(80, 24), (60, 15), (140, 40)] {
        let mut desk = Desk::at(&book.path, width, height);
        desk.press("2").shows("BR-000001");
        desk.press("i").shows("Unusual in BR-000001").shows("3 first bills");
        desk.press("G<Enter>").shows("run:BR-000001 status:draft").shows("Gamma");
    }
    let done = posted();
    let mut desk = Desk::at(&done.path, 80, 24);
    desk.press("2i").shows("BR-000001 has no draft left");
}
