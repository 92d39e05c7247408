//! The worked examples of `tests/cases/days/closing.json`, through the binary: what each step does is a
//! command of its day, and what is asked of a day is read from the exported journal.

mod files;

use crate::harness::book::{Book, Ran};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Cases that need what daybook cannot yet. This list only shrinks.
const NOT_YET: &[&str] = &[];

/// One line of `export journal --format csv`.
#[derive(Debug)]
pub struct Entry {
    pub date: String,
    pub ledger: String,
    pub account: String,
    pub document: String,
    pub payment: String,
    pub currency: String,
    /// Debit positive, credit negative, in thousandths.
    pub milli: i64,
}

fn milli(text: &str) -> i64 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<3}");
    sign * (whole.parse::<i64>().unwrap_or(0) * 1000 + part.parse::<i64>().unwrap())
}

/// The exported journal of a book, in the order in which it stands.
pub fn journal(book: &Book) -> Vec<Entry> {
    let out = book.run(&["export", "journal", "--format", "csv"]).ends(0).out;
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let cell = |row: &csv::StringRecord, n: usize| row[n].to_owned();
    reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            Entry {
                date: cell(&row, 1),
                ledger: cell(&row, 2),
                account: cell(&row, 3),
                document: cell(&row, 4),
                payment: cell(&row, 5),
                currency: cell(&row, 6),
                milli: milli(&row[7]) - milli(&row[8]),
            }
        })
        .collect()
}

/// A case that is being played.
struct Play<'c> {
    book: Book,
    case: &'c Value,
    /// The case's own name → the number or id that it became.
    ids: BTreeMap<String, String>,
    rates: BTreeSet<(String, String, String)>,
    /// In which form the statements of banks come.
    form: Form,
    /// What became of each line of a bank, by the case's names.
    read: Vec<Value>,
    results: Value,
}

/// In which form the statements of banks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Camt,
    Mt940,
    Csv,
}

