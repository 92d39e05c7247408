//! A real book under any order of the day's verbs, through the binary: whatever is billed, thrown
//! away, posted, amended, edited, corrected, collected and reversed, every named invariant holds
//! after each step, among them that no charge period is billed twice.

use crate::harness::book::{Book, Ran};
use crate::memo_tax::Dice;
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const FILES: &[(&str, &str)] = &[
    (
        "taxes.csv",
        "tax_code,rate_percent,name,inclusive,valid_from\n\
         ADD,19,VAT,false,2020-01-01\nADD,21,VAT,false,2026-04-01\nIN,7.7,VAT,true,2020-01-01\n",
    ),
    (
        "accounts.csv",
        "account_number,name,currency,bill_cycle_day,payment_term,auto_pay\n\
         A1,Acme,EUR,1,Net 14,true\nA2,Beta,EUR,31,Due Upon Receipt,false\n",
    ),
    (
        "subscriptions.csv",
        "subscription_number,account_number,start_date\nS1,A1,2026-01-01\nS2,A2,2026-01-10\n",
    ),
    (
        "charges.csv",
        "charge_number,subscription_number,name,type,model,price,billing_period,timing,uom,tiers,tax_code\n\
         C1,S1,Licence,recurring,flat,33.33,month,advance,,,ADD\n\
         C2,S1,Traffic,usage,tiered,0,month,arrears,GB,0-10@1.5+2;11-@0.7,ADD\n\
         C3,S1,Support,recurring,flat,77.77,quarter,advance,,,IN\n\
         C4,S1,Off,recurring,discount_percent,12.5,month,advance,,,ADD\n\
         C5,S2,Licence,recurring,per_unit,9.99,month,arrears,,,IN\n",
    ),
    (
        "methods.csv",
        "account_number,token,kind,display\nA1,\"ok,decline:51,ok\",card,visa ··4242\n",
    ),
];

