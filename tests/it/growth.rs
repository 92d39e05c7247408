//! Work in slices costs the same per document however many there are: steps of SQLite's machine are
//! counted at two sizes, never seconds. Slices are as long as if every write took the same time.

use crate::harness::book::Book;
use daybook::domain::document::BillRunStatus;
use daybook::domain::ids::{BillRunId, DeliveryId, DocumentId, PaymentRunId};
use daybook::domain::payment::NextAction;
use daybook::engine::care::today;
use daybook::engine::collect::retry::Which;
use daybook::engine::collect::{self, retry};
use daybook::engine::command::{AccountFilter, DraftChange, NewBillRun, NewPaymentRun, Pick};
use daybook::engine::review::{self, undo};
use daybook::engine::{Session, bill, deliver, post};
use daybook::store::read::today::Step;
use daybook::store::read::{self, Filter, ReadError, failed, post_preview};
use daybook::store::{Db, StoreError, bill_run, delivery, document, job, notice, payment_run};
use daybook::store::{posting, undelivered};
use daybook::worker;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A book of so many accounts that each get one invoice a month and cannot pay it.
pub struct Grown {
    book: Book,
    pub session: Session,
    steps: Arc<AtomicU64>,
    size: usize,
    /// What each part cost.
    cost: Vec<(&'static str, u64)>,
}

impl Grown {
    pub fn new(size: usize) -> Self {
        let book = Book::new("2026-04-01");
        let mut files = [
            "account_number,name,currency,auto_pay,delivery,email\n".to_owned(),
            "subscription_number,account_number,start_date\n".to_owned(),
            "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned(),
            "account_number,token,kind,display\n".to_owned(),
        ];
        for n in 1..=size {
            writeln!(files[0], "A{n:05},Customer {n},EUR,true,email,c{n}@example.com").unwrap();
            writeln!(files[1], "S{n:05},A{n:05},2026-02-01").unwrap();
            writeln!(files[2], "F{n:05},S{n:05},Base,recurring,flat,10.05,month").unwrap();
            writeln!(files[3], "A{n:05},decline:insufficient_funds,card,visa ··4242").unwrap();
        }
        for (name, text) in
            ["accounts", "subscriptions", "charges", "payment_methods"].iter().zip(files)
        {
            let file = book.file(&format!("{name}.csv"), text);
            book.run(&["import", &file]).ends(0);
        }
        let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
        let steps = session.store.watch_steps().unwrap();
        session.store.steady(Duration::from_millis(20));
        Self { book, session, steps, size, cost: Vec::new() }
    }

    /// Does `work` and notes what it cost.
    fn part<T>(&mut self, name: &'static str, work: impl FnOnce(&mut Session) -> T) -> T {
        let before = self.steps.load(Ordering::Relaxed);
        let result = work(&mut self.session);
        self.cost.push((name, self.steps.load(Ordering::Relaxed) - before));
        result
    }

    /// What one page of a list costs now.
    fn page<T>(&mut self, name: &'static str, read: impl FnOnce(&Db<'_>) -> Result<T, StoreError>) {
        self.part(name, |session| session.read(read).map(|_| ()).unwrap());
    }

