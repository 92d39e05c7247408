//! The stripe adapter against somebody else's Stripe: `localstripe` (PyPI), driven by the binary.
//!
//! The test starts itself once more inside a network and a process namespace of its own, in which
//! there is the loopback device and nothing else: no request can leave the machine, and whatever is
//! started there dies with it. `stripe_server.py` says what localstripe lacks, and what is added: saved
//! answers by `Idempotency-Key`, lists that show nothing, a clock that is off. Not shown here, because
//! localstripe does not know them: the search of payment intents, and Stripe's `resource_missing` for an
//! unknown method.

use crate::harness::book::Book;
use crate::harness::collect::sound;
use crate::harness::faults::has;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const NAME: &str = "localstripe::charges_refunds_and_lost_answers_end_as_stripe_has_them";
/// Set in the process that runs inside.
const INSIDE: &str = "DAYBOOK_TEST_ISOLATED";
const PORT: &str = "8420";
const KEY: &str = "sk_test_daybook";

/// Account, kind, and its card or bank account of localstripe.
const METHODS: [(&str, &str, &str); 7] = [
    ("OK", "card", "4242424242424242"),
    ("NO", "card", "4000000000000341"),
    ("ASK", "card", "4000002500003155"),
    ("LOST-AFTER", "card", "4242424242424242"),
    ("LOST-BEFORE", "card", "4242424242424242"),
    ("BANK", "sepa", "DE89370400440532013000"),
    ("BACK", "sepa", "DE62370400440532013001"),
];

