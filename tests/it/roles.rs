//! Who may do what, cell by cell: every verb asked of the engine by every role, and the separation
//! of duties beside the table.

use crate::harness::collect::owing;
use crate::harness::desk::demo_book;
use daybook::domain::actor::{Actor, Role, Verb};
use daybook::domain::agency::NewCase;
use daybook::domain::ids::{AccountId, BillRunId, DeliveryId, DocumentId, PaymentId, ScheduleId};
use daybook::domain::instalment::Which;
use daybook::domain::money::Currency;
use daybook::domain::month::Month;
use daybook::engine::care::settings;
use daybook::engine::closing;
use daybook::engine::collect::{refund, remind};
use daybook::engine::command::{
    AccountFilter, AdjustKind, AdjustPart, ClaimDeed, Command, DraftChange, NewBillRun,
    NewPaymentRun, OutsidePayment, Pick, Receipt, Reissue, RunRef, ScheduleStep, Steer,
};
use daybook::engine::guard::roles;
use daybook::engine::on_its_way::Sure;
use daybook::engine::{Error, Session, import, perform};
use daybook::store::{Store, StoreError};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// The table as the product promises it, written out once more: all roles that may.
fn may(verb: Verb) -> &'static [Role] {
    use Role::{Admin, Biller, Cashier, Clerk, Controller};
    match verb {
        Verb::Import
        | Verb::Claim
        | Verb::Accept
        | Verb::Hold
        | Verb::Edit
        | Verb::Regenerate
        | Verb::CancelDraft
        | Verb::Undo
        | Verb::Deliver => &[Clerk, Biller],
        Verb::Bill
        | Verb::CancelRun
        | Verb::Post
        | Verb::ImportOpenItems
        | Verb::Adjust
        | Verb::Reverse
        | Verb::Reissue
        | Verb::Schedule => &[Biller],
        Verb::Collect
        | Verb::Retry
        | Verb::Reconcile
        | Verb::OutsidePayment
        | Verb::FollowUp
        | Verb::ImportMethods
        | Verb::Remind => &[Cashier],
        Verb::WriteOff | Verb::Refund | Verb::HandOver | Verb::Period => &[Controller],
        Verb::Init | Verb::Settings | Verb::Convert | Verb::Roles => &[Admin],
        Verb::Housekeeping => Role::ALL,
    }
}

/// A copy of the demo book in which user 7 has one role, and user 8 is admin.
fn book(role: Option<Role>, dir: &Path) -> PathBuf {
    let path = dir.join("book.db");
    Store::open(demo_book()).unwrap().backup_to(&path).unwrap();
    let mut session = Session::open(&path, daybook::cli::actor()).unwrap();
    // A failed invoice that can be retried.
    for (name, text) in [
        ("accounts.csv", "account_number,name,currency,auto_pay\nR1,Rae,EUR,true\n"),
        ("methods.csv", "account_number,token,kind,display\nR1,decline:05,card,visa\n"),
        (
            "items.csv",
            "document_number,account_number,kind,date,due_date,total,tax,balance\n\
             R-1,R1,invoice,2026-11-15,2026-11-20,10.00,0.00,10.00\n",
        ),
    ] {
        import_text(&mut session, name, text).unwrap();
    }
    let target_on = session.now().unwrap().today;
    let run = NewPaymentRun { target_on, account: "R1".to_owned(), ..NewPaymentRun::default() };
    perform::perform(&mut session, "R1", Command::StartPaymentRun(run)).unwrap();
    let ports = daybook::worker::ports().unwrap();
    daybook::worker::work(&mut session, &ports, &AtomicBool::new(false)).unwrap();
    // Everybody has something of their own to take back.
    attempt(&mut session, Verb::Edit).unwrap();
    roles::grant(&mut session, 8, Role::Admin).unwrap();
    // Theirs from when they were a clerk.
    roles::grant(&mut session, 7, Role::Clerk).unwrap();
    let mut theirs = Session::open(&path, user(7)).unwrap();
    attempt(&mut theirs, Verb::Edit).unwrap();
    let mut admin = Session::open(&path, user(8)).unwrap();
    roles::revoke(&mut admin, 7, Role::Clerk).unwrap();
    if let Some(role) = role {
        roles::grant(&mut admin, 7, role).unwrap();
    }
    path
}

