//! What a bill run leaves out because nothing is left to do there: it makes of accounts what it would
//! make of them if it read everything, and whatever is done on settled days is seen.

use crate::harness::book::Book;
use crate::harness::memory::{Memory, default_rules};
use crate::harness::rules::{billed_once, charge, day, row};
use chrono::{Datelike, Months};
use daybook::domain::billing::{BillDates, BillingRules, LateUsage, WithoutRecords};
use daybook::domain::charge::ChargeType;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;

/// What happens in a month beside its run.
#[derive(Debug, Clone)]
enum Act {
    /// Usage so many days before the run.
    Usage(u32, u64),
    /// A price or a quantity of a charge, from so many months ago on.
    Price(usize, u32, u32),
    Quantity(u32, u32),
    EndCharge(usize, Option<u32>),
    Suspend(u32),
    Resume,
    /// The account's billing day.
    Day(u32),
}

/// What becomes of a run.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Post,
    Leave,
    Cancel,
    /// One charge type is left out of it, the rest posted.
    Without(ChargeType),
}

fn months() -> impl Strategy<Value = Vec<(Vec<Act>, Fate)>> {
    let back = 0_u32..6;
    let act = prop_oneof![
        6 => (1_u32..40, 0_u64..75).prop_map(|(q, d)| Act::Usage(q, d)),
        1 => (0_usize..4, 1_u32..90, back.clone()).prop_map(|(c, p, m)| Act::Price(c, p, m)),
        1 => (1_u32..5, back.clone()).prop_map(|(q, m)| Act::Quantity(q, m)),
        1 => (0_usize..5, prop::option::of(back.clone())).prop_map(|(c, m)| Act::EndCharge(c, m)),
        1 => back.prop_map(Act::Suspend),
        1 => Just(Act::Resume),
        1 => (1_u32..29).prop_map(Act::Day),
    ];
    let fate = prop_oneof![
        12 => Just(Fate::Post),
        2 => Just(Fate::Leave),
        2 => Just(Fate::Cancel),
        1 => Just(Fate::Without(ChargeType::Usage)),
        1 => Just(Fate::Without(ChargeType::Recurring)),
    ];
    // Most months nothing is changed, so that days are settled before something reaches back.
    let quiet = (prop::collection::vec((1_u32..40, 0_u64..28), 0..3))
        .prop_map(|list| list.into_iter().map(|(q, d)| Act::Usage(q, d)).collect());
    let acts = prop_oneof![3 => quiet, 1 => prop::collection::vec(act, 0..3)];
    prop::collection::vec((acts, fate), 10..18)
}

const CHARGES: [&str; 5] = ["C1", "C2", "C3", "C4", "C5"];

fn book(rules: BillingRules) -> Memory {
    crate::harness::rules::book(
        rules,
        &[
            charge("C1", json!({"model": "per_unit", "quantity": "3"})),
            charge("C2", json!({"billing_period": "quarter", "timing": "arrears"})),
            charge("C3", json!({"billing_period": "year", "price": "400"})),
            charge("C4", json!({"type": "one_time", "billing_period": "", "price": "50"})),
            charge(
                "C5",
                json!({
                    "type": "usage", "uom": "unit", "timing": "arrears", "model": "tiered",
                    "tiers": "0-20@1.5+2;21-@0.7+1",
                }),
            ),
        ],
    )
}

fn change(book: &mut Memory, act: &Act, now: chrono::NaiveDate) {
    let ago = |months: u32| (now - Months::new(months)).to_string();
    let of = |kind: &str, key: &str, number: &str, with: Value| {
        let mut r = row(json!({key: number}));
        r.extend(row(with));
        row(json!({kind: [r]}))
    };
    let charge = |c: usize, with| of("charges", "charge_number", CHARGES[c], with);
    let subscription = |with| of("subscriptions", "subscription_number", "S1", with);
    book.import(&match act {
        Act::Usage(q, back) => row(json!({"usage": [{
            "ACCOUNT_ID": "A1", "UOM": "unit", "QTY": q.to_string(),
            "STARTDATE": (now - chrono::Days::new(*back)).max(day("2023-01-10")).to_string(),
        }]})),
        Act::Price(c, price, months) => {
            charge(*c, json!({"price": price.to_string(), "effective_from": ago(*months)}))
        }
        Act::Quantity(quantity, months) => {
            charge(0, json!({"quantity": quantity.to_string(), "effective_from": ago(*months)}))
        }
        Act::EndCharge(c, months) => {
            charge(*c, json!({"end_date": months.map(ago).unwrap_or_default()}))
        }
        Act::Suspend(months) => {
            subscription(json!({"suspend_date": ago(*months), "resume_date": ""}))
        }
        Act::Resume => subscription(json!({"resume_date": now.to_string()})),
        Act::Day(day) => {
            of("accounts", "account_number", "A1", json!({"bill_cycle_day": day.to_string()}))
        }
    });
}

