//! Time zones: judged by an independent reader of the same data, and told by `doctor` and the console.

use crate::harness::book::Book;
use crate::harness::pty::Pty;
use chrono::{Days, NaiveDate, NaiveTime};
use daybook::domain::schedule::{Every, next_slots};
use daybook::zone::Zone;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

const ZONES: [&str; 20] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Vancouver",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
];

/// Reads `zone date time second` and tells every line whose second is not the first moment at which
/// the zone's clocks show that time or, where they never do, a later one.
const JUDGE: &str = r"
import sys, zoneinfo
from datetime import datetime, timedelta, timezone
import tzdata
if tzdata.IANA_VERSION != sys.argv[1]:
    sys.exit('tzdata is of ' + tzdata.IANA_VERSION)
zoneinfo.reset_tzpath(to=[])
def shown(z, second):
    return datetime.fromtimestamp(second, z).replace(tzinfo=None)
wrong = lines = 0
for line in sys.stdin:
    name, date, time, second = line.split()
    z, local, second = zoneinfo.ZoneInfo(name), datetime.fromisoformat(date + 'T' + time), int(second)
    lines += 1
    first = int(local.replace(tzinfo=z, fold=0).timestamp())
    if shown(z, first) != local:
        low, high = int(local.replace(tzinfo=z, fold=1).timestamp()), first
        assert shown(z, low) < local < shown(z, high), line
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if shown(z, middle) > local else (middle, high)
        first = high
    if first != second:
        wrong += 1
        if wrong < 10:
            print(line.strip(), 'should be', first)
print(lines, 'slots', wrong, 'wrong')
";

#[test]
fn forty_years_of_slots_begin_when_another_reader_of_the_zones_says() {
    let release = daybook::zone::data().compiled;
    let has = |what: &str| {
        let found = Command::new("python3").args(["-c", what]).output();
        found.is_ok_and(|o| o.status.success())
    };
    let same = format!("import tzdata; assert tzdata.IANA_VERSION == '{release}'");
    if daybook::zone::data().uses_machine() {
        eprintln!("SKIPPED: this machine's zoneinfo is newer than {release}; no zone was judged");
        return;
    }
    if !has(&same) {
        assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "PyPI tzdata {release} is missing");
        eprintln!("SKIPPED: python3 with PyPI tzdata of {release} is missing; no zone was judged");
        return;
    }
    let mut lines = String::new();
    let from = NaiveDate::from_ymd_opt(2005, 1, 1).unwrap();
    for name in ZONES {
        let zone: Zone = name.parse().unwrap();
        for (hour, minute) in [(0, 15), (2, 30)] {
            let at = NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
            let every = next_slots(&Every::Daily, at, from.and_time(NaiveTime::MIN), 40 * 365);
            assert!(every.last().unwrap().date() > from + Days::new(39 * 365));
            for slot in every {
                let second = zone.moment(slot).timestamp();
                writeln!(lines, "{name} {} {second}", slot.format("%Y-%m-%d %H:%M")).unwrap();
            }
        }
    }
    let mut judge = Command::new("python3")
        .args(["-c", JUDGE, release])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = judge.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let said = judge.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert_eq!(out.trim(), "584000 slots 0 wrong", "{err}");
}

#[test]
fn todays_date_is_that_of_the_years_law_and_doctor_names_the_data() {
    let book = Book::new("2026-11-28");
    book.run(&["settings", "set", "book.time_zone", "Africa/Casablanca"]).ends(0);
    // At +00 since September; by older data it would be the 29th.
    book.run(&["clock", "set", "2026-11-28T23:30"]).ends(0);
    let clock = book.run(&["clock", "show", "--json"]).ends(0).json();
    assert_eq!(clock["today"], "2026-11-28");
    assert_eq!(book.count("SELECT clock_at / 60000 % 1440 FROM book"), 23 * 60 + 30);
    let findings = book.run(&["doctor", "--json"]).json();
    let found = findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "time zones")
        .unwrap();
    let (words, release) = (found["found"].as_str().unwrap(), daybook::zone::data().compiled);
    assert!(words.contains(release) && words.contains("machine"), "{words}");
}

fn time_zones(book: &Book) -> String {
    let findings = book.run(&["doctor", "--json"]).json();
    let all = findings["findings"].as_array().unwrap();
    let found = all.iter().find(|f| f["name"] == "time zones").unwrap();
    found["found"].as_str().unwrap().to_owned()
}

#[test]
fn processes_that_count_the_days_by_other_data_are_told_of_each_other() {
    const NOTICE: &str =
        "SELECT count(*) FROM notice WHERE key = 'time zone data' AND done_at IS NULL";
    let book = Book::new("2026-11-28");
    book.run(&["settings", "set", "book.time_zone", "Africa/Casablanca"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    let other = |release: &str, east: &str| {
        let sql = "INSERT INTO zone_seen SELECT zone, ?1, replace(rules, ',0]', ?2), seen_at FROM zone_seen LIMIT 1";
        assert_eq!(conn.execute(sql, (release, format!(",{east}]"))).unwrap(), 1);
    };
    // Another release of the same law is nothing to tell.
    other("2026e", "0");
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(book.count(NOTICE), 0);
    assert!(!time_zones(&book).contains("another one"));
    // The law as it was known in 2025.
    other("2025b", "3600");
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(book.count(NOTICE), 1);
    let said = time_zones(&book);
    let release = daybook::zone::data().release();
    for words in [&format!("data {release}, another one of this book by 2025b"), "differ from 20"] {
        assert!(said.contains(words), "{said}");
    }
    // One that was dismissed stays so for a while.
    conn.execute("UPDATE notice SET done_at = 1", []).unwrap();
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(book.count(NOTICE), 0);
    book.run(&["clock", "set", "2026-11-28T12:20"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(book.count(NOTICE), 1);
    // Nobody goes by the other data any more.
    book.run(&["clock", "set", "2026-11-28T15:00"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    assert_eq!(book.count(NOTICE), 0);
    assert!(!time_zones(&book).contains("another one"));
    book.run(&["check"]).ends(0);
}

#[test]
fn an_open_console_follows_a_changed_zone() {
    let book = Book::new("2026-11-28");
    book.run(&["clock", "set", "2026-11-28T12:00"]).ends(0);
    let pty = Pty::console(&book.path, 80, 24);
    pty.shows("12:00");
    book.run(&["settings", "set", "book.time_zone", "Asia/Tokyo"]).ends(0);
    pty.shows("21:00");
}
