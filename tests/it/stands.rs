//! What stands still or waits for a word: a print batch that is asked about first, mail that was canceled,
//! copies that bounced; and deeds as undo and the log name them, one of many slices as one.

use crate::growth::Grown;
use crate::harness::book::Book;
use crate::harness::delivery;
use crate::harness::desk::{Desk, work};
use daybook::domain::actor::Verb;
use daybook::domain::agency::NewCase;
use daybook::domain::dispute::{DisputeState, GivenDispute};
use daybook::domain::ids::{BillRunId, DocumentId, PlanId};
use daybook::domain::instalment::{Every, NewPlan, Parts, Which};
use daybook::domain::job::Pick;
use daybook::engine::answer::ask;
use daybook::engine::collect::{agency, dispute, follow_up, instalments};
use daybook::engine::command::{Command, RunRef, Steer};
use daybook::engine::deliver::copies::When;
use daybook::engine::deliver::make;
use daybook::engine::query::{Ahead, Answer, Query};
use daybook::engine::{Error, Session, Slices, perform, post};
use daybook::store::StoreError;
use daybook::store::read::{self, Filter, ListArgs, Seek, Sort};

fn copies(desk: &Desk, filter: &str) -> i64 {
    let filter = Filter::parse(filter).unwrap();
    desk.session.read(|db| Ok(read::deliveries::totals(db, &filter).unwrap().count)).unwrap()
}

fn jobs(book: &Book, which: &str) -> i64 {
    book.count(&format!("SELECT count(*) FROM job WHERE kind = 'deliver' AND {which}"))
}

