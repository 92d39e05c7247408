-- Who did what to which account, written with the row that it is about: what four eyes sum over a
-- day and separation of duties looks for from the other side.
CREATE TABLE deed (
  id             INTEGER PRIMARY KEY,
  op_seq         INTEGER NOT NULL,                    -- the operation that did it
  at             INTEGER NOT NULL,
  done_on        TEXT NOT NULL,
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  kind           TEXT NOT NULL CHECK (kind IN ('posting','credit memo','debit memo','write-off','refund','credit draft','credit application','credit asked for','payment','payment method','e-mail address','price')),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor >= 0),
  currency       TEXT NOT NULL,
  document_id    INTEGER,
  payment_id     INTEGER,
  event_id       INTEGER,                             -- of payment_event
  second_name    TEXT NOT NULL DEFAULT '',            -- who else stands for it; empty = done alone
  limit_minor    INTEGER,                             -- four_eyes.above as it was; none = no limit
  window_ms      INTEGER                              -- separation.window as it was; none = not bound
) STRICT;
CREATE INDEX deed_account ON deed (account_id, uid, at);
CREATE INDEX deed_price ON deed (uid, at) WHERE kind = 'price';
CREATE INDEX deed_document ON deed (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX deed_payment ON deed (payment_id) WHERE payment_id IS NOT NULL;

-- Rows up to these are older than the table: their deeds are what the audit trail tells of them.
CREATE TABLE deed_start (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  document_id    INTEGER NOT NULL,
  payment_id     INTEGER NOT NULL,
  event_id       INTEGER NOT NULL
) STRICT;
INSERT INTO deed_start SELECT 1, (SELECT coalesce(max(id), 0) FROM document),
  (SELECT coalesce(max(id), 0) FROM payment), (SELECT coalesce(max(id), 0) FROM payment_event);

INSERT INTO deed (op_seq, at, done_on, uid, user_name, account_id, kind, amount_minor, currency, payment_id)
  SELECT o.seq, o.at, date(o.at / 1000, 'unixepoch'), o.uid, o.user_name, p.account_id,
    CASE o.verb WHEN 'refund' THEN 'refund' ELSE 'payment' END, p.amount_minor, p.currency, p.id
  FROM operation o JOIN payment p ON o.subject = printf('P-%06d', p.id)
  WHERE (o.verb = 'outside payment' AND p.method_id IS NULL)
     OR (o.verb = 'refund' AND o.summary LIKE 'refund of % begun%');
INSERT INTO deed (op_seq, at, done_on, uid, user_name, account_id, kind, amount_minor, currency, document_id)
  SELECT o.seq, o.at, date(o.at / 1000, 'unixepoch'), o.uid, o.user_name, d.account_id,
    CASE d.kind WHEN 'credit_memo' THEN 'credit memo' WHEN 'debit_memo' THEN 'debit memo' ELSE 'write-off' END,
    abs(d.total_minor), d.currency, d.id
  FROM operation o JOIN document d ON d.number = o.subject
  WHERE d.status = 'Posted' AND d.source IN ('adjust', 'reverse', 'write_off') AND o.verb IN ('adjust', 'reverse', 'write-off')
    AND o.seq = (SELECT min(f.seq) FROM operation f WHERE f.subject = o.subject);

CREATE TRIGGER deed_update BEFORE UPDATE ON deed
BEGIN SELECT RAISE(ABORT, 'guard: a deed never changes'); END;
CREATE TRIGGER deed_delete BEFORE DELETE ON deed
BEGIN SELECT RAISE(ABORT, 'guard: a deed is never deleted'); END;
CREATE TRIGGER deed_replace BEFORE INSERT ON deed
WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM deed WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: a deed is never replaced'); END;

-- Rows of an imported file that wait for a second person; the others of the file went in.
CREATE TABLE import_request (
  id             INTEGER PRIMARY KEY,
  name           TEXT NOT NULL,
  kind           TEXT NOT NULL,
  sha256         TEXT NOT NULL,                       -- of the whole file
  content        BLOB NOT NULL,                       -- its header and the rows that wait
  facts          TEXT NOT NULL,                       -- JSON: what each row would do, as it was seen
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  asked_at       INTEGER NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open','confirmed','expired'))
) STRICT;
CREATE UNIQUE INDEX import_request_open ON import_request (kind, sha256) WHERE state = 'open';
