//! How SQLite answers every statement of a day: by an index and in its order, or for a reason that is
//! written down here. What reads or sorts a whole table is slow one day.

use crate::growth::{self, Grown};
use crate::harness::desk::work;
use daybook::domain::actor::Verb;
use daybook::domain::agency::{CaseState, NewCase};
use daybook::domain::dispute::{DisputeState, GivenDispute};
use daybook::domain::ids::{AccountId, CaseId, DocumentId, PaymentId, PlanId, RunId};
use daybook::domain::instalment::{Every, NewPlan, Parts, Which};
use daybook::domain::journal::JournalFormat;
use daybook::domain::money::Currency;
use daybook::domain::month::Month;
use daybook::domain::payment::NextAction;
use daybook::engine::answer::ask;
use daybook::engine::care::{doctor, export, status};
use daybook::engine::clockwork::tick;
use daybook::engine::collect::{agency, dispute, follow_up, instalments, outside_payment};
use daybook::engine::command::{
    AdjustKind, AdjustPart, Command, DraftChange, NewPaymentRun, OutsidePayment, Reissue,
};
use daybook::engine::deliver::print;
use daybook::engine::on_its_way::Sure;
use daybook::engine::query::{Ahead, ListName, Query, Question, Whose};
use daybook::engine::{Session, perform};
use daybook::store::read::today::Step;
use daybook::store::read::{Field, Filter, Key, KeyValue, ListArgs, Seek, Sort};
use daybook::store::{
    agency as agency_store, debt, dispute as dispute_store, envelope, instalment,
};
use std::collections::{BTreeMap, BTreeSet};

