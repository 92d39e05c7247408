-- Lines whose revenue is earned day by day (`revenue.recognition`): what is booked to `deferred` when they are
-- posted, and what was released of it since.
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
