//! Each named invariant is seen to catch its own violation, written past all guards.

use crate::harness::book::Book;
use crate::harness::day::{billed, posted};
use daybook::store::check::CHECKS;
use std::collections::BTreeSet;

/// The check, and what breaks it. Guards are off while it is written.
const SEEDS: &[(&str, &str)] = &[
    ("file_sound", "UPDATE document_item SET document_id = 777 WHERE id = 1"),
    ("guards_present", "DROP TRIGGER document_posted_update"),
    ("guards_present", "DROP INDEX allocation_one_live"),
    ("guards_present", "CREATE TRIGGER mine AFTER INSERT ON document BEGIN SELECT 1; END"),
    ("audit_chain", "UPDATE operation SET summary = 'nothing happened' WHERE seq = 3"),
    ("audit_chain", "DELETE FROM operation WHERE seq = 3"),
    ("rows_audited", "DELETE FROM operation"),
    ("rows_audited", "DELETE FROM operation WHERE seq = (SELECT max(txn) FROM ledger_entry)"),
    ("rows_audited", "UPDATE import_file SET at = 7 WHERE id = 1"),
    ("lines_sum", "UPDATE document_item SET amount_minor = amount_minor + 1 WHERE id = 1"),
    ("tax_sums", "UPDATE document SET tax_minor = tax_minor + 1, total_minor = total_minor + 1 WHERE id = 1"),
    ("tax_sums", "UPDATE document_tax SET base_minor = base_minor - 5 WHERE document_id = 1"),
    ("tax_rounded_once", "UPDATE document_tax SET tax_minor = tax_minor + 1 WHERE document_id = 1"),
    ("posted_complete", "UPDATE document SET content_hash = NULL WHERE id = 2"),
    ("posted_complete", "UPDATE document SET number = 'INV-2026-9' WHERE id = 4"),
    ("state_follows", "UPDATE document_state SET status = 'Draft' WHERE document_id = 1"),
    ("state_follows", "UPDATE document_state SET due_on = '2030-01-01' WHERE document_id = 1"),
    ("numbers_gap_free", "UPDATE series SET last = last + 1"),
    ("numbers_gap_free", "UPDATE document SET number = 'INV-2026-000009' WHERE id = 3"),
    ("posted_unchanged", "UPDATE document_item SET description = 'Free' WHERE id = 1"),
    ("posted_unchanged", "UPDATE document SET note = 'Free' WHERE id = 2"),
    ("texts_there", "UPDATE document SET frozen_id = 777 WHERE id = 1"),
    ("texts_there", "UPDATE document_item SET derivation = '', derivation_id = 777 WHERE id = 1"),
    (
        "billed_once",
        "INSERT INTO claim SELECT charge_id, target_charge_id, '2026-01-15', 9, to_on, role, account_id, document_id,
            item_id, charge_version_id, rated_minor, period FROM claim WHERE charge_id = 1 AND from_on = '2026-01-01'",
    ),
    ("billed_once", "UPDATE claim SET role = 'credited' WHERE charge_id = 1 AND from_on = '2026-01-01'"),
    ("claims_held", "UPDATE claim SET item_id = NULL WHERE charge_id = 2 AND from_on = '2026-01-01'"),
    ("claims_held", "UPDATE claim SET item_id = 777 WHERE charge_id = 2 AND from_on = '2026-01-01'"),
    ("claims_held", "DELETE FROM claim WHERE document_id = 2"),
    ("clerks_have_drafts", "INSERT INTO clerk_claim VALUES (1, 7, 'ada', '2026-01-01')"),
    ("agreed_stands", "UPDATE document_state SET disputed = 'price' WHERE document_id = 2"),
    ("agreed_stands", "UPDATE document_state SET promised_on = '2030-01-01' WHERE document_id = 2"),
    (
        "agreed_stands",
        "INSERT INTO dispute (document_id, code, words, amount_minor, owner, opened_by, opened_at, state)
         VALUES (2, 'other', '', 5, '', '', 0, 'open')",
    ),
    (
        "agreed_stands",
        "INSERT INTO instalment_plan (id, account_id, currency, state, made_by, made_at) VALUES (1, 1, 'EUR', 'open', '', 0);
         INSERT INTO instalment VALUES (1, 0, '2030-01-01', 5); INSERT INTO instalment_document VALUES (1, 2, 6, 1);
         UPDATE document_state SET promised_on = '2030-01-01' WHERE document_id = 2",
    ),
    (
        "agreed_stands",
        "INSERT INTO instalment_plan (id, account_id, currency, state, made_by, made_at) VALUES (1, 1, 'EUR', 'open', '', 0);
         INSERT INTO instalment VALUES (1, 0, '2030-01-01', 5); INSERT INTO instalment_document VALUES (1, 2, 5, 1)",
    ),
    (
        "agreed_stands",
        "INSERT INTO instalment_plan (id, account_id, currency, state, made_by, made_at) VALUES (1, 1, 'EUR', 'open', '', 0);
         INSERT INTO instalment VALUES (1, 0, '2030-01-01', 5); INSERT INTO instalment_document VALUES (1, 2, 5, 0)",
    ),
    (
        "agreed_stands",
        "INSERT INTO agency_case (account_id, agency, reference, state, handed_by, handed_on) VALUES (1, 'X', '', 'open', '', '2026-01-01')",
    ),
    ("closed_unchanged", "UPDATE ledger_entry SET entry_on = '2026-01-31' WHERE id = 1"),
    ("closed_unchanged", "UPDATE ledger_entry SET document_id = 2 WHERE id = 1"),
    ("closed_unchanged", "DELETE FROM ledger_entry WHERE id = 1"),
    ("closed_unchanged", "UPDATE book_period_sum SET debit_minor = debit_minor + 1"),
    (
        "closed_unchanged",
        "INSERT INTO ledger_entry SELECT NULL, txn, entry_on, account, account_id, document_id, payment_id, currency,
           debit_minor, credit_minor FROM ledger_entry",
    ),
    (
        "deferred_ties",
        "INSERT INTO deferred_line VALUES (1, 1, 1, 1, 'EUR', '', '2026-02-01', '2026-02-28', '2026-02-01', 100, 0)",
    ),
    (
        "deferred_ties",
        "INSERT INTO deferred_line VALUES (1, 1, 1, 1, 'EUR', '', '2026-02-01', '2026-02-28', '2026-02-01', 100, 100)",
    ),
    (
        "deferred_ties",
        "UPDATE ledger_entry SET account = 'deferred' WHERE account = 'revenue' AND document_id = 1",
    ),
    (
        "bank_lines_matched",
        "INSERT INTO bank_account VALUES (1, 'main', '', 'EUR', 0);
         INSERT INTO bank_line (bank_account_id, statement_id, key, entry_ref, value_on, booked_on, amount_minor, state, rule,
           unidentified_minor, txn) VALUES (1, 1, 'x', '', '2026-01-01', '2026-01-01', 5, 'Matched', 'none', 0, 1)",
    ),
    ("bank_lines_matched", "UPDATE payment SET gateway = 'bank' WHERE id = 1"),
    ("bank_ledger", "UPDATE ledger_entry SET account = 'unidentified' WHERE id = 1"),
    ("bank_ledger", "UPDATE ledger_entry SET account_id = 0 WHERE account = 'receivable'"),
    (
        "payouts_add_up",
        "INSERT INTO payout VALUES (1, 'sandbox', 'po_1', 'Booked', '2026-01-01', '2026-01-01', 'EUR', 5, 1, 4, x'00')",
    ),
    (
        "agreed_stands",
        "INSERT INTO reminder VALUES (1, 1, 'a@x.example', 'came_back', 5); INSERT INTO reminder_document VALUES (1, 2, 1, 0, NULL);
         UPDATE document_state SET reminder_level = 1, reminded_at = 5 WHERE document_id = 2",
    ),
    ("customers_found", "DELETE FROM account_text_docsize WHERE id = 2"),
    ("tallies_count", "UPDATE tally SET count = count + 1 WHERE name = 'owed'"),
    ("tallies_count", "UPDATE tally SET sum_minor = sum_minor + 1 WHERE name = 'undelivered'"),
    ("tallies_count", "UPDATE tally SET flagged = flagged + 1 WHERE name = 'draft'"),
    ("tallies_count", "DELETE FROM tally"),
    ("tallies_count", "DELETE FROM document_tally"),
    ("tallies_count", "UPDATE document_tally SET sum_minor = sum_minor + 1"),
    ("tallies_count", "DELETE FROM collectible WHERE document_id = 2"),
    ("tallies_count", "UPDATE collectible SET until_on = '2030-01-01' WHERE document_id = 2"),
    ("tallies_count", "INSERT INTO collectible VALUES (777, 1, 'EUR', 5, 'leave', '', '', 0, 0)"),
    ("tallies_count", "INSERT INTO collectible_sum VALUES ('failed', '', 'XTS', 1, 5)"),
    (
        "ledger_ties",
        "INSERT INTO ledger_entry SELECT NULL, txn, entry_on, account, account_id, document_id, payment_id, currency,
           9223372036854775807, 0 FROM ledger_entry WHERE account = 'receivable'",
    ),
    (
        "settled_posted",
        "INSERT INTO settled SELECT account_id, '2030-01-01', 0 FROM document WHERE status = 'Draft' LIMIT 1",
    ),
    (
        "settled_posted",
        "INSERT INTO settled SELECT account_id, from_on, 0 FROM claim WHERE document_id = 1 LIMIT 1;
         UPDATE claim SET target_charge_id = 1 WHERE document_id = 1",
    ),
    ("usage_once", "UPDATE usage_claim SET document_id = 2"),
    (
        "credits_within_lines",
        "UPDATE document_item SET corrects_item_id = 1, amount_minor = -10001 WHERE document_id = 4",
    ),
    (
        "memos_within",
        "UPDATE document SET kind = 'credit_memo', status = 'Posted', corrects_id = 3, number = 'CM-9', posted_at = 1,
            subtotal_minor = -90001, tax_minor = 0, total_minor = -90001 WHERE id = 4",
    ),
    ("reissued_ties", "UPDATE document SET corrects_id = 1 WHERE id = 2"),
    ("credits_documented", "UPDATE document SET settled_before_minor = 5 WHERE id = 1"),
    (
        "credits_documented",
        "INSERT INTO credit_application (credit_id, document_id, amount_minor, applied_on, applied_at)
            VALUES (1, 2, 5, '2026-01-01', 1)",
    ),
    (
        "credits_documented",
        "UPDATE document SET kind = 'credit_memo', status = 'Posted', source = 'reverse', number = 'CM-9', posted_at = 1,
            subtotal_minor = -5, tax_minor = 0, total_minor = -5 WHERE id = 4",
    ),
    (
        "credits_documented",
        "UPDATE document SET kind = 'credit_memo', status = 'Posted', source = 'open_item', number = 'CM-9', posted_at = 1,
            subtotal_minor = -5, tax_minor = 0, total_minor = -5 WHERE id = 4",
    ),
    ("ledger_balanced", "UPDATE ledger_entry SET debit_minor = debit_minor + 1 WHERE id = 1"),
    ("ledger_ties", "UPDATE ledger_entry SET account = 'cash:sandbox' WHERE account = 'receivable' AND document_id = 1"),
    (
        "no_receivable_below_zero",
        "INSERT INTO ledger_entry (txn, entry_on, account, account_id, document_id, currency, debit_minor, credit_minor)
            VALUES (1, '2001-01-01', 'receivable', 1, 1, 'EUR', 0, 5), (1, '2001-01-01', 'credit', 1, 1, 'EUR', 5, 0)",
    ),
    ("ledger_by_document", "UPDATE ledger_entry SET document_id = NULL WHERE account = 'receivable' AND document_id = 1"),
    (
        "ledger_by_document",
        "INSERT INTO ledger_entry (txn, entry_on, account, account_id, currency, debit_minor, credit_minor)
            VALUES (1, '2026-02-01', 'credit', 1, 'EUR', 0, 5), (1, '2026-02-01', 'cash:x', 1, 'EUR', 5, 0)",
    ),
    (
        "ledger_by_document",
        "INSERT INTO ledger_entry (txn, entry_on, account, account_id, document_id, currency, debit_minor, credit_minor)
            VALUES (1, '2026-02-01', 'receivable', 1, 1, 'EUR', 5, 0), (1, '2026-02-01', 'bad_debt', 1, 1, 'EUR', 0, 5)",
    ),
    (
        "ledger_by_document",
        "INSERT INTO ledger_entry (txn, entry_on, account, account_id, payment_id, currency, debit_minor, credit_minor)
            VALUES (1, '2026-02-01', 'credit', 1, 1, 'EUR', 0, 5), (1, '2026-02-01', 'cash:x', 1, 1, 'EUR', 5, 0)",
    ),
    ("dates_in_order", "UPDATE allocation SET state = 'applied', applied_on = '2001-01-01'"),
    (
        "dates_in_order",
        "UPDATE allocation SET state = 'applied', applied_on = '2030-01-01'; UPDATE payment SET received_on = '2030-01-02'",
    ),
    (
        "dates_in_order",
        "INSERT INTO credit_application (credit_id, document_id, amount_minor, applied_on, applied_at)
            VALUES (2, 1, 5, '2001-01-01', 1)",
    ),
    // The credit alone is of a later day.
    (
        "dates_in_order",
        "UPDATE document SET invoice_on = '2030-01-02' WHERE id = 4;
         INSERT INTO credit_application (credit_id, document_id, amount_minor, applied_on, applied_at)
            VALUES (4, 1, 5, '2030-01-01', 1)",
    ),
    (
        "dates_in_order",
        "UPDATE payment SET received_on = '2026-02-02';
         INSERT INTO payment_event (payment_id, kind, status, amount_minor, event_on, at) VALUES (1, 'refund', 'Done', 5, '2026-02-01', 1)",
    ),
    (
        "dates_in_order",
        "UPDATE payment SET received_on = '2026-02-02';
         INSERT INTO payment_event (payment_id, kind, status, amount_minor, event_on, at) VALUES (1, 'return', 'Done', 5, '2026-02-01', 1)",
    ),
    (
        "dates_in_order",
        "UPDATE payment SET received_on = '2026-02-02';
         INSERT INTO payment_event (payment_id, kind, status, amount_minor, event_on, at) VALUES (1, 'chargeback', 'Done', 5, '2026-02-01', 1)",
    ),
    ("dates_in_order", "UPDATE allocation SET applied_on = '2030-01-02', unapplied_on = '2030-01-01'"),
    (
        "dates_in_order",
        "INSERT INTO memo_refund (document_id, amount_minor, refunded_on, at, reason) VALUES (1, 5, '2001-01-01', 1, 'x')",
    ),
    (
        "dates_in_order",
        "UPDATE payment SET received_on = '2026-02-02';
         INSERT INTO payment (id, account_id, gateway, amount_minor, currency, status, idempotency_key, body_hash, attempt, created_at,
            received_on, moved_from) VALUES (2, 1, 'outside', 5, 'EUR', 'Approved', 'k2', '', 1, 1, '2026-02-01', 1)",
    ),
    ("one_currency", "UPDATE account SET currency = 'USD' WHERE id = 1"),
    (
        "one_currency",
        "INSERT INTO currency_conversion VALUES (1, 'BGN', 'EUR', '1.95583', 195583, 100000, '2026-01-01', 1, 1);
         INSERT INTO carried VALUES (1, 1, 1, 1, NULL, NULL, NULL, 100, 100, '2026-01-01', 1)",
    ),
    ("balances", "UPDATE document_state SET balance_minor = balance_minor - 1 WHERE document_id = 1"),
    ("account_balances", "UPDATE account SET open_minor = open_minor + 1 WHERE id = 1"),
    ("never_over", "UPDATE document_state SET balance_minor = -1 WHERE document_id = 1"),
    ("never_over", "INSERT INTO allocation (payment_id, document_id, amount_minor, state) VALUES (1, 1, 36961, 'applied')"),
    ("deeds_recorded", "UPDATE payment SET method_id = NULL"),
    (
        "deeds_recorded",
        "INSERT INTO deed (op_seq, at, done_on, uid, user_name, account_id, kind, amount_minor, currency)
            VALUES (999, 1, '2026-01-01', 7, 'ada', 1, 'refund', 500, 'EUR')",
    ),
    (
        "alone_within_limit",
        "INSERT INTO deed (op_seq, at, done_on, uid, user_name, account_id, kind, amount_minor, currency, limit_minor)
            VALUES (1, 1, '2026-01-01', 7, 'ada', 1, 'refund', 60, 'EUR', 100), (1, 2, '2026-01-01', 7, 'ada', 1, 'refund', 60, 'EUR', 100)",
    ),
    (
        "one_side_each",
        "INSERT INTO deed (op_seq, at, done_on, uid, user_name, account_id, kind, amount_minor, currency, window_ms)
            VALUES (1, 1, '2026-01-01', 7, 'ada', 1, 'refund', 60, 'EUR', 9), (1, 2, '2026-01-01', 7, 'ada', 1, 'payment', 60, 'EUR', 9)",
    ),
    ("payments_add_up", "UPDATE payment SET unapplied_minor = 5 WHERE id = 1"),
    ("payments_add_up", "UPDATE payment SET status = 'Approved' WHERE id = 1"),
    ("allocations_follow", "UPDATE payment SET status = 'Declined' WHERE id = 1"),
    ("allocations_follow", "UPDATE allocation SET document_id = 2 WHERE payment_id = 1"),
    (
        "one_live_payment",
        "DROP INDEX allocation_one_live;
         INSERT INTO allocation (payment_id, document_id, amount_minor, state) VALUES (1, 1, 1, 'live')",
    ),
    ("one_live_payment", "DELETE FROM allocation"),
    (
        "no_retry_over_unknown",
        "INSERT INTO payment (id, account_id, method_id, gateway, amount_minor, currency, status, idempotency_key, body_hash,
            attempt, created_at) VALUES (2, 1, 1, 'sandbox', 5, 'EUR', 'Approved', 'k2', '', 2, 2);
         INSERT INTO allocation (payment_id, document_id, amount_minor, state) VALUES (2, 1, 5, 'applied')",
    ),
    (
        "deliveries",
        "INSERT INTO delivery (document_id, account_id, channel, address, status, queued_at, not_before_at)
         VALUES (4, 1, 'email', 'a@b.example', 'Queued', 1, 1)",
    ),
    (
        "deliveries",
        "INSERT INTO delivery (document_id, account_id, channel, address, status, queued_at, not_before_at)
         VALUES (1, 1, 'email', 'a@b.example', 'Printed', 1, 1)",
    ),
    (
        "network",
        "INSERT INTO delivery (document_id, account_id, channel, address, status, queued_at, not_before_at)
         VALUES (1, 1, 'network', '0204:1', 'Sent', 1, 1)",
    ),
    (
        "network",
        "INSERT INTO delivery (id, document_id, account_id, channel, address, status, queued_at, not_before_at)
         VALUES (90, 1, 1, 'network', '0204:1', 'Queued', 1, 1);
         INSERT INTO network_copy (delivery_id, state, place, file) VALUES (90, 'refused', '', 'x')",
    ),
    (
        "network",
        "INSERT INTO delivery (id, document_id, account_id, channel, address, status, queued_at, not_before_at)
         VALUES (90, 1, 1, 'network', '0204:1', 'Sent', 1, 1);
         INSERT INTO network_copy (delivery_id, state, place, file) VALUES (90, 'accepted', '', 'x')",
    ),
    ("leases", "UPDATE bill_run SET status = 'Processing'"),
    ("leases", "UPDATE job SET ended_at = NULL"),
];

