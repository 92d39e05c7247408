//! What a clerk does at the console to an account's e-mail and for reminders; who began a posting, and
//! what a role may not do there.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use crate::harness::desk::Desk;
use daybook::domain::actor::{Actor, Role};
use daybook::engine::command::Command;
use daybook::engine::guard::roles;
use daybook::engine::{Session, perform};
use daybook::store::Topic;
use daybook::ui::msg::{Effect, Msg};

fn emails(book: &Book) -> String {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let sql = "SELECT v.emails FROM account_version v JOIN account a ON a.id = v.account_id
               WHERE a.number = 'A1' ORDER BY v.seq DESC LIMIT 1";
    conn.query_row(sql, [], |r| r.get(0)).unwrap()
}

fn set(book: &Book, key: &str, value: &str) {
    book.run(&["settings", "set", key, value, "--yes"]);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("INSERT OR REPLACE INTO setting VALUES (?1, ?2)", [key, value]).unwrap();
}

fn user(path: &std::path::Path, uid: u32, name: &str) -> Session {
    Session::open(path, Actor { uid, name: name.to_owned() }).unwrap()
}

/// Ada (7) and Ben (8) may do the day's work.
fn staff(by: &mut Session) {
    for uid in [7, 8] {
        for role in [Role::Biller, Role::Cashier, Role::Controller] {
            roles::grant(by, uid, role).unwrap();
        }
    }
}

#[test]
fn an_address_is_corrected_at_the_console_by_the_rules_of_an_import() {
    let book = owing(&["ok"]);
    book.run(&["payment", "auto-pay", "INV-1", "off"]).ends(0);
    let accounts = "account_number,name,currency,auto_pay,email,delivery\n\
        A1,One,EUR,false,old@one.example,email\n";
    assert_eq!(book.import("accounts.csv", accounts, &[]).0, 0);
    let mut desk = Desk::at(&book.path, 100, 30);
    desk.press("8/A1<Enter>e").shows("E-mail of A1").shows("old@one.example");
    // What is no address is refused in the form, with what it should be; nothing is lost.
    desk.press("<C-u>nobody<C-s>").shows("nobody");
    assert_eq!(emails(&book), "old@one.example");
    desk.press("<C-u>new@one.example;two@one.example<C-s>").shows("e-mail goes to new@one.example");
    assert_eq!(emails(&book), "new@one.example;two@one.example");
    // Somebody else was first: told, and nothing is overwritten.
    let correct = |was: &str, to: &str| Command::CorrectEmail {
        account: "A1".to_owned(),
        was: was.to_owned(),
        emails: to.to_owned(),
    };
    let late =
        perform::perform(&mut desk.session, "late", correct("old@one.example", "x@x.example"));
    assert!(late.unwrap_err().to_string().contains("by now"));
    // By two people where an import wants two.
    let third = || correct("new@one.example;two@one.example", "third@other.example");
    set(&book, "four_eyes.address_above", "1");
    let mut admin = Session::open(&book.path, daybook::cli::actor()).unwrap();
    staff(&mut admin);
    let waits = perform::perform(&mut user(&book.path, 7, "ada"), "a", third()).unwrap();
    assert!(waits.done == 0 && waits.summary.contains("it waits"), "{waits:?}");
    assert_eq!(emails(&book), "new@one.example;two@one.example");
    let goes = perform::perform(&mut user(&book.path, 8, "ben"), "b", third()).unwrap();
    assert!(goes.done == 1, "{goes:?}");
    assert_eq!(emails(&book), "third@other.example");
    book.run(&["check"]).ends(0);
}

#[test]
fn reminders_that_are_due_are_sent_from_the_console_after_a_count_by_level() {
    let book = owing(&["", "", ""]);
    let mails = "account_number,name,currency,email\nA1,One,EUR,c1@example.com\nA2,Two,EUR,c2@example.com\n";
    assert_eq!(book.import("mails.csv", mails, &[]).0, 0);
    let later = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-9,A2,invoice,2026-02-01,2026-02-20,7.00,0.00,7.00\n";
    assert_eq!(book.import("later.csv", later, &[]).0, 0);
    book.run(&["clock", "set", "2026-03-01"]).ends(0);
    let dry = book.run(&["payment", "remind", "--dry-run", "--json"]).json();
    let due = dry["sent"].as_array().unwrap().len();
    assert_eq!(due, 2, "{dry}");
    let mut desk = Desk::at(&book.path, 100, 30);
    desk.press("1:reminders that<Enter>").shows("2 reminders of 3 invoices, 27.00 EUR");
    desk.shows("left out: 1 account without an e-mail address");
    desk.press("y");
    let again = book.run(&["payment", "remind", "--dry-run", "--json"]).json();
    assert_eq!(again["sent"].as_array().map(Vec::len), Some(0), "{again}");
    desk.press("<Esc>:reminders that<Enter>").shows("No reminder is due");
    book.run(&["check"]).ends(0);
}

