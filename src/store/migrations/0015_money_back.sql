-- Money that was keyed wrong is taken off its document and moved to whom it belongs; a credit memo is
-- paid out. The day that a bank or gateway names is kept beside the day that was booked.
ALTER TABLE payment ADD COLUMN value_on TEXT;
ALTER TABLE payment ADD COLUMN moved_from INTEGER REFERENCES payment (id);  -- another's money, moved here on received_on
ALTER TABLE payment ADD COLUMN moved_minor INTEGER NOT NULL DEFAULT 0 CHECK (moved_minor >= 0);  -- moved away
CREATE INDEX payment_moved ON payment (moved_from) WHERE moved_from IS NOT NULL;
ALTER TABLE payment_event ADD COLUMN value_on TEXT;
ALTER TABLE payment_event ADD COLUMN fee_minor INTEGER NOT NULL DEFAULT 0 CHECK (fee_minor >= 0);  -- what the bank took for it
ALTER TABLE payment_event ADD COLUMN loss_minor INTEGER NOT NULL DEFAULT 0 CHECK (loss_minor >= 0);  -- of amount_minor: had gone back already
ALTER TABLE allocation ADD COLUMN unapplied_minor INTEGER NOT NULL DEFAULT 0 CHECK (unapplied_minor >= 0 AND unapplied_minor <= reopened_minor);
ALTER TABLE allocation ADD COLUMN unapplied_on TEXT;

CREATE TABLE memo_refund (
  id             INTEGER PRIMARY KEY,
  document_id    INTEGER NOT NULL REFERENCES document (id),  -- the credit memo
  amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
  refunded_on    TEXT NOT NULL,
  at             INTEGER NOT NULL,
  reason         TEXT NOT NULL
) STRICT;
CREATE INDEX memo_refund_document ON memo_refund (document_id);
