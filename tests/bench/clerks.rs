//! Eight clerks who write beside each job of the day, as it is and with jobs that never let others
//! go first; and how posting and canceling grow with the drafts of a run.

use super::runs::bill_all;
use super::waits::Waits;
use super::{load, new_book};
use daybook::domain::ids::{BillRunId, JobId};
use daybook::engine::command::NewPaymentRun;
use daybook::engine::{Session, bill, collect, deliver, post};
use daybook::store::bill_run;
use daybook::worker;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const CLERKS: usize = 8;

/// Accounts with one charge, an e-mail address and a card each.
fn book(path: &Path, accounts: usize) -> Session {
    let mut files = [
        "account_number,name,currency,auto_pay,delivery,email\n".to_owned(),
        "subscription_number,account_number,start_date\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned(),
        "account_number,token,kind,display\n".to_owned(),
    ];
    for n in 0..accounts {
        let _ = writeln!(files[0], "A{n:06},Customer {n},EUR,true,email,a{n}@example.com");
        let _ = writeln!(files[1], "S{n:06},A{n:06},2025-12-01");
        let _ = writeln!(files[2], "F{n:06},S{n:06},Base,recurring,flat,29.90,month");
        let _ = writeln!(files[3], "A{n:06},ok,card,visa {n}");
    }
    let names = ["accounts", "subscriptions", "charges", "payment_methods"];
    let mut session = new_book(path);
    let files = names.iter().zip(files);
    load(&mut session, files.map(|(n, text)| (format!("{n}.csv"), text.into_bytes())).collect());
    session
}

fn drive(session: &mut Session, job: JobId) {
    let stop = AtomicBool::new(false);
    let mut follow = &stop;
    worker::drive(session, job, &worker::ports().unwrap(), &mut follow).unwrap();
}

/// The day of so many accounts beside eight clerks.
pub fn clerks(dir: &Path, accounts: usize) {
    for (polite, words) in [(true, "as it is"), (false, "never letting others go first")] {
        let path = dir.join(format!("clerks-{polite}.db"));
        let mut session = book(&path, accounts);
        session.store.polite(polite);
        let run = BillRunId(1);
        let mut part = |name: &str, work: &mut dyn FnMut(&mut Session)| {
            let waits = Waits::start(&path, CLERKS);
            let begun = Instant::now();
            work(&mut session);
            let took = begun.elapsed().as_secs_f64();
            println!("{name} of {accounts}, {words} ({took:.1} s): {}", waits.end());
        };
        part("bill", &mut |s| {
            bill_all(s);
        });
        part("post", &mut |s| {
            let job = post::posting::start(s, &post::posting::What::Run(run), None).unwrap();
            drive(s, job);
        });
        part("deliver", &mut |s| {
            let made = deliver::make::make(s, Some(run), deliver::copies::When::Now).unwrap();
            drive(s, made.job.unwrap());
        });
        part("collect", &mut |s| {
            let target_on = "2026-12-31".parse().unwrap();
            let new = NewPaymentRun { target_on, ..NewPaymentRun::default() };
            let (_, job) = collect::start(s, &new, None).unwrap();
            drive(s, job);
        });
    }
}

/// Seconds to cancel a run of so many drafts, and to post one.
pub fn drafts(dir: &Path, drafts: usize) {
    let mut session = book(&dir.join(format!("drafts-{drafts}.db")), drafts);
    let timed = |session: &mut Session, work: &mut dyn FnMut(&mut Session)| -> Duration {
        let begun = Instant::now();
        work(session);
        begun.elapsed()
    };
    bill_all(&mut session);
    let canceled = timed(&mut session, &mut |s| {
        let (job, _) = bill::steer::cancel(s, BillRunId(1)).unwrap();
        drive(s, job);
    });
    bill_all(&mut session);
    let posted = timed(&mut session, &mut |s| {
        let job = post::posting::start(s, &post::posting::What::Run(BillRunId(2)), None).unwrap();
        drive(s, job);
    });
    let counts = session.read(|db| bill_run::documents(db, BillRunId(2))).unwrap();
    assert_eq!(counts.posted, drafts as i64);
    println!(
        "{drafts} drafts: canceled in {:.1} s, posted in {:.1} s",
        canceled.as_secs_f64(),
        posted.as_secs_f64()
    );
}