fn user(uid: u32) -> Actor {
    Actor { uid, name: format!("user {uid}") }
}

/// One id out of the book.
fn one(session: &Session, sql: &str) -> i64 {
    let conn = rusqlite::Connection::open(session.store.path()).unwrap();
    conn.query_row(sql, [], |r| r.get(0)).unwrap_or_else(|e| panic!("{e}: {sql}"))
}

const DRAFT: &str = "SELECT document_id FROM document_state WHERE status = 'Draft' LIMIT 1";
const OWED: &str =
    "SELECT s.document_id FROM document_state s JOIN document d ON d.id = s.document_id
    WHERE s.status = 'Posted' AND d.kind = 'invoice' AND s.balance_minor > 0 LIMIT 1";

const FAILED: &str = "SELECT p.id FROM payment p JOIN allocation l ON l.payment_id = p.id
    JOIN document_state s ON s.document_id = l.document_id
    WHERE p.status = 'Declined' AND s.balance_minor > 0 ORDER BY p.id DESC LIMIT 1";

fn import_text(session: &mut Session, name: &str, text: &str) -> Result<(), Error> {
    let options = import::Options::default();
    let files = vec![(name.to_owned(), text.as_bytes().to_vec())];
    import::import_texts(session, files, &options).map(drop)
}

fn pick(session: &Session) -> Pick {
    let id = one(session, DRAFT);
    let sql = format!("SELECT version FROM document WHERE id = {id}");
    Pick { id: DocumentId(id), version: one(session, &sql) }
}

fn invoice(session: &Session) -> DocumentId {
    DocumentId(one(session, OWED))
}

fn outside(session: &Session, document: DocumentId) -> OutsidePayment {
    let sql = format!("SELECT account_id FROM document WHERE id = {}", document.0);
    let conn = rusqlite::Connection::open(session.store.path()).unwrap();
    let currency = format!("SELECT currency FROM document WHERE id = {}", document.0);
    let currency: String = conn.query_row(&currency, [], |r| r.get(0)).unwrap();
    OutsidePayment {
        account: AccountId(one(session, &sql)),
        documents: vec![document],
        amount: Currency::parse(&currency).unwrap().amount(1),
        received_on: session.now().unwrap().today,
        reference: "wire".to_owned(),
    }
}

