//! A new invoice date at posting: due dates follow the term but for those set by hand, which are
//! listed; a date that stands out is said before and in the receipt.

use crate::day::billed;
use crate::desk::Desk;
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
