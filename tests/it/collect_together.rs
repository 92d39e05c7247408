//! What a payment run records of many answers together is what it records of each alone.

use crate::harness::collect::owing;
use crate::harness::crash::{copy, rows};
use crate::harness::faulty::{Died, alive, quiet};
use daybook::config::Config;
use daybook::domain::actor::Verb;
use daybook::domain::ids::{PaymentId, RunId};
use daybook::domain::payment::DeclineClass;
use daybook::engine::Session;
use daybook::engine::collect::plain::record_all;
use daybook::engine::collect::settle::{self, Settled};
use daybook::engine::collect::till::{self, Till};
use daybook::engine::collect::{self, Collect};
use daybook::engine::command::NewPaymentRun;
use daybook::engine::job::{Pool, Ports, Runner, Slice};
use daybook::gateway::sandbox::{Options, Sandbox};
use daybook::gateway::{
    Capabilities, ChargeEvent, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest, Seen,
};
use daybook::store::{job, payment, read};
use daybook::worker::TokioPool;
use std::panic::panic_any;
use std::path::Path;
use std::sync::Arc;

/// Dies before the first call.
struct Dead;

impl Pool for Dead {
    fn run(&self, _limit: usize, _tasks: Vec<Box<dyn FnOnce() + Send>>) {
        panic_any(Died);
    }
}

/// Everything that recording may touch, without the keys of rows that are made.
const TOUCHED: [&str; 10] = [
    "SELECT * FROM payment ORDER BY id",
    "SELECT * FROM allocation ORDER BY id",
    "SELECT * FROM document_state ORDER BY document_id",
    "SELECT number, open_minor FROM account ORDER BY 1",
    "SELECT txn, entry_on, account, account_id, document_id, payment_id, currency, debit_minor,
            credit_minor FROM ledger_entry ORDER BY 1, 2, 4, 3, 5, 6, 8",
    "SELECT * FROM payment_run",
    "SELECT * FROM payment_run_total ORDER BY 1, 2",
    "SELECT * FROM payment_run_item ORDER BY 1, 2",
    "SELECT * FROM payment_method ORDER BY id",
    "SELECT * FROM collectible ORDER BY 1",
];

fn outcome(place: usize, row: &payment::PaymentRow) -> Outcome {
    let seen = Seen {
        reference: format!("sb_{place}"),
        key: row.key.clone(),
        amount_minor: row.amount_minor + i64::from(place == 9),
        currency: row.currency,
        // Some are told to have been made before they were asked for, or later than today.
        made_at: [Some(row.created_at), None, Some(0), Some(row.created_at + 90_000_000)]
            [place % 4],
    };
    match place {
        4 => Outcome::Declined {
            code: "insufficient_funds".to_owned(),
            class: DeclineClass::Soft,
            words: String::new(),
        },
        5 => Outcome::Submitted { seen },
        6 => Outcome::Unknown { why: "no answer".to_owned() },
        7 => Outcome::Unreachable { why: "no line".to_owned() },
        8 => Outcome::SetUp { code: "key".to_owned(), words: "revoked".to_owned() },
        _ => Outcome::Approved { seen },
    }
}

fn recorded(
    book: &Path,
    record: impl FnOnce(&mut Session, &[(PaymentId, Outcome)]) -> Vec<Settled>,
) -> (Vec<Settled>, Vec<Vec<String>>) {
    let dir = tempfile::tempdir().unwrap();
    let path = copy(book, dir.path());
    let mut session = Session::open(&path, daybook::cli::actor()).unwrap();
    session.fixed_now = Some(session.now().unwrap());
    let ids: Vec<i64> =
        rows(&path, "SELECT id FROM payment WHERE status = 'Processing' ORDER BY id")
            .iter()
            .map(|id| id.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap())
            .collect();
    let answers = ids.iter().enumerate().map(|(place, id)| {
        let row = session.read(|db| payment::get(db, PaymentId(*id))).unwrap();
        (row.id, outcome(place, &row))
    });
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), 14);
    let settled = record(&mut session, &answers);
    drop(session);
    (settled, TOUCHED.iter().map(|sql| rows(&path, sql)).collect())
}

