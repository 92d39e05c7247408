-- Tags of a document: short words of the clerks, by letters and separated by blanks.
ALTER TABLE document_state ADD COLUMN tags TEXT NOT NULL DEFAULT '';
