-- Through which day the bank is read, as people say it: the newest row holds.
CREATE TABLE bank_read (
  id             INTEGER PRIMARY KEY,
  through_on     TEXT NOT NULL,
  said_by        TEXT NOT NULL,
  said_at        INTEGER NOT NULL
) STRICT;
