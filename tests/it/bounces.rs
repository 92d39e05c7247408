//! Mail that comes back days later: reports are booked once, to the copy they are about, and the balance of
//! deliveries holds.

use crate::harness::book::Book;
use crate::harness::day::posted;
use serde_json::{Value, json};

pub fn report(of: &str, to: &str, action: &str, name: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.org\nMessage-ID: <{name}@mx.example.org>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nSorry.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n\
         Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
         --b\nContent-Type: message/rfc822\n\nMessage-ID: <{of}>\nSubject: Invoice\n\nGood day\n\n--b--\n"
    )
}

/// A book whose invoices went out by e-mail: its copies.
fn sent() -> (Book, Vec<Value>) {
    let book = posted();
    book.run(&["settings", "set", "smtp.from", "billing@example.org"]).ends(0);
    let both = "account_number,email\nA1,ap@acme.example;cfo@acme.example\n";
    assert_eq!(book.import("accounts.csv", both, &["--yes"]).0, 0);
    book.run(&["deliver", "--send-now"]).ends(0);
    let all = book.run(&["delivery", "list", "--status", "Sent", "--json"]).ends(0).json();
    let all = all.as_array().unwrap().clone();
    assert!(all.len() >= 2, "{all:?}");
    (book, all)
}

fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row[field].as_str().unwrap_or_else(|| panic!("{field} of {row}"))
}

fn status(book: &Book, row: &Value) -> (String, String) {
    let all = book.run(&["delivery", "list", "--json"]).ends(0).json();
    let found = all.as_array().unwrap().iter().find(|r| r["id"] == row["id"]).unwrap();
    (text(found, "status").to_owned(), text(found, "last_reply").to_owned())
}

#[test]
fn a_report_is_booked_once_whatever_folder_it_is_read_from() {
    let (book, copies) = sent();
    let (first, second) = (&copies[0], &copies[1]);
    let folder = book.path.with_file_name("maildir");
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    let back = report(text(first, "message_id"), text(first, "to"), "failed", "r1");
    let late = report(text(second, "message_id"), text(second, "to"), "delayed", "r2");
    for (name, said) in [
        ("new/1", back.as_str()),
        ("new/2", late.as_str()),
        ("cur/3", "Subject: hello\n\nplease call me\n"),
        ("cur/4", &report("DL-000001.000000000000@example.org", "x@example.org", "failed", "r4")),
        ("tmp/5", &report(text(second, "message_id"), "x@example.org", "failed", "half")),
    ] {
        std::fs::write(folder.join(name), said).unwrap();
    }
    let folder = folder.to_str().unwrap();
    let told = book.run(&["delivery", "bounces", folder, "--json"]).ends(0).json();
    assert_eq!(told["messages"], 4, "{told}");
    assert_eq!(told["bounced"][0]["id"], first["id"]);
    assert_eq!(told["bounced"][0]["reason"], "550 5.1.1 no such user");
    assert_eq!(told["delayed"][0]["id"], second["id"]);
    assert_eq!((&told["unknown"], &told["other"]), (&json!(1), &json!(1)), "{told}");
    let came = "came back: 550 5.1.1 no such user".to_owned();
    assert_eq!(status(&book, first), ("Bounced".to_owned(), came));
    let waits = "delayed: 550 5.1.1 no such user".to_owned();
    assert_eq!(status(&book, second), ("Sent".to_owned(), waits));
    // Again, and the same reports as one mbox with what a mailbox adds.
    let mbox = book.file(
        "mbox",
        format!(
            "From x Mon Nov 30 08:00:00 2026\n{back}\nFrom x Mon Nov 30 08:00:01 2026\n{late}\n"
        ),
    );
    for path in [folder, &mbox] {
        let again = book.run(&["delivery", "bounces", path, "--json"]).ends(0).json();
        assert_eq!((&again["bounced"], &again["delayed"]), (&json!([]), &json!([])), "{again}");
        assert_eq!(again["seen"], 2, "{again}");
    }
    let balance = book.run(&["delivery", "balance", "--json"]).ends(0).json();
    assert_eq!((&balance["balances"], &balance["balance"]["failed"]), (&json!(true), &json!(1)));
    let day = book.run(&["status", "--json"]).ends(0).json();
    let step =
        day["steps"].as_array().unwrap().iter().find(|s| s["step"] == "undelivered").unwrap();
    assert_eq!(step["count"], 1, "{step}");
    book.is_sound();
    // Put right, it goes out again; a report of then is too late for it and changes nothing.
    book.run(&["delivery", "retry", text(first, "id")]).ends(0);
    assert_eq!(status(&book, first).0, "Sent");
    let told = book.run(&["delivery", "bounces", folder, "--json"]).ends(0).json();
    assert_eq!(told["seen"], 2, "{told}");
    assert_eq!(status(&book, first).0, "Sent");
    book.is_sound();
}

#[test]
fn a_person_says_that_a_copy_came_back_and_only_what_is_out_can() {
    let (book, copies) = sent();
    let id = text(&copies[0], "id");
    book.run(&["delivery", "bounced", id]).ends(2);
    book.run(&["delivery", "bounced", id, "--reason", "she called"]).ends(0);
    let (state, said) = status(&book, &copies[0]);
    assert_eq!(state, "Bounced");
    assert!(said.starts_with("came back, says ") && said.ends_with(": she called"), "{said}");
    let again = book.run(&["delivery", "bounced", id, "--reason", "again"]).ends(1);
    assert!(again.out.contains("it is Bounced") || again.err.contains("it is Bounced"));
    book.run(&["delivery", "bounced", text(&copies[1], "id"), "--reason", " "]).ends(2);
    book.is_sound();
}

