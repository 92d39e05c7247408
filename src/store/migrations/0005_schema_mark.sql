-- Which rows are older than a schema: a rule that came with it does not judge them. The last key of
-- each table when the book was brought up to it; nothing for the schemas a book was made with.
CREATE TABLE schema_mark (
  version        INTEGER NOT NULL,                    -- the schema they are older than
  name           TEXT NOT NULL,                       -- the table
  last           INTEGER NOT NULL,                    -- its greatest key then
  PRIMARY KEY (version, name)
) STRICT, WITHOUT ROWID;
