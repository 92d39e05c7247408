-- Calendar months that were closed. What is booked up to the last day of one that is not Open stays as it is:
-- nothing is added, and `daybook check` holds it against its seal.
CREATE TABLE book_period (
  month          TEXT PRIMARY KEY,                    -- 2026-11
  from_on        TEXT NOT NULL,
  to_on          TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('Open','Closed','Locked')),
  sealed_from_on TEXT,                                -- NULL: everything up to the last day, the first close has it all
  entries        INTEGER NOT NULL,
  seal           TEXT NOT NULL                        -- SHA-256 of the ledger's entries of these days, hexadecimal
) STRICT;
CREATE INDEX book_period_shut ON book_period (to_on) WHERE status <> 'Open';

-- Who closed, reopened, locked a month, and why.
CREATE TABLE book_period_step (
  id             INTEGER PRIMARY KEY,
  month          TEXT NOT NULL REFERENCES book_period (month),
  step           TEXT NOT NULL CHECK (step IN ('close','reopen','lock')),
  at             INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  second_name    TEXT NOT NULL,                       -- empty = nobody had to
  reason         TEXT NOT NULL,
  op_seq         INTEGER NOT NULL REFERENCES operation (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX book_period_step_month ON book_period_step (month, id);

-- What the ledger came to in a month that was closed: sums of each account and currency.
CREATE TABLE book_period_sum (
  month          TEXT NOT NULL REFERENCES book_period (month),
  currency       TEXT NOT NULL,
  account        TEXT NOT NULL,
  debit_minor    INTEGER NOT NULL,
  credit_minor   INTEGER NOT NULL,
  PRIMARY KEY (month, currency, account)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_shut BEFORE INSERT ON ledger_entry
WHEN EXISTS (SELECT 1 FROM book_period INDEXED BY book_period_shut WHERE status <> 'Open' AND to_on >= NEW.entry_on)
BEGIN SELECT RAISE(ABORT, 'guard: the period of that day is closed'); END;
