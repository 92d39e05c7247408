//! Eight clerks at eight consoles of one book, pressing what a seed tells them, beside bill runs,
//! postings, deliveries and payment runs. What a console said was done is in the book, nobody writes
//! over what they have not seen, and no screen shows an error. `DAYBOOK_CLERKS_SECONDS=300` by hand,
//! `DAYBOOK_CLERKS_LOOK_MS=1000` for clerks who look for a second before each deed, `DAYBOOK_SEED` for the
//! dice; how long a write takes is printed, not judged.

use crate::harness::book::{Book, Ran, daybook};
use crate::harness::pty::Pty;
use crate::install::{FIRST, Install, Site, impossible};
use crate::memo_tax::Dice;
use crate::storm::by_hand;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const CLERKS: u32 = 8;
const SECONDS: usize = 20;
/// Accounts of the book, and those that all clerks are at.
const ACCOUNTS: usize = 300;
const CROWD: u64 = 12;
const BOOK: &str = "book.db";

/// Words that no clerk shall read.
const ERRORS: [&str; 9] = [
    "usy",
    "panicked",
    "locked",
    "cannot be used",
    "could not be",
    "a bug",
    "SQL",
    "too much is being read",
    "do not see",
];

/// Where they work: as users of their own where that can be shown, else all as who runs the test.
struct Office {
    site: Option<Site>,
    book: Book,
}

impl Office {
    /// A book with one month posted and two that wait.
    fn open() -> Self {
        let why = impossible();
        if let Some(why) = why {
            eprintln!("{why}: the eight clerks are one user");
        }
        let site = why.is_none().then(|| Site::made(Install::Trusted));
        let office = Self { site, book: Book::new("2026-03-01") };
        if office.site.is_some() {
            office.run(&["init", "--test"]).ends(0);
            office.run(&["clock", "set", "2026-03-01"]).ends(0);
            for uid in (0..CLERKS).map(|n| FIRST + n) {
                for role in ["biller", "cashier"] {
                    office.run(&["role", "grant", &uid.to_string(), role]).ends(0);
                }
            }
        }
        let mut files = [
            "account_number,name,currency,auto_pay,delivery,email,payment_term\n".to_owned(),
            "subscription_number,account_number,start_date\n".to_owned(),
            "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned(),
            "account_number,token,kind,display\n".to_owned(),
        ];
        for n in 1..=ACCOUNTS {
            let pays = n % 3 == 0;
            writeln!(files[0], "A{n:05},Customer {n},EUR,{pays},email,c{n}@example.org,Net 30")
                .unwrap();
            writeln!(files[1], "S{n:05},A{n:05},2026-02-01").unwrap();
            writeln!(files[2], "F{n:05},S{n:05},Base,recurring,flat,10.05,month").unwrap();
            if pays {
                writeln!(files[3], "A{n:05},ok,card,visa").unwrap();
            }
        }
        let home = office.site.as_ref().map_or(office.book.dir.path().into(), Site::home);
        let names = ["accounts.csv", "subscriptions.csv", "charges.csv", "payment_methods.csv"];
        let paths: Vec<String> = names
            .iter()
            .zip(files)
            .map(|(name, text)| {
                std::fs::write(home.join(name), text).unwrap();
                home.join(name).to_string_lossy().into_owned()
            })
            .collect();
        let files: Vec<&str> = paths.iter().map(String::as_str).collect();
        office.run(&[&["import"], &files[..]].concat()).ends(0);
        for target in ["2026-02-01", "2026-03-01", "2026-04-01"] {
            office.run(&["bill", "--target", target]).ends(0);
        }
        office.run(&["post", "BR-000001"]).ends(0);
        office
    }

    fn path(&self) -> PathBuf {
        self.site.as_ref().map_or_else(|| self.book.path.clone(), |site| site.book(BOOK))
    }

    fn run(&self, args: &[&str]) -> Ran {
        match &self.site {
            Some(site) => site.run(FIRST, "022", BOOK, args),
            None => daybook(&self.book.path, args),
        }
    }

