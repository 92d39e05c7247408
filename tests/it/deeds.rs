//! Four eyes and separation of duties stand at the row: whatever verb writes it, in either order,
//! in one step or in many.

use crate::harness::book::Book;
use crate::harness::collect::owing;
use daybook::domain::actor::{Actor, Role};
use daybook::domain::document::DocumentKind;
use daybook::domain::ids::{AccountId, DocumentId, PaymentId};
use daybook::domain::money::Currency;
use daybook::engine::collect::{self, reconcile, refund, settle};
use daybook::engine::command::{
    AdjustKind, AdjustPart, Command, HandMade, NewLine, OutsidePayment, Pick,
};
use daybook::engine::guard::roles;
use daybook::engine::on_its_way::Sure;
use daybook::engine::{Error, Session, import, perform};
use daybook::store::operation::fresh_id;
use std::path::Path;

const ADA: u32 = 7;
const BEN: u32 = 8;

/// Every way to be on the side that gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    Memo,
    Debit,
    WriteOff,
    Reversal,
    Refund,
    DraftByHand,
    CreditOnInvoice,
    PostedByHand,
    LoadedCredit,
    Application,
}

const GIVES: &[Gives] = &[
    Gives::Memo,
    Gives::Debit,
    Gives::WriteOff,
    Gives::Reversal,
    Gives::Refund,
    Gives::DraftByHand,
    Gives::CreditOnInvoice,
    Gives::PostedByHand,
    Gives::LoadedCredit,
    Gives::Application,
];

/// Every way to say that money came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Recorded,
    Found,
    ChargebackWon,
}

const SAYS: &[Says] = &[Says::Recorded, Says::Found, Says::ChargebackWon];

fn user(uid: u32) -> Actor {
    let name = if uid == ADA { "ada" } else { "ben" };
    Actor { uid, name: name.to_owned() }
}

fn open(path: &Path, uid: u32) -> Session {
    Session::open(path, user(uid)).unwrap()
}

fn one(path: &Path, sql: &str) -> i64 {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.query_row(sql, [], |r| r.get(0)).unwrap_or_else(|e| panic!("{e}: {sql}"))
}

