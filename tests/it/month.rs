//! The automated month: nobody logged in, the clock advanced by hours, a gateway outage, a
//! kill -9 a day; the books balance and nobody is charged above their bill.

use crate::harness::book::{Ran, binary, daybook};
use crate::harness::export::hledger_agrees;
use chrono::{Duration, NaiveDate, NaiveDateTime, Timelike};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The hours of a day in which something is planned (2, 11), goes wrong (11 to 13), or is a quiet look;
/// `DAYBOOK_MONTH=all` and the large month pass through all 24.
const HOURS: [u32; 9] = [0, 2, 5, 8, 11, 12, 13, 15, 19];

struct Month {
    dir: tempfile::TempDir,
    book: PathBuf,
    now: NaiveDateTime,
    /// Workers that were alive when they were killed.
    kills: usize,
    /// The slowest hours: what a tick costs.
    slow: Vec<(std::time::Duration, NaiveDateTime)>,
    every_hour: bool,
}

impl Month {
    fn demo(accounts: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_string_lossy().into_owned();
        let ran =
            daybook(Path::new("unused"), &["demo", "--dir", &path, "--accounts", accounts]).ends(0);
        let book = ran.out.split_whitespace().find(|w| w.ends_with("demo.db")).unwrap().into();
        let now = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap().and_hms_opt(8, 0, 0).unwrap();
        let every_hour = accounts.len() > 3 || std::env::var_os("DAYBOOK_MONTH").is_some();
        Self { dir, book, now, kills: 0, slow: Vec::new(), every_hour }
    }

    fn run(&self, args: &[&str]) -> Ran {
        daybook(&self.book, args)
    }

    fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).json()
    }

    fn set(&self, key: &str, value: &str) {
        self.run(&["settings", "set", key, value]).ends(0);
    }

    fn count(&self, sql: &str) -> i64 {
        let conn = rusqlite::Connection::open(&self.book).unwrap();
        conn.query_row(sql, [], |r| r.get(0)).unwrap()
    }

    fn hour_passes(&mut self) {
        self.now += Duration::hours(1);
        while !self.every_hour && !HOURS.contains(&self.now.hour()) {
            self.now += Duration::hours(1);
        }
        let text = self.now.format("%Y-%m-%dT%H:%M").to_string();
        self.run(&["clock", "set", &text]).ends(0);
    }

    fn work(&mut self) {
        let begun = Instant::now();
        self.run(&["worker", "--once"]).ends(0);
        self.slow.push((begun.elapsed(), self.now));
    }

    /// Starts a worker and kills it once it has written something, if it lives that long.
    fn work_and_be_killed(&mut self) {
        let conn = rusqlite::Connection::open(&self.book).unwrap();
        conn.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        let seen = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        let before = seen("SELECT max(seq) FROM operation");
        let mut child = Command::new(binary())
            .args(["--book", &self.book.to_string_lossy(), "worker", "--once"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let alive = loop {
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            if seen("SELECT max(seq) FROM operation") > before + 2 {
                break true;
            }
            assert!(begun.elapsed().as_secs() < 600, "the worker of {} stands still", self.now);
            std::thread::yield_now();
        };
        let _ = child.kill();
        child.wait().unwrap();
        self.kills += usize::from(alive);
    }
}

/// Sets the automation up; gives its bill schedule and its payment schedule.
fn automate(month: &Month) -> (String, String) {
    for (key, value) in [
        ("automation.auto_post", "true"),
        ("automation.retry", "true"),
        ("automation.guard_failed_accounts", "1000"),
        ("automation.guard_percent", "300"),
        ("automation.stop_flags", ""),
        ("payment.guard_percent", "300"),
    ] {
        month.set(key, value);
    }
    let add = |kind: &str, rest: &str| {
        let mut args = vec!["schedule", "add", kind];
        args.extend(rest.split('|'));
        month.json(&args)["id"].as_str().unwrap().to_owned()
    };
    let bill = add(
        "bill",
        "--every|monthly 1|--at|02:00|--auto-post|--auto-email|--email|owner@example.com",
    );
    let pay = add("collect", &format!("--every|daily|--at|11:00|--after|{bill}"));
    (bill, pay)
}

/// Gives one in twelve of those who pay by themselves a card that fails, in one of four ways: 8 %;
/// and one in forty a card whose payments are taken back two days later.
fn cards_that_fail(month: &Month) {
    let conn = rusqlite::Connection::open(&month.book).unwrap();
    let sql = "SELECT a.number, m.token, m.kind FROM account a JOIN account_version v ON v.account_id = a.id
        JOIN payment_method m ON m.account_id = a.id AND m.priority = 1
        WHERE v.auto_pay = 1 AND m.token NOT LIKE 'decline%' GROUP BY a.id ORDER BY a.id";
    let mut statement = conn.prepare(sql).unwrap();
    let all: Vec<_> = statement
        .query_map([], |r| Ok([r.get::<_, String>(0)?, r.get(1)?, r.get(2)?]))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let ways = ["insufficient_funds,ok", "do_not_honor", "expired_card", "processing_error,ok"];
    let mut file = "account_number,token,kind,display,priority\n".to_owned();
    for ([account, token, kind], way) in all.iter().step_by(12).zip(ways.iter().cycle()) {
        writeln!(file, "{account},\"decline:{way}\",card,visa ··0002,1").unwrap();
        writeln!(file, "{account},\"{token}\",{kind},its old one,3").unwrap();
    }
    for [account, token, kind] in all.iter().skip(6).step_by(40) {
        writeln!(file, "{account},returned:fraudulent,card,visa ··0259,1").unwrap();
        writeln!(file, "{account},\"{token}\",{kind},its old one,3").unwrap();
    }
    let path = month.dir.path().join("cards.csv");
    std::fs::write(&path, file).unwrap();
    month.run(&["import", path.to_str().unwrap()]).ends(0);
}

/// Runs December 2026 and the first day of January by itself.
fn month(accounts: &str) -> Month {
    let mut month = Month::demo(accounts);
    cards_that_fail(&month);
    let (bill, pay) = automate(&month);

    // The first cycle of a schedule has nothing to compare with: it stops, and a clerk posts it.
    month.run(&["schedule", "resume", &bill, "--run-now"]).ends(0);
    month.work();
    let runs = month.json(&["run", "list"]);
    let first = &runs.as_array().unwrap()[0];
    assert_eq!(first["status"], "Completed", "{first}");
    assert!(first["note"].as_str().unwrap().contains("no earlier cycle"), "{first}");
    let posted = month.run(&["post", first["run"].as_str().unwrap()]);
    assert!(posted.code <= 1, "{}", posted.err);

    let end = NaiveDate::from_ymd_opt(2027, 1, 2).unwrap().and_hms_opt(0, 0, 0).unwrap();
    let outage = NaiveDate::from_ymd_opt(2026, 12, 10).unwrap();
    while month.now < end {
        month.hour_passes();
        let (day, hour) = (month.now.date(), month.now.hour());
        if day == outage && (hour == 11 || hour == 13) {
            month.set("sandbox.outage", if hour == 11 { "true" } else { "false" });
        }
        // The payment run of each day dies once, and so does the bill run of January.
        if hour == 11 || (hour == 2 && month.now.to_string().starts_with("2027-01-01")) {
            month.work_and_be_killed();
        }
        month.work();
        if month.count("SELECT count(*) FROM payment_run WHERE status = 'Paused'") > 0 {
            // The first payment run has nothing to compare with either: a person looks, once.
            assert_eq!((day.to_string().as_str(), hour), ("2026-12-01", 11));
            let run = month.count("SELECT id FROM payment_run WHERE status = 'Paused'");
            let resumed = month.run(&["run", "resume", &format!("PR-{run:06}")]);
            assert!(resumed.code <= 1, "{}", resumed.err);
        }
    }
    today_tells_what_happened(&month);
    slots_ran_once(&month, &pay);
    money_is_right(&month);
    month
}

/// Every slot once: the payment schedule ran on each of the 32 days from December 1 to January 1.
fn slots_ran_once(month: &Month, pay: &str) {
    let slots = month.json(&["schedule", "show", pay])["slots"].as_array().unwrap().clone();
    assert_eq!(slots.len(), 15, "the last fifteen are shown");
    assert!(slots.iter().all(|s| s["state"] == "run"), "{slots:?}");
    let runs = "SELECT count(*) FROM payment_run WHERE schedule_id = 2";
    assert_eq!(month.count(runs), 32);
    let slots =
        "SELECT count(DISTINCT subject) FROM schedule_slot WHERE state = 'run' AND schedule_id = 2";
    assert_eq!(month.count(slots), 32);

    // January billed, posted and mailed itself.
    let runs = month.json(&["run", "list"]);
    let last = &runs.as_array().unwrap()[0];
    let words = (last["target_date"].as_str().unwrap(), last["status"].as_str().unwrap());
    assert_eq!(words, ("2027-01-01", "Posted"), "{last}");
    let sent = "SELECT count(*) FROM delivery WHERE status = 'Sent' AND queued_at > 1798750000000";
    assert!(month.count(sent) > 0);
    // The schedule's owner was told by mail that the first cycle needed a person.
    assert!(month.count("SELECT count(*) FROM notice WHERE mailed_at IS NOT NULL") > 0);
}

/// What a newcomer reads on the morning after, without a word from anybody.
fn today_tells_what_happened(month: &Month) {
    let status = month.json(&["status"]);
    let happened = status["happened"].as_array().unwrap();
    let told = |what: &str, did: &str| {
        let found = happened.iter().find(|h| {
            let text = |key: &str| h[key].as_str().unwrap().to_owned();
            text("what").starts_with(what) && text("did").contains(did)
        });
        found.unwrap_or_else(|| panic!("nothing of {what} {did} in {happened:#?}")).clone()
    };
    let billed = told("BR-", "billed by its schedule");
    assert_eq!(
        (&billed["at"], &billed["state"]),
        (&"2027-01-01T01:00:00Z".into(), &"Posted".into())
    );
    assert!(!billed["money"].as_object().unwrap().is_empty(), "{billed}");
    told("post BR-", "documents posted");
    told("e-mail", "copies sent");
    let charged = told("PR-", "charged: ");
    assert!(charged["at"].as_str().unwrap().ends_with("T10:00:00Z"), "{charged}");
    // (02:00 and 11:00 in the book's zone, Berlin.) In the order of the day, and what needs a person is in the steps.
    let times: Vec<&str> = happened.iter().map(|h| h["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let open = status["open"].as_array().unwrap();
    assert!(open.contains(&"failed".into()), "{status}");
}

/// Everything balances; nothing is left unanswered without a person knowing.
fn money_is_right(month: &Month) {
    let of = |status: &str| {
        month.count(&format!("SELECT count(*) FROM payment WHERE status = '{status}'"))
    };
    let (approved, declined) = (of("Approved"), of("Declined"));
    assert!(declined * 100 >= approved * 6, "{declined} declined, {approved} approved");
    println!("{approved} approved, {declined} declined, {} kills", month.kills);
    let back = month.count(
        "SELECT count(*) FROM payment_event WHERE kind = 'chargeback' AND key LIKE 'sandbox %'",
    );
    assert!(back > 0, "nobody noticed what was taken back");
    assert_eq!(of("Processing"), 0);
    // The outage is long over. What nothing was found of is nobody's guess: a person has it, each.
    let exceptions = month.json(&["payment", "exceptions"]);
    let with_a_person = i64::try_from(exceptions.as_array().unwrap().len()).unwrap();
    assert_eq!(with_a_person, of("Unknown"), "{exceptions}");
    // Per invoice, what came in and stayed in is never more than its total.
    let above = "SELECT count(*) FROM document d JOIN (
        SELECT l.document_id, sum(l.amount_minor - l.reopened_minor) AS paid FROM allocation l JOIN payment p ON p.id = l.payment_id
        WHERE p.status = 'Approved' AND l.state = 'applied' GROUP BY 1) s
        ON s.document_id = d.id WHERE s.paid > d.total_minor";
    assert_eq!(month.count(above), 0);
    let check = month.run(&["check"]);
    assert_eq!(check.code, 0, "{}", check.out);
    let journal = month.dir.path().join("month.journal");
    hledger_agrees(&month.book, &journal, &[("EUR", 2), ("USD", 2), ("JPY", 0)]);
    assert!(month.kills >= 20, "only {} workers were alive to be killed", month.kills);
}

#[test]
fn a_month_runs_by_itself() {
    month("300");
}

/// The large scale, by hand and against a release build:
/// `DAYBOOK_BIN=target/release/daybook cargo test --test it thirty_thousand -- --ignored --nocapture`.
#[test]
#[ignore = "30,000 accounts, hour by hour: run by hand"]
fn a_month_of_thirty_thousand_accounts_runs_by_itself() {
    let begun = Instant::now();
    let mut month = month("30000");
    println!("{:?} in all, {} kills", begun.elapsed(), month.kills);
    for sql in [
        "SELECT count(*) FROM document WHERE status = 'Posted'",
        "SELECT count(*) FROM payment WHERE status = 'Approved'",
        "SELECT count(*) FROM payment WHERE status = 'Declined'",
        "SELECT count(*) FROM payment WHERE look_ups > 0",
    ] {
        println!("{:>9}  {sql}", month.count(sql));
    }
    month.slow.sort_unstable_by(|a, b| b.cmp(a));
    let median = month.slow[month.slow.len() / 2].0;
    println!("median hour {median:?}; the slowest: {:?}", &month.slow[..12]);
}
