//! Clerks who say whose the lines of one file are, all at once.
//!
//! By hand: `DAYBOOK_BANK_LINES=10000 DAYBOOK_BANK_WAIT_MS=250 cargo test --release --test it
//! each_line_is_somebodys_once -- --nocapture`.

use super::{HEADER, book, run, sound};
use crate::harness::crash::rows;
use daybook::engine::Session;
use daybook::engine::bank::hand::{Target, match_to};
use daybook::store::account;
use daybook::store::bank::line::{self, Filter};
use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn each_line_is_somebodys_once_whoever_says_so_first() {
    let count = number("DAYBOOK_BANK_LINES").unwrap_or(60);
    let (clerks, accounts) = (8, 40);
    let book = book(accounts);
    let mut text = HEADER.to_owned();
    for n in 0..count {
        writeln!(text, "T{n},2026-11-10,119.00,EUR,thank you {n},,,,,").unwrap();
    }
    let file = book.file("payments.csv", text);
    run(&book, &["bank", "import", &file, "--account", "main"]).ends(0);
    let now = "2026-11-20".parse().unwrap();
    let sums = Mutex::new((0, 0, Duration::ZERO));
    std::thread::scope(|threads| {
        for clerk in 0..clerks {
            let (path, sums) = (&book.path, &sums);
            threads.spawn(move || {
                let mut session = Session::open(path, daybook::cli::actor()).unwrap();
                let clock = session.now().unwrap();
                session.fixed_now = Some(daybook::clock::Now { today: now, ..clock });
                let most = u32::try_from(count).unwrap();
                let all = |db: &daybook::store::Db<'_>| {
                    line::list(db, &Filter::default(), daybook::domain::ids::LineId(0), most)
                };
                let mut lines = session.read(all).unwrap();
                assert_eq!(lines.len() as u64, count);
                // Each begins elsewhere, so that some are alone and some meet.
                let first = lines.len() * clerk / clerks / 2;
                lines.rotate_left(first);
                for (n, row) in lines.iter().enumerate() {
                    let whose = format!("ACC-{:04}", (n + clerk) % accounts + 1);
                    let whose = session.read(|db| account::find(db, &whose)).unwrap().unwrap().id;
                    let begun = Instant::now();
                    let done =
                        match_to(&mut session, row.id, &Target::Account(whose, Vec::new()), None);
                    let took = begun.elapsed();
                    let mut sums = sums.lock().unwrap();
                    sums.2 = sums.2.max(took);
                    match done {
                        Ok(_) => sums.0 += 1,
                        Err(error) => {
                            assert_eq!(error.code(), "nothing_unidentified", "{error}");
                            sums.1 += 1;
                        }
                    }
                }
            });
        }
    });
    let (done, refused, longest) = sums.into_inner().unwrap();
    println!(
        "{done} lines matched, {refused} were matched already; the longest wait was {longest:?}"
    );
    assert_eq!((done, refused), (count, count * (clerks as u64 - 1)));
    if let Some(most) = number("DAYBOOK_BANK_WAIT_MS") {
        assert!(longest <= Duration::from_millis(most), "{longest:?}");
    }
    let twice =
        "SELECT line_id FROM bank_match WHERE undone_on IS NULL GROUP BY 1 HAVING count(*) <> 1";
    assert!(rows(&book.path, twice).is_empty());
    assert_eq!(u64::try_from(book.count("SELECT count(*) FROM payment")).unwrap(), count);
    let money = book.count("SELECT sum(amount_minor) FROM payment");
    assert_eq!(u64::try_from(money).unwrap(), count * 11_900);
    sound(&book);
}
