//! Schedules: every slot once, whatever the clock does and whoever looks.

use crate::harness::book::{Book, binary};
use crate::harness::collect::{outcomes, owing, sandbox};
use crate::harness::pty::Pty;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use daybook::clock::Now;
use daybook::domain::schedule::Every;
use daybook::engine::Session;
use daybook::engine::clockwork::schedule as engine;
use daybook::engine::clockwork::schedule::Spec;
use daybook::engine::clockwork::tick;
use daybook::engine::command::{AccountFilter, NewPaymentRun};
use daybook::store::schedule as rows;
use std::process::{Command, Stdio};

const RUNS: &str = "SELECT count(*) FROM payment_run";

fn collect_spec() -> Spec {
    Spec::Collect { target: "+0d".to_owned(), run: NewPaymentRun::default(), after: None }
}

fn moment(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

/// A book in a zone and a session whose clock the test moves.
fn in_zone(zone: &str, at: &str) -> (Book, Session, daybook::zone::Zone) {
    let book = Book::new("2026-01-05");
    book.run(&["settings", "set", "book.time_zone", zone]).ends(0);
    book.run(&["clock", "set", &at[..10]]).ends(0);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let zone: daybook::zone::Zone = zone.parse().unwrap();
    session.fixed_now = Some(Now::at(moment(at), zone));
    (book, session, zone)
}

fn slots(book: &Book) -> Vec<(NaiveDateTime, String, i64)> {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let mut statement =
        conn.prepare("SELECT slot, state, late_minutes FROM schedule_slot ORDER BY slot").unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn nights_of_daylight_saving_run_every_slot_once_and_on_time() {
    // Zone, a moment two days before its night (UTC), the slot's time of day.
    let nights = [
        ("Europe/Berlin", "2026-03-27T12:00", (2, 30)), // 02:30 does not exist
        ("Europe/Berlin", "2026-10-23T12:00", (2, 30)), // 02:30 comes twice
        ("America/New_York", "2026-03-06T12:00", (2, 30)), // missing
        ("America/New_York", "2026-10-30T12:00", (1, 30)), // twice
        ("Australia/Lord_Howe", "2026-10-02T00:00", (2, 15)), // half an hour missing
        ("Australia/Lord_Howe", "2026-04-03T00:00", (1, 45)), // half an hour twice
        ("Africa/Cairo", "2026-04-22T12:00", (0, 30)),  // midnight is missing
        ("Asia/Tokyo", "2026-03-27T12:00", (2, 30)),    // nothing happens
    ];
    for (name, start, (hour, minute)) in nights {
        let (book, mut session, zone) = in_zone(name, start);
        let at = hour * 60 + minute;
        engine::add(&mut session, "n", &Every::Daily, at, &collect_spec(), "").unwrap();
        for quarter in 0..96 * 4 {
            let now = moment(start) + Duration::minutes(15 * quarter);
            session.fixed_now = Some(Now::at(now, zone));
            tick::tick(&mut session).unwrap();
        }
        let found = slots(&book);
        assert_eq!(found.len(), 4, "{name} {found:?}");
        assert_eq!(book.count(RUNS), 4, "{name}");
        for (slot, state, late) in &found {
            assert_eq!(
                (state.as_str(), slot.format("%H:%M").to_string()),
                ("run", format!("{hour:02}:{minute:02}"))
            );
            assert!((0..15).contains(late), "{name} {slot}: {late} minutes late");
        }
        assert_eq!(book.count("SELECT count(*) FROM notice"), 0, "{name}");
    }
}

#[test]
fn a_slot_in_a_skipped_hour_begins_at_the_first_minute_after_it() {
    // Cairo, 30 April 2027: midnight to one in the morning does not exist.
    for skipped in [false, true] {
        let (book, mut session, zone) = in_zone("Africa/Cairo", "2027-04-29T12:00");
        let id = engine::add(&mut session, "n", &Every::Daily, 15, &collect_spec(), "").unwrap();
        let mut next_at = |utc: &str, ticks: bool| {
            session.fixed_now = Some(Now::at(moment(utc), zone));
            if ticks {
                tick::tick(&mut session).unwrap();
            }
            let row = session.read(|db| rows::get(db, id)).unwrap();
            let used = session.read(|db| engine::last_used(db, id)).unwrap();
            let next = engine::upcoming(&row, used, session.now().unwrap(), zone, 1);
            (next[0].format("%d %H:%M").to_string(), book.count(RUNS))
        };
        // 23:59, and then it is one o'clock.
        assert_eq!(next_at("2027-04-29T21:59", true), ("30 00:15".to_owned(), 0));
        if skipped {
            book.run(&["--now", "2027-04-29T23:59", "schedule", "skip", &id.to_string()]).ends(0);
        }
        let made = i64::from(!skipped);
        assert_eq!(next_at("2027-04-29T22:00", false).0, "01 00:15");
        assert_eq!(next_at("2027-04-29T22:00", true), ("01 00:15".to_owned(), made));
        assert_eq!(next_at("2027-04-29T22:20", true), ("01 00:15".to_owned(), made));
        assert_eq!(next_at("2027-04-30T21:14", true), ("01 00:15".to_owned(), made));
        assert_eq!(next_at("2027-04-30T21:15", true), ("02 00:15".to_owned(), made + 1));
    }
}

#[test]
fn a_run_that_waits_for_a_person_is_joined_by_the_next_slots() {
    let book = owing(&["ok", "ok"]);
    book.run(&["schedule", "add", "collect", "--every", "daily", "--at", "11:00"]).ends(0);
    let at = |moment: &str| {
        book.run(&["clock", "set", moment]).ends(0);
        book.run(&["worker", "--once"]).ends(0);
        book.run(&["check"]).ends(0);
        (book.count(RUNS), book.count("SELECT count(*) FROM schedule_slot"))
    };
    // The first of its schedule waits to be looked at, and goes on waiting.
    assert_eq!(at("2026-01-06T11:00"), (1, 1));
    assert_eq!(at("2026-01-07T11:00"), (1, 2));
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
                 NEW-1,A1,invoice,2026-01-01,2026-01-08,7.00,0.00,7.00\n\
                 NEW-2,A2,invoice,2026-01-01,2026-01-09,9.00,0.00,9.00\n";
    let file = book.file("more.csv", items);
    book.run(&["import", &file]).ends(0);
    assert_eq!(at("2026-01-08T11:00"), (1, 3));
    assert_eq!(book.count("SELECT count(*) FROM payment"), 0);
    let told = "SELECT count(*) FROM notice WHERE level = 'task'
        AND text LIKE '%PR-000001 still waits for a person%made no second run%'";
    assert_eq!(book.count(told), 2);
    // Resumed: what is due by the day of the last slot is charged once, what is due later is not.
    let said = book.run(&["run", "resume", "PR-000001"]).ends(0).out;
    assert!(said.contains("takes also what has become due by 2026-01-08"), "{said}");
    assert_eq!((sandbox(&book), outcomes(&book).len()), ((27_00, 1), 3));
    assert_eq!(book.count("SELECT picked FROM payment_run"), 3);
    // It is over: the next slot makes a run of its own.
    assert_eq!(at("2026-01-09T11:00"), (2, 4));
    book.run(&["check"]).ends(0);
}

#[test]
fn a_paused_bill_run_is_not_billed_beside() {
    let (book, mut session, zone) = in_zone("UTC", "2026-01-05T12:00");
    let spec = Spec::Bill {
        target: "+0d".to_owned(),
        invoice: "+0d".to_owned(),
        accounts: AccountFilter::default(),
        exclude: Vec::new(),
        auto_renew: true,
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
    };
    engine::add(&mut session, "n", &Every::Daily, 120, &spec, "").unwrap();
    let mut day = |day: i64| {
        let now = moment("2026-01-05T02:00") + Duration::days(day);
        session.fixed_now = Some(Now::at(now, zone));
        tick::tick(&mut session).unwrap();
        book.count("SELECT count(*) FROM bill_run")
    };
    assert_eq!(day(1), 1);
    book.run(&["run", "pause", "BR-000001"]).ends(0);
    assert_eq!((day(2), day(3)), (1, 1));
    let told = "SELECT count(*) FROM notice WHERE text LIKE '%BR-000001 still waits%'";
    assert_eq!(book.count(told), 2);
    book.run(&["run", "cancel", "BR-000001"]).ends(0);
    assert_eq!(day(4), 2);
}

#[test]
fn a_schedule_made_in_the_hours_second_passing_waits_for_the_next_day() {
    // 02:10 of the second passing in Berlin: 02:30 has been, forty minutes ago.
    let (book, mut session, zone) = in_zone("Europe/Berlin", "2026-10-25T01:10");
    let id = engine::add(&mut session, "n", &Every::Daily, 150, &collect_spec(), "").unwrap();
    let row = session.read(|db| rows::get(db, id)).unwrap();
    let next = engine::upcoming(&row, None, session.now().unwrap(), zone, 15);
    assert_eq!((next.len(), next[0].to_string()), (15, "2026-10-26 02:30:00".to_owned()));
    for minutes in 0..120 {
        session.fixed_now =
            Some(Now::at(moment("2026-10-25T01:10") + Duration::minutes(minutes), zone));
        tick::tick(&mut session).unwrap();
    }
    assert_eq!(slots(&book), []);
}

#[test]
fn missed_slots_run_once_late_and_say_so_and_years_do_not_wear_a_schedule_out() {
    let (book, mut session, zone) = in_zone("UTC", "2026-01-05T12:00");
    engine::add(&mut session, "daily", &Every::Daily, 660, &collect_spec(), "o@example.com")
        .unwrap();
    let at = |days: i64| {
        let day = moment("2026-01-05T00:00") + Duration::days(days);
        day.format("%Y-%m-%dT10:00").to_string()
    };
    let mut go = |days: i64, hour: i64| {
        let now = moment("2026-01-05T00:00") + Duration::days(days) + Duration::hours(hour);
        session.fixed_now = Some(Now::at(now, zone));
        for _ in 0..3 {
            tick::tick(&mut session).unwrap();
        }
        book.count(RUNS)
    };
    // On time: no notice. Three days nobody worked: the last slot runs, two are missed.
    assert_eq!(go(1, 11), 1);
    assert_eq!(book.count("SELECT count(*) FROM notice"), 0);
    assert_eq!(go(4, 15), 2);
    let states: Vec<String> = slots(&book).into_iter().map(|s| s.1).collect();
    assert_eq!(states, ["run", "missed", "missed", "run"]);
    let text =
        "SELECT count(*) FROM notice WHERE mail_to = 'o@example.com' AND mailed_at IS NOT NULL
        AND text LIKE '%4 h 0 min late%2 slots before it were missed%'";
    assert_eq!(book.count(text), 1);
    // More days than are looked back for: not by itself, then once, and then day by day.
    assert_eq!(go(900, 11), 2);
    book.run(&["--now", &at(900), "clock", "confirm"]).ends(0);
    assert_eq!(go(900, 11), 3);
    for day in 1..=5 {
        assert_eq!(go(900 + day, 11), 3 + day);
        assert_eq!(go(900 + day, 20), 3 + day);
    }
    // The clock goes back: nothing runs again.
    assert_eq!(go(500, 11), 8);
}

#[test]
fn a_slot_that_is_skipped_or_paused_over_makes_nothing() {
    let book = owing(&["ok"]);
    let add = ["schedule", "add", "collect", "--every", "daily", "--at", "11:00"];
    let shown = book.run(&[&add[..], &["--json"]].concat()).json();
    let id = shown["id"].as_str().unwrap();
    assert_eq!(shown["next"].as_array().unwrap().len(), 15);
    book.run(&["schedule", "skip", id]).ends(0);
    let shown = book.run(&["schedule", "show", id, "--json"]).json();
    assert_eq!(
        (&shown["skip"], &shown["next"][0]),
        (&"2026-01-06T11:00".into(), &"2026-01-07T11:00".into())
    );
    let at = |moment: &str| {
        book.run(&["clock", "set", moment]).ends(0);
        book.run(&["worker", "--once"]).ends(0);
        book.count(RUNS)
    };
    assert_eq!(at("2026-01-06T11:00"), 0);
    book.run(&["schedule", "pause", id]).ends(0);
    assert_eq!(at("2026-01-08T12:00"), 0);
    // Resumed: the slots of the pause are not made up for; and once now.
    book.run(&["schedule", "resume", id]).ends(0);
    assert_eq!(at("2026-01-09T10:59"), 0);
    book.run(&["schedule", "resume", id, "--run-now"]).ends(0);
    assert_eq!(book.count(RUNS), 1);
    assert_eq!(at("2026-01-09T11:00"), 2);
    book.run(&["schedule", "end", id]).ends(0);
    assert_eq!(at("2026-02-01T12:00"), 2);
    book.run(&["schedule", "resume", id]).ends(2);
    book.run(&["check"]).ends(0);
}

#[test]
fn many_processes_at_one_slot_make_one_run() {
    let book = owing(&["", ""]);
    book.run(&["schedule", "add", "collect", "--every", "daily", "--at", "11:00"]).ends(0);
    let pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    for round in 1..=25_i64 {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap() + Duration::days(round);
        book.run(&["clock", "set", &format!("{day}T11:00")]).ends(0);
        let workers: Vec<_> = (0..4)
            .map(|_| {
                Command::new(binary())
                    .arg("--book")
                    .arg(&book.path)
                    .args(["worker", "--once"])
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut worker in workers {
            assert!(worker.wait().unwrap().success());
        }
        assert_eq!(book.count("SELECT count(*) FROM payment_run WHERE schedule_id = 1"), round);
        assert_eq!(book.count("SELECT count(*) FROM schedule_slot"), round);
    }
    book.run(&["check"]).ends(0);
}

#[test]
fn an_open_console_fires_a_schedule_with_no_other_worker() {
    let book = owing(&["ok"]);
    book.run(&["schedule", "add", "collect", "--every", "daily", "--at", "11:00"]).ends(0);
    let pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    book.run(&["clock", "set", "2026-01-06T11:00"]).ends(0);
    pty.shows("PR-000001");
}

#[test]
fn a_system_clock_that_jumps_runs_no_slot_twice() {
    if !Command::new("faketime").arg("--version").output().is_ok_and(|o| o.status.success()) {
        assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "faketime is missing");
        eprintln!("SKIPPED: faketime is not installed, so a jumping clock was not judged");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("book.db");
    let book = Book { dir, path };
    // A real book: its clock is the system's.
    book.run(&["init"]).ends(0);
    let at = |shift: &str, args: &[&str]| {
        let ran = Command::new("faketime")
            .args(["-f", shift])
            .arg(binary())
            .arg("--book")
            .arg(&book.path)
            .args(args)
            .output()
            .unwrap();
        assert!(ran.status.success(), "{shift} {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        book.count(RUNS)
    };
    at("+0d", &["schedule", "add", "collect", "--every", "daily", "--at", "00:00"]);
    for (shift, runs) in
        [("-2d", 0), ("+2d", 1), ("-2d", 1), ("+3650d", 1), ("+2d", 1), ("-2d", 1), ("+3651d", 1)]
    {
        assert_eq!(at(shift, &["worker", "--once"]), runs, "{shift}");
        at(shift, &["check"]);
    }
    // Somebody believes it, and then it is right again: the slots it used up are free.
    assert_eq!(at("+3651d", &["worker", "--once", "--yes"]), 2);
    assert_eq!(at("+3d", &["worker", "--once"]), 3);
    assert_eq!(at("+3d", &["worker", "--once"]), 3);
    at("+3d", &["check"]);
}