/// The verb as a command of the console, where it is one.
fn command(session: &Session, verb: Verb) -> Option<Command> {
    let (reason, drafts) = ("because".to_owned(), || vec![pick(session)]);
    Some(match verb {
        Verb::Claim => Command::Claim(ClaimDeed::Drafts(drafts())),
        Verb::Accept => Command::Accept { drafts: drafts(), reason },
        Verb::Hold => Command::Hold { drafts: drafts(), reason, owner: String::new(), until: None },
        Verb::Edit => Command::Edit {
            draft: pick(session),
            changes: vec![DraftChange::Note("hello".to_owned())],
            reason,
        },
        Verb::Regenerate => Command::Regenerate { drafts: drafts() },
        Verb::CancelDraft => Command::CancelDrafts { drafts: drafts(), reason },
        Verb::Undo => Command::Undo { deed: None },
        Verb::Post => Command::Post { drafts: drafts(), invoice_on: None },
        Verb::Adjust => Command::Adjust {
            document: invoice(session),
            part: AdjustPart::Whole,
            kind: AdjustKind::Credit,
            reason,
        },
        Verb::Reverse => Command::Reverse { document: invoice(session), reason },
        Verb::Reissue => Command::Reissue(Reissue::new(invoice(session), &reason)),
        Verb::WriteOff => Command::WriteOff { document: invoice(session), reason },
        Verb::Bill => Command::StartBillRun(NewBillRun {
            target_on: session.now().unwrap().today,
            invoice_on: None,
            accounts: AccountFilter::default(),
            exclude: Vec::new(),
            auto_renew: true,
            auto_post: false,
            auto_email: false,
            skip_zero_email: false,
            confirmed: false,
        }),
        Verb::CancelRun => {
            let run = BillRunId(one(session, "SELECT max(id) FROM bill_run"));
            Command::SteerRun { run: RunRef::Bill(run), want: Steer::Cancel }
        }
        Verb::Deliver => Command::Recall {
            deliveries: vec![DeliveryId(one(session, "SELECT max(id) FROM delivery"))],
        },
        Verb::Collect => {
            let target_on = session.now().unwrap().today;
            Command::StartPaymentRun(NewPaymentRun { target_on, ..NewPaymentRun::default() })
        }
        Verb::Retry => Command::RetryPayments { payments: vec![PaymentId(one(session, FAILED))] },
        Verb::Reconcile => Command::Reconcile { payments: Vec::new() },
        Verb::OutsidePayment => Command::RecordPayment(outside(session, invoice(session))),
        Verb::FollowUp => Command::AutoPay { document: invoice(session), on: false },
        Verb::HandOver => {
            let account = outside(session, invoice(session)).account;
            let (agency, reference) = ("Example Collect".to_owned(), String::new());
            Command::HandToAgency(NewCase { account, of: Which::Open, agency, reference })
        }
        Verb::Schedule => {
            Command::SteerSchedule { schedule: ScheduleId(1), step: ScheduleStep::End }
        }
        Verb::Housekeeping => Command::DismissNotices,
        Verb::Init
        | Verb::Import
        | Verb::ImportMethods
        | Verb::ImportOpenItems
        | Verb::Refund
        | Verb::Remind
        | Verb::Period
        | Verb::Settings
        | Verb::Convert
        | Verb::Roles => return None,
    })
}

fn attempt(session: &mut Session, verb: Verb) -> Result<Receipt, Error> {
    if let Some(command) = command(session, verb) {
        return perform::perform(session, &format!("{verb} by {}", session.actor.uid), command);
    }
    match verb {
        Verb::Import => {
            let file = "account_number,name,currency\nNEW-1,New,EUR\n";
            import_text(session, "accounts.csv", file)
        }
        Verb::ImportMethods => {
            let file = "account_number,token,kind,display\nR1,ok,card,visa\n";
            import_text(session, "payment_methods.csv", file)
        }
        Verb::ImportOpenItems => {
            let file = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
                        R-9,R1,credit_memo,2026-11-15,2026-11-20,1.00,0.00,1.00\n";
            import_text(session, "open_items.csv", file)
        }
        Verb::Refund => {
            let paid =
                "SELECT id FROM payment WHERE status = 'Approved' AND returned_minor = 0 LIMIT 1";
            let id = PaymentId(one(session, paid));
            refund::refund(session, id, Some(1), "because").map(drop)
        }
        Verb::Remind => remind::remind(session, false).map(drop),
        Verb::Settings => settings::set(session, "issuer.name", "Somebody"),
        Verb::Period => {
            let month = Month::parse("2026-11").unwrap();
            closing::lock(session, month, Sure::Yes)
        }
        Verb::Roles => roles::grant(session, 9, Role::Viewer).map(drop),
        other => session.write(other, |tx| {
            tx.note("book", "tried");
            Ok(())
        }),
    }
    .map(|()| Receipt::default())
}

/// Whether the engine let the role do it. Other refusals come after the role was looked at.
fn allowed(session: &mut Session, verb: Verb) -> bool {
    match attempt(session, verb) {
        Err(Error::Store(StoreError::Forbidden { .. })) => false,
        Ok(receipt) => !receipt.refused.iter().any(|r| r.reason.contains("may not")),
        Err(_) => true,
    }
}