/// A posted book with a draft (D-000004) and a payment whose answer is unknown (P-000001).
fn seeded() -> Book {
    let book = posted();
    book.say("period close 2026-02 --yes --now 2026-03-01").ends(0);
    book.say("bill --target 2026-03-01 --account A1 --now 2026-03-01").ends(0);
    open(&book)
        .execute_batch(
            "INSERT INTO payment_method (id, account_id, gateway, token, kind, display, priority, status, changed_at)
             VALUES (1, 1, 'sandbox', 'timeout_after', 'card', 'visa ··4242', 1, 'active', 1);
             INSERT INTO payment (id, account_id, method_id, gateway, amount_minor, currency, status, idempotency_key,
                body_hash, attempt, created_at) VALUES (1, 1, 1, 'sandbox', 100, 'EUR', 'Unknown', 'k1', '', 1, 1);
             INSERT INTO allocation (payment_id, document_id, amount_minor, state) VALUES (1, 1, 100, 'live');",
        )
        .unwrap();
    book
}

fn open(book: &Book) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA recursive_triggers = OFF;")
        .unwrap();
    conn
}

/// Runs `sql` with every trigger taken away and put back.
fn unguarded(conn: &rusqlite::Connection, sql: &str) {
    let mut statement =
        conn.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let guards: Vec<(String, String)> = statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(statement);
    for (name, _) in &guards {
        conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let (own, rest) = match sql.strip_prefix("DROP TRIGGER ") {
        Some(name) => (Some(name), ""),
        None => (None, sql),
    };
    conn.execute_batch(rest).unwrap_or_else(|e| panic!("{sql}: {e}"));
    for (name, made) in &guards {
        if own != Some(name.as_str()) {
            conn.execute_batch(made).unwrap();
        }
    }
}

#[test]
fn each_check_catches_its_violation() {
    let book = seeded();
    book.is_sound();
    let clean = std::fs::read(&book.path).unwrap();
    for (name, sql) in SEEDS {
        let broken =
            Book { path: book.dir.path().join("broken.db"), dir: tempfile::tempdir().unwrap() };
        std::fs::write(&broken.path, &clean).unwrap();
        unguarded(&open(&broken), sql);
        let ran = broken.run(&["check", name, "--json"]).ends(4);
        let found = ran.json();
        assert_eq!(found["checks"][0]["name"], *name);
        assert_eq!(found["checks"][0]["ok"], false, "{sql}");
        assert!(!found["checks"][0]["violations"][0].as_str().unwrap().is_empty());
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", broken.path.display()));
        }
    }
}

