//! Damages for late payment: a flat sum and interest by law, shown before, claimed by the reminder, booked as a
//! document of their own, and waived.

use crate::harness::book::Book;
use crate::harness::collect::sound;
use serde_json::{Value, json};

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
}

/// A German customer who owes INV-1 (1000.00 EUR) since the last of March 2025, and claims switched on.
fn owes(more: &str) -> Book {
    let book = Book::new("2025-03-01");
    let accounts = format!(
        "account_number,name,currency,email,country,language,auto_pay,customer_kind\n\
         A1,Acme GmbH,EUR,ap@acme.example,DE,de,true,{more}\n"
    );
    let methods = "account_number,token,kind,display\nA1,decline:do_not_honor,card,visa 1\n";
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-1,A1,invoice,2025-03-01,2025-03-31,1000.00,0.00,1000.00\n";
    let files = [
        book.file("accounts.csv", accounts),
        book.file("payment_methods.csv", methods),
        book.file("open_items.csv", items),
    ];
    book.run(&["import", &files[0], &files[1], &files[2], "--cutover", "2025-03-01"]).ends(0);
    book.run(&["payment", "auto-pay", "INV-1", "off"]).ends(0);
    for (setting, value) in
        [("issuer.country", "DE"), ("reminder.fees", "law"), ("issuer.name", "Us GmbH")]
    {
        book.run(&["settings", "set", setting, value]).ends(0);
    }
    book
}

fn remind(book: &Book, dry: bool) -> Value {
    let dry = if dry { &["--dry-run"][..] } else { &[] };
    book.run(&[&["payment", "remind", "--json"], dry].concat()).ends(0).json()
}

/// Every report of the book ties.
fn ties(book: &Book, month: &str) {
    for report in [
        &["aging"][..],
        &["unapplied"],
        &["trial-balance"],
        &["rollforward", "--period", month],
        &["register", "--period", month],
        &["tax", "--period", month],
        &["adjustments", "--period", month],
        &["statement", "--account", "A1", "--period", month],
    ] {
        book.run(&[&["report"], report].concat()).ends(0);
    }
    sound(book);
}

fn balance(book: &Book, account: &str) -> i64 {
    book.count(&format!(
        "SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_entry WHERE account = '{account}'"
    ))
}

#[test]
fn damages_are_shown_claimed_in_the_reminder_booked_apart_and_waived() {
    let book = owes("business");
    at(&book, "2025-04-10");
    let first = remind(&book, false);
    assert_eq!(first["sent"][0]["fees"], json!([]), "the first reminder is friendly");
    at(&book, "2025-05-01");
    let dry = remind(&book, true);
    let fee = &dry["sent"][0]["fees"][0];
    assert_eq!(
        *fee,
        json!({ "invoice": "INV-1", "flat": "40.00", "interest": "9.26", "from": "2025-04-01",
                "to": "2025-04-30", "law": "BGB § 288 (2), (5)" })
    );
    assert_eq!(
        (book.count("SELECT count(*) FROM reminder_fee"), balance(&book, "receivable")),
        (0, 100_000)
    );
    let said = remind(&book, false);
    assert_eq!(said["sent"][0]["fees"][0], *fee);
    // A document of its own: own series, own account of the ledger, no tax, nobody is charged or mailed.
    let all = book.run(&["memo", "list", "--json"]).ends(0).json();
    let memo = &all[0];
    assert_eq!((&memo["number"], &memo["kind"]), (&json!("DF-2025-000001"), &json!("debit_memo")));
    assert_eq!((&memo["total"], &memo["tax"]), (&json!("49.26"), &json!("0.00")));
    assert_eq!(
        (balance(&book, "revenue:damages"), balance(&book, "receivable")),
        (-4_926, 104_926)
    );
    let mail = book.path.with_file_name("book.db.d").join("mail");
    let texts: Vec<String> = std::fs::read_dir(&mail)
        .unwrap()
        .map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap())
        .collect();
    assert_eq!(texts.len(), 2);
    let plain =
        texts.iter().map(|text| text.replace("=\r\n", "")).find(|t| t.contains("Verzugspauschale"));
    let plain = plain.unwrap_or_else(|| panic!("{texts:?}"));
    assert!(plain.contains("Verzugszinsen vom 01.04.2025 bis 30.04.2025"), "{plain}");
    let run = book.run(&["collect", "--target", "2025-05-01", "--json"]).ends(0).json();
    assert_eq!(
        (&run["picked"], &run["skipped"]),
        (&json!(0), &json!({ "auto_pay_off_invoice": 2 }))
    );
    book.run(&["deliver", "--send-now"]).ends(0);
    let copies = book.run(&["delivery", "list", "--json"]).ends(0).json();
    let copy =
        copies.as_array().unwrap().iter().find(|c| c["document"] == "DF-2025-000001").unwrap();
    assert_eq!(
        (&copy["status"], &copy["last_reply"]),
        (&json!("Suppressed"), &json!("a reminder says it"))
    );
    let tax = book.run(&["report", "tax", "--period", "2025-05", "--json"]).ends(0).json();
    assert_eq!(
        (&tax["rows"][0]["kind"], &tax["rows"][0]["tax"]),
        (&json!("none"), &json!("0.00")),
        "{tax}"
    );
    let register =
        book.run(&["report", "register", "--period", "2025-05", "--json"]).ends(0).json();
    assert_eq!(
        (&register["rows"][0]["series"], &register["rows"][0]["gaps"]),
        (&json!("DF-2025"), &json!(0))
    );
    ties(&book, "2025-05");
    // The third: no flat sum again, interest for the days since, and what was claimed stands in the letter.
    at(&book, "2025-05-25");
    let third = remind(&book, false);
    assert_eq!(
        third["sent"][0]["fees"][0],
        json!({ "invoice": "INV-1", "flat": null, "interest": "7.41", "from": "2025-05-01",
                "to": "2025-05-24", "law": "BGB § 288 (2), (5)" })
    );
    assert_eq!(third["sent"].as_array().unwrap().len(), 1, "a claim has no reminder of its own");
    ties(&book, "2025-05");
    book.run(&["adjust", "DF-2025-000001", "--whole", "--reason", "goodwill"]).ends(0);
    let given = book
        .run(&["report", "adjustments", "--period", "2025-05", "--json", "--rows"])
        .ends(0)
        .json();
    let row = &given["rows"][0];
    assert_eq!(
        (&row["kind"], &row["corrects"]),
        (&json!("waive"), &json!("DF-2025-000001")),
        "{given}"
    );
    assert_eq!((balance(&book, "revenue:damages"), balance(&book, "receivable")), (-741, 100_741));
    ties(&book, "2025-05");
    // Waived is waived: not claimed again.
    at(&book, "2025-06-30");
    assert!(remind(&book, true)["sent"].as_array().unwrap().is_empty(), "the last level is over");
    assert_eq!(book.count("SELECT count(*) FROM reminder_fee WHERE flat_minor > 0"), 1);
}

