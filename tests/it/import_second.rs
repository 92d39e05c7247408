//! Imported rows that one person must not bring in alone: they wait, the rest goes in, and the same
//! file by somebody else or `import --confirm` brings them in.

use crate::harness::book::{Book, daybook};
use crate::harness::collect::{owing, sandbox};
use daybook::domain::actor::{Actor, Role};
use daybook::engine::guard::roles;
use daybook::engine::{Error, Session, import};
use std::path::Path;

const ADA: u32 = 7;
const BEN: u32 = 8;
const CLEO: u32 = 9;

fn open(path: &Path, uid: u32) -> Session {
    let name = match uid {
        ADA => "ada",
        BEN => "ben",
        _ => "cleo",
    };
    Session::open(path, Actor { uid, name: name.to_owned() }).unwrap()
}

fn load(session: &mut Session, name: &str, text: &str) -> Result<import::FileReport, Error> {
    let options = import::Options { yes: true, ..import::Options::default() };
    let files = vec![(name.to_owned(), text.as_bytes().to_vec())];
    Ok(import::import_texts(session, files, &options)?.files.remove(0))
}

/// A1 and A2 owe ten euros each, A3 owes nothing; Ada and Ben may all, Cleo is a clerk.
fn book() -> Book {
    let book = owing(&["", ""]);
    let file = book.file("a.csv", "account_number,name,currency,auto_pay\nA3,Cy,EUR,true\n");
    book.run(&["import", &file]).ends(0);
    let emails = book.file(
        "e.csv",
        "account_number,name,currency,email\nA1,Ann,EUR,ann@ann.example\nA3,Cy,EUR,cy@cy.example\n",
    );
    book.run(&["import", &emails]).ends(0);
    book.run(&["settings", "set", "four_eyes.above", "9.99"]).ends(0);
    let mut admin = Session::open(&book.path, daybook::cli::actor()).unwrap();
    for uid in [ADA, BEN] {
        for role in [Role::Biller, Role::Cashier] {
            roles::grant(&mut admin, uid, role).unwrap();
        }
    }
    roles::grant(&mut admin, CLEO, Role::Clerk).unwrap();
    book
}

fn text(path: &Path, sql: &str) -> String {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.query_row(sql, [], |r| r.get(0)).unwrap_or_else(|e| panic!("{e}: {sql}"))
}

const METHODS: &str =
    "account_number,token,kind,display\nA1,ok,card,visa 1\nA2,ok,card,visa 2\nA3,ok,card,visa 3\n";
const ITEMS: &str = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
    CR-1,A1,credit_memo,2025-12-15,2026-01-01,10.00,0.00,10.00\n\
    CR-2,A1,credit_memo,2025-12-15,2026-01-01,1.00,0.00,1.00\n";
const EMAILS: &str = "account_number,name,currency,email\nA1,Ann,EUR,ann@elsewhere.example\nA3,Cy,EUR,cy@elsewhere.example\n";

/// What each file puts into the book at once and what waits, by a count of it.
const FILES: &[(&str, &str, &str, i64, i64)] = &[
    ("payment_methods.csv", METHODS, "SELECT count(*) FROM payment_method", 1, 2),
    (
        "open_items.csv",
        ITEMS,
        "SELECT count(*) FROM document WHERE source = 'open_item' AND kind = 'credit_memo'",
        1,
        1,
    ),
    (
        "accounts.csv",
        EMAILS,
        "SELECT count(*) FROM account_version WHERE emails LIKE '%elsewhere%'",
        1,
        1,
    ),
];

