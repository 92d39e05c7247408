//! Issuing a posted invoice anew: a full memo settles it, an invoice of today takes its place, and
//! whatever was on it moves over. What it bills stays billed.

use crate::harness::book::Book;
use crate::harness::day::posted;
use crate::harness::desk::Desk;
use serde_json::{Value, json};

/// What an invoice shows of each line.
fn lines(document: &Value) -> Vec<Value> {
    let rows = document["items"].as_array().unwrap();
    let shown =
        ["charge_number", "description", "service_from", "quantity", "unit_price", "amount"];
    rows.iter().map(|row| shown.iter().map(|k| row[*k].clone()).collect()).collect()
}

fn pictured(name: &str, desk: &Desk) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, desk.picture());
    });
}

fn balance(book: &Book, id: &str) -> String {
    book.document(id)["balance"].as_str().unwrap().to_owned()
}

#[test]
fn a_paid_invoice_of_an_earlier_month_is_issued_anew_with_the_right_tax_id() {
    let book = posted();
    book.say("payment record --account A1 --amount 100 --date 2026-02-01 --reference wire --invoice INV-2026-000001").ends(0);
    book.say("payment promise INV-2026-000001 --on 2026-02-20 --amount 50").ends(0);
    book.say("bill --target 2026-03-01 --account A1").ends(0);
    book.say("post --invoice D-000004").ends(0);
    let later = book.document("INV-2026-000004");
    let total = later["total"].as_str().unwrap().to_owned();
    book.say(&format!("payment record --account A1 --amount {total} --date 2026-02-01 --reference march --invoice INV-2026-000004")).ends(0);
    let before = book.document("INV-2026-000001");
    book.is_sound();

    let line = "invoice reissue INV-2026-000001 --set tax_id=ATU12345678 --set po_number=4711 --reason 'wrong VAT id'";
    let dry = book.say(&format!("{line} --dry-run --json")).ends(0).json();
    let told = dry.to_string();
    for word in
        ["-369.60 EUR", "369.60 EUR", "tax_id: nothing becomes ATU12345678", "100.00 EUR moves"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(book.document("INV-2026-000001"), before, "a dry run changes nothing");

    let done = book.say(&format!("{line} --json")).ends(0).json();
    let (memo, invoice) = (&done["memo"], &done["invoice"]);
    assert_eq!((&memo["number"], &memo["total"]), (&json!("CM-2026-000001"), &json!("-369.60")));
    assert_eq!(
        (&invoice["number"], &invoice["total"]),
        (&json!("INV-2026-000005"), &json!("369.60"))
    );
    assert_eq!(lines(invoice), lines(&before), "the same lines");
    assert_eq!(invoice["taxes"], before["taxes"], "the same tax");
    assert_eq!(
        (&invoice["due_date"], &invoice["po_number"]),
        (&before["due_date"], &json!("4711"))
    );
    assert_eq!(
        (&invoice["balance"], &invoice["replaces"]),
        (&json!("269.60"), &json!("INV-2026-000001"))
    );
    let old = book.document("INV-2026-000001");
    assert_eq!((&old["balance"], &old["replaced_by"]), (&json!("0.00"), &json!("INV-2026-000005")));
    assert_eq!(balance(&book, "INV-2026-000004"), "0.00", "what follows it stays as it is");
    assert_eq!(
        book.count("SELECT count(*) FROM promise WHERE state = 'open' AND document_id = 6 AND amount_minor = 5000"),
        1,
        "the promise holds for the new one"
    );
    // Who has paid a part is asked for the rest alone.
    let file = book.path.with_file_name("new.pdf");
    book.run(&["invoice", "pdf", "INV-2026-000005", file.to_str().unwrap()]).ends(0);
    let text = std::process::Command::new("pdftotext")
        .args(["-layout", file.to_str().unwrap(), "-"])
        .output();
    let text = String::from_utf8(text.unwrap().stdout).unwrap();
    for words in ["Replaces invoice INV-2026-000001", "Paid", "-100.00", "269.60"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // What was billed stays billed, by the new one.
    let again = book.say("bill --target 2026-03-01 --account A1 --json").ends(0).json();
    assert_eq!(again["documents"]["invoices"], 0, "{again}");
    assert_eq!(book.count("SELECT count(*) FROM claim WHERE document_id = 1"), 0);
    // Both go to the customer, and say which they are about.
    assert_eq!(
        book.count("SELECT count(*) FROM delivery WHERE document_id IN (5, 6) AND status = 'Queued' AND address = 'ap@acme.example'"),
        2
    );
    book.is_sound();
    // It can be done again, on the new one only.
    let twice = book.say("invoice reissue INV-2026-000001 --reason x").ends(2).err;
    assert!(twice.contains("reversed"), "{twice}");
    book.say("invoice reissue INV-2026-000005 --set 'name=Acme Ltd' --reason again").ends(0);
    assert_eq!(balance(&book, "INV-2026-000006"), "269.60");
    book.is_sound();
}

#[test]
fn what_was_credited_before_stays_credited_and_the_rest_is_issued_anew() {
    let book = posted();
    for how in ["--line 2 --amount 30", "--amount 100", "--line 5"] {
        book.say(&format!("adjust INV-2026-000001 {how} --reason t")).ends(0);
    }
    let open = balance(&book, "INV-2026-000001");
    let done =
        book.say("invoice reissue INV-2026-000001 --reason 'new name' --json").ends(0).json();
    assert_eq!(
        (&done["invoice"]["total"], &done["invoice"]["balance"]),
        (&json!(open), &json!(open))
    );
    assert_eq!(balance(&book, "INV-2026-000001"), "0.00");
    book.is_sound();
    // What settles the old one stays there.
    let off = book.say("memo unapply CM-2026-000001 --reason x").ends(2).err;
    assert!(off.contains("replaced"), "{off}");
    // Nothing of it is left to credit, all of the new one is.
    book.say("adjust INV-2026-000001 --amount 1 --reason x").ends(2);
    book.say("adjust INV-2026-000004 --whole --reason x").ends(0);
    assert_eq!(balance(&book, "INV-2026-000004"), "0.00");
    book.is_sound();
}

#[test]
fn days_are_given_back_of_the_invoice_that_took_the_place() {
    let book = posted();
    book.say("invoice reissue INV-2026-000002 --set 'address=Street 1;Floor 2' --reason moved")
        .ends(0);
    let rows =
        "subscription_number,account_number,start_date,end_date\nS2,A2,2026-01-01,2026-01-20\n";
    assert_eq!(book.import("subscriptions.csv", rows, &["--yes"]).0, 0);
    book.say("bill --target 2026-02-01 --account A2").ends(0);
    let draft = book.say("memo list --account A2 --status Draft --json").json()[0].clone();
    let corrects = book.count(
        "SELECT count(*) FROM document_item c JOIN document_item i ON i.id = c.corrects_item_id
          WHERE c.document_id = (SELECT max(id) FROM document) AND i.document_id <> 5",
    );
    assert_eq!(corrects, 0, "each line corrects one of the new invoice: {draft}");
    let refused = book.say("invoice reissue INV-2026-000004 --reason x").ends(2).err;
    assert!(refused.contains("gives back days of it"), "{refused}");
    book.is_sound();
}

#[test]
fn what_is_in_the_way_is_named_and_nothing_is_done() {
    let book = posted();
    let sums = |book: &Book| book.count("SELECT count(*) * 1000 + sum(id) FROM document");
    let before = sums(&book);
    for (line, why) in [
        ("INV-2026-000001 --reason ''", "reason"),
        ("INV-2026-000001 --set tax_id --reason x", "has no ="),
        ("INV-2026-000001 --set total=5 --reason x", "po_number, address"),
        ("INV-2026-000001 --set name= --reason x", "name"),
        ("INV-2026-000099 --reason x", "INV-2026-000099"),
    ] {
        let ran = book.say(&format!("invoice reissue {line}")).ends(2);
        assert!(ran.err.contains(why), "{line}: {}", ran.err);
    }
    book.say("instalments new A2 --invoice INV-2026-000002 --count 2 --first 2026-03-01").ends(0);
    let ran = book.say("invoice reissue INV-2026-000002 --reason x").ends(2);
    assert!(ran.err.contains("IP-000001"), "{}", ran.err);
    book.say("write-off INV-2026-000003 --reason x").ends(0);
    let ran = book.say("invoice reissue INV-2026-000003 --reason x").ends(2);
    assert!(ran.err.contains("written off"), "{}", ran.err);
    assert_eq!(sums(&book), before + 1000 + 4, "only the write-off was made");
    book.is_sound();
}

#[test]
fn a_dispute_and_tags_move_over_and_a_debit_memo_stays() {
    let book = posted();
    book.say("payment dispute INV-2026-000002 --code other --reason 'wrong name'").ends(0);
    book.say("adjust INV-2026-000002 --debit --amount 12 --reason more").ends(0);
    book.say("invoice reissue INV-2026-000002 --set 'name=Beta AG' --reason 'wrong name'").ends(0);
    assert_eq!(
        book.count("SELECT count(*) FROM dispute WHERE state = 'open' AND document_id = 6"),
        1
    );
    assert_eq!(balance(&book, "DM-2026-000001"), "12.00");
    assert_eq!(balance(&book, "INV-2026-000004"), "74.40");
    book.is_sound();
}

#[test]
fn a_wrong_tax_id_is_put_right_from_the_screen_in_one_dialog() {
    let book = posted();
    book.say("payment record --account A1 --amount 100 --date 2026-02-01 --reference wire --invoice INV-2026-000001").ends(0);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("1/INV-2026-000001<Enter>mi").shows("Issue INV-2026-000001 anew");
    desk.press("<Tab>ATU12345678").shows("ATU12345678");
    pictured("reissue_form", &desk);
    desk.press("<Tab><Tab><Tab><Tab><Tab><Tab><Tab>wrong VAT id<Enter>");
    desk.shows("A credit memo of -369.60 EUR settles INV-2026-000001");
    pictured("reissue_asked", &desk);
    desk.press("y").shows("INV-2026-000004");
    assert_eq!(balance(&book, "INV-2026-000004"), "269.60");
    book.is_sound();
}

#[test]
fn what_the_law_asks_of_a_customer_is_entered_on_screen_and_by_command_line() {
    let book = posted();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("8E").shows("what the law asks");
    desk.press("l").shows("customer kind");
    desk.press("pirate<C-s>").shows("business");
    let set = "<Bksp><Bksp><Bksp><Bksp><Bksp><Bksp>business<Tab>DE123456789<C-s>";
    desk.press(set).shows("customer_kind business, tax_id DE123456789");
    let at = |column: &str| {
        let sql = format!(
            "SELECT count(*) FROM account_version v JOIN account a ON a.id = v.account_id
            WHERE a.number = 'A1' AND v.seq = (SELECT max(seq) FROM account_version w
              WHERE w.account_id = a.id) AND {column}"
        );
        book.count(&sql)
    };
    assert_eq!(at("tax_id = 'DE123456789' AND legal ->> 'kind' = 'business'"), 1);
    let edited = book
        .say("account edit A1 --set 'buyer_reference=04011000-1234512345-06' --set language=de --json")
        .ends(0)
        .json();
    assert_eq!(edited["changed"], true, "{edited}");
    assert_eq!(at("language = 'de' AND legal ->> 'buyer_reference' <> '' AND tax_id <> ''"), 1);
    for (set, word) in [
        ("customer_kind=pirate", "business"),
        ("nonsense=1", "nonsense"),
        ("account_number=A9", "keeps its number"),
        ("tax_id", "has no ="),
        ("token=x", "has no"),
    ] {
        let ran = book.say(&format!("account edit A1 --set {set}")).ends(2);
        assert!(ran.err.contains(word), "{set}: {}", ran.err);
    }
    assert!(book.say("account edit A77 --set name=x").ends(2).err.contains("A77"));
    book.is_sound();
}
