-- 57 migrations leave this in a new book: DAYBOOK_BLESS=1 cargo test --lib a_new_book writes it.
CREATE TABLE book (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  uid            TEXT NOT NULL,                       -- random, printed with the audit head
  kind           TEXT NOT NULL CHECK (kind IN ('real','test','demo')),
  creator_uid    INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  clock_at       INTEGER                              -- test and demo books: the stored clock
, seen_at INTEGER) STRICT;
CREATE TABLE setting (
  key            TEXT PRIMARY KEY,
  value          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE role (
  uid            INTEGER NOT NULL,
  role           TEXT NOT NULL CHECK (role IN ('viewer','clerk','biller','cashier','controller','admin','everything')),
  PRIMARY KEY (uid, role)
) STRICT, WITHOUT ROWID;
CREATE TABLE operation (
  seq            INTEGER PRIMARY KEY,
  op_id          TEXT NOT NULL UNIQUE,
  at             INTEGER NOT NULL,
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  role           TEXT NOT NULL,
  verb           TEXT NOT NULL,
  subject        TEXT NOT NULL,
  summary        TEXT NOT NULL,
  detail         TEXT NOT NULL DEFAULT '',            -- JSON; before and after of clerks' edits
  prev_hash      BLOB NOT NULL,
  hash           BLOB NOT NULL
, by_itself INTEGER NOT NULL DEFAULT 0 CHECK (by_itself IN (0,1))) STRICT;
CREATE INDEX operation_subject ON operation (subject, seq);
CREATE INDEX operation_uid ON operation (uid, seq);
CREATE TABLE undo (
  op_seq         INTEGER NOT NULL REFERENCES operation (seq) DEFERRABLE INITIALLY DEFERRED,
  document_id    INTEGER NOT NULL,
  before         TEXT NOT NULL,                       -- JSON image of the draft
  after          TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('done','undone')), undone_seq INTEGER,
  PRIMARY KEY (op_seq, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX undo_document ON undo (document_id, op_seq);
CREATE TABLE topic (
  name           TEXT PRIMARY KEY,
  seq            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE account (
  id             INTEGER PRIMARY KEY,
  number         TEXT NOT NULL UNIQUE,
  currency       TEXT NOT NULL CHECK (length(currency) = 3),
  open_minor     INTEGER NOT NULL DEFAULT 0,          -- sum of balances of its posted documents, credits negative
  note           TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE account_version (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  seq            INTEGER NOT NULL,
  effective_from_on TEXT NOT NULL,
  name           TEXT NOT NULL,
  emails         TEXT NOT NULL,
  batch          TEXT NOT NULL,
  bill_cycle_day INTEGER NOT NULL CHECK (bill_cycle_day BETWEEN 1 AND 31),
  payment_term   TEXT NOT NULL,
  auto_pay       INTEGER NOT NULL CHECK (auto_pay IN (0,1)),
  delivery       TEXT NOT NULL CHECK (delivery = 'email' OR delivery = 'print' OR delivery = 'both' OR delivery = 'none' OR delivery = 'network' OR delivery = 'network+email'),
  tax_code       TEXT NOT NULL,
  tax_id         TEXT NOT NULL,
  address1       TEXT NOT NULL,
  address2       TEXT NOT NULL,
  postcode       TEXT NOT NULL,
  city           TEXT NOT NULL,
  region         TEXT NOT NULL,
  country        TEXT NOT NULL,
  language       TEXT NOT NULL,
  po_number      TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status = 'active' OR status = 'suspended' OR status = 'canceled'),
  recorded_at    INTEGER NOT NULL, legal TEXT NOT NULL DEFAULT '',
  UNIQUE (account_id, seq)
) STRICT;
CREATE INDEX account_version_name ON account_version (name COLLATE NOCASE);
CREATE TABLE subscription (
  id             INTEGER PRIMARY KEY,
  number         TEXT NOT NULL UNIQUE,
  account_id     INTEGER NOT NULL REFERENCES account (id)
) STRICT;
CREATE INDEX subscription_account ON subscription (account_id);
CREATE TABLE subscription_version (
  id             INTEGER PRIMARY KEY,
  subscription_id INTEGER NOT NULL REFERENCES subscription (id),
  seq            INTEGER NOT NULL,
  effective_from_on TEXT NOT NULL,
  start_on       TEXT NOT NULL,
  term_months    INTEGER,
  auto_renew     INTEGER NOT NULL CHECK (auto_renew IN (0,1)),
  end_on         TEXT,
  suspended_from_on TEXT,
  resumed_from_on TEXT,
  po_number      TEXT NOT NULL,
  recorded_at    INTEGER NOT NULL,
  UNIQUE (subscription_id, seq)
) STRICT;
CREATE TABLE charge (
  id             INTEGER PRIMARY KEY,
  number         TEXT NOT NULL UNIQUE,
  subscription_id INTEGER NOT NULL REFERENCES subscription (id),
  account_id     INTEGER NOT NULL REFERENCES account (id)
) STRICT;
CREATE INDEX charge_account ON charge (account_id);
CREATE INDEX charge_subscription ON charge (subscription_id);
CREATE TABLE charge_version (
  id             INTEGER PRIMARY KEY,
  charge_id      INTEGER NOT NULL REFERENCES charge (id),
  seq            INTEGER NOT NULL,
  effective_from_on TEXT NOT NULL,
  name           TEXT NOT NULL,
  plan           TEXT NOT NULL,
  type           TEXT NOT NULL CHECK (type = 'one_time' OR type = 'recurring' OR type = 'usage'),
  model          TEXT NOT NULL CHECK (model = 'flat' OR model = 'per_unit' OR model = 'tiered' OR model = 'volume' OR model = 'package' OR model = 'overage' OR model = 'tiered_overage' OR model = 'discount_percent' OR model = 'discount_fixed'),
  price          TEXT NOT NULL,
  quantity       TEXT NOT NULL,
  uom            TEXT NOT NULL,
  billing_period TEXT NOT NULL,
  timing         TEXT NOT NULL CHECK (timing IN ('advance','arrears')),
  billing_day    TEXT NOT NULL,
  alignment      TEXT NOT NULL CHECK (alignment = 'charge' OR alignment = 'subscription_start' OR alignment = 'term_start'),
  price_base     TEXT NOT NULL CHECK (price_base = 'period' OR price_base = 'month' OR price_base = 'year'),
  start_on       TEXT,
  end_on         TEXT,
  billed_through_on TEXT,
  tiers          TEXT NOT NULL,
  package_size   TEXT,
  included_units TEXT,
  overage_price  TEXT,
  discount_level TEXT NOT NULL CHECK (discount_level = 'plan' OR discount_level = 'subscription' OR discount_level = 'account'),
  stacked        INTEGER NOT NULL CHECK (stacked IN (0,1)),
  tax_code       TEXT NOT NULL,
  revenue_account TEXT NOT NULL,
  recorded_at    INTEGER NOT NULL,
  UNIQUE (charge_id, seq)
) STRICT;
CREATE TABLE import_file (
  id             INTEGER PRIMARY KEY,
  name           TEXT NOT NULL,
  kind           TEXT NOT NULL,
  sha256         TEXT NOT NULL,
  rows           INTEGER NOT NULL,
  at             INTEGER NOT NULL
) STRICT;
CREATE TABLE usage (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  uom            TEXT NOT NULL,
  quantity       TEXT NOT NULL,
  start_on       TEXT NOT NULL,
  end_on         TEXT,
  subscription_id INTEGER REFERENCES subscription (id),
  charge_id      INTEGER REFERENCES charge (id),
  description    TEXT NOT NULL,
  unique_key     TEXT UNIQUE,
  import_id      INTEGER NOT NULL REFERENCES import_file (id)
) STRICT;
CREATE INDEX usage_account ON usage (account_id, start_on);
CREATE TABLE tax_rate (
  tax_code       TEXT NOT NULL,
  valid_from_on  TEXT NOT NULL,
  rate_percent   TEXT NOT NULL,
  name           TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind = 'standard' OR kind = 'exempt' OR kind = 'reverse_charge'),
  inclusive      INTEGER NOT NULL CHECK (inclusive IN (0,1)),
  reason         TEXT NOT NULL, category TEXT NOT NULL DEFAULT '' CHECK (category IN ('','S','Z','E','AE','K','G','O','L','M')),
  PRIMARY KEY (tax_code, valid_from_on)
) STRICT, WITHOUT ROWID;
CREATE TABLE payment_method (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  gateway        TEXT NOT NULL,
  token          TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind = 'card' OR kind = 'ach' OR kind = 'sepa'),
  display        TEXT NOT NULL,
  priority       INTEGER NOT NULL,
  expires_on     TEXT,
  status         TEXT NOT NULL CHECK (status IN ('active','closed')),
  failures       INTEGER NOT NULL DEFAULT 0,          -- consecutive, reset by success or by hand
  hard_declined  INTEGER NOT NULL DEFAULT 0 CHECK (hard_declined IN (0,1)),
  last_used_at   INTEGER,
  changed_at     INTEGER NOT NULL, mandate TEXT NOT NULL DEFAULT '', iban TEXT NOT NULL DEFAULT '',
  UNIQUE (account_id, token)
) STRICT;
CREATE TABLE bill_run (
  id             INTEGER PRIMARY KEY,
  status         TEXT NOT NULL CHECK (status IN ('Pending','Processing','Paused','Completed','Posting','Posted','Canceled','Error')),
  target_on      TEXT NOT NULL,
  invoice_on     TEXT NOT NULL,
  run_on         TEXT NOT NULL,                       -- today in the book's zone when it was made
  filter         TEXT NOT NULL,                       -- JSON: batches, account, bcd, accounts of a retry
  exclude        TEXT NOT NULL,                       -- charge types left out, by comma
  auto_renew     INTEGER NOT NULL CHECK (auto_renew IN (0,1)),
  auto_post      INTEGER NOT NULL CHECK (auto_post IN (0,1)),
  auto_email     INTEGER NOT NULL CHECK (auto_email IN (0,1)),
  skip_zero_email INTEGER NOT NULL CHECK (skip_zero_email IN (0,1)),
  schedule_id    INTEGER,
  retry_of       INTEGER REFERENCES bill_run (id),
  note           TEXT NOT NULL DEFAULT '',            -- why it stopped, what a guard said
  created_uid    INTEGER NOT NULL,
  created_name   TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  started_at     INTEGER,
  ended_at       INTEGER,
  accounts_total INTEGER NOT NULL DEFAULT 0,
  accounts_done  INTEGER NOT NULL DEFAULT 0,
  accounts_failed INTEGER NOT NULL DEFAULT 0,
  invoices       INTEGER NOT NULL DEFAULT 0,
  credit_memos   INTEGER NOT NULL DEFAULT 0,
  already_billed INTEGER NOT NULL DEFAULT 0,          -- accounts with nothing due that is not billed
  cursor         INTEGER NOT NULL DEFAULT 0,          -- last account done
  version        INTEGER NOT NULL DEFAULT 1
, unflagged INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX bill_run_status ON bill_run (status);
CREATE TABLE bill_run_total (
  run_id         INTEGER NOT NULL REFERENCES bill_run (id),
  currency       TEXT NOT NULL,
  documents      INTEGER NOT NULL,
  subtotal_minor INTEGER NOT NULL,
  tax_minor      INTEGER NOT NULL,
  total_minor    INTEGER NOT NULL,
  PRIMARY KEY (run_id, currency)
) STRICT, WITHOUT ROWID;
CREATE TABLE bill_run_failure (
  run_id         INTEGER NOT NULL REFERENCES bill_run (id),
  account_id     INTEGER NOT NULL REFERENCES account (id),
  kind           TEXT NOT NULL CHECK (kind IN ('failed','busy')),
  reason         TEXT NOT NULL,
  PRIMARY KEY (run_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE document (
  id             INTEGER PRIMARY KEY,
  kind           TEXT NOT NULL CHECK (kind = 'invoice' OR kind = 'credit_memo' OR kind = 'debit_memo' OR kind = 'write_off'),
  status         TEXT NOT NULL CHECK (status = 'Draft' OR status = 'Posted' OR status = 'Canceled'),
  number         TEXT UNIQUE,
  series         TEXT,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  account_version_id INTEGER NOT NULL REFERENCES account_version (id),
  currency       TEXT NOT NULL,
  run_id         INTEGER REFERENCES bill_run (id),
  source         TEXT NOT NULL CHECK (source = 'run' OR source = 'hand' OR source = 'adjust' OR source = 'reverse' OR source = 'write_off' OR source = 'open_item' OR source = 'void' OR source = 'dunning'),
  corrects_id    INTEGER REFERENCES document (id),
  invoice_on     TEXT NOT NULL,
  due_on         TEXT NOT NULL,
  due_by_hand    INTEGER NOT NULL DEFAULT 0 CHECK (due_by_hand IN (0,1)),
  target_on      TEXT NOT NULL,
  po_number      TEXT NOT NULL,
  note           TEXT NOT NULL DEFAULT '',
  reason         TEXT NOT NULL DEFAULT '',
  subtotal_minor INTEGER NOT NULL,
  tax_minor      INTEGER NOT NULL,
  total_minor    INTEGER NOT NULL,
  settled_before_minor INTEGER NOT NULL DEFAULT 0,    -- open_item: what another system had settled of the total
  version        INTEGER NOT NULL DEFAULT 1,
  created_at     INTEGER NOT NULL,
  posted_at      INTEGER,
  frozen         TEXT,                                -- JSON: issuer, name, address, tax id, term, position at posting
  content_hash   BLOB, frozen_id INTEGER REFERENCES shared_text (id) CHECK (frozen_id IS NULL OR frozen IS NOT NULL),                                -- of the posted document, its lines and taxes
  CHECK (status = 'Draft' OR status = 'Canceled' OR (number IS NOT NULL AND posted_at IS NOT NULL)),
  CHECK (total_minor = subtotal_minor + tax_minor)
) STRICT;
CREATE INDEX document_account ON document (account_id, id);
CREATE INDEX document_run ON document (run_id, status) WHERE run_id IS NOT NULL;
CREATE INDEX document_status ON document (status, id);
CREATE INDEX document_corrects ON document (corrects_id) WHERE corrects_id IS NOT NULL;
CREATE TABLE document_item (
  id             INTEGER PRIMARY KEY,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  position       INTEGER NOT NULL,
  charge_id      INTEGER,
  charge_version_id INTEGER,
  subscription_id INTEGER,
  target_charge_id INTEGER,                           -- of a discount: what it discounts
  corrects_item_id INTEGER,                           -- of a credit: the item it corrects
  description    TEXT NOT NULL,
  service_from_on TEXT,
  service_to_on  TEXT,
  quantity       TEXT NOT NULL,
  unit_price     TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL,
  gross_minor    INTEGER,
  tax_code       TEXT NOT NULL,
  revenue_account TEXT NOT NULL DEFAULT '',
  origin         TEXT NOT NULL CHECK (origin = 'run' OR origin = 'edited' OR origin = 'hand'),
  derivation     TEXT NOT NULL
, corrects_minor INTEGER, corrects_gross_minor INTEGER, derivation_id INTEGER REFERENCES shared_text (id) CHECK (derivation_id IS NULL OR derivation = '')) STRICT;
CREATE INDEX document_item_document ON document_item (document_id, position);
CREATE INDEX document_item_corrects ON document_item (corrects_item_id) WHERE corrects_item_id IS NOT NULL;
CREATE TABLE document_tax (
  document_id    INTEGER NOT NULL REFERENCES document (id),
  tax_code       TEXT NOT NULL,
  rate_percent   TEXT NOT NULL,
  name           TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind = 'standard' OR kind = 'exempt' OR kind = 'reverse_charge'),
  inclusive      INTEGER NOT NULL CHECK (inclusive IN (0,1)),
  reason         TEXT NOT NULL,
  base_minor     INTEGER NOT NULL,
  tax_minor      INTEGER NOT NULL, rounding TEXT,
  PRIMARY KEY (document_id, tax_code, rate_percent)
) STRICT, WITHOUT ROWID;
CREATE TABLE document_state (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  status         TEXT NOT NULL CHECK (status = 'Draft' OR status = 'Posted' OR status = 'Canceled'),
  account_id     INTEGER NOT NULL,
  due_on         TEXT NOT NULL,
  balance_minor  INTEGER NOT NULL DEFAULT 0,          -- posted: what is still owed (credits: negative, what is left to use)
  review         TEXT NOT NULL DEFAULT 'none' CHECK (review = 'none' OR review = 'accepted' OR review = 'held'),
  reviewed_version INTEGER,
  reviewed_by    TEXT,
  reviewed_at    INTEGER,
  hold_reason    TEXT NOT NULL DEFAULT '',
  hold_owner     TEXT NOT NULL DEFAULT '',
  hold_until_on  TEXT,
  stale          TEXT NOT NULL DEFAULT '',            -- what changed since it was rated; empty = fresh
  risk           INTEGER NOT NULL DEFAULT 0,
  auto_pay_off   INTEGER NOT NULL DEFAULT 0 CHECK (auto_pay_off IN (0,1)),
  disputed       TEXT NOT NULL DEFAULT '',
  promised_on    TEXT,
  reversed_by    INTEGER,
  written_off_by INTEGER,
  next_retry_at  INTEGER,
  retries_given_up INTEGER NOT NULL DEFAULT 0 CHECK (retries_given_up IN (0,1)),
  reminder_level INTEGER NOT NULL DEFAULT 0,
  reminded_at    INTEGER
, reopened_on TEXT, tags TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX document_state_review ON document_state (risk DESC, document_id) WHERE status = 'Draft';
CREATE INDEX document_state_open ON document_state (due_on, document_id) WHERE status = 'Posted' AND balance_minor > 0;
CREATE INDEX document_state_credit ON document_state (account_id, document_id) WHERE status = 'Posted' AND balance_minor < 0;
CREATE INDEX document_state_retry ON document_state (next_retry_at) WHERE next_retry_at IS NOT NULL;
CREATE INDEX document_state_stale ON document_state (account_id) WHERE status = 'Draft';
CREATE TABLE flag (
  document_id    INTEGER NOT NULL REFERENCES document (id),
  code           TEXT NOT NULL,
  reason         TEXT NOT NULL,
  PRIMARY KEY (document_id, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE claim (
  charge_id      INTEGER NOT NULL,
  target_charge_id INTEGER NOT NULL DEFAULT 0,        -- of a discount line: the charge discounted
  from_on        TEXT NOT NULL,
  segment        INTEGER NOT NULL,
  to_on          TEXT NOT NULL,
  role           TEXT NOT NULL CHECK (role = 'billed' OR role = 'late' OR role = 'credited' OR role = 'waived'),
  account_id     INTEGER NOT NULL,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  item_id        INTEGER,
  charge_version_id INTEGER NOT NULL,
  rated_minor    INTEGER NOT NULL, period TEXT,
  PRIMARY KEY (charge_id, target_charge_id, from_on, segment),
  CHECK (to_on >= from_on)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_document ON claim (document_id);
CREATE TABLE usage_claim (
  usage_id       INTEGER PRIMARY KEY REFERENCES usage (id),
  item_id        INTEGER,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  charge_id      INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_claim_document ON usage_claim (document_id);
CREATE TABLE series (
  name           TEXT PRIMARY KEY,                    -- INV-2026
  kind           TEXT NOT NULL,
  year           INTEGER NOT NULL,
  last           INTEGER NOT NULL                     -- highest number given
) STRICT, WITHOUT ROWID;
CREATE TABLE ledger_entry (
  id             INTEGER PRIMARY KEY,
  txn            INTEGER NOT NULL,                    -- entries of one txn balance by currency
  entry_on       TEXT NOT NULL,
  account        TEXT NOT NULL,                       -- receivable, revenue[:name], tax:code, cash:gateway, credit, bad_debt
  account_id     INTEGER NOT NULL,
  document_id    INTEGER,
  payment_id     INTEGER,
  currency       TEXT NOT NULL,
  debit_minor    INTEGER NOT NULL DEFAULT 0 CHECK (debit_minor >= 0),
  credit_minor   INTEGER NOT NULL DEFAULT 0 CHECK (credit_minor >= 0),
  CHECK ((debit_minor = 0) <> (credit_minor = 0))
) STRICT;
CREATE INDEX ledger_entry_document ON ledger_entry (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX ledger_entry_payment ON ledger_entry (payment_id) WHERE payment_id IS NOT NULL;
CREATE TABLE credit_application (
  id             INTEGER PRIMARY KEY,
  credit_id      INTEGER NOT NULL REFERENCES document (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  applied_on     TEXT NOT NULL,
  applied_at     INTEGER NOT NULL,
  undone_at      INTEGER                              -- taken back; the row stays
) STRICT;
CREATE INDEX credit_application_document ON credit_application (document_id);
CREATE INDEX credit_application_credit ON credit_application (credit_id);
CREATE TABLE payment_run (
  id             INTEGER PRIMARY KEY,
  status         TEXT NOT NULL CHECK (status IN ('Pending','Processing','Paused','Completed','Stopped')),
  target_on      TEXT NOT NULL,
  run_on         TEXT NOT NULL,
  filter         TEXT NOT NULL,                       -- JSON
  consolidate    INTEGER NOT NULL CHECK (consolidate IN (0,1)),
  bill_run_id    INTEGER REFERENCES bill_run (id),
  schedule_id    INTEGER,
  wait_until_at  INTEGER,
  note           TEXT NOT NULL DEFAULT '',
  created_uid    INTEGER NOT NULL,
  created_name   TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  started_at     INTEGER,
  ended_at       INTEGER,
  picked         INTEGER NOT NULL DEFAULT 0,
  approved       INTEGER NOT NULL DEFAULT 0,
  submitted      INTEGER NOT NULL DEFAULT 0,          -- the bank has it, unanswered
  declined       INTEGER NOT NULL DEFAULT 0,
  unknown        INTEGER NOT NULL DEFAULT 0,
  cursor         TEXT NOT NULL DEFAULT '',
  version        INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX payment_run_status ON payment_run (status);
CREATE TABLE payment_run_skip (
  run_id         INTEGER NOT NULL REFERENCES payment_run (id),
  reason         TEXT NOT NULL,
  count          INTEGER NOT NULL,
  PRIMARY KEY (run_id, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE payment_run_item (
  run_id         INTEGER NOT NULL REFERENCES payment_run (id),
  position       INTEGER NOT NULL,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  account_id     INTEGER NOT NULL,
  state          TEXT NOT NULL CHECK (state = 'open' OR state = 'taken' OR state = 'skipped'),
  PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_run_item_open ON payment_run_item (run_id, position) WHERE state = 'open';
CREATE INDEX payment_run_item_account ON payment_run_item (run_id, account_id) WHERE state = 'open';
CREATE INDEX payment_run_item_document ON payment_run_item (run_id, document_id);
CREATE TABLE payment_run_total (
  run_id         INTEGER NOT NULL REFERENCES payment_run (id),
  currency       TEXT NOT NULL,
  collected_minor INTEGER NOT NULL DEFAULT 0,
  submitted_minor INTEGER NOT NULL DEFAULT 0,
  failed_minor   INTEGER NOT NULL DEFAULT 0,
  unknown_minor  INTEGER NOT NULL DEFAULT 0,
  credits_minor  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, currency)
) STRICT, WITHOUT ROWID;
CREATE TABLE payment (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  run_id         INTEGER REFERENCES payment_run (id),
  method_id      INTEGER REFERENCES payment_method (id),  -- none: received outside
  gateway        TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  currency       TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status = 'Processing' OR status = 'Submitted' OR status = 'Approved' OR status = 'Declined' OR status = 'Unknown' OR status = 'Canceled'),
  idempotency_key TEXT NOT NULL UNIQUE,
  body_hash      TEXT NOT NULL,
  gateway_ref    TEXT NOT NULL DEFAULT '',
  attempt        INTEGER NOT NULL,                    -- on this method, consecutive, from 1
  decline_code   TEXT NOT NULL DEFAULT '',
  decline_class  TEXT NOT NULL DEFAULT '' CHECK (decline_class = '' OR decline_class = 'soft' OR decline_class = 'hard' OR decline_class = 'system' OR decline_class = 'unknown'),
  reply          TEXT NOT NULL DEFAULT '',
  received_on    TEXT,                                -- money's day, once approved
  created_at     INTEGER NOT NULL,
  settled_at     INTEGER,
  next_retry_at  INTEGER,
  next_look_up_at INTEGER,
  look_ups       INTEGER NOT NULL DEFAULT 0,
  unapplied_minor INTEGER NOT NULL DEFAULT 0 CHECK (unapplied_minor >= 0),
  returned_minor INTEGER NOT NULL DEFAULT 0 CHECK (returned_minor >= 0),  -- refunds, returns, chargebacks
  reference      TEXT NOT NULL DEFAULT '',
  version        INTEGER NOT NULL DEFAULT 1, gateway_at INTEGER, value_on TEXT, moved_from INTEGER REFERENCES payment (id), moved_minor INTEGER NOT NULL DEFAULT 0 CHECK (moved_minor >= 0), next_action TEXT NOT NULL DEFAULT '' CHECK (next_action = '' OR next_action = 'retry_later' OR next_action = 'new_method' OR next_action = 'look_up' OR next_action = 'ask_mandate' OR next_action = 'ask_customer' OR next_action = 'gave_up'),
  CHECK (returned_minor <= amount_minor)
) STRICT;
CREATE INDEX payment_account ON payment (account_id, id);
CREATE INDEX payment_run_ix ON payment (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX payment_live ON payment (status, run_id) WHERE status IN ('Processing','Submitted','Unknown');
CREATE INDEX payment_look_up ON payment (next_look_up_at) WHERE next_look_up_at IS NOT NULL;
CREATE INDEX payment_method_ix ON payment (method_id, created_at);
CREATE INDEX payment_unapplied ON payment (account_id) WHERE unapplied_minor > 0;
CREATE TABLE allocation (
  id             INTEGER PRIMARY KEY,
  payment_id     INTEGER NOT NULL REFERENCES payment (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  state          TEXT NOT NULL CHECK (state = 'live' OR state = 'applied' OR state = 'void'),
  applied_on     TEXT,
  reopened_minor INTEGER NOT NULL DEFAULT 0 CHECK (reopened_minor >= 0 AND reopened_minor <= amount_minor)
, unapplied_minor INTEGER NOT NULL DEFAULT 0 CHECK (unapplied_minor >= 0 AND unapplied_minor <= reopened_minor), unapplied_on TEXT) STRICT;
CREATE UNIQUE INDEX allocation_one_live ON allocation (document_id) WHERE state = 'live';
CREATE INDEX allocation_document ON allocation (document_id);
CREATE INDEX allocation_payment ON allocation (payment_id);
CREATE TABLE payment_event (
  id             INTEGER PRIMARY KEY,
  payment_id     INTEGER NOT NULL REFERENCES payment (id),
  kind           TEXT NOT NULL CHECK (kind = 'settlement' OR kind = 'refund' OR kind = 'return' OR kind = 'chargeback' OR kind = 'chargeback_won' OR kind = 'late_success' OR kind = 'evidence'),
  status         TEXT NOT NULL CHECK (status = 'Processing' OR status = 'Done' OR status = 'Failed' OR status = 'Unknown'),
  amount_minor   INTEGER NOT NULL,
  event_on       TEXT NOT NULL,
  at             INTEGER NOT NULL,
  key            TEXT UNIQUE,
  reference      TEXT NOT NULL DEFAULT '',
  reply          TEXT NOT NULL DEFAULT ''
, gateway_at INTEGER, look_ups INTEGER NOT NULL DEFAULT 0, next_look_up_at INTEGER, value_on TEXT, fee_minor INTEGER NOT NULL DEFAULT 0 CHECK (fee_minor >= 0), loss_minor INTEGER NOT NULL DEFAULT 0 CHECK (loss_minor >= 0)) STRICT;
CREATE INDEX payment_event_payment ON payment_event (payment_id);
CREATE INDEX payment_event_open ON payment_event (id) WHERE kind = 'refund' AND status IN ('Processing','Unknown');
CREATE TABLE promise (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  amount_minor   INTEGER NOT NULL,
  promised_on    TEXT NOT NULL,
  made_by        TEXT NOT NULL,
  made_at        INTEGER NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open','kept','broken','withdrawn'))
, owed_minor INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX promise_document ON promise (document_id);
CREATE INDEX promise_open ON promise (promised_on) WHERE state = 'open';
CREATE TABLE logo (
  hash           TEXT PRIMARY KEY,                    -- SHA-256 of the file, hexadecimal
  png            BLOB NOT NULL,
  chosen         INTEGER NOT NULL CHECK (chosen IN (0,1)),
  added_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX logo_chosen ON logo (chosen) WHERE chosen = 1;
CREATE TABLE print_batch (
  id             INTEGER PRIMARY KEY,
  directory      TEXT NOT NULL,
  documents      INTEGER NOT NULL,
  sheets         INTEGER NOT NULL,
  envelopes      INTEGER NOT NULL,
  written_at     INTEGER NOT NULL,
  printed_at     INTEGER,
  printed_by     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE delivery (
  id             INTEGER PRIMARY KEY,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  account_id     INTEGER NOT NULL,
  channel        TEXT NOT NULL CHECK (channel IN ('email','print','network')),
  address        TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status = 'Queued' OR status = 'Held' OR status = 'Sending' OR status = 'Sent' OR status = 'Deferred' OR status = 'Bounced' OR status = 'Unconfirmed' OR status = 'Recalled' OR status = 'Written' OR status = 'Printed' OR status = 'Suppressed' OR status = 'Impossible'),
  attempts       INTEGER NOT NULL DEFAULT 0,
  queued_at      INTEGER NOT NULL,
  not_before_at  INTEGER NOT NULL,                    -- end of the hold, or the next try
  first_try_at   INTEGER,
  ended_at       INTEGER,
  last_reply     TEXT NOT NULL DEFAULT '',
  message_id     TEXT,
  message_hash   TEXT NOT NULL DEFAULT '',
  sender         TEXT NOT NULL DEFAULT '',            -- sender address, fixed at the first try
  job_id         INTEGER,                             -- the job that is sending it
  asked_about    INTEGER NOT NULL DEFAULT 0,          -- newest correction of the document a person knows of
  batch_id       INTEGER REFERENCES print_batch (id),
  batch_position INTEGER,
  copy           INTEGER NOT NULL DEFAULT 1, by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0,1)), maybe_out INTEGER NOT NULL DEFAULT 0 CHECK (maybe_out IN (0,1)), replaced_by INTEGER, layout INTEGER CHECK (layout > 0), pdf_hash TEXT NOT NULL DEFAULT '',          -- counts resends that were asked for
  UNIQUE (document_id, channel, address, copy)
) STRICT;
CREATE INDEX delivery_queue ON delivery (channel, not_before_at) WHERE status IN ('Queued','Deferred');
CREATE INDEX delivery_status ON delivery (status, id);
CREATE INDEX delivery_sending ON delivery (job_id) WHERE status = 'Sending';
CREATE INDEX delivery_batch ON delivery (batch_id, batch_position) WHERE batch_id IS NOT NULL;
CREATE TABLE job (
  id             INTEGER PRIMARY KEY,
  kind           TEXT NOT NULL CHECK (kind IN ('bill','post','collect','retry','reconcile','deliver','print')),
  subject        TEXT NOT NULL,                       -- BR-000001, PR-000001, …
  spec           TEXT NOT NULL,                       -- JSON, the JobSpec
  state          TEXT NOT NULL CHECK (state IN ('Waiting','Running','Paused','Done','Canceled','Failed')),
  wanted         TEXT NOT NULL DEFAULT '' CHECK (wanted IN ('','pause','cancel')),
  epoch          INTEGER NOT NULL DEFAULT 0,          -- raised by each claim; every write checks it
  holder         TEXT NOT NULL DEFAULT '',            -- process that drives it: pid and host, for people
  cursor         TEXT NOT NULL DEFAULT '',
  done           INTEGER NOT NULL DEFAULT 0,
  failed         INTEGER NOT NULL DEFAULT 0,
  total          INTEGER NOT NULL DEFAULT 0,
  detail         TEXT NOT NULL DEFAULT '',            -- JSON, the receipt so far
  error          TEXT NOT NULL DEFAULT '',
  not_before_at  INTEGER NOT NULL DEFAULT 0,
  uid            INTEGER NOT NULL,                    -- acts for who started it
  user_name      TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  started_at     INTEGER,
  beat_at        INTEGER,
  ended_at       INTEGER
) STRICT;
CREATE INDEX job_open ON job (state) WHERE state IN ('Waiting','Running','Paused');
CREATE INDEX job_subject ON job (subject, id);
CREATE TABLE schedule (
  id             INTEGER PRIMARY KEY,
  name           TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind IN ('bill','collect')),
  every          TEXT NOT NULL,                       -- daily, weekly mon,thu, monthly 31
  at_minute      INTEGER NOT NULL CHECK (at_minute BETWEEN 0 AND 1439),
  spec           TEXT NOT NULL,                       -- JSON: offsets and run parameters
  state          TEXT NOT NULL CHECK (state IN ('Active','Paused','Ended')),
  skip_slot      TEXT,
  armed_at       INTEGER NOT NULL,                    -- slots at or before this moment do not count
  owner_uid      INTEGER NOT NULL,
  owner_name     TEXT NOT NULL,
  owner_email    TEXT NOT NULL DEFAULT '',
  created_at     INTEGER NOT NULL,
  version        INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE schedule_slot (
  schedule_id    INTEGER NOT NULL REFERENCES schedule (id),
  slot           TEXT NOT NULL,                       -- civil date and time in the book's zone
  state          TEXT NOT NULL CHECK (state IN ('run','skipped','missed')),
  subject        TEXT NOT NULL DEFAULT '',
  late_minutes   INTEGER NOT NULL DEFAULT 0,
  at             INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE notice (
  id             INTEGER PRIMARY KEY,
  at             INTEGER NOT NULL,
  level          TEXT NOT NULL CHECK (level IN ('info','warning','task')),
  text           TEXT NOT NULL,
  subject        TEXT NOT NULL DEFAULT '',
  for_uid        INTEGER,
  key            TEXT UNIQUE,                         -- so that one cause makes one notice
  done_at        INTEGER,
  mail_to        TEXT NOT NULL DEFAULT '',            -- the owner of the schedule that went wrong
  mailed_at      INTEGER
) STRICT;
CREATE TABLE saved_filter (
  id             INTEGER PRIMARY KEY,
  screen         TEXT NOT NULL,
  name           TEXT NOT NULL,
  text           TEXT NOT NULL,
  uid            INTEGER, tab TEXT NOT NULL DEFAULT '',                             -- none: for everybody
  UNIQUE (screen, name)
) STRICT;
CREATE TABLE session (
  uid            INTEGER PRIMARY KEY,
  state          TEXT NOT NULL,                       -- JSON: screen, filter, cursor, marks, unfinished edit
  saved_at       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER document_posted_update BEFORE UPDATE ON document WHEN OLD.status <> 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: a posted or canceled document never changes'); END;
CREATE TRIGGER document_posted_delete BEFORE DELETE ON document WHEN OLD.status <> 'Draft' OR OLD.number IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'guard: a posted or canceled document is never deleted'); END;
CREATE TRIGGER document_posted_insert BEFORE INSERT ON document
WHEN EXISTS (SELECT 1 FROM document WHERE id = NEW.id)
  OR (NEW.number IS NOT NULL AND EXISTS (SELECT 1 FROM document WHERE number = NEW.number))
BEGIN SELECT RAISE(ABORT, 'guard: a document is never replaced'); END;
CREATE TRIGGER item_posted_insert BEFORE INSERT ON document_item
WHEN (SELECT status FROM document WHERE id = NEW.document_id) IS NOT 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: a posted document gets no more lines'); END;
CREATE TRIGGER item_replace BEFORE INSERT ON document_item
WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM document_item WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: a line is never replaced'); END;
CREATE TRIGGER item_posted_update BEFORE UPDATE ON document_item
WHEN (SELECT status FROM document WHERE id = OLD.document_id) IS NOT 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: a posted line never changes'); END;
CREATE TRIGGER item_posted_delete BEFORE DELETE ON document_item
WHEN (SELECT status FROM document WHERE id = OLD.document_id) IS NOT 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: a posted line is never deleted'); END;
CREATE TRIGGER tax_posted_update BEFORE UPDATE ON document_tax
WHEN (SELECT status FROM document WHERE id = OLD.document_id) IS NOT 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: posted tax never changes'); END;
CREATE TRIGGER tax_posted_delete BEFORE DELETE ON document_tax
WHEN (SELECT status FROM document WHERE id = OLD.document_id) IS NOT 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: posted tax is never deleted'); END;
CREATE TRIGGER ledger_update BEFORE UPDATE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'guard: a ledger entry never changes'); END;
CREATE TRIGGER ledger_delete BEFORE DELETE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'guard: a ledger entry is never deleted'); END;
CREATE TRIGGER ledger_replace BEFORE INSERT ON ledger_entry
WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: a ledger entry is never replaced'); END;
CREATE TRIGGER operation_update BEFORE UPDATE ON operation
BEGIN SELECT RAISE(ABORT, 'guard: the audit trail never changes'); END;
CREATE TRIGGER operation_delete BEFORE DELETE ON operation
BEGIN SELECT RAISE(ABORT, 'guard: the audit trail is never deleted'); END;
CREATE TRIGGER operation_replace BEFORE INSERT ON operation
WHEN EXISTS (SELECT 1 FROM operation WHERE seq = NEW.seq OR op_id = NEW.op_id)
BEGIN SELECT RAISE(ABORT, 'guard: the audit trail is never replaced'); END;
CREATE TABLE run_sample (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  run_id         INTEGER NOT NULL REFERENCES bill_run (id),
  rank           INTEGER NOT NULL,                    -- in the order drawn, see domain::review
  made_minor     INTEGER NOT NULL                     -- its total as the run made it
) STRICT;
CREATE INDEX run_sample_run ON run_sample (run_id, rank);
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
CREATE UNIQUE INDEX four_eyes_open ON four_eyes (deed) WHERE state = 'open';
CREATE TABLE gateway_poll (
  gateway        TEXT PRIMARY KEY,
  through_at     INTEGER NOT NULL,
  next_at        INTEGER NOT NULL
, clock_off_ms INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE schema_mark (
  version        INTEGER NOT NULL,                    -- the schema they are older than
  name           TEXT NOT NULL,                       -- the table
  last           INTEGER NOT NULL,                    -- its greatest key then
  PRIMARY KEY (version, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE deed (
  id             INTEGER PRIMARY KEY,
  op_seq         INTEGER NOT NULL,                    -- the operation that did it
  at             INTEGER NOT NULL,
  done_on        TEXT NOT NULL,
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  kind           TEXT NOT NULL CHECK (kind = 'posting' OR kind = 'credit memo' OR kind = 'debit memo' OR kind = 'write-off' OR kind = 'refund' OR kind = 'credit draft' OR kind = 'credit application' OR kind = 'credit asked for' OR kind = 'payment' OR kind = 'payment method' OR kind = 'e-mail address' OR kind = 'price'),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor >= 0),
  currency       TEXT NOT NULL,
  document_id    INTEGER,
  payment_id     INTEGER,
  event_id       INTEGER,                             -- of payment_event
  second_name    TEXT NOT NULL DEFAULT '',            -- who else stands for it; empty = done alone
  limit_minor    INTEGER,                             -- four_eyes.above as it was; none = no limit
  window_ms      INTEGER                              -- separation.window as it was; none = not bound
) STRICT;
CREATE INDEX deed_account ON deed (account_id, uid, at);
CREATE INDEX deed_price ON deed (uid, at) WHERE kind = 'price';
CREATE INDEX deed_document ON deed (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX deed_payment ON deed (payment_id) WHERE payment_id IS NOT NULL;
CREATE TABLE deed_start (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  document_id    INTEGER NOT NULL,
  payment_id     INTEGER NOT NULL,
  event_id       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER deed_update BEFORE UPDATE ON deed
BEGIN SELECT RAISE(ABORT, 'guard: a deed never changes'); END;
CREATE TRIGGER deed_delete BEFORE DELETE ON deed
BEGIN SELECT RAISE(ABORT, 'guard: a deed is never deleted'); END;
CREATE TRIGGER deed_replace BEFORE INSERT ON deed
WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM deed WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: a deed is never replaced'); END;
CREATE TABLE import_request (
  id             INTEGER PRIMARY KEY,
  name           TEXT NOT NULL,
  kind           TEXT NOT NULL,
  sha256         TEXT NOT NULL,                       -- of the whole file
  content        BLOB NOT NULL,                       -- its header and the rows that wait
  facts          TEXT NOT NULL,                       -- JSON: what each row would do, as it was seen
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  asked_at       INTEGER NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open','confirmed','expired'))
, cutover_on TEXT) STRICT;
CREATE UNIQUE INDEX import_request_open ON import_request (kind, sha256) WHERE state = 'open';
CREATE INDEX document_draft ON document (run_id, account_id, id) WHERE status = 'Draft';
CREATE INDEX notice_open ON notice (id) WHERE done_at IS NULL;
CREATE INDEX notice_mail ON notice (id) WHERE mail_to <> '' AND mailed_at IS NULL;
CREATE TABLE job_pick (
  job_id         INTEGER NOT NULL REFERENCES job (id),
  position       INTEGER NOT NULL,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  version        INTEGER NOT NULL,                    -- as it was seen
  PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_entry_day ON ledger_entry (entry_on, txn);
CREATE INDEX payment_moved ON payment (moved_from) WHERE moved_from IS NOT NULL;
CREATE TABLE memo_refund (
  id             INTEGER PRIMARY KEY,
  document_id    INTEGER NOT NULL REFERENCES document (id),  -- the credit memo
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  refunded_on    TEXT NOT NULL,
  at             INTEGER NOT NULL,
  reason         TEXT NOT NULL
) STRICT;
CREATE INDEX memo_refund_document ON memo_refund (document_id);
CREATE TABLE currency_conversion (
  id             INTEGER PRIMARY KEY,
  from_currency  TEXT NOT NULL UNIQUE,
  to_currency    TEXT NOT NULL,
  rate           TEXT NOT NULL,                       -- of the old for one of the new
  rate_units     INTEGER NOT NULL CHECK (rate_units > 0),  -- minor units of the old …
  rate_scale     INTEGER NOT NULL CHECK (rate_scale > 0),  -- … that are this many of the new
  converted_on   TEXT NOT NULL,
  op_seq         INTEGER NOT NULL,
  at             INTEGER NOT NULL
) STRICT;
CREATE TABLE converted_price (
  charge_version_id INTEGER NOT NULL REFERENCES charge_version (id),
  conversion_id  INTEGER NOT NULL REFERENCES currency_conversion (id),
  price          TEXT NOT NULL,
  tiers          TEXT NOT NULL,
  overage_price  TEXT,
  PRIMARY KEY (charge_version_id, conversion_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE carried (
  id             INTEGER PRIMARY KEY,
  conversion_id  INTEGER NOT NULL REFERENCES currency_conversion (id),
  account_id     INTEGER NOT NULL REFERENCES account (id),
  document_id    INTEGER REFERENCES document (id),
  payment_id     INTEGER REFERENCES payment (id),
  to_document_id INTEGER UNIQUE REFERENCES document (id),   -- none: it rounds to nothing
  to_payment_id  INTEGER UNIQUE REFERENCES payment (id),
  from_minor     INTEGER NOT NULL,                    -- negative: a credit
  to_minor       INTEGER NOT NULL,
  carried_on     TEXT NOT NULL,
  at             INTEGER NOT NULL,
  CHECK ((document_id IS NULL) <> (payment_id IS NULL))
) STRICT;
CREATE INDEX carried_document ON carried (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX carried_payment ON carried (payment_id) WHERE payment_id IS NOT NULL;
CREATE TRIGGER item_other_currency AFTER INSERT ON document_item WHEN NEW.corrects_item_id IS NOT NULL
BEGIN UPDATE document_item SET (corrects_minor, corrects_gross_minor) = (
  SELECT CASE WHEN NEW.amount_minor < 0 THEN -1 ELSE 1 END * CASE
      WHEN NEW.amount_minor < 0 = (l.net < 0) THEN (abs(NEW.amount_minor) * l.units * 2 + l.scale) / (l.scale * 2)
      WHEN (abs(l.net) * l.scale * 2 + l.units) / (l.units * 2) = abs(NEW.amount_minor) THEN abs(l.net)
      ELSE min(abs(l.net), (abs(NEW.amount_minor) * l.units * 2 + l.scale) / (l.scale * 2)) END,
    CASE WHEN NEW.gross_minor < 0 THEN -1 ELSE 1 END * ((abs(NEW.gross_minor) * l.units * 2 + l.scale) / (l.scale * 2))
  FROM (SELECT c.rate_units AS units, c.rate_scale AS scale, i.amount_minor + coalesce((
          SELECT sum(coalesce(x.corrects_minor, x.amount_minor)) FROM document_item x
          JOIN document dx ON dx.id = x.document_id JOIN document_state sx ON sx.document_id = dx.id
          WHERE x.corrects_item_id = i.id AND x.id <> NEW.id AND dx.status <> 'Canceled' AND sx.reversed_by IS NULL), 0) AS net
        FROM document_item i JOIN document di ON di.id = i.document_id JOIN document d ON d.id = NEW.document_id
        JOIN currency_conversion c ON c.from_currency = di.currency AND c.to_currency = d.currency
        WHERE i.id = NEW.corrects_item_id AND di.currency <> d.currency) l)
  WHERE id = NEW.id AND (SELECT currency FROM document WHERE id = NEW.document_id) <> (SELECT d.currency
    FROM document_item i JOIN document d ON d.id = i.document_id WHERE i.id = NEW.corrects_item_id);
END;
CREATE TRIGGER item_no_rate BEFORE INSERT ON document_item
WHEN NEW.corrects_item_id IS NOT NULL AND EXISTS (
  SELECT 1 FROM document_item i JOIN document di ON di.id = i.document_id JOIN document d ON d.id = NEW.document_id
  WHERE i.id = NEW.corrects_item_id AND di.currency <> d.currency AND NOT EXISTS (
    SELECT 1 FROM currency_conversion c WHERE c.from_currency = di.currency AND c.to_currency = d.currency))
BEGIN SELECT RAISE(ABORT, 'guard: a line is corrected in its own currency, or in the one that took its place'); END;
CREATE TRIGGER account_currency BEFORE UPDATE OF currency ON account WHEN OLD.currency <> NEW.currency
  AND NOT EXISTS (SELECT 1 FROM currency_conversion WHERE from_currency = OLD.currency AND to_currency = NEW.currency)
BEGIN SELECT RAISE(ABORT, 'guard: an account changes its currency only by a conversion'); END;
CREATE TRIGGER conversion_update BEFORE UPDATE ON currency_conversion
BEGIN SELECT RAISE(ABORT, 'guard: a conversion never changes'); END;
CREATE TRIGGER conversion_delete BEFORE DELETE ON currency_conversion
BEGIN SELECT RAISE(ABORT, 'guard: a conversion is never deleted'); END;
CREATE TRIGGER conversion_replace BEFORE INSERT ON currency_conversion
WHEN EXISTS (SELECT 1 FROM currency_conversion WHERE from_currency = NEW.from_currency OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: a currency is converted once'); END;
CREATE TRIGGER carried_update BEFORE UPDATE ON carried
BEGIN SELECT RAISE(ABORT, 'guard: what was carried over never changes'); END;
CREATE TRIGGER carried_delete BEFORE DELETE ON carried
BEGIN SELECT RAISE(ABORT, 'guard: what was carried over is never deleted'); END;
CREATE TRIGGER carried_replace BEFORE INSERT ON carried
WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM carried WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'guard: what was carried over is never replaced'); END;
CREATE TABLE zone_seen (
  zone     TEXT NOT NULL,
  release  TEXT NOT NULL,                             -- such as 2026f
  rules    TEXT NOT NULL,                             -- JSON: [second since 1970, seconds east] from the year before to the year after next
  seen_at  INTEGER NOT NULL,
  PRIMARY KEY (zone, release, rules)
) STRICT, WITHOUT ROWID;
CREATE INDEX undo_undone ON undo (undone_seq) WHERE undone_seq IS NOT NULL;
CREATE TABLE first_copy (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  delivery_id    INTEGER NOT NULL REFERENCES delivery (id),
  layout         INTEGER NOT NULL CHECK (layout > 0),
  pdf_hash       TEXT NOT NULL CHECK (length(pdf_hash) = 64),
  out_at         INTEGER NOT NULL                     -- when the book says so: a print when it is confirmed
) STRICT;
CREATE TRIGGER first_copy_update BEFORE UPDATE ON first_copy
BEGIN SELECT RAISE(ABORT, 'guard: the first copy of a document never changes'); END;
CREATE TRIGGER first_copy_delete BEFORE DELETE ON first_copy
BEGIN SELECT RAISE(ABORT, 'guard: the first copy of a document is never deleted'); END;
CREATE TRIGGER first_copy_replace BEFORE INSERT ON first_copy
WHEN EXISTS (SELECT 1 FROM first_copy WHERE document_id = NEW.document_id)
BEGIN SELECT RAISE(ABORT, 'guard: the first copy of a document is never replaced'); END;
CREATE TABLE tally (
  name           TEXT NOT NULL CHECK (name = 'draft' OR name = 'owed' OR name = 'undelivered' OR name = 'copy'),
  word           TEXT NOT NULL,                       -- draft: review; owed: due day; copy: status
  currency       TEXT NOT NULL,
  count          INTEGER NOT NULL,
  sum_minor      INTEGER NOT NULL,
  flagged        INTEGER NOT NULL DEFAULT 0,          -- of drafts: with a flag
  PRIMARY KEY (name, word, currency)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tally_owed_made AFTER INSERT ON document_state
WHEN NEW.status = 'Posted' AND NEW.balance_minor > 0 BEGIN
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 1, NEW.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_came AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN NEW.status = 'Posted' AND NEW.balance_minor > 0 AND NOT (OLD.status = 'Posted' AND OLD.balance_minor > 0) BEGIN
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 1, NEW.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_went AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN OLD.status = 'Posted' AND OLD.balance_minor > 0 AND NOT (NEW.status = 'Posted' AND NEW.balance_minor > 0) BEGIN
  INSERT INTO tally SELECT 'owed', OLD.due_on, d.currency, -1, -OLD.balance_minor, 0
    FROM document d WHERE d.id = OLD.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_less AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN OLD.status = 'Posted' AND OLD.balance_minor > 0 AND NEW.status = 'Posted' AND NEW.balance_minor > 0
  AND OLD.due_on = NEW.due_on AND OLD.balance_minor <> NEW.balance_minor BEGIN
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 0, NEW.balance_minor - OLD.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_owed_later AFTER UPDATE OF status, balance_minor, due_on ON document_state
WHEN OLD.status = 'Posted' AND OLD.balance_minor > 0 AND NEW.status = 'Posted' AND NEW.balance_minor > 0
  AND OLD.due_on <> NEW.due_on BEGIN
  INSERT INTO tally SELECT 'owed', OLD.due_on, d.currency, -1, -OLD.balance_minor, 0
    FROM document d WHERE d.id = OLD.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
  INSERT INTO tally SELECT 'owed', NEW.due_on, d.currency, 1, NEW.balance_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.kind IN ('invoice','debit_memo')
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_posted AFTER UPDATE OF status ON document
WHEN NEW.status = 'Posted' AND OLD.status <> 'Posted' AND NEW.kind <> 'write_off' AND NEW.source <> 'open_item' BEGIN
  INSERT INTO tally SELECT 'undelivered', '', NEW.currency, 1, NEW.total_minor, 0
    WHERE NOT EXISTS (SELECT 1 FROM delivery l WHERE l.document_id = NEW.id)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_posted_made AFTER INSERT ON document
WHEN NEW.status = 'Posted' AND NEW.kind <> 'write_off' AND NEW.source <> 'open_item' BEGIN
  INSERT INTO tally VALUES ('undelivered', '', NEW.currency, 1, NEW.total_minor, 0)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_copy_made AFTER INSERT ON delivery BEGIN
  INSERT INTO tally SELECT 'copy', NEW.status, d.currency, 1, d.total_minor, 0
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
  INSERT INTO tally SELECT 'undelivered', '', d.currency, -1, -d.total_minor, 0
    FROM document d WHERE d.id = NEW.document_id AND d.status = 'Posted' AND d.kind <> 'write_off'
      AND d.source <> 'open_item' AND NOT EXISTS (SELECT 1 FROM delivery l
        WHERE l.document_id = NEW.document_id AND l.id <> NEW.id)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER tally_copy_moved AFTER UPDATE OF status ON delivery WHEN OLD.status <> NEW.status BEGIN
  INSERT INTO tally SELECT 'copy', OLD.status, d.currency, -1, -d.total_minor, 0
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
  INSERT INTO tally SELECT 'copy', NEW.status, d.currency, 1, d.total_minor, 0
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE INDEX delivery_again ON delivery (document_id, channel, address, copy) WHERE copy > 1;
CREATE INDEX document_state_kept ON document_state (document_id) WHERE status = 'Draft' AND (review = 'held' OR stale <> '');
CREATE INDEX document_tax_reverse ON document_tax (document_id) WHERE kind = 'reverse_charge';
CREATE INDEX flag_unprintable ON flag (document_id) WHERE code = 'unprintable';
CREATE INDEX document_item_by_hand ON document_item (document_id) WHERE origin <> 'run';
CREATE TABLE collectible (
  document_id    INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  balance_minor  INTEGER NOT NULL,
  verdict        TEXT NOT NULL CHECK (verdict = 'charge' OR verdict = 'ask' OR verdict = 'leave'),
  due_on         TEXT NOT NULL,
  until_on       TEXT NOT NULL,                       -- the last day; 9999-12-31: no end
  ask_at         INTEGER NOT NULL,                    -- UTC ms; 14 hours before a day begins by UTC: in no zone earlier
  failed         INTEGER NOT NULL CHECK (failed IN (0,1))  -- what the screen Failed lists as failed
) STRICT;
CREATE INDEX collectible_account ON collectible (account_id);
CREATE INDEX collectible_ask ON collectible (ask_at) WHERE verdict = 'ask';
CREATE INDEX collectible_until ON collectible (until_on) WHERE verdict = 'charge' AND until_on < '9999-12-31';
CREATE TABLE collectible_sum (
  name           TEXT NOT NULL CHECK (name IN ('charge','failed')),
  from_on        TEXT NOT NULL,                       -- failed: empty
  currency       TEXT NOT NULL,
  count          INTEGER NOT NULL,
  sum_minor      INTEGER NOT NULL,
  PRIMARY KEY (name, from_on, currency)
) STRICT, WITHOUT ROWID;
CREATE TABLE collectible_stirred (
  document_id    INTEGER PRIMARY KEY
) STRICT;
CREATE TRIGGER collectible_came AFTER INSERT ON collectible WHEN NEW.verdict = 'charge' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', NEW.due_on, NEW.currency, 1, NEW.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_came_end AFTER INSERT ON collectible
WHEN NEW.verdict = 'charge' AND NEW.until_on < '9999-12-31' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', date(NEW.until_on, '+1 day'), NEW.currency, -1, -NEW.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_came_failed AFTER INSERT ON collectible WHEN NEW.failed = 1 BEGIN
  INSERT INTO collectible_sum VALUES ('failed', '', NEW.currency, 1, NEW.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_went AFTER DELETE ON collectible WHEN OLD.verdict = 'charge' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', OLD.due_on, OLD.currency, -1, -OLD.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_went_end AFTER DELETE ON collectible
WHEN OLD.verdict = 'charge' AND OLD.until_on < '9999-12-31' BEGIN
  INSERT INTO collectible_sum VALUES ('charge', date(OLD.until_on, '+1 day'), OLD.currency, 1, OLD.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER collectible_went_failed AFTER DELETE ON collectible WHEN OLD.failed = 1 BEGIN
  INSERT INTO collectible_sum VALUES ('failed', '', OLD.currency, -1, -OLD.balance_minor)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER stirred_by_state_made AFTER INSERT ON document_state
WHEN NEW.status = 'Posted' AND NEW.balance_minor > 0 BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_state AFTER UPDATE OF status, account_id, balance_minor, due_on, auto_pay_off, disputed,
  promised_on, written_off_by, next_retry_at, retries_given_up ON document_state
WHEN 'Posted' IN (OLD.status, NEW.status) AND (OLD.balance_minor > 0 OR NEW.balance_minor > 0) BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_allocation_made AFTER INSERT ON allocation BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_allocation AFTER UPDATE OF state, reopened_minor, unapplied_minor ON allocation BEGIN
  INSERT INTO collectible_stirred VALUES (NEW.document_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_payment AFTER UPDATE OF status, settled_at ON payment
WHEN OLD.status <> NEW.status OR OLD.settled_at IS NOT NEW.settled_at BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM allocation WHERE payment_id = NEW.id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_method_made AFTER INSERT ON payment_method BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_method AFTER UPDATE OF priority, expires_on, status, failures, hard_declined, changed_at
ON payment_method BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_account AFTER INSERT ON account_version
WHEN EXISTS (SELECT 1 FROM account_version o
  WHERE o.account_id = NEW.account_id AND o.auto_pay <> NEW.auto_pay) BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE INDEX payment_method_gateway ON payment_method (gateway);
CREATE TRIGGER tax_posted_insert AFTER INSERT ON document_tax
WHEN (SELECT status FROM document WHERE id = NEW.document_id) IS NOT 'Draft'
BEGIN SELECT RAISE(ABORT, 'guard: a posted document gets no more tax'); END;
CREATE TRIGGER tally_draft_made AFTER INSERT ON document_state WHEN NEW.status = 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      NEW.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_left AFTER UPDATE OF status ON document_state
WHEN OLD.status = 'Draft' AND NEW.status <> 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', OLD.review, d.currency, -1, -d.total_minor,
      -(OLD.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id))
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_back AFTER UPDATE OF status ON document_state
WHEN OLD.status <> 'Draft' AND NEW.status = 'Draft' BEGIN
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      NEW.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_reviewed AFTER UPDATE OF review ON document_state
WHEN OLD.status = 'Draft' AND NEW.status = 'Draft' AND OLD.review <> NEW.review BEGIN
  INSERT INTO tally SELECT 'draft', OLD.review, d.currency, -1, -d.total_minor,
      -(OLD.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id))
    FROM document d WHERE d.id = OLD.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
  INSERT INTO tally SELECT 'draft', NEW.review, d.currency, 1, d.total_minor,
      NEW.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id)
    FROM document d WHERE d.id = NEW.document_id
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_draft_changed AFTER UPDATE OF total_minor, currency ON document
WHEN OLD.total_minor <> NEW.total_minor OR OLD.currency <> NEW.currency BEGIN
  INSERT INTO tally SELECT 'draft', s.review, OLD.currency, -1, -OLD.total_minor,
      -(s.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = s.document_id))
    FROM document_state s WHERE s.document_id = OLD.id AND s.status = 'Draft'
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
  INSERT INTO tally SELECT 'draft', s.review, NEW.currency, 1, NEW.total_minor,
      s.stale <> '' OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = s.document_id)
    FROM document_state s WHERE s.document_id = NEW.id AND s.status = 'Draft'
    ON CONFLICT DO UPDATE SET count = count + excluded.count, sum_minor = sum_minor + excluded.sum_minor, flagged = flagged + excluded.flagged;
END;
CREATE TRIGGER tally_flagged AFTER INSERT ON flag
WHEN NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = NEW.document_id AND f.code <> NEW.code) BEGIN
  UPDATE tally SET flagged = flagged + 1 WHERE name = 'draft'
    AND (word, currency) = (SELECT s.review, d.currency FROM document_state s
      JOIN document d ON d.id = s.document_id
      WHERE s.document_id = NEW.document_id AND s.status = 'Draft' AND s.stale = '');
END;
CREATE TRIGGER tally_unflagged AFTER DELETE ON flag
WHEN NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = OLD.document_id) BEGIN
  UPDATE tally SET flagged = flagged - 1 WHERE name = 'draft'
    AND (word, currency) = (SELECT s.review, d.currency FROM document_state s
      JOIN document d ON d.id = s.document_id
      WHERE s.document_id = OLD.document_id AND s.status = 'Draft' AND s.stale = '');
END;
CREATE TRIGGER tally_stale AFTER UPDATE OF stale ON document_state
WHEN (OLD.stale <> '') <> (NEW.stale <> '') AND OLD.status = 'Draft' AND NEW.status = 'Draft' AND OLD.review = NEW.review
  AND NOT EXISTS (SELECT 1 FROM flag f WHERE f.document_id = NEW.document_id) BEGIN
  UPDATE tally SET flagged = flagged + iif(NEW.stale <> '', 1, -1) WHERE name = 'draft'
    AND (word, currency) = (SELECT NEW.review, d.currency FROM document d WHERE d.id = NEW.document_id);
END;
CREATE TRIGGER claim_of_line AFTER INSERT ON claim WHEN NEW.item_id IS NOT NULL
  AND (SELECT document_id FROM document_item WHERE id = NEW.item_id) IS NOT NEW.document_id
BEGIN SELECT RAISE(ABORT, 'guard: a claim is of a line of its document'); END;
CREATE TRIGGER claim_moved AFTER UPDATE OF document_id, item_id ON claim WHEN NEW.item_id IS NOT NULL
  AND (SELECT document_id FROM document_item WHERE id = NEW.item_id) IS NOT NEW.document_id
BEGIN SELECT RAISE(ABORT, 'guard: a claim is of a line of its document'); END;
CREATE TRIGGER line_claimed_delete AFTER DELETE ON document_item
WHEN EXISTS (SELECT 1 FROM claim WHERE document_id = OLD.document_id AND item_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'guard: a line is not taken away from its claim'); END;
CREATE TRIGGER line_claimed_update AFTER UPDATE OF id, document_id ON document_item
WHEN (OLD.id <> NEW.id OR OLD.document_id <> NEW.document_id)
  AND EXISTS (SELECT 1 FROM claim WHERE document_id = OLD.document_id AND item_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'guard: a line is not taken away from its claim'); END;
CREATE TABLE shared_text (
  id             INTEGER PRIMARY KEY,
  text           TEXT NOT NULL UNIQUE CHECK (text <> '')
) STRICT;
CREATE TRIGGER shared_text_update BEFORE UPDATE ON shared_text
BEGIN SELECT RAISE(ABORT, 'guard: a shared text never changes'); END;
CREATE TRIGGER shared_text_delete BEFORE DELETE ON shared_text
BEGIN SELECT RAISE(ABORT, 'guard: a shared text is never deleted'); END;
CREATE TRIGGER shared_text_replace BEFORE INSERT ON shared_text
WHEN EXISTS (SELECT 1 FROM shared_text WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM shared_text WHERE text = NEW.text)
BEGIN SELECT RAISE(ABORT, 'guard: a shared text is never replaced'); END;
CREATE TABLE settled (
  account_id     INTEGER PRIMARY KEY REFERENCES account (id),
  through_on     TEXT NOT NULL,
  stamp          INTEGER NOT NULL
) STRICT;
CREATE TRIGGER settled_by_claim AFTER INSERT ON claim BEGIN
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= NEW.from_on;
END;
CREATE TRIGGER settled_by_claim_change AFTER UPDATE ON claim BEGIN
  DELETE FROM settled WHERE account_id = OLD.account_id AND through_on >= min(OLD.from_on, NEW.from_on);
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= min(OLD.from_on, NEW.from_on);
END;
CREATE TRIGGER settled_by_claim_gone AFTER DELETE ON claim BEGIN
  DELETE FROM settled WHERE account_id = OLD.account_id AND through_on >= OLD.from_on;
END;
CREATE TRIGGER settled_by_usage AFTER INSERT ON usage BEGIN
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= NEW.start_on;
END;
CREATE TRIGGER settled_by_usage_change AFTER UPDATE ON usage BEGIN
  DELETE FROM settled WHERE account_id = OLD.account_id AND through_on >= min(OLD.start_on, NEW.start_on);
  DELETE FROM settled WHERE account_id = NEW.account_id AND through_on >= min(OLD.start_on, NEW.start_on);
END;
CREATE TRIGGER settled_by_usage_free AFTER DELETE ON usage_claim BEGIN
  DELETE FROM settled WHERE account_id = (SELECT account_id FROM usage WHERE id = OLD.usage_id)
    AND through_on >= (SELECT start_on FROM usage WHERE id = OLD.usage_id);
END;
CREATE TABLE note (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  document_id    INTEGER REFERENCES document (id),    -- none: on the account
  at             INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  text           TEXT NOT NULL,
  strikes_id     INTEGER UNIQUE REFERENCES note (id) CHECK (strikes_id < id)
) STRICT;
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
CREATE TABLE payment_run_refused (
  run_id         INTEGER NOT NULL REFERENCES payment_run (id),
  position       INTEGER NOT NULL,
  what           TEXT NOT NULL,                       -- the number of an invoice, or a payment
  reason         TEXT NOT NULL,
  PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE clerk_claim (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  uid            INTEGER NOT NULL,
  user_name      TEXT NOT NULL,
  claimed_on     TEXT NOT NULL                        -- the book's day; it binds on no other
) STRICT;
CREATE INDEX clerk_claim_day ON clerk_claim (claimed_on, uid, document_id);
CREATE TRIGGER clerk_claim_of_draft BEFORE INSERT ON clerk_claim
  WHEN (SELECT status FROM document_state WHERE document_id = NEW.document_id) IS NOT 'Draft'
  BEGIN SELECT RAISE(ABORT, 'only a draft is claimed'); END;
CREATE TRIGGER clerk_claim_ends AFTER UPDATE OF status ON document_state WHEN NEW.status <> 'Draft'
  BEGIN DELETE FROM clerk_claim WHERE document_id = NEW.document_id; END;
CREATE TABLE dispute (
  id             INTEGER PRIMARY KEY,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  code           TEXT NOT NULL CHECK (code IN ('amount_wrong','not_ordered','not_delivered','paid_already','wrong_customer','other')),
  words          TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  owner          TEXT NOT NULL,
  opened_by      TEXT NOT NULL,
  opened_at      INTEGER NOT NULL,                    -- UTC ms; 0: before this was kept
  state          TEXT NOT NULL CHECK (state IN ('open','upheld','rejected','withdrawn','settled')),
  ended_by       TEXT NOT NULL DEFAULT '',
  ended_at       INTEGER,
  outcome        TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'open') = (ended_at IS NULL))
) STRICT;
CREATE INDEX dispute_document ON dispute (document_id, id);
CREATE UNIQUE INDEX dispute_open ON dispute (document_id) WHERE state = 'open';
CREATE TABLE instalment_plan (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  currency       TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open','kept','missed','ended')),
  made_by        TEXT NOT NULL,
  made_at        INTEGER NOT NULL,
  ended_at       INTEGER,
  words          TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'open') = (ended_at IS NULL))
) STRICT;
CREATE INDEX instalment_plan_account ON instalment_plan (account_id, id);
CREATE INDEX instalment_plan_open ON instalment_plan (id) WHERE state = 'open';
CREATE TABLE instalment (
  plan_id        INTEGER NOT NULL REFERENCES instalment_plan (id),
  seq            INTEGER NOT NULL,                    -- from 0, by day
  due_on         TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (plan_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE instalment_document (
  plan_id        INTEGER NOT NULL REFERENCES instalment_plan (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  owed_minor     INTEGER NOT NULL CHECK (owed_minor > 0),  -- when the plan was made
  open           INTEGER NOT NULL CHECK (open IN (0,1)),   -- as its plan
  PRIMARY KEY (plan_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX instalment_document_document ON instalment_document (document_id);
CREATE UNIQUE INDEX instalment_document_open ON instalment_document (document_id) WHERE open = 1;
CREATE TABLE agency_case (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  agency         TEXT NOT NULL,
  reference      TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('open','recalled','collected','uncollectible')),
  handed_by      TEXT NOT NULL,
  handed_on      TEXT NOT NULL,
  ended_by       TEXT NOT NULL DEFAULT '',
  ended_on       TEXT,
  words          TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'open') = (ended_on IS NULL))
) STRICT;
CREATE INDEX agency_case_account ON agency_case (account_id, id);
CREATE UNIQUE INDEX agency_case_open ON agency_case (account_id) WHERE state = 'open';
CREATE TABLE agency_claim (
  case_id        INTEGER NOT NULL REFERENCES agency_case (id),
  document_id    INTEGER NOT NULL REFERENCES document (id),
  handed_minor   INTEGER NOT NULL CHECK (handed_minor > 0),
  PRIMARY KEY (case_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER stirred_by_agency_made AFTER INSERT ON agency_case BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_agency AFTER UPDATE OF state, account_id ON agency_case BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id IN (OLD.account_id, NEW.account_id) ON CONFLICT DO NOTHING;
END;
CREATE TABLE document_tally (
  status         TEXT NOT NULL CHECK (status IN ('Posted','Canceled')),
  currency       TEXT NOT NULL,
  count          INTEGER NOT NULL,
  sum_minor      INTEGER NOT NULL,
  PRIMARY KEY (status, currency)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER document_tally_made AFTER INSERT ON document WHEN NEW.status <> 'Draft' BEGIN
  INSERT INTO document_tally VALUES (NEW.status, NEW.currency, 1, NEW.total_minor)
    ON CONFLICT DO UPDATE SET count = count + 1, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER document_tally_came AFTER UPDATE OF status ON document
WHEN NEW.status <> 'Draft' AND OLD.status <> NEW.status BEGIN
  INSERT INTO document_tally VALUES (NEW.status, NEW.currency, 1, NEW.total_minor)
    ON CONFLICT DO UPDATE SET count = count + 1, sum_minor = sum_minor + excluded.sum_minor;
END;
CREATE TRIGGER document_tally_went AFTER UPDATE OF status ON document
WHEN OLD.status <> 'Draft' AND OLD.status <> NEW.status BEGIN
  UPDATE document_tally SET count = count - 1, sum_minor = sum_minor - OLD.total_minor
    WHERE (status, currency) = (OLD.status, OLD.currency);
END;
CREATE TABLE bank_read (
  id             INTEGER PRIMARY KEY,
  through_on     TEXT NOT NULL,
  said_by        TEXT NOT NULL,
  said_at        INTEGER NOT NULL
) STRICT;
CREATE TABLE e_document (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  form           TEXT NOT NULL CHECK (form IN ('xrechnung','peppol','factur-x','ubl','cii','none')),
  rules          TEXT NOT NULL,                       -- what it was written by
  hash           BLOB NOT NULL,                       -- SHA-256 of the XML
  xml            BLOB NOT NULL,                       -- deflated (zlib)
  made_at        INTEGER NOT NULL
) STRICT;
CREATE TRIGGER e_document_update BEFORE UPDATE ON e_document
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out never changes'); END;
CREATE TRIGGER e_document_delete BEFORE DELETE ON e_document
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never removed'); END;
CREATE TRIGGER e_document_replace BEFORE INSERT ON e_document
WHEN EXISTS (SELECT 1 FROM e_document WHERE document_id = NEW.document_id)
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never replaced'); END;
CREATE INDEX flag_e_invoice ON flag (document_id) WHERE code = 'e_invoice';
CREATE VIRTUAL TABLE account_text USING fts5(text, content='', detail='none', tokenize='trigram');
CREATE TABLE text_more (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  document_id    INTEGER REFERENCES document (id)     -- NULL = of the account
) STRICT;
CREATE TABLE bounce_report (
  hash           BLOB PRIMARY KEY,                    -- SHA-256 of the report's name and of what it says
  delivery_id    INTEGER NOT NULL REFERENCES delivery (id),
  at             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE notice_read (
  notice_id      INTEGER NOT NULL REFERENCES notice (id),
  uid            INTEGER NOT NULL,
  PRIMARY KEY (notice_id, uid)
) STRICT, WITHOUT ROWID;
CREATE TABLE network_copy (
  delivery_id    INTEGER PRIMARY KEY REFERENCES delivery (id),
  state          TEXT NOT NULL CHECK (state IN ('begun','handed_over','accepted','delivered','refused','paid')),
  code           TEXT NOT NULL DEFAULT '',            -- of a refusal, the network's
  since_at       INTEGER NOT NULL DEFAULT 0,          -- by the clock of who said it
  place          TEXT NOT NULL,                       -- the outbox, or the program that took it
  file           TEXT NOT NULL UNIQUE                 -- its name there, the same at every try
) STRICT;
CREATE INDEX network_copy_state ON network_copy (state);
CREATE TRIGGER network_copy_moves AFTER UPDATE OF status ON delivery
WHEN NEW.channel = 'network' AND OLD.status <> NEW.status BEGIN
  UPDATE network_copy SET state = 'handed_over' WHERE delivery_id = NEW.id AND NEW.status = 'Sent' AND state = 'begun';
  UPDATE network_copy SET state = 'refused', since_at = coalesce(NEW.ended_at, 0)
    WHERE delivery_id = NEW.id AND NEW.status = 'Bounced' AND OLD.status IN ('Sent','Unconfirmed');
END;
CREATE TABLE network_receipt (
  id             INTEGER PRIMARY KEY,
  hash           BLOB NOT NULL UNIQUE,                -- SHA-256 of all that it says
  name           TEXT NOT NULL,                       -- its own; empty = none
  delivery_id    INTEGER REFERENCES delivery (id),
  document       TEXT NOT NULL,                       -- as it says
  said           TEXT NOT NULL CHECK (said IN ('accepted','delivered','refused','paid')),
  code           TEXT NOT NULL,
  words          TEXT NOT NULL,
  said_at        INTEGER NOT NULL,
  at             INTEGER NOT NULL,                    -- when it was read
  effect         TEXT NOT NULL CHECK (effect IN ('moved','noted','odd','unknown')),
  why            TEXT NOT NULL                        -- of what contradicts, or is about nothing here
) STRICT;
CREATE INDEX network_receipt_delivery ON network_receipt (delivery_id, id) WHERE delivery_id IS NOT NULL;
CREATE INDEX network_receipt_name ON network_receipt (name) WHERE name <> '';
CREATE INDEX network_receipt_odd ON network_receipt (id) WHERE effect IN ('odd','unknown');
CREATE TABLE e_document_version (
  document_id    INTEGER NOT NULL REFERENCES e_document (document_id),
  version        INTEGER NOT NULL CHECK (version > 1),
  form           TEXT NOT NULL CHECK (form IN ('xrechnung','peppol','factur-x','ubl','cii','none')),
  rules          TEXT NOT NULL,
  hash           BLOB NOT NULL,
  xml            BLOB NOT NULL,
  made_at        INTEGER NOT NULL,
  PRIMARY KEY (document_id, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER e_document_version_update BEFORE UPDATE ON e_document_version
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out never changes'); END;
CREATE TRIGGER e_document_version_delete BEFORE DELETE ON e_document_version
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never removed'); END;
CREATE TRIGGER e_document_version_replace BEFORE INSERT ON e_document_version
WHEN EXISTS (SELECT 1 FROM e_document_version WHERE document_id = NEW.document_id AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'guard: an e-invoice that went out is never replaced'); END;
CREATE TABLE own_texts (
  hash           TEXT PRIMARY KEY,                    -- SHA-256 of the file, hexadecimal
  file           TEXT NOT NULL,
  chosen         INTEGER NOT NULL CHECK (chosen IN (0,1)),
  added_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX own_texts_chosen ON own_texts (chosen) WHERE chosen = 1;
CREATE TRIGGER own_texts_update BEFORE UPDATE OF hash, file ON own_texts
BEGIN SELECT RAISE(ABORT, 'guard: texts that a document may name never change'); END;
CREATE TRIGGER own_texts_delete BEFORE DELETE ON own_texts
BEGIN SELECT RAISE(ABORT, 'guard: texts that a document may name are never removed'); END;
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
CREATE TABLE deferred_line (
  item_id        INTEGER PRIMARY KEY REFERENCES document_item (id),
  document_id    INTEGER NOT NULL,
  of_document_id INTEGER NOT NULL,                    -- the document itself, or the one that it corrects
  account_id     INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  revenue_account TEXT NOT NULL,                      -- empty = the default one
  from_on        TEXT NOT NULL,
  to_on          TEXT NOT NULL,
  booked_on      TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL,                    -- below zero where it is given back
  released_minor INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deferred_line_left ON deferred_line (item_id) WHERE released_minor <> amount_minor;
CREATE INDEX deferred_line_of ON deferred_line (of_document_id);
CREATE TABLE deferred_release (
  item_id        INTEGER NOT NULL REFERENCES deferred_line (item_id),
  released_on    TEXT NOT NULL,
  amount_minor   INTEGER NOT NULL CHECK (amount_minor <> 0),
  txn            INTEGER NOT NULL,
  PRIMARY KEY (item_id, released_on, txn)
) STRICT, WITHOUT ROWID;
CREATE TABLE book_period_report (
  month          TEXT NOT NULL REFERENCES book_period (month),
  file           TEXT NOT NULL,                       -- aging.csv, of the pack
  rows           INTEGER NOT NULL,
  sha256         TEXT NOT NULL,                       -- hexadecimal
  totals         TEXT NOT NULL,                       -- JSON, by currency; empty where it has none
  PRIMARY KEY (month, file)
) STRICT, WITHOUT ROWID;
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
CREATE TRIGGER bank_payer_of_account AFTER INSERT ON account_version WHEN NEW.legal LIKE '%"iban"%' BEGIN
  INSERT OR IGNORE INTO bank_payer (iban, account_id, told, times)
  SELECT upper(replace(NEW.legal ->> '$.iban', ' ', '')), NEW.account_id, 1, 0 WHERE NEW.legal ->> '$.iban' <> '';
END;
CREATE TRIGGER bank_payer_of_method AFTER INSERT ON payment_method WHEN NEW.iban <> '' BEGIN
  INSERT OR IGNORE INTO bank_payer (iban, account_id, told, times)
  VALUES (upper(replace(NEW.iban, ' ', '')), NEW.account_id, 1, 0);
END;
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
CREATE TABLE fx_rate (
  from_currency  TEXT NOT NULL,
  to_currency    TEXT NOT NULL,
  rate_on        TEXT NOT NULL,
  rate           TEXT NOT NULL,                       -- one from is so many of to, decimal
  source         TEXT NOT NULL,
  PRIMARY KEY (from_currency, to_currency, rate_on)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE account_stop (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  kind           TEXT NOT NULL CHECK (kind IN ('insolvent','deceased')),
  since_on       TEXT NOT NULL,
  reason         TEXT NOT NULL,
  said_by        TEXT NOT NULL,
  said_at        INTEGER NOT NULL,                    -- UTC ms
  ended_by       TEXT NOT NULL DEFAULT '',
  ended_at       INTEGER,
  ended_why      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX account_stop_account ON account_stop (account_id, id);
CREATE UNIQUE INDEX account_stop_open ON account_stop (account_id) WHERE ended_at IS NULL;
CREATE TRIGGER stirred_by_stop_made AFTER INSERT ON account_stop BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id = NEW.account_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stirred_by_stop AFTER UPDATE OF ended_at, account_id ON account_stop BEGIN
  INSERT INTO collectible_stirred SELECT document_id FROM collectible WHERE account_id IN (OLD.account_id, NEW.account_id) ON CONFLICT DO NOTHING;
END;
CREATE VIEW collectible_now AS
SELECT s.document_id, s.account_id, d.currency, s.balance_minor,
  CASE
    WHEN s.auto_pay_off = 1 OR s.disputed <> '' OR s.written_off_by IS NOT NULL
      OR EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id AND l.state = 'live')
      OR EXISTS (SELECT 1 FROM agency_case g WHERE g.account_id = s.account_id AND g.state = 'open')
      OR EXISTS (SELECT 1 FROM account_stop t WHERE t.account_id = s.account_id AND t.ended_at IS NULL)
      THEN 'leave'
    WHEN v.seq > 1 AND v.effective_from_on > s.due_on AND EXISTS (SELECT 1 FROM account_version o
      WHERE o.account_id = s.account_id AND o.auto_pay <> v.auto_pay) THEN 'ask'
    WHEN v.auto_pay = 0 OR m.id IS NULL THEN 'leave'
    WHEN s.promised_on IS NULL AND s.next_retry_at IS NULL AND s.retries_given_up = 0
      AND m.failures = 0 AND m.hard_declined = 0 AND coalesce(m.expires_on, '9999-12-31') >= s.due_on
      AND NOT EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id
        AND l.reopened_minor > l.unapplied_minor) THEN 'charge'
    WHEN NOT EXISTS (SELECT 1 FROM payment_method u WHERE u.account_id = s.account_id
      AND u.status = 'active' AND u.hard_declined = 0
      AND coalesce(u.expires_on, '9999-12-31') >= s.due_on) THEN 'leave'
    WHEN s.retries_given_up = 1 AND NOT EXISTS (SELECT 1 FROM payment_method u
      WHERE u.account_id = s.account_id AND u.status = 'active' AND u.changed_at >
        (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
         WHERE l.document_id = s.document_id
           AND (p.status = 'Declined' OR l.reopened_minor > l.unapplied_minor))) THEN 'leave'
    ELSE 'ask' END AS verdict,
  s.due_on, coalesce(m.expires_on, '9999-12-31') AS until_on,
  max(unixepoch(max(s.due_on, coalesce(date(s.promised_on, '+1 day'), ''))) * 1000 - 50400000,
    CASE WHEN s.next_retry_at IS NULL OR s.retries_given_up = 1 OR EXISTS (SELECT 1 FROM payment_method u
      WHERE u.account_id = s.account_id AND u.status = 'active' AND u.changed_at >
        (SELECT max(p.settled_at) FROM allocation l JOIN payment p ON p.id = l.payment_id
         WHERE l.document_id = s.document_id
           AND (p.status = 'Declined' OR l.reopened_minor > l.unapplied_minor)))
      THEN 0 ELSE s.next_retry_at END) AS ask_at,
  (d.kind IN ('invoice','debit_memo') AND s.disputed = '' AND s.promised_on IS NULL
    AND NOT EXISTS (SELECT 1 FROM agency_case g WHERE g.account_id = s.account_id AND g.state = 'open')
    AND NOT EXISTS (SELECT 1 FROM account_stop t WHERE t.account_id = s.account_id AND t.ended_at IS NULL)
    AND (s.retries_given_up = 1 OR coalesce((SELECT p.status IN ('Declined','Unknown','Canceled')
        OR (p.status = 'Approved' AND s.next_retry_at IS NOT NULL) FROM payment p
      WHERE p.id = (SELECT max(l.payment_id) FROM allocation l WHERE l.document_id = s.document_id)), 0)))
    AS failed
FROM document_state s JOIN document d ON d.id = s.document_id
JOIN account_version v ON v.id = (SELECT w.id FROM account_version w WHERE w.account_id = s.account_id
  ORDER BY CASE WHEN w.seq = 1 THEN '' ELSE w.effective_from_on END DESC, w.seq DESC LIMIT 1)
LEFT JOIN payment_method m ON m.id = (SELECT u.id FROM payment_method u
  WHERE u.account_id = s.account_id AND u.status = 'active' ORDER BY u.priority, u.id LIMIT 1)
WHERE s.status = 'Posted' AND s.balance_minor > 0;
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
CREATE INDEX bank_line_state ON bank_line (state, id);
INSERT INTO "deed_start" VALUES (1, 0, 0, 0);
INSERT INTO account_text (account_text, rank) VALUES ('automerge', 16);