/// Why statements may read a table from end to end or sort: the reason, and of each statement a part of
/// its text.
const MAY: &[(&str, &[&str])] = &[
    (
        "an order or a filter that a person chose, or a count by one, of a list: pages of the orders and tabs that screens open with are judged by `growth` and the bench",
        &[
            "count(*), coalesce(sum(",
            ", d.version, d.kind, d.status, d.number, a.number, v.name, d.currency, d.invoice_on",
            ", d.number, a.id, a.number, v.name, d.currency, s.balance_minor, s.due_on, p.id",
            ", l.document_id, d.number, a.number, v.name, l.channel",
            ", j.kind, j.subject, j.state, j.wanted",
            ", a.number, v.name, a.currency, a.open_minor, v.batch",
            ", u.what, u.number, a.id",
            ", u.version, u.kind, u.id, u.status, u.target_on",
            "SELECT s.document_id, d.version, d.currency, d.total_minor FROM",
            "SELECT s.document_id, 0, d.currency, s.balance_minor FROM",
            "SELECT l.id, 0, d.currency, d.total_minor FROM",
            "SELECT a.id, 0, a.currency, a.open_minor FROM",
            "SELECT u.id, 0, u.currency, u.minor FROM",
            ", b.name, l.booked_on, b.currency, l.amount_minor",
            "SELECT l.id, 0, b.currency, l.amount_minor FROM",
            "SELECT 1 FROM account_version WHERE",
            "SELECT DISTINCT batch FROM account_version",
        ],
    ),
    (
        "children of a row that would be replaced, which none is",
        &["INSERT INTO delivery (", "INSERT INTO document (", "INSERT INTO shared_text ("],
    ),
    (
        "sorts the rows of one slice: those of keys that the statement brings, and few of each",
        &[
            "WHERE a.document_id IN (SELECT value FROM json_each(?1)) ORDER BY p.id DESC",
            "FROM payment_method WHERE account_id IN (SELECT value FROM json_each(?1))",
            "WHERE s.document_id IN (SELECT value FROM json_each(?1)) AND s.status = 'Posted'",
        ],
    ),
    (
        "sorts the few rows of one account, document, run or person",
        &[
            "SELECT 1 FROM delivery l JOIN account_version v ON v.id",
            "' is applied to it' FROM",
            "SELECT DISTINCT 'a refund of '",
            "SELECT DISTINCT 'it was written off (",
            "SELECT payment_id, sum(amount_minor - reopened_minor)",
            "' gives back days of it' FROM",
            "SELECT a.number, (SELECT v.name FROM account_version",
            "SELECT channel, address, status, last_reply FROM delivery WHERE document_id",
            "SELECT currency, collected_minor FROM payment_run_total",
            "SELECT currency, total_minor FROM bill_run_total",
            "SELECT entry_on, sum(",
            "SELECT e.currency, e.account, d.kind, e.entry_on < ?2",
            "FROM payment_method WHERE account_id = ?1",
            "AND unapplied_minor > 0 AND currency = ?2",
            "FROM credit_application WHERE (document_id = ?1",
            "FROM document d CROSS JOIN document_state s ON s.document_id = d.id JOIN account a",
            "AND s.balance_minor < 0 AND d.kind = 'credit_memo'",
            "SELECT v.name, v.price, v.model",
            "SELECT o.seq, o.at, o.verb, o.subject, o.summary, EXISTS",
            "WHERE l.document_id = ?2 AND (?1 IS NULL",
        ],
    ),
    (
        "the versions of one account, a row at a time; pages go by the account",
        &[
            "INSERT INTO collectible SELECT",
            "SELECT a.id, a.number, v.id, v.seq, v.effective_from_on",
            "SELECT a.id FROM account a JOIN account_version v",
            "SELECT d.id, d.account_id, d.total_minor, d.frozen",
            "SELECT l.id, l.document_id FROM delivery l",
            "AND s.due_on <= ?1 AND s.due_on",
            "SELECT k.account_id, k.charge_id",
        ],
    ),
    (
        "what is few is read whole: runs, jobs and schedules that are open, kept sums, accounts with credits, copies sent again, what is held, what is due again, zones",
        &[
            "SELECT currency, sum(",
            "FROM payout WHERE state = 'Booked'",
            "FROM bill_run WHERE status IN",
            "FROM job WHERE state IN",
            "FROM schedule ORDER BY state",
            "SELECT p.id FROM bill_run r JOIN bill_run p",
            "SELECT t.total_minor FROM bill_run_total",
            "FROM zone_seen WHERE zone",
            "SELECT account_id FROM document_state WHERE status = 'Posted' AND balance_minor < 0 UNION",
            "SELECT l.status, count(*) FROM delivery l WHERE l.id IN",
            "INDEXED BY document_state_retry",
            "FROM payment_event WHERE kind = 'refund'",
            "EXISTS (SELECT 1 FROM schedule s JOIN",
            "d.run_id, d.source, d.corrects_id, d.invoice_on",
        ],
    ),
    (
        "figures of a question or of a run that is asked for: once, and all of its rows",
        &[
            "SELECT CASE WHEN d.status <> 'Draft' THEN",
            "SELECT a.number, d.due_on, count(*) OVER ()",
            "SELECT a.number, v.name, d.currency, max(d.total_minor)",
            "SELECT d.currency, s.review, count(*)",
            "SELECT f.code, d.currency, count(*), sum(d.total_minor)",
            "SELECT decline_class, created_at, count(*) FROM payment",
            "SELECT d.currency, sum(d.total_minor), sum(d.tax_minor)",
            "SELECT d.kind, substr(",
            "SELECT count(*) FROM account a JOIN account_version v",
            "SELECT currency, count(*) FROM account GROUP BY",
            "SELECT DISTINCT account FROM ledger_entry",
            "WITH first AS ( SELECT l.document_id",
            "s.reminder_level, max(s.due_on",
            "SELECT s.document_id, p.id, p.status, p.decline_class, p.next_action",
        ],
    ),
    (
        "an index of texts is asked by what it is made for: three letters in a row",
        &["FROM account_text WHERE account_text MATCH"],
    ),
    (
        "counts the entries of an index, page by page: 1 ms at 100,000 records",
        &["SELECT (SELECT count(*) FROM usage) -"],
    ),
];

/// Tables that stay small however many accounts there are, or of which a statement reads the rows in
/// work alone.
const SMALL: &[&str] = &[
    "book",
    "setting",
    "role",
    "schedule",
    "schedule_slot",
    "bill_run",
    "payment_run",
    "bill_run_total",
    "payment_run_total",
    "currency_conversion",
    "gateway_poll",
    "zone_seen",
    "bank_read",
    "bank_account",
    "book_period",
    "book_period_step",
    "saved_filter",
    "tax_rate",
    "import_request",
    "four_eyes",
    "series",
    "topic",
    "tally",
    "document_tally",
    "collectible_sum",
    "collectible_stirred",
    "import_file",
    "pragma_user_version",
    "job",
    "notice",
    "operation",
    "run_sample",
    "promise",
    "dispute",
    "instalment_plan",
    "agency_case",
    "account_stop",
    "print_batch",
];