    /// What the figures of the day of drafts cost.
    fn figures(&mut self, [check, post]: [&'static str; 2]) {
        let size = self.size as i64;
        let today = "2026-04-01".parse().unwrap();
        let dates = post_preview::Dates { today, invoice_on: None, by: None };
        self.page(check, |db| {
            let (found, _) = read::today::to_check(db).map_err(unread)?;
            assert_eq!(found.count, size);
            Ok(())
        });
        self.page(post, |db| {
            assert_eq!(post_preview::all_drafts(db, dates).map_err(unread)?.count, size);
            Ok(())
        });
    }

    /// What each line of Today costs now.
    fn today(&mut self, names: &[&'static str]) {
        let actor = self.session.actor.clone();
        let now = self.session.now().unwrap();
        for (name, step) in names.iter().zip(Step::ALL) {
            self.page(name, |db| today::step(db, *step, now, &actor).map_err(unread));
        }
    }

    pub fn bill(&mut self, name: &'static str, target: &str) -> BillRunId {
        let new = NewBillRun {
            target_on: target.parse().unwrap(),
            invoice_on: None,
            accounts: AccountFilter::default(),
            exclude: Vec::new(),
            auto_renew: true,
            auto_post: false,
            auto_email: false,
            skip_zero_email: false,
            confirmed: true,
        };
        self.part(name, |session| {
            let (run, job) = bill::run::start(session, &new).unwrap();
            drive(session, job);
            run
        })
    }

    pub fn picks(&self, run: BillRunId) -> Vec<Pick> {
        let all = self.session.read(|db| document::drafts_of_run(db, run, DocumentId(0), u32::MAX));
        all.unwrap().iter().map(|d| Pick { id: d.id, version: d.version }).collect()
    }
}

fn unread(error: ReadError) -> StoreError {
    match error {
        ReadError::Store(error) => error,
        ReadError::Filter(error) => panic!("{error}"),
    }
}

fn drive(session: &mut Session, job: daybook::domain::ids::JobId) {
    let stop = AtomicBool::new(false);
    let mut follow = &stop;
    worker::drive(session, job, &worker::ports().unwrap(), &mut follow).unwrap();
}

/// The clerk's part of the day, and the posting of a run and of marked drafts.
pub fn drafts(grown: &mut Grown) -> BillRunId {
    let first = grown.bill("bill", "2026-02-01");
    grown.figures(["page of what is to check, counted", "page of what is to post, counted"]);
    let picks = grown.picks(first);
    grown.part("accept many", |s| review::verdict::accept(s, &picks, "").unwrap());
    grown.part("undo it", |s| undo::undo(s, None).unwrap());
    grown.part("redo it", |s| undo::redo(s).unwrap());
    let picks = grown.picks(first);
    grown.part("page of one draft, edited", |s| {
        let change = DraftChange::PoNumber("4711".to_owned());
        review::edit::edit(s, &picks[0], &[change], "growth").unwrap()
    });
    grown.page("page of drafts to post", |db| posting::next_drafts(db, first, None, (0, 0), 50));
    grown.page("page of drafts to release", |db| {
        document::drafts_of_run(db, first, DocumentId(0), 50)
    });
    let job = grown.part("cancel a run", |s| bill::steer::cancel(s, first).unwrap().0);
    grown.part("release its drafts", |s| drive(s, job));
    assert_eq!(grown.picks(first), []);
    let again = grown.bill("bill again", "2026-02-01");
    let job = grown.part("begin to post", |s| {
        post::posting::start(s, &post::posting::What::Run(again), None).unwrap()
    });
    grown.part("post a run", |s| drive(s, job));
    let status = grown.session.read(|db| bill_run::get(db, again)).unwrap().status;
    assert_eq!(status, BillRunStatus::Posted);
    let marked = grown.bill("bill on", "2026-03-01");
    let picks = post::posting::What::Drafts(grown.picks(marked));
    let job =
        grown.part("begin to post marked", |s| post::posting::start(s, &picks, None).unwrap());
    grown.page("page of marked drafts", |db| job::next_picks(db, job, 0, 50));
    grown.part("post marked drafts", |s| drive(s, job));
    assert_eq!(grown.picks(marked), []);
    again
}

/// What follows a posting.
pub fn money(grown: &mut Grown, posted: BillRunId) {
    grown.page("page of what is to deliver", |db| {
        let today = "2026-04-01".parse().unwrap();
        undelivered::list(db, Some(posted), DocumentId(0), today, 50)
    });
    grown.page("page of all that is to deliver, counted", |db| undelivered::count(db, None));
    grown.part("plan deliveries", |s| {
        let made = deliver::make::make(s, Some(posted), deliver::copies::When::Now).unwrap();
        assert_eq!(made.kept.len(), 0);
    });
    // The clock of the book stands: every copy was queued when its account was recorded.
    grown.part("plan deliveries again", |s| {
        let made = deliver::make::make(s, Some(posted), deliver::copies::When::Now).unwrap();
        assert_eq!((made.queued, made.corrected), ([0, 0, 0], 0));
    });
    grown.page("page of copies, counted", |db| delivery::balance(db, None));
    let of_run = document::ListFilter { run: Some(posted), ..Default::default() };
    grown.page("page of the documents of a run", |db| {
        document::list(db, &of_run, DocumentId(0), 50)
    });
    let of_run = delivery::Filter { run: Some(posted), ..Default::default() };
    grown.page("page of the copies of a run", |db| delivery::page(db, &of_run, DeliveryId(0), 50));
    grown.page("page of what is overdue, counted", |db| {
        failed::totals(db, &Filter::parse("due<2026-05-01").unwrap()).map_err(unread)
    });
    grown.page("page of mail that is due", |db| delivery::due(db, i64::MAX, 50));
    collected(grown);
}

/// A payment run of all that is due, stopped and made again, and the retry of what was declined.
fn collected(grown: &mut Grown) {
    grown.today(ALL_DUE);
    let new =
        NewPaymentRun { target_on: "2026-04-01".parse().unwrap(), ..NewPaymentRun::default() };
    let pay =
        |grown: &mut Grown, name| grown.part(name, |s| collect::start(s, &new, None).unwrap());
    let (stopped, job) = pay(grown, "begin to collect");
    pick_only(&mut grown.session, stopped, job);
    grown.page("page of invoices to charge", |db| payment_run::open_items(db, stopped, 50));
    grown.part("stop a payment run", |s| collect::stop(s, stopped).unwrap());
    assert_eq!(grown.session.read(|db| payment_run::open_items(db, stopped, 1)).unwrap(), []);
    let (_, job) = pay(grown, "begin again");
    grown.part("collect", |s| drive(s, job));
    grown.today(ALL_FAILED);
    let started = grown.part("begin a group of retries", |s| {
        retry::start(s, &Which::Group(NextAction::RetryLater)).unwrap()
    });
    let (_, job) = started.run.unwrap();
    grown.part("retry the group", |s| drive(s, job));
}

/// Lets a payment run fill its list and charge nobody.
fn pick_only(session: &mut Session, run: PaymentRunId, job: daybook::domain::ids::JobId) {
    struct UntilPicked(bool);
    impl worker::Follow for UntilPicked {
        fn progress(&mut self, job: &job::JobRow) {
            self.0 = job.total > 0 && job.cursor.contains("\"pick_after\":null");
        }
        fn leave(&mut self) -> bool {
            self.0
        }
    }
    worker::drive(session, job, &worker::ports().unwrap(), &mut UntilPicked(false)).unwrap();
    assert!(session.read(|db| payment_run::get(db, run)).unwrap().picked > 0);
}

/// Lists beside which much is over: what is open is found without reading it.
fn history(grown: &mut Grown) {
    let conn = rusqlite::Connection::open(&grown.book.path).unwrap();
    let size = grown.size;
    conn.execute_batch(&format!(
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {size})
         INSERT INTO notice (at, level, text, key, done_at, mail_to, mailed_at)
           SELECT 0, 'info', 'x', 'old ' || i, 1, 'a@example.com', 1 FROM n;
         WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {size})
         INSERT INTO job (kind, subject, spec, state, uid, user_name, created_at, started_at, ended_at)
           SELECT 'deliver', 'mail', '', 'Done', 0, 'x', 0, 1, 1 FROM n"
    ))
    .unwrap();
    drop(conn);
    grown.page("open notices", |db| notice::open(db, 1, 50));
    grown.page("alarms to mail", notice::to_mail);
    grown.page("open jobs", job::open);
}

