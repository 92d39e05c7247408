//! What is agreed or contested about money that has not come: disputes, instalment plans, a collection
//! agency. While it stands nothing is charged, retried or reminded; what ends it says so.

use crate::harness::book::Book;
use crate::harness::collect::{owing, sandbox, sound};
use crate::harness::desk::Desk;
use serde_json::{Value, json};

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
}

/// A book in which A1 owes INV-1 (10.00, due 2026-01-01), INV-8 (5.01, due 2026-01-02) and INV-9 (7.00, due
/// 2026-02-01), pays by a card that works and has an address.
fn owing_more() -> Book {
    let book = owing(&["ok", "ok"]);
    let mails = "account_number,name,currency,email,auto_pay\nA1,Customer 1,EUR,one@example.com,true\n\
        A2,Customer 2,EUR,two@example.com,true\n";
    assert_eq!(book.import("mails.csv", mails, &[]).0, 0);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-8,A1,invoice,2025-12-16,2026-01-02,5.01,0.00,5.01\n\
        INV-9,A1,invoice,2025-12-17,2026-02-01,7.00,0.00,7.00\n";
    assert_eq!(book.import("more.csv", items, &[]).0, 0);
    book
}

/// What a payment run up to the end of the month would leave out, by reason.
fn skipped(book: &Book) -> Value {
    let run = ["collect", "--target", "2026-01-31", "--dry-run", "--json"];
    book.run(&run).ends(0).json()["skipped"].clone()
}

/// Accounts of which something is due a reminder: the next payment run charges it first.
fn reminded(book: &Book) -> Vec<String> {
    let dry = book.run(&["payment", "remind", "--dry-run", "--json"]).ends(0).json();
    assert_eq!(dry["sent"], json!([]), "{dry}");
    let waiting = dry["waiting"].as_array().unwrap().iter();
    let mut all: Vec<String> = waiting.map(|w| w["account"].as_str().unwrap().to_owned()).collect();
    all.dedup();
    all
}

fn tasks(book: &Book) -> Vec<String> {
    let sql = "SELECT text FROM notice WHERE level = 'task' AND done_at IS NULL";
    let said = book.run(&["sql", "--read-only", sql, "--json"]).ends(0).json();
    said.as_array().unwrap().iter().map(Value::to_string).collect()
}

fn tick(book: &Book) {
    book.run(&["worker", "--once"]);
}

fn plan(book: &Book) -> Value {
    book.run(&["instalments", "show", "IP-1", "--json"]).ends(0).json()
}

#[test]
fn instalments_keep_runs_and_reminders_away_until_one_is_missed() {
    let book = owing_more();
    at(&book, "2026-01-12");
    assert_eq!(reminded(&book), ["A1", "A2"]);
    let new = ["instalments", "new", "A1", "--count", "3", "--first", "2026-01-20"];
    let dry = book.run(&[&new[..], &["--dry-run", "--json"]].concat()).ends(0).json();
    let then = dry["then"].as_array().unwrap();
    assert_eq!(
        then[..3],
        ["5.00 EUR by 2026-01-20", "5.00 EUR by 2026-02-20", "5.01 EUR by 2026-03-20"]
    );
    let before = book.dump();
    book.run(&[&new[..], &["--dry-run"]].concat()).ends(0);
    assert_eq!(book.dump(), before, "nothing is agreed by looking");
    assert_eq!(dry["left_out"], json!(["not INV-9: it is due on 2026-02-01 only"]));
    let made = book.run(&[&new[..], &["--json"]].concat()).ends(0).json();
    assert_eq!((&made["made"], &made["refused"]), (&json!("IP-000001"), &json!([])));
    book.run(&new).ends(2);
    assert_eq!(skipped(&book), json!({ "instalments": 2 }));
    assert_eq!(reminded(&book), ["A2"]);
    let list = |filter: &str| {
        let rows = format!("SELECT count(*) FROM document_state WHERE {filter}");
        book.count(&rows)
    };
    assert_eq!(list("promised_on = '2026-03-20'"), 2);
    // A promise beside it is refused, and so is taking it back like one.
    book.run(&["payment", "promise", "INV-1", "--on", "2026-02-01"]).ends(2);
    book.run(&["payment", "promise", "INV-1", "--withdraw"]).ends(2);
    // The first comes, a day late: the plan goes on, since nobody looked in between.
    at(&book, "2026-01-21");
    let record = ["payment", "record", "--account", "A1", "--reference", "w", "--amount", "5.00"];
    book.run(&[&record[..], &["--invoice", "INV-1"]].concat()).ends(0);
    tick(&book);
    assert_eq!((&plan(&book)["state"], &plan(&book)["next"]), (&json!("open"), &json!(2)));
    assert_eq!(skipped(&book), json!({ "instalments": 2 }));
    sound(&book);
    // The second does not: on its day nothing happens, the day after it is over.
    at(&book, "2026-02-20");
    tick(&book);
    assert_eq!(plan(&book)["state"], "open");
    at(&book, "2026-02-21");
    tick(&book);
    let over = plan(&book);
    assert_eq!(over["state"], "missed");
    let why = "instalment 2 of 3, 5.00 EUR by 2026-02-20 was not paid";
    assert_eq!(over["why_over"], why);
    assert!(tasks(&book).iter().any(|t| t.contains(why)), "{:?}", tasks(&book));
    assert_eq!(skipped(&book), json!({}));
    book.run(&["collect", "--target", "2026-01-31"]).ends(0);
    assert_eq!(sandbox(&book), (2001, 1), "what is left of A1, and A2");
    sound(&book);
}

