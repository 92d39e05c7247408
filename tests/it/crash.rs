//! kill -9 at twenty points of progress: going on gives the same documents as an undisturbed run.

use crate::harness::crash::{DOCUMENTS, storm, waiting};

const ACCOUNTS: usize = 1_500;

#[test]
fn a_killed_bill_run_goes_on_as_if_nothing_had_happened() {
    let book = waiting(ACCOUNTS);
    storm(&book.path, &["bill", "--target", "2026-03-01"], ACCOUNTS, DOCUMENTS);
}

#[test]
fn a_killed_posting_goes_on_with_the_next_number() {
    let book = waiting(ACCOUNTS);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    storm(&book.path, &["post", "BR-000001"], ACCOUNTS, DOCUMENTS);
}

/// What was charged, with which outcome, on which invoice.
const PAYMENTS: &str =
    "SELECT a.number, p.amount_minor, p.status, p.decline_code, p.attempt, d.number,
    l.amount_minor, l.state, s.balance_minor FROM payment p JOIN account a ON a.id = p.account_id
    JOIN allocation l ON l.payment_id = p.id JOIN document d ON d.id = l.document_id
    JOIN document_state s ON s.document_id = d.id ORDER BY 1, 6";

#[test]
fn a_killed_payment_run_charges_nobody_twice() {
    let book = waiting(ACCOUNTS);
    book.run(&["bill", "--target", "2026-03-01"]).ends(0);
    book.run(&["post", "BR-000001"]).ends(0);
    storm(&book.path, &["collect", "--target", "2026-03-01"], ACCOUNTS, PAYMENTS);
}
