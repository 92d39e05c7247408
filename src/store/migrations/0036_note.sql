-- Notes on accounts and on documents, of one kind: none is ever changed or taken away, another can strike it.
-- References by which we and the customer call an account or a document: not printed, and changed at any time.
CREATE TABLE note (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  document_id    INTEGER REFERENCES document (id),    -- none: on the account
  at             INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  text           TEXT NOT NULL,
  strikes_id     INTEGER UNIQUE REFERENCES note (id) CHECK (strikes_id < id)
) STRICT;
INSERT INTO note (id, account_id, at, user_name, text) SELECT id, account_id, at, user_name, text FROM account_note;
DROP TABLE account_note;
CREATE INDEX note_account ON note (account_id, id);
CREATE INDEX note_document ON note (document_id, id) WHERE document_id IS NOT NULL;
CREATE TRIGGER note_update BEFORE UPDATE ON note
BEGIN SELECT RAISE(ABORT, 'guard: a note never changes'); END;
CREATE TRIGGER note_delete BEFORE DELETE ON note
BEGIN SELECT RAISE(ABORT, 'guard: a note is never taken away'); END;
CREATE TABLE account_reference (
  account_id     INTEGER PRIMARY KEY REFERENCES account (id),
  ours           TEXT NOT NULL,
  theirs         TEXT NOT NULL
) STRICT;
CREATE TABLE document_reference (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  ours           TEXT NOT NULL,
  theirs         TEXT NOT NULL
) STRICT;