/// What was posted before codes of one rate shared their rounding keeps it.
#[test]
fn tax_of_another_rule_is_not_judged() {
    let book = posted();
    let conn = open(&book);
    unguarded(&conn, "UPDATE document_tax SET tax_minor = tax_minor + 1 WHERE document_id = 1");
    book.run(&["check", "tax_rounded_once"]).ends(4);
    unguarded(&conn, "UPDATE document_tax SET rounding = NULL WHERE document_id = 1");
    book.run(&["check", "tax_rounded_once"]).ends(0);
}

/// What one connection remembers of the index of texts, others may have merged away since.
#[test]
fn the_index_of_texts_is_sound_for_one_who_knew_it_before_others_wrote() {
    let book = posted();
    let session = || daybook::engine::Session::open(&book.path, daybook::cli::actor()).unwrap();
    let (mut one, mut other) = (session(), session());
    let write = |by: &mut daybook::engine::Session, n: usize| {
        let text = format!("account_number,email\nA1,a{n}@strom.example\n");
        let files = vec![("accounts.csv".to_owned(), text.into_bytes())];
        let options = daybook::engine::import::Options { yes: true, ..Default::default() };
        let report = daybook::engine::import::import_texts(by, files, &options).unwrap();
        assert_eq!(report.files[0].refused.len(), 0);
    };
    for n in 0..60 {
        write(if n % 20 < 12 { &mut one } else { &mut other }, n);
        for check in daybook::engine::care::check::check(&one, "file_sound").unwrap() {
            assert!(check.ok, "{n}: {:?}", check.violations);
        }
    }
    let filter = daybook::store::read::Filter::parse("strom").unwrap();
    let found = one.store.read(|db| daybook::store::read::accounts::totals(db, &filter));
    assert_eq!(found.unwrap().count, 1);
}

