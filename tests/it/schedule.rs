//! Schedules: every slot once, whatever the clock does and whoever looks.

use crate::book::{Book, binary};
use crate::collect::owing;
use crate::pty::Pty;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use daybook::clock::Now;
use daybook::domain::schedule::Every;
use daybook::engine::command::NewPaymentRun;
use daybook::engine::schedule::{self as engine, Spec};
use daybook::engine::{Session, tick};
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
fn in_zone(zone: &str, at: &str) -> (Book, Session, chrono_tz::Tz) {
    let book = Book::new("2026-01-05");
    book.run(&["settings", "set", "book.time_zone", zone]).ends(0);
    book.run(&["clock", "set", &at[..10]]).ends(0);
    let mut session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    let zone: chrono_tz::Tz = zone.parse().unwrap();
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
    let book = owing(&["ok", "decline:05"]);
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
