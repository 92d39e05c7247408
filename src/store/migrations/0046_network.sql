-- Copies that go by a network for invoices: how each stands there, what the network said of it, and the XML
-- of those that went again to another electronic address.
PRAGMA writable_schema = ON;
-- delivery.channel CHECK (channel IN ('email','print','network'))
UPDATE sqlite_schema SET sql = replace(sql,
  'channel IN (''email'',''print'')', 'channel IN (''email'',''print'',''network'')')
WHERE type = 'table' AND name = 'delivery';
-- account_version.delivery CHECK (delivery IN ('email','print','both','none','network','network+email'))
UPDATE sqlite_schema SET sql = replace(sql,
  'OR delivery = ''none''', 'OR delivery = ''none'' OR delivery = ''network'' OR delivery = ''network+email''')
WHERE type = 'table' AND name = 'account_version';
-- document.source CHECK (source IN ('run','hand','adjust','reverse','write_off','open_item','void'))
UPDATE sqlite_schema SET sql = replace(sql, 'OR source = ''open_item''', 'OR source = ''open_item'' OR source = ''void''')
WHERE type = 'table' AND name = 'document';
PRAGMA writable_schema = RESET;
CREATE TABLE network_copy (
  delivery_id    INTEGER PRIMARY KEY REFERENCES delivery (id),
  state          TEXT NOT NULL CHECK (state IN ('begun','handed_over','accepted','delivered','refused','paid')),
  code           TEXT NOT NULL DEFAULT '',            -- of a refusal, the network's
  since_at       INTEGER NOT NULL DEFAULT 0,          -- by the clock of who said it
  place          TEXT NOT NULL,                       -- the outbox, or the program that took it
  file           TEXT NOT NULL UNIQUE                 -- its name there, the same at every try
) STRICT;
CREATE INDEX network_copy_state ON network_copy (state);
CREATE TRIGGER network_copy_moves AFTER UPDATE OF status ON delivery
WHEN NEW.channel = 'network' AND OLD.status <> NEW.status BEGIN
  UPDATE network_copy SET state = 'handed_over' WHERE delivery_id = NEW.id AND NEW.status = 'Sent' AND state = 'begun';
  UPDATE network_copy SET state = 'refused', since_at = coalesce(NEW.ended_at, 0)
    WHERE delivery_id = NEW.id AND NEW.status = 'Bounced' AND OLD.status IN ('Sent','Unconfirmed');
END;
CREATE TABLE network_receipt (
  id             INTEGER PRIMARY KEY,
  hash           BLOB NOT NULL UNIQUE,                -- SHA-256 of all that it says
  name           TEXT NOT NULL,                       -- its own; empty = none
  delivery_id    INTEGER REFERENCES delivery (id),
  document       TEXT NOT NULL,                       -- as it says
  said           TEXT NOT NULL CHECK (said IN ('accepted','delivered','refused','paid')),
  code           TEXT NOT NULL,
  words          TEXT NOT NULL,
  said_at        INTEGER NOT NULL,
  at             INTEGER NOT NULL,                    -- when it was read
  effect         TEXT NOT NULL CHECK (effect IN ('moved','noted','odd','unknown')),
  why            TEXT NOT NULL                        -- of what contradicts, or is about nothing here
) STRICT;
CREATE INDEX network_receipt_delivery ON network_receipt (delivery_id, id) WHERE delivery_id IS NOT NULL;
CREATE INDEX network_receipt_name ON network_receipt (name) WHERE name <> '';
CREATE INDEX network_receipt_odd ON network_receipt (id) WHERE effect IN ('odd','unknown');
CREATE TABLE e_document_version (
  document_id    INTEGER NOT NULL REFERENCES e_document (document_id),
  version        INTEGER NOT NULL CHECK (version > 1),
  form           TEXT NOT NULL CHECK (form IN ('xrechnung','peppol','factur-x','ubl','cii','none')),
  rules          TEXT NOT NULL,
  hash           BLOB NOT NULL,
  xml            BLOB NOT NULL,
  made_at        INTEGER NOT NULL,
  PRIMARY KEY (document_id, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER e_document_version_update BEFORE UPDATE ON e_document_version
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out never changes'); END;
CREATE TRIGGER e_document_version_delete BEFORE DELETE ON e_document_version
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never removed'); END;
CREATE TRIGGER e_document_version_replace BEFORE INSERT ON e_document_version
WHEN EXISTS (SELECT 1 FROM e_document_version WHERE document_id = NEW.document_id AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never replaced'); END;