/// A1 owes two invoices of ten euros, paid another through the gateway, has a payment nobody knows
/// of, one with a chargeback, a credit of somebody else's, and a credit draft of somebody else's.
fn book() -> Book {
    let book = owing(&["ok"]);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-7,A1,invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n\
        INV-8,A1,invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n\
        INV-9,A1,invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n";
    book.run(&["payment", "auto-pay", "INV-1", "off"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    let file = book.file("more.csv", items);
    book.run(&["import", &file]).ends(0);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    let back = format!("P-{:06}", one(&book.path, "SELECT max(id) FROM payment"));
    book.run(&["payment", "chargeback", &back, "--code", "10.4"]).ends(0);
    for n in 3..=6 {
        let items = format!(
            "document_number,account_number,kind,date,due_date,total,tax,balance\n\
             INV-{n},A1,invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n"
        );
        let file = book.file("more.csv", items);
        book.run(&["import", &file]).ends(0);
    }
    let line = r#"{"description":"kindness","quantity":1,"unit_price":1}"#;
    let new = ["invoice", "new", "--account", "A1", "--kind", "credit_memo", "--add-line", line];
    for _ in 0..2 {
        book.run(&[&new[..], &["--reason", "x"]].concat()).ends(0);
    }
    let draft = one(&book.path, "SELECT min(id) FROM document WHERE status = 'Draft'");
    book.run(&["post", "--invoice", &format!("D-{draft:06}")]).ends(0);
    // A payment whose answer was lost.
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch(
        "INSERT INTO payment (account_id, method_id, gateway, amount_minor, currency, status, idempotency_key,
            body_hash, attempt, created_at) SELECT 1, 1, 'sandbox', 1000, 'EUR', 'Unknown', 'lost', '', 1, 1;
         INSERT INTO allocation (payment_id, document_id, amount_minor, state)
            SELECT (SELECT max(id) FROM payment), id, 1000, 'live' FROM document WHERE number = 'INV-3';",
    )
    .unwrap();
    let mut admin = Session::open(&book.path, daybook::cli::actor()).unwrap();
    for uid in [ADA, BEN] {
        for role in [Role::Biller, Role::Cashier, Role::Controller] {
            roles::grant(&mut admin, uid, role).unwrap();
        }
    }
    book
}

fn number(path: &Path, number: &str) -> DocumentId {
    DocumentId(one(path, &format!("SELECT id FROM document WHERE number = '{number}'")))
}

fn line(price: i64) -> NewLine {
    NewLine {
        description: "work".to_owned(),
        quantity: 1.into(),
        unit_price: price.into(),
        tax_code: String::new(),
        service_from: None,
        service_to: None,
    }
}

fn by_hand(kind: DocumentKind, lines: Vec<NewLine>) -> Command {
    Command::MakeDraft(HandMade {
        account: "A1".to_owned(),
        kind,
        invoice_on: None,
        due_on: None,
        payment_reference: String::new(),
        lines,
        reason: "asked for".to_owned(),
    })
}

fn does(session: &mut Session, command: Command) -> Result<(), Error> {
    perform::perform(session, &fresh_id(), command).map(drop)
}

/// Posts drafts; what stays behind is an error with its reason.
fn post(session: &mut Session, ids: &[i64], on: Option<&str>) -> Result<(), Error> {
    let drafts = ids.iter().map(|id| Pick { id: DocumentId(*id), version: 0 }).collect();
    let invoice_on = on.map(|d| d.parse().unwrap());
    let command = Command::Post { drafts, invoice_on };
    let job = perform::perform(session, &fresh_id(), command)?.job.unwrap();
    let ports = daybook::worker::ports().unwrap();
    daybook::worker::work(session, &ports, &std::sync::atomic::AtomicBool::new(false)).unwrap();
    let conn = rusqlite::Connection::open(session.store.path()).unwrap();
    let detail: String =
        conn.query_row("SELECT detail FROM job WHERE id = ?1", [job.0], |r| r.get(0)).unwrap();
    let posted: daybook::engine::post::posting::Posted = serde_json::from_str(&detail).unwrap();
    match posted.refused.first() {
        Some(refused) => Err(Error::usage("stays", refused.reason.clone(), "")),
        None => Ok(()),
    }
}

fn load(session: &mut Session, name: &str, text: &str) -> Result<import::FileReport, Error> {
    let options = import::Options::default();
    let files = vec![(name.to_owned(), text.as_bytes().to_vec())];
    Ok(import::import_texts(session, files, &options)?.files.remove(0))
}

const OPEN_ITEMS: &str = "document_number,account_number,kind,date,due_date,total,tax,balance\n";

fn give(session: &mut Session, gives: Gives) -> Result<(), Error> {
    let path = session.store.path().to_owned();
    let reason = "because".to_owned();
    let adjust = |kind| Command::Adjust {
        document: number(&path, "INV-4"),
        part: AdjustPart::Amount(100),
        kind,
        reason: "because".to_owned(),
    };
    match gives {
        Gives::Memo => does(session, adjust(AdjustKind::Credit)),
        Gives::Debit => does(session, adjust(AdjustKind::Debit)),
        Gives::WriteOff => {
            does(session, Command::WriteOff { document: number(&path, "INV-5"), reason })
        }
        Gives::Reversal => {
            does(session, Command::Reverse { document: number(&path, "INV-6"), reason })
        }
        Gives::Refund => {
            let paid =
                "SELECT min(id) FROM payment WHERE status = 'Approved' AND returned_minor = 0";
            refund::refund(session, PaymentId(one(&path, paid)), Some(100), &reason).map(drop)
        }
        Gives::DraftByHand => does(session, by_hand(DocumentKind::CreditMemo, vec![line(3)])),
        Gives::CreditOnInvoice => {
            does(session, by_hand(DocumentKind::Invoice, vec![line(9), line(-8)]))
        }
        Gives::PostedByHand => {
            let draft =
                "SELECT min(id) FROM document WHERE status = 'Draft' AND kind = 'credit_memo'";
            post(session, &[one(&path, draft)], None)
        }
        Gives::LoadedCredit => {
            let row =
                format!("{OPEN_ITEMS}CR-1,A1,credit_memo,2025-12-15,2026-01-01,4.00,0.00,4.00\n");
            refused_rows(load(session, "open_items.csv", &row)?)
        }
        Gives::Application => {
            let credit = "SELECT document_id FROM document_state WHERE status = 'Posted' AND balance_minor < 0";
            let to = number(&path, "INV-4");
            collect::credits::apply(
                session,
                DocumentId(one(&path, credit)),
                Some(to),
                None,
                Sure::Ask,
            )
            .map(drop)
        }
    }
}

fn refused_rows(report: import::FileReport) -> Result<(), Error> {
    match report.refused.first() {
        Some(row) => Err(Error::usage("row", row.message.clone(), row.hint.clone())),
        None => Ok(()),
    }
}

fn say(session: &mut Session, says: Says) -> Result<(), Error> {
    let path = session.store.path().to_owned();
    match says {
        Says::Recorded => does(
            session,
            Command::RecordPayment(OutsidePayment {
                account: AccountId(1),
                documents: vec![number(&path, "INV-4")],
                amount: Currency::parse("EUR").unwrap().amount(1),
                received_on: session.now().unwrap().today,
                reference: format!("wire to {}", session.actor.name),
            }),
        ),
        Says::Found => {
            let id = PaymentId(one(&path, "SELECT id FROM payment WHERE idempotency_key = 'lost'"));
            let finding = settle::Finding::Approved { reference: "ch_1".to_owned(), on: None };
            reconcile::by_hand(session, id, &finding, "the statement").map(drop)
        }
        Says::ChargebackWon => {
            let back = "SELECT payment_id FROM payment_event WHERE kind = 'chargeback'";
            refund::chargeback_won(session, PaymentId(one(&path, back))).map(drop)
        }
    }
}

fn copy(book: &Book, dir: &Path, name: &str) -> std::path::PathBuf {
    let path = dir.join(name);
    daybook::store::Store::open(&book.path).unwrap().backup_to(&path).unwrap();
    let side = |p: &Path| p.with_extension("db.d").join("sandbox.jsonl");
    std::fs::create_dir_all(side(&path).parent().unwrap()).unwrap();
    std::fs::copy(side(&book.path), side(&path)).unwrap();
    path
}

fn clock(path: &Path, day: &str) {
    crate::harness::book::daybook(path, &["clock", "set", day]).ends(0);
}

#[track_caller]
fn both_sides(result: &Result<(), Error>) -> bool {
    match result {
        Ok(()) => false,
        Err(error) => {
            let text = format!("{error} {}", error.hint());
            assert!(text.contains("on this account on 2026-01-05"), "{text}");
            assert!(text.contains("(separation.window)"), "{text}");
            true
        }
    }
}

#[test]
fn nobody_is_on_both_sides_of_an_account_in_either_order() {
    let base = book();
    let dir = tempfile::tempdir().unwrap();
    for (n, gives) in GIVES.iter().enumerate() {
        for (m, says) in SAYS.iter().enumerate() {
            if (*says, *gives) == (Says::ChargebackWon, Gives::Application) {
                continue;
            }
            let path = copy(&base, dir.path(), &format!("{n}-{m}.db"));
            let (mut ada, mut ben) = (open(&path, ADA), open(&path, BEN));
            say(&mut ada, *says).unwrap_or_else(|e| panic!("{says:?}: {e}"));
            assert!(both_sides(&give(&mut ada, *gives)), "{says:?} then {gives:?}");
            give(&mut ben, *gives).unwrap_or_else(|e| panic!("{says:?}, {gives:?} by ben: {e}"));
            crate::harness::book::daybook(&path, &["check"]).ends(0);

            let path = copy(&base, dir.path(), &format!("{n}-{m}-back.db"));
            let mut ada = open(&path, ADA);
            give(&mut ada, *gives).unwrap_or_else(|e| panic!("{gives:?}: {e}"));
            assert!(both_sides(&say(&mut ada, *says)), "{gives:?} then {says:?}");
            say(&mut open(&path, BEN), *says).unwrap_or_else(|e| panic!("{says:?} by ben: {e}"));
            crate::harness::book::daybook(&path, &["check"]).ends(0);
        }
    }
}

#[test]
fn after_the_window_the_other_side_is_open() {
    let book = book();
    say(&mut open(&book.path, ADA), Says::Recorded).unwrap();
    clock(&book.path, "2026-04-05T11:59");
    assert!(both_sides(&give(&mut open(&book.path, ADA), Gives::Memo)));
    clock(&book.path, "2026-04-06");
    give(&mut open(&book.path, ADA), Gives::Memo).unwrap();
    book.run(&["check"]).ends(0);
}

fn limit(path: &Path, amount: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute("INSERT OR REPLACE INTO setting VALUES ('four_eyes.above', ?1)", [amount])
        .unwrap();
}

fn memo_of(path: &Path, minor: i64) -> Command {
    Command::Adjust {
        document: number(path, "INV-4"),
        part: AdjustPart::Amount(minor),
        kind: AdjustKind::Credit,
        reason: "x".to_owned(),
    }
}

#[test]
fn a_day_of_one_person_on_one_account_is_summed_over_all_verbs() {
    let book = book();
    limit(&book.path, "5");
    let mut ada = open(&book.path, ADA);
    does(&mut ada, memo_of(&book.path, 300)).unwrap();
    let two = does(&mut ada, memo_of(&book.path, 299)).unwrap_err();
    assert_eq!(two.code(), "four_eyes");
    assert!(
        two.to_string()
            .contains("with 3.00 EUR of yours on this account in 24 hours it is above 5"),
        "{two}"
    );
    // Another verb of the same day counts with it; another account of its own.
    let paid = "SELECT min(id) FROM payment WHERE status = 'Approved' AND returned_minor = 0";
    let paid = PaymentId(one(&book.path, paid));
    let back = refund::refund(&mut ada, paid, Some(201), "x").map(drop).unwrap_err();
    assert_eq!(back.code(), "four_eyes");
    refund::refund(&mut ada, paid, Some(200), "x").unwrap();
    // What somebody else confirmed is not done alone, and not theirs alone either.
    let mut ben = open(&book.path, BEN);
    does(&mut ben, memo_of(&book.path, 299)).unwrap();
    does(&mut ben, memo_of(&book.path, 300)).unwrap();
    clock(&book.path, "2026-01-06T11:59");
    assert!(does(&mut ada, memo_of(&book.path, 1)).is_err());
    clock(&book.path, "2026-01-06T12:00");
    does(&mut ada, memo_of(&book.path, 1)).unwrap();
    book.run(&["check"]).ends(0);
}

#[test]
fn drafts_posted_in_one_go_are_summed_too() {
    let book = book();
    limit(&book.path, "10");
    let mut ada = open(&book.path, ADA);
    for _ in 0..3 {
        does(&mut ada, by_hand(DocumentKind::Invoice, vec![line(6)])).unwrap();
    }
    // A credit hidden on an invoice weighs what it gives.
    does(&mut ada, by_hand(DocumentKind::Invoice, vec![line(12), line(-11)])).unwrap();
    let ids: Vec<i64> = {
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        let sql = "SELECT id FROM document WHERE status = 'Draft' AND kind = 'invoice' ORDER BY id";
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |r| r.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let why = post(&mut ada, &ids, None).unwrap_err().to_string();
    assert!(
        why.starts_with("with 6.00 EUR of yours on this account in 24 hours above 10"),
        "{why}"
    );
    let posted = "SELECT count(*) FROM document WHERE source = 'hand' AND status = 'Posted' AND kind = 'invoice'";
    assert_eq!(one(&book.path, posted), 1);
    let mut ben = open(&book.path, BEN);
    let why = post(&mut ben, &ids[3..], None).unwrap_err().to_string();
    assert!(why.starts_with("above 10: somebody else must accept"), "{why}");
    book.run(&["check"]).ends(0);
}

#[test]
fn an_accepted_draft_under_another_date_was_not_accepted() {
    let book = book();
    let draft = one(&book.path, "SELECT max(id) FROM document WHERE status = 'Draft'");
    let pick = Pick { id: DocumentId(draft), version: 0 };
    let accept = Command::Accept { drafts: vec![pick], reason: String::new() };
    does(&mut open(&book.path, BEN), accept.clone()).unwrap();
    for (key, value) in [("post.require_review", "all"), ("four_eyes.above", "0.50")] {
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        conn.execute(
            "DELETE FROM setting WHERE key IN ('post.require_review', 'four_eyes.above')",
            [],
        )
        .unwrap();
        conn.execute("INSERT INTO setting VALUES (?1, ?2)", [key, value]).unwrap();
        let why = post(&mut open(&book.path, ADA), &[draft], Some("2026-01-20")).unwrap_err();
        let why = why.to_string();
        assert!(
            why.contains("accepted under 2026-01-05, and another invoice date is a change"),
            "{why}"
        );
    }
    post(&mut open(&book.path, ADA), &[draft], None).unwrap();
    book.run(&["check"]).ends(0);
}

#[test]
fn who_asks_is_as_much_on_a_side_as_who_confirms() {
    let book = book();
    limit(&book.path, "5");
    let mut ada = open(&book.path, ADA);
    assert!(does(&mut ada, memo_of(&book.path, 600)).is_err());
    say(&mut ada, Says::Recorded).unwrap();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    // As if nothing had changed since: the request still stands.
    conn.execute(
        "UPDATE four_eyes SET object_state = (SELECT s.balance_minor || '/0/0' FROM document_state s
            JOIN document d ON d.id = s.document_id WHERE d.number = 'INV-4')",
        [],
    )
    .unwrap();
    let refused = does(&mut open(&book.path, BEN), memo_of(&book.path, 600)).unwrap_err();
    assert_eq!(refused.code(), "separation_of_duties", "{refused}");
    assert!(refused.to_string().starts_with("ada recorded a payment"), "{refused}");
}

/// A book of the version before knows from its audit trail who did what.
#[test]
fn an_older_book_remembers_who_recorded_what() {
    let book = book();
    say(&mut open(&book.path, ADA), Says::Recorded).unwrap();
    give(&mut open(&book.path, BEN), Gives::Memo).unwrap();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    drop(conn);
    book.of_schema(5);
    assert!(both_sides(&give(&mut open(&book.path, ADA), Gives::Memo)));
    assert!(both_sides(&say(&mut open(&book.path, BEN), Says::Recorded)));
    book.run(&["check"]).ends(0);
}
