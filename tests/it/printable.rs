//! What cannot be printed is known at the draft: flagged, told by the confirmation, not posted; and
//! what is long is printed whole or refused where it is written.

use crate::harness::book::Book;
use daybook::document::{Customer, Fit, Press, PrintError, Printable};
use daybook::domain::money::Currency;
use serde_json::Value;

const ACCOUNTS: &str = "account_number,name,currency,email\n\
    A1,𐎀𐎁 Ltd,EUR,ap@a.example\nA2,Acme,EUR,ap@b.example\n";

/// Two drafts; the customer of the first has a name that no font has.
fn book() -> Book {
    let book = Book::new("2026-11-01T08:00");
    let files = [
        book.file("accounts.csv", ACCOUNTS),
        book.file(
            "subscriptions.csv",
            "subscription_number,account_number,start_date\nS1,A1,2026-11-01\nS2,A2,2026-11-01\n",
        ),
        book.file(
            "charges.csv",
            "charge_number,subscription_number,name,type,model,price\n\
             C1,S1,Service,one_time,flat,100\nC2,S2,Service,one_time,flat,100\n",
        ),
    ];
    book.run(&["import", &files[0], &files[1], &files[2]]).ends(0);
    book.run(&["settings", "set", "issuer.name", "Us"]).ends(0);
    book.run(&["bill", "--target", "2026-11-01"]).ends(0);
    book
}

fn draft(book: &Book, number: &str) -> Value {
    let all = book.run(&["invoice", "list", "--json"]).ends(0).json();
    all.as_array().unwrap().iter().find(|d| d["id"] == number).unwrap().clone()
}

fn reason(book: &Book, number: &str) -> Option<String> {
    let draft = draft(book, number);
    let flags = draft["flags"].as_array().unwrap();
    let found = flags.iter().find(|f| f["code"] == "unprintable")?;
    Some(found["reason"].as_str().unwrap().to_owned())
}

#[test]
fn a_draft_that_cannot_be_printed_is_flagged_and_stays_behind() {
    let book = book();
    let why = reason(&book, "D-000001").unwrap();
    assert!(why.contains("the customer name") && why.contains("U+10380"), "{why}");
    assert_eq!(reason(&book, "D-000002"), None);
    let posted = book.run(&["post", "BR-000001", "--json"]).ends(1).json();
    assert_eq!(posted["posted"], 1, "{posted}");
    assert!(posted["refused"][0]["reason"].as_str().unwrap().contains("U+10380"), "{posted}");
    // Nothing of it was numbered, delivered or charged.
    assert_eq!(draft(&book, "D-000001")["status"], "Draft");
    assert_eq!(draft(&book, "D-000002")["number"], "INV-2026-000001");
    book.import("renamed.csv", "account_number,name,currency\nA1,Hanguk Ltd,EUR\n", &[]);
    book.run(&["invoice", "regenerate", "D-000001"]).ends(0);
    assert_eq!(reason(&book, "D-000001"), None);
    // An edit can take it away again: in a note, a description, a line made by hand.
    for set in ["note=𐎀", "po_number=a 𐎀", "description=b 𐎀"] {
        let line: &[&str] = if set.starts_with("desc") { &["--line", "1"] } else { &[] };
        let version = draft(&book, "D-000001")["version"].to_string();
        let edit = ["invoice", "edit", "D-000001", "--set", set, "--reason", "x", "--version"];
        book.run(&[&edit[..], &[&version], line].concat()).ends(0);
        assert!(reason(&book, "D-000001").is_some(), "{set}");
        book.run(&["post", "--dry-run", "--invoice", "D-000001"]).ends(1);
        book.run(&["undo"]).ends(0);
        assert_eq!(reason(&book, "D-000001"), None, "{set} undone");
    }
    book.run(&["post", "--invoice", "D-000001"]).ends(0);
    book.run(&["check"]).ends(0);
}

