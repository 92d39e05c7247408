use super::*;
use crate::domain::money::Currency;
use crate::domain::payment::{DeclineClass, MethodKind};
use std::io::Write;
use std::sync::Arc;

const DAY: i64 = 24 * 3_600_000;

fn request(key: &str, token: &str, amount_minor: i64) -> ChargeRequest {
    ChargeRequest {
        key: key.to_owned(),
        customer: "A-1".to_owned(),
        token: token.to_owned(),
        kind: MethodKind::Card,
        amount_minor,
        currency: Currency::parse("EUR").unwrap(),
        description: String::new(),
        at_ms: 0,
    }
}

fn look(key: &str, at_ms: i64) -> LookUp {
    LookUp { key: key.to_owned(), refund_of: None, token: String::new(), at_ms }
}

fn refund(key: &str, reference: &str, amount_minor: i64) -> RefundRequest {
    RefundRequest {
        key: key.to_owned(),
        reference: reference.to_owned(),
        amount_minor,
        currency: Currency::parse("EUR").unwrap(),
        at_ms: 0,
    }
}

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("ledger.jsonl")
    }

    fn open(&self) -> Sandbox {
        self.with(Options::default())
    }

    fn with(&self, options: Options) -> Sandbox {
        Sandbox::open(&self.path(), options).unwrap()
    }
}

#[test]
fn a_list_is_used_up_attempt_by_attempt_and_its_last_word_repeats() {
    let place = Place::new();
    let token = "decline:insufficient_funds,timeout_before,ok";
    let first = place.open().charge(&request("k1", token, 100));
    let Outcome::Declined { code, class, .. } = first else { panic!("{first:?}") };
    assert_eq!((code.as_str(), class), ("insufficient_funds", DeclineClass::Soft));
    // Another process, as it were, goes on where the first one stopped.
    let other = place.open();
    assert!(matches!(other.charge(&request("k2", token, 100)), Outcome::Unknown { .. }));
    assert_eq!(other.look_up(&look("k2", 0)), Found::Nothing);
    // Sent again, it is the next attempt.
    assert!(matches!(other.charge(&request("k2", token, 100)), Outcome::Approved { .. }));
    assert!(matches!(other.charge(&request("k3", token, 100)), Outcome::Approved { .. }));
    assert!(matches!(other.charge(&request("k4", token, 100)), Outcome::Approved { .. }));
    let somebody_else = ChargeRequest { customer: "A-2".to_owned(), ..request("k5", token, 100) };
    assert!(matches!(other.charge(&somebody_else), Outcome::Declined { .. }));
}

#[test]
fn the_same_key_gets_the_saved_answer_and_another_body_an_error() {
    let place = Place::new();
    let sandbox = place.open();
    let first = sandbox.charge(&request("k", "ok", 100));
    assert!(matches!(first, Outcome::Approved { .. }));
    assert_eq!(place.open().charge(&request("k", "ok", 100)), first);
    let other = sandbox.charge(&request("k", "ok", 101));
    assert!(matches!(other, Outcome::Unknown { .. }), "{other:?}");
    assert_eq!(sandbox.net_minor("EUR").unwrap(), 100);
    // A 500 is remembered as well, though the script would go on with ok.
    for _ in 0..2 {
        let broken = sandbox.charge(&request("e", "error,ok", 5));
        assert!(matches!(broken, Outcome::Unknown { ref why } if why.contains("500")));
    }
    assert_eq!(sandbox.look_up(&look("e", 0)), Found::Nothing);
    assert_eq!(sandbox.net_minor("EUR").unwrap(), 100);
}

