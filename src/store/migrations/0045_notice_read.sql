-- Who has read a notice that is for all: it goes for them alone.
CREATE TABLE notice_read (
  notice_id      INTEGER NOT NULL REFERENCES notice (id),
  uid            INTEGER NOT NULL,
  PRIMARY KEY (notice_id, uid)
) STRICT, WITHOUT ROWID;
