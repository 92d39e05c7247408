//! Money that came, at the console: every dialog at both sizes, each deed by keys with what the book says
//! afterwards, and what is refused comes back into the form at its field.

use crate::harness::book::{Book, daybook};
use crate::harness::collect::owing;
use crate::harness::desk::Desk;
use crate::harness::pty::Pty;
use crate::ui::snapshot;

/// P-1: A1's card, 10.00. P-2: A3's bank debit, 10.00. P-3: A2's transfer of 12.00, 2.00 of it unapplied.
/// P-4: A1's transfer, 5.00 unapplied. A1 has a credit memo with 3.00 left, A2 owes INV-9.
fn paid() -> Book {
    let book = owing(&["ok", "", ""]);
    book.import("more.csv", "account_number,token,kind,display\nA3,ok,sepa,DE89 ··3000\n", &[]);
    book.run(&["collect", "--target", "2026-01-05"]).ends(0);
    let record = |account: &str, amount: &str, more: &[&str]| {
        let args = ["payment", "record", "--account", account, "--amount", amount];
        book.run(&[&args[..], &["--reference", "wire", "--date", "2026-01-03"], more].concat())
            .ends(0);
    };
    record("A2", "12.00", &["--invoice", "INV-2"]);
    record("A1", "5.00", &[]);
    let item = "document_number,account_number,kind,date,due_date,total,tax,balance\n\
        INV-9,A2,invoice,2025-12-15,2026-02-01,7.00,0.00,7.00\n";
    book.import("item.csv", item, &["--cutover", "2025-12-15"]);
    book.run(&["adjust", "INV-1", "--amount", "3.00", "--reason", "dented"]).ends(0);
    book
}

fn balance(book: &Book, number: &str) -> i64 {
    book.count(&format!(
        "SELECT s.balance_minor FROM document_state s JOIN document d ON d.id = s.document_id
         WHERE d.number = '{number}'"
    ))
}

/// The tab of unapplied money: A1's transfer, A2's, A1's memo.
const UNAPPLIED: &str = "5fffffffffff";

#[test]
fn every_dialog_at_both_sizes() {
    let book = paid();
    for (width, height) in [(80, 24), (60, 15)] {
        for (name, keys) in [
            ("payments", "8$"),
            ("payment", "8$j<Enter>"),
            ("refund", "8jj$r"),
            ("refund_memo", "8$j<Enter>r<C-u>4.00<Tab> <Tab>dented<C-s>"),
            ("refund_window", "8jj$r<Tab><Tab>sorry<C-s>"),
            ("pay_back", "8j$r<C-u>3.00<Tab><Tab>sorry<C-s>"),
            ("unapply", "8j$u"),
            ("move", "8j$mCust"),
            ("move_asks", "8j$mA3<Tab><Tab>typo<C-s>"),
            ("apply", "8j$a"),
            ("apply_much", "8j$a<Enter>"),
        ] {
            let mut desk = Desk::at(&book.path, width, height);
            desk.press(keys);
            snapshot(&format!("money_{name}_{width}x{height}"), &desk.picture());
        }
        let memo = book.run(&["memo", "list", "--json"]).ends(0).json()[0]["number"].clone();
        let open = format!("3/{}<Enter>m", memo.as_str().unwrap());
        for (name, keys) in [("memo", ""), ("pay_out", "p"), ("pay_out_asks", "p<Tab><Tab>x<C-s>")]
        {
            let mut desk = Desk::at(&book.path, width, height);
            desk.press("3fffffff").press(&open[1..]).press(keys);
            snapshot(&format!("money_{name}_{width}x{height}"), &desk.picture());
        }
    }
}

