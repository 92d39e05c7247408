-- Texts that an issuer has instead of daybook's, each file as it was when it was set: what was posted with it
-- names it by its hash.
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
