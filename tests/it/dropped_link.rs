//! The terminal goes away in the middle of something: what was typed is offered back at the next login,
//! what was saved is saved once, and a posting that was begun is finished, each document once.

use crate::harness::book::Book;
use crate::harness::crash::{rows, waiting};
use crate::harness::pty::{PATIENCE, Pty};
use nix::sys::signal::Signal;
use std::time::Instant;

/// Accounts of a posting that is slow enough to be caught in the act.
const MANY: usize = 1_200;

fn billed(accounts: usize) -> Book {
    let book = waiting(accounts);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book
}

fn console(book: &Book) -> Pty {
    let pty = Pty::console(&book.path, 80, 24);
    pty.shows("bill run");
    pty
}

/// Waits for a number out of the book.
fn comes(book: &Book, what: &str, sql: &str, is: impl Fn(i64) -> bool) -> i64 {
    let begun = Instant::now();
    loop {
        let found = book.count(sql);
        if is(found) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited for {what}: {found}");
        std::thread::yield_now();
    }
}

/// A login that is offered nothing: a question would take the key.
fn is_offered_nothing(pty: &mut Pty) {
    pty.send("3");
    let text =
        pty.until("the drafts", |text| text.contains("3 Invoices") || text.contains("Continue"));
    assert!(!text.contains("unsaved"), "{text}");
}

/// Types a number and a reason into the form of the first draft; nothing is saved.
fn typed(book: &Book, number: &str) -> Pty {
    let mut pty = console(book);
    pty.send("3");
    pty.shows("[to check]");
    pty.send("e");
    pty.shows("dates, PO number, note…");
    pty.send("d");
    pty.shows("invoice date");
    pty.send(&format!("\t\t\x15{number}\t\tshe rang"));
    pty.shows("she rang");
    pty
}

#[test]
fn an_edit_under_a_terminal_that_goes_away_is_offered_back_and_saved_once() {
    let book = billed(3);
    let mut pty = typed(&book, "PO-4711");
    pty.hang_up();
    assert_eq!(pty.end().0, 129);
    let saved = "SELECT count(*) FROM operation WHERE summary LIKE 'PO number:%'";
    assert_eq!(book.count(saved), 0, "nobody saved it");
    let mut again = console(&book);
    again.shows("1 unsaved edit");
    again.send("y");
    let form = again.shows("she rang");
    assert!(form.contains("Edit D-000003") && form.contains("PO-4711"), "{form}");
    again.send("\x13");
    again.shows("D-000003: PO number: PO-4711");
    assert_eq!(book.document("D-3")["po_number"], "PO-4711");
    again.send("\x03");
    assert_eq!(again.end().0, 0);
    let mut third = console(&book);
    is_offered_nothing(&mut third);
    assert_eq!(book.count(saved), 1);
    drop(third);
    book.is_sound();
}

#[test]
fn an_edit_that_was_handed_in_as_the_terminal_went_away_is_saved_or_offered_back() {
    let book = billed(3);
    for nth in 0..4 {
        let number = format!("PO-{nth}");
        let mut pty = typed(&book, &number);
        pty.send("\x13");
        pty.hang_up();
        assert_eq!(pty.end().0, 129);
        let mut again = console(&book);
        let saved = book.document("D-3")["po_number"] == number.as_str();
        if saved {
            is_offered_nothing(&mut again);
        } else {
            again.shows("1 unsaved edit");
            again.send("y");
            again.shows(&number);
            again.send("\x13");
            again.shows(&format!("PO number: {number}"));
        }
        again.send("\x03");
        assert_eq!(again.end().0, 0);
        let sql =
            format!("SELECT count(*) FROM operation WHERE summary LIKE 'PO number:%{number} %'");
        assert_eq!(book.count(&sql), 1, "{nth}");
    }
    book.is_sound();
}

#[test]
fn a_note_that_was_handed_in_as_the_terminal_went_away_is_kept_once() {
    let book = billed(3);
    for nth in 0..4 {
        let note = format!("she rang {nth} times");
        let mut pty = console(&book);
        pty.send("3");
        pty.shows("[to check]");
        pty.send("r");
        pty.shows("Notes and references of");
        pty.send("n");
        pty.shows("Note on");
        pty.send(&note);
        pty.shows(&note);
        pty.send("\r");
        pty.hang_up();
        assert_eq!(pty.end().0, 129);
        let kept = format!("SELECT count(*) FROM note WHERE text = '{note}'");
        let mut again = console(&book);
        if book.count(&kept) == 1 {
            is_offered_nothing(&mut again);
        } else {
            again.shows("1 unsaved edit");
            again.send("y");
            again.shows(&note);
            again.send("\x13");
            again.shows("note kept");
        }
        again.send("\x03");
        assert_eq!(again.end().0, 0);
        assert_eq!(book.count(&kept), 1, "{nth}");
    }
}

/// A posting begun by keys, whose console goes away in one way or another; the next login sees it done.
fn posting(way: &str, gone: impl Fn(&mut Pty)) {
    let book = billed(MANY);
    let mut pty = console(&book);
    pty.send("3");
    pty.shows("[to check]");
    pty.send("P");
    pty.shows("every postable draft");
    pty.send("r");
    pty.shows("Enter alone cancels");
    pty.send(&format!("{MANY}\r"));
    let done = "SELECT coalesce(max(done), 0) FROM job WHERE kind = 'post'";
    comes(&book, "the posting", done, |done| done > 0);
    gone(&mut pty);
    pty.end();
    let left = MANY as i64 - book.count(done);
    assert!(left > 0, "{way}: the posting was over before the terminal went away");
    let mut again = console(&book);
    let posted = "SELECT count(*) FROM bill_run WHERE status = 'Posted'";
    comes(&book, way, posted, |posted| posted == 1);
    again.send("6");
    again.until("the job", |text| {
        text.lines()
            .any(|line| line.contains("post") && line.contains("BR-") && line.contains("Done"))
    });
    again.send("\x03");
    assert_eq!(again.end().0, 0);
    // Each document once: one number each without a gap, one entry each, told once.
    let of = |sql: &str| rows(&book.path, sql);
    let numbers = of("SELECT count(*), count(DISTINCT number), min(number), max(number)
        FROM document WHERE status = 'Posted'");
    let (first, last) = ("INV-2026-000001".as_bytes(), format!("INV-2026-{MANY:06}"));
    let expected =
        format!("Integer({MANY})|Integer({MANY})|Text({first:?})|Text({:?})", last.as_bytes());
    assert_eq!(numbers, [expected], "{way}");
    let twice = "SELECT document_id FROM ledger_entry WHERE account = 'receivable'
        GROUP BY document_id HAVING count(*) <> 1";
    assert_eq!(of(twice), Vec::<String>::new(), "{way}");
    book.run(&["check"]).ends(0);
}

#[test]
fn a_posting_goes_on_when_the_terminal_goes_away() {
    posting("hung up", Pty::hang_up);
}

#[test]
fn a_posting_whose_console_died_is_taken_up_at_the_next_login() {
    posting("killed", |pty| pty.signal(Signal::SIGKILL));
}
