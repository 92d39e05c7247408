//! A new invoice date at posting: due dates follow the term but for those set by hand, which are
//! listed; a date that stands out is said before and in the receipt.

use crate::harness::day::billed;
use crate::harness::desk::Desk;
use serde_json::json;

#[test]
fn due_dates_follow_but_for_those_set_by_hand_and_odd_dates_are_said() {
    let book = billed();
    book.say("invoice edit D-000002 --set due_date=2026-05-05 --reason 'agreed by telephone'")
        .ends(0);
    let posted = book.say("post --invoice D-000003 --json").ends(0).json();
    assert_eq!(posted["warnings"], json!([]));
    assert_eq!(posted["due_kept"], json!([]));

    // Before the last posted one, and long ago; it is done all the same, for the law may want it.
    let posted = book.say("post BR-000001 --invoice-date 2026-01-15 --json").ends(0).json();
    assert_eq!(posted["posted"], 2);
    let first = "2026-01-15 is before INV-2026-000001, the last one, of 2026-02-01";
    assert_eq!(posted["warnings"], json!([first]));
    assert_eq!(
        posted["due_kept"],
        json!([{ "number": "INV-2026-000003", "due_date": "2026-05-05" }])
    );
    let dates = |id: &str| {
        let document = book.document(id);
        (document["invoice_date"].clone(), document["due_date"].clone())
    };
    assert_eq!(dates("D-000001"), (json!("2026-01-15"), json!("2026-01-29")));
    assert_eq!(dates("D-000002"), (json!("2026-01-15"), json!("2026-05-05")));
    book.is_sound();
}

/// With `series.dates = refuse` no number is given to an earlier date than the last one's; the drafts
/// of one posting go by their dates, so that an early one is not left behind for a late one.
#[test]
fn dates_that_must_rise_are_not_posted_backwards() {
    let book = billed();
    book.run(&["settings", "set", "series.dates", "refuse"]).ends(0);
    book.run(&["settings", "set", "series.dates", "never"]).ends(2);
    book.say("invoice edit D-000001 --set invoice_date=2026-02-03 --reason later").ends(0);
    let posted = book.say("post --invoice D-000001 D-000002 --json").ends(0).json();
    assert_eq!(posted["posted"], 2, "{posted}");
    let number = |id: &str| book.document(id)["number"].clone();
    assert_eq!(
        (number("D-000002"), number("D-000001")),
        (json!("INV-2026-000001"), json!("INV-2026-000002"))
    );
    // D-000003 is of 2026-02-01.
    let posted = book.say("post BR-000001 --json").ends(1).json();
    assert_eq!(posted["posted"], 0, "{posted}");
    let why = posted["refused"][0]["reason"].as_str().unwrap();
    assert_eq!(
        why,
        "2026-02-01 is before INV-2026-000002, the last one, of 2026-02-03 (series.dates)"
    );
    let posted = book.say("post BR-000001 --invoice-date 2026-02-03 --json").ends(0).json();
    assert_eq!(posted["posted"], 1, "{posted}");
    book.run(&["settings", "set", "series.dates", "warn"]).ends(0);
    book.is_sound();
}

/// A run's drafts of several days are numbered day by day, whatever their accounts.
#[test]
fn a_run_is_numbered_by_date_where_dates_must_rise() {
    let book = billed();
    book.run(&["settings", "set", "series.dates", "refuse"]).ends(0);
    book.say("invoice edit D-000001 --set invoice_date=2026-02-03 --reason later").ends(0);
    book.say("invoice edit D-000003 --set invoice_date=2026-01-31 --reason earlier").ends(0);
    let posted = book.say("post BR-000001 --json").ends(0).json();
    assert_eq!(posted["posted"], 3, "{posted}");
    let order = ["D-000003", "D-000002", "D-000001"].map(|id| book.document(id)["number"].clone());
    assert_eq!(order, ["INV-2026-000001", "INV-2026-000002", "INV-2026-000003"].map(|n| json!(n)));
    // A memo of today would be the first of its own series; the next may not be before it.
    book.say("adjust INV-2026-000001 --whole --reason x").ends(0);
    book.is_sound();
}

#[test]
fn another_year_is_said_in_words() {
    let book = billed();
    book.say("invoice edit D-000001 --set due_date=2026-05-05 --reason 'agreed'").ends(0);
    let out = book.say("post BR-000001 --invoice-date 2025-12-20").ends(0).out;
    for words in [
        "check the date: 2025-12-20 is not in this year: the numbers are those of 2025",
        "check the date: 2025-12-20 is 43 days ago",
        "INV-2025-000001 to INV-2025-000003",
        "due dates set by hand stayed: INV-2025-000001 2026-05-05",
    ] {
        assert!(out.contains(words), "no {words:?} in {out}");
    }
    book.is_sound();
}

#[test]
fn the_dialog_shows_range_doubts_and_due_dates_of_the_new_date() {
    let mut desk = Desk::open(80, 24);
    desk.press("3ed<Tab><C-u>2027-03-01<Tab><Tab><Tab>agreed<C-s>");
    desk.press("Pi");
    desk.shows("Post with another invoice date");
    desk.press("<C-u>2027-01-02<C-s>");
    crate::ui::snapshot("overlay_post_dated", &desk.picture());
    desk.shows("numbers INV-2027-000001 to INV-2027-");
    desk.shows("2027-01-02 is 32 days ahead");
    desk.shows("due dates set by hand stay: A-");
}
