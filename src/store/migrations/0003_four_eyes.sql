-- What somebody asked for that a second person must confirm (`four_eyes.above`).
CREATE TABLE four_eyes (
  id             INTEGER PRIMARY KEY,
  deed           TEXT NOT NULL,                       -- verb, object and parameters: what must be the same
  object         TEXT NOT NULL CHECK (object IN ('document','payment','account')),
  object_id      INTEGER NOT NULL,
  object_state   TEXT NOT NULL,                       -- what must not have changed meanwhile
  amount_minor   INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  words          TEXT NOT NULL,
  reason         TEXT NOT NULL,
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  asked_at       INTEGER NOT NULL,
  asked_seq      INTEGER NOT NULL REFERENCES operation (seq) DEFERRABLE INITIALLY DEFERRED,
  state          TEXT NOT NULL CHECK (state IN ('open','confirmed','expired')),
  ended_seq      INTEGER REFERENCES operation (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
-- One open request per deed.
CREATE UNIQUE INDEX four_eyes_open ON four_eyes (deed) WHERE state = 'open';
