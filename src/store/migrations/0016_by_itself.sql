-- 1: a slice of a job, or what came due by the clock. 0: what a person did, and all that is older.
ALTER TABLE operation ADD COLUMN by_itself INTEGER NOT NULL DEFAULT 0 CHECK (by_itself IN (0,1));
