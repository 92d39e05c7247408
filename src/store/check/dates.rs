//! Money on its day: what comes before what.

/// Rows older than the rule are not judged.
pub const IN_ORDER: &str = "
SELECT printf('D-%06d: P-%06d pays it from %s; it is of %s, the money of %s', d.id, p.id, a.applied_on, d.invoice_on, p.received_on)
FROM allocation a JOIN document d ON d.id = a.document_id JOIN payment p ON p.id = a.payment_id
WHERE a.state = 'applied' AND (a.applied_on < d.invoice_on OR a.applied_on < p.received_on)
  AND a.id > coalesce((SELECT max(last) FROM schema_mark WHERE version = 11 AND name = 'allocation'), 0)
UNION ALL
SELECT printf('D-%06d: D-%06d is used on it from %s; it is of %s, the credit of %s', d.id, c.id, x.applied_on, d.invoice_on, c.invoice_on)
FROM credit_application x JOIN document d ON d.id = x.document_id JOIN document c ON c.id = x.credit_id
WHERE (x.applied_on < d.invoice_on OR x.applied_on < c.invoice_on)
  AND x.id > coalesce((SELECT max(last) FROM schema_mark WHERE version = 11 AND name = 'credit_application'), 0)
UNION ALL
SELECT printf('P-%06d: %s on %s, it came on %s', p.id, e.kind, e.event_on, p.received_on)
FROM payment_event e JOIN payment p ON p.id = e.payment_id
WHERE e.kind IN ('refund', 'return', 'chargeback') AND e.status = 'Done' AND e.event_on < p.received_on
  AND e.id > coalesce((SELECT max(last) FROM schema_mark WHERE version = 11 AND name = 'payment_event'), 0)
UNION ALL
SELECT printf('D-%06d: P-%06d was taken off it on %s, it was applied on %s', a.document_id, a.payment_id, a.unapplied_on, a.applied_on)
FROM allocation a WHERE a.unapplied_on < a.applied_on
UNION ALL
SELECT printf('D-%06d: paid out on %s, it is of %s', d.id, r.refunded_on, d.invoice_on)
FROM memo_refund r JOIN document d ON d.id = r.document_id WHERE r.refunded_on < d.invoice_on
UNION ALL
SELECT printf('P-%06d: moved from P-%06d on %s, which came on %s', m.id, p.id, m.received_on, p.received_on)
FROM payment m JOIN payment p ON p.id = m.moved_from WHERE m.received_on < p.received_on";
