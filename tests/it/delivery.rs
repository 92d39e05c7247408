//! Delivery through the binary: what goes where, the hold, the drop folder, a real SMTP talk, print
//! batches, corrections in the queue; and that the step balances whatever happens.

use crate::harness::book::{Book, Ran};
use crate::harness::delivery::{posted, smtp};
use crate::harness::document::tool;
use crate::harness::sink::{HangUp, Script, Sink};
use serde_json::Value;
use std::path::PathBuf;

fn deliver(book: &Book, args: &[&str]) -> Ran {
    book.run(&[&["deliver", "--json"], args].concat())
}

fn list(book: &Book, args: &[&str]) -> Vec<Value> {
    let ran = book.run(&[&["delivery", "list", "--json"], args].concat()).ends(0);
    ran.json().as_array().unwrap().clone()
}

/// `channel to status` of each copy, in order.
fn states(book: &Book) -> Vec<String> {
    list(book, &[])
        .iter()
        .map(|d| {
            let word = |key: &str| d[key].as_str().unwrap().to_owned();
            format!("{} {} {}", word("channel"), word("to"), word("status"))
        })
        .collect()
}

fn mails(book: &Book) -> Vec<PathBuf> {
    let folder = PathBuf::from(format!("{}.d/mail", book.path.display()));
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

#[track_caller]
fn balanced(book: &Book) -> Value {
    let said = book.run(&["delivery", "balance", "--json"]).ends(0).json();
    assert_eq!(said["balances"], true, "{said}");
    book.run(&["check"]).ends(0);
    said["balance"].clone()
}

#[test]
fn what_goes_where_is_shown_then_made_then_held_then_sent_once() {
    let book = posted(&["--skip-zero-email"]);
    let plan = deliver(&book, &["--dry-run"]).ends(1).json()["plan"].clone();
    assert_eq!(
        (&plan["email"], &plan["print"], &plan["suppressed"], &plan["impossible"]),
        (&3.into(), &2.into(), &2.into(), &2.into()),
        "{plan}"
    );
    assert!(states(&book).is_empty(), "a dry run makes nothing");

    let made = deliver(&book, &["--run", "BR-000001"]).ends(1).json();
    assert_eq!(made["plan"], plan);
    assert_eq!(made["sent"], 0, "the hold keeps them");
    assert_eq!(made["next_at"], "2026-03-01T08:10:00");
    let tokyo = "email ap@tokyo.example Queued";
    assert_eq!(
        states(&book),
        [
            "email ap@mueller.example Queued",
            "email boss@mueller.example Queued",
            "print Ελλάς ΑΕ, Οδός 2, 10431 Αθήνα, GREECE Queued",
            tokyo,
            "print 東京商事, 丸の内 1, 100-0005 東京, JAPAN Queued",
            "email  Suppressed",
            "email  Impossible",
            "email free@rider.example Suppressed",
            "email  Impossible",
        ]
    );
    assert_eq!(balanced(&book)["open"], 5);

    // Recalled in time; a second recall is refused; what is left goes when the hold is over.
    book.run(&["delivery", "recall", "DL-000002"]).ends(0);
    book.run(&["delivery", "recall", "DL-000002"]).ends(1);
    deliver(&book, &[]).ends(0);
    assert!(mails(&book).is_empty());
    book.run(&["clock", "set", "2026-03-01T08:10"]).ends(0);
    let sent = deliver(&book, &[]).ends(0).json();
    assert_eq!(sent["sent"], 2, "{sent}");
    let files = mails(&book);
    assert_eq!(files.len(), 2);
    let before: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).unwrap()).collect();
    let again = deliver(&book, &["--send-now"]).ends(0).json();
    assert_eq!(again["sent"], 0, "nothing is sent twice: {again}");
    assert_eq!(mails(&book).len(), 2);
    let balance = balanced(&book);
    assert_eq!((&balance["sent"], &balance["recalled"]), (&2.into(), &1.into()));

    // An address found later mends what was impossible; a resend takes only what was never sent.
    book.import(
        "late.csv",
        "account_number,name,currency,email\nA5,No Address,EUR,new@found.example\n",
        &[],
    );
    let mended = deliver(&book, &["--send-now", "--resend"]).ends(0).json();
    assert_eq!((&mended["resent"], &mended["sent"]), (&1.into(), &2.into()), "{mended}");
    let after: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).unwrap()).collect();
    assert_eq!(before, after);
    assert_eq!(mails(&book).len(), 4);
    let all = deliver(&book, &["--resend", "all"]).ends(0).json();
    assert_eq!(
        (&all["resent"], &all["sent"]),
        (&4.into(), &0.into()),
        "a slip can be recalled: {all}"
    );
    assert_eq!(deliver(&book, &["--send-now"]).ends(0).json()["sent"], 4);
    assert_eq!(mails(&book).len(), 7, "other copies have a name of their own, two go together");
    assert_eq!(balanced(&book)["sent"], 4);
}

