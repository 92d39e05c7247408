//! Four eyes above an amount: one table over every verb it binds and every way to come to it.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use daybook::domain::actor::{Actor, Role};
use daybook::domain::document::DocumentKind;
use daybook::domain::ids::{AccountId, DocumentId, MethodId, PaymentId};
use daybook::domain::payment::MethodKind;
use daybook::engine::care::settings;
use daybook::engine::collect::{follow_up, refund};
use daybook::engine::command::{
    AdjustKind, AdjustPart, Command, DraftChange, HandMade, NewLine, Pick,
};
use daybook::engine::guard::{four_eyes, roles};
use daybook::engine::{Error, Session, perform};
use daybook::store::{Store, StoreError};
use std::path::Path;

/// What four eyes bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Post,
    Memo,
    Reversal,
    WriteOff,
    Refund,
    FirstMethod,
    NewMethod,
}

const DEEDS: &[Deed] = &[
    Deed::Post,
    Deed::Memo,
    Deed::Reversal,
    Deed::WriteOff,
    Deed::Refund,
    Deed::FirstMethod,
    Deed::NewMethod,
];

/// Two who may, and one who only looks.
const ADA: u32 = 7;
const BEN: u32 = 8;
const EVE: u32 = 9;

fn user(uid: u32) -> Actor {
    let name = match uid {
        ADA => "ada",
        BEN => "ben",
        _ => "eve",
    };
    Actor { uid, name: name.to_owned() }
}

fn open(path: &Path, uid: u32) -> Session {
    Session::open(path, user(uid)).unwrap()
}

fn number(path: &Path, sql: &str) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    conn.query_row(sql, [], |r| r.get(0)).unwrap_or_else(|e| panic!("{e}: {sql}"))
}

fn text(path: &Path, sql: &str) -> String {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    conn.query_row(sql, [], |r| r.get(0)).unwrap_or_else(|e| panic!("{e}: {sql}"))
}

/// Ten euros of everything: A1 owes an invoice and has two methods and a draft, A2 paid one.
fn book() -> Book {
    let book = owing(&["ok", "ok"]);
    book.run(&["collect", "--target", "2026-01-05", "--account", "A2"]).ends(0);
    let add = ["payment", "method", "add", "A1", "--token", "ok2", "--kind", "card"];
    book.run(&[&add[..], &["--display", "visa 2"]].concat()).ends(0);
    let mut admin = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let draft = HandMade {
        account: "A1".to_owned(),
        kind: DocumentKind::Invoice,
        invoice_on: None,
        due_on: None,
        payment_reference: String::new(),
        lines: vec![NewLine {
            description: "work".to_owned(),
            quantity: 1.into(),
            unit_price: 10.into(),
            tax_code: String::new(),
            service_from: None,
            service_to: None,
        }],
        reason: "asked for".to_owned(),
    };
    perform::perform(&mut admin, "draft", Command::MakeDraft(draft)).unwrap();
    for uid in [ADA, BEN] {
        for role in [Role::Biller, Role::Cashier, Role::Controller] {
            roles::grant(&mut admin, uid, role).unwrap();
        }
    }
    roles::grant(&mut admin, EVE, Role::Viewer).unwrap();
    book
}

fn limit(path: &Path, amount: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute("INSERT OR REPLACE INTO setting VALUES ('four_eyes.above', ?1)", [amount])
        .unwrap();
}

fn invoice(path: &Path) -> DocumentId {
    DocumentId(number(path, "SELECT id FROM document WHERE number = 'INV-1'"))
}

fn draft(path: &Path) -> Pick {
    Pick {
        id: DocumentId(number(path, "SELECT max(id) FROM document WHERE source = 'hand'")),
        version: number(
            path,
            "SELECT version FROM document WHERE source = 'hand' ORDER BY id DESC",
        ),
    }
}

