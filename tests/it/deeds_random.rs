//! Three people with every right do what they like to two accounts, through the binary: none of them
//! passes the limit alone within a day, none is on both sides of an account within the window. What
//! happened is counted here, from what each call said, not from what the book keeps of it.

use crate::harness::book::{Book, Ran, binary};
use std::process::{Command, Stdio};
use std::sync::Barrier;

/// Users that need no entry anywhere.
const USERS: [u32; 3] = [54_501, 54_502, 54_503];
const LIMIT: i64 = 1_000;
const WINDOW_DAYS: i64 = 3;

/// A small generator with a seed: the same story each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Runs the binary as somebody else; needs root.
fn run_as(book: &Book, uid: u32, args: &[&str]) -> Ran {
    let output = Command::new("sh")
        .args(["-c", "umask 0; exec setpriv --reuid=$0 --regid=0 --clear-groups -- \"$@\""])
        .arg(uid.to_string())
        .arg(binary())
        .arg("--book")
        .arg(&book.path)
        .args(args)
        .env_remove("DAYBOOK_BOOK")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Lets everybody in the group of root write what is beside the book.
fn shared(book: &Book) {
    let open = "chmod 0777 \"$1\" && find \"$1\" -type d -exec chmod 0777 {} + && find \"$1\" -type f -exec chmod 0666 {} +";
    let done = Command::new("sh").args(["-c", open, "sh"]).arg(book.dir.path()).status().unwrap();
    assert!(done.success());
}

/// A day of so many hours since the story began.
fn at(hours: i64) -> String {
    let start: chrono::NaiveDateTime = "2026-01-05T12:00:00".parse().unwrap();
    (start + chrono::TimeDelta::hours(hours)).format("%Y-%m-%dT%H:%M").to_string()
}

/// A1 and A2 owe five invoices each and paid two through the gateway.
fn book(limit: &str, window: &str) -> Book {
    let book = Book::new("2026-01-05");
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned();
    for account in ["A1", "A2"] {
        for n in 1..=5 {
            items.push_str(&format!(
                "{account}-{n},{account},invoice,2025-12-15,2026-01-20,30.00,0.00,30.00\n"
            ));
        }
        items.push_str(&format!(
            "{account}-P,{account},invoice,2025-12-15,2026-01-01,30.00,0.00,30.00\n"
        ));
    }
    let files = [
        book.file(
            "a.csv",
            "account_number,name,currency,auto_pay\nA1,Ann,EUR,true\nA2,Bob,EUR,true\n",
        ),
        book.file("m.csv", "account_number,token,kind,display\nA1,ok,card,visa\nA2,ok,card,visa\n"),
        book.file("i.csv", items),
    ];
    book.run(&["import", &files[0], &files[1], &files[2]]).ends(0);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    book.run(&["settings", "set", "four_eyes.above", limit]).ends(0);
    book.run(&["settings", "set", "separation.window", window]).ends(0);
    for uid in USERS {
        for role in ["clerk", "biller", "cashier", "controller"] {
            book.run(&["role", "grant", &uid.to_string(), role]).ends(0);
        }
    }
    shared(&book);
    book
}

/// Something that happened, as it was seen from outside.
#[derive(Debug, Clone)]
struct Seen {
    hours: i64,
    uid: u32,
    account: usize,
    money: bool,
    minor: i64,
    alone: bool,
}

struct Story {
    book: Book,
    dice: Dice,
    hours: i64,
    seen: Vec<Seen>,
    told: Vec<String>,
    loaded: usize,
    refused: [usize; 2],
    broken: Option<String>,
}

impl Story {
    fn new(seed: u64, limit: &str, window: &str) -> Self {
        let dice = Dice(seed.wrapping_mul(7_919).wrapping_add(1));
        let (seen, told) = (Vec::new(), Vec::new());
        let book = book(limit, window);
        Self { book, dice, hours: 0, seen, told, loaded: 0, refused: [0, 0], broken: None }
    }

    fn step(&mut self) {
        if self.dice.roll(3) == 0 {
            self.hours += [1, 9, 23, 40][self.dice.roll(4) as usize];
            self.book.run(&["clock", "set", &at(self.hours)]).ends(0);
        }
        let uid = USERS[self.dice.roll(3) as usize];
        let account = self.dice.roll(2) as usize;
        let minor = [99, 250, 400, 600, 999, 1_001][self.dice.roll(6) as usize];
        let (name, amount) =
            (format!("A{}", account + 1), format!("{}.{:02}", minor / 100, minor % 100));
        let invoice = format!("{name}-{}", 1 + self.dice.roll(5));
        let kind = self.dice.roll(6);
        let reference = format!("wire {}", self.told.len());
        let args: Vec<String> = match kind {
            0 => vec!["adjust", &invoice, "--amount", &amount, "--reason", "x"],
            1 => vec!["payment", "record", "--account", &name, "--amount", &amount, "--reference", &reference],
            2 => {
                let id = self.book.count(&format!(
                    "SELECT p.id FROM payment p JOIN account a ON a.id = p.account_id
                     WHERE a.number = '{name}' AND p.method_id IS NOT NULL LIMIT 1"
                ));
                let id = format!("P-{id:06}");
                return self.call(uid, account, false, minor, &["payment", "refund", &id, "--amount", &amount, "--reason", "x"]);
            }
            3 => {
                let line = format!(r#"{{"description":"x","quantity":1,"unit_price":{amount}}}"#);
                let new = ["invoice", "new", "--account", &name, "--kind", "credit_memo", "--add-line", &line, "--reason", "x"];
                self.call(uid, account, false, 0, &new);
                return;
            }
            4 => {
                let draft = self.book.count(
                    "SELECT coalesce(min(id), 0) FROM document WHERE status = 'Draft' AND kind = 'credit_memo'",
                );
                if draft == 0 {
                    return;
                }
                let whose = self.book.count(&format!("SELECT account_id FROM document WHERE id = {draft}"));
                let total = self.book.count(&format!("SELECT -total_minor FROM document WHERE id = {draft}"));
                let id = format!("D-{draft:06}");
                return self.call(uid, usize::try_from(whose).unwrap() - 1, false, total, &["post", "--invoice", &id]);
            }
            _ => {
                let row = format!(
                    "document_number,account_number,kind,date,due_date,total,tax,balance\n\
                     CR-{},{name},credit_memo,2025-12-15,2026-01-01,{amount},0,{amount}\n",
                    self.loaded / 2
                );
                self.loaded += 1;
                let file = self.book.file(&format!("c{}.csv", self.told.len()), row);
                return self.call(uid, account, false, minor, &["import", &file]);
            }
        }
        .into_iter()
        .map(str::to_owned)
        .collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.call(uid, account, kind == 1, minor, &args);
    }

    /// Whether the last operation names somebody who asked for it.
    fn call(&mut self, uid: u32, account: usize, money: bool, minor: i64, args: &[&str]) {
        let before = self.book.count("SELECT max(seq) FROM operation");
        let ran = run_as(&self.book, uid, args);
        self.told.push(format!(
            "{}: {uid} {args:?} -> {} {}",
            self.hours,
            ran.code,
            ran.err.trim()
        ));
        assert!(ran.code != 70 && ran.code != 3, "{:#?}", self.told);
        for (n, word) in ["second person", "separation.window"].iter().enumerate() {
            self.refused[n] += usize::from(ran.err.contains(word) || ran.out.contains(word));
        }
        if ran.code != 0 || (args[0] == "import" && ran.out.contains("waits")) {
            return;
        }
        let seconded = self.book.count(&format!(
            "SELECT count(*) FROM operation WHERE seq > {before} AND summary LIKE '%asked for by%'"
        ));
        if args[0] == "import"
            && self.book.count(&format!(
                "SELECT count(*) FROM operation WHERE seq > {before} AND summary LIKE '%1 added%'"
            )) == 0
        {
            return;
        }
        let alone = seconded == 0;
        self.seen.push(Seen { hours: self.hours, uid, account, money, minor, alone });
        self.hold();
    }

    /// The two rules over what was seen.
    fn hold(&mut self) {
        let Some(last) = self.seen.last() else { return };
        let mine = || self.seen.iter().filter(|s| s.uid == last.uid && s.account == last.account);
        let day: i64 = mine()
            .filter(|s| s.alone && !s.money && s.hours > last.hours - 24)
            .map(|s| s.minor)
            .sum();
        if last.alone && !last.money && day > LIMIT {
            self.broken = Some(format!("{day} alone: {last:?}"));
        }
        let since = last.hours - 24 * WINDOW_DAYS;
        if let Some(other) = mine().find(|s| s.money != last.money && s.hours > since) {
            self.broken = Some(format!("both sides: {last:?} after {other:?}"));
        }
    }
}

fn root() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "deeds of three users need root");
    eprintln!("SKIPPED: not root, so deeds of three users were not judged");
    false
}