#[test]
fn charges_refunds_and_lost_answers_end_as_stripe_has_them() {
    if std::env::var_os(INSIDE).is_some() {
        inside();
        return;
    }
    if !cfg!(debug_assertions) {
        eprintln!("SKIPPED: a release build talks to Stripe alone, so localstripe was not judged");
        return;
    }
    let there = has("localstripe", &["--help"])
        && has("python3", &["-c", "import localstripe"])
        && has("ip", &["-V"])
        && has("unshare", &["--version"]);
    if !there {
        return;
    }
    // A namespace is the kernel's to give: where it gives none, nothing that is installed helps.
    let given =
        Command::new("unshare").args(["--net", "--pid", "--fork", "--kill-child", "true"]).status();
    if !given.is_ok_and(|s| s.success()) {
        eprintln!("SKIPPED: no network namespace to be had here, so localstripe was not judged");
        return;
    }
    // Bounded even if this process is killed: with `unshare` everything inside dies.
    let status = Command::new("timeout")
        .args(["--signal=KILL", "120", "unshare", "--net", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-c", "ip link set lo up && exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        // A release build named by hand would refuse the loopback address.
        .env_remove("DAYBOOK_BIN")
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "inside the namespace: {status}");
}

/// localstripe, and what a test asks it beside the adapter. It dies with the namespace.
struct Server {
    process: Child,
    base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start() -> Self {
        let devices = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
        let others = devices.lines().skip(2).filter(|l| !l.trim_start().starts_with("lo:")).count();
        assert_eq!(others, 0, "this is no isolated network: {devices}");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stripe_server.py");
        let mut process = Command::new("python3")
            .args(["-B", script, PORT])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self { process, base: format!("http://127.0.0.1:{PORT}") }
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let url = format!("{}/v1/{path}", self.base);
        let request = ureq::post(url).header("Authorization", format!("Bearer {KEY}"));
        request.send_form(form.iter().copied()).unwrap().body_mut().read_json().unwrap()
    }

    /// How it behaves from now on.
    fn says(&self, form: &[(&str, &str)]) {
        let url = format!("{}/daybook", self.base);
        ureq::post(url).send_form(form.iter().copied()).unwrap();
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let url = format!("{}/v1/{path}?limit=1000", self.base);
        let request = ureq::get(url).header("Authorization", format!("Bearer {KEY}"));
        let body: Value = request.call().unwrap().body_mut().read_json().unwrap();
        body["data"].as_array().unwrap().clone()
    }

    /// A customer with a method; gives the token that daybook keeps.
    fn token(&self, kind: &str, number: &str) -> String {
        let customer = self.post("customers", &[("name", "Customer")]);
        let method = if kind == "card" {
            let card = [("type", "card"), ("card[number]", number)];
            let more =
                [("card[exp_month]", "12"), ("card[exp_year]", "2030"), ("card[cvc]", "123")];
            self.post("payment_methods", &[&card[..], &more[..]].concat())
        } else {
            self.post("payment_methods", &[("type", "sepa_debit"), ("sepa_debit[iban]", number)])
        };
        let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
        let (customer, method) = (id(&customer), id(&method));
        self.post(&format!("payment_methods/{method}/attach"), &[("customer", &customer)]);
        format!("{customer}/{method}")
    }

    /// What was taken and not given back, minor units; no key more than once.
    fn net(&self) -> i64 {
        let mut keys = BTreeMap::new();
        let mut net = 0;
        for intent in self.list("payment_intents") {
            if intent["status"] == "succeeded" {
                net += intent["amount"].as_i64().unwrap();
                *keys.entry(intent["metadata"]["daybook_key"].to_string()).or_insert(0) += 1;
            }
        }
        assert!(keys.values().all(|n| *n == 1), "{keys:?}");
        net - self.list("refunds").iter().map(|r| r["amount"].as_i64().unwrap()).sum::<i64>()
    }
}

/// A book whose accounts owe 10.00 EUR each and pay through localstripe.
fn owing(server: &Server, accounts: &[(&str, &str, &str)]) -> Book {
    let book = Book::new("2026-01-05");
    let secret = book.secret("stripe.key", format!("{KEY}\n"), 0o600);
    for (name, value) in [
        ("payment.gateway", "stripe"),
        ("stripe.base_url", server.base.as_str()),
        ("stripe.secret_file", secret),
    ] {
        book.run(&["settings", "set", name, value]).ends(0);
    }
    let mut files = [
        "account_number,name,currency,auto_pay\n".to_owned(),
        "account_number,token,kind,display,gateway,priority\n".to_owned(),
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned(),
    ];
    for (account, kind, number) in accounts.iter().copied() {
        let token = server.token(kind, number);
        files[0].push_str(&format!("{account},Customer,EUR,true\n"));
        files[1].push_str(&format!("{account},{token},{kind},{kind},stripe,5\n"));
        files[2].push_str(&format!(
            "INV-{account},{account},invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n"
        ));
    }
    let names = ["accounts.csv", "methods.csv", "items.csv"];
    let paths: Vec<String> = names.iter().zip(&files).map(|(n, f)| book.file(n, f)).collect();
    let args: Vec<&str> = ["import"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    book.run(&args).ends(0);
    book
}

/// Status, decline code and class of each account's payments, oldest first.
fn outcomes(book: &Book) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for payment in book.run(&["payment", "list", "--json"]).ends(0).json().as_array().unwrap() {
        let text = |name: &str| payment[name].as_str().unwrap_or_default().to_owned();
        let words = [text("status"), text("decline_code"), text("decline_class")].join(" ");
        all.entry(text("account_number")).or_default().push(words.trim_end().to_owned());
    }
    all
}

#[track_caller]
fn came_to(book: &Book, expected: &[(&str, &[&str])]) {
    let expected: BTreeMap<String, Vec<String>> = expected
        .iter()
        .map(|(account, all)| {
            ((*account).to_owned(), all.iter().map(|s| (*s).to_owned()).collect())
        })
        .collect();
    assert_eq!(outcomes(book), expected);
}

/// Money of the book: approved less what went back, minor units.
fn collected(book: &Book) -> i64 {
    book.count("SELECT coalesce(sum(amount_minor - returned_minor), 0) FROM payment WHERE status = 'Approved'")
}

fn inside() {
    let server = Server::start();
    let book = owing(&server, &METHODS);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(1).json();
    let counts = ["picked", "approved", "submitted", "declined", "unknown"].map(|k| run[k].clone());
    assert_eq!(counts, [7, 2, 1, 2, 2].map(Value::from), "{run}");
    came_to(
        &book,
        &[
            ("OK", &["Approved"]),
            ("NO", &["Declined card_declined soft"]),
            ("ASK", &["Declined authentication_required hard"]),
            ("LOST-AFTER", &["Unknown"]),
            ("LOST-BEFORE", &["Unknown"]),
            ("BANK", &["Approved"]),
            ("BACK", &["Submitted"]),
        ],
    );
    // The bank refuses by itself, half a second later.
    while server.list("payment_intents").iter().any(|i| i["status"] == "processing") {}
    book.run(&["clock", "set", "2026-01-05T12:10"]).ends(0);
    // What never arrived is never taken for declined.
    let left = book.run(&["payment", "reconcile", "--json"]).ends(1).json();
    assert_eq!(left["unanswered"], 1, "{left}");
    came_to(
        &book,
        &[
            ("OK", &["Approved"]),
            ("NO", &["Declined card_declined soft"]),
            ("ASK", &["Declined authentication_required hard"]),
            ("LOST-AFTER", &["Approved"]),
            ("LOST-BEFORE", &["Unknown"]),
            ("BANK", &["Approved"]),
            ("BACK", &["Declined card_declined soft"]),
        ],
    );
    assert_eq!((server.net(), collected(&book)), (3_000, 3_000));
    sound(&book);
    refunds(&server, &book);
    another_card(&server, &book);
    a_wrong_key_stops_the_run(&server, &book);
    for lists in ["empty", "foreign"] {
        lists_that_show_nothing(&server, lists);
    }
}

/// With lists that show nothing of ours, a clock that is two hours off, stored errors and forgotten keys
/// nobody is charged twice, and who cannot be known is a person's.
fn lists_that_show_nothing(server: &Server, lists: &str) {
    const CARD: &str = "4242424242424242";
    let accounts =
        ["LOST-AFTER", "LOST-BEFORE", "FAILED-AFTER", "FAILED-BEFORE"].map(|a| (a, "card", CARD));
    let before = server.net();
    let book = owing(server, &accounts);
    server.says(&[("lists", lists), ("off", "-7200")]);
    book.run(&["collect", "--target", "2026-01-31"]).ends(1);
    book.run(&["clock", "set", "2026-01-05T12:10"]).ends(0);
    book.run(&["payment", "reconcile"]).ends(1);
    // A day later the keys are forgotten: nothing is sent any more.
    server.says(&[("forget", "1"), ("off", "86400")]);
    book.run(&["clock", "set", "2026-01-06T14:00"]).ends(0);
    for _ in 0..28 {
        book.run(&["payment", "reconcile"]);
    }
    assert_eq!(server.net() - before, 2_000, "{lists}");
    let listed = book.run(&["payment", "exceptions", "--json"]).ends(1).json();
    assert_eq!(listed.as_array().unwrap().len(), 4, "{lists}: {listed}");
    // Shown after all, late: what was charged is found.
    server.says(&[("lists", "right"), ("off", "0")]);
    book.run(&["payment", "reconcile"]).ends(1);
    assert_eq!((server.net() - before, collected(&book)), (2_000, 2_000), "{lists}");
    let listed = book.run(&["payment", "exceptions", "--json"]).ends(1).json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{lists}: {listed}");
    sound(&book);
}

/// Money goes back once, also when the answer is lost.
fn refunds(server: &Server, book: &Book) {
    let of = |account: &str| {
        let sql = format!(
            "SELECT p.id FROM payment p JOIN account a ON a.id = p.account_id WHERE a.number = '{account}'"
        );
        format!("P-{}", book.count(&sql))
    };
    let refund = |account: &str, amount: &str, code: i32| {
        let id = of(account);
        let args = ["payment", "refund", &id, "--amount", amount, "--reason", "goodwill", "--json"];
        book.run(&args).ends(code).json()["status"].clone()
    };
    assert_eq!(refund("OK", "4.00", 0), "Done");
    assert_eq!(refund("BANK", "3.33", 1), "Unknown");
    assert_eq!((server.net(), collected(book)), (3_000 - 400 - 333, 3_000 - 400));
    book.run(&["clock", "set", "2026-01-05T12:20"]).ends(0);
    book.run(&["payment", "reconcile"]).ends(1);
    assert_eq!((server.net(), collected(book)), (3_000 - 733, 3_000 - 733));
    sound(book);
}

/// A new card is charged under a new key.
fn another_card(server: &Server, book: &Book) {
    let token = server.token("card", "4242424242424242");
    let methods = format!(
        "account_number,token,kind,display,gateway,priority\nNO,{token},card,visa,stripe,1\n"
    );
    book.import("new_card.csv", methods, &[]);
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).json();
    assert_eq!(run["approved"], 1, "{run}");
    assert_eq!(outcomes(book)["NO"], ["Declined card_declined soft", "Approved"]);
    assert_eq!((server.net(), collected(book)), (4_000 - 733, 4_000 - 733));
    sound(book);
}