    fn clerk(&self, nth: u32, seed: u64) -> Clerk {
        let (pty, uid) = match &self.site {
            Some(site) => (site.console(FIRST + nth, "077", BOOK), FIRST + nth),
            None => (Pty::console(&self.book.path, 100, 24), nix::unistd::getuid().as_raw()),
        };
        let dice = Dice(seed.wrapping_mul(u64::from(nth) + 2) | 1);
        Clerk {
            nth,
            uid,
            pty,
            dice,
            count: 0,
            done: Vec::new(),
            waits: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Months are billed, posted, delivered and collected until the time is up; gives how many.
    fn days(&self, end: Instant) -> u32 {
        let mut months = 0;
        let does = |args: &[&str]| {
            let ran = self.run(args);
            assert!(matches!(ran.code, 0 | 1), "{args:?} ends with {}: {}", ran.code, ran.err);
        };
        while Instant::now() < end {
            months += 1;
            let (nth, older) = (months + 4, format!("BR-{:06}", months + 1));
            let target = format!("{}-{:02}-01", 2026 + (nth - 1) / 12, (nth - 1) % 12 + 1);
            does(&["bill", "--target", &target, "--yes"]);
            does(&["post", &older]);
            does(&["deliver", "--run", &older, "--send-now"]);
            does(&["collect", "--target", &target]);
        }
        months
    }
}

/// What a console said was done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Deed {
    uid: u32,
    /// What it is about in the log; empty where the console does not say.
    subject: String,
    /// How the log tells it.
    words: String,
    /// Of a new purchase order number: the one that it was to take the place of.
    saw: Option<String>,
}

/// What came of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Came {
    Done,
    /// It is asked whether to go on.
    Asked,
    /// Another wrote meanwhile; the form shows this number beside hers.
    Theirs(String),
    /// Not done, and why.
    Said(String),
}

struct Clerk {
    nth: u32,
    uid: u32,
    pty: Pty,
    dice: Dice,
    count: usize,
    done: Vec<Deed>,
    /// How long each took, and what it was.
    waits: Vec<(Duration, String)>,
    said: Vec<String>,
}

/// The rows above the keys, where the console answers.
fn answer(text: &str) -> String {
    let rows: Vec<&str> = text.lines().map(str::trim).collect();
    rows[rows.len().saturating_sub(4)..rows.len().saturating_sub(1)].join(" ")
}

/// What the status row says beside notices and jobs, which stand at its right; what is said unasked,
/// of others and of jobs that end, is no answer and does not take the place of one.
fn said(text: &str) -> Option<String> {
    let row = text.lines().rev().nth(1)?.strip_prefix(' ')?;
    let (answer, told) = (answer(text), !row.starts_with([' ', '●', '✉', '!']));
    let unasked = ["who saves second", " done: ", " done, ", "being written"];
    let told = told && !unasked.iter().any(|words| answer.contains(words));
    told.then(|| row.split("  ").next().unwrap_or_default().to_owned())
}

/// What came of keys; `saw` is the number that a new one was to take the place of.
fn came(text: &str, done: &str, saw: &str) -> Option<Came> {
    if text.contains("Go on all the same?") {
        Some(Came::Asked)
    } else if text.contains("yours is still below") {
        // Saving again before theirs is there would be refused again.
        theirs(text).filter(|theirs| theirs != saw).map(Came::Theirs)
    } else if answer(text).contains(done) {
        Some(Came::Done)
    } else {
        said(text).map(Came::Said)
    }
}

/// What another made of the number, as a form shows it: `PO number: theirs "X", mine "Y"`.
fn theirs(text: &str) -> Option<String> {
    let (_, theirs) = text.split_once("PO number: theirs \"")?;
    theirs.split('"').next().map(str::to_owned)
}

/// The number in the field of a form.
fn number_in(form: &str) -> Option<String> {
    let row = form.lines().find_map(|row| row.split_once("  PO number "))?.1;
    Some(row.trim_end_matches([' ', '│']).trim().to_owned())
}