/// Posts the draft as somebody; of a posting the acceptance is what a second person gives.
fn post(session: &mut Session) -> Result<(), Error> {
    let drafts = vec![draft(session.store.path())];
    let accept = Command::Accept { drafts: drafts.clone(), reason: String::new() };
    let accepted = perform::perform(session, &daybook::store::operation::fresh_id(), accept)?;
    // Accepted already is what the second person finds.
    assert!(accepted.done == 1 || accepted.refused[0].reason.contains("accepted already"));
    let command = Command::Post { drafts, invoice_on: None };
    let job = perform::perform(session, &daybook::store::operation::fresh_id(), command)?.job;
    let ports = daybook::worker::ports().unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    daybook::worker::work(session, &ports, &stop).unwrap();
    let sql = format!("SELECT detail FROM job WHERE id = {}", job.unwrap().0);
    let detail = text(session.store.path(), &sql);
    let posted: daybook::engine::post::posting::Posted = serde_json::from_str(&detail).unwrap();
    match posted.refused.first() {
        Some(refused) => Err(Error::usage("four_eyes", refused.reason.clone(), "")),
        None => Ok(()),
    }
}

/// Does it as somebody, giving their own reason.
fn act(session: &mut Session, deed: Deed) -> Result<(), Error> {
    let path = session.store.path().to_owned();
    let reason = format!("because {} says so", session.actor.name);
    let command = match deed {
        Deed::Post => return post(session),
        Deed::Memo => Command::Adjust {
            document: invoice(&path),
            part: AdjustPart::Amount(1_000),
            kind: AdjustKind::Credit,
            reason,
        },
        Deed::Reversal => Command::Reverse { document: invoice(&path), reason },
        Deed::WriteOff => Command::WriteOff { document: invoice(&path), reason },
        Deed::Refund => {
            let id = PaymentId(number(&path, "SELECT id FROM payment"));
            return refund::refund(session, id, None, &reason).map(drop);
        }
        Deed::FirstMethod => {
            let sql = "SELECT id FROM payment_method WHERE token = 'ok2'";
            Command::ChooseMethod { method: MethodId(number(&path, sql)) }
        }
        Deed::NewMethod => {
            let given = follow_up::GivenMethod {
                gateway: Some("sandbox".to_owned()),
                token: "ok3".to_owned(),
                kind: MethodKind::Card,
                display: "visa 3".to_owned(),
                expires_on: None,
                first: true,
            };
            let id = AccountId(number(&path, "SELECT id FROM account WHERE number = 'A1'"));
            return follow_up::add_method(session, id, &given).map(drop);
        }
    };
    perform::perform(session, &daybook::store::operation::fresh_id(), command).map(drop)
}

/// How often it has happened.
fn happened(path: &Path, deed: Deed) -> i64 {
    number(
        path,
        match deed {
            Deed::Post => {
                "SELECT count(*) FROM document WHERE source = 'hand' AND status = 'Posted'"
            }
            Deed::Memo => {
                "SELECT count(*) FROM document WHERE source = 'adjust' AND kind = 'credit_memo'"
            }
            Deed::Reversal => "SELECT count(*) FROM document WHERE source = 'reverse'",
            Deed::WriteOff => "SELECT count(*) FROM document WHERE kind = 'write_off'",
            Deed::Refund => "SELECT count(*) FROM payment_event WHERE kind = 'refund'",
            Deed::FirstMethod => {
                "SELECT count(*) FROM payment_method WHERE token = 'ok2' AND priority = 1"
            }
            Deed::NewMethod => "SELECT count(*) FROM payment_method WHERE token = 'ok3'",
        },
    )
}

/// Changes what a deed is about, as the creator of the book.
fn change(path: &Path, deed: Deed) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute("DELETE FROM role", []).unwrap();
    conn.execute("DELETE FROM setting WHERE key = 'four_eyes.above'", []).unwrap();
    let mut session = Session::open(path, daybook::cli::actor()).unwrap();
    match deed {
        Deed::Post => {
            let changes = vec![DraftChange::Note("hello".to_owned())];
            let edit = Command::Edit { draft: draft(path), changes, reason: "x".to_owned() };
            perform::perform(&mut session, "change", edit).unwrap();
        }
        Deed::Memo | Deed::Reversal | Deed::WriteOff => {
            let more = Command::Adjust {
                document: invoice(path),
                part: AdjustPart::Amount(5),
                kind: AdjustKind::Debit,
                reason: "x".to_owned(),
            };
            perform::perform(&mut session, "change", more).unwrap();
        }
        Deed::Refund => {
            let id = PaymentId(number(path, "SELECT id FROM payment"));
            refund::settled(&mut session, id, "payout 1").unwrap();
        }
        Deed::FirstMethod | Deed::NewMethod => {
            let sql = "SELECT id FROM payment_method WHERE token = 'ok'";
            follow_up::close_method(&mut session, MethodId(number(path, sql))).unwrap();
        }
    }
    limit(path, "9.99");
    for uid in [ADA, BEN] {
        for role in [Role::Biller, Role::Cashier, Role::Controller] {
            conn.execute("INSERT INTO role VALUES (?1, ?2)", (uid, role.as_str())).unwrap();
        }
    }
}

