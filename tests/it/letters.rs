//! One message to all addresses of an account: each address has its own answer, state and tries; a
//! server that refuses us refuses nobody; and whatever is killed, the server's count is ours.

use crate::harness::book::{Book, binary};
use crate::harness::delivery::{posted, posted_to, smtp};
use crate::harness::sink::{HangUp, Script, Sink};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};

fn list(book: &Book) -> Vec<Value> {
    let ran = book.run(&["delivery", "list", "--json"]).ends(0);
    ran.json().as_array().unwrap().iter().filter(|r| r["channel"] == "email").cloned().collect()
}

/// `status` of each e-mail address.
fn states(book: &Book) -> BTreeMap<String, String> {
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    list(book).iter().map(|row| (word(row, "to"), word(row, "status"))).collect()
}

#[track_caller]
fn balanced(book: &Book) -> Value {
    let said = book.run(&["delivery", "balance", "--json"]).ends(0).json();
    assert_eq!(said["balances"], true, "{said}");
    book.run(&["check"]).ends(0);
    said["balance"].clone()
}

fn deliver(book: &Book, args: &[&str]) -> Value {
    let ran = book.run(&[&["deliver", "--json"], args].concat());
    assert!(ran.code < 2, "{}{}", ran.out, ran.err);
    ran.json()
}

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
}

/// The lines of a message's head that begin so.
fn head(message: &[u8], field: &str) -> String {
    let text = String::from_utf8_lossy(message);
    let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let found = head.lines().find(|line| line.starts_with(field));
    found.unwrap_or_default().to_owned()
}

const ALL: &str = "a@one.example;b@two.example;c@three.example;d@four.example";

#[test]
fn one_message_goes_to_all_and_each_address_is_answered_for_itself() {
    let book = posted_to(&[ALL]);
    let sink = Sink::start(Script { pipelining: true, ..Script::default() });
    smtp(&book, &sink);
    sink.script(|s| {
        s.rcpt.insert("b@two.example".into(), "451 4.7.1 greylisted".into());
        s.rcpt.insert("c@three.example".into(), "550 5.1.1 unknown".into());
    });
    deliver(&book, &["--detach"]);
    book.run(&["delivery", "recall", "DL-000004"]).ends(0);
    let sent = deliver(&book, &[]);
    assert_eq!((&sent["sent"], &sent["failed"]), (&json!(1), &json!(1)), "{sent}");
    let of = |states: BTreeMap<String, String>| states.into_values().collect::<Vec<_>>();
    assert_eq!(of(states(&book)), ["Sent", "Deferred", "Bounced", "Recalled"]);
    assert_eq!(sink.messages(), 1);
    let (to, first) = sink.taken()[0].clone();
    assert_eq!(to, "a@one.example");
    assert!(head(&first, "To:").ends_with("<a@one.example>"), "{}", head(&first, "To:"));
    assert_eq!(
        head(&first, "Cc:"),
        "Cc: b@two.example, c@three.example",
        "who was recalled is not"
    );
    let rows = list(&book);
    let name = rows[0]["message_id"].clone();
    assert!(rows[..3].iter().all(|row| row["message_id"] == name), "{rows:?}");
    assert_ne!(rows[3]["message_id"], name);
    assert!(head(&first, "Message-ID:").contains(name.as_str().unwrap()));
    balanced(&book);
    // Later to the one that was put off alone: the same name, the same bytes.
    sink.script(|s| s.rcpt.clear());
    at(&book, "2026-03-01T08:05");
    deliver(&book, &[]);
    assert_eq!(sink.taken()[1..], [("b@two.example".to_owned(), first.clone())]);
    // So does the one that was refused, when a person asks for it; the recalled one, that nobody has
    // seen, is in a message of its own.
    book.run(&["delivery", "retry", "DL-000003", "DL-000004"]).ends(0);
    let taken = sink.taken();
    let again: BTreeMap<&str, &[u8]> = taken[2..].iter().map(|(t, m)| (&**t, &**m)).collect();
    assert_eq!(again["c@three.example"], first);
    assert!(head(again["d@four.example"], "To:").contains("d@four.example"));
    assert_eq!(head(again["d@four.example"], "Cc:"), "");
    assert_eq!(of(states(&book)), ["Sent"; 4]);
    assert_eq!(list(&book)[1]["attempts"], 2);
    assert_eq!(balanced(&book)["sent"], 4);
    // Another copy to all of them is another message, again to all at once.
    deliver(&book, &["--resend", "all", "--send-now"]);
    let more = &sink.taken()[4..];
    assert_eq!(more.len(), 4);
    assert!(more.iter().all(|(_, message)| *message == more[0].1 && *message != first));
    assert_eq!(sink.messages(), 5);
    balanced(&book);
}