#[test]
fn a_print_batch_asks_with_its_figures_before_it_is_written() {
    let book = delivery::posted(&[]);
    for (width, height) in [(80, 24), (60, 15)] {
        let mut desk = Desk::at(&book.path, width, height);
        desk.press("4p<C-s>").shows("Nothing is queued to print.");
        desk.press("y");
    }
    book.run(&["deliver", "--detach"]);
    let mut desk = Desk::at(&book.path, 60, 15);
    // A copy of a document that was corrected since is held, not written.
    book.run(&["adjust", "INV-2026-000003", "--amount", "1.00", "--reason", "dented"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("UPDATE delivery SET status = 'Queued' WHERE status = 'Held'", []).unwrap();
    let queued = copies(&desk, "channel:print status:queued");
    desk.press("4p<C-s>").shows("1 document of 1 account: 10.00 EUR");
    desk.shows("held, corrected since they were queued: 1");
    let Ok(Answer::Print(ahead)) = ask(&desk.session, &Ahead::Print.into()) else { panic!() };
    desk.press("<Enter>");
    assert_eq!(copies(&desk, "status:written"), 0, "Enter alone writes nothing");
    desk.press("<C-s>y");
    assert_eq!(copies(&desk, "status:written"), ahead.documents, "{ahead:?} of {queued}");
}

#[test]
fn mail_that_was_canceled_stands_still_until_it_is_started() {
    let book = delivery::posted(&[]);
    let mut desk = Desk::at(&book.path, 100, 30);
    desk.press("4cy<Esc>");
    let queued = copies(&desk, "channel:email status:queued");
    assert!(queued > 2);
    desk.press("/status:queued channel:email<Enter>R").shows("recalled INV-2026-00000");
    desk.press("6/status:waiting<Enter>C").shows("until S on 4");
    desk.press("y").shows("canceled; mail stands still: S on 4 Delivery starts it");
    desk.press("u").shows("mail stands still until S on 4 Delivery starts it");
    desk.press("<Esc>6/status:canceled<Enter>");
    desk.shows("mail stands still: S on 4 Delivery starts it");
    desk.press("1").shows("mail stands still: S on 4, ").shows(" copies queued");
    // What is queued meanwhile waits with the rest, and says so before and after.
    desk.press("4/status:recalled<Enter>r").shows("mail stands still: S on 4 Delivery starts it");
    desk.press("y").shows("queued again INV-2026-00000").shows("mail stands still");
    assert_eq!(jobs(&book, "state <> 'Canceled'"), 0);
    assert_eq!(copies(&desk, "status:sent"), 0);
    // Of paper nothing is said of mail, until it goes by e-mail.
    desk.press("4/channel:print status:queued<Enter>R").press("/status:recalled<Enter>r");
    assert!(!desk.picture().contains("stands still"), "{}", desk.picture());
    desk.press("y").shows("queued again INV-2026-00000");
    assert!(!desk.picture().contains("stands still"), "{}", desk.picture());
    desk.press("/channel:print account:A3<Enter>Ce")
        .shows("changed to email INV-2026-00000")
        .shows("mail stands still");
    // S begins it, with what it releases; the rest has its time.
    desk.press("4/status:queued channel:email<Enter>S").shows("this starts it");
    desk.press("y");
    assert_eq!(jobs(&book, "state = 'Waiting'"), 1);
    assert_eq!(copies(&desk, "status:sent"), 1);
    assert_eq!(copies(&desk, "channel:email status:queued"), queued);
    desk.press("1");
    assert!(!desk.picture().contains("stands still"), "{}", desk.picture());
    book.is_sound();
}

#[test]
fn paper_that_waits_is_no_mail_that_stands_still() {
    let book = delivery::posted(&[]);
    book.run(&["deliver", "--send-now"]);
    let mut desk = Desk::at(&book.path, 100, 30);
    assert_eq!(copies(&desk, "status:queued"), copies(&desk, "channel:print status:queued"));
    desk.press("1").shows("2 copies queued");
    assert!(!desk.picture().contains("stands still"), "{}", desk.picture());
}

#[test]
fn mail_that_is_paused_or_of_two_jobs_is_not_sent_by_another_one() {
    let book = delivery::posted(&[]);
    let mut desk = Desk::at(&book.path, 100, 30);
    desk.press("4cy<Esc>")
        .press("/status:queued channel:email<Enter>R")
        .press("6p")
        .shows("paused");
    desk.press("4/status:recalled<Enter>r").shows("mail is paused: p on 6 Jobs");
    desk.press("y").shows("mail is paused");
    desk.press("4/status:queued channel:email<Enter>Sy").shows("mail is paused");
    assert_eq!((jobs(&book, "state = 'Paused'"), jobs(&book, "1")), (1, 1));
    assert_eq!(copies(&desk, "status:sent"), 0);
    // Of two jobs both are steered: the other would send what this one leaves.
    let job = |tx: &daybook::store::Tx<'_>| {
        let spec = daybook::domain::job::JobSpec::Deliver;
        Ok::<_, Error>(daybook::store::job::insert(tx, &spec, "mail", 0)?)
    };
    desk.session.write(Verb::Deliver, job).unwrap();
    desk.press("6gCy");
    assert_eq!(jobs(&book, "state <> 'Canceled'"), 0);
    // The command line says it too, and starts it when that is asked for.
    let said = book.run(&["deliver", "--resend", "all", "--detach"]);
    assert!(said.out.contains("mail stands still"), "{}", said.out);
    book.run(&["deliver", "--send-now"]);
    assert!(copies(&desk, "status:sent") > 2);
}

#[test]
fn what_is_queued_by_itself_while_mail_stands_still_is_a_notice_until_it_goes() {
    let book = delivery::posted(&[]);
    let mut desk = Desk::at(&book.path, 100, 30);
    let job = |tx: &daybook::store::Tx<'_>| {
        let spec = daybook::domain::job::JobSpec::Deliver;
        Ok::<_, Error>(daybook::store::job::insert(tx, &spec, "mail", 0)?)
    };
    desk.session.write(Verb::Deliver, job).unwrap();
    let told = || {
        book.count(
            "SELECT count(*) FROM notice WHERE done_at IS NULL
             AND text = 'e-mail is queued, and mail stands still: S on 4 Delivery starts it'",
        )
    };
    desk.press("6Cy");
    desk.session
        .by_itself(|session| make::make(session, None, When::AfterHold))
        .map(|made| assert!(made.job.is_none() && made.queued[0] > 0, "{made:?}"))
        .unwrap();
    assert_eq!((told(), jobs(&book, "state <> 'Canceled'")), (1, 0));
    desk.press("4/status:queued channel:email<Enter>Sy");
    assert_eq!(told(), 0);
}

#[test]
fn what_bounced_is_named_with_its_key_when_the_address_is_corrected() {
    let book = delivery::posted(&[]);
    book.run(&["deliver", "--send-now"]);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let bounce = "UPDATE delivery SET status = 'Bounced' WHERE address = 'free@rider.example'";
    assert_eq!(conn.execute(bounce, []).unwrap(), 1);
    let mut desk = Desk::at(&book.path, 100, 30);
    desk.press("4/status:bounced<Enter>e<C-u>new@rider.example<C-s>");
    desk.shows("what bounced: r on 4 Delivery").shows("sends it there");
    desk.press("r").shows("to new@rider.example by email; it was");
    desk.press("y");
    assert_eq!(book.count("SELECT count(*) FROM delivery WHERE address = 'new@rider.example'"), 1);
    // With nothing that bounced there is nothing to say of it.
    desk.press("8/A1<Enter>e<C-u>one@mueller.example<C-s>").shows("e corrects it again");
}