#[test]
fn three_people_never_pass_the_limit_alone_nor_stand_on_both_sides() {
    if !root() {
        return;
    }
    let seeds: u64 =
        std::env::var("DAYBOOK_DEED_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let from: u64 =
        std::env::var("DAYBOOK_DEED_FROM").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let (mut done, mut refused) = (0, [0, 0]);
    for seed in from..from + seeds {
        let mut story = Story::new(seed, "10", "3");
        for _ in 0..25 {
            story.step();
            assert!(story.broken.is_none(), "seed {seed}: {:?} {:#?}", story.broken, story.told);
        }
        story.book.run(&["check"]).ends(0);
        done += story.seen.len();
        refused = [refused[0] + story.refused[0], refused[1] + story.refused[1]];
    }
    // A story in which nothing was refused shows nothing.
    assert!(done > 0 && refused[0] > 0 && refused[1] > 0, "{done} {refused:?}");
    eprintln!("{seeds} seeds: {done} deeds, {refused:?} refused (limit, sides)");
}

/// The judge above is one: with a rule looser than it counts, it sees it broken.
#[test]
fn a_looser_rule_is_seen() {
    if !root() {
        return;
    }
    for (limit, window, word) in [("1000", "3", "alone"), ("10", "1", "both sides")] {
        let seen = (0..20).any(|seed| {
            let mut story = Story::new(seed, limit, window);
            (0..25).any(|_| {
                story.step();
                story.broken.as_ref().is_some_and(|b| b.contains(word))
            })
        });
        assert!(seen, "{limit} {window}");
    }
}

#[test]
fn two_processes_at_once_do_not_pass_the_limit_together() {
    for _ in 0..3 {
        let book = crate::harness::collect::owing(&["ok"]);
        book.run(&["settings", "set", "four_eyes.above", "1"]).ends(0);
        let barrier = Barrier::new(2);
        let codes: Vec<i32> = std::thread::scope(|scope| {
            let racing: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        book.run(&["adjust", "INV-1", "--amount", "0.60", "--reason", "x"]).code
                    })
                })
                .collect();
            racing.into_iter().map(|r| r.join().unwrap()).collect()
        });
        let mut codes = codes;
        codes.sort_unstable();
        assert_eq!(codes, [0, 2]);
        let memos =
            "SELECT count(*) FROM document WHERE kind = 'credit_memo' AND status = 'Posted'";
        assert_eq!(book.count(memos), 1);
        book.run(&["check"]).ends(0);
    }
}
