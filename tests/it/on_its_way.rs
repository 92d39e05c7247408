//! An invoice whose money is on its way, and somebody who would settle it otherwise: they are told and
//! asked; said to go on, nothing is lost when the money comes too. Through the binary and the console.

use crate::harness::book::Book;
use crate::harness::collect::{owing, payments, sandbox, sound, taken_by_account};
use crate::harness::desk::Desk;

/// What settles an invoice, what of the payment is then too much, and the invoice's balance before the
/// money comes.
struct Deed {
    words: &'static [&'static str],
    excess: &'static str,
    left: i64,
}

const DEEDS: [Deed; 7] = [
    Deed { words: &["adjust", "INV-1", "--whole", "--reason", "wrong"], excess: "10.00", left: 0 },
    Deed {
        words: &["adjust", "INV-1", "--amount", "4.00", "--reason", "late"],
        excess: "4.00",
        left: 600,
    },
    Deed {
        words: &["adjust", "INV-1", "--line", "1", "--amount", "4.00", "--reason", "late"],
        excess: "4.00",
        left: 600,
    },
    Deed { words: &["memo", "apply", "CM-1", "--to", "INV-1"], excess: "3.00", left: 700 },
    Deed { words: &["reverse", "INV-1", "--reason", "wrong"], excess: "10.00", left: 0 },
    // Money for what was written off takes the loss back.
    Deed { words: &["write-off", "INV-1", "--reason", "gone"], excess: "0.00", left: 0 },
    Deed {
        words: &["payment", "record", "--account", "A1", "--amount", "9.00", "--reference", "cash"],
        excess: "9.00",
        left: 100,
    },
];

/// An invoice of 10.00 (INV-1) with one payment of this token, and a credit of 3.00 (CM-1).
fn asked(token: &str) -> Book {
    let book = owing(&[token]);
    let credit = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        CM-1,A1,credit_memo,2026-01-01,2026-01-01,-3.00,0.00,-3.00\n";
    book.run(&["collect", "--target", "2026-01-05"]);
    book.import("credit.csv", credit, &[]);
    assert_eq!(payments(&book).len(), 1);
    book
}

fn balance(book: &Book) -> i64 {
    book.count("SELECT balance_minor FROM document_state s JOIN document d ON d.id = s.document_id WHERE number = 'INV-1'")
}

fn tasks(book: &Book) -> i64 {
    book.count("SELECT count(*) FROM notice WHERE level = 'task' AND done_at IS NULL AND text LIKE '%Refund it?%'")
}

fn at(book: &Book, moment: &str) {
    book.run(&["clock", "set", moment]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
}

fn first(book: &Book) -> serde_json::Value {
    let all = payments(book);
    all.iter().find(|p| p["id"] == "P-000001").unwrap_or_else(|| panic!("{all:?}")).clone()
}

/// Whoever does it is told of the payment, its amount and its state, and nothing is done.
#[track_caller]
fn is_asked_about(book: &Book, words: &[&str], state: &str) {
    let trail = book.count("SELECT count(*) FROM operation");
    let ran = book.run(words).ends(2);
    let told = format!("P-000001 of 10.00 EUR for INV-1 is on its way ({state})");
    assert!(ran.err.contains(&told) && ran.err.contains("--yes"), "{words:?}: {}", ran.err);
    let json = book.run(&[words, &["--json"]].concat()).ends(2);
    assert!(format!("{}{}", json.out, json.err).contains("needs_yes"), "{}{}", json.out, json.err);
    assert_eq!(book.count("SELECT count(*) FROM operation"), trail, "{words:?}");
}

#[test]
fn who_settles_an_invoice_beside_a_payment_on_its_way_is_asked_and_the_excess_is_a_task() {
    for (token, state, answered, deeds) in [
        ("timeout_after", "Unknown", "2026-01-05T12:10", &DEEDS[..]),
        ("submitted", "Submitted", "2026-01-12T12:00", &DEEDS[3..6]),
    ] {
        for deed in deeds {
            let book = asked(token);
            is_asked_about(&book, deed.words, state);
            book.run(&[deed.words, &["--yes"]].concat()).ends(0);
            assert_eq!(balance(&book), deed.left, "{:?}", deed.words);
            sound(&book);
            at(&book, answered);
            let payment = first(&book);
            assert_eq!(payment["status"], "Approved", "{:?}: {payment}", deed.words);
            assert_eq!(payment["unapplied"], deed.excess, "{:?}", deed.words);
            assert_eq!(tasks(&book), i64::from(deed.excess != "0.00"), "{:?}", deed.words);
            let taken = taken_by_account(&book.path)["A1"];
            assert_eq!((balance(&book), taken), (0, 1_000), "{:?}", deed.words);
            sound(&book);
        }
    }
}

#[test]
fn a_payment_that_is_being_asked_for_now_counts_as_on_its_way() {
    let book = asked("timeout_after");
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("UPDATE payment SET status = 'Processing'").unwrap();
    for deed in DEEDS {
        is_asked_about(&book, deed.words, "Processing");
    }
}

#[test]
fn what_comes_to_nothing_after_all_leaves_no_task_and_is_not_charged_again() {
    for deed in &DEEDS {
        let book = asked("submitted:AM04,ok");
        book.run(&[deed.words, &["--yes"]].concat()).ends(0);
        at(&book, "2026-01-12T12:00");
        assert_eq!(first(&book)["status"], "Declined", "{:?}", deed.words);
        assert_eq!((tasks(&book), balance(&book)), (0, deed.left), "{:?}", deed.words);
        at(&book, "2026-02-20T12:00");
        book.run(&["collect", "--target", "2026-02-20"]);
        // Only what is still owed: the credit of 3.00 first.
        let credit = if deed.words[0] == "memo" { 0 } else { 300 };
        assert_eq!(sandbox(&book).0, (deed.left - credit).max(0), "{:?}", deed.words);
        sound(&book);
    }
}

#[test]
fn what_asks_for_more_or_takes_nothing_is_not_asked_about() {
    let book = asked("timeout_after");
    book.run(&["adjust", "INV-1", "--amount", "2.00", "--debit", "--reason", "more"]).ends(0);
    // Of all that is owed the credit takes the debit memo, and says what it leaves alone.
    let applied = book.run(&["memo", "apply", "CM-1"]).ends(0);
    assert!(applied.out.contains("left alone: P-000001"), "{}", applied.out);
    assert_eq!(balance(&book), 1_000);
    sound(&book);
}

#[test]
fn money_that_was_too_much_and_pays_the_next_invoice_is_no_question_any_more() {
    let book = asked("timeout_after");
    book.run(&["adjust", "INV-1", "--whole", "--reason", "wrong", "--yes"]).ends(0);
    at(&book, "2026-01-05T12:10");
    assert_eq!(tasks(&book), 1);
    let next = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-2,A1,invoice,2026-01-05,2026-01-05,20.00,0.00,20.00\n";
    book.import("next.csv", next, &[]);
    book.run(&["collect", "--target", "2026-01-05"]);
    assert_eq!((tasks(&book), first(&book)["unapplied"].as_str()), (0, Some("0.00")));
    sound(&book);
}

/// A console on a book in which a payment of every open invoice is on its way.
fn desk() -> Desk {
    let desk = Desk::open(100, 30);
    let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
    conn.execute_batch(
        "INSERT INTO payment (id, account_id, method_id, gateway, amount_minor, currency, status, idempotency_key, body_hash,
             attempt, created_at)
         SELECT 100000 + d.id, d.account_id, (SELECT min(id) FROM payment_method), 'sandbox', s.balance_minor, d.currency,
             'Unknown', 'live ' || d.id, '', 1, 1
         FROM document d JOIN document_state s ON s.document_id = d.id
         WHERE d.status = 'Posted' AND d.kind = 'invoice' AND s.balance_minor > 0
           AND NOT EXISTS (SELECT 1 FROM allocation a WHERE a.document_id = d.id AND a.state = 'live');
         INSERT INTO allocation (payment_id, document_id, amount_minor, state)
         SELECT p.id, p.id - 100000, p.amount_minor, 'live' FROM payment p WHERE p.id > 100000;",
    )
    .unwrap();
    desk
}