#[test]
fn a_key_is_forgotten_after_its_life_and_the_same_request_is_a_new_charge() {
    let place = Place::new();
    // Its clock is two hours ahead of ours, and counts.
    let sandbox = place.with(Options { clock_off_ms: DAY / 12, ..Options::default() });
    let at = |at_ms| ChargeRequest { at_ms, ..request("k", "ok", 100) };
    let first = sandbox.charge(&at(0));
    assert_eq!(sandbox.charge(&at(DAY - 1)), first);
    assert_eq!(sandbox.clock(5), Some(5 + DAY / 12));
    assert_eq!(sandbox.net_minor("EUR").unwrap(), 100);
    assert_ne!(sandbox.charge(&at(DAY)), first);
    assert_eq!(sandbox.net_minor("EUR").unwrap(), 200);
    assert_eq!(place.open().charges().unwrap().len(), 2);
    assert!(matches!(sandbox.look_up(&look("k", 2 * DAY)), Found::Is(Outcome::Approved { .. })));
}

#[test]
fn what_is_visible_late_is_not_shown_and_there_all_the_same() {
    let place = Place::new();
    let sandbox = place.with(Options { visible_after_ms: 60, ..Options::default() });
    assert!(matches!(sandbox.charge(&request("k", "ok", 100)), Outcome::Approved { .. }));
    assert_eq!(sandbox.look_up(&look("k", 59)), Found::Nothing);
    assert!(matches!(sandbox.look_up(&look("k", 60)), Found::Is(Outcome::Approved { .. })));
}

#[test]
fn what_was_charged_before_the_line_dropped_is_found_by_its_key() {
    let place = Place::new();
    let sandbox = place.open();
    assert!(matches!(sandbox.charge(&request("k", "timeout_after", 70)), Outcome::Unknown { .. }));
    assert!(matches!(sandbox.look_up(&look("k", 0)), Found::Is(Outcome::Approved { .. })));
    assert_eq!(sandbox.net_minor("EUR").unwrap(), 70);
}

#[test]
fn the_bank_answers_submitted_charges_after_its_time() {
    let place = Place::new();
    let sandbox = place.open();
    for (key, token) in [("good", "submitted"), ("bad", "submitted:R01")] {
        assert!(matches!(sandbox.charge(&request(key, token, 10)), Outcome::Submitted { .. }));
        assert!(matches!(sandbox.look_up(&look(key, DAY)), Found::Is(Outcome::Submitted { .. })));
    }
    assert!(matches!(sandbox.look_up(&look("good", 2 * DAY)), Found::Is(Outcome::Approved { .. })));
    let back = sandbox.look_up(&look("bad", 2 * DAY));
    assert!(matches!(back, Found::Is(Outcome::Declined { ref code, .. }) if code == "R01"));
    assert_eq!(sandbox.net_minor("EUR").unwrap(), 10);
}

#[test]
fn the_bank_may_answer_early_and_take_money_back_late() {
    let place = Place::new();
    let sandbox = place.open();
    let Outcome::Submitted { seen } = sandbox.charge(&request("k", "submitted", 10)) else {
        panic!("not submitted")
    };
    let reference = seen.reference;
    assert!(sandbox.bank_says(&reference, &BankEvent::Approve, 0).unwrap());
    assert!(matches!(sandbox.look_up(&look("k", 0)), Found::Is(Outcome::Approved { .. })));
    let back = BankEvent::Return { code: "MD06".to_owned() };
    assert!(sandbox.bank_says(&reference, &back, 0).unwrap());
    assert!(matches!(sandbox.look_up(&look("k", 0)), Found::Is(Outcome::Declined { .. })));
    assert!(!sandbox.bank_says("sb_nothing", &BankEvent::Approve, 0).unwrap());
}

#[test]
fn a_refund_never_gives_back_more_than_was_taken() {
    let place = Place::new();
    let sandbox = place.open();
    let Outcome::Approved { seen } = sandbox.charge(&request("k", "ok", 100)) else {
        panic!("not approved")
    };
    let reference = seen.reference;
    let first = sandbox.refund(&refund("r1", &reference, 60));
    assert!(matches!(first, Outcome::Approved { .. }));
    assert_eq!(sandbox.refund(&refund("r1", &reference, 60)), first);
    assert!(matches!(sandbox.refund(&refund("r1", &reference, 50)), Outcome::Unknown { .. }));
    assert!(matches!(sandbox.refund(&refund("r2", &reference, 41)), Outcome::SetUp { .. }));
    assert!(matches!(sandbox.refund(&refund("r3", &reference, 40)), Outcome::Approved { .. }));
    assert!(matches!(sandbox.refund(&refund("r4", "sb_none", 1)), Outcome::SetUp { .. }));
    assert_eq!(sandbox.net_minor("EUR").unwrap(), 0);
    let query = LookUp { refund_of: Some(reference), ..look("r3", 0) };
    assert!(matches!(sandbox.look_up(&query), Found::Is(Outcome::Approved { .. })));
}

