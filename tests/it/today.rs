//! The figures of the day are those of the verbs they lead to: each verb is run, and compared.

use crate::harness::book::Book;
use crate::harness::collect::{owing, sound};
use crate::harness::day::billed;
use crate::harness::delivery;
use crate::harness::desk::Desk;
use daybook::engine::care::status::status;
use daybook::engine::command::{AccountFilter, Command, NewBillRun};
use daybook::engine::perform;
use daybook::store::read::today::Step;
use serde_json::{Value, json};

/// A line of the day: how many, their money, and in words.
fn line(book: &Book, step: &str) -> (i64, Value, String) {
    let day = book.run(&["status", "--json"]).ends(0).json();
    let steps = day["steps"].as_array().unwrap();
    let row = steps.iter().find(|s| s["step"] == step).unwrap_or_else(|| panic!("{day}"));
    let words = row["state"].as_str().unwrap().to_owned();
    (row["count"].as_i64().unwrap(), row["money"].clone(), words)
}

fn left(book: &Book, step: &str) -> i64 {
    line(book, step).0
}

fn cents(amounts: &Value) -> i64 {
    let one = |v: &Value| v.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    amounts.as_object().unwrap().get("EUR").map_or(0, one)
}

/// Invoices of 10.00 in every state that a payment run asks about.
fn every_state() -> Book {
    let book = owing(&[
        "ok",
        "submitted",
        "timeout_before",
        "decline:insufficient_funds",
        "decline:stolen_card",
        "",
        "ok",
        "ok",
        "ok",
        "ok",
        "ok",
        "ok",
        "",
        "ok",
    ]);
    let later = "account_number,name,currency,auto_pay,effective_from\n\
        A7,Customer 7,EUR,false,2026-01-03\nA8,Customer 8,EUR,false,2026-06-01\n";
    assert_eq!(book.import("later.csv", later, &[]).0, 0);
    let items = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-1b,A1,invoice,2025-12-20,2026-01-04,7.00,0.00,7.00\n\
        INV-1c,A1,invoice,2025-12-20,2026-02-04,7.00,0.00,7.00\n\
        CM-9,A9,credit_memo,2025-12-20,2025-12-20,-2.50,0.00,-2.50\n\
        CM-10,A10,credit_memo,2025-12-20,2025-12-20,-20.00,0.00,-20.00\n\
        CM-13,A13,credit_memo,2025-12-20,2025-12-20,-4.00,0.00,-4.00\n";
    assert_eq!(book.import("more.csv", items, &[]).0, 0);
    book.run(&["payment", "promise", "INV-11", "--on", "2026-01-20"]).ends(0);
    book.run(&["payment", "dispute", "INV-12", "--reason", "wrong price"]).ends(0);
    book.run(&["payment", "auto-pay", "INV-14", "off"]).ends(0);
    book
}