#[test]
fn a_refund_is_asked_for_by_a_worker_and_its_end_is_told() {
    let book = paid();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("8jj$r<Tab><Tab>sorry<C-s>")
        .shows("INV-3: 10.00 EUR are owed again")
        .shows("until 2026-03-02");
    desk.press("<Enter>").shows("nothing was done; what was typed is still here");
    desk.press("<C-s>y").shows("refund of 10.00 EUR of P-000002 done: 1 of 1");
    assert_eq!(balance(&book, "INV-3"), 1_000);
    desk.press("8g$j<Enter>r<C-u>4.00<Tab> <Tab>dented<C-s>");
    desk.shows("INV-1: a credit memo of 4.00 EUR keeps it paid");
    desk.press("y");
    desk.shows("refund of 4.00 EUR of P-000001 done");
    assert_eq!(balance(&book, "INV-1"), 0);
    // What came outside a person pays back: it is recorded at once, on its day.
    desk.press("8gj$r<C-u>3.00<Tab><Tab>sorry<Tab><C-u>2026-01-04<C-s>");
    desk.shows("2.00 EUR of it are unapplied").shows("INV-2: 1.00 EUR are owed again");
    desk.press("y");
    desk.shows("P-000003: refund of 3.00 EUR recorded: a person pays it back");
    assert_eq!(balance(&book, "INV-2"), 100);
    drop(desk);
    book.is_sound();
}

#[test]
fn what_is_refused_comes_back_into_the_form_with_its_field_named() {
    let book = paid();
    for (keys, words) in [
        ("8jj$r<C-u>10.01<Tab><Tab>x<C-s>", "amount: 10.01 cannot be refunded"),
        ("8jj$r<C-u>0.001<Tab><Tab>x<C-s>", "> amount"),
        ("8jj$r<C-s>", "the reason is missing"),
        ("8j$r<Tab><Tab>x<Tab><C-u>2026-01-06<C-s>", "paid out on: refund on 2026-01-06"),
        ("8j$r<Tab><Tab>x<Tab><C-u>soon<C-s>", "not a date such as"),
        ("8j$mA2<Tab><Tab>x<C-s>", "to account: P-000003 is A2's already"),
        ("8j$mA7<Tab><Tab>x<C-s>", "to account: there is no account A7"),
        ("8j$mA1<Tab><C-u>2.01<Tab>x<C-s>", "amount: 2.00 EUR of P-000003 are unapplied"),
        ("8j$u<C-u>10.01<Tab>x<C-s>", "amount: 10.00 EUR of P-000003 are applied"),
        ("8j$a<Enter><C-u>2.01<C-s>", "amount: 2.00 EUR of P-000003 are unapplied"),
        (&format!("{UNAPPLIED}/CM-<Enter>$<C-u>3.01<Tab><Tab>x<C-s>"), "amount: 3.00 EUR are left"),
        (
            &format!("{UNAPPLIED}/CM-<Enter>$<Tab><C-u>cheque<Tab>x<C-s>"),
            "neither transfer nor a payment",
        ),
        (&format!("{UNAPPLIED}/CM-<Enter>$<Tab><C-u>P-9<Tab>x<C-s>"), "> by"),
        (&format!("{UNAPPLIED}/CM-<Enter>$<Tab><Tab>x<Tab><C-u>2025-12-01<C-s>"), "paid out on: "),
    ] {
        let mut desk = Desk::at(&book.path, 80, 24);
        desk.press(keys).shows(words).shows("Ctrl-S does it");
        let before = desk.picture();
        desk.press("<C-s>").shows("Ctrl-S does it");
        assert!(!desk.picture().contains("[Cancel]"), "{keys}\n{before}");
    }
    assert_eq!(book.count("SELECT count(*) FROM payment_event WHERE kind <> 'settlement'"), 0);
}

#[test]
fn an_account_is_found_by_letters_of_its_name() {
    let book = paid();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("8j$mCustomer 3").shows("Right takes A3 Customer 3");
    desk.press("<Right>").shows("A3 Customer 3");
    desk.press("<Tab><Tab>typo<C-s>");
    desk.shows("from A2 Customer 2 to A3 Customer 3");
    desk.press("y").shows("P-000003: 2.00 EUR moved to A3 as P-000005");
    drop(desk);
    book.is_sound();
}

