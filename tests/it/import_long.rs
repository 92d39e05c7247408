//! A file that is not kept in memory: what its rows say of each other across its parts, and what the
//! book says of them, is found as in a short one, and it goes in whole or not at all.

use crate::harness::book::Book;
use daybook::clock::Now;
use daybook::domain::actor::{Actor, Role, Verb};
use daybook::engine::guard::roles;
use daybook::engine::{Session, import};
use daybook::store::presence::Presence;
use daybook::store::{Store, StoreError, job};
use daybook::zone::Zone;
use serde_json::Value;
use std::fmt::Write as _;

/// More than two parts of rows.
const ROWS: usize = 12_000;

const ACCOUNTS: &str = "account_number,name,currency\n";

fn accounts(name: impl Fn(usize) -> String) -> String {
    let mut text = ACCOUNTS.to_owned();
    for n in 0..ROWS {
        writeln!(text, "A{n:05},{},EUR", name(n)).unwrap();
    }
    text
}

fn counts(file: &Value) -> [usize; 4] {
    let count = |key: &str| usize::try_from(file[key].as_u64().unwrap()).unwrap();
    let refused = file["refused"].as_array().unwrap().len();
    [count("added"), count("changed"), count("unchanged"), refused]
}

fn customer(n: usize) -> String {
    format!("Customer {n}")
}

/// An old Macintosh ends its lines so that no line is counted.
#[test]
fn a_row_that_stands_twice_is_one_whatever_ends_the_lines() {
    let book = Book::new("2026-02-01");
    let text = accounts(customer) + "A00007,Customer 7,EUR\nA00007,Customer 7,EUR\n";
    let (code, file) = book.import("a.csv", text.replace('\n', "\r"), &[]);
    assert_eq!((code, counts(&file)), (0, [ROWS, 0, 2, 0]));
    assert_eq!(book.count("SELECT count(*) FROM account"), ROWS as i64);
}

#[test]
fn rows_that_speak_of_the_same_thing_are_found_however_far_apart() {
    let book = Book::new("2026-02-01");
    let before = book.dump();
    let mut text = accounts(customer);
    text.push_str("A00007,Customer 7,EUR\n"); // again
    text.push_str("A00008,Somebody else,EUR\n"); // against line 10
    text.push_str("a00009,Customer 9,EUR\n"); // reads like line 11
    text.push_str("A99999,No money,XXX\n");
    let (code, file) = book.import("a.csv", &text, &[]);
    let lines: Vec<u64> =
        file["refused"].as_array().unwrap().iter().map(|r| r["line"].as_u64().unwrap()).collect();
    let last = ROWS as u64 + 1;
    assert_eq!((code, lines), (2, vec![10, last + 2, last + 3, last + 4]));
    let said = |n: usize| file["refused"][n]["message"].as_str().unwrap().to_owned();
    assert!(said(0).contains(&format!("line {}", last + 2)), "{}", said(0));
    assert!(said(1).contains("line 10"), "{}", said(1));
    assert!(said(2).contains("reads like A00009"), "{}", said(2));
    assert_eq!(file["added"], 0);
    assert_eq!(book.dump(), before, "all of it or nothing");
    let rejects = book.dir.path().join("r.csv");
    let flags = ["--reject-file", rejects.to_str().unwrap()];
    let (code, file) = book.import("a.csv", &text, &flags);
    assert_eq!((code, counts(&file)), (1, [ROWS - 1, 0, 1, 4]));
    assert_eq!(book.count("SELECT count(*) FROM account"), ROWS as i64 - 1);
    assert_eq!(book.count("SELECT rows FROM import_file"), ROWS as i64);
    let rejected = std::fs::read_to_string(&rejects).unwrap();
    let expected = "A00008,Customer 8,EUR\nA00008,Somebody else,EUR\na00009,Customer 9,EUR\n\
                    A99999,No money,XXX\n";
    assert_eq!(rejected, format!("{ACCOUNTS}{expected}"));
    // A number of the book that reads alike is named too.
    let (code, file) =
        book.import("t.csv", text.replace("\nA0", "\nB0").replace("B00042", "a00042"), &[]);
    let twin = file["refused"].as_array().unwrap().iter().find(|r| r["line"] == 44).unwrap();
    assert_eq!(code, 2);
    assert!(twin["message"].as_str().unwrap().contains("reads like A00042"), "{twin}");
}

