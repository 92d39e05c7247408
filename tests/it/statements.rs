//! Statements of account: as PDF in the account's language and by mail, once, with write-offs left in.

use crate::harness::book::Book;
use crate::harness::day::posted;
use crate::harness::document::tool;
use mail_parser::{MessageParser, MimeHeaders};
use std::path::PathBuf;

/// Blanks that do not break are blanks to a reader.
fn seen(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

fn text_of(path: &str) -> Option<String> {
    tool("pdftotext", &["-layout", path, "-"]).map(|text| seen(&text))
}

/// The mails that left.
fn mails(book: &Book) -> Vec<Vec<u8>> {
    let folder = book.path.with_file_name("book.db.d").join("mail");
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = files.map(|f| f.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "eml"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A1 speaks German and owes 369.60, of which 100 came and 50 of the rest is written off.
fn owing() -> Book {
    let book = posted();
    book.say("settings set issuer.name 'Muster GmbH'").ends(0);
    book.say("settings set issuer.country DE").ends(0);
    book.say("account edit A1 --set language=de").ends(0);
    book.say("payment record --account A1 --amount 100 --date 2026-02-01 --reference w --invoice INV-2026-000001").ends(0);
    book.say("write-off INV-2026-000001 --reason gone").ends(0);
    book
}

#[test]
fn what_is_sent_shows_what_is_legally_owed() {
    let book = owing();
    let said = book.say("report statement --account A1 --period 2026-02 --json").ends(0).json();
    let totals = &said["totals"]["EUR"];
    assert_eq!(totals["closing"], "0.00", "{said}");
    assert_eq!(
        (&totals["written_off"], &totals["legally_owed"]),
        (&"269.60".into(), &"269.60".into())
    );
    assert!(said["ties"].as_array().unwrap().iter().all(|tie| tie["ok"] == true), "{said}");
    let items = book.say("report statement --account A1 --by document --csv -").ends(0).out;
    assert_eq!(
        items.lines().next().unwrap(),
        "date,number,due_date,total,open,days,bucket,currency"
    );
    assert_eq!(items.lines().count(), 1, "in our books nothing is open: {items}");

    let to = book.dir.path().display().to_string();
    let args =
        ["report", "statement", "--account", "A1", "--period", "2026-02", "--pdf", &to, "--json"];
    let made = book.run(&args).ends(0).json();
    let file = made["file"].as_str().unwrap().to_owned();
    assert!(file.ends_with("statement-A1-2026-02-28.pdf"), "{file}");
    book.run(&args).ends(2);
    let first = std::fs::read(&file).unwrap();
    book.run(&[&args[..], &["--force"]].concat()).ends(0);
    assert_eq!(first, std::fs::read(&file).unwrap(), "the same bytes each time");
    if let Some(text) = text_of(&file) {
        for words in [
            "Kontoauszug",
            "01.02.2026 bis 28.02.2026",
            "Kundennummer A1",
            "Muster GmbH",
            "was rechtlich geschuldet wird",
            "INV-2026-000001",
            "369,60",
            "-100,00",
            "269,60",
            "Offene Posten",
            "Tage überfällig",
            "13",
            "1/1",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("Ausbuchung"), "{text}");
    }

    // A part of it comes after all: that much is owed no more.
    book.say("payment record --account A1 --amount 69.60 --date 2026-02-01 --reference x --invoice INV-2026-000001").ends(0);
    let said = book.say("report statement --account A1 --period 2026-02 --json").ends(0).json();
    assert_eq!(said["totals"]["EUR"]["legally_owed"], "200.00", "{said}");
}

#[test]
fn a_statement_goes_to_an_address_once() {
    let book = owing();
    let send = "statement send --account A1 --period 2026-02 --json";
    let ahead = book.say(&format!("{send} --dry-run")).ends(0).json();
    assert_eq!((&ahead["queued"], &ahead["dry_run"]), (&1.into(), &true.into()), "{ahead}");
    assert_eq!(ahead["accounts"][0]["totals"][0]["legally_owed"], "269.60");
    assert_eq!(ahead["accounts"][0]["totals"][0]["booked"], "0.00");
    assert_eq!(book.count("SELECT count(*) FROM statement_copy"), 0);
    let held = book.say(&format!("{send} --detach")).ends(0).json();
    assert_eq!((&held["queued"], &held["sent"]), (&1.into(), &0.into()));
    // Until it leaves it can be called back, and then goes by hand.
    book.say("statement recall ST-000001").ends(0);
    book.say("statement recall ST-000001").ends(1);
    assert!(mails(&book).is_empty());
    book.say("statement retry ST-000001").ends(0);
    let again = book.say(&format!("{send} --send-now")).ends(0).json();
    assert_eq!((&again["queued"], &again["known"]), (&0.into(), &1.into()), "{again}");
    let sent = mails(&book);
    assert_eq!(sent.len(), 1);
    let mail = MessageParser::default().parse(&sent[0]).unwrap();
    assert_eq!(mail.subject(), Some("Kontoauszug zum 28.02.2026"));
    assert!(mail.message_id().unwrap().starts_with("ST-000001."));
    let text = seen(&mail.body_text(0).unwrap());
    assert!(
        text.contains("Saldo am 28.02.2026: 269,60 EUR") && text.contains("rechtlich"),
        "{text}"
    );
    let pdf = mail.attachments().next().unwrap();
    assert_eq!(pdf.attachment_name(), Some("statement-A1-2026-02-28.pdf"));
    assert!(pdf.contents().starts_with(b"%PDF"));
    let list = book.say("statement list --status Sent --json").ends(0).json();
    assert_eq!((&list[0]["id"], &list[0]["to"]), (&"ST-000001".into(), &"ap@acme.example".into()));
    book.is_sound();
}

#[test]
fn who_gets_one_is_named_or_owes_so_much_for_so_long() {
    let book = owing();
    book.say("account edit A2 --set email=b@beta.example").ends(0);
    for (line, word) in [
        ("statement send", "--account A"),
        ("statement send --owes 10", "--currency"),
        ("statement send --owes ten --currency EUR", "--owes"),
        ("statement send --batch none", "no account is in batch none"),
        ("statement send --account A9", "no account A9"),
        ("statement retry X", "ST-000001"),
        ("statement list --status Lost", "Queued"),
    ] {
        let ran = book.say(line).ends(2);
        assert!(ran.err.contains(word), "{line}: {}", ran.err);
    }
    let of = |flags: &str, now: &str| -> Vec<String> {
        let line = format!("statement send {flags} --dry-run --json --now {now}");
        let said = book.say(&line).json();
        let rows = said["accounts"].as_array().unwrap();
        rows.iter().map(|row| row["account_number"].as_str().unwrap().to_owned()).collect()
    };
    // A2 owes 74.40 since 2026-03-03 and 2026-01-31 + 30; A1's is written off, A3 has no address.
    assert_eq!(of("--owes 10 --currency EUR --for-days 30", "2026-05-01"), ["A2"]);
    assert!(of("--owes 80 --currency EUR --for-days 30", "2026-05-01").is_empty());
    assert!(of("--owes 10 --currency EUR --for-days 90", "2026-05-01").is_empty());
    assert_eq!(of("--all", "2026-02-01"), ["A1", "A2"]);
    let all = book.say("statement send --all --dry-run --json").ends(1).json();
    assert_eq!(all["refused"][0]["account_number"], "A3");
}

#[test]
fn what_a_dead_process_was_sending_is_not_known_and_not_sent_again() {
    let book = owing();
    book.say("statement send --account A1 --period 2026-02 --detach --send-now").ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch(
        "UPDATE statement_copy SET status = 'Sending', attempts = 1,
           job_id = (SELECT id FROM job WHERE subject = 'statements')",
    )
    .unwrap();
    drop(conn);
    book.say("worker --once").ends(0);
    let list = book.say("statement list --json").ends(0).json();
    assert_eq!(list[0]["status"], "Unconfirmed", "{list}");
    assert!(mails(&book).is_empty());
    book.say("statement confirm ST-000001").ends(0);
    let list = book.say("statement list --json").ends(0).json();
    assert_eq!(list[0]["status"], "Sent", "{list}");
}

#[test]
fn a_statement_that_comes_back_is_bounced_once() {
    let book = owing();
    book.say("statement send --account A1 --period 2026-02 --send-now").ends(0);
    let mail = mails(&book).remove(0);
    let sent = MessageParser::default().parse(&mail).unwrap();
    let name = sent.message_id().unwrap();
    let report = format!(
        "From: MAILER-DAEMON@x.example\r\nTo: billing@x.example\r\nMessage-ID: <r1@x.example>\r\nSubject: failed\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\n\
         Final-Recipient: rfc822; ap@acme.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 no such user\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{name}>\r\n\r\n--b--\r\n"
    );
    let folder = book.dir.path().join("bounces/new");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("1"), report).unwrap();
    let line = format!("delivery bounces {} --json", book.dir.path().join("bounces").display());
    let said = book.say(&line).ends(0).json();
    assert_eq!(said["bounced"][0]["id"], "ST-000001", "{said}");
    let list = book.say("statement list --json").ends(0).json();
    assert_eq!(list[0]["status"], "Bounced");
    assert!(list[0]["last_reply"].as_str().unwrap().contains("no such user"), "{list}");
    let again = book.say(&line).ends(0).json();
    assert_eq!(again["bounced"].as_array().unwrap().len(), 0, "{again}");
    // Once more, under the same name: the folder has it once.
    book.say("statement retry ST-000001").ends(0);
    assert_eq!(mails(&book).len(), 1);
    assert_eq!(book.count("SELECT attempts FROM statement_copy"), 2);
    book.say(&line).ends(0);
    assert_eq!(
        book.say("statement list --json").ends(0).json()[0]["status"],
        "Sent",
        "an old report"
    );
}