#[test]
fn a_second_person_is_foretold_asked_and_confirms() {
    let book = paid();
    book.run(&["settings", "set", "four_eyes.above", "5"]).ends(0);
    let mut desk = Desk::at(&book.path, 80, 24);
    let refund = "8jj$r<Tab><Tab>sorry<C-s>";
    desk.press(refund).shows("a second person must confirm").shows("ask for it");
    desk.press("y").shows("a second person must confirm").shows("Ctrl-S does it");
    // Who asked cannot confirm; that is said before anything can be pressed.
    desk.press("<Esc>").press(refund).shows("you asked for this");
    assert!(!desk.picture().contains("ask for it"), "{}", desk.picture());
    drop(desk);
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute("UPDATE four_eyes SET uid = uid + 1, user_name = 'jon'", []).unwrap();
    drop(conn);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press(refund).shows("this confirms it; asked for by jon");
    desk.press("y").shows("refund of 10.00 EUR of P-000002 done");
    assert_eq!(balance(&book, "INV-3"), 1_000);
}

#[test]
fn payments_are_reached_from_accounts_invoices_and_failures() {
    let book = paid();
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("3fffffff/INV-2<Enter>$").shows("take off INV-2");
    // The document over the list has the same key.
    desk.press("<Esc><Enter>$").shows("P-000003 12.00 EUR outside");
    desk.press("<Esc><Esc>/<C-u>CM-<Enter>$").shows("m, then p");
    desk.press("m").shows("pay out what is left of it");
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("5ffffffffff/INV-9<Enter>$").shows("Payments of INV-9").shows("no payment yet");
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press(UNAPPLIED).press("/P-000003<Enter>$").shows("2.00 unapplied");
}

#[test]
fn a_refund_whose_money_was_taken_back_is_not_asked_for() {
    use daybook::domain::ids::PaymentId;
    use daybook::engine::command::{Command, MoneyDeed, Refunded};
    let book = paid();
    let mut session = daybook::engine::Session::open(&book.path, daybook::cli::actor()).unwrap();
    let refund = Command::Money(MoneyDeed::Refund {
        payment: PaymentId(1),
        amount: None,
        on: None,
        then: Refunded::OwedAgain,
        reason: "sorry".to_owned(),
    });
    let begun = daybook::engine::perform::perform(&mut session, "once", refund).unwrap();
    assert!(begun.job.is_some() && begun.summary.contains("10.00 EUR begun"), "{begun:?}");
    drop(session);
    book.run(&["payment", "chargeback", "P-1", "--code", "10.4"]).ends(0);
    book.run(&["worker", "--once"]).ends(0);
    let refunds = "SELECT count(*) FROM payment_event WHERE kind = 'refund' AND status = 'Failed'";
    assert_eq!((book.count(refunds), balance(&book, "INV-1")), (1, 1_000));
    let there = book.path.with_file_name("book.db.d").join("sandbox.jsonl");
    assert!(!std::fs::read_to_string(there).unwrap().contains("\"event\":\"refund\""));
    assert_eq!(book.count("SELECT count(*) FROM ledger_entry WHERE account = 'bad_debt'"), 0);
    book.is_sound();
}