/// Every list in every order, from every side, by every field.
fn lists(session: &Session) {
    use ListName::{Accounts, BankLines, Deliveries, Failed, Invoices, Jobs, Log, Runs, Unapplied};
    let terms = [
        "total>1",
        "balance>1",
        "flag:any",
        "flag:none",
        "status:draft",
        "status:posted",
        "status:failed",
        "status:sent",
        "status:active",
        "status:done",
        "review:none",
        "run:BR-000001",
        "run:PR-000001",
        "currency:EUR",
        "account:A00001",
        "batch:x",
        "kind:invoice",
        "due<2026-05-01",
        "channel:email",
        "error:x",
        "user:x",
        "verb:post",
        "subject:x",
        "Customer",
        "group:retry_later",
        "charge:Base",
        "model:flat",
        "sample:BR-000001",
        "status:new,part,unidentified,unapplied",
        "status:matched",
        "bank:main",
        "amount>1",
        "day:2026-05",
        "payer:x",
    ];
    for list in [Runs, Invoices, Deliveries, Failed, Unapplied, Jobs, Log, Accounts, BankLines] {
        let key = || Key { value: KeyValue::Int(1), id: 1 };
        for sort in Sort::ALL {
            for seek in [
                Seek::First,
                Seek::Last,
                Seek::After(key()),
                Seek::Before(key()),
                Seek::From(key()),
            ] {
                let args =
                    ListArgs { filter: Filter::default(), sort: (*sort).into(), seek, limit: 20 };
                let _ = ask(session, &Query::List(list, args).into());
            }
        }
        for text in terms.iter().copied().chain([""]) {
            let Ok(filter) = Filter::parse(text) else { continue };
            let args = ListArgs {
                filter: filter.clone(),
                sort: Sort::Newest.into(),
                seek: Seek::First,
                limit: 20,
            };
            for query in [
                Query::List(list, args),
                Query::Totals(list, filter.clone()),
                Query::Marks(list, filter),
            ] {
                let _ = ask(session, &query.into());
            }
        }
        for field in Field::ALL {
            let _ = ask(session, &Query::Groups(list, Filter::default(), *field).into());
        }
    }
}

/// What else a screen asks.
fn screens(session: &Session, run: RunId) {
    let document = DocumentId(1);
    let today = session.now().unwrap().today;
    let mut all: Vec<Question> = Step::ALL.iter().map(|step| Query::Step(*step).into()).collect();
    let RunId::Bill(bill) = run else { panic!("{run:?}") };
    all.extend(
        [
            Query::Happened,
            Query::Waits,
            Query::Charts,
            Query::Invoice(document),
            Query::Run(run),
            Query::Unusual(bill),
            Query::Account(AccountId(1)),
            Query::AccountPage(AccountId(1), Month::of(today)),
            Query::PostRun(bill, None),
            Query::PostRun(bill, Some(today)),
            Query::CancelRun(bill),
            Query::Payments(Whose::Account(AccountId(1))),
            Query::Payments(Whose::Document(document)),
            Query::Payments(Whose::Payment(PaymentId(1))),
            Query::Tries(vec![document], NextAction::RetryLater),
            Query::Recovery,
            Query::Samples,
            Query::History("BR-000001".to_owned()),
            Query::Status,
            Query::Schedules,
            Query::Filters,
            Query::LastDeed(None),
            Query::LastUndone,
            Query::Find("Customer".to_owned()),
        ]
        .map(Question::from),
    );
    let charge = NewPaymentRun { target_on: today, ..NewPaymentRun::default() };
    all.extend(
        [
            Ahead::Deliver,
            Ahead::Print,
            Ahead::Reminders,
            Ahead::Collect(charge),
            Ahead::Usage(None),
        ]
        .map(Question::from),
    );
    for question in all {
        ask(session, &question).unwrap();
    }
    // An account without credits has nothing to foretell.
    let _ = ask(session, &Ahead::Credits(AccountId(1), Currency::parse("EUR").unwrap()).into());
    session.read(|db| envelope::bounced(db, AccountId(1))).unwrap();
    status::status(session).unwrap();
    doctor::doctor(session).unwrap();
    export::journal(session, JournalFormat::ALL[0], None, None, &mut Vec::new()).unwrap();
}

