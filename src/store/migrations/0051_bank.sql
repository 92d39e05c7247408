-- Money in by file: bank accounts, the statements read for them and their lines, what each line was matched
-- to, payouts of gateways, what was paid short by no more than the tolerance.
CREATE TABLE bank_account (
  id             INTEGER PRIMARY KEY,
  name           TEXT NOT NULL UNIQUE,                -- its money is in the ledger as cash:NAME
  number         TEXT NOT NULL DEFAULT '',            -- IBAN or number, without blanks; empty = not known
  currency       TEXT NOT NULL,
  added_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX bank_account_number ON bank_account (number, currency) WHERE number <> '';
CREATE TABLE statement (
  id             INTEGER PRIMARY KEY,
  bank_account_id INTEGER NOT NULL REFERENCES bank_account (id),
  name           TEXT NOT NULL,                       -- the bank's own
  source         TEXT NOT NULL CHECK (source IN ('camt.053','camt.052','camt.054','mt940','csv')),
  state          TEXT NOT NULL CHECK (state IN ('Reading','Read')),
  sequence       INTEGER,
  from_on        TEXT NOT NULL,
  to_on          TEXT NOT NULL,
  opening_minor  INTEGER,
  closing_minor  INTEGER,
  entries        INTEGER NOT NULL,
  total_minor    INTEGER NOT NULL,                    -- of its entries
  hash           BLOB NOT NULL,                       -- SHA-256 of all that it says
  file           TEXT NOT NULL,
  read_by        TEXT NOT NULL,
  read_at        INTEGER NOT NULL,
  UNIQUE (bank_account_id, hash)
) STRICT;
CREATE INDEX statement_day ON statement (bank_account_id, to_on);
CREATE TABLE bank_line (
  id             INTEGER PRIMARY KEY,
  bank_account_id INTEGER NOT NULL REFERENCES bank_account (id),
  statement_id   INTEGER NOT NULL REFERENCES statement (id),
  key            TEXT NOT NULL,                       -- the bank's entry reference and part, else of what it says
  entry_ref      TEXT NOT NULL,
  value_on       TEXT NOT NULL,                       -- the day that the bank booked it
  booked_on      TEXT NOT NULL,                       -- the day that it counts here
  amount_minor   INTEGER NOT NULL CHECK (amount_minor <> 0),  -- before charges; below zero = money out
  charges_minor  INTEGER NOT NULL DEFAULT 0,          -- that the bank took beside it
  text           TEXT NOT NULL DEFAULT '',
  reference      TEXT NOT NULL DEFAULT '',            -- structured
  payer          TEXT NOT NULL DEFAULT '',
  iban           TEXT NOT NULL DEFAULT '',
  end_to_end     TEXT NOT NULL DEFAULT '',
  code           TEXT NOT NULL DEFAULT '',
  state          TEXT NOT NULL CHECK (state IN ('New','Matched','Part','Unapplied','Unidentified','Own')),
  rule           TEXT NOT NULL CHECK (rule IN ('own_return','payout','recorded','reference','number','payer_exact','payer_total','payer','conflict','none','hand','own')),
  account_id     INTEGER REFERENCES account (id),     -- whose it is, once that is known
  unidentified_minor INTEGER NOT NULL,                -- what of the amount is nobody's yet
  why            TEXT NOT NULL DEFAULT '',
  txn            INTEGER NOT NULL,                    -- under which its cash is booked
  UNIQUE (bank_account_id, key)
) STRICT;
CREATE INDEX bank_line_open ON bank_line (state, id) WHERE state IN ('New','Part','Unapplied','Unidentified');
CREATE INDEX bank_line_day ON bank_line (bank_account_id, booked_on);
CREATE TABLE payout (
  id             INTEGER PRIMARY KEY,
  gateway        TEXT NOT NULL,
  name           TEXT NOT NULL,                       -- the gateway's
  state          TEXT NOT NULL CHECK (state IN ('Booked','In bank')),
  value_on       TEXT NOT NULL,                       -- the gateway's day
  booked_on      TEXT NOT NULL,
  currency       TEXT NOT NULL,
  gross_minor    INTEGER NOT NULL,
  fee_minor      INTEGER NOT NULL,
  net_minor      INTEGER NOT NULL,
  hash           BLOB NOT NULL,                       -- SHA-256 of all that it says
  CHECK (gross_minor - fee_minor = net_minor),
  UNIQUE (gateway, name)
) STRICT;
CREATE INDEX payout_way ON payout (currency, net_minor) WHERE state = 'Booked';
CREATE TABLE payout_row (
  id             INTEGER PRIMARY KEY,
  payout_id      INTEGER NOT NULL REFERENCES payout (id),
  kind           TEXT NOT NULL,                       -- as the file says: charge, refund, …
  reference      TEXT NOT NULL,
  payment_id     INTEGER REFERENCES payment (id),     -- none = nothing here is called so
  gross_minor    INTEGER NOT NULL,
  fee_minor      INTEGER NOT NULL,
  expected_minor INTEGER                              -- what is booked here of it; none = not known
) STRICT;
CREATE INDEX payout_row_payout ON payout_row (payout_id);
CREATE INDEX payout_row_payment ON payout_row (payment_id) WHERE payment_id IS NOT NULL;
CREATE TABLE bank_match (
  id             INTEGER PRIMARY KEY,
  line_id        INTEGER NOT NULL REFERENCES bank_line (id),
  kind           TEXT NOT NULL CHECK (kind IN ('payment','return','payout','recorded','fee','transfer')),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor <> 0),  -- of the line's, in its sign
  matched_on     TEXT NOT NULL,
  payment_id     INTEGER REFERENCES payment (id),
  payout_id      INTEGER REFERENCES payout (id),
  user_name      TEXT NOT NULL,
  at             INTEGER NOT NULL,
  undone_on      TEXT
) STRICT;
CREATE INDEX bank_match_line ON bank_match (line_id);
CREATE INDEX bank_match_payment ON bank_match (payment_id) WHERE payment_id IS NOT NULL;
CREATE TABLE bank_payer (
  iban           TEXT NOT NULL,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  told           INTEGER NOT NULL CHECK (told IN (0,1)), -- with the account or its payment method
  times          INTEGER NOT NULL CHECK (times >= 0), -- how many matches say so
  PRIMARY KEY (iban, account_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE bank_detail (
  bank_account_id INTEGER NOT NULL REFERENCES bank_account (id),
  entry_ref      TEXT NOT NULL,
  entry_minor    INTEGER NOT NULL,
  details        TEXT NOT NULL,                       -- JSON; what a camt.054 said of an entry that is to come
  PRIMARY KEY (bank_account_id, entry_ref)
) STRICT, WITHOUT ROWID;
CREATE TABLE payment_difference (
  id             INTEGER PRIMARY KEY,
  payment_id     INTEGER NOT NULL REFERENCES payment (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  booked_on      TEXT NOT NULL,
  undone_on      TEXT
) STRICT;
CREATE INDEX payment_difference_document ON payment_difference (document_id);
CREATE INDEX payment_difference_payment ON payment_difference (payment_id);
CREATE TABLE payment_difference_tax (
  difference_id  INTEGER NOT NULL REFERENCES payment_difference (id),
  tax_code       TEXT NOT NULL,
  rate_percent   TEXT NOT NULL,
  kind           TEXT NOT NULL,
  base_minor     INTEGER NOT NULL,
  tax_minor      INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_difference_tax_of ON payment_difference_tax (difference_id);
CREATE TABLE payment_reference (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  reference      TEXT NOT NULL                        -- without blanks, in capitals
) STRICT;
CREATE INDEX payment_reference_text ON payment_reference (reference);
-- Numbers without what parts them, as a text from a bank is searched.
CREATE INDEX document_key ON document (upper(replace(replace(replace(replace(replace(number, '-', ''), '/', ''), '.', ''), '_', ''), ' ', '')))
  WHERE number IS NOT NULL;
CREATE INDEX account_key ON account (upper(replace(replace(replace(replace(replace(number, '-', ''), '/', ''), '.', ''), '_', ''), ' ', '')));
CREATE INDEX payment_outside ON payment (currency, amount_minor, received_on) WHERE gateway = 'outside' AND status = 'Approved';
CREATE INDEX payment_gateway_ref ON payment (gateway_ref) WHERE gateway_ref <> '';
CREATE TRIGGER bank_line_applied AFTER UPDATE OF unapplied_minor ON payment
WHEN NEW.gateway = 'bank' AND (NEW.unapplied_minor = 0) <> (OLD.unapplied_minor = 0) BEGIN
  UPDATE bank_line SET state = iif(NEW.unapplied_minor = 0, 'Matched', 'Unapplied')
  WHERE state = iif(NEW.unapplied_minor = 0, 'Unapplied', 'Matched') AND unidentified_minor = 0
    AND id IN (SELECT line_id FROM bank_match WHERE payment_id = NEW.id AND kind = 'payment' AND undone_on IS NULL);
END;
CREATE TRIGGER statement_delete BEFORE DELETE ON statement
BEGIN SELECT RAISE(ABORT, 'guard: a statement is never removed'); END;
CREATE TRIGGER bank_line_delete BEFORE DELETE ON bank_line
BEGIN SELECT RAISE(ABORT, 'guard: a line of a bank is never removed'); END;
CREATE TRIGGER bank_line_update BEFORE UPDATE OF bank_account_id, key, value_on, booked_on, amount_minor, charges_minor, txn ON bank_line
BEGIN SELECT RAISE(ABORT, 'guard: what a bank said never changes'); END;
-- From which account numbers money of an account comes, as far as it was told.
CREATE TRIGGER bank_payer_of_account AFTER INSERT ON account_version WHEN NEW.legal LIKE '%"iban"%' BEGIN
  INSERT OR IGNORE INTO bank_payer (iban, account_id, told, times)
  SELECT upper(replace(NEW.legal ->> '$.iban', ' ', '')), NEW.account_id, 1, 0 WHERE NEW.legal ->> '$.iban' <> '';
END;
CREATE TRIGGER bank_payer_of_method AFTER INSERT ON payment_method WHEN NEW.iban <> '' BEGIN
  INSERT OR IGNORE INTO bank_payer (iban, account_id, told, times)
  VALUES (upper(replace(NEW.iban, ' ', '')), NEW.account_id, 1, 0);
END;
INSERT OR IGNORE INTO bank_payer (iban, account_id, told, times)
  SELECT upper(replace(legal ->> '$.iban', ' ', '')), account_id, 1, 0 FROM account_version
  WHERE legal LIKE '%"iban"%' AND legal ->> '$.iban' <> '';
INSERT OR IGNORE INTO bank_payer (iban, account_id, told, times)
  SELECT upper(replace(iban, ' ', '')), account_id, 1, 0 FROM payment_method WHERE iban <> '';