/// A month in which a run bills, and whether its drafts stand posted at the end.
fn month(book: &mut Memory, now: chrono::NaiveDate, fate: Fate) {
    let exclude = match fate {
        Fate::Without(kind) => vec![kind],
        Fate::Post | Fate::Leave | Fate::Cancel => Vec::new(),
    };
    let dates = BillDates { target: now, invoice_date: now, exclude, auto_renew: true };
    book.bill_dates(&dates).unwrap();
    match fate {
        Fate::Post | Fate::Without(_) => book.post(),
        Fate::Leave => {}
        Fate::Cancel => book.cancel(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every run in these books is done twice, with everything and without what is settled
    /// (`Memory::bill_dates`).
    #[test]
    fn a_run_makes_the_same_without_what_is_settled(months in months(), late: bool, silent: bool) {
        let mut rules = default_rules();
        if late {
            rules.late_usage = LateUsage::NextRun;
        }
        if silent {
            rules.without_records = WithoutRecords::NoLine;
        }
        let mut book = book(rules);
        for (n, (acts, fate)) in (0_u32..).zip(&months) {
            let now = day("2023-02-01") + Months::new(n);
            for act in acts {
                change(&mut book, act, now);
            }
            month(&mut book, now, *fate);
        }
        billed_once(&book);
    }
}

#[test]
fn a_run_reads_no_more_after_two_years_than_the_longest_arrears() {
    let mut book = book(default_rules());
    for n in 0..24 {
        let now = day("2023-02-01") + Months::new(n);
        change(&mut book, &Act::Usage(5, u64::from(now.day())), now);
        month(&mut book, now, Fate::Post);
    }
    assert_eq!(book.settled.compared, 21);
    assert!(book.settled.most <= 16, "{} lines were read for one run", book.settled.most);
}

/// Three accounts, billed and posted for half a year.
fn half_a_year() -> Book {
    let book = Book::new("2026-07-01");
    let mut files = [
        ("accounts", "account_number,name,currency\n".to_owned()),
        ("subscriptions", "subscription_number,account_number,start_date\n".to_owned()),
        (
            "charges",
            "charge_number,subscription_number,name,type,model,price,uom,billing_period\n"
                .to_owned(),
        ),
        ("usage", "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\n".to_owned()),
    ];
    for n in 1..=3 {
        writeln!(files[0].1, "A{n},Customer {n},EUR").unwrap();
        writeln!(files[1].1, "S{n},A{n},2026-01-01").unwrap();
        writeln!(files[2].1, "F{n},S{n},Base,recurring,flat,10.00,,month").unwrap();
        writeln!(files[2].1, "D{n},S{n},Data,usage,per_unit,0.20,GB,month").unwrap();
        for month in 1..=6 {
            writeln!(files[3].1, "A{n},GB,{month},2026-{month:02}-07,{n}-{month}").unwrap();
        }
    }
    for (name, text) in files {
        book.import(&format!("{name}.csv"), text, &[]);
    }
    for month in 2..=7 {
        let target = format!("2026-{month:02}-01");
        let run = book.run(&["bill", "--target", &target, "--json"]).ends(0).json();
        book.run(&["post", run["run"].as_str().unwrap()]).ends(0);
    }
    book
}

const SETTLED: &str = "SELECT coalesce(group_concat(number || ' ' || through_on, ', '), '')
    FROM (SELECT a.number, s.through_on FROM settled s JOIN account a ON a.id = s.account_id ORDER BY 1)";

fn text(book: &Book, sql: &str) -> String {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.query_row(sql, [], |r| r.get(0)).unwrap()
}

/// What a run made of the accounts, and what it said.
fn billed(book: &Book) -> String {
    let ran = book.run(&["bill", "--target", "2026-08-01", "--json"]);
    let lines = "SELECT coalesce(group_concat(line, char(10)), '') FROM (
        SELECT d.account_id || ' ' || d.kind || ' ' || i.charge_id || ' ' || i.service_from_on || ' '
            || i.service_to_on || ' ' || i.amount_minor || ' ' || coalesce(i.corrects_item_id, '') AS line
        FROM document d JOIN document_item i ON i.document_id = d.id WHERE d.status = 'Draft'
        ORDER BY 1)";
    let flags = "SELECT coalesce(group_concat(f, char(10)), '') FROM (
        SELECT d.account_id || ' ' || f.code || ' ' || f.reason AS f FROM flag f
        JOIN document d ON d.id = f.document_id WHERE d.status = 'Draft' ORDER BY 1)";
    format!("{}\n{}\n{}\n{}", ran.code, ran.out, text(book, lines), text(book, flags))
}

