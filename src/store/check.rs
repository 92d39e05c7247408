//! `daybook check`: the named invariants of a book, read-only.
//!
//! Each is one query that gives a line of words per violation, or a function where a query cannot
//! say it (hash chains, numbers, coverage of service days). Run after every integration test, every
//! restore and every night; `tests/it/check.rs` seeds a violation of each and sees it caught.

mod agreed;
mod bank;
mod beside;
mod booked;
mod carried;
mod closed;
mod coverage;
mod credits;
mod dates;
mod deeds;
mod delivered;
mod found;
mod ledger;
mod seals;
mod structure;
mod tallies;
mod taxes;

pub use found::{Beside, Found, LISTED};

use super::{Db, StoreError};
use crate::domain::ids::ChargeId;
use found::judged_after;

/// One named invariant.
pub struct Check {
    /// Its name, for programs.
    pub name: &'static str,
    /// What must hold, in words.
    pub promise: &'static str,
    rule: Rule,
}

enum Rule {
    /// A query with one text column: a row is a violation.
    Sql(&'static str),
    /// The same, of a rule that is newer than some rows: the second column is a key of the table,
    /// and what was in it when the book was brought up to the schema is told, not judged.
    Newer(i64, &'static str, &'static str),
    /// The same by hand.
    Code(fn(&Db<'_>, &mut Found) -> Result<(), StoreError>),
    /// With what is given to several rules: what lies beside the book, the ledger once it was read.
    Beside(fn(&Db<'_>, &Beside, &mut Found) -> Result<(), StoreError>),
}

impl Check {
    /// Looks for violations in one view of the book.
    pub fn run(&self, db: &Db<'_>, beside: &Beside) -> Result<Found, StoreError> {
        let mut found = Found::default();
        match self.rule {
            Rule::Code(code) => code(db, &mut found)?,
            Rule::Newer(schema, table, sql) => {
                let last = judged_after(db, schema, table)?;
                db.each(sql, [], |row| {
                    if row.get::<i64>(1)? <= last {
                        found.older += 1;
                    } else {
                        found.add(row.get(0)?);
                    }
                    Ok(())
                })?;
            }
            Rule::Beside(code) => code(db, beside, &mut found)?,
            Rule::Sql(sql) => {
                db.each(sql, [], |row| {
                    found.add(row.get(0)?);
                    Ok(())
                })?;
            }
        }
        Ok(found)
    }
}

/// Whether a service day of one charge (or of one discount on it) counts more than once, in words.
pub fn double_billing(
    db: &Db<'_>,
    charge: ChargeId,
    target: Option<ChargeId>,
) -> Result<Option<String>, StoreError> {
    let mut found = Found::default();
    coverage::of_charge(db, (charge.0, target.map_or(0, |t| t.0)), &mut found)?;
    Ok(found.violations.pop())
}

const fn sql(name: &'static str, promise: &'static str, sql: &'static str) -> Check {
    Check { name, promise, rule: Rule::Sql(sql) }
}

/// A rule that came with `schema`: rows of `table` from before, by their key, are not judged by it.
pub const fn newer(
    name: &'static str,
    promise: &'static str,
    schema: i64,
    table: &'static str,
    sql: &'static str,
) -> Check {
    Check { name, promise, rule: Rule::Newer(schema, table, sql) }
}

const fn code(
    name: &'static str,
    promise: &'static str,
    code: fn(&Db<'_>, &mut Found) -> Result<(), StoreError>,
) -> Check {
    Check { name, promise, rule: Rule::Code(code) }
}

const fn beside(
    name: &'static str,
    promise: &'static str,
    code: fn(&Db<'_>, &Beside, &mut Found) -> Result<(), StoreError>,
) -> Check {
    Check { name, promise, rule: Rule::Beside(code) }
}

/// What is asked of the book together with its side directory; a book without one (a copy) passes.
pub const BESIDE: &[Check] = &[
    beside(
        "heads_kept",
        "the audit trail holds every head that was kept outside the book",
        beside::heads_kept,
    ),
    beside(
        "side_files",
        "files beside the book are of the kind they should be",
        beside::side_files,
    ),
];

/// All of them, from the file itself up to the money.
pub const CHECKS: &[Check] = &[
    beside("file_sound", "the file and every value in it are sound", structure::file_sound),
    code("guards_present", "every table, trigger and index is as released", structure::guards),
    code("audit_chain", "the audit trail's hash chain is unbroken", seals::audit_chain),
    sql("rows_audited", "what was written has its operation in the audit trail", ROWS_AUDITED),
    sql("lines_sum", "lines sum to the subtotal", LINES_SUM),
    sql("tax_sums", "tax by code sums to the tax, on what its lines sum to", TAX_SUMS),
    code("tax_rounded_once", "tax is rounded once a kind and rate", taxes::rounded_once),
    sql("posted_complete", "a posted document has number, seal, lines and state", POSTED_COMPLETE),
    sql("state_follows", "a document's state says what the document says", STATE_FOLLOWS),
    code("numbers_gap_free", "numbers run from 1 to the counter, each once", seals::numbers),
    code("posted_unchanged", "posted documents match their stored hash", seals::posted_unchanged),
    sql("texts_there", "what a row says by a shared text can be read", TEXTS_THERE),
    code("billed_once", "no service day of a charge is billed twice", coverage::billed_once),
    sql("claims_held", "claims are held by lines of drafts and posted documents", CLAIMS_HELD),
    sql("usage_once", "usage is held by a line of its own account", USAGE_ONCE),
    sql("credits_within_lines", "credits never exceed the line they correct", CREDITS_WITHIN),
    sql("memos_within", "memos never exceed the document they correct", MEMOS_WITHIN),
    sql("reissued_ties", "an invoice in the place of another bills what was settled", REISSUED),
    sql("credits_documented", "what lowers an invoice is documented", credits::DOCUMENTED),
    beside(
        "ledger_balanced",
        "debits equal credits by transaction, day and currency",
        booked::balanced,
    ),
    beside("ledger_ties", "the ledger agrees with every account's open documents", booked::ties),
    beside("no_receivable_below_zero", "on no day less than nothing is owed", booked::below_zero),
    beside(
        "ledger_by_document",
        "what is owed and left is booked by document and payment",
        booked::by_document,
    ),
    sql(
        "dates_in_order",
        "nothing counts before its parts, nothing is undone before it",
        dates::IN_ORDER,
    ),
    code(
        "closed_unchanged",
        "what was booked in a closed month is as it was when it was closed",
        closed::unchanged,
    ),
    sql(
        "deferred_ties",
        "the ledger's deferred revenue is what is left of the lines that are deferred",
        closed::DEFERRED,
    ),
    sql("one_currency", "what is open is in its account's currency", carried::ONE_CURRENCY),
    sql("balances", "balance = total - payments - credits + refunds", BALANCES),
    sql("account_balances", "an account's balance is the sum of its documents'", ACCOUNTS),
    sql("never_over", "nothing is collected or applied beyond a document", NEVER_OVER),
    sql("payments_add_up", "a payment is what it paid, what is unapplied and returned", PAYMENTS),
    sql("allocations_follow", "allocations say what their payment says", ALLOCATIONS),
    sql("one_live_payment", "one payment at a time is on its way for a document", ONE_LIVE),
    sql("no_retry_over_unknown", "nothing is charged while an answer is unknown", NO_RETRY),
    sql(
        "deliveries",
        "only posted documents are delivered, each copy accounted for",
        delivered::DELIVERIES,
    ),
    sql(
        "network",
        "what a network has is kept as it got it, once, and stands as it said",
        delivered::NETWORK,
    ),
    sql("deeds_recorded", "who gave something up or said money came is on record", deeds::RECORDED),
    sql("alone_within_limit", "nobody passes four_eyes.above alone within a day", deeds::ALONE),
    sql("one_side_each", "nobody is on both sides of an account", deeds::ONE_SIDE),
    newer(
        "settled_posted",
        "what bill runs take for settled is posted",
        34,
        "settled",
        coverage::SETTLED,
    ),
    newer("clerks_have_drafts", "what a clerk has taken is a draft", 35, "clerk_claim", CLERKS),
    sql(
        "agreed_stands",
        "disputes, promises, instalments and agencies keep back what they are about",
        agreed::STANDS,
    ),
    sql(
        "bank_lines_matched",
        "a line of a bank is what it was matched to and what is nobody's",
        bank::MATCHED,
    ),
    sql("bank_ledger", "the ledger has of lines and payouts what they say", bank::BOOKED),
    sql("payouts_add_up", "a payout is its rows, and in the bank once", bank::PAID_OUT),
    sql("customers_found", "every customer is found by what it is called", structure::NOT_FOUND),
    sql("tallies_count", "what screens count is what there is", tallies::DIFFER),
    sql("leases", "jobs and runs are in states that belong together", LEASES),
];

const CLERKS: &str = "
SELECT printf('D-%06d is claimed by %s and no draft', k.document_id, k.user_name)
FROM clerk_claim k JOIN document_state s ON s.document_id = k.document_id WHERE s.status <> 'Draft'";

// Ledger entries name their operation; other rows carry its moment.
const ROWS_AUDITED: &str = "
SELECT printf('ledger transaction %d has no operation', txn) FROM ledger_entry
WHERE txn NOT IN (SELECT seq FROM operation) GROUP BY txn
UNION ALL
SELECT printf('D-%06d (%s) was posted by no operation', id, number) FROM document
WHERE status = 'Posted' AND posted_at NOT IN (SELECT at FROM operation)
UNION ALL
SELECT printf('P-%06d was approved by no operation', id) FROM payment
WHERE status = 'Approved' AND settled_at NOT IN (SELECT at FROM operation)
UNION ALL
SELECT printf('file %s was imported by no operation', name) FROM import_file
WHERE at NOT IN (SELECT at FROM operation)
UNION ALL
SELECT printf('account %s was recorded by no operation', a.number) FROM account_version v
JOIN account a ON a.id = v.account_id WHERE v.recorded_at NOT IN (SELECT at FROM operation)
UNION ALL
SELECT printf('charge %s was recorded by no operation', c.number) FROM charge_version v
JOIN charge c ON c.id = v.charge_id WHERE v.recorded_at NOT IN (SELECT at FROM operation)
UNION ALL
SELECT 'the audit trail is empty, and the book is not' WHERE NOT EXISTS (SELECT 1 FROM operation)
  AND (EXISTS (SELECT 1 FROM setting) OR EXISTS (SELECT 1 FROM role) OR EXISTS (SELECT 1 FROM account)
    OR EXISTS (SELECT 1 FROM book WHERE clock_at IS NOT NULL))";

const LINES_SUM: &str = "
SELECT printf('D-%06d: lines sum to %d, the subtotal is %d', d.id, coalesce(x.lines, 0), d.subtotal_minor)
FROM document d
LEFT JOIN (SELECT document_id, sum(amount_minor) AS lines FROM document_item GROUP BY document_id) x
  ON x.document_id = d.id
WHERE coalesce(x.lines, 0) <> d.subtotal_minor AND NOT (d.source = 'open_item' AND x.lines IS NULL)";

const TAX_SUMS: &str = "
SELECT printf('D-%06d: tax by code sums to %d, the tax is %d', d.id, coalesce(x.tax, 0), d.tax_minor)
FROM document d
LEFT JOIN (SELECT document_id, sum(tax_minor) AS tax FROM document_tax GROUP BY document_id) x
  ON x.document_id = d.id
WHERE coalesce(x.tax, 0) <> d.tax_minor AND d.source <> 'open_item'
UNION ALL
SELECT printf('D-%06d: total is %d, subtotal and tax are %d', id, total_minor, subtotal_minor + tax_minor)
FROM document WHERE total_minor <> subtotal_minor + tax_minor
UNION ALL
SELECT printf('D-%06d: tax %s is on %d, its lines sum to %d', document_id, tax_code, base, lines)
FROM (SELECT t.document_id, t.tax_code, t.base, coalesce((SELECT sum(i.amount_minor) FROM document_item i
        WHERE i.document_id = t.document_id AND i.tax_code = t.tax_code), 0) AS lines
      FROM (SELECT document_id, tax_code, sum(base_minor) AS base FROM document_tax GROUP BY 1, 2) t)
WHERE base <> lines
UNION ALL
SELECT printf('D-%06d: %s lines with tax inside said %d, base and tax are %d', document_id, tax_code, said, both)
FROM (SELECT t.document_id, t.tax_code, t.both, (SELECT sum(i.gross_minor) FROM document_item i
        WHERE i.document_id = t.document_id AND i.tax_code = t.tax_code) AS said
      FROM (SELECT document_id, tax_code, sum(base_minor + tax_minor) AS both FROM document_tax
        WHERE inclusive = 1 AND rounding IS NOT NULL GROUP BY 1, 2) t)
WHERE both <> said
UNION ALL
SELECT printf('D-%06d: %s tax %s is %d', document_id, kind, tax_code, tax_minor)
FROM document_tax WHERE kind <> 'standard' AND tax_minor <> 0";

const POSTED_COMPLETE: &str = "
SELECT printf('D-%06d is posted without %s', d.id,
    CASE WHEN d.number IS NULL THEN 'a number' WHEN d.posted_at IS NULL THEN 'a moment'
         WHEN d.frozen IS NULL THEN 'what was printed' ELSE 'its hash' END)
FROM document d
WHERE d.status = 'Posted' AND d.source <> 'open_item'
  AND (d.number IS NULL OR d.posted_at IS NULL OR d.frozen IS NULL OR d.content_hash IS NULL OR d.series IS NULL)
UNION ALL
SELECT printf('D-%06d (%s) has no lines', d.id, d.number) FROM document d
WHERE d.status = 'Posted' AND d.source <> 'open_item'
  AND NOT EXISTS (SELECT 1 FROM document_item i WHERE i.document_id = d.id)
UNION ALL
SELECT printf('D-%06d is a draft with the number %s', id, number) FROM document
WHERE status <> 'Posted' AND number IS NOT NULL";

const STATE_FOLLOWS: &str = "
SELECT printf('D-%06d is %s, its state says %s', d.id, d.status, coalesce(s.status, 'nothing'))
FROM document d LEFT JOIN document_state s ON s.document_id = d.id
WHERE s.status IS NOT d.status OR s.account_id IS NOT d.account_id
UNION ALL
SELECT printf('D-%06d is due on %s, its state says %s', d.id, d.due_on, s.due_on)
FROM document d JOIN document_state s ON s.document_id = d.id WHERE s.due_on <> d.due_on
UNION ALL
SELECT printf('D-%06d was accepted in version %d and is only at %d', d.id, s.reviewed_version, d.version)
FROM document_state s JOIN document d ON d.id = s.document_id
WHERE s.review = 'accepted' AND (s.reviewed_version IS NULL OR s.reviewed_version > d.version)
UNION ALL
SELECT printf('D-%06d is %s and still %s', document_id, status, CASE WHEN review = 'held' THEN 'held' ELSE 'stale' END)
FROM document_state WHERE status <> 'Draft' AND (review = 'held' OR stale <> '')";

const TEXTS_THERE: &str = "
SELECT printf('D-%06d line %d says how it came about by text %d, which is not there', document_id, position, derivation_id)
FROM document_item WHERE derivation_id IS NOT NULL AND derivation_id NOT IN (SELECT id FROM shared_text)
UNION ALL
SELECT printf('D-%06d was printed by form %d, which is not there', id, frozen_id)
FROM document WHERE frozen_id IS NOT NULL AND frozen_id NOT IN (SELECT id FROM shared_text)";

const CLAIMS_HELD: &str = "
SELECT CASE WHEN d.status IS NULL OR d.status = 'Canceled'
  THEN printf('charge %s from %s is claimed by D-%06d, which is %s',
    coalesce((SELECT number FROM charge WHERE id = k.charge_id), k.charge_id), k.from_on, k.document_id,
    coalesce(d.status, 'not there'))
  ELSE printf('charge %s from %s is claimed by a line that is not on D-%06d', k.charge_id, k.from_on, k.document_id) END
FROM claim k LEFT JOIN document d ON d.id = k.document_id LEFT JOIN document_item i ON i.id = k.item_id
WHERE d.status IS NULL OR d.status = 'Canceled' OR (k.item_id IS NOT NULL AND i.document_id IS NOT k.document_id)
   OR (k.item_id IS NULL AND k.role NOT IN ('waived', 'late'))
UNION ALL
SELECT printf('D-%06d line %d bills a charge that it does not claim', i.document_id, i.position)
FROM document_item i JOIN document d ON d.id = i.document_id
JOIN document_state s ON s.document_id = i.document_id
WHERE i.charge_id IS NOT NULL AND d.status <> 'Canceled'
  AND (d.source IN ('run', 'hand') OR (d.source = 'adjust' AND d.kind = 'invoice'))
  AND s.reversed_by IS NULL
  AND NOT EXISTS (SELECT 1 FROM claim k WHERE k.document_id = i.document_id AND k.item_id = i.id)";

const REISSUED: &str = "
SELECT printf('D-%06d (%s) takes the place of D-%06d, %s', d.id, d.number, o.id, CASE
  WHEN m.id IS NULL THEN 'which no memo settles'
  WHEN m.total_minor <> -d.total_minor OR m.tax_minor <> -d.tax_minor THEN 'whose memo is of another sum'
  WHEN s.balance_minor <> 0 THEN 'which is open'
  WHEN o.account_id <> d.account_id OR o.currency <> d.currency THEN 'of another account or currency'
  ELSE 'which holds what it billed' END)
FROM document d JOIN document o ON o.id = d.corrects_id JOIN document_state s ON s.document_id = o.id
LEFT JOIN document m ON m.id = s.reversed_by AND m.corrects_id = o.id AND m.status = 'Posted'
WHERE d.kind = 'invoice' AND (m.id IS NULL OR m.total_minor <> -d.total_minor
  OR m.tax_minor <> -d.tax_minor OR s.balance_minor <> 0 OR o.account_id <> d.account_id
  OR o.currency <> d.currency OR EXISTS (SELECT 1 FROM claim k WHERE k.document_id = o.id)
  OR EXISTS (SELECT 1 FROM usage_claim k WHERE k.document_id = o.id))";

const USAGE_ONCE: &str = "
SELECT printf('usage U-%06d is held by D-%06d, which is %s', k.usage_id, k.document_id, coalesce(d.status, 'not there'))
FROM usage_claim k LEFT JOIN document d ON d.id = k.document_id WHERE d.status IS NULL OR d.status = 'Canceled'
UNION ALL
SELECT printf('usage U-%06d is held by D-%06d of another account', k.usage_id, k.document_id)
FROM usage_claim k JOIN document d ON d.id = k.document_id LEFT JOIN usage u ON u.id = k.usage_id
WHERE u.account_id IS NOT d.account_id
UNION ALL
SELECT printf('usage U-%06d is held by a line that is not on D-%06d', k.usage_id, k.document_id)
FROM usage_claim k JOIN document_item i ON i.id = k.item_id WHERE i.document_id <> k.document_id";

const CREDITS_WITHIN: &str = "
SELECT printf('D-%06d line %d: %d credited of %d', i.document_id, i.position, -x.credited, i.amount_minor)
FROM (SELECT c.corrects_item_id AS item, sum(coalesce(c.corrects_minor, c.amount_minor)) AS credited
      FROM document_item c JOIN document d ON d.id = c.document_id JOIN document_state s ON s.document_id = d.id
      WHERE c.corrects_item_id IS NOT NULL AND d.status <> 'Canceled' AND s.reversed_by IS NULL GROUP BY 1) x
JOIN document_item i ON i.id = x.item
WHERE (i.amount_minor >= 0 AND i.amount_minor + x.credited < 0)
   OR (i.amount_minor < 0 AND i.amount_minor + x.credited > 0)";

const MEMOS_WITHIN: &str = "
SELECT printf('D-%06d (%s): credited %d of %d, tax %d of %d', d.id, d.number, -x.total, d.total_minor, -x.tax, d.tax_minor)
FROM (SELECT corrects_id, sum(total_minor) AS total, sum(tax_minor) AS tax FROM document
      WHERE corrects_id IS NOT NULL AND status = 'Posted' AND kind = 'credit_memo' GROUP BY 1) x
JOIN document d ON d.id = x.corrects_id
WHERE d.total_minor + x.total < 0 OR (d.tax_minor >= 0 AND d.tax_minor + x.tax < 0)";

const BALANCES: &str = "
WITH over AS (SELECT document_id, sum(from_minor) AS minor FROM carried WHERE document_id IS NOT NULL GROUP BY 1),
     paid AS (SELECT document_id, sum(amount_minor - reopened_minor) AS minor FROM allocation WHERE state = 'applied' GROUP BY 1),
     let_off AS (SELECT document_id, sum(amount_minor) AS minor FROM payment_difference WHERE undone_on IS NULL GROUP BY 1),
     credited AS (SELECT document_id, sum(amount_minor) AS minor FROM credit_application WHERE undone_at IS NULL GROUP BY 1),
     used AS (SELECT credit_id, sum(minor) AS minor FROM (
        SELECT credit_id, amount_minor AS minor FROM credit_application WHERE undone_at IS NULL
        UNION ALL SELECT document_id, amount_minor FROM memo_refund) GROUP BY 1)
SELECT printf('D-%06d (%s): the balance is %d, its payments and credits leave %d', d.id, d.number, s.balance_minor,
    d.total_minor - d.settled_before_minor - coalesce(paid.minor, 0) - coalesce(credited.minor, 0) - coalesce(let_off.minor, 0) + coalesce(used.minor, 0) - coalesce(over.minor, 0))
FROM document d JOIN document_state s ON s.document_id = d.id
LEFT JOIN paid ON paid.document_id = d.id LEFT JOIN credited ON credited.document_id = d.id
LEFT JOIN used ON used.credit_id = d.id LEFT JOIN over ON over.document_id = d.id LEFT JOIN let_off ON let_off.document_id = d.id
WHERE s.balance_minor <> CASE d.status WHEN 'Posted'
    THEN d.total_minor - d.settled_before_minor - coalesce(paid.minor, 0) - coalesce(credited.minor, 0) - coalesce(let_off.minor, 0) + coalesce(used.minor, 0) - coalesce(over.minor, 0)
    ELSE 0 END";

const ACCOUNTS: &str = "
SELECT printf('account %s: its balance is %d, its documents sum to %d', a.number, a.open_minor, coalesce(x.open, 0))
FROM account a
LEFT JOIN (SELECT account_id, sum(balance_minor) AS open FROM document_state WHERE status = 'Posted' GROUP BY 1) x
  ON x.account_id = a.id
WHERE a.open_minor <> coalesce(x.open, 0)";

const NEVER_OVER: &str = "
SELECT printf('D-%06d (%s): %d was paid or credited beyond it', d.id, d.number, abs(s.balance_minor))
FROM document_state s JOIN document d ON d.id = s.document_id
WHERE s.status = 'Posted'
  AND ((d.kind IN ('invoice', 'debit_memo') AND s.balance_minor < min(0, d.total_minor))
    OR (d.kind IN ('credit_memo', 'write_off') AND s.balance_minor > 0))
UNION ALL
SELECT printf('D-%06d: %d collected of %d', d.id, x.minor, d.total_minor)
FROM (SELECT document_id, sum(amount_minor - reopened_minor) AS minor FROM allocation
      WHERE state = 'applied' GROUP BY 1) x JOIN document d ON d.id = x.document_id
WHERE x.minor > d.total_minor";

const PAYMENTS: &str = "
SELECT printf('P-%06d (%s): %d received, %d returned, %d unapplied, %d paid', p.id, p.status, p.amount_minor,
    p.returned_minor, p.unapplied_minor, coalesce(a.minor, 0))
FROM payment p
LEFT JOIN (SELECT payment_id, sum(amount_minor - reopened_minor) AS minor FROM allocation WHERE state = 'applied' GROUP BY 1) a
  ON a.payment_id = p.id
WHERE CASE p.status WHEN 'Approved' THEN p.amount_minor - p.returned_minor - p.moved_minor <> p.unapplied_minor + coalesce(a.minor, 0)
      ELSE p.unapplied_minor <> 0 OR p.returned_minor <> 0 OR coalesce(a.minor, 0) <> 0 END
UNION ALL
SELECT printf('P-%06d: %d allocated of %d', p.id, sum(a.amount_minor - a.unapplied_minor), p.amount_minor)
FROM allocation a JOIN payment p ON p.id = a.payment_id WHERE a.state <> 'void'
GROUP BY p.id HAVING sum(a.amount_minor - a.unapplied_minor) > p.amount_minor
UNION ALL
SELECT printf('P-%06d: %d moved away, %d came of it elsewhere', p.id, p.moved_minor, coalesce(sum(m.amount_minor), 0))
FROM payment p LEFT JOIN (SELECT moved_from, amount_minor FROM payment WHERE id NOT IN (SELECT to_payment_id FROM carried WHERE to_payment_id IS NOT NULL)
    UNION ALL SELECT payment_id, from_minor FROM carried WHERE payment_id IS NOT NULL
    UNION ALL SELECT payment_id, amount_minor FROM bank_match WHERE kind = 'payment' AND undone_on IS NOT NULL) m ON m.moved_from = p.id
GROUP BY p.id HAVING p.moved_minor <> coalesce(sum(m.amount_minor), 0)";

const ALLOCATIONS: &str = "
SELECT printf('P-%06d is %s, its allocation to D-%06d is %s', p.id, p.status, a.document_id, a.state)
FROM allocation a JOIN payment p ON p.id = a.payment_id
WHERE a.state <> CASE WHEN p.status IN ('Processing', 'Submitted', 'Unknown') THEN 'live'
                      WHEN p.status = 'Approved' THEN 'applied' ELSE 'void' END
  AND NOT (p.status = 'Approved' AND a.state = 'void')
UNION ALL
SELECT printf('P-%06d pays D-%06d, which is %s, of another account or currency', p.id, d.id, d.status)
FROM allocation a JOIN payment p ON p.id = a.payment_id JOIN document d ON d.id = a.document_id
WHERE d.status <> 'Posted' OR d.account_id <> p.account_id OR d.currency <> p.currency";

const ONE_LIVE: &str = "
SELECT printf('D-%06d has %d payments on their way', document_id, count(*))
FROM allocation WHERE state = 'live' GROUP BY document_id HAVING count(*) > 1
UNION ALL
SELECT printf('P-%06d is %s and pays nothing', p.id, p.status) FROM payment p
WHERE p.status IN ('Processing', 'Submitted', 'Unknown')
  AND NOT EXISTS (SELECT 1 FROM allocation a WHERE a.payment_id = p.id AND a.state = 'live')";

const NO_RETRY: &str = "
SELECT printf('D-%06d: P-%06d was charged while P-%06d is %s', a.document_id, later.id, p.id, p.status)
FROM payment p JOIN allocation a ON a.payment_id = p.id AND a.state = 'live'
JOIN allocation b ON b.document_id = a.document_id
JOIN payment later ON later.id = b.payment_id AND later.id > p.id
WHERE p.status IN ('Submitted', 'Unknown') AND later.method_id IS NOT NULL AND later.status <> 'Canceled'";

const LEASES: &str = "
SELECT printf('J-%06d is %s and was never claimed', id, state) FROM job WHERE state = 'Running' AND epoch = 0
UNION ALL
SELECT printf('J-%06d is %s without an end', id, state) FROM job
WHERE state IN ('Done', 'Canceled', 'Failed') AND ended_at IS NULL
UNION ALL
SELECT printf('BR-%06d is %s and no job works on it', r.id, r.status) FROM bill_run r
WHERE r.status IN ('Processing', 'Posting') AND NOT EXISTS (SELECT 1 FROM job j
    WHERE j.subject = printf('BR-%06d', r.id) AND j.state IN ('Waiting', 'Running', 'Paused', 'Failed'))
UNION ALL
SELECT printf('PR-%06d is %s and no job works on it', r.id, r.status) FROM payment_run r
WHERE r.status = 'Processing' AND NOT EXISTS (SELECT 1 FROM job j
    WHERE j.subject = printf('PR-%06d', r.id) AND j.state IN ('Waiting', 'Running', 'Paused', 'Failed'))
UNION ALL
SELECT printf('BR-%06d is Canceled and D-%06d is still a draft', r.id, d.id)
FROM bill_run r JOIN document d ON d.run_id = r.id WHERE r.status = 'Canceled' AND d.status = 'Draft'
  AND NOT EXISTS (SELECT 1 FROM job j WHERE j.subject = printf('BR-%06d', r.id) AND j.state IN ('Waiting', 'Running', 'Paused', 'Failed'))";