#[test]
fn what_may_have_arrived_is_unconfirmed_for_each_address_that_was_accepted() {
    let book = posted_to(&[ALL]);
    let sink = Sink::start(Script { hang_up: vec![HangUp::Dot], ..Script::default() });
    smtp(&book, &sink);
    sink.script(|s| drop(s.rcpt.insert("c@three.example".into(), "550 no".into())));
    deliver(&book, &[]);
    let of = |book| states(book).into_values().collect::<Vec<_>>();
    assert_eq!(of(&book), ["Unconfirmed", "Unconfirmed", "Bounced", "Unconfirmed"]);
    let taken = sink.taken();
    book.run(&["delivery", "confirm", "DL-000001"]).ends(0);
    book.run(&["delivery", "retry", "DL-000002"]).ends(0);
    assert_eq!(of(&book), ["Sent", "Sent", "Bounced", "Unconfirmed"]);
    assert_eq!(sink.taken()[3..], [("b@two.example".to_owned(), taken[0].1.clone())]);
    balanced(&book);
    // A line that breaks before the message was whole has brought it to nobody.
    let book = posted_to(&[ALL]);
    sink.script(|s| {
        s.rcpt.clear();
        s.hang_up.push(HangUp::Data);
    });
    smtp(&book, &sink);
    deliver(&book, &[]);
    assert_eq!(of(&book), ["Deferred"; 4]);
    let before = sink.messages();
    at(&book, "2026-03-01T08:05");
    deliver(&book, &[]);
    assert_eq!((sink.messages() - before, of(&book)), (1, vec!["Sent".to_owned(); 4]));
    balanced(&book);
}

#[test]
fn a_corrected_address_leaves_the_message_it_was_in() {
    let book = posted_to(&["a@one.example;b@two.example"]);
    let sink = Sink::start(Script { greeting: Some("421 later".into()), ..Script::default() });
    smtp(&book, &sink);
    deliver(&book, &[]);
    // Nobody has seen the message: it is made anew, without the old address.
    let change = |emails: &str| {
        let text = format!("account_number,name,currency,email\nA1,Customer 1,EUR,{emails}\n");
        book.import("change.csv", &text, &["--yes"]);
    };
    change("a@one.example;new@two.example");
    sink.script(|s| {
        s.greeting = None;
        s.rcpt.insert("new@two.example".into(), "451 later".into());
    });
    deliver(&book, &["--send-now"]);
    assert_eq!(head(&sink.taken()[0].1, "Cc:"), "Cc: new@two.example");
    // From now on it is seen: the next correction goes under a name of its own.
    change("a@one.example;newer@two.example");
    deliver(&book, &["--send-now"]);
    let rows = list(&book);
    let said: Vec<(&str, &str)> =
        rows.iter().map(|r| (r["to"].as_str().unwrap(), r["status"].as_str().unwrap())).collect();
    assert_eq!(
        said,
        [("a@one.example", "Sent"), ("new@two.example", "Recalled"), ("newer@two.example", "Sent")]
    );
    assert_eq!(rows[0]["message_id"], rows[1]["message_id"]);
    assert_ne!(rows[0]["message_id"], rows[2]["message_id"]);
    let (to, message) = &sink.taken()[1];
    assert_eq!((to.as_str(), head(message, "Cc:").as_str()), ("newer@two.example", ""));
    balanced(&book);
}

#[test]
fn the_drop_folder_has_one_file_for_all_addresses() {
    let book = posted_to(&[ALL, "e@five.example"]);
    deliver(&book, &["--send-now"]);
    let folder = format!("{}.d/mail", book.path.display());
    let files: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    let mut named: Vec<String> = files.iter().map(|file| head(file, "Cc:")).collect();
    named.sort();
    assert_eq!(named, ["", "Cc: b@two.example, c@three.example, d@four.example"]);
    assert_eq!(balanced(&book)["sent"], 5);
}

