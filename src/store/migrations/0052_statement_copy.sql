-- Statements of account that go to customers, a row an address: the same span goes to one address once.
CREATE TABLE statement_copy (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  from_on        TEXT NOT NULL,
  to_on          TEXT NOT NULL,
  address        TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('Queued','Held','Sending','Sent','Deferred','Bounced','Unconfirmed','Recalled','Written','Printed','Suppressed','Impossible')),
  attempts       INTEGER NOT NULL DEFAULT 0,
  queued_at      INTEGER NOT NULL,
  not_before_at  INTEGER NOT NULL,                    -- end of the hold, or the next try
  first_try_at   INTEGER,
  ended_at       INTEGER,
  last_reply     TEXT NOT NULL DEFAULT '',
  message_id     TEXT NOT NULL DEFAULT '',
  pdf_hash       TEXT NOT NULL DEFAULT '',            -- SHA-256 of the PDF of the last try
  job_id         INTEGER,                             -- the job that is sending it
  reports        TEXT NOT NULL DEFAULT '',            -- hashes of the reports that it came back, each counts once
  UNIQUE (account_id, from_on, to_on, address)
) STRICT;
CREATE INDEX statement_copy_queue ON statement_copy (not_before_at) WHERE status IN ('Queued','Deferred');
CREATE INDEX statement_copy_name ON statement_copy (message_id);
CREATE INDEX statement_copy_sending ON statement_copy (job_id) WHERE status = 'Sending';