/// Number of the account that owes an invoice that can be reversed, and of the invoice.
fn debtor(desk: &Desk) -> (String, String) {
    let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
    let sql = "SELECT a.number, d.number FROM allocation l JOIN document d ON d.id = l.document_id
        JOIN account a ON a.id = d.account_id WHERE l.state = 'live' AND l.payment_id > 100000
        AND NOT EXISTS (SELECT 1 FROM document x WHERE x.account_id = d.account_id AND x.id > d.id) ORDER BY d.id LIMIT 1";
    conn.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap()
}

fn operations(desk: &Desk) -> i64 {
    let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
    let sql = "SELECT count(*) FROM operation WHERE verb <> 'housekeeping'";
    conn.query_row(sql, [], |r| r.get(0)).unwrap()
}

#[test]
fn the_console_asks_before_money_from_outside_and_gives_back_what_was_typed() {
    let mut desk = desk();
    let (account, _) = debtor(&desk);
    let before = operations(&desk);
    desk.press(&format!("8/{account}<Enter>p1.25<Tab><Tab>statement 7<C-s>"));
    desk.shows("Go on all the same?").shows("is on its way").shows("(Unknown)").shows("[Cancel]");
    for no in ["<Esc>", "<Enter>", "n", "q"] {
        desk.press(no).shows("Received from").shows("statement 7").shows("1.25");
        assert_eq!(operations(&desk), before);
        desk.press("<C-s>").shows("Go on all the same?");
    }
    desk.press("y").shows("received (statement 7)");
    assert_eq!(operations(&desk), before + 1);
}

#[test]
fn the_console_asks_before_memos_reversals_and_write_offs() {
    for (choice, typed, verb) in [
        ("a", "<Tab><Tab><Tab>was wrong", "Credit memo of"),
        ("r", "was wrong", "Reverse"),
        ("w", "was wrong", "Write off"),
    ] {
        let mut desk = desk();
        let (_, invoice) = debtor(&desk);
        let before = operations(&desk);
        desk.press(&format!("3ffffff/{invoice}<Enter>m{choice}{typed}<C-s>")).shows(verb);
        // Who turns back at the first question finds the form as it was.
        desk.press("<Esc>").shows("was wrong");
        desk.press("<C-s>y");
        desk.shows("Go on all the same?").shows("is on its way").shows("(Unknown)");
        desk.press("<Esc>").shows("was wrong");
        assert_eq!(operations(&desk), before, "{verb}");
        desk.press("<C-s>y").shows("Go on all the same?");
        desk.press("y");
        assert_eq!(operations(&desk), before + 1, "{verb}\n{}", desk.picture());
    }
}
