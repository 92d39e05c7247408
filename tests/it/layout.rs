//! The layout's version is raised when what is drawn changes; and each document keeps the layout and
//! the bytes of the copy that left first, so that a later copy can say that it looks otherwise.

use crate::harness::book::Book;
use crate::harness::delivery::{posted, smtp};
use crate::harness::document::{invoice, long_invoice, memo};
use crate::harness::sink::{HangUp, Script, Sink};
use crate::old_books::drawn;
use daybook::document::{Fit, LAYOUT, Layout, Logo, Paper, Press, Printable, Tongue};
use daybook::domain::speech::{LateTerms, Speech, Tag};
use daybook::domain::text::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Of each layout what it draws of the documents below. A row never changes.
const DRAWN: &[&str] = &[
    "88976965131459b356eee26b9bdaac07a7a7b86354d4eef4117bc44efce2a923",
    "8b2b981df36b208ba246e975c74849293a20a8f73e82a532d14f81945541da66",
];

/// The same of documents in other languages.
const SPOKEN: &[&str] = &[
    "afd8d287a35f1bb6c2f16e22098a081bdf84cd4a0864219e74d5a9d689a2c097",
    "d7e07ecd78c926eccf20d663edfd727e0d03e3fec02bedf8ce678e1bee939a2f",
];

/// An invoice and a memo in every language, of an issuer at home and of a French one.
fn spoken(layout: Layout) -> Vec<Printable> {
    let mut all = Vec::new();
    for tag in ["de", "de-AT", "de-CH", "fr", "fr-BE", "nl", "it", "es", "pl"] {
        let tag = Tag::parse(tag).unwrap();
        let home = tag.language.as_str().to_uppercase();
        let home = if tag.country.is_empty() { home } else { tag.country.clone() };
        for (issuer, late) in [(home.as_str(), None), ("FR", Some(LateTerms::France))] {
            let issuer = issuer.to_owned();
            let speech = Speech { tag: tag.clone(), issuer, late, texts: String::new() };
            let tongue = Tongue::of(speech, None);
            let mut collected = invoice();
            collected.collected_from = "visa ··4242".into();
            for document in [invoice(), memo(), collected] {
                all.push(Printable { tongue: tongue.clone(), layout, ..document });
            }
        }
    }
    all
}

fn documents(layout: Layout) -> Vec<Printable> {
    let mut letter = long_invoice();
    letter.paper = Paper::Letter;
    letter.logo = Some(std::sync::Arc::new(Logo::decode(include_bytes!("logo.png")).unwrap()));
    let mut cut = invoice();
    cut.fit = Fit::Cut;
    cut.customer.name = "A name that is much longer than the window ".repeat(4);
    let mut collected = invoice();
    collected.collected_from = "visa ··4242".into();
    let mut taxed = invoice();
    taxed.taxes[0].name = "VAT 19 %".into();
    let mut all = vec![invoice(), long_invoice(), memo(), letter, cut, collected];
    if layout > Layout::First {
        all.push(taxed);
    }
    all.iter_mut().for_each(|document| document.layout = layout);
    all
}

/// What is drawn of documents.
fn pages(documents: Vec<Printable>) -> Sha256 {
    let press = Press::open().unwrap();
    let mut hash = Sha256::new();
    for document in documents {
        let bytes = press.set(&document).unwrap().pdf(press);
        let pdf = lopdf::Document::load_mem(&bytes).unwrap();
        hash.update(drawn(&pdf));
        for (_, page) in pdf.get_pages() {
            let page = pdf.get_dictionary(page).unwrap();
            hash.update(format!("{:?}", page.get(b"MediaBox").unwrap()));
        }
    }
    hash
}

/// That each layout draws what it drew.
fn holds(rows: &[&str], name: &str, drawn: impl Fn(Layout) -> String) {
    assert_eq!((rows.len(), Layout::NEWEST.number()), (LAYOUT as usize, LAYOUT), "a row for each");
    for (layout, was) in Layout::ALL.into_iter().zip(rows) {
        let now = drawn(layout);
        assert_eq!(
            *was,
            now,
            "layout {} draws otherwise than it did, and what is posted may not change: add a Layout, and its \
             row {now:?} to {name}",
            layout.number()
        );
    }
}

#[test]
fn what_is_said_in_other_languages_changes_with_the_version_of_the_layout_alone() {
    holds(SPOKEN, "SPOKEN", |layout| hex(&pages(spoken(layout)).finalize()));
}