#[track_caller]
fn refused(result: Result<(), Error>) -> (String, String) {
    match result {
        Err(error @ Error::Usage { code: "four_eyes", .. }) => (error.to_string(), error.hint()),
        other => panic!("not refused for four eyes: {other:?}"),
    }
}

fn open_requests(path: &Path) -> i64 {
    number(path, "SELECT count(*) FROM four_eyes WHERE state = 'open'")
}

fn tasks(path: &Path) -> i64 {
    number(
        path,
        "SELECT count(*) FROM notice WHERE done_at IS NULL AND level = 'task' AND key LIKE 'four eyes%'",
    )
}

#[test]
fn every_deed_below_at_and_above_by_one_by_two_and_by_who_may_not() {
    let base = book();
    let dir = tempfile::tempdir().unwrap();
    let mut n = 0;
    let mut fresh = |amount: &str| {
        n += 1;
        let path = dir.path().join(format!("{n}.db"));
        Store::open(&base.path).unwrap().backup_to(&path).unwrap();
        // What the sandbox took is beside the book.
        let side = |p: &Path| p.with_extension("db.d").join("sandbox.jsonl");
        std::fs::create_dir_all(side(&path).parent().unwrap()).unwrap();
        std::fs::copy(side(&base.path), side(&path)).unwrap();
        limit(&path, amount);
        path
    };
    for deed in DEEDS {
        for amount in ["10.01", "10.00", ""] {
            let path = fresh(amount);
            act(&mut open(&path, ADA), *deed).unwrap_or_else(|e| panic!("{deed:?} {amount}: {e}"));
            assert_eq!(happened(&path, *deed), 1, "{deed:?} {amount}");
        }
        let path = fresh("9.99");
        let (first, hint) = refused(act(&mut open(&path, ADA), *deed));
        assert!(first.contains("above 9.99"), "{first}");
        assert_eq!(happened(&path, *deed), 0, "{deed:?}");
        let (again, _) = refused(act(&mut open(&path, ADA), *deed));
        assert_eq!(happened(&path, *deed), 0, "{deed:?}");
        let denied = act(&mut open(&path, EVE), *deed).unwrap_err();
        assert!(matches!(denied, Error::Store(StoreError::Forbidden { .. })), "{deed:?}: {denied}");
        if *deed == Deed::Post {
            // Its request is the acceptance.
            assert!(first.contains("somebody else must accept it first"), "{first}");
        } else {
            assert!(again.contains("you asked for this at 12:00"), "{again}");
            assert!(hint.contains("another") && hint.contains("to confirm"), "{hint}");
            assert_eq!((open_requests(&path), tasks(&path)), (1, 1), "{deed:?}");
        }
        act(&mut open(&path, BEN), *deed).unwrap_or_else(|e| panic!("{deed:?}: {e}"));
        assert_eq!(happened(&path, *deed), 1, "{deed:?}");
        assert_eq!((open_requests(&path), tasks(&path)), (0, 0), "{deed:?}");
        if *deed != Deed::Post {
            let sql = "SELECT user_name || ': ' || summary FROM operation
                       WHERE summary LIKE '%asked for by ada at 12:00 (operation %'";
            assert!(text(&path, sql).starts_with("ben: "), "{deed:?}");
        }
        daybook_check(&path);
    }
}