#[test]
fn whatever_is_done_on_settled_days_is_seen() {
    let settled = "A1 2026-04-30, A2 2026-04-30, A3 2026-04-30";
    let others = "A2 2026-04-30, A3 2026-04-30";
    // What is done to A1, and what is settled after it; terms and rules are compared when they are read.
    let import = |name: &'static str, text: &'static str| (name, text);
    let deeds = [
        ("nothing", import("", ""), settled),
        (
            "late usage",
            import("usage", "ACCOUNT_ID,UOM,QTY,STARTDATE\nA1,GB,100,2026-03-09\n"),
            others,
        ),
        (
            "new usage",
            import("usage", "ACCOUNT_ID,UOM,QTY,STARTDATE\nA1,GB,100,2026-07-09\n"),
            settled,
        ),
        (
            "a price from March on",
            import("charges", "charge_number,price,effective_from\nF1,12.00,2026-03-01\n"),
            settled,
        ),
        ("an end in March", import("charges", "charge_number,end_date\nF1,2026-03-15\n"), settled),
        (
            "a subscription that ended",
            import("subscriptions", "subscription_number,end_date\nS1,2026-02-15\n"),
            settled,
        ),
        (
            "another billing day from March on",
            import("accounts", "account_number,bill_cycle_day,effective_from\nA1,15,2026-03-15\n"),
            settled,
        ),
        (
            "a charge that began in January",
            import(
                "charges",
                "charge_number,subscription_number,name,type,model,price,billing_period\nG1,S1,More,recurring,flat,10.00,month\n",
            ),
            settled,
        ),
    ];
    for (name, (kind, rows), after) in deeds {
        let book = half_a_year();
        assert_eq!(text(&book, SETTLED), settled);
        if !kind.is_empty() {
            let (code, told) = book.import(&format!("{kind}-2.csv"), rows, &[]);
            assert_eq!(code, 0, "{name}: {told}");
        }
        assert_eq!(text(&book, SETTLED), after, "{name}");
        same_as_read_whole(name, &book);
    }
    let book = half_a_year();
    book.run(&["settings", "set", "usage.late", "next_run"]).ends(0);
    same_as_read_whole("other rules", &book);
    // The invoices of A1 back to that of March, taken back.
    let book = half_a_year();
    for back in 0..4 {
        let invoice = format!(
            "SELECT d.number FROM document d JOIN account a ON a.id = d.account_id
             WHERE a.number = 'A1' AND d.kind = 'invoice' ORDER BY d.id DESC LIMIT 1 OFFSET {back}"
        );
        book.run(&["reverse", &text(&book, &invoice), "--reason", "wrong"]).ends(0);
    }
    assert_eq!(text(&book, SETTLED), others);
    same_as_read_whole("an invoice taken back", &book);
}

/// A run makes the same of a copy of the book in which nothing is known to be settled.
fn same_as_read_whole(name: &str, book: &Book) {
    let dir = tempfile::tempdir().unwrap();
    let whole = Book { path: dir.path().join("book.db"), dir };
    book.run(&["backup", whole.path.to_str().unwrap()]).ends(0);
    rusqlite::Connection::open(&whole.path).unwrap().execute("DELETE FROM settled", []).unwrap();
    assert_eq!(billed(book), billed(&whole), "{name}");
    for book in [book, &whole] {
        book.run(&["check"]).ends(0);
    }
}
