//! The counts and sums that are kept, counted anew.

/// What is kept and what there is, where they differ.
pub const DIFFER: &str = "
WITH counted AS (
  SELECT 'draft' AS name, s.review AS word, d.currency AS currency, count(*) AS n,
    sum(d.total_minor) AS m,
    sum(EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)) AS f
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
HAVING sum(n) <> sum(kept_n) OR sum(m) <> sum(kept_m) OR sum(f) <> sum(kept_f)";
