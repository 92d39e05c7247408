-- A saved filter keeps the ready filter (the tab) under which it was typed; empty: none.
ALTER TABLE saved_filter ADD COLUMN tab TEXT NOT NULL DEFAULT '';