/// The lines of Today when everything is due.
const ALL_DUE: &[&str] = &[
    "page of today, all is due: usage",
    "page of today, all is due: bill run",
    "page of today, all is due: to check",
    "page of today, all is due: held",
    "page of today, all is due: to post",
    "page of today, all is due: to deliver",
    "page of today, all is due: payment run",
    "page of today, all is due: failed",
    "page of today, all is due: undelivered",
    "page of today, all is due: overdue",
    "page of today, all is due: notices",
];
/// The lines of Today when nobody could pay.
const ALL_FAILED: &[&str] = &[
    "page of today, all failed: usage",
    "page of today, all failed: bill run",
    "page of today, all failed: to check",
    "page of today, all failed: held",
    "page of today, all failed: to post",
    "page of today, all failed: to deliver",
    "page of today, all failed: payment run",
    "page of today, all failed: failed",
    "page of today, all failed: undelivered",
    "page of today, all failed: overdue",
    "page of today, all failed: notices",
];

/// What each part cost in a book of each size, and which of them cost more by the document in the large
/// one.
fn dearer(sizes: [usize; 2], day: impl Fn(&mut Grown)) -> Vec<String> {
    let [small, large] = sizes.map(|size| {
        let mut grown = Grown::new(size);
        day(&mut grown);
        grown.book.run(&["check"]).ends(0);
        grown.cost
    });
    let mut dear = Vec::new();
    for ((name, few), (_, many)) in small.iter().zip(&large) {
        // A page is a page; everything else is by the document.
        let paged =
            name.starts_with("page of") || name.starts_with("open") || name.starts_with("alarms");
        let by = if paged { 1 } else { (sizes[1] / sizes[0]) as u64 };
        let told = format!("{name}: {few} steps at {}, {many} at {}", sizes[0], sizes[1]);
        println!("{told}");
        if *many * 100 > *few * by * 110 + 5_000 {
            dear.push(told);
        }
    }
    dear
}