#[test]
fn the_payment_run_line_is_what_a_run_takes_and_empty_after_it() {
    for more in [&[][..], &["--consolidate"]] {
        let book = every_state();
        let (count, money, words) = line(&book, "payment run");
        assert_eq!(words, "credits settle 1 more");
        let args = [&["collect", "--target", "2026-01-05", "--json"], more].concat();
        let dry = book.run(&[&args[..], &["--dry-run"]].concat()).ends(0).json();
        let run = book.run(&args).ends(1).json();
        assert_eq!((json!(count), &money), (run["picked"].clone(), &dry["totals"]), "{run}");
        for field in ["picked", "skipped", "credits_applied"] {
            assert_eq!(dry[field], run[field], "{field}");
        }
        let asked = ["totals", "submitted_totals", "failed_totals", "unknown_totals"];
        assert_eq!(cents(&money), asked.iter().map(|k| cents(&run[k])).sum::<i64>());
        // What became of what was picked: nothing missing, nothing called what it is not.
        let parts = json!({ "paid": 4, "at_the_bank": 1, "declined": 2, "unknown": 1, "to_go": 0 });
        assert_eq!((run["picked"].as_i64(), &run["invoices"]), (Some(8), &parts), "{more:?}");
        let shown = book.run(&["run", "show", "PR-000001"]).ends(0).out;
        assert!(
            shown.contains("8 invoices picked: 4 paid, 1 at the bank, 2 declined, 1 unknown"),
            "{shown}"
        );
        let (after, money, _) = line(&book, "payment run");
        assert_eq!((after, money), (0, json!({})));
        let day = book.run(&["status", "--json"]).ends(0).json();
        let open: Vec<&str> =
            day["open"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(!open.contains(&"payment run"), "{open:?}");
        let again = book.run(&args).ends(0).json();
        assert_eq!(again["picked"], 0);
        // A day on which more is due, and a retry: the line and the run agree again.
        book.run(&["clock", "set", "2026-02-10"]).ends(0);
        let (count, _, _) = line(&book, "payment run");
        let args = ["collect", "--target", "2026-02-10", "--json"];
        assert!(count > 1);
        assert_eq!(book.run(&args).json()["picked"], count);
        assert_eq!(left(&book, "payment run"), 0);
        sound(&book);
    }
}

#[test]
fn retries_and_reminders_that_are_due_are_those_that_go() {
    let book =
        owing(&["decline:insufficient_funds,ok", "decline:insufficient_funds", "ok", "", ""]);
    let mails = "account_number,name,currency,email\nA4,Customer 4,EUR,c4@example.com\n\
        A5,Customer 5,EUR,c5@example.com\n";
    assert_eq!(book.import("mails.csv", mails, &[]).0, 0);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    assert_eq!((left(&book, "failed"), line(&book, "failed").2), (2, String::new()));
    book.run(&["clock", "set", "2026-02-10"]).ends(0);
    // One of the two is disputed: neither in the list nor retried.
    book.run(&["payment", "dispute", "INV-2", "--reason", "wrong"]).ends(0);
    assert_eq!((left(&book, "failed"), line(&book, "failed").2), (1, "1 retry due".to_owned()));
    let run = book.run(&["retry", "--due", "--json"]).ends(0).json();
    assert_eq!((run["picked"].as_i64(), run["approved"].as_i64()), (Some(1), Some(1)), "{run}");
    assert_eq!((left(&book, "failed"), line(&book, "failed").2), (0, String::new()));
    // Each run is told by what it was made to do.
    let happened = book.run(&["status", "--json"]).json()["happened"].clone();
    let told: Vec<&str> =
        happened.as_array().unwrap().iter().filter_map(|h| h["did"].as_str()).collect();
    assert!(told.contains(&"retried: 1 paid"), "{told:?}");
    let (_, _, words) = line(&book, "overdue");
    let sent = book.run(&["payment", "remind", "--json"]).json()["sent"].as_array().unwrap().len();
    let bank = "bank unread?";
    assert_eq!((words, sent), (format!("2 reminders due; {bank}"), 2));
    assert_eq!(line(&book, "overdue").2, "");
    sound(&book);
}

#[test]
fn what_is_to_be_posted_and_delivered_is_what_posting_and_delivering_take() {
    let book = billed();
    let usage = book.run(&["usage", "list", "--json"]).ends(0).json();
    let pending = usage["pending"].as_array().unwrap().len() as i64;
    assert_eq!(left(&book, "usage loaded"), pending + usage["billable"].as_i64().unwrap());
    assert_eq!((left(&book, "to check"), left(&book, "to post"), left(&book, "held")), (3, 3, 0));
    book.say("invoice hold D-2 --reason 'ask first'").ends(0);
    assert_eq!((left(&book, "to check"), left(&book, "to post"), left(&book, "held")), (2, 2, 1));
    // A setting and a change of what was rated stand in the way of posting, and so of the figure.
    book.say("settings set post.require_review all").ends(0);
    assert_eq!(left(&book, "to post"), 0);
    book.say("invoice accept D-1").ends(0);
    book.say("invoice accept D-3").ends(0);
    let (count, money, _) = line(&book, "to post");
    let posted = book.say("post BR-000001 --json").json();
    assert_eq!((json!(count), &money), (posted["posted"].clone(), &posted["totals"]), "{posted}");
    assert_eq!((count, left(&book, "to post")), (2, 0));
    let due = left(&book, "to deliver");
    assert_eq!(due, 2);
    book.say("deliver --json");
    assert_eq!(
        (left(&book, "to deliver"), book.count("SELECT count(DISTINCT document_id) FROM delivery")),
        (0, due)
    );
    let copies = book.run(&["delivery", "list", "--json"]).ends(0).json();
    let not = ["Bounced", "Impossible", "Unconfirmed"];
    let copies = copies.as_array().unwrap();
    let not = copies.iter().filter(|c| not.contains(&c["status"].as_str().unwrap())).count();
    assert_eq!(left(&book, "undelivered"), not as i64);
    book.is_sound();
}

#[test]
fn the_bill_run_line_leads_to_the_runs_it_counts() {
    let mut desk = Desk::open(100, 30);
    let today = desk.session.now().unwrap().today;
    desk.press("1j<Enter>").shows("[bill runs]").shows("of 4");
    for number in ["A-00001", "A-00002"] {
        let run = NewBillRun {
            target_on: today,
            invoice_on: None,
            accounts: AccountFilter { account: number.to_owned(), ..Default::default() },
            exclude: Vec::new(),
            auto_renew: true,
            auto_post: false,
            auto_email: false,
            skip_zero_email: false,
            confirmed: true,
        };
        perform::perform(&mut desk.session, number, Command::StartBillRun(run)).unwrap();
    }
    let open = status(&desk.session).unwrap();
    let row = open.steps.iter().find(|s| s.step == Step::Run).unwrap();
    assert_eq!(row.count, 2);
    // Its day is not that of the accounts that it leaves out.
    assert!(row.state.ends_with(&format!("(1 account), to {today}")), "{}", row.state);
    desk.press("1gj<Enter>").shows("[bill runs in work]").shows("of 2");
}

#[test]
fn a_bill_run_that_took_not_all_accounts_up_to_today_leaves_the_question_what_is_due() {
    let bills = |book: &Book| line(book, "bill run").2;
    let book = Book::new("2026-03-01");
    assert_eq!(bills(&book), "none yet; c: what's due");
    let book = delivery::posted(&[]);
    assert_eq!(bills(&book), "BR-000001 Posted, to 2026-03-01");
    book.run(&["bill", "--target", "2026-03-01", "--account", "A1"]);
    assert_eq!(bills(&book), "BR-000002 Completed (1 account), to 2026-03-01");
    book.run(&["clock", "set", "2026-03-05"]).ends(0);
    assert_eq!(bills(&book), "BR-000002 Completed (1 account); c: what's due");
    book.run(&["bill", "--target", "2026-03-04"]);
    assert_eq!(bills(&book), "BR-000003 Completed to 2026-03-04; c: what's due");
    // A run that was canceled took nobody.
    book.run(&["bill", "--target", "2026-03-05"]);
    assert_eq!(bills(&book), "BR-000004 Completed, to 2026-03-05");
    book.run(&["run", "cancel", "BR-000004"]);
    assert!(bills(&book).ends_with("c: what's due"), "{}", bills(&book));
}

#[test]
fn cut_offs_tell_what_is_late_what_is_done_and_what_waits_for_the_bank() {
    let book = owing(&["ok"]);
    for (key, by) in [("bank", "09:30"), ("post", "09:00"), ("collect", "11:00")] {
        book.run(&["settings", "set", &format!("day.{key}_by"), by]).ends(0);
    }
    let ahead = || -> Vec<String> {
        let day = book.run(&["status", "--json"]).ends(0).json();
        let words = |line: &Value| line["says"].as_str().unwrap().to_owned();
        day["ahead"].as_array().unwrap().iter().map(words).collect()
    };
    let clock = |at: &str| book.run(&["clock", "set", &format!("2026-01-07T{at}")]).ends(0);
    clock("08:00");
    assert_eq!(
        ahead(),
        [
            "no bill run waits for posting (cut-off 09:00)",
            "by 09:30 the bank is to be read (: bank says so): until then transfers may be charged again",
            "by 11:00 the payment run is to be out: c on 2",
        ]
    );
    let asked = "The bank is not read yet: what came by transfer may be charged";
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("i").shows("by 11:00 the payment run is to be out");
    desk.press("<Esc>2cp<C-s>").shows("1 invoice: 10.00 EUR").shows(asked);
    desk.press("<Esc><Esc>1:bank is read<Enter>").shows("read until");
    // A day to come is refused in its field, and nothing is kept of it.
    desk.press("<C-u>2026-01-08<C-s>").shows("2026-01-08 is still to come");
    assert_eq!(book.count("SELECT count(*) FROM bank_read"), 0);
    desk.press("<C-u>2026-01-06<C-s>").shows("the bank is read until 2026-01-06");
    desk.press("2cp<C-s>");
    assert!(!desk.picture().contains("charged again"), "{}", desk.picture());
    clock("11:30");
    assert_eq!(ahead()[0], "LATE since 11:00: the payment run is to be out: c on 2");
    assert!(ahead()[2].starts_with("the bank is read until 2026-01-06, says "), "{:?}", ahead());
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    let out = "the payment run is out: PR-000001 Completed (cut-off 11:00)";
    assert!(ahead().contains(&out.to_owned()), "{:?}", ahead());
    // What was said yesterday holds no more, and is told.
    book.run(&["clock", "set", "2026-01-08T08:00"]).ends(0);
    assert!(ahead()[1].contains("it is until 2026-01-06: later transfers"), "{:?}", ahead());
    let last = book.run(&["bank", "read-until", "--json"]).ends(0).json();
    assert_eq!(last["read_until"], "2026-01-06");
    book.run(&["bank", "read-until", "2026-02-01"]).ends(2);
    sound(&book);
}
