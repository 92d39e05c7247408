-- The spot-check of drafts that nothing flagged: what was drawn, and from how many.

ALTER TABLE bill_run ADD COLUMN unflagged INTEGER NOT NULL DEFAULT 0;   -- drafts it made without a flag

CREATE TABLE run_sample (
  document_id    INTEGER PRIMARY KEY REFERENCES document (id),
  run_id         INTEGER NOT NULL REFERENCES bill_run (id),
  rank           INTEGER NOT NULL,                    -- in the order drawn, see domain::review
  made_minor     INTEGER NOT NULL                     -- its total as the run made it
) STRICT;
CREATE INDEX run_sample_run ON run_sample (run_id, rank);