#[test]
fn an_amount_in_another_currency_is_refused_by_every_deed() {
    use daybook::domain::ids::{DocumentId, PaymentId};
    use daybook::domain::money::Currency;
    use daybook::engine::command::{Command, MoneyDeed, PaidBy, Refunded};
    let book = paid();
    let mut session = daybook::engine::Session::open(&book.path, daybook::cli::actor()).unwrap();
    let found =
        |what: &str| DocumentId(book.count(&format!("SELECT id FROM document WHERE {what}")));
    let named = |number: &str| found(&format!("number = '{number}'"));
    let (memo, on) = (found("kind = 'credit_memo'"), session.now().unwrap().today);
    let amount = Currency::parse("JPY").map(|yen| yen.amount(1));
    let (then, payment, from) = (Refunded::OwedAgain, PaymentId(3), named("INV-2"));
    let (reason, to) = ("why".to_owned(), "A3".to_owned());
    let deeds = [
        MoneyDeed::Refund { payment, amount, on: None, then, reason: reason.clone() },
        MoneyDeed::Unapply { payment, from, amount, reason: reason.clone() },
        MoneyDeed::Move { payment, to, amount, reason: reason.clone() },
        MoneyDeed::Apply { payment, to: named("INV-9"), amount },
        MoneyDeed::PayOut { memo, amount, by: PaidBy::Transfer, on: None, reason: reason.clone() },
        MoneyDeed::PayOut { memo, amount, by: PaidBy::Payment(payment), on: None, reason },
    ];
    let promise = Command::Promise { document: named("INV-9"), amount, on };
    let rows = "SELECT (SELECT count(*) FROM operation) + (SELECT count(*) FROM payment_event)
                + (SELECT count(*) FROM ledger_entry)";
    let before = book.count(rows);
    for command in deeds.into_iter().map(Command::Money).chain([promise]) {
        let words = format!("{command:?}");
        let done = daybook::engine::perform::perform(&mut session, &words, command);
        let refused = done.unwrap_err().to_string();
        assert_eq!(refused, "amounts in EUR and JPY cannot be added up", "{words}");
    }
    assert_eq!(book.count(rows), before);
    book.is_sound();
}

#[test]
fn a_fee_beyond_what_can_be_counted_is_refused_in_words() {
    let book = paid();
    let rows = "SELECT (SELECT count(*) FROM operation) + (SELECT count(*) FROM ledger_entry)";
    let before = book.count(rows);
    let most = "92233720368547758.07";
    for payment in ["P-1", "P-3"] {
        let args = ["payment", "chargeback", payment, "--code", "10.4", "--fee", most];
        let said = book.run(&args).ends(2).err;
        assert!(said.contains("the amount is too large"), "{payment}: {said}");
    }
    assert_eq!(book.count(rows), before);
    book.is_sound();
}

#[test]
fn no_key_chooses_a_line_that_is_not_shown() {
    use daybook::engine::command::Command;
    use daybook::ui::keymap::Key;
    use daybook::ui::modal::choice::{Choice, Item};
    use daybook::ui::modal::{Intent, Modal, Step};
    let book = paid();
    let mut desk = Desk::at(&book.path, 60, 15);
    desk.press("3");
    let intent = || Intent::Commit { op: String::new(), command: Box::new(Command::Redo) };
    let items = ('a'..='z').filter(|c| !"hjkq".contains(*c));
    let items = items.map(|c| Item::new(c, format!("line {c}"), intent())).collect();
    let mut modal = Modal::Choice(Choice::new("many", items));
    let mut canvas = desk.buffer();
    let area = canvas.area;
    modal.view(&mut canvas, area);
    let now = desk.session.now().unwrap();
    let zone = daybook::zone::Zone::UTC;
    let mut cx = daybook::ui::msg::Cx::new(now, zone, "mia".to_owned(), (60, 15), "n".to_owned());
    assert!(matches!(modal.key(Key::Char('z'), &mut cx), Step::Stay), "it is not shown");
    modal.view(&mut canvas, area);
    assert!(
        crate::harness::desk::text(&canvas).contains("> z"),
        "{}",
        crate::harness::desk::text(&canvas)
    );
    assert!(matches!(modal.key(Key::Char('z'), &mut cx), Step::Then(_)), "now it is");
}