/// The first column of what a query gives.
fn rows(book: &Path, sql: &str) -> Vec<String> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn = rusqlite::Connection::open_with_flags(book, flags).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The day of the book, its dice, and everything that was done.
struct Story {
    book: Book,
    dice: Dice,
    today: NaiveDate,
    told: String,
    /// How often each verb was done.
    done: BTreeMap<String, u32>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let today = NaiveDate::from_ymd_opt(2026, 2, 1).unwrap();
        let book = Book::new("2026-02-01");
        let files: Vec<String> = FILES.iter().map(|(name, text)| book.file(name, text)).collect();
        let mut args = vec!["import"];
        args.extend(files.iter().map(String::as_str));
        book.run(&args).ends(0);
        Self { book, dice: Dice(seed), today, told: format!("seed {seed}"), done: BTreeMap::new() }
    }

    fn near(&mut self, back: u64, ahead: u64) -> String {
        let by = self.dice.roll(back + ahead + 1);
        (self.today - Days::new(back) + Days::new(by)).to_string()
    }

    fn money(&mut self) -> String {
        format!("{}.{:02}", self.dice.roll(40), 1 + self.dice.roll(99))
    }

    /// Any of the rows a query gives.
    fn pick(&mut self, sql: &str) -> Option<String> {
        let found = rows(&self.book.path, sql);
        (!found.is_empty()).then(|| found[self.dice.roll(found.len() as u64) as usize].clone())
    }

    fn draft(&mut self) -> Option<String> {
        self.pick("SELECT printf('D-%06d', id) FROM document WHERE status = 'Draft'")
    }

    fn posted(&mut self) -> Option<String> {
        self.pick("SELECT number FROM document WHERE status = 'Posted' AND kind = 'invoice'")
    }

    fn run(&mut self) -> Option<String> {
        self.pick("SELECT printf('BR-%06d', id) FROM bill_run WHERE status NOT IN ('Canceled')")
    }

    /// Does it and looks at the book. A refusal is an answer, a fault is not.
    fn say(&mut self, line: &str) -> Ran {
        let ran = self.book.say(line);
        let why = ran.err.lines().next().unwrap_or_default();
        let _ = write!(self.told, "\n{} {line} -> {} {why}", self.today, ran.code);
        assert!(ran.code <= 3, "{}\n{}\n{}", self.told, ran.out, ran.err);
        let verb = line.split(' ').next().unwrap_or_default().to_owned();
        *self.done.entry(verb).or_default() += u32::from(ran.code == 0);
        let check = self.book.run(&["check", "--json"]);
        if check.code != 0
            && let Ok(keep) = std::env::var("DAYBOOK_KEEP")
        {
            std::fs::copy(&self.book.path, keep).unwrap();
        }
        assert_eq!(check.code, 0, "{}\n{}", self.told, check.out);
        ran
    }

    fn import(&mut self, name: &str, text: &str) {
        let file = self.book.file(name, text);
        let told = text.replace('\n', " | ");
        let _ = write!(self.told, "\n  {told}");
        self.say(&format!("import '{file}' --yes --allow-repeats"));
    }

    fn amend(&mut self) {
        let from = self.near(40, 40);
        match self.dice.roll(6) {
            0 => {
                let price = self.money();
                self.import("c.csv", &format!("charge_number,subscription_number,name,type,model,price,effective_from\nC1,S1,Licence,recurring,flat,{price},{from}\n"));
            }
            1 => {
                let n = 1 + self.dice.roll(4);
                self.import("c.csv", &format!("charge_number,subscription_number,name,type,model,price,quantity,effective_from\nC5,S2,Licence,recurring,per_unit,9.99,{n},{from}\n"));
            }
            2 => {
                let end = if self.dice.roll(2) == 0 { String::new() } else { self.near(20, 90) };
                self.import("s.csv", &format!("subscription_number,account_number,start_date,end_date\nS1,A1,2026-01-01,{end}\n"));
            }
            3 => {
                let to = self.near(0, 60);
                let (from, to) = if self.dice.roll(2) == 0 {
                    (String::new(), String::new())
                } else {
                    (from, to)
                };
                self.import("s.csv", &format!("subscription_number,account_number,start_date,suspended_from,resumed_from\nS2,A2,2026-01-10,{from},{to}\n"));
            }
            4 => {
                let day = 1 + self.dice.roll(31);
                self.import(
                    "a.csv",
                    &format!("account_number,name,currency,bill_cycle_day\nA2,Beta,EUR,{day}\n"),
                );
            }
            _ => {
                let percent = 1 + self.dice.roll(60);
                self.import("c.csv", &format!("charge_number,subscription_number,name,type,model,price\nC4,S1,Off,recurring,discount_percent,{percent}.5\n"));
            }
        }
    }

    fn correct(&mut self) -> Option<()> {
        let id = self.posted()?;
        let amount = self.money();
        let line = 1 + self.dice.roll(4);
        match self.dice.roll(10) {
            9 => self.say(&format!("invoice reissue {id} --set po_number={line} --set buyer_reference={amount} --reason t")),
            0 => self.say(&format!("adjust {id} --whole --reason t")),
            1 => self.say(&format!("adjust {id} --line {line} --reason t")),
            2 => self.say(&format!("adjust {id} --amount {amount} --reason t")),
            3 => self.say(&format!("adjust {id} --amount {amount} --debit --reason t")),
            4..=6 => self.say(&format!("reverse {id} --reason t")),
            7 => self.say(&format!("write-off {id} --reason t")),
            _ => {
                let memo = self.pick(
                    "SELECT number FROM document WHERE status = 'Posted' AND kind = 'credit_memo'",
                )?;
                self.say(&format!("memo apply {memo}"))
            }
        };
        Some(())
    }

    fn edit(&mut self) -> Option<()> {
        let id = self.draft()?;
        let line = 1 + self.dice.roll(3);
        let amount = self.money();
        match self.dice.roll(8) {
            0 => self.say(&format!("invoice cancel {id} --reason t")),
            1 => self.say(&format!(
                "invoice edit {id} --line {line} --set unit_price={amount} --reason t"
            )),
            2 => self.say(&format!("invoice edit {id} --remove-line {line} --later --reason t")),
            3 => self.say(&format!("invoice edit {id} --remove-line {line} --waive --reason t")),
            4 => self.say(&format!("invoice regenerate {id}")),
            5 => self.say("undo"),
            6 => self.say(&format!("invoice hold {id} --reason t")),
            _ => self.say(&format!("post --invoice {id}")),
        };
        Some(())
    }

    fn step(&mut self) -> Option<()> {
        match self.dice.roll(17) {
            0..=3 => {
                let target = self.near(20, 50);
                self.say(&format!("bill --target {target}"));
            }
            4..=5 => {
                let run = self.run()?;
                self.say(&format!("post {run}"));
            }
            6 => {
                let run = self.run()?;
                self.say(&format!("run cancel {run}"));
            }
            7..=8 => self.amend(),
            9 => {
                let (n, day) = (self.dice.roll(30), self.near(45, 0));
                self.import("u.csv", &format!("ACCOUNT_ID,UOM,QTY,STARTDATE\nA1,GB,{n},{day}\n"));
            }
            10..=12 => self.correct()?,
            13..=14 => self.edit()?,
            15 => {
                let today = self.today;
                self.say(&format!("collect --target {today}"));
            }
            _ => {
                let days = 1 + self.dice.roll(25);
                self.today = self.today + Days::new(days);
                let today = self.today;
                self.say(&format!("clock set {today}"));
            }
        }
        Some(())
    }
}

#[test]
fn any_order_of_verbs_leaves_the_book_sound() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = number("DAYBOOK_BOOK_SEEDS").unwrap_or(4);
    let first = number("DAYBOOK_BOOK_FIRST").unwrap_or(1);
    let mut done: BTreeMap<String, u32> = BTreeMap::new();
    for seed in first..first + seeds {
        let mut story = Story::new(seed);
        for _ in 0..50 {
            let _ = story.step();
        }
        // All that is left is posted, corrected whole and billed anew: nothing is held twice.
        story.say("bill --target 2026-12-31");
        let runs = rows(
            &story.book.path,
            "SELECT printf('BR-%06d', id) FROM bill_run WHERE status IN ('Completed','Posted')",
        );
        for run in runs {
            story.say(&format!("post {run}"));
        }
        for number in rows(
            &story.book.path,
            "SELECT number FROM document WHERE status = 'Posted' AND kind = 'invoice'",
        ) {
            story.say(&format!("adjust {number} --whole --reason 'all of it'"));
        }
        println!("{}", story.told);
        for (verb, n) in story.done {
            *done.entry(verb).or_default() += n;
        }
    }
    // A story in which everything is refused would prove nothing.
    for verb in
        ["bill", "post", "run", "import", "adjust", "reverse", "write-off", "invoice", "collect"]
    {
        let went = done.get(verb).is_some_and(|n| *n > 0);
        assert!(went || seeds < 4, "no {verb} went through: {done:?}");
    }
}
