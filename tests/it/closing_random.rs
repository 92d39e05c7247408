//! Random money verbs on any dates, files of banks and gateways among them: whatever is done when, on no day is less than nothing owed on a
//! document or less than nothing left of a memo or payment, and the days hold together.

mod bank;

use crate::closing::{Entry, journal};
use crate::harness::book::{Book, Ran};
use chrono::NaiveDate;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A small generator with a seed: the same story each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

struct Story {
    book: Book,
    dice: Dice,
    told: Vec<String>,
    /// How often each verb went through.
    done: BTreeMap<String, usize>,
}

fn day(base: &str, by: i64) -> String {
    let base: NaiveDate = base.parse().unwrap();
    let by = base + chrono::TimeDelta::days(by);
    by.to_string()
}

/// The middle of what is done.
const NOW: &str = "2026-06-15";

impl Story {
    fn new(seed: u64) -> Self {
        let book = Book::without_clock();
        let accounts = "account_number,name,currency\nA1,One,EUR\nA2,Two,EUR\n";
        book.import("accounts.csv", accounts, &[]);
        book.import("taxes.csv", "tax_code,rate_percent\nVAT,19\n", &[]);
        book.run(&["bank", "account", "add", "main", "--currency", "EUR"]).ends(0);
        if seed % 3 == 1 {
            book.run(&["settings", "set", "match.tolerance", "EUR 5.00"]).ends(0);
        }
        if seed % 2 == 1 {
            let deferred = ["settings", "set", "revenue.recognition", "service_days"];
            book.run(&deferred).ends(0);
        }
        let dice = Dice(seed.wrapping_mul(7_919).wrapping_add(1));
        Self { book, dice, told: vec![format!("seed {seed}")], done: BTreeMap::new() }
    }

    fn pick(&mut self, from: &[String]) -> Option<String> {
        if from.is_empty() {
            return None;
        }
        let at = usize::try_from(self.dice.roll(from.len() as u64)).unwrap();
        Some(from[at].clone())
    }

    fn near(&mut self, back: i64, ahead: i64) -> String {
        let by = i64::try_from(self.dice.roll(u64::try_from(back + ahead + 1).unwrap())).unwrap();
        day(NOW, by - back)
    }

    fn amount(&mut self) -> String {
        let minor = self.dice.roll(6_000) + 1;
        format!("{}.{:02}", minor / 100, minor % 100)
    }

    fn run(&mut self, words: &[&str]) -> Ran {
        let ran = self.book.run(words);
        self.told.push(format!("{} -> {} {}", words.join(" "), ran.code, ran.err.trim()));
        assert!(matches!(ran.code, 0..=2), "{:#?}", self.told);
        if ran.code == 0 {
            *self.done.entry(words[..2].join(" ")).or_default() += 1;
        }
        ran
    }

    fn ids(&self, what: &[&str], key: &str, keep: impl Fn(&Value) -> bool) -> Vec<String> {
        let rows = self.book.run(&[what, &["--json"]].concat()).ends(0).json();
        let rows = rows.as_array().unwrap().iter().filter(|r| keep(r));
        rows.filter_map(|r| r[key].as_str()).map(str::to_owned).collect()
    }

    /// Months close, open again, and what was earned is released, among everything else.
    fn period(&mut self, on: &str) {
        let month = format!("2026-0{}", 4 + self.dice.roll(4));
        let later = self.near(10, 60);
        match self.dice.roll(4) {
            0 | 1 => self.run(&["period", "close", &month, "--yes", "--now", &later]),
            2 => self.run(&["period", "reopen", &month, "--reason", "x", "--now", &later]),
            _ => self.run(&["deferred", "release", "--through", on, "--now", &later]),
        };
    }

