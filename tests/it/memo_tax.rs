//! Memos of one invoice sum exactly to its tax, whoever makes them: by hand, or a run that gives
//! back what was billed ahead; posted, thrown away, in any order.

use crate::harness::book::Book;
use serde_json::Value;

const CHARGES: &str =
    "charge_number,subscription_number,name,type,model,price,billing_period,tax_code\n";

/// Two accounts billed a year ahead at prices whose tax never comes out even, in two codes of one
/// rate each; the tax is added to the prices of one account and contained in those of the other.
fn year() -> Book {
    let book = Book::new("2026-01-01");
    let files = [
        (
            "taxes.csv",
            "tax_code,rate_percent,name,inclusive,valid_from\n\
             ADD,19,VAT,false,2020-01-01\nMORE,19,VAT,false,2020-01-01\n\
             IN,7.7,VAT,true,2020-01-01\nALSO,7.7,VAT,true,2020-01-01\n"
                .to_owned(),
        ),
        ("accounts.csv", "account_number,name,currency\nA1,Acme,EUR\nA2,Beta,EUR\n".to_owned()),
        ("subscriptions.csv", ends("", "")),
        (
            "charges.csv",
            CHARGES.to_owned()
                + "C1,S1,Licence,recurring,flat,333.33,year,ADD\n\
                   C2,S1,Support,recurring,flat,77.77,year,MORE\n\
                   C3,S2,Licence,recurring,flat,333.33,year,IN\n\
                   C4,S2,Support,recurring,flat,77.77,year,ALSO\n",
        ),
    ];
    let files = files.map(|(name, text)| book.file(name, text));
    let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    book.run(&["bill", "--target", "2026-01-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book
}

fn ends(first: &str, second: &str) -> String {
    format!(
        "subscription_number,account_number,start_date,end_date\n\
         S1,A1,2026-01-01,{first}\nS2,A2,2026-01-01,{second}\n"
    )
}

/// A small generator: a seed is a story.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A run that gives back what lies beyond a new end; posted, or thrown away.
fn shorten(book: &Book, end: &str, keep: bool) {
    give_back(book, &ends(end, end), keep);
}

/// A run that gives back every day: the subscriptions are suspended from their first.
fn suspend(book: &Book) {
    let rows = "subscription_number,account_number,start_date,suspended_from\n\
                S1,A1,2026-01-01,2026-01-01\nS2,A2,2026-01-01,2026-01-01\n";
    give_back(book, rows, true);
}

fn give_back(book: &Book, rows: &str, keep: bool) {
    let (code, file) = book.import("subscriptions.csv", rows, &["--yes"]);
    assert_eq!(code, 0, "{file}");
    let run = book.run(&["bill", "--target", "2026-12-31", "--json"]).ends(0).json();
    let run = run["run"].as_str().unwrap().to_owned();
    let verb: &[&str] = if keep { &["post", &run] } else { &["run", "cancel", &run] };
    book.run(verb).ends(0);
}

fn minor(value: &Value) -> i64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Net and tax of everything that credits an account, and of its invoice.
fn sums(book: &Book, account: &str) -> [(i64, i64); 2] {
    let of = |verb: &str| {
        let list =
            book.run(&[verb, "list", "--account", account, "--status", "Posted", "--json"]).json();
        let list = list.as_array().unwrap().clone();
        let sum = |field: &str| list.iter().map(|d| minor(&d[field])).sum();
        (sum("subtotal"), sum("tax"))
    };
    [of("invoice"), of("memo")]
}

fn story(seed: u64) {
    let mut dice = Dice(seed);
    let book = year();
    let mut day = 360;
    for _ in 0..6 {
        match dice.roll(5) {
            0 | 1 => {
                day -= 3 + dice.roll(50);
                let end = chrono::NaiveDate::from_yo_opt(2026, day as u32).unwrap().to_string();
                shorten(&book, &end, dice.roll(4) > 0);
            }
            2 => {
                let line = (1 + dice.roll(2)).to_string();
                let amount = format!("{}.{:02}", dice.roll(9), 1 + dice.roll(99));
                for invoice in ["INV-2026-000001", "INV-2026-000002"] {
                    book.run(&[
                        "adjust", invoice, "--line", &line, "--amount", &amount, "--reason", "t",
                    ]);
                }
            }
            _ => {
                let amount = format!("{}.{:02}", dice.roll(20), 1 + dice.roll(99));
                for invoice in ["INV-2026-000001", "INV-2026-000002"] {
                    book.run(&["adjust", invoice, "--amount", &amount, "--reason", "t"]);
                }
            }
        }
    }
    if dice.roll(2) == 0 {
        suspend(&book);
    }
    for invoice in ["INV-2026-000001", "INV-2026-000002"] {
        let last = book.run(&["adjust", invoice, "--whole", "--reason", "all of it"]);
        assert!(
            last.code == 0 || last.err.contains("nothing is left"),
            "seed {seed}: {}",
            last.err
        );
    }
    for account in ["A1", "A2"] {
        let [(net, tax), memos] = sums(&book, account);
        assert_eq!(memos, (-net, -tax), "seed {seed}, {account}");
    }
    let left =
        "SELECT coalesce(sum(abs(minor)), 0) FROM (SELECT sum(debit_minor - credit_minor) AS minor
                FROM ledger_entry WHERE account LIKE 'tax:%' GROUP BY account_id, account)";
    assert_eq!(book.count(left), 0, "seed {seed}: each code gives back what it took");
    book.is_sound();
}

#[test]
fn memos_by_hand_and_by_runs_sum_to_the_invoice_and_its_tax() {
    let seeds = std::env::var("DAYBOOK_MEMO_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    for seed in 1..=seeds {
        story(seed);
    }
}

#[test]
fn partial_credits_of_runs_take_the_tax_that_is_left() {
    let book = year();
    for end in ["2026-11-30", "2026-10-31", "2026-09-30", "2026-05-31"] {
        shorten(&book, end, true);
    }
    suspend(&book);
    let [invoice, memos] = sums(&book, "A1");
    assert_eq!(memos, (-invoice.0, -invoice.1));
    let [invoice, memos] = sums(&book, "A2");
    assert_eq!(memos, (-invoice.0, -invoice.1));
    let whole = "SELECT count(*) FROM document_item i WHERE corrects_item_id IS NULL AND gross_minor IS NOT NULL
                 AND gross_minor + (SELECT sum(x.gross_minor) FROM document_item x WHERE x.corrects_item_id = i.id) <> 0";
    assert_eq!(book.count(whole), 0, "each line gives back what it said, tax included");
}

/// Tax of 7.7 % inside two lines of 6.77 and 9.99: 0.48 and 0.72, where 9.99 alone has 0.71.
#[test]
fn an_inclusive_credit_is_no_unit_beyond_its_line_where_the_tax_rounds_otherwise() {
    let book = Book::new("2026-02-01");
    let files = [
        (
            "taxes.csv",
            "tax_code,rate_percent,name,inclusive,valid_from\nIN,7.7,VAT,true,2020-01-01\n",
        ),
        ("accounts.csv", "account_number,name,currency,bill_cycle_day\nA2,Beta,EUR,31\n"),
        ("subscriptions.csv", "subscription_number,account_number,start_date\nS2,A2,2026-01-10\n"),
        (
            "charges.csv",
            "charge_number,subscription_number,name,type,model,price,billing_period,timing,tax_code\n\
             C5,S2,Licence,recurring,per_unit,9.99,month,arrears,IN\n",
        ),
    ];
    let files = files.map(|(name, text)| book.file(name, text));
    let args: Vec<&str> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    book.run(&["bill", "--target", "2026-03-14"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    book.run(&["adjust", "INV-2026-000001", "--line", "1", "--reason", "t"]).ends(0);
    let more = "charge_number,subscription_number,name,type,model,price,quantity,effective_from\n\
                C5,S2,Licence,recurring,per_unit,9.99,3,2026-01-09\n";
    assert_eq!(book.import("charges.csv", more, &["--yes"]).0, 0);
    book.run(&["bill", "--target", "2026-03-14"]).ends(0);
    let credits = book.count(
        "SELECT min(amount_minor) FROM document_item WHERE document_id = 3 AND corrects_item_id = 2",
    );
    assert_eq!(credits, -927, "the line's own net");
    book.is_sound();
}
