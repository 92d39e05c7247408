-- Which operation took a change back: what was undone last is done again first, and nothing once
-- something else was done. NULL: in force, or taken back before this was kept.
ALTER TABLE undo ADD COLUMN undone_seq INTEGER;
CREATE INDEX undo_undone ON undo (undone_seq) WHERE undone_seq IS NOT NULL;
