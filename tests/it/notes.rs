//! Notes and references on documents and accounts: written by key and by command, shown newest first,
//! found by a filter, never changed.

use crate::harness::book::Book;
use crate::harness::day::posted;
use crate::harness::desk::Desk;
use serde_json::json;

fn listed(book: &Book, filter: &str) -> Vec<String> {
    let filter = format!("--filter={filter}");
    let rows = book.run(&["invoice", "list", &filter, "--json"]).ends(0).json();
    rows.as_array().unwrap().iter().map(|d| d["number"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_posted_document_has_notes_though_it_never_changes() {
    let book = posted();
    let before = book.document("INV-2026-000001");
    book.say("note add INV-2026-000001 'called, pays on Friday'").ends(0);
    let made = book.say("note add D-000001 '- in two parts' --json").ends(0).json();
    assert_eq!(made["made"], "N-000002", "{made}");
    let list = book.say("note list INV-2026-000001 --json").ends(0).json();
    let texts: Vec<_> = list["notes"].as_array().unwrap().iter().map(|n| &n["text"]).collect();
    assert_eq!(texts, [&json!("- in two parts"), &json!("called, pays on Friday")], "newest first");
    let user = list["notes"][0]["user"].as_str().unwrap();
    assert!(!user.is_empty() && list["notes"][0]["at"].as_str().unwrap().len() == 16, "{list}");
    // One is struck: both stay.
    book.say("note strike N-000001 --reason 'it was another customer'").ends(0);
    let shown = book.say("note list INV-2026-000001").ends(0).out;
    assert!(shown.contains("N-000003 strikes N-000001: it was another customer"), "{shown}");
    assert!(shown.contains("N-000001 called, pays on Friday (struck by N-000003)"), "{shown}");
    // The document is what it was, and its account shows them as well.
    let mut after = book.document("INV-2026-000001");
    for key in ["notes", "our_reference", "their_reference"] {
        after[key] = before[key].clone();
    }
    assert_eq!(after, before);
    let account = before["account_number"].as_str().unwrap();
    book.say(&format!("note add {account} 'pays late'")).ends(0);
    let of_account = book.say(&format!("note list {account}")).ends(0).out;
    assert!(of_account.contains("pays late") && !of_account.contains("D-0"), "{of_account}");
    assert!(of_account.contains("N-000002 INV-2026-000001 - in two parts"), "{of_account}");
    let trail = book.say("audit --subject D-000001").ends(0).out;
    assert!(trail.contains("note: called") && trail.contains("note N-000001 struck"), "{trail}");
    book.is_sound();
}

#[test]
fn notes_and_references_are_found_by_a_filter_and_struck_ones_are_not() {
    let book = posted();
    let number = "INV-2026-000001";
    assert_eq!(listed(&book, "note:friday"), [""; 0]);
    book.say(&format!("note add {number} 'pays on Friday'")).ends(0);
    book.say(&format!("note refer {number} --ours K-12 --theirs 'order 7/81'")).ends(0);
    assert_eq!(listed(&book, "note:FRIDAY"), [number]);
    assert_eq!(listed(&book, "ref:7/81"), [number]);
    assert_eq!(listed(&book, "ref:k-12"), [number]);
    assert!(!listed(&book, "note:none").contains(&number.to_owned()));
    assert!(!listed(&book, "ref:none").contains(&number.to_owned()));
    book.say("note strike N-000001 --reason wrong").ends(0);
    assert_eq!(listed(&book, "note:friday"), [""; 0]);
    assert_eq!(listed(&book, "note:wrong"), [number], "why it was struck stands");
}

#[test]
fn references_are_set_one_by_one_and_taken_away() {
    let book = posted();
    let number = "INV-2026-000001";
    book.say(&format!("note refer {number} --ours K-12")).ends(0);
    book.say(&format!("note refer {number} --theirs 4711")).ends(0);
    let shown = book.document(number);
    assert_eq!(
        (&shown["our_reference"], &shown["their_reference"]),
        (&json!("K-12"), &json!("4711"))
    );
    let count = || book.count("SELECT count(*) FROM operation");
    let before = count();
    book.say(&format!("note refer {number} --ours K-12")).ends(0);
    assert_eq!(count(), before, "nothing changed, nothing is told");
    book.run(&["note", "refer", number, "--ours", ""]).ends(0);
    assert_eq!(book.document(number)["our_reference"], "");
    // The account has its own.
    let account = shown["account_number"].as_str().unwrap().to_owned();
    book.say(&format!("note refer {account} --ours VIP")).ends(0);
    book.say(&format!("note refer {account} --ours VIP2")).ends(0);
    let of = book.say(&format!("note list {account} --json")).ends(0).json();
    assert_eq!(of["our_reference"], "VIP2");
    assert_eq!(book.document(number)["our_reference"], "");
    assert!(book.say(&format!("note list {account}")).ends(0).out.starts_with("our ref. VIP2\n"));
}

#[test]
fn what_is_no_note_is_refused_and_nothing_is_kept() {
    let book = posted();
    let long = "x".repeat(501);
    let card = "4111 1111 1111 1111";
    book.say("note add INV-2026-000001 one").ends(0);
    book.say("note add D-000002 two").ends(0);
    book.say("note strike N-000001 --reason wrong").ends(0);
    for (args, why) in [
        (vec!["note", "add", "INV-2026-000001", "  "], "the note is empty"),
        (vec!["note", "add", "INV-2026-000001", &long], "longer than 500"),
        (vec!["note", "add", "INV-2026-000001", card], "looks like a card number"),
        (vec!["note", "add", "INV-2026-000001", "a\nb"], "line break"),
        (vec!["note", "add", "INV-2026-999999", "x"], "no document and no account"),
        (vec!["note", "list", "D-000002", "--account"], "no document and no account"),
        (vec!["note", "strike", "N-000001", "--reason", "again"], "struck already, by N-000003"),
        (vec!["note", "strike", "N-000003", "--reason", "no"], "N-000003 strikes N-000001"),
        (vec!["note", "strike", "N-000009", "--reason", "no"], "note N-000009"),
        (vec!["note", "strike", "seven", "--reason", "no"], "is no note"),
        (vec!["note", "refer", "INV-2026-000001"], "no reference was given"),
        (vec!["note", "refer", "INV-2026-000001", "--ours", &long], "longer than 60"),
    ] {
        let ran = book.run(&args).ends(2);
        assert!(ran.err.contains(why), "{args:?}: {}", ran.err);
    }
    assert_eq!(book.count("SELECT count(*) FROM note"), 3);
    assert_eq!(book.count("SELECT count(*) FROM document_reference"), 0);
    // An account that is called like a document is not guessed.
    book.import("twin.csv", "account_number,name,currency\nINV-2026-000001,Twin,EUR\n", &[]);
    let ran = book.say("note add INV-2026-000001 x").ends(2);
    assert!(ran.err.contains("an account and a document"), "{}", ran.err);
    book.say("note add INV-2026-000001 x --account").ends(0);
    let of = book.say("note list INV-2026-000001 --account --json").ends(0).json();
    assert_eq!(of["notes"].as_array().unwrap().len(), 1);
}

#[test]
fn the_book_itself_refuses_to_change_a_note() {
    let book = posted();
    book.say("note add INV-2026-000001 one").ends(0);
    let open = rusqlite::Connection::open(&book.path).unwrap();
    for sql in ["UPDATE note SET text = 'two'", "DELETE FROM note"] {
        assert!(open.execute(sql, []).unwrap_err().to_string().contains("guard"), "{sql}");
    }
}

#[test]
fn a_draft_and_a_posted_document_take_notes_by_key() {
    for (width, height) in [(80, 24), (60, 15), (140, 40)] {
        let mut desk = Desk::open(width, height);
        desk.press("3r").shows("Notes and references of D-").shows("no note here that stands");
        desk.press("n").shows("Note on D-");
        desk.press("seen with the customer<Enter>");
        desk.press("<Enter>G").shows("seen with the customer");
        // Struck from the open document, and it can still be read.
        desk.press("rs1").shows("Strike N-");
        desk.press("wrong one<Enter>").press("G");
        desk.shows("strikes N-").shows("(struck by");
        desk.press("rs").shows("no note here that stands");
        desk.press("<Esc>");
        desk.press("rr").shows("References of");
        desk.press("K-77<Tab>4711<C-s>");
        desk.press("rr").shows("K-77");
        desk.press("<Esc>").press("g").shows("our ref. K-77");
        desk.press("<Esc>ffffff<Enter>rnpaid by cheque<Enter>").press("G").shows("paid by cheque");
    }
}

#[test]
fn notes_of_an_account_show_those_of_its_documents_and_undo_says_what_stays() {
    let mut desk = Desk::open(140, 40);
    desk.press("3rnring them<Enter>").press("u").shows("a note stays");
    desk.press("<Esc>/note:\"ring them\"<Enter>").shows("1 of");
    desk.press("<Esc>");
    desk.press("8mcalled<Enter>")
        .press("rrVIP<Tab><C-s>")
        .press("i")
        .shows("our ref. VIP")
        .shows("called");
    desk.press("<Esc>u").shows("set the old references again");
    desk.press("<Esc><Esc>/note:called<Enter>").shows("1 of");
    desk.press("/ref:vip<Enter>").shows("1 of");
}

#[test]
fn references_that_another_clerk_changed_meanwhile_are_not_overwritten() {
    let mut desk = Desk::open(140, 40);
    desk.press("8rrmine");
    let id = daybook::domain::ids::AccountId(1);
    let on = daybook::domain::note::On::Account(id);
    let none = daybook::domain::note::References::default();
    let theirs =
        daybook::domain::note::References { ours: "jon's".to_owned(), theirs: String::new() };
    daybook::engine::noting::refer(&mut desk.session, on, &none, &theirs).unwrap();
    desk.press("<C-s>").shows("it has our ref. jon's by now, not no reference");
}
