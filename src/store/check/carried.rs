//! One currency an account: what is open is in its own, and what was carried over into it is worth what
//! the rate gives.

/// What stands in another currency than its account's, or was carried over at another rate.
pub const ONE_CURRENCY: &str = "
SELECT printf('D-%06d (%s): %d %s are open on an account in %s', d.id, d.number, s.balance_minor, d.currency, a.currency)
FROM document_state s JOIN document d ON d.id = s.document_id JOIN account a ON a.id = d.account_id
WHERE s.balance_minor <> 0 AND d.currency <> a.currency
UNION ALL
SELECT printf('D-%06d is a draft in %s on an account in %s', d.id, d.currency, a.currency)
FROM document d JOIN account a ON a.id = d.account_id WHERE d.status = 'Draft' AND d.currency <> a.currency
UNION ALL
SELECT printf('P-%06d: %d %s are unapplied on an account in %s', p.id, p.unapplied_minor, p.currency, a.currency)
FROM payment p JOIN account a ON a.id = p.account_id
WHERE p.currency <> a.currency AND p.unapplied_minor > (SELECT coalesce(sum(e.amount_minor), 0) FROM payment_event e
    WHERE e.payment_id = p.id AND e.kind = 'refund' AND e.status IN ('Processing', 'Unknown'))
UNION ALL
SELECT printf('account %s is in %s, which was converted', a.number, a.currency)
FROM account a JOIN currency_conversion c ON c.from_currency = a.currency
UNION ALL
SELECT printf('D-%06d: %d were carried over as %d, which is not the rate', coalesce(k.document_id, k.payment_id), k.from_minor, k.to_minor)
FROM carried k JOIN currency_conversion c ON c.id = k.conversion_id
WHERE abs(k.to_minor) <> (abs(k.from_minor) * c.rate_scale * 2 + c.rate_units) / (c.rate_units * 2)
UNION ALL
SELECT printf('D-%06d (%s) is not what was carried over', t.id, t.number)
FROM carried k JOIN currency_conversion c ON c.id = k.conversion_id JOIN document t ON t.id = k.to_document_id
WHERE t.total_minor <> k.to_minor OR t.currency <> c.to_currency OR t.account_id <> k.account_id";