#[test]
fn what_is_new_changed_and_the_same_is_told_in_any_order_of_rows() {
    let book = Book::new("2026-02-01");
    let text = accounts(customer);
    assert_eq!(counts(&book.import("a.csv", &text, &[]).1), [ROWS, 0, 0, 0]);
    let before = book.dump();
    assert_eq!(counts(&book.import("a.csv", &text, &[]).1), [0, 0, ROWS, 0]);
    assert_eq!(book.dump(), before, "a file that changes nothing writes nothing");
    // Shuffled, every fifth changed, as many again new.
    let mut lines: Vec<String> = accounts(|n| match n % 5 {
        0 => format!("Another {n}"),
        _ => customer(n),
    })
    .lines()
    .skip(1)
    .map(str::to_owned)
    .chain((0..ROWS).map(|n| format!("N{n:05},New {n},USD")))
    .collect();
    for at in 0..lines.len() {
        let other = at * 7_919 % lines.len();
        lines.swap(at, other);
    }
    let (code, file) = book.import("b.csv", format!("{ACCOUNTS}{}\n", lines.join("\n")), &[]);
    assert_eq!((code, counts(&file)), (0, [ROWS, ROWS / 5, ROWS - ROWS / 5, 0]));
    assert_eq!(file["changes"].as_array().unwrap().len(), 100);
    assert_eq!(book.count("SELECT count(*) FROM account"), 2 * ROWS as i64);
    let named = |sql: &str| book.count(sql);
    assert_eq!(
        named("SELECT count(*) FROM account_version WHERE seq = 2 AND name LIKE 'Another %'"),
        ROWS as i64 / 5
    );
    assert_eq!(
        named(
            "SELECT count(*) FROM account a JOIN account_version v ON v.account_id = a.id
             WHERE v.seq = 1 AND substr(a.number, 2) <> printf('%05d', substr(v.name, instr(v.name, ' ')))"
        ),
        0,
        "every account has the terms of its own row"
    );
    book.run(&["check"]).ends(0);
}

#[test]
fn charges_find_their_subscription_and_usage_its_account() {
    let book = Book::new("2026-02-01");
    let small = ROWS / 3;
    let mut files = [
        ACCOUNTS.to_owned(),
        "subscription_number,account_number,start_date\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,billing_period,uom\n".to_owned(),
        "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\n".to_owned(),
        "account_number,token,kind,display\n".to_owned(),
    ];
    for n in 0..small {
        writeln!(files[0], "A{n:05},Customer {n},EUR").unwrap();
        writeln!(files[1], "S{n:05},A{n:05},2026-01-01").unwrap();
        for charge in ["B", "C"] {
            writeln!(files[2], "{charge}{n:05},S{n:05},N{n},recurring,flat,{n},month,").unwrap();
        }
        writeln!(files[2], "D{n:05},S{n:05},N{n},usage,per_unit,{n},month,GB").unwrap();
        for day in 1..=3 {
            writeln!(files[3], "A{n:05},GB,{n},2026-01-0{day},k{day}-{n}").unwrap();
        }
        for token in ["ok", "also", "third"] {
            writeln!(files[4], "A{n:05},{token},card,visa {n}").unwrap();
        }
    }
    for text in &files {
        let (code, file) = book.import("f.csv", text, &[]);
        assert_eq!((code, counts(&file)[0]), (0, text.lines().count() - 1), "{}", file["kind"]);
        let again = book.import("f.csv", text, &[]).1;
        assert_eq!(counts(&again), [0, 0, text.lines().count() - 1, 0], "{}", file["kind"]);
    }
    for (table, sql) in [
        (
            "charge",
            "SELECT count(*) FROM charge c JOIN subscription s ON s.id = c.subscription_id
             JOIN account a ON a.id = c.account_id AND a.id = s.account_id
             JOIN charge_version v ON v.charge_id = c.id WHERE v.seq = 1
             AND substr(c.number, 2) = substr(s.number, 2)
             AND substr(a.number, 2) = printf('%05d', v.price)",
        ),
        (
            "usage",
            "SELECT count(*) FROM usage u JOIN account a ON a.id = u.account_id
             WHERE substr(a.number, 2) = printf('%05d', u.quantity)",
        ),
        (
            "payment_method",
            "SELECT count(*) FROM payment_method m JOIN account a ON a.id = m.account_id
             WHERE printf('visa %d', substr(a.number, 2)) = m.display",
        ),
    ] {
        assert_eq!(book.count(sql), 3 * small as i64, "{table}");
    }
    book.run(&["check"]).ends(0);
}

