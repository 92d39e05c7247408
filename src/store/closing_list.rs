//! What stands between a month and its close, counted: drafts, payments, refunds, jobs, lines of banks, payouts,
//! mail.

use super::{Db, StoreError};
use crate::domain::closing::{Row, Weight};
use crate::domain::period::Span;

/// The month, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub span: Span,
    /// The first moment after it, UTC milliseconds.
    pub end_ms: i64,
}

/// Some of what is counted are named.
const NAMED: usize = 5;

/// A row: its word, its weight, what it counts, what lists it, and a query that names what is counted. The
/// query has the first day, the last day and the end of the month as `?1` to `?3`.
type Kind = (&'static str, Weight, &'static str, &'static str, &'static str);

const KINDS: &[Kind] = &[
    (
        "drafts",
        Weight::Blocks,
        "drafts dated in the month or before that are not held",
        "invoice list --status draft",
        "SELECT printf('D-%06d', d.id) FROM document d INDEXED BY document_draft
         JOIN document_state s ON s.document_id = d.id
         WHERE d.status = 'Draft' AND d.invoice_on <= ?2 AND s.review <> 'held' AND ?1 <= ?2 AND ?3 > 0
         ORDER BY d.id",
    ),
    (
        "payments_unknown",
        Weight::Blocks,
        "payments of which nobody knows what became",
        "payment list",
        "SELECT printf('P-%06d', id) FROM payment
         WHERE status = 'Unknown' AND created_at < ?3 AND ?1 <= ?2 ORDER BY id",
    ),
    (
        "refunds_open",
        Weight::Blocks,
        "refunds that are not answered for",
        "payment list",
        "SELECT printf('P-%06d', payment_id) FROM payment_event
         WHERE kind = 'refund' AND status IN ('Processing','Unknown') AND event_on <= ?2 AND ?1 <= ?2
           AND ?3 > 0 ORDER BY id",
    ),
    (
        "jobs",
        Weight::Blocks,
        "jobs that bill, post or charge still run",
        "run list",
        "SELECT subject FROM job WHERE state IN ('Waiting','Running')
           AND kind IN ('bill','post','collect','retry') AND ?1 <= ?2 AND ?3 > 0 ORDER BY id",
    ),
    (
        "bank_lines_new",
        Weight::Blocks,
        "lines of banks that nobody looked at",
        "bank list --state New",
        "SELECT printf('BL-%06d', id) FROM bank_line INDEXED BY bank_line_state
         WHERE state = 'New' AND booked_on <= ?2 AND ?1 <= ?2 AND ?3 > 0 ORDER BY id",
    ),
    (
        "drafts_held",
        Weight::Warns,
        "drafts dated in the month or before that are held",
        "invoice list --status draft",
        "SELECT printf('D-%06d', d.id) FROM document d INDEXED BY document_draft
         JOIN document_state s ON s.document_id = d.id
         WHERE d.status = 'Draft' AND d.invoice_on <= ?2 AND s.review = 'held' AND ?1 <= ?2 AND ?3 > 0
         ORDER BY d.id",
    ),
    (
        "unidentified",
        Weight::Warns,
        "lines of banks of which a part is nobody's",
        "bank list",
        "SELECT printf('BL-%06d', id) FROM bank_line INDEXED BY bank_line_state
         WHERE state IN ('Part','Unidentified') AND booked_on <= ?2 AND ?1 <= ?2 AND ?3 > 0 ORDER BY id",
    ),
    (
        "payouts_in_transit",
        Weight::Warns,
        "payouts of gateways that no statement has",
        "report gateway",
        "SELECT name FROM payout WHERE state = 'Booked' AND booked_on <= ?2 AND ?1 <= ?2 AND ?3 > 0
         ORDER BY booked_on, id",
    ),
    (
        "not_in_bank",
        Weight::Warns,
        "payments recorded by hand that no statement of their days has",
        "payment list",
        "SELECT printf('P-%06d', p.id) FROM payment p INDEXED BY payment_outside
         WHERE p.gateway = 'outside' AND p.status = 'Approved' AND p.moved_from IS NULL
           AND p.received_on <= ?2 AND ?1 <= ?2 AND ?3 > 0
           AND EXISTS (SELECT 1 FROM bank_account b JOIN statement s ON s.bank_account_id = b.id
             WHERE b.currency = p.currency AND s.source IN ('camt.053','mt940','csv')
               AND s.from_on <= p.received_on)
           AND NOT EXISTS (SELECT 1 FROM bank_match m WHERE m.payment_id = p.id
             AND m.kind = 'recorded' AND m.amount_minor > 0 AND m.undone_on IS NULL) ORDER BY p.id",
    ),
    (
        "unapplied",
        Weight::Warns,
        "accounts that owe and have money or credits unapplied",
        "report unapplied",
        "SELECT a.number FROM account a WHERE a.id IN (
           SELECT account_id FROM payment WHERE unapplied_minor > 0
           UNION SELECT account_id FROM document_state WHERE status = 'Posted' AND balance_minor < 0)
         AND EXISTS (SELECT 1 FROM collectible c CROSS JOIN document d ON d.id = c.document_id
           WHERE c.account_id = a.id AND d.invoice_on <= ?2)
         AND ?1 <= ?2 AND ?3 > 0 ORDER BY a.id",
    ),
    (
        "mails_failed",
        Weight::Warns,
        "documents of the month whose mail came back",
        "delivery list",
        "SELECT d.number FROM delivery x JOIN document d ON d.id = x.document_id
         WHERE x.status = 'Bounced' AND x.replaced_by IS NULL AND d.invoice_on BETWEEN ?1 AND ?2
           AND ?3 > 0 ORDER BY x.id",
    ),
];

/// Each row, whether anything is left of it or not.
pub fn rows(db: &Db<'_>, bounds: Bounds) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::with_capacity(KINDS.len());
    for (code, weight, what, opens, sql) in KINDS {
        let (mut count, mut named) = (0, Vec::new());
        db.each(sql, (bounds.span.from, bounds.span.to, bounds.end_ms), |r| {
            count += 1;
            if named.len() < NAMED {
                named.push(r.get(0)?);
            }
            Ok(())
        })?;
        let opens = (*opens).to_owned();
        rows.push(Row { code, weight: *weight, what, count, named, opens });
    }
    Ok(rows)
}
