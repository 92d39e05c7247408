-- Reminders that were sent, or were to be: one message an account, to all its addresses. What a report says
-- of one is booked here, and its levels are put back where it came back from everywhere.
CREATE TABLE reminder (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  emails         TEXT NOT NULL,                       -- the addresses of the account then
  state          TEXT NOT NULL CHECK (state IN ('sending','sent','not_sent','came_back')),
  made_at        INTEGER NOT NULL                     -- UTC ms
) STRICT;
CREATE INDEX reminder_account ON reminder (account_id, id);
CREATE INDEX reminder_sending ON reminder (made_at) WHERE state = 'sending';
CREATE TABLE reminder_copy (
  reminder_id    INTEGER NOT NULL REFERENCES reminder (id),
  seq            INTEGER NOT NULL,                    -- from 0, in order
  address        TEXT NOT NULL,
  message_id     TEXT NOT NULL,                       -- without brackets
  state          TEXT NOT NULL CHECK (state IN ('sending','sent','unconfirmed','refused','came_back')),
  reply          TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (reminder_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE reminder_document (
  reminder_id    INTEGER NOT NULL REFERENCES reminder (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  level          INTEGER NOT NULL CHECK (level > 0),
  level_before   INTEGER NOT NULL,
  before_at      INTEGER,                             -- when that was sent, UTC ms
  PRIMARY KEY (reminder_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminder_document_document ON reminder_document (document_id, reminder_id);