    fn step(&mut self) -> Option<()> {
        let now = self.near(40, 40);
        let (on, amount, some) = (self.near(60, 60), self.amount(), self.dice.roll(2) == 0);
        let posted = |r: &Value| r["status"] == "Posted";
        let invoices = self.ids(&["invoice", "list"], "number", posted);
        let memos =
            self.ids(&["memo", "list"], "number", |r| posted(r) && r["kind"] == "credit_memo");
        let payments = self.ids(&["payment", "list"], "id", |_| true);
        let mut words: Vec<String> = Vec::new();
        let mut add = |text: &str| words.extend(text.split(' ').map(str::to_owned));
        match self.dice.roll(28) {
            19 | 20 => {
                self.period(&on);
                return Some(());
            }
            21..=23 => {
                self.statement(&invoices, &payments, &now);
                return Some(());
            }
            24 | 25 => return self.line(&invoices, &payments, &now),
            26 => {
                add(&format!(
                    "payment record --account A1 --gateway sandbox --amount {amount} --date {on} --reference x --yes"
                ));
            }
            27 => {
                self.payout(&payments, &now);
                return Some(());
            }
            0..=2 => {
                let account = if some { "A1" } else { "A2" };
                let (from, days) = (self.near(90, 60), self.dice.roll(120));
                let to = day(&from, i64::try_from(days).unwrap());
                let served = format!(",\"service_from\":\"{from}\",\"service_to\":\"{to}\"");
                let served = if days % 3 == 0 { String::new() } else { served };
                let line = format!(
                    "{{\"description\":\"x\",\"quantity\":\"1\",\"unit_price\":\"{amount}\",\"tax_code\":\"VAT\"{served}}}"
                );
                let mut args = vec!["invoice", "new", "--account", account, "--invoice-date", &on];
                args.extend(["--add-line", &line, "--reason", "x", "--json", "--now", &now]);
                let made = self.run(&args);
                if made.code != 0 {
                    return None;
                }
                let draft = made.json()["id"].as_str()?.to_owned();
                self.run(&["post", "--invoice", &draft, "--now", &now]);
                return Some(());
            }
            3..=5 => {
                let to = self.pick(&invoices);
                add(&format!(
                    "payment record --account A1 --amount {amount} --date {on} --reference x --yes"
                ));
                if let Some(to) = to.filter(|_| some) {
                    add(&format!("--invoice {to}"));
                }
            }
            6 => add(&format!(
                "payment apply {} --to {} --yes",
                self.pick(&payments)?,
                self.pick(&invoices)?
            )),
            7 => add(&format!(
                "payment unapply {} --from {} --reason x",
                self.pick(&payments)?,
                self.pick(&invoices)?
            )),
            8 => add(&format!("payment move {} --to A2 --reason x", self.pick(&payments)?)),
            9 => {
                add(&format!(
                    "payment refund {} --amount {amount} --reason x",
                    self.pick(&payments)?
                ));
                if some {
                    add("--with-memo");
                } else {
                    add(&format!("--date {on}"));
                }
            }
            10 | 11 => {
                let verb = if some { "return" } else { "chargeback" };
                add(&format!("payment {verb} {} --date {on} --fee 0.10", self.pick(&payments)?));
                if self.dice.roll(2) == 0 {
                    add(&format!("--amount {amount}"));
                }
            }
            12 => add(&format!("payment chargeback-won {}", self.pick(&payments)?)),
            13 => {
                add(&format!(
                    "adjust {} --amount {amount} --reason x --yes",
                    self.pick(&invoices)?
                ));
                if some {
                    add("--no-apply");
                }
            }
            14 => add(&format!("memo apply {} --yes", self.pick(&memos)?)),
            15 => add(&format!("memo unapply {} --reason x", self.pick(&memos)?)),
            16 => {
                add(&format!("memo refund {} --reason x", self.pick(&memos)?));
                if let Some(payment) = self.pick(&payments).filter(|_| some) {
                    add(&format!("--method {payment}"));
                }
            }
            17 => add(&format!("invoice reissue {} --reason x", self.pick(&invoices)?)),
            _ if some => add(&format!("write-off {} --reason x --yes", self.pick(&invoices)?)),
            _ => add(&format!("reverse {} --reason x --yes", self.pick(&invoices)?)),
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.run(&[&words[..], &["--now", &now]].concat());
        Some(())
    }

    /// Every report, as of the first, a middle and the last day of which anything is booked and a day beyond:
    /// one that does not tie to the ledger exits 4.
    fn reports_tie(&self, entries: &[Entry]) {
        let days: BTreeSet<&str> = entries.iter().map(|e| e.date.as_str()).collect();
        let days: Vec<&str> = days.into_iter().collect();
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return };
        for day in [first, &days[days.len() / 3], &days[days.len() / 2], last, &"2099-12-31"] {
            for name in ["aging", "unapplied", "trial-balance", "deferred"] {
                let ran = self.book.run(&["report", name, "--as-of", day]);
                assert_eq!(ran.code, 0, "{name} {day}: {}{} {:#?}", ran.out, ran.err, self.told);
            }
            for name in ["rollforward", "register", "tax", "adjustments", "revenue"] {
                let ran = self.book.run(&["report", name, "--from", first, "--to", day]);
                assert_eq!(ran.code, 0, "{name} {day}: {}{} {:#?}", ran.out, ran.err, self.told);
                let after = ["report", name, "--from", day, "--to", "2099-12-31", "--rows"];
                let ran = self.book.run(&after);
                assert_eq!(ran.code, 0, "{name} {day}: {}{} {:#?}", ran.out, ran.err, self.told);
            }
        }
        for account in ["A1", "A2"] {
            let args = ["report", "statement", "--account", account, "--from", first, "--to", last];
            let ran = self.book.run(&args);
            assert_eq!(ran.code, 0, "{account}: {}{} {:#?}", ran.out, ran.err, self.told);
        }
    }

