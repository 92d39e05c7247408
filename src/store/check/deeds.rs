//! Deeds against the rows that they are about, and against the two rules they are kept for.

/// What counts alone within a day never passes the limit that held.
pub const ALONE: &str = "
SELECT printf('account %s: %s did %d %s alone within a day (deed %d), above %d', a.number, x.user_name, x.minor,
    x.currency, x.id, x.limit_minor)
FROM (SELECT d.id, d.account_id, d.user_name, d.currency, d.limit_minor,
        (SELECT coalesce(sum(CASE WHEN e.kind NOT IN ('payment method','e-mail address') THEN e.amount_minor END), 0)
              + coalesce(max(CASE WHEN e.kind IN ('payment method','e-mail address') THEN e.amount_minor END), 0)
         FROM deed e WHERE e.account_id = d.account_id AND e.uid = d.uid AND e.currency = d.currency
           AND e.id <= d.id AND e.at > d.at - 86400000 AND e.second_name = ''
           AND e.kind IN ('posting','credit memo','debit memo','write-off','refund','payment method','e-mail address')
           AND (e.event_id IS NULL OR (SELECT status FROM payment_event WHERE id = e.event_id) <> 'Failed')) AS minor
      FROM deed d
      WHERE d.limit_minor IS NOT NULL AND d.second_name = '' AND d.amount_minor > 0
        AND d.kind IN ('posting','credit memo','debit memo','write-off','refund','payment method','e-mail address')) x
JOIN account a ON a.id = x.account_id
WHERE x.minor > x.limit_minor";

/// Nobody who was bound is on both sides of an account within the window.
pub const ONE_SIDE: &str = "
SELECT printf('account %s: %s did a %s (deed %d) after a %s (deed %d)', a.number, d.user_name, d.kind, d.id, e.kind, e.id)
FROM deed d JOIN deed e ON e.account_id = d.account_id AND e.uid = d.uid AND e.id < d.id AND e.at > d.at - d.window_ms
JOIN account a ON a.id = d.account_id
WHERE d.window_ms IS NOT NULL AND (d.kind = 'payment') <> (e.kind = 'payment')
  AND d.kind NOT IN ('posting','payment method','e-mail address','price')
  AND e.kind NOT IN ('posting','payment method','e-mail address','price')
  AND (e.document_id IS NULL OR (SELECT status FROM document WHERE id = e.document_id) <> 'Canceled')
  AND (e.event_id IS NULL OR (SELECT status FROM payment_event WHERE id = e.event_id) <> 'Failed')";

/// Whatever gives something up or says that money came is somebody's deed.
pub const RECORDED: &str = "
SELECT printf('%s gives something up and is nobody''s deed', d.number) FROM document d, deed_start s
WHERE d.id > s.document_id AND d.status = 'Posted'
  AND ((d.kind IN ('credit_memo', 'write_off') AND d.total_minor < 0 AND d.source <> 'run')
    OR (d.kind = 'debit_memo' AND d.source <> 'open_item'))
  AND d.id NOT IN (SELECT to_document_id FROM carried WHERE to_document_id IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM deed x WHERE x.document_id = d.id
      AND x.kind IN ('credit memo', 'debit memo', 'write-off'))
UNION ALL
SELECT printf('P-%06d was recorded by hand and is nobody''s deed', p.id) FROM payment p, deed_start s
WHERE p.id > s.payment_id AND p.method_id IS NULL AND (p.gateway <> 'bank' OR p.moved_from IS NOT NULL)
  AND p.id NOT IN (SELECT to_payment_id FROM carried WHERE to_payment_id IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM deed x WHERE x.payment_id = p.id AND x.kind = 'payment')
UNION ALL
SELECT printf('a refund of P-%06d is nobody''s deed', p.id)
FROM payment_event e JOIN payment p ON p.id = e.payment_id JOIN deed_start s
WHERE e.id > s.event_id AND e.kind = 'refund' AND e.key LIKE p.idempotency_key || '-r%'
  AND NOT EXISTS (SELECT 1 FROM deed x WHERE x.payment_id = p.id AND x.event_id = e.id)
UNION ALL
SELECT printf('deed %d (%s) is by %s, its operation %d is not', x.id, x.kind, x.user_name, x.op_seq)
FROM deed x LEFT JOIN operation o ON o.seq = x.op_seq
WHERE o.uid IS NOT x.uid AND x.kind <> 'credit asked for'";