/// A report that is read before it is written down that the message went out is not lost.
#[test]
fn a_report_of_a_copy_that_is_being_sent_waits_for_its_end() {
    let (book, copies) = sent();
    let row = &copies[0];
    let back = report(text(row, "message_id"), text(row, "to"), "failed", "r1");
    let file = book.file("report.eml", back);
    let set = |status: &str| {
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        let id: i64 = text(row, "id")[3..].parse().unwrap();
        conn.execute("UPDATE delivery SET status = ?1 WHERE id = ?2", (status, id)).unwrap();
    };
    set("Sending");
    let told = book.run(&["delivery", "bounces", &file, "--json"]).ends(0).json();
    assert_eq!((&told["later"], &told["bounced"]), (&json!(1), &json!([])), "{told}");
    set("Sent");
    let told = book.run(&["delivery", "bounces", &file, "--json"]).ends(0).json();
    assert_eq!(told["bounced"][0]["id"], row["id"], "{told}");
    assert_eq!(status(&book, row).0, "Bounced");
    book.is_sound();
}

#[test]
fn a_worker_reads_the_maildir_that_reports_come_to() {
    let (book, copies) = sent();
    let folder = book.path.with_file_name("watched");
    std::fs::create_dir_all(folder.join("new")).unwrap();
    let back = report(text(&copies[0], "message_id"), text(&copies[0], "to"), "failed", "r1");
    std::fs::write(folder.join("new/1"), back).unwrap();
    book.run(&["settings", "set", "mail.bounces", "watched"]).ends(2);
    book.run(&["settings", "set", "mail.bounces", folder.to_str().unwrap()]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(status(&book, &copies[0]).0, "Bounced");
    assert_eq!(status(&book, &copies[1]).0, "Sent");
    book.is_sound();
}

/// A folder that cannot be read is named, and mail that is none harms nobody.
#[test]
fn strange_mail_is_counted_and_a_missing_folder_is_named() {
    let (book, copies) = sent();
    let missing = book.run(&["delivery", "bounces", "/nowhere/at/all"]);
    assert_ne!(missing.code, 0);
    assert!(missing.err.contains("/nowhere/at/all"), "{}", missing.err);
    let folder = book.path.with_file_name("strange");
    std::fs::create_dir_all(&folder).unwrap();
    let whole = report(text(&copies[0], "message_id"), "x@example.org", "failed", "r");
    let mut n = 0;
    let mut put = |bytes: &[u8]| {
        n += 1;
        std::fs::write(folder.join(format!("{n:04}")), bytes).unwrap();
    };
    for cut in (0..whole.find("Final-Recipient").unwrap()).step_by(23) {
        put(&whole.as_bytes()[..cut]);
    }
    put(&[0xff, 0xfe, 0, 1, 2]);
    put(b"Content-Type: multipart/report; boundary=\"\"\n\n--\n--\n");
    put("Subject: =?utf-8?q?=\n\n".repeat(50).as_bytes());
    let told =
        book.run(&["delivery", "bounces", folder.to_str().unwrap(), "--json"]).ends(0).json();
    assert_eq!((&told["messages"], &told["bounced"]), (&json!(n), &json!([])), "{told}");
    assert_eq!(status(&book, &copies[0]).0, "Sent");
    book.is_sound();
}

/// The message went on to an address that we never wrote to, and nothing says from which of ours: each
/// that is out says so, none is called bounced, and a person is asked once.
#[test]
fn a_report_that_names_none_of_several_addresses_moves_none() {
    let (book, copies) = sent();
    let (first, second) = (&copies[0], &copies[1]);
    assert_eq!(first["message_id"], second["message_id"], "one message to both");
    let back = report(text(first, "message_id"), "elsewhere@example.net", "failed", "r1");
    let file = book.file("report.eml", &back);
    let read = |file: &str| book.run(&["delivery", "bounces", file, "--json"]).ends(0).json();
    let told = read(&file);
    assert_eq!(told["unclear"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["bounced"], json!([]));
    for row in [first, second] {
        let (state, said) = status(&book, row);
        assert_eq!(state, "Sent");
        assert!(said.contains("one of 2 addresses came back (elsewhere@example.net)"), "{said}");
    }
    let asked = "SELECT count(*) FROM notice WHERE level = 'task' AND key LIKE 'came back %'";
    assert_eq!((read(&file)["seen"].clone(), book.count(asked)), (json!(1), 1));
    // Where the server says under which address it was given it, that one is meant.
    let original = format!("Original-Recipient: rfc822; {}\nFinal-Recipient:", text(second, "to"));
    let named = back.replace("Final-Recipient:", &original).replace("<r1@", "<r2@");
    let told = read(&book.file("named.eml", named));
    assert_eq!(told["bounced"][0]["id"], second["id"], "{told}");
    assert_eq!(
        (status(&book, first).0, status(&book, second).0),
        ("Sent".into(), "Bounced".into())
    );
    book.is_sound();
}