#[test]
fn every_cell_of_the_table_is_what_the_engine_does() {
    let mut wrong = Vec::new();
    for role in Role::ALL.iter().filter(|r| **r != Role::Everything) {
        let dir = tempfile::tempdir().unwrap();
        let base = Store::open(&book(Some(*role), dir.path())).unwrap();
        for (i, verb) in Verb::ALL.iter().enumerate() {
            let path = dir.path().join(format!("{i}.db"));
            base.backup_to(&path).unwrap();
            let mut session = Session::open(&path, user(7)).unwrap();
            let expected = may(*verb).contains(role);
            if allowed(&mut session, *verb) != expected {
                wrong.push(format!("{role} and {verb}: should be {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn somebody_unknown_may_look_and_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = book(None, dir.path());
    let mut session = Session::open(&path, user(7)).unwrap();
    for verb in Verb::ALL.iter().filter(|v| **v != Verb::Housekeeping) {
        assert!(!allowed(&mut session, *verb), "{verb}");
    }
    assert!(daybook::engine::care::status::status(&session).is_ok());
}

#[test]
fn the_creator_does_everything_right_by_right_until_somebody_else_may() {
    let dir = tempfile::tempdir().unwrap();
    let fresh = dir.path().join("fresh.db");
    Store::open(demo_book()).unwrap().backup_to(&fresh).unwrap();
    let mut session = Session::open(&fresh, daybook::cli::actor()).unwrap();
    for verb in [Verb::Edit, Verb::Collect, Verb::WriteOff, Verb::Refund, Verb::Settings] {
        assert!(allowed(&mut session, verb), "{verb}");
    }
    // One more admin takes nothing from whoever bills; each further role takes just its own.
    let path = book(None, dir.path());
    let mut session = Session::open(&path, daybook::cli::actor()).unwrap();
    let mut given = vec![Role::Admin];
    let held = |session: &mut Session, given: &[Role]| {
        let base = Store::open(&path).unwrap();
        for (i, verb) in Verb::ALL.iter().enumerate() {
            let copy = dir.path().join(format!("{}-{i}.db", given.len()));
            base.backup_to(&copy).unwrap();
            let mut session = Session::open(&copy, session.actor.clone()).unwrap();
            let theirs = may(*verb);
            let admins = theirs.contains(&Role::Admin);
            let expected = admins || !given.iter().any(|role| theirs.contains(role));
            assert_eq!(allowed(&mut session, *verb), expected, "{verb} with {given:?}");
        }
    };
    held(&mut session, &given);
    for role in [Role::Clerk, Role::Cashier, Role::Controller, Role::Biller] {
        let change = roles::grant(&mut session, 7, role).unwrap();
        assert!(!change.lost.is_empty() && !change.first, "{role}: {change:?}");
        given.push(role);
        held(&mut session, &given);
    }
    let back = roles::revoke(&mut session, 7, Role::Cashier).unwrap();
    assert!(back.regained.contains(&Verb::Collect), "{back:?}");
    assert!(allowed(&mut session, Verb::Collect) && !allowed(&mut session, Verb::Post));
    // A book is never without an admin.
    let uid = session.actor.uid;
    roles::revoke(&mut session, 8, Role::Admin).unwrap();
    assert!(roles::revoke(&mut session, uid, Role::Admin).is_err());
}

#[test]
fn the_first_grant_says_what_it_does_and_leaves_the_owner_at_work() {
    let book = owing(&["ok"]);
    let me = daybook::cli::actor();
    let said = book.run(&["role", "grant", "7", "biller", "--dry-run"]).ends(0);
    assert!(
        said.out.contains("no longer") && said.out.contains("nothing was changed"),
        "{}",
        said.out
    );
    assert_eq!(book.count("SELECT count(*) FROM role"), 0);
    // A viewer takes nothing from anybody.
    let said = book.run(&["role", "grant", "9", "viewer"]).ends(0);
    assert!(
        said.out.contains("keeps every right") && !said.out.contains("no longer"),
        "{}",
        said.out
    );
    book.run(&["collect", "--target", "2026-12-31"]).ends(0);
    book.run(&["settings", "set", "issuer.name", "Ann"]).ends(0);
    // Billing goes to somebody else, money stays.
    let said = book.run(&["role", "grant", "7", "biller"]).ends(0);
    assert!(
        said.out.contains(&format!("{} no longer: import, import open items, bill", me.name)),
        "{}",
        said.out
    );
    let refused = book.run(&["bill", "--target", "2026-12-31"]).ends(2);
    assert!(refused.err.contains("not allowed"), "{}", refused.err);
    book.run(&["collect", "--target", "2026-12-31"]).ends(0);
    let list = book.run(&["role", "list", "--json"]).ends(0).json();
    let mine = list.as_array().unwrap().iter().find(|r| r["role"] == "everything").unwrap();
    let rights: Vec<&str> =
        mine["rights"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert!(rights.contains(&"collect") && !rights.contains(&"bill"), "{rights:?}");
    // The last biller goes: billing is the owner's again.
    let said = book.run(&["role", "revoke", "7", "biller"]).ends(0);
    assert!(said.out.contains("nobody else may any more"), "{}", said.out);
    book.run(&["bill", "--target", "2026-12-31"]).ends(0);
    book.run(&["check"]).ends(0);
}

#[test]
fn who_records_payments_writes_nothing_off_on_the_same_account() {
    let book = owing(&["ok", "ok"]);
    let mut admin = Session::open(&book.path, daybook::cli::actor()).unwrap();
    for role in [Role::Cashier, Role::Controller, Role::Biller] {
        roles::grant(&mut admin, 7, role).unwrap();
    }
    roles::grant(&mut admin, 8, Role::Controller).unwrap();
    let documents = |n: i64| {
        let sql = format!("SELECT id FROM document WHERE number = 'INV-{n}'");
        DocumentId(book.count(&sql))
    };
    let both = |session: &mut Session, n: i64| -> Vec<bool> {
        let (document, reason) = (documents(n), "because".to_owned());
        let part = AdjustPart::Amount(1);
        let paid = format!(
            "SELECT coalesce(max(p.id), 0) FROM payment p JOIN document d ON d.account_id = p.account_id
             WHERE d.id = {}",
            document.0
        );
        let paid = PaymentId(book.count(&paid));
        let refused = |result: Result<(), Error>| {
            matches!(result, Err(Error::Usage { code: "separation_of_duties", .. }))
        };
        let memo = |kind| Command::Adjust { document, part, kind, reason: reason.clone() };
        vec![
            refused(refund::refund(session, paid, Some(1), "because").map(drop)),
            refused(perform::perform(session, "c", memo(AdjustKind::Credit)).map(drop)),
            refused(perform::perform(session, "d", memo(AdjustKind::Debit)).map(drop)),
            refused(
                perform::perform(session, "w", Command::WriteOff { document, reason }).map(drop),
            ),
        ]
    };
    let mut session = Session::open(&book.path, user(7)).unwrap();
    let money = outside(&session, documents(1));
    perform::perform(&mut session, "record", Command::RecordPayment(money)).unwrap();
    // On the account whose money they recorded: none of it. On another: all of it.
    assert_eq!(both(&mut session, 1), [true, true, true, true]);
    assert_eq!(both(&mut session, 2), [false, false, false, false]);
    // Somebody else may.
    let mut other = Session::open(&book.path, user(8)).unwrap();
    let write_off = Command::WriteOff { document: documents(1), reason: "gone".to_owned() };
    perform::perform(&mut other, "other", write_off).unwrap();
    book.run(&["check"]).ends(0);
}