/// What is in the book of memos and of requests for a second person.
fn made(book: &Book) -> (i64, i64) {
    let memos = "SELECT count(*) FROM document WHERE kind IN ('credit_memo', 'debit_memo')";
    (book.count(memos), book.count("SELECT count(*) FROM four_eyes"))
}

#[test]
fn a_memo_that_cannot_be_printed_is_refused_before_anything_is_made_of_it() {
    let book = book();
    book.run(&["post", "--invoice", "D-000002"]).ends(0);
    let open = book.file(
        "open_items.csv",
        "document_number,account_number,kind,date,due_date,total,tax,balance\n\
         OLD-1,A1,invoice,2026-10-01,2026-10-31,100.00,0.00,100.00\n",
    );
    book.run(&["import", &open]).ends(0);
    // Posted by a daybook that did not look: the invoice of A2, too.
    let old = "UPDATE account_version SET name = 'Acme 𐎀' WHERE name = 'Acme'";
    rusqlite::Connection::open(&book.path).unwrap().execute(old, []).unwrap();
    // A second person is not asked about what could not be made.
    book.run(&["settings", "set", "four_eyes.above", "1"]).ends(0);
    let before = made(&book);
    for (verb, said) in [
        (&["adjust", "OLD-1", "--amount", "10"][..], "U+10380"),
        (&["adjust", "OLD-1", "--whole"], "U+10380"),
        (&["adjust", "OLD-1", "--amount", "10", "--debit"], "U+10380"),
        (&["adjust", "INV-2026-000001", "--line", "1"], "U+10380"),
        (&["reverse", "INV-2026-000001"], "U+10380"),
    ] {
        let ran = book.run(&[verb, &["--reason", "wrong"]].concat()).ends(2);
        assert!(ran.err.contains("the customer name") && ran.err.contains(said), "{}", ran.err);
        assert_eq!(made(&book), before, "{verb:?}");
    }
    book.run(&["settings", "set", "four_eyes.above", ""]).ends(0);
    // Put right in the account, it can be credited under the name of today.
    let names = "account_number,name,currency\nA1,Hanguk Ltd,EUR\nA2,Acme Ltd,EUR\n";
    book.import("renamed.csv", names, &[]);
    for verb in [&["adjust", "OLD-1", "--amount", "10"][..], &["reverse", "INV-2026-000001"]] {
        book.run(&[verb, &["--reason", "wrong"]].concat()).ends(0);
    }
    assert_eq!(made(&book).0, before.0 + 2);
    for number in ["CM-2026-000001", "CM-2026-000002"] {
        let file = book.dir.path().join("memo.pdf");
        book.run(&["invoice", "pdf", number, file.to_str().unwrap()]).ends(0);
        std::fs::remove_file(file).unwrap();
    }
    book.run(&["check"]).ends(0);
}

#[test]
fn a_plan_of_deliveries_sees_what_cannot_be_printed_wherever_it_stands() {
    for (place, sql) in [
        ("nothing odd", "SELECT 1"),
        ("the backslash is odd, and prints", "UPDATE document SET note = 'a\\b' WHERE id = 2"),
        (
            "the customer",
            "UPDATE document SET frozen = replace(frozen, 'Acme', 'Ac𐎀me') WHERE id = 2",
        ),
        ("the note", "UPDATE document SET note = '𐎀' WHERE id = 2"),
        ("the PO number", "UPDATE document SET po_number = '𐎀' WHERE id = 2"),
        ("a line", "UPDATE document_item SET description = '𐎀' WHERE document_id = 2"),
        (
            "a tax",
            "INSERT INTO document_tax (document_id, tax_code, rate_percent, name, kind, inclusive,
               reason, base_minor, tax_minor) VALUES (2, 'X', '0', '𐎀', 'standard', 0, '', 0, 0)",
        ),
    ] {
        let book = book();
        book.say("post --invoice D-2").ends(0);
        let raw = rusqlite::Connection::open(&book.path).unwrap();
        let guards = ["document_posted_update", "item_posted_update", "tax_posted_insert"];
        for guard in guards {
            raw.execute_batch(&format!("DROP TRIGGER IF EXISTS {guard}")).unwrap();
        }
        raw.execute_batch(sql).unwrap();
        drop(raw);
        let plan = book.say("deliver --dry-run --json");
        let odd = !place.contains("odd");
        assert_eq!(plan.out.contains("U+10380"), odd, "{place}: {} {}", plan.out, plan.err);
        assert_eq!(plan.out.contains("Impossible"), odd, "{place}: {}", plan.out);
    }
}