    /// What each document owes, and what is left of each memo and payment, is on no day below zero;
    /// each day balances, and the days are in order.
    fn holds(&self) {
        let entries = journal(&self.book);
        assert!(entries.iter().map(|e| &e.date).is_sorted(), "{:#?}", self.told);
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        let mut at = 0;
        while at < entries.len() {
            let date = &entries[at].date;
            let mut even = 0;
            while at < entries.len() && entries[at].date == *date {
                let entry = &entries[at];
                even += entry.milli;
                let key = match entry.ledger.as_str() {
                    "receivable" => Some(entry.document.clone()),
                    "credit" if entry.payment.is_empty() => Some(entry.document.clone()),
                    "credit" => Some(entry.payment.clone()),
                    _ => None,
                };
                if let Some(key) = key {
                    assert!(!key.is_empty(), "{} {}: {:#?}", date, entry.ledger, self.told);
                    let sign = if entry.ledger == "credit" { -1 } else { 1 };
                    *sums.entry(format!("{} {key}", entry.ledger)).or_default() +=
                        sign * entry.milli;
                }
                at += 1;
            }
            assert_eq!(even, 0, "{date}: {:#?}", self.told);
            if let Some(under) = sums.iter().find(|(_, sum)| **sum < 0) {
                let of =
                    |e: &&Entry| under.0.ends_with(&e.payment) || under.0.ends_with(&e.document);
                let of: Vec<&Entry> = entries.iter().filter(of).collect();
                panic!("{under:?} on {date}: {of:#?} {:#?}", self.told);
            }
        }
        assert!(crate::account_page::ties(&self.book.path) > 0, "{:#?}", self.told);
        self.reports_tie(&entries);
        let check = self.book.run(&["check"]);
        assert_eq!(check.code, 0, "{}{} {:#?}", check.out, check.err, self.told);
    }
}

#[test]
fn on_no_day_is_less_than_nothing_owed_or_left_whatever_is_done_when() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let seeds = number("DAYBOOK_CLOSING_SEEDS").unwrap_or(3);
    let first = number("DAYBOOK_CLOSING_FIRST").unwrap_or(0);
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for seed in first..first + seeds {
        let mut story = Story::new(seed);
        for _ in 0..40 {
            story.step();
        }
        story.holds();
        for (verb, count) in story.done {
            *done.entry(verb).or_default() += count;
        }
    }
    eprintln!("{seeds} seeds: {done:?}");
    let went: usize = done.values().sum();
    assert!(went > 20 * usize::try_from(seeds).unwrap() / 2, "{done:?}");
}