#[test]
fn a_server_that_refuses_us_pauses_mail_and_refuses_no_copy() {
    let sink = Sink::start(Script::default());
    for (greeting, mail) in [(Some("421 4.7.0 busy"), None), (None, Some("554 5.7.1 not you"))] {
        let book = posted(&[]);
        smtp(&book, &sink);
        sink.script(|s| {
            (s.greeting, s.mail) = (greeting.map(str::to_owned), mail.map(str::to_owned));
        });
        let why = format!("the server refused us: {}", greeting.or(mail).unwrap());
        let first = deliver(&book, &[]);
        assert_eq!(first["transport_down"], why, "{first}");
        assert_eq!(first["next_try_at"], "2026-03-01T08:01:00");
        let waits = |book: &Book| {
            let rows = list(book);
            let to_go = rows.iter().filter(|r| r["status"] == "Queued" && r["attempts"] == 0);
            to_go.count()
        };
        assert_eq!(waits(&book), 4, "{:?}", list(&book));
        let notice = format!("mail is paused: {why}, next try 08:01");
        let told = "SELECT text FROM notice WHERE key = 'mail_down' AND done_at IS NULL";
        let told_as = |words: &str| book.count(&format!("SELECT ({told}) = '{words}'"));
        assert_eq!(told_as(&notice), 1);
        let doctor = book.run(&["doctor"]);
        assert!(doctor.out.contains(&notice), "{}", doctor.out);
        let status = book.run(&["status"]).ends(0);
        assert!(status.out.contains("mail refused, next try 08:01"), "{}", status.out);
        // Before its time nobody asks again by the way; who says so does.
        let before = sink.connections();
        let again = deliver(&book, &[]);
        assert_eq!((sink.connections(), &again["transport_down"]), (before, &json!(why)));
        deliver(&book, &["--send-now"]);
        assert!(sink.connections() > before);
        assert_eq!(told_as(&format!("mail is paused: {why}, next try 08:02")), 1);
        // Days later: nothing has bounced of it. Then it is let in, by itself.
        for day in 2..=9 {
            at(&book, &format!("2026-03-0{day}T09:00"));
            book.run(&["worker", "--once"]).ends(0);
        }
        assert_eq!(waits(&book), 4);
        assert_eq!(told_as(&format!("mail is paused: {why}, next try 10:00")), 1, "an hour");
        sink.script(|s| (s.greeting, s.mail) = (None, None));
        at(&book, "2026-03-09T10:00");
        book.run(&["worker", "--once"]).ends(0);
        assert_eq!(balanced(&book)["sent"], 4);
        assert_eq!(
            book.count("SELECT count(*) FROM notice WHERE key = 'mail_down' AND done_at IS NULL"),
            0
        );
        assert!(!book.run(&["doctor"]).out.contains("mail is paused"));
    }
    // The same of a server that is not there.
    let book = posted(&[]);
    smtp(&book, &sink);
    sink.kill();
    let gone = deliver(&book, &[]);
    let why = gone["transport_down"].as_str().unwrap_or_default();
    assert!(why.starts_with("no connection to 127.0.0.1:"), "{gone}");
    assert!(list(&book).iter().all(|r| r["status"] != "Deferred"), "{:?}", list(&book));
    sink.restart();
    assert_eq!(deliver(&book, &["--send-now"])["sent"], 4);
    balanced(&book);
}

fn start(book: &Book) -> Child {
    Command::new(binary())
        .args(["--book", book.path.to_str().unwrap(), "worker", "--once"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

enum Kill {
    Sender,
    Server,
}

#[test]
fn whatever_is_killed_the_servers_count_is_ours() {
    const DOCUMENTS: usize = 300;
    let emails: Vec<String> = (0..DOCUMENTS)
        .map(|n| format!("a{n}@d{}.example;b{n}@e{}.example", n % 7, n % 5))
        .collect();
    let book = posted_to(&emails.iter().map(String::as_str).collect::<Vec<_>>());
    let sink = Sink::start(Script { pipelining: true, ..Script::default() });
    smtp(&book, &sink);
    deliver(&book, &["--detach"]);
    for (nth, (copies, kill)) in [
        (60, Kill::Sender),
        (150, Kill::Server),
        (240, Kill::Server),
        (330, Kill::Sender),
        (400, Kill::Server),
    ]
    .into_iter()
    .enumerate()
    {
        let mut sender = start(&book);
        sink.wait_for(copies);
        match kill {
            Kill::Sender => sender.kill().unwrap(),
            Kill::Server => sink.kill(),
        }
        sender.wait().unwrap();
        if matches!(kill, Kill::Server) {
            sink.restart();
        }
        at(&book, &format!("2026-03-01T{:02}:00", 9 + nth));
    }
    for hour in 15..20 {
        at(&book, &format!("2026-03-01T{hour}:00"));
        book.run(&["worker", "--once"]).ends(0);
    }
    // What each address got, and what we say of it.
    let mut got: BTreeMap<String, usize> = BTreeMap::new();
    for (to, _) in sink.taken() {
        *got.entry(to).or_default() += 1;
    }
    let twice: Vec<_> = got.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "sent twice without a word: {twice:?}");
    let said = states(&book);
    let of = |status: &str| -> BTreeSet<String> {
        said.iter().filter(|(_, s)| *s == status).map(|(to, _)| to.clone()).collect()
    };
    let (sent, unknown) = (of("Sent"), of("Unconfirmed"));
    assert_eq!(
        sent.len() + unknown.len(),
        2 * DOCUMENTS,
        "{:?}",
        said.values().collect::<BTreeSet<_>>()
    );
    let taken: BTreeSet<String> = got.into_keys().collect();
    assert!(sent.is_subset(&taken), "{:?}", sent.difference(&taken));
    assert!(taken.difference(&sent).all(|to| unknown.contains(to)));
    assert!(!unknown.is_empty() && unknown.len() < DOCUMENTS, "{}", unknown.len());
    let balance = balanced(&book);
    assert_eq!((&balance["open"], &balance["failed"]), (&json!(0), &json!(0)), "{balance}");
    assert_eq!(balance["sent"], sent.len());
}

#[test]
fn a_recipients_domain_is_not_asked_over_every_connection_at_once() {
    let emails: Vec<String> = (0..40).map(|n| format!("a{n}@one.example")).collect();
    let book = posted_to(&emails.iter().map(String::as_str).collect::<Vec<_>>());
    let sink = Sink::start(Script::default());
    smtp(&book, &sink);
    for (key, value) in [("smtp.connections", "8"), ("smtp.per_domain", "2")] {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    deliver(&book, &[]);
    assert_eq!(sink.messages(), 40);
    let most = sink.most_at_once("one.example");
    assert!((1..=2).contains(&most), "{most}");
}