#[test]
fn a_plan_that_is_paid_is_kept_and_credits_count_like_money() {
    let book = owing_more();
    let new = ["instalments", "new", "A1", "--open", "--amounts", "10,5,7.01"];
    book.run(&[&new[..], &["--first", "2026-01-20", "--every", "week"]].concat()).ends(0);
    let days: Vec<Value> = plan(&book)["instalments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["due_on"].clone())
        .collect();
    assert_eq!(days, ["2026-01-20", "2026-01-27", "2026-02-03"]);
    book.run(&["write-off", "INV-9", "--reason", "goodwill"]).ends(0);
    assert_eq!(plan(&book)["paid"], "7.00");
    let record = ["payment", "record", "--account", "A1", "--reference", "w", "--amount", "15.01"];
    book.run(&record).ends(0);
    tick(&book);
    assert_eq!(plan(&book)["state"], "kept");
    let open = ["instalments", "list", "--account", "A1", "--json"];
    assert_eq!(book.run(&open).ends(0).json(), json!([]));
    assert!(tasks(&book).is_empty());
    sound(&book);
}

#[test]
fn a_plan_ends_when_a_person_says_so_and_bad_ones_are_refused() {
    let book = owing_more();
    for bad in [
        &["--count", "1", "--first", "2026-01-20"][..],
        &["--count", "61", "--first", "2026-01-20"],
        &["--count", "3", "--first", "2026-01-04"],
        &["--count", "3", "--first", "2026-01-20", "--every", "fortnight"],
        &["--count", "60", "--first", "2026-01-20", "--every", "12 months"],
        &["--amounts", "10,5", "--first", "2026-01-20"],
        &["--amounts", "16.01,-1", "--first", "2026-01-20"],
        &["--amounts", "10,5.005", "--first", "2026-01-20"],
        &["--count", "2", "--first", "2026-01-20", "--invoice", "INV-2"],
        &["--count", "2", "--first", "2026-01-20", "--currency", "USD"],
    ] {
        let before = book.dump();
        book.run(&[&["instalments", "new", "A1"], bad].concat()).ends(2);
        assert_eq!(book.dump(), before, "{bad:?}");
    }
    book.run(&["instalments", "new", "A9", "--count", "2", "--first", "2026-01-20"]).ends(2);
    let one = ["instalments", "new", "A1", "--count", "2", "--first", "2026-01-20"];
    book.run(&[&one[..], &["--invoice", "INV-1"]].concat()).ends(0);
    assert_eq!(skipped(&book), json!({ "instalments": 1 }));
    book.run(&["instalments", "end", "IP-1", "--reason", " "]).ends(2);
    book.run(&["instalments", "end", "IP-1", "--reason", "they pay at once"]).ends(0);
    book.run(&["instalments", "end", "IP-1", "--reason", "again"]).ends(2);
    book.run(&["instalments", "end", "IP-7", "--reason", "none"]).ends(2);
    assert_eq!(skipped(&book), json!({}));
    assert_eq!(book.run(&["instalments", "list", "--json"]).ends(0).json(), json!([]));
    let all = book.run(&["instalments", "list", "--all", "--json"]).ends(0).json();
    assert_eq!(all[0]["why_over"], "they pay at once");
    sound(&book);
}

#[test]
fn a_dispute_has_a_code_an_amount_and_an_owner_and_an_outcome() {
    let book = owing_more();
    let dispute = ["payment", "dispute", "INV-1"];
    book.run(&[&dispute[..], &["--code", "amount_wrong", "--amount", "10.01"]].concat()).ends(2);
    let wrong = ["--code", "amount_wrong", "--amount", "4", "--owner", "jon"];
    book.run(&[&dispute[..], &wrong, &["--reason", "twice the seats"]].concat()).ends(0);
    let one = book.run(&["payment", "disputes", "--json"]).ends(0).json()[0].clone();
    assert_eq!(
        (&one["invoice"], &one["code"], &one["amount"], &one["owner"], &one["opened_on"]),
        (
            &json!("INV-1"),
            &json!("amount_wrong"),
            &json!("4.00"),
            &json!("jon"),
            &json!("2026-01-05")
        )
    );
    assert_eq!(skipped(&book), json!({ "disputed": 1 }));
    // Said again it is changed, not opened twice.
    book.run(&[&dispute[..], &["--reason", "all of it"]].concat()).ends(0);
    let all = book.run(&["payment", "disputes", "--all", "--json"]).ends(0).json();
    assert_eq!((all.as_array().unwrap().len(), &all[0]["amount"]), (1, &json!("10.00")));
    sound(&book);
    let end = ["--end", "rejected", "--reason", "the order says ten"];
    book.run(&[&dispute[..], &end].concat()).ends(0);
    book.run(&[&dispute[..], &end].concat()).ends(2);
    assert_eq!(skipped(&book), json!({}));
    let all = book.run(&["payment", "disputes", "--all", "--json"]).ends(0).json();
    assert_eq!(
        (&all[0]["state"], &all[0]["outcome"]),
        (&json!("rejected"), &json!("the order says ten"))
    );
    // What nobody owes any more is not disputed any more.
    book.run(&[&dispute[..], &["--code", "paid_already"]].concat()).ends(0);
    book.run(&["write-off", "INV-1", "--reason", "goodwill"]).ends(0);
    tick(&book);
    let all = book.run(&["payment", "disputes", "--all", "--json"]).ends(0).json();
    assert_eq!(all[1]["state"], "settled");
    sound(&book);
}

#[test]
fn an_agency_stops_everything_of_its_account_and_gets_a_file() {
    let book = owing_more();
    at(&book, "2026-01-12");
    book.run(&["payment", "promise", "INV-8", "--on", "2026-01-20"]).ends(0);
    let hand = ["agency", "hand-over", "A1", "--agency", "=Example Collect", "--reference", "K-9"];
    book.run(&["agency", "hand-over", "A1", "--agency", " "]).ends(2);
    let made = book.run(&[&hand[..], &["--json"]].concat()).ends(0).json();
    assert_eq!((&made["made"], &made["refused"]), (&json!("AC-000001"), &json!([])));
    assert!(made["summary"].as_str().unwrap().contains("INV-8: the promise for 2026-01-20 ends"));
    book.run(&hand).ends(2);
    // Of the whole account nothing is charged or reminded, whatever falls due.
    assert_eq!(skipped(&book), json!({ "with_agency": 2 }));
    assert_eq!(reminded(&book), ["A2"]);
    let plan = ["instalments", "new", "A1", "--count", "2", "--first", "2026-02-20"];
    book.run(&plan).ends(2);
    at(&book, "2026-03-01");
    let run = book.run(&["collect", "--target", "2026-03-01", "--dry-run", "--json"]).ends(0);
    assert_eq!(run.json()["skipped"], json!({ "with_agency": 3 }));
    assert_eq!(reminded(&book), ["A2"]);
    let record = ["payment", "record", "--account", "A1", "--reference", "w", "--amount", "6"];
    book.run(&[&record[..], &["--invoice", "INV-1"]].concat()).ends(0);
    let file = book.run(&["agency", "file", "--all"]).ends(0).out;
    let mut rows = csv::Reader::from_reader(file.as_bytes());
    let head = rows.headers().unwrap().clone();
    let rows: Vec<Vec<String>> =
        rows.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
    let cell =
        |row: usize, name: &str| rows[row][head.iter().position(|h| h == name).unwrap()].as_str();
    assert_eq!(rows.len(), 2);
    assert_eq!(cell(0, "agency"), "'=Example Collect", "no spreadsheet runs it");
    let row =
        |n| ["invoice_number", "handed_over", "open", "days_overdue"].map(|name| cell(n, name));
    assert_eq!(row(0), ["INV-1", "10.00", "4.00", "59"]);
    assert_eq!(row(1), ["INV-8", "5.01", "5.01", "58"]);
    sound(&book);
    book.run(&["agency", "end", "AC-1", "lost"]).ends(2);
    book.run(&["agency", "end", "AC-1", "recalled", "--reason", "they paid"]).ends(0);
    book.run(&["agency", "end", "AC-1", "recalled"]).ends(2);
    let run = book.run(&["collect", "--target", "2026-03-01", "--dry-run", "--json"]).ends(0);
    assert_eq!(run.json()["skipped"], json!({}));
    assert_eq!(book.run(&["agency", "list", "--json"]).ends(0).json(), json!([]));
    sound(&book);
}

#[test]
fn nothing_of_an_insolvent_account_or_of_the_dead_is_collected_until_somebody_says_it_is_over() {
    for kind in ["insolvent", "deceased"] {
        let book = owing_more();
        at(&book, "2026-01-12");
        let stop = ["account", "stop", "A1", kind];
        book.run(&stop).ends(2);
        book.run(&[&stop[..], &["--reason", " "]].concat()).ends(2);
        book.run(&[&stop[..], &["--reason", "r", "--since", "2026-01-13"]].concat()).ends(2);
        book.run(&["account", "stop", "A1", "none"]).ends(2);
        assert_eq!(skipped(&book), json!({}));
        let letter = ["--reason", "letter of the court", "--since", "2026-01-08"];
        let said = book.run(&[&stop[..], &letter].concat()).ends(0).out;
        assert!(said.contains("since 2026-01-08: letter of the court"), "{said}");
        // All of the account, whatever falls due, by runs, by hand and by the rules.
        assert_eq!(skipped(&book), json!({ kind: 2 }));
        assert_eq!(reminded(&book), ["A2"]);
        for bad in [
            &["instalments", "new", "A1", "--count", "2", "--first", "2026-02-20"][..],
            &["agency", "hand-over", "A1", "--agency", "X"],
        ] {
            let refused = book.run(bad).ends(2).err;
            assert!(
                refused.contains(kind) && refused.contains("account stop A1 none"),
                "{refused}"
            );
        }
        let failed = [
            "sql",
            "--read-only",
            "SELECT kind, since_on, said_by <> '' AS by FROM account_stop",
            "--json",
        ];
        let row = book.run(&failed).ends(0).json()[0].clone();
        assert_eq!(row, json!({ "kind": kind, "since_on": "2026-01-08", "by": "1" }));
        at(&book, "2026-03-01");
        let run = ["collect", "--target", "2026-03-01", "--account", "A1", "--json"];
        let run = book.run(&run).ends(0).json();
        assert_eq!((&run["skipped"], &run["picked"]), (&json!({ kind: 3 }), &json!(0)));
        sound(&book);
        let mut desk = Desk::at(&book.path, 140, 30);
        desk.press("5ffffffffff").shows(kind);
        desk.press("8").shows(&format!("{kind} since 2026-01-08 (letter of the court)"));
        desk.press("P").shows(&format!("A1 is not {kind} any more"));
        desk.press("o").press("discharged<C-s>").shows("what is open is collected again");
        desk.press("Po").shows("insolvent");
        desk.press("by the court<C-s>").shows("insolvent since 2026-03-01");
        assert_eq!(book.count("SELECT count(*) FROM account_stop WHERE ended_at IS NULL"), 1);
        drop(desk);
        book.run(&["account", "stop", "A1", "none", "--reason", "discharged"]).ends(0);
        assert_eq!(skipped(&book), json!({}));
        sound(&book);
    }
}

#[test]
fn what_is_disputed_or_on_its_way_does_not_go_to_an_agency() {
    let book = owing(&["timeout_after"]);
    book.run(&["collect", "--target", "2026-01-31"]).ends(1);
    book.run(&["agency", "hand-over", "A1", "--agency", "X"]).ends(2);
    let book = owing_more();
    book.run(&["payment", "dispute", "INV-1", "--code", "not_ordered"]).ends(0);
    let hand = ["agency", "hand-over", "A1", "--agency", "X"];
    book.run(&[&hand[..], &["--invoice", "INV-1"]].concat()).ends(2);
    let made = book.run(&[&hand[..], &["--json"]].concat()).ends(1).json();
    assert!(made["summary"].as_str().unwrap().contains("5.01 EUR of INV-8"), "{made}");
    sound(&book);
}

#[test]
fn a_promise_of_a_part_is_kept_by_the_part_and_a_broken_one_hides_nothing() {
    let book = owing(&["", ""]);
    for invoice in ["INV-1", "INV-2"] {
        let promise = ["payment", "promise", invoice, "--on", "2026-01-10", "--amount", "4"];
        book.run(&promise).ends(0);
    }
    let record = ["payment", "record", "--account", "A1", "--reference", "w", "--amount", "4"];
    book.run(&[&record[..], &["--invoice", "INV-1"]].concat()).ends(0);
    at(&book, "2026-01-11");
    tick(&book);
    let states =
        |state: &str| book.count(&format!("SELECT count(*) FROM promise WHERE state = '{state}'"));
    assert_eq!((states("kept"), states("broken")), (1, 1));
    let text = tasks(&book);
    assert!(text.len() == 1 && text[0].contains("INV-2"), "{text:?}");
    let back = "SELECT count(*) FROM document_state WHERE promised_on IS NOT NULL";
    assert_eq!(book.count(back), 0);
    // One that takes the place of another says so.
    let promise = |day| book.run(&["payment", "promise", "INV-1", "--on", day]).ends(0).out;
    assert!(!promise("2026-12-20").contains("instead of"));
    let said = promise("2026-12-27");
    assert!(said.contains("for 2026-12-27, instead of 6.00 EUR for 2026-12-20"), "{said}");
    sound(&book);
}

/// By keys alone, at the size of a small terminal: each is asked about with its figures, shown on the row, in
/// the document and at the account, and ended again.
#[test]
fn instalments_a_dispute_and_an_agency_by_keys_alone() {
    let book = owing_more();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("5ffffffffff").shows("INV-8");
    desk.press("pi<Tab><C-u>10, 9<Tab>2026-01-20<C-s>").shows("instalments come to 19.00 EUR");
    desk.press("<C-u>2<C-s>").shows("7.51 EUR by 2026-02-20");
    assert_eq!(book.count("SELECT count(*) FROM instalment_plan"), 0, "nothing before the yes");
    desk.press("<Tab><Enter>").shows("IP-000001");
    desk.shows(" d  instalments");
    desk.press("<Enter>").shows("IP-000001: instalment 1 of 2, 7.50 EUR by 2026-01-20");
    desk.press("<Esc>8i").shows("IP-000001: instalment 1 of 2");
    desk.press("<Esc>Pi").shows("End IP-000001");
    desk.press("they pay at once<C-s>").shows("IP-000001 ended");
    desk.press("5pd1<C-s>").shows("disputed: the amount is wrong");
    desk.press("pd").shows("the customer is right");
    desk.press("u").shows("dispute ended, upheld");
    desk.press("8Pg<Tab>Example Collect<C-s>").shows("no charge, retry or reminder of A1");
    desk.press("<Tab><Enter>").shows("AC-000001");
    // What was not handed over says so, and is not among what was.
    desk.press("5/INV-9<Enter>").shows("stopped");
    desk.press("<Enter>")
        .shows("not handed over; nothing is collected while Example Collect has the");
    desk.press("<Esc>5/INV-1<Enter><Enter>H")
        .shows("AC-000001: 15.01 EUR of INV-1, INV-8 handed to");
    desk.press("<Esc><Esc>8");
    desk.press("Pf<C-s>").shows("agency-2026-01-05.csv");
    let file = book.path.with_file_name("book.db.d").join("print/agency-2026-01-05.csv");
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 3);
    // Another file of the day takes the place of none.
    desk.press("Pf<C-s>").shows("agency-2026-01-05-2.csv");
    desk.press("Pgr").shows("AC-000001: recalled");
    desk.press("<C-s>").shows("15.01 EUR of A1 are collected here again");
    sound(&book);
}
