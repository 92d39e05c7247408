//! A book that is for real says what of it is not real yet; the others keep quiet.

use crate::harness::book::{Book, daybook};
use serde_json::Value;
use std::path::Path;

fn findings(book: &Path) -> Vec<Value> {
    let all = daybook(book, &["doctor", "--json"]).json();
    let all = all.as_array().or_else(|| all["findings"].as_array()).unwrap().clone();
    all.into_iter().filter(|f| f["name"] == "not real yet").collect()
}

#[test]
fn a_real_book_tells_what_it_only_pretends_until_somebody_chooses() {
    let dir = tempfile::tempdir().unwrap();
    let book = dir.path().join("real.db");
    let made = daybook(&book, &["init"]).ends(0);
    assert!(made.out.contains("no money moves") && made.out.contains("folder"), "{}", made.out);
    let set = |key: &str, value: &str| {
        daybook(&book, &["settings", "set", key, value]).ends(0);
    };
    assert_eq!(findings(&book).len(), 2);
    let said = daybook(&book, &["status"]).out;
    assert!(said.contains("not real yet: no money moves (sandbox)"), "{said}");
    // On the screen too, whole words at any width.
    for (width, height, words) in [
        (140, 40, "not real yet: no money moves (sandbox), e-mail stays in a folder (drop)"),
        (80, 24, "not real yet: no money moves, e-mail stays in a folder"),
        (60, 15, "not real yet: see daybook doctor"),
    ] {
        let desk = crate::harness::desk::Desk::at(&book, width, height);
        desk.shows(words);
        let picture = desk.picture();
        assert!(!picture.lines().nth(1).unwrap().contains('…'), "{picture}");
    }
    // Chosen by name it is meant so; the other one is told on.
    set("mail.transport", "drop");
    let left = findings(&book);
    assert_eq!(left.len(), 1);
    assert!(left[0]["found"].as_str().unwrap().contains("sandbox"), "{left:?}");
    set("payment.gateway", "stripe");
    assert!(findings(&book).is_empty());
    assert_eq!(daybook(&book, &["status", "--json"]).json()["not_real"], "");
    // A book for trying things pretends by its nature.
    let test = Book::new("2026-11-01T08:00");
    assert!(findings(&test.path).is_empty());
    assert!(!test.run(&["status"]).out.contains("not real"));
}
