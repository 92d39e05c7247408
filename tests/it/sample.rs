//! The spot-check of what nothing flagged: drawn by the run, the same for everybody, and its
//! sentence said only while it holds.

use crate::harness::book::Book;
use crate::harness::desk::Desk;
use daybook::domain::ids::{BillRunId, DocumentId};
use daybook::domain::review::drawn;
use serde_json::Value;
use std::fmt::Write;

/// A book of `n` accounts with a monthly charge, billed twice: the second run's drafts are alike
/// and unflagged but for every tenth, whose price doubled.
fn billed_twice(n: usize) -> Book {
    let book = Book::new("2026-02-01T08:00");
    let mut accounts =
        String::from("account_number,name,currency,email,auto_pay,delivery,payment_term\n");
    let mut subscriptions = String::from("subscription_number,account_number,start_date\n");
    let mut charges = String::from(
        "charge_number,subscription_number,name,type,model,price,billing_period,timing\n",
    );
    let mut raised = String::from("charge_number,subscription_number,name,type,model,price\n");
    for i in 0..n {
        let _ = writeln!(accounts, "A{i:04},Customer {i},EUR,c{i}@example.com,false,email,Net 14");
        let _ = writeln!(subscriptions, "S{i:04},A{i:04},2026-02-01");
        let name = if i % 2 == 0 { "Base fee" } else { "Premium fee" };
        let _ = writeln!(charges, "C{i:04},S{i:04},{name},recurring,flat,50,month,advance");
        if i % 10 == 0 {
            let _ = writeln!(raised, "C{i:04},S{i:04},{name},recurring,flat,200");
        }
    }
    let files = [
        book.file("accounts.csv", accounts),
        book.file("subscriptions.csv", subscriptions),
        book.file("charges.csv", charges),
    ];
    let import: Vec<&str> =
        std::iter::once("import").chain(files.iter().map(String::as_str)).collect();
    book.run(&import).ends(0);
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.run(&["import", &book.file("charges.csv", raised), "--yes"]).ends(0);
    book.run(&["clock", "set", "2026-03-01T08:00"]).ends(0);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book
}

fn sample(book: &Book) -> Value {
    book.run(&["run", "show", "BR-000002", "--json"]).ends(0).json()["sample"].clone()
}

