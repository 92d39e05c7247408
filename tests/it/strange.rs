//! Settings of every kind of sense and nonsense: a value is refused with what is allowed, or the
//! day works with it; nothing panics.

use crate::harness::book::Book;
use crate::harness::day::billed;
use daybook::config::{Allowed, Config, SETTINGS, Setting};
use daybook::domain::actor::Actor;
use daybook::engine::care::settings;
use daybook::engine::{Error, Session};
use std::fmt::Write as _;

/// Beside the ends of what a setting allows: what programs and people write by mistake or malice.
const STRANGE: &[&str] = &[
    "",
    " ",
    "0",
    "-0",
    "1",
    "-1",
    "+1",
    "007",
    "1,5",
    "1.5",
    "0.05",
    "79228162514264337593543950335",
    "-79228162514264337593543950335",
    "79228162514264337593543950336",
    "0.0000000000000000000000000001",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "NaN",
    "inf",
    "-inf",
    "1e3",
    "1e400",
    "1_000",
    "0x10",
    "٣",
    "１",
    "true",
    "TRUE",
    "yes",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "\u{0}",
    "\u{1b}[2J",
    "\u{9b}2J",
    "\u{202e}abc",
    "a\u{200d}b",
    "\u{feff}a",
    "M\u{fffd}ller",
    "日本",
    "Zażółć",
    "=1+2",
    "4242 4242 4242 4242",
    "../../etc/passwd",
    "/dev/zero",
    "/",
    "'; DROP TABLE setting; --",
    "%s%n",
    "24h",
    "1000d",
    "1000h,1000d@23",
    "1001h",
    "0h",
    "5d@24",
    ",,,",
    ";",
    "7,7",
    "3650",
    "3651",
    "duplicate",
    "stale,no_email",
    "{seq:1}",
    "{seq:12}",
    "{seq:0}",
    "{seq:-1}",
    "{year}{seq:3}",
    "INV-{seq:6}",
    "inv-{year}-{seq:3}",
    "{year}{year}{seq:1}",
    "{seq:1}{seq:1}",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Mars/Olympus",
    "localhost",
    "127.0.0.1",
    "http://localhost:1",
    "https://[::1]:1/x",
    "http://example.org",
    "a@b",
    "a@b, c@d",
];

/// The ends of what a setting allows, and one step beyond.
fn edges(setting: &Setting) -> Vec<String> {
    let mut all: Vec<String> = STRANGE.iter().map(|s| (*s).to_owned()).collect();
    match setting.allowed {
        Allowed::Words(words) => {
            all.extend(words.iter().flat_map(|w| [(*w).to_owned(), w.to_uppercase()]));
        }
        Allowed::Int(low, high) => {
            all.extend([low - 1, low, high, high + 1].map(|n| n.to_string()));
        }
        Allowed::Decimal(most) => {
            all.extend([format!("{most}"), format!("{most}.000001"), "0.000001".to_owned()]);
        }
        Allowed::Text(max) | Allowed::Lines(max) => {
            all.extend([max, max + 1, 100_000].map(|n| "ä".repeat(n)));
        }
        Allowed::Series => all.extend([
            format!("A{}{{seq:1}}", "b".repeat(32)),
            format!("A{}{{seq:1}}", "b".repeat(33)),
        ]),
        Allowed::TimeOrEmpty => {
            all.extend(["00:00", "23:59", "24:00", "9:30", "09:60"].map(str::to_owned));
        }
        Allowed::Coded(_) => {
            let codes = ["DE", "de", "DE89370400440532013000", "COBADEFFXXX", "DE98ZZZ09999999999"];
            all.extend(codes.map(str::to_owned));
        }
        Allowed::BaseRates => {
            let rates =
                ["DE 2026-07-01 1.27", "DE 2026-07-01", "DE 2026-07-02 1", "XX 2026-07-01 1"];
            all.extend(rates.map(str::to_owned));
        }
        Allowed::Bool
        | Allowed::AmountOrEmpty
        | Allowed::StepOrEmpty
        | Allowed::Address
        | Allowed::Host
        | Allowed::Url
        | Allowed::Waits
        | Allowed::Days
        | Allowed::Flags
        | Allowed::Zone => {}
        Allowed::Sums => {
            let sums =
                ["EUR 0.50, JPY 50", "EUR 0.505", "EUR 1, EUR 2", "eur=1;usd:2", "XXX 1", "EUR -1"];
            all.extend(sums.map(str::to_owned));
        }
    }
    all
}

fn session(book: &Book) -> Session {
    let uid = nix::unistd::getuid().as_raw();
    Session::open(&book.path, Actor { uid, name: "tester".to_owned() }).unwrap()
}

/// What a day does, each with the words of its call.
const DAY: &[&[&str]] = &[
    &["bill", "--target", "2026-03-01"],
    &["post", "BR-000002"],
    &["post", "BR-000001"],
    &["deliver"],
    &["collect", "--target", "2026-04-30"],
    &["retry", "--group", "retry_later"],
    &["worker", "--once"],
    &["status"],
    &["doctor"],
    &["settings", "get"],
    &["check"],
];