#[test]
fn a_request_ends_when_its_object_changes() {
    let base = book();
    let dir = tempfile::tempdir().unwrap();
    for (n, deed) in DEEDS.iter().enumerate() {
        let path = dir.path().join(format!("{n}.db"));
        Store::open(&base.path).unwrap().backup_to(&path).unwrap();
        limit(&path, "9.99");
        refused(act(&mut open(&path, ADA), *deed));
        change(&path, *deed);
        let swept = dir.path().join(format!("swept-{n}.db"));
        Store::open(&path).unwrap().backup_to(&swept).unwrap();
        // Another biller finds something else than was asked for: a request of their own.
        if *deed == Deed::Reversal {
            // A debit memo is in the way of a reversal altogether.
            assert!(act(&mut open(&path, BEN), *deed).is_err());
            assert_eq!(happened(&path, *deed), 0);
        } else {
            let (words, _) = refused(act(&mut open(&path, BEN), *deed));
            assert_eq!(happened(&path, *deed), 0, "{deed:?}");
            if *deed != Deed::Post {
                assert!(words.contains("it changed since ada asked at 12:00"), "{words}");
                assert_eq!((open_requests(&path), tasks(&path)), (1, 1), "{deed:?}");
                act(&mut open(&path, ADA), *deed).unwrap_or_else(|e| panic!("{deed:?}: {e}"));
                assert_eq!(happened(&path, *deed), 1, "{deed:?}");
            }
        }
        // And with nobody asking, the clock's own round ends it.
        let ended = four_eyes::end_stale(&mut open(&swept, EVE)).unwrap();
        assert_eq!(ended, usize::from(*deed != Deed::Post), "{deed:?}");
        assert_eq!((open_requests(&swept), tasks(&swept)), (0, 0), "{deed:?}");
        daybook_check(&swept);
    }
}

#[test]
fn a_request_waits_two_weeks() {
    let book = book();
    limit(&book.path, "9.99");
    refused(act(&mut open(&book.path, ADA), Deed::WriteOff));
    let at = |session: &mut Session, day: &str| {
        settings::use_clock(session, &format!("{day}T12:00")).unwrap();
    };
    let mut eve = open(&book.path, EVE);
    at(&mut eve, "2026-01-19");
    assert_eq!(four_eyes::end_stale(&mut eve).unwrap(), 0);
    let mut ben = open(&book.path, BEN);
    at(&mut ben, "2026-01-20");
    let (words, _) = refused(act(&mut ben, Deed::WriteOff));
    assert!(words.contains("since ada asked on 2026-01-05 at 12:00"), "{words}");
    at(&mut eve, "2026-02-05");
    assert_eq!(four_eyes::end_stale(&mut eve).unwrap(), 1);
}

#[test]
fn other_parameters_are_another_request() {
    let book = book();
    limit(&book.path, "5");
    let memo = |minor| Command::Adjust {
        document: invoice(&book.path),
        part: AdjustPart::Amount(minor),
        kind: AdjustKind::Credit,
        reason: "x".to_owned(),
    };
    let mut ada = open(&book.path, ADA);
    refused(perform::perform(&mut ada, "1", memo(1_000)).map(drop));
    let mut ben = open(&book.path, BEN);
    refused(perform::perform(&mut ben, "2", memo(900)).map(drop));
    assert_eq!((open_requests(&book.path), happened(&book.path, Deed::Memo)), (2, 0));
    perform::perform(&mut ada, "3", memo(900)).unwrap();
    assert_eq!(happened(&book.path, Deed::Memo), 1);
}

#[test]
fn the_command_line_says_it_in_json_and_status_lists_it() {
    let book = owing(&["ok"]);
    book.run(&["settings", "set", "four_eyes.above", "9.99"]).ends(0);
    let ran = book.run(&["write-off", "INV-1", "--reason", "gone", "--json"]).ends(2);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["error"]["code"], "four_eyes");
    assert_eq!(
        error["error"]["message"],
        "INV-1: write-off of 10.00 EUR: above 9.99 a second person must confirm"
    );
    assert_eq!(error["error"]["hint"], "asked for: another controller does the same to confirm");
    let status = book.run(&["status"]).ends(0).out;
    assert!(status.contains("INV-1: write-off of 10.00 EUR: asked for by"), "{status}");
    let trail = book.run(&["audit"]).ends(0).out;
    assert!(
        trail.contains(
            "asked for, a second person must confirm: INV-1: write-off of 10.00 EUR (gone)"
        ),
        "{trail}"
    );
    book.run(&["check"]).ends(0);
}

/// A book of the version before opens, and is brought up.
#[test]
fn an_older_book_gets_the_table() {
    let book = owing(&["ok"]);
    book.of_schema(2);
    book.run(&["settings", "set", "four_eyes.above", "9.99"]).ends(0);
    book.run(&["write-off", "INV-1", "--reason", "gone"]).ends(2);
    book.run(&["check"]).ends(0);
}

fn daybook_check(path: &Path) {
    crate::harness::book::daybook(path, &["check"]).ends(0);
}
