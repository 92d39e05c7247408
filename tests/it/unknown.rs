//! Unanswered payments through the binary, with the sandbox: what is not found, what may be sent again,
//! what a person does meanwhile, and what is told of it.

use crate::harness::book::Book;
use crate::harness::collect::{owing, payments, sandbox, sound};

/// An invoice whose request never arrived, and the next would.
fn unanswered() -> Book {
    let book = owing(&["timeout_before,ok"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(1);
    assert_eq!(status(&book), "Unknown");
    book
}

fn status(book: &Book) -> String {
    payments(book)[0]["status"].as_str().unwrap().to_owned()
}

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
}

fn tasks(book: &Book, words: &str) -> i64 {
    book.count(&format!(
        "SELECT count(*) FROM notice WHERE done_at IS NULL AND text LIKE '%{words}%'"
    ))
}

/// What happens to an unanswered payment's invoice, account or method meanwhile, and why its request
/// then does not go out again.
const AGAINST: [(&[&str], &str); 13] = [
    (&["payment", "dispute", "INV-1", "--reason", "never ordered"], "the customer disputes it"),
    (&["payment", "promise", "INV-1", "--on", "2026-01-20"], "the customer promised to pay"),
    (&["payment", "auto-pay", "INV-1", "off"], "auto-pay is off for it"),
    (&["import", ACCOUNT_OFF], "auto-pay is off for the account"),
    (&["import", METHOD_CLOSED], "its method: it is closed"),
    (&["import", METHOD_EXPIRED], "its method: it has expired"),
    (
        &["payment", "record", "--account", "A1", "--amount", "4.00", "--reference", "x", "--yes"],
        LESS,
    ),
    (
        &["payment", "record", "--account", "A1", "--amount", "10.00", "--reference", "x", "--yes"],
        LESS,
    ),
    (&["adjust", "INV-1", "--whole", "--reason", "wrong", "--yes"], LESS),
    (&["adjust", "INV-1", "--amount", "0.01", "--reason", "wrong", "--yes"], LESS),
    (&["write-off", "INV-1", "--reason", "gone", "--yes"], ENDED),
    (&["reverse", "INV-1", "--reason", "wrong", "--yes"], ENDED),
    (
        &["settings", "set", "sandbox.clock_minutes", "1200"],
        "the gateway may have forgotten the key",
    ),
];
const LESS: &str = "less is owed than was asked for";
const ENDED: &str = "it was reversed or written off";
const ACCOUNT_OFF: &str = "account_number,name,currency,auto_pay\nA1,C,EUR,false\n";
const METHOD_CLOSED: &str =
    "account_number,token,kind,display,status\nA1,\"timeout_before,ok\",card,visa 1,closed\n";
const METHOD_EXPIRED: &str = "account_number,token,kind,display,expires_on\nA1,\"timeout_before,ok\",card,visa 1,2025-12-31\n";

#[test]
fn what_may_no_longer_be_charged_is_not_sent_again() {
    for (words, why) in AGAINST {
        let book = unanswered();
        let file = |word: &&&str| word.contains('\n').then(|| book.file("meanwhile.csv", **word));
        let file = words.iter().find_map(|w| file(&w));
        let words: Vec<&str> = words
            .iter()
            .map(|w| file.as_deref().filter(|_| w.contains('\n')).unwrap_or(*w))
            .collect();
        book.run(&words).ends(0);
        at(&book, "2026-01-05T12:10");
        assert_eq!((status(&book).as_str(), sandbox(&book).0), ("Unknown", 0), "{words:?}");
        let reply = payments(&book)[0]["reply"].to_string();
        assert!(reply.contains("not sent again") && reply.contains(why), "{words:?}: {reply}");
        sound(&book);
    }
    let book = unanswered();
    at(&book, "2026-01-05T12:10");
    assert_eq!(
        (status(&book).as_str(), sandbox(&book).0),
        ("Approved", 1_000),
        "nothing against it"
    );
}

#[test]
fn a_key_that_the_gateway_may_have_forgotten_is_not_used_again() {
    // 80 % of a day on the gateway's clock, whatever the book's clock says between.
    for (moment, ahead, sent) in [
        ("2026-01-06T07:00", "0", true),
        ("2026-01-06T07:20", "0", false),
        ("2026-01-05T13:00", "1200", false),
        ("2026-01-07T12:00", "-2400", true),
    ] {
        let book = unanswered();
        book.run(&["settings", "set", "sandbox.clock_minutes", ahead]).ends(0);
        at(&book, moment);
        let expected = if sent { "Approved" } else { "Unknown" };
        assert_eq!(status(&book), expected, "{moment} {ahead}");
        sound(&book);
    }
}

#[test]
fn a_list_that_shows_nothing_charges_nobody_twice_and_ends_with_a_person() {
    for ahead in ["-120", "0", "120"] {
        let book = owing(&["timeout_after", "timeout_after", "error"]);
        book.run(&["settings", "set", "sandbox.visible_after_minutes", "600000"]).ends(0);
        book.run(&["settings", "set", "sandbox.clock_minutes", ahead]).ends(0);
        book.run(&["collect", "--target", "2026-01-05"]).ends(1);
        // Nobody works for a day: only look-ups are left, and they show nothing.
        for hour in 0..40 {
            at(&book, &format!("2026-01-{:02}T{:02}:30", 7 + hour / 24, hour % 24));
        }
        assert_eq!(sandbox(&book), (2_000, 1), "{ahead}");
        let listed = book.run(&["payment", "exceptions", "--json"]).ends(1).json();
        assert_eq!(listed.as_array().unwrap().len(), 3, "{ahead}: {listed}");
        assert_eq!(tasks(&book, "does not say what became of it"), 3);
        book.run(&["collect", "--target", "2026-02-28"]).ends(0);
        assert_eq!((payments(&book).len(), sandbox(&book).0), (3, 2_000));
        sound(&book);
    }
}

#[test]
fn money_from_outside_beside_a_payment_on_its_way_is_asked_about_and_the_excess_is_a_task() {
    let book = owing(&["timeout_after"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(1);
    let record =
        ["payment", "record", "--account", "A1", "--amount", "10.00", "--reference", "cash"];
    let asked = book.run(&record).ends(2);
    assert!(asked.err.contains("P-000001 of 10.00 EUR for INV-1 is on its way"), "{}", asked.err);
    assert_eq!(payments(&book).len(), 1);
    book.run(&[&record[..], &["--yes"]].concat()).ends(0);
    at(&book, "2026-01-05T12:10");
    assert_eq!(status(&book), "Approved");
    assert_eq!(payments(&book)[0]["unapplied"], "10.00");
    assert_eq!(tasks(&book, "Refund it?"), 1);
    sound(&book);
    book.run(&["payment", "refund", "P-1", "--reason", "paid twice"]).ends(0);
    assert_eq!((tasks(&book, "Refund it?"), sandbox(&book).0), (0, 1_000));
    sound(&book);
}

#[test]
fn a_clock_that_is_off_is_told_and_is_right_again() {
    let book = owing(&["ok", "ok"]);
    book.run(&["settings", "set", "sandbox.clock_minutes", "-120"]).ends(0);
    book.run(&["collect", "--target", "2026-01-05", "--account", "A1"]).ends(0);
    let told = "clock is 2 h ahead of sandbox";
    assert!(book.run(&["doctor"]).out.contains(told));
    assert!(book.run(&["status"]).ends(0).out.contains(told));
    book.run(&["settings", "set", "sandbox.clock_minutes", "0"]).ends(0);
    book.run(&["collect", "--target", "2026-01-05", "--account", "A2"]).ends(0);
    assert!(!book.run(&["doctor"]).out.contains(told));
    assert_eq!(tasks(&book, "clock is"), 0);
    assert_eq!(sandbox(&book).0, 2_000);
    sound(&book);
}

#[test]
fn a_payment_run_whose_place_or_filter_cannot_be_read_charges_nobody() {
    for (spoil, what) in [
        ("UPDATE job SET cursor = '{}' WHERE kind = 'collect'", "job.cursor of row"),
        ("UPDATE job SET cursor = 'x' WHERE kind = 'collect'", "job.cursor of row"),
        ("UPDATE payment_run SET filter = '{}'", "payment_run.filter of row 1"),
        ("UPDATE payment_run SET filter = ''", "payment_run.filter of row 1"),
        // What an older build kept, in a book that was brought up since.
        ("UPDATE payment_run SET filter = filter ->> '$.Due'", "payment_run.filter of row 1"),
    ] {
        let book = owing(&["ok", "ok"]);
        book.run(&["collect", "--target", "2026-01-05", "--detach"]).ends(0);
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        conn.execute_batch(&format!("UPDATE payment_run SET status = 'Processing'; {spoil}"))
            .unwrap();
        if what.contains("filter") {
            let cursor = r#"{"pick_after":["0001-01-01",0],"unguarded":false,"refusals":0,"outage_since":null}"#;
            conn.execute("UPDATE job SET cursor = ?1", [cursor]).unwrap();
        }
        let said = book.run(&["run", "resume", "PR-1"]);
        assert!(
            said.code != 0 && said.err.contains("damaged") && said.err.contains(what),
            "{spoil}: {} {}",
            said.out,
            said.err
        );
        assert_eq!((payments(&book).len(), sandbox(&book).0), (0, 0), "{spoil}");
    }
}

#[test]
fn what_the_sandbox_took_and_the_book_does_not_know_is_seen() {
    let ledger = |book: &Book| book.path.with_file_name("book.db.d").join("sandbox.jsonl");
    let seen = |book: &Book, words: &str| {
        let check = book.run(&["check", "gateway"]).ends(4);
        assert!(check.out.contains(words), "{}", check.out);
    };
    let book = owing(&["ok", "timeout_after"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(1);
    sound(&book);
    // A finding by hand that was wrong.
    let by_hand = ["payment", "reconcile", "P-2", "--not-charged", "--evidence", "a guess"];
    book.run(&by_hand).ends(0);
    seen(&book, "P-000002 is Declined");
    book.run(&["payment", "reconcile", "P-2"]).ends(0);
    sound(&book);
    // The same key once more, and a key of nobody.
    let text = std::fs::read_to_string(ledger(&book)).unwrap();
    let first = text.lines().next().unwrap().replace("sb_000000001", "sb_000000003");
    std::fs::write(ledger(&book), format!("{text}{first}\n")).unwrap();
    seen(&book, "its key was charged before");
    let foreign = first.replace("INV-1-1", "INV-9-1");
    std::fs::write(ledger(&book), format!("{text}{foreign}\n")).unwrap();
    seen(&book, "no payment of this book has its key");
    refunds_are_seen();
    let more = text.replacen("\"amount_minor\":1000", "\"amount_minor\":1001", 1);
    std::fs::write(ledger(&book), more).unwrap();
    seen(&book, "took 1001");
}

/// The same of refunds: given twice, of another amount, recorded as not given, and of no event.
fn refunds_are_seen() {
    let book = owing(&["ok"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    book.run(&["payment", "refund", "P-1", "--amount", "4.00", "--reason", "x"]).ends(0);
    sound(&book);
    let path = book.path.with_file_name("book.db.d").join("sandbox.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let refund = text.lines().find(|l| l.contains("\"event\":\"refund\"")).unwrap();
    let again = refund.replace("\"reference\":\"", "\"reference\":\"z");
    let written = |ledger: String, words: &str| {
        std::fs::write(&path, ledger).unwrap();
        let check = book.run(&["check", "gateway"]).ends(4);
        assert!(check.out.contains(words), "{}", check.out);
    };
    written(format!("{text}{again}\n"), "its key was used before (P-000001)");
    written(
        format!("{text}{}\n", again.replace("-r1", "-r7")),
        "no refund of P-000001 has its key",
    );
    written(
        text.replace("\"amount_minor\":400", "\"amount_minor\":401"),
        "the refund of P-000001 is of 400",
    );
    std::fs::write(&path, &text).unwrap();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("UPDATE payment_event SET status = 'Failed'").unwrap();
    written(text.clone(), "the refund of P-000001 is Failed");
}

fn exceptions(book: &Book) -> usize {
    book.run(&["payment", "exceptions", "--json"]).json().as_array().unwrap().len()
}

#[test]
fn a_debit_that_the_bank_has_is_a_persons_after_unanswered_look_ups_and_not_after_answered_ones() {
    let book = owing(&["submitted"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    // Asked often and answered each time: the bank has it.
    for _ in 0..30 {
        book.run(&["payment", "reconcile", "P-1"]).ends(1);
    }
    book.run(&["settings", "set", "sandbox.outage", "true"]).ends(0);
    book.run(&["payment", "reconcile", "P-1"]).ends(1);
    assert_eq!(exceptions(&book), 0, "one answer was lost");
    assert_eq!(book.count("SELECT count(*) FROM notice WHERE level = 'task'"), 0);
    for _ in 0..30 {
        book.run(&["payment", "reconcile", "P-1"]).ends(1);
    }
    assert_eq!(exceptions(&book), 1);
    // Answered again: nobody has to find out any more.
    book.run(&["settings", "set", "sandbox.outage", "false"]).ends(0);
    book.run(&["payment", "reconcile", "P-1"]).ends(1);
    assert_eq!(exceptions(&book), 0);
    let open = "SELECT count(*) FROM notice WHERE level = 'task' AND done_at IS NULL";
    assert_eq!(book.count(open), 0);
    sound(&book);
}

#[test]
fn what_nobody_knows_for_long_is_a_persons_though_nobody_looked() {
    let book = owing(&["timeout_after", "submitted"]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(1);
    book.run(&["clock", "set", "2026-01-06T04:00"]).ends(0);
    assert_eq!(exceptions(&book), 0);
    book.run(&["clock", "set", "2026-01-06T20:00"]).ends(0);
    assert_eq!(exceptions(&book), 1, "the bank's debit is not unknown");
    book.run(&["payment", "reconcile"]);
    assert_eq!(exceptions(&book), 0);
    sound(&book);
}