#[test]
fn every_check_has_a_seed() {
    let seeded: BTreeSet<&str> = SEEDS.iter().map(|(name, _)| *name).collect();
    let known: BTreeSet<&str> = CHECKS.iter().map(|c| c.name).collect();
    assert_eq!(seeded, known);
}

#[test]
fn the_guards_hold_against_plain_sql() {
    let book = posted();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON").unwrap();
    for sql in [
        "UPDATE document SET note = 'x' WHERE id = 1",
        "DELETE FROM document WHERE id = 1",
        "INSERT OR REPLACE INTO document SELECT * FROM document WHERE id = 1",
        "UPDATE document_item SET amount_minor = 1 WHERE document_id = 1",
        "DELETE FROM document_item WHERE document_id = 1",
        "INSERT OR REPLACE INTO document_item SELECT * FROM document_item WHERE document_id = 1",
        "INSERT INTO document_item (document_id, position, description, quantity, unit_price, amount_minor, tax_code, origin, derivation)
            VALUES (1, 9, 'x', '1', '1', 1, '', 'hand', '')",
        "UPDATE document_tax SET tax_minor = 0",
        "DELETE FROM document_tax",
        "UPDATE ledger_entry SET debit_minor = 1 WHERE debit_minor > 0",
        "DELETE FROM ledger_entry",
        "INSERT OR REPLACE INTO ledger_entry SELECT * FROM ledger_entry WHERE id = 1",
        "UPDATE operation SET summary = 'x'",
        "DELETE FROM operation",
        "INSERT OR REPLACE INTO operation SELECT * FROM operation WHERE seq = 2",
        "UPDATE claim SET charge_id = charge_id + 1 WHERE charge_id = 1",
    ] {
        let refused = conn.execute_batch(sql);
        if sql.starts_with("UPDATE claim") {
            // Moving a claim is no guard's business, but never onto days that are held.
            assert!(refused.is_err() || book.run(&["check"]).code == 4, "{sql}");
            continue;
        }
        let error = refused.expect_err(sql).to_string();
        assert!(error.contains("guard"), "{sql}: {error}");
    }
}