/// What clerks do by hand; whether each may is not asked here.
fn by_hand(grown: &mut Grown) {
    let run = grown.bill("bill for the hand", "2026-04-01");
    let drafts = grown.picks(run);
    let session = &mut grown.session;
    let why = || "growth".to_owned();
    let posted = |n| DocumentId(drafts[0].id.0 - n);
    let mut number = 0;
    let mut act = |session: &mut Session, command| {
        number += 1;
        let done = perform::perform(session, &format!("plans {number}"), command);
        work(session);
        done.map(|_| ()).map_err(|error| error.to_string())
    };
    let edit = Command::Edit {
        draft: drafts[0],
        changes: vec![DraftChange::PoNumber("4711".to_owned())],
        reason: why(),
    };
    let hold = Command::Hold {
        drafts: drafts[1..3].to_vec(),
        reason: why(),
        owner: String::new(),
        until: None,
    };
    let adjust = |document| Command::Adjust {
        document,
        part: AdjustPart::Whole,
        kind: AdjustKind::Credit,
        reason: why(),
    };
    for command in [edit, hold, Command::Undo { deed: None }, Command::Redo] {
        act(session, command).unwrap();
    }
    for command in [
        Command::Release { drafts: drafts[1..3].to_vec() },
        Command::Regenerate { drafts: drafts[3..5].to_vec() },
        Command::CancelDrafts { drafts: drafts[5..7].to_vec(), reason: why() },
        Command::Post { drafts: drafts[8..10].to_vec(), invoice_on: None },
        Command::PostRun { run, invoice_on: None },
        Command::MakeDeliveries { run: None },
        adjust(posted(1)),
        Command::WriteOff { document: posted(2), reason: why() },
        Command::UndoWriteOff { document: posted(2), reason: why() },
        Command::Reverse { document: posted(3), reason: why() },
        Command::Reissue(Reissue::new(posted(7), &why())),
        Command::RetryPayments { payments: vec![PaymentId(1), PaymentId(2)] },
        Command::Reconcile { payments: vec![PaymentId(1)] },
        Command::Remind,
    ] {
        let _ = act(session, command);
    }
    follow_up::promise(session, posted(4), None, "2026-04-20".parse().unwrap()).unwrap();
    follow_up::withdraw_promise(session, posted(4)).unwrap();
    agreed(session, posted(4));
    follow_up::auto_pay(session, posted(5), false).unwrap();
    let account = session.read(|db| daybook::store::document::account_of(db, posted(6))).unwrap();
    let money = OutsidePayment {
        account,
        documents: vec![posted(6)],
        amount: Currency::parse("EUR").unwrap().amount(500),
        received_on: "2026-04-01".parse().unwrap(),
        reference: "bank".to_owned(),
    };
    outside_payment::record(session, &money, Sure::Yes).unwrap();
    let paper = tempfile::tempdir().unwrap();
    let _ = print::write(session, None, paper.path());
    tick::tick(session).unwrap();
    work(session);
    session
        .write(Verb::Housekeeping, |tx| {
            tx.quiet();
            Ok::<_, daybook::engine::Error>(())
        })
        .unwrap();
    lists(session);
    screens(session, RunId::Bill(run));
}