#[test]
fn money_is_taken_off_and_applied_after_its_figures_are_shown() {
    let book = owing(&["ok", ""]);
    let more = "account_number,token,kind,display\nA2,ok,card,visa ··1\n";
    book.import("more.csv", more, &[]);
    let record =
        ["payment", "record", "--account", "A2", "--amount", "12.00", "--invoice", "INV-2"];
    book.run(&[&record[..], &["--reference", "wire", "--date", "2026-01-03"]].concat()).ends(0);
    let balance = |number: &str| {
        book.count(&format!(
            "SELECT s.balance_minor FROM document_state s JOIN document d ON d.id = s.document_id
             WHERE d.number = '{number}'"
        ))
    };
    assert_eq!(balance("INV-2"), 0);
    for (width, height) in [(80, 24), (60, 15)] {
        let mut desk = Desk::at(&book.path, width, height);
        desk.press("8j$u<C-u>4.00<Tab>typo<C-s>").shows("4.00 EUR of P-000001 are taken off INV-2");
        desk.shows("INV-2: 4.00 EUR are owed again");
        desk.press("<Enter>").shows("what was typed is still here");
        assert_eq!(balance("INV-2"), 0, "Enter alone does nothing");
    }
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("8j$u<C-u>4.00<Tab>typo<C-s>y").shows("4.00 EUR no longer applied to INV-2");
    assert_eq!(balance("INV-2"), 400);
    desk.press("$a<Enter><C-u>3.00<C-s>").shows("3.00 EUR of P-000001 pay INV-2.");
    desk.shows("INV-2: 1.00 EUR stay open").shows("P-000001: 3.00 EUR stay unapplied");
    assert_eq!(balance("INV-2"), 400);
    desk.press("y");
    assert_eq!(balance("INV-2"), 100);
    // All that is unapplied, on what is owed: with both sums.
    desk.press("5fffffffffff").shows("[unapplied]");
    desk.press("a").shows("1.00 EUR pay 1 open invoice of A2 over 1.00 EUR, oldest first.");
    desk.shows("2.00 EUR stay unapplied");
    assert_eq!(balance("INV-2"), 100);
    desk.press("y");
    assert_eq!(balance("INV-2"), 0);
    desk.press("u").shows("take it off the invoice again");
    book.is_sound();
}

#[test]
fn auto_pay_is_switched_after_a_yes_that_names_the_invoice_and_its_money() {
    let book = owing(&["ok"]);
    let off = || book.count("SELECT count(*) FROM document_state WHERE auto_pay_off = 1");
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("5ffffffffffA").shows("y/n  Auto-pay off for INV-1 (10.00 EUR)?");
    assert_eq!(off(), 0);
    desk.press("y").shows("auto-pay off");
    assert_eq!(off(), 1);
    desk.press("A").shows("Auto-pay on for INV-1 (10.00 EUR)?");
    desk.press("y");
    assert_eq!(off(), 0);
}