/// No index finds a claim by its line alone: the guards look where the document is.
#[test]
fn a_claim_and_its_line_stay_together() {
    let book = billed();
    let conn = rusqlite::Connection::open(&book.path).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON").unwrap();
    let lines = "SELECT count(*) FROM document_item WHERE document_id = 1";
    assert!(book.count(lines) > 0);
    for sql in [
        "DELETE FROM document_item WHERE document_id = 1",
        "UPDATE document_item SET id = 777 WHERE id = 1",
        "UPDATE document_item SET document_id = 2 WHERE id = 1",
        "UPDATE claim SET item_id = 777 WHERE item_id = 1",
        "UPDATE claim SET document_id = 2 WHERE item_id = 1",
        "INSERT INTO claim SELECT charge_id, target_charge_id, from_on, 9, to_on, role, account_id, document_id,
            777, charge_version_id, rated_minor, period FROM claim WHERE item_id = 1",
    ] {
        let error = conn.execute_batch(sql).expect_err(sql).to_string();
        assert!(error.contains("guard"), "{sql}: {error}");
    }
    let released =
        "DELETE FROM claim WHERE document_id = 1; DELETE FROM document_item WHERE document_id = 1";
    conn.execute_batch(released).unwrap();
    assert_eq!(book.count(lines), 0);
}

