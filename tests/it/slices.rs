//! How runs divide their work, and what becomes of a slice that was read ahead when somebody else
//! writes before it is written.

use crate::harness::book::Book;
use daybook::domain::document::{DocumentStatus, Review};
use daybook::domain::ids::{BillRunId, DocumentId, JobId};
use daybook::engine::bill::run::BillRunner;
use daybook::engine::command::{AccountFilter, NewBillRun, Pick};
use daybook::engine::job::{Runner, Slice};
use daybook::engine::post::posting::{self, PostRunner, What};
use daybook::engine::review::verdict;
use daybook::engine::{Session, bill};
use daybook::store::{document, job};
use daybook::worker;

/// Accounts with much usage are billed a few at a time, so that nobody waits for all of it.
#[test]
fn much_usage_is_billed_in_more_slices_than_the_accounts_alone_need() {
    let book = Book::new("2026-02-01");
    let mut accounts = String::from("account_number,name,currency\n");
    let mut subscriptions = String::from("subscription_number,account_number,start_date\n");
    let mut charges = String::from(
        "charge_number,subscription_number,name,type,model,price,uom,billing_period\n",
    );
    let mut usage = String::from("ACCOUNT_ID,UOM,QTY,STARTDATE\n");
    for n in 1..=4 {
        accounts += &format!("A{n},Acme {n},EUR\n");
        subscriptions += &format!("S{n},A{n},2026-01-01\n");
        charges += &format!("C{n},S{n},Data,usage,per_unit,1,GB,month\n");
        // The third alone has more than a slice takes.
        for record in 0..if n == 3 { 9_000 } else { 3_000 } {
            usage += &format!("A{n},GB,{record},2026-01-{:02}\n", record % 28 + 1);
        }
    }
    book.import("accounts.csv", accounts, &[]);
    book.import("subscriptions.csv", subscriptions, &[]);
    book.import("charges.csv", charges, &[]);
    book.import("usage.csv", usage, &["--allow-repeats"]);
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    assert_eq!(book.count("SELECT count(*) FROM document"), 4);
    assert_eq!(book.count("SELECT count(*) FROM usage_claim"), 18_000);
    // The start and the end of the run, and three slices: two accounts, the large one, the last.
    assert_eq!(book.count("SELECT count(*) FROM operation WHERE verb = 'bill'"), 5);
    book.run(&["check"]).ends(0);
}

/// A book of so many accounts with a monthly fee and usage.
fn metered(accounts: usize) -> Book {
    let book = Book::new("2026-02-01");
    let mut files = [
        "account_number,name,currency\n".to_owned(),
        "subscription_number,account_number,start_date\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,uom,billing_period\n".to_owned(),
    ];
    for n in 1..=accounts {
        files[0] += &format!("A{n},Acme {n},EUR\n");
        files[1] += &format!("S{n},A{n},2026-01-01\n");
        files[2] += &format!(
            "C{n},S{n},Data,usage,per_unit,1,GB,month\nF{n},S{n},Base,recurring,flat,10,,month\n"
        );
    }
    for (name, text) in ["accounts.csv", "subscriptions.csv", "charges.csv"].iter().zip(files) {
        book.import(name, text, &[]);
    }
    book
}

/// Waits until nothing is being read ahead in this process.
fn read_to_the_end() {
    let reading = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        tasks.filter_map(Result::ok).any(|task| {
            std::fs::read_to_string(task.path().join("comm"))
                .is_ok_and(|name| name.trim() == "read ahead")
        })
    };
    while reading() {
        std::thread::yield_now();
    }
}

/// Drives a job by hand: `between` comes after each slice, when the next one is read.
fn drive(
    session: &mut Session,
    id: JobId,
    runner: &mut dyn Runner,
    mut between: impl FnMut(usize),
) {
    let ports = worker::ports().unwrap();
    let claimed = session.write(daybook::domain::actor::Verb::Housekeeping, |tx| {
        tx.quiet();
        Ok(job::claim(tx, id, "a test")?)
    });
    let mut row = claimed.unwrap().unwrap();
    for slice in 0.. {
        match runner.slice(session, &row, &ports).unwrap() {
            Slice::More => {}
            Slice::Done => return,
            other => panic!("{other:?}"),
        }
        read_to_the_end();
        between(slice);
        row = session.read(|db| job::get(db, id)).unwrap();
    }
}

#[test]
fn a_draft_that_is_held_after_it_was_judged_is_not_posted() {
    let book = metered(260);
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let mut other = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let run = BillRunId(1);
    let id = posting::start(&mut session, &What::Run(run), None).unwrap();
    let mut runner = PostRunner::new(Some(run), Vec::new(), None);
    // The first slice is of 50 drafts: the 51st and its neighbours are judged while it is written.
    drive(&mut session, id, &mut runner, |slice| {
        if slice == 0 {
            let pick = Pick { id: DocumentId(51), version: 1 };
            verdict::hold(&mut other, &[pick], "wait", "", None).unwrap();
        }
    });
    let held = session.read(|db| document::get(db, DocumentId(51))).unwrap();
    assert_eq!((held.status, held.review), (DocumentStatus::Draft, Review::Held));
    assert_eq!(book.count("SELECT count(*) FROM document WHERE status = 'Posted'"), 259);
    assert_eq!(book.count("SELECT last FROM series"), 259);
    book.run(&["check"]).ends(0);
}

#[test]
fn usage_that_comes_after_an_account_was_rated_is_billed_with_it() {
    let book = metered(260);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let new = NewBillRun {
        target_on: "2026-02-01".parse().unwrap(),
        invoice_on: None,
        accounts: AccountFilter::default(),
        exclude: Vec::new(),
        auto_renew: true,
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
        confirmed: true,
    };
    let (run, id) = bill::run::start(&mut session, &new).unwrap();
    // The first slice is of 100 accounts; the 101st is rated, without usage, while it is written.
    drive(&mut session, id, &mut BillRunner::new(run), |slice| {
        if slice == 0 {
            book.import("usage.csv", "ACCOUNT_ID,UOM,QTY,STARTDATE\nA101,GB,7,2026-01-05\n", &[]);
        }
    });
    let billed = "SELECT total_minor FROM document d JOIN account a ON a.id = d.account_id
                  WHERE a.number = 'A101'";
    assert_eq!(book.count(billed), 2_700);
    assert_eq!(book.count("SELECT count(*) FROM document"), 260);
    book.run(&["check"]).ends(0);
}
