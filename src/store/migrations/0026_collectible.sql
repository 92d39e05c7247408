-- What a payment run would make of each open document, kept by the change that moves it, so that the
-- day's figure of a million due invoices reads some rows. `daybook check` works it out anew.
--
-- charge: taken on every day from `due_on` to `until_on`, whatever the settings. leave: taken on none,
-- before something of it changes. ask: it is judged one by one, from `ask_at` on. That an account has
-- credits to use is not in it. The rule itself is `domain::payment_run::judge`.
CREATE TABLE collectible (
  document_id    INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  balance_minor  INTEGER NOT NULL,
  verdict        TEXT NOT NULL CHECK (verdict IN ('charge','ask','leave')),
  due_on         TEXT NOT NULL,
  until_on       TEXT NOT NULL,                       -- the last day; 9999-12-31: no end
  ask_at         INTEGER NOT NULL,                    -- UTC ms; 14 hours before a day begins by UTC: in no zone earlier
  failed         INTEGER NOT NULL CHECK (failed IN (0,1))  -- what the screen Failed lists as failed
) STRICT;
CREATE INDEX collectible_account ON collectible (account_id);
CREATE INDEX collectible_ask ON collectible (ask_at) WHERE verdict = 'ask';
CREATE INDEX collectible_until ON collectible (until_on) WHERE verdict = 'charge' AND until_on < '9999-12-31';
-- Sums of it: of charge by the day from which they count (less what ended the day before), of failed.
CREATE TABLE collectible_sum (
  name           TEXT NOT NULL CHECK (name IN ('charge','failed')),
  from_on        TEXT NOT NULL,                       -- failed: empty
  currency       TEXT NOT NULL,
  count          INTEGER NOT NULL,
  sum_minor      INTEGER NOT NULL,
  PRIMARY KEY (name, from_on, currency)
) STRICT, WITHOUT ROWID;
-- Documents of which something moved in this transaction; empty outside of one.
CREATE TABLE collectible_stirred (
  document_id    INTEGER PRIMARY KEY
) STRICT;

-- v: the version of the account that is in force last. m: the account's default method.
CREATE VIEW collectible_now AS
SELECT s.document_id, s.account_id, d.currency, s.balance_minor,
  CASE
    WHEN s.auto_pay_off = 1 OR s.disputed <> '' OR s.written_off_by IS NOT NULL
      OR EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.state = 'live')
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

CREATE TRIGGER collectible_came AFTER INSERT ON collectible WHEN NEW.verdict = 'charge' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', NEW.due_on, NEW.currency, 1, NEW.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_came_end AFTER INSERT ON collectible
WHEN NEW.verdict = 'charge' AND NEW.until_on < '9999-12-31' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', date(NEW.until_on, '+1 day'), NEW.currency, -1, -NEW.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_came_failed AFTER INSERT ON collectible WHEN NEW.failed = 1 BEGIN
  INSERT INTO collectible_sum VALUES ('failed', '', NEW.currency, 1, NEW.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_went AFTER DELETE ON collectible WHEN OLD.verdict = 'charge' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', OLD.due_on, OLD.currency, -1, -OLD.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_went_end AFTER DELETE ON collectible
WHEN OLD.verdict = 'charge' AND OLD.until_on < '9999-12-31' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', date(OLD.until_on, '+1 day'), OLD.currency, 1, OLD.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_went_failed AFTER DELETE ON collectible WHEN OLD.failed = 1 BEGIN
  INSERT INTO collectible_sum VALUES ('failed', '', OLD.currency, -1, -OLD.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
INSERT INTO collectible SELECT * FROM collectible_now;

CREATE TRIGGER stirred_by_state_made AFTER INSERT ON document_state
WHEN NEW.status = 'Posted' AND NEW.balance_minor > 0 BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_state AFTER UPDATE OF status, account_id, balance_minor, due_on, auto_pay_off, disputed,
  promised_on, written_off_by, next_retry_at, retries_given_up ON document_state
WHEN 'Posted' IN (OLD.status, NEW.status) AND (OLD.balance_minor > 0 OR NEW.balance_minor > 0) BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_allocation_made AFTER INSERT ON allocation BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_allocation AFTER UPDATE OF state, reopened_minor, unapplied_minor ON allocation BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_payment AFTER UPDATE OF status, settled_at ON payment
WHEN OLD.status <> NEW.status OR OLD.settled_at IS NOT NEW.settled_at BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM allocation WHERE payment_id = NEW.id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_method_made AFTER INSERT ON payment_method BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_method AFTER UPDATE OF priority, expires_on, status, failures, hard_declined, changed_at
ON payment_method BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
-- Where no version differs in auto-pay, another one moves nothing.
CREATE TRIGGER stirred_by_account AFTER INSERT ON account_version
WHEN EXISTS (SELECT 1 FROM account_version o
  WHERE o.account_id = NEW.account_id AND o.auto_pay <> NEW.auto_pay) BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;

-- Asked before each slice of a payment run: which gateways know a method at all.
CREATE INDEX payment_method_gateway ON payment_method (gateway);