/// A key that Stripe refuses is our fault: nobody is asked more than three times, no money moves.
fn a_wrong_key_stops_the_run(server: &Server, book: &Book) {
    let secret = book.secret("wrong.key", "rk_test_wrong\n", 0o600);
    book.run(&["settings", "set", "stripe.secret_file", secret]).ends(0);
    book.run(&["settings", "set", "payment.concurrency", "1"]).ends(0);
    let token = server.token("card", "4242424242424242");
    let mut items =
        "document_number,account_number,kind,date,due_date,total,tax,balance\n".to_owned();
    let mut accounts = "account_number,name,currency,auto_pay\n".to_owned();
    let mut methods = "account_number,token,kind,display,gateway\n".to_owned();
    for n in 1..=5 {
        accounts.push_str(&format!("K{n},Customer,EUR,true\n"));
        methods.push_str(&format!("K{n},{token},card,visa,stripe\n"));
        items.push_str(&format!("INV-K{n},K{n},invoice,2025-12-15,2026-01-01,10.00,0.00,10.00\n"));
    }
    let paths =
        [book.file("a.csv", accounts), book.file("m.csv", methods), book.file("i.csv", items)];
    book.run(&["import", &paths[0], &paths[1], &paths[2]]).ends(0);
    let before = server.net();
    let run = book.run(&["collect", "--target", "2026-01-31", "--json"]).ends(1).json();
    assert_eq!((&run["status"], &run["approved"]), (&json!("Stopped"), &json!(0)), "{run}");
    assert_eq!(server.net(), before);
    sound(book);
}
