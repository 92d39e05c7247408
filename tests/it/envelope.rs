//! What has not left goes by what the account wants now: corrected, moved, brought back, recalled,
//! bounced and lost copies, one by one and in any order.

use crate::harness::book::Book;
use crate::harness::delivery::smtp;
use crate::harness::desk::Desk;
use crate::harness::sink::{HangUp, Script, Sink};
use chrono::{DateTime, TimeDelta};
use daybook::clock::Now;
use daybook::domain::ids::DeliveryId;
use daybook::domain::payment::{Channel, DeliveryStatus};
use daybook::engine::care::check;
use daybook::engine::deliver;
use daybook::engine::deliver::copies::When;
use daybook::engine::deliver::steer as clerk;
use daybook::engine::deliver::steer::Resend;
use daybook::engine::{Session, import};
use daybook::store::delivery::{Delivery, Filter, list as rows_of};
use daybook::store::undelivered;
use daybook::worker;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

const WRONG: &str = "account_number,name,currency,email\nA1,Acme,EUR,wrong@elsewhere.example\n";
const RIGHT: &str = "account_number,name,currency,email\nA1,Acme,EUR,right@customer.example\n";

/// A book with the accounts, each with one posted invoice.
fn posted(accounts: &str) -> Book {
    let book = Book::new("2026-11-01T08:00");
    let numbers: Vec<&str> =
        accounts.lines().skip(1).map(|l| l.split(',').next().unwrap()).collect();
    let mut subscriptions = "subscription_number,account_number,start_date\n".to_owned();
    let mut charges = "charge_number,subscription_number,name,type,model,price\n".to_owned();
    for number in numbers {
        subscriptions.push_str(&format!("S-{number},{number},2026-11-01\n"));
        charges.push_str(&format!("C-{number},S-{number},Service,one_time,flat,100\n"));
    }
    let files = [
        book.file("accounts.csv", accounts),
        book.file("subscriptions.csv", subscriptions),
        book.file("charges.csv", charges),
    ];
    book.run(&["import", &files[0], &files[1], &files[2]]).ends(0);
    book.run(&["settings", "set", "issuer.name", "Us"]).ends(0);
    book.run(&["settings", "set", "smtp.from", "billing@us.example"]).ends(0);
    book.run(&["bill", "--target", "2026-11-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book
}

fn list(book: &Book) -> Vec<Value> {
    book.run(&["delivery", "list", "--json"]).ends(0).json().as_array().unwrap().clone()
}

/// `to status` of each copy, in order.
fn stand(book: &Book) -> Vec<String> {
    let word = |d: &Value, key: &str| d[key].as_str().unwrap().to_owned();
    list(book).iter().map(|d| format!("{} {}", word(d, "to"), word(d, "status"))).collect()
}

#[track_caller]
fn sound(book: &Book) {
    let said = book.run(&["delivery", "balance", "--json"]).ends(0).json();
    assert_eq!(said["balances"], true, "{said}");
    book.run(&["check"]).ends(0);
}

fn import(book: &Book, content: &str) -> Value {
    let (code, file) = book.import("corrected.csv", content, &[]);
    assert_eq!(code, 0, "{file}");
    file
}

#[test]
fn a_copy_that_was_never_tried_takes_the_corrected_address_in_place() {
    let book = posted(WRONG);
    book.run(&["deliver", "--detach"]).ends(0);
    let before = list(&book)[0].clone();
    // Next year's address is not today's.
    import(
        &book,
        "account_number,name,currency,email,effective_from\nA1,Acme,EUR,later@x.example,2027-01-01\n",
    );
    assert_eq!(stand(&book), ["wrong@elsewhere.example Queued"]);
    import(&book, RIGHT);
    let after = list(&book)[0].clone();
    assert_eq!(stand(&book), ["right@customer.example Queued"]);
    assert_eq!(before["message_id"], after["message_id"], "nobody has seen it");
    assert!(after["last_reply"].as_str().unwrap().contains("wrong@elsewhere.example"), "{after}");
    // Recalled from the wrong person, it goes to the right one.
    book.run(&["delivery", "recall", "DL-000001"]).ends(0);
    import(&book, &RIGHT.replace("right@", "third@"));
    assert_eq!(stand(&book), ["right@customer.example Recalled"], "a person took it back");
    book.run(&["deliver"]).ends(0);
    assert_eq!(stand(&book), ["right@customer.example Recalled"], "not without a word");
    book.run(&["deliver", "--resend", "--send-now"]).ends(0);
    assert_eq!(stand(&book), ["third@customer.example Sent"]);
    // The day has come; what is sent stays, another copy goes to the address of that day.
    book.run(&["clock", "set", "2027-01-02T08:00"]).ends(0);
    book.run(&["deliver", "--send-now"]).ends(0);
    assert_eq!(stand(&book), ["third@customer.example Sent"]);
    book.run(&["deliver", "--resend", "all", "--send-now"]).ends(0);
    assert_eq!(stand(&book), ["third@customer.example Sent", "later@x.example Sent"]);
    sound(&book);
}

#[test]
fn a_copy_that_was_tried_ends_and_another_goes_under_a_name_of_its_own() {
    let book = posted(WRONG);
    let sink = Sink::start(Script::default());
    smtp(&book, &sink);
    sink.script(|s| drop(s.rcpt.insert("wrong@elsewhere.example".into(), "451 later".into())));
    book.run(&["deliver"]).ends(0);
    assert_eq!(stand(&book), ["wrong@elsewhere.example Deferred"]);
    import(&book, RIGHT);
    assert_eq!(stand(&book), ["wrong@elsewhere.example Recalled", "right@customer.example Queued"]);
    let rows = list(&book);
    assert_eq!(rows[0]["last_reply"], "address corrected");
    assert_ne!(rows[0]["message_id"], rows[1]["message_id"]);
    book.run(&["deliver"]).ends(0);
    assert_eq!(stand(&book)[1], "right@customer.example Sent");
    // Neither retry nor resend brings the old one back.
    let refused = book.run(&["delivery", "retry", "DL-000001"]).ends(1);
    assert!(refused.out.contains("DL-000002"), "{}", refused.out);
    book.run(&["deliver", "--resend", "--send-now"]).ends(0);
    assert_eq!(sink.taken().len(), 1);
    sound(&book);

    // Bounced: the resend goes to the corrected address, the bounce is told.
    let book = posted(WRONG);
    smtp(&book, &sink);
    sink.script(|s| drop(s.rcpt.insert("wrong@elsewhere.example".into(), "550 unknown".into())));
    book.run(&["deliver"]).ends(1);
    import(&book, RIGHT);
    assert_eq!(stand(&book), ["wrong@elsewhere.example Bounced"]);
    book.run(&["delivery", "retry", "INV-2026-000001"]).ends(0);
    assert_eq!(stand(&book), ["wrong@elsewhere.example Recalled", "right@customer.example Sent"]);
    assert!(list(&book)[0]["last_reply"].as_str().unwrap().contains("550 unknown"));
    sound(&book);
}

#[test]
fn what_may_have_arrived_stays_and_is_never_sent_blindly() {
    let book = posted(WRONG);
    let sink = Sink::start(Script { hang_up: vec![HangUp::Dot], ..Script::default() });
    smtp(&book, &sink);
    book.run(&["deliver"]).ends(1);
    import(&book, RIGHT);
    book.run(&["deliver", "--resend", "--send-now"]).ends(0);
    assert_eq!(stand(&book), ["wrong@elsewhere.example Unconfirmed"]);
    assert_eq!(sink.taken().len(), 1);
    // A person: it goes to the right address, under another name; the first stays not known.
    book.run(&["delivery", "retry", "DL-000001"]).ends(0);
    assert_eq!(
        stand(&book),
        ["wrong@elsewhere.example Unconfirmed", "right@customer.example Sent"]
    );
    book.run(&["delivery", "confirm", "DL-000001"]).ends(0);
    sound(&book);
    // Queued again by a person, then taken back or refused: it is still not known.
    for (answer, verb) in [("451 later", "recall"), ("550 unknown", "retry")] {
        let book = posted(WRONG);
        let sink = Sink::start(Script { hang_up: vec![HangUp::Dot], ..Script::default() });
        smtp(&book, &sink);
        book.run(&["deliver"]).ends(1);
        sink.script(|s| drop(s.rcpt.insert("wrong@elsewhere.example".into(), answer.into())));
        book.run(&["delivery", "retry", "DL-000001"]).ends(0);
        if verb == "recall" {
            let told = book.run(&["delivery", "recall", "DL-000001"]).ends(1);
            assert!(told.out.contains("may have arrived"), "{}", told.out);
        }
        assert_eq!(stand(&book), ["wrong@elsewhere.example Unconfirmed"], "{answer}");
        sound(&book);
    }
}

#[test]
fn an_account_that_says_nothing_is_delivered_to_and_a_correction_brings_its_documents_back() {
    let book = posted(
        "account_number,name,currency,email,delivery,address1,city\n\
         A1,Mailed,EUR,a@x.example,,Road 1,Wien\n\
         A2,Written,EUR,,,Road 2,Wien\n\
         A3,Nowhere,EUR,,,,\n\
         A4,Unwanted,EUR,d@x.example,none,,\n",
    );
    let plan = book.run(&["deliver", "--detach", "--json"]).ends(0).json()["plan"].clone();
    assert_eq!(
        (&plan["email"], &plan["print"], &plan["suppressed"]),
        (&1.into(), &1.into(), &2.into()),
        "{plan}"
    );
    // The import says how many.
    let other = Book::new("2026-11-01T08:00");
    let accounts = "account_number,name,currency,email,address1\nA1,A,EUR,a@x.example,\nA2,B,EUR,b@x.example,\nA3,C,EUR,,Road 3\nA4,D,EUR,,\n";
    let file = import(&other, accounts);
    let ways = &file["delivery_by_default"];
    assert_eq!((&ways["email"], &ways["print"], &ways["none"]), (&2.into(), &1.into(), &1.into()));
    let said = other.file("again.csv", accounts.replace("A4,", "A5,").replace("A3,", "A6,"));
    let said = other.run(&["import", &said]).ends(0);
    assert!(said.out.contains("1 by print"), "{}", said.out);
    // Later knowledge brings documents back: an address for one, a wish for the other.
    import(&book, "account_number,name,currency,email\nA3,Nowhere,EUR,c@x.example\n");
    import(&book, "account_number,name,currency,delivery\nA4,Unwanted,EUR,email\n");
    // And who wants paper by now gets no e-mail.
    import(
        &book,
        "account_number,name,currency,delivery\nA1,Mailed,EUR,print\nA2,Written,EUR,none\n",
    );
    let rows = stand(&book);
    assert!(rows[0].ends_with("WIEN Queued") || rows[0].ends_with("Wien Queued"), "{rows:?}");
    assert_eq!(rows[1..], [" Suppressed", "c@x.example Queued", "d@x.example Queued"], "{rows:?}");
    assert_eq!(list(&book)[0]["channel"], "print");
    book.run(&["deliver", "--send-now"]).ends(0);
    assert_eq!(stand(&book)[1..], [" Suppressed", "c@x.example Sent", "d@x.example Sent"]);
    sound(&book);
}

#[test]
fn a_way_that_a_person_chose_is_kept_and_a_held_copy_stays_held() {
    let book = posted(
        "account_number,name,currency,email,delivery,address1,city\n\
         A1,Acme,EUR,a@x.example,email,Road 1,Wien\n\
         A2,Beta,EUR,b@x.example,email,Road 2,Wien\n",
    );
    book.run(&["deliver", "--detach"]).ends(0);
    book.run(&["delivery", "channel", "print", "DL-000001"]).ends(0);
    book.run(&["adjust", "D-000002", "--amount", "4", "--reason", "too much"]).ends(0);
    import(
        &book,
        "account_number,name,currency,email\nA1,Acme,EUR,new@x.example\nA2,Beta,EUR,b2@x.example\n",
    );
    book.run(&["deliver", "--dry-run"]).ends(0);
    let rows = stand(&book);
    assert_eq!(rows[0], "a@x.example Recalled");
    assert_eq!(rows[1], "b2@x.example Held", "still asks");
    assert!(rows[2].ends_with("Queued") && list(&book)[2]["channel"] == "print", "{rows:?}");
    sound(&book);
}

#[test]
fn a_correction_holds_today_where_a_later_version_of_the_account_waits() {
    let book = posted(WRONG);
    book.run(&["deliver", "--detach"]).ends(0);
    // From next month another bill cycle day; the version has the old address.
    import(
        &book,
        "account_number,name,currency,bill_cycle_day,effective_from\nA1,Acme,EUR,15,2026-12-01\n",
    );
    import(&book, RIGHT);
    assert_eq!(stand(&book), ["right@customer.example Queued"]);
    book.run(&["clock", "set", "2026-12-02T08:00"]).ends(0);
    book.run(&["deliver", "--send-now"]).ends(0);
    assert_eq!(stand(&book), ["right@customer.example Sent"]);
    sound(&book);
}

#[test]
fn a_copy_sent_once_more_follows_each_correction_until_it_is_tried() {
    let address = |n: usize| format!("a{n}@customer.example");
    let correct = |book: &Book, to: &str| {
        import(book, &format!("account_number,name,currency,email\nA1,Acme,EUR,{to}\n"));
    };
    // To another address, to the same one, and by each of two that were there.
    for (first, then) in [(0, 1), (0, 0)] {
        let book = posted(&WRONG.replace("wrong@elsewhere.example", &address(0)));
        book.run(&["deliver", "--send-now"]).ends(0);
        correct(&book, &address(then));
        book.run(&["deliver", "--resend", "all", "--detach"]).ends(0);
        let sent = format!("{} Sent", address(first));
        for n in [then, 2, 3, 0, 4] {
            correct(&book, &address(n));
            assert_eq!(stand(&book), [sent.clone(), format!("{} Queued", address(n))]);
        }
        // The first one is not sent a third time while the second is there.
        let told = book.run(&["delivery", "list", "--json"]).ends(0).json();
        assert_eq!(told.as_array().map(Vec::len), Some(2));
        book.run(&["deliver", "--send-now"]).ends(0);
        assert_eq!(stand(&book), [sent, format!("{} Sent", address(4))]);
        book.run(&["deliver", "--resend", "all", "--send-now"]).ends(0);
        assert_eq!(stand(&book).len(), 3, "one more, of the last");
        sound(&book);
    }
    // Of two addresses each copy keeps its turn.
    let two = |x: usize, y: usize| format!("{};{}", address(x), address(y));
    let book = posted(&WRONG.replace("wrong@elsewhere.example", &two(0, 5)));
    book.run(&["deliver", "--send-now"]).ends(0);
    correct(&book, &two(1, 5));
    let first = list(&book)[0]["id"].as_str().unwrap().to_owned();
    let ids = [daybook::domain::ids::DeliveryId(first[3..].parse().unwrap())];
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    clerk::resend(&mut session, &ids, Resend::All, When::AfterHold).unwrap();
    let sent = [format!("{} Sent", address(0)), format!("{} Sent", address(5))];
    for (x, y) in [(1, 5), (2, 6), (3, 7), (3, 5)] {
        correct(&book, &two(x, y));
        let rows = stand(&book);
        assert_eq!((&rows[..2], &rows[2..]), (&sent[..], &[format!("{} Queued", address(x))][..]));
    }
    // Once more of the first, while the second waits: told which one it is.
    let receipt = clerk::resend(&mut session, &ids, Resend::All, When::AfterHold).unwrap();
    assert!(receipt.refused[0].reason.contains("DL-000003"), "{receipt:?}");
    sound(&book);
}

#[test]
fn the_question_names_the_address_it_goes_to_and_counts_what_can_go() {
    let book = posted(
        "account_number,name,currency,email\nA1,Acme,EUR,old@a.example\n\
         A2,Beta,EUR,b@b.example\nA3,Gone,EUR,c@c.example\n",
    );
    book.run(&["deliver", "--detach"]).ends(0);
    // One recalled, one on its way, one sent; all corrected since.
    book.run(&["delivery", "recall", "DL-000001"]).ends(0);
    let send = |id: &str| {
        let ids = [DeliveryId(id[3..].parse().unwrap())];
        let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
        clerk::send_now(&mut session, &ids).unwrap();
        crate::harness::desk::work(&mut session);
    };
    send("DL-000003");
    import(&book, "account_number,name,currency,email\nA1,Acme,EUR,new@a.example\n");
    import(&book, "account_number,name,currency,email\nA3,Gone,EUR,third@c.example\n");
    let mut desk = Desk::at(&book.path, 100, 30);
    let at = |desk: &mut Desk, what: &str| {
        desk.press("<Esc><Esc>4/").press(what).press("<Enter>");
    };
    for (row, to) in [
        ("new@a", ""),
        ("INV-2026-000001", "new@a.example"),
        ("INV-2026-000003", "third@c.example"),
    ] {
        at(&mut desk, row);
        if to.is_empty() {
            desk.shows("nothing here");
            continue;
        }
        desk.press("r").shows("Send again 1").shows(&format!("{row} to {to} by email; it was"));
        desk.press("y");
        let here = list(&book).iter().any(|d| d["to"] == to && d["status"] == "Queued");
        assert!(here, "it goes to {to}: {:?}", stand(&book));
    }
    // Of four marked copies the sent one cannot be taken back, and what waits can.
    at(&mut desk, "INV");
    desk.press("TR").shows("Recall 3").shows("left out: 1, it is Sent");
    desk.press("y");
    assert_eq!(stand(&book).iter().filter(|r| r.ends_with("Recalled")).count(), 3);
    at(&mut desk, "INV");
    desk.press("TS").shows("None of these copies can take this step");
    desk.shows("left out: 3, it is Recalled");
    sound(&book);
}

#[derive(Debug, Clone)]
enum Act {
    /// Account, its addresses (bits of three), its delivery, in how many days.
    Correct(usize, u8, usize, i64),
    Deliver(bool),
    /// What the server answers, by address.
    Answers(Vec<usize>),
    Send,
    Tick(i64),
    Recall(usize),
    Retry(usize),
    SendNow(usize),
    Channel(usize, bool),
    Resend(bool),
    /// Sends all again, and corrects the account (bits of its addresses) before they leave.
    Again(usize, u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let copy = 0_usize..6;
    prop::collection::vec(
        prop_oneof![
            4 => (0_usize..2, 0_u8..8, 0_usize..5, prop_oneof![3 => Just(0_i64), 1 => 1_i64..3])
                .prop_map(|(a, e, d, n)| Act::Correct(a, e, d, n)),
            2 => any::<bool>().prop_map(Act::Deliver),
            2 => prop::collection::vec(0_usize..4, 6).prop_map(Act::Answers),
            4 => Just(Act::Send),
            2 => prop_oneof![Just(6_i64), Just(30), Just(24 * 60)].prop_map(Act::Tick),
            1 => copy.clone().prop_map(Act::Recall),
            2 => copy.clone().prop_map(Act::Retry),
            1 => copy.clone().prop_map(Act::SendNow),
            1 => (copy, any::<bool>()).prop_map(|(c, e)| Act::Channel(c, e)),
            1 => any::<bool>().prop_map(Act::Resend),
            2 => (0_usize..2, 1_u8..7).prop_map(|(a, e)| Act::Again(a, e)),
        ],
        4..18,
    )
}

/// Two accounts and their mail, driven in this process; what the server took is counted here.
struct Story {
    session: Session,
    sink: Sink,
    ports: daybook::engine::job::Ports,
    now: DateTime<chrono::Utc>,
    /// What the accounts want, by day: addresses.
    emails: Vec<BTreeMap<chrono::NaiveDate, Vec<String>>>,
    /// How often a copy that may have arrived was queued again by a person.
    asked: BTreeMap<DeliveryId, usize>,
}

const WAYS: [&str; 4] = ["email", "print", "both", "none"];

fn address(account: usize, i: usize) -> String {
    format!("m{i}@a{account}.example")
}

impl Story {
    fn new(book: &Book) -> Self {
        let sink = Sink::start(Script::default());
        smtp(book, &sink);
        let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
        let now: DateTime<chrono::Utc> = "2026-11-01T08:00:00Z".parse().unwrap();
        session.fixed_now = Some(Now::at(now, daybook::zone::Zone::UTC));
        let start = now.date_naive() - TimeDelta::days(999);
        let emails = (0..2).map(|a| BTreeMap::from([(start, vec![address(a, 0)])])).collect();
        let ports = worker::ports().unwrap();
        Self { session, sink, ports, now, emails, asked: BTreeMap::new() }
    }

    fn rows(&self) -> Vec<Delivery> {
        self.session.read(|db| rows_of(db, &Filter::default())).unwrap()
    }

    fn wants(&self, account: usize) -> &[String] {
        let days = &self.emails[account];
        days.range(..=self.now.date_naive()).next_back().unwrap().1
    }

    /// Of each document: the ways and addresses wanted today, and its copies that are on their way.
    fn wanted(&self) -> Vec<(String, Vec<String>, Vec<Delivery>)> {
        let rows = self.rows();
        let mut documents: Vec<_> = rows.iter().map(|r| r.document).collect();
        documents.sort_unstable();
        documents.dedup();
        let today = self.now.date_naive();
        let due = |id| self.session.read(|db| undelivered::of(db, id, today)).unwrap();
        documents
            .into_iter()
            .map(|id| {
                let copies = rows.iter().filter(|r| r.document == id).cloned().collect();
                let due = due(id);
                (format!("{:?}", due.ways), due.emails, copies)
            })
            .collect()
    }

    /// What is on its way stays so when addresses are others but no fewer and by the same way.
    fn loses_nothing(&self, before: &[(String, Vec<String>, Vec<Delivery>)]) {
        let on_way = |copies: &[Delivery]| copies.iter().filter(|c| c.status.is_open()).count();
        for ((way, emails, copies), (now, new, after)) in before.iter().zip(self.wanted()) {
            let stands =
                |at: &String| copies.iter().any(|c| c.address == *at && c.replaced_by.is_none());
            let fresh = new.iter().filter(|e| !emails.contains(e)).all(|e| !stands(e));
            if *way == now && emails.len() == new.len() && fresh {
                assert!(on_way(&after) >= on_way(copies), "lost: {emails:?} {new:?} {copies:#?}");
            }
        }
    }

    fn correct(&mut self, account: usize, bits: u8, way: usize, days: i64) {
        let mails: Vec<String> =
            (0..3).filter(|i| bits & (1 << i) != 0).map(|i| address(account, i)).collect();
        let from = self.now.date_naive() + TimeDelta::days(days);
        let way = WAYS.get(way).copied().unwrap_or("");
        let text = format!(
            "account_number,email,delivery,effective_from\nA{account},{},{way},{from}\n",
            mails.join(";")
        );
        let files = vec![("accounts.csv".to_owned(), text.into_bytes())];
        let options = import::Options { yes: true, ..import::Options::default() };
        let report = import::import_texts(&mut self.session, files, &options).unwrap();
        assert!(report.files[0].refused.is_empty(), "{:?}", report.files[0].refused);
        if report.files[0].changed > 0 {
            self.emails[account].insert(from, mails);
        }
    }

    /// Lets the worker send, and judges what the server took.
    fn send(&mut self) {
        let taken = self.sink.taken().len();
        let before: BTreeMap<DeliveryId, Delivery> =
            self.rows().into_iter().map(|r| (r.id, r)).collect();
        worker::work(&mut self.session, &self.ports, &AtomicBool::new(false)).unwrap();
        let rows = self.rows();
        for (to, message) in &self.sink.taken()[taken..] {
            let text = String::from_utf8_lossy(message);
            let row = rows
                .iter()
                .find(|r| {
                    r.address == *to && r.message_id.as_ref().is_some_and(|id| text.contains(id))
                })
                .unwrap_or_else(|| panic!("{to} got a message that no delivery to it is"));
            let account = usize::from(row.account_number == "A1");
            assert!(
                self.wants(account).contains(to),
                "{to} got {} and is not wanted: {:?}",
                row.id,
                self.wants(account)
            );
            if let Some(was) = before.get(&row.id) {
                assert!(
                    was.status != DeliveryStatus::Sent && was.status != DeliveryStatus::Unconfirmed,
                    "{} was sent again",
                    row.id
                );
            }
        }
    }

    fn act(&mut self, act: &Act) {
        let rows = self.rows();
        let one = |i: usize| rows.get(i % rows.len().max(1)).map(|r| r.id);
        match act {
            Act::Correct(account, bits, way, days) => {
                let before = self.wanted();
                self.correct(*account, *bits, *way, *days);
                self.loses_nothing(&before);
            }
            Act::Again(account, bits) => {
                self.act(&Act::Deliver(true));
                self.act(&Act::Send);
                let rows = self.rows();
                let last: Vec<_> = rows.iter().filter(|r| r.replaced_by.is_none()).collect();
                for row in last.iter().filter(|r| r.status == DeliveryStatus::Unconfirmed) {
                    *self.asked.entry(row.id).or_default() += 1;
                }
                let ids: Vec<_> = last.iter().map(|r| r.id).collect();
                clerk::resend(&mut self.session, &ids, Resend::All, When::AfterHold).unwrap();
                // As many addresses as before, each time others.
                for turn in 0..3 {
                    let bits = (bits << turn | bits >> (3 - turn)) & 7;
                    self.act(&Act::Correct(*account, bits, 4, 0));
                }
            }
            Act::Deliver(now) => {
                let when = if *now { When::Now } else { When::AfterHold };
                deliver::make::make(&mut self.session, None, when).unwrap();
            }
            Act::Answers(by) => self.sink.script(|s| {
                s.hang_up.clear();
                s.rcpt.clear();
                for (i, answer) in by.iter().enumerate() {
                    match answer {
                        0 => drop(s.rcpt.insert(address(i % 2, i / 2), "451 later".into())),
                        1 => drop(s.rcpt.insert(address(i % 2, i / 2), "550 unknown".into())),
                        2 => s.hang_up.push(HangUp::Dot),
                        _ => {}
                    }
                }
            }),
            Act::Send => self.send(),
            Act::Tick(minutes) => {
                self.now += TimeDelta::minutes(*minutes);
                self.session.fixed_now = Some(Now::at(self.now, daybook::zone::Zone::UTC));
            }
            Act::Recall(i) => drop(clerk::recall(&mut self.session, one(*i).as_slice()).unwrap()),
            Act::Retry(i) => {
                if let Some(row) = rows.get(i % rows.len().max(1))
                    && row.status == DeliveryStatus::Unconfirmed
                {
                    *self.asked.entry(row.id).or_default() += 1;
                }
                clerk::retry(&mut self.session, one(*i).as_slice()).unwrap();
            }
            Act::SendNow(i) => {
                drop(clerk::send_now(&mut self.session, one(*i).as_slice()).unwrap());
            }
            Act::Channel(i, mail) => {
                let to = if *mail { Channel::Email } else { Channel::Print };
                clerk::change_channel(&mut self.session, one(*i).as_slice(), to).unwrap();
            }
            Act::Resend(all) => {
                let what = if *all { Resend::All } else { Resend::NeverSent };
                let ids = clerk::resendable(&self.session, None, what).unwrap();
                for row in rows.iter().filter(|r| ids.contains(&r.id)) {
                    if row.status == DeliveryStatus::Unconfirmed {
                        *self.asked.entry(row.id).or_default() += 1;
                    }
                }
                clerk::resend(&mut self.session, &ids, what, When::Now).unwrap();
            }
        }
        self.holds(act);
    }

    /// What must be so after every act.
    fn holds(&self, act: &Act) {
        use DeliveryStatus as S;
        let (balance, _) = deliver::make::balance(&self.session, None).unwrap();
        assert!(balance.balances(), "{act:?}: {balance:?}");
        let taken = self.sink.taken();
        for row in self.rows() {
            let Some(name) = &row.message_id else { continue };
            let copies = taken
                .iter()
                .filter(|(to, m)| {
                    *to == row.address && String::from_utf8_lossy(m).contains(name.as_str())
                })
                .count();
            let asked = self.asked.get(&row.id).copied().unwrap_or(0);
            assert!(copies <= 1 + asked, "{act:?}: {} left {copies} times, asked {asked}", row.id);
            let never =
                matches!(row.status, S::Recalled | S::Bounced | S::Suppressed | S::Impossible);
            assert!(copies == 0 || !never, "{act:?}: {} is {} and arrived", row.id, row.status);
            assert!(row.status != S::Sent || copies > 0, "{act:?}: {} never left", row.id);
        }
    }
}

/// How many stories are told: `DAYBOOK_ENVELOPES`.
fn stories() -> u32 {
    std::env::var("DAYBOOK_ENVELOPES").ok().and_then(|n| n.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: stories(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Corrections, recalls, bounces, lost lines, retries in any order: the step balances, nobody gets
    /// what the account no longer sends there, nothing is sent twice, nothing that may have arrived is
    /// called recalled.
    #[test]
    fn in_any_order_each_copy_goes_once_and_where_it_is_wanted(acts in acts()) {
        let base = base();
        let dir = tempfile::tempdir().unwrap();
        let book = Book { path: dir.path().join("book.db"), dir };
        std::fs::write(&book.path, base).unwrap();
        let mut story = Story::new(&book);
        for act in &acts {
            story.act(act);
        }
        let found: Vec<String> = check::check(&story.session, "")
            .unwrap()
            .iter()
            .flat_map(|c| c.violations.clone())
            .collect();
        prop_assert!(found.is_empty(), "{found:?}");
    }
}

/// The bytes of a book with two accounts and an invoice each.
fn base() -> &'static [u8] {
    static BASE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    BASE.get_or_init(|| {
        let book = posted(
            "account_number,name,currency,email,delivery,address1,city\n\
             A0,Acme,EUR,m0@a0.example,email,Road 1,Wien\n\
             A1,Beta,EUR,m0@a1.example,both,,\n",
        );
        let copy = book.dir.path().join("copy.db");
        book.run(&["backup", copy.to_str().unwrap()]).ends(0);
        std::fs::read(copy).unwrap()
    })
}