/// The rows of Log with these words, newest first, and how many rows it has and says it has.
fn log(session: &Session, words: &str) -> (Vec<String>, usize, i64) {
    let all = ListArgs {
        filter: Filter::default(),
        sort: Sort::Newest.into(),
        seek: Seek::First,
        limit: 10_000,
    };
    let (rows, said) = session
        .read(|db| {
            let rows = read::log::page(db, &all).unwrap().rows;
            Ok((rows, read::log::totals(db, &all.filter).unwrap().count))
        })
        .unwrap();
    let n = rows.len();
    (rows.into_iter().map(|r| r.summary).filter(|s| s.contains(words)).collect(), n, said)
}

fn last(session: &Session) -> (String, String) {
    match ask(session, &Query::LastDeed(None).into()) {
        Ok(Answer::LastDeed(Some(deed))) => (deed.words, deed.counter),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_deed_in_slices_is_one_deed_to_undo_and_one_line_of_the_log() {
    let mut grown = Grown::new(410);
    let run = grown.bill("bill", "2026-02-01");
    let session = &mut grown.session;
    post::posting::start(session, &post::posting::What::Run(run), None).unwrap();
    work(session);
    let queue = || Command::MakeDeliveries { run: None };
    perform::perform(session, "once", queue()).unwrap();
    let raw = rusqlite::Connection::open(session.store.path()).unwrap();
    let slices = "SELECT count(*) FROM operation WHERE summary LIKE '%copies queued'";
    assert_eq!(raw.query_row(slices, [], |r| r.get(0)), Ok(3));
    let (lines, rows, said) = log(session, "copies queued");
    assert_eq!(lines, ["410 copies queued"]);
    assert_eq!(rows as i64, said);
    assert_eq!(last(session).0, "deliveries: 410 copies queued");
    // What was before it is the posting, and no slice of it.
    let Ok(Answer::LastDeed(Some(deed))) = ask(session, &Query::LastDeed(None).into()) else {
        panic!()
    };
    let before =
        |db: &daybook::store::Db<'_>| daybook::store::undo::newest(db, session.actor.uid, deed.seq);
    assert_eq!(session.read(before).unwrap().map(|step| step.verb), Some(Verb::Post));
    // A filter finds the line by its last words, not by those of a slice.
    let found = |text: &str| {
        let filter = Filter::parse(text).unwrap();
        session.read(|db| Ok(read::log::totals(db, &filter).unwrap().count)).unwrap()
    };
    assert_eq!((found("410 copies"), found("200 copies")), (1, 0));
    // A second send of the same command is known by its first slice.
    let again = perform::perform(session, "once", queue());
    assert!(matches!(again, Err(Error::Store(StoreError::AlreadyDone(_)))), "{again:?}");
}

#[test]
fn what_is_said_of_many_drafts_is_written_in_slices_and_is_one_step_to_undo() {
    let mut grown = Grown::new(1_210);
    grown.bill("bill", "2026-02-01");
    let session = &mut grown.session;
    let raw = rusqlite::Connection::open(session.store.path()).unwrap();
    let count = |sql: &str| raw.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    let accepted = || {
        count("SELECT count(*) FROM document_state WHERE status = 'Draft' AND review = 'accepted'")
    };
    let all = count("SELECT count(*) FROM document WHERE status = 'Draft'");
    assert_eq!(all, 1_210);
    let drafts: Vec<Pick> = (1..=all).map(|n| Pick::whichever(DocumentId(n))).collect();
    let accept = Command::Accept { drafts, reason: String::new() };
    session.store.watch_locks();
    let receipt = perform::perform(session, "all", accept).unwrap();
    assert_eq!((receipt.done, receipt.summary.as_str()), (1_210, "accepted 1,210"));
    assert_eq!(session.store.locks().len(), 3, "others get at the book in between");
    assert_eq!(accepted(), all);
    let (lines, rows, said) = log(session, "accepted");
    assert_eq!(lines, ["accepted 1,210 drafts"]);
    assert_eq!(rows as i64, said);
    // One of the first slice is changed since: the rest goes back, in slices and as one step.
    let other = "UPDATE document_state SET reviewed_by = 'jon' WHERE document_id = 7";
    assert_eq!(raw.execute(other, []).unwrap(), 1);
    let undo = |session: &mut Session, op: &str| {
        let receipt = perform::perform(session, op, Command::Undo { deed: None }).unwrap();
        (receipt.done, receipt.refused.len(), receipt.summary)
    };
    let words = "undone: D-000001 +1209 accepted 1,210 drafts, 1,209 of them".to_owned();
    assert_eq!(undo(session, "back"), (1_209, 1, words));
    assert_eq!(accepted(), 1);
    assert_ne!(last(session).0, "accept D-000001 +1209: accepted 1,210 drafts");
    let receipt = perform::perform(session, "again", Command::Redo).unwrap();
    assert_eq!((receipt.done, receipt.refused.len(), accepted()), (1_209, 0, all));
    // Broken off between two slices of an undo, it is still one step, of what is left.
    let first = "UPDATE undo SET state = 'undone', undone_seq = op_seq WHERE document_id <= 500";
    let draft = "UPDATE document_state SET review = 'none', reviewed_by = NULL,
        reviewed_version = NULL, reviewed_at = NULL WHERE document_id <= 500";
    raw.execute(first, []).unwrap();
    raw.execute(draft, []).unwrap();
    assert_eq!(undo(session, "the rest").0, 710);
    assert_eq!(accepted(), 0);
}

#[test]
fn slices_that_wrote_nothing_leave_the_chain_whole() {
    let mut desk = Desk::open(80, 24);
    let mut deed = Slices::default();
    let mut slice = |session: &mut Session, quiet: bool, words: &str| {
        session
            .write_on(&mut deed, Verb::Deliver, |tx| {
                tx.quiet_if(quiet);
                tx.note("deliveries", words);
                Ok(())
            })
            .unwrap();
    };
    for (quiet, words) in [(true, "0"), (false, "1"), (true, "1 and"), (false, "2 in slices")] {
        slice(&mut desk.session, quiet, words);
    }
    assert_eq!(log(&desk.session, "in slices").0, ["2 in slices"]);
    let (_, rows, said) = log(&desk.session, "");
    assert_eq!(rows as i64, said);
    assert_eq!(last(&desk.session).0, "deliveries: 2 in slices");
    let verified = desk.session.read(daybook::store::operation::verify).unwrap();
    assert_eq!(verified.0, Vec::<i64>::new());
}

#[test]
fn what_counters_a_deed_names_the_thing_itself() {
    let mut grown = Grown::new(2);
    let session = &mut grown.session;
    let new = daybook::engine::command::NewBillRun {
        target_on: "2026-02-01".parse().unwrap(),
        invoice_on: None,
        accounts: daybook::engine::command::AccountFilter::default(),
        exclude: Vec::new(),
        auto_renew: true,
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
        confirmed: true,
    };
    let steer = |want| Command::SteerRun { run: RunRef::Bill(BillRunId(1)), want };
    perform::perform(session, "run", Command::StartBillRun(new)).unwrap();
    perform::perform(session, "pause", steer(Steer::Pause)).unwrap();
    assert!(last(session).1.ends_with("daybook run resume BR-000001"), "{}", last(session).1);
    perform::perform(session, "resume", steer(Steer::Resume)).unwrap();
    assert!(last(session).1.ends_with("daybook run pause BR-000001"), "{}", last(session).1);
    work(session);
    let run = post::posting::What::Run(BillRunId(1));
    post::posting::start(session, &run, None).unwrap();
    work(session);
    let invoice = DocumentId(1);
    let number = session.read(|db| daybook::store::debt::get(db, invoice)).unwrap().number;
    for (on, other) in [(false, "on"), (true, "off")] {
        follow_up::auto_pay(session, invoice, on).unwrap();
        let line = format!("daybook payment auto-pay {number} {other}");
        assert!(last(session).1.ends_with(&line), "{}", last(session).1);
    }
    follow_up::promise(session, invoice, None, "2026-04-20".parse().unwrap()).unwrap();
    let line = format!("daybook payment promise {number} --withdraw");
    assert!(last(session).1.ends_with(&line), "{}", last(session).1);
    dispute::open(session, invoice, &GivenDispute::because("price")).unwrap();
    let line = format!("daybook payment dispute {number} --end withdrawn");
    assert!(last(session).1.ends_with(&line), "{}", last(session).1);
    dispute::end(session, invoice, DisputeState::Withdrawn, "").unwrap();
    assert!(last(session).1.contains("note the dispute again"), "{}", last(session).1);
    let debt = session.read(|db| daybook::store::debt::get(db, invoice)).unwrap();
    let plan = NewPlan {
        account: debt.account,
        currency: debt.currency,
        of: Which::These(vec![invoice]),
        first: "2026-04-20".parse().unwrap(),
        every: Every::Months(1),
        parts: Parts::Equal(2),
    };
    let made = instalments::make(session, &plan).unwrap().made;
    assert!(last(session).1.ends_with("daybook instalments end PLAN --reason T"));
    instalments::end(session, PlanId::parse(&made).unwrap(), "paid at once").unwrap();
    assert!(last(session).1.contains("agree the instalments anew"), "{}", last(session).1);
    let (agency, reference) = ("X".to_owned(), String::new());
    let new = NewCase { account: debt.account, of: Which::Open, agency, reference };
    agency::hand_over(session, &new).unwrap();
    assert!(last(session).1.contains("daybook agency end CASE"), "{}", last(session).1);
}