#[test]
fn a_pdf_is_the_same_file_each_time_and_says_what_was_posted() {
    let book = posted(&[]);
    let number = list_documents(&book)[0]["number"].as_str().unwrap().to_owned();
    let path = |name: &str| book.dir.path().join(name).to_string_lossy().into_owned();
    book.run(&["invoice", "pdf", &number, &path("a.pdf")]).ends(0);
    // The customer moves and the issuer renames; the posted copy does not care.
    book.import("moved.csv", "account_number,name,currency,city\nA1,Neu GmbH,EUR,Bremen\n", &[]);
    book.run(&["settings", "set", "issuer.name", "Renamed"]).ends(0);
    book.run(&["invoice", "pdf", "D-000001", &path("b.pdf")]).ends(0);
    assert_eq!(std::fs::read(path("a.pdf")).unwrap(), std::fs::read(path("b.pdf")).unwrap());
    if let Some(text) = tool("pdftotext", &["-layout", &path("a.pdf"), "-"]) {
        for said in [
            "Northwind Telemetry",
            "Müller & Søn",
            &number,
            "10.00 EUR",
            "1 – 31 Mar 2026",
            "Net 30",
        ] {
            assert!(text.contains(said), "{said:?} in\n{text}");
        }
    }
    let draft = book.run(&["invoice", "pdf", "D-000099", &path("c.pdf")]);
    assert_eq!(draft.code, 2, "{}", draft.err);
    assert!(!book.dir.path().join("c.pdf").exists());
}

fn list_documents(book: &Book) -> Vec<Value> {
    book.run(&["invoice", "list", "--json"]).ends(0).json().as_array().unwrap().clone()
}

#[test]
fn a_print_batch_is_written_confirmed_and_can_be_reprinted() {
    let book = posted(&[]);
    let folder = book.dir.path().join("out");
    let dir = folder.to_str().unwrap();
    let made = deliver(&book, &["--print", dir]).ends(1).json();
    let batch = &made["batch"];
    assert_eq!(
        (&batch["batch"], &batch["documents"], &batch["envelopes"]),
        (&1.into(), &2.into(), &2.into())
    );
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["batch-000001.csv", "batch-000001.pdf", "batch-000001.zip"]);
    let index = std::fs::read_to_string(folder.join("batch-000001.csv")).unwrap();
    let greece = index.find("Greece").unwrap();
    assert!(greece < index.find("Japan").unwrap(), "postal order: {index}");
    let merged = folder.join("batch-000001.pdf");
    tool("qpdf", &["--check", merged.to_str().unwrap()]);
    if let Some(text) = tool("pdftotext", &[merged.to_str().unwrap(), "-"]) {
        assert!(text.contains("Ελλάς ΑΕ") && text.contains("東京商事"), "{text}");
    }
    // Another run's paper is left alone.
    book.run(&["bill", "--target", "2026-04-01"]).ends(0);
    book.run(&["post", "BR-000002"]).ends(0);
    book.run(&["deliver"]).ends(1);
    let none = deliver(&book, &["--run", "BR-000001", "--print", dir]).ends(0).json();
    assert_eq!(none["batch"]["documents"], 0, "{none}");
    let two = deliver(&book, &["--run", "BR-000002", "--print", dir]).ends(0).json();
    assert_eq!((&two["batch"]["batch"], &two["batch"]["documents"]), (&2.into(), &2.into()));
    // Written is not printed: a person says so, of one or of all.
    assert!(states(&book)[2].ends_with("Written"));
    deliver(&book, &["--print", dir]).ends(0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 6, "nothing is left to print");
    let again =
        book.run(&["delivery", "reprint", "1", dir, "--from", "2", "--json"]).ends(0).json();
    assert_eq!(again["documents"], 1);
    assert!(folder.join("batch-000001-reprint-2-2.pdf").exists());
    book.run(&["delivery", "reprint", "1", dir, "--from", "9"]).ends(2);
    book.run(&["delivery", "printed", "DL-000003"]).ends(0);
    book.run(&["delivery", "printed", "--batch", "1"]).ends(0);
    let batches = book.run(&["delivery", "batches", "--json"]).ends(0).json();
    assert!(
        batches[1]["printed_at"].is_string() && batches[0]["printed_at"].is_null(),
        "{batches}"
    );
    assert_eq!(balanced(&book)["printed"], 2);
    // A directory that cannot be written changes nothing.
    let other = posted(&[]);
    let before = states(&other);
    assert!(before.is_empty());
    let bad = deliver(&other, &["--print", "/proc/nowhere"]);
    assert_eq!(bad.code, 2, "{}{}", bad.out, bad.err);
    assert!(states(&other)[2].ends_with("Queued"));
    balanced(&other);
}