impl Clerk {
    /// Waits for what comes; an error on the way ends the test.
    fn comes<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let wrong = |text: &str| ERRORS.iter().find(|error| text.contains(**error)).copied();
        let text = self.pty.until(what, |text| wrong(text).is_some() || find(text).is_some());
        assert_eq!(wrong(&text), None, "clerk {} waited for {what}:\n{text}", self.nth);
        find(&text).unwrap()
    }

    fn shows(&self, words: &str) {
        self.comes(words, |text| text.contains(words).then_some(()));
    }

    /// A word that is nowhere else.
    fn word(&mut self) -> String {
        self.count += 1;
        format!("k{}x{:05}", self.nth, self.count)
    }

    /// Sends the keys that do it, and answers what is asked. True if the console says that it is done.
    fn does(&mut self, what: &str, keys: &str, done: &str) -> bool {
        // What was said before is no answer.
        let (begun, old) = (Instant::now(), said(&self.pty.screen()).map(Came::Said));
        let new = |text: &str| came(text, done, "").filter(|way| Some(way) != old.as_ref());
        self.pty.send(keys);
        let mut way = self.comes(what, new);
        // Of another clerk's: half of them go on.
        if way == Came::Asked && self.dice.roll(2) == 0 {
            self.pty.send("y");
            way = self.comes(what, |text| new(text).filter(|way| *way != Came::Asked));
        }
        match way {
            Came::Done => self.waits.push((begun.elapsed(), what.to_owned())),
            Came::Said(ref why) => self.said.push(format!("{what}: {why}")),
            Came::Asked | Came::Theirs(_) => self.said.push(format!("{what}: {way:?}")),
        }
        self.closes();
        way == Came::Done
    }

    /// Closes what is open over the screen.
    fn closes(&mut self) {
        let open = |text: &str| {
            let over = ["Esc closes", "Esc drops", "Esc cancels"];
            over.iter().any(|words| text.contains(words))
        };
        loop {
            let before = self.pty.screen();
            if !open(&before) {
                return;
            }
            self.pty.send("\x1b");
            self.comes("it to close", |text| (!open(text) || text != before).then_some(()));
        }
    }

    fn noted(&mut self, subject: &str, words: String, saw: Option<String>) {
        self.done.push(Deed { uid: self.uid, subject: subject.to_owned(), words, saw });
    }

    /// Goes to a draft of one of the accounts that all are at.
    fn draft(&mut self) -> Option<String> {
        let account = format!("A{:05}", self.dice.roll(CROWD) + 1);
        self.pty.send("3");
        self.shows("3 Invoices");
        while !self.pty.screen().contains("all drafts") {
            let before = self.pty.screen();
            self.pty.send("f");
            self.comes("the next filter", |text| (text != before).then_some(()));
        }
        // A filter that was never there before, so that the list is the one that it asks for.
        self.count += 1;
        let filter = format!("account:{account} -po:z{}", self.count);
        self.pty.send(&format!("/{filter}\r"));
        let row = format!("  {account} ");
        self.comes("its drafts", |text| {
            let top = text.lines().nth(1)?;
            let there = top.contains(&format!("/{filter} ")) && top.contains(" of ");
            if !there || said(text).is_some() || !text.lines().last()?.contains("? help") {
                return None;
            }
            let at = text.lines().find_map(|line| line.strip_prefix('>'));
            match at.map(|line| line.replacen('*', " ", 1)) {
                Some(line) if line.starts_with(&row) => {
                    Some(line.split_whitespace().find(|w| w.starts_with("D-")).map(str::to_owned))
                }
                Some(_) => None,
                None => text.contains("nothing here").then_some(None),
            }
        })
    }

    /// A new purchase order number, on top of what others wrote meanwhile.
    fn edits(&mut self) {
        const MENU: &str = "dates, PO number, note…";
        const UNREAD: &str = "still reading it";
        // Another clerk's, mine at another console, mine at one that ended.
        const TAKEN: [&str; 3] = ["edits it since", "You edit it since", "Your own edit since"];
        let opened = |text: &str| {
            let way = TAKEN.into_iter().chain([MENU, UNREAD]).find(|words| text.contains(words));
            way.map(str::to_owned).or_else(|| said(text))
        };
        self.pty.send("e");
        loop {
            let way = self.comes("what can be edited", opened);
            match way.as_str() {
                MENU => break,
                taken if TAKEN.contains(&taken) => {
                    self.pty.send("t");
                    self.shows(MENU);
                    break;
                }
                UNREAD => {
                    self.pty.send("k");
                    self.comes("it to be read", |t| (!t.contains(&way)).then_some(()));
                    self.pty.send("e");
                }
                other => {
                    self.said.push(format!("edit: {other}"));
                    return self.closes();
                }
            }
        }
        self.pty.send("d");
        let form = self.comes("the form", |text| {
            let (_, form) = text.split_once("─ Edit D-")?;
            form.contains("invoice date").then(|| form.to_owned())
        });
        let (subject, word) = (format!("D-{}", &form[..6]), self.word());
        let mut saw = number_in(&form).unwrap();
        let mut keys = format!("\t\t\x15{word}\t\t\x15asked\x13");
        let done = format!("{word}, ");
        loop {
            let begun = Instant::now();
            self.pty.send(&keys);
            let way = self.comes("the edit", |text| came(text, &done, &saw));
            match way {
                Came::Done => {
                    self.waits.push((begun.elapsed(), "edit".to_owned()));
                    self.noted(&subject, format!("{word} (asked)"), Some(saw));
                    break;
                }
                Came::Theirs(theirs) => {
                    self.said.push("edit: another was first".to_owned());
                    (saw, keys) = (theirs, "\x13".to_owned());
                }
                Came::Asked if self.dice.roll(2) == 0 => {
                    self.pty.send("y");
                    keys = String::new();
                    self.comes("the question to go", |text| {
                        came(text, &done, &saw).filter(|way| *way != Came::Asked).map(drop)
                    });
                }
                Came::Asked => break,
                Came::Said(why) => {
                    self.said.push(format!("edit: {why}"));
                    break;
                }
            }
        }
        self.closes();
    }

    fn accepts(&mut self, draft: &str) {
        if self.does("accept", "a", &format!("{draft} accepted in version")) {
            self.noted(draft, "accepted in version".to_owned(), None);
        }
    }

    fn holds(&mut self, draft: &str) {
        self.pty.send("v");
        let (held, released) = (format!("{draft} held"), format!("{draft} released"));
        let asked = self.comes("holding", |text| {
            let asked = text.contains("the amount looks wrong │") || text.contains("1 the amount");
            if asked { Some(Came::Asked) } else { came(text, &released, "") }
        });
        match asked {
            Came::Asked if self.pty.screen().contains("1 the amount") => {
                if self.does("hold", "1", &held) {
                    self.noted(draft, "held: the amount looks wrong".to_owned(), None);
                }
            }
            Came::Done => self.noted(draft, "released (was held".to_owned(), None),
            way => self.said.push(format!("release: {way:?}")),
        }
        self.closes();
    }

    fn tags(&mut self, draft: &str) {
        let word = self.word();
        self.pty.send("t");
        if !self.comes("tags", |text| {
            let open = text.contains("puts it on").then_some(true);
            open.or_else(|| said(text).map(|_| false))
        }) {
            return;
        }
        if self.does("tag", &format!("{word}\r"), &format!("{draft} tagged {word}")) {
            self.noted(draft, format!("tagged {word}"), None);
        }
    }

    /// The next draft that nobody has, which another may have been by then; and at times gives all back.
    fn claims(&mut self) {
        if self.does("claim", ":claim 1\r", "claimed D-") {
            self.noted("claim", "claimed D-".to_owned(), None);
        }
        self.pty.send("U");
        self.comes("no marks", |text| said(text).filter(|said| said.contains("mark")));
        if self.dice.roll(3) == 0 && self.does("release", ":release all\r", "released ") {
            self.noted("claim", "released ".to_owned(), None);
        }
    }

    fn notes(&mut self, draft: &str) {
        let word = self.word();
        self.pty.send("r");
        self.shows("Notes and references of");
        self.pty.send("n");
        self.shows("Note on");
        if self.does("note", &format!("{word}\r"), "note kept") {
            self.noted(draft, format!("note: {word}"), None);
        }
    }

    /// Money that came outside, on an account.
    fn receives(&mut self) {
        let (account, word) = (format!("A{:05}", self.dice.roll(CROWD) + 1), self.word());
        self.pty.send("8");
        self.shows("8 Accounts");
        self.pty.send(&format!("/{account}\r"));
        let row = format!(">  {account} ");
        self.comes("the account", |text| text.lines().any(|l| l.starts_with(&row)).then_some(()));
        self.pty.send("p");
        self.shows(&format!("Received from {account}"));
        let keys = format!("0.01\t\t{word}\x13");
        if self.does("money", &keys, &format!("received ({word})")) {
            self.noted("", format!("received ({word})"), None);
        }
    }

    fn works(&mut self, end: Instant, looks: Duration) {
        self.shows("usage loaded");
        while Instant::now() < end {
            // A person reads before the next key.
            std::thread::park_timeout(looks);
            let deed = self.dice.roll(10);
            if deed == 9 {
                self.receives();
                continue;
            }
            let Some(draft) = self.draft() else { continue };
            match deed {
                0 => self.accepts(&draft),
                1 | 2 => self.holds(&draft),
                3 => self.tags(&draft),
                4 => self.claims(),
                5 => self.notes(&draft),
                _ => self.edits(),
            }
        }
        self.pty.send("\x03");
        assert_eq!(self.pty.end().0, 0, "clerk {}", self.nth);
        let raw = self.pty.raw();
        assert!(!raw.contains("panicked"), "clerk {}: {raw}", self.nth);
    }
}