#[test]
fn what_needs_a_second_person_waits_and_the_rest_goes_in() {
    for (name, file, count, _, _) in FILES {
        for confirm in [false, true] {
            let book = book();
            let mut ada = open(&book.path, ADA);
            let report = load(&mut ada, name, file).unwrap();
            let waits = report.waiting.len() as i64;
            assert!(waits > 0 && report.refused.is_empty(), "{name}: {report:?}");
            assert!(
                report.waiting[0].why.contains("9.99 a second person must confirm"),
                "{report:?}"
            );
            assert_eq!(report.waiting[0].line, 2, "{name}");
            let before = book.count(count);
            assert_eq!(report.added + report.changed, usize::try_from(before).unwrap(), "{name}");
            let task = "SELECT text FROM notice WHERE done_at IS NULL AND key LIKE 'import %'";
            let task = text(&book.path, task);
            assert!(task.contains("asked for by ada; another") && task.contains(name), "{task}");
            // Asking again is no second person, neither by the file nor by its number.
            let again = load(&mut ada, name, file).unwrap();
            assert_eq!((again.waiting.len() as i64, book.count(count)), (waits, before), "{name}");
            assert_eq!(again.request, report.request);
            let id = report.request.unwrap();
            let own = import::confirm(&mut ada, id, &import::Options::default()).unwrap_err();
            assert_eq!(own.code(), "four_eyes");
            // A waiting method is not charged, a waiting credit not used.
            if *name != "accounts.csv" {
                book.run(&["settings", "get", "four_eyes.above"]).ends(0);
                let open_before =
                    book.count("SELECT sum(open_minor) FROM account WHERE number IN ('A1', 'A2')");
                assert_eq!(sandbox(&book).0, 0);
                assert!(open_before > 1_800, "{open_before}");
            }
            let mut ben = open(&book.path, BEN);
            let done = if confirm {
                import::confirm(&mut ben, id, &import::Options::default()).unwrap().files.remove(0)
            } else {
                load(&mut ben, name, file).unwrap()
            };
            assert!(done.waiting.is_empty() && done.refused.is_empty(), "{name}: {done:?}");
            assert_eq!(book.count(count), before + waits, "{name}");
            assert_eq!(book.count("SELECT count(*) FROM import_request WHERE state = 'open'"), 0);
            let told = "SELECT count(*) FROM notice WHERE done_at IS NULL AND key LIKE 'import %'";
            assert_eq!(book.count(told), 0);
            let trail = text(&book.path, "SELECT summary FROM operation ORDER BY seq DESC LIMIT 1");
            assert!(trail.contains("asked for by ada"), "{trail}");
            book.run(&["check"]).ends(0);
        }
    }
}

#[test]
fn every_file_puts_in_and_holds_back_what_the_table_says() {
    for (name, file, count, at_once, waits) in FILES {
        let book = book();
        let before = book.count(count);
        let report = load(&mut open(&book.path, ADA), name, file).unwrap();
        assert_eq!(book.count(count) - before, *at_once, "{name}");
        assert_eq!(report.waiting.len() as i64, *waits, "{name}: {report:?}");
    }
}

#[test]
fn a_clerk_brings_in_neither_methods_nor_open_items() {
    let book = book();
    let mut cleo = open(&book.path, CLEO);
    for (name, file, count, _, _) in &FILES[..2] {
        let denied = load(&mut cleo, name, file).unwrap_err();
        assert_eq!(denied.code(), "forbidden", "{denied}");
        assert_eq!(book.count(count), 0);
    }
    // Nor in the company of files that they may bring in: nothing of the call happens.
    let files = vec![
        ("accounts.csv".to_owned(), b"account_number,name,currency\nA9,New,EUR\n".to_vec()),
        ("payment_methods.csv".to_owned(), METHODS.as_bytes().to_vec()),
    ];
    let both = import::import_texts(&mut cleo, files, &import::Options::default()).unwrap_err();
    assert_eq!(both.code(), "forbidden");
    assert_eq!(book.count("SELECT count(*) FROM account WHERE number = 'A9'"), 0);
    load(&mut cleo, "accounts.csv", "account_number,name,currency\nA9,New,EUR\n").unwrap();
}

