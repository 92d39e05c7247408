-- The newest moment at which work by the clock alone was done: a clock far from it is not believed.
ALTER TABLE book ADD COLUMN seen_at INTEGER;
