-- What a retry was asked for and left out at once, with why: it has no place in the run.
CREATE TABLE payment_run_refused (
  run_id         INTEGER NOT NULL REFERENCES payment_run (id),
  position       INTEGER NOT NULL,
  what           TEXT NOT NULL,                       -- the number of an invoice, or a payment
  reason         TEXT NOT NULL,
  PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