fn copies_of(sink: &Sink, to: &str) -> Vec<Vec<u8>> {
    sink.taken().into_iter().filter(|(address, _)| address == to).map(|(_, m)| m).collect()
}

#[test]
fn refusals_back_off_bounce_and_are_tried_again_with_the_same_bytes() {
    let book = posted(&[]);
    let sink = Sink::start(Script::default());
    smtp(&book, &sink);
    sink.script(|s| {
        s.rcpt.insert("ap@mueller.example".into(), "451 4.7.1 greylisted".into());
        s.rcpt.insert("boss@mueller.example".into(), "550 5.1.1 unknown".into());
    });
    let first = deliver(&book, &[]).ends(1).json();
    assert_eq!(
        (&first["sent"], &first["next_at"]),
        (&2.into(), &"2026-03-01T08:05:00".into()),
        "{first}"
    );
    let rows = list(&book, &[]);
    assert_eq!(
        (&rows[0]["status"], &rows[0]["last_reply"]),
        (&"Deferred".into(), &"451 4.7.1 greylisted".into())
    );
    assert_eq!(
        (&rows[1]["status"], &rows[1]["last_reply"]),
        (&"Bounced".into(), &"550 5.1.1 unknown".into())
    );
    // Second refusal: ten minutes; then it goes.
    book.run(&["clock", "set", "2026-03-01T08:05"]).ends(0);
    let second = deliver(&book, &[]).ends(0).json();
    assert_eq!(second["next_at"], "2026-03-01T08:15:00", "{second}");
    sink.script(|s| s.rcpt.clear());
    book.run(&["clock", "set", "2026-03-01T08:15"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(list(&book, &[])[0]["status"], "Sent");
    assert_eq!(list(&book, &[])[0]["attempts"], 3);
    book.run(&["delivery", "retry", "DL-000002"]).ends(0);
    assert_eq!(copies_of(&sink, "boss@mueller.example").len(), 1);
    assert_eq!(copies_of(&sink, "ap@mueller.example").len(), 1);
    balanced(&book);
    // Five days of refusals end it.
    let book = posted(&[]);
    smtp(&book, &sink);
    sink.script(|s| drop(s.rcpt.insert("ap@mueller.example".into(), "450 busy".into())));
    deliver(&book, &[]).ends(1);
    for day in 2..=7 {
        book.run(&["clock", "set", &format!("2026-03-0{day}T09:00")]).ends(0);
        deliver(&book, &[]);
    }
    let row = &list(&book, &[])[0];
    assert_eq!(
        (&row["status"], &row["last_reply"]),
        (&"Bounced".into(), &"450 busy".into()),
        "{row}"
    );
    balanced(&book);
}

#[test]
fn a_line_lost_after_the_data_is_not_sent_again_until_somebody_says_so() {
    let book = posted(&[]);
    let sink =
        Sink::start(Script { hang_up: vec![HangUp::Dot, HangUp::Rcpt], ..Script::default() });
    smtp(&book, &sink);
    // In their order: the one to two addresses is lost before its data, the next one after.
    book.run(&["settings", "set", "smtp.connections", "1"]).ends(0);
    let made = deliver(&book, &[]).ends(1).json();
    assert_eq!((&made["sent"], &made["failed"]), (&1.into(), &1.into()), "{made}");
    let unknown = list(&book, &["--status", "Unconfirmed"]);
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert_eq!(list(&book, &["--status", "Deferred"]).len(), 2);
    assert_eq!(balanced(&book)["unconfirmed"], 1);
    let taken = sink.taken().len();
    deliver(&book, &["--send-now", "--resend"]).ends(0);
    assert_eq!(list(&book, &["--status", "Unconfirmed"]).len(), 1, "not without a word");
    assert_eq!(sink.taken().len(), taken + 2, "the deferred ones only");
    // A person: send it again. The same name and bytes, so that the other side can tell.
    let id = unknown[0]["id"].as_str().unwrap();
    let to = unknown[0]["to"].as_str().unwrap();
    book.run(&["delivery", "retry", id]).ends(0);
    let copies = copies_of(&sink, to);
    assert_eq!(copies.len(), 2);
    assert_eq!(copies[0], copies[1]);
    assert_eq!(balanced(&book)["sent"], 4);
}

#[test]
fn a_refused_login_stops_the_transport_and_loses_nothing() {
    let book = posted(&[]);
    let sink = Sink::start(Script { auth: Some("535 5.7.8 no".into()), ..Script::default() });
    smtp(&book, &sink);
    let secret = book.secret("secret", "letmein\n", 0o644);
    book.run(&["settings", "set", "smtp.user", "mia"]).ends(0);
    book.run(&["settings", "set", "smtp.secret_file", secret]).ends(0);
    let open = deliver(&book, &[]).ends(1).json();
    assert!(open["transport_down"].as_str().unwrap().contains("others can read it"), "{open}");
    assert_eq!(sink.connections(), 0);
    book.secret("secret", "letmein\n", 0o600);
    book.run(&["clock", "set", "2026-03-01T08:15"]).ends(0);
    let refused = deliver(&book, &[]).ends(1).json();
    assert!(refused["transport_down"].as_str().unwrap().contains("535"), "{refused}");
    assert_eq!(refused["balance"]["open"], 6);
    assert_eq!(book.count("SELECT count(*) FROM notice WHERE key = 'mail_down'"), 1);
    assert!(
        list(&book, &[]).iter().all(|d| d["attempts"] == 0),
        "a transport that is down is no try"
    );
    sink.script(|s| s.auth = Some("235 ok".into()));
    book.run(&["clock", "set", "2026-03-01T08:30"]).ends(0);
    let sent = deliver(&book, &[]).ends(0).json();
    assert_eq!((&sent["sent"], &sent["transport_down"]), (&4.into(), &Value::Null), "{sent}");
    balanced(&book);
}

#[test]
fn killed_while_sending_leaves_what_is_not_known_and_sends_the_rest_once() {
    let book = posted(&[]);
    let sink = Sink::start(Script { stall: 1, ..Script::default() });
    smtp(&book, &sink);
    book.run(&["settings", "set", "smtp.connections", "1"]).ends(0);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_daybook"))
        .args(["--book", book.path.to_str().unwrap(), "deliver"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The server has the message and says nothing; then the sender dies.
    sink.wait_for(1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(list(&book, &["--status", "Sending"]).len(), 4, "the intent was committed");
    book.run(&["worker", "--once"]).ends(0);
    let unknown = list(&book, &["--status", "Unconfirmed"]);
    assert_eq!(unknown.len(), 4);
    assert_eq!(sink.messages(), 1, "nothing is sent again without a word");
    let balance = balanced(&book);
    assert_eq!((&balance["unconfirmed"], &balance["open"]), (&4.into(), &2.into()), "{balance}");
    // The policy may say otherwise: then they go again, under their old names.
    let told: Vec<String> = sink.taken().into_iter().map(|(to, _)| to).collect();
    assert_eq!(told, ["ap@mueller.example", "boss@mueller.example"]);
    for row in &unknown {
        let verb = if told.iter().any(|to| row["to"] == **to) { "confirm" } else { "retry" };
        book.run(&["delivery", verb, row["id"].as_str().unwrap()]).ends(0);
    }
    let mut got: Vec<String> = sink.taken().into_iter().map(|(to, _)| to).collect();
    got.sort();
    got.dedup();
    assert_eq!((got.len(), sink.taken().len()), (4, 4), "each once");
    assert_eq!(balanced(&book)["sent"], 4);
}

#[test]
fn several_senders_send_each_message_once() {
    let book = posted(&[]);
    let sink = Sink::start(Script::default());
    smtp(&book, &sink);
    deliver(&book, &["--detach"]).ends(1);
    assert_eq!(sink.taken().len(), 0);
    let senders: Vec<_> = (0..4)
        .map(|_| {
            std::process::Command::new(env!("CARGO_BIN_EXE_daybook"))
                .args(["--book", book.path.to_str().unwrap(), "deliver"])
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut sender in senders {
        let ended = sender.wait().unwrap();
        assert!(matches!(ended.code(), Some(0 | 3)), "{ended}");
    }
    let mut got: Vec<String> = sink.taken().into_iter().map(|(to, _)| to).collect();
    got.sort();
    assert_eq!(
        got,
        ["ap@mueller.example", "ap@tokyo.example", "boss@mueller.example", "free@rider.example"]
    );
    assert_eq!(balanced(&book)["sent"], 4);
}

#[test]
fn a_corrected_invoice_in_the_queue_is_held_and_asks() {
    let book = posted(&[]);
    deliver(&book, &["--run", "BR-000001"]).ends(1);
    book.run(&["adjust", "D-000001", "--amount", "4", "--reason", "too much"]).ends(0);
    let rows = list(&book, &["--invoice", "D-000001"]);
    assert!(rows.iter().all(|r| r["status"] == "Held"), "{rows:?}");
    assert!(rows[0]["last_reply"].as_str().unwrap().contains("CM-2026-000001"), "{rows:?}");
    // The printed copy of another one, reversed: held out of the batch too.
    book.run(&["reverse", "D-000002", "--reason", "wrong customer"]).ends(0);
    let out = book.dir.path().join("out");
    let sent = deliver(&book, &["--send-now", "--print", out.to_str().unwrap()]).json();
    // The invoice to Tokyo and the memo of the reversal, which are documents of their own.
    assert_eq!(sent["batch"]["documents"], 2, "{sent}");
    assert_eq!(list(&book, &["--invoice", "D-000002"])[0]["status"], "Held");
    let mailed: Vec<Value> = list(&book, &["--status", "Sent"]);
    assert!(!mailed.is_empty() && mailed.iter().all(|r| r["document_id"] != "D-000001"));
    // The clerk says: it goes all the same. One of the two copies is taken back.
    book.run(&["delivery", "retry", rows[0]["id"].as_str().unwrap()]).ends(0);
    book.run(&["delivery", "recall", rows[1]["id"].as_str().unwrap()]).ends(0);
    let rows = list(&book, &["--invoice", "D-000001"]);
    assert_eq!((&rows[0]["status"], &rows[1]["status"]), (&"Sent".into(), &"Recalled".into()));
    // The memo by mail names what it corrects.
    let memo = mails(&book).into_iter().find(|f| {
        std::fs::read_to_string(f).unwrap().contains("Subject: Credit memo CM-2026-000001")
    });
    let text = std::fs::read_to_string(memo.unwrap()).unwrap();
    assert!(text.contains("It corrects invoice INV-2026-000001"), "{}", &text[..1500]);
    balanced(&book);
    // Reversed before anybody delivered it: asks at once.
    let book = posted(&[]);
    book.run(&["reverse", "D-000001", "--reason", "wrong"]).ends(0);
    let plan = deliver(&book, &["--dry-run"]).ends(1).json()["plan"].clone();
    assert_eq!(plan["held"], 2, "{plan}");
}

#[test]
fn the_logo_of_the_day_is_printed_for_ever() {
    let book = posted(&[]);
    let bad = book.file("logo.txt", "no picture");
    assert_eq!(book.run(&["settings", "set", "issuer.logo", &bad]).code, 2);
    let logo = book.file("logo.png", LOGO);
    book.run(&["settings", "set", "issuer.logo", &logo]).ends(0);
    book.run(&["adjust", "D-000001", "--amount", "1", "--reason", "with a logo"]).ends(0);
    let path = |name: &str| book.dir.path().join(name).to_string_lossy().into_owned();
    book.run(&["invoice", "pdf", "CM-2026-000001", &path("a.pdf")]).ends(0);
    std::fs::remove_file(&logo).unwrap();
    book.run(&["settings", "set", "issuer.logo", ""]).ends(0);
    book.run(&["invoice", "pdf", "CM-2026-000001", &path("b.pdf")]).ends(0);
    book.run(&["invoice", "pdf", "D-000001", &path("plain.pdf")]).ends(0);
    let bytes = std::fs::read(path("a.pdf")).unwrap();
    assert_eq!(bytes, std::fs::read(path("b.pdf")).unwrap());
    let has = |file: &[u8]| file.windows(8).any(|w| w == b"/XObject");
    assert!(has(&bytes) && !has(&std::fs::read(path("plain.pdf")).unwrap()));
    tool("qpdf", &["--check", &path("a.pdf")]);
}

/// A small mark on a transparent ground.
const LOGO: &[u8] = include_bytes!("logo.png");

#[test]
fn wrong_words_change_nothing() {
    let book = posted(&[]);
    for args in [
        &["deliver", "--run", "PR-000001"][..],
        &["deliver", "--run", "BR-000009"],
        &["deliver", "--run", "x"],
        &["deliver", "--resend", "some"],
        &["delivery", "recall"],
        &["delivery", "recall", "DL-000001"],
        &["delivery", "list", "--status", "lost"],
        &["delivery", "list", "--channel", "fax"],
        &["delivery", "printed", "--batch", "7"],
    ] {
        let ran = book.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.out, ran.err);
        assert!(states(&book).is_empty());
    }
}