#[test]
fn who_confirms_a_posting_under_way_is_told_who_began_it() {
    let mut desk = Desk::open(100, 30);
    let path = desk.session.store.path().to_owned();
    let run: i64 = {
        let conn = rusqlite::Connection::open(&path).unwrap();
        let sql = "SELECT max(id) FROM bill_run WHERE status = 'Completed'";
        conn.query_row(sql, [], |r| r.get(0)).unwrap()
    };
    let run = daybook::domain::ids::BillRunId(run);
    let post = || Command::PostRun { run, invoice_on: None };
    staff(&mut desk.session);
    let began = perform::perform(&mut user(&path, 7, "ada"), "a", post()).unwrap();
    assert!(began.summary.ends_with(": posting"), "{began:?}");
    let second = perform::perform(&mut user(&path, 8, "ben"), "b", post()).unwrap();
    assert_eq!(second.job, began.job);
    assert!(second.summary.contains("ada began the posting"), "{second:?}");
    let again = perform::perform(&mut user(&path, 7, "ada"), "a2", post()).unwrap();
    assert!(again.summary.contains("you began the posting before"), "{again:?}");
    // Who asked again did nothing that the trail would keep.
    let conn = rusqlite::Connection::open(&path).unwrap();
    let sql =
        "SELECT count(*) FROM operation WHERE verb = 'post' AND summary LIKE 'posting taken%'";
    assert_eq!(conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn who_may_only_look_is_told_before_a_dialog_opens_or_a_draft_is_taken() {
    let mut owner = Desk::open(100, 30);
    let path = owner.session.store.path().to_owned();
    let mut eve = Desk::of(Actor { uid: 9, name: "eve".to_owned() }, &path, 100, 30);
    let keys = ["3e", "3a", "3v", "3P", "3R", "3D", "3m", "2c", "4c", "5r", "5p", "8e", "8p"];
    for key in keys {
        eve.press(key).shows("not allowed for eve (viewer)");
        eve.press("<Esc><Esc>");
    }
    let taken = |desk: &Desk| {
        let edits = desk.asked.iter().filter(|e| matches!(e, Effect::Editing(Some(_))));
        edits.count()
    };
    assert_eq!(taken(&eve), 0);
    owner.press("3ed");
    assert_eq!(taken(&owner), 1);
    // A role that is given while the console is open counts from then on.
    roles::grant(&mut owner.session, 9, Role::Clerk).unwrap();
    let told = eve.app.update(Msg::Changed(vec![Topic::Settings]));
    eve.settle(told);
    eve.press("3ed");
    assert_eq!(taken(&eve), 1);
}

#[test]
fn no_form_opens_that_a_role_may_not_hand_in() {
    let mut owner = Desk::open(100, 30);
    let path = owner.session.store.path().to_owned();
    for (uid, role) in [(9, Role::Biller), (11, Role::Controller), (12, Role::Cashier)] {
        roles::grant(&mut owner.session, uid, role).unwrap();
    }
    let desk = |uid, name: &str| Desk::of(Actor { uid, name: name.to_owned() }, &path, 100, 30);
    // Who bills adjusts and reverses, and writes nothing off.
    let mut eve = desk(9, "eve");
    eve.press("3ffffffm").shows("write-off: not allowed for eve (biller)");
    eve.press("w").shows("Correct INV-");
    assert!(!eve.picture().contains("Ctrl-S"), "{}", eve.picture());
    eve.press("a").shows("Ctrl-S does it");
    // Who runs payments takes money off and applies it, and gives none back.
    let mut cas = desk(12, "cas");
    cas.press("8/A-00011<Enter>$");
    if !cas.picture().contains("refund") {
        cas.press("<Enter>");
    }
    cas.shows("refund: not allowed for cas (cashier)");
    cas.press("r");
    assert!(!cas.picture().contains("Ctrl-S"), "{}", cas.picture());
    // A new run: of the two kinds the one that is hers.
    cas.press("<Esc><Esc><Esc>2c").shows("bill: not allowed for cas (cashier)");
    cas.press("p").shows("New payment run");
    let mut con = desk(11, "con");
    con.press("8/A-00011<Enter>$");
    if !con.picture().contains("refund") {
        con.press("<Enter>");
    }
    con.press("r");
    assert!(con.picture().contains("Ctrl-S"), "{}", con.picture());
}
