-- Reports of mail that came back, each booked once, however often and in whatever folder it is read.
CREATE TABLE bounce_report (
  hash           BLOB PRIMARY KEY,                    -- SHA-256 of the report's name and of what it says
  delivery_id    INTEGER NOT NULL REFERENCES delivery (id),
  at             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