/// All of it in a terminal, one after the other, each step looked at by another process.
#[test]
fn money_by_keys_alone() {
    let book = paid();
    let mut pty = Pty::console(&book.path, 80, 24);
    pty.shows("usage loaded");
    let keys = |pty: &mut Pty, keys: &str, words: &str| {
        pty.send(keys);
        pty.shows(words);
    };
    let save = "\x13";
    let sound = || daybook(&book.path, &["check"]).ends(0);
    keys(&mut pty, "8", "Customer 2");
    keys(&mut pty, "j$", "take off INV-2");
    // Keyed on the wrong invoice and, in part, on the wrong customer.
    keys(&mut pty, "u", "it is owed again");
    keys(&mut pty, &format!("\ttypo{save}"), "are taken off INV-2");
    keys(&mut pty, "y", "no longer applied to INV-2");
    assert_eq!(balance(&book, "INV-2"), 1_000);
    sound();
    keys(&mut pty, "$", "12.00 unapplied");
    keys(&mut pty, "a", "INV-9");
    keys(&mut pty, "j\r", "open 7.00 EUR, unapplied 12.00 EUR");
    keys(&mut pty, save, "7.00 EUR of P-000003 pay INV-9");
    keys(&mut pty, "y", "P-000003: 7.00 EUR applied to INV-9");
    assert_eq!(balance(&book, "INV-9"), 0);
    sound();
    keys(&mut pty, "$", "5.00 unapplied");
    keys(&mut pty, "m", "letters of the name");
    keys(&mut pty, "Customer 3", "Right takes A3");
    keys(&mut pty, "\x1b[C", "A3 Customer 3");
    keys(&mut pty, &format!("\t\ttypo{save}"), "from A2 Customer 2 to A3 Customer 3");
    keys(&mut pty, "y", "5.00 EUR moved to A3 as P-000005");
    sound();
    // A bank debit goes back by a worker; what it leaves owed takes what was moved there.
    keys(&mut pty, "j$", "P-000005");
    keys(&mut pty, "j\r", "10.00 may go back");
    keys(&mut pty, "r", "at most 10.00 EUR");
    keys(&mut pty, &format!("\t\tpaid twice{save}"), "until 2026-03-02");
    pty.shows("5.00 EUR of the account's credits");
    keys(&mut pty, "y", "refund of 10.00 EUR of P-000002 done: 1 of 1");
    assert_eq!(balance(&book, "INV-3"), 500);
    sound();
    // The credit memo of A1, from the tab of unapplied money.
    pty.send("5fffffffffff");
    pty.shows("[unapplied]");
    keys(&mut pty, "/CM-\r", "CM-");
    keys(&mut pty, "$", "Pay out CM-");
    keys(&mut pty, &format!("\t\tgone{save}"), "a person makes the transfer");
    keys(&mut pty, "y", "3.00 EUR paid out on 2026-01-05");
    sound();
    pty.send("q");
    book.is_sound();
}

#[test]
fn what_a_person_found_out_of_a_payment_is_said_at_the_console() {
    for (found, token, charged) in [("c", "timeout_after", true), ("n", "timeout_before", false)] {
        let book = owing(&[token]);
        book.run(&["collect", "--target", "2026-01-31"]).ends(1);
        assert_eq!(book.count("SELECT count(*) FROM payment WHERE status = 'Unknown'"), 1);
        let mut desk = Desk::at(&book.path, 100, 30);
        desk.press("8$").shows("it was charged: the money came…");
        desk.press(found);
        if charged {
            desk.press("sb_000000001<Tab><Tab>");
        }
        desk.press("seen on their page<C-s>");
        let asked = if charged { "it came" } else { "not charged" };
        desk.shows(asked);
        desk.press("y");
        let status = if charged { "Approved" } else { "Declined" };
        let of = format!("SELECT count(*) FROM payment WHERE status = '{status}'");
        assert_eq!(book.count(&of), 1, "{}", desk.picture());
        assert_eq!(balance(&book, "INV-1") == 0, charged);
        drop(desk);
        book.run(&["check"]).ends(0);
    }
}

#[test]
fn a_charge_that_is_found_counts_from_its_day_there() {
    let book = owing(&["timeout_after"]);
    book.run(&["collect", "--target", "2026-01-31"]).ends(1);
    let seen =
        ["payment", "reconcile", "P-000001", "--approved", "ch_77", "--evidence", "their page"];
    let dated = |day: &str| book.run(&[&seen[..], &["--date", day]].concat());
    assert!(dated("2025-12-31").ends(2).err.contains("was asked for on"));
    let began: String = {
        let conn = rusqlite::Connection::open(&book.path).unwrap();
        let sql = "SELECT date(created_at / 1000, 'unixepoch') FROM payment";
        conn.query_row(sql, [], |r| r.get(0)).unwrap()
    };
    dated(&began).ends(0);
    let dated = format!(
        "SELECT count(*) FROM payment WHERE received_on = '{began}' AND value_on = '{began}'"
    );
    assert_eq!(book.count(&dated), 1);
    book.run(&["check"]).ends(0);
}