#[test]
fn a_memo_says_the_whole_of_what_it_corrects() {
    let book = book();
    let long = "word ".repeat(60).trim().to_owned();
    let version = draft(&book, "D-000002")["version"].to_string();
    let set = format!("description={long}");
    let edit = ["invoice", "edit", "D-000002", "--line", "1", "--set", &set, "--reason", "x"];
    book.run(&[&edit[..], &["--version", &version]].concat()).ends(0);
    book.run(&["post", "--invoice", "D-000002"]).ends(0);
    book.run(&["reverse", "INV-2026-000001", "--reason", "wrong"]).ends(0);
    let memos = book.run(&["memo", "list", "--json"]).ends(0).json();
    assert_eq!(memos[0]["items"][0]["description"], format!("Credit: {long}"));
    book.run(&["check"]).ends(0);
}

#[test]
fn what_every_document_prints_is_refused_where_it_is_set() {
    let book = Book::new("2026-11-01T08:00");
    let long = ["a line of the footer that says much about the company"; 5].join(";");
    for (key, value, said) in [
        ("issuer.name", "𐎀", "U+10380"),
        ("issuer.bank", "IBAN 𐎀", "U+10380"),
        ("issuer.footer", long.as_str(), "5 lines"),
        ("issuer.footer", "two\nlines", "line break"),
        ("issuer.name", "two\nlines", "line break"),
    ] {
        let ran = book.run(&["settings", "set", key, value]);
        assert_eq!(ran.code, 2, "{key} {value}");
        assert!(ran.err.contains(key) && ran.err.contains(said), "{key}: {}", ran.err);
    }
    let long = ["A company with a very long name and a long history of its own", "Road 1", "Wien"];
    book.run(&["settings", "set", "issuer.address", &long.join(";")]).ends(0);
    book.run(&["settings", "set", "issuer.footer", &"word ".repeat(55)]).ends(0);
}

#[test]
fn a_long_name_is_set_smaller_and_one_longer_than_its_place_is_refused() {
    let press = Press::open().unwrap();
    let named = |name: String, fit| Printable {
        customer: Customer { name, city: "Wien".into(), ..Customer::default() },
        fit,
        ..Printable::blank(Currency::parse("EUR").unwrap())
    };
    let words = |n: usize| (0..n).map(|i| format!("Wort{i:03} ")).collect::<String>();
    // Ten lines of the window at its usual size hold some sixty of them.
    press.fits(&named(words(30), Fit::Whole)).unwrap();
    press.fits(&named(words(55), Fit::Whole)).unwrap();
    let refused = press.fits(&named(words(400), Fit::Whole)).unwrap_err();
    assert!(matches!(refused, PrintError::TooLong { most: 10, .. }), "{refused}");
    assert!(refused.to_string().contains("the customer's name and address"), "{refused}");
    // As an older daybook posted it, it is printed as it was.
    press.fits(&named(words(400), Fit::Cut)).unwrap();
    press.set(&named(words(400), Fit::Cut)).unwrap();
    let pdf = press.set(&named(words(55), Fit::Whole)).unwrap().pdf(press);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pdf).unwrap();
    if let Some(text) =
        crate::harness::document::tool("pdftotext", &[file.path().to_str().unwrap(), "-"])
    {
        assert!(text.contains("Wort000") && text.contains("Wort054"), "{text}");
    }
}
