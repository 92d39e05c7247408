//! What banks and gateways said, beside what it was matched to and the ledger.

/// Lines that are not what they were matched to and what is nobody's of them.
pub const MATCHED: &str = "
WITH said AS (SELECT l.id, l.state, l.amount_minor, l.unidentified_minor,
    coalesce((SELECT sum(m.amount_minor) FROM bank_match m WHERE m.line_id = l.id AND m.undone_on IS NULL), 0) AS matched
  FROM bank_line l)
SELECT printf('BL-%06d: of %d, %d are matched and %d nobody''s', id, amount_minor, matched, unidentified_minor)
FROM said WHERE amount_minor <> matched + unidentified_minor
UNION ALL
SELECT printf('BL-%06d is %s, and %d of it are nobody''s', id, state, unidentified_minor) FROM said
WHERE state <> 'New' AND CASE state WHEN 'Unidentified' THEN unidentified_minor <> amount_minor
  WHEN 'Part' THEN unidentified_minor = 0 OR unidentified_minor = amount_minor ELSE unidentified_minor <> 0 END
UNION ALL
SELECT printf('BL-%06d: P-%06d is %d, %d of the line', m.line_id, p.id, p.amount_minor, m.amount_minor)
FROM bank_match m JOIN payment p ON p.id = m.payment_id
WHERE m.kind = 'payment' AND (p.amount_minor <> m.amount_minor OR p.gateway <> 'bank')
UNION ALL
SELECT printf('P-%06d came by %d lines of banks', payment_id, count(*)) FROM bank_match
WHERE kind IN ('payment','recorded') AND amount_minor > 0 AND undone_on IS NULL GROUP BY payment_id HAVING count(*) > 1
UNION ALL
SELECT printf('P-%06d came by a bank, and no line has it', p.id) FROM payment p
WHERE p.gateway = 'bank' AND p.moved_from IS NULL
  AND NOT EXISTS (SELECT 1 FROM bank_match m WHERE m.payment_id = p.id AND m.kind = 'payment')
  AND NOT EXISTS (SELECT 1 FROM carried c WHERE c.to_payment_id = p.id)";

/// Where the ledger has something else of lines and payouts.
pub const BOOKED: &str = "
WITH entry AS (SELECT account, currency, sum(debit_minor - credit_minor) AS minor FROM ledger_entry
    WHERE account IN ('unidentified','transit') GROUP BY 1, 2),
  said AS (
    SELECT 'unidentified' AS account, b.currency, -sum(l.unidentified_minor) AS minor
      FROM bank_line l JOIN bank_account b ON b.id = l.bank_account_id GROUP BY 2
    UNION ALL SELECT 'transit', currency, sum(minor) FROM (
      SELECT currency, net_minor AS minor FROM payout UNION ALL
      SELECT b.currency, -m.amount_minor FROM bank_match m JOIN bank_line l ON l.id = m.line_id
        JOIN bank_account b ON b.id = l.bank_account_id
        WHERE m.kind IN ('payout','transfer') AND m.undone_on IS NULL) GROUP BY 2),
  both AS (SELECT account, currency, minor, 0 AS other FROM entry
    UNION ALL SELECT account, currency, 0, minor FROM said)
SELECT printf('the ledger has %d %s %s, lines and payouts %d', sum(minor), currency, account, sum(other))
FROM both GROUP BY account, currency HAVING sum(minor) <> sum(other)
UNION ALL
SELECT printf('%s: the ledger has %d of its lines, they come to %d', b.name, coalesce(e.minor, 0), l.minor)
FROM bank_account b
JOIN (SELECT bank_account_id, sum(amount_minor - charges_minor) AS minor FROM bank_line GROUP BY 1) l
  ON l.bank_account_id = b.id
LEFT JOIN (SELECT t.bank_account_id, sum(e.debit_minor - e.credit_minor) AS minor
    FROM (SELECT DISTINCT bank_account_id, txn FROM bank_line) t
    JOIN bank_account b ON b.id = t.bank_account_id
    JOIN ledger_entry e ON e.txn = t.txn AND e.account = 'cash:' || b.name GROUP BY 1) e
  ON e.bank_account_id = b.id
WHERE coalesce(e.minor, 0) <> l.minor
UNION ALL
SELECT printf('transaction %d: what is owed or to the good, and nobody''s', txn) FROM ledger_entry
WHERE account_id = 0 AND account IN ('receivable','credit')";

/// Payouts that their rows do not come to, or that a bank has and has not.
pub const PAID_OUT: &str = "
SELECT printf('payout %s of %s: its rows come to %d less %d, it says %d', p.name, p.gateway, coalesce(sum(r.gross_minor), 0),
  coalesce(sum(r.fee_minor), 0), p.net_minor)
FROM payout p LEFT JOIN payout_row r ON r.payout_id = p.id GROUP BY p.id
HAVING coalesce(sum(r.gross_minor), 0) - coalesce(sum(r.fee_minor), 0) <> p.net_minor
UNION ALL
SELECT printf('payout %s of %s is %s, and %d lines of banks have it', p.name, p.gateway, p.state, count(m.id))
FROM payout p LEFT JOIN bank_match m ON m.payout_id = p.id AND m.undone_on IS NULL GROUP BY p.id
HAVING count(m.id) <> (p.state = 'In bank')";