#[test]
fn rows_that_wait_for_a_second_person_are_found_in_every_part() {
    let book = Book::new("2026-02-01");
    book.import("a.csv", format!("{ACCOUNTS}A1,Ann,EUR\n"), &[]);
    let subscriptions = "subscription_number,account_number,start_date\nS1,A1,2026-01-01\n";
    book.import("s.csv", subscriptions, &[]);
    let charges = |price: &dyn Fn(usize) -> usize| {
        let mut text =
            "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned();
        for n in 0..ROWS {
            writeln!(text, "C{n:05},S1,Base,recurring,flat,{},month", price(n)).unwrap();
        }
        text
    };
    book.import("c.csv", charges(&|_| 10), &[]);
    book.run(&["settings", "set", "four_eyes.price_charges", "2"]).ends(0);
    let mut admin = Session::open(&book.path, daybook::cli::actor()).unwrap();
    for uid in [7, 8] {
        roles::grant(&mut admin, uid, Role::Clerk).unwrap();
    }
    drop(admin);
    let load = |uid: u32, text: &str| {
        let actor = Actor { uid, name: format!("clerk {uid}") };
        let mut session = Session::open(&book.path, actor).unwrap();
        let files = vec![("c.csv".to_owned(), text.as_bytes().to_vec())];
        import::import_texts(&mut session, files, &import::Options::default())
            .unwrap()
            .files
            .remove(0)
    };
    let two = charges(&|n| if n == 3 || n == ROWS - 1 { 20 } else { 10 });
    let report = load(7, &two);
    assert_eq!((report.changed, report.changes.len(), report.waiting.len()), (2, 2, 0));
    let four = charges(&|n| match n {
        3 | 11_999 => 20,
        5 | 6_000 | 11_000 => 30,
        _ => 10,
    });
    let report = load(7, &four);
    let waiting: Vec<u64> = report.waiting.iter().map(|row| row.line).collect();
    assert_eq!((report.changed, waiting), (0, vec![7, 6_002, 11_002]), "{report:?}");
    assert!(report.changes.is_empty());
    let report = load(8, &four);
    assert_eq!((report.changed, report.waiting.len()), (3, 0), "{report:?}");
    let risen = "SELECT count(*) FROM charge_version WHERE price = '30'";
    assert_eq!(book.count(risen), 3);
    book.run(&["check"]).ends(0);
}

#[test]
fn a_large_import_asks_before_others_have_to_wait_for_it() {
    let book = Book::new("2026-02-01");
    let mut text = ACCOUNTS.to_owned();
    (0..20_001).for_each(|n| writeln!(text, "A{n:05},Customer {n},EUR").unwrap());
    let file = book.file("accounts.csv", &text);
    let jon = Actor { uid: 4_242, name: "jon".to_owned() };
    let side = Store::open(&book.path).unwrap().side_directory();
    let there = Presence::enter(&side, &jon, Now::system(Zone::UTC).at_ms).unwrap();
    let asked = book.run(&["import", &file]).ends(2);
    assert!(asked.err.contains("accounts.csv writes 20,001 rows, about "), "{}", asked.err);
    assert!(asked.err.contains("others have the book open (jon)"), "{}", asked.err);
    assert_eq!(book.count("SELECT count(*) FROM account"), 0);
    let done = book.run(&["import", &file, "--yes"]).ends(0);
    assert!(done.err.contains("20,001 rows are written, about "), "{}", done.err);
    // Nobody is there, or there is little to write: nobody is asked.
    book.run(&["import", &file]).ends(0);
    let few = book.file("few.csv", format!("{ACCOUNTS}B1,One more,EUR\n"));
    book.run(&["import", &few]).ends(0);
    there.leave();
    book.run(&["import", &book.file("more.csv", text.replace("\nA", "\nC"))]).ends(0);
}

#[test]
fn who_waits_for_an_import_hears_that_one_is_running() {
    let book = Book::new("2026-02-01");
    let open = || Session::open(&book.path, daybook::cli::actor()).unwrap();
    let (mut first, mut other) = (open(), open());
    let told = first.store.announce_import(std::time::Duration::from_secs(90)).unwrap();
    let heard = first.write(Verb::Import, |tx| {
        tx.quiet();
        // Longer than anybody waits for the lock.
        Ok(other.write(Verb::Bill, |tx| Ok(job::open(tx)?.len())))
    });
    let heard = heard.unwrap().unwrap_err();
    let words = heard.to_string();
    assert!(words.starts_with("the book is busy: an import is running, about "), "{words}");
    assert!(
        matches!(heard, daybook::engine::Error::Store(StoreError::Importing(s)) if s <= 90),
        "{words}"
    );
    drop(told);
    other.write(Verb::Bill, |tx| Ok(job::open(tx)?.len())).unwrap();
}
