-- What many rows say alike is kept once; such a row names it by its number, and its own column is empty.
-- Rows from before say it themselves, and so do those whose text is seldom said. What a number says
-- never changes, as the posted documents that say it do not.
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
ALTER TABLE document_item ADD COLUMN derivation_id INTEGER REFERENCES shared_text (id) CHECK (derivation_id IS NULL OR derivation = '');