#[test]
fn what_is_not_known_is_said_and_not_claimed() {
    for (kind, country, flat, doubt) in [
        ("consumer", "DE", None, ""),
        ("", "DE", None, "whether a business or a consumer"),
        ("business", "LU", None, "no source is on record"),
        ("business", "BR", None, "no rule"),
        ("business", "SE", None, ""),
        ("business", "AT", Some("40.00"), "base rate AT"),
    ] {
        let book = owes(kind);
        book.run(&["settings", "set", "reminder.fees_from", "1"]).ends(0);
        book.run(&["settings", "set", "issuer.country", country]).ends(0);
        at(&book, "2025-04-10");
        let dry = remind(&book, true);
        let fees = dry["sent"][0]["fees"].as_array().unwrap().clone();
        assert_eq!(fees.first().and_then(|f| f["flat"].as_str()), flat, "{kind} {country}: {dry}");
        let doubts = dry["doubts"].to_string();
        assert_eq!(
            doubts.contains(doubt),
            !doubt.is_empty() || doubts == "[]",
            "{kind} {country}: {doubts}"
        );
        remind(&book, false);
        assert_eq!(
            book.count("SELECT count(*) FROM document WHERE source = 'dunning'"),
            fees.len() as i64
        );
        ties(&book, "2025-04");
    }
    let book = owes("business");
    for wrong in ["DE 2026-07-02 1.27", "XX 2026-07-01 1", "1.27"] {
        book.run(&["settings", "set", "reminder.base_rates", wrong]).ends(2);
    }
    book.run(&["settings", "set", "reminder.base_rates", "DE 2026-07-01 1.27"]).ends(0);
    book.run(&["settings", "set", "reminder.fees", "always"]).ends(2);
}

/// A reminder that did not leave claims nothing; whoever died while sending is taken up once.
#[test]
fn a_claim_is_booked_when_the_reminder_has_left_and_once() {
    let book = owes("business");
    book.run(&["settings", "set", "reminder.fees_from", "1"]).ends(0);
    book.run(&["settings", "set", "mail.transport", "smtp"]).ends(0);
    book.run(&["settings", "set", "smtp.from", "billing@us.example"]).ends(0);
    book.run(&["settings", "set", "smtp.host", "127.0.0.1"]).ends(0);
    book.run(&["settings", "set", "smtp.port", "1"]).ends(0);
    book.run(&["settings", "set", "smtp.tls", "none"]).ends(0);
    at(&book, "2025-04-10");
    let said = book.run(&["payment", "remind", "--json"]).ends(1).json();
    assert_eq!(said["refused"].as_array().unwrap().len(), 1, "{said}");
    let claims = "SELECT count(*) FROM document WHERE source = 'dunning'";
    let state = "SELECT count(*) FROM reminder WHERE state = 'not_sent'";
    assert_eq!((book.count(claims), book.count(state)), (0, 1));
    assert_eq!(book.count("SELECT reminder_level FROM document_state"), 0);
    book.run(&["settings", "set", "mail.transport", "drop"]).ends(0);
    remind(&book, false);
    assert_eq!(book.count(claims), 1);
    ties(&book, "2025-04");
    // As if it had died between the mail and the booking.
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch(
        "INSERT INTO reminder SELECT 9, account_id, emails, 'sending', made_at FROM reminder WHERE id = 2;
         INSERT INTO reminder_copy VALUES (9, 0, 'ap@acme.example', 'RM-000009.x@us.example', 'sending', '');
         INSERT INTO reminder_fee SELECT 9, document_id, 0, 500, '2025-04-10', '2025-04-20', law, NULL FROM reminder_fee LIMIT 1;",
    )
    .unwrap();
    drop(conn);
    at(&book, "2025-04-12");
    for _ in 0..2 {
        remind(&book, false);
        assert_eq!(book.count(claims), 2);
    }
    assert_eq!(book.count("SELECT count(*) FROM reminder WHERE state = 'sending'"), 0);
    ties(&book, "2025-04");
}