#[test]
fn many_answers_are_recorded_as_each_alone_would_be() {
    quiet();
    let book = owing(&["ok"; 14]);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let new =
        NewPaymentRun { target_on: "2026-01-31".parse().unwrap(), ..NewPaymentRun::default() };
    let (run, id) = collect::start(&mut session, &new, None).unwrap();
    let claimed = session.write(Verb::Housekeeping, |tx| Ok(job::claim(tx, id, "test")?));
    let mut row = claimed.unwrap().unwrap();
    let mut runner = Collect::with(run, Till::open(&session).unwrap());
    let ports = Ports { pool: Arc::new(Dead) };
    while alive(|| runner.slice(&mut session, &row, &ports).unwrap()).is_some() {
        row = session.read(|db| job::get(db, id)).unwrap();
    }
    // What is on its way is not done.
    let shown = session.store.read(|db| read::runs::row(db, RunId::Payment(run))).unwrap().unwrap();
    assert_eq!((shown.done, shown.total), (0, 14));
    drop((runner, session));
    // While they are asked for, one is settled otherwise, one in part, one owes something only later,
    // and the method of one has failed before.
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch(
        "UPDATE document_state SET balance_minor = 0 WHERE document_id = 11;
         UPDATE document_state SET balance_minor = 600 WHERE document_id = 12;
         INSERT INTO ledger_entry (txn, entry_on, account, account_id, document_id, currency,
            debit_minor, credit_minor)
         SELECT txn, '2026-02-10', account, account_id, document_id, currency, 1, 0
         FROM ledger_entry WHERE document_id = 13 AND account = 'receivable';
         UPDATE payment_method SET failures = 2 WHERE account_id = 2;",
    )
    .unwrap();
    drop(conn);

    let rules = |session: &Session| till::rules(&session.config().unwrap()).unwrap();
    let together = recorded(&book.path, |session, answers| {
        let rules = rules(session);
        let answers: Vec<_> = answers.iter().map(|(id, outcome)| (*id, outcome)).collect();
        session.write(Verb::Collect, |tx| Ok(record_all(tx, &rules, &answers)?)).unwrap()
    });
    let alone = recorded(&book.path, |session, answers| {
        let rules = rules(session);
        let each = |tx: &daybook::store::Tx<'_>| {
            let mut all = Vec::new();
            for (id, outcome) in answers {
                all.push(settle::record(tx, &rules, &payment::get(tx, *id)?, outcome)?);
            }
            Ok::<_, daybook::engine::Error>(all)
        };
        session.write(Verb::Collect, each).unwrap()
    });
    assert_eq!(together.0, alone.0);
    for (sql, (together, alone)) in TOUCHED.iter().zip(together.1.iter().zip(&alone.1)) {
        assert_eq!(together, alone, "{sql}");
        assert!(!together.is_empty(), "{sql}");
    }
}

/// A gateway that one customer's requests do not reach.
struct Deaf(Sandbox);

impl Gateway for Deaf {
    fn charge(&self, request: &ChargeRequest) -> Outcome {
        if request.customer == "A2" {
            return Outcome::Unreachable { why: "no line".to_owned() };
        }
        self.0.charge(request)
    }

    fn look_up(&self, query: &LookUp) -> Found {
        self.0.look_up(query)
    }

    fn refund(&self, request: &RefundRequest) -> Outcome {
        self.0.refund(request)
    }

    fn events(&self, since_ms: i64, at_ms: i64) -> Result<Vec<ChargeEvent>, String> {
        self.0.events(since_ms, at_ms)
    }

    fn clock(&self, at_ms: i64) -> Option<i64> {
        self.0.clock(at_ms)
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
}

#[test]
fn who_cannot_be_reached_is_tried_three_times_while_others_are_charged() {
    // So many that others are charged beside it three times, however large batches become.
    let book = owing(&vec!["ok"; 1_200]);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let new =
        NewPaymentRun { target_on: "2026-01-31".parse().unwrap(), ..NewPaymentRun::default() };
    let (run, id) = collect::start(&mut session, &new, None).unwrap();
    let claimed = session.write(Verb::Housekeeping, |tx| Ok(job::claim(tx, id, "test")?));
    let mut row = claimed.unwrap().unwrap();
    let connect = |_: &str, _: &Config, directory: &Path| {
        let ledger = Sandbox::open(&directory.join("sandbox.jsonl"), Options::default()).unwrap();
        Arc::new(Deaf(ledger)) as Arc<dyn Gateway>
    };
    let till = Till::with(&session, Arc::new(connect)).unwrap();
    let mut runner = Collect::with(run, till);
    let ports = Ports { pool: Arc::new(TokioPool::new().unwrap()) };
    loop {
        match runner.slice(&mut session, &row, &ports).unwrap() {
            Slice::More => row = session.read(|db| job::get(db, id)).unwrap(),
            Slice::Done => break,
            other => panic!("{other:?}"),
        }
    }
    drop((runner, session));
    let tries = "SELECT d.number, count(*) FROM payment p JOIN allocation l ON l.payment_id = p.id
        JOIN document d ON d.id = l.document_id WHERE p.status = 'Canceled' GROUP BY 1";
    let tries = rows(&book.path, tries);
    assert!(tries.len() == 1 && tries[0].ends_with("Integer(3)"), "{tries:?}");
    let paid = "SELECT count(*) FROM payment WHERE status = 'Approved'";
    assert_eq!(rows(&book.path, paid), ["Integer(1199)"]);
}

#[test]
fn credits_that_settle_what_comes_behind_a_batch_are_in_the_trail() {
    let book = owing(&["ok"; 80]);
    let mut memos =
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned();
    for n in 65..=80 {
        memos += &format!("CM-{n},A{n},credit_memo,2025-12-20,2025-12-20,-10.00,0.00,-10.00\n");
    }
    book.import("memos.csv", &memos, &[]);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(0).json();
    assert_eq!(run["credits_applied"]["EUR"], "160.00");
    let others = "SELECT DISTINCT o.summary FROM ledger_entry e JOIN operation o ON o.seq = e.txn
        WHERE e.account = 'credit' AND e.debit_minor > 0 AND o.summary NOT LIKE '0 payments taken%'";
    assert_eq!(rows(&book.path, others), Vec::<String>::new());
    book.run(&["check"]).ends(0);
}
