-- The layout that drew a copy and the SHA-256 of its PDF (none: made before they were kept); and of each
-- document those of the copy that left first: sent, printed, or not known whether it arrived.
ALTER TABLE delivery ADD COLUMN layout INTEGER CHECK (layout > 0);
ALTER TABLE delivery ADD COLUMN pdf_hash TEXT NOT NULL DEFAULT '';
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