/// What the log has of one deed.
struct Logged {
    uid: u32,
    subject: String,
    summary: String,
    /// A purchase order number before and after.
    number: Option<(String, String)>,
}

fn log(book: &Connection) -> Vec<Logged> {
    let sql = "SELECT uid, subject, summary, detail FROM operation ORDER BY seq";
    let mut rows = book.prepare(sql).unwrap();
    let rows = rows.query_map([], |r| {
        let detail: String = r.get(3)?;
        let detail: serde_json::Value = serde_json::from_str(&detail).unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let changes = detail["changes"].as_array().cloned().unwrap_or_default();
        let number = changes.iter().find(|change| change["field"] == "PO number");
        let number = number.map(|change| (text(&change["before"]), text(&change["after"])));
        Ok(Logged { uid: r.get(0)?, subject: r.get(1)?, summary: r.get(2)?, number })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// What was said to be done and is not so: deeds that the log lacks, numbers that took the place of
/// one nobody had seen, documents without their last number.
fn lost(book: &Connection, done: &[Deed]) -> Vec<String> {
    let log = log(book);
    let mut wrong = Vec::new();
    let mut wanted: BTreeMap<&Deed, usize> = BTreeMap::new();
    for deed in done {
        *wanted.entry(deed).or_default() += 1;
    }
    for (deed, times) in wanted {
        let of = |row: &&Logged| {
            let about = deed.subject.is_empty() || row.subject == deed.subject;
            row.uid == deed.uid && about && row.summary.contains(&deed.words)
        };
        let rows: Vec<&Logged> = log.iter().filter(of).collect();
        if rows.len() < times {
            wrong.push(format!("{times} times said, {} times in the log: {deed:?}", rows.len()));
        }
        if let (Some(saw), [Logged { number: Some((before, _)), .. }]) = (&deed.saw, &rows[..])
            && before != saw
        {
            wrong.push(format!("{before} was written over unseen: {deed:?}"));
        }
    }
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &log {
        if let Some((before, after)) = &row.number {
            let was = last.insert(&row.subject, after).unwrap_or_default();
            if was != before {
                wrong.push(format!("{was} became {before} without a deed: {}", row.subject));
            }
        }
    }
    for (subject, number) in last {
        let id = subject.trim_start_matches("D-").parse::<i64>().unwrap();
        let sql = "SELECT po_number FROM document WHERE id = ?1";
        let is: String = book.query_row(sql, [id], |r| r.get(0)).unwrap();
        if is != number {
            wrong.push(format!("{subject} has {is}, not {number}"));
        }
    }
    wrong
}

/// Deeds by their first word, what was not done and why, and how long a write took.
fn told(clerks: &[Clerk]) -> String {
    let mut text = String::new();
    let first = |words: &str| words.split_whitespace().next().unwrap_or_default().to_owned();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for deed in clerks.iter().flat_map(|clerk| &clerk.done) {
        let kind = if deed.saw.is_some() { "edited".to_owned() } else { first(&deed.words) };
        *kinds.entry(kind).or_default() += 1;
    }
    let mut whys: BTreeMap<String, usize> = BTreeMap::new();
    for said in clerks.iter().flat_map(|clerk| &clerk.said) {
        let plain: String = said.chars().filter(|c| !c.is_ascii_digit()).take(150).collect();
        *whys.entry(plain).or_default() += 1;
    }
    let mut waits: Vec<&(Duration, String)> = clerks.iter().flat_map(|c| &c.waits).collect();
    waits.sort_unstable();
    let part = |of: usize| waits[(waits.len() * of / 100).min(waits.len() - 1)].0.as_millis();
    let (half, most, longest) = (part(50), part(99), part(100));
    writeln!(text, "{} deeds: {kinds:?}", kinds.values().sum::<usize>()).unwrap();
    writeln!(text, "a write, key to answer, ms: p50 {half}, p99 {most}, longest {longest}")
        .unwrap();
    let slow =
        waits.iter().rev().take(8).map(|(took, what)| format!("{what} {}", took.as_millis()));
    writeln!(text, "the longest: {}", slow.collect::<Vec<_>>().join(", ")).unwrap();
    writeln!(text, "not done: {whys:#?}").unwrap();
    text
}

#[test]
fn what_is_lost_is_seen() {
    let office = crate::harness::day::billed();
    for number in ["k1", "k2"] {
        let set = format!("po_number={number}");
        office.run(&["invoice", "edit", "D-1", "--set", &set, "--reason", "asked"]).ends(0);
    }
    let book = Connection::open(&office.path).unwrap();
    let uid = nix::unistd::getuid().as_raw();
    let deed = |words: &str, saw: &str| Deed {
        uid,
        subject: "D-000001".to_owned(),
        words: format!("{words} (asked)"),
        saw: Some(saw.to_owned()),
    };
    assert_eq!(lost(&book, &[deed("k1", ""), deed("k2", "k1")]), Vec::<String>::new());
    let is = |done: &[Deed], words: &str| {
        let lost = lost(&book, done);
        assert!(lost.len() == 1 && lost[0].contains(words), "{lost:?}");
    };
    is(&[deed("k3", "k2")], "0 times in the log");
    is(&[deed("k2", "k1"), deed("k2", "k1")], "2 times said, 1 times");
    is(&[deed("k2", "")], "k1 was written over unseen");
    book.execute("UPDATE document SET po_number = 'k1' WHERE id = 1", []).unwrap();
    is(&[], "has k1, not k2");
}

#[test]
fn eight_clerks_beside_the_day_lose_nothing_and_see_no_error() {
    let seconds = by_hand("DAYBOOK_CLERKS_SECONDS", SECONDS) as u64;
    let looks = Duration::from_millis(by_hand("DAYBOOK_CLERKS_LOOK_MS", 0) as u64);
    let seed = by_hand("DAYBOOK_SEED", 20_261_130) as u64;
    let office = Office::open();
    let end = Instant::now() + Duration::from_secs(seconds);
    let (clerks, months) = std::thread::scope(|scope| {
        let clerks: Vec<_> = (0..CLERKS)
            .map(|nth| {
                let mut clerk = office.clerk(nth, seed);
                scope.spawn(move || {
                    clerk.works(end, looks);
                    clerk
                })
            })
            .collect();
        let months = office.days(end);
        let clerks = clerks.into_iter().map(|clerk| clerk.join().unwrap());
        (clerks.collect::<Vec<Clerk>>(), months)
    });
    println!("{months} months in {seconds} s; {}", told(&clerks));
    office.run(&["check"]).ends(0);
    let done: Vec<Deed> = clerks.iter().flat_map(|clerk| clerk.done.clone()).collect();
    let book = Connection::open(office.path()).unwrap();
    assert_eq!(lost(&book, &done), Vec::<String>::new(), "seed {seed}");
    assert!(clerks.iter().all(|clerk| !clerk.done.is_empty()), "somebody did nothing");
}

impl Drop for Clerk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("clerk {}: {:#?}", self.nth, &self.said[self.said.len().saturating_sub(9)..]);
        }
    }
}