fn names<'v>(step: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    step[key].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn text<'v>(step: &'v Value, key: &str) -> &'v str {
    step[key].as_str().unwrap_or_default()
}

impl<'c> Play<'c> {
    fn new(case: &'c Value, form: Form) -> Self {
        let book = Book::without_clock();
        let mut accounts = "account_number,name,currency,tax_id,iban\n".to_owned();
        for account in case["accounts"].as_array().unwrap() {
            let (number, currency) = (text(account, "account_number"), text(account, "currency"));
            let iban = text(account, "iban");
            accounts
                .push_str(&format!("{number},Customer {number},{currency},ATU00000024,{iban}\n"));
        }
        book.import("accounts.csv", accounts, &[]);
        let mut play = Self {
            book,
            case,
            ids: BTreeMap::new(),
            rates: BTreeSet::new(),
            form,
            read: Vec::new(),
            results: serde_json::json!({ "bank": {}, "payouts": {} }),
        };
        play.taxes();
        if case["settings"]["deferral"] == true {
            let args = ["settings", "set", "revenue.recognition", "service_days"];
            play.book.run(&args).ends(0);
        }
        play.tolerance();
        play
    }

    /// Every tax code of the case with its rates, each from the day of the first line that has it.
    fn taxes(&mut self) {
        let mut rows = "tax_code,rate_percent,name,kind,reason,valid_from\n".to_owned();
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for step in self.case["steps"].as_array().unwrap() {
            if !matches!(text(step, "do"), "invoice" | "debit_memo") {
                continue;
            }
            for line in step["lines"].as_array().unwrap() {
                let (code, rate) = (text(line, "tax_code"), text(line, "rate"));
                if code.is_empty() || seen.insert(code, rate) == Some(rate) {
                    continue;
                }
                let kind = line["tax_kind"].as_str().unwrap_or("standard");
                let reason = if kind == "standard" { "" } else { "as the law says" };
                let first = !self.rates.iter().any(|r| r.0 == code);
                let from = if first { "2026-01-01" } else { text(step, "date") };
                rows.push_str(&format!("{code},{rate},{code},{kind},{reason},{from}\n"));
                self.rates.insert((code.to_owned(), rate.to_owned(), from.to_owned()));
            }
        }
        if !self.rates.is_empty() {
            let (code, said) = self.book.import("taxes.csv", rows, &[]);
            assert_eq!(code, 0, "{said}");
        }
    }

    fn id(&self, name: &str) -> String {
        self.ids.get(name).cloned().unwrap_or_else(|| panic!("{name} is nothing yet"))
    }

    /// When a step is done: on its day; what closes a month, on the first day after it.
    fn day(step: &Value) -> String {
        let named = ["on", "date", "through"].iter().find_map(|key| step[*key].as_str());
        named.map_or_else(
            || {
                let month = daybook::domain::month::Month::parse(text(step, "period")).unwrap();
                (month.span().to + chrono::Days::new(1)).to_string()
            },
            str::to_owned,
        )
    }

    /// Runs a command on the step's day; refused steps must be, with just that code.
    fn run(&self, step: &Value, args: &[&str]) -> Ran {
        let day = Self::day(step);
        let ran = self.book.run(&[args, &["--now", &day, "--json"]].concat());
        match step["refused"].as_str() {
            None => ran.ends(0),
            Some(code) => {
                assert_eq!(ran.code, 2, "{} {}", ran.out, ran.err);
                assert!(ran.err.contains(&format!("\"{code}\"")), "{code}: {}", ran.err);
                ran
            }
        }
    }

    fn step(&mut self, step: &Value) {
        let because = ["--reason", "the case says so"];
        let made = match text(step, "do") {
            "invoice" => self.invoice(step, "invoice"),
            "debit_memo" => self.invoice(step, "debit_memo"),
            "credit_memo" => Some(self.memo(step)),
            "payment" => self.payment(step),
            "open_item" => Some(self.open_item(step)),
            "write_off" => {
                let id = self.id(text(step, "document"));
                self.run(step, &[&["write-off", &id], &because[..]].concat());
                None
            }
            "return" | "chargeback" | "refund" => {
                self.back(step);
                None
            }
            "apply" => {
                let (from, to) = (self.id(text(step, "from")), self.id(text(step, "to")));
                let noun = if from.starts_with("P-") { "payment" } else { "memo" };
                self.run(step, &[noun, "apply", &from, "--to", &to]);
                None
            }
            "unapply" | "payment_unapply" => {
                let memo = text(step, "do") == "unapply";
                let from = if memo { text(step, "to") } else { text(step, "from") };
                let what = if memo { text(step, "from") } else { text(step, "payment") };
                let noun = if memo { "memo" } else { "payment" };
                let (what, from) = (self.id(what), self.id(from));
                let args = [noun, "unapply", &what, "--from", &from];
                self.run(step, &[&args[..], &because].concat());
                None
            }
            "close" => {
                self.run(step, &["period", "close", text(step, "period"), "--yes"]);
                None
            }
            "reopen" => {
                let args = ["period", "reopen", text(step, "period")];
                self.run(step, &[&args[..], &because].concat());
                None
            }
            "release" => {
                self.run(step, &["deferred", "release", "--through", text(step, "through")]);
                None
            }
            "move" => {
                let id = self.id(text(step, "payment"));
                let args = ["payment", "move", &id, "--to", text(step, "to")];
                let ran = self.run(step, &[&args[..], &because].concat());
                step["refused"].is_null().then(|| ran.json()["id"].as_str().unwrap().to_owned())
            }
            "bank" => {
                self.bank(step);
                None
            }
            "payout" => {
                self.payout(step);
                None
            }
            "identify" => {
                let line = self.id(text(step, "line"));
                let mut args = vec!["bank", "identify", &line, "--account", text(step, "account")];
                let paid: Vec<String> = names(step, "for").map(|d| self.id(d)).collect();
                for document in &paid {
                    args.extend(["--for", document]);
                }
                Some(self.run(step, &args).json()["id"].as_str().unwrap().to_owned())
            }
            other => panic!("no step {other}"),
        };
        if let Some(made) = made {
            self.ids.insert(text(step, "id").to_owned(), made);
        }
    }

    /// Lines as `--add-line` takes them.
    fn lines(step: &Value) -> Vec<String> {
        let lines = step["lines"].as_array().unwrap().iter().map(|line| {
            let mut made = serde_json::json!({
                "description": "Service", "quantity": "1", "unit_price": text(line, "net"),
            });
            for (key, of) in
                [("tax_code", "tax_code"), ("service_from", "from"), ("service_to", "to")]
            {
                if !text(line, of).is_empty() {
                    made[key] = line[of].clone();
                }
            }
            made.to_string()
        });
        lines.collect()
    }

    fn invoice(&self, step: &Value, kind: &str) -> Option<String> {
        let lines = Self::lines(step);
        let mut args = vec!["invoice", "new", "--account", text(step, "account"), "--kind", kind];
        if !text(step, "reference").is_empty() {
            args.extend(["--payment-reference", text(step, "reference")]);
        }
        args.extend(["--invoice-date", text(step, "date"), "--due-date", text(step, "due")]);
        args.extend(["--reason", "the case says so"]);
        for line in &lines {
            args.extend(["--add-line", line]);
        }
        let made = self.run(step, &args);
        if !step["refused"].is_null() {
            return None;
        }
        let draft = made.json()["id"].as_str().unwrap().to_owned();
        self.run(step, &["post", "--invoice", &draft]);
        let shown = self.book.run(&["invoice", "show", &draft, "--json"]).ends(0).json();
        Some(shown["number"].as_str().unwrap().to_owned())
    }

    /// A credit memo by its lines, posted and applied at once.
    fn memo(&self, step: &Value) -> String {
        let (of, lines) = (self.id(text(step, "corrects")), Self::lines(step));
        let mut args = vec!["invoice", "new", "--kind", "credit_memo", "--corrects", &of];
        args.extend(["--account", text(step, "account"), "--invoice-date", text(step, "date")]);
        args.extend(["--reason", "the case says so"]);
        for line in &lines {
            args.extend(["--add-line", line]);
        }
        if step["apply"] == false {
            args.push("--no-apply");
        }
        self.run(step, &args).json()["number"].as_str().unwrap().to_owned()
    }

    fn open_item(&self, step: &Value) -> String {
        let (id, open) = (text(step, "id"), text(step, "balance"));
        let kind = step["kind"].as_str().unwrap_or("invoice");
        let (account, date, due) = (text(step, "account"), text(step, "date"), text(step, "due"));
        let rows = format!(
            "document_number,account_number,kind,date,due_date,total,tax,balance\n\
             {id},{account},{kind},{date},{due},{open},0.00,{open}\n"
        );
        let (file, day) = (self.book.file("items.csv", rows), text(step, "cutover"));
        let args = ["import", &file, "--cutover", day, "--now", day, "--json"];
        self.book.run(&args).ends(0);
        id.to_owned()
    }

    fn payment(&self, step: &Value) -> Option<String> {
        let mut args = vec!["payment", "record", "--account", text(step, "account")];
        args.extend(["--amount", text(step, "amount"), "--date", text(step, "received")]);
        args.extend(["--reference", step["reference"].as_str().unwrap_or(text(step, "id"))]);
        let paid: Vec<String> = step["for"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|d| self.id(d.as_str().unwrap()))
            .collect();
        for document in &paid {
            args.extend(["--invoice", document]);
        }
        if let Some(gateway) = step["gateway"].as_str() {
            args.extend(["--gateway", gateway]);
        }
        let made = self.run(step, &args);
        step["refused"].is_null().then(|| made.json()["id"].as_str().unwrap().to_owned())
    }

    fn back(&self, step: &Value) {
        let (verb, id) = (text(step, "do"), self.id(text(step, "payment")));
        // What is dated otherwise than it is done is dated by a bank or gateway.
        let of_bank = step["date"].as_str().filter(|day| *day != text(step, "on"));
        let dated = of_bank.map_or(["--date", text(step, "on")], |day| ["--value-on", day]);
        let mut args = vec!["payment", verb, &id, dated[0], dated[1]];
        for key in ["amount", "fee"] {
            if let Some(amount) = step[key].as_str() {
                args.extend([if key == "fee" { "--fee" } else { "--amount" }, amount]);
            }
        }
        args.extend(["--reason", "the case says so"]);
        self.run(step, &args);
    }

    /// The name that the case has for a number or a payment.
    fn name(&self, id: &str) -> String {
        let found = self.ids.iter().find(|(_, v)| *v == id);
        found.map_or_else(|| id.to_owned(), |(name, _)| name.clone())
    }

    /// What a ledger account comes to on a day, by the key of its entries.
    fn sums(
        &self,
        day: &str,
        ledger: &str,
        key: impl Fn(&Entry) -> String,
    ) -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for entry in journal(&self.book) {
            if entry.ledger.starts_with(ledger) && entry.date.as_str() <= day {
                *sums.entry(key(&entry)).or_default() += entry.milli;
            }
        }
        sums.retain(|_, sum| *sum != 0);
        sums
    }

    /// What `daybook report` says, with its ties.
    fn report(&self, ask: &Value, name: &str, more: &[&str]) -> Value {
        let mut args = vec!["report", name, "--json"];
        for key in ["as_of", "from", "to", "account"] {
            if let Some(value) = ask[key].as_str() {
                let flag = match key {
                    "as_of" => "--as-of",
                    "from" => "--from",
                    "to" => "--to",
                    _ => "--account",
                };
                args.extend([flag, value]);
            }
        }
        let said = self.book.run(&[&args, more].concat()).ends(0).json();
        for tie in said["ties"].as_array().unwrap() {
            assert_eq!(tie["ok"], true, "{tie}");
        }
        said
    }

    /// The rows of a report, with the case's names of documents and payments.
    fn rows(&self, said: &Value) -> Vec<Value> {
        let mut rows = said["rows"].as_array().unwrap().clone();
        for row in &mut rows {
            for key in ["document", "number"] {
                if let Some(name) = row[key].as_str().map(|id| self.name(id)) {
                    row[key] = name.into();
                }
            }
        }
        rows
    }

    /// The same question to the report that answers it.
    fn reported(&self, ask: &Value) {
        let (expect, kind) = (&ask["expect"], text(ask, "report"));
        let has = |row: &Value, wanted: &Value, name: &dyn Fn(&str) -> String| {
            wanted.as_object().unwrap().iter().all(|(key, value)| row[name(key)] == *value)
        };
        let same = |rows: &[Value], wanted: &Value, name: &dyn Fn(&str) -> String| {
            let wanted = wanted.as_array().unwrap();
            assert_eq!(rows.len(), wanted.len(), "{kind}: {rows:?}\nwanted {wanted:?}");
            for one in wanted {
                assert!(rows.iter().any(|row| has(row, one, name)), "{kind}: no {one} in {rows:?}");
            }
        };
        let renamed = |key: &str| match key {
            "account" => "account_number".to_owned(),
            "id" => "number".to_owned(),
            other => other.to_owned(),
        };
        match kind {
            "aging" => {
                let said = self.report(ask, "aging", &[]);
                for (code, totals) in expect["totals"].as_object().into_iter().flatten() {
                    assert_eq!(said["totals"][code], *totals, "aging {code}");
                }
                if ask["rows"] == true {
                    let said = self.report(ask, "aging", &["--rows"]);
                    same(&self.rows(&said), &expect["rows"], &renamed);
                }
            }
            "unapplied" => same(&self.rows(&self.report(ask, "unapplied", &[])), expect, &renamed),
            "balances" => {
                let said = self.report(ask, "trial-balance", &[]);
                for (code, accounts) in expect.as_object().unwrap() {
                    let there: serde_json::Map<String, Value> = self
                        .rows(&said)
                        .into_iter()
                        .filter(|row| row["currency"] == *code && milli(text(row, "closing")) != 0)
                        .map(|row| {
                            (text(&row, "ledger_account").to_owned(), row["closing"].clone())
                        })
                        .collect();
                    assert_eq!(Value::Object(there), *accounts, "balances");
                }
            }
            "rollforward" => {
                let said = self.report(ask, "rollforward", &[]);
                for (code, views) in expect.as_object().unwrap() {
                    for (view, lines) in views.as_object().unwrap() {
                        let there: serde_json::Map<String, Value> = self
                            .rows(&said)
                            .into_iter()
                            .filter(|row| row["currency"] == *code && row["view"] == *view)
                            .map(|row| (text(&row, "line").to_owned(), row["amount"].clone()))
                            .collect();
                        let lines = lines.as_object().unwrap();
                        let all: BTreeMap<_, _> = there.iter().collect();
                        assert_eq!(all, lines.iter().collect(), "{view} of {code}");
                    }
                }
            }
            "register" => same(&self.rows(&self.report(ask, "register", &[])), expect, &renamed),
            "tax" => same(&self.rows(&self.report(ask, "tax", &[])), expect, &renamed),
            "by_user" => {
                let rows = self.rows(&self.report(ask, "adjustments", &["--by", "user"]));
                // Who does what is another matter here: one person plays all.
                let wanted: Vec<Value> = expect
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| {
                        let mut row = row.clone();
                        row.as_object_mut().unwrap().remove("user");
                        row
                    })
                    .collect();
                same(&rows, &wanted.into(), &renamed);
            }
            "revenue" => {
                let said = self.report(ask, "revenue", &[]);
                for (code, sum) in expect.as_object().unwrap() {
                    assert_eq!(said["totals"][code]["revenue"], *sum, "revenue of {ask}");
                }
            }
            "deferred" => {
                let said = self.report(ask, "deferred", &[]);
                assert_eq!(said["totals"], *expect, "deferred of {ask}");
            }
            "statement" => {
                let said = self.report(ask, "statement", &[]);
                let currency = text(expect, "currency");
                for edge in ["opening", "closing"] {
                    assert_eq!(said["totals"][currency][edge], expect[edge], "{edge}");
                }
                let rows: Vec<Value> = self
                    .rows(&said)
                    .iter()
                    .map(|row| {
                        let shown = ["date", "kind", "number", "amount", "balance"];
                        shown.iter().map(|key| row[*key].clone()).collect()
                    })
                    .collect();
                assert_eq!(Value::Array(rows), expect["rows"], "statement");
            }
            "bank_lines" => same(&self.read, expect, &str::to_owned),
            "results" => {
                for (of, each) in expect.as_object().unwrap() {
                    for (id, wanted) in each.as_object().unwrap() {
                        let there = &self.results[of][id];
                        assert!(has(there, wanted, &str::to_owned), "{id}: {there}, not {wanted}");
                    }
                }
            }
            other => panic!("no report {other}"),
        }
    }

    fn asked(&self, ask: &Value) {
        self.reported(ask);
        let expect = &ask["expect"];
        let currency = |e: &Entry| e.currency.clone();
        match text(ask, "report") {
            "aging" => {
                let day = text(ask, "as_of");
                self.totals(day, &expect["totals"], &["receivable", "credit", "net"]);
                if ask["rows"] == true {
                    let open = self.sums(day, "receivable", |e| self.name(&e.document));
                    let rows: BTreeMap<String, i64> = expect["rows"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|r| (text(r, "document").to_owned(), milli(text(r, "open"))))
                        .collect();
                    assert_eq!(open, rows, "open documents of {day}");
                }
            }
            "unapplied" => {
                let left = self.sums(text(ask, "as_of"), "credit", |e| {
                    self.name(if e.payment.is_empty() { &e.document } else { &e.payment })
                });
                let rows: BTreeMap<String, i64> = expect
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|r| (text(r, "id").to_owned(), -milli(text(r, "left"))))
                    .collect();
                assert_eq!(left, rows, "unapplied on {}", text(ask, "as_of"));
            }
            "balances" => {
                for (code, accounts) in expect.as_object().unwrap() {
                    let there = self.sums(text(ask, "as_of"), "", |e| {
                        if e.currency == *code { e.ledger.clone() } else { String::new() }
                    });
                    let said: BTreeMap<String, i64> = accounts
                        .as_object()
                        .unwrap()
                        .iter()
                        .map(|(account, sum)| (account.clone(), milli(sum.as_str().unwrap())))
                        .collect();
                    assert_eq!(there, said, "balances of {}", text(ask, "as_of"));
                }
            }
            "rollforward" => {
                for (code, views) in expect.as_object().unwrap() {
                    for (edge, day) in [
                        ("opening", before(text(ask, "from"))),
                        ("closing", text(ask, "to").into()),
                    ] {
                        let owed = self.sums(&day, "receivable", currency);
                        let credit = self.sums(&day, "credit", currency);
                        let of = |sums: &BTreeMap<_, i64>| sums.get(code).copied().unwrap_or(0);
                        assert_eq!(of(&owed), milli(text(&views["receivable"], edge)), "{day}");
                        let net = of(&owed) + of(&credit);
                        assert_eq!(net, milli(text(&views["net"], edge)), "{edge} net of {day}");
                    }
                }
            }
            "tax" => {
                let mut said: BTreeMap<String, i64> = BTreeMap::new();
                for row in expect.as_array().unwrap() {
                    let code = format!("tax:{}", text(row, "tax_code"));
                    *said.entry(code).or_default() -= milli(text(row, "tax"));
                }
                said.retain(|_, sum| *sum != 0);
                let mut moved = self.sums(text(ask, "to"), "tax:", |e| e.ledger.clone());
                for (code, sum) in
                    self.sums(&before(text(ask, "from")), "tax:", |e| e.ledger.clone())
                {
                    *moved.entry(code).or_default() -= sum;
                }
                moved.retain(|_, sum| *sum != 0);
                assert_eq!(moved, said, "tax from {} to {}", text(ask, "from"), text(ask, "to"));
            }
            "statement" => {
                for (edge, day) in
                    [("opening", before(text(ask, "from"))), ("closing", text(ask, "to").into())]
                {
                    let owed = self.sums(&day, "receivable", |e| e.account.clone());
                    let credit = self.sums(&day, "credit", |e| e.account.clone());
                    let of = |sums: &BTreeMap<_, i64>| {
                        sums.get(text(ask, "account")).copied().unwrap_or(0)
                    };
                    assert_eq!(of(&owed) + of(&credit), milli(text(expect, edge)), "{edge}");
                }
            }
            "deferred" => {
                for (code, said) in expect.as_object().unwrap() {
                    let left = self.sums(text(ask, "as_of"), "deferred", currency);
                    let left = -left.get(code).copied().unwrap_or(0);
                    assert_eq!(left, milli(text(said, "deferred")), "deferred of {ask}");
                }
            }
            "register" | "by_user" | "revenue" | "bank_lines" | "results" => {}
            other => panic!("no report {other}"),
        }
    }

    fn totals(&self, day: &str, totals: &Value, keys: &[&str]) {
        for (code, said) in totals.as_object().unwrap() {
            let of = |ledger| {
                let sums = self.sums(day, ledger, |e| e.currency.clone());
                sums.get(code).copied().unwrap_or(0)
            };
            let (owed, credit) = (of("receivable"), of("credit"));
            for (key, there) in keys.iter().zip([owed, credit, owed + credit]) {
                assert_eq!(there, milli(text(said, key)), "{key} {code} on {day}");
            }
        }
    }
}

fn before(day: &str) -> String {
    let day: chrono::NaiveDate = day.parse().unwrap();
    day.pred_opt().unwrap().to_string()
}

#[test]
fn each_case_holds_on_each_day_it_asks_for() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/days/closing.json");
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 35);
    let wanted = std::env::var("DAYBOOK_CASE").ok();
    let mut failed = Vec::new();
    let forms =
        cases.iter().flat_map(|case| Form::of(case).into_iter().map(move |form| (case, form)));
    for (case, form) in forms {
        let name = text(case, "name");
        if NOT_YET.contains(&name) || wanted.as_deref().is_some_and(|w| w != name) {
            continue;
        }
        let played = std::panic::catch_unwind(|| {
            let mut play = Play::new(case, form);
            for step in case["steps"].as_array().unwrap() {
                if step["report"].is_null() {
                    play.step(step);
                } else {
                    play.asked(step);
                }
            }
            play.book.run(&["check"]).ends(0);
            for name in ["bank", "gateway", "unidentified", "trial-balance"] {
                play.report(&Value::Null, name, &["--as-of", "2027-01-31"]);
            }
        });
        if played.is_err() {
            eprintln!("{name} failed ({form:?})");
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
