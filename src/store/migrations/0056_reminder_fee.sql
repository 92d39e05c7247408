-- What late payment costs who pays late, as a reminder claims it: written down before it leaves, booked as a
-- document of its own once it has.
PRAGMA writable_schema = ON;
-- document.source CHECK (source IN ('run','hand','adjust','reverse','write_off','open_item','void','dunning'))
UPDATE sqlite_schema SET sql = replace(sql, 'OR source = ''void''', 'OR source = ''void'' OR source = ''dunning''')
WHERE type = 'table' AND name = 'document';
PRAGMA writable_schema = RESET;
CREATE TABLE reminder_fee (
  reminder_id    INTEGER NOT NULL REFERENCES reminder (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),  -- what is paid late
  flat_minor     INTEGER NOT NULL CHECK (flat_minor >= 0),
  interest_minor INTEGER NOT NULL CHECK (interest_minor >= 0),
  interest_from_on TEXT,                              -- days it is for, both inclusive
  interest_to_on TEXT,
  law            TEXT NOT NULL,
  fee_id         INTEGER UNIQUE REFERENCES document (id),    -- none: not booked
  PRIMARY KEY (reminder_id, document_id),
  CHECK (flat_minor + interest_minor > 0),
  CHECK ((interest_minor > 0) = (interest_to_on IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX reminder_fee_document ON reminder_fee (document_id);