/// What is agreed with a customer who owes this, and contested.
fn agreed(session: &mut Session, document: DocumentId) {
    dispute::open(session, document, &GivenDispute::because("price")).unwrap();
    dispute::end(session, document, DisputeState::Rejected, "").unwrap();
    let debt = session.read(|db| debt::get(db, document)).unwrap();
    let new = NewPlan {
        account: debt.account,
        currency: debt.currency,
        of: Which::These(vec![document]),
        first: "2026-05-01".parse().unwrap(),
        every: Every::Months(1),
        parts: Parts::Equal(2),
    };
    let today = session.now().unwrap().today;
    session.store.read(|db| instalments::foretell(db, &new, today)).unwrap();
    let made = instalments::make(session, &new).unwrap().made;
    instalments::end(session, PlanId::parse(&made).unwrap(), "over").unwrap();
    let new = NewCase {
        account: debt.account,
        of: Which::Open,
        agency: "X".to_owned(),
        reference: String::new(),
    };
    session.store.read(|db| agency::foretell(db, &new, today)).unwrap();
    let made = CaseId::parse(&agency::hand_over(session, &new).unwrap().made).unwrap();
    session
        .store
        .read(|db| {
            dispute_store::all(db, true, 10)?;
            instalment::all(db, true, 10)?;
            let cases = agency_store::all(db, true, 10)?;
            agency::file(db, &cases, today)
        })
        .unwrap();
    agency::end(session, made, CaseState::Recalled, "").unwrap();
}

/// The table behind a name in a statement: itself, or what it stands for.
fn table<'s>(sql: &'s str, name: &'s str) -> &'s str {
    let words: Vec<&str> = sql.split([' ', '(', ')', ',']).filter(|w| !w.is_empty()).collect();
    let stands = |w: &[&'s str]| {
        (matches!(w[0], "FROM" | "JOIN") && w[2] == name && !w[1].starts_with("SELECT"))
            .then(|| w[1])
    };
    words.windows(3).find_map(stands).unwrap_or(name)
}

/// The lines of SQLite's plan that read a table whole that is not small, or sort.
fn costly(conn: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let detail: String = row.get(3).unwrap();
        let scanned = detail.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
        // Rows that the statement itself brings.
        let brought = |name: &str| {
            name == "CONSTANT"
                || name == "json_each"
                || detail.ends_with("VALUES CLAUSE")
                || (name == "v" && sql.contains("FROM (VALUES"))
        };
        let large = |name: &str| !brought(name) && !SMALL.contains(&table(sql, name));
        let scans = scanned.is_some_and(large);
        // Nearly all documents are posted: by their status alone it is a scan that goes by another name.
        let by_status = detail.contains("INDEX document_status (status=?");
        if scans || by_status || detail.contains("MULTI-INDEX OR") || detail.contains("TEMP B-TREE")
        {
            found.push(detail);
        }
    }
    found
}

#[test]
fn every_statement_of_a_day_has_an_index_or_a_reason() {
    let mut grown = Grown::new(24);
    let asked = grown.session.store.watch_statements();
    let posted = growth::drafts(&mut grown);
    growth::money(&mut grown, posted);
    by_hand(&mut grown);
    let asked: BTreeSet<String> = asked.lock().unwrap().clone();
    let conn = rusqlite::Connection::open(grown.session.store.path()).unwrap();
    let plain = rusqlite::functions::FunctionFlags::default();
    conn.create_scalar_function("folded", 1, plain, |_| Ok(String::new())).unwrap();
    conn.create_scalar_function("holds", -1, plain, |_| Ok(false)).unwrap();
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown = Vec::new();
    for sql in asked.iter().filter(|sql| !sql.trim_start().starts_with("PRAGMA")) {
        let plain = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = costly(&conn, &plain);
        if found.is_empty() {
            continue;
        }
        // What is beyond a row, as one condition with OR, is all read and sorted for a page of it.
        let pieced = found.iter().any(|line| line.contains("MULTI-INDEX OR"));
        assert!(!(pieced && plain.contains("LIMIT")), "{plain}\n    {}", found.join("\n    "));
        let mut known = false;
        for part in MAY.iter().flat_map(|(_, parts)| *parts).filter(|part| plain.contains(**part)) {
            *used.entry(part).or_default() += 1;
            known = true;
        }
        if !known {
            unknown.push(format!("{plain}\n    {}", found.join("\n    ")));
        }
    }
    println!("{} statements were asked", asked.len());
    assert!(asked.len() > 400, "{} statements were asked", asked.len());
    assert!(unknown.is_empty(), "{} without a reason:\n{}", unknown.len(), unknown.join("\n"));
    let idle: Vec<&str> = MAY
        .iter()
        .flat_map(|(_, parts)| *parts)
        .filter(|p| !used.contains_key(**p))
        .copied()
        .collect();
    assert!(idle.is_empty(), "no statement needs these any more: {idle:#?}");
}