fn drafts(sample: &Value) -> Vec<String> {
    let drafts = sample["drafts"].as_array().unwrap().iter();
    drafts.map(|d| d["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_sample_is_drawn_from_all_unflagged_drafts_of_the_run() {
    let book = billed_twice(200);
    let list = book.run(&["invoice", "list", "--run", "BR-000002", "--json"]).ends(0).json();
    let unflagged: Vec<DocumentId> = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["flags"].as_array().unwrap().is_empty())
        .map(|d| DocumentId(d["id"].as_str().unwrap()[2..].parse().unwrap()))
        .collect();
    assert_eq!(unflagged.len(), 180, "every tenth doubled");
    let expected: Vec<String> =
        drawn(BillRunId(2), unflagged, 60).into_iter().map(|(_, d)| d.to_string()).collect();
    let found = sample(&book);
    assert_eq!(drafts(&found), expected);
    assert_eq!(found["says"], "a random 60 of 180 unflagged drafts, none seen yet");

    // How many is a setting, read when the run draws.
    book.run(&["settings", "set", "review.sample", "7"]).ends(0);
    book.run(&["run", "cancel", "BR-000002"]).ends(0);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    let again = book.run(&["run", "show", "BR-000003", "--json"]).ends(0).json();
    assert_eq!(again["sample"]["drawn"], 7);
    book.run(&["check"]).ends(0);
}

#[test]
fn accepting_moves_the_sentence_and_one_wrong_draft_withdraws_it() {
    let book = billed_twice(200);
    let ids = drafts(&sample(&book));
    let says = |words: &str| assert_eq!(sample(&book)["says"], words);
    book.run(&["invoice", "accept", &ids[0]]).ends(0);
    says(
        "1 of 180 unflagged drafts seen, none wrong: with 95 % confidence fewer than 180 are wrong",
    );
    // The third before the second: picked, not drawn.
    book.run(&["invoice", "accept", &ids[2]]).ends(0);
    assert_eq!(sample(&book)["seen"], 1);
    for id in &ids {
        book.run(&["invoice", "accept", id]);
    }
    says(
        "60 of 180 unflagged drafts seen, none wrong: with 95 % confidence fewer than 9 are wrong",
    );

    let wrong = "1 of 60 in the sample wrong: nothing can be said of the other 120";
    let last = ids.last().unwrap().as_str();
    // Held, edited, canceled: each says that it was wrong; undone, the sentence is back.
    book.run(&["invoice", "hold", last, "--reason", "looks wrong"]).ends(0);
    says(wrong);
    let shown = sample(&book);
    assert_eq!(shown["charges"].as_array().unwrap().len(), 1);
    assert_eq!(shown["models"][0], "flat");
    book.run(&["invoice", "release", last]).ends(0);
    assert_eq!(sample(&book)["wrong"], 0);
    book.run(&[
        "invoice",
        "edit",
        last,
        "--line",
        "1",
        "--set",
        "unit_price=45",
        "--reason",
        "agreed",
    ])
    .ends(0);
    book.run(&["invoice", "accept", last]).ends(0);
    says(wrong);
    book.run(&["invoice", "cancel", &ids[5], "--reason", "no customer any more"]).ends(0);
    says("2 of 60 in the sample wrong: nothing can be said of the other 120");
    let text = book.run(&["run", "show", "BR-000002"]).ends(0).out;
    assert!(text.contains("sample: 2 of 60 in the sample wrong"), "{text}");
    assert!(text.contains("charges on what is wrong: "), "{text}");
    // Posting the run changes nothing about what was found.
    book.run(&["post", "BR-000002"]).ends(0);
    says("2 of 60 in the sample wrong: nothing can be said of the other 120");
    book.run(&["check"]).ends(0);
}

/// Every draft is flagged in a book's first run.
#[test]
fn a_first_run_has_nothing_to_sample() {
    let book = billed_twice(20);
    let first = book.run(&["run", "show", "BR-000001", "--json"]).ends(0).json();
    assert_eq!(first["sample"]["says"], "every draft is flagged: there is nothing to sample");
}

#[test]
fn the_tab_says_what_the_sample_says_and_offers_what_shares_a_charge() {
    let mut desk = Desk::open(80, 24);
    desk.press("3ff");
    crate::ui::snapshot("overlay_sample", &desk.picture());
    desk.shows("unflagged drafts, none seen yet");
    desk.press("a").shows("1 of");
    desk.shows("unflagged drafts seen, none wrong:");
    desk.shows("with 95 % confidence fewer than");
    desk.press("b").shows("Group by");
    desk.press("<Esc>");
    desk.press("v1").shows("unflagged drafts wrong");
    desk.press("b").shows("that share");
    crate::ui::snapshot("overlay_sample_wrong", &desk.picture());
    desk.press("1").shows("/status:draft run:BR-");
    let shown = desk.picture();
    assert!(shown.contains("charge:") && !shown.contains("nothing here"), "{shown}");
}

/// A book of the first schema opens, keeps a copy of itself, and its runs have no sample.
#[test]
fn a_book_of_the_first_schema_is_brought_up() {
    let book = billed_twice(20);
    book.of_schema(1);
    assert_eq!(sample(&book)["drawn"], 0);
    assert!(book.dir.path().join("book.db.d/before-schema-1.db").exists());
    book.run(&["check"]).ends(0);
    book.run(&["run", "cancel", "BR-000002"]).ends(0);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    let shown = book.run(&["run", "show", "BR-000003", "--json"]).ends(0).json();
    assert_eq!(shown["sample"]["unflagged"], 18);
}