#[test]
fn a_setting_is_refused_with_what_is_allowed_or_the_day_works() {
    let book = billed();
    let mut open = session(&book);
    let (mut tried, mut refused) = (0, 0);
    let mut taken: Vec<(&str, Vec<String>)> = Vec::new();
    for setting in SETTINGS {
        let mut fine = Vec::new();
        for value in edges(setting) {
            tried += 1;
            match settings::set(&mut open, setting.key, &value) {
                Ok(()) => fine.push(value),
                Err(error @ (Error::Usage { .. } | Error::Io { .. } | Error::Input { .. })) => {
                    refused += 1;
                    let (words, hint) = (error.to_string(), error.hint());
                    // Files and directories have a remedy of their own.
                    let files = setting.key.ends_with("_file")
                        || setting.key == "backup.to"
                        || setting.key == "mail.bounces"
                        || setting.key == "network.outbox"
                        || setting.key == "network.receipts"
                        || setting.key == "issuer.logo"
                        || setting.key == "texts.file";
                    let told =
                        hint.contains(&setting.allowed.words()) || (files && !hint.is_empty());
                    let other = matches!(error.code(), "contradiction" | "io" | "unprintable");
                    assert!(told || other, "{} {value:?}: {words} / {hint}", setting.key);
                    if value.contains(['\n', '\t']) {
                        assert!(words.contains("line break"), "{}: {words}", setting.key);
                    }
                }
                Err(other) => panic!("{} {value:?}: {other}", setting.key),
            }
        }
        settings::set(&mut open, setting.key, setting.default).unwrap();
        assert!(!fine.is_empty(), "{} takes nothing of this", setting.key);
        taken.push((setting.key, fine));
    }
    println!("{tried} values for {} settings, {refused} refused", SETTINGS.len());
    drop(open);
    let rounds: usize =
        std::env::var("DAYBOOK_STRANGE").map_or(4, |n| n.parse().expect("a whole number"));
    for round in 0..rounds {
        works(&taken, round);
    }
}

/// One day with a strange value of every setting at once.
fn works(taken: &[(&str, Vec<String>)], round: usize) {
    let book = billed();
    let mut open = session(&book);
    let mut set = String::new();
    for (at, (key, values)) in taken.iter().enumerate() {
        // Counted from the end too, so that the largest are in the first rounds.
        let nth = (round * 7 + at * (round % 3)) % values.len();
        let value = &values[if round.is_multiple_of(2) { values.len() - 1 - nth } else { nth }];
        // A minute for each simulated call is allowed, and too long to wait for here.
        if *key == "sandbox.latency_ms" && value.len() > 2 {
            continue;
        }
        if settings::set(&mut open, key, value).is_ok() {
            let _ = writeln!(set, "{key} = {value:?}");
        }
    }
    drop(open);
    for words in DAY {
        let ran = book.run(words);
        let broken = ran.code == 70 || ran.err.contains("panic") || ran.code < 0;
        assert!(!broken, "round {round}: {words:?} ends {}: {}\n{set}", ran.code, ran.err);
        let must = matches!(words[0], "bill" | "post" | "status" | "settings" | "check");
        assert!(!must || ran.code < 2, "round {round}: {words:?}: {}{}\n{set}", ran.out, ran.err);
    }
    let failed = book.count("SELECT count(*) FROM job WHERE state = 'Failed'");
    let panics = book.count("SELECT count(*) FROM job WHERE error LIKE '%panic%'");
    assert_eq!((failed, panics), (0, 0), "round {round}\n{set}");
}

#[test]
fn limits_of_an_older_book_beyond_every_number_stop_nothing() {
    let book = billed();
    book.run(&["post", "BR-000001"]).ends(0);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    for key in [
        "flags.total_high",
        "flags.total_low",
        "flags.recurring_changed",
        "automation.guard_percent",
        "payment.guard_percent",
        "rounding.increment",
        "four_eyes.above",
    ] {
        conn.execute(
            "INSERT INTO setting (key, value) VALUES (?1, '79228162514264337593543950335')",
            [key],
        )
        .unwrap();
    }
    drop(conn);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    let run = book.run(&["run", "show", "BR-000002", "--json"]).ends(0).json();
    assert_eq!(run["status"], "Completed");
    book.is_sound();
}

#[test]
fn series_that_could_give_one_number_twice_are_refused() {
    let book = billed();
    book.run(&["post", "BR-000001"]).ends(0);
    for (key, pattern) in [
        ("series.credit_memo", "INV-{year}-{seq:6}"),
        ("series.credit_memo", "inv-{year}-{seq:3}"),
        ("series.credit_memo", "INV-2027-{seq:6}"),
        ("series.write_off", "DM-{year}-{seq:7}"),
        // The series of 2026 has given numbers: a wider one of the same letters comes to them.
        ("series.invoice", "INV-{year}-{seq:7}"),
    ] {
        let ran = book.run(&["settings", "set", key, pattern]).ends(2);
        assert!(ran.err.contains("the same number"), "{key} {pattern}: {}", ran.err);
    }
    book.run(&["settings", "set", "series.invoice", "R{year}-{seq:4}"]).ends(0);
    book.run(&["settings", "set", "series.invoice", "INV-{year}-{seq:6}"]).ends(0);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-2026-000007,A1,invoice,2026-01-10,2026-02-09,119.00,19.00,69.00\n";
    let (code, file) = book.import("items.csv", items, &[]);
    assert_eq!((code, file["refused"][0]["column"].as_str()), (2, Some("document_number")));
    let (code, _) = book.import("items.csv", items.replace("INV-2026-0", "R-"), &[]);
    assert_eq!(code, 0);
    let ran = book.run(&["settings", "set", "series.debit_memo", "R-{seq:3}"]).ends(2);
    assert!(ran.err.contains("R-00007, which another system gave"), "{}", ran.err);
    assert!(Config::default().contradictions().is_empty());
    book.is_sound();
}
