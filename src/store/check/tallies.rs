//! The counts and sums that are kept, counted anew; and what is kept of each open document for them.

/// What is kept and what there is, where they differ.
pub const DIFFER: &str = "
WITH counted AS (
  SELECT 'draft' AS name, s.review AS word, d.currency AS currency, count(*) AS n,
    sum(d.total_minor) AS m,
    sum(s.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)) AS f
  FROM document_state s JOIN document d ON d.id = s.document_id
  WHERE s.status = 'Draft' GROUP BY 2, 3
  UNION ALL SELECT 'owed', s.due_on, d.currency, count(*), sum(s.balance_minor), 0
  FROM document_state s JOIN document d ON d.id = s.document_id
  WHERE s.status = 'Posted' AND s.balance_minor > 0
    AND d.kind IN ('invoice','debit_memo') GROUP BY 2, 3
  UNION ALL SELECT 'undelivered', '', d.currency, count(*), sum(d.total_minor), 0
  FROM document d WHERE d.status = 'Posted' AND d.kind <> 'write_off'
    AND d.source <> 'open_item'
    AND NOT EXISTS (SELECT 1 FROM delivery l WHERE l.document_id = d.id) GROUP BY 3
  UNION ALL SELECT 'copy', l.status, d.currency, count(*), sum(d.total_minor), 0
  FROM delivery l JOIN document d ON d.id = l.document_id GROUP BY 2, 3),
beside AS (
  SELECT name, word, currency, n, m, f, 0 AS kept_n, 0 AS kept_m, 0 AS kept_f FROM counted
  UNION ALL SELECT name, word, currency, 0, 0, 0, count, sum_minor, flagged FROM tally)
SELECT printf('%s %s %s: %d are kept with %d minor units, %d of them flagged; there are '
  || '%d with %d, %d flagged', name, word, currency, sum(kept_n), sum(kept_m), sum(kept_f),
  sum(n), sum(m), sum(f))
FROM beside GROUP BY name, word, currency
HAVING sum(n) <> sum(kept_n) OR sum(m) <> sum(kept_m) OR sum(f) <> sum(kept_f)
UNION ALL
SELECT printf('%s %s: %d documents are kept with %d minor units, there are %d with %d',
  status, currency, sum(kept_n), sum(kept_m), sum(n), sum(m))
FROM (
  SELECT status, currency, count(*) AS n, sum(total_minor) AS m, 0 AS kept_n, 0 AS kept_m
    FROM document WHERE status <> 'Draft' GROUP BY 1, 2
  UNION ALL SELECT status, currency, 0, 0, count, sum_minor FROM document_tally)
GROUP BY status, currency HAVING sum(n) <> sum(kept_n) OR sum(m) <> sum(kept_m)
UNION ALL
SELECT printf('D-%06d: a payment run would %s it from %s to %s (%d), %d minor units, failed %d; kept is %s %s to %s (%d), %d, %d',
  n.document_id, n.verdict, n.due_on, n.until_on, n.ask_at, n.balance_minor, n.failed,
  coalesce(c.verdict, 'nothing'), c.due_on, c.until_on, c.ask_at, c.balance_minor, c.failed)
FROM collectible_now n LEFT JOIN collectible c ON c.document_id = n.document_id
WHERE (n.account_id, n.currency, n.balance_minor, n.verdict, n.due_on, n.until_on, n.ask_at, n.failed)
    IS NOT (c.account_id, c.currency, c.balance_minor, c.verdict, c.due_on, c.until_on, c.ask_at, c.failed)
  AND n.document_id NOT IN (SELECT document_id FROM collectible_stirred)
UNION ALL
SELECT printf('D-%06d is kept for payment runs, and nothing is open on it', c.document_id)
FROM collectible c LEFT JOIN document_state s ON s.document_id = c.document_id
WHERE NOT coalesce(s.status = 'Posted' AND s.balance_minor > 0, 0)
  AND c.document_id NOT IN (SELECT document_id FROM collectible_stirred)
UNION ALL
SELECT printf('payment runs %s %s %s: %d are kept with %d minor units, there are %d with %d',
  name, from_on, currency, sum(kept_n), sum(kept_m), sum(n), sum(m))
FROM (
  SELECT 'charge' AS name, due_on AS from_on, currency, 1 AS n, balance_minor AS m, 0 AS kept_n, 0 AS kept_m
    FROM collectible WHERE verdict = 'charge'
  UNION ALL SELECT 'charge', date(until_on, '+1 day'), currency, -1, -balance_minor, 0, 0
    FROM collectible WHERE verdict = 'charge' AND until_on < '9999-12-31'
  UNION ALL SELECT 'failed', '', currency, 1, balance_minor, 0, 0 FROM collectible WHERE failed = 1
  UNION ALL SELECT name, from_on, currency, 0, 0, count, sum_minor FROM collectible_sum)
GROUP BY name, from_on, currency HAVING sum(n) <> sum(kept_n) OR sum(m) <> sum(kept_m)";