#[test]
fn what_is_drawn_changes_with_the_version_of_the_layout_alone() {
    holds(DRAWN, "DRAWN", |layout| {
        let mut hash = pages(documents(layout));
        // The letters themselves are drawn by the fonts.
        let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/fonts");
        for font in ["DroidSansFallback.ttf.gz", "NotoSans-Bold.ttf", "NotoSans-Regular.ttf"] {
            hash.update(std::fs::read(fonts.join(font)).unwrap());
        }
        hex(&hash.finalize())
    });
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// The file of a document, made by a process of its own.
fn pdf(book: &Book, number: &str) -> Vec<u8> {
    let file = book.dir.path().join(format!("{number}.pdf"));
    book.run(&["invoice", "pdf", number, file.to_str().unwrap(), "--force"]).ends(0);
    std::fs::read(file).unwrap()
}

fn first(book: &Book, number: &str) -> Value {
    book.run(&["invoice", "show", number, "--json"]).ends(0).json()["first_copy"].clone()
}

/// What a PDF verb says of its file beside the first copy.
fn beside(book: &Book, number: &str) -> Value {
    let file = book.dir.path().join("again.pdf");
    let file = file.to_str().unwrap();
    book.run(&["invoice", "pdf", number, file, "--force", "--json"]).ends(0).json()["beside_first"]
        .clone()
}

/// The file attached to a message.
fn attached(message: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = String::from_utf8_lossy(message);
    let (_, part) = text.split_once("application/pdf").unwrap();
    let (_, body) = part.split_once("\r\n\r\n").unwrap();
    let body = body.split("\r\n--").next().unwrap();
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in body.bytes().filter_map(|b| DIGITS.iter().position(|d| *d == b)) {
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

fn with_the_guards_off(book: &Book, sql: &str) {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let guard: String = conn
        .query_row("SELECT sql FROM sqlite_master WHERE name = 'first_copy_update'", [], |r| {
            r.get(0)
        })
        .unwrap();
    conn.execute_batch(&format!("DROP TRIGGER first_copy_update; {sql}; {guard}")).unwrap();
}

#[test]
fn a_document_keeps_the_layout_and_bytes_of_the_copy_that_left_first() {
    let book = posted(&["--skip-zero-email"]);
    let (mailed, printed) = ("INV-2026-000001", "INV-2026-000002");
    let sink = Sink::start(Script::default());
    smtp(&book, &sink);
    let dir = book.dir.path().join("out");
    assert_eq!(first(&book, mailed), Value::Null);
    book.run(&["deliver", "--send-now", "--print", dir.to_str().unwrap()]).ends(1);

    let bytes = pdf(&book, mailed);
    assert_eq!(bytes, pdf(&book, mailed), "two processes make the same file");
    let kept = first(&book, mailed);
    assert_eq!(
        (&kept["layout"], &kept["sha256"], &kept["on"], &kept["by"]),
        (&LAYOUT.into(), &sha256(&bytes).into(), &"2026-03-01".into(), &"email".into()),
        "{kept}"
    );
    let (_, message) = sink.taken().into_iter().find(|(to, _)| to.contains("mueller")).unwrap();
    assert_eq!(sha256(attached(&message)), sha256(&bytes), "what left is what is kept");
    assert_eq!(beside(&book, mailed), Value::Null);

    // Paper counts once a person says that it is on paper.
    assert_eq!(first(&book, printed), Value::Null);
    book.run(&["clock", "set", "2026-03-02T08:00"]).ends(0);
    book.run(&["delivery", "printed", "--batch", "1"]).ends(0);
    let kept = first(&book, printed);
    let mut zip =
        zip::ZipArchive::new(std::fs::File::open(dir.join("batch-000001.zip")).unwrap()).unwrap();
    let mut single = Vec::new();
    std::io::copy(&mut zip.by_name(&format!("{printed}.pdf")).unwrap(), &mut single).unwrap();
    assert_eq!(
        (&kept["sha256"], &kept["on"], &kept["by"]),
        (&sha256(single).into(), &"2026-03-02".into(), &"print".into()),
        "{kept}"
    );
    // The second way of one document changes nothing.
    let both = first(&book, "INV-2026-000003");
    assert_eq!((&both["on"], &both["by"]), (&"2026-03-01".into(), &"email".into()), "{both}");
    let said = book.run(&["invoice", "show", mailed]).ends(0).out;
    let words = format!("delivered with layout {LAYOUT} on 2026-03-01\n");
    assert!(said.contains(&words), "{said}");
    book.run(&["check"]).ends(0);
}

#[test]
fn a_copy_made_with_another_layout_says_so_wherever_it_is_made() {
    let book = posted(&["--skip-zero-email"]);
    let (mailed, printed) = ("INV-2026-000001", "INV-2026-000002");
    let dir = book.dir.path().join("out");
    let dir = dir.to_str().unwrap();
    book.run(&["deliver", "--send-now", "--print", dir]).ends(1);
    book.run(&["delivery", "printed", "--batch", "1"]).ends(0);
    let other = "0".repeat(64);
    with_the_guards_off(&book, &format!("UPDATE first_copy SET layout = 99, pdf_hash = '{other}'"));
    let words =
        format!("delivered with layout 99 on 2026-03-01; this copy is made with layout {LAYOUT}");
    assert_eq!(beside(&book, mailed), words.as_str());
    let out = book.run(&["invoice", "pdf", mailed, "-"]).ends(0);
    assert!(out.err.contains(&words), "{}", out.err);
    let shown = first(&book, mailed);
    assert_eq!(
        (&shown["layout"], &shown["sha256"]),
        (&99.into(), &other.as_str().into()),
        "{shown}"
    );
    let said = format!("99 on 2026-03-01; a copy made now is made with layout {LAYOUT}");
    assert!(shown["said"].as_str().unwrap().ends_with(&said), "{shown}");
    let again = book.run(&["delivery", "reprint", "1", dir, "--json"]).ends(0).json();
    assert_eq!(again["beside_first"][0], format!("{printed}: {words}"), "{again}");
    let resent = book.run(&["deliver", "--resend", "all", "--json"]).ends(0).json();
    assert_eq!(resent["other_layout"][0], mailed, "{resent}");
    let text = book.run(&["deliver", "--resend", "all"]).ends(0).out;
    assert!(
        !text.contains("delivered first with another"),
        "nothing was left to send again: {text}"
    );
    let written = book.run(&["deliver", "--print", dir, "--send-now", "--json"]).ends(0).json();
    assert_eq!(written["batch"]["beside_first"].as_array().unwrap().len(), 2, "{written}");

    // The same layout, and yet another file.
    with_the_guards_off(&book, &format!("UPDATE first_copy SET layout = {LAYOUT}"));
    let said = beside(&book, mailed);
    assert!(said.as_str().unwrap().contains("its bytes are others (SHA-256 "), "{said}");
    book.run(&["check"]).ends(0);
}

#[test]
fn a_copy_that_may_have_arrived_counts_and_one_that_did_not_leave_does_not() {
    let book = posted(&["--skip-zero-email"]);
    let sink = Sink::start(Script { hang_up: vec![HangUp::Dot], ..Script::default() });
    smtp(&book, &sink);
    sink.script(|s| drop(s.rcpt.insert("ap@tokyo.example".into(), "550 who".into())));
    book.run(&["deliver", "--send-now"]).ends(1);
    let rows = book.run(&["delivery", "list", "--status", "Unconfirmed", "--json"]).ends(0).json();
    let (number, id) = (rows[0]["document"].as_str().unwrap(), rows[0]["id"].as_str().unwrap());
    let kept = first(&book, number);
    assert_eq!(kept["sha256"], sha256(pdf(&book, number)), "{kept}");
    let maybe = "INV-2026-000001";
    assert_eq!(number, maybe, "the other address of this document may have been first");
    assert_eq!(first(&book, "INV-2026-000003"), Value::Null, "it bounced");
    // A person sends it again: what left first stays what it was.
    book.run(&["clock", "set", "2026-03-04T08:00"]).ends(0);
    book.run(&["delivery", "retry", id]).ends(0);
    let later = first(&book, number);
    assert_eq!((&later["on"], &later["sha256"]), (&kept["on"], &kept["sha256"]));
    book.run(&["check"]).ends(0);
}

#[test]
fn what_a_dead_process_was_sending_counts() {
    let book = posted(&["--skip-zero-email"]);
    book.run(&["deliver"]).ends(1);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let hash = "a".repeat(64);
    let begun = format!(
        "UPDATE delivery SET status = 'Sending', attempts = 1, layout = 1, pdf_hash = '{hash}'
         WHERE document_id = 1 AND channel = 'email' AND address <> ''"
    );
    let begun = conn.execute(&begun, []).unwrap();
    assert_eq!(begun, 2, "both copies of one document");
    drop(conn);
    book.run(&["deliver", "--send-now"]).ends(0);
    let kept = first(&book, "INV-2026-000001");
    assert_eq!((&kept["sha256"], &kept["status"]), (&hash.into(), &"Unconfirmed".into()), "{kept}");
    assert!(
        kept["said"].as_str().unwrap().starts_with("perhaps delivered with layout 1"),
        "{kept}"
    );
    book.run(&["check"]).ends(0);
}

#[test]
fn what_was_delivered_before_it_was_kept_says_so_and_no_later_copy_takes_its_place() {
    let book = posted(&["--skip-zero-email"]);
    book.run(&["deliver", "--send-now"]).ends(1);
    let mailed = "INV-2026-000001";
    book.of_schema(23);
    let shown = first(&book, mailed);
    assert_eq!((&shown["layout"], &shown["sha256"]), (&Value::Null, &Value::Null), "{shown}");
    let said = book.run(&["invoice", "show", mailed]).ends(0).out;
    assert!(said.contains("first copy delivered: not kept"), "{said}");
    let pdf = beside(&book, mailed);
    assert!(pdf.as_str().unwrap().contains("not kept"), "{pdf}");
    book.run(&["deliver", "--resend", "all", "--send-now"]).ends(0);
    assert_eq!(first(&book, mailed), shown, "a later copy is not the first");
    book.run(&["check"]).ends(0);
}

#[test]
fn what_left_first_never_changes() {
    let book = posted(&["--skip-zero-email"]);
    book.run(&["deliver", "--send-now"]).ends(1);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    for sql in [
        "UPDATE first_copy SET layout = 2",
        "DELETE FROM first_copy",
        "INSERT OR REPLACE INTO first_copy SELECT document_id, delivery_id, 2, pdf_hash, out_at FROM first_copy",
    ] {
        let refused = conn.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("guard: the first copy of a document"), "{sql}: {refused}");
    }
}