#[test]
fn outage_and_words_nobody_knows() {
    let place = Place::new();
    let down = place.with(Options { outage: true, ..Options::default() });
    assert!(matches!(down.charge(&request("k", "ok", 1)), Outcome::Unreachable { .. }));
    assert!(matches!(down.look_up(&look("k", 0)), Found::Failed { .. }));
    assert!(place.open().charges().unwrap().is_empty());
    assert!(matches!(place.open().charge(&request("k", "setup", 1)), Outcome::SetUp { .. }));
    assert!(place.open().charges().unwrap().is_empty());
    for bad in ["", "visa", "decline:", "declined:x", "ok:1"] {
        let answer = place.open().charge(&request(bad, bad, 1));
        assert!(matches!(answer, Outcome::Declined { class: DeclineClass::Hard, .. }), "{bad}");
        assert!(!understands(bad), "{bad}");
    }
    assert!(understands("decline:51, timeout_after ,ok"));
}

#[test]
fn a_flaky_line_is_the_same_every_time_and_never_charges_twice() {
    let place = Place::new();
    let sandbox = place.with(Options { flaky_percent: 40, ..Options::default() });
    let mut lost = 0;
    for n in 0..200 {
        let key = format!("key-{n}");
        if matches!(sandbox.charge(&request(&key, "ok", 1)), Outcome::Unknown { .. }) {
            lost += 1;
        }
    }
    assert!((40..120).contains(&lost), "{lost}");
    let taken = sandbox.charges().unwrap().len();
    assert!(taken > 200 - lost && taken < 200, "{taken} of 200, {lost} lost");
}

#[test]
fn a_torn_last_line_is_cut_off_and_the_rest_stands() {
    let place = Place::new();
    assert!(matches!(place.open().charge(&request("k1", "ok", 1)), Outcome::Approved { .. }));
    let mut file = std::fs::File::options().append(true).open(place.path()).unwrap();
    file.write_all(b"{\"event\":\"charge\",\"key\":\"k2\"").unwrap();
    let again = place.open();
    assert!(again.charges().unwrap().iter().all(|c| c.key != "k2"));
    assert!(matches!(again.charge(&request("k2", "ok", 2)), Outcome::Approved { .. }));
    assert_eq!(place.open().net_minor("EUR").unwrap(), 3);
}

#[test]
fn many_threads_on_two_handles_charge_each_key_once() {
    let place = Place::new();
    let handles = [Arc::new(place.open()), Arc::new(place.open())];
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let sandbox = Arc::clone(&handles[worker % 2]);
            scope.spawn(move || {
                for n in 0..50 {
                    // Every key is charged by every worker.
                    let answer = sandbox.charge(&request(&format!("k{n}"), "ok", 7));
                    assert!(matches!(answer, Outcome::Approved { .. }));
                }
            });
        }
    });
    for sandbox in handles {
        assert_eq!(sandbox.charges().unwrap().len(), 50);
        assert_eq!(sandbox.net_minor("EUR").unwrap(), 350);
    }
}

/// By hand: `cargo test --release -- --ignored --nocapture sandbox_speed`.
#[test]
#[ignore = "a measurement, not a check"]
fn sandbox_speed() {
    let place = Place::new();
    let sandbox = Arc::new(place.open());
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..16 {
            let sandbox = Arc::clone(&sandbox);
            scope.spawn(move || {
                for n in 0..6250 {
                    sandbox.charge(&request(&format!("w{worker}-k{n}"), "ok", 7));
                }
            });
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    println!("100,000 charges in {seconds:.1} s = {:.0}/s", 100_000.0 / seconds);
}