#[test]
fn a_page_and_a_document_cost_the_same_beside_few_and_beside_many() {
    let day = |grown: &mut Grown| {
        let posted = drafts(grown);
        money(grown, posted);
        history(grown);
    };
    assert_eq!(dearer([250, 1_000], day), Vec::<String>::new());
}

#[test]
fn ten_times_the_accounts_cost_ten_times_the_steps() {
    let day = |grown: &mut Grown| {
        let run = grown.bill("bill", "2026-02-01");
        grown.figures(["page of what is to check, counted", "page of what is to post, counted"]);
        let picks = grown.picks(run);
        grown.part("accept many", |s| review::verdict::accept(s, &picks, "").unwrap());
        grown.part("undo it", |s| undo::undo(s, None).unwrap());
        let what = post::posting::What::Run(run);
        let job = grown.part("begin to post", |s| post::posting::start(s, &what, None).unwrap());
        grown.part("post a run", |s| drive(s, job));
        collected(grown);
    };
    assert_eq!(dearer([1_000, 10_000], day), Vec::<String>::new());
}

/// Of days on which nothing is left to do a run reads nothing (`settled`).
#[test]
fn a_run_takes_as_many_steps_after_a_year_as_in_its_fourth_month() {
    let mut grown = Grown::new(150);
    for month in 0..13 {
        let target = chrono::Months::new(month);
        let target = "2026-02-01".parse::<chrono::NaiveDate>().unwrap() + target;
        let run = grown.bill("bill", &target.to_string());
        let what = post::posting::What::Run(run);
        let job = post::posting::start(&mut grown.session, &what, None).unwrap();
        grown.part("post", |s| drive(s, job));
    }
    for part in ["bill", "post"] {
        let cost: Vec<u64> =
            grown.cost.iter().filter(|(name, _)| *name == part).map(|(_, cost)| *cost).collect();
        let (fourth, last) = (cost[3], cost[12]);
        println!("{part}: {cost:?} steps");
        assert!(last * 100 <= fourth * 102, "{part}: {cost:?} steps");
    }
    grown.book.run(&["check"]).ends(0);
}
