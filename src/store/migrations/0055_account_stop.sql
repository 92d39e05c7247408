-- Accounts of which nothing is collected: insolvent, deceased. An open row stops runs, retries and reminders of
-- all of its account.
CREATE TABLE account_stop (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  kind           TEXT NOT NULL CHECK (kind IN ('insolvent','deceased')),
  since_on       TEXT NOT NULL,
  reason         TEXT NOT NULL,
  said_by        TEXT NOT NULL,
  said_at        INTEGER NOT NULL,                    -- UTC ms
  ended_by       TEXT NOT NULL DEFAULT '',
  ended_at       INTEGER,
  ended_why      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX account_stop_account ON account_stop (account_id, id);
CREATE UNIQUE INDEX account_stop_open ON account_stop (account_id) WHERE ended_at IS NULL;
CREATE TRIGGER stirred_by_stop_made AFTER INSERT ON account_stop BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_stop AFTER UPDATE OF ended_at, account_id ON account_stop BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id IN (OLD.account_id, NEW.account_id) ON CONFLICT DO NOTHING;
END;

-- The same with stops in it.
DROP VIEW collectible_now;
CREATE VIEW collectible_now AS
SELECT s.document_id, s.account_id, d.currency, s.balance_minor,
  CASE
    WHEN s.auto_pay_off = 1 OR s.disputed <> '' OR s.written_off_by IS NOT NULL
      OR EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.state = 'live')
      OR EXISTS (SELECT 1 FROM agency_case g WHERE g.account_id = s.account_id AND g.state = 'open')
      OR EXISTS (SELECT 1 FROM account_stop t WHERE t.account_id = s.account_id AND t.ended_at IS NULL)
      THEN 'leave'
    WHEN v.seq > 1 AND v.effective_from_on > s.due_on AND EXISTS (SELECT 1 FROM account_version o
      WHERE o.account_id = s.account_id AND o.auto_pay <> v.auto_pay) THEN 'ask'
    WHEN v.auto_pay = 0 OR m.id IS NULL THEN 'leave'
    WHEN s.promised_on IS NULL AND s.next_retry_at IS NULL AND s.retries_given_up = 0
      AND m.failures = 0 AND m.hard_declined = 0 AND coalesce(m.expires_on, '9999-12-31') >= s.due_on
      AND NOT EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id
        AND l.reopened_minor > l.unapplied_minor) THEN 'charge'
    WHEN NOT EXISTS (SELECT 1 FROM payment_method u WHERE u.account_id = s.account_id
      AND u.status = 'active' AND u.hard_declined = 0
      AND coalesce(u.expires_on, '9999-12-31') >= s.due_on) THEN 'leave'
    WHEN s.retries_given_up = 1 AND NOT EXISTS (SELECT 1 FROM payment_method u
      WHERE u.account_id = s.account_id AND u.status = 'active' AND u.changed_at >
        (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
         WHERE l.document_id = s.document_id
           AND (p.status = 'Declined' OR l.reopened_minor > l.unapplied_minor))) THEN 'leave'
    ELSE 'ask' END AS verdict,
  s.due_on, coalesce(m.expires_on, '9999-12-31') AS until_on,
  max(unixepoch(max(s.due_on, coalesce(date(s.promised_on, '+1 day'), ''))) * 1000 - 50400000,
    CASE WHEN s.next_retry_at IS NULL OR s.retries_given_up = 1 OR EXISTS (SELECT 1 FROM payment_method u
      WHERE u.account_id = s.account_id AND u.status = 'active' AND u.changed_at >
        (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
         WHERE l.document_id = s.document_id
           AND (p.status = 'Declined' OR l.reopened_minor > l.unapplied_minor)))
      THEN 0 ELSE s.next_retry_at END) AS ask_at,
  (d.kind IN ('invoice','debit_memo') AND s.disputed = '' AND s.promised_on IS NULL
    AND NOT EXISTS (SELECT 1 FROM agency_case g WHERE g.account_id = s.account_id AND g.state = 'open')
    AND NOT EXISTS (SELECT 1 FROM account_stop t WHERE t.account_id = s.account_id AND t.ended_at IS NULL)
    AND (s.retries_given_up = 1 OR coalesce((SELECT p.status IN ('Declined','Unknown','Canceled')
        OR (p.status = 'Approved' AND s.next_retry_at IS NOT NULL) FROM payment p
      WHERE p.id = (SELECT max(l.payment_id) FROM allocation l WHERE l.document_id = s.document_id)), 0)))
    AS failed
FROM document_state s JOIN document d ON d.id = s.document_id
JOIN account_version v ON v.id = (SELECT w.id FROM account_version w WHERE w.account_id = s.account_id
  ORDER BY CASE WHEN w.seq = 1 THEN '' ELSE w.effective_from_on END DESC, w.seq DESC LIMIT 1)
LEFT JOIN payment_method m ON m.id = (SELECT u.id FROM payment_method u
  WHERE u.account_id = s.account_id AND u.status = 'active' ORDER BY u.priority, u.id LIMIT 1)
WHERE s.status = 'Posted' AND s.balance_minor > 0;
