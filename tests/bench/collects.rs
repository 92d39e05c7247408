//! Payment runs: many invoices against the sandbox, beside raw inserts of the rows they write; and
//! a gateway that takes its time.

use super::raw::{Table, insert_sql, raw, rows_of};
use super::waits::{Waits, quantile};
use super::{load, new_book};
use daybook::engine::care::settings;
use daybook::engine::command::NewPaymentRun;
use daybook::engine::{Session, collect};
use daybook::store::lock::Lock;
use daybook::worker;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Payments in a slice of the raw side: a transaction writes them down, a second settles them.
const SLICE: usize = 400;

/// A payment run of so many invoices, one an account, against the sandbox.
pub fn sandbox(dir: &Path, invoices: usize) {
    let book = dir.join("collect.db");
    let mut session = owing(&book, invoices);
    let empty = dir.join("collect-raw.db");
    session.store.backup_to(&empty).unwrap();
    session.store.watch_locks();
    let waits = Waits::start(&book, 1);
    let took = collect_all(&mut session);
    let waited = waits.end();
    let locks = session.store.locks().to_vec();
    let approved = count(&session, "SELECT count(*) FROM payment WHERE status = 'Approved'");
    assert_eq!(approved, invoices);
    drop(session);
    let tables = ["payment", "allocation", "ledger_entry"].map(|t| (t, rows_of(&book, t, "id")));
    // What the import had booked is there already.
    let booked = rows_of(&empty, "ledger_entry", "id").1.len();
    let [payments, allocations, (ledger, (names, mut entries))] = tables;
    entries.drain(..booked);
    let tables = [payments, allocations, (ledger, (names, entries))];
    let raw = raw_payments(&empty, &tables, invoices);
    let rate = |took: Duration| invoices as f64 / took.as_secs_f64();
    println!(
        "payment run of {invoices} invoices: {:.0} payments/s (goal 2,000), their rows by raw inserts {:.0}/s",
        rate(took),
        rate(raw)
    );
    println!("while it ran: {waited}");
    show_locks(&locks);
}

/// How long the run held the write lock, by what it did: goal, never above 50 ms.
fn show_locks(locks: &[Lock]) {
    let mut by: BTreeMap<String, Vec<&Lock>> = BTreeMap::new();
    for lock in locks {
        let plain = lock.what.chars().filter(|c| !c.is_ascii_digit()).collect();
        by.entry(plain).or_default().push(lock);
    }
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    for (what, locks) in by {
        let mut held: Vec<Duration> = locks.iter().map(|l| l.held).collect();
        held.sort_unstable();
        let commit = locks.iter().map(|l| l.commit).max().unwrap_or_default();
        println!(
            "  lock held, ms: p50 {:5.1}, p99 {:5.1}, max {:5.1} (longest commit {:5.1}), {} times:{what}",
            ms(quantile(&held, 50)),
            ms(quantile(&held, 99)),
            ms(quantile(&held, 100)),
            ms(commit),
            held.len()
        );
    }
}

/// A payment run against a gateway that takes 200 ms a call.
pub fn slow(dir: &Path, invoices: usize) {
    const CONCURRENCY: usize = 64;
    let book = dir.join("slow.db");
    let mut session = owing(&book, invoices);
    settings::set(&mut session, "sandbox.latency_ms", "200").unwrap();
    settings::set(&mut session, "payment.concurrency", &CONCURRENCY.to_string()).unwrap();
    let took = collect_all(&mut session);
    let (ours, most) = (invoices as f64 / took.as_secs_f64(), CONCURRENCY as f64 / 0.2);
    println!(
        "payment run of {invoices} invoices, 200 ms a call, {CONCURRENCY} at once: {ours:.0}/s of {most:.0}/s possible, {:.0} % (goal 90)",
        ours / most * 100.0
    );
}

/// A book whose accounts owe one invoice each and pay it by themselves.
fn owing(book: &Path, invoices: usize) -> Session {
    let mut accounts = String::from("account_number,name,currency,auto_pay\n");
    let mut methods = String::from("account_number,token,kind,display\n");
    let mut items =
        String::from("document_number,account_number,kind,date,due_date,total,tax,balance\n");
    for n in 0..invoices {
        let _ = writeln!(accounts, "A{n:06},Customer {n},EUR,true");
        let _ = writeln!(methods, "A{n:06},ok,card,visa {n}");
        let cents = n % 90;
        let _ = writeln!(
            items,
            "OI-{n:06},A{n:06},invoice,2025-12-15,2026-01-01,10.{cents:02},0.00,10.{cents:02}"
        );
    }
    let mut session = new_book(book);
    load(
        &mut session,
        vec![
            ("accounts.csv".to_owned(), accounts.into_bytes()),
            ("payment_methods.csv".to_owned(), methods.into_bytes()),
            ("open_items.csv".to_owned(), items.into_bytes()),
        ],
    );
    session
}

fn collect_all(session: &mut Session) -> Duration {
    let new =
        NewPaymentRun { target_on: "2026-01-31".parse().unwrap(), ..NewPaymentRun::default() };
    let ports = worker::ports().unwrap();
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let (_, job) = collect::start(session, &new, None).unwrap();
    let mut follow = &stop;
    worker::drive(session, job, &ports, &mut follow).unwrap();
    begun.elapsed()
}

fn count(session: &Session, sql: &str) -> usize {
    let conn = raw(session.store.path());
    let n: i64 = conn.query_row(sql, [], |r| r.get(0)).unwrap();
    usize::try_from(n).unwrap()
}

/// The same rows, two transactions a slice: what is written before the gateway, and what after.
fn raw_payments(path: &Path, tables: &[Table<'_>], payments: usize) -> Duration {
    let conn = raw(path);
    conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let of = |table: usize| &tables[table].1.1;
    let per = |table: usize| of(table).len() / payments.max(1);
    let begun = Instant::now();
    let mut inserts: Vec<_> = tables
        .iter()
        .map(|(table, (names, _))| conn.prepare(&insert_sql(table, names)).unwrap())
        .collect();
    let mut write = |table: usize, from: usize, to: usize| {
        let rows: &[Vec<Value>] = of(table);
        for row in &rows[(from * per(table)).min(rows.len())..(to * per(table)).min(rows.len())] {
            inserts[table].execute(rusqlite::params_from_iter(row)).unwrap();
        }
    };
    let mut from = 0;
    while from < payments {
        let to = (from + SLICE).min(payments);
        for tables in [&[0, 1][..], &[2][..]] {
            conn.execute_batch("BEGIN IMMEDIATE").unwrap();
            tables.iter().for_each(|table| write(*table, from, to));
            conn.execute_batch("COMMIT").unwrap();
        }
        from = to;
    }
    begun.elapsed()
}
