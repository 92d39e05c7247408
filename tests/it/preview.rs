//! A draft as PDF to look at: under a mark, without a number, never sent; the book stays as it is.

use crate::harness::book::Book;
use crate::harness::day::posted;
use crate::harness::desk::Desk;
use crate::harness::document::{invoice, long_invoice, tool};
use daybook::document::{Press, Stamp};
use daybook::domain::document::DocumentKind;
use std::path::Path;

const MARK: &str = "DRAFT — not an invoice";

/// A book with a posted invoice, and a draft of account A1.
fn drafted() -> (Book, String) {
    let book = posted();
    let made = book
        .run(&[
            "invoice",
            "new",
            "--account",
            "A1",
            "--kind",
            "invoice",
            "--add-line",
            r#"{"description":"Advice","quantity":"2","unit_price":"90"}"#,
            "--reason",
            "agreed",
            "--json",
        ])
        .ends(0)
        .json();
    let id = made["id"].as_str().unwrap().to_owned();
    (book, id)
}

fn text_of(path: &Path) -> Option<String> {
    tool("pdftotext", &["-layout", path.to_str().unwrap(), "-"])
}

#[test]
fn a_preview_is_the_draft_under_a_mark_and_changes_nothing() {
    let (book, id) = drafted();
    let before = book.count("SELECT count(*) FROM operation");
    let to = book.dir.path().display().to_string();
    let made = book.run(&["invoice", "preview", &id, &to, "--json"]).ends(0).json();
    let path = book.dir.path().join(format!("DRAFT-{id}-v2.pdf"));
    assert_eq!(made["file"], path.display().to_string());
    assert_eq!((&made["mark"], &made["version"]), (&MARK.into(), &2.into()));
    assert!(made["cannot_print"].is_null(), "{made}");
    assert_eq!(book.count("SELECT count(*) FROM operation"), before);
    assert_eq!(book.document(&id)["number"], serde_json::Value::Null);
    // It is somebody's file by now.
    let again = book.run(&["invoice", "preview", &id, &to]).ends(2);
    assert!(again.err.contains("DRAFT-"), "{}", again.err);
    book.run(&["invoice", "preview", &id, &to, "--force"]).ends(0);
    let Some(text) = text_of(&path) else { return };
    for said in [MARK, &id, "version 2", "(no number yet)", "Advice", "180.00"] {
        assert!(text.contains(said), "{said:?} is missing in\n{text}");
    }
    assert!(!text.contains("INV-"), "{text}");
    book.is_sound();
}

#[test]
fn only_a_draft_has_a_preview() {
    let (book, id) = drafted();
    for (args, why) in [
        (vec!["invoice", "preview", "INV-2026-000001"], "daybook invoice pdf writes it"),
        (vec!["invoice", "preview", "D-999999"], "D-999999"),
        (vec!["invoice", "pdf", &id], "daybook invoice preview shows it"),
        (vec!["invoice", "preview", &id, "/nowhere/at/all.pdf"], "/nowhere/at/all.pdf"),
    ] {
        let ran = book.run(&args);
        assert_ne!(ran.code, 0, "{args:?}");
        assert!(ran.err.contains(why), "{args:?}: {}", ran.err);
    }
    book.run(&["invoice", "cancel", &id, "--reason", "no"]).ends(0);
    let ran = book.run(&["invoice", "preview", &id]).ends(2);
    assert!(ran.err.contains("is canceled"), "{}", ran.err);
}

#[test]
fn the_mark_lies_on_every_page_and_on_no_posted_document() {
    let press = Press::open().unwrap();
    let stamp = Stamp::draft(DocumentKind::Invoice, "D-000012, version 3".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let long = long_invoice();
    let set = press.stamped(&long, &stamp).unwrap();
    assert!(set.pages() > 1);
    let bytes = set.pdf(press);
    assert_eq!(bytes, press.stamped(&long, &stamp).unwrap().pdf(press), "the same every time");
    let path = folder.path().join("long.pdf");
    std::fs::write(&path, bytes).unwrap();
    if let Some(text) = text_of(&path) {
        let pages: Vec<&str> = text.split('\u{c}').filter(|p| !p.trim().is_empty()).collect();
        assert_eq!(pages.len(), set.pages());
        assert!(pages.iter().all(|page| page.contains("D-000012, version 3")), "{text}");
    }
    let plain = folder.path().join("plain.pdf");
    std::fs::write(&plain, press.set(&invoice()).unwrap().pdf(press)).unwrap();
    if let Some(text) = text_of(&plain) {
        assert!(!text.contains("DRAFT"), "{text}");
    }
}

#[test]
fn a_draft_is_written_by_key_beside_the_book_or_elsewhere() {
    for (width, height) in [(80, 24), (60, 15)] {
        let mut desk = Desk::open(width, height);
        desk.press("3p").shows("as PDF to look at").shows("empty: beside the book");
        desk.press("<Enter>").shows("DRAFT");
        let place = desk.session.store.side_directory().join("print");
        let names = || std::fs::read_dir(&place).unwrap().count();
        assert_eq!(names(), 1);
        desk.press("p<Enter>");
        assert_eq!(names(), 1, "the same version again takes its place");
        desk.press("p/nowhere/at/all<Enter>").shows("/nowhere");
        desk.press("<Esc><Esc>ffffffp").shows("posted: daybook invoice pdf INV-");
    }
}
