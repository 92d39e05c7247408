-- What work in slices goes by, so that a slice costs the same however much is left.

-- The drafts of a run in the order they are numbered.
CREATE INDEX document_draft ON document (run_id, account_id, id) WHERE status = 'Draft';

-- Open notices, and alarms that wait to be mailed, among all there ever were.
CREATE INDEX notice_open ON notice (id) WHERE done_at IS NULL;
CREATE INDEX notice_mail ON notice (id) WHERE mail_to <> '' AND mailed_at IS NULL;

-- The drafts that were marked for a posting, in the order they are numbered.
CREATE TABLE job_pick (
  job_id         INTEGER NOT NULL REFERENCES job (id),
  position       INTEGER NOT NULL,
  document_id    INTEGER NOT NULL REFERENCES document (id),
  version        INTEGER NOT NULL,                    -- as it was seen
  PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;
