//! Bill runs of many small accounts, beside raw inserts of the rows they write.

use super::raw::{Table, ratio, raw, raw_documents, rows_of};
use super::waits::Waits;
use super::{load, new_book};
use daybook::engine::command::{AccountFilter, NewBillRun};
use daybook::engine::{Session, bill};
use daybook::worker;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Accounts with three recurring charges each.
pub fn recurring(dir: &Path, accounts: usize) {
    let charges =
        "charge_number,subscription_number,name,type,model,price,quantity,billing_period,timing";
    let files = book_of(accounts, charges, &|out, n| {
        let _ = writeln!(out, "B{n:05},S{n:05},Base,recurring,flat,29.90,1,month,advance");
        let seats = n % 40 + 1;
        let _ =
            writeln!(out, "C{n:05},S{n:05},Seats,recurring,per_unit,9.99,{seats},month,advance");
        let _ = writeln!(out, "D{n:05},S{n:05},Support,recurring,flat,120,1,quarter,advance");
    });
    bill_run(dir, "run", "3 recurring charges", accounts, files, 0.5);
}

/// Accounts with a recurring charge, tiered usage of so many records and a discount each.
pub fn mixed(dir: &Path, accounts: usize, records: usize) {
    let charges = "charge_number,subscription_number,name,type,model,price,quantity,uom,tiers,billing_period,timing";
    let mut files = book_of(accounts, charges, &|out, n| {
        let _ = writeln!(out, "B{n:05},S{n:05},Base,recurring,flat,29.90,1,,,month,arrears");
        let tiers = "0-100@0.20+1;101-500@0.15;501-@0.1025";
        let _ = writeln!(out, "C{n:05},S{n:05},Data,usage,tiered,0,1,GB,{tiers},month,arrears");
        let _ = writeln!(
            out,
            "D{n:05},S{n:05},Loyalty,recurring,discount_percent,7.5,1,,,month,arrears"
        );
    });
    let mut usage = String::from("ACCOUNT_ID,UOM,QTY,STARTDATE\n");
    for n in 0..accounts {
        for record in 0..records {
            let quantity = (n * 7 + record * 31) % 90;
            let _ = writeln!(
                usage,
                "A{n:05},GB,{quantity}.{},2025-12-{:02}",
                record % 10,
                record % 28 + 1
            );
        }
    }
    files.push(("usage.csv".to_owned(), usage.into_bytes()));
    let what = format!("3 mixed charges and {records} usage records");
    bill_run(dir, &format!("mixed-{records}"), &what, accounts, files, 0.4);
}

/// A book of accounts with one subscription each and the charges that are written for each.
fn book_of(
    accounts: usize,
    charge_head: &str,
    charges_of: &dyn Fn(&mut String, usize),
) -> Vec<(String, Vec<u8>)> {
    let mut rows = String::from(
        "account_number,name,currency,email,bill_cycle_day,payment_term,delivery,tax_code\n",
    );
    let mut subscriptions = String::from("subscription_number,account_number,start_date\n");
    let mut charges = format!("{charge_head}\n");
    for n in 0..accounts {
        let _ = writeln!(rows, "A{n:05},Customer {n},EUR,a{n}@example.com,1,Net 30,email,VAT");
        let _ = writeln!(subscriptions, "S{n:05},A{n:05},2025-12-01");
        charges_of(&mut charges, n);
    }
    vec![
        ("taxes.csv".to_owned(), b"tax_code,rate_percent,name\nVAT,19,VAT\n".to_vec()),
        ("accounts.csv".to_owned(), rows.into_bytes()),
        ("subscriptions.csv".to_owned(), subscriptions.into_bytes()),
        ("charges.csv".to_owned(), charges.into_bytes()),
    ]
}

/// What a bill run writes, in an order that keeps foreign keys.
const TABLES: [(&str, &str); 7] = [
    ("document", "id"),
    ("document_item", "id"),
    ("document_tax", "document_id"),
    ("document_state", "document_id"),
    ("claim", "document_id"),
    ("usage_claim", "document_id"),
    ("flag", "document_id"),
];

/// A bill run of the whole book; gives how long it took.
pub fn bill_all(session: &mut Session) -> Duration {
    let new = NewBillRun {
        target_on: "2026-01-01".parse().unwrap(),
        invoice_on: Some("2026-01-01".parse().unwrap()),
        accounts: AccountFilter::default(),
        exclude: Vec::new(),
        auto_renew: true,
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
        confirmed: true,
    };
    let ports = worker::ports().unwrap();
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let (_, job) = bill::run::start(session, &new).unwrap();
    let mut follow = &stop;
    worker::drive(session, job, &ports, &mut follow).unwrap();
    begun.elapsed()
}

fn bill_run(
    dir: &Path,
    name: &str,
    what: &str,
    accounts: usize,
    files: Vec<(String, Vec<u8>)>,
    goal: f64,
) {
    let (ours, theirs) = (dir.join(format!("{name}.db")), dir.join(format!("{name}-raw.db")));
    let mut session = new_book(&ours);
    load(&mut session, files);
    session.store.backup_to(&theirs).unwrap();
    let waits = Waits::start(&ours, 1);
    let took = bill_all(&mut session);
    let waited = waits.end();
    let tables: Vec<Table<'_>> =
        TABLES.iter().map(|(table, order)| (*table, rows_of(&ours, table, order))).collect();
    let rows: usize = tables.iter().map(|(_, (_, rows))| rows.len()).sum();
    let documents = tables[0].1.1.len();
    assert_eq!(documents, accounts);
    let slices = raw(&ours)
        .query_row("SELECT count(*) FROM operation WHERE verb = 'bill'", [], |r| r.get::<_, i64>(0))
        .unwrap();
    let slice = documents.div_ceil(usize::try_from(slices).unwrap_or(1).max(1));
    let spent = raw_documents(&theirs, &tables, slice);
    ratio(
        &format!("bill run of {accounts} accounts with {what} ({slices} slices)"),
        rows,
        took,
        spent,
        goal,
    );
    println!("while it ran: {waited} (goal < 100)");
}