#[test]
fn a_backup_is_sound_and_restores_the_book() {
    let book = posted();
    let copy = book.dir.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    book.run(&["backup", copy]).ends(0);
    book.run(&["backup", copy]).ends(2);
    let before = book.document("INV-2026-000001");
    book.say("adjust INV-2026-000001 --whole --reason x").ends(0);
    assert_ne!(book.document("INV-2026-000001"), before);
    {
        let reader = rusqlite::Connection::open(&book.path).unwrap();
        let _: i64 = reader.query_row("SELECT count(*) FROM document", [], |r| r.get(0)).unwrap();
        book.run(&["restore", copy]).ends(3);
    }
    let restored = book.run(&["restore", copy, "--json"]).ends(0).json();
    assert!(std::path::Path::new(restored["kept"].as_str().unwrap()).exists());
    assert_eq!(book.document("INV-2026-000001"), before);
    book.is_sound();
    // A copy that breaks a promise is not trusted.
    unguarded(
        &open(&Book { path: copy.into(), dir: tempfile::tempdir().unwrap() }),
        "UPDATE series SET last = 9",
    );
    let ran = book.run(&["restore", copy]).ends(4);
    assert!(ran.err.contains("numbers_gap_free"), "{}", ran.err);
    book.is_sound();
}

#[test]
fn doctor_status_and_sql_answer() {
    let book = posted();
    let findings = book.run(&["doctor", "--json"]).ends(4).json();
    let issuer = findings["findings"].as_array().unwrap().iter().find(|f| f["name"] == "issuer");
    assert_eq!(issuer.unwrap()["ok"], false, "nobody is named as issuer yet");
    book.say("settings set issuer.name 'Example GmbH'").ends(0);
    book.run(&["doctor"]).ends(0);
    let status = book.run(&["status", "--json"]).ends(0).json();
    assert_eq!(status["deliveries"]["balances"], true);
    assert!(status["steps"].as_array().unwrap().len() > 5);
    let rows = book
        .run(&["sql", "--read-only", "SELECT number FROM document ORDER BY id", "--json"])
        .ends(0)
        .json();
    assert_eq!(rows[0]["number"], "INV-2026-000001");
    for bad in [
        "DELETE FROM flag",
        "SELECT nothing",
        "ATTACH 'x.db' AS x",
        "PRAGMA journal_mode = DELETE",
        "VACUUM INTO 'x.db'",
    ] {
        book.run(&["sql", "--read-only", bad]).ends(2);
    }
    book.run(&["sql", "SELECT 1"]).ends(2);
}
