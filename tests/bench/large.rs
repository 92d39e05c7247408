//! One account that is as large as a whole book: its usage, or its charges, in one bill. Each is
//! billed by a process of its own, so that its memory is the bill's alone.

use super::{load, new_book, session_on};
use crate::runs::bill_all;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const ACCOUNT: &str =
    "account_number,name,currency,bill_cycle_day,payment_term\nA1,Acme,EUR,1,Net 30\n";
const SUBSCRIPTION: &str = "subscription_number,account_number,start_date\nS1,A1,2025-12-01\n";

/// One account with so many usage records.
pub fn usage(dir: &Path, records: usize) {
    let charges = "charge_number,subscription_number,name,type,model,price,uom,tiers,billing_period\n\
        C1,S1,Data,usage,tiered,0,GB,0-1000@0.20;1001-@0.1025,month\n";
    let mut usage = String::from("ACCOUNT_ID,UOM,QTY,STARTDATE\n");
    for n in 0..records {
        let _ = writeln!(usage, "A1,GB,{}.{},2025-12-{:02}", n % 97, n % 10, n % 31 + 1);
    }
    large(dir, &format!("{records} usage records"), charges, Some(usage));
}

/// One account with so many charges.
pub fn charges(dir: &Path, count: usize) {
    let mut charges = String::from(
        "charge_number,subscription_number,name,type,model,price,quantity,billing_period,timing\n",
    );
    for n in 0..count {
        let price = n % 90 + 1;
        let _ =
            writeln!(charges, "C{n:05},S1,Seat {n},recurring,per_unit,{price}.49,3,month,advance");
    }
    large(dir, &format!("{count} charges"), &charges, None);
}

fn large(dir: &Path, what: &str, charges: &str, usage: Option<String>) {
    let book = dir.join(format!("{}.db", what.replace(' ', "-")));
    let mut files = vec![
        ("accounts.csv".to_owned(), ACCOUNT.as_bytes().to_vec()),
        ("subscriptions.csv".to_owned(), SUBSCRIPTION.as_bytes().to_vec()),
        ("charges.csv".to_owned(), charges.as_bytes().to_vec()),
    ];
    files.extend(usage.map(|text| ("usage.csv".to_owned(), text.into_bytes())));
    let mut session = new_book(&book);
    load(&mut session, files);
    drop(session);
    let child = Command::new(std::env::current_exe().unwrap()).arg("--bill").arg(&book).output();
    let child = child.unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    println!("one account with {what}: {}", String::from_utf8_lossy(&child.stdout).trim());
}

/// The process of its own: bills the book and says how long it took and what memory it had.
pub fn bill(book: &Path) {
    let mut session = session_on(book);
    let before = peak();
    let took = bill_all(&mut session);
    let failed = session.read(|db| {
        daybook::store::bill_run::list(db, None, 1)
            .map(|runs| runs.iter().map(|r| r.accounts_failed).sum::<i64>())
    });
    assert_eq!(failed.unwrap(), 0);
    println!("billed in {:.2} s, peak {} MB ({before} MB before)", took.as_secs_f64(), peak());
}

/// The most memory this process had, MB. Not `getrusage`: its peak survives `exec`, so it would
/// be that of the process that made the book.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
