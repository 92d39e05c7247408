-- What is agreed and what is contested about money that has not come.
--
-- Of an open dispute the reason is in document_state.disputed too, of an open plan the day of its last
-- instalment in document_state.promised_on of its documents: by these, runs, retries, reminders and lists
-- leave them alone. An open agency case stops all of these for all of its account.
CREATE TABLE dispute (
  id             INTEGER PRIMARY KEY,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  code           TEXT NOT NULL CHECK (code IN ('amount_wrong','not_ordered','not_delivered','paid_already','wrong_customer','other')),
  words          TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  owner          TEXT NOT NULL,
  opened_by      TEXT NOT NULL,
  opened_at      INTEGER NOT NULL,                    -- UTC ms; 0: before this was kept
  state          TEXT NOT NULL CHECK (state IN ('open','upheld','rejected','withdrawn','settled')),
  ended_by       TEXT NOT NULL DEFAULT '',
  ended_at       INTEGER,
  outcome        TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'open') = (ended_at IS NULL))
) STRICT;
CREATE INDEX dispute_document ON dispute (document_id, id);
CREATE UNIQUE INDEX dispute_open ON dispute (document_id) WHERE state = 'open';
INSERT INTO dispute (document_id, code, words, amount_minor, owner, opened_by, opened_at, state)
  SELECT document_id, 'other', disputed, balance_minor, '', '', 0, 'open' FROM document_state
  WHERE disputed <> '' AND balance_minor > 0;
UPDATE document_state SET disputed = '' WHERE disputed <> '' AND balance_minor <= 0;

CREATE TABLE instalment_plan (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  currency       TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open','kept','missed','ended')),
  made_by        TEXT NOT NULL,
  made_at        INTEGER NOT NULL,
  ended_at       INTEGER,
  words          TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'open') = (ended_at IS NULL))
) STRICT;
CREATE INDEX instalment_plan_account ON instalment_plan (account_id, id);
CREATE INDEX instalment_plan_open ON instalment_plan (id) WHERE state = 'open';
CREATE TABLE instalment (
  plan_id        INTEGER NOT NULL REFERENCES instalment_plan (id),
  seq            INTEGER NOT NULL,                    -- from 0, by day
  due_on         TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (plan_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE instalment_document (
  plan_id        INTEGER NOT NULL REFERENCES instalment_plan (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  owed_minor     INTEGER NOT NULL CHECK (owed_minor > 0),  -- when the plan was made
  open           INTEGER NOT NULL CHECK (open IN (0,1)),   -- as its plan
  PRIMARY KEY (plan_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX instalment_document_document ON instalment_document (document_id);
CREATE UNIQUE INDEX instalment_document_open ON instalment_document (document_id) WHERE open = 1;
-- What was owed when it was made; 0: before this was kept. A part that was promised and paid is a promise kept.
ALTER TABLE promise ADD COLUMN owed_minor INTEGER NOT NULL DEFAULT 0;
-- A promise that was broken keeps nothing back, and hides no failed payment.
UPDATE document_state SET promised_on = NULL WHERE promised_on IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM promise p WHERE p.document_id = document_state.document_id AND p.state = 'open');

CREATE TABLE agency_case (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  agency         TEXT NOT NULL,
  reference      TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open','recalled','collected','uncollectible')),
  handed_by      TEXT NOT NULL,
  handed_on      TEXT NOT NULL,
  ended_by       TEXT NOT NULL DEFAULT '',
  ended_on       TEXT,
  words          TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'open') = (ended_on IS NULL))
) STRICT;
CREATE INDEX agency_case_account ON agency_case (account_id, id);
CREATE UNIQUE INDEX agency_case_open ON agency_case (account_id) WHERE state = 'open';
CREATE TABLE agency_claim (
  case_id        INTEGER NOT NULL REFERENCES agency_case (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  handed_minor   INTEGER NOT NULL CHECK (handed_minor > 0),
  PRIMARY KEY (case_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER stirred_by_agency_made AFTER INSERT ON agency_case BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_agency AFTER UPDATE OF state, account_id ON agency_case BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id IN (OLD.account_id, NEW.account_id) ON CONFLICT DO NOTHING;
END;

-- The same with agency cases in it.
DROP VIEW collectible_now;
CREATE VIEW collectible_now AS
SELECT s.document_id, s.account_id, d.currency, s.balance_minor,
  CASE
    WHEN s.auto_pay_off = 1 OR s.disputed <> '' OR s.written_off_by IS NOT NULL
      OR EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.state = 'live')
      OR EXISTS (SELECT 1 FROM agency_case g WHERE g.account_id = s.account_id AND g.state = 'open')
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
DELETE FROM collectible WHERE document_id IN (SELECT document_id FROM collectible_stirred);
INSERT INTO collectible SELECT n.* FROM collectible_stirred t JOIN collectible_now n ON n.document_id = t.document_id;
DELETE FROM collectible_stirred;