#[test]
fn a_row_that_became_another_is_asked_for_anew() {
    let book = book();
    let report = load(&mut open(&book.path, ADA), "accounts.csv", EMAILS).unwrap();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute(
        "UPDATE account_version SET emails = 'ann@third.example' WHERE account_id = 1",
        [],
    )
    .unwrap();
    let mut ben = open(&book.path, BEN);
    let now = import::confirm(&mut ben, report.request.unwrap(), &import::Options::default());
    let now = now.unwrap().files.remove(0);
    assert_eq!(now.waiting.len(), 1, "{now:?}");
    assert_eq!(book.count("SELECT count(*) FROM account_version WHERE emails LIKE '%elsewhere%' AND account_id = 1"), 0);
    let id = now.request.unwrap();
    import::confirm(&mut open(&book.path, ADA), id, &import::Options::default()).unwrap();
    assert_eq!(book.count("SELECT count(*) FROM account_version WHERE emails LIKE '%elsewhere%' AND account_id = 1"), 1);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_request_nobody_confirms_ends_after_two_weeks() {
    let book = book();
    load(&mut open(&book.path, ADA), "accounts.csv", EMAILS).unwrap();
    book.run(&["clock", "set", "2026-01-20"]).ends(0);
    assert_eq!(
        daybook::engine::guard::four_eyes::end_stale(&mut open(&book.path, BEN)).unwrap(),
        1
    );
    assert_eq!(
        book.count("SELECT count(*) FROM notice WHERE done_at IS NULL AND key LIKE 'import %'"),
        0
    );
    book.run(&["check"]).ends(0);
}

/// The day on which CR-1 counts from.
fn booked(book: &Book) -> String {
    text(
        &book.path,
        "SELECT min(entry_on) FROM ledger_entry e JOIN document d ON d.id = e.document_id WHERE d.number = 'CR-1'",
    )
}

#[test]
fn a_cutover_is_confirmed_as_it_was_asked_for() {
    for given in [None, Some("2025-12-20")] {
        for by_number in [true, false] {
            let book = book();
            let options = |day: Option<&str>| import::Options {
                yes: true,
                cutover: day.map(|d| d.parse().unwrap()),
                ..import::Options::default()
            };
            let files = || vec![("open_items.csv".to_owned(), ITEMS.as_bytes().to_vec())];
            let mut ada = open(&book.path, ADA);
            let day = given.map_or_else(|| ada.now().unwrap().today.to_string(), str::to_owned);
            let asked = import::import_texts(&mut ada, files(), &options(given)).unwrap();
            let id = asked.files[0].request.unwrap();
            assert!(asked.files[0].waiting[0].what.ends_with(&format!("from {day}")), "{asked:?}");
            book.run(&["clock", "set", "2026-01-10"]).ends(0);
            let mut ben = open(&book.path, BEN);
            let mut confirm = |with: Option<&str>| {
                if by_number {
                    import::confirm(&mut ben, id, &options(with))
                } else {
                    import::import_texts(&mut ben, files(), &options(with))
                }
            };
            let other = confirm(Some("2025-12-31")).unwrap_err();
            assert_eq!(other.code(), "cutover_differs", "{other}");
            assert!(other.to_string().contains(&format!("from {day}")), "{other}");
            assert_eq!(book.count("SELECT count(*) FROM document WHERE number = 'CR-1'"), 0);
            let done = confirm(None).unwrap().files.remove(0);
            assert!(done.waiting.is_empty() && done.refused.is_empty(), "{done:?}");
            assert_eq!(booked(&book), day, "asked for with {given:?}");
            assert_eq!(book.count("SELECT count(*) FROM import_request WHERE state = 'open'"), 0);
            book.run(&["check"]).ends(0);
        }
    }
}

#[test]
fn a_request_of_an_older_daybook_keeps_its_cutover() {
    let book = book();
    let mut ada = open(&book.path, ADA);
    let cutover = Some("2025-12-20".parse().unwrap());
    let options = import::Options { yes: true, cutover, ..import::Options::default() };
    let files = vec![("open_items.csv".to_owned(), ITEMS.as_bytes().to_vec())];
    let asked = import::import_texts(&mut ada, files, &options).unwrap().files.remove(0);
    drop(ada);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("UPDATE import_request SET cutover_on = NULL", []).unwrap();
    let sql = include_str!("../../src/store/migrations/0019_import_cutover.sql");
    conn.execute_batch(sql.split_once("cutover_on TEXT;").unwrap().1).unwrap();
    drop(conn);
    let mut ben = open(&book.path, BEN);
    import::confirm(&mut ben, asked.request.unwrap(), &import::Options::default()).unwrap();
    assert_eq!(booked(&book), "2025-12-20");
}

#[test]
fn many_prices_wait_however_they_are_cut_up() {
    let book = book();
    let mut admin = Session::open(&book.path, daybook::cli::actor()).unwrap();
    roles::grant(&mut admin, ADA, Role::Clerk).unwrap();
    let mut ada = open(&book.path, ADA);
    let head = "charge_number,subscription_number,name,type,model,price,billing_period\n";
    let row = |n: i64, price: &str| format!("C{n},S1,Base,recurring,flat,{price},month\n");
    let subs = "subscription_number,account_number,start_date\nS1,A1,2026-01-01\n";
    load(&mut ada, "subscriptions.csv", subs).unwrap();
    let all = |price: &str| (1..=4).map(|n| row(n, price)).collect::<String>();
    load(&mut ada, "charges.csv", &format!("{head}{}", all("10"))).unwrap();
    for (key, value) in [("four_eyes.price_charges", "2"), ("four_eyes.price_percent", "5")] {
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        conn.execute("INSERT INTO setting VALUES (?1, ?2)", [key, value]).unwrap();
    }
    let price = "SELECT count(DISTINCT charge_id) FROM charge_version WHERE price = '20'";
    // By 5 percent is no change of price.
    let small = load(&mut ada, "charges.csv", &format!("{head}{}", all("10.5"))).unwrap();
    assert!(small.waiting.is_empty() && small.changed == 4, "{small:?}");
    let bulk = load(&mut ada, "charges.csv", &format!("{head}{}", all("20"))).unwrap();
    assert_eq!((bulk.waiting.len(), bulk.changed, book.count(price)), (4, 0, 0), "{bulk:?}");
    assert!(bulk.waiting[0].why.contains("above 2 prices in 24 hours"), "{bulk:?}");
    for n in 1..=3 {
        let one = load(&mut ada, "charges.csv", &format!("{head}{}", row(n, "20"))).unwrap();
        assert_eq!(one.waiting.len(), usize::from(n == 3), "{one:?}");
    }
    assert_eq!(book.count(price), 2);
    load(&mut open(&book.path, BEN), "charges.csv", &format!("{head}{}", row(3, "20"))).unwrap();
    assert_eq!(book.count(price), 3);
    daybook(&book.path, &["check"]).ends(0);
}

#[test]
fn the_command_line_names_the_rows_and_the_number() {
    let book = owing(&["", ""]);
    book.run(&["settings", "set", "four_eyes.above", "9.99"]).ends(0);
    let file = book.file("payment_methods.csv", METHODS.replace("A3,ok,card,visa 3\n", ""));
    let ran = book.run(&["import", &file]).ends(1);
    assert!(ran.out.contains("daybook import --confirm 1"), "{}", ran.out);
    assert!(ran.out.contains("line 2: A1 card visa 1 (ok, priority 1): above 9.99"), "{}", ran.out);
    let json = book.run(&["import", &file, "--json"]).ends(1).json();
    assert_eq!(json["files"][0]["waiting"][1]["line"], 3, "{json}");
    assert_eq!(json["files"][0]["request"], 1, "{json}");
    let collected = book.run(&["collect", "--target", "2026-01-05", "--json"]).ends(0).json();
    assert_eq!(collected["approved"], 0, "{collected}");
    assert_eq!(sandbox(&book).0, 0);
    let status = book.run(&["status"]).ends(0).out;
    assert!(status.contains("2 rows wait for a second person"), "{status}");
    let own = book.run(&["import", "--confirm", "1", "--json"]).ends(2);
    assert!(own.err.contains("you asked for this"), "{}", own.err);
    book.run(&["import", "--confirm", "9"]).ends(2);
    book.run(&["check"]).ends(0);
}
